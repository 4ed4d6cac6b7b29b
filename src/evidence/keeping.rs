//! Custody events of the years after the capture: checks, holds, anchors, keys, transfers, erasure.

use serde::{Deserialize, Serialize};

use super::{Digest, Subject, Time, words};

words! {
    /// What a fixity check says of one object.
    Fixity {
        Confirmed = "confirmed",
        Altered = "altered",
        Missing = "missing",
    }
}

/// Objects were digested again and compared. A check of many is several such events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FixityChecked {
    /// `quick` (BLAKE3) or `full` (SHA-256).
    pub depth: String,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub confirmed: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub altered: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<Digest>,
}

/// A person says how something is to be handled.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandlingSet {
    pub subject: Subject,
    /// `hold`, `restriction` or `graphic`.
    pub property: String,
    /// None: no longer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// Bytes were removed from the vault by law. What was recorded of them stays, and the log still verifies.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectPurged {
    pub object: Digest,
    /// The object that it was made of or came with, and that it goes with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<Digest>,
    pub reason: String,
    /// Sealed: who ordered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
    /// Sealed: the second person, who agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub second: Option<String>,
}

/// Bytes that were missing or altered were put back from a copy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObjectRestored {
    pub object: Digest,
    /// `missing` or `altered`
    pub was: Fixity,
    /// Sealed: the directory that the copy came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Somebody outside attests that a checkpoint existed by a time.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorMade {
    /// `rfc3161`, `opentimestamps` or `witness`
    pub way: String,
    /// Address of the authority, calendar or witness.
    pub authority: String,
    /// The checkpoint: entries and root, in hexadecimal.
    pub size: u64,
    pub root: String,
    /// The text that was attested: the checkpoint's note, which is kept as an object, too.
    pub note: Digest,
    /// The proof, an object.
    pub token: Digest,
    /// When, as the authority says; of a block, as its miner says.
    pub time: Time,
    /// `opentimestamps`: the header of the block that the proof leads to, in hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub block: Option<String>,
}

/// Somebody outside has promised to attest a checkpoint, or has done so in a block that was not seen yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnchorPending {
    /// `opentimestamps`
    pub way: String,
    /// Address of the calendar.
    pub authority: String,
    /// The checkpoint: entries and root, in hexadecimal.
    pub size: u64,
    pub root: String,
    /// The checkpoint's note, and the proof as far as it goes: objects.
    pub note: Digest,
    pub token: Digest,
}

/// From the next entry on another key signs the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyChanged {
    /// OpenSSH public keys, without comment.
    pub old: String,
    pub new: String,
    /// Ed25519 signatures, base64, of `exhibit-key-change/1`, origin, old and new key, a line each. Without that of
    /// the old key the break is visible: it was lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by_old: Option<String>,
    pub by_new: String,
    pub reason: String,
}

impl KeyChanged {
    /// What both keys sign.
    pub fn statement(origin: &str, old: &str, new: &str) -> String {
        format!("exhibit-key-change/1\n{origin}\n{old}\n{new}\n")
    }
}

/// A key is not to be trusted any more.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyRevoked {
    pub key: String,
    /// What it signed before is thought to be good until this moment.
    pub since: Time,
    pub reason: String,
}

/// Exhibits left the case in a bag. A transfer of many is several such events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferMade {
    /// SHA-256 of the bag's tagmanifest-sha256.txt.
    pub manifest: Digest,
    /// The checkpoint that the bag holds.
    pub size: u64,
    pub objects: Vec<Digest>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<String>,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipient: Option<String>,
    /// Sealed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub purpose: Option<String>,
}

/// A package of somebody else came in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackageReceived {
    /// `exhibit-bag`, `bag`, `wacz`, `warc` or `auto-archiver`.
    pub format: String,
    /// SHA-256 of what names all of it: a bag's tagmanifest or manifest, a file's bytes.
    pub manifest: Digest,
    /// Another case's name in its log, its size and key, where it is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// What the check on receipt said: green, amber, red.
    pub verdict: String,
    /// Items that came in with it, by key.
    pub items: u64,
    /// Sealed: its name, and from whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}
