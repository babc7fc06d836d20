//! Whatever the text, the literals and the range: the same as comparing every literal everywhere.

use std::ops::Range;

use proptest::prelude::*;

use super::{Effort, LONGEST, Prefilter, Spot};
use crate::rule::{RuleText, Ruleset};

/// Rules with these literals, two for each set of them, one of which takes any case.
fn rules(literals: &[Vec<String>]) -> Ruleset {
    use std::fmt::Write as _;
    let mut text = String::from("provider: test\ntitle: Test\nrules:\n");
    for (number, literals) in literals.iter().enumerate() {
        for ignore_case in [false, true] {
            let listed = serde_json::to_string(literals).expect("strings");
            let folded = if ignore_case { "f" } else { "e" };
            write!(
                text,
                "  - id: r{number}{folded}\n    title: T\n    severity: low\n    confidence: low\n    \
                 literals: {listed}\n    ignore_case: {ignore_case}\n    pattern: '(?s:.{{1,300}})'\n    \
                 rotation: {{advice: A., page: 'https://example.com/'}}\n    \
                 examples: ['a', 'b']\n    counter_examples: ['c', 'd']\n"
            )
            .expect("memory");
        }
    }
    let text = RuleText { name: "test.yaml".into(), text };
    Ruleset::from_texts(&[text]).unwrap_or_else(|error| panic!("{error}"))
}

/// Every literal compared at every place.
fn naive(filter: &Prefilter, text: &[u8], range: Range<usize>) -> Vec<Spot> {
    let mut spots = Vec::new();
    for start in range.clone() {
        for (literal, one) in (0..).zip(filter.uses()) {
            let end = start + one.searched().len();
            let there = if end <= range.end { &text[start..end] } else { continue };
            let same =
                there == one.searched() || !one.exact && there.eq_ignore_ascii_case(one.searched());
            if same {
                spots.push(Spot { start: u32::try_from(start).expect("small"), literal });
            }
        }
    }
    spots
}

fn found(filter: &Prefilter, text: &[u8], range: Range<usize>) -> Vec<Spot> {
    let mut spots = Vec::new();
    filter.search_in(text, range, &mut |spot| spots.push(spot));
    spots.sort();
    spots
}

/// Few letters, so that literals overlap, contain each other and are nearly there.
fn literal() -> impl Strategy<Value = String> {
    prop_oneof!["[aAbB_]{3,6}", "[a-cA-C:/é]{3,10}", "[ab]{20,40}", "[!-~]{3,5}"]
        .prop_filter("bytes count", |literal| literal.len() >= 3)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(192))]
    #[test]
    fn finds_what_comparing_everywhere_finds(
        mut literals in prop::collection::vec(prop::collection::vec(literal(), 1..5), 1..12),
        pieces in prop::collection::vec((any::<prop::sample::Index>(), 0_usize..9, any::<u32>()), 0..40),
        ranges in prop::collection::vec((0_usize..300, 0_usize..300), 1..8),
    ) {
        for literals in &mut literals {
            literals.sort();
            literals.dedup();
        }
        let filter = Prefilter::new(&rules(&literals), Effort::Small);
        let all: Vec<&String> = literals.iter().flatten().collect();
        let mut text = Vec::new();
        for (which, cut, noise) in pieces {
            let literal = which.get(&all).as_bytes();
            let part = &literal[..literal.len().saturating_sub(cut / 3)];
            match noise % 4 {
                0 => text.extend(part.to_ascii_uppercase()),
                1 => text.extend(part.to_ascii_lowercase()),
                2 => text.extend(part),
                _ => text.extend(noise.to_le_bytes()),
            }
        }
        prop_assert_eq!(found(&filter, &text, 0..text.len()), naive(&filter, &text, 0..text.len()));
        for (start, length) in ranges {
            let start = start.min(text.len());
            let range = start..(start + length).min(text.len());
            prop_assert_eq!(found(&filter, &text, range.clone()), naive(&filter, &text, range));
        }
    }

    #[test]
    fn built_in_literals_are_found_in_any_text_wherever_they_stand(
        pieces in prop::collection::vec((any::<prop::sample::Index>(), any::<bool>(), "[ -~]{0,3}"), 0..20),
        cut in 0_usize..40,
    ) {
        let filter = builtin();
        let mut text = Vec::new();
        for (which, upper, between) in pieces {
            let literal = &which.get(filter.uses()).literal;
            text.extend(if upper { literal.to_ascii_uppercase() } else { literal.clone() });
            text.extend(between.bytes());
        }
        let range = cut.min(text.len())..text.len() - cut.min(text.len() - cut.min(text.len()));
        prop_assert_eq!(found(filter, &text, range.clone()), naive(filter, &text, range));
    }
}

fn builtin() -> &'static Prefilter {
    static FILTER: std::sync::OnceLock<Prefilter> = std::sync::OnceLock::new();
    FILTER.get_or_init(|| Prefilter::new(&Ruleset::builtin(), Effort::Small))
}

#[test]
fn every_built_in_literal_is_found_at_every_place_of_a_block() {
    let filter = builtin();
    for (number, one) in (0_u32..).zip(filter.uses()) {
        for before in 0..40 {
            let mut text = vec![b' '; before];
            text.extend(&one.literal);
            let start = u32::try_from(before).expect("small");
            let spot = Spot { start, literal: number };
            // At the very end of the text, at the very end of the range, and in the middle.
            let to = before + one.searched().len();
            assert!(found(filter, &text, 0..text.len()).contains(&spot));
            text.extend([b' '; 40]);
            assert!(found(filter, &text, before..to).contains(&spot));
            assert!(found(filter, &text, 0..text.len()).contains(&spot));
            assert!(!found(filter, &text, before..to - 1).contains(&spot));
            assert!(!found(filter, &text, before + 1..text.len()).contains(&spot));
        }
    }
}

#[test]
fn ranges_that_are_no_ranges_hold_nothing() {
    let filter = builtin();
    let text = b"password";
    let (five, three) = (5, 3);
    for range in [0..0, 0..2, 8..8, 9..20, five..three, usize::MAX..usize::MAX] {
        assert_eq!(found(filter, text, range), []);
    }
    assert!(!found(filter, text, 0..usize::MAX).is_empty());
    assert_eq!(found(filter, b"", 0..0), []);
}

#[test]
fn no_literals_are_found_without_rules() {
    let filter = Prefilter::new(&Ruleset::default(), Effort::Large);
    assert_eq!(filter.longest(), 0);
    assert_eq!(found(&filter, &b"password = ".repeat(10), 0..110), []);
}

#[test]
fn a_long_literal_is_searched_by_its_beginning_and_compared_whole() {
    let long = "abcdefghijklmnopqrstuvwxyz0123456789".to_owned();
    let filter = Prefilter::new(&rules(&[vec![long.clone()]]), Effort::Small);
    assert_eq!(filter.longest(), LONGEST);
    let part = &long.as_bytes()[..LONGEST];
    let spots = found(&filter, part, 0..part.len());
    assert_eq!(spots.len(), 2, "one for each rule");
    assert!(spots.iter().all(|spot| filter.whole(*spot, part).is_none()));
    let upper = long.to_ascii_uppercase();
    let spots = found(&filter, upper.as_bytes(), 0..upper.len());
    let whole: Vec<_> =
        spots.iter().filter_map(|spot| filter.whole(*spot, upper.as_bytes())).collect();
    assert_eq!(whole.len(), 1, "only where case does not count");
    assert_eq!((whole[0].start, whole[0].end), (0, long.len()));
}
