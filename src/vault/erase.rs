//! Lawful erasure of a sealed value: the entry keeps its commitment, so the signed history stays whole.

use rusqlite::{Transaction, TransactionBehavior};

use super::{Effects, Vault, VaultError, compare, durable, lock, publish, rebuild};
use crate::evidence::{Event, ValueErased};
use crate::ledger::{TILE, TilePath};

impl Vault {
    /// Erases the value of one sealed field of one entry. First an entry says so; then the value leaves
    /// the database, the catalogue is made anew without it, and its published file is written again.
    pub fn erase(&mut self, entry: u64, field: &str, reason: &str, authority: Option<String>) -> Result<(), VaultError> {
        let held = self.reader.entry(entry)?.is_some_and(|row| row.sealed.iter().any(|sealed| sealed.field == field));
        if !held {
            return Err(VaultError::NoValue { entry, field: field.to_owned() });
        }
        let erased = ValueErased { entry, field: field.to_owned(), reason: reason.to_owned(), authority };
        self.commit(vec![Effects { events: vec![Event::ValueErased(erased)], ..Effects::default() }])?;
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        let write = |error| VaultError::sql("erase")(error);
        let db = &self.reader.db;
        // What is deleted is overwritten with zeroes.
        db.execute_batch("PRAGMA secure_delete = ON").map_err(write)?;
        let transaction = Transaction::new_unchecked(db, TransactionBehavior::Immediate).map_err(write)?;
        db.execute("DELETE FROM sealed WHERE idx = ?1 AND field = ?2", (entry, field)).map_err(write)?;
        rebuild::clear_catalogue(db)?;
        compare::replay(&self.reader, db)?;
        transaction.commit().map_err(write)?;
        db.execute_batch("VACUUM; PRAGMA wal_checkpoint(TRUNCATE); PRAGMA secure_delete = OFF").map_err(write)?;
        for path in TilePath::for_size(self.reader.size()?) {
            if matches!(path, TilePath::Sealed { index, .. } if index == entry / TILE) {
                durable::write(&self.run.temporary(), &self.reader.layout.tile(path), &publish::render(db, path)?)?;
            }
        }
        Ok(())
    }
}
