//! Custody as a picture: a vertical line of days. Only our own words come into it, so their width is known.

use jiff::civil::Date;
use serde_json::Value;

use super::text::{attribute, brief, day, day_of, many, times};
use super::tries::{outcome, tally};
use super::value::{rows, text};
use super::words::{KIND_SHORT, UNSEEN, word};

/// Days shown before some are left to the table: of so many the first and last, with a line between.
const DAYS: usize = 14;
const FIRST: usize = 7;
const LAST: usize = 6;

/// A day, or days in a row on which the same happened.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Span {
    from: String,
    to: String,
    /// What happened, and how often.
    what: Vec<(String, usize)>,
}

/// Time and words of everything the picture shows, oldest first.
fn happenings(record: &Value) -> Vec<(String, String)> {
    let mut seen = Vec::new();
    let mut see = |at: &Value, words: String| seen.push((text(at).into_owned(), words));
    for row in rows(record, "custody") {
        let kind = text(&row["kind"]);
        if !UNSEEN.contains(&&*kind) {
            see(&row["time"], word(KIND_SHORT, &kind).unwrap_or("something else was recorded").to_owned());
        }
    }
    for row in rows(record, "reports") {
        let id = attribute(&brief(&text(&row["id"]), 12));
        see(&row["received"], format!("Report {id} came in"));
        if row["published"].as_str().is_some_and(|date| date.len() == 10) {
            see(&row["published"], format!("Report {id} was published"));
        }
    }
    for row in rows(record, "captures") {
        see(&row["started"], format!("Tried: {}", outcome(row)));
    }
    seen.retain(|(at, _)| day_of(at).is_some());
    seen.sort_by(|(a, _), (b, _)| a.cmp(b));
    seen
}

/// Days with what happened on them; days in a row on which the same one thing happened are one.
fn spans(seen: &[(String, String)]) -> Vec<Span> {
    let mut joined: Vec<Span> = Vec::new();
    for group in seen.chunk_by(|(a, _), (b, _)| day_of(a) == day_of(b)) {
        let date = group.first().and_then(|(at, _)| day_of(at)).unwrap_or_default().to_owned();
        let what = tally(group.iter().map(|(_, words)| words.clone()));
        match (joined.last_mut(), &what[..]) {
            (Some(Span { to, what: before, .. }), [(words, count)]) if before.len() == 1 && before[0].0 == *words => {
                *to = date;
                before[0].1 += count;
            }
            _ => joined.push(Span { from: date.clone(), to: date, what }),
        }
    }
    joined
}

/// How much later a day is, if it is more than the next: `3 days`
fn gap(before: &str, after: &str) -> Option<String> {
    let (before, after) = (before.parse::<Date>().ok()?, after.parse::<Date>().ok()?);
    match before.until(after).ok()?.get_days() {
        ..2 => None,
        days @ ..60 => Some(format!("{days} days")),
        days @ ..730 => Some(format!("{} months", days / 30)),
        days => Some(format!("{} years", days / 365)),
    }
}

/// The line as it grows downwards.
struct Line {
    y: u32,
    marks: String,
}

impl Line {
    fn text(&mut self, below: u32, class: &str, words: &str) {
        let y = self.y + below;
        self.marks.push_str(&format!("<text x=\"34\" y=\"{y}\"{class}>{words}</text>"));
    }

    fn left_out(&mut self) {
        self.text(4, " class=\"gap\"", "… more days; the table has them all");
        self.y += 30;
    }

    fn span(&mut self, span: &Span, last: Option<&str>) {
        if let Some(gap) = last.and_then(|last| gap(last, &span.from)) {
            self.text(0, " class=\"gap\"", &format!("{gap} later"));
            self.y += 26;
        }
        self.marks.push_str(&format!("<circle cx=\"14\" cy=\"{}\" r=\"5\"/>", self.y));
        let label = if span.from == span.to { day(&span.from) } else { format!("{} to {}", day(&span.from), day(&span.to)) };
        self.text(4, " class=\"day\"", &label);
        for (words, count) in &span.what {
            self.y += 18;
            let often = if *count > 1 { format!(", {}", times(*count)) } else { String::new() };
            self.text(4, "", &format!("{words}{often}"));
        }
        self.y += 32;
    }
}

/// The picture (SVG) with its description; nothing where nothing has a time.
pub(super) fn picture(record: &Value) -> String {
    let spans = spans(&happenings(record));
    let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return String::new() };
    let mut line = Line { y: 20, marks: String::new() };
    let hidden = if spans.len() > DAYS { FIRST..spans.len() - LAST } else { 0..0 };
    let mut before = None;
    for (nth, span) in spans.iter().enumerate() {
        if hidden.contains(&nth) {
            if nth == hidden.start {
                line.left_out();
            }
            before = None;
        } else {
            line.span(span, before);
            before = Some(span.to.as_str());
        }
    }
    let Line { y, marks } = line;
    let shown = if hidden.is_empty() { spans.len() } else { FIRST + LAST };
    format!(
        "<svg class=\"picture\" viewBox=\"0 0 360 {y}\" preserveAspectRatio=\"xMinYMin meet\" role=\"img\" \
         aria-labelledby=\"pt pd\">\
         <title id=\"pt\">Custody of {} over time</title><desc id=\"pd\">{} from {} to {}, oldest at the top. \
         The table says the same, entry by entry.</desc><line x1=\"14\" y1=\"20\" x2=\"14\" y2=\"{}\"/>{marks}</svg>\n",
        attribute(&text(&record["exhibit"]["id"])),
        many(shown, "day or run of days", "days or runs of days"),
        day(&first.from),
        day(&last.to),
        y - 14
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_on_which_the_same_happened_are_one() {
        let seen =
            |days: &[(&str, &str)]| days.iter().map(|(at, words)| ((*at).to_owned(), (*words).to_owned())).collect::<Vec<_>>();
        let spans = spans(&seen(&[
            ("2019-04-12T01:00:00Z", "a"),
            ("2019-04-12T02:00:00Z", "b"),
            ("2019-05-03T02:00:00Z", "b"),
            ("2019-06-03T02:00:00Z", "b"),
            ("2019-06-03T03:00:00Z", "b"),
        ]));
        assert_eq!(spans.len(), 2);
        assert_eq!((spans[1].from.as_str(), spans[1].to.as_str()), ("2019-05-03", "2019-06-03"));
        assert_eq!(spans[1].what, [("b".to_owned(), 3)]);
    }

    #[test]
    fn a_gap_is_said_in_the_unit_that_fits() {
        let gap = |before, after| gap(before, after).unwrap_or_default();
        assert_eq!(gap("2019-04-12", "2019-04-13"), "");
        assert_eq!(gap("2019-04-12", "2019-04-20"), "8 days");
        assert_eq!(gap("2019-04-12", "2020-04-12"), "12 months");
        assert_eq!(gap("2019-04-12", "2022-04-12"), "3 years");
        assert_eq!(gap("2019-13-12", "2022-04-12"), "");
    }
}
