//! Settings: `leaktrace.yml` as written, then checked, and where it may come from.
//!
//! What counts is, from weakest to strongest: the defaults, one `leaktrace.yml`, the environment
//! ([`Environment`]), the command line. A file that lies in the scanned target was written by
//! whoever wrote the target, so it is held to less: see [`Config::restrict`]. `docs/configuration.md`
//! describes each key for its readers.

mod check;
mod discover;
mod document;
mod environment;
pub mod expression;
mod globs;
pub mod people;
mod raw;
mod shape;
mod size;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::str::FromStr;

use crate::model::text::escape;
use crate::model::{Confidence, IncompleteKind, Secret, Severity};

pub use check::parse_fingerprint_key;
pub use discover::{place_in_target, read_in_target, read_named};
pub use environment::{Environment, VARIABLES};
pub use globs::{PathPatterns, PatternError};
pub use size::{parse_size, show_size};

/// Names under which a target's own configuration is looked for, at its root.
pub const FILE_NAMES: [&str; 2] = ["leaktrace.yml", ".leaktrace.yml"];

/// Largest configuration file, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// Checked settings.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file's name as messages show it, escaped; none for the defaults.
    pub file: Option<String>,
    /// Which rules are used.
    pub rules: RuleSettings,
    /// What does not count.
    pub ignore: IgnoreSettings,
    /// The baseline file, as written: relative to where the configuration lies.
    pub baseline: Option<Located<PathBuf>>,
    /// The 32 bytes that fingerprints are keyed with, if given.
    pub fingerprint_key: Option<Secret>,
    /// How much is read.
    pub scan: ScanSettings,
    /// Which findings make the exit code 1.
    pub fail_on: FailOn,
    /// Which findings make the exit code 1, in place of `fail_on`.
    pub fail_when: Option<expression::Condition>,
    /// The identity cross-check and alerts.
    pub identity: people::IdentitySettings,
    /// Least confidence shown.
    pub confidence: Confidence,
    /// Nobody said which: it depends on what is scanned.
    pub confidence_open: bool,
    /// What `leaktrace:allow` comments do.
    pub inline_allow: InlinePolicy,
    /// What the user should know about these settings, escaped, such as limits that were cut.
    pub notes: Vec<String>,
    origin: Origin,
}

/// A value and the line of the configuration that gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located<T> {
    /// The value.
    pub value: T,
    /// Line, counted from 1.
    pub line: u32,
}

/// Where settings come from, which decides what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    /// Built in, or named by the user; relative paths start at the folder, if there is one.
    Trusted(PathBuf),
    /// Found in the target. Paths must stay in it.
    Target,
}

/// Which rules are used, and how much they count.
#[derive(Debug, Clone, Default)]
pub struct RuleSettings {
    /// Rule files and folders, as written: relative to where the configuration lies. Make them
    /// absolute with [`Config::resolve`].
    pub paths: Vec<Located<PathBuf>>,
    /// Rules that are not used.
    pub disable: BTreeSet<String>,
    /// Severities in place of the rules' own.
    pub severity: BTreeMap<String, Severity>,
    /// Confidences in place of the rules' own.
    pub confidence: BTreeMap<String, Confidence>,
    /// Every rule id that the file mentions anywhere, in the order of the file.
    pub mentioned: Vec<Located<String>>,
}

/// What does not count.
#[derive(Debug, Clone, Default)]
pub struct IgnoreSettings {
    /// Paths, if any are given.
    pub paths: Option<PathPatterns>,
    /// For each of these patterns, its line.
    pub path_lines: Vec<u32>,
    /// Rules, at some paths or everywhere.
    pub rules: Vec<IgnoredRule>,
    /// Secrets by fingerprint.
    pub fingerprints: Vec<IgnoredFingerprint>,
    /// Texts inside secrets, in lower case.
    pub stop_words: Vec<Located<String>>,
}

/// A rule that does not count.
#[derive(Debug, Clone)]
pub struct IgnoredRule {
    /// The rule.
    pub id: String,
    /// Where; none for everywhere.
    pub paths: Option<PathPatterns>,
    /// Why, escaped.
    pub reason: String,
    /// Line of the entry.
    pub line: u32,
}

/// A secret that does not count.
#[derive(Debug, Clone)]
pub struct IgnoredFingerprint {
    /// Its fingerprint.
    pub fingerprint: [u8; 16],
    /// Why, escaped.
    pub reason: String,
    /// Line of the entry.
    pub line: u32,
}

/// How much is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScanSettings {
    /// Whether files that git ignores are read.
    pub include_ignored: bool,
    /// Largest file that is read, in bytes.
    pub max_file_size: u64,
    /// Threads; none for one a core.
    pub threads: Option<NonZeroUsize>,
    /// What decoding one file may cost.
    pub decode: DecodeLimits,
    /// Gaps that do not make the exit code 2.
    pub accept_incomplete: BTreeSet<IncompleteKind>,
}

impl Default for ScanSettings {
    fn default() -> Self {
        ScanSettings {
            include_ignored: false,
            max_file_size: 1 << 30,
            threads: None,
            decode: DecodeLimits::default(),
            accept_incomplete: BTreeSet::new(),
        }
    }
}

/// What decoding one file may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecodeLimits {
    /// Layers one inside another.
    pub depth: u8,
    /// Bytes out of all layers together.
    pub bytes: u64,
    /// Archive members and encoded runs.
    pub items: u32,
}

impl Default for DecodeLimits {
    fn default() -> Self {
        DecodeLimits { depth: 6, bytes: 256 << 20, items: 100_000 }
    }
}

/// Which findings make the exit code 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailOn {
    /// Those of this severity or a higher one.
    At(Severity),
    /// None.
    Never,
}

impl FailOn {
    /// Whether a finding of `severity` makes the exit code 1.
    pub fn counts(self, severity: Severity) -> bool {
        matches!(self, FailOn::At(least) if severity >= least)
    }
}

impl FromStr for FailOn {
    type Err = String;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        if given == "never" {
            return Ok(FailOn::Never);
        }
        given.parse().map(FailOn::At).map_err(|_| {
            let given = document::shown(given);
            format!("`{given}` is no level; use one of low, medium, high, critical, never")
        })
    }
}

impl fmt::Display for FailOn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FailOn::At(severity) => severity.fmt(f),
            FailOn::Never => f.write_str("never"),
        }
    }
}

/// What `leaktrace:allow` comments do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum InlinePolicy {
    /// They suppress findings, which stay listed.
    #[default]
    Honour,
    /// They are only reported.
    Report,
}

/// Something wrong in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Line, counted from 1, where there is one.
    pub line: Option<u32>,
    /// What is wrong, escaped, without values that could be secret.
    pub message: String,
}

/// Why settings cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file says something that cannot be used.
    #[error("{}", list(file, faults))]
    Faults {
        /// The file, escaped.
        file: String,
        /// All that is wrong, in the order of the file.
        faults: Vec<Fault>,
    },
    /// The file could not be read.
    #[error("{file}: cannot be read: {source}")]
    Read {
        /// The file, escaped.
        file: String,
        /// Why.
        source: std::io::Error,
    },
    /// The file is not one that is read.
    #[error("{file}: {why}")]
    Refused {
        /// The file, escaped.
        file: String,
        /// Why, and the way out.
        why: String,
    },
    /// An environment variable says something that cannot be used.
    #[error("{variable}: {why}")]
    Variable {
        /// Its name.
        variable: &'static str,
        /// Why.
        why: String,
    },
}

fn list(file: &str, faults: &[Fault]) -> String {
    let line = |fault: &Fault| match fault.line {
        Some(line) => format!("{file}:{line}: {}", fault.message),
        None => format!("{file}: {}", fault.message),
    };
    faults.iter().map(line).collect::<Vec<_>>().join("\n")
}

impl Default for Config {
    fn default() -> Self {
        Config {
            file: None,
            rules: RuleSettings::default(),
            ignore: IgnoreSettings::default(),
            baseline: None,
            fingerprint_key: None,
            scan: ScanSettings::default(),
            fail_on: FailOn::At(Severity::Low),
            fail_when: None,
            identity: people::IdentitySettings::default(),
            confidence: Confidence::Medium,
            confidence_open: true,
            inline_allow: InlinePolicy::default(),
            notes: Vec::new(),
            origin: Origin::Trusted(PathBuf::new()),
        }
    }
}

impl Config {
    /// Reads settings out of a file's text. `file` is its name for messages. The result is trusted;
    /// call [`Config::restrict`] when the text comes out of the target.
    pub fn parse(text: &str, file: &str) -> Result<Config, ConfigError> {
        let file = escape(file.as_bytes());
        let faults = |faults| ConfigError::Faults { file: file.clone(), faults };
        if text.len() > MAX_FILE {
            let why = "larger than 1MiB".to_owned();
            return Err(ConfigError::Refused { file, why });
        }
        let document = document::read(text).map_err(|error| {
            faults(vec![Fault { line: Some(error.line), message: error.message }])
        })?;
        if document.value == document::NodeValue::Null {
            return Ok(Config { file: Some(file), ..Config::default() });
        }
        let wrong = shape::check(&document, &raw::json_schema());
        if !wrong.is_empty() {
            return Err(faults(wrong));
        }
        let raw = serde_json::from_value(document.to_json()).map_err(|_| {
            // The schema is made from the type, so this cannot differ; the text is not shown,
            // because it may hold the key.
            faults(vec![Fault { line: None, message: "this is no configuration".to_owned() }])
        })?;
        let mut config = check::check(raw, &document).map_err(faults)?;
        config.file = Some(file);
        Ok(config)
    }

    /// Reads settings out of bytes, such as those of a blob: [`Config::parse`] for UTF-8.
    pub fn parse_bytes(bytes: &[u8], file: &str) -> Result<Config, ConfigError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Config::parse(text, file),
            Err(error) => {
                let before = &bytes[..error.valid_up_to()];
                let line = memchr::memchr_iter(b'\n', before).count() + 1;
                let message = "the file is not UTF-8".to_owned();
                let fault = Fault { line: u32::try_from(line).ok(), message };
                Err(ConfigError::Faults { file: escape(file.as_bytes()), faults: vec![fault] })
            }
        }
    }

    /// Lays what the environment says over what the file says.
    pub fn apply(&mut self, environment: &Environment) {
        if let Some(key) = &environment.fingerprint_key {
            self.fingerprint_key = Some(key.clone());
        }
        if let Some(fail_on) = environment.fail_on {
            self.fail_on = fail_on;
        }
        if let Some(confidence) = environment.confidence {
            self.confidence = confidence;
            self.confidence_open = false;
        }
        if let Some(threads) = environment.threads {
            self.scan.threads = Some(threads);
        }
    }

    /// Checks every rule id that the file mentions against those there are, so that a typing error
    /// does not silently change nothing.
    pub fn check_rule_ids(&self, known: &[&str]) -> Result<(), ConfigError> {
        let unknown = self.rules.mentioned.iter().filter(|id| !known.contains(&id.value.as_str()));
        let faults: Vec<_> = unknown
            .map(|id| {
                let near = shape::nearest(&id.value, known);
                let hint = near.map_or_else(
                    || "`leaktrace rules list` shows those there are".to_owned(),
                    |near| format!("did you mean `{near}`?"),
                );
                let message = format!("there is no rule `{}`; {hint}", id.value);
                Fault { line: Some(id.line), message }
            })
            .collect();
        match (&self.file, faults.is_empty()) {
            (Some(file), false) => Err(ConfigError::Faults { file: file.clone(), faults }),
            _ => Ok(()),
        }
    }

    /// Where an entry stands, such as `leaktrace.yml:12`, as suppressions give their source.
    pub fn source(&self, line: u32) -> String {
        format!("{}:{line}", self.file.as_deref().unwrap_or("leaktrace.yml"))
    }
}

/// The JSON Schema of `leaktrace.yml` (draft 2020-12), as `docs/leaktrace.schema.json` holds it.
pub fn json_schema() -> String {
    let mut text = serde_json::to_string_pretty(&raw::json_schema()).unwrap_or_default();
    text.push('\n');
    text
}

#[cfg(test)]
mod tests;
