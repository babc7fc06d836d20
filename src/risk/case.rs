//! A case: everything that a judgement looks at, and nothing else. It is made once, out of commit,
//! push, directory and history, and written into evidence bundles; a judgement is a function of it,
//! so that it can be made again offline.
//!
//! What could not be learnt is `None`, which signals take for silence and never for suspicion.
//! Times are seconds since 1970-01-01 UTC; time zones are minutes east of UTC.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::Visibility;
use crate::identity::actor::{Actor, ActorRole};
use crate::model::Severity;

/// The version of the format of [`Case`].
pub const VERSION: u32 = 1;

/// Everything that a judgement looks at.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Of this format.
    pub version: u32,
    /// Fingerprint of the secret: a keyed hash.
    pub finding: String,
    /// The commit that brought it in, in hexadecimal.
    pub commit: String,
    /// When it happened.
    pub time: i64,
    /// Whether a server said when; else the committer's clock did.
    pub time_from_server: bool,
    /// Everybody who acted, by role.
    pub actors: Vec<Actor>,
    /// The commit's signature.
    pub signature: SignatureFacts,
    /// The credential.
    pub secret: SecretFacts,
    /// The commit.
    pub change: ChangeFacts,
    /// The repository.
    pub repository: RepositoryFacts,
    /// The push and what the platform knows of it.
    pub push: PushFacts,
    /// What the accountable person did before; frozen at the time of the event.
    pub past: Option<Past>,
    /// What happened afterwards.
    pub after: AfterFacts,
    /// What could not be learnt, and how it could be.
    pub missing: Vec<String>,
}

impl Case {
    /// Somebody in a role.
    pub fn actor(&self, role: ActorRole) -> Option<&Actor> {
        self.actors.iter().find(|actor| actor.role == role)
    }

    /// The case without names, addresses and logins, and with pseudonyms for people's ids: enough
    /// to judge it again. `pseudonym` gives that of an id.
    #[must_use]
    pub fn pseudonymous(mut self, pseudonym: &dyn Fn(&str) -> String) -> Case {
        for actor in &mut self.actors {
            actor.name.clear();
            actor.email.clear();
            actor.login = None;
            actor.steps.clear();
            if let Some(standing) = &mut actor.standing {
                standing.name = None;
                standing.owner = standing.owner.as_deref().map(pseudonym);
                standing.manager = standing.manager.as_deref().map(pseudonym);
                standing.emails.clear();
                standing.logins.clear();
                standing.accounts.clear();
                standing.keys.clear();
                for person in &mut standing.persons {
                    person.id = pseudonym(&person.id);
                }
            }
        }
        self
    }

    /// Whether the pusher is known to be somebody else than whoever stands in the commit in a role:
    /// their habits then say nothing of it.
    pub fn pushed_for_other(&self, role: ActorRole) -> bool {
        let both = self.actor(ActorRole::Pusher).zip(self.actor(role));
        both.and_then(|(pusher, other)| pusher.same_person(other)) == Some(false)
    }

    /// Whether nothing but the commit itself says whose it is.
    pub fn is_only_claimed(&self) -> bool {
        self.accountable().is_none_or(|actor| actor.evidence.rank() > 3)
    }

    /// Whom the rest is about: the pusher if known, else the verified signer, else whoever the
    /// commit claims as its author. Merges and web edits are the pusher's.
    pub fn accountable(&self) -> Option<&Actor> {
        let signer = || {
            let committer = self.actor(ActorRole::Committer)?;
            (committer.evidence.rank() == 2).then_some(committer)
        };
        self.actor(ActorRole::Pusher).or_else(signer).or_else(|| self.actor(ActorRole::Author))
    }
}

/// What the commit's signature says.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum SignatureState {
    /// None there.
    #[default]
    None,
    /// Good, by a key that is somebody's.
    Good,
    /// Valid or not checkable, by a key that nobody is known to have.
    UnknownKey,
    /// Made by a key or with a signature that had ended.
    Expired,
    /// Made by a key that was revoked.
    Revoked,
    /// Does not fit the commit.
    Bad,
    /// Recognised, and not checked here.
    Unchecked,
}

impl SignatureState {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            SignatureState::None => "none",
            SignatureState::Good => "good",
            SignatureState::UnknownKey => "unknown key",
            SignatureState::Expired => "expired",
            SignatureState::Revoked => "revoked key",
            SignatureState::Bad => "bad",
            SignatureState::Unchecked => "not checked",
        }
    }
}

/// The commit's signature.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct SignatureFacts {
    /// What it says.
    pub state: SignatureState,
    /// `ssh`, `openpgp`, `x509`, `other`.
    pub kind: Option<String>,
    /// Fingerprint of the key.
    pub fingerprint: Option<String>,
    /// Whether the directory binds that key to anybody.
    pub key_in_directory: bool,
    /// Whether the directory binds it to somebody else than the committer's address belongs to.
    pub belongs_to_other: Option<bool>,
    /// When commits signed by that key were first seen in this history.
    pub key_first_seen: Option<i64>,
    /// How it was found out.
    pub why: String,
}

/// The credential, without its value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct SecretFacts {
    /// The rule.
    pub rule: String,
    /// The provider.
    pub provider: String,
    /// What it opens.
    pub severity: Severity,
    /// Whether it still works; none when nobody checked, which is not the same as no.
    pub live: Option<bool>,
    /// Names of the layers it was wrapped in, outermost first (`base64`).
    pub layers: Vec<String>,
    /// It stands in a Kubernetes Secret or another file that is encoded by its format.
    pub encoded_by_format: bool,
    /// Its path, escaped, where there is one.
    pub path: Option<String>,
    /// The path is that of tests, fixtures, examples or documentation.
    pub test_path: bool,
    /// The path is that of a dotfile, configuration or backup.
    pub configuration_path: bool,
    /// Whether it belongs to the accountable person or a team of theirs, by the organisation's list
    /// of credential owners.
    pub owned_by_person: Option<bool>,
    /// It is planted to be found.
    pub canary: Option<bool>,
    /// Seconds from its introduction to its removal, or to now.
    pub exposed_seconds: Option<i64>,
    /// Whether a ref still has it.
    pub reachable: bool,
    /// How many findings the commit brought in.
    pub findings_in_commit: usize,
}

/// The commit.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct ChangeFacts {
    /// Author's clock.
    pub author_time: i64,
    /// Committer's clock.
    pub committer_time: i64,
    /// Author's time zone, minutes.
    pub author_zone: i32,
    /// How many parents it has.
    pub parents: usize,
    /// Made on the forge's site (committer is the forge itself).
    pub by_web: bool,
    /// Files changed; none when it was not computed.
    pub files: Option<u32>,
    /// Top folders changed, two levels deep, escaped, sorted, at most 100.
    pub folders: Vec<String>,
    /// Guards that the same commit switched off, in a few words each.
    pub guards_off: Vec<String>,
    /// The message speaks of documentation, typing errors or tests, and the change is elsewhere.
    pub message_mismatch: bool,
}

/// The repository at the time of the event.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RepositoryFacts {
    /// `host/owner/name`.
    pub id: Option<String>,
    /// Who could read it.
    pub visibility: Visibility,
    /// Whether it is somebody's own fork, or the push came from one.
    pub personal_fork: Option<bool>,
    /// Whether it lies outside the organisation's forges and owners.
    pub outside: Option<bool>,
    /// When it became public after the event.
    pub public_since: Option<i64>,
    /// Whether the ref is the default branch.
    pub default_branch: Option<bool>,
    /// Whether rules protect the ref.
    pub protected: Option<bool>,
    /// Whether rules ask for reviews.
    pub review_required: Option<bool>,
    /// Whether rules ask for signatures.
    pub signatures_required: Option<bool>,
    /// Code owners of the changed path, by the base revision: whether the person or a team of theirs
    /// is among them. None where there is no such file or nobody owns it.
    pub person_owns_path: Option<bool>,
}

/// The push.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PushFacts {
    /// Where it is known from; none when no push is known.
    pub origin: Option<String>,
    /// Ref, escaped.
    pub ref_name: Option<String>,
    /// History was rewritten.
    pub forced: Option<bool>,
    /// The finding's commit is one of those that the rewriting took away.
    pub took_away: bool,
    /// A pull or merge request carried it.
    pub pull_request: Option<bool>,
    /// Whether the pull request asks for a review (open, no draft).
    pub review_asked: bool,
    /// Merged by its author without somebody else's approval of the last version.
    pub self_merged: Option<bool>,
    /// Approved before the last version.
    pub stale_approval: Option<bool>,
    /// A rule of the branch was passed by, and how that is known.
    pub bypass: Option<String>,
    /// How many different pushes of the accountable person came from countries too far apart.
    pub impossible_travel: Option<bool>,
    /// A reason for a bypass that was given with the push, escaped.
    pub bypass_reason: Option<String>,
    /// Whether the local hook's attestation is there, where the organisation asks for one.
    pub hook_attested: Option<bool>,
    /// For a signed push: what its certificate says.
    #[serde(default)]
    pub certificate: Option<Certificate>,
}

/// What the certificate of a signed push says of who pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Certificate {
    /// Signed by a key of whoever the server names, or by the only one who is named.
    Own,
    /// Signed by a key of somebody else than whoever the server names.
    Other,
    /// Signed by a key that nobody is known to have.
    UnknownKey,
    /// The signature does not fit, its key had ended, or it was made for another push.
    NotGood,
}

/// What a person did before the event.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Past {
    /// Commits of theirs before, in this repository.
    pub commits: usize,
    /// The last one before.
    pub last: Option<i64>,
    /// 95th percentile of the gaps between working sessions, seconds.
    pub usual_gap: Option<i64>,
    /// Working sessions: commits within 30 minutes are one.
    pub sessions: usize,
    /// Days with a session.
    pub days: usize,
    /// Seconds from the first session to the last.
    pub span: i64,
    /// Sessions by hour of the week, local time, Monday 0 o'clock first; decayed.
    pub hours: Vec<f64>,
    /// The same of the peers.
    pub peer_hours: Vec<f64>,
    /// How many peers.
    pub peers: usize,
    /// Commits of the last 90 days by time zone, minutes; where these are fewer than ten, the last
    /// 20 commits, however old.
    pub zones: BTreeMap<i32, u32>,
    /// Of the last 20 commits here, how many were signed.
    pub signed_of_20: Option<u32>,
    /// Of the author's last 20 commits here, how many were signed, where somebody else pushed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author_signed_of_20: Option<u32>,
    /// When they last pushed anywhere before, by recorded pushes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_push: Option<i64>,
    /// Recorded pushes in the year before.
    #[serde(default)]
    pub pushes: usize,
    /// Whether the directory had them on leave at some time since they were last seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub leave_between: Option<bool>,
    /// Keys that signed their commits before, sorted.
    pub keys: Vec<String>,
    /// Files changed by a commit in the last 90 days: median.
    pub files_median: Option<f64>,
    /// Median absolute deviation of the same.
    pub files_mad: Option<f64>,
    /// Commits of theirs in the folder of the secret in 180 days.
    pub folder_commits: Option<usize>,
    /// Commits of others there in that time.
    pub folder_others: Option<usize>,
    /// Repositories pushed to in the last 7 days.
    pub repositories: Option<usize>,
    /// Of those, never before.
    pub new_repositories: Option<usize>,
    /// 99th percentile of repositories in 7 days before.
    pub usual_repositories: Option<usize>,
    /// Incidents (commits with findings) in 180 days before this one, weighted by age with a
    /// half-life of 90 days.
    pub incidents: Option<f64>,
    /// Their commits in those 180 days.
    pub incident_commits: usize,
    /// The organisation's incidents for 100 commits.
    pub incident_rate: Option<f64>,
    /// Different secrets brought in within 24 hours around the event.
    pub secrets_in_day: usize,
    /// Different providers of those.
    pub providers_in_day: usize,
    /// Commits that brought them in.
    pub commits_in_day: usize,
    /// The highest right 72 hours before, where the directory covers that time.
    pub right_before: Option<crate::identity::Role>,
    /// Signing keys and time zones in 30 days, for accounts that several people use.
    pub keys_in_30_days: usize,
    /// See above.
    pub zones_in_30_days: usize,
    /// When a right that only administrators have was last used.
    pub admin_last_used: Option<i64>,
    /// Whether the address is at a consumer's mail provider while the person has one of the
    /// organisation's.
    pub private_address: Option<bool>,
}

/// What happened afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct AfterFacts {
    /// When it was taken out again.
    pub removed: Option<i64>,
    /// Whether the same person took it out.
    pub removed_by_same: Option<bool>,
    /// When the person reported it.
    pub reported: Option<i64>,
    /// Whether the person revoked it.
    pub revoked_by_person: Option<bool>,
}
