//! Sentences of a text, as byte ranges.

/// Words that a full stop follows without ending a sentence.
const ABBREVIATIONS: &[&str] = &[
    "mr", "mrs", "ms", "dr", "prof", "st", "gen", "lt", "col", "sgt", "capt", "maj", "sen", "rep", "gov", "no", "vs", "jan",
    "feb", "mar", "apr", "aug", "sept", "sep", "oct", "nov", "dec", "jr", "sr", "inc", "ltd", "approx", "e.g", "i.e", "u.s",
    "u.n", "u.k", "a.m", "p.m", "m", "mme", "bzw", "z.b", "ca",
];

/// The sentences of a text, each without the blanks around it.
pub(super) fn split(text: &str) -> Vec<(usize, usize)> {
    let mut sentences = Vec::new();
    let mut start = 0;
    let mut letters = text.char_indices().peekable();
    while let Some((at, letter)) = letters.next() {
        let end = match letter {
            '.' | '!' | '?' | '…' | '؟' | '。' => {
                let mut end = at + letter.len_utf8();
                while let Some((at, closing)) = letters
                    .peek()
                    .copied()
                    .filter(|(_, letter)| matches!(letter, '"' | '”' | '’' | '»' | ')' | ']' | '.' | '!' | '?'))
                {
                    end = at + closing.len_utf8();
                    letters.next();
                }
                if letter == '.' && abbreviated(&text[start..at]) || !begins_sentence(&text[end..]) {
                    continue;
                }
                end
            }
            '\n' if ends_line(&text[start..at]) => at,
            _ => continue,
        };
        push(text, start, end, &mut sentences);
        start = end;
    }
    push(text, start, text.len(), &mut sentences);
    sentences
}

/// Bytes of the longest sentence.
const LONGEST: usize = 2000;

fn push(text: &str, start: usize, end: usize, sentences: &mut Vec<(usize, usize)>) {
    let start = start + (text[start..end].len() - text[start..end].trim_start().len());
    let end = start + text[start..end].trim_end().len();
    // No sentence is as long as this: what has no marks is cut at blanks, so that a quote stays a quote.
    let mut start = start;
    while end - start > LONGEST {
        let mut most = start + LONGEST;
        while !text.is_char_boundary(most) {
            most -= 1;
        }
        let cut = text[start..most].rfind(char::is_whitespace).filter(|at| *at > 0).map_or(most, |at| start + at);
        sentences.push((start, start + text[start..cut].trim_end().len()));
        start = cut + (text[cut..end].len() - text[cut..end].trim_start().len());
    }
    if end > start {
        sentences.push((start, end));
    }
}

fn abbreviated(before: &str) -> bool {
    // No abbreviation is longer; a text without blanks is not looked through again and again.
    let mut from = before.len().saturating_sub(16);
    while !before.is_char_boundary(from) {
        from += 1;
    }
    let word =
        before[from..].rsplit(|letter: char| letter.is_whitespace() || matches!(letter, '(' | '"' | '“')).next().unwrap_or("");
    let initial = word.chars().count() == 1 && word.chars().all(char::is_uppercase);
    initial || ABBREVIATIONS.contains(&word.to_lowercase().as_str())
}

/// A new sentence begins with a blank and then no small letter.
fn begins_sentence(rest: &str) -> bool {
    let trimmed = rest.trim_start();
    trimmed.is_empty() || (trimmed.len() < rest.len() && !trimmed.starts_with(char::is_lowercase))
}

/// A short line is a line of its own; a long one was wrapped.
fn ends_line(so_far: &str) -> bool {
    let line = so_far.rsplit('\n').next().unwrap_or(so_far).trim_end();
    line.chars().count() < 60 || line.ends_with(['.', '!', '?', '"', '”', ':', '؟'])
}

/// Sentences of the blocks of one text, each block split once.
#[derive(Default)]
pub(super) struct Sentences {
    split: super::HashMap<usize, Vec<(usize, usize)>>,
}

impl Sentences {
    /// The sentences of a block that begins at `start` of the whole text.
    pub fn of(&mut self, start: usize, text: &str) -> &[(usize, usize)] {
        self.split.entry(start).or_insert_with(|| split(text))
    }
}

/// The sentence, or sentences, among these that a range touches.
pub(super) fn around(sentences: &[(usize, usize)], start: usize, end: usize, length: usize) -> (usize, usize) {
    let first = sentences.partition_point(|(_, to)| *to <= start);
    let touched = sentences[first..].iter().copied().take_while(|(from, _)| *from < end.max(start + 1));
    touched.reduce(|(from, _), (_, to)| (from, to)).unwrap_or((start.min(length), end.min(length)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<&str> {
        split(text).into_iter().map(|(start, end)| &text[start..end]).collect()
    }

    #[test]
    fn sentences_end_where_a_reader_would_end_them() {
        assert_eq!(texts("One. Two? “Three.” Four"), ["One.", "Two?", "“Three.”", "Four"]);
        assert_eq!(
            texts("Dr. A. Smith of the U.S. army left at 3.15 p.m. on Sunday."),
            ["Dr. A. Smith of the U.S. army left at 3.15 p.m. on Sunday."]
        );
        assert_eq!(texts("A caption ends here.\nFoto via YouTube/Name"), ["A caption ends here.", "Foto via YouTube/Name"]);
        assert_eq!(texts("يظهر المقطع قصفا. هل هو صحيح؟ نعم"), ["يظهر المقطع قصفا.", "هل هو صحيح؟", "نعم"]);
        assert_eq!(
            texts("a line that was wrapped by a mail program at about seventy letters\nand goes on"),
            ["a line that was wrapped by a mail program at about seventy letters\nand goes on"]
        );
    }
}
