//! `leaktrace rules list`.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde::Serialize;

use crate::model::{Confidence, Severity};
use crate::rule::schema::DetectorKind;
use crate::rule::{Rule, Ruleset};

/// The JSON document. Fields are only ever added; anything else is a new version.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    rules: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    id: &'a str,
    title: &'a str,
    provider: &'a str,
    provider_title: &'a str,
    severity: Severity,
    confidence: Confidence,
    detector: DetectorKind,
    rotation_advice: &'a str,
    rotation_page: &'a str,
    tags: &'a [String],
    file: &'a str,
    line: u32,
}

impl<'a> Entry<'a> {
    fn of(rule: &'a Rule) -> Entry<'a> {
        Entry {
            id: &rule.id,
            title: &rule.title,
            provider: &rule.provider,
            provider_title: &rule.provider_title,
            severity: rule.severity,
            confidence: rule.confidence,
            detector: rule.detector,
            rotation_advice: &rule.rotation.advice,
            rotation_page: &rule.rotation.page,
            tags: &rule.tags,
            file: &rule.written.file,
            line: rule.written.line,
        }
    }
}

/// One line a rule, and how many there are.
pub fn text(rules: &Ruleset, out: &mut impl Write) -> io::Result<()> {
    let width = rules.rules().iter().map(|rule| rule.id.len()).max().unwrap_or(0).max(2);
    writeln!(out, "{:width$}  SEVERITY  CONFIDENCE  FINDS", "ID")?;
    for rule in rules.rules() {
        let Rule { id, severity, confidence, title, .. } = rule;
        write!(out, "{id:width$}  {severity:8}  {confidence:10}  {title}")?;
        if rule.tags.is_empty() {
            writeln!(out)?;
        } else {
            writeln!(out, "  [{}]", rule.tags.join(", "))?;
        }
    }
    let providers: BTreeSet<&str> = rules.rules().iter().map(|rule| &*rule.provider).collect();
    writeln!(out, "{} rules for {} providers", rules.rules().len(), providers.len())
}

/// The same for programs.
pub fn json(rules: &Ruleset, out: &mut impl Write) -> io::Result<()> {
    let document = Document { version: 1, rules: rules.rules().iter().map(Entry::of).collect() };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_rule_has_a_line() {
        let rules = Ruleset::builtin();
        let mut out = Vec::new();
        text(&rules, &mut out).expect("written");
        let shown = String::from_utf8(out).expect("UTF-8");
        assert_eq!(shown.lines().count(), rules.rules().len() + 2);
        assert!(shown.lines().any(|line| line.starts_with("generic-password ")));
    }

    #[test]
    fn the_document_has_its_version_and_every_rule() {
        let rules = Ruleset::builtin();
        let mut out = Vec::new();
        json(&rules, &mut out).expect("written");
        let document: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
        assert_eq!(document["version"], 1);
        assert_eq!(document["rules"].as_array().map(Vec::len), Some(rules.rules().len()));
        assert!(document["rules"][0]["rotation_page"].as_str().expect("text").starts_with("https"));
    }
}
