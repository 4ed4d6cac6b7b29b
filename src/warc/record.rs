//! WARC 1.1 (ISO 28500:2017): one gzip member a record, digests as `sha256:` and lowercase hexadecimal digits.

use std::io::{self, Read, Write};

use flate2::{Compression, write::GzEncoder};

use crate::evidence::{Digest, Sha256};

/// Opens the bytes of a body, as often as asked.
pub type Open<'a> = &'a dyn Fn() -> io::Result<Box<dyn Read>>;

/// What a record holds: bytes before a body, the body, bytes behind it.
#[derive(Default)]
pub struct Block<'a> {
    pub before: Vec<u8>,
    /// The body, and how much of it: from a byte on, so many.
    pub body: Option<(Open<'a>, u64, u64)>,
    pub behind: Vec<u8>,
}

impl Block<'_> {
    /// Passes all bytes on, in order.
    fn each(&self, mut to: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<()> {
        to(&self.before)?;
        if let Some((open, from, size)) = self.body {
            let mut body = open()?;
            let skipped = io::copy(&mut body.by_ref().take(from), &mut io::sink())?;
            let (mut left, mut buffer) = (size, vec![0; 1 << 17]);
            while left > 0 && skipped == from {
                let most = usize::try_from(left).unwrap_or(usize::MAX).min(buffer.len());
                match body.read(&mut buffer[..most])? {
                    0 => break,
                    count => {
                        to(&buffer[..count])?;
                        left -= count as u64;
                    }
                }
            }
            if left > 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "the object is shorter than was recorded"));
            }
        }
        to(&self.behind)
    }

    fn size(&self) -> u64 {
        self.before.len() as u64 + self.body.map_or(0, |(_, _, size)| size) + self.behind.len() as u64
    }
}

/// One record's own headers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record<'a> {
    /// `response`, `request`, `metadata`, `revisit`, `resource` or `warcinfo`.
    pub kind: &'a str,
    /// What the record's name is derived from: the same words give the same name.
    pub name: String,
    /// `2026-11-23T01:14:20.123456Z`
    pub date: String,
    pub uri: Option<String>,
    pub content_type: &'a str,
    pub payload: Option<Digest>,
    /// Any further headers.
    pub more: Vec<(&'a str, String)>,
}

/// What an index says of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Indexed {
    pub uri: String,
    /// As in the record.
    pub date: String,
    pub offset: u64,
    pub length: u64,
    pub status: Option<u16>,
    pub media_type: String,
    pub digest: Option<Digest>,
}

/// A file under way: how far it is, and what is in it.
pub struct Written<'a> {
    out: &'a mut dyn Write,
    pub at: u64,
    pub index: Vec<Indexed>,
}

impl<'a> Written<'a> {
    pub fn new(out: &'a mut dyn Write) -> Written<'a> {
        Written { out, at: 0, index: Vec::new() }
    }
}

impl Write for Written<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.at += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// `urn:uuid:` of version 8 (RFC 9562), from the SHA-256 of a name.
pub fn urn(name: &str) -> String {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&Digest::of(name.as_bytes()).0[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = hex::encode(bytes);
    format!("<urn:uuid:{}-{}-{}-{}-{}>", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

/// A header's value on one line.
fn line(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// Writes a record. The block is read twice: its digest stands before it.
pub fn write(out: &mut dyn Write, record: &Record<'_>, block: &Block<'_>) -> io::Result<()> {
    let mut hasher = Sha256::default();
    block.each(|bytes| {
        hasher.update(bytes);
        Ok(())
    })?;
    let mut head = format!(
        "WARC/1.1\r\nWARC-Type: {}\r\nWARC-Record-ID: {}\r\nWARC-Date: {}\r\n",
        record.kind,
        urn(&record.name),
        record.date
    );
    if let Some(uri) = &record.uri {
        head.push_str(&format!("WARC-Target-URI: {}\r\n", line(uri).replace(' ', "%20")));
    }
    for (name, value) in &record.more {
        head.push_str(&format!("{name}: {}\r\n", line(value)));
    }
    if let Some(payload) = record.payload {
        head.push_str(&format!("WARC-Payload-Digest: sha256:{payload}\r\n"));
    }
    head.push_str(&format!(
        "WARC-Block-Digest: sha256:{}\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n",
        hasher.finish(),
        record.content_type,
        block.size()
    ));
    // Footage does not get smaller: speed counts.
    let mut member = GzEncoder::new(out, Compression::fast());
    member.write_all(head.as_bytes())?;
    block.each(|bytes| member.write_all(bytes))?;
    member.write_all(b"\r\n\r\n")?;
    member.finish().map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_its_digest_its_length_and_its_end() {
        let body = b"0123456789".to_vec();
        let open = || -> io::Result<Box<dyn Read>> { Ok(Box::new(io::Cursor::new(b"0123456789".to_vec()))) };
        let record = Record {
            kind: "resource",
            name: "a".into(),
            date: "2026-11-23T01:14:20Z".into(),
            uri: Some("http://a.example/a b\r\nX: y".into()),
            content_type: "text/plain",
            payload: Some(Digest::of(&body)),
            more: vec![],
        };
        let block = Block { before: b"<".to_vec(), body: Some((&open, 2, 5)), behind: b">".to_vec() };
        let mut packed = Vec::new();
        write(&mut packed, &record, &block).unwrap();
        let mut text = String::new();
        flate2::read::GzDecoder::new(packed.as_slice()).read_to_string(&mut text).unwrap();
        assert!(text.starts_with("WARC/1.1\r\nWARC-Type: resource\r\nWARC-Record-ID: <urn:uuid:"), "{text}");
        assert!(text.ends_with("Content-Length: 7\r\n\r\n<23456>\r\n\r\n"), "{text}");
        assert!(text.contains(&format!("WARC-Block-Digest: sha256:{}\r\n", Digest::of(b"<23456>"))), "{text}");
        assert!(text.contains("WARC-Target-URI: http://a.example/a%20b%20%20X:%20y\r\n"), "{text}");
        let short = Block { body: Some((&open, 5, 10)), ..Block::default() };
        assert!(write(&mut Vec::new(), &record, &short).is_err(), "what is missing is not hidden");
    }
}
