//! Hands of somebody who has access to a case or a bag: edits behind the program's back.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use exhibit::ledger::{
    Checkpoint, Frontier, Note, Sealed, Signer, TilePath, canonical, entry_bundle, leaf_hash, parse_entry_bundle,
};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256, Sha512};

/// Runs SQL with the guards and foreign keys off.
pub fn sql(root: &Path, sql: &str) {
    let db = rusqlite::Connection::open(root.join("case.sqlite")).unwrap();
    db.execute_batch("PRAGMA writable_schema = OFF; DROP TRIGGER IF EXISTS log_keeps_entries; DROP TRIGGER IF EXISTS log_keeps_bytes; DROP TRIGGER IF EXISTS log_grows_at_its_end;").unwrap();
    let triggers: Vec<&str> =
        include_str!("../../schema/log.sql").split_inclusive("END;").filter(|part| part.contains("CREATE TRIGGER")).collect();
    db.execute_batch(&format!("PRAGMA foreign_keys = OFF; {sql}")).unwrap();
    // The guards are put back, so that only the damage itself is there to be found.
    for trigger in triggers {
        db.execute_batch(&trigger[trigger.find("CREATE TRIGGER").unwrap()..]).unwrap();
    }
}

pub fn writable(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o644)).unwrap();
}

pub fn flip(path: &Path, at: usize) {
    writable(path);
    let mut bytes = fs::read(path).unwrap();
    let at = at % bytes.len();
    bytes[at] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Overwrites a read-only file.
pub fn overwrite(path: &Path, bytes: &[u8]) {
    fs::remove_file(path).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Where a case keeps an object.
pub fn object_path(case: &Path, digest: &str) -> PathBuf {
    case.join("vault/sha256").join(&digest[..2]).join(&digest[2..4]).join(digest)
}

/// Files below a directory, by their path in it.
pub fn files(root: &Path) -> Vec<String> {
    let all = walkdir::WalkDir::new(root).sort_by_file_name().into_iter().map(Result::unwrap);
    let files = all.filter(|file| file.file_type().is_file());
    files.map(|file| file.path().strip_prefix(root).unwrap().to_str().unwrap().to_owned()).collect()
}

/// Makes a bag's manifests, tag manifests and payload size fit what lies in it: what anybody can do.
pub fn reseal(bag: &Path) {
    let digests = |which: &str, names: &[String]| -> String {
        let of = |name: &String| {
            let bytes = fs::read(bag.join(name)).unwrap();
            if which == "sha256" { hex::encode(Sha256::digest(&bytes)) } else { hex::encode(Sha512::digest(&bytes)) }
        };
        names.iter().map(|name| format!("{}  {name}\n", of(name))).collect()
    };
    let (payload, tags): (Vec<String>, Vec<String>) = files(bag).into_iter().partition(|name| name.starts_with("data/"));
    let size: u64 = payload.iter().map(|name| bag.join(name).metadata().unwrap().len()).sum();
    let info = fs::read_to_string(bag.join("bag-info.txt")).unwrap();
    let oxum = format!("Payload-Oxum: {size}.{}", payload.len());
    let lines: Vec<&str> = info.lines().map(|line| if line.starts_with("Payload-Oxum") { &oxum } else { line }).collect();
    fs::write(bag.join("bag-info.txt"), lines.join("\n") + "\n").unwrap();
    for which in ["sha256", "sha512"] {
        fs::write(bag.join(format!("manifest-{which}.txt")), digests(which, &payload)).unwrap();
    }
    let tags: Vec<String> = tags.into_iter().filter(|name| !name.starts_with("tagmanifest")).collect();
    for which in ["sha256", "sha512"] {
        fs::write(bag.join(format!("tagmanifest-{which}.txt")), digests(which, &tags)).unwrap();
    }
}

/// A whole history of fewer than 256 entries, to be written anew.
#[derive(Clone)]
pub struct History {
    pub entries: Vec<Value>,
    /// Of each entry: field → `{"salt": …, "value": …}`.
    pub values: Vec<Map<String, Value>>,
}

impl History {
    /// The history that a case has published.
    pub fn of(case: &Path) -> History {
        let (mut entries, mut lines) = (Vec::new(), BTreeMap::new());
        for path in files(&case.join("log")) {
            let bytes = fs::read(case.join("log").join(&path)).unwrap();
            match TilePath::parse(&path) {
                Some(TilePath::Entries { .. }) => entries = parse_entry_bundle(&bytes).unwrap(),
                Some(TilePath::Sealed { .. }) => {
                    for line in String::from_utf8(bytes).unwrap().lines() {
                        let line: Value = serde_json::from_str(line).unwrap();
                        lines.insert(line["entry"].as_u64().unwrap() as usize, line["values"].as_object().unwrap().clone());
                    }
                }
                _ => {}
            }
        }
        let values = (0..entries.len()).map(|index| lines.remove(&index).unwrap_or_default()).collect();
        History { entries: entries.iter().map(|entry| serde_json::from_slice(entry).unwrap()).collect(), values }
    }

    /// The first entry of a kind.
    pub fn first(&self, kind: &str) -> usize {
        self.entries.iter().position(|entry| entry["kind"] == kind).unwrap_or_else(|| panic!("no {kind}"))
    }

    /// Puts another sealed value in the place of one, and the commitment to it.
    pub fn say(&mut self, entry: usize, field: &str, value: Value) {
        let salt = [3; 16];
        let sealed = Sealed { field: field.into(), salt, value };
        self.entries[entry]["sealed"][field] = json!(sealed.commitment().to_string());
        self.values[entry].insert(field.into(), json!({ "salt": hex::encode(salt), "value": sealed.value }));
    }

    pub fn remove(&mut self, entry: usize) {
        self.entries.remove(entry);
        self.values.remove(entry);
    }

    /// Writes it as a case's published log, signed.
    pub fn publish(&self, case: &Path, signer: &dyn Signer) {
        let entries: Vec<Vec<u8>> = self.entries.iter().map(canonical).collect();
        let (mut frontier, mut hashes) = (Frontier::default(), Vec::new());
        for entry in &entries {
            let leaf = leaf_hash(entry);
            frontier.push(leaf);
            hashes.extend(leaf);
        }
        let (log, size) = (case.join("log"), entries.len());
        assert!(size < 256, "one partial tile");
        fs::remove_dir_all(&log).unwrap();
        let put = |path: String, bytes: Vec<u8>| {
            fs::create_dir_all(log.join(&path).parent().unwrap()).unwrap();
            fs::write(log.join(path), bytes).unwrap();
        };
        put(format!("tile/0/000.p/{size}"), hashes);
        put(format!("tile/entries/000.p/{size}"), entry_bundle(entries.iter().map(Vec::as_slice)));
        let sealed = self.values.iter().enumerate().filter(|(_, values)| !values.is_empty());
        let lines =
            sealed.map(|(entry, values)| [canonical(&json!({ "entry": entry, "values": values })), b"\n".to_vec()].concat());
        put(format!("sealed/000.p/{size}"), lines.collect::<Vec<_>>().concat());
        let origin = self.entries[0]["event"]["origin"].as_str().unwrap().to_owned();
        let head = Checkpoint { origin: origin.clone(), size: size as u64, root: frontier.root() };
        put("checkpoint".into(), Note::sign(head.to_string(), &origin, signer).unwrap().to_string().into_bytes());
    }
}
