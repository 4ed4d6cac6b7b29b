//! What opening a case for writing puts in order: through the same door as everything else.

use std::fs;

use super::staging::ALIVE;
use super::{Effects, Published, Vault, VaultError, durable, lock, nodes, objects, work};
use crate::evidence::{Blake3, Digest, Event, Object, ObjectKept};
use crate::ledger::root;

/// Refuses a case whose published log is not a beginning of its database's, publishes what a killed
/// run had committed and not published, adopts what it had received and not committed, and gives
/// back its leases.
pub(super) fn recover(vault: &mut Vault) -> Result<(), VaultError> {
    let _lock = lock::exclusive(&vault.reader.layout.lock())?;
    let held = nodes::size(&vault.reader.db)?;
    let published = match Published::read(&vault.reader.layout)? {
        Some(published) => check(vault, &published, held)?,
        None if vault.reader.publication()?.is_none() => 0,
        None => return Err(VaultError::Published { what: "log/checkpoint is gone".into() }),
    };
    if published < held {
        vault.publish_locked(published)?;
    }
    let staging = vault.reader.layout.staging();
    for run in fs::read_dir(&staging).into_iter().flatten().flatten() {
        let dir = run.path();
        if dir == vault.run.dir || !lock::is_free(&dir.join(ALIVE)) {
            continue;
        }
        let worker = run.file_name().to_string_lossy().into_owned();
        work::release(&vault.reader.db, &worker).map_err(VaultError::sql("be written"))?;
        adopt(vault, &dir)?;
        fs::remove_dir_all(&dir).map_err(VaultError::io("remove", &dir))?;
    }
    Ok(())
}

fn check(vault: &Vault, published: &Published, held: u64) -> Result<u64, VaultError> {
    let head = &published.checkpoint;
    let diverged = VaultError::Diverged { published: head.size, held };
    if head.origin != vault.origin || !published.signed_by(vault.key()) {
        return Err(VaultError::Published { what: "the checkpoint is not signed by this case's key".into() });
    }
    if head.size > held || root(&nodes::Stored(&vault.reader.db), head.size)? != head.root {
        return Err(diverged);
    }
    match vault.reader.publication()? {
        Some((size, _)) if size > head.size => Err(VaultError::Published { what: "the checkpoint is older than the last one published".into() }),
        _ => Ok(head.size),
    }
}

/// Bodies that a dead run had received whole: they are kept, and an entry says how they came.
fn adopt(vault: &mut Vault, dir: &std::path::Path) -> Result<(), VaultError> {
    let mut events = Vec::new();
    for file in fs::read_dir(dir).map_err(VaultError::io("read", dir))?.flatten() {
        let Some(digest) = file.file_name().to_str().and_then(|name| name.parse::<Digest>().ok()) else { continue };
        if vault.reader.object(&digest)?.is_some() {
            continue;
        }
        let path = vault.reader.layout.object(&digest);
        let source = if path.exists() { path.clone() } else { file.path() };
        let mut bytes = fs::File::open(&source).map_err(VaultError::io("read", &source))?;
        let (mut sha256, mut blake3, mut size) = (<sha2::Sha256 as sha2::Digest>::new(), blake3::Hasher::new(), 0);
        let mut buffer = vec![0; 1 << 16];
        loop {
            use std::io::Read;
            let count = bytes.read(&mut buffer).map_err(VaultError::io("read", &source))?;
            if count == 0 {
                break;
            }
            sha2::Digest::update(&mut sha256, &buffer[..count]);
            blake3.update(&buffer[..count]);
            size += count as u64;
        }
        // The power went before the bytes were durable: nothing named them, nothing is lost.
        if Digest(sha2::Digest::finalize(sha256).into()) != digest {
            let _ = fs::remove_file(&path);
            continue;
        }
        if !path.exists()
            && let Some(parent) = path.parent()
        {
            durable::create_dir(parent)?;
            objects::name_without_replacing(&file.path(), &path)?;
            durable::sync_dir(parent)?;
        }
        let blake3 = Blake3(*blake3.finalize().as_bytes());
        let object = Object { sha256: digest, blake3, size, media_type: "application/octet-stream".into() };
        events.push(Event::ObjectKept(ObjectKept { object, because: Some("recovered after an interrupted run".into()) }));
    }
    if !events.is_empty() {
        vault.commit_locked(vec![Effects { events, ..Effects::default() }])?;
    }
    Ok(())
}
