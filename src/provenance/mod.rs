//! Who brought a secret in, when, by which commit, where it still is and how long it was exposed.

mod commit;
mod paths;
mod refs;
mod sets;
pub mod signature;
mod tips;
mod trace;

use gix::ObjectId;

pub use commit::info as commit_info;
pub use refs::{Refs, Table};
pub use trace::{History, Traced};

use crate::finding::inline::InlineAllow;
use crate::model::{ContentKind, LayerPath, Position};

/// A name and address as a commit claims them, escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Signature {
    /// Name.
    pub name: String,
    /// E-mail address, without the angle brackets.
    pub email: String,
    /// Seconds since 1970-01-01 UTC.
    pub seconds: i64,
    /// The person's offset from UTC, in seconds.
    pub offset: i32,
}

/// What kind of signature a commit carries. Whether it is good is for `identity` to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Signed {
    /// None.
    No,
    /// An `OpenPGP` signature.
    OpenPgp,
    /// An SSH signature.
    Ssh,
    /// An X.509 signature (S/MIME, gitsign).
    X509,
    /// Some other signature header.
    Other,
}

/// A commit as far as findings need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitInfo {
    /// Its id.
    pub id: ObjectId,
    /// Who wrote the change, by the commit's own claim.
    pub author: Signature,
    /// Who made the commit, by its own claim.
    pub committer: Signature,
    /// First line of the message, escaped.
    pub subject: String,
    /// Whether it is signed.
    pub signed: Signed,
    /// How many parents it has.
    pub parents: usize,
}

/// One place of a secret, with its path and commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// What kind of text.
    pub kind: ContentKind,
    /// Path in the repository or below the scanned directory, as stored; none for messages,
    /// standard input and objects that no tree names.
    pub path: Option<Vec<u8>>,
    /// Where in the content.
    pub position: Position,
    /// Through which layers, outermost first.
    pub layers: LayerPath,
    /// The blob, commit, tag or tree.
    pub object: Option<ObjectId>,
    /// The earliest commit that has this object at this path.
    pub commit: Option<ObjectId>,
    /// Refs whose tip still has this object at this path; the first 20.
    pub refs: Refs,
    /// How many more refs there are.
    pub more_refs: usize,
    /// The masked line.
    pub excerpt: String,
    /// A `leaktrace:allow` comment about it.
    pub allow: Option<InlineAllow>,
}

/// The life of a secret in a repository's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// The commit that first brought it in. None when no commit has it (only the working tree, the
    /// index, or an object without a commit).
    pub introduced: Option<CommitInfo>,
    /// Other commits that brought it in independently or again, oldest first.
    pub reintroduced: Vec<ObjectId>,
    /// Refs whose tip still has it.
    pub tips: Refs,
    /// Whether that commit is where a shallow history begins, so that the secret may be older.
    pub at_boundary: bool,
    /// The commit that took it out last, when HEAD does not have it any more. Other refs may still:
    /// see `tips`.
    pub removed: Option<CommitInfo>,
    /// From the introducing commit to the removing one, or to now while any ref's tip has it; seconds.
    pub exposed_seconds: Option<i64>,
    /// Whether the working tree or index has it.
    pub in_worktree: bool,
    /// Whether only objects have it that no ref, reflog or index reaches.
    pub unreachable: bool,
}

impl Trace {
    /// The life of a secret that two rules saw in different places.
    #[must_use]
    pub fn join(mut self, mut other: Trace, as_of: i64) -> Trace {
        let age = |trace: &Trace| {
            trace
                .introduced
                .as_ref()
                .map_or((true, 0, None), |c| (false, c.committer.seconds, Some(c.id)))
        };
        if age(&other) < age(&self) {
            std::mem::swap(&mut self, &mut other);
        }
        self.reintroduced.extend(other.introduced.iter().map(|commit| commit.id));
        self.reintroduced.extend(other.reintroduced);
        let first = self.introduced.as_ref().map(|commit| commit.id);
        let mut seen = std::collections::BTreeSet::new();
        self.reintroduced.retain(|id| Some(*id) != first && seen.insert(*id));
        self.tips = self.tips.join(&other.tips);
        let later = |commit: &CommitInfo| (commit.committer.seconds, commit.id);
        self.removed = match (self.removed, other.removed) {
            _ if self.tips.has("HEAD") => None,
            (Some(a), Some(b)) => Some(if later(&a) >= later(&b) { a } else { b }),
            (one, other) => one.or(other),
        };
        let until = match &self.removed {
            _ if !self.tips.is_empty() => Some(as_of),
            removed => removed.as_ref().map(|commit| commit.committer.seconds),
        };
        self.exposed_seconds = self
            .introduced
            .as_ref()
            .zip(until)
            .map(|(from, until)| until.saturating_sub(from.committer.seconds));
        self.in_worktree |= other.in_worktree;
        self.unreachable &= other.unreachable;
        self
    }
}
