//! Reports: bytes become text, and text becomes references and claims. Nothing here touches a file.

mod block;
mod caption;
mod chrome;
mod coordinates;
mod credit;
mod date;
mod encoding;
mod gazetteer;
mod html;
mod identity;
mod linked_data;
mod mail;
mod markdown;
mod office;
mod outline;
mod page;
mod pattern;
pub mod pdf;
mod phrases;
mod place;
mod plain;
mod platform;
mod player;
mod prose;
mod refer;
mod region;
mod sentence;
pub mod sheet;
mod srcset;
mod table;
mod token;
mod tree;

pub use gazetteer::{Gazetted, PlaceKind, fold_name, look_up};
pub use platform::{canonical_url, media_kind_of_path};
pub use refer::{problems, refer};

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::evidence::{Claim, Digest, Form, MediaKind, Reader, Report, Rule};
use block::{Block, Blocks};

/// Maps and sets whose order nobody sees, hashed with a seed of their own, in less time than the standard library's.
type HashMap<K, V> = std::collections::HashMap<K, V, foldhash::fast::RandomState>;
type HashSet<K> = std::collections::HashSet<K, foldhash::fast::RandomState>;

/// What the person, or the server, says of a report beside its bytes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Hints {
    /// As shown to people: file name, address, or `-`.
    pub origin: String,
    /// Address that relative links resolve against.
    pub url: Option<String>,
    /// EDTF publication date, where the report does not say.
    pub published: Option<String>,
    /// Media type as a server declared it, charset included.
    pub declared_type: Option<String>,
}

/// Why a report cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    #[error("The report {origin} is empty")]
    Empty { origin: String },
    #[error("The report {origin} is not a text that exhibit reads: its bytes are {found}")]
    NotText { origin: String, found: String },
    #[error("The report {origin} is larger than {most} MiB")]
    TooLarge { origin: String, most: u64 },
    #[error("The table {origin} cannot be read: {why}")]
    Table { origin: String, why: String },
    #[error("The report {origin} cannot be read: {why}")]
    Broken { origin: String, why: String },
}

impl ReadError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            ReadError::NotText { .. } => Some(
                "reports are HTML, MHTML, PDF, DOCX, ODT, EPUB, mail, text, Markdown, CSV, TSV, XLSX or ODS; footage itself goes in with `exhibit add FILE`",
            ),
            ReadError::TooLarge { .. } => Some("split it, or give its references as a CSV with one link a row"),
            ReadError::Broken { .. } => Some("open it in its own program, save it as PDF or HTML, and read that"),
            ReadError::Empty { .. } | ReadError::Table { .. } => None,
        }
    }
}

/// The first date in a text as EDTF; none where there is none or it stays ambiguous.
pub fn read_date(text: &str) -> Option<String> {
    date::read(text, None)
}

/// Reports larger than this are refused: 64 MiB.
pub const LARGEST: u64 = 64 << 20;

/// A report read: what it says of itself, its text in blocks, and the media that its markup names.
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    pub report: Report,
    pub(crate) base: Option<String>,
    pub(crate) blocks: Blocks,
    pub(crate) finds: Vec<Find>,
    /// What was left out as belonging to the site, with the rule that says so.
    pub excluded: Vec<Excluded>,
    /// Pictures and films inside the report's own file, by the names that its text uses for them.
    pub parts: BTreeMap<String, Arc<[u8]>>,
}

impl Document {
    /// Adds another table behind this one.
    fn append(&mut self, other: Document) {
        let offset = self.blocks.text.len() + 1;
        let text = format!("{}\n{}", self.blocks.text, other.blocks.text);
        let moved =
            other.blocks.blocks.into_iter().map(|block| Block { start: block.start + offset, end: block.end + offset, ..block });
        let blocks = std::mem::take(&mut self.blocks.blocks).into_iter().chain(moved).collect();
        self.blocks = Blocks::new(text, blocks);
        let moved = other.finds.into_iter().map(|find| Find { quote: (find.quote.0 + offset, find.quote.1 + offset), ..find });
        self.finds.extend(moved);
    }

    /// The text that locators count characters of.
    pub fn text(&self) -> &str {
        &self.blocks.text
    }
}

/// A medium that the markup names.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Find {
    pub kind: MediaKind,
    pub form: Form,
    pub url: String,
    /// Byte range of the quote in the text.
    pub quote: (usize, usize),
    pub place: block::Place,
    /// What is said of it there, without the credit.
    pub caption: Option<String>,
    pub credit: Option<String>,
    /// Whether the quote is its own: a caption, a link's sentence, a row. The sentence that an embed stands
    /// behind may tell of other footage.
    pub own: bool,
    /// What its markup claims.
    pub claims: Vec<Claim>,
    /// The columns of a table's row.
    pub columns: Vec<(String, String)>,
    pub rule: Rule,
}

impl Default for Find {
    fn default() -> Find {
        Find {
            kind: MediaKind::Page,
            form: Form::Linked,
            url: String::new(),
            quote: (0, 0),
            place: block::Place::Line(0),
            caption: None,
            credit: None,
            own: true,
            claims: Vec::new(),
            columns: Vec::new(),
            rule: Rule(String::new()),
        }
    }
}

/// A medium that is not evidence, and why.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct Excluded {
    pub url: String,
    pub rule: Rule,
}

/// What PDFs and spreadsheets say, before any of it is understood.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Extracted {
    Pdf(pdf::Extracted),
    Sheet(sheet::Extracted),
}

/// Takes a PDF or a spreadsheet apart. The libraries that do it panic, and run away, on some files: a careful
/// program calls this in a process of its own.
pub fn extract(bytes: &[u8]) -> Result<Extracted, String> {
    if is_pdf(bytes) { pdf::extract(bytes).map(Extracted::Pdf) } else { sheet::extract(bytes).map(Extracted::Sheet) }
}

fn is_pdf(bytes: &[u8]) -> bool {
    bytes[..bytes.len().min(1024)].windows(5).any(|window| window == b"%PDF-")
}

/// Reads a report. What may run away does so in this very process: see [`extract`] for the careful way.
pub fn read(bytes: &[u8], hints: &Hints) -> Result<Document, ReadError> {
    read_with(bytes, hints, &|bytes| {
        let extracted = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| extract(bytes)));
        extracted.unwrap_or_else(|_| Err("it is damaged, or of a kind that cannot be read".to_owned()))
    })
}

/// How a PDF or spreadsheet is taken apart.
pub type Extract<'a> = dyn Fn(&[u8]) -> Result<Extracted, String> + 'a;

/// Reads a report, and has a PDF or spreadsheet taken apart by `extract`.
pub fn read_with(bytes: &[u8], hints: &Hints, extract: &Extract<'_>) -> Result<Document, ReadError> {
    let origin = || hints.origin.clone();
    if bytes.is_empty() || bytes.iter().all(u8::is_ascii_whitespace) {
        return Err(ReadError::Empty { origin: origin() });
    }
    if bytes.len() as u64 > LARGEST {
        return Err(ReadError::TooLarge { origin: origin(), most: LARGEST >> 20 });
    }
    if bytes.starts_with(&[0x1f, 0x8b]) {
        return unpacked(bytes, hints, extract);
    }
    let kind = bytes.starts_with(b"PK\x03\x04").then(|| office::kind(bytes));
    let old_sheet = bytes.starts_with(&[0xd0, 0xcf, 0x11, 0xe0]);
    match kind {
        _ if old_sheet || is_pdf(bytes) => return apart(bytes, hints, extract),
        Some(Some(office::Kind::Sheet)) => return apart(bytes, hints, extract),
        Some(Some(kind)) => return office::read(bytes, kind, hints),
        Some(None) => {
            return Err(ReadError::NotText { origin: origin(), found: "a ZIP file of no kind that exhibit reads".to_owned() });
        }
        None => {}
    }
    if mail::is_mail(bytes) {
        return mail::read(bytes, hints);
    }
    let decoded = encoding::decode(bytes, hints.declared_type.as_deref())
        .ok_or_else(|| ReadError::NotText { origin: origin(), found: encoding::binary_kind(bytes) })?;
    match format(&decoded.text, hints) {
        Format::Html => Ok(html::read(&decoded, bytes, hints)),
        Format::Markdown => Ok(markdown::read(&decoded, bytes, hints)),
        Format::Table(separator) => table::read(&decoded, bytes, hints, separator),
        Format::Plain => Ok(plain::read(&decoded, bytes, hints)),
    }
}

fn apart(bytes: &[u8], hints: &Hints, extract: &Extract<'_>) -> Result<Document, ReadError> {
    match extract(bytes).map_err(|why| ReadError::Broken { origin: hints.origin.clone(), why })? {
        Extracted::Pdf(extracted) => pdf::read(&extracted, bytes, hints),
        Extracted::Sheet(extracted) => sheet::read(&extracted, bytes, hints),
    }
}

/// Reads what a gzip file (RFC 1952) holds. The report is the file as it was received.
fn unpacked(bytes: &[u8], hints: &Hints, extract: &Extract<'_>) -> Result<Document, ReadError> {
    use std::io::Read;
    let origin = || hints.origin.clone();
    let mut inner = Vec::new();
    let read = flate2::read::MultiGzDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut inner);
    if let Err(error) = read {
        return Err(ReadError::Broken { origin: origin(), why: format!("its gzip data are damaged: {error}") });
    }
    if inner.starts_with(&[0x1f, 0x8b]) {
        return Err(ReadError::Broken { origin: origin(), why: "it is packed more than once".to_owned() });
    }
    let plain = hints.origin.strip_suffix(".gz").unwrap_or(&hints.origin).to_owned();
    let mut document = read_with(&inner, &Hints { origin: plain, declared_type: None, ..hints.clone() }, extract)?;
    document.report.origin = origin();
    document.report.sha256 = Digest::of(bytes);
    document.report.size = bytes.len() as u64;
    Ok(document)
}

/// What is known of a report that says nothing of itself.
fn bare_report(decoded: &encoding::Decoded, bytes: &[u8], hints: &Hints, reader: &str, media_type: &str) -> Report {
    Report {
        origin: hints.origin.clone(),
        title: None,
        publisher: None,
        authors: Vec::new(),
        published: hints.published.clone(),
        published_as_written: None,
        language: None,
        sha256: Digest::of(bytes),
        size: bytes.len() as u64,
        media_type: media_type.to_owned(),
        encoding: decoded.encoding.to_owned(),
        reader: Reader { name: reader.to_owned(), version: READER_VERSION.to_owned() },
        problems: Vec::new(),
    }
}

/// Grows whenever the same bytes would give other references.
const READER_VERSION: &str = "2";

enum Format {
    Html,
    Markdown,
    Table(u8),
    Plain,
}

fn format(text: &str, hints: &Hints) -> Format {
    let declared = hints.declared_type.as_deref().unwrap_or("").to_ascii_lowercase();
    let path = hints.origin.split(['?', '#']).next().unwrap_or("").to_ascii_lowercase();
    let ends = |endings: &[&str]| endings.iter().any(|ending| path.ends_with(ending));
    if encoding::looks_like_html(text)
        || declared.starts_with("text/html")
        || declared.starts_with("application/xhtml")
        || (ends(&[".html", ".htm", ".xhtml"]) && text.contains('<'))
    {
        Format::Html
    } else if declared.starts_with("text/csv") || ends(&[".csv"]) {
        let header = text.lines().next().unwrap_or("");
        let semicolons = header.matches(';').count() > header.matches(',').count();
        Format::Table(if semicolons { b';' } else { b',' })
    } else if declared.starts_with("text/tab-separated-values") || ends(&[".tsv", ".tab"]) {
        Format::Table(b'\t')
    } else if declared.starts_with("text/markdown") || ends(&[".md", ".markdown"]) {
        Format::Markdown
    } else {
        Format::Plain
    }
}
