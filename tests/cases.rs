//! Cases of every format that was ever released open, verify, and say the same as then.
//!
//! `EXHIBIT_FREEZE=1 cargo test --test cases` makes the newest one anew; a released one never is.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};

use exhibit::evidence::{Event, ExhibitNo, NoteAdded, Subject, Verdict};
use exhibit::stages::{Handed, Source, archive, hand_over};
use exhibit::vault::{Effects, Reader, Vault, rebuild};
use support::{Silent, archiving, copy_dir, example, ports, verify};

fn frozen() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases/format-1")
}

fn freeze() {
    let root = frozen().join("case");
    let _ = std::fs::remove_dir_all(frozen());
    std::fs::create_dir_all(frozen()).unwrap();
    let ports = ports();
    let how = archiving(&ports, 1);
    let mut vault = Vault::create(&root, Some("Tell Amara".into()), exhibit::config::TEMPLATE, ports).unwrap();
    archive(&mut vault, &[Source::File(example().join("report.html"))], &how, &mut Silent).unwrap().remove(0).unwrap();
    let handed = Handed {
        source: Source::File(example().join("media/rubble.png")).into(),
        claims: vec![],
        note: Some("Handed over, too".into()),
        by: "person",
    };
    hand_over(&mut vault, &handed, &how).unwrap();
    let dump = vault.reader().dump().unwrap();
    drop(vault);
    std::fs::File::create(frozen().join("dump.txt")).unwrap().write_all(dump.as_bytes()).unwrap();
    let _ = std::fs::remove_dir(root.join("staging"));
}

#[test]
fn a_case_of_format_1_opens_verifies_and_says_what_it_said() {
    if std::env::var_os("EXHIBIT_FREEZE").is_some() {
        freeze();
    }
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("case");
    copy_dir(&frozen().join("case"), &root);
    let told = verify(&root);
    assert_eq!(told.verdict, Verdict::Green, "{:#?}", told.findings);
    let dump = std::fs::read_to_string(frozen().join("dump.txt")).unwrap();
    let reader = Reader::open(&root).unwrap();
    assert_eq!(reader.dump().unwrap(), dump);
    let exhibits = reader.exhibits(ExhibitNo(0), None).unwrap();
    assert_eq!(exhibits.len(), 7);
    assert!(exhibits.iter().any(|exhibit| exhibit.name.as_deref() == Some("convoy.mp4")));
    drop(reader);
    // The catalogue of today follows from the log of then.
    rebuild(&root).unwrap();
    assert_eq!(Reader::open(&root).unwrap().dump().unwrap(), dump);
    std::fs::remove_file(root.join("case.sqlite")).unwrap();
    rebuild(&root).unwrap();
    assert_eq!(Reader::open(&root).unwrap().dump().unwrap(), dump);
    // And it can be added to.
    let mut vault = Vault::open(&root, ports()).unwrap();
    let note = NoteAdded { subject: Subject::Item("local:none".into()), text: None };
    let item = exhibit::evidence::Item {
        key: "local:none".into(),
        kind: exhibit::evidence::MediaKind::Page,
        url: None,
        platform: None,
        platform_id: None,
    };
    vault
        .commit(vec![Effects { events: vec![Event::ItemIdentified(item), Event::NoteAdded(note)], ..Effects::default() }])
        .unwrap();
    drop(vault);
    assert_eq!(verify(&root).verdict, Verdict::Green);
}
