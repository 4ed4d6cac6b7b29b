//! What a person hands over under one name: a file, a directory, or an archive and what is in it.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use flate2::read::MultiGzDecoder;

use super::{ObtainError, Source};
use crate::fetch::Found;

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
    let Ok(file) = fs::File::open(path) else { return Ok(whole()) };
    let begins = beginning(&file);
    // Documents are zip files, too, and one thing to people.
    let document = path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("zip"));
    if begins.starts_with(b"PK\x03\x04") && !document {
        zipped(path)
    } else if is_tar(&begins) {
        tarred(path, file, None)
    } else if begins.starts_with(&[0x1f, 0x8b]) && is_tar(&beginning(MultiGzDecoder::new(io::Cursor::new(begins)))) {
        let (unpacked, broken) = unpack(path, file, scratch, most)?;
        tarred(path, unpacked, broken)
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
fn unpack(path: &Path, packed: fs::File, scratch: &Path, most: u64) -> Result<(fs::File, Option<String>), ObtainError> {
    let io = |error: io::Error| unreadable(path, error);
    let size = packed.metadata().map_err(io)?.len();
    let bound = most.min(size.saturating_mul(RATIO).max(RATIO_FROM));
    fs::create_dir_all(scratch).map_err(io)?;
    let mut unpacked = tempfile::tempfile_in(scratch).map_err(io)?;
    (&packed).seek(SeekFrom::Start(0)).map_err(io)?;
    let mut packed = MultiGzDecoder::new(io::BufReader::new(packed)).take(bound + 1);
    let (mut buffer, mut done) = (vec![0; 1 << 16], 0);
    let broken = loop {
        match packed.read(&mut buffer) {
            Ok(0) if done > bound => break Some(format!("it unpacks to more than {bound} bytes")),
            Ok(0) => break None,
            Ok(count) => io::Write::write_all(&mut unpacked, &buffer[..count]).map(|()| done += count as u64).map_err(io)?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => break Some(format!("it cannot be unpacked to its end: {error}")),
        }
    };
    Ok((unpacked, broken))
}

/// The members of a tar archive; `broken` says why its end is missing, if it is.
fn tarred(path: &Path, file: fs::File, mut broken: Option<String>) -> Result<Vec<Thing>, ObtainError> {
    let file = Arc::new(file);
    let held = file.metadata().map_err(|error| unreadable(path, error))?.len();
    let whole = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let mut found = vec![Source::File(path.to_path_buf()).into()];
    let mut archive = tar::Archive::new(Span { file: file.clone(), begin: 0, size: held, at: 0 });
    let members = archive.entries_with_seek().map_err(|error| unreadable(path, error))?;
    for member in members {
        let member = match member {
            Ok(member) => member,
            Err(error) => {
                broken = broken.or(Some(format!("its members from here on cannot be read: {error}")));
                break;
            }
        };
        let kind = member.header().entry_type();
        let place = if kind.is_gnu_sparse() {
            Place::Lost("it is packed with holes; unpack the archive, and hand over its parts".into())
        } else if kind.is_file() || kind.is_contiguous() {
            Place::Span { file: file.clone(), at: member.raw_file_position(), size: member.size() }
        } else {
            continue;
        };
        if found.len() > FILES {
            return Err(unreadable(path, format!("it holds more than {FILES} files; unpack it, and hand over its parts")));
        }
        // The name is only ever text: nothing is written where it says.
        let (name, raw) = named(&member.path_bytes());
        found.push(Thing::Member(Member { path: path.to_path_buf(), place, name: format!("{whole}/{name}"), raw }));
    }
    found.extend(
        broken.map(|why| Thing::Member(Member { path: path.to_path_buf(), place: Place::Lost(why), name: whole, raw: None })),
    );
    Ok(found)
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
    for file in walkdir::WalkDir::new(&real).sort_by_file_name() {
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
