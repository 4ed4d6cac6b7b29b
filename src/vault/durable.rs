//! Files that survive the power going: written, synced, named, and the name synced.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use super::VaultError;

/// Makes a directory's entries durable.
pub(super) fn sync_dir(dir: &Path) -> Result<(), VaultError> {
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(VaultError::io("sync", dir))
}

/// The file system of a case, held open from before anything is written to it: so it tells of every write that failed
/// since, also where another program has been told of it first.
#[derive(Debug)]
pub(super) struct Disk {
    dir: PathBuf,
    open: File,
}

impl Disk {
    /// The one that a directory is on.
    pub fn of(dir: &Path) -> Result<Disk, VaultError> {
        let open = File::open(dir).map_err(VaultError::io("open", dir))?;
        Ok(Disk { dir: dir.to_path_buf(), open })
    }

    /// Makes files and directories on it durable: one by one where they are few, else with all that waits there to be
    /// written, which costs one pass instead of one each.
    pub fn sync(&self, paths: &[&Path]) -> Result<(), VaultError> {
        /// More syncs than these cost more than that pass, on a disk that nobody else writes to.
        const FEW: usize = 6;
        if paths.len() > FEW && syncs_whole() {
            return rustix::fs::syncfs(&self.open).map_err(|error| VaultError::io("sync", &self.dir)(error.into()));
        }
        paths.iter().try_for_each(|path| File::open(path).and_then(|file| file.sync_all()).map_err(VaultError::io("sync", path)))
    }

    /// Writes whole files, as [`write`] does one: all bytes are durable before the first has its name. What was not named is left
    /// beside `temporary`.
    pub fn write(&self, temporary: &Path, files: &[(PathBuf, Vec<u8>)]) -> Result<(), VaultError> {
        let mut written = Vec::with_capacity(files.len());
        for (nth, (path, bytes)) in files.iter().enumerate() {
            let temporary = temporary.with_extension(nth.to_string());
            fs::write(&temporary, bytes).map_err(VaultError::io("write", path))?;
            written.push(temporary);
        }
        self.sync(&written.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        let mut dirs = BTreeSet::new();
        for (temporary, (path, _)) in written.iter().zip(files) {
            fs::rename(temporary, path).map_err(VaultError::io("name", path))?;
            dirs.extend(path.parent());
        }
        self.sync(&dirs.into_iter().collect::<Vec<_>>())
    }
}

/// Whether `syncfs` tells of writes that failed: Linux does since 5.8.
fn syncs_whole() -> bool {
    static TELLS: LazyLock<bool> = LazyLock::new(|| {
        let system = rustix::system::uname();
        let release = system.release().to_string_lossy();
        let mut numbers = release.split(['.', '-']).map_while(|number| number.parse::<u32>().ok());
        (numbers.next(), numbers.next()) >= (Some(5), Some(8))
    });
    *TELLS
}

/// Makes a directory and its missing parents, each name durable before the next.
pub(super) fn create_dir(dir: &Path) -> Result<(), VaultError> {
    if dir.is_dir() {
        return Ok(());
    }
    if let Some(parent) = dir.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_dir(parent)?;
        let made = fs::create_dir(dir);
        // Somebody else may have made it meanwhile.
        if !dir.is_dir() {
            made.map_err(VaultError::io("make the directory", dir))?;
        }
        sync_dir(parent)?;
    }
    Ok(())
}

/// A file's bytes; none if there is no such file.
pub(super) fn read(path: &Path) -> Result<Option<Vec<u8>>, VaultError> {
    match fs::read(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        bytes => bytes.map(Some).map_err(VaultError::io("read", path)),
    }
}

/// What came of removing something that may be gone already.
pub(super) fn if_there(removed: std::io::Result<()>) -> std::io::Result<()> {
    removed.or_else(|error| if error.kind() == std::io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_in_a_directorys_place_is_told() {
        let dir = tempfile::tempdir().unwrap();
        let (deep, taken) = (dir.path().join("a/b/c"), dir.path().join("taken"));
        create_dir(&deep).unwrap();
        create_dir(&deep).unwrap();
        assert!(deep.is_dir());
        fs::write(&taken, "").unwrap();
        assert!(create_dir(&taken).unwrap_err().to_string().contains("taken"));
        assert!(create_dir(&taken.join("below")).is_err());
    }

    #[test]
    fn only_what_is_gone_may_be_gone() {
        let dir = tempfile::tempdir().unwrap();
        if_there(fs::remove_file(dir.path().join("none"))).unwrap();
        assert!(if_there(fs::remove_file(dir.path())).is_err());
    }
}
