//! Services that a directory of people is read from: forges, SCIM endpoints and LDAP.
//!
//! Each is a [`Source`] that streams what it is told into a [`Sink`], page by page: memory stays that
//! of a page and of a few sets of account numbers where two listings must be joined. A run that
//! breaks off goes on at its last checkpoint. What a token has no right to see is told as missing
//! and passed over; what a service says wrongly is skipped and counted. `docs/identity-sources.md`
//! lists the calls and the rights that they take.

pub mod activity;
mod api;
pub mod gitea;
pub mod github;
pub mod gitlab;
pub(super) mod keys;
pub mod ldap;
pub mod scim;

use super::{Authority, Cursor, Error, Sink};

pub use gitea::Gitea;
pub use github::GitHub;
pub use gitlab::GitLab;
pub use ldap::Ldap;
pub use scim::Scim;

/// A service that can be asked for people and their rights.
pub trait Source {
    /// Its name in the directory, such as `github:acme`: the same for each run.
    fn name(&self) -> String;

    /// How much it has to say.
    fn authority(&self) -> Authority;

    /// Reads all of it into `sink`, or what is left of it after the place of an earlier run that
    /// broke off. Sections that are small and needed by others are read again. Fails when the
    /// service does not answer, refuses the token, or has no such organisation.
    fn run(&mut self, resume: Option<Cursor>, sink: &mut dyn Sink) -> Result<(), Error>;
}

/// Which repositories are read.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Repositories {
    /// All that the token sees.
    #[default]
    All,
    /// None: only people and teams.
    None,
    /// These, as `owner/name`, without regard to case. Everything else stays as it was known.
    Only(Vec<String>),
}

impl Repositories {
    fn has(&self, path: &str) -> bool {
        match self {
            Repositories::All => true,
            Repositories::None => false,
            Repositories::Only(list) => list.iter().any(|one| one.eq_ignore_ascii_case(path)),
        }
    }

    fn any(&self) -> bool {
        match self {
            Repositories::All => true,
            Repositories::None => false,
            Repositories::Only(list) => !list.is_empty(),
        }
    }
}
