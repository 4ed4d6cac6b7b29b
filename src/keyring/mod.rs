//! Signing keys, which live outside every case: in a file of the user's, or in an SSH agent.

mod agent;
mod file;
mod trusted;

pub use agent::AgentKey;
pub use file::FileKey;
pub use trusted::{Trusted, trusted};

use std::io;
use std::path::PathBuf;

/// A key cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    #[error("There is no signing key at {}", path.display())]
    Missing { path: PathBuf },
    #[error("Cannot read the signing key {}: {source}", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("Cannot write the signing key {}: {source}", path.display())]
    Write { path: PathBuf, source: io::Error },
    #[error("{} is not an Ed25519 private key in OpenSSH form", path.display())]
    NotAKey { path: PathBuf },
    #[error("The signing key {} has a passphrase", path.display())]
    Passphrase { path: PathBuf },
    #[error("The signing key {} can be read by other users of this machine (mode {mode:03o})", path.display())]
    TooOpen { path: PathBuf, mode: u32 },
    #[error("There is no SSH agent: SSH_AUTH_SOCK is not set")]
    NoAgent,
    #[error("The SSH agent does not answer: {0}")]
    Agent(String),
    #[error("The SSH agent holds no Ed25519 key {0:?}")]
    NotInAgent(String),
}

impl KeyError {
    /// What the person can do about it.
    pub fn next_step(&self) -> Option<&'static str> {
        Some(match self {
            KeyError::Missing { .. } => {
                "name the case's key with --key FILE, or bring it to this machine; without it the case can be read and verified, not added to"
            }
            KeyError::Passphrase { .. } => "add it to your SSH agent (`ssh-add FILE`) and name it with --agent-key",
            KeyError::TooOpen { .. } => "make it private with `chmod 600 FILE`",
            KeyError::NoAgent => "start one with `eval \"$(ssh-agent)\"` and add the key with `ssh-add FILE`",
            KeyError::NotInAgent(_) => "list its keys with `ssh-add -l` and name one by its SHA256 fingerprint or its comment",
            _ => return None,
        })
    }
}
