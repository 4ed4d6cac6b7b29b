//! Section 1: where it was mentioned, in the words of the reports.

use serde_json::Value;

use super::layout::facts;
use super::text::{code, day, foreign, grouped, is_shaped, runs_left, shown, url};
use super::value::{absent, joined, rows, said, shown_as, text, told};
use super::words::{FORMS, word};

/// Every mention with the report that it is in.
pub(super) fn mentioned(record: &Value) -> String {
    let parts: String = rows(record, "mentions").iter().map(|mention| part(record, mention)).collect();
    if parts.is_empty() {
        return "<p>No report mentions it: it was handed over or added by a person.</p>\n".to_owned();
    }
    format!("<p>The marked words are the report’s; the pale words stand before and after them.</p>\n{parts}")
}

/// The day that a report gives itself, if it is one.
pub(super) fn published(record: &Value, report: &Value) -> String {
    let show = |text: &str| if is_shaped(text, "0000-00-00") { day(text) } else { foreign(text) };
    shown_as(record, &report["published"], "", show)
}

fn part(record: &Value, mention: &Value) -> String {
    let form = text(&mention["form"]);
    format!(
        "<article class=\"mention\"><h3>Mention {} in {}, {}</h3>\n{}{}</article>\n",
        shown(&text(&mention["id"])),
        shown(&text(&mention["report"])),
        word(FORMS, &form).map_or_else(|| shown(&form), str::to_owned),
        context(record, mention),
        facts(&[report_facts(record, mention), mention_facts(record, mention)].concat())
    )
}

fn report_facts(record: &Value, mention: &Value) -> Vec<(&'static str, String)> {
    let Some(report) = rows(record, "reports").iter().find(|report| report["id"] == mention["report"]) else {
        return vec![("Report", shown(&text(&mention["report"])))];
    };
    vec![
        ("Report", format!("{}: {}", shown(&text(&report["id"])), told(record, &report["title"], "title"))),
        ("Publisher", told(record, &report["publisher"], "publisher")),
        ("Published", published(record, report)),
        ("The report was read from", shown_as(record, &report["origin"], "name", url)),
        ("SHA-256 of the report", grouped(&text(&report["sha256"]))),
    ]
}

fn mention_facts(record: &Value, mention: &Value) -> Vec<(&'static str, String)> {
    let hedges = joined(mention, "hedges", foreign);
    let hedges = if hedges.is_empty() { absent(record, "hedges", "none recorded") } else { hedges };
    vec![
        ("Caption", told(record, &mention["caption"], "caption")),
        ("Credit", told(record, &mention["credit"], "credit")),
        ("Words of doubt or of support", hedges),
        ("Address as printed", shown_as(record, &mention["url"], "", url)),
        ("Where in the report", code(&text(&mention["locator"]))),
        ("Found by rule", format!("{}, log entry {}", code(&text(&mention["rule"])), shown(&text(&mention["entry"])))),
    ]
}

/// The words with what stands around them, in the direction in which they run.
fn context(record: &Value, mention: &Value) -> String {
    let Some(quote) = said(&mention["quote"]) else {
        return format!("<p>The words of the report: {}</p>", absent(record, "quote", "not recorded"));
    };
    let side = |value: &Value| said(value).map(|text| foreign(&text)).unwrap_or_default();
    format!(
        "<blockquote dir=\"{}\"><span class=\"around\">{}</span><mark>{}</mark><span class=\"around\">{}</span></blockquote>",
        if runs_left(&quote) { "rtl" } else { "ltr" },
        side(&mention["prefix"]),
        foreign(&quote),
        side(&mention["suffix"])
    )
}
