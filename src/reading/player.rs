//! Players that pages build by script: the table in `config/players.toml`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use serde::Deserialize;

use super::HashSet;
use super::pattern::{self, NoPattern, Regex};
use super::tree::Tree;

#[derive(Deserialize, Default)]
struct File {
    player: Vec<Entry>,
    addresses: Addresses,
}

#[derive(Deserialize)]
struct Entry {
    element: Option<String>,
    #[serde(default)]
    when: BTreeMap<String, String>,
    id: Vec<String>,
    #[serde(rename = "match")]
    pattern: Option<String>,
    url: String,
}

#[derive(Deserialize, Default)]
struct Addresses {
    platform: Vec<String>,
    media: Vec<String>,
    json_ids: Vec<String>,
}

struct Player {
    element: Option<String>,
    when: BTreeMap<String, String>,
    id: Vec<String>,
    pattern: Regex,
    url: String,
}

const ID: &str = "^[A-Za-z0-9_-]{3,80}$";

fn file() -> File {
    toml::from_str(include_str!("../../config/players.toml")).unwrap_or_default()
}

fn compile(file: &File) -> Result<(Vec<Player>, Regex), NoPattern> {
    let player = |entry: &Entry| {
        Ok(Player {
            element: entry.element.clone(),
            when: entry.when.clone(),
            id: entry.id.clone(),
            pattern: pattern::regex(entry.pattern.as_deref().unwrap_or(ID))?,
            url: entry.url.clone(),
        })
    };
    let players = file.player.iter().map(player).collect::<Result<_, NoPattern>>()?;
    let keys = file.addresses.json_ids.join("|");
    Ok((players, pattern::regex(&format!(r#"["'](?:{keys})["']\s*:\s*["'](?P<id>[A-Za-z0-9_-]{{11}})["']"#))?))
}

struct Table {
    players: Vec<Player>,
    json: Regex,
    addresses: Addresses,
    /// Attributes that a player or an address is known by.
    stated: HashSet<String>,
}

static TABLE: LazyLock<Option<Table>> = LazyLock::new(|| {
    let file = file();
    let (players, json) = compile(&file).ok()?;
    let of_players = players.iter().flat_map(|player| &player.id);
    let stated = of_players.chain(&file.addresses.platform).chain(&file.addresses.media).cloned().collect();
    Some(Table { players, json, addresses: file.addresses, stated })
});

/// An address that an element's attributes stand for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Played {
    /// Built from an id.
    Id(String),
    /// As written.
    Address(String),
    /// As written, of some film or sound, on no platform that is known.
    Media(String),
}

/// What an element plays by its attributes. `known` says whether an address is a platform's.
pub(super) fn played(tree: &Tree, at: usize, known: &dyn Fn(&str) -> bool) -> Option<Played> {
    let name = tree.name(at);
    let custom = name.contains('-');
    // Most elements have no such attributes.
    if !custom
        && !tree
            .attributes(at)
            .any(|(name, _)| name.starts_with("data-") || name == "props" || name == "videoid" || name == "entry_id")
    {
        return None;
    }
    let Table { players, json, addresses, stated } = TABLE.as_ref()?;
    let speaks = |word: &str| {
        name.contains(word)
            || tree.attributes(at).any(|(name, value)| {
                name.contains(word)
                    || value.get(..value.len().min(4000)).is_some_and(|value| value.to_ascii_lowercase().contains(word))
            })
    };
    let known_by = tree.attributes(at).any(|(name, _)| stated.contains(name));
    let its = |player: &&Player| known_by && player.element.as_deref().is_none_or(|element| element == name);
    for player in players.iter().filter(its) {
        let holds = |(attribute, part): (&String, &String)| match attribute.as_str() {
            "any" => speaks(part),
            attribute => tree.first(at, &[attribute]).is_some_and(|value| value.contains(part.as_str())),
        };
        let id = player.id.iter().find_map(|attribute| tree.first(at, &[attribute]).filter(|id| player.pattern.is_match(id)));
        if let Some(id) = id
            && player.when.iter().all(holds)
        {
            let mut url = player.url.replace("{id}", id);
            for (attribute, value) in tree.attributes(at).filter(|(_, value)| value.len() < 200) {
                url = url.replace(&format!("{{{attribute}}}"), value);
            }
            return (!url.contains('{')).then_some(Played::Id(url));
        }
    }
    let first = |names: &[String], accept: &dyn Fn(&str) -> bool| {
        names
            .iter()
            .find_map(|name| tree.first(at, &[name]).filter(|value| value.len() < 4096 && accept(value)).map(str::to_owned))
    };
    let address = |value: &str| value.contains("//") || value.starts_with('/');
    if known_by
        && name != "a"
        && name != "blockquote"
        && let Some(url) = first(&addresses.platform, &|value| address(value) && known(value))
    {
        return Some(Played::Address(url));
    }
    if known_by && let Some(url) = first(&addresses.media, &address) {
        return Some(Played::Media(url));
    }
    // Looked for in what is written as JSON is.
    if tree.attributes(at).any(|(_, value)| value.contains(':') && value.contains(['"', '\''])) && speaks("youtube") {
        let found = tree.attributes(at).find_map(|(_, value)| Some(json.captures(value)?.name("id")?.as_str().to_owned()));
        return found.map(|id| Played::Id(format!("https://www.youtube.com/watch?v={id}")));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    #[test]
    fn the_table_can_be_read_whole() {
        let file: File = toml::from_str(include_str!("../../config/players.toml")).unwrap();
        compile(&file).unwrap();
        assert!(file.player.iter().all(|player| player.url.contains("{id}")));
    }

    #[test]
    fn players_are_known_by_their_attributes() {
        let of = |html: &str| {
            let tree = parse(html);
            played(&tree, 1, &|url| url.contains("t.me/"))
        };
        let id = |url: &str| Some(Played::Id(url.to_owned()));
        assert_eq!(of("<amp-youtube data-videoid=abcdefghijk>"), id("https://www.youtube.com/watch?v=abcdefghijk"));
        assert_eq!(
            of("<div class=vjs data-account=12 data-video-id=345>"),
            id("https://players.brightcove.net/12/default_default/index.html?videoId=345")
        );
        assert_eq!(of("<div class=player-youtube data-video-id=abcdefghijk>"), id("https://www.youtube.com/watch?v=abcdefghijk"));
        assert_eq!(
            of(r#"<x-island name=YoutubeBlock props='{"assetId":"abcdefghijk"}'>"#),
            id("https://www.youtube.com/watch?v=abcdefghijk")
        );
        assert_eq!(of("<div data-url='https://t.me/a/1'>"), Some(Played::Address("https://t.me/a/1".into())));
        assert_eq!(of("<div data-contenturl='//news.example/a.html'>"), Some(Played::Media("//news.example/a.html".into())));
        assert_eq!(of("<div class=x data-id=5>"), None);
    }
}
