//! Objects in the vault: named by digest, read-only, never replaced.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;

use super::layout::{Layout, VAULT, object_path};
use super::{Staged, VaultError, durable};
use crate::evidence::{Digest, Digesting, Digests};

/// A file found under `vault/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectFile {
    /// Path inside the case, which need not be text.
    pub path: PathBuf,
    /// The digest that its place stands for; none if the place is not one of ours.
    pub digest: Option<Digest>,
}

/// Directories whose entries must be synced before any entry of the log may name an object.
#[derive(Debug, Default)]
pub(super) struct ToSync {
    /// New names are in them.
    pub changed: Vec<PathBuf>,
    /// A killed run may have changed them.
    pub above: Vec<PathBuf>,
}

/// Gives staged bytes their name in the vault.
pub(super) fn keep(layout: &Layout, staged: &Staged) -> Result<ToSync, VaultError> {
    let digests = staged.digests();
    let path = layout.object(&digests.sha256);
    let dirs: Vec<PathBuf> = path.ancestors().skip(1).take(3).map(Path::to_path_buf).collect();
    if fs::symlink_metadata(&path).is_ok() {
        // What lies there may have rotted, or been put there: the good bytes are not given up for it.
        if !holds(&path, &digests)? {
            staged.rescued.store(true, Ordering::Relaxed);
            return Err(VaultError::ObjectDiffers { digest: digests.sha256 });
        }
        return Ok(ToSync { changed: vec![dirs[0].clone()], above: dirs });
    }
    let mut changed = make_dirs(&dirs)?;
    changed.push(dirs[0].clone());
    name_without_replacing(&staged.path, &path)?;
    Ok(ToSync { changed, above: dirs })
}

/// Makes the first directory, and those above it that are missing. Nothing is synced: it gives the parents of those it made, all of a
/// commit's once.
fn make_dirs(dirs: &[PathBuf]) -> Result<Vec<PathBuf>, VaultError> {
    let made = |pair: &[PathBuf]| fs::create_dir(&pair[0]).is_ok().then(|| pair[1].clone());
    let changed = dirs.windows(2).rev().filter_map(made).collect();
    // What kept one from being made is told here.
    durable::create_dir(&dirs[0])?;
    Ok(changed)
}

/// Whether a file has these bytes.
pub(super) fn holds(path: &Path, digests: &Digests) -> Result<bool, VaultError> {
    match fs::symlink_metadata(path) {
        Ok(found) if found.is_file() && found.len() == digests.size => {}
        _ => return Ok(false),
    }
    Ok(digest_file(path)? == *digests)
}

/// Reads a file and takes its digests.
pub(super) fn digest_file(path: &Path) -> Result<Digests, VaultError> {
    let mut file = File::open(path).map_err(VaultError::io("read", path))?;
    let mut digests = Digesting::default();
    let mut buffer = vec![0; 1 << 18];
    loop {
        let count = file.read(&mut buffer).map_err(VaultError::io("read", path))?;
        if count == 0 {
            break;
        }
        digests.update(&buffer[..count]);
    }
    Ok(digests.finish())
}

/// Names a file without replacing one. The staged name stays until the commit, so that a run that
/// dies in between can be told from a file that somebody put there.
pub(super) fn name_without_replacing(from: &Path, to: &Path) -> Result<(), VaultError> {
    match fs::hard_link(from, to) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // A file system without hard links (exFAT): an empty marker takes the staged name's place.
        Err(error) if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) => {
            let marker = from.with_extension("marker");
            File::create(&marker).map_err(VaultError::io("write", &marker))?;
            fs::rename(from, to).map_err(VaultError::io("name", to))?;
            fs::rename(&marker, from).map_err(VaultError::io("name", from))
        }
        Err(error) => Err(VaultError::io("name", to)(error)),
    }
}

/// Opens an object for reading; symbolic links are not followed.
pub fn open(layout: &Layout, digest: &Digest) -> Result<File, VaultError> {
    let path = layout.object(digest);
    match fs::symlink_metadata(&path) {
        Ok(found) if found.is_file() => File::open(&path).map_err(VaultError::io("read", &path)),
        _ => Err(VaultError::NoObject { digest: *digest }),
    }
}

/// Every file and link under `vault/`, in order of path.
pub fn files(layout: &Layout, mut look: impl FnMut(ObjectFile) -> Result<(), VaultError>) -> Result<(), VaultError> {
    let vault = layout.root.join("vault");
    if !vault.exists() {
        return Ok(());
    }
    for file in walkdir::WalkDir::new(&vault).sort_by_file_name() {
        let file = file.map_err(|error| VaultError::io("read", &vault)(error.into()))?;
        let inside = file.path().strip_prefix(&layout.root).unwrap_or(file.path());
        let path = inside.to_path_buf();
        if file.file_type().is_dir() {
            // A directory is only of interest where none of ours would be.
            let depth = inside.components().count();
            let ours = depth <= 1 || (depth <= 4 && path.starts_with(VAULT));
            if !ours {
                look(ObjectFile { path, digest: None })?;
            }
            continue;
        }
        let digest = file.file_name().to_str().and_then(|name| name.parse::<Digest>().ok());
        let digest = digest.filter(|digest| file.file_type().is_file() && Path::new(&object_path(digest)) == path);
        look(ObjectFile { path, digest })?;
    }
    Ok(())
}

/// Digests that some run has finished and not yet committed.
pub(super) fn staged(layout: &Layout) -> BTreeSet<Digest> {
    walkdir::WalkDir::new(layout.staging())
        .min_depth(2)
        .max_depth(2)
        .into_iter()
        .flatten()
        .filter(|file| file.file_type().is_file())
        .filter_map(|file| super::staging::digest_of(file.file_name()))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_taken_stays_whose_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("1"), dir.path().join("2"));
        fs::write(&from, "new").unwrap();
        name_without_replacing(&from, &to).unwrap();
        assert_eq!((fs::read(&from).unwrap(), fs::read(&to).unwrap()), (b"new".to_vec(), b"new".to_vec()));
        fs::write(&from, "newer").unwrap();
        fs::remove_file(&to).unwrap();
        fs::write(&to, "old").unwrap();
        name_without_replacing(&from, &to).unwrap();
        assert_eq!(fs::read(&to).unwrap(), b"old");
        assert!(name_without_replacing(&dir.path().join("none"), &dir.path().join("3")).is_err());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }

    /// Directories are made as they are needed, and it is told in which of them names are new.
    #[test]
    fn directories_are_made_and_told() {
        let dir = tempfile::tempdir().unwrap();
        let vault = dir.path().join("vault");
        let dirs = |name: &str| [vault.join(name), vault.join(&name[..2]), vault.clone()];
        // The vault itself is made durable at once, should it be gone.
        make_dirs(&dirs("ab/cd")).unwrap();
        assert!(vault.join("ab/cd").is_dir());
        assert_eq!(make_dirs(&dirs("ef/01")).unwrap(), [vault.clone(), vault.join("ef")]);
        assert_eq!(make_dirs(&dirs("ef/02")).unwrap(), [vault.join("ef")]);
        assert_eq!(make_dirs(&dirs("ef/02")).unwrap(), Vec::<PathBuf>::new());
        fs::write(vault.join("99"), "").unwrap();
        assert!(make_dirs(&dirs("99/02")).unwrap_err().to_string().contains("make the directory"));
    }

    /// Only a file of its own holds bytes: not a link to one, also if it is as long as they are.
    #[test]
    fn a_link_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let (file, link) = (dir.path().join("12345678"), dir.path().join("link"));
        fs::write(&file, "8 bytes!").unwrap();
        std::os::unix::fs::symlink("12345678", &link).unwrap();
        let digests = digest_file(&file).unwrap();
        assert_eq!(fs::symlink_metadata(&link).unwrap().len(), digests.size);
        assert!(holds(&file, &digests).unwrap());
        assert!(!holds(&link, &digests).unwrap() && !holds(dir.path(), &digests).unwrap());
        assert!(!holds(&dir.path().join("none"), &digests).unwrap());
        fs::write(&file, "8 bytes?").unwrap();
        assert!(!holds(&file, &digests).unwrap());
        // Nor is one opened as an object.
        let layout = Layout::new(dir.path());
        let place = layout.object(&digests.sha256);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&file, &place).unwrap();
        assert!(matches!(open(&layout, &digests.sha256), Err(VaultError::NoObject { .. })));
    }

    /// Whatever lies in the vault is seen, and only what lies in the place of its digest counts as an object.
    #[test]
    fn everything_in_the_vault_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout::new(dir.path());
        let seen = || {
            let mut all = Vec::new();
            files(&layout, |file| {
                all.push((file.path.to_str().unwrap().to_owned(), file.digest));
                Ok(())
            })
            .unwrap();
            all
        };
        assert_eq!(seen(), []);
        let (one, two) = (Digest::of(b"1"), Digest::of(b"2"));
        let place = layout.object(&one);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        assert_eq!(seen(), [], "our own directories are of no interest");
        fs::write(&place, "1").unwrap();
        // In the place of an object's, but no file; in another place; a file of another name.
        fs::create_dir_all(layout.object(&two).parent().unwrap()).unwrap();
        std::os::unix::fs::symlink(&place, layout.object(&two)).unwrap();
        fs::write(place.with_file_name(two.to_string()), "2").unwrap();
        fs::write(place.with_file_name("notes"), "").unwrap();
        let odd = ["vault/other", "vault/sha256x", "vault/sha256/ab/cd/ef"];
        odd.iter().for_each(|odd| fs::create_dir_all(dir.path().join(odd)).unwrap());
        let inside = |path: &Path| path.strip_prefix(dir.path()).unwrap().to_str().unwrap().to_owned();
        let mut expected: Vec<(String, Option<Digest>)> = odd.map(|odd| (odd.to_owned(), None)).into();
        expected.push((inside(&place), Some(one)));
        for path in [layout.object(&two), place.with_file_name(two.to_string()), place.with_file_name("notes")] {
            expected.push((inside(&path), None));
        }
        expected.sort();
        let mut seen = seen();
        seen.sort();
        assert_eq!(seen, expected);
    }

    /// Linking a directory is refused with the words of a file system that has no hard links.
    #[test]
    fn without_hard_links_a_mark_takes_the_staged_name() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("1"), dir.path().join("2"));
        fs::create_dir(&from).unwrap();
        name_without_replacing(&from, &to).unwrap();
        assert!(to.is_dir() && fs::read(&from).unwrap().is_empty());
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
