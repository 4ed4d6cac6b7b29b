//! Lawful erasure. Of a sealed value: the entry keeps its commitment. Of an object: the entry keeps its digest. Either way
//! the signed history stays whole.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::{Effects, Layout, Reader, Vault, VaultError, anew, durable, lock, nodes, publish, rebuild};
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

/// What is to be erased.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Erasure {
    /// Objects, each with the one that it goes with.
    pub objects: Vec<(Digest, Option<Digest>)>,
    /// Entries and sealed fields of theirs.
    pub values: Vec<(u64, String)>,
}

impl Vault {
    /// Erases the value of one sealed field of one entry.
    pub fn erase(&mut self, entry: u64, field: &str, reason: &str, authority: Option<String>) -> Result<(), VaultError> {
        let order = Order { reason: reason.to_owned(), authority, second: None };
        let values = vec![(entry, field.to_owned())];
        self.erase_all(&order, |reader| {
            let held = reader.entry(entry)?.is_some_and(|row| row.sealed.iter().any(|sealed| sealed.field == field));
            if held {
                Ok(Erasure { values, ..Erasure::default() })
            } else {
                Err(VaultError::NoValue { entry, field: field.to_owned() })
            }
        })
    }

    /// Removes objects' bytes, and the values of sealed fields. First entries say so; then the bytes and values leave the vault, the
    /// database and the published log. `what` decides under the case's lock: nobody writes between that and the entries.
    pub fn erase_all<E: From<VaultError>>(
        &mut self,
        order: &Order,
        what: impl FnOnce(&Reader) -> Result<Erasure, E>,
    ) -> Result<(), E> {
        {
            let _lock = lock::exclusive(&self.reader.layout.lock())?;
            let erasure = what(&self.reader)?;
            // Whatever stops this run from here on, the next that opens the case goes on with it. It stays also where nothing seems to be
            // recorded: what fails may be there after all.
            let left = match erasure.values.is_empty() {
                // One of an erasure before is not made less.
                _ if self.reader.layout.erasing().exists() => VALUES,
                true => BYTES,
                false => ENTRIES,
            };
            mark(self, left)?;
            self.commit_locked(vec![Effects { events: erasure.events(order), ..Effects::default() }])?;
        }
        let begun = Instant::now();
        loop {
            match finish_locked(self) {
                // Others may write while a reader is waited for.
                Err(VaultError::StillRead { .. }) if begun.elapsed() < lock::patience() => {
                    std::thread::sleep(Duration::from_millis(200));
                }
                finished => return Ok(finished?),
            }
        }
    }
}

impl Erasure {
    fn events(self, order: &Order) -> Vec<Event> {
        let (reason, authority) = (&order.reason, &order.authority);
        let purged = self.objects.into_iter().map(|(object, with)| {
            Event::ObjectPurged(ObjectPurged {
                object,
                with,
                reason: reason.clone(),
                authority: authority.clone(),
                second: order.second.clone(),
            })
        });
        let erased = self.values.into_iter().map(|(entry, field)| {
            Event::ValueErased(ValueErased { entry, field, reason: reason.clone(), authority: authority.clone() })
        });
        purged.chain(erased).collect()
    }
}

/// What is left of an erasure that is under way: bytes of objects only; values, too, if the entries came to be; both in any case; free
/// pages of the database; only old pages, which somebody reads.
pub(super) const BYTES: &[u8] = b"bytes\n";
const ENTRIES: &[u8] = b"entries\n";
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
    let Some(left) = durable::read(&layout.erasing())? else { return Ok(()) };
    // A word that is none of these stands for all.
    let mut left = [BYTES, ENTRIES, FREE, PAGES].into_iter().find(|one| *one == left).unwrap_or(VALUES);
    let reached = |step: &'static [u8]| mark(vault, step).map(|()| step);
    if left == ENTRIES {
        // Once they are being removed, what is here does not tell how far that came.
        left = reached(if are_here(db).map_err(VaultError::sql("be read"))? { VALUES } else { BYTES })?;
    }
    if left == BYTES || left == VALUES {
        // A killed rebuild has values, too.
        rebuild::discard_begun(layout);
        bytes(layout, &vault.reader.purged()?, &vault.run.disk)?;
    }
    if left == VALUES {
        values(vault)?;
        left = reached(FREE)?;
    }
    if left == FREE {
        db.execute_batch("VACUUM").map_err(VaultError::sql("erase"))?;
        left = reached(PAGES)?;
    }
    if left == PAGES {
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
    let path = layout.erasing();
    durable::if_there(fs::remove_file(&path)).map_err(VaultError::io("remove", &path))?;
    durable::sync_dir(&layout.root)
}

/// Removes from a case, or from a mirror of it, the bytes of purged objects, and what a repair made or put aside of them.
pub(super) fn bytes(layout: &Layout, purged: &BTreeMap<Digest, String>, disk: &durable::Disk) -> Result<(), VaultError> {
    let mut gone: Vec<PathBuf> =
        purged.keys().map(|object| layout.object(object)).flat_map(|place| [place.with_extension("new"), place]).collect();
    let quarantine = layout.quarantine();
    if quarantine.exists() {
        for file in fs::read_dir(&quarantine).map_err(VaultError::io("read", &quarantine))? {
            let path = file.map_err(VaultError::io("read", &quarantine))?.path();
            let digest = path.file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if digest.is_some_and(|digest: Digest| purged.contains_key(&digest)) {
                gone.push(path);
            }
        }
    }
    for path in &gone {
        let is_dir = fs::symlink_metadata(path).is_ok_and(|found| found.is_dir());
        let removed = if is_dir { fs::remove_dir_all(path) } else { fs::remove_file(path) };
        durable::if_there(removed).map_err(VaultError::io("remove", path))?;
    }
    // Also of those that were gone: a run that was killed may not have come to this.
    let dirs: BTreeSet<&Path> = gone.iter().filter_map(|path| path.parent()).filter(|dir| dir.is_dir()).collect();
    disk.sync(&dirs.into_iter().collect::<Vec<_>>())
}

/// Whether the database has a value that an entry says was erased.
fn are_here(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT EXISTS (SELECT 1 FROM erasure JOIN sealed ON sealed.idx = erasure.idx AND sealed.field = erasure.field)";
    db.query_row(sql, [], |row| row.get(0))
}

/// Takes the values that entries say are erased out of the database and the published log, then makes the catalogue anew without them.
fn values(vault: &Vault) -> Result<(), VaultError> {
    let db = &vault.reader.db;
    let set = |pragma| db.execute_batch(pragma).map_err(VaultError::sql("erase"));
    // What is deleted is overwritten with zeroes.
    set("PRAGMA secure_delete = ON")?;
    // By itself, so that a catalogue that cannot be made keeps no value.
    let delete = "DELETE FROM sealed WHERE (idx, field) IN (SELECT idx, field FROM erasure)";
    let gone = db.execute(delete, []).map_err(VaultError::sql("erase"));
    let gone = gone.and_then(|_| publish_without(vault)).and_then(|()| anew::catalogue(&vault.reader, &|_, _| {}));
    set("PRAGMA secure_delete = OFF")?;
    gone
}

/// Publishes the sealed values anew that are beside erased ones.
fn publish_without(vault: &Vault) -> Result<(), VaultError> {
    let (db, layout) = (&vault.reader.db, &vault.reader.layout);
    let tiles = || -> rusqlite::Result<BTreeSet<u64>> {
        db.prepare("SELECT DISTINCT idx / ?1 FROM erasure")?.query_map([TILE], |row| row.get(0))?.collect()
    };
    let tiles = tiles().map_err(VaultError::sql("be read"))?;
    for path in TilePath::for_size(vault.reader.size()?) {
        let file = layout.tile(path);
        if matches!(path, TilePath::Sealed { index, .. } if tiles.contains(&index)) {
            let bytes = publish::render(&nodes::Remembered::new(db), path)?;
            if durable::read(&file)?.as_ref() != Some(&bytes) {
                durable::write(&vault.run.temporary(), &file, &bytes)?;
            }
            publish::remove_other_partials(layout, path)?;
            // Also of what was written and removed already: a run that was killed may not have come to this.
            let dirs = [file.parent().map(Path::to_path_buf), Some(publish::partials(layout, path))];
            dirs.iter().flatten().filter(|dir| dir.is_dir()).try_for_each(|dir| durable::sync_dir(dir))?;
        }
    }
    Ok(())
}
