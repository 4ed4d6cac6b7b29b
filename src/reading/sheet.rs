//! Spreadsheets (XLSX, XLSB, XLS, ODS): each sheet is read as the table that it shows.

use std::collections::BTreeMap;
use std::io::Cursor;

use calamine::{Data, Reader as _, open_workbook_auto_from_rs};
use quick_xml::events::Event;
use serde::{Deserialize, Serialize};
use zip::ZipArchive;

use super::block::Place;
use super::encoding::Decoded;
use super::{Document, Hints, ReadError, office, table};

/// Cells of all sheets that are read.
const CELLS: usize = 5_000_000;
/// Bytes that a spreadsheet may unpack to: 512 MiB.
const UNPACKED: u64 = 512 << 20;

/// What a spreadsheet shows, before any of it is understood: each sheet's name and its rows as CSV.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Extracted {
    pub sheets: Vec<(String, String)>,
    pub problems: Vec<String>,
}

/// Takes a spreadsheet apart. May panic, and may need much memory: see [`super::extract`].
pub(super) fn extract(bytes: &[u8]) -> Result<Extracted, String> {
    let mut links = BTreeMap::new();
    if let Ok(mut container) = ZipArchive::new(Cursor::new(bytes)) {
        let unpacked: u64 =
            (0..container.len().min(10_000)).filter_map(|nth| container.by_index_raw(nth).ok().map(|member| member.size())).sum();
        if unpacked > UNPACKED {
            return Err(format!("it unpacks to more than {} MiB", UNPACKED >> 20));
        }
        links = hyperlinks(&mut container);
    }
    let mut book = open_workbook_auto_from_rs(Cursor::new(bytes)).map_err(|error| error.to_string())?;
    let (mut found, mut cells) = (Extracted::default(), 0usize);
    for (nth, name) in book.sheet_names().into_iter().enumerate() {
        let range = match book.worksheet_range(&name) {
            Ok(range) => range,
            Err(error) => {
                found.problems.push(format!("the sheet {name} could not be read: {error}"));
                continue;
            }
        };
        cells = cells.saturating_add(range.get_size().0.saturating_mul(range.get_size().1));
        if cells > CELLS {
            found
                .problems
                .push(format!("the sheet {name} and what comes after it are not read: there are more than {CELLS} cells"));
            break;
        }
        let first = range.start().unwrap_or((0, 0));
        let mut rows = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        let mut any = false;
        for (row, values) in range.rows().enumerate() {
            let written = values.iter().enumerate().map(|(column, value)| {
                let shown = show(value);
                // A cell that shows words and leads to an address says both.
                match links.get(&(nth, first.0 as usize + row, first.1 as usize + column)) {
                    Some(url) if !shown.contains(url.as_str()) => format!("{shown} {url}").trim().to_owned(),
                    _ => shown,
                }
            });
            let written: Vec<String> = written.collect();
            if written.iter().all(String::is_empty) {
                continue;
            }
            any = true;
            rows.write_record(&written).map_err(|error| error.to_string())?;
        }
        let text = rows.into_inner().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
        if any {
            found.sheets.push((name, text));
        }
    }
    Ok(found)
}

/// Makes a report of what was extracted.
pub(super) fn read(extracted: &Extracted, bytes: &[u8], hints: &Hints) -> Result<Document, ReadError> {
    let mut whole: Option<Document> = None;
    for (name, text) in &extracted.sheets {
        let decoded = Decoded { text: text.clone(), encoding: "UTF-8" };
        let mut sheet = table::read(&decoded, bytes, hints, b',')?;
        if extracted.sheets.len() > 1 {
            name_sheet(&mut sheet, name);
        }
        match &mut whole {
            None => whole = Some(sheet),
            Some(whole) => whole.append(sheet),
        }
    }
    let mut whole = whole.ok_or_else(|| ReadError::Empty { origin: hints.origin.clone() })?;
    whole.report.media_type = match bytes {
        [b'P', b'K', ..] => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/vnd.ms-excel",
    }
    .to_owned();
    whole.report.problems.extend(extracted.problems.iter().cloned());
    Ok(whole)
}

fn name_sheet(document: &mut Document, name: &str) {
    for find in &mut document.finds {
        if let Place::Cell(_, column) = &mut find.place {
            *column = format!("{column} of sheet {name}").into();
        }
    }
}

/// A cell as its reader sees it; dates in ISO form.
fn show(value: &Data) -> String {
    match value {
        Data::DateTime(when) => match when.to_ymd_hms_milli() {
            (year, month, day, 0, 0, 0, _) => format!("{year:04}-{month:02}-{day:02}"),
            (year, month, day, hour, minute, second, _) => {
                format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
            }
        },
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string().trim().to_owned(),
    }
}

/// Hyperlinks of an XLSX by sheet, row and column, all from 0.
fn hyperlinks(container: &mut ZipArchive<Cursor<&[u8]>>) -> BTreeMap<(usize, usize, usize), String> {
    let mut found = BTreeMap::new();
    let mut member = |name: String| office::text(container, &name).unwrap_or_default();
    for sheet in 0..64 {
        let targets = office::relations(&member(format!("xl/worksheets/_rels/sheet{}.xml.rels", sheet + 1)));
        if targets.is_empty() {
            continue;
        }
        office::events(&member(format!("xl/worksheets/sheet{}.xml", sheet + 1)), |event| {
            if let Event::Start(start) | Event::Empty(start) = event
                && office::local(start.name().as_ref()) == "hyperlink"
                && let (Some(cell), Some(id)) = (office::value(start, "ref"), office::value(start, "id"))
                && let (Some((row, column)), Some(url)) =
                    (position(&cell), targets.get(&id).filter(|url| url.starts_with("http")))
                && found.len() < 100_000
            {
                found.insert((sheet, row, column), url.clone());
            }
        });
    }
    found
}

/// `C12` is row 11, column 2.
fn position(cell: &str) -> Option<(usize, usize)> {
    let cell = cell.split(':').next()?;
    let letters = cell.find(|letter: char| letter.is_ascii_digit())?;
    let column = cell[..letters].bytes().try_fold(0usize, |sum, letter| {
        letter.is_ascii_uppercase().then(|| sum.saturating_mul(26).saturating_add(usize::from(letter - b'A') + 1))
    })?;
    Some((cell[letters..].parse::<usize>().ok()?.checked_sub(1)?, column.checked_sub(1)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_named_by_letters_and_a_number() {
        assert_eq!(
            (position("A1"), position("C12:C13"), position("AA3"), position("7")),
            (Some((0, 0)), Some((11, 2)), Some((2, 26)), None)
        );
    }
}
