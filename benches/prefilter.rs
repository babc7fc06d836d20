//! What every byte costs: the search for the literals of all rules, in whole texts and in the small
//! stretches that versions of a file differ in, and for rule sets of several sizes. Beside each,
//! what an Aho-Corasick automaton over the same literals takes.

mod common;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use aho_corasick::automaton::OverlappingState;
use aho_corasick::{AhoCorasick, AhoCorasickKind, Input};
use base64::Engine as _;
use divan::Bencher;
use divan::counter::{BytesCount, ItemsCount};
use leaktrace::engine::Effort;
use leaktrace::engine::prefilter::Prefilter;
use leaktrace::rule::{RuleText, Ruleset};

const BYTES: usize = 1 << 20;
/// Literals: a part of the built-in ones, all of them, and more that are made up.
const SIZES: [usize; 4] = [250, 1_000, 3_000, 10_000];
/// About what the seam between two copies takes with the longest literal on both sides.
const STRETCH: usize = 47;

fn main() {
    divan::main();
}

#[divan::bench(args = SIZES)]
fn plain(bencher: Bencher<'_, '_>, literals: usize) {
    search(bencher, literals, &common::plain(1, BYTES));
}

#[divan::bench(args = SIZES)]
fn crowded(bencher: Bencher<'_, '_>, literals: usize) {
    search(bencher, literals, &common::crowded(2, BYTES));
}

/// Many short ranges of a text, one call each.
#[divan::bench(args = SIZES)]
fn stretches(bencher: Bencher<'_, '_>, literals: usize) {
    let text = common::plain(1, BYTES);
    let prefilter = Prefilter::new(&rules(literals), Effort::Large);
    let starts: Vec<usize> = (0..text.len() - STRETCH).step_by(STRETCH + 20).collect();
    bencher.counter(ItemsCount::new(starts.len())).bench_local(|| {
        let mut spots = 0_usize;
        for start in &starts {
            prefilter.search_in(&text, *start..start + STRETCH, &mut |_| spots += 1);
        }
        spots
    });
}

#[divan::bench(args = SIZES)]
fn plain_automaton(bencher: Bencher<'_, '_>, literals: usize) {
    let text = common::plain(1, BYTES);
    let folded: Vec<Vec<u8>> = Prefilter::new(&rules(literals), Effort::Small)
        .uses()
        .iter()
        .map(|used| used.searched().to_ascii_lowercase())
        .collect();
    let automaton = AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .kind(Some(AhoCorasickKind::DFA))
        .build(&folded)
        .expect("few literals");
    bencher.counter(BytesCount::of_slice(&text)).bench_local(|| {
        let mut state = OverlappingState::start();
        let mut hits = 0_usize;
        loop {
            automaton.find_overlapping(Input::new(&text), &mut state);
            if state.get_match().is_none() {
                break hits;
            }
            hits += 1;
        }
    });
}

/// Time to prepare, which `--staged` pays before it begins.
#[divan::bench(args = [Effort::Small, Effort::Large])]
fn build(bencher: Bencher<'_, '_>, effort: Effort) {
    let ruleset = Ruleset::builtin();
    bencher.bench_local(|| Prefilter::new(&ruleset, effort));
}

fn search(bencher: Bencher<'_, '_>, literals: usize, text: &[u8]) {
    let prefilter = Prefilter::new(&rules(literals), Effort::Large);
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| {
        let mut spots = 0_usize;
        prefilter.search_in(text, 0..text.len(), &mut |_| spots += 1);
        spots
    });
}

/// Rules with so many literals: some or all of the built-in ones, after those the same in base64,
/// after those made-up beginnings of tokens and key names.
fn rules(literals: usize) -> Ruleset {
    let builtin = Ruleset::builtin();
    let all: BTreeSet<String> = builtin
        .rules()
        .iter()
        .flat_map(|rule| &rule.literals)
        .map(|literal| String::from_utf8_lossy(literal).to_ascii_lowercase())
        .collect();
    let mut wanted: Vec<String> =
        all.iter().step_by((all.len() / literals).max(1)).cloned().collect();
    wanted.extend(all.iter().filter(|one| one.len() > 3).map(|one| {
        let coded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(one);
        // The last character depends on what follows.
        coded[..coded.len() - 1].to_owned()
    }));
    let mut numbers = common::Numbers::new(7);
    while wanted.len() < literals {
        let mut made = String::new();
        for _ in 0..4 + numbers.below(4) {
            made.push_str(
                numbers.pick(&["a", "c", "e", "i", "k", "l", "n", "o", "p", "r", "s", "t"]),
            );
        }
        made.push_str(numbers.pick(&["_", "-", "_live_", "_key", "://"]));
        wanted.push(made);
    }
    wanted.truncate(literals);
    let mut text = String::from("provider: bench\ntitle: Bench\nrules:\n");
    for (number, literals) in wanted.chunks(10).enumerate() {
        let literals = serde_json::to_string(literals).expect("strings");
        // As in the built-in rules, the case of every other one counts.
        let ignore_case = number % 2 == 0;
        writeln!(
            text,
            "  - {{id: r{number}, title: T, severity: low, confidence: low, detector: assignment, \
             literals: {literals}, ignore_case: {ignore_case}, \
             rotation: {{advice: A., page: 'https://example.com/'}}, \
             examples: [a, b], counter_examples: [c, d]}}"
        )
        .expect("memory");
    }
    Ruleset::from_texts(&[RuleText { name: "bench.yaml".into(), text }]).expect("valid rules")
}
