//! What a rule may cost. Rules come with repositories and from people, and one that looks far around
//! a common word would make every scan crawl; such rules are refused when they load, with the figure
//! that says why.
//!
//! Two figures, both counted and not timed, so that every machine judges alike: how many bytes a rule
//! reads around its literals for each byte of ordinary text, and how many steps one look can take at
//! worst, which is the bytes in reach times the states of the pattern.

use std::sync::OnceLock;

use super::load::RuleText;
use super::schema::Reach;

/// Most bytes that a rule may read around its literals for each byte of ordinary text.
const MAX_READ: u64 = 64;

/// Most steps that one look may take at worst.
pub const MAX_STEPS: u64 = 100_000_000;

/// Most steps that a whole file may take at worst.
const MAX_WHOLE_STEPS: u64 = 100_000;

/// Bytes of ordinary text in which literals are counted: the text of the built-in rules, which is as
/// much English as code, and speaks of keys and tokens more than most.
const SAMPLE: usize = 256 << 10;

/// Longest reach that needs no counting: whatever the literal, at most one look a few bytes.
const SHORT: u64 = 256;

/// The sample as it is, and in lower case.
fn sample() -> &'static [Vec<u8>; 2] {
    static SAMPLES: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        let mut text: Vec<u8> = Vec::with_capacity(SAMPLE);
        for rules in RuleText::builtin() {
            let room = SAMPLE.saturating_sub(text.len());
            let bytes = rules.text.as_bytes();
            text.extend(bytes.get(..room.min(bytes.len())).unwrap_or_default());
        }
        let lower = text.to_ascii_lowercase();
        [text, lower]
    })
}

/// How often any of `literals` stands in a mebibyte of ordinary text.
fn hits(literals: &[Vec<u8>], ignore_case: bool) -> u64 {
    let [text, lower] = sample();
    let text = if ignore_case { lower } else { text };
    let count = |literal: &Vec<u8>| {
        let wanted = if ignore_case { literal.to_ascii_lowercase() } else { literal.clone() };
        memchr::memmem::find_iter(text, &wanted).count() as u64
    };
    let found: u64 = literals.iter().map(count).sum();
    found.saturating_mul(1 << 20) / (text.len() as u64).max(1)
}

/// Why a pattern for whole files would cost too much: each file as short as its longest match, of which
/// there may be hundreds of thousands, is held against it.
pub(super) fn check_whole(longest: usize, states: u64) -> Result<(), String> {
    let steps = (longest as u64).saturating_mul(states);
    if steps > MAX_WHOLE_STEPS {
        return Err(format!(
            "each file of up to {longest} bytes could take {steps} steps (about {states} states of \
             the pattern); {MAX_WHOLE_STEPS} are allowed: shorten the repetitions"
        ));
    }
    Ok(())
}

/// Why a rule would cost too much: in one line, with the figure and the way out.
pub(super) fn check(
    literals: &[Vec<u8>],
    ignore_case: bool,
    reach: Reach,
    states: u64,
) -> Result<(), String> {
    let longest = literals.iter().map(Vec::len).max().unwrap_or(0) as u64;
    let window = u64::from(reach.before) + u64::from(reach.after) + longest;
    let steps = window.saturating_mul(states);
    if steps > MAX_STEPS {
        return Err(format!(
            "one look could take {steps} steps ({window} bytes in reach, about {states} states of \
             the pattern); {MAX_STEPS} are allowed: shorten the reach or the repetitions"
        ));
    }
    if window <= SHORT {
        return Ok(());
    }
    let hits = hits(literals, ignore_case);
    let read = hits.saturating_mul(window) >> 20;
    if read > MAX_READ {
        return Err(format!(
            "its literals stand in ordinary text about {hits} times a mebibyte and {window} bytes \
             around each would be read, {read} for each byte of text; {MAX_READ} are allowed: take \
             longer literals or a shorter reach"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::schema::DetectorKind;
    use crate::rule::{Ruleset, syntax};

    fn reach(bytes: u32) -> Reach {
        Reach { before: bytes, after: bytes }
    }

    #[test]
    fn a_common_word_with_a_long_reach_is_refused_and_says_why() {
        let the = [b"the".to_vec()];
        let why = check(&the, true, reach(60_000), 10).expect_err("too much");
        assert!(why.contains("120003 bytes around each"), "{why}");
        assert_eq!(check(&the, true, reach(100), 10), Ok(()));
        assert_eq!(check(&[b"exk_live_".to_vec()], false, reach(60_000), 10), Ok(()));
    }

    #[test]
    fn a_pattern_for_whole_files_that_would_stop_at_each_is_refused() {
        assert_eq!(check_whole(32, 32), Ok(()));
        let why = check_whole(1024, 9_000).expect_err("too much");
        assert!(why.contains("9216000 steps"), "{why}");
    }

    #[test]
    fn a_pattern_that_could_take_seconds_is_refused() {
        let literal = [b"exk_".to_vec()];
        let why = check(&literal, false, reach(60_000), 9_000).expect_err("too much");
        assert!(why.contains("about 9000 states"), "{why}");
    }

    #[test]
    fn every_built_in_rule_would_be_let_in() {
        for rule in Ruleset::builtin().rules() {
            let states =
                rule.pattern.as_ref().map_or(1, |pattern| syntax::states(pattern.source()));
            let checked = check(&rule.literals, rule.ignore_case, rule.reach, states);
            assert_eq!(checked, Ok(()), "{}", rule.id);
            if rule.detector == DetectorKind::WholeFile {
                let longest = rule.pattern.as_ref().and_then(crate::rule::Pattern::longest);
                assert_eq!(check_whole(longest.expect("bounded"), states), Ok(()), "{}", rule.id);
            }
        }
    }
}
