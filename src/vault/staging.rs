//! Where bytes go while they arrive. Their digests are taken as they pass; there is no other way in.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::{VaultError, durable, lock};
use crate::evidence::{Digest, Digesting, Digests};

/// The staging directory of one run. Its lock tells others that the run is alive; a dead run's
/// finished bodies are adopted by whoever opens the case next.
#[derive(Debug)]
pub(super) struct Run {
    pub dir: PathBuf,
    pub disk: durable::Disk,
    next: AtomicU64,
    _alive: lock::Lock,
}

/// The file in a run's directory that its lock is on.
pub(super) const ALIVE: &str = "alive";

impl Run {
    pub fn start(staging: &Path, name: &str) -> Result<Run, VaultError> {
        let dir = staging.join(name);
        durable::create_dir(&dir)?;
        let alive = lock::exclusive(&dir.join(ALIVE))?;
        let disk = durable::Disk::of(&dir)?;
        Ok(Run { dir, disk, next: AtomicU64::new(0), _alive: alive })
    }

    /// A fresh file name for something on its way.
    pub fn temporary(&self) -> PathBuf {
        self.dir.join(format!("tmp-{}", self.next.fetch_add(1, Ordering::Relaxed)))
    }
}

impl Drop for Run {
    fn drop(&mut self) {
        // A whole body that is still here was not recorded: the directory stays, and the next run adopts it. What is not
        // whole is of no use to anybody, and takes room.
        // What cannot be looked at stays, too.
        let left = fs::read_dir(&self.dir)
            .map_or(true, |mut files| files.any(|file| file.map_or(true, |file| digest_of(&file.file_name()).is_some())));
        if !left {
            let _ = fs::remove_dir_all(&self.dir);
        }
    }
}

/// The digest in a finished body's staged name, `<digest>-<number>`.
pub(super) fn digest_of(name: &std::ffi::OsStr) -> Option<Digest> {
    let name = name.to_str()?;
    let (digest, number) = name.strip_suffix(".marker").unwrap_or(name).split_once('-')?;
    number.parse::<u64>().ok()?;
    digest.parse().ok()
}

/// A body of at most this many bytes is made durable by the commit that takes it, with all others of that commit.
const TOGETHER: u64 = 1 << 20;

/// A body on its way in: write to it, then `finish`.
#[derive(Debug)]
pub struct Staging {
    run: Arc<Run>,
    path: PathBuf,
    file: File,
    digests: Digesting,
}

impl Staging {
    pub(super) fn create(run: Arc<Run>) -> Result<Staging, VaultError> {
        let path = run.temporary();
        // Nobody writes to it again who does not hold it open now.
        let file = OpenOptions::new().write(true).read(true).create_new(true).mode(0o444).open(&path);
        let file = file.map_err(VaultError::io("write", &path))?;
        Ok(Staging { run, path, file, digests: Digesting::default() })
    }

    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.digests.size
    }

    /// SHA-256 of the bytes so far.
    pub fn so_far(&self) -> Digest {
        self.digests.clone().finish().sha256
    }

    /// Gives the bytes their name by digest, still in staging. Large ones are made durable at once, while others arrive.
    pub fn finish(self) -> Result<Staged, VaultError> {
        let digests = self.digests.clone().finish();
        let durable = digests.size > TOGETHER;
        if durable {
            self.file.sync_all().map_err(VaultError::io("sync", &self.path))?;
        }
        let number = self.run.next.fetch_add(1, Ordering::Relaxed);
        let path = self.run.dir.join(format!("{}-{number}", digests.sha256));
        fs::rename(&self.path, &path).map_err(VaultError::io("name", &path))?;
        Ok(Staged { _run: self.run.clone(), path, digests, durable, rescued: AtomicBool::new(false) })
    }
}

impl Write for Staging {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.digests.update(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Gone already after `finish`.
        let _ = fs::remove_file(&self.path);
    }
}

/// Bytes that are whole and digested, and not yet named by any entry. Only a commit consumes them.
#[derive(Debug)]
pub struct Staged {
    _run: Arc<Run>,
    pub(super) path: PathBuf,
    digests: Digests,
    pub(super) durable: bool,
    /// The vault has other bytes in this object's place: these stay in staging, for a person to look at.
    pub(super) rescued: AtomicBool,
}

impl Drop for Staged {
    fn drop(&mut self) {
        // Whoever breaks off may have named them in the vault.
        if !self.rescued.load(Ordering::Relaxed) && !std::thread::panicking() {
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Staged {
    pub fn digests(&self) -> Digests {
        self.digests
    }

    /// The bytes, for probes to read before they are admitted.
    pub fn open(&self) -> Result<File, VaultError> {
        File::open(&self.path).map_err(VaultError::io("read", &self.path))
    }
}
