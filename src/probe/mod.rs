//! Facts read from bytes, in pure Rust: type, picture, time, place, codecs, and whether the file is whole.

mod exif;
mod image;
mod iso6709;
mod matroska;
mod mp4;
mod playlist;
mod sniff;

pub use playlist::Piece as StreamPiece;
pub use playlist::{Fragment, Playlist, Track, playlist};
pub use sniff::{is_html, sniff};

use std::io::{Read, Seek, SeekFrom};
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::evidence::{Device, Facts, Place, Probe};

/// Whether a file's own structure ends where it should.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Structure {
    /// The format has an end, and it is there.
    Whole,
    /// The format has an end, and it is not there.
    Cut(String),
    /// The format does not tell.
    #[default]
    Unknown,
}

/// What the probe read. What the file does not state is absent.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Probed {
    pub facts: Facts,
    pub location: Option<Place>,
    pub device: Option<Device>,
    pub problems: Vec<String>,
    pub structure: Structure,
}

/// This probe and its version, which grows whenever the same bytes would give other facts.
pub fn probe_version() -> Probe {
    Probe { name: "exhibit".into(), version: "1".into() }
}

/// Reads the facts of one file. Whatever the bytes are, it ends, and what it cannot read it names.
pub fn examine<R: Read + Seek>(file: &mut R) -> Probed {
    let mut probed = Probed::default();
    let mut head = Vec::new();
    let start = file.seek(SeekFrom::Start(0)).and_then(|_| file.by_ref().take(8192).read_to_end(&mut head));
    if let Err(error) = start {
        probed.problems.push(format!("the file cannot be read: {error}"));
        return probed;
    }
    let mime = sniff(&head);
    probed.facts.mime = Some(mime.to_owned());
    // The parsers are written not to panic; if one does, that is a problem of this file, not of the run.
    let looked = catch_unwind(AssertUnwindSafe(|| look(file, mime, &mut probed)));
    match looked {
        Ok(Ok(())) => {}
        Ok(Err(error)) => probed.problems.push(format!("the file cannot be read to its end: {error}")),
        Err(_) => probed.problems.push("the probe failed on this file".into()),
    }
    probed
}

fn look<R: Read + Seek>(file: &mut R, mime: &str, probed: &mut Probed) -> std::io::Result<()> {
    match mime {
        "video/mp4" | "video/quicktime" | "video/3gpp" | "video/3gpp2" | "audio/mp4" => mp4::examine(file, probed),
        "video/webm" | "video/x-matroska" => matroska::examine(file, probed),
        _ if mime.starts_with("image/") => {
            image::examine(file, mime, probed)?;
            exif::examine(file, mime, probed)
        }
        _ => Ok(()),
    }
}

/// Sets a value that the file states and that is not blank.
fn stated(text: &str) -> Option<String> {
    let text = text.trim_matches(|letter: char| letter.is_whitespace() || letter == '\0');
    let fit = !text.is_empty() && text.chars().count() <= 500;
    fit.then(|| text.to_owned())
}
