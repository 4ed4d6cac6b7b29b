//! How values look on a terminal.

use std::collections::BTreeMap;

use serde_json::Value;

use super::plain::{coloured, columns, count, fit, pad, safe, size, strong, wrap};
use crate::evidence::{Code, Id, PlaceReading, Reference, Report, Severity, Verdict};
use crate::reading::Excluded;
use crate::stages::{Coverage, Depth, Line, Standing, Verification};
use crate::vault::{EventRow, ExhibitRow};

/// A value in JSON as people read it; nothing for null.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(all) if all.is_empty() => None,
        Value::Array(all) => Some(all.iter().filter_map(text).collect::<Vec<_>>().join(", ")),
        other => Some(other.to_string()),
    }
}

/// `  name          value`, wrapped under itself.
fn row(name: &str, value: &str) -> String {
    let mut lines = wrap(value, columns().saturating_sub(18)).into_iter();
    let mut shown = format!("  {} {}\n", pad(name, 15), lines.next().unwrap_or_default());
    lines.for_each(|line| shown.push_str(&format!("{}{line}\n", " ".repeat(18))));
    shown
}

/// `refs`: each reference with its quote highlighted and its claims aligned.
pub fn references(report: &Report, references: &[Reference]) -> String {
    let mut shown = format!("{}\n", strong(&fit(report.title.as_deref().unwrap_or(&report.origin), columns())));
    let about =
        [Some(report.origin.as_str()), report.publisher.as_deref(), report.published.as_deref(), report.language.as_deref()];
    let about: Vec<String> = about.into_iter().flatten().map(safe).collect();
    shown.push_str(&format!(
        "{} · read as {} · {}\n",
        about.join(" · "),
        report.reader.name,
        count(references.len(), "reference", "references")
    ));
    report.problems.iter().for_each(|problem| shown.push_str(&row("not read", problem)));
    (1..).zip(references).for_each(|(nth, reference)| shown.push_str(&self::reference(nth, reference)));
    shown
}

/// One reference with its number.
pub fn reference(nth: usize, reference: &Reference) -> String {
    let mut shown = String::new();
    shown.push_str(&format!("\n{} {} {}\n", pad(&format!("{nth}."), 3), reference.kind, reference.form));
    let mut put = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            shown.push_str(&row(name, &value));
        }
    };
    put("address", reference.url.clone());
    put("canonical", reference.canonical.clone().filter(|canonical| Some(canonical) != reference.url.as_ref()));
    put("caption", reference.caption.clone());
    put("credit", reference.credit.clone());
    for claim in &reference.claims {
        let mut value = claim.value.clone();
        if let Some(via) = &claim.via {
            value.push_str(&format!(" (via {via})"));
        }
        if !claim.hedges.is_empty() {
            value.push_str(&format!(" [{}]", claim.hedges.join(", ")));
        }
        if let Some(edtf) = claim.reading.as_ref().and_then(|reading| reading.edtf.as_deref()).filter(|edtf| *edtf != claim.value)
        {
            value.push_str(&format!(" = {edtf}"));
        }
        if let Some(place) = claim.reading.as_ref().and_then(|reading| reading.place.as_ref()) {
            value.push_str(&understood(place, &claim.value));
        }
        put(&claim.property.clone(), Some(value));
    }
    put("hedges", Some(reference.hedges.join(", ")).filter(|hedges| !hedges.is_empty()));
    put("found by", Some(format!("{} at {}", reference.rule, reference.locator)));
    let quote = &reference.quote;
    let lines = wrap(&quote.exact, columns().saturating_sub(6));
    for line in lines {
        shown.push_str(&format!("    {} {}\n", coloured("│", 2), strong(&line)));
    }
    shown
}

/// How a place was understood: ` = Idlib, SY (35.93, 36.63; district)`, or how many it can be.
fn understood(place: &PlaceReading, value: &str) -> String {
    let name = if place.place == value { String::new() } else { format!("{}, ", place.place) };
    match (&place.country, place.lat, place.lon) {
        (Some(country), Some(lat), Some(lon)) => {
            format!(" = {name}{country} ({lat:.2}, {lon:.2}; {})", place.precision.as_deref().unwrap_or("unknown"))
        }
        (None, Some(lat), Some(lon)) => format!(" = {lat:.5}, {lon:.5}"),
        _ if !place.candidates.is_empty() => format!(" = one of {} places", place.candidates.len()),
        _ => String::new(),
    }
}

/// `refs --excluded`
pub fn excluded(excluded: &[Excluded]) -> String {
    let lines =
        excluded.iter().map(|left| format!("  {} {}\n", pad(&left.rule.0, 24), fit(&left.url, columns().saturating_sub(28))));
    format!("\nLeft out as belonging to the site: {}\n{}", excluded.len(), lines.collect::<String>())
}

/// The coverage statement: counts first, then every reference by name, with its sentence.
pub fn coverage(coverage: &Coverage) -> String {
    let report = &coverage.report;
    let title = report.title.as_deref().unwrap_or(&report.origin);
    let mut shown = format!("{}  {}\n", strong(&report.id), strong(&fit(title, columns().saturating_sub(5))));
    let total = count(coverage.lines.len(), "reference", "references");
    let tried = coverage.lines.iter().any(|line| line.standing == Standing::Captured);
    let since = report.received.get(..10).unwrap_or("");
    let again = coverage.tried;
    shown.push_str(&match (coverage.new, tried, coverage.lines.is_empty()) {
        (false, false, false) if again > 0 => {
            format!("Recorded on {since}, with {total}; {} tried again, no new bytes:\n", count(again, "item", "items"))
        }
        (_, _, true) => "It refers to no footage that exhibit can find.\n\n".to_owned(),
        (true, ..) => format!("Recorded now, with {total}:\n"),
        (false, true, _) => format!("Recorded on {since}, with {total}; something new was captured:\n"),
        (false, false, _) => format!("Archived before, on {since}: nothing new. {total}:\n"),
    });
    if let Some(warning) = &coverage.warning {
        wrap(warning, columns().saturating_sub(2)).iter().for_each(|line| shown.push_str(&format!("  {}\n", coloured(line, 33))));
    }
    for standing in Standing::ALL {
        let number = coverage.count(standing);
        if number > 0 {
            shown.push_str(&format!("  {} {number}\n", pad(standing.words(), 16)));
        }
    }
    for standing in Standing::ALL {
        let lines: Vec<&Line> = coverage.lines.iter().filter(|line| line.standing == standing).collect();
        if lines.is_empty() {
            continue;
        }
        let colour = if standing.is_failure() || standing == Standing::Erased { 33 } else { 32 };
        let (cut, whole): (Vec<&Line>, Vec<&Line>) = lines.into_iter().partition(|line| line.is_cut());
        for (words, colour, lines) in
            [(standing.words().to_owned(), colour, whole), (format!("{}, but cut", standing.words()), 33, cut)]
        {
            if !lines.is_empty() {
                shown.push_str(&format!("\n{}\n", coloured(&words, colour)));
                lines.iter().for_each(|line| shown.push_str(&standing_line(line)));
            }
        }
        if standing == Standing::Refused {
            shown.push_str("  (permit a host or network that you mean with --allow-host, and run the same again)\n");
        }
    }
    shown.push('\n');
    shown
}

fn standing_line(line: &Line) -> String {
    const INDENT: usize = 15;
    let mention = &line.mention;
    let id = line.exhibit.as_ref().map_or(mention.id.as_str(), |exhibit| exhibit.id.as_str());
    let room = columns().saturating_sub(INDENT);
    let (mut what, mut told) = (mention.url.clone().or(mention.caption.clone()), String::new());
    match (&line.exhibit, &line.capture) {
        (Some(ExhibitRow { erased: Some(reason), .. }), _) => told = erased(reason),
        (Some(exhibit), Some(capture)) if capture.outcome != "ok" => {
            let held = format!("{}, {}", size(exhibit.size), exhibit.completeness);
            told = format!("{held}; tried again since: {}: {}", capture.outcome, capture.because);
        }
        (Some(exhibit), Some(capture)) if capture.completeness == "complete" => {
            told = format!("{}, complete", size(exhibit.size))
        }
        (Some(exhibit), Some(capture)) => told = format!("{}, {}: {}", size(exhibit.size), capture.completeness, capture.because),
        (None, Some(capture)) => told = format!("{}: {}", capture.outcome, capture.because),
        _ => {}
    }
    let quote = mention.quote.as_deref().filter(|quote| !quote.is_empty()).map(|quote| format!("“{}”", shortened(quote)));
    let mut rest: Vec<String> = [told, quote.unwrap_or_default()].into_iter().filter(|text| !text.is_empty()).collect();
    if what.is_none() && !rest.is_empty() {
        what = Some(rest.remove(0));
    }
    let mut lines = wrap(&what.unwrap_or_default(), room);
    rest.iter().for_each(|text| lines.extend(wrap(text, room)));
    let head = format!("  {} {} ", pad(id, 5), pad(&mention.kind, 6));
    let blank = " ".repeat(INDENT);
    lines.iter().enumerate().map(|(nth, line)| format!("{}{line}\n", if nth == 0 { &head } else { &blank })).collect()
}

/// A sentence whole; what is far longer than a sentence, cut.
fn shortened(quote: &str) -> String {
    if quote.chars().count() <= 400 { quote.to_owned() } else { format!("{}…", quote.chars().take(400).collect::<String>()) }
}

/// `verify`
pub fn verification(told: &Verification) -> String {
    let (word, colour) = match told.verdict {
        Verdict::Green => ("green", 32),
        Verdict::Amber => ("amber", 33),
        Verdict::Red => ("red", 31),
    };
    let checked = &told.checked;
    let mut shown = format!(
        "{}  {} ({}), {} checked{}\n",
        coloured(&strong(word), colour),
        count(checked.objects as usize, "object", "objects"),
        size(checked.bytes),
        count(checked.entries as usize, "entry", "entries"),
        if told.depth == Depth::Quick { "; objects by BLAKE3 only" } else { "" },
    );
    for finding in &told.findings {
        let colour = if finding.severity == Severity::Red { 31 } else { 33 };
        shown.push_str(&format!(
            "  {} {}\n",
            coloured(&pad(finding.code.as_str(), 20), colour),
            fit(&finding.subject, columns().saturating_sub(24))
        ));
        wrap(&finding.detail, columns().saturating_sub(6)).iter().for_each(|line| shown.push_str(&format!("      {line}\n")));
        if let Some(path) = finding.path.as_ref().filter(|path| **path != finding.subject) {
            shown.push_str(&format!("      {}\n", fit(path, columns().saturating_sub(6))));
        }
    }
    if told.findings.iter().any(|finding| finding.code == Code::KeyUnknown) {
        let step = "ask the owner for the key's fingerprint by another way; then trust it with --trust FILE (an allowed_signers file), or add it to exhibit/allowed_signers in your configuration directory";
        shown.push_str(&row("next", step));
    } else if told.verdict == Verdict::Red {
        shown.push_str(&row("next", "change nothing; copy the case as it is, compare it with a backup, and see what `exhibit log` says of the subjects named"));
    }
    let sealed = &told.sealed;
    let mut put = |name: &str, value: String| shown.push_str(&row(name, &value));
    put("sealed values", format!("{} present, {} withheld, {} erased", sealed.present, sealed.withheld, sealed.erased));
    put(
        "anchors",
        match &told.anchored.by[..] {
            [] => format!("none: {} self-attested only", count(told.anchored.self_attested as usize, "entry is", "entries are")),
            by => format!(
                "the first {} existed by the time that {} attests; {} self-attested only",
                count(told.anchored.up_to as usize, "entry", "entries"),
                by.join(", "),
                count(told.anchored.self_attested as usize, "entry is", "entries are")
            ),
        },
    );
    if let Some(fingerprint) = &told.fingerprint {
        put("head", format!("{fingerprint} (note it elsewhere; later: verify --head {fingerprint})"));
    }
    told.notes.iter().for_each(|note| put("note", note.clone()));
    shown
}

/// `log`
pub fn history(events: &[EventRow]) -> String {
    let room = columns().saturating_sub(7 + 21 + 19);
    let line = |event: &EventRow| {
        let who = event.person.as_deref().map(|person| format!("by {person}")).unwrap_or_default();
        let about = event.subjects.as_deref().unwrap_or("");
        let time = event.time.get(..19).unwrap_or(&event.time).replace('T', " ");
        format!(
            "{} {} {} {}\n",
            pad(&event.entry.to_string(), 6),
            pad(&time, 20),
            pad(&event.kind, 18),
            fit(&format!("{about} {who}"), room)
        )
    };
    events.iter().map(line).collect()
}

fn erased(reason: &str) -> String {
    format!("The bytes were erased by order: {reason}")
}

/// `show`
pub fn shown(id: Id, value: &Value) -> String {
    let mut shown = format!("{}\n", strong(&id.to_string()));
    if let Some(reason) = value.get("erased").and_then(text) {
        let lines = wrap(&erased(&reason), columns().saturating_sub(2));
        lines.iter().for_each(|line| shown.push_str(&format!("  {}\n", coloured(line, 33))));
    }
    let main = ["exhibit", "report", "mention", "capture", "claim"]
        .iter()
        .find_map(|name| value.get(name))
        .or_else(|| value.get("item"));
    for (name, field) in main.and_then(Value::as_object).into_iter().flatten() {
        if !matches!(name.as_str(), "id" | "exchange" | "erased") {
            shown.push_str(&text(field).map(|text| row(&name.replace('_', " "), &text)).unwrap_or_default());
        }
    }
    let part = |name: &str| value.get(name).and_then(Value::as_array).filter(|all| !all.is_empty());
    list(&mut shown, "exhibits", part("exhibits"), |exhibit| {
        let held =
            || format!("{}, {}", size(exhibit["size"].as_u64().unwrap_or(0)), exhibit["completeness"].as_str().unwrap_or(""));
        let told = text(&exhibit["erased"]).map_or_else(held, |reason| erased(&reason));
        (text(&exhibit["id"]).unwrap_or_default(), told)
    });
    for mention in part("mentions").into_iter().flatten() {
        let at = format!("{} in {}", mention["id"].as_str().unwrap_or(""), mention["report"].as_str().unwrap_or(""));
        shown.push_str(&format!("\n{}\n", strong(&at)));
        for name in ["form", "url", "caption", "credit", "quote", "locator"] {
            shown
                .push_str(&text(&mention[name]).filter(|text| !text.is_empty()).map(|text| row(name, &text)).unwrap_or_default());
        }
    }
    list(&mut shown, "claimed (never taken for fact)", part("claims"), |claim| {
        let hedges = text(&claim["hedges"]).map(|hedges| format!(" [{hedges}]")).unwrap_or_default();
        let via = text(&claim["via"]).map(|via| format!(" (via {via})")).unwrap_or_default();
        let by = match (claim["person"].as_str(), claim["by"].as_str()) {
            (_, Some("program")) => "the program".to_owned(),
            (Some(person), _) => person.to_owned(),
            (None, Some("report")) => "the report".to_owned(),
            (None, Some("platform")) => "the platform".to_owned(),
            (None, _) => "a person not named".to_owned(),
        };
        (
            text(&claim["property"]).unwrap_or_default(),
            format!("{}{via}{hedges}, says {by}", text(&claim["value"]).unwrap_or_else(|| "withheld".into())),
        )
    });
    for made in part("examinations").into_iter().flatten() {
        shown.push_str(&format!("\n{}\n", strong("read from the bytes")));
        let facts: BTreeMap<String, String> = made["facts"]
            .as_object()
            .into_iter()
            .flatten()
            .filter_map(|(name, fact)| Some((name.replace('_', " "), text(fact)?)))
            .collect();
        facts.iter().for_each(|(name, fact)| shown.push_str(&row(name, fact)));
        shown.push_str(&text(&made["problems"]).map(|problems| row("problems", &problems)).unwrap_or_default());
    }
    list(&mut shown, "captures", part("captures"), |capture| {
        let when = capture["started"].as_str().and_then(|time| time.get(..19)).unwrap_or("").replace('T', " ");
        (
            when,
            format!(
                "{}, {}: {}",
                text(&capture["outcome"]).unwrap_or_default(),
                text(&capture["completeness"]).unwrap_or_default(),
                text(&capture["because"]).unwrap_or_default()
            ),
        )
    });
    list(&mut shown, "notes", part("notes"), |note| {
        (text(&note["person"]).unwrap_or_default(), text(&note["text"]).unwrap_or_else(|| "withheld".into()))
    });
    list(&mut shown, "custody", part("custody"), |event| {
        let when = event["time"].as_str().and_then(|time| time.get(..19)).unwrap_or("").replace('T', " ");
        (format!("entry {}", event["entry"]), format!("{when} {}", text(&event["kind"]).unwrap_or_default()))
    });
    shown
}

fn list(shown: &mut String, title: &str, all: Option<&Vec<Value>>, of: impl Fn(&Value) -> (String, String)) {
    let Some(all) = all else { return };
    shown.push_str(&format!("\n{}\n", strong(title)));
    for value in all {
        let (name, told) = of(value);
        // A name wider than its column gets a line's room: times do.
        shown.push_str(&if name.len() > 15 { row("", &format!("{name} {told}")) } else { row(&name, &told) });
    }
}
