//! The power goes: what is acknowledged must have been synced before, in the right order. One real run is traced, call by
//! call; the trace is held against a disk that keeps nothing but what was synced. Each sync is then left out in turn,
//! and its absence must be noticed.

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use regex::Regex;
use support::{Program, Server, png};

/// One call, as far as it matters here.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Call {
    Made(PathBuf),
    Written(PathBuf),
    Synced(PathBuf),
    /// All of the file system that this is on.
    SyncedWhole(PathBuf),
    Named {
        from: PathBuf,
        to: PathBuf,
        linked: bool,
    },
    Removed(PathBuf),
    /// A line on standard error that says that an item is kept.
    Receipt,
}

/// A disk that keeps a file's bytes if the file was synced after them, and a name if its directory was.
#[derive(Default)]
struct Disk {
    files: BTreeMap<PathBuf, usize>,
    dirty: BTreeSet<usize>,
    /// Names that would be gone.
    pending: BTreeSet<PathBuf>,
    next: usize,
}

impl Disk {
    fn made(&mut self, path: &Path) {
        self.next += 1;
        self.files.insert(path.to_owned(), self.next);
        self.pending.insert(path.to_owned());
    }

    fn take(&mut self, call: &Call) {
        match call {
            Call::Made(path) => self.made(path),
            Call::Written(path) => {
                if let Some(file) = self.files.get(path) {
                    self.dirty.insert(*file);
                }
            }
            Call::Synced(path) => {
                if let Some(file) = self.files.get(path) {
                    self.dirty.remove(file);
                }
                self.pending.retain(|name| name.parent() != Some(path));
            }
            Call::SyncedWhole(_) => {
                self.dirty.clear();
                self.pending.clear();
            }
            Call::Named { from, to, linked } => {
                if let Some(file) = self.files.get(from).copied() {
                    self.files.insert(to.clone(), file);
                    self.pending.insert(to.clone());
                    if !linked {
                        self.files.remove(from);
                        self.pending.remove(from);
                    }
                }
            }
            Call::Removed(path) => {
                self.files.remove(path);
                self.pending.remove(path);
            }
            Call::Receipt => {}
        }
    }

    fn unsynced(&self, path: &Path) -> bool {
        self.files.get(path).is_some_and(|file| self.dirty.contains(file))
    }

    fn unnamed(&self, path: &Path, root: &Path) -> Option<String> {
        let above = path.ancestors().take_while(|above| above.starts_with(root)).find(|above| self.pending.contains(*above));
        above.map(|above| format!("the name {}", above.display()))
    }

    /// What the power would take of a path: its bytes, its name, or that of a directory above it.
    fn lost(&self, path: &Path, root: &Path) -> Option<String> {
        if self.unsynced(path) { Some(format!("the bytes of {}", path.display())) } else { self.unnamed(path, root) }
    }

    fn lost_below(&self, dir: &Path, root: &Path) -> Vec<String> {
        self.files.keys().filter(|path| path.starts_with(dir)).filter_map(|path| self.lost(path, root)).collect()
    }
}

/// What could be lost that was promised, with some of the syncs left out.
fn broken(calls: &[Call], case: &Path, key: &Path, without: &BTreeSet<usize>) -> Vec<String> {
    let mut disk = Disk::default();
    let (wal, database, checkpoint) = (case.join("case.sqlite-wal"), case.join("case.sqlite"), case.join("log/checkpoint"));
    let mut broken = Vec::new();
    let mut say = |when: &str, what: Vec<String>| broken.extend(what.into_iter().map(|what| format!("{when}: {what}")));
    for (nth, call) in calls.iter().enumerate() {
        match call {
            // Entries become durable: the bytes that they name, and the key that signs them, are so already.
            Call::Synced(path) if *path == wal && !without.contains(&nth) => {
                say("entries before their objects", disk.lost_below(&case.join("vault"), case));
                say("entries before their key", disk.lost(key, key.parent().unwrap()).into_iter().collect());
                say("entries before the settings", disk.lost(&case.join("exhibit.toml"), case).into_iter().collect());
            }
            // The published head: after the entries, and after all files of the log that it stands for.
            Call::Named { from, to, .. } if *to == checkpoint => {
                for (what, path) in [("head before its bytes", from), ("head before its entries", &wal)] {
                    say(what, disk.unsynced(path).then(|| path.display().to_string()).into_iter().collect());
                }
                let files = disk.lost_below(&case.join("log"), case);
                say("head before its files", files.into_iter().filter(|what| !what.contains("checkpoint")).collect());
            }
            // What has a name in the vault is whole, whatever happens then.
            Call::Named { from, to, .. } if to.starts_with(case.join("vault")) => {
                say("name before its bytes", disk.unsynced(from).then(|| to.display().to_string()).into_iter().collect());
            }
            // The head is durable, and with it, as it came last, the entries. Of the database there may be more by now, of
            // what comes next.
            Call::Receipt => {
                say("receipt", disk.lost(&checkpoint, case).into_iter().collect());
                say("receipt", disk.unnamed(&wal, case).into_iter().chain(disk.lost(&database, case)).collect());
            }
            _ => {}
        }
        if !without.contains(&nth) {
            disk.take(call);
        }
    }
    broken
}

/// The calls of a trace, in the order in which they ended.
fn read(trace: &str, cwd: &Path) -> Vec<Call> {
    let shape = |pattern: &str| Regex::new(pattern).unwrap();
    let opened = shape(r#"^(?:openat|creat)\(.*O_CREAT.* = \d+<(.+)>$"#);
    let written = shape(r#"^(?:write|pwrite64|writev|pwritev|ftruncate)\(\d+<([^>]+)>.* = [1-9]"#);
    let truncated = shape(r#"^ftruncate\(\d+<([^>]+)>.* = 0$"#);
    let synced = shape(r#"^(?:fsync|fdatasync)\(\d+<([^>]+)>\) += 0$"#);
    let synced_whole = shape(r#"^syncfs\(\d+<([^>]+)>\) += 0$"#);
    let named = shape(
        r#"^(rename|renameat|renameat2|link|linkat)\((?:AT_FDCWD<[^>]*>, )?"([^"]+)", (?:AT_FDCWD<[^>]*>, )?"([^"]+)".* = 0$"#,
    );
    let removed = shape(r#"^(?:unlink|unlinkat)\((?:AT_FDCWD<[^>]*>, )?"([^"]+)".* = 0$"#);
    let directory = shape(r#"^(?:mkdir|mkdirat)\((?:AT_FDCWD<[^>]*>, )?"([^"]+)".* = 0$"#);
    let receipt = shape(r#"^write\(2<[^>]*>, "ok "#);
    let path = |text: &str| cwd.join(text);
    let (mut begun, mut calls, mut there) = (BTreeMap::<&str, String>::new(), Vec::new(), BTreeSet::new());
    for line in trace.lines() {
        let (thread, rest) = line.split_once(' ').unwrap();
        let rest = rest.trim_start();
        let whole = match rest.strip_suffix("<unfinished ...>") {
            Some(begin) => {
                begun.insert(thread, begin.trim_end().to_owned());
                continue;
            }
            None => match rest.strip_prefix("<... ").and_then(|rest| rest.split_once(" resumed>")) {
                Some((_, end)) => begun.remove(thread).unwrap_or_default() + end,
                None => rest.to_owned(),
            },
        };
        let one = |shape: &Regex, nth: usize| shape.captures(&whole).map(|found| found[nth].to_owned());
        if receipt.is_match(&whole) {
            calls.push(Call::Receipt);
        } else if let Some(file) = one(&opened, 1) {
            if there.insert(path(&file)) {
                calls.push(Call::Made(path(&file)));
            }
        } else if let Some(file) = one(&directory, 1) {
            there.insert(path(&file));
            calls.push(Call::Made(path(&file)));
        } else if let Some(file) = one(&written, 1).or_else(|| one(&truncated, 1)) {
            calls.push(Call::Written(path(&file)));
        } else if let Some(file) = one(&synced, 1) {
            calls.push(Call::Synced(path(&file)));
        } else if let Some(file) = one(&synced_whole, 1) {
            calls.push(Call::SyncedWhole(path(&file)));
        } else if let Some(found) = named.captures(&whole) {
            let (from, to, linked) = (path(&found[2]), path(&found[3]), found[1].starts_with("link"));
            if !linked {
                there.remove(&from);
            }
            there.insert(to.clone());
            calls.push(Call::Named { from, to, linked });
        } else if let Some(file) = one(&removed, 1) {
            there.remove(&path(&file));
            calls.push(Call::Removed(path(&file)));
        }
    }
    calls
}

#[test]
fn what_is_acknowledged_was_synced_and_every_sync_is_needed() {
    let whole = |calls: &[Call]| calls.iter().filter(|call| matches!(call, Call::SyncedWhole(_))).count();
    // One is synced by itself; many with all that waits on their disk.
    let few = held(1, 30);
    let many = held(40, 30);
    println!("the disk synced whole {} times for one item, {} times for 40", whole(&few), whole(&many));
    assert!(whole(&few) == 0 && whole(&many) >= 2);
}

/// Directories that a killed run had made, and not synced, are made durable with what comes into them.
#[test]
fn what_a_killed_run_had_made_is_synced_too() {
    let program = Program::new();
    let home = program.home.path().canonicalize().unwrap();
    let (case, key, picture) = (home.join("c"), home.join("config/exhibit/key"), png(1));
    program.run(&["init", "c"]).code(0);
    program.file("a.png", &picture);
    let object = support::tamper::object_path(&case, &exhibit::evidence::Digest::of(&picture).to_string());
    let made: Vec<PathBuf> = object.ancestors().skip(1).take(2).map(Path::to_path_buf).collect();
    std::fs::create_dir_all(&made[0]).unwrap();
    let calls = traced(&program, &home, &["--case", "c", "add", "a.png"]);
    assert!(calls.iter().any(|call| matches!(call, Call::Named { to, .. } if *to == object)), "{calls:#?}");
    let calls: Vec<Call> = made.into_iter().rev().map(Call::Made).chain(calls).collect();
    assert_eq!(broken(&calls, &case, &key, &BTreeSet::new()), Vec::<String>::new());
}

/// Runs the program, and gives the calls by which it changed the disk.
fn traced(program: &Program, home: &Path, args: &[&str]) -> Vec<Call> {
    let (own, trace) = (program.command(), home.join("trace"));
    let mut command = Command::new("strace");
    command.args(["-f", "-y", "-qq", "-s", "8", "-e"]);
    command.arg("trace=openat,creat,write,pwrite64,writev,pwritev,ftruncate,fsync,fdatasync,syncfs,rename,renameat,renameat2,link,linkat,unlink,unlinkat,mkdir,mkdirat");
    command.arg("-o").arg(&trace).arg(own.get_program()).args(args).current_dir(home);
    for (name, value) in own.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    command.env("XDG_CONFIG_HOME", home.join("config"));
    support::Ran::of(command.output().expect("tests/run installs strace")).code(0);
    read(&std::fs::read_to_string(&trace).unwrap(), home)
}

/// Archives so many items, and holds the run against the disk; every sync but so many must be missed.
fn held(items: u8, least: usize) -> Vec<Call> {
    let (program, server) = (Program::new(), Server::start());
    let home = program.home.path().canonicalize().unwrap();
    for nth in 0..items {
        server.serve(&format!("/{nth}.png"), "image/png", png(nth));
    }
    program.file("list.txt", (0..items).map(|nth| server.url(&format!("/{nth}.png")) + "\n").collect::<String>());
    std::fs::create_dir_all(home.join("config/exhibit")).unwrap();
    let case = home.join("c");
    let calls = traced(&program, &home, &["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]);
    let key = home.join("config/exhibit/key");
    let receipts = calls.iter().filter(|call| **call == Call::Receipt).count();
    assert_eq!(receipts, usize::from(items), "{calls:#?}");
    assert!(key.is_file() && calls.iter().any(|call| matches!(call, Call::Made(path) if path.starts_with(case.join("vault")))));
    let lost = |without: &BTreeSet<usize>| broken(&calls, &case, &key, without);
    assert!(lost(&BTreeSet::new()).is_empty(), "{:#?}", lost(&BTreeSet::new()));

    // After the last receipt nothing is promised any more.
    let last = calls.iter().rposition(|call| *call == Call::Receipt).unwrap();
    let is_staged = |path: &Path| path.strip_prefix(case.join("staging")).is_ok_and(|inside| inside.components().count() == 2);
    let mut disk = Disk::default();
    let mut syncs: Vec<(usize, &PathBuf)> = Vec::new();
    for (nth, call) in calls.iter().enumerate().take(last) {
        match call {
            // An empty file has nothing to lose but its name; and the whole disk may have been synced since for another commit.
            Call::Synced(path) if is_staged(path) && !disk.unsynced(path) => {}
            Call::Synced(path) | Call::SyncedWhole(path) => syncs.push((nth, path)),
            _ => {}
        }
        disk.take(call);
    }
    let (mut needed, mut covered, mut needless) = (0, 0, Vec::new());
    for (nth, path) in &syncs {
        // Where a later sync of the same file or directory, or of the whole disk, does it again before anything is promised, both are left
        // out, and so on.
        let mut without = BTreeSet::new();
        let again = |at: usize, of: &PathBuf| at >= *nth && (of == *path || matches!(calls[at], Call::SyncedWhole(_)));
        let noticed = syncs.iter().filter(|(at, of)| again(*at, of)).any(|(at, _)| {
            without.insert(*at);
            !lost(&without).is_empty()
        });
        match (noticed, without.len()) {
            (true, 1) => needed += 1,
            (true, _) => covered += 1,
            (false, _) => needless.push(path.strip_prefix(&home).unwrap_or(path).display().to_string()),
        }
    }
    println!("{needed} syncs are needed, {covered} are done again by a later one before anything is promised");
    for (path, most, _) in MORE {
        let before = needless.len();
        needless.retain(|one| one != path);
        let times = before - needless.len();
        assert!(times <= *most, "{path} is left out unnoticed {times} times, for which there is no reason: {calls:#?}");
    }
    assert!(needless.is_empty(), "left out unnoticed: {needless:#?}");
    assert!(needed >= least, "{needed}");
    calls
}

/// Syncs that this run could do without, how many, and why they are there.
const MORE: &[(&str, usize, &str)] = &[
    ("c/staging", 1, "what a killed run had received is adopted by the next; nothing is promised of it"),
    ("c/case.sqlite-journal", 2, "SQLite's own, while it makes the tables, before there is an entry"),
    ("c", 1, "SQLite's own: each connection syncs the name of the write-ahead log at its first write"),
];
