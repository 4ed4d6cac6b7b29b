//! Mail (RFC 5322 with MIME) and pages saved as MHTML (RFC 2557).

use std::sync::Arc;

use mail_parser::{MessageParser, MimeHeaders};

use super::encoding::Decoded;
use super::outline::folded;
use super::{Document, Hints, ReadError, html, plain};

/// Whether bytes begin with the header of a message.
pub(super) fn is_mail(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(4096)]).to_ascii_lowercase();
    let fields = [
        "from:",
        "date:",
        "subject:",
        "mime-version:",
        "message-id:",
        "received:",
        "return-path:",
        "to:",
        "content-type:",
        "snapshot-content-location:",
    ];
    let first = head.lines().next().unwrap_or("");
    let begins = fields.iter().any(|field| first.starts_with(field))
        || first.starts_with("from ")
        || first.starts_with("x-")
        || first.starts_with("delivered-to:");
    begins && fields.iter().filter(|field| head.lines().any(|line| line.starts_with(**field))).count() >= 3
}

/// Reads a message: its HTML, else its text; its pictures are parts of the report.
pub(super) fn read(bytes: &[u8], hints: &Hints) -> Result<Document, ReadError> {
    let broken = |why: &str| ReadError::Broken { origin: hints.origin.clone(), why: why.to_owned() };
    let message = MessageParser::default().parse(bytes).ok_or_else(|| broken("it is no message that can be read"))?;
    let header = |name: &str| message.header_raw(name).map(|value| value.trim().to_owned());
    // A saved page says where it came from; a message does not.
    let location = header("Snapshot-Content-Location").or_else(|| {
        let related = message.content_type().is_some_and(|kind| kind.ctype() == "multipart" && kind.subtype() == Some("related"));
        let page = message.html_part(0).and_then(|part| part.content_location()).map(str::to_owned);
        page.filter(|_| related && (message.from().is_none() || header("From").is_some_and(|from| from.contains("Saved by"))))
    });
    let url = hints.url.clone().or_else(|| location.clone().filter(|location| location.starts_with("http")));
    let inner = Hints { url, ..hints.clone() };
    let (reader, media_type) = if location.is_some() { ("html", "multipart/related") } else { ("mail", "message/rfc822") };
    let decoded = |text: &str| Decoded { text: text.to_owned(), encoding: "MIME" };
    let html_body = message.html_body.first().and_then(|id| message.parts.get(*id as usize)).filter(|part| part.is_text_html());
    let mut document = match (html_body, message.body_text(0)) {
        (Some(part), _) => {
            let page = part.text_contents().unwrap_or_default();
            html::read_as(page, &decoded(page), bytes, &inner, (reader, media_type))
        }
        (None, Some(text)) => {
            let mut document = plain::read(&decoded(&text), bytes, &inner);
            document.report.reader.name = "mail".to_owned();
            document.report.media_type = media_type.to_owned();
            document
        }
        (None, None) => return Err(ReadError::Empty { origin: hints.origin.clone() }),
    };
    if location.is_none() {
        let report = &mut document.report;
        report.title = message.subject().map(folded).or(report.title.take());
        report.authors = message
            .from()
            .and_then(|from| from.first())
            .and_then(|from| from.name().or(from.address()))
            .map(str::to_owned)
            .into_iter()
            .collect();
        if report.published.is_none() {
            report.published_as_written = header("Date");
            report.published = message.date().map(|date| format!("{:04}-{:02}-{:02}", date.year, date.month, date.day));
        }
    }
    let mut others = 0;
    for part in &message.parts {
        let Some(body) = (!part.is_text()).then(|| part.contents()).filter(|body| !body.is_empty() && !part.is_multipart())
        else {
            continue;
        };
        let names = [
            part.content_id().map(|id| format!("cid:{id}")),
            part.attachment_name().map(str::to_owned),
            part.content_location().map(str::to_owned),
        ];
        let names: Vec<String> = names.into_iter().flatten().collect();
        let body: Arc<[u8]> = body.into();
        others += usize::from(names.is_empty() || part.attachment_name().is_some());
        for name in names {
            document.parts.insert(name, body.clone());
        }
    }
    if others > 0 && location.is_none() {
        document.report.problems.push(format!("{others} attached files are not read as reports: save and add them"));
    }
    Ok(document)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_known_by_its_header() {
        assert!(is_mail(
            b"From: a@b.example\r\nTo: c@d.example\r\nSubject: A clip\r\nDate: Sun, 4 Oct 2015 10:00:00 +0000\r\n\r\nHello"
        ));
        assert!(is_mail(
            b"From: <Saved by Blink>\r\nSnapshot-Content-Location: https://n.example/\r\nSubject: x\r\nMIME-Version: 1.0\r\n\r\n"
        ));
        assert!(!is_mail(b"From here one can see the village.\nDate: unknown\n"));
    }
}
