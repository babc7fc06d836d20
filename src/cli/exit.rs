//! How the process ends.

use std::error::Error;
use std::io;
use std::process::ExitCode;

use crate::config::ConfigError;
use crate::pipeline;
use crate::rule::RuleError;

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
    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::Usage => 64,
        }
    }

    /// The code for a command that failed with `error`.
    pub fn of(error: &anyhow::Error) -> Exit {
        if error.chain().any(is_usage) { Exit::Usage } else { Exit::Failed }
    }
}

/// Whether the person who called has to change something; trying again would not help. Settings and
/// rules are read here only where that person names them; those of targets are the pipeline's.
fn is_usage(cause: &(dyn Error + 'static)) -> bool {
    let config = |error: &ConfigError| match error {
        ConfigError::Read { source, .. } => is_wrong_name(source),
        _ => true,
    };
    let rules = |error: &RuleError| match error {
        RuleError::Read { source, .. } => is_wrong_name(source),
        _ => true,
    };
    match cause.downcast_ref() {
        Some(pipeline::Error::Config(error)) => config(error),
        Some(pipeline::Error::Rule(error)) => rules(error),
        Some(error) => error.is_usage(),
        None => {
            cause.is::<UsageError>()
                || cause.downcast_ref().is_some_and(config)
                || cause.downcast_ref().is_some_and(rules)
        }
    }
}

fn is_wrong_name(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::NotFound
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::source;

    #[test]
    fn what_the_caller_wrote_wrong_is_usage() {
        let range = source::Error::Range("main".to_owned());
        let config = Config::parse_bytes(b"versio: 1", "leaktrace.yml").expect_err("a fault");
        let named = ConfigError::Read {
            file: "x".to_owned(),
            source: io::Error::from(io::ErrorKind::NotFound),
        };
        let again = Config::parse_bytes(b"versio: 1", "leaktrace.yml").expect_err("a fault");
        for error in [
            anyhow::Error::new(UsageError("no".to_owned())),
            anyhow::Error::new(config),
            anyhow::Error::new(named),
            anyhow::Error::new(RuleError::TooManyRules),
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
        let denied = || io::Error::from(io::ErrorKind::PermissionDenied);
        let file = "leaktrace.yml".to_owned();
        let unread = ConfigError::Read { file, source: denied() };
        let own = pipeline::Error::Config(Config::parse_bytes(b"x", "y").expect_err("a fault"));
        let target = source::Error::Target { path: "x".to_owned(), source: denied() };
        for error in [
            anyhow::Error::new(denied()),
            pipeline::Error::Config(unread).into(),
            pipeline::Error::OfTarget(Box::new(own)).into(),
            pipeline::Error::from(target).into(),
        ] {
            assert_eq!(Exit::of(&error), Exit::Failed, "{error:#}");
        }
    }
}
