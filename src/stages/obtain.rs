//! Getting hold of a report's bytes.

use std::io::Read;
use std::path::{Path, PathBuf};

use crate::evidence::Origin;
use crate::fetch::{Found, Local, LocalError};
use crate::reading::LARGEST;

/// Where a report comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    File(PathBuf),
    Url(String),
    /// Standard input.
    Input,
}

impl Source {
    /// Reads an argument: `-`, an http(s) address, or a path.
    pub fn parse(text: &str) -> Source {
        match text {
            "-" => Source::Input,
            _ if text.starts_with("http://") || text.starts_with("https://") => Source::Url(text.to_owned()),
            _ => Source::File(PathBuf::from(text)),
        }
    }
}

/// A report's bytes cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum ObtainError {
    #[error("There is no file {}", path.display())]
    Missing { path: PathBuf },
    #[error("{} is a directory, not a file", path.display())]
    Directory { path: PathBuf },
    #[error("{} is not a regular file", path.display())]
    NotAFile { path: PathBuf },
    #[error("{name} cannot be read: {why}")]
    Unreadable { name: String, why: String },
    #[error("{name} has bytes that were erased by order: they are not kept again")]
    Erased { name: String },
    #[error("The report {name} is larger than {} MiB", LARGEST >> 20)]
    TooLarge { name: String },
    #[error("The report {url} could not be fetched: {why}")]
    Fetch { url: String, why: String },
}

impl ObtainError {
    /// Why a file that a person named cannot be had.
    pub(super) fn of(path: &Path, error: LocalError) -> ObtainError {
        match error {
            LocalError::Missing => ObtainError::Missing { path: path.to_path_buf() },
            _ if path.is_dir() => ObtainError::Directory { path: path.to_path_buf() },
            LocalError::NotAFile | LocalError::Outside => ObtainError::NotAFile { path: path.to_path_buf() },
            LocalError::Unreadable(why) => ObtainError::Unreadable { name: path.display().to_string(), why },
            LocalError::OfACase => ObtainError::Unreadable { name: path.display().to_string(), why: error.to_string() },
        }
    }

    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        match self {
            ObtainError::Missing { .. } => Some("check the name; nothing was recorded for it"),
            ObtainError::Erased { .. } => {
                Some("nothing was recorded; `exhibit show` of the exhibit says who ordered it, and when")
            }
            ObtainError::Directory { .. } => Some("name the files inside it, such as index.html"),
            ObtainError::Fetch { why, .. } if why.contains("not a public address") => {
                Some("if you mean it, permit it by name with --allow-host")
            }
            _ => None,
        }
    }
}

/// A report's bytes, and what came with them.
#[derive(Debug)]
pub struct Obtained {
    pub origin: Origin,
    pub bytes: Vec<u8>,
    pub declared_type: Option<String>,
    /// The folder that its relative links mean.
    pub local: Option<Local>,
}

/// Reads a report file.
pub fn obtain_file(path: &Path) -> Result<Obtained, ObtainError> {
    let name = || path.display().to_string();
    let found = Found::named(path).map_err(|error| ObtainError::of(path, error))?;
    let bytes = bounded(found.file, &name())?;
    let local = Local::beside(path).map_err(|error| ObtainError::Unreadable { name: name(), why: error.to_string() })?;
    Ok(Obtained { origin: Origin::File { name: found.name }, bytes, declared_type: None, local: Some(local) })
}

/// Reads a report from standard input.
pub fn obtain_input(input: impl Read) -> Result<Obtained, ObtainError> {
    let bytes = bounded(input, "on standard input")?;
    Ok(Obtained { origin: Origin::Input, bytes, declared_type: None, local: None })
}

fn bounded(input: impl Read, name: &str) -> Result<Vec<u8>, ObtainError> {
    let mut bytes = Vec::new();
    let read = input.take(LARGEST + 1).read_to_end(&mut bytes);
    read.map_err(|error| ObtainError::Unreadable { name: name.to_owned(), why: error.to_string() })?;
    if bytes.len() as u64 > LARGEST {
        return Err(ObtainError::TooLarge { name: name.to_owned() });
    }
    Ok(bytes)
}
