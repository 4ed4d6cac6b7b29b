//! Section 5: what the file says of itself.

use std::collections::BTreeMap;

use serde_json::Value;

use super::layout::facts;
use super::text::{foreign, short, shown};
use super::value::{absent, is_withheld, rows, said, text, told};
use super::words::{ALWAYS, FACTS, FACTS_NOTE};

/// Facts of the file by name, as the last examination found them.
pub(super) type Known<'a> = BTreeMap<&'a str, &'a Value>;

/// All that the examinations found; what a later one found stands.
pub(super) fn known_facts(record: &Value) -> Known<'_> {
    let all = rows(record, "examinations").iter().filter_map(|made| made["facts"].as_object()).flatten();
    all.filter(|(_, fact)| !fact.is_null()).map(|(name, fact)| (name.as_str(), fact)).collect()
}

/// Every examination with its facts and the problems that it found.
pub(super) fn examined(record: &Value) -> String {
    let parts: String = (0..).zip(rows(record, "examinations")).map(|(nth, made)| part(record, nth, made)).collect();
    if parts.is_empty() { "<p>The file was not examined.</p>\n".to_owned() } else { format!("{FACTS_NOTE}{parts}") }
}

fn part(record: &Value, nth: usize, made: &Value) -> String {
    let found = &made["facts"];
    let mut told_of: Vec<(String, String)> =
        FACTS.iter().filter_map(|(name, label)| Some(((*label).to_owned(), fact(record, found, name, nth == 0)?))).collect();
    let others = found.as_object().into_iter().flatten().filter(|(name, _)| !FACTS.iter().any(|(known, _)| known == name));
    told_of.extend(others.map(|(name, fact)| (foreign(name), told(record, fact, ""))));
    let problems: String = rows(made, "problems").iter().map(|what| format!("<li>{}</li>", foreign(&text(what)))).collect();
    format!(
        "<h3>Read by {} {}, log entry {}</h3>\n{}<p>Problems in the file:</p><ul>{}</ul>\n",
        shown(&text(&made["probe"])),
        shown(&text(&made["probe_version"])),
        shown(&text(&made["entry"])),
        facts(&told_of),
        if problems.is_empty() { "<li>none found</li>" } else { &problems }
    )
}

/// The sealed field that a fact belongs to.
fn sealed(name: &str) -> &'static str {
    match name {
        "lat" | "lon" | "alt" => "location",
        "make" | "model" | "software" => "device",
        _ => "",
    }
}

/// What a fact is, or that it is not there, if that is to be told.
fn fact(record: &Value, found: &Value, name: &str, is_first: bool) -> Option<String> {
    let sealed = sealed(name);
    match found.get(name) {
        Some(fact) if !fact.is_null() => Some(fact_text(name, fact)),
        Some(_) if is_withheld(record, sealed) => Some(absent(record, sealed, "")),
        Some(_) if is_first && ALWAYS.contains(&name) => Some(absent(record, sealed, "not found in the file")),
        None if is_first && ALWAYS.contains(&name) => Some(absent(record, "", "not found in the file")),
        _ => None,
    }
}

/// A fact with its unit.
fn fact_text(name: &str, fact: &Value) -> String {
    match (name, fact.as_f64()) {
        ("duration", Some(seconds)) => format!("{} seconds", short(seconds)),
        ("rotation", Some(_)) => format!("{fact}°"),
        ("alt", Some(metres)) => format!("{} m", short(metres)),
        ("orientation", Some(_)) => format!("{fact} (EXIF, 1 to 8)"),
        ("lat" | "lon", Some(degrees)) => format!("{degrees:.5}° (WGS 84)"),
        _ => said(fact).map(|text| foreign(&text)).unwrap_or_default(),
    }
}
