//! Rules: YAML as written, and the validated set that the engine uses.
//!
//! [`schema`] is a file as written, [`load`] reads files, [`validate`] checks them and names every
//! fault with file and line, [`Ruleset`] is the result. Examples are templates ([`example`]).

mod builtin;
pub mod checksum;
mod cost;
mod digest;
pub mod example;
mod filter;
mod left_out;
mod lines;
pub mod load;
mod pattern;
mod ruleset;
pub mod schema;
mod syntax;
mod validate;

use std::fmt;
use std::io;
use std::sync::Arc;

pub use filter::{Globs, Values};
pub use left_out::{LeftOut, left_out};
pub use lines::{Lines, Step};
pub use load::RuleText;
pub use pattern::Pattern;
pub use ruleset::{Allow, Rule, Ruleset, Written};
pub use validate::check_name;

use crate::model::text::escape;

/// Most rules in one set, and in one file or folder.
pub const MAX_RULES: usize = 20_000;
/// Largest rule file, in bytes.
pub const MAX_FILE: u64 = 4 << 20;
/// Largest reach on either side of a literal, in bytes.
pub const MAX_REACH: u32 = 65_536;
/// Shortest and longest literal, in bytes.
pub const LITERAL_BYTES: std::ops::RangeInclusive<usize> = 3..=255;

/// Longest file that a pattern may describe as a whole, in bytes.
pub const MAX_WHOLE: usize = 1024;

/// Most bytes that the literals of one set may have together: what searches for them grows with it.
pub const MAX_LITERAL_BYTES: usize = 256 << 10;

/// Why rules could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum RuleError {
    /// A file or folder that cannot be read.
    #[error("{path}: {source}")]
    Read {
        /// Its path, escaped.
        path: String,
        /// What the system says.
        source: io::Error,
    },
    /// A file beyond [`MAX_FILE`].
    #[error("{path}: larger than the {} MiB that a rule file may have", MAX_FILE >> 20)]
    FileTooLarge {
        /// Its path, escaped.
        path: String,
    },
    /// A folder that holds no rule file: most likely the wrong one.
    #[error("{path}: no .yaml or .yml file in this folder")]
    NoFiles {
        /// Its path, escaped.
        path: String,
    },
    /// More than [`MAX_RULES`].
    #[error("more than {MAX_RULES} rules")]
    TooManyRules,
    /// Literals beyond [`MAX_LITERAL_BYTES`].
    #[error("the literals of all rules have more than {} KiB together", MAX_LITERAL_BYTES >> 10)]
    TooManyLiterals,
    /// Everything that is wrong with the rules as written, in order of file and line.
    #[error("{}", Listed(.0))]
    Invalid(Vec<Fault>),
}

/// One thing that is wrong in a rule file. Shown as `file:line: message`, escaped.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    file: Arc<str>,
    line: u32,
    message: String,
}

impl Fault {
    /// A fault at `line` (counted from 1) of `file`; the message may quote the file.
    pub fn new(file: Arc<str>, line: u32, message: impl AsRef<str>) -> Fault {
        Fault { file, line, message: escape(message.as_ref().as_bytes()) }
    }

    /// The file's name as the user gave it, escaped.
    pub fn file(&self) -> &str {
        &self.file
    }

    /// The line, counted from 1.
    pub fn line(&self) -> u32 {
        self.line
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl fmt::Debug for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Faults, one a line.
struct Listed<'a>(&'a [Fault]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, fault) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{fault}")?;
        }
        Ok(())
    }
}
