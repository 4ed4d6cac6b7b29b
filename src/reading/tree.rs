//! HTML as a tree: tokens by the WHATWG rules, nesting with bounds that hostile pages cannot break.
//!
//! Nodes stand in document order, so that an element and all that is in it are one range of numbers, and
//! all their text is in one string.

use std::borrow::Cow;
use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::ForwardingEmitter;
use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Emitter, Readable, Reader, Span, StringReader, Tokenizer};

use super::HashMap;

/// Elements deeper than this become siblings: no report needs it, and browsers stop at 512, too.
const DEEPEST: usize = 400;
/// Attributes of one element beyond this many are dropped.
const ATTRIBUTES: usize = 200;
/// Nodes and attributes of a page beyond this many are dropped, and the page says so.
const MOST: usize = 3_000_000;
/// Names of elements and attributes beyond this many are all called `x-other`.
const NAMES: usize = 4_000;

const RECENT: usize = 256;

const TEXT: u16 = u16::MAX;
/// Text of scripts and styles: there, but not for people.
const RAW: u16 = u16::MAX - 1;

#[derive(Debug, Clone, Copy, PartialEq)]
struct Node {
    parent: u32,
    /// One past the last node inside.
    end: u32,
    /// Text: its range in the arena. Element: its range among the attributes.
    from: u32,
    to: u32,
    /// Which of its parent's elements of this name, from 1.
    ordinal: u32,
    name: u16,
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Attribute {
    name: u16,
    from: u32,
    to: u32,
}

/// What an element's name says of it: told once a name, since pages are made of a few.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Kind {
    block: bool,
    closes_paragraph: bool,
    void: bool,
    silent: bool,
    media: bool,
}

impl Kind {
    fn of(name: &str) -> Kind {
        Kind {
            block: is_block(name),
            closes_paragraph: closes_paragraph(name),
            void: is_void(name),
            silent: is_silent(name),
            media: is_media(name),
        }
    }
}

/// All nodes; node 0 is the document.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Tree {
    nodes: Vec<Node>,
    attributes: Vec<Attribute>,
    arena: String,
    names: Vec<String>,
    /// What each name says of its elements.
    kinds: Vec<Kind>,
    /// Comments that say where a saved page came from.
    pub saved_from: Option<String>,
    /// The page has more elements than are read.
    pub cut: bool,
}

impl Tree {
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    pub fn is_element(&self, at: usize) -> bool {
        self.nodes[at].name < RAW
    }

    /// An element's name in small letters; empty for text.
    pub fn name(&self, at: usize) -> &str {
        self.names.get(usize::from(self.nodes[at].name)).map_or("", String::as_str)
    }

    fn kind(&self, at: usize) -> Option<Kind> {
        self.kinds.get(usize::from(self.nodes[at].name)).copied()
    }

    /// Whether an element begins a new line.
    pub fn is_block(&self, at: usize) -> bool {
        self.kind(at).is_some_and(|kind| kind.block)
    }

    /// Whether nobody reads an element's text as part of the report.
    pub fn is_silent(&self, at: usize) -> bool {
        self.kind(at).is_some_and(|kind| kind.silent)
    }

    /// Whether an element shows a picture, film or frame.
    pub fn is_media(&self, at: usize) -> bool {
        self.kind(at).is_some_and(|kind| kind.media)
    }

    /// A text node's text; none for elements and for what scripts say.
    pub fn words(&self, at: usize) -> Option<&str> {
        let node = &self.nodes[at];
        (node.name == TEXT).then(|| &self.arena[node.from as usize..node.to as usize])
    }

    /// All raw text in a script.
    pub fn script(&self, at: usize) -> String {
        self.below(at)
            .filter(|at| self.nodes[*at].name >= RAW)
            .map(|at| &self.arena[self.nodes[at].from as usize..self.nodes[at].to as usize])
            .collect()
    }

    pub fn parent(&self, at: usize) -> usize {
        self.nodes[at].parent as usize
    }

    /// One past the last node inside an element.
    pub fn end(&self, at: usize) -> usize {
        self.nodes[at].end as usize
    }

    /// An element and everything in it, in order.
    pub fn below(&self, at: usize) -> Range<usize> {
        at..self.end(at)
    }

    /// The elements directly in an element.
    pub fn children(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let (mut next, end) = (at + 1, self.end(at));
        std::iter::from_fn(move || {
            while next < end {
                let child = next;
                next = self.end(child);
                if self.is_element(child) {
                    return Some(child);
                }
            }
            None
        })
    }

    /// The elements around a node, the innermost first, without the document.
    pub fn ancestors(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let mut at = at;
        std::iter::from_fn(move || {
            at = self.parent(at);
            (at != 0).then_some(at)
        })
    }

    /// An element's attributes in order.
    pub fn attributes(&self, at: usize) -> impl Iterator<Item = (&str, &str)> + '_ {
        let node = &self.nodes[at];
        let range = if node.name < RAW { node.from as usize..node.to as usize } else { 0..0 };
        self.attributes[range].iter().map(|found| {
            (
                self.names.get(usize::from(found.name)).map_or("", String::as_str),
                &self.arena[found.from as usize..found.to as usize],
            )
        })
    }

    /// An attribute's value; the first of two counts.
    pub fn get(&self, at: usize, name: &str) -> Option<&str> {
        self.attributes(at).find(|(found, _)| *found == name).map(|(_, value)| value)
    }

    /// The first of these attributes that is there and not blank.
    pub fn first(&self, at: usize, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(at, name).map(str::trim).filter(|value| !value.is_empty()))
    }

    /// `/html/body/article/p[3]`; of an element far down, the innermost steps behind `//`.
    pub fn path(&self, mut at: usize) -> String {
        const STEPS: usize = 24;
        let mut steps = Vec::new();
        while at != 0 && steps.len() < STEPS {
            if self.is_element(at) {
                let name: String = self.name(at).chars().take(40).collect();
                let ordinal = self.nodes[at].ordinal;
                steps.push(if ordinal > 1 { format!("{name}[{ordinal}]") } else { name });
            }
            at = self.parent(at);
        }
        steps.reverse();
        format!("{}{}", if at == 0 { "/" } else { "//" }, steps.join("/"))
    }

    /// All text in an element, blanks folded.
    pub fn text(&self, at: usize) -> String {
        self.text_without(at, |_| false)
    }

    /// The same, without some elements and what is in them. Of a very long text only its beginning.
    pub fn text_without(&self, at: usize, skip: impl Fn(usize) -> bool) -> String {
        const LONGEST: usize = 20_000;
        let mut text = String::new();
        let mut node = at;
        while node < self.end(at) && text.len() < LONGEST {
            if self.is_element(node) {
                if skip(node) || matches!(self.name(node), "button" | "svg" | "noscript") {
                    node = self.end(node);
                    continue;
                }
                if self.is_block(node) {
                    text.push(' ');
                }
            } else if let Some(words) = self.words(node) {
                text.push_str(words);
            }
            node += 1;
        }
        super::outline::folded(&text)
    }
}

/// Elements whose text nobody reads as part of the report.
fn is_silent(name: &str) -> bool {
    matches!(
        name,
        "script"
            | "style"
            | "template"
            | "head"
            | "svg"
            | "noscript"
            | "select"
            | "button"
            | "textarea"
            | "iframe"
            | "video"
            | "audio"
            | "object"
            | "amp-video"
            | "amp-audio"
            | "math"
    )
}

fn is_media(name: &str) -> bool {
    matches!(
        name,
        "img"
            | "picture"
            | "video"
            | "audio"
            | "iframe"
            | "embed"
            | "object"
            | "amp-img"
            | "amp-video"
            | "amp-iframe"
            | "amp-youtube"
    )
}

/// Elements that begin a new line.
fn is_block(name: &str) -> bool {
    closes_paragraph(name)
        || matches!(
            name,
            "body"
                | "br"
                | "dd"
                | "dt"
                | "html"
                | "li"
                | "summary"
                | "tbody"
                | "td"
                | "th"
                | "thead"
                | "tr"
                | "amp-img"
                | "option"
        )
}

fn is_void(name: &str) -> bool {
    matches!(
        name,
        "area"
            | "base"
            | "br"
            | "col"
            | "embed"
            | "hr"
            | "img"
            | "input"
            | "link"
            | "meta"
            | "param"
            | "source"
            | "track"
            | "wbr"
    )
}

/// Elements that a new block closes: a paragraph has no blocks in it.
fn closes_paragraph(name: &str) -> bool {
    match name.len() {
        1 => name == "p",
        2 => matches!(name, "dl" | "h1" | "h2" | "h3" | "h4" | "h5" | "h6" | "hr" | "ol" | "ul"),
        _ => matches!(
            name,
            "address"
                | "article"
                | "aside"
                | "blockquote"
                | "details"
                | "div"
                | "fieldset"
                | "figcaption"
                | "figure"
                | "footer"
                | "form"
                | "header"
                | "main"
                | "nav"
                | "pre"
                | "section"
                | "table"
        ),
    }
}

/// Elements that end where the next of their kind begins.
fn closes_itself(open: &str, next: &str, next_is: Kind) -> bool {
    match open {
        "li" => next == "li",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "option" => next == "option",
        "tr" => next == "tr",
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        "p" => next_is.closes_paragraph,
        _ => false,
    }
}

/// Text that is nearly always sound.
fn lossy(bytes: &[u8]) -> Cow<'_, str> {
    std::str::from_utf8(bytes).map_or_else(|_| String::from_utf8_lossy(bytes), Cow::Borrowed)
}

/// An open element, and how many of each name are in it.
struct Open {
    at: usize,
    counts: Vec<(u16, u32)>,
}

struct Builder {
    tree: Tree,
    known: HashMap<String, u16>,
    /// The last name seen of each first and last letter and length.
    recent: [u16; RECENT],
    open: Vec<Open>,
    /// The name and first attribute of the start tag being read.
    next: Option<(u16, usize)>,
    /// Whether the attribute being read is kept.
    keeping: bool,
    /// Raw text of a `noscript`, which is markup to those who run no scripts.
    noscript: Option<String>,
}

impl Builder {
    fn event(&mut self, event: CallbackEvent<'_>) {
        match event {
            CallbackEvent::OpenStartTag { name } => {
                let name = self.intern(name);
                self.next = Some((name, self.tree.attributes.len()));
                self.keeping = false;
            }
            CallbackEvent::AttributeName { name } => {
                let Some((_, first)) = self.next else { return };
                let attributes = self.tree.attributes.len();
                self.tree.cut |= attributes >= MOST;
                self.keeping = attributes - first < ATTRIBUTES && attributes < MOST;
                if self.keeping {
                    let (name, at) = (self.intern(name), self.tree.arena.len() as u32);
                    self.tree.attributes.push(Attribute { name, from: at, to: at });
                }
            }
            CallbackEvent::AttributeValue { value } if self.keeping => {
                if let Some(last) = self.tree.attributes.last_mut() {
                    last.from = self.tree.arena.len() as u32;
                    self.tree.arena.push_str(&lossy(value));
                    last.to = self.tree.arena.len() as u32;
                }
            }
            CallbackEvent::CloseStartTag { self_closing } => self.start(self_closing),
            CallbackEvent::EndTag { name } => {
                let name = self.intern(name);
                self.end(name);
            }
            CallbackEvent::String { value } => self.text(value),
            CallbackEvent::Comment { value } if self.tree.saved_from.is_none() => {
                let text = String::from_utf8_lossy(&value[..value.len().min(2100)]).into_owned();
                let address = text.trim().strip_prefix("saved from url=(").and_then(|rest| rest.split_once(')'));
                self.tree.saved_from = address.map(|(_, url)| url.trim().to_owned());
            }
            CallbackEvent::AttributeValue { .. }
            | CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
    }

    fn intern(&mut self, name: &[u8]) -> u16 {
        // The tokenizer gives names in small letters.
        let name = &name[..name.len().min(100)];
        // The few names that pages are made of, without hashing.
        let first = name.first().map_or(0, |first| usize::from(*first));
        let last = name.last().map_or(0, |last| usize::from(*last));
        let recent = (first * 5 + last * 3 + name.len() * 11) % RECENT;
        let number = usize::from(self.recent[recent]);
        if self.tree.names[number].as_bytes() == name && number > 0 {
            return number as u16;
        }
        let name = lossy(name);
        if let Some(known) = self.known.get(name.as_ref()) {
            self.recent[recent] = *known;
            return *known;
        }
        let name = name.into_owned();
        if self.tree.names.len() >= NAMES {
            return 0;
        }
        let number = self.tree.names.len() as u16;
        self.tree.kinds.push(Kind::of(&name));
        self.tree.names.push(name.clone());
        self.known.insert(name, number);
        number
    }

    fn here(&self) -> usize {
        self.open.last().map_or(0, |open| open.at)
    }

    fn push(&mut self, node: Node) -> Option<usize> {
        if self.tree.nodes.len() >= MOST {
            self.tree.cut = true;
            return None;
        }
        self.tree.nodes.push(node);
        Some(self.tree.nodes.len() - 1)
    }

    fn pop(&mut self) {
        if let Some(open) = self.open.pop() {
            self.tree.nodes[open.at].end = self.tree.nodes.len() as u32;
        }
    }

    fn start(&mut self, self_closing: bool) {
        let Some((name, first)) = self.next.take() else { return };
        let kind = self.tree.kinds[usize::from(name)];
        while self.open.len() > 1 && closes_itself(self.tree.name(self.here()), &self.tree.names[usize::from(name)], kind) {
            self.pop();
        }
        let parent = self.here();
        // Beyond so many names in one element, ordinals say 1: such pages are no pages.
        let mut ordinal = 1;
        if let Some(open) = self.open.last_mut() {
            match open.counts.iter().position(|(counted, _)| *counted == name) {
                Some(nth) => {
                    open.counts[nth].1 += 1;
                    ordinal = open.counts[nth].1;
                }
                None if open.counts.len() < 64 => open.counts.push((name, 1)),
                None => {}
            }
        }
        let to = self.tree.attributes.len() as u32;
        let end = self.tree.nodes.len() as u32 + 1;
        let Some(at) = self.push(Node { parent: parent as u32, end, from: first as u32, to, ordinal, name }) else { return };
        // In HTML a slash closes only what is empty anyway; in SVG and MathML it closes.
        let spelled = self.tree.names[usize::from(name)].as_str();
        let empty = kind.void || (self_closing && matches!(spelled, "path" | "use" | "circle" | "rect" | "g"));
        let noscript = spelled == "noscript";
        if !empty && self.open.len() < DEEPEST {
            self.open.push(Open { at, counts: Vec::new() });
            if noscript {
                self.noscript = Some(String::new());
            }
        }
    }

    fn end(&mut self, name: u16) {
        if let Some(markup) = self.noscript.take()
            && self.tree.names[usize::from(name)] == "noscript"
        {
            self.read(&markup);
            self.noscript = None;
        }
        let found = self.open.iter().rposition(|open| open.at != 0 && self.tree.nodes[open.at].name == name);
        if let Some(found) = found {
            while self.open.len() > found {
                self.pop();
            }
        }
    }

    fn text(&mut self, value: &[u8]) {
        let value = lossy(value);
        if let Some(markup) = &mut self.noscript {
            markup.push_str(&value);
            return;
        }
        let parent = self.here();
        let name = match self.tree.name(parent) {
            "style" => return,
            "script" => RAW,
            _ => TEXT,
        };
        let from = self.tree.arena.len() as u32;
        // Entities part a text; it is one node all the same.
        if let Some(last) =
            self.tree.nodes.last_mut().filter(|last| last.name == name && last.parent == parent as u32 && last.to == from)
        {
            self.tree.arena.push_str(&value);
            last.to = self.tree.arena.len() as u32;
            return;
        }
        self.tree.arena.push_str(&value);
        let (to, end) = (self.tree.arena.len() as u32, self.tree.nodes.len() as u32 + 1);
        self.push(Node { parent: parent as u32, end, from, to, ordinal: 1, name });
    }

    fn read(&mut self, html: &str) {
        let mut emitter: CallbackEmitter<_, Infallible, ()> =
            CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
                self.event(event);
                None
            });
        emitter.naively_switch_states(true);
        let reader = Peeking { inner: html.to_reader(), bytes: html.as_bytes(), at: 0 };
        let Ok(()) = Tokenizer::new_with_emitter(reader, Lenient(emitter)).finish();
    }
}

/// A reader that looks at the next byte before it compares: the tokenizer tries a hundred names for each entity, and nearly
/// all differ in their first letter.
struct Peeking<'a> {
    inner: StringReader<'a>,
    bytes: &'a [u8],
    /// How many of them were read.
    at: usize,
}

impl Reader for Peeking<'_> {
    type Error = Infallible;

    #[inline(always)]
    fn read_byte(&mut self) -> Result<Option<u8>, Infallible> {
        let read = self.inner.read_byte()?;
        self.at += usize::from(read.is_some());
        Ok(read)
    }

    #[inline(always)]
    fn try_read_string(&mut self, text: &[u8], case_sensitive: bool) -> Result<bool, Infallible> {
        if let (Some(first), Some(next)) = (text.first(), self.bytes.get(self.at))
            && !first.eq_ignore_ascii_case(next)
        {
            return Ok(false);
        }
        let read = self.inner.try_read_string(text, case_sensitive)?;
        self.at += if read { text.len() } else { 0 };
        Ok(read)
    }

    #[inline(always)]
    fn read_until<'b>(&'b mut self, needle: &[u8], spare: &'b mut [u8; 4]) -> Result<Option<&'b [u8]>, Infallible> {
        let read = self.inner.read_until(needle, spare)?;
        self.at += read.map_or(0, <[u8]>::len);
        Ok(read)
    }
}

/// An emitter without parse errors: nobody asks for them, and they cost a quarter of the time.
struct Lenient<E>(E);

impl<E: Emitter> ForwardingEmitter for Lenient<E> {
    type Token = E::Token;

    fn inner(&mut self) -> &mut impl Emitter<Token = Self::Token> {
        &mut self.0
    }

    fn emit_error(&mut self, _: html5gum::Error) {}

    fn should_emit_errors(&mut self) -> bool {
        false
    }
}

/// Reads HTML. Every input gives a tree.
pub(super) fn parse(html: &str) -> Tree {
    let root = Node { parent: 0, end: 1, from: 0, to: 0, ordinal: 1, name: 1 };
    let names = vec!["x-other".to_owned(), String::new()];
    // About what a page of this length has, so that little is moved while it is read.
    let (mut nodes, attributes) = (Vec::with_capacity(html.len() / 40), Vec::with_capacity(html.len() / 40));
    nodes.push(root);
    let kinds = names.iter().map(|name| Kind::of(name)).collect();
    let arena = String::with_capacity(html.len());
    let tree = Tree { nodes, attributes, arena, names, kinds, saved_from: None, cut: false };
    let open = vec![Open { at: 0, counts: Vec::new() }];
    let mut builder =
        Builder { tree, known: HashMap::default(), recent: [0; RECENT], open, next: None, keeping: false, noscript: None };
    builder.read(html);
    // A `noscript` that is never closed.
    if let Some(markup) = builder.noscript.take() {
        builder.read(&markup);
    }
    while !builder.open.is_empty() {
        builder.pop();
    }
    builder.tree
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclosed_paragraphs_and_items_end_where_the_next_begins() {
        let tree = parse("<body><p>one<p>two<div>three</div><ul><li>a<li>b</ul></body>");
        let paths: Vec<String> = (0..tree.len()).filter(|at| tree.is_element(*at)).map(|at| tree.path(at)).collect();
        assert_eq!(paths, ["/", "/body", "/body/p", "/body/p[2]", "/body/div", "/body/ul", "/body/ul/li", "/body/ul/li[2]"]);
        assert_eq!(tree.text(0), "one two three a b");
    }

    #[test]
    fn a_hostile_depth_is_flattened() {
        let tree = parse(&"<div>".repeat(100_000));
        assert_eq!(tree.len(), 100_001);
        assert!(tree.path(100_000).len() < 10_000);
    }

    #[test]
    fn what_stands_in_noscript_is_markup_and_a_script_is_not_text() {
        let tree = parse("<p>a<noscript><img src=b.jpg alt='c'></noscript><script>var d = '<img>';</script>e &amp; f</p><p>g");
        let image = (0..tree.len()).find(|at| tree.name(*at) == "img").unwrap();
        assert_eq!((tree.path(image), tree.get(image, "alt")), ("/p/noscript/img".to_owned(), Some("c")));
        assert_eq!(tree.text(0), "ae & f g");
        let script = (0..tree.len()).find(|at| tree.name(*at) == "script").unwrap();
        assert_eq!(tree.script(script), "var d = '<img>';");
    }

    #[test]
    fn entities_are_what_the_standard_says_they_are() {
        let tree =
            parse("<p title='a&amp;b&eacute;&notit;'>&nbsp;x&Nbsp;&amp;lt;&ampx&#x41;&#1;&notin;&notit;&AMP;&hellip;&</p>");
        assert_eq!(tree.get(1, "title"), Some("a&bé&notit;"));
        assert_eq!(tree.words(2), Some("\u{a0}x&Nbsp;&lt;&xA\u{1}∉¬it;&…&"));
    }

    #[test]
    fn a_node_and_what_is_in_it_are_one_range() {
        let tree = parse("<div><p>a<b>c</b></p></div><div id=x y=1 y=2>z</div>");
        let second = (0..tree.len()).filter(|at| tree.name(*at) == "div").nth(1).unwrap();
        assert_eq!((tree.end(1), second, tree.end(second)), (second, second, tree.len()));
        assert_eq!(tree.children(0).collect::<Vec<_>>(), [1, second]);
        assert_eq!((tree.get(second, "id"), tree.get(second, "y")), (Some("x"), Some("1")));
    }
}
