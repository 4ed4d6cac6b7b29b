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
