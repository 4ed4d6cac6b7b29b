//! What the tests share: a clock and chance of their own, cases in temporary directories, the built
//! program, and a server on loopback that behaves as it is told, byte for byte.

#![allow(dead_code)]

pub mod authority;
pub mod tamper;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use exhibit::evidence::{Clock, Randomness, Time, Verdict};
use exhibit::keyring::{FileKey, Trusted};
use exhibit::ledger::Signer;
use exhibit::stages::{Depth, Looking, Verification, verify_case};
use exhibit::vault::{Agent, LogRow, Ports, Reader, Replay, SumKey, Vault};
use tempfile::TempDir;

/// A clock that ticks one second a look, from 2019-04-14T06:30:00Z.
pub struct Ticking(AtomicI64);

impl Clock for Ticking {
    fn now(&self) -> Time {
        Time::from_micros(1_555_223_400_000_000 + self.0.fetch_add(1_000_000, Ordering::Relaxed))
    }
}

/// Chance that comes out the same each time.
pub struct Seeded(AtomicU64);

impl Randomness for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let count = self.0.fetch_add(1, Ordering::Relaxed);
            let digest = exhibit::evidence::Digest::of(&count.to_be_bytes()).0;
            chunk.copy_from_slice(&digest[..chunk.len()]);
        }
    }
}

/// The tests' own signing key.
pub fn key() -> Arc<FileKey> {
    Arc::new(FileKey::from_seed([7; 32]).unwrap())
}

/// Ports that make the same case each time.
pub fn ports() -> Ports {
    Ports {
        clock: Arc::new(Ticking(AtomicI64::new(0))),
        random: Arc::new(Seeded(AtomicU64::new(0))),
        signer: key(),
        agent: Agent { tool: "exhibit test".into(), person: Some("A. Tester".into()) },
    }
}

/// A case in a temporary directory.
pub fn case() -> (TempDir, PathBuf, Vault) {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path().join("case");
    let vault = Vault::create(&root, Some("A case".into()), exhibit::config::TEMPLATE, ports()).unwrap();
    (dir, root, vault)
}

/// Verifies, trusting the tests' key.
pub fn verify(root: &Path) -> Verification {
    let trusted = [Trusted { who: "test".into(), key: key().public().clone() }];
    let told = verify_case(root, &trusted, &Looking::at_all(Depth::Full)).unwrap();
    if told.verdict == Verdict::Green {
        sums_agree(root);
    }
    told
}

/// A good catalogue is known by its sums: nothing has to be replayed a second time.
fn sums_agree(root: &Path) {
    let (reader, key) = (Reader::open(root).unwrap(), SumKey::random().unwrap());
    let replay = Replay::begin(Reader::open(root).unwrap(), key.clone());
    let take = |row: LogRow| replay.take(row.index, &exhibit::ledger::open(&row.bytes, &row.sealed).unwrap());
    reader.entries(0..reader.size().unwrap(), take).unwrap();
    assert_eq!(replay.differing(&reader.sums(key).unwrap()).unwrap(), Vec::<&str>::new());
}

/// The built program, with a home of its own.
pub struct Program {
    pub home: TempDir,
}

impl Program {
    pub fn new() -> Program {
        Program { home: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_exhibit"));
        command.current_dir(self.home.path()).env("XDG_CONFIG_HOME", self.path("config")).env("COLUMNS", "80");
        // Its own test has one.
        command.env("EXHIBIT_BROWSER", "");
        for name in ["EXHIBIT_CASE", "EXHIBIT_BY", "EXHIBIT_KEY", "SSH_AUTH_SOCK"] {
            command.env_remove(name);
        }
        command
    }

    pub fn run(&self, args: &[&str]) -> Ran {
        Ran::of(self.command().args(args).output().unwrap())
    }

    /// Runs it, and tells the most memory that was resident, in KiB.
    pub fn watched(&self, args: &[&str]) -> (Ran, u64) {
        use std::process::Stdio;
        let mut command = self.command();
        let child = command.args(args).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let status = format!("/proc/{}/status", child.id());
        let watch = std::thread::spawn(move || {
            let mut most = 0;
            // A process that has ended has no memory to tell of.
            while let Some(now) = std::fs::read_to_string(&status).ok().and_then(|status| {
                let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
                line.trim_end_matches("kB").trim().parse::<u64>().ok()
            }) {
                most = most.max(now);
                std::thread::sleep(Duration::from_millis(5));
            }
            most
        });
        let output = child.wait_with_output().unwrap();
        (Ran::of(output), watch.join().unwrap())
    }

    /// Writes a file below the program's home.
    pub fn file(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    }
}

/// What a run of the program printed, and how it ended.
#[derive(Debug)]
pub struct Ran {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Ran {
        Ran {
            code: output.status.code(),
            out: String::from_utf8(output.stdout).expect("standard output is UTF-8"),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Asserts the exit code.
    #[track_caller]
    pub fn code(self, expected: i32) -> Ran {
        assert_eq!(self.code, Some(expected), "out:\n{}\nerr:\n{}", self.out, self.err);
        self
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out)
            .unwrap_or_else(|error| panic!("not one JSON document ({error}):\n{}\n{}", self.out, self.err))
    }
}

/// The repository's own example.
pub fn example() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/tell-amara")
}

/// Copies a directory, as `cp -r` does.
pub fn copy_dir(from: &Path, to: &Path) {
    for file in walkdir::WalkDir::new(from) {
        let file = file.unwrap();
        let target = to.join(file.path().strip_prefix(from).unwrap());
        if file.file_type().is_dir() {
            std::fs::create_dir_all(&target).unwrap();
        } else {
            std::fs::copy(file.path(), &target).unwrap();
        }
    }
}

/// Every file below a directory with its bytes.
pub fn contents(root: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let files = walkdir::WalkDir::new(root).into_iter().map(Result::unwrap).filter(|file| file.file_type().is_file());
    files.map(|file| (file.path().to_path_buf(), std::fs::read(file.path()).unwrap())).collect()
}

/// What a path of the test server does: writes to the connection whatever it likes.
pub type Behaviour = Arc<dyn Fn(&mut TcpStream, &str) + Send + Sync>;

/// An HTTP server on loopback, port 0, raw: it normalises nothing.
pub struct Server {
    pub address: SocketAddr,
    paths: Arc<Mutex<BTreeMap<String, Behaviour>>>,
    pub asked: Arc<Mutex<Vec<String>>>,
}

impl Server {
    pub fn start() -> Server {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let paths: Arc<Mutex<BTreeMap<String, Behaviour>>> = Arc::default();
        let asked: Arc<Mutex<Vec<String>>> = Arc::default();
        let (served, seen) = (paths.clone(), asked.clone());
        std::thread::spawn(move || {
            for connection in listener.incoming() {
                let Ok(mut connection) = connection else { continue };
                let (served, seen) = (served.clone(), seen.clone());
                std::thread::spawn(move || {
                    let request = head(&mut connection);
                    let path = request.split(' ').nth(1).unwrap_or("").to_owned();
                    seen.lock().unwrap().push(path.clone());
                    let behaviour = served.lock().unwrap().get(&path).cloned();
                    match behaviour {
                        Some(behaviour) => behaviour(&mut connection, &request),
                        None => respond(&mut connection, "404 Not Found", "text/html", b"<html>nothing here</html>"),
                    }
                });
            }
        });
        Server { address, paths, asked }
    }

    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Serves a path by a behaviour.
    pub fn on(&self, path: &str, behaviour: impl Fn(&mut TcpStream, &str) + Send + Sync + 'static) {
        self.paths.lock().unwrap().insert(path.to_owned(), Arc::new(behaviour));
    }

    /// Serves a path with plain bytes.
    pub fn serve(&self, path: &str, media_type: &'static str, bytes: impl Into<Vec<u8>>) {
        let bytes = bytes.into();
        self.on(path, move |connection, _| respond(connection, "200 OK", media_type, &bytes));
    }

    pub fn count(&self, path: &str) -> usize {
        self.asked.lock().unwrap().iter().filter(|asked| *asked == path).count()
    }
}

pub fn head(connection: &mut TcpStream) -> String {
    let _ = connection.set_read_timeout(Some(Duration::from_secs(10)));
    let (mut bytes, mut one) = (Vec::new(), [0]);
    while !bytes.ends_with(b"\r\n\r\n") && matches!(connection.read(&mut one), Ok(1)) {
        bytes.push(one[0]);
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// A whole, honest answer.
pub fn respond(connection: &mut TcpStream, status: &str, media_type: &str, body: &[u8]) {
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: {media_type}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
    let _ = connection.write_all(head.as_bytes()).and_then(|()| connection.write_all(body));
}

/// A tiny whole PNG whose bytes differ by `seed`.
pub fn png(seed: u8) -> Vec<u8> {
    // Signature, IHDR of a 1×1 picture, a text chunk that carries the seed, IDAT, IEND.
    let mut bytes = hex::decode("89504e470d0a1a0a0000000d4948445200000001000000010806000000 1f15c489".replace(' ', "")).unwrap();
    let text = [b"tEXtseed\0".to_vec(), vec![seed]].concat();
    bytes.extend((text.len() as u32 - 4).to_be_bytes());
    bytes.extend(&text);
    bytes.extend([0; 4]);
    bytes.extend(hex::decode("0000000d49444154789c6360606060000000050001a5f645400000000049454e44ae426082").unwrap());
    bytes
}

/// A capture of an item that brought nothing; what a test means to differ is set over it.
pub fn capture(key: &str, item: &str) -> exhibit::evidence::Capture {
    let time = Time::from_micros(1_555_223_400_000_000);
    exhibit::evidence::Capture {
        key: key.to_owned(),
        item: item.to_owned(),
        url: None,
        method: "http".into(),
        started: time,
        finished: time,
        outcome: exhibit::evidence::Outcome::Ok,
        completeness: exhibit::evidence::Completeness::Complete,
        because: "a test".into(),
        status: Some(200),
        redirects: 0,
        final_url: None,
        address: None,
        declared: None,
        received: 0,
        declared_type: None,
        alterations: Vec::new(),
        tool: None,
        route: "direct".into(),
        settings: exhibit::evidence::Digest::of(b""),
        object: None,
        exchange: None,
    }
}

/// Progress that nobody watches.
pub struct Silent;

impl exhibit::stages::Progress for Silent {
    fn begin(&mut self, _: usize) {}
    fn done(&mut self, _: &exhibit::evidence::Item, _: exhibit::evidence::Outcome, _: &str) {}
}

/// How to archive under the default settings.
pub fn archiving(ports: &Ports, concurrency: usize) -> exhibit::stages::Archive {
    let config = exhibit::config::Config::default();
    exhibit::stages::Archive {
        client: exhibit::fetch::Client::new(config.route(Default::default()).unwrap(), ports.clock.clone()),
        clock: ports.clock.clone(),
        concurrency,
        settings: config.capture_digest(),
        route: "direct".into(),
        fetch: true,
        recapture: false,
        url: None,
        published: None,
        reviews: Vec::new(),
        helper: None,
        downloader: None,
        browser: None,
        wayback: None,
        token: std::sync::Arc::new(|| "a secret of the tests".to_owned()),
        stop: Default::default(),
    }
}
