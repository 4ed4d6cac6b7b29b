//! The catalogue against the log: rows are compared with those of a replay, by their sums where those are enough, else one by one.

use std::collections::BTreeMap;
use std::fmt::Write;

use rusqlite::Connection;
use rusqlite::fallible_streaming_iterator::FallibleStreamingIterator;
use rusqlite::types::Value;

use super::anew::replayed;
use super::replay::Replay;
use super::sums::{Sums, columns};
use super::{Reader, VaultError, db, work};
use crate::evidence::{Code, Finding};

/// The catalogue's tables, and the columns that order their rows and tell which row it is.
pub(super) const TABLES: &[(&str, &str)] = &[
    ("report", "no"),
    ("item", "no"),
    ("mention", "no"),
    ("claim", "no"),
    ("object", "sha256"),
    ("capture", "no"),
    ("exhibit", "no"),
    ("examination", "no"),
    ("note", "no"),
    ("permission", "hosts"),
    ("erasure", "idx, field"),
    ("custody_event", "entry"),
    ("touches", "subject_kind, subject_no, entry"),
    ("search", "rowid"),
    ("fixity", "object, entry"),
    ("handling", "no"),
    ("purge", "object"),
    ("anchor", "no"),
    ("pending_anchor", "no"),
    ("signing_key", "no"),
    ("transfer", "no"),
    ("package", "no"),
];

/// Tables of `keeping.sql`, which older cases do not have: then they are as if they were empty.
const LATER: &[&str] = &["fixity", "handling", "purge", "anchor", "pending_anchor", "signing_key", "transfer", "package"];

/// Indexes that older cases have until their catalogue is made anew. The first stands for `capture_cut`.
const FORMER: &[(&str, &str)] = &[
    ("index capture_object", "capture: CREATE INDEX capture_object ON capture (object)"),
    ("index exhibit_object", "exhibit: CREATE INDEX exhibit_object ON exhibit (object)"),
];

pub(super) fn is_missing(db: &Connection, table: &str) -> bool {
    LATER.contains(&table)
        && !db
            .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = ?1")
            .and_then(|mut one| one.exists([table]))
            .unwrap_or(true)
}

/// At most this many findings name single rows of one table; the rest is counted.
const NAMED: usize = 50;

/// Compares every row of the catalogue with that of a replay of all entries. `expected` is a quick replay, and the sums of what the
/// catalogue holds: where all of them agree, the rows are the same. Without it, or where any differs, all are replayed and compared, as
/// a table can agree with another that is wrong.
pub(super) fn compare(reader: &Reader, expected: Option<(&Replay, &Sums)>) -> Result<Vec<Finding>, VaultError> {
    // Where the quick way fails, the slow one says why.
    let agree = expected.is_some_and(|(replay, held)| replay.differing(held).is_ok_and(|tables| tables.is_empty()));
    let mut findings = Vec::new();
    let empty = Connection::open_in_memory().map_err(VaultError::sql("be replayed"))?;
    db::create_tables(&empty)?;
    schema(&reader.db, &empty, &mut findings)?;
    rows(&reader.db, &empty, ("search_config", "k"), &mut findings)?;
    if agree {
        return Ok(findings);
    }
    let fresh = replayed(reader)?;
    for (table, order) in TABLES {
        if is_missing(&reader.db, table) {
            let empty = fresh.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u64>(0));
            if empty.map_err(VaultError::sql("be replayed"))? == 0 {
                continue;
            }
        }
        rows(&reader.db, &fresh, (table, order), &mut findings)?;
    }
    queue(&reader.db, &fresh, &mut findings)?;
    Ok(findings)
}

/// The text of every table, index, trigger and view.
fn schema(held: &Connection, empty: &Connection, findings: &mut Vec<Finding>) -> Result<(), VaultError> {
    let read = |db: &Connection| -> rusqlite::Result<BTreeMap<String, String>> {
        let mut query = db.prepare("SELECT type || ' ' || name, tbl_name || ': ' || coalesce(sql, '') FROM sqlite_schema")?;
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        rows.collect()
    };
    let held = read(held).map_err(VaultError::sql("be read"))?;
    let fresh = read(empty).map_err(VaultError::sql("be read"))?;
    let former = |name: &str| held.get(name).is_some_and(|text| FORMER.contains(&(name, text)));
    let later = |name: &str| name.split(' ').nth(1).is_some_and(|table| LATER.iter().any(|later| table.contains(later)));
    for name in held.keys().chain(fresh.keys().filter(|name| !held.contains_key(*name))) {
        let stood_for = name == "index capture_cut" && former(FORMER[0].0);
        if !held.contains_key(name) && (later(name) || stood_for) || former(name) {
            continue;
        }
        if held.get(name) != fresh.get(name) && !name.starts_with("table sqlite_stat") {
            findings.push(Finding::red(
                Code::CatalogueDiffers,
                "schema",
                format!("The definition of {name} is not the one this format has"),
            ));
        }
    }
    Ok(())
}

type Row = Vec<Value>;

fn select(table: &str, order: &str) -> String {
    format!("SELECT {} FROM {table} ORDER BY {order}", columns(table))
}

fn next(rows: &mut rusqlite::Rows<'_>) -> rusqlite::Result<Option<Row>> {
    owned(rows.next()?)
}

fn owned(row: Option<&rusqlite::Row<'_>>) -> rusqlite::Result<Option<Row>> {
    match row {
        None => Ok(None),
        Some(row) => (0..row.as_ref().column_count()).map(|at| row.get(at)).collect::<rusqlite::Result<Row>>().map(Some),
    }
}

fn same(one: &rusqlite::Row<'_>, other: &rusqlite::Row<'_>, columns: usize) -> rusqlite::Result<bool> {
    for at in 0..columns {
        if one.get_ref(at)? != other.get_ref(at)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn order_of(row: &Row, keys: &[usize]) -> Vec<(i64, String)> {
    keys.iter()
        .map(|at| match row.get(*at) {
            Some(Value::Integer(number)) => (*number, String::new()),
            Some(Value::Text(text)) => (0, text.clone()),
            _ => (0, String::new()),
        })
        .collect()
}

/// Both sides in the same order, merged: a row is the same, different, missing, or extra.
fn rows(
    held: &Connection,
    fresh: &Connection,
    (name, order): (&str, &str),
    findings: &mut Vec<Finding>,
) -> Result<(), VaultError> {
    let sql = select(name, order);
    let (mut left, mut right) =
        (held.prepare(&sql).map_err(VaultError::sql("be read"))?, fresh.prepare(&sql).map_err(VaultError::sql("be read"))?);
    let columns: Vec<String> = right.column_names().map(ToString::to_string).collect();
    let key_at: Vec<usize> = order.split(", ").filter_map(|key| columns.iter().position(|column| column == key)).collect();
    let mut differences = Vec::new();
    let mut merge = || -> rusqlite::Result<()> {
        let (mut left, mut right) = (left.query([])?, right.query([])?);
        // As long as both are the same, nothing is copied.
        loop {
            left.advance()?;
            right.advance()?;
            match (left.get(), right.get()) {
                (Some(x), Some(y)) if same(x, y, columns.len())? => {}
                _ => break,
            }
        }
        let (mut a, mut b) = (owned(left.get())?, owned(right.get())?);
        loop {
            match (&a, &b) {
                (None, None) => return Ok(()),
                (Some(x), Some(y)) if x == y => (a, b) = (next(&mut left)?, next(&mut right)?),
                (Some(x), Some(y)) => match order_of(x, &key_at).cmp(&order_of(y, &key_at)) {
                    std::cmp::Ordering::Equal => {
                        let changed: Vec<&str> = columns
                            .iter()
                            .enumerate()
                            .filter(|(at, _)| x.get(*at) != y.get(*at))
                            .map(|(_, column)| column.as_str())
                            .collect();
                        differences.push((y.clone(), format!("does not say what the log says in: {}", changed.join(", "))));
                        (a, b) = (next(&mut left)?, next(&mut right)?);
                    }
                    std::cmp::Ordering::Less => {
                        differences.push((x.clone(), "is in the catalogue and follows from no entry".into()));
                        a = next(&mut left)?;
                    }
                    std::cmp::Ordering::Greater => {
                        differences.push((y.clone(), "follows from the log and is missing".into()));
                        b = next(&mut right)?;
                    }
                },
                (Some(x), None) => {
                    differences.push((x.clone(), "is in the catalogue and follows from no entry".into()));
                    a = next(&mut left)?;
                }
                (None, Some(y)) => {
                    differences.push((y.clone(), "follows from the log and is missing".into()));
                    b = next(&mut right)?;
                }
            }
        }
    };
    // A damaged page can make a table unreadable from some row on: that is a finding, too.
    if let Err(error) = merge() {
        findings.push(Finding::red(
            Code::CatalogueDiffers,
            name,
            format!("The rows of {name} cannot be read to their end: {error}"),
        ));
    }
    let more = differences.len().saturating_sub(NAMED);
    for (row, what) in differences.into_iter().take(NAMED) {
        let key: Vec<String> = order_of(&row, &key_at)
            .into_iter()
            .map(|(number, text)| if text.is_empty() { number.to_string() } else { text })
            .collect();
        findings.push(Finding::red(
            Code::CatalogueDiffers,
            subject(name, &key.join(" ")),
            format!("Row {} of {name} {what}", key.join(" ")),
        ));
    }
    if more > 0 {
        findings.push(Finding::red(Code::CatalogueDiffers, name, format!("{more} more rows of {name} differ")));
    }
    Ok(())
}

fn subject(table: &str, key: &str) -> String {
    match table {
        "report" => format!("R{key}"),
        "item" => format!("I{key}"),
        "mention" => format!("M{key}"),
        "claim" => format!("C{key}"),
        "capture" => format!("K{key}"),
        "exhibit" => format!("E{key}"),
        other => format!("{other} {key}"),
    }
}

/// Units that the log says are done, or that follow from a mention, must be in the queue; open units
/// of a running or interrupted command may be there besides.
fn queue(held: &Connection, fresh_db: &Connection, findings: &mut Vec<Finding>) -> Result<(), VaultError> {
    let held = work::all(held).map_err(VaultError::sql("be read"))?;
    let fresh = work::all(fresh_db).map_err(VaultError::sql("be read"))?;
    let items: std::collections::BTreeSet<String> = fresh_db
        .prepare("SELECT key FROM item")
        .and_then(|mut query| query.query_map([], |row| row.get(0))?.collect())
        .map_err(VaultError::sql("be read"))?;
    let mut expected: BTreeMap<(&str, &str), (&str, &str)> = fresh
        .iter()
        .map(|(kind, key, subject, state)| ((kind.as_str(), key.as_str()), (subject.as_str(), state.as_str())))
        .collect();
    let mut differ = |kind: &str, key: &str, what: &str| {
        findings.push(Finding::red(
            Code::CatalogueDiffers,
            format!("work {kind} {key}"),
            format!("The unit {kind} {key} {what}"),
        ));
    };
    for (kind, key, subject, state) in &held {
        match expected.remove(&(kind.as_str(), key.as_str())) {
            Some((of, _)) if !of.is_empty() && of != subject => differ(kind, key, "is about something else than the log says"),
            Some((_, "done")) if state != "done" => differ(kind, key, "is open, and the log says that it is done"),
            Some((_, "queued")) if state == "done" => differ(kind, key, "is done, and no entry says so"),
            Some(_) => {}
            None if state == "done" => differ(kind, key, "is done, and no entry says so"),
            None if !work::known_kind(kind) => differ(kind, key, "is of no kind that there is"),
            None if kind == "capture" && !items.contains(subject) => differ(kind, key, "is about no item that there is"),
            None => {}
        }
    }
    for (kind, key) in expected.into_keys() {
        differ(kind, key, "follows from the log and is missing");
    }
    Ok(())
}

/// Every row of every table, in order.
pub(super) fn dump(db: &Connection) -> Result<String, VaultError> {
    let mut text = String::new();
    for (table, order) in TABLES {
        if is_missing(db, table) {
            continue;
        }
        let mut write = || -> rusqlite::Result<()> {
            let mut query = db.prepare(&select(table, order))?;
            let mut found = query.query([])?;
            while let Some(row) = next(&mut found)? {
                let _ = writeln!(text, "{table} {row:?}");
            }
            Ok(())
        };
        write().map_err(VaultError::sql("be read"))?;
    }
    Ok(text)
}
