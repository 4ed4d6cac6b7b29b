//! Places in words: the name, what the words say about it, and coordinates where they stand there.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases::Phrases;
use crate::evidence::PlaceReading;

/// Capitalised words that are no places.
static NOT_PLACES: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^(?i:monday|tuesday|wednesday|thursday|friday|saturday|sunday|january|february|march|april|may|june|july|august|september|october|november|december|youtube|twitter|facebook|telegram|instagram|tiktok|whatsapp|reuters|afp|ap|the|a|i|he|she|it|they|we|x)(?:\b|$)").ok()
});

/// Decimal degrees, latitude first.
static DECIMAL: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?P<lat>-?\d{1,2}\.\d{3,})\s*[,;]\s*(?P<lon>-?\d{1,3}\.\d{3,})").ok());

/// A place found in a text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Placed {
    pub value: String,
    pub reading: PlaceReading,
    pub rule: &'static str,
}

/// Arabic words that end a place's name: nothing else marks where it ends.
const STOPS: &[&str] = &[
    "على",
    "في",
    "من",
    "إلى",
    "الى",
    "عن",
    "عبر",
    "بحسب",
    "وفق",
    "يوم",
    "قبل",
    "بعد",
    "مساء",
    "صباح",
    "فجر",
    "عندما",
    "حيث",
    "خلال",
    "أثناء",
    "كما",
    "وقد",
    "التي",
    "الذي",
];

/// A name up to the first word that cannot belong to it.
fn before_stop(name: &str) -> &str {
    let words = name.split(' ').skip(1).scan(name.split(' ').next().map_or(0, str::len), |at, word| {
        let start = *at;
        *at += 1 + word.len();
        Some((start, word))
    });
    let mut stops = words.filter(|(_, word)| STOPS.contains(word));
    stops.next().map_or(name, |(start, _)| &name[..start])
}

/// Every place that a sentence names behind a word of place, each once.
pub(super) fn find(sentence: &str, phrases: &Phrases) -> Vec<Placed> {
    let mut found: Vec<Placed> = Vec::new();
    for captures in phrases.place.captures_iter(sentence) {
        let (Some(value), Some(name)) = (captures.name("value"), captures.name("name")) else { continue };
        let name = before_stop(name.as_str()).trim_end_matches(['\'', '’']);
        if NOT_PLACES.as_ref().is_some_and(|words| words.is_match(name)) {
            continue;
        }
        let relation = captures.name("relation").map(|relation| relation.as_str().to_lowercase());
        let simple = relation.as_deref().is_none_or(|relation| {
            matches!(relation, "in" | "at" | "from" | "around" | "on" | "dans" | "à" | "en" | "aus" | "bei" | "في")
        });
        // `in Homs` is the place Homs; `a village southwest of Idlib` needs its words.
        let whole = before_stop(value.as_str());
        let value = match &relation {
            Some(word) if simple && whole.to_lowercase().starts_with(word.as_str()) => whole[word.len()..].trim_start(),
            _ => whole,
        };
        let value = value.strip_prefix("the ").unwrap_or(value).to_owned();
        let relation = relation.filter(|_| !simple);
        if !found.iter().any(|other| other.value == value) {
            let reading = PlaceReading { relation, place: name.to_owned(), lat: None, lon: None, precision: None };
            found.push(Placed { value, reading, rule: "place/words@1" });
        }
    }
    for captures in DECIMAL.iter().flat_map(|pattern| pattern.captures_iter(sentence)) {
        let number = |group: &str| captures.name(group)?.as_str().parse::<f64>().ok();
        let (Some(lat), Some(lon)) = (number("lat"), number("lon")) else { continue };
        if lat.abs() <= 90.0 && lon.abs() <= 180.0 {
            let value = captures[0].to_owned();
            let reading = PlaceReading {
                relation: None,
                place: value.clone(),
                lat: Some(lat),
                lon: Some(lon),
                precision: Some("exact".into()),
            };
            found.push(Placed { value, reading, rule: "place/decimal@1" });
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::super::phrases;
    use super::*;

    #[test]
    fn a_place_keeps_the_words_that_say_where() {
        let text = "In another video, described as being shot in a village southwest of Idlib, rescuers are forced to flee.";
        let found = find(text, phrases::of("en"));
        assert_eq!(found[0].value, "a village southwest of Idlib");
        assert_eq!(found[0].reading.relation.as_deref(), Some("southwest of"));
        assert_eq!(found[0].reading.place, "Idlib");
    }

    #[test]
    fn simple_places_coordinates_and_what_is_no_place() {
        let names = |text: &str, language: &str| {
            find(text, phrases::of(language)).into_iter().map(|placed| placed.value).collect::<Vec<_>>()
        };
        assert_eq!(names("Footage posted on Sunday shows a strike in Homs.", "en"), ["Homs"]);
        assert_eq!(names("A clip filmed near Kafr Nabl on Twitter", "en"), ["near Kafr Nabl"]);
        assert_eq!(names("filmed at 35.93061, 36.63389 by", "en"), ["35.93061, 36.63389"]);
        assert_eq!(names("يظهر المقطع قصف قرية جنوب غرب إدلب", "ar"), ["قرية جنوب غرب إدلب"]);
        assert_eq!(names("سقوط القذيفة في قرية جنوب غرب تل عمارة على يوتيوب", "ar"), ["قرية جنوب غرب تل عمارة"]);
    }
}
