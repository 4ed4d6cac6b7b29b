//! Where requests go: nowhere that is not public, and through the proxy or not at all.

mod support;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use support::{Program, Server, png};

/// A listener on every address of this machine that counts who connects.
struct Trap {
    port: u16,
    connected: Arc<AtomicUsize>,
}

impl Trap {
    fn set() -> Trap {
        // Both kinds of address, where the machine has both.
        let listener = TcpListener::bind("[::]:0").or_else(|_| TcpListener::bind("0.0.0.0:0")).unwrap();
        let (port, connected) = (listener.local_addr().unwrap().port(), Arc::new(AtomicUsize::new(0)));
        let count = connected.clone();
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                count.fetch_add(1, Ordering::Relaxed);
                let mut connection = connection;
                let _ = connection.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecret");
            }
        });
        Trap { port, connected }
    }
}

/// Spellings of hosts that lead inward.
fn inward() -> Vec<String> {
    let mut hosts: Vec<String> = Vec::new();
    let v4: &[[u8; 4]] = &[
        [127, 0, 0, 1],
        [127, 1, 2, 3],
        [10, 0, 0, 1],
        [172, 16, 5, 4],
        [192, 168, 1, 1],
        [169, 254, 169, 254],
        [100, 64, 0, 1],
        [0, 0, 0, 0],
        [198, 18, 0, 1],
        [224, 0, 0, 1],
        [255, 255, 255, 255],
    ];
    for octets in v4 {
        let [a, b, c, d] = *octets;
        let number = u32::from_be_bytes(*octets);
        hosts.extend([
            format!("{a}.{b}.{c}.{d}"),
            format!("{a}.{b}.{c}.{d}."),
            format!("{number}"),
            format!("0x{number:08x}"),
            format!("0X{number:X}"),
            format!("0{number:o}"),
            format!("0x{a:x}.0x{b:x}.0x{c:x}.0x{d:x}"),
            format!("0{a:o}.0{b:o}.0{c:o}.0{d:o}"),
            format!("{a}.{b}.{}", u32::from(c) << 8 | u32::from(d)),
            format!("{a}.{}", number & 0xff_ffff),
            format!("[::ffff:{a}.{b}.{c}.{d}]"),
            format!("[::ffff:{:x}:{:x}]", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            format!("[64:ff9b::{a}.{b}.{c}.{d}]"),
            format!("[2002:{:x}:{:x}::1]", u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d])),
            format!("[::{a}.{b}.{c}.{d}]"),
        ]);
    }
    let more = [
        "localhost",
        "LOCALHOST",
        "localhost.",
        "anything.localhost",
        "[::1]",
        "[::]",
        "[0:0:0:0:0:0:0:1]",
        "[fe80::1]",
        "[fc00::1]",
        "[fd00:ec2::254]",
        "[ff02::1]",
        "[64:ff9b:1::1]",
        "[2001:db8::1]",
        "[100::1]",
        "127.1",
        "127.0.1",
        "0",
        "0x7f.1",
        "%31%32%37.0.0.1",
        "127%2e0%2e0%2e1",
        "１２７.0.0.1",
        "127。0。0。1",
        "①②⑦.⓪.⓪.①",
        "ⓛⓞⓒⓐⓛⓗⓞⓢⓣ",
    ];
    hosts.extend(more.map(str::to_owned));
    hosts
}

#[test]
fn no_spelling_of_an_inward_address_is_connected_to() {
    let (program, trap) = (Program::new(), Trap::set());
    program.run(&["init", "c"]).code(0);
    let hosts = inward();
    assert!(hosts.len() >= 150, "{}", hosts.len());
    let mut urls: Vec<String> = hosts.iter().map(|host| format!("http://{host}:{}/x.png", trap.port)).collect();
    urls.extend([
        format!("http://public.example@127.0.0.1:{}/x.png", trap.port),
        format!("http://127.0.0.1:{}\\@public.example/x.png", trap.port),
        format!("http:\\\\127.0.0.1:{}\\x.png", trap.port),
        format!("https://127.0.0.1:{}/x.png", trap.port),
        format!("http://127.0.0.1\t:{}/x.png", trap.port),
    ]);
    let mut args = vec!["--case", "c", "add", "--json"];
    args.extend(urls.iter().map(String::as_str));
    let told = program.run(&args);
    let told: Vec<serde_json::Value> = serde_json::from_str(&told.out).unwrap();
    let outcomes: Vec<(&str, &str)> =
        told.iter().map(|one| (one["source"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect();
    assert!(outcomes.iter().all(|(_, outcome)| matches!(*outcome, "refused-by-policy" | "error")), "{outcomes:?}");
    let refused = outcomes.iter().filter(|(_, outcome)| *outcome == "refused-by-policy").count();
    assert!(refused >= 150, "{refused}: {outcomes:?}");
    assert_eq!(trap.connected.load(Ordering::Relaxed), 0);
}

#[test]
fn no_redirect_to_an_inward_address_is_followed() {
    let (program, trap) = (Program::new(), Trap::set());
    // The server that redirects is permitted by its own address, which is none of those that are tried.
    let listener = TcpListener::bind((Ipv4Addr::new(127, 0, 0, 99), 0)).unwrap();
    let (address, port) = (listener.local_addr().unwrap(), trap.port);
    let hosts: Vec<String> = inward();
    let targets = hosts.clone();
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let mut connection = connection;
            let request = support::head(&mut connection);
            let nth: usize = request.split(['/', ' ']).nth(2).and_then(|nth| nth.parse().ok()).unwrap_or(0);
            let head =
                format!("HTTP/1.1 302 Found\r\nLocation: http://{}:{port}/x.png\r\nContent-Length: 0\r\n\r\n", targets[nth]);
            let _ = connection.write_all(head.as_bytes());
        }
    });
    program.run(&["init", "c"]).code(0);
    let urls: Vec<String> = (0..hosts.len()).map(|nth| format!("http://{address}/{nth}")).collect();
    let mut args = vec!["--case", "c", "add", "--allow-host", "127.0.0.99", "--json"];
    args.extend(urls.iter().map(String::as_str));
    let told = program.run(&args);
    let told: Vec<serde_json::Value> = serde_json::from_str(&told.out).unwrap();
    assert_eq!(told.len(), hosts.len());
    let followed: Vec<_> =
        told.iter().filter(|one| !matches!(one["outcome"].as_str(), Some("refused-by-policy" | "error"))).collect();
    assert!(followed.is_empty(), "{followed:?}");
    assert_eq!(trap.connected.load(Ordering::Relaxed), 0);
}

/// A real proxy, stopped when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port()
}

fn wait_for(port: u16) {
    for _ in 0..200 {
        if std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return;
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    panic!("nothing listens on {port}");
}

fn socks(login: Option<(&str, &str)>) -> (Running, u16) {
    let port = free_port();
    let mut command = Command::new("microsocks");
    command.args(["-i", "127.0.0.1", "-p", &port.to_string()]).stdout(Stdio::null()).stderr(Stdio::null());
    if let Some((user, password)) = login {
        command.args(["-u", user, "-P", password]);
    }
    let running = Running(command.spawn().expect("tests/run installs microsocks"));
    wait_for(port);
    (running, port)
}

fn tinyproxy(program: &Program) -> (Running, u16) {
    let port = free_port();
    let settings = format!(
        "Port {port}\nListen 127.0.0.1\nTimeout 30\nMaxClients 20\nAllow 127.0.0.1\nLogLevel Error\nLogFile \"/dev/null\"\n"
    );
    let file = program.file("tinyproxy.conf", settings);
    let mut command = Command::new("tinyproxy");
    command.args(["-d", "-c"]).arg(file).stdout(Stdio::null()).stderr(Stdio::null());
    let running = Running(command.spawn().expect("tests/run installs tinyproxy"));
    wait_for(port);
    (running, port)
}

/// Runs the program under a tracer, and gives every call that connected or sent to a network address.
fn traced(program: &Program, args: &[&str]) -> (support::Ran, Vec<String>) {
    let log = program.path("trace.txt");
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-e", "trace=connect,sendto,sendmsg,sendmmsg", "-o"]).arg(&log).arg(env!("CARGO_BIN_EXE_exhibit"));
    command.args(args).current_dir(program.home.path()).env("XDG_CONFIG_HOME", program.path("config"));
    let ran = support::Ran::of(command.output().expect("tests/run installs strace"));
    let text = std::fs::read_to_string(&log).unwrap();
    let sent = text.lines().filter(|line| line.contains("AF_INET")).map(str::to_owned).collect();
    (ran, sent)
}

#[test]
fn through_a_proxy_nothing_goes_out_beside_it_and_no_name_is_resolved_here() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    let port = server.address.port();
    program.run(&["init", "c"]).code(0);
    let (_plain, open) = socks(None);
    let (_guarded, guarded) = socks(Some(("me", "pa:ss")));
    let (_http, http) = tinyproxy(&program);
    for (nth, (proxy, its)) in [
        (format!("socks5h://127.0.0.1:{open}"), open),
        (format!("socks5h://me:pa%3Ass@127.0.0.1:{guarded}"), guarded),
        (format!("http://127.0.0.1:{http}"), http),
    ]
    .into_iter()
    .enumerate()
    {
        // A name that only the proxy resolves; that it means this machine is permitted.
        let url = format!("http://localhost:{port}/a.png?{nth}");
        server.serve(&format!("/a.png?{nth}"), "image/png", png(1));
        let (ran, sent) =
            traced(&program, &["--case", "c", "add", &url, "--allow-host", "localhost", "--proxy", &proxy, "--json"]);
        let told = ran.code(0).json();
        assert_eq!(told[0]["outcome"], "ok", "{proxy}: {told}");
        assert!(!sent.is_empty() && sent.iter().all(|line| line.contains(&format!("htons({its})"))), "{proxy}: {sent:#?}");
        let id = told[0]["exhibit"].as_str().unwrap();
        let shown = program.run(&["--case", "c", "show", id, "--json"]).code(0).out;
        assert!(shown.contains(&format!("127.0.0.1:{its}")) && !shown.contains("pa%3Ass") && !shown.contains("pa:ss"), "{shown}");
        assert!(shown.contains("\"route\": \"proxy\""), "{shown}");
    }
}

#[test]
fn with_its_proxy_down_nothing_leaves() {
    let (program, server) = (Program::new(), Server::start());
    server.serve("/a.png", "image/png", png(1));
    program.run(&["init", "c"]).code(0);
    let settings = std::fs::read_to_string(program.path("c/exhibit.toml")).unwrap();
    let down = free_port();
    let settings = settings
        .replace("proxy = \"\"", &format!("proxy = \"socks5h://127.0.0.1:{down}\""))
        .replace("retry_milliseconds = 1000", "retry_milliseconds = 1");
    program.file("c/exhibit.toml", &settings);
    let url = format!("http://localhost:{}/a.png", server.address.port());
    for command in [
        &["--case", "c", "add", &url, "--allow-host", "localhost"][..],
        &["--case", "c", "archive", &url, "--allow-host", "localhost"],
        &["--case", "c", "refs", &url, "--allow-host", "localhost"],
    ] {
        let (ran, sent) = traced(&program, command);
        assert_ne!(ran.code, Some(0));
        let told = ran.out + &ran.err;
        assert!(told.contains("nothing was sent without it"), "{told}");
        assert!(sent.iter().all(|line| line.contains(&format!("htons({down})"))), "{sent:#?}");
    }
    assert_eq!(server.asked.lock().unwrap().len(), 0);
    // A proxy that cannot be read stops everything, too.
    program.file("c/exhibit.toml", settings.replace("socks5h://", "socks5://"));
    let ran = program.run(&["--case", "c", "add", &url]).code(1);
    assert!(ran.err.contains("is not a proxy") && ran.err.contains("nothing was sent"), "{}", ran.err);
}

#[test]
fn in_a_network_where_only_the_proxy_is_reachable_items_come_and_without_it_none() {
    let program = Program::new();
    let probe = Command::new("unshare").args(["-rn", "true"]).output().unwrap();
    if !probe.status.success() {
        assert!(std::env::var_os("CI").is_none(), "CI must be able to make a network namespace");
        eprintln!("not tested here: this machine lets nobody make a network namespace");
        return;
    }
    program.run(&["init", "c"]).code(0);
    program.file("web/clip.png", png(3));
    // In the namespace there is loopback and nothing else; the server behind the proxy listens there, too.
    let script = r#"
        set -e
        ip link set lo up
        (cd web && exec python3 -m http.server --bind 127.0.0.1 18080 >/dev/null 2>&1) &
        web=$!
        microsocks -i 127.0.0.1 -p 19050 2>/dev/null &
        socks=$!
        trap 'kill $web $socks 2>/dev/null || true' EXIT
        for i in $(seq 200); do python3 -c 'import socket; [socket.create_connection(("127.0.0.1", port)).close() for port in (18080, 19050)]' 2>/dev/null && break; sleep 0.05; done
        "$EXHIBIT" --case c add http://localhost:18080/clip.png --allow-host localhost --proxy socks5h://127.0.0.1:19050
        "$EXHIBIT" --case c add http://news.example:18080/other.png && exit 9
        kill $socks
        "$EXHIBIT" --case c add http://localhost:18080/clip.png --allow-host localhost --proxy socks5h://127.0.0.1:19050 && exit 9
        echo end
    "#;
    let mut command = Command::new("unshare");
    command.args(["-rn", "sh", "-c", script]).current_dir(program.home.path());
    command.env("XDG_CONFIG_HOME", program.path("config")).env("EXHIBIT", env!("CARGO_BIN_EXE_exhibit"));
    let ran = support::Ran::of(command.output().unwrap()).code(0);
    assert!(ran.out.starts_with("E1 ") && ran.out.ends_with("end\n"), "{}\n{}", ran.out, ran.err);
    assert!(ran.out.contains("nothing was sent without it"), "{}", ran.out);
}
