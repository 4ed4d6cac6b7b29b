//! Credits: who is named as the source of a picture or video. The words are in `config/credits.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use super::HashSet;
use super::chrome::name_words;
use super::outline::folded;
use super::pattern::{self, Captures, EDGE, NoPattern, Regex};

#[derive(Deserialize, Default)]
struct File {
    labels: Vec<String>,
    joins: Vec<String>,
    agencies: Vec<String>,
    credit_names: Vec<String>,
    caption_names: Vec<String>,
    boxes: Vec<String>,
}

struct Rules {
    /// A label at the beginning: group `rest` is what it introduces.
    label: Regex,
    /// A label within a text: group `credit` goes to its end.
    labelled: Regex,
    /// An agency's name standing alone, within a text.
    agency: Regex,
    /// Brackets at the end.
    bracketed: Regex,
    /// Names joined by a slash, a bar or `via`.
    joined: Regex,
    platform: Regex,
    credit_names: HashSet<String>,
    caption_names: HashSet<String>,
    boxes: HashSet<String>,
}

fn file() -> File {
    toml::from_str(include_str!("../../config/credits.toml")).unwrap_or_default()
}

fn compile(file: File) -> Result<Rules, NoPattern> {
    let (labels, joins) = (file.labels.join("|"), file.joins.join("|"));
    let agencies: Vec<String> = file.agencies.iter().map(|name| regex::escape(name)).collect();
    let agencies = agencies.join("|");
    Ok(Rules {
        label: pattern::regex(&format!(r"(?i)^\W*(?:(?:{labels})\s*(?:{joins})\s*)+(?P<rest>\S.*)$|^\s*©\s*(?P<sign>\S.*)$"))?,
        labelled: pattern::regex(&format!(
            r"(?i)(?:^|[\s(\[|–—-])(?:(?:{labels})(?:\s+credit)?\s*(?:{joins})|courtesy of{EDGE}|©)\s*(?P<credit>[^\n]{{2,}}?)[\s)\].]*$"
        ))?,
        agency: pattern::regex(&format!(r"(?:^|[\s/|,.(\[–—-])(?i:via\s+)?(?:{agencies})(?:$|[\s/|,.)\]–—-])"))?,
        bracketed: pattern::regex(r"[(\[](?P<credit>[^()\[\]]{2,})[)\]]\s*\.?\s*$")?,
        joined: pattern::regex(r"\S\s*/\s*\S|\s\|\s|(?-u:\b)via(?-u:\b)")?,
        platform: pattern::regex(
            r"(?i)(?-u:\b)(?P<platform>YouTube|Twitter|Facebook|Telegram|TikTok|Instagram|WhatsApp|Vimeo|VKontakte|VK|Snapchat|Periscope|X)(?-u:\b)|(?P<other>يوتيوب|تويتر|فيسبوك|تلغرام|تيليغرام|انستغرام)",
        )?,
        credit_names: file.credit_names.into_iter().collect(),
        caption_names: file.caption_names.into_iter().collect(),
        boxes: file.boxes.into_iter().collect(),
    })
}

static RULES: LazyLock<Option<Rules>> = LazyLock::new(|| compile(file()).ok());

fn named(names: &str, of: impl Fn(&Rules) -> &HashSet<String>) -> bool {
    RULES.as_ref().is_some_and(|rules| {
        names.split_ascii_whitespace().take(30).any(|name| {
            let words = name_words(name);
            words.iter().any(|word| of(rules).contains(word)) || of(rules).contains(&words.concat())
        })
    })
}

/// Whether a class names a credit.
pub(super) fn is_credit_name(names: &str) -> bool {
    named(names, |rules| &rules.credit_names)
}

/// Whether a class names a caption.
pub(super) fn is_caption_name(names: &str) -> bool {
    named(names, |rules| &rules.caption_names)
}

/// Whether a class names a box around a picture or film.
pub(super) fn is_box_name(names: &str) -> bool {
    named(names, |rules| &rules.boxes)
}

/// Parts a caption from the credit at its end. The caption is a beginning of the text.
pub(super) fn split(text: &str) -> (&str, Option<String>) {
    let Some(rules) = RULES.as_ref() else { return (text, None) };
    let text = text.trim_end();
    let parted = |at: usize, credit: &str| {
        let caption = text[..at].trim_end().trim_end_matches(['(', '[', '|', '–', '—', '-', '/', ',', '\u{a0}']).trim_end();
        let credit = name(credit);
        (!credit.is_empty()).then_some((caption, Some(credit)))
    };
    if let Some(found) = rules.bracketed.captures(text)
        && let (Some(whole), Some(credit)) = (found.get(0), found.name("credit"))
        && credit.as_str().chars().count() <= 140
        && is_credit(rules, credit.as_str())
        && let Some(parted) = parted(whole.start(), credit.as_str())
    {
        return parted;
    }
    // The last label counts: a caption can speak of a photo before.
    if let Some(found) = labelled(rules, text)
        && let (Some(whole), Some(credit)) = (found.get(0), found.name("credit"))
    {
        let credit = credit.as_str();
        let (from, inner) = match labelled(rules, credit) {
            Some(inner) => {
                let at = credit.len() - inner.get(0).map_or(0, |inner| inner.len());
                (text.len() - credit.len() + at, inner.name("credit").map_or(credit, |credit| credit.as_str()))
            }
            None => (whole.start(), credit),
        };
        // A sentence that goes on is none.
        let colon = text[whole.start()..].find([':', '©', '/']).is_some_and(|at| at < 40);
        let words = inner.split_whitespace().count();
        let sign = text[whole.start()..].trim_start().starts_with('©') && words <= 20;
        let capital = inner.trim_start().chars().next().is_some_and(|letter| !letter.is_lowercase() || inner.contains('/'));
        if sign && let Some(parted) = parted(whole.start(), credit) {
            return parted;
        }
        if words <= 12
            && (capital || colon)
            && !inner.contains(". ")
            && (colon || text[..from].trim_end().ends_with(['.', '!', '?', '"', '”', '|', ')']) || from == 0)
            && let Some(parted) = parted(from, inner)
        {
            return parted;
        }
    }
    // A last part that is no sentence, and names an agency: `… oppose it. Jaafar Ashtiyeh / AFP`.
    let ends = text.char_indices().rev().skip(1).find(|(at, letter)| {
        matches!(letter, '.' | '!' | '?' | '|' | '”' | '"')
            && text[at + letter.len_utf8()..].starts_with([' ', '\u{a0}'])
            && !text[..*at].ends_with(|before: char| before.is_uppercase() && text[..*at].len() < 3)
    });
    if let Some((at, letter)) = ends {
        let tail = text[at + letter.len_utf8()..].trim();
        if tail.split_whitespace().count() <= 8 && !tail.ends_with(['!', '?']) && is_credit(rules, tail) {
            let end = if letter == '|' { at } else { at + letter.len_utf8() };
            if let Some(parted) = parted(end, tail) {
                return parted;
            }
        }
    }
    (text, None)
}

/// The first label that a credit of a credit's length stands behind, to the text's end.
fn labelled<'a>(rules: &Rules, text: &'a str) -> Option<Captures<'a>> {
    /// Characters of the longest credit, and bytes of it with its label.
    const LONGEST: (usize, usize) = (150, 700);
    let mut from = text.floor_char_boundary(text.len().saturating_sub(LONGEST.1));
    loop {
        let found = rules.labelled.captures_from(text, from)?;
        if found["credit"].chars().count() <= LONGEST.0 {
            return Some(found);
        }
        from = text.ceil_char_boundary(found.get(0)?.start() + 1);
    }
}

/// Whether a short text stands for a source.
fn is_credit(rules: &Rules, text: &str) -> bool {
    let text = text.trim();
    let words = text.split_whitespace().count();
    let names = text
        .split_whitespace()
        .filter(|word| word.starts_with(|letter: char| letter.is_uppercase() || matches!(letter, '/' | '|' | '@' | '©')))
        .count();
    let labelled = rules.label.is_match(text)
        || text
            .to_lowercase()
            .split_whitespace()
            .next()
            .is_some_and(|first| matches!(first, "photo" | "foto" | "photos" | "bild" | "via" | "©" | "ap" | "image"));
    (1..=14).contains(&words)
        && (labelled
            || (rules.agency.is_match(text) && names * 2 >= words)
            || (rules.joined.is_match(text) && names * 3 >= words * 2 && words <= 8))
}

/// Whether a short text is nothing but a credit.
pub(super) fn is_only_credit(text: &str) -> bool {
    let Some(rules) = RULES.as_ref() else { return false };
    let credit = text.chars().count() < 140 && !text.trim_end().ends_with(['!', '?']) && is_credit(rules, text);
    // A caption with its credit is more than that.
    credit && {
        let (caption, rest) = split(text);
        rest.is_none() || caption.split_whitespace().count() < 4 || is_credit(rules, caption)
    }
}

/// A credit without its label: `Photo: Anna Karam` is `Anna Karam`.
pub(super) fn name(text: &str) -> String {
    let text = folded(text);
    let bare = text.trim_matches(|letter: char| letter.is_whitespace() || matches!(letter, '[' | ']' | '|' | '–' | '—' | ','));
    let bare =
        bare.strip_prefix('(').and_then(|bare| bare.strip_suffix(')')).filter(|bare| !bare.contains(['(', ')'])).unwrap_or(bare);
    let found = RULES.as_ref().and_then(|rules| rules.label.captures(bare));
    let rest = found.as_ref().and_then(|found| found.name("rest").or(found.name("sign"))).map_or(bare, |rest| rest.as_str());
    // Players put a film's length before its source.
    let timed =
        rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':').trim_start_matches([' ', '-', '–']);
    if rest.contains(':')
        && rest.starts_with(|letter: char| letter.is_ascii_digit())
        && !timed.is_empty()
        && timed.len() < rest.len()
    {
        return name(timed);
    }
    let mut rest = rest.trim_start_matches(['©', ' ', ':', '/']).trim_end_matches([']', '.', ' ', '©', '|', ',']);
    while rest.ends_with(')') && rest.matches('(').count() < rest.matches(')').count() {
        rest = rest[..rest.len() - 1].trim_end();
    }
    if rest.is_empty() { bare.to_owned() } else { rest.to_owned() }
}

/// Who uploaded, and where, when a credit says so: `YouTube/NAME`, `NAME/YouTube`, `NAME via Twitter`,
/// `@name/X`. A credit without a platform names a source, not an uploader.
pub(super) fn uploader(credit: &str) -> Option<(String, String)> {
    let found = RULES.as_ref()?.platform.captures(credit)?;
    let whole = found.get(0)?;
    let platform = found.name("platform").or_else(|| found.name("other"))?.as_str().to_owned();
    let edge = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '|' | ':' | '-' | '–' | '—' | ',' | '(' | ')');
    let before = credit[..whole.start()].trim_matches(edge);
    let before = before.strip_suffix("via").or_else(|| before.strip_suffix("on")).unwrap_or(before).trim_matches(edge);
    let after = credit[whole.end()..].trim_matches(edge);
    let name = if after.is_empty() { before } else { after };
    let name = name.strip_prefix("channel").map_or(name, |rest| rest.trim_matches(edge));
    (!name.is_empty() && name.split_whitespace().count() <= 8).then(|| (name.to_owned(), platform))
}

/// The platform that words name, as they name it.
pub(super) fn platform(text: &str) -> Option<String> {
    let found = RULES.as_ref()?.platform.captures(text)?;
    Some(found.name("platform").or_else(|| found.name("other"))?.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_whole() {
        compile(toml::from_str(include_str!("../../config/credits.toml")).unwrap()).unwrap();
    }

    #[test]
    fn credits_are_parted_from_captions() {
        for (text, caption, credit) in [
            ("Rescuers at work. Photo: Anna Karam", "Rescuers at work.", Some("Anna Karam")),
            ("Rescuers (Photo credit: Reuters)", "Rescuers", Some("Reuters")),
            ("Un homme prie. (Photo Jean Karam. AFP)", "Un homme prie.", Some("Photo Jean Karam. AFP")),
            ("A street after the strike. Anna KARAM / AFP", "A street after the strike.", Some("Anna KARAM / AFP")),
            ("The convoy on Tuesday. (Anna Karam/Reuters)", "The convoy on Tuesday.", Some("Anna Karam/Reuters")),
            ("Rauch über der Stadt. © Anna Karam", "Rauch über der Stadt.", Some("Anna Karam")),
            (
                "The gutted house, which had 140 rooms. Photograph: Anna Karam/Reuters",
                "The gutted house, which had 140 rooms.",
                Some("Anna Karam/Reuters"),
            ),
            ("A photograph of the street.", "A photograph of the street.", None),
            ("The photo from the scene shows a man in a car.", "The photo from the scene shows a man in a car.", None),
            ("He spoke to Reuters.", "He spoke to Reuters.", None),
            ("Smoke over the town (background)", "Smoke over the town (background)", None),
            ("قصف على القرية. تصوير: أحمد", "قصف على القرية.", Some("أحمد")),
            ("Вид на город. Фото: Иван Петров / ТАСС", "Вид на город.", Some("Иван Петров / ТАСС")),
        ] {
            assert_eq!(split(text), (caption, credit.map(str::to_owned)), "{text}");
        }
    }

    #[test]
    fn credits_are_read() {
        assert_eq!(name("Foto via YouTube/Syrian Civil Defense"), "YouTube/Syrian Civil Defense");
        assert_eq!(name("Photo: Anna Karam"), "Anna Karam");
        assert_eq!(name("DR"), "DR");
        assert_eq!(uploader("YouTube/Syrian Civil Defense"), Some(("Syrian Civil Defense".into(), "YouTube".into())));
        assert_eq!(uploader("@rescue via Twitter"), Some(("@rescue".into(), "Twitter".into())));
        assert_eq!(uploader("Anna Karam/Reuters"), None);
        assert!(is_only_credit("Photo: Anna Karam/Anadolu via Getty Images") && is_only_credit("Anna Karam / Reuters"));
        assert!(
            !is_only_credit("Children play in the street.")
                && !is_only_credit("Rund um den Ort gibt es Sperrungen. © DPA | Anna Karam")
        );
        assert_eq!(
            split("Rund um den Ort gibt es Sperrungen. © DPA | Anna Karam"),
            ("Rund um den Ort gibt es Sperrungen.", Some("DPA | Anna Karam".into()))
        );
        assert!(is_caption_name("wp-caption-text") && is_caption_name("leadMediaCaption") && is_credit_name("photo__credit"));
    }
}
