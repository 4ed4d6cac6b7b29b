//! Rows as values: the conversions between SQL and words, all in this file.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, Row, params_from_iter, types::Value as Sql};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{Reader, VaultError, compare, fold};
use crate::evidence::{CaptureNo, ClaimNo, Digest, ExhibitNo, Id, ItemNo, MentionNo, Object, ReportNo};

type Read<T> = rusqlite::Result<T>;

fn json(row: &Row<'_>, column: &str) -> Read<Value> {
    let text: Option<String> = row.get(column)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or(Value::Null))
}

/// An exhibit, as `list --json` prints it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExhibitRow {
    pub id: String,
    pub sha256: String,
    pub blake3: String,
    pub size: u64,
    pub media_type: String,
    pub item: String,
    pub kind: String,
    pub url: Option<String>,
    pub outcome: String,
    pub completeness: String,
    pub captured: String,
    pub capture: String,
    pub version: Option<u64>,
    pub role: String,
    pub name: Option<String>,
    pub title: Option<String>,
    pub reports: Vec<String>,
    pub entry: u64,
    /// Why its bytes were erased, if they were.
    pub erased: Option<String>,
}

fn exhibit(row: &Row<'_>) -> Read<ExhibitRow> {
    let reports: Option<String> = row.get("reports")?;
    Ok(ExhibitRow {
        id: row.get("id")?,
        sha256: row.get("sha256")?,
        blake3: row.get("blake3")?,
        size: row.get("size")?,
        media_type: row.get("media_type")?,
        item: row.get("item")?,
        kind: row.get("kind")?,
        url: row.get("url")?,
        outcome: row.get("outcome")?,
        completeness: row.get("completeness")?,
        captured: row.get("captured")?,
        capture: row.get("capture")?,
        version: row.get("version")?,
        role: row.get("role")?,
        name: row.get("name")?,
        title: row.get("title")?,
        reports: reports.map(|ids| ids.split(' ').map(str::to_owned).collect()).unwrap_or_default(),
        entry: row.get("entry")?,
        erased: row.get("erased")?,
    })
}

/// Of older cases, which have no table of what was erased.
const NONE_ERASED: &str = "NULL";
const ERASED: &str = "(SELECT p.reason FROM purge p WHERE p.object = e.object)";

// The tables and not the views: their keys are what makes a page of many exhibits quick.
const EXHIBITS: &str = "SELECT 'E' || e.no AS id, e.object AS sha256, o.blake3, o.size, o.media_type, 'I' || e.item AS item, i.kind, \
    coalesce(k.url, i.url) AS url, k.outcome, k.completeness, k.started AS captured, 'K' || e.capture AS capture, k.version, e.role, e.name, e.entry, \
    {erased} AS erased, \
    (SELECT group_concat(id, ' ') FROM (SELECT DISTINCT 'R' || m.report AS id FROM mention m WHERE m.item = i.no ORDER BY m.report)) AS reports, \
    (SELECT coalesce(m.caption, m.exact) FROM mention m WHERE m.item = i.no ORDER BY m.no LIMIT 1) AS title \
    FROM exhibit e JOIN object o ON o.sha256 = e.object JOIN item i ON i.no = e.item JOIN capture k ON k.no = e.capture";

const ITEM: &str = "SELECT 'I' || i.no AS id, i.key, i.kind, i.url, i.platform, i.platform_id, \
    (SELECT count(*) FROM mention m WHERE m.item = i.no) AS mentions, \
    (SELECT count(*) FROM capture k WHERE k.item = i.no) AS captures, i.entry FROM item i WHERE i.no = ?1";

const CLAIMS: &str = "SELECT 'C' || c.no AS id, c.subject_kind || c.subject_no AS subject, c.property, c.value, c.via, c.hedges, \
    c.exact AS quote, c.reading, c.by, c.person, c.status, c.rule, c.entry FROM claim c";

/// One reference of a report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MentionRow {
    pub id: String,
    pub report: String,
    pub item: Option<String>,
    pub kind: String,
    pub form: String,
    pub url: Option<String>,
    pub canonical: Option<String>,
    pub quote: Option<String>,
    pub prefix: Option<String>,
    pub suffix: Option<String>,
    pub caption: Option<String>,
    pub credit: Option<String>,
    pub hedges: Value,
    pub locator: String,
    pub rule: String,
    pub entry: u64,
}

fn mention(row: &Row<'_>) -> Read<MentionRow> {
    Ok(MentionRow {
        id: row.get("id")?,
        report: row.get("report_id")?,
        item: row.get("item_id")?,
        kind: row.get("kind")?,
        form: row.get("form")?,
        url: row.get("url")?,
        canonical: row.get("canonical")?,
        quote: row.get("exact")?,
        prefix: row.get("prefix")?,
        suffix: row.get("suffix")?,
        caption: row.get("caption")?,
        credit: row.get("credit")?,
        hedges: json(row, "hedges")?,
        locator: row.get("locator")?,
        rule: row.get("rule")?,
        entry: row.get("entry")?,
    })
}

const MENTIONS: &str = "SELECT 'M' || no AS id, 'R' || report AS report_id, 'I' || item AS item_id, * FROM mention";

/// One assertion.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ClaimRow {
    pub id: String,
    pub subject: String,
    pub property: String,
    pub value: Option<String>,
    pub via: Option<String>,
    pub hedges: Value,
    pub quote: Option<String>,
    pub reading: Value,
    pub by: String,
    pub person: Option<String>,
    pub status: String,
    pub rule: String,
    pub entry: u64,
}

fn claim(row: &Row<'_>) -> Read<ClaimRow> {
    Ok(ClaimRow {
        id: row.get("id")?,
        subject: row.get("subject")?,
        property: row.get("property")?,
        value: row.get("value")?,
        via: row.get("via")?,
        hedges: json(row, "hedges")?,
        quote: row.get("quote")?,
        reading: json(row, "reading")?,
        by: row.get("by")?,
        person: row.get("person")?,
        status: row.get("status")?,
        rule: row.get("rule")?,
        entry: row.get("entry")?,
    })
}

/// One attempt to obtain an item.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct CaptureRow {
    pub id: String,
    pub item: String,
    pub url: Option<String>,
    pub method: String,
    pub started: String,
    pub finished: String,
    pub outcome: String,
    pub completeness: String,
    pub because: String,
    pub status: Option<u16>,
    pub redirects: u32,
    pub final_url: Option<String>,
    pub address: Option<String>,
    pub declared: Option<u64>,
    pub received: u64,
    pub declared_type: Option<String>,
    pub route: String,
    pub version: Option<u64>,
    pub sha256: Option<String>,
    #[serde(skip_serializing_if = "Value::is_null")]
    pub exchange: Value,
    pub entry: u64,
}

fn capture(row: &Row<'_>) -> Read<CaptureRow> {
    Ok(CaptureRow {
        id: row.get("id")?,
        item: row.get("item_id")?,
        url: row.get("url")?,
        method: row.get("method")?,
        started: row.get("started")?,
        finished: row.get("finished")?,
        outcome: row.get("outcome")?,
        completeness: row.get("completeness")?,
        because: row.get("because")?,
        status: row.get("status")?,
        redirects: row.get("redirects")?,
        final_url: row.get("final_url")?,
        address: row.get("address")?,
        declared: row.get("declared")?,
        received: row.get("received")?,
        declared_type: row.get("declared_type")?,
        route: row.get("route")?,
        version: row.get("version")?,
        sha256: row.get("object")?,
        exchange: json(row, "exchange")?,
        entry: row.get("entry")?,
    })
}

const CAPTURES: &str = "SELECT 'K' || no AS id, 'I' || item AS item_id, * FROM capture";

/// A report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportRow {
    pub id: String,
    pub sha256: String,
    pub origin: String,
    pub title: Option<String>,
    pub publisher: Option<String>,
    pub language: Option<String>,
    pub published: Option<String>,
    pub received: String,
    pub mentions: u64,
    pub entry: u64,
}

fn report(row: &Row<'_>) -> Read<ReportRow> {
    Ok(ReportRow {
        id: row.get("id")?,
        sha256: row.get("sha256")?,
        origin: row.get("origin")?,
        title: row.get("title")?,
        publisher: row.get("publisher")?,
        language: row.get("language")?,
        published: row.get("published")?,
        received: row.get("received")?,
        mentions: row.get("mentions")?,
        entry: row.get("entry")?,
    })
}

/// A media thing meant.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ItemRow {
    pub id: String,
    pub key: String,
    pub kind: String,
    pub url: Option<String>,
    pub platform: Option<String>,
    pub platform_id: Option<String>,
    pub mentions: u64,
    pub captures: u64,
    pub entry: u64,
}

fn item(row: &Row<'_>) -> Read<ItemRow> {
    Ok(ItemRow {
        id: row.get("id")?,
        key: row.get("key")?,
        kind: row.get("kind")?,
        url: row.get("url")?,
        platform: row.get("platform")?,
        platform_id: row.get("platform_id")?,
        mentions: row.get("mentions")?,
        captures: row.get("captures")?,
        entry: row.get("entry")?,
    })
}

/// What a probe read.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ExaminationRow {
    pub probe: String,
    pub probe_version: String,
    pub facts: Value,
    pub problems: Value,
    pub entry: u64,
}

fn examination(row: &Row<'_>) -> Read<ExaminationRow> {
    let mut facts = json(row, "facts")?;
    for part in ["location", "device"] {
        if let (Value::Object(all), Value::Object(more)) = (&mut facts, json(row, part)?) {
            all.extend(more);
        }
    }
    Ok(ExaminationRow {
        probe: row.get("probe")?,
        probe_version: row.get("probe_version")?,
        facts,
        problems: json(row, "problems")?,
        entry: row.get("entry")?,
    })
}

/// A person's remark.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct NoteRow {
    pub text: Option<String>,
    pub person: Option<String>,
    pub time: String,
    pub entry: u64,
}

/// One custody event, in a line.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EventRow {
    pub entry: u64,
    pub kind: String,
    pub time: String,
    pub tool: String,
    pub person: Option<String>,
    pub subjects: Option<String>,
}

fn event(row: &Row<'_>) -> Read<EventRow> {
    Ok(EventRow {
        entry: row.get("entry")?,
        kind: row.get("kind")?,
        time: row.get("time")?,
        tool: row.get("tool")?,
        person: row.get("person")?,
        subjects: row.get("subjects")?,
    })
}

fn read_object(row: &Row<'_>) -> Read<Object> {
    let digest = |column: &str| -> Read<String> { row.get(column) };
    let bad = |_| rusqlite::Error::InvalidQuery;
    Ok(Object {
        sha256: digest("sha256")?.parse().map_err(bad)?,
        blake3: digest("blake3")?.parse().map_err(bad)?,
        size: row.get("size")?,
        media_type: row.get("media_type")?,
    })
}

pub(super) fn object(db: &Connection, sha256: &Digest) -> Read<Option<Object>> {
    db.prepare_cached("SELECT * FROM object WHERE sha256 = ?1")?.query_row([sha256.to_string()], read_object).optional()
}

pub(super) fn objects(db: &Connection) -> Read<Vec<Object>> {
    db.prepare("SELECT * FROM object ORDER BY sha256")?.query_map([], read_object)?.collect()
}

impl Reader {
    fn all<T>(&self, sql: &str, values: Vec<Sql>, read: fn(&Row<'_>) -> Read<T>) -> Result<Vec<T>, VaultError> {
        let mut query = self.db.prepare_cached(sql).map_err(VaultError::sql("be read"))?;
        let rows = query.query_map(params_from_iter(values), read);
        rows.and_then(Iterator::collect).map_err(VaultError::sql("be read"))
    }

    fn number(no: u64) -> Vec<Sql> {
        vec![Sql::Integer(no.try_into().unwrap_or(i64::MAX))]
    }

    fn exhibits_where(&self, which: &str, values: Vec<Sql>) -> Result<Vec<ExhibitRow>, VaultError> {
        let erased = if compare::is_missing(&self.db, "purge") { NONE_ERASED } else { ERASED };
        self.all(&format!("{} WHERE {which}", EXHIBITS.replace("{erased}", erased)), values, exhibit)
    }

    /// Exhibits after a number, at most `limit` of them.
    pub fn exhibits(&self, after: ExhibitNo, limit: Option<u64>) -> Result<Vec<ExhibitRow>, VaultError> {
        let mut values = Self::number(after.0);
        values.push(Sql::Integer(limit.and_then(|limit| limit.try_into().ok()).unwrap_or(-1)));
        self.exhibits_where("e.no > ?1 ORDER BY e.no LIMIT ?2", values)
    }

    pub fn exhibit(&self, no: ExhibitNo) -> Result<Option<ExhibitRow>, VaultError> {
        Ok(self.exhibits_where("e.no = ?1", Self::number(no.0))?.pop())
    }

    /// Exhibits of an item, oldest first.
    pub fn exhibits_of(&self, no: ItemNo) -> Result<Vec<ExhibitRow>, VaultError> {
        self.exhibits_where("e.item = ?1 ORDER BY e.no", Self::number(no.0))
    }

    /// Exhibits of all items that a report refers to, oldest first.
    pub fn exhibits_of_report(&self, no: ReportNo) -> Result<Vec<ExhibitRow>, VaultError> {
        self.exhibits_where("e.item IN (SELECT item FROM mention WHERE report = ?1) ORDER BY e.no", Self::number(no.0))
    }

    /// The last capture of each item that a report refers to.
    pub fn last_captures_of_report(&self, no: ReportNo) -> Result<Vec<CaptureRow>, VaultError> {
        let items = "SELECT item FROM mention WHERE report = ?1";
        let sql = format!("{CAPTURES} WHERE no IN (SELECT max(no) FROM capture WHERE item IN ({items}) GROUP BY item)");
        self.all(&sql, Self::number(no.0), capture)
    }

    /// Exhibits that one capture brought.
    pub fn exhibits_of_capture(&self, no: CaptureNo) -> Result<Vec<ExhibitRow>, VaultError> {
        // By way of its item, which has an index.
        let item = "(SELECT item FROM capture WHERE no = ?1)";
        self.exhibits_where(&format!("e.item = {item} AND e.capture = ?1 ORDER BY e.no"), Self::number(no.0))
    }

    /// Exhibits that an object is, oldest first.
    pub fn exhibits_of_object(&self, digest: &Digest) -> Result<Vec<ExhibitRow>, VaultError> {
        self.exhibits_where("e.object = ?1 ORDER BY e.no", vec![Sql::Text(digest.to_string())])
    }

    /// Exhibits whose object's digest begins with these digits.
    pub fn exhibits_by_digest(&self, prefix: &str) -> Result<Vec<ExhibitRow>, VaultError> {
        self.exhibits_where("substr(e.object, 1, length(?1)) = ?1 ORDER BY e.no", vec![Sql::Text(prefix.to_lowercase())])
    }

    pub fn reports(&self) -> Result<Vec<ReportRow>, VaultError> {
        self.all("SELECT * FROM reports ORDER BY entry", vec![], report)
    }

    pub fn report(&self, no: ReportNo) -> Result<Option<ReportRow>, VaultError> {
        let id = vec![Sql::Text(no.to_string())];
        Ok(self.all("SELECT * FROM reports WHERE id = ?1", id, report)?.pop())
    }

    /// The report with this digest.
    pub fn report_by_digest(&self, digest: &Digest) -> Result<Option<ReportRow>, VaultError> {
        let digest = vec![Sql::Text(digest.to_string())];
        Ok(self.all("SELECT * FROM reports WHERE sha256 = ?1", digest, report)?.pop())
    }

    /// References of a report, in its order.
    pub fn mentions_in(&self, no: ReportNo) -> Result<Vec<MentionRow>, VaultError> {
        self.all(&format!("{MENTIONS} WHERE report = ?1 ORDER BY ordinal"), Self::number(no.0), mention)
    }

    /// References to an item, oldest first.
    pub fn mentions_of(&self, no: ItemNo) -> Result<Vec<MentionRow>, VaultError> {
        self.all(&format!("{MENTIONS} WHERE item = ?1 ORDER BY no"), Self::number(no.0), mention)
    }

    pub fn mention(&self, no: MentionNo) -> Result<Option<MentionRow>, VaultError> {
        Ok(self.all(&format!("{MENTIONS} WHERE no = ?1"), Self::number(no.0), mention)?.pop())
    }

    pub fn item(&self, no: ItemNo) -> Result<Option<ItemRow>, VaultError> {
        Ok(self.all(ITEM, Self::number(no.0), item)?.pop())
    }

    /// Of these objects, the captures that brought each: as their own bytes, as an exhibit, or as a body that came or was sent in their
    /// exchanges. Reads every capture.
    pub fn brought(&self, objects: &BTreeSet<Digest>) -> Result<BTreeMap<Digest, BTreeSet<CaptureNo>>, VaultError> {
        /// Of an exchange, what names objects.
        #[derive(Deserialize, Default)]
        struct Named {
            hops: Vec<Hop>,
        }
        #[derive(Deserialize)]
        struct Hop {
            body: Option<String>,
            sent: Option<String>,
        }
        let mut found: BTreeMap<Digest, BTreeSet<CaptureNo>> = BTreeMap::new();
        let mut read = || -> Read<()> {
            let mut own = self.db.prepare_cached("SELECT capture FROM exhibit WHERE object = ?1")?;
            for object in objects {
                let numbers = own.query_map([object.to_string()], |row| row.get(0).map(CaptureNo))?;
                found.insert(*object, numbers.collect::<Read<_>>()?);
            }
            let mut query = self.db.prepare("SELECT no, object, exchange FROM capture")?;
            let mut rows = query.query([])?;
            while let Some(row) = rows.next()? {
                // What cannot be read may name any of them.
                let unreadable =
                    |error| rusqlite::Error::FromSqlConversionFailure(2, rusqlite::types::Type::Text, Box::new(error));
                let exchange = row.get_ref(2)?.as_str_or_null()?.map(serde_json::from_str);
                let named: Named = exchange.transpose().map_err(unreadable)?.unwrap_or_default();
                let passed = named.hops.into_iter().flat_map(|hop| [hop.body, hop.sent]);
                for digest in passed.chain([row.get(1)?]).flatten() {
                    if let Some(captures) = digest.parse().ok().and_then(|digest: Digest| found.get_mut(&digest)) {
                        captures.insert(CaptureNo(row.get(0)?));
                    }
                }
            }
            Ok(())
        };
        read().map_err(VaultError::sql("be read"))?;
        Ok(found)
    }

    /// The item that a capture is of, and the bytes that it brought as the item's own, if any.
    pub fn captured(&self, no: CaptureNo) -> Result<(ItemNo, Option<Digest>), VaultError> {
        let read =
            |row: &Row<'_>| Ok((ItemNo(row.get(0)?), row.get::<_, Option<String>>(1)?.and_then(|digest| digest.parse().ok())));
        let mut query =
            self.db.prepare_cached("SELECT item, object FROM capture WHERE no = ?1").map_err(VaultError::sql("be read"))?;
        query.query_row([no.0], read).map_err(VaultError::sql("be read"))
    }

    /// All items, oldest first.
    pub fn items(&self) -> Result<Vec<ItemRow>, VaultError> {
        self.all("SELECT * FROM items ORDER BY entry", vec![], item)
    }

    /// The item with this canonical key.
    pub fn item_by_key(&self, key: &str) -> Result<Option<ItemRow>, VaultError> {
        Ok(self.all("SELECT * FROM items WHERE key = ?1", vec![Sql::Text(key.to_owned())], item)?.pop())
    }

    /// Attempts to obtain an item, oldest first.
    pub fn captures_of(&self, no: ItemNo) -> Result<Vec<CaptureRow>, VaultError> {
        self.all(&format!("{CAPTURES} WHERE item = ?1 ORDER BY no"), Self::number(no.0), capture)
    }

    /// The first capture that brought these bytes, cut.
    pub fn cut_capture_of(&self, digest: &str) -> Result<Option<CaptureRow>, VaultError> {
        let sql = format!("{CAPTURES} WHERE object = ?1 AND completeness = 'truncated' ORDER BY no LIMIT 1");
        Ok(self.all(&sql, vec![Sql::Text(digest.to_owned())], capture)?.pop())
    }

    pub fn capture(&self, no: CaptureNo) -> Result<Option<CaptureRow>, VaultError> {
        Ok(self.all(&format!("{CAPTURES} WHERE no = ?1"), Self::number(no.0), capture)?.pop())
    }

    /// Claims about a mention, item or exhibit.
    pub fn claims_about(&self, subject: Id) -> Result<Vec<ClaimRow>, VaultError> {
        self.all(
            &format!("{CLAIMS} WHERE c.subject_kind = ?1 AND c.subject_no = ?2 ORDER BY c.no"),
            Self::subject(subject),
            claim,
        )
    }

    pub fn claim(&self, no: ClaimNo) -> Result<Option<ClaimRow>, VaultError> {
        Ok(self.all(&format!("{CLAIMS} WHERE c.no = ?1"), Self::number(no.0), claim)?.pop())
    }

    pub fn examinations_of(&self, digest: &str) -> Result<Vec<ExaminationRow>, VaultError> {
        let sql = "SELECT * FROM examination WHERE object = ?1 ORDER BY no";
        self.all(sql, vec![Sql::Text(digest.to_owned())], examination)
    }

    /// Remarks about anything, oldest first.
    pub fn notes_about(&self, subject: Id) -> Result<Vec<NoteRow>, VaultError> {
        let sql = "SELECT * FROM note WHERE subject_kind = ?1 AND subject_no = ?2 ORDER BY no";
        self.all(sql, Self::subject(subject), |row| {
            Ok(NoteRow { text: row.get("text")?, person: row.get("person")?, time: row.get("time")?, entry: row.get("entry")? })
        })
    }

    /// The custody events from entry `after` on, at most `limit`.
    pub fn events(&self, from: u64, limit: Option<u64>) -> Result<Vec<EventRow>, VaultError> {
        let mut values = Self::number(from);
        values.push(Sql::Integer(limit.and_then(|limit| limit.try_into().ok()).unwrap_or(-1)));
        self.all("SELECT * FROM custody WHERE entry >= ?1 ORDER BY entry LIMIT ?2", values, event)
    }

    /// The custody events that speak about something.
    pub fn events_about(&self, subject: Id) -> Result<Vec<EventRow>, VaultError> {
        let sql = "SELECT * FROM custody WHERE entry IN (SELECT entry FROM touches WHERE subject_kind = ?1 AND subject_no = ?2) ORDER BY entry";
        self.all(sql, Self::subject(subject), event)
    }

    fn subject(subject: Id) -> Vec<Sql> {
        let (letter, no) = subject.parts();
        vec![Sql::Text(letter.to_string()), Sql::Integer(no.try_into().unwrap_or(i64::MAX))]
    }

    /// What was found for some words: the thing's id and the text they occur in, best first; oldest first where they occur
    /// in more than 20,000, which are too many to be told apart.
    pub fn search(&self, words: &str, limit: u64) -> Result<Vec<(String, String)>, VaultError> {
        let query = fold::query(words);
        if query.is_empty() {
            return Ok(Vec::new());
        }
        let ranked = "SELECT count(*) FROM (SELECT 1 FROM search WHERE search MATCH ?1 LIMIT 20001)";
        let found: u64 = self.db.query_row(ranked, [&query], |row| row.get(0)).map_err(VaultError::sql("be read"))?;
        let values = vec![Sql::Text(query), Sql::Integer(limit.try_into().unwrap_or(i64::MAX))];
        let sql = match found > 20_000 {
            true => "SELECT subject, shown FROM search WHERE search MATCH ?1 ORDER BY rowid LIMIT ?2",
            false => "SELECT subject, shown FROM search WHERE search MATCH ?1 ORDER BY rank, rowid LIMIT ?2",
        };
        self.all(sql, values, |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// How many reports, references, items, captures and exhibits there are.
    pub fn counts(&self) -> Result<[u64; 5], VaultError> {
        let count = |table: &str| self.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0));
        let all = || -> Read<[u64; 5]> {
            Ok([count("report")?, count("mention")?, count("item")?, count("capture")?, count("exhibit")?])
        };
        all().map_err(VaultError::sql("be read"))
    }
}
