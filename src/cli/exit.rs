//! Exit codes, and how an error is shown.

use std::process::ExitCode;

use super::plain::safe;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done; verify: green.
    Done,
    /// 3: verify: amber or red.
    Findings,
    /// 4: done, and some captures failed.
    SomeFailed,
    /// 1: could not do all of it; what could not be done has been told.
    NotAll,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Done => 0,
            Exit::NotAll => 1,
            Exit::Findings => 3,
            Exit::SomeFailed => 4,
        })
    }
}

/// Why a command could not do it (exit code 1), and what to do next.
#[derive(Debug)]
pub struct Failure {
    message: String,
    next: Option<String>,
}

impl Failure {
    pub fn new(message: impl Into<String>) -> Failure {
        Failure { message: message.into(), next: None }
    }

    pub fn next(self, step: impl Into<String>) -> Failure {
        Failure { next: Some(step.into()), ..self }
    }

    /// Prints it on standard error.
    pub fn tell(&self) {
        super::plain::complain(&format!("exhibit: {}", safe(&self.message)));
        if let Some(next) = &self.next {
            super::plain::complain(&format!("   next: {}", safe(next)));
        }
    }

    pub fn report(self) -> ExitCode {
        self.tell();
        ExitCode::from(1)
    }
}

/// Errors that know a next step.
macro_rules! failures {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Failure {
                Failure { message: error.to_string(), next: error.next_step().map(str::to_owned) }
            }
        })+
    };
}

failures!(
    crate::vault::VaultError,
    crate::keyring::KeyError,
    crate::stages::ArchiveError,
    crate::stages::ExportError,
    crate::stages::ImportError,
    crate::stages::ObtainError,
    crate::stages::PurgeError,
    crate::reading::ReadError,
    crate::stages::review::ReviewError,
);

impl From<crate::config::ConfigError> for Failure {
    fn from(error: crate::config::ConfigError) -> Failure {
        Failure::new(error.to_string()).next("correct the file; `exhibit init` in an empty directory shows one with every key")
    }
}

impl From<crate::bag::BagError> for Failure {
    fn from(error: crate::bag::BagError) -> Failure {
        Failure::new(error.to_string())
    }
}
