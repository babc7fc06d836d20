//! A whole repository, from opening it to the finished report. The repository is generated: 3,000
//! commits that edit, add and remove files in a tree of 400, with a leak now and then. Bytes are
//! those of all unpacked contents that are searched.

mod common;

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::thread::available_parallelism;

use common::Numbers;
use divan::Bencher;
use divan::counter::BytesCount;
use leaktrace::pipeline::{self, Options, Progress, Scan, Scope, Subject};

const COMMITS: usize = 3_000;
const FILES: usize = 400;
/// Seconds since 1970-01-01 UTC of the first commit: any fixed time.
const START: usize = 1_700_000_000;

static REPOSITORY: OnceLock<PathBuf> = OnceLock::new();

fn main() {
    let folder = tempfile::tempdir().expect("a temporary directory");
    REPOSITORY.get_or_init(|| folder.path().to_owned());
    divan::main();
}

/// The repository, made when it is first asked for.
fn repository() -> &'static Path {
    static MADE: OnceLock<()> = OnceLock::new();
    let folder = REPOSITORY.get().expect("main sets it");
    MADE.get_or_init(|| {
        git(folder, &["init", "--quiet", "--bare", "."], "");
        git(folder, &["fast-import", "--quiet"], &history());
        git(folder, &["repack", "-a", "-d", "-f", "--quiet"], "");
    });
    folder
}

fn git(folder: &Path, arguments: &[&str], input: &str) {
    let mut child = Command::new("git")
        .args(arguments)
        .current_dir(folder)
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("git reads");
    assert!(child.wait().expect("git ends").success(), "git {arguments:?}");
}

/// A stream for `git fast-import`.
fn history() -> String {
    let mut numbers = Numbers::new(8);
    let mut files: Vec<Vec<String>> = (0..FILES).map(|file| fresh(file as u64)).collect();
    let mut stream = String::new();
    for commit in 0..COMMITS {
        let message = format!("Change {commit}");
        let time = START + commit * 3_600;
        writeln!(stream, "commit refs/heads/main").expect("into memory");
        writeln!(stream, "committer Ada Example <ada@example.com> {time} +0000")
            .expect("into memory");
        writeln!(stream, "data {}\n{message}", message.len()).expect("into memory");
        let touched: Vec<usize> = match commit {
            0 => (0..FILES).collect(),
            _ => (0..=numbers.below(5)).map(|_| numbers.below(FILES)).collect(),
        };
        for file in touched {
            if commit > 0 {
                edit(&mut files[file], commit, &mut numbers);
            }
            let content = files[file].join("\n");
            writeln!(stream, "M 100644 inline src/part{}/file{file}.txt", file % 20)
                .expect("into memory");
            writeln!(stream, "data {}\n{content}", content.len()).expect("into memory");
        }
    }
    stream
}

fn fresh(seed: u64) -> Vec<String> {
    lines(&common::plain(100 + seed, 8 << 10))
}

fn lines(text: &[u8]) -> Vec<String> {
    String::from_utf8_lossy(text).lines().map(str::to_owned).collect()
}

/// Replaces a few lines; once in a hundred by something that leaks.
fn edit(file: &mut Vec<String>, commit: usize, numbers: &mut Numbers) {
    let seed = commit as u64;
    let new = match numbers.below(100) {
        0 => lines(&common::crowded(seed, 200)),
        _ => lines(&common::plain(seed, 400)),
    };
    let at = numbers.below(file.len());
    let until = (at + numbers.below(10)).min(file.len());
    file.splice(at..until, new);
}

fn scan(path: &Path, threads: usize) -> Scan {
    let options = Options {
        subjects: vec![Subject::Path(path.to_owned())],
        scope: Scope::HistoryOnly,
        isolated: true,
        as_of: i64::try_from(START + COMMITS * 3_600).expect("small"),
        ..Options::default()
    };
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().expect("threads");
    pool.install(|| pipeline::scan(&options, &Progress::default())).expect("a repository")
}

/// One thread, and as many as there are cores.
fn threads() -> Vec<usize> {
    let cores = available_parallelism().map_or(1, usize::from);
    let mut counts = vec![1, cores];
    counts.dedup();
    counts
}

#[divan::bench(args = threads(), sample_count = 5, sample_size = 1)]
fn whole_history(bencher: Bencher<'_, '_>, threads: usize) {
    let path = repository();
    let first = scan(path, threads).report;
    assert!(first.is_complete() && !first.findings.is_empty(), "the bench measures a real scan");
    bencher.counter(BytesCount::new(first.stats.bytes)).bench_local(|| scan(path, threads));
}
