//! A catalogue made anew from its log: in files without a name, whose rows the case's database takes over. Pages that change again and
//! again do not go through its write-ahead log.

use std::os::unix::ffi::OsStrExt;
use std::sync::mpsc;

use rusqlite::Connection;
use rusqlite::types::{ToSqlOutput, ValueRef};

use super::aside::{self, Aside};
use super::{Reader, VaultError, compare, db, replay};

/// Drops a case's catalogue and makes it anew from the log, in one transaction. Needs the case's lock. `tick` is told how many entries of
/// how many were replayed.
pub(super) fn catalogue(case: &Reader, tick: &dyn Fn(u64, u64)) -> Result<(), VaultError> {
    let foreign_keys = |whether: &str| case.db.execute_batch(&format!("PRAGMA foreign_keys = {whether}")).map_err(failed);
    // What an event refers to is looked up as it is replayed. With foreign keys, SQLite would take over no table as it stands, and
    // tables would have to be dropped in an order.
    foreign_keys("OFF")?;
    let made = without_foreign_keys(case, tick);
    made.and(foreign_keys("ON"))
}

fn failed(source: rusqlite::Error) -> VaultError {
    VaultError::sql("be rebuilt")(source)
}

fn without_foreign_keys(case: &Reader, tick: &dyn Fn(u64, u64)) -> Result<(), VaultError> {
    // The keys of the tables that events look into come in no order: they are worth more memory.
    let (_rows, rows) = Attached::open(case, "rows", 192)?;
    let (_aside, aside) = Attached::open(case, "aside", 64)?;
    // An immediate one would begin to write to what is attached as well.
    let transaction = case.db.unchecked_transaction().map_err(failed)?;
    clear(&case.db).map_err(failed)?;
    db::create_tables(&rows)?;
    // So that each name is that of one table, also where the case has lost one.
    rows.execute_batch("DROP TABLE sealed; DROP TABLE log; DROP TABLE tile_hash; DROP TABLE head; DROP TABLE publication")
        .map_err(failed)?;
    // As the format has them: what the file says may be somebody else's.
    let idle = definitions(&rows, &IDLE).map_err(failed)?;
    let begin = || {
        aside.execute_batch(&format!("{}BEGIN", definitions(&rows, &aside::TABLES)?))?;
        drop_idle(&rows)?;
        rows.execute_batch("BEGIN")?;
        keep_open_units(&case.db, &rows)
    };
    begin().map_err(failed)?;
    replay_into(case, (rows, aside), tick)?;
    take_over(&case.db).and_then(|()| case.db.execute_batch(&idle)).map_err(failed)?;
    transaction.commit().map_err(failed)
}

/// Indexes that no event needs: made at once from all rows, they take a fraction of the time.
const IDLE: [&str; 6] = ["mention_item", "claim_subject", "capture_cut", "exhibit_item", "touches_entry", "work_open"];

fn drop_idle(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&IDLE.map(|name| format!("DROP INDEX IF EXISTS main.{name};")).concat())
}

fn definitions(db: &Connection, names: &[&str]) -> rusqlite::Result<String> {
    let mut sql = db.prepare("SELECT sql || ';' FROM sqlite_schema WHERE name = ?1")?;
    names.iter().map(|name| sql.query_row([name], |row| row.get::<_, String>(0))).collect()
}

/// A database attached to the case's, in a file without a name in the case's directory.
struct Attached<'a>(&'a Connection, &'static str);

impl<'a> Attached<'a> {
    /// Gives a connection to it, too, that may be used by another thread, with so many MiB of memory for its pages.
    fn open(case: &'a Reader, name: &'static str, mib: u32) -> Result<(Attached<'a>, Connection), VaultError> {
        let root = std::path::absolute(&case.layout.root).map_err(VaultError::io("read", &case.layout.root))?;
        let file =
            tempfile::Builder::new().prefix("case.sqlite.").tempfile_in(&root).map_err(VaultError::io("write to", &root))?;
        let open = || {
            let other = Connection::open(file.path())?;
            db::throw_away(&other, mib)?;
            // One that could not be detached may be there still.
            let _ = case.db.execute_batch(&format!("DETACH {name}"));
            let path = ValueRef::Text(file.path().as_os_str().as_bytes());
            case.db.execute(&format!("ATTACH ?1 AS {name}"), [ToSqlOutput::Borrowed(path)])?;
            Ok(other)
        };
        let opened = open().map(|other| (Attached(&case.db, name), other)).map_err(failed);
        // Before anything is in it: whatever happens, it leaves nothing.
        file.close().map_err(VaultError::io("remove a file from", &root))?;
        opened
    }
}

impl Drop for Attached<'_> {
    fn drop(&mut self) {
        let _ = self.0.execute_batch(&format!("DETACH {}", self.1));
    }
}

/// The table is not made anew, so its columns may stand in another order.
const WORK: &str = "kind, key, subject, state, worker, lease_until, token";

/// Open units are how an interrupted run goes on.
fn keep_open_units(from: &Connection, into: &Connection) -> rusqlite::Result<()> {
    let mut open = from.prepare(&format!("SELECT {WORK} FROM main.work WHERE state <> 'done'"))?;
    let mut keep = into.prepare(&format!("INSERT INTO work ({WORK}) VALUES (?, ?, ?, ?, ?, ?, ?)"))?;
    let mut rows = open.query([])?;
    while let Some(row) = rows.next()? {
        (0..7).try_for_each(|at| keep.raw_bind_parameter(at + 1, ToSqlOutput::Borrowed(row.get_ref(at)?)))?;
        keep.raw_execute()?;
    }
    Ok(())
}

/// Rows that are put aside are written by another thread.
fn replay_into(case: &Reader, (rows, aside): (Connection, Connection), tick: &dyn Fn(u64, u64)) -> Result<(), VaultError> {
    let (put, to_write) = mpsc::sync_channel::<Aside>(2);
    std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            to_write.into_iter().try_for_each(|mut rows| rows.write(&aside))?;
            aside.execute_batch("COMMIT")
        });
        let nobody_takes_them = |_| failed(rusqlite::Error::QueryReturnedNoRows);
        let replayed = replay::replay(case, &rows, |aside| put.send(std::mem::take(aside)).map_err(nobody_takes_them), tick);
        drop(put);
        // A thread that breaks off takes this one along. Where it takes no more rows, it is the one that says why.
        let written = writer.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        written.map_err(failed).and(replayed)?;
        rows.execute_batch("COMMIT").map_err(failed)
    })
}

/// Drops every table of the catalogue and makes them anew, empty and without the indexes that no event needs.
fn clear(case: &Connection) -> rusqlite::Result<()> {
    let views = ["reports", "mentions", "claims", "items", "captures", "exhibits", "examinations", "custody"];
    let views = views.map(|view| format!("DROP VIEW IF EXISTS main.{view};")).concat();
    let tables: String = compare::TABLES.iter().map(|(table, _)| format!("DROP TABLE IF EXISTS main.{table};")).collect();
    // `work` is no table of the catalogue, but its index is idle, too.
    case.execute_batch(&[&views, &tables, db::CATALOGUE_SQL, db::KEEPING_SQL, db::VIEWS_SQL].concat())?;
    drop_idle(case)
}

/// Takes over all rows as they stand: SQLite copies those of a table into an empty one of the same definition without looking into
/// them, and where no statement can be undone by itself, without copying pages for that.
fn take_over(case: &Connection) -> rusqlite::Result<()> {
    let tables = compare::TABLES.iter().map(|(table, _)| *table).filter(|table| !aside::TABLES.contains(table));
    let words = ["search_content", "search_docsize", "search_data", "search_idx"];
    let aside = aside::TABLES.into_iter().filter(|table| *table != "search").chain(words);
    let copy = |from| {
        move |table| format!("DELETE FROM main.{table}; INSERT OR ROLLBACK INTO main.{table} SELECT * FROM {from}.{table};")
    };
    let work = format!("DELETE FROM main.work; INSERT INTO main.work ({WORK}) SELECT {WORK} FROM rows.work;");
    case.execute_batch(&tables.map(copy("rows")).chain(aside.map(copy("aside"))).chain([work]).collect::<String>())
}

/// A catalogue that is made of a log's entries alone, in a temporary database of SQLite's own: in memory while small, on disk when
/// large. What only readers of a catalogue need is not made.
pub(super) fn replayed(from: &Reader) -> Result<Connection, VaultError> {
    let replayed = VaultError::sql;
    let fresh = Connection::open("").map_err(replayed("be replayed"))?;
    db::throw_away(&fresh, 64).map_err(replayed("be replayed"))?;
    db::create_tables(&fresh)?;
    drop_idle(&fresh)
        .and_then(|()| fresh.execute_batch("DROP TABLE search; CREATE TABLE search (subject, body, shown); BEGIN"))
        .map_err(replayed("be replayed"))?;
    let write = |aside: &mut Aside| aside.write(&fresh).map_err(replayed("be replayed"));
    replay::replay(from, &fresh, write, &|_, _| {})?;
    fresh.execute_batch("COMMIT").map_err(replayed("be replayed"))?;
    Ok(fresh)
}
