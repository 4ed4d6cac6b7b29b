//! A bag that strangers can check: objects, records, the log entries about them, and the proofs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::exchange::{pages, write_exchanges};
use super::withhold::withhold;
use crate::bag::{BagError, Writer};
use crate::evidence::{CaptureNo, ExhibitNo, Id, ItemNo, ReportNo, Sha256, Time};
use crate::ledger::{BAG_NAMESPACE, LedgerError, Signer, canonical, sshsig, tlog_proof};
use crate::vault::{CaptureRow, ClaimRow, ExhibitRow, LogRow, Published, Reader, ReportRow, VaultError};
use crate::warc::wacz;

const CHECK_LOG: &str = include_str!("../../schema/check_log.py");

/// What to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub exhibits: Vec<ExhibitNo>,
    /// Reports whose references and tries go along whole, those without an exhibit included.
    pub reports: Vec<ReportNo>,
    /// Sealed fields whose values stay behind; their commitments go along, so the log still verifies.
    pub withhold: Vec<String>,
    /// Whether the exchanges go along as a WARC file, too: bodies then are in the bag twice.
    pub warc: bool,
    /// The same with an index and a list of pages, as WACZ.
    pub wacz: bool,
}

/// What was exported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Exported {
    pub bag: PathBuf,
    pub exhibits: Vec<String>,
    /// Reports that go along whole.
    pub reports: Vec<String>,
    pub entries: u64,
    pub objects: u64,
    pub bytes: u64,
    pub signed_by: Option<String>,
}

/// Why there is no bag.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    #[error(transparent)]
    Vault(#[from] VaultError),
    #[error(transparent)]
    Bag(#[from] BagError),
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("{} lies inside the case: an export never writes into its own source", path.display())]
    InsideCase { path: PathBuf },
    #[error("There is no exhibit {0}")]
    NoExhibit(ExhibitNo),
    #[error("There is nothing to export: the case has no exhibits")]
    Nothing,
    #[error("A WARC file is made of the exchanges, and these are to be withheld")]
    WithheldExchange,
    #[error("The WACZ file cannot be written: {0}")]
    Wacz(#[from] std::io::Error),
    #[error("The log is not published whole yet")]
    Unpublished,
    #[error("The object {digest} does not have the bytes that were recorded")]
    Altered { digest: String },
}

impl ExportError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            ExportError::Vault(error) => error.next_step(),
            ExportError::Bag(BagError::Exists { .. }) => Some("a bag goes into a new directory; choose another name with --to"),
            ExportError::InsideCase { .. } => Some("choose a directory outside the case with --to"),
            ExportError::NoExhibit(_) => Some("see `exhibit list`"),
            ExportError::WithheldExchange => Some("leave out --warc and --wacz, or do not withhold the exchange"),
            ExportError::Unpublished => {
                Some("run any command that writes, such as `exhibit archive`, to finish what was interrupted")
            }
            ExportError::Altered { .. } => Some("run `exhibit verify`, and restore the object from a copy"),
            _ => None,
        }
    }
}

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

/// Digests of the fragments that a capture of a stream brought.
pub(super) fn fragments(capture: &CaptureRow) -> Vec<String> {
    if !matches!(capture.method.as_str(), "hls" | "dash") {
        return Vec::new();
    }
    let hops = capture.exchange["hops"].as_array().into_iter().flatten();
    hops.filter_map(|hop| hop["body"].as_str().map(str::to_owned)).collect()
}

/// All that belongs to the exhibits: their records, the entries about them, their objects and reports.
struct Gathered {
    records: Vec<(String, Value)>,
    entries: BTreeSet<u64>,
    objects: BTreeMap<String, &'static str>,
}

impl Gathered {
    /// Takes an object along, and the entry that recorded it. Gives that entry.
    fn take(&mut self, reader: &Reader, digest: &str) -> Result<Option<u64>, VaultError> {
        let object = digest.parse().ok().map(|digest| reader.object(&digest)).transpose()?.flatten();
        let ending = object.map_or("bin", |object| ending(&object.media_type));
        self.objects.entry(digest.to_owned()).or_insert(ending);
        let entry = reader.object_entry(digest)?;
        self.entries.extend(entry);
        Ok(entry)
    }
}

fn gather(reader: &Reader, exhibits: &[ExhibitRow], head: &Published) -> Result<Gathered, ExportError> {
    let mut all = Gathered { records: Vec::new(), entries: BTreeSet::from([0]), objects: BTreeMap::new() };
    let size = head.checkpoint.size;
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
        all.objects.insert(exhibit.sha256.clone(), ending(&exhibit.media_type));
        for digest in
            reports.iter().map(|report| &report.sha256).chain(captures.iter().filter_map(|capture| capture.sha256.as_ref()))
        {
            entries.extend(all.take(reader, digest)?);
        }
        // What a derived file is made of comes along.
        for digest in captures.iter().flat_map(fragments) {
            entries.extend(all.take(reader, &digest)?);
        }
        let record = json!({
            "exhibit": exhibit,
            "file": format!("data/objects/{}.{}", exhibit.sha256, all.objects[&exhibit.sha256]),
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
fn gather_report(reader: &Reader, no: ReportNo, all: &mut Gathered) -> Result<(), ExportError> {
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
    for digest in std::iter::once(&report.sha256).chain(captures.iter().filter_map(|capture| capture.sha256.as_ref())) {
        all.take(reader, digest)?;
    }
    all.entries.insert(report.entry);
    all.entries.extend(mentions.iter().map(|mention| mention.entry));
    all.entries.extend(claims.iter().map(|claim| claim.entry));
    all.entries.extend(captures.iter().map(|capture| capture.entry));
    let record = json!({ "report": report, "mentions": mentions, "claims": claims, "captures": captures });
    all.records.push((no.to_string(), record));
    Ok(())
}

/// Writes a bag into a new directory. `signer` signs its tag manifest; without one the bag says that
/// it is not signed.
pub fn export(
    reader: &Reader,
    selection: &Selection,
    to: &Path,
    signer: Option<&dyn Signer>,
    now: Time,
) -> Result<Exported, ExportError> {
    refuse_inside(reader, to)?;
    if (selection.warc || selection.wacz) && selection.withhold.iter().any(|field| field == "exchange") {
        return Err(ExportError::WithheldExchange);
    }
    let writers = reader.pause_writers()?;
    let _steady = reader.steady()?;
    let head = Published::read(reader.layout())?.ok_or(ExportError::Unpublished)?;
    drop(writers);
    if head.checkpoint.size != reader.size()? || head.checkpoint.root != reader.root(head.checkpoint.size)? {
        return Err(ExportError::Unpublished);
    }
    let mut exhibits = Vec::new();
    for no in &selection.exhibits {
        exhibits.push(reader.exhibit(*no)?.ok_or(ExportError::NoExhibit(*no))?);
    }
    if exhibits.is_empty() && selection.reports.is_empty() {
        return Err(ExportError::Nothing);
    }
    let mut all = gather(reader, &exhibits, &head)?;
    // Without them nobody can tell which key signs.
    all.entries.extend(reader.key_entries()?.into_iter().filter(|entry| *entry < head.checkpoint.size));
    for report in &selection.reports {
        gather_report(reader, *report, &mut all)?;
    }
    let purged = reader.purged()?;
    all.objects.retain(|digest, _| !digest.parse().is_ok_and(|digest| purged.contains_key(&digest)));
    for (_, record) in &mut all.records {
        let gone = record["exhibit"]["sha256"].as_str().and_then(|digest| purged.get(&digest.parse().ok()?));
        if let Some(reason) = gone {
            record["file"] = Value::Null;
            record["erased"] = json!(reason);
        }
    }
    let mut bag = Writer::create(to)?;
    let mut bytes = 0;
    for (digest, ending) in &all.objects {
        let parsed = digest.parse().map_err(|_| ExportError::Altered { digest: digest.clone() })?;
        let mut file = Checking { inner: reader.open_object(&parsed)?, sha256: Sha256::default(), size: 0 };
        bag.add(&format!("objects/{digest}.{ending}"), &mut file)?;
        bytes += file.size;
        // A bag never passes on bytes that are not the recorded ones.
        if file.sha256.finish().to_string() != *digest {
            return Err(ExportError::Altered { digest: digest.clone() });
        }
    }
    for (id, record) in &mut all.records {
        withhold(record, &selection.withhold);
        let mut text = serde_json::to_string_pretty(record).unwrap_or_default();
        text.push('\n');
        bag.add(&format!("record/{id}.json"), &mut text.as_bytes())?;
    }
    if selection.warc {
        let captures = captures_of(&all.records, reader)?;
        bag.add_made("capture/exchange.warc.gz", |out| {
            write_exchanges(reader, &head.checkpoint.origin, &captures, out).map(drop).map_err(ExportError::from)
        })?;
    }
    if selection.wacz {
        let captures = captures_of(&all.records, reader)?;
        let origin = &head.checkpoint.origin;
        // Of the last thing in it, so that the same captures give the same bytes.
        let created = captures.iter().map(|capture| capture.finished.as_str()).max().unwrap_or("1970-01-01T00:00:00Z");
        bag.add_made("capture/exchange.wacz", |out| {
            let warc = |out: &mut dyn std::io::Write| write_exchanges(reader, origin, &captures, out).map_err(ExportError::from);
            wacz(out, created, &format!("Exchanges of {origin}"), warc, &pages(&captures))
        })?;
    }
    log_slice(reader, &all, &exhibits, (&head, &selection.withhold), &mut bag)?;
    let key = reader.keys()?.at(head.checkpoint.size).cloned().ok_or(ExportError::Unpublished)?;
    let guide = how_to_check(
        &exhibits,
        &head,
        &selection.withhold,
        (&key.to_string(), &key.fingerprint()),
        signer.is_some(),
        (!selection.reports.is_empty(), selection.warc, selection.wacz),
    );
    bag.add("HOW-TO-CHECK.md", &mut guide.as_bytes())?;
    let information = [
        ("Bag-Software-Agent", format!("exhibit {}", env!("CARGO_PKG_VERSION"))),
        ("Bagging-Date", now.date()),
        ("External-Identifier", head.checkpoint.origin.clone()),
        (
            "External-Description",
            format!("Exhibits {}", exhibits.iter().map(|exhibit| exhibit.id.as_str()).collect::<Vec<_>>().join(", ")),
        ),
        ("Exhibit-Log-Size", head.checkpoint.size.to_string()),
        ("Exhibit-Log-Root", hex::encode(head.checkpoint.root)),
        ("Exhibit-Withheld", if selection.withhold.is_empty() { "none".into() } else { selection.withhold.join(", ") }),
    ];
    let manifest = bag.seal(&information)?;
    if let Some(signer) = signer {
        bag.beside("tagmanifest-sha256.txt.sig", &sshsig(signer, BAG_NAMESPACE, &manifest)?)?;
    }
    bag.finish()?;
    Ok(Exported {
        bag: to.to_path_buf(),
        exhibits: exhibits.into_iter().map(|exhibit| exhibit.id).collect(),
        reports: selection.reports.iter().map(ReportNo::to_string).collect(),
        entries: all.entries.len() as u64,
        objects: all.objects.len() as u64,
        bytes,
        signed_by: signer.map(|signer| signer.public().fingerprint()),
    })
}

/// The captures that the records tell of, each once, oldest first.
fn captures_of(records: &[(String, Value)], reader: &Reader) -> Result<Vec<CaptureRow>, VaultError> {
    let ids = records.iter().flat_map(|(_, record)| record["captures"].as_array().into_iter().flatten());
    let numbers: BTreeSet<CaptureNo> = ids.filter_map(|capture| capture["id"].as_str()?.parse().ok()).collect();
    numbers.into_iter().filter_map(|number| reader.capture(number).transpose()).collect()
}

/// Digests what is read through it.
struct Checking<R> {
    inner: R,
    sha256: Sha256,
    size: u64,
}

impl<R: std::io::Read> std::io::Read for Checking<R> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.sha256.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}

fn refuse_inside(reader: &Reader, to: &Path) -> Result<(), ExportError> {
    let case = reader.layout().root.canonicalize().unwrap_or_else(|_| reader.layout().root.clone());
    let absolute = std::path::absolute(to).unwrap_or_else(|_| to.to_path_buf());
    // The nearest parent that exists tells where the new directory will be, links followed.
    let real = absolute.ancestors().find_map(|parent| parent.canonicalize().ok()).unwrap_or(absolute);
    if real.starts_with(&case) { Err(ExportError::InsideCase { path: to.to_path_buf() }) } else { Ok(()) }
}

fn log_slice(
    reader: &Reader,
    all: &Gathered,
    exhibits: &[ExhibitRow],
    (head, withheld): (&Published, &[String]),
    bag: &mut Writer,
) -> Result<(), ExportError> {
    let size = head.checkpoint.size;
    let mut lines = Vec::new();
    for index in &all.entries {
        let Some(LogRow { bytes, sealed, .. }) = reader.entry(*index)? else { continue };
        let entry: Value = serde_json::from_slice(&bytes).map_err(LedgerError::NotJson)?;
        let values: Map<String, Value> = sealed
            .iter()
            .filter(|sealed| !withheld.contains(&sealed.field))
            .map(|sealed| (sealed.field.clone(), json!({ "salt": hex::encode(sealed.salt), "value": sealed.value })))
            .collect();
        // Canonical throughout, so that the entry stands in the line byte for byte.
        lines.extend(canonical(&json!({ "index": index, "entry": entry, "sealed": values })));
        lines.push(b'\n');
        let proof = tlog_proof(*index, &reader.inclusion(*index, size)?, &head.text);
        bag.add(&format!("log/proofs/{index}.tlog-proof"), &mut proof.as_bytes())?;
        for exhibit in exhibits.iter().filter(|exhibit| exhibit.entry == *index) {
            bag.add(&format!("log/{}.tlog-proof", exhibit.id), &mut proof.as_bytes())?;
        }
    }
    bag.add("log/entries.jsonl", &mut lines.as_slice())?;
    bag.add("log/checkpoint", &mut head.text.as_bytes())?;
    bag.add("log/check_log.py", &mut CHECK_LOG.as_bytes())?;
    Ok(())
}

fn how_to_check(
    exhibits: &[ExhibitRow],
    head: &Published,
    withheld: &[String],
    (key, fingerprint): (&str, &str),
    signed: bool,
    (whole, warc, wacz): (bool, bool, bool),
) -> String {
    let list: String = exhibits
        .iter()
        .map(|exhibit| {
            format!(
                "- {}: SHA-256 `{}`, {} bytes, {}, log entry {}\n",
                exhibit.id, exhibit.sha256, exhibit.size, exhibit.media_type, exhibit.entry
            )
        })
        .collect();
    let who = if signed {
        format!(
            "Ask the sender, by a way that does not come with this bag, for the fingerprint of their key. It should be\n\n    {fingerprint}\n\nOnly then:\n\n```\necho 'exhibit namespaces=\"{BAG_NAMESPACE}\" {key}' > /tmp/allowed_signers\nssh-keygen -Y verify -f /tmp/allowed_signers -I exhibit -n {BAG_NAMESPACE} -s tagmanifest-sha256.txt.sig < tagmanifest-sha256.txt\n```\n\nIt prints `Good \"{BAG_NAMESPACE}\" signature`. The key in this file proves nothing by itself: whoever forged the bag would have\nforged this line.\n"
        )
    } else {
        "This bag is not signed: the key was not at hand when it was made. Compare the SHA-256 of `tagmanifest-sha256.txt` with the\nsender, by a way that does not come with this bag.\n".to_owned()
    };
    format!(
        "# How to check this bag\n\nIt holds {count} from the case `{origin}`:\n\n{list}\nAll commands run in the bag's own directory, with common tools. `exhibit` is not needed.\n\n## 1. The bytes are complete and unchanged\n\n```\nsha256sum -c --strict --quiet manifest-sha256.txt\nsha256sum -c --strict --quiet tagmanifest-sha256.txt\n```\n\nBoth print nothing. `bagit.py --validate .` (PyPI: bagit) checks the same, and that nothing was added.\n\n## 2. Who sealed it\n\n{who}\n## 3. It is in the log\n\n```\npython3 data/log/check_log.py\n```\n\nThis checks that every entry in `data/log/entries.jsonl` is in the log of {size} entries whose root is\n`{root}`, and that every\nquoted value is the one that was committed to when the entry was made. The short form of that head is\n`{short}`: compare it with one that was noted, printed or mailed earlier, if you have one.\n\n{warc}## What this proves, and what not\n\n{withheld}It proves that these bytes and entries are what was recorded when the entries were made, and that they are in the log that\nthe key signed. The records in `data/record` say the same for people; `exhibit verify` compares them with the entries, the\ncommands above do not.{left} It does not prove that the footage shows what is claimed, nor that it was not fabricated before it was captured.\nUntil proofs from outside cover the log, whoever holds the key could have written the log anew.\n",
        warc = match (warc, wacz) {
            (false, false) => String::new(),
            (warc, wacz) => {
                let mut told = "## 4. How it was obtained\n\n".to_owned();
                if warc {
                    told += "`data/capture/exchange.warc.gz` holds every request and answer, in the form that web archives use. `warcio check -v\ndata/capture/exchange.warc.gz` (PyPI: warcio) checks its digests, and any WARC player replays it.\n\n";
                }
                if wacz {
                    told += "`data/capture/exchange.wacz` holds every request and answer with an index and a list of pages, for web archive players.\n`wacz validate -f data/capture/exchange.wacz` (PyPI: wacz) checks its digests.\n\n";
                }
                told
            }
        },
        count = if exhibits.is_empty() {
            "a report's record".to_owned()
        } else if exhibits.len() == 1 {
            "one exhibit".to_owned()
        } else {
            format!("{} exhibits", exhibits.len())
        },
        withheld = match withheld {
            [] => String::new(),
            fields => format!(
                "Withheld from this bag: {}. The entries hold commitments to the values; whoever has a value and its salt can show\nthat it is the one.\n\n",
                fields.join(", ")
            ),
        },
        left = if whole {
            ""
        } else {
            " Only the named\nexhibits are here: what the reports mention besides, and tries that failed, stayed in the case."
        },
        origin = head.checkpoint.origin,
        size = head.checkpoint.size,
        root = hex::encode(head.checkpoint.root),
        short = head.checkpoint.fingerprint(),
    )
}
