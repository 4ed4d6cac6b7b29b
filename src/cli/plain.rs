//! Text that is safe on a terminal: foreign strings cannot move the cursor, change colours, or turn
//! the line around.

use std::io::{self, IsTerminal, Write};

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Whether a character could do something on a terminal beside being seen.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{FEFF}' | '\u{FFF9}'..='\u{FFFB}')
        || matches!(letter as u32, 0xE0000..=0xE007F)
}

fn is_right_to_left(letter: char) -> bool {
    matches!(letter, '\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}')
}

/// A foreign string in one line: what acts is escaped, and text that runs right to left is isolated
/// (U+2068 … U+2069), so that it cannot rearrange what stands around it.
pub fn safe(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '\n' | '\t' | '\r' => plain.push(' '),
            // Joiners shape letters in Arabic and other scripts; they are harmless.
            '\u{200C}' | '\u{200D}' => plain.push(letter),
            letter if acts(letter) => plain.push_str(&letter.escape_unicode().to_string()),
            letter => plain.push(letter),
        }
    }
    if plain.chars().any(is_right_to_left) { format!("\u{2068}{plain}\u{2069}") } else { plain }
}

/// The same, cut to so many columns, with an ellipsis where something is cut.
pub fn fit(text: &str, columns: usize) -> String {
    let folded = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if folded.width() <= columns {
        return safe(&folded);
    }
    let (mut cut, mut width) = (String::new(), 0);
    for letter in folded.chars() {
        width += letter.width().unwrap_or(0);
        if width + 1 > columns {
            break;
        }
        cut.push(letter);
    }
    safe(&format!("{}…", cut.trim_end()))
}

/// Text in lines of so many columns, each safe. Nothing is cut: a word longer than a line goes on in
/// the next, so that a digest stays whole.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let (mut lines, mut width) = (vec![String::new()], 0);
    for word in text.split_whitespace() {
        if width > 0 && width + 1 + word.width() > columns {
            lines.push(String::new());
            width = 0;
        }
        for (nth, letter) in word.chars().enumerate() {
            let letter_width = letter.width().unwrap_or(0);
            if width + letter_width > columns {
                lines.push(String::new());
                width = 0;
            }
            if let Some(line) = lines.last_mut() {
                if nth == 0 && width > 0 {
                    line.push(' ');
                    width += 1;
                }
                line.push(letter);
                width += letter_width;
            }
        }
    }
    lines.iter().map(|line| safe(line)).collect()
}

/// Pads to so many columns; the isolating marks take none.
pub fn pad(text: &str, columns: usize) -> String {
    let shown = text.replace(['\u{2068}', '\u{2069}'], "").width();
    format!("{text}{}", " ".repeat(columns.saturating_sub(shown)))
}

/// Columns of the terminal; 80 where there is none.
pub fn columns() -> usize {
    let told = std::env::var("COLUMNS").ok().and_then(|text| text.parse().ok());
    let asked = || io::stdout().is_terminal().then(|| usize::from(console::Term::stdout().size().1));
    told.or_else(asked).unwrap_or(80).clamp(40, 200)
}

/// `1.2 MB`
pub fn size(bytes: u64) -> String {
    let units = ["B", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} B") } else { format!("{value:.1} {}", units[unit]) }
}

/// `one reference`, `3 references`
pub fn count(number: usize, one: &str, many: &str) -> String {
    if number == 1 { format!("1 {one}") } else { format!("{number} {many}") }
}

/// A line on standard error. That it cannot be written, because the disk that it goes to is full, say, stops nothing.
pub fn complain(text: &str) {
    let _ = io::stderr().lock().write_all(format!("{text}\n").as_bytes());
}

/// Writes to standard output. A reader that has gone ends the program quietly; output that cannot be
/// written whole ends it with an error, so that half a list is never taken for a whole one.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    if let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        if error.kind() != io::ErrorKind::BrokenPipe {
            complain(&format!("exhibit: The output cannot be written: {error}"));
        }
        std::process::exit(1);
    }
}

/// One JSON document on standard output.
pub fn print_json<T: serde::Serialize>(value: &T) {
    let text = serde_json::to_string_pretty(value).unwrap_or_default();
    // Characters that act stand only inside strings, where an escape says the same.
    let mut plain = String::with_capacity(text.len() + 1);
    let mut units = [0; 2];
    let mut rest = text.as_str();
    while let Some((at, letter)) = rest.char_indices().find(|(_, letter)| *letter != '\n' && acts(*letter)) {
        plain.push_str(&rest[..at]);
        letter.encode_utf16(&mut units).iter().for_each(|unit| plain.push_str(&format!("\\u{unit:04x}")));
        rest = &rest[at + letter.len_utf8()..];
    }
    plain.push_str(rest);
    plain.push('\n');
    print(&plain);
}

/// Whether colours are wanted: a terminal, and no `NO_COLOR`.
pub fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// Emphasised on a terminal.
pub fn strong(text: &str) -> String {
    if colours() { format!("\u{1b}[1m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// In a colour on a terminal: 31 red, 32 green, 33 amber, 2 faint.
pub fn coloured(text: &str, colour: u8) -> String {
    if colours() { format!("\u{1b}[{colour}m{text}\u{1b}[0m") } else { text.to_owned() }
}

/// How far something long is, on a terminal, for as long as this is there.
pub struct Bar(Option<indicatif::ProgressBar>);

impl Bar {
    pub fn new(quiet: bool) -> Bar {
        Bar((!quiet && io::stderr().is_terminal()).then(|| indicatif::ProgressBar::new(0)))
    }

    pub fn tick(&self, done: u64, total: u64) {
        if let Bar(Some(bar)) = self {
            bar.set_length(total);
            bar.set_position(done);
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Bar(Some(bar)) = self {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_shown_and_does_not_act() {
        assert_eq!(safe("a\u{1b}[31mb\u{202e}c\rd"), "a\\u{1b}[31mb\\u{202e}c d");
        assert_eq!(safe("إدلب"), "\u{2068}إدلب\u{2069}");
        assert_eq!(fit("one two three", 8), "one two…");
        assert_eq!(pad(&safe("إدلب"), 6).chars().count(), 4 + 2 + 2);
    }

    #[test]
    fn wrapped_text_is_whole() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("a 0123456789 b", 6), ["a", "012345", "6789 b"]);
        assert_eq!(wrap("", 6), [""]);
    }

    #[test]
    fn sizes_are_said_as_people_say_them() {
        assert_eq!(size(999), "999 B");
        assert_eq!(size(1_234_567), "1.2 MB");
    }
}
