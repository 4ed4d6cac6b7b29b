//! Copies: a mirror of the case on another disk, and putting back from copies what was lost or altered.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::layout::object_path;
use super::{Effects, Layout, Published, Reader, Vault, VaultError, durable, erase, nodes, objects, publish};
use crate::evidence::{Digest, Event, Fixity, Object, ObjectRestored};
use crate::ledger::{TilePath, root};

/// What a mirror did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Mirrored {
    /// Objects that were copied, and their bytes.
    pub copied: u64,
    pub bytes: u64,
    /// Objects that were there already.
    pub there: u64,
    /// Objects whose copy was not what it should be, and is now.
    pub mended: u64,
    /// Objects that the case itself does not have whole: nothing was copied over what the mirror has of them.
    pub lacking: Vec<String>,
    /// Of those, the ones that the mirror has whole.
    pub only_there: Vec<String>,
    pub entries: u64,
}

/// What a repair did.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
pub struct Repaired {
    pub restored: Vec<String>,
    /// What no copy has whole.
    pub still_missing: Vec<String>,
    pub still_altered: Vec<String>,
    /// Files of the published log that were written anew.
    pub log_files: u64,
}

/// Copies bytes to a new file, digests them as they pass, makes them durable, and reads them back.
fn copy(from: &Path, to: &Path, object: &Object) -> Result<bool, VaultError> {
    let mut source = File::open(from).map_err(VaultError::io("read", from))?;
    if let Some(dir) = to.parent() {
        durable::create_dir(dir)?;
    }
    let temporary = to.with_extension("new");
    let _ = fs::remove_file(&temporary);
    let write = |error| VaultError::io("write", &temporary)(error);
    let mut file = OpenOptions::new().write(true).create_new(true).open(&temporary).map_err(write)?;
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = source.read(&mut buffer).map_err(VaultError::io("read", from))?;
        if count == 0 {
            break;
        }
        file.write_all(&buffer[..count]).map_err(write)?;
    }
    file.sync_all().map_err(write)?;
    drop(file);
    // From the disk and not from memory, as far as the system lets us ask for that.
    let read = File::open(&temporary).map_err(write)?;
    let _ = rustix::fs::fadvise(&read, 0, None, rustix::fs::Advice::DontNeed);
    drop(read);
    let good = objects::digest_file(&temporary)?.sha256 == object.sha256;
    if good {
        let mut permissions = fs::metadata(&temporary).map_err(write)?.permissions();
        permissions.set_readonly(true);
        fs::set_permissions(&temporary, permissions).map_err(write)?;
        fs::rename(&temporary, to).map_err(VaultError::io("name", to))?;
        to.parent().map_or(Ok(()), durable::sync_dir)?;
    } else {
        let _ = fs::remove_file(&temporary);
    }
    Ok(good)
}

fn is_whole(path: &Path, object: &Object) -> bool {
    fs::symlink_metadata(path).is_ok_and(|found| found.is_file() && found.len() == object.size)
        && objects::digest_file(path).is_ok_and(|digests| digests.sha256 == object.sha256)
}

/// Brings a mirror up to the case: new objects, the published log, settings, and the database as it stands. What the
/// mirror has is kept unless it is not what it should be and the case has it whole. With `full`, every byte that is
/// there is digested, too.
pub fn mirror(reader: &Reader, to: &Path, full: bool) -> Result<Mirrored, VaultError> {
    let to = &*std::path::absolute(to).map_err(VaultError::io("read", to))?;
    let (from, into) = (reader.layout().clone(), Layout::new(to));
    let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_path_buf());
    let nearest = to.ancestors().find(|dir| dir.exists()).map(real).unwrap_or_default();
    if nearest.starts_with(real(&from.root)) {
        return Err(VaultError::IntoItself { path: to.to_path_buf() });
    }
    let writers = reader.pause_writers()?;
    let _steady = reader.steady()?;
    let head = Published::read(&from)?.ok_or_else(|| VaultError::Published { what: "log/checkpoint is gone".into() })?;
    // A mirror of another case, or of another history of this one, is left alone.
    match Published::read(&into)? {
        Some(there) => {
            let size = there.checkpoint.size;
            let ours = there.checkpoint.origin == head.checkpoint.origin
                && size <= head.checkpoint.size
                && root(&nodes::Stored(&reader.db), size)? == there.checkpoint.root;
            if !ours {
                return Err(VaultError::OtherHistory { path: to.to_path_buf() });
            }
        }
        None if to.read_dir().is_ok_and(|mut found| found.next().is_some()) && !into.vault().is_dir() => {
            return Err(VaultError::NotEmpty { path: to.to_path_buf() });
        }
        None => {}
    }
    let mut done = Mirrored { entries: head.checkpoint.size, ..Mirrored::default() };
    durable::create_dir(&into.vault())?;
    durable::create_dir(&into.log())?;
    let temporary = to.join("mirror.new");
    // The log first and its checkpoint last: objects that no entry names would be extra.
    let database = to.join("case.sqlite.new");
    let _ = fs::remove_file(&database);
    backup(&reader.db, &database)?;
    // An erasure that is unfinished here is unfinished there, too. As long as this has not come to its end, one is there in any case.
    let (unfinished, purged) = (durable::read(&from.erasing())?, reader.purged()?);
    drop(writers);
    if !purged.is_empty() || unfinished.is_some() {
        durable::write(&temporary, &into.erasing(), unfinished.as_deref().unwrap_or(erase::BYTES))?;
    }
    let gone = erase::bytes(&into, &purged, &durable::Disk::of(to)?);
    for object in reader.objects()? {
        if purged.contains_key(&object.sha256) {
            continue;
        }
        let (source, copy_of) = (from.object(&object.sha256), into.object(&object.sha256));
        let there = fs::symlink_metadata(&copy_of).is_ok_and(|found| found.is_file() && found.len() == object.size);
        if there && (!full || is_whole(&copy_of, &object)) {
            done.there += 1;
            continue;
        }
        let damaged = fs::symlink_metadata(&copy_of).is_ok();
        let copied = match copy(&source, &copy_of, &object) {
            Err(VaultError::Io { path, .. }) if path == source => false,
            other => other?,
        };
        match (copied, damaged) {
            (true, true) => done.mended += 1,
            (true, false) => done.copied += 1,
            (false, _) => {
                done.lacking.push(object.sha256.to_string());
                if is_whole(&copy_of, &object) {
                    done.only_there.push(object.sha256.to_string());
                }
                continue;
            }
        }
        done.bytes += object.size;
    }
    let nodes = nodes::Remembered::new(&reader.db);
    for path in TilePath::for_size(head.checkpoint.size) {
        let (bytes, file) = (publish::render(&nodes, path)?, into.tile(path));
        if fs::read(&file).is_ok_and(|held| held == bytes) {
            continue;
        }
        file.parent().map_or(Ok(()), durable::create_dir)?;
        durable::write(&temporary, &file, &bytes)?;
    }
    if let Some(settings) = durable::read(&from.settings())? {
        durable::write(&temporary, &into.settings(), &settings)?;
    }
    durable::write(&temporary, &into.checkpoint(), head.text.as_bytes())?;
    for path in TilePath::for_size(head.checkpoint.size) {
        // They can have values that are erased here.
        publish::remove_other_partials(&into, path)?;
    }
    for name in ["case.sqlite-wal", "case.sqlite-shm"] {
        let _ = fs::remove_file(to.join(name));
    }
    fs::rename(&database, into.database()).map_err(VaultError::io("name", &database))?;
    durable::sync_dir(to)?;
    gone?;
    if unfinished.is_none() {
        durable::if_there(fs::remove_file(into.erasing())).map_err(VaultError::io("remove", &into.erasing()))?;
        durable::sync_dir(to)?;
    }
    Ok(done)
}

/// The database as the reader sees it, in one file.
fn backup(db: &Connection, to: &Path) -> Result<(), VaultError> {
    let mut copy = Connection::open(to).map_err(VaultError::sql("be copied"))?;
    rusqlite::backup::Backup::new(db, &mut copy)
        .and_then(|backup| backup.run_to_completion(4096, std::time::Duration::ZERO, None))
        .map_err(VaultError::sql("be copied"))?;
    copy.close().map_err(|(_, error)| VaultError::sql("be copied")(error))?;
    File::open(to).and_then(|file| file.sync_all()).map_err(VaultError::io("sync", to))
}

/// Where a copy may hold an object: a case or mirror by its place, a bag by its name.
fn candidates(from: &Path, bags: &BTreeMap<Digest, PathBuf>, digest: &Digest) -> Vec<PathBuf> {
    let mut all = vec![from.join(object_path(digest))];
    all.extend(bags.get(digest).cloned());
    all
}

fn bag_objects(from: &Path) -> BTreeMap<Digest, PathBuf> {
    let files = fs::read_dir(from.join("data/objects")).into_iter().flatten().flatten();
    files.filter_map(|file| Some((file.path().file_stem()?.to_str()?.parse().ok()?, file.path()))).collect()
}

impl Vault {
    /// Puts back, from copies, objects that are missing or altered, and writes damaged files of the published log anew. What
    /// an altered object's place held is kept in `quarantine/`.
    pub fn repair(&mut self, from: &[PathBuf]) -> Result<Repaired, VaultError> {
        let layout = self.reader.layout.clone();
        let sources: Vec<_> = from.iter().map(|dir| (dir, bag_objects(dir))).collect();
        let mut done = Repaired::default();
        let purged = self.reader.purged()?;
        for object in self.reader.objects()? {
            let path = layout.object(&object.sha256);
            if purged.contains_key(&object.sha256) || is_whole(&path, &object) {
                continue;
            }
            let digest = object.sha256.to_string();
            let was = if path.symlink_metadata().is_ok() { Fixity::Altered } else { Fixity::Missing };
            let copies = sources.iter().flat_map(|(dir, bags)| {
                candidates(dir, bags, &object.sha256).into_iter().map(move |path| (dir.display().to_string(), path))
            });
            let found = copies.into_iter().find(|(_, copy)| is_whole(copy, &object));
            let Some((name, source)) = found else {
                match was {
                    Fixity::Missing => done.still_missing.push(digest),
                    _ => done.still_altered.push(digest),
                }
                continue;
            };
            let _lock = super::lock::exclusive(&layout.lock())?;
            // Erased since.
            if self.reader.is_purged(&object.sha256)? {
                continue;
            }
            if was == Fixity::Altered {
                let kept = layout.quarantine();
                durable::create_dir(&kept)?;
                // What was put aside before stays.
                let place = |number: u32| kept.join(format!("{digest}.{number}"));
                let mut number = 0;
                while place(number).symlink_metadata().is_ok() {
                    number += 1;
                }
                let free = place(number);
                fs::rename(&path, &free).map_err(VaultError::io("put aside", &path))?;
            }
            if copy(&source, &path, &object)? {
                let restored = ObjectRestored { object: object.sha256, was, name: Some(name) };
                self.commit_locked(vec![Effects { events: vec![Event::ObjectRestored(restored)], ..Effects::default() }])?;
                done.restored.push(digest);
            } else {
                done.still_missing.push(digest);
            }
        }
        let _lock = super::lock::exclusive(&layout.lock())?;
        let nodes = nodes::Remembered::new(&self.reader.db);
        for path in TilePath::for_size(self.reader.size()?) {
            let (bytes, file) = (publish::render(&nodes, path)?, layout.tile(path));
            if durable::read(&file)?.as_ref() == Some(&bytes) {
                continue;
            }
            file.parent().map_or(Ok(()), durable::create_dir)?;
            durable::write(&self.run.temporary(), &file, &bytes)?;
            done.log_files += 1;
        }
        Ok(done)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Blake3;

    /// A copy is a file of its own: not a link to one, also if it is as long as the bytes.
    #[test]
    fn a_link_is_no_copy() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("12345678"), dir.path().join("link"));
        fs::write(&file, "8 bytes!").unwrap();
        std::os::unix::fs::symlink("12345678", &link).unwrap();
        let object =
            Object { sha256: Digest::of(b"8 bytes!"), blake3: Blake3([0; 32]), size: 8, media_type: Object::UNTYPED.into() };
        assert!(is_whole(&file, &object) && !is_whole(&link, &object) && !is_whole(dir.path(), &object));
        fs::write(&file, "8 bytes?").unwrap();
        assert!(!is_whole(&file, &object));
    }
}
