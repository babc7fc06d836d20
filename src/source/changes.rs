//! What commits, or the index, changed: new blobs at their paths, and what stood there before.
//!
//! This is the source for narrow scans (`--range`, `--since`, `--branch`, `--staged`), which name a
//! few commits rather than the whole store.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;

use super::history::commits::Commit;
use super::history::store::Reader;
use super::history::trees::entries;
use super::repository::Tip;
use crate::model::{IncompleteKind, IncompleteLog};

/// Deepest folder that is entered; git itself stops at 2048 (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 2048;
/// Entries of folders that are looked at again at another path, for one commit. Repositories can
/// be built that have more paths than atoms in the universe ("git bombs"); past this, of folders
/// that are alike only the first path is listed.
const REPEATS_A_COMMIT: u64 = 100_000;
/// The same for all commits together.
const REPEATS: u64 = 2_000_000;
/// Commits after which the budget for all is looked at. Fixed, so that the result is the same for
/// any number of threads.
const CHUNK: usize = 256;

/// A blob that is new at its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Added {
    /// Full path.
    pub path: Vec<u8>,
    /// The new blob.
    pub blob: ObjectId,
    /// What the parents have at this path.
    pub before: Vec<ObjectId>,
}

/// What one commit (or the index) changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The commit; none for the index.
    pub commit: Option<Commit>,
    /// By path.
    pub added: Vec<Added>,
    /// Blobs that a parent has at a path that is gone: where a renamed file came from.
    pub gone: Vec<ObjectId>,
    /// Paths of files and folders that were not there before.
    pub new_paths: Vec<Vec<u8>>,
    /// Names (the ends of paths) of files and folders that are gone: where a moved one came from.
    pub gone_names: BTreeSet<Vec<u8>>,
    /// Whether some paths are not listed because there are too many. All blobs are, somewhere.
    pub cut: bool,
}

/// What each of `commits` changed against all its parents, in the same order. Content that only a
/// merge brought in is part of the merge's change.
pub fn of_commits(
    repo: &gix::Repository,
    commits: &[Commit],
    shallow: &BTreeSet<ObjectId>,
    log: &IncompleteLog,
) -> Vec<Change> {
    let shared = repo.objects.store();
    let mut changes = Vec::with_capacity(commits.len());
    let mut repeats = REPEATS;
    for chunk in commits.chunks(CHUNK) {
        let part: Vec<(Change, u64)> = chunk
            .par_iter()
            .map_init(
                || Reader::new(&shared),
                |reader, commit| {
                    of_commit(reader, commit, shallow, repeats.min(REPEATS_A_COMMIT), log)
                },
            )
            .collect();
        for (change, repeated) in part {
            repeats = repeats.saturating_sub(repeated);
            changes.push(change);
        }
    }
    changes
}

/// What a commit changed, and how many of `repeats` that took.
fn of_commit(
    reader: &Reader,
    commit: &Commit,
    shallow: &BTreeSet<ObjectId>,
    repeats: u64,
    log: &IncompleteLog,
) -> (Change, u64) {
    let mut change = Change { commit: Some(commit.clone()), ..Change::default() };
    let mut parents = Vec::new();
    let mut buffer = Vec::new();
    for parent in commit.parents.iter().filter(|_| !shallow.contains(&commit.id)) {
        match reader.read(parent, &mut buffer).and_then(|_| Commit::parse(*parent, &buffer)) {
            Ok(parent) => parents.push(parent.tree),
            Err(reason) => {
                log.add(IncompleteKind::MissingObject, format!("commit {parent}: {reason}"));
            }
        }
    }
    let mut differ = Differ::new(reader, log, &mut change, repeats);
    differ.trees(Some(commit.tree), &parents, &mut Vec::new(), 0);
    let left = differ.repeats;
    change.added.sort();
    (change, repeats - left)
}

/// A file or folder that a reference leads to without a commit: everything in it is new.
pub fn of_content(reader: &Reader, tip: &Tip, log: &IncompleteLog) -> Change {
    let mut change = Change::default();
    if let Some((Kind::Blob, _)) = reader.header(&tip.id) {
        change.added.push(Added { path: Vec::new(), blob: tip.id, before: Vec::new() });
    } else {
        let mut differ = Differ::new(reader, log, &mut change, REPEATS_A_COMMIT);
        differ.trees(Some(tip.id), &[], &mut Vec::new(), 0);
    }
    change
}

struct Differ<'a> {
    reader: &'a Reader,
    log: &'a IncompleteLog,
    change: &'a mut Change,
    /// Folders compared so far, each with what it was compared with.
    seen: HashSet<(Option<ObjectId>, Vec<ObjectId>)>,
    /// Entries of such folders that may still be looked at again.
    repeats: u64,
}

/// An entry's kind and object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Tree(ObjectId),
    Blob(ObjectId),
}

impl<'a> Differ<'a> {
    fn new(
        reader: &'a Reader,
        log: &'a IncompleteLog,
        change: &'a mut Change,
        repeats: u64,
    ) -> Differ<'a> {
        Differ { reader, log, change, seen: HashSet::new(), repeats }
    }

    /// Compares `tree` (none: nothing is there any more) with the same folder in each parent.
    fn trees(
        &mut self,
        tree: Option<ObjectId>,
        parents: &[ObjectId],
        path: &mut Vec<u8>,
        depth: usize,
    ) {
        if tree.is_some_and(|tree| parents.contains(&tree)) || depth > MAX_DEPTH {
            return;
        }
        let again = !self.seen.insert((tree, parents.to_vec()));
        if again && self.repeats == 0 {
            self.change.cut = true;
            return;
        }
        let now = tree.map(|tree| self.read(tree)).unwrap_or_default();
        let before: Vec<BTreeMap<Vec<u8>, Item>> =
            parents.iter().map(|tree| self.read(*tree)).collect();
        let names: BTreeSet<&Vec<u8>> =
            now.keys().chain(before.iter().flat_map(BTreeMap::keys)).collect();
        if again {
            self.repeats = self.repeats.saturating_sub(names.len().max(1) as u64);
        }
        for name in names {
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            self.entry(now.get(name).copied(), &before, name, path, depth);
            path.truncate(length);
        }
    }

    fn entry(
        &mut self,
        now: Option<Item>,
        before: &[BTreeMap<Vec<u8>, Item>],
        name: &[u8],
        path: &mut Vec<u8>,
        depth: usize,
    ) {
        let earlier: Vec<Item> =
            before.iter().filter_map(|parent| parent.get(name)).copied().collect();
        if now.is_some_and(|now| earlier.contains(&now)) {
            return;
        }
        let trees: Vec<ObjectId> = earlier
            .iter()
            .filter_map(|item| if let Item::Tree(id) = item { Some(*id) } else { None })
            .collect();
        let blobs: Vec<ObjectId> = earlier
            .iter()
            .filter_map(|item| if let Item::Blob(id) = item { Some(*id) } else { None })
            .collect();
        match (now, earlier.is_empty()) {
            (Some(_), true) => self.change.new_paths.push(path.clone()),
            (None, false) => {
                self.change.gone_names.insert(name.to_vec());
            }
            _ => {}
        }
        match now {
            Some(Item::Tree(tree)) => {
                self.trees(Some(tree), &trees, path, depth + 1);
                self.change.gone.extend(blobs);
            }
            Some(Item::Blob(blob)) => {
                self.change.added.push(Added { path: path.clone(), blob, before: blobs });
                if !trees.is_empty() {
                    self.trees(None, &trees, path, depth + 1);
                }
            }
            None => {
                self.change.gone.extend(blobs);
                if !trees.is_empty() {
                    self.trees(None, &trees, path, depth + 1);
                }
            }
        }
    }

    fn read(&mut self, tree: ObjectId) -> BTreeMap<Vec<u8>, Item> {
        let mut items = BTreeMap::new();
        if tree == ObjectId::empty_tree(tree.kind()) {
            return items;
        }
        let mut buffer = Vec::new();
        if let Err(reason) = self.reader.read(&tree, &mut buffer) {
            self.log.add(IncompleteKind::MissingObject, format!("tree {tree}: {reason}"));
            return items;
        }
        let read = entries(&buffer, tree.kind(), |entry| {
            if !entry.is_link {
                let id = entry.id.to_owned();
                items.insert(
                    entry.name.to_owned(),
                    if entry.is_tree { Item::Tree(id) } else { Item::Blob(id) },
                );
            }
        });
        if let Err(reason) = read {
            self.log.add(IncompleteKind::CorruptObject, format!("tree {tree}: {reason}"));
        }
        items
    }
}
