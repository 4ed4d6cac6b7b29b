//! One proof from outside, whichever way it was made: what it says, and whether who says it is trusted.

use std::collections::BTreeSet;

use crate::evidence::Time;
use crate::ledger::{Attestation, Block, Note, Proof, Witness, verify_timestamp};

/// Ways, as entries spell them.
pub(super) const RFC3161: &str = "rfc3161";
pub(super) const OPENTIMESTAMPS: &str = "opentimestamps";
pub(super) const WITNESS: &str = "witness";

/// How the files of each way end in a bag.
const ENDINGS: [(&str, &str); 3] = [(RFC3161, "tsr"), (OPENTIMESTAMPS, "ots"), (WITNESS, "cosigned")];

/// The way of a bag's file with this ending.
pub(in crate::stages) fn way_of(ending: &str) -> Option<&'static str> {
    ENDINGS.iter().find(|(_, own)| *own == ending).map(|(way, _)| *way)
}

/// How a bag's file of this way ends; one of a way that this program does not know is kept, too.
pub(in crate::stages) fn ending_of(way: &str) -> &'static str {
    ENDINGS.iter().find(|(own, _)| *own == way).map_or("token", |(_, ending)| *ending)
}

/// Whom the person trusts to attest a log. What is under test trusts nobody.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// Root certificates of timestamp authorities, DER.
    pub roots: Vec<Vec<u8>>,
    /// Headers of blocks that the person has from a node, or compared with what others publish.
    pub blocks: Vec<Block>,
    pub witnesses: Vec<Witness>,
}

/// What a whole proof says.
#[derive(Debug)]
pub(in crate::stages) struct Attest {
    pub time: Time,
    /// How far, in microseconds, that time may be off.
    pub about: i64,
    /// Who says so.
    pub who: String,
    /// When it ceases to hold, if it does.
    pub expires: Option<Time>,
    /// If who says so is not trusted: what is to be told.
    pub doubt: Option<String>,
}

/// Checks a proof over a note. An error means that it proves nothing whoever made it.
pub(in crate::stages) fn attest(
    way: &str,
    token: &[u8],
    note: &str,
    block: Option<&str>,
    outside: &Outside,
) -> Result<Attest, String> {
    match way {
        RFC3161 => timestamp(token, note, outside),
        OPENTIMESTAMPS => in_block(token, note, block, outside),
        WITNESS => witnessed(token, note, outside),
        other => Err(format!("it is of the kind {other:?}, which this program does not know")),
    }
}

fn timestamp(token: &[u8], note: &str, outside: &Outside) -> Result<Attest, String> {
    let stamp = verify_timestamp(token, note.as_bytes(), None, &outside.roots, &[]);
    let stamp = stamp.map_err(|error| format!("the timestamp: {error}"))?;
    let doubt = stamp.trusted.err().map(|why| {
        let (time, who) = (stamp.time, &stamp.authority);
        format!("The timestamp of {time} ({who}) is whole, but its authority is not one that you trust: {why}")
    });
    Ok(Attest { time: stamp.time, about: 0, who: stamp.authority, expires: Some(stamp.expires), doubt })
}

fn in_block(token: &[u8], note: &str, block: Option<&str>, outside: &Outside) -> Result<Attest, String> {
    let proof = Proof::parse(token).and_then(|proof| proof.is_of(note.as_bytes()).map(|()| proof));
    let proof = proof.map_err(|error| format!("the proof: {error}"))?;
    let block = block.and_then(Block::parse).ok_or("the header of the block that it leads to is not there, or no header")?;
    let height = proof.in_block(&block).ok_or("it does not lead to the block whose header is with it")?;
    let id = block.id();
    let doubt = (!outside.blocks.contains(&block)).then(|| {
        let time = block.time();
        format!("The proof is whole and leads to Bitcoin block {id} of {time} (number {height}, it says), whose header is none that you have confirmed")
    });
    // A header does not hold its number: that is the proof's word.
    let who = format!("Bitcoin block {id}");
    Ok(Attest { time: block.time(), about: 2 * 3_600_000_000, who, expires: None, doubt })
}

fn witnessed(token: &[u8], note: &str, outside: &Outside) -> Result<Attest, String> {
    let parse = |text: &str| Note::parse(text).map_err(|error| error.to_string());
    let cosigned = parse(std::str::from_utf8(token).map_err(|_| "it is no text")?)?;
    if cosigned.text != parse(note)?.text {
        return Err("what was cosigned is another head".into());
    }
    let known = outside.witnesses.iter().find_map(|witness| Some((witness.signed(&cosigned)?, witness)));
    if let Some((time, witness)) = known {
        return Ok(Attest { time, about: 0, who: witness.name.clone(), expires: None, doubt: None });
    }
    if let Some(witness) = outside.witnesses.iter().find(|witness| cosigned.signatures.iter().any(|line| witness.named(line))) {
        return Err(format!("no signature of {} in it is a good one of the key that you trust", witness.name));
    }
    let said = cosigned.signatures.iter().find_map(|line| {
        let (seconds, _) = line.cosigned()?;
        Some((Time::from_seconds(seconds)?, &line.name))
    });
    let (time, name) = said.ok_or("nobody has cosigned it")?;
    let doubt =
        Some(format!("The cosignature of {name}, which says {time}, cannot be checked: you have named no key of that witness"));
    Ok(Attest { time, about: 0, who: name.clone(), expires: None, doubt })
}

/// The earliest block of those that the person has which a proof leads to.
pub(super) fn earliest<'a>(proof: &Proof, outside: &'a Outside) -> Option<&'a Block> {
    // The person may have the headers of the whole chain.
    let attested = proof.attestations().into_iter().filter(|(_, attestation)| matches!(attestation, Attestation::Bitcoin(_)));
    let roots: BTreeSet<Vec<u8>> = attested.map(|(message, _)| message).collect();
    outside.blocks.iter().filter(|block| roots.contains(block.root())).min_by_key(|block| block.time())
}

/// The heights of the blocks that a proof leads to.
pub(super) fn heights(proof: &Proof) -> Vec<u64> {
    let all = proof.attestations().into_iter();
    all.filter_map(|(_, attestation)| if let Attestation::Bitcoin(height) = attestation { Some(height) } else { None }).collect()
}
