//! A bag that strangers can check: objects, records, the log entries about them, and the proofs.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::anchor::{block, ending_of};
use super::case::{Beside, case_graph};
use super::closed::Closed;
use super::exchange::{pages, write_exchanges};
use super::gather::{Gathered, captures_of, gather, gather_report};
use super::guide::{Guide, how_to_check};
use super::page::{About, certificate_page, declaration_page, index_page, record_page};
use super::profile::Profile;
use super::table::{Columns, tables, xlsx};
use super::withhold::withhold;
use crate::bag::{BagError, Writer};
use crate::evidence::{Digest, ExhibitNo, ReportNo, Sha256, Time};
use crate::ledger::{BAG_NAMESPACE, LedgerError, PublicKey, Signer, canonical, sshsig, tlog_proof};
use crate::vault::{AnchorRow, ExhibitRow, LogRow, Published, Reader, VaultError};
use crate::warc::wacz;

/// The second verifier, in every bag.
const VERIFY: &str = include_str!("../../tools/verify_case.py");

/// What to export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    pub exhibits: Vec<ExhibitNo>,
    /// Reports whose references and tries go along whole, those without an exhibit included.
    pub reports: Vec<ReportNo>,
    /// What stays behind: values of sealed fields. Their commitments go along, so the log still verifies.
    pub profile: Profile,
    /// What to do with exhibits that are restricted or on hold.
    pub restricted: Restricted,
    /// Whether the exchanges go along as a WARC file, too: bodies then are in the bag twice.
    pub warc: bool,
    /// The same with an index and a list of pages, as WACZ.
    pub wacz: bool,
    /// CSV tables with these columns.
    pub tables: Option<Columns>,
    /// One zip file instead of a directory.
    pub zip: bool,
}

/// What to do with exhibits that are restricted or on hold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Restricted {
    /// There is no bag.
    #[default]
    Refused,
    Included,
    LeftOut,
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
    /// SHA-256 of tagmanifest-sha256.txt, which names all of it.
    pub manifest: Digest,
    /// The head that it holds: entries.
    pub log_size: u64,
    /// Digests of the exhibits.
    #[serde(skip)]
    pub digests: Vec<Digest>,
    /// Exhibits and reports that were left out, as they are restricted or on hold.
    pub left_out: Vec<String>,
    /// Timestamps over the manifest.
    pub timestamps: u64,
    /// What was asked for and is not there, and why.
    pub problems: Vec<String>,
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
    #[error("There is nothing to export: {0} restricted or on hold, and nothing else was asked for")]
    AllLeftOut(String),
    #[error("A WARC file is made of the exchanges, and these are to be withheld")]
    WithheldExchange,
    #[error("The WACZ file cannot be written: {0}")]
    Wacz(#[from] std::io::Error),
    #[error("{0} restricted or on hold")]
    Restricted(String),
    #[error("The tables cannot be written: {0}")]
    Table(String),
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
            ExportError::Restricted(_) => {
                Some("say --include-restricted if the recipient may have them, or --leave-out-restricted")
            }
            ExportError::AllLeftOut(_) => Some("say --include-restricted if the recipient may have them"),
            ExportError::WithheldExchange => Some("leave out --warc and --wacz, or do not withhold the exchange"),
            ExportError::Unpublished => {
                Some("run any command that writes, such as `exhibit archive`, to finish what was interrupted")
            }
            ExportError::Altered { .. } => Some("run `exhibit verify`, and restore the object from a copy"),
            _ => None,
        }
    }
}

/// A timestamp of bytes from each authority that is asked, or why it gave none.
pub type Stamp<'a> = &'a dyn Fn(&[u8]) -> Vec<Result<Vec<u8>, String>>;

/// A page as PDF, or why there is none.
pub type Print<'a> = &'a dyn Fn(&str) -> Result<Vec<u8>, String>;

/// Who signs a bag, who attests when, and what draws its pages on paper.
pub struct Sealing<'a> {
    pub signer: Option<&'a dyn Signer>,
    /// Gives timestamps (RFC 3161) of bytes, or why there are none.
    pub stamp: Stamp<'a>,
    /// Pages for people go along as PDF, too, if this is there.
    pub print: Option<Print<'a>>,
    pub now: Time,
}

/// What is asked for, and may go or not.
struct Permitted {
    exhibits: Vec<ExhibitRow>,
    reports: Vec<ReportNo>,
    left_out: Vec<String>,
}

/// Of the exhibits and reports that are asked for, those that may go, and those that are left out.
fn permitted(reader: &Reader, selection: &Selection, closed: &Closed) -> Result<Permitted, ExportError> {
    let (mut kept_back, mut open) = (Vec::new(), Vec::new());
    for no in &selection.exhibits {
        let exhibit = reader.exhibit(*no)?.ok_or(ExportError::NoExhibit(*no))?;
        let is_closed = exhibit.sha256.parse().map_or(Ok(true), |digest| closed.object(reader, &digest))?;
        if is_closed { &mut kept_back } else { &mut open }.push(exhibit);
    }
    let mut left_out: Vec<String> = kept_back.iter().map(|exhibit| exhibit.id.clone()).collect();
    let (closed, reports) = selection.reports.iter().partition(|no| closed.report(&no.to_string()));
    let closed: Vec<ReportNo> = closed;
    left_out.extend(closed.iter().map(ReportNo::to_string));
    if selection.restricted == Restricted::Refused && !left_out.is_empty() {
        return Err(ExportError::Restricted(they_are(&left_out)));
    }
    Ok(Permitted { exhibits: open, reports, left_out })
}

/// `E1, R2 are`
fn they_are(those: &[String]) -> String {
    let verb = if those.len() == 1 { "is" } else { "are" };
    format!("{} {verb}", those.join(", "))
}

/// Writes a bag into a new directory or zip file. Without a signer the bag says that it is not signed.
pub fn export(reader: &Reader, selection: &Selection, to: &Path, sealing: &Sealing<'_>) -> Result<Exported, ExportError> {
    refuse_inside(reader, to)?;
    let withheld = &selection.profile.withhold;
    if (selection.warc || selection.wacz) && withheld.iter().any(|field| field == "exchange") {
        return Err(ExportError::WithheldExchange);
    }
    let writers = reader.pause_writers()?;
    let _steady = reader.steady()?;
    let head = Published::read(reader.layout())?.ok_or(ExportError::Unpublished)?;
    drop(writers);
    if head.checkpoint.size != reader.size()? || head.checkpoint.root != reader.root(head.checkpoint.size)? {
        return Err(ExportError::Unpublished);
    }
    let closed = match selection.restricted {
        Restricted::Included => Closed::default(),
        Restricted::LeftOut | Restricted::Refused => Closed::of(reader)?,
    };
    let Permitted { exhibits, reports, left_out } = permitted(reader, selection, &closed)?;
    if exhibits.is_empty() && reports.is_empty() {
        return Err(if left_out.is_empty() { ExportError::Nothing } else { ExportError::AllLeftOut(they_are(&left_out)) });
    }
    let mut all = gather(reader, &exhibits, &head, &closed)?;
    // Without them nobody can tell which key signs.
    all.entries.extend(reader.key_entries()?.into_iter().filter(|entry| *entry < head.checkpoint.size));
    for report in &reports {
        gather_report(reader, *report, &mut all, &closed)?;
    }
    let anchors = anchors(reader, head.checkpoint.size)?;
    let mut bag = if selection.zip { Writer::create_zip(to)? } else { Writer::create(to)? };
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
    let captures = captures_of(&all.records, reader)?;
    for (_, record) in &mut all.records {
        withhold(record, withheld);
    }
    let key = reader.keys()?.at(head.checkpoint.size).cloned().ok_or(ExportError::Unpublished)?;
    let about = about(&all, &head, &anchors, selection, &key);
    let mut problems = Vec::new();
    records(reader, &all, &about, selection, (sealing.print, &mut problems), &mut bag)?;
    if selection.warc {
        bag.add_made("capture/exchange.warc.gz", |out| {
            write_exchanges(reader, &head.checkpoint.origin, &captures, &closed, out).map(drop).map_err(ExportError::from)
        })?;
    }
    if selection.wacz {
        let origin = &head.checkpoint.origin;
        // Of the last thing in it, so that the same captures give the same bytes.
        let created = captures.iter().map(|capture| capture.finished.as_str()).max().unwrap_or("1970-01-01T00:00:00Z");
        bag.add_made("capture/exchange.wacz", |out| {
            let warc = |out: &mut dyn std::io::Write| {
                write_exchanges(reader, origin, &captures, &closed, out).map_err(ExportError::from)
            };
            wacz(out, created, &format!("Exchanges of {origin}"), warc, &pages(&captures))
        })?;
    }
    log_slice(reader, &all, &exhibits, (&head, withheld), &mut bag)?;
    for anchor in &anchors {
        put_anchor(reader, anchor, head.checkpoint.size, &mut bag)?;
    }
    let guide = Guide {
        exhibits: &exhibits,
        head: &head,
        profile: &selection.profile,
        key: &key,
        signed: sealing.signer.is_some(),
        whole: !reports.is_empty(),
        warc: selection.warc,
        wacz: selection.wacz,
        anchors: &anchors,
        erased: all.records.iter().any(|(_, record)| record["erased"].is_string()),
    };
    bag.add("HOW-TO-CHECK.md", &mut how_to_check(&guide).as_bytes())?;
    let ids = exhibits.iter().map(|exhibit| exhibit.id.as_str()).collect::<Vec<_>>().join(", ");
    let left = match &withheld[..] {
        [] => "none".to_owned(),
        fields if selection.profile.why.is_empty() => fields.join(", "),
        fields => format!("{} ({}: {})", fields.join(", "), selection.profile.name, selection.profile.why),
    };
    let information = [
        ("Bag-Software-Agent", format!("exhibit {}", env!("CARGO_PKG_VERSION"))),
        ("BagIt-Profile-Identifier", "https://example.org/exhibit/bagit-profile.json".to_owned()),
        ("Bagging-Date", sealing.now.date()),
        ("External-Identifier", head.checkpoint.origin.clone()),
        ("External-Description", format!("Exhibits {ids}")),
        ("Exhibit-Log-Size", head.checkpoint.size.to_string()),
        ("Exhibit-Log-Root", hex::encode(head.checkpoint.root)),
        ("Exhibit-Withheld", left),
    ];
    let manifest = bag.seal(&information)?;
    if let Some(signer) = sealing.signer {
        bag.beside("tagmanifest-sha256.txt.sig", sshsig(signer, BAG_NAMESPACE, &manifest)?.as_bytes())?;
    }
    let mut timestamps = 0;
    for answer in (sealing.stamp)(&manifest) {
        match answer {
            Ok(answer) => {
                timestamps += 1;
                bag.beside(&format!("tagmanifest-sha256.txt.{timestamps}.tsr"), &answer)?;
            }
            Err(why) => problems.push(format!("without this timestamp: {why}")),
        }
    }
    bag.finish()?;
    Ok(Exported {
        bag: to.to_path_buf(),
        digests: exhibits.iter().filter_map(|exhibit| exhibit.sha256.parse().ok()).collect(),
        exhibits: exhibits.into_iter().map(|exhibit| exhibit.id).collect(),
        reports: reports.iter().map(ReportNo::to_string).collect(),
        entries: all.entries.len() as u64,
        objects: all.objects.len() as u64,
        bytes,
        signed_by: sealing.signer.map(|signer| signer.public().fingerprint()),
        manifest: Digest::of(&manifest),
        log_size: head.checkpoint.size,
        left_out,
        timestamps,
        problems,
    })
}

/// What every page says of the bag.
fn about(all: &Gathered, head: &Published, anchors: &[AnchorRow], selection: &Selection, key: &PublicKey) -> About {
    let head = &head.checkpoint;
    let settings = all.records.iter().flat_map(|(_, record)| record["captures"].as_array().into_iter().flatten());
    let settings: BTreeSet<String> = settings.filter_map(|capture| capture["settings"].as_str().map(str::to_owned)).collect();
    About {
        program: format!("exhibit {}", env!("CARGO_PKG_VERSION")),
        key: Some(key.fingerprint()),
        anchors: anchors.iter().map(|anchor| (anchor.authority.clone(), anchor.size, anchor.time.clone())).collect(),
        collector: None,
        purpose: None,
        settings: settings.into_iter().collect(),
        log: (head.origin.clone(), head.size, hex::encode(head.root), head.fingerprint()),
        withheld: selection.profile.withhold.clone(),
        made: None,
    }
}

/// The records: for programs, for people, and as CASE/UCO; papers for a person to sign; the tables.
fn records(
    reader: &Reader,
    all: &Gathered,
    about: &About,
    selection: &Selection,
    (mut print, problems): (Option<Print<'_>>, &mut Vec<String>),
    bag: &mut Writer,
) -> Result<(), ExportError> {
    let mut page = |bag: &mut Writer, name: &str, html: String| -> Result<(), ExportError> {
        bag.add(&format!("record/{name}.html"), &mut html.as_bytes())?;
        match print.map(|print| print(&html)) {
            Some(Ok(pdf)) => bag.add(&format!("record/{name}.pdf"), &mut &pdf[..])?,
            // What cannot print one page will not print the next.
            Some(Err(why)) => {
                problems.push(format!("without a PDF of {name} and the pages after it: {why}"));
                print = None;
            }
            None => {}
        }
        Ok(())
    };
    let beside = beside(reader, all, &selection.profile.withhold)?;
    for (id, record) in &all.records {
        let mut text = serde_json::to_string_pretty(record).unwrap_or_default();
        text.push('\n');
        bag.add(&format!("record/{id}.json"), &mut text.as_bytes())?;
        if !id.starts_with('E') {
            continue;
        }
        page(bag, id, record_page(record, about))?;
        let mut graph = serde_json::to_string_pretty(&case_graph(record, &beside)).unwrap_or_default();
        graph.push('\n');
        bag.add(&format!("record/{id}.case.jsonld"), &mut graph.as_bytes())?;
    }
    page(bag, "index", index_page(&all.records, about))?;
    page(bag, "certificate", certificate_page(&all.records, about))?;
    page(bag, "declaration", declaration_page(&all.records, about))?;
    if let Some(columns) = &selection.tables {
        let tables = tables(&all.records, columns);
        for table in &tables {
            bag.add(&format!("tables/{}.csv", table.name), &mut table.csv(false).as_bytes())?;
        }
        bag.add("tables/tables.xlsx", &mut &xlsx(&tables).map_err(ExportError::Table)?[..])?;
    }
    Ok(())
}

/// What the graphs say besides the records: of other objects, and who and what made each capture.
fn beside(reader: &Reader, all: &Gathered, withheld: &[String]) -> Result<Beside, VaultError> {
    let mut beside = Beside { objects: BTreeMap::new(), captures: BTreeMap::new() };
    for (digest, ending) in &all.objects {
        let Some(object) = digest.parse().ok().map(|digest| reader.object(&digest)).transpose()?.flatten() else { continue };
        let path = format!("data/objects/{digest}.{ending}");
        beside.objects.insert(digest.clone(), (object.size, object.media_type, Some(path)));
    }
    let person = !withheld.iter().any(|field| field == "person");
    let captures = all.records.iter().flat_map(|(_, record)| record["captures"].as_array().into_iter().flatten());
    for index in captures.filter_map(|capture| capture["entry"].as_u64()) {
        let Some(row) = reader.entry(index)? else { continue };
        let whole: Value = serde_json::from_slice(&row.bytes).unwrap_or_default();
        let by = row.sealed.iter().find(|sealed| sealed.field == "person" && person).map(|sealed| sealed.value.clone());
        beside.captures.insert(
            index,
            json!({ "person": by, "tool": whole["event"]["tool"], "agent": whole["agent"]["tool"],
                    "alterations": whole["event"]["alterations"], "time": whole["time"] }),
        );
    }
    Ok(beside)
}

/// The timestamps of heads up to this one.
fn anchors(reader: &Reader, size: u64) -> Result<Vec<AnchorRow>, VaultError> {
    Ok(reader.anchors()?.into_iter().filter(|anchor| anchor.size <= size).collect())
}

/// A timestamp with the head that it attests, and the proof that this is a beginning of the bag's.
fn put_anchor(reader: &Reader, anchor: &AnchorRow, size: u64, bag: &mut Writer) -> Result<(), ExportError> {
    for (digest, ending) in [(&anchor.note, "note"), (&anchor.token, ending_of(&anchor.way))] {
        let parsed = digest.parse().map_err(|_| ExportError::Altered { digest: digest.clone() })?;
        bag.add(&format!("log/anchors/{}.{ending}", anchor.id), &mut reader.open_object(&parsed)?)?;
    }
    if let Some(header) = block(reader, anchor)? {
        bag.add(&format!("log/anchors/{}.block", anchor.id), &mut format!("{header}\n").as_bytes())?;
    }
    let proof = reader.consistency(anchor.size, size)?;
    let lines: String = proof.iter().map(|hash| format!("{}\n", STANDARD.encode(hash))).collect();
    let text = format!("old {}\nnew {size}\n{lines}", anchor.size);
    Ok(bag.add(&format!("log/anchors/{}.consistency", anchor.id), &mut text.as_bytes())?)
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
    let proofs = reader.proofs(head.checkpoint.size);
    let mut lines = Vec::new();
    let mut admitted: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for exhibit in exhibits {
        admitted.entry(exhibit.entry).or_default().push(&exhibit.id);
    }
    for index in &all.entries {
        let Some(LogRow { bytes, sealed, .. }) = reader.entry(*index)? else { continue };
        let entry: Value = serde_json::from_slice(&bytes).map_err(LedgerError::NotJson)?;
        let values: Map<String, Value> = sealed
            .iter()
            .filter(|sealed| !withheld.contains(&sealed.field))
            .map(|sealed| (sealed.field.clone(), json!({ "salt": hex::encode(sealed.salt), "value": sealed.value })))
            .collect();
        let path = proofs.inclusion(*index)?;
        let proof: Vec<String> = path.iter().map(|hash| STANDARD.encode(hash)).collect();
        // Canonical throughout, so that the entry stands in the line byte for byte.
        lines.extend(canonical(&json!({ "index": index, "entry": entry, "proof": proof, "sealed": values })));
        lines.push(b'\n');
        for id in admitted.get(index).into_iter().flatten() {
            let proof = tlog_proof(*index, &path, &head.text);
            bag.add(&format!("log/{id}.tlog-proof"), &mut proof.as_bytes())?;
        }
    }
    bag.add("log/entries.jsonl", &mut lines.as_slice())?;
    bag.add("log/checkpoint", &mut head.text.as_bytes())?;
    bag.add("log/verify_case.py", &mut VERIFY.as_bytes())?;
    Ok(())
}
