//! A report's text: one string, cut into blocks that know where they stand.

use crate::evidence::{Locator, Quote};

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
    /// Element path, line or row.
    pub place: String,
}

/// How many bytes lie between two counted places.
const STRIDE: usize = 4096;

/// The whole text and its blocks, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Blocks {
    pub text: String,
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
        Blocks { text, blocks, counts }
    }

    /// Characters before a byte position that begins a character.
    fn characters(&self, at: usize) -> usize {
        let stride = (at / STRIDE).min(self.counts.len().saturating_sub(1));
        let from = stride * STRIDE;
        let begun = self.text.as_bytes()[from..at].iter().filter(|byte| **byte & 0xc0 != 0x80).count();
        self.counts.get(stride).copied().unwrap_or(0) + begun
    }

    /// Where a byte range is, for people and programs.
    pub fn locate(&self, place: &str, start: usize, end: usize) -> String {
        Locator { place: place.to_owned(), start: self.characters(start), end: self.characters(end) }.to_string()
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
