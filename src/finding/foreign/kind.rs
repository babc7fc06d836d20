//! Which scanner wrote a file.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{File, ForeignError};

/// Keys that are looked at.
const KEYS: usize = 64;

/// The kinds of files that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A JSON report of gitleaks, which is also its baseline.
    GitleaksJson,
    /// A CSV report of gitleaks.
    GitleaksCsv,
    /// `.gitleaksignore`.
    GitleaksIgnore,
    /// `.gitleaks.toml`.
    GitleaksConfig,
    /// JSON lines of `TruffleHog` 3.
    TruffleHog,
    /// A file of expressions for `TruffleHog`'s `--exclude-paths`.
    TruffleHogPaths,
    /// `.secrets.baseline` of detect-secrets.
    DetectSecrets,
    /// What `detect-secrets audit --report` prints.
    DetectSecretsAudit,
    /// SARIF 2.1.0.
    Sarif,
}

impl Kind {
    /// What it is called in messages.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::GitleaksJson => "report or baseline of gitleaks",
            Kind::GitleaksCsv => "CSV report of gitleaks",
            Kind::GitleaksIgnore => "ignore file of gitleaks",
            Kind::GitleaksConfig => "configuration of gitleaks",
            Kind::TruffleHog => "results of TruffleHog",
            Kind::TruffleHogPaths => "excluded paths of TruffleHog",
            Kind::DetectSecrets => "baseline of detect-secrets",
            Kind::DetectSecretsAudit => "audit report of detect-secrets",
            Kind::Sarif => "SARIF",
        }
    }
}

/// What `content` is, by itself where it is JSON or CSV, else by the end of `name`.
pub(super) fn of(content: &[u8], name: &str, file: &File) -> Result<Kind, ForeignError> {
    let text = content.trim_ascii_start();
    let ends = |with: &str| name.to_ascii_lowercase().ends_with(with);
    if ends(".toml") {
        return Ok(Kind::GitleaksConfig);
    }
    if ends("ignore") {
        return Ok(Kind::GitleaksIgnore);
    }
    if text.starts_with(b"RuleID,") {
        return Ok(Kind::GitleaksCsv);
    }
    if !text.starts_with(b"{") && !text.starts_with(b"[") {
        return Err(file.fault(
            None,
            "is nothing that is known here: give a report of gitleaks (JSON, CSV), .gitleaksignore, \
             .gitleaks.toml, results of TruffleHog (JSON), .secrets.baseline, or SARIF",
        ));
    }
    let mut reader = serde_json::Deserializer::from_slice(content);
    let keys = Keys::deserialize(&mut reader).map_err(|error| file.json(&error, None))?;
    let all = |names: &[&str]| names.iter().all(|name| keys.names.iter().any(|key| key == name));
    Ok(match keys.list {
        // Without findings gitleaks writes an empty list.
        true if all(&["RuleID"]) || keys.names.is_empty() => Kind::GitleaksJson,
        false if all(&["SourceMetadata", "DetectorName"]) => Kind::TruffleHog,
        false if all(&["plugins_used", "results"]) => Kind::DetectSecrets,
        false if all(&["runs"]) => Kind::Sarif,
        false if all(&["tool", "key_id"]) || all(&["type", "version", "key_id"]) => {
            let why = "is a saved scan of leaktrace, which has nothing to take over: \
                       `leaktrace baseline create` makes a baseline";
            return Err(file.fault(None, why));
        }
        false if all(&["results"]) => Kind::DetectSecretsAudit,
        // Messages of the program itself may come first.
        false if all(&["level", "msg"]) => Kind::TruffleHog,
        _ => {
            let why = "is JSON, but of no scanner that is known here";
            return Err(file.fault(None, why));
        }
    })
}

/// The names of an object's fields, or of those of a list's first entry.
#[derive(Debug, Default)]
struct Keys {
    names: Vec<String>,
    list: bool,
}

impl<'de> Deserialize<'de> for Keys {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Keys, D::Error> {
        deserializer.deserialize_any(Look { inside: true })
    }
}

/// Looks at a value; `inside` a list, too.
struct Look {
    inside: bool,
}

impl<'de> serde::de::DeserializeSeed<'de> for Look {
    type Value = Keys;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Keys, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Look {
    type Value = Keys;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
        let mut names = Vec::new();
        while let Some((name, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if names.len() < KEYS {
                names.push(name);
            }
        }
        Ok(Keys { names, list: false })
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Keys, A::Error> {
        let first =
            if self.inside { list.next_element_seed(Look { inside: false })? } else { None };
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Keys { names: first.unwrap_or_default().names, list: true })
    }
}
