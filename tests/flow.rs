//! The main job, end to end, through the built program.

mod support;

use serde_json::Value;
use support::{Program, Server, example, png, respond};

fn outcomes(told: &Value) -> Vec<(String, String)> {
    let lines = told[0]["lines"].as_array().unwrap();
    let text = |value: &Value| value.as_str().unwrap_or("").to_owned();
    lines.iter().map(|line| (text(&line["mention"]["url"]), text(&line["standing"]))).collect()
}

#[test]
fn the_example_is_archived_listed_verified_and_exported() {
    let program = Program::new();
    let report = example().join("report.html");
    let ran = program.run(&["archive", "--case", "demo", report.to_str().unwrap(), "--json"]).code(4);
    let told = ran.json();
    let standing = |url: &str| outcomes(&told).into_iter().find(|(found, _)| found == url).unwrap_or_else(|| panic!("{url}")).1;
    for url in
        ["media/convoy.mp4", "media/street.jpg", "media/market.mp4", "media/radio.m4a", "media/smoke.webm", "media/rubble.png"]
    {
        assert_eq!(standing(url), "captured", "{url}");
    }
    assert_eq!(standing("media/market-before.mp4"), "gone");
    assert_eq!(standing("http://192.168.1.20/footage/raw-0412.mov"), "refused");
    let described = outcomes(&told).into_iter().filter(|(_, standing)| standing == "described-only").count();
    assert_eq!(described, 4);

    let listed = program.run(&["--case", "demo", "list", "--json"]).code(0).json();
    let exhibits = listed.as_array().unwrap();
    assert_eq!(exhibits.len(), 6);
    let by = |url: &str| exhibits.iter().find(|exhibit| exhibit["url"] == url).unwrap();
    assert_eq!(by("media/market.mp4")["completeness"], "truncated");
    assert_eq!(by("media/convoy.mp4")["completeness"], "complete");
    assert_eq!(by("media/convoy.mp4")["media_type"], "video/mp4");
    assert_eq!(by("media/convoy.mp4")["reports"][0], "R1");

    let id = by("media/convoy.mp4")["id"].as_str().unwrap();
    let shown = program.run(&["--case", "demo", "show", id, "--json"]).code(0).json();
    let facts = &shown["examinations"][0]["facts"];
    assert_eq!((facts["video_codec"].as_str(), facts["audio_codec"].as_str()), (Some("h264"), Some("aac")));
    assert_eq!((facts["width"].as_u64(), facts["height"].as_u64()), (Some(320), Some(180)));
    assert_eq!(facts["creation_time"], "2019-04-12T03:41:07.000000Z");
    // The container holds 16 bits behind the point.
    let near = |name: &str, expected: f64| (facts[name].as_f64().unwrap() - expected).abs() < 2e-5;
    assert!(near("lat", 35.4021) && near("lon", 36.5512), "{facts}");
    let claims = shown["claims"].as_array().unwrap();
    assert!(claims.iter().any(|claim| claim["property"] == "uploader"
        && claim["value"] == "Tell Amara Rescue Team"
        && claim["via"] == "Telegram"));
    assert!(claims.iter().any(|claim| claim["property"] == "date" && claim["reading"]["edtf"] == "2019-04-12"));

    let found = program.run(&["--case", "demo", "search", "قريه", "تل", "--json"]).code(0).json();
    assert!(!found.as_array().unwrap().is_empty(), "a folded Arabic spelling finds the quote");
    program.run(&["--case", "demo", "verify"]).code(0);
    program.run(&["--case", "demo", "export", "--all", "--to", "bag"]).code(0);
    let verified = program.run(&["verify", "bag", "--json"]).code(0).json();
    assert_eq!(verified["verdict"], "green");
}

#[test]
fn the_same_report_archived_twice_adds_nothing_and_says_so() {
    let program = Program::new();
    let report = example().join("report.html");
    let report = report.to_str().unwrap();
    program.run(&["archive", "--case", "demo", report]).code(4);
    let before = program.run(&["--case", "demo", "log", "--json"]).code(0).out;
    let again = program.run(&["archive", "--case", "demo", report]).code(4);
    assert!(again.out.contains("Archived before") && again.out.contains("nothing new"), "{}", again.out);
    assert!(again.out.contains("already held"), "{}", again.out);
    assert_eq!(program.run(&["--case", "demo", "log", "--json"]).code(0).out, before);
}

#[test]
fn a_rebuilt_catalogue_is_the_same_and_a_lost_database_comes_back_from_the_log() {
    let program = Program::new();
    let report = example().join("report.html");
    program.run(&["archive", "--case", "demo", report.to_str().unwrap()]).code(4);
    let dump = || exhibit::vault::Reader::open(&program.path("demo")).unwrap().dump().unwrap();
    let before = dump();
    program.run(&["--case", "demo", "rebuild"]).code(0);
    assert_eq!(dump(), before);
    program.run(&["--case", "demo", "verify"]).code(0);
    for name in ["case.sqlite", "case.sqlite-wal", "case.sqlite-shm"] {
        let _ = std::fs::remove_file(program.path("demo").join(name));
    }
    let lost = program.run(&["--case", "demo", "verify"]).code(3);
    assert!(lost.out.contains("database-damaged"), "{}", lost.out);
    program.run(&["--case", "demo", "rebuild"]).code(0);
    assert_eq!(dump(), before);
    program.run(&["--case", "demo", "verify"]).code(0);
}

#[test]
fn a_head_noted_earlier_is_a_beginning_of_the_log_and_another_is_not() {
    let program = Program::new();
    program.file("one.txt", "One video shows a street near Idlib.\n");
    program.file("two.txt", "Another video shows a street near Homs.\n");
    program.run(&["archive", "--case", "c", "one.txt"]).code(0);
    let head = program.run(&["--case", "c", "verify", "--json"]).code(0).json()["fingerprint"].as_str().unwrap().to_owned();
    program.run(&["archive", "--case", "c", "two.txt"]).code(0);
    assert!(program.run(&["--case", "c", "verify", "--head", &head]).code(0).out.contains("nothing up to it was rewritten"));
    let other = head.replace('-', "-0").chars().take(head.len()).collect::<String>();
    for wrong in [other.as_str(), "99-0000-0000-0000-0000", "x"] {
        let told = program.run(&["--case", "c", "verify", "--head", wrong]).code(3);
        assert!(told.out.contains("none of this log's"), "{}", told.out);
    }
}

#[test]
fn a_lost_checkpoint_is_told_and_rebuilt_from_the_signed_head() {
    let program = Program::new();
    program.file("one.txt", "One video shows a street near Idlib.\n");
    program.run(&["archive", "--case", "c", "one.txt"]).code(0);
    let checkpoint = program.path("c/log/checkpoint");
    let before = std::fs::read(&checkpoint).unwrap();
    std::fs::remove_file(&checkpoint).unwrap();
    assert!(program.run(&["--case", "c", "verify"]).code(3).out.contains("checkpoint-missing"));
    program.run(&["--case", "c", "rebuild"]).code(0);
    assert_eq!(std::fs::read(&checkpoint).unwrap(), before);
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn a_report_is_exported_whole_with_what_failed() {
    let program = Program::new();
    program.run(&["archive", "--case", "demo", example().join("report.html").to_str().unwrap()]).code(4);
    program.run(&["--case", "demo", "export", "R1", "--to", "bag"]).code(0);
    let record: Value = serde_json::from_slice(&std::fs::read(program.path("bag/data/record/R1.json")).unwrap()).unwrap();
    assert_eq!(record["mentions"].as_array().unwrap().len(), 12);
    let outcomes: Vec<&str> =
        record["captures"].as_array().unwrap().iter().map(|capture| capture["outcome"].as_str().unwrap()).collect();
    assert!(outcomes.contains(&"gone") && outcomes.contains(&"refused-by-policy"), "{outcomes:?}");
    program.run(&["verify", "bag"]).code(0);
}

#[test]
fn capture_over_http_records_how_the_bytes_came() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    server.on("/moved.png", |connection, _| {
        use std::io::Write;
        let _ = connection.write_all(b"HTTP/1.1 302 Found\r\nLocation: /a.png\r\nContent-Length: 0\r\n\r\n");
    });
    let page = format!("<p>One photo shows a street.</p><img src='{}'>", server.url("/moved.png"));
    server.serve("/report.html", "text/html", page);
    program.run(&["archive", "--case", "c", &server.url("/report.html"), "--allow-host", "127.0.0.1"]).code(0);
    let exhibit = &program.run(&["--case", "c", "list", "--json"]).code(0).json()[0];
    assert_eq!((exhibit["outcome"].as_str(), exhibit["completeness"].as_str()), (Some("ok"), Some("complete")));
    let shown = program.run(&["--case", "c", "show", exhibit["id"].as_str().unwrap(), "--json"]).code(0).json();
    let capture = &shown["captures"][0];
    assert_eq!(capture["redirects"], 1);
    assert_eq!(capture["final_url"], server.url("/a.png"));
    assert_eq!(capture["declared"], capture["received"]);
    assert_eq!(capture["address"], server.address.to_string());
    let hops = capture["exchange"]["hops"].as_array().unwrap();
    assert_eq!(hops.len(), 2);
    assert!(hops[0]["request_head"].as_str().unwrap().starts_with("GET /moved.png HTTP/1.1\r\n"));
    assert!(hops[0]["response_head"].as_str().unwrap().starts_with("HTTP/1.1 302 Found\r\nLocation: /a.png\r\n"));
    assert_eq!(hops[1]["addresses"][0], "127.0.0.1");
    let log = program.run(&["--case", "c", "log", "--json"]).code(0).json();
    let permitted = log
        .as_array()
        .unwrap()
        .iter()
        .any(|row| row["entry"]["kind"] == "permission-given" && row["entry"]["event"]["hosts"][0] == "127.0.0.1/32");
    assert!(permitted, "the permission is in the log");
}

/// Of a page that breaks off, what came is read, and whoever reads of it is told.
#[test]
fn a_report_that_came_cut_is_said_to_be() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    let page = format!("<p>One photo shows a street.</p><img src='{}'><p>Another", server.url("/a.png"));
    server.on("/report.html", move |connection, _| {
        use std::io::Write;
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {}\r\n\r\n", page.len() + 1000);
        let _ = connection.write_all(format!("{head}{page}").as_bytes());
    });
    let told = program.run(&["archive", "--case", "c", &server.url("/report.html"), "--allow-host", "127.0.0.1"]);
    assert!(told.out.contains("The report itself was cut when it was fetched"), "{}", told.out);
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).code(0).json().as_array().unwrap().len(), 1);
}

#[test]
fn same_bytes_from_two_places_are_two_exhibits_of_one_object() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    server.serve("/b.png", "image/png", png(1));
    let list = format!("{}\n{}\n{}\n", server.url("/a.png"), server.url("/b.png"), server.url("/a.png#again"));
    program.file("list.txt", list);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(0);
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    assert_eq!(listed[0]["sha256"], listed[1]["sha256"]);
    assert_eq!((server.count("/a.png"), server.count("/b.png")), (1, 1), "one item is asked for once");
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn changed_bytes_under_one_address_are_a_new_version_and_unchanged_ones_are_not() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.file("list.txt", server.url("/a.png"));
    let archive =
        |more: &[&str]| program.run(&[&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"][..], more].concat());
    archive(&[]).code(0);
    archive(&["--recapture"]).code(0);
    let versions = || {
        let shown = program.run(&["--case", "c", "show", "I1", "--json"]).code(0).json();
        shown["captures"].as_array().unwrap().iter().map(|capture| capture["version"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(versions(), [1, 1]);
    server.serve("/a.png", "image/png", png(2));
    archive(&["--recapture"]).code(0);
    assert_eq!(versions(), [1, 1, 2]);
    // Another report that mentions the same address finds the change without being asked to.
    server.serve("/a.png", "image/png", png(3));
    program.file("other.txt", format!("A second report.\n{}\n", server.url("/a.png")));
    program.run(&["archive", "--case", "c", "other.txt", "--allow-host", "127.0.0.1"]).code(0);
    assert_eq!(versions(), [1, 1, 2, 3]);
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).code(0).json().as_array().unwrap().len(), 3);
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn an_interrupted_network_is_tried_again_and_a_page_that_is_gone_is_not() {
    let (program, server) = (Program::new(), Server::start());
    server.on("/late.png", |_, _| {});
    program.file("list.txt", format!("{}\n{}\n", server.url("/late.png"), server.url("/gone.png")));
    let archive = || program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1", "--json"]);
    let told = archive().code(4).json();
    assert_eq!(outcomes(&told).into_iter().map(|(_, standing)| standing).collect::<Vec<_>>(), ["failed", "gone"]);
    server.serve("/late.png", "image/png", png(1));
    let told = archive().code(4).json();
    assert_eq!(outcomes(&told).into_iter().map(|(_, standing)| standing).collect::<Vec<_>>(), ["captured", "gone"]);
    assert_eq!(server.count("/gone.png"), 1);
}

#[test]
fn what_is_held_stays_held_when_a_later_try_finds_it_gone() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.file("list.txt", server.url("/a.png"));
    let archive =
        |more: &[&str]| program.run(&[&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"][..], more].concat());
    archive(&[]).code(0);
    server.on("/a.png", |connection, _| respond(connection, "404 Not Found", "text/html", b"<html>gone</html>"));
    let told = archive(&["--recapture"]).code(0);
    assert!(told.out.contains("already held") && told.out.contains("tried again since: gone"), "{}", told.out);
    assert!(archive(&[]).code(0).out.contains("E1"));
}

#[test]
fn leases_of_a_run_that_is_nowhere_are_free() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.file("list.txt", server.url("/a.png"));
    program.run(&["archive", "--case", "c", "list.txt", "--no-fetch"]).code(0);
    let db = rusqlite::Connection::open(program.path("c/case.sqlite")).unwrap();
    db.execute("UPDATE work SET state = 'leased', worker = 'nobody', lease_until = 9000000000000000 WHERE kind = 'capture'", [])
        .unwrap();
    drop(db);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(0);
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn two_runs_that_begin_one_case_lose_nothing() {
    for round in 0..8 {
        let program = Program::new();
        program.run(&["init", "other"]).code(0);
        let children: Vec<_> = (0..3)
            .map(|nth| {
                let report = format!("report-{nth}.txt");
                program.file(&report, format!("Video number {nth} shows a street near Idlib.\n"));
                std::thread::sleep(std::time::Duration::from_millis(round * nth));
                program
                    .command()
                    .args(["archive", "--case", "new", &report])
                    .stdout(std::process::Stdio::piped())
                    .stderr(std::process::Stdio::piped())
                    .spawn()
                    .unwrap()
            })
            .collect();
        for child in children {
            support::Ran::of(child.wait_with_output().unwrap()).code(0);
        }
        assert_eq!(
            program.run(&["--case", "new", "search", "number", "--json"]).code(0).json().as_array().unwrap().len(),
            3,
            "round {round}"
        );
        program.run(&["--case", "new", "verify"]).code(0);
    }
}

#[test]
fn no_fetch_records_references_and_a_later_run_captures_them() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.file("list.txt", server.url("/a.png"));
    let told = program.run(&["archive", "--case", "c", "list.txt", "--no-fetch", "--json"]).code(0).json();
    assert_eq!(told[0]["lines"][0]["standing"], "not-tried");
    assert_eq!(server.asked.lock().unwrap().len(), 0);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(0);
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).json().as_array().unwrap().len(), 1);
}

#[test]
fn what_is_handed_over_is_admitted_with_the_claims_of_who_brought_it() {
    let (program, server) = (Program::new(), Server::start());
    server.on("/clip.png", |connection, _| respond(connection, "200 OK", "image/png", &png(4)));
    program.run(&["init", "c", "--title", "Handed over"]).code(0);
    program.file("from a witness.png", png(3));
    let args = [
        "--case",
        "c",
        "add",
        "from a witness.png",
        "--acquired-from",
        "a witness",
        "--date",
        "12 April 2019",
        "--note",
        "Seen twice",
        "--by",
        "A. Archivist",
    ];
    program.run(&args).code(0);
    program.run(&["--case", "c", "add", &server.url("/clip.png"), "--allow-host", "127.0.0.1"]).code(0);
    let shown = program.run(&["--case", "c", "show", "E1", "--json"]).code(0).json();
    assert_eq!(shown["exhibit"]["name"], "from a witness.png");
    let claim =
        |property: &str| shown["claims"].as_array().unwrap().iter().find(|claim| claim["property"] == property).unwrap().clone();
    assert_eq!(
        (claim("acquired-from")["value"].as_str(), claim("acquired-from")["person"].as_str()),
        (Some("a witness"), Some("A. Archivist"))
    );
    assert_eq!(claim("date")["reading"]["edtf"], "2019-04-12");
    assert_eq!(shown["notes"][0]["text"], "Seen twice");
    // The names of people and files are only commitments in the log itself.
    let bytes =
        std::fs::read(program.path("c/log/tile/entries").join("000.p").read_dir().unwrap().next().unwrap().unwrap().path())
            .unwrap();
    for word in ["witness", "Archivist", "Seen twice"] {
        assert!(!String::from_utf8_lossy(&bytes).contains(word), "{word} stands open in the log");
    }
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn an_exhibit_is_exported_alone_and_the_log_proves_it() {
    let program = Program::new();
    let report = example().join("report.html");
    program.run(&["archive", "--case", "demo", report.to_str().unwrap()]).code(4);
    let exported = program.run(&["--case", "demo", "export", "E2", "--to", "bags/E2", "--json"]).code(0).json();
    assert_eq!(exported["exhibits"].as_array().unwrap().len(), 1);
    let bag = program.path("bags/E2");
    for file in [
        "bagit.txt",
        "data/record/E2.json",
        "data/log/E2.tlog-proof",
        "data/log/checkpoint",
        "data/HOW-TO-CHECK.md",
        "tagmanifest-sha256.txt.sig",
    ] {
        assert!(bag.join(file).is_file(), "{file}");
    }
    let proof = program.run(&["--case", "demo", "log", "prove", "E2"]).code(0).out;
    assert_eq!(proof, std::fs::read_to_string(bag.join("data/log/E2.tlog-proof")).unwrap());
    assert_eq!(
        program.run(&["--case", "demo", "log", "checkpoint"]).code(0).out,
        std::fs::read_to_string(bag.join("data/log/checkpoint")).unwrap()
    );
    // The same state exported twice gives the same bytes.
    program.run(&["--case", "demo", "export", "E2", "--to", "bags/again"]).code(0);
    let inside = |name: &str| -> Vec<(String, Vec<u8>)> {
        let root = program.path(name);
        support::contents(&root)
            .into_iter()
            .map(|(path, bytes)| (path.strip_prefix(&root).unwrap().display().to_string(), bytes))
            .collect()
    };
    assert_eq!(inside("bags/E2"), inside("bags/again"));
    program.run(&["--case", "demo", "export", "E2", "--to", "demo/inside"]).code(1);
    program.run(&["--case", "demo", "export", "E2", "--to", "bags/E2"]).code(1);
}

#[test]
fn items_are_tried_again_and_what_changed_and_what_is_gone_is_told() {
    let (program, server) = (Program::new(), Server::start());
    for nth in 1..=3 {
        server.serve(&format!("/{nth}.png"), "image/png", png(nth));
    }
    server.serve("/post", "text/html", "<!DOCTYPE html><html><body>\n<p>A post.</p>\n<p>First words.</p>\n</body></html>");
    let links =
        format!("{}\n{}\n{}\n{}\n", server.url("/1.png"), server.url("/2.png"), server.url("/3.png"), server.url("/post"));
    program.file("list.txt", links);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(0);
    let again = |more: &[&str]| program.run(&[&["--case", "c", "recapture", "--allow-host", "127.0.0.1"][..], more].concat());
    let asked = server.asked.lock().unwrap().len();
    assert!(
        again(&["--due"]).code(0).out.contains("4 online") && server.asked.lock().unwrap().len() == asked,
        "nothing is due yet"
    );
    let told = again(&["--all", "--json"]).code(0).json();
    assert_eq!((told["tried"].as_u64(), told["items"][0]["tries"].as_u64()), (Some(4), Some(2)));
    assert!(told["items"].as_array().unwrap().iter().all(|item| item["changed"].is_null() && item["versions"] == 1));

    server.on("/2.png", |connection, _| respond(connection, "410 Gone", "text/html", b"gone"));
    server.serve("/3.png", "image/png", png(9));
    server.serve("/post", "text/html", "<!DOCTYPE html><html><body>\n<p>A post.</p>\n<p>Other words.</p>\n</body></html>");
    let told = again(&["R1", "--json"]).code(4).json();
    let item = |nth: usize| told["items"][nth].clone();
    assert_eq!((item(0)["outcome"].as_str(), item(1)["outcome"].as_str()), (Some("ok"), Some("gone")));
    assert_eq!(item(1)["since"], item(1)["tried"], "gone since this try");
    assert_eq!((item(2)["versions"].as_u64(), item(2)["changed"]["now"]["size"].as_u64()), (Some(2), Some(png(9).len() as u64)));
    assert_eq!(item(3)["changed"]["lines"], serde_json::json!(["- <p>First words.</p>", "+ <p>Other words.</p>"]));

    let shown = again(&["I1", "I2"]).code(4).out;
    assert!(shown.contains("1 online, 1 gone (the first since 20"), "{shown}");
    let status = again(&["--all", "--status"]).code(0).out;
    assert!(status.contains("3 online, 1 gone") && status.contains("0 items tried now"), "{status}");
    assert!(status.lines().all(|line| line.chars().count() <= 80), "{status}");
    assert!(again(&["E99"]).code(1).err.contains("no E99"));
    again(&[]).code(2);
    again(&["--due", "soon"]).code(1);
    // The bytes of the first capture stay, whatever came later.
    assert_eq!(program.run(&["--case", "c", "list", "--json"]).code(0).json().as_array().unwrap().len(), 6);
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn directories_and_archives_are_handed_over_file_by_file_under_their_own_names() {
    use std::os::unix::ffi::OsStrExt;
    let program = Program::new();
    program.run(&["init", "c"]).code(0);
    program.file("handed/a.png", png(1));
    program.file("handed/sub/b.png", png(2));
    let odd = std::path::Path::new(std::ffi::OsStr::from_bytes(b"handed/caf\xe9.png")).to_path_buf();
    std::fs::write(program.home.path().join(odd), png(3)).unwrap();
    program.file("outside.png", png(9));
    std::os::unix::fs::symlink(program.path("outside.png"), program.path("handed/link.png")).unwrap();
    let add = |what: &str| {
        program.run(&["--case", "c", "add", what, "--acquired-from", "A witness", "--acquired-on", "2026-03-04", "--json"])
    };
    let told = add("handed").code(0).json();
    let names =
        |told: &Value| told.as_array().unwrap().iter().map(|one| one["source"].as_str().unwrap().to_owned()).collect::<Vec<_>>();
    assert_eq!(names(&told), ["handed/a.png", "handed/caf\u{fffd}.png", "handed/sub/b.png"], "links lead out, and are left out");
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    assert_eq!(listed[2]["name"], "handed/sub/b.png");
    let shown = program.run(&["--case", "c", "show", "E2"]).code(0).out;
    assert!(shown.contains(&hex::encode(b"handed/caf\xe9.png")), "the name's bytes are kept: {shown}");
    assert!(shown.contains("acquired-on") && shown.contains("2026-03-04") && shown.contains("A witness"), "{shown}");

    // Names that lead elsewhere, a bomb, a member that is damaged.
    let script = "import zipfile\n\
        with zipfile.ZipFile('parcel.zip', 'w', zipfile.ZIP_DEFLATED) as z:\n\
        \x20   z.writestr('good/one.png', open('outside.png', 'rb').read())\n\
        \x20   z.writestr('../../escaped.png', open('handed/a.png', 'rb').read() + b'x')\n\
        \x20   z.writestr('/tmp/absolute.png', open('handed/a.png', 'rb').read() + b'y')\n\
        \x20   z.writestr('bomb.bin', bytes(90 << 20))\n\
        \x20   z.writestr('damaged.png', open('handed/a.png', 'rb').read() + bytes(range(256)) * 9)\n\
        data = bytearray(open('parcel.zip', 'rb').read())\n\
        at = data.rfind(b'damaged.png', 0, data.rfind(b'PK\\x01\\x02', 0, len(data) - 200))\n\
        data[at + 60] ^= 0xff\n\
        open('parcel.zip', 'wb').write(data)\n";
    let made = std::process::Command::new("python3").args(["-c", script]).current_dir(program.home.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let ran = add("parcel.zip").code(1);
    let told: Value = serde_json::from_str(&ran.out).unwrap();
    assert_eq!(
        names(&told),
        ["parcel.zip", "parcel.zip/good/one.png", "parcel.zip/../../escaped.png", "parcel.zip//tmp/absolute.png"]
    );
    assert!(ran.err.contains("bomb.bin") && ran.err.contains("unpacks to more than"), "{}", ran.err);
    assert!(ran.err.contains("damaged.png"), "{}", ran.err);
    assert!(
        !program.home.path().parent().unwrap().join("escaped.png").exists()
            && !std::path::Path::new("/tmp/absolute.png").exists()
    );
    // The same in tar, plain and packed: long names, bytes that are no text, links, a member with holes, an archive that is cut.
    let script = r"
import io, tarfile, gzip
image = open('outside.png', 'rb').read()
def pack(name, mode, form):
    with tarfile.open(name, mode, format=form, encoding='utf-8', errors='surrogateescape') as t:
        def put(name, data, kind=tarfile.REGTYPE):
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(data), kind, 'outside.png'
            t.addfile(member, io.BytesIO(data))
        put('good/one.png', image + b'11')
        put('../../escaped.png', image + b'22')
        put('deep/' + 'long-' * 40 + '.png', image + b'33')
        put('caf\udce9.png', image + b'44')
        put('link.png', b'', tarfile.SYMTYPE)
        member = tarfile.TarInfo('again.png'); member.type, member.linkname = tarfile.LNKTYPE, 'good/one.png'
        t.addfile(member)
pack('plain.tar', 'w', tarfile.PAX_FORMAT)
pack('packed.tgz', 'w:gz', tarfile.GNU_FORMAT)
whole = open('plain.tar', 'rb').read()
open('cut.tar', 'wb').write(whole[:600])
open('two.tar', 'wb').write(whole + whole)
open('boundary.tar', 'wb').write(whole[:whole.index(b'../../escaped.png') // 512 * 512])
packed = open('packed.tgz', 'rb').read()
open('padded.tgz', 'wb').write(packed + bytes(5000))
open('more.tgz', 'wb').write(packed + b'more')
def header(name, kind, size):
    member = tarfile.TarInfo(name); member.type, member.size = kind, size
    return member.tobuf(tarfile.GNU_FORMAT)
with open('huge.tar', 'wb') as f:
    f.write(header('././@LongLink', b'L', 1 << 40)); f.truncate(1 << 20)
with tarfile.open('holes.tar', 'w', format=tarfile.PAX_FORMAT) as t:
    member = tarfile.TarInfo('GNUSparseFile.1/clip.mp4'); member.size = 600
    member.pax_headers = {'GNU.sparse.major': '1', 'GNU.sparse.minor': '0', 'GNU.sparse.name': 'clip.mp4', 'GNU.sparse.realsize': '9000'}
    t.addfile(member, io.BytesIO(bytes(600)))
open('odd.tar', 'wb').write(header('elsewhere.png', b'M', 0) + header('gone.png', b'1', 0) + bytes(1024))
open('cut.tar.gz', 'wb').write(packed[:len(packed) - 40])
with tarfile.open('bomb.tar.gz', 'w:gz') as t:
    member = tarfile.TarInfo('zeros'); member.size = 90 << 20
    t.addfile(member, io.BytesIO(bytes(90 << 20)))
";
    let made = std::process::Command::new("python3").args(["-c", script]).current_dir(program.home.path()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    for whole in ["plain.tar", "packed.tgz"] {
        let told = add(whole).code(0).json();
        let long = format!("{whole}/deep/{}.png", "long-".repeat(40));
        let inside = ["good/one.png", "../../escaped.png", "caf\u{fffd}.png", "again.png"].map(|name| format!("{whole}/{name}"));
        assert_eq!(names(&told), [whole, &inside[0], &inside[1], &long, &inside[2], &inside[3]]);
        assert!(told.as_array().unwrap().iter().all(|one| one["completeness"] != "truncated"), "{told:#}");
    }
    // What is in the two is the same: each is one exhibit, by its bytes.
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let sizes = |size: u64| listed.as_array().unwrap().iter().filter(|one| one["size"] == size).count();
    assert_eq!(sizes(support::png(9).len() as u64 + 2), 4);
    let cut = add("cut.tar").code(1);
    assert!(cut.err.contains("cut.tar/good/one.png") && cut.err.contains("the archive ends before it"), "{}", cut.err);
    assert_eq!(names(&serde_json::from_str(&cut.out).unwrap()), ["cut.tar"]);
    let cut = add("cut.tar.gz").code(1);
    assert!(cut.err.contains("cannot be unpacked to its end"), "{}", cut.err);
    add("padded.tgz").code(0);
    for (name, why) in [
        ("two.tar", "more behind its end mark"),
        ("boundary.tar", "no end mark"),
        ("more.tgz", "more behind its packed form"),
        ("huge.tar", "cannot be read from byte 0 on"),
        ("holes.tar", "packed with holes"),
        ("odd.tar", "goes on from another archive"),
        ("odd.tar", "another name of"),
    ] {
        let told = add(name).code(1);
        assert!(told.err.contains(why), "{name}: {}", told.err);
        assert!(names(&serde_json::from_str(&told.out).unwrap()).contains(&name.to_owned()), "{name}: {}", told.out);
    }
    let bomb = add("bomb.tar.gz").code(1);
    assert!(bomb.err.contains("unpacks to more than"), "{}", bomb.err);
    assert_eq!(std::fs::read_dir(program.path("c/scratch")).unwrap().count(), 0);
    assert!(add("missing-directory").code(1).err.contains("There is no file"));
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn a_third_party_is_asked_only_by_name_and_its_copy_is_called_its_copy() {
    let (program, server, third) = (Program::new(), Server::start(), Server::start());
    server.serve("/a.png", "image/png", support::png(1));
    server.serve("/b.png", "image/png", support::png(2));
    program.file("list.txt", format!("{}\n{}\n", server.url("/a.png"), server.url("/b.png")));
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    program.file("c/exhibit.toml", settings.replace("https://web.archive.org", &third.url("")));
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(0);
    server.on("/a.png", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"gone"));
    let again = |more: &[&str], code| {
        program
            .run(&[&["--case", "c", "recapture", "--all", "--allow-host", "127.0.0.1", "--json"][..], more].concat())
            .code(code)
            .json()
    };
    again(&[], 4);
    assert!(third.asked.lock().unwrap().is_empty(), "nobody is told unless it is named");
    // It has a copy of the one, and none of the other.
    let encoded: String = server
        .url("/a.png")
        .bytes()
        .map(|byte| match byte {
            byte if byte.is_ascii_alphanumeric() => char::from(byte).to_string(),
            byte => format!("%{byte:02X}"),
        })
        .collect();
    let index = format!("/cdx/search/cdx?url={encoded}&output=json&filter=statuscode:200&limit=-1");
    let rows = format!(
        "[[\"urlkey\",\"timestamp\",\"original\",\"mimetype\",\"statuscode\",\"digest\",\"length\"],[\"k\",\"20190414063000\",\"{}\",\"image/png\",\"200\",\"D\",\"1\"]]",
        server.url("/a.png")
    );
    third.serve(&index, "application/json", rows);
    third.serve(&format!("/web/20190414063000id_/{}", server.url("/a.png")), "image/png", support::png(3));
    third.serve(&format!("/save/{}", server.url("/b.png")), "text/html", "<p>saved");
    let told = again(&["--wayback", "--save-page-now"], 4);
    let outcomes: Vec<&str> = told["items"].as_array().unwrap().iter().map(|item| item["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["gone", "ok"], "a copy elsewhere does not bring an item back");
    let captures = |id: &str| program.run(&["--case", "c", "show", id, "--json"]).code(0).json()["captures"].clone();
    let copy = captures("I1").as_array().unwrap().iter().find(|one| one["method"] == "wayback").unwrap().clone();
    let because = copy["because"].as_str().unwrap();
    assert!(because.contains("a third party") && because.contains("2019-04-14T06:30:00Z"), "{because}");
    assert_eq!(copy["sha256"], exhibit::evidence::Digest::of(&support::png(3)).to_string());
    let saved = captures("I2").as_array().unwrap().iter().find(|one| one["method"] == "save-page-now").unwrap().clone();
    assert!(saved["because"].as_str().unwrap().contains("its word is not checked"), "{saved}");
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let held: std::collections::BTreeSet<String> =
        listed.as_array().unwrap().iter().map(|one| one["sha256"].as_str().unwrap().to_owned()).collect();
    let expected = [1, 2, 3].map(|seed| exhibit::evidence::Digest::of(&support::png(seed)).to_string());
    assert_eq!(held, expected.into(), "its answers are no exhibits, its copy is one");
    // Of what it does not have, that is said.
    third.serve(&index, "application/json", "[]");
    again(&["--wayback"], 4);
    let captures = captures("I1");
    let last = captures.as_array().unwrap().iter().rfind(|one| one["method"] == "wayback").unwrap();
    assert!(last["outcome"] == "gone" && last["because"].as_str().unwrap().contains("has no copy"), "{last}");
    program.run(&["--case", "c", "verify"]).code(0);
}
