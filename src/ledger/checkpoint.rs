//! The log's head (C2SP tlog-checkpoint): origin, size and root.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{Hash, LedgerError};

/// What a checkpoint says, before it is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    pub origin: String,
    /// Entries.
    pub size: u64,
    pub root: Hash,
}

impl Checkpoint {
    /// Reads the text of a note.
    pub fn parse(text: &str) -> Result<Checkpoint, LedgerError> {
        let lines: Vec<&str> = text.split('\n').collect();
        let [origin, size, root, ""] = lines[..] else { return Err(LedgerError::Checkpoint) };
        let number: u64 = size.parse().map_err(|_| LedgerError::Checkpoint)?;
        let root = STANDARD.decode(root).ok().and_then(|bytes| Hash::try_from(bytes).ok());
        match root {
            Some(root) if !origin.is_empty() && number.to_string() == size => {
                Ok(Checkpoint { origin: origin.to_owned(), size: number, root })
            }
            _ => Err(LedgerError::Checkpoint),
        }
    }

    /// A short form to read aloud or print on a receipt: size, and the first 16 hex digits of the root.
    pub fn fingerprint(&self) -> String {
        let hex = hex::encode(&self.root[..8]);
        format!("{}-{}-{}-{}-{}", self.size, &hex[..4], &hex[4..8], &hex[8..12], &hex[12..])
    }
}

impl std::fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, STANDARD.encode(self.root))
    }
}
