//! Signed notes (C2SP signed-note): a text, a blank line, signature lines.

use base64::{Engine, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};

use super::{LedgerError, PublicKey, Signer};

/// One signature line: `— NAME BASE64(key id ‖ signature)`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    pub key_id: [u8; 4],
    pub bytes: Vec<u8>,
}

/// A text with its signatures. The text ends with a newline and is what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub text: String,
    pub signatures: Vec<Signature>,
}

/// The kind of a plain Ed25519 signature.
const ED25519: u8 = 0x01;

/// SHA-256(name ‖ 0x0A ‖ kind ‖ key), first four bytes.
pub(super) fn key_id(name: &str, kind: u8, key: &PublicKey) -> [u8; 4] {
    let hash = Sha256::new().chain_update(name).chain_update([0x0a, kind]).chain_update(key.bytes()).finalize();
    [hash[0], hash[1], hash[2], hash[3]]
}

impl Note {
    /// Signs a text under a key name.
    pub fn sign(text: String, name: &str, signer: &dyn Signer) -> Result<Note, LedgerError> {
        let bytes = signer.sign(text.as_bytes())?.to_vec();
        let signature = Signature { name: name.to_owned(), key_id: key_id(name, ED25519, signer.public()), bytes };
        Ok(Note { text, signatures: vec![signature] })
    }

    /// Adds the signature of another key under the same name.
    pub fn also(&mut self, name: &str, signer: &dyn Signer) -> Result<(), LedgerError> {
        let mut more = Note::sign(self.text.clone(), name, signer)?;
        self.signatures.append(&mut more.signatures);
        Ok(())
    }

    /// Reads a note.
    pub fn parse(note: &str) -> Result<Note, LedgerError> {
        let cut = note.rfind("\n\n").ok_or(LedgerError::Note("no blank line before the signatures"))?;
        let (text, lines) = (&note[..=cut], &note[cut + 2..]);
        let lines = lines.strip_suffix('\n').ok_or(LedgerError::Note("no newline at the end"))?;
        let mut signatures = Vec::new();
        for line in lines.split('\n') {
            let wrong = LedgerError::Note("a signature line is malformed");
            let Some((name, encoded)) = line.strip_prefix("— ").and_then(|rest| rest.rsplit_once(' ')) else {
                return Err(wrong);
            };
            let Ok(decoded) = STANDARD.decode(encoded) else { return Err(wrong) };
            let Some((key_id, bytes)) = decoded.split_first_chunk::<4>() else { return Err(wrong) };
            signatures.push(Signature { name: name.to_owned(), key_id: *key_id, bytes: bytes.to_vec() });
        }
        Ok(Note { text: text.to_owned(), signatures })
    }

    /// Whether the note carries a good signature of this key under this name. A line that names the
    /// key and does not verify makes the whole note bad.
    pub fn signed_by(&self, name: &str, key: &PublicKey) -> bool {
        let id = key_id(name, ED25519, key);
        let mut mine = self.signatures.iter().filter(|line| line.name == name && line.key_id == id).peekable();
        mine.peek().is_some()
            && mine.all(|line| <&[u8; 64]>::try_from(&line.bytes[..]).is_ok_and(|bytes| key.verify(self.text.as_bytes(), bytes)))
    }
}

impl std::fmt::Display for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{}", self.text)?;
        for Signature { name, key_id, bytes } in &self.signatures {
            writeln!(f, "— {name} {}", STANDARD.encode([&key_id[..], bytes].concat()))?;
        }
        Ok(())
    }
}
