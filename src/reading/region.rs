//! Which part of a page is the report: where its running text is, and what the site put around and into it.

use std::ops::Range;

use super::HashMap;
use super::block::BlockKind;
use super::chrome::{self, Part};
use super::outline::{Outline, Run};
use super::tree::Tree;

/// The report's part of a page.
#[derive(Debug)]
pub(super) struct Region {
    /// Nodes of the report's text.
    pub body: Range<usize>,
    /// Nodes between its headline and its text.
    pub lead: Range<usize>,
    /// Nodes of parts of the site, in order, none inside another.
    chrome: Vec<Range<usize>>,
}

/// Shorter paragraphs do not tell a report from a list of links.
const PARAGRAPH: usize = 60;
/// With less text than this, a page is read whole.
const LITTLE: usize = 250;
/// A part of the page with more of the text than this is not the site's.
const SHARE: f64 = 0.4;
/// The report's text is in the innermost element with so much of it.
const MOST: f64 = 0.75;

/// Bytes of running text in a range of nodes.
struct Weights {
    nodes: Vec<usize>,
    sums: Vec<usize>,
}

impl Weights {
    fn of<'a>(runs: impl Iterator<Item = &'a Run>) -> Weights {
        let mut weights = Weights { nodes: Vec::new(), sums: vec![0] };
        for run in runs {
            weights.nodes.push(run.node);
            weights.sums.push(weights.sums.last().copied().unwrap_or(0) + run.len());
        }
        weights
    }

    fn within(&self, range: &Range<usize>) -> usize {
        let at = |node: usize| self.sums[self.nodes.partition_point(|found| *found < node)];
        at(range.end) - at(range.start)
    }

    fn all(&self) -> usize {
        self.sums.last().copied().unwrap_or(0)
    }
}

fn is_running(run: &Run) -> bool {
    run.kind == BlockKind::Paragraph && run.len() >= PARAGRAPH && run.linked * 5 < run.len() * 2
}

impl Region {
    /// All of it: for formats that have no site around the report.
    pub fn whole(tree: &Tree) -> Region {
        Region { body: 0..tree.len(), lead: 0..0, chrome: Vec::new() }
    }

    /// Finds the report in a page.
    pub fn find(tree: &Tree, outline: &Outline, title: Option<&str>) -> Region {
        let all = Weights::of(outline.runs.iter().filter(|run| is_running(run)));
        let chrome = parts(tree, outline, &all);
        let inside = |node: usize| within(&chrome, node);
        let running = || outline.runs.iter().filter(|run| is_running(run) && !inside(run.node));
        let mut weights = Weights::of(running());
        if weights.all() < LITTLE {
            weights = Weights::of(outline.runs.iter().filter(|run| !inside(run.node)));
        }
        let mut root = 0;
        if weights.all() >= LITTLE {
            while let Some(next) = tree.children(root).find(|child| {
                let within = weights.within(&tree.below(*child));
                within as f64 >= weights.all() as f64 * MOST
            }) {
                // The innermost element is often one paragraph's: the report's other parts stand beside it.
                if matches!(tree.name(next), "p" | "span" | "blockquote" | "td" | "li" | "em" | "strong") {
                    break;
                }
                root = next;
            }
        }
        // What a page calls its article is the report if this text is most of it.
        let article = tree.ancestors(root).find(|at| {
            tree.name(*at) == "article"
                || tree.get(*at, "itemprop") == Some("articleBody")
                || tree.get(*at, "role") == Some("article")
        });
        if let Some(article) = article {
            root = article;
        }
        let body = tree.below(root);
        let lead = lead(tree, outline, &chrome, root, title);
        Region { body, lead, chrome }
    }

    pub fn is_chrome(&self, node: usize) -> bool {
        within(&self.chrome, node)
    }

    /// Whether a node is in the report's text, or between its headline and its text.
    pub fn contains(&self, node: usize) -> bool {
        self.body.contains(&node) || self.lead.contains(&node)
    }
}

fn within(ranges: &[Range<usize>], node: usize) -> bool {
    let after = ranges.partition_point(|range| range.start <= node);
    after.checked_sub(1).is_some_and(|last| node < ranges[last].end)
}

/// The parts of the site: by their names, and by the headings that offer other reports.
fn parts(tree: &Tree, outline: &Outline, weights: &Weights) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    let (mut articles, mut at) = (0usize, 1);
    // Pages say the same classes over and over.
    let mut known: HashMap<&str, Option<Part>> = HashMap::default();
    while at < tree.len() {
        if !tree.is_element(at) {
            at += 1;
            continue;
        }
        let name = tree.name(at);
        if matches!(name, "article" | "main") {
            articles = articles.max(tree.end(at));
        }
        let plain = matches!(
            name,
            "article" | "main" | "body" | "html" | "p" | "figure" | "blockquote" | "picture" | "img" | "video" | "iframe"
        );
        let site =
            matches!(name, "nav" | "footer") || (name == "header" && at >= articles) || (name == "aside" && !has_media(tree, at));
        let named = tree
            .attributes(at)
            .filter(|(name, _)| matches!(*name, "class" | "id" | "role"))
            .filter_map(|(_, names)| *known.entry(names).or_insert_with(|| chrome::part(names)))
            .max();
        let part = if site { Some(Part::Strong) } else { named.or_else(|| is_hidden(tree, at).then_some(Part::Weak)) };
        if let Some(part) = part.filter(|_| !plain) {
            let range = tree.below(at);
            let share = if part == Part::Weak { SHARE } else { MOST };
            if weights.all() == 0 || (weights.within(&range) as f64) < weights.all() as f64 * share {
                at = range.end;
                found.push(range);
                continue;
            }
        }
        at += 1;
    }
    offered(tree, outline, weights, &mut found);
    found
}

/// An `aside` in a report can hold a picture with its caption, or a film.
fn has_media(tree: &Tree, at: usize) -> bool {
    tree.below(at).take(5000).any(|node| matches!(tree.name(node), "figcaption" | "iframe" | "video"))
}

fn is_hidden(tree: &Tree, at: usize) -> bool {
    let style = tree.get(at, "style").map(|style| style.chars().filter(|letter| !letter.is_whitespace()).collect::<String>());
    tree.get(at, "hidden").is_some() || style.is_some_and(|style| style.to_ascii_lowercase().contains("display:none"))
}

/// What stands under a heading that offers other reports, as far as it is links.
fn offered(tree: &Tree, outline: &Outline, weights: &Weights, found: &mut Vec<Range<usize>>) {
    let mut more = Vec::new();
    for run in outline.runs.iter().filter(|run| run.kind == BlockKind::Heading || run.len() < 40) {
        if !chrome::is_heading(&outline.text[run.start..run.end]) || within(found, run.node) {
            continue;
        }
        // The nearest element around the heading that has something else in it.
        let around = tree.ancestors(run.node).find(|at| outline.at[tree.end(*at)] as usize > run.end + 8);
        if let Some(around) = around {
            let range = run.node..tree.end(around);
            let few = (weights.within(&range) as f64) < weights.all() as f64 * 0.15;
            if few && weights.all() > 0 {
                more.push(range);
            }
        }
    }
    if !more.is_empty() {
        found.append(&mut more);
        found.sort_by_key(|range| (range.start, usize::MAX - range.end));
        let mut merged: Vec<Range<usize>> = Vec::new();
        for range in found.drain(..) {
            match merged.last_mut() {
                Some(last) if range.start < last.end => last.end = last.end.max(range.end),
                _ => merged.push(range),
            }
        }
        *found = merged;
    }
}

/// The nodes between the headline and the text: a report's first picture is often there.
fn lead(tree: &Tree, outline: &Outline, chrome: &[Range<usize>], root: usize, title: Option<&str>) -> Range<usize> {
    let folded =
        |text: &str| text.chars().filter(|letter| letter.is_alphanumeric()).flat_map(char::to_lowercase).collect::<String>();
    let title = title.map(folded).unwrap_or_default();
    let headings = outline.runs.iter().take_while(|run| run.node < tree.end(root)).filter(|run| {
        run.kind == BlockKind::Heading
            && !within(chrome, run.node)
            && tree.ancestors(run.node).take(4).any(|at| {
                let name = tree.name(at);
                name == "h1" || (name == "h2" && title.len() > 10 && title.contains(&folded(&outline.text[run.start..run.end])))
            })
    });
    let Some(heading) = headings.last() else { return 0..0 };
    if heading.node >= root {
        return 0..0;
    }
    // The part of the page that holds the headline, beside the one that holds the text.
    let shared = tree.ancestors(heading.node).find(|at| tree.end(*at) >= tree.end(root)).unwrap_or(0);
    let branch = tree.children(shared).find(|child| tree.below(*child).contains(&heading.node)).unwrap_or(heading.node);
    branch..root
}

#[cfg(test)]
mod tests {
    use super::super::{outline::outline, tree::parse};
    use super::*;

    const LONG: &str =
        "This is a paragraph of a report, with enough words in it that it can be told from a list of links beside it.";

    #[test]
    fn the_report_is_where_its_running_text_is() {
        let page = format!(
            "<body><nav><a href=/>Home</a></nav><div id=top><h1>A title</h1><img src=lead.jpg></div><div class=widget-wrap><div id=body><p>{LONG}</p>\
            <p>{LONG}</p><p>{LONG}</p></div></div><div class=related><p><a href=/x>Other</a></p></div></body>"
        );
        let tree = parse(&page);
        let outline = outline(&tree);
        let region = Region::find(&tree, &outline, Some("A title"));
        let by = |id: &str| (0..tree.len()).find(|at| tree.get(*at, "id") == Some(id)).unwrap();
        assert_eq!(region.body.start, by("body"), "a part of the site by its name, but with all the text");
        assert!(region.contains(by("top") + 3) && !region.is_chrome(by("body")));
        let related = (0..tree.len()).find(|at| tree.get(*at, "class") == Some("related")).unwrap();
        assert!(region.is_chrome(related + 1) && !region.contains(related + 1));
    }

    #[test]
    fn a_page_with_little_text_is_read_whole() {
        let tree = parse("<p>A clip.</p><iframe src=x></iframe>");
        let region = Region::find(&tree, &outline(&tree), None);
        assert!(region.contains(tree.len() - 1));
    }
}
