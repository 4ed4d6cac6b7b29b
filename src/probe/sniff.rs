//! The media type that bytes have by themselves, whatever a server or a name says.

/// The media type of a file that begins with these bytes (the first 8 KiB are enough).
pub fn sniff(head: &[u8]) -> &'static str {
    if let Some(mime) = iso_media(head) {
        return mime;
    }
    if head.starts_with(&[0x1a, 0x45, 0xdf, 0xa3]) {
        let webm = head.windows(4).take(64).any(|four| four == b"webm");
        return if webm { "video/webm" } else { "video/x-matroska" };
    }
    // MPEG transport stream (ISO/IEC 13818-1): packets of 188 bytes.
    if head.len() > 376 && [0, 188, 376].iter().all(|at| head[*at] == 0x47) {
        return "video/mp2t";
    }
    if is_html(head) {
        return "text/html";
    }
    if let Some(known) = infer::get(head) {
        // What infer calls text, and the kinds whose marks are too short to trust, are looked at below.
        if !matches!(known.matcher_type(), infer::MatcherType::Text) {
            return known.mime_type();
        }
    }
    text(head)
}

/// ISO base media (MP4, QuickTime, 3GPP, HEIF), by its brand.
fn iso_media(head: &[u8]) -> Option<&'static str> {
    let kind = head.get(4..8)?;
    if kind == b"ftyp" {
        let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?) as usize;
        let brands = head.get(8..size.clamp(12, head.len().max(12)))?;
        let major = brands.get(..4)?;
        let has = |brand: &[u8; 4]| brands.chunks(4).any(|found| found == brand);
        return Some(match major {
            b"qt  " => "video/quicktime",
            b"M4A " | b"M4B " => "audio/mp4",
            b"avif" | b"avis" => "image/avif",
            b"heic" | b"heix" | b"heim" | b"heis" => "image/heic",
            b"crx " => "image/x-canon-cr3",
            b"mif1" | b"msf1" if has(b"avif") => "image/avif",
            b"mif1" | b"msf1" if has(b"heic") || has(b"heix") => "image/heic",
            b"mif1" | b"msf1" => "image/heif",
            [b'3', b'g', b'2', _] => "video/3gpp2",
            [b'3', b'g', ..] => "video/3gpp",
            b"jp2 " => "image/jp2",
            _ => "video/mp4",
        });
    }
    // Older QuickTime files begin with any of these.
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let atom = matches!(kind, b"moov" | b"mdat" | b"wide" | b"free" | b"skip" | b"pnot");
    (atom && (size >= 8 || size == 1)).then_some("video/quicktime")
}

/// Whether bytes are HTML by the first tag in them (WHATWG MIME Sniffing §7.1).
pub fn is_html(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head);
    let mut rest = head.trim_ascii_start();
    while let Some(comment) = rest.strip_prefix(b"<!--") {
        match comment.windows(3).position(|three| three == b"-->") {
            Some(end) => rest = comment[end + 3..].trim_ascii_start(),
            None => return true,
        }
    }
    if rest.starts_with(b"<?xml") {
        let head = String::from_utf8_lossy(&rest[..rest.len().min(2048)]).to_ascii_lowercase();
        return head.contains("<html");
    }
    let begins = |tag: &str| {
        let tag = tag.as_bytes();
        rest.len() > tag.len()
            && rest[..tag.len()].eq_ignore_ascii_case(tag)
            && matches!(rest[tag.len()], b'>' | b'/' | b'\t' | b'\n' | b'\r' | b' ')
    };
    [
        "<!doctype html",
        "<html",
        "<head",
        "<body",
        "<script",
        "<iframe",
        "<h1",
        "<div",
        "<font",
        "<table",
        "<a",
        "<style",
        "<title",
        "<b",
        "<br",
        "<p",
        "<article",
        "<meta",
        "<section",
        "<main",
        "<figure",
        "<span",
        "<ul",
        "<link",
        "<center",
    ]
    .iter()
    .any(|tag| begins(tag))
}

fn text(head: &[u8]) -> &'static str {
    if head.is_empty() {
        return "application/x-empty";
    }
    if head.starts_with(b"\xef\xbb\xbf") || head.starts_with(b"\xff\xfe") || head.starts_with(b"\xfe\xff") {
        return "text/plain";
    }
    // Control characters that no text has (WHATWG MIME Sniffing §3, binary data bytes).
    let binary = |byte: &u8| matches!(byte, 0..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f);
    if head.iter().any(binary) {
        return "application/octet-stream";
    }
    let rest = head.trim_ascii_start();
    let lower = String::from_utf8_lossy(&rest[..rest.len().min(1024)]).to_ascii_lowercase();
    match () {
        () if lower.starts_with("<svg") || (lower.starts_with("<?xml") && lower.contains("<svg")) => "image/svg+xml",
        () if lower.starts_with("<mpd") || (lower.starts_with("<?xml") && lower.contains("<mpd")) => "application/dash+xml",
        () if lower.starts_with("<?xml") => "application/xml",
        () if lower.starts_with("#extm3u") => "application/vnd.apple.mpegurl",
        () => "text/plain",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_read_from_the_bytes_and_not_from_a_name() {
        assert_eq!(sniff(b"\xff\xd8\xff\xe0\0\x10JFIF"), "image/jpeg");
        assert_eq!(sniff(b"\0\0\0\x18ftypmp42\0\0\0\0isommp42"), "video/mp4");
        assert_eq!(sniff(b"\0\0\0\x14ftypqt  \0\0\0\0qt  "), "video/quicktime");
        assert_eq!(sniff(b"  <!-- x --><!DOCTYPE html><html>"), "text/html");
        assert_eq!(sniff(b"<html lang=\"ar\">"), "text/html");
        assert_eq!(sniff(b"plain words"), "text/plain");
        assert_eq!(sniff(b"\0\x01\x02"), "application/octet-stream");
        assert_eq!(sniff(b""), "application/x-empty");
    }
}
