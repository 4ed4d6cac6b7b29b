//! Pages in a real Chromium: what scripts build is captured with its footage, all that the page loaded is kept as it
//! was sent, and nothing leaves but through the gate.

mod support;

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::{Program, Ran, Server, example};

fn media(name: &str) -> Vec<u8> {
    std::fs::read(example().join("media").join(name)).unwrap()
}

fn digest(bytes: &[u8]) -> String {
    exhibit::evidence::Digest::of(bytes).to_string()
}

fn tool(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin").join(name);
    assert!(path.exists(), "tests/run installs {name}");
    path
}

/// Runs Python with what `tests/run` installs, and gives what it printed.
fn python(script: &str, arguments: &[&Path]) -> String {
    let output = Command::new(tool("python")).arg("-c").arg(script).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// A case, and a list of addresses to archive, with the browser.
fn archived(program: &Program, urls: &[String]) -> Ran {
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    program.file("c/exhibit.toml", settings.replace("time_zone = \"UTC\"", "time_zone = \"Asia/Damascus\""));
    program.file("list.txt", urls.join("\n"));
    browse(program, &["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"])
}

fn browse(program: &Program, arguments: &[&str]) -> Ran {
    Ran::of(program.command().env("EXHIBIT_BROWSER", "chromium").args(arguments).output().unwrap())
}

fn captures(program: &Program, id: &str) -> Vec<Value> {
    program.run(&["--case", "c", "show", id, "--json"]).code(0).json()["captures"].as_array().unwrap().clone()
}

fn exhibits(program: &Program) -> Vec<Value> {
    program.run(&["--case", "c", "list", "--json"]).code(0).json().as_array().unwrap().clone()
}

fn object(program: &Program, exhibits: &[Value], role: &str) -> PathBuf {
    let of = exhibits.iter().find(|one| one["role"] == role).unwrap_or_else(|| panic!("no {role}: {exhibits:#?}"));
    let name = of["sha256"].as_str().unwrap();
    let found = walkdir::WalkDir::new(program.path("c/vault")).into_iter().flatten();
    found.into_iter().find(|file| file.file_name().to_string_lossy().starts_with(name)).unwrap().into_path()
}

/// An Arabic page, 200 paragraphs tall, that builds its player by script and loads a picture when it is looked at.
const POST: &str = r#"<!DOCTYPE html><html lang="ar" dir="rtl"><head><meta charset="utf-8"><title>شارع مدمر</title></head>
<body style="margin:0"><div style="height:40px;background:#ff0000"></div><article><h1>لقطات من القرية</h1>
<p>يظهر في الفيديو شارع مدمر جنوب غرب إدلب.</p><div id="player"></div>
<script>
const v = document.createElement('video'); v.src = '/con' + 'voy.mp4'; v.controls = true; player.append(v);
const text = document.querySelector('article');
for (let i = 0; i < 200; i++) { const p = document.createElement('p'); p.style.height = '150px'; p.textContent = 'سطر ' + i; text.append(p) }
const f = document.createElement('figure');
f.innerHTML = '<img width="600" height="400" alt="شارع"><figcaption>صورة للشارع بعد القصف</figcaption>'; text.append(f);
new IntersectionObserver(all => { if (all[0].isIntersecting) f.firstChild.src = '/street.png' }).observe(f);
fetch('/api', { method: 'POST', body: 'hello' });
document.title += ' ' + Intl.DateTimeFormat().resolvedOptions().timeZone;
</script></article><div style="height:60px;background:#0000ff"></div></body></html>"#;

fn serve_post(server: &Server) -> String {
    server.serve("/post.html", "text/html", POST);
    server.serve("/convoy.mp4", "video/mp4", media("convoy.mp4"));
    server.serve("/street.png", "image/png", support::png(9));
    server.on("/api", |connection, request| {
        let length =
            request.to_ascii_lowercase().split("content-length: ").nth(1).and_then(|rest| rest.lines().next()?.parse().ok());
        let mut body = vec![0; length.unwrap_or(0)];
        let _ = std::io::Read::read_exact(connection, &mut body);
        support::respond(connection, "200 OK", "application/json", &[b"{\"said\":\"", body.as_slice(), b"\"}"].concat());
    });
    server.url("/post.html")
}

#[test]
fn a_page_that_builds_its_video_by_script_is_captured_with_its_footage() {
    let (program, server) = (Program::new(), Server::start());
    let url = serve_post(&server);
    archived(&program, &[url]).code(0);
    let all = exhibits(&program);
    let roles: Vec<&str> = all.iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["page", "rendered-page", "screenshot", "pdf", "original", "original"]);
    let held: Vec<&str> = all.iter().map(|one| one["sha256"].as_str().unwrap()).collect();
    assert_eq!(held[0], digest(POST.as_bytes()), "the source is as it was served, before any script");
    for footage in [media("convoy.mp4"), support::png(9)] {
        assert!(held.contains(&digest(&footage).as_str()), "{all:#?}");
    }
    // Asked for once each: what is kept is the browser's own exchange.
    for path in ["/post.html", "/convoy.mp4", "/street.png", "/api"] {
        assert_eq!(server.count(path), 1, "{path}");
    }
    let document = std::fs::read_to_string(object(&program, &all, "rendered-page")).unwrap();
    assert!(
        document.contains("<video src=\"/convoy.mp4\"") && document.contains("سطر 199") && document.contains("Asia/Damascus")
    );
    // The whole page, from its first pixel to its last.
    let colours = python(
        "import sys; from PIL import Image; i = Image.open(sys.argv[1]).convert('RGB'); print(i.size[0], i.size[1] > 30000, i.getpixel((5, 5)), i.getpixel((5, i.size[1] - 5)))",
        &[&object(&program, &all, "screenshot")],
    );
    assert_eq!(colours, "1280 True (255, 0, 0) (0, 0, 255)");
    let printed = python(
        "import sys, unicodedata, pypdf; t = ''.join(p.extract_text() for p in pypdf.PdfReader(open(sys.argv[1], 'rb')).pages); t = unicodedata.normalize('NFKC', t); print('شارع' in t or 'عراش' in t)",
        &[&object(&program, &all, "pdf")],
    );
    assert_eq!(printed, "True");
    let captures = captures(&program, "I1");
    assert_eq!(captures.len(), 1);
    let own = &captures[0];
    assert_eq!(
        (own["method"].as_str(), own["outcome"].as_str(), own["completeness"].as_str()),
        (Some("chromium"), Some("ok"), Some("complete")),
        "{}",
        own["because"]
    );
    let steps: Vec<&str> =
        own["exchange"]["steps"].as_array().unwrap().iter().map(|step| step["what"].as_str().unwrap()).collect();
    assert_eq!(steps, ["navigated", "loaded", "document", "screenshot", "pdf", "played"]);
    let log = program.run(&["--case", "c", "log", "--json"]).code(0).json();
    let tool = log.as_array().unwrap().iter().map(|row| &row["entry"]["event"]["tool"]).find(|tool| tool.is_object()).unwrap();
    assert!(tool["version"].as_str().unwrap().starts_with("Chrom") && tool["sha256"].as_str().unwrap().len() == 64, "{tool}");
    assert!(tool["arguments"].to_string().contains("confined to its directory and to the gate"), "{tool}");
    program.run(&["--case", "c", "verify"]).code(0);
    assert_eq!(std::fs::read_dir(program.path("c/scratch")).unwrap().count(), 0, "nothing is left behind");
    // All that it loaded is in the WARC file, requests with their bodies.
    program.run(&["--case", "c", "export", "--all", "--warc", "--to", "bag"]).code(0);
    let warc = program.path("bag/data/capture/exchange.warc.gz");
    let checked = Command::new(self::tool("warcio")).arg("check").arg(&warc).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
    let told = python(
        "import sys; from warcio.archiveiterator import ArchiveIterator\nfor r in ArchiveIterator(open(sys.argv[1], 'rb')):\n  if r.rec_type in ('request', 'response') and r.rec_headers['WARC-Target-URI'].endswith('/api'): print(r.rec_type, r.content_stream().read().decode())",
        &[&warc],
    );
    assert_eq!(told, "response {\"said\":\"hello\"}\nrequest hello");
    // A second time: the same footage is no second exhibit.
    browse(&program, &["--case", "c", "recapture", "--all", "--allow-host", "127.0.0.1"]).code(0);
    let again = exhibits(&program);
    assert_eq!(again.iter().filter(|one| one["role"] == "original").count(), 2);
}

#[test]
fn a_page_reaches_nothing_that_is_not_permitted_and_that_is_said() {
    let (program, server) = (Program::new(), Server::start());
    let trap = TcpListener::bind("127.0.0.2:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let inward = trap.local_addr().unwrap();
    server.serve(
        "/inward.html",
        "text/html",
        format!(
            "<!DOCTYPE html><title>T</title><p>Text.</p><img src='http://{inward}/a.png'><iframe src='http://{inward}/b'></iframe>\
             <img src='/away.png'><script>new WebSocket('ws://{inward}/c'); fetch('http://{inward}/d').catch(() => 0); \
             navigator.sendBeacon('http://{inward}/e', 'x')</script>"
        ),
    );
    server.on("/away.png", move |connection, _| {
        use std::io::Write;
        let _ = write!(connection, "HTTP/1.1 302 Found\r\nLocation: http://{inward}/f\r\nContent-Length: 0\r\n\r\n");
    });
    // The page itself leads inward.
    server.on("/gone.html", move |connection, _| {
        use std::io::Write;
        let _ = write!(connection, "HTTP/1.1 302 Found\r\nLocation: http://{inward}/g\r\nContent-Length: 0\r\n\r\n");
    });
    archived(&program, &[server.url("/inward.html"), server.url("/gone.html")]).code(4);
    assert!(trap.accept().is_err(), "nobody connected");
    let first = &captures(&program, "I1").pop().unwrap();
    assert_eq!((first["outcome"].as_str(), first["completeness"].as_str()), (Some("ok"), Some("partial")), "{first:#?}");
    let refused = first["exchange"]["hops"].as_array().unwrap().iter();
    let refused = refused.filter(|hop| hop["cut"].as_str().is_some_and(|why| why.contains("not a public address"))).count();
    assert!(refused >= 4, "{first:#?}");
    let second = &captures(&program, "I2").pop().unwrap();
    assert_eq!(second["outcome"], "refused-by-policy", "{second:#?}");
}

#[test]
fn nothing_leaves_but_through_the_gate() {
    let (program, server) = (Program::new(), Server::start());
    let url = serve_post(&server);
    program.run(&["init", "c"]).code(0);
    program.file("list.txt", &url);
    let trace = program.path("trace");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-yy", "-e", "trace=connect,sendto,sendmsg", "-o"]).arg(&trace).arg(env!("CARGO_BIN_EXE_exhibit"));
    command.args(["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]);
    command.current_dir(program.home.path()).env("XDG_CONFIG_HOME", program.path("config")).env("EXHIBIT_BROWSER", "chromium");
    let ran = Ran::of(command.output().unwrap());
    assert_eq!(ran.code, Some(0), "{}{}", ran.out, ran.err);
    let trace = std::fs::read_to_string(trace).unwrap();
    // Connecting a UDP socket sends nothing: Chromium asks the kernel so whether there is a route for IPv6.
    let sends = |line: &&str| match line.contains("connect(") {
        true => line.contains("<TCP") && !line.contains("127.0.0.1"),
        false => line.contains("<UDP") || line.contains("<TCP") && !line.contains("127.0.0.1"),
    };
    assert!(trace.contains("<TCP"), "the connections are seen");
    let away: Vec<&str> = trace.lines().filter(sends).collect();
    assert!(away.is_empty(), "{}", away.join("\n"));
    // And the server was asked for nothing but what the page names.
    let mut asked = server.asked.lock().unwrap().clone();
    asked.sort();
    assert_eq!(asked, ["/api", "/convoy.mp4", "/favicon.ico", "/post.html", "/street.png"]);
}

#[test]
fn a_report_by_its_address_is_shown_too_and_its_footage_is_captured_once() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/convoy.mp4", "video/mp4", media("convoy.mp4"));
    server.serve(
        "/report.html",
        "text/html",
        "<!DOCTYPE html><title>A report</title><article><h1>A report</h1><p>One video shows a street in ruins.</p><video src='/convoy.mp4'></video></article>",
    );
    program.run(&["init", "c"]).code(0);
    browse(&program, &["archive", "--case", "c", &server.url("/report.html"), "--allow-host", "127.0.0.1"]).code(0);
    let all = exhibits(&program);
    let count = |role: &str| all.iter().filter(|one| one["role"] == role).count();
    assert_eq!([count("original"), count("screenshot"), count("rendered-page"), count("pdf")], [1, 1, 1, 1], "{all:#?}");
    // Again: nothing new.
    browse(&program, &["archive", "--case", "c", &server.url("/report.html"), "--allow-host", "127.0.0.1"]).code(0);
    assert_eq!(exhibits(&program).len(), all.len());
}

#[test]
fn without_a_browser_the_source_is_kept_and_that_is_said() {
    let (program, server) = (Program::new(), Server::start());
    let url = serve_post(&server);
    program.run(&["init", "c"]).code(0);
    program.file("list.txt", url);
    let arguments = ["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"];
    Ran::of(program.command().env("EXHIBIT_BROWSER", "no-such-browser").args(arguments).output().unwrap()).code(0);
    let captures = captures(&program, "I1");
    assert_eq!(captures.len(), 1);
    let because = captures[0]["because"].as_str().unwrap();
    assert!(captures[0]["method"] == "http" && because.contains("no browser (chromium) was found on this machine"), "{because}");
}

#[test]
fn pages_that_misbehave_end_and_are_not_called_whole() {
    let (program, server) = (Program::new(), Server::start());
    server.serve(
        "/loops.html",
        "text/html",
        "<!DOCTYPE html><title>L</title><p>Text.</p><script>onload = () => { for (;;); }</script>",
    );
    server.serve(
        "/asks.html",
        "text/html",
        "<!DOCTYPE html><title>A</title><p>Text.</p><script>alert('a'); confirm('b'); print()</script>",
    );
    server.on("/breaks.html", |connection, _| {
        use std::io::Write;
        let _ = write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 5000\r\n\r\n<!DOCTYPE html><p>Broken"
        );
    });
    server.on("/gone.html", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"<p>gone"));
    server.serve("/never.html", "text/html", "<!DOCTYPE html><title>N</title><p>Text.</p><img src='/never.png'>");
    server.on("/never.png", |_, _| std::thread::sleep(std::time::Duration::from_secs(40)));
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    let short = settings.replace("browser_seconds = 90", "browser_seconds = 30").replace("idle_seconds = 30", "idle_seconds = 4");
    program.file("c/exhibit.toml", short.replace("retry_milliseconds = 1000", "retry_milliseconds = 10"));
    let names = ["loops", "asks", "breaks", "gone", "never"];
    program.file("list.txt", names.map(|name| server.url(&format!("/{name}.html"))).join("\n"));
    let begun = std::time::Instant::now();
    browse(&program, &["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(4);
    assert!(begun.elapsed().as_secs() < 180, "{:?}", begun.elapsed());
    let classes: Vec<(String, String)> = (1..=names.len())
        .map(|nth| {
            let own = captures(&program, &format!("I{nth}")).pop().unwrap();
            println!("{}: {}", own["url"], own["because"]);
            (own["outcome"].as_str().unwrap().to_owned(), own["completeness"].as_str().unwrap().to_owned())
        })
        .collect();
    let expected = [("ok", "partial"), ("ok", "complete"), ("ok", "truncated"), ("gone", "unverifiable"), ("ok", "partial")];
    let told: Vec<(&str, &str)> = classes.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    assert_eq!(told, expected);
    program.run(&["--case", "c", "verify"]).code(0);
}

/// Serves a file as most servers do: parts of it where parts are asked for.
fn serve_parts(server: &Server, path: &str, body: Vec<u8>) {
    server.on(path, move |connection, request| {
        use std::io::Write;
        let total = body.len();
        let range = request.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("range: bytes=").map(str::to_owned));
        let range = range.and_then(|range| {
            let (from, to) = range.trim().split_once('-')?;
            let from = from.parse::<usize>().ok()?;
            Some((from, to.parse::<usize>().unwrap_or(total - 1).min(total - 1)))
        });
        let (head, part) = match range {
            Some((from, to)) => (
                format!("206 Partial Content\r\nContent-Range: bytes {from}-{to}/{total}\r\nContent-Length: {}", to + 1 - from),
                &body[from..=to],
            ),
            None => (format!("200 OK\r\nContent-Length: {total}"), &body[..]),
        };
        let head = format!(
            "HTTP/1.1 {head}\r\nAccept-Ranges: bytes\r\nETag: \"v\"\r\nContent-Type: video/mp4\r\nConnection: close\r\n\r\n"
        );
        let _ = connection.write_all(head.as_bytes());
        for piece in part.chunks(1 << 16) {
            if connection.write_all(piece).is_err() {
                return;
            }
            // Slow enough that the player seeks before all is there.
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    });
}

#[test]
fn parts_that_a_player_asks_for_are_no_footage_of_their_own() {
    let (program, server) = (Program::new(), Server::start());
    // Its index stands at its end: the player seeks.
    let film = program.path("film.mp4");
    let made = Command::new("ffmpeg")
        .args([
            "-v",
            "error",
            "-f",
            "lavfi",
            "-i",
            "testsrc2=size=640x480:rate=25:duration=20",
            "-c:v",
            "mpeg4",
            "-b:v",
            "4M",
            "-bitexact",
        ])
        .arg(&film)
        .status();
    assert!(made.expect("tests/run installs ffmpeg").success());
    let film = std::fs::read(&film).unwrap();
    assert!(film.len() > 2_000_000 && film.windows(4).position(|four| four == b"moov").unwrap() > film.len() / 2);
    serve_parts(&server, "/film.mp4", film.clone());
    server.serve(
        "/post.html",
        "text/html",
        "<!DOCTYPE html><title>P</title><article><p>One video shows a street.</p><video src='/film.mp4' preload='auto' controls></video></article>",
    );
    archived(&program, &[server.url("/post.html")]).code(0);
    let all = exhibits(&program);
    let footage: Vec<&str> =
        all.iter().filter(|one| one["role"] == "original").map(|one| one["sha256"].as_str().unwrap()).collect();
    assert_eq!(footage, [digest(&film)], "{all:#?}");
    program.run(&["--case", "c", "export", "--all", "--warc", "--to", "bag"]).code(0);
    let warc = program.path("bag/data/capture/exchange.warc.gz");
    let checked = Command::new(tool("warcio")).arg("check").arg(&warc).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stdout));
}

#[test]
fn what_never_ends_ends_with_the_browser() {
    let (program, server) = (Program::new(), Server::start());
    let stopped = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    let told = stopped.clone();
    server.on("/events", move |connection, _| {
        use std::io::Write;
        let _ = write!(connection, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
        while connection.write_all(b"data: still here\n\n").is_ok() {
            std::thread::sleep(std::time::Duration::from_millis(50));
        }
        told.store(true, std::sync::atomic::Ordering::Relaxed);
    });
    server.serve(
        "/post.html",
        "text/html",
        "<!DOCTYPE html><title>P</title><article><p>Text.</p></article><script>new EventSource('/events')</script>",
    );
    let begun = std::time::Instant::now();
    archived(&program, &[server.url("/post.html")]).code(0);
    assert!(begun.elapsed().as_secs() < 80, "{:?}", begun.elapsed());
    let own = captures(&program, "I1").pop().unwrap();
    assert_eq!((own["outcome"].as_str(), own["completeness"].as_str()), (Some("ok"), Some("partial")), "{own:#?}");
    std::thread::sleep(std::time::Duration::from_millis(500));
    assert!(stopped.load(std::sync::atomic::Ordering::Relaxed), "the connection is closed");
    assert_eq!(std::fs::read_dir(program.path("c/scratch")).unwrap().count(), 0);
}
