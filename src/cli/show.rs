//! `exhibit show`

use serde_json::{Value, json};

use super::context::Context;
use super::exit::{Exit, Failure};
use super::plain::{print, print_json};
use super::render;
use crate::evidence::{Id, ItemNo};
use crate::vault::{Reader, VaultError};

/// Show one exhibit, report, mention, item, capture or claim
#[derive(clap::Args)]
#[command(
    after_help = "Examples:\n  exhibit show E7\n  exhibit show R1 --json\n  exhibit show 9f2c41       (a digest's beginning)"
)]
pub struct Args {
    /// E7, R3, M5, I12, K4, C9, or the beginning of a digest
    id: String,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub fn run(context: &Context, args: Args) -> Result<Exit, Failure> {
    let reader = context.reader()?;
    let id = find(&reader, &args.id)?;
    let shown = gather(&reader, id)?.ok_or_else(|| unknown(&args.id))?;
    if args.json {
        print_json(&shown);
    } else {
        print(&render::shown(id, &shown));
    }
    Ok(Exit::Done)
}

fn unknown(text: &str) -> Failure {
    Failure::new(format!("There is no {text} in this case"))
        .next("see `exhibit list`, or look for words with `exhibit search WORDS`")
}

/// Reads an id, or finds the exhibit whose digest begins so.
pub fn find(reader: &Reader, text: &str) -> Result<Id, Failure> {
    let parsed = text.parse::<Id>();
    if let Ok(id) = parsed
        && gather(reader, id)?.is_some()
    {
        return Ok(id);
    }
    let digits = text.len() >= 4 && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let found = if digits { reader.exhibits_by_digest(text)? } else { Vec::new() };
    match (&found[..], parsed) {
        ([one], _) => one.id.parse().map(Id::Exhibit).map_err(|_| unknown(text)),
        ([], Err(error)) if !digits => {
            Err(Failure::new(error.to_string()).next("see `exhibit list`; the first 4 digits of a digest work, too"))
        }
        ([], _) => Err(unknown(text)),
        (many, _) => {
            let ids: Vec<&str> = many.iter().map(|exhibit| exhibit.id.as_str()).collect();
            Err(Failure::new(format!("{text} is the beginning of more than one digest: {}", ids.join(", "))))
        }
    }
}

/// Everything about one thing; none if there is no such thing.
fn gather(reader: &Reader, id: Id) -> Result<Option<Value>, VaultError> {
    let custody = reader.events_about(id)?;
    let about_item = |no: ItemNo| -> Result<Value, VaultError> {
        let mentions = reader.mentions_of(no)?;
        let mut claims = reader.claims_about(Id::Item(no))?;
        for mention in mentions.iter().filter_map(|mention| mention.id.parse().ok()) {
            claims.extend(reader.claims_about(Id::Mention(mention))?);
        }
        Ok(
            json!({ "item": reader.item(no)?, "mentions": mentions, "claims": claims, "captures": reader.captures_of(no)?, "notes": reader.notes_about(Id::Item(no))? }),
        )
    };
    // Why the bytes that a record names were erased.
    let erased = |digest: Option<&str>| -> Result<Option<String>, VaultError> {
        let Some(digest) = digest.and_then(|digest| digest.parse().ok()) else { return Ok(None) };
        Ok(reader.purged()?.remove(&digest))
    };
    let mut shown = match id {
        Id::Exhibit(no) => {
            let Some(exhibit) = reader.exhibit(no)? else { return Ok(None) };
            let item = exhibit.item.parse().unwrap_or(ItemNo(0));
            let mut shown = about_item(item)?;
            shown["examinations"] = json!(reader.examinations_of(&exhibit.sha256)?);
            let mut reports = Vec::new();
            for report in exhibit.reports.iter().filter_map(|report| report.parse().ok()) {
                reports.extend(reader.report(report)?);
            }
            shown["reports"] = json!(reports);
            shown["fixity"] = json!(reader.fixity_of(&exhibit.sha256)?);
            shown["erased"] = json!(exhibit.erased);
            shown["handling"] = json!(reader.handling_of(id)?);
            shown["exhibit"] = json!(exhibit);
            shown
        }
        Id::Item(no) => {
            if reader.item(no)?.is_none() {
                return Ok(None);
            }
            let mut shown = about_item(no)?;
            shown["exhibits"] = json!(reader.exhibits_of(no)?);
            shown
        }
        Id::Report(no) => match reader.report(no)? {
            None => return Ok(None),
            Some(report) => {
                let erased = erased(Some(&report.sha256))?;
                json!({ "report": report, "erased": erased, "mentions": reader.mentions_in(no)?, "notes": reader.notes_about(id)? })
            }
        },
        Id::Mention(no) => match reader.mention(no)? {
            None => return Ok(None),
            Some(mention) => json!({ "mention": mention, "claims": reader.claims_about(id)?, "notes": reader.notes_about(id)? }),
        },
        Id::Capture(no) => match reader.capture(no)? {
            None => return Ok(None),
            Some(capture) => json!({ "erased": erased(capture.sha256.as_deref())?, "capture": capture }),
        },
        Id::Claim(no) => match reader.claim(no)? {
            None => return Ok(None),
            Some(claim) => json!({ "claim": claim }),
        },
    };
    shown["custody"] = json!(custody);
    Ok(Some(shown))
}
