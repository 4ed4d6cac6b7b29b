//! WARC files of a bag: read, checked and replayed by tools that are not ours, and refused after one changed byte.

mod support;

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

use exhibit::evidence::Digest;
use support::{Program, Ran, Server, png, respond};

fn tool(name: &str) -> Command {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin").join(name);
    assert!(path.is_file(), "tests/run installs {}", path.display());
    Command::new(path)
}

fn check(warc: &Path) -> Ran {
    Ran::of(tool("warcio").args(["check", "-v"]).arg(warc).output().unwrap())
}

/// Every record is read to its end, and its digests fit; by a reader of another house.
const STRICT: &str = r#"
import sys
from fastwarc.warc import ArchiveIterator
def kinds(**more):
    found = {}
    for record in ArchiveIterator(sys.argv[1], parse_http=False, **more):
        record.reader.read() if not more else None
        name = record.headers["WARC-Type"]
        found[name] = found.get(name, 0) + 1
    return found
every, sound = kinds(), kinds(verify_digests=True)
assert every == sound and every, (every, sound)
print(" ".join(f"{name}={every[name]}" for name in sorted(every)))
"#;

fn strict(warc: &Path) -> Ran {
    Ran::of(tool("python").args(["-c", STRICT]).arg(warc).output().unwrap())
}

fn whole(server: &Server) -> Vec<(String, Vec<u8>)> {
    let long = [png(4), vec![b'z'; 30_000]].concat();
    server.serve("/a.png", "image/png", png(1));
    server.serve("/same.png", "image/png", png(1));
    server.serve("/page", "text/html", "<!DOCTYPE html><html><body>A post with words.</body></html>");
    server.on("/chunked.png", |connection, _| {
        let body = png(2);
        let _ = connection.write_all(
            b"HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: image/png\r\nTransfer-Encoding: chunked\r\n\r\n",
        );
        for part in body.chunks(20) {
            let _ = connection.write_all(&[format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat());
        }
        let _ = connection.write_all(b"0\r\n\r\n");
    });
    server.on("/moved.png", |connection, _| {
        let _ = connection.write_all(b"HTTP/1.1 302 Found\r\nLocation: /a3.png\r\nContent-Length: 9\r\n\r\nelsewhere");
    });
    server.serve("/a3.png", "image/png", png(3));
    let body = long.clone();
    server.on("/resumed.png", move |connection, request| {
        let from = request
            .lines()
            .find_map(|line| line.strip_prefix("range: bytes="))
            .and_then(|range| range.trim_end_matches('-').parse::<usize>().ok());
        let total = body.len();
        let (head, part) = match from {
            Some(from) => (
                format!(
                    "206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}\r\nContent-Length: {}",
                    total - 1,
                    total - from
                ),
                &body[from..],
            ),
            None => (format!("200 OK\r\nContent-Length: {total}"), &body[..9000]),
        };
        let _ = connection
            .write_all(format!("HTTP/1.1 {head}\r\nETag: \"v1\"\r\nContent-Type: image/png\r\n\r\n").as_bytes())
            .and_then(|()| connection.write_all(part));
    });
    // Only a later run gets the rest.
    let asked = std::sync::atomic::AtomicUsize::new(0);
    server.on("/later.png", move |connection, request| {
        let all = [png(5), vec![b'w'; 20_000]].concat();
        let nth = asked.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let (head, part) = match request.contains("range: bytes=7000-") {
            true if nth < 4 => ("503 Service Unavailable\r\nContent-Length: 4".to_owned(), &b"busy"[..]),
            true => (
                format!(
                    "206 Partial Content\r\nContent-Range: bytes 7000-{}/{}\r\nContent-Length: {}",
                    all.len() - 1,
                    all.len(),
                    all.len() - 7000
                ),
                &all[7000..],
            ),
            false => (format!("200 OK\r\nContent-Length: {}", all.len()), &all[..if nth == 0 { 7000 } else { all.len() }]),
        };
        let _ = connection
            .write_all(format!("HTTP/1.1 {head}\r\nETag: \"v5\"\r\nContent-Type: image/png\r\n\r\n").as_bytes())
            .and_then(|()| connection.write_all(part));
    });
    server.on("/gone.png", |connection, _| respond(connection, "404 Not Found", "text/html", b"<html>not here</html>"));
    [("/a.png", png(1)), ("/same.png", png(1)), ("/chunked.png", png(2)), ("/a3.png", png(3))]
        .into_iter()
        .map(|(path, bytes)| (server.url(path), bytes))
        .collect()
}

fn exported(program: &Program, server: &Server) -> PathBuf {
    let names = ["a.png", "same.png", "page", "chunked.png", "moved.png", "resumed.png", "later.png", "gone.png"];
    program.file("list.txt", names.map(|name| format!("{}\n", server.url(&format!("/{name}")))).concat());
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    program.file("c/exhibit.toml", settings.replace("retry_milliseconds = 1000", "retry_milliseconds = 20"));
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(4);
    let told = program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(4).out;
    assert!(!told.contains("truncated"), "{told}");
    program.run(&["--case", "c", "recapture", "--all", "--allow-host", "127.0.0.1"]).code(4);
    program.run(&["--case", "c", "add", support::example().join("media/rubble.png").to_str().unwrap()]).code(0);
    program.run(&["--case", "c", "export", "--all", "--warc", "--to", "bag"]).code(0);
    program.run(&["verify", "bag"]).code(0);
    program.path("bag/data/capture/exchange.warc.gz")
}

#[test]
fn others_read_check_and_replay_our_exchanges() {
    let (program, server) = (Program::new(), Server::start());
    let bodies = whole(&server);
    let warc = exported(&program, &server);
    let told = check(&warc).code(0);
    assert!(told.out.contains("digest pass") && !told.out.contains("fail"), "{}\n{}", told.out, told.err);
    let kinds = strict(&warc).code(0).out;
    for kind in ["metadata=", "request=", "response=", "revisit=", "resource=1", "warcinfo=1"] {
        assert!(kinds.contains(kind), "{kinds}");
    }
    let mut replay = tool("python");
    replay.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/replay.py")).arg(&warc).arg(program.path("replay"));
    for (url, bytes) in &bodies {
        replay.arg(url).arg(Digest::of(bytes).to_string());
    }
    Ran::of(replay.output().unwrap()).code(0);
    let text = String::from_utf8_lossy(&unpacked(&std::fs::read(&warc).unwrap())).into_owned();
    assert!(text.contains("Location: /a3.png\r\nContent-Length: 9\r\n\r\nelsewhere\r\n"), "the body of a redirect");
    // The bytes of each run's answer are behind its own head.
    assert!(text.contains("\r\n\r\nbusy\r\n"), "the body of an answer after which it was asked again");
    let total = png(5).len() + 20_000;
    let head = format!("Content-Range: bytes 7000-{}/{total}\r\nContent-Length: {}\r\n", total - 1, total - 7000);
    let rest = "w".repeat(total - 7000);
    assert!(text.contains(&format!("{head}ETag: \"v5\"\r\nContent-Type: image/png\r\n\r\n{rest}\r\n")), "the rest");
    let cut: Vec<&str> = text.lines().filter(|line| line.starts_with("WARC-Truncated")).collect();
    assert!(cut.iter().all(|line| *line == "WARC-Truncated: disconnect") && !cut.is_empty(), "{cut:?}");
    // The same state gives the same bytes.
    program.run(&["--case", "c", "export", "--all", "--warc", "--to", "again"]).code(0);
    assert_eq!(std::fs::read(&warc).unwrap(), std::fs::read(program.path("again/data/capture/exchange.warc.gz")).unwrap());
}

fn unpacked(bytes: &[u8]) -> Vec<u8> {
    let mut all = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut all).unwrap();
    all
}

#[test]
fn one_changed_byte_is_seen() {
    let (program, server) = (Program::new(), Server::start());
    whole(&server);
    let warc = exported(&program, &server);
    let sound = std::fs::read(&warc).unwrap();
    let broken = program.path("broken.warc.gz");
    strict(&warc).code(0);
    check(&warc).code(0);
    let mut found = 0;
    for at in (40..sound.len()).step_by(sound.len() / 12) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x10;
        std::fs::write(&broken, &bytes).unwrap();
        let strict = strict(&broken);
        let seen = check(&broken).code != Some(0) || strict.code != Some(0);
        // Some bits of a gzip member's head say nothing about what is in it.
        assert!(seen || unpacked(&bytes) == unpacked(&sound), "byte {at} is seen by nobody");
        found += usize::from(seen);
    }
    assert!(found >= 10, "{found}");
    std::fs::write(&warc, [&sound[..100], &[sound[100] ^ 1], &sound[101..]].concat()).unwrap();
    program.run(&["verify", "bag"]).code(3);
}

#[test]
fn exchanges_that_are_withheld_are_not_in_a_warc_file_either() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.run(&["init", "c"]).code(0);
    program.run(&["--case", "c", "add", &server.url("/a.png"), "--allow-host", "127.0.0.1"]).code(0);
    let ran = program.run(&["--case", "c", "export", "--all", "--warc", "--withhold", "exchange", "--to", "bag"]).code(1);
    assert!(ran.err.contains("to be withheld") && !program.path("bag").exists(), "{}", ran.err);
}

/// Every line of the index leads to the record that it names, and the pages are in it.
const INDEX: &str = r#"
import gzip, io, json, sys, zipfile
from warcio.archiveiterator import ArchiveIterator
view = zipfile.ZipFile(sys.argv[1])
assert all(info.compress_type == 0 for info in view.infolist())
lines = gzip.decompress(view.read("indexes/index.cdx.gz")).decode().splitlines()
assert lines == sorted(lines)
warc = view.read("archive/exchange.warc.gz")
known = set()
for line in lines:
    key, stamp, told = line.split(" ", 2)
    told = json.loads(told)
    at = int(told["offset"])
    record = next(ArchiveIterator(io.BytesIO(warc[at:at + int(told["length"])])))
    assert record.rec_headers["WARC-Target-URI"] == told["url"], told
    known.add((told["url"], stamp))
pages = [json.loads(line) for line in view.read("pages/pages.jsonl").decode().splitlines()][1:]
assert pages
for page in pages:
    assert (page["url"], "".join(c for c in page["ts"] if c.isdigit())) in known, page
print(len(lines))
"#;

#[test]
fn the_wacz_view_is_valid_until_a_byte_changes() {
    let (program, server) = (Program::new(), Server::start());
    whole(&server);
    exported(&program, &server);
    program.run(&["--case", "c", "export", "--all", "--wacz", "--to", "viewed"]).code(0);
    program.run(&["verify", "viewed"]).code(0);
    let wacz = program.path("viewed/data/capture/exchange.wacz");
    let validate = |wacz: &Path| Ran::of(tool("wacz").args(["validate", "-f"]).arg(wacz).output().unwrap());
    let told = validate(&wacz).code(0);
    assert!(told.out.contains("Validation succeeded"), "{}{}", told.out, told.err);
    let lines = Ran::of(tool("python").args(["-c", INDEX]).arg(&wacz).output().unwrap()).code(0);
    assert!(lines.out.trim().parse::<usize>().unwrap() >= 10, "{}", lines.out);
    program.run(&["--case", "c", "export", "--all", "--wacz", "--to", "again"]).code(0);
    let sound = std::fs::read(&wacz).unwrap();
    assert_eq!(sound, std::fs::read(program.path("again/data/capture/exchange.wacz")).unwrap(), "the same state, the same bytes");
    // One byte of each file in it.
    let broken = program.path("broken.wacz");
    let names: [&[u8]; 5] = [b"WARC-Type", b"archive/exchange.warc.gz", b"cdxj-gzip-1.0", b"json-pages-1.0", b"wacz_version"];
    for (nth, name) in names.iter().enumerate() {
        let at = match nth {
            // Packed: somewhere in the first file.
            0 => 4000,
            _ => sound.windows(name.len()).rposition(|bytes| bytes == *name).unwrap() + 1,
        };
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        std::fs::write(&broken, &bytes).unwrap();
        let told = validate(&broken);
        assert!(told.code != Some(0) || !told.out.contains("Validation succeeded"), "byte {at}: {}", told.out);
    }
    program.run(&["--case", "c", "export", "--all", "--wacz", "--withhold", "exchange", "--to", "no"]).code(1);
}

#[test]
fn heads_that_were_cut_make_no_honest_bag_red() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/good.png", "image/png", png(1));
    for (path, head) in [("/cut.png", &b"HTTP/1.1 200 OK\r\nContent-Type: image/png"[..]), ("/other.png", b"SSH-2.0-x\r\n")] {
        server.on(path, move |connection, _| drop(connection.write_all(head)));
    }
    let list: String = ["/good.png", "/cut.png", "/other.png"].map(|path| server.url(path) + "\n").concat();
    program.file("list.txt", list);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(4);
    program.run(&["--case", "c", "export", "--all", "--to", "bag", "--warc", "--wacz"]).code(0);
    program.run(&["verify", "bag"]).code(0);
}
