//! Who pushed: what a forge, its CI or a server's hook says about one push.
//!
//! A commit says about its author whatever its author likes; a push is made by somebody whom the
//! server has let in. `github`, `gitlab`, `gitea`, `bitbucket` and `azure` read the variables of CI
//! jobs and the bodies of webhooks, `hook` what git hands to hooks on a server. What a job sees is
//! set by the forge but read under a workflow that whoever pushes may have changed, so it counts as
//! attested only where the caller knows that the workflow is pinned; see `docs/events.md`.
//!
//! Nothing here reads the environment or a file by itself: [`Surroundings`] brings both. All text in
//! a [`PushEvent`] is escaped and at most 1,024 bytes before that, and lists are bounded.

pub mod activity;
mod azure;
mod bitbucket;
mod gitea;
mod github;
mod gitlab;
mod hook;
mod read;

use std::ffi::OsString;
use std::io;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Visibility;
pub use hook::{Hook, received, update};

/// A larger payload is refused; GitHub sends none that is larger.
pub const MAX_PAYLOAD: u64 = 25 * 1024 * 1024;

/// Further commits of a payload are not kept; GitHub lists at most this many.
pub const MAX_COMMITS: usize = 2048;

/// Why what a forge says could not be read. None of it has what was read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file that could not be read.
    #[error("{what}: {why}; let it be readable, or unset {variable} to judge without it")]
    Unreadable {
        /// The file, escaped.
        what: String,
        /// The variable that names it.
        variable: &'static str,
        /// The system's message.
        why: String,
    },
    /// A payload above [`MAX_PAYLOAD`] or a hook's input with too many lines.
    #[error(
        "{what} is larger than what is read ({limit}); forges send less, so look at what wrote it"
    )]
    TooLarge {
        /// The file or input, escaped.
        what: String,
        /// The limit, with its unit.
        limit: &'static str,
    },
    /// A payload that is no JSON, or not of the expected shape.
    #[error("{what}, line {line}, column {column}: {why}; give the body as the forge sent it")]
    Json {
        /// The file, escaped.
        what: String,
        /// Line from 1.
        line: usize,
        /// Column from 1.
        column: usize,
        /// What is wrong.
        why: &'static str,
    },
    /// A payload of something else than a push, pull request, review or merge group.
    #[error(
        "{what} is no payload that is read here; give the JSON body of a push from GitHub, GitLab, \
         Gitea, Forgejo or Bitbucket"
    )]
    Unknown {
        /// The file, escaped.
        what: String,
    },
    /// A list of what a forge recorded that is none.
    #[error("{what}: {why}")]
    List {
        /// The file, escaped.
        what: String,
        /// What is wrong and what to do; no values.
        why: String,
    },
    /// A field or variable with something that it cannot have.
    #[error("{what}: {field} is {why}")]
    Malformed {
        /// The file or `environment`.
        what: String,
        /// The field or variable.
        field: &'static str,
        /// What is wrong and what is expected.
        why: &'static str,
    },
}

/// Where an event was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// A GitHub payload: `GITHUB_EVENT_PATH` or a webhook.
    GithubEvent,
    /// The variables of GitHub Actions alone.
    GithubActions,
    /// The variables of GitLab CI.
    GitlabCi,
    /// A GitLab webhook.
    GitlabWebhook,
    /// Gitea Actions.
    GiteaActions,
    /// Forgejo Actions.
    ForgejoActions,
    /// A Gitea or Forgejo webhook.
    GiteaWebhook,
    /// The variables of Bitbucket Pipelines.
    Bitbucket,
    /// A Bitbucket webhook.
    BitbucketWebhook,
    /// The variables of Azure Pipelines.
    AzurePipelines,
    /// A server's pre-receive hook.
    PreReceive,
    /// A server's post-receive hook.
    PostReceive,
    /// A server's update hook.
    Update,
    /// A hook where nothing but the certificate of a signed push says who pushed.
    SignedPush,
    /// The forge's record of activity.
    ActivityApi,
}

impl Origin {
    /// Whether it was read in a hook on the server, where all references are those of the server.
    pub fn is_hook(self) -> bool {
        matches!(
            self,
            Origin::PreReceive | Origin::PostReceive | Origin::Update | Origin::SignedPush
        )
    }
}

/// What kind of account it is.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum ActorKind {
    /// Nobody said.
    #[default]
    Unknown,
    /// A person's.
    User,
    /// A program's.
    Bot,
    /// An organisation's.
    Organisation,
}

/// An account at a forge.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Actor {
    /// Host of the forge, lower case; empty where it is not known.
    pub realm: String,
    /// The forge's own number or id; it survives a change of login.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub account: Option<String>,
    /// Login, lower case.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub login: Option<String>,
    /// Name for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Address that the forge has for the account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// What kind of account.
    pub kind: ActorKind,
}

/// What a reviewer said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReviewState {
    /// Approved.
    Approved,
    /// Asked for changes.
    ChangesRequested,
    /// Only commented.
    Commented,
    /// The review was dismissed.
    Dismissed,
    /// Something else.
    Other,
}

/// A review.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Approval {
    /// Whose.
    pub actor: Actor,
    /// The commit that was looked at; an approval of another than the head is stale.
    pub commit_id: Option<String>,
    /// What it says.
    pub state: ReviewState,
    /// When, in seconds since 1970-01-01 UTC.
    pub submitted_at: Option<i64>,
}

/// A pull or merge request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PullRequest {
    /// Its number.
    pub number: Option<u64>,
    /// Who opened it.
    pub author: Option<Actor>,
    /// `host/owner/name` of where the change comes from; none when that is deleted.
    pub head_repository: Option<String>,
    /// `host/owner/name` of where it is to go.
    pub base_repository: Option<String>,
    /// Short name of the branch that the change is on.
    pub head_ref: Option<String>,
    /// Short name of the branch that it is to go to.
    pub base_ref: Option<String>,
    /// The newest commit of the change.
    pub head: Option<String>,
    /// The commit that it is to go on; `CODEOWNERS` and `.mailmap` are read there.
    pub base: Option<String>,
    /// Whether it comes from another repository.
    pub from_fork: Option<bool>,
    /// Whether it is a draft.
    pub draft: Option<bool>,
    /// Whether it is merged.
    pub merged: Option<bool>,
    /// What the author is to the repository, in GitHub's words; a hint, never a permission.
    pub author_association: Option<String>,
}

/// A commit as a payload lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct EventCommit {
    /// Its id.
    pub id: String,
    /// Login that the forge has linked the author's address to, lower case; none where it is linked
    /// to nobody.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author_username: Option<String>,
    /// The same for the committer's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub committer_username: Option<String>,
    /// Whether it is new to the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub distinct: Option<bool>,
}

/// What git says about the certificate of a signed push (git-receive-pack(1)).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct PushCertificate {
    /// The object that holds it, in hexadecimal.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Name and address of the signer, as the key has them.
    pub signer: Option<String>,
    /// The key.
    pub key: Option<String>,
    /// `G` for good, and the other letters of `%G?`.
    pub status: Option<String>,
    /// `OK`, `SLOP`, `BAD`, `MISSING` or `UNSOLICITED`.
    pub nonce_status: Option<String>,
    /// For `SLOP`: by how many seconds the nonce is older.
    pub nonce_slop: Option<i64>,
}

impl PushCertificate {
    /// Whether it proves who pushed: a good signature by a known key, over a nonce that this server
    /// gave out just now (or within `receive.certNonceSlop`); an older one may be a replay.
    pub fn is_good(&self) -> bool {
        self.status.as_deref() == Some("G") && self.is_fresh()
    }

    /// Whether it was made for this push: its nonce is one that this server gave out just now.
    pub fn is_fresh(&self) -> bool {
        self.nonce_status.as_deref() == Some("OK")
    }
}

/// One ref changed by one push, or one change of a pull request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushEvent {
    /// Where it was read.
    pub origin: Origin,
    /// Whether a server says so, and not something that whoever pushes can change.
    pub attested: bool,
    /// Host of the forge, lower case; empty where it is not known.
    pub forge: String,
    /// `host/owner/name`, lower case.
    pub repository: Option<String>,
    /// Who may read the repository.
    pub visibility: Visibility,
    /// Whether it is a fork that belongs to a person; none where nobody said.
    #[serde(default)]
    pub personal_fork: Option<bool>,
    /// Full name of the ref (`refs/heads/main`).
    pub ref_name: Option<String>,
    /// What the ref was before; none when it is new or nobody said.
    pub before: Option<String>,
    /// What it is now; none when it is gone or nobody said.
    pub after: Option<String>,
    /// Whether history was rewritten; none where nobody said.
    pub forced: Option<bool>,
    /// Whether the ref is new.
    pub created: bool,
    /// Whether the ref is gone.
    pub deleted: bool,
    /// Who pushed.
    pub pusher: Option<Actor>,
    /// Who caused the event: for pull requests whoever opened, reviewed or merged.
    pub sender: Option<Actor>,
    /// Who started this run, if not by the push: somebody may have started it again.
    pub triggering_actor: Option<Actor>,
    /// Reviews that the event tells of.
    pub approvals: Vec<Approval>,
    /// Who merged.
    pub merged_by: Option<Actor>,
    /// The pull request that it is about.
    pub pull_request: Option<PullRequest>,
    /// When the forge took it, in seconds since 1970-01-01 UTC.
    pub received_at: Option<i64>,
    /// Whether rules protect the ref.
    pub ref_protected: Option<bool>,
    /// Short name of the default branch.
    pub default_branch: Option<String>,
    /// Whether the ref is the default branch.
    pub head_is_default_branch: Option<bool>,
    /// Commits that the payload lists; at most [`MAX_COMMITS`] and often fewer than were pushed.
    pub commits: Vec<EventCommit>,
    /// Names of the push options, without values, which may be secrets.
    pub push_options: Vec<String>,
    /// For signed pushes.
    pub push_certificate: Option<PushCertificate>,
    /// What limits how much it says.
    pub notes: Vec<String>,
}

impl PushEvent {
    /// An event that says nothing yet.
    pub fn new(origin: Origin, forge: &str, attested: bool) -> PushEvent {
        PushEvent {
            origin,
            attested,
            forge: forge.to_lowercase(),
            repository: None,
            visibility: Visibility::Unknown,
            personal_fork: None,
            ref_name: None,
            before: None,
            after: None,
            forced: None,
            created: false,
            deleted: false,
            pusher: None,
            sender: None,
            triggering_actor: None,
            approvals: Vec::new(),
            merged_by: None,
            pull_request: None,
            received_at: None,
            ref_protected: None,
            default_branch: None,
            head_is_default_branch: None,
            commits: Vec::new(),
            push_options: Vec::new(),
            push_certificate: None,
            notes: Vec::new(),
        }
    }

    /// Compares the ref with the default branch, once both are known.
    fn place(&mut self) {
        if let (Some(name), Some(default)) = (&self.ref_name, &self.default_branch) {
            self.head_is_default_branch = Some(name.strip_prefix("refs/heads/") == Some(default));
        }
    }

    fn note(&mut self, note: &str) {
        self.notes.push(note.to_owned());
    }
}

/// What surrounds a job.
pub struct Surroundings<'a> {
    /// A variable of the environment.
    pub env: &'a dyn Fn(&str) -> Option<OsString>,
    /// The first so many bytes of a file.
    pub read_file: &'a dyn Fn(&Path, u64) -> io::Result<Vec<u8>>,
    /// Whether the workflow that runs is pinned by the organisation (a required workflow or pipeline
    /// policy), so that whoever pushes cannot change what it does.
    pub pinned: bool,
}

/// What the CI that this runs in says about the push; none outside of a known CI.
pub fn detect(around: &Surroundings<'_>) -> Result<Option<PushEvent>, Error> {
    let env = read::Env(around.env);
    let mut event = if env.is_set("FORGEJO_ACTIONS") {
        github::from_actions(around, Origin::ForgejoActions)?
    } else if env.is_set("GITEA_ACTIONS") {
        github::from_actions(around, Origin::GiteaActions)?
    } else if env.is_set("GITHUB_ACTIONS") {
        github::from_actions(around, Origin::GithubActions)?
    } else if env.is_set("GITLAB_CI") {
        gitlab::from_ci(&env, around.pinned)?
    } else if env.is_set("TF_BUILD") {
        azure::from_ci(&env, around.pinned)?
    } else if env.is_set("BITBUCKET_BUILD_NUMBER") {
        bitbucket::from_ci(&env, around.pinned)?
    } else {
        return Ok(None);
    };
    event.place();
    if !around.pinned {
        event.note("the job that says so runs a workflow that whoever pushed may have changed");
    }
    Ok(Some(event))
}

/// The body of a webhook: one event a ref. `what` names the file in messages, `host` is the forge's
/// where the payload does not say, and `attested` tells that the body is known to come from the forge.
pub fn payload(
    what: &str,
    bytes: &[u8],
    host: Option<&str>,
    attested: bool,
) -> Result<Vec<PushEvent>, Error> {
    let given = read::Given { what, bytes, host, attested };
    let shape: read::Shape = given.parse()?;
    let mut events = match shape.forge() {
        Some(read::ShapeOf::Github) => vec![github::from_payload(&given, Origin::GithubEvent)?],
        Some(read::ShapeOf::Gitea) => vec![gitea::from_payload(&given)?],
        Some(read::ShapeOf::Gitlab) => vec![gitlab::from_payload(&given)?],
        Some(read::ShapeOf::Bitbucket) => bitbucket::from_payload(&given)?,
        None => return Err(Error::Unknown { what: read::shown(what) }),
    };
    events.iter_mut().for_each(PushEvent::place);
    Ok(events)
}

#[cfg(test)]
mod tests;
