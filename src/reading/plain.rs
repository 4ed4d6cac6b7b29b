//! Plain text: blocks between blank lines, addresses in them.

use std::sync::LazyLock;

use url::Url;

use super::block::{Block, BlockKind, Blocks, Place};
use super::encoding::Decoded;
use super::pattern::Regex;
use super::{Document, Find, Hints, pattern, platform, sentence, sentence::Sentences};
use crate::evidence::{Form, MediaKind, Report};

/// An address in running text; what closes a sentence or a bracket is not part of it.
static ADDRESS: LazyLock<Option<Regex>> = LazyLock::new(|| pattern::regex(r#"https?://[^\s<>"'`«»“”|\\^{}]+"#).ok());

/// Reads a plain-text report.
pub(super) fn read(decoded: &Decoded, bytes: &[u8], hints: &Hints) -> Document {
    let text = decoded.text.trim_start_matches('\u{feff}').to_owned();
    let blocks = Blocks::new(text.clone(), blocks(&text));
    let finds = addresses(&blocks, &mut Sentences::default());
    let mut headings =
        blocks.blocks.iter().take(12).filter(|block| block.kind == BlockKind::Heading).map(|block| &text[block.start..block.end]);
    // A section's name or a notice can stand above the title; a title has some words.
    let title = headings.clone().find(|heading| heading.split_whitespace().count() >= 4).or(headings.next()).map(str::to_owned);
    let report = Report { title, ..super::bare_report(decoded, bytes, hints, "text", "text/plain") };
    Document { report, base: hints.url.clone(), blocks, finds, excluded: Vec::new(), parts: Default::default() }
}

/// The addresses that a text prints.
pub(super) fn addresses(blocks: &Blocks, sentences: &mut Sentences) -> Vec<Find> {
    let lines: Vec<usize> = blocks.text.match_indices('\n').map(|(at, _)| at).collect();
    let found = ADDRESS.iter().flat_map(|address| address.find_iter(&blocks.text)).take(MOST);
    found.filter_map(|found| find(blocks, (sentences, &lines), found.start(), found.as_str())).collect()
}

/// Addresses beyond this many are not read.
pub(super) const MOST: usize = 20_000;

/// Paragraphs between blank lines. A short one without a full stop is a heading.
fn blocks(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let (mut at, mut open): (usize, Option<(usize, usize, usize)>) = (0, None);
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = at + line.trim_end().len();
        if line.trim().is_empty() {
            blocks.extend(open.take().map(|open| block(text, open)));
        } else {
            let start = at + (line.len() - line.trim_start().len());
            open = Some(open.map_or((start, end, number + 1), |(first, _, line)| (first, end, line)));
        }
        at += line.len();
    }
    blocks.extend(open.map(|open| block(text, open)));
    blocks
}

fn block(text: &str, (start, end, line): (usize, usize, usize)) -> Block {
    let words = &text[start..end];
    let each: Vec<&str> = words.split_whitespace().collect();
    let capital = each.iter().filter(|word| word.starts_with(char::is_uppercase)).count();
    let titled = each.len() <= 8 || capital * 10 >= each.len() * 6;
    let heading = titled
        && !words.contains('\n')
        && words.chars().count() <= 120
        && !words.ends_with(['.', '!', '?', '…', ':', '؟', '"', '”'])
        && !words.contains("http");
    Block { start, end, kind: if heading { BlockKind::Heading } else { BlockKind::Paragraph }, place: Place::Line(line) }
}

fn find(blocks: &Blocks, (sentences, lines): (&mut Sentences, &[usize]), start: usize, matched: &str) -> Option<Find> {
    let mut address = matched.trim_end_matches(['.', ',', ';', ':', '!', '?', '*', '_', '…', '،', '؛']);
    while address.ends_with([')', ']']) {
        let (open, close) = if address.ends_with(')') { ('(', ')') } else { ('[', ']') };
        if address.matches(open).count() >= address.matches(close).count() {
            break;
        }
        address = address[..address.len() - 1].trim_end_matches(['.', ',', ';']);
    }
    let url = Url::parse(address).ok().filter(|_| address.len() <= 8192)?;
    let block = blocks.block_at(start)?;
    let line_start = blocks.text[..start].rfind('\n').map_or(0, |at| at + 1);
    let line = blocks.text[line_start..].lines().next().unwrap_or("");
    let known = platform::recognise(&url).map(|found| found.kind).or_else(|| platform::media_kind_of_path(url.path()));
    // A line that is nothing but an address is meant; an address of a page inside a sentence is a source.
    let alone = line.trim().trim_start_matches(['-', '*', '•', ' ']) == matched;
    let kind = known.or(alone.then_some(MediaKind::Page))?;
    let number = lines.partition_point(|at| *at < start) + 1;
    let end = start + address.len();
    let split = sentences.of(block.start, &blocks.text[block.start..block.end]);
    let within = sentence::around(split, start - block.start, end - block.start, block.end - block.start);
    Some(Find {
        kind,
        form: Form::Linked,
        url: address.to_owned(),
        quote: (block.start + within.0, block.start + within.1),
        place: match &block.place {
            Place::Page(_) | Place::Node(_) => block.place.clone(),
            _ => Place::Line(number),
        },
        columns: Vec::new(),
        rule: "text/address@1".into(),
        ..Find::default()
    })
}
