//! How this room compiles its patterns: with no more of Unicode than the languages in `config/` need.

use regex::{Regex, RegexSet};

/// What the Unicode classes stand for here: letters and marks of Latin, Greek, Cyrillic, Hebrew and Arabic, and
/// the digits that addresses and dates are written in. A class of all of Unicode costs a hundred times as
/// much to compile.
const CLASSES: [(&str, &str); 7] = [
    (r"\p{Lu}", r"[\p{Lu}&&[\x00-\u{17F}\u{370}-\u{4FF}]]"),
    (r"\p{Ll}", r"[\p{Ll}&&[\x00-\u{17F}\u{370}-\u{4FF}]]"),
    (r"\p{L}", r"[\p{L}&&[\x00-\u{24F}\u{370}-\u{6FF}\u{1E00}-\u{1EFF}]]"),
    (r"\p{M}", r"[\p{M}&&[\u{300}-\u{6FF}]]"),
    (r"\w", r"[0-9A-Z_a-z[\p{L}&&[\u{80}-\u{24F}\u{370}-\u{6FF}\u{1E00}-\u{1EFF}]]]"),
    (r"\W", r"[^0-9A-Z_a-z[\p{L}&&[\u{80}-\u{24F}\u{370}-\u{6FF}\u{1E00}-\u{1EFF}]]]"),
    (r"\d", "[0-9]"),
];

fn lean(pattern: &str) -> String {
    CLASSES.iter().fold(pattern.to_owned(), |pattern, (class, stands_for)| pattern.replace(class, stands_for))
}

/// A pattern over text.
pub(super) fn regex(pattern: &str) -> Result<Regex, regex::Error> {
    Regex::new(&lean(pattern))
}

/// Patterns of which any may match.
pub(super) fn set(patterns: &[String]) -> Result<RegexSet, regex::Error> {
    RegexSet::new(patterns.iter().map(|pattern| lean(pattern)))
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
    }
}
