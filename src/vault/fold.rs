//! Folding for search columns only; what is shown is never folded.

/// Folds Arabic letters that writers use for each other (hamza carriers, alef maksura, ta marbuta),
/// drops tatweel, vowel signs and direction marks, and writes Arabic-Indic digits as ASCII ones.
/// Case and Latin accents are the search index's own affair.
pub(super) fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.to_owned();
    }
    text.chars()
        .filter_map(|letter| match letter {
            '\u{0640}' | '\u{064B}'..='\u{0652}' | '\u{0670}' => None,
            '\u{200E}' | '\u{200F}' | '\u{061C}' | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' => None,
            'أ' | 'إ' | 'آ' | 'ٱ' => Some('ا'),
            'ى' | 'ئ' => Some('ي'),
            'ؤ' => Some('و'),
            'ة' => Some('ه'),
            '٠'..='٩' => char::from_digit(letter as u32 - '٠' as u32, 10),
            '۰'..='۹' => char::from_digit(letter as u32 - '۰' as u32, 10),
            other => Some(other),
        })
        .collect()
}

/// The words of a query as an FTS5 expression: every word must occur, the last may be a beginning.
/// Nothing a person types is taken for query syntax.
pub(super) fn query(text: &str) -> String {
    let words: Vec<String> = fold(text)
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(|word| format!("\"{word}\""))
        .collect();
    if words.is_empty() { String::new() } else { format!("{}*", words.join(" ")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_an_arabic_name_fold_to_one() {
        assert_eq!(fold("إدلـب"), fold("ادلب"));
        assert_eq!(fold("الغوطة ٢٠١٣"), fold("الغوطه 2013"));
        assert_eq!(fold("۲۰۱۳ ۹"), "2013 9");
    }

    #[test]
    fn query_syntax_is_only_words() {
        assert_eq!(query("a OR b\" NEAR(c"), "\"a\" \"OR\" \"b\" \"NEAR\" \"c\"*");
        assert_eq!(query("—"), "");
    }
}
