//! Proofs from outside: timestamps of the signed head, asked for, checked on receipt, kept, and checked again by verify.

use serde::Serialize;

use super::clock::against;
use super::record::kept;
use crate::evidence::{AnchorMade, Code, Event, Finding, ObjectKept, Time};
use crate::ledger::{Checkpoint, Keys, Note, Timestamp, nonce_of, open, timestamp_request, verify_timestamp};
use crate::vault::{AnchorRow, Effects, Published, Reader, Vault, VaultError};

/// What became of one authority's timestamp.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Anchored {
    pub authority: String,
    /// Entries that it covers.
    pub size: u64,
    /// When, as the authority says; none if there is no timestamp.
    pub time: Option<Time>,
    /// Why there is none, or why it is not trusted yet.
    pub problem: Option<String>,
}

/// Posts a request to an address and gives the answer, or why there is none.
pub type Ask<'a> = &'a dyn Fn(&str, Vec<u8>) -> Result<Vec<u8>, String>;

/// Asks each authority to attest the published head, and records what is good. One that fails is told, and stops
/// nothing.
pub fn anchor(
    vault: &mut Vault,
    authorities: &[String],
    roots: &[Vec<u8>],
    nonce: &dyn Fn() -> u64,
    ask: Ask<'_>,
) -> Result<Vec<Anchored>, VaultError> {
    let head = Published::read(vault.reader().layout())?
        .ok_or_else(|| VaultError::Published { what: "log/checkpoint is gone".into() })?;
    let mut told = Vec::new();
    for authority in authorities {
        let nonce = nonce();
        let mut digest = [0; 32];
        digest.copy_from_slice(ring::digest::digest(&ring::digest::SHA256, head.text.as_bytes()).as_ref());
        let answer = ask(authority, timestamp_request(&digest, nonce)).and_then(|answer| {
            let stamp = verify_timestamp(&answer, head.text.as_bytes(), Some(&nonce_of(nonce)), roots, &[]);
            stamp.map(|stamp| (answer, stamp)).map_err(|error| error.to_string())
        });
        let size = head.checkpoint.size;
        let (time, problem) = match answer {
            Err(why) => (None, Some(why)),
            Ok((answer, stamp)) => {
                record(vault, authority, &head, &answer, &stamp)?;
                (Some(stamp.time), stamp.trusted.err())
            }
        };
        told.push(Anchored { authority: authority.clone(), size, time, problem });
    }
    Ok(told)
}

fn record(vault: &mut Vault, authority: &str, head: &Published, answer: &[u8], stamp: &Timestamp) -> Result<(), VaultError> {
    let (note, note_object) = kept(vault, head.text.as_bytes(), "text/plain")?;
    let (token, token_object) = kept(vault, answer, "application/timestamp-reply")?;
    let made = AnchorMade {
        way: "rfc3161".into(),
        authority: authority.to_owned(),
        size: head.checkpoint.size,
        root: hex::encode(head.checkpoint.root),
        note: note_object.sha256,
        token: token_object.sha256,
        time: stamp.time,
    };
    let events = vec![
        Event::ObjectKept(ObjectKept { object: note_object, because: Some("a head that was attested".into()) }),
        Event::ObjectKept(ObjectKept { object: token_object, because: Some("a timestamp".into()) }),
        Event::AnchorMade(made),
    ];
    vault.commit(vec![Effects { objects: vec![note, token], events, ..Effects::default() }]).map(drop)
}

/// What the timestamps of a case prove.
#[derive(Default)]
pub(super) struct Attested {
    /// Entries before this number existed by the times that trusted authorities say.
    pub up_to: u64,
    pub by: Vec<String>,
    pub notes: Vec<String>,
    pub findings: Vec<Finding>,
}

/// Checks every timestamp that the case holds: over a head of this log, signed by its key of then, by an authority that
/// leads to one of `roots`.
pub(super) fn attested(reader: &Reader, keys: &Keys, roots: &[Vec<u8>], now: Option<Time>) -> Result<Attested, VaultError> {
    let mut all = Attested::default();
    let mut good = Vec::new();
    for row in reader.anchors()? {
        let subject = format!("anchor {}", row.id);
        match check(reader, keys, &row, roots) {
            Err(why) => all.findings.push(Finding::red(Code::AnchorInvalid, subject, why)),
            Ok(stamp) => match &stamp.trusted {
                Ok(()) => {
                    let dated = dated(reader, row.size.saturating_sub(1))?.zip(dated(reader, row.entry)?);
                    all.findings.extend(dated.and_then(|(covered, recorded)| against(stamp.time, covered, recorded)));
                    good.push((row, stamp));
                }
                Err(why) => {
                    let detail = format!(
                        "The timestamp of {} ({}) is whole, but its authority is not one that you trust: {why}",
                        row.time, stamp.authority
                    );
                    all.findings.push(Finding::amber(Code::AnchorUntrusted, subject, detail));
                }
            },
        }
    }
    for (row, stamp) in &good {
        all.up_to = all.up_to.max(row.size);
        let named = format!("{} at {}", row.authority, stamp.time.plain());
        all.by.push(named);
        let Some(now) = now else { continue };
        // A later timestamp over at least as much keeps what this one proved.
        let renewed =
            good.iter().any(|(other, later)| other.size >= row.size && later.time <= stamp.expires && now <= later.expires);
        let (subject, expires) = (format!("anchor {}", row.id), stamp.expires.date());
        if now > stamp.expires && !renewed {
            let detail = format!(
                "The certificate behind the timestamp of {} expired on {expires}, and none that still holds covers as much",
                row.time
            );
            all.findings.push(Finding::amber(Code::AnchorExpired, subject, detail));
        } else if !renewed || stamp.expires.micros() - now.micros() < 90 * 86_400_000_000 && good.len() == 1 {
            all.notes.push(format!("the certificate behind {subject} expires on {expires}; run `exhibit anchor` before that"));
        }
    }
    Ok(all)
}

/// An entry's number and time; none if it cannot be read, which is told where entries are looked at.
fn dated(reader: &Reader, entry: u64) -> Result<Option<(u64, Time)>, VaultError> {
    let row = reader.entry(entry)?;
    Ok(row.and_then(|row| Some((entry, open(&row.bytes, &[]).ok()?.time))))
}

fn check(reader: &Reader, keys: &Keys, row: &AnchorRow, roots: &[Vec<u8>]) -> Result<Timestamp, String> {
    use std::io::Read;
    let bytes = |digest: &str| -> Result<Vec<u8>, String> {
        let digest = digest.parse().map_err(|_| "its object has no proper name".to_owned())?;
        let file = reader.open_object(&digest).map_err(|error| error.to_string())?;
        let mut bytes = Vec::new();
        file.take(1 << 21).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
        Ok(bytes)
    };
    let (note, token) = (bytes(&row.note)?, bytes(&row.token)?);
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
    let stamp = verify_timestamp(&token, &note, None, roots, &[]).map_err(|error| format!("the timestamp: {error}"))?;
    if stamp.time.to_string() != row.time {
        return Err(format!("the entry says {}, the timestamp {}", row.time, stamp.time));
    }
    Ok(stamp)
}
