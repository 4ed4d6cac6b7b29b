//! Section 2: every claim beside what the file itself says on the same matter.

use serde_json::Value;

pub(super) use super::compare::Verdict;
use super::compare::{Clock, Judged, compare_date, compare_place, span};
use super::examined::{Known, known_facts};
use super::layout::table;
use super::text::{CELL, code, foreign, foreign_to, shown};
use super::value::{absent, is_withheld, joined, person, point, rows, said, shown_as, text};
use super::words::{CLAIMS_NOTE, CLAIMS_RULE, FACTS, LABELS, PROPERTIES, word};

/// The section, and the verdict on every claim, for the summary above.
pub(super) fn claims(record: &Value) -> (String, Vec<Verdict>) {
    let known = known_facts(record);
    let mut sorted: Vec<&Value> = rows(record, "claims").iter().collect();
    let place = |property: &str| PROPERTIES.iter().position(|known| *known == property).unwrap_or(PROPERTIES.len());
    sorted.sort_by_cached_key(|claim| {
        let property = text(&claim["property"]).into_owned();
        (place(&property), property, claim["entry"].as_u64())
    });
    if sorted.is_empty() {
        return ("<p>Nothing is claimed about it in this record.</p>\n".to_owned(), Vec::new());
    }
    let (mut body, mut verdicts) = (Vec::new(), Vec::new());
    for claim in sorted {
        let found = findings(record, claim, &known);
        verdicts.push(strongest(&found));
        body.push(row(record, claim, &found));
    }
    let head = ["Matter", "What is claimed", "What the file itself says", "Compared"];
    let table = table("Claims beside findings", head, &body, "claims");
    (format!("{CLAIMS_NOTE}{}{table}{CLAIMS_RULE}", contradictions(record)), verdicts)
}

/// What the file says on a matter, and whether it is what is claimed.
struct Finding {
    words: String,
    judged: Judged,
}

/// A difference weighs more than an agreement, and both more than what is open.
fn strongest(found: &[Finding]) -> Verdict {
    let has = |verdict| found.iter().any(|finding| finding.judged.0 == verdict);
    [Verdict::Differ, Verdict::Agree].into_iter().find(|verdict| has(*verdict)).unwrap_or(Verdict::Unknown)
}

fn row(record: &Value, claim: &Value, found: &[Finding]) -> [String; 4] {
    let property = text(&claim["property"]);
    let name = word(LABELS, &property).map_or_else(|| foreign(&property.replace('_', " ")), str::to_owned);
    let label = |finding: &Finding| {
        let (verdict, reason) = &finding.judged;
        let reason = if reason.is_empty() { String::new() } else { format!(": {reason}") };
        format!("<p><strong class=\"verdict {}\">{}</strong>{reason}</p>", verdict.class(), verdict.words())
    };
    [
        format!("{name} <span class=\"id\">{}</span>", shown(&text(&claim["id"]))),
        claimed(record, claim),
        found.iter().map(|finding| format!("<p>{}</p>", finding.words)).collect(),
        found.iter().map(label).collect(),
    ]
}

/// What the file says on the same matter as a claim.
fn findings(record: &Value, claim: &Value, known: &Known<'_>) -> Vec<Finding> {
    if said(&claim["value"]).is_none() && is_withheld(record, "claim") {
        let judged = (Verdict::Unknown, "what is claimed is withheld from this copy".to_owned());
        return vec![Finding { words: "see section 5".to_owned(), judged }];
    }
    let found = match claim["property"].as_str() {
        Some("date") => on_dates(claim, known),
        Some("location") => on_place(claim, known),
        _ => Vec::new(),
    };
    if !found.is_empty() {
        return found;
    }
    let is_sealed = claim["property"] == "location" && is_withheld(record, "location");
    let reason = if is_sealed { "withheld from this copy" } else { "" };
    let words = absent(record, if is_sealed { "location" } else { "" }, "the file says nothing about this");
    vec![Finding { words, judged: (Verdict::Unknown, reason.to_owned()) }]
}

fn on_dates(claim: &Value, known: &Known<'_>) -> Vec<Finding> {
    let of = |(fact, clock): (&str, Clock)| {
        let at = known.get(fact).and_then(|at| said(at))?;
        let zone = match clock {
            Clock::Local => known.get("offset").and_then(|zone| said(zone)).unwrap_or("no zone stated".into()),
            Clock::Utc => "UTC".into(),
        };
        let judged = match said(&claim["reading"]["edtf"]) {
            Some(edtf) => compare_date(&edtf, &at, clock),
            None => (Verdict::Unknown, "the claim was not read as a date".to_owned()),
        };
        let at = foreign(&at.replace('T', " ").replace(".000000Z", "Z"));
        Some(Finding { words: format!("{}: {at} ({})", word(FACTS, fact)?, shown(&zone)), judged })
    };
    [("captured", Clock::Local), ("creation_time", Clock::Utc)].into_iter().filter_map(of).collect()
}

fn on_place(claim: &Value, known: &Known<'_>) -> Vec<Finding> {
    let degrees = |name: &str| known.get(name).and_then(|fact| fact.as_f64());
    let Some((lat, lon)) = degrees("lat").zip(degrees("lon")) else { return Vec::new() };
    let judged = match said(&claim["reading"]["place"]) {
        Some(_) => compare_place(&claim["reading"], (lat, lon)),
        None => (Verdict::Unknown, "the claim was not read as a place".to_owned()),
    };
    vec![Finding { words: format!("Position: {lat:.5}, {lon:.5}"), judged }]
}

/// How the words were understood.
fn read_as(reading: &Value) -> String {
    let parts = [("the date ", &reading["edtf"]), ("the place ", &reading["place"]), ("relation ", &reading["relation"])];
    let mut told: Vec<String> =
        parts.into_iter().filter_map(|(before, value)| Some(format!("{before}{}", foreign(&said(value)?)))).collect();
    if let Some((lat, lon)) = point(reading) {
        let precision = said(&reading["precision"]).unwrap_or("not stated".into());
        told.push(format!("at {lat:.5}, {lon:.5} (precision: {})", shown(&precision)));
    }
    told.join(", ")
}

/// A claim: its value, who says it, and in which words.
fn claimed(record: &Value, claim: &Value) -> String {
    let mention = rows(record, "mentions").iter().find(|row| row["id"] == claim["subject"]);
    let optional = |value: &Value| said(value).map(|text| foreign(&text)).unwrap_or_default();
    let status = text(&claim["status"]);
    let lines = [
        ("Says", says(record, claim, mention)),
        ("On", optional(&claim["via"])),
        ("Hedged", joined(claim, "hedges", |hedge| format!("“{}”", foreign(hedge)))),
        ("Words", words(record, claim, mention)),
        ("Understood", read_as(&claim["reading"])),
        ("Rule", format!("{}, log entry {}", code(&text(&claim["rule"])), shown(&text(&claim["entry"])))),
        ("Status", if status == "active" { String::new() } else { shown(&status) }),
    ];
    let lines = lines.iter().filter(|(_, told)| !told.is_empty());
    let lines: String = lines.map(|(name, told)| format!("<p><i>{name}:</i> {told}</p>")).collect();
    let value = shown_as(record, &claim["value"], "claim", |text| foreign_to(text, CELL));
    format!("<p class=\"said\">{value}</p>{lines}")
}

fn says(record: &Value, claim: &Value, mention: Option<&Value>) -> String {
    match claim["by"].as_str() {
        Some("report") => mention.map_or_else(|| "a report".to_owned(), |row| format!("report {}", shown(&text(&row["report"])))),
        Some("program") => "this program, as a guess".to_owned(),
        Some("person") => person(record, &claim["person"], "a person who is not named"),
        _ => shown(&text(&claim["by"])),
    }
}

/// The words of a claim, or that they stand in section 1 already.
fn words(record: &Value, claim: &Value, mention: Option<&Value>) -> String {
    let Some(quote) = said(&claim["quote"]) else { return absent(record, "claim", "none") };
    match mention {
        Some(mention) if text(&mention["quote"]).contains(&*quote) => {
            format!("in the marked words of {}, section 1", shown(&text(&mention["id"])))
        }
        _ => format!("“{}”", foreign_to(&quote, CELL)),
    }
}

/// Claims of dates that exclude each other, said before the table.
fn contradictions(record: &Value) -> String {
    let dated = rows(record, "claims").iter().filter(|claim| claim["property"] == "date");
    let spans: Vec<_> = dated.filter_map(|claim| Some((&claim["id"], span(claim["reading"]["edtf"].as_str()?)?))).collect();
    let mut pairs = Vec::new();
    for (nth, (a, (first, last))) in spans.iter().enumerate() {
        let apart = spans[nth + 1..].iter().filter(|(_, (from, to))| last < from || to < first);
        pairs.extend(apart.map(|(b, _)| format!("{} and {}", shown(&text(a)), shown(&text(b)))).take(11));
        if pairs.len() > 10 {
            break;
        }
    }
    if pairs.is_empty() {
        return String::new();
    }
    let more = if pairs.len() > 10 { " and more" } else { "" };
    pairs.truncate(10);
    format!("<p class=\"warning\">The claimed dates exclude each other: {}{more}.</p>\n", pairs.join("; "))
}
