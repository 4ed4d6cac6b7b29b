//! `exhibit key`

use std::path::PathBuf;
use std::sync::Arc;

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print, print_json, safe};
use crate::evidence::{Event, KeyRevoked};
use crate::keyring::{AgentKey, FileKey};
use crate::ledger::{PublicKey, Signer};
use crate::vault::{Effects, Layout, Vault};

/// Show the keys that sign the log, put another in their place, or revoke one
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit key\n  exhibit key rotate --to new-key --reason \"yearly change\"\n  exhibit key rotate --to-agent laptop --reason \"to a hardware key\"   (a key in your SSH agent)\n  exhibit key revoke \"ssh-ed25519 AAAA…\" --since 2026-11-01 --reason \"laptop stolen\"\n  exhibit key lost --reason \"disk broken\"     (the log shows the break from then on)"
)]
pub struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Subcommand)]
enum Part {
    /// Put another key in the place of the case's: both sign the change
    Rotate {
        /// The new private key; made if there is no such file
        #[arg(long, value_name = "FILE", required_unless_present = "to_agent", conflicts_with = "to_agent")]
        to: Option<PathBuf>,
        /// A key in the SSH agent instead, by fingerprint or comment (a hardware key that holds Ed25519, say)
        #[arg(long, value_name = "NAME")]
        to_agent: Option<String>,
        #[arg(long)]
        reason: String,
    },
    /// Say that a key is not to be trusted any more
    Revoke {
        /// The public key
        #[arg(value_name = "KEY")]
        public: String,
        /// What it signed before is thought to be good until then [default: now]
        #[arg(long, value_name = "TIME")]
        since: Option<String>,
        #[arg(long)]
        reason: String,
    },
    /// The case's key is lost: go on with the key at hand (--key); verify will show the break
    Lost {
        #[arg(long)]
        reason: String,
    },
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let root = context.root()?;
    match args.part {
        None => {}
        Some(Part::Rotate { to, to_agent, reason }) => {
            let (mut vault, _) = context.vault()?;
            let to = to.map(|path| std::path::absolute(&path).unwrap_or(path));
            let new: Arc<dyn Signer> = match (&to, &to_agent) {
                (Some(path), _) if path.exists() => Arc::new(FileKey::load(path)?),
                (Some(path), _) => Arc::new(FileKey::generate(path, context.random.as_ref())?),
                (None, name) => Arc::new(AgentKey::find(name.as_deref().unwrap_or_default())?),
            };
            if new.public() == vault.key() {
                return Err(Failure::new("That is the key that signs already"));
            }
            vault.change_key(new.clone(), &reason)?;
            context.trust(new.public())?;
            drop(vault);
            let (name, value) = match (to, to_agent) {
                (Some(path), _) => ("key", path.display().to_string()),
                (None, name) => ("agent_key", name.unwrap_or_default()),
            };
            context.say(&format!(
                "From now on the log is signed by {}.\nNext: write {name} = {} under [signing] in {}, or name it with --{} each time.\n",
                new.public().fingerprint(),
                toml::Value::String(value),
                safe(&Layout::new(&root).settings().display().to_string()),
                name.replace('_', "-"),
            ));
        }
        Some(Part::Revoke { public, since, reason }) => {
            let key: PublicKey = public
                .parse()
                .map_err(|error: crate::ledger::LedgerError| Failure::new(error.to_string()).next("`exhibit key` lists them"))?;
            let (mut vault, _) = context.vault()?;
            if !vault.reader().keys()?.steps.iter().any(|step| step.key == key) {
                return Err(Failure::new("That key never signed this log").next("`exhibit key` lists those that did"));
            }
            let since = since.as_deref().map(super::verify::moment).transpose()?.unwrap_or_else(|| context.clock.now());
            let still = *vault.key() == key;
            let revoked = KeyRevoked { key: key.to_string(), since, reason };
            vault.commit(vec![Effects { events: vec![Event::KeyRevoked(revoked)], ..Effects::default() }])?;
            context.say("Recorded. Take the key out of your allowed_signers file, too, and tell those who trust it.\n");
            if still {
                context.say("It still signs this log: `exhibit key rotate` puts another in its place.\n");
            }
        }
        Some(Part::Lost { reason }) => {
            let config = context.config(&root)?;
            let (signer, made) = context.signer_or_new(&config)?;
            let vault = Vault::open_without_its_key(&root, context.ports(&config, signer.clone()), &reason)?;
            Context::tell_unfinished(&vault);
            context.trust(vault.key())?;
            context.say(&super::init::told(&signer.public().fingerprint(), made));
            context.say("The log shows from now on that the key before it was lost.\n");
        }
    }
    let keys = context.reader()?.keys()?;
    let revoked = |key: &PublicKey| keys.revoked.iter().find(|(revoked, _)| *revoked == key.to_string());
    if args.json {
        let all: Vec<_> = keys
            .steps
            .iter()
            .map(|step| {
                json!({ "entry": step.entry, "key": step.key.to_string(), "fingerprint": step.key.fingerprint(),
                        "agreed": step.agreed, "revoked_since": revoked(&step.key).map(|(_, since)| since) })
            })
            .collect();
        print_json(&all);
    } else if !context.global.quiet {
        for step in &keys.steps {
            let how = match (step.entry, step.agreed) {
                (0, _) => "",
                (_, true) => ", agreed to by the key before it",
                (_, false) => ", after the key before it was lost",
            };
            let ended = revoked(&step.key).map(|(_, since)| format!("; revoked since {}", since.plain())).unwrap_or_default();
            print(&format!("{}\n    from entry {}{how}{ended}\n    {}\n", step.key.fingerprint(), step.entry, step.key));
        }
    }
    Ok(Exit::Done)
}
