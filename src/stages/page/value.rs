//! Values of a record, and what stands for those that it does not have.

use std::borrow::Cow;

use serde_json::Value;

use super::text::foreign;

/// The text of a value; none where it says nothing.
pub(super) fn said(value: &Value) -> Option<Cow<'_, str>> {
    match value {
        Value::Null => None,
        Value::String(text) => (!text.is_empty()).then_some(Cow::Borrowed(text)),
        other => Some(Cow::Owned(other.to_string())),
    }
}

/// The text of a value, or none at all as an empty one.
pub(super) fn text(value: &Value) -> Cow<'_, str> {
    said(value).unwrap_or_default()
}

/// The members of a list; none of anything else.
pub(super) fn rows<'a>(value: &'a Value, part: &str) -> &'a [Value] {
    value[part].as_array().map_or(&[], Vec::as_slice)
}

/// The texts of a list, joined.
pub(super) fn joined(value: &Value, part: &str, show: impl Fn(&str) -> String) -> String {
    rows(value, part).iter().filter_map(said).map(|one| show(&one)).collect::<Vec<_>>().join(", ")
}

/// Whether values of a sealed field were left out of this copy.
pub(super) fn is_withheld(record: &Value, field: &str) -> bool {
    rows(record, "withheld").iter().any(|withheld| withheld == field)
}

/// Says that there is no value: it was withheld, or else, in `words`, why not.
pub(super) fn absent(record: &Value, field: &str, words: &str) -> String {
    let words = if is_withheld(record, field) { "withheld" } else { words };
    format!("<span class=\"absent\">{words}</span>")
}

/// A value as it shows itself, or that there is none.
pub(super) fn shown_as(record: &Value, value: &Value, field: &str, show: impl Fn(&str) -> String) -> String {
    said(value).map_or_else(|| absent(record, field, "not recorded"), |text| show(&text))
}

/// A foreign value, or that there is none.
pub(super) fn told(record: &Value, value: &Value, field: &str) -> String {
    shown_as(record, value, field, foreign)
}

/// A person, or that nobody is named.
pub(super) fn person(record: &Value, value: &Value, words: &str) -> String {
    said(value).map_or_else(|| absent(record, "person", words), |name| foreign(&name))
}

/// The point that a value gives in degrees, on the Earth or not.
pub(super) fn point(value: &Value) -> Option<(f64, f64)> {
    value["lat"].as_f64().zip(value["lon"].as_f64())
}
