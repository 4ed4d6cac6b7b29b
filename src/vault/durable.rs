//! Files that survive the power going: written, synced, named, and the name synced.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::Path;

use super::VaultError;

/// Makes a directory's entries durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), VaultError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(VaultError::io("sync", dir))
}

/// Makes a directory and its missing parents, each name durable before the next.
pub(super) fn create_dir(dir: &Path) -> Result<(), VaultError> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dir(parent)?;
        match fs::create_dir(dir) {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {}
            other => other.map_err(VaultError::io("make the directory", dir))?,
        }
        sync_dir(parent)?;
    }
    Ok(())
}

/// Writes a whole file: a temporary one beside the staging area, synced, then renamed into place and
/// the name synced. A reader sees the old bytes or the new ones, never a part.
pub(super) fn write(temporary: &Path, path: &Path, bytes: &[u8]) -> Result<(), VaultError> {
    let mut file =
        OpenOptions::new().write(true).create(true).truncate(true).open(temporary).map_err(VaultError::io("write", temporary))?;
    file.write_all(bytes).map_err(VaultError::io("write", path))?;
    file.sync_all().map_err(VaultError::io("sync", path))?;
    fs::rename(temporary, path).map_err(VaultError::io("name", path))?;
    match path.parent() {
        Some(parent) => sync_dir(parent),
        None => Ok(()),
    }
}
