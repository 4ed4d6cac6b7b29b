//! `exhibit recapture`

use std::collections::BTreeMap;

use super::archive::{Shown, stop_on_interrupt};
use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{coloured, columns, count, fit, pad, print, print_json, safe, size, strong};
use crate::evidence::{Completeness, Id, Outcome};
use crate::fetch::Permit;
use crate::stages::{Available, Changed, Recaptured, Wayback, Which, recapture};

/// Try items again: each try is a dated record, changed bytes a new version, and what is gone is known to be gone
#[derive(clap::Args)]
#[command(
    group = clap::ArgGroup::new("which").required(true).multiple(true),
    after_help = "Examples:\n  exhibit recapture --due        (all not tried for recapture_days, as exhibit.toml says)\n  exhibit recapture I12 R3\n  exhibit recapture --all --status   (try nothing; say how things stood when last tried)"
)]
pub struct Args {
    /// Items, exhibits or reports
    #[arg(value_name = "ID", group = "which", conflicts_with_all = ["all", "due"])]
    ids: Vec<Id>,
    /// Everything that has an address
    #[arg(long, group = "which", conflicts_with = "due")]
    all: bool,
    /// What was not tried for so many days [default: recapture_days of exhibit.toml]
    #[arg(long, group = "which", value_name = "DAYS", num_args = 0..=1, default_missing_value = "")]
    due: Option<String>,
    /// Try nothing: say how things stood when last tried
    #[arg(long)]
    status: bool,
    /// Look up what is gone in the Wayback Machine, and take its last copy; this tells it the address
    #[arg(long, conflicts_with = "status")]
    wayback: bool,
    /// Ask the Wayback Machine to save what is online; this makes it public there
    #[arg(long, conflicts_with = "status")]
    save_page_now: bool,
    /// A host or network that may be asked although it is not public (repeatable); recorded in the log
    #[arg(long = "allow-host", value_name = "HOST|CIDR")]
    allow: Vec<Permit>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let (mut vault, config) = context.vault()?;
    let which = match (&args.due, args.all) {
        (Some(days), _) if days.is_empty() => Which::Due(config.capture.recapture_days),
        (Some(days), _) => {
            let wrong = |_| Failure::new(format!("{days:?} is not a number of days")).next("write --due 30, say");
            Which::Due(days.parse().map_err(wrong)?)
        }
        (None, true) => Which::All,
        (None, false) => Which::These(args.ids.clone()),
    };
    let mut how = context.archiving(&config, &args.allow)?;
    how.fetch = !args.status;
    if args.wayback || args.save_page_now {
        let service = config.capture.wayback.clone();
        how.wayback = Some(Wayback { service, look_up: args.wayback, save: args.save_page_now });
    }
    stop_on_interrupt(how.stop.clone());
    let mut progress = Shown::new(context.global.quiet || args.json, context.global.verbose);
    let told = recapture(&mut vault, &which, &how, &mut progress);
    progress.end();
    let told = told?;
    if args.json {
        print_json(&told);
    } else if !context.global.quiet {
        print(&shown(&told, &how.clock.now().date()));
    }
    let lost = told.tried > 0 && told.items.iter().any(|item| item.outcome != Outcome::Ok.as_str() || is_cut(item));
    Ok(if lost { Exit::SomeFailed } else { Exit::Done })
}

/// Outcomes that say that footage is no longer where it was.
fn is_gone(outcome: &str) -> bool {
    let gone = [Outcome::Gone, Outcome::RemovedByPlatform, Outcome::RemovedByUser, Outcome::Private, Outcome::Placeholder];
    gone.iter().any(|one| one.as_str() == outcome)
}

fn is_cut(item: &Available) -> bool {
    item.completeness == Completeness::Truncated.as_str()
}

fn shown(told: &Recaptured, today: &str) -> String {
    let mut text = String::new();
    let online: Vec<&Available> = told.items.iter().filter(|item| item.outcome == Outcome::Ok.as_str()).collect();
    let (cut, partial) = (
        online.iter().filter(|item| is_cut(item)).count(),
        online.iter().filter(|item| item.completeness == Completeness::Partial.as_str()).count(),
    );
    let mut others: BTreeMap<&str, usize> = BTreeMap::new();
    for item in told.items.iter().filter(|item| item.outcome != Outcome::Ok.as_str()) {
        *others.entry(if is_gone(&item.outcome) { "gone" } else { item.outcome.as_str() }).or_default() += 1;
    }
    let since = told.items.iter().filter(|item| is_gone(&item.outcome)).map(|item| item.since.as_str()).min();
    let lesser = [(cut, "cut"), (partial, "only in part")];
    let lesser: Vec<String> = lesser.iter().filter(|(many, _)| *many > 0).map(|(many, how)| format!("{many} {how}")).collect();
    let lesser = if lesser.is_empty() { String::new() } else { format!(" ({})", lesser.join(", ")) };
    let mut parts = vec![format!("{} online{lesser}", online.len())];
    parts.extend(others.iter().map(|(outcome, number)| match (*outcome, since.and_then(|since| since.get(..10))) {
        ("gone", Some(since)) => format!("{number} gone (the first since {since})"),
        _ => format!("{number} {outcome}"),
    }));
    // What was not tried now stands as it did when it was.
    let oldest = told.items.iter().filter_map(|item| item.tried.get(..10)).min().unwrap_or(today);
    let of = if oldest < today { format!("As of {today}, by tries since {oldest}") } else { format!("As of {today}") };
    text.push_str(&format!("{}\n", strong(&format!("{of}: {}", parts.join(", ")))));
    let room = columns().saturating_sub(7 + 19 + 12);
    for item in told.items.iter().filter(|item| item.outcome != Outcome::Ok.as_str() || item.changed.is_some() || is_cut(item)) {
        text.push_str(&line(item, room));
    }
    text.push_str(&format!("\n{} tried now.", count(told.tried, "item", "items")));
    if told.without_address > 0 {
        text.push_str(&format!(" {} without an address left out.", count(told.without_address, "item", "items")));
    }
    if told.never_tried > 0 {
        text.push_str(&format!(" {} never tried; archive their report first.", count(told.never_tried, "item", "items")));
    }
    text.push('\n');
    text
}

fn line(item: &Available, room: usize) -> String {
    let (colour, word) = match item.changed {
        Some(_) => (33, "changed"),
        None if is_cut(item) => (33, "cut"),
        None => (31, item.outcome.as_str()),
    };
    let since = item.since.get(..10).unwrap_or("");
    let mut text = format!(
        "  {}{}{} {}\n",
        pad(&item.id, 7),
        coloured(&pad(word, 19), colour),
        pad(since, 11),
        fit(&item.url, room.max(20))
    );
    if let Some(changed) = &item.changed {
        text.push_str(&difference(changed));
    }
    text
}

fn difference(changed: &Changed) -> String {
    let (before, now) = (&changed.before, &changed.now);
    let mut text = format!(
        "         {} of {} ({}), before {} of {} ({})\n",
        size(now.size),
        now.captured.get(..10).unwrap_or(""),
        safe(&now.media_type),
        size(before.size),
        before.captured.get(..10).unwrap_or(""),
        safe(&before.media_type)
    );
    if let (Some(added), Some(removed)) = (changed.lines_added, changed.lines_removed) {
        text.push_str(&format!("         {} came, {} went\n", count(added, "line", "lines"), count(removed, "line", "lines")));
    }
    for line in changed.lines.iter().take(6) {
        text.push_str(&format!("         {}\n", fit(line, columns().saturating_sub(10))));
    }
    text
}
