//! What each event does to the catalogue. The same code runs when an event is recorded and when the
//! log is replayed, so the two cannot differ.

mod keeping;
mod recent;

use std::cell::RefCell;
use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, ToSql};
use serde::Serialize;

use recent::Key;
pub(super) use recent::Recent;

use super::VaultError;
use super::aside::Aside;
use super::fold::fold;
use super::replay::Expected;
use crate::evidence::{
    Capture, ClaimMade, Digest, Event, Examination, ExhibitAdmitted, Item, NoteAdded, Object, ReferenceFound, ReportReceived,
    Subject, Unit,
};
use crate::ledger::Entry;

/// Writes the rows that follow from entries, one after another, in one transaction.
pub(super) struct Applied<'a> {
    db: &'a Connection,
    /// The unit that the entry before belongs to: it is done.
    done: Option<Unit>,
    recent: RefCell<Recent>,
    aside: RefCell<Aside>,
}

impl Applied<'_> {
    pub fn new(db: &Connection) -> Applied<'_> {
        Applied { db, done: None, recent: RefCell::default(), aside: RefCell::default() }
    }

    /// Rows that are not written yet: whoever applies entries writes them.
    pub fn aside(&mut self) -> &mut Aside {
        self.aside.get_mut()
    }

    /// Writes the rows of the next entry, but for those that are put aside.
    pub fn apply(&mut self, index: u64, entry: &Entry) -> Result<(), VaultError> {
        let to = To::Database { aside: &self.aside };
        let rows = Rows { db: self.db, to, recent: &self.recent, index, touched: RefCell::default() };
        let write = || {
            if let Some(unit) = entry.work.as_ref().filter(|unit| self.done.as_ref() != Some(unit)) {
                rows.done(unit)?;
            }
            rows.apply(entry)
        };
        write().map_err(VaultError::sql("be written"))?;
        self.done.clone_from(&entry.work);
        Ok(())
    }
}

/// Tells what rows must follow from an entry: nothing is written, and the catalogue is only looked into.
pub(super) fn expect(
    db: &Connection,
    (expected, recent): (&RefCell<Expected>, &RefCell<Recent>),
    index: u64,
    entry: &Entry,
) -> Result<(), VaultError> {
    let rows = Rows { db, to: To::Sums(expected), recent, index, touched: RefCell::default() };
    if let Some(unit) = &entry.work {
        expected.borrow_mut().units.done(unit.kind.as_str(), &unit.key);
    }
    rows.apply(entry).map_err(VaultError::sql("be read"))
}

/// Whether an event would say what the case says already: then it is not recorded again.
pub(super) fn already_said(db: &Connection, event: &Event) -> Result<bool, VaultError> {
    let said = |sql: &str, values: &[&dyn ToSql]| db.prepare_cached(sql)?.exists(values);
    let result = match event {
        Event::ItemIdentified(item) => said("SELECT 1 FROM item WHERE key = ?1", &[&item.key]),
        Event::ObjectKept(kept) => said("SELECT 1 FROM object WHERE sha256 = ?1", &[&kept.object.sha256.to_string()]),
        Event::ReportReceived(report) => said("SELECT 1 FROM report WHERE sha256 = ?1", &[&report.report.to_string()]),
        Event::ReferenceFound(found) => said(
            "SELECT 1 FROM mention m JOIN report r ON r.no = m.report WHERE r.sha256 = ?1 AND m.ordinal = ?2",
            &[&found.report.to_string(), &found.ordinal],
        ),
        Event::ExhibitAdmitted(exhibit) => said(
            "SELECT 1 FROM exhibit e JOIN item i ON i.no = e.item WHERE e.object = ?1 AND i.key = ?2",
            &[&exhibit.object.to_string(), &exhibit.item],
        ),
        Event::ExaminationMade(made) => said(
            "SELECT 1 FROM examination WHERE object = ?1 AND probe = ?2 AND probe_version = ?3",
            &[&made.object.to_string(), &made.probe.name, &made.probe.version],
        ),
        Event::PermissionGiven(given) => said("SELECT 1 FROM permission WHERE hosts = ?1", &[&json(&given.hosts)]),
        Event::ObjectPurged(purged) => said("SELECT 1 FROM purge WHERE object = ?1", &[&purged.object.to_string()]),
        _ => Ok(false),
    };
    result.map_err(VaultError::sql("be read"))
}

fn json<T: Serialize>(value: &T) -> String {
    String::from_utf8(crate::ledger::canonical(value)).unwrap_or_default()
}

fn maybe<T: Serialize>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(json)
}

/// Where rows go.
#[derive(Clone, Copy)]
enum To<'a> {
    /// Into the database, but for those that can be written later.
    Database { aside: &'a RefCell<Aside> },
    /// Into the sums of what must follow.
    Sums(&'a RefCell<Expected>),
}

struct Rows<'a> {
    /// What the entries before this one made: it may hold later rows, too, which are not looked at.
    db: &'a Connection,
    to: To<'a>,
    recent: &'a RefCell<Recent>,
    index: u64,
    /// What this entry has touched, so that nothing is said twice. Only this entry tells of these numbers and entries.
    touched: RefCell<BTreeSet<(&'static str, u64, u64)>>,
}

type Sql<T> = rusqlite::Result<T>;

fn sum(expected: &RefCell<Expected>, table: &'static str, values: &[&dyn ToSql]) -> Sql<()> {
    expected.borrow_mut().sums.take(table, values.iter().map(|value| value.to_sql())).map(drop)
}

impl Rows<'_> {
    fn apply(&self, entry: &Entry) -> Sql<()> {
        self.custody(entry)?;
        match &entry.event {
            // Origin and key are read from the log itself.
            Event::CaseOpened(_) => Ok(()),
            Event::ReportReceived(report) => self.report(report),
            Event::ItemIdentified(item) => self.item(item),
            Event::ReferenceFound(found) => self.reference(found),
            Event::ClaimMade(claim) => self.claim(claim, entry.person.as_deref()),
            Event::PermissionGiven(given) => {
                self.put("permission", "INSERT INTO permission VALUES (?1, ?2)", &[&json(&given.hosts), &self.index])
            }
            Event::ObjectKept(kept) => self.object(&kept.object),
            Event::CaptureMade(capture) => self.capture(capture),
            Event::ExhibitAdmitted(exhibit) => self.exhibit(exhibit, &entry.time.to_string()),
            Event::ExaminationMade(made) => self.examination(made),
            Event::NoteAdded(note) => self.note(note, entry),
            Event::ValueErased(erased) => self.put_once(
                ("erasure", 2),
                "INSERT OR IGNORE INTO erasure VALUES (?1, ?2, ?3, ?4)",
                &[&erased.entry, &erased.field, &erased.reason, &self.index],
            ),
            other => self.keeping(other, entry),
        }
    }

    fn run(&self, sql: &str, values: &[&dyn ToSql]) -> Sql<usize> {
        self.db.prepare_cached(sql)?.execute(values)
    }

    /// Inserts a row under the next number of its table, which SQLite gives (`no INTEGER PRIMARY KEY`). The values are all that follow
    /// it, in the table's order.
    fn next(&self, table: &'static str, values: &[&dyn ToSql]) -> Sql<u64> {
        if let To::Sums(expected) = self.to {
            let sums = &mut expected.borrow_mut().sums;
            let no = sums.count(table) + 1;
            return sums.take(table, std::iter::once(no.to_sql()).chain(values.iter().map(|value| value.to_sql())));
        }
        let sql = format!("INSERT INTO {table} VALUES (NULL{})", ", ?".repeat(values.len()));
        self.db.prepare_cached(&sql)?.execute(values)?;
        Ok(self.db.last_insert_rowid() as u64)
    }

    /// Inserts a whole row of a table without numbers.
    fn put(&self, table: &'static str, sql: &str, values: &[&dyn ToSql]) -> Sql<()> {
        match self.to {
            To::Sums(expected) => sum(expected, table, values),
            To::Database { .. } => self.run(sql, values).map(drop),
        }
    }

    /// Inserts a whole row unless the table has one with the same key, which is its first columns.
    fn put_once(&self, (table, keys): (&'static str, usize), sql: &str, values: &[&dyn ToSql]) -> Sql<()> {
        match self.to {
            To::Sums(expected) if !expected.borrow_mut().is_first(table, &values[..keys])? => Ok(()),
            _ => self.put(table, sql, values),
        }
    }

    /// The number that the next row of a table gets, where rows that come after it are at hand, too.
    fn upcoming(&self, table: &str) -> u64 {
        match self.to {
            To::Sums(expected) => expected.borrow().sums.count(table) + 1,
            To::Database { .. } => i64::MAX as u64,
        }
    }

    /// The number and the entry of a row that an event refers to by its key.
    fn found(&self, what: Key<'_>) -> Sql<(u64, u64)> {
        if let Some(known) = self.recent.borrow().get(what) {
            return Ok(known);
        }
        let (sql, key) = match what {
            Key::Item(key) => ("SELECT no, entry FROM item WHERE key = ?1 AND entry < ?2", key),
            Key::Capture(key) => ("SELECT no, entry FROM capture WHERE key = ?1 AND entry < ?2", key),
            Key::Object(sha256) => ("SELECT 0, entry FROM object WHERE sha256 = ?1 AND entry < ?2", sha256),
        };
        self.db.prepare_cached(sql)?.query_row((key, self.index), |row| Ok((row.get(0)?, row.get(1)?)))
    }

    fn remember(&self, what: Key<'_>, no: u64) {
        self.recent.borrow_mut().put(what, (no, self.index));
    }

    /// An object that is referred to must be there.
    fn refers_to_object(&self, sha256: &str) -> Sql<()> {
        self.found(Key::Object(sha256)).map(drop)
    }

    fn number(&self, sql: &str, values: &[&dyn ToSql]) -> Sql<u64> {
        self.db.prepare_cached(sql)?.query_row(values, |row| row.get(0))
    }

    fn touch(&self, kind: &'static str, no: u64) -> Sql<()> {
        self.touched_by(kind, no, self.index)
    }

    fn touched_by(&self, kind: &'static str, no: u64, entry: u64) -> Sql<()> {
        if !self.touched.borrow_mut().insert((kind, no, entry)) {
            return Ok(());
        }
        match self.to {
            To::Sums(expected) => sum(expected, "touches", &[&kind, &no, &entry]),
            To::Database { aside } => {
                aside.borrow_mut().touch((kind, no, entry));
                Ok(())
            }
        }
    }

    /// What is said of an object belongs to the history of each exhibit that it is.
    fn touch_exhibits(&self, object: &str) -> Sql<()> {
        let mut query = self.db.prepare_cached("SELECT no FROM exhibit WHERE object = ?1 AND entry < ?2")?;
        let numbers = query.query_map((object, self.index), |row| row.get(0))?.collect::<Sql<Vec<u64>>>()?;
        numbers.into_iter().try_for_each(|no| self.touch("E", no))
    }

    fn search(&self, subject: String, texts: &[Option<&str>]) -> Sql<()> {
        let shown: Vec<&str> = texts.iter().flatten().copied().collect();
        let shown = shown.join("\n");
        match self.to {
            To::Sums(_) => self.next("search", &[&subject, &fold(&shown), &shown]).map(drop),
            To::Database { aside } => {
                aside.borrow_mut().words(subject, shown);
                Ok(())
            }
        }
    }

    fn custody(&self, entry: &Entry) -> Sql<()> {
        match self.to {
            To::Sums(expected) => {
                let time = entry.time.to_string();
                sum(expected, "custody_event", &[&self.index, &entry.event.kind(), &time, &entry.tool, &entry.person])
            }
            To::Database { aside } => {
                aside.borrow_mut().custody(self.index, entry);
                Ok(())
            }
        }
    }

    /// Replaying makes the unit anew; recording finds it leased.
    fn done(&self, unit: &Unit) -> Sql<()> {
        let sql = "INSERT INTO work (kind, key, subject, state) VALUES (?1, ?2, '', 'done') \
             ON CONFLICT DO UPDATE SET state = 'done', worker = NULL, lease_until = NULL";
        self.run(sql, &[&unit.kind.as_str(), &unit.key]).map(drop)
    }

    fn object(&self, object: &Object) -> Sql<()> {
        let (sha256, blake3) = (object.sha256.to_string(), object.blake3.to_string());
        self.remember(Key::Object(&sha256), 0);
        if let To::Sums(expected) = self.to {
            return expected.borrow_mut().object(object, self.index);
        }
        let sql = "INSERT INTO object VALUES (?1, ?2, ?3, ?4, ?5)";
        self.run(sql, &[&sha256, &blake3, &object.size, &object.media_type, &self.index]).map(drop)
    }

    fn report(&self, report: &ReportReceived) -> Sql<()> {
        let no = self.next(
            "report",
            &[
                &report.report.to_string(),
                &report.source,
                &report.url,
                &report.name,
                &report.title,
                &report.publisher,
                &maybe(&report.authors),
                &report.language,
                &report.published,
                &report.published_as_written,
                &report.media_type,
                &report.encoding,
                &report.reader,
                &report.reader_version,
                &report.received.to_string(),
                &self.index,
            ],
        )?;
        self.touch("R", no)?;
        let texts = [report.title.as_deref(), report.publisher.as_deref(), report.name.as_deref(), report.url.as_deref()];
        self.search(format!("R{no}"), &texts)
    }

    fn item(&self, item: &Item) -> Sql<()> {
        let no =
            self.next("item", &[&item.key, &item.kind.as_str(), &item.url, &item.platform, &item.platform_id, &self.index])?;
        self.remember(Key::Item(&item.key), no);
        self.touch("I", no)?;
        self.search(format!("I{no}"), &[item.url.as_deref(), item.platform.as_deref(), item.platform_id.as_deref()])
    }

    fn reference(&self, found: &ReferenceFound) -> Sql<()> {
        let report = self.report_no(&found.report)?;
        let item = match &found.item {
            Some(key) => Some(self.item_no(key)?),
            None => None,
        };
        let quote = found.quote.as_ref();
        let no = self.next(
            "mention",
            &[
                &report,
                &found.ordinal,
                &item,
                &found.kind.as_str(),
                &found.form.as_str(),
                &found.url,
                &found.canonical,
                &found.locator,
                &quote.map(|quote| &quote.exact),
                &quote.map(|quote| &quote.prefix),
                &quote.map(|quote| &quote.suffix),
                &found.caption,
                &found.credit,
                &maybe(&found.hedges),
                &found.rule.0,
                &self.index,
            ],
        )?;
        self.touch("M", no)?;
        self.touch("R", report)?;
        if let (Some(key), Some(item)) = (&found.item, item) {
            self.touch("I", item)?;
            let unit = Unit::capture(key, &found.report.to_string());
            let sql = "INSERT INTO work (kind, key, subject, state) VALUES (?1, ?2, ?3, 'queued') ON CONFLICT DO UPDATE SET subject = ?3";
            match self.to {
                To::Sums(expected) => expected.borrow_mut().units.queued(unit.kind.as_str(), &unit.key, key),
                To::Database { .. } => self.run(sql, &[&unit.kind.as_str(), &unit.key, key]).map(drop)?,
            }
        }
        let exact = quote.map(|quote| quote.exact.as_str());
        self.search(format!("M{no}"), &[exact, found.caption.as_deref(), found.credit.as_deref(), found.url.as_deref()])
    }

    fn claim(&self, made: &ClaimMade, person: Option<&str>) -> Sql<()> {
        let (kind, subject) = self.subject(&made.subject)?;
        let claim = made.claim.as_ref();
        let hedges = claim.map(|claim| json(&claim.hedges));
        let no = self.next(
            "claim",
            &[
                &kind,
                &subject,
                &made.property,
                &claim.map(|claim| &claim.value),
                &claim.and_then(|claim| claim.via.as_ref()),
                &hedges,
                &claim.and_then(|claim| claim.quote.as_ref()).map(|quote| &quote.exact),
                &claim.and_then(|claim| maybe(&claim.reading)),
                &made.by,
                &if made.by == "person" { person } else { None },
                &"active",
                &made.rule.0,
                &self.index,
            ],
        )?;
        self.touch("C", no)?;
        self.touch(kind, subject)?;
        self.search(format!("C{no}"), &[claim.map(|claim| claim.value.as_str())])
    }

    fn subject(&self, subject: &Subject) -> Sql<(&'static str, u64)> {
        match subject {
            Subject::Mention(key) => {
                let (report, ordinal) = key.split_once('#').unwrap_or((key, ""));
                let sql = "SELECT m.no FROM mention m JOIN report r ON r.no = m.report \
                     WHERE r.sha256 = ?1 AND m.ordinal = CAST(?2 AS INTEGER) AND m.entry < ?3";
                self.number(sql, &[&report, &ordinal, &self.index]).map(|no| ("M", no))
            }
            Subject::Item(key) => self.item_no(key).map(|no| ("I", no)),
            Subject::Object(digest) => {
                let sql = "SELECT no FROM exhibit WHERE object = ?1 AND entry < ?2 ORDER BY no LIMIT 1";
                self.number(sql, &[&digest.to_string(), &self.index]).map(|no| ("E", no))
            }
            Subject::Report(digest) => self.report_no(digest).map(|no| ("R", no)),
        }
    }

    fn item_no(&self, key: &str) -> Sql<u64> {
        self.found(Key::Item(key)).map(|(no, _)| no)
    }

    fn report_no(&self, digest: &Digest) -> Sql<u64> {
        self.number("SELECT no FROM report WHERE sha256 = ?1 AND entry < ?2", &[&digest.to_string(), &self.index])
    }

    /// The version that bytes are of their item: that of the last bytes if they are the same, else one more.
    fn version(&self, item: u64, method: &str, object: &Digest) -> Sql<u64> {
        let sql = "SELECT version, object FROM capture \
             WHERE item = ?1 AND method = ?2 AND version IS NOT NULL AND no < ?3 ORDER BY no DESC LIMIT 1";
        let values = (item, method, self.upcoming("capture"));
        let last = self.db.prepare_cached(sql)?.query_row(values, |row| Ok((row.get::<_, u64>(0)?, row.get::<_, String>(1)?)));
        Ok(match last.optional()? {
            None => 1,
            Some((version, digest)) if digest == object.to_string() => version,
            Some((version, _)) => version + 1,
        })
    }

    fn capture(&self, capture: &Capture) -> Sql<()> {
        let (item, object) = (self.item_no(&capture.item)?, capture.object.map(|object| object.to_string()));
        object.as_ref().map(|object| self.refers_to_object(object)).transpose()?;
        let obtained = capture.object.as_ref().filter(|_| capture.outcome == crate::evidence::Outcome::Ok);
        let version = obtained.map(|object| self.version(item, &capture.method, object)).transpose()?;
        let no = self.next(
            "capture",
            &[
                &capture.key,
                &item,
                &capture.url,
                &capture.method,
                &capture.started.to_string(),
                &capture.finished.to_string(),
                &capture.outcome.as_str(),
                &capture.completeness.as_str(),
                &capture.because,
                &capture.status,
                &capture.redirects,
                &capture.final_url,
                &capture.address,
                &capture.declared,
                &capture.received,
                &capture.declared_type,
                &capture.route,
                &version,
                &object,
                &maybe(&capture.exchange),
                &self.index,
            ],
        )?;
        self.remember(Key::Capture(&capture.key), no);
        self.touch("K", no)?;
        self.touch("I", item)
    }

    fn exhibit(&self, exhibit: &ExhibitAdmitted, admitted: &str) -> Sql<()> {
        let object = exhibit.object.to_string();
        let item = self.item_no(&exhibit.item)?;
        let (capture, captured) = self.found(Key::Capture(&exhibit.capture))?;
        let (_, kept) = self.found(Key::Object(&object))?;
        let no =
            self.next("exhibit", &[&object, &item, &capture, &exhibit.role.as_str(), &exhibit.name, &admitted, &self.index])?;
        self.touch("E", no)?;
        self.touch("I", item)?;
        self.touch("K", capture)?;
        // What was said of the object before it had this number belongs to its history too.
        self.touched_by("E", no, kept)?;
        self.touched_by("E", no, captured)?;
        let mut query = self.db.prepare_cached("SELECT entry FROM examination WHERE object = ?1 AND entry < ?2")?;
        let examined = query.query_map((&object, self.index), |row| row.get(0))?.collect::<Sql<Vec<u64>>>()?;
        examined.into_iter().try_for_each(|entry| self.touched_by("E", no, entry))?;
        self.search(format!("E{no}"), &[exhibit.name.as_deref(), Some(&object)])
    }

    fn examination(&self, made: &Examination) -> Sql<()> {
        let object = made.object.to_string();
        self.refers_to_object(&object)?;
        self.next(
            "examination",
            &[
                &object,
                &made.probe.name,
                &made.probe.version,
                &json(&made.facts),
                &maybe(&made.location),
                &maybe(&made.device),
                &json(&made.problems),
                &self.index,
            ],
        )?;
        // Bytes adopted from an interrupted run came in without a type.
        let sql = "UPDATE object SET media_type = ?2 WHERE sha256 = ?1 AND media_type = ?3";
        match (self.to, &made.facts.mime) {
            (_, None) => {}
            (To::Sums(expected), Some(mime)) => expected.borrow_mut().retyped(&made.object, mime)?,
            (To::Database { .. }, Some(mime)) => self.run(sql, &[&object, mime, &Object::UNTYPED]).map(drop)?,
        }
        self.touch_exhibits(&object)
    }

    fn note(&self, note: &NoteAdded, entry: &Entry) -> Sql<()> {
        let (kind, subject) = self.subject(&note.subject)?;
        let no = self.next("note", &[&kind, &subject, &note.text, &entry.person, &entry.time.to_string(), &self.index])?;
        self.touch(kind, subject)?;
        self.search(format!("N{no}"), &[note.text.as_deref()])
    }
}
