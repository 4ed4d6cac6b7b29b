//! Proofs from outside: timestamps, calendars and witnesses of the signed head, asked for, checked on receipt, kept, and
//! checked again by verify.

mod attest;

use std::collections::BTreeSet;

use serde::Serialize;

use super::clock::against;
use super::record::kept;
use crate::evidence::{AnchorMade, AnchorPending, Code, Digest, Event, Finding, ObjectKept, Time};
use crate::ledger::{
    Attestation, Checkpoint, Keys, Note, Proof, add_checkpoint, nonce_of, open, timestamp_request, verify_timestamp,
};
use crate::vault::{AnchorRow, Effects, PendingRow, Published, Reader, Vault, VaultError};
pub use attest::Outside;
pub(super) use attest::{Attest, attest, ending_of, way_of};
use attest::{OPENTIMESTAMPS, RFC3161, WITNESS, earliest, heights};

/// Who is asked, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Authority {
    /// A timestamp authority (RFC 3161), by its address.
    Stamps(String),
    /// A calendar of OpenTimestamps.
    Calendar(String),
    /// A witness of logs (C2SP tlog-witness).
    Witness(String),
}

/// What became of one proof.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchored {
    pub way: String,
    pub authority: String,
    /// Entries that it covers.
    pub size: u64,
    /// When, as the authority says; none if there is no proof, or none yet.
    pub time: Option<Time>,
    /// Whether it is promised, and to be asked for later.
    pub pending: bool,
    /// Why there is none, or why it is not trusted yet.
    pub problem: Option<String>,
}

/// One request to an authority.
#[derive(Debug)]
pub struct Question {
    pub url: String,
    /// What is posted; none: the address is got.
    pub body: Option<Vec<u8>>,
    pub media_type: &'static str,
}

/// What it answered.
#[derive(Debug)]
pub struct Answer {
    /// Of HTTP.
    pub status: u16,
    pub bytes: Vec<u8>,
}

impl Answer {
    /// The body, if the answer says that it was done.
    pub fn good(self) -> Result<Vec<u8>, String> {
        if (200..300).contains(&self.status) { Ok(self.bytes) } else { Err(format!("it answered {}", self.status)) }
    }
}

/// Asks, and gives the answer, or why there is none.
pub type Ask<'a> = &'a dyn Fn(Question) -> Result<Answer, String>;

/// Bytes of a note or a proof that are read.
const LONGEST: u64 = 1 << 21;
/// Promises of one proof that are asked about.
const ASKED: usize = 16;

/// Asks each authority to attest the published head, and records what is good. One that fails is told, and stops
/// nothing.
pub fn anchor(
    vault: &mut Vault,
    authorities: &[Authority],
    outside: &Outside,
    nonce: &dyn Fn() -> u64,
    ask: Ask<'_>,
) -> Result<Vec<Anchored>, VaultError> {
    let head = Published::read(vault.reader().layout())?
        .ok_or_else(|| VaultError::Published { what: "log/checkpoint is gone".into() })?;
    let mut told = Vec::new();
    for authority in authorities {
        told.push(match authority {
            Authority::Stamps(url) => {
                let token = stamped(url, &head.text, nonce(), outside, ask);
                made(vault, RFC3161, url, &head, token, "application/timestamp-reply", outside)?
            }
            Authority::Witness(url) => {
                let token = cosigned(vault.reader(), url, &head, outside, ask);
                made(vault, WITNESS, url, &head, token, "text/plain", outside)?
            }
            Authority::Calendar(url) => promised(vault, url, &head, ask)?,
        });
    }
    Ok(told)
}

fn stamped(url: &str, note: &str, nonce: u64, outside: &Outside, ask: Ask<'_>) -> Result<Vec<u8>, String> {
    let body = Some(timestamp_request(&sha256(note), nonce));
    let answer = ask(Question { url: url.to_owned(), body, media_type: "application/timestamp-query" })?.good()?;
    let checked = verify_timestamp(&answer, note.as_bytes(), Some(&nonce_of(nonce)), &outside.roots, &[]);
    checked.map(|_| answer).map_err(|error| error.to_string())
}

fn sha256(text: &str) -> [u8; 32] {
    Digest::of(text.as_bytes()).0
}

/// The head with the lines of a witness whose key the person has named.
fn cosigned(reader: &Reader, url: &str, head: &Published, outside: &Outside, ask: Ask<'_>) -> Result<Vec<u8>, String> {
    if outside.witnesses.is_empty() {
        return Err("no key of a witness is named, and without one its signature proves nothing".into());
    }
    let told = |error: VaultError| error.to_string();
    let size = head.checkpoint.size;
    let known = reader.anchors().map_err(told)?.into_iter().filter(|row| row.way == WITNESS && row.authority == url);
    let mut old = known.map(|row| row.size).max().unwrap_or(0);
    let anew = |old| {
        Err(format!("it says that what is here does not go on from the {old} entries that it has seen: the log was written anew"))
    };
    for again in [true, false] {
        let proof = if old == 0 || old == size { Vec::new() } else { reader.consistency(old, size).map_err(told)? };
        let body = Some(add_checkpoint(old, &proof, &head.text).into_bytes());
        let url = format!("{}/add-checkpoint", url.trim_end_matches('/'));
        let answer = ask(Question { url, body, media_type: "text/plain" })?;
        let text = || String::from_utf8_lossy(&answer.bytes).into_owned();
        match answer.status {
            // It has seen another size, which it says; or another head of this very size.
            409 => match text().trim().parse::<u64>() {
                Ok(says) if says > size => {
                    return Err(format!(
                        "it has seen {says} entries of this log, and here are {size}: this is an older copy of the case, or its end was cut off"
                    ));
                }
                Ok(says) if says != old && again => old = says,
                Ok(says) if says != old => break,
                _ if old == size => return anew(old),
                _ => return Err("it knows another size of this log, and does not say which".into()),
            },
            404 => return Err("it does not know this log: ask who runs it to add the log's name and key".into()),
            422 => return anew(old),
            status if !(200..300).contains(&status) => return Err(format!("it answered {status}")),
            _ => {
                // Only lines that can be checked are kept: any other would be somebody's word for nothing.
                let answer = text();
                let lines = answer.lines().map(|line| format!("{line}\n"));
                let good = lines.filter(|line| {
                    let note = Note::parse(&format!("{}{line}", head.text));
                    note.is_ok_and(|note| outside.witnesses.iter().any(|witness| witness.signed(&note).is_some()))
                });
                let good: String = good.collect();
                if good.is_empty() {
                    return Err("its answer is not signed by a witness whose key you have named".into());
                }
                return Ok((head.text.clone() + &good).into_bytes());
            }
        }
    }
    Err("it says twice that it knows another size of this log".into())
}

/// What a calendar promises to put into a block.
fn promised(vault: &mut Vault, url: &str, head: &Published, ask: Ask<'_>) -> Result<Anchored, VaultError> {
    let question = Question {
        url: format!("{}/digest", url.trim_end_matches('/')),
        body: Some(sha256(&head.text).to_vec()),
        media_type: "application/x-www-form-urlencoded",
    };
    let proof = ask(question).and_then(Answer::good).and_then(|answer| {
        let proof = Proof::begin(head.text.as_bytes(), &answer).map_err(|error| error.to_string())?;
        if proof.attestations().is_empty() { Err("it promises nothing".into()) } else { Ok(proof) }
    });
    let problem = match proof {
        Ok(proof) => {
            pend(vault, url, head.checkpoint.size, hex::encode(head.checkpoint.root), &head.text, &proof).map(|()| None)?
        }
        Err(why) => Some(why),
    };
    let (way, authority) = (OPENTIMESTAMPS.into(), url.to_owned());
    Ok(Anchored { way, authority, size: head.checkpoint.size, time: None, pending: problem.is_none(), problem })
}

/// Keeps the note and the proof, with the event that names them.
fn put(
    vault: &mut Vault,
    note: &str,
    token: (&[u8], &str),
    event: impl FnOnce(Digest, Digest) -> Event,
) -> Result<(), VaultError> {
    let (note, note_object) = kept(vault, note.as_bytes(), "text/plain")?;
    let (token, token_object) = kept(vault, token.0, token.1)?;
    let made = event(note_object.sha256, token_object.sha256);
    let events = vec![
        Event::ObjectKept(ObjectKept { object: note_object, because: Some("a head that was attested".into()) }),
        Event::ObjectKept(ObjectKept { object: token_object, because: Some("a timestamp".into()) }),
        made,
    ];
    vault.commit(vec![Effects { objects: vec![note, token], events, ..Effects::default() }]).map(drop)
}

const OTS: &str = "application/vnd.opentimestamps.v1";

fn pend(vault: &mut Vault, url: &str, size: u64, root: String, note: &str, proof: &Proof) -> Result<(), VaultError> {
    put(vault, note, (&proof.bytes(), OTS), |note, token| {
        Event::AnchorPending(AnchorPending { way: OPENTIMESTAMPS.into(), authority: url.to_owned(), size, root, note, token })
    })
}

/// Records a proof that is complete.
fn made(
    vault: &mut Vault,
    way: &str,
    url: &str,
    head: &Published,
    token: Result<Vec<u8>, String>,
    media_type: &str,
    outside: &Outside,
) -> Result<Anchored, VaultError> {
    let size = head.checkpoint.size;
    let told = |time, problem| Anchored { way: way.into(), authority: url.to_owned(), size, time, pending: false, problem };
    let checked = token.and_then(|token| attest(way, &token, &head.text, None, outside).map(|said| (token, said)));
    let (token, said) = match checked {
        Ok(checked) => checked,
        Err(why) => return Ok(told(None, Some(why))),
    };
    put(vault, &head.text, (&token, media_type), |note, token| {
        let root = hex::encode(head.checkpoint.root);
        let (way, authority) = (way.into(), url.to_owned());
        Event::AnchorMade(AnchorMade { way, authority, size, root, note, token, time: said.time, block: None })
    })?;
    Ok(told(Some(said.time), said.doubt))
}

/// Asks calendars for what they promised, and completes the proofs whose block the person has the header of. Only calendars
/// that made a promise here, or that `named` names, are asked.
pub fn upgrade(vault: &mut Vault, named: &[String], outside: &Outside, ask: Ask<'_>) -> Result<Vec<Anchored>, VaultError> {
    let mut told = Vec::new();
    for row in vault.reader().pending_anchors()? {
        let mut one = Anchored {
            way: row.way.clone(),
            authority: row.authority.clone(),
            size: row.size,
            time: None,
            pending: true,
            problem: None,
        };
        match grown(vault.reader(), &row, named, outside, ask) {
            Err(why) => one.problem = Some(why),
            Ok((note, mut proof, changed, waits)) => match earliest(&proof, outside) {
                Some(block) => {
                    let (time, header) = (block.time(), block.hex());
                    proof.settle(block);
                    put(vault, &note, (&proof.bytes(), OTS), |note, token| {
                        let PendingRow { way, authority, size, root, .. } = row;
                        Event::AnchorMade(AnchorMade { way, authority, size, root, note, token, time, block: Some(header) })
                    })?;
                    (one.time, one.pending) = (Some(time), false);
                }
                None => {
                    if changed {
                        pend(vault, &row.authority, row.size, row.root, &note, &proof)?;
                    }
                    one.problem = match heights(&proof)[..] {
                        [] => waits,
                        [height, ..] => {
                            let waits = waits.map(|why| format!("; and {why}")).unwrap_or_default();
                            Some(format!("it says that it is in Bitcoin block {height}, whose header you have not named{waits}"))
                        }
                    };
                }
            },
        }
        told.push(one);
    }
    Ok(told)
}

/// A pending proof with what its calendars answer now; whether that is more than before, and why not.
fn grown(
    reader: &Reader,
    row: &PendingRow,
    named: &[String],
    outside: &Outside,
    ask: Ask<'_>,
) -> Result<(String, Proof, bool, Option<String>), String> {
    let note = String::from_utf8(object(reader, &row.note)?).map_err(|_| "its head is no text")?;
    let mut proof = Proof::parse(&object(reader, &row.token)?).map_err(|error| error.to_string())?;
    proof.is_of(note.as_bytes()).map_err(|error| error.to_string())?;
    let (mut changed, mut waits) = (false, None);
    // A block that the person does not know may be one that a calendar made up: the promise stands until one is known.
    if earliest(&proof, outside).is_none() {
        let promises: BTreeSet<_> = proof.attestations().into_iter().collect();
        let mut asked = 0;
        for (message, attestation) in promises {
            let Attestation::Pending(address) = attestation else { continue };
            let same = |other: &String| other.trim_end_matches('/') == address.trim_end_matches('/');
            if !same(&row.authority) && !named.iter().any(same) {
                waits = Some(format!("the promise is to be asked for at {address}, which you have not named"));
                continue;
            }
            asked += 1;
            if asked > ASKED {
                break;
            }
            let url = format!("{}/timestamp/{}", address.trim_end_matches('/'), hex::encode(&message));
            match ask(Question { url, body: None, media_type: OTS }).map(|answer| (answer.status, answer.good())) {
                Err(why) => waits = Some(why),
                Ok((404, _)) => waits = None,
                Ok((_, Err(why))) => waits = Some(why),
                Ok((_, Ok(answer))) => match proof.grow(&message, &address, &answer) {
                    Ok(grown) => changed |= grown,
                    Err(error) => waits = Some(error.to_string()),
                },
            }
        }
    }
    Ok((note, proof, changed, waits))
}

/// The bytes of a note or a proof, if they are those that were recorded.
fn object(reader: &Reader, digest: &str) -> Result<Vec<u8>, String> {
    let digest: Digest = digest.parse().map_err(|_| "its object has no proper name".to_owned())?;
    let bytes = short(reader.open_object(&digest).map_err(|error| error.to_string())?)?;
    if Digest::of(&bytes) == digest { Ok(bytes) } else { Err(format!("the bytes of {digest} are not those that were recorded")) }
}

/// What a file holds that is as short as a note or a proof.
pub(super) fn short(file: std::fs::File) -> Result<Vec<u8>, String> {
    use std::io::Read;
    let mut bytes = Vec::new();
    file.take(LONGEST + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > LONGEST { Err(format!("it is longer than {LONGEST} bytes")) } else { Ok(bytes) }
}

/// What the proofs from outside of a case prove.
#[derive(Default)]
pub(super) struct Attested {
    /// Entries before this number existed by the times that trusted authorities say.
    pub up_to: u64,
    pub by: Vec<String>,
    pub notes: Vec<String>,
    pub findings: Vec<Finding>,
}

/// Checks every proof from outside that the case holds: over a head of this log, signed by its key of then, by somebody
/// whom the person trusts.
pub(super) fn attested(reader: &Reader, keys: &Keys, outside: &Outside, now: Option<Time>) -> Result<Attested, VaultError> {
    let mut all = Attested::default();
    let mut good = Vec::new();
    for row in reader.anchors()? {
        let subject = format!("anchor {}", row.id);
        match check(reader, keys, &row, outside) {
            Err(why) => all.findings.push(Finding::red(Code::AnchorInvalid, subject, why)),
            Ok(Attest { doubt: Some(doubt), .. }) => {
                all.findings.push(Finding::amber(Code::AnchorUntrusted, subject, doubt));
            }
            Ok(said) => {
                let dated = dated(reader, row.size.saturating_sub(1))?.zip(dated(reader, row.entry)?);
                all.findings.extend(dated.and_then(|(covered, recorded)| against(said.time, said.about, covered, recorded)));
                good.push((row, said));
            }
        }
    }
    for row in reader.pending_anchors()? {
        let moot = good.iter().any(|(anchor, _)| anchor.way == row.way && anchor.size >= row.size);
        if !moot {
            let detail = format!(
                "What {} promised for the first {} entries is not complete; `exhibit anchor --upgrade` asks for it",
                row.authority, row.size
            );
            all.findings.push(Finding::amber(Code::AnchorPending, format!("promise {}", row.id), detail));
        }
    }
    for (row, said) in &good {
        all.up_to = all.up_to.max(row.size);
        let named = match said.expires {
            Some(_) => format!("{} at {}", row.authority, said.time.plain()),
            None => format!("{} at {}", said.who, said.time.plain()),
        };
        all.by.push(named);
        let (Some(now), Some(expires)) = (now, said.expires) else { continue };
        // A later proof over at least as much keeps what this one proved.
        let renewed = good.iter().any(|(other, later)| {
            other.size >= row.size && later.time <= expires && later.expires.is_none_or(|until| now <= until)
        });
        let (subject, day) = (format!("anchor {}", row.id), expires.date());
        if now > expires && !renewed {
            let detail = format!(
                "The certificate behind the timestamp of {} expired on {day}, and none that still holds covers as much",
                row.time
            );
            all.findings.push(Finding::amber(Code::AnchorExpired, subject, detail));
        } else if !renewed || expires.micros() - now.micros() < 90 * 86_400_000_000 && good.len() == 1 {
            all.notes.push(format!("the certificate behind {subject} expires on {day}; run `exhibit anchor` before that"));
        }
    }
    Ok(all)
}

/// An entry's number and time; none if it cannot be read, which is told where entries are looked at.
fn dated(reader: &Reader, entry: u64) -> Result<Option<(u64, Time)>, VaultError> {
    let row = reader.entry(entry)?;
    Ok(row.and_then(|row| Some((entry, open(&row.bytes, &[]).ok()?.time))))
}

/// The header that the entry of an anchor holds.
pub(super) fn block(reader: &Reader, row: &AnchorRow) -> Result<Option<String>, VaultError> {
    let entry = reader.entry(row.entry)?.and_then(|row| open(&row.bytes, &[]).ok());
    Ok(entry.and_then(|entry| if let Event::AnchorMade(made) = entry.event { made.block } else { None }))
}

fn check(reader: &Reader, keys: &Keys, row: &AnchorRow, outside: &Outside) -> Result<Attest, String> {
    let (note, token) = (object(reader, &row.note)?, object(reader, &row.token)?);
    let text = std::str::from_utf8(&note).map_err(|_| "what it attests is no head of a log".to_owned())?;
    let parsed = Note::parse(text).and_then(|note| Ok((Checkpoint::parse(&note.text)?, note)));
    let (head, signed) = parsed.map_err(|error| format!("what it attests is no head of a log: {error}"))?;
    let size = head.size;
    if head.origin != keys.origin || size != row.size || hex::encode(head.root) != row.root {
        return Err("what it attests is another head than the entry says".into());
    }
    if !keys.at(size).is_some_and(|key| signed.signed_by(&head.origin, key)) {
        return Err("the head that it attests is not signed by the key of then".into());
    }
    let held = reader.size().map_err(|error| error.to_string())?;
    if size > held || reader.root(size).map_err(|error| error.to_string())? != head.root {
        return Err("the head that it attests is none of this log's: entries were changed after it was attested".into());
    }
    let block = block(reader, row).map_err(|error| error.to_string())?;
    let said = attest(&row.way, &token, text, block.as_deref(), outside)?;
    if said.time.to_string() != row.time {
        return Err(format!("the entry says {}, the timestamp {}", row.time, said.time));
    }
    Ok(said)
}
