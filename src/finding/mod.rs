//! Findings: one a secret, with every place it occurs.

pub mod baseline;
pub mod file_kind;
pub mod fingerprint;
pub mod foreign;
pub mod ignore;
pub mod inline;
pub mod key_file;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::model::{Confidence, ContentId, Fact, LayerPath, Position, Secret, Severity};

/// What a finding needs of its rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// The rule's id.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// The provider's lower-case name.
    pub provider: String,
    /// What the credential opens.
    pub severity: Severity,
    /// What to do about a leak, in one or two sentences.
    pub advice: String,
    /// The provider's page on that.
    pub page: String,
    /// Free words.
    pub tags: Vec<String>,
}

/// A keyed hash of a secret: the same for the same secret wherever it stands, and of no use
/// without the key. Shown as 32 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub [u8; 16]);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

/// One place in one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    /// Which content.
    pub content: ContentId,
    /// Where in it.
    pub position: Position,
    /// Through which layers, outermost first.
    pub layers: LayerPath,
    /// The line with every secret in it masked and everything unprintable escaped, at most 200
    /// characters.
    pub excerpt: String,
    /// A `leaktrace:allow` comment about it.
    pub allow: Option<inline::InlineAllow>,
}

/// One secret, everywhere it was found in one target.
#[derive(Debug, Clone)]
pub struct Finding {
    /// The rule that fits best.
    pub rule: Arc<RuleInfo>,
    /// How sure the best match is.
    pub confidence: Confidence,
    /// The value, redacted by type.
    pub secret: Secret,
    /// The keyed hash of the value.
    pub fingerprint: Fingerprint,
    /// What was learnt without using it.
    pub facts: Vec<Fact>,
    /// Every place in a content, sorted; given up for the report's places once those are known.
    pub occurrences: Vec<Occurrence>,
    /// Why it does not count, if it does not.
    pub suppression: Option<Suppression>,
}

/// Why a finding does not count. Suppressed findings are still listed: nothing is silent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Suppression {
    /// By what.
    pub kind: SuppressionKind,
    /// The reason given, escaped; empty when none was.
    pub reason: String,
    /// The file and line that say so, such as `src/a.py:12` or `.leaktraceignore:3`.
    pub source: String,
}

/// What a suppression was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum SuppressionKind {
    /// A `leaktrace:allow` comment on or above the line.
    Inline,
    /// An entry of `.leaktraceignore`.
    IgnoreFile,
    /// `leaktrace.yml`.
    Config,
    /// The baseline file.
    Baseline,
}
