//! Text for HTML. Everything foreign passes `shown`: escaped, and what acts is named instead of acting.

use super::words::MONTHS;

/// Characters shown of one string; the rest is in the JSON record.
const LONGEST: usize = 6000;
/// The same in a cell of a table.
pub(super) const CELL: usize = 1500;
/// Marks that shape Arabic may stay in running text.
const RUNNING: &[char] = &['\n', '\t', '\u{200C}', '\u{200D}', '\u{200E}', '\u{200F}', '\u{061C}'];

/// Whether a character could do something beside being seen.
fn acts(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}' | '\u{061C}' | '\u{FEFF}')
        || matches!(letter, '\u{FFF9}'..='\u{FFFB}' | '\u{E0000}'..='\u{E007F}')
}

/// Escaped for HTML, in running text.
pub(super) fn shown(text: &str) -> String {
    shown_with(text, RUNNING, LONGEST)
}

/// The same with the characters that may stay though they act, and how many characters are shown.
fn shown_with(text: &str, plain: &[char], most: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.chars().take(most) {
        match letter {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            letter if acts(letter) && !plain.contains(&letter) => out.push_str(&format!(
                "<span class=\"acts\" title=\"a character that cannot be seen\">U+{:04X}</span>",
                u32::from(letter)
            )),
            letter => out.push(letter),
        }
    }
    let more = text.chars().skip(most).count();
    if more > 0 {
        let more = number(more as u64);
        out.push_str(&format!(" <span class=\"absent\">({more} more characters stand in the JSON record)</span>"));
    }
    out
}

/// Text for an attribute or a title, where no element can stand: what acts is a plain `U+202E`.
pub(super) fn attribute(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    for letter in text.chars().take(LONGEST) {
        if acts(letter) { plain.push_str(&format!("U+{:04X}", u32::from(letter))) } else { plain.push(letter) }
    }
    shown(&plain)
}

/// A string that is not ours, in whatever direction its own letters run; its language is not known.
pub(super) fn foreign(text: &str) -> String {
    foreign_to(text, LONGEST)
}

/// The same, cut after so many characters.
pub(super) fn foreign_to(text: &str, most: usize) -> String {
    format!("<bdi dir=\"auto\" lang=\"\">{}</bdi>", shown_with(text, RUNNING, most))
}

/// An identifier, address or name of a file: left to right, nothing hidden in it.
pub(super) fn code(text: &str) -> String {
    format!("<bdi class=\"code\" dir=\"ltr\" lang=\"\">{}</bdi>", shown_with(text, &['\n'], LONGEST))
}

/// An address as text; a link only to a web server with a plain name, so never to a number or into somebody's network.
pub(super) fn url(text: &str) -> String {
    if !is_linkable(text) {
        return code(text);
    }
    let address = shown_with(text, &[], LONGEST);
    format!("<a class=\"code\" dir=\"ltr\" href=\"{address}\" rel=\"noreferrer noopener nofollow\">{address}</a>")
}

fn is_linkable(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://")) else { return false };
    let (server, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (host, port) = server.split_once(':').map_or((server, None), |(host, port)| (host, Some(port)));
    let is_label = |label: &str| !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    let is_name = host.rsplit_once('.').is_some_and(|(_, top)| top.starts_with(|letter: char| letter.is_ascii_alphabetic()));
    let is_port = port.is_none_or(|port| !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit()));
    let is_plain = |letter| matches!(letter, '!'..='~' | '\u{A1}'..='\u{D7FF}' | '\u{F900}'..='\u{FEFE}') && !acts(letter);
    is_name && is_port && host.split('.').all(is_label) && path.chars().all(is_plain) && text.chars().count() <= 2000
}

/// One line of at most so many characters.
pub(super) fn brief(text: &str, most: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= most {
        return line;
    }
    format!("{}…", line.chars().take(most).collect::<String>().trim_end())
}

/// `1,234,567`
pub(super) fn number(value: u64) -> String {
    let digits = value.to_string();
    let mut out = String::new();
    for (nth, digit) in digits.chars().enumerate() {
        if nth > 0 && (digits.len() - nth).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// A number with at most six digits that count, without zeros at its end: `12.5`
pub(super) fn short(value: f64) -> String {
    let before = if value.abs() < 1.0 { 0.0 } else { value.abs().log10().floor() };
    let text = format!("{value:.*}", (5.0 - before).clamp(0.0, 5.0) as usize);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

/// `33.0 kB`
pub(super) fn size(bytes: u64) -> String {
    let units = ["", "kB", "MB", "GB", "TB"];
    let (mut value, mut unit) = (bytes as f64, 0);
    while value >= 1000.0 && unit + 1 < units.len() {
        value /= 1000.0;
        unit += 1;
    }
    if unit == 0 { format!("{bytes} bytes") } else { format!("{value:.1} {}", units[unit]) }
}

/// `once`, `twice`, `3 times`
pub(super) fn times(count: usize) -> String {
    match count {
        1 => "once".to_owned(),
        2 => "twice".to_owned(),
        _ => format!("{} times", number(count as u64)),
    }
}

/// `1 try`, `3 tries`
pub(super) fn many(count: usize, one: &str, more: &str) -> String {
    if count == 1 { format!("1 {one}") } else { format!("{} {more}", number(count as u64)) }
}

/// Whether text has a shape, in which `0` is any digit: `0000-00-00`
pub(super) fn is_shaped(text: &str, shape: &str) -> bool {
    let fits = |(byte, want): (u8, u8)| if want == b'0' { byte.is_ascii_digit() } else { byte == want };
    text.len() == shape.len() && text.bytes().zip(shape.bytes()).all(fits)
}

/// The day that a time begins with, `2019-04-12`, if it does.
pub(super) fn day_of(text: &str) -> Option<&str> {
    text.get(..10).filter(|day| is_shaped(day, "0000-00-00"))
}

/// `2026-11-23 06:04:25 UTC` of RFC 3339 in UTC; anything else as it stands.
pub(super) fn moment(text: &str) -> String {
    let known = text.strip_suffix('Z').and_then(|text| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        let is_fraction = !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit());
        (is_fraction && is_shaped(whole, "0000-00-00T00:00:00")).then(|| whole.replace('T', " "))
    });
    known.map_or_else(|| shown(text), |time| format!("{time} UTC"))
}

/// The same with the fraction of a second, for what happens within one.
pub(super) fn exact(text: &str) -> String {
    format!("<span class=\"time\">{}</span>", shown(&text.replace('T', " ").replace('Z', " UTC")))
}

/// A moment that keeps its digits in line; nothing of nothing.
pub(super) fn time(text: &str) -> String {
    if text.is_empty() { String::new() } else { format!("<span class=\"time\">{}</span>", moment(text)) }
}

/// `23 November 2026`, of a date that begins so; otherwise as it stands.
pub(super) fn day(text: &str) -> String {
    let known = day_of(text).and_then(|date| {
        let month = MONTHS.get(date[5..7].parse::<usize>().ok()?.checked_sub(1)?)?;
        Some(format!("{} {month} {}", date[8..].parse::<u8>().ok()?, &date[..4]))
    });
    known.unwrap_or_else(|| shown(text))
}

/// A digest in groups of eight, which can be read aloud; copied, it is one word.
pub(super) fn grouped(digest: &str) -> String {
    let letters: Vec<char> = digest.chars().take(LONGEST).collect();
    let group = |eight: &[char]| format!("<span>{}</span>", shown_with(&eight.iter().collect::<String>(), &[], LONGEST));
    format!("<span class=\"digest\">{}</span>", letters.chunks(8).map(group).collect::<String>())
}

/// Whether the first letter is of a script that runs right to left.
pub(super) fn runs_left(text: &str) -> bool {
    let first = text.chars().find(|letter| letter.is_alphabetic());
    matches!(first, Some('\u{0590}'..='\u{08FF}' | '\u{FB1D}'..='\u{FDFF}' | '\u{FE70}'..='\u{FEFC}'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_is_named_and_what_marks_up_is_escaped() {
        assert_eq!(shown("<b a=\"1\" c='2'>&"), "&lt;b a=&quot;1&quot; c=&#39;2&#39;&gt;&amp;");
        assert!(shown("photo\u{202E}gpj").contains(">U+202E<"));
        assert!(code("a\u{200E}b").contains(">U+200E<"));
        assert_eq!(shown("می\u{200C}روم"), "می\u{200C}روم");
        assert!(shown(&"x".repeat(LONGEST + 1234)).contains("(1,234 more characters stand"));
    }

    #[test]
    fn links_lead_to_servers_with_names_only() {
        for text in ["https://reports.example.org/2019/x.pdf?a=1#b", "http://a.example:8080/", "https://a.example/أنقاض"] {
            assert!(url(text).starts_with("<a "), "{text}");
        }
        for text in [
            "javascript:alert(1)",
            "http://192.168.1.20/x",
            "http://localhost/",
            "https://ok.example@evil.example/",
            "https://a.example/\u{202E}gpj.exe",
            "https://a.example/ x",
            "https://a..example/",
            "https://[::1]/",
            "data:text/html,x",
        ] {
            assert!(!url(text).contains("href"), "{text}");
        }
    }

    #[test]
    fn numbers_and_times_are_said_as_people_say_them() {
        assert_eq!([number(7), number(999), number(1000), number(1_234_567)], ["7", "999", "1,000", "1,234,567"]);
        assert_eq!([short(3.0), short(12.345678), short(1_234_567.0), short(0.5)], ["3", "12.3457", "1234567", "0.5"]);
        assert_eq!([size(999), size(33036)], ["999 bytes", "33.0 kB"]);
        assert_eq!(moment("2026-11-23T06:04:25.930231Z"), "2026-11-23 06:04:25 UTC");
        assert_eq!(moment("never<"), "never&lt;");
        assert_eq!(
            [day("2026-11-23T06:04:25Z"), day("2019-04"), day("2019-13-01")],
            ["23 November 2026", "2019-04", "2019-13-01"]
        );
    }
}
