//! What the index changes against HEAD, for hooks before a commit.
//!
//! Both are walked side by side, folder by folder, and a folder of which the index still knows the tree
//! that git wrote for it, and HEAD has the same, is passed over: of fifty thousand files only the
//! folders with changes are read.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::changes::{Added, Change};
use super::history::commits::Commit;
use super::history::store::Reader;
use super::history::trees::entries;
use super::repository::{CacheTree, IndexEntry, Repository};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// Deepest folder that is entered; git itself stops at 2048 (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 2048;

/// Entries of trees that are read, at most: a tree can be built that has more paths than atoms in the
/// universe.
const MAX_ENTRIES: u64 = 20_000_000;

/// What the index changes against HEAD.
pub fn staged(
    repo: &Repository,
    reader: &Reader,
    (index, trees): (&[IndexEntry], Option<&CacheTree>),
    log: &IncompleteLog,
) -> Change {
    let head = repo.head_object().unwrap_or_else(|reason| {
        log.add(IncompleteKind::Reference, format!("HEAD: {}", escape(reason.as_bytes())));
        None
    });
    let mut tree = None;
    if let Some(id) = head {
        let mut buffer = Vec::new();
        match reader.read(&id, &mut buffer).and_then(|_| Commit::parse(id, &buffer)) {
            Ok(commit) => tree = Some(commit.tree),
            Err(reason) => log.add(IncompleteKind::MissingObject, format!("commit {id}: {reason}")),
        }
    }
    let mut walk = Walk { reader, log, change: Change::default(), left: MAX_ENTRIES };
    walk.folder(tree, trees, index, 0, 0);
    let mut change = walk.change;
    change.added.sort();
    change.new_paths.sort();
    change
}

/// An entry of a tree.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Tree(ObjectId),
    Blob(ObjectId),
    /// A submodule's commit.
    Link,
}

struct Walk<'a> {
    reader: &'a Reader,
    log: &'a IncompleteLog,
    change: Change,
    left: u64,
}

impl Walk<'_> {
    /// Compares a folder: `tree` in HEAD (none when it is not there) with `index`, whose paths all
    /// begin with the same `skip` bytes.
    fn folder(
        &mut self,
        tree: Option<ObjectId>,
        known: Option<&CacheTree>,
        index: &[IndexEntry],
        skip: usize,
        depth: usize,
    ) {
        let valid = known.filter(|known| known.num_entries.is_some());
        if depth > MAX_DEPTH || tree.is_some() && valid.map(|known| known.id) == tree {
            return;
        }
        let there = tree.map(|tree| self.read(tree)).unwrap_or_default();
        let mut here: BTreeSet<&[u8]> = BTreeSet::new();
        let mut rest = index;
        while let Some(first) = rest.first() {
            let name = component(first, skip);
            let count = rest.iter().take_while(|entry| component(entry, skip) == name).count();
            let (group, after) = rest.split_at(count);
            rest = after;
            let before = there.get(name).copied();
            here.insert(name);
            let end = skip + name.len();
            if before.is_none() {
                let path = first.path.get(..end).unwrap_or(&first.path);
                self.change.new_paths.push(path.to_vec());
            }
            let (files, inside): (Vec<_>, Vec<_>) =
                group.iter().partition(|entry| entry.path.len() <= end);
            for entry in &files {
                self.file(entry, before);
            }
            if inside.is_empty() {
                if let Some(Item::Tree(gone)) = before {
                    self.gone(gone, depth + 1);
                }
                continue;
            }
            let sub = match before {
                Some(Item::Tree(sub)) => Some(sub),
                Some(Item::Blob(blob)) if files.is_empty() => {
                    self.change.gone.push(blob);
                    None
                }
                _ => None,
            };
            let known = known.and_then(|known| {
                known.children.iter().find(|child| child.name.as_slice() == name)
            });
            self.folder(sub, known, group, end + 1, depth + 1);
        }
        for (name, item) in &there {
            if here.contains(name.as_slice()) {
                continue;
            }
            match item {
                Item::Blob(blob) => self.change.gone.push(*blob),
                Item::Tree(tree) => self.gone(*tree, depth + 1),
                Item::Link => {}
            }
            self.change.gone_names.insert(name.clone());
        }
    }

    fn file(&mut self, entry: &IndexEntry, before: Option<Item>) {
        let before = match before {
            Some(Item::Blob(blob)) => Some(blob),
            _ => None,
        };
        if entry.is_link {
            self.change.gone.extend(before);
        } else if before != Some(entry.id) {
            self.change.added.push(Added {
                path: entry.path.clone(),
                blob: entry.id,
                before: before.into_iter().collect(),
            });
        }
    }

    /// A folder that HEAD has and the index has not.
    fn gone(&mut self, tree: ObjectId, depth: usize) {
        if depth > MAX_DEPTH {
            return;
        }
        for (name, item) in self.read(tree) {
            match item {
                Item::Blob(blob) => self.change.gone.push(blob),
                Item::Tree(tree) => self.gone(tree, depth + 1),
                Item::Link => {}
            }
            self.change.gone_names.insert(name);
        }
    }

    fn read(&mut self, tree: ObjectId) -> BTreeMap<Vec<u8>, Item> {
        let mut items = BTreeMap::new();
        if tree == ObjectId::empty_tree(tree.kind()) {
            return items;
        }
        if self.left == 0 {
            self.log.add(IncompleteKind::OverSize, format!("tree {tree}: HEAD has too many paths"));
            return items;
        }
        let mut buffer = Vec::new();
        if let Err(reason) = self.reader.read(&tree, &mut buffer) {
            self.log.add(IncompleteKind::MissingObject, format!("tree {tree}: {reason}"));
            return items;
        }
        let read = entries(&buffer, tree.kind(), |entry| {
            let item = match (entry.is_link, entry.is_tree) {
                (true, _) => Item::Link,
                (_, true) => Item::Tree(entry.id.to_owned()),
                _ => Item::Blob(entry.id.to_owned()),
            };
            items.insert(entry.name.to_owned(), item);
        });
        if let Err(reason) = read {
            self.log.add(IncompleteKind::CorruptObject, format!("tree {tree}: {reason}"));
        }
        self.left = self.left.saturating_sub(items.len() as u64);
        items
    }
}

/// The part of a path after its first `skip` bytes, up to the next slash.
fn component(entry: &IndexEntry, skip: usize) -> &[u8] {
    let rest = entry.path.get(skip..).unwrap_or_default();
    rest.split(|byte| *byte == b'/').next().unwrap_or_default()
}

#[cfg(test)]
mod tests;
