//! Version 1 of the JSON output, the part about where and when: places, commits, people.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::model::ContentKind;
use crate::model::text::escape;
use crate::output::when;
use crate::provenance::{self, Refs, Signed};

/// One place of a secret.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// What kind of text.
    pub kind: PlaceKind,
    /// Path in the repository or below the scanned directory, `/` between the parts, escaped: exact
    /// unless `path_bytes` is there too. Missing for messages, standard input and objects that no
    /// tree names.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// The path's bytes in base64, where escaping changed them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path_bytes: Option<String>,
    /// First line, counted from 1.
    pub line: u32,
    /// Column of the first character, in Unicode code points counted from 1.
    pub column: u32,
    /// Last line.
    pub end_line: u32,
    /// Column after the last character.
    pub end_column: u32,
    /// The encodings and containers it was seen through, outermost first, such as `gzip` or
    /// `zip:NAME`; empty for plain text.
    pub layers: Vec<String>,
    /// The blob, commit, tag or tree, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub object: Option<String>,
    /// The earliest commit that has this object at this path, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub commit: Option<String>,
    /// Refs whose tip still has this object at this path: full names, sorted, escaped; the first 20.
    #[serde(serialize_with = "names", deserialize_with = "listed")]
    #[schemars(with = "Vec<String>")]
    pub refs: Refs,
    /// How many more refs there are beyond those listed.
    pub more_refs: usize,
    /// The line with every secret in it masked, escaped, at most 200 characters.
    pub excerpt: String,
}

impl Place {
    /// The place as version 1 shows it.
    pub fn new(place: &provenance::Place) -> Place {
        let escaped = place.path.as_deref().map(escape);
        let changed = place
            .path
            .as_ref()
            .filter(|path| escaped.as_ref().is_some_and(|text| text.as_bytes() != path.as_slice()));
        Place {
            kind: PlaceKind::new(place.kind),
            path_bytes: changed.map(|path| STANDARD.encode(path)),
            path: escaped,
            line: place.position.line,
            column: place.position.column,
            end_line: place.position.end_line,
            end_column: place.position.end_column,
            layers: place.layers.iter().map(ToString::to_string).collect(),
            object: place.object.map(|id| id.to_string()),
            commit: place.commit.map(|id| id.to_string()),
            refs: place.refs.clone(),
            more_refs: place.more_refs,
            excerpt: place.excerpt.clone(),
        }
    }
}

/// What kind of text a place is in.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// A file's content stored in git.
    Blob,
    /// A commit's headers and message.
    Commit,
    /// An annotated tag's headers and message.
    Tag,
    /// The name of a file or folder in a git tree.
    FileName,
    /// A file of the working tree or of a plain directory.
    File,
    /// Standard input.
    Stdin,
}

impl PlaceKind {
    fn new(kind: ContentKind) -> PlaceKind {
        match kind {
            ContentKind::Blob => PlaceKind::Blob,
            ContentKind::Commit => PlaceKind::Commit,
            ContentKind::Tag => PlaceKind::Tag,
            ContentKind::FileName => PlaceKind::FileName,
            ContentKind::File => PlaceKind::File,
            ContentKind::Stdin => PlaceKind::Stdin,
        }
    }

    /// What the program calls it.
    pub(in crate::output) fn own(self) -> ContentKind {
        match self {
            PlaceKind::Blob => ContentKind::Blob,
            PlaceKind::Commit => ContentKind::Commit,
            PlaceKind::Tag => ContentKind::Tag,
            PlaceKind::FileName => ContentKind::FileName,
            PlaceKind::File => ContentKind::File,
            PlaceKind::Stdin => ContentKind::Stdin,
        }
    }
}

/// The life of a secret in a repository's history.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Trace {
    /// The commit that first brought it in; null when no commit has it.
    pub introduced: Option<Commit>,
    /// Other commits that brought it in independently or again, in hexadecimal, oldest first.
    pub reintroduced: Vec<String>,
    /// Refs whose tip still has it: full names, sorted, escaped.
    #[serde(serialize_with = "names", deserialize_with = "listed")]
    #[schemars(with = "Vec<String>")]
    pub tips: Refs,
    /// Whether that commit is where a shallow history begins, so that the secret may be older.
    pub at_boundary: bool,
    /// The commit that took it out last, when HEAD does not have it any more; null while HEAD has
    /// it. Other refs may still have it: see `tips`.
    pub removed: Option<Commit>,
    /// From the introducing commit to the removing one, or to the scan while any tip has it, by the
    /// committers' dates; seconds. Negative where those run backwards.
    pub exposed_seconds: Option<i64>,
    /// Whether the working tree or index has it.
    pub in_worktree: bool,
    /// Whether only objects have it that no ref, reflog or index reaches.
    pub unreachable: bool,
}

impl Trace {
    /// The life as version 1 shows it.
    pub fn new(trace: &provenance::Trace) -> Trace {
        Trace {
            introduced: trace.introduced.as_ref().map(Commit::new),
            at_boundary: trace.at_boundary,
            reintroduced: trace.reintroduced.iter().map(ToString::to_string).collect(),
            tips: trace.tips.clone(),
            removed: trace.removed.as_ref().map(Commit::new),
            exposed_seconds: trace.exposed_seconds,
            in_worktree: trace.in_worktree,
            unreachable: trace.unreachable,
        }
    }
}

/// A commit.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Commit {
    /// Its id, in hexadecimal.
    pub id: String,
    /// Who wrote the change, by the commit's own claim.
    pub author: Person,
    /// Who made the commit, by its own claim.
    pub committer: Person,
    /// First line of the message, escaped.
    pub subject: String,
    /// What kind of signature it carries; nothing has been verified.
    pub signature: SignatureKind,
    /// How many parents it has.
    pub parents: usize,
}

impl Commit {
    fn new(commit: &provenance::CommitInfo) -> Commit {
        Commit {
            id: commit.id.to_string(),
            author: Person::new(&commit.author),
            committer: Person::new(&commit.committer),
            subject: commit.subject.clone(),
            signature: SignatureKind::new(commit.signed),
            parents: commit.parents,
        }
    }
}

/// A name, an address and a date, as a commit claims them.
#[derive(Serialize, Deserialize, JsonSchema)]
pub struct Person {
    /// Name, escaped.
    pub name: String,
    /// E-mail address, escaped.
    pub email: String,
    /// RFC 3339 with the person's own offset; null outside the years 1 to 9999.
    pub date: Option<String>,
    /// Seconds since 1970-01-01 UTC.
    pub seconds: i64,
    /// Offset from UTC in seconds.
    pub offset: i32,
}

impl Person {
    fn new(who: &provenance::Signature) -> Person {
        Person {
            name: who.name.clone(),
            email: who.email.clone(),
            date: when::rfc3339(who),
            seconds: who.seconds,
            offset: who.offset,
        }
    }
}

/// What kind of signature a commit carries.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum SignatureKind {
    /// None.
    None,
    /// `OpenPGP`.
    OpenPgp,
    /// SSH.
    Ssh,
    /// X.509 (S/MIME, gitsign).
    X509,
    /// Some other signature header.
    Other,
}

impl SignatureKind {
    fn new(signed: Signed) -> SignatureKind {
        match signed {
            Signed::No => SignatureKind::None,
            Signed::OpenPgp => SignatureKind::OpenPgp,
            Signed::Ssh => SignatureKind::Ssh,
            Signed::X509 => SignatureKind::X509,
            Signed::Other => SignatureKind::Other,
        }
    }

    /// What the program calls it.
    pub(in crate::output) fn own(self) -> Signed {
        match self {
            SignatureKind::None => Signed::No,
            SignatureKind::OpenPgp => Signed::OpenPgp,
            SignatureKind::Ssh => Signed::Ssh,
            SignatureKind::X509 => Signed::X509,
            SignatureKind::Other => Signed::Other,
        }
    }
}

/// Names that findings share are written without a copy of each.
fn names<S: Serializer>(names: &Refs, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(names.iter().map(|name| &**name))
}

/// Names as they were written; they are escaped when a report is made of them.
fn listed<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Refs, D::Error> {
    let names: Vec<std::sync::Arc<str>> =
        Vec::<String>::deserialize(deserializer)?.into_iter().map(Into::into).collect();
    Ok(names.into_iter().collect())
}
