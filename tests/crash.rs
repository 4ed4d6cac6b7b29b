//! Killed at any moment: nothing acknowledged is lost, the case opens by itself, the rerun completes.

mod support;

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use support::{Program, Server, png};

const FILES: usize = 200;

fn list(server: &Server) -> String {
    (0..FILES).map(|nth| format!("{}\n", server.url(&format!("/{nth}.png")))).collect()
}

fn serve(server: &Server) {
    for nth in 0..FILES {
        let mut bytes = png(nth as u8);
        // Some small, some large enough to be cut in the middle.
        bytes.extend(vec![nth as u8; (nth % 7) * 20_000]);
        server.serve(&format!("/{nth}.png"), "image/png", bytes);
    }
}

fn archive(program: &Program, case: &str) -> Command {
    let mut command = program.command();
    command.args(["archive", "--case", case, "list.txt", "--allow-host", "127.0.0.1"]);
    command
}

#[test]
fn a_killed_ingest_loses_nothing_acknowledged_and_the_rerun_completes() {
    let (program, server) = (Program::new(), Server::start());
    serve(&server);
    program.file("list.txt", list(&server));
    // One run to its end tells how long there is to be killed in.
    let started = Instant::now();
    archive(&program, "whole").output().unwrap();
    let whole = started.elapsed();
    let rounds: u32 = std::env::var("EXHIBIT_TEST_KILLS").ok().and_then(|text| text.parse().ok()).unwrap_or(100);
    let (mut seed, mut acknowledged_in_all) = (0x1234_5678_9abc_def1u64, 0);
    for round in 0..rounds {
        let case = format!("case-{round}");
        let mut child = archive(&program, &case).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let moment = whole.mul_f64((seed >> 11) as f64 / (1u64 << 53) as f64);
        let errors = child.stderr.take().unwrap();
        // A line on standard error is the receipt: what it names is acknowledged.
        let receipts = std::thread::spawn(move || {
            let lines = BufReader::new(errors).lines().map_while(Result::ok);
            lines
                .filter(|line| line.starts_with("ok "))
                .map(|line| line.split_whitespace().nth(1).unwrap().to_owned())
                .collect::<Vec<_>>()
        });
        std::thread::sleep(moment);
        child.kill().unwrap();
        child.wait().unwrap();
        let acknowledged = receipts.join().unwrap();
        acknowledged_in_all += acknowledged.len();
        if !program.path(&case).join("case.sqlite").exists() {
            assert!(acknowledged.is_empty());
            continue;
        }
        // Killed while the case was being made: there is no entry yet, and nothing in it to lose.
        if exhibit::vault::Reader::open(&program.path(&case)).and_then(|reader| reader.size()).unwrap_or(0) == 0 {
            assert!(acknowledged.is_empty());
            continue;
        }
        program.run(&["--case", &case, "verify"]).code(0);
        let held = program.run(&["--case", &case, "list", "--json"]).code(0).json();
        let urls: Vec<&str> = held.as_array().unwrap().iter().map(|exhibit| exhibit["url"].as_str().unwrap()).collect();
        for url in &acknowledged {
            assert!(urls.contains(&url.as_str()), "round {round}: {url} was acknowledged and is not there");
        }
        let asked_before: Vec<usize> = urls
            .iter()
            .map(|url| server.count(url.rsplit_once('/').map(|(_, path)| path).map(|path| format!("/{path}")).unwrap().as_str()))
            .collect();
        let rerun = support::Ran::of(archive(&program, &case).output().unwrap()).code(0);
        assert!(rerun.out.contains(&format!("{FILES} references")), "{}", rerun.out);
        let asked_after: Vec<usize> =
            urls.iter().map(|url| server.count(&format!("/{}", url.rsplit_once('/').unwrap().1))).collect();
        assert_eq!(asked_before, asked_after, "round {round}: what was acknowledged is not fetched again");
        let complete = program.run(&["--case", &case, "list", "--json"]).code(0).json();
        assert_eq!(complete.as_array().unwrap().len(), FILES, "round {round}");
        program.run(&["--case", &case, "verify"]).code(0);
        assert!(!program.path(&case).join("staging").read_dir().unwrap().any(|_| true), "nothing is left in staging");
    }
    assert!(rounds < 10 || acknowledged_in_all > 0, "no kill came late enough to test anything");
}

/// What a killed run had brought is not recorded yet; what lies in its place and is something else is somebody's.
#[test]
fn what_a_killed_run_left_is_told_from_what_was_laid_there() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    let bytes = png(1);
    let digest = exhibit::evidence::Digest::of(&bytes);
    program.file(&format!("c/staging/0011223344556677-1/{digest}-0"), &bytes);
    let place = exhibit::vault::Layout::new(program.path("c")).object(&digest);
    std::fs::create_dir_all(place.parent().unwrap()).unwrap();
    std::fs::write(&place, &bytes).unwrap();
    let told = program.run(&["--case", "c", "verify"]).code(0);
    assert!(told.out.contains("is not recorded yet"), "{}", told.out);
    std::fs::write(&place, &bytes[1..]).unwrap();
    let told = program.run(&["--case", "c", "verify"]).code(3);
    assert!(told.out.contains("object-extra") && !told.out.contains("is not recorded yet"), "{}", told.out);
    // The next run keeps what the dead one had received.
    program.run(&["--case", "c", "add", support::example().join("media/rubble.png").to_str().unwrap()]).code(0);
    program.run(&["--case", "c", "verify"]).code(0);
    assert_eq!(std::fs::read(&place).unwrap(), bytes);
    assert!(!program.path("c/staging").read_dir().unwrap().any(|_| true), "nothing is left in staging");
}

/// Where a disk has no hard links, a staged name without bytes says that they are in the vault already; but a body can be
/// empty, too.
#[test]
fn a_mark_without_bytes_is_told_from_an_empty_body() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    let (whole, other, empty) = (png(1), png(2), Vec::new());
    let digests = [&whole, &other, &empty].map(|bytes| exhibit::evidence::Digest::of(bytes));
    for digest in digests {
        program.file(&format!("c/staging/0011223344556677-1/{digest}-0"), "");
    }
    let layout = exhibit::vault::Layout::new(program.path("c"));
    let places = digests.map(|digest| layout.object(&digest));
    // Of the second nothing but its mark was left.
    std::fs::create_dir_all(places[0].parent().unwrap()).unwrap();
    std::fs::write(&places[0], &whole).unwrap();
    program.run(&["--case", "c", "add", support::example().join("media/rubble.png").to_str().unwrap()]).code(0);
    let reader = exhibit::vault::Reader::open(&program.path("c")).unwrap();
    let known = digests.map(|digest| reader.object(&digest).unwrap().is_some());
    assert_eq!(known, [true, false, true]);
    assert_eq!((std::fs::read(&places[0]).unwrap(), std::fs::read(&places[2]).unwrap()), (whole, empty));
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn an_interrupt_stops_cleanly_and_can_be_resumed() {
    let (program, server) = (Program::new(), Server::start());
    for nth in 0..40 {
        let path = format!("/{nth}.png");
        server.on(&path, move |connection, _| {
            std::thread::sleep(Duration::from_millis(100));
            support::respond(connection, "200 OK", "image/png", &png(nth));
        });
    }
    program.file("list.txt", (0..40).map(|nth| format!("{}\n", server.url(&format!("/{nth}.png")))).collect::<String>());
    let child = archive(&program, "c").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(300));
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let stopped = support::Ran::of(child.wait_with_output().unwrap()).code(1);
    assert!(stopped.err.contains("run the same command again to go on"), "{}", stopped.err);
    program.run(&["--case", "c", "verify"]).code(0);
    support::Ran::of(archive(&program, "c").output().unwrap()).code(0);
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).json().as_array().unwrap().len(), 40);
    assert_eq!(server.asked.lock().unwrap().len(), 40, "nothing was fetched twice");
}

/// A program that does not let go of a case is waited for as long as was said, and no longer.
#[test]
fn a_case_that_stays_in_use_is_told_after_the_time_that_was_set() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    program.file("report.txt", "One video shows a street near Idlib.\n");
    let lock = std::fs::File::open(program.path("c/case.lock")).unwrap();
    lock.lock().unwrap();
    let mut command = program.command();
    command.args(["archive", "--case", "c", "report.txt"]);
    let begun = std::time::Instant::now();
    let told = support::Ran::of(command.env("EXHIBIT_LOCK_SECONDS", "1").output().unwrap()).code(1);
    let waited = begun.elapsed().as_secs_f64();
    assert!(told.err.contains("in use by another program, and stayed so for 1 seconds"), "{}", told.err);
    assert!((1.0..30.0).contains(&waited), "{waited}");
    drop(lock);
    support::Ran::of(command.output().unwrap()).code(0);
}

/// `EXHIBIT_TEST_FULL=1`: 8 processes × 500 items.
#[test]
fn many_processes_share_one_case_and_one_history() {
    let (processes, each) = if std::env::var_os("EXHIBIT_TEST_FULL").is_some() { (8, 500) } else { (4, 60) };
    // Overlapping lists, so that the processes meet over the same items.
    let (step, items) = (each / 2, each / 2 * (processes + 1));
    let (program, server) = (Program::new(), Server::start());
    for nth in 0..items {
        let mut bytes = png(nth as u8);
        bytes.extend(format!("number {nth}").into_bytes());
        bytes.extend(vec![nth as u8; nth % 7 * 5_000]);
        server.serve(&format!("/{nth}.png"), "image/png", bytes);
    }
    program.run(&["init", "c"]).code(0);
    let url = |nth: usize| server.url(&format!("/{nth}.png"));
    let children: Vec<_> = (0..processes)
        .map(|nth| {
            let list = format!("list-{nth}.txt");
            program.file(&list, (nth * step..nth * step + each).map(|nth| url(nth) + "\n").collect::<String>());
            program
                .command()
                .args(["archive", "--case", "c", &list, "--allow-host", "127.0.0.1", "-q"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .unwrap()
        })
        .collect();
    // Meanwhile the case is checked and looked at, as long as anybody writes.
    let (mut children, mut looks) = (children.into_iter().map(Some).collect::<Vec<_>>(), 0);
    while children.iter().any(Option::is_some) {
        program.run(&["--case", "c", "verify"]).code(0);
        program.run(&["--case", "c", "list", "--json"]).code(0).json();
        program.run(&["--case", "c", "search", "png", "--json"]).code(0).json();
        looks += 1;
        for slot in &mut children {
            if slot.as_mut().is_some_and(|child| child.try_wait().unwrap().is_some()) {
                // Nobody waits for a lock so long that it is told.
                let ran = support::Ran::of(slot.take().unwrap().wait_with_output().unwrap()).code(0);
                assert!(!ran.err.contains("locked"), "{}", ran.err);
            }
        }
    }
    assert!(looks > 0);
    let held = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let mut urls: Vec<&str> = held.as_array().unwrap().iter().map(|exhibit| exhibit["url"].as_str().unwrap()).collect();
    urls.sort_unstable();
    let mut wanted: Vec<String> = (0..items).map(url).collect();
    wanted.sort_unstable();
    assert_eq!(urls, wanted, "each item once, none lost");
    program.run(&["--case", "c", "verify"]).code(0);
}
