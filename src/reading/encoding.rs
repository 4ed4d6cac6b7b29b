//! Bytes to text: byte order mark, declaration, UTF-8, then a guess that is recorded as what it is.

use std::borrow::Cow;

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{Encoding, UTF_8};

/// A report's text, and the encoding it was read with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Decoded {
    pub text: String,
    pub encoding: &'static str,
}

/// Decodes text; none if the bytes are not text.
pub(super) fn decode(bytes: &[u8], declared: Option<&str>) -> Option<Decoded> {
    if let Some((encoding, _)) = Encoding::for_bom(bytes) {
        return Some(with(encoding, bytes));
    }
    if let Some(wide) = wide_without_mark(bytes) {
        return Some(with(wide, bytes));
    }
    let head = &bytes[..bytes.len().min(8192)];
    if is_binary(head) {
        return None;
    }
    let label = declared.and_then(charset).or_else(|| meta_charset(head));
    let stated = label.and_then(|label| Encoding::for_label(label.as_bytes()));
    if std::str::from_utf8(bytes).is_ok() {
        return Some(with(UTF_8, bytes));
    }
    if let Some(stated) = stated.filter(|stated| *stated != UTF_8) {
        return Some(with(stated, bytes));
    }
    // UTF-8 with a few bad bytes is still UTF-8: the bad ones are shown as U+FFFD.
    let lossy = String::from_utf8_lossy(bytes);
    let bad = lossy.matches('\u{fffd}').count();
    let good = lossy.chars().filter(|letter| !letter.is_ascii() && *letter != '\u{fffd}').count();
    if stated == Some(UTF_8) || good > bad * 4 {
        return Some(Decoded { text: lossy.into_owned(), encoding: "UTF-8" });
    }
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    Some(with(detector.guess(None, Utf8Detection::Deny), bytes))
}

fn with(encoding: &'static Encoding, bytes: &[u8]) -> Decoded {
    let (text, used, _): (Cow<'_, str>, _, _) = encoding.decode(bytes);
    Decoded { text: text.into_owned(), encoding: used.name() }
}

/// UTF-16 that lost its mark: every second byte of a Latin text is zero.
fn wide_without_mark(bytes: &[u8]) -> Option<&'static Encoding> {
    let head = &bytes[..bytes.len().min(512) & !1];
    let zeroes = |from: usize| head.iter().skip(from).step_by(2).filter(|byte| **byte == 0).count();
    let half = head.len() / 2;
    let letters = head.iter().filter(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace()).count();
    if half < 8 || letters * 10 < half * 7 {
        return None;
    }
    if zeroes(1) * 10 > half * 8 && zeroes(0) == 0 {
        return Some(encoding_rs::UTF_16LE);
    }
    (zeroes(0) * 10 > half * 8 && zeroes(1) == 0).then_some(encoding_rs::UTF_16BE)
}

/// Control bytes that no text has.
fn is_binary(head: &[u8]) -> bool {
    let odd = head.iter().filter(|byte| matches!(byte, 0..=8 | 0x0e..=0x1a | 0x1c..=0x1f)).count();
    // A stray control character does not make a text binary.
    head.starts_with(b"%PDF-")
        || (infer::get(head).is_some_and(|kind| kind.matcher_type() != infer::MatcherType::Text) && odd > 0)
        || odd * 50 > head.len()
}

/// What binary bytes are, in words a person knows.
pub(super) fn binary_kind(bytes: &[u8]) -> String {
    match infer::get(bytes) {
        Some(kind) => kind.mime_type().to_owned(),
        None => "binary".to_owned(),
    }
}

/// Whether text is HTML: a tag of a page stands near its beginning.
pub(super) fn looks_like_html(text: &str) -> bool {
    let mut rest = text.trim_start_matches(['\u{feff}', ' ', '\t', '\r', '\n']);
    while let Some(comment) = rest.strip_prefix("<!--") {
        rest = comment.split_once("-->").map_or("", |(_, after)| after).trim_start();
    }
    if !rest.starts_with('<') {
        return false;
    }
    let head: String = rest.chars().take(1024).collect::<String>().to_ascii_lowercase();
    [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<div",
        "<p",
        "<article",
        "<meta",
        "<title",
        "<table",
        "<section",
        "<figure",
        "<h1",
        "<h2",
        "<iframe",
        "<video",
        "<img",
        "<a ",
        "<main",
        "<script",
        "<span",
        "<ul",
        "<blockquote",
    ]
    .iter()
    .any(|tag| head.contains(tag))
}

fn charset(declared: &str) -> Option<&str> {
    let at = declared.to_ascii_lowercase().find("charset=")? + "charset=".len();
    Some(declared[at..].trim_matches(['"', '\'', ' ']).split([';', '"', '\'', ' ', '>', '/']).next().unwrap_or(""))
}

fn meta_charset(head: &[u8]) -> Option<&str> {
    let at = head.windows(8).position(|eight| eight.eq_ignore_ascii_case(b"charset="))?;
    let end = head.len().min(at + 64);
    let text = match std::str::from_utf8(&head[at..end]) {
        Ok(text) => text,
        Err(error) => std::str::from_utf8(&head[at..at + error.valid_up_to()]).ok()?,
    };
    charset(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encodings_are_known_by_mark_label_or_look() {
        let arabic = "شريط مصور يظهر قصف قرية جنوب غرب إدلب نشره الدفاع المدني السوري على يوتيوب";
        let (windows, ..) = encoding_rs::WINDOWS_1256.encode(arabic);
        let guessed = decode(&windows, None).unwrap();
        assert_eq!((guessed.text.as_str(), guessed.encoding), (arabic, "windows-1256"));
        let labelled = decode(&windows, Some("text/html; charset=windows-1256")).unwrap();
        assert_eq!(labelled.text, arabic);
        assert_eq!(decode(b"\xef\xbb\xbfone", None).unwrap().text, "one");
        assert_eq!(decode(b"a\xff video", Some("text/plain; charset=utf-8")).unwrap().text, "a\u{fffd} video");
        let wide: Vec<u8> = "a page of text".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert_eq!(decode(&wide, None).unwrap().text, "a page of text");
        assert_eq!(decode(b"\x89PNG\r\n\x1a\n\0\0\0", None), None);
    }
}
