//! Opening the database: its format is checked before anything is read from it.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use percent_encoding::{AsciiSet, CONTROLS, percent_encode};
use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::{VaultError, layout::Layout, lock};

pub(super) const LOG_SQL: &str = include_str!("../../schema/log.sql");
pub(super) const CATALOGUE_SQL: &str = include_str!("../../schema/catalogue.sql");
/// Tables that cases have had only since; added where they are missing.
pub(super) const KEEPING_SQL: &str = include_str!("../../schema/keeping.sql");
pub(super) const VIEWS_SQL: &str = include_str!("../../schema/views.sql");

/// `EXHB`
const APPLICATION_ID: i64 = 0x4558_4842;
/// The format of the case on disk that this program writes.
pub(super) const FORMAT: i64 = 1;

/// Makes the tables in an empty database.
pub(super) fn create_tables(db: &Connection) -> Result<(), VaultError> {
    db.execute_batch(&format!(
        "BEGIN; {LOG_SQL}{CATALOGUE_SQL}{KEEPING_SQL}{VIEWS_SQL}PRAGMA application_id = {APPLICATION_ID}; PRAGMA user_version = {FORMAT}; COMMIT;"
    ))
    .map_err(VaultError::sql("be made"))
}

fn cautious(db: &Connection) -> rusqlite::Result<()> {
    db.busy_timeout(lock::patience())?;
    // Nothing inside the file may run code or be taken on trust: it can come from anybody.
    db.execute_batch(
        "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA foreign_keys = ON; PRAGMA cache_size = -32768;",
    )?;
    tuned(db)
}

/// For a database that nobody needs when it fails, with so many MiB of memory for its pages.
pub(super) fn throw_away(db: &Connection, mib: u32) -> rusqlite::Result<()> {
    tuned(db)?;
    let cache = mib << 10;
    db.execute_batch(&format!(
        "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA foreign_keys = OFF; PRAGMA page_size = 16384; PRAGMA cache_size = -{cache};"
    ))
}

/// Statements stay prepared: without the guarantee SQLite plans many anew for each value that is bound.
fn tuned(db: &Connection) -> rusqlite::Result<()> {
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    db.set_prepared_statement_cache_capacity(128);
    Ok(())
}

fn check(db: &Connection, layout: &Layout) -> Result<(), VaultError> {
    let read = VaultError::sql("be read");
    let pragma = |name: &str| db.query_row(&format!("PRAGMA {name}"), [], |row| row.get::<_, i64>(0));
    let (id, format) = pragma("application_id").and_then(|id| Ok((id, pragma("user_version")?))).map_err(read)?;
    if id != APPLICATION_ID || format < 1 {
        return Err(VaultError::NotOurs { path: layout.database(), found: id });
    }
    if format > FORMAT {
        return Err(VaultError::NewerFormat { found: format, known: FORMAT });
    }
    Ok(())
}

/// A new database, for `init` and `rebuild`.
pub(super) fn create(path: &Path) -> Result<Connection, VaultError> {
    let db = Connection::open(path).map_err(VaultError::sql("be made"))?;
    durable_writes(&db)?;
    create_tables(&db)?;
    Ok(db)
}

fn durable_writes(db: &Connection) -> Result<(), VaultError> {
    cautious(db)
        .and_then(|()| {
            db.execute_batch("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 8192;")
        })
        .map_err(VaultError::sql("be opened"))
}

/// For writing. WAL with `synchronous=FULL`: a commit that returned survives the power going. The write-ahead log is folded in after
/// 32 MiB, or beside the publishing of many entries.
pub(super) fn open(layout: &Layout) -> Result<Connection, VaultError> {
    let path = layout.database();
    if !path.is_file() {
        return Err(VaultError::no_case(&layout.root));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&path, flags).map_err(VaultError::sql("be opened"))?;
    cautious(&db).map_err(VaultError::sql("be opened"))?;
    check(&db, layout)?;
    durable_writes(&db)?;
    db.execute_batch(KEEPING_SQL).map_err(VaultError::sql("be written"))?;
    Ok(db)
}

/// Folds the write-ahead log into the database as far as nobody reads in it. Nothing depends on whether it could be: what stays in the
/// log is folded in later.
pub(super) fn fold(layout: &Layout) {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let _ = Connection::open_with_flags(layout.database(), flags)
        .and_then(|db| db.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |_| Ok(())));
}

/// For reading only, also from a read-only medium.
pub(super) fn open_read_only(layout: &Layout) -> Result<Connection, VaultError> {
    let path = layout.database();
    if !path.is_file() {
        return Err(VaultError::no_case(&layout.root));
    }
    match connect(&path, "mode=ro").and_then(|db| check(&db, layout).map(|()| db)) {
        Err(VaultError::Sql { source, .. }) if cannot_open(&source) => {}
        Err(VaultError::ReadOnly) => {}
        other => return other,
    }
    // A medium where SQLite cannot make its -shm file. What the main file holds is all there is,
    // unless a write-ahead log lies beside it: then both are read as a copy.
    let wal = path.with_extension("sqlite-wal");
    let db =
        if wal.metadata().is_ok_and(|wal| wal.len() > 0) { copied(&path, &wal)? } else { connect(&path, "mode=ro&immutable=1")? };
    check(&db, layout)?;
    Ok(db)
}

fn cannot_open(error: &rusqlite::Error) -> bool {
    use rusqlite::ErrorCode as Code;
    matches!(error.sqlite_error_code(), Some(Code::CannotOpen | Code::ReadOnly))
}

fn connect(path: &Path, mode: &str) -> Result<Connection, VaultError> {
    const RESERVED: &AsciiSet = &CONTROLS.add(b'%').add(b'?').add(b'#').add(b' ');
    let absolute = std::path::absolute(path).map_err(VaultError::io("read", path))?;
    let encoded = percent_encode(absolute.as_os_str().as_bytes(), RESERVED);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(format!("file:{encoded}?{mode}"), flags).map_err(VaultError::sql("be opened"))?;
    cautious(&db).map_err(VaultError::sql("be opened"))?;
    Ok(db)
}

/// A database and its write-ahead log as one, in a temporary database of SQLite's own.
fn copied(path: &Path, wal: &Path) -> Result<Connection, VaultError> {
    let mut db = Connection::open("").map_err(VaultError::sql("be opened"))?;
    let temporary = std::env::temp_dir();
    // Nobody else looks into it, and it goes with this function.
    let only_us = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    let dir = tempfile::Builder::new().prefix("exhibit-").permissions(only_us).tempdir_in(&temporary);
    let dir = dir.map_err(VaultError::io("write to", &temporary))?;
    let (copy, copied_wal) = (dir.path().join("case.sqlite"), dir.path().join("case.sqlite-wal"));
    let result = std::fs::copy(path, &copy).and_then(|_| std::fs::copy(wal, &copied_wal));
    result.map_err(VaultError::io("copy", &copy))?;
    let source = Connection::open(&copy).map_err(VaultError::sql("be opened"))?;
    rusqlite::backup::Backup::new(&source, &mut db)
        .and_then(|backup| backup.run_to_completion(1024, std::time::Duration::ZERO, None))
        .map_err(VaultError::sql("be copied"))?;
    cautious(&db).map_err(VaultError::sql("be opened"))?;
    Ok(db)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pragma(db: &Connection, name: &str) -> i64 {
        db.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0)).unwrap()
    }

    /// A file can come from anybody: nothing in it is run or taken on trust, however it is opened.
    #[test]
    fn a_database_is_opened_with_caution() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let cautious = |db: &Connection| {
            let set = ["trusted_schema", "cell_size_check", "foreign_keys", "cache_size"].map(|name| pragma(db, name));
            assert_eq!(set, [0, 1, 1, -32768]);
            assert_eq!(u128::from(pragma(db, "busy_timeout").unsigned_abs()), lock::patience().as_millis());
        };
        let db = create(&layout.database()).unwrap();
        cautious(&db);
        assert_eq!((pragma(&db, "synchronous"), pragma(&db, "wal_autocheckpoint")), (2, 8192));
        // While it is written to, a reader on a medium that cannot be written copies it with its write-ahead log.
        let wal = layout.database().with_extension("sqlite-wal");
        assert!(wal.metadata().unwrap().len() > 0);
        let copy = copied(&layout.database(), &wal).unwrap();
        cautious(&copy);
        assert_eq!(pragma(&copy, "application_id"), APPLICATION_ID);
        drop(db);
        cautious(&open(&layout).unwrap());
        let reader = open_read_only(&layout).unwrap();
        cautious(&reader);
        assert!(reader.execute_batch("CREATE TABLE t (x)").is_err());
    }

    #[test]
    fn what_is_thrown_away_has_the_memory_it_is_given() {
        let db = Connection::open("").unwrap();
        throw_away(&db, 64).unwrap();
        assert_eq!((pragma(&db, "cache_size"), pragma(&db, "page_size"), pragma(&db, "foreign_keys")), (-65536, 16384, 0));
    }

    /// Another program's database and one of a later format are told apart, and neither is written to.
    #[test]
    fn a_database_of_somebody_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        drop(create(&layout.database()).unwrap());
        for (id, format, why) in [
            (APPLICATION_ID, FORMAT + 1, "This case has format 2"),
            (APPLICATION_ID, 0, "not that of an exhibit case"),
            (APPLICATION_ID + 1, FORMAT, "not that of an exhibit case"),
            (APPLICATION_ID + 1, FORMAT + 1, "not that of an exhibit case"),
        ] {
            let db = Connection::open(layout.database()).unwrap();
            db.execute_batch(&format!("PRAGMA application_id = {id}; PRAGMA user_version = {format}")).unwrap();
            drop(db);
            let before = std::fs::read(layout.database()).unwrap();
            for opened in [open(&layout), open_read_only(&layout)] {
                assert!(opened.unwrap_err().to_string().contains(why), "{id} {format}");
            }
            assert!(std::fs::read(layout.database()).unwrap() == before);
        }
    }
}
