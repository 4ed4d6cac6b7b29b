//! `exhibit mirror` and `exhibit repair`

use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print_json, safe};
use crate::vault::mirror;

/// Bring a copy of the case on another disk up to date; nothing good in it is ever overwritten
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit mirror /mnt/second/idlib-2015\n  exhibit mirror --full /mnt/second/idlib-2015    (digest again what is there)\n\nThe copy is a case by itself: `exhibit verify DIR` checks it."
)]
pub struct Mirror {
    dir: PathBuf,
    /// Digest again every object that the copy has
    #[arg(long)]
    full: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Put back from copies what is missing or altered in the vault, and mend the published log
#[derive(clap::Args)]
#[command(
    after_help = "Example:\n  exhibit repair --from /mnt/second/idlib-2015 --from bags/E7\n\nOnly bytes with the recorded digest are taken. What an altered object's place held is kept in quarantine/."
)]
pub struct Repair {
    /// A mirror, another copy of the case, or an exported bag (repeatable)
    #[arg(long, value_name = "DIR")]
    from: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run_mirror(context: &Context, args: Mirror) -> Result<Exit, Failure> {
    let done = mirror(&context.reader()?, &args.dir, args.full)?;
    if args.json {
        print_json(&done);
    } else {
        context.say(&format!(
            "{}: {} objects copied ({} bytes), {} there, {} mended; {} entries.\n",
            safe(&args.dir.display().to_string()),
            done.copied,
            done.bytes,
            done.there,
            done.mended,
            done.entries
        ));
    }
    for digest in &done.lacking {
        let there = if done.only_there.contains(digest) {
            "; the copy has it, `exhibit repair --from` brings it back"
        } else {
            ", and neither has the copy"
        };
        Failure::new(format!("The case itself does not have {digest} whole{there}")).tell();
    }
    Ok(if done.lacking.is_empty() { Exit::Done } else { Exit::Findings })
}

pub fn run_repair(context: &Context, args: Repair) -> Result<Exit, Failure> {
    for dir in &args.from {
        if !dir.is_dir() {
            return Err(Failure::new(format!("There is no directory {}", dir.display())).next("name a copy with --from DIR"));
        }
    }
    let done = context.vault()?.0.repair(&args.from)?;
    if args.json {
        print_json(&done);
    } else {
        context.say(&format!("{} objects restored, {} files of log/ written anew.\n", done.restored.len(), done.log_files));
    }
    for (digests, how) in [(&done.still_missing, "missing"), (&done.still_altered, "altered")] {
        for digest in digests {
            Failure::new(format!("{digest} is still {how}: no copy has it whole")).tell();
        }
    }
    Ok(if done.still_missing.is_empty() && done.still_altered.is_empty() { Exit::Done } else { Exit::Findings })
}
