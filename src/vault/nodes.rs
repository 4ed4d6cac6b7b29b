//! The tree's hashes, from the entries and from the hashes kept over full tiles.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension};

use super::VaultError;
use crate::ledger::{Frontier, Hash, Nodes, TILE, leaf_hash, node_hash};

/// Entries in the log.
pub(super) fn size(db: &Connection) -> Result<u64, VaultError> {
    db.prepare_cached("SELECT coalesce(max(idx) + 1, 0) FROM log")
        .and_then(|mut query| query.query_row([], |row| row.get(0)))
        .map_err(VaultError::sql("be read"))
}

/// One entry's bytes, as stored.
pub(super) fn entry(db: &Connection, index: u64) -> Result<Option<Vec<u8>>, VaultError> {
    db.prepare_cached("SELECT entry FROM log WHERE idx = ?1")
        .and_then(|mut query| query.query_row([index], |row| row.get(0)).optional())
        .map_err(VaultError::sql("be read"))
}

/// Hashes of a tile in order, of a range that is there whole: of entries at level 0, else of full tiles of the level below.
fn each_hash(db: &Connection, level: u32, range: Range<u64>, mut take: impl FnMut(Hash)) -> Result<(), VaultError> {
    let sql = match level {
        0 => "SELECT entry FROM log WHERE idx >= ?1 AND idx < ?2 AND ?3 = 0 ORDER BY idx",
        _ => "SELECT hash FROM tile_hash WHERE idx >= ?1 AND idx < ?2 AND level = ?3 ORDER BY idx",
    };
    let mut read = || -> rusqlite::Result<()> {
        let (mut query, mut left) = (db.prepare_cached(sql)?, range.end - range.start);
        let mut rows = query.query((range.start, range.end, level))?;
        while let Some(row) = rows.next()? {
            take(if level == 0 { leaf_hash(row.get_ref(0)?.as_blob()?) } else { row.get(0)? });
            left -= 1;
        }
        if left == 0 { Ok(()) } else { Err(rusqlite::Error::QueryReturnedNoRows) }
    };
    read().map_err(VaultError::sql("be read"))
}

/// The database as a source of tree nodes.
pub(super) struct Stored<'a>(pub &'a Connection);

impl Nodes for Stored<'_> {
    type Error = VaultError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, VaultError> {
        let (tiles, inside) = (level / TILE.trailing_zeros(), level % TILE.trailing_zeros());
        let mut tree = Frontier::default();
        each_hash(self.0, tiles, index << inside..(index + 1) << inside, |hash| tree.push(hash))?;
        Ok(tree.root())
    }
}

/// The same, for much that is asked of one tree, best in the order of its entries: what one question needed, the next finds.
pub(super) struct Remembered<'a> {
    pub(super) db: &'a Connection,
    known: RefCell<HashMap<(u32, u64), Hash>>,
}

impl Remembered<'_> {
    /// Nodes that are remembered at most; then all are forgotten.
    const MOST: usize = 1 << 16;

    pub fn new(db: &Connection) -> Remembered<'_> {
        Remembered { db, known: RefCell::default() }
    }
}

impl Nodes for Remembered<'_> {
    type Error = VaultError;

    fn node(&self, level: u32, index: u64) -> Result<Hash, VaultError> {
        if let Some(hash) = self.known.borrow().get(&(level, index)) {
            return Ok(*hash);
        }
        let hash = if level.is_multiple_of(TILE.trailing_zeros()) {
            Stored(self.db).node(level, index)?
        } else {
            node_hash(&self.node(level - 1, index * 2)?, &self.node(level - 1, index * 2 + 1)?)
        };
        let mut known = self.known.borrow_mut();
        if known.len() >= Self::MOST {
            known.clear();
        }
        known.insert((level, index), hash);
        Ok(hash)
    }
}

/// Keeps the hashes over tiles that became full when the log grew from `old` to `new` entries.
pub(super) fn keep_tile_hashes(nodes: &Remembered<'_>, old: u64, new: u64) -> Result<(), VaultError> {
    let mut level = 1;
    loop {
        let full = |size: u64| size >> (level * TILE.trailing_zeros());
        for index in full(old)..full(new) {
            let mut tile = Frontier::default();
            for child in index * TILE..(index + 1) * TILE {
                tile.push(nodes.node((level - 1) * TILE.trailing_zeros(), child)?);
            }
            nodes
                .db
                .prepare_cached("INSERT INTO tile_hash (level, idx, hash) VALUES (?1, ?2, ?3)")
                .and_then(|mut insert| insert.execute((level, index, tile.root())))
                .map_err(VaultError::sql("be written"))?;
        }
        if full(new) == 0 {
            return Ok(());
        }
        level += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ledger::root;

    /// Hashes over full tiles, and over full tiles of those, are those of the tree.
    #[test]
    fn a_log_of_more_than_a_tile_of_tiles_has_the_root_of_its_entries() {
        let db = Connection::open_in_memory().unwrap();
        super::super::db::create_tables(&db).unwrap();
        let size = TILE * TILE + TILE + 1;
        let entries = "WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < ?1) \
                       INSERT INTO log SELECT i, CAST('entry ' || i AS BLOB) FROM n";
        db.execute_batch("DROP TRIGGER log_grows_at_its_end").unwrap();
        db.execute(entries, [size]).unwrap();
        let mut tree = Frontier::default();
        (0..size).for_each(|nth| tree.push(leaf_hash(format!("entry {nth}").as_bytes())));
        // In steps, as a log grows.
        let nodes = Remembered::new(&db);
        for step in [0, 1, TILE, TILE * TILE - 1, TILE * TILE, size].windows(2) {
            keep_tile_hashes(&nodes, step[0], step[1]).unwrap();
        }
        let kept = "SELECT count(*) FILTER (WHERE level = 1), count(*) FILTER (WHERE level = 2), count(*) FROM tile_hash";
        let kept: (u64, u64, u64) = db.query_row(kept, [], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        assert_eq!(kept, (TILE + 1, 1, TILE + 2));
        assert_eq!(root(&Stored(&db), size).unwrap(), tree.root());
        assert_eq!(root(&nodes, size).unwrap(), tree.root());
        // A kept hash that is not there is no reason to answer without it.
        db.execute("DELETE FROM tile_hash WHERE level = 1 AND idx = ?1", [TILE]).unwrap();
        assert!(root(&Stored(&db), size).is_err());
    }
}
