//! The objects' bytes, and files in the vault that are no object's.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::super::fixity::check_all;
use super::super::lanes;
use super::{Look, Looking};
use crate::evidence::{Code, Digest, Finding, Fixity, Object};
use crate::vault::{Layout, ObjectFile, Reader, VaultError, object_files};

/// Objects whose bytes are to be looked at, largest first, and those that were removed by law.
pub(super) struct Asked {
    pub layout: Layout,
    objects: Vec<Object>,
    purged: BTreeMap<Digest, String>,
    /// Every object that the catalogue names, in order.
    pub known: Vec<Digest>,
}

/// What the bytes said: by the object's number in the list.
pub(super) struct LookedAt {
    objects: Vec<Object>,
    found: Vec<(usize, (Code, String))>,
    purged: BTreeMap<Digest, String>,
}

pub(super) fn asked(reader: &Reader, looking: &Looking<'_>) -> Result<Asked, VaultError> {
    let (purged, layout) = (reader.purged()?, reader.layout().clone());
    let mut objects = reader.objects()?;
    let known = objects.iter().map(|object| object.sha256).collect();
    objects.retain(|object| looking.asks(object) && !purged.contains_key(&object.sha256));
    objects.sort_by_key(|object| std::cmp::Reverse(object.size));
    Ok(Asked { layout, objects, purged, known })
}

impl Asked {
    pub fn look(self, looking: &Looking<'_>) -> LookedAt {
        let total: u64 = self.objects.iter().map(|object| object.size).sum();
        let (done, found) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        check_all(&self.layout, &self.objects, looking.depth, looking.rate, &|nth, wrong| {
            if let Some(wrong) = wrong {
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((nth, wrong));
            }
            let size = self.objects[nth].size;
            (looking.tick)(done.fetch_add(size, Ordering::Relaxed) + size, total);
        });
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        LookedAt { objects: self.objects, found, purged: self.purged }
    }
}

/// The files of the vault that are none of these objects, which are in order.
pub(super) fn unnamed(layout: &Layout, known: &[Digest]) -> Result<Vec<ObjectFile>, VaultError> {
    let mut files = Vec::new();
    object_files(layout, |file| {
        if file.digest.is_none_or(|digest| known.binary_search(&digest).is_err()) {
            files.push(file);
        }
        Ok(())
    })?;
    Ok(files)
}

impl Look {
    /// What the check of the objects' bytes said, and what there is no check of.
    pub(super) fn objects(&mut self, looked: LookedAt, reader: &Reader) {
        let LookedAt { objects, found, purged } = looked;
        let layout = reader.layout();
        let name = |object: &Digest| match reader.names_of(object).unwrap_or_default() {
            names if names.is_empty() => format!("object {}", object.short()),
            names => names.join(" "),
        };
        let shown = |path: &Path| path.strip_prefix(&layout.root).unwrap_or(path).to_string_lossy().into_owned();
        let bad: BTreeMap<Digest, Code> = found.iter().map(|(nth, (code, _))| (objects[*nth].sha256, *code)).collect();
        let outcome = |object: &Object| match bad.get(&object.sha256) {
            None => Fixity::Confirmed,
            Some(Code::ObjectMissing) => Fixity::Missing,
            Some(_) => Fixity::Altered,
        };
        self.looked = objects.iter().map(|object| (object.sha256, outcome(object))).collect();
        let count = |outcome| self.looked.iter().filter(|(_, found)| *found == outcome).count() as u64;
        (self.fixity.confirmed, self.fixity.altered, self.fixity.missing) =
            (count(Fixity::Confirmed), count(Fixity::Altered), count(Fixity::Missing));
        for (nth, (code, detail)) in found {
            let object = &objects[nth].sha256;
            self.findings.push(Finding::red(code, name(object), detail).at(shown(&layout.object(object))));
        }
        for (object, reason) in purged {
            let path = layout.object(&object);
            if path.symlink_metadata().is_ok() {
                let detail = "An entry says that the bytes were removed, and they are there";
                self.findings.push(Finding::red(Code::ObjectExtra, name(&object), detail).at(shown(&path)));
            } else {
                let detail = format!("The bytes were removed on purpose, as the log says: {reason}");
                self.findings.push(Finding::amber(Code::ObjectErased, name(&object), detail));
            }
        }
        self.checked.objects = objects.len() as u64;
        self.checked.bytes = objects.iter().map(|object| object.size).sum();
    }

    /// Files in the vault that no entry names. What a run is bringing in at this moment, or was when it
    /// was killed, lies in its staging directory, too, and is left to the next run.
    pub(super) fn extra(&mut self, reader: &Reader) -> Result<(), VaultError> {
        let mut lost: BTreeSet<Digest> =
            self.looked.iter().filter(|(_, found)| *found == Fixity::Missing).map(|(object, _)| *object).collect();
        let files = self.unnamed.take().unwrap_or_else(|| unnamed(reader.layout(), &[]))?;
        for file in files {
            // Asked anew, and in this order: a running command keeps the staged name until the bytes are recorded.
            let arriving = reader.arriving();
            let path = reader.layout().root.join(&file.path);
            let known = file.digest.map(|digest| reader.object(&digest)).transpose();
            match known {
                Ok(Some(Some(_))) => {}
                // A run that failed has taken it back since. What cannot be asked about is still there.
                _ if is_gone(&path) => {}
                _ if file.digest.is_some_and(|digest| arriving.contains(&digest) && holds(&path, &digest)) => {
                    self.notes.push(format!("{} is not recorded yet: a run is at work, or was interrupted", file.path.display()));
                }
                _ => {
                    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                    self.fixity.new += 1;
                    // Bytes that are missing in their place may lie here.
                    let bytes = path.symlink_metadata().ok().filter(|found| found.is_file() && !lost.is_empty());
                    let digest = bytes.and_then(|_| digest_of(&path)).filter(|digest| lost.remove(digest));
                    let detail = match digest {
                        Some(digest) => {
                            self.fixity.moved += 1;
                            format!("No entry names this file; its bytes are those of the missing object {digest}")
                        }
                        None => "No entry of the log names this file".to_owned(),
                    };
                    self.findings.push(Finding::red(Code::ObjectExtra, name, detail).at(file.path.to_string_lossy()));
                }
            }
        }
        Ok(())
    }
}

/// The digest of a file's bytes; none where they cannot be read.
fn digest_of(path: &Path) -> Option<Digest> {
    let file = std::fs::File::open(path).ok()?;
    lanes::alone(file, &mut vec![0; 1 << 18]).ok().map(|(digest, _)| digest)
}

/// Whether nothing lies here any more. What cannot be asked about may.
fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Whether a file has these bytes.
fn holds(path: &Path, digest: &Digest) -> bool {
    digest_of(path).is_some_and(|now| now == *digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_asked_about_is_not_gone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert!(is_gone(&file));
        std::fs::write(&file, "bytes").unwrap();
        assert!(!is_gone(&file) && !is_gone(&file.join("below a file")));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(!is_gone(&link));
    }
}
