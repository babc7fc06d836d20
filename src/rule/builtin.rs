//! The rules in the binary. The build script turns `rules/*.yaml` into JSON without the examples
//! and looks at their patterns, so that nothing has to be parsed twice at start; the texts themselves are kept beside it for `rules lint`.

use std::sync::Arc;

use serde::Deserialize;

use super::load::RuleText;
use super::ruleset::Ruleset;
use super::schema::RuleFile;
use super::syntax::Shape;
use super::validate::{Origin, validate};

const RULES: &str = include_str!(concat!(env!("OUT_DIR"), "/rules.json"));
const TEXTS: &str = include_str!(concat!(env!("OUT_DIR"), "/rule-texts.json"));

/// One file as the build script writes it.
#[derive(Deserialize)]
struct Embedded {
    name: String,
    /// The line where each rule starts.
    lines: Vec<u32>,
    /// What each rule's pattern looks like.
    shapes: Vec<Option<ShapeFields>>,
    file: RuleFile,
}

/// The fields of [`Shape`] in their order.
type ShapeFields = (usize, Option<usize>, usize, bool);

impl Ruleset {
    /// The rules in the binary.
    pub fn builtin() -> Ruleset {
        let files: Vec<Embedded> =
            serde_json::from_str(RULES).expect("the build script wrote it, and a test reads it");
        let mut rules = Vec::new();
        let mut faults = Vec::new();
        for Embedded { name, lines, shapes, file } in files {
            let shape = |(secret, longest, look_around, starts)| Shape {
                secret,
                longest,
                look_around,
                starts,
            };
            let shapes: Vec<_> = shapes.into_iter().map(|fields| fields.map(shape)).collect();
            let name = Arc::from(name);
            let origin = Origin::Embedded { name: &name, lines: &lines, shapes: &shapes };
            rules.extend(validate(file, &origin, &mut faults));
        }
        Ruleset::from_rules(rules, faults).expect("the test suite checks the built-in rules")
    }
}

impl RuleText {
    /// The built-in rule files as they are written, by name.
    pub fn builtin() -> Vec<RuleText> {
        let texts: Vec<(String, String)> =
            serde_json::from_str(TEXTS).expect("the build script wrote it, and a test reads it");
        texts.into_iter().map(|(name, text)| RuleText { name: Arc::from(name), text }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The quick way in and the thorough one must agree, and neither may find a fault.
    #[test]
    fn embedded_rules_are_the_written_ones() {
        let written = Ruleset::from_texts(&RuleText::builtin()).unwrap_or_else(|e| panic!("{e}"));
        let embedded = Ruleset::builtin();
        let show = |rules: &Ruleset| format!("{rules:#?}");
        assert_eq!(show(&embedded), show(&written));
    }

    #[test]
    fn built_in_rules_name_their_file() {
        for rule in Ruleset::builtin().rules() {
            assert!(rule.written.file.starts_with("rules/"), "{}", rule.id);
            assert!(rule.written.line > 1);
        }
    }
}
