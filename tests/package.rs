//! What leaves a case and what comes in: zip files, profiles, restrictions, the register of transfers, tables, packages.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Program, Server, contents, copy_dir, example};

fn case() -> Program {
    let program = Program::new();
    copy_dir(&example(), &program.path("tell-amara"));
    program.run(&["archive", "--case", "c", "tell-amara/report.html"]).code(4);
    program
}

fn tool(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin").join(name)
}

fn python(dir: &Path, script: &str) -> String {
    let ran =
        Command::new(tool("python")).current_dir(dir).args(["-c", script]).output().expect("tests/run makes target/test-tools");
    assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap()
}

fn verify(program: &Program, path: &str) -> Value {
    program.run(&["verify", path, "--json"]).json()
}

#[test]
fn a_zip_holds_the_same_bag_and_says_the_same_twice() {
    let program = case();
    program.run(&["--case", "c", "export", "--all", "--to", "bag", "--tables"]).code(0);
    program.run(&["--case", "c", "export", "--all", "--zip", "one/bag.zip", "--tables"]).code(0);
    program.run(&["--case", "c", "export", "--all", "--zip", "two/bag.zip", "--tables"]).code(0);
    let bytes = |path: &str| std::fs::read(program.path(path)).unwrap();
    assert_eq!(bytes("one/bag.zip"), bytes("two/bag.zip"));
    python(&program.path("one"), "import zipfile; zipfile.ZipFile('bag.zip').extractall()");
    let (left, right) = (contents(&program.path("bag")), contents(&program.path("one/bag")));
    let inside = |all: &std::collections::BTreeMap<PathBuf, Vec<u8>>, root: &str| {
        all.iter()
            .map(|(path, bytes)| (path.strip_prefix(program.path(root)).unwrap().to_path_buf(), bytes.clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(inside(&left, "bag"), inside(&right, "one/bag"));
    assert_eq!(verify(&program, "one/bag")["verdict"], "green");
    program.run(&["--case", "c", "export", "--all", "--zip", "one/bag.zip"]).code(1);
    assert!(!contents(&program.path("one")).keys().any(|path| path.to_string_lossy().contains("unfinished")));
}

#[test]
fn restricted_and_held_exhibits_leave_only_by_an_explicit_word() {
    let program = case();
    let export =
        |to: &str, more: &[&str]| program.run(&[&["--case", "c", "export", "--all", "--json", "--to", to], more].concat());
    program.run(&["--case", "c", "handle", "E2", "--restrict", "court only", "--note", "a witness"]).code(0);
    program.run(&["--case", "c", "hold", "E4", "--reason", "order"]).code(0);
    let refused = export("a", &[]).code(1);
    assert!(refused.err.contains("E2, E4 are restricted or on hold"), "{}", refused.err);
    assert!(!program.path("a").exists());
    let told = export("a", &["--leave-out-restricted"]).code(0).json();
    assert_eq!(told["left_out"], serde_json::json!(["E2", "E4"]));
    assert_eq!(told["exhibits"], serde_json::json!(["E1", "E3", "E5", "E6"]));
    assert_eq!(verify(&program, "a")["verdict"], "green");
    assert_eq!(export("b", &["--include-restricted"]).code(0).json()["exhibits"].as_array().unwrap().len(), 6);
    program.run(&["--case", "c", "handle", "E2", "--unrestrict"]).code(0);
    program.run(&["--case", "c", "export", "E2", "--to", "d"]).code(0);
    // A report is its document, too.
    program.file("other.png", support::png(9));
    program.run(&["--case", "c", "add", "other.png"]).code(0);
    program.run(&["--case", "c", "handle", "R1", "--restrict", "court only"]).code(0);
    assert!(export("e", &[]).code(1).err.contains("R1 are restricted or on hold"));
    let none = program.run(&["--case", "c", "export", "R1", "--leave-out-restricted", "--to", "e"]).code(1).err;
    assert!(none.contains("nothing to export") && none.contains("R1 are restricted or on hold"), "{none}");
    let told = export("e", &["--leave-out-restricted"]).code(0).json();
    assert_eq!((&told["exhibits"], &told["reports"]), (&serde_json::json!(["E7"]), &serde_json::json!([])), "{told}");
    assert!(told["left_out"].as_array().unwrap().contains(&"R1".into()), "{told}");
    assert_eq!(told["objects"], 1);
}

/// Bytes that may not leave do not leave with something else: as another version of the item, in a report's record, or in an exchange.
#[test]
fn restricted_bytes_do_not_leave_with_others() {
    let (program, server) = (Program::new(), support::Server::start());
    program.run(&["init", "c"]).code(0);
    let run = |args: &[&str]| program.run(&[&["--case", "c"], args].concat());
    let pictures = [support::png(1), [support::png(2), b"CANARY".to_vec()].concat()];
    program.file("list.txt", server.url("/a.png"));
    for (picture, more) in pictures.iter().zip([&[][..], &["--recapture"]]) {
        server.serve("/a.png", "image/png", picture.clone());
        run(&[&["archive", "list.txt", "--allow-host", "127.0.0.1"], more].concat()).code(0);
    }
    let leaves = |name: &str| {
        let warc =
            std::process::Command::new("gzip").arg("-dc").arg(program.path(name).join("data/capture/exchange.warc.gz")).output();
        let all: Vec<Vec<u8>> = contents(&program.path(name)).into_values().chain([warc.unwrap().stdout]).collect();
        all.iter().any(|file| file.windows(6).any(|part| part == b"CANARY"))
    };
    run(&["export", "E1", "--warc", "--to", "before"]).code(0);
    assert!(leaves("before"), "a version of the item goes along");
    run(&["handle", "E2", "--restrict", "court only"]).code(0);
    for (name, what) in [("one", "E1"), ("report", "R1")] {
        let refused = if what == "R1" { 1 } else { 0 };
        run(&["export", what, "--warc", "--to", "refused"]).code(refused);
        run(&["export", what, "--warc", "--leave-out-restricted", "--to", name]).code(0);
        assert!(!leaves(name), "{name}");
        assert_eq!(verify(&program, name)["verdict"], "green");
    }
    run(&["export", "E1", "--warc", "--include-restricted", "--to", "all"]).code(0);
    assert!(leaves("all"));
    run(&["handle", "E2", "--unrestrict"]).code(0);
    // What only passed on the way to it stays with it.
    let head = "HTTP/1.1 302 Found\r\nLocation: /b.png\r\nContent-Length: 6\r\nConnection: close\r\n\r\nCANARY";
    server.on("/to-b", move |connection, _| std::io::Write::write_all(connection, head.as_bytes()).unwrap());
    server.serve("/b.png", "image/png", support::png(3));
    program.file("other.txt", server.url("/to-b"));
    run(&["archive", "other.txt", "--allow-host", "127.0.0.1"]).code(0);
    run(&["export", "R2", "--warc", "--to", "whole"]).code(0);
    assert!(leaves("whole"));
    run(&["handle", "I2", "--restrict", "court only"]).code(0);
    run(&["export", "R2", "--warc", "--leave-out-restricted", "--to", "without"]).code(0);
    assert!(!leaves("without"));
    // What is said of a reference is said of its footage.
    run(&["hold", "M1", "--reason", "trial"]).code(0);
    assert!(run(&["export", "E1", "--to", "held"]).code(1).err.contains("E1 is restricted or on hold"));
    let order = ["--reason", "x", "--authority", "C", "--by", "A", "--second", "B"];
    assert!(run(&[&["purge", "E1"], &order[..]].concat()).code(1).err.contains("M1 is on hold"));
}

#[test]
fn a_transfer_is_in_the_register_with_who_got_it_and_what_for() {
    let program = case();
    let args = [
        "--case",
        "c",
        "export",
        "E1",
        "E2",
        "--to",
        "bag",
        "--json",
        "--recipient",
        "District Court",
        "--purpose",
        "case 12/2026",
    ];
    let told = program.run(&[&args[..], &["--profile", "court"]].concat()).code(0).json();
    let log = program.run(&["--case", "c", "log", "--of", "E2", "--json"]).code(0).json();
    let entry = log.as_array().unwrap().last().unwrap();
    assert_eq!(entry["entry"]["kind"], "transfer-made");
    assert_eq!((&entry["sealed"]["recipient"], &entry["sealed"]["purpose"]), (&"District Court".into(), &"case 12/2026".into()));
    let manifest = exhibit::evidence::Digest::of(&std::fs::read(program.path("bag/tagmanifest-sha256.txt")).unwrap());
    assert_eq!(
        (&entry["entry"]["event"]["manifest"], &told["manifest"]),
        (&manifest.to_string().into(), &manifest.to_string().into())
    );
    assert_eq!(entry["entry"]["event"]["withheld"], serde_json::json!(["person"]));
    program.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn a_public_export_shows_no_name_and_still_verifies() {
    let program = case();
    let canary = "CANARY-9b1d Collector";
    program.run(&["--case", "c", "--by", canary, "add", "tell-amara/media/convoy.mp4", "--location", "CANARY-77 street"]).code(0);
    let hits = |dir: &str, text: &str| {
        contents(&program.path(dir)).values().filter(|file| file.windows(text.len()).any(|part| part == text.as_bytes())).count()
    };
    program.run(&["--case", "c", "export", "--all", "--to", "full"]).code(0);
    assert!(hits("full", canary) > 0 && hits("full", "CANARY-77") > 0);
    program.run(&["--case", "c", "export", "--all", "--to", "public", "--profile", "public", "--tables"]).code(0);
    assert_eq!((hits("public", canary), hits("public", "CANARY-77")), (0, 0));
    let told = verify(&program, "public");
    assert_eq!(told["verdict"], "green", "{told:#}");
    assert!(told["sealed"]["withheld"].as_u64().unwrap() > 0);
    let info = std::fs::read_to_string(program.path("public/bag-info.txt")).unwrap();
    assert!(info.contains("protects collectors"), "{info}");
    assert!(program.run(&["--case", "c", "export", "--all", "--to", "x", "--profile", "none"]).code(1).err.contains("court"));
}

#[test]
fn tables_are_read_by_others_and_compute_nothing() {
    let program = case();
    program.file("=cmd.png", support::png(4));
    program.run(&["--case", "c", "add", "=cmd.png"]).code(0);
    for columns in ["plain", "auto-archiver", "syrian-archive", "atlos"] {
        let to = format!("bag-{columns}");
        program.run(&["--case", "c", "export", "--all", "--to", &to, &format!("--tables={columns}")]).code(0);
        let script = "import csv, glob, openpyxl\n\
            book = openpyxl.load_workbook('data/tables/tables.xlsx')\n\
            for name in glob.glob('data/tables/*.csv'):\n    \
                rows = list(csv.reader(open(name, encoding='utf-8', newline='')))\n    \
                sheet = book[name.split('/')[-1][:-4]]\n    \
                assert sheet.max_row == len(rows) > 1, name\n    \
                assert all(len(row) == len(rows[0]) for row in rows)\n    \
                assert not any(cell.startswith(('=', '+', '@')) for row in rows for cell in row), name\n    \
                assert all(cell.data_type != 'f' for row in sheet.iter_rows() for cell in row)\n\
            print('read')";
        assert_eq!(python(&program.path(&to), script).trim(), "read");
    }
    let exhibits = std::fs::read_to_string(program.path("bag-plain/data/tables/exhibits.csv")).unwrap();
    assert!(exhibits.contains("'=cmd.png"), "{exhibits}");
}

#[test]
fn a_bag_of_another_case_comes_in_with_its_history() {
    let (theirs, ours) = (case(), Program::new());
    theirs.run(&["--case", "c", "export", "E1", "E4", "--to", "bag"]).code(0);
    copy_dir(&theirs.path("bag"), &ours.path("bag"));
    ours.run(&["init", "c"]).code(0);
    // Their key is unknown here: amber, and taken in.
    let told = ours.run(&["--case", "c", "import", "bag", "--json"]).code(0).json();
    assert_eq!((&told["format"], &told["verdict"]), (&"exhibit-bag".into(), &"amber".into()));
    let origin = told["origin"].as_str().unwrap();
    let file = |end: &str| told["files"].as_array().unwrap().iter().any(|file| file["name"].as_str().unwrap().ends_with(end));
    assert!(file("convoy.mp4") && file("entries.jsonl") && file("log/checkpoint") && file("record/E1.json"), "{told:#}");
    let bytes = std::fs::read(example().join("media/convoy.mp4")).unwrap();
    let digest = exhibit::evidence::Digest::of(&bytes).to_string();
    let shown = ours.run(&["--case", "c", "show", &digest[..16], "--json"]).code(0).json();
    let said = |property: &str| {
        let all = shown["claims"].as_array().unwrap().iter();
        all.filter(|claim| claim["property"] == property)
            .map(|claim| claim["value"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(said("acquired-from"), [origin]);
    assert_eq!(said("exhibit-there"), ["E1"]);
    assert!(said("location").contains(&"Tell Amara".to_owned()));
    assert!(shown["claims"].as_array().unwrap().iter().all(|claim| claim["by"] == "package"));
    ours.run(&["--case", "c", "verify"]).code(0);
    // A damaged one does not come in by itself.
    let object = ours.path(&format!("bag/data/objects/{digest}.mp4"));
    let mut bad = bytes.clone();
    bad[100] ^= 1;
    std::fs::write(&object, bad).unwrap();
    assert!(ours.run(&["--case", "c", "import", "bag"]).code(1).err.contains("is not whole"));
    let told = ours.run(&["--case", "c", "import", "bag", "--even-if-damaged", "--json"]).code(4).json();
    assert!(told["files"].as_array().unwrap().iter().any(|file| file["problem"].is_string()), "{told:#}");
    ours.run(&["--case", "c", "verify"]).code(0);
}

#[test]
fn warc_wacz_sheets_and_plain_bags_come_in_as_attributed_material() {
    let (program, server) = (Program::new(), Server::start());
    let picture = support::png(77);
    let digest = exhibit::evidence::Digest::of(&picture).to_string();
    server.serve("/seen/it.png", "image/png", picture.clone());
    let url = server.url("/seen/it.png");
    program.run(&["init", "theirs"]).code(0);
    program.run(&["--case", "theirs", "add", &url, "--allow-host", "127.0.0.1"]).code(0);
    program.run(&["--case", "theirs", "export", "--all", "--to", "bag", "--warc", "--wacz"]).code(0);
    for (name, format) in [("exchange.warc.gz", "warc"), ("exchange.wacz", "wacz")] {
        program.run(&["init", format]).code(0);
        let path = format!("bag/data/capture/{name}");
        let told = program.run(&["--case", format, "import", &path, "--json"]).code(0).json();
        assert_eq!((&told["format"], &told["verdict"]), (&format.into(), &"green".into()), "{told:#}");
        let shown = program.run(&["--case", format, "show", &digest[..16], "--json"]).code(0).json();
        let all = shown["claims"].as_array().unwrap();
        assert!(all.iter().any(|claim| claim["property"] == "source-url" && claim["value"] == url.as_str()), "{shown:#}");
        program.run(&["--case", format, "verify"]).code(0);
        // One changed byte in its middle is told.
        let mut bytes = std::fs::read(program.path(&path)).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 0x20;
        std::fs::write(program.path(&format!("bad-{name}")), bytes).unwrap();
        let told = program.run(&["--case", format, "import", &format!("bad-{name}")]);
        assert!(told.code == Some(4) || told.code == Some(1), "{}{}", told.out, told.err);
    }
    // Another's bag, made by the Library of Congress's own tool.
    program.file("plain/film.png", &picture);
    python(&program.path("plain"), "import bagit; bagit.make_bag('.', checksums=['md5'])");
    program.run(&["init", "b"]).code(0);
    let told = program.run(&["--case", "b", "import", "plain", "--json"]).code(0).json();
    assert_eq!((&told["format"], &told["verdict"]), (&"bag".into(), &"green".into()));
    program.run(&["--case", "b", "show", &digest[..16]]).code(0);
    // What auto-archiver leaves: a sheet, and files beside it. A cell leads nowhere else.
    program.file("sheet/files/film.png", &picture);
    program.file("secret.png", support::png(1));
    let sheet = format!(
        "Link,Archive status,Archive location,Archive date,Upload title,Hash\n{url},success,files/film.png,2026-01-02,A title,SHA-256:{digest}\n{url},success,../secret.png,,,\n{url},success,files/none.png,,,\n"
    );
    program.file("sheet/archive.csv", sheet.clone());
    program.run(&["init", "a"]).code(0);
    let told = program.run(&["--case", "a", "import", "sheet/archive.csv", "--json"]).code(4).json();
    assert_eq!(told["problems"].as_array().unwrap().len(), 2, "{told:#}");
    let shown = program.run(&["--case", "a", "show", &digest[..16], "--json"]).code(0).json();
    assert!(shown["claims"].as_array().unwrap().iter().any(|claim| claim["property"] == "title"));
    let other = exhibit::evidence::Digest::of(b"").to_string();
    program.file("sheet/archive.csv", sheet.replace(&digest, &other));
    let told = program.run(&["--case", "a", "import", "sheet/archive.csv", "--json"]).code(4).json();
    assert_eq!(told["verdict"], "red");
    program.file("nonsense.txt", "nothing");
    program.run(&["--case", "a", "import", "nonsense.txt"]).code(1);
    program.run(&["--case", "a", "verify"]).code(0);
}

#[test]
fn pages_go_along_on_paper_and_papers_wait_for_a_person() {
    let program = case();
    program.run(&["--case", "c", "--browser", "chromium", "export", "E1", "--to", "bag", "--pdf"]).code(0);
    assert_eq!(verify(&program, "bag")["verdict"], "green");
    let record = program.path("bag/data/record");
    let script = "import pypdf, sys\nfor name in ['E1', 'index', 'certificate', 'declaration']: print(name, ' '.join(''.join(page.extract_text() for page in pypdf.PdfReader(name + '.pdf').pages).split()))";
    let told = python(&record, script);
    let of = |name: &str| told.lines().find_map(|line| line.strip_prefix(&format!("{name} "))).unwrap().to_owned();
    let listed: Value = program.run(&["--case", "c", "show", "E1", "--json"]).code(0).json();
    let digest = listed["exhibit"]["sha256"].as_str().unwrap();
    for name in ["E1", "certificate", "declaration"] {
        assert!(of(name).contains(&digest[..8]), "{name}: {}", of(name));
    }
    assert!(of("certificate").contains("Not signed.") && of("certificate").contains("902(14)"));
    assert!(of("declaration").contains("Not signed.") && of("index").contains("1 exhibit"));
    // Without a browser the bag is whole, and says what it lacks.
    let told = program.run(&["--case", "c", "--browser", "no-such-browser", "export", "E1", "--to", "other", "--pdf"]).code(4);
    assert!(told.err.contains("without a PDF of E1") && told.err.contains("no Chromium"), "{}", told.err);
    assert!(program.path("other/data/record/certificate.html").is_file() && !program.path("other/data/record/E1.pdf").exists());
    assert_eq!(verify(&program, "other")["verdict"], "green");
}
