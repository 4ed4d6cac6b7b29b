//! `exhibit export`

use std::collections::BTreeSet;
use std::path::PathBuf;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{count, print_json, safe, size};
use super::show;
use crate::evidence::{Digest, Event, ExhibitNo, Id, ItemNo, ReportNo, TransferMade};
use crate::ledger::SEALED_FIELDS;
use crate::stages::{Columns, Exported, Print, Restricted, Sealing, Selection, export, profile};
use crate::vault::{Effects, Reader};

/// Export a self-checking bag: objects, records, log slice, proofs, and how to check them
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit export E7 --to bags/E7\n  exhibit export R1 --to bags/report-1       (a report whole: failed tries, too)\n  exhibit export --all --to bags/all\n  exhibit export E7 --zip E7.zip --recipient \"District Court\" --purpose \"case 12/2026\" --profile court\n  exhibit export --query idlib --to bags/idlib --tables=syrian-archive --warc"
)]
pub struct Args {
    /// Exhibits, items, reports, or beginnings of digests
    #[arg(value_name = "ID", required_unless_present_any = ["all", "query", "report"])]
    ids: Vec<String>,
    /// All exhibits
    #[arg(long, conflicts_with = "ids")]
    all: bool,
    /// New directory for the bag
    #[arg(long, value_name = "DIR", required_unless_present = "zip", conflicts_with = "zip")]
    to: Option<PathBuf>,
    /// New zip file for the bag instead
    #[arg(long, value_name = "FILE")]
    zip: Option<PathBuf>,
    /// Exhibits whose words match, as `exhibit search` finds them
    #[arg(long, value_name = "WORDS", conflicts_with = "all")]
    query: Option<String>,
    /// A report, with all that it refers to; the same as naming it
    #[arg(long, value_name = "R3", conflicts_with = "all")]
    report: Vec<String>,
    /// Who gets it; recorded in the log as a sealed value
    #[arg(long, value_name = "NAME")]
    recipient: Option<String>,
    /// What for; recorded in the log as a sealed value
    #[arg(long, value_name = "TEXT")]
    purpose: Option<String>,
    /// What is left out: full, partner, court or public
    #[arg(long, value_name = "NAME", default_value = "full")]
    profile: String,
    /// Profiles of your own, in the form of config/profiles.toml
    #[arg(long, value_name = "FILE")]
    profiles: Option<PathBuf>,
    /// Exhibits and reports that are restricted or on hold go along
    #[arg(long, conflicts_with = "leave_out_restricted")]
    include_restricted: bool,
    /// Exhibits and reports that are restricted or on hold stay behind
    #[arg(long)]
    leave_out_restricted: bool,
    /// Tables as CSV and XLSX: plain, auto-archiver, syrian-archive or atlos columns
    #[arg(long, value_name = "COLUMNS", num_args = 0..=1, require_equals = true, default_missing_value = "plain")]
    tables: Option<String>,
    /// Columns of your own, in the form of config/tables.toml
    #[arg(long, value_name = "FILE", requires = "tables")]
    columns: Option<PathBuf>,
    /// Have a timestamp authority attest the bag's manifest (RFC 3161; repeatable)
    #[arg(long, value_name = "URL")]
    timestamp: Vec<String>,
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
    /// Pages for people as PDF, too, by Chromium if it is there
    #[arg(long)]
    pdf: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// The text of a file that the person names.
fn text(path: &Option<PathBuf>) -> Result<Option<String>, Failure> {
    let read = |path: &PathBuf| {
        std::fs::read_to_string(path).map_err(|error| Failure::new(format!("{} cannot be read: {error}", path.display())))
    };
    path.as_ref().map(read).transpose()
}

impl Args {
    fn selection(&self, reader: &Reader) -> Result<Selection, Failure> {
        let mut exhibits: BTreeSet<ExhibitNo> = BTreeSet::new();
        let mut reports: BTreeSet<ReportNo> = BTreeSet::new();
        if self.all {
            exhibits.extend(reader.exhibits(ExhibitNo(0), None)?.iter().filter_map(|row| row.id.parse::<ExhibitNo>().ok()));
            reports.extend(reader.reports()?.iter().filter_map(|row| row.id.parse::<ReportNo>().ok()));
        }
        for text in self.ids.iter().chain(&self.report) {
            let id = show::find(reader, text)?;
            let found = of(reader, id)?;
            if let Id::Report(no) = id {
                reports.insert(no);
            } else if found.is_empty() {
                return Err(Failure::new(format!("{text} has no exhibit to export")).next("see `exhibit list`"));
            }
            exhibits.extend(found);
        }
        if let Some(words) = &self.query {
            for (subject, _) in reader.search(words, u64::from(u32::MAX))? {
                let Ok(id) = subject.parse::<Id>() else { continue };
                exhibits.extend(of(reader, id)?);
            }
            if exhibits.is_empty() {
                return Err(Failure::new(format!("No exhibit matches {words:?}")).next("see `exhibit search WORDS`"));
            }
        }
        let wrong = |what: &str, next: &'static str| {
            let what = what.to_owned();
            move |why: String| Failure::new(format!("{what}: {why}")).next(next)
        };
        let mut profile = profile(&self.profile, text(&self.profiles)?.as_deref())
            .map_err(wrong("The profile cannot be used", "config/profiles.toml shows the form"))?;
        profile.withhold.extend(self.withhold.iter().cloned());
        profile.withhold.sort();
        profile.withhold.dedup();
        if self.profile == "full" && !self.withhold.is_empty() {
            profile.why.clear();
        }
        let columns = text(&self.columns)?;
        let tables = self.tables.as_ref().map(|name| Columns::named(name, columns.as_deref())).transpose();
        Ok(Selection {
            exhibits: exhibits.into_iter().collect(),
            reports: reports.into_iter().collect(),
            profile,
            restricted: match (self.include_restricted, self.leave_out_restricted) {
                (true, _) => Restricted::Included,
                (_, true) => Restricted::LeftOut,
                _ => Restricted::Refused,
            },
            warc: self.warc,
            wacz: self.wacz,
            tables: tables.map_err(wrong("The tables cannot be made", "config/tables.toml shows the form"))?,
            zip: self.zip.is_some(),
        })
    }
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let root = context.root()?;
    let config = context.config(&root)?;
    let selection = args.selection(&reader)?;
    let to = args.to.clone().or_else(|| args.zip.clone()).unwrap_or_default();
    let signer = match context.signer(&config) {
        Ok(signer) => Some(signer),
        Err(failure) => {
            failure.tell();
            super::plain::complain("exhibit: The bag will not be signed");
            None
        }
    };
    let proxy = context.proxy(&config)?;
    let stamp = |manifest: &[u8]| -> Vec<Result<Vec<u8>, String>> {
        args.timestamp.iter().map(|url| context.stamped(url, manifest, proxy.as_ref())).collect()
    };
    let browser = context.browser(&config);
    let print = |html: &str| match &browser {
        Some(browser) => browser.print(html, &std::env::temp_dir()),
        None => Err("no browser is named, in the settings or by --browser".to_owned()),
    };
    let sealing = Sealing {
        signer: signer.as_deref(),
        stamp: &stamp,
        print: args.pdf.then_some(&print as Print<'_>),
        now: context.clock.now(),
    };
    let exported = export(&reader, &selection, &to, &sealing)?;
    drop(reader);
    // A bag that nobody is named for has not left the case's keepers: a copy is no transfer, and changes nothing.
    let given = args.recipient.is_some() || args.purpose.is_some();
    let recorded = if given { register(context, &root, &args, &selection, &exported) } else { Ok(()) };
    let mut exit = Exit::Done;
    for problem in &exported.problems {
        Failure::new(format!("The bag is whole, {problem}")).tell();
        exit = Exit::SomeFailed;
    }
    if let Err(failure) = recorded {
        // The bag is made; that the register lacks it must be known.
        failure.tell();
        super::plain::complain("exhibit: The transfer is not in the case's register: its log could not be written");
    }
    if args.json {
        print_json(&exported);
        return Ok(exit);
    }
    context.say(&format!(
        "Exported {} to {}: {}, {}, {} of the log.\n",
        count(exported.exhibits.len(), "exhibit", "exhibits"),
        safe(&to.display().to_string()),
        count(exported.objects as usize, "object", "objects"),
        size(exported.bytes),
        count(exported.entries as usize, "entry", "entries"),
    ));
    if !exported.left_out.is_empty() {
        context.say(&format!("Left out, restricted or on hold: {}\n", exported.left_out.join(", ")));
    }
    if !given {
        context.say("Not in the register of transfers: nobody is named who gets it\n(--recipient, --purpose).\n");
    }
    if args.zip.is_none() {
        let dir = safe(&to.display().to_string());
        context.say(&format!(
            "To read it: {dir}/data/record/index.html\nHow to check it without exhibit: {dir}/data/HOW-TO-CHECK.md\n"
        ));
    }
    Ok(exit)
}

/// Writes the transfer into the log.
fn register(
    context: &Context,
    root: &std::path::Path,
    args: &Args,
    selection: &Selection,
    exported: &Exported,
) -> Result<(), Failure> {
    let (mut vault, _) = context.vault_at(root)?;
    let none = vec![Vec::new()];
    let pieces: Vec<Vec<Digest>> = exported.digests.chunks(700).map(<[Digest]>::to_vec).collect();
    let pieces = if pieces.is_empty() { none } else { pieces };
    let made = pieces.into_iter().map(|objects| {
        Event::TransferMade(TransferMade {
            manifest: exported.manifest,
            size: exported.log_size,
            objects,
            withheld: selection.profile.withhold.clone(),
            recipient: args.recipient.clone(),
            purpose: args.purpose.clone(),
        })
    });
    vault.commit(vec![Effects { events: made.collect(), ..Effects::default() }])?;
    Ok(())
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
