//! Compared with the plain way: every path of HEAD and of the index.

use std::collections::{BTreeMap, BTreeSet};

use gix::objs::{Tree, Write as _, WriteTo as _, tree};
use proptest::prelude::*;

use super::*;

type Files = BTreeMap<Vec<u8>, ObjectId>;

fn id(number: u8) -> ObjectId {
    ObjectId::from_bytes_or_panic(&[number.max(1); 20])
}

/// Writes the trees of `files` below `prefix`, and gives the one of the folder with what an index
/// would know of it.
fn write(git: &gix::Repository, files: &Files, prefix: &[u8], name: &[u8]) -> CacheTree {
    let mut names: BTreeMap<Vec<u8>, bool> = BTreeMap::new();
    for path in files.keys().filter(|path| path.starts_with(prefix)) {
        let rest = &path[prefix.len()..];
        let end = rest.iter().position(|byte| *byte == b'/');
        names.insert(rest[..end.unwrap_or(rest.len())].to_vec(), end.is_some());
    }
    let (mut entries, mut children) = (Vec::new(), Vec::new());
    for (name, is_folder) in names {
        let path = [prefix, &name].concat();
        let (mode, oid) = if is_folder {
            let child = write(git, files, &[path.as_slice(), b"/"].concat(), &name);
            let oid = child.id;
            children.push(child);
            (tree::EntryKind::Tree, oid)
        } else {
            (tree::EntryKind::Blob, files[&path])
        };
        entries.push(tree::Entry { mode: mode.into(), filename: name.into(), oid });
    }
    entries.sort();
    let mut bytes = Vec::new();
    Tree { entries }.write_to(&mut bytes).expect("written");
    let id = git.objects.write_buf(gix::objs::Kind::Tree, &bytes).expect("written");
    CacheTree { name: name.into(), id, num_entries: Some(1), children }
}

/// Forgets the trees of folders that `changed` lies in, as git does when it changes an index.
fn invalidate(tree: &mut CacheTree, changed: &BTreeSet<Vec<u8>>, prefix: &[u8]) {
    if changed.iter().any(|path| path.starts_with(prefix)) {
        tree.num_entries = None;
    }
    for child in &mut tree.children {
        let prefix = [prefix, child.name.as_slice(), b"/"].concat();
        invalidate(child, changed, &prefix);
    }
}

fn folders(files: &Files) -> BTreeSet<Vec<u8>> {
    let mut all = BTreeSet::new();
    for path in files.keys() {
        all.insert(path.clone());
        let ends = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
        all.extend(ends.map(|(at, _)| path[..at].to_vec()));
    }
    all
}

fn last(path: &[u8]) -> Vec<u8> {
    path.rsplit(|byte| *byte == b'/').next().unwrap_or_default().to_vec()
}

/// Files in a few folders, without a file and a folder of one name.
fn files() -> impl Strategy<Value = Files> {
    let path = prop::collection::vec(prop::sample::select(vec!["a", "a.b", "b", "c"]), 1..4);
    prop::collection::vec((path, 1u8..4), 0..12).prop_map(|all| {
        let mut files = Files::new();
        for (path, number) in all {
            let path = path.join("/").into_bytes();
            let clash = |other: &Vec<u8>| {
                let (short, long) =
                    if other.len() < path.len() { (other, &path) } else { (&path, other) };
                long.starts_with(short) && long.get(short.len()) == Some(&b'/')
            };
            if !files.keys().any(clash) {
                files.insert(path, id(number));
            }
        }
        files
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_walk_finds_what_comparing_every_path_finds(head in files(), now in files(), known in any::<bool>()) {
        let folder = tempfile::tempdir().expect("a folder");
        let git = gix::init(folder.path()).expect("a repository");
        let root = write(&git, &head, b"", b"");
        let changed: BTreeSet<Vec<u8>> = head
            .keys()
            .chain(now.keys())
            .filter(|path| head.get(*path) != now.get(*path))
            .cloned()
            .collect();
        let mut trees = root.clone();
        invalidate(&mut trees, &changed, b"");
        let index: Vec<IndexEntry> = now
            .iter()
            .map(|(path, id)| IndexEntry { path: path.clone(), id: *id, is_link: false })
            .collect();
        let reader = Reader::of(&git);
        let log = IncompleteLog::default();
        let mut walk =
            Walk { reader: &reader, log: &log, change: Change::default(), left: MAX_ENTRIES };
        walk.folder(Some(root.id), known.then_some(&trees), &index, 0, 0);
        let mut found = walk.change;
        found.added.sort();
        prop_assert!(log.entries().is_empty());

        let added: Vec<Added> = now
            .iter()
            .filter(|(path, id)| head.get(*path) != Some(id))
            .map(|(path, id)| Added {
                path: path.clone(),
                blob: *id,
                before: head.get(path).copied().into_iter().collect(),
            })
            .collect();
        prop_assert_eq!(&found.added, &added);
        let gone: Vec<ObjectId> =
            head.iter().filter(|(path, _)| !now.contains_key(*path)).map(|(_, id)| *id).collect();
        let sorted = |mut ids: Vec<ObjectId>| { ids.sort(); ids };
        prop_assert_eq!(sorted(found.gone.clone()), sorted(gone));
        let (before, after) = (folders(&head), folders(&now));
        let new: BTreeSet<_> = after.difference(&before).cloned().collect();
        prop_assert_eq!(found.new_paths.iter().cloned().collect::<BTreeSet<_>>(), new);
        let names: BTreeSet<_> = before.difference(&after).map(|path| last(path)).collect();
        prop_assert_eq!(&found.gone_names, &names);
    }
}
