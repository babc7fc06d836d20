//! The readers of pack headers and delta forests: packs of any entries, some of their bytes changed
//! afterwards. Every object is shown to the visitor or named in the log, and nothing panics.

#![no_main]

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::PathBuf;
use std::sync::{Mutex, OnceLock};

use arbitrary::Arbitrary;
use gix::objs::Kind;
use gix::{ObjectId, oid};
use leaktrace::model::IncompleteLog;
use leaktrace::source::history::walk::{Base, Object, Visitor, Walk, walk};
use leaktrace::source::repository::Repository;
use libfuzzer_sys::fuzz_target;
use pack::{Entry, Header, name};

#[path = "../../tests/common/pack.rs"]
#[allow(dead_code, reason = "shared with the tests, which use more of it")]
mod pack;

#[derive(Debug, Arbitrary)]
struct Input {
    entries: Vec<Written>,
    /// Places in the pack file and what is put there.
    changed: Vec<(u16, u8)>,
}

#[derive(Debug, Arbitrary)]
struct Written {
    kind: u8,
    /// For deltas: the base's name or distance.
    base: u16,
    said: Option<u64>,
    bytes: Vec<u8>,
}

struct Seen {
    ids: Mutex<BTreeSet<ObjectId>>,
}

impl Seen {
    fn add(&self, id: &oid) {
        self.ids.lock().expect("not poisoned").insert(id.to_owned());
    }
}

impl Visitor for Seen {
    type Known = ();

    fn wants(&self, _kind: Kind) -> bool {
        true
    }

    fn visit(&self, object: Object<'_>, base: Option<Base<'_, ()>>) {
        for copy in base.iter().flat_map(|base| base.copies) {
            let there = &object.data[copy.to..copy.to_end()];
            let base = base.as_ref().expect("it has copies").data;
            assert_eq!(there, &base[copy.from..copy.from_end()]);
        }
        self.add(object.id);
    }

    fn visit_stream(&self, id: &oid, _size: u64, content: &mut dyn Read) {
        let _ = std::io::copy(content, &mut std::io::sink());
        self.add(id);
    }
}

/// A repository with nothing in it.
fn repository() -> &'static PathBuf {
    static MADE: OnceLock<(tempfile::TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = MADE.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("r.git");
        fs::create_dir_all(path.join("refs/heads")).expect("a folder");
        fs::create_dir_all(path.join("objects/pack")).expect("a folder");
        fs::write(path.join("HEAD"), "ref: refs/heads/main\n").expect("written");
        let config = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n";
        fs::write(path.join("config"), config).expect("written");
        (folder, path)
    });
    path
}

fuzz_target!(|input: Input| {
    let repository = repository();
    let packs = repository.join("objects/pack");
    for file in fs::read_dir(&packs).expect("a folder").flatten() {
        let _ = fs::remove_file(file.path());
    }
    let entries: Vec<Entry> = (0u8..200)
        .zip(&input.entries)
        .map(|(at, written)| Entry {
            id: name(at),
            header: match written.kind & 7 {
                6 => Header::Offset(u64::from(written.base)),
                7 => Header::Reference(name(u8::try_from(written.base % 256).expect("below 256"))),
                kind => Header::Whole(kind),
            },
            said: written.said.filter(|_| written.kind > 200),
            bytes: written.bytes.clone(),
        })
        .collect();
    pack::write(&packs, &entries);
    for file in fs::read_dir(&packs).expect("a folder").flatten() {
        if input.changed.is_empty() || file.path().extension().is_none_or(|end| end != "pack") {
            continue;
        }
        let mut bytes = fs::read(file.path()).expect("readable");
        for (at, byte) in &input.changed {
            // The header and the trailer are gix's own to check.
            let at = 12 + usize::from(*at);
            if at + 20 < bytes.len() {
                bytes[at] = *byte;
            }
        }
        fs::write(file.path(), bytes).expect("written");
    }
    let log = IncompleteLog::default();
    let repo = Repository::open(repository).expect("readable").expect("a repository");
    let store = repo.store(&log);
    let seen = Seen { ids: Mutex::default() };
    walk(Walk::new(&store, &log, 1 << 20), &seen);
    let gaps: u64 = log.entries().iter().map(|gap| gap.count).sum();
    let seen = seen.ids.into_inner().expect("not poisoned").len() as u64;
    assert!(seen + gaps >= entries.len() as u64, "{seen} shown, {gaps} named: {:?}", log.entries());
});
