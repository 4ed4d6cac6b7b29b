//! The head of an exhibit's page: what it is, at a glance, how to handle it, and the bytes behind a door.

use serde_json::Value;

use super::About;
use super::claims::Verdict;
use super::examined::known_facts;
use super::layout::facts;
use super::proof::log_name;
use super::text::{attribute, brief, code, day, foreign, grouped, number, short, shown, size, time};
use super::value::{absent, is_withheld, joined, person, rows, said, text, told};
use super::words::{COMPLETENESS, HANDLING, KINDS, MEDIA_NOTE, METHODS, ROLES, SECTIONS, SHOWN_IMAGES, word};

/// All that stands before the first section.
pub(super) fn head(record: &Value, about: &About, verdicts: &[Verdict]) -> String {
    let contents: String = (1..).zip(SECTIONS).map(|(nth, title)| format!("<li><a href=\"#s{nth}\">{title}</a></li>")).collect();
    format!(
        "<header><p class=\"kind\">Record of one exhibit</p><h1>Exhibit {}</h1>\n{}{}{}{}\
         <nav aria-label=\"Sections\"><ol>{contents}</ol></nav></header>\n",
        shown(&text(&record["exhibit"]["id"])),
        sentence(record),
        glance(record, about, verdicts),
        handling(record),
        media(record)
    )
}

/// The first mention's caption or words: either may be withheld.
pub(super) fn title(record: &Value) -> String {
    let field = if is_withheld(record, "caption") { "caption" } else { "quote" };
    let title = said(&record["exhibit"]["title"]);
    title.map_or_else(|| absent(record, field, "not recorded"), |title| foreign(&brief(&title, 180)))
}

fn sentence(record: &Value) -> String {
    let exhibit = &record["exhibit"];
    let known = known_facts(record);
    let number_of = |name: &str| known.get(name).and_then(|fact| fact.as_f64());
    let lasts = number_of("duration").map(|seconds| format!(", {} seconds", short(seconds))).unwrap_or_default();
    let wide = match (number_of("width"), number_of("height")) {
        (Some(width), Some(height)) => format!(", {width} × {height} pixels"),
        _ => String::new(),
    };
    let title = match said(&exhibit["title"]) {
        Some(_) => format!("“{}”", title(record)),
        None => title(record),
    };
    let reports = joined(exhibit, "reports", shown);
    let mentioned = if reports.is_empty() {
        format!("not mentioned in any report; its title: {title}")
    } else {
        format!("mentioned in {reports} as: {title}")
    };
    format!(
        "<p class=\"lead\">{} is {}{} of {}{lasts}{wide}, obtained on {} and {mentioned}</p>\n",
        shown(&text(&exhibit["id"])),
        word(KINDS, &text(&exhibit["kind"])).unwrap_or("a file"),
        word(ROLES, &text(&exhibit["role"])).unwrap_or_default(),
        size(exhibit["size"].as_u64().unwrap_or_default()),
        day(&text(&exhibit["captured"])),
    )
}

fn glance(record: &Value, about: &About, verdicts: &[Verdict]) -> String {
    let exhibit = &record["exhibit"];
    let capture = rows(record, "captures").iter().find(|row| row["id"] == exhibit["capture"]);
    let method = capture.and_then(|row| word(METHODS, row["method"].as_str()?)).unwrap_or("not recorded how");
    let completeness = text(&exhibit["completeness"]);
    let whole = word(COMPLETENESS, &completeness).map(|words| format!(": {words}")).unwrap_or_default();
    let withheld = joined(record, "withheld", shown);
    facts(&[
        ("SHA-256", grouped(&text(&exhibit["sha256"]))),
        ("Obtained", format!("{}, try {}, {method}", time(&text(&exhibit["captured"])), shown(&text(&exhibit["capture"])))),
        ("Completeness", format!("<strong>{}</strong>{whole}", shown(&completeness))),
        ("Claims and the file", compared(verdicts)),
        ("Case, and its log", log_name(about)),
        ("Withheld from this copy", if withheld.is_empty() { "nothing".to_owned() } else { withheld }),
    ])
}

/// How many claims agree with the file, differ from it, or cannot be compared.
fn compared(verdicts: &[Verdict]) -> String {
    if verdicts.is_empty() {
        return "nothing is claimed".to_owned();
    }
    let all =
        [(Verdict::Agree, "agree with the file"), (Verdict::Differ, "differ from it"), (Verdict::Unknown, "cannot be compared")];
    let count = |verdict| number(verdicts.iter().filter(|one| **one == verdict).count() as u64);
    all.map(|(verdict, words)| format!("{words}: {}", count(verdict))).join("; ")
}

/// The notice, and what people said of how it is to be handled.
pub(super) fn handling(record: &Value) -> String {
    let said: String = rows(record, "handling").iter().map(|row| handled(record, row)).collect();
    let list = if said.is_empty() { said } else { format!("<ul>{said}</ul>") };
    format!("<aside class=\"handling\" aria-label=\"Handling\"><p>{HANDLING}</p>{list}</aside>\n")
}

fn handled(record: &Value, row: &Value) -> String {
    let of = said(&row["subject"]).filter(|of| *of != text(&record["exhibit"]["id"]));
    let of = of.map(|of| format!(" of {}", shown(&of))).unwrap_or_default();
    let reason = match said(&row["reason"]) {
        Some(reason) => format!(". {}", foreign(&reason)),
        None if is_withheld(record, "reason") => format!(". Reason: {}", absent(record, "reason", "")),
        None => String::new(),
    };
    let by = row.get("person").map(|name| {
        let (name, time) = (person(record, name, "nobody is named"), time(&text(&row["time"])));
        format!(" <span class=\"note\">{name}, {time}</span>")
    });
    let by = by.unwrap_or_default();
    format!("<li>{}{of}: {}{reason}{by}</li>", shown(&text(&row["property"])), told(record, &row["value"], ""))
}

/// Whether a file's path is one of ours: nothing else comes into an address of the page.
fn is_ours(file: &str) -> bool {
    let Some((digest, ending)) = file.strip_prefix("data/objects/").and_then(|name| name.split_once('.')) else { return false };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let is_hex = |byte: u8| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f');
    digest.len() == 64 && digest.bytes().all(is_hex) && (1..=5).contains(&ending.len()) && ending.bytes().all(is_plain)
}

/// The bytes themselves, behind a door that only the reader opens.
fn media(record: &Value) -> String {
    if let Some(reason) = said(&record["erased"]) {
        return format!("<p class=\"door\">The bytes were erased by order, and are not in this bag: {}</p>\n", foreign(&reason));
    }
    let file = text(&record["file"]);
    if !is_ours(&file) {
        return "<p class=\"door\">The file is not in this bag.</p>\n".to_owned();
    }
    let (path, file) = (file.replacen("data/", "../", 1), code(&file));
    let Some((what, element)) = element(record, &path) else {
        return format!(
            "<p class=\"door\">The file, {file}, is not shown here: a page or document can act when it is opened. \
             Open it on a machine that is not connected.</p>\n"
        );
    };
    format!(
        "<details class=\"door\"><summary><span class=\"screen\">Graphic material may be hidden here. Show the {what}</span>\
         <span class=\"print\">The {what} is not printed unless it was opened on the screen. It is {file} in the bag.\
         </span></summary>\n\
         <p class=\"screen\">{MEDIA_NOTE}</p>{element}\n<p class=\"note\">The bytes shown are {file}. \
         A browser may turn, scale or refuse them; the file is the evidence.</p></details>\n"
    )
}

/// What it is, and the element that shows it; none for what could act. The path is one of ours.
fn element(record: &Value, path: &str) -> Option<(&'static str, String)> {
    let (kind, id) = (text(&record["exhibit"]["media_type"]), attribute(&text(&record["exhibit"]["id"])));
    if SHOWN_IMAGES.contains(&&*kind) {
        let alt = format!("{id}: the picture itself; what the reports say of it stands in section 1");
        Some(("picture", format!("<img src=\"{path}\" alt=\"{alt}\" loading=\"lazy\" decoding=\"async\">")))
    } else if kind.starts_with("video/") {
        let name = format!("aria-label=\"{id}: the film itself\"");
        Some(("film", format!("<video src=\"{path}\" controls preload=\"none\" playsinline {name}></video>")))
    } else if kind.starts_with("audio/") {
        let name = format!("aria-label=\"{id}: the sound itself\"");
        Some(("sound", format!("<audio src=\"{path}\" controls preload=\"none\" {name}></audio>")))
    } else {
        None
    }
}
