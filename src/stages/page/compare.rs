//! What is claimed of dates and places, beside what the file says: agree, differ, or left open. Left open too often rather
//! than decided once wrongly.

use jiff::ToSpan;
use jiff::civil::{Date, DateTime};
use serde_json::Value;

use super::place::{distance, is_on_earth, kilometres};
use super::text::{day_of, foreign, is_shaped, many};
use super::value::{point, rows, said, text};

/// Whether a claim and the file agree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Agree,
    Differ,
    Unknown,
}

impl Verdict {
    /// Its name in the style sheet.
    pub(super) fn class(self) -> &'static str {
        match self {
            Verdict::Agree => "agree",
            Verdict::Differ => "differ",
            Verdict::Unknown => "unknown",
        }
    }

    /// What the page calls it.
    pub(super) fn words(self) -> &'static str {
        match self {
            Verdict::Agree => "Agree",
            Verdict::Differ => "Differ",
            Verdict::Unknown => "Cannot be compared",
        }
    }
}

/// A verdict and its reason, as HTML.
pub(super) type Judged = (Verdict, String);

fn open(reason: &str) -> Judged {
    (Verdict::Unknown, reason.to_owned())
}

/// The clock of a file's time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Clock {
    /// Of the place where it was taken.
    Local,
    Utc,
}

/// Whether text begins with a day of the calendar.
fn is_day(text: &str) -> bool {
    day_of(text).and_then(|day| day.parse::<Date>().ok()).is_some_and(|day| day.year() > 1800)
}

/// First and last day of an EDTF date, as text; none for what cannot be laid on a calendar.
pub(super) fn span(edtf: &str) -> Option<(String, String)> {
    let ends: Vec<&str> = edtf.split('/').map(|end| end.trim_end_matches(['~', '?', '%'])).collect();
    let is_date = |end: &&str| {
        ["0000", "0000-00", "0000-00-00"].iter().any(|shape| is_shaped(end, shape)) && is_day(&filled(end, "-01-01"))
    };
    let (first, last) = (ends.first()?, ends.last()?);
    (ends.len() <= 2 && ends.iter().all(is_date)).then(|| (filled(first, "-01-01"), filled(last, "-12-31")))
}

/// A year or month made a day with the end of another date.
fn filled(date: &str, rest: &str) -> String {
    format!("{date}{}", rest.get(date.len().saturating_sub(4)..).unwrap_or_default())
}

/// A claimed EDTF date, and a time that the file states.
pub(super) fn compare_date(claimed: &str, at: &str, clock: Clock) -> Judged {
    let Some((first, last)) = span(claimed) else { return open("the claimed date is not a whole date") };
    let Some(day) = day_of(at).filter(|day| is_day(day)) else { return open("the file’s time is not a date") };
    if matches!(day, "1904-01-01" | "1970-01-01") {
        return open("the clock that wrote it was not set");
    }
    let is_within = |day: &str| *first <= *day && *day <= *last;
    match clock {
        Clock::Local if is_within(day) => (Verdict::Agree, "as the file states it".to_owned()),
        Clock::Utc if is_within(day) => {
            (Verdict::Agree, "the day is in UTC; the day on the spot can be the one before or after".to_owned())
        }
        Clock::Utc if days_on_earth(at).is_none_or(|(early, late)| early <= last && first <= late) => {
            open("the file’s time is UTC: it depends on the time zone of the place")
        }
        _ => (Verdict::Differ, "the file’s day is not in what is claimed".to_owned()),
    }
}

/// The days that it can have been in some time zone (UTC−12 to UTC+14).
fn days_on_earth(utc: &str) -> Option<(String, String)> {
    let at: DateTime = utc.get(..19).filter(|text| is_shaped(text, "0000-00-00T00:00:00"))?.parse().ok()?;
    let (early, late) = (at.checked_sub(12.hours()).ok()?, at.checked_add(14.hours()).ok()?);
    Some((early.date().to_string(), late.date().to_string()))
}

/// How far from the point that was read for it a claim of this precision can mean, in kilometres.
fn radius(reading: &Value) -> Option<f64> {
    match reading["precision"].as_str()? {
        "exact" => Some(0.01),
        "vicinity" => Some(0.1),
        "locality" => Some(1.0),
        _ => None,
    }
}

/// A claimed place as it was read, and the file's point.
pub(super) fn compare_place(reading: &Value, known: (f64, f64)) -> Judged {
    let read = point(reading);
    if !is_on_earth(known) || read.is_some_and(|read| !is_on_earth(read)) {
        return open("the coordinates are not on the Earth");
    }
    let Some(read) = read else { return compare_candidates(reading, known) };
    let (km, way) = distance(read, known);
    let apart = format!("the file’s point lies {} {way} of the point read for it", kilometres(km));
    if said(&reading["relation"]).is_some() {
        return (Verdict::Unknown, format!("{apart}; the claim names a direction or nearness, not the place itself"));
    }
    let Some(radius) = radius(reading) else {
        return (Verdict::Unknown, format!("{apart}; the claim is too coarse to decide"));
    };
    let precision = format!("the claim’s precision of {}", kilometres(radius));
    if km <= radius + 0.1 {
        (Verdict::Agree, format!("{apart}, within {precision}"))
    } else if km > f64::max(1.0, 10.0 * radius) {
        (Verdict::Differ, format!("{apart}, far beyond {precision}"))
    } else {
        (Verdict::Unknown, format!("{apart}; that is near, but beyond {precision}"))
    }
}

/// A name that can stand for several places.
fn compare_candidates(reading: &Value, known: (f64, f64)) -> Judged {
    let candidates = rows(reading, "candidates").iter().filter_map(|one| Some((point(one).filter(|at| is_on_earth(*at))?, one)));
    let mut apart: Vec<_> = candidates.map(|(at, one)| (distance(at, known), text(&one["name"]))).collect();
    apart.sort_by(|((a, _), _), ((b, _), _)| a.total_cmp(b));
    let Some(((km, way), nearest)) = apart.first() else {
        return open("the record has no coordinates for the place that is claimed");
    };
    let reason = format!(
        "the name can stand for {}; the file’s point lies {} {way} of the nearest, {}",
        many(apart.len(), "place", "places"),
        kilometres(*km),
        foreign(nearest)
    );
    (Verdict::Unknown, reason)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn dates_are_spans_of_days() {
        let of = |edtf| span(edtf).map(|(first, last)| format!("{first} {last}"));
        assert_eq!(of("2019-04-12").as_deref(), Some("2019-04-12 2019-04-12"));
        assert_eq!(of("2019-04~").as_deref(), Some("2019-04-01 2019-04-31"));
        assert_eq!(of("1969/1971").as_deref(), Some("1969-01-01 1971-12-31"));
        for bad in ["2019-02-31", "XXXX-04-12", "", "2019/", "2019/2020/2021", "20190412", "٢٠١٩"] {
            assert_eq!(of(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_day_that_fits_in_some_time_zone_is_no_difference() {
        let of = |claimed, at, clock| compare_date(claimed, at, clock).0;
        assert_eq!(of("2019-04-12", "2019-04-12T06:58:20", Clock::Local), Verdict::Agree);
        assert_eq!(of("2019-04-13", "2019-04-12T23:10:00.000000Z", Clock::Local), Verdict::Differ);
        assert_eq!(of("2019-04-13", "2019-04-12T23:10:00.000000Z", Clock::Utc), Verdict::Unknown);
        assert_eq!(of("2019-04-13", "2019-04-12T09:10:00.000000Z", Clock::Utc), Verdict::Differ);
        assert_eq!(of("2019-04-13", "2019-04-12 and so on", Clock::Utc), Verdict::Unknown);
        assert_eq!(of("1969/1971", "1970-01-01T00:00:00Z", Clock::Utc), Verdict::Unknown);
        assert_eq!(of("2019-04-13", "0000:00:00 00:00", Clock::Local), Verdict::Unknown);
    }

    #[test]
    fn places_are_compared_within_the_precision_of_the_claim() {
        let of = |lat: f64, precision: &str| {
            compare_place(&json!({ "place": "x", "lat": lat, "lon": 36.5, "precision": precision }), (35.4, 36.5)).0
        };
        assert_eq!(of(35.4005, "vicinity"), Verdict::Agree);
        assert_eq!(of(35.405, "vicinity"), Verdict::Unknown);
        assert_eq!(of(35.9, "locality"), Verdict::Differ);
        assert_eq!(of(35.9, "region"), Verdict::Unknown);
        assert_eq!(of(91.5, "exact"), Verdict::Unknown);
        assert_eq!(compare_place(&json!({}), (35.4, 36.5)).0, Verdict::Unknown);
    }
}
