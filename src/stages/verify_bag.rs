//! Checks an exported bag with the same codes as a case: files, signature, log slice.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::ops::Bound;
use std::path::Path;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::Value;

use super::anchor::{Attest, Outside, attest, short, way_of};
use super::clock::Clock;
use super::verify::key_findings;
use super::{Checked, Covered, Depth, FixityCount, SealedCount, Verification, records};
use crate::bag::{BagError, BagProblem, check_bag};
use crate::evidence::{Code, Event, ExhibitAdmitted, Finding, Verdict};
use crate::keyring::Trusted;
use crate::ledger::{
    BAG_NAMESPACE, Checkpoint, Hash, Keys, Note, PublicKey, Sealed, canonical_value, commitments, is_canonical, leaf_hash, open,
    tlog_proof, verify_consistency, verify_inclusion, verify_sshsig, verify_timestamp,
};

/// Verifies a bag. Trusted keys come from outside it.
pub fn verify_bag(bag: &Path, trusted: &[Trusted], outside: &Outside) -> Result<Verification, BagError> {
    let (files, problems) = check_bag(bag)?;
    let mut findings: Vec<Finding> = problems.into_iter().map(finding).collect();
    let mut checked = Checked { objects: 0, bytes: 0, entries: 0 };
    checked.objects = files.iter().filter(|file| file.path.starts_with("data/objects/")).count() as u64;
    let mut held = BTreeSet::new();
    for file in files.iter().filter(|file| file.path.starts_with("data/objects/")) {
        let name = file.path.rsplit('/').next().unwrap_or("").split('.').next().unwrap_or("");
        if name != file.sha256 {
            let detail = "The bytes are not those that the object's name stands for";
            findings.push(Finding::red(Code::ObjectAltered, file.path.clone(), detail).at(file.path.clone()));
        }
        if !held.insert(file.sha256.clone()) {
            let detail = "The bag holds the same object twice";
            findings.push(Finding::red(Code::ObjectExtra, file.path.clone(), detail).at(file.path.clone()));
        }
        checked.bytes += file.size;
    }
    let own = bag.join("data/log/checkpoint").is_file();
    let signer = signature(bag, own, trusted, &mut findings);
    let mut notes = Vec::new();
    if !own {
        notes.push("a bag without a log: its files are as its manifests say, which anybody could have written".to_owned());
    }
    let mut sealed = SealedCount::default();
    let mut fingerprint = None;
    let mut covered = Covered::default();
    if own {
        let known = Known { held, signer };
        fingerprint = log(bag, trusted, &known, (&mut findings, &mut covered), &mut checked, (&mut sealed, outside));
    }
    stamps(bag, &outside.roots, &mut findings, &mut covered);
    covered.self_attested = checked.entries - checked.entries.min(covered.up_to);
    findings.sort();
    findings.dedup();
    Ok(Verification {
        verdict: Verdict::of(&findings),
        depth: Depth::Full,
        anchored: covered,
        checked,
        findings,
        sealed,
        fingerprint,
        fixity: FixityCount::default(),
        notes,
        looked: Vec::new(),
    })
}

fn finding(problem: BagProblem) -> Finding {
    match problem {
        BagProblem::Altered { path, why } => Finding::red(Code::BagFileAltered, path.clone(), why).at(path),
        BagProblem::Missing { path } => {
            Finding::red(Code::BagFileMissing, path.clone(), "A manifest lists the file, and it is not there").at(path)
        }
        BagProblem::Extra { path } => Finding::red(Code::BagFileExtra, path.clone(), "No manifest lists the file").at(path),
        BagProblem::Invalid { why } => Finding::red(Code::BagInvalid, "bag", why),
        BagProblem::Doubtful { why } => Finding::amber(Code::BagDoubtful, "bag", why),
    }
}

/// What is known of a bag before its log is read.
struct Known {
    /// Digests of the objects that it holds.
    held: BTreeSet<String>,
    /// Who signed it.
    signer: Option<PublicKey>,
}

fn signature(bag: &Path, own: bool, trusted: &[Trusted], findings: &mut Vec<Finding>) -> Option<PublicKey> {
    let name = "tagmanifest-sha256.txt.sig";
    let Ok(armoured) = fs::read_to_string(bag.join(name)) else {
        if own {
            findings.push(Finding::amber(Code::KeyUnknown, "bag", "The bag is not signed"));
        }
        return None;
    };
    let manifest = fs::read(bag.join("tagmanifest-sha256.txt")).unwrap_or_default();
    match verify_sshsig(&armoured, BAG_NAMESPACE, &manifest) {
        Err(error) => {
            findings.push(Finding::red(Code::SignatureInvalid, "bag", error.to_string()).at(name));
            None
        }
        Ok(key) => {
            know(&key, "bag", trusted, findings);
            Some(key)
        }
    }
}

fn know(key: &PublicKey, subject: &str, trusted: &[Trusted], findings: &mut Vec<Finding>) {
    if !trusted.iter().any(|trusted| trusted.key == *key) {
        let detail = format!("The key {} is not among those that you trust", key.fingerprint());
        findings.push(Finding::amber(Code::KeyUnknown, subject, detail));
    }
}

/// Every entry of the slice: in the log under the checkpoint, its values the ones committed to; the
/// checkpoint signed by the key that opened the case.
fn log(
    bag: &Path,
    trusted: &[Trusted],
    known: &Known,
    (findings, covered): (&mut Vec<Finding>, &mut Covered),
    checked: &mut Checked,
    (sealed, outside): (&mut SealedCount, &Outside),
) -> Option<String> {
    let dir = bag.join("data/log");
    let text = fs::read_to_string(dir.join("checkpoint")).unwrap_or_default();
    let parsed = Note::parse(&text).and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
    let (head, note) = match parsed {
        Ok(parsed) => parsed,
        Err(error) => {
            findings.push(Finding::red(Code::CheckpointDiffers, "checkpoint", error.to_string()).at("data/log/checkpoint"));
            return None;
        }
    };
    let lines = fs::read_to_string(dir.join("entries.jsonl")).unwrap_or_default();
    let (mut keys, mut clock) = (Keys::default(), Clock::default());
    let mut said = BTreeMap::new();
    let (mut kept, mut purged, mut admitted_all) = (BTreeSet::new(), BTreeSet::new(), Vec::new());
    for line in lines.lines() {
        let row: Value = serde_json::from_str(line).unwrap_or_default();
        if !is_canonical(line.as_bytes(), &row) {
            let detail = "A line of entries.jsonl is not canonical JSON";
            findings.push(Finding::red(Code::EntryAltered, "log", detail).at("data/log/entries.jsonl"));
        }
        let (Some(index), Some(entry)) = (row.get("index").and_then(Value::as_u64), row.get("entry")) else {
            findings.push(
                Finding::red(Code::EntryAltered, "log", "A line of entries.jsonl is not an entry").at("data/log/entries.jsonl"),
            );
            continue;
        };
        checked.entries += 1;
        let bytes = canonical_value(entry);
        let opened = open(&bytes, &[]);
        if said.range((Bound::Excluded(index), Bound::Unbounded)).next().is_some() {
            let detail = "The entry stands behind a later one in entries.jsonl";
            findings.push(Finding::red(Code::EntryAltered, format!("entry {index}"), detail).at("data/log/entries.jsonl"));
        }
        findings.extend(opened.as_ref().ok().and_then(|entry| clock.take(index, entry.time)));
        match opened.map(|entry| entry.event) {
            Ok(Event::ExhibitAdmitted(admitted)) => admitted_all.push((index, admitted)),
            Ok(Event::ObjectKept(object)) => {
                kept.insert(object.object.sha256.to_string());
            }
            Ok(Event::ObjectPurged(gone)) => {
                purged.insert(gone.object.to_string());
            }
            Ok(event) => {
                if let Err(error) = keys.take(index, &event) {
                    let detail = format!("The change of keys is not signed as it must be: {error}");
                    findings.push(Finding::red(Code::SignatureInvalid, format!("entry {index}"), detail));
                }
            }
            Err(_) => {}
        }
        if !proves(row.get("proof"), index, &bytes, &head) {
            findings.push(Finding::red(
                Code::EntryAltered,
                format!("entry {index}"),
                "The entry is not in the log under this checkpoint",
            ));
        }
        values(index, &bytes, row.get("sealed"), findings, sealed);
        if said.insert(index, row).is_some() {
            let detail = "The entry is in entries.jsonl twice";
            findings.push(Finding::red(Code::EntryAltered, format!("entry {index}"), detail).at("data/log/entries.jsonl"));
        }
    }
    for (index, admitted) in &admitted_all {
        admitted_is_here(*index, admitted, &known.held, &purged, findings);
    }
    for object in known.held.difference(&kept) {
        let detail = format!("No entry of the log slice names the object {object}");
        findings.push(Finding::red(Code::ObjectExtra, object.clone(), detail));
    }
    proofs(&dir, &said, &admitted_all, &text, findings);
    records::compare(&dir, &said, findings);
    records::graphs(&dir, &said, findings);
    records::exchanges(bag, findings);
    findings.extend(key_findings(&keys, head.size));
    let key = keys.at(head.size).filter(|_| keys.origin == head.origin);
    if let (Some(key), Some(signer)) = (key, &known.signer)
        && key != signer
    {
        let detail = format!("The bag was signed by {}, and its log by another key, {}", signer.fingerprint(), key.fingerprint());
        findings.push(Finding::amber(Code::KeyUnknown, "bag", detail));
    }
    match key {
        Some(key) if note.signed_by(&head.origin, key) => {
            // Trust in a key reaches those that it agreed to.
            let reaching = keys.reaching(head.size);
            let known = reaching.iter().find(|key| trusted.iter().any(|trusted| trusted.key == ***key));
            know(known.unwrap_or(&key), "checkpoint", trusted, findings);
        }
        _ => findings.push(
            Finding::red(Code::SignatureInvalid, "checkpoint", "The checkpoint is not signed by the key that opened the case")
                .at("data/log/checkpoint"),
        ),
    }
    anchors(&dir, &head, &keys, outside, findings, covered);
    Some(head.fingerprint())
}

/// The bytes of an admitted exhibit are in the bag.
fn admitted_is_here(
    index: u64,
    admitted: &ExhibitAdmitted,
    held: &BTreeSet<String>,
    purged: &BTreeSet<String>,
    findings: &mut Vec<Finding>,
) {
    let digest = admitted.object.to_string();
    if purged.contains(&digest) && !held.contains(&digest) {
        let detail = format!("The bytes {digest} were removed on purpose before the bag was made, as the log says");
        findings.push(Finding::amber(Code::ObjectErased, format!("entry {index}"), detail));
    } else if !held.contains(&digest) {
        findings.push(Finding::red(
            Code::ObjectMissing,
            format!("entry {index}"),
            format!("The bytes {digest} that the entry admits are not in the bag"),
        ));
    }
}

/// Proofs from outside over earlier heads: each is of a beginning of this log, signed by the key of then.
fn anchors(dir: &Path, head: &Checkpoint, keys: &Keys, outside: &Outside, findings: &mut Vec<Finding>, covered: &mut Covered) {
    for file in walkdir::WalkDir::new(dir.join("anchors")).sort_by_file_name().into_iter().flatten() {
        let path = file.path();
        let Some(way) = path.extension().and_then(|ending| way_of(ending.to_str()?)) else { continue };
        let subject = format!("anchor {}", path.file_stem().unwrap_or_default().to_string_lossy());
        match anchor(path, way, head, keys, outside) {
            Err(why) => findings.push(Finding::red(Code::AnchorInvalid, subject, why)),
            Ok((_, Attest { doubt: Some(doubt), .. })) => {
                findings.push(Finding::amber(Code::AnchorUntrusted, subject, doubt));
            }
            Ok((size, said)) => {
                covered.up_to = covered.up_to.max(size);
                covered.by.push(format!("{} at {}", said.who, said.time.plain()));
            }
        }
    }
}

fn anchor(token: &Path, way: &str, head: &Checkpoint, keys: &Keys, outside: &Outside) -> Result<(u64, Attest), String> {
    let read = |path: &Path| short(fs::File::open(path).map_err(|error| error.to_string())?);
    let beside = |ending: &str| {
        let text =
            read(&token.with_extension(ending)).and_then(|bytes| String::from_utf8(bytes).map_err(|error| error.to_string()));
        text.map_err(|why| format!("its .{ending} file cannot be read: {why}"))
    };
    let (text, proof) = (beside("note")?, beside("consistency")?);
    let parsed = Note::parse(&text).and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
    let (old, note) = parsed.map_err(|error| format!("what it attests is no head of a log: {error}"))?;
    let path: Option<Vec<Hash>> = proof.lines().skip(2).map(|line| STANDARD.decode(line).ok()?.try_into().ok()).collect();
    let begins = path.is_some_and(|path| verify_consistency(old.size, head.size, &old.root, &head.root, &path));
    if old.origin != head.origin || !begins {
        return Err("the head that it attests is not a beginning of this log".into());
    }
    if !keys.at(old.size).is_some_and(|key| note.signed_by(&old.origin, key)) {
        return Err("the head that it attests is not signed by the key of then".into());
    }
    let answer = read(token)?;
    let block = beside("block").ok();
    Ok((old.size, attest(way, &answer, &text, block.as_deref().map(str::trim), outside)?))
}

/// Timestamps over the bag itself.
fn stamps(bag: &Path, roots: &[Vec<u8>], findings: &mut Vec<Finding>, covered: &mut Covered) {
    let manifest = fs::read(bag.join("tagmanifest-sha256.txt")).unwrap_or_default();
    for number in 1.. {
        let name = format!("tagmanifest-sha256.txt.{number}.tsr");
        let Ok(answer) = fs::read(bag.join(&name)) else { break };
        match verify_timestamp(&answer, &manifest, None, roots, &[]) {
            Err(error) => findings.push(Finding::red(Code::AnchorInvalid, "bag", error.to_string()).at(name)),
            Ok(stamp) => match stamp.trusted {
                Err(why) => {
                    let detail =
                        format!("The timestamp of {} is whole, but its authority is not one that you trust: {why}", stamp.time);
                    findings.push(Finding::amber(Code::AnchorUntrusted, "bag", detail).at(name));
                }
                Ok(()) => covered.by.push(format!("{} at {}, of the bag", stamp.authority, stamp.time.plain())),
            },
        }
    }
}

/// Hashes of a list of texts in base64.
fn hashes(list: &Value) -> Option<Vec<Hash>> {
    list.as_array()?.iter().map(|hash| STANDARD.decode(hash.as_str()?).ok()?.try_into().ok()).collect()
}

/// Files with proofs are those of the exhibits, and say what the slice says.
fn proofs(
    dir: &Path,
    said: &BTreeMap<u64, Value>,
    admitted: &[(u64, ExhibitAdmitted)],
    checkpoint: &str,
    findings: &mut Vec<Finding>,
) {
    let expected: BTreeSet<String> = admitted
        .iter()
        .filter_map(|(index, _)| Some(tlog_proof(*index, &hashes(&said.get(index)?["proof"])?, checkpoint)))
        .collect();
    for file in fs::read_dir(dir).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        if name.ends_with(".tlog-proof") && !fs::read_to_string(file.path()).is_ok_and(|proof| expected.contains(&proof)) {
            let detail = "The proof is not that of an exhibit of the bag";
            findings.push(Finding::red(Code::EntryAltered, name.clone(), detail).at(format!("data/log/{name}")));
        }
    }
}

fn proves(proof: Option<&Value>, index: u64, entry: &[u8], head: &Checkpoint) -> bool {
    let path = proof.and_then(hashes);
    path.is_some_and(|path| verify_inclusion(index, head.size, leaf_hash(entry), &path, &head.root))
}

fn values(index: u64, entry: &[u8], held: Option<&Value>, findings: &mut Vec<Finding>, sealed: &mut SealedCount) {
    let Ok(committed) = commitments(entry) else {
        findings.push(Finding::red(Code::EntryAltered, format!("entry {index}"), "The entry cannot be read"));
        return;
    };
    if held.is_some_and(|held| !held.is_object()) {
        findings.push(Finding::red(Code::SealedAltered, format!("entry {index}"), "Its sealed values are no object"));
    }
    for (field, commitment) in committed {
        let Some(value) = held.and_then(|held| held.get(&field)) else {
            sealed.withheld += 1;
            continue;
        };
        let mut salt = [0; 16];
        let read = value.get("salt").and_then(Value::as_str).is_some_and(|text| hex::decode_to_slice(text, &mut salt).is_ok());
        let opened = Sealed { field: field.clone(), salt, value: value.get("value").cloned().unwrap_or_default() };
        if read && opened.commitment() == commitment {
            sealed.present += 1;
        } else {
            findings.push(Finding::red(
                Code::SealedAltered,
                format!("entry {index}"),
                format!("The value {field} is not the one that the entry commits to"),
            ));
        }
    }
}
