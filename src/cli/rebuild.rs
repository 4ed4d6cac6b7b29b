//! `exhibit rebuild`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{Bar, print_json};
use crate::vault::{Rebuilt, rebuild};

/// Make the catalogue anew from the log; where case.sqlite is lost, the whole database from log/
#[derive(clap::Args)]
#[command(after_help = "Example:\n  exhibit --case idlib-2015 rebuild")]
pub struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let bar = Bar::new(context.global.quiet || args.json);
    let rebuilt = rebuild(&context.root()?, &|done, total| bar.tick(done, total));
    drop(bar);
    let rebuilt = rebuilt?;
    let (what, entries) = match rebuilt {
        Rebuilt::Catalogue { entries } => ("catalogue", entries),
        Rebuilt::Database { entries, .. } => ("database", entries),
    };
    if args.json {
        print_json(&serde_json::json!({ "rebuilt": what, "entries": entries }));
    } else {
        let from = if what == "catalogue" { "its log" } else { "log/" };
        context.say(&format!("Rebuilt the {what} from {entries} entries of {from}.\nNext: verify it, with the same --case\n"));
    }
    Ok(Exit::Done)
}
