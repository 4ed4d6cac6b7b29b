//! BagIt 1.0 (RFC 8493): writing a bag, and checking one.

mod read;
mod write;

pub use read::{BagFile, BagProblem, check_bag, is_bag};
pub use write::Writer;

use std::io;
use std::path::PathBuf;

/// A bag cannot be written or read.
#[derive(Debug, thiserror::Error)]
pub enum BagError {
    #[error("{} exists already", path.display())]
    Exists { path: PathBuf },
    #[error("{} cannot be written: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} cannot be read: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
}
