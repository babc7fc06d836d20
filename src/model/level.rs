//! How bad a finding is and how sure we are of it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the credential opens, from a nuisance to the keys of the house.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing, not worth waking anyone for.
    Low,
    /// Opens something limited, or is a format that is often harmless.
    Medium,
    /// Opens an account or a service.
    High,
    /// Opens production, money, a whole organisation or a signing identity.
    Critical,
}

/// How likely a match is to be a real credential, before anyone has looked.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    /// Shown only when asked for.
    Low,
    /// More likely real than not.
    Medium,
    /// A distinctive format, or one whose checksum or structure holds.
    High,
}

/// A word that names no level.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is no level; use one of {expected}")]
pub struct ParseLevelError {
    given: String,
    expected: &'static str,
}

impl Severity {
    /// All values, mildest first.
    pub const ALL: [Severity; 4] =
        [Severity::Low, Severity::Medium, Severity::High, Severity::Critical];

    /// The lower-case word used in every file and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Low => "low",
            Severity::Medium => "medium",
            Severity::High => "high",
            Severity::Critical => "critical",
        }
    }
}

impl Confidence {
    /// All values, least sure first.
    pub const ALL: [Confidence; 3] = [Confidence::Low, Confidence::Medium, Confidence::High];

    /// The lower-case word used in every file and output.
    pub fn as_str(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl fmt::Display for Confidence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Severity {
    type Err = ParseLevelError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Severity::ALL.into_iter().find(|s| s.as_str() == given).ok_or_else(|| ParseLevelError {
            given: given.to_owned(),
            expected: "low, medium, high, critical",
        })
    }
}

impl FromStr for Confidence {
    type Err = ParseLevelError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Confidence::ALL.into_iter().find(|c| c.as_str() == given).ok_or_else(|| ParseLevelError {
            given: given.to_owned(),
            expected: "low, medium, high",
        })
    }
}
