//! Dates in words, as EDTF (ISO 8601-2). What is ambiguous gets no reading.

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use regex::{Captures, Regex};
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    language: Vec<Names>,
}

#[derive(Deserialize)]
struct Names {
    months: Vec<String>,
    weekdays: Vec<String>,
}

struct Rules {
    file: File,
    iso: Regex,
    day_month: Regex,
    month_day: Regex,
    month_year: Regex,
    numeric: Regex,
    weekday: Regex,
    months: Vec<Vec<Regex>>,
    weekdays: Vec<Vec<Regex>>,
}

static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| rules().ok());

fn rules() -> Result<Rules, Box<dyn std::error::Error>> {
    let file: File = toml::from_str(include_str!("../../config/dates.toml"))?;
    let all = |of: fn(&Names) -> &Vec<String>| file.language.iter().flat_map(of).cloned().collect::<Vec<_>>().join("|");
    let (months, weekdays) = (all(|names| &names.months), all(|names| &names.weekdays));
    let whole = |of: fn(&Names) -> &Vec<String>| -> Result<Vec<Vec<Regex>>, regex::Error> {
        let compile = |name: &String| Regex::new(&format!("(?i)^(?:{name})$"));
        file.language.iter().map(|names| of(names).iter().map(compile).collect()).collect()
    };
    Ok(Rules {
        iso: Regex::new(r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?:\b|T)")?,
        day_month: Regex::new(&format!(
            r"(?i)\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?(?P<month>{months})\b(?:(?:,|\s+de)?\s+(?P<y>(?:19|20)\d\d))?"
        ))?,
        month_day: Regex::new(&format!(
            r"(?i)\b(?P<month>{months})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y>(?:19|20)\d\d)\b)?"
        ))?,
        month_year: Regex::new(&format!(r"(?i)\b(?P<month>{months})\s+(?:de\s+)?(?P<y>(?:19|20)\d\d)\b"))?,
        numeric: Regex::new(r"\b(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>(?:19|20)?\d\d)\b")?,
        weekday: Regex::new(&format!(r"(?i)\b(?P<weekday>{weekdays})\b"))?,
        months: whole(|names| &names.months)?,
        weekdays: whole(|names| &names.weekdays)?,
        file,
    })
}

/// A date found in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Dated {
    pub start: usize,
    pub end: usize,
    /// None where the words stay ambiguous, or depend on a publication date that is not known.
    pub edtf: Option<String>,
    pub rule: &'static str,
}

fn which(name: &str, of: &[Vec<Regex>]) -> Option<usize> {
    of.iter().find_map(|names| names.iter().position(|pattern| pattern.is_match(name)))
}

fn full(year: i16, month: usize, day: i8) -> Option<String> {
    let date = Date::new(year, i8::try_from(month).ok()?, day).ok()?;
    Some(date.to_string())
}

/// A day without a year: the last such day that is not after publication.
fn without_year(month: usize, day: i8, published: Option<Date>) -> Option<String> {
    let Some(published) = published else {
        return Some(format!("XXXX-{month:02}-{day:02}")).filter(|_| (1..=31).contains(&day));
    };
    let this = full(published.year(), month, day)?;
    if this.parse::<Date>().is_ok_and(|date| date <= published) { Some(this) } else { full(published.year() - 1, month, day) }
}

/// Every date in a text, in order. `published` is the report's own date, which weekdays and days
/// without a year are read against.
pub(super) fn find(text: &str, published: Option<&str>) -> Vec<Dated> {
    let Some(rules) = RULES.as_ref() else { return Vec::new() };
    debug_assert!(!rules.file.language.is_empty());
    let published: Option<Date> = published.and_then(|date| date.get(..10)?.parse().ok());
    let mut found: Vec<Dated> = Vec::new();
    let mut add = |pattern: &Regex, rule: &'static str, read: &dyn Fn(&Captures<'_>) -> Option<String>| {
        for captures in pattern.captures_iter(text) {
            let Some(whole) = captures.get(0) else { continue };
            if !found.iter().any(|other| other.start < whole.end() && whole.start() < other.end) {
                found.push(Dated { start: whole.start(), end: whole.end(), edtf: read(&captures), rule });
            }
        }
    };
    let number = |captures: &Captures<'_>, group: &str| captures.name(group)?.as_str().parse::<i16>().ok();
    let month = |captures: &Captures<'_>| Some(which(captures.name("month")?.as_str(), &rules.months)? + 1);
    let day = |captures: &Captures<'_>| i8::try_from(number(captures, "d")?).ok();
    let in_words = |captures: &Captures<'_>| match number(captures, "y") {
        Some(year) => full(year, month(captures)?, day(captures)?),
        None => without_year(month(captures)?, day(captures)?, published),
    };
    add(&rules.iso, "date/iso@1", &|captures| {
        full(number(captures, "y")?, usize::try_from(number(captures, "m")?).ok()?, day(captures)?)
    });
    add(&rules.day_month, "date/day-month@1", &in_words);
    add(&rules.month_day, "date/month-day@1", &in_words);
    add(&rules.month_year, "date/month-year@1", &|captures| {
        Some(format!("{:04}-{:02}", number(captures, "y")?, month(captures)?))
    });
    add(&rules.numeric, "date/numeric@1", &|captures| {
        let (a, b, year) = (number(captures, "a")?, number(captures, "b")?, number(captures, "y")?);
        let year = if year < 100 { 2000 + year } else { year };
        match (a > 12, b > 12) {
            (true, false) => full(year, usize::try_from(b).ok()?, i8::try_from(a).ok()?),
            (false, true) => full(year, usize::try_from(a).ok()?, i8::try_from(b).ok()?),
            // Day first or month first: only equal numbers do not matter.
            _ => (a == b).then(|| full(year, usize::try_from(a).ok()?, i8::try_from(b).ok()?))?,
        }
    });
    add(&rules.weekday, "date/weekday@1", &|captures| {
        let nth = which(captures.name("weekday")?.as_str(), &rules.weekdays)?;
        let wanted = Weekday::from_monday_zero_offset(i8::try_from(nth).ok()?).ok()?;
        let back = wanted.until(published?.weekday());
        published?.checked_sub(jiff::Span::new().days(back)).ok().map(|date| date.to_string())
    });
    found.sort_by_key(|dated| dated.start);
    found
}

/// The first date of a text, as EDTF.
pub(super) fn read(text: &str, published: Option<&str>) -> Option<String> {
    find(text, published).into_iter().find_map(|dated| dated.edtf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_can_be_read_whole() {
        let rules = rules().unwrap();
        assert!(rules.file.language.iter().all(|names| names.months.len() == 12 && names.weekdays.len() == 7));
    }

    #[test]
    fn dates_are_read_and_what_is_ambiguous_is_not() {
        let cases = [
            ("2015-10-04T09:00:00+03:00", Some("2015-10-04")),
            ("on 4 October 2015", Some("2015-10-04")),
            ("October 4th, 2015", Some("2015-10-04")),
            ("21 août 2013", Some("2013-08-21")),
            ("21 آب 2013", Some("2013-08-21")),
            ("3 мая 2014", Some("2014-05-03")),
            ("in August 2013", Some("2013-08")),
            ("08/21/13 12:00", Some("2013-08-21")),
            ("04/05/2015", None),
            ("31 February 2015", None),
            ("no date here", None),
        ];
        for (text, expected) in cases {
            assert_eq!(read(text, None).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn a_weekday_is_the_last_one_before_publication() {
        assert_eq!(read("on Sunday", Some("2015-10-05")).as_deref(), Some("2015-10-04"));
        assert_eq!(read("on Monday", Some("2015-10-05")).as_deref(), Some("2015-10-05"));
        assert_eq!(read("on Sunday", None), None);
        assert_eq!(read("on 30 December", Some("2016-01-02")).as_deref(), Some("2015-12-30"));
        assert_eq!(read("on 30 December", None).as_deref(), Some("XXXX-12-30"));
    }
}
