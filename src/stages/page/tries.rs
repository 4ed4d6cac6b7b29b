//! Section 3: every try to obtain it, and what came of it.

use serde_json::Value;

use super::layout::table;
use super::text::{attribute, brief, code, day, foreign, moment, number, shown, times};
use super::value::{joined, rows, said, shown_as, text};
use super::words::{COMPLETENESS_SHORT, DEPTHS, FIXITY, METHODS, OFFLINE, OUTCOME_NOTES, OUTCOMES, STATUS, THIRD, word};

/// The tries of a record, oldest first.
pub(super) fn oldest_first(record: &Value) -> Vec<&Value> {
    let mut captures: Vec<&Value> = rows(record, "captures").iter().collect();
    captures.sort_by_key(|row| (text(&row["started"]), row["entry"].as_u64()));
    captures
}

/// What came of a try, in words.
pub(super) fn outcome(row: &Value) -> String {
    let outcome = text(&row["outcome"]);
    word(OUTCOMES, &outcome).map_or_else(|| attribute(&brief(&outcome, 40)), str::to_owned)
}

/// How a try was made, in words.
pub(super) fn method(name: &str) -> String {
    word(METHODS, name).map_or_else(|| shown(name), str::to_owned)
}

/// How often each of some words comes, in the order in which they first come.
pub(super) fn tally(words: impl IntoIterator<Item = String>) -> Vec<(String, usize)> {
    let mut counts: Vec<(String, usize)> = Vec::new();
    for word in words {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    counts
}

/// The tries in a paragraph, and in a table.
pub(super) fn tries(record: &Value, captures: &[&Value]) -> String {
    let head = ["Try", "What was asked, and how", "What came of it", "Completeness", "Bytes"];
    let body: Vec<[String; 5]> = captures.iter().map(|row| capture_row(record, row)).collect();
    format!("{}{}", history(record, captures), table("Every try to obtain it, oldest first", head, &body, "tries"))
}

fn counted(captures: &[&Value]) -> String {
    let each = tally(captures.iter().map(|row| outcome(row)));
    let each: Vec<String> = each.into_iter().map(|(outcome, count)| format!("{outcome} {}", times(count))).collect();
    format!("{}: {}", times(captures.len()), each.join(", "))
}

fn is_third(row: &Value) -> bool {
    THIRD.contains(&&*text(&row["method"]))
}

/// How often it was tried, what came, since when nothing comes, and when the bytes were last checked.
fn history(record: &Value, captures: &[&Value]) -> String {
    let (others, ours): (Vec<&Value>, Vec<&Value>) = captures.iter().partition(|row| is_third(row));
    let mut told = Vec::new();
    if !ours.is_empty() {
        told.push(format!("Tried {}.", counted(&ours)));
    }
    if !others.is_empty() {
        told.push(format!("A third party was asked {}.", counted(&others)));
    }
    told.extend(last_obtained(&ours));
    let ids = |is_meant: &dyn Fn(&Value) -> bool| {
        captures.iter().filter(|row| is_meant(row)).map(|row| shown(&text(&row["id"]))).collect::<Vec<_>>().join(", ")
    };
    let cut = ids(&|row| row["outcome"] == "ok" && row["completeness"] == "truncated");
    if !cut.is_empty() {
        told.push(format!("Cut short: {cut}."));
    }
    let changed = ids(&|row| said(&row["sha256"]).is_some() && row["sha256"] != record["exhibit"]["sha256"]);
    if !changed.is_empty() {
        told.push(format!("Other bytes than those of this exhibit came with {changed}."));
    }
    told.extend(last_check(record).map(|check| {
        let (when, said) = (day(&text(&check["time"])), checked(check));
        format!("The bytes in the case were last checked on {when} (log entry {}): {said}.", shown(&text(&check["entry"])))
    }));
    let told = told.join(" ");
    format!("<p>{told}</p><p>A try that failed is a record, too: it says what was found at that time, not why.</p>\n")
}

fn last_obtained(ours: &[&Value]) -> Option<String> {
    let last = ours.iter().rposition(|row| row["outcome"] == "ok")?;
    let next = ours.get(last + 1)?;
    Some(format!(
        "It was last obtained on {}; since the try of {} none has brought it.",
        day(&text(&ours[last]["started"])),
        day(&text(&next["started"]))
    ))
}

/// The last check of the bytes.
pub(super) fn last_check(record: &Value) -> Option<&Value> {
    rows(record, "fixity").iter().max_by_key(|check| check["entry"].as_u64())
}

/// What a check of the bytes said, and by which digest.
pub(super) fn checked(check: &Value) -> String {
    let (outcome, depth) = (text(&check["outcome"]), text(&check["depth"]));
    let said = word(FIXITY, &outcome).map_or_else(|| shown(&outcome), str::to_owned);
    format!("{said}, by {}", word(DEPTHS, &depth).map_or_else(|| shown(&depth), str::to_owned))
}

fn capture_row(record: &Value, row: &Value) -> [String; 5] {
    let completeness = text(&row["completeness"]);
    let whole = word(COMPLETENESS_SHORT, &completeness).unwrap_or_default();
    let came = match row["received"].as_u64() {
        None | Some(0) => "<p>nothing came</p>".to_owned(),
        Some(_) => format!("<p><strong>{}</strong></p><p>{whole}</p>", shown(&completeness)),
    };
    [
        format!("{} <span class=\"time\">{}</span>", shown(&text(&row["id"])), moment(&text(&row["started"]))),
        asked(record, row),
        became(row),
        came,
        bytes(record, row),
    ]
}

/// What was asked, and how.
fn asked(record: &Value, row: &Value) -> String {
    let (tool, name) = (&row["tool"], text(&row["method"]));
    let by = match said(&tool["name"]) {
        Some(tool_name) => format!(", {} {}", shown(&tool_name), shown(&text(&tool["version"]))),
        None => String::new(),
    };
    let arguments = joined(tool, "arguments", code);
    let arguments = if arguments.is_empty() { arguments } else { format!("<p><i>With:</i> {arguments}</p>") };
    let is_offline = OFFLINE.contains(&&*name);
    let route = if is_offline { String::new() } else { format!("<p><i>Route:</i> {}</p>", foreign(&text(&row["route"]))) };
    let change = |what: &Value| format!("<p><i>Changed by the collection:</i> {}</p>", foreign(&text(what)));
    let changes: String = rows(row, "alterations").iter().map(change).collect();
    let address = shown_as(record, &row["url"], "", code);
    format!("<p>{address}</p><p><i>How:</i> {}{by}</p>{arguments}{route}{changes}", method(&name))
}

/// What came of it, and why it is said so.
fn became(row: &Value) -> String {
    let note = word(OUTCOME_NOTES, &text(&row["outcome"])).unwrap_or_default();
    let status = said(&row["status"])
        .map(|status| format!("<p>The server’s answer: {} {}</p>", shown(&status), word(STATUS, &status).unwrap_or_default()));
    let because = foreign(&text(&row["because"]));
    format!("<p><strong>{}</strong> {note}</p>{}<p><i>Because:</i> {because}</p>", outcome(row), status.unwrap_or_default())
}

fn bytes(record: &Value, row: &Value) -> String {
    let which = match said(&row["sha256"]) {
        None => "no bytes kept".to_owned(),
        Some(_) if row["sha256"] == record["exhibit"]["sha256"] => "<strong>the bytes of this exhibit</strong>".to_owned(),
        Some(sha256) => format!("other bytes: {}", code(&format!("{}…", sha256.chars().take(16).collect::<String>()))),
    };
    let announced = row["declared"].as_u64().map_or_else(|| "not announced".to_owned(), |of| format!("{} announced", number(of)));
    let received = number(row["received"].as_u64().unwrap_or_default());
    format!("<p>{received} received</p><p>{announced}</p><p>{which}</p>")
}
