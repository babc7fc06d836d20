//! detect-secrets 1: `.secrets.baseline` and the report of an audit, as the program writes them
//! (its documentation: `docs/audit.md`, `docs/filters.md`). A secret stands there as the SHA-1 of
//! its value, so one is known again only by its value; a label `is_secret` says what an audit
//! found.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use super::allowlist::{Criteria, pattern};
use super::paths::path_rule;
use super::{About, File, ForeignError, Read, Spot, Verdict, lines, path, value, word};

#[derive(Deserialize)]
struct Baseline {
    results: BTreeMap<String, Vec<Entry>>,
    #[serde(default)]
    filters_used: Vec<Filter>,
}

#[derive(Deserialize)]
struct Entry {
    #[serde(rename = "type", default)]
    kind: String,
    hashed_secret: String,
    #[serde(default)]
    line_number: Option<u64>,
    #[serde(default)]
    is_secret: Option<bool>,
}

#[derive(Deserialize)]
struct Filter {
    path: String,
    #[serde(default)]
    pattern: Patterns,
}

/// One pattern, or several.
#[derive(Deserialize, Default)]
#[serde(untagged)]
enum Patterns {
    One(String),
    Several(Vec<String>),
    #[default]
    None,
}

/// A baseline.
pub(super) fn baseline(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    let baseline: Baseline =
        serde_json::from_slice(content).map_err(|error| file.json(&error, None))?;
    let entries = baseline.results.into_iter();
    let entries =
        entries.flat_map(|(name, list)| list.into_iter().map(move |one| (name.clone(), one)));
    let mut last = 0;
    for (at, (name, entry)) in (1..).zip(entries) {
        last = at;
        let sha1 = sha1(&entry.hashed_secret).ok_or_else(|| {
            file.fault(None, format!("entry {at}: `hashed_secret` has 40 hexadecimal digits"))
        })?;
        let spot = Spot {
            path: path(&name),
            lines: lines(entry.line_number, None),
            sha1: Some(sha1),
            ..Spot::default()
        };
        let (verdict, reason) = labelled(entry.is_secret, &entry.kind);
        read.spot(at, spot, verdict, reason);
    }
    for filter in baseline.filters_used {
        let patterns = match filter.pattern {
            Patterns::One(one) => vec![one],
            Patterns::Several(several) => several,
            Patterns::None => continue,
        };
        for text in patterns {
            last += 1;
            let name = filter.path.rsplit('.').next().unwrap_or_default();
            let about = match name {
                "should_exclude_file" => {
                    path_rule(&text).map_or(About::ByHand(REGEX), About::Paths)
                }
                "should_exclude_secret" => match pattern(&text) {
                    Some(pattern) => About::Fitting(Box::new(Criteria::values(vec![pattern]))),
                    None => About::ByHand(REGEX),
                },
                _ => About::ByHand("a filter on whole lines, of which findings have none"),
            };
            read.add(last, about, Verdict::Ignored, "excluded for detect-secrets");
        }
    }
    Ok(())
}

/// Why a pattern cannot be used.
const REGEX: &str = "a regular expression of a kind that is not known here";

#[derive(Deserialize)]
struct Audit {
    results: Vec<Audited>,
}

#[derive(Deserialize)]
struct Audited {
    category: String,
    filename: String,
    #[serde(default)]
    lines: Numbers,
    #[serde(default)]
    secrets: Option<String>,
    #[serde(default)]
    types: Vec<String>,
}

/// The numbers of the lines; the lines themselves, which hold secrets, are passed over.
#[derive(Default)]
struct Numbers(Vec<u64>);

impl<'de> Deserialize<'de> for Numbers {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Numbers, D::Error> {
        struct Keys;
        impl<'de> Visitor<'de> for Keys {
            type Value = Numbers;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object of lines by their numbers")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Numbers, A::Error> {
                let mut numbers = Vec::new();
                while let Some((number, IgnoredAny)) = map.next_entry::<String, IgnoredAny>()? {
                    numbers.extend(number.parse::<u64>());
                }
                Ok(Numbers(numbers))
            }
        }
        deserializer.deserialize_map(Keys)
    }
}

/// The report of an audit.
pub(super) fn audit(content: &[u8], file: &File, read: &mut Read) -> Result<(), ForeignError> {
    let audit: Audit = serde_json::from_slice(content).map_err(|error| file.json(&error, None))?;
    for (at, one) in (1..).zip(audit.results) {
        let label = match one.category.as_str() {
            "VERIFIED_TRUE" => Some(true),
            "VERIFIED_FALSE" => Some(false),
            _ => None,
        };
        let kind = one.types.first().map_or("", String::as_str);
        let (verdict, reason) = labelled(label, kind);
        let numbers: Vec<u64> = one.lines.0;
        let spot = |line: Option<u64>| Spot {
            path: path(&one.filename),
            lines: lines(line, None),
            value: one.secrets.as_deref().and_then(value),
            ..Spot::default()
        };
        if numbers.is_empty() {
            read.spot(at, spot(None), verdict, reason);
        } else {
            for line in numbers {
                read.spot(at, spot(Some(line)), verdict, reason.clone());
            }
        }
    }
    Ok(())
}

fn labelled(is_secret: Option<bool>, kind: &str) -> (Verdict, String) {
    let kind = word(kind);
    match is_secret {
        Some(false) => (Verdict::Ignored, format!("audited as no secret, {kind}")),
        Some(true) => (Verdict::Known, format!("audited as a secret, {kind}")),
        None => (Verdict::Known, format!("known to detect-secrets and not audited, {kind}")),
    }
}

fn sha1(digits: &str) -> Option<[u8; 20]> {
    let id = gix::ObjectId::from_hex(digits.as_bytes()).ok()?;
    id.as_slice().try_into().ok()
}
