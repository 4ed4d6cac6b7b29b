//! Papers for a person to complete and sign: a certificate filled in as far as a program can, and a declaration left blank.
//! Neither says anything until somebody has signed it.

use serde_json::Value;

use super::layout::{document, facts, sections, table};
use super::proof::{known, log_facts};
use super::text::{grouped, many, number, shown, time};
use super::tries::method;
use super::value::{said, text};
use super::words::{
    CERTIFICATE_PERSON, CERTIFICATE_PROCESS, CERTIFICATE_STATEMENT, CERTIFICATE_UNSAID, DECLARATION_ASKED, DECLARATION_STATEMENT,
    UNSIGNED,
};
use super::{About, made_by};

/// Lines that a person fills in.
fn blanks(asked: &[&str]) -> String {
    let pairs: Vec<(&str, &str)> = asked.iter().map(|what| (*what, "<span class=\"blank\"></span>")).collect();
    facts(&pairs)
}

fn head(kind: &str, title: &str) -> String {
    format!("<header><p class=\"kind\">{kind}</p><h1>{title}</h1>\n<p class=\"warning\">{UNSIGNED}</p></header>\n")
}

fn list(lines: &[&str]) -> String {
    format!("<ul class=\"limits\">{}</ul>\n", lines.iter().map(|line| format!("<li>{line}</li>")).collect::<String>())
}

/// The exhibits, each by its digest.
fn exhibits(records: &[(String, Value)]) -> (usize, String) {
    let row = |record: &Value| {
        let exhibit = &record["exhibit"];
        let captures = record["captures"].as_array().into_iter().flatten();
        let how = captures.into_iter().find(|capture| capture["id"] == exhibit["capture"]);
        [
            shown(&text(&exhibit["id"])),
            grouped(&text(&exhibit["sha256"])),
            number(exhibit["size"].as_u64().unwrap_or_default()),
            time(&text(&exhibit["captured"])),
            how.map(|capture| method(&text(&capture["method"]))).unwrap_or_default(),
            shown(&text(&exhibit["media_type"])),
        ]
    };
    let all = records.iter().map(|(_, record)| record).filter(|record| record["exhibit"].is_object());
    let (erased, here): (Vec<&Value>, Vec<&Value>) = all.partition(|record| said(&record["erased"]).is_some());
    let rows: Vec<_> = here.into_iter().map(row).collect();
    let head = ["Exhibit", "SHA-256", "Bytes", "Obtained", "How", "Type"];
    let listed = if rows.is_empty() {
        "<p>None.</p>\n".to_owned()
    } else {
        table("In this copy: data/objects/, each under its SHA-256", head, &rows, "copied")
    };
    let gone: Vec<String> = erased.iter().map(|record| shown(&text(&record["exhibit"]["id"]))).collect();
    let gone = if gone.is_empty() {
        gone.concat()
    } else {
        format!("<p>Erased by order, and not in this copy: {}.</p>\n", gone.join(", "))
    };
    (rows.len(), listed + &gone)
}

/// The certificate that Federal Rule of Evidence 902(14) of the United States asks for, for a qualified person to read,
/// correct and sign.
pub fn certificate_page(records: &[(String, Value)], about: &About) -> String {
    let (count, listed) = exhibits(records);
    let program = [("Program", known(Some(&about.program), shown))];
    let process = format!("{}{}{}", list(CERTIFICATE_PROCESS), facts(&program), facts(&log_facts(about)));
    let parts = [
        ("The person who certifies", blanks(CERTIFICATE_PERSON)),
        (
            "The data that was copied",
            format!("<p>{}, each named by the SHA-256 of its bytes.</p>\n{listed}", many(count, "file", "files")),
        ),
        ("The process of digital identification", process),
        ("What this certificate does not say", list(CERTIFICATE_UNSAID)),
        (
            "Statement and signature",
            format!(
                "<p>{CERTIFICATE_STATEMENT}</p>{}",
                blanks(&["Executed on (date)", "At (place)", "Signature", "Name in print"])
            ),
        ),
    ];
    let head = head("To be completed and signed by a person", "Certificate of data copied from a digital file");
    let rule = "<p>For Rule 902(14) with 902(11) or (12) of the Federal Rules of Evidence of the United States. Other courts ask for other forms; \
         a lawyer of the place decides which.</p>\n";
    document("Certificate, unsigned", "Certificate · unsigned", &format!("{head}{rule}{}{}", sections(&parts), made_by(about)))
}

/// A declaration for whoever collected or received the material, in their own words.
pub fn declaration_page(records: &[(String, Value)], about: &About) -> String {
    let (count, listed) = exhibits(records);
    let asked = DECLARATION_ASKED.iter().map(|(title, lines)| (*title, blanks(lines)));
    let mut parts: Vec<(&str, String)> = asked.collect();
    parts.insert(
        1,
        ("The material", format!("<p>{}. Strike out what you do not speak of.</p>\n{listed}", many(count, "file", "files"))),
    );
    parts.push((
        "Signature",
        format!(
            "<p>{DECLARATION_STATEMENT}</p>{}",
            blanks(&["Date", "Place", "Signature", "Name in print", "Interpreter, if any, and language"])
        ),
    ));
    let head = head("To be written and signed by a person", "Declaration of the person who collected or received the material");
    document("Declaration, blank", "Declaration · blank", &format!("{head}{}{}", sections(&parts), made_by(about)))
}
