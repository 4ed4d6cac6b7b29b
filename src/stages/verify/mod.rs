//! Proves that nothing changed, or names what did: log, published log, sealed values, catalogue, objects.

mod objects;
mod published;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::mpsc::{self, SyncSender};

use serde::Serialize;

use super::anchor::{Outside, attested};
use super::entries::{Entries, uncommitted};
use super::shelf::Shelf;
use crate::evidence::{Code, Digest, Event, Finding, Fixity, FixityChecked, Object, Time, Verdict};
use crate::keyring::Trusted;
use crate::ledger::{Checkpoint, Entry, Frontier, Hash, Keys, TILE, TilePath, leaf_hash, push_entry};
use crate::vault::{LogRow, ObjectFile, Reader, Replay, SumKey, VaultError};
use objects::{asked, unnamed};
pub(super) use published::key_findings;

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
}

/// What a thread gives; its panic goes on in this one.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
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
}
