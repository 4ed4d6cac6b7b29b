//! HTML as a tree: tokens by the WHATWG rules, nesting with bounds that hostile pages cannot break.

use std::convert::Infallible;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

/// Elements deeper than this become siblings: no report needs it, and browsers stop at 512, too.
const DEEPEST: usize = 400;
/// Attributes of one element beyond this many are dropped.
const ATTRIBUTES: usize = 200;

/// An element or a text.
#[derive(Debug)]
pub(super) enum Node {
    Element(Element),
    Text(String),
}

#[derive(Debug, Default)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<usize>,
    pub parent: usize,
    /// Which of its parent's elements of this name, from 1.
    pub ordinal: usize,
}

impl Element {
    /// An attribute's value; the first of two counts.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }

    /// The first of these attributes that is there and not blank.
    pub fn first(&self, names: &[&str]) -> Option<&str> {
        names.iter().find_map(|name| self.get(name).map(str::trim).filter(|value| !value.is_empty()))
    }
}

/// All nodes; node 0 is the document.
#[derive(Debug)]
pub(super) struct Tree {
    pub nodes: Vec<Node>,
}

impl Tree {
    /// The element at this place; the document's own if it is a text.
    pub fn element(&self, at: usize) -> &Element {
        static NONE: std::sync::LazyLock<Element> = std::sync::LazyLock::new(Element::default);
        match &self.nodes[at] {
            Node::Element(element) => element,
            Node::Text(_) => &NONE,
        }
    }

    /// `/html/body/article/p[3]`; of an element far down, the innermost steps behind `//`.
    pub fn path(&self, mut at: usize) -> String {
        const STEPS: usize = 24;
        let mut steps = Vec::new();
        while at != 0 && steps.len() < STEPS {
            let element = self.element(at);
            let name: String = element.name.chars().take(40).collect();
            steps.push(if element.ordinal > 1 { format!("{name}[{}]", element.ordinal) } else { name });
            at = element.parent;
        }
        steps.reverse();
        format!("{}{}", if at == 0 { "/" } else { "//" }, steps.join("/"))
    }

    /// An element and everything in it, in order.
    pub fn below(&self, at: usize) -> impl Iterator<Item = usize> + '_ {
        let mut stack = vec![at];
        std::iter::from_fn(move || {
            let at = stack.pop()?;
            if let Node::Element(element) = &self.nodes[at] {
                stack.extend(element.children.iter().rev());
            }
            Some(at)
        })
    }

    /// All text in an element, blanks folded.
    pub fn text(&self, at: usize) -> String {
        self.text_up_to(at, usize::MAX)
    }

    /// The same, of a long one only its beginning.
    pub fn text_up_to(&self, at: usize, most: usize) -> String {
        let mut text = String::new();
        for node in self.below(at) {
            if let Node::Text(part) = &self.nodes[node] {
                text.push_str(part);
                text.push(' ');
                if text.len() > most {
                    break;
                }
            }
        }
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
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
    matches!(
        name,
        "address"
            | "article"
            | "aside"
            | "blockquote"
            | "details"
            | "div"
            | "dl"
            | "fieldset"
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
            | "main"
            | "nav"
            | "ol"
            | "p"
            | "pre"
            | "section"
            | "table"
            | "ul"
    )
}

/// Elements that end where the next of their kind begins.
fn closes_itself(open: &str, next: &str) -> bool {
    match open {
        "li" => next == "li",
        "dt" | "dd" => matches!(next, "dt" | "dd"),
        "option" => next == "option",
        "tr" => next == "tr",
        "td" | "th" => matches!(next, "td" | "th" | "tr"),
        "p" => closes_paragraph(next),
        _ => false,
    }
}

struct Builder {
    nodes: Vec<Node>,
    open: Vec<usize>,
    next: Option<Element>,
    name: String,
}

impl Builder {
    fn event(&mut self, event: CallbackEvent<'_>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.next = Some(Element { name: text(name).to_ascii_lowercase(), ..Element::default() });
            }
            CallbackEvent::AttributeName { name } => {
                self.name = text(name).to_ascii_lowercase();
                if let Some(element) = self.next.as_mut().filter(|element| element.attributes.len() < ATTRIBUTES) {
                    element.attributes.push((self.name.clone(), String::new()));
                }
            }
            CallbackEvent::AttributeValue { value } => {
                if let Some(last) = self.next.as_mut().and_then(|element| element.attributes.last_mut())
                    && last.0 == self.name
                {
                    last.1 = text(value);
                }
            }
            CallbackEvent::CloseStartTag { .. } => self.start(),
            CallbackEvent::EndTag { name } => self.end(&text(name).to_ascii_lowercase()),
            CallbackEvent::String { value } => self.text(text(value)),
            CallbackEvent::Comment { .. } | CallbackEvent::Doctype { .. } | CallbackEvent::Error(_) => {}
        }
    }

    fn here(&self) -> usize {
        self.open.last().copied().unwrap_or(0)
    }

    fn add(&mut self, node: Node) -> usize {
        let (at, parent) = (self.nodes.len(), self.here());
        self.nodes.push(node);
        if let Node::Element(element) = &mut self.nodes[parent] {
            element.children.push(at);
        }
        at
    }

    fn start(&mut self) {
        let Some(mut element) = self.next.take() else { return };
        while let Node::Element(open) = &self.nodes[self.here()]
            && closes_itself(&open.name, &element.name)
        {
            self.open.pop();
        }
        element.parent = self.here();
        let name = element.name.clone();
        if let Node::Element(parent) = &self.nodes[element.parent] {
            // Only the last few hundred siblings are counted: paths stay true for any page of people.
            let same = |at: &&usize| matches!(&self.nodes[**at], Node::Element(other) if other.name == name);
            let before = parent.children.iter().rev().take(4096).find(same);
            element.ordinal = match before.map(|at| &self.nodes[*at]) {
                Some(Node::Element(other)) => other.ordinal + 1,
                _ => 1,
            };
        }
        let at = self.add(Node::Element(element));
        if !is_void(&name) && self.open.len() < DEEPEST {
            self.open.push(at);
        }
    }

    fn end(&mut self, name: &str) {
        let found = self.open.iter().rposition(|at| matches!(&self.nodes[*at], Node::Element(open) if open.name == name));
        if let Some(found) = found {
            self.open.truncate(found);
        }
    }

    fn text(&mut self, value: String) {
        self.add(Node::Text(value));
    }
}

/// Reads HTML. Every input gives a tree.
pub(super) fn parse(html: &str) -> Tree {
    let root = Element { name: String::new(), ordinal: 1, ..Element::default() };
    let mut builder = Builder { nodes: vec![Node::Element(root)], open: Vec::new(), next: None, name: String::new() };
    {
        let mut emitter: CallbackEmitter<_, Infallible, ()> =
            CallbackEmitter::new(|event: CallbackEvent<'_>, _: Span<()>| -> Option<Infallible> {
                builder.event(event);
                None
            });
        emitter.naively_switch_states(true);
        let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    }
    Tree { nodes: builder.nodes }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclosed_paragraphs_and_items_end_where_the_next_begins() {
        let tree = parse("<body><p>one<p>two<div>three</div><ul><li>a<li>b</ul></body>");
        let paths: Vec<String> =
            (0..tree.nodes.len()).filter(|at| matches!(tree.nodes[*at], Node::Element(_))).map(|at| tree.path(at)).collect();
        assert_eq!(paths, ["/", "/body", "/body/p", "/body/p[2]", "/body/div", "/body/ul", "/body/ul/li", "/body/ul/li[2]"]);
    }

    #[test]
    fn a_hostile_depth_is_flattened() {
        let tree = parse(&"<div>".repeat(100_000));
        assert_eq!(tree.nodes.len(), 100_001);
        assert!(tree.path(100_000).len() < 10_000);
    }
}
