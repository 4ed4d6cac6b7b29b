//! Addresses: which platform, which kind, and one canonical spelling each.

use std::sync::{LazyLock, OnceLock};

use regex::RegexSet;
use serde::Deserialize;
use url::Url;

use crate::evidence::MediaKind;

use super::pattern::{self, Regex};

#[derive(Deserialize)]
struct File {
    platform: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    name: String,
    kind: MediaKind,
    #[serde(rename = "match")]
    patterns: Vec<String>,
    canonical: String,
}

struct Platform {
    name: String,
    kind: MediaKind,
    canonical: String,
}

/// One pattern of the table, with the place of its platform.
struct Pattern {
    platform: usize,
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

/// The table in `config/platforms.toml`: all patterns as one, so that an address is looked through once.
struct Table {
    platforms: Vec<Platform>,
    patterns: Vec<Pattern>,
    any: RegexSet,
}

/// A test reads the table, so that it cannot be broken at run time.
static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let file: File = toml::from_str(include_str!("../../config/platforms.toml")).unwrap_or(File { platform: Vec::new() });
    let (mut platforms, mut patterns) = (Vec::new(), Vec::new());
    for (platform, entry) in file.platform.into_iter().enumerate() {
        platforms.push(Platform { name: entry.name, kind: entry.kind, canonical: entry.canonical });
        patterns.extend(entry.patterns.into_iter().map(|text| Pattern { platform, text, compiled: OnceLock::new() }));
    }
    let texts: Vec<String> = patterns.iter().map(|pattern| pattern.text.clone()).collect();
    Table { platforms, any: pattern::set(&texts).unwrap_or_default(), patterns }
});

/// A platform's item, by an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct OnPlatform {
    pub name: String,
    pub id: String,
    pub kind: MediaKind,
    pub canonical: String,
}

/// Recognises a platform's or archive's address.
pub(super) fn recognise(url: &Url) -> Option<OnPlatform> {
    let host = url.host_str()?.trim_end_matches('.').to_ascii_lowercase();
    let host = host.strip_prefix("www.").or_else(|| host.strip_prefix("m.")).unwrap_or(&host);
    let query = url.query().map(|query| format!("?{query}")).unwrap_or_default();
    let spelled = format!("{host}{}{query}", url.path());
    let found = TABLE.any.matches(&spelled);
    found.iter().filter_map(|nth| TABLE.patterns.get(nth)).find_map(|pattern| {
        let compiled = pattern.compiled.get_or_init(|| pattern::regex(&pattern.text).ok()).as_ref()?;
        let id = compiled.captures(&spelled)?.name("id")?.as_str().to_owned();
        let platform = &TABLE.platforms[pattern.platform];
        let canonical = platform.canonical.replace("{id}", &id);
        Some(OnPlatform { name: platform.name.clone(), id, kind: platform.kind, canonical })
    })
}

/// Parameters that say where a reader came from, not what they asked for.
fn is_tracking(name: &str) -> bool {
    name.starts_with("utm_")
        || matches!(name, "fbclid" | "gclid" | "dclid" | "msclkid" | "igshid" | "mc_cid" | "mc_eid" | "ref_src" | "ref_url")
}

/// The one spelling of a web address: scheme and host in lower case, no default port, no fragment, no
/// tracking parameters; a platform's item by its own canonical form. Applying it twice changes nothing.
pub fn canonical_url(url: &Url) -> String {
    if let Some(found) = recognise(url) {
        return found.canonical;
    }
    let mut plain = url.clone();
    plain.set_fragment(None);
    if url.query().is_some_and(|query| query.split('&').any(|pair| is_tracking(pair.split('=').next().unwrap_or("")))) {
        let kept: Vec<&str> =
            url.query().unwrap_or("").split('&').filter(|pair| !is_tracking(pair.split('=').next().unwrap_or(""))).collect();
        plain.set_query((!kept.is_empty()).then(|| kept.join("&")).as_deref());
    }
    plain.to_string()
}

/// The kind of media that a path's ending stands for.
pub fn media_kind_of_path(path: &str) -> Option<MediaKind> {
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let name = path.rsplit('/').next().unwrap_or(path);
    let (stem, ending) = name.rsplit_once('.')?;
    if stem.is_empty() {
        return None;
    }
    Some(match ending.to_ascii_lowercase().as_str() {
        "mp4" | "m4v" | "mov" | "webm" | "mkv" | "avi" | "3gp" | "3g2" | "flv" | "wmv" | "mpg" | "mpeg" | "ogv" | "mts"
        | "m2ts" | "m3u8" | "mpd" | "ts" => MediaKind::Video,
        "jpg" | "jpeg" | "png" | "gif" | "webp" | "avif" | "heic" | "heif" | "tif" | "tiff" | "bmp" | "jxl" => MediaKind::Image,
        "mp3" | "m4a" | "aac" | "ogg" | "oga" | "opus" | "wav" | "flac" | "amr" => MediaKind::Audio,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_platforms_can_be_read_whole() {
        let file: File = toml::from_str(include_str!("../../config/platforms.toml")).unwrap();
        for entry in file.platform {
            for text in &entry.patterns {
                assert!(pattern::regex(text).is_ok() && text.contains("<id>"), "{}: {text}", entry.name);
            }
        }
    }

    #[test]
    fn two_spellings_of_one_thing_get_one_address() {
        let same = [
            "https://www.youtube.com/watch?v=dQw4w9WgXcQ&t=10",
            "https://youtu.be/dQw4w9WgXcQ?si=x",
            "http://www.youtube-nocookie.com/embed/dQw4w9WgXcQ?rel=0",
            "https://m.youtube.com/watch?feature=x&v=dQw4w9WgXcQ",
        ];
        for text in same {
            let canonical = canonical_url(&Url::parse(text).unwrap());
            assert_eq!(canonical, "https://www.youtube.com/watch?v=dQw4w9WgXcQ");
            assert_eq!(canonical_url(&Url::parse(&canonical).unwrap()), canonical);
        }
        let plain = Url::parse("HTTPS://News.Example:443/a?utm_source=x&id=7#top").unwrap();
        assert_eq!(canonical_url(&plain), "https://news.example/a?id=7");
    }

    #[test]
    fn a_profile_is_not_a_post() {
        for text in ["https://twitter.com/vicenews", "https://www.youtube.com/user/x", "https://t.me/channel"] {
            assert_eq!(recognise(&Url::parse(text).unwrap()), None, "{text}");
        }
    }
}
