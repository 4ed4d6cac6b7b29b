//! `exhibit verify`

use std::io::IsTerminal;
use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::print_json;
use super::render;
use crate::evidence::Verdict;
use crate::stages::{Depth, verify_bag, verify_case};

/// Prove that nothing changed, or name what did
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit verify                     (the case here)\n  exhibit verify bags/E7             (an exported bag)\n  exhibit verify --quick --json\n\nGreen: all recomputed, nothing extra. Amber: explained by what you do not know here, such as a\nkey that you do not trust yet. Red: anything else."
)]
pub struct Args {
    /// A case or an exported bag [default: the case]
    path: Option<PathBuf>,
    /// Structure, and BLAKE3 of every object only
    #[arg(long, conflicts_with = "full")]
    quick: bool,
    /// SHA-256 and BLAKE3 of every object (the default)
    #[arg(long)]
    full: bool,
    /// A head noted earlier, such as 66-e478-3550-666f-686f: the log must still begin with it
    #[arg(long, value_name = "HEAD")]
    head: Option<String>,
    /// More keys to trust: an allowed_signers file (repeatable)
    #[arg(long, value_name = "FILE")]
    trust: Vec<PathBuf>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let path = match args.path {
        Some(path) => path,
        None => context.root()?,
    };
    let trusted = context.trusted(&args.trust);
    let depth = if args.quick { Depth::Quick } else { Depth::Full };
    let verification = if path.join("bagit.txt").is_file() {
        verify_bag(&path, &trusted)?
    } else {
        let bar =
            (std::io::stderr().is_terminal() && !context.global.quiet && !args.json).then(|| indicatif::ProgressBar::new(0));
        let tick = |done: u64, total: u64| {
            if let Some(bar) = &bar {
                bar.set_length(total);
                bar.set_position(done);
            }
        };
        let mut verification = verify_case(&path, &trusted, depth, &tick)?;
        if let Some(bar) = &bar {
            bar.finish_and_clear();
        }
        if let Some(head) = &args.head {
            verification.compare_head(&path, head.trim())?;
        }
        verification
    };
    if args.json {
        print_json(&verification);
    } else if !context.global.quiet || verification.verdict != Verdict::Green {
        super::plain::print(&render::verification(&verification));
    }
    Ok(if verification.verdict == Verdict::Green { Exit::Done } else { Exit::Findings })
}
