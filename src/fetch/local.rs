//! Files that lie beside a report, which its relative links mean.

use std::fs::{self, File};
use std::io;
use std::path::{Component, Path, PathBuf};

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
    #[error("it cannot be read: {0}")]
    Unreadable(String),
}

/// A file found beside a report.
#[derive(Debug)]
pub struct Found {
    pub file: File,
    /// Bytes, when it was opened.
    pub size: u64,
    pub name: String,
}

/// The folder that a report lies in. Nothing outside it is read: a report is somebody else's text.
#[derive(Debug, Clone)]
pub struct Local {
    folder: PathBuf,
}

impl Local {
    /// The folder of this report file.
    pub fn beside(report: &Path) -> io::Result<Local> {
        let absolute = fs::canonicalize(report)?;
        Ok(Local { folder: absolute.parent().unwrap_or(Path::new("/")).to_path_buf() })
    }

    /// Opens what a relative link means: percent-encoding is undone; query and fragment, which a file
    /// name cannot have meant, are tried with and without.
    pub fn open(&self, link: &str) -> Result<Found, LocalError> {
        let bare = link.split(['?', '#']).next().unwrap_or(link);
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let mut result = Err(LocalError::Missing);
        for candidate in [link.to_owned(), decoded(link), decoded(bare)] {
            result = self.open_path(&candidate);
            if !matches!(result, Err(LocalError::Missing)) {
                return result;
            }
        }
        result
    }

    fn open_path(&self, relative: &str) -> Result<Found, LocalError> {
        let relative = Path::new(relative.strip_prefix("file://").unwrap_or(relative));
        let inside = relative.strip_prefix(&self.folder).unwrap_or(relative);
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
        let path = match fs::canonicalize(self.folder.join(inside)) {
            Ok(path) => path,
            Err(error) => {
                return Err(match error.kind() {
                    io::ErrorKind::PermissionDenied => LocalError::Unreadable(error.to_string()),
                    _ => LocalError::Missing,
                });
            }
        };
        if !path.starts_with(&self.folder) {
            return Err(LocalError::Outside);
        }
        Found::named(&path)
    }
}

impl Found {
    /// Opens a regular file by its path.
    pub fn named(path: &Path) -> Result<Found, LocalError> {
        let unreadable = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => LocalError::Missing,
            _ => LocalError::Unreadable(error.to_string()),
        };
        // Looked at before it is opened: opening a pipe would wait for ever.
        if !fs::metadata(path).map_err(unreadable)?.is_file() {
            return Err(LocalError::NotAFile);
        }
        let file = File::open(path).map_err(unreadable)?;
        let size = file.metadata().map_err(unreadable)?.len();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Found { file, size, name })
    }
}
