//! People behind commits: the organisation's directory, who a name in a commit is, and what that
//! person may do.
//!
//! `record` has what a directory holds, `directory` how it is asked, `sync` and `import` where it
//! comes from; `event` says who pushed, `email` what an address is, `mailmap` and `codeowners` who is
//! whom and who owns what by a base revision. The directory is the organisation's own; no file of a
//! scanned repository is ever authority over who wrote it.

pub mod actor;
pub mod codeowners;
pub mod day;
pub mod directory;
pub mod email;
pub mod event;
pub mod import;
mod json;
pub mod mailmap;
pub mod memory;
pub mod pseudonym;
pub mod record;
pub mod resolve;
pub mod scim_user;
pub mod sink;
pub mod sync;

pub use directory::{Authority, Described, Directory, Found, Moment, SourceState};
pub use record::{
    Grant, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType, Record, Resource, Role,
    Status, Visibility,
};
pub use sink::{Cursor, Sink};

/// Why the directory of people could not be read, filled or asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that was to be imported.
    #[error("{file}: {why}")]
    File {
        /// The file, escaped.
        file: String,
        /// What is wrong and what to do, with the line where there is one; no values.
        why: String,
    },
    /// A service that was asked.
    #[error("{source_name}: {why}")]
    Service {
        /// Name of the source, such as `github:acme`.
        source_name: String,
        /// What went wrong and what to do; no credentials.
        why: String,
    },
    /// The store that the directory lies in.
    #[error("the directory of people: {0}")]
    Store(String),
    /// A question that cannot be answered as asked.
    #[error("{0}")]
    Question(String),
}
