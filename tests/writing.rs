//! Who may begin a case, who holds what of it, and what opening one puts in order or refuses.

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use exhibit::evidence::{
    Digest, Event, Examination, Facts, Item, MediaKind, NoteAdded, Object, ObjectKept, Probe, Subject, Unit, ValueErased, Verdict,
};
use exhibit::ledger::{Checkpoint, Note, Signer};
use exhibit::vault::{
    Committed, Effects, Erasure, Lease, Order, Ports, Reader, Rebuilt, Staged, Task, Vault, VaultError, rebuild,
};
use support::tamper::{overwrite, sql, writable};
use support::{case, copy_dir, ports, verify};
use tempfile::TempDir;

/// Ports of a run whose directory has another name than that of [`case`].
fn another() -> Ports {
    let ports = ports();
    ports.random.fill(&mut [0; 320]);
    ports
}

fn create(root: &Path) -> Result<Vault, VaultError> {
    Vault::create(root, None, exhibit::config::TEMPLATE, ports())
}

fn open(root: &Path) -> Result<Vault, VaultError> {
    Vault::open(root, another())
}

fn item(nth: u64) -> Event {
    let key = format!("url:{nth}");
    Event::ItemIdentified(Item { key, kind: MediaKind::Video, url: None, platform: None, platform_id: None })
}

fn note(nth: u64, text: &str) -> Event {
    Event::NoteAdded(NoteAdded { subject: Subject::Item(format!("url:{nth}")), text: Some(text.into()) })
}

fn say(vault: &mut Vault, events: Vec<Event>) -> Committed {
    vault.commit(vec![Effects { events, ..Effects::default() }]).unwrap().remove(0)
}

fn staged(vault: &Vault, bytes: &[u8]) -> Staged {
    let mut staging = vault.stage().unwrap();
    staging.write_all(bytes).unwrap();
    staging.finish().unwrap()
}

/// Records bytes of which nothing else is known.
fn keep(vault: &mut Vault, bytes: &[u8]) -> Digest {
    let staged = staged(vault, bytes);
    let digests = staged.digests();
    let (sha256, blake3, size) = (digests.sha256, digests.blake3, digests.size);
    let object = Object { sha256, blake3, size, media_type: Object::UNTYPED.into() };
    let events = vec![Event::ObjectKept(ObjectKept { object, because: None })];
    vault.commit(vec![Effects { objects: vec![staged], events, ..Effects::default() }]).unwrap();
    sha256
}

/// Names in a directory.
fn names(dir: &Path) -> BTreeSet<String> {
    fs::read_dir(dir).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect()
}

/// A case without entries, as a killed `init` leaves it.
fn without_entries(root: &Path) {
    drop(create(root).unwrap());
    fs::remove_file(root.join("log/checkpoint")).unwrap();
    sql(root, "DELETE FROM sealed; DELETE FROM head; DELETE FROM log");
}

/// A directory is begun anew only where an `init` was killed before its first entry: whatever anybody may want to keep is left alone.
#[test]
fn only_what_an_init_leaves_is_begun_anew() {
    let dir =
        |names: &'static [&str]| move |root: &Path| names.iter().for_each(|dir| fs::create_dir_all(root.join(dir)).unwrap());
    let file = |name: &'static str, bytes: &'static [u8]| {
        move |root: &Path| {
            fs::create_dir_all(root.join(name).parent().unwrap()).unwrap();
            fs::write(root.join(name), bytes).unwrap();
        }
    };
    let object = |bytes: &'static [u8]| {
        move |root: &Path| {
            let path = exhibit::vault::Layout::new(root).object(&Digest::of(bytes));
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
    };
    let foreign = |root: &Path| {
        let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
        db.execute_batch("PRAGMA application_id = 7; CREATE TABLE contacts (name)").unwrap();
    };
    let with_an_entry = |root: &Path| {
        drop(create(root).unwrap());
        fs::remove_file(root.join("log/checkpoint")).unwrap();
    };
    type Make<'a> = &'a dyn Fn(&Path);
    let lock: Make<'_> = &file("case.lock", b"");
    let vault: Make<'_> = &dir(&["vault/sha256"]);
    let cases: &[(&str, bool, &[Make<'_>])] = &[
        ("its lock", true, &[lock]),
        ("its vault", true, &[vault]),
        ("all directories and settings", true, &[lock, vault, &dir(&["log", "staging/x"]), &file("exhibit.toml", b"x")]),
        ("the first bytes of a database", true, &[lock, &file("case.sqlite", b"")]),
        ("a database without an entry", true, &[&without_entries]),
        ("nothing", false, &[]),
        ("somebody's settings", false, &[&file("exhibit.toml", b"x")]),
        ("somebody's directories", false, &[&dir(&["log", "staging"])]),
        ("a file of somebody's", false, &[lock, vault, &file("notes.txt", b"x")]),
        ("bytes", false, &[lock, &object(b"1")]),
        ("more bytes", false, &[lock, &object(b"1"), &object(b"2")]),
        ("a published log", false, &[lock, vault, &file("log/checkpoint", b"x")]),
        ("an entry", false, &[&with_an_entry]),
        ("another program's database", false, &[lock, &foreign]),
        ("something in the database's place", false, &[lock, &file("case.sqlite", &[b'x'; 200])]),
    ];
    for (what, begun, makes) in cases {
        let root = tempfile::tempdir().unwrap();
        makes.iter().for_each(|make| make(root.path()));
        assert_eq!(Vault::was_begun(root.path()), *begun, "{what}");
        let before = support::contents(root.path());
        if *begun || makes.is_empty() {
            drop(create(root.path()).unwrap());
            assert_eq!(verify(root.path()).findings, [], "{what}");
        } else {
            assert!(create(root.path()).is_err(), "{what}");
            assert!(support::contents(root.path()) == before, "{what}");
        }
    }
}

/// A unit of work is one run's as long as it lives, and anybody's when it gives it back or ends.
#[test]
fn a_unit_is_one_runs_until_it_is_given_back() {
    let (_dir, root, mut one) = case();
    let mut two = open(&root).unwrap();
    let units: Vec<Unit> = ["a", "b"].map(|reason| Unit::capture("url:1", reason)).into();
    say(&mut one, vec![item(1)]);
    for unit in &units {
        let task = Task { unit: unit.clone(), subject: "url:1".into() };
        assert_eq!((one.enqueue(&task).unwrap(), two.enqueue(&task).unwrap()), (true, false));
    }
    let held = one.claim(&units).unwrap();
    assert_eq!(held.len(), 2);
    // Neither looks at what runs left that died takes anything from one that lives.
    for vault in [&mut one, &mut two] {
        vault.take_over().unwrap();
        assert_eq!(vault.claim(&units).unwrap(), Vec::<Lease>::new());
    }
    one.release().unwrap();
    let taken = two.claim(&units).unwrap();
    assert_eq!(taken.len(), 2);
    let finish = |vault: &mut Vault, lease: &Lease, text: &str| {
        let effects = Effects { lease: Some(lease.clone()), events: vec![note(1, text)], ..Effects::default() };
        vault.commit(vec![effects]).unwrap().remove(0)
    };
    assert_eq!(finish(&mut one, &held[0], "too late"), Committed::Stale);
    assert_eq!(finish(&mut two, &taken[0], "in time"), Committed::Recorded(2..3));
    assert_eq!(two.reader().unit_state(&units[0]).unwrap().as_deref(), Some("done"));
    // A run that ends gives back what it has not finished, at once.
    drop(two);
    assert_eq!(one.reader().unit_state(&units[1]).unwrap().as_deref(), Some("queued"));
    assert_eq!(one.claim(&units).unwrap().len(), 1);
}

/// Whoever copies the published log keeps writers out meanwhile.
#[test]
fn writers_wait_while_the_published_log_is_read() {
    let (_dir, root, vault) = case();
    let lock = fs::File::open(root.join("case.lock")).unwrap();
    let paused = vault.reader().pause_writers().unwrap();
    assert!(lock.try_lock().is_err());
    drop(paused);
    lock.try_lock().unwrap();
}

/// Bytes that were begun and given up leave no file; whole ones that could not be committed stay for whoever comes next.
#[test]
fn what_is_given_up_leaves_nothing_and_what_is_whole_stays() {
    let (_dir, root, vault) = case();
    let run = fs::read_dir(root.join("staging")).unwrap().next().unwrap().unwrap().path();
    let mut begun = vault.stage().unwrap();
    begun.write_all(b"a beginning").unwrap();
    begun.flush().unwrap();
    assert_eq!((begun.size(), names(&run).len()), (11, 2));
    drop(begun);
    assert_eq!(names(&run), ["alive".to_owned()].into());
    drop(vault);
    assert!(!run.exists());
    // Others lie in their place: nothing can be said of them, and they are not given up.
    let mut vault = open(&root).unwrap();
    let digest = keep(&mut vault, b"as it came");
    let place = exhibit::vault::Layout::new(&root).object(&digest);
    writable(&place);
    fs::write(&place, b"as it was").unwrap();
    let run = fs::read_dir(root.join("staging")).unwrap().next().unwrap().unwrap().path();
    let again = vec![Effects { objects: vec![staged(&vault, b"as it came")], ..Effects::default() }];
    assert!(vault.commit(again).unwrap_err().to_string().contains("was altered"));
    drop(vault);
    assert!(names(&run).iter().any(|name| name.starts_with(&digest.to_string())), "{:?}", names(&run));
}

/// What a case says already is not said again, whoever says it.
#[test]
fn nothing_is_said_twice() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("case");
    let ports = ports();
    let how = support::archiving(&ports, 4);
    let mut vault = Vault::create(&root, None, exhibit::config::TEMPLATE, ports).unwrap();
    let report = exhibit::stages::Source::File(support::example().join("report.html"));
    exhibit::stages::archive(&mut vault, &[report], &how, &mut support::Silent).unwrap().remove(0).unwrap();
    let size = vault.reader().size().unwrap();
    let (mut events, mut kinds) = (Vec::new(), BTreeSet::new());
    vault
        .reader()
        .entries(0..size, |row| {
            let event = exhibit::ledger::open(&row.bytes, &row.sealed)?.event;
            let once = matches!(
                event,
                Event::ItemIdentified(_)
                    | Event::ObjectKept(_)
                    | Event::ReportReceived(_)
                    | Event::ReferenceFound(_)
                    | Event::ExhibitAdmitted(_)
                    | Event::ExaminationMade(_)
            );
            if once {
                kinds.insert(event.kind());
                events.push(event);
            }
            Ok::<_, VaultError>(())
        })
        .unwrap();
    assert_eq!(kinds.len(), 6, "{kinds:?}");
    assert_eq!(say(&mut vault, events), Committed::Recorded(size..size));
}

/// Bytes whose type is told later, twice, or never are what the log says, by the sums as by the rows.
#[test]
fn a_type_that_is_told_later_is_expected() {
    let (_dir, root, mut vault) = case();
    let kept = [b"told", b"twic", b"none"].map(|bytes| keep(&mut vault, bytes));
    let examined = |object: Digest, version: &str, mime: &str| {
        let probe = Probe { name: "sniff".into(), version: version.into() };
        let facts = Facts { mime: Some(mime.into()), ..Facts::default() };
        Event::ExaminationMade(Box::new(Examination { object, probe, facts, location: None, device: None, problems: Vec::new() }))
    };
    let said = [
        examined(kept[0], "1", "video/mp4"),
        examined(kept[1], "1", Object::UNTYPED),
        examined(kept[1], "2", "image/png"),
        examined(kept[1], "3", "image/gif"),
    ];
    say(&mut vault, said.into());
    drop(vault);
    assert_eq!(verify(&root).findings, []);
    let reader = Reader::open(&root).unwrap();
    let types = kept.map(|digest| reader.object(&digest).unwrap().unwrap().media_type);
    assert_eq!(types, ["video/mp4", "image/png", Object::UNTYPED]);
}

/// A commit of many entries leaves the write-ahead log folded in, but takes nothing from under a reader.
#[test]
fn much_is_folded_in_at_once() {
    let (_dir, root, mut vault) = case();
    let open = || rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    let (other, reader) = (open(), open());
    // Looking folds in, too, but makes no room: the next transaction does.
    let pages = || other.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, u64>(1)).unwrap();
    let seen = || reader.query_row("SELECT count(*) FROM log", [], |row| row.get::<_, u64>(0)).unwrap();
    say(&mut vault, (0..1100).map(item).collect());
    assert!(pages() < 10);
    reader.execute_batch("BEGIN").unwrap();
    let before = seen();
    say(&mut vault, (1100..2200).map(item).collect());
    assert_eq!(seen(), before);
    assert!(pages() > 100);
    reader.execute_batch("COMMIT").unwrap();
    assert_eq!(seen(), before + 1100);
    say(&mut vault, (2200..3300).map(item).collect());
    assert!(pages() < 10);
    // A few wait for more.
    say(&mut vault, (3300..3700).map(item).collect());
    assert!(pages() > 30);
    drop(vault);
    assert_eq!(verify(&root).findings, []);
}

/// A case of four entries, and a copy of it that has three.
fn grown() -> (TempDir, PathBuf, PathBuf) {
    let (dir, root, mut vault) = case();
    say(&mut vault, vec![item(1), note(1, "before")]);
    drop(vault);
    let before = dir.path().join("before");
    copy_dir(&root, &before);
    say(&mut open(&root).unwrap(), vec![note(1, "after")]);
    (dir, root, before)
}

/// Marks that only so many entries had been published when last looked at.
fn marked(root: &Path, size: u64) {
    let hash = hex::encode(Reader::open(root).unwrap().root(size).unwrap());
    sql(root, &format!("UPDATE publication SET size = {size}, root = x'{hash}'"));
}

/// What a run had committed when it was killed is published by the next, and how far that is, is known after it.
#[test]
fn what_was_committed_is_published_by_the_next_run() {
    let published = |root: &Path| {
        let note = Note::parse(&fs::read_to_string(root.join("log/checkpoint")).unwrap()).unwrap();
        let size = Checkpoint::parse(&note.text).unwrap().size;
        (size, Reader::open(root).unwrap().publication().unwrap().unwrap().0)
    };
    let (_dir, root, before) = grown();
    assert_eq!((published(&root), published(&before)), ((4, 4), (3, 3)));
    // Killed before it published.
    fs::remove_dir_all(root.join("log")).unwrap();
    copy_dir(&before.join("log"), &root.join("log"));
    marked(&root, 3);
    assert_eq!(published(&root), (3, 3));
    drop(open(&root).unwrap());
    assert_eq!(published(&root), (4, 4));
    // Killed before it remembered that.
    marked(&root, 3);
    assert_eq!(published(&root), (4, 3));
    drop(open(&root).unwrap());
    assert_eq!(published(&root), (4, 4));
    assert_eq!(verify(&root).findings, []);
}

/// Whoever would write to a case is refused where what they would sign over is not what was signed before.
#[test]
fn a_case_that_is_not_what_was_signed_is_not_written_to() {
    let (_dir, root, before) = grown();
    let refused = |damage: &dyn Fn(&Path), says: &str| {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        copy_dir(&root, &copy);
        damage(&copy);
        let log = support::contents(&copy.join("log"));
        let rows = |copy: &Path| {
            let db = rusqlite::Connection::open(copy.join("case.sqlite")).unwrap();
            let count = |table| db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, u64>(0)).unwrap();
            ["log", "head", "publication", "custody_event"].map(count)
        };
        let before = rows(&copy);
        let told = open(&copy).map(drop).unwrap_err().to_string();
        assert!(told.contains(says), "{says}: {told}");
        assert!(support::contents(&copy.join("log")) == log, "{says}");
        assert_eq!(rows(&copy), before, "{says}");
        assert_eq!(verify(&copy).verdict, Verdict::Red, "{says}");
    };
    let reader = Reader::open(&root).unwrap();
    let (origin, size) = (reader.identity().unwrap().0, reader.size().unwrap());
    let at = |size: u64| reader.root(size).unwrap();
    let stranger = exhibit::keyring::FileKey::from_seed([9; 32]).unwrap();
    let own = support::key();
    let signed = |origin: &str, size: u64, root: [u8; 32], signer: &dyn Signer| {
        Note::sign(Checkpoint { origin: origin.into(), size, root }.to_string(), origin, signer).unwrap().to_string()
    };
    let head = |copy: &Path, note: &str| sql(copy, &format!("UPDATE head SET note = '{note}'"));
    let publish = |copy: &Path, note: &str| overwrite(&copy.join("log/checkpoint"), note.as_bytes());
    let (key, other) = ("not signed by this case's key", "exhibit.case/00000000000000000000000000000000");
    let apart = "is not a beginning";
    // An entry that nobody signed, and a head that is not over these.
    let unsigned = "those under its signed head";
    refused(&|copy| sql(copy, "INSERT INTO log SELECT 4, entry FROM log WHERE idx = 3"), unsigned);
    refused(&|copy| sql(copy, "DELETE FROM head"), unsigned);
    refused(&|copy| head(copy, &signed(&origin, 3, at(3), &*own)), unsigned);
    for put in [&head as &dyn Fn(&Path, &str), &publish] {
        refused(&|copy| put(copy, &signed(other, size, at(size), &*own)), key);
        refused(&|copy| put(copy, &signed(&origin, size, at(size), &stranger)), key);
        refused(&|copy| put(copy, &signed(&origin, size, at(3), &*own)), apart);
    }
    // The same while a case is open.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    copy_dir(&root, &copy);
    let mut vault = open(&copy).unwrap();
    let mut refused_now = || {
        let effects = Effects { events: vec![note(1, "on top")], ..Effects::default() };
        let told = vault.commit(vec![effects]).unwrap_err().to_string();
        assert!(told.contains(unsigned), "{told}");
        assert_eq!(vault.reader().size().unwrap(), size);
    };
    head(&copy, &signed(&origin, 3, at(3), &*own));
    refused_now();
    head(&copy, &signed(&origin, size, at(size), &*own));
    sql(&copy, "UPDATE log SET entry = (SELECT entry FROM log WHERE idx = 2) WHERE idx = 3");
    refused_now();
    // An older copy of the database beside a log that went on.
    refused(
        &|copy| {
            for file in ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"] {
                let _ = fs::remove_file(copy.join(file));
            }
            fs::copy(before.join("case.sqlite"), copy.join("case.sqlite")).unwrap();
        },
        apart,
    );
    assert_eq!(verify(&root).findings, []);
}

/// Bytes that a dead run had received are kept, unless others lie in their place: then they stay where they are, for a person to look at.
#[test]
fn bytes_of_a_dead_run_are_not_given_up_for_altered_ones() {
    let (_dir, root, mut vault) = case();
    let digest = keep(&mut vault, b"as it came");
    drop(vault);
    let (dead, place) = (root.join("staging/dead-1"), exhibit::vault::Layout::new(&root).object(&digest));
    let put = |bytes: &[u8]| {
        fs::create_dir_all(&dead).unwrap();
        fs::write(dead.join(format!("{}-0", Digest::of(bytes))), bytes).unwrap();
    };
    // What the vault has as well is not needed twice.
    put(b"as it came");
    drop(open(&root).unwrap());
    assert!(!dead.exists());
    // What cannot be read now may be read another time.
    let unread = dead.join(format!("{}-0", Digest::of(b"unread")));
    fs::create_dir_all(&unread).unwrap();
    drop(open(&root).unwrap());
    assert!(unread.exists());
    fs::remove_dir(&unread).unwrap();
    drop(open(&root).unwrap());
    assert!(!dead.exists());
    writable(&place);
    fs::write(&place, b"as it was").unwrap();
    put(b"as it came");
    put(b"another that came");
    drop(open(&root).unwrap());
    assert_eq!(names(&dead), [format!("{digest}-0"), format!("{}-0", Digest::of(b"another that came"))].into());
    // The other is kept, and named by an entry.
    let reader = Reader::open(&root).unwrap();
    assert_eq!(reader.object(&Digest::of(b"another that came")).unwrap().unwrap().size, 17);
    fs::write(&place, b"as it came").unwrap();
    drop(open(&root).unwrap());
    assert!(!dead.exists());
    assert_eq!(verify(&root).findings, []);
}

/// A rebuild counts what it made, tells how far it is, and clears away only what a killed one left.
#[test]
fn a_rebuild_counts_and_clears_away_only_its_own() {
    let (_dir, root, mut vault) = case();
    // More than two tiles, the second begun by one commit and filled by the next.
    for nth in [0..50, 50..200, 200..700] {
        say(&mut vault, nth.flat_map(|nth| [item(nth), note(nth, "seen")]).collect());
    }
    let size = vault.reader().size().unwrap();
    drop(vault);
    let told = |root: &Path| {
        let ticks = std::cell::RefCell::new(Vec::new());
        let rebuilt = rebuild(root, &|done, of| ticks.borrow_mut().push((done, of))).unwrap();
        let ticks = ticks.into_inner();
        assert!(ticks.len() > 2 && ticks.is_sorted(), "{ticks:?}");
        assert_eq!(ticks.last(), Some(&(size, size)));
        rebuilt
    };
    for (name, bytes) in
        [("case.sqlite.aB3dE6", ""), ("case.sqlite.kept01", "x"), ("case.sqlite.old", ""), ("other.sqlite.aB3dE6", "")]
    {
        fs::write(root.join(name), bytes).unwrap();
    }
    fs::create_dir(root.join("case.sqlite.direct")).unwrap();
    for left in ["case.sqlite.rebuilding", "case.sqlite.rebuilding-wal"] {
        fs::write(root.join(left), "x").unwrap();
    }
    assert_eq!(told(&root), Rebuilt::Catalogue { entries: size });
    let mut stays = BTreeSet::new();
    for name in ["case.sqlite.kept01", "case.sqlite.old", "case.sqlite.direct", "other.sqlite.aB3dE6"] {
        stays.insert(name.to_owned());
    }
    let beside = |root: &Path| -> BTreeSet<String> {
        let ours = ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"];
        names(root).into_iter().filter(|name| name.contains(".sqlite") && !ours.contains(&name.as_str())).collect()
    };
    assert_eq!(beside(&root), stays);
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    let sealed: u64 = db.query_row("SELECT count(*) FROM sealed", [], |row| row.get(0)).unwrap();
    drop(db);
    for file in ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"] {
        let _ = fs::remove_file(root.join(file));
    }
    assert!(sealed > size);
    assert_eq!(told(&root), Rebuilt::Database { entries: size, sealed });
    assert_eq!(beside(&root), stays);
    assert_eq!(verify(&root).findings, []);
    // A tile that became full has no partial files beside it.
    let partial = walkdir::WalkDir::new(root.join("log")).into_iter().map(|file| file.unwrap().into_path());
    let partial: BTreeSet<PathBuf> = partial.filter(|path| path.extension().is_some_and(|end| end == "p")).collect();
    let full = size / 256;
    let last = ["tile/0", "tile/entries", "sealed"].map(|dir| root.join("log").join(dir).join(format!("{full:03}.p")));
    assert_eq!(partial, last.into_iter().chain([root.join("log/tile/1/000.p")]).collect());
}

/// An erasure takes the value out of a published file of a full tile, too, and one that is under way is not made less by the next.
#[test]
fn an_erasure_under_way_is_finished_by_another() {
    let (_dir, root, mut vault) = case();
    say(&mut vault, (0..150).flat_map(|nth| [item(nth), note(nth, &format!("CANARY-{nth} of a witness"))]).collect());
    let digest = keep(&mut vault, b"CANARY of bytes");
    assert!(vault.reader().size().unwrap() > 256);
    vault.erase(2, "text", "order of a court", None).unwrap();
    // One whose entry is there, and which was stopped before it had removed anything.
    let erased = Event::ValueErased(ValueErased { entry: 4, field: "text".into(), reason: "order".into(), authority: None });
    say(&mut vault, vec![erased]);
    fs::write(root.join("erasing"), "values\n").unwrap();
    let order = Order { reason: "order".into(), authority: None, second: Some("B. Second".into()) };
    let what = Erasure { objects: vec![(digest, None)], ..Erasure::default() };
    vault.erase_all(&order, |_| Ok::<_, VaultError>(what)).unwrap();
    drop(vault);
    assert!(!root.join("erasing").exists());
    let left: Vec<&str> = ["CANARY-0 of", "CANARY-1 of", "CANARY of bytes", "CANARY-2 of"]
        .into_iter()
        .filter(|word| {
            let word = word.as_bytes();
            support::contents(&root).values().any(|bytes| bytes.windows(word.len()).any(|window| window == word))
        })
        .collect();
    assert_eq!(left, ["CANARY-2 of"]);
    let told = verify(&root);
    assert!(told.verdict != Verdict::Red && told.sealed.erased == 2, "{:#?}", told.findings);
}
