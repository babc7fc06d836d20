//! How the process ends.

use std::error::Error;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::{pipeline, source};

/// Exit codes, the same for every command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: everything was read and nothing was found.
    Clean,
    /// 1: there are findings at or above `--fail-on`.
    Findings,
    /// 2: something could not be read, or the command failed.
    Failed,
    /// 64: wrong usage, or a fault in the configuration (`EX_USAGE` of BSD's sysexits.h).
    Usage,
}

/// Marks an error as one of usage.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct UsageError(pub String);

impl Exit {
    /// The code for a command that failed with `error`.
    pub fn of(error: &anyhow::Error) -> Exit {
        if error.chain().any(is_usage) { Exit::Usage } else { Exit::Failed }
    }
}

/// Whether the person who called has to change something; trying again would not help.
fn is_usage(cause: &(dyn Error + 'static)) -> bool {
    match cause.downcast_ref() {
        Some(pipeline::Error::Config(error)) => is_fault(error),
        Some(pipeline::Error::Source(error)) => matches!(error, source::Error::Range(_)),
        Some(pipeline::Error::NoSuchRule(_) | pipeline::Error::NotARepository { .. }) => true,
        Some(_) => false,
        None => cause.is::<UsageError>() || cause.downcast_ref().is_some_and(is_fault),
    }
}

fn is_fault(error: &ConfigError) -> bool {
    !matches!(error, ConfigError::Read { .. })
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_the_caller_wrote_wrong_is_usage() {
        let range = source::Error::Range("main".to_owned());
        let config = Config::parse_bytes(b"versio: 1", "leaktrace.yml").expect_err("a fault");
        let again = Config::parse_bytes(b"versio: 1", "leaktrace.yml").expect_err("a fault");
        for error in [
            anyhow::Error::new(UsageError("no".to_owned())),
            anyhow::Error::new(config),
            pipeline::Error::Config(again).into(),
            pipeline::Error::from(range).into(),
            pipeline::Error::NoSuchRule("x".to_owned()).into(),
            anyhow::Error::new(UsageError("no".to_owned())).context("outer"),
        ] {
            assert_eq!(Exit::of(&error), Exit::Usage, "{error:#}");
        }
    }

    #[test]
    fn what_the_machine_did_wrong_is_failure() {
        let denied = || std::io::Error::from(std::io::ErrorKind::PermissionDenied);
        let file = "leaktrace.yml".to_owned();
        let unread = ConfigError::Read { file, source: denied() };
        let target = source::Error::Target { path: "x".to_owned(), source: denied() };
        for error in [
            anyhow::Error::new(denied()),
            pipeline::Error::Config(unread).into(),
            pipeline::Error::from(target).into(),
        ] {
            assert_eq!(Exit::of(&error), Exit::Failed, "{error:#}");
        }
    }
}
