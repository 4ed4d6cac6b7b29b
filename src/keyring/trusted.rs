//! Keys that the user trusts: an `allowed_signers` file of OpenSSH, outside every case and bag.

use std::path::Path;

use crate::ledger::PublicKey;

/// A key and whose it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trusted {
    pub who: String,
    pub key: PublicKey,
}

/// Reads an `allowed_signers` file. Lines that are not an Ed25519 key's are left alone; a missing
/// file trusts nobody.
pub fn trusted(path: &Path) -> Vec<Trusted> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with('#'))
        .filter_map(|line| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| *word == "ssh-ed25519")?;
            let key = words.get(at..at + 2)?.join(" ").parse().ok()?;
            Some(Trusted { who: (*words.first()?).to_owned(), key })
        })
        .collect()
}
