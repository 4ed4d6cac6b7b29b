//! Tables of an export: CSV (RFC 4180, UTF-8) and XLSX, with columns as data. No cell is ever taken for a formula.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

const OURS: &str = include_str!("../../config/tables.toml");

/// The tables of one profile, and their columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Columns(BTreeMap<String, Layout>);

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Layout {
    rows: Rows,
    /// Title, and where the value stands.
    columns: Vec<(String, String)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Rows {
    Exhibits,
    References,
    Claims,
    Captures,
}

impl Columns {
    /// A profile of ours, or one of `file`, whose text has the same form.
    pub fn named(name: &str, file: Option<&str>) -> Result<Columns, String> {
        let text = file.unwrap_or(OURS);
        let mut all: BTreeMap<String, BTreeMap<String, Layout>> =
            toml::from_str(text).map_err(|error| error.to_string().trim_end().to_owned())?;
        let known = all.keys().cloned().collect::<Vec<_>>().join(", ");
        all.remove(name).map(Columns).ok_or_else(|| format!("there are no tables {name:?}: there are {known}"))
    }
}

/// One table: a title a column, a text a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Table {
    pub name: String,
    pub titles: Vec<String>,
    pub rows: Vec<Vec<String>>,
}

/// A spreadsheet takes what begins so for a formula, after blanks, too.
fn begins_a_formula(text: &str) -> bool {
    text.starts_with(['\t', '\r', '\n']) || text.trim_start().starts_with(['=', '+', '-', '@'])
}

/// A cell that spreadsheets show as it is: behind an apostrophe where they would compute. Numbers stay numbers.
fn harmless(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok_and(f64::is_finite) && !text.starts_with('+');
    let plain: String = text.chars().filter(|letter| *letter != '\0').collect();
    if begins_a_formula(&plain) && !is_number { format!("'{plain}") } else { plain }
}

impl Table {
    /// As CSV; `bom` puts a byte-order mark first, by which spreadsheets tell UTF-8.
    pub fn csv(&self, bom: bool) -> String {
        let mut writer = csv::Writer::from_writer(Vec::new());
        for row in std::iter::once(&self.titles).chain(&self.rows) {
            // Writing to memory does not fail.
            let _ = writer.write_record(row.iter().map(|cell| harmless(cell)));
        }
        let text = String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default();
        if bom { format!("\u{feff}{text}") } else { text }
    }
}

/// Characters that a cell of a workbook can hold.
const LONGEST: usize = 32_767;

/// A workbook with a sheet for each table. Cells are texts, never formulas.
pub fn xlsx(tables: &[Table]) -> Result<Vec<u8>, String> {
    let mut book = rust_xlsxwriter::Workbook::new();
    // Without the time it was made, so that the same tables give the same bytes.
    let then = rust_xlsxwriter::ExcelDateTime::from_ymd(1980, 1, 1).map_err(|error| error.to_string())?;
    book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&then));
    for table in tables {
        let sheet = book.add_worksheet();
        sheet.set_name(table.name.chars().take(31).collect::<String>()).map_err(|error| error.to_string())?;
        sheet.set_freeze_panes(1, 0).map_err(|error| error.to_string())?;
        for (row, cells) in (0u32..).zip(std::iter::once(&table.titles).chain(&table.rows)) {
            for (column, cell) in (0u16..).zip(cells) {
                let text: String = cell.chars().take(LONGEST).collect();
                sheet.write_string(row, column, text).map_err(|error| error.to_string())?;
            }
        }
    }
    book.save_to_buffer().map_err(|error| error.to_string())
}

/// The tables of an export's records, each thing once.
pub fn tables(records: &[(String, Value)], columns: &Columns) -> Vec<Table> {
    let fill = |(name, layout): (&String, &Layout)| Table {
        name: name.clone(),
        titles: layout.columns.iter().map(|(title, _)| title.clone()).collect(),
        rows: rows(records, layout.rows)
            .into_iter()
            .map(|row| layout.columns.iter().map(|(_, place)| value(row, place)).collect())
            .collect(),
    };
    columns.0.iter().map(fill).collect()
}

fn rows(records: &[(String, Value)], which: Rows) -> Vec<&Value> {
    let member = match which {
        Rows::Exhibits => {
            return records.iter().map(|(_, record)| record).filter(|record| record["exhibit"].is_object()).collect();
        }
        Rows::References => "mentions",
        Rows::Claims => "claims",
        Rows::Captures => "captures",
    };
    let all = records.iter().flat_map(|(_, record)| record[member].as_array().into_iter().flatten());
    // By the entry that made it: a record of a report and that of an exhibit tell of the same things.
    let once: BTreeMap<u64, &Value> = all.filter_map(|row| Some((row["entry"].as_u64()?, row))).collect();
    once.into_values().collect()
}

/// What stands in a place, as text; several values are joined.
fn value(row: &Value, place: &str) -> String {
    let mut found = Vec::new();
    let of = |member: &str, name: &str, wanted: &str, inner: &str, found: &mut Vec<String>| {
        let all = row[member].as_array().into_iter().flatten();
        all.filter(|one| one[name] == *wanted).for_each(|one| follow(one, inner, found));
    };
    match place.split_once(':') {
        Some(("claim", property)) => match property.split_once(':') {
            Some((property, inner)) => of("claims", "property", property, &format!("reading.{inner}"), &mut found),
            None => of("claims", "property", property, "value", &mut found),
        },
        Some(("handling", property)) => of("handling", "property", property, "value", &mut found),
        Some(("fact", name)) => {
            row["examinations"].as_array().into_iter().flatten().for_each(|made| follow(&made["facts"], name, &mut found));
        }
        _ => follow(row, place, &mut found),
    }
    found.dedup();
    found.join("; ")
}

fn follow(value: &Value, place: &str, found: &mut Vec<String>) {
    match value {
        Value::Array(all) => all.iter().for_each(|one| follow(one, place, found)),
        _ if !place.is_empty() => {
            let (member, rest) = place.split_once('.').unwrap_or((place, ""));
            follow(&value[member], rest, found);
        }
        Value::Null => {}
        Value::String(text) => found.push(text.clone()),
        other => found.push(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn no_cell_is_taken_for_a_formula_and_numbers_stay_numbers() {
        let row = ["=1+1", "  =cmd|' /C calc'!A0", "@SUM(A1)", "+44 20", "-2+3", "\t=1", "-33.5", "12", "plain", "إدلب"];
        let table = Table { name: "t".into(), titles: vec!["a".into()], rows: vec![row.map(str::to_owned).to_vec()] };
        let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(std::io::Cursor::new(table.csv(false)));
        let read: Vec<String> = reader.records().next().unwrap().unwrap().iter().map(str::to_owned).collect();
        let expected =
            ["'=1+1", "'  =cmd|' /C calc'!A0", "'@SUM(A1)", "'+44 20", "'-2+3", "'\t=1", "-33.5", "12", "plain", "إدلب"];
        assert_eq!(read, expected);
        assert!(table.csv(true).starts_with('\u{feff}'));
    }

    #[test]
    fn every_profile_of_ours_fills_its_columns() {
        let record = json!({
            "exhibit": { "id": "E1", "sha256": "ab", "size": 3, "reports": ["R1", "R2"], "entry": 5 },
            "claims": [{ "property": "location", "value": "Idlib", "reading": { "lat": 35.9 }, "entry": 3 }],
            "examinations": [{ "facts": { "lat": 1.5 } }],
            "mentions": [], "captures": [], "handling": [{ "property": "graphic", "value": "mild" }],
        });
        for name in ["plain", "auto-archiver", "syrian-archive", "atlos"] {
            let columns = Columns::named(name, None).unwrap();
            let all = tables(&[("E1".into(), record.clone()), ("E1".into(), record.clone())], &columns);
            assert!(!all.is_empty() && all[0].rows.iter().all(|row| row.len() == all[0].titles.len()), "{name}");
            assert!(xlsx(&all).unwrap().starts_with(b"PK"));
        }
        let columns = Columns::named("plain", None).unwrap();
        let all = tables(&[("E1".into(), record.clone()), ("E2".into(), record)], &columns);
        let exhibits = all.iter().find(|table| table.name == "exhibits").unwrap();
        let at = |title: &str| &exhibits.rows[0][exhibits.titles.iter().position(|one| one == title).unwrap()];
        assert_eq!([at("reports"), at("location_claimed"), at("latitude_in_file")], ["R1; R2", "Idlib", "1.5"]);
        assert_eq!(all.iter().find(|table| table.name == "claims").unwrap().rows.len(), 1, "each once");
    }
}
