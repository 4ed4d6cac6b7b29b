//! A case open for reading: no method here writes, and a read-only medium is enough.

use std::fs::File;
use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, OptionalExtension};

use super::nodes::{self, Stored};
use super::{Layout, Published, Replay, SumKey, Sums, VaultError, compare, db, lock, objects, publish, rows};
use crate::evidence::{Digest, Event, Finding, Object, Unit};
use crate::ledger::{Hash, PublicKey, Sealed, TilePath, consistency, inclusion, open, root};

/// A case, read only.
pub struct Reader {
    pub(super) layout: Layout,
    pub(super) db: Connection,
}

/// An entry as stored, with the sealed values at hand.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRow {
    pub index: u64,
    pub bytes: Vec<u8>,
    pub sealed: Vec<Sealed>,
}

impl Reader {
    /// Opens a case for reading.
    pub fn open(root: &Path) -> Result<Reader, VaultError> {
        let layout = Layout::new(root);
        let db = db::open_read_only(&layout)?;
        Ok(Reader { layout, db })
    }

    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// Keeps what follows on one state of the case, whatever others write, until it is dropped.
    pub fn steady(&self) -> Result<impl Sized + '_, VaultError> {
        let transaction = self.db.unchecked_transaction().map_err(VaultError::sql("be read"))?;
        // A transaction begins to see with its first read.
        self.size()?;
        Ok(transaction)
    }

    /// The same case for another thread, kept on its state of now.
    pub fn beside(&self) -> Result<Reader, VaultError> {
        let reader = Reader::open(&self.layout.root)?;
        reader.db.execute_batch("BEGIN").map_err(VaultError::sql("be read"))?;
        reader.size()?;
        Ok(reader)
    }

    /// Keeps writers out for a moment, while the published log is read.
    pub fn pause_writers(&self) -> Result<impl Sized + use<>, VaultError> {
        lock::shared(&self.layout.lock())
    }

    /// The case's name in the log and its key, from entry 0.
    pub fn identity(&self) -> Result<(String, PublicKey), VaultError> {
        let broken = |source| VaultError::Entry { index: 0, source };
        let bytes = nodes::entry(&self.db, 0)?.ok_or(VaultError::Published { what: "the log is empty".into() })?;
        match open(&bytes, &[]).map_err(broken)?.event {
            Event::CaseOpened(opened) => Ok((opened.origin, opened.key.parse().map_err(broken)?)),
            _ => Err(VaultError::Published { what: "entry 0 does not open a case".into() }),
        }
    }

    /// The case's title, unless it was withheld.
    pub fn title(&self) -> Result<Option<String>, VaultError> {
        let sealed = publish::sealed_values(&self.db, 0)?;
        Ok(sealed.iter().find(|sealed| sealed.field == "title").and_then(|sealed| Some(sealed.value.as_str()?.to_owned())))
    }

    /// Entries in the log.
    pub fn size(&self) -> Result<u64, VaultError> {
        nodes::size(&self.db)
    }

    /// Rows of the log, and the smallest index among them: `(size, 0)` in a log without oddities.
    pub fn log_shape(&self) -> Result<(u64, i64), VaultError> {
        let sql = "SELECT count(*), coalesce(min(idx), 0) FROM log";
        self.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(VaultError::sql("be read"))
    }

    /// Tables of one row that have another.
    pub fn odd_rows(&self) -> Result<Vec<&'static str>, VaultError> {
        let odd = |table: &&str| {
            let sql = format!("SELECT count(*) FROM {table} WHERE one <> 0 OR one IS NULL OR rowid <> 0");
            self.db.query_row(&sql, [], |row| row.get::<_, u64>(0)).map(|count| count > 0)
        };
        let mut found = Vec::new();
        for table in ["head", "publication"] {
            if odd(&table).map_err(VaultError::sql("be read"))? {
                found.push(table);
            }
        }
        Ok(found)
    }

    /// The tree's root over its first `size` entries.
    pub fn root(&self, size: u64) -> Result<Hash, VaultError> {
        root(&Stored(&self.db), size)
    }

    /// Inclusion proofs of many entries in one tree; quick if they are asked for in order.
    pub fn proofs(&self, size: u64) -> Proofs<'_> {
        Proofs { nodes: nodes::Remembered::new(&self.db), size }
    }

    /// The proof that entry `index` is in the log of `size` entries.
    pub fn inclusion(&self, index: u64, size: u64) -> Result<Vec<Hash>, VaultError> {
        inclusion(&Stored(&self.db), index, size)
    }

    /// The proof that the log of `old` entries is a beginning of that of `new`.
    pub fn consistency(&self, old: u64, new: u64) -> Result<Vec<Hash>, VaultError> {
        consistency(&Stored(&self.db), old, new)
    }

    /// One entry; none past the end.
    pub fn entry(&self, index: u64) -> Result<Option<LogRow>, VaultError> {
        let Some(bytes) = nodes::entry(&self.db, index)? else { return Ok(None) };
        Ok(Some(LogRow { index, bytes, sealed: publish::sealed_values(&self.db, index)? }))
    }

    /// Entries in order, for as long as `look` returns Ok.
    pub fn entries<E: From<VaultError>>(&self, range: Range<u64>, look: impl FnMut(LogRow) -> Result<(), E>) -> Result<(), E> {
        publish::each_entry(&self.db, &range, look)
    }

    /// What a published file should hold.
    pub fn rendered(&self, path: TilePath) -> Result<Vec<u8>, VaultError> {
        publish::render(&nodes::Remembered::new(&self.db), path)
    }

    /// The signed head that the database keeps.
    pub fn head(&self) -> Result<Option<Published>, VaultError> {
        publish::signed_head(&self.db)
    }

    /// How far the log had been published when last looked at.
    pub fn publication(&self) -> Result<Option<(u64, Vec<u8>)>, VaultError> {
        self.db
            .query_row("SELECT size, root FROM publication", [], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()
            .map_err(VaultError::sql("be read"))
    }

    /// Hashes kept over full tiles: level, index, hash.
    pub fn tile_hashes(&self) -> Result<Vec<(u32, u64, Vec<u8>)>, VaultError> {
        let mut query =
            self.db.prepare("SELECT level, idx, hash FROM tile_hash ORDER BY level, idx").map_err(VaultError::sql("be read"))?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
        rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))
    }

    /// Sealed rows of entries that the log does not have.
    pub fn sealed_of_none(&self) -> Result<Vec<(u64, String)>, VaultError> {
        let sql = "SELECT idx, field FROM sealed WHERE idx NOT IN (SELECT idx FROM log) ORDER BY idx, field";
        let mut query = self.db.prepare(sql).map_err(VaultError::sql("be read"))?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))
    }

    /// What the catalogue says of an object.
    pub fn object(&self, digest: &Digest) -> Result<Option<Object>, VaultError> {
        rows::object(&self.db, digest).map_err(VaultError::sql("be read"))
    }

    /// The entry that recorded an object.
    pub fn object_entry(&self, digest: &str) -> Result<Option<u64>, VaultError> {
        self.db
            .query_row("SELECT entry FROM object WHERE sha256 = ?1", [digest], |row| row.get(0))
            .optional()
            .map_err(VaultError::sql("be read"))
    }

    /// Every object of the catalogue, in order of digest.
    pub fn objects(&self) -> Result<Vec<Object>, VaultError> {
        rows::objects(&self.db).map_err(VaultError::sql("be read"))
    }

    /// What people call an object: the exhibits that it is, and the report.
    pub fn names_of(&self, object: &Digest) -> Result<Vec<String>, VaultError> {
        let sql = "SELECT 'E' || no FROM exhibit WHERE object = ?1 UNION ALL SELECT 'R' || no FROM report WHERE sha256 = ?1";
        let read = || -> rusqlite::Result<Vec<String>> {
            self.db.prepare_cached(sql)?.query_map([object.to_string()], |row| row.get(0))?.collect()
        };
        read().map_err(VaultError::sql("be read"))
    }

    /// Objects that a run is bringing in, or was when it was killed.
    pub fn arriving(&self) -> std::collections::BTreeSet<Digest> {
        objects::staged(&self.layout)
    }

    /// An object's bytes.
    pub fn open_object(&self, digest: &Digest) -> Result<File, VaultError> {
        objects::open(&self.layout, digest)
    }

    /// The state of a unit of work: queued, leased or done; none if there is no such unit.
    pub fn unit_state(&self, unit: &Unit) -> Result<Option<String>, VaultError> {
        super::work::state(&self.db, unit).map_err(VaultError::sql("be read"))
    }

    /// Compares every row of the catalogue with a replay of the log. With what a replay expects, and this catalogue's sums under its key,
    /// that is quick as long as they agree.
    pub fn compare_with(&self, expected: Option<(&Replay, &Sums)>) -> Result<Vec<Finding>, VaultError> {
        compare::compare(self, expected)
    }

    /// The sums of all tables of the catalogue.
    pub fn sums(&self, key: SumKey) -> Result<Sums, VaultError> {
        Sums::of(&self.db, key)
    }

    /// What SQLite itself finds wrong with the file; empty if nothing.
    pub fn integrity_problems(&self) -> Result<Vec<String>, VaultError> {
        let mut query = self.db.prepare("PRAGMA integrity_check").map_err(VaultError::sql("be read"))?;
        let rows = query.query_map([], |row| row.get::<_, String>(0));
        let lines: Vec<String> = rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))?;
        Ok(lines.into_iter().filter(|line| line != "ok").collect())
    }

    /// The whole catalogue as text, row by row: two cases with the same dump hold the same catalogue.
    pub fn dump(&self) -> Result<String, VaultError> {
        compare::dump(&self.db)
    }
}

/// Gives inclusion proofs in a tree of one size.
pub struct Proofs<'a> {
    nodes: nodes::Remembered<'a>,
    size: u64,
}

impl Proofs<'_> {
    /// The proof (RFC 9162 §2.1.3) of an entry, leaf side first.
    pub fn inclusion(&self, index: u64) -> Result<Vec<Hash>, VaultError> {
        inclusion(&self.nodes, index, self.size)
    }
}
