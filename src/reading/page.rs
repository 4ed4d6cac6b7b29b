//! What a page says of itself: title, publisher, authors, date, language.

use super::date;
use super::linked_data::LinkedData;
use super::outline::folded;
use super::tree::Tree;

/// A page's own description.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub title: Option<String>,
    pub publisher: Option<String>,
    pub authors: Vec<String>,
    pub published_as_written: Option<String>,
    /// EDTF
    pub published: Option<String>,
    pub language: Option<String>,
    pub base: Option<String>,
    /// Films that the page's cards name.
    pub videos: Vec<String>,
}

/// Names of meta elements that state when a page was published.
const DATES: &[&str] = &[
    "article:published_time",
    "og:article:published_time",
    "datepublished",
    "date",
    "dc.date",
    "dc.date.issued",
    "dcterms.created",
    "dcterms.date",
    "pubdate",
    "publishdate",
    "publish-date",
    "publish_date",
    "published_time",
    "parsely-pub-date",
    "sailthru.date",
    "article.published",
    "cxenseparse:recs:publishtime",
    "originalpublicationdate",
    "rnews:datepublished",
    "article_date_original",
];

/// Reads `<html lang>`, `<title>`, `<base>`, the usual meta elements, and what JSON-LD adds.
pub(super) fn read(tree: &Tree, data: &LinkedData) -> Page {
    let mut page = Page::default();
    let (mut heading, mut time, mut card) = (None, None, None);
    let blank = |text: &str| Some(folded(text)).filter(|text| !text.is_empty());
    for at in 0..tree.len() {
        match tree.name(at) {
            "html" => {
                page.language = page
                    .language
                    .take()
                    .or_else(|| tree.first(at, &["lang", "xml:lang"]).map(|tag| tag.chars().take(35).collect()))
            }
            "base" => page.base = page.base.take().or_else(|| tree.first(at, &["href"]).map(str::to_owned)),
            "title" if page.title.is_none() => page.title = blank(&tree.text(at)),
            "h1" if heading.is_none() => heading = blank(&tree.text(at)),
            "time" if time.is_none() => {
                let stated = tree.first(at, &["datetime"]).map(str::to_owned).or_else(|| blank(&tree.text(at)));
                time = stated.filter(|text| date::read(text, None).is_some());
            }
            "meta" => {
                let Some(content) = tree.first(at, &["content", "value"]).and_then(blank) else { continue };
                let name = tree.first(at, &["property", "name", "itemprop"]).unwrap_or("").to_ascii_lowercase();
                match name.as_str() {
                    "og:title" => page.title = Some(content),
                    "og:site_name" | "publisher" | "dc.publisher" => page.publisher = page.publisher.take().or(Some(content)),
                    "author" | "article:author" | "dc.creator"
                        if !content.starts_with("http") && !page.authors.contains(&content) =>
                    {
                        page.authors.push(content);
                    }
                    "og:video" | "og:video:url" | "og:video:secure_url" | "twitter:player" => page.videos.push(content),
                    name if card.is_none() && DATES.contains(&name) && date::read(&content, None).is_some() => {
                        card = Some(content)
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    page.title = page.title.or(heading).or_else(|| data.headline.clone());
    page.publisher = page.publisher.or_else(|| data.publisher.clone());
    page.language = page.language.or_else(|| data.language.clone().filter(|tag| tag.len() <= 35));
    if page.authors.is_empty() {
        page.authors.clone_from(&data.authors);
    }
    let stated = data.published.clone().filter(|text| date::read(text, None).is_some());
    page.published_as_written = stated.or(card).or(time);
    page.published = page.published_as_written.as_deref().and_then(|text| date::read(text, None));
    page
}
