//! `exhibit init`

use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print_json, safe};
use crate::config::{Config, TEMPLATE};
use crate::vault::Vault;

/// Start a case: settings, signing key (outside the case), empty log
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit init idlib-2015\n  exhibit init idlib-2015 --title \"Strikes near Idlib\" --by \"A. Archivist\"\n  exhibit init idlib-2015 --agent-key SHA256:…   (a key in your SSH agent)"
)]
pub struct Args {
    /// New or empty directory [default: --case, else the current one]
    dir: Option<PathBuf>,
    /// What people call the case; sealed in the log
    #[arg(long)]
    title: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let dir = args.dir.or_else(|| context.global.case.clone()).unwrap_or_else(|| PathBuf::from("."));
    let (vault, made) = create(context, &dir, args.title)?;
    let (origin, key) = vault.reader().identity()?;
    if args.json {
        print_json(
            &serde_json::json!({ "case": dir, "origin": origin, "key": key.to_string(), "fingerprint": key.fingerprint(), "key_file_made": made }),
        );
        return Ok(Exit::Done);
    }
    context.say(&format!("Started the case {} ({origin}).\n", safe(&dir.display().to_string())));
    context.say(&told(&key.fingerprint(), made));
    context.say(&format!("\nNext: exhibit archive --case {} REPORT\n", safe(&dir.display().to_string())));
    Ok(Exit::Done)
}

/// What to say about the key.
pub fn told(fingerprint: &str, made: Option<PathBuf>) -> String {
    match made {
        Some(path) => format!(
            "Made your signing key {}\n({fingerprint}).\nKeep a copy of it in a safe place, away from the cases: without it nothing can\nbe added to them.\n",
            safe(&path.display().to_string())
        ),
        None => format!("It is signed with your key\n{fingerprint}.\n"),
    }
}

/// Makes a case, and the user's key if there is none yet.
pub fn create(context: &Context, dir: &std::path::Path, title: Option<String>) -> Result<(Vault, Option<PathBuf>), Failure> {
    let (signer, made) = context.signer_or_new(&Config::default())?;
    context.trust(signer.public())?;
    let mut settings = TEMPLATE.to_owned();
    // A case remembers a key that is not the user's usual one.
    let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
    if let Some(path) = &context.global.key {
        let path = std::path::absolute(path).unwrap_or_else(|_| path.clone());
        settings = settings.replacen("\nkey = \"\"", &format!("\nkey = {}", quoted(&path.display().to_string())), 1);
    }
    if let Some(name) = &context.global.agent_key {
        settings = settings.replacen("\nagent_key = \"\"", &format!("\nagent_key = {}", quoted(name)), 1);
    }
    let vault = Vault::create(dir, title, &settings, context.ports(&Config::default(), signer))?;
    Ok((vault, made))
}
