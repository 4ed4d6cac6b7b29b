//! The log as pure logic: entries, Merkle tree, tiles, checkpoints, proofs and signatures.

mod canonical;
mod checkpoint;
mod cosignature;
mod entry;
mod error;
mod key;
mod keys;
mod note;
mod opentimestamps;
mod proof;
mod sealed;
mod sshsig;
mod tile;
mod timestamp;
mod tree;

pub use canonical::{canonical, canonical_value, is_canonical};
pub use checkpoint::Checkpoint;
pub use cosignature::{Witness, add_checkpoint};
pub use entry::{Entry, FORMAT, MAX_ENTRY, commitments, open, open_again, read, seal};
pub use error::LedgerError;
pub use key::{PublicKey, SignError, Signer};
pub use keys::{KeyStep, Keys, change_key};
pub use note::{Note, Signature};
pub use opentimestamps::{Attestation, Block, Proof, ProofError};
pub use proof::{consistency, inclusion, tlog_proof, verify_consistency, verify_inclusion};
pub use sealed::{SEALED_FIELDS, Sealed, sealed_fields};
pub use sshsig::{BAG_NAMESPACE, sshsig, verify_sshsig};
pub use tile::{TILE, TilePath, entry_bundle, parse_entry_bundle, push_entry};
pub use timestamp::{StampError, Timestamp, certificates, nonce_of, timestamp_request, verify_timestamp};
pub use tree::{Frontier, Hash, Nodes, leaf_hash, node_hash, root};
