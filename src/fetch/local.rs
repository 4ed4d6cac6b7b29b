//! Files that lie beside a report, which its relative links mean.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Cursor, Read, Seek};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use percent_encoding::percent_decode_str;

/// Why a file beside a report was not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocalError {
    #[error("there is no such file beside the report")]
    Missing,
    #[error("it lies outside the report's own folder")]
    Outside,
    #[error("it is not a regular file")]
    NotAFile,
    #[error("it belongs to a case, whose own files are not taken for footage")]
    OfACase,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// Bytes that can be read again from any place.
pub trait Bytes: Read + Seek + Send {}

impl<T: Read + Seek + Send> Bytes for T {}

/// A file found beside a report, or inside its own file.
pub struct Found {
    pub file: Box<dyn Bytes>,
    /// Bytes, when it was opened.
    pub size: u64,
    pub name: String,
}

/// The folder that a report lies in. Nothing outside it is read: a report is somebody else's text.
#[derive(Debug, Clone, Default)]
pub struct Local {
    /// None for a report that is no file.
    folder: Option<PathBuf>,
    /// What the report's own file holds, by the names that its text uses.
    parts: BTreeMap<String, Arc<[u8]>>,
}

/// Whether a file is a case's own: its database, settings, log, vault or what it stages. A report that lies beside a case must not have them
/// recorded as footage, to leave with the next export.
pub fn is_of_a_case(path: &Path) -> bool {
    let own = |part: &Path| {
        let name = part.file_name().unwrap_or_default().to_string_lossy();
        is_database(&name) || ["case.lock", "exhibit.toml", "log", "vault", "staging"].contains(&name.as_ref())
    };
    path.ancestors()
        .zip(path.ancestors().skip(1))
        .any(|(part, dir)| own(part) && dir.join("case.lock").is_file() && dir.join(DATABASE).is_file())
}

const DATABASE: &str = "case.sqlite";

fn is_database(name: &str) -> bool {
    name.starts_with(DATABASE)
}

impl Local {
    /// The folder of this report file.
    pub fn beside(report: &Path) -> io::Result<Local> {
        let absolute = fs::canonicalize(report)?;
        let folder = absolute.parent().unwrap_or(Path::new("/")).to_path_buf();
        Ok(Local { folder: Some(folder), parts: BTreeMap::new() })
    }

    /// The same with what the report's own file holds; none if there is neither.
    pub fn with_parts(local: Option<Local>, parts: BTreeMap<String, Arc<[u8]>>) -> Option<Local> {
        if local.is_none() && parts.is_empty() {
            return None;
        }
        Some(Local { parts, ..local.unwrap_or_default() })
    }

    /// Opens what a relative link means: percent-encoding is undone; query and fragment, which a file
    /// name cannot have meant, are tried with and without.
    pub fn open(&self, link: &str) -> Result<Found, LocalError> {
        let bare = link.split(['?', '#']).next().unwrap_or(link);
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut result = Err(LocalError::Missing);
        for candidate in [link.to_owned(), decoded(link), decoded(bare)] {
            if let Some(bytes) = self.parts.get(&candidate) {
                let name = candidate.rsplit('/').next().unwrap_or(&candidate).to_owned();
                return Ok(Found { size: bytes.len() as u64, file: Box::new(Cursor::new(bytes.clone())), name });
            }
            result = self.open_path(&candidate);
            if !matches!(result, Err(LocalError::Missing)) {
                return result;
            }
        }
        result
    }

    fn open_path(&self, relative: &str) -> Result<Found, LocalError> {
        let relative = Path::new(relative.strip_prefix("file://").unwrap_or(relative));
        let Some(folder) = &self.folder else { return Err(LocalError::Missing) };
        let inside = relative.strip_prefix(folder).unwrap_or(relative);
        if inside.is_absolute() || inside.as_os_str().is_empty() {
            return Err(LocalError::Outside);
        }
        let mut depth = 0;
        for component in inside.components() {
            depth += match component {
                Component::Normal(_) => 1,
                Component::CurDir => 0,
                _ => -1,
            };
            if depth < 0 {
                return Err(LocalError::Outside);
            }
        }
        // Symbolic links are followed only as far as they stay inside.
        let path = match fs::canonicalize(folder.join(inside)) {
            Ok(path) => path,
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::PermissionDenied => LocalError::Unreadable(error.to_string()),
                    _ => LocalError::Missing,
                });
            }
        };
        if !path.starts_with(folder) {
            return Err(LocalError::Outside);
        }
        if is_of_a_case(&path) {
            return Err(LocalError::OfACase);
        }
        Found::named(&path)
    }
}

/// Opens a regular file, if it is not the database of a case.
pub fn open_file(path: &Path) -> Result<File, LocalError> {
    let unreadable = |error: io::Error| match error.kind() {
        io::ErrorKind::NotFound => LocalError::Missing,
        _ => LocalError::Unreadable(error.to_string()),
    };
    // Looked at before it is opened: opening a pipe would wait for ever.
    if !fs::metadata(path).map_err(unreadable)?.is_file() {
        return Err(LocalError::NotAFile);
    }
    // Whoever closes a database's file takes away the locks that SQLite holds on it in the same program.
    let real = fs::canonicalize(path).map_err(unreadable)?;
    if is_database(&real.file_name().unwrap_or_default().to_string_lossy()) && is_of_a_case(&real) {
        return Err(LocalError::OfACase);
    }
    File::open(real).map_err(unreadable)
}

impl Found {
    /// Opens a regular file by its path.
    pub fn named(path: &Path) -> Result<Found, LocalError> {
        let file = open_file(path)?;
        let size = file.metadata().map_err(|error| LocalError::Unreadable(error.to_string()))?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Found { file: Box::new(file), size, name })
    }
}
