//! Which key signs the log when: the key of entry 0, and every change since.

use base64::{Engine, engine::general_purpose::STANDARD};

use super::{LedgerError, PublicKey, Signer};
use crate::evidence::{Event, KeyChanged, Time};

/// One key's time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStep {
    /// The entry that names it: heads of more entries are signed with it.
    pub entry: u64,
    pub key: PublicKey,
    /// Whether the key before it agreed.
    pub agreed: bool,
}

/// The keys of a log, oldest first, and those revoked.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Keys {
    pub origin: String,
    pub steps: Vec<KeyStep>,
    pub revoked: Vec<(String, Time)>,
}

impl Keys {
    /// Takes what an entry says of keys. A change that its new key did not sign is an error; one that the old key did
    /// not sign is a visible break.
    pub fn take(&mut self, entry: u64, event: &Event) -> Result<(), LedgerError> {
        match event {
            Event::CaseOpened(opened) if entry == 0 => {
                self.origin.clone_from(&opened.origin);
                self.steps = vec![KeyStep { entry, key: opened.key.parse()?, agreed: true }];
            }
            Event::KeyChanged(changed) => {
                let (old, new): (PublicKey, PublicKey) = (changed.old.parse()?, changed.new.parse()?);
                let statement = KeyChanged::statement(&self.origin, &changed.old, &changed.new);
                let signed = |key: &PublicKey, signature: &str| {
                    let bytes = STANDARD.decode(signature).ok().and_then(|bytes| <[u8; 64]>::try_from(bytes).ok());
                    bytes.is_some_and(|bytes| key.verify(statement.as_bytes(), &bytes))
                };
                if !signed(&new, &changed.by_new) || self.steps.last().is_none_or(|last| last.key != old) {
                    return Err(LedgerError::Key(changed.new.clone()));
                }
                let agreed = changed.by_old.as_ref().is_some_and(|signature| signed(&old, signature));
                self.steps.push(KeyStep { entry, key: new, agreed });
            }
            Event::KeyRevoked(revoked) => self.revoked.push((revoked.key.clone(), revoked.since)),
            _ => {}
        }
        Ok(())
    }

    /// The key that signs a head of so many entries.
    pub fn at(&self, size: u64) -> Option<&PublicKey> {
        self.steps.iter().rev().find(|step| step.entry < size).or(self.steps.first()).map(|step| &step.key)
    }

    /// The keys whose trust reaches a head of so many entries: its own, and those before it, as long as each agreed to
    /// the next.
    pub fn reaching(&self, size: u64) -> Vec<&PublicKey> {
        let mut keys = Vec::new();
        for step in self.steps.iter().filter(|step| step.entry < size).rev() {
            keys.push(&step.key);
            if !step.agreed {
                break;
            }
        }
        keys
    }

    /// Breaks: changes that the old key did not agree to.
    pub fn breaks(&self) -> impl Iterator<Item = &KeyStep> {
        self.steps.iter().filter(|step| !step.agreed)
    }
}

/// The event that puts one key in another's place. `old` signs, too, unless it was lost.
pub fn change_key(
    origin: &str,
    old: &PublicKey,
    by_old: Option<&dyn Signer>,
    new: &dyn Signer,
    reason: &str,
) -> Result<KeyChanged, LedgerError> {
    let (old, named) = (old.to_string(), new.public().to_string());
    let statement = KeyChanged::statement(origin, &old, &named);
    let signed = |signer: &dyn Signer| Ok::<_, LedgerError>(STANDARD.encode(signer.sign(statement.as_bytes())?));
    Ok(KeyChanged { by_old: by_old.map(signed).transpose()?, by_new: signed(new)?, old, new: named, reason: reason.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::CaseOpened;
    use crate::ledger::SignError;
    use ed25519_dalek::Signer as _;

    struct Own(ed25519_dalek::SigningKey, PublicKey);

    impl Signer for Own {
        fn public(&self) -> &PublicKey {
            &self.1
        }

        fn sign(&self, message: &[u8]) -> Result<[u8; 64], SignError> {
            Ok(self.0.sign(message).to_bytes())
        }
    }

    #[test]
    fn a_change_is_taken_only_from_the_last_key_to_one_that_signed_it() {
        let key = |seed: u8| {
            let secret = ed25519_dalek::SigningKey::from_bytes(&[seed; 32]);
            let public = PublicKey::from_bytes(&secret.verifying_key().to_bytes()).unwrap();
            Own(secret, public)
        };
        let (first, second, stranger) = (key(1), key(2), key(3));
        let opened = CaseOpened { origin: "case".into(), key: first.public().to_string(), title: None };
        let mut keys = Keys::default();
        keys.take(0, &Event::CaseOpened(opened)).unwrap();
        let good = change_key("case", first.public(), Some(&first), &second, "moved").unwrap();
        // Signed by the new key, but not from the key that signs now.
        let others = change_key("case", stranger.public(), Some(&stranger), &second, "moved").unwrap();
        assert!(keys.take(1, &Event::KeyChanged(others)).is_err());
        // From the key that signs now, to one that has not signed.
        let unsigned = KeyChanged { by_new: good.by_old.clone().unwrap(), ..good.clone() };
        assert!(keys.take(1, &Event::KeyChanged(unsigned)).is_err());
        assert_eq!(keys.steps.len(), 1);
        keys.take(5, &Event::KeyChanged(good)).unwrap();
        assert_eq!((keys.at(5), keys.at(6)), (Some(first.public()), Some(second.public())));
        assert!(keys.breaks().next().is_none());
        let lost = change_key("case", second.public(), None, &stranger, "lost").unwrap();
        keys.take(9, &Event::KeyChanged(lost)).unwrap();
        assert_eq!(keys.breaks().map(|step| step.entry).collect::<Vec<_>>(), [9]);
        assert_eq!(keys.reaching(10), [stranger.public()]);
        assert_eq!(keys.reaching(7), [second.public(), first.public()]);
    }
}
