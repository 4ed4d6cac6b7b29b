//! What a person hands over under one name: a file, a directory, or an archive and what is in it.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, BufRead, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::bufread::GzDecoder;

use super::{ObtainError, Source};
use crate::fetch::{Found, is_of_a_case, open_file};

/// Files of one directory or archive beyond this many are refused.
const FILES: usize = 20_000;
/// How many times larger than its packed form a member may be, once it is larger than `RATIO_FROM` bytes.
const RATIO: u64 = 200;
const RATIO_FROM: u64 = 64 << 20;

/// Where a member's bytes are.
#[derive(Debug, Clone)]
pub enum Place {
    /// In a file of its own.
    Itself,
    /// In a zip archive, by its number there.
    Zip(usize),
    /// In a tar archive, or what one unpacked to: bytes of a file, from `at` on.
    Span { file: Arc<fs::File>, at: u64, size: u64 },
    /// They cannot be had, for this reason.
    Lost(String),
}

/// One file of a parcel, by the name that it has there.
#[derive(Debug, Clone)]
pub struct Member {
    /// The file, or the archive that it is in.
    pub path: PathBuf,
    pub place: Place,
    /// Its name, directories included, from the directory or archive that was handed over on.
    pub name: String,
    /// The same as bytes, where they are no UTF-8.
    pub raw: Option<Vec<u8>>,
}

/// One thing that is handed over.
#[derive(Debug, Clone)]
pub enum Thing {
    Whole(Source),
    Member(Member),
}

impl From<Source> for Thing {
    fn from(source: Source) -> Thing {
        Thing::Whole(source)
    }
}

/// A name as text, and as bytes where the text is not all of it.
fn named(bytes: &[u8]) -> (String, Option<Vec<u8>>) {
    let raw = std::str::from_utf8(bytes).is_err().then(|| bytes.to_vec());
    (String::from_utf8_lossy(bytes).into_owned(), raw)
}

/// The files that a source stands for. An archive (zip, tar, tar in gzip) is one of them itself, before its members. What is
/// packed as a whole is unpacked into a file without a name in `scratch`, of `most` bytes at most.
pub fn parcel(source: &Source, scratch: &Path, most: u64) -> Result<Vec<Thing>, ObtainError> {
    let whole = || vec![Thing::Whole(source.clone())];
    let Source::File(path) = source else { return Ok(whole()) };
    if path.is_dir() {
        return directory(path);
    }
    let Ok(file) = open_file(path) else { return Ok(whole()) };
    let begins = beginning(&file);
    // Documents are zip files, too, and one thing to people.
    let document = path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("zip"));
    if begins.starts_with(b"PK\x03\x04") && !document {
        zipped(path)
    } else if is_tar(&begins) {
        Ok(tarred(path, file, None))
    } else if begins.starts_with(&[0x1f, 0x8b]) && is_tar(&beginning(GzDecoder::new(&begins[..]))) {
        Ok(match unpack(file, scratch, most) {
            Ok((unpacked, broken)) => tarred(path, unpacked, broken),
            Err(error) => {
                let (name, why) = (path.display().to_string(), format!("it cannot be unpacked here: {error}"));
                let lost = Member { path: path.to_path_buf(), place: Place::Lost(why), name, raw: None };
                vec![Thing::Whole(source.clone()), Thing::Member(lost)]
            }
        })
    } else {
        Ok(whole())
    }
}

/// As much of the beginning as tells a format, packed or not.
fn beginning(from: impl Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    // What cannot be read to here is told where it is read whole.
    let _ = from.take(1 << 16).read_to_end(&mut bytes);
    bytes
}

/// A tar archive of POSIX or GNU.
fn is_tar(begins: &[u8]) -> bool {
    begins.get(257..262) == Some(b"ustar")
}

/// Unpacks a file, as far as it goes; and why it goes no further, if it was not to its end.
fn unpack(packed: fs::File, scratch: &Path, most: u64) -> io::Result<(fs::File, Option<String>)> {
    let bound = most.min(packed.metadata()?.len().saturating_mul(RATIO).max(RATIO_FROM));
    fs::create_dir_all(scratch)?;
    let mut unpacked = tempfile::tempfile_in(scratch)?;
    let mut packed = io::BufReader::with_capacity(1 << 16, packed);
    packed.seek(SeekFrom::Start(0))?;
    let (mut buffer, mut done) = (vec![0; 1 << 16], 0);
    loop {
        let mut part = GzDecoder::new(&mut packed);
        loop {
            match part.read(&mut buffer) {
                Ok(0) => break,
                Ok(count) => {
                    done += count as u64;
                    if done > bound {
                        return Ok((unpacked, Some(format!("it unpacks to more than {bound} bytes"))));
                    }
                    unpacked.write_all(&buffer[..count])?;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Ok((unpacked, Some(format!("it cannot be unpacked to its end: {error}")))),
            }
        }
        // Another part may follow; zeros are padding, as of a tape.
        match packed.fill_buf()? {
            [] => return Ok((unpacked, None)),
            [0x1f, ..] => {}
            _ => {
                let padded = all_zero(packed)?;
                return Ok((unpacked, (!padded).then(|| "there is more behind its packed form".to_owned())));
            }
        }
    }
}

fn all_zero(mut from: impl BufRead) -> io::Result<bool> {
    loop {
        let some = from.fill_buf()?;
        if some.is_empty() {
            return Ok(true);
        }
        if some.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        let count = some.len();
        from.consume(count);
    }
}

/// What a tar archive is made of, in bytes.
const BLOCK: u64 = 512;
/// Longest header that only says something of the next one.
const EXTENDED: u64 = 1 << 20;
/// Padding behind an archive's end that is looked through.
const PADDING: u64 = 1 << 20;

/// What headers before a member say of it.
#[derive(Default)]
struct Said {
    name: Option<Vec<u8>>,
    size: Option<u64>,
    /// Why its bytes are not simply those that follow.
    odd: Option<&'static str>,
}

impl Said {
    /// Takes the records of a header of POSIX: `LENGTH KEY=VALUE\n`.
    fn records(&mut self, mut records: &[u8]) {
        while !records.is_empty() {
            let length = records.iter().position(|byte| *byte == b' ').and_then(|end| std::str::from_utf8(&records[..end]).ok());
            let record = length.and_then(|length| records.get(length.len() + 1..length.parse().ok()?));
            let pair = record.and_then(|record| record.strip_suffix(b"\n")).and_then(|record| {
                let equals = record.iter().position(|byte| *byte == b'=')?;
                Some((&record[..equals], &record[equals + 1..]))
            });
            let (Some(record), Some((key, value))) = (record, pair) else {
                self.odd = Some("the header that describes it cannot be read; unpack the archive, and hand over its parts");
                return;
            };
            match key {
                b"path" => self.name = Some(value.to_vec()),
                b"size" => self.size = std::str::from_utf8(value).ok().and_then(|size| size.parse().ok()).or(Some(u64::MAX)),
                _ if key.starts_with(b"GNU.sparse.") => self.odd = Some(HOLES),
                _ => {}
            }
            let taken = record.len() + length.map_or(0, str::len) + 1;
            records = &records[taken..];
        }
    }
}

const HOLES: &str = "it is packed with holes; unpack the archive, and hand over its parts";

/// The archive, and its members, each where it lies; `broken` says why its end is missing, if it is. Headers are walked here, and
/// nothing that they hold is passed over in silence: what cannot be had is told by its name.
fn tarred(path: &Path, file: fs::File, broken: Option<String>) -> Vec<Thing> {
    let whole = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = vec![Source::File(path.to_path_buf()).into()];
    let mut put = |name: String, raw, place| found.push(Thing::Member(Member { path: path.to_path_buf(), place, name, raw }));
    let ended = walk(&Arc::new(file), &mut |bytes, place| {
        let (name, raw) = named(bytes);
        put(format!("{whole}/{name}"), raw, place);
    });
    let why = broken.or(ended.unwrap_or_else(|error| Some(format!("it cannot be read: {error}"))));
    if let Some(why) = why {
        put(whole.clone(), None, Place::Lost(why));
    }
    found
}

/// Walks a tar archive (ustar, POSIX, GNU); says why it did not come to the end, if so.
fn walk(file: &Arc<fs::File>, each: &mut dyn FnMut(&[u8], Place)) -> io::Result<Option<String>> {
    let held = file.metadata()?.len();
    let (mut at, mut said, mut count) = (0_u64, Said::default(), 0);
    let mut spans: BTreeMap<Vec<u8>, Place> = BTreeMap::new();
    loop {
        if at.checked_add(BLOCK).is_none_or(|end| end > held) {
            return Ok(Some("it has no end mark: what came after may be missing".into()));
        }
        let mut block = [0; BLOCK as usize];
        file.read_exact_at(&mut block, at)?;
        let mut data = at + BLOCK;
        if block.iter().all(|byte| *byte == 0) {
            let rest = Span { file: file.clone(), begin: data, size: held - data, at: 0 };
            let padded = rest.size <= PADDING && all_zero(io::BufReader::new(rest))?;
            return Ok((!padded).then(|| "there is more behind its end mark".to_owned()));
        }
        let header = tar::Header::from_byte_slice(&block);
        // The field itself counts as blanks.
        let sum: u32 =
            block.iter().enumerate().map(|(nth, byte)| if (148..156).contains(&nth) { 32 } else { u32::from(*byte) }).sum();
        let (Ok(true), Ok(size)) = (header.cksum().map(|told| told == sum), header.entry_size()) else {
            return Ok(Some(format!("it cannot be read from byte {at} on")));
        };
        let kind = header.entry_type().as_byte();
        let of_the_next = matches!(kind, b'x' | b'g' | b'L' | b'K');
        let mut size = said.size.filter(|_| !of_the_next).unwrap_or(size);
        if of_the_next {
            if size > EXTENDED || data + size > held {
                return Ok(Some(format!("it cannot be read from byte {at} on")));
            }
            let mut text = vec![0; size as usize];
            file.read_exact_at(&mut text, data)?;
            match kind {
                b'x' => said.records(&text),
                b'L' => said.name = Some(text.split(|byte| *byte == 0).next().unwrap_or_default().to_vec()),
                _ => {}
            }
        } else {
            let Said { name, odd, .. } = std::mem::take(&mut said);
            let name = name.unwrap_or_else(|| header.path_bytes().into_owned());
            let link = header.link_name_bytes().unwrap_or_default();
            let place = match kind {
                // Links, devices and directories have no bytes.
                b'2'..=b'6' => {
                    size = 0;
                    None
                }
                // A volume's label; a list of names.
                b'V' | b'D' => None,
                b'1' if size == 0 => {
                    let same = spans.get(&*link).cloned();
                    let why = || format!("it is another name of {}, which is not in the archive", String::from_utf8_lossy(&link));
                    Some(same.unwrap_or_else(|| Place::Lost(why())))
                }
                b'M' => Some(Place::Lost("it goes on from another archive".into())),
                b'S' => {
                    let mut more = block[482] != 0;
                    while more && data + BLOCK <= held {
                        let mut map = [0; BLOCK as usize];
                        file.read_exact_at(&mut map, data)?;
                        (more, data) = (map[504] != 0, data + BLOCK);
                    }
                    Some(Place::Lost(HOLES.into()))
                }
                _ if name.ends_with(b"/") => None,
                _ => Some(match odd {
                    Some(why) => Place::Lost(why.into()),
                    None => Place::Span { file: file.clone(), at: data, size },
                }),
            };
            if let Some(place) = place {
                if count == FILES {
                    return Ok(Some(format!("it holds more than {FILES} files; unpack it, and hand over its parts")));
                }
                each(&name, place.clone());
                count += 1;
                spans.insert(name, place);
            }
        }
        let next = size.checked_next_multiple_of(BLOCK).and_then(|size| data.checked_add(size));
        let Some(next) = next.filter(|next| *next <= held) else { return Ok(Some("it is cut off".into())) };
        at = next;
    }
}

/// Some bytes of a file as a file of their own.
struct Span {
    file: Arc<fs::File>,
    begin: u64,
    size: u64,
    at: u64,
}

impl Read for Span {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.size.saturating_sub(self.at)).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.file.read_at(&mut buffer[..left], self.begin + self.at)?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for Span {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let to = match to {
            SeekFrom::Start(to) => Some(to),
            SeekFrom::End(by) => self.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = to.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}

fn unreadable(path: &Path, why: impl ToString) -> ObtainError {
    ObtainError::Unreadable { name: path.display().to_string(), why: why.to_string() }
}

fn directory(path: &Path) -> Result<Vec<Thing>, ObtainError> {
    use std::os::unix::ffi::OsStrExt;
    let above = path.canonicalize().map_err(|error| unreadable(path, error))?;
    let above = above.parent().unwrap_or(Path::new("/")).to_path_buf();
    let real = path.canonicalize().map_err(|error| unreadable(path, error))?;
    let mut found = Vec::new();
    // Links are not followed: they lead out of what was handed over.
    // Of a case in it, the database stands for all: it is said that it is not taken. Its vault is not walked through.
    let is_taken = |file: &walkdir::DirEntry| !is_of_a_case(file.path()) || file.file_name() == "case.sqlite";
    for file in walkdir::WalkDir::new(&real).sort_by_file_name().into_iter().filter_entry(is_taken) {
        let file = file.map_err(|error| unreadable(path, error))?;
        if !file.file_type().is_file() {
            continue;
        }
        if found.len() == FILES {
            return Err(unreadable(path, format!("it holds more than {FILES} files; hand over its parts")));
        }
        let (name, raw) = named(file.path().strip_prefix(&above).unwrap_or(file.path()).as_os_str().as_bytes());
        found.push(Thing::Member(Member { path: file.path().to_path_buf(), place: Place::Itself, name, raw }));
    }
    if found.is_empty() {
        return Err(unreadable(path, "there is no file in it"));
    }
    Ok(found)
}

fn zipped(path: &Path) -> Result<Vec<Thing>, ObtainError> {
    let file = fs::File::open(path).map_err(|error| unreadable(path, error))?;
    let mut container = match zip::ZipArchive::new(file) {
        Ok(container) => container,
        // What cannot be taken apart is still a file.
        Err(_) => return Ok(vec![Source::File(path.to_path_buf()).into()]),
    };
    if container.len() > FILES {
        return Err(unreadable(path, format!("it holds more than {FILES} files; unpack it, and hand over its parts")));
    }
    let whole = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = vec![Source::File(path.to_path_buf()).into()];
    for nth in 0..container.len() {
        let Ok(member) = container.by_index_raw(nth) else { continue };
        if !member.is_file() {
            continue;
        }
        // The name is only ever text: nothing is written where it says.
        let (name, raw) = named(member.name_raw());
        let place = Place::Zip(nth);
        found.push(Thing::Member(Member { path: path.to_path_buf(), place, name: format!("{whole}/{name}"), raw }));
    }
    Ok(found)
}

impl Member {
    /// Opens the file; a member of a zip archive is unpacked into `scratch` first.
    pub fn open(&self, scratch: &Path, most: u64) -> Result<Found, ObtainError> {
        let failed = |why: String| ObtainError::Unreadable { name: self.name.clone(), why };
        let nth = match &self.place {
            Place::Itself => {
                let found = Found::named(&self.path).map_err(|error| ObtainError::of(&self.path, error))?;
                return Ok(Found { name: self.name.clone(), ..found });
            }
            Place::Lost(why) => return Err(failed(why.clone())),
            Place::Span { size, .. } if *size > most => return Err(failed(format!("it unpacks to more than {most} bytes"))),
            Place::Span { file, at, size } => {
                let held = file.metadata().map_err(|error| failed(error.to_string()))?.len();
                if at.checked_add(*size).is_none_or(|end| end > held) {
                    return Err(failed("the archive ends before it".into()));
                }
                let span = Span { file: file.clone(), begin: *at, size: *size, at: 0 };
                return Ok(Found { file: Box::new(span), size: *size, name: self.name.clone() });
            }
            Place::Zip(nth) => *nth,
        };
        let io = |error: io::Error| failed(error.to_string());
        let file = fs::File::open(&self.path).map_err(io)?;
        let mut container = zip::ZipArchive::new(file).map_err(|error| failed(error.to_string()))?;
        let mut member = container.by_index(nth).map_err(|error| failed(error.to_string()))?;
        let bound = most.min(member.compressed_size().saturating_mul(RATIO).max(RATIO_FROM));
        fs::create_dir_all(scratch).map_err(io)?;
        // Without a name: nothing of it is left, whatever happens.
        let mut unpacked = tempfile::tempfile_in(scratch).map_err(io)?;
        let size = io::copy(&mut member.by_ref().take(bound + 1), &mut unpacked).map_err(io)?;
        if size > bound {
            return Err(failed(format!("it unpacks to more than {bound} bytes")));
        }
        unpacked.seek(SeekFrom::Start(0)).map_err(io)?;
        Ok(Found { file: Box::new(unpacked), size, name: self.name.clone() })
    }
}
