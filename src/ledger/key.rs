//! Public keys, and the one thing asked of whoever holds the private one.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::VerifyingKey;

use super::LedgerError;

/// An Ed25519 public key, written in OpenSSH form: `ssh-ed25519 AAAA…`.
#[derive(Clone, PartialEq, Eq)]
pub struct PublicKey(pub(super) VerifyingKey);

impl PublicKey {
    /// The key with these 32 bytes.
    pub fn from_bytes(bytes: &[u8; 32]) -> Result<PublicKey, LedgerError> {
        VerifyingKey::from_bytes(bytes).map(PublicKey).map_err(|_| LedgerError::Key(hex::encode(bytes)))
    }

    /// Its 32 bytes.
    pub fn bytes(&self) -> [u8; 32] {
        self.0.to_bytes()
    }

    /// Strict verification: no second signature of the same message passes.
    pub fn verify(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        self.0.verify_strict(message, &ed25519_dalek::Signature::from_bytes(signature)).is_ok()
    }

    /// `SHA256:…`, as `ssh-keygen -l` prints it.
    pub fn fingerprint(&self) -> String {
        self.ssh().fingerprint(ssh_key::HashAlg::Sha256).to_string()
    }

    /// The same key for the SSH formats.
    pub fn ssh(&self) -> ssh_key::PublicKey {
        ssh_key::PublicKey::from(ssh_key::public::Ed25519PublicKey(self.bytes()))
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Encoding an Ed25519 key cannot fail.
        f.write_str(self.ssh().to_openssh().unwrap_or_default().trim_end())
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.fingerprint())
    }
}

impl FromStr for PublicKey {
    type Err = LedgerError;
    fn from_str(text: &str) -> Result<Self, LedgerError> {
        let wrong = || LedgerError::Key(text.chars().take(100).collect());
        let key = ssh_key::PublicKey::from_openssh(text).map_err(|_| wrong())?;
        let key = key.key_data().ed25519().ok_or_else(wrong)?;
        PublicKey::from_bytes(&key.0)
    }
}

/// Why a signature could not be had.
#[derive(Debug, thiserror::Error)]
#[error("The key {key} did not sign: {why}")]
pub struct SignError {
    pub key: String,
    pub why: String,
}

/// Whoever holds a private key: a file, or an SSH agent.
pub trait Signer: Send + Sync {
    fn public(&self) -> &PublicKey;
    /// An Ed25519 signature of the message (RFC 8032).
    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError>;
}
