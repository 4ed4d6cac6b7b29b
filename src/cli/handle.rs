//! `exhibit handle` and `exhibit hold`

use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::print_json;
use super::show;
use crate::evidence::{Event, HandlingSet, Id, Subject};
use crate::vault::{Effects, Reader};

const GRAPHIC: [&str; 5] = ["unrated", "none", "mild", "graphic", "extreme"];

/// Say how something is to be handled: how graphic it is, who may have it
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit handle E7 --graphic extreme --note \"00:31 a child\"\n  exhibit handle E7 --restrict \"court only\" --note \"witness is identifiable\"\n  exhibit handle E7 --unrestrict"
)]
pub struct Args {
    /// E7, I12, M5 or R3
    id: String,
    /// unrated, none, mild, graphic or extreme; unrated is treated as graphic
    #[arg(long, value_name = "HOW", value_parser = GRAPHIC)]
    graphic: Option<String>,
    /// Who may have it; such things are exported only with --include-restricted
    #[arg(long, value_name = "WHO", conflicts_with = "unrestrict")]
    restrict: Option<String>,
    /// Take the restriction back
    #[arg(long)]
    unrestrict: bool,
    /// Why; kept as a sealed value
    #[arg(long, value_name = "TEXT")]
    note: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// Keep something from being erased, until the hold is lifted
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit hold E7 --reason \"case 12/2026\"\n  exhibit hold R3 --reason \"court order\"\n  exhibit hold E7 --lift --reason \"case closed\"\n  exhibit hold --list"
)]
pub struct Hold {
    /// E7, I12 or R3
    #[arg(required_unless_present = "list")]
    id: Option<String>,
    /// Why; kept as a sealed value
    #[arg(long, value_name = "TEXT", required_unless_present = "list")]
    reason: Option<String>,
    /// Lift the hold
    #[arg(long)]
    lift: bool,
    /// List what is on hold
    #[arg(long, conflicts_with = "id")]
    list: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

fn subject(reader: &Reader, text: &str) -> Result<(Id, Subject), Failure> {
    let id = show::find(reader, text)?;
    let lost = || Failure::new(format!("There is no {text} in this case"));
    let digest = |text: &str| text.parse().map_err(|_| lost());
    let subject = match id {
        Id::Exhibit(no) => Subject::Object(digest(&reader.exhibit(no)?.ok_or_else(lost)?.sha256)?),
        Id::Item(no) => Subject::Item(reader.item(no)?.ok_or_else(lost)?.key),
        Id::Report(no) => Subject::Report(digest(&reader.report(no)?.ok_or_else(lost)?.sha256)?),
        Id::Mention(no) => {
            let mention = reader.mention(no)?.ok_or_else(lost)?;
            let report = mention.report.parse().map_err(|_| lost())?;
            let ordinal = reader.mentions_in(report)?.iter().position(|one| one.id == mention.id).ok_or_else(lost)? + 1;
            Subject::Mention(format!("{}#{ordinal}", reader.report(report)?.ok_or_else(lost)?.sha256))
        }
        Id::Capture(_) | Id::Claim(_) => {
            return Err(Failure::new(format!("{text} cannot be handled by itself")).next("name its exhibit, item or report"));
        }
    };
    Ok((id, subject))
}

fn record(
    context: &Context,
    text: &str,
    set: Vec<(&str, Option<String>)>,
    reason: Option<String>,
    json: bool,
) -> Result<Exit, Failure> {
    let (mut vault, _) = context.vault()?;
    let (id, subject) = subject(vault.reader(), text)?;
    let events = set.into_iter().map(|(property, value)| {
        Event::HandlingSet(HandlingSet { subject: subject.clone(), property: property.into(), value, reason: reason.clone() })
    });
    vault.commit(vec![Effects { events: events.collect(), ..Effects::default() }])?;
    let now = vault.reader().handling_of(id)?;
    if json {
        print_json(&json!(now));
    } else {
        let all: Vec<String> =
            now.iter().map(|row| format!("{} {}", row.property, row.value.as_deref().unwrap_or_default())).collect();
        context.say(&format!("{id}: {}\n", if all.is_empty() { "nothing special".into() } else { all.join(", ") }));
    }
    Ok(Exit::Done)
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let mut set = Vec::new();
    set.extend(args.graphic.map(|how| ("graphic", Some(how))));
    set.extend(args.restrict.map(|who| ("restriction", Some(who))));
    if args.unrestrict {
        set.push(("restriction", None));
    }
    if set.is_empty() {
        return Err(Failure::new("Nothing was said about it").next("see `exhibit handle --help`"));
    }
    record(context, &args.id, set, args.note, args.json)
}

pub fn hold(context: &Context, args: Hold) -> Result<Exit, Failure> {
    let Some(id) = args.id else {
        let all = context.reader()?.handling()?;
        let held: Vec<_> = all.into_iter().filter(|row| row.property == "hold").collect();
        if args.json {
            print_json(&held);
        } else if held.is_empty() {
            context.say("Nothing is on hold.\n");
        }
        for row in held.iter().filter(|_| !args.json) {
            let reason = row.reason.as_deref().unwrap_or("no reason at hand");
            super::plain::print(&format!("{:<6} since {}  {}\n", row.subject, &row.time[..10], super::plain::safe(reason)));
        }
        return Ok(Exit::Done);
    };
    record(context, &id, vec![("hold", (!args.lift).then(|| "on".into()))], args.reason, args.json)
}
