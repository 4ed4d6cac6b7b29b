//! What a page says of itself: title, publisher, authors, date, language.

use super::date;
use super::tree::{Node, Tree};

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
}

/// Reads `<html lang>`, `<title>`, `<base>` and the usual meta elements.
pub(super) fn read(tree: &Tree) -> Page {
    let mut page = Page::default();
    let mut heading = None;
    let blank = |text: &str| Some(text.split_whitespace().collect::<Vec<_>>().join(" ")).filter(|text| !text.is_empty());
    for (at, node) in tree.nodes.iter().enumerate() {
        let Node::Element(element) = node else { continue };
        match element.name.as_str() {
            "html" => {
                page.language = page
                    .language
                    .take()
                    .or_else(|| element.first(&["lang", "xml:lang"]).map(|tag| tag.chars().take(35).collect()))
            }
            "base" => page.base = page.base.take().or_else(|| element.first(&["href"]).map(str::to_owned)),
            "title" if page.title.is_none() => page.title = blank(&tree.text(at)),
            "h1" if heading.is_none() => heading = blank(&tree.text(at)),
            "time" if page.published_as_written.is_none() => {
                let stated = element.first(&["datetime"]).map(str::to_owned).or_else(|| blank(&tree.text(at)));
                page.published_as_written = stated.filter(|text| date::read(text, None).is_some());
            }
            "meta" => {
                let Some(content) = element.get("content").and_then(blank) else { continue };
                match element.first(&["property", "name", "itemprop"]).unwrap_or("").to_ascii_lowercase().as_str() {
                    "og:title" => page.title = Some(content),
                    "og:site_name" | "publisher" | "dc.publisher" => page.publisher = page.publisher.take().or(Some(content)),
                    "author" | "article:author" | "dc.creator"
                        if !content.starts_with("http") && !page.authors.contains(&content) =>
                    {
                        page.authors.push(content);
                    }
                    "article:published_time"
                    | "datepublished"
                    | "date"
                    | "dc.date"
                    | "pubdate"
                    | "parsely-pub-date"
                    | "publish-date" => {
                        page.published_as_written = Some(content);
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }
    page.title = page.title.or(heading);
    page.published = page.published_as_written.as_deref().and_then(|text| date::read(text, None));
    page
}
