//! Sealed values: withheld from an export or erased by law, and the chain still verifies.

mod support;

use std::path::{Path, PathBuf};

use exhibit::evidence::{Event, Item, MediaKind, NoteAdded, Subject, ValueErased, Verdict};
use exhibit::vault::{Effects, Reader, Vault};
use support::{Program, case, contents, ports, verify};

fn holds(root: &Path, word: &str) -> Vec<PathBuf> {
    let word = word.as_bytes();
    contents(root)
        .into_iter()
        .filter(|(_, bytes)| bytes.windows(word.len()).any(|window| window == word))
        .map(|(path, _)| path)
        .collect()
}

#[test]
fn an_erased_value_leaves_no_copy_and_a_chain_that_verifies() {
    let (_dir, root, mut vault) = case();
    let key = "url:https://example.org/1";
    let item = Item { key: key.into(), kind: MediaKind::Page, url: None, platform: None, platform_id: None };
    let note = NoteAdded { subject: Subject::Item(key.into()), text: Some("CANARY-of-a-witness".into()) };
    let other = |text: &str| Event::NoteAdded(NoteAdded { subject: Subject::Item(key.into()), text: Some(text.into()) });
    let events = vec![Event::ItemIdentified(item), other("a lamp in an orchard"), Event::NoteAdded(note)];
    vault.commit(vec![Effects { events, ..Effects::default() }]).unwrap();
    let size = vault.reader().size().unwrap();
    let entry = size - 1;
    assert!(!holds(&root, "CANARY-of-a-witness").is_empty());
    let head = vault.reader().root(size).unwrap();
    vault.erase(entry, "text", "order of a court", Some("A. Judge".into())).unwrap();
    assert!(vault.erase(entry, "text", "again", None).is_err(), "what is gone cannot be erased again");
    assert_eq!(vault.reader().root(size).unwrap(), head, "not one entry changed");
    // Two who write at once can both say so; the first word counts.
    let again =
        |reason: &str| Event::ValueErased(ValueErased { entry, field: "text".into(), reason: reason.into(), authority: None });
    vault.commit(vec![Effects { events: vec![again("again"), again("and again")], ..Effects::default() }]).unwrap();
    // Other words are found as before, and new ones too.
    vault.commit(vec![Effects { events: vec![other("a lamp by the river")], ..Effects::default() }]).unwrap();
    let found = |words: &str| vault.reader().search(words, 50).unwrap().len();
    assert_eq!((found("orchard"), found("river"), found("lamp"), found("canary")), (1, 1, 2, 0));
    drop(vault);
    assert_eq!(holds(&root, "CANARY-of-a-witness"), Vec::<PathBuf>::new());
    let told = verify(&root);
    assert_eq!((told.verdict, told.sealed.erased), (Verdict::Green, 1), "{:#?}", told.findings);
    // And the case goes on, also with another erasure.
    let mut vault = Vault::open(&root, ports()).unwrap();
    for (entry, of) in [(entry - 1, "orchard"), (entry + 4, "river")] {
        assert_eq!(vault.reader().search(of, 50).unwrap().len(), 1);
        vault.erase(entry, "text", "order of a court", None).unwrap();
        assert_eq!(vault.reader().search(of, 50).unwrap().len(), 0);
    }
    drop(vault);
    assert_eq!(holds(&root, "a lamp"), Vec::<PathBuf>::new());
    // A value that is said to be erased and comes back is told.
    let copy = root.with_file_name("copy");
    support::copy_dir(&root, &copy);
    support::tamper::sql(&copy, &format!("INSERT INTO sealed VALUES ({entry}, 'text', zeroblob(16), x'2278')"));
    assert!(verify(&copy).findings.iter().any(|finding| finding.code.as_str() == "erasure-unfinished"));
    assert_eq!(Reader::open(&root).unwrap().title().unwrap().as_deref(), Some("A case"));
}

/// A mark whose entries never came takes nothing; one that nobody knows stands for all that can be left.
#[test]
fn a_mark_of_an_erasure_without_its_entries_takes_nothing() {
    let (_dir, root, mut vault) = case();
    let item = Item { key: "url:x".into(), kind: MediaKind::Page, url: None, platform: None, platform_id: None };
    let note = NoteAdded { subject: Subject::Item("url:x".into()), text: Some("a lamp".into()) };
    vault
        .commit(vec![Effects { events: vec![Event::ItemIdentified(item), Event::NoteAdded(note)], ..Effects::default() }])
        .unwrap();
    let (before, mark) = (vault.reader().dump().unwrap(), root.join("erasing"));
    drop(vault);
    for word in ["bytes\n", "entries\n", "values\n", "free\n", "pages\n", "a word of tomorrow"] {
        std::fs::write(&mark, word).unwrap();
        let told = verify(&root);
        assert!(told.findings.iter().any(|finding| finding.code.as_str() == "erasure-unfinished"), "{word}");
        let vault = Vault::open(&root, ports()).unwrap();
        assert!(vault.unfinished().is_none() && !mark.exists(), "{word}");
        assert_eq!(vault.reader().dump().unwrap(), before, "{word}");
        drop(vault);
        assert_eq!(verify(&root).verdict, Verdict::Green, "{word}");
    }
    // What cannot be read cannot be finished. That is told, and nobody is kept from writing.
    std::fs::create_dir(&mark).unwrap();
    let vault = Vault::open(&root, ports()).unwrap();
    assert!(vault.unfinished().unwrap().to_string().contains("erasing"));
}

/// Old pages cannot go while somebody reads them. That is said, and whoever writes next wipes them.
#[test]
fn a_reader_holds_up_the_last_of_an_erasure_and_it_is_told() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    let mut bytes = support::png(1);
    bytes.extend_from_slice(b"CANARY-in-the-bytes");
    program.file("CANARY-in-the-name.png", &bytes);
    program.run(&["--case", "c", "add", "CANARY-in-the-name.png"]).code(0);
    let reader = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM log").unwrap();
    let mut command = program.command();
    command.env("EXHIBIT_LOCK_SECONDS", "1");
    command.args(["--case", "c", "purge", "E1", "--reason", "order", "--authority", "Court", "--by", "A", "--second", "B"]);
    let told = support::Ran::of(command.output().unwrap()).code(1);
    assert!(told.err.contains("old pages of case.sqlite") && told.err.contains("wipes the pages"), "{}", told.err);
    let told = program.run(&["--case", "c", "verify", "--json"]).code(3).json();
    let codes: Vec<&str> = told["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
    assert_eq!(codes, ["object-erased", "erasure-unfinished"], "{told:#}");
    let write = || program.run(&["--case", "c", "handle", "E1", "--graphic", "none", "--note", "x"]).code(0);
    let told = write();
    assert!(program.path("c/erasing").exists() && told.err.contains("not finished"), "it is read still: {}", told.err);
    drop(reader);
    write();
    assert_eq!(holds(&program.path("c"), "CANARY"), Vec::<PathBuf>::new());
    assert!(!program.path("c/erasing").exists());
    let told = program.run(&["--case", "c", "verify", "--json"]).code(3).json();
    assert_eq!(told["findings"].as_array().unwrap().len(), 1, "{told:#}");
}

/// One that ends in time holds up nothing.
#[test]
fn a_reader_that_ends_is_waited_for() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    program.file("CANARY-in-the-name.png", support::png(1));
    program.run(&["--case", "c", "add", "CANARY-in-the-name.png"]).code(0);
    let reader = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM log").unwrap();
    let mut command = program.command();
    command.env("EXHIBIT_LOCK_SECONDS", "60");
    command.args(["--case", "c", "purge", "E1", "--reason", "order", "--authority", "Court", "--by", "A", "--second", "B", "-q"]);
    let mut purge = command.spawn().unwrap();
    while !program.path("c/erasing").exists() {
        assert!(purge.try_wait().unwrap().is_none());
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
    // Time enough for one that does not wait.
    std::thread::sleep(std::time::Duration::from_secs(2));
    assert!(purge.try_wait().unwrap().is_none() && program.path("c/erasing").exists());
    drop(reader);
    assert!(purge.wait().unwrap().success());
    assert_eq!(holds(&program.path("c"), "CANARY"), Vec::<PathBuf>::new());
    assert!(!program.path("c/erasing").exists());
}

#[test]
fn a_value_that_is_gone_without_an_entry_that_says_so_is_a_finding() {
    let (_dir, root, vault) = case();
    drop(vault);
    rusqlite::Connection::open(root.join("case.sqlite"))
        .unwrap()
        .execute("DELETE FROM sealed WHERE field = 'title'", [])
        .unwrap();
    let told = verify(&root);
    assert_eq!(told.verdict, Verdict::Red);
    assert!(told.findings.iter().any(|finding| finding.code.as_str() == "sealed-missing" && finding.subject == "entry 0"));
}

#[test]
fn a_withheld_value_is_in_no_file_of_the_bag_and_the_bag_verifies() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    program.file("clip-of-NAMED-WITNESS.png", support::png(1));
    let add =
        ["--case", "c", "add", "clip-of-NAMED-WITNESS.png", "--acquired-from", "NAMED-WITNESS", "--note", "from NAMED-WITNESS"];
    program.run(&[&add[..], &["--by", "SECRET-COLLECTOR"]].concat()).code(0);
    program.run(&["--case", "c", "export", "E1", "--to", "open"]).code(0);
    assert!(!holds(&program.path("open"), "NAMED-WITNESS").is_empty());
    let withhold = ["--withhold", "person", "--withhold", "name", "--withhold", "claim", "--withhold", "text"];
    program.run(&[&["--case", "c", "export", "E1", "--to", "bag"][..], &withhold].concat()).code(0);
    for word in ["NAMED-WITNESS", "SECRET-COLLECTOR"] {
        assert_eq!(holds(&program.path("bag"), word), Vec::<PathBuf>::new(), "{word}");
    }
    let told = program.run(&["verify", "bag", "--json"]).code(0).json();
    assert_eq!(told["verdict"], "green");
    assert!(told["sealed"]["withheld"].as_u64().unwrap() > 3, "{told}");
    let information = std::fs::read_to_string(program.path("bag/bag-info.txt")).unwrap();
    assert!(information.contains("Exhibit-Withheld: claim, name, person, text"));
    program.run(&["--case", "c", "export", "E1", "--to", "x", "--withhold", "nonsense"]).code(2);
}
