//! Bad input: a clear line, the right exit code, nothing lost, and the rest of the run goes on.

mod support;

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use serde_json::Value;
use support::{Program, Server, png, respond};

fn write(connection: &mut TcpStream, bytes: &[u8]) {
    let _ = connection.write_all(bytes);
}

/// Archives a list of addresses with short limits and gives the captures by path.
fn captured(program: &Program, server: &Server, paths: &[&str], code: i32) -> Vec<Value> {
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    let short = settings
        .replace("max_bytes = 17179869184", "max_bytes = 200000")
        .replace("idle_seconds = 30", "idle_seconds = 1")
        .replace("total_seconds = 3600", "total_seconds = 4");
    program.file("c/exhibit.toml", short);
    program.file("list.txt", paths.iter().map(|path| format!("{}\n", server.url(path))).collect::<String>());
    let told = program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1", "--json"]).code(code).json();
    program.run(&["--case", "c", "verify"]).code(0);
    told[0]["lines"].as_array().unwrap().iter().map(|line| line["capture"].clone()).collect()
}

fn class(capture: &Value) -> (&str, &str) {
    (capture["outcome"].as_str().unwrap(), capture["completeness"].as_str().unwrap())
}

#[test]
fn reports_that_are_not_there_or_not_reports() {
    let program = Program::new();
    program.file("empty.html", "");
    program.file("blank.txt", " \n\n");
    program.file("picture.html", png(1));
    std::fs::create_dir(program.path("folder")).unwrap();
    program.file("good.txt", "One video shows a street near Idlib.\n");
    let cases = [
        ("missing.html", "There is no file missing.html"),
        ("folder", "folder is a directory, not a file"),
        ("empty.html", "The report empty.html is empty"),
        ("blank.txt", "The report blank.txt is empty"),
        ("picture.html", "The report picture.html is not a text that exhibit reads: its bytes are image/png"),
        ("http://127.0.0.1:1/x", "not a public address (loopback)"),
    ];
    for (report, line) in cases {
        // One bad report does not stop the good one.
        let ran = program.run(&["archive", "--case", "c", report, "good.txt"]).code(1);
        assert!(ran.err.contains(line), "{report}: {}", ran.err);
        assert!(ran.out.contains("R1"), "{report}: {}", ran.out);
        let refs = program.run(&["refs", report, "--json"]).code(1);
        assert_eq!(refs.json(), serde_json::json!([]), "{report}");
    }
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn a_fifty_megabyte_page_ends_in_time() {
    let program = Program::new();
    let paragraph = "<p>One video shows a street near Idlib on 4 October 2015.</p><div class=a><img src=\"a.jpg\">";
    program.file("large.html", paragraph.repeat((50 << 20) / paragraph.len()));
    let started = std::time::Instant::now();
    let ran = program.run(&["refs", "large.html", "--json"]).code(0);
    assert!(ran.out.contains("near Idlib"));
    assert!(started.elapsed() < Duration::from_secs(if cfg!(debug_assertions) { 120 } else { 10 }), "{:?}", started.elapsed());
    program.file("too-large.html", vec![b'a'; 65 << 20]);
    let ran = program.run(&["refs", "too-large.html"]).code(1);
    assert!(ran.err.contains("larger than 64 MiB"), "{}", ran.err);
}

#[test]
fn broken_utf8_and_other_encodings_are_read() {
    let program = Program::new();
    let arabic = "يظهر مقطع فيديو نشره الدفاع المدني قصف قرية جنوب غرب إدلب بحسب شهود عيان";
    let (windows, ..) = encoding_rs::WINDOWS_1256.encode(arabic);
    program.file("windows.txt", windows);
    let told = program.run(&["refs", "windows.txt", "--json"]).code(0).json();
    assert_eq!(told[0]["report"]["encoding"], "windows-1256");
    assert_eq!(told[0]["references"][0]["quote"]["exact"], arabic);
    program.file("broken.txt", b"One video shows \xff\xfe a street near Idlib.");
    let told = program.run(&["refs", "broken.txt", "--json"]).code(0).json();
    assert_eq!(told[0]["references"].as_array().unwrap().len(), 1);
}

#[test]
fn answers_that_are_no_footage_are_recorded_as_what_they_are() {
    let (program, server) = (Program::new(), Server::start());
    for status in
        ["410 Gone", "500 Internal Server Error", "403 Forbidden", "401 Unauthorized", "451 Unavailable For Legal Reasons"]
    {
        server.on(&format!("/{}.mp4", &status[..3]), move |connection, _| {
            respond(connection, status, "text/html", b"<html>no</html>")
        });
    }
    server.serve("/page.mp4", "video/mp4", "<!DOCTYPE html><html><body>Video unavailable</body></html>");
    server.serve("/empty.mp4", "video/mp4", "");
    server.serve("/other.jpg", "image/jpeg", png(9));
    let paths = ["/404.mp4", "/410.mp4", "/500.mp4", "/403.mp4", "/401.mp4", "/451.mp4", "/page.mp4", "/empty.mp4", "/other.jpg"];
    let captures = captured(&program, &server, &paths, 4);
    let outcomes: Vec<&str> = captures.iter().map(|capture| class(capture).0).collect();
    assert_eq!(outcomes, ["gone", "gone", "error", "blocked", "login-wall", "blocked", "placeholder", "error", "ok"]);
    assert!(captures[8]["because"].as_str().unwrap().contains("declared as image/jpeg, and it is image/png"));
    // The evidence for a failure is kept, and is no exhibit.
    assert!(captures[0]["sha256"].is_string());
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn no_partial_body_is_called_complete() {
    let (program, server) = (Program::new(), Server::start());
    let head = |length: &str| format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n{length}\r\n");
    let body = png(5);
    let part = body[..40].to_vec();
    let short = [head(&format!("Content-Length: {}\r\n", body.len())).into_bytes(), part.clone()].concat();
    server.on("/short.png", move |connection, _| write(connection, &short));
    let unmarked = [head("").into_bytes(), body.clone()].concat();
    server.on("/unmarked.png", move |connection, _| write(connection, &unmarked));
    let chunked = [
        head("Transfer-Encoding: chunked\r\n").into_bytes(),
        format!("{:x}\r\n", body.len()).into_bytes(),
        body.clone(),
        b"\r\n".to_vec(),
    ]
    .concat();
    let whole = [chunked.clone(), b"0\r\n\r\n".to_vec()].concat();
    server.on("/chunk-cut.png", move |connection, _| write(connection, &chunked));
    server.on("/chunk-whole.png", move |connection, _| write(connection, &whole));
    server.serve("/cut-file.png", "image/png", part.clone());
    server.on("/endless.png", |connection, _| {
        write(connection, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\n");
        while connection.write_all(&[7; 65536]).is_ok() {}
    });
    server.on("/drip.png", |connection, _| {
        write(connection, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n");
        while connection.write_all(&[7]).is_ok() {
            std::thread::sleep(Duration::from_millis(200));
        }
    });
    server.on("/stall.png", move |connection, _| {
        write(connection, b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000\r\n\r\n1234");
        std::thread::sleep(Duration::from_secs(6));
    });
    server.on("/garbage.png", |connection, _| write(connection, b"hello, this is not HTTP\r\n\r\n"));
    server.on("/silent.png", |_, _| std::thread::sleep(Duration::from_secs(6)));
    server.on("/part.png", move |connection, _| respond(connection, "206 Partial Content", "image/png", &png(6)));
    let gzip = body.clone();
    server.on("/huge-length.png", move |connection, _| {
        write(connection, format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", u64::MAX).as_bytes());
        write(connection, &gzip);
    });
    let paths = [
        "/short.png",
        "/unmarked.png",
        "/chunk-cut.png",
        "/chunk-whole.png",
        "/cut-file.png",
        "/endless.png",
        "/drip.png",
        "/stall.png",
        "/garbage.png",
        "/silent.png",
        "/part.png",
        "/huge-length.png",
    ];
    let captures = captured(&program, &server, &paths, 4);
    let classes: Vec<(&str, (&str, &str))> = paths.iter().copied().zip(captures.iter().map(class)).collect();
    let expected = [
        ("ok", "truncated"),
        ("ok", "unverifiable"),
        ("ok", "truncated"),
        ("ok", "complete"),
        ("ok", "truncated"),
        ("ok", "truncated"),
        ("ok", "truncated"),
        ("ok", "truncated"),
        ("error", "unverifiable"),
        ("timeout", "unverifiable"),
        ("ok", "partial"),
    ];
    for ((path, class), expected) in classes.iter().zip(expected) {
        assert_eq!(
            *class,
            expected,
            "{path}: {:?}",
            captures.iter().map(|capture| capture["because"].clone()).collect::<Vec<_>>()
        );
    }
    assert_ne!(classes[11].1.1, "complete", "{classes:?}");
    assert_eq!(captures[5]["received"], 200_000, "an endless body stops at the limit");
}

#[test]
fn odd_codings_ranges_and_words_in_place_of_footage_are_not_called_complete() {
    let (program, server) = (Program::new(), Server::start());
    let answer = |head: &str, body: Vec<u8>| {
        let bytes = [format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n{head}\r\n").into_bytes(), body].concat();
        move |connection: &mut TcpStream, _: &str| write(connection, &bytes)
    };
    let body = png(7);
    server.on("/identity.png", answer("Transfer-Encoding: identity\r\n", body.clone()));
    server.on("/gzip-transfer.png", answer("Transfer-Encoding: gzip\r\n", body.clone()));
    server.on("/identity-short.png", answer("Transfer-Encoding: identity\r\nContent-Length: 1000\r\n", body.clone()));
    server.on("/coded.png", answer(&format!("Content-Encoding: gzip\r\nContent-Length: {}\r\n", body.len()), body.clone()));
    server.on("/range.png", answer(&format!("Content-Range: bytes 0-9/999\r\nContent-Length: {}\r\n", body.len()), body.clone()));
    server.serve("/words.mp4", "video/mp4", "Sorry, this video is unavailable.");
    server.serve("/json.mp4", "application/json", "{\"error\":\"video unavailable\"}");
    let paths =
        ["/identity.png", "/gzip-transfer.png", "/identity-short.png", "/coded.png", "/range.png", "/words.mp4", "/json.mp4"];
    let captures = captured(&program, &server, &paths, 4);
    for (path, capture) in paths.iter().zip(&captures) {
        let (outcome, completeness) = class(capture);
        assert!(
            completeness != "complete" || outcome == "placeholder",
            "{path}: {outcome} {completeness} {}",
            capture["because"]
        );
    }
    assert_eq!((class(&captures[5]).0, class(&captures[6]).0), ("placeholder", "placeholder"));
    assert_eq!(class(&captures[4]).1, "partial");
}

#[test]
fn pages_made_to_be_slow_end_in_time() {
    let program = Program::new();
    let links: String = (0..20_000).map(|nth| format!("<a href='https://x.example/{nth}.mp4'>clip {nth}</a>. ")).collect();
    program.file("links.html", format!("<p>{links}</p>"));
    program.file("urls.txt", (0..20_000).map(|nth| format!("https://x.example/{nth}.mp4\n")).collect::<String>());
    program.file("letters.txt", "a".repeat(3 << 20) + " One video shows a street near Idlib.");
    program.file("dots.txt", "a.".repeat(1 << 20));
    program.file("figures.html", format!("<figure>{}</figure>", "<img src=a.jpg><figcaption>x</figcaption>".repeat(20_000)));
    program.file(
        "cells.csv",
        format!("id,links\n1,\"{}\"\n", (0..10_000).map(|nth| format!("https://x.example/{nth}.mp4 ")).collect::<String>()),
    );
    program.file("column.csv", format!("{},url\nx,https://x.example/a.mp4\n", "n".repeat(70_000)));
    for name in ["links.html", "urls.txt", "letters.txt", "dots.txt", "figures.html", "cells.csv", "column.csv"] {
        let started = std::time::Instant::now();
        program.run(&["refs", name, "--json"]).code(0);
        assert!(started.elapsed() < Duration::from_secs(20), "{name}: {:?}", started.elapsed());
    }
    program.run(&["archive", "--case", "c", "column.csv", "--no-fetch"]).code(0);
}

#[test]
fn redirects_go_nowhere_that_was_not_permitted() {
    let (program, server) = (Program::new(), Server::start());
    let redirect = |to: String| {
        move |connection: &mut TcpStream, _: &str| {
            write(connection, format!("HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").as_bytes())
        }
    };
    server.on("/loop.png", redirect("/loop2.png".into()));
    server.on("/loop2.png", redirect("/loop.png".into()));
    let port = server.address.port();
    server.on("/to-loopback.png", redirect(format!("http://127.0.0.2:{port}/secret.png")));
    server.on("/to-name.png", redirect(format!("http://localhost:{port}/secret.png")));
    server.on("/to-decimal.png", redirect(format!("http://2130706434:{port}/secret.png")));
    server.on("/to-mapped.png", redirect(format!("http://[::ffff:127.0.0.2]:{port}/secret.png")));
    server.on("/to-file.png", redirect("file:///etc/passwd".into()));
    server.on("/to-other.png", redirect("gopher://127.0.0.1/".into()));
    for nth in 0..12 {
        server.on(&format!("/chain{nth}.png"), redirect(format!("/chain{}.png", nth + 1)));
    }
    let paths =
        ["/loop.png", "/to-loopback.png", "/to-decimal.png", "/to-mapped.png", "/to-file.png", "/to-other.png", "/chain0.png"];
    let captures = captured(&program, &server, &paths, 4);
    let outcomes: Vec<&str> = captures.iter().map(|capture| class(capture).0).collect();
    assert_eq!(
        outcomes,
        [
            "error",
            "refused-by-policy",
            "refused-by-policy",
            "refused-by-policy",
            "refused-by-policy",
            "refused-by-policy",
            "error"
        ]
    );
    assert_eq!(server.count("/secret.png"), 0, "nobody connected");
    assert!(captures[0]["because"].as_str().unwrap().contains("circle"));
}

#[test]
fn a_report_reads_nothing_outside_its_own_folder() {
    let program = Program::new();
    program.file("secret.png", png(1));
    program.file("site/inside.png", png(2));
    std::os::unix::fs::symlink(program.path("secret.png"), program.path("site/link.png")).unwrap();
    let absolute = program.path("secret.png").display().to_string();
    let links = [
        "../secret.png",
        &absolute,
        &format!("file://{absolute}"),
        "link.png",
        "%2e%2e/secret.png",
        "x/../../secret.png",
        "inside.png",
    ];
    program.file("site/report.html", links.map(|link| format!("<img src=\"{link}\">")).concat());
    let told = program.run(&["archive", "--case", "c", "site/report.html", "--json"]).code(4).json();
    let standing: Vec<&str> =
        told[0]["lines"].as_array().unwrap().iter().map(|line| line["standing"].as_str().unwrap()).collect();
    assert_eq!(standing.iter().filter(|standing| **standing == "captured").count(), 1, "{standing:?}");
    let listed = program.run(&["--case", "c", "list", "--json"]).json();
    assert_eq!(listed.as_array().unwrap().len(), 1);
    assert_eq!(listed[0]["url"], "inside.png");
}

#[test]
fn terminal_escapes_and_turned_text_do_not_reach_the_terminal() {
    let program = Program::new();
    program.file("report.html", "<title>a\u{1b}[31mb\u{202e}c</title><p>One video shows \u{1b}]0;x\u{7} a \u{202e}street near Idlib.</p><img src='a\u{1b}[2J.jpg'>");
    let ran = program.run(&["archive", "--case", "c", "report.html"]).code(4);
    let refs = program.run(&["refs", "report.html"]).code(0);
    let list = program.run(&["--case", "c", "show", "R1"]).code(0);
    for text in [&ran.out, &ran.err, &refs.out, &list.out] {
        assert!(!text.contains(['\u{1b}', '\u{202e}', '\u{7}']), "{text:?}");
    }
}

#[test]
fn cases_that_cannot_be_used_say_why() {
    let program = Program::new();
    program.file("good.txt", "One video shows a street near Idlib.\n");
    program.run(&["archive", "--case", "c", "good.txt"]).code(0);
    let says = |args: &[&str], code: i32, line: &str| {
        let ran = program.run(args).code(code);
        assert!(ran.err.contains(line), "{args:?}: {}", ran.err);
    };
    says(&["--case", "nowhere", "list"], 1, "There is no directory nowhere");
    says(&["list"], 1, "This directory is not in a case");
    says(&["init", "c"], 1, "is a case already");
    says(&["--case", "c", "show", "E99"], 1, "There is no E99");
    says(&["--case", "c", "show", "nonsense"], 1, "\"nonsense\" is not an id");
    program.run(&["init", "empty"]).code(0);
    says(&["--case", "empty", "export", "--all", "--to", "bag"], 1, "nothing to export");
    says(&["--case", "c", "list", "--after", "R1"], 2, "R1");
    says(&["--case", "c", "archive", "good.txt", "--allow-host", "a b"], 2, "is not a host name");
    std::fs::create_dir(program.path("full")).unwrap();
    program.file("full/notes.txt", "x");
    says(&["init", "full"], 1, "is not empty");
    program.file("c/exhibit.toml", "[capture]\nconcurency = 1\n");
    says(&["--case", "c", "archive", "good.txt"], 1, "concurency");
    std::fs::remove_file(program.path("c/exhibit.toml")).unwrap();

    let raise = |version: i64| {
        rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap().pragma_update(None, "user_version", version).unwrap()
    };
    raise(99);
    says(&["--case", "c", "list"], 1, "This case has format 99");
    says(&["--case", "c", "archive", "good.txt"], 1, "open it with a newer exhibit");
    raise(1);
    program.run(&["--case", "c", "verify"]).code(0);

    let key = program.path("config/exhibit/key");
    std::fs::set_permissions(&key, std::fs::Permissions::from_mode(0o644)).unwrap();
    says(&["--case", "c", "archive", "good.txt"], 1, "can be read by other users");
    std::fs::rename(&key, program.path("hidden")).unwrap();
    says(&["--case", "c", "archive", "good.txt"], 1, "There is no signing key");
}

#[test]
fn a_locked_case_waits_and_then_says_so() {
    let program = Program::new();
    program.file("good.txt", "One video shows a street near Idlib.\n");
    program.run(&["archive", "--case", "c", "good.txt"]).code(0);
    let before = program.run(&["--case", "c", "log"]).out;
    let db = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    db.execute_batch("BEGIN IMMEDIATE").unwrap();
    program.file("other.txt", "Another video shows a street near Homs.\n");
    let mut command = program.command();
    command.env("EXHIBIT_LOCK_SECONDS", "1").args(["archive", "--case", "c", "other.txt"]);
    let ran = support::Ran::of(command.output().unwrap()).code(1);
    assert!(ran.err.contains("in use by another program"), "{}", ran.err);
    assert_eq!(program.run(&["--case", "c", "log"]).code(0).out, before, "readers go on");
    drop(db);
    program.run(&["archive", "--case", "c", "other.txt"]).code(0);
}

/// Runs a shell line in a mount namespace of its own, where this user may mount.
fn in_namespace(program: &Program, line: &str) -> Option<support::Ran> {
    let probe = std::process::Command::new("unshare").args(["-rm", "true"]).output().ok()?;
    if !probe.status.success() {
        assert!(
            std::env::var_os("CI").is_none(),
            "CI must be able to make a mount namespace: {}",
            String::from_utf8_lossy(&probe.stderr)
        );
        eprintln!("not tested here: this machine lets nobody make a mount namespace");
        return None;
    }
    let mut command = std::process::Command::new("unshare");
    command.args(["-rm", "sh", "-c", line]).current_dir(program.home.path());
    command.env("XDG_CONFIG_HOME", program.path("config")).env("EXHIBIT", env!("CARGO_BIN_EXE_exhibit"));
    Some(support::Ran::of(command.output().unwrap()))
}

#[test]
fn a_read_only_case_is_read_and_not_written() {
    let program = Program::new();
    let report = support::example().join("report.html");
    program.run(&["archive", "--case", "c", report.to_str().unwrap()]).code(4);
    program.file("other.txt", "Another video shows a street near Homs.\n");
    let before = support::contents(&program.path("c"));
    let line = "mount --bind c c && mount -o remount,bind,ro c && $EXHIBIT --case c verify && $EXHIBIT --case c list && $EXHIBIT --case c export --all --to bag && $EXHIBIT archive --case c other.txt";
    let Some(ran) = in_namespace(&program, line) else { return };
    let ran = ran.code(1);
    assert!(ran.out.contains("green") && ran.out.contains("E1"), "{}", ran.out);
    assert!(ran.err.contains("The case cannot be written"), "{}", ran.err);
    assert_eq!(support::contents(&program.path("c")), before, "not one byte was written");
}

#[test]
fn a_read_only_case_is_read_with_the_write_ahead_log_beside_it() {
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    // As long as somebody looks at the case as it was, what is added stays beside the database.
    let looking = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    looking.execute_batch("BEGIN; SELECT * FROM log").unwrap();
    program.run(&["--case", "c", "add", support::example().join("media/rubble.png").to_str().unwrap()]).code(0);
    support::copy_dir(&program.path("c"), &program.path("medium"));
    drop(looking);
    std::fs::remove_file(program.path("medium/case.sqlite-shm")).unwrap();
    assert!(std::fs::metadata(program.path("medium/case.sqlite-wal")).unwrap().len() > 0);
    let before = support::contents(&program.path("medium"));
    std::fs::create_dir(program.path("temporary")).unwrap();
    let line = "mount --bind medium medium && mount -o remount,bind,ro medium && export TMPDIR=$PWD/temporary && $EXHIBIT --case medium list && $EXHIBIT --case medium verify";
    let Some(ran) = in_namespace(&program, line) else { return };
    let ran = ran.code(0);
    assert!(ran.out.contains("green") && ran.out.contains("E1"), "{}", ran.out);
    assert_eq!(support::contents(&program.path("medium")), before, "not one byte was written");
    assert_eq!(support::contents(&program.path("temporary")).len(), 0, "nothing is left of the copy");
}

#[test]
fn a_full_disk_is_told_and_nothing_acknowledged_is_lost() {
    let (program, server) = (Program::new(), Server::start());
    for nth in 0..30 {
        let mut bytes = png(nth);
        bytes.extend(vec![nth; 100_000]);
        server.serve(&format!("/{nth}.png"), "image/png", bytes);
    }
    program.file("list.txt", (0..30).map(|nth| format!("{}\n", server.url(&format!("/{nth}.png")))).collect::<String>());
    std::fs::create_dir(program.path("disk")).unwrap();
    let line = "mount -t tmpfs -o size=1900k tmpfs disk && { $EXHIBIT archive --case disk/c list.txt --allow-host 127.0.0.1; echo code $?; $EXHIBIT --case disk/c verify; echo verify $?; \
        mount -o remount,size=20m disk; $EXHIBIT archive --case disk/c list.txt --allow-host 127.0.0.1; echo rerun $?; $EXHIBIT --case disk/c verify; $EXHIBIT --case disk/c list --json | grep -c '\"id\"'; }";
    let Some(ran) = in_namespace(&program, line) else { return };
    assert!(
        ran.err.contains("The disk is full") && ran.err.contains("nothing that was acknowledged is lost"),
        "{}\n{}",
        ran.out,
        ran.err
    );
    for word in ["code 1", "verify 0", "rerun 0", "\n30\n"] {
        assert!(ran.out.contains(word), "{word}:\n{}\n{}", ran.out, ran.err);
    }
}

/// A case is no footage: neither a directory that it is in nor a report beside it brings its files into it.
#[test]
fn a_cases_own_files_are_not_taken() {
    let program = Program::new();
    program.file("in/a.png", png(1));
    let links = ["c/case.sqlite", "c/log/checkpoint", "c/exhibit.toml", "a.png"].map(|link| format!("<img src='{link}'>"));
    program.file("in/report.html", format!("<p>One video shows a street.</p>{}", links.concat()));
    program.run(&["init", "in/c"]).code(0);
    std::os::unix::fs::symlink("c/case.sqlite", program.path("in/link.db")).unwrap();
    let case = ["--case", "in/c"];
    let run = |args: &[&str]| program.run(&[&case[..], args].concat());
    run(&["archive", "in/report.html"]).code(4);
    let captures = run(&["log", "--json"]).code(0).json();
    let captures = captures.as_array().unwrap().iter().map(|row| &row["entry"]).filter(|entry| entry["kind"] == "capture-made");
    let outcomes: Vec<&str> = captures.map(|entry| entry["event"]["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "refused-by-policy").count(), 3, "{outcomes:?}");
    for named in ["in/c/case.sqlite", "in/link.db"] {
        for command in ["add", "import"] {
            let told = run(&[command, named]);
            assert!(told.code != Some(0) && told.err.contains("belongs to a case"), "{}", told.err);
        }
    }
    let told = run(&["add", "in"]);
    assert!(told.code != Some(0) && told.err.contains("belongs to a case"), "{}", told.err);
    let exhibits = run(&["list", "--json"]).code(0).json();
    let names: Vec<&str> = exhibits.as_array().unwrap().iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.png", "in/a.png", "in/report.html"]);
    run(&["verify"]).code(0);
}
