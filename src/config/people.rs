//! Settings of the identity cross-check and of alerts. They are the organisation's: a file that lies
//! in the scanned target has no say in them.

mod check;
pub(super) mod raw;

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Located;
use super::expression::Condition;

pub(super) use check::people;

/// How old the newest snapshot of a source may be by default, seconds: 48 hours.
pub const STALE_AFTER: i64 = 48 * 3_600;

/// Settings of the identity cross-check.
#[derive(Debug, Clone, PartialEq)]
#[allow(clippy::struct_excessive_bools, reason = "each is a switch of the policy")]
pub struct IdentitySettings {
    /// Whether findings are traced to people at all.
    pub enabled: bool,
    /// What people may look at the results, and how: the policy.
    pub policy: Policy,
    /// The folder of the store, as written.
    pub store: Option<Located<PathBuf>>,
    /// The scanned repository as directories name it: `host/owner/name`.
    pub repository: Option<String>,
    /// Hosts of the organisation's forges, lower case.
    pub forges: Vec<String>,
    /// Owners or groups whose repositories are the organisation's own: `host/owner`, lower case.
    pub own: Vec<String>,
    /// A file of aliases in the form of a mailmap, of the organisation's own.
    pub aliases: Option<Located<PathBuf>>,
    /// An allowed signers file of the organisation's own.
    pub allowed_signers: Option<Located<PathBuf>>,
    /// How old the newest snapshot of a source may be, seconds.
    pub stale_after: i64,
    /// Whether people stand under pseudonyms.
    pub pseudonyms: bool,
    /// Whether reports may show at which hours of the week secrets were committed, all people
    /// together.
    pub hour_heat_map: bool,
    /// Signals that are off by default and on here.
    pub signals_on: Vec<String>,
    /// Signals that are off.
    pub signals_off: Vec<String>,
    /// Shares of mistakes, compromised accounts and intent among past incidents.
    pub priors: Option<[f64; 3]>,
    /// Decibans from which on concern is `note`, `review` and `urgent-review`.
    pub bands: Option<[f64; 3]>,
    /// Whose credentials are whose: a fact's value, such as an account's number, to teams or people.
    pub credential_owners: BTreeMap<String, Vec<String>>,
    /// Fingerprints of planted credentials.
    pub canaries: Vec<String>,
    /// Whether whoever pushes cannot change the job that leaktrace runs in.
    pub workflow_pinned: bool,
    /// Where alerts go.
    pub alerts: Vec<Target>,
}

impl Default for IdentitySettings {
    fn default() -> Self {
        IdentitySettings {
            enabled: false,
            policy: Policy::default(),
            store: None,
            repository: None,
            forges: vec!["github.com".to_owned(), "gitlab.com".to_owned()],
            own: Vec::new(),
            aliases: None,
            allowed_signers: None,
            stale_after: STALE_AFTER,
            pseudonyms: true,
            hour_heat_map: false,
            signals_on: Vec::new(),
            signals_off: Vec::new(),
            priors: None,
            bands: None,
            credential_owners: BTreeMap::new(),
            canaries: Vec::new(),
            workflow_pinned: false,
            alerts: Vec::new(),
        }
    }
}

/// What an organisation decided before it looks at people.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Policy {
    /// What the cross-check is for.
    pub purpose: Option<String>,
    /// On what legal ground.
    pub legal_basis: Option<String>,
    /// The impact assessment, by its reference.
    pub impact_assessment: Option<String>,
    /// The agreement with the works council or staff, by its reference.
    pub works_agreement: Option<String>,
    /// Where people were told.
    pub notice: Option<String>,
    /// Who looks at cases: roles rather than names; two are needed.
    pub reviewers: Vec<String>,
    /// Whom people turn to about data on them.
    pub contact: Option<String>,
    /// Days that statements about people are kept after they ended.
    pub retention_days: Option<u32>,
}

/// What kind of alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Channel {
    /// A Slack incoming webhook.
    Slack,
    /// A Microsoft Teams Workflows webhook.
    Teams,
    /// A webhook signed by the Standard Webhooks specification.
    Webhook,
}

impl Channel {
    /// All of them.
    pub const ALL: [Channel; 3] = [Channel::Slack, Channel::Teams, Channel::Webhook];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Channel::Slack => "slack",
            Channel::Teams => "teams",
            Channel::Webhook => "webhook",
        }
    }
}

/// Where alerts go. The address is a secret, so it stands in the environment and never in a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// Its name in messages.
    pub name: String,
    /// What kind.
    pub channel: Channel,
    /// The variable that holds the address.
    pub url_variable: String,
    /// The variable that holds the signing secret of a webhook.
    pub secret_variable: Option<String>,
    /// For which findings; none for all about insiders and former insiders.
    pub when: Option<Condition>,
}

/// What is missing before the cross-check is used on people, each with the key to set.
pub fn missing(settings: &IdentitySettings) -> Vec<(&'static str, &'static str)> {
    let policy = &settings.policy;
    let mut missing = Vec::new();
    let mut need = |there: bool, key: &'static str, why: &'static str| {
        if !there {
            missing.push((key, why));
        }
    };
    need(policy.purpose.is_some(), "identity.policy.purpose", "say what it is for");
    need(
        policy.legal_basis.is_some(),
        "identity.policy.legal_basis",
        "consent is normally none towards an employer; most use legitimate interests with a \
         documented balancing test",
    );
    need(
        policy.impact_assessment.is_some(),
        "identity.policy.impact_assessment",
        "systematic monitoring of staff asks for a data protection impact assessment (GDPR art. 35)",
    );
    need(
        policy.works_agreement.is_some(),
        "identity.policy.works_agreement",
        "many countries give works councils a say; write `not required` with the reason where none \
         has",
    );
    need(policy.notice.is_some(), "identity.policy.notice", "people are told before, not after");
    need(
        policy.reviewers.len() >= 2,
        "identity.policy.reviewers",
        "no one person judges another alone: name two roles",
    );
    need(policy.contact.is_some(), "identity.policy.contact", "say whom people turn to");
    need(
        policy.retention_days.is_some(),
        "identity.policy.retention_days",
        "say how long statements about people are kept (proposal: 395)",
    );
    need(
        settings.pseudonyms,
        "identity.pseudonyms",
        "reports are for more eyes than names are: leave pseudonyms on",
    );
    missing
}
