//! What a person hands over under one name: a file, a directory, or an archive and what is in it.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use super::{ObtainError, Source};
use crate::fetch::Found;

/// Files of one directory or archive beyond this many are refused.
const FILES: usize = 20_000;
/// How many times larger than its packed form a member may be, once it is larger than `RATIO_FROM` bytes.
const RATIO: u64 = 200;
const RATIO_FROM: u64 = 64 << 20;

/// One file of a parcel, by the name that it has there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The file, or the archive that it is in.
    pub path: PathBuf,
    /// Its place in the archive; none for a file of its own.
    pub nth: Option<usize>,
    /// Its name, directories included, from the directory or archive that was handed over on.
    pub name: String,
    /// The same as bytes, where they are no UTF-8.
    pub raw: Option<Vec<u8>>,
}

/// One thing that is handed over.
#[derive(Debug, Clone, PartialEq, Eq)]
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

/// The files that a source stands for. An archive is one of them itself, before its members.
pub fn parcel(source: &Source) -> Result<Vec<Thing>, ObtainError> {
    let whole = || vec![Thing::Whole(source.clone())];
    let Source::File(path) = source else { return Ok(whole()) };
    if path.is_dir() {
        return directory(path);
    }
    let mut head = [0; 4];
    let zip = fs::File::open(path).and_then(|mut file| file.read_exact(&mut head)).is_ok() && &head == b"PK\x03\x04";
    // Documents are zip files, too, and one thing to people.
    let document = path.extension().is_some_and(|ending| !ending.eq_ignore_ascii_case("zip"));
    if zip && !document { archive(path) } else { Ok(whole()) }
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
        found.push(Thing::Member(Member { path: file.path().to_path_buf(), nth: None, name, raw }));
    }
    if found.is_empty() {
        return Err(unreadable(path, "there is no file in it"));
    }
    Ok(found)
}

fn archive(path: &Path) -> Result<Vec<Thing>, ObtainError> {
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
        found.push(Thing::Member(Member { path: path.to_path_buf(), nth: Some(nth), name: format!("{whole}/{name}"), raw }));
    }
    Ok(found)
}

impl Member {
    /// Opens the file; a member of an archive is unpacked into `scratch` first.
    pub fn open(&self, scratch: &Path, most: u64) -> Result<Found, ObtainError> {
        let failed = |why: String| ObtainError::Unreadable { name: self.name.clone(), why };
        let Some(nth) = self.nth else {
            let found = Found::named(&self.path).map_err(|error| ObtainError::of(&self.path, error))?;
            return Ok(Found { name: self.name.clone(), ..found });
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
