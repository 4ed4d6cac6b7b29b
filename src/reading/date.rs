//! Dates in words, as EDTF (ISO 8601-2). What is ambiguous gets no reading.

use std::sync::LazyLock;

use jiff::civil::{Date, Weekday};
use regex::RegexSet;
use serde::Deserialize;

use super::pattern::{self, Captures, EDGE, Regex};

#[derive(Deserialize)]
struct File {
    language: Vec<Names>,
}

#[derive(Deserialize)]
struct Names {
    months: Vec<String>,
    weekdays: Vec<String>,
    yesterday: Vec<String>,
    today: Vec<String>,
    this_month: Vec<String>,
    last_month: Vec<String>,
    this_year: Vec<String>,
    last_year: Vec<String>,
    in_year: Vec<String>,
}

struct Rules {
    /// One for all: a text in which it finds nothing has no date.
    any: Regex,
    dotted: Regex,
    dated_weekday: Regex,
    relative: [Regex; 6],
    year: Regex,
    iso: Regex,
    day_month: Regex,
    month_day: Regex,
    month_year: Regex,
    numeric: Regex,
    weekday: Regex,
    months: RegexSet,
    weekdays: RegexSet,
}

/// A text that has no letters but Latin ones is read by patterns that have none but these, either.
static LATIN: LazyLock<Option<Rules>> = LazyLock::new(|| rules(true).ok());
static ALL: LazyLock<Option<Rules>> = LazyLock::new(|| rules(false).ok());

fn rules_for(text: &str) -> Option<&'static Rules> {
    let other = text.chars().any(|letter| ('\u{370}'..='\u{6ff}').contains(&letter));
    if other { ALL.as_ref() } else { LATIN.as_ref() }
}

fn rules(latin: bool) -> Result<Rules, Box<dyn std::error::Error>> {
    let mut file: File = toml::from_str(include_str!("../../config/dates.toml"))?;
    file.language.retain(|names| !latin || names.weekdays.iter().all(|name| name.starts_with(|letter: char| letter.is_ascii())));
    let edge = if latin { EDGE } else { r"\b" };
    let all = |of: fn(&Names) -> &Vec<String>| file.language.iter().flat_map(of).cloned().collect::<Vec<_>>().join("|");
    let (months, weekdays) = (all(|names| &names.months), all(|names| &names.weekdays));
    let relative = |of: fn(&Names) -> &Vec<String>| pattern::regex(&format!(r"(?i)(?:{edge}|^)(?:{})(?:{edge}|$)", all(of)));
    let in_year = all(|names| &names.in_year);
    // One pattern a month or weekday, of its names in every language.
    let nth = |of: fn(&Names) -> &Vec<String>, count: usize| {
        let names =
            |nth: usize| file.language.iter().filter_map(|names| of(names).get(nth).cloned()).collect::<Vec<_>>().join("|");
        pattern::set(&(0..count).map(|nth| format!("(?i)^(?:{})$", names(nth))).collect::<Vec<_>>())
    };
    Ok(Rules {
        any: pattern::regex(&format!(
            r"(?i)\d|{weekdays}|{}",
            [
                all(|names| &names.yesterday),
                all(|names| &names.today),
                all(|names| &names.this_month),
                all(|names| &names.last_month),
                all(|names| &names.this_year),
                all(|names| &names.last_year)
            ]
            .join("|")
        ))?,
        dotted: pattern::regex(r"(?-u:\b)(?P<d>\d{1,2})\.\s?(?P<m>\d{1,2})\.\s?(?P<y>(?:19|20)\d\d)(?-u:\b)")?,
        dated_weekday: pattern::regex(&format!(
            r"(?i){edge}(?P<weekday>{weekdays}),?\s+(?:the\s+|le\s+|el\s+|den\s+|dem\s+)?(?:(?P<month>{months})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?|(?P<d2>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?(?P<month2>{months}))(?:\.|{edge})?(?:(?:,|\s+de)?\s+(?P<y>(?:19|20)\d\d){edge})?"
        ))?,
        relative: [
            relative(|names| &names.yesterday)?,
            relative(|names| &names.today)?,
            relative(|names| &names.this_month)?,
            relative(|names| &names.last_month)?,
            relative(|names| &names.this_year)?,
            relative(|names| &names.last_year)?,
        ],
        year: pattern::regex(&format!(r"(?i)(?:{edge}|^)(?:{in_year})\s+(?P<y>(?:19|20)\d\d){edge}"))?,
        iso: pattern::regex(r"(?-u:\b)(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?:(?-u:\b)|T)")?,
        day_month: pattern::regex(&format!(
            r"(?i){edge}(?P<d>\d{{1,2}})(?:st|nd|rd|th|er|\.|º)?\s+(?:of\s+|de\s+)?(?P<month>{months})(?:\.|{edge})(?:(?:,|\s+de)?\s+(?P<y>(?:19|20)\d\d){edge})?"
        ))?,
        month_day: pattern::regex(&format!(
            r"(?i){edge}(?P<month>{months})\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?{edge}(?:,?\s+(?P<y>(?:19|20)\d\d){edge})?"
        ))?,
        month_year: pattern::regex(&format!(r"(?i){edge}(?P<month>{months})\.?\s+(?:de\s+)?(?P<y>(?:19|20)\d\d){edge}"))?,
        numeric: pattern::regex(r"(?-u:\b)(?P<a>\d{1,2})[/.](?P<b>\d{1,2})[/.](?P<y>(?:19|20)?\d\d)(?-u:\b)")?,
        weekday: pattern::regex(&format!(r"(?i){edge}(?P<weekday>{weekdays}){edge}"))?,
        months: nth(|names| &names.months, 12)?,
        weekdays: nth(|names| &names.weekdays, 7)?,
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

fn which(name: &str, of: &RegexSet) -> Option<usize> {
    of.matches(name).iter().next()
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
    let Some(rules) = rules_for(text) else { return Vec::new() };
    // Arabic and Persian digits take two bytes each: dates in them are read with their places mapped back.
    if text.chars().any(|letter| matches!(letter, '٠'..='٩' | '۰'..='۹')) {
        let (mut plain, mut places) = (String::with_capacity(text.len()), Vec::with_capacity(text.len() + 1));
        for (at, letter) in text.char_indices() {
            let digit = match letter {
                '٠'..='٩' => char::from(b'0' + (letter as u32 - '٠' as u32) as u8),
                '۰'..='۹' => char::from(b'0' + (letter as u32 - '۰' as u32) as u8),
                other => other,
            };
            places.extend(std::iter::repeat_n(at, digit.len_utf8()));
            plain.push(digit);
        }
        places.push(text.len());
        return find(&plain, published)
            .into_iter()
            .map(|dated| Dated { start: places[dated.start], end: places[dated.end], ..dated })
            .collect();
    }
    if !rules.any.is_match(text) {
        return Vec::new();
    }
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
    add(&rules.dotted, "date/dotted@1", &|captures| {
        full(number(captures, "y")?, usize::try_from(number(captures, "m")?).ok()?, day(captures)?)
    });
    // A weekday beside a day without a year tells which year is meant.
    add(&rules.dated_weekday, "date/weekday-day@1", &|captures| {
        let name = captures.name("month").or_else(|| captures.name("month2"))?;
        let month = which(name.as_str(), &rules.months)? + 1;
        let day = i8::try_from(number(captures, "d").or_else(|| number(captures, "d2"))?).ok()?;
        if let Some(year) = number(captures, "y") {
            return full(year, month, day);
        }
        let weekday = which(captures.name("weekday")?.as_str(), &rules.weekdays)?;
        let Some(published) = published else { return without_year(month, day, None) };
        let fits = |year: &i16| {
            let date = full(*year, month, day).and_then(|date| date.parse::<Date>().ok());
            date.is_some_and(|date| date <= published && usize::try_from(date.weekday().to_monday_zero_offset()) == Ok(weekday))
        };
        (published.year() - 11..=published.year())
            .rev()
            .find(fits)
            .and_then(|year| full(year, month, day))
            .or_else(|| without_year(month, day, Some(published)))
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
    let back = |days: i32| Some(published?.checked_sub(jiff::Span::new().days(days)).ok()?.to_string());
    add(&rules.relative[0], "date/yesterday@1", &|_| back(1));
    add(&rules.relative[1], "date/today@1", &|_| back(0));
    let month_of = |months: i32| {
        let date = published?.first_of_month().checked_sub(jiff::Span::new().months(months)).ok()?;
        Some(format!("{:04}-{:02}", date.year(), date.month()))
    };
    add(&rules.relative[2], "date/this-month@1", &|_| month_of(0));
    add(&rules.relative[3], "date/last-month@1", &|_| month_of(1));
    add(&rules.relative[4], "date/this-year@1", &|_| Some(format!("{:04}", published?.year())));
    add(&rules.relative[5], "date/last-year@1", &|_| Some(format!("{:04}", published?.year() - 1)));
    add(&rules.year, "date/year@1", &|captures| Some(format!("{:04}", number(captures, "y")?)));
    // Who speaks within quotation marks counts from another day.
    let spoken = |at: usize| {
        text[..at].chars().fold(false, |within, letter| match letter {
            '“' | '«' | '„' => true,
            '”' | '»' => false,
            '"' => !within,
            _ => within,
        })
    };
    let counted =
        ["date/yesterday@1", "date/today@1", "date/this-month@1", "date/last-month@1", "date/this-year@1", "date/last-year@1"];
    // `Halab Today` is a name.
    let named = |dated: &Dated| {
        text[dated.start..].starts_with(char::is_uppercase) && text[..dated.start].trim_end().ends_with(char::is_alphanumeric)
    };
    found.retain(|dated| !counted.contains(&dated.rule) || !(spoken(dated.start) || named(dated)));
    found.sort_by_key(|dated| dated.start);
    found
}

/// The first date of a text, as EDTF.
pub(super) fn read(text: &str, published: Option<&str>) -> Option<String> {
    // What pages state for programs to read.
    if let Some(day) = text.get(..10)
        && text.as_bytes().get(10).is_none_or(|next| !next.is_ascii_alphanumeric() || *next == b'T')
        && matches!(day.as_bytes(), [_, _, _, _, b'-', _, _, b'-', _, _])
        && let Ok(date) = day.parse::<Date>()
        && (1900..2100).contains(&date.year())
    {
        return Some(date.to_string());
    }
    find(text, published).into_iter().find_map(|dated| dated.edtf)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_names_can_be_read_whole() {
        rules(true).unwrap();
        rules(false).unwrap();
        let file: File = toml::from_str(include_str!("../../config/dates.toml")).unwrap();
        assert!(file.language.iter().all(|names| names.months.len() == 12 && names.weekdays.len() == 7));
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
            ("am 04.05.2015", Some("2015-05-04")),
            ("on 3 Sept. 2012 in", Some("2012-09-03")),
            ("on 21 Aug. 2013,", Some("2013-08-21")),
            ("٤ نيسان ٢٠١٧", Some("2017-04-04")),
            ("pictured in 2018, when", Some("2018")),
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
        assert_eq!(read("on Saturday, May 18", Some("2019-11-19")).as_deref(), Some("2019-05-18"));
        assert_eq!(
            read("on Sunday, May 18", Some("2019-11-19")).as_deref(),
            Some("2014-05-18"),
            "the year in which it was a Sunday"
        );
        assert_eq!(read("posted yesterday", Some("2015-03-01")).as_deref(), Some("2015-02-28"));
        assert_eq!(read("earlier this month", Some("2015-03-01")).as_deref(), Some("2015-03"));
        assert_eq!(read("vorgestern gestern", Some("2015-03-01")).as_deref(), Some("2015-02-28"));
        assert_eq!(read("on 30 December", Some("2016-01-02")).as_deref(), Some("2015-12-30"));
        assert_eq!(read("on 30 December", None).as_deref(), Some("XXXX-12-30"));
    }
}
