//! A page's text in blocks, and where each of its nodes stands in that text.

use super::block::BlockKind;
use super::tree::Tree;

/// A text with every run of blanks as one, and none at its ends.
pub(super) fn folded(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A stretch of text between two blocks' edges.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Run {
    /// Byte range in the text.
    pub start: usize,
    pub end: usize,
    /// The first node of text, and the element around it.
    pub node: usize,
    pub element: usize,
    /// Bytes of it that are words of links.
    pub linked: usize,
    pub kind: BlockKind,
}

impl Run {
    pub fn len(&self) -> usize {
        self.end - self.start
    }
}

/// The text of a page, as a reader sees it: blanks folded, a new line for each block.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub text: String,
    pub runs: Vec<Run>,
    /// Length of the text where each node begins; one more for the end.
    pub at: Vec<u32>,
}

struct Open {
    end: usize,
    block: bool,
    kind: Option<BlockKind>,
    link: bool,
}

/// Writes the text of a page.
pub(super) fn outline(tree: &Tree) -> Outline {
    let mut outline = Outline { at: Vec::with_capacity(tree.len() + 1), ..Outline::default() };
    let (mut open, mut run): (Vec<Open>, Option<Run>) = (Vec::new(), None);
    let mut silent = 0;
    for at in 0..tree.len() {
        while open.last().is_some_and(|last| last.end <= at) {
            if open.pop().is_some_and(|last| last.block) {
                close(&mut outline, &mut run);
            }
        }
        if tree.is_element(at) {
            let name = tree.name(at);
            let block = tree.is_block(at);
            if block {
                close(&mut outline, &mut run);
            }
            outline.at.push(outline.text.len() as u32);
            if tree.is_silent(at) {
                silent = silent.max(tree.end(at));
            }
            let kind = match name {
                "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => Some(BlockKind::Heading),
                "figcaption" => Some(BlockKind::Caption),
                _ => None,
            };
            if tree.end(at) > at + 1 {
                open.push(Open { end: tree.end(at), block, kind, link: name == "a" });
            }
            continue;
        }
        outline.at.push(outline.text.len() as u32);
        if at < silent {
            continue;
        }
        let Some(words) = tree.words(at) else { continue };
        let kind = open.iter().rev().find_map(|open| open.kind).unwrap_or(BlockKind::Paragraph);
        let before = outline.text.len();
        write(&mut outline.text, &mut run, words, (at, tree.parent(at), kind));
        if let Some(run) = run.as_mut().filter(|_| open.iter().any(|open| open.link)) {
            run.linked += outline.text.len() - before;
        }
    }
    close(&mut outline, &mut run);
    outline.at.push(outline.text.len() as u32);
    outline
}

fn close(outline: &mut Outline, run: &mut Option<Run>) {
    let Some(mut run) = run.take() else { return };
    run.end = run.start + outline.text[run.start..].trim_end().len();
    outline.text.truncate(run.end);
    if run.end > run.start {
        run.linked = run.linked.min(run.len());
        outline.runs.push(run);
        outline.text.push('\n');
    }
}

/// Adds text, blanks folded.
fn write(text: &mut String, run: &mut Option<Run>, part: &str, (node, element, kind): (usize, usize, BlockKind)) {
    for (nth, word) in part.split_whitespace().enumerate() {
        if run.is_none() {
            *run = Some(Run { start: text.len(), end: text.len(), node, element, linked: 0, kind });
        } else if (nth > 0 || part.starts_with(char::is_whitespace)) && !text.ends_with(' ') {
            text.push(' ');
        }
        text.push_str(word);
    }
    if part.ends_with(char::is_whitespace) && run.is_some() && !text.ends_with(' ') {
        text.push(' ');
    }
}

#[cfg(test)]
mod tests {
    use super::super::tree::parse;
    use super::*;

    #[test]
    fn blocks_are_lines_and_nodes_know_their_place() {
        let tree = parse("<div><h1>A  title</h1><p>One <a href=x>two</a> three.<script>no</script></p>tail</div>");
        let outline = outline(&tree);
        assert_eq!(outline.text, "A title\nOne two three.\ntail\n");
        let lines: Vec<&str> = outline.runs.iter().map(|run| &outline.text[run.start..run.end]).collect();
        assert_eq!(lines, ["A title", "One two three.", "tail"]);
        assert_eq!((outline.runs[0].kind, outline.runs[1].linked), (BlockKind::Heading, 3));
        let link = (0..tree.len()).find(|at| tree.name(*at) == "a").unwrap();
        assert_eq!(&outline.text[outline.at[link] as usize..outline.at[tree.end(link)] as usize], "two");
    }
}
