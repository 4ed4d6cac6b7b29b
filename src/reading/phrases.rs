//! The words of `config/phrases.toml`, compiled once a language and only when a text needs them.

use std::collections::BTreeMap;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;

use super::HashMap;
use super::pattern::{self, EDGE, Regex};

#[derive(Deserialize, Default)]
struct Words {
    video: Vec<String>,
    image: Vec<String>,
    audio: Vec<String>,
    verbs: Vec<String>,
    hedges: Vec<String>,
    given: Vec<String>,
    by: Vec<String>,
    on: Vec<String>,
    credit: Vec<String>,
    shows: Vec<String>,
}

static FILE: LazyLock<BTreeMap<String, Words>> =
    LazyLock::new(|| toml::from_str(include_str!("../../config/phrases.toml")).unwrap_or_default());

/// What a language says about footage, by patterns that are compiled when first asked for.
pub(super) struct Phrases {
    patterns: [String; 11],
    compiled: [OnceLock<Regex>; 11],
}

macro_rules! patterns {
    ($($(#[$doc:meta])* $name:ident = $at:literal;)+) => {
        impl Phrases {
            $($(#[$doc])* pub fn $name(&self) -> &Regex {
                self.compiled[$at].get_or_init(|| compile(&self.patterns[$at]))
            })+
        }
    };
}
patterns! {
    video = 0;
    image = 1;
    audio = 2;
    verb = 3;
    hedge = 4;
    /// `posted by NAME on PLATFORM`: groups `given`, `name`, `platform`, `before`.
    given_by = 5;
    /// `NAME posted …`: group `name`.
    gave = 6;
    /// A credit line: group `credit`.
    credit = 7;
    /// What footage shows: group `what`.
    shows = 8;
    /// A platform that footage is said to be on: groups `platform`, `before`, `tweet`.
    on_platform = 9;
    /// Any word for footage.
    footage = 10;
}

/// A name: capitalised words, joined by the small words that names have.
const NAME: &str = r"\p{Lu}[\p{L}\p{M}'’]*(?:[\s-](?:(?:al|el|ed|as|ash|az|an|ad|ar|at|de|du|del|la|las|los|der|of|for|and|the|al-|el-)[\s-])?\p{Lu}[\p{L}\p{M}'’]*){0,5}";
const PLATFORM: &str = r"YouTube|Twitter|X|Facebook|Telegram|TikTok|Instagram|WhatsApp|Snapchat|Vimeo|VK|VKontakte|Viber|Periscope|LiveLeak|يوتيوب|تويتر|فيسبوك|تلغرام|تيليغرام";

fn any(words: &[String]) -> String {
    match words {
        [] => r"[^\s\S]".to_owned(),
        words => words.join("|"),
    }
}

/// A pattern that cannot be compiled matches nothing; a test compiles them all.
fn compile(pattern: &str) -> Regex {
    match pattern::regex(pattern).or_else(|_| pattern::regex(r"[^\s\S]")) {
        Ok(compiled) => compiled,
        Err(_) => unreachable!("a class that matches nothing compiles"),
    }
}

fn build(language: &str, words: &Words) -> [String; 11] {
    // Arabic joins its small words and its article to the noun.
    let join = if language == "ar" { r"(?:[وفبلك]|ال|وال|بال|لل|فال)?" } else { "" };
    // Boundaries by ASCII letters are many times faster, where no word begins or ends with another letter.
    let edge = if matches!(language, "en" | "de") { EDGE } else { r"\b" };
    let word = |words: &[String]| format!(r"(?i)(?:{edge}|^){join}(?:{})(?:{edge}|$)", any(words));
    let (given, by, on) = (any(&words.given), any(&words.by), any(&words.on));
    let given_by = match language {
        "ar" => format!(
            r"(?P<given>{given})\s+(?P<name>[\p{{Arabic}}]+(?:\s+[\p{{Arabic}}]+){{0,4}}?)\s+(?:{on})\s+(?P<platform>{PLATFORM})"
        ),
        // Names in these languages go on in small letters: only where a platform follows is their end known.
        "fr" | "es" | "de" | "ru" | "uk" => format!(
            r"(?P<given>(?i:{edge}(?:{given})))\s+(?i:{by})\s+(?P<name>@\w+|(?:(?i:la|le|les|l'|el|los|las|una?|der|die|das|den|dem)\s*)?{NAME}(?:\s+\p{{Ll}}[\p{{L}}-]*){{0,3}}?)\s+(?i:{on})\s+(?P<platform>{PLATFORM})(?P<before>[^\s\S])?"
        ),
        _ => format!(
            r"(?P<given>(?i:{edge}(?:{given})))(?:\s+(?:\p{{Ll}}+\s+){{0,3}}(?i:{on})\s+(?P<before>{PLATFORM}))?(?:\s+\p{{Ll}}+)?\s+(?i:{by})\s+(?P<name>@\w+|(?:(?i:the|an?|la|le|les|una?|der|die|das|den|dem)\s+)?(?:\p{{Ll}}[\p{{L}}-]*\s+){{0,4}}?{NAME})(?:\s+(?i:{on})\s+(?:(?i:its|his|her|their|the)\s+)?(?P<platform>{PLATFORM}))?"
        ),
    };
    let gave = format!(
        r"(?P<name>(?:The\s+)?{NAME}|@\w+|(?i:police|activists|rescuers|residents|witnesses|soldiers|troops|officials|prosecutors|investigators|protesters|militants|rebels|authorities|he|she|it|they))\s+(?:(?i:has|had|have|also|later|then|who)\s+){{0,2}}(?i:{given})\s+(?:(?i:an?|the|its|his|her|their|this|what|several|two|three|some|more)\s+)?(?:[\p{{L}}-]+\s+){{0,3}}?(?i:{}|{}){edge}",
        any(&words.video),
        any(&words.image)
    );
    let credit = format!(
        r"(?i)^\W*(?:{})s?(?:\s+credit)?\s*(?:via|by|courtesy of|courtesy|from|:|/|-|–|—|©|par|von|de)\s*(?P<credit>\S.*)$",
        any(&words.credit)
    );
    let on_words = match language {
        "en" => format!("{EDGE}(?:on|to|via)"),
        "de" => format!("{EDGE}(?:on|to|via|auf)|über"),
        _ => r"\b(?:on|to|via|auf|über|sur|en|в|на|على|عبر)".to_owned(),
    };
    let on_platform = format!(
        r"(?i:(?:{on_words})\s+(?:(?:the|its|his|her|their|den|dem|der|soziale[nr]?|les|las|los|social)\s+)?)(?P<platform>{PLATFORM}|(?i:social media|social networks?|sozialen (?:medien|netzwerken)|réseaux sociaux|redes sociales|соцсет(?:ях|и)|соціальн\w+ мереж\w+|مواقع التواصل|وسائل التواصل))|(?P<before>{PLATFORM})(?:\s+|-)(?:(?i:{}|{}|posts?|accounts?|channels?|lives?|videos?))|(?-u:\b)(?i:(?P<tweet>tweet(?:s|ed|ing)?|retweet(?:s|ed)?))(?-u:\b)",
        any(&words.video),
        any(&words.image)
    );
    [
        word(&words.video),
        word(&words.image),
        word(&words.audio),
        word(&words.verbs),
        word(&words.hedges),
        given_by,
        gave,
        credit,
        format!(r"(?i)(?:{edge}|^)(?:{}){edge}\s+(?P<what>\S.*)$", any(&words.shows)),
        on_platform,
        word(&[&words.video[..], &words.image, &words.audio].concat()),
    ]
}

/// The languages that there are words for.
pub(super) const LANGUAGES: [&str; 7] = ["en", "ar", "fr", "ru", "uk", "es", "de"];

/// Which of them a language is; English where it is none of ours.
pub(super) fn nth(language: &str) -> usize {
    LANGUAGES.iter().position(|known| *known == language).unwrap_or(0)
}

/// The phrases of a language; English where it is none of ours.
pub(super) fn of(language: &str) -> &'static Phrases {
    static KNOWN: [OnceLock<Phrases>; 7] = [const { OnceLock::new() }; 7];
    let at = nth(language);
    KNOWN[at].get_or_init(|| {
        static NONE: LazyLock<Words> = LazyLock::new(Words::default);
        let words = FILE.get(LANGUAGES[at]).unwrap_or(&NONE);
        Phrases { patterns: build(LANGUAGES[at], words), compiled: [const { OnceLock::new() }; 11] }
    })
}

/// Small words by which a language is told from the others.
const SMALL: [(&str, &[&str]); 4] = [
    ("en", &["the", "of", "and", "to", "by", "was", "on", "with", "from", "at", "that", "for", "is", "shows"]),
    (
        "fr",
        &["le", "la", "les", "des", "et", "une", "du", "dans", "par", "est", "sur", "qui", "au", "pour", "un", "montre", "en"],
    ),
    ("es", &["el", "los", "las", "y", "una", "del", "por", "que", "en", "se", "un", "muestra", "muestran", "con"]),
    (
        "de",
        &[
            "der", "die", "das", "und", "ein", "eine", "von", "ist", "den", "dem", "er", "nicht", "dass", "im", "zu", "war",
            "mit", "auf", "sich", "wie", "sie", "eines", "einem", "zeigt", "zeigen", "wurde", "nach",
        ],
    ),
];

/// Which of our languages a text is in, by its letters and its small words.
pub(super) fn language_of(text: &str) -> &'static str {
    static HITS: LazyLock<HashMap<&[u8], [u16; 4]>> = LazyLock::new(|| {
        let mut hits: HashMap<&[u8], [u16; 4]> = HashMap::default();
        for (nth, (_, words)) in SMALL.iter().enumerate() {
            words.iter().for_each(|word| hits.entry(word.as_bytes()).or_default()[nth] = 1);
        }
        hits
    });
    let sample = if text.len() <= 600 { text } else { text.char_indices().nth(600).map_or(text, |(end, _)| &text[..end]) };
    // Both scripts' letters begin with such bytes in UTF-8, and no others of our languages' do.
    if sample.bytes().any(|byte| matches!(byte, 0xd0..=0xdb)) {
        let count = |from: char, to: char| sample.chars().filter(|letter| (from..=to).contains(letter)).count();
        let letters = sample.chars().filter(|letter| letter.is_alphabetic()).count().max(1);
        if count('\u{0600}', '\u{06ff}') * 2 > letters {
            return "ar";
        }
        if count('\u{0400}', '\u{04ff}') * 2 > letters {
            return if sample.contains(['і', 'ї', 'є', 'ґ']) { "uk" } else { "ru" };
        }
    }
    let mut sums = [0u16; 4];
    let mut count = |word: &[u8]| {
        // The small words are ASCII, and no longer than this.
        let mut small = [0u8; 8];
        let Some(small) = small.get_mut(..word.len()) else { return };
        small.copy_from_slice(word);
        small.make_ascii_lowercase();
        if let Some(hits) = HITS.get(&*small) {
            sums.iter_mut().zip(hits).for_each(|(sum, hit)| *sum += hit);
        }
    };
    if sample.is_ascii() {
        sample.as_bytes().split(|byte| !byte.is_ascii_alphabetic()).filter(|word| !word.is_empty()).for_each(&mut count);
    } else {
        sample
            .split(|letter: char| !letter.is_alphabetic())
            .filter(|word| !word.is_empty())
            .for_each(|word| count(word.as_bytes()));
    }
    // Of two with as many, the first.
    let best = (0..SMALL.len()).rev().max_by_key(|nth| sums[*nth]).filter(|nth| sums[*nth] > 0);
    best.map_or("en", |nth| SMALL[nth].0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_of_every_language_compiles() {
        let file: BTreeMap<String, Words> = toml::from_str(include_str!("../../config/phrases.toml")).unwrap();
        assert_eq!(file.len(), 7);
        for (language, words) in &file {
            for pattern in build(language, words) {
                pattern::regex(&pattern).unwrap_or_else(|error| panic!("{language}: {error}"));
            }
        }
    }

    #[test]
    fn a_language_is_known_by_its_letters_and_small_words() {
        assert_eq!(language_of("In another video, described as being shot in a village"), "en");
        assert_eq!(language_of("Une vidéo diffusée dans la soirée par les secours"), "fr");
        assert_eq!(language_of("يظهر مقطع فيديو"), "ar");
        assert_eq!(language_of("На видео видно, как"), "ru");
        assert_eq!(language_of("На відео видно, що її"), "uk");
    }
}
