//! Cases of every format that was ever released open, verify, and say the same as then.
//!
//! `EXHIBIT_FREEZE=1 cargo test --test cases` makes the newest one anew; a released one never is.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};

use exhibit::evidence::{
    Digest, Event, ExhibitNo, Fixity, KeyRevoked, NoteAdded, ObjectPurged, ObjectRestored, PackageReceived, Subject, Time,
    TransferMade, Unit, Verdict,
};
use exhibit::stages::{Handed, Source, archive, hand_over};
use exhibit::vault::{Committed, Effects, Lease, Reader, Task, Vault, rebuild};
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
    rebuild(&root, &|_, _| {}).unwrap();
    assert_eq!(Reader::open(&root).unwrap().dump().unwrap(), dump);
    std::fs::remove_file(root.join("case.sqlite")).unwrap();
    rebuild(&root, &|_, _| {}).unwrap();
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

/// What happens to a case in the years after stands in its catalogue, and where people look for it.
#[test]
fn what_is_said_in_later_years_has_its_rows() {
    let (_dir, root, mut vault) = support::case();
    let how = archiving(&ports(), 1);
    archive(&mut vault, &[Source::File(example().join("report.html"))], &how, &mut Silent).unwrap().remove(0).unwrap();
    let exhibits = vault.reader().exhibits(ExhibitNo(0), Some(2)).unwrap();
    let [first, second]: [Digest; 2] = [0, 1].map(|at| exhibits[at].sha256.parse().unwrap());
    let manifest = Digest::of(b"manifest");
    let purged = || {
        Event::ObjectPurged(ObjectPurged {
            object: second,
            with: None,
            reason: "order of a court".into(),
            authority: Some("A. Judge".into()),
            second: Some("B. Archivist".into()),
        })
    };
    let mut commit = |event: Event| vault.commit(vec![Effects { events: vec![event], ..Effects::default() }]).unwrap().remove(0);
    let recorded = |told: Committed| matches!(told, Committed::Recorded(range) if !range.is_empty());
    let since = Time::from_micros(1_600_000_000_000_000);
    assert!(recorded(commit(Event::KeyRevoked(KeyRevoked { key: "ssh-ed25519 AAAA".into(), since, reason: "stolen".into() }))));
    let restored = ObjectRestored { object: first, was: Fixity::Missing, name: Some("/mnt/mirror".into()) };
    assert!(recorded(commit(Event::ObjectRestored(restored))));
    let made = TransferMade {
        manifest,
        size: 7,
        objects: vec![first],
        withheld: vec!["entry 3: quote".into()],
        recipient: Some("The court".into()),
        purpose: None,
    };
    assert!(recorded(commit(Event::TransferMade(made))));
    let came = PackageReceived {
        format: "wacz".into(),
        manifest,
        origin: None,
        size: None,
        key: None,
        verdict: "green".into(),
        items: 3,
        name: Some("from a friend".into()),
    };
    assert!(recorded(commit(Event::PackageReceived(came))));
    assert!(recorded(commit(purged())));
    assert!(!recorded(commit(purged())), "what is purged is not purged again");
    let reader = Reader::open(&root).unwrap();
    let dump = reader.dump().unwrap();
    let has = |table: &str, words: &[&str]| {
        dump.lines().any(|line| line.starts_with(&format!("{table} [")) && words.iter().all(|word| line.contains(word)))
    };
    assert!(has("signing_key", &["revoked", "ssh-ed25519 AAAA", "Null", "stolen", "2020-09-13T12:26:40"]));
    assert!(has("package", &["wacz", &manifest.to_string(), "Integer(3)", "from a friend"]));
    assert!(has("purge", &[&second.to_string(), "order of a court", "A. Judge", "B. Archivist"]));
    let [transfer] = &reader.transfers().unwrap()[..] else { panic!("one transfer") };
    assert_eq!(transfer.objects, serde_json::json!([first.to_string()]));
    assert_eq!(transfer.withheld, serde_json::json!(["entry 3: quote"]));
    let kinds = |no: usize| -> Vec<String> {
        let id = exhibits[no].id.parse().unwrap();
        reader.events_about(id).unwrap().into_iter().map(|event| event.kind).collect()
    };
    assert!(kinds(0).ends_with(&["object-restored".into(), "transfer-made".into()]), "{:?}", kinds(0));
    assert!(kinds(1).ends_with(&["object-purged".into()]), "{:?}", kinds(1));
    assert_eq!(reader.purged().unwrap().into_keys().collect::<Vec<_>>(), [second]);
}

/// A run that says that it is alive keeps what it holds; one that is gone has given it back.
#[test]
fn leases_last_as_long_as_their_holder_says_that_it_is_there() {
    let (_dir, root, mut vault) = support::case();
    let unit = Unit::read(Digest::of(b"a report"));
    let task = Task { unit: unit.clone(), subject: "a report".into() };
    assert!(vault.enqueue(&task).unwrap());
    assert!(!vault.enqueue(&task).unwrap(), "once is enough");
    let lease = vault.claim(std::slice::from_ref(&unit)).unwrap();
    assert_eq!(lease.len(), 1);
    assert_eq!(vault.claim(std::slice::from_ref(&unit)).unwrap(), [], "it is held");
    let until = || -> i64 {
        let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
        db.query_row("SELECT lease_until FROM work WHERE state = 'leased'", [], |row| row.get(0)).unwrap()
    };
    let before = until();
    vault.heartbeat().unwrap();
    assert!(until() > before);
    // Another run, which has died without a word.
    support::tamper::sql(&root, "UPDATE work SET worker = '0123-1'");
    vault.take_over().unwrap();
    let again = vault.claim(std::slice::from_ref(&unit)).unwrap();
    assert_eq!(again.len(), 1);
    // What the dead run would still say is not taken.
    let done = |lease: &Lease| Effects { lease: Some(lease.clone()), ..Effects::default() };
    assert_eq!(vault.commit(vec![done(&lease[0])]).unwrap(), [Committed::Stale]);
    assert!(matches!(vault.commit(vec![done(&again[0])]).unwrap()[..], [Committed::Recorded(_)]));
    assert_eq!(vault.reader().unit_state(&unit).unwrap().as_deref(), Some("done"));
    assert_eq!(vault.claim(&[unit]).unwrap(), [], "it is done");
}

#[test]
fn what_is_asked_for_by_its_number_is_what_lists_show() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("case");
    copy_dir(&frozen().join("case"), &root);
    let reader = Reader::open(&root).unwrap();
    let (reports, items, exhibits) =
        (reader.reports().unwrap(), reader.items().unwrap(), reader.exhibits(ExhibitNo(0), None).unwrap());
    let mentions = reader.mentions_in(reports[0].id.parse().unwrap()).unwrap();
    let of_items = items.iter().flat_map(|item| reader.captures_of(item.id.parse().unwrap()).unwrap());
    let captures: Vec<_> = of_items.collect();
    let all = [reports.len(), mentions.len(), items.len(), captures.len(), exhibits.len()];
    assert!(all.iter().all(|count| *count > 0), "{all:?}");
    assert_eq!(reader.counts().unwrap().map(|count| count as usize), all);
    for mention in &mentions {
        assert_eq!(reader.mention(mention.id.parse().unwrap()).unwrap().as_ref(), Some(mention));
        for claim in reader.claims_about(mention.id.parse().unwrap()).unwrap() {
            assert_eq!(reader.claim(claim.id.parse().unwrap()).unwrap(), Some(claim));
        }
    }
    for exhibit in &exhibits {
        let together = reader.exhibits_of_capture(exhibit.capture.parse().unwrap()).unwrap();
        assert!(together.contains(exhibit) && together.iter().all(|one| one.capture == exhibit.capture), "{exhibit:?}");
    }
}

/// The best comes first, as long as there are not too many to be told apart; then the oldest.
#[test]
fn what_is_found_comes_in_the_order_that_was_promised() {
    let (_dir, root, vault) = support::case();
    drop(vault);
    let rows = |count: u32| {
        format!(
            "DELETE FROM search; WITH RECURSIVE n (no) AS (SELECT 1 UNION ALL SELECT no + 1 FROM n WHERE no < {count}) \
             INSERT INTO search SELECT 'N' || no, CASE no WHEN 2 THEN 'idlib idlib idlib' ELSE 'a street in idlib' END, '' FROM n"
        )
    };
    let first = |count| {
        support::tamper::sql(&root, &rows(count));
        Reader::open(&root).unwrap().search("idlib", 1).unwrap().remove(0).0
    };
    assert_eq!(first(3), "N2");
    assert_eq!(first(20_000), "N2");
    assert_eq!(first(20_001), "N1");
}
