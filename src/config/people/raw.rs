//! The `identity`, `alerts` and `fail_when` keys as they are written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

/// Who brought a secret in, and with what right. Only a file named by `--config` or
/// `LEAKTRACE_CONFIG` may switch it on; a target's own file may not.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawIdentity {
    /// Whether findings are traced to people. Default: false.
    pub enabled: bool,
    /// What the organisation decided before. `leaktrace identity policy check` says what is missing.
    pub policy: RawPolicy,
    /// Folder of the store of people. Default: `leaktrace/identity` in the user's state folder.
    pub store: Option<String>,
    /// The repository as directories name it, `host/owner/name`. Default: from the push event, else
    /// from the remote `origin`.
    pub repository: Option<String>,
    /// Hosts of your forges, for addresses that they hand out. Default: github.com and gitlab.com.
    pub forges: Option<Vec<String>>,
    /// Owners or groups whose repositories are your own, `host/owner`. A push elsewhere left the
    /// house. Default: none, and nothing is said about it.
    pub own: Vec<String>,
    /// File of aliases in the form of a mailmap, your own and outside any repository.
    pub aliases: Option<String>,
    /// File of keys that may sign, in ssh's `allowed_signers` format, your own and outside any
    /// repository.
    pub allowed_signers: Option<String>,
    /// How old a snapshot of a source may be before what it says counts less, as `48h` or `7d`.
    /// Default: 48h.
    pub stale_after: Option<String>,
    /// Whether people stand in reports under pseudonyms. Default: true.
    pub pseudonyms: Option<bool>,
    /// Whether the HTML report may show at which hours of the week, by the committers' own clocks,
    /// secrets were committed: all people together, and only where they are enough. Default: false.
    pub hour_heat_map: bool,
    /// Which signals look.
    pub signals: RawSignals,
    /// Shares of past incidents. Default: 94, 4 and 2.
    pub priors: Option<RawPriors>,
    /// Decibans from which on the bands of concern begin. Default: -10, -7 and 6.
    pub bands: Option<RawBands>,
    /// Whose credentials are whose: the value of a fact, such as an account's number, to teams or
    /// people's ids.
    pub credential_owners: BTreeMap<String, Vec<String>>,
    /// Fingerprints of credentials that you planted.
    pub canaries: Vec<String>,
    /// Whether whoever pushes cannot change the job that leaktrace runs in (a required workflow, a
    /// hook on the server). Only then the job's variables prove who pushed. Default: false.
    pub workflow_pinned: bool,
}

/// What an organisation decided before it looks at people.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawPolicy {
    /// What it is for.
    pub purpose: Option<String>,
    /// On what legal ground.
    pub legal_basis: Option<String>,
    /// Reference of the impact assessment.
    pub impact_assessment: Option<String>,
    /// Reference of the agreement with the works council, or why none is needed.
    pub works_agreement: Option<String>,
    /// Where people were told.
    pub notice: Option<String>,
    /// Who looks at cases: at least two roles.
    pub reviewers: Vec<String>,
    /// Whom people turn to about data on them.
    pub contact: Option<String>,
    /// Days that statements about people are kept after they ended.
    pub retention_days: Option<u32>,
}

/// Which signals look, by number (`S36`) or name (`unusual-hour`).
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(in crate::config) struct RawSignals {
    /// Signals that are off unless switched on: working hours and personnel dates.
    pub on: Vec<String>,
    /// Signals that are switched off.
    pub off: Vec<String>,
}

/// Shares of the explanations among past incidents.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawPriors {
    /// Mistakes.
    pub negligent: f64,
    /// Compromised accounts.
    pub compromised: f64,
    /// Intent.
    pub malicious: f64,
}

/// Decibans, relative to a mistake, from which on the bands of concern begin.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawBands {
    /// Of `note`.
    pub note: f64,
    /// Of `review`.
    pub review: f64,
    /// Of `urgent-review`.
    pub urgent_review: f64,
}

/// Where an alert goes when a push brings a secret in.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(in crate::config) struct RawTarget {
    /// Its name in messages.
    pub name: String,
    /// What kind.
    pub channel: RawChannel,
    /// The environment variable that holds the address, which is itself a secret.
    pub url_variable: String,
    /// For `webhook`: the environment variable that holds the signing secret (`whsec_...`).
    pub secret_variable: Option<String>,
    /// For which findings, as `severity >= high and concern >= review`. Default: all that an insider
    /// or former insider pushed, signed or committed.
    pub when: Option<String>,
}

/// What kind of alert.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum RawChannel {
    /// A Slack incoming webhook.
    Slack,
    /// A Microsoft Teams Workflows webhook.
    Teams,
    /// A webhook signed by the Standard Webhooks specification.
    Webhook,
}
