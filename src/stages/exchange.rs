//! Captures as WARC records: every exchange with its heads as they crossed the wire and its body as it was sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Read, Write};

use serde_json::{Value, json};

use super::closed::Closed;
use crate::evidence::{Digest, Exchange, Hop, final_head, header_in};
use crate::vault::{CaptureRow, Reader, VaultError};
use crate::warc::{Block, Indexed, Open, Page, Record, Written, urn, write};

/// Bytes of a head are characters of the same number (ISO 8859-1).
fn bytes(head: &str) -> Vec<u8> {
    head.chars().map(|letter| u8::try_from(u32::from(letter)).unwrap_or(b'?')).collect()
}

/// A body that was seen before in this file.
struct Seen {
    uri: String,
    date: String,
    record: String,
}

/// Writes captures, oldest first. `now` names the file's own time only through its captures: the same captures
/// give the same bytes.
pub(super) fn write_exchanges(
    reader: &Reader,
    origin: &str,
    captures: &[CaptureRow],
    closed: &Closed,
    out: &mut dyn Write,
) -> Result<Vec<Indexed>, VaultError> {
    let failed = |source: io::Error| VaultError::Io { doing: "write", path: "exchange.warc.gz".into(), source };
    let software =
        format!("software: exhibit {}\r\nformat: WARC File Format 1.1\r\nisPartOf: {origin}\r\n", env!("CARGO_PKG_VERSION"));
    let info = Record {
        kind: "warcinfo",
        name: format!("{origin} warcinfo"),
        date: captures.iter().map(|capture| capture.started.clone()).min().unwrap_or_else(|| "1970-01-01T00:00:00Z".into()),
        uri: None,
        content_type: "application/warc-fields",
        payload: None,
        more: vec![("WARC-Filename", "exchange.warc.gz".into())],
    };
    let mut out = Written::new(out);
    write(&mut out, &info, &Block { before: software.into_bytes(), ..Block::default() }).map_err(failed)?;
    let mut seen: BTreeMap<Digest, Seen> = BTreeMap::new();
    for capture in captures {
        one(reader, capture, closed, &mut seen, &mut out).map_err(failed)?;
    }
    Ok(out.index)
}

/// Pages that a reader of the exchanges can begin with: what was served as a page, and kept as one.
pub(super) fn pages(captures: &[CaptureRow]) -> Vec<Page> {
    let of = |capture: &CaptureRow| {
        let exchange: Exchange = serde_json::from_value(capture.exchange.clone()).ok()?;
        let address = capture.final_url.clone().or_else(|| capture.url.clone())?;
        let is_page = |hop: &&Hop| {
            hop.status == Some(200)
                && hop.url == address
                && header_in(final_head(&hop.response_head), "content-type").is_some_and(|said| said.starts_with("text/html"))
        };
        let hop = exchange.hops.iter().rev().find(is_page)?;
        Some(Page { id: capture.id.clone(), url: hop.url.clone(), date: hop.started.to_string(), title: None })
    };
    captures.iter().filter_map(of).collect()
}

/// Where the rest begins that an answer is, if only that was asked for.
fn range_from(hop: &Hop) -> Option<u64> {
    header_in(&hop.request_head, "range").filter(|_| hop.status == Some(206))?;
    let range = header_in(final_head(&hop.response_head), "content-range")?.strip_prefix("bytes ")?;
    range.split('-').next()?.parse().ok()
}

/// Which part of the object each hop brought: from where, so many. `status` is the capture's; `joined` where answers were put together.
fn portions(hops: &[Hop], size: u64, status: Option<u16>, joined: &[u64]) -> Vec<Option<(u64, u64)>> {
    let mut portions = vec![None; hops.len()];
    // From the last answer backwards: what went on with an earlier one says where.
    let mut end = size;
    for (nth, hop) in hops.iter().enumerate().rev() {
        let from = match range_from(hop) {
            Some(from) => Some(from).filter(|from| joined.contains(from)),
            None => (hop.status == status && hop.body.is_none()).then_some(0),
        };
        let Some(from) = from.filter(|from| *from < end) else { continue };
        portions[nth] = Some((from, end - from));
        if from == 0 {
            break;
        }
        end = from;
    }
    portions
}

/// Where a capture says that answers were put together.
fn joined(because: &str) -> Vec<u64> {
    let said = because.rsplit_once("joined at byte ").map_or("", |(_, said)| said);
    said.split(';').next().unwrap_or("").split(", ").filter_map(|at| at.parse().ok()).collect()
}

/// Whether an answer can have a body at all (RFC 9110, 6.4.1).
fn has_body(hop: &Hop) -> bool {
    hop.method.as_deref() != Some("HEAD") && !matches!(hop.status, Some(204 | 304))
}

/// What a hop brought of a body: from a byte on, so many of so many.
#[derive(Clone, Copy)]
struct Piece {
    digest: Digest,
    from: u64,
    length: u64,
    size: u64,
    /// It ends before its end: why, in WARC's words.
    cut: Option<&'static str>,
}

/// Why a body is not whole, by what is recorded of it, as `WARC-Truncated` names it (WARC 1.1, 5.13); none where all that was sent came.
fn truncated(why: &str) -> Option<&'static str> {
    // What came of asking for the rest is told behind.
    let why = why.split(';').next().unwrap_or("");
    let says = |words: &[&str]| words.iter().any(|word| why.contains(word));
    match () {
        () if says(&["the server answered", "it was sent in a coding"]) => None,
        () if says(&["the limit of", "no more than"]) => Some("length"),
        () if says(&["stopped after", "bytes a second", "in time"]) => Some("time"),
        () => Some("disconnect"),
    }
}

fn one(
    reader: &Reader,
    capture: &CaptureRow,
    closed: &Closed,
    seen: &mut BTreeMap<Digest, Seen>,
    out: &mut Written<'_>,
) -> io::Result<()> {
    let exchange: Exchange = serde_json::from_value(capture.exchange.clone()).unwrap_or_default();
    let digest = capture.sha256.as_deref().and_then(|digest| digest.parse::<Digest>().ok());
    // What was erased by order is left out, and named.
    let is_erased = |digest: &Digest| reader.is_purged(digest).unwrap_or(false);
    // What may not leave stays.
    let passed = closed.capture(reader, capture).map_err(io::Error::other)?;
    let is_closed = |digest: &Digest| closed.body(reader, passed, digest).unwrap_or(true);
    let object = |digest: &Digest| reader.object(digest).ok().flatten().filter(|_| !is_erased(digest) && !is_closed(digest));
    let open = |digest: Digest| {
        move || -> io::Result<Box<dyn Read>> {
            reader.open_object(&digest).map(|file| Box::new(file) as Box<dyn Read>).map_err(io::Error::other)
        }
    };
    let name = |what: &str| format!("{} {} {what}", capture.id, capture.entry);
    let own = |hop: &Hop| {
        let (digest, size) = (hop.body?, object(&hop.body?)?.size);
        // Of a stream's fragment that was put together the whole stands with the last answer.
        let total = header_in(final_head(&hop.response_head), "content-range").and_then(|range| range.rsplit_once('/'));
        let whole = total.is_some_and(|(_, total)| total == size.to_string());
        let from = range_from(hop).filter(|from| whole && *from < size).unwrap_or(0);
        Some(Piece { digest, from, length: size - from, size, cut: hop.cut.as_deref().and_then(truncated) })
    };
    let mut last = None;
    let pieces: Vec<Option<Piece>> = match capture.method.as_str() {
        "http" | "wayback" | "save-page-now" => {
            // A file can be cut that was sent whole.
            let cut = capture.completeness == "truncated" && !capture.because.contains("but the file is cut");
            let cut = cut.then(|| truncated(&capture.because).unwrap_or("disconnect"));
            let size = digest.and_then(|digest| object(&digest)).map_or(0, |object| object.size);
            let portions = portions(&exchange.hops, size, capture.status, &joined(&capture.because)).into_iter();
            let piece = |(from, length): (u64, u64)| {
                Some(Piece { digest: digest?, from, length, size, cut: cut.filter(|_| from + length == size) })
            };
            let served = portions.map(|portion| portion.and_then(piece));
            served.zip(&exchange.hops).map(|(served, hop)| served.or_else(|| own(hop))).collect()
        }
        "chromium" | "hls" | "dash" => exchange.hops.iter().map(own).collect(),
        _ => Vec::new(),
    };
    for (nth, (hop, piece)) in exchange.hops.iter().zip(&pieces).enumerate() {
        let (request, response) = (name(&format!("request {nth}")), name(&format!("response {nth}")));
        let address = hop.connected.as_deref().filter(|_| hop.proxy.is_none()).and_then(|at| at.rsplit_once(':'));
        let address = address.map(|(address, _)| ("WARC-IP-Address", address.trim_matches(['[', ']']).to_owned()));
        let record = |kind, name: &str, content_type, more| Record {
            kind,
            name: name.to_owned(),
            date: hop.started.to_string(),
            uri: Some(hop.url.clone()),
            content_type,
            payload: None,
            more,
        };
        if !hop.response_head.is_empty() {
            let head = final_head(&hop.response_head);
            // Behind a head that was cut short nothing can be told from it.
            let whole_head = head.ends_with("\r\n\r\n") || head.ends_with("\n\n");
            let piece = piece.filter(|_| whole_head);
            let mut more: Vec<(&str, String)> = address.iter().cloned().collect();
            let chunked =
                header_in(head, "transfer-encoding").is_some_and(|codings| codings.to_ascii_lowercase().ends_with("chunked"));
            let whole = piece.is_some_and(|piece| piece.length == piece.size && piece.cut.is_none() && piece.length > 0);
            match piece {
                _ if !whole_head => more.push(("WARC-Truncated", "disconnect".into())),
                // Of some that led elsewhere nothing is kept.
                None if hop
                    .body
                    .or(digest.filter(|_| hop.status == capture.status))
                    .is_some_and(|body| is_erased(&body) || is_closed(&body))
                    || header_in(head, "content-length").is_some_and(|length| length != "0") && has_body(hop) =>
                {
                    more.push(("WARC-Truncated", "unspecified".into()));
                }
                Some(Piece { cut: Some(why), .. }) => more.push(("WARC-Truncated", why.into())),
                Some(piece) if piece.length > 0 && piece.from + piece.length < piece.size => {
                    more.push(("WARC-Truncated", "disconnect".into()));
                }
                _ => {}
            }
            let mut made = record("response", &response, "application/http;msgtype=response", more);
            let mut block = Block { before: bytes(head), ..Block::default() };
            let opened = piece.map(|piece| open(piece.digest));
            if let (Some(piece), Some(open)) = (piece.filter(|piece| piece.length > 0), &opened) {
                block.body = Some((open, piece.from, piece.length));
                if chunked {
                    // The body as one chunk: where the server cut it is not recorded.
                    block.before.extend(format!("{:x}\r\n", piece.length).bytes());
                    let ends = piece.from + piece.length == piece.size && piece.cut.is_none();
                    block.behind = if ends { b"\r\n0\r\n\r\n".to_vec() } else { b"\r\n".to_vec() };
                } else if piece.from == 0 && piece.length == piece.size {
                    made.payload = Some(piece.digest);
                }
            }
            match (piece, piece.and_then(|piece| seen.get(&piece.digest))) {
                // The same bytes once more: the head, and where they are.
                (Some(piece), Some(first)) if whole => {
                    made.kind = "revisit";
                    made.payload = Some(piece.digest);
                    let same = "http://netpreserve.org/warc/1.1/revisit/identical-payload-digest";
                    made.more.push(("WARC-Profile", same.into()));
                    made.more.push(("WARC-Refers-To", first.record.clone()));
                    made.more.push(("WARC-Refers-To-Target-URI", first.uri.clone()));
                    made.more.push(("WARC-Refers-To-Date", first.date.clone()));
                    block = Block { before: bytes(head), ..Block::default() };
                }
                (Some(piece), None) if whole && !chunked => {
                    let first = Seen { uri: hop.url.clone(), date: hop.started.to_string(), record: urn(&response) };
                    seen.insert(piece.digest, first);
                }
                _ => {}
            }
            let offset = out.at;
            write(out, &made, &block)?;
            out.index.push(Indexed {
                uri: hop.url.clone(),
                date: hop.started.to_string(),
                offset,
                length: out.at - offset,
                status: hop.status,
                media_type: match made.kind {
                    "revisit" => "warc/revisit".to_owned(),
                    _ => header_in(head, "content-type")
                        .map_or("unk".to_owned(), |said| said.split(';').next().unwrap_or("").trim().to_owned()),
                },
                digest: made.payload.or(piece.filter(|_| whole).map(|piece| piece.digest)),
            });
            last = Some(response.clone());
        }
        if !hop.request_head.is_empty() {
            let mut more: Vec<(&str, String)> = address.into_iter().collect();
            more.push(("WARC-Concurrent-To", urn(&response)));
            let made = record("request", &request, "application/http;msgtype=request", more);
            let sent = hop.sent.and_then(|digest| Some((digest, object(&digest)?.size)));
            let opened = sent.map(|(digest, _)| open(digest));
            let body = match (&opened, sent) {
                (Some(open), Some((_, size))) => Some((open as Open<'_>, 0, size)),
                _ => None,
            };
            write(out, &made, &Block { before: bytes(&hop.request_head), body, ..Block::default() })?;
        }
    }
    if !matches!(capture.method.as_str(), "http" | "wayback" | "save-page-now") {
        // Obtained by another way than our own requests, or drawn by a browser: the bytes are known, their exchange is not.
        let served: Vec<Digest> = pieces.iter().flatten().map(|piece| piece.digest).collect();
        let mut others: Vec<Digest> = digest.into_iter().collect();
        let item = capture.item.parse().map_err(|_| io::Error::other("a capture of no item"))?;
        let exhibits = reader.exhibits_of(item).map_err(io::Error::other)?;
        let made =
            exhibits.iter().filter(|exhibit| exhibit.capture == capture.id).filter_map(|exhibit| exhibit.sha256.parse().ok());
        others.extend(made.filter(|one| Some(*one) != digest));
        for digest in others.into_iter().filter(|digest| !served.contains(digest)) {
            let Some(object) = object(&digest) else { continue };
            let resource = name(&format!("resource {digest}"));
            let made = Record {
                kind: "resource",
                name: resource.clone(),
                date: capture.started.clone(),
                uri: Some(format!("urn:sha256:{digest}")),
                content_type: &object.media_type,
                payload: Some(digest),
                more: vec![],
            };
            let (open, offset) = (open(digest), out.at);
            write(out, &made, &Block { body: Some((&open, 0, object.size)), ..Block::default() })?;
            out.index.push(Indexed {
                uri: format!("urn:sha256:{digest}"),
                date: capture.started.clone(),
                offset,
                length: out.at - offset,
                status: Some(200),
                media_type: object.media_type.clone(),
                digest: Some(digest),
            });
            last = last.or(Some(resource));
        }
    }
    // What WARC has no words for.
    let tls: Vec<Value> = exchange.hops.iter().map(|hop| json!({ "url": hop.url, "started": hop.started.to_string(), "addresses": hop.addresses, "connected": hop.connected, "proxy": hop.proxy, "tls": hop.tls, "answered": hop.answered.map(|at| at.to_string()) })).collect();
    let mut told = json!({ "capture": capture.id, "url": capture.url, "entry": capture.entry, "method": capture.method, "outcome": capture.outcome, "completeness": capture.completeness, "because": capture.because, "sha256": capture.sha256, "route": capture.route, "hops": tls });
    let named = exchange.hops.iter().flat_map(|hop| [hop.sent, hop.body]).flatten().chain(digest);
    let erased: BTreeSet<String> = named.filter(is_erased).map(|digest| digest.to_string()).collect();
    if !erased.is_empty() {
        told["erased"] = json!(erased);
    }
    let made = Record {
        kind: "metadata",
        name: name("metadata"),
        date: capture.finished.clone(),
        // Not the address itself: readers would take this for what it served.
        uri: Some(format!("urn:exhibit:{}", capture.id)),
        content_type: "application/json",
        payload: None,
        more: last.iter().map(|last| ("WARC-Refers-To", urn(last))).collect(),
    };
    write(out, &made, &Block { before: told.to_string().into_bytes(), ..Block::default() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Time;

    fn hop(status: u16, more: &str) -> Hop {
        Hop {
            url: "http://a.example/".into(),
            started: Time::from_micros(0),
            addresses: vec![],
            connected: None,
            proxy: None,
            tls: None,
            request_head: String::new(),
            response_head: format!("HTTP/1.1 {status} X\r\n{more}\r\n"),
            status: Some(status),
            answered: None,
            method: None,
            sent: None,
            body: None,
            cut: None,
        }
    }

    #[test]
    fn why_a_body_is_cut_is_told_in_the_words_of_the_format() {
        for (why, told) in [
            ("stopped at the limit of 200 bytes", Some("length")),
            ("of a body that leads elsewhere no more than 65536 bytes are read", Some("length")),
            ("stopped after 5 seconds", Some("time")),
            ("stopped: fewer than 64 bytes a second over a minute", Some("time")),
            (
                "the connection ended early: fewer bytes than announced; asked for the rest: the server did not answer in time",
                Some("disconnect"),
            ),
            ("the server answered 404", None),
        ] {
            assert_eq!(truncated(why), told, "{why}");
        }
    }

    #[test]
    fn what_each_answer_brought_is_told_by_where_the_next_went_on() {
        let rest = |from: u64| Hop {
            request_head: format!("GET / HTTP/1.1\r\nrange: bytes={from}-\r\n\r\n"),
            ..hop(206, &format!("Content-Range: bytes {from}-99/100\r\n"))
        };
        let moved = || hop(302, "Location: /x\r\n");
        let whole = |hops: &[Hop], joined: &[u64]| portions(hops, 100, Some(200), joined);
        assert_eq!(whole(&[moved(), hop(200, "")], &[]), [None, Some((0, 100))]);
        assert_eq!(whole(&[hop(200, ""), rest(20), rest(70)], &[20, 70]), [Some((0, 20)), Some((20, 50)), Some((70, 30))]);
        assert_eq!(whole(&[hop(200, ""), hop(503, ""), rest(20)], &[20]), [Some((0, 20)), None, Some((20, 80))]);
        assert_eq!(whole(&[hop(200, ""), hop(200, "")], &[]), [None, Some((0, 100))], "begun again");
        assert_eq!(whole(&[hop(200, ""), hop(404, "")], &[]), [Some((0, 100)), None], "the rest was gone");
        assert_eq!(whole(&[hop(200, ""), rest(99)], &[]), [Some((0, 100)), None], "a part that did not fit");
        assert_eq!(whole(&[hop(503, ""), rest(40)], &[40]), [None, Some((40, 60))], "begun in an earlier attempt");
        assert_eq!(portions(&[hop(404, "")], 9, Some(404), &[]), [Some((0, 9))]);
        let asked = "every announced byte arrived, in more than one answer; put together from 3 answers, joined at byte 20, 70";
        assert_eq!(joined(asked), [20, 70]);
        assert_eq!(joined(&format!("{asked}; the first 20 bytes are those of K1")), [20, 70]);
        assert_eq!(joined("the last chunk arrived"), [0; 0]);
        assert_eq!(final_head("HTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"), "HTTP/1.1 200 OK\r\n\r\n");
    }
}
