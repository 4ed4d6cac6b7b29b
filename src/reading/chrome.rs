//! What belongs to the site and not to the report.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::RegexSet;
use serde::Deserialize;

#[derive(Deserialize)]
struct File {
    parts: Vec<String>,
    images: Vec<String>,
}

struct Chrome {
    parts: BTreeSet<String>,
    images: RegexSet,
}

static CHROME: LazyLock<Chrome> = LazyLock::new(|| {
    let file: File =
        toml::from_str(include_str!("../../config/chrome.toml")).unwrap_or(File { parts: Vec::new(), images: Vec::new() });
    Chrome { parts: file.parts.into_iter().collect(), images: RegexSet::new(file.images).unwrap_or_default() }
});

/// Whether class, id or role name a part of the site.
pub(super) fn is_part(names: &str) -> bool {
    names.split_ascii_whitespace().any(|name| {
        let name = name.to_ascii_lowercase();
        // Block names of the BEM habit, and words joined by dashes.
        CHROME.parts.contains(&name)
            || name.split(['-', '_']).next().is_some_and(|first| CHROME.parts.contains(first))
            || name.split(['-', '_']).next_back().is_some_and(|last| CHROME.parts.contains(last))
    })
}

/// Whether an address is that of a logo, icon, pixel or the like.
pub(super) fn is_image(url: &str) -> bool {
    CHROME.images.is_match(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_whole_and_says_what_it_should() {
        let file: File = toml::from_str(include_str!("../../config/chrome.toml")).unwrap();
        assert!(RegexSet::new(file.images).is_ok());
        assert!(is_part("site-nav"));
        assert!(is_part("x share-tools"));
        assert!(!is_part("article-body lead"));
        assert!(is_image("/static/logo.png"));
        assert!(!is_image("/2015/10/rescue-convoy.jpg"));
    }
}
