//! `exhibit import`

use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{count, print_json, safe};
use crate::evidence::Verdict;
use crate::stages::import;

/// Take in a package of somebody else's, its history kept as received
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit import bags/E7                 (a bag from another case, or any BagIt bag)\n  exhibit import crawl.wacz              (or .warc, .warc.gz)\n  exhibit import sheet.csv               (what auto-archiver wrote, with its files beside it)\n\nEvery digest that the package names is checked first; what it says of its files comes in as its claims."
)]
pub struct Args {
    package: PathBuf,
    /// Take in a bag that its own check calls red; what is wrong is recorded with each file
    #[arg(long)]
    even_if_damaged: bool,
    /// More keys to trust: an allowed_signers file (repeatable)
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut vault, config) = context.vault()?;
    let how = context.archiving(&config, &[])?;
    let told = import(&mut vault, &args.package, &context.trusted(&args.trust), args.even_if_damaged, &how)?;
    if args.json {
        print_json(&told);
    } else {
        let from = told.origin.as_deref().map(|origin| format!(" from {}", safe(origin))).unwrap_or_default();
        context.say(&format!(
            "Took in {} of a package ({}){from}; its own check: {}.\n",
            count(told.files.len(), "file", "files"),
            told.format,
            told.verdict
        ));
    }
    let bad = told.files.iter().filter_map(|file| Some(format!("{}: {}", file.name, file.problem.as_ref()?)));
    let problems: Vec<String> = told.problems.iter().cloned().chain(bad).collect();
    for problem in &problems {
        Failure::new(problem).tell();
    }
    Ok(if problems.is_empty() && told.verdict != Verdict::Red { Exit::Done } else { Exit::SomeFailed })
}
