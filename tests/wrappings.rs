//! Every positive case of every built-in rule is found in the files that people paste it into: JSON,
//! YAML, dotenv, code, addresses, logs, minified code and base64 (docs/detection.md).

#[path = "common/wrappings.rs"]
mod wrappings;

use std::sync::Arc;

use leaktrace::engine::{Effort, Engine, Limits};
use leaktrace::model::Confidence;
use leaktrace::rule::example::Template;
use leaktrace::rule::schema::DetectorKind;
use leaktrace::rule::{RuleText, Ruleset};
use wrappings::WRAPPINGS;

/// Share of wrapped cases that must be found.
const LEAST: f64 = 0.98;

#[test]
fn positive_cases_are_found_in_what_they_are_wrapped_in() {
    let rules = Ruleset::builtin();
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default());
    let (mut all, mut missed) = (0_u32, Vec::new());
    for text in RuleText::builtin() {
        for raw in text.parse().expect("built-in rules parse").rules {
            // A file that is nothing else cannot stand inside another.
            if raw.detector == DetectorKind::WholeFile {
                continue;
            }
            let rule = rules.get(&raw.id).expect("built-in");
            let least = rule.confidence.min(Confidence::Medium);
            for (number, example) in raw.examples.iter().enumerate() {
                let plain = Template::parse(example).expect("checked").render(&raw.id);
                for (name, wrap) in WRAPPINGS {
                    all += 1;
                    let outcome = engine.scan(wrap(&plain).as_bytes());
                    if !outcome.matches.iter().any(|found| found.confidence >= least) {
                        missed.push(format!("{} {} in {name}", raw.id, number + 1));
                    }
                }
            }
        }
    }
    let share = 1.0 - f64::from(u32::try_from(missed.len()).expect("few")) / f64::from(all);
    println!("{share:.4} of {all} wrapped cases found; missed: {missed:#?}");
    assert!(share >= LEAST, "{share:.4} of {all} wrapped cases found, missed: {missed:#?}");
}
