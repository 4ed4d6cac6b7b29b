//! What a bag is made of: the records of exhibits and reports, the entries about them, the objects that they name.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::closed::Closed;
use crate::evidence::{CaptureNo, Digest, ExhibitNo, Id, ItemNo, ReportNo};
use crate::vault::{CaptureRow, ClaimRow, ExhibitRow, Published, Reader, ReportRow, VaultError};

/// The ending that a media type's files usually have.
fn ending(media_type: &str) -> &'static str {
    match media_type {
        "image/jpeg" => "jpg",
        "image/png" => "png",
        "image/gif" => "gif",
        "image/webp" => "webp",
        "image/tiff" => "tif",
        "image/heic" => "heic",
        "image/avif" => "avif",
        "video/mp4" => "mp4",
        "video/quicktime" => "mov",
        "video/webm" => "webm",
        "video/x-matroska" => "mkv",
        "video/3gpp" => "3gp",
        "audio/mp4" => "m4a",
        "audio/mpeg" => "mp3",
        "text/html" => "html",
        "text/plain" => "txt",
        "text/markdown" => "md",
        "text/csv" => "csv",
        "application/pdf" => "pdf",
        "application/json" => "json",
        "application/vnd.apple.mpegurl" => "m3u8",
        "application/dash+xml" => "mpd",
        "video/mp2t" => "ts",
        _ => "bin",
    }
}

/// Whether a capture is of a stream's pieces.
pub(super) fn is_stream(capture: &CaptureRow) -> bool {
    matches!(capture.method.as_str(), "hls" | "dash")
}

/// The requests of a capture and what came of each, as far as its exchange tells.
pub(super) fn hops(capture: &CaptureRow) -> impl Iterator<Item = &Value> {
    capture.exchange["hops"].as_array().into_iter().flatten()
}

/// The object that a member of a hop names.
pub(super) fn named(hop: &Value, member: &str) -> Option<Digest> {
    hop[member].as_str()?.parse().ok()
}

/// Digests of the fragments that a capture of a stream brought, as they stand there.
pub(super) fn fragments(capture: &CaptureRow) -> impl Iterator<Item = &str> {
    let pieces = hops(capture).filter(|hop| matches!(hop["status"].as_u64(), Some(200 | 206)));
    pieces.filter(|_| is_stream(capture)).filter_map(|hop| hop["body"].as_str())
}

/// Digests of what the requests of a capture carried, and of what came of each, as far as its exchange names them.
pub(super) fn bodies(capture: &CaptureRow) -> impl Iterator<Item = Digest> {
    hops(capture).flat_map(|hop| [named(hop, "body"), named(hop, "sent")]).flatten()
}

/// All that belongs to the exhibits: their records, the entries about them, their objects and reports.
pub(super) struct Gathered {
    pub records: Vec<(String, Value)>,
    pub entries: BTreeSet<u64>,
    /// Digests, with the ending of each one's name.
    pub objects: BTreeMap<String, &'static str>,
}

impl Gathered {
    /// Takes an object along, unless it was erased or may not leave. `passed`: nor may what only passed in the capture that brought it.
    /// Gives the entries that recorded it and that erased it.
    fn take(&mut self, reader: &Reader, digest: &str, closed: &Closed, passed: bool) -> Result<Vec<u64>, VaultError> {
        let purged = reader.purge_entry(digest)?;
        let parsed: Option<Digest> = digest.parse().ok();
        if purged.is_none() && !parsed.map_or(Ok(false), |digest| closed.body(reader, passed, &digest))? {
            let object = parsed.map(|digest| reader.object(&digest)).transpose()?.flatten();
            self.objects.insert(digest.to_owned(), object.map_or("bin", |object| ending(&object.media_type)));
        }
        let entries: Vec<u64> = reader.object_entry(digest)?.into_iter().chain(purged).collect();
        self.entries.extend(&entries);
        Ok(entries)
    }
}

/// What left the case with each object in it.
fn transfers(reader: &Reader) -> Result<BTreeMap<String, Vec<Value>>, VaultError> {
    let mut all: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    for one in reader.transfers()? {
        let told = json!({ "recipient": one.recipient, "purpose": one.purpose, "time": one.time, "manifest": one.manifest, "person": one.person });
        for digest in one.objects.as_array().into_iter().flatten().filter_map(Value::as_str) {
            all.entry(digest.to_owned()).or_default().push(told.clone());
        }
    }
    Ok(all)
}

/// A capture with what only its entry says: the tool, what collecting changed, the settings' digest.
fn whole_capture(reader: &Reader, capture: &CaptureRow) -> Result<Value, VaultError> {
    let mut whole = json!(capture);
    let entry = reader.entry(capture.entry)?.and_then(|row| serde_json::from_slice::<Value>(&row.bytes).ok());
    let event = entry.map(|entry| entry["event"].clone()).unwrap_or_default();
    for member in ["tool", "alterations", "settings"] {
        whole[member] = event[member].clone();
    }
    Ok(whole)
}

/// The records of exhibits, with all that they name.
pub(super) fn gather(
    reader: &Reader,
    exhibits: &[ExhibitRow],
    head: &Published,
    closed: &Closed,
) -> Result<Gathered, VaultError> {
    let mut all = Gathered { records: Vec::new(), entries: BTreeSet::from([0]), objects: BTreeMap::new() };
    let size = head.checkpoint.size;
    let (transfers, handled) = (transfers(reader)?, reader.handling()?);
    for exhibit in exhibits {
        let item_no: ItemNo = exhibit.item.parse().unwrap_or(ItemNo(0));
        let no: ExhibitNo = exhibit.id.parse().unwrap_or(ExhibitNo(0));
        let item = reader.item(item_no)?;
        let mentions = reader.mentions_of(item_no)?;
        let captures = reader.captures_of(item_no)?;
        let mut claims = reader.claims_about(Id::Item(item_no))?;
        claims.extend(reader.claims_about(Id::Exhibit(no))?);
        let mut reports: Vec<ReportRow> = Vec::new();
        for mention in &mentions {
            if let Ok(id) = mention.id.parse() {
                claims.extend(reader.claims_about(Id::Mention(id))?);
            }
            if !reports.iter().any(|report| report.id == mention.report)
                && let Some(report) = mention.report.parse().ok().map(|no| reader.report(no)).transpose()?.flatten()
            {
                reports.push(report);
            }
        }
        let mut notes = reader.notes_about(Id::Item(item_no))?;
        notes.extend(reader.notes_about(Id::Exhibit(no))?);
        let examinations = reader.examinations_of(&exhibit.sha256)?;
        let events = reader.events_about(Id::Exhibit(no))?;
        let mut entries: BTreeSet<u64> = events.iter().map(|event| event.entry).collect();
        entries.extend(item.iter().map(|item| item.entry));
        entries.extend(mentions.iter().map(|mention| mention.entry));
        entries.extend(captures.iter().map(|capture| capture.entry));
        entries.extend(claims.iter().map(|claim| claim.entry));
        entries.extend(notes.iter().map(|note| note.entry));
        entries.extend(examinations.iter().map(|made| made.entry));
        entries.extend(reports.iter().map(|report| report.entry));
        let papers = reports.iter().map(|report| report.sha256.clone());
        for digest in std::iter::once(exhibit.sha256.clone()).chain(papers) {
            entries.extend(all.take(reader, &digest, closed, false)?);
        }
        for capture in &captures {
            let passed = closed.capture(reader, capture)?;
            // What a derived file is made of comes along.
            for digest in capture.sha256.as_deref().into_iter().chain(fragments(capture)) {
                entries.extend(all.take(reader, digest, closed, passed)?);
            }
        }
        let captures = captures.iter().map(|capture| whole_capture(reader, capture)).collect::<Result<Vec<_>, _>>()?;
        let own = [&exhibit.id, &exhibit.item];
        let handling: Vec<_> = handled.iter().filter(|row| own.contains(&&row.subject)).collect();
        entries.extend(handling.iter().map(|row| row.entry));
        let record = json!({
            "exhibit": exhibit,
            "handling": handling,
            "fixity": reader.fixity_of(&exhibit.sha256)?,
            "transfers": transfers.get(&exhibit.sha256).cloned().unwrap_or_default(),
            "file": all.objects.get(&exhibit.sha256).map(|ending| format!("data/objects/{}.{ending}", exhibit.sha256)),
            "erased": exhibit.erased,
            "item": item,
            "mentions": mentions,
            "claims": claims,
            "reports": reports,
            "captures": captures,
            "examinations": examinations,
            "notes": notes,
            "custody": events,
            "log": { "origin": head.checkpoint.origin, "size": size, "root": hex::encode(head.checkpoint.root), "entries": entries },
        });
        all.entries.extend(entries);
        all.records.push((exhibit.id.clone(), record));
    }
    Ok(all)
}

/// A report whole: every reference with its claims, every try of every item, failures included.
pub(super) fn gather_report(reader: &Reader, no: ReportNo, all: &mut Gathered, closed: &Closed) -> Result<(), VaultError> {
    let Some(report) = reader.report(no)? else { return Ok(()) };
    let mentions = reader.mentions_in(no)?;
    let (mut claims, mut captures): (Vec<ClaimRow>, Vec<CaptureRow>) = (Vec::new(), Vec::new());
    let mut items = BTreeSet::new();
    for mention in &mentions {
        if let Ok(id) = mention.id.parse() {
            claims.extend(reader.claims_about(Id::Mention(id))?);
        }
        let Some(item) = mention.item.as_deref().and_then(|item| item.parse::<ItemNo>().ok()) else { continue };
        if items.insert(item) {
            all.entries.extend(reader.item(item)?.map(|item| item.entry));
            captures.extend(reader.captures_of(item)?);
        }
    }
    all.take(reader, &report.sha256, closed, false)?;
    for capture in &captures {
        if let Some(digest) = &capture.sha256 {
            all.take(reader, digest, closed, closed.capture(reader, capture)?)?;
        }
    }
    all.entries.insert(report.entry);
    all.entries.extend(mentions.iter().map(|mention| mention.entry));
    all.entries.extend(claims.iter().map(|claim| claim.entry));
    all.entries.extend(captures.iter().map(|capture| capture.entry));
    let record = json!({ "report": report, "mentions": mentions, "claims": claims, "captures": captures });
    all.records.push((no.to_string(), record));
    Ok(())
}

/// The captures that the records tell of, each once, oldest first.
pub(super) fn captures_of(records: &[(String, Value)], reader: &Reader) -> Result<Vec<CaptureRow>, VaultError> {
    let ids = records.iter().flat_map(|(_, record)| record["captures"].as_array().into_iter().flatten());
    let numbers: BTreeSet<CaptureNo> = ids.filter_map(|capture| capture["id"].as_str()?.parse().ok()).collect();
    numbers.into_iter().filter_map(|number| reader.capture(number).transpose()).collect()
}
