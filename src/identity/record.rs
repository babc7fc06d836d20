//! What a directory of people holds: persons, their handles, grants of access, and the resources
//! that access is granted to. Each source states these as it sees them; times are seconds since
//! 1970-01-01 UTC throughout.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::email::lookalike;

/// One statement of a source.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "record", rename_all = "snake_case")]
pub enum Record {
    /// A person or account.
    Person(Person),
    /// A name that a person goes by.
    Handle(Handle),
    /// A right.
    Grant(Grant),
    /// A repository or organisation.
    Resource(Resource),
}

impl Record {
    /// What tells this record from others of its kind in one source: the same key with other
    /// content is a change.
    pub fn key(&self) -> String {
        match self {
            Record::Person(person) => person.id.clone(),
            Record::Handle(handle) => {
                format!("{}\n{}\n{}\n{}", handle.kind, handle.realm, handle.value, handle.person)
            }
            Record::Grant(grant) => {
                format!("{}\n{}\n{}", grant.holder, grant.resource, grant.origin)
            }
            Record::Resource(resource) => resource.id.clone(),
        }
    }
}

/// What kind of person or account.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum PersonType {
    /// Nobody said.
    #[default]
    Unknown,
    /// Employed by the organisation.
    Employee,
    /// Working under contract.
    Contractor,
    /// Of another organisation.
    Partner,
    /// A service account.
    Service,
    /// A bot of the forge.
    Bot,
}

impl PersonType {
    /// All of them.
    pub const ALL: [PersonType; 6] = [
        PersonType::Unknown,
        PersonType::Employee,
        PersonType::Contractor,
        PersonType::Partner,
        PersonType::Service,
        PersonType::Bot,
    ];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            PersonType::Unknown => "unknown",
            PersonType::Employee => "employee",
            PersonType::Contractor => "contractor",
            PersonType::Partner => "partner",
            PersonType::Service => "service",
            PersonType::Bot => "bot",
        }
    }

    /// Whether no human acts under it.
    pub fn is_machine(self) -> bool {
        matches!(self, PersonType::Service | PersonType::Bot)
    }
}

/// Where somebody stands with the organisation.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Working, or nobody said otherwise.
    #[default]
    Active,
    /// On leave.
    Leave,
    /// Access held back.
    Suspended,
    /// Gone.
    Departed,
}

impl Status {
    /// All of them.
    pub const ALL: [Status; 4] =
        [Status::Active, Status::Leave, Status::Suspended, Status::Departed];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Leave => "leave",
            Status::Suspended => "suspended",
            Status::Departed => "departed",
        }
    }
}

/// A person or account as one source knows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Person {
    /// Unique within the source: a personnel number, `github.com:583231`, a SCIM id.
    pub id: String,
    /// What kind.
    #[serde(rename = "type")]
    pub kind: PersonType,
    /// Where they stand.
    pub status: Status,
    /// Name for display.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// First day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub start: Option<i64>,
    /// End of the last day, once it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub end: Option<i64>,
    /// When access ends, if it was given for a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_expires: Option<i64>,
    /// The manager's id or distinguished name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub manager: Option<String>,
    /// For service accounts and bots: who answers for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<String>,
    /// Teams, as grants and code owners name them where they come from a forge
    /// (`github.com/acme/payments`); sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub teams: Vec<String>,
    /// Holds rights over other people's access.
    pub privileged: bool,
    /// Whether a second factor is on; none where the source does not say.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub two_factor: Option<bool>,
    /// When the account was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created: Option<i64>,
    /// When the account was last used.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used: Option<i64>,
    /// IANA name of the time zone they work in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
}

/// What kind of name a handle is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HandleKind {
    /// E-mail address, in the form of [`Handle::email`].
    Email,
    /// A forge's own number of an account; it survives a change of login.
    Account,
    /// Login name at a forge, lower case.
    Login,
    /// Fingerprint of a key that signs: `SHA256:…` for SSH and X.509, lower-case hexadecimal for
    /// OpenPGP.
    SigningKey,
    /// Name that the identity provider signs in with, lower case.
    Saml,
}

impl HandleKind {
    /// All of them.
    pub const ALL: [HandleKind; 5] = [
        HandleKind::Email,
        HandleKind::Account,
        HandleKind::Login,
        HandleKind::SigningKey,
        HandleKind::Saml,
    ];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            HandleKind::Email => "email",
            HandleKind::Account => "account",
            HandleKind::Login => "login",
            HandleKind::SigningKey => "signing_key",
            HandleKind::Saml => "saml",
        }
    }
}

/// A name that a person goes by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Handle {
    /// [`Person::id`] of the same source.
    pub person: String,
    /// What kind.
    pub kind: HandleKind,
    /// Host of the forge for accounts and logins, lower case (`github.com`); empty otherwise.
    #[serde(default)]
    pub realm: String,
    /// The name itself, in the normal form of its kind.
    pub value: String,
    /// For signing keys: the public key, as an OpenSSH line or OpenPGP armour.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// For signing keys: from when on signatures count.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// For signing keys: when it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// For signing keys: when it was revoked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<i64>,
}

impl Handle {
    /// A handle without anything special. `value` is brought into the normal form of its kind.
    pub fn new(person: &str, kind: HandleKind, realm: &str, value: &str) -> Handle {
        let value = match kind {
            HandleKind::Email => Handle::email(value),
            HandleKind::Login | HandleKind::Saml => value.trim().to_lowercase(),
            HandleKind::Account | HandleKind::SigningKey => value.trim().to_owned(),
        };
        Handle {
            person: person.to_owned(),
            kind,
            realm: realm.to_ascii_lowercase(),
            value,
            key: None,
            since: None,
            expires: None,
            revoked: None,
        }
    }

    /// What it is also looked up by: for addresses what they look like ([`lookalike::skeleton`]), for
    /// `OpenPGP` fingerprints of version 4 the key id in them, see [`key_id_skeleton`].
    pub fn skeleton(&self) -> Option<String> {
        match self.kind {
            HandleKind::Email => Some(lookalike::skeleton(&self.value)),
            HandleKind::SigningKey if self.value.len() == 40 && is_hex(&self.value) => {
                self.value.get(24..).map(key_id_skeleton)
            }
            _ => None,
        }
    }

    /// The normal form of an address, [`super::email::normal`].
    pub fn email(address: &str) -> String {
        super::email::normal(address)
    }
}

/// What a signing key is looked up by where a signature names only its key id, the last 16 digits of
/// a fingerprint of version 4 (RFC 9580, section 5.5.4). No address looks like it: none has two lines.
pub fn key_id_skeleton(key_id: &str) -> String {
    format!("openpgp\n{key_id}")
}

/// Whether a text is an `OpenPGP` key id, rather than a fingerprint.
pub fn is_key_id(text: &str) -> bool {
    text.len() == 16 && is_hex(text)
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// How much somebody may do, as far as forges agree on it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Nothing.
    #[default]
    None,
    /// May read (GitLab: guest to reporter).
    Read,
    /// May also sort issues (GitHub: triage).
    Triage,
    /// May push (GitLab: developer).
    Write,
    /// May also change settings (GitLab: maintainer).
    Maintain,
    /// May do everything (GitLab: owner).
    Admin,
}

impl Role {
    /// All of them, least first.
    pub const ALL: [Role; 6] =
        [Role::None, Role::Read, Role::Triage, Role::Write, Role::Maintain, Role::Admin];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Role::None => "none",
            Role::Read => "read",
            Role::Triage => "triage",
            Role::Write => "write",
            Role::Maintain => "maintain",
            Role::Admin => "admin",
        }
    }
}

/// Who holds a grant.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Holder {
    /// [`Person::id`] of the same source.
    Person(String),
    /// A team, named as in [`Person::teams`].
    Team(String),
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Holder::Person(id) => write!(f, "person:{id}"),
            Holder::Team(name) => write!(f, "team:{name}"),
        }
    }
}

/// Why somebody has a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GrantOrigin {
    /// Given to the person on this resource.
    Direct,
    /// Given to somebody outside the organisation on this resource.
    Outside,
    /// Given to a team.
    Team,
    /// Comes with membership of the organisation or group.
    Organisation,
    /// A group or role in the directory or identity provider.
    Group,
    /// Effective right as the forge computes it, of unknown origin.
    Effective,
    /// May go past the rules of a branch.
    Bypass,
}

impl GrantOrigin {
    /// All of them.
    pub const ALL: [GrantOrigin; 7] = [
        GrantOrigin::Direct,
        GrantOrigin::Outside,
        GrantOrigin::Team,
        GrantOrigin::Organisation,
        GrantOrigin::Group,
        GrantOrigin::Effective,
        GrantOrigin::Bypass,
    ];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            GrantOrigin::Direct => "direct",
            GrantOrigin::Outside => "outside",
            GrantOrigin::Team => "team",
            GrantOrigin::Organisation => "organisation",
            GrantOrigin::Group => "group",
            GrantOrigin::Effective => "effective",
            GrantOrigin::Bypass => "bypass",
        }
    }
}

/// A right on a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// Who holds it.
    pub holder: Holder,
    /// On what: [`Resource::id`]. A right on an organisation or group holds for all below it.
    pub resource: String,
    /// How much.
    pub role: Role,
    /// The forge's own name of the role (`security manager`, `developer`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role_name: Option<String>,
    /// Why.
    pub origin: GrantOrigin,
    /// From when on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since: Option<i64>,
    /// When it ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// When it was last used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_used: Option<i64>,
}

/// Who may read a repository.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Nobody said.
    #[default]
    Unknown,
    /// Those with a grant.
    Private,
    /// Everybody signed in to the organisation or instance.
    Internal,
    /// Everybody.
    Public,
}

impl Visibility {
    /// All of them.
    pub const ALL: [Visibility; 4] =
        [Visibility::Unknown, Visibility::Private, Visibility::Internal, Visibility::Public];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Visibility::Unknown => "unknown",
            Visibility::Private => "private",
            Visibility::Internal => "internal",
            Visibility::Public => "public",
        }
    }
}

/// A repository, or the organisation or group that repositories are in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Default)]
#[serde(default)]
pub struct Resource {
    /// `host/owner/name`, or `host/owner` for all of an owner; lower case.
    pub id: String,
    /// The forge's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<String>,
    /// Who may read it.
    pub visibility: Visibility,
    /// Short name of the default branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub default_branch: Option<String>,
    /// Of what it is a fork: another [`Resource::id`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fork_of: Option<String>,
    /// Patterns of branch names that rules protect, as the forge writes them; sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub protected: Vec<String>,
    /// Whether its rules ask for signed commits; none where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signatures_required: Option<bool>,
    /// Whether its rules ask for a review; none where nobody said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub review_required: Option<bool>,
}

/// A word that names none of the choices.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("use one of {0}")]
pub struct UnknownWord(String);

macro_rules! words {
    ($($type:ty),*) => {$(
        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }

        impl FromStr for $type {
            type Err = UnknownWord;

            fn from_str(word: &str) -> Result<Self, Self::Err> {
                let found = <$type>::ALL.into_iter().find(|one| one.as_str() == word);
                found.ok_or_else(|| {
                    UnknownWord(<$type>::ALL.map(<$type>::as_str).join(", "))
                })
            }
        }
    )*};
}

words!(PersonType, Status, HandleKind, Role, GrantOrigin, Visibility);
