//! What a file is, before it is read whole: one of our results, or something else, for which the
//! message says what and where to go with it.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{SavedError, quoted, unread};
use crate::output::json::v1;

/// Keys of a foreign object that are looked at.
const KEYS: usize = 64;
/// The two forms that a scan is saved in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// One document.
    Document,
    /// One object a line.
    Lines,
}

/// What `content` is, by its first JSON value.
pub(super) fn of(content: &[u8], file: &str) -> Result<Kind, SavedError> {
    let fault = |why: String| SavedError::Fault { file: file.to_owned(), line: None, why };
    if content.trim_ascii().is_empty() {
        return Err(fault("is empty: the scan that should have written it did not".to_owned()));
    }
    if content.starts_with(b"\xff\xfe") || content.starts_with(b"\xfe\xff") {
        let why = "is UTF-16, as PowerShell's `>` writes it; save the scan with --output json=FILE";
        return Err(fault(why.to_owned()));
    }
    if let Some(what) = text(content.trim_ascii_start()) {
        return Err(fault(what.to_owned()));
    }
    let mut reader = serde_json::Deserializer::from_slice(content);
    let shape = Shape::deserialize(&mut reader).map_err(|error| unread(&error, file, None))?;
    if let Some(kind) = shape.kind() {
        return match &shape.version {
            // Only the first line of several has it.
            Scalar::None if kind == Kind::Lines => Ok(kind),
            Scalar::Number(version) if *version == u64::from(v1::VERSION) => Ok(kind),
            version => Err(fault(format!(
                "version {version} of saved results: this leaktrace reads version {}; use the \
                 leaktrace that wrote it, or a newer one",
                v1::VERSION
            ))),
        };
    }
    Err(fault(shape.foreign().to_owned()))
}

/// What a text that is no JSON is.
fn text(content: &[u8]) -> Option<&'static str> {
    let starts = |with: &[u8]| {
        content.get(..with.len()).is_some_and(|start| start.eq_ignore_ascii_case(with))
    };
    if starts(b"leaktrace-baseline") {
        Some("is a baseline, which `--baseline` of a scan takes, and no saved scan")
    } else if starts(b"RuleID,") {
        Some("is a CSV report of gitleaks: `leaktrace migrate` takes over what it decided")
    } else if starts(b"<!doctype html") {
        Some("is a page, which says less than a scan does; save the scan with --output json=FILE")
    } else if !starts(b"{") && !starts(b"[") {
        Some("is not JSON; give what `leaktrace scan --output json=FILE` wrote")
    } else {
        None
    }
}

/// A value that says which version something is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
enum Scalar {
    #[default]
    None,
    Number(u64),
    Text(String),
    Other,
}

impl fmt::Display for Scalar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Scalar::None => f.write_str("(not given)"),
            Scalar::Number(number) => number.fmt(f),
            Scalar::Text(text) => f.write_str(&quoted(text)),
            Scalar::Other => f.write_str("(not a number)"),
        }
    }
}

/// The outermost shape of a JSON value. Everything inside is passed over without being kept.
#[derive(Debug, Default)]
struct Shape {
    /// Names of its fields; of a list, those of its first entry.
    keys: Vec<String>,
    list: bool,
    version: Scalar,
    line: Scalar,
}

impl Shape {
    fn has(&self, key: &str) -> bool {
        self.keys.iter().any(|known| known == key)
    }

    fn kind(&self) -> Option<Kind> {
        let Scalar::Text(line) = &self.line else {
            let own = !self.list && self.has("tool") && self.has("key_id");
            return own.then_some(Kind::Document);
        };
        let lines = ["scan", "finding", "suppressed", "incomplete", "summary"];
        (!self.list && lines.contains(&line.as_str())).then_some(Kind::Lines)
    }

    /// What another tool's file is, and where to go with it.
    fn foreign(&self) -> &'static str {
        const MIGRATE: [&str; 4] = [
            "is a report of gitleaks; `leaktrace migrate` takes over what was decided with it",
            "is a report of TruffleHog; `leaktrace migrate` takes over what was decided with it",
            "is a baseline of detect-secrets; `leaktrace migrate` takes over what it decided",
            "is SARIF, which says less than a scan does; save the scan with --output json=FILE \
             (what another scanner decided, `leaktrace migrate` takes over)",
        ];
        let all = |keys: &[&str]| keys.iter().all(|key| self.has(key));
        if self.list && self.has("RuleID") {
            MIGRATE[0]
        } else if all(&["SourceMetadata", "DetectorName"]) {
            MIGRATE[1]
        } else if all(&["plugins_used", "results"]) {
            MIGRATE[2]
        } else if all(&["runs", "version"]) {
            MIGRATE[3]
        } else if all(&["scan", "vulnerabilities"]) {
            "is GitLab's report, which says less than a scan does; save the scan with \
             --output json=FILE"
        } else {
            "is JSON, but no saved scan; give what `leaktrace scan --output json=FILE` wrote"
        }
    }
}

impl<'de> Deserialize<'de> for Shape {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Shape, D::Error> {
        deserializer.deserialize_any(Outermost)
    }
}

struct Outermost;

impl<'de> Visitor<'de> for Outermost {
    type Value = Shape;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Shape, A::Error> {
        let mut shape = Shape::default();
        while let Some(key) = map.next_key::<String>()? {
            match key.as_str() {
                "version" => shape.version = map.next_value()?,
                "type" => shape.line = map.next_value()?,
                _ => drop(map.next_value::<IgnoredAny>()?),
            }
            if shape.keys.len() < KEYS {
                shape.keys.push(key);
            }
        }
        Ok(shape)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Shape, A::Error> {
        let first: Option<Entry> = list.next_element()?;
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Shape {
            list: true,
            keys: first.map_or_else(Vec::new, |first| first.0),
            ..Shape::default()
        })
    }
}

/// The names of the fields of a list's first entry; none where it is no object.
struct Entry(Vec<String>);

impl<'de> Deserialize<'de> for Entry {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entry, D::Error> {
        Ok(Entry(deserializer.deserialize_any(AnyValue)?.keys))
    }
}

impl<'de> Deserialize<'de> for Scalar {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Scalar, D::Error> {
        Ok(deserializer.deserialize_any(AnyValue)?.scalar)
    }
}

/// Any value: the scalar that it is, or the names of its fields.
#[derive(Default)]
struct Seen {
    scalar: Scalar,
    keys: Vec<String>,
}

impl Seen {
    fn scalar(scalar: Scalar) -> Seen {
        Seen { scalar, keys: Vec::new() }
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Seen;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_u64<E>(self, number: u64) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Number(number)))
    }

    fn visit_i64<E>(self, _: i64) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Other))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Other))
    }

    fn visit_bool<E>(self, _: bool) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Other))
    }

    fn visit_unit<E>(self) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Other))
    }

    fn visit_str<E>(self, text: &str) -> Result<Seen, E> {
        Ok(Seen::scalar(Scalar::Text(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Seen, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Seen::scalar(Scalar::Other))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Seen, A::Error> {
        let mut keys = Vec::new();
        while let Some((key, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
            if keys.len() < KEYS {
                keys.push(key);
            }
        }
        Ok(Seen { scalar: Scalar::Other, keys })
    }
}
