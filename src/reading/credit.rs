//! Credits: who is named as the source of a picture or video.

use std::sync::LazyLock;

use regex::Regex;

/// A credit at the end of a caption, behind a label or in brackets.
static AT_END: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(?i)[\s(\[|–—-]*\b(?:(?:photo|foto|image|picture|video|screengrab|screenshot|still|footage)s?(?:\s+credit)?\s*(?:via|by|courtesy of|courtesy|from|:|/|©)|(?:photo\s+)?credits?\s*:|courtesy of|source\s*:|quelle\s*:|crédit(?:s| photo)?\s*:|صورة\s*:|المصدر\s*:|تصوير\s*:|фото\s*:|источник\s*:|©)\s*(?P<credit>[^\n]{2,120}?)[\s)\].]*$",
    )
    .ok()
});

/// A label in front of a name.
static LABEL: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)^\W*(?:(?:photo|foto|image|picture|video|screengrab|screenshot|still|source|quelle|credits?|crédits?|صورة|المصدر|تصوير|фото)s?(?:\s+(?:credit|photo))?\s*)?(?:via\s|by\s|courtesy of\s|courtesy\s|from\s|:|/|©)?\s*").ok()
});

/// The platforms that credits name, as they name them.
static PLATFORM: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?P<platform>YouTube|Twitter|Facebook|Telegram|TikTok|Instagram|WhatsApp|Vimeo|VK|X)\b|(?P<other>يوتيوب|تويتر|فيسبوك|تلغرام|تيليغرام)").ok()
});

/// Parts a caption from the credit behind it. The caption is a beginning of the text.
pub(super) fn split(text: &str) -> (&str, Option<String>) {
    let Some(found) = AT_END.as_ref().and_then(|pattern| pattern.captures(text)) else { return (text, None) };
    let (Some(whole), Some(credit)) = (found.get(0), found.name("credit")) else { return (text, None) };
    (text[..whole.start()].trim_end(), Some(credit.as_str().trim().to_owned()))
}

/// A credit without its label: `Photo: Anna Karam` is `Anna Karam`.
pub(super) fn name(text: &str) -> String {
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match LABEL.as_ref().map(|label| label.replace(&text, "").into_owned()) {
        Some(name) if !name.is_empty() => name.trim_end_matches([')', ']', '.']).to_owned(),
        _ => text,
    }
}

/// Who uploaded, and where, when a credit says so: `YouTube/NAME`, `NAME/YouTube`, `NAME via Twitter`,
/// `@name/X`. A credit without a platform names a source, not an uploader.
pub(super) fn uploader(credit: &str) -> Option<(String, String)> {
    let found = PLATFORM.as_ref()?.captures(credit)?;
    let whole = found.get(0)?;
    let platform = found.name("platform").or_else(|| found.name("other"))?.as_str().to_owned();
    let edge = |letter: char| letter.is_whitespace() || matches!(letter, '/' | '|' | ':' | '-' | '–' | '—' | ',' | '(' | ')');
    let before = credit[..whole.start()].trim_matches(edge);
    let before = before.strip_suffix("via").or_else(|| before.strip_suffix("on")).unwrap_or(before).trim_matches(edge);
    let after = credit[whole.end()..].trim_matches(edge);
    let name = if after.is_empty() { before } else { after };
    (!name.is_empty()).then(|| (name.to_owned(), platform))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credits_are_parted_from_captions_and_read() {
        assert_eq!(split("Rescuers at work. Photo: Anna Karam"), ("Rescuers at work.", Some("Anna Karam".into())));
        assert_eq!(split("Rescuers (Photo credit: Reuters)"), ("Rescuers", Some("Reuters".into())));
        assert_eq!(split("A photograph of the street."), ("A photograph of the street.", None));
        assert_eq!(name("Foto via YouTube/Syrian Civil Defense"), "YouTube/Syrian Civil Defense");
        assert_eq!(uploader("YouTube/Syrian Civil Defense"), Some(("Syrian Civil Defense".into(), "YouTube".into())));
        assert_eq!(uploader("@rescue via Twitter"), Some(("@rescue".into(), "Twitter".into())));
        assert_eq!(uploader("Anna Karam/Reuters"), None);
    }
}
