//! What each rule costs, measured: the same steps as in a scan, taken rule by rule with a clock
//! around each rule's part. Scans have no clock in them; that this finds what a scan finds is tested.
//!
//! A text is searched stretch by stretch as a scan does it, and the literals of one stretch are
//! decided rule by rule rather than in the text's order, so that a clock is read twice for a rule
//! and a stretch and not twice for a literal. Patterns are compiled outside of that time.

use std::time::{Duration, Instant};

use super::Engine;
use super::decode::{self, Budget, Decoded};
use super::literals::{STEP, allowance};
use super::prefilter::{Hit, Spot};
use super::verify::{verify, window};
use crate::rule::Rule;

/// What the rules of an engine cost on the texts that were profiled.
#[derive(Debug, Default)]
pub struct Profile {
    /// By rule, in the order of the rule set.
    pub rules: Vec<RuleCost>,
    /// Bytes searched for literals, those that were decoded included.
    pub searched: u64,
    /// Bytes among them that were decoded out of the others.
    pub decoded: u64,
    /// Time that searching for literals took.
    pub prefilter: Duration,
    /// Time that looking for encodings and decoding them took.
    pub decoding: Duration,
}

/// What one rule cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RuleCost {
    /// Places where one of its literals stands, as far as it is searched for.
    pub hits: u64,
    /// Places among them that its detector and conditions looked at. The others lie in a secret
    /// that the rule has just found, or only the beginning of a long literal stands there.
    pub verified: u64,
    /// Places at which it saw a credential, before overlaps with other rules are settled.
    pub found: u64,
    /// Time that this took, without the search for literals and without `compilation`.
    pub verification: Duration,
    /// Time that compiling its pattern took, which is done once, when a literal is first met.
    pub compilation: Duration,
}

impl Profile {
    /// Time that the detectors, conditions and validators of all rules took.
    pub fn verification(&self) -> Duration {
        self.rules.iter().map(|cost| cost.verification).sum()
    }

    /// Time that compiling patterns took.
    pub fn compilation(&self) -> Duration {
        self.rules.iter().map(|cost| cost.compilation).sum()
    }
}

/// Profiles one content after the other.
#[derive(Debug)]
pub struct Profiler<'a> {
    engine: &'a Engine,
    profile: Profile,
    /// By rule, for the text at hand.
    rules: Vec<State>,
    /// Rules whose state is not as at the start of a text.
    touched: Vec<u32>,
    spots: Vec<(u32, Spot)>,
}

/// Where a rule stands in a text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct State {
    found_until: usize,
    window_bytes: usize,
}

impl<'a> Profiler<'a> {
    /// A profile of `engine` with nothing in it yet.
    pub fn new(engine: &'a Engine) -> Profiler<'a> {
        let count = engine.ruleset.rules().len();
        let profile = Profile { rules: vec![RuleCost::default(); count], ..Profile::default() };
        let rules = vec![State::default(); count];
        Profiler { engine, profile, rules, touched: Vec::new(), spots: Vec::new() }
    }

    /// Adds what `content` costs, and what is decoded out of it within the engine's limits. Of a
    /// content beyond 4 GiB only that much is looked at.
    pub fn add(&mut self, content: &[u8]) {
        let mut budget = self.engine.budget();
        self.text(content, None, &mut budget);
    }

    /// What all of it cost.
    pub fn finish(self) -> Profile {
        self.profile
    }

    /// A text, and then everything encoded in it.
    fn text(&mut self, text: &[u8], via: Option<&Decoded>, budget: &mut Budget) {
        self.search(text);
        let begun = Instant::now();
        let mut inside = Duration::ZERO;
        let mut sink = |piece: Decoded, budget: &mut Budget| {
            let begun = Instant::now();
            self.profile.decoded += piece.bytes.len() as u64;
            budget.depth = budget.depth.saturating_sub(1);
            self.text(&piece.bytes, Some(&piece), budget);
            budget.depth += 1;
            inside += begun.elapsed();
        };
        match via {
            None => decode::decode(text, budget, &mut sink),
            Some(piece) => decode::decode_again(piece, budget, &mut sink),
        }
        self.profile.decoding += begun.elapsed().saturating_sub(inside);
    }

    /// The literals of a text, and what each leads to.
    fn search(&mut self, text: &[u8]) {
        for rule in self.touched.drain(..) {
            if let Some(state) = self.rules.get_mut(rule as usize) {
                *state = State::default();
            }
        }
        self.profile.searched += text.len() as u64;
        let prefilter = &self.engine.prefilter;
        let beyond = prefilter.longest().saturating_sub(1);
        let mut spots = std::mem::take(&mut self.spots);
        for start in (0..text.len()).step_by(STEP) {
            let end = (start + STEP).min(text.len());
            spots.clear();
            let begun = Instant::now();
            prefilter.search_in(text, start..(end + beyond).min(text.len()), &mut |spot| {
                if (spot.start as usize) < end {
                    spots.push((0, spot));
                }
            });
            self.profile.prefilter += begun.elapsed();
            for (rule, spot) in &mut spots {
                *rule = prefilter.uses().get(spot.literal as usize).map_or(0, |used| used.rule);
            }
            spots.sort_unstable();
            for spots in spots.chunk_by(|(one, _), (next, _)| one == next) {
                self.rule(text, spots);
            }
        }
        self.spots = spots;
    }

    /// The literals of one rule in one stretch of a text.
    fn rule(&mut self, text: &[u8], spots: &[(u32, Spot)]) {
        let Some((number, _)) = spots.first().copied() else { return };
        let at = number as usize;
        let (Some(rule), Some(cost), Some(state)) = (
            self.engine.ruleset.rules().get(at),
            self.profile.rules.get_mut(at),
            self.rules.get_mut(at),
        ) else {
            return;
        };
        if *state == State::default() {
            self.touched.push(number);
        }
        if cost.hits == 0 {
            let begun = Instant::now();
            self.engine.patterns.get(number, rule);
            cost.compilation = begun.elapsed();
        }
        cost.hits += spots.len() as u64;
        let begun = Instant::now();
        for (_, spot) in spots {
            decide(self.engine, text, rule, *spot, cost, state);
        }
        cost.verification += begun.elapsed();
    }
}

/// What [`Engine::literals`] does about one literal.
fn decide(
    engine: &Engine,
    text: &[u8],
    rule: &Rule,
    spot: Spot,
    cost: &mut RuleCost,
    state: &mut State,
) {
    let Some(used) = engine.prefilter.uses().get(spot.literal as usize) else { return };
    let start = spot.start as usize;
    if start < state.found_until || state.window_bytes > allowance(text) {
        return;
    }
    let hit = Hit { rule: used.rule, start, end: start + used.literal.len() };
    if engine.prefilter.whole(spot, text).is_none() {
        return;
    }
    state.window_bytes += window(rule, hit, text).len();
    if state.window_bytes > allowance(text) {
        return;
    }
    cost.verified += 1;
    if let Some(raw) = verify(rule, &engine.patterns, hit, text) {
        cost.found += 1;
        state.found_until = raw.end;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::Arc;

    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::known::Verdict;
    use crate::engine::{Effort, Limits, Scratch};
    use crate::rule::example::Template;
    use crate::rule::{RuleText, Ruleset};

    fn engine() -> Engine {
        Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default())
    }

    fn profile(engine: &Engine, text: &[u8]) -> Profile {
        let mut profiler = Profiler::new(engine);
        profiler.add(text);
        profiler.finish()
    }

    /// The examples of each rule file, one after the other.
    fn examples() -> Vec<String> {
        let examples = |text: RuleText| {
            let mut all = String::new();
            for rule in text.parse().expect("valid").rules {
                for (number, example) in rule.examples.iter().enumerate() {
                    let template = Template::parse(example).expect("valid");
                    all += &template.render(&format!("profile/{}/{number}", rule.id));
                    all += "\n\n";
                }
            }
            all
        };
        RuleText::builtin().into_iter().map(examples).collect()
    }

    #[test]
    fn each_rule_finds_what_it_finds_in_a_scan() {
        let limits = Limits { depth: 0, ..Limits::default() };
        let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, limits);
        let mut matched = BTreeSet::new();
        for text in examples() {
            let mut expected = vec![(0, 0); engine.ruleset.rules().len()];
            let (literals, found, all) =
                engine.literals(text.as_bytes(), &mut Scratch::default(), &mut Vec::new());
            assert!(all, "a file with more literals than a scan keeps in tests");
            for literal in literals {
                let rule = engine.prefilter.uses()[literal.spot.literal as usize].rule;
                expected[rule as usize].0 += 1;
                if let Verdict::Found(at) = literal.verdict {
                    assert_eq!(found[at as usize].raw.rule, rule);
                    expected[rule as usize].1 += 1;
                    matched.insert(rule);
                }
            }
            let profile = profile(&engine, text.as_bytes());
            assert_eq!(profile.searched, text.len() as u64);
            for (number, cost) in profile.rules.iter().enumerate() {
                let id = &engine.ruleset.rules()[number].id;
                assert_eq!((cost.hits, cost.found), expected[number], "{id}");
                assert!(cost.found <= cost.verified && cost.verified <= cost.hits, "{id}");
            }
        }
        assert!(matched.len() > 300, "{}", matched.len());
    }

    #[test]
    fn what_is_decoded_counts() {
        let engine = engine();
        let template = Template::parse("age = <<age>>\n").expect("valid");
        let encoded = BASE64_STANDARD.encode(template.render("a") + &template.render("b"));
        let profile = profile(&engine, format!("data: {encoded}\n").as_bytes());
        let at = engine.ruleset.index_of("age-secret-key").expect("built in");
        assert_eq!(profile.rules[at].found, 2);
        assert!(profile.decoded > 0 && profile.searched > profile.decoded);
    }

    #[test]
    fn contents_do_not_change_each_other() {
        let engine = engine();
        let template = Template::parse("age = <<age>>\n").expect("valid");
        let mut profiler = Profiler::new(&engine);
        for name in ["a", "b", "c"] {
            profiler.add(template.render(name).as_bytes());
        }
        let at = engine.ruleset.index_of("age-secret-key").expect("built in");
        let cost = profiler.finish().rules[at];
        assert_eq!((cost.found, cost.verified >= 3), (3, true));
    }
}
