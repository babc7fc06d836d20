//! What `leaktrace fix` changes: source that reads a value from the environment in place of holding
//! it, `.env` files, comments that allow a finding, and commits that nobody else has yet.
//!
//! Text goes in and comes out as bytes, so line ends, byte order marks and whatever is not UTF-8 stay
//! as they are. Only `files`, `git` and `history` touch the disk.

pub mod comment;
pub mod dotenv;
pub mod files;
pub mod git;
pub mod history;
pub mod language;
mod line;
mod name;
mod objects;
mod spot;

use std::io;

pub use name::is_name;

/// Why something could not be changed. Texts in it are escaped and hold no value.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A path that is not written through.
    #[error("{path}: {why}, so it is left alone")]
    Place {
        /// The path, escaped.
        path: String,
        /// What it is.
        why: &'static str,
    },
    /// A file that cannot be read or written.
    #[error("cannot {act} {path}")]
    Io {
        /// `read` or `write`.
        act: &'static str,
        /// The path, escaped.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// git did not do what it was asked for.
    #[error("git {command}: {message}")]
    Git {
        /// The subcommand.
        command: String,
        /// The first line of what it said, escaped.
        message: String,
    },
    /// Commits that are not rewritten, and what to do instead.
    #[error("{0}")]
    Refused(String),
}

/// The line end of a text: that of its first line.
pub fn line_end(content: &[u8]) -> &'static [u8] {
    match memchr::memchr(b'\n', content) {
        Some(at) if at > 0 && content.get(at - 1) == Some(&b'\r') => b"\r\n",
        _ => b"\n",
    }
}

/// The line that byte `at` stands on, counted from 1.
pub fn line_of(content: &[u8], at: usize) -> u32 {
    let before = content.get(..at).unwrap_or(content);
    let lines = memchr::memchr_iter(b'\n', before).count();
    u32::try_from(lines).unwrap_or(u32::MAX).saturating_add(1)
}

/// Whether `value` stands anywhere in `content`.
pub fn holds(content: &[u8], value: &[u8]) -> bool {
    !value.is_empty() && memchr::memmem::find(content, value).is_some()
}
