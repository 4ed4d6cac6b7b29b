//! What people with access can do to a case or a bag, and what a check says of it. `docs/attacks.md` is the table of
//! it; `EXHIBIT_TEST_WRITE=1` writes it anew.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use exhibit::evidence::{Digest, Event};
use exhibit::keyring::FileKey;
use exhibit::ledger::{BAG_NAMESPACE, Checkpoint, Frontier, Note, Signer, canonical, change_key, leaf_hash, sshsig};
use serde_json::{Value, json};
use support::authority::Authority;
use support::tamper::{History, files, object_path, overwrite, reseal, sql, writable};
use support::{Program, copy_dir, example};

/// One case with a past: archived, attested from outside, worked on since. Its bag, an earlier copy, another case of
/// the same key, and what its keeper noted on paper.
struct Scene {
    program: Program,
    roots: String,
    authority: Authority,
    stranger: Authority,
    /// The head after the last event.
    head: String,
    count: std::cell::Cell<u32>,
}

const ALL: [&str; 5] = ["export", "--all", "--include-restricted", "--to", "bag"];

impl Scene {
    fn new() -> Scene {
        let (program, authority, stranger) = (Program::new(), Authority::start("ec", 30), Authority::start("rsa", 30));
        copy_dir(&example(), &program.path("tell-amara"));
        let case = |args: &[&str], code| program.run(&[&["--case", "case"], args].concat()).code(code);
        case(&["archive", "tell-amara/report.html"], 4);
        program.run(&["archive", "--case", "other", "tell-amara/report.html"]).code(4);
        case(&["anchor", &authority.server.url("/tsr"), "--tsa-root", &authority.root()], 0);
        copy_dir(&program.path("case"), &program.path("earlier"));
        program.run(&[&["--case", "earlier"], &ALL[..]].concat()).code(0);
        fs::rename(program.path("bag"), program.path("earlier-bag")).unwrap();
        case(&["hold", "E1", "--reason", "order 12 of the court"], 0);
        program.file("late.png", support::png(4));
        case(&["add", "late.png"], 0);
        case(&ALL, 0);
        let head = case(&["log", "checkpoint", "--json"], 0).json()["fingerprint"].as_str().unwrap().to_owned();
        let roots = program.path("root.pem").display().to_string();
        fs::copy(authority.root(), &roots).unwrap();
        Scene { program, roots, authority, stranger, head, count: Default::default() }
    }

    /// The key that signs the case.
    fn key(&self) -> FileKey {
        FileKey::load(&self.program.path("config/exhibit/key")).unwrap()
    }

    /// What a check says, with or without the head that was noted.
    fn verify(&self, at: &Path, more: &[&str]) -> Value {
        let args = ["verify", at.to_str().unwrap(), "--json", "--tsa-root", &self.roots];
        self.program.run(&[&args, more].concat()).json()
    }

    /// A history in the place of the case's own: published, and everything made anew from it.
    fn rewrite(&self, at: &Path, history: &History, signer: &dyn Signer) {
        history.publish(at, signer);
        for name in ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"] {
            let _ = fs::remove_file(at.join(name));
        }
        self.program.run(&["--case", at.to_str().unwrap(), "rebuild"]).code(0);
        // Bytes that the new history does not name.
        let named: Vec<String> =
            history.entries.iter().filter_map(|one| Some(one["event"]["sha256"].as_str()?.to_owned())).collect();
        for file in files(&at.join("vault")) {
            if !named.iter().any(|digest| file.ends_with(digest)) {
                fs::remove_file(at.join("vault").join(file)).unwrap();
            }
        }
    }

    /// A fresh copy for an attack.
    fn copy(&self, of: &str) -> PathBuf {
        self.count.set(self.count.get() + 1);
        let at = self.program.path(&format!("attacked/{}", self.count.get()));
        copy_dir(&self.program.path(of), &at);
        at
    }
}

fn stranger() -> FileKey {
    FileKey::from_seed([9; 32]).unwrap()
}

/// The entry that keeps the bytes of the first exhibit, and those bytes.
fn first_object(at: &Path) -> (String, PathBuf) {
    let history = History::of(at);
    let digest = history.entries[history.first("exhibit-admitted")]["event"]["object"].as_str().unwrap().to_owned();
    (digest.clone(), object_path(at, &digest))
}

/// The claim that a forger would change, and with what.
fn false_claim(history: &mut History) {
    let entry = history.first("claim-made");
    let mut claim = history.values[entry]["claim"]["value"].clone();
    claim["value"] = json!("somewhere else");
    history.say(entry, "claim", claim);
}

/// Takes the outside timestamps and what speaks of them out of a history.
fn without_anchor(history: &mut History) {
    let made = history.first("anchor-made");
    let event = history.entries[made]["event"].clone();
    history.remove(made);
    for name in ["note", "token"] {
        let at = history.entries.iter().position(|one| one["kind"] == "object-kept" && one["event"]["sha256"] == event[name]);
        history.remove(at.unwrap());
    }
}

/// Has a changed history attested by the authority that the checker trusts; the change is asked for before that, and for the
/// entry that records it.
fn attested_anew(scene: &Scene, at: &Path, change: impl Fn(&mut History, bool)) {
    let mut history = History::of(at);
    without_anchor(&mut history);
    change(&mut history, false);
    scene.rewrite(at, &history, &scene.key());
    let (case, url) = (at.to_str().unwrap(), scene.authority.server.url("/tsr"));
    scene.program.run(&["--case", case, "anchor", &url, "--tsa-root", &scene.roots]).code(0);
    let mut history = History::of(at);
    let made = history.entries.len() - 3..history.entries.len();
    for (entry, kind) in made.clone().zip(["object-kept", "object-kept", "anchor-made"]) {
        assert_eq!(history.entries[entry]["kind"], kind);
    }
    for end in made {
        // One at a time, so that only what speaks of the timestamp is touched.
        let mut part = History { entries: history.entries[..=end].to_vec(), values: history.values[..=end].to_vec() };
        change(&mut part, true);
        history.entries[end] = part.entries[end].clone();
    }
    scene.rewrite(at, &history, &scene.key());
}

/// Puts a head over the database's rows as they are, the signature the old one or somebody's.
fn head_over(at: &Path, signer: Option<&dyn Signer>) {
    let db = rusqlite::Connection::open(at.join("case.sqlite")).unwrap();
    let mut frontier = Frontier::default();
    let rows: Vec<Vec<u8>> = db
        .prepare("SELECT entry FROM log ORDER BY idx")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    rows.iter().for_each(|entry| frontier.push(leaf_hash(entry)));
    let old: String = db.query_row("SELECT note FROM head", [], |row| row.get(0)).unwrap();
    let parsed = Note::parse(&old).unwrap();
    let origin = Checkpoint::parse(&parsed.text).unwrap().origin;
    let text = Checkpoint { origin: origin.clone(), size: frontier.size(), root: frontier.root() }.to_string();
    let note = match signer {
        Some(signer) => Note::sign(text, &origin, signer).unwrap().to_string(),
        None => format!("{text}\n{}", old.split_once("\n\n").unwrap().1),
    };
    db.execute("UPDATE head SET note = ?1", [&note]).unwrap();
    db.execute("UPDATE publication SET size = ?1, root = ?2", (frontier.size(), frontier.root())).unwrap();
    let log = at.join("log");
    fs::write(log.join("checkpoint"), &note).unwrap();
    let leaves: Vec<u8> = rows.iter().flat_map(|entry| leaf_hash(entry)).collect();
    fs::write(log.join(format!("tile/0/000.p/{}", rows.len())), leaves).unwrap();
    let bundle = exhibit::ledger::entry_bundle(rows.iter().map(Vec::as_slice));
    fs::write(log.join(format!("tile/entries/000.p/{}", rows.len())), bundle).unwrap();
}

/// Dates an entry of the database two years back.
const BACK: &str =
    "UPDATE log SET entry = CAST(replace(CAST(entry AS TEXT), '\"time\":\"202', '\"time\":\"201') AS BLOB) WHERE idx = 5;";

/// Moves the time of an entry.
fn date(history: &mut History, entry: usize, time: &str) {
    history.entries[entry]["time"] = json!(time);
}

fn edit(path: &Path, from: &str, to: &str) {
    let text = fs::read_to_string(path).unwrap();
    assert!(text.contains(from), "{} lacks {from}", path.display());
    writable(path);
    fs::write(path, text.replace(from, to)).unwrap();
}

/// Signs a bag as it lies there.
fn sign_bag(at: &Path, signer: &dyn Signer) {
    let manifest = fs::read(at.join("tagmanifest-sha256.txt")).unwrap();
    fs::write(at.join("tagmanifest-sha256.txt.sig"), sshsig(signer, BAG_NAMESPACE, &manifest).unwrap()).unwrap();
}

/// Rewrites lines of a bag's slice.
fn slice(at: &Path, change: impl Fn(&mut Vec<Value>)) {
    let path = at.join("data/log/entries.jsonl");
    let mut rows: Vec<Value> =
        fs::read_to_string(&path).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    change(&mut rows);
    fs::write(&path, rows.iter().flat_map(|row| [canonical(row), b"\n".to_vec()].concat()).collect::<Vec<u8>>()).unwrap();
}

fn bag_object(at: &Path, which: usize) -> PathBuf {
    at.join("data/objects").join(&files(&at.join("data/objects"))[which])
}

/// What somebody does, and what a check must say of it.
struct Attack {
    what: &'static str,
    says: &'static str,
    /// What it says if a head that was noted elsewhere is given, too, where that is another verdict.
    noted: Option<&'static str>,
    act: fn(&Scene, &Path),
}

const fn attack(what: &'static str, says: &'static str, act: fn(&Scene, &Path)) -> Attack {
    Attack { what, says, noted: None, act }
}

const fn quiet(what: &'static str, says: &'static str, noted: &'static str, act: fn(&Scene, &Path)) -> Attack {
    Attack { what, says, noted: Some(noted), act }
}

/// Somebody who can write every file of the case, and has not its signing key.
fn without_the_key() -> Vec<Attack> {
    vec![
        attack("changes a claim in the catalogue", "red catalogue-differs", |_, at| {
            sql(at, "UPDATE claim SET value = '\"elsewhere\"' WHERE no = 1")
        }),
        attack("changes a claim in the catalogue and in the search index", "red catalogue-differs", |_, at| {
            sql(at, "UPDATE claim SET value = '\"elsewhere\"' WHERE no = 1; UPDATE search SET body = 'elsewhere' WHERE rowid = 1")
        }),
        attack("takes an exhibit out of the catalogue", "red catalogue-differs", |_, at| {
            sql(at, "DELETE FROM exhibit WHERE no = 3")
        }),
        attack("makes the view of claims show another value", "red catalogue-differs", |_, at| {
            let db = rusqlite::Connection::open(at.join("case.sqlite")).unwrap();
            let made: String = db.query_row("SELECT sql FROM sqlite_schema WHERE name = 'claims'", [], |row| row.get(0)).unwrap();
            let changed = made.replacen("SELECT", "SELECT 'x' AS planted,", 1);
            db.execute_batch(&format!("DROP VIEW claims; {changed}")).unwrap();
        }),
        attack("takes away the guard that keeps entries from being changed", "red catalogue-differs", |_, at| {
            rusqlite::Connection::open(at.join("case.sqlite")).unwrap().execute_batch("DROP TRIGGER log_keeps_bytes").unwrap()
        }),
        attack("dates an entry of the database back", "red entry-altered", |_, at| sql(at, BACK)),
        attack("dates an entry back in the database and in the published log", "red tree-differs", |_, at| {
            sql(at, BACK);
            let note = fs::read(at.join("log/checkpoint")).unwrap();
            head_over(at, None);
            fs::write(at.join("log/checkpoint"), &note).unwrap();
            let db = rusqlite::Connection::open(at.join("case.sqlite")).unwrap();
            db.execute("UPDATE head SET note = ?1", [String::from_utf8(note).unwrap()]).unwrap();
        }),
        attack("the same, with a new tree and head under the old signature", "red signature-invalid", |_, at| {
            sql(at, BACK);
            head_over(at, None);
        }),
        attack("the same, signed by a key of their own in the case's name", "red signature-invalid", |_, at| {
            sql(at, BACK);
            head_over(at, Some(&stranger()));
        }),
        quiet("writes the whole history anew under a key of their own", "amber key-unknown", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            without_anchor(&mut history);
            false_claim(&mut history);
            history.entries[0]["event"]["key"] = json!(stranger().public().to_string());
            scene.rewrite(at, &history, &stranger());
        }),
        attack("changes a quoted sentence in the database", "red sealed-altered", |_, at| {
            sql(at, "UPDATE sealed SET value = CAST('{\"exact\":\"nothing happened\"}' AS BLOB) WHERE field = 'quote'")
        }),
        attack("changes a quoted sentence in the database and in the published log", "red sealed-altered", |scene, at| {
            let mut history = History::of(at);
            let entry = history.first("reference-found");
            history.values[entry]["quote"]["value"]["exact"] = json!("nothing happened");
            let line = canonical(&json!({ "entry": entry, "values": history.values[entry] }));
            let path = at.join("log/sealed").join(&files(&at.join("log/sealed"))[0]);
            let text = fs::read_to_string(&path).unwrap();
            let begin = format!("{{\"entry\":{entry},");
            let lines: Vec<&str> =
                text.lines().map(|old| if old.starts_with(&begin) { std::str::from_utf8(&line).unwrap() } else { old }).collect();
            fs::write(&path, lines.join("\n") + "\n").unwrap();
            let value = String::from_utf8(canonical(&history.values[entry]["quote"]["value"])).unwrap();
            sql(
                at,
                &format!(
                    "UPDATE sealed SET value = CAST('{}' AS BLOB) WHERE idx = {entry} AND field = 'quote'",
                    value.replace('\'', "''")
                ),
            );
            scene.program.run(&["--case", at.to_str().unwrap(), "rebuild"]);
        }),
        attack("takes who acted out of the database and the published log", "red sealed-missing", |_, at| {
            sql(at, "DELETE FROM sealed WHERE field = 'name'");
            let path = at.join("log/sealed").join(&files(&at.join("log/sealed"))[0]);
            let kept: Vec<String> = fs::read_to_string(&path)
                .unwrap()
                .lines()
                .map(|line| {
                    let mut line: Value = serde_json::from_str(line).unwrap();
                    line["values"].as_object_mut().unwrap().remove("name");
                    line
                })
                .filter(|line| line["values"].as_object().is_some_and(|values| !values.is_empty()))
                .map(|line| String::from_utf8(canonical(&line)).unwrap() + "\n")
                .collect();
            fs::write(path, kept.concat()).unwrap();
        }),
        attack("swaps the quoted sentences of two references", "red sealed-altered", |_, at| {
            sql(
                at,
                "CREATE TEMP TABLE t AS SELECT * FROM sealed WHERE field = 'quote' ORDER BY idx LIMIT 2; UPDATE sealed SET value = (SELECT value FROM t WHERE t.idx <> sealed.idx), salt = (SELECT salt FROM t WHERE t.idx <> sealed.idx) WHERE field = 'quote' AND idx IN (SELECT idx FROM t)",
            )
        }),
        attack("puts other footage in the place of an object, of the same size and date", "red object-altered", |_, at| {
            let (_, path) = first_object(at);
            let (mut bytes, time) = (fs::read(&path).unwrap(), path.metadata().unwrap().modified().unwrap());
            let middle = bytes.len() / 2;
            bytes[middle..].iter_mut().for_each(|byte| *byte = !*byte);
            overwrite(&path, &bytes);
            fs::File::options().write(true).open(&path).unwrap().set_modified(time).unwrap();
        }),
        attack("deletes an object", "red object-missing", |_, at| fs::remove_file(first_object(at).1).unwrap()),
        attack("deletes an object and all that the catalogue says of it", "red catalogue-differs", |_, at| {
            let (digest, path) = first_object(at);
            fs::remove_file(path).unwrap();
            sql(at, &format!("DELETE FROM exhibit WHERE object = '{digest}'; DELETE FROM object WHERE sha256 = '{digest}'"));
        }),
        attack("deletes an object and has the catalogue rebuilt", "red object-missing", |scene, at| {
            fs::remove_file(first_object(at).1).unwrap();
            scene.program.run(&["--case", at.to_str().unwrap(), "rebuild"]).code(0);
        }),
        attack("plants an object in the vault", "red object-extra", |_, at| {
            let path = object_path(at, &Digest::of(b"planted").to_string());
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"planted").unwrap();
        }),
        attack("plants an object and its rows in the catalogue", "red catalogue-differs", |_, at| {
            let digest = Digest::of(b"planted").to_string();
            let path = object_path(at, &digest);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"planted").unwrap();
            let blake = blake3::hash(b"planted").to_hex();
            sql(at, &format!("INSERT INTO object SELECT '{digest}', '{blake}', 7, media_type, entry FROM object LIMIT 1"));
        }),
        attack("cuts the last entries off the database", "red entry-missing", |_, at| {
            sql(
                at,
                "DELETE FROM sealed WHERE idx >= (SELECT max(idx) - 2 FROM log); DELETE FROM log WHERE idx >= (SELECT max(idx) - 2 FROM log)",
            )
        }),
        attack("cuts the last entries off the database and the published log", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            let head = fs::read(at.join("log/checkpoint")).unwrap();
            history.entries.truncate(history.entries.len() - 3);
            scene.rewrite(at, &history, &scene.key());
            // The signature is of the longer log: this one has none.
            fs::write(at.join("log/checkpoint"), &head).unwrap();
            sql(at, &format!("UPDATE head SET note = '{}'", String::from_utf8(head).unwrap()));
        }),
        quiet("puts an earlier copy of the whole case in its place", "green", "red tree-differs", |scene, at| {
            fs::remove_dir_all(at).unwrap();
            copy_dir(&scene.program.path("earlier"), at);
        }),
        attack("puts an earlier copy of the database in its place", "red entry-missing", |scene, at| {
            fs::copy(scene.program.path("earlier/case.sqlite"), at.join("case.sqlite")).unwrap();
        }),
        attack("puts an earlier copy of the published log in its place", "red checkpoint-differs", |scene, at| {
            fs::remove_dir_all(at.join("log")).unwrap();
            copy_dir(&scene.program.path("earlier/log"), &at.join("log"));
        }),
        attack("puts the checkpoint of another case of the same key in its place", "red checkpoint-differs", |scene, at| {
            fs::copy(scene.program.path("other/log/checkpoint"), at.join("log/checkpoint")).unwrap();
        }),
        attack("puts the database of another case of the same key in its place", "red checkpoint-differs", |scene, at| {
            fs::copy(scene.program.path("other/case.sqlite"), at.join("case.sqlite")).unwrap();
        }),
        attack("removes the signed head from the database", "red checkpoint-missing", |_, at| sql(at, "DELETE FROM head")),
        attack("removes the signed checkpoint", "red checkpoint-missing", |_, at| {
            fs::remove_file(at.join("log/checkpoint")).unwrap()
        }),
        attack("puts an answer of another authority in the timestamp's place", "red object-altered", |scene, at| {
            let history = History::of(at);
            let event = &history.entries[history.first("anchor-made")]["event"];
            let path = |name: &str| object_path(at, event[name].as_str().unwrap());
            overwrite(&path("token"), &scene.stranger.stamp(&fs::read(path("note")).unwrap()));
        }),
        attack("marks open work as done, so that it is never tried", "red catalogue-differs", |_, at| {
            sql(at, "INSERT INTO work (kind, key, subject, state) VALUES ('capture', 'planted', 'planted', 'done')")
        }),
    ]
}

/// Somebody on the way to the recipient of a bag, without the key.
fn of_a_bag() -> Vec<Attack> {
    vec![
        attack("changes a claim in a record", "red bag-file-altered", |_, at| {
            edit(&at.join("data/record/E1.json"), "\"claims\"", "\"claimed\"")
        }),
        attack("changes what a record says of a date, and the manifests with it", "red record-differs", |_, at| {
            let path = at.join("data/record/E1.json");
            let text = fs::read_to_string(&path).unwrap();
            let started = text.split("\"started\"").nth(1).unwrap().split('"').nth(1).unwrap().to_owned();
            edit(&path, &started, "2012-01-01T00:00:00.000000Z");
            reseal(at);
        }),
        attack("changes a page for people, and the manifests with it", "red signature-invalid", |_, at| {
            edit(&at.join("data/record/E1.html"), "</body>", "<p>It was staged.</p></body>");
            reseal(at);
        }),
        attack("changes a page for people, and signs the bag with a key of their own", "amber key-unknown", |_, at| {
            edit(&at.join("data/record/E1.html"), "</body>", "<p>It was staged.</p></body>");
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack("dates an entry back, and signs the bag with a key of their own", "red entry-altered", |_, at| {
            slice(at, |rows| rows[1]["entry"]["time"] = json!("2012-01-01T00:00:00.000000Z"));
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack("changes a sealed value, and signs the bag with a key of their own", "red sealed-altered", |_, at| {
            slice(at, |rows| {
                let row = rows.iter_mut().find(|row| !row["sealed"]["claim"].is_null()).unwrap();
                row["sealed"]["claim"]["value"]["value"] = json!("elsewhere");
            });
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack(
            "puts other footage under an object's name, and signs the bag with a key of their own",
            "red object-altered",
            |_, at| {
                fs::write(bag_object(at, 0), b"other footage").unwrap();
                reseal(at);
                sign_bag(at, &stranger());
            },
        ),
        attack(
            "adds footage that the log does not know, and signs the bag with a key of their own",
            "red object-extra",
            |_, at| {
                fs::write(at.join(format!("data/objects/{}.bin", Digest::of(b"planted"))), b"planted").unwrap();
                reseal(at);
                sign_bag(at, &stranger());
            },
        ),
        attack("takes an entry out of the slice, and signs the bag with a key of their own", "red object-extra", |_, at| {
            slice(at, |rows| {
                let kept = rows.iter().position(|row| row["entry"]["kind"] == "object-kept").unwrap();
                rows.remove(kept);
            });
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack("takes an exhibit's bytes out, and signs the bag with a key of their own", "red object-missing", |_, at| {
            fs::remove_file(bag_object(at, 0)).unwrap();
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack("takes the signature away", "amber key-unknown", |_, at| {
            fs::remove_file(at.join("tagmanifest-sha256.txt.sig")).unwrap()
        }),
        attack("puts an earlier checkpoint in, and signs the bag with a key of their own", "red entry-altered", |scene, at| {
            fs::copy(scene.program.path("earlier-bag/data/log/checkpoint"), at.join("data/log/checkpoint")).unwrap();
            reseal(at);
            sign_bag(at, &stranger());
        }),
        attack(
            "puts the timestamp of another authority in, and signs the bag with a key of their own",
            "amber anchor-untrusted",
            |scene, at| {
                let note = fs::read(at.join("data/log/anchors/1.note")).unwrap();
                fs::write(at.join("data/log/anchors/1.tsr"), scene.stranger.stamp(&note)).unwrap();
                reseal(at);
                sign_bag(at, &stranger());
            },
        ),
    ]
}

/// The keeper of the key.
fn with_the_key() -> Vec<Attack> {
    vec![
        attack("rewrites a claim, and keeps the timestamps", "red anchor-invalid", |scene, at| {
            let mut history = History::of(at);
            false_claim(&mut history);
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet("rewrites a claim, and drops the timestamps", "green", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            false_claim(&mut history);
            without_anchor(&mut history);
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet("rewrites only what came after the last timestamp", "green", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            let hold = history.first("handling-set");
            history.say(hold, "reason", json!("no reason in particular"));
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet("drops a hold that was set after the last timestamp", "green", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            let hold = history.first("handling-set");
            history.remove(hold);
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet("dates the last entries back", "amber clock-anomaly", "red tree-differs", |scene, at| {
            let mut history = History::of(at);
            let hold = history.first("handling-set");
            date(&mut history, hold, "2019-01-01T00:00:00.000000Z");
            scene.rewrite(at, &history, &scene.key());
        }),
        attack("dates the whole history back, timestamp and all", "red anchor-invalid", |scene, at| {
            let mut history = History::of(at);
            for entry in 0..history.entries.len() {
                let time = history.entries[entry]["time"].as_str().unwrap().replacen("202", "201", 1);
                date(&mut history, entry, &time);
            }
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet(
            "dates a whole new history years back, and has it attested today",
            "amber clock-anomaly",
            "red tree-differs",
            |scene, at| {
                attested_anew(scene, at, |history, made| {
                    let entries = if made { history.entries.len() - 1..history.entries.len() } else { 0..history.entries.len() };
                    for entry in entries {
                        let time = history.entries[entry]["time"].as_str().unwrap().replacen("202", "201", 1);
                        date(history, entry, &time);
                    }
                });
            },
        ),
        quiet(
            "dates an entry years forward, and has it attested today",
            "amber clock-anomaly",
            "red tree-differs",
            |scene, at| {
                attested_anew(scene, at, |history, made| {
                    let last = history.entries.len() - 1;
                    if !made {
                        date(history, last, "2099-01-01T00:00:00.000000Z");
                    }
                });
            },
        ),
        attack("takes an exhibit out of the history, with its bytes", "red anchor-invalid", |scene, at| {
            let mut history = History::of(at);
            let digest = first_object(at).0;
            for entry in (0..history.entries.len()).rev() {
                if history.entries[entry].to_string().contains(&digest) {
                    history.remove(entry);
                }
            }
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet("shows two people two histories", "green", "red tree-differs", |scene, at| {
            // Each is whole by itself; whoever holds them beside one another, or against a head, sees it.
            let mut history = History::of(at);
            let last = history.entries.len() - 1;
            history.entries.truncate(last);
            history.values.truncate(last);
            while history.entries.last().unwrap()["kind"] != "handling-set" {
                history.entries.pop();
                history.values.pop();
            }
            scene.rewrite(at, &history, &scene.key());
        }),
        attack("deletes an object without an entry that says so", "red object-missing", |_, at| {
            fs::remove_file(first_object(at).1).unwrap()
        }),
        attack("has another key take over without the old one's agreement", "amber key-lost", |scene, at| {
            let mut history = History::of(at);
            let origin = history.entries[0]["event"]["origin"].as_str().unwrap().to_owned();
            let lost = change_key(&origin, scene.key().public(), None, &stranger(), "lost").unwrap();
            let mut entry = history.entries[history.first("handling-set")].clone();
            let event = serde_json::to_value(Event::KeyChanged(lost)).unwrap();
            entry["kind"] = json!("key-changed");
            entry["event"] = event.get("event").cloned().unwrap_or(event);
            entry["sealed"] = json!({});
            history.entries.push(entry);
            history.values.push(Default::default());
            scene.rewrite(at, &history, &stranger());
        }),
        attack("changes the time that the entry of a timestamp says", "red anchor-invalid", |scene, at| {
            let mut history = History::of(at);
            let made = history.first("anchor-made");
            history.entries[made]["event"]["time"] = json!("2019-01-01T00:00:00.000000Z");
            scene.rewrite(at, &history, &scene.key());
        }),
        quiet(
            "rewrites the history, and has it attested by an authority of their own",
            "amber anchor-untrusted",
            "red tree-differs",
            |scene, at| {
                let mut history = History::of(at);
                false_claim(&mut history);
                without_anchor(&mut history);
                scene.rewrite(at, &history, &scene.key());
                let url = scene.stranger.server.url("/tsr");
                scene
                    .program
                    .run(&["--case", at.to_str().unwrap(), "anchor", &url, "--tsa-root", &scene.stranger.root()])
                    .code(0);
            },
        ),
        quiet("makes another case of the same reports, and calls it the same", "green", "red tree-differs", |scene, at| {
            fs::remove_dir_all(at).unwrap();
            copy_dir(&scene.program.path("other"), at);
        }),
        attack("claims more entries under a timestamp than it covers", "red anchor-invalid", |scene, at| {
            let mut history = History::of(at);
            let made = history.first("anchor-made");
            let size = history.entries[made]["event"]["size"].as_u64().unwrap();
            history.entries[made]["event"]["size"] = json!(size + 1);
            scene.rewrite(at, &history, &scene.key());
        }),
    ]
}

/// A sentence of a check without what differs from run to run.
fn steady(text: &str) -> String {
    let mask = regex::Regex::new(
        r"[0-9a-f]{16,}|SHA256:\S+|\d{4}-\d\d-\d\d[ T][\d:.]+Z?( UTC)?|\d+(-[0-9a-f]{4}){4}|http://\S+|exhibit\.case/\S+|\b\d+\b",
    )
    .unwrap();
    mask.replace_all(text, "…").replace('|', "\\|")
}

/// Whether a check says what it must; the sentence in which it does.
fn says(told: &Value, wanted: &str) -> Result<String, String> {
    let (verdict, code) = wanted.split_once(' ').unwrap_or((wanted, ""));
    let findings = told["findings"].as_array().unwrap();
    let found = findings.iter().find(|one| one["code"] == code);
    if told["verdict"] != verdict || (found.is_none() && verdict != "green") {
        return Err(format!("{wanted} is wanted, {} is said: {findings:#?}", told["verdict"]));
    }
    Ok(match found {
        Some(found) => found["detail"].as_str().unwrap().to_owned(),
        None => format!("{} self-attested only", told["anchored"]["self_attested"]),
    })
}

#[test]
fn every_attack_gets_the_verdict_and_the_sentence_that_the_table_says() {
    let scene = Scene::new();
    let (case, bag) = (scene.program.path("case"), scene.program.path("bag"));
    for (at, more) in [(&case, vec!["--head", &scene.head]), (&bag, vec![])] {
        let told = scene.verify(at, &more);
        assert_eq!(told["verdict"], "green", "{told:#}");
    }
    let (mut table, mut wrong, mut count) = (String::new(), Vec::new(), 0);
    let parts = [
        ("Somebody who can write every file of a case, without its key", "case", without_the_key()),
        ("Somebody between the sender and the recipient of a bag, without the key", "bag", of_a_bag()),
        ("The keeper of the key", "case", with_the_key()),
    ];
    for (who, of, attacks) in parts {
        table.push_str(&format!("\n## {who}\n\n| | what they do | verdict | what `verify` says |\n|---|---|---|---|\n"));
        for attack in attacks {
            count += 1;
            let at = scene.copy(of);
            (attack.act)(&scene, &at);
            let mut row = |wanted: &str, more: &[&str], with: &str| match says(&scene.verify(&at, more), wanted) {
                Ok(sentence) => {
                    let (number, what) = if with.is_empty() { (count.to_string(), attack.what) } else { (String::new(), with) };
                    let verdict = wanted.replacen(' ', " `", 1) + if wanted.contains(' ') { "`" } else { "" };
                    table.push_str(&format!("| {number} | {what} | {verdict} | {} |\n", steady(&sentence)));
                }
                Err(why) => wrong.push(format!("{}{with}: {why}", attack.what)),
            };
            row(attack.says, &[], "");
            if let Some(noted) = attack.noted {
                row(noted, &["--head", &scene.head], "… with a head noted before");
            }
            fs::remove_dir_all(&at).unwrap();
        }
    }
    assert!(wrong.is_empty(), "{} of {count}:\n{}", wrong.len(), wrong.join("\n\n"));
    assert!(count >= 40);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/attacks.md");
    let page = format!("{HEAD}{table}");
    if std::env::var_os("EXHIBIT_TEST_WRITE").is_some() {
        fs::write(&path, &page).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), page, "docs/attacks.md is not what the program says");
}

const HEAD: &str = "# What people with access can do, and what a check says of it

Each row is done to a copy of a real case or bag by `tests/insider.rs`, which also compares this page with what `exhibit verify`
says. The case was archived, attested by a timestamp authority (RFC 3161) that the checker trusts, and worked on since; the checker trusts
the case's key. Numbers, digests, times and names that differ from run to run are `…`. More findings may stand beside the one shown.

Green rows are the honest limits: without the outside timestamp, what the keeper of the key rewrites is whole by itself, and an earlier
copy is a good case. A head that was noted elsewhere (`verify` prints it; print it or mail it) shows both. A timestamp protects
everything before it.
";
