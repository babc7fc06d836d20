//! `leaktrace.yml` as it is written, and the JSON Schema that is made from it. The descriptions
//! here are what an editor shows while the file is being written.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer};

use super::people::raw::{RawIdentity, RawTarget};
use crate::model::{Confidence, IncompleteKind, Secret, Severity};

/// Settings of leaktrace for one repository or directory, in `leaktrace.yml` at its root.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "leaktrace.yml")]
pub(super) struct RawConfig {
    /// The version of this format. Always 1.
    #[schemars(range(min = 1, max = 1))]
    #[serde(rename = "version")]
    pub _version: u8,
    /// Which rules are used, and how much they count.
    #[serde(default)]
    pub rules: RawRules,
    /// What was looked at and does not count. It stays listed, with the reason.
    #[serde(default)]
    pub ignore: RawIgnore,
    /// Path of the baseline file, relative to this file. Default: none.
    pub baseline: Option<String>,
    /// How secrets are turned into fingerprints.
    #[serde(default)]
    pub fingerprint: RawFingerprint,
    /// How much is read.
    #[serde(default)]
    pub scan: RawScan,
    /// Least severity at which findings make the exit code 1, or `never`. Default: low.
    pub fail_on: Option<FailOnWord>,
    /// Which findings make the exit code 1, in place of `fail_on`: a condition such as
    /// `severity >= high and live` or `concern >= review`. A target's own file may not set it.
    pub fail_when: Option<String>,
    /// Who brought a secret in, and with what right.
    #[serde(default)]
    pub identity: RawIdentity,
    /// Where alerts go when a push brings a secret in. A target's own file may not name any.
    #[serde(default)]
    pub alerts: Vec<RawTarget>,
    /// Least confidence at which findings are shown and count. Default: medium, with
    /// `--staged` high.
    pub confidence: Option<Confidence>,
    /// Whether `leaktrace:allow` comments suppress findings (`honour`) or are only reported
    /// (`report`). Default: honour.
    pub inline_allow: Option<InlineAllowWord>,
}

/// Which rules are used, and how much they count.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawRules {
    /// Rule files, or folders of them, relative to this file, used beside the built-in rules.
    pub paths: Vec<String>,
    /// Ids of rules that are not used.
    pub disable: Vec<String>,
    /// Severity by rule id, in place of the rule's own.
    pub severity: BTreeMap<String, Severity>,
    /// Confidence by rule id, in place of the rule's own.
    pub confidence: BTreeMap<String, Confidence>,
}

/// What was looked at and does not count.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawIgnore {
    /// Paths in the syntax of `.gitignore`. Findings that stand nowhere else do not count.
    pub paths: Vec<String>,
    /// Rules that do not count, at some paths or everywhere.
    pub rules: Vec<RawIgnoredRule>,
    /// Secrets that do not count, wherever they stand.
    pub fingerprints: Vec<RawIgnoredFingerprint>,
    /// Texts that no secret of yours contains, in any case; a finding whose value has one does not
    /// count.
    pub stop_words: Vec<String>,
}

/// A rule that does not count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIgnoredRule {
    /// The rule's id.
    pub id: String,
    /// Paths in the syntax of `.gitignore`. Default: everywhere.
    #[serde(default)]
    pub paths: Vec<String>,
    /// Why.
    pub reason: String,
}

/// A secret that does not count.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RawIgnoredFingerprint {
    /// The fingerprint as outputs show it: 32 hexadecimal digits.
    pub fingerprint: String,
    /// Why.
    pub reason: String,
}

/// How secrets are turned into fingerprints.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawFingerprint {
    /// The key: 64 hexadecimal digits, for instance from `openssl rand -hex 32`. Whoever has it can
    /// test guesses against published fingerprints. Default: `LEAKTRACE_FINGERPRINT_KEY`, else one
    /// that is generated for the repository.
    #[serde(deserialize_with = "hidden")]
    #[schemars(with = "Option<String>")]
    pub key: Option<Secret>,
}

/// How much is read.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawScan {
    /// Whether files that git ignores are read too. Default: false.
    pub include_ignored: bool,
    /// Largest file that is read, in bytes or as in `512KiB`, `100MB`, `1GiB`. Default: 1GiB.
    pub max_file_size: Option<RawSize>,
    /// Threads. Default: one for each core.
    #[schemars(range(min = 1, max = 1024))]
    pub threads: Option<u16>,
    /// What decoding one file may cost.
    pub decode: RawDecode,
    /// Gaps that do not make the exit code 2. They stay listed.
    pub accept_incomplete: Vec<IncompleteKind>,
}

/// What decoding one file may cost.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub(super) struct RawDecode {
    /// Layers that are opened one inside another, such as base64 inside a zip file. Default: 6.
    #[schemars(range(min = 0, max = 16))]
    pub depth: Option<u8>,
    /// Bytes that may come out of all layers together. Default: 256MiB.
    pub bytes: Option<RawSize>,
    /// Archive members and encoded runs that are opened. Default: 100000.
    #[schemars(range(min = 0, max = 10_000_000))]
    pub items: Option<u32>,
}

/// A number of bytes, or one with a unit.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(untagged)]
pub(super) enum RawSize {
    Bytes(#[schemars(range(min = 0))] u64),
    Text(String),
}

/// A severity, or `never`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum FailOnWord {
    Low,
    Medium,
    High,
    Critical,
    Never,
}

/// What an inline comment does.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(super) enum InlineAllowWord {
    Honour,
    Report,
}

/// Takes text into a [`Secret`], so that no `Debug` output shows it.
fn hidden<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    Ok(text.map(|text| Secret::new(text.into_bytes())))
}

/// The JSON Schema of the file (draft 2020-12).
pub(super) fn json_schema() -> serde_json::Value {
    schemars::schema_for!(RawConfig).to_value()
}
