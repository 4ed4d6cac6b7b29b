//! Footage told in words: which sentences speak of it, and what they claim about it.

use std::sync::LazyLock;

use regex::Regex;

use super::phrases::{self, Phrases};
use super::{credit, date, place};
use crate::evidence::{Claim, MediaKind, Quote, Reading};

/// Expressions in which the words for footage mean something else.
static IDIOMS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:video (?:games?|calls?|conferenc\w+|link|editor|editing)|(?:clear|clearer|bigger|big|full|complete|different|bleak|grim) picture|public image|self-image|spitting image|image of the (?:country|city|police|army)|in the picture|photo op\w*|motion pictures?)\b").ok()
});

/// What a sentence says about footage.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    pub kind: MediaKind,
    pub hedges: Vec<String>,
    pub claims: Vec<Claim>,
}

fn kind(sentence: &str, phrases: &Phrases) -> Option<(usize, MediaKind)> {
    let first = |pattern: &Regex| pattern.find(sentence).map(|found| found.start());
    let kinds = [
        (first(&phrases.audio), MediaKind::Audio),
        (first(&phrases.video), MediaKind::Video),
        (first(&phrases.image), MediaKind::Image),
    ];
    kinds.into_iter().filter_map(|(at, kind)| Some((at?, kind))).min_by_key(|(at, _)| *at)
}

/// Whether a sentence speaks of footage that exists, and what it says.
pub(super) fn tell(sentence: &str, published: Option<&str>) -> Option<Told> {
    let phrases = phrases::of(phrases::language_of(sentence));
    if sentence.chars().count() > 2000 || IDIOMS.as_ref().is_some_and(|idioms| idioms.is_match(sentence)) {
        return None;
    }
    let (_, kind) = kind(sentence, phrases)?;
    phrases.verb.find(sentence)?;
    let (hedges, claims) = claims(sentence, published);
    Some(Told { kind, hedges, claims })
}

/// Words of doubt and attribution, each as written, in order.
fn hedges(sentence: &str, phrases: &Phrases) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for found in phrases.hedge.find_iter(sentence) {
        let word = found.as_str().to_owned();
        if !words.contains(&word) {
            words.push(word);
        }
    }
    words
}

/// What a sentence claims: places, dates, uploader; and its words of doubt. A hedge within the words
/// before a place belongs to the place, too.
pub(super) fn claims(sentence: &str, published: Option<&str>) -> (Vec<String>, Vec<Claim>) {
    let phrases = phrases::of(phrases::language_of(sentence));
    let hedges = hedges(sentence, phrases);
    let quote = || Some(Quote { exact: sentence.to_owned(), ..Quote::default() });
    let mut claims = Vec::new();
    for placed in place::find(sentence, phrases) {
        let at = sentence.find(&placed.value).unwrap_or(0);
        let near = hedges.iter().filter(|hedge| sentence.find(hedge.as_str()).is_some_and(|hedge| hedge < at && at - hedge < 60));
        claims.push(Claim {
            property: "location".into(),
            value: placed.value,
            via: None,
            hedges: near.cloned().collect(),
            quote: quote(),
            reading: Some(Reading { place: Some(placed.reading), edtf: None }),
            rule: placed.rule.into(),
        });
    }
    for dated in date::find(sentence, published) {
        let reading = dated.edtf.map(|edtf| Reading { place: None, edtf: Some(edtf) });
        let value = sentence[dated.start..dated.end].to_owned();
        claims.push(Claim {
            property: "date".into(),
            value,
            via: None,
            hedges: Vec::new(),
            quote: quote(),
            reading,
            rule: dated.rule.into(),
        });
    }
    claims.extend(uploader(sentence, phrases).map(|(value, via, rule)| Claim {
        property: "uploader".into(),
        value,
        via,
        hedges: Vec::new(),
        quote: quote(),
        reading: None,
        rule: rule.into(),
    }));
    (hedges, claims)
}

fn uploader(sentence: &str, phrases: &Phrases) -> Option<(String, Option<String>, &'static str)> {
    if let Some(found) = phrases.given_by.captures(sentence) {
        let platform = found.name("platform").or_else(|| found.name("before")).map(|platform| platform.as_str().to_owned());
        let name = found.name("name")?.as_str().trim();
        let name = name.strip_prefix("the ").unwrap_or(name);
        return Some((name.to_owned(), platform, "uploader/given-by@1"));
    }
    let found = phrases.gave.captures(sentence)?;
    Some((found.name("name")?.as_str().to_owned(), None, "uploader/gave@1"))
}

/// A line that is nothing but a credit: `Foto via YouTube/Syrian Civil Defense`.
pub(super) fn credit_line(line: &str) -> Option<(MediaKind, String)> {
    if line.chars().count() > 140 {
        return None;
    }
    let phrases = phrases::of(phrases::language_of(line));
    let english = phrases::of("en");
    let found = phrases.credit.captures(line).or_else(|| english.credit.captures(line))?;
    let name = found.name("credit")?.as_str().trim().trim_end_matches([')', ']']).to_owned();
    // A sentence that happens to begin so is not a credit.
    if name.split_whitespace().count() > 12 || (name.ends_with('.') && name.split_whitespace().count() > 6) {
        return None;
    }
    let kind = if line.to_lowercase().starts_with("video") { MediaKind::Video } else { MediaKind::Image };
    Some((kind, name))
}

/// The claims of a credit: the credit itself, and the uploader that it names.
pub(super) fn credit_claims(credit: &str) -> Vec<Claim> {
    let claim = |property: &str, value: &str, via: Option<String>, rule: &str| Claim {
        property: property.to_owned(),
        value: value.to_owned(),
        via,
        hedges: Vec::new(),
        quote: Some(Quote { exact: credit.to_owned(), ..Quote::default() }),
        reading: None,
        rule: rule.into(),
    };
    let mut claims = vec![claim("credit", credit, None, "credit/line@1")];
    if let Some((name, platform)) = credit::uploader(credit) {
        claims.push(claim("uploader", &name, Some(platform), "credit/platform@1"));
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_that_speaks_of_footage_is_told_from_one_that_does_not() {
        for text in [
            "One video shows several White Helmets picking up a fellow rescuer.",
            "Footage posted by the Aleppo Media Center on YouTube shows the aftermath.",
            "يظهر مقطع فيديو نشره الدفاع المدني قصف قرية",
            "Une vidéo diffusée par les secours montre la rue.",
        ] {
            assert_eq!(tell(text, None).map(|told| told.kind), Some(MediaKind::Video), "{text}");
        }
        for text in [
            "The minister spoke on Sunday.",
            "He appeared by video link from prison.",
            "The report shows a clear picture of the losses.",
        ] {
            assert_eq!(tell(text, None), None, "{text}");
        }
    }

    #[test]
    fn uploader_and_platform_are_read() {
        let told = tell("Footage posted by the Aleppo Media Center on YouTube shows the aftermath.", None).unwrap();
        let claim = told.claims.iter().find(|claim| claim.property == "uploader").unwrap();
        assert_eq!((claim.value.as_str(), claim.via.as_deref()), ("Aleppo Media Center", Some("YouTube")));
    }

    #[test]
    fn doubt_is_kept_beside_the_claim() {
        let told =
            tell("In another video, described as being shot in a village southwest of Idlib, another alleged strike hits.", None)
                .unwrap();
        assert_eq!(told.hedges, ["described as", "alleged"]);
        let place = told.claims.iter().find(|claim| claim.property == "location").unwrap();
        assert_eq!(place.hedges, ["described as"]);
    }
}
