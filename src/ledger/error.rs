//! What can be wrong with a piece of the log.

/// A piece of the log cannot be read or made.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    #[error("The entry is not canonical JSON (RFC 8785)")]
    NotCanonical,
    #[error("The entry is not JSON: {0}")]
    NotJson(serde_json::Error),
    #[error("The entry has format {0:?}; this program reads {FORMAT:?}", FORMAT = super::FORMAT)]
    Format(String),
    #[error("The entry needs {0:?} to be understood, which this program does not know")]
    Critical(String),
    #[error("The entry does not say {0}")]
    Member(&'static str),
    #[error("The entry does not fit its kind: {0}")]
    Shape(serde_json::Error),
    #[error("The entry is {0} bytes long; at most {MAX} fit", MAX = super::MAX_ENTRY)]
    TooLong(usize),
    #[error("The bundle of entries ends in the middle of an entry")]
    Bundle,
    #[error("The checkpoint is not a signed note: {0}")]
    Note(&'static str),
    #[error("The checkpoint does not have origin, size and root")]
    Checkpoint,
    #[error("{0:?} is not an Ed25519 key in OpenSSH form")]
    Key(String),
    #[error("{0:?} is not the key of a witness: name+hash+base64 (C2SP signed-note, kind 4: Ed25519 cosignature)")]
    Witness(String),
    #[error("The SSH signature cannot be made or read: {0}")]
    SshSig(ssh_key::Error),
    #[error("The SSH signature does not end as one")]
    SshSigCut,
    #[error("The signature does not match")]
    Signature,
    #[error(transparent)]
    Sign(#[from] super::SignError),
}
