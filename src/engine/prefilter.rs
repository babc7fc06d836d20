//! The first look at every byte: where do the rules' literals stand?
//!
//! One Aho-Corasick automaton holds every literal of every rule, in any ASCII case; literals whose
//! case matters are compared once more at the hit.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind, automaton::OverlappingState};

use crate::rule::Ruleset;

/// How much there is to search, which decides how much work to put into the automaton beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A few files: what counts is to begin soon.
    Small,
    /// Whole histories: what counts is bytes a second.
    Large,
}

/// A literal that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// First byte of the literal.
    pub start: usize,
    /// After its last byte.
    pub end: usize,
}

/// A literal's use in one rule.
#[derive(Debug, Clone, Copy)]
struct Use {
    rule: u32,
    /// Whether the exact bytes must match.
    exact: bool,
}

/// The literals of a rule set, ready to search.
#[derive(Debug)]
pub struct Prefilter {
    automaton: AhoCorasick,
    literals: Vec<Literal>,
}

#[derive(Debug)]
struct Literal {
    uses: Vec<(Vec<u8>, Use)>,
}

impl Prefilter {
    /// Builds the automaton for all literals of `ruleset`.
    pub fn new(ruleset: &Ruleset, effort: Effort) -> Prefilter {
        let mut folded: std::collections::BTreeMap<Vec<u8>, Vec<(Vec<u8>, Use)>> =
            std::collections::BTreeMap::new();
        for (number, rule) in (0u32..).zip(ruleset.rules()) {
            for literal in &rule.literals {
                let used = Use { rule: number, exact: !rule.ignore_case };
                folded
                    .entry(literal.to_ascii_lowercase())
                    .or_default()
                    .push((literal.clone(), used));
            }
        }
        let kind = match effort {
            Effort::Small => AhoCorasickKind::ContiguousNFA,
            Effort::Large => AhoCorasickKind::DFA,
        };
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::Standard)
            .kind(Some(kind))
            .build(folded.keys())
            .expect("rule sets are bounded far below the automaton's limits");
        let literals = folded.into_values().map(|uses| Literal { uses }).collect();
        Prefilter { automaton, literals }
    }

    /// Calls `each` for every use of every literal in `text`, by the literal's end, then by rule.
    pub fn search(&self, text: &[u8], mut each: impl FnMut(Hit)) {
        let mut state = OverlappingState::start();
        loop {
            self.automaton.find_overlapping(text, &mut state);
            let Some(found) = state.get_match() else { return };
            let Some(literal) = self.literals.get(found.pattern().as_usize()) else { continue };
            for (bytes, used) in &literal.uses {
                if !used.exact || text[found.range()] == **bytes {
                    each(Hit { rule: used.rule, start: found.start(), end: found.end() });
                }
            }
        }
    }

    /// Memory that the automaton takes, bytes.
    pub fn memory(&self) -> usize {
        self.automaton.memory_usage()
    }
}
