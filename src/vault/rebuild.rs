//! The catalogue from the log; and the whole database from the published log, when it is lost.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use rusqlite::{Transaction, TransactionBehavior};

use super::door::{Values, append};
use super::publish::parse_sealed;
use super::{Layout, Published, Reader, VaultError, anew, db, lock, nodes};
use crate::ledger::{Keys, Sealed, TilePath, canonical_value, commitments, open, parse_entry_bundle, root};

/// What was rebuilt from what.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rebuilt {
    /// The catalogue, from the database's own log.
    Catalogue { entries: u64 },
    /// The whole database, from the published log.
    Database { entries: u64, sealed: u64 },
}

/// Drops the catalogue and replays the log. Where `case.sqlite` is gone, it is made anew from `log/`. `tick` is told how many entries of
/// how many are done.
pub fn rebuild(path: &Path, tick: &dyn Fn(u64, u64)) -> Result<Rebuilt, VaultError> {
    let layout = Layout::new(path);
    if !Layout::is_case(path) {
        return Err(VaultError::no_case(path));
    }
    let _lock = lock::exclusive(&layout.lock())?;
    // What a rebuild left that was killed.
    discard_begun(&layout);
    if layout.database().is_file() { catalogue(layout, tick) } else { database(layout, tick) }
}

fn catalogue(layout: Layout, tick: &dyn Fn(u64, u64)) -> Result<Rebuilt, VaultError> {
    let reader = Reader { db: db::open(&layout)?, layout };
    anew::catalogue(&reader, tick)?;
    publish_if_gone(&reader)?;
    Ok(Rebuilt::Catalogue { entries: reader.size()? })
}

/// A published log without its checkpoint is published anew, from the signed head in the database, if
/// that is the case's own and of these entries.
fn publish_if_gone(reader: &Reader) -> Result<(), VaultError> {
    if reader.layout.checkpoint().exists() {
        return Ok(());
    }
    let keys = reader.keys()?;
    let Some(head) = reader.head()? else { return Ok(()) };
    let size = reader.size()?;
    let signed = keys.at(size).is_some_and(|key| head.signed_by(key));
    let own = head.checkpoint.origin == keys.origin && signed && head.checkpoint.size == size;
    if own && head.checkpoint.root == reader.root(size)? {
        super::durable::create_dir(&reader.layout.log())?;
        let temporary = reader.layout.root.join("checkpoint.new");
        let disk = super::durable::Disk::of(&reader.layout.log())?;
        super::publish::publish(&reader.layout, &nodes::Remembered::new(&reader.db), (&disk, &temporary), 0)?;
    }
    Ok(())
}

fn damaged(what: impl Into<String>) -> VaultError {
    VaultError::Published { what: what.into() }
}

/// Where a lost database is made, until it is whole.
const BEGUN: &str = "case.sqlite.rebuilding";

pub(super) fn discard_begun(layout: &Layout) {
    for end in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(layout.root.join(format!("{BEGUN}{end}")));
    }
    // A database that a killed run was about to take the name from has nothing in it.
    for file in fs::read_dir(&layout.root).into_iter().flatten().flatten() {
        let ours = file.file_name().as_encoded_bytes().strip_prefix(b"case.sqlite.").is_some_and(|rest| rest.len() == 6);
        if ours && file.metadata().is_ok_and(|found| found.is_file() && found.len() == 0) {
            let _ = fs::remove_file(file.path());
        }
    }
}

fn database(layout: Layout, tick: &dyn Fn(u64, u64)) -> Result<Rebuilt, VaultError> {
    let head = Published::read(&layout)?.ok_or_else(|| damaged("log/checkpoint is gone"))?;
    let (begun, entries) = (layout.root.join(BEGUN), head.checkpoint.size);
    let make = || {
        let sealed = from_published(layout.clone(), &begun, &head, tick)?;
        // A run killed while it published leaves files wider than the checkpoint: they are not part of what was
        // rebuilt, and the next commit writes them again.
        for path in TilePath::for_size(entries) {
            super::publish::drop_other_partials(&layout, path);
        }
        // The lost database's write-ahead log would be played over the new one.
        for name in ["case.sqlite-wal", "case.sqlite-shm"] {
            let _ = fs::remove_file(layout.root.join(name));
        }
        super::durable::sync_dir(&layout.root)?;
        fs::rename(&begun, layout.database()).map_err(VaultError::io("name", &begun))?;
        super::durable::sync_dir(&layout.root)?;
        Ok(Rebuilt::Database { entries, sealed })
    };
    make().inspect_err(|_| discard_begun(&layout))
}

/// Makes a database of the published log, a tile at a time. It is kept only if its entries are those under the signed checkpoint. Gives
/// the number of sealed values.
fn from_published(layout: Layout, path: &Path, head: &Published, tick: &dyn Fn(u64, u64)) -> Result<u64, VaultError> {
    let size = head.checkpoint.size;
    let reader = Reader { db: db::create(path)?, layout };
    let transaction =
        Transaction::new_unchecked(&reader.db, TransactionBehavior::Immediate).map_err(VaultError::sql("be rebuilt"))?;
    let (mut keys, mut next, mut kept) = (Keys::default(), 0, 0);
    for tile in TilePath::for_size(size) {
        let TilePath::Entries { index, width } = tile else { continue };
        let file = reader.layout.tile(tile);
        let entries = parse_entry_bundle(&fs::read(&file).map_err(VaultError::io("read", &file))?)?;
        // A sealed file may be gone by law: its values are then absent, and the log still holds. A line that cannot be read, or
        // that is of an entry of another file, is a value that is not at hand: verify will say so.
        let lines = fs::read(reader.layout.tile(TilePath::Sealed { index, width })).unwrap_or_default();
        let mut sealed = BTreeMap::<u64, Vec<Sealed>>::new();
        parse_sealed(&lines).into_iter().for_each(|(entry, value)| sealed.entry(entry).or_default().push(value));
        for bytes in entries {
            keys.take(next, &open(&bytes, &[])?.event)?;
            let committed = commitments(&bytes).map_err(|source| VaultError::Entry { index: next, source })?;
            // A value that does not match its commitment is not the value: it is left out.
            let values = sealed.remove(&next).unwrap_or_default();
            let values = values.into_iter().filter(|value| committed.get(&value.field) == Some(&value.commitment()));
            let values: Values = values.map(|value| (value.field, value.salt, canonical_value(&value.value))).collect();
            kept += values.len() as u64;
            append(&reader.db, [(next, bytes, values)]).map_err(VaultError::sql("be rebuilt"))?;
            next += 1;
        }
    }
    let Some(key) = keys.at(size) else { return Err(damaged("entry 0 does not open a case")) };
    if !head.signed_by(key) {
        return Err(damaged("the checkpoint's signature does not match"));
    }
    let tree = nodes::Remembered::new(&reader.db);
    nodes::keep_tile_hashes(&tree, 0, size)?;
    if nodes::size(&reader.db)? != size || root(&tree, size)? != head.checkpoint.root {
        return Err(damaged("the entries do not add up to the checkpoint's root"));
    }
    reader
        .db
        .execute("INSERT INTO publication VALUES (0, ?1, ?2)", (size, head.checkpoint.root))
        .map_err(VaultError::sql("be rebuilt"))?;
    super::publish::keep_head(&reader.db, &head.text)?;
    transaction.commit().map_err(VaultError::sql("be rebuilt"))?;
    anew::catalogue(&reader, tick)?;
    // The write-ahead log is folded in before the file takes its name.
    reader.db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").map_err(VaultError::sql("be rebuilt"))?;
    reader.db.close().map_err(|(_, error)| VaultError::sql("be rebuilt")(error))?;
    Ok(kept)
}
