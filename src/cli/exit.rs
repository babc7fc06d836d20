//! How the process ends.

use std::process::ExitCode;

/// Exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything was read and nothing was found.
    Clean,
    /// 1: there are findings at or above `--fail-on`.
    Findings,
    /// 2: something could not be read, or the command failed.
    Failed,
    /// 64: wrong usage (`EX_USAGE` of BSD's sysexits.h).
    Usage,
}

/// Marks an error as one of usage.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl Exit {
    /// The code for a command that failed with `error`.
    pub fn of(error: &anyhow::Error) -> Exit {
        if error.chain().any(|cause| cause.is::<UsageError>()) { Exit::Usage } else { Exit::Failed }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(match exit {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::Usage => 64,
        })
    }
}
