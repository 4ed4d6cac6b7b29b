//! Fixity over years: what is due is checked in pieces, and each piece's result is recorded at once, so that an
//! interrupted check goes on where it was.

use std::collections::BTreeSet;

use super::{Looking, Verification, verify_objects};
use crate::evidence::{Digest, Verdict};
use crate::vault::{Effects, Vault, VaultError};

/// Objects of one piece, and their bytes at most; a larger object is a piece by itself.
const PIECE: usize = 10_000;
const PIECE_BYTES: u64 = 32 << 30;

/// Checks the objects that `looking` names and records what each said. `verification` is that of the case itself, and
/// gets what is found.
pub fn audit(vault: &mut Vault, verification: &mut Verification, looking: &Looking<'_>) -> Result<(), VaultError> {
    let asked = |digest: &Digest| looking.only.as_ref().is_none_or(|only| only.contains(digest));
    let objects: Vec<_> = vault.reader().objects()?.into_iter().filter(|object| asked(&object.sha256)).collect();
    let total: u64 = objects.iter().map(|object| object.size).sum();
    let (mut at, mut before) = (0, 0);
    while at < objects.len() {
        let mut bytes = 0;
        let piece = objects[at..].iter().take(PIECE).take_while(|object| {
            bytes += object.size;
            bytes == object.size || bytes <= PIECE_BYTES
        });
        let only: BTreeSet<Digest> = piece.map(|object| object.sha256).collect();
        at += only.len();
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
        before += found.checked.bytes;
        vault.commit(vec![Effects { events: found.fixity_events(), ..Effects::default() }])?;
        let (fixity, one) = (&mut verification.fixity, &found.fixity);
        (fixity.confirmed, fixity.altered, fixity.missing) =
            (fixity.confirmed + one.confirmed, fixity.altered + one.altered, fixity.missing + one.missing);
        verification.checked.objects += found.checked.objects;
        verification.checked.bytes += found.checked.bytes;
        verification.findings.extend(found.findings);
        verification.looked.extend(found.looked);
    }
    verification.findings.sort();
    verification.findings.dedup();
    verification.verdict = Verdict::of(&verification.findings);
    Ok(())
}
