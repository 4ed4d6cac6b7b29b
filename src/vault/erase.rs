//! Lawful erasure. Of a sealed value: the entry keeps its commitment. Of an object: the entry keeps its digest. Either way
//! the signed history stays whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use super::{Effects, Vault, VaultError, anew, durable, lock, nodes, publish, rebuild};
use crate::evidence::{Digest, Event, ObjectPurged, ValueErased};
use crate::ledger::{TILE, TilePath};

/// Who ordered an erasure, who agreed, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    pub reason: String,
    pub authority: Option<String>,
    /// The second person.
    pub second: Option<String>,
}

impl Vault {
    /// Erases the value of one sealed field of one entry.
    pub fn erase(&mut self, entry: u64, field: &str, reason: &str, authority: Option<String>) -> Result<(), VaultError> {
        let held = self.reader.entry(entry)?.is_some_and(|row| row.sealed.iter().any(|sealed| sealed.field == field));
        if !held {
            return Err(VaultError::NoValue { entry, field: field.to_owned() });
        }
        let order = Order { reason: reason.to_owned(), authority, second: None };
        self.erase_all(&[], &[(entry, field.to_owned())], &order)
    }

    /// Removes objects' bytes, each with the one that it goes with, and the values of sealed fields. First entries say so;
    /// then the bytes and values leave the vault, the database and the published log.
    pub fn erase_all(
        &mut self,
        objects: &[(Digest, Option<Digest>)],
        values: &[(u64, String)],
        order: &Order,
    ) -> Result<(), VaultError> {
        let (reason, authority) = (&order.reason, &order.authority);
        let purged = objects.iter().map(|(object, with)| {
            Event::ObjectPurged(ObjectPurged {
                object: *object,
                with: *with,
                reason: reason.clone(),
                authority: authority.clone(),
                second: order.second.clone(),
            })
        });
        let erased = values.iter().map(|(entry, field)| {
            Event::ValueErased(ValueErased {
                entry: *entry,
                field: field.clone(),
                reason: reason.clone(),
                authority: authority.clone(),
            })
        });
        let events = purged.chain(erased).collect();
        {
            let _lock = lock::exclusive(&self.reader.layout.lock())?;
            // Whatever stops this run from here on, the next that opens the case goes on with it. It stays also where nothing seems to be
            // recorded: what fails may be there after all. One of an erasure before is not made less.
            let more = !values.is_empty() || self.reader.layout.erasing().exists();
            mark(self, if more { VALUES } else { BYTES })?;
            self.commit_locked(vec![Effects { events, ..Effects::default() }])?;
        }
        let begun = Instant::now();
        loop {
            match finish_locked(self) {
                // Others may write while a reader is waited for.
                Err(VaultError::StillRead { .. }) if begun.elapsed() < lock::patience() => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                finished => return finished,
            }
        }
    }
}

/// What is left of an erasure that is under way: bytes of objects only; values, too; free pages of the database; only old pages, which
/// somebody reads.
const BYTES: &[u8] = b"bytes\n";
const VALUES: &[u8] = b"values\n";
const FREE: &[u8] = b"free\n";
const PAGES: &[u8] = b"pages\n";

fn mark(vault: &Vault, left: &[u8]) -> Result<(), VaultError> {
    durable::write(&vault.run.temporary(), &vault.reader.layout.erasing(), left)
}

fn finish_locked(vault: &Vault) -> Result<(), VaultError> {
    let _lock = lock::exclusive(&vault.reader.layout.lock())?;
    finish(vault)
}

/// Finishes an erasure that is under way, if one is. Each step can be done again. Nobody is waited for. Needs the case's lock.
pub(super) fn finish(vault: &Vault) -> Result<(), VaultError> {
    let (layout, db) = (&vault.reader.layout, &vault.reader.db);
    let path = layout.erasing();
    let left = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        left => left.map_err(VaultError::io("read", &path))?,
    };
    // A word that is none of these stands for all.
    let mut left = [BYTES, FREE, PAGES].into_iter().find(|one| *one == left).unwrap_or(VALUES);
    if left == BYTES || left == VALUES {
        // A killed rebuild has values, too.
        rebuild::discard_begun(layout);
        bytes(vault)?;
    }
    if left == VALUES {
        values(vault)?;
        mark(vault, FREE)?;
        left = FREE;
    }
    if left == FREE {
        db.execute_batch("VACUUM").map_err(VaultError::sql("erase"))?;
        mark(vault, PAGES)?;
    }
    if left != BYTES {
        // What a reader still looks at stays in the file until it has ended.
        let fold = || {
            db.busy_timeout(Duration::ZERO)?;
            let read = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            db.busy_timeout(lock::patience()).and(read)
        };
        if fold().map_err(VaultError::sql("erase"))? {
            return Err(VaultError::StillRead { seconds: lock::patience().as_secs() });
        }
    }
    remove(&path)
}

fn remove(path: &Path) -> Result<(), VaultError> {
    let gone = if fs::symlink_metadata(path).is_ok_and(|found| found.is_dir()) {
        fs::remove_dir_all(path)
    } else {
        fs::remove_file(path)
    };
    durable::if_there(gone).map_err(VaultError::io("remove", path))?;
    path.parent().filter(|parent| parent.is_dir()).map_or(Ok(()), durable::sync_dir)
}

/// Removes the bytes of purged objects, and what a repair made or put aside of them.
fn bytes(vault: &Vault) -> Result<(), VaultError> {
    let (layout, purged) = (&vault.reader.layout, vault.reader.purged()?);
    for place in purged.keys().map(|object| layout.object(object)) {
        remove(&place.with_extension("new"))?;
        remove(&place)?;
    }
    let quarantine = layout.quarantine();
    if !quarantine.exists() {
        return Ok(());
    }
    for file in fs::read_dir(&quarantine).map_err(VaultError::io("read", &quarantine))? {
        let path = file.map_err(VaultError::io("read", &quarantine))?.path();
        let digest = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
        if digest.is_some_and(|digest: Digest| purged.contains_key(&digest)) {
            remove(&path)?;
        }
    }
    Ok(())
}

/// Takes the values that entries say are erased out of the database and the published log, then makes the catalogue anew without them.
fn values(vault: &Vault) -> Result<(), VaultError> {
    let (db, layout) = (&vault.reader.db, &vault.reader.layout);
    let erased = || -> rusqlite::Result<Vec<(u64, String)>> {
        let mut query = db.prepare("SELECT idx, field FROM erasure")?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let erased = erased().map_err(VaultError::sql("be read"))?;
    let set = |pragma| db.execute_batch(pragma).map_err(VaultError::sql("erase"));
    // What is deleted is overwritten with zeroes.
    set("PRAGMA secure_delete = ON")?;
    let gone = || {
        // By itself, so that a catalogue that cannot be made keeps no value.
        let delete = || {
            let transaction = db.unchecked_transaction()?;
            let mut delete = db.prepare("DELETE FROM sealed WHERE idx = ?1 AND field = ?2")?;
            erased.iter().try_for_each(|(entry, field)| delete.execute((entry, field)).map(drop))?;
            transaction.commit()
        };
        delete().map_err(VaultError::sql("erase"))?;
        let tiles: BTreeSet<u64> = erased.iter().map(|(entry, _)| entry / TILE).collect();
        for path in TilePath::for_size(vault.reader.size()?) {
            if matches!(path, TilePath::Sealed { index, .. } if tiles.contains(&index)) {
                let bytes = publish::render(&nodes::Remembered::new(db), path)?;
                durable::write(&vault.run.temporary(), &layout.tile(path), &bytes)?;
                publish::other_partials(layout, path).iter().try_for_each(|old| remove(old))?;
            }
        }
        anew::catalogue(&vault.reader, &|_, _| {})
    };
    let gone = gone();
    set("PRAGMA secure_delete = OFF")?;
    gone
}
