//! Keeping a program that is not ours in its directory: Landlock (Linux 5.13 and newer). Reading is allowed below
//! the paths that the program needs to run, writing in one directory, connecting to one port of TCP.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    Scope, path_beneath_rules,
};
use rlimit::Resource;

/// How far this machine confines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confined {
    /// Files and network.
    Full,
    /// Files, and of the rest what an older kernel than 6.12 can.
    Files,
    No,
}

impl Confined {
    pub const ALL: [Confined; 3] = [Confined::Full, Confined::Files, Confined::No];

    pub fn as_str(self) -> &'static str {
        match self {
            Confined::Full => "confined to its directory and to the gate",
            Confined::Files => "confined to its directory",
            Confined::No => "not confined: this system cannot",
        }
    }
}

/// Limits that hold for the program and all that it starts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bounds {
    /// The only directory that can be written to.
    pub dir: PathBuf,
    /// What can be read and run beside the system's own programs and libraries.
    pub read: Vec<PathBuf>,
    /// The only port that can be connected to.
    pub port: u16,
    /// Bytes of one file.
    pub bytes: u64,
}

/// What programs of the system need to run: no homes, no mounts, no other people's files.
const SYSTEM: &[&str] = &[
    "/usr",
    "/bin",
    "/sbin",
    "/lib",
    "/lib32",
    "/lib64",
    "/etc/ssl/certs",
    "/etc/ssl/openssl.cnf",
    "/etc/ca-certificates",
    "/etc/ld.so.cache",
    "/etc/ld.so.conf",
    "/etc/ld.so.conf.d",
    "/etc/localtime",
    "/etc/alternatives",
    "/etc/mime.types",
    "/etc/os-release",
    "/etc/nsswitch.conf",
    "/etc/host.conf",
    "/etc/hosts",
    "/etc/passwd",
    "/etc/python3",
    "/dev/urandom",
    "/dev/random",
    "/dev/zero",
    "/proc/self",
    "/proc/cpuinfo",
    "/proc/meminfo",
    "/sys/devices/system/cpu",
];

/// Confines this process and what it starts, for good.
pub fn confine(bounds: &Bounds) -> Result<Confined, String> {
    let _ = rlimit::setrlimit(Resource::CORE, 0, 0);
    let _ = rlimit::setrlimit(Resource::FSIZE, bounds.bytes, bounds.bytes);
    let failed = |error: &dyn std::fmt::Display| format!("the program cannot be confined: {error}");
    let abi = ABI::V6;
    let there = |paths: &mut dyn Iterator<Item = PathBuf>| paths.filter(|path| path.exists()).collect::<Vec<_>>();
    let read = there(&mut SYSTEM.iter().map(PathBuf::from).chain(bounds.read.iter().cloned()));
    let write = [bounds.dir.clone()];
    let null = [Path::new("/dev/null")];
    let restrict = || -> Result<_, landlock::RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
            .scope(Scope::from_all(abi))?
            .create()?
            .add_rules(path_beneath_rules(&read, AccessFs::from_read(abi)))?
            .add_rules(path_beneath_rules(null, AccessFs::from_file(abi)))?
            .add_rules(path_beneath_rules(&write, AccessFs::from_all(abi) & !AccessFs::Execute))?
            .add_rule(NetPort::new(bounds.port, AccessNet::ConnectTcp))?
            .restrict_self()
    };
    match restrict().map_err(|error| failed(&error))?.ruleset {
        RulesetStatus::FullyEnforced => Ok(Confined::Full),
        RulesetStatus::PartiallyEnforced => Ok(Confined::Files),
        RulesetStatus::NotEnforced => Ok(Confined::No),
    }
}

/// Runs a program to its end or to ours, and ends with it everything that it started: whatever leaves its family
/// comes back to this process. Gives the program's exit code.
pub fn run_confined(command: &mut std::process::Command, longest: std::time::Duration) -> std::io::Result<i32> {
    use rustix::process::{Signal, kill_process, set_child_subreaper, set_parent_process_death_signal};
    // With the one who asked, all of it ends.
    set_parent_process_death_signal(Some(Signal::KILL))?;
    set_child_subreaper(Some(rustix::process::getpid()))?;
    let mut child = command.spawn()?;
    let begun = std::time::Instant::now();
    let status = loop {
        match child.try_wait()? {
            Some(status) => break Some(status),
            None if begun.elapsed() > longest => break None,
            None => std::thread::sleep(std::time::Duration::from_millis(20)),
        }
    };
    // Children of children come to us when their parents end.
    for _ in 0..500 {
        let children = children_of_all()?;
        let children: Vec<i32> = children.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
        if children.is_empty() {
            break;
        }
        for pid in children.into_iter().filter_map(rustix::process::Pid::from_raw) {
            let _ = kill_process(pid, Signal::KILL);
        }
        while rustix::process::wait(rustix::process::WaitOptions::NOHANG).is_ok_and(|ended| ended.is_some()) {}
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    Ok(status.map_or(124, |status| status.code().unwrap_or(125)))
}

/// The children of this process, by the threads that have some.
fn children_of_all() -> std::io::Result<String> {
    let mut all = String::new();
    for thread in std::fs::read_dir("/proc/self/task")?.flatten() {
        all.push_str(&std::fs::read_to_string(thread.path().join("children")).unwrap_or_default());
    }
    Ok(all)
}
