//! A report's text: one string, cut into blocks that know where they stand.

use super::tree::Tree;
use crate::evidence::{Locator, Quote};

/// Where in a report something stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// A node of the page's tree.
    Node(usize),
    Line(usize),
    Page(usize),
    Row(usize),
    Cell(usize, Box<str>),
}

/// What a stretch of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BlockKind {
    Heading,
    Paragraph,
    Caption,
    /// Text of the site around the report.
    Aside,
}

/// A paragraph, heading, caption or line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Block {
    /// Byte range in the text.
    pub start: usize,
    pub end: usize,
    pub kind: BlockKind,
    pub place: Place,
}

/// How many bytes lie between two counted places.
const STRIDE: usize = 4096;

/// The whole text and its blocks, in order.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Blocks {
    pub text: String,
    /// Of a page: what its places are named by.
    pub tree: Option<Tree>,
    pub blocks: Vec<Block>,
    /// Characters before each stride, so that positions are counted from near by.
    counts: Vec<usize>,
}

impl Blocks {
    pub fn new(text: String, blocks: Vec<Block>) -> Blocks {
        let mut counts = Vec::with_capacity(text.len() / STRIDE + 1);
        let mut count = 0;
        for (at, byte) in text.bytes().enumerate() {
            if at % STRIDE == 0 {
                counts.push(count);
            }
            // Every byte that begins a character.
            count += usize::from(byte & 0xc0 != 0x80);
        }
        Blocks { text, tree: None, blocks, counts }
    }

    /// Characters before a byte position that begins a character.
    fn characters(&self, at: usize) -> usize {
        let stride = (at / STRIDE).min(self.counts.len().saturating_sub(1));
        let from = stride * STRIDE;
        let begun = self.text.as_bytes()[from..at].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.counts.get(stride).copied().unwrap_or(0) + begun
    }

    /// Where a byte range is, for people and programs.
    pub fn locate(&self, place: &Place, start: usize, end: usize) -> String {
        let place = match place {
            Place::Node(at) => self.tree.as_ref().map_or_else(|| "/".to_owned(), |tree| tree.path(*at)),
            Place::Line(number) => format!("line {number}"),
            Place::Page(number) => format!("page {number}"),
            Place::Row(number) => format!("row {number}"),
            Place::Cell(number, column) => format!("row {number} column {column}"),
        };
        Locator { place, start: self.characters(start), end: self.characters(end) }.to_string()
    }

    /// The words of a range, and up to 32 characters on each side of them.
    pub fn quote(&self, start: usize, end: usize) -> Quote {
        let before = &self.text[..start];
        let from = before.char_indices().rev().take(32).last().map_or(start, |(at, _)| at);
        let after = &self.text[end..];
        let to = after.char_indices().nth(32).map_or(after.len(), |(at, _)| at);
        Quote { exact: self.text[start..end].to_owned(), prefix: before[from..].to_owned(), suffix: after[..to].to_owned() }
    }

    /// The block that a byte position is in, or the last one before it.
    pub fn block_at(&self, at: usize) -> Option<&Block> {
        let after = self.blocks.partition_point(|block| block.start <= at);
        self.blocks.get(after.checked_sub(1)?)
    }
}
