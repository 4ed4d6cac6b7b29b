//! The page of a selection: its exhibits, what is missing, how all of it was collected.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::layout::{document, facts, sections, table};
use super::lead::{handling, title};
use super::mentioned::published;
use super::proof::{known, limits, log_facts};
use super::text::{brief, code, foreign, grouped, is_shaped, many, number, shown, size, time, url};
use super::tries::{method, oldest_first, outcome, tally};
use super::value::{rows, said, shown_as, text, told};
use super::words::{MISSING_NOTE, NOT_RECORDED, NOT_WHOLE, PROOF_NOTE, TECHNICAL_NOTE};
use super::{About, made_by};

/// The page of a selection, of the records of its exhibits (`E…`) and of the reports that go along whole (`R…`).
pub fn index_page(records: &[(String, Value)], about: &About) -> String {
    let records: Vec<&Value> = records.iter().map(|(_, record)| record).collect();
    let exhibits: Vec<&Value> = records.iter().copied().filter(|record| record["exhibit"].is_object()).collect();
    let count = many(exhibits.len(), "exhibit", "exhibits");
    let mut proof = log_facts(about);
    proof.push(("How to check", code("data/HOW-TO-CHECK.md")));
    let papers = "<a href=\"certificate.html\">a certificate</a>, filled in as far as a program can, and <a \
         href=\"declaration.html\">a declaration</a>, blank; neither is signed";
    proof.push(("For a person to sign", papers.to_owned()));
    let parts = [
        ("The exhibits", exhibit_table(&exhibits)),
        ("What is mentioned and not here", missing(&records)),
        ("The reports", report_table(&records)),
        ("Collection technical report", technical(&records, about)),
        ("What proves it", format!("{PROOF_NOTE}{}", facts(&proof))),
        ("Its limits", limits(&json!({ "withheld": withheld(&records, about) }))),
    ];
    let head = format!(
        "<header><p class=\"kind\">Record of a selection</p><h1>{count}</h1>\n<p class=\"lead\">From the case {}.</p>{}\
         <p>No picture is shown on this page. Each exhibit has a page of its own, where it stays hidden until it is opened.</p>\
         </header>\n",
        code(&about.log.0),
        handling(&Value::Null)
    );
    let body = format!("{head}{}{}", sections(&parts), made_by(about));
    document(&format!("Selection of {count}"), &format!("Selection · log {}", about.log.3), &body)
}

fn withheld<'a>(records: &[&'a Value], about: &'a About) -> BTreeSet<Cow<'a, str>> {
    let of_records = records.iter().flat_map(|record| rows(record, "withheld")).map(text);
    of_records.chain(about.withheld.iter().map(Cow::from)).collect()
}

/// A table, or what stands for an empty one.
fn or_none<const N: usize>(caption: &str, head: [&str; N], body: &[[String; N]], kind: &str) -> String {
    if body.is_empty() { "<p>None.</p>\n".to_owned() } else { table(caption, head, body, kind) }
}

fn exhibit_table(exhibits: &[&Value]) -> String {
    let head = ["Exhibit", "Kind", "Size", "What it is mentioned as", "Obtained", "Outcome", "Completeness"];
    let row = |record: &&Value| {
        let exhibit = &record["exhibit"];
        [
            link(&text(&exhibit["id"])),
            shown(&text(&exhibit["kind"])),
            size(exhibit["size"].as_u64().unwrap_or_default()),
            title(record),
            time(&text(&exhibit["captured"])),
            outcome(exhibit),
            if record["erased"].is_string() { "erased by order".to_owned() } else { shown(&text(&exhibit["completeness"])) },
        ]
    };
    or_none("Exhibits in this selection", head, &exhibits.iter().map(row).collect::<Vec<_>>(), "exhibits")
}

/// A link to the page of an exhibit, whose number is plain.
fn link(id: &str) -> String {
    let is_number = id.strip_prefix('E').is_some_and(|no| !no.is_empty() && is_shaped(no, &"0".repeat(no.len())));
    if is_number { format!("<a href=\"{id}.html\">{id}</a>") } else { shown(id) }
}

/// What reports mention and this selection has no exhibit of; only whole reports can tell.
fn missing(records: &[&Value]) -> String {
    let whole: Vec<&Value> = records.iter().copied().filter(|record| record["report"].is_object()).collect();
    if whole.is_empty() {
        return NOT_WHOLE.to_owned();
    }
    let items: BTreeSet<Cow<'_, str>> = records.iter().filter_map(|record| said(&record["exhibit"]["item"])).collect();
    let body: Vec<[String; 5]> = whole.into_iter().flat_map(|record| missing_rows(record, &items)).collect();
    let head = ["Mention", "Kind", "The report’s words", "Address", "What came of it"];
    match table("Mentioned, and not in this selection", head, &body, "missing") {
        table if table.is_empty() => "<p>Nothing.</p>\n".to_owned(),
        table => format!("{MISSING_NOTE}{table}"),
    }
}

fn missing_rows(record: &Value, items: &BTreeSet<Cow<'_, str>>) -> Vec<[String; 5]> {
    let last: BTreeMap<Cow<'_, str>, &Value> = oldest_first(record).into_iter().map(|row| (text(&row["item"]), row)).collect();
    let is_here = |mention: &&Value| said(&mention["item"]).is_some_and(|item| items.contains(&item));
    let row = |mention: &Value| {
        let came = match said(&mention["item"]) {
            None => "told in words only; nothing to ask for".to_owned(),
            Some(item) => last.get(&item).map_or_else(|| "never tried".to_owned(), |row| outcome(row)),
        };
        let words = if said(&mention["quote"]).is_some() { &mention["quote"] } else { &mention["caption"] };
        [
            shown(&text(&mention["id"])),
            shown(&text(&mention["kind"])),
            shown_as(record, words, "quote", |words| foreign(&brief(words, 240))),
            shown_as(record, &mention["url"], "", code),
            came,
        ]
    };
    rows(record, "mentions").iter().filter(|mention| !is_here(mention)).map(row).collect()
}

/// Every report that is mentioned in or goes along, once.
fn report_table(records: &[&Value]) -> String {
    let mut seen = BTreeSet::new();
    let mut body = Vec::new();
    for record in records {
        let whole = Some(&record["report"]).filter(|report| report.is_object());
        for report in rows(record, "reports").iter().chain(whole) {
            if seen.insert(text(&report["id"])) {
                body.push(report_row(record, report));
            }
        }
    }
    let head = ["Report", "Title", "Publisher", "Published", "Read from", "SHA-256"];
    or_none("Reports", head, &body, "reports")
}

fn report_row(record: &Value, report: &Value) -> [String; 6] {
    [
        shown(&text(&report["id"])),
        told(record, &report["title"], "title"),
        told(record, &report["publisher"], "publisher"),
        published(record, report),
        shown_as(record, &report["origin"], "name", url),
        grouped(&text(&report["sha256"])),
    ]
}

/// Every try that the records tell of, once, oldest first.
fn all_captures<'a>(records: &[&'a Value]) -> Vec<&'a Value> {
    let by_id: BTreeMap<Cow<'_, str>, &Value> =
        records.iter().flat_map(|record| rows(record, "captures")).map(|row| (text(&row["id"]), row)).collect();
    let mut all: Vec<&Value> = by_id.into_values().collect();
    all.sort_by_key(|row| (text(&row["started"]), row["entry"].as_u64()));
    all
}

/// The collection technical report (Berkeley Protocol, paragraph 155).
fn technical(records: &[&Value], about: &About) -> String {
    let captures = all_captures(records);
    let per = |show: &dyn Fn(&Value) -> String| {
        let each = tally(captures.iter().map(|row| show(row)));
        let each: Vec<String> = each.into_iter().map(|(one, count)| format!("{one}: {}", number(count as u64))).collect();
        if each.is_empty() { "none".to_owned() } else { each.join("; ") }
    };
    let told = facts(&[
        ("Program", known(Some(&about.program), foreign)),
        ("Collected by", known(about.collector.as_deref(), foreign)),
        ("For the purpose", known(about.purpose.as_deref(), foreign)),
        ("Settings in force, SHA-256", settings(&captures, about)),
        ("Tries", period(&captures)),
        (
            "Routes to the network",
            if captures.is_empty() { NOT_RECORDED.to_owned() } else { per(&|row| foreign(&text(&row["route"]))) },
        ),
        ("Ways", per(&|row| method(&text(&row["method"])))),
        ("Tries by outcome", per(&outcome)),
    ]);
    format!("{TECHNICAL_NOTE}{told}{}", failed(&captures))
}

fn settings(captures: &[&Value], about: &About) -> String {
    let recorded: BTreeSet<Cow<'_, str>> = match about.settings.is_empty() {
        true => captures.iter().filter_map(|row| said(&row["settings"])).collect(),
        false => about.settings.iter().map(Cow::from).collect(),
    };
    let all = recorded.iter().map(|digest| grouped(digest)).collect::<Vec<_>>().join("<br>");
    if all.is_empty() { NOT_RECORDED.to_owned() } else { all }
}

fn period(captures: &[&Value]) -> String {
    let (Some(first), Some(last)) = (captures.first(), captures.last()) else { return "none".to_owned() };
    let count = number(captures.len() as u64);
    format!("{count}, from {} to {}", time(&text(&first["started"])), time(&text(&last["finished"])))
}

fn failed(captures: &[&Value]) -> String {
    let row = |row: &&Value| {
        [
            shown(&text(&row["id"])),
            time(&text(&row["started"])),
            shown_as(&Value::Null, &row["url"], "", code),
            format!("<strong>{}</strong>", outcome(row)),
            foreign(&text(&row["because"])),
        ]
    };
    let is_failed = |row: &&&Value| row["outcome"] != "ok" || row["completeness"] == "truncated";
    let body: Vec<[String; 5]> = captures.iter().filter(is_failed).map(row).collect();
    let head = ["Try", "When", "Asked for", "Outcome", "Because"];
    let table = table("Tries that failed, or brought only a part", head, &body, "failed");
    if table.is_empty() { "<p>No try failed.</p>\n".to_owned() } else { table }
}
