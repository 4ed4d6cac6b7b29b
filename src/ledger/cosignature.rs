//! Witnesses of the log (C2SP tlog-witness, tlog-cosignature, Ed25519): who saw that it only grew, and when.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::note::key_id;
use super::{Hash, LedgerError, Note, PublicKey, Signature};
use crate::evidence::Time;

/// The kind of an Ed25519 cosignature in a key's number and in a verifier key.
const COSIGNATURE: u8 = 0x04;

/// A witness: its name and its key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    pub name: String,
    key: PublicKey,
}

impl std::str::FromStr for Witness {
    type Err = LedgerError;

    /// A verifier key: `name+hash+base64(0x04 ‖ key)`.
    fn from_str(text: &str) -> Result<Witness, LedgerError> {
        let wrong = || LedgerError::Witness(text.chars().take(200).collect());
        let mut parts = text.splitn(3, '+');
        let (Some(name), Some(hash), Some(encoded)) = (parts.next(), parts.next(), parts.next()) else { return Err(wrong()) };
        let bytes = STANDARD.decode(encoded).map_err(|_| wrong())?;
        let Some((&COSIGNATURE, bytes)) = bytes.split_first() else { return Err(wrong()) };
        let key = bytes.try_into().ok().and_then(|bytes| PublicKey::from_bytes(bytes).ok()).ok_or_else(wrong)?;
        let named = !name.is_empty() && !name.contains(char::is_whitespace);
        if !named || hex::encode(key_id(name, COSIGNATURE, &key)) != hash {
            return Err(wrong());
        }
        Ok(Witness { name: name.to_owned(), key })
    }
}

impl Signature {
    /// What an Ed25519 cosignature consists of: when it was made, and the signature. None if it is none.
    pub fn cosigned(&self) -> Option<(u64, &[u8; 64])> {
        let (stamp, signature) = self.bytes.split_first_chunk::<8>()?;
        Some((u64::from_be_bytes(*stamp), signature.try_into().ok()?))
    }
}

impl Witness {
    /// Whether a line says that it is of this witness's key. One in its name and of another key is somebody else's.
    pub fn named(&self, line: &Signature) -> bool {
        line.name == self.name && line.key_id == key_id(&self.name, COSIGNATURE, &self.key)
    }

    /// When it cosigned this note; none if it did not. A line in its name that does not verify makes the answer none.
    pub fn signed(&self, note: &Note) -> Option<Time> {
        let mut times = note.signatures.iter().filter(|line| self.named(line)).map(|line| {
            let (seconds, signature) = line.cosigned()?;
            let said = format!("cosignature/v1\ntime {seconds}\n{}", note.text);
            Time::from_seconds(seconds).filter(|_| self.key.verify(said.as_bytes(), signature))
        });
        // The earliest is what is proved.
        times.try_fold(None::<Time>, |first, time| {
            let time = time?;
            Some(Some(first.map_or(time, |first| first.min(time))))
        })?
    }
}

/// What a witness is asked: the head, and the proof that it goes on from the `old` entries that the witness knows.
pub fn add_checkpoint(old: u64, proof: &[Hash], checkpoint: &str) -> String {
    let lines: String = proof.iter().map(|hash| STANDARD.encode(hash) + "\n").collect();
    format!("old {old}\n{lines}\n{checkpoint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the specification.
    const NOTE: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    #[test]
    fn a_verifier_key_is_what_its_hash_says() {
        let key = ed25519_dalek::SigningKey::from_bytes(&[7; 32]);
        let public = PublicKey::from_bytes(&key.verifying_key().to_bytes()).unwrap();
        let encoded = STANDARD.encode([&[COSIGNATURE][..], &public.bytes()].concat());
        let text = format!("w.example+{}+{encoded}", hex::encode(key_id("w.example", COSIGNATURE, &public)));
        let witness: Witness = text.parse().unwrap();
        assert_eq!(witness.name, "w.example");
        for wrong in [
            text.replace("w.example", "v.example"),
            text.replace("w.example", "w example"),
            text.replace('+', " "),
            format!("{text}AA"),
            String::new(),
        ] {
            assert!(wrong.parse::<Witness>().is_err(), "{wrong}");
        }
        // Names that no note could bear, each under its own hash.
        for name in ["", "w example", "w\texample"] {
            let text = format!("{name}+{}+{encoded}", hex::encode(key_id(name, COSIGNATURE, &public)));
            assert!(text.parse::<Witness>().is_err(), "{name:?}");
        }
        let other: Note = Note::parse(NOTE).unwrap();
        assert_eq!(witness.signed(&other), None);
        let said = format!("cosignature/v1\ntime 1679315147\n{}", other.text);
        use ed25519_dalek::Signer;
        let line = |seconds: u64, signature: [u8; 64]| Signature {
            name: "w.example".into(),
            key_id: key_id("w.example", COSIGNATURE, &public),
            bytes: [&seconds.to_be_bytes()[..], &signature].concat(),
        };
        let signature = key.sign(said.as_bytes()).to_bytes();
        let mut note = other.clone();
        note.signatures.push(line(1_679_315_147, signature));
        assert_eq!(witness.signed(&note).unwrap().to_string(), "2023-03-20T12:25:47.000000Z");
        let mut redated = other;
        redated.signatures.push(line(1_679_315_146, signature));
        assert_eq!(witness.signed(&redated), None);
        // The year 10000, and more than a signed number holds: signed well, and no time that anybody can write.
        for seconds in [253_402_300_800, u64::MAX] {
            let said = format!("cosignature/v1\ntime {seconds}\n{}", redated.text);
            let mut late = redated.clone();
            late.signatures = vec![line(seconds, key.sign(said.as_bytes()).to_bytes())];
            assert_eq!(witness.signed(&late), None, "{seconds}");
        }
        note.signatures.push(line(1_679_315_146, signature));
        assert_eq!(witness.signed(&note), None, "one bad line in its name makes the note bad");
    }
}
