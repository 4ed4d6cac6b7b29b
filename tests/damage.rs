//! Every kind of damage to every kind of thing is found and named; nothing else is.

mod support;

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use exhibit::evidence::{Code, Verdict};
use exhibit::keyring::Trusted;
use exhibit::ledger::{Checkpoint, Note, Signer};
use exhibit::stages::{Depth, Looking, Source, Verification, archive, audit, verify_case};
use exhibit::vault::{Effects, Reader, Vault};
use support::tamper::{flip, overwrite, sql, writable};
use support::{Silent, archiving, copy_dir, example, ports, verify};
use tempfile::TempDir;

/// A case of the example's report, with its media.
fn archived() -> (TempDir, PathBuf) {
    let made = of_the_example(true);
    assert_eq!(verify(&made.1).verdict, Verdict::Green);
    made
}

/// The same, with nothing fetched yet: its captures are queued.
fn recorded() -> (TempDir, PathBuf) {
    of_the_example(false)
}

fn of_the_example(fetch: bool) -> (TempDir, PathBuf) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("case");
    let ports = ports();
    let how = exhibit::stages::Archive { fetch, ..archiving(&ports, 4) };
    let mut vault = Vault::create(&root, None, exhibit::config::TEMPLATE, ports).unwrap();
    let report = Source::File(example().join("report.html"));
    archive(&mut vault, &[report], &how, &mut Silent).unwrap().remove(0).unwrap();
    (dir, root)
}

/// Exchanges entries 4 and 5.
const SWAPPED: &str = "CREATE TEMP TABLE t AS SELECT * FROM log WHERE idx IN (4, 5); UPDATE log SET entry = (SELECT entry FROM t WHERE t.idx = 9 - log.idx) WHERE idx IN (4, 5)";

fn one_object(root: &Path) -> PathBuf {
    let files = walkdir::WalkDir::new(root.join("vault")).sort_by_file_name().into_iter().map(Result::unwrap);
    files.filter(|file| file.file_type().is_file()).map(|file| file.into_path()).next().unwrap()
}

fn truncate(path: &Path) {
    writable(path);
    let bytes = fs::read(path).unwrap();
    fs::write(path, &bytes[..bytes.len() / 2]).unwrap();
}

fn swap(a: &Path, b: &Path) {
    let (left, right) = (fs::read(a).unwrap(), fs::read(b).unwrap());
    writable(a);
    writable(b);
    fs::write(a, right).unwrap();
    fs::write(b, left).unwrap();
}

fn named(told: &Verification, code: &str, subject: &str) -> bool {
    told.findings.iter().any(|finding| {
        let path = finding.path.as_deref().unwrap_or("");
        finding.code.as_str() == code && (finding.subject.contains(subject) || path.contains(subject))
    })
}

/// Damages a fresh copy and asserts that verify names it.
#[track_caller]
fn damaged(root: &Path, what: &str, code: &str, subject: &str, damage: impl FnOnce(&Path)) {
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    copy_dir(root, &copy);
    damage(&copy);
    let told = verify(&copy);
    assert_eq!(told.verdict, Verdict::Red, "{what} was not found");
    assert!(named(&told, code, subject), "{what}: {code} {subject} is not among {:#?}", told.findings);
}

#[test]
fn damage_to_an_object_is_named() {
    let (_dir, root) = archived();
    let object = one_object(&root);
    let name = object.file_name().unwrap().to_string_lossy().into_owned();
    let inside = object.strip_prefix(&root).unwrap().to_path_buf();
    damaged(&root, "a deleted object", "object-missing", &name, |copy| fs::remove_file(copy.join(&inside)).unwrap());
    damaged(&root, "a truncated object", "object-altered", &name, |copy| truncate(&copy.join(&inside)));
    damaged(&root, "an emptied object", "object-altered", &name, |copy| {
        writable(&copy.join(&inside));
        fs::write(copy.join(&inside), b"").unwrap();
    });
    for at in [0, 1, 100, 1000] {
        damaged(&root, "a flipped bit of an object", "object-altered", &name, |copy| flip(&copy.join(&inside), at));
    }
    damaged(&root, "two swapped objects", "object-altered", &name, |copy| {
        let objects = walkdir::WalkDir::new(copy.join("vault")).into_iter().map(Result::unwrap);
        let other = objects.map(|file| file.into_path()).find(|path| path.is_file() && *path != copy.join(&inside)).unwrap();
        swap(&copy.join(&inside), &other);
    });
    damaged(&root, "a link in an object's place", "object-missing", &name, |copy| {
        let path = copy.join(&inside);
        fs::rename(&path, copy.join("moved")).unwrap();
        std::os::unix::fs::symlink(copy.join("moved"), &path).unwrap();
    });
    // What is no file is told as that, and keeps nobody waiting.
    let dir = tempfile::tempdir().unwrap();
    let pipe = dir.path().join("pipe");
    copy_dir(&root, &pipe);
    fs::remove_file(pipe.join(&inside)).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(pipe.join(&inside)).status().unwrap().success());
    let link = dir.path().join("link");
    copy_dir(&root, &link);
    fs::rename(link.join(&inside), link.join("moved")).unwrap();
    std::os::unix::fs::symlink(link.join("moved"), link.join(&inside)).unwrap();
    let gone = dir.path().join("gone");
    copy_dir(&root, &gone);
    fs::remove_file(gone.join(&inside)).unwrap();
    for (copy, why) in [
        (&pipe, "What lies in the object's place is not a file"),
        (&link, "What lies in the object's place is not a file"),
        (&gone, "The bytes are not in the vault"),
    ] {
        let told = verify(copy);
        let details: Vec<&str> =
            told.findings.iter().filter(|one| one.code.as_str() == "object-missing").map(|one| one.detail.as_str()).collect();
        assert_eq!(details, [why]);
    }
    let digest = exhibit::evidence::Digest::of(b"planted").to_string();
    damaged(&root, "an extra object", "object-extra", &digest, |copy| {
        let dir = copy.join("vault/sha256").join(&digest[..2]).join(&digest[2..4]);
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join(&digest), b"planted").unwrap();
    });
    // A name that is no text, and a directory with such a name.
    let odd = <std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(b"\xff");
    damaged(&root, "an extra file of an odd name", "object-extra", "\u{fffd}", |copy| {
        fs::write(copy.join("vault/sha256").join(odd), b"x").unwrap();
    });
    damaged(&root, "an extra file in a directory of an odd name", "object-extra", "hidden", |copy| {
        fs::create_dir(copy.join("vault/sha256").join(odd)).unwrap();
        fs::write(copy.join("vault/sha256").join(odd).join("hidden"), b"x").unwrap();
    });
    damaged(&root, "an extra file", "object-extra", "notes.txt", |copy| fs::write(copy.join("vault/notes.txt"), b"x").unwrap());
}

#[test]
fn damage_to_an_entry_is_named() {
    let (_dir, root) = archived();
    damaged(&root, "a deleted entry", "entry-missing", "entry 5", |copy| sql(copy, "DELETE FROM log WHERE idx = 5"));
    // One gap is told once, and what comes after it is not told as missing, too.
    let dir = tempfile::tempdir().unwrap();
    let gap = dir.path().join("gap");
    copy_dir(&root, &gap);
    sql(&gap, "DELETE FROM log WHERE idx IN (5, 6, 9)");
    let told = verify(&gap);
    assert!(named(&told, "entry-altered", "entry 0"), "the rows are not as many as the entries: {:#?}", told.findings);
    let missing: Vec<_> = told.findings.into_iter().filter(|finding| finding.detail.contains("missing from the log")).collect();
    assert_eq!(missing.len(), 1, "{missing:#?}");
    assert_eq!(missing[0].detail, "Entries 5 to 6 are missing from the log");
    damaged(&root, "a table that is gone", "database-damaged", "case.sqlite", |copy| sql(copy, "DROP TABLE sealed"));
    damaged(&root, "a deleted last entry", "entry-missing", "entry", |copy| {
        sql(copy, "DELETE FROM log WHERE idx = (SELECT max(idx) FROM log)")
    });
    damaged(&root, "a truncated entry", "entry-altered", "entry 5", |copy| {
        sql(copy, "UPDATE log SET entry = substr(entry, 1, 40) WHERE idx = 5")
    });
    damaged(&root, "an entry with one changed letter", "entry-altered", "entry 4", |copy| {
        sql(copy, "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), '2019-', '2018-') AS BLOB) WHERE idx = 4");
    });
    damaged(&root, "two swapped entries", "entry-altered", "entry 4", |copy| {
        sql(copy, SWAPPED);
    });
    damaged(&root, "an extra entry", "tree-differs", "head", |copy| {
        sql(copy, "INSERT INTO log SELECT (SELECT max(idx) + 1 FROM log), entry FROM log WHERE idx = 1");
    });
    damaged(&root, "an altered sealed value", "sealed-altered", "entry", |copy| {
        sql(copy, "UPDATE sealed SET value = CAST('\"other\"' AS BLOB) WHERE field = 'claim'")
    });
    damaged(&root, "an altered salt", "sealed-altered", "entry", |copy| {
        sql(copy, "UPDATE sealed SET salt = zeroblob(16) WHERE field = 'quote'")
    });
    // A sealed value of another shape makes the event unreadable, which is not the entry's fault.
    let shape = dir.path().join("shape");
    copy_dir(&root, &shape);
    sql(&shape, "UPDATE sealed SET value = CAST('5' AS BLOB) WHERE field = 'quote'");
    let told = verify(&shape);
    assert!(told.findings.iter().all(|finding| finding.code.as_str() == "sealed-altered"), "{:#?}", told.findings);
    assert!(told.notes.iter().any(|note| note.contains("the catalogue was not compared")), "{:?}", told.notes);
    let unknown = dir.path().join("unknown");
    copy_dir(&root, &unknown);
    sql(
        &unknown,
        "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), '\"kind\":\"' || (SELECT kind FROM custody_event WHERE entry = 4), '\"kind\":\"z') AS BLOB) WHERE idx = 4",
    );
    let told = verify(&unknown);
    assert!(
        told.findings.iter().any(|one| one.subject == "entry 4" && one.detail.starts_with("The entry cannot be read")),
        "{:#?}",
        told.findings
    );
    damaged(&root, "a removed sealed value", "sealed-missing", "entry", |copy| {
        sql(copy, "DELETE FROM sealed WHERE field = 'quote'")
    });
    damaged(&root, "a sealed value of no entry", "sealed-altered", "entry 1", |copy| {
        sql(copy, "INSERT INTO sealed VALUES (1, 'invented', zeroblob(16), CAST('1' AS BLOB))");
    });
}

#[test]
fn damage_to_a_catalogue_row_is_named() {
    let (_dir, root) = archived();
    damaged(&root, "a deleted row", "catalogue-differs", "E3", |copy| sql(copy, "DELETE FROM exhibit WHERE no = 3"));
    damaged(&root, "a changed digest", "catalogue-differs", "E3", |copy| {
        sql(
            copy,
            "UPDATE exhibit SET object = (SELECT sha256 FROM object LIMIT 1) || '' WHERE no = 3; UPDATE exhibit SET role = 'page' WHERE no = 3",
        )
    });
    damaged(&root, "a changed quote", "catalogue-differs", "M2", |copy| {
        sql(copy, "UPDATE mention SET exact = exact || '.' WHERE no = 2")
    });
    damaged(&root, "a changed claim", "catalogue-differs", "C1", |copy| {
        sql(copy, "UPDATE claim SET value = 'elsewhere' WHERE no = 1")
    });
    damaged(&root, "a changed outcome", "catalogue-differs", "K1", |copy| {
        sql(copy, "UPDATE capture SET outcome = 'ok', completeness = 'partial' WHERE no = 1")
    });
    damaged(&root, "two swapped rows", "catalogue-differs", "I1", |copy| {
        sql(
            copy,
            "UPDATE item SET key = key || '-' WHERE no IN (1, 2); UPDATE item SET key = 'x' WHERE no = 1; UPDATE item SET key = 'y' WHERE no = 2",
        );
    });
    damaged(&root, "an extra row", "catalogue-differs", "note 1", |copy| {
        sql(copy, "INSERT INTO note VALUES (1, 'E', 1, 'planted', NULL, '2019', 1)")
    });
    damaged(&root, "a changed custody row", "catalogue-differs", "custody_event 2", |copy| {
        sql(copy, "UPDATE custody_event SET time = '2001' WHERE entry = 2")
    });
    damaged(&root, "a changed search row", "catalogue-differs", "search", |copy| {
        sql(copy, "UPDATE search SET body = 'nothing' WHERE rowid = 1")
    });
    damaged(&root, "a unit of work marked done", "catalogue-differs", "work", |copy| {
        sql(copy, "INSERT INTO work VALUES ('capture', 'planted', '', 'done', NULL, NULL, 0)")
    });
    damaged(&root, "an open unit about no item", "catalogue-differs", "work", |copy| {
        sql(copy, "INSERT INTO work VALUES ('capture', 'planted', 'url:nowhere', 'queued', NULL, NULL, 0)")
    });
    damaged(&root, "an open unit of no kind", "catalogue-differs", "work", |copy| {
        sql(copy, "INSERT INTO work VALUES ('planted', 'planted', '', 'queued', NULL, NULL, 0)")
    });
    damaged(&root, "a unit that is done and open again", "catalogue-differs", "work", |copy| {
        sql(copy, "UPDATE work SET state = 'queued' WHERE kind = 'read'")
    });
    damaged(&root, "a unit about another item", "catalogue-differs", "work", |copy| {
        sql(
            copy,
            "UPDATE work SET subject = (SELECT key FROM item WHERE no = 1) WHERE kind = 'capture' AND subject = (SELECT key FROM item WHERE no = 2)",
        )
    });
    damaged(&root, "a deleted unit of work", "catalogue-differs", "work", |copy| {
        sql(copy, "DELETE FROM work WHERE kind = 'read'")
    });
    for table in ["head", "publication"] {
        damaged(&root, "a second row where there is one", "catalogue-differs", table, |copy| {
            let second = format!(
                "CREATE TEMP TABLE t AS SELECT * FROM {table}; UPDATE t SET one = 1; INSERT INTO {table} SELECT * FROM t"
            );
            sql(copy, &format!("PRAGMA ignore_check_constraints = ON; {second}"));
        });
    }
    damaged(&root, "a sealed value of no entry", "sealed-altered", "entry 99999", |copy| {
        sql(copy, "INSERT INTO sealed VALUES (99999, 'text', zeroblob(16), x'2278')")
    });
    // Whoever looks into the catalogue by this index finds no claim, and each row is what it should be.
    damaged(&root, "an index that has lost its rows", "database-damaged", "case.sqlite", |copy| {
        let define = |sql: &str| {
            format!(
                "PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = {sql} WHERE name = 'claim_subject'; PRAGMA writable_schema = RESET;"
            )
        };
        let (none, all) = (define("sql || ' WHERE no < 0'"), define("replace(sql, ' WHERE no < 0', '')"));
        sql(copy, &format!("{none} REINDEX claim_subject; {all}"));
    });
    damaged(&root, "a changed view", "catalogue-differs", "schema", |copy| {
        sql(copy, "DROP VIEW reports; CREATE VIEW reports AS SELECT 1 AS id")
    });
    damaged(&root, "a dropped guard", "catalogue-differs", "schema", |copy| {
        rusqlite::Connection::open(copy.join("case.sqlite")).unwrap().execute_batch("DROP TRIGGER log_keeps_entries").unwrap();
    });
    damaged(&root, "an altered signature over the head", "signature-invalid", "head", |copy| {
        sql(copy, "UPDATE head SET note = replace(note, '— exhibit', '— exhibits')")
    });
    // A head that the key signed, of another case, of fewer entries, of others.
    let size = Reader::open(&root).unwrap().size().unwrap();
    let origin = Reader::open(&root).unwrap().identity().unwrap().0;
    let before = Reader::open(&root).unwrap().root(size - 1).unwrap();
    let at = Reader::open(&root).unwrap().root(size).unwrap();
    let other = format!("exhibit.case/{}", "0".repeat(32));
    for (what, code, origin, size, root_hash) in [
        ("a head of another case", "signature-invalid", &other, size, at),
        ("a head of fewer entries", "tree-differs", &origin, size - 1, before),
        ("a head of other entries", "tree-differs", &origin, size, before),
        ("a head of the right entries that counts one more", "tree-differs", &origin, size + 1, at),
    ] {
        let checkpoint = Checkpoint { origin: origin.clone(), size, root: root_hash };
        let note = Note::sign(checkpoint.to_string(), origin, support::key().as_ref()).unwrap().to_string();
        damaged(&root, what, code, "head", |copy| sql(copy, &format!("UPDATE head SET note = '{note}'")));
    }
    damaged(&root, "a publication mark over other entries", "checkpoint-differs", "publication", |copy| {
        sql(copy, "UPDATE publication SET root = zeroblob(32)")
    });
    damaged(&root, "a removed head", "checkpoint-missing", "head", |copy| sql(copy, "DELETE FROM head"));
    damaged(&root, "a removed publication mark", "checkpoint-differs", "publication", |copy| {
        sql(copy, "DELETE FROM publication")
    });
    // An `init` that was killed before it published has none yet.
    let (_dir, fresh, vault) = support::case();
    drop(vault);
    sql(&fresh, "DELETE FROM publication");
    assert_eq!(verify(&fresh).findings, []);
    damaged(&root, "a moved publication mark", "checkpoint-differs", "publication", |copy| {
        sql(copy, "UPDATE publication SET size = size - 1")
    });
}

#[test]
fn damage_to_the_checkpoint_is_named() {
    let (_dir, root) = archived();
    let file = |copy: &Path| copy.join("log/checkpoint");
    damaged(&root, "a deleted checkpoint", "checkpoint-missing", "checkpoint", |copy| fs::remove_file(file(copy)).unwrap());
    damaged(&root, "a truncated checkpoint", "checkpoint-differs", "checkpoint", |copy| truncate(&file(copy)));
    let length = fs::metadata(file(&root)).unwrap().len() as usize;
    for at in 0..length {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        // Only what the checkpoint is judged by is copied again for each byte.
        copy_dir(&root, &copy);
        flip(&file(&copy), at);
        let told = verify(&copy);
        assert_eq!(told.verdict, Verdict::Red, "flipped byte {at} of the checkpoint");
        assert!(
            told.findings.iter().any(|finding| finding.path.as_deref() == Some("log/checkpoint") || finding.subject == "log"),
            "byte {at}: {:#?}",
            told.findings
        );
    }
    let (_other_dir, other) = {
        let dir = tempfile::tempdir().unwrap();
        let root = dir.path().join("case");
        drop(Vault::create(&root, None, "", ports()).unwrap());
        (dir, root)
    };
    damaged(&root, "another case's checkpoint", "checkpoint-differs", "checkpoint", |copy| {
        fs::copy(other.join("log/checkpoint"), file(copy)).unwrap();
    });
    damaged(&root, "an extra checkpoint", "log-extra", "checkpoint.old", |copy| {
        fs::copy(file(copy), copy.join("log/checkpoint.old")).unwrap();
    });
}

#[test]
fn damage_to_a_tile_is_named() {
    let (_dir, root) = archived();
    let files: Vec<PathBuf> = walkdir::WalkDir::new(root.join("log"))
        .sort_by_file_name()
        .into_iter()
        .map(Result::unwrap)
        .filter(|file| file.file_type().is_file() && file.file_name() != "checkpoint")
        .map(|file| file.path().strip_prefix(&root).unwrap().to_path_buf())
        .collect();
    assert_eq!(files.len(), 3, "hashes, entries, sealed values");
    for file in &files {
        let name = file.to_str().unwrap();
        let altered = if name.contains("sealed") { "sealed-altered" } else { "tile-differs" };
        damaged(&root, "a deleted file of the log", "tile-missing", name, |copy| fs::remove_file(copy.join(file)).unwrap());
        damaged(&root, "a truncated file of the log", altered, name, |copy| truncate(&copy.join(file)));
        for at in [0, 31, 64, 777] {
            damaged(&root, "a flipped bit of the log", altered, name, |copy| flip(&copy.join(file), at));
        }
    }
    damaged(&root, "swapped files of the log", "tile-differs", files[1].to_str().unwrap(), |copy| {
        swap(&copy.join(&files[1]), &copy.join(&files[2]))
    });
    damaged(&root, "an extra tile", "log-extra", "tile/0/001", |copy| fs::write(copy.join("log/tile/0/001"), [0; 8192]).unwrap());
    // What a longer log would have: nothing says what must stand in it.
    for (name, width) in [("tile/entries/000.p/200", 200), ("tile/1/000.p/1", 32)] {
        damaged(&root, "a tile beyond the log", "log-extra", name, |copy| {
            let path = copy.join("log").join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, vec![0; width]).unwrap();
        });
    }
    damaged(&root, "an extra file in the log", "log-extra", "readme", |copy| fs::write(copy.join("log/readme"), "x").unwrap());
}

#[test]
fn random_flips_in_the_rows_of_the_database_are_found() {
    let (_dir, root) = archived();
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    drop(db);
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    copy_dir(&root, &copy);
    let bytes = fs::read(copy.join("case.sqlite")).unwrap();
    let rounds = if std::env::var_os("EXHIBIT_TEST_FULL").is_some() { 5000 } else { 150 };
    let (mut seed, mut silent) = (0x9e37_79b9_7f4a_7c15u64, Vec::new());
    for _ in 0..rounds {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (at, bit) = ((seed >> 20) as usize % bytes.len(), seed >> 60 & 7);
        let mut damaged = bytes.clone();
        damaged[at] ^= 1 << bit;
        fs::write(copy.join("case.sqlite"), &damaged).unwrap();
        for name in ["case.sqlite-wal", "case.sqlite-shm"] {
            let _ = fs::remove_file(copy.join(name));
        }
        let same = || {
            let logical = |path: &Path| exhibit::vault::Reader::open(path).and_then(|reader| reader.dump()).ok();
            logical(&copy) == logical(&root)
        };
        let trusted = [Trusted { who: "test".into(), key: exhibit::ledger::Signer::public(support::key().as_ref()).clone() }];
        let told = verify_case(&copy, &trusted, &Looking::at_all(Depth::Quick));
        // A flip in the file's unused bytes changes no row; every other one is a finding or an error.
        if told.is_ok_and(|told| told.verdict == Verdict::Green) && !same() {
            silent.push((at, bit));
        }
    }
    assert!(silent.is_empty(), "flips that changed rows and were not found: {silent:?}");
}

/// What is told when database and published log do not end at the same entry, in all ways in which that happens.
#[test]
fn the_ends_of_the_log_and_of_what_is_published_are_held_against_each_other() {
    let (_dir, root) = archived();
    let told_of = |from: &Path, damage: &dyn Fn(&Path)| {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        copy_dir(from, &copy);
        damage(&copy);
        let told = verify(&copy);
        let list = told.findings.iter().map(|one| (one.code.as_str(), one.subject.clone())).collect::<Vec<_>>();
        (list, told.notes)
    };
    let gone = |copy: &Path| fs::remove_file(copy.join("log/checkpoint")).unwrap();
    let unmarked = |copy: &Path| sql(copy, "DELETE FROM publication");
    // Nothing was published: an interrupted `init`, and nothing else.
    let (_dir, fresh, vault) = support::case();
    drop(vault);
    assert_eq!(told_of(&fresh, &|_| {}), (vec![], vec![]));
    let (found, notes) = told_of(&fresh, &|copy| (gone(copy), unmarked(copy)).0);
    assert!(
        !found.iter().any(|(_, subject)| subject == "checkpoint") && notes[0].contains("`init` was interrupted"),
        "{found:?} {notes:?}"
    );
    let missing = ("checkpoint-missing", "checkpoint".to_owned());
    assert!(told_of(&fresh, &gone).0.contains(&missing));
    let mut vault = Vault::open(&fresh, ports()).unwrap();
    kept(&mut vault, b"second entry");
    drop(vault);
    for damage in [&gone as &dyn Fn(&Path), &|copy| (gone(copy), unmarked(copy)).0] {
        assert!(told_of(&fresh, damage).0.contains(&missing));
        assert!(told_of(&root, damage).0.contains(&missing));
    }
    // The database has lost its end.
    let size = Reader::open(&root).unwrap().size().unwrap();
    for (lost, named) in [(1, 1), (20, 20), (25, 20)] {
        let (found, _) = told_of(&root, &|copy| sql(copy, &format!("DELETE FROM log WHERE idx >= {}", size - lost)));
        let entries = found.iter().filter(|(code, _)| *code == "entry-missing").map(|(_, subject)| subject.clone());
        let expected: Vec<String> = (0..named).map(|nth| format!("entry {}", size - lost + nth)).collect();
        assert_eq!(entries.collect::<std::collections::BTreeSet<_>>(), expected.into_iter().collect(), "{lost}");
    }
    // Entries that are not those that were published are named, each.
    let dir = tempfile::tempdir().unwrap();
    let copy = dir.path().join("copy");
    copy_dir(&root, &copy);
    sql(&copy, SWAPPED);
    let told = verify(&copy);
    let published = told.findings.iter().filter(|one| one.detail.contains("that was published under the signed checkpoint"));
    assert_eq!(published.map(|one| one.subject.as_str()).collect::<Vec<_>>(), ["entry 4", "entry 5"]);
    // The checkpoint is older than the database: rolled back, if a later one had been published; else a run was killed.
    let grown = dir.path().join("grown");
    copy_dir(&root, &grown);
    let mut vault = Vault::open(&grown, ports()).unwrap();
    kept(&mut vault, b"one more");
    drop(vault);
    assert_eq!(told_of(&grown, &|_| {}), (vec![], vec![]));
    let older = |copy: &Path| {
        fs::remove_dir_all(copy.join("log")).unwrap();
        copy_dir(&root.join("log"), &copy.join("log"));
    };
    let (found, _) = told_of(&grown, &older);
    assert_eq!(found, [("checkpoint-differs", "checkpoint".to_owned())]);
    let mark = |copy: &Path| {
        older(copy);
        let hash = hex::encode(Reader::open(copy).unwrap().root(size).unwrap());
        sql(copy, &format!("UPDATE publication SET size = {size}, root = x'{hash}'"));
    };
    let (found, notes) = told_of(&grown, &mark);
    assert_eq!(found, []);
    assert!(notes.len() == 1 && notes[0].starts_with("1 entries are not published yet"), "{notes:?}");
}

/// Records an object of these bytes.
fn kept(vault: &mut Vault, bytes: &[u8]) {
    let mut staging = vault.stage().unwrap();
    std::io::Write::write_all(&mut staging, bytes).unwrap();
    let staged = staging.finish().unwrap();
    let digests = staged.digests();
    let (sha256, blake3, size) = (digests.sha256, digests.blake3, digests.size);
    let object = exhibit::evidence::Object { sha256, blake3, size, media_type: "text/plain".into() };
    let events = vec![exhibit::evidence::Event::ObjectKept(exhibit::evidence::ObjectKept { object, because: None })];
    vault.commit(vec![Effects { objects: vec![staged], events, ..Effects::default() }]).unwrap();
}

/// Objects are called by what people call them, and by their digest where nobody has a name for them.
#[test]
fn an_object_without_a_number_is_named_by_its_digest() {
    let (_dir, root) = archived();
    kept(&mut Vault::open(&root, ports()).unwrap(), b"bytes that are no exhibit");
    let digest = exhibit::evidence::Digest::of(b"bytes that are no exhibit");
    fs::remove_file(Reader::open(&root).unwrap().layout().object(&digest)).unwrap();
    let told = verify(&root);
    let subjects: Vec<&str> = told.findings.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, [format!("object {}", digest.short())]);
    damaged(&root, "an exhibit's object", "object-altered", "E1", |copy| {
        let digest = Reader::open(copy).unwrap().exhibits(exhibit::evidence::ExhibitNo(0), Some(1)).unwrap()[0].sha256.clone();
        truncate(&Reader::open(copy).unwrap().layout().object(&digest.parse().unwrap()));
    });
}

/// Only a key that has signed this log can be one that is not to be trusted any more.
#[test]
fn a_revoked_key_that_never_signed_raises_nothing() {
    let (_dir, root) = archived();
    let stranger = exhibit::keyring::FileKey::from_seed([9; 32]).unwrap();
    let revoked = |key: &str| {
        exhibit::evidence::Event::KeyRevoked(exhibit::evidence::KeyRevoked {
            key: key.to_owned(),
            since: exhibit::evidence::Time::from_micros(1_700_000_000_000_000),
            reason: "stolen".into(),
        })
    };
    let commit = |event| {
        let mut vault = Vault::open(&root, ports()).unwrap();
        vault.commit(vec![Effects { events: vec![event], ..Effects::default() }]).unwrap();
    };
    commit(revoked(&stranger.public().to_string()));
    assert_eq!(verify(&root).findings, []);
    commit(revoked(&support::key().public().to_string()));
    assert!(named(&verify(&root), "key-revoked", "log"));
}

/// What events refer to is looked up in the catalogue itself: rows that mislead there are found all the same.
#[test]
fn a_catalogue_that_agrees_with_itself_and_not_with_the_log_is_found() {
    let (_dir, root) = archived();
    let exchange = |table: &str, column: &str| {
        format!(
            "CREATE TEMP TABLE t AS SELECT no, {column} FROM {table} WHERE no IN (1, 2); \
             UPDATE {table} SET {column} = {column} || '-' WHERE no IN (1, 2); \
             UPDATE {table} SET {column} = (SELECT {column} FROM t WHERE t.no = 3 - {table}.no) WHERE no IN (1, 2)"
        )
    };
    for (table, column, row) in [("item", "key", "I1"), ("capture", "key", "K1")] {
        let both = exchange(table, column);
        damaged(&root, &both, "catalogue-differs", row, |copy| sql(copy, &both));
    }
    // A whole item, its captures and its exhibits under another number.
    damaged(&root, "items under other numbers", "catalogue-differs", "I1", |copy| {
        sql(
            copy,
            "PRAGMA foreign_keys = OFF; UPDATE item SET no = 1000 WHERE no = 1; UPDATE item SET no = 1 WHERE no = 2; \
             UPDATE item SET no = 2 WHERE no = 1000; UPDATE capture SET item = 3 - item WHERE item IN (1, 2); \
             UPDATE exhibit SET item = 3 - item WHERE item IN (1, 2); UPDATE mention SET item = 3 - item WHERE item IN (1, 2)",
        );
    });
    // A table that only agrees with another that is wrong is named, too.
    damaged(&root, "captures of items that changed places", "catalogue-differs", "K", |copy| {
        sql(
            copy,
            "CREATE TEMP TABLE t AS SELECT * FROM item; DELETE FROM item; \
             INSERT INTO item SELECT no + 1000, key, kind, url, platform, platform_id, entry FROM t; \
             UPDATE capture SET item = item + 1000; UPDATE exhibit SET item = item + 1000; \
             UPDATE mention SET item = item + 1000 WHERE item IS NOT NULL",
        );
    });
    // A later row that an earlier entry must not have seen.
    damaged(&root, "an item that came later", "catalogue-differs", "I1", |copy| {
        sql(copy, "UPDATE item SET entry = (SELECT max(idx) FROM log) WHERE no = 1");
    });
    damaged(&root, "versions counted from two", "catalogue-differs", "K", |copy| {
        sql(copy, "UPDATE capture SET version = version + 1");
    });
}

/// The queue may hold open units besides what follows from the log, and nothing else.
#[test]
fn damage_to_the_queue_is_named() {
    let (dir, root) = recorded();
    let said = |what: &str| {
        let copy = dir.path().join("copy");
        let _ = fs::remove_dir_all(&copy);
        copy_dir(&root, &copy);
        sql(&copy, what);
        let told: Vec<String> = verify(&copy).findings.into_iter().map(|finding| finding.detail).collect();
        told
    };
    let first = "(SELECT min(key) FROM work WHERE kind = 'capture')";
    let row = |kind: &str, subject: &str, state: &str| {
        format!("INSERT INTO work VALUES ('{kind}', 'zz', {subject}, '{state}', NULL, NULL, 0)")
    };
    let item = "(SELECT key FROM item WHERE no = 1)";
    for (what, says) in [
        (format!("UPDATE work SET state = 'done' WHERE key = {first}"), "is done, and no entry says so"),
        ("UPDATE work SET state = 'queued' WHERE kind = 'read'".into(), "is open, and the log says that it is done"),
        (format!("UPDATE work SET subject = 'x' WHERE key = {first}"), "is about something else than the log says"),
        (format!("DELETE FROM work WHERE key = {first}"), "follows from the log and is missing"),
        (row("capture", item, "done"), "is done, and no entry says so"),
        (row("paint", item, "queued"), "is of no kind that there is"),
        (row("capture", "'url:http://nowhere.example/'", "queued"), "is about no item that there is"),
    ] {
        let told = said(&what);
        assert!(told.len() == 1 && told[0].ends_with(says), "{what}: {told:?}");
    }
    for what in [row("capture", item, "queued"), row("capture", item, "leased"), row("read", "'x'", "queued")] {
        assert_eq!(said(&what), Vec::<String>::new(), "{what}");
        // Told apart where another unit is wrong.
        let told = said(&format!("{what}; UPDATE work SET state = 'queued' WHERE kind = 'read' AND key <> 'zz'"));
        assert!(told.len() == 1 && told[0].ends_with("is open, and the log says that it is done"), "{what}: {told:?}");
    }
}

/// What a run has begun and another has queued is as it was when the catalogue is made anew.
#[test]
fn open_work_outlives_a_rebuild() {
    let (_dir, root) = recorded();
    sql(
        &root,
        "UPDATE work SET state = 'leased', worker = 'w', lease_until = 7, token = 3 WHERE key = (SELECT min(key) FROM work WHERE state = 'queued')",
    );
    sql(&root, "INSERT INTO work SELECT 'capture', 'zz', key, 'queued', NULL, NULL, 2 FROM item WHERE no = 1");
    // Of what is done, its subject and the lease that it was done under do not follow from the log.
    let work = || {
        let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
        let columns = "kind, key, state, iif(state = 'done', '', subject), worker, lease_until, iif(state = 'done', 0, token)";
        let mut query = db.prepare(&format!("SELECT {columns} FROM work ORDER BY kind, key")).unwrap();
        let row =
            |row: &rusqlite::Row<'_>| (0..7).map(|at| row.get(at)).collect::<rusqlite::Result<Vec<rusqlite::types::Value>>>();
        query.query_map([], row).unwrap().collect::<rusqlite::Result<Vec<_>>>().unwrap()
    };
    let before = work();
    let states: BTreeSet<String> = before.iter().map(|row| format!("{:?}", row[2])).collect();
    assert_eq!(states.len(), 3, "done, leased and queued: {states:?}");
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(work(), before);
    assert_eq!(verify(&root).findings, []);
}

/// A table that cases have had only since may be missing as long as nothing belongs into it.
#[test]
fn a_later_table_may_be_missing_only_while_the_log_has_nothing_for_it() {
    let (_dir, root) = archived();
    sql(&root, "DROP TABLE package");
    assert_eq!(verify(&root).findings, []);
    let came = exhibit::evidence::PackageReceived {
        format: "bag".into(),
        manifest: exhibit::evidence::Digest::of(b"manifest"),
        origin: None,
        size: None,
        key: None,
        verdict: "green".into(),
        items: 0,
        name: None,
    };
    let mut vault = Vault::open(&root, ports()).unwrap();
    let events = vec![exhibit::evidence::Event::PackageReceived(came)];
    vault.commit(vec![Effects { events, ..Effects::default() }]).unwrap();
    drop(vault);
    assert_eq!(verify(&root).findings, []);
    sql(&root, "DROP TABLE package");
    assert_eq!(verify(&root).verdict, Verdict::Red);
}

/// A case of before has other indexes: it is what it was, and a rebuild gives it those of today.
#[test]
fn the_indexes_of_an_older_case_are_known() {
    let (_dir, root) = archived();
    let indexes = || {
        let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
        let mut names = db.prepare("SELECT name FROM sqlite_schema WHERE sql IS NOT NULL AND type = 'index' ORDER BY 1").unwrap();
        names.query_map([], |row| row.get(0)).unwrap().collect::<Result<Vec<String>, _>>().unwrap()
    };
    let today = indexes();
    sql(&root, "DROP INDEX capture_cut; CREATE INDEX capture_object ON capture (object)");
    sql(&root, "CREATE INDEX exhibit_object ON exhibit (object)");
    assert_ne!(indexes(), today);
    assert_eq!(verify(&root).findings, []);
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(indexes(), today);
    sql(&root, "DROP INDEX capture_cut");
    assert_eq!(verify(&root).verdict, Verdict::Red);
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    // Not one of the same name that leaves rows out.
    sql(&root, "CREATE INDEX exhibit_object ON exhibit (object) WHERE no > 1");
    let found = verify(&root).findings;
    assert_eq!(found.iter().map(|finding| finding.subject.as_str()).collect::<Vec<_>>(), ["schema"], "{found:?}");
}

/// What can be read of a log that cannot be read whole is judged, and nothing untrue is said of it.
#[test]
fn a_damaged_page_of_the_log_hides_nothing_that_can_be_read() {
    let (_dir, root) = archived();
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    db.execute_batch("PRAGMA wal_checkpoint(TRUNCATE)").unwrap();
    let middle = "SELECT pageno FROM dbstat WHERE name = 'log' AND pagetype = 'leaf' ORDER BY path DESC LIMIT 1 OFFSET 2";
    let page: u64 = db.query_row(middle, [], |row| row.get(0)).unwrap();
    let size: u64 = db.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    drop(db);
    sql(&root, "UPDATE sealed SET value = x'2261626322' WHERE idx = (SELECT min(idx) FROM sealed)");
    let file = fs::File::options().write(true).open(root.join("case.sqlite")).unwrap();
    std::os::unix::fs::FileExt::write_all_at(&file, &vec![0xa5; size as usize], (page - 1) * size).unwrap();
    drop(file);
    let told = verify(&root);
    assert_eq!(told.verdict, Verdict::Red);
    assert!(named(&told, "database-damaged", "case.sqlite"), "{:#?}", told.findings);
    assert!(named(&told, "sealed-altered", "entry"), "{:#?}", told.findings);
    for untrue in ["no key is known", "no entry says that it was erased"] {
        assert!(!told.findings.iter().any(|finding| finding.detail.contains(untrue)), "{untrue}: {:#?}", told.findings);
    }
}

/// Each row that differs is told once and by its own name; more than can be named are counted.
#[test]
fn rows_that_differ_are_told_one_by_one() {
    let (_dir, root) = archived();
    let told = |damage: &str| {
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join("copy");
        copy_dir(&root, &copy);
        sql(&copy, damage);
        let differing = verify(&copy).findings.into_iter().filter(|finding| finding.code == Code::CatalogueDiffers);
        differing.map(|finding| (finding.subject, finding.detail)).collect::<Vec<_>>()
    };
    let one = |subject: &str, detail: &str| vec![(subject.to_owned(), detail.to_owned())];
    assert_eq!(
        told("UPDATE claim SET value = 'elsewhere' WHERE no = 1"),
        one("C1", "Row 1 of claim does not say what the log says in: value")
    );
    assert_eq!(
        told("DELETE FROM search WHERE rowid = 2"),
        one("search 2", "Row 2 of search follows from the log and is missing")
    );
    // Of two rows that have nothing in common, the one that is gone is named.
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    let apart = "SELECT a.sha256 FROM object a JOIN object b ON b.sha256 = (SELECT min(sha256) FROM object WHERE sha256 > a.sha256) \
                 WHERE a.media_type <> b.media_type AND a.size <> b.size AND a.entry <> b.entry";
    let digest: String = db.query_row(apart, [], |row| row.get(0)).unwrap();
    assert_eq!(
        told(&format!("DELETE FROM object WHERE sha256 = '{digest}'")),
        one(&format!("object {digest}"), &format!("Row {digest} of object follows from the log and is missing"))
    );
    let rows: usize = db.query_row("SELECT count(*) FROM custody_event", [], |row| row.get(0)).unwrap();
    let differing = told("UPDATE custody_event SET tool = 'another'");
    let (more, named): (Vec<_>, Vec<_>) = differing.into_iter().partition(|(subject, _)| subject == "custody_event");
    assert_eq!((more, named.len()), (one("custody_event", &format!("{} more rows of custody_event differ", rows - 50)), 50));
}

/// An index that somebody removed is made again with the rest.
#[test]
fn a_rebuild_makes_what_is_missing() {
    let (_dir, root) = archived();
    sql(&root, "DROP INDEX work_open; DROP INDEX claim_subject");
    assert!(named(&verify(&root), "catalogue-differs", "schema"));
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(verify(&root).findings, []);
}

/// What lies in a case's directory, but for SQLite's own files that a reader may leave.
fn names(root: &Path) -> BTreeSet<std::ffi::OsString> {
    let names = fs::read_dir(root).unwrap().map(|file| file.unwrap().file_name());
    names.filter(|name| name != "case.sqlite-wal" && name != "case.sqlite-shm").collect()
}

/// A database is made of a published log that is whole and signed, or not at all: what was begun of it goes.
#[test]
fn a_lost_database_is_made_only_of_a_log_that_holds() {
    let (_dir, root) = archived();
    let find = |part: &str| {
        let files = walkdir::WalkDir::new(root.join("log")).into_iter().map(|file| file.unwrap().into_path());
        files.filter(|path| path.is_file() && path.to_string_lossy().contains(part)).max().unwrap()
    };
    let (entries, sealed, checkpoint) = (find("/entries/"), find("/sealed/"), root.join("log/checkpoint"));
    let events = Reader::open(&root).unwrap().events(0, None).unwrap();
    for file in ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"] {
        let _ = fs::remove_file(root.join(file));
    }
    let lost = names(&root);
    let (bundle, note) = (fs::read(&entries).unwrap(), fs::read(&checkpoint).unwrap());
    // Another month in an entry, which is as good as the true one but for the tree.
    let month = bundle.windows(14).rposition(|window| window == b"\"time\":\"2019-0").unwrap() + 14;
    let mut other = bundle.clone();
    other[month] ^= 1;
    let (mut last, mut next) = (0, 0);
    while next < bundle.len() {
        (last, next) = (next, next + 2 + usize::from(u16::from_be_bytes([bundle[next], bundle[next + 1]])));
    }
    // Another letter in the signature.
    let mut unsigned = note.clone();
    let letter = unsigned.len() - 20;
    unsigned[letter] = if unsigned[letter] == b'A' { b'B' } else { b'A' };
    for (file, damaged, why) in [
        (&entries, &other[..], "do not add up"),
        (&entries, &bundle[..last], "do not add up"),
        (&entries, b"\0", ""),
        (&checkpoint, &unsigned[..], "signature does not match"),
    ] {
        let whole = fs::read(file).unwrap();
        overwrite(file, damaged);
        let refused = exhibit::vault::rebuild(&root, &|_, _| {}).unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
        assert_eq!(names(&root), lost);
        overwrite(file, &whole);
    }
    // A sealed value that is not the one committed to is left out; the others are taken.
    let values = fs::read_to_string(&sealed).unwrap();
    overwrite(&sealed, values.replacen("A. Tester", "B. Tester", 1).as_bytes());
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    let held = Reader::open(&root).unwrap().events(0, None).unwrap();
    assert_eq!((held[0].person.as_deref(), &held[1..]), (None, &events[1..]));
    fs::remove_file(root.join("case.sqlite")).unwrap();
    overwrite(&sealed, values.as_bytes());
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(Reader::open(&root).unwrap().events(0, None).unwrap(), events);
    assert_eq!(verify(&root).findings, []);
}

/// Nothing is written to a case whose published log is shorter than it was.
#[test]
fn a_published_log_that_went_back_stops_whoever_would_write() {
    let (_dir, root) = archived();
    let checkpoint = root.join("log/checkpoint");
    let refused = |root: &Path| Vault::open(root, ports()).map(drop).unwrap_err().to_string();
    let before = fs::read(&checkpoint).unwrap();
    kept(&mut Vault::open(&root, ports()).unwrap(), b"one more");
    let after = fs::read(&checkpoint).unwrap();
    overwrite(&checkpoint, &before);
    assert!(refused(&root).contains("the checkpoint is older than the last one published"), "{}", refused(&root));
    fs::remove_file(&checkpoint).unwrap();
    assert!(refused(&root).contains("log/checkpoint is gone"), "{}", refused(&root));
    fs::write(&checkpoint, &after).unwrap();
    drop(Vault::open(&root, ports()).unwrap());
    assert_eq!(verify(&root).findings, []);
}

/// An object is due when its last check, or its arrival, is older than a moment, and not when it is of that moment.
#[test]
fn a_moment_is_no_longer_ago_than_itself() {
    let (_dir, root) = archived();
    let reader = Reader::open(&root).unwrap();
    let times: Vec<exhibit::evidence::Time> =
        reader.events(0, None).unwrap().into_iter().map(|event| event.time.parse().unwrap()).collect();
    let (objects, last) = (reader.objects().unwrap().len(), times.iter().max().unwrap().micros());
    let due = |moment: i64| reader.due(exhibit::evidence::Time::from_micros(moment)).unwrap().len();
    let moments: BTreeSet<i64> = times.iter().map(|time| time.micros()).collect();
    // Each object came at one of these moments: it is due from the next microsecond on.
    let grown = moments.iter().filter(|moment| due(**moment) < due(*moment + 1)).count();
    assert!(grown > 0 && moments.iter().all(|moment| due(*moment) == due(moment - 1) || moments.contains(&(moment - 1))));
    assert_eq!(due(last + 1), objects);
}

/// What a rebuild writes beside the catalogue is gone after it, whatever the directory is called; and words are found as before.
#[test]
fn a_rebuild_leaves_nothing_beside_a_case_of_any_name() {
    let (dir, root) = archived();
    let odd = dir.path().join(OsStr::from_bytes(b"file:a case? of #%20 \xff\xfe bytes"));
    fs::rename(&root, &odd).unwrap();
    let all = || {
        let reader = Reader::open(&odd).unwrap();
        (names(&odd), reader.search("orchard", 50).unwrap(), reader.events(0, None).unwrap())
    };
    let before = all();
    assert!(!before.1.is_empty() && !before.2.is_empty());
    exhibit::vault::rebuild(&odd, &|_, _| {}).unwrap();
    assert_eq!(all(), before);
    assert_eq!(verify(&odd).findings, []);
}

/// A lost `log/` is published anew from the head in the database, if that is the case's own and of these entries.
#[test]
fn a_rebuild_publishes_only_the_cases_own_head() {
    let (_dir, root) = archived();
    let published = || fs::read_to_string(root.join("log/checkpoint")).ok();
    let own = published().unwrap();
    let note = Note::parse(&own).unwrap();
    let head = Checkpoint::parse(&note.text).unwrap();
    let signed = |checkpoint: &Checkpoint, signer: &dyn Signer| {
        Note::sign(checkpoint.to_string(), &checkpoint.origin, signer).unwrap().to_string()
    };
    let other = exhibit::keyring::FileKey::from_seed([9; 32]).unwrap();
    let before = Reader::open(&root).unwrap().root(head.size - 1).unwrap();
    let heads = [
        ("another key's", signed(&head, &other)),
        ("another case's", signed(&Checkpoint { origin: "exhibit.case/00".into(), ..head.clone() }, &*support::key())),
        ("of fewer entries", signed(&Checkpoint { size: head.size - 1, root: before, ..head.clone() }, &*support::key())),
        ("of other entries", signed(&Checkpoint { root: [7; 32], ..head.clone() }, &*support::key())),
    ];
    for (what, note) in heads {
        fs::remove_dir_all(root.join("log")).unwrap();
        sql(&root, &format!("UPDATE head SET note = '{note}'"));
        exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
        assert_eq!(published(), None, "a head {what} was published");
        fs::create_dir_all(root.join("log")).unwrap();
    }
    fs::remove_dir_all(root.join("log")).unwrap();
    sql(&root, &format!("UPDATE head SET note = '{own}'"));
    exhibit::vault::rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(published(), Some(own));
    assert_eq!(verify(&root).findings, []);
}

/// What a run has in hand is no damage, and what comes in while a check is going on belongs to the case.
#[test]
fn work_under_way_and_arrivals_raise_nothing() {
    let (_dir, root) = archived();
    sql(&root, "INSERT INTO work SELECT 'capture', 'again', key, 'queued', NULL, NULL, 0 FROM item WHERE no = 1");
    assert_eq!(verify(&root).findings, []);
    let (arrived, told) = (std::sync::Once::new(), std::sync::Mutex::new(Vec::new()));
    let tick = |done, total| {
        told.lock().unwrap().push((done, total));
        arrived.call_once(|| {
            kept(&mut Vault::open(&root, ports()).unwrap(), b"newly arrived");
        });
    };
    let trusted = [Trusted { who: "test".into(), key: support::key().public().clone() }];
    let checked = verify_case(&root, &trusted, &Looking { tick: &tick, ..Looking::at_all(Depth::Full) }).unwrap();
    assert_eq!((checked.findings, checked.fixity.new), (vec![], 0));
    // Progress is told in bytes, and ends where it said that it would.
    let told = told.into_inner().unwrap();
    assert_eq!(told.len() as u64, checked.checked.objects);
    assert!(told.iter().all(|(done, total)| *done > 0 && done <= total && *total == checked.checked.bytes), "{told:?}");
    assert!(told.iter().any(|(done, total)| done == total), "{told:?}");
    assert_eq!(verify(&root).checked.objects, checked.checked.objects + 1);
}

#[test]
fn intact_copied_and_redated_cases_raise_nothing() {
    let (_dir, root) = archived();
    for round in 0..100 {
        if round % 10 > 0 {
            assert_eq!(verify(&root).findings, [], "round {round}");
            continue;
        }
        let dir = tempfile::tempdir().unwrap();
        let copy = dir.path().join(format!("a copy {round} of ü#?%"));
        copy_dir(&root, &copy);
        for file in walkdir::WalkDir::new(&copy).into_iter().map(Result::unwrap).filter(|file| file.file_type().is_file()) {
            writable(file.path());
            let past = std::time::UNIX_EPOCH + std::time::Duration::from_secs(86_400 * (round as u64 + 1));
            fs::File::options().append(true).open(file.path()).unwrap().set_modified(past).unwrap();
        }
        assert_eq!(verify(&copy).findings, [], "round {round}");
    }
}

/// Whoever lays a file aside while it is being checked is not told of it as something that lies there.
#[test]
fn what_was_taken_away_meanwhile_is_no_finding() {
    let (_dir, root) = archived();
    let stray = root.join("vault/sha256/stray");
    fs::write(&stray, "not ours").unwrap();
    assert!(verify(&root).findings.iter().any(|one| one.code == Code::ObjectExtra));
    let ticks = std::sync::Mutex::new(Vec::new());
    let tick = |done: u64, total: u64| {
        let _ = fs::remove_file(&stray);
        ticks.lock().unwrap().push((done, total));
    };
    let trusted = [Trusted { who: "test".into(), key: support::key().public().clone() }];
    let looking = Looking { tick: &tick, ..Looking::at_all(Depth::Full) };
    let told = verify_case(&root, &trusted, &looking).unwrap();
    assert_eq!(told.findings, []);
    // The same is told of a check that is recorded.
    ticks.lock().unwrap().clear();
    let mut vault = Vault::open(&root, ports()).unwrap();
    let mut recorded = told.clone();
    audit(&mut vault, &mut recorded, &looking).unwrap();
    let ticks = ticks.into_inner().unwrap();
    let (done, total) = *ticks.last().unwrap();
    assert_eq!((done, total), (told.checked.bytes, told.checked.bytes), "{ticks:?}");
}
