//! What every byte costs: the automaton over the literals of all rules.

mod common;

use divan::Bencher;
use divan::counter::BytesCount;
use leaktrace::engine::Effort;
use leaktrace::engine::prefilter::Prefilter;
use leaktrace::rule::Ruleset;

const BYTES: usize = 4 << 20;
const EFFORTS: [Effort; 2] = [Effort::Small, Effort::Large];

fn main() {
    divan::main();
}

#[divan::bench(args = EFFORTS)]
fn plain(bencher: Bencher<'_, '_>, effort: Effort) {
    search(bencher, effort, &common::plain(1, BYTES));
}

#[divan::bench(args = EFFORTS)]
fn crowded(bencher: Bencher<'_, '_>, effort: Effort) {
    search(bencher, effort, &common::crowded(2, BYTES));
}

fn search(bencher: Bencher<'_, '_>, effort: Effort, text: &[u8]) {
    let prefilter = Prefilter::new(&Ruleset::builtin(), effort);
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| {
        let mut hits = 0_usize;
        prefilter.search(text, |_| hits += 1);
        hits
    });
}

/// Time to build the automaton, which `--staged` pays before it begins.
#[divan::bench(args = EFFORTS, sample_count = 10)]
fn build(bencher: Bencher<'_, '_>, effort: Effort) {
    let ruleset = Ruleset::builtin();
    bencher.bench_local(|| Prefilter::new(&ruleset, effort));
}
