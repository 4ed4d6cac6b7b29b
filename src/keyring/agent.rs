//! A key in an SSH agent (draft-ietf-sshm-ssh-agent): the private half never reaches this program.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::Duration;

use super::KeyError;
use crate::ledger::{PublicKey, SignError, Signer};

const REQUEST_IDENTITIES: u8 = 11;
const IDENTITIES_ANSWER: u8 = 12;
const SIGN_REQUEST: u8 = 13;
const SIGN_RESPONSE: u8 = 14;
/// An answer longer than this is not one of an agent's.
const LONGEST: usize = 1 << 20;

/// A key that an agent holds.
pub struct AgentKey {
    socket: PathBuf,
    blob: Vec<u8>,
    public: PublicKey,
}

impl AgentKey {
    /// Finds an Ed25519 key in the agent by its fingerprint (`SHA256:…`) or comment.
    pub fn find(name: &str) -> Result<AgentKey, KeyError> {
        let socket = PathBuf::from(std::env::var_os("SSH_AUTH_SOCK").ok_or(KeyError::NoAgent)?);
        let answer = ask(&socket, &[REQUEST_IDENTITIES]).map_err(KeyError::Agent)?;
        let malformed = || KeyError::Agent("its list of keys is malformed".into());
        let rest = answer.strip_prefix(&[IDENTITIES_ANSWER]).ok_or_else(malformed)?;
        let (count, mut rest) = rest.split_first_chunk::<4>().ok_or_else(malformed)?;
        for _ in 0..u32::from_be_bytes(*count) {
            let (blob, after) = string(rest).ok_or_else(malformed)?;
            let (comment, after) = string(after).ok_or_else(malformed)?;
            rest = after;
            let Some(bytes) = ed25519(blob) else { continue };
            let Ok(public) = PublicKey::from_bytes(&bytes) else { continue };
            if public.fingerprint() == name || String::from_utf8_lossy(comment) == name {
                return Ok(AgentKey { socket, blob: blob.to_vec(), public });
            }
        }
        Err(KeyError::NotInAgent(name.to_owned()))
    }
}

impl Signer for AgentKey {
    fn public(&self) -> &PublicKey {
        &self.public
    }

    fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
        let failed = |why: String| SignError { key: self.public.fingerprint(), why };
        let mut request = vec![SIGN_REQUEST];
        for part in [&self.blob[..], message] {
            request.extend((part.len() as u32).to_be_bytes());
            request.extend(part);
        }
        request.extend([0; 4]);
        let answer = ask(&self.socket, &request).map_err(failed)?;
        let signature = answer.strip_prefix(&[SIGN_RESPONSE]).and_then(string).map(|(signature, _)| signature);
        let bytes = signature.and_then(string).and_then(|(_, rest)| string(rest)).map(|(bytes, _)| bytes);
        let signature = bytes.and_then(|bytes| bytes.try_into().ok()).ok_or_else(|| failed("the agent refused".into()))?;
        // A wrong signature in the log would have the case refused from then on.
        if !self.public.verify(message, &signature) {
            return Err(failed("the agent's signature does not match the key".into()));
        }
        Ok(signature)
    }
}

/// A length-prefixed string and what follows it.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, rest) = bytes.split_first_chunk::<4>()?;
    rest.split_at_checked(u32::from_be_bytes(*length) as usize)
}

/// The 32 bytes of an Ed25519 key blob.
fn ed25519(blob: &[u8]) -> Option<[u8; 32]> {
    let (name, rest) = string(blob)?;
    (name == b"ssh-ed25519").then(|| string(rest)?.0.try_into().ok())?
}

fn ask(socket: &PathBuf, request: &[u8]) -> Result<Vec<u8>, String> {
    let talk = || -> std::io::Result<Vec<u8>> {
        let mut agent = UnixStream::connect(socket)?;
        // A hardware key waits for a touch.
        agent.set_read_timeout(Some(Duration::from_secs(60)))?;
        agent.write_all(&(request.len() as u32).to_be_bytes())?;
        agent.write_all(request)?;
        let mut length = [0; 4];
        agent.read_exact(&mut length)?;
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST {
            return Err(std::io::Error::other("its answer is too long"));
        }
        let mut answer = vec![0; length];
        agent.read_exact(&mut answer)?;
        Ok(answer)
    };
    talk().map_err(|error| error.to_string())
}
