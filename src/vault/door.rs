//! The one door: `Vault::commit` writes entries and catalogue rows in one transaction. Nothing else
//! writes history.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::apply::Applied;
use super::staging::Run;
use super::work::{self, Lease, Task};
use super::{Layout, Reader, Staged, Staging, VaultError, apply, db, durable, lock, nodes, objects, publish, recover};
use crate::evidence::{CaseOpened, Clock, Event, Randomness, Unit};
use crate::ledger::{Checkpoint, Entry, LedgerError, PublicKey, Signer, canonical_value, change_key, root, seal};

/// Who acts: written into every entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// Program and version.
    pub tool: String,
    /// The person, if they gave a name. Sealed in the log.
    pub person: Option<String>,
}

/// What a writer needs from outside: time, chance, a key, and who acts.
#[derive(Clone)]
pub struct Ports {
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Randomness>,
    pub signer: Arc<dyn Signer>,
    pub agent: Agent,
}

/// Everything that one step brings about. One commit takes all of it or nothing.
#[derive(Debug, Default)]
pub struct Effects {
    /// The unit of work that this finishes; a stale lease commits nothing.
    pub lease: Option<Lease>,
    /// Bytes that the events name.
    pub objects: Vec<Staged>,
    pub events: Vec<Event>,
    /// Units that follow.
    pub follow_up: Vec<Task>,
}

/// What became of one `Effects`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Committed {
    /// Its entries, which may be none: everything had been said already.
    Recorded(Range<u64>),
    /// Somebody else has done the unit.
    Stale,
}

/// Sealed values: field, salt and canonical bytes.
pub(super) type Values = Vec<(String, [u8; 16], Vec<u8>)>;

/// An entry, its bytes, and its sealed values.
type Made = (Entry, Vec<u8>, Values);

/// So many entries are sealed before they are written.
const SEALED: usize = 32;

/// Entries that wait in memory, at most, while the rows that others refer to are written.
const WAITING: usize = 1024;

/// A commit of so many entries is worth folding the write-ahead log in for.
const MANY: u64 = 1024;

/// Entries of one transaction on their way into the log. They go in together: the log's trigger makes each a statement of several
/// steps, before which SQLite writes out what the search index has in memory.
struct Growing<'a> {
    db: &'a Connection,
    /// The index of the next entry.
    next: u64,
    waiting: Vec<(u64, Vec<u8>, Values)>,
    rows: Applied<'a>,
}

impl Growing<'_> {
    fn push(&mut self, (entry, bytes, values): Made) -> Result<(), VaultError> {
        self.rows.apply(self.next, &entry)?;
        self.waiting.push((self.next, bytes, values));
        self.next += 1;
        if self.waiting.len() < WAITING { Ok(()) } else { self.write() }
    }

    /// To be called once more at the end.
    fn write(&mut self) -> Result<(), VaultError> {
        let mut write = || -> rusqlite::Result<()> {
            append(self.db, self.waiting.drain(..))?;
            self.rows.aside().write(self.db)
        };
        write().map_err(VaultError::sql("be written"))
    }
}

/// Writes entries and their sealed values at the log's end.
pub(super) fn append(db: &Connection, entries: impl IntoIterator<Item = (u64, Vec<u8>, Values)>) -> rusqlite::Result<()> {
    let mut insert = db.prepare_cached("INSERT INTO log (idx, entry) VALUES (?1, ?2)")?;
    let mut keep = db.prepare_cached("INSERT INTO sealed (idx, field, salt, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (index, bytes, values) in entries {
        insert.execute((index, &bytes))?;
        for (field, salt, value) in &values {
            keep.execute((index, field, &salt[..], value))?;
        }
    }
    Ok(())
}

/// A case open for writing.
pub struct Vault {
    pub(super) reader: Reader,
    pub(super) ports: Ports,
    pub(super) run: Arc<Run>,
    pub(super) origin: String,
    /// The key before, while the change to another is written: both sign.
    former: Option<Arc<dyn Signer>>,
    /// Directories of the vault whose own names this run has made durable.
    synced: BTreeSet<PathBuf>,
    pub(super) unfinished: Option<VaultError>,
}

impl Vault {
    /// Starts a case in a new or empty directory. `settings` becomes its `exhibit.toml`.
    pub fn create(root: &Path, title: Option<String>, settings: &str, ports: Ports) -> Result<Vault, VaultError> {
        let layout = Layout::new(root);
        if root.read_dir().is_ok_and(|mut found| found.next().is_some()) && !Layout::is_case(root) && !Vault::was_begun(root) {
            return Err(VaultError::NotEmpty { path: root.to_path_buf() });
        }
        let absolute = std::path::absolute(root).map_err(VaultError::io("read", root))?;
        durable::create_dir(&absolute)?;
        // Held to the end of the first commit, so that nobody takes a case that is being made for one that
        // was left behind.
        let lock = lock::exclusive(&layout.lock())?;
        if Vault::was_begun(root) {
            // An `init` was killed before its first entry: what it made is made anew.
            for name in ["case.sqlite", "case.sqlite-journal", "case.sqlite-wal", "case.sqlite-shm"] {
                let _ = std::fs::remove_file(root.join(name));
            }
        } else if Layout::is_case(root) {
            return Err(VaultError::AlreadyACase { path: root.to_path_buf() });
        }
        for dir in [layout.vault(), layout.log(), layout.staging()] {
            durable::create_dir(&dir)?;
        }
        let run = start_run_locked(&layout, &ports)?;
        let synced = BTreeSet::new();
        durable::write(&run.temporary(), &layout.settings(), settings.as_bytes())?;
        let mut id = [0; 16];
        ports.random.fill(&mut id);
        let origin = format!("exhibit.case/{}", hex::encode(id));
        let db = db::create(&layout.database())?;
        durable::sync_dir(root)?;
        let opened = CaseOpened { origin: origin.clone(), key: ports.signer.public().to_string(), title };
        let mut vault = Vault { reader: Reader { layout, db }, ports, run, origin, former: None, synced, unfinished: None };
        let committed = vault.commit_locked(vec![Effects { events: vec![Event::CaseOpened(opened)], ..Effects::default() }]);
        let made = committed.and_then(|_| recover::take_over_locked(&mut vault));
        // A vault gives back its leases under the lock when it is dropped.
        drop(lock);
        made.map(|()| vault)
    }

    /// Whether a directory holds only what an `init` makes before its first entry, because it was killed.
    pub fn was_begun(root: &Path) -> bool {
        let ours = [
            "case.lock",
            "case.sqlite",
            "case.sqlite-journal",
            "case.sqlite-shm",
            "case.sqlite-wal",
            "exhibit.toml",
            "log",
            "staging",
            "vault",
        ];
        let mut found = root.read_dir().into_iter().flatten().flatten().peekable();
        let some = found.peek().is_some();
        let nothing_else = found.all(|file| ours.iter().any(|name| file.file_name() == *name));
        let layout = Layout::new(root);
        let mut no_bytes = true;
        let looked = objects::files(&layout, |_| {
            no_bytes = false;
            Ok(())
        });
        let no_entry = !layout.database().exists()
            || match Reader::open(root) {
                Ok(reader) => reader.size().is_ok_and(|size| size == 0),
                // The very first bytes of a database, before its tables.
                Err(VaultError::NotOurs { found, .. }) => found == 0,
                Err(_) => false,
            };
        some && nothing_else
            && looked.is_ok()
            && no_bytes
            && no_entry
            && !layout.checkpoint().exists()
            && (layout.lock().exists() || layout.vault().exists())
    }

    /// Opens a case for writing. What an interrupted run left is put in order first.
    pub fn open(root: &Path, ports: Ports) -> Result<Vault, VaultError> {
        Vault::open_for(root, ports, false)
    }

    /// Opens a case whose key is lost, to put the key at hand in its place.
    pub fn open_without_its_key(root: &Path, ports: Ports, reason: &str) -> Result<Vault, VaultError> {
        let mut vault = Vault::open_for(root, ports, true)?;
        let old = vault.reader.keys()?.at(u64::MAX).cloned();
        let old = old.ok_or(VaultError::Published { what: "the log is empty".into() })?;
        let changed = change_key(&vault.origin, &old, None, vault.ports.signer.as_ref(), reason)?;
        vault.commit(vec![Effects { events: vec![Event::KeyChanged(changed)], ..Effects::default() }])?;
        Ok(vault)
    }

    /// Puts another key in this one's place. Both sign the change, and the head that holds it.
    pub fn change_key(&mut self, new: Arc<dyn Signer>, reason: &str) -> Result<(), VaultError> {
        let old = self.ports.signer.clone();
        let changed = change_key(&self.origin, old.public(), Some(old.as_ref()), new.as_ref(), reason)?;
        self.former = Some(std::mem::replace(&mut self.ports.signer, new));
        let result = self.commit(vec![Effects { events: vec![Event::KeyChanged(changed)], ..Effects::default() }]);
        let former = self.former.take();
        if let (Err(_), Some(former)) = (&result, former) {
            self.ports.signer = former;
        }
        result.map(drop)
    }

    fn open_for(root: &Path, ports: Ports, lost: bool) -> Result<Vault, VaultError> {
        let layout = Layout::new(root);
        if layout.database().is_file() {
            // Says at once, and in its own words, that a medium is read-only.
            lock::exclusive(&layout.lock())?;
        }
        let db = db::open(&layout)?;
        let run = start_run(&layout, &ports)?;
        let reader = Reader { layout, db };
        let origin = reader.identity()?.0;
        match reader.keys()?.at(u64::MAX) {
            Some(key) if !lost && key != ports.signer.public() => {
                let (expected, found) = (key.fingerprint(), ports.signer.public().fingerprint());
                return Err(VaultError::WrongKey { expected, found });
            }
            _ => {}
        }
        let mut vault = Vault { reader, ports, run, origin, former: None, synced: BTreeSet::new(), unfinished: None };
        recover::recover(&mut vault)?;
        Ok(vault)
    }

    /// Why an erasure that was stopped could not be finished when the case was opened. It keeps nobody from writing.
    pub fn unfinished(&self) -> Option<&VaultError> {
        self.unfinished.as_ref()
    }

    /// The same case for reading.
    pub fn reader(&self) -> &Reader {
        &self.reader
    }

    /// Where new bytes go.
    pub fn stage(&self) -> Result<Staging, VaultError> {
        Staging::create(self.run.clone())
    }

    /// A maker of stagings for other threads.
    pub fn intake(&self) -> impl Fn() -> Result<Staging, VaultError> + Clone + Send + Sync + 'static {
        let run = self.run.clone();
        move || Staging::create(run.clone())
    }

    /// Signs something of the case's with its key: the manifest of a bag, say.
    pub fn signer(&self) -> &dyn Signer {
        self.ports.signer.as_ref()
    }

    /// Adds a unit to the queue; false if it was there before.
    pub fn enqueue(&mut self, task: &Task) -> Result<bool, VaultError> {
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        work::enqueue(&self.reader.db, task).map_err(VaultError::sql("be written"))
    }

    /// Leases those of the units that are open. Not synced: losing a lease loses no evidence.
    pub fn claim(&mut self, units: &[Unit]) -> Result<Vec<Lease>, VaultError> {
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        let worker = self.worker();
        let now = self.ports.clock.now();
        self.unsynced(|db| {
            let mut leases = Vec::new();
            for unit in units {
                leases.extend(work::claim(db, unit, &worker, now)?);
            }
            Ok(leases)
        })
    }

    /// Says that this run is alive.
    pub fn heartbeat(&mut self) -> Result<(), VaultError> {
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        let (worker, now) = (self.worker(), self.ports.clock.now());
        self.unsynced(|db| work::heartbeat(db, &worker, now).map(drop).map_err(VaultError::sql("be written")))
    }

    /// Gives back every unit that this run has leased and not finished.
    pub fn release(&mut self) -> Result<(), VaultError> {
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        let worker = self.worker();
        self.unsynced(|db| work::release(db, &worker).map(drop).map_err(VaultError::sql("be written")))
    }

    /// Takes over what runs left that died meanwhile.
    pub fn take_over(&mut self) -> Result<(), VaultError> {
        recover::take_over(self)
    }

    fn worker(&self) -> String {
        self.run.dir.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// A transaction that need not survive the power going.
    fn unsynced<T>(&self, write: impl FnOnce(&rusqlite::Connection) -> Result<T, VaultError>) -> Result<T, VaultError> {
        let db = &self.reader.db;
        db.execute_batch("PRAGMA synchronous = NORMAL").map_err(VaultError::sql("be written"))?;
        let result = Transaction::new_unchecked(db, TransactionBehavior::Immediate)
            .map_err(VaultError::sql("be written"))
            .and_then(|transaction| {
                let value = write(&transaction)?;
                transaction.commit().map_err(VaultError::sql("be written"))?;
                Ok(value)
            });
        db.execute_batch("PRAGMA synchronous = FULL").map_err(VaultError::sql("be written"))?;
        result
    }

    /// Commits steps: each whole or not at all, all in one transaction. When this returns, everything
    /// in it is durable and published.
    pub fn commit(&mut self, batch: Vec<Effects>) -> Result<Vec<Committed>, VaultError> {
        let _lock = lock::exclusive(&self.reader.layout.lock())?;
        self.commit_locked(batch)
    }

    pub(super) fn commit_locked(&mut self, batch: Vec<Effects>) -> Result<Vec<Committed>, VaultError> {
        let result = self.commit_batch(&batch);
        if result.is_err() {
            // What may have its name in the vault already stays in staging, too, for the next run to adopt.
            batch.iter().flat_map(|effects| &effects.objects).for_each(|staged| staged.rescued.store(true, Ordering::Relaxed));
        }
        result
    }

    fn commit_batch(&mut self, batch: &[Effects]) -> Result<Vec<Committed>, VaultError> {
        let mut fresh = Vec::new();
        for effects in batch {
            let holds = effects.lease.as_ref().map(|lease| work::holds(&self.reader.db, lease));
            fresh.push(holds.transpose().map_err(VaultError::sql("be read"))?.unwrap_or(true));
        }
        // What was erased by law may be served still: that is recorded, and the bytes are not kept again.
        let mut taken: Vec<&Staged> = Vec::new();
        for staged in batch.iter().zip(&fresh).filter(|(_, fresh)| **fresh).flat_map(|(effects, _)| &effects.objects) {
            if !self.reader.is_purged(&staged.digests().sha256)? {
                taken.push(staged);
            }
        }
        // Bytes before their names, so that what has a name in the vault is whole whatever happens.
        let bodies: Vec<&Path> = taken.iter().filter(|staged| !staged.durable).map(|staged| staged.path.as_path()).collect();
        self.run.disk.sync(&bodies)?;
        let mut dirs = BTreeSet::new();
        for staged in taken {
            let kept = objects::keep(&self.reader.layout, staged)?;
            dirs.extend(kept.changed);
            dirs.extend(kept.above.into_iter().filter(|dir| !self.synced.contains(dir)));
        }
        self.run.disk.sync(&dirs.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
        self.synced.extend(dirs);
        // From here on a crash leaves bytes without an entry: the next run adopts them.
        let transaction =
            Transaction::new_unchecked(&self.reader.db, TransactionBehavior::Immediate).map_err(VaultError::sql("be written"))?;
        // Each entry is hashed once for all that is made of it.
        let nodes = nodes::Remembered::new(&self.reader.db);
        let old = nodes::size(&self.reader.db)?;
        // What is signed over was signed before, also if the case was open meanwhile.
        let signed = match self.reader.head()? {
            Some(head) => head.checkpoint.size == old && root(&nodes, old)? == head.checkpoint.root,
            None => old == 0,
        };
        if !signed {
            return Err(VaultError::Published { what: "the entries in the database are not those under its signed head".into() });
        }
        let told = self.write_all(batch, &fresh)?;
        let new = nodes::size(&self.reader.db)?;
        if new > old {
            nodes::keep_tile_hashes(&nodes, old, new)?;
            publish::sign_head(&nodes, &self.origin, self.ports.signer.as_ref(), self.former.as_deref())?;
        }
        transaction.commit().map_err(VaultError::sql("be written"))?;
        // From here on a crash is harmless: entries and objects are durable and name each other.
        if new > old {
            self.publish_from(&nodes, new - old >= MANY)?;
        }
        Ok(told)
    }

    /// Writes what holds still. Entries are sealed on another core while those before them are written.
    fn write_all(&self, batch: &[Effects], fresh: &[bool]) -> Result<Vec<Committed>, VaultError> {
        let (agent, random) = (&self.ports.agent, self.ports.random.as_ref());
        let mut wanted = Vec::new();
        for (effects, _) in batch.iter().zip(fresh).filter(|(_, fresh)| **fresh) {
            let (time, unit) = (self.ports.clock.now(), effects.lease.as_ref().map(|lease| &lease.task.unit));
            wanted.extend(effects.events.iter().map(|event| (time, unit, event)));
        }
        let sealed = wanted.into_iter().map(move |(time, unit, event)| -> Result<Made, LedgerError> {
            let (tool, person) = (agent.tool.clone(), agent.person.clone());
            let entry = Entry { time, tool, person, work: unit.cloned(), event: event.clone() };
            let (bytes, values) = seal(&entry, random)?;
            let values = values.into_iter().map(|sealed| (sealed.field, sealed.salt, canonical_value(&sealed.value)));
            Ok((entry, bytes, values.collect()))
        });
        let write_each = |made: &mut dyn Iterator<Item = Result<Made, LedgerError>>| {
            let db = &self.reader.db;
            let mut growing = Growing { db, next: nodes::size(db)?, waiting: Vec::new(), rows: Applied::new(db) };
            let mut write = |(effects, fresh): (&Effects, &bool)| match fresh {
                true => write_one(&mut growing, effects, made),
                false => Ok(Committed::Stale),
            };
            let told = batch.iter().zip(fresh).map(&mut write).collect::<Result<Vec<_>, _>>()?;
            growing.write().map(|()| told)
        };
        std::thread::scope(|scope| {
            let (sender, receiver) = mpsc::sync_channel(SEALED);
            // Whoever writes may have failed.
            let seal_each = move || {
                let _ = sealed.into_iter().try_for_each(|made| sender.send(made).ok());
            };
            let begun = std::thread::Builder::new().spawn_scoped(scope, seal_each);
            begun.map_err(VaultError::io("seal entries for", &self.reader.layout.root))?;
            write_each(&mut receiver.into_iter())
        })
    }

    /// Brings `log/` up to the database, from where it was when last published whole, and remembers in
    /// the database how far it is.
    pub(super) fn publish_locked(&self) -> Result<Checkpoint, VaultError> {
        self.publish_from(&nodes::Remembered::new(&self.reader.db), false)
    }

    /// `fold`: the write-ahead log is folded in meanwhile, so that the next commit need not.
    fn publish_from(&self, nodes: &nodes::Remembered<'_>, fold: bool) -> Result<Checkpoint, VaultError> {
        let (layout, old) = (&self.reader.layout, self.reader.publication()?.map_or(0, |(size, _)| size));
        let head = std::thread::scope(|scope| {
            if fold {
                // Where it cannot be, it grows a little more.
                let _ = std::thread::Builder::new().spawn_scoped(scope, || db::fold(layout));
            }
            publish::publish(layout, nodes, (&self.run.disk, &self.run.temporary()), old)
        })?;
        let mark = head.clone();
        self.unsynced(move |db| {
            db.execute("INSERT OR REPLACE INTO publication VALUES (0, ?1, ?2)", (mark.size, mark.root))
                .map(drop)
                .map_err(VaultError::sql("be written"))
        })?;
        Ok(head)
    }

    /// Who acts.
    pub fn agent(&self) -> &Agent {
        &self.ports.agent
    }

    /// The key that signs this case.
    pub fn key(&self) -> &PublicKey {
        self.ports.signer.public()
    }
}

fn write_one(
    growing: &mut Growing<'_>,
    effects: &Effects,
    made: &mut dyn Iterator<Item = Result<Made, LedgerError>>,
) -> Result<Committed, VaultError> {
    let (db, first) = (growing.db, growing.next);
    // A thread that seals and breaks off takes this one along: nothing is committed then.
    for (event, made) in effects.events.iter().zip(made) {
        if !apply::already_said(db, event)? {
            growing.push(made?)?;
        }
    }
    let settle = || -> rusqlite::Result<()> {
        if let Some(lease) = &effects.lease {
            work::finish(db, lease)?;
        }
        for task in &effects.follow_up {
            work::enqueue(db, task)?;
        }
        Ok(())
    };
    settle().map_err(VaultError::sql("be written"))?;
    Ok(Committed::Recorded(first..growing.next))
}

impl Drop for Vault {
    fn drop(&mut self) {
        // Best effort: the next run gives back a dead run's leases.
        let _ = self.release();
    }
}

fn start_run(layout: &Layout, ports: &Ports) -> Result<Arc<Run>, VaultError> {
    // Under the lock, so that nobody takes a run that is just starting for a dead one.
    let _lock = lock::exclusive(&layout.lock())?;
    start_run_locked(layout, ports)
}

fn start_run_locked(layout: &Layout, ports: &Ports) -> Result<Arc<Run>, VaultError> {
    let mut name = [0; 8];
    ports.random.fill(&mut name);
    // The process number keeps runs apart even where chance is injected.
    let name = format!("{}-{}", hex::encode(name), std::process::id());
    Run::start(&layout.staging(), &name).map(Arc::new)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::evidence::{Item, MediaKind, Time};

    /// Entries go into the log many at once, and none is left behind.
    #[test]
    fn entries_wait_for_each_other() {
        let db = Connection::open_in_memory().unwrap();
        db::create_tables(&db).unwrap();
        let mut growing = Growing { db: &db, next: 0, waiting: Vec::new(), rows: Applied::new(&db) };
        for nth in 1..=WAITING + 1 {
            let (key, kind) = (format!("url:{nth}"), MediaKind::Video);
            let event = Event::ItemIdentified(Item { key, kind, url: None, platform: None, platform_id: None });
            let entry = Entry { time: Time::from_micros(0), tool: "t".into(), person: None, work: None, event };
            growing.push((entry, vec![1], vec![("person".into(), [0; 16], vec![2])])).unwrap();
            assert_eq!(growing.waiting.len(), nth % WAITING);
        }
        growing.write().unwrap();
        let count =
            |table: &str| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, usize>(0)).unwrap();
        assert_eq!(["log", "sealed", "item", "custody_event"].map(count), [WAITING + 1; 4]);
        assert_eq!(nodes::size(&db).unwrap(), growing.next);
    }
}
