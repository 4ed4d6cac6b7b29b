//! A fixity check: an object's bytes, digested again and compared.

use std::fs;
use std::io::Read;
use std::path::Path;

use super::Depth;
use crate::evidence::{Code, Digest, Object, Sha256};

/// One object's bytes: there, of the right size, with the right digests.
pub(super) fn check(path: &Path, object: &Object, depth: Depth, buffer: &mut [u8]) -> Option<(Code, String)> {
    let missing = |why: String| Some((Code::ObjectMissing, why));
    let altered = |why: String| Some((Code::ObjectAltered, why));
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return missing("The bytes are not in the vault".into()),
        Err(error) => return missing(format!("The bytes cannot be reached: {error}")),
        Ok(found) if !found.is_file() => return missing("What lies in the object's place is not a file".into()),
        Ok(found) if found.len() != object.size => {
            return altered(format!("The file has {} bytes; {} were recorded", found.len(), object.size));
        }
        Ok(_) => {}
    }
    let read = || -> std::io::Result<(Option<Digest>, [u8; 32])> {
        let mut file = fs::File::open(path)?;
        let (mut sha256, mut blake3) = (Sha256::default(), blake3::Hasher::new());
        loop {
            let count = file.read(buffer)?;
            if count == 0 {
                break;
            }
            blake3.update(&buffer[..count]);
            if depth == Depth::Full {
                sha256.update(&buffer[..count]);
            }
        }
        let sha256 = (depth == Depth::Full).then(|| sha256.finish());
        Ok((sha256, *blake3.finalize().as_bytes()))
    };
    let mut read = read;
    match read() {
        Err(error) => altered(format!("The bytes cannot be read to their end: {error}")),
        Ok((sha256, blake3)) if blake3 != object.blake3.0 || sha256.is_some_and(|sha256| sha256 != object.sha256) => {
            let now = sha256.map_or_else(|| format!("BLAKE3 {}", hex::encode(blake3)), |sha256| format!("SHA-256 {sha256}"));
            altered(format!("The bytes are not those that were recorded: they now have {now}"))
        }
        Ok(_) => None,
    }
}
