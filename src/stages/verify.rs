//! Proves that nothing changed, or names what did: log, published log, sealed values, catalogue, objects.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, SyncSender};

use serde::Serialize;

use super::anchor::{Outside, attested};
use super::entries::{Entries, uncommitted};
use super::fixity::check_all;
use super::shelf::{Shelf, published_leaves, root_of};
use crate::evidence::{Code, Digest, Event, Finding, Fixity, FixityChecked, Object, Time, Verdict};
use crate::keyring::Trusted;
use crate::ledger::{Checkpoint, Entry, Frontier, Hash, Keys, TILE, TilePath, leaf_hash, push_entry};
use crate::vault::{LOG, Layout, LogRow, ObjectFile, Published, Reader, Replay, SumKey, VaultError, object_files};

/// How deep to look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// Structure, and every object's BLAKE3.
    Quick,
    /// Structure, and every object's SHA-256 and BLAKE3.
    Full,
}

/// What to look at, and how.
pub struct Looking<'a> {
    pub depth: Depth,
    /// Only these objects' bytes; none: those of all. The log and the catalogue are always looked at whole.
    pub only: Option<BTreeSet<Digest>>,
    /// Bytes a second at most.
    pub rate: Option<u64>,
    /// Told of bytes done, and in all.
    pub tick: &'a (dyn Fn(u64, u64) + Sync),
    /// Whose proofs from outside are trusted.
    pub outside: Outside,
    /// To see which certificates have expired.
    pub now: Option<Time>,
}

impl Looking<'_> {
    /// Everything, as fast as can be.
    pub fn at_all(depth: Depth) -> Looking<'static> {
        Looking { depth, only: None, rate: None, tick: &|_, _| {}, outside: Outside::default(), now: None }
    }

    fn asks(&self, object: &Object) -> bool {
        self.only.as_ref().is_none_or(|only| only.contains(&object.sha256))
    }
}

/// What became of the objects that were looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct FixityCount {
    pub confirmed: u64,
    pub altered: u64,
    pub missing: u64,
    /// Of the missing ones, those whose bytes lie elsewhere in the vault.
    pub moved: u64,
    /// Files that no entry names.
    pub new: u64,
}

/// How much was looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Checked {
    pub objects: u64,
    pub bytes: u64,
    pub entries: u64,
}

/// Which entries proofs from outside cover.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Covered {
    pub up_to: u64,
    pub by: Vec<String>,
    pub self_attested: u64,
}

/// How the sealed values stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SealedCount {
    pub present: u64,
    pub withheld: u64,
    pub erased: u64,
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verification {
    pub verdict: Verdict,
    pub depth: Depth,
    pub checked: Checked,
    pub findings: Vec<Finding>,
    pub anchored: Covered,
    pub sealed: SealedCount,
    /// The head: size and root in short form, to compare with one noted elsewhere.
    pub fingerprint: Option<String>,
    pub fixity: FixityCount,
    /// What is worth knowing and changes no verdict.
    pub notes: Vec<String>,
    /// Each object that was looked at, and what its bytes said.
    #[serde(skip)]
    pub looked: Vec<(Digest, Fixity)>,
}

impl Verification {
    /// What to record of the check, in pieces that fit into entries.
    pub fn fixity_events(&self) -> Vec<Event> {
        let depth = match self.depth {
            Depth::Quick => "quick",
            Depth::Full => "full",
        };
        let all = |outcome: Fixity, some: &[(Digest, Fixity)]| {
            some.iter().filter(|(_, found)| *found == outcome).map(|(object, _)| *object).collect()
        };
        let pieces = self.looked.chunks(800).map(|some| {
            Event::FixityChecked(FixityChecked {
                depth: depth.into(),
                confirmed: all(Fixity::Confirmed, some),
                altered: all(Fixity::Altered, some),
                missing: all(Fixity::Missing, some),
            })
        });
        pieces.collect()
    }

    /// Holds the case against a head that was noted earlier, in its short form: it must be a beginning of
    /// today's log.
    pub fn compare_head(&mut self, root: &Path, noted: &str) -> Result<(), VaultError> {
        let reader = Reader::open(root)?;
        let size = noted.split('-').next().and_then(|size| size.parse::<u64>().ok());
        let today = match size {
            Some(size) if size <= reader.size()? => {
                let (origin, _) = reader.identity()?;
                Some(Checkpoint { origin, size, root: reader.root(size)? }.fingerprint())
            }
            _ => None,
        };
        if today.as_deref() == Some(noted) {
            self.notes
                .push(format!("the head {noted} that you noted is a beginning of this log: nothing up to it was rewritten"));
        } else {
            let now = today.map_or("the log has no such size".to_owned(), |today| format!("the log had {today} then"));
            self.findings.push(Finding::red(
                Code::TreeDiffers,
                "head",
                format!("The head {noted} that you noted is none of this log's: {now}"),
            ));
            self.verdict = Verdict::of(&self.findings);
        }
        Ok(())
    }
}

/// Objects whose bytes are to be looked at, largest first, and those that were removed by law.
struct Asked {
    layout: Layout,
    objects: Vec<Object>,
    purged: BTreeMap<Digest, String>,
    /// Every object that the catalogue names, in order.
    known: Vec<Digest>,
}

/// What the bytes said: by the object's number in the list.
struct LookedAt {
    objects: Vec<Object>,
    found: Vec<(usize, (Code, String))>,
    purged: BTreeMap<Digest, String>,
}

fn asked(reader: &Reader, looking: &Looking<'_>) -> Result<Asked, VaultError> {
    let (purged, layout) = (reader.purged()?, reader.layout().clone());
    let mut objects = reader.objects()?;
    let known = objects.iter().map(|object| object.sha256).collect();
    objects.retain(|object| looking.asks(object) && !purged.contains_key(&object.sha256));
    objects.sort_by_key(|object| std::cmp::Reverse(object.size));
    Ok(Asked { layout, objects, purged, known })
}

impl Asked {
    fn look(self, looking: &Looking<'_>) -> LookedAt {
        let total: u64 = self.objects.iter().map(|object| object.size).sum();
        let (done, found) = (AtomicU64::new(0), Mutex::new(Vec::new()));
        check_all(&self.layout, &self.objects, looking.depth, looking.rate, &|nth, wrong| {
            if let Some(wrong) = wrong {
                found.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((nth, wrong));
            }
            let size = self.objects[nth].size;
            (looking.tick)(done.fetch_add(size, Ordering::Relaxed) + size, total);
        });
        let found = found.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
        LookedAt { objects: self.objects, found, purged: self.purged }
    }
}

/// The files of the vault that are none of these objects, which are in order.
fn unnamed(layout: &Layout, known: &[Digest]) -> Result<Vec<ObjectFile>, VaultError> {
    let mut files = Vec::new();
    object_files(layout, |file| {
        if file.digest.is_none_or(|digest| known.binary_search(&digest).is_err()) {
            files.push(file);
        }
        Ok(())
    })?;
    Ok(files)
}

#[derive(Default)]
struct Look {
    checked: Checked,
    findings: Vec<Finding>,
    sealed: SealedCount,
    notes: Vec<String>,
    fingerprint: Option<String>,
    /// Root over the first `n` entries, for the few `n` that are asked about.
    roots: BTreeMap<u64, Hash>,
    leaves: Vec<Hash>,
    /// Hashes over full tiles, by level and place.
    tiles: BTreeMap<(u32, u64), Hash>,
    /// Whether each full bundle of entries is published as it is.
    bundles: Vec<bool>,
    unreadable: bool,
    keys: Keys,
    looked: Vec<(Digest, Fixity)>,
    /// Files that no object had when the vault was walked.
    unnamed: Option<Result<Vec<ObjectFile>, VaultError>>,
    fixity: FixityCount,
    covered: Covered,
}

/// Checks the bytes of some objects, and nothing else. Reads only.
pub fn verify_objects(reader: &Reader, looking: &Looking<'_>) -> Result<Verification, VaultError> {
    let mut look = Look::default();
    let looked = asked(reader, looking)?.look(looking);
    look.objects(looked, reader);
    Ok(look.told(looking.depth))
}

/// Verifies a case. Reads only.
pub fn verify_case(root: &Path, trusted: &[Trusted], looking: &Looking<'_>) -> Result<Verification, VaultError> {
    let mut look = Look::default();
    match Reader::open(root) {
        Ok(reader) => look.case(&reader, trusted, looking)?,
        // The database is part of the evidence: that it cannot be opened is a finding about it.
        Err(error @ VaultError::Sql { .. }) | Err(error @ VaultError::NotOurs { .. }) => look.broken(&error),
        Err(VaultError::Lost { .. }) => {
            look.red(Code::DatabaseDamaged, "case.sqlite", "case.sqlite is gone; `exhibit rebuild` makes it anew from log/");
        }
        Err(error) => return Err(error),
    }
    Ok(look.told(looking.depth))
}

impl Look {
    fn told(mut self, depth: Depth) -> Verification {
        self.findings.sort();
        self.findings.dedup();
        Verification {
            verdict: Verdict::of(&self.findings),
            depth,
            anchored: Covered {
                self_attested: self.checked.entries - self.covered.up_to.min(self.checked.entries),
                ..self.covered
            },
            checked: self.checked,
            findings: self.findings,
            sealed: self.sealed,
            fingerprint: self.fingerprint,
            fixity: self.fixity,
            notes: self.notes,
            looked: self.looked,
        }
    }

    fn red(&mut self, code: Code, subject: &str, detail: impl Into<String>) {
        self.findings.push(Finding::red(code, subject, detail));
    }

    fn broken(&mut self, error: &VaultError) {
        self.findings.push(Finding::red(Code::DatabaseDamaged, "case.sqlite", error.to_string()).at("case.sqlite"));
    }

    /// A part of the database that cannot be read is a finding; the other parts are still looked at.
    fn part(&mut self, result: Result<(), VaultError>) -> Result<(), VaultError> {
        match result {
            Err(error @ (VaultError::Sql { .. } | VaultError::Entry { .. } | VaultError::Ledger(_))) => {
                self.unreadable = true;
                self.broken(&error);
                Ok(())
            }
            other => other,
        }
    }

    /// The objects' bytes are looked at on all cores while log and catalogue are compared.
    fn case(&mut self, reader: &Reader, trusted: &[Trusted], looking: &Looking<'_>) -> Result<(), VaultError> {
        // Writers wait only until the snapshot stands and what can change in log/ has been read.
        let writers = reader.pause_writers()?;
        let steady = match reader.steady() {
            // Not even its list of tables can be read.
            Err(error @ VaultError::Sql { .. }) => {
                self.broken(&error);
                return Ok(());
            }
            other => other?,
        };
        let shelf = Shelf::read(reader);
        let beside = [reader.beside(), reader.beside()];
        drop(writers);
        let asked = asked(reader, looking);
        let (structure, looked) = match asked {
            Err(error) => (self.structure(reader, beside, trusted, looking, &shelf), Err(error)),
            Ok(mut asked) => std::thread::scope(|scope| {
                let (layout, known) = (asked.layout.clone(), std::mem::take(&mut asked.known));
                let bytes = scope.spawn(move || {
                    let unnamed = unnamed(&layout, &known);
                    (asked.look(looking), unnamed)
                });
                (self.structure(reader, beside, trusted, looking, &shelf), Ok(joined(bytes)))
            }),
        };
        structure?;
        let looked = looked.map(|(looked, unnamed)| {
            self.unnamed = Some(unnamed);
            self.objects(looked, reader);
        });
        self.part(looked)?;
        drop(steady);
        self.rest(reader)
    }

    fn structure(
        &mut self,
        reader: &Reader,
        beside: [Result<Reader, VaultError>; 2],
        trusted: &[Trusted],
        looking: &Looking<'_>,
        shelf: &Shelf,
    ) -> Result<(), VaultError> {
        // Each entry is read once, here. Others judge it and sum the rows that must follow from it, while SQLite looks at its file
        // and the rows that it holds are summed.
        let (rows, to_judge) = mpsc::sync_channel::<Vec<LogRow>>(16);
        let (entries, to_replay) = mpsc::sync_channel::<Vec<(u64, Entry)>>(16);
        let [looked_into, checked] = beside;
        let key = SumKey::random();
        let (mut held, mut expected) = (None, None);
        std::thread::scope(|scope| {
            let keyed = key.clone();
            let looked_at = scope.spawn(move || -> Result<_, VaultError> {
                let checked = checked?;
                let problems = checked.integrity_problems()?;
                // What cannot be summed is compared row by row, and told there.
                let sums = keyed.filter(|_| problems.is_empty()).and_then(|key| checked.sums(key).ok());
                Ok((problems, sums))
            });
            let replayed = scope.spawn(move || -> Option<Replay> {
                let replay = Replay::begin(looked_into.ok()?, key?);
                // An entry that refers to what is not there: comparing row by row says what is wrong.
                to_replay.into_iter().flatten().try_for_each(|(index, entry)| replay.take(index, &entry)).ok()?;
                Some(replay)
            });
            let judged = scope.spawn(move || {
                let mut judge = Entries::default();
                for rows in to_judge {
                    let read = rows.iter().filter_map(|row| Some((row.index, judge.take(row)?))).collect();
                    // Whoever replays may have given up: that is told when it is asked for.
                    let _ = entries.send(read);
                }
                judge
            });
            let looked = self.log(reader, shelf, rows);
            let whole = looked.is_ok();
            let looked = self.part(looked);
            let mut judged = joined(judged);
            if whole {
                judged.end();
            }
            self.findings.extend(judged.findings);
            self.unreadable |= judged.unreadable;
            (self.keys, self.sealed) = (judged.keys, judged.sealed);
            let looked = looked.and_then(|()| self.judged(reader, trusted, looking, shelf));
            match joined(looked_at) {
                Ok((problems, sums)) => {
                    held = sums;
                    problems.iter().take(20).for_each(|problem| self.red(Code::DatabaseDamaged, "case.sqlite", problem));
                }
                Err(error) => self.broken(&error),
            }
            expected = joined(replayed);
            looked
        })?;
        if self.unreadable {
            self.notes.push("the catalogue was not compared, because the log cannot be read whole".into());
        } else {
            let compared = reader.compare_with(expected.as_ref().zip(held.as_ref()));
            let compared = compared.map(|findings| self.findings.extend(findings));
            self.part(compared)?;
        }
        Ok(())
    }

    /// Heads and what is published, by the keys of the log, and what is attested.
    fn judged(&mut self, reader: &Reader, trusted: &[Trusted], looking: &Looking<'_>, shelf: &Shelf) -> Result<(), VaultError> {
        let looked = self.head(reader);
        self.part(looked)?;
        let looked = self.published(reader, trusted, shelf);
        self.part(looked)?;
        let looked = attested(reader, &self.keys, &looking.outside, looking.now).map(|all| {
            self.covered = Covered { up_to: all.up_to, by: all.by, self_attested: 0 };
            self.findings.extend(all.findings);
            self.notes.extend(all.notes);
        });
        self.part(looked)
    }

    /// What is compared with the objects, once their bytes were looked at.
    fn rest(&mut self, reader: &Reader) -> Result<(), VaultError> {
        if reader.layout().erasing().exists() {
            let detail = "An erasure was begun and is not finished: the next command that writes to the case finishes it";
            self.findings.push(Finding::amber(Code::ErasureUnfinished, "case", detail));
        }
        match self.extra(reader) {
            Err(error @ VaultError::Io { .. }) => {
                self.red(Code::ObjectMissing, "vault", error.to_string());
                Ok(())
            }
            other => self.part(other),
        }
    }

    /// Every entry in its place, under the tree, and as it was published. Gives them on to be judged.
    fn log(&mut self, reader: &Reader, shelf: &Shelf, judge: SyncSender<Vec<LogRow>>) -> Result<(), VaultError> {
        let mut frontier = Frontier::default();
        let asked: BTreeSet<u64> = [
            shelf.checkpoint.as_ref().ok().and_then(|head| Some(head.as_ref()?.checkpoint.size)),
            reader.publication()?.map(|(size, _)| size),
        ]
        .into_iter()
        .flatten()
        .collect();
        let (mut batch, mut bundle) = (Vec::new(), Vec::new());
        if asked.contains(&0) {
            self.roots.insert(0, frontier.root());
        }
        let read = reader.entries(0..u64::MAX >> 1, |row: LogRow| -> Result<(), VaultError> {
            if frontier.size() != row.index {
                if !self.unreadable {
                    let (from, to) = (frontier.size(), row.index);
                    self.red(
                        Code::EntryMissing,
                        &format!("entry {from}"),
                        format!("Entries {from} to {} are missing from the log", to.saturating_sub(1)),
                    );
                }
                self.unreadable = true;
                return Ok(());
            }
            let leaf = leaf_hash(&row.bytes);
            frontier.push(leaf);
            self.leaves.push(leaf);
            self.checked.entries += 1;
            if asked.contains(&frontier.size()) {
                self.roots.insert(frontier.size(), frontier.root());
            }
            push_entry(&mut bundle, &row.bytes);
            batch.push(row);
            if frontier.size().is_multiple_of(TILE) {
                let path = TilePath::Entries { index: frontier.size() / TILE - 1, width: TILE };
                self.bundles.push(shelf.bytes(&path.to_string()).is_ok_and(|published| published == bundle));
                bundle.clear();
                let _ = judge.send(std::mem::take(&mut batch));
            }
            Ok(())
        });
        // What could be read is judged, however far that was.
        let _ = judge.send(batch);
        drop(judge);
        self.tiles = full_tiles(&self.leaves);
        self.roots.insert(frontier.size(), frontier.root());
        read?;
        for table in reader.odd_rows()? {
            self.red(Code::CatalogueDiffers, table, format!("The table {table} has a row that the format does not know"));
        }
        let (rows_in_all, first) = reader.log_shape()?;
        if rows_in_all != self.checked.entries || first != 0 {
            self.red(
                Code::EntryAltered,
                &format!("entry {first}"),
                format!("The log has {rows_in_all} rows from {first} on; its entries are {}", self.checked.entries),
            );
        }
        for (entry, field) in reader.sealed_of_none()? {
            self.findings.push(uncommitted(&format!("entry {entry}"), &field));
        }
        self.tile_hashes(reader)?;
        let held = self.leaves.len() as u64;
        if reader.publication()?.is_none() && held > 1 {
            self.red(Code::CheckpointDiffers, "publication", "The database has lost how far the log was published");
        }
        if let Some((size, root)) = reader.publication()?
            && self.roots.get(&size).is_none_or(|held| held[..] != root[..])
        {
            self.red(
                Code::CheckpointDiffers,
                "publication",
                format!("The database says that {size} entries were published under a root that its log does not have"),
            );
        }
        Ok(())
    }

    /// The hashes kept over full tiles, made again from the leaves.
    fn tile_hashes(&mut self, reader: &Reader) -> Result<(), VaultError> {
        let mut expected = self.tiles.clone();
        for (level, index, hash) in reader.tile_hashes()? {
            if expected.remove(&(level, index)).is_none_or(|expected| expected[..] != hash[..]) {
                self.red(
                    Code::TreeDiffers,
                    &format!("tile hash {level}/{index}"),
                    "The hash kept over a full tile is not the one that its entries make",
                );
            }
        }
        for (level, index) in expected.into_keys() {
            self.red(Code::TreeDiffers, &format!("tile hash {level}/{index}"), "The hash over a full tile is missing");
        }
        Ok(())
    }

    /// The database's own signed head: every entry is under a signature, published yet or not.
    fn head(&mut self, reader: &Reader) -> Result<(), VaultError> {
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
    fn published(&mut self, reader: &Reader, trusted: &[Trusted], shelf: &Shelf) -> Result<(), VaultError> {
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

    /// What the check of the objects' bytes said, and what there is no check of.
    fn objects(&mut self, looked: LookedAt, reader: &Reader) {
        let LookedAt { objects, found, purged } = looked;
        let layout = reader.layout();
        let name = |object: &Digest| match reader.names_of(object).unwrap_or_default() {
            names if names.is_empty() => format!("object {}", object.short()),
            names => names.join(" "),
        };
        let shown = |path: &Path| path.strip_prefix(&layout.root).unwrap_or(path).to_string_lossy().into_owned();
        let bad: BTreeMap<Digest, Code> = found.iter().map(|(nth, (code, _))| (objects[*nth].sha256, *code)).collect();
        let outcome = |object: &Object| match bad.get(&object.sha256) {
            None => Fixity::Confirmed,
            Some(Code::ObjectMissing) => Fixity::Missing,
            Some(_) => Fixity::Altered,
        };
        self.looked = objects.iter().map(|object| (object.sha256, outcome(object))).collect();
        let count = |outcome| self.looked.iter().filter(|(_, found)| *found == outcome).count() as u64;
        (self.fixity.confirmed, self.fixity.altered, self.fixity.missing) =
            (count(Fixity::Confirmed), count(Fixity::Altered), count(Fixity::Missing));
        for (nth, (code, detail)) in found {
            let object = &objects[nth].sha256;
            self.findings.push(Finding::red(code, name(object), detail).at(shown(&layout.object(object))));
        }
        for (object, reason) in purged {
            let path = layout.object(&object);
            if path.symlink_metadata().is_ok() {
                let detail = "An entry says that the bytes were removed, and they are there";
                self.findings.push(Finding::red(Code::ObjectExtra, name(&object), detail).at(shown(&path)));
            } else {
                let detail = format!("The bytes were removed on purpose, as the log says: {reason}");
                self.findings.push(Finding::amber(Code::ObjectErased, name(&object), detail));
            }
        }
        self.checked.objects = objects.len() as u64;
        self.checked.bytes = objects.iter().map(|object| object.size).sum();
    }

    /// Files in the vault that no entry names. What a run is bringing in at this moment, or was when it
    /// was killed, lies in its staging directory, too, and is left to the next run.
    fn extra(&mut self, reader: &Reader) -> Result<(), VaultError> {
        let mut lost: BTreeSet<Digest> =
            self.looked.iter().filter(|(_, found)| *found == Fixity::Missing).map(|(object, _)| *object).collect();
        let files = self.unnamed.take().unwrap_or_else(|| unnamed(reader.layout(), &[]))?;
        for file in files {
            // Asked anew, and in this order: a running command keeps the staged name until the bytes are recorded.
            let arriving = reader.arriving();
            let path = reader.layout().root.join(&file.path);
            let known = file.digest.map(|digest| reader.object(&digest)).transpose();
            match known {
                Ok(Some(Some(_))) => {}
                // A run that failed has taken it back since. What cannot be asked about is still there.
                _ if is_gone(&path) => {}
                _ if file.digest.is_some_and(|digest| arriving.contains(&digest) && holds(&path, &digest)) => {
                    self.notes.push(format!("{} is not recorded yet: a run is at work, or was interrupted", file.path.display()));
                }
                _ => {
                    let name = file.path.file_name().unwrap_or_default().to_string_lossy();
                    self.fixity.new += 1;
                    // Bytes that are missing in their place may lie here.
                    let bytes = path.symlink_metadata().ok().filter(|found| found.is_file() && !lost.is_empty());
                    let digest = bytes.and_then(|_| digest_of(&path)).filter(|digest| lost.remove(digest));
                    let detail = match digest {
                        Some(digest) => {
                            self.fixity.moved += 1;
                            format!("No entry names this file; its bytes are those of the missing object {digest}")
                        }
                        None => "No entry of the log names this file".to_owned(),
                    };
                    self.findings.push(Finding::red(Code::ObjectExtra, name, detail).at(file.path.to_string_lossy()));
                }
            }
        }
        Ok(())
    }
}

/// What a thread gives; its panic goes on in this one.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// The digest of a file's bytes; none where they cannot be read.
fn digest_of(path: &Path) -> Option<Digest> {
    let file = std::fs::File::open(path).ok()?;
    super::lanes::alone(file, &mut vec![0; 1 << 18]).ok().map(|(digest, _)| digest)
}

/// The hashes over full tiles, by level and place, that these leaves make.
fn full_tiles(leaves: &[Hash]) -> BTreeMap<(u32, u64), Hash> {
    let full = |below: &[Hash]| -> Vec<Hash> {
        let tiles = below.chunks_exact(TILE as usize).map(|tile| {
            let mut frontier = Frontier::default();
            tile.iter().for_each(|hash| frontier.push(*hash));
            frontier.root()
        });
        tiles.collect()
    };
    let (mut all, mut tiles) = (BTreeMap::new(), full(leaves));
    for level in 1.. {
        if tiles.is_empty() {
            break;
        }
        all.extend((0u64..).zip(&tiles).map(|(index, hash)| ((level, index), *hash)));
        tiles = full(&tiles);
    }
    all
}

/// Whether nothing lies here any more. What cannot be asked about may.
fn is_gone(path: &Path) -> bool {
    path.symlink_metadata().is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound)
}

/// Whether a file has these bytes.
fn holds(path: &Path, digest: &Digest) -> bool {
    digest_of(path).is_some_and(|now| now == *digest)
}

/// What the keys' own history says: keys that were lost, and keys that were revoked.
pub(super) fn key_findings(keys: &Keys, size: u64) -> Vec<Finding> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tiles_of_tiles_are_expected_as_soon_as_they_are_full() {
        let leaves: Vec<Hash> = (0..65_537_u32).map(|nth| leaf_hash(&nth.to_be_bytes())).collect();
        let tree = |leaves: &[Hash]| {
            let mut frontier = Frontier::default();
            leaves.iter().for_each(|leaf| frontier.push(*leaf));
            frontier.root()
        };
        let tiles = full_tiles(&leaves);
        assert_eq!(tiles.len(), 257);
        assert_eq!(tiles[&(2, 0)], tree(&leaves[..65_536]));
        assert_eq!(tiles[&(1, 255)], tree(&leaves[255 * 256..256 * 256]));
        assert_eq!(full_tiles(&leaves[..65_535]).len(), 255);
        assert_eq!(full_tiles(&leaves[..255]).len(), 0);
    }

    #[test]
    fn what_cannot_be_asked_about_is_not_gone() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        assert!(is_gone(&file));
        std::fs::write(&file, "bytes").unwrap();
        assert!(!is_gone(&file) && !is_gone(&file.join("below a file")));
        let link = dir.path().join("link");
        std::os::unix::fs::symlink("nowhere", &link).unwrap();
        assert!(!is_gone(&link));
    }
}
