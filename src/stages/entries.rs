//! Judges the entries of a log: readable and canonical, every commitment against its value, times and keys in order.

use std::collections::BTreeSet;

use super::clock::Clock;
use super::verify::SealedCount;
use crate::evidence::{Code, Event, Finding};
use crate::ledger::{Entry, Keys, open, read};
use crate::vault::LogRow;

/// What is known from the entries so far, which come in the order of the log.
#[derive(Default)]
pub(super) struct Entries {
    pub findings: Vec<Finding>,
    pub sealed: SealedCount,
    pub keys: Keys,
    /// An entry could not be read: what follows from the log is not known.
    pub unreadable: bool,
    clock: Clock,
    erased: BTreeSet<(u64, String)>,
    missing: Vec<(u64, String)>,
}

impl Entries {
    fn red(&mut self, code: Code, subject: &str, detail: impl Into<String>) {
        self.findings.push(Finding::red(code, subject, detail));
    }

    /// Judges one entry, and gives it if it can be read.
    pub fn take(&mut self, row: &LogRow) -> Option<Entry> {
        let subject = format!("entry {}", row.index);
        let (committed, opened) = match read(&row.bytes, &row.sealed) {
            Ok(read) => read,
            Err(error) => {
                self.unreadable = true;
                self.red(Code::EntryAltered, &subject, format!("The entry cannot be read: {error}"));
                return None;
            }
        };
        for (field, commitment) in &committed {
            match row.sealed.iter().find(|sealed| sealed.field == *field) {
                None => self.missing.push((row.index, field.clone())),
                Some(sealed) => {
                    self.sealed.present += 1;
                    if sealed.commitment() != *commitment {
                        self.red(
                            Code::SealedAltered,
                            &subject,
                            format!("The sealed value {field} is not the one that the entry commits to"),
                        );
                    }
                }
            }
        }
        for sealed in row.sealed.iter().filter(|sealed| !committed.contains_key(&sealed.field)) {
            self.findings.push(uncommitted(&subject, &sealed.field));
        }
        match opened {
            Ok(entry) => {
                self.findings.extend(self.clock.take(row.index, entry.time));
                if let Err(error) = self.keys.take(row.index, &entry.event) {
                    self.red(
                        Code::SignatureInvalid,
                        &subject,
                        format!("The change of keys is not signed as it must be: {error}"),
                    );
                }
                if let Event::ValueErased(event) = &entry.event {
                    self.erased.insert((event.entry, event.field.clone()));
                }
                return Some(entry);
            }
            // A damaged sealed value can make the event unreadable; without them it must be readable.
            Err(_) if open(&row.bytes, &[]).is_ok() => self.unreadable = true,
            Err(error) => {
                self.unreadable = true;
                self.red(Code::EntryAltered, &subject, format!("The entry cannot be read: {error}"));
            }
        }
        None
    }

    /// All entries have come: a sealed value may only be missing if one of them says that it was erased.
    pub fn end(&mut self) {
        for (entry, field) in std::mem::take(&mut self.missing) {
            if self.erased.remove(&(entry, field.clone())) {
                self.sealed.erased += 1;
            } else {
                self.red(
                    Code::SealedMissing,
                    &format!("entry {entry}"),
                    format!("The sealed value {field} is missing, and no entry says that it was erased"),
                );
            }
        }
        for (entry, field) in std::mem::take(&mut self.erased) {
            let detail = format!("The sealed value {field} is still here, and an entry says that it was erased");
            self.findings.push(Finding::amber(Code::ErasureUnfinished, format!("entry {entry}"), detail));
        }
    }
}

/// A value that nothing vouches for.
pub(super) fn uncommitted(subject: &str, field: &str) -> Finding {
    Finding::red(Code::SealedAltered, subject, format!("A sealed value {field} is kept that the entry does not commit to"))
}
