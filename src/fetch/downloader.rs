//! Footage behind a platform's player, by yt-dlp, a program found at run time. What it says is not trusted: it runs
//! confined, in an empty directory, through a gate of ours; what it leaves there is looked at.

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::Client;
use super::confine::Confined;
use super::gate::Gate;
use crate::evidence::{Digest, Hop, Sha256, Tool};

/// yt-dlp as it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Downloader {
    program: PathBuf,
    /// The `exhibit` program, which confines it.
    helper: PathBuf,
    pub version: String,
    pub sha256: Digest,
    seconds: u64,
}

/// What a run left.
#[derive(Debug)]
pub struct Downloaded {
    /// Footage, the largest first, with its file name; then nothing else.
    pub media: Vec<PathBuf>,
    /// What the platform says of it, as yt-dlp wrote it down: one file a film, by the film's number.
    pub info: Vec<(String, PathBuf)>,
    /// It left more files than are looked at.
    pub too_many: bool,
    /// Why something that it asked for is not permitted.
    pub refused: Option<String>,
    /// Files that were not finished.
    pub unfinished: Vec<PathBuf>,
    /// The program said that all went well. Not trusted.
    pub claimed: bool,
    /// The last of what it said when something went wrong.
    pub said: String,
    /// The clock stopped it.
    pub stopped: bool,
    pub tool: Tool,
    pub hops: Vec<Hop>,
    /// Where all this lies, until dropped.
    _dir: TempDir,
}

/// The arguments before the address: nothing of the user's own settings, nothing run, nothing converted.
const ARGUMENTS: &[&str] = &[
    "--ignore-config",
    "--no-plugin-dirs",
    "--no-cache-dir",
    "--no-update",
    "--no-exec",
    "--no-playlist",
    "--no-progress",
    "--no-color",
    "--no-mtime",
    "--no-overwrites",
    "--no-simulate",
    "--fixup",
    "never",
    "--downloader",
    "native",
    "--abort-on-unavailable-fragments",
    "--retries",
    "3",
    "--fragment-retries",
    "3",
    "--socket-timeout",
    "30",
    "--write-info-json",
    "--restrict-filenames",
    // The best of what there is, as served: streams of picture and sound stay two files where the platform has two.
    "--format",
    "bv*,ba/b",
    "--output",
    "media.%(playlist_index|0)s.%(format_id)s.%(ext)s",
    "--output",
    "infojson:media.%(playlist_index|0)s",
    "--no-write-playlist-metafiles",
];

/// Bytes of what it says that are kept.
const SAID: usize = 16 * 1024;
/// Files that one run may leave.
const FILES: usize = 200;

/// Where a downloader may be. It is looked for when one is needed for the first time.
#[derive(Debug)]
pub struct Wanted {
    /// A name on the search path, or a path.
    pub name: String,
    /// The `exhibit` program, which confines it.
    pub helper: PathBuf,
    /// Seconds that one item may take.
    pub seconds: u64,
    found: OnceLock<Option<Downloader>>,
}

impl Wanted {
    pub fn new(name: String, helper: PathBuf, seconds: u64) -> Wanted {
        Wanted { name, helper, seconds, found: OnceLock::new() }
    }

    /// The downloader; none if it is not there. May take a second the first time: not on an async worker.
    pub fn find(&self) -> Option<&Downloader> {
        self.found.get_or_init(|| Downloader::find(&self.name, &self.helper, self.seconds)).as_ref()
    }
}

impl Downloader {
    /// Finds the program: a name on the search path, or a path. None where it is not there, or does not run.
    fn find(name: &str, helper: &Path, seconds: u64) -> Option<Downloader> {
        let program = match name.contains('/') {
            true => PathBuf::from(name),
            false => on_path(name)?,
        };
        let program = std::path::absolute(program).ok()?;
        let dir = tempfile::tempdir().ok()?;
        let mut command = Command::new(helper);
        command.arg("confine").arg("--dir").arg(dir.path()).args(["--port", "1", "--bytes", "1000000", "--seconds", "30"]);
        for path in needed(&program) {
            command.arg("--read").arg(path);
        }
        command.arg("--").arg(&program).args(["--ignore-config", "--version"]).current_dir(dir.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH")?).env("HOME", dir.path()).stdin(Stdio::null()).stderr(Stdio::null());
        let output = command.output().ok()?;
        let version = String::from_utf8_lossy(&output.stdout).trim().chars().take(100).collect::<String>();
        if !output.status.success() || version.is_empty() {
            return None;
        }
        let (mut file, mut hasher, mut buffer) = (fs::File::open(&program).ok()?, Sha256::default(), vec![0; 1 << 16]);
        loop {
            match file.read(&mut buffer).ok()? {
                0 => break,
                count => hasher.update(&buffer[..count]),
            }
        }
        Some(Downloader { program, helper: helper.to_path_buf(), version, sha256: hasher.finish(), seconds })
    }

    /// Downloads what an address shows into a directory of its own, below `scratch`. `token` is what the program says at the gate.
    pub async fn download(&self, client: &Client, url: &str, scratch: &Path, token: String) -> Result<Downloaded, String> {
        let failed = |what: &str, error: std::io::Error| format!("{what}: {error}");
        let gate = Gate::open(client.clone(), token).await.map_err(|error| failed("no gate could be opened for it", error))?;
        let own = format!("download-{}-", std::process::id());
        let dir = fs::create_dir_all(scratch).and_then(|()| {
            clear(scratch);
            tempfile::Builder::new().prefix(&own).tempdir_in(scratch)
        });
        let dir = dir.map_err(|error| failed("it got no directory", error))?;
        let limits = client.route().limits.clone();
        let mut command = Command::new(&self.helper);
        command.arg("confine").arg("--dir").arg(dir.path()).arg("--port").arg(gate.port.to_string());
        command.arg("--bytes").arg(limits.max_bytes.to_string()).arg("--seconds").arg(self.seconds.to_string());
        for path in needed(&self.program) {
            command.arg("--read").arg(path);
        }
        command.arg("--").arg(&self.program).args(ARGUMENTS);
        command.args(["--max-filesize", &limits.max_bytes.to_string()]);
        if let Some(languages) = &client.route().languages {
            command.args(["--add-headers", &format!("Accept-Language:{languages}")]);
        }
        command.args(["--user-agent", &client.route().user_agent, "--", url]);
        command.current_dir(dir.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        for (name, value) in [("LC_ALL", "C.UTF-8"), ("PYTHONDONTWRITEBYTECODE", "1"), ("PYTHONNOUSERSITE", "1")] {
            command.env(name, value);
        }
        // Not on the command line, which everybody on this machine can read.
        for name in ["http_proxy", "https_proxy"] {
            command.env(name, gate.address());
        }
        for name in ["HOME", "TMPDIR", "XDG_CONFIG_HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME"] {
            command.env(name, dir.path());
        }
        let seconds = self.seconds;
        // Its guard keeps the time; ours is for the guard.
        let run = move || run(command, Duration::from_secs(seconds.saturating_add(15)));
        let (claimed, stopped, said) = match tokio::task::spawn_blocking(run).await {
            Ok(run) => run.map_err(|error| failed("it could not be run", error))?,
            Err(error) => return Err(error.to_string()),
        };
        let confined = Confined::ALL.into_iter().find(|confined| said.starts_with(&format!("exhibit: {}\n", confined.as_str())));
        let said = said.split_once('\n').filter(|_| confined.is_some()).map_or(said.as_str(), |(_, rest)| rest).trim().to_owned();
        let (mut media, mut info, mut unfinished) = (Vec::new(), Vec::new(), Vec::new());
        // Only regular files, directly in the directory: links and devices are nobody's footage.
        let listed = fs::read_dir(dir.path()).map_err(|error| failed("its directory cannot be read", error))?;
        let mut files: Vec<_> = listed.flatten().take(FILES + 1).collect();
        let too_many = files.len() > FILES;
        files.truncate(FILES);
        files.sort_by_key(fs::DirEntry::file_name);
        for file in files.iter().filter(|file| file.file_type().is_ok_and(|kind| kind.is_file())) {
            let (path, name) = (file.path(), file.file_name().to_string_lossy().into_owned());
            match name.as_str() {
                _ if name.ends_with(".info.json") => {
                    let number = name.strip_prefix("media.").and_then(|rest| rest.split('.').next()).unwrap_or("").to_owned();
                    info.push((number, path));
                }
                _ if name.ends_with(".part") || name.ends_with(".ytdl") || name.contains(".part-Frag") => unfinished.push(path),
                _ => media.push(path),
            }
        }
        let size = |path: &PathBuf| fs::symlink_metadata(path).map_or(0, |found| found.len());
        media.sort_by_cached_key(|path| std::cmp::Reverse(size(path)));
        let mut arguments: Vec<String> = ARGUMENTS.iter().map(|argument| (*argument).to_owned()).collect();
        arguments.push(confined.unwrap_or(Confined::No).as_str().to_owned());
        let tool = Tool { name: "yt-dlp".into(), version: self.version.clone(), sha256: self.sha256, arguments };
        let (hops, refused) = (gate.seen(), gate.refused());
        Ok(Downloaded { media, info, too_many, refused, unfinished, claimed, said, stopped, tool, hops, _dir: dir })
    }
}

/// A program on the search path.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?).map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// What a program needs to read to run: itself, and the interpreter and packages that it names.
fn needed(program: &Path) -> Vec<PathBuf> {
    let mut paths = vec![program.to_path_buf()];
    let real = program.canonicalize().unwrap_or_else(|_| program.to_path_buf());
    paths.push(real.clone());
    let mut head = vec![0; 512];
    let count = fs::File::open(&real).and_then(|mut file| file.read(&mut head)).unwrap_or(0);
    let first = String::from_utf8_lossy(&head[..count]).lines().next().unwrap_or("").to_owned();
    let mut words = first.strip_prefix("#!").unwrap_or("").split_whitespace();
    let named = words.next().and_then(|first| match first.ends_with("/env") {
        // `#!/usr/bin/env python3`
        true => on_path(words.find(|word| !word.starts_with('-'))?),
        false => Some(PathBuf::from(first)),
    });
    let mut root = |path: &Path| {
        paths.push(path.to_path_buf());
        // `PREFIX/bin/python3`: its packages are in `PREFIX/lib`. Nothing else of the prefix, which can be a home.
        if let Some(prefix) =
            path.parent().filter(|dir| dir.ends_with("bin")).and_then(Path::parent).filter(|prefix| *prefix != Path::new("/"))
        {
            paths.push(prefix.join("pyvenv.cfg"));
            for lib in ["lib", "lib64"] {
                let packages = fs::read_dir(prefix.join(lib)).into_iter().flatten().flatten();
                let python = packages.filter(|entry| entry.file_name().to_string_lossy().contains("python"));
                paths.extend(python.map(|entry| entry.path()));
            }
        }
    };
    if let Some(interpreter) = named {
        root(&interpreter);
        // A chain of links, as virtual environments have.
        let mut next = interpreter;
        for _ in 0..8 {
            match fs::read_link(&next) {
                Ok(to) => next = next.parent().unwrap_or(Path::new("/")).join(to),
                Err(_) => break,
            }
            root(&next);
        }
    }
    paths.retain(|path| path.exists());
    paths
}

/// Runs a command to its end or to ours. Gives whether it succeeded, whether the clock stopped it, and what it said.
fn run(mut command: Command, longest: Duration) -> std::io::Result<(bool, bool, String)> {
    use std::os::unix::process::CommandExt;
    // A group of its own, so that what it starts ends with it.
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).process_group(0).spawn()?;
    let stderr = child.stderr.take();
    let reader = std::thread::spawn(move || {
        let (mut first, mut last) = (Vec::<u8>::new(), Vec::<u8>::new());
        let Some(mut stderr) = stderr else { return Vec::new() };
        let mut buffer = [0; 4096];
        while let Ok(count @ 1..) = stderr.read(&mut buffer) {
            let room = SAID.saturating_sub(first.len()).min(count);
            first.extend(&buffer[..room]);
            last.extend(&buffer[room..count]);
            let over = last.len().saturating_sub(SAID);
            last.drain(..over);
        }
        first.extend(last);
        first
    });
    let (begun, group) = (Instant::now(), child.id());
    let kill = || {
        let _ =
            Command::new("kill").args(["-KILL", "--", &format!("-{group}")]).stdin(Stdio::null()).stderr(Stdio::null()).status();
    };
    let mut stopped = false;
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        if begun.elapsed() > longest && !stopped {
            stopped = true;
            kill();
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    kill();
    // What it left running would hold the pipe open.
    for _ in 0..100 {
        if reader.is_finished() {
            break;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let said = if reader.is_finished() { reader.join().unwrap_or_default() } else { Vec::new() };
    stopped |= status.code() == Some(124);
    Ok((status.success(), stopped, String::from_utf8_lossy(&said).into_owned()))
}

/// Removes what runs left that are no more.
pub fn clear(scratch: &Path) {
    for left in fs::read_dir(scratch).into_iter().flatten().flatten() {
        let name = left.file_name().to_string_lossy().into_owned();
        // `browser-PID-…`, `download-PID-…`, `import-PID-…`
        let owner = name.split('-').nth(1).and_then(|pid| pid.parse::<u32>().ok());
        if owner.is_some_and(|pid| !Path::new(&format!("/proc/{pid}")).exists()) {
            let _ = fs::remove_dir_all(left.path());
        }
    }
}

/// Opens what a program left: a regular file with one name, in its directory, and nothing that it may lead to.
pub fn open_left(path: &Path) -> std::io::Result<fs::File> {
    use rustix::fs::{CWD, Mode, OFlags, openat};
    use std::os::unix::fs::MetadataExt;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = fs::File::from(openat(CWD, path, flags, Mode::empty())?);
    let found = file.metadata()?;
    if !found.is_file() || found.nlink() != 1 {
        return Err(std::io::Error::other("it is not a file of its own"));
    }
    Ok(file)
}

/// What an info file says, if it is one.
pub fn read_info(path: &Path) -> Option<Value> {
    const LARGEST: u64 = 64 << 20;
    let mut bytes = Vec::new();
    open_left(path).ok()?.take(LARGEST).read_to_end(&mut bytes).ok()?;
    serde_json::from_slice(&bytes).ok()
}
