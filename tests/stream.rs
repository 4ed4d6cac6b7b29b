//! Streams made by ffmpeg: the playlist and each fragment are kept as served, the file made of them plays, and what is
//! missing is said.

mod support;

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use support::tamper::object_path;
use support::{Program, Server};

fn run(program: &str, arguments: &[&str], dir: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(dir)
        .output()
        .unwrap_or_else(|_| panic!("tests/run installs {program}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Six seconds of moving picture and sound.
const SOURCE: &[&str] = &[
    "-v",
    "error",
    "-y",
    "-f",
    "lavfi",
    "-i",
    "testsrc=size=320x240:rate=10:duration=6",
    "-f",
    "lavfi",
    "-i",
    "sine=frequency=440:duration=6",
    "-c:v",
    "mpeg4",
    "-g",
    "10",
    "-c:a",
    "aac",
    "-bitexact",
];

fn made(dir: &Path, more: &[&str]) {
    std::fs::create_dir_all(dir).unwrap();
    run("ffmpeg", &[SOURCE, more].concat(), dir);
}

fn serve(server: &Server, dir: &Path, at: &str) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for file in std::fs::read_dir(dir).unwrap().flatten() {
        let name = file.file_name().to_string_lossy().into_owned();
        server.serve(&format!("{at}/{name}"), "application/octet-stream", std::fs::read(file.path()).unwrap());
        names.push(name);
    }
    names.sort();
    names
}

/// Archives an address, and gives the item's captures and the exhibits.
fn archived(program: &Program, url: &str, code: i32) -> (Vec<Value>, Vec<Value>) {
    program.run(&["init", "c"]).code(0);
    program.file("list.txt", url);
    program.run(&["archive", "--case", "c", "list.txt", "--allow-host", "127.0.0.1"]).code(code);
    let shown = program.run(&["--case", "c", "show", "I1", "--json"]).code(0).json();
    let listed = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    program.run(&["--case", "c", "verify"]).code(0);
    (shown["captures"].as_array().unwrap().clone(), listed.as_array().unwrap().clone())
}

fn object(program: &Program, exhibit: &Value) -> PathBuf {
    let name = exhibit["sha256"].as_str().unwrap();
    let found = walkdir::WalkDir::new(program.path("c/vault")).into_iter().flatten();
    found.into_iter().find(|file| file.file_name().to_string_lossy().starts_with(name)).unwrap().into_path()
}

/// Packets of each stream of a file, as ffprobe counts them.
fn packets(file: &Path) -> Vec<u64> {
    let told = run(
        "ffprobe",
        &[
            "-v",
            "error",
            "-count_packets",
            "-show_entries",
            "stream=nb_read_packets",
            "-of",
            "csv=p=0",
            &file.display().to_string(),
        ],
        Path::new("/"),
    );
    told.lines().filter_map(|line| line.trim().trim_end_matches(',').parse().ok()).collect()
}

fn digest(path: &Path) -> String {
    exhibit::evidence::Digest::of(&std::fs::read(path).unwrap()).to_string()
}

/// That each fragment is an object of the case, and the derived file what players make of the stream.
fn check(program: &Program, captures: &[Value], exhibits: &[Value], dir: &Path, fragments: &[String], method: &str) {
    let own = captures.last().unwrap();
    assert_eq!(
        (own["method"].as_str(), own["outcome"].as_str(), own["completeness"].as_str()),
        (Some(method), Some("ok"), Some("complete")),
        "{}",
        own["because"]
    );
    let kept: Vec<&str> = own["exchange"]["hops"].as_array().unwrap().iter().filter_map(|hop| hop["body"].as_str()).collect();
    for name in fragments {
        assert!(kept.contains(&digest(&dir.join(name)).as_str()), "{name} is not kept");
    }
    let roles: Vec<&str> = exhibits.iter().map(|one| one["role"].as_str().unwrap()).collect();
    assert_eq!(roles[0], "page", "the playlist comes first: {roles:?}");
    assert!(roles.contains(&"derived") && roles.contains(&"sidecar"), "{roles:?}");
    // Whoever has the recipe makes the same file of the fragments.
    let recipe = exhibits.iter().find(|one| one["role"] == "sidecar").unwrap();
    let recipe: Value = serde_json::from_slice(&std::fs::read(object(program, recipe)).unwrap()).unwrap();
    let of = |sha256: &str| {
        std::fs::read_dir(dir).unwrap().flatten().map(|file| file.path()).find(|path| digest(path) == sha256).unwrap()
    };
    let mut again = Vec::new();
    for input in recipe["inputs"].as_array().unwrap() {
        let (from, length) = (input["from"].as_u64().unwrap() as usize, input["length"].as_u64().unwrap() as usize);
        again.extend(&std::fs::read(of(input["sha256"].as_str().unwrap())).unwrap()[from..from + length]);
    }
    assert_eq!(exhibit::evidence::Digest::of(&again).to_string(), recipe["sha256"].as_str().unwrap());
    program.run(&["--case", "c", "export", "--all", "--warc", "--to", "bag"]).code(0);
    program.run(&["verify", "bag"]).code(0);
    let objects = support::contents(&program.path("bag/data/objects"));
    for name in fragments {
        assert!(
            objects.keys().any(|path| path.display().to_string().contains(&digest(&dir.join(name)))),
            "{name} is not in the bag"
        );
    }
}

#[test]
fn hls_of_transport_streams_and_of_fragmented_mp4_is_captured_whole() {
    for (kind, more) in
        [("mpegts", vec![]), ("fmp4", vec!["-hls_fmp4_init_filename", "init.mp4"]), ("single", vec!["-hls_flags", "single_file"])]
    {
        let (program, server) = (Program::new(), Server::start());
        let dir = program.path("made");
        let kind_of = if kind == "single" { "mpegts" } else { kind };
        let options = [
            &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "-hls_segment_type", kind_of],
            more.as_slice(),
            &["list.m3u8"],
        ]
        .concat();
        made(&dir, &options);
        let names = serve(&server, &dir, "/v");
        let fragments: Vec<String> = names.into_iter().filter(|name| !name.ends_with(".m3u8")).collect();
        assert_eq!(
            fragments.len(),
            if kind == "single" {
                1
            } else if kind == "fmp4" {
                7
            } else {
                6
            },
            "{fragments:?}"
        );
        let (captures, exhibits) = archived(&program, &server.url("/v/list.m3u8"), 0);
        check(&program, &captures, &exhibits, &dir, &fragments, "hls");
        let film = exhibits.iter().find(|one| one["role"] == "derived").unwrap();
        // ffprobe lists the streams of a program twice.
        assert_eq!(packets(&object(&program, film))[..2], packets(&dir.join("list.m3u8"))[..2], "{kind}");
    }
}

#[test]
fn dash_is_captured_whole_each_track_a_file() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "dash", "-seg_duration", "1", "list.mpd"]);
    let names = serve(&server, &dir, "/v");
    let fragments: Vec<String> = names.into_iter().filter(|name| !name.ends_with(".mpd")).collect();
    let (captures, exhibits) = archived(&program, &server.url("/v/list.mpd"), 0);
    check(&program, &captures, &exhibits, &dir, &fragments, "dash");
    let films: Vec<Vec<u64>> =
        exhibits.iter().filter(|one| one["role"] == "derived").map(|one| packets(&object(&program, one))).collect();
    assert_eq!(films.len(), 2, "picture and sound");
    assert!(films.contains(&vec![60]), "{films:?}");
}

#[test]
fn the_best_of_several_versions_is_taken_and_what_is_missing_is_said() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "list.m3u8"]);
    serve(&server, &dir, "/v");
    server.serve(
        "/v/master.m3u8",
        "application/vnd.apple.mpegurl",
        "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1000\nlow.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=9000\nlist.m3u8\n",
    );
    let (captures, _) = archived(&program, &server.url("/v/master.m3u8"), 0);
    let own = captures.last().unwrap();
    assert!(own["because"].as_str().unwrap().contains("6 of 6 fragments (video); the best of 2 versions"), "{own:#?}");
    // One fragment is gone.
    let (program, server) = (Program::new(), Server::start());
    serve(&server, &dir, "/v");
    server.on("/v/list3.ts", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"gone"));
    let (captures, exhibits) = archived(&program, &server.url("/v/list.m3u8"), 4);
    let own = captures.last().unwrap();
    assert_eq!((own["outcome"].as_str(), own["completeness"].as_str()), (Some("ok"), Some("truncated")));
    assert!(own["because"].as_str().unwrap().contains("5 of 6 fragments"), "{own:#?}");
    assert!(exhibits.iter().all(|one| one["role"] != "derived"), "nothing is made of a part");
    // No exhibit stands for the pieces: they go with the playlist.
    let is_kept = || object_path(&program.path("c"), &digest(&dir.join("list0.ts"))).exists();
    assert!(is_kept());
    program.run(&["--case", "c", "purge", "E1", "--reason", "x", "--authority", "C", "--by", "A", "--second", "B"]).code(0);
    assert!(!is_kept());
    // A live one has no end.
    let (program, server) = (Program::new(), Server::start());
    serve(&server, &dir, "/v");
    let list = std::fs::read_to_string(dir.join("list.m3u8")).unwrap();
    server.serve(
        "/v/live.m3u8",
        "application/vnd.apple.mpegurl",
        list.replace("#EXT-X-ENDLIST", "").replace("#EXT-X-PLAYLIST-TYPE:VOD\n", ""),
    );
    let (captures, _) = archived(&program, &server.url("/v/live.m3u8"), 0);
    let own = captures.last().unwrap();
    assert_eq!(own["completeness"], "unverifiable", "{own:#?}");
}

#[test]
fn subtitles_of_a_stream_are_kept_piece_by_piece() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(
        dir.join("words.srt"),
        "1\n00:00:00,500 --> 00:00:01,500\nإدلب\n\n2\n00:00:03,000 --> 00:00:04,000\nA street\n",
    )
    .unwrap();
    let options =
        ["-i", "words.srt", "-map", "0:v", "-map", "1:a", "-map", "2:s", "-c:s", "webvtt", "-f", "hls", "-hls_time", "1"];
    let listed =
        ["-hls_playlist_type", "vod", "-master_pl_name", "master.m3u8", "-var_stream_map", "v:0,a:0,s:0,sgroup:t", "list.m3u8"];
    // Inputs come before what is said of the output.
    let (inputs, output) = SOURCE.split_at(SOURCE.iter().position(|word| *word == "-c:v").unwrap());
    run("ffmpeg", &[inputs, &options[..2], output, &options[2..], &listed].concat(), &dir);
    let names = serve(&server, &dir, "/v");
    let fragments: Vec<String> = names.into_iter().filter(|name| name.ends_with(".vtt") || name.ends_with(".ts")).collect();
    assert_eq!(fragments.len(), 12, "{fragments:?}");
    let (captures, exhibits) = archived(&program, &server.url("/v/master.m3u8"), 0);
    check(&program, &captures, &exhibits, &dir, &fragments, "hls");
    let because = captures.last().unwrap()["because"].as_str().unwrap();
    assert!(because.contains("12 of 12 fragments (video, text)"), "{because}");
    assert!(because.contains("text: each piece is a file of subtitles of its own"), "{because}");
}

/// Without its subtitles a film is still evidence, and not all that was listed.
#[test]
fn a_stream_whose_subtitles_are_gone_is_captured_and_not_called_whole() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "list.m3u8"]);
    serve(&server, &dir, "/v");
    server.on("/v/words.m3u8", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"gone"));
    server.serve(
        "/v/master.m3u8",
        "application/vnd.apple.mpegurl",
        "#EXTM3U\n#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID=\"t\",NAME=\"ar\",URI=\"words.m3u8\"\n#EXT-X-STREAM-INF:BANDWIDTH=1000,SUBTITLES=\"t\"\nlist.m3u8\n",
    );
    let (captures, exhibits) = archived(&program, &server.url("/v/master.m3u8"), 4);
    let own = captures.last().unwrap();
    assert_eq!((own["outcome"].as_str(), own["completeness"].as_str()), (Some("ok"), Some("truncated")), "{own}");
    let because = own["because"].as_str().unwrap();
    assert!(because.contains("6 of 6 fragments (video)") && because.contains("words.m3u8: the server answered 404"), "{because}");
    assert!(exhibits.iter().any(|one| one["role"] == "derived"), "the film is made");
}

/// A fragment of a stream on hold is not erased with another stream that has it, too.
#[test]
fn what_two_streams_share_is_not_erased_while_one_is_on_hold() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "list.m3u8"]);
    let fragments = serve(&server, &dir, "/v").iter().filter(|name| name.ends_with(".ts")).count();
    let list = std::fs::read_to_string(dir.join("list.m3u8")).unwrap();
    server.serve("/v/again.m3u8", "application/vnd.apple.mpegurl", list.replacen("list1.ts", "list0.ts", 1));
    program.run(&["init", "c"]).code(0);
    for name in ["list", "again"] {
        program.run(&["--case", "c", "add", &server.url(&format!("/v/{name}.m3u8")), "--allow-host", "127.0.0.1"]).code(0);
    }
    let all = program.run(&["--case", "c", "list", "--json"]).code(0).json();
    let of = |name: &str| {
        let url = server.url(&format!("/v/{name}.m3u8"));
        let mut own = all.as_array().unwrap().iter().filter(|one| one["url"] == url && one["role"] == "derived");
        own.next().unwrap_or_else(|| panic!("{name}: {all:#}"))["id"].as_str().unwrap().to_owned()
    };
    let (one, other) = (of("list"), of("again"));
    let held =
        || walkdir::WalkDir::new(program.path("c/vault")).into_iter().flatten().filter(|file| file.file_type().is_file()).count();
    let before = held();
    let purge = || {
        let order = ["--reason", "order", "--authority", "Court", "--by", "A", "--second", "B"];
        program.run(&[&["--case", "c", "purge", &one], &order[..]].concat())
    };
    program.run(&["--case", "c", "hold", &other, "--reason", "trial"]).code(0);
    let refused = purge().code(1);
    assert!(refused.err.contains(&format!("{other} is on hold")) && held() == before, "{before} {} {}", held(), refused.err);
    program.run(&["--case", "c", "hold", &other, "--lift", "--reason", "over"]).code(0);
    purge().code(0);
    assert!(held() + fragments < before, "{before} {fragments} {}", held());
    let told = program.run(&["--case", "c", "verify", "--json"]).code(3).json();
    assert!(told["findings"].as_array().unwrap().iter().all(|one| one["code"] == "object-erased"), "{told:#}");
    program.run(&["--case", "c", "export", "--all", "--to", "bag", "--warc"]).code(0);
}

/// Whether bytes are in a bag, as an object or in its WARC file.
fn leaves(program: &Program, bag: &str, piece: &str) -> bool {
    let inside = support::contents(&program.path(bag).join("data"));
    let warc = inside.keys().find(|path| path.ends_with("exchange.warc.gz")).unwrap();
    let warc = run("gzip", &["-dc", warc.to_str().unwrap()], Path::new("/"));
    let is_it = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(piece);
    inside.keys().any(is_it) || warc.contains(&format!("WARC-Payload-Digest: sha256:{piece}"))
}

/// A restricted film leaves neither whole nor in its pieces, also where it was captured again.
#[test]
fn a_restricted_stream_does_not_leave_piece_by_piece() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "list.m3u8"]);
    serve(&server, &dir, "/v");
    let piece = digest(&dir.join("list0.ts"));
    let (_, exhibits) = archived(&program, &server.url("/v/list.m3u8"), 0);
    let film = exhibits.iter().find(|one| one["role"] == "derived").unwrap()["id"].as_str().unwrap();
    let case = |args: &[&str]| program.run(&[&["--case", "c"], args].concat());
    // The playlist is new, and says the same: the film is the same.
    let list = std::fs::read_to_string(dir.join("list.m3u8")).unwrap();
    server.serve("/v/list.m3u8", "application/vnd.apple.mpegurl", format!("{list}# again\n"));
    case(&["recapture", "--all", "--allow-host", "127.0.0.1"]).code(0);
    case(&["export", "E1", "--to", "open", "--warc"]).code(0);
    assert!(leaves(&program, "open", &piece));
    case(&["handle", film, "--restrict", "court only"]).code(0);
    case(&["export", "E1", "--to", "closed", "--warc"]).code(0);
    assert!(!leaves(&program, "closed", &piece));
    // Of this one no film is made.
    server.on("/v/list3.ts", |connection, _| support::respond(connection, "404 Not Found", "text/html", b"gone"));
    let program = Program::new();
    let (_, exhibits) = archived(&program, &server.url("/v/list.m3u8"), 4);
    assert!(exhibits.iter().all(|one| one["role"] != "derived"));
    let case = |args: &[&str]| program.run(&[&["--case", "c"], args].concat());
    case(&["export", "R1", "--to", "open", "--warc"]).code(0);
    case(&["handle", "I1", "--restrict", "court only"]).code(0);
    case(&["export", "R1", "--leave-out-restricted", "--to", "closed", "--warc"]).code(0);
    assert!(leaves(&program, "open", &piece) && !leaves(&program, "closed", &piece));
}

/// An erasure takes the pieces of the film, and neither what is an exhibit of another item nor the pieces of another version.
#[test]
fn erasing_a_stream_leaves_what_is_not_its_own() {
    let (program, server) = (Program::new(), Server::start());
    let dir = program.path("made");
    made(&dir, &["-f", "hls", "-hls_time", "1", "-hls_playlist_type", "vod", "list.m3u8"]);
    serve(&server, &dir, "/v");
    let (_, exhibits) = archived(&program, &server.url("/v/list.m3u8"), 0);
    let film = exhibits.iter().find(|one| one["role"] == "derived").unwrap()["id"].as_str().unwrap();
    let case = |args: &[&str]| program.run(&[&["--case", "c"], args].concat());
    case(&["add", &server.url("/v/list0.ts"), "--allow-host", "127.0.0.1"]).code(0);
    // Another version, which is not all there.
    let list = std::fs::read_to_string(dir.join("list.m3u8")).unwrap();
    server.serve("/v/list.m3u8", "application/vnd.apple.mpegurl", list.replace("list", "new"));
    let empty_packet = [&[0x47, 0x1f, 0xff, 0x10][..], &[0xff; 184]].concat();
    for nth in 1..6 {
        let bytes = [std::fs::read(dir.join(format!("list{nth}.ts"))).unwrap(), empty_packet.clone()].concat();
        std::fs::write(dir.join(format!("new{nth}.ts")), &bytes).unwrap();
        server.serve(&format!("/v/new{nth}.ts"), "video/mp2t", bytes);
    }
    case(&["recapture", "I1", "--allow-host", "127.0.0.1"]);
    let is_kept = |name: &str| object_path(&program.path("c"), &digest(&dir.join(name))).exists();
    assert!(is_kept("list0.ts") && is_kept("list1.ts") && is_kept("new1.ts"));
    let order = ["--reason", "order", "--authority", "Court", "--by", "A", "--second", "B"];
    let told = case(&[&["purge", film, "--json"], &order[..]].concat()).code(0).json();
    assert!(is_kept("list0.ts") && !is_kept("list1.ts") && is_kept("new1.ts"), "{told:#}");
    let left: Vec<&str> = told["left"].as_array().unwrap().iter().map(|id| id.as_str().unwrap()).collect();
    let [_, newer] = left[..] else { panic!("two playlists: {left:?}") };
    case(&[&["purge", newer], &order[..]].concat()).code(0);
    assert!(is_kept("list0.ts") && !is_kept("new1.ts"));
    let told = case(&["verify", "--json"]).code(3).json();
    assert!(told["findings"].as_array().unwrap().iter().all(|one| one["code"] == "object-erased"), "{told:#}");
}

#[test]
fn a_playlist_that_leads_inward_reaches_nothing() {
    let (program, server) = (Program::new(), Server::start());
    let trap = std::net::TcpListener::bind("127.0.0.2:0").unwrap();
    trap.set_nonblocking(true).unwrap();
    let inward = trap.local_addr().unwrap();
    let list = format!(
        "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXT-X-MAP:URI=\"http://{inward}/init\"\n#EXT-X-KEY:METHOD=AES-128,URI=\"http://{inward}/key\"\n#EXTINF:4,\nhttp://{inward}/a.ts\n#EXTINF:4,\nfile:///etc/passwd\n#EXT-X-ENDLIST\n"
    );
    server.serve("/list.m3u8", "application/vnd.apple.mpegurl", list);
    let (captures, _) = archived(&program, &server.url("/list.m3u8"), 4);
    assert!(trap.accept().is_err(), "nobody connected");
    let own = captures.last().unwrap();
    assert_eq!(own["outcome"], "refused-by-policy", "{own:#?}");
}
