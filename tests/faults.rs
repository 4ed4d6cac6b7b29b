//! Killed at, refused, and cut short in each call that changes the disk: archive, export and verify, with a shim between the
//! program and the C library. Nothing acknowledged is lost, no failure is silent, the case is green straight after, and the
//! rerun completes. `EXHIBIT_TEST_FULL=1`: every call with every fault; else some of them, in turn.

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};

use support::{Program, Ran, Server, contents, png};

const ITEMS: usize = 2;

/// ENOSPC, EIO, EROFS and EMFILE, and a call that does half of what it was asked to.
const FAULTS: &[&str] = &["28", "5", "30", "24", "short"];

fn full() -> bool {
    std::env::var_os("EXHIBIT_TEST_FULL").is_some()
}

/// Runs `one(n)` for the first, second, … call, on both cores, until one says that its call was never made.
fn each(first: usize, step: usize, one: &(dyn Fn(usize) -> bool + Sync)) -> usize {
    let (next, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while one(first + step * next.fetch_add(1, Ordering::SeqCst)) {
                    done.fetch_add(1, Ordering::SeqCst);
                }
            });
        }
    });
    done.into_inner()
}

struct Bench {
    program: Program,
    server: Server,
    shim: PathBuf,
    next: AtomicUsize,
}

impl Bench {
    fn start() -> Bench {
        let (program, server) = (Program::new(), Server::start());
        let mut list = String::new();
        for nth in 0..ITEMS {
            let mut bytes = png(nth as u8);
            bytes.extend(vec![nth as u8; 60_000]);
            server.serve(&format!("/{nth}.png"), "image/png", bytes);
            list += &format!("{}\n", server.url(&format!("/{nth}.png")));
        }
        program.file("list.txt", list);
        // The key is made now: each case is, by the run itself.
        program.run(&["init", "first"]).code(0);
        let shim = program.path("faults.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/faults.c");
        let built =
            Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&shim).arg(source).arg("-ldl").output().unwrap();
        assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
        Bench { program, server, shim, next: AtomicUsize::new(0) }
    }

    /// Runs with a fault, and says whether it happened.
    fn run(&self, fault: &str, calls: Option<&str>, args: &[&str]) -> (Output, bool) {
        let seen = self.program.path(&self.name("seen"));
        let mut command = self.program.command();
        command.args(args).env("LD_PRELOAD", &self.shim).env("FAULT", fault).env("FAULT_SEEN", &seen);
        if let Some(calls) = calls {
            command.env("FAULT_CALLS", calls);
        }
        let output = command.output().unwrap();
        (output, fs::remove_file(seen).is_ok())
    }

    fn name(&self, what: &str) -> String {
        format!("{what}-{}", self.next.fetch_add(1, Ordering::SeqCst))
    }

    fn whole(&self) -> String {
        let case = self.name("whole");
        self.program.run(&["archive", "--case", &case, "list.txt", "--allow-host", "127.0.0.1"]).code(0);
        case
    }

    /// What must hold of a case after a run that ended somehow, and that it can be gone on with.
    fn judge(&self, case: &str, output: &Output, about: &str) {
        let err = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!err.contains("panicked"), "{about}: {err}");
        let acknowledged: Vec<&str> =
            err.lines().filter(|line| line.starts_with("ok ")).filter_map(|line| line.split_whitespace().nth(1)).collect();
        let root = self.program.path(case);
        // A case that was not made yet has nothing to lose.
        let entries = exhibit::vault::Reader::open(&root).and_then(|reader| reader.size()).unwrap_or(0);
        if entries == 0 {
            assert!(acknowledged.is_empty(), "{about}: {err}");
        } else {
            let told = self.program.run(&["--case", case, "verify"]);
            assert_eq!(told.code, Some(0), "{about}: {}{}", told.out, told.err);
            let held = self.program.run(&["--case", case, "list", "--json"]).code(0).json();
            for url in acknowledged {
                let there = held.as_array().unwrap().iter().any(|exhibit| exhibit["url"] == url);
                assert!(there, "{about}: {url} was acknowledged and is not there");
            }
        }
        let rerun = self.program.run(&["archive", "--case", case, "list.txt", "--allow-host", "127.0.0.1"]);
        assert_eq!(rerun.code, Some(0), "{about}, the rerun: {}{}", rerun.out, rerun.err);
        let held = self.program.run(&["--case", case, "list", "--json"]).code(0).json();
        assert_eq!(held.as_array().unwrap().len(), ITEMS, "{about}");
        let told = self.program.run(&["--case", case, "verify"]);
        assert_eq!(told.code, Some(0), "{about}, after the rerun: {}{}", told.out, told.err);
        let left: Vec<_> = root.join("staging").read_dir().unwrap().flatten().map(|file| file.path()).collect();
        assert!(left.is_empty(), "{about}: {left:?}");
        fs::remove_dir_all(root).unwrap();
    }
}

fn killed(output: &Output) -> bool {
    use std::os::unix::process::ExitStatusExt;
    output.status.signal() == Some(9)
}

/// Neither a panic nor an end that nobody was told of.
fn told(output: &Output, about: &str) {
    let (err, code) = (String::from_utf8_lossy(&output.stderr), output.status.code());
    assert!(matches!(code, Some(0 | 1 | 3 | 4)), "{about}: {code:?} {err}");
    assert!(code == Some(0) || !err.trim().is_empty() || !output.stdout.is_empty(), "{about}: failed without a word");
}

/// Row 1 of the promises.
#[test]
fn an_archive_that_is_killed_at_any_call_loses_nothing_acknowledged() {
    let bench = Bench::start();
    let kills = each(1, if full() { 1 } else { 3 }, &|nth| {
        let case = bench.name("c");
        let args = ["archive", "--case", &case, "list.txt", "--allow-host", "127.0.0.1"];
        let (output, happened) = bench.run(&format!("kill:{nth}"), None, &args);
        assert_eq!(killed(&output), happened, "{nth}");
        bench.judge(&case, &output, &format!("killed at call {nth}"));
        happened
    });
    eprintln!("kills survived: {kills}");
    assert!(kills > 100, "{kills}");
    drop(bench.server);
}

/// Row 4: refused once, and for ever.
#[test]
fn an_archive_that_the_disk_refuses_says_so_and_loses_nothing() {
    let bench = Bench::start();
    let (injected, failed) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let all: Vec<String> = FAULTS.iter().flat_map(|fault| ["", "+"].map(|sticky| format!("{fault}:N{sticky}"))).collect();
    each(1, if full() { 1 } else { 5 }, &|nth| {
        let chosen = if full() { &all[..] } else { &all[nth / 5 % all.len()..][..1] };
        let mut any = false;
        for fault in chosen {
            let (case, fault) = (bench.name("c"), fault.replace('N', &nth.to_string()));
            let args = ["archive", "--case", &case, "list.txt", "--allow-host", "127.0.0.1"];
            let (output, happened) = bench.run(&fault, None, &args);
            told(&output, &fault);
            injected.fetch_add(usize::from(happened), Ordering::SeqCst);
            failed.fetch_add(usize::from(!output.status.success()), Ordering::SeqCst);
            bench.judge(&case, &output, &fault);
            any |= happened;
        }
        any
    });
    let (injected, failed) = (injected.into_inner(), failed.into_inner());
    eprintln!("faults injected: {injected}, runs that could not do all of it and said so: {failed}");
    assert!(injected > 60 && failed > 30, "{injected} {failed}");
}

/// Row 4: an error of fsync ends the writing: what it was to make durable is not acknowledged.
#[test]
fn a_failed_sync_stops_the_writing() {
    let bench = Bench::start();
    let (quiet, loud) = (AtomicUsize::new(usize::MAX), AtomicUsize::new(0));
    let synced = each(1, 1, &|nth| {
        let case = bench.name("c");
        let args = ["archive", "--case", &case, "list.txt", "--allow-host", "127.0.0.1"];
        let (output, happened) = bench.run(&format!("5:{nth}+"), Some("fsync"), &args);
        told(&output, &format!("fsync {nth}+"));
        if happened {
            match output.status.success() {
                true => quiet.fetch_min(nth, Ordering::SeqCst),
                false => loud.fetch_max(nth, Ordering::SeqCst),
            };
        }
        bench.judge(&case, &output, &format!("fsync {nth}+"));
        happened
    });
    // After the last receipt nothing is promised: SQLite tidies up, and what it fails at is no loss. How many syncs there
    // are before it differs by what is committed together.
    let (quiet, loud) = (quiet.into_inner(), loud.into_inner());
    eprintln!("syncs: {synced}; the {loud}th is the last that stopped the run");
    assert!(synced > 20 && loud > synced / 2 && quiet > synced / 2, "{synced} {loud} {quiet}");
}

/// Row 1: an export that ends anywhere leaves a whole bag or none.
#[test]
fn an_export_that_is_killed_or_refused_leaves_a_whole_bag_or_none() {
    let bench = Bench::start();
    let case = bench.whole();
    let before = contents(&bench.program.path(&case));
    let judge = |bag: &str, about: &str| {
        let root = bench.program.path(bag);
        if root.exists() {
            let told = bench.program.run(&["verify", bag]);
            assert_eq!(told.code, Some(0), "{about}: {}{}", told.out, told.err);
            fs::remove_dir_all(root).unwrap();
        }
        let again = bench.program.run(&["--case", &case, "export", "--all", "--to", bag]);
        assert_eq!(again.code, Some(0), "{about}, the rerun: {}{}", again.out, again.err);
        assert_eq!(bench.program.run(&["verify", bag]).code, Some(0), "{about}");
        fs::remove_dir_all(bench.program.path(bag)).unwrap();
    };
    let kills = each(1, if full() { 1 } else { 7 }, &|nth| {
        let bag = bench.name("bag");
        let args = ["--case", case.as_str(), "export", "--all", "--to", bag.as_str()];
        let (_, happened) = bench.run(&format!("kill:{nth}"), None, &args);
        judge(&bag, &format!("export killed at call {nth}"));
        let chosen = if full() { FAULTS } else { &FAULTS[nth / 7 % FAULTS.len()..][..1] };
        for fault in chosen {
            let fault = format!("{fault}:{nth}+");
            let (output, _) = bench.run(&fault, None, &args);
            told(&output, &fault);
            judge(&bag, &format!("export with {fault}"));
        }
        happened
    });
    eprintln!("kills of an export survived: {kills}");
    assert!(kills > 10, "{kills}");
    let after = contents(&bench.program.path(&case));
    let changed: Vec<_> = before.iter().filter(|(path, bytes)| after.get(*path) != Some(bytes)).map(|(path, _)| path).collect();
    assert!(changed.is_empty(), "an export reads only: {changed:?}");
}

/// An erasure that the log says is one whose bytes and words are gone, wherever it was stopped, once anybody writes again; one that
/// the log does not say has taken nothing.
#[test]
fn an_erasure_that_is_stopped_at_any_call_is_finished_by_the_next_that_writes() {
    let bench = Bench::start();
    let program = &bench.program;
    let mut bytes = png(1);
    bytes.extend_from_slice(b"CANARY-in-the-bytes");
    program.file("CANARY-in-the-name.png", &bytes);
    program.run(&["init", "e"]).code(0);
    program.run(&["--case", "e", "add", "CANARY-in-the-name.png"]).code(0);
    let order = ["--reason", "order", "--authority", "Court", "--by", "A", "--second", "B"];
    let hits = |case: &str| {
        let files = contents(&program.path(case));
        // The search index has its words in small letters.
        files.values().filter(|file| file.windows(6).any(|part| part.eq_ignore_ascii_case(b"CANARY"))).count()
    };
    let judge = |case: &str, about: &str| {
        // Whoever opens the case to write; nothing else is asked of it.
        program.run(&["--case", case, "handle", "E1", "--graphic", "none", "--note", "x"]).code(0);
        let purged = !exhibit::vault::Reader::open(&program.path(case)).unwrap().purged().unwrap().is_empty();
        assert_eq!(hits(case) == 0, purged, "{about}");
        let told = program.run(&["--case", case, "verify", "--json"]).json();
        let codes: Vec<&str> = told["findings"].as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap()).collect();
        assert_eq!(codes, if purged { vec!["object-erased"] } else { vec![] }, "{about}: {told:#}");
        assert!(!program.path(case).join("erasing").exists(), "{about}");
        if !purged {
            program.run(&[&["--case", case, "purge", "E1"], &order[..]].concat()).code(0);
            assert_eq!(hits(case), 0, "{about}, the rerun");
        }
        fs::remove_dir_all(program.path(case)).unwrap();
        purged
    };
    let (begun, finished) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let stopped = each(1, if full() { 1 } else { 5 }, &|nth| {
        let chosen = if full() { FAULTS } else { &FAULTS[nth / 5 % FAULTS.len()..][..1] };
        // Once, and for ever.
        let refused = chosen.iter().flat_map(|fault| ["", "+"].map(|sticky| format!("{fault}:{nth}{sticky}")));
        let faults = std::iter::once(format!("kill:{nth}")).chain(refused);
        let mut any = false;
        for fault in faults {
            let case = bench.name("erased");
            support::copy_dir(&program.path("e"), &program.path(&case));
            let (output, happened) = bench.run(&fault, None, &[&["--case", &case, "purge", "E1"], &order[..]].concat());
            assert!(!String::from_utf8_lossy(&output.stderr).contains("panicked"), "{fault}");
            let count = if judge(&case, &format!("an erasure with {fault}")) { &finished } else { &begun };
            count.fetch_add(usize::from(happened), Ordering::SeqCst);
            any |= happened;
        }
        any
    });
    eprintln!("erasures stopped: {stopped}; before the log said so: {}", begun.into_inner());
    assert!(stopped > 5 && finished.into_inner() > 5, "{stopped}");
}

/// A catalogue that could not be made anew, wherever that was stopped, is as it was, and nothing is left beside it by the next.
#[test]
fn a_rebuild_that_is_stopped_at_any_call_leaves_the_catalogue_as_it_was() {
    let bench = Bench::start();
    let case = bench.whole();
    let root = bench.program.path(&case);
    let dump = || exhibit::vault::Reader::open(&root).unwrap().dump().unwrap();
    let names = || root.read_dir().unwrap().map(|file| file.unwrap().file_name()).collect::<std::collections::BTreeSet<_>>();
    let (before, own) = (dump(), names());
    let (mut nth, mut stopped) = (1, 0);
    loop {
        let fault = if nth % 2 == 0 { format!("kill:{nth}") } else { format!("{}:{nth}+", FAULTS[nth % FAULTS.len()]) };
        let (output, happened) = bench.run(&fault, None, &["--case", &case, "rebuild"]);
        if !happened {
            break;
        }
        stopped += usize::from(!output.status.success());
        assert_eq!(dump(), before, "{fault}");
        assert_eq!(bench.program.run(&["--case", &case, "verify"]).code, Some(0), "{fault}");
        nth += if full() { 1 } else { 4 };
    }
    bench.program.run(&["--case", &case, "rebuild"]).code(0);
    assert_eq!((dump(), names()), (before, own));
    eprintln!("rebuilds stopped: {stopped}");
    assert!(stopped > 5, "{stopped}");
}

/// Row 1: a check that ends anywhere has changed nothing; what it could not read it does not call good.
#[test]
fn a_check_that_is_killed_changes_nothing_and_what_it_cannot_read_is_not_green() {
    let bench = Bench::start();
    let case = bench.whole();
    let root = bench.program.path(&case);
    let before = contents(&root);
    let same = |about: &str| {
        // SQLite's own list of readers, and its journal with nothing in it, may stay behind of a killed reader.
        let mut after = contents(&root);
        after.retain(|path, bytes| !(path.ends_with("case.sqlite-shm") || path.ends_with("case.sqlite-wal") && bytes.is_empty()));
        let names: Vec<_> = after.keys().filter(|path| before.get(*path) != after.get(*path)).collect();
        assert!(after == before, "{about} changed the case: {names:?}");
    };
    let kills = each(1, 1, &|nth| bench.run(&format!("kill:{nth}"), None, &["--case", &case, "verify"]).1);
    assert!(kills > 10, "{kills}");
    same("a check that was killed");
    let own = |path: &&Path| path.starts_with("vault") || path.starts_with("log") || path.ends_with("case.sqlite");
    let mut unreadable = 0;
    for path in before.keys().map(|path| path.strip_prefix(&root).unwrap_or(path)).filter(own) {
        let (whole, own) = (root.join(path), bench.program.command());
        for calls in ["openat", "read,pread64"] {
            let mut command = Command::new("strace");
            command.args(["-f", "-qq", "-o", "/dev/null", "-P"]).arg(&whole);
            command.args(["-e", &format!("trace={calls}"), "-e", &format!("inject={calls}:error=EIO")]);
            command.arg(own.get_program()).args(["--case", root.to_str().unwrap(), "verify"]).current_dir(bench.program.path(""));
            command.envs(own.get_envs().filter_map(|(name, value)| Some((name, value?))));
            let told = Ran::of(command.output().expect("tests/run installs strace"));
            assert!(matches!(told.code, Some(1 | 3)), "{} {calls}: {:?} {}{}", path.display(), told.code, told.out, told.err);
            assert!(!told.err.contains("panicked") && !told.out.starts_with("green"), "{}{}", told.out, told.err);
            unreadable += 1;
        }
    }
    eprintln!("kills of a check: {kills}; unreadable: {unreadable}, none green");
    assert!(unreadable > 8);
    same("a check that could not read");
    assert_eq!(bench.program.run(&["--case", &case, "verify"]).code, Some(0));
}
