//! Keeping a program that is not ours in its directory: Landlock (Linux 5.13 and newer). Reading is allowed below
//! the paths that the program needs to run, writing in one directory, connecting to one port of TCP.

use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, NetPort, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetStatus,
    path_beneath_rules,
};
use rlimit::Resource;

/// How far this machine confines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Confined {
    /// Files and network.
    Full,
    /// Files only: the kernel is older than 6.7.
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
    "/etc/ssl",
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
    let abi = ABI::V5;
    let there = |paths: &mut dyn Iterator<Item = PathBuf>| paths.filter(|path| path.exists()).collect::<Vec<_>>();
    let read = there(&mut SYSTEM.iter().map(PathBuf::from).chain(bounds.read.iter().cloned()));
    let write = [bounds.dir.clone()];
    let null = [Path::new("/dev/null")];
    let restrict = || -> Result<_, landlock::RulesetError> {
        Ruleset::default()
            .set_compatibility(CompatLevel::BestEffort)
            .handle_access(AccessFs::from_all(abi))?
            .handle_access(AccessNet::from_all(abi))?
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
