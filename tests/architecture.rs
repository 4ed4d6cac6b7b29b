//! The floors hold: a room uses only the floors below it, and neighbours do not know each other.

use std::collections::BTreeSet;
use std::path::Path;

const FLOORS: &[(&str, u8)] = &[
    ("evidence", 0),
    ("ledger", 1),
    ("reading", 1),
    ("vault", 2),
    ("fetch", 2),
    ("probe", 2),
    ("keyring", 2),
    ("bag", 2),
    ("warc", 2),
    ("stages", 3),
    ("cli", 4),
    // Settings are typed values, read in `cli` and handed down.
    ("config", 4),
];

fn floor(room: &str) -> Option<u8> {
    FLOORS.iter().find(|(name, _)| *name == room).map(|(_, floor)| *floor)
}

/// The rooms that a source text names as `crate::ROOM`.
fn named(text: &str) -> BTreeSet<String> {
    let rest = text.split("crate::").skip(1);
    rest.map(|rest| rest.chars().take_while(|letter| letter.is_alphanumeric() || *letter == '_').collect()).collect()
}

fn wrong_uses(room: &str, text: &str) -> Vec<String> {
    let mine = floor(room).unwrap_or_else(|| panic!("the room {room} has no floor"));
    let allowed = |other: &str| match floor(other) {
        _ if other == room => true,
        // `config` makes values of the rooms below, and only `cli` reads it.
        _ if room == "config" => ["evidence", "fetch", "ledger"].contains(&other),
        Some(_) if other == "config" => room == "cli",
        Some(theirs) => theirs < mine,
        None => false,
    };
    named(text).into_iter().filter(|other| !allowed(other)).collect()
}

fn sources() -> Vec<(String, String, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut all = Vec::new();
    for file in walkdir::WalkDir::new(&src).into_iter().map(Result::unwrap) {
        if file.path().extension().is_some_and(|ending| ending == "rs") {
            let inside = file.path().strip_prefix(&src).unwrap().to_string_lossy().into_owned();
            let room = inside.split(['/', '.']).next().unwrap().to_owned();
            all.push((inside, room, std::fs::read_to_string(file.path()).unwrap()));
        }
    }
    all
}

#[test]
fn every_room_uses_only_the_floors_below_it() {
    let mut wrong = Vec::new();
    for (file, room, text) in sources() {
        if room == "lib" || room == "main" {
            continue;
        }
        wrong.extend(wrong_uses(&room, &text).into_iter().map(|other| format!("{file} uses {other}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn a_room_that_reaches_up_or_sideways_would_be_seen() {
    assert_eq!(wrong_uses("ledger", "use crate::vault::Vault;"), ["vault"]);
    assert_eq!(wrong_uses("vault", "use crate::{evidence::Item}; let x = crate::fetch::Client;"), ["", "fetch"]);
    assert!(wrong_uses("stages", "use crate::vault::Vault;").is_empty());
}

#[test]
fn pure_rooms_do_no_input_or_output_and_read_no_clock() {
    let forbidden = [
        "std::fs",
        "std::net",
        "std::process",
        "SystemTime",
        "Instant::now",
        "tokio::",
        "rusqlite",
        "println!",
        "Timestamp::now",
    ];
    for (file, room, text) in sources() {
        if ["evidence", "ledger", "reading"].contains(&room.as_str()) {
            for word in forbidden {
                assert!(!text.contains(word), "{file} contains {word}");
            }
        }
    }
}

#[test]
fn only_the_vault_knows_sql_and_only_cli_prints() {
    for (file, room, text) in sources() {
        if room != "vault" {
            assert!(!text.contains("rusqlite"), "{file} knows SQL");
        }
        if !["cli", "main"].contains(&room.as_str()) {
            for word in ["println!", "eprintln!", "eprint!", "print!("] {
                assert!(!text.contains(word), "{file} prints");
            }
        }
        if room != "fetch" {
            assert!(!text.contains("TcpStream::connect"), "{file} reaches the network");
        }
    }
}
