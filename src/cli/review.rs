//! `exhibit refs --review`: a person goes through what was found, before anything is recorded.

use std::io::{BufRead, Write};
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::context::Context;
use super::exit::Failure;
use super::plain::{print, safe};
use super::render;
use crate::evidence::{Reference, Report};
use crate::stages::review::{self, Review};

/// Reads a review file.
pub fn load(file: &Path) -> Result<Vec<Review>, Failure> {
    let name = file.display().to_string();
    let text =
        std::fs::read_to_string(file).map_err(|error| Failure::new(format!("The review {name} cannot be read: {error}")))?;
    Ok(review::parse(&text, &name)?)
}

/// References after a review, with the person's claims among them.
pub fn applied(references: Vec<Reference>, report: &Report, file: &Path) -> Result<Vec<Reference>, Failure> {
    let reviews = load(file)?;
    let name = || file.display().to_string();
    let review = reviews.iter().find(|review| review.report.sha256 == report.sha256);
    let review = review.ok_or_else(|| review::ReviewError::OtherReport { name: name(), sha256: report.sha256 })?;
    let outcome = review::apply(references, review)?;
    let whole = |mut standing: review::Standing| {
        standing.reference.claims.extend(standing.by_person);
        standing.reference
    };
    Ok(outcome.references.into_iter().map(whole).collect())
}

const HELP: &str = "a accept · c correct · r reject · n add a reference · q leave the rest as found · ? help";
const FIELDS: &str = "one `field = value` a line, an empty line ends: kind, url, caption, credit, note, or a claim\n\
    such as location, date, uploader, source, event (an empty value takes it away)";

/// Asks about each reference in turn, and saves what is decided.
pub fn run(context: &Context, report: &Report, references: &[Reference], save: Option<&Path>) -> Result<(), Failure> {
    let mut input = std::io::stdin().lock();
    let mut ask = |prompt: &str| -> Option<String> {
        print(prompt);
        let _ = std::io::stdout().flush();
        let mut line = String::new();
        match input.read_line(&mut line) {
            Ok(0) | Err(_) => None,
            Ok(_) => Some(line.trim().to_owned()),
        }
    };
    let title = report.title.as_deref().unwrap_or(&report.origin);
    print(&format!("{}: {} references\n", safe(title), references.len()));
    print(&format!("{HELP}\n"));
    let (mut decided, mut rest): (Vec<Value>, bool) = (Vec::new(), false);
    for (nth, reference) in references.iter().enumerate() {
        let mut value = serde_json::to_value(reference).map_err(|error| Failure::new(error.to_string()))?;
        if !rest {
            print(&render::reference(nth + 1, reference));
        }
        while !rest {
            let Some(answer) = ask(&format!("{} of {} [a/c/r/n/q/?] ", nth + 1, references.len())) else {
                rest = true;
                break;
            };
            match answer.as_str() {
                "a" | "" => {
                    value["decision"] = "accept".into();
                    break;
                }
                "r" => {
                    value["decision"] = "reject".into();
                    let why = ask("why (may be empty): ").unwrap_or_default();
                    if !why.is_empty() {
                        value["note"] = why.into();
                    }
                    break;
                }
                "c" => {
                    value["decision"] = "correct".into();
                    fields(&mut value, &mut ask);
                    break;
                }
                "n" => decided.push(new(&mut ask)),
                "q" => rest = true,
                _ => print(&format!("{HELP}\n")),
            }
        }
        decided.push(value);
    }
    while !rest && ask("add another reference? [y/N] ").is_some_and(|answer| answer.eq_ignore_ascii_case("y")) {
        decided.push(new(&mut ask));
    }
    let file = save.map_or_else(|| default_name(&report.origin), Path::to_path_buf);
    let by = context.global.by.clone();
    let review =
        json!([{ "report": { "origin": report.origin, "sha256": report.sha256, "reviewed_by": by }, "references": decided }]);
    let text = serde_json::to_string_pretty(&review).map_err(|error| Failure::new(error.to_string()))?;
    // A review is work: what is there is not written over.
    let written = std::fs::File::create_new(&file).and_then(|mut made| made.write_all(format!("{text}\n").as_bytes()));
    written.map_err(|error| {
        Failure::new(format!("The review cannot be saved as {}: {error}", file.display()))
            .next("name another file with --save FILE")
    })?;
    let name = safe(&file.display().to_string());
    print(&format!(
        "\nSaved as {name}. Nothing is recorded yet. Next:\n  exhibit archive {} --from-json {name}\n",
        safe(&report.origin)
    ));
    Ok(())
}

fn default_name(origin: &str) -> PathBuf {
    let name: String =
        origin.chars().map(|letter| if letter.is_alphanumeric() || ".-_".contains(letter) { letter } else { '_' }).collect();
    PathBuf::from(format!("{}.review.json", name.trim_start_matches('.')))
}

fn new(ask: &mut dyn FnMut(&str) -> Option<String>) -> Value {
    let mut value = json!({ "decision": "add", "kind": "video", "form": "described", "claims": [] });
    fields(&mut value, ask);
    value
}

/// Reads `field = value` lines into a reference.
fn fields(value: &mut Value, ask: &mut dyn FnMut(&str) -> Option<String>) {
    print(&format!("{FIELDS}\n"));
    while let Some(line) = ask("> ").filter(|line| !line.is_empty()) {
        let Some((field, text)) = line.split_once('=') else {
            print("Not understood: there is no `=` in it. ");
            print(&format!("{FIELDS}\n"));
            continue;
        };
        let (field, text) = (field.trim().to_lowercase(), text.trim());
        let said = if text.is_empty() { Value::Null } else { text.into() };
        match field.as_str() {
            "kind" if !["video", "image", "audio", "post", "page"].contains(&text) => {
                print("kind is one of video, image, audio, post, page\n");
            }
            "kind" | "url" | "caption" | "credit" | "note" => value[&field] = said,
            claim => {
                let mut claims: Vec<Value> = value["claims"].as_array().cloned().unwrap_or_default();
                claims.retain(|other| other["property"] != claim);
                if !text.is_empty() {
                    claims.push(json!({ "property": claim, "value": text }));
                }
                value["claims"] = claims.into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_line_by_line() {
        let mut lines =
            vec!["kind = photo", "kind = image", "location = Homs", "date =", "what", "url = https://a.example/b.jpg", ""]
                .into_iter();
        let mut value = json!({ "kind": "video", "claims": [{ "property": "date", "value": "Sunday" }, { "property": "location", "value": "Hama" }] });
        fields(&mut value, &mut |_| lines.next().map(str::to_owned));
        assert_eq!(value["kind"], "image");
        assert_eq!(value["claims"], json!([{ "property": "location", "value": "Homs" }]));
        assert_eq!(value["url"], "https://a.example/b.jpg");
        assert_eq!(default_name("../a b/c.html"), PathBuf::from("_a_b_c.html.review.json"));
    }
}
