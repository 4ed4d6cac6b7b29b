//! SSH signatures of files (OpenSSH PROTOCOL.sshsig), checked by `ssh-keygen -Y verify`.

use ssh_key::{HashAlg, LineEnding, SshSig};

use super::{LedgerError, PublicKey, Signer};

/// The namespace that bags are signed in.
pub const BAG_NAMESPACE: &str = "exhibit-custody";

/// The armoured signature of `message`.
pub fn sshsig(signer: &dyn Signer, namespace: &str, message: &[u8]) -> Result<String, LedgerError> {
    let hash = HashAlg::Sha512;
    let signed = SshSig::signed_data(namespace, hash, message).map_err(LedgerError::SshSig)?;
    let bytes = signer.sign(&signed)?;
    let signature = ssh_key::Signature::new(ssh_key::Algorithm::Ed25519, bytes).map_err(LedgerError::SshSig)?;
    let key = signer.public().ssh().key_data().clone();
    SshSig::new(key, namespace, hash, signature)
        .and_then(|signature| signature.to_pem(LineEnding::LF))
        .map_err(LedgerError::SshSig)
}

/// Checks an armoured signature and gives the key that made it. Whether that key is trusted is
/// another question. An armour whose end is cut, be it by a byte that says nothing, is none.
pub fn verify_sshsig(armoured: &str, namespace: &str, message: &[u8]) -> Result<PublicKey, LedgerError> {
    if !armoured.ends_with("-----END SSH SIGNATURE-----\n") {
        return Err(LedgerError::SshSigCut);
    }
    let signature = SshSig::from_pem(armoured).map_err(LedgerError::SshSig)?;
    let key = ssh_key::PublicKey::from(signature.public_key().clone());
    key.verify(namespace, message, &signature).map_err(|_| LedgerError::Signature)?;
    key.to_openssh().map_err(LedgerError::SshSig)?.parse()
}
