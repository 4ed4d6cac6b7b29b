//! Rows of tables that no event looks into. They can be written after the rows that events refer to, many at once, and by another
//! thread.

use rusqlite::{Connection, ToSql};

use super::fold::fold;
use crate::ledger::Entry;

/// The tables that these rows belong to.
pub(super) const TABLES: [&str; 3] = ["custody_event", "touches", "search"];

/// Rows of one statement: fewer leave SQLite with more to do around each than for it.
const AT_ONCE: usize = 32;

/// Bytes that are worth being written.
const MUCH: usize = 1 << 21;

/// Rows that wait to be written.
#[derive(Default)]
pub(super) struct Aside {
    custody: Vec<Custody>,
    touches: Vec<(&'static str, u64, u64)>,
    words: Vec<(String, String)>,
    /// About how much memory all of it takes.
    bytes: usize,
}

struct Custody {
    entry: u64,
    kind: &'static str,
    time: String,
    tool: String,
    person: Option<String>,
}

impl Aside {
    /// One row an entry.
    pub fn custody(&mut self, index: u64, entry: &Entry) {
        self.bytes += size_of::<Custody>() + entry.tool.len() + entry.person.as_ref().map_or(0, String::len);
        self.custody.push(Custody {
            entry: index,
            kind: entry.event.kind(),
            time: entry.time.to_string(),
            tool: entry.tool.clone(),
            person: entry.person.clone(),
        });
    }

    /// An entry speaks about a subject.
    pub fn touch(&mut self, touch: (&'static str, u64, u64)) {
        self.bytes += size_of_val(&touch);
        self.touches.push(touch);
    }

    /// Words that are to be found, and their subject.
    pub fn words(&mut self, subject: String, shown: String) {
        self.bytes += size_of::<(String, String)>() + subject.len() + shown.len();
        self.words.push((subject, shown));
    }

    /// Whether so much waits that it is worth being written: before each statement of many rows SQLite writes out what it has in memory
    /// of the search index.
    pub fn is_much(&self) -> bool {
        self.bytes >= MUCH
    }

    /// Writes all that waits.
    pub fn write(&mut self, db: &Connection) -> rusqlite::Result<()> {
        self.bytes = 0;
        insert(db, "INSERT INTO custody_event", &self.custody, |row| {
            [&row.entry as &dyn ToSql, &row.kind, &row.time, &row.tool, &row.person]
        })?;
        self.custody.clear();
        // In their own order, rows that lie beside each other are written together.
        self.touches.sort_unstable();
        insert(db, "INSERT OR IGNORE INTO touches", &self.touches, |(kind, no, entry)| [kind as &dyn ToSql, no, entry])?;
        self.touches.clear();
        let mut word = db.prepare_cached("INSERT INTO search VALUES (?1, ?2, ?3)")?;
        self.words.drain(..).try_for_each(|(subject, shown)| word.execute((subject, fold(&shown), shown)).map(drop))
    }
}

fn insert<T, const N: usize>(
    db: &Connection,
    into: &str,
    rows: &[T],
    values: impl Fn(&T) -> [&dyn ToSql; N],
) -> rusqlite::Result<()> {
    let row = format!("({})", ["?"; N].join(", "));
    for chunk in rows.chunks(AT_ONCE) {
        // Few are written one by one, so that not each number of rows is a statement of its own.
        let at_once = if chunk.len() == AT_ONCE { AT_ONCE } else { 1 };
        let mut statement = db.prepare_cached(&format!("{into} VALUES {}", vec![row.as_str(); at_once].join(", ")))?;
        for rows in chunk.chunks(at_once) {
            for (at, value) in rows.iter().flat_map(&values).enumerate() {
                statement.raw_bind_parameter(at + 1, value)?;
            }
            statement.raw_execute()?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Event, Subject, Time};

    /// What waits is written when it takes about so many bytes, whatever it is, and none of it waits after that.
    #[test]
    fn what_waits_is_counted() {
        let text = |bytes: usize| "x".repeat(bytes);
        let db = Connection::open_in_memory().unwrap();
        super::super::db::create_tables(&db).unwrap();
        let mut aside = Aside::default();
        let one_more_is_much = |aside: &mut Aside| {
            assert!(!aside.is_much());
            aside.touch(("E", 1, 1));
            assert!(aside.is_much());
            aside.write(&db).unwrap();
            assert!(!aside.is_much());
        };
        let row = size_of::<(String, String)>();
        aside.words(text(1000), text(MUCH - row - 1001));
        one_more_is_much(&mut aside);
        let note = crate::evidence::NoteAdded { subject: Subject::Item("url:x".into()), text: None };
        let person = Some(text(MUCH - size_of::<Custody>() - 1001));
        let time = Time::from_micros(0);
        aside.custody(0, &Entry { time, tool: text(1000), person, work: None, event: Event::NoteAdded(note) });
        one_more_is_much(&mut aside);
        let rows = |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u64>(0)).unwrap();
        assert_eq!(TABLES.map(rows), [1, 1, 1]);
    }
}
