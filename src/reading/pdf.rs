//! PDF (ISO 32000): text by page with its lines, links as annotations, and what the document says of itself.
//!
//! The libraries that parse PDF panic or run away on some files. So there are two steps: taking it apart
//! ([`super::extract`]), and making a report of what came out.

use pdf_extract::{Dictionary, Document as Pdf, MediaBox, Object, OutputDev, OutputError, Transform};
use serde::{Deserialize, Serialize};

use super::block::{Block, BlockKind, Blocks, Place};
use super::encoding::Decoded;
use super::outline::folded;
use super::sentence::{self, Sentences};
use super::{Document, Find, Hints, ReadError, date, plain, platform};
use crate::evidence::{Form, MediaKind, Report};

/// What a PDF says, before any of it is understood.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    pub title: Option<String>,
    pub author: Option<String>,
    /// As the file writes it: `D:20121123142309+01'00'`.
    pub created: Option<String>,
    /// BCP 47
    pub language: Option<String>,
    pub pages: Vec<Page>,
    pub problems: Vec<String>,
}

/// The text of one page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Page {
    pub lines: Vec<Line>,
    pub links: Vec<Link>,
}

/// A line of text, in the order in which the page draws it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Line {
    pub text: String,
    /// Height of its letters, and where it stands: points from the lower left corner.
    pub size: f64,
    pub x: f64,
    pub y: f64,
    /// Left edge of each character.
    pub edges: Vec<f64>,
}

/// A link of a page.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Link {
    pub url: String,
    /// Left, lower, right, upper, in points.
    pub area: [f64; 4],
}

/// Pages beyond this many are not read, and the report says so.
const PAGES: u32 = 2000;
/// Characters beyond this many are not read.
const LETTERS: usize = 20_000_000;

/// Reads the text and links of a PDF. May panic, and may need much time and memory: see the module.
pub(super) fn extract(bytes: &[u8]) -> Result<Extracted, String> {
    let pdf = Pdf::load_mem(bytes).map_err(|error| error.to_string())?;
    if pdf.is_encrypted() || pdf.trailer.get(b"Encrypt").is_ok() {
        return Err("it is encrypted: it needs a password to be read".to_owned());
    }
    let mut found = Extracted::default();
    about(&pdf, &mut found);
    let pages = pdf.get_pages();
    let mut letters = 0;
    for (number, id) in pages.iter().take(PAGES as usize) {
        let mut page = Lines::default();
        // A page that cannot be read is named; the others are read.
        let read =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pdf_extract::output_doc_page(&pdf, &mut page, *number)));
        match read {
            Ok(Ok(())) => {}
            Ok(Err(error)) => found.problems.push(format!("page {number} could not be read whole: {error}")),
            Err(_) => {
                found.problems.push(format!("page {number} could not be read whole: its fonts or drawing are damaged or unknown"))
            }
        }
        page.end();
        letters += page.lines.iter().map(|line| line.edges.len()).sum::<usize>();
        let links = pdf.get_dictionary(*id).map(|page| links(&pdf, page, &mut found.problems)).unwrap_or_default();
        found.pages.push(Page { lines: page.lines, links });
        if letters > LETTERS {
            found.problems.push(format!("the document is longer than is read: what stands after page {number} is not read"));
            return Ok(found);
        }
    }
    if pages.len() > PAGES as usize {
        found.problems.push(format!("the document has {} pages: what stands after page {PAGES} is not read", pages.len()));
    }
    Ok(found)
}

fn string(pdf: &Pdf, object: &Object) -> Option<String> {
    let object = match object {
        Object::Reference(id) => pdf.get_object(*id).ok()?,
        other => other,
    };
    let bytes = object.as_str().ok()?;
    let text = match bytes {
        [0xfe, 0xff, rest @ ..] => {
            let units: Vec<u16> = rest.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect();
            String::from_utf16_lossy(&units)
        }
        [0xef, 0xbb, 0xbf, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        // PDFDocEncoding is Latin-1 for the letters that names are made of.
        bytes => std::str::from_utf8(bytes).map_or_else(|_| bytes.iter().map(|byte| char::from(*byte)).collect(), str::to_owned),
    };
    let text = folded(&text);
    (!text.is_empty() && text.len() < 8192).then_some(text)
}

fn dictionary<'a>(pdf: &'a Pdf, object: &'a Object) -> Option<&'a Dictionary> {
    match object {
        Object::Reference(id) => pdf.get_dictionary(*id).ok(),
        Object::Dictionary(found) => Some(found),
        _ => None,
    }
}

/// Title, author, date, language, and what the document carries that is not text.
fn about(pdf: &Pdf, found: &mut Extracted) {
    if let Some(info) = pdf.trailer.get(b"Info").ok().and_then(|info| dictionary(pdf, info)) {
        let of = |name: &[u8]| info.get(name).ok().and_then(|value| string(pdf, value));
        found.title = of(b"Title");
        found.author = of(b"Author");
        found.created = of(b"CreationDate");
    }
    let Some(catalog) = pdf.trailer.get(b"Root").ok().and_then(|root| dictionary(pdf, root)) else { return };
    found.language = catalog.get(b"Lang").ok().and_then(|value| string(pdf, value)).filter(|tag| tag.len() <= 35);
    let names = catalog.get(b"Names").ok().and_then(|names| dictionary(pdf, names));
    if names.is_some_and(|names| names.get(b"EmbeddedFiles").is_ok()) {
        found.problems.push("the document carries attached files, which are not read".to_owned());
    }
}

fn links(pdf: &Pdf, page: &Dictionary, problems: &mut Vec<String>) -> Vec<Link> {
    let annotations = match page.get(b"Annots") {
        Ok(Object::Reference(id)) => pdf.get_object(*id).ok(),
        Ok(other) => Some(other),
        Err(_) => None,
    };
    let mut links = Vec::new();
    for annotation in annotations.and_then(|found| found.as_array().ok()).into_iter().flatten().take(20_000) {
        let Some(annotation) = dictionary(pdf, annotation) else { continue };
        let subtype = annotation.get(b"Subtype").ok().and_then(|name| name.as_name().ok()).unwrap_or_default();
        if matches!(subtype, b"Screen" | b"Movie" | b"RichMedia" | b"Sound" | b"FileAttachment" | b"3D") {
            let problem =
                format!("the document carries media of its own ({}), which are not read", String::from_utf8_lossy(subtype));
            if !problems.contains(&problem) {
                problems.push(problem);
            }
        }
        let action = annotation.get(b"A").ok().and_then(|action| dictionary(pdf, action));
        let Some(url) = action.and_then(|action| action.get(b"URI").ok()).and_then(|url| string(pdf, url)) else { continue };
        let sides = annotation.get(b"Rect").ok().and_then(|area| match area {
            Object::Reference(id) => pdf.get_object(*id).ok()?.as_array().ok(),
            other => other.as_array().ok(),
        });
        let sides: Vec<f64> = sides.into_iter().flatten().filter_map(|side| side.as_float().ok().map(f64::from)).collect();
        if let [x1, y1, x2, y2] = sides[..] {
            links.push(Link { url, area: [x1.min(x2), y1.min(y2), x1.max(x2), y1.max(y2)] });
        }
    }
    links
}

/// Puts the characters of a page together to lines.
#[derive(Default)]
struct Lines {
    lines: Vec<Line>,
    line: Line,
    /// Where the last character ended.
    end: f64,
}

impl Lines {
    fn end(&mut self) {
        let line = std::mem::take(&mut self.line);
        if !line.text.trim().is_empty() {
            self.lines.push(line);
        }
    }
}

impl OutputDev for Lines {
    fn begin_page(&mut self, _: u32, _: &MediaBox, _: Option<(f64, f64, f64, f64)>) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_page(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn output_character(
        &mut self,
        trm: &Transform,
        width: f64,
        _: f64,
        font_size: f64,
        character: &str,
    ) -> Result<(), OutputError> {
        // The square with the area of the font's own.
        let size = ((trm.m11 * trm.m22 - trm.m12 * trm.m21).abs()).sqrt() * font_size;
        let (x, y) = (trm.m31, trm.m32);
        if !(x.is_finite() && y.is_finite() && size.is_finite()) {
            return Ok(());
        }
        let new = self.line.text.is_empty();
        if !new
            && ((y - self.line.y).abs() > size.max(1.0) * 0.5
                || x + size < self.line.edges.last().copied().unwrap_or(x) - size * 3.0)
        {
            self.end();
        } else if !new && x > self.end + size * 0.12 && !self.line.text.ends_with(' ') {
            self.line.text.push(' ');
            self.line.edges.push(self.end);
        }
        if self.line.text.is_empty() {
            self.line = Line { x, y, size, ..Line::default() };
        }
        for letter in character.chars().filter(|letter| !letter.is_control() || *letter == ' ') {
            if letter != ' ' || !self.line.text.ends_with(' ') {
                self.line.text.push(letter);
                self.line.edges.push(x);
            }
        }
        self.line.size = self.line.size.max(size);
        self.end = x + width * size;
        Ok(())
    }

    fn begin_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_word(&mut self) -> Result<(), OutputError> {
        Ok(())
    }

    fn end_line(&mut self) -> Result<(), OutputError> {
        Ok(())
    }
}

/// Makes a report of what was extracted.
pub(super) fn read(extracted: &Extracted, bytes: &[u8], hints: &Hints) -> Result<Document, ReadError> {
    let mut text = String::new();
    let mut blocks: Vec<Block> = Vec::new();
    // Byte range, page and place on it of every line.
    let mut lines: Vec<(usize, usize, usize, &Line)> = Vec::new();
    let body = body_size(extracted);
    for (number, page) in (1..).zip(&extracted.pages) {
        let mut before: Option<&Line> = None;
        for line in &page.lines {
            let words = line.text.trim_end();
            let heading = line.size > body * 1.2 && words.chars().count() < 150;
            // A paragraph goes on where the next line is right below, in letters of the same size.
            let goes_on = before.is_some_and(|before| {
                let down = before.y - line.y;
                (line.size - before.size).abs() < 0.6
                    && down > 0.0
                    && down < line.size * 1.75
                    && (line.x - before.x).abs() < line.size * 4.0
            });
            match blocks.last_mut().filter(|_| goes_on) {
                Some(block) => {
                    // A word parted at the line's end.
                    let parted = text.ends_with('-')
                        && text[..text.len() - 1].ends_with(char::is_lowercase)
                        && words.starts_with(char::is_lowercase);
                    if !parted && !text.ends_with(['/', '-']) {
                        text.push(' ');
                    }
                    lines.push((text.len(), text.len() + words.len(), number, line));
                    text.push_str(words);
                    block.end = text.len();
                }
                None => {
                    if !text.is_empty() {
                        text.push('\n');
                    }
                    let start = text.len();
                    text.push_str(words);
                    lines.push((start, text.len(), number, line));
                    let kind = if heading { BlockKind::Heading } else { BlockKind::Paragraph };
                    blocks.push(Block { start, end: text.len(), kind, place: Place::Page(number) });
                }
            }
            before = Some(line);
        }
    }
    let mut problems = extracted.problems.clone();
    if text.trim().is_empty() {
        problems.push("no text was found: the pages may be pictures, which need text recognition first".to_owned());
    }
    let title = extracted.title.clone().filter(|title| title.contains(' ')).or_else(|| {
        blocks.iter().find(|block| block.kind == BlockKind::Heading).map(|block| text[block.start..block.end].to_owned())
    });
    let blocks = Blocks::new(text, blocks);
    let mut sentences = Sentences::default();
    let mut finds = Vec::new();
    let mut seen = std::collections::HashSet::new();
    for (number, page) in (1..).zip(&extracted.pages) {
        for link in &page.links {
            let Some(url) =
                url::Url::parse(&link.url).ok().filter(|url| matches!(url.scheme(), "http" | "https") && link.url.len() < 8192)
            else {
                continue;
            };
            let Some(kind) = platform::recognise(&url).map(|on| on.kind).or_else(|| platform::media_kind_of_path(url.path()))
            else {
                continue;
            };
            // A link that runs over two lines is one.
            if !seen.insert(link.url.clone()) {
                continue;
            }
            finds.push(link_find(&blocks, &lines, &mut sentences, number, link, kind));
        }
    }
    let printed = plain::addresses(&blocks, &mut sentences).into_iter().filter(|find| seen.insert(find.url.clone()));
    finds.extend(printed.collect::<Vec<_>>());
    let decoded = Decoded { text: String::new(), encoding: "PDF" };
    let bare = super::bare_report(&decoded, bytes, hints, "pdf", "application/pdf");
    // The day a file was made is not the day of publication: it stays as written, without a reading.
    let report = Report {
        title,
        authors: extracted.author.clone().into_iter().collect(),
        language: extracted.language.clone(),
        published_as_written: bare.published.is_none().then(|| first_date(&blocks)).flatten(),
        problems,
        ..bare
    };
    let published =
        report.published.clone().or_else(|| report.published_as_written.as_deref().and_then(|words| date::read(words, None)));
    Ok(Document {
        report: Report { published, ..report },
        base: hints.url.clone(),
        blocks,
        finds,
        excluded: Vec::new(),
        parts: Default::default(),
    })
}

/// A date that stands alone near the beginning, or behind `Published`: the report's own.
fn first_date(blocks: &Blocks) -> Option<String> {
    blocks.blocks.iter().take(8).find_map(|block| {
        let words = &blocks.text[block.start..block.end];
        let stated = words.len() < 60 || words.to_lowercase().starts_with("published");
        (stated && words.len() < 120 && date::read(words, None).is_some_and(|edtf| edtf.len() == 10)).then(|| words.to_owned())
    })
}

/// The height that most letters have.
fn body_size(extracted: &Extracted) -> f64 {
    let mut sizes: std::collections::BTreeMap<u64, usize> = Default::default();
    for line in extracted.pages.iter().flat_map(|page| &page.lines) {
        *sizes.entry((line.size.clamp(0.0, 1000.0) * 2.0).round() as u64).or_default() += line.edges.len();
    }
    sizes.into_iter().max_by_key(|(_, count)| *count).map_or(10.0, |(size, _)| size as f64 / 2.0)
}

/// A link, quoted by the sentence that its area covers words of.
fn link_find(
    blocks: &Blocks,
    lines: &[(usize, usize, usize, &Line)],
    sentences: &mut Sentences,
    number: usize,
    link: &Link,
    kind: MediaKind,
) -> Find {
    let [left, low, right, high] = link.area;
    let on_page = lines.iter().filter(|(_, _, page, _)| *page == number);
    let covered = on_page.clone().find_map(|(start, end, _, line)| {
        let middle = line.y + line.size * 0.3;
        let first = line.edges.iter().position(|edge| *edge >= left - line.size * 0.5)?;
        let inside = middle > low - 1.0 && middle < high + 1.0 && line.edges[first] < right;
        let at = |nth: usize| line.text.char_indices().nth(nth).map_or(line.text.len(), |(at, _)| at);
        let last = line.edges.iter().rposition(|edge| *edge < right).unwrap_or(first);
        inside.then(|| ((*start + at(first)).min(*end), (*start + at(last + 1)).min(*end)))
    });
    // Nothing under it but a picture: the words above.
    let above = || {
        on_page
            .clone()
            .filter(|(_, _, _, line)| line.y >= high)
            .min_by(|a, b| a.3.y.total_cmp(&b.3.y))
            .map(|(start, end, ..)| (*start, *end))
    };
    let (start, end) =
        covered.or_else(above).or_else(|| on_page.clone().next().map(|(start, end, ..)| (*start, *end))).unwrap_or((0, 0));
    let quote = blocks.block_at(start).map_or((start, end), |block| {
        let split = sentences.of(block.start, &blocks.text[block.start..block.end]);
        let within =
            sentence::around(split, start.saturating_sub(block.start), end.saturating_sub(block.start), block.end - block.start);
        (block.start + within.0, block.start + within.1)
    });
    Find {
        kind,
        form: Form::Linked,
        url: link.url.clone(),
        quote,
        place: Place::Page(number),
        rule: "pdf/link@1".into(),
        ..Find::default()
    }
}
