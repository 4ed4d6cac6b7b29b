//! What the catalogue says of the years after: checks, holds, erasures, anchors, keys, transfers.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Row, ToSql};
use serde::Serialize;
use serde_json::Value;

use super::{Reader, VaultError, compare};
use crate::evidence::{Digest, Id, Time};
use crate::ledger::{Keys, open};

/// One fixity check of one object.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FixityRow {
    pub entry: u64,
    pub outcome: String,
    pub depth: String,
    pub time: String,
}

/// How something is to be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HandlingRow {
    pub subject: String,
    pub property: String,
    pub value: Option<String>,
    pub reason: Option<String>,
    pub person: Option<String>,
    pub time: String,
    pub entry: u64,
}

/// A proof from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AnchorRow {
    pub id: u64,
    pub way: String,
    pub authority: String,
    pub size: u64,
    pub root: String,
    pub note: String,
    pub token: String,
    pub time: String,
    pub entry: u64,
}

/// A proof from outside that is not complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PendingRow {
    pub id: u64,
    pub way: String,
    pub authority: String,
    pub size: u64,
    pub root: String,
    pub note: String,
    pub token: String,
    pub entry: u64,
}

/// What left the case in one bag.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TransferRow {
    pub manifest: String,
    pub size: u64,
    pub objects: Value,
    pub withheld: Value,
    pub recipient: Option<String>,
    pub purpose: Option<String>,
    pub person: Option<String>,
    pub time: String,
    pub entry: u64,
}

fn parsed(row: &Row<'_>, column: &str) -> rusqlite::Result<Value> {
    let text: String = row.get(column)?;
    Ok(serde_json::from_str(&text).unwrap_or(Value::Null))
}

impl Reader {
    /// Rows of one of the later tables; none in a case that is older than the table.
    fn later<T>(
        &self,
        table: &str,
        sql: &str,
        values: &[&dyn ToSql],
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, VaultError> {
        if compare::is_missing(&self.db, table) {
            return Ok(Vec::new());
        }
        let mut query = self.db.prepare_cached(sql).map_err(VaultError::sql("be read"))?;
        let rows = query.query_map(values, read);
        rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))
    }

    /// The keys of the log, from the entries that name them.
    pub fn keys(&self) -> Result<Keys, VaultError> {
        let mut keys = Keys::default();
        let sql = "SELECT entry FROM custody_event WHERE kind IN ('case-opened', 'key-changed', 'key-revoked') ORDER BY entry";
        let mut query = self.db.prepare_cached(sql).map_err(VaultError::sql("be read"))?;
        let entries = query.query_map([], |row| row.get::<_, u64>(0)).and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        for index in entries.map_err(VaultError::sql("be read"))? {
            if let Some(row) = self.entry(index)? {
                let broken = |source| VaultError::Entry { index, source };
                keys.take(index, &open(&row.bytes, &[]).map_err(broken)?.event).map_err(broken)?;
            }
        }
        Ok(keys)
    }

    /// Entries that say which keys sign.
    pub fn key_entries(&self) -> Result<Vec<u64>, VaultError> {
        self.later("signing_key", "SELECT entry FROM signing_key ORDER BY no", &[], |row| row.get(0))
    }

    /// Objects whose last check is older than a moment, or that were never checked since they came, which is a check, too.
    pub fn due(&self, before: Time) -> Result<BTreeSet<Digest>, VaultError> {
        let checked = self.later("fixity", "SELECT object, max(time) FROM fixity GROUP BY object", &[], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        let checked: BTreeMap<String, String> = checked.into_iter().collect();
        let (before, purged) = (before.to_string(), self.purged()?);
        let sql = "SELECT o.sha256, c.time FROM object o JOIN custody_event c ON c.entry = o.entry";
        let mut query = self.db.prepare(sql).map_err(VaultError::sql("be read"))?;
        let rows = query.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        let rows: Vec<(String, String)> = rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))?;
        let due = rows.into_iter().filter(|(object, came)| *checked.get(object).unwrap_or(came).max(came) < before);
        Ok(due.filter_map(|(object, _)| object.parse().ok()).filter(|object| !purged.contains_key(object)).collect())
    }

    /// Objects that came at a moment or later.
    pub fn objects_since(&self, since: Time) -> Result<BTreeSet<Digest>, VaultError> {
        let sql = "SELECT o.sha256 FROM object o JOIN custody_event c ON c.entry = o.entry WHERE c.time >= ?1";
        let mut query = self.db.prepare(sql).map_err(VaultError::sql("be read"))?;
        let rows = query.query_map([since.to_string()], |row| row.get::<_, String>(0));
        let rows: Vec<String> = rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))?;
        Ok(rows.iter().filter_map(|object| object.parse().ok()).collect())
    }

    /// The checks of one object, oldest first.
    pub fn fixity_of(&self, object: &str) -> Result<Vec<FixityRow>, VaultError> {
        let sql = "SELECT entry, outcome, depth, time FROM fixity WHERE object = ?1 ORDER BY entry";
        self.later("fixity", sql, &[&object], |row| {
            Ok(FixityRow {
                entry: row.get("entry")?,
                outcome: row.get("outcome")?,
                depth: row.get("depth")?,
                time: row.get("time")?,
            })
        })
    }

    /// How something is to be handled now: the last word on each property, where it is not taken back.
    pub fn handling_of(&self, subject: Id) -> Result<Vec<HandlingRow>, VaultError> {
        Ok(self.handling()?.into_iter().filter(|row| row.subject == subject.to_string()).collect())
    }

    /// The last word on each subject and property, where it is not taken back. What is said of an exhibit is said of its bytes, and so of
    /// every exhibit that they are.
    pub fn handling(&self) -> Result<Vec<HandlingRow>, VaultError> {
        let sql = "SELECT subject_kind || coalesce(same.no, subject_no) AS subject, property, value, reason, h.person, h.time, h.entry \
            FROM handling h LEFT JOIN exhibit first ON h.subject_kind = 'E' AND first.no = h.subject_no \
            LEFT JOIN exhibit same ON same.object = first.object \
            WHERE h.no IN (SELECT max(no) FROM handling GROUP BY subject_kind, subject_no, property) AND value IS NOT NULL \
            ORDER BY h.no, same.no";
        self.later("handling", sql, &[], |row| {
            Ok(HandlingRow {
                subject: row.get("subject")?,
                property: row.get("property")?,
                value: row.get("value")?,
                reason: row.get("reason")?,
                person: row.get("person")?,
                time: row.get("time")?,
                entry: row.get("entry")?,
            })
        })
    }

    /// Objects whose bytes were removed by law, and why.
    pub fn purged(&self) -> Result<BTreeMap<Digest, String>, VaultError> {
        let rows = self.later("purge", "SELECT object, reason FROM purge", &[], |row| {
            Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
        })?;
        Ok(rows.into_iter().filter_map(|(object, reason)| Some((object.parse().ok()?, reason))).collect())
    }

    /// Whether an object's bytes were removed by law.
    pub fn is_purged(&self, object: &Digest) -> Result<bool, VaultError> {
        Ok(self.purge_entry(&object.to_string())?.is_some())
    }

    /// The entry that says that an object was purged.
    pub fn purge_entry(&self, object: &str) -> Result<Option<u64>, VaultError> {
        Ok(self.later("purge", "SELECT entry FROM purge WHERE object = ?1", &[&object], |row| row.get(0))?.pop())
    }

    /// Proofs from outside, oldest first.
    pub fn anchors(&self) -> Result<Vec<AnchorRow>, VaultError> {
        let sql = "SELECT no, way, authority, size, root, note, token, time, entry FROM anchor ORDER BY no";
        self.later("anchor", sql, &[], |row| {
            Ok(AnchorRow {
                id: row.get("no")?,
                way: row.get("way")?,
                authority: row.get("authority")?,
                size: row.get("size")?,
                root: row.get("root")?,
                note: row.get("note")?,
                token: row.get("token")?,
                time: row.get("time")?,
                entry: row.get("entry")?,
            })
        })
    }

    /// Proofs from outside that are not complete, oldest first: of each promise as far as it went last. One is complete
    /// when an anchor over the same head came of it.
    pub fn pending_anchors(&self) -> Result<Vec<PendingRow>, VaultError> {
        let sql = "SELECT no, way, authority, size, root, note, token, entry FROM pending_anchor AS p WHERE NOT EXISTS
            (SELECT 1 FROM anchor WHERE anchor.way = p.way AND anchor.authority = p.authority AND anchor.note = p.note)
            AND NOT EXISTS (SELECT 1 FROM pending_anchor AS later WHERE later.no > p.no AND later.way = p.way
            AND later.authority = p.authority AND later.note = p.note) ORDER BY no";
        self.later("pending_anchor", sql, &[], |row| {
            Ok(PendingRow {
                id: row.get("no")?,
                way: row.get("way")?,
                authority: row.get("authority")?,
                size: row.get("size")?,
                root: row.get("root")?,
                note: row.get("note")?,
                token: row.get("token")?,
                entry: row.get("entry")?,
            })
        })
    }

    /// What left the case, oldest first.
    pub fn transfers(&self) -> Result<Vec<TransferRow>, VaultError> {
        let sql = "SELECT manifest, size, objects, withheld, recipient, purpose, person, time, entry FROM transfer ORDER BY no";
        self.later("transfer", sql, &[], |row| {
            Ok(TransferRow {
                manifest: row.get("manifest")?,
                size: row.get("size")?,
                objects: parsed(row, "objects")?,
                withheld: parsed(row, "withheld")?,
                recipient: row.get("recipient")?,
                purpose: row.get("purpose")?,
                person: row.get("person")?,
                time: row.get("time")?,
                entry: row.get("entry")?,
            })
        })
    }
}
