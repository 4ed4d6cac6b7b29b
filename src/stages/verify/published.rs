//! The heads, and the published log, against the entries: checkpoint, signature, every file, and nothing else.

use std::collections::BTreeSet;
use std::ops::Range;

use super::super::shelf::{Shelf, published_leaves, root_of};
use super::Look;
use crate::evidence::{Code, Finding};
use crate::keyring::Trusted;
use crate::ledger::{Keys, TILE, TilePath};
use crate::vault::{LOG, Published, Reader, VaultError};

impl Look {
    /// The database's own signed head: every entry is under a signature, published yet or not.
    pub(super) fn head(&mut self, reader: &Reader) -> Result<(), VaultError> {
        let held = self.leaves.len() as u64;
        // That entry 0 names no key is told with the entry itself.
        let Some(key) = self.keys.at(held).cloned() else { return Ok(()) };
        let origin = self.keys.origin.clone();
        match reader.head() {
            Err(error @ VaultError::Sql { .. }) => return Err(error),
            Err(error) => self.red(Code::CheckpointDiffers, "head", error.to_string()),
            Ok(None) => self.red(Code::CheckpointMissing, "head", "The database has no signed head"),
            Ok(Some(head)) => {
                if head.text != head.note.to_string() || head.checkpoint.origin != origin || !head.signed_by(&key) {
                    self.red(
                        Code::SignatureInvalid,
                        "head",
                        "The signature over the log's head in the database is not a good one of the case's key",
                    );
                }
                if head.checkpoint.size != held || self.roots.get(&held) != Some(&head.checkpoint.root) {
                    let detail =
                        format!("The entries in the database are not the {} that its signed head is of", head.checkpoint.size);
                    self.red(Code::TreeDiffers, "head", detail);
                }
            }
        }
        Ok(())
    }

    /// `log/`: checkpoint, signature, every file, and nothing else.
    pub(super) fn published(&mut self, reader: &Reader, trusted: &[Trusted], shelf: &Shelf) -> Result<(), VaultError> {
        let held = self.leaves.len() as u64;
        let path = format!("{LOG}/checkpoint");
        let head = match &shelf.checkpoint {
            Ok(Some(head)) => head,
            Ok(None) => {
                if reader.publication()?.is_some() || held > 1 {
                    self.findings.push(Finding::red(Code::CheckpointMissing, "checkpoint", "log/checkpoint is missing").at(path));
                } else {
                    self.notes.push(
                        "the log is not published yet: `init` was interrupted; the next command that writes will do it".into(),
                    );
                }
                return Ok(());
            }
            Err(VaultError::Io { source, .. }) => {
                self.findings.push(
                    Finding::red(Code::CheckpointDiffers, "checkpoint", format!("log/checkpoint cannot be read: {source}"))
                        .at(path),
                );
                return Ok(());
            }
            Err(error) => {
                self.findings.push(Finding::red(Code::CheckpointDiffers, "checkpoint", error.to_string()).at(path));
                return Ok(());
            }
        };
        self.fingerprint = Some(head.checkpoint.fingerprint());
        self.signature(head, trusted, &path);
        let size = head.checkpoint.size;
        let same = self.roots.get(&size) == Some(&head.checkpoint.root);
        // None where the database has them all.
        for entry in held..size.min(held + 20) {
            self.red(Code::EntryMissing, &format!("entry {entry}"), "The published log has this entry, the database has not");
        }
        if !same && size <= held {
            let published = published_leaves(shelf, size);
            let files_agree = root_of(&published, size) == Some(head.checkpoint.root);
            self.findings.push(Finding::red(
                Code::TreeDiffers,
                "log",
                "The entries in the database do not make the root of the signed checkpoint",
            ));
            if files_agree {
                for index in 0..size {
                    if published.get(&index) != self.leaves.get(index as usize) {
                        self.red(
                            Code::EntryAltered,
                            &format!("entry {index}"),
                            "The entry is not the one that was published under the signed checkpoint",
                        );
                    }
                }
            } else {
                self.findings.push(
                    Finding::red(
                        Code::CheckpointDiffers,
                        "checkpoint",
                        "The checkpoint's root is not that of the log, in the database or in log/",
                    )
                    .at(path),
                );
            }
        }
        if size < held {
            let marked = reader.publication()?.map_or(0, |(size, _)| size);
            if marked > size {
                let detail =
                    format!("log/checkpoint is of {size} entries, and one of {marked} had been published: it was rolled back");
                self.findings.push(Finding::red(Code::CheckpointDiffers, "checkpoint", detail).at(format!("{LOG}/checkpoint")));
            } else {
                self.notes.push(format!(
                    "{} entries are not published yet: a run was interrupted; the next command that writes will do it",
                    held - size
                ));
            }
        }
        self.files(reader, shelf, size.min(held), held)
    }

    /// Its signature, by the key that signed then, and whether that is a key that the user trusts.
    fn signature(&mut self, head: &Published, trusted: &[Trusted], path: &str) {
        let size = head.checkpoint.size;
        let Some(key) = self.keys.at(size).cloned() else {
            return self.red(Code::EntryAltered, "entry 0", "Entry 0 does not open a case: no key is known");
        };
        let origin = self.keys.origin.clone();
        self.findings.extend(key_findings(&self.keys, size));
        let known = self.keys.reaching(size).iter().any(|key| trusted.iter().any(|trusted| trusted.key == **key));
        let key = &key;
        if head.checkpoint.origin != origin {
            let detail = format!("The checkpoint is of {:?}, the case is {origin:?}", head.checkpoint.origin);
            self.findings.push(Finding::red(Code::CheckpointDiffers, "checkpoint", detail).at(path));
        }
        if !head.signed_by(key) || head.text != head.note.to_string() {
            self.findings.push(
                Finding::red(
                    Code::SignatureInvalid,
                    "checkpoint",
                    "The checkpoint's signature is not a good one of the case's key",
                )
                .at(path),
            );
        } else if !known {
            let detail = format!("The case's key {} is not among those that you trust", key.fingerprint());
            self.findings.push(Finding::amber(Code::KeyUnknown, "checkpoint", detail).at(path));
        }
    }

    /// Every published file says what the log says; all that must be there are; nothing else is.
    fn files(&mut self, reader: &Reader, shelf: &Shelf, size: u64, held: u64) -> Result<(), VaultError> {
        let mut required: BTreeSet<String> = TilePath::for_size(size).iter().map(TilePath::to_string).collect();
        for (name, is_file) in &shelf.names {
            if name == "checkpoint" && *is_file {
                continue;
            }
            required.remove(name);
            let within = |path: &TilePath| {
                let (index, width) = path.extent();
                let level = match path {
                    TilePath::Hashes { level, .. } => *level,
                    _ => 0,
                };
                (index * TILE + width) << (8 * level) <= held
            };
            let shown = format!("{LOG}/{name}");
            match TilePath::parse(name).filter(within).filter(|_| *is_file) {
                None => {
                    self.findings.push(Finding::red(Code::LogExtra, name, "The file is no part of the published log").at(shown))
                }
                Some(path) => {
                    let published = |expected: Vec<u8>| shelf.bytes(name).is_ok_and(|bytes| bytes == expected);
                    let same = match path {
                        TilePath::Entries { index, width: TILE } => self.bundles.get(index as usize).copied().unwrap_or(false),
                        TilePath::Hashes { level, index, width } => {
                            published(self.hashes(level, index * TILE..index * TILE + width))
                        }
                        TilePath::Entries { .. } | TilePath::Sealed { .. } => reader.rendered(path).is_ok_and(published),
                    };
                    if !same {
                        let code = if matches!(path, TilePath::Sealed { .. }) { Code::SealedAltered } else { Code::TileDiffers };
                        self.findings
                            .push(Finding::red(code, name, "The published file and the database do not say the same").at(shown));
                    }
                }
            }
        }
        for name in required {
            self.findings
                .push(Finding::red(Code::TileMissing, &name, "The published file is missing").at(format!("{LOG}/{name}")));
        }
        Ok(())
    }

    /// What a published tile of hashes must hold.
    fn hashes(&self, level: u32, range: Range<u64>) -> Vec<u8> {
        let hash = |at: u64| match level {
            0 => self.leaves.get(at as usize),
            _ => self.tiles.get(&(level, at)),
        };
        range.filter_map(hash).flatten().copied().collect()
    }
}

/// What the keys' own history says: keys that were lost, and keys that were revoked.
pub(in super::super) fn key_findings(keys: &Keys, size: u64) -> Vec<Finding> {
    let mut findings = Vec::new();
    for lost in keys.breaks() {
        let detail = format!(
            "From entry {} on the log is signed by {}; the key before it did not agree, because it was lost",
            lost.entry,
            lost.key.fingerprint()
        );
        findings.push(Finding::amber(Code::KeyLost, format!("entry {}", lost.entry), detail));
    }
    for (revoked, since) in &keys.revoked {
        if keys.steps.iter().any(|step| step.key.to_string() == *revoked) {
            let detail = format!("A key that signed this log was revoked, and is not to be trusted since {since}: {revoked}");
            let still = keys.at(size).is_some_and(|key| key.to_string() == *revoked);
            let finding = if still { Finding::red::<&str, String> } else { Finding::amber::<&str, String> };
            findings.push(finding(Code::KeyRevoked, "log", detail));
        }
    }
    findings
}
