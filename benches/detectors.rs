//! One content from end to end: literals, detectors, conditions, validators and decoders.

mod common;

use std::sync::Arc;

use divan::Bencher;
use divan::counter::BytesCount;
use leaktrace::engine::{Effort, Engine, Limits};
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

fn scan(bencher: Bencher<'_, '_>, text: &[u8]) {
    let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Large, Limits::default());
    bencher.counter(BytesCount::of_slice(text)).bench_local(|| engine.scan(text).matches.len());
}
