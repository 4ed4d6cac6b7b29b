//! A sentence's words, with what of their spelling tells a name.

use std::borrow::Cow;

/// A word of a sentence.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token<'a> {
    pub start: usize,
    pub end: usize,
    pub lower: Cow<'a, str>,
    pub capital: bool,
    pub arabic: bool,
    /// A mark stands behind it: a name ends here.
    pub stop: bool,
    pub comma: bool,
    /// `'s` stands behind it, and is not part of it.
    pub owner: bool,
}

/// The words of a text, in order.
pub(super) fn tokens(text: &str) -> Vec<Token<'_>> {
    let mut tokens: Vec<Token<'_>> = Vec::with_capacity(text.len() / 6);
    let mut letters = text.char_indices().peekable();
    while let Some((start, first)) = letters.next() {
        if !first.is_alphanumeric() {
            if let Some(last) = tokens.last_mut() {
                last.comma |= first == ',' || first == '،';
                last.stop |= !matches!(first, ' ' | '\u{a0}' | '\n' | '\t');
            }
            continue;
        }
        let mut end = start + first.len_utf8();
        while let Some((at, letter)) = letters.peek().copied() {
            let next = || text[at + letter.len_utf8()..].chars().next();
            let inner = || matches!(letter, '-' | '\'' | '’' | 'ʼ') && next().is_some_and(char::is_alphanumeric);
            // No mark that combines is below this.
            let combines = letter >= '\u{300}' && unicode_normalization::char::is_combining_mark(letter);
            if !letter.is_alphanumeric() && !combines && !inner() {
                break;
            }
            end = at + letter.len_utf8();
            letters.next();
        }
        let mut owner = false;
        for ending in ["'s", "’s"] {
            if let Some(bare) = text[start..end].strip_suffix(ending) {
                end = start + bare.len();
                owner = true;
            }
        }
        // `d'Alep` and `l'Ukraine` are two words.
        let word = &text[start..end];
        if let Some(at) = word.find(['\'', '’']).filter(|at| *at <= 1 && !owner) {
            let cut = start + at + word[at..].chars().next().map_or(1, char::len_utf8);
            tokens.push(token(text, start, cut));
            tokens.push(token(text, cut, end));
            continue;
        }
        let mut word = token(text, start, end);
        word.owner = owner;
        tokens.push(word);
    }
    tokens
}

fn token(text: &str, start: usize, end: usize) -> Token<'_> {
    let word = &text[start..end];
    let first = word.chars().next().unwrap_or(' ');
    Token {
        start,
        end,
        lower: if word.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            Cow::Borrowed(word)
        } else {
            Cow::Owned(word.to_lowercase())
        },
        capital: first.is_uppercase() || article_name(word) || (first.is_ascii_digit() && word.ends_with(['t', 'd', 'h'])),
        arabic: ('\u{0600}'..='\u{06ff}').contains(&first),
        stop: false,
        comma: false,
        owner: false,
    }
}

/// `al-Numan`, `ez-Zor`: a name behind its article.
fn article_name(word: &str) -> bool {
    const ARTICLES: &[&str] = &["al", "el", "ez", "az", "es", "as", "ad", "ed", "ar", "er", "an", "en", "at", "et", "ash", "ul"];
    word.split_once('-').is_some_and(|(article, name)| ARTICLES.contains(&article) && name.starts_with(char::is_uppercase))
}
