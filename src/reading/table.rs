//! Tables (RFC 4180 and its tab-separated sibling): a row is about footage, its columns are claims.

use url::Url;

use super::block::{Block, BlockKind, Blocks, Place};
use super::encoding::Decoded;
use super::{Document, Find, Hints, ReadError, platform};
use crate::evidence::{Form, MediaKind, Report};

/// A cell's text is taken up to so many characters; a row's addresses up to so many.
const CELL: usize = 20_000;
const FOUND: usize = 64;
/// Rows of a table beyond this many are not read, and the report says so.
const ROWS: usize = 50_000;

/// Reads a table whose first row names the columns.
pub(super) fn read(decoded: &Decoded, bytes: &[u8], hints: &Hints, separator: u8) -> Result<Document, ReadError> {
    let text = decoded.text.trim_start_matches('\u{feff}').to_owned();
    let mut rows = csv::ReaderBuilder::new().delimiter(separator).flexible(true).from_reader(text.as_bytes());
    let broken = |error: csv::Error| ReadError::Table { origin: hints.origin.clone(), why: error.to_string() };
    let header: Vec<String> =
        rows.headers().map_err(broken)?.iter().map(|name| name.trim().chars().take(200).collect()).collect();
    let (mut blocks, mut finds) = (Vec::new(), Vec::new());
    let mut record = csv::StringRecord::new();
    let mut problems = Vec::new();
    while rows.read_record(&mut record).map_err(broken)? {
        if blocks.len() >= ROWS {
            problems.push(format!("the table has more than {ROWS} rows: what stands after them is not read; split it"));
            break;
        }
        let start = record.position().map_or(0, |position| position.byte() as usize);
        let end = rows.position().byte() as usize;
        let start = start + (text[start..end].len() - text[start..end].trim_start().len());
        let end = start + text[start..end].trim_end().len();
        let number = record.position().map_or(0, csv::Position::record) as usize + 1;
        blocks.push(Block { start, end, kind: BlockKind::Paragraph, place: Place::Row(number) });
        let columns: Vec<(String, String)> = header
            .iter()
            .enumerate()
            .filter_map(|(at, name)| Some((name.clone(), record.get(at)?.trim().chars().take(CELL).collect::<String>())))
            .filter(|(name, value)| !name.is_empty() && !value.is_empty())
            .collect();
        finds.extend(row(number, (start, end), &columns));
    }
    let media_type = if separator == b'\t' { "text/tab-separated-values" } else { "text/csv" };
    let report = Report { problems, ..super::bare_report(decoded, bytes, hints, "table", media_type) };
    Ok(Document {
        report,
        base: hints.url.clone(),
        blocks: Blocks::new(text, blocks),
        finds,
        excluded: Vec::new(),
        parts: Default::default(),
    })
}

/// The footage of one row: every address in it that is media or, if none is, the first address; a
/// row without an address but with something said is footage described.
fn row(number: usize, quote: (usize, usize), columns: &[(String, String)]) -> Vec<Find> {
    let mut found = Vec::new();
    for (name, cell) in columns {
        for word in cell.split(['\n', ' ', '|']).flat_map(|word| {
            word.split(";http").enumerate().map(|(nth, rest)| if nth > 0 { format!("http{rest}") } else { rest.to_owned() })
        }) {
            let word = word.trim_matches([',', ';', '"']).to_owned();
            let url = Url::parse(&word).ok().filter(|url| matches!(url.scheme(), "http" | "https") && word.len() <= 8192);
            let named = url.is_none() && is_file_column(name) && platform::media_kind_of_path(&word).is_some();
            let path = url.as_ref().map_or(word.as_str(), |url| url.path());
            let kind =
                url.as_ref().and_then(platform::recognise).map(|on| on.kind).or_else(|| platform::media_kind_of_path(path));
            if url.is_some() || named {
                found.push((kind, word, name.clone()));
            }
        }
    }
    let media = found.iter().any(|(kind, ..)| kind.is_some());
    found.retain(|(kind, ..)| kind.is_some() || !media);
    found.truncate(if media { usize::MAX } else { 1 });
    found.dedup_by(|a, b| a.1 == b.1);
    found.truncate(FOUND);
    let find = |kind, form, url: String, place: Place, rule: &str| Find {
        kind,
        form,
        url,
        quote,
        place,
        columns: columns.to_vec(),
        rule: rule.into(),
        ..Find::default()
    };
    if found.is_empty() && columns.len() > 1 {
        let kind = if columns.iter().any(|(name, _)| name.to_lowercase().contains("photo")) {
            MediaKind::Image
        } else {
            MediaKind::Video
        };
        return vec![find(kind, Form::Described, String::new(), Place::Row(number), "table/row@1")];
    }
    let of = |(kind, url, column): (Option<MediaKind>, String, String)| {
        find(kind.unwrap_or(MediaKind::Page), Form::Linked, url, Place::Cell(number, column.into()), "table/address@1")
    };
    found.into_iter().map(of).collect()
}

fn is_file_column(name: &str) -> bool {
    let name = name.to_lowercase();
    ["file", "path", "media", "video", "photo", "image", "url", "link"].iter().any(|word| name.contains(word))
}

/// The property that a column's name stands for; an unknown name is a property of its own.
pub(super) fn property(column: &str) -> String {
    let plain: String = column.to_lowercase().chars().map(|letter| if letter.is_alphanumeric() { letter } else { '_' }).collect();
    let plain = plain.trim_matches('_').to_owned();
    let known = match plain.as_str() {
        "location" | "place" | "location_name" | "place_name" | "city" | "town" | "village" | "where" | "المكان" | "الموقع"
        | "lieu" | "lugar" | "ort" | "место" | "місце" => "location",
        "date" | "date_time" | "datetime" | "incident_date" | "event_date" | "when" | "recorded" | "date_recorded"
        | "التاريخ" | "تاريخ" | "fecha" | "datum" | "дата" => "date",
        "uploader" | "channel" | "account" | "username" | "posted_by" | "uploaded_by" | "author" => "uploader",
        "source" | "sources" | "source_name" | "المصدر" | "fuente" | "quelle" | "источник" | "джерело" => {
            "source"
        }
        "credit" | "photographer" => "credit",
        "title" | "event_summary" | "headline" | "name" => "title",
        "description" | "summary" | "caption" | "event" => "event",
        other => other,
    };
    known.to_owned()
}
