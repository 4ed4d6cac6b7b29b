//! Documents in ZIP containers: DOCX (ECMA-376), ODT (OASIS OpenDocument), EPUB. Each is read as the HTML that
//! it stands for; pictures inside are parts of the report.

use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};
use zip::ZipArchive;

use super::encoding::{self, Decoded};
use super::{Document, Hints, ReadError, html, platform};

/// Bytes of all members of a container that are read: 256 MiB.
const MOST: u64 = 256 << 20;
/// Bytes of one member of text.
const MEMBER: u64 = 64 << 20;
/// Members that are looked at.
const MEMBERS: usize = 20_000;

type Container<'a> = ZipArchive<Cursor<&'a [u8]>>;

/// Which kind of document a ZIP file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Docx,
    Odt,
    Epub,
    /// XLSX, XLSB or ODS.
    Sheet,
}

/// Looks at the members' names; none if it is a ZIP of another kind.
pub(super) fn kind(bytes: &[u8]) -> Option<Kind> {
    let mut container = ZipArchive::new(Cursor::new(bytes)).ok()?;
    let mimetype = text(&mut container, "mimetype").unwrap_or_default();
    match mimetype.trim() {
        "application/epub+zip" => return Some(Kind::Epub),
        "application/vnd.oasis.opendocument.text" => return Some(Kind::Odt),
        "application/vnd.oasis.opendocument.spreadsheet" => return Some(Kind::Sheet),
        _ => {}
    }
    let has = |name: &str| container.index_for_name(name).is_some();
    match () {
        () if has("word/document.xml") => Some(Kind::Docx),
        () if has("xl/workbook.xml") || has("xl/workbook.bin") => Some(Kind::Sheet),
        () if has("META-INF/container.xml") => Some(Kind::Epub),
        () if has("content.xml") => Some(Kind::Odt),
        () => None,
    }
}

/// A member's text, if it is there and not too large.
pub(super) fn text(container: &mut Container<'_>, name: &str) -> Option<String> {
    let member = container.by_name(name).ok()?;
    let mut bytes = Vec::new();
    member.take(MEMBER + 1).read_to_end(&mut bytes).ok()?;
    (bytes.len() as u64 <= MEMBER).then(|| encoding::decode(&bytes, None).map(|decoded| decoded.text))?
}

/// The pictures and films among the members.
fn parts(container: &mut Container<'_>) -> BTreeMap<String, Arc<[u8]>> {
    let names: Vec<String> = container
        .file_names()
        .flatten()
        .map(|name| name.into_owned())
        .filter(|name| platform::media_kind_of_path(name).is_some())
        .take(MEMBERS)
        .collect();
    let (mut parts, mut all) = (BTreeMap::new(), 0u64);
    for name in names {
        let Ok(member) = container.by_name(&name) else { continue };
        let mut bytes = Vec::new();
        if member.take(MOST - all + 1).read_to_end(&mut bytes).is_err() {
            continue;
        }
        all += bytes.len() as u64;
        if all > MOST {
            break;
        }
        parts.insert(name, bytes.into());
    }
    parts
}

/// Reads a document.
pub(super) fn read(bytes: &[u8], kind: Kind, hints: &Hints) -> Result<Document, ReadError> {
    let broken = |why: String| ReadError::Broken { origin: hints.origin.clone(), why };
    let mut container = ZipArchive::new(Cursor::new(bytes)).map_err(|error| broken(error.to_string()))?;
    let missing = |name: &str| broken(format!("its part {name} is missing, damaged or too large"));
    let (page, reader) = match kind {
        Kind::Docx => {
            let body = text(&mut container, "word/document.xml").ok_or_else(|| missing("word/document.xml"))?;
            let links = relations(&text(&mut container, "word/_rels/document.xml.rels").unwrap_or_default());
            let notes = ["word/footnotes.xml", "word/endnotes.xml"].iter().filter_map(|name| {
                let notes = text(&mut container, name)?;
                let links = relations(
                    &text(&mut container, &name.replace("word/", "word/_rels/").replace(".xml", ".xml.rels")).unwrap_or_default(),
                );
                Some(docx(&notes, &links))
            });
            let notes: String = notes.collect();
            let about = text(&mut container, "docProps/core.xml").unwrap_or_default();
            (
                format!("{}<body>{}{notes}</body>", head(&about), docx(&body, &links)),
                ("docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            )
        }
        Kind::Odt => {
            let body = text(&mut container, "content.xml").ok_or_else(|| missing("content.xml"))?;
            let about = text(&mut container, "meta.xml").unwrap_or_default();
            (format!("{}<body>{}</body>", head(&about), odt(&body)), ("odt", "application/vnd.oasis.opendocument.text"))
        }
        Kind::Epub | Kind::Sheet => {
            let index = text(&mut container, "META-INF/container.xml").ok_or_else(|| missing("META-INF/container.xml"))?;
            let package = attribute(&index, "rootfile", "full-path")
                .ok_or_else(|| broken("it does not say where its text is".to_owned()))?;
            let opf = text(&mut container, &package).ok_or_else(|| missing(&package))?;
            let mut page = format!("{}<body>", head(&opf));
            for name in spine(&opf, &package) {
                let chapter = text(&mut container, &name).unwrap_or_default();
                page.push_str(&chapter_body(&chapter, &name));
            }
            (page, ("epub", "application/epub+zip"))
        }
    };
    let decoded = Decoded { text: String::new(), encoding: "UTF-8" };
    let mut document = html::read_as(&page, &decoded, bytes, hints, reader);
    document.parts = parts(&mut container);
    Ok(document)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

pub(super) fn local(name: &str) -> String {
    name.rsplit(':').next().unwrap_or(name).to_owned()
}

pub(super) fn value(element: &BytesStart<'_>, name: &str) -> Option<String> {
    let found = element.attributes().with_checks(false).flatten().find(|attribute| local(attribute.key.as_ref()) == name)?;
    let raw = found.value.into_owned();
    Some(quick_xml::escape::unescape(&raw).map_or(raw.clone(), |text| text.into_owned()))
}

/// The events of an XML text, as far as it is well formed. Entities of its own are never resolved.
pub(super) fn events(xml: &str, mut each: impl FnMut(&Event<'_>)) {
    let mut reader = Reader::from_str(xml);
    reader.config_mut().check_end_names = false;
    reader.config_mut().allow_unmatched_ends = true;
    loop {
        match reader.read_event() {
            Ok(Event::Eof) | Err(_) => return,
            Ok(event) => each(&event),
        }
    }
}

/// What a text event, or a reference to a character, stands for.
fn said(event: &Event<'_>) -> Option<String> {
    match event {
        Event::Text(text) => Some((**text).to_owned()),
        Event::CData(text) => Some((**text).to_owned()),
        Event::GeneralRef(name) => {
            let name: &str = name;
            quick_xml::escape::unescape(&format!("&{name};")).ok().map(|text| text.into_owned())
        }
        _ => None,
    }
}

fn attribute(xml: &str, element: &str, name: &str) -> Option<String> {
    let mut found = None;
    events(xml, |event| {
        if let Event::Start(start) | Event::Empty(start) = event
            && found.is_none()
            && local(start.name().as_ref()) == element
        {
            found = value(start, name);
        }
    });
    found
}

/// Title, author, date and language as a page's head: Dublin Core, as all three formats use it.
fn head(xml: &str) -> String {
    let (mut inside, mut head, mut text) = (String::new(), String::from("<head>"), String::new());
    events(xml, |event| match event {
        Event::Start(start) => {
            inside = local(start.name().as_ref());
            text.clear();
        }
        Event::End(_) => {
            let words = escaped(text.trim());
            if !words.is_empty() {
                match inside.as_str() {
                    "title" => head.push_str(&format!("<title>{words}</title>")),
                    "creator" | "initial-creator" => head.push_str(&format!("<meta name=author content=\"{words}\">")),
                    "publisher" => head.push_str(&format!("<meta name=publisher content=\"{words}\">")),
                    // The day of publication, not the one on which the file was made.
                    "date" | "issued" => head.push_str(&format!("<meta name=date content=\"{words}\">")),
                    "language" => head.insert_str(0, &format!("<html lang=\"{words}\">")),
                    _ => {}
                }
            }
            inside.clear();
        }
        event => text.push_str(&said(event).unwrap_or_default()),
    });
    head + "</head>"
}

/// Relation ids and their targets.
pub(super) fn relations(xml: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    events(xml, |event| {
        if let Event::Start(start) | Event::Empty(start) = event
            && local(start.name().as_ref()) == "Relationship"
            && let (Some(id), Some(target)) = (value(start, "Id"), value(start, "Target"))
        {
            let inner = value(start, "TargetMode").is_none_or(|mode| mode != "External");
            let target = if inner { format!("word/{}", target.trim_start_matches("../")) } else { target };
            found.insert(id, target);
        }
    });
    found
}

fn docx(xml: &str, links: &BTreeMap<String, String>) -> String {
    let mut page = String::new();
    let (mut heading, mut skipping, mut field, mut in_text) = (0, 0usize, String::new(), false);
    events(xml, |event| {
        let (start, empty) = match event {
            Event::Start(start) => (start, false),
            Event::Empty(start) => (start, true),
            Event::End(end) => {
                match local(end.name().as_ref()).as_str() {
                    "p" if heading > 0 => {
                        page.push_str(&format!("</h{heading}>\n"));
                        heading = 0;
                    }
                    "p" => page.push_str("</p>\n"),
                    "hyperlink" => page.push_str("</a>"),
                    "tr" => page.push_str("</tr>"),
                    "tc" => page.push_str("</td>"),
                    "tbl" => page.push_str("</table>"),
                    "del" | "Fallback" => skipping = skipping.saturating_sub(1),
                    "t" | "instrText" => in_text = false,
                    _ => {}
                }
                return;
            }
            event => {
                if in_text
                    && skipping == 0
                    && let Some(words) = said(event)
                {
                    if field == "instr" {
                        field = format!("instr{words}")
                    } else if let Some(rest) = field.strip_prefix("instr") {
                        field = format!("instr{rest}{words}");
                    } else {
                        page.push_str(&escaped(&words));
                    }
                }
                return;
            }
        };
        match local(start.name().as_ref()).as_str() {
            "p" if !empty => page.push_str("<p>"),
            "pStyle"
                if value(start, "val").is_some_and(|style| style.starts_with("Heading") || style == "Title")
                    && page.ends_with("<p>") =>
            {
                page.truncate(page.len() - 3);
                heading = if value(start, "val").is_some_and(|style| style == "Title" || style.ends_with('1')) { 1 } else { 2 };
                page.push_str(&format!("<h{heading}>"));
            }
            "t" | "instrText" if !empty => {
                in_text = true;
                if local(start.name().as_ref()) == "instrText" && !field.starts_with("instr") {
                    field = "instr".to_owned();
                }
            }
            // A field in the old manner: HYPERLINK "address", then the words that are shown.
            "fldChar" => match value(start, "fldCharType").as_deref() {
                Some("separate") => {
                    let url = field
                        .strip_prefix("instr")
                        .and_then(|field| field.split('"').nth(1))
                        .filter(|_| field.contains("HYPERLINK"))
                        .unwrap_or("")
                        .to_owned();
                    page.push_str(&if url.is_empty() { "<a>".to_owned() } else { format!("<a href=\"{}\">", escaped(&url)) });
                    field = "shown".to_owned();
                }
                Some("end") => {
                    if field == "shown" {
                        page.push_str("</a>");
                    }
                    field.clear();
                }
                _ => {}
            },
            "hyperlink" => {
                let url = value(start, "id").and_then(|id| links.get(&id)).cloned().unwrap_or_default();
                page.push_str(&format!("<a href=\"{}\">", escaped(&url)));
            }
            "blip" => {
                if let Some(url) = value(start, "embed").or_else(|| value(start, "link")).and_then(|id| links.get(&id)) {
                    page.push_str(&format!("<img src=\"{}\">", escaped(url)));
                }
            }
            "br" | "tab" | "cr" => page.push(' '),
            "del" | "Fallback" if !empty => skipping += 1,
            "tbl" if !empty => page.push_str("<table>"),
            "tr" if !empty => page.push_str("<tr>"),
            "tc" if !empty => page.push_str("<td>"),
            _ => {}
        }
    });
    page
}

fn odt(xml: &str) -> String {
    let mut page = String::new();
    let (mut body, mut level) = (false, 2);
    events(xml, |event| match event {
        Event::Start(start) | Event::Empty(start) => {
            let empty = matches!(event, Event::Empty(_));
            match local(start.name().as_ref()).as_str() {
                "text" | "body" => body = true,
                "p" if !empty => page.push_str("<p>"),
                "h" if !empty => {
                    level = if value(start, "outline-level").as_deref() == Some("1") { 1 } else { 2 };
                    page.push_str(&format!("<h{level}>"));
                }
                "a" => page.push_str(&format!("<a href=\"{}\">", escaped(&value(start, "href").unwrap_or_default()))),
                "image" => {
                    if let Some(url) = value(start, "href") {
                        page.push_str(&format!("<img src=\"{}\">", escaped(url.trim_start_matches("./"))));
                    }
                }
                "s" | "tab" | "line-break" => page.push(' '),
                "table-row" => page.push_str("<tr>"),
                "table-cell" => page.push_str("<td>"),
                "table" => page.push_str("<table>"),
                "note-body" => page.push_str("<aside-note> "),
                _ => {}
            }
        }
        Event::End(end) => match local(end.name().as_ref()).as_str() {
            "p" => page.push_str("</p>\n"),
            "h" => page.push_str(&format!("</h{level}>\n")),
            "a" => page.push_str("</a>"),
            "table-row" => page.push_str("</tr>"),
            "table-cell" => page.push_str("</td>"),
            "table" => page.push_str("</table>"),
            "note-body" => page.push_str(" </aside-note>"),
            _ => {}
        },
        event if body => page.push_str(&escaped(&said(event).unwrap_or_default())),
        _ => {}
    });
    page
}

/// The chapters of a book in their order, by their members' names.
fn spine(opf: &str, package: &str) -> Vec<String> {
    let folder = package.rsplit_once('/').map_or("", |(folder, _)| folder);
    let (mut manifest, mut order) = (BTreeMap::new(), Vec::new());
    events(opf, |event| {
        if let Event::Start(start) | Event::Empty(start) = event {
            match local(start.name().as_ref()).as_str() {
                "item" => {
                    if let (Some(id), Some(href)) = (value(start, "id"), value(start, "href")) {
                        manifest.insert(id, href);
                    }
                }
                "itemref" => order.extend(value(start, "idref")),
                _ => {}
            }
        }
    });
    let full = |href: &String| {
        let href = percent_encoding::percent_decode_str(href).decode_utf8_lossy().into_owned();
        if folder.is_empty() { href } else { format!("{folder}/{href}") }
    };
    order.iter().take(MEMBERS).filter_map(|id| manifest.get(id)).map(full).collect()
}

/// A chapter's body, its pictures named by their place in the book.
fn chapter_body(chapter: &str, name: &str) -> String {
    let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
    let lower = chapter.to_ascii_lowercase();
    let from = lower.find("<body").and_then(|at| lower[at..].find('>').map(|end| at + end + 1)).unwrap_or(0);
    let to = lower.rfind("</body").filter(|to| *to > from).unwrap_or(chapter.len());
    let mut body = chapter.get(from..to).unwrap_or("").to_owned();
    for quote in ['"', '\''] {
        let mark = format!("src={quote}");
        let parts: Vec<String> = body
            .split(mark.as_str())
            .enumerate()
            .map(|(nth, part)| {
                match part.find(quote).filter(|end| nth > 0 && !part[..*end].contains("//") && !part.starts_with('/')) {
                    Some(end) => format!("{}{}", joined(folder, &part[..end]), &part[end..]),
                    None => part.to_owned(),
                }
            })
            .collect();
        body = parts.join(&mark);
    }
    format!("<section>{body}</section>")
}

fn joined(folder: &str, href: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in href.split('/') {
        match part {
            "." | "" => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    parts.join("/")
}
