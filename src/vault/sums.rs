//! Sums over rows: whether two tables hold the same rows, told without keeping or sorting either. A row's summand is its BLAKE3
//! under a key that nobody knew when the rows were written, so that rows cannot be made whose sums agree.

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::VaultError;
use super::compare::{TABLES, is_missing};

/// How the rows of a table are read.
pub(super) fn columns(table: &str) -> &'static str {
    if table == "search" { "rowid, subject, body, shown" } else { "*" }
}

/// The key of one check.
#[derive(Clone)]
pub struct SumKey([u8; 32]);

impl SumKey {
    /// A key by chance; none where the system gives no chance.
    pub fn random() -> Option<SumKey> {
        let mut key = [0; 32];
        getrandom::fill(&mut key).ok().map(|()| SumKey(key))
    }

    pub(super) fn hash(&self, bytes: &[u8]) -> u128 {
        let digest = blake3::keyed_hash(&self.0, bytes);
        let mut half = [0; 16];
        half.copy_from_slice(&digest.as_bytes()[..16]);
        u128::from_le_bytes(half)
    }
}

/// Rows counted, and their summands added modulo 2^128, of each table.
pub struct Sums {
    key: SumKey,
    /// Few: looking through them is quicker than a map.
    tables: Vec<(&'static str, u64, u128)>,
    row: Vec<u8>,
}

impl Sums {
    pub(super) fn new(key: SumKey) -> Sums {
        Sums { key, tables: TABLES.iter().map(|(table, ..)| (*table, 0, 0)).collect(), row: Vec::new() }
    }

    /// Takes a row in; gives how many the table has now.
    pub(super) fn take<'a>(
        &mut self,
        table: &'static str,
        values: impl Iterator<Item = rusqlite::Result<ToSqlOutput<'a>>>,
    ) -> rusqlite::Result<u64> {
        let summand = self.summand(values)?;
        let Some((_, count, sum)) = self.tables.iter_mut().find(|(own, ..)| *own == table) else {
            return Err(rusqlite::Error::InvalidQuery);
        };
        (*count, *sum) = (*count + 1, sum.wrapping_add(summand));
        Ok(*count)
    }

    pub(super) fn summand<'a>(
        &mut self,
        values: impl Iterator<Item = rusqlite::Result<ToSqlOutput<'a>>>,
    ) -> rusqlite::Result<u128> {
        self.row.clear();
        for value in values {
            match &value? {
                ToSqlOutput::Borrowed(value) => self.put(*value),
                ToSqlOutput::Owned(value) => self.put(value.into()),
                _ => return Err(rusqlite::Error::InvalidQuery),
            }
        }
        Ok(self.key.hash(&self.row))
    }

    /// Rows of a table so far.
    pub(super) fn count(&self, table: &str) -> u64 {
        self.tables.iter().find(|(own, ..)| *own == table).map_or(0, |(_, count, _)| *count)
    }

    /// Each value with its kind and length before it, so that no two rows are written alike.
    fn put(&mut self, value: ValueRef<'_>) {
        let (kind, length, bytes) = match value {
            ValueRef::Null => (0, 0, &[][..]),
            ValueRef::Integer(number) => (1, number as u64, &[][..]),
            ValueRef::Real(number) => (2, number.to_bits(), &[][..]),
            ValueRef::Text(text) => (3, text.len() as u64, text),
            ValueRef::Blob(blob) => (4, blob.len() as u64, blob),
        };
        self.row.push(kind);
        self.row.extend(length.to_le_bytes());
        self.row.extend(bytes);
    }

    /// The sums of what a database holds.
    pub(super) fn of(db: &Connection, key: SumKey) -> Result<Sums, VaultError> {
        let mut sums = Sums::new(key);
        let mut read = || -> rusqlite::Result<()> {
            for (table, ..) in TABLES.iter().filter(|(table, ..)| !is_missing(db, table)) {
                let mut query = db.prepare(&format!("SELECT {} FROM {table}", columns(table)))?;
                let columns = query.column_count();
                let mut rows = query.query([])?;
                while let Some(row) = rows.next()? {
                    sums.take(table, (0..columns).map(|at| row.get_ref(at).map(ToSqlOutput::Borrowed)))?;
                }
            }
            Ok(())
        };
        read().map_err(VaultError::sql("be read"))?;
        Ok(sums)
    }

    /// The tables whose rows are not the same.
    pub(super) fn differing(&self, other: &Sums) -> Vec<&'static str> {
        self.tables.iter().zip(&other.tables).filter(|(own, other)| own != other).map(|((table, ..), _)| *table).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(rows: &[&str]) -> Sums {
        let db = Connection::open_in_memory().unwrap();
        for (table, ..) in TABLES {
            let columns = if *table == "search" { "subject, body, shown" } else { "no, value" };
            db.execute_batch(&format!("CREATE TABLE {table} ({columns})")).unwrap();
        }
        rows.iter().for_each(|row| db.execute_batch(&format!("INSERT INTO claim VALUES ({row})")).unwrap());
        Sums::of(&db, SumKey([7; 32])).unwrap()
    }

    #[test]
    fn the_same_rows_have_the_same_sum_in_any_order_and_no_others_do() {
        let rows = ["1, 'a'", "2, NULL", "3, x'61'", "4, 1.5"];
        let sums = of(&rows);
        assert_eq!(sums.differing(&of(&["4, 1.5", "3, x'61'", "2, NULL", "1, 'a'"])), Vec::<&str>::new());
        assert_eq!((sums.count("claim"), sums.count("touches")), (4, 0));
        for (at, other) in [
            (0, "1, 'b'"),
            (0, "1, x'61'"),
            (1, "2, ''"),
            (1, "2, 0"),
            (3, "4, 1"),
            (3, "4, 1.25"),
            (0, "'1', 'a'"),
            (2, "1, 'a'"),
        ] {
            let mut others = rows;
            others[at] = other;
            assert_eq!(sums.differing(&of(&others)), ["claim"], "{other}");
        }
        assert_eq!(sums.differing(&of(&rows[1..])), ["claim"]);
        assert_eq!(of(&["1, 'a'", "1, 'a'"]).differing(&of(&["2, 'a'", "2, 'a'"])), ["claim"]);
        assert_eq!(of(&["'ab', 'c'"]).differing(&of(&["'a', 'bc'"])), ["claim"]);
    }
}
