//! Lawful erasure. Of a sealed value: the entry keeps its commitment. Of an object: the entry keeps its digest. Either way
//! the signed history stays whole.

use std::fs;

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
        self.commit(vec![Effects { events: purged.chain(erased).collect(), ..Effects::default() }])?;
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        for (object, _) in objects {
            let path = self.reader.layout.object(object);
            durable::if_there(fs::remove_file(&path)).map_err(VaultError::io("remove", &path))?;
            if let Some(parent) = path.parent().filter(|parent| parent.is_dir()) {
                durable::sync_dir(parent)?;
            }
        }
        if values.is_empty() {
            return Ok(());
        }
        let db = &self.reader.db;
        let set = |pragmas| db.execute_batch(pragmas).map_err(VaultError::sql("erase"));
        // What is deleted is overwritten with zeroes.
        set("PRAGMA secure_delete = ON")?;
        let erased = self.erase_values(values);
        set("PRAGMA secure_delete = OFF")?;
        erased?;
        for path in TilePath::for_size(self.reader.size()?) {
            let within = |index: u64| values.iter().any(|(entry, _)| entry / TILE == index);
            if matches!(path, TilePath::Sealed { index, .. } if within(index)) {
                durable::write(
                    &self.run.temporary(),
                    &self.reader.layout.tile(path),
                    &publish::render(&nodes::Remembered::new(db), path)?,
                )?;
            }
        }
        Ok(())
    }
    /// Takes values out of the database, and makes its catalogue anew without them.
    fn erase_values(&self, values: &[(u64, String)]) -> Result<(), VaultError> {
        let db = &self.reader.db;
        let erase = || {
            values.iter().try_for_each(|(entry, field)| {
                let erased = db.execute("DELETE FROM sealed WHERE idx = ?1 AND field = ?2", (entry, field));
                erased.map(drop).map_err(VaultError::sql("erase"))
            })
        };
        anew::catalogue(&self.reader, erase, &|_, _| {})?;
        db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE)").map_err(VaultError::sql("erase"))
    }
}
