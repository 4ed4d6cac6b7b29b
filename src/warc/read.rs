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

/// A digest as records write it, `sha256:` in hexadecimal or `sha1:` in Base32, of bytes as they pass.
struct Watching {
    sha1: Sha1,
    sha256: Sha256,
}

impl Watching {
    fn new() -> Watching {
        Watching { sha1: Sha1::new(), sha256: Sha256::default() }
    }

    fn update(&mut self, bytes: &[u8]) {
        self.sha1.update(bytes);
        self.sha256.update(bytes);
    }

    /// Whether the digest that a record names is of other bytes. What is of no kind that is known is not judged.
    fn differs(self, named: &str) -> bool {
        let Some((kind, told)) = named.split_once(':') else { return false };
        let sha1 = self.sha1.finalize();
        match kind.to_ascii_lowercase().as_str() {
            "sha1" if told.len() == 40 => !told.eq_ignore_ascii_case(&hex::encode(sha1)),
            "sha1" => !told.eq_ignore_ascii_case(&base32(&sha1)),
            "sha256" | "sha-256" if told.len() == 64 => !told.eq_ignore_ascii_case(&self.sha256.finish().to_string()),
            "sha256" | "sha-256" => {
                let own = base64::engine::general_purpose::STANDARD.encode(self.sha256.finish().0);
                told.trim_end_matches('=') != own.trim_end_matches('=')
            }
            _ => false,
        }
    }
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

/// Lines up to an empty one.
fn head(input: &mut dyn BufRead) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    let mut whole = input.take(HEAD);
    loop {
        let mut line = Vec::new();
        if whole.read_until(b'\n', &mut line)? == 0 {
            return if lines.is_empty() { Ok(lines) } else { Err(malformed("a head ends in its middle")) };
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
) -> io::Result<u64> {
    let mut plain = BufReader::with_capacity(1 << 17, input);
    let packed = plain.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let mut input: Box<dyn BufRead> =
        if packed { Box::new(BufReader::with_capacity(1 << 17, MultiGzDecoder::new(plain))) } else { Box::new(plain) };
    let mut records = 0;
    loop {
        // Blank lines stand between records.
        while input.fill_buf()?.starts_with(b"\r") || input.fill_buf()?.starts_with(b"\n") {
            input.consume(1);
        }
        if input.fill_buf()?.is_empty() {
            return Ok(records);
        }
        let lines = head(&mut input)?;
        if !lines.first().is_some_and(|line| line.starts_with("WARC/1.")) {
            return Err(malformed("what should be a WARC record is none"));
        }
        let length: u64 = field(&lines, "Content-Length")
            .and_then(|length| length.parse().ok())
            .ok_or_else(|| malformed("a record does not say how long it is"))?;
        records += 1;
        let mut block = (&mut input).take(length);
        let kind = field(&lines, "WARC-Type").unwrap_or_default().to_ascii_lowercase();
        if length <= most && matches!(kind.as_str(), "response" | "resource") {
            let mut out = body()?;
            let kept = one(&lines, &kind, &mut BufReader::new(&mut block), &mut out)?;
            done(kept, out);
        }
        io::copy(&mut block, &mut io::sink())?;
        if block.limit() > 0 {
            return Err(malformed("the file ends in the middle of a record"));
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
    let mut payload = Watching::new();
    let is_http = kind == "response" && kept.media_type.as_deref().is_some_and(|kind| kind.starts_with("application/http"));
    let mut chunked = false;
    if is_http {
        let answer = head(block)?;
        kept.status = answer.first().and_then(|line| line.split(' ').nth(1)?.parse().ok());
        kept.media_type = field(&answer, "Content-Type").map(str::to_owned);
        chunked = field(&answer, "Transfer-Encoding").is_some_and(|coding| coding.to_ascii_lowercase().contains("chunked"));
    }
    let mut entity = Watching::new();
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
    if let Some(named) = field(lines, "WARC-Payload-Digest")
        && payload.differs(named)
        && entity.differs(named)
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
        assert_eq!(count, 2);
        assert_eq!(told.iter().map(|(_, body)| body.as_slice()).collect::<Vec<_>>(), [b"abcde", b"abcde"]);
        assert_eq!(told[0].0.wrong, None);
        assert!(told[1].0.wrong.is_some() && told[1].0.status == Some(200));
        for cut in [10, 60, all.len() - 20] {
            assert!(read_warc(&all.as_bytes()[..cut], 1 << 20, || Ok(Vec::new()), |_, _| {}).is_err(), "{cut}");
        }
    }
}
