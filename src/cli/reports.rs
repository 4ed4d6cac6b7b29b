//! Reports as they are named on the command line: a directory stands for the reports in it.

use std::path::Path;

use walkdir::WalkDir;

/// Endings of files that reports have.
const ENDINGS: &[&str] = &[
    "html", "htm", "xhtml", "mhtml", "mht", "pdf", "docx", "odt", "epub", "eml", "txt", "text", "md", "markdown", "csv", "tsv",
    "tab", "xlsx", "xlsb", "xls", "ods",
];

/// Names the reports in each directory, in the order of their names. The folder that a browser saves beside a
/// page belongs to that page. What is no directory stays as it is.
pub fn expand(named: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for name in named {
        let path = Path::new(name);
        if !path.is_dir() {
            all.push(name.clone());
            continue;
        }
        let walk = WalkDir::new(path).sort_by_file_name().into_iter().filter_entry(|entry| !is_saved_folder(entry.path()));
        let before = all.len();
        let mut others = 0;
        for entry in walk.flatten().filter(|entry| entry.file_type().is_file()) {
            if is_report(entry.path()) {
                all.push(entry.path().to_string_lossy().into_owned());
            } else {
                others += 1;
            }
        }
        if all.len() == before {
            // So that the error names it.
            all.push(name.clone());
        } else if others > 0 {
            super::plain::complain(&format!(
                "exhibit: In {}, {others} files are no reports by their names, and were not read",
                super::plain::safe(name)
            ));
        }
    }
    all
}

fn is_report(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    !name.starts_with('.') && name.rsplit_once('.').is_some_and(|(_, ending)| ENDINGS.contains(&ending))
}

/// `page_files` beside `page.html`, by the names that browsers give in several languages.
fn is_saved_folder(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = ["_files", "-Dateien", "_fichiers", "_archivos", "-filer", "_bestanden", "_file", "_pliki", "_ficheiros"]
        .iter()
        .find_map(|ending| name.strip_suffix(ending));
    stem.is_some_and(|stem| ["html", "htm"].iter().any(|ending| path.with_file_name(format!("{stem}.{ending}")).is_file()))
}

/// Reads a date as EDTF: a year, a month, or a day.
pub fn date(text: &str) -> Result<String, String> {
    let parts: Vec<&str> = text.split('-').collect();
    let digits = |part: &&str, count: usize| part.len() == count && part.bytes().all(|byte| byte.is_ascii_digit());
    let shaped = digits(&parts[0], 4) && parts.len() <= 3 && parts[1..].iter().all(|part| digits(part, 2));
    let real = parts.len() < 3 || text.parse::<jiff::civil::Date>().is_ok();
    if shaped && real { Ok(text.to_owned()) } else { Err("a date is written like 2015-10-04, 2015-10 or 2015".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_days_months_or_years() {
        for text in ["2015-10-04", "2015-10", "2015"] {
            assert_eq!(date(text).as_deref(), Ok(text));
        }
        for text in ["04/10/2015", "2015-13-40", "2015-1-1", "", "yesterday"] {
            assert!(date(text).is_err(), "{text}");
        }
    }
}
