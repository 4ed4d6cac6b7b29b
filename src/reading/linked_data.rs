//! What a page says of its media to machines: JSON-LD (schema.org), OpenGraph and Twitter cards.

use serde_json::{Map, Value};

use super::outline::folded;
use super::tree::Tree;

/// A picture or film as a page describes it to machines.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Described {
    pub url: String,
    /// Other addresses of the same.
    pub others: Vec<String>,
    pub caption: Option<String>,
    pub credit: Option<String>,
}

/// All of it.
#[derive(Debug, Default)]
pub(super) struct LinkedData {
    /// Pictures with what is said of them.
    pub images: Vec<Described>,
    /// Films of the article itself.
    pub videos: Vec<Described>,
    /// Addresses of the picture that stands for the article.
    pub primary: Vec<String>,
    pub headline: Option<String>,
    pub published: Option<String>,
    pub publisher: Option<String>,
    pub authors: Vec<String>,
    pub language: Option<String>,
}

/// A script longer than this is not read: 2 MiB.
const LONGEST: usize = 2 << 20;
/// Values looked at in all.
const VALUES: usize = 20_000;

/// Reads every `application/ld+json` script and the cards among the meta elements.
pub(super) fn read(tree: &Tree) -> LinkedData {
    let mut data = LinkedData::default();
    let mut left = VALUES;
    for at in 0..tree.len() {
        match tree.name(at) {
            "script" if tree.get(at, "type").is_some_and(|of| of.to_ascii_lowercase().contains("ld+json")) => {
                let script = tree.script(at);
                let json = script.trim().trim_start_matches("//").trim_start_matches("<![CDATA[").trim();
                let json = json.trim_end_matches("]]>").trim_end_matches("//").trim();
                let parsed =
                    (json.len() < LONGEST).then(|| serde_json::from_str::<Value>(json).or_else(|_| without_controls(json)));
                if let Some(Ok(value)) = parsed {
                    data.value(&value, false, &mut left);
                }
            }
            "meta" => {
                let content = tree.first(at, &["content", "value"]).unwrap_or("");
                let name = tree.first(at, &["property", "name", "itemprop"]).unwrap_or("").to_ascii_lowercase();
                let image = matches!(
                    name.as_str(),
                    "og:image" | "og:image:url" | "og:image:secure_url" | "twitter:image" | "twitter:image:src" | "thumbnailurl"
                );
                if image && !content.is_empty() {
                    // Some sites escape twice.
                    data.primary.push(content.replace("&amp;", "&"));
                }
            }
            "link" if tree.get(at, "rel") == Some("image_src") => {
                data.primary.extend(tree.first(at, &["href"]).map(str::to_owned))
            }
            _ => {}
        }
    }
    data
}

/// Line ends inside strings are no JSON; they are common all the same.
fn without_controls(json: &str) -> serde_json::Result<Value> {
    serde_json::from_str(&json.replace(|letter: char| letter.is_control(), " "))
}

fn text(value: Option<&Value>) -> Option<String> {
    let text = match value? {
        Value::String(text) => text.clone(),
        Value::Array(all) => return all.iter().find_map(|value| text(Some(value))),
        Value::Object(map) => return text(map.get("name").or(map.get("@value"))),
        _ => return None,
    };
    let folded = folded(&text);
    (!folded.is_empty() && folded.len() < 4000).then_some(folded)
}

fn addresses(value: Option<&Value>, into: &mut Vec<String>) {
    match value {
        Some(Value::String(url)) if url.contains("//") || url.starts_with('/') => into.push(url.trim().to_owned()),
        Some(Value::Array(all)) => all.iter().take(20).for_each(|value| addresses(Some(value), into)),
        Some(Value::Object(map)) => {
            ["contentUrl", "url", "embedUrl"].iter().for_each(|name| addresses(map.get(*name), into));
        }
        _ => {}
    }
}

fn is(map: &Map<String, Value>, wanted: &[&str]) -> bool {
    let named = |text: &str| wanted.contains(&text.rsplit('/').next().unwrap_or(text));
    match map.get("@type") {
        Some(Value::String(text)) => named(text),
        Some(Value::Array(all)) => all.iter().filter_map(Value::as_str).any(named),
        _ => false,
    }
}

const ARTICLES: &[&str] = &[
    "NewsArticle",
    "Article",
    "ReportageNewsArticle",
    "AnalysisNewsArticle",
    "BlogPosting",
    "LiveBlogPosting",
    "OpinionNewsArticle",
    "ReviewNewsArticle",
    "BackgroundNewsArticle",
    "Report",
    "ClaimReview",
    "SocialMediaPosting",
    "AdvertiserContentArticle",
];

impl LinkedData {
    /// `listed`: inside a list of other things.
    fn value(&mut self, value: &Value, listed: bool, left: &mut usize) {
        *left = left.saturating_sub(1);
        if *left == 0 {
            return;
        }
        match value {
            Value::Array(all) => all.iter().for_each(|value| self.value(value, listed, left)),
            Value::Object(map) => {
                let listed = listed
                    || is(map, &["ItemList", "BreadcrumbList", "Organization", "NewsMediaOrganization", "Person", "WebSite"]);
                if !listed && is(map, ARTICLES) {
                    self.article(map);
                }
                if is(map, &["VideoObject", "AudioObject", "Clip"]) && !listed {
                    self.video(map);
                }
                if is(map, &["ImageObject", "Photograph"]) {
                    self.image(map);
                }
                for (name, value) in map {
                    // A publisher's or author's picture is not the report's.
                    if !matches!(
                        name.as_str(),
                        "publisher" | "author" | "logo" | "isPartOf" | "itemReviewed" | "thumbnail" | "potentialAction"
                    ) {
                        self.value(value, listed, left);
                    }
                }
            }
            _ => {}
        }
    }

    fn article(&mut self, map: &Map<String, Value>) {
        let take = |slot: &mut Option<String>, value: Option<String>| *slot = slot.take().or(value);
        take(&mut self.headline, text(map.get("headline")));
        take(&mut self.published, text(map.get("datePublished")));
        take(&mut self.publisher, text(map.get("publisher")));
        take(&mut self.language, text(map.get("inLanguage")));
        if self.authors.is_empty() {
            match map.get("author") {
                Some(Value::Array(all)) => self.authors.extend(all.iter().take(20).filter_map(|author| text(Some(author)))),
                author => self.authors.extend(text(author)),
            }
            self.authors.retain(|author| !author.contains("//"));
        }
        addresses(map.get("image"), &mut self.primary);
        addresses(map.get("thumbnailUrl"), &mut self.primary);
    }

    fn image(&mut self, map: &Map<String, Value>) {
        let mut urls = Vec::new();
        addresses(Some(&Value::Object(map.clone())), &mut urls);
        if let Some(url) = urls.first().cloned() {
            let credit = ["creditText", "credit", "copyrightHolder", "copyrightNotice", "author", "creator"];
            self.images.push(Described {
                url,
                others: urls.split_off(1),
                caption: text(map.get("caption")).or_else(|| text(map.get("description"))).filter(|text| text.contains(' ')),
                credit: credit.iter().find_map(|name| text(map.get(*name))),
            });
        }
    }

    fn video(&mut self, map: &Map<String, Value>) {
        let mut urls = Vec::new();
        ["embedUrl", "contentUrl", "url", "@id"].iter().for_each(|name| addresses(map.get(*name), &mut urls));
        if let Some(url) = urls.first().cloned() {
            self.videos.push(Described {
                url,
                others: urls.split_off(1),
                caption: text(map.get("description")).or_else(|| text(map.get("name"))),
                credit: None,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    #[test]
    fn articles_pictures_and_films_are_read_and_lists_of_others_are_not() {
        let page = r#"<meta property=og:image content="/lead.jpg"><script type="application/ld+json">//<![CDATA[
            {"@graph":[{"@type":"NewsArticle","headline":"A title","datePublished":"2015-10-04","publisher":{"@type":"Organization","name":"News","logo":{"@type":"ImageObject","url":"/logo.png"}},
            "author":[{"@type":"Person","name":"Anna Karam"}],"image":{"@type":"ImageObject","url":"/lead-big.jpg","caption":"Rescuers at work","creditText":"Reuters"},
            "video":{"@type":"VideoObject","contentUrl":"/a.mp4","name":"A clip"}},{"@type":"ItemList","itemListElement":[{"@type":"VideoObject","contentUrl":"/other.mp4"}]}]}
            //]]></script>"#;
        let data = read(&parse(page));
        assert_eq!(
            (data.headline.as_deref(), data.published.as_deref(), data.publisher.as_deref()),
            (Some("A title"), Some("2015-10-04"), Some("News"))
        );
        assert_eq!(
            (data.authors, data.primary),
            (vec!["Anna Karam".to_owned()], vec!["/lead.jpg".to_owned(), "/lead-big.jpg".to_owned()])
        );
        assert_eq!(data.images.len(), 1);
        assert_eq!(
            (data.images[0].caption.as_deref(), data.images[0].credit.as_deref()),
            (Some("Rescuers at work"), Some("Reuters"))
        );
        assert_eq!(data.videos.iter().map(|video| video.url.as_str()).collect::<Vec<_>>(), ["/a.mp4"]);
    }
}
