//! `exhibit log`

use clap::Subcommand;
use serde_json::json;

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print, print_json};
use super::{render, show};
use crate::evidence::Id;
use crate::ledger::{leaf_hash, tlog_proof};
use crate::vault::{LogRow, Published, Reader};

/// Show the history: who did what, when
#[derive(clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "Examples:\n  exhibit log --of E7\n  exhibit log checkpoint\n  exhibit log prove E7 > E7.tlog-proof")]
pub struct Args {
    #[command(subcommand)]
    part: Option<Part>,
    /// Only what speaks about this
    #[arg(long, value_name = "ID")]
    of: Option<String>,
    /// Begin at this entry
    #[arg(long, default_value_t = 0, value_name = "N")]
    from: u64,
    /// At most so many
    #[arg(long, value_name = "N")]
    limit: Option<u64>,
    /// Print JSON, each entry whole
    #[arg(long)]
    json: bool,
}

#[derive(Subcommand)]
enum Part {
    /// The signed head of the log
    Checkpoint {
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
    /// The proof that an exhibit's entry, or any entry by its number, is in the log
    Prove {
        /// E7, or an entry's number
        id: String,
        /// Print JSON
        #[arg(long)]
        json: bool,
    },
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    match args.part {
        Some(Part::Checkpoint { json }) => checkpoint(&reader, json),
        Some(Part::Prove { id, json }) => prove(&reader, &id, json),
        None => history(&reader, &args),
    }
}

fn history(reader: &Reader, args: &Args) -> Result<Exit, Failure> {
    let events = match &args.of {
        Some(id) => reader.events_about(show::find(reader, id)?)?,
        None => reader.events(args.from, args.limit)?,
    };
    if !args.json {
        print(&render::history(&events));
        return Ok(Exit::Done);
    }
    let mut entries = Vec::new();
    for event in &events {
        if let Some(LogRow { index, bytes, sealed }) = reader.entry(event.entry)? {
            let entry: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
            let values: serde_json::Map<_, _> = sealed.into_iter().map(|sealed| (sealed.field, sealed.value)).collect();
            entries.push(json!({ "index": index, "leaf": hex::encode(leaf_hash(&bytes)), "subjects": event.subjects, "entry": entry, "sealed": values }));
        }
    }
    print_json(&entries);
    Ok(Exit::Done)
}

fn published(reader: &Reader) -> Result<Published, Failure> {
    let head = Published::read(reader.layout())?;
    head.ok_or_else(|| Failure::new("The log has no checkpoint yet").next("run `exhibit verify` to see why"))
}

fn checkpoint(reader: &Reader, json: bool) -> Result<Exit, Failure> {
    let head = published(reader)?;
    if json {
        let checkpoint = &head.checkpoint;
        print_json(
            &json!({ "origin": checkpoint.origin, "size": checkpoint.size, "root": hex::encode(checkpoint.root), "fingerprint": checkpoint.fingerprint(), "note": head.text }),
        );
    } else {
        print(&head.text);
    }
    Ok(Exit::Done)
}

fn prove(reader: &Reader, text: &str, json: bool) -> Result<Exit, Failure> {
    let head = published(reader)?;
    let index = match text.parse::<u64>() {
        Ok(index) => index,
        Err(_) => {
            entry_of(reader, show::find(reader, text)?)?.ok_or_else(|| Failure::new(format!("No entry speaks about {text}")))?
        }
    };
    let size = head.checkpoint.size;
    if index >= size {
        return Err(Failure::new(format!("The log has no entry {index}: it has {size}")));
    }
    let path = reader.inclusion(index, size)?;
    if json {
        let hashes: Vec<String> = path.iter().map(hex::encode).collect();
        print_json(&json!({ "index": index, "size": size, "path": hashes, "checkpoint": head.text }));
    } else {
        print(&tlog_proof(index, &path, &head.text));
    }
    Ok(Exit::Done)
}

/// The entry that brought something into being.
fn entry_of(reader: &Reader, id: Id) -> Result<Option<u64>, Failure> {
    Ok(match id {
        Id::Exhibit(no) => reader.exhibit(no)?.map(|row| row.entry),
        Id::Report(no) => reader.report(no)?.map(|row| row.entry),
        Id::Item(no) => reader.item(no)?.map(|row| row.entry),
        Id::Mention(no) => reader.mention(no)?.map(|row| row.entry),
        Id::Capture(no) => reader.capture(no)?.map(|row| row.entry),
        Id::Claim(no) => reader.claim(no)?.map(|row| row.entry),
    })
}
