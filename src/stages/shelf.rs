//! The published log as files, read for a check.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use crate::ledger::{Frontier, Hash, TILE, TilePath};
use crate::vault::{Published, Reader, VaultError};

/// `log/` as it stood when the snapshot was taken. Full files never change, so only partial ones, which
/// the next commit replaces, are read at once.
pub(super) struct Shelf {
    root: std::path::PathBuf,
    pub checkpoint: Result<Option<Published>, VaultError>,
    /// Every file's name, and whether it is a regular file.
    pub names: Vec<(String, bool)>,
    partial: BTreeMap<String, Vec<u8>>,
}

impl Shelf {
    pub fn read(reader: &Reader) -> Shelf {
        let root = reader.layout().log();
        let mut shelf = Shelf { checkpoint: Published::read(reader.layout()), names: Vec::new(), partial: BTreeMap::new(), root };
        for file in
            walkdir::WalkDir::new(&shelf.root).sort_by_file_name().into_iter().flatten().filter(|file| !file.file_type().is_dir())
        {
            let name = file.path().strip_prefix(&shelf.root).unwrap_or(file.path()).to_string_lossy().into_owned();
            if TilePath::parse(&name).is_some_and(|path| path.extent().1 != TILE)
                && let Ok(bytes) = regular(file.path())
            {
                shelf.partial.insert(name.clone(), bytes);
            }
            shelf.names.push((name, file.file_type().is_file()));
        }
        shelf
    }

    pub fn bytes(&self, name: &str) -> std::io::Result<Vec<u8>> {
        match self.partial.get(name) {
            Some(bytes) => Ok(bytes.clone()),
            None => regular(&self.root.join(name)),
        }
    }
}

/// The bytes of a regular file. A pipe would be waited for, and a link can lead to what has no end.
fn regular(path: &Path) -> io::Result<Vec<u8>> {
    match fs::symlink_metadata(path)?.is_file() {
        true => fs::read(path),
        false => Err(io::ErrorKind::InvalidInput.into()),
    }
}

/// Leaf hashes as published, by index.
pub(super) fn published_leaves(shelf: &Shelf, size: u64) -> BTreeMap<u64, Hash> {
    let mut leaves = BTreeMap::new();
    for path in TilePath::for_size(size) {
        if let TilePath::Hashes { level: 0, index, .. } = path
            && let Ok(bytes) = shelf.bytes(&path.to_string())
        {
            let hashes = bytes.chunks_exact(32).filter_map(|hash| Hash::try_from(hash).ok());
            leaves.extend((index * TILE..).zip(hashes));
        }
    }
    leaves
}

pub(super) fn root_of(leaves: &BTreeMap<u64, Hash>, size: u64) -> Option<Hash> {
    let mut frontier = Frontier::default();
    for index in 0..size {
        frontier.push(*leaves.get(&index)?);
    }
    Some(frontier.root())
}
