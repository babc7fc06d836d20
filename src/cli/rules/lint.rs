//! `leaktrace rules lint`: loads rule files as a scan would, then runs every example and
//! counter-example of each rule through the engine, with that rule alone.

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use super::engine;
use crate::engine::Engine;
use crate::rule::example::Template;
use crate::rule::schema::RawRule;
use crate::rule::{Fault, Rule, RuleError, RuleText, Ruleset, Step, load};

/// Checks the rule files at `paths`, or the built-in ones when there are none. Says what is wrong,
/// or how much is right; gives whether everything is.
pub fn lint(paths: &[PathBuf], out: &mut impl Write) -> anyhow::Result<bool> {
    let mut sources = Vec::new();
    for path in paths {
        match load::read(path) {
            Ok(texts) => sources.push(texts),
            Err(RuleError::Invalid(faults)) => return Ok(report(&faults, out)?),
            Err(error) => return Err(error.into()),
        }
    }
    if paths.is_empty() {
        sources.push(RuleText::builtin());
    }
    let mut checked = Checked::default();
    for texts in &sources {
        match Ruleset::from_texts(texts) {
            Ok(rules) => texts.iter().try_for_each(|text| checked.file(text, &rules))?,
            Err(RuleError::Invalid(faults)) => checked.faults.extend(faults),
            Err(error) => return Err(error.into()),
        }
    }
    if checked.faults.is_empty() {
        let Checked { rules, examples, .. } = checked;
        writeln!(out, "{rules} rules hold, and so do their {examples} examples")?;
        return Ok(true);
    }
    Ok(report(&checked.faults, out)?)
}

fn report(faults: &[Fault], out: &mut impl Write) -> io::Result<bool> {
    for fault in faults {
        writeln!(out, "{fault}")?;
    }
    let plural = if faults.len() == 1 { "" } else { "s" };
    writeln!(out, "{} fault{plural}", faults.len())?;
    Ok(false)
}

/// What was looked at so far.
#[derive(Debug, Default)]
struct Checked {
    rules: usize,
    examples: usize,
    faults: Vec<Fault>,
}

impl Checked {
    /// Runs the examples of one file of a valid source.
    fn file(&mut self, text: &RuleText, rules: &Ruleset) -> Result<(), RuleError> {
        let file = text.parse().map_err(|fault| RuleError::Invalid(vec![fault]))?;
        let lines = text.lines();
        for (index, raw) in file.rules.iter().enumerate() {
            let Some(rule) = rules.get(&raw.id) else { continue };
            self.rules += 1;
            self.examples += raw.examples.len() + raw.counter_examples.len();
            let engine = engine(rules.only(&rule.id));
            for (kind, example, wrong) in faults_of_examples(raw, rule, &engine) {
                let path = [Step::Key("rules"), Step::Item(index), Step::Key(kind)];
                let line = lines.of(&[&path[..], &[Step::Item(example)]].concat());
                let message = format!("{}: {kind}, number {}: {wrong}", rule.id, example + 1);
                self.faults.push(Fault::new(Arc::clone(&text.name), line, message));
            }
        }
        Ok(())
    }
}

/// In which list, where in it, and what is wrong.
fn faults_of_examples(
    raw: &RawRule,
    rule: &Rule,
    engine: &Engine,
) -> Vec<(&'static str, usize, String)> {
    let mut faults = Vec::new();
    for (kind, examples) in
        [("examples", &raw.examples), ("counter_examples", &raw.counter_examples)]
    {
        for (index, example) in examples.iter().enumerate() {
            let seed = format!("{}/{kind}/{}", rule.id, index + 1);
            let wrong = match Template::parse(example) {
                Err(error) => Some(error.to_string()),
                Ok(template) if kind == "examples" => {
                    example_fault(example, &template.render(&seed), rule, engine)
                }
                Ok(template) => counter_example_fault(&template.render(&seed), engine),
            };
            faults.extend(wrong.map(|wrong| (kind, index, wrong)));
        }
    }
    faults
}

fn example_fault(written: &str, text: &str, rule: &Rule, engine: &Engine) -> Option<String> {
    if !engine.scan(written.as_bytes()).matches.is_empty() {
        return Some("found as it is written: let a template make its secret".to_owned());
    }
    engine.scan(text.as_bytes()).matches.is_empty().then(|| reason(rule, text))
}

fn counter_example_fault(text: &str, engine: &Engine) -> Option<String> {
    let found = engine.scan(text.as_bytes()).matches;
    let first = found.first()?;
    let (line, column) = (first.position.line, first.position.column);
    let (secret, length) = (&first.secret, first.secret.len());
    Some(format!("finds {secret} ({length} bytes) at line {line}, column {column} of it"))
}

/// Why a rule finds nothing in `text`, as far as that is easy to tell.
fn reason(rule: &Rule, text: &str) -> String {
    let fold = |bytes: &[u8]| {
        if rule.ignore_case { bytes.to_ascii_lowercase() } else { bytes.to_vec() }
    };
    let folded = fold(text.as_bytes());
    let occurs = |literal: &Vec<u8>| memchr::memmem::find(&folded, &fold(literal)).is_some();
    let why = if !rule.literals.iter().any(occurs) {
        "none of the literals occurs"
    } else if let Some(pattern) = &rule.pattern {
        if pattern.compile().is_match(text.as_bytes()) {
            "the pattern matches, but not around a literal within reach, or the boundary, another \
             condition or a validator says no"
        } else {
            "the pattern does not match"
        }
    } else {
        "the detector, a condition or a validator says no"
    };
    format!("finds nothing: {why}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn linted(text: &str) -> (bool, String) {
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("r.yaml");
        std::fs::write(&file, text).expect("written");
        let mut out = Vec::new();
        let ok = lint(std::slice::from_ref(&file), &mut out).expect("readable");
        let shown = String::from_utf8(out).expect("UTF-8");
        (ok, shown.replace(&file.display().to_string(), "r.yaml"))
    }

    const FILE: &str = "\
provider: example
title: Example
rules:
  - id: example-key
    title: Example key
    severity: high
    confidence: high
    literals: [exk_]
    pattern: 'exk_[a-z]{20}'
    rotation: {advice: Replace it., page: 'https://docs.example.com/keys'}
    examples:
      - 'key: exk_<<lower:20>>'
      - |
        key=exk_<<lower:20>>
    counter_examples:
      - 'exk_<<lower:21>>'
      - 'EXK_<<lower:20>>'
";

    #[test]
    fn the_built_in_rules_hold() {
        let mut out = Vec::new();
        let fine = lint(&[], &mut out).expect("readable");
        assert!(fine, "{}", String::from_utf8_lossy(&out));
    }

    #[test]
    fn a_good_file_is_counted() {
        assert_eq!(linted(FILE), (true, "1 rules hold, and so do their 4 examples\n".to_owned()));
    }

    #[test]
    fn examples_that_fail_are_named_with_their_line() {
        let broken = FILE
            .replace("key: exk_<<lower:20>>", "key: exk_<<lower:19>>")
            .replace("key=exk_", "key=exx_")
            .replace("'exk_<<lower:21>>'", "'exk_<<lower:20>>'");
        let (fine, shown) = linted(&broken);
        assert!(!fine);
        let lines: Vec<&str> = shown.lines().collect();
        assert_eq!(lines.len(), 4, "{shown}");
        let [first, second, third, count] = lines[..] else { panic!("{shown}") };
        let expected = "r.yaml:12: example-key: examples, number 1: finds nothing: the pattern";
        assert!(first.starts_with(expected), "{shown}");
        let expected = "r.yaml:13: example-key: examples, number 2: finds nothing: none of";
        assert!(second.starts_with(expected), "{shown}");
        let expected = "r.yaml:16: example-key: counter_examples, number 1: finds exk_***";
        assert!(third.starts_with(expected), "{shown}");
        assert_eq!(count, "3 faults");
    }

    #[test]
    fn a_secret_that_is_written_out_is_refused() {
        let letters: String = ('a'..='t').collect();
        let (fine, shown) =
            linted(&FILE.replace("key: exk_<<lower:20>>", &format!("exk_{letters}")));
        assert!(!fine && shown.contains("r.yaml:12: ") && shown.contains("as it is written"));
        assert!(!shown.contains(&letters), "{shown}");
    }

    #[test]
    fn faults_of_loading_are_shown_as_well() {
        let (fine, shown) = linted(&FILE.replace("literals: [exk_]", "literals: [ex]"));
        assert!(!fine);
        assert!(shown.starts_with("r.yaml:8: example-key: literal `ex` has 2 bytes"), "{shown}");
        assert!(shown.ends_with("\n1 fault\n"), "{shown}");
    }
}
