//! `exhibit export`

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{count, print_json, safe, size};
use super::show;
use crate::evidence::{ExhibitNo, Id, ItemNo, ReportNo};
use crate::ledger::SEALED_FIELDS;
use crate::stages::{Selection, export};
use crate::vault::Reader;

/// Export a self-checking bag: objects, records, log slice, proofs, and how to check them
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit export E7 --to bags/E7\n  exhibit export R1 --to bags/report-1       (a report whole: failed tries, too)\n  exhibit export --all --to bags/all\n  exhibit export E7 --to bags/E7 --withhold person --withhold exchange"
)]
pub struct Args {
    /// Exhibits, items, reports, or beginnings of digests
    #[arg(value_name = "ID", required_unless_present = "all")]
    ids: Vec<String>,
    /// All exhibits
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// New directory for the bag
    #[arg(long, value_name = "DIR")]
    to: PathBuf,
    /// Leave this sealed field's values out, such as person, name, exchange, location (repeatable); the
    /// log still verifies. The bytes of objects are never changed
    #[arg(long, value_name = "FIELD", value_parser = clap::builder::PossibleValuesParser::new(SEALED_FIELDS))]
    withhold: Vec<String>,
    /// Put the exchanges into the bag as a WARC 1.1 file, too (their bodies are then in it twice)
    #[arg(long)]
    warc: bool,
    /// The same with an index and a list of pages, as a WACZ 1.1.1 file for web archive players
    #[arg(long)]
    wacz: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let config = context.config(&context.root()?)?;
    let mut exhibits: BTreeSet<ExhibitNo> = BTreeSet::new();
    let mut reports: BTreeSet<ReportNo> = BTreeSet::new();
    if args.all {
        exhibits.extend(reader.exhibits(ExhibitNo(0), None)?.iter().filter_map(|row| row.id.parse::<ExhibitNo>().ok()));
    }
    if args.all {
        reports.extend(reader.reports()?.iter().filter_map(|row| row.id.parse::<ReportNo>().ok()));
    }
    for text in &args.ids {
        let id = show::find(&reader, text)?;
        let found = of(&reader, id)?;
        if let Id::Report(no) = id {
            reports.insert(no);
        } else if found.is_empty() {
            return Err(Failure::new(format!("{text} has no exhibit to export")).next("see `exhibit list`"));
        }
        exhibits.extend(found);
    }
    let signer = match context.signer(&config) {
        Ok(signer) => Some(signer),
        Err(failure) => {
            failure.tell();
            eprintln!("exhibit: The bag will not be signed");
            None
        }
    };
    let mut withhold = args.withhold;
    withhold.sort();
    withhold.dedup();
    let selection = Selection {
        exhibits: exhibits.into_iter().collect(),
        reports: reports.into_iter().collect(),
        withhold,
        warc: args.warc,
        wacz: args.wacz,
    };
    let exported = export(&reader, &selection, &args.to, signer.as_deref(), context.clock.now())?;
    if args.json {
        print_json(&exported);
        return Ok(Exit::Done);
    }
    context.say(&format!(
        "Exported {} to {}: {}, {}, {} of the log.\nHow to check it without exhibit: {}\n",
        count(exported.exhibits.len(), "exhibit", "exhibits"),
        safe(&args.to.display().to_string()),
        count(exported.objects as usize, "object", "objects"),
        size(exported.bytes),
        count(exported.entries as usize, "entry", "entries"),
        safe(&args.to.join("data/HOW-TO-CHECK.md").display().to_string()),
    ));
    Ok(Exit::Done)
}

/// The exhibits that an id stands for.
fn of(reader: &Reader, id: Id) -> Result<Vec<ExhibitNo>, Failure> {
    let mut items: Vec<ItemNo> = Vec::new();
    match id {
        Id::Exhibit(no) => return Ok(vec![no]),
        Id::Item(no) => items.push(no),
        Id::Report(no) => {
            items.extend(reader.mentions_in(no)?.iter().filter_map(|mention| mention.item.as_ref()?.parse::<ItemNo>().ok()))
        }
        Id::Mention(no) => items.extend(reader.mention(no)?.and_then(|mention| mention.item?.parse::<ItemNo>().ok())),
        Id::Capture(no) => items.extend(reader.capture(no)?.and_then(|capture| capture.item.parse::<ItemNo>().ok())),
        Id::Claim(_) => {}
    }
    let mut exhibits = Vec::new();
    for item in items {
        exhibits.extend(reader.exhibits_of(item)?.iter().filter_map(|row| row.id.parse::<ExhibitNo>().ok()));
    }
    Ok(exhibits)
}
