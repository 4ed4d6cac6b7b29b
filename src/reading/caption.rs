//! What a page says of a picture or film: its caption and credit, beside it or in its attributes.

use super::credit;
use super::outline::{Outline, folded};
use super::tree::Tree;

/// A caption without its credit, and the credit.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub caption: Option<String>,
    pub credit: Option<String>,
    /// Byte range of it in the page's text, where it stands there.
    pub range: Option<(usize, usize)>,
}

/// A box around a medium has no more text than this.
const LONGEST: usize = 900;
/// Elements around a medium that are looked at.
const LEVELS: usize = 7;

fn names(tree: &Tree, at: usize) -> String {
    ["class", "itemprop", "id", "rel"].iter().filter_map(|name| tree.get(at, name)).collect::<Vec<_>>().join(" ")
}

fn is_credit(tree: &Tree, at: usize) -> bool {
    tree.is_element(at) && !matches!(tree.name(at), "img" | "figure" | "figcaption") && credit::is_credit_name(&names(tree, at))
}

/// Parts of a caption that are for the page's own use.
fn is_tool(tree: &Tree, at: usize) -> bool {
    tree.get(at, "class").is_some_and(|class| {
        class.split_ascii_whitespace().any(|name| {
            let words = super::chrome::name_words(name);
            words.iter().any(|word| {
                matches!(word, "share" | "button" | "icon" | "hidden" | "sr" | "toggle" | "pub" | "zoom" | "enlarge" | "social")
            })
        })
    })
}

/// Finds what is said of the medium at a node. `alone` tells whether a range of nodes holds no other medium.
pub(super) fn of(tree: &Tree, outline: &Outline, at: usize, root: usize, alone: &dyn Fn(usize, usize) -> bool) -> Said {
    let text_in = |node: usize| (outline.at[tree.end(node)] - outline.at[node]) as usize;
    let mut boxed = None;
    let mut named = false;
    let around: Vec<usize> = tree
        .ancestors(at)
        .take(LEVELS)
        .take_while(|node| *node != root && !matches!(tree.name(*node), "body" | "article" | "main"))
        .collect();
    for node in around {
        let figure = tree.name(node) == "figure";
        if !alone(node, tree.end(node)) || text_in(node) > LONGEST {
            break;
        }
        named |= figure || credit::is_box_name(tree.get(node, "class").unwrap_or(""));
        if named {
            boxed = Some(node);
        }
        // Beyond its figure nothing is a picture's own.
        if figure && text_in(node) > 0 {
            break;
        }
    }
    let mut said = boxed.map(|boxed| inside(tree, outline, boxed, at)).unwrap_or_default();
    if said.caption.is_none() {
        behind(tree, outline, at, &mut said);
    }
    if let Some(boxed) = boxed.filter(|_| said.caption.is_none()) {
        // No element is called a caption: what else the box says.
        let first = outline.runs.partition_point(|run| run.node <= at);
        let runs = outline.runs[first..].iter().take(12).take_while(|run| run.node < tree.end(boxed));
        let runs: Vec<_> = runs.filter(|run| run.linked * 2 <= run.len()).take(3).collect();
        if let Some(run) = runs.first().filter(|_| runs.len() <= 2) {
            let text = outline.text[run.start..run.end].to_owned();
            take(&mut said, &text, Some((run.start, run.end)));
        }
    }
    attributes(tree, at, &mut said);
    said
}

/// Caption and credit in the box around a medium.
fn inside(tree: &Tree, outline: &Outline, boxed: usize, at: usize) -> Said {
    let mut said = Said::default();
    let mut node = boxed + 1;
    let last = tree.end(boxed).min(boxed + 3000);
    let mut captions: Vec<usize> = Vec::new();
    while node < last {
        if !tree.is_element(node) {
            node += 1;
            continue;
        }
        let name = tree.name(node);
        if said.credit.is_none() && is_credit(tree, node) && !tree.below(node).contains(&at) {
            let text = tree.text(node);
            let words = text.split_whitespace().count();
            // A box called `source` can hold the whole caption.
            if !text.is_empty() && words <= 16 {
                said.credit = Some(credit::name(&text));
                node = tree.end(node);
                continue;
            }
        }
        let caption = name == "figcaption" || (name != "img" && credit::is_caption_name(&names(tree, node)));
        if caption && !tree.below(node).contains(&at) && !tree.text_without(node, |node| is_tool(tree, node)).is_empty() {
            captions.push(node);
            // A credit can stand inside.
            if said.credit.is_none() {
                let credit = tree.below(node).skip(1).find(|inner| is_credit(tree, *inner) && !tree.text(*inner).is_empty());
                let text = credit.map(|inner| tree.text(inner)).filter(|text| text.split_whitespace().count() <= 16);
                said.credit = text.map(|text| credit::name(&text));
            }
            node = tree.end(node);
            continue;
        }
        node += 1;
    }
    for caption in captions {
        let skip = |node: usize| {
            is_tool(tree, node) || (node != caption && is_credit(tree, node) && tree.text(node).split_whitespace().count() <= 16)
        };
        take(&mut said, &tree.text_without(caption, skip), range(outline, tree, caption));
    }
    said
}

/// A caption that stands behind a medium's own element, or behind that of the paragraph around it.
fn behind(tree: &Tree, outline: &Outline, at: usize, said: &mut Said) {
    for node in std::iter::once(at).chain(tree.ancestors(at).take(2)) {
        let (mut next, last) = (tree.end(node), tree.end(tree.parent(node)));
        while next < last && !tree.is_element(next) {
            next += 1;
        }
        let sibling = (next < last).then_some(next);
        let Some(sibling) = sibling.filter(|next| credit::is_caption_name(&names(tree, *next))) else { continue };
        let text = tree.text_without(sibling, |node| is_tool(tree, node));
        if !text.is_empty() && text.len() < LONGEST {
            take(said, &text, range(outline, tree, sibling));
            return;
        }
    }
}

fn range(outline: &Outline, tree: &Tree, node: usize) -> Option<(usize, usize)> {
    let (start, end) = (outline.at[node] as usize, outline.at[tree.end(node)] as usize);
    let text = outline.text.get(start..end)?;
    let from = start + (text.len() - text.trim_start().len());
    let to = from + outline.text[from..end].trim_end().len();
    (to > from).then_some((from, to))
}

/// Takes a text as caption, credit, or both.
fn take(said: &mut Said, text: &str, range: Option<(usize, usize)>) {
    let text = text.trim();
    if text.is_empty() {
        return;
    }
    if credit::is_only_credit(text) {
        if said.credit.is_none() {
            said.credit = Some(credit::name(text));
        }
        said.range = said.range.or(range);
        return;
    }
    if said.caption.is_some() {
        return;
    }
    let (caption, credit) = credit::split(text);
    let caption = caption.trim_end_matches(['|', '–', '—', '/', '(', ' ']);
    if said.credit.is_none() {
        said.credit = credit;
    }
    if !caption.is_empty() {
        said.caption = Some(caption.to_owned());
        said.range = range;
    }
}

/// Caption and credit in a medium's attributes, or in those of the link around it.
fn attributes(tree: &Tree, at: usize, said: &mut Said) {
    let around = std::iter::once(at).chain(tree.ancestors(at).take(2)).chain(tree.below(at).skip(1).take(12));
    let nodes: Vec<usize> = around.filter(|node| tree.is_element(*node)).collect();
    for (names, caption) in [
        (&["data-credit", "data-copyright", "data-photographer", "data-image-credit", "data-source"][..], false),
        (&["data-caption", "data-description", "data-image-caption", "data-title", "data-sub-html"][..], true),
    ] {
        for node in &nodes {
            let Some(text) = tree.first(*node, names).filter(|text| {
                text.len() < 3000 && text.contains(|letter: char| letter.is_alphabetic()) && !text.starts_with("http")
            }) else {
                continue;
            };
            // Captions in attributes are markup at times.
            let text = if text.contains('<') { super::tree::parse(text).text(0) } else { folded(text) };
            match caption {
                true if text.contains(' ') => take(said, &text, None),
                false if said.credit.is_none() && text.len() > 3 && text.contains(char::is_uppercase) => {
                    said.credit = Some(credit::name(&text))
                }
                _ => {}
            }
        }
    }
    if said.caption.is_none() {
        for node in nodes.iter().filter(|node| matches!(tree.name(**node), "img" | "amp-img" | "video" | "div" | "span")) {
            let alt = tree
                .first(*node, &["alt", "data-alt", "title"])
                .filter(|alt| alt.split_whitespace().count() >= 4 && alt.len() < 3000);
            if let Some(alt) = alt {
                take(said, alt, None);
                return;
            }
        }
    }
}
