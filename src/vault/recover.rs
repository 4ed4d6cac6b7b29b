//! What opening a case for writing puts in order: through the same door as everything else.

use std::fs;
use std::path::Path;

use super::staging::{ALIVE, digest_of};
use super::{Effects, Published, Vault, VaultError, durable, erase, lock, nodes, objects, work};
use crate::evidence::{Digest, Event, Object, ObjectKept};
use crate::ledger::root;

/// Refuses a case whose entries are not those under its signatures, publishes what a killed run had
/// committed and not published, and takes over what dead runs left.
pub(super) fn recover(vault: &mut Vault) -> Result<(), VaultError> {
    let _lock = lock::exclusive(&vault.reader.layout.lock())?;
    let held = nodes::size(&vault.reader.db)?;
    // What the next commit signs over must be what the last one signed.
    match vault.reader.head()? {
        Some(head) if head.checkpoint.size == held => check(vault, &head, held)?,
        _ => {
            return Err(VaultError::Published { what: "the entries in the database are not those under its signed head".into() });
        }
    }
    let published = match Published::read(&vault.reader.layout)? {
        Some(published) => {
            check(vault, &published, held)?;
            published.checkpoint.size
        }
        None => 0,
    };
    match vault.reader.publication()? {
        Some((size, _)) if size > published => {
            let what =
                if published == 0 { "log/checkpoint is gone" } else { "the checkpoint is older than the last one published" };
            return Err(VaultError::Published { what: what.into() });
        }
        Some((size, _)) if size == held => {}
        _ => vault.publish_locked().map(drop)?,
    }
    // What cannot be finished now keeps nobody from writing: the mark stays, and verify tells of it.
    vault.unfinished = erase::finish(vault).err();
    take_over_locked(vault)
}

/// Whether a signed head is the case's own, and a beginning of its log.
fn check(vault: &Vault, published: &Published, held: u64) -> Result<(), VaultError> {
    let head = &published.checkpoint;
    let keys = vault.reader.keys()?;
    if head.origin != vault.origin || !keys.at(head.size).is_some_and(|key| published.signed_by(key)) {
        return Err(VaultError::Published { what: "the checkpoint is not signed by this case's key".into() });
    }
    if head.size > held || root(&nodes::Stored(&vault.reader.db), head.size)? != head.root {
        return Err(VaultError::Diverged { published: head.size, held });
    }
    Ok(())
}

/// Gives back the leases of dead runs, and adopts what they had received.
pub(super) fn take_over(vault: &mut Vault) -> Result<(), VaultError> {
    let _lock = lock::exclusive(&vault.reader.layout.lock())?;
    take_over_locked(vault)
}

pub(super) fn take_over_locked(vault: &mut Vault) -> Result<(), VaultError> {
    let staging = vault.reader.layout.staging();
    let mut live = vec![vault.run.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()];
    for run in fs::read_dir(&staging).into_iter().flatten().flatten() {
        let dir = run.path();
        let alive = dir.join(ALIVE);
        // Runs start under the lock that is held here: one without the file is not just starting.
        if dir == vault.run.dir || (alive.exists() && !lock::is_free(&alive)) {
            live.push(run.file_name().to_string_lossy().into_owned());
            continue;
        }
        if adopt(vault, &dir)? {
            durable::if_there(fs::remove_dir_all(&dir)).map_err(VaultError::io("remove", &dir))?;
        }
    }
    // Whoever has no directory is not at work: its leases are free.
    work::release_all_but(&vault.reader.db, &live).map_err(VaultError::sql("be written"))
}

/// Bodies that a dead run had received whole: they are kept, and an entry says how they came. False if nothing is to be removed: some must
/// stay where they are, because the vault has other bytes in their place or they cannot be read now, or all is gone.
fn adopt(vault: &mut Vault, dir: &Path) -> Result<bool, VaultError> {
    let (mut events, mut all) = (Vec::new(), true);
    let files = fs::read_dir(dir).map_err(VaultError::io("read", dir));
    // A run that ends in this moment has removed its directory itself, as nothing whole was in it.
    if let Ok(false) = dir.try_exists() {
        return Ok(false);
    }
    for file in files? {
        let Ok(file) = file else {
            all = false;
            continue;
        };
        let Some(digest) = digest_of(&file.file_name()) else { continue };
        // Also what cannot be read: an erasure does not wait for that.
        if vault.reader.is_purged(&digest)? {
            let gone = fs::remove_file(file.path());
            durable::if_there(gone).map_err(VaultError::io("remove", &file.path()))?;
            continue;
        }
        let path = vault.reader.layout.object(&digest);
        // Where hard links do not work, the staged name is an empty mark and the bytes are in the vault.
        let marked = file.metadata().is_ok_and(|file| file.len() == 0) && digest != Digest::of(b"");
        let staged = if marked { path.clone() } else { file.path() };
        let digests = match objects::digest_file(&staged) {
            Ok(digests) => digests,
            Err(_) => {
                // What is there and cannot be read may be read another time.
                all &= matches!(staged.try_exists(), Ok(false));
                continue;
            }
        };
        if digests.sha256 != digest {
            // The power went before the bytes were durable: nothing named them, nothing is lost.
            continue;
        }
        if vault.reader.object(&digest)?.is_some() {
            all &= objects::holds(&path, &digests)?;
            continue;
        }
        // The run may have died before it synced them.
        let bytes = if marked { &path } else { &file.path() };
        fs::File::open(bytes).and_then(|bytes| bytes.sync_all()).map_err(VaultError::io("sync", bytes))?;
        if !objects::holds(&path, &digests)? {
            // No entry names what lies there.
            let _ = fs::remove_file(&path);
            if let Some(parent) = path.parent() {
                durable::create_dir(parent)?;
            }
            objects::name_without_replacing(&file.path(), &path)?;
        }
        for parent in path.ancestors().skip(1).take(3) {
            durable::sync_dir(parent)?;
        }
        let object = Object { sha256: digest, blake3: digests.blake3, size: digests.size, media_type: Object::UNTYPED.into() };
        events.push(Event::ObjectKept(ObjectKept { object, because: Some("recovered after an interrupted run".into()) }));
    }
    if !events.is_empty() {
        vault.commit_locked(vec![Effects { events, ..Effects::default() }])?;
    }
    Ok(all)
}
