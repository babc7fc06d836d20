//! The floor under a scan of a history: every object of the given kinds decoded once along the
//! delta forest, and nothing done with it.
//!
//! ```sh
//! cargo bench --bench forest -- REPO...           # any repository with packs
//! cargo bench --bench forest -- --equal REPO...
//! ```
//!
//! With `--equal` it scans every blob twice instead, by its changes and whole, and says how many
//! gave different matches: none, or the engine is wrong.
//!
//! Before that it scans the blobs once by their changes: the engine alone, without anything that is
//! done for commits, trees and reports.
//!
//! Without a repository there is nothing to do. Prints wall and CPU seconds (medians of five), the
//! bytes that were unpacked, and how many of them are new: stored whole, inserted by a delta, or
//! within 24 bytes of a seam between two copies.

use std::fmt::Write as _;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

use gix::objs::Kind;
use gix::oid;
use leaktrace::engine::{self, Effort, Engine, Known, Limits, Scratch};
use leaktrace::model::IncompleteLog;
use leaktrace::model::parallel::PerThread;
use leaktrace::rule::Ruleset;
use leaktrace::source::history::walk::{Base, Object, Visitor, Walk, walk};
use leaktrace::source::repository::Repository;

/// Bytes beside a seam that a literal may reach into.
const WIDEN: usize = 24;

#[derive(Default)]
struct Decode {
    kinds: Vec<Kind>,
    objects: AtomicU64,
    bytes: AtomicU64,
    whole: AtomicU64,
    new: AtomicU64,
    seams: AtomicU64,
}

impl Visitor for Decode {
    type Known = ();

    fn wants(&self, kind: Kind) -> bool {
        self.kinds.contains(&kind)
    }

    fn visit(&self, object: Object<'_>, base: Option<Base<'_, ()>>) {
        self.objects.fetch_add(1, Relaxed);
        self.bytes.fetch_add(object.data.len() as u64, Relaxed);
        let Some(base) = base else {
            self.whole.fetch_add(object.data.len() as u64, Relaxed);
            return;
        };
        let mut end = 0;
        let (mut new, mut seams) = (0, 0);
        for copy in base.copies {
            new += copy.to - end;
            seams += u64::from(copy.to > 0);
            end = copy.to + copy.len;
        }
        new += object.data.len() - end;
        self.new.fetch_add(new as u64, Relaxed);
        self.seams.fetch_add(seams, Relaxed);
    }

    fn visit_stream(&self, _id: &oid, size: u64, content: &mut dyn Read) {
        self.bytes.fetch_add(size, Relaxed);
        let _ = std::io::copy(content, &mut std::io::sink());
    }
}

/// Scans each blob by its changes, and on demand whole, too, to compare.
struct Equal {
    engine: Engine,
    compare: bool,
    scratch: PerThread<Scratch>,
    blobs: AtomicU64,
    with_matches: AtomicU64,
    different: AtomicU64,
}

impl Visitor for Equal {
    type Known = Known;

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Blob
    }

    fn visit(&self, object: Object<'_>, base: Option<Base<'_, Known>>) -> Known {
        let base = base.map(|base| engine::Base { known: base.known, copies: base.copies });
        let (by_changes, known) = self.engine.scan_next(object.data, base, &mut self.scratch.get());
        self.blobs.fetch_add(1, Relaxed);
        self.with_matches.fetch_add(u64::from(!by_changes.matches.is_empty()), Relaxed);
        if self.compare && base.is_some() && by_changes != self.engine.scan(object.data) {
            println!("different: {}", object.id);
            self.different.fetch_add(1, Relaxed);
        }
        known
    }

    fn visit_stream(&self, _id: &oid, _size: u64, _content: &mut dyn Read) {}
}

fn equal(path: &Path, compare: bool) {
    let log = IncompleteLog::default();
    let repo = Repository::open(path).expect("readable").expect("a repository");
    let store = repo.store(&log);
    let equal = Equal {
        engine: Engine::new(Arc::new(Ruleset::builtin()), Effort::Large, Limits::default()),
        compare,
        scratch: PerThread::new(Scratch::default),
        blobs: AtomicU64::new(0),
        with_matches: AtomicU64::new(0),
        different: AtomicU64::new(0),
    };
    let (start, cpu) = (Instant::now(), cpu_seconds());
    walk(Walk::new(&store, &log, 1 << 30), &equal);
    println!(
        "{}: scanned in {:.2} s of wall time, {:.2} s of CPU time: {} blobs, {} with matches, {} different",
        path.display(),
        start.elapsed().as_secs_f64(),
        cpu_seconds() - cpu,
        equal.blobs.load(Relaxed),
        equal.with_matches.load(Relaxed),
        equal.different.load(Relaxed),
    );
}

fn main() {
    let check = std::env::args().any(|argument| argument == "--equal");
    let repositories: Vec<String> =
        std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    for repository in repositories {
        if check {
            equal(Path::new(&repository), true);
            continue;
        }
        equal(Path::new(&repository), false);
        for (name, kinds) in [
            ("blobs", vec![Kind::Blob]),
            ("trees", vec![Kind::Tree]),
            ("commits and tags", vec![Kind::Commit, Kind::Tag]),
        ] {
            println!("{repository}: {name}: {}", measure(Path::new(&repository), &kinds));
        }
    }
}

fn measure(path: &Path, kinds: &[Kind]) -> String {
    let log = IncompleteLog::default();
    let repo = Repository::open(path).expect("readable").expect("a repository");
    let store = repo.store(&log);
    let mut runs = Vec::new();
    let mut said = String::new();
    for _ in 0..5 {
        let decode = Decode { kinds: kinds.to_vec(), ..Decode::default() };
        let (start, cpu) = (Instant::now(), cpu_seconds());
        walk(Walk::new(&store, &log, 1 << 30), &decode);
        runs.push((start.elapsed().as_secs_f64(), cpu_seconds() - cpu));
        said.clear();
        let mb = |count: &AtomicU64| count.load(Relaxed) / 1_000_000;
        let around = decode.seams.load(Relaxed) * 2 * WIDEN as u64 / 1_000_000;
        let _ = write!(
            said,
            "{} objects, {} MB unpacked, {} MB stored whole, {} MB inserted, {} seams ({around} MB around them)",
            decode.objects.load(Relaxed),
            mb(&decode.bytes),
            mb(&decode.whole),
            mb(&decode.new),
            decode.seams.load(Relaxed),
        );
    }
    let median = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let wall = median(runs.iter().map(|run| run.0).collect());
    let cpu = median(runs.iter().map(|run| run.1).collect());
    format!("{wall:.2} s of wall time, {cpu:.2} s of CPU time; {said}")
}

/// User and system seconds of this process so far, from `/proc/self/stat` (fields 14 and 15, in
/// hundredths); 0 where there is no such file.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after = stat.rsplit(')').next().unwrap_or_default();
    let ticks: f64 =
        after.split_whitespace().skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks / 100.0
}
