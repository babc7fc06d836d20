//! One run in continuous integration: which service runs it, what the event is about, which commits
//! that means, and what is told to the service afterwards.
//!
//! `job` reads the service's variables and payload through [`Surroundings`], so nothing here reads
//! the environment. `plan` turns what the event says into commits of the repository that is there,
//! fetching with `fetch` what a shallow checkout lacks; what cannot be had leaves the scan
//! incomplete and never clean. `comment` keeps one comment on a pull request.

pub mod comment;
pub mod fetch;
mod job;
mod plan;

use gix::ObjectId;

use crate::identity::event;
use crate::source;

pub use job::{Before, Change, Job, Push, Trigger, detect, of_events, recognised};
pub use plan::{Plan, plan};

/// A service that runs jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    /// GitHub Actions.
    Github,
    /// Gitea Actions, which are like GitHub's.
    Gitea,
    /// Forgejo Actions, which are like GitHub's.
    Forgejo,
    /// GitLab CI.
    Gitlab,
    /// Azure Pipelines.
    Azure,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// Jenkins.
    Jenkins,
    /// Buildkite.
    Buildkite,
}

impl Platform {
    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Platform::Github => "GitHub Actions",
            Platform::Gitea => "Gitea Actions",
            Platform::Forgejo => "Forgejo Actions",
            Platform::Gitlab => "GitLab CI",
            Platform::Azure => "Azure Pipelines",
            Platform::Bitbucket => "Bitbucket Pipelines",
            Platform::Jenkins => "Jenkins",
            Platform::Buildkite => "Buildkite",
        }
    }

    /// Whether it takes the commands, files and variables of GitHub Actions.
    pub fn is_like_github(self) -> bool {
        matches!(self, Platform::Github | Platform::Gitea | Platform::Forgejo)
    }
}

/// Why it is not known what to scan. A check that ends with one of these has not passed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No service is recognised.
    #[error(
        "no CI service is recognised by its variables (GitHub, Gitea or Forgejo Actions, GitLab CI, \
         Azure or Bitbucket Pipelines, Jenkins, Buildkite); say what to scan with --range whole or \
         --range A..B, or give the payload with --event FILE"
    )]
    Nowhere,
    /// What the service says could not be read.
    #[error(transparent)]
    Event(#[from] event::Error),
    /// The event lacks something.
    #[error("{what} has no {field}, so it is not known what to scan; {way_out}")]
    Lacks {
        /// The payload or service.
        what: &'static str,
        /// The field or variable.
        field: &'static str,
        /// What to do.
        way_out: &'static str,
    },
    /// A payload of several changes.
    #[error(
        "the payload is of {count} changes, and one run is about one: give the payload of one, or say \
         the range with --range A..B"
    )]
    Several {
        /// How many.
        count: usize,
    },
    /// A payload that says two things.
    #[error(
        "{what} says that the reference is gone, and what it is now; give it as the forge sent it"
    )]
    Contradicts {
        /// The payload.
        what: &'static str,
    },
    /// A variable that holds no object id.
    #[error("{variable} is no object id; 40 or 64 hexadecimal digits are expected")]
    NoId {
        /// The variable.
        variable: &'static str,
    },
    /// The commit that the event is about is not there.
    #[error(
        "commit {id}, which {what} is about, is not in this checkout{why}; check that commit out \
         (actions/checkout: fetch-depth: 0), or see that the payload is of this repository"
    )]
    NoCommit {
        /// The commit.
        id: ObjectId,
        /// What names it.
        what: String,
        /// What fetching it gave.
        why: String,
    },
    /// What a change is compared with is not known.
    #[error(
        "what {what} is to go on is not in this checkout{why}; fetch that branch, too \
         (actions/checkout: fetch-depth: 0), or say the range with --range A..B"
    )]
    NoBase {
        /// The change.
        what: String,
        /// What fetching it gave.
        why: String,
    },
    /// The checkout.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// There is no repository.
    #[error("{path} is no git repository: check the code out with git before this step")]
    NoRepository {
        /// The folder, escaped.
        path: String,
    },
}
