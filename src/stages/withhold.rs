//! What an export leaves out of its records when sealed fields are withheld.

use serde_json::Value;

/// Where each sealed field stands in an exhibit's record: the list, or the one thing, and its members.
const PLACES: &[(&str, &str, &[&str])] = &[
    ("caption", "mentions", &["caption"]),
    ("caption", "exhibit", &["title"]),
    ("claim", "claims", &["value", "via", "hedges", "quote", "reading"]),
    ("credit", "mentions", &["credit"]),
    ("exchange", "captures", &["exchange"]),
    ("hedges", "mentions", &["hedges"]),
    ("name", "exhibit", &["name"]),
    ("recipient", "transfers", &["recipient"]),
    ("purpose", "transfers", &["purpose"]),
    ("reason", "handling", &["reason"]),
    ("person", "handling", &["person"]),
    ("person", "transfers", &["person"]),
    ("name", "reports", &["origin"]),
    ("person", "claims", &["person"]),
    ("person", "custody", &["person"]),
    ("person", "notes", &["person"]),
    ("publisher", "reports", &["publisher"]),
    ("quote", "mentions", &["quote", "prefix", "suffix"]),
    ("quote", "exhibit", &["title"]),
    ("text", "notes", &["text"]),
    ("title", "reports", &["title"]),
];

/// Facts of an examination that are sealed together.
const FACTS: &[(&str, &[&str])] = &[("location", &["lat", "lon", "alt"]), ("device", &["make", "model", "software"])];

fn blank(of: &mut Value, members: &[&str]) {
    for member in members {
        if let Some(value) = of.get_mut(*member) {
            *value = Value::Null;
        }
    }
}

/// Blanks withheld fields of a record, and lists them in it.
pub(super) fn withhold(record: &mut Value, fields: &[String]) {
    let is_withheld = |field: &str| fields.iter().any(|withheld| withheld == field);
    for (_, part, members) in PLACES.iter().filter(|(field, ..)| is_withheld(field)) {
        match record.get_mut(*part) {
            Some(Value::Array(all)) => all.iter_mut().for_each(|one| blank(one, members)),
            Some(one) => blank(one, members),
            None => {}
        }
    }
    for (_, members) in FACTS.iter().filter(|(field, _)| is_withheld(field)) {
        let examinations = record.get_mut("examinations").and_then(Value::as_array_mut);
        for facts in examinations.into_iter().flatten().filter_map(|made| made.get_mut("facts")) {
            blank(facts, members);
        }
    }
    record["withheld"] = fields.iter().map(|field| Value::String(field.clone())).collect();
}
