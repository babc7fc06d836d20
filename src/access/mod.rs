//! Who may do what, reviewed: rights that nobody should have any more (`review`), and changes that
//! one person made, approved and merged alone (`duties`).
//!
//! Both look at what the directory of people and the forges state and at the history itself, and make
//! lines for people to decide on: each names its evidence with dates and sources, and the controls it
//! speaks to. A line is a question and never a verdict. What could not be told because data are
//! missing is listed once, and no one is accused for it; what rests on old data says so.

pub mod audit;
pub mod check;
mod directory;
pub mod duties;
pub mod format;
pub mod report;
pub mod review;
mod rights;
mod seen;
mod subject;
mod when;

pub use check::Check;
pub use duties::Duties;
pub use format::Format;
pub use report::{Kind, Line, Report, SourceLine};
pub use review::Review;

/// Why a review could not be made.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The directory of people.
    #[error(transparent)]
    Directory(#[from] crate::identity::Error),
    /// The store.
    #[error(transparent)]
    Store(#[from] crate::store::Error),
    /// A repository.
    #[error(transparent)]
    Source(#[from] crate::source::Error),
    /// A file with what a forge recorded.
    #[error(transparent)]
    Event(#[from] crate::identity::event::Error),
    /// A file that is not what it should be.
    #[error("{file}: {why}")]
    File {
        /// The file, escaped.
        file: String,
        /// What is wrong and what to do.
        why: String,
    },
    /// Nothing is there to be reviewed.
    #[error("{0}")]
    Nothing(String),
}
