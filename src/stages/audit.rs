//! Fixity over years: what is due is checked in pieces, and each piece's result is recorded at once, so that an
//! interrupted check goes on where it was.

use std::collections::BTreeSet;

use super::{Looking, Verification, verify_objects};
use crate::evidence::{Digest, Object, Verdict};
use crate::vault::{Effects, Vault, VaultError};

/// Objects of one piece, and their bytes at most; a larger object is a piece by itself.
const PIECE: usize = 10_000;
const PIECE_BYTES: u64 = 32 << 30;

/// How many of these objects are the next piece.
fn piece(objects: &[Object]) -> usize {
    let mut bytes = 0;
    let fits = |object: &&Object| {
        bytes += object.size;
        bytes <= PIECE_BYTES
    };
    objects.iter().take(PIECE).take_while(fits).count().max(1)
}

/// Checks the objects that `looking` names and records what each said. `verification` is that of the case itself, and
/// gets what is found.
pub fn audit(vault: &mut Vault, verification: &mut Verification, looking: &Looking<'_>) -> Result<(), VaultError> {
    let asked = |digest: &Digest| looking.only.as_ref().is_none_or(|only| only.contains(digest));
    let objects: Vec<_> = vault.reader().objects()?.into_iter().filter(|object| asked(&object.sha256)).collect();
    let total: u64 = objects.iter().map(|object| object.size).sum();
    let (mut at, mut before) = (0, 0);
    while at < objects.len() {
        let next = at + piece(&objects[at..]);
        let piece = &objects[at..next];
        let only: BTreeSet<Digest> = piece.iter().map(|object| object.sha256).collect();
        let tick = |done: u64, _: u64| (looking.tick)(before + done, total);
        let part = Looking {
            depth: looking.depth,
            only: Some(only),
            rate: looking.rate,
            tick: &tick,
            outside: Default::default(),
            now: None,
        };
        let found = verify_objects(vault.reader(), &part)?;
        vault.commit(vec![Effects { events: found.fixity_events(), ..Effects::default() }])?;
        let (fixity, one) = (&mut verification.fixity, &found.fixity);
        (fixity.confirmed, fixity.altered, fixity.missing) =
            (fixity.confirmed + one.confirmed, fixity.altered + one.altered, fixity.missing + one.missing);
        verification.checked.objects += found.checked.objects;
        verification.checked.bytes += found.checked.bytes;
        verification.findings.extend(found.findings);
        verification.looked.extend(found.looked);
        before += piece.iter().map(|object| object.size).sum::<u64>();
        at = next;
    }
    verification.findings.sort();
    verification.findings.dedup();
    verification.verdict = Verdict::of(&verification.findings);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::Blake3;

    fn sized(sizes: &[u64]) -> Vec<Object> {
        let object = |size: &u64| {
            let digest = Digest::of(&size.to_be_bytes());
            Object { sha256: digest, blake3: Blake3([0; 32]), size: *size, media_type: Object::UNTYPED.into() }
        };
        sizes.iter().map(object).collect()
    }

    #[test]
    fn a_piece_has_so_many_objects_and_bytes_at_most_and_always_one() {
        assert_eq!(piece(&sized(&[1; PIECE + 5])), PIECE);
        assert_eq!(piece(&sized(&[1, 2, 3])), 3);
        assert_eq!(piece(&sized(&[PIECE_BYTES - 1, 1, 1])), 2);
        assert_eq!(piece(&sized(&[PIECE_BYTES + 1, 1])), 1);
        assert_eq!(piece(&sized(&[1, PIECE_BYTES])), 1);
    }
}
