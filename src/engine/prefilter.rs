//! The first look at every byte: where do the rules' literals stand?
//!
//! One Aho-Corasick automaton holds every literal of every rule, in any ASCII case; literals whose
//! case matters are compared once more at the hit. Of a long literal only the first
//! [`LONGEST`] bytes are searched, so that what was searched in one version of a text can be carried
//! over to the next one wherever that many bytes were copied; [`Prefilter::whole`] compares the rest.

use std::ops::Range;

use aho_corasick::{AhoCorasick, AhoCorasickKind, Input, MatchKind, automaton::OverlappingState};

use crate::rule::Ruleset;

/// How much there is to search, which decides how much work to put into the automaton beforehand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A few files: what counts is to begin soon.
    Small,
    /// Whole histories: what counts is bytes a second.
    Large,
}

/// Most bytes of a literal that are searched for: whether there is a [`Spot`] depends on no more
/// bytes than these.
pub const LONGEST: usize = 24;

/// Where the searched part of a literal stands: its first [`LONGEST`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// First byte of the literal, in the text that was searched.
    pub start: u32,
    /// Which literal, and for which rule: place in [`Prefilter::uses`].
    pub literal: u32,
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
#[derive(Debug, Clone)]
pub struct Use {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// The whole literal.
    pub literal: Vec<u8>,
    /// Whether the exact bytes must match; otherwise in any ASCII case.
    pub exact: bool,
}

impl Use {
    /// The bytes that are searched for.
    pub fn searched(&self) -> &[u8] {
        self.literal.get(..LONGEST).unwrap_or(&self.literal)
    }
}

/// The literals of a rule set, ready to search.
#[derive(Debug)]
pub struct Prefilter {
    automaton: AhoCorasick,
    /// By rule, then as the rule lists them.
    uses: Vec<Use>,
    /// For each pattern of the automaton the uses that it stands for.
    patterns: Vec<Vec<u32>>,
    longest: usize,
}

impl Prefilter {
    /// Builds the automaton for all literals of `ruleset`.
    pub fn new(ruleset: &Ruleset, effort: Effort) -> Prefilter {
        let mut uses = Vec::new();
        let mut folded: std::collections::BTreeMap<Vec<u8>, Vec<u32>> =
            std::collections::BTreeMap::new();
        for (rule, written) in (0u32..).zip(ruleset.rules()) {
            for literal in &written.literals {
                let number = u32::try_from(uses.len()).expect("literals are bounded by 256 KiB");
                let used = Use { rule, literal: literal.clone(), exact: !written.ignore_case };
                folded.entry(used.searched().to_ascii_lowercase()).or_default().push(number);
                uses.push(used);
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
        let longest = folded.keys().map(Vec::len).max().unwrap_or(0);
        Prefilter { automaton, uses, patterns: folded.into_values().collect(), longest }
    }

    /// Every literal with the rule that it is for; [`Spot::literal`] counts them.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Length of the longest searched part, at most [`LONGEST`]. To find what a change at one place
    /// brought, search that place widened by this less one on either side.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `each` for every literal of every rule whose searched part lies wholly inside `range`
    /// of `text`, once each, in no particular order. Depends on no byte outside of `range`. Places
    /// beyond 4 GiB are not searched.
    pub fn search_in(&self, text: &[u8], range: Range<usize>, each: &mut impl FnMut(Spot)) {
        let end = range.end.min(text.len()).min(u32::MAX as usize);
        let input = Input::new(text).span(range.start.min(end)..end);
        let mut state = OverlappingState::start();
        loop {
            self.automaton.find_overlapping(input.clone(), &mut state);
            let Some(found) = state.get_match() else { return };
            let Some(numbers) = self.patterns.get(found.pattern().as_usize()) else { continue };
            let Ok(start) = u32::try_from(found.start()) else { return };
            for literal in numbers {
                let Some(used) = self.uses.get(*literal as usize) else { continue };
                if !used.exact || text[found.range()] == *used.searched() {
                    each(Spot { start, literal: *literal });
                }
            }
        }
    }

    /// The literal at `spot`, if all of it stands in `text`.
    pub fn whole(&self, spot: Spot, text: &[u8]) -> Option<Hit> {
        let used = self.uses.get(spot.literal as usize)?;
        let start = spot.start as usize;
        let end = start.checked_add(used.literal.len())?;
        let there = text.get(start..end)?;
        let same = there == used.literal.as_slice()
            || !used.exact && there.eq_ignore_ascii_case(&used.literal);
        same.then_some(Hit { rule: used.rule, start, end })
    }

    /// Calls `each` for every use of every literal in `text`, by the searched part's end.
    pub fn search(&self, text: &[u8], mut each: impl FnMut(Hit)) {
        self.search_in(text, 0..text.len(), &mut |spot| {
            if let Some(hit) = self.whole(spot, text) {
                each(hit);
            }
        });
    }

    /// Memory that the automaton takes, bytes.
    pub fn memory(&self) -> usize {
        self.automaton.memory_usage()
    }
}
