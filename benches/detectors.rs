//! One content from end to end: literals, detectors, conditions, validators and decoders.

mod common;
#[path = "common/tree.rs"]
mod tree;

use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use leaktrace::engine::{Effort, Engine, Limits, Scratch};
use leaktrace::rule::Ruleset;

const BYTES: usize = 1 << 20;

fn main() {
    divan::main();
}

/// What most files are like: hardly a line that a rule looks at.
#[divan::bench]
fn plain(bencher: Bencher<'_, '_>) {
    scan(bencher, &common::plain(3, BYTES));
}

/// Key words and tokens in every line.
#[divan::bench]
fn crowded(bencher: Bencher<'_, '_>) {
    scan(bencher, &common::crowded(4, BYTES));
}

/// Real files, one after the other: those of `LEAKTRACE_BENCH_TREE`, else this repository's own.
/// What each step and rule took of it is for `leaktrace rules profile` to say.
#[divan::bench(sample_count = 5, sample_size = 1)]
fn mixed(bencher: Bencher<'_, '_>) {
    let files = tree::files();
    let total: usize = files.iter().map(Vec::len).sum();
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Large, Limits::default());
    bencher.counter(BytesCount::new(total)).bench_local(|| {
        let mut scratch = Scratch::default();
        let found = files.iter().map(|file| engine.scan_next(file, None, &mut scratch).0);
        found.map(|outcome| outcome.matches.len()).sum::<usize>()
    });
}

fn scan(bencher: Bencher<'_, '_>, text: &[u8]) {
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Large, Limits::default());
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| engine.scan(text).matches.len());
}
