//! HTML reports: the text of the article, and the media that its markup embeds or links to.

use url::Url;

use super::block::{Block, BlockKind, Blocks};
use super::encoding::Decoded;
use super::tree::{Node, Tree, parse};
use super::{Document, Excluded, Find, Hints, chrome, credit, page, platform, sentence, sentence::Sentences};
use crate::evidence::{Form, MediaKind, Report};

/// Reads an HTML report.
pub(super) fn read(decoded: &Decoded, bytes: &[u8], hints: &Hints) -> Document {
    read_as(&decoded.text, decoded, bytes, hints, "html", "text/html")
}

/// Reads HTML that another format became.
pub(super) fn read_as(html: &str, decoded: &Decoded, bytes: &[u8], hints: &Hints, reader: &str, media_type: &str) -> Document {
    let tree = parse(html);
    let page = page::read(&tree);
    let base = base(hints, page.base.as_deref());
    let mut walk = Walk::new(&tree, base.as_deref());
    walk.node(0, State { root: false, ..State::default() });
    walk.close();
    let Walk { text, blocks, mut finds, excluded, .. } = walk;
    let blocks = Blocks::new(text, blocks);
    let mut sentences = Sentences::default();
    for find in &mut finds {
        complete(find, &blocks, &mut sentences);
    }
    let bare = super::bare_report(decoded, bytes, hints, reader, media_type);
    let report = Report {
        title: page.title,
        publisher: page.publisher,
        authors: page.authors,
        published: page.published.or(bare.published),
        published_as_written: page.published_as_written,
        language: page.language,
        ..bare
    };
    Document { report, base, blocks, finds, excluded }
}

fn base(hints: &Hints, stated: Option<&str>) -> Option<String> {
    let outer = hints.url.as_deref().and_then(|url| Url::parse(url).ok());
    match (outer, stated) {
        (Some(outer), Some(stated)) => outer.join(stated).map(|url| url.to_string()).ok(),
        (Some(outer), None) => Some(outer.to_string()),
        (None, Some(stated)) => Url::parse(stated).ok().filter(|url| url.scheme().starts_with("http")).map(|url| url.to_string()),
        (None, None) => None,
    }
}

/// Chooses the words that a reference is quoted by: its caption, else the sentence it stands in or
/// behind.
fn complete(find: &mut Find, blocks: &Blocks, sentences: &mut Sentences) {
    if let Some((start, end)) = find.caption {
        let (caption, credit) = credit::split(&blocks.text[start..end]);
        if find.credit.is_none() {
            find.credit = credit;
        }
        find.caption = (!caption.is_empty()).then(|| (start, start + caption.len()));
        find.quote = (start, end);
        return;
    }
    // An embed stands behind the words before it, whichever block they are in; a link among its own.
    let (start, end) = find.quote;
    let at = if find.form == Form::Linked { start } else { start.saturating_sub(1) };
    let Some(block) = blocks.block_at(at).or(blocks.blocks.first()) else { return };
    let text = &blocks.text[block.start..block.end];
    let within = |at: usize| at.saturating_sub(block.start).min(text.len());
    let sentence = if find.form == Form::Linked {
        sentence::around(sentences.of(block.start, text), within(start), within(end), text.len())
    } else {
        let split = sentences.of(block.start, text);
        let before = split.partition_point(|(from, _)| *from < within(start).max(1));
        before.checked_sub(1).map_or((0, text.len()), |last| split[last])
    };
    find.quote = (block.start + sentence.0, block.start + sentence.1);
}

/// What holds for everything below an element.
#[derive(Debug, Clone, Copy, Default)]
struct State {
    /// Inside a part of the site.
    chrome: bool,
    /// Inside an article or main element.
    root: bool,
    /// The element whose caption covers what is inside.
    figure: Option<usize>,
    /// A `picture` or `video`, whose parts are read with it.
    whole: bool,
    heading: bool,
    caption: bool,
}

struct Walk<'a> {
    tree: &'a Tree,
    base: Option<&'a str>,
    text: String,
    blocks: Vec<Block>,
    /// Start, kind and path of the block being written.
    open: Option<(usize, BlockKind, String)>,
    finds: Vec<Find>,
    /// Finds that wait for the text of their figure's caption.
    figures: Vec<(usize, usize)>,
    excluded: Vec<Excluded>,
    /// Addresses of what is embedded already.
    embedded: std::collections::HashSet<String>,
}

fn is_block(name: &str) -> bool {
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "body"
            | "br"
            | "dd"
            | "details"
            | "div"
            | "dl"
            | "dt"
            | "figcaption"
            | "figure"
            | "footer"
            | "form"
            | "h1"
            | "h2"
            | "h3"
            | "h4"
            | "h5"
            | "h6"
            | "header"
            | "hr"
            | "html"
            | "li"
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "summary"
            | "table"
            | "tbody"
            | "td"
            | "th"
            | "thead"
            | "tr"
            | "ul"
    )
}

impl<'a> Walk<'a> {
    fn new(tree: &'a Tree, base: Option<&'a str>) -> Walk<'a> {
        Walk {
            tree,
            base,
            text: String::new(),
            blocks: Vec::new(),
            open: None,
            finds: Vec::new(),
            figures: Vec::new(),
            excluded: Vec::new(),
            embedded: Default::default(),
        }
    }

    /// Ends the block being written.
    fn close(&mut self) {
        let Some((start, kind, place)) = self.open.take() else { return };
        let end = start + self.text[start..].trim_end().len();
        self.text.truncate(end);
        if end > start {
            self.blocks.push(Block { start, end, kind, place });
            self.text.push('\n');
        }
    }

    /// Adds text, blanks folded.
    fn write(&mut self, part: &str, at: usize, state: State) {
        let kind = match state {
            State { chrome: true, .. } => BlockKind::Aside,
            State { caption: true, .. } => BlockKind::Caption,
            State { heading: true, .. } => BlockKind::Heading,
            _ => BlockKind::Paragraph,
        };
        for (nth, word) in part.split_whitespace().enumerate() {
            if self.open.is_none() {
                self.open = Some((self.text.len(), kind, self.tree.path(self.tree_parent(at))));
            } else if (nth > 0 || part.starts_with(char::is_whitespace)) && !self.text.ends_with(' ') {
                self.text.push(' ');
            }
            self.text.push_str(word);
        }
        if part.ends_with(char::is_whitespace) && self.open.is_some() && !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn tree_parent(&self, at: usize) -> usize {
        match &self.tree.nodes[at] {
            Node::Element(_) => at,
            Node::Text(_) => 0,
        }
    }

    fn node(&mut self, at: usize, state: State) {
        let element = match &self.tree.nodes[at] {
            Node::Text(_) => return,
            Node::Element(element) => element,
        };
        let name = element.name.as_str();
        if matches!(name, "script" | "style" | "template" | "head" | "svg" | "noscript" | "select" | "button" | "textarea") {
            return;
        }
        let mut inner = state;
        let root = matches!(name, "article" | "main");
        inner.root |= root;
        let names = [element.get("class"), element.get("id"), element.get("role")];
        let site = matches!(name, "nav" | "aside" | "footer") || (name == "header" && !state.root);
        inner.chrome |=
            !root && name != "body" && name != "html" && (site || names.iter().flatten().any(|names| chrome::is_part(names)));
        inner.heading |= matches!(name, "h1" | "h2" | "h3" | "h4" | "h5" | "h6");
        inner.caption |= name == "figcaption";
        if name == "figure" {
            inner.figure = Some(at);
        }
        if is_block(name) {
            self.close();
        }
        let (first, from) = (self.finds.len(), self.text.len());
        self.media(at, &mut inner);
        for &child in &element.children {
            match &self.tree.nodes[child] {
                Node::Text(part) => self.write(part, at, inner),
                Node::Element(_) => self.node(child, inner),
            }
        }
        if name == "a" {
            self.link(at, first, inner);
        }
        if is_block(name) {
            self.close();
        }
        if name == "figcaption"
            && let Some(figure) = state.figure
        {
            self.caption(figure, at, from);
        }
    }

    /// Gives a figure's caption to what the figure shows.
    fn caption(&mut self, figure: usize, at: usize, from: usize) {
        let mut range: Option<(usize, usize)> = None;
        for block in self.blocks.iter().rev().take_while(|block| block.start >= from) {
            range = Some((block.start, range.map_or(block.end, |range| range.1)));
        }
        let credit = self.tree.below(at).skip(1).find(|node| {
            let class = self.tree.element(*node).get("class").unwrap_or("").to_ascii_lowercase();
            ["credit", "source", "copyright"].iter().any(|word| class.contains(word))
        });
        let credit = credit.map(|node| self.tree.text(node)).filter(|credit| !credit.is_empty());
        while let Some((_, find)) = self.figures.pop_if(|(of, _)| *of == figure) {
            self.finds[find].caption = range;
            if let Some(credit) = &credit {
                self.finds[find].credit = Some(credit::name(credit));
            }
        }
    }

    /// The media that an element itself stands for.
    fn media(&mut self, at: usize, state: &mut State) {
        let element = self.tree.element(at);
        match element.name.as_str() {
            "video" | "audio" => {
                let kind = if element.name == "video" { MediaKind::Video } else { MediaKind::Audio };
                let own = element.first(&["src", "data-src"]).map(str::to_owned);
                let source = || {
                    let sources =
                        element.children.iter().map(|child| self.tree.element(*child)).filter(|child| child.name == "source");
                    sources.filter_map(|child| child.first(&["src", "data-src"])).map(str::to_owned).next()
                };
                let rule = format!("html/{}@1", element.name);
                if let Some(url) = own.or_else(source) {
                    self.find(at, kind, Form::Embedded, url, &rule, *state);
                }
                state.whole = true;
            }
            "picture" => {
                let inside: Vec<usize> = self.tree.below(at).collect();
                let image = inside.iter().map(|at| self.tree.element(*at)).find(|child| child.name == "img");
                let sets = inside.iter().filter_map(|at| self.tree.element(*at).first(&["srcset", "data-srcset"]));
                let best = sets.filter_map(largest).max_by_key(|(size, _)| *size).map(|(_, url)| url);
                let plain = image.and_then(|image| image.first(&["data-src", "src"])).map(str::to_owned);
                if let Some(url) = best.or(plain) {
                    self.image(at, url, "html/picture@1", *state);
                }
                state.whole = true;
            }
            "img" | "amp-img" if !state.whole => {
                let set = element.first(&["srcset", "data-srcset"]).and_then(largest).map(|(_, url)| url);
                let lazy = element.first(&["data-src", "data-original", "data-lazy-src", "data-url"]);
                let plain = lazy.or(element.first(&["src"])).map(str::to_owned);
                if let Some(url) = set.or(plain) {
                    self.image(at, url, "html/img@1", *state);
                }
            }
            "iframe" | "embed" | "object" | "amp-iframe" => {
                let Some(url) = element.first(&["src", "data-src", "data", "data-lazy-src"]).map(str::to_owned) else { return };
                match self.known(&url) {
                    Some(kind) => self.find(at, kind, Form::Embedded, url, &format!("html/{}@1", element.name), *state),
                    None => self.exclude(url, "html/frame-unknown@1"),
                }
            }
            "blockquote" => {
                let class = element.get("class").unwrap_or("");
                let named = element.first(&["data-instgrm-permalink", "cite", "data-href"]).map(str::to_owned);
                let links = self.tree.below(at).filter_map(|at| self.tree.element(at).get("href"));
                let post = match class {
                    _ if class.contains("twitter-tweet") || class.contains("twitter-video") => links.last().map(str::to_owned),
                    _ if class.contains("instagram-media") || class.contains("tiktok-embed") => named,
                    _ => None,
                };
                if let Some(url) = post.filter(|url| self.known(url).is_some()) {
                    let kind = self.known(&url).unwrap_or(MediaKind::Post);
                    self.find(at, kind, Form::Embedded, url, "html/blockquote@1", *state);
                }
            }
            _ => {}
        }
    }

    /// The kind of a platform's address, or of a file's by its ending.
    fn known(&self, url: &str) -> Option<MediaKind> {
        let parsed = self.resolve(url);
        let on = parsed.as_ref().and_then(platform::recognise).map(|found| found.kind);
        let path = parsed.as_ref().map_or(url, |url| url.path());
        on.or_else(|| platform::media_kind_of_path(path))
    }

    fn resolve(&self, url: &str) -> Option<Url> {
        match self.base.and_then(|base| Url::parse(base).ok()) {
            Some(base) => base.join(url.trim()).ok(),
            None => Url::parse(url.trim())
                .or_else(|_| Url::parse("https:").and_then(|_| Url::parse(&format!("https:{}", url.trim()))))
                .ok()
                .filter(|_| url.contains("//")),
        }
    }

    fn image(&mut self, at: usize, url: String, rule: &str, state: State) {
        let inside: Vec<&super::tree::Element> = self.tree.below(at).map(|at| self.tree.element(at)).collect();
        let small = inside.iter().any(|element| {
            let side = |name: &str| element.get(name).and_then(|text| text.trim_end_matches("px").parse::<u32>().ok());
            side("width").is_some_and(|width| width <= 80) && side("height").is_none_or(|height| height <= 80)
        });
        let marked =
            inside.iter().any(|element| [element.get("class"), element.get("alt")].into_iter().flatten().any(chrome::is_part));
        match () {
            () if small => self.exclude(url, "html/small-image@1"),
            () if marked || chrome::is_image(&url) => self.exclude(url, "html/site-image@1"),
            () => self.find(at, MediaKind::Image, Form::Embedded, url, rule, state),
        }
    }

    /// A link to a platform, a media file or an archive.
    fn link(&mut self, at: usize, first: usize, state: State) {
        let element = self.tree.element(at);
        let Some(url) = element.first(&["href"]).map(str::to_owned) else { return };
        let Some(kind) = self.known(&url) else { return };
        // A picture that links to its larger self, and the link inside an embedded post, are read already.
        let inside = self.finds[first..].iter().any(|find| find.form == Form::Embedded);
        if inside || self.embedded.contains(&url) {
            return;
        }
        self.find(at, kind, Form::Linked, url, "html/link@1", state);
    }

    fn exclude(&mut self, url: String, rule: &str) {
        self.excluded.push(Excluded { url: url.chars().take(2000).collect(), rule: rule.into() });
    }

    fn find(&mut self, at: usize, kind: MediaKind, form: Form, url: String, rule: &str, state: State) {
        let url = url.trim().to_owned();
        match () {
            () if state.chrome => return self.exclude(url, "html/site-part@1"),
            () if url.starts_with("data:") => return self.exclude(url, "html/data-uri@1"),
            () if url.starts_with("blob:") || url.starts_with("javascript:") || url.starts_with('#') => {
                return self.exclude(url, "html/no-address@1");
            }
            () if url.len() > 8192 => return self.exclude(url, "html/address-too-long@1"),
            () => {}
        }
        // A link's words have been written; an embed stands behind the text so far.
        let here = self.text.len();
        let words = if form == Form::Linked { self.tree.text_up_to(at, 2000).len() } else { 0 };
        let mut start = here.saturating_sub(words + 1);
        while !self.text.is_char_boundary(start) {
            start -= 1;
        }
        if form == Form::Linked {
            start += self.text[start..].find(|letter: char| !letter.is_whitespace()).unwrap_or(0);
        }
        if form == Form::Embedded {
            self.embedded.insert(url.clone());
        }
        if let Some(figure) = state.figure {
            self.figures.push((figure, self.finds.len()));
        }
        let (start, end) = if form == Form::Linked { (start, here) } else { (here, here) };
        self.finds.push(Find {
            kind,
            form,
            url,
            quote: (start, end),
            place: self.tree.path(at),
            caption: None,
            credit: None,
            columns: Vec::new(),
            rule: rule.into(),
        });
    }
}

/// The largest candidate of a `srcset`, with its size: width, or density times a thousand.
fn largest(set: &str) -> Option<(u64, String)> {
    let mut best: Option<(u64, String)> = None;
    // Commas part candidates only where a blank follows, or a descriptor came before: addresses have commas, too.
    for candidate in set.split(", ").flat_map(|part| {
        part.split(",http").enumerate().map(|(nth, rest)| if nth > 0 { format!("http{rest}") } else { rest.to_owned() })
    }) {
        let mut words = candidate.split_whitespace();
        let Some(url) = words.next().map(|url| url.trim_end_matches(',')) else { continue };
        let size = match words.next().map(|word| word.trim_end_matches(',')) {
            Some(width) if width.ends_with('w') => width.trim_end_matches('w').parse().unwrap_or(0),
            Some(density) if density.ends_with('x') => {
                (density.trim_end_matches('x').parse::<f64>().unwrap_or(1.0) * 1000.0) as u64
            }
            _ => 1,
        };
        if !url.is_empty() && best.as_ref().is_none_or(|(most, _)| size > *most) {
            best = Some((size, url.to_owned()));
        }
    }
    best
}
