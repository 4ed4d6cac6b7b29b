//! What can go wrong with a case.

use std::io;
use std::path::{Path, PathBuf};

use crate::evidence::Digest;
use crate::ledger::LedgerError;

/// The case could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("{} is not a case: it has no case.sqlite", path.display())]
    NotACase { path: PathBuf },
    #[error("There is no directory {}", path.display())]
    NoDirectory { path: PathBuf },
    #[error("{} has lost its case.sqlite", path.display())]
    Lost { path: PathBuf },
    #[error("{} is a case already", path.display())]
    AlreadyACase { path: PathBuf },
    #[error("{} is not empty", path.display())]
    NotEmpty { path: PathBuf },
    #[error("{} is a database, but not that of an exhibit case (application id {found:#010x})", path.display())]
    NotOurs { path: PathBuf, found: i64 },
    #[error("This case has format {found}; this program reads up to format {known}")]
    NewerFormat { found: i64, known: i64 },
    #[error("The case is in use by another program, and stayed so for {seconds} seconds")]
    Locked { seconds: u64 },
    #[error("What is erased is still in old pages of case.sqlite, which another program has been reading for {seconds} seconds")]
    StillRead { seconds: u64 },
    #[error("The case cannot be written: it is on a read-only medium, or belongs to somebody else")]
    ReadOnly,
    #[error("The disk is full")]
    DiskFull,
    #[error("Cannot {doing} {}: {source}", path.display())]
    Io { doing: &'static str, path: PathBuf, source: io::Error },
    #[error("The case's database cannot {doing}: {source}")]
    Sql { doing: &'static str, source: rusqlite::Error },
    #[error("Entry {index} of the log cannot be read: {source}")]
    Entry { index: u64, source: LedgerError },
    #[error(transparent)]
    Ledger(#[from] LedgerError),
    #[error("The signing key is not this case's key: the case was opened with {expected}, the key at hand is {found}")]
    WrongKey { expected: String, found: String },
    #[error("The published log in log/ ({published} entries) is not a beginning of the database's ({held} entries)")]
    Diverged { published: u64, held: u64 },
    #[error("The published log in log/ is damaged: {what}")]
    Published { what: String },
    #[error("Entry {entry} has no sealed value {field:?} at hand")]
    NoValue { entry: u64, field: String },
    #[error("{} lies inside the case: a copy of a case goes elsewhere", path.display())]
    IntoItself { path: PathBuf },
    #[error("{} holds another case, or another history of this one", path.display())]
    OtherHistory { path: PathBuf },
    #[error("Object {digest} is not in the vault")]
    NoObject { digest: Digest },
    #[error("The vault's copy of {digest} was altered: it does not have the bytes that it is named by")]
    ObjectDiffers { digest: Digest },
}

impl VaultError {
    /// Why a path cannot be opened as a case.
    pub(crate) fn no_case(path: &Path) -> VaultError {
        let path = path.to_path_buf();
        match () {
            () if !path.is_dir() => VaultError::NoDirectory { path },
            () if path.join("log").is_dir() && path.join("vault").is_dir() => VaultError::Lost { path },
            () => VaultError::NotACase { path },
        }
    }

    /// What the person can do about it, where there is something.
    pub fn next_step(&self) -> Option<&'static str> {
        Some(match self {
            VaultError::NotACase { .. } => "make one with `exhibit init DIR`, or name one with --case DIR",
            VaultError::NoDirectory { .. } => "check the name; a case is made with `exhibit init DIR`",
            VaultError::Lost { .. } => "`exhibit rebuild` makes it anew from log/; nothing in log/ and vault/ is touched",
            VaultError::AlreadyACase { .. } => "use it with --case DIR, or choose another directory",
            VaultError::NotEmpty { .. } => "choose an empty directory or a name that does not exist yet",
            VaultError::NewerFormat { .. } => "open it with a newer exhibit; nothing was changed",
            VaultError::Locked { .. } => "close the other program, or wait for it, then run the same command again",
            VaultError::StillRead { .. } => {
                "the log says what was erased, and nothing shows it any more; once that program has ended, the next command that writes to the case wipes the pages"
            }
            VaultError::ReadOnly => "list, show, verify and export work on it as it is; to add to it, copy it to a writable disk",
            VaultError::DiskFull => "nothing that was acknowledged is lost; free some space and run the same command again",
            VaultError::NotOurs { .. } | VaultError::Sql { .. } => {
                "run `exhibit verify` to see what is damaged; with case.sqlite moved away, `exhibit rebuild` makes it anew from log/"
            }
            VaultError::ObjectDiffers { .. } => "run `exhibit verify`; the bytes that just came are kept in staging/",
            VaultError::IntoItself { .. } => "name a directory on another disk",
            VaultError::OtherHistory { .. } => {
                "nothing was written; choose an empty directory, and compare the two with `exhibit verify` and `exhibit log checkpoint`"
            }
            VaultError::WrongKey { .. } => "name the right key with --key FILE",
            VaultError::Diverged { .. } => {
                "an older copy of case.sqlite may have been put back; compare both with a backup before going on"
            }
            VaultError::Entry { .. } | VaultError::Published { .. } => "run `exhibit verify` to see what is damaged",
            _ => return None,
        })
    }

    pub(super) fn io(doing: &'static str, path: &Path) -> impl FnOnce(io::Error) -> VaultError {
        let path = path.to_path_buf();
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => VaultError::DiskFull,
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied if doing != "read" => VaultError::ReadOnly,
            _ => VaultError::Io { doing, path, source },
        }
    }

    pub(super) fn sql(doing: &'static str) -> impl FnOnce(rusqlite::Error) -> VaultError {
        use rusqlite::ErrorCode as Code;
        move |source| match source.sqlite_error_code() {
            Some(Code::DatabaseBusy | Code::DatabaseLocked) => VaultError::Locked { seconds: super::lock::patience().as_secs() },
            Some(Code::DiskFull) => VaultError::DiskFull,
            Some(Code::ReadOnly) => VaultError::ReadOnly,
            _ => VaultError::Sql { doing, source },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whoever meets an error is told what to do, where there is something.
    #[test]
    fn each_error_that_a_person_can_mend_names_the_next_step() {
        let (path, digest) = (PathBuf::from("case"), Digest::of(b""));
        let step = |error: VaultError| error.next_step().unwrap_or_default();
        for (error, says) in [
            (VaultError::NotACase { path: path.clone() }, "exhibit init"),
            (VaultError::NoDirectory { path: path.clone() }, "check the name"),
            (VaultError::Lost { path: path.clone() }, "exhibit rebuild"),
            (VaultError::AlreadyACase { path: path.clone() }, "--case DIR"),
            (VaultError::NotEmpty { path: path.clone() }, "empty directory"),
            (VaultError::NotOurs { path: path.clone(), found: 1 }, "exhibit verify"),
            (VaultError::NewerFormat { found: 2, known: 1 }, "newer exhibit"),
            (VaultError::Locked { seconds: 60 }, "close the other program"),
            (VaultError::StillRead { seconds: 60 }, "wipes the pages"),
            (VaultError::ReadOnly, "writable disk"),
            (VaultError::DiskFull, "free some space"),
            (VaultError::sql("be read")(rusqlite::Error::InvalidQuery), "exhibit verify"),
            (VaultError::Entry { index: 1, source: LedgerError::Bundle }, "exhibit verify"),
            (VaultError::Published { what: "gone".into() }, "exhibit verify"),
            (VaultError::WrongKey { expected: "a".into(), found: "b".into() }, "--key FILE"),
            (VaultError::Diverged { published: 2, held: 1 }, "older copy"),
            (VaultError::IntoItself { path: path.clone() }, "another disk"),
            (VaultError::OtherHistory { path: path.clone() }, "nothing was written"),
            (VaultError::ObjectDiffers { digest }, "staging/"),
        ] {
            assert!(step(error).contains(says), "{says}");
        }
        assert_eq!(VaultError::NoObject { digest }.next_step(), None);
    }

    /// A case that has lost its database is known by its log and its vault, both.
    #[test]
    fn what_is_no_case_is_told_apart() {
        let dir = tempfile::tempdir().unwrap();
        let at = |path: &Path| VaultError::no_case(path);
        assert!(matches!(at(&dir.path().join("none")), VaultError::NoDirectory { .. }));
        assert!(matches!(at(dir.path()), VaultError::NotACase { .. }));
        for (first, second) in [("log", "vault"), ("vault", "log")] {
            let root = tempfile::tempdir().unwrap();
            std::fs::create_dir(root.path().join(first)).unwrap();
            assert!(matches!(at(root.path()), VaultError::NotACase { .. }));
            std::fs::create_dir(root.path().join(second)).unwrap();
            assert!(matches!(at(root.path()), VaultError::Lost { .. }));
        }
    }

    /// What the system says of a disk is told in a person's words.
    #[test]
    fn a_full_and_a_read_only_disk_are_told_as_such() {
        let told = |kind: io::ErrorKind, doing| VaultError::io(doing, Path::new("f"))(kind.into());
        assert!(matches!(told(io::ErrorKind::StorageFull, "write"), VaultError::DiskFull));
        assert!(matches!(told(io::ErrorKind::QuotaExceeded, "sync"), VaultError::DiskFull));
        assert!(matches!(told(io::ErrorKind::ReadOnlyFilesystem, "write"), VaultError::ReadOnly));
        assert!(matches!(told(io::ErrorKind::PermissionDenied, "name"), VaultError::ReadOnly));
        assert!(matches!(told(io::ErrorKind::PermissionDenied, "read"), VaultError::Io { doing: "read", .. }));
        assert!(matches!(told(io::ErrorKind::NotFound, "write"), VaultError::Io { .. }));
        let code = |code| VaultError::sql("be written")(rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None));
        assert!(matches!(code(rusqlite::ffi::SQLITE_BUSY), VaultError::Locked { .. }));
        assert!(matches!(code(rusqlite::ffi::SQLITE_LOCKED), VaultError::Locked { .. }));
        assert!(matches!(code(rusqlite::ffi::SQLITE_FULL), VaultError::DiskFull));
        assert!(matches!(code(rusqlite::ffi::SQLITE_READONLY), VaultError::ReadOnly));
        assert!(matches!(code(rusqlite::ffi::SQLITE_CORRUPT), VaultError::Sql { doing: "be written", .. }));
    }
}
