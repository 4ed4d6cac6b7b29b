//! WACZ 1.1.1: a WARC file with its index, its pages and the digests of all of them, in one zip file.

use std::io::{self, Read, Seek, Write};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};
use url::Url;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipArchive, ZipWriter};

use super::read::{Watched, Watching};
use super::record::Indexed;
use crate::evidence::{Digest, Sha256};

/// Lines of one block of the index.
const BLOCK: usize = 1024;

/// A page that a reader can begin with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    pub id: String,
    pub url: String,
    pub date: String,
    pub title: Option<String>,
}

/// Counts and digests what passes.
struct Digested<'a> {
    out: &'a mut dyn Write,
    sha256: Sha256,
    size: u64,
}

impl Write for Digested<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.out.write(bytes)?;
        self.sha256.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// The key by which archives sort addresses (SURT): `org,example)/path?query`.
fn surt(url: &str) -> String {
    let Ok(mut parsed) = Url::parse(&url.to_lowercase()) else { return url.to_owned() };
    let Some(host) = parsed.host_str().filter(|_| matches!(parsed.scheme(), "http" | "https")).map(str::to_owned) else {
        return url.to_owned();
    };
    let host = host.strip_prefix("www.").unwrap_or(&host);
    let mut key = host.split('.').rev().collect::<Vec<_>>().join(",");
    if let Some(port) = parsed.port() {
        key.push_str(&format!(":{port}"));
    }
    key.push(')');
    if parsed.query().is_some() {
        let mut pairs: Vec<(String, String)> = parsed.query_pairs().into_owned().collect();
        pairs.sort_by(|a, b| a.0.cmp(&b.0));
        parsed.query_pairs_mut().clear().extend_pairs(pairs);
    }
    key.push_str(&parsed[url::Position::BeforePath..url::Position::AfterQuery]);
    key
}

/// `20261123011420123`, as indices write times.
fn digits(date: &str) -> String {
    date.chars().filter(char::is_ascii_digit).take(17).collect()
}

/// Writes the whole file. `warc` writes the WARC file and gives its index.
pub fn wacz<E: From<io::Error>>(
    out: &mut dyn Write,
    created: &str,
    title: &str,
    warc: impl FnOnce(&mut dyn Write) -> Result<Vec<Indexed>, E>,
    pages: &[Page],
) -> Result<(), E> {
    // Nothing is packed twice, and nothing tells when it was written: the same captures give the same bytes.
    let how = SimpleFileOptions::default().compression_method(CompressionMethod::Stored).large_file(true);
    let zip_error = |error: zip::result::ZipError| E::from(io::Error::other(error));
    let mut zip = ZipWriter::new_stream(out);
    let mut resources = Vec::new();
    zip.start_file("archive/exchange.warc.gz", how).map_err(zip_error)?;
    let mut digested = Digested { out: &mut zip, sha256: Sha256::default(), size: 0 };
    let mut index = warc(&mut digested)?;
    resources.push(("archive/exchange.warc.gz", digested.sha256.finish(), digested.size));
    index.sort_by_cached_key(|record| (surt(&record.uri), digits(&record.date), record.offset));
    let (cdx, idx) = indices(&index)?;
    let mut listed = json!({ "format": "json-pages-1.0", "id": "pages", "title": "All pages" }).to_string() + "\n";
    for page in pages {
        // To the millisecond: readers compare it with the index.
        let date = format!("{}Z", page.date.trim_end_matches('Z').get(..23).unwrap_or(page.date.trim_end_matches('Z')));
        let mut told = json!({ "id": page.id, "url": page.url, "ts": date });
        if let Some(title) = &page.title {
            told["title"] = json!(title);
        }
        listed += &(told.to_string() + "\n");
    }
    let mut add = |zip: &mut ZipWriter<_>, name: &'static str, bytes: &[u8]| -> Result<(), E> {
        zip.start_file(name, how).map_err(zip_error)?;
        zip.write_all(bytes)?;
        resources.push((name, Digest::of(bytes), bytes.len() as u64));
        Ok(())
    };
    add(&mut zip, "indexes/index.cdx.gz", &cdx)?;
    add(&mut zip, "indexes/index.idx", idx.as_bytes())?;
    add(&mut zip, "pages/pages.jsonl", listed.as_bytes())?;
    let named = |(path, digest, size): &(&str, Digest, u64)| json!({ "name": path.rsplit('/').next(), "path": path, "hash": format!("sha256:{digest}"), "bytes": size });
    let package = json!({
        "profile": "data-package",
        "wacz_version": "1.1.1",
        "title": title,
        "software": format!("exhibit {}", env!("CARGO_PKG_VERSION")),
        "created": created,
        "resources": resources.iter().map(named).collect::<Vec<_>>(),
    });
    let package = serde_json::to_string_pretty(&package).unwrap_or_default();
    let digest = json!({ "path": "datapackage.json", "hash": format!("sha256:{}", Digest::of(package.as_bytes())) });
    for (name, text) in [("datapackage.json", package), ("datapackage-digest.json", format!("{digest:#}"))] {
        zip.start_file(name, how).map_err(zip_error)?;
        zip.write_all(text.as_bytes())?;
    }
    zip.finish().map_err(zip_error)?;
    Ok(())
}

/// Reads a WACZ file of anybody's: each WARC file in it goes to `warc`. Gives what is wrong with the digests that its data
/// package names, and with that of the package itself; an error if it is no WACZ file.
pub fn read_wacz<R: Read + Seek>(file: R, mut warc: impl FnMut(&str, &mut dyn Read)) -> io::Result<Vec<String>> {
    let mut zip = ZipArchive::new(file).map_err(io::Error::other)?;
    let mut small = |name: &str| -> io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        zip.by_name(name).map_err(io::Error::other)?.take(1 << 24).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let package = small("datapackage.json").unwrap_or_default();
    let parsed: Value = serde_json::from_slice(&package).unwrap_or_default();
    let resources = parsed["resources"].as_array().into_iter().flatten();
    let listed: Vec<(&str, &str)> = resources.filter_map(|one| Some((one["path"].as_str()?, one["hash"].as_str()?))).collect();
    if listed.is_empty() {
        return Err(io::Error::other("it has no datapackage.json that names its files: it is no WACZ file"));
    }
    let mut wrong = Vec::new();
    if let Ok(bytes) = small("datapackage-digest.json") {
        let digest: Value = serde_json::from_slice(&bytes).unwrap_or_default();
        let mut watching = Watching::of(digest["hash"].as_str());
        watching.update(&package);
        if watching.differs() {
            wrong.push("datapackage.json does not have the digest that datapackage-digest.json names".to_owned());
        }
    }
    for (name, hash) in listed {
        match zip.by_name(name) {
            Err(error) => wrong.push(format!("{name}: {error}")),
            Ok(member) => {
                let mut watched = Watched { inner: member, watching: Watching::of(Some(hash)) };
                if name.starts_with("archive/") {
                    warc(name, &mut watched);
                }
                let rest = io::copy(&mut watched, &mut io::sink());
                if matches!(watched.watching, Watching::Nothing) {
                    wrong.push(format!("{name} has a digest of no known kind in datapackage.json"));
                } else if rest.is_err() || watched.watching.differs() {
                    wrong.push(format!("{name} does not have the digest that datapackage.json names"));
                }
            }
        }
    }
    Ok(wrong)
}

/// The index in packed blocks, and the index of the blocks.
fn indices(index: &[Indexed]) -> io::Result<(Vec<u8>, String)> {
    let mut blocks = Vec::new();
    let mut idx = format!("!meta 0 {}\n", json!({ "format": "cdxj-gzip-1.0", "filename": "index.cdx.gz" }));
    for block in index.chunks(BLOCK) {
        let (at, mut packed) = (blocks.len(), GzEncoder::new(Vec::new(), Compression::default()));
        let mut first = None;
        for record in block {
            let key = format!("{} {}", surt(&record.uri), digits(&record.date));
            let mut told = json!({
                "url": record.uri,
                "mime": record.media_type,
                "filename": "exchange.warc.gz",
                "offset": record.offset.to_string(),
                "length": record.length.to_string(),
            });
            if let Some(status) = record.status {
                told["status"] = json!(status.to_string());
            }
            if let Some(digest) = record.digest {
                told["digest"] = json!(format!("sha256:{digest}"));
            }
            packed.write_all(format!("{key} {told}\n").as_bytes())?;
            first.get_or_insert(key);
        }
        let packed = packed.finish()?;
        let told = json!({ "offset": at, "length": packed.len(), "digest": format!("sha256:{}", Digest::of(&packed)), "filename": "index.cdx.gz" });
        idx.push_str(&format!("{} {told}\n", first.unwrap_or_default()));
        blocks.extend(packed);
    }
    Ok((blocks, idx))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_sorted_as_archives_sort_them() {
        assert_eq!(surt("https://www.Example.org/A?b=2&a=1"), "org,example)/a?a=1&b=2");
        assert_eq!(surt("http://example.org:8080/"), "org,example:8080)/");
        assert_eq!(surt("urn:sha256:00"), "urn:sha256:00");
        assert_eq!(digits("2026-11-23T01:14:20.123456Z"), "20261123011420123");
    }
}
