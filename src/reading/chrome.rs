//! What belongs to the site and not to the report, by the words of `config/chrome.toml`.

use std::sync::LazyLock;

use regex::RegexSet;
use serde::Deserialize;

use super::{HashSet, pattern};

#[derive(Deserialize, Default)]
struct File {
    parts: Vec<String>,
    media_words: Vec<String>,
    weak: Vec<String>,
    headings: Vec<String>,
    image_words: Vec<String>,
    images: Vec<String>,
    playlist: Vec<String>,
    frames: Vec<String>,
    players: Vec<String>,
    video_pages: Vec<String>,
}

struct Chrome {
    parts: HashSet<&'static str>,
    media_words: HashSet<&'static str>,
    weak: HashSet<&'static str>,
    image_words: HashSet<&'static str>,
}

static FILE: LazyLock<File> = LazyLock::new(|| toml::from_str(include_str!("../../config/chrome.toml")).unwrap_or_default());

static CHROME: LazyLock<Chrome> = LazyLock::new(|| {
    let set = |words: &'static [String]| words.iter().map(String::as_str).collect();
    Chrome {
        parts: set(&FILE.parts),
        media_words: set(&FILE.media_words),
        weak: set(&FILE.weak),
        image_words: set(&FILE.image_words),
    }
});

macro_rules! patterns {
    ($($name:ident = $field:ident;)+) => {
        $(static $name: LazyLock<RegexSet> = LazyLock::new(|| pattern::set(&FILE.$field).unwrap_or_default());)+
    };
}
patterns! {
    HEADINGS = headings;
    IMAGES = images;
    PLAYLIST = playlist;
    FRAMES = frames;
    PLAYERS = players;
    VIDEO_PAGES = video_pages;
}

/// The words of a name in small letters, with a dash between them.
pub(super) struct NameWords(String);

impl NameWords {
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('-').filter(|word| !word.is_empty())
    }

    /// All of them as one word.
    pub fn concat(&self) -> String {
        self.0.replace('-', "")
    }
}

/// The words of a name, at dashes and underscores and where small letters turn to capitals.
pub(super) fn name_words(name: &str) -> NameWords {
    let mut words = String::with_capacity(name.len() + 4);
    let mut small = false;
    for letter in name.chars() {
        if (matches!(letter, '-' | '_' | ':') || (small && letter.is_uppercase())) && !words.is_empty() && !words.ends_with('-') {
            words.push('-');
        }
        small = letter.is_lowercase();
        if small || letter.is_ascii_digit() {
            words.push(letter);
        } else if letter.is_alphanumeric() {
            words.extend(letter.to_lowercase());
        }
    }
    if words.ends_with('-') {
        words.pop();
    }
    NameWords(words)
}

/// How surely a name is that of a part of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    /// Such names are given to what is around a whole report, too.
    Weak,
    Strong,
}

/// Whether class, id or role name a part of the site.
pub(super) fn part(names: &str) -> Option<Part> {
    let of = |word: &str| {
        let known = CHROME.parts.contains(word);
        known.then(|| if CHROME.weak.contains(word) { Part::Weak } else { Part::Strong })
    };
    let name = |name: &str| {
        // Of `most-read__image` the block is `most-read`.
        let block = name.split("__").next().and_then(|name| name.split("--").next()).unwrap_or(name);
        let words = name_words(block);
        let whole = of(&words.0).max(if words.0.contains('-') { of(&words.concat()) } else { None });
        let media = || words.iter().any(|word| CHROME.media_words.contains(word));
        if whole.is_some() || media() {
            return whole;
        }
        words.iter().next().and_then(of).max(words.iter().next_back().and_then(of))
    };
    names.split_ascii_whitespace().take(30).filter_map(name).max()
}

/// Whether class or alt text say that a picture is of the site's own people or tools.
pub(super) fn is_image_word(names: &str) -> bool {
    names.split_ascii_whitespace().take(30).any(|name| name_words(name).iter().any(|word| CHROME.image_words.contains(word)))
}

/// Whether an address is that of a logo, icon, pixel or the like.
pub(super) fn is_image(url: &str) -> bool {
    IMAGES.is_match(url)
}

/// Whether the words beside a picture are those of a playlist's card.
pub(super) fn is_playlist(text: &str) -> bool {
    PLAYLIST.is_match(text)
}

/// Whether a frame's address is that of a map, form, advertisement or the like.
pub(super) fn is_frame(url: &str) -> bool {
    FRAMES.is_match(url)
}

/// Whether a frame's address is that of some player.
pub(super) fn is_player(url: &str) -> bool {
    PLAYERS.is_match(url)
}

/// Whether an address is that of a page about one film.
pub(super) fn is_video_page(path: &str) -> bool {
    VIDEO_PAGES.is_match(path)
}

/// Whether a heading offers other reports.
pub(super) fn is_heading(text: &str) -> bool {
    text.len() < 80 && HEADINGS.is_match(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_can_be_read_whole_and_says_what_it_should() {
        let file: File = toml::from_str(include_str!("../../config/chrome.toml")).unwrap();
        for patterns in [file.headings, file.images, file.playlist, file.frames, file.players, file.video_pages] {
            assert!(RegexSet::new(patterns).is_ok());
        }
        for name in ["site-nav", "x share-tools", "most-read__image", "relatedContent", "adblocker-message"] {
            assert!(part(name).is_some(), "{name}");
        }
        for name in ["article-body lead", "social-media-embed", "video-player", "storyShare", "header", "banner-headline"] {
            assert_eq!(part(name), None, "{name}");
        }
        assert!(is_image("/static/logo.png"));
        assert!(!is_image("/2015/10/rescue-convoy.jpg"));
        assert!(is_heading("Related stories") && !is_heading("The rescue"));
        assert!(is_video_page("/video/2015/04/30/a-strike-in-idlib_12345") && !is_video_page("/videos/"));
        assert!(is_player("https://www.news.example/portableplayer/?id=1") && is_frame("https://www.google.com/maps/embed?pb=1"));
    }
}
