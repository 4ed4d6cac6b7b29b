//! Calendars of OpenTimestamps and witnesses of the log: asked for, recorded, checked by verify, and by tools of others.

mod support;

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use support::Program;

/// A server of another language; it ends with the test.
struct Outside {
    child: Child,
    /// What it printed first, by words.
    said: Vec<String>,
}

impl Outside {
    fn start(command: &mut Command) -> Outside {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("tests/run installs it");
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Outside { child, said: line.split_whitespace().map(str::to_owned).collect() }
    }

    fn url(&self) -> &str {
        &self.said[0]
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn tool(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin").join(name)
}

fn data(name: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn calendar() -> Outside {
    Outside::start(Command::new(tool("python")).arg(data("ots_calendar.py")))
}

/// The header of the block that the calendar mines.
fn mine(calendar: &Outside) -> String {
    tell(calendar, "/mine")
}

fn tell(calendar: &Outside, path: &str) -> String {
    let address = calendar.url().strip_prefix("http://").unwrap();
    let mut connection = std::net::TcpStream::connect(address).unwrap();
    use std::io::{Read, Write};
    connection.write_all(format!("POST {path} HTTP/1.0\r\nHost: {address}\r\nContent-Length: 0\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    answer.rsplit("\r\n").next().unwrap().trim().to_owned()
}

/// Entries under the published head of a case.
fn sizes(program: &Program, case: &str) -> u64 {
    let head = fs::read_to_string(program.path(&format!("{case}/log/checkpoint"))).unwrap();
    head.lines().nth(1).unwrap().parse().unwrap()
}

/// A header's hash as people write it.
fn id(header: &str) -> String {
    exhibit::ledger::Block::parse(header).unwrap().id()
}

fn witness(program: &Program) -> Outside {
    let signers = fs::read_to_string(program.path("config/exhibit/allowed_signers")).unwrap();
    let key = signers.lines().next().unwrap().split(' ').skip(2).collect::<Vec<_>>().join(" ");
    let built = program.path("witness");
    let ran = Command::new("go")
        .args(["build", "-o", built.to_str().unwrap(), data("witness.go").to_str().unwrap()])
        .envs([("GO111MODULE", "off"), ("GOPATH", "/usr/share/gocode"), ("GOCACHE", program.path("go").to_str().unwrap())])
        .output()
        .expect("tests/run installs go");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    Outside::start(Command::new(built).arg(key))
}

fn case() -> Program {
    let program = Program::new();
    program.file("note.txt", "footage, in words");
    program.run(&["init", "c"]).code(0);
    program.run(&["--case", "c", "add", "note.txt"]).code(0);
    program
}

fn verify(program: &Program, path: &[&str]) -> Value {
    let told = program.run(&[&["--case", "c", "verify", "--json"], path].concat());
    told.json()
}

fn codes(told: &Value) -> Vec<&str> {
    told["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect()
}

fn object(program: &Program, digest: &Value) -> std::path::PathBuf {
    let digest = digest.as_str().unwrap();
    program.path(&format!("c/vault/sha256/{}/{}/{digest}", &digest[..2], &digest[2..4]))
}

fn overwrite(path: &Path, bytes: &[u8]) {
    let mut permissions = fs::metadata(path).unwrap().permissions();
    #[allow(clippy::permissions_set_readonly_false)]
    permissions.set_readonly(false);
    fs::set_permissions(path, permissions).unwrap();
    fs::write(path, bytes).unwrap();
}

#[test]
fn a_calendar_promises_a_block_and_the_proof_is_complete_when_its_header_is_named() {
    let (program, calendar) = (case(), calendar());
    let told = program.run(&["--case", "c", "anchor", "--calendar", calendar.url(), "--json"]).code(0).json();
    assert_eq!((&told[0]["pending"], &told[0]["problem"]), (&true.into(), &Value::Null), "{told}");
    let size = told[0]["size"].as_u64().unwrap();
    let told = verify(&program, &[]);
    assert_eq!((&told["verdict"], codes(&told)), (&"amber".into(), vec!["anchor-pending"]));
    // Not mined yet: nothing is recorded, and that is no failure.
    let entries = told["checked"]["entries"].clone();
    program.run(&["--case", "c", "anchor", "--upgrade"]).code(0);
    assert_eq!(verify(&program, &[])["checked"]["entries"], entries);
    let header = mine(&calendar);
    // The proof is kept as soon as there is one, though nobody here knows the block: a calendar may vanish.
    let told = program.run(&["--case", "c", "anchor", "--upgrade"]).code(1);
    assert!(told.err.contains("Bitcoin block 100, whose header you have not named"), "{}", told.err);
    let url = calendar.url().to_owned();
    drop(calendar);
    program.file("blocks.txt", format!("block 100\n{header}\n"));
    let told = program.run(&["--case", "c", "anchor", "--upgrade", "--headers", "blocks.txt", "--json"]).code(0).json();
    assert_eq!((&told[0]["size"], &told[0]["pending"]), (&size.into(), &false.into()), "{told}");
    program.run(&["--case", "c", "anchor", "--upgrade"]).code(0);
    // Whoever has not confirmed the header is told of the block; whoever has sees what it covers.
    let bare = verify(&program, &[]);
    assert_eq!((&bare["verdict"], codes(&bare)), (&"amber".into(), vec!["anchor-untrusted"]));
    let told = verify(&program, &["--headers", "blocks.txt"]);
    assert_eq!(told["verdict"], "green", "{told:#}");
    assert_eq!(told["anchored"]["up_to"], size);
    let later = told["checked"]["entries"].as_u64().unwrap() - size;
    assert!(later > 0 && told["anchored"]["self_attested"] == later, "{told:#}");
    assert!(told["anchored"]["by"][0].as_str().unwrap().starts_with(&format!("Bitcoin block {} at ", id(&header))), "{told:#}");
    // A case that lost its database has it, too.
    fs::remove_file(program.path("c/case.sqlite")).unwrap();
    program.run(&["--case", "c", "rebuild"]).code(0);
    assert_eq!(verify(&program, &["--headers", "blocks.txt"])["verdict"], "green");
    // A flip in the proof is found, wherever it is.
    let anchors = program.run(&["--case", "c", "anchor", "--list", "--json"]).code(0).json();
    assert_eq!((&anchors[0]["way"], &anchors[0]["authority"]), (&"opentimestamps".into(), &url.into()));
    let path = object(&program, &anchors[0]["token"]);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x10;
        overwrite(&path, &bad);
        let told = verify(&program, &["--headers", "blocks.txt"]);
        assert!(codes(&told).contains(&"anchor-invalid") || at > good.len() - 100, "{at}: {told:#}");
        assert_eq!(told["verdict"], "red", "{at}");
    }
    overwrite(&path, &good);
}

#[test]
fn a_promise_stands_until_a_block_that_is_known_keeps_it() {
    let (program, calendar) = (case(), calendar());
    program.run(&["--case", "c", "anchor", "--calendar", calendar.url()]).code(0);
    tell(&calendar, "/lie");
    let upgrade = |more: &[&str]| program.run(&[&["--case", "c", "anchor", "--upgrade"], more].concat());
    assert!(upgrade(&[]).code(1).err.contains("Bitcoin block 77, whose header you have not named"));
    program.file("blocks.txt", mine(&calendar));
    let told = upgrade(&["--headers", "blocks.txt"]).code(0);
    assert!(!told.err.contains("77"), "{}", told.err);
    assert_eq!(verify(&program, &["--headers", "blocks.txt"])["verdict"], "green");
}

#[test]
fn nothing_is_made_of_a_promise_whose_bytes_have_changed() {
    let (program, calendar) = (case(), calendar());
    program.run(&["--case", "c", "anchor", "--calendar", calendar.url()]).code(0);
    program.file("blocks.txt", mine(&calendar));
    let entries = verify(&program, &[])["checked"]["entries"].clone();
    let db = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    let of =
        |column: &str| -> String { db.query_row(&format!("SELECT {column} FROM pending_anchor"), [], |row| row.get(0)).unwrap() };
    for column in ["note", "token"] {
        let path = object(&program, &of(column).into());
        let good = fs::read(&path).unwrap();
        for at in (0..good.len()).step_by(13) {
            let mut bad = good.clone();
            bad[at] ^= 0x01;
            overwrite(&path, &bad);
            let told = program.run(&["--case", "c", "anchor", "--upgrade", "--headers", "blocks.txt"]).code(1);
            assert!(told.err.contains("are not those that were recorded"), "{column} {at}: {}", told.err);
        }
        overwrite(&path, &good);
    }
    let told = verify(&program, &[]);
    assert_eq!((&told["checked"]["entries"], codes(&told)), (&entries, vec!["anchor-pending"]));
    program.run(&["--case", "c", "anchor", "--upgrade", "--headers", "blocks.txt"]).code(0);
    assert_eq!(verify(&program, &["--headers", "blocks.txt"])["verdict"], "green");
}

#[test]
fn the_reference_client_checks_a_bags_block_against_its_node() {
    let (program, calendar) = (case(), calendar());
    program.run(&["--case", "c", "anchor", "--calendar", calendar.url()]).code(0);
    let header = mine(&calendar);
    program.file("blocks.txt", &header);
    program.run(&["--case", "c", "anchor", "--upgrade", "--headers", "blocks.txt"]).code(0);
    program.run(&["--case", "c", "export", "E1", "--to", "bag"]).code(0);
    let anchors = program.path("bag/data/log/anchors");
    let ots = |args: &[&str]| {
        let mut command = Command::new(tool("ots"));
        command.current_dir(&anchors).env("HOME", program.path("home")).args(["--no-cache", "--no-default-whitelist"]).args(args);
        let ran = command.output().unwrap();
        (ran.status.success(), String::from_utf8_lossy(&[ran.stdout, ran.stderr].concat()).into_owned())
    };
    let node = calendar.url().replace("http://", "http://user:word@");
    let (good, told) = ots(&["--btc-regtest", "--bitcoin-node", &node, "verify", "-f", "1.note", "1.ots"]);
    assert!(good && told.contains("Success! Bitcoin block 100 attests existence"), "{told}");
    let (_, told) = ots(&["info", "1.ots"]);
    assert!(told.contains("BitcoinBlockHeaderAttestation(100)"), "{told}");
    assert!(fs::read_to_string(program.path("bag/data/HOW-TO-CHECK.md")).unwrap().contains("ots info data/log/anchors/1.ots"));
    // exhibit says the same of the bag, and both refuse another note.
    let told = program.run(&["verify", "bag", "--headers", "blocks.txt", "--json"]).code(0).json();
    assert!(told["anchored"]["by"][0].as_str().unwrap().starts_with(&format!("Bitcoin block {} at ", id(&header))), "{told:#}");
    let told = program.run(&["verify", "bag", "--json"]).code(3).json();
    assert_eq!(codes(&told), ["anchor-untrusted"]);
    let note = anchors.join("1.note");
    let good = fs::read_to_string(&note).unwrap();
    let changed = good.replacen("\n— ", "\n\n— ", 1);
    overwrite(&note, changed.as_bytes());
    assert!(!ots(&["--btc-regtest", "--bitcoin-node", &node, "verify", "-f", "1.note", "1.ots"]).0);
    let told = program.run(&["verify", "bag", "--headers", "blocks.txt", "--json"]).code(3).json();
    assert!(codes(&told).contains(&"anchor-invalid"), "{told:#}");
    // A proof of forty megabytes is read no further than a proof can be long.
    overwrite(&note, good.as_bytes());
    let proof = anchors.join("1.ots");
    let hostile = [&fs::read(&proof).unwrap()[..65], &[0xff, 0xf2].repeat(20 << 20)].concat();
    overwrite(&proof, &hostile);
    let told = program.run(&["verify", "bag", "--headers", "blocks.txt", "--json"]).code(3).json();
    let detail = told["findings"].as_array().unwrap().iter().find(|one| one["subject"] == "anchor 1").unwrap();
    assert!(detail["detail"].as_str().unwrap().contains("longer than 2097152 bytes"), "{told:#}");
}

#[test]
fn a_witness_signs_what_only_grew_and_refuses_what_was_written_anew() {
    let program = case();
    let witness = witness(&program);
    program.file("witness.vkey", format!("# the witness of the tests\n{}\n", witness.said[1]));
    let anchor = |more: &[&str]| program.run(&[&["--case", "c", "anchor", "--witness", witness.url()], more].concat());
    // Without its key nothing that it says can be checked: it is not even asked.
    assert!(anchor(&[]).code(1).err.contains("no key of a witness is named"));
    let key = ["--witness-key", "witness.vkey"];
    let told = anchor(&["--witness-key", "witness.vkey", "--json"]).code(0).json();
    assert_eq!((&told[0]["way"], &told[0]["problem"]), (&"witness".into(), &Value::Null));
    let told = verify(&program, &key);
    assert_eq!(told["verdict"], "green", "{told:#}");
    assert!(told["anchored"]["by"][0].as_str().unwrap().starts_with("witness.example/w1 at "));
    assert_eq!(codes(&verify(&program, &[])), ["anchor-untrusted"]);
    support::copy_dir(&program.path("c"), &program.path("older"));
    // The log grows: the witness checks that with a proof.
    for word in ["second", "third"] {
        program.file("more.txt", word);
        program.run(&["--case", "c", "add", "more.txt"]).code(0);
        anchor(&key).code(0);
    }
    assert_eq!(verify(&program, &key)["verdict"], "green");
    // The same head once more is no news, and is signed again.
    program.run(&["--case", "c", "export", "E1", "--to", "bag"]).code(0);
    let told = program.run(&["verify", "bag", "--witness-key", "witness.vkey", "--json"]).code(0).json();
    assert!(told["anchored"]["up_to"].as_u64().unwrap() > 0, "{told:#}");
    assert_eq!(codes(&program.run(&["verify", "bag", "--json"]).code(3).json()), ["anchor-untrusted"; 3]);
    // A key of the same name that is another's says nothing, and makes nothing bad.
    let other = self::witness(&program);
    program.file("other.vkey", &other.said[1]);
    let told = verify(&program, &["--witness-key", "other.vkey"]);
    assert_eq!((&told["verdict"], codes(&told)), (&"amber".into(), vec!["anchor-untrusted"; 3]));
    // An older copy goes on by itself: the witness has seen more, and says so, up to the same size and beyond.
    let list = program.run(&["--case", "c", "anchor", "--list", "--json"]).code(0).json();
    let seen = list.as_array().unwrap().iter().map(|one| one["size"].as_u64().unwrap()).max().unwrap();
    let mut said = Vec::new();
    for word in 0..20 {
        let told =
            program.run(&["--case", "older", "anchor", "--witness", witness.url(), "--witness-key", "witness.vkey"]).code(1);
        let size = sizes(&program, "older");
        let why = if size < seen { "an older copy of the case" } else { "the log was written anew" };
        assert!(told.err.contains(why), "{size} of {seen}: {}", told.err);
        said.push(size.cmp(&seen));
        program.run(&["--case", "older", "hold", "E1", "--reason", &format!("another history {word}")]).code(0);
    }
    use std::cmp::Ordering::{Equal, Greater, Less};
    assert!([Less, Equal, Greater].iter().all(|way| said.contains(way)), "{said:?}");
    // Any change of its line is found, and another's key does not pass.
    let anchors = program.run(&["--case", "c", "anchor", "--list", "--json"]).code(0).json();
    let path = object(&program, &anchors[0]["token"]);
    let good = fs::read(&path).unwrap();
    for at in 0..good.len() {
        let mut bad = good.clone();
        bad[at] ^= 0x01;
        overwrite(&path, &bad);
        let told = verify(&program, &key);
        assert!(codes(&told).contains(&"object-altered"), "{at}");
        if at < good.iter().position(|byte| *byte == b'\n').unwrap() {
            assert!(codes(&told).contains(&"anchor-invalid"), "{at}: {told:#}");
        }
    }
    overwrite(&path, &good);
}
