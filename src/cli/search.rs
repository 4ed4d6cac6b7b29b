//! `exhibit search`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{columns, fit, pad, print, print_json};

/// Find words in reports, quotes, captions, claims, notes, names and addresses
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  exhibit search idlib rescue\n  exhibit search إدلب")]
pub struct Args {
    /// All of these must occur; the last may be a beginning
    #[arg(required = true, value_name = "WORD")]
    words: Vec<String>,
    /// At most so many
    #[arg(long, default_value_t = 50, value_name = "N")]
    limit: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let found = reader.search(&args.words.join(" "), args.limit)?;
    if args.json {
        let all: Vec<_> = found.iter().map(|(id, text)| serde_json::json!({ "id": id, "text": text })).collect();
        print_json(&all);
    } else if found.is_empty() {
        context.say("Nothing found.\n");
    } else {
        let room = columns().saturating_sub(7);
        let lines: String = found.iter().map(|(id, text)| format!("{} {}\n", pad(id, 6), fit(text, room))).collect();
        print(&lines);
    }
    Ok(Exit::Done)
}
