//! Who brought a secret in, when, by which commit, where it still is and how long it was exposed.

use gix::ObjectId;

use crate::model::{ContentKind, LayerPath, Position};

/// A name and address as a commit claims them, escaped.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
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
    /// Refs whose tip still has this object at this path, full names, sorted, escaped.
    pub refs: Vec<String>,
    /// The masked line.
    pub excerpt: String,
}

/// The life of a secret in a repository's history.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Trace {
    /// The commit that first brought it in. None when no commit has it (only the working tree, the
    /// index, or an object without a commit).
    pub introduced: Option<CommitInfo>,
    /// Other commits that brought it in independently or again, oldest first.
    pub reintroduced: Vec<ObjectId>,
    /// Refs whose tip still has it, full names, sorted, escaped.
    pub tips: Vec<String>,
    /// The commit that took it out last, when no tip has it any more.
    pub removed: Option<CommitInfo>,
    /// From the introducing commit to the removing one, or to now while a tip has it; seconds.
    pub exposed_seconds: Option<i64>,
    /// Whether the working tree or index has it.
    pub in_worktree: bool,
    /// Whether only objects have it that no ref, reflog or index reaches.
    pub unreachable: bool,
}
