//! Section 6: custody, as a picture and entry by entry, with notes and transfers.

use serde_json::Value;

use super::chart::picture;
use super::layout::table;
use super::text::{foreign, grouped, moment, shown, time};
use super::value::{person, rows, said, shown_as, text, told};
use super::words::{CUSTODY_NOTE, KIND_LONG, word};

/// All that happened to it.
pub(super) fn custody(record: &Value) -> String {
    let body: Vec<[String; 4]> = rows(record, "custody").iter().map(|row| happened(record, row)).collect();
    let head = ["Entry", "Time (UTC)", "What happened", "By whom"];
    format!(
        "{CUSTODY_NOTE}<div class=\"twofold\"><figure>{}</figure><div>{}</div></div>\n{}{}",
        picture(record),
        table("Custody, entry by entry", head, &body, "custody"),
        transfers(record),
        notes(record)
    )
}

fn happened(record: &Value, row: &Value) -> [String; 4] {
    let kind = text(&row["kind"]);
    let detail = said(&row["detail"]).map(|detail| format!("<p>{}</p>", foreign(&detail))).unwrap_or_default();
    let others = said(&row["subjects"]).filter(|subjects| *subjects != text(&record["exhibit"]["id"]));
    let others = others.map(|others| format!("<span class=\"id\">{}</span>", shown(&others))).unwrap_or_default();
    let what = word(KIND_LONG, &kind).map_or_else(|| foreign(&kind), str::to_owned);
    let who = person(record, &row["person"], "nobody is named");
    [
        shown(&text(&row["entry"])),
        time(&text(&row["time"])).replace(" UTC", ""),
        format!("{what}{detail} {others}"),
        format!("{who} <span class=\"id\">with {}</span>", shown(&text(&row["tool"]))),
    ]
}

/// To whom it was handed on.
fn transfers(record: &Value) -> String {
    let row = |row: &Value| {
        [
            time(&text(&row["time"])),
            told(record, &row["recipient"], "recipient"),
            told(record, &row["purpose"], "purpose"),
            shown_as(record, &row["manifest"], "", grouped),
        ]
    };
    let body: Vec<[String; 4]> = rows(record, "transfers").iter().map(row).collect();
    table("Handed on", ["Time", "To whom", "What for", "SHA-256 of the bag’s manifest"], &body, "transfers")
}

fn notes(record: &Value) -> String {
    let note = |note: &Value| {
        format!(
            "<li>{} <span class=\"note\">{}, {}, log entry {}</span></li>",
            told(record, &note["text"], "text"),
            person(record, &note["person"], "nobody is named"),
            moment(&text(&note["time"])),
            shown(&text(&note["entry"]))
        )
    };
    let notes: String = rows(record, "notes").iter().map(note).collect();
    if notes.is_empty() { notes } else { format!("<h3>Notes of the people who worked on it</h3><ul>{notes}</ul>\n") }
}
