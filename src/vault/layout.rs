//! Where things lie in a case. Nobody else spells these paths.

use std::path::{Path, PathBuf};

use crate::evidence::Digest;
use crate::ledger::TilePath;

/// The vault's directory in a case.
pub const VAULT: &str = "vault/sha256";
/// The published log's directory in a case.
pub const LOG: &str = "log";

/// The paths of one case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    pub root: PathBuf,
}

impl Layout {
    pub fn new(root: impl Into<PathBuf>) -> Layout {
        Layout { root: root.into() }
    }

    pub fn settings(&self) -> PathBuf {
        self.root.join("exhibit.toml")
    }

    pub fn database(&self) -> PathBuf {
        self.root.join("case.sqlite")
    }

    pub fn lock(&self) -> PathBuf {
        self.root.join("case.lock")
    }

    /// Is there while an erasure is under way.
    pub fn erasing(&self) -> PathBuf {
        self.root.join("erasing")
    }

    pub fn staging(&self) -> PathBuf {
        self.root.join("staging")
    }

    /// What lay in the place of objects that were put back.
    pub fn quarantine(&self) -> PathBuf {
        self.root.join("quarantine")
    }

    pub fn vault(&self) -> PathBuf {
        self.root.join(VAULT)
    }

    pub fn log(&self) -> PathBuf {
        self.root.join(LOG)
    }

    pub fn checkpoint(&self) -> PathBuf {
        self.root.join(LOG).join("checkpoint")
    }

    pub fn tile(&self, path: TilePath) -> PathBuf {
        self.root.join(LOG).join(path.to_string())
    }

    /// `vault/sha256/ab/cd/abcd…`
    pub fn object(&self, digest: &Digest) -> PathBuf {
        self.root.join(object_path(digest))
    }

    /// Whether the directory looks like a case.
    pub fn is_case(root: &Path) -> bool {
        root.join("case.sqlite").is_file() || root.join(LOG).join("checkpoint").is_file()
    }
}

/// An object's path inside the case.
pub(super) fn object_path(digest: &Digest) -> String {
    let name = digest.to_string();
    format!("{VAULT}/{}/{}/{name}", &name[..2], &name[2..4])
}
