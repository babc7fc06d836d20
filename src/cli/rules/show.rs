//! `leaktrace rules show`: a rule with everything that was derived from it.

use std::io::{self, Write};

use crate::engine::validate::describe;
use crate::model::text::escape;
use crate::rule::schema::{Boundary, Classes, DetectorKind, Validator};
use crate::rule::{Globs, Rule};

/// Prints `rule`, one field a line; fields without a value are left out.
pub fn text(rule: &Rule, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}: {}", rule.id, rule.title)?;
    for (name, value) in fields(rule).iter().filter(|(_, value)| !value.is_empty()) {
        writeln!(out, "  {name:14}{value}")?;
    }
    Ok(())
}

/// Names and values in the order in which they are shown.
fn fields(rule: &Rule) -> Vec<(&'static str, String)> {
    let case = if rule.ignore_case { ", in any case" } else { "" };
    let entropy = rule.entropy.map(|bits| format!("at least {bits} bits a character"));
    let values: Vec<String> = rule.allow.values.sources().map(escaped).collect();
    let mut fields = vec![
        ("provider", format!("{} ({})", rule.provider_title, rule.provider)),
        ("docs", escaped(rule.docs.as_deref().unwrap_or_default())),
        ("severity", rule.severity.to_string()),
        ("confidence", rule.confidence.to_string()),
        ("tags", escaped(&rule.tags.join(", "))),
        ("detector", detector(rule.detector).to_owned()),
        ("literals", format!("{}{case}", texts(&rule.literals))),
    ];
    if let Some(pattern) = &rule.pattern {
        let secret = match pattern.secret_group() {
            0 => "the whole match".to_owned(),
            group => format!("group {group} of the match"),
        };
        fields.extend([("pattern", escaped(pattern.source())), ("secret", secret)]);
    }
    let (before, after) = (rule.reach.before, rule.reach.after);
    fields.extend([
        ("reach", format!("{before} bytes before a literal, {after} after it")),
        ("boundary", boundary(rule.boundary).to_owned()),
        ("requires", texts(&rule.requires)),
        ("entropy", entropy.unwrap_or_default()),
        ("classes", classes(rule.classes)),
        ("paths", globs(&rule.paths)),
    ]);
    fields.extend(rule.validators.iter().map(|validator| {
        let name = validator_name(*validator);
        ("validator", format!("{name}: {}", describe(*validator)))
    }));
    fields.extend([
        ("allow paths", globs(&rule.allow.paths)),
        ("allow values", values.join("  ")),
        ("stop words", texts(&rule.allow.stop_words)),
        ("after a leak", rule.rotation.advice.clone()),
        ("", rule.rotation.page.clone()),
        ("written in", format!("{}:{}", rule.written.file, rule.written.line)),
    ]);
    fields
}

/// The name by which rule files call a check.
pub fn validator_name(validator: Validator) -> String {
    let name = serde_json::to_value(validator).unwrap_or_default();
    name.as_str().unwrap_or_default().to_owned()
}

fn escaped(text: &str) -> String {
    escape(text.as_bytes())
}

/// Texts in backquotes.
fn texts(texts: &[Vec<u8>]) -> String {
    let quoted: Vec<String> = texts.iter().map(|text| format!("`{}`", escape(text))).collect();
    quoted.join(" ")
}

fn globs(globs: &Globs) -> String {
    let shown: Vec<String> = globs.sources().iter().map(|glob| escaped(glob)).collect();
    shown.join("  ")
}

fn detector(kind: DetectorKind) -> &'static str {
    match kind {
        DetectorKind::Pattern => "pattern: a regular expression around a literal",
        DetectorKind::Assignment => {
            "assignment: a literal in a key's name, an operator and a value, in any syntax"
        }
        DetectorKind::Pem => "pem: a whole block from its BEGIN line to its END line",
        DetectorKind::Jwt => "jwt: a JSON Web Token in compact form",
        DetectorKind::KeyStore => "key-store: a file that is a key store with a key in it",
        DetectorKind::DerKey => "der-key: a file that is a private key in DER or of OpenPGP",
        DetectorKind::WholeFile => "whole-file: a file of which the pattern is all",
        DetectorKind::UrlUserinfo => "url-userinfo: the password between `://` and `@`",
    }
}

fn boundary(boundary: Boundary) -> &'static str {
    match boundary {
        Boundary::Token => {
            "token: no letter, digit, `_` or `-` beside the secret, nor `/` or `+` where it has them"
        }
        Boundary::Word => "word: no letter, digit or `_` beside the secret",
        Boundary::None => "none: anything may stand beside the secret",
    }
}

/// What a secret must have of each class of characters; empty when nothing is asked for.
pub fn classes(classes: Classes) -> String {
    let Classes { digits, upper, lower, symbols, distinct } = classes;
    let counts = [
        (digits, "digits"),
        (upper, "upper-case letters"),
        (lower, "lower-case letters"),
        (symbols, "symbols"),
        (distinct, "different characters"),
    ];
    let wanted: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    if wanted.is_empty() { String::new() } else { format!("at least {}", wanted.join(", ")) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::Ruleset;

    #[test]
    fn a_rule_shows_what_was_derived() {
        let rules = Ruleset::builtin();
        let mut out = Vec::new();
        text(rules.get("age-secret-key").expect("built in"), &mut out).expect("written");
        let shown = String::from_utf8(out).expect("UTF-8");
        assert!(shown.starts_with("age-secret-key: age identity\n"), "{shown}");
        assert!(shown.contains("\n  reach         0 bytes before a literal, 62 after"), "{shown}");
        assert!(shown.contains("\n  validator     age: "), "{shown}");
        assert!(shown.contains("rules/private-key.yaml:"), "{shown}");
        assert!(!shown.contains("stop words"), "{shown}");
    }
}
