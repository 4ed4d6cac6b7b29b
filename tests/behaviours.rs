//! Servers that misbehave: each named behaviour gets the right outcome and completeness, met at once and met by
//! the request for the rest of a body that broke off. No partial body is called complete.

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::{Program, Server};

/// A whole picture of about 60 KB.
fn picture() -> Vec<u8> {
    let small = support::png(7);
    let text = [b"tEXtseed\0".to_vec(), vec![b'x'; 60_000]].concat();
    let mut bytes = small[..33].to_vec();
    bytes.extend((text.len() as u32 - 4).to_be_bytes());
    bytes.extend(&text);
    bytes.extend([0; 4]);
    bytes.extend(&small[small.len() - 37..]);
    bytes
}

/// Another version of it, of the same size.
fn other() -> Vec<u8> {
    let mut bytes = picture();
    bytes[100] = b'y';
    bytes
}

/// One request as a behaviour sees it.
struct Asked<'a> {
    connection: &'a mut TcpStream,
    /// Where the rest begins, if only that is asked for.
    from: Option<usize>,
    /// How often this path was asked before.
    nth: usize,
}

impl Asked<'_> {
    fn write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = self.connection.write_all(bytes.as_ref());
    }

    fn rest(&self) -> Vec<u8> {
        picture()[self.from.unwrap_or(0)..].to_vec()
    }

    /// Status line and headers of an honest answer: 206 where the rest is asked for.
    fn head(&self, more: &str) -> String {
        let total = picture().len();
        match self.from {
            Some(from) => format!(
                "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}\r\nETag: \"v1\"\r\nConnection: close\r\n{more}\r\n",
                total - 1
            ),
            None => format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nConnection: close\r\n{more}\r\n"),
        }
    }

    fn honest(&mut self) {
        let rest = self.rest();
        let head = self.head(&format!("Content-Length: {}\r\n", rest.len()));
        self.write(head);
        self.write(rest);
    }

    fn status(&mut self, line: &str, more: &str) {
        self.write(format!(
            "HTTP/1.1 {line}\r\nContent-Type: text/html\r\nContent-Length: 4\r\n{more}Connection: close\r\n\r\noops"
        ));
    }

    fn whole(&mut self, media_type: &str, body: &[u8]) {
        self.write(format!(
            "HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            body.len()
        ));
        self.write(body);
    }

    fn reset(&self) {
        let _ = socket2::SockRef::from(&*self.connection).set_linger(Some(Duration::ZERO));
    }
}

type Act = fn(&mut Asked<'_>);
/// Outcome and completeness.
type Class = (&'static str, &'static str);

const WHOLE: Class = ("ok", "complete");
const CUT: Class = ("ok", "truncated");
const OPEN: Class = ("ok", "unverifiable");
const FAILED: Class = ("error", "unverifiable");

/// Name; met at once; met when asked for the rest; what it does.
const BEHAVIOURS: &[(&str, Class, Class, Act)] = &[
    ("honest", WHOLE, WHOLE, |a| a.honest()),
    ("chunked", WHOLE, WHOLE, |a| {
        let head = a.head("Transfer-Encoding: chunked\r\n");
        a.write(head);
        for chunk in a.rest().chunks(7000) {
            a.write([format!("{:x}\r\n", chunk.len()).as_bytes(), chunk, b"\r\n"].concat());
        }
        a.write("0\r\n\r\n");
    }),
    ("until-close", OPEN, WHOLE, |a| {
        let (head, rest) = (a.head(""), a.rest());
        a.write(head);
        a.write(rest);
    }),
    ("length-too-long", CUT, CUT, |a| {
        let rest = a.rest();
        let head = a.head(&format!("Content-Length: {}\r\n", rest.len()));
        a.write(head);
        a.write(&rest[..rest.len() / 2]);
    }),
    ("length-too-short", CUT, CUT, |a| {
        let (head, rest) = (a.head("Content-Length: 40\r\n"), a.rest());
        a.write(head);
        a.write(rest);
    }),
    ("end-behind-head", FAILED, CUT, |a| {
        let head = a.head(&format!("Content-Length: {}\r\n", a.rest().len()));
        a.write(head);
    }),
    ("reset-in-body", CUT, CUT, |a| {
        let rest = a.rest();
        let head = a.head(&format!("Content-Length: {}\r\n", rest.len()));
        a.write(head);
        a.write(&rest[..1000]);
        std::thread::sleep(Duration::from_millis(100));
        a.reset();
    }),
    ("reset-at-once", FAILED, CUT, |a| a.reset()),
    ("drip", CUT, CUT, |a| {
        let head = a.head(&format!("Content-Length: {}\r\n", a.rest().len()));
        a.write(head);
        for byte in a.rest().iter().take(60) {
            a.write([*byte]);
            std::thread::sleep(Duration::from_millis(200));
        }
    }),
    ("stall", CUT, CUT, |a| {
        let rest = a.rest();
        let head = a.head(&format!("Content-Length: {}\r\n", rest.len()));
        a.write(head);
        a.write(&rest[..2000]);
        std::thread::sleep(Duration::from_secs(6));
    }),
    ("endless", CUT, CUT, |a| {
        let head = a.head("");
        a.write(head);
        while a.connection.write_all(&[7; 8192]).is_ok() {}
    }),
    ("endless-chunks", CUT, CUT, |a| {
        let head = a.head("Transfer-Encoding: chunked\r\n");
        a.write(head);
        while a.connection.write_all(b"8\r\nabcdefgh\r\n").is_ok() {}
    }),
    ("silent", ("timeout", "unverifiable"), CUT, |_| std::thread::sleep(Duration::from_secs(6))),
    ("garbage", FAILED, CUT, |a| a.write("this is not HTTP\r\n\r\n")),
    ("endless-head", FAILED, CUT, |a| {
        a.write("HTTP/1.1 200 OK\r\n");
        while a.connection.write_all(b"X-More: and more and more and more\r\n").is_ok() {}
    }),
    ("404", ("gone", "complete"), CUT, |a| a.status("404 Not Found", "")),
    ("410", ("gone", "complete"), CUT, |a| a.status("410 Gone", "")),
    ("401", ("login-wall", "complete"), CUT, |a| a.status("401 Unauthorized", "")),
    ("403", ("blocked", "complete"), CUT, |a| a.status("403 Forbidden", "")),
    ("451", ("blocked", "complete"), CUT, |a| a.status("451 Unavailable For Legal Reasons", "")),
    ("500", ("error", "complete"), CUT, |a| a.status("500 Internal Server Error", "")),
    ("429-always", ("blocked", "complete"), CUT, |a| a.status("429 Too Many Requests", "")),
    ("429-once", WHOLE, WHOLE, |a| match a.nth {
        0 => a.status("429 Too Many Requests", "Retry-After: 0\r\n"),
        _ => a.honest(),
    }),
    ("429-for-long", ("blocked", "complete"), CUT, |a| match a.nth {
        0 => a.status("429 Too Many Requests", "Retry-After: 86400\r\n"),
        _ => a.honest(),
    }),
    ("503-always", ("error", "complete"), CUT, |a| a.status("503 Service Unavailable", "")),
    ("503-twice", WHOLE, WHOLE, |a| match a.nth {
        0 | 1 => a.status("503 Service Unavailable", ""),
        _ => a.honest(),
    }),
    ("504-always", ("timeout", "complete"), CUT, |a| a.status("504 Gateway Timeout", "")),
    ("closed-once", WHOLE, WHOLE, |a| {
        if a.nth > 0 {
            a.honest();
        }
    }),
    ("closed-always", FAILED, CUT, |_| {}),
    ("redirect", WHOLE, WHOLE, |a| a.status("302 Found", "Location: /plain.png\r\n")),
    ("redirect-with-an-endless-body", WHOLE, WHOLE, |a| {
        a.write("HTTP/1.1 302 Found\r\nLocation: /plain.png\r\n\r\n");
        while a.connection.write_all(&[b'm'; 8192]).is_ok() {}
    }),
    ("redirect-that-does-not-end", WHOLE, WHOLE, |a| {
        a.write("HTTP/1.1 302 Found\r\nLocation: /plain.png\r\nContent-Length: 100\r\n\r\nmoved");
        std::thread::sleep(Duration::from_secs(6));
    }),
    ("redirect-in-a-circle", FAILED, CUT, |a| a.status("302 Found", "Location: redirect-in-a-circle.png\r\n")),
    ("redirect-inward", ("refused-by-policy", "unverifiable"), CUT, |a| {
        a.status("302 Found", "Location: http://127.0.0.2/x\r\n")
    }),
    ("redirect-to-a-file", ("refused-by-policy", "unverifiable"), CUT, |a| {
        a.status("302 Found", "Location: file:///etc/passwd\r\n")
    }),
    ("redirect-nowhere", ("error", "complete"), CUT, |a| a.status("302 Found", "")),
    ("unavailable-page", ("placeholder", "complete"), ("placeholder", "complete"), |a| {
        a.whole("video/mp4", b"<!DOCTYPE html><html><body>Video unavailable</body></html>");
    }),
    ("unavailable-words", ("placeholder", "complete"), ("placeholder", "complete"), |a| {
        a.whole("image/png", b"This picture was removed.")
    }),
    ("wrong-type", WHOLE, WHOLE, |a| a.whole("text/plain", &picture())),
    ("nothing", FAILED, FAILED, |a| a.whole("image/png", b"")),
    ("204", FAILED, CUT, |a| a.write("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")),
    ("part-unasked", ("ok", "truncated"), CUT, |a| {
        let all = picture();
        a.write(format!(
            "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes 0-99/{}\r\nContent-Length: 100\r\n\r\n",
            all.len()
        ));
        a.write(&all[..100]);
    }),
    ("other-version-whole", WHOLE, WHOLE, |a| a.whole("image/png", &other())),
    ("other-version-part", WHOLE, CUT, |a| match a.from {
        None => a.honest(),
        Some(from) => {
            let (all, rest) = (other().len(), other()[from..].to_vec());
            a.write(format!("HTTP/1.1 206 Partial Content\r\nETag: \"v2\"\r\nContent-Range: bytes {from}-{}/{all}\r\nContent-Length: {}\r\n\r\n", all - 1, rest.len()));
            a.write(rest);
        }
    }),
    ("other-total", WHOLE, CUT, |a| match a.from {
        None => a.honest(),
        Some(from) => {
            let rest = a.rest();
            a.write(format!("HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {from}-99998/99999\r\nContent-Length: {}\r\n\r\n", rest.len()));
            a.write(rest);
        }
    }),
    ("wrong-range", WHOLE, CUT, |a| match a.from {
        None => a.honest(),
        Some(from) => {
            let all = picture();
            a.write(format!(
                "HTTP/1.1 206 Partial Content\r\nETag: \"v1\"\r\nContent-Range: bytes {}-{}/{}\r\nContent-Length: {}\r\n\r\n",
                from - 1,
                all.len() - 1,
                all.len(),
                all.len() - from + 1
            ));
            a.write(&all[from - 1..]);
        }
    }),
    ("range-unsaid", WHOLE, CUT, |a| match a.from {
        None => a.honest(),
        Some(_) => {
            let rest = a.rest();
            a.write(format!("HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\r\n", rest.len()));
            a.write(rest);
        }
    }),
    ("range-too-much", WHOLE, CUT, |a| match a.from {
        None => a.honest(),
        Some(_) => {
            let (head, rest) = (a.head(""), [a.rest(), vec![1; 50]].concat());
            a.write(head);
            a.write(rest);
        }
    }),
    ("416", ("error", "complete"), CUT, |a| a.status("416 Range Not Satisfiable", "")),
    ("no-ranges", WHOLE, WHOLE, |a| a.whole("image/png", &picture())),
    ("coded", OPEN, CUT, |a| {
        let rest = a.rest();
        let head = a.head(&format!("Content-Encoding: br\r\nContent-Length: {}\r\n", rest.len()));
        a.write(head);
        a.write(rest);
    }),
    ("coded-transfer", OPEN, CUT, |a| {
        let (head, rest) = (a.head("Transfer-Encoding: gzip\r\n"), a.rest());
        a.write(head);
        a.write(rest);
    }),
    ("chunk-without-end", CUT, CUT, |a| {
        let (head, rest) = (a.head("Transfer-Encoding: chunked\r\n"), a.rest());
        a.write(head);
        a.write([format!("{:x}\r\n", rest.len() + 10).as_bytes(), &rest[..rest.len() - 100]].concat());
    }),
    ("chunk-size-of-no-number", FAILED, CUT, |a| {
        let head = a.head("Transfer-Encoding: chunked\r\n");
        a.write(head);
        a.write("zz\r\nabc\r\n0\r\n\r\n");
    }),
    ("two-lengths", FAILED, CUT, |a| {
        let (head, rest) = (a.head("Content-Length: 10\r\nContent-Length: 20\r\n"), a.rest());
        a.write(head);
        a.write(rest);
    }),
    ("length-beyond-all", CUT, CUT, |a| {
        let (head, rest) = (a.head("Content-Length: 9223372036854775000\r\n"), a.rest());
        a.write(head);
        a.write(&rest[..rest.len() - 5]);
    }),
    ("file-cut", CUT, CUT, |a| {
        let rest = a.rest();
        let cut = &rest[..rest.len() - 20];
        let head = a.head(&format!("Content-Length: {}\r\n", cut.len()));
        a.write(head);
        a.write(cut);
    }),
    ("interim-answer", WHOLE, WHOLE, |a| {
        a.write("HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
        a.honest();
    }),
    ("http-1.0", OPEN, OPEN, |a| {
        a.write("HTTP/1.0 200 OK\r\nContent-Type: image/png\r\n\r\n");
        a.write(picture());
    }),
    ("slow-head", WHOLE, WHOLE, |a| {
        std::thread::sleep(Duration::from_millis(700));
        a.honest();
    }),
];

/// Captures an address for each behaviour, in one run, and gives the captures by name.
fn captured(program: &Program, server: &Server, names: &[&str]) -> BTreeMap<String, Value> {
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    let short = settings
        .replace("concurrency = 8", "concurrency = 32")
        .replace("max_bytes = 17179869184", "max_bytes = 200000")
        .replace("idle_seconds = 30", "idle_seconds = 2")
        .replace("total_seconds = 3600", "total_seconds = 5")
        .replace("retry_milliseconds = 1000", "retry_milliseconds = 20")
        .replace("per_host = 4", "per_host = 64");
    program.file("c/exhibit.toml", short);
    archived(program, server, names)
}

/// Archives the addresses, once more if they were archived before.
fn archived(program: &Program, server: &Server, names: &[&str]) -> BTreeMap<String, Value> {
    program.file("list.txt", names.iter().map(|name| format!("{}\n", server.url(&format!("/{name}.png")))).collect::<String>());
    let begun = Instant::now();
    let (told, most) = program.watched(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1", "--json"]);
    let told = told.code(4).json();
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!((1..=256 << 10).contains(&most), "{most} KiB were resident");
    program.run(&["--case", "c", "verify"]).code(0);
    let lines = told[0]["lines"].as_array().unwrap();
    assert_eq!(lines.len(), names.len());
    lines.iter().zip(names).map(|(line, name)| ((*name).to_owned(), line["capture"].clone())).collect()
}

fn check(captures: &BTreeMap<String, Value>, of: impl Fn(&(&'static str, Class, Class, Act)) -> Class) {
    let mut wrong = Vec::new();
    let sound: Vec<String> = [picture(), other()].iter().map(|bytes| exhibit::evidence::Digest::of(bytes).to_string()).collect();
    for behaviour in BEHAVIOURS {
        let capture = &captures[behaviour.0];
        let class = (capture["outcome"].as_str().unwrap(), capture["completeness"].as_str().unwrap());
        if class != of(behaviour) {
            wrong.push(format!("{}: {class:?} instead of {:?}: {}", behaviour.0, of(behaviour), capture["because"]));
        }
        // Whatever is called whole footage is one version of it, byte for byte.
        if class == WHOLE && !sound.iter().any(|digest| capture["sha256"] == **digest) {
            wrong.push(format!("{}: called complete, and it is not", behaviour.0));
        }
        let time = |name: &str| capture[name].as_str().unwrap().parse::<exhibit::evidence::Time>().unwrap().micros();
        if time("finished") - time("started") > 8_000_000 {
            wrong.push(format!("{}: took {} s", behaviour.0, (time("finished") - time("started")) / 1_000_000));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn names() -> Vec<&'static str> {
    BEHAVIOURS.iter().map(|(name, ..)| *name).collect()
}

fn from(request: &str) -> Option<usize> {
    let range = request.lines().find_map(|line| line.strip_prefix("range: bytes="))?;
    range.trim_end_matches('-').parse().ok()
}

fn plain(server: &Server) {
    server.on("/plain.png", |connection, request| Asked { connection, from: from(request), nth: 0 }.honest());
}

#[test]
fn every_behaviour_met_at_once() {
    assert!(BEHAVIOURS.len() >= 40);
    let (program, server) = (Program::new(), Server::start());
    plain(&server);
    for (name, _, _, act) in BEHAVIOURS {
        let count = AtomicUsize::new(0);
        server.on(&format!("/{name}.png"), move |connection, request| {
            act(&mut Asked { connection, from: from(request), nth: count.fetch_add(1, Ordering::Relaxed) });
        });
    }
    check(&captured(&program, &server, &names()), |behaviour| behaviour.1);
}

#[test]
fn every_behaviour_met_when_the_rest_is_asked_for() {
    let (program, server) = (Program::new(), Server::start());
    plain(&server);
    for (name, _, _, act) in BEHAVIOURS {
        let count = AtomicUsize::new(0);
        server.on(&format!("/{name}.png"), move |connection, request| {
            let nth = count.fetch_add(1, Ordering::Relaxed);
            if nth == 0 && from(request).is_none() {
                // The first answer breaks off in the middle.
                let all = picture();
                let head = format!(
                    "HTTP/1.1 200 OK\r\nETag: \"v1\"\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n",
                    all.len()
                );
                let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&all[..20_000]));
                return;
            }
            act(&mut Asked { connection, from: from(request), nth: nth - 1 });
        });
    }
    let captures = captured(&program, &server, &names());
    check(&captures, |behaviour| behaviour.2);
    let whole = &captures["honest"];
    assert!(whole["because"].to_string().contains("joined at byte 20000"), "{whole}");
    // What broke off is the beginning of what came: nothing is to be kept beside it.
    assert!(!captures["no-ranges"]["because"].to_string().contains("kept beside"), "{}", captures["no-ranges"]);
}

/// Met by a later run, which asks for the rest of what the run before kept.
const LATER: &[(&str, Class)] = &[("until-close", WHOLE), ("range-too-much", CUT)];

#[test]
fn every_behaviour_met_by_a_later_run() {
    let (program, server) = (Program::new(), Server::start());
    let later = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    plain(&server);
    for (name, _, _, act) in BEHAVIOURS {
        let (count, later) = (AtomicUsize::new(0), later.clone());
        server.on(&format!("/{name}.png"), move |connection, request| match later.load(Ordering::Relaxed) {
            false => breaks_off(connection, "ETag: \"v1\"\r\n"),
            true => act(&mut Asked { connection, from: from(request), nth: count.fetch_add(1, Ordering::Relaxed) }),
        });
    }
    let before = captured(&program, &server, &names());
    for (name, capture) in &before {
        assert_eq!((&capture["completeness"], &capture["received"]), (&"truncated".into(), &20_000.into()), "{name}: {capture}");
    }
    later.store(true, Ordering::Relaxed);
    let captures = archived(&program, &server, &names());
    // What came to nothing is told as it was met, and not by what came before it.
    check(&captures, |behaviour| LATER.iter().find(|(name, _)| *name == behaviour.0).map_or(behaviour.1, |(_, class)| *class));
    let honest = captures["honest"]["because"].as_str().unwrap();
    assert!(honest.contains("joined at byte 20000; the first 20000 bytes are those of K"), "{honest}");
    assert!(!captures["no-ranges"]["because"].to_string().contains("kept beside"), "{}", captures["no-ranges"]);
}

/// Serves a film that breaks off, and in later runs what `later` makes of it. Gives what begins those.
fn breaks_off_at_first(
    server: &Server,
    later: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static,
) -> std::sync::Arc<std::sync::atomic::AtomicBool> {
    let is_later = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let asked = is_later.clone();
    server.on("/film.png", move |connection, request| match asked.load(Ordering::Relaxed) {
        false => breaks_off(connection, "ETag: \"v1\"\r\n"),
        true => later(connection, request),
    });
    is_later
}

/// Archives the same list once more, and gives the capture of its first line.
fn again(program: &Program, code: i32) -> Value {
    let told = program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1", "--json"]).code(code).json();
    told[0]["lines"][0]["capture"].clone()
}

/// What is served anew is this run's, also where it is as long as what the run before kept.
#[test]
fn a_beginning_of_the_same_length_is_not_taken_for_the_one_before() {
    let (program, server) = (Program::new(), Server::start());
    let later = breaks_off_at_first(&server, |connection, _| {
        let head = format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n\r\n", other().len());
        let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&other()[..20_000]));
    });
    captured(&program, &server, &["film"]);
    later.store(true, Ordering::Relaxed);
    let capture = again(&program, 4);
    assert_eq!(capture["sha256"], exhibit::evidence::Digest::of(&other()[..20_000]).to_string(), "{capture}");
    assert_eq!(capture["completeness"], "truncated", "{capture}");
    assert!(!capture["because"].as_str().unwrap().contains("are those of"), "{capture}");
}

/// From run to run a little more comes, and nothing twice.
#[test]
fn each_run_goes_on_where_the_one_before_broke_off() {
    let (program, server) = (Program::new(), Server::start());
    let asked = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = asked.clone();
    server.on("/film.png", move |connection, request| {
        let (all, from) = (picture(), from(request));
        seen.lock().unwrap().push(from);
        let mut asked = Asked { connection, from, nth: 0 };
        let part = &all[from.unwrap_or(0)..all.len().min(from.unwrap_or(0) + 10_100)];
        let head = asked.head(&format!("Content-Length: {}\r\n", all.len() - from.unwrap_or(0)));
        asked.write(if from.is_none() { head.replace("200 OK", "200 OK\r\nETag: \"v1\"") } else { head });
        asked.write(part);
    });
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    program.file(
        "c/exhibit.toml",
        settings.replace("tries = 4", "tries = 1").replace("retry_milliseconds = 1000", "retry_milliseconds = 20"),
    );
    program.file("list.txt", server.url("/film.png"));
    // Where something is begun, it is asked once more than else.
    for received in [10_100, 30_300, 50_500] {
        assert_eq!(again(&program, 4)["received"], received);
    }
    let last = again(&program, 0);
    assert_eq!(last["sha256"], exhibit::evidence::Digest::of(&picture()).to_string(), "{last}");
    assert_eq!(*asked.lock().unwrap(), [None, Some(10_100), Some(20_200), Some(30_300), Some(40_400), Some(50_500)]);
}

#[test]
fn a_beginning_that_is_not_what_it_was_is_not_gone_on_with() {
    altered_beginning(false);
    altered_beginning(true);
}

fn altered_beginning(pipe: bool) {
    let (program, server) = (Program::new(), Server::start());
    let later = breaks_off_at_first(&server, |connection, request| Asked { connection, from: from(request), nth: 0 }.honest());
    captured(&program, &server, &["film"]);
    let begun = exhibit::evidence::Digest::of(&picture()[..20_000]);
    let kept = exhibit::vault::Layout::new(program.path("c")).object(&begun);
    let mut permissions = std::fs::metadata(&kept).unwrap().permissions();
    std::os::unix::fs::PermissionsExt::set_mode(&mut permissions, 0o644);
    std::fs::set_permissions(&kept, permissions).unwrap();
    std::fs::write(&kept, vec![0; 20_000]).unwrap();
    later.store(true, Ordering::Relaxed);
    // Nor is what cannot be read at all waited for.
    if pipe {
        std::fs::remove_file(&kept).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&kept).status().unwrap().success());
    }
    let capture = again(&program, 0);
    assert_eq!(capture["sha256"], exhibit::evidence::Digest::of(&picture()).to_string(), "{capture}");
    assert!(!capture["because"].as_str().unwrap().contains("joined"), "{capture}");
    program.run(&["--case", "c", "verify"]).code(3);
}

/// The beginning of a body of 60 KB, then nothing more.
fn breaks_off(connection: &mut TcpStream, more: &str) {
    let all = picture();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: {}\r\n{more}\r\n", all.len());
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(&all[..20_000]));
}

/// What another version of the file has from a byte on.
fn rest_of_other(connection: &mut TcpStream, from: usize, more: &str) {
    let (rest, total) = (&other()[from..], other().len());
    let head = format!(
        "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {from}-{}/{total}\r\nContent-Length: {}\r\nConnection: close\r\n{more}\r\n",
        total - 1,
        rest.len()
    );
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(rest));
}

#[test]
fn answers_that_do_not_prove_to_be_one_version_are_never_joined() {
    const DATES: &str = "Date: Sun, 22 Nov 2026 10:00:00 GMT\r\nLast-Modified: Sat, 21 Nov 2026 10:00:00 GMT\r\n";
    const LATER: &str = "Date: Sun, 22 Nov 2026 10:00:01 GMT\r\nLast-Modified: Sun, 22 Nov 2026 09:59:59 GMT\r\n";
    type Second = fn(&mut TcpStream, usize, &Server);
    let cases: [(&str, &str, Second); 4] = [
        ("another-date", DATES, |to, from, _| rest_of_other(to, from, LATER)),
        ("no-tag", "ETag: \"v1\"\r\n", |to, from, _| rest_of_other(to, from, "")),
        ("another-tag", "ETag: \"v1\"\r\n", |to, from, _| rest_of_other(to, from, "ETag: \"v2\"\r\n")),
        ("elsewhere", "ETag: \"v1\"\r\n", |to, _, server| {
            let _ = write!(to, "HTTP/1.1 302 Found\r\nLocation: {}\r\nContent-Length: 0\r\n\r\n", server.url("/moved.png"));
        }),
    ];
    let (program, server) = (Program::new(), std::sync::Arc::new(Server::start()));
    plain(&server);
    server.on("/moved.png", |connection, request| match from(request) {
        Some(from) => rest_of_other(connection, from, "ETag: \"v1\"\r\n"),
        None => support::respond(connection, "200 OK", "image/png", &other()),
    });
    for (name, named, second) in cases {
        let (count, here) = (AtomicUsize::new(0), server.clone());
        server.on(&format!("/{name}.png"), move |connection, request| {
            match (count.fetch_add(1, Ordering::Relaxed), from(request)) {
                (0, _) | (_, None) => breaks_off(connection, named),
                (_, Some(from)) => second(connection, from, &here),
            }
        });
    }
    let captures = captured(&program, &server, &cases.map(|(name, ..)| name));
    for (name, ..) in cases {
        let capture = &captures[name];
        let mixed = exhibit::evidence::Digest::of(&[&picture()[..20_000], &other()[20_000..]].concat()).to_string();
        assert_ne!(capture["sha256"], mixed, "{name}: {capture}");
        let whole = capture["sha256"] == exhibit::evidence::Digest::of(&other()).to_string();
        assert_eq!(capture["completeness"], if whole { "complete" } else { "truncated" }, "{name}: {capture}");
        assert_eq!(whole, name == "elsewhere", "{name}: {capture}");
    }
    assert!(captures["elsewhere"]["because"].as_str().unwrap().contains("kept beside"), "{captures:#?}");
}

#[test]
fn footage_that_broke_off_stays_when_a_page_is_served_instead() {
    let (program, server) = (Program::new(), Server::start());
    let count = AtomicUsize::new(0);
    server.on("/film.png", move |connection, _| match count.fetch_add(1, Ordering::Relaxed) {
        0 => breaks_off(connection, "ETag: \"v1\"\r\n"),
        _ => support::respond(connection, "200 OK", "text/html", b"<!DOCTYPE html><html><body>Please log in.</body></html>"),
    });
    let captures = captured(&program, &server, &["film"]);
    assert_eq!(captures["film"]["outcome"], "placeholder", "{captures:#?}");
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let kept = exhibit::evidence::Digest::of(&picture()[..20_000]).to_string();
    assert!(listed.as_array().unwrap().iter().any(|one| one["sha256"] == kept), "{listed:#?}");
    // It is not called what it is not: its film's last try was no film.
    let shown = program.run(&["--case", "c", "show", "E1"]).code(0).out;
    assert!(shown.contains("20000 bytes"), "{shown}");
}

/// A film of so many bytes, all but its beginning in a box that says nothing: what memory it takes must not grow with it.
/// `EXHIBIT_TEST_FULL=1`: 8 GiB.
#[test]
fn a_large_body_streams() {
    let small = std::fs::read(support::example().join("media/convoy.mp4")).unwrap();
    let large = if std::env::var_os("EXHIBIT_TEST_FULL").is_some() { 8 << 30 } else { 512 << 20 };
    let (program, server) = (Program::new(), Server::start());
    let mut most = Vec::new();
    for (nth, free) in [1u64 << 16, large].into_iter().enumerate() {
        let (film, size) = (small.clone(), small.len() as u64 + free);
        server.on(&format!("/{nth}.mp4"), move |connection, _| {
            let _ = connection.set_write_timeout(Some(Duration::from_secs(60)));
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\nContent-Length: {size}\r\nConnection: close\r\n\r\n");
            let free_box = [&[0, 0, 0, 1], &b"free"[..], &free.to_be_bytes()].concat();
            let begun = connection.write_all(&[head.as_bytes(), &film, &free_box].concat());
            let (zeros, mut left) = (vec![0; 1 << 20], free - 16);
            while begun.is_ok() && left > 0 {
                let count = left.min(zeros.len() as u64);
                match connection.write_all(&zeros[..count as usize]) {
                    Ok(()) => left -= count,
                    Err(_) => break,
                }
            }
        });
        program.file("list.txt", server.url(&format!("/{nth}.mp4")));
        let case = format!("c{nth}");
        let (told, resident) = program.watched(&["archive", "--case", &case, "list.txt", "--allow-host", "127.0.0.1", "--json"]);
        let capture = told.code(0).json()[0]["lines"][0]["capture"].clone();
        assert_eq!((capture["outcome"].as_str(), capture["completeness"].as_str()), (Some("ok"), Some("complete")), "{capture}");
        assert_eq!(capture["received"], size);
        program.run(&["--case", &case, "verify", "--full"]).code(0);
        most.push(resident);
    }
    eprintln!("resident: {} KiB with 64 KiB, {} KiB with {} MiB", most[0], most[1], large >> 20);
    assert!(most[0] > 0 && most[1] < most[0] + (64 << 10), "{most:?} KiB were resident");
}
