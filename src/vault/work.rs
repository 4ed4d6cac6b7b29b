//! Units of work with leases: how an interrupted run goes on, and how many runs share one case.

use std::time::Duration;

use rusqlite::Connection;

use super::VaultError;
use crate::evidence::{Time, Unit, UnitKind};

/// How long a lease holds without a heartbeat. A dead run on this machine is noticed at once.
pub(super) const LEASE: Duration = Duration::from_secs(600);

/// A unit to do, and the item or report it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    pub unit: Unit,
    pub subject: String,
}

/// The right to commit a unit. A newer lease of the same unit makes this one stale.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    pub task: Task,
    pub(super) token: u64,
}

pub(super) fn enqueue(db: &Connection, task: &Task) -> rusqlite::Result<bool> {
    let sql = "INSERT INTO work (kind, key, subject, state) VALUES (?1, ?2, ?3, 'queued') ON CONFLICT DO NOTHING";
    let values = (task.unit.kind.as_str(), &task.unit.key, &task.subject);
    Ok(db.prepare_cached(sql)?.execute(values)? == 1)
}

/// Leases one unit if it is open: queued, or leased by somebody whose lease ran out.
pub(super) fn claim(db: &Connection, unit: &Unit, worker: &str, now: Time) -> Result<Option<Lease>, VaultError> {
    let sql = "UPDATE work SET state = 'leased', worker = ?3, lease_until = ?4, token = token + 1 \
               WHERE kind = ?1 AND key = ?2 AND (state = 'queued' OR state = 'leased' AND lease_until < ?5) \
               RETURNING subject, token";
    let until = now.micros() + LEASE.as_micros() as i64;
    let claimed = db.prepare_cached(sql).and_then(|mut update| {
        let mut rows = update.query((unit.kind.as_str(), &unit.key, worker, until, now.micros()))?;
        match rows.next()? {
            Some(row) => Ok(Some((row.get(0)?, row.get(1)?))),
            None => Ok(None),
        }
    });
    let claimed = claimed.map_err(VaultError::sql("be written"))?;
    Ok(claimed.map(|(subject, token)| Lease { task: Task { unit: unit.clone(), subject }, token }))
}

/// Whether a lease is still the newest of its unit.
pub(super) fn holds(db: &Connection, lease: &Lease) -> rusqlite::Result<bool> {
    let unit = &lease.task.unit;
    db.prepare_cached("SELECT 1 FROM work WHERE kind = ?1 AND key = ?2 AND state = 'leased' AND token = ?3")?.exists((
        unit.kind.as_str(),
        &unit.key,
        lease.token,
    ))
}

pub(super) fn finish(db: &Connection, lease: &Lease) -> rusqlite::Result<usize> {
    let unit = &lease.task.unit;
    db.prepare_cached(
        "UPDATE work SET state = 'done', worker = NULL, lease_until = NULL WHERE kind = ?1 AND key = ?2 AND token = ?3",
    )?
    .execute((unit.kind.as_str(), &unit.key, lease.token))
}

pub(super) fn heartbeat(db: &Connection, worker: &str, now: Time) -> rusqlite::Result<usize> {
    let until = now.micros() + LEASE.as_micros() as i64;
    db.execute("UPDATE work SET lease_until = ?2 WHERE worker = ?1 AND state = 'leased'", (worker, until))
}

/// Gives back what a worker holds.
pub(super) fn release(db: &Connection, worker: &str) -> rusqlite::Result<usize> {
    db.execute(
        "UPDATE work SET state = 'queued', worker = NULL, lease_until = NULL WHERE worker = ?1 AND state = 'leased'",
        [worker],
    )
}

/// Gives back what workers other than these hold.
pub(super) fn release_all_but(db: &Connection, live: &[String]) -> rusqlite::Result<()> {
    let mut query = db.prepare("SELECT DISTINCT coalesce(worker, '') FROM work WHERE state = 'leased'")?;
    let holders: Vec<String> = query.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
    for holder in holders.iter().filter(|holder| !live.contains(holder)) {
        db.execute(
            "UPDATE work SET state = 'queued', worker = NULL, lease_until = NULL WHERE coalesce(worker, '') = ?1 AND state = 'leased'",
            [holder],
        )?;
    }
    Ok(())
}

pub(super) fn state(db: &Connection, unit: &Unit) -> rusqlite::Result<Option<String>> {
    use rusqlite::OptionalExtension;
    db.prepare_cached("SELECT state FROM work WHERE kind = ?1 AND key = ?2")?
        .query_row((unit.kind.as_str(), &unit.key), |row| row.get(0))
        .optional()
}

/// A row of the queue, for the comparison with the log.
pub(super) fn all(db: &Connection) -> rusqlite::Result<Vec<(String, String, String, String)>> {
    let mut query = db.prepare("SELECT kind, key, subject, state FROM work ORDER BY kind, key")?;
    let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))?;
    rows.collect()
}

/// Whether a word in the kind column is one that we write.
pub(super) fn known_kind(kind: &str) -> bool {
    UnitKind::from_word(kind).is_some()
}
