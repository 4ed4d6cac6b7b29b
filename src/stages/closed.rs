//! What may not leave the case: what is restricted or on hold, and is not asked for by an explicit word.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::gather::bodies;
use crate::evidence::{CaptureNo, Digest, Id};
use crate::vault::{CaptureRow, ExhibitRow, Reader, VaultError};

/// What may not leave, by what people said of exhibits, items, references and reports. Said of a reference, it holds for its item; said of
/// a report, for all items that the report refers to.
#[derive(Debug, Default)]
pub(super) struct Closed {
    exhibits: BTreeSet<String>,
    items: BTreeSet<String>,
    reports: BTreeSet<String>,
    /// What was found of captures: each is asked for with every exhibit of its item.
    captures: RefCell<BTreeMap<String, bool>>,
}

impl Closed {
    pub fn of(reader: &Reader) -> Result<Closed, VaultError> {
        let mut closed = Closed::default();
        for row in reader.handling()? {
            if !matches!(row.property.as_str(), "restriction" | "hold") {
                continue;
            }
            match row.subject.parse() {
                Ok(Id::Mention(no)) => closed.items.extend(reader.mention(no)?.and_then(|mention| mention.item)),
                Ok(Id::Report(no)) => {
                    closed.items.extend(reader.mentions_in(no)?.into_iter().filter_map(|mention| mention.item));
                    closed.reports.insert(row.subject);
                }
                Ok(Id::Item(_)) => _ = closed.items.insert(row.subject),
                _ => _ = closed.exhibits.insert(row.subject),
            }
        }
        Ok(closed)
    }

    fn is_none(&self) -> bool {
        self.exhibits.is_empty() && self.items.is_empty() && self.reports.is_empty()
    }

    fn exhibit(&self, exhibit: &ExhibitRow) -> bool {
        self.exhibits.contains(&exhibit.id) || self.items.contains(&exhibit.item)
    }

    /// Whether a report may not leave: its document, and what is recorded of it.
    pub fn report(&self, id: &str) -> bool {
        self.reports.contains(id)
    }

    /// Whether any exhibit or report that an object is may not leave: its bytes are in the others, too.
    pub fn object(&self, reader: &Reader, digest: &Digest) -> Result<bool, VaultError> {
        if self.is_none() {
            return Ok(false);
        }
        let report = reader.report_by_digest(digest)?.is_some_and(|report| self.report(&report.id));
        Ok(report || reader.exhibits_of_object(digest)?.iter().any(|exhibit| self.exhibit(exhibit)))
    }

    /// Whether anything that a capture brought may not leave. Then neither may what only passed in it, as that can be a piece of it: a
    /// fragment, a range, a picture of the page.
    pub fn capture(&self, reader: &Reader, capture: &CaptureRow) -> Result<bool, VaultError> {
        if self.is_none() {
            return Ok(false);
        }
        if let Some(known) = self.captures.borrow().get(&capture.id) {
            return Ok(*known);
        }
        let closed = self.brought_by(reader, capture)?;
        self.captures.borrow_mut().insert(capture.id.clone(), closed);
        Ok(closed)
    }

    fn brought_by(&self, reader: &Reader, capture: &CaptureRow) -> Result<bool, VaultError> {
        let brought = reader.exhibits_of_capture(capture.id.parse().unwrap_or(CaptureNo(0)))?;
        if self.items.contains(&capture.item) || brought.iter().any(|exhibit| self.exhibit(exhibit)) {
            return Ok(true);
        }
        // Bytes that had come before are no exhibit of the capture that brought them again.
        let own = capture.sha256.as_deref().and_then(|digest| digest.parse().ok());
        let digests: BTreeSet<Digest> = bodies(capture).chain(own).collect();
        for digest in digests {
            if self.object(reader, &digest)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether a body of a capture may not leave. `passed`: nothing may that only passed in it.
    pub fn body(&self, reader: &Reader, passed: bool, digest: &Digest) -> Result<bool, VaultError> {
        Ok(self.object(reader, digest)? || passed && reader.exhibits_of_object(digest)?.is_empty())
    }
}
