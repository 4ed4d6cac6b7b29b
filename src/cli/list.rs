//! `exhibit list`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{columns, count, fit, pad, print, print_json, size, strong};
use crate::evidence::ExhibitNo;

/// List the exhibits of the case
#[derive(clap::Args)]
#[command(after_help = "Examples:\n  exhibit list\n  exhibit list --after E200 --limit 100 --json")]
pub struct Args {
    /// Begin behind this exhibit
    #[arg(long, value_name = "ID")]
    after: Option<ExhibitNo>,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let exhibits = reader.exhibits(args.after.unwrap_or(ExhibitNo(0)), args.limit)?;
    if args.json {
        print_json(&exhibits);
        return Ok(Exit::Done);
    }
    if exhibits.is_empty() {
        if let Some(after) = args.after {
            context.say(&format!("No exhibits behind {after}.\n"));
            return Ok(Exit::Done);
        }
        context.say("No exhibits yet. Archive a report with `exhibit archive REPORT`, or add a file with `exhibit add FILE`.\n");
        return Ok(Exit::Done);
    }
    let width = columns();
    let room = width.saturating_sub(6 + 8 + 10 + 13 + 11);
    let mut text = strong(&format!(
        "{}{}{}{}{}{}",
        pad("id", 6),
        pad("kind", 8),
        pad("size", 10),
        pad("whole", 13),
        pad("captured", 11),
        "what"
    ));
    text.push('\n');
    for exhibit in &exhibits {
        let what = exhibit.title.as_deref().or(exhibit.url.as_deref()).or(exhibit.name.as_deref()).unwrap_or(&exhibit.sha256);
        text.push_str(&format!(
            "{}{}{}{}{} {}\n",
            pad(&exhibit.id, 6),
            pad(&exhibit.kind, 8),
            pad(&size(exhibit.size), 10),
            pad(&exhibit.completeness, 13),
            exhibit.captured.get(..10).unwrap_or(""),
            fit(what, room)
        ));
    }
    let [reports, mentions, _, captures, all] = reader.counts()?;
    text.push_str(&format!(
        "\n{} of {all}; {} with {}, {}.\n",
        count(exhibits.len(), "exhibit", "exhibits"),
        count(reports as usize, "report", "reports"),
        count(mentions as usize, "reference", "references"),
        count(captures as usize, "capture", "captures")
    ));
    print(&text);
    Ok(Exit::Done)
}
