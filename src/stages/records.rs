//! The records, graphs and exchanges of a bag against its log slice: the entries are what is proven, and the others must
//! say the same.

use std::collections::{BTreeMap, HashSet};
use std::fs::{self, File};
use std::io;
use std::path::Path;

use serde_json::Value;

use crate::evidence::{Code, Finding};
use crate::warc::{read_wacz, read_warc};

/// Which member of a record's rows is which field of the entry that the row names; a dot goes into a
/// sealed value.
const SAME: &[(&str, &[(&str, &str)])] = &[
    (
        "captures",
        &[
            ("url", "url"),
            ("method", "method"),
            ("started", "started"),
            ("finished", "finished"),
            ("outcome", "outcome"),
            ("completeness", "completeness"),
            ("because", "because"),
            ("status", "status"),
            ("final_url", "final_url"),
            ("address", "address"),
            ("declared", "declared"),
            ("received", "received"),
            ("sha256", "object"),
            ("exchange", "exchange"),
        ],
    ),
    (
        "claims",
        &[
            ("property", "property"),
            ("by", "by"),
            ("rule", "rule"),
            ("value", "claim.value"),
            ("via", "claim.via"),
            ("reading", "claim.reading"),
        ],
    ),
    ("exhibit", &[("sha256", "object"), ("role", "role"), ("name", "name")]),
    ("item", &[("key", "key"), ("kind", "kind"), ("url", "url")]),
    (
        "mentions",
        &[
            ("kind", "kind"),
            ("form", "form"),
            ("url", "url"),
            ("canonical", "canonical"),
            ("locator", "locator"),
            ("rule", "rule"),
            ("caption", "caption"),
            ("credit", "credit"),
            ("quote", "quote.exact"),
        ],
    ),
    ("notes", &[("text", "text")]),
    (
        "report",
        &[
            ("sha256", "report"),
            ("title", "title"),
            ("publisher", "publisher"),
            ("published", "published"),
            ("received", "received"),
        ],
    ),
    (
        "reports",
        &[
            ("sha256", "report"),
            ("title", "title"),
            ("publisher", "publisher"),
            ("published", "published"),
            ("received", "received"),
        ],
    ),
];

/// What an entry says in a field, open or sealed; null if it says nothing, or its value is withheld.
fn said<'a>(row: &'a Value, field: &str) -> &'a Value {
    let (field, inner) = field.split_once('.').map_or((field, None), |(field, inner)| (field, Some(inner)));
    let open = &row["entry"]["event"][field];
    let value = if open.is_null() { &row["sealed"][field]["value"] } else { open };
    inner.map_or(value, |inner| &value[inner])
}

/// Compares every record under `data/record` with the entries that it names.
pub(super) fn compare(log: &Path, entries: &BTreeMap<u64, Value>, findings: &mut Vec<Finding>) {
    let dir = log.with_file_name("record");
    for file in fs::read_dir(&dir).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(record) = fs::read(file.path()).ok().and_then(|bytes| serde_json::from_slice::<Value>(&bytes).ok()) else {
            continue;
        };
        let mut differ = |what: String| {
            let id = name.trim_end_matches(".json").to_owned();
            findings.push(Finding::red(Code::RecordDiffers, id, what).at(format!("data/record/{name}")));
        };
        for (part, members) in SAME {
            let rows = match &record[*part] {
                Value::Array(rows) => rows.iter().collect(),
                Value::Null => Vec::new(),
                one => vec![one],
            };
            for row in rows {
                let Some(entry) = row["entry"].as_u64().and_then(|index| entries.get(&index)) else {
                    differ(format!("A row of {part} names no entry of the log slice"));
                    continue;
                };
                let other = members.iter().find(|(member, field)| row[*member] != *said(entry, field));
                if let Some((member, _)) = other {
                    differ(format!("{part}: {member} is not what entry {} of the log says", row["entry"]));
                }
            }
        }
    }
}

/// Every digest and every time of a graph stands in the log slice; the graph of E7 is of the bytes of E7.
pub(super) fn graphs(log: &Path, entries: &BTreeMap<u64, Value>, findings: &mut Vec<Finding>) {
    let mut said = HashSet::new();
    for row in entries.values() {
        texts(&row["entry"], &mut said);
        row["sealed"].as_object().into_iter().flatten().for_each(|(_, sealed)| texts(&sealed["value"], &mut said));
    }
    let dir = log.with_file_name("record");
    for file in fs::read_dir(&dir).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let Some(id) = name.strip_suffix(".case.jsonld") else { continue };
        let mut differ = |what: String| {
            findings.push(Finding::red(Code::RecordDiffers, name.clone(), what).at(format!("data/record/{name}")));
        };
        let json = |path: &Path| serde_json::from_slice::<Value>(&fs::read(path).unwrap_or_default()).unwrap_or_default();
        let (graph, record) = (json(&file.path()), json(&dir.join(format!("{id}.json"))));
        let mut own = false;
        literals(&graph, &mut |kind, value| {
            let judged = kind.ends_with("hexBinary") || kind.ends_with("dateTime");
            if judged && !said.contains(value) {
                differ(format!("The graph says {value}, and no entry of the log slice does"));
            }
            own |= record["exhibit"]["sha256"] == value;
        });
        if !own {
            differ(format!("The graph is not of the bytes of {id}"));
        }
    }
}

/// Every text in a value.
fn texts<'a>(value: &'a Value, told: &mut HashSet<&'a str>) {
    match value {
        Value::String(text) => drop(told.insert(text)),
        Value::Array(list) => list.iter().for_each(|inner| texts(inner, told)),
        Value::Object(members) => members.values().for_each(|inner| texts(inner, told)),
        _ => {}
    }
}

/// Every typed literal of a graph, with its type.
fn literals(graph: &Value, told: &mut dyn FnMut(&str, &str)) {
    match graph {
        Value::Object(members) => {
            if let (Some(Value::String(kind)), Some(Value::String(value))) = (members.get("@type"), members.get("@value")) {
                told(kind, value);
            }
            members.values().for_each(|inner| literals(inner, told));
        }
        Value::Array(list) => list.iter().for_each(|inner| literals(inner, told)),
        _ => {}
    }
}

/// The exchanges of a bag are whole, and have the digests that they name.
pub(super) fn exchanges(bag: &Path, findings: &mut Vec<Finding>) {
    for file in fs::read_dir(bag.join("data/capture")).into_iter().flatten().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        let mut wrong = Vec::new();
        let mut warc = |input: &mut dyn io::Read| {
            let mut told = Vec::new();
            let read = read_warc(input, u64::MAX, || Ok(io::sink()), |kept, _| told.extend(kept.wrong));
            told.extend(read.map_or_else(|error| vec![format!("it cannot be read to its end: {error}")], |read| read.wrong));
            wrong.append(&mut told);
        };
        let read = File::open(file.path()).and_then(|mut input| {
            if name.ends_with(".wacz") {
                return read_wacz(input, |_, input| warc(input));
            }
            if name.ends_with(".warc.gz") {
                warc(&mut input);
            }
            Ok(Vec::new())
        });
        wrong.extend(read.unwrap_or_else(|error| vec![error.to_string()]));
        for wrong in wrong {
            findings.push(Finding::red(Code::RecordDiffers, name.clone(), wrong).at(format!("data/capture/{name}")));
        }
    }
}
