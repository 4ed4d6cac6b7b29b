//! The years after: checks in part and when due, timestamps of a real authority, keys that change, holds, erasure,
//! mirrors and repair.

mod support;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::authority::Authority;
use support::tamper::overwrite;
use support::{Program, Server, contents, copy_dir, example};

/// A case of the example with a key of its own, and the program that made it.
fn case() -> Program {
    let program = Program::new();
    copy_dir(&example(), &program.path("tell-amara"));
    program.run(&["archive", "--case", "c", "tell-amara/report.html"]).code(4);
    program
}

fn verify(program: &Program, more: &[&str]) -> Value {
    program.run(&[&["--case", "c", "verify", "--json"], more].concat()).json()
}

fn codes(told: &Value) -> Vec<String> {
    let mut codes: Vec<String> =
        told["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect();
    codes.dedup();
    codes
}

fn object(program: &Program, id: &str) -> (String, PathBuf) {
    let shown = program.run(&["--case", "c", "show", id, "--json"]).code(0).json();
    let digest = shown["exhibit"]["sha256"].as_str().unwrap().to_owned();
    let path = program.path(&format!("c/vault/sha256/{}/{}/{digest}", &digest[..2], &digest[2..4]));
    (digest, path)
}

#[test]
fn bytes_are_checked_in_part_when_due_and_the_history_is_kept() {
    let program = case();
    assert_eq!(verify(&program, &["--since", "2030-01-01"])["checked"]["objects"], 0);
    assert_eq!(verify(&program, &["--since", "2020-01-01"])["checked"]["objects"], 7);
    assert_eq!(verify(&program, &["--sample", "3"])["checked"]["objects"], 3);
    assert_eq!(verify(&program, &["--sample", "10%"])["checked"]["objects"], 1);
    program.run(&["--case", "c", "verify", "--sample", "many"]).code(1);
    // What has just come is not due; everything is after no days.
    let before = verify(&program, &[]);
    assert_eq!(verify(&program, &["--due"])["checked"]["objects"], 0);
    assert_eq!(verify(&program, &[])["head"], before["head"], "nothing was due, nothing is recorded");
    let told = verify(&program, &["--due=0", "--quick"]);
    assert_eq!((&told["verdict"], &told["fixity"]["confirmed"]), (&"green".into(), &7.into()));
    assert_eq!((&told["checked"]["objects"], &told["checked"]["bytes"]), (&7.into(), &before["checked"]["bytes"]));
    let (_, path) = object(&program, "E1");
    let bytes = std::fs::read(&path).unwrap();
    let moved = program.path("c/vault/elsewhere");
    std::fs::rename(&path, &moved).unwrap();
    let told = verify(&program, &["--record"]);
    let count = |name: &str| told["fixity"][name].as_u64().unwrap();
    assert_eq!([count("confirmed"), count("altered"), count("missing")], [6, 0, 1]);
    assert_eq!(codes(&told), ["object-missing", "object-extra"]);
    let told = verify(&program, &[]);
    assert_eq!((&told["fixity"]["moved"], &told["fixity"]["new"]), (&1.into(), &1.into()));
    std::fs::remove_file(&moved).unwrap();
    let mut other = bytes.clone();
    other[20] ^= 1;
    std::fs::write(&path, &other).unwrap();
    let told = verify(&program, &["--record"]);
    assert_eq!((&told["fixity"]["altered"], codes(&told)), (&1.into(), vec!["object-altered".to_owned()]));
    overwrite(&path, &bytes);
    assert_eq!(verify(&program, &[])["verdict"], "green");
    let shown = program.run(&["--case", "c", "show", "E1", "--json"]).code(0).json();
    let outcomes: Vec<&str> = shown["fixity"].as_array().unwrap().iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["confirmed", "missing", "altered"]);
    // The check of a command is told what was found.
    let told = program.path("told.json");
    overwrite(&path, &other);
    program.run(&["--case", "c", "verify", "--notify", &format!("cat > {}", told.display())]).code(3);
    let told: Value = serde_json::from_slice(&std::fs::read(told).unwrap()).unwrap();
    assert_eq!(told["verdict"], "red");
}

#[test]
fn a_rate_is_kept() {
    let program = case();
    program.file("large.bin", vec![7; 3_000_000]);
    program.run(&["--case", "c", "add", "large.bin"]).code(0);
    let begun = std::time::Instant::now();
    program.run(&["--case", "c", "verify", "--rate", "2M"]).code(0);
    let took = begun.elapsed().as_secs_f64();
    assert!((1.4..6.0).contains(&took), "3.1 MB at 2 MB/s took {took} s");
}

#[test]
fn a_real_authority_attests_the_head_and_every_change_of_it_is_noticed() {
    for kind in ["rsa", "ec"] {
        let (program, authority) = (case(), Authority::start(kind, 30));
        let (url, root) = (authority.server.url("/tsr"), authority.root());
        let told = program.run(&["--case", "c", "anchor", &url, "--tsa-root", &root, "--json"]).code(0).json();
        let size = told[0]["size"].as_u64().unwrap();
        assert_eq!(told[0]["problem"], Value::Null);
        // Without the root it is amber, with it green and covered.
        let bare = verify(&program, &[]);
        assert_eq!((&bare["verdict"], codes(&bare)), (&"amber".into(), vec!["anchor-untrusted".to_owned()]));
        let told = verify(&program, &["--tsa-root", &root]);
        assert_eq!(told["verdict"], "green", "{told:#}");
        assert_eq!(told["anchored"]["up_to"], size);
        assert_eq!(told["anchored"]["self_attested"], told["checked"]["entries"].as_u64().unwrap() - size);
        // A bag has the proof that the head of then is a beginning of its log.
        program.run(&["--case", "c", "export", "E1", "--to", "bag"]).code(0);
        let of_bag = || program.run(&["verify", "bag", "--tsa-root", &root, "--json"]).json();
        let (told, notes) = (of_bag(), "a bag without a log");
        let number = |of: &str, name: &str| told[of][name].as_u64().unwrap();
        assert_eq!((&told["verdict"], number("anchored", "up_to")), (&"green".into(), size), "{told:#}");
        let attested = number("anchored", "self_attested");
        assert_eq!(attested, number("checked", "entries").saturating_sub(size));
        assert!(!told["notes"].to_string().contains(notes), "{told:#}");
        let proof = contents(&program.path("bag/data/log/anchors"));
        let (path, text) = proof.iter().find(|(path, _)| path.extension().is_some_and(|ending| ending == "consistency")).unwrap();
        let mut lines: Vec<String> = std::str::from_utf8(text).unwrap().lines().map(str::to_owned).collect();
        lines.push(lines.last().unwrap().clone());
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
        let told = of_bag();
        assert!(codes(&told).contains(&"anchor-invalid".to_owned()), "{told:#}");
        // Without its log it is what any bag is.
        std::fs::remove_dir_all(program.path("bag/data/log")).unwrap();
        assert!(of_bag()["notes"].to_string().contains(notes));
        // OpenSSL says the same of the very files.
        let anchors = program.run(&["--case", "c", "anchor", "--list", "--json"]).code(0).json();
        let path = |name: &str| {
            let digest = anchors[0][name].as_str().unwrap();
            program.path(&format!("c/vault/sha256/{}/{}/{digest}", &digest[..2], &digest[2..4]))
        };
        let stock = Command::new("openssl")
            .args(["ts", "-verify", "-CAfile", &root, "-data"])
            .arg(path("note"))
            .arg("-in")
            .arg(path("token"))
            .output()
            .unwrap();
        assert!(stock.status.success(), "{}", String::from_utf8_lossy(&stock.stderr));
        // A flip in the token or in the note is found.
        for name in ["token", "note"] {
            let (path, good) = (path(name), std::fs::read(path(name)).unwrap());
            for at in (0..good.len()).step_by(good.len() / 12) {
                let mut bad = good.clone();
                bad[at] ^= 0x10;
                overwrite(&path, &bad);
                let told = verify(&program, &["--tsa-root", &root]);
                assert_eq!(told["verdict"], "red", "{name} {at}");
                assert!(codes(&told).contains(&"object-altered".to_owned()));
            }
            overwrite(&path, &good);
        }
        assert_eq!(verify(&program, &["--tsa-root", &root])["verdict"], "green");
    }
}

/// What authorities sign with differs, and so does how exactly they tell the time.
#[test]
fn timestamps_of_every_digest_that_is_good_are_read_to_the_fraction() {
    for (digest, good) in [("sha256", true), ("sha384", true), ("sha512", true), ("sha1", false)] {
        let authority = Authority::start("rsa", 30);
        let settings = authority.dir.path().join("tsa.cnf");
        let before = std::fs::read_to_string(&settings).unwrap();
        let with = format!("signer_digest = {digest}\nclock_precision_digits = 6");
        std::fs::write(&settings, before.replace("signer_digest = sha256", &with)).unwrap();
        let roots = exhibit::ledger::certificates(&std::fs::read(authority.root()).unwrap());
        let read = |bytes: &[u8]| exhibit::ledger::verify_timestamp(&authority.stamp(b"a head"), bytes, None, &roots, &[]);
        assert_eq!(read(b"a head").is_ok(), good, "{digest}: {:?}", read(b"a head"));
        assert!(read(b"another").is_err(), "{digest}");
        if good {
            let parts = |_| read(b"a head").unwrap().time.micros() % 1_000_000;
            assert!((0..3).map(parts).any(|part| part > 0), "{digest}: no fraction of a second was ever read");
        }
    }
}

#[test]
fn an_authority_that_fails_is_loud_and_the_case_is_as_it_was() {
    let program = case();
    let before = contents(&program.path("c/log"));
    let (server, stranger) = (Server::start(), Authority::start("ec", 30));
    server.serve("/nonsense", "application/timestamp-reply", b"no timestamp".to_vec());
    let other = stranger.server.url("/tsr");
    // An answer of another question.
    let replayed = {
        let throwaway = case();
        throwaway.run(&["--case", "c", "anchor", &other, "--tsa-root", &stranger.root()]).code(0);
        let anchors = throwaway.run(&["--case", "c", "anchor", "--list", "--json"]).code(0).json();
        let digest = anchors[0]["token"].as_str().unwrap();
        std::fs::read(throwaway.path(&format!("c/vault/sha256/{}/{}/{digest}", &digest[..2], &digest[2..4]))).unwrap()
    };
    server.serve("/replayed", "application/timestamp-reply", replayed);
    for path in ["/nonsense", "/replayed", "/absent"] {
        let told = program.run(&["--case", "c", "anchor", &server.url(path)]).code(1);
        assert!(told.err.contains("gave no timestamp"), "{}", told.err);
    }
    let closed = {
        let gone = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}/tsr", gone.local_addr().unwrap())
    };
    assert!(program.run(&["--case", "c", "anchor", &closed]).code(1).err.contains(&closed));
    assert_eq!(contents(&program.path("c/log")), before);
    // One good among bad ones: exit 4, and recorded.
    program.run(&["--case", "c", "anchor", &closed, &other, "--tsa-root", &stranger.root()]).code(4);
    assert_eq!(verify(&program, &["--tsa-root", &stranger.root()])["verdict"], "green");
    // A proxy that is not there: nothing goes past it.
    let asked = stranger.server.count("/tsr");
    program.run(&["--case", "c", "--proxy", "socks5h://127.0.0.1:9", "anchor", &other]).code(1);
    assert_eq!(stranger.server.count("/tsr"), asked);
    program.run(&["--case", "c", "anchor"]).code(1);
}

#[test]
fn a_key_changes_with_both_signatures_and_trust_goes_along() {
    let program = case();
    let stranger = Program::new();
    copy_dir(&program.path("config/exhibit"), &stranger.path("old"));
    let told = program.run(&["--case", "c", "key", "rotate", "--to", "second", "--reason", "yearly"]).code(0);
    assert!(told.out.contains("From now on"), "{}", told.out);
    // Both signed the head of the change; the old key signs no more.
    let head = std::fs::read_to_string(program.path("c/log/checkpoint")).unwrap();
    assert_eq!(head.lines().filter(|line| line.starts_with('—')).count(), 2);
    program.run(&["--case", "c", "hold", "E1", "--reason", "x"]).code(1);
    program.run(&["--case", "c", "--key", "second", "hold", "E1", "--reason", "x"]).code(0);
    assert_eq!(verify(&program, &[])["verdict"], "green");
    // Whoever trusts the old key trusts the new one, because the old one agreed.
    copy_dir(&program.path("c"), &stranger.path("c"));
    let told = stranger.run(&["--case", "c", "verify", "--trust", "old/allowed_signers"]).code(0);
    assert!(told.out.contains("green"));
    stranger.run(&["--case", "c", "verify"]).code(3);
    // The bag knows both, too.
    program.run(&["--case", "c", "--key", "second", "export", "--all", "--include-restricted", "--to", "bag"]).code(0);
    copy_dir(&program.path("bag"), &stranger.path("bag"));
    let told = stranger.run(&["verify", "bag", "--trust", "old/allowed_signers", "--json"]).json();
    assert_ne!(told["verdict"], "red", "{told:#}");
    let checkpoint = told["findings"].as_array().unwrap().iter().find(|one| one["subject"] == "checkpoint");
    assert_eq!(checkpoint, None, "the log's key is trusted by way of the old one");
    // Revoked: said, by whoever signed.
    let keys = program.run(&["--case", "c", "key", "--json"]).code(0).json();
    let (old, new) = (keys[0]["key"].as_str().unwrap().to_owned(), keys[1]["key"].as_str().unwrap().to_owned());
    assert_eq!(keys[1]["agreed"], true);
    program.run(&["--case", "c", "--key", "second", "key", "revoke", &old, "--reason", "stolen"]).code(0);
    let told = verify(&program, &[]);
    assert_eq!((&told["verdict"], codes(&told)), (&"amber".into(), vec!["key-revoked".to_owned()]));
    program.run(&["--case", "c", "--key", "second", "key", "revoke", &new, "--reason", "stolen, too"]).code(0);
    assert_eq!(verify(&program, &[])["verdict"], "red");
    // The database is lost: what was published knows the keys.
    std::fs::remove_file(program.path("c/case.sqlite")).unwrap();
    program.run(&["--case", "c", "rebuild"]).code(0);
    assert_eq!(codes(&verify(&program, &[])), ["key-revoked"]);
}

#[test]
fn a_lost_key_leaves_a_break_that_everybody_sees() {
    let program = case();
    std::fs::rename(program.path("config/exhibit/key"), program.path("gone")).unwrap();
    std::fs::remove_file(program.path("config/exhibit/key.pub")).unwrap();
    program.run(&["--case", "c", "hold", "E1", "--reason", "x"]).code(1);
    program.run(&["--case", "c", "key", "lost", "--reason", "disk broken"]).code(0);
    program.run(&["--case", "c", "hold", "E1", "--reason", "x"]).code(0);
    let told = verify(&program, &[]);
    assert_eq!((&told["verdict"], codes(&told)), (&"amber".into(), vec!["key-lost".to_owned()]));
    // Trust in the key that was lost does not reach the new one.
    let signers = std::fs::read_to_string(program.path("config/exhibit/allowed_signers")).unwrap();
    let first = program.file("first", signers.lines().next().unwrap());
    let stranger = Program::new();
    copy_dir(&program.path("c"), &stranger.path("c"));
    let told = stranger.run(&["--case", "c", "verify", "--json", "--trust", first.to_str().unwrap()]).code(3).json();
    assert!(codes(&told).contains(&"key-unknown".to_owned()), "{told:#}");
}

#[test]
fn what_is_on_hold_is_not_erased_and_what_is_erased_leaves_no_byte() {
    let program = case();
    // A canary in the bytes and in the name of a file that is handed over.
    let canary = b"CANARY-5c1e9f-in-the-bytes";
    let mut bytes = support::png(9);
    bytes.extend_from_slice(canary);
    program.file("CANARY-7d2a-in-the-name.png", &bytes);
    let added = program.run(&["--case", "c", "add", "CANARY-7d2a-in-the-name.png", "--json"]).code(0);
    assert!(added.out.contains('E'));
    let all = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let id = all.as_array().unwrap().last().unwrap()["id"].as_str().unwrap().to_owned();
    let hits = |canary: &[u8]| {
        contents(&program.path("c")).values().filter(|file| file.windows(canary.len()).any(|part| part == canary)).count()
    };
    assert!(hits(canary) > 0 && hits(b"CANARY-7d2a") > 0);
    let purge = |more: &[&str]| {
        let args = ["--case", "c", "purge", &id, "--reason", "order 12", "--authority", "The Court", "--second", "B. Person"];
        program.run(&[&args[..], more].concat())
    };
    assert!(purge(&[]).code(1).err.contains("two persons"));
    assert!(purge(&["--by", "b. person"]).code(1).err.contains("cannot agree with themselves"));
    program.run(&["--case", "c", "hold", &id, "--reason", "case 12/2026"]).code(0);
    assert!(purge(&["--by", "A. Person"]).code(1).err.contains("on hold"));
    assert!(program.run(&["--case", "c", "hold", "--list"]).code(0).out.contains("case 12/2026"));
    program.run(&["--case", "c", "hold", &id, "--lift", "--reason", "closed"]).code(0);
    // What rotted and was put aside is the footage, too.
    let (_, path) = object(&program, &id);
    program.file("copy/x", "");
    support::copy_dir(&program.path("c"), &program.path("copy/c"));
    support::tamper::flip(&path, 5);
    program.run(&["--case", "c", "repair", "--from", "copy/c"]).code(0);
    assert!(program.path("c/quarantine").read_dir().unwrap().count() == 1 && hits(canary) > 1);
    purge(&["--by", "A. Person"]).code(0);
    assert_eq!((hits(canary), hits(b"CANARY-7d2a")), (0, 0));
    let told = verify(&program, &[]);
    assert_eq!((&told["verdict"], codes(&told)), (&"amber".into(), vec!["object-erased".to_owned()]), "{told:#}");
    assert!(purge(&["--by", "A. Person"]).code(1).err.contains("erased already"));
    // The same bytes come again, by hand and as a dead run left them: they are not kept again.
    let refused = program.run(&["--case", "c", "add", "CANARY-7d2a-in-the-name.png"]);
    assert!(refused.code != Some(0) && refused.err.contains("erased by order"), "{:?} {}", refused.code, refused.err);
    program.file(&format!("c/staging/0011223344556677-1/{}-0", exhibit::evidence::Digest::of(&bytes)), &bytes);
    program.run(&["--case", "c", "handle", "E1", "--graphic", "none", "--note", "x"]).code(0);
    assert_eq!(hits(canary), 0);
    assert_eq!(codes(&verify(&program, &[])), ["object-erased"]);
    // Served elsewhere they make an exhibit of what was seen, whose bag says why it has no bytes.
    let server = support::Server::start();
    server.serve("/again.png", "image/png", bytes.clone());
    program.run(&["--case", "c", "add", &server.url("/again.png"), "--allow-host", "127.0.0.1"]).code(0);
    let all = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let again = all.as_array().unwrap().iter().find(|one| one["url"] == server.url("/again.png")).unwrap()["id"].clone();
    program.run(&["--case", "c", "export", again.as_str().unwrap(), "--to", "again"]).code(0);
    let told = program.run(&["verify", "again", "--json"]).code(3).json();
    assert_eq!((hits(canary), codes(&told)), (0, vec!["object-erased".to_owned()]), "{told:#}");
    // The others are still there, and an export of everything leaves the erased bytes out.
    program.run(&["--case", "c", "export", "--all", "--to", "bag"]).code(0);
    let told = program.run(&["verify", "bag", "--json"]).json();
    assert_ne!(told["verdict"], "red", "{told:#}");
    // Bytes that come back are no secret: they are red.
    let (digest, path) = object(&program, &id);
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(&path, &bytes).unwrap();
    assert_eq!(verify(&program, &[])["verdict"], "red", "{digest}");
}

const ORDER: [&str; 8] = ["--reason", "order 12", "--authority", "The Court", "--by", "A. Person", "--second", "B. Person"];

/// What is said of an exhibit is said of its bytes, wherever else they came from.
#[test]
fn what_is_said_of_bytes_holds_for_every_exhibit_that_they_are() {
    let (program, server) = (Program::new(), Server::start());
    program.run(&["init", "c"]).code(0);
    for name in ["/one.png", "/two.png"] {
        server.serve(name, "image/png", support::png(1));
        program.run(&["--case", "c", "add", &server.url(name), "--allow-host", "127.0.0.1"]).code(0);
    }
    let said = program.run(&["--case", "c", "handle", "E2", "--restrict", "court", "--json"]).code(0).json();
    assert_eq!((&said[0]["subject"], &said[0]["value"]), (&"E2".into(), &"court".into()), "{said:#}");
    for id in ["E1", "E2"] {
        let shown = program.run(&["--case", "c", "show", id, "--json"]).code(0).json();
        assert_eq!(shown["handling"][0]["subject"], *id, "{shown:#}");
        program.run(&["--case", "c", "export", id, "--to", "x"]).code(1);
    }
    program.run(&["--case", "c", "export", "E2", "--include-restricted", "--to", "bag"]).code(0);
    let record: Value = serde_json::from_slice(&std::fs::read(program.path("bag/data/record/E2.json")).unwrap()).unwrap();
    let entry = &record["handling"][0]["entry"];
    assert!(record["log"]["entries"].as_array().unwrap().contains(entry), "{record:#}");
    program.run(&["verify", "bag"]).code(0);
    program.run(&["--case", "c", "handle", "E1", "--unrestrict"]).code(0);
    program.run(&["--case", "c", "export", "E2", "--to", "open"]).code(0);
}

/// A body that passed in an exchange, and is an exhibit of another item by itself, stays with that.
#[test]
fn what_is_an_exhibit_by_itself_does_not_go_with_another() {
    let (program, server) = (Program::new(), Server::start());
    let body = [support::png(5), b"CANARY".to_vec()].concat();
    program.run(&["init", "c"]).code(0);
    program.file("same.png", &body);
    let head = format!("HTTP/1.1 302 Found\r\nLocation: /one.png\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    server.on("/to-one", move |connection, _| connection.write_all(&[head.as_bytes(), &body].concat()).unwrap());
    server.serve("/one.png", "image/png", support::png(1));
    program.run(&["--case", "c", "add", &server.url("/to-one"), "--allow-host", "127.0.0.1"]).code(0);
    program.run(&["--case", "c", "add", "same.png"]).code(0);
    let told = program.run(&[&["--case", "c", "purge", "E1", "--json"], &ORDER[..]].concat()).code(0).json();
    assert_eq!((&told["exhibits"], &told["left"]), (&serde_json::json!(["E1"]), &serde_json::json!([])), "{told:#}");
    let all = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    assert_eq!((&all[0]["erased"], &all[1]["erased"]), (&"order 12".into(), &Value::Null));
    assert!(object(&program, "E2").1.exists());
}

/// Nobody reads that footage is kept whose bytes were erased.
#[test]
fn what_was_erased_is_shown_so_wherever_it_stands() {
    let program = case();
    let run = |args: &[&str], code| program.run(&[&["--case", "c"], args].concat()).code(code);
    let told = run(&[&["purge", "E1"], &ORDER[..]].concat(), 0).out;
    assert!(told.contains("E1") && !told.contains("still here"), "{told}");
    let listed = run(&["list"], 0).out;
    let line = |id: &str| listed.lines().find(|line| line.starts_with(id)).unwrap().to_owned();
    assert!(line("E1 ").contains("erased") && !line("E2 ").contains("erased"), "{listed}");
    let all = run(&["list", "--json"], 0).json();
    assert_eq!((&all[0]["erased"], &all[1]["erased"]), (&"order 12".into(), &Value::Null));
    let [item, capture] = ["item", "capture"].map(|name| all[0][name].as_str().unwrap());
    for (id, first) in [("E1", 1), (item, 0), (capture, 1)] {
        let shown = run(&["show", id], 0).out;
        assert!(shown.contains("The bytes were erased by order: order 12"), "{shown}");
        assert!(first == 0 || shown.lines().nth(first).unwrap().contains("erased"), "{shown}");
    }
    assert!(!run(&["show", "R1"], 0).out.contains("erased by order"));
    let again = run(&["archive", "tell-amara/report.html"], 4).out;
    assert!(again.contains("\n  erased") && again.contains("\nerased\n  E1"), "{again}");
    let told = run(&["archive", "tell-amara/report.html", "--json"], 4).json();
    let standing = |id: &str| {
        let lines = told[0]["lines"].as_array().unwrap().iter().filter(|line| line["exhibit"]["id"] == id);
        lines.map(|line| line["standing"].clone()).collect::<Vec<_>>()
    };
    assert!(
        standing("E1").iter().all(|one| one == "erased") && standing("E2").iter().all(|one| one == "already-held"),
        "{told:#}"
    );
    run(&["export", "--all", "--to", "bag", "--tables"], 0);
    let table = std::fs::read_to_string(program.path("bag/data/tables/exhibits.csv")).unwrap();
    assert!(table.lines().next().unwrap().ends_with("erased") && table.lines().nth(1).unwrap().ends_with("order 12"), "{table}");
}

/// A body that only passed in an exchange is the footage's, too; what is another's stays with that.
#[test]
fn what_passed_with_an_erased_exhibit_goes_with_the_last_that_brought_it() {
    let (program, server) = (Program::new(), Server::start());
    program.run(&["init", "c"]).code(0);
    for (nth, name) in ["one", "two"].into_iter().enumerate() {
        let body = b"CANARY of the way there";
        let head =
            format!("HTTP/1.1 302 Found\r\nLocation: /{name}.png\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        server.on(&format!("/to-{name}"), move |connection, _| {
            connection.write_all(&[head.as_bytes(), body].concat()).unwrap();
        });
        server.serve(&format!("/{name}.png"), "image/png", support::png(nth as u8));
        program.run(&["--case", "c", "add", &server.url(&format!("/to-{name}")), "--allow-host", "127.0.0.1"]).code(0);
    }
    let hits = || {
        let files = contents(&program.path("c/vault"));
        files.values().filter(|file| file.windows(6).any(|part| part == b"CANARY")).count()
    };
    let purge = |id: &str| program.run(&[&["--case", "c", "purge", id, "--json"], &ORDER[..]].concat());
    assert_eq!(hits(), 1, "the same body is kept once");
    // A try of the same that failed holds nothing back.
    server.on("/two.png", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"<html>gone</html>"));
    program.run(&["--case", "c", "recapture", "I2", "--allow-host", "127.0.0.1"]);
    assert_eq!(purge("E1").code(0).json()["objects"].as_array().unwrap().len(), 1);
    assert_eq!(hits(), 1, "E2 came by it, too");
    // The records of an exchange whose bytes are gone are written without them.
    program.run(&["--case", "c", "export", "--all", "--to", "some", "--warc"]).code(0);
    assert_eq!(purge("E2").code(0).json()["objects"].as_array().unwrap().len(), 2);
    assert_eq!(hits(), 0);
    assert_eq!(codes(&verify(&program, &[])), ["object-erased"]);
    // A copy has neither, nor a mark.
    program.run(&["--case", "c", "mirror", "m"]).code(0);
    assert!(!contents(&program.path("m")).values().any(|file| file.windows(6).any(|part| part == b"CANARY")));
    assert!(!program.path("m/erasing").exists());
    std::fs::write(program.path("c/erasing"), "pages\n").unwrap();
    program.run(&["--case", "c", "mirror", "m"]).code(0);
    assert_eq!(std::fs::read(program.path("m/erasing")).unwrap(), b"pages\n");
    program.run(&["--case", "c", "export", "--all", "--to", "none", "--warc", "--wacz"]).code(0);
    let told = program.run(&["verify", "none", "--json"]).code(3).json();
    assert_eq!(codes(&told), ["object-erased"], "{told:#}");
    // What is left of the item is named.
    server.serve("/two.png", "image/png", support::png(7));
    program.run(&["--case", "c", "recapture", "--all", "--allow-host", "127.0.0.1"]).code(0);
    server.serve("/two.png", "image/png", support::png(8));
    program.run(&["--case", "c", "recapture", "--all", "--allow-host", "127.0.0.1"]).code(0);
    let all = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let here: Vec<&Value> = all.as_array().unwrap().iter().filter(|one| one["erased"].is_null()).map(|one| &one["id"]).collect();
    let told = purge(here[0].as_str().unwrap()).code(0).json();
    assert_eq!(told["left"], serde_json::json!([here[1]]), "{told:#}");
}

/// A browser's page shows a film bit by bit: the bits go with the film, and a page that showed it again keeps nothing of it.
#[test]
fn ranges_of_an_erased_film_go_wherever_they_passed() {
    use exhibit::evidence::{
        Capture, Digest, Event, Exchange, ExhibitAdmitted, ExhibitNo, Hop, Item, MediaKind, Object, ObjectKept,
    };
    use exhibit::evidence::{Role, Time};
    use exhibit::vault::{Effects, Order};
    let (_dir, root, mut vault) = support::case();
    let page = Item {
        key: "url:https://media.example.org/page".into(),
        kind: MediaKind::Page,
        url: Some("https://media.example.org/page".into()),
        platform: None,
        platform_id: None,
    };
    let keep = |vault: &exhibit::vault::Vault, text: &str, effects: &mut Effects| {
        let mut staging = vault.stage().unwrap();
        staging.write_all(text.as_bytes()).unwrap();
        let staged = staging.finish().unwrap();
        let exhibit::evidence::Digests { sha256, blake3, size } = staged.digests();
        let object = Object { sha256, blake3, size, media_type: "video/mp4".into() };
        effects.objects.push(staged);
        effects.events.push(Event::ObjectKept(ObjectKept { object, because: None }));
        sha256
    };
    let time = Time::from_micros(1_555_223_400_000_000);
    for (key, source, ranges) in [("one", "the page", &["a bit"][..]), ("two", "the page again", &["a bit", "another bit"])] {
        let mut effects = Effects::default();
        let source = keep(&vault, source, &mut effects);
        let film = keep(&vault, "the film", &mut effects);
        let picture = keep(&vault, "a picture of the page", &mut effects);
        let hop = |path: &str, status: u16, body: Digest| Hop {
            url: format!("https://media.example.org/{path}"),
            method: None,
            started: time,
            addresses: Vec::new(),
            connected: None,
            proxy: None,
            tls: None,
            request_head: String::new(),
            response_head: String::new(),
            status: Some(status),
            answered: None,
            sent: None,
            body: Some(body),
            cut: None,
        };
        let mut hops = vec![hop("page", 200, source), hop("film.mp4", 200, film), hop("picture", 200, picture)];
        hops.extend(ranges.iter().map(|range| hop("film.mp4", 206, keep(&vault, range, &mut effects))));
        let capture = Capture {
            url: page.url.clone(),
            method: "chromium".into(),
            object: Some(source),
            exchange: Some(Exchange { hops, steps: Vec::new() }),
            ..support::capture(key, &page.key)
        };
        effects.events.insert(0, Event::ItemIdentified(page.clone()));
        effects.events.push(Event::CaptureMade(Box::new(capture)));
        for object in [source, film] {
            let (item, capture) = (page.key.clone(), key.to_owned());
            effects.events.push(Event::ExhibitAdmitted(ExhibitAdmitted {
                object,
                item,
                capture,
                role: Role::Original,
                name: None,
            }));
        }
        vault.commit(vec![effects]).unwrap();
    }
    let order = Order { reason: "order".into(), authority: Some("Court".into()), second: Some("B".into()) };
    let told = exhibit::stages::purge(&mut vault, ExhibitNo(2), false, Some("A"), &order).unwrap();
    drop(vault);
    let kept: Vec<Vec<u8>> = contents(&root.join("vault")).into_values().collect();
    let mut kept: Vec<&str> = kept.iter().map(|bytes| std::str::from_utf8(bytes).unwrap()).collect();
    kept.sort_unstable();
    assert_eq!(kept, ["a picture of the page", "the page again"], "{told:#?}");
    assert_eq!(told.left, ["E3"]);
}

/// A copy that was stopped in between does not pass for one without what was erased.
#[test]
fn a_mirror_that_fails_in_between_is_marked() {
    let program = case();
    let (digest, _) = object(&program, "E2");
    program.run(&[&["--case", "c", "purge", "E1"], &ORDER[..]].concat()).code(0);
    // A file in a directory's place.
    program.file(&format!("m/vault/sha256/{}", &digest[..2]), "");
    program.run(&["--case", "c", "mirror", "m"]).code(1);
    assert!(program.path("m/erasing").exists());
    std::fs::remove_file(program.path("m/vault/sha256").join(&digest[..2])).unwrap();
    program.run(&["--case", "c", "mirror", "m"]).code(0);
    assert!(!program.path("m/erasing").exists());
}

#[test]
fn a_mirror_is_a_case_and_brings_back_what_is_lost() {
    let program = case();
    let mirror = |more: &[&str]| program.run(&[&["--case", "c", "mirror", "m", "--json"], more].concat());
    let told = mirror(&[]).code(0).json();
    assert_eq!((&told["copied"], &told["there"]), (&7.into(), &0.into()));
    program.run(&["verify", "m"]).code(0);
    let told = mirror(&[]).code(0).json();
    assert_eq!((&told["copied"], &told["there"]), (&0.into(), &7.into()));
    program.run(&["--case", "c", "mirror", "c/inside"]).code(1);
    program.run(&["init", "other"]).code(0);
    assert!(program.run(&["--case", "c", "mirror", "other"]).code(1).err.contains("another case"));
    // The case rots; the mirror's good bytes stay, and bring the case's back.
    let (altered, altered_path) = object(&program, "E1");
    let (missing, missing_path) = object(&program, "E2");
    let (both, both_path) = object(&program, "E4");
    overwrite(&altered_path, b"rotten");
    std::fs::remove_file(&missing_path).unwrap();
    overwrite(&both_path, b"rotten");
    let copy = |path: &Path| program.path("m").join(path.strip_prefix(program.path("c")).unwrap());
    let kept = std::fs::read(copy(&both_path)).unwrap();
    overwrite(&copy(&both_path), b"rotten, too");
    let told = mirror(&["--full"]).code(3).json();
    let lacking = told["lacking"].as_array().unwrap();
    assert!(lacking.contains(&both.clone().into()), "{told:#}");
    assert!(!told["only_there"].as_array().unwrap().contains(&both.clone().into()));
    assert_eq!(verify(&program, &[])["verdict"], "red");
    let repair = |from: &[&str]| program.run(&[&["--case", "c", "repair", "--json"], from].concat());
    let told = repair(&["--from", "m"]).code(3).json();
    let mut restored: Vec<&str> = told["restored"].as_array().unwrap().iter().map(|one| one.as_str().unwrap()).collect();
    restored.sort_unstable();
    let mut expected = [altered.as_str(), missing.as_str()];
    expected.sort_unstable();
    assert_eq!((restored, &told["still_altered"]), (expected.to_vec(), &serde_json::json!([both])));
    assert_eq!(
        std::fs::read(std::fs::read_dir(program.path("c/quarantine")).unwrap().next().unwrap().unwrap().path()).unwrap(),
        b"rotten"
    );
    // Two halves join: the rest comes from a third copy, and then back to the mirror.
    program.file(&format!("half/vault/sha256/{}/{}/{both}", &both[..2], &both[2..4]), &kept);
    repair(&["--from", "m", "--from", "half"]).code(0);
    let told = verify(&program, &[]);
    assert_eq!(told["verdict"], "green", "{told:#}");
    assert_eq!(mirror(&["--full"]).code(0).json()["mended"], 1);
    // Another length is seen without reading.
    overwrite(&copy(&both_path), b"short");
    assert_eq!(mirror(&[]).code(0).json()["mended"], 1);
    program.run(&["verify", "m"]).code(0);
    // A file of the published log is written anew; a bag gives objects back, too.
    program.run(&["--case", "c", "export", "--all", "--to", "bag"]).code(0);
    std::fs::remove_file(&missing_path).unwrap();
    let tile = contents(&program.path("c/log/tile/0")).into_keys().next().unwrap();
    std::fs::write(&tile, b"rotten").unwrap();
    let told = repair(&["--from", "bag"]).code(0).json();
    assert_eq!(told["restored"], serde_json::json!([missing]));
    assert_eq!(verify(&program, &[])["verdict"], "green");
    // The same where nothing else is to be done; what is good is left as it is.
    std::fs::write(contents(&program.path("c/log/tile/0")).into_keys().next().unwrap(), b"rotten").unwrap();
    assert_eq!(repair(&["--from", "m"]).code(0).json()["log_files"], 1);
    assert_eq!(verify(&program, &[])["verdict"], "green");
    assert_eq!(repair(&["--from", "m"]).code(0).json()["log_files"], 0);
    // What no copy has is named.
    std::fs::remove_file(&missing_path).unwrap();
    std::fs::remove_file(copy(&missing_path)).unwrap();
    let told = repair(&["--from", "m"]).code(3).json();
    assert_eq!((&told["still_missing"], &told["restored"]), (&serde_json::json!([missing]), &serde_json::json!([])));
    assert_eq!(mirror(&[]).code(3).json()["lacking"], serde_json::json!([missing]));
    repair(&["--from", "bag"]).code(0);
    let size = std::fs::metadata(&missing_path).unwrap().len();
    let told = mirror(&[]).code(0).json();
    assert_eq!((&told["copied"], &told["bytes"]), (&1.into(), &size.into()));
    // Of the right length and other bytes: only a full look tells.
    support::tamper::flip(&copy(&altered_path), 5);
    assert_eq!(mirror(&[]).code(0).json()["mended"], 0);
    assert_eq!(mirror(&["--full"]).code(0).json()["mended"], 1);
    // A rotten file of the mirror's log is written anew, and what cannot be written to is told, not passed over.
    let tile = contents(&program.path("m/log/tile/0")).into_keys().next().unwrap();
    overwrite(&tile, b"rotten");
    mirror(&[]).code(0);
    program.run(&["verify", "m"]).code(0);
    let place = copy(&missing_path);
    let shelf = place.parent().unwrap();
    std::fs::remove_dir_all(shelf).unwrap();
    std::fs::write(shelf, "no directory").unwrap();
    let refused = mirror(&[]).code(1);
    assert!(refused.err.contains(&shelf.file_name().unwrap().to_string_lossy().into_owned()), "{}", refused.err);
    std::fs::remove_file(shelf).unwrap();
    mirror(&[]).code(0);
    // What rots again is put aside beside what did before; what lies where a file of the log belongs is not taken for nothing.
    overwrite(&altered_path, b"rotten again");
    repair(&["--from", "m"]).code(0);
    let aside = std::fs::read_dir(program.path("c/quarantine")).unwrap().map(|file| std::fs::read(file.unwrap().path()).unwrap());
    let mut aside: Vec<Vec<u8>> = aside.collect();
    aside.sort();
    assert_eq!(aside, [&b"rotten"[..], b"rotten", b"rotten again"]);
    let tile = contents(&program.path("c/log/tile/0")).into_keys().next().unwrap();
    let held = std::fs::read(&tile).unwrap();
    std::fs::remove_file(&tile).unwrap();
    std::fs::create_dir(&tile).unwrap();
    let refused = repair(&["--from", "m"]).code(1);
    assert!(refused.err.contains("log/tile/0"), "{}", refused.err);
    std::fs::remove_dir(&tile).unwrap();
    assert_eq!(repair(&["--from", "m"]).code(0).json()["log_files"], 1);
    assert_eq!(std::fs::read(&tile).unwrap(), held);
    program.run(&["--case", "c", "verify"]).code(0);
    // A mirror that is ahead is another history to a case that was put back, and what is no mirror is left alone.
    support::copy_dir(&program.path("c"), &program.path("older"));
    program.run(&["--case", "c", "hold", "E1", "--reason", "x"]).code(0);
    mirror(&[]).code(0);
    let behind = program.run(&["--case", "older", "mirror", "m"]).code(1);
    assert!(behind.err.contains("another history"), "{}", behind.err);
    program.file("full/letter.txt", "x");
    let refused = program.run(&["--case", "c", "mirror", "full"]).code(1);
    assert!(refused.err.contains("is not empty"), "{}", refused.err);
    // The case is lost whole: the mirror without its database is enough.
    std::fs::remove_dir_all(program.path("c")).unwrap();
    std::fs::remove_file(program.path("m/case.sqlite")).unwrap();
    program.run(&["--case", "m", "rebuild"]).code(0);
    program.run(&["verify", "m"]).code(0);
    program.run(&["--case", "m", "hold", "E1", "--reason", "x"]).code(0);
    let _ = std::io::stdout().flush();
}
