//! Lawful erasure. Of a sealed value: the entry keeps its commitment. Of an object: the entry keeps its digest. Either way
//! the signed history stays whole.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

use super::{Effects, Vault, VaultError, anew, durable, lock, nodes, publish};
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
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        // Whatever stops this run from here on, the next that opens the case goes on with it.
        mark(self, if values.is_empty() { BYTES } else { VALUES })?;
        let (events, before) = (purged.chain(erased).collect(), self.reader.size()?);
        let committed = self.commit_locked(vec![Effects { events, ..Effects::default() }]);
        // What failed may have failed after it was recorded.
        if committed.is_err() && self.reader.size()? == before {
            remove(&self.reader.layout.erasing())?;
        }
        committed?;
        finish(self, lock::patience())
    }
}

/// What is left of an erasure that is under way: bytes of objects only; values, too; only old pages of the database.
const BYTES: &[u8] = b"bytes\n";
const VALUES: &[u8] = b"values\n";
const PAGES: &[u8] = b"pages\n";

fn mark(vault: &Vault, left: &[u8]) -> Result<(), VaultError> {
    durable::write(&vault.run.temporary(), &vault.reader.layout.erasing(), left)
}

/// Finishes an erasure that is under way, if one is, and waits so long for whoever still reads. Needs the case's lock.
pub(super) fn finish(vault: &Vault, patience: Duration) -> Result<(), VaultError> {
    let (layout, db) = (&vault.reader.layout, &vault.reader.db);
    let path = layout.erasing();
    let left = match fs::read(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        left => left.map_err(VaultError::io("read", &path))?,
    };
    if left != PAGES {
        let purged = vault.reader.purged()?;
        purged.keys().try_for_each(|object| remove(&layout.object(object)))?;
        // What rotted in its place was put aside, and is its bytes as well.
        for file in fs::read_dir(layout.quarantine()).into_iter().flatten().flatten() {
            let digest = file.path().file_stem().and_then(|stem| stem.to_str()?.parse().ok());
            if digest.is_some_and(|digest: Digest| purged.contains_key(&digest)) {
                remove(&file.path())?;
            }
        }
    }
    if left != PAGES && left != BYTES {
        values(vault)?;
        db.execute_batch("VACUUM").map_err(VaultError::sql("erase"))?;
        mark(vault, PAGES)?;
    }
    if left != BYTES {
        // What a reader still looks at stays in the file until it has ended.
        let fold = || {
            db.busy_timeout(patience)?;
            let read = db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get::<_, bool>(0));
            db.busy_timeout(lock::patience()).and(read)
        };
        if fold().map_err(VaultError::sql("erase"))? {
            return Err(VaultError::StillRead { seconds: patience.as_secs() });
        }
    }
    remove(&path)
}

fn remove(path: &Path) -> Result<(), VaultError> {
    durable::if_there(fs::remove_file(path)).map_err(VaultError::io("remove", path))?;
    path.parent().filter(|parent| parent.is_dir()).map_or(Ok(()), durable::sync_dir)
}

/// Takes the values that entries say are erased out of the database, makes its catalogue anew without them, and writes their files of
/// the published log anew.
fn values(vault: &Vault) -> Result<(), VaultError> {
    let db = &vault.reader.db;
    let erased = || -> rusqlite::Result<Vec<(u64, String)>> {
        let mut query = db.prepare("SELECT idx, field FROM erasure")?;
        query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
    };
    let erased = erased().map_err(VaultError::sql("be read"))?;
    let set = |pragma| db.execute_batch(pragma).map_err(VaultError::sql("erase"));
    // What is deleted is overwritten with zeroes.
    set("PRAGMA secure_delete = ON")?;
    let delete = || {
        let mut delete = db.prepare("DELETE FROM sealed WHERE idx = ?1 AND field = ?2").map_err(VaultError::sql("erase"))?;
        erased.iter().try_for_each(|(entry, field)| delete.execute((entry, field)).map(drop)).map_err(VaultError::sql("erase"))
    };
    let made = anew::catalogue(&vault.reader, delete, &|_, _| {});
    set("PRAGMA secure_delete = OFF")?;
    made?;
    let tiles: BTreeSet<u64> = erased.iter().map(|(entry, _)| entry / TILE).collect();
    for path in TilePath::for_size(vault.reader.size()?) {
        if matches!(path, TilePath::Sealed { index, .. } if tiles.contains(&index)) {
            let bytes = publish::render(&nodes::Remembered::new(db), path)?;
            durable::write(&vault.run.temporary(), &vault.reader.layout.tile(path), &bytes)?;
        }
    }
    Ok(())
}
