//! Who acted in a commit or push, how sure that is, and what that person may do.

use serde::{Deserialize, Serialize};

use super::day::last_day;
use super::{GrantOrigin, PersonType, Role, Status};

/// In what role somebody acted. The five are never merged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActorRole {
    /// Wrote the change, by the commit's claim.
    Author,
    /// Made the commit, by its claim or its signature.
    Committer,
    /// Brought it to the server.
    Pusher,
    /// Approved the change.
    Approver,
    /// Merged it.
    Merger,
}

impl ActorRole {
    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            ActorRole::Author => "author",
            ActorRole::Committer => "committer",
            ActorRole::Pusher => "pusher",
            ActorRole::Approver => "approver",
            ActorRole::Merger => "merger",
        }
    }
}

/// What a resolution rests on, strongest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Evidence {
    /// A server says who it was, by the number of the account.
    Server,
    /// A good signature by a key that the organisation's own list binds to the person.
    Signature,
    /// A good signature by a key that only the forge's list binds to the person.
    ForgeKey,
    /// A forge linked the address, or the address holds the account's number.
    ForgeLink,
    /// The platform's variables say so, and whoever pushes can change the job that reads them.
    Platform,
    /// Exactly this address is in the directory; anybody can write it into a commit.
    Email,
    /// The organisation's list of aliases or the base revision's mailmap leads to the address.
    Alias,
    /// A login in the address, which may have changed hands.
    Login,
    /// A name that was somebody's before and is nobody's now.
    Former,
    /// Nothing.
    None,
}

impl Evidence {
    /// How sure a resolution by it is, in hundredths.
    pub fn confidence(self) -> u8 {
        match self {
            Evidence::Server => 99,
            Evidence::Signature => 97,
            Evidence::ForgeKey => 90,
            Evidence::ForgeLink | Evidence::Platform => 80,
            Evidence::Email => 70,
            Evidence::Alias => 60,
            Evidence::Login => 35,
            Evidence::Former => 25,
            Evidence::None => 0,
        }
    }

    /// Its place in the order, 1 for the strongest.
    pub fn rank(self) -> u8 {
        match self {
            Evidence::Server => 1,
            Evidence::Signature | Evidence::ForgeKey => 2,
            Evidence::ForgeLink | Evidence::Platform => 3,
            Evidence::Email => 4,
            Evidence::Alias => 5,
            Evidence::Login => 6,
            Evidence::Former => 7,
            Evidence::None => 8,
        }
    }

    /// What it is, in a few words.
    pub fn as_str(self) -> &'static str {
        match self {
            Evidence::Server => "said by the server",
            Evidence::Signature => "verified signature",
            Evidence::ForgeKey => "signature by a key published on the forge",
            Evidence::ForgeLink => "account linked by the forge",
            Evidence::Platform => "said by the job's variables",
            Evidence::Email => "claimed address",
            Evidence::Alias => "claimed address, by alias",
            Evidence::Login => "login in the address",
            Evidence::Former => "a name that was theirs before",
            Evidence::None => "nothing known",
        }
    }
}

/// What somebody is to the organisation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// Belonged to it at the time.
    Insider,
    /// Had belonged to it, and no longer did.
    FormerInsider,
    /// Had access to this repository without belonging to it.
    OutsideCollaborator,
    /// A bot or service account.
    Machine,
    /// Known, and without access.
    Outsider,
    /// Nobody the directory knows.
    Unknown,
}

impl Class {
    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Class::Insider => "insider",
            Class::FormerInsider => "former insider",
            Class::OutsideCollaborator => "outside collaborator",
            Class::Machine => "bot or service",
            Class::Outsider => "outsider",
            Class::Unknown => "unknown",
        }
    }
}

/// A person by the name a source has for them.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PersonKey {
    /// Name of the source.
    pub source: String,
    /// Id within it.
    pub id: String,
}

/// What somebody may do on a repository, and why.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Permission {
    /// The highest right.
    pub role: Role,
    /// The forge's own name of it, escaped.
    pub role_name: Option<String>,
    /// By which kind of grant.
    pub origin: GrantOrigin,
    /// The team, when it is a team's.
    pub team: Option<String>,
    /// On what it was given: the repository, or the organisation around it.
    pub resource: String,
    /// Which source says so.
    pub source: String,
    /// When it ends, seconds since 1970-01-01 UTC; none when it is permanent.
    pub expires: Option<i64>,
    /// Whether a snapshot covers that time; else it is taken from the first one after it.
    pub certain: bool,
}

/// What the directory says of somebody at the time of the event. Times are seconds since 1970-01-01
/// UTC.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[allow(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct Standing {
    /// The person in each source, the one with the most say first.
    pub persons: Vec<PersonKey>,
    /// Name for display, escaped.
    pub name: Option<String>,
    /// Whether personnel records or a directory list them, rather than a forge alone.
    pub listed: bool,
    /// What kind of person.
    pub kind: PersonType,
    /// Where they stood.
    pub status: Status,
    /// Since when they were no longer active.
    pub inactive_since: Option<i64>,
    /// The source knows that they left and not when, and this is before it knew.
    pub perhaps_departed: bool,
    /// End date ahead or behind, where one is known.
    pub end: Option<i64>,
    /// First day.
    pub start: Option<i64>,
    /// When access that was given for a time ended.
    pub access_ended: Option<i64>,
    /// Whether all of the person's access had ended, and not a right on this repository alone.
    #[serde(default)]
    pub access_over: bool,
    /// When all of it had ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub access_over_at: Option<i64>,
    /// When the account at the forge was made.
    pub account_created: Option<i64>,
    /// Whether a second factor was on.
    pub two_factor: Option<bool>,
    /// Whether the forge's account is linked to the identity provider; none where no source links
    /// accounts.
    pub linked: Option<bool>,
    /// Holds rights over other people's access.
    pub privileged: bool,
    /// Who answers for a machine.
    pub owner: Option<String>,
    /// The manager.
    pub manager: Option<String>,
    /// Teams, sorted.
    pub teams: Vec<String>,
    /// The person's addresses, logins (`host/login`) and key fingerprints, sorted: for comparison,
    /// never shown.
    pub emails: Vec<String>,
    /// See `emails`.
    pub logins: Vec<String>,
    /// See `emails`: accounts by their numbers.
    #[serde(default)]
    pub accounts: Vec<String>,
    /// See `emails`.
    pub keys: Vec<String>,
    /// Whether several people of one source go by the name that was resolved.
    pub shared: bool,
    /// What they could do on this repository then.
    pub then: Option<Permission>,
    /// What they can do now.
    pub now: Option<Permission>,
    /// The last right to push on this repository that had ended then, where they had none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expired: Option<Permission>,
    /// Whether they may go past the rules of a branch here.
    pub bypass: bool,
    /// Sources whose newest snapshot is older than the policy allows.
    pub stale: Vec<String>,
}

impl Standing {
    /// That access had ended and what its last day was, in words; none where none had.
    pub fn ended(&self) -> Option<String> {
        let (words, end) = match self.access_over_at {
            Some(end) => ("access ended", end),
            None if self.access_over => ("access ended", self.access_ended?),
            None => ("access given for a time ended", self.access_ended?),
        };
        Some(match last_day(end) {
            Some(day) => format!("{words}, last day {day}"),
            None => words.to_owned(),
        })
    }
}

/// One step of a resolution.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Where the name stands: `the address`.
    pub via: String,
    /// The name itself, escaped; not to be shown where people stand under pseudonyms.
    pub value: String,
    /// What it led to.
    pub outcome: String,
}

/// Somebody in a role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Actor {
    /// In what role.
    pub role: ActorRole,
    /// Name as the commit or event has it, escaped.
    pub name: String,
    /// Address as the commit or event has it, escaped.
    pub email: String,
    /// Login and forge as the event has them (`github.com/octocat`), escaped.
    pub login: Option<String>,
    /// A stable name without a person's name in it: 16 hexadecimal digits.
    pub pseudonym: String,
    /// What the resolution rests on.
    pub evidence: Evidence,
    /// How sure it is, in hundredths; lower than the evidence's own where sources are stale or
    /// several people fit.
    pub confidence: u8,
    /// What they are to the organisation.
    pub class: Class,
    /// What the directory says; none when nobody fits.
    pub standing: Option<Standing>,
    /// How the resolution went.
    pub steps: Vec<Step>,
    /// The name or address resembles somebody else's: whose pseudonym, and why.
    pub resembles: Option<String>,
}

impl Actor {
    /// Whether two actors are the same person; `None` when one of them is nobody the directory knows.
    pub fn same_person(&self, other: &Actor) -> Option<bool> {
        let (one, two) = (self.standing.as_ref()?, other.standing.as_ref()?);
        Some(one.persons.iter().any(|person| two.persons.contains(person)))
    }

    /// Whether it is a bot or service account.
    pub fn is_machine(&self) -> bool {
        self.class == Class::Machine
    }
}
