//! What every page must keep, whatever the record says.

use serde_json::{Value, json};

use super::{About, certificate_page, declaration_page, index_page, record_page};

const HOSTILE: &str = "<script>alert(1)</script><img src=x onerror=alert(2)>\"' --></style></svg>photo\u{202E}gpj\u{2066}\
     \u{2069}\u{200B}\u{7}\u{1b}[31m Z\u{335}\u{316}\u{347} إدلب";
const SHA256: &str = "189d8022da4aff6c2723c0ec0966d6fc613dcec7bbfaf24c7c99a12a8b9506d1";

fn about() -> About {
    About {
        program: "exhibit 0.1.0".to_owned(),
        anchors: vec![("https://stamp.example/".to_owned(), 70, "2026-11-23T06:04:25Z".to_owned())],
        log: ("exhibit.case/1".to_owned(), 74, SHA256.to_owned(), "74-189d-8022-da4a-ff6c".to_owned()),
        ..About::default()
    }
}

/// A record with something in every place.
fn rich() -> Value {
    let hop = json!({
        "url": "https://media.example/x", "started": "2019-04-14T09:12:43.101Z", "addresses": ["203.0.113.20", "2001:db8::20"],
        "connected": "203.0.113.20:443", "status": 200, "answered": "2019-04-14T09:12:43.931Z", "cut": "it ended early",
        "request_head": "GET /x HTTP/1.1\r\nHost: media.example\r\n\r\n", "response_head": "HTTP/1.1 200 OK\r\n\r\n",
        "tls": { "version": "TLSv1_3", "cipher": "TLS13_AES_256_GCM_SHA384", "chain": ["AAAA"] }
    });
    let capture = |id: &str, started: &str, outcome: &str, sha256: Option<&str>| {
        json!({
            "id": id, "entry": 9, "item": "I1", "method": "yt-dlp", "started": started, "finished": started, "outcome": outcome,
            "completeness": "complete", "because": "it was there", "declared": 1061, "received": 1061, "sha256": sha256,
            "status": 200, "url": "https://media.example/x", "route": "direct", "settings": "4f4f", "alterations": ["joined"],
            "tool": { "name": "yt-dlp", "version": "2026.1.1", "arguments": ["--no-config", "-f"] },
            "exchange": { "hops": [hop], "steps": [{ "what": "loaded", "at": started }] }
        })
    };
    let claim = |id: &str, property: &str, value: &str, reading: Value| {
        json!({
            "id": id, "entry": 11, "by": "report", "subject": "M1", "property": property, "value": value, "reading": reading,
            "hedges": ["allegedly"], "quote": "filmed in Tell Amara", "rule": "place/words@1", "status": "active",
            "via": "Telegram"
        })
    };
    let happened = |entry: u64, kind: &str, time: &str| {
        json!({ "entry": entry, "kind": kind, "time": time, "tool": "exhibit 0.1.0", "person": "Rana",
            "subjects": "E7 K1" })
    };
    let place = json!({ "place": "Tell Amara", "lat": 35.4, "lon": 36.5, "precision": "locality" });
    let candidate = json!({ "name": "a", "lat": 35.0, "lon": 36.0 });
    json!({
        "exhibit": {
            "id": "E7", "kind": "image", "role": "original", "size": 1061, "title": "Rubble",
            "captured": "2019-04-14T09:12:43.1Z", "capture": "K1", "reports": ["R1"], "sha256": SHA256, "blake3": SHA256,
            "media_type": "image/png", "name": "x.png",
            "completeness": "complete", "outcome": "ok", "item": "I1", "entry": 10
        },
        "file": format!("data/objects/{SHA256}.png"),
        "reports": [{
            "id": "R1", "entry": 2, "title": "Night", "publisher": "Monitor", "published": "2019-04-14",
            "received": "2019-04-14T09:10:00Z", "origin": "https://reports.example/x.pdf", "sha256": SHA256
        }],
        "mentions": [{
            "id": "M1", "entry": 3, "report": "R1", "item": "I1", "kind": "image", "form": "embedded", "caption": "Rubble",
            "credit": "Rana", "quote": "A picture filmed in Tell Amara.", "prefix": "Before. ", "suffix": " After.",
            "hedges": ["allegedly"], "url": "http://short.example/x7", "locator": "/html/img", "rule": "html/img@1"
        }],
        "claims": [
            claim("C1", "date", "12 April", json!({ "edtf": "2019-04-12" })),
            claim("C2", "date", "in 2018", json!({ "edtf": "2018" })),
            claim("C3", "location", "Tell Amara", place),
            claim("C4", "location", "Amara", json!({ "place": "Amara", "candidates": [candidate] })),
            claim("C5", "uploader", "@rescue", Value::Null)
        ],
        "captures": [
            capture("K1", "2019-04-14T09:12:43.1Z", "ok", Some(SHA256)),
            capture("K2", "2020-01-10T08:00:00Z", "ok", Some("abab")),
            capture("K3", "2021-03-02T10:00:00Z", "gone", None)
        ],
        "examinations": [{
            "entry": 12, "probe": "exhibit", "probe_version": "1", "problems": ["bytes follow the end"],
            "facts": { "mime": "image/png", "width": 320, "height": 200, "duration": 2.5, "captured": "2019-04-12T06:58:20",
                       "creation_time": "2019-04-12T23:10:00.000000Z", "lat": 35.4009, "lon": 36.5, "make": "Example",
                       "other": "x" }
        }],
        "custody": [
            happened(20, "object-kept", "2019-04-14T09:12:46Z"),
            happened(21, "fixity-checked", "2019-05-03T02:00:00Z"),
            happened(22, "fixity-checked", "2019-06-03T02:00:00Z"),
            happened(23, "transfer-made", "2022-02-01T09:00:00Z")
        ],
        "notes": [{ "text": "The wall matches.", "person": "Rana", "time": "2019-04-15T14:00:00Z", "entry": 80 }],
        "handling": [{
            "subject": "I1", "property": "restriction", "value": "not for publication", "reason": "the family asked",
            "person": "Rana", "time": "2019-04-15T14:05:00Z"
        }],
        "fixity": [
            { "entry": 21, "outcome": "confirmed", "depth": "quick", "time": "2019-05-03T02:00:00Z" },
            { "entry": 22, "outcome": "altered", "depth": "full", "time": "2019-06-03T02:00:00Z" }
        ],
        "transfers": [{ "recipient": "A court", "purpose": "trial", "time": "2022-02-01T09:00:00Z", "manifest": SHA256 }],
        "erased": null,
        "withheld": [],
        "log": { "entries": [1, 2, 3] }
    })
}

/// The record of a whole report, with a mention that there is no exhibit of.
fn whole_report() -> Value {
    let mut record = rich();
    record["report"] = record["reports"][0].take();
    for part in ["exhibit", "reports"] {
        record[part] = Value::Null;
    }
    record["mentions"][0]["item"] = json!("I2");
    record
}

/// Calls `see` with every place of a value, as a JSON pointer.
fn places(value: &Value, at: &str, see: &mut dyn FnMut(&str)) {
    see(at);
    match value {
        Value::Array(all) => all.iter().enumerate().for_each(|(nth, one)| places(one, &format!("{at}/{nth}"), see)),
        Value::Object(all) => all.iter().for_each(|(name, one)| places(one, &format!("{at}/{name}"), see)),
        _ => {}
    }
}

/// The tags of a page, without the style sheet.
fn tags(page: &str) -> Vec<&str> {
    let (head, rest) = page.split_once("<style>").unwrap();
    let body = rest.split_once("</style>").unwrap().1;
    [head, body].iter().flat_map(|part| part.split('<').skip(1).map(|tag| tag.split_once('>').unwrap().0)).collect()
}

/// Names and values of a tag's attributes; a value ends where its quote does.
fn attributes(tag: &str) -> Vec<(&str, &str)> {
    let mut found = Vec::new();
    let mut rest = tag.split_once(' ').map_or("", |(_, rest)| rest.trim_start());
    while let Some((name, more)) = rest.split_once("=\"") {
        let (value, after) = more.split_once('"').unwrap_or_else(|| panic!("no end: {tag}"));
        found.push((name.rsplit(' ').next().unwrap_or(name), value));
        assert!(after.is_empty() || after.starts_with([' ', '/']), "{tag}");
        rest = after.trim_start();
    }
    found
}

fn check_link(tag: &str, name: &str, value: &str) {
    let is_exhibit = value.strip_suffix(".html").is_some_and(|id| id.starts_with('E') && id[1..].parse::<u32>().is_ok());
    let is_server = value.starts_with("http") && tag.contains("rel=\"noreferrer noopener nofollow\"");
    let is_paper = matches!(value, "certificate.html" | "declaration.html");
    match name {
        "href" => assert!(value.starts_with("#s") || is_exhibit || is_server || is_paper, "{tag}"),
        "src" => assert_eq!(value, format!("../objects/{SHA256}.png"), "{tag}"),
        _ => assert!(!name.starts_with("on") && name != "style", "{tag}"),
    }
}

/// Every element ends where it should, none acts, no sign is hidden, no id comes twice.
fn check(page: &str) {
    let (mut open, mut ids) = (Vec::new(), std::collections::BTreeSet::new());
    for tag in tags(page) {
        if tag.starts_with('!') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name), "an end of something else");
            continue;
        }
        let name = tag.split([' ', '/']).next().unwrap_or(tag);
        assert!(!["script", "iframe", "object", "embed", "form", "link", "base", "style"].contains(&name), "{tag}");
        for (name, value) in attributes(tag) {
            check_link(tag, name, value);
            assert!(name != "id" || ids.insert(value), "twice: {tag}");
        }
        if !["meta", "img", "br"].contains(&name) && !tag.ends_with('/') {
            open.push(name);
        }
    }
    assert!(open.is_empty(), "left open: {open:?}");
    let hidden = |letter: char| {
        letter.is_control() && letter != '\n' && letter != '\t'
            || matches!(letter, '\u{200B}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{FEFF}')
            || matches!(letter, '\u{FFF9}'..='\u{FFFB}')
    };
    assert!(!page.contains("<script") && !page.chars().any(hidden));
}

/// Both pages of a record, checked; and the papers.
fn pages(record: &Value) -> [String; 2] {
    let records = [("E7".to_owned(), record.clone()), ("R1".to_owned(), whole_report())];
    for paper in [certificate_page(&records, &about()), declaration_page(&records, &about())] {
        check(&paper);
        assert!(paper.contains("Not signed.") && paper.contains("class=\"blank\""));
    }
    let pages = [record_page(record, &about()), index_page(&records, &about())];
    pages.iter().for_each(|page| check(page));
    pages
}

#[test]
fn a_full_record_is_told_in_full() {
    let [page, index] = pages(&rich());
    for words in [
        "Exhibit E7",
        "is a picture of 1.1 kB, 2.5 seconds, 320 × 200 pixels, obtained on 14 April 2019",
        "agree with the file: 2; differ from it: 1; cannot be compared: 2",
        "The claimed dates exclude each other: C1 and C2.",
        "not for publication",
        "Graphic material may be hidden here",
        "log entry 22): they are <strong>not the same</strong>, by SHA-256.",
        "A court",
        "Changed by the collection:",
        "--no-config",
        "for 70 entries, 2026-11-23 06:04:25 UTC",
        "Nothing was withheld",
    ] {
        assert!(page.contains(words), "{words}");
    }
    for words in ["<h1>1 exhibit</h1>", "<a href=\"E7.html\">E7</a>", "never tried", "No report was exported whole"] {
        assert_eq!(index.contains(words), !words.starts_with("No report"), "{words}");
    }
}

#[test]
fn nothing_that_a_record_says_acts() {
    for record in [rich(), whole_report()] {
        let mut all = Vec::new();
        places(&record, "", &mut |at| all.push(at.to_owned()));
        let mut whole = record.clone();
        for at in all {
            for value in [json!(null), json!(HOSTILE), json!(-1.5e300), json!([HOSTILE, null]), json!({ HOSTILE: HOSTILE })] {
                let mut changed = record.clone();
                *changed.pointer_mut(&at).unwrap() = value;
                check(&record_page(&changed, &about()));
                check(&index_page(&[(String::new(), changed)], &about()));
            }
            if let Some(Value::String(text)) = whole.pointer_mut(&at) {
                *text = HOSTILE.to_owned();
            }
        }
        pages(&whole);
    }
}

#[test]
fn a_hostile_bag_is_shown_and_does_not_act() {
    let text = || HOSTILE.to_owned();
    let about = About {
        program: text(),
        key: Some(text()),
        anchors: vec![(text(), 1, text())],
        collector: Some(text()),
        purpose: Some(text()),
        settings: vec![text()],
        log: (text(), 1, text(), text()),
        withheld: vec![text()],
        made: Some(text()),
    };
    check(&record_page(&rich(), &about));
    check(&index_page(&[(text(), rich())], &about));
}

#[test]
fn what_is_withheld_is_called_so() {
    let mut record = rich();
    record["withheld"] = json!(["claim", "exchange", "location", "person", "quote", "reason"]);
    record["claims"][2]["value"] = Value::Null;
    record["captures"][0]["exchange"] = Value::Null;
    record["examinations"][0]["facts"]["lat"] = Value::Null;
    record["custody"][0]["person"] = Value::Null;
    record["mentions"][0]["quote"] = Value::Null;
    record["handling"][0]["reason"] = Value::Null;
    let [page, index] = pages(&record);
    let withheld = "<span class=\"absent\">withheld</span>";
    for words in
        ["The words of the report: ", "Requests and answers: ", "<dt>Latitude</dt><dd>", "Reason: ", "<p class=\"said\">"]
    {
        assert!(page.contains(&format!("{words}{withheld}")), "{words}");
    }
    assert!(index.contains("requests and answers, addresses and certificates"));
}

#[test]
fn erased_bytes_are_not_shown() {
    let mut record = rich();
    record["erased"] = json!("order 12/2026");
    let [page, _] = pages(&record);
    assert!(
        !page.contains("<img")
            && page.contains("erased by order, and are not in this bag: <bdi dir=\"auto\" lang=\"\">order 12/2026")
    );
}

#[test]
fn only_files_of_the_bag_are_shown() {
    for file in ["data/objects/../../etc/passwd", "https://evil.example/x.png", "data/objects/189d.png", ""] {
        let mut record = rich();
        record["file"] = json!(file);
        assert!(pages(&record)[0].contains("The file is not in this bag."), "{file}");
    }
}

#[test]
fn pages_of_empty_records_are_whole() {
    for record in [json!({}), json!(null), json!([1]), json!({ "exhibit": {} })] {
        pages(&record);
    }
    check(&index_page(&[], &About::default()));
}
