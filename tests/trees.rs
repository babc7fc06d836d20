//! What is learnt of trees from what they changed equals what reading each of them gives.

mod common;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use common::{Repo, Scratch};
use gix::objs::Kind;
use leaktrace::model::IncompleteLog;
use leaktrace::model::parallel::BitSet;
use leaktrace::source::history::forest::NONE;
use leaktrace::source::history::store::Store;
use leaktrace::source::history::trees::{self, Trees};
use leaktrace::source::repository::Repository;

/// Numbers that look random and are the same in each run.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}

/// A history in which files and folders come, change, move and go.
fn random_history(repo: &Repo<'_>, seed: u64) {
    let mut random = Random(seed);
    let mut stream = String::new();
    let mut files: BTreeSet<String> = BTreeSet::new();
    for commit in 0..120 {
        let _ = write!(
            stream,
            "commit refs/heads/main\ncommitter C <c@d> {} +0000\ndata 0\n",
            common::START + commit
        );
        for _ in 0..=random.below(4) {
            let folder = format!("d{}/e{}", random.below(3), random.below(12));
            match random.below(12) {
                0 if !files.is_empty() => {
                    // A folder moves; what is there is overwritten.
                    let from = format!("d{}", random.below(3));
                    let to = format!("d{}", random.below(3));
                    if from != to && files.iter().any(|file| file.starts_with(&from)) {
                        let _ = writeln!(stream, "R {from} {to}");
                        files = moved(&files, &from, &to);
                    }
                }
                1 => {
                    let file = format!("{folder}/f{}", random.below(30));
                    if files.remove(&file) {
                        let _ = writeln!(stream, "D {file}");
                    }
                }
                _ => {
                    let file = format!("{folder}/f{}", random.below(30));
                    let content = format!("{}\n", random.below(60));
                    let _ =
                        write!(stream, "M 644 inline {file}\ndata {}\n{content}\n", content.len());
                    files.insert(file);
                }
            }
        }
        stream.push('\n');
    }
    repo.git_with(&["fast-import", "--quiet", "--force"], stream.as_bytes());
}

fn moved(files: &BTreeSet<String>, from: &str, to: &str) -> BTreeSet<String> {
    let below = |folder: &str, file: &str| file.starts_with(&format!("{folder}/"));
    let staying = files.iter().filter(|file| !below(from, file) && !below(to, file)).cloned();
    let moving = files.iter().filter(|file| below(from, file));
    staying.chain(moving.map(|file| file.replacen(from, to, 1))).collect()
}

/// Trees that git itself would not write: entries twice and out of order, and one cut short.
fn odd_trees(repo: &Repo<'_>) {
    let tree = repo.git(&["rev-parse", "main^{tree}"]);
    let bytes = |id: &str| -> Vec<u8> {
        (0..id.len() / 2)
            .map(|at| u8::from_str_radix(&id[at * 2..at * 2 + 2], 16).expect("hexadecimal"))
            .collect()
    };
    let listed =
        repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objecttype) %(objectname)"]);
    let blobs: Vec<&str> = listed.lines().filter_map(|line| line.strip_prefix("blob ")).collect();
    let mut random = Random(7);
    for round in 0..30 {
        let mut content = Vec::new();
        for _ in 0..40 {
            let name = format!("n{}", random.below(20));
            let (mode, id) = match random.below(4) {
                0 => ("40000", tree.as_str()),
                chosen => {
                    ("100644", blobs[usize::try_from(random.below(15) * chosen).expect("small")])
                }
            };
            content.extend([mode.as_bytes(), b" ", name.as_bytes(), b"\0", &bytes(id)].concat());
        }
        if round == 20 {
            content.truncate(content.len() - 30);
        }
        let odd = ["hash-object", "-t", "tree", "-w", "--stdin", "--literally"];
        repo.git_with(&odd, &content);
    }
}

/// What a tree leads to: paths with the blobs of interest, or with nothing where the name is.
type Leads = BTreeSet<(Vec<u8>, Option<u32>)>;

fn is_named(name: &[u8]) -> bool {
    name.ends_with(b"7")
}

/// Reads every tree.
fn naive(store: &Store, found: &BitSet) -> BTreeMap<u32, Leads> {
    let reader = store.reader();
    let mut read = BTreeMap::new();
    let mut buffer = Vec::new();
    for number in 0..u32::try_from(store.numbers()).expect("few") {
        let id = store.id_of(number).expect("numbers have ids");
        if reader.read(&id, &mut buffer) == Ok(Kind::Tree) {
            let mut entries = Vec::new();
            let _ = trees::entries(&buffer, store.hash(), |entry| {
                entries.push((entry.name.to_vec(), store.number_of(entry.id), entry.is_tree));
            });
            read.insert(number, entries);
        }
    }
    let mut all: BTreeMap<u32, Leads> = BTreeMap::new();
    // Folders are four deep at most.
    for _ in 0..6 {
        for (number, entries) in &read {
            let mut leads = Leads::new();
            for (name, object, is_tree) in entries {
                if is_named(name) {
                    leads.insert((name.clone(), None));
                }
                let below = object.and_then(|object| all.get(&object)).filter(|_| *is_tree);
                for (path, blob) in below.into_iter().flatten() {
                    leads.insert(([name, &b"/"[..], path].concat(), *blob));
                }
                if let Some(blob) = object.filter(|blob| !is_tree && found.contains(*blob)) {
                    leads.insert((name.clone(), Some(blob)));
                }
            }
            all.insert(*number, leads);
        }
    }
    all
}

fn expanded(trees: &Trees, list: u32) -> Leads {
    let mut leads = Leads::new();
    for entry in trees.entries(list) {
        let name = trees.name(entry.name);
        if is_named(name) {
            leads.insert((name.to_vec(), None));
        }
        if entry.is_tree {
            for (path, blob) in expanded(trees, entry.target) {
                leads.insert(([name, &b"/"[..], &path].concat(), blob));
            }
        } else if entry.target != NONE {
            leads.insert((name.to_vec(), Some(entry.target)));
        }
    }
    leads
}

fn compare(path: &Path, what: &str) {
    let log = IncompleteLog::default();
    let repo = Repository::open(path).expect("readable").expect("a repository");
    let store = repo.store(&log);
    let found = BitSet::new(store.numbers());
    let reader = store.reader();
    for number in 0..u32::try_from(store.numbers()).expect("few") {
        let id = store.id_of(number).expect("numbers have ids");
        let is_blob = reader.header(&id).is_some_and(|(kind, _)| kind == Kind::Blob);
        if is_blob && id.as_bytes()[3].is_multiple_of(6) {
            found.insert(number);
        }
    }
    let trees = trees::find(&store, &log, 1 << 20, &found, &is_named);
    let mut leading = 0;
    for (number, leads) in naive(&store, &found) {
        let list = trees.list(number);
        assert_eq!(list.is_some(), !leads.is_empty(), "{what}: {number}");
        assert_eq!(list.map(|list| expanded(&trees, list)).unwrap_or_default(), leads, "{what}");
        leading += usize::from(list.is_some());
    }
    assert!(leading > 100 && trees.len() < leading, "{what}: {} of {leading}", trees.len());
}

#[test]
fn changes_of_trees_say_what_trees_say() {
    for seed in 0..2 {
        let scratch = Scratch::new();
        let repo = scratch.init("r", &["-b", "main"]);
        random_history(&repo, seed);
        odd_trees(&repo);
        compare(&scratch.path("r"), "as it came");
        for (depth, window) in [("1", "10"), ("50", "10"), ("250", "250")] {
            let (depth, window) = (format!("--depth={depth}"), format!("--window={window}"));
            // With what nothing reaches, so that the odd trees are deltas, too.
            repo.git(&["repack", "-adkfq", &depth, &window]);
            compare(&scratch.path("r"), &depth);
        }
    }
}
