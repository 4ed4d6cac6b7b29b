//! What a catalogue must hold, from the log alone: written into empty tables, or only expected of tables that are there.
//!
//! The second is many times quicker, as nothing is written: an event's own rows are made from it and summed, and what it refers
//! to is looked up in the catalogue that is being checked, among the rows of earlier entries. That is sound by induction. If the rows
//! of all earlier entries are the right ones, then so are the answers, and so are the rows that are expected of this entry; and every
//! row of a table that is looked into bears the number of the entry that made it, so that all sums agree only if this entry's rows are
//! the right ones, too. It takes a file whose indexes say what its tables say, which SQLite's own check tells.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::mpsc;

use rusqlite::types::ToSql;
use rusqlite::{Connection, OptionalExtension};

use super::apply::{self, Applied, Recent};
use super::aside::Aside;
use super::sums::{SumKey, Sums};
use super::{LogRow, Reader, VaultError, work};
use crate::evidence::{Digest, Object};
use crate::ledger::{Entry, open_again};

/// Batches of entries that are read ahead of those that are written.
const AHEAD: usize = 16;

/// Replays a log into a database with empty tables. Entries are decoded on another core. Rows that are put aside are given away, to be
/// written.
pub(super) fn replay(
    from: &Reader,
    into: &Connection,
    mut write_aside: impl FnMut(&mut Aside) -> Result<(), VaultError>,
    tick: &dyn Fn(u64, u64),
) -> Result<(), VaultError> {
    let size = from.size()?;
    let (rows, to_decode) = mpsc::channel::<Vec<LogRow>>();
    let (decoded, entries) = mpsc::channel();
    std::thread::scope(move |scope| {
        scope.spawn(move || {
            for rows in to_decode {
                let open = |row: LogRow| (row.index, open_again(&row.bytes, &row.sealed));
                let _ = decoded.send(rows.into_iter().map(open).collect::<Vec<_>>());
            }
        });
        let mut rows_of = Applied::new(into);
        let mut done = 0;
        let mut apply = || -> Result<(), VaultError> {
            entries.recv().into_iter().flatten().try_for_each(|(index, entry)| {
                let entry = entry.map_err(|source| VaultError::Entry { index, source })?;
                rows_of.apply(index, &entry)?;
                done = index + 1;
                Ok::<_, VaultError>(())
            })?;
            tick(done, size);
            if rows_of.aside().is_much() { write_aside(rows_of.aside()) } else { Ok(()) }
        };
        let (mut batch, mut ahead) = (Vec::new(), 0);
        from.entries(0..size, |row| {
            batch.push(row);
            if batch.len() < 256 {
                return Ok(());
            }
            let _ = rows.send(std::mem::take(&mut batch));
            ahead += 1;
            if ahead <= AHEAD {
                return Ok(());
            }
            ahead -= 1;
            apply()
        })?;
        let _ = rows.send(batch);
        drop(rows);
        (0..=ahead).try_for_each(|_| apply())?;
        write_aside(rows_of.aside())
    })
}

/// What a log's entries make one expect of a catalogue, entry by entry.
pub struct Replay {
    /// The catalogue that is being checked.
    held: Reader,
    expected: RefCell<Expected>,
    recent: RefCell<Recent>,
}

impl Replay {
    /// Begins a replay over a catalogue, whose sums are taken under the same key.
    pub fn begin(held: Reader, key: SumKey) -> Replay {
        let units = Units { key: key.clone(), all: HashMap::new() };
        let expected = Expected { sums: Sums::new(key), once: HashSet::new(), untyped: BTreeMap::new(), units };
        Replay { held, expected: RefCell::new(expected), recent: RefCell::default() }
    }

    /// Takes the next entry. An error says that the catalogue does not have what the entry refers to, or that it cannot be read.
    pub fn take(&self, index: u64, entry: &Entry) -> Result<(), VaultError> {
        apply::expect(&self.held.db, (&self.expected, &self.recent), index, entry)
    }

    /// The tables of the catalogue that hold other rows than these entries make, given the catalogue's sums. To be asked once, at the end.
    pub fn differing(&self, held: &Sums) -> Result<Vec<&'static str>, VaultError> {
        let mut expected = self.expected.borrow_mut();
        let different = expected.settle().and_then(|()| {
            let mut tables = held.differing(&expected.sums);
            if !expected.units.are_those_of(&self.held.db)? {
                tables.push("work");
            }
            Ok(tables)
        });
        different.map_err(VaultError::sql("be read"))
    }
}

/// What is expected so far.
pub(super) struct Expected {
    pub sums: Sums,
    /// Keys of rows that are written once, whatever is said again.
    once: HashSet<u128>,
    /// Objects whose type an examination may still tell.
    untyped: BTreeMap<Digest, (Object, u64)>,
    pub units: Units,
}

impl Expected {
    /// Whether a table gets its first row with this key.
    pub fn is_first(&mut self, table: &'static str, key: &[&dyn ToSql]) -> rusqlite::Result<bool> {
        let values = std::iter::once(table.to_sql()).chain(key.iter().map(|value| value.to_sql()));
        let summand = self.sums.summand(values)?;
        Ok(self.once.insert(summand))
    }

    pub fn object(&mut self, object: &Object, entry: u64) -> rusqlite::Result<()> {
        if object.media_type == Object::UNTYPED {
            // Said twice: no catalogue can hold both rows.
            let before = self.untyped.insert(object.sha256, (object.clone(), entry));
            return before.map_or(Ok(()), |(object, entry)| self.typed(&object, entry));
        }
        self.typed(object, entry)
    }

    fn typed(&mut self, object: &Object, entry: u64) -> rusqlite::Result<()> {
        let (sha256, blake3) = (object.sha256.to_string(), object.blake3.to_string());
        let values: [&dyn ToSql; 5] = [&sha256, &blake3, &object.size, &object.media_type, &entry];
        self.sums.take("object", values.iter().map(|value| value.to_sql())).map(drop)
    }

    pub fn retyped(&mut self, object: &Digest, media_type: &str) -> rusqlite::Result<()> {
        match self.untyped.remove(object) {
            Some((object, entry)) => self.object(&Object { media_type: media_type.to_owned(), ..object }, entry),
            None => Ok(()),
        }
    }

    /// No entry comes any more.
    fn settle(&mut self) -> rusqlite::Result<()> {
        std::mem::take(&mut self.untyped).into_values().try_for_each(|(object, entry)| self.typed(&object, entry))
    }
}

/// The units of work that follow from entries, by the hash of kind and key.
pub(super) struct Units {
    key: SumKey,
    all: HashMap<u128, Expectation>,
}

struct Expectation {
    done: bool,
    /// The hash of what the unit is about, if an entry says so.
    subject: Option<u64>,
}

impl Units {
    fn of(&self, kind: &str, key: &str) -> u128 {
        self.key.hash(&[&kind.len().to_le_bytes(), kind.as_bytes(), key.as_bytes()].concat())
    }

    fn about(&self, subject: &str) -> u64 {
        self.key.hash(subject.as_bytes()) as u64
    }

    pub fn done(&mut self, kind: &str, key: &str) {
        self.all.entry(self.of(kind, key)).or_insert(Expectation { done: true, subject: None }).done = true;
    }

    pub fn queued(&mut self, kind: &str, key: &str, subject: &str) {
        let about = Some(self.about(subject));
        self.all.entry(self.of(kind, key)).or_insert(Expectation { done: false, subject: about }).subject = about;
    }

    /// Whether a queue has these units, as they must stand in it, and no other but open ones.
    fn are_those_of(&mut self, db: &Connection) -> rusqlite::Result<bool> {
        let mut known = db.prepare("SELECT 1 FROM item WHERE key = ?1")?;
        let mut query = db.prepare("SELECT kind, key, subject, state FROM work")?;
        let mut rows = query.query([])?;
        while let Some(row) = rows.next()? {
            let text = |at| row.get_ref(at).and_then(|value| Ok(value.as_str()?));
            let (kind, key, subject, state) = (text(0)?, text(1)?, text(2)?, text(3)?);
            let fits = match self.all.remove(&self.of(kind, key)) {
                Some(unit) => unit.done == (state == "done") && unit.subject.is_none_or(|about| about == self.about(subject)),
                None => {
                    state != "done"
                        && work::known_kind(kind)
                        && (kind != "capture" || known.query_row([subject], |_| Ok(())).optional()?.is_some())
                }
            };
            if !fits {
                return Ok(false);
            }
        }
        Ok(self.all.is_empty())
    }
}
