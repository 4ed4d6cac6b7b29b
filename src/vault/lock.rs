//! One writer at a time: a lock on `case.lock`, which the system drops when its holder dies.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;
use std::time::{Duration, Instant};

use super::VaultError;

/// How long to wait for another writer: 60 seconds, or `EXHIBIT_LOCK_SECONDS`.
pub(super) fn patience() -> Duration {
    let seconds = std::env::var("EXHIBIT_LOCK_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(60))
}

/// Holds the lock until dropped.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

fn wait(path: &Path, attempt: impl Fn(&File) -> Result<(), TryLockError>, file: File) -> Result<Lock, VaultError> {
    let started = Instant::now();
    loop {
        match attempt(&file) {
            Ok(()) => return Ok(Lock { _file: file }),
            Err(TryLockError::WouldBlock) if started.elapsed() < patience() => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Err(TryLockError::WouldBlock) => return Err(VaultError::Locked { seconds: patience().as_secs() }),
            Err(TryLockError::Error(error)) => return Err(VaultError::io("lock", path)(error)),
        }
    }
}

/// Waits for the writer's lock.
pub(super) fn exclusive(path: &Path) -> Result<Lock, VaultError> {
    let file = OpenOptions::new().write(true).create(true).truncate(false).open(path);
    wait(path, File::try_lock, file.map_err(VaultError::io("open", path))?)
}

/// Keeps writers out while the published log is read. None where there is no lock file (a copied
/// case, a read-only medium): then there is no writer either.
pub(super) fn shared(path: &Path) -> Result<Option<Lock>, VaultError> {
    match File::open(path) {
        Ok(file) => wait(path, File::try_lock_shared, file).map(Some),
        Err(_) => Ok(None),
    }
}

/// Whether nobody holds this lock file: whoever made it is dead.
pub(super) fn is_free(path: &Path) -> bool {
    File::open(path).is_ok_and(|file| file.try_lock().is_ok())
}
