//! What may not leave the case: what is restricted or on hold, and is not asked for by an explicit word.

use std::collections::BTreeSet;

use crate::evidence::{CaptureNo, Digest, ItemNo};
use crate::vault::{ExhibitRow, Reader, VaultError};

/// What may not leave, by what people said of exhibits, items, references and reports.
#[derive(Debug, Default)]
pub(super) struct Closed(BTreeSet<String>);

impl Closed {
    pub fn of(reader: &Reader) -> Result<Closed, VaultError> {
        let said = reader.handling()?.into_iter().filter(|row| matches!(row.property.as_str(), "restriction" | "hold"));
        Ok(Closed(said.map(|row| row.subject).collect()))
    }

    /// Whether any exhibit that an object is may not leave: its bytes are in the others, too.
    pub fn object(&self, reader: &Reader, digest: &Digest) -> Result<bool, VaultError> {
        if self.0.is_empty() { Ok(false) } else { self.any(reader, &reader.exhibits_of_object(digest)?) }
    }

    /// Whether any exhibit that a capture brought may not leave: neither may the pieces that it is made of.
    pub fn capture(&self, reader: &Reader, no: CaptureNo) -> Result<bool, VaultError> {
        if self.0.is_empty() { Ok(false) } else { self.any(reader, &reader.exhibits_of_capture(no)?) }
    }

    fn any(&self, reader: &Reader, exhibits: &[ExhibitRow]) -> Result<bool, VaultError> {
        let said = |subject: &String| self.0.contains(subject);
        let of_mentions = self.0.iter().any(|subject| subject.starts_with('M'));
        for exhibit in exhibits {
            if said(&exhibit.id) || said(&exhibit.item) || exhibit.reports.iter().any(said) {
                return Ok(true);
            }
            if of_mentions {
                let mentions = reader.mentions_of(exhibit.item.parse().unwrap_or(ItemNo(0)))?;
                if mentions.iter().any(|mention| said(&mention.id)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}
