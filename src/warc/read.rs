//! Reading WARC files of others (ISO 28500, 1.0 and 1.1): what was answered, by address, with its digests checked.

use std::io::{self, BufRead, BufReader, Read, Write};

use base64::Engine;
use flate2::bufread::MultiGzDecoder;
use sha1::{Digest as _, Sha1};

use crate::evidence::Sha256;

/// One answer, or a resource that was kept without an exchange.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Kept {
    pub url: String,
    /// As the record says.
    pub date: String,
    pub status: Option<u16>,
    pub media_type: Option<String>,
    /// Bytes of the body that were written.
    pub size: u64,
    /// What is wrong with the record's digests; none if they are right, or there are none.
    pub wrong: Option<String>,
}

/// Longest line of a head, and of all of it.
const HEAD: u64 = 1 << 18;

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why.to_owned())
}

/// A digest that a record names, `sha256:` in hexadecimal or Base64 or `sha1:` in Base32 or hexadecimal, held against
/// bytes as they pass. What is of no kind that is known is not judged.
pub(super) enum Watching {
    Sha1(Sha1, String),
    Sha256(Sha256, String),
    Nothing,
}

impl Watching {
    pub(super) fn of(named: Option<&str>) -> Watching {
        let Some((kind, told)) = named.and_then(|named| named.split_once(':')) else { return Watching::Nothing };
        match kind.to_ascii_lowercase().as_str() {
            "sha1" => Watching::Sha1(Sha1::new(), told.to_owned()),
            "sha256" | "sha-256" => Watching::Sha256(Sha256::default(), told.to_owned()),
            _ => Watching::Nothing,
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Watching::Sha1(sha1, _) => sha1.update(bytes),
            Watching::Sha256(sha256, _) => sha256.update(bytes),
            Watching::Nothing => {}
        }
    }

    /// Whether the digest is of other bytes than those that passed.
    pub(super) fn differs(self) -> bool {
        match self {
            Watching::Sha1(sha1, told) if told.len() == 40 => !told.eq_ignore_ascii_case(&hex::encode(sha1.finalize())),
            Watching::Sha1(sha1, told) => !told.eq_ignore_ascii_case(&base32(&sha1.finalize())),
            Watching::Sha256(sha256, told) if told.len() == 64 => !told.eq_ignore_ascii_case(&sha256.finish().to_string()),
            Watching::Sha256(sha256, told) => {
                let own = base64::engine::general_purpose::STANDARD.encode(sha256.finish().0);
                told.trim_end_matches('=') != own.trim_end_matches('=')
            }
            Watching::Nothing => false,
        }
    }
}

/// Bytes that are watched while they are read.
pub(super) struct Watched<R> {
    pub(super) inner: R,
    pub(super) watching: Watching,
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.watching.update(&buffer[..count]);
        Ok(count)
    }
}

/// What was read of a file.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct WarcRead {
    pub records: u64,
    /// What is wrong with the digests of records that are no answers.
    pub wrong: Vec<String>,
}

/// RFC 4648.
fn base32(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bits: String = bytes.iter().map(|byte| format!("{byte:08b}")).collect();
    let fives = bits.as_bytes().chunks(5);
    fives
        .map(|five| {
            let number = five.iter().fold(0, |number, bit| number * 2 + usize::from(bit - b'0')) << (5 - five.len());
            LETTERS[number] as char
        })
        .collect()
}

/// Lines up to an empty one. A head that was cut short may end where its block does.
fn head(input: &mut dyn BufRead, may_end: bool) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut whole = input.take(HEAD);
    loop {
        let mut line = Vec::new();
        if whole.read_until(b'\n', &mut line)? == 0 {
            return if lines.is_empty() || may_end { Ok(lines) } else { Err(malformed("a head ends in its middle")) };
        }
        let line = String::from_utf8_lossy(&line).trim_end().to_owned();
        if line.is_empty() {
            return Ok(lines);
        }
        lines.push(line);
    }
}

fn field<'a>(lines: &'a [String], name: &str) -> Option<&'a str> {
    let found = lines.iter().filter_map(|line| line.split_once(':')).find(|(key, _)| key.trim().eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.trim())
}

/// Reads each record, packed or not. `body` gives where an answer's body goes; `done` is told of it. A record that cannot
/// be read ends the reading with an error; those before it have been given.
pub fn read_warc<W: Write>(
    input: impl Read,
    most: u64,
    mut body: impl FnMut() -> io::Result<W>,
    mut done: impl FnMut(Kept, W),
) -> io::Result<WarcRead> {
    let mut plain = BufReader::with_capacity(1 << 17, input);
    let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let mut input: Box<dyn BufRead> =
        if packed { Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(plain))) } else { Box::new(plain) };
    let mut told = WarcRead::default();
    loop {
        // Blank lines stand between records.
        while input.fill_buf()?.starts_with(b"\r") || input.fill_buf()?.starts_with(b"\n") {
            input.consume(1);
        }
        if input.fill_buf()?.is_empty() {
            return Ok(told);
        }
        let lines = head(&mut input, false)?;
        if !lines.first().is_some_and(|line| line.starts_with("WARC/1.")) {
            return Err(malformed("what should be a WARC record is none"));
        }
        let length: u64 = field(&lines, "Content-Length")
            .and_then(|length| length.parse().ok())
            .ok_or_else(|| malformed("a record does not say how long it is"))?;
        told.records += 1;
        let named = field(&lines, "WARC-Block-Digest");
        let mut block = Watched { inner: (&mut input).take(length), watching: Watching::of(named) };
        let kind = field(&lines, "WARC-Type").unwrap_or_default().to_ascii_lowercase();
        let mut answer = None;
        if length <= most && matches!(kind.as_str(), "response" | "resource") {
            let mut out = body()?;
            answer = Some((one(&lines, &kind, &mut BufReader::new(&mut block), &mut out)?, out));
        }
        io::copy(&mut block, &mut io::sink())?;
        if block.inner.limit() > 0 {
            return Err(malformed("the file ends in the middle of a record"));
        }
        let wrong = block.watching.differs().then(|| {
            format!("the block of a {kind} record does not have the digest {} that the record names", named.unwrap_or_default())
        });
        match answer {
            Some((mut kept, out)) => {
                kept.wrong = kept.wrong.or(wrong);
                done(kept, out);
            }
            None => told.wrong.extend(wrong),
        }
    }
}

fn one(lines: &[String], kind: &str, block: &mut dyn BufRead, out: &mut impl Write) -> io::Result<Kept> {
    let mut kept = Kept {
        url: field(lines, "WARC-Target-URI").unwrap_or_default().trim_matches(['<', '>']).to_owned(),
        date: field(lines, "WARC-Date").unwrap_or_default().to_owned(),
        media_type: field(lines, "Content-Type").map(str::to_owned),
        ..Kept::default()
    };
    let named = field(lines, "WARC-Payload-Digest");
    let mut payload = Watching::of(named);
    let is_http = kind == "response" && kept.media_type.as_deref().is_some_and(|kind| kind.starts_with("application/http"));
    let mut chunked = false;
    if is_http {
        let answer = head(block, true)?;
        kept.status = answer.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        kept.media_type = field(&answer, "Content-Type").map(str::to_owned);
        chunked = field(&answer, "Transfer-Encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    }
    let mut entity = Watching::of(named);
    let mut take = |bytes: &[u8], raw: bool| -> io::Result<()> {
        if raw {
            payload.update(bytes);
        } else {
            entity.update(bytes);
            kept.size += bytes.len() as u64;
            out.write_all(bytes)?;
        }
        Ok(())
    };
    let mut buffer = vec![0; 1 << 16];
    // Some writers keep the header and undo the coding.
    chunked = chunked && block.fill_buf()?.first().is_some_and(u8::is_ascii_hexdigit);
    if chunked {
        loop {
            let mut line = Vec::new();
            block.take(200).read_until(b'\n', &mut line)?;
            take(&line, true)?;
            let size = String::from_utf8_lossy(&line);
            let size = u64::from_str_radix(size.trim().split(';').next().unwrap_or("").trim(), 16).unwrap_or(0);
            let mut chunk = (&mut *block).take(size);
            loop {
                let count = chunk.read(&mut buffer)?;
                if count == 0 {
                    break;
                }
                take(&buffer[..count], true)?;
                take(&buffer[..count], false)?;
            }
            let mut end = Vec::new();
            block.take(200).read_until(b'\n', &mut end)?;
            take(&end, true)?;
            if size == 0 {
                break;
            }
        }
    }
    loop {
        let count = block.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        take(&buffer[..count], true)?;
        if !chunked {
            take(&buffer[..count], false)?;
        }
    }
    // Writers disagree on whether the payload is with or without its transfer coding: one of both must fit.
    if let Some(named) = named
        && payload.differs()
        && entity.differs()
    {
        kept.wrong = Some(format!("the body does not have the digest {named} that the record names"));
    }
    out.flush()?;
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base32_is_that_of_rfc_4648() {
        assert_eq!(base32(b"fooba"), "MZXW6YTB");
        assert_eq!(base32(b"foo"), "MZXW6");
    }

    #[test]
    fn bodies_come_out_without_their_transfer_coding_and_wrong_digests_are_told() {
        let record = |digest: &str| {
            let block = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/plain\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
            format!(
                "WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: http://a.example/\r\nWARC-Date: 2019-01-01T00:00:00Z\r\nContent-Type: application/http; msgtype=response\r\nWARC-Payload-Digest: {digest}\r\nContent-Length: {}\r\n\r\n{block}\r\n\r\n",
                block.len()
            )
        };
        let good = format!("sha256:{}", crate::evidence::Digest::of(b"abcde"));
        let all = record(&good) + &record("sha1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA");
        let mut told = Vec::new();
        let count = read_warc(all.as_bytes(), 1 << 20, || Ok(Vec::new()), |kept, body| told.push((kept, body))).unwrap();
        assert_eq!(count.records, 2);
        let other = all.replacen("WARC-Payload-Digest: sha256:", "WARC-Block-Digest: sha256:", 1);
        let mut told_again = Vec::new();
        read_warc(other.as_bytes(), 1 << 20, || Ok(io::sink()), |kept, _| told_again.push(kept.wrong)).unwrap();
        assert!(told_again[0].as_ref().is_some_and(|wrong| wrong.contains("block")));
        assert_eq!(told.iter().map(|(_, body)| body.as_slice()).collect::<Vec<_>>(), [b"abcde", b"abcde"]);
        assert_eq!(told[0].0.wrong, None);
        assert!(told[1].0.wrong.is_some() && told[1].0.status == Some(200));
        for cut in [10, 60, all.len() - 20] {
            assert!(read_warc(&all.as_bytes()[..cut], 1 << 20, || Ok(Vec::new()), |_, _| {}).is_err(), "{cut}");
        }
    }
}
