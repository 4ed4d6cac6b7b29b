//! How this room compiles and uses its patterns: with no more of Unicode than the languages in `config/` need, and
//! without what costs more to prepare than a report's length repays.

use std::borrow::Cow;
use std::ops::Index;

use regex::RegexSet;
use regex_automata::meta::{self, Config};
use regex_automata::util::captures;
use regex_automata::{Input, Span};

/// What the Unicode classes stand for here: letters and marks of Latin, Greek, Cyrillic, Hebrew and Arabic, in few ranges, and
/// the digits that addresses and dates are written in. A class of all of Unicode costs a hundred times as much to compile.
const CLASSES: [(&str, &str); 7] = [
    (r"\p{Lu}", "[A-ZÀ-ÖØ-ÞĀĂĄĆĈĊČĎĐĒĔĖĘĚĜĞĠĢĤĦĨĪĬĮİĴĶĹĻĽĿŁŃŅŇŊŌŎŐŒŔŖŘŚŜŞŠŢŤŦŨŪŬŮŰŲŴŶŸŹŻŽΆΈ-ΏΑ-ΫЀ-ЯҐ]"),
    (r"\p{Ll}", "[a-zªµºß-öø-ÿāăąćĉċčďđēĕėęěĝğġģĥħĩīĭįıĵķĺļľŀłńņňŋōŏőœŕŗřśŝşšţťŧũūŭůűųŵŷźżžά-ώа-џґ]"),
    (r"\p{L}", r"[A-Za-zªµºÀ-ÖØ-öø-ɏͰ-ͽΆ\x{388}-ҁҊ-ԯא-תؠ-يٮ-ۓḀ-ỿ]"),
    (r"\p{M}", r"[\x{300}-\x{36F}\x{483}-\x{487}\x{591}-\x{5C7}\x{610}-\x{61A}\x{64B}-\x{65F}\x{670}\x{6D6}-\x{6ED}]"),
    (r"\w", r"[0-9A-Z_a-zªµºÀ-ÖØ-öø-ɏͰ-ͽΆ\x{388}-ҁҊ-ԯא-תؠ-يٮ-ۓḀ-ỿ]"),
    (r"\W", r"[^0-9A-Z_a-zªµºÀ-ÖØ-öø-ɏͰ-ͽΆ\x{388}-ҁҊ-ԯא-תؠ-يٮ-ۓḀ-ỿ]"),
    (r"\d", "[0-9]"),
];

fn lean(pattern: &str) -> String {
    CLASSES.iter().fold(pattern.to_owned(), |pattern, (class, stands_for)| pattern.replace(class, stands_for))
}

/// Why a pattern is none.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct NoPattern(String);

/// A compiled pattern over text.
#[derive(Debug, Clone)]
pub(super) struct Regex(meta::Regex);

/// A pattern over text.
pub(super) fn regex(pattern: &str) -> Result<Regex, NoPattern> {
    // Lists of words in either case begin in hundreds of ways: to look for these first costs a third of the time that
    // compiling takes, and gains nothing in a sentence.
    let config = Config::new().auto_prefilter(!pattern.contains("(?i"));
    meta::Regex::builder().configure(config).build(&lean(pattern)).map(Regex).map_err(|error| NoPattern(error.to_string()))
}

/// Patterns of which any may match.
pub(super) fn set(patterns: &[String]) -> Result<RegexSet, NoPattern> {
    RegexSet::new(patterns.iter().map(|pattern| lean(pattern))).map_err(|error| NoPattern(error.to_string()))
}

impl Regex {
    pub fn is_match(&self, text: &str) -> bool {
        self.0.is_match(text)
    }

    pub fn find<'t>(&self, text: &'t str) -> Option<Match<'t>> {
        self.0.find(text).map(|found| Match::of(text, found.span()))
    }

    pub fn find_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Match<'t>> {
        self.0.find_iter(text).map(|found| Match::of(text, found.span()))
    }

    pub fn captures<'t>(&self, text: &'t str) -> Option<Captures<'t>> {
        self.captures_from(text, 0)
    }

    /// The first match that begins at `from` or behind it; what is before is seen at its edge.
    pub fn captures_from<'t>(&self, text: &'t str, from: usize) -> Option<Captures<'t>> {
        let mut groups = self.0.create_captures();
        self.0.search_captures(&Input::new(text).range(from..), &mut groups);
        groups.is_match().then_some(Captures { text, groups })
    }

    pub fn captures_iter<'t>(&self, text: &'t str) -> impl Iterator<Item = Captures<'t>> {
        self.0.captures_iter(text).map(|groups| Captures { text, groups })
    }

    /// The text with `with` for all that matches.
    pub fn replace_all<'t>(&self, text: &'t str, with: &str) -> Cow<'t, str> {
        let mut found = self.find_iter(text).peekable();
        if found.peek().is_none() {
            return Cow::Borrowed(text);
        }
        let (mut replaced, mut from) = (String::with_capacity(text.len()), 0);
        for found in found {
            replaced.push_str(&text[from..found.start]);
            replaced.push_str(with);
            from = found.end;
        }
        replaced.push_str(&text[from..]);
        Cow::Owned(replaced)
    }
}

/// Where a pattern, or a group of it, matches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Match<'t> {
    text: &'t str,
    start: usize,
    end: usize,
}

impl<'t> Match<'t> {
    fn of(text: &'t str, span: Span) -> Match<'t> {
        Match { text, start: span.start, end: span.end }
    }

    /// Byte positions in the text.
    pub fn start(&self) -> usize {
        self.start
    }

    pub fn end(&self) -> usize {
        self.end
    }

    pub fn len(&self) -> usize {
        self.end - self.start
    }

    pub fn as_str(&self) -> &'t str {
        &self.text[self.start..self.end]
    }
}

/// The groups of a match.
#[derive(Debug, Clone)]
pub(super) struct Captures<'t> {
    text: &'t str,
    groups: captures::Captures,
}

impl<'t> Captures<'t> {
    /// A group by its number; 0 is the whole.
    pub fn get(&self, group: usize) -> Option<Match<'t>> {
        self.groups.get_group(group).map(|span| Match::of(self.text, span))
    }

    pub fn name(&self, group: &str) -> Option<Match<'t>> {
        self.groups.get_group_by_name(group).map(|span| Match::of(self.text, span))
    }
}

/// A group's text, empty where it did not match.
impl Index<&str> for Captures<'_> {
    type Output = str;

    fn index(&self, group: &str) -> &str {
        self.name(group).map_or("", |found| found.as_str())
    }
}

/// An edge of a word by ASCII letters: many times faster than by all letters, and the same where no word of the
/// pattern begins or ends with another letter.
pub(super) const EDGE: &str = r"(?-u:\b)";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_keep_the_letters_of_our_languages() {
        let word = regex(r"^\p{Lu}[\p{L}\p{M}’-]+$").unwrap();
        for name in ["Ahmad", "Élodie", "Łukasz", "Київ", "Ñandú", "Ōkawa", "Nguyễn", "d’Angers".trim_start_matches("d’")]
        {
            assert!(word.is_match(name), "{name}");
        }
        assert!(regex(r"^[\p{L}\p{M}]+$").unwrap().is_match("مُعَرَّة"));
        assert!(regex(r"^\w+ \d\d$").unwrap().is_match("août 21"));
        assert!(!regex(r"^\W").unwrap().is_match("é"));
        for (large, small) in [('Š', 'š'), ('Ω', 'ω'), ('Й', 'й'), ('İ', 'ı')] {
            let (large, small) = (large.to_string(), small.to_string());
            assert!(regex(r"^\p{Lu}$").unwrap().is_match(&large) && !regex(r"^\p{Ll}$").unwrap().is_match(&large));
            assert!(regex(r"^\p{Ll}$").unwrap().is_match(&small) && !regex(r"^\p{Lu}$").unwrap().is_match(&small));
        }
        for other in ["؟", "،", "٣", "×", "÷", "·"] {
            assert!(!regex(r"\p{L}").unwrap().is_match(other), "{other}");
        }
    }

    #[test]
    fn all_that_matches_is_replaced_and_groups_are_read() {
        let words = regex(r"(?i)(?P<first>[a-z]+) (?P<number>\d+)?").unwrap();
        assert_eq!(words.replace_all("one 1, two 2.", "x"), "x, x.");
        assert_eq!(words.replace_all("none", "x"), "none");
        let found = words.captures("the Third 3").unwrap();
        assert_eq!((&found["first"], &found["number"], found.get(0).map(|whole| whole.len())), ("the", "", Some(4)));
        assert_eq!(words.captures_iter("a 1 b 2").map(|found| found["number"].to_owned()).collect::<Vec<_>>(), ["1", "2"]);
    }
}
