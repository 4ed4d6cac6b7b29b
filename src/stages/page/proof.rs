//! Sections 7 to 9: the digests, what proves the record, and what it cannot show.

use serde_json::Value;

use super::About;
use super::layout::facts;
use super::text::{code, foreign, grouped, moment, number, shown, time};
use super::tries::{checked, last_check};
use super::value::{joined, rows, said, shown_as, text, told};
use super::words::{DIGESTS_NOTE, LIMITS, NOT_RECORDED, PROOF_NOTE, SEALED, word};

/// What the file's bytes are, in numbers.
pub(super) fn digests(record: &Value) -> String {
    let exhibit = &record["exhibit"];
    let file = match said(&record["erased"]) {
        Some(reason) => format!("none: the bytes were erased by order: {}", foreign(&reason)),
        None => shown_as(record, &record["file"], "", code),
    };
    let told = facts(&[
        ("SHA-256", grouped(&text(&exhibit["sha256"]))),
        ("BLAKE3", grouped(&text(&exhibit["blake3"]))),
        ("Size", format!("{} bytes", number(exhibit["size"].as_u64().unwrap_or_default()))),
        ("File in the bag", file),
        ("Name it came with", told(record, &exhibit["name"], "name")),
    ]);
    format!("{told}{DIGESTS_NOTE}")
}

/// A value of the bag's that is ours, or that there is none.
pub(super) fn known(value: Option<&str>, show: impl Fn(&str) -> String) -> String {
    value.filter(|text| !text.is_empty()).map_or_else(|| NOT_RECORDED.to_owned(), show)
}

/// The log by its name and fingerprint.
pub(super) fn log_name(about: &About) -> String {
    let (origin, _, _, fingerprint) = &about.log;
    format!("{}, {}", code(origin), code(fingerprint))
}

fn outside(about: &About) -> String {
    if about.anchors.is_empty() {
        return "none: until there is one, whoever holds the key could have written the log anew".to_owned();
    }
    let anchor = |(authority, size, time): &(String, u64, String)| {
        format!("{}, for {} entries, {}", code(authority), number(*size), moment(time))
    };
    about.anchors.iter().map(anchor).collect::<Vec<_>>().join("; ")
}

/// What stands for the log, on every page.
pub(super) fn log_facts(about: &About) -> Vec<(&'static str, String)> {
    let (origin, size, root, fingerprint) = &about.log;
    vec![
        ("The log’s name", code(origin)),
        ("Entries in the log", number(*size)),
        ("Its root", grouped(root)),
        ("Fingerprint of the log", format!("<strong>{}</strong>", code(fingerprint))),
        ("Key that signed it", known(about.key.as_deref(), code)),
        ("Proofs from outside", outside(about)),
    ]
}

/// What proves the record, and where it is in the bag.
pub(super) fn proofs(record: &Value, about: &About) -> String {
    let id = text(&record["exhibit"]["id"]);
    let entries = joined(&record["log"], "entries", shown);
    let proof = format!("data/log/{id}.tlog-proof");
    let mut files = vec![proof.as_str(), "data/log/checkpoint", "data/log/entries.jsonl"];
    files.extend(Some("data/log/anchors/").filter(|_| !about.anchors.is_empty()));
    let page = format!(
        "is made from {}. This page is for reading; where the two differ, the entries of the log decide",
        code(&format!("data/record/{id}.json"))
    );
    let mut told = log_facts(about);
    if record["fixity"].is_array() {
        told.push(("Last check of the bytes", fixity(record)));
    }
    told.extend([
        ("Entries about this exhibit", format!("<bdi class=\"code\" dir=\"ltr\" lang=\"\">{entries}</bdi>")),
        ("Proof files in the bag", files.into_iter().map(code).collect::<Vec<_>>().join(", ")),
        ("How to check", format!("{} in the bag, with common tools", code("data/HOW-TO-CHECK.md"))),
        ("This page", page),
    ]);
    format!("{PROOF_NOTE}{}", facts(&told))
}

fn fixity(record: &Value) -> String {
    let Some(check) = last_check(record) else { return "none since they were stored".to_owned() };
    format!("{}, log entry {}: {}", time(&text(&check["time"])), shown(&text(&check["entry"])), checked(check))
}

/// What the record cannot show, and what was left out of this copy.
pub(super) fn limits(record: &Value) -> String {
    let field = |field: &Value| {
        let field = text(field);
        let what = word(SEALED, &field).unwrap_or("a value that the log holds sealed");
        format!("<li>{}: {what}</li>", code(&field))
    };
    let withheld: String = rows(record, "withheld").iter().map(field).collect();
    let told = if withheld.is_empty() {
        "<p>Nothing was withheld from this copy.</p>".to_owned()
    } else {
        format!(
            "<p>Withheld from this copy. The log still holds a seal of each value, so that whoever has the value can prove it \
             later:</p><ul>{withheld}</ul>"
        )
    };
    let limits: String = LIMITS.iter().map(|text| format!("<li>{text}</li>")).collect();
    format!("<ul class=\"limits\">{limits}</ul>\n<h3>What was withheld</h3>\n{told}\n")
}
