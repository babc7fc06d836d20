//! Where bytes come from: a repository's object store, working trees, plain files, standard input.
//!
//! A source hands out content and knows nothing of rules. What it could not read it records in an
//! [`IncompleteLog`](crate::model::IncompleteLog) and goes on.

pub mod changes;
pub mod history;
pub mod repository;
pub mod selection;
pub mod snapshot;
pub mod special;
pub mod staged;
pub mod worktree;

/// Why a source could not be used at all. What is merely missing inside a source is recorded as
/// incomplete instead.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The target is not there or may not be read.
    #[error("cannot read `{path}`: {source}")]
    Target {
        /// As given, escaped.
        path: String,
        /// The system's reason.
        source: std::io::Error,
    },
    /// An address in place of a path. It is not repeated: it may hold a password.
    #[error("a target is a URL; clone it first (`git clone --mirror URL`) and scan the clone")]
    Url,
    /// A git directory that git itself would refuse.
    #[error(
        "cannot open the git repository `{path}`: {reason}; check it with `git -C {path} status`"
    )]
    Repository {
        /// As given, escaped.
        path: String,
        /// What is wrong, escaped.
        reason: String,
    },
    /// A revision that does not exist.
    #[error(
        "`{revision}` names no commit in this repository ({reason}); in CI check out with fetch-depth: 0"
    )]
    Revision {
        /// As given, escaped.
        revision: String,
        /// What is wrong, escaped.
        reason: String,
    },
    /// A range that is not `A..B`.
    #[error("`{0}` is not a range; write A..B, for instance origin/main..HEAD")]
    Range(String),
}
