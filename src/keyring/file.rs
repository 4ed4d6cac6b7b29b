//! A key in a file: OpenSSH private key format, readable by its owner only.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;

use ed25519_dalek::{Signer as _, SigningKey};
use ssh_key::private::{Ed25519Keypair, KeypairData};
use ssh_key::{LineEnding, PrivateKey};

use super::KeyError;
use crate::evidence::Randomness;
use crate::ledger::{PublicKey, SignError, Signer};

/// A private key read from a file.
pub struct FileKey {
    key: SigningKey,
    public: PublicKey,
}

impl FileKey {
    /// Reads a key; one that others can read is refused.
    pub fn load(path: &Path) -> Result<FileKey, KeyError> {
        let named = || path.to_path_buf();
        let metadata = match fs::metadata(path) {
            Ok(metadata) => metadata,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(KeyError::Missing { path: named() }),
            Err(source) => return Err(KeyError::Read { path: named(), source }),
        };
        let mode = metadata.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeyError::TooOpen { path: named(), mode });
        }
        let pem = fs::read(path).map_err(|source| KeyError::Read { path: named(), source })?;
        let key = PrivateKey::from_openssh(&pem).map_err(|_| KeyError::NotAKey { path: named() })?;
        if key.is_encrypted() {
            return Err(KeyError::Passphrase { path: named() });
        }
        let pair = key.key_data().ed25519().ok_or_else(|| KeyError::NotAKey { path: named() })?;
        FileKey::from_seed(pair.private.to_bytes()).ok_or_else(|| KeyError::NotAKey { path: named() })
    }

    /// Makes a key and writes it with mode 0600, and its public half beside it. Never over a file
    /// that is there.
    pub fn generate(path: &Path, random: &dyn Randomness) -> Result<FileKey, KeyError> {
        let write = |source| KeyError::Write { path: path.to_path_buf(), source };
        let mut seed = [0; 32];
        random.fill(&mut seed);
        let pair = KeypairData::from(Ed25519Keypair::from_seed(&seed));
        let not_a_key = || KeyError::NotAKey { path: path.to_path_buf() };
        let pem = PrivateKey::new(pair, "exhibit").and_then(|key| key.to_openssh(LineEnding::LF)).map_err(|_| not_a_key())?;
        let key = FileKey::from_seed(seed).ok_or_else(not_a_key)?;
        if let Some(dir) = path.parent() {
            fs::create_dir_all(dir).map_err(write)?;
        }
        let create = |path: &Path, mode| OpenOptions::new().write(true).create_new(true).mode(mode).open(path);
        // Whole or not at all, and durable: without it nothing can be added to the case.
        let temporary = path.with_extension(format!("new-{}", std::process::id()));
        let _ = fs::remove_file(&temporary);
        let mut file = create(&temporary, 0o600).map_err(write)?;
        let named = file.write_all(pem.as_bytes()).and_then(|()| file.sync_all()).and_then(|()| {
            fs::hard_link(&temporary, path).or_else(|error| if path.exists() { Err(error) } else { fs::rename(&temporary, path) })
        });
        let _ = fs::remove_file(&temporary);
        named.map_err(write)?;
        if let Some(dir) = path.parent() {
            fs::File::open(dir).and_then(|dir| dir.sync_all()).map_err(write)?;
        }
        // The public half is a convenience; it can be made from the private one again.
        let _ = create(&path.with_extension("pub"), 0o644).and_then(|mut file| writeln!(file, "{} exhibit", key.public));
        Ok(key)
    }

    /// The key that these 32 secret bytes make.
    pub fn from_seed(seed: [u8; 32]) -> Option<FileKey> {
        let key = SigningKey::from_bytes(&seed);
        let public = PublicKey::from_bytes(&key.verifying_key().to_bytes()).ok()?;
        Some(FileKey { key, public })
    }
}

impl Signer for FileKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        Ok(self.key.sign(message).to_bytes())
    }
}
