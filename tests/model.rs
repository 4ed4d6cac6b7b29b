//! Random sequences of every operation against a plain model in memory: same answers, verify green,
//! rebuild identical.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use exhibit::evidence::{
    Capture, Claim, ClaimMade, Digest, Event, ExhibitAdmitted, ExhibitNo, Item, MediaKind, NoteAdded, Object, ObjectKept,
    Outcome, PermissionGiven, Role, Subject, Unit, Verdict,
};
use exhibit::ledger::TilePath;
use exhibit::vault::{Committed, Effects, Reader, Task, Vault, rebuild};
use proptest::prelude::*;
use support::{case, ports, verify};

#[derive(Debug, Clone)]
enum Step {
    /// Obtain item `item` with the bytes `bytes`, or fail.
    Capture {
        item: u8,
        bytes: Option<u8>,
    },
    Claim {
        item: u8,
        text: String,
    },
    Note {
        item: u8,
        text: String,
    },
    Permit {
        net: u8,
    },
    /// Two workers do the same unit: one commits, the other is stale.
    Race {
        item: u8,
    },
    Reopen,
    Rebuild,
    LoseDatabase,
    LoseLog,
    ArchiveOf {
        items: Vec<u8>,
    },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (0..6u8, proptest::option::weighted(0.8, 0..5u8)).prop_map(|(item, bytes)| Step::Capture { item, bytes }),
        2 => (0..6u8, "\\PC{0,20}").prop_map(|(item, text)| Step::Claim { item, text }),
        1 => (0..6u8, "\\PC{0,20}").prop_map(|(item, text)| Step::Note { item, text }),
        1 => (0..3u8).prop_map(|net| Step::Permit { net }),
        1 => (0..6u8).prop_map(|item| Step::Race { item }),
        1 => Just(Step::Reopen),
        1 => Just(Step::Rebuild),
        1 => Just(Step::LoseDatabase),
        1 => Just(Step::LoseLog),
        1 => proptest::collection::vec(0..6u8, 0..4).prop_map(|items| Step::ArchiveOf { items }),
    ]
}

/// What the case should answer, kept as plainly as can be.
#[derive(Default)]
struct Model {
    entries: u64,
    items: Vec<u8>,
    /// Object bytes by digest.
    objects: BTreeMap<String, u8>,
    /// Exhibits in order: digest and item.
    exhibits: Vec<(String, u8)>,
    /// Versions per item: each capture's.
    versions: BTreeMap<u8, Vec<Option<u64>>>,
    last: BTreeMap<u8, (u64, String)>,
    claims: BTreeMap<u8, Vec<String>>,
    notes: BTreeMap<u8, Vec<String>>,
    permits: Vec<u8>,
    attempts: u64,
}

fn key(item: u8) -> String {
    format!("url:https://example.org/{item}")
}

fn item(no: u8) -> Item {
    Item {
        key: key(no),
        kind: MediaKind::Image,
        url: Some(format!("https://example.org/{no}")),
        platform: None,
        platform_id: None,
    }
}

fn content(bytes: u8) -> Vec<u8> {
    vec![bytes; 1000 * usize::from(bytes) + 1]
}

fn attempt(vault: &Vault, unit: &Unit, no: u8, bytes: Option<u8>) -> Effects {
    let mut effects = Effects { events: vec![Event::ItemIdentified(item(no))], ..Effects::default() };
    let staged = bytes.map(|bytes| {
        let mut staging = vault.stage().unwrap();
        staging.write_all(&content(bytes)).unwrap();
        staging.finish().unwrap()
    });
    let digests = staged.as_ref().map(|staged| staged.digests());
    if let Some(digests) = digests {
        let object = Object {
            sha256: digests.sha256,
            blake3: digests.blake3,
            size: digests.size,
            media_type: "application/x-test".into(),
        };
        effects.events.push(Event::ObjectKept(ObjectKept { object, because: None }));
    }
    let object = digests.map(|digests| digests.sha256);
    effects.events.push(Event::CaptureMade(Box::new(Capture {
        url: Some(format!("https://example.org/{no}")),
        outcome: if object.is_some() { Outcome::Ok } else { Outcome::Gone },
        object,
        ..support::capture(&unit.key, &key(no))
    })));
    if let Some(object) = object {
        let admitted = ExhibitAdmitted {
            object,
            item: key(no),
            capture: unit.key.clone(),
            role: Role::Original,
            name: Some(format!("{no}.bin")),
        };
        effects.events.push(Event::ExhibitAdmitted(admitted));
    }
    effects.objects.extend(staged);
    effects
}

impl Model {
    fn know(&mut self, no: u8) {
        if !self.items.contains(&no) {
            self.items.push(no);
            self.entries += 1;
        }
    }

    fn captured(&mut self, no: u8, bytes: Option<u8>) {
        self.know(no);
        self.entries += 1;
        let version = bytes.map(|bytes| {
            let digest = Digest::of(&content(bytes)).to_string();
            if self.objects.insert(digest.clone(), bytes).is_none() {
                self.entries += 1;
            }
            if !self.exhibits.contains(&(digest.clone(), no)) {
                self.exhibits.push((digest.clone(), no));
                self.entries += 1;
            }
            let version = match self.last.get(&no) {
                None => 1,
                Some((version, last)) if *last == digest => *version,
                Some((version, _)) => version + 1,
            };
            self.last.insert(no, (version, digest));
            version
        });
        self.versions.entry(no).or_default().push(version);
    }

    fn check(&self, reader: &Reader) {
        assert_eq!(reader.size().unwrap(), self.entries, "entries");
        let exhibits = reader.exhibits(ExhibitNo(0), None).unwrap();
        let held: Vec<(String, String)> = exhibits.iter().map(|row| (row.sha256.clone(), row.url.clone().unwrap())).collect();
        let expected: Vec<(String, String)> =
            self.exhibits.iter().map(|(digest, no)| (digest.clone(), format!("https://example.org/{no}"))).collect();
        assert_eq!(held, expected, "exhibits");
        let digests: Vec<String> = reader.objects().unwrap().iter().map(|object| object.sha256.to_string()).collect();
        assert_eq!(digests, self.objects.keys().cloned().collect::<Vec<_>>(), "objects");
        for no in &self.items {
            let number = reader.item_by_key(&key(*no)).unwrap().unwrap().id.parse().unwrap();
            let versions: Vec<Option<u64>> = reader.captures_of(number).unwrap().iter().map(|row| row.version).collect();
            assert_eq!(&versions, self.versions.get(no).unwrap_or(&vec![]), "versions of {no}");
            let id = exhibit::evidence::Id::Item(number);
            let claims: Vec<String> = reader.claims_about(id).unwrap().into_iter().filter_map(|row| row.value).collect();
            assert_eq!(&claims, self.claims.get(no).unwrap_or(&vec![]), "claims of {no}");
            let notes: Vec<String> = reader.notes_about(id).unwrap().into_iter().filter_map(|row| row.text).collect();
            assert_eq!(&notes, self.notes.get(no).unwrap_or(&vec![]), "notes of {no}");
        }
        for (digest, bytes) in &self.objects {
            use std::io::Read;
            let mut held = Vec::new();
            reader.open_object(&digest.parse().unwrap()).unwrap().read_to_end(&mut held).unwrap();
            assert_eq!(held, content(*bytes));
        }
    }
}

fn claim(text: &str) -> Claim {
    Claim {
        property: "location".into(),
        value: text.into(),
        via: None,
        hedges: vec![],
        quote: None,
        reading: None,
        rule: "test@1".into(),
    }
}

fn reopen(root: &Path, vault: &mut Option<Vault>) {
    drop(vault.take());
    *vault = Some(Vault::open(root, ports()).unwrap());
}

fn run(steps: Vec<Step>) {
    let (_dir, root, vault) = case();
    let (mut vault, mut model) = (Some(vault), Model { entries: 1, ..Model::default() });
    for step in steps {
        let open = vault.as_mut().unwrap();
        match step {
            Step::Capture { item: no, bytes } => {
                model.attempts += 1;
                let unit = Unit::capture(&key(no), &format!("attempt {}", model.attempts));
                let effects = attempt(open, &unit, no, bytes);
                open.commit(vec![effects]).unwrap();
                model.captured(no, bytes);
            }
            Step::ArchiveOf { items } => {
                // Many effects in one transaction, each its own unit under a lease.
                let mut batch = Vec::new();
                for no in items {
                    model.attempts += 1;
                    let unit = Unit::capture(&key(no), &format!("attempt {}", model.attempts));
                    assert!(open.enqueue(&Task { unit: unit.clone(), subject: key(no) }).unwrap());
                    assert!(
                        !open.enqueue(&Task { unit: unit.clone(), subject: key(no) }).unwrap(),
                        "enqueuing twice is enqueuing once"
                    );
                    let lease = open.claim(std::slice::from_ref(&unit)).unwrap().pop().unwrap();
                    assert!(open.claim(std::slice::from_ref(&unit)).unwrap().is_empty(), "a leased unit is not leased again");
                    batch.push(Effects { lease: Some(lease), ..attempt(open, &unit, no, Some(no)) });
                    model.captured(no, Some(no));
                }
                let told = open.commit(batch).unwrap();
                assert!(told.iter().all(|told| matches!(told, Committed::Recorded(_))));
            }
            Step::Race { item: no } => {
                model.attempts += 1;
                let unit = Unit::capture(&key(no), &format!("attempt {}", model.attempts));
                open.enqueue(&Task { unit: unit.clone(), subject: key(no) }).unwrap();
                let first = open.claim(std::slice::from_ref(&unit)).unwrap().pop().unwrap();
                open.release().unwrap();
                let second = open.claim(std::slice::from_ref(&unit)).unwrap().pop().unwrap();
                let stale = Effects { lease: Some(first), ..attempt(open, &unit, no, Some(4)) };
                assert_eq!(open.commit(vec![stale]).unwrap(), [Committed::Stale], "a stale lease changes nothing");
                let good = Effects { lease: Some(second), ..attempt(open, &unit, no, Some(1)) };
                open.commit(vec![good]).unwrap();
                model.captured(no, Some(1));
            }
            Step::Claim { item: no, text } => {
                let subject = Subject::Item(key(no));
                let made = ClaimMade {
                    subject,
                    by: "person".into(),
                    property: "location".into(),
                    rule: "test@1".into(),
                    claim: Some(claim(&text)),
                };
                open.commit(vec![Effects {
                    events: vec![Event::ItemIdentified(item(no)), Event::ClaimMade(made)],
                    ..Effects::default()
                }])
                .unwrap();
                model.know(no);
                model.entries += 1;
                model.claims.entry(no).or_default().push(text);
            }
            Step::Note { item: no, text } => {
                let note = NoteAdded { subject: Subject::Item(key(no)), text: Some(text.clone()) };
                open.commit(vec![Effects {
                    events: vec![Event::ItemIdentified(item(no)), Event::NoteAdded(note)],
                    ..Effects::default()
                }])
                .unwrap();
                model.know(no);
                model.entries += 1;
                model.notes.entry(no).or_default().push(text);
            }
            Step::Permit { net } => {
                let given = PermissionGiven { hosts: vec![format!("10.0.0.{net}/32")] };
                open.commit(vec![Effects { events: vec![Event::PermissionGiven(given)], ..Effects::default() }]).unwrap();
                if !model.permits.contains(&net) {
                    model.permits.push(net);
                    model.entries += 1;
                }
            }
            Step::Reopen => reopen(&root, &mut vault),
            Step::Rebuild => {
                let before = open.reader().dump().unwrap();
                drop(vault.take());
                rebuild(&root, &|_, _| {}).unwrap();
                reopen(&root, &mut vault);
                assert_eq!(vault.as_ref().unwrap().reader().dump().unwrap(), before, "a rebuilt catalogue is the same");
            }
            Step::LoseDatabase => {
                let before = open.reader().dump().unwrap();
                drop(vault.take());
                std::fs::remove_file(root.join("case.sqlite")).unwrap();
                rebuild(&root, &|_, _| {}).unwrap();
                reopen(&root, &mut vault);
                assert_eq!(
                    vault.as_ref().unwrap().reader().dump().unwrap(),
                    before,
                    "a database from the published log is the same"
                );
            }
            Step::LoseLog => {
                // A published log that is behind, as a killed run leaves it, is brought up.
                let kept = std::fs::read(root.join("log/checkpoint")).unwrap();
                drop(vault.take());
                let partial = root.join("log/tile/0/000.p");
                let copy: Vec<_> = std::fs::read_dir(&partial).unwrap().map(|file| file.unwrap().path()).collect();
                assert_eq!(copy.len(), 1, "one partial file, the widest");
                reopen(&root, &mut vault);
                assert_eq!(std::fs::read(root.join("log/checkpoint")).unwrap(), kept, "publishing is deterministic");
            }
        }
        model.check(vault.as_ref().unwrap().reader());
    }
    drop(vault);
    let told = verify(&root);
    assert_eq!(told.verdict, Verdict::Green, "{:#?}", told.findings);
    assert_eq!(told.checked.entries, model.entries);
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: if std::env::var_os("EXHIBIT_TEST_FULL").is_some() { 400 } else { 24 },
        max_shrink_iters: 200,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_sequence_of_operations_gives_what_the_model_says(steps in proptest::collection::vec(step(), 1..25)) {
        run(steps);
    }
}

/// More rows than are remembered, and than are written at once, are rebuilt as they were recorded.
#[test]
fn a_case_of_many_rows_is_rebuilt_as_it_was() {
    let (_dir, root, mut vault) = case();
    let one = |nth: u64| {
        let url = format!("https://media.example.org/{nth}.mp4");
        Event::ItemIdentified(Item { key: format!("url:{url}"), url: Some(url), ..item(1) })
    };
    let many: Vec<Event> = (0..34_000).map(one).collect();
    vault.commit(vec![Effects { events: many, ..Effects::default() }]).unwrap();
    // Of items that were made long before.
    let note = |nth: u64| NoteAdded {
        subject: Subject::Item(format!("url:https://media.example.org/{}.mp4", nth % 9)),
        text: Some(format!("seen {nth} times; {}", "every word of it is searched. ".repeat(20))),
    };
    let events = (0..3000).map(|nth| Event::NoteAdded(note(nth))).collect();
    vault.commit(vec![Effects { events, ..Effects::default() }]).unwrap();
    let told = |reader: &Reader| {
        let found = ["33999", "2718 times"].map(|words| reader.search(words, 50).unwrap());
        (reader.dump().unwrap(), found)
    };
    let before = told(vault.reader());
    assert_eq!(before.1.each_ref().map(Vec::len), [1, 1], "{:?}", before.1);
    drop(vault);
    rebuild(&root, &|_, _| {}).unwrap();
    assert!(told(&Reader::open(&root).unwrap()) == before);
    assert_eq!(verify(&root).findings, []);
}

#[test]
fn a_log_longer_than_a_tile_verifies_and_rebuilds() {
    let (_dir, root, mut vault) = case();
    for nth in 0..300u64 {
        let note = NoteAdded { subject: Subject::Item(key(1)), text: Some(format!("note {nth}")) };
        let events = vec![Event::ItemIdentified(item(1)), Event::NoteAdded(note)];
        let batch = (0..2).map(|_| Effects { events: events.clone(), ..Effects::default() }).collect();
        vault.commit(batch).unwrap();
    }
    let size = vault.reader().size().unwrap();
    assert!(size > 600);
    let dump = vault.reader().dump().unwrap();
    let root_hash = vault.reader().root(size).unwrap();
    for index in [0, 1, 255, 256, 257, 511, 512, size - 1] {
        let path = vault.reader().inclusion(index, size).unwrap();
        let leaf = exhibit::ledger::leaf_hash(&vault.reader().entry(index).unwrap().unwrap().bytes);
        assert!(exhibit::ledger::verify_inclusion(index, size, leaf, &path, &root_hash), "entry {index}");
    }
    drop(vault);
    let told = verify(&root);
    assert_eq!(told.findings, []);
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    let sealed: u64 = db.query_row("SELECT count(*) FROM sealed", [], |row| row.get(0)).unwrap();
    assert_eq!((told.sealed.present, told.sealed.erased), (sealed, 0));
    // A hash over a full tile that is changed, gone, or of a tile that is not full.
    for (damage, subject) in [
        ("UPDATE tile_hash SET hash = zeroblob(32) WHERE idx = 1", "tile hash 1/1"),
        ("DELETE FROM tile_hash WHERE idx = 0", "tile hash 1/0"),
        ("INSERT INTO tile_hash SELECT 1, 2, hash FROM tile_hash WHERE idx = 1", "tile hash 1/2"),
        ("INSERT INTO tile_hash SELECT 2, 0, hash FROM tile_hash WHERE idx = 1", "tile hash 2/0"),
    ] {
        db.execute_batch("SAVEPOINT whole").unwrap();
        db.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM tile_hash").unwrap();
        db.execute_batch(damage).unwrap();
        db.execute_batch("RELEASE whole").unwrap();
        let told = verify(&root);
        assert!(told.findings.iter().any(|finding| finding.subject == subject), "{damage}: {:#?}", told.findings);
        db.execute_batch("DELETE FROM tile_hash; INSERT INTO tile_hash SELECT * FROM kept; DROP TABLE kept").unwrap();
    }
    drop(db);
    assert_eq!(verify(&root).findings, []);
    // A full bundle is not the one that was published, is waited for, or has no end.
    let bundle = root.join("log/tile/entries/001");
    let published = std::fs::read(&bundle).unwrap();
    for (what, code) in [("bytes", "tile-differs"), ("pipe", "log-extra"), ("link", "log-extra")] {
        std::fs::remove_file(&bundle).unwrap();
        match what {
            "bytes" => std::fs::write(&bundle, &published[..published.len() - 1]).unwrap(),
            "pipe" => assert!(std::process::Command::new("mkfifo").arg(&bundle).status().unwrap().success()),
            _ => std::os::unix::fs::symlink("/dev/zero", &bundle).unwrap(),
        }
        let told = verify(&root);
        assert!(
            told.findings.iter().any(|one| one.code.as_str() == code && one.subject == "tile/entries/001"),
            "{:#?}",
            told.findings
        );
    }
    std::fs::remove_file(&bundle).unwrap();
    std::fs::write(&bundle, published).unwrap();
    assert_eq!(verify(&root).findings, []);
    // Entries that were changed under a good checkpoint are named, in whichever tile they are.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    support::copy_dir(&root, &copy);
    support::tamper::sql(&copy, "UPDATE log SET entry = (SELECT entry FROM log WHERE idx = 10) WHERE idx IN (300, 590)");
    let told = verify(&copy);
    let published = told.findings.iter().filter(|one| one.detail.contains("that was published under the signed checkpoint"));
    assert_eq!(published.map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["entry 300", "entry 590"]);
    // Files of a shorter log may still be there, and say what they said; those of a longer one, or of none, may not.
    let reader = Reader::open(&root).unwrap();
    let full = size / 256;
    let rest = size % 256;
    for path in [
        TilePath::Hashes { level: 0, index: full, width: rest - 1 },
        TilePath::Entries { index: full, width: rest - 1 },
        TilePath::Sealed { index: full, width: rest - 1 },
        TilePath::Hashes { level: 0, index: 1, width: 255 },
        TilePath::Hashes { level: 1, index: 0, width: full - 1 },
    ] {
        let file = root.join("log").join(path.to_string());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        let bytes = reader.rendered(path).unwrap();
        std::fs::write(&file, &bytes).unwrap();
        assert_eq!(verify(&root).findings, [], "{path}");
        std::fs::write(&file, [&bytes[..], &[0]].concat()).unwrap();
        let told = verify(&root);
        let code = if matches!(path, TilePath::Sealed { .. }) { "sealed-altered" } else { "tile-differs" };
        assert_eq!(
            told.findings.iter().map(|one| (one.code.as_str(), one.subject.clone())).collect::<Vec<_>>(),
            [(code, path.to_string())]
        );
        std::fs::remove_file(&file).unwrap();
    }
    for path in [
        TilePath::Hashes { level: 0, index: full, width: rest + 1 },
        TilePath::Entries { index: full + 1, width: 1 },
        TilePath::Hashes { level: 1, index: 0, width: full + 1 },
        TilePath::Hashes { level: 2, index: 0, width: 1 },
    ] {
        let file = root.join("log").join(path.to_string());
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, []).unwrap();
        let told = verify(&root);
        let list = told.findings.iter().map(|one| (one.code.as_str(), one.subject.clone())).collect::<Vec<_>>();
        assert_eq!(list, [("log-extra", path.to_string())]);
        std::fs::remove_file(&file).unwrap();
    }
    std::fs::remove_file(root.join("case.sqlite")).unwrap();
    rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(Reader::open(&root).unwrap().dump().unwrap(), dump);
    assert_eq!(verify(&root).findings, []);
}
