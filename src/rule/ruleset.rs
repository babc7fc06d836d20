//! Rules as the engine uses them: checked, with nothing left to interpret.

use std::sync::Arc;

use super::filter::{Globs, Values};
use super::pattern::Pattern;
use super::schema::{Boundary, Classes, DetectorKind, Reach, Rotation, Validator};
use super::{MAX_LITERAL_BYTES, MAX_RULES, RuleError};
use crate::model::{Confidence, Severity};

/// Rules in order of their ids, each id once.
#[derive(Debug, Clone, Default)]
pub struct Ruleset {
    rules: Vec<Rule>,
}

impl Ruleset {
    /// Sorts `rules`, whose ids must differ; refuses more than a search can hold.
    pub(super) fn new(mut rules: Vec<Rule>) -> Result<Ruleset, RuleError> {
        if rules.len() > MAX_RULES {
            return Err(RuleError::TooManyRules);
        }
        let literals = rules.iter().flat_map(|rule| &rule.literals).map(Vec::len).sum::<usize>();
        if literals > MAX_LITERAL_BYTES {
            return Err(RuleError::TooManyLiterals);
        }
        rules.sort_by(|a, b| a.id.cmp(&b.id));
        debug_assert!(rules.is_sorted_by(|a, b| a.id < b.id));
        Ok(Ruleset { rules })
    }

    /// The rules, by id.
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The rule with this id.
    pub fn get(&self, id: &str) -> Option<&Rule> {
        self.index_of(id).and_then(|index| self.rules.get(index))
    }

    /// The place of the rule with this id in [`Ruleset::rules`].
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.rules.binary_search_by(|rule| rule.id.as_str().cmp(id)).ok()
    }

    /// Puts `later` on top: its rules replace those with the same id. Fails when too many
    /// come together.
    pub fn overlay(self, later: Ruleset) -> Result<Ruleset, RuleError> {
        let mut rules: Vec<Rule> =
            self.rules.into_iter().filter(|rule| later.index_of(&rule.id).is_none()).collect();
        rules.extend(later.rules);
        Ruleset::new(rules)
    }

    /// The rule with this id by itself; nothing when no rule has it.
    #[must_use]
    pub fn only(&self, id: &str) -> Ruleset {
        Ruleset { rules: self.get(id).cloned().into_iter().collect() }
    }

    /// Only the rules that `wanted` holds for.
    #[must_use]
    pub fn filter(mut self, wanted: impl FnMut(&Rule) -> bool) -> Ruleset {
        self.rules.retain(wanted);
        self
    }
}

/// One rule.
#[derive(Debug, Clone)]
pub struct Rule {
    /// Unique in its set: `[a-z0-9-]`.
    pub id: String,
    /// What it finds, in a few words.
    pub title: String,
    /// The provider's lower-case name.
    pub provider: String,
    /// The provider's name as it writes it.
    pub provider_title: String,
    /// The provider's page that documents the credentials.
    pub docs: Option<String>,
    /// What the credential opens.
    pub severity: Severity,
    /// How sure a match is before anything speaks for or against it.
    pub confidence: Confidence,
    /// What to do about a leak.
    pub rotation: Rotation,
    /// Free words.
    pub tags: Vec<String>,
    /// How the secret is found around a literal.
    pub detector: DetectorKind,
    /// Bytes, one of which occurs in every match; each once, 3 to 255 bytes long.
    pub literals: Vec<Vec<u8>>,
    /// Whether literals match in any ASCII case.
    pub ignore_case: bool,
    /// Present exactly when `detector` is [`DetectorKind::Pattern`].
    pub pattern: Option<Pattern>,
    /// The most bytes beside a literal that the detector may read. The byte on either side of a
    /// secret that `boundary` looks at comes on top.
    pub reach: Reach,
    /// What may not stand beside the secret.
    pub boundary: Boundary,
    /// When not empty, one of these must occur within the reach; ASCII letters are in lower case
    /// and match in any case.
    pub requires: Vec<Vec<u8>>,
    /// Least Shannon entropy of the secret, bits a byte.
    pub entropy: Option<f64>,
    /// Least counts of characters in the secret.
    pub classes: Classes,
    /// Checks that must all hold, in the order written.
    pub validators: Vec<Validator>,
    /// Ids of the rules that find what belongs to this one's secrets: a key's id.
    pub pairs_with: Vec<String>,
    /// When not empty, only files whose path matches one count.
    pub paths: Globs,
    /// What is never a finding.
    pub allow: Allow,
    /// Where it is written.
    pub written: Written,
}

/// What a rule never reports.
#[derive(Debug, Clone, Default)]
pub struct Allow {
    /// Files with such a path.
    pub paths: Globs,
    /// Secrets that one of these matches.
    pub values: Values,
    /// Secrets that contain one of these; ASCII letters are in lower case and match in any case.
    pub stop_words: Vec<Vec<u8>>,
}

/// A place in a rule file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The file as it was named, escaped; `rules/…` for built-in rules.
    pub file: Arc<str>,
    /// The line where the rule starts, counted from 1.
    pub line: u32,
}
