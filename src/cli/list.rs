//! `exhibit list`

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{columns, count, fit, pad, print, print_json, size, strong};
use crate::evidence::{ExhibitNo, MediaKind, Role};
use crate::vault::ExhibitRow;

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
    let kinds = exhibits.iter().map(|exhibit| kind(exhibit).len() + 2).max().unwrap_or(0).max(8);
    let room = width.saturating_sub(6 + kinds + 10 + 13 + 11);
    let mut text = strong(&format!(
        "{}{}{}{}{}{}",
        pad("id", 6),
        pad("kind", kinds),
        pad("size", 10),
        pad("whole", 13),
        pad("captured", 11),
        "what"
    ));
    text.push('\n');
    for exhibit in &exhibits {
        let named = exhibit.name.as_deref().filter(|_| kind(exhibit) != exhibit.kind && exhibit.role == Role::Original.as_str());
        let what =
            named.or(exhibit.title.as_deref()).or(exhibit.url.as_deref()).or(exhibit.name.as_deref()).unwrap_or(&exhibit.sha256);
        text.push_str(&format!(
            "{}{}{}{}{} {}\n",
            pad(&exhibit.id, 6),
            pad(kind(exhibit), kinds),
            pad(&size(exhibit.size), 10),
            pad(if exhibit.erased.is_some() { "erased" } else { &exhibit.completeness }, 13),
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

/// What an exhibit is: the kind of its item, or what it is beside that.
fn kind(exhibit: &ExhibitRow) -> &str {
    let page = [MediaKind::Page, MediaKind::Post].iter().any(|kind| kind.as_str() == exhibit.kind);
    match Role::from_word(&exhibit.role) {
        Some(Role::RenderedPage | Role::Screenshot | Role::Pdf | Role::Sidecar) => &exhibit.role,
        // Footage that a page loaded.
        Some(Role::Original) if page => exhibit.media_type.split('/').next().unwrap_or(&exhibit.kind),
        _ => &exhibit.kind,
    }
}
