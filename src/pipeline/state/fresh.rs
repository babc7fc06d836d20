//! Trees that are new, added to those that are known to lead to something.
//!
//! An old tree holds nothing new: what it names was there, or missing, when it was looked at.

use std::collections::{BTreeSet, HashMap};
use std::io;

use gix::objs::Kind;
use gix::{ObjectId, oid};

use crate::model::parallel::{BitSet, PerThread};
use crate::model::{IncompleteKind, IncompleteLog};
use crate::source::history::forest::NONE;
use crate::source::history::store::Store;
use crate::source::history::trees::{self, Entry, NameCheck, Trees, is_empty_object};
use crate::source::history::walk::{Base, Object, Visitor, Walk, walk};

/// What new trees are judged by.
pub struct Fresh<'a> {
    /// The objects.
    pub store: &'a Store,
    /// Everything but new objects.
    pub done: &'a BitSet,
    /// Where what cannot be read is recorded.
    pub log: &'a IncompleteLog,
    /// Largest object that is read, bytes.
    pub max_size: u64,
    /// Blobs that something was found in.
    pub interesting: &'a BitSet,
    /// Says whether something is in a name.
    pub name_check: NameCheck<'a>,
}

/// A new tree: its number, and each entry with whether its name is of interest.
type NewTree = (u32, Vec<(Entry, bool)>);

#[derive(Default)]
struct Local {
    trees: Vec<NewTree>,
    missing: BTreeSet<ObjectId>,
}

struct Listing<'a> {
    fresh: &'a Fresh<'a>,
    local: PerThread<Local>,
}

impl Visitor for Listing<'_> {
    type Known = ();

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Tree
    }

    fn visit(&self, tree: Object<'_>, _base: Option<Base<'_, ()>>) {
        if !tree.counts {
            return;
        }
        let store = self.fresh.store;
        let mut listed = Vec::new();
        let mut missing = Vec::new();
        let result = trees::entries(tree.data, store.hash(), |entry| {
            let number = store.number_of(entry.id).unwrap_or(NONE);
            if number == NONE && !entry.is_link && !is_empty_object(entry.id) {
                missing.push(entry.id.to_owned());
            }
            let named = (self.fresh.name_check)(entry.name);
            if named || number != NONE {
                let name = entry.name.to_owned();
                listed.push((Entry { name, number, is_tree: entry.is_tree }, named));
            }
        });
        if let Err(reason) = result {
            let what = format!("tree {}: {reason}", tree.id);
            self.fresh.log.add(IncompleteKind::CorruptObject, what);
        }
        let mut local = self.local.get();
        local.trees.push((tree.number, listed));
        local.missing.extend(missing);
    }

    fn visit_stream(&self, id: &oid, _size: u64, _content: &mut dyn io::Read) {
        // Only blobs are streamed.
        self.fresh.log.add(IncompleteKind::OverSize, format!("tree {id}"));
    }
}

/// What was learnt of new trees.
#[derive(Default)]
pub struct Added {
    /// Numbers of those that lead to something.
    pub numbers: Vec<u32>,
    /// Objects that they name and the store does not have.
    pub missing: BTreeSet<ObjectId>,
}

impl Fresh<'_> {
    /// Adds new trees that lead to something to `known`.
    pub fn extend(&self, known: &mut Trees) -> Added {
        let listing = Listing { fresh: self, local: PerThread::new(Local::default) };
        let context =
            Walk { done: Some(self.done), ..Walk::new(self.store, self.log, self.max_size) };
        walk(context, &listing);
        let (mut new, mut missing) = (Vec::new(), BTreeSet::new());
        for local in listing.local.into_inner() {
            new.extend(local.trees);
            missing.extend(local.missing);
        }
        let leading = self.leading(&new, known);
        let mut numbers = Vec::new();
        for (number, entries) in new {
            if !leading.contains(number) {
                continue;
            }
            let kept = entries.into_iter().filter(|(entry, named)| {
                let leads = if entry.is_tree {
                    leading.contains(entry.number) || known.nodes.contains_key(&entry.number)
                } else {
                    entry.number != NONE && self.interesting.contains(entry.number)
                };
                leads || *named
            });
            let kept = kept.map(|(entry, _)| entry).collect();
            known.nodes.insert(number, kept);
            numbers.push(number);
        }
        Added { numbers, missing }
    }

    /// Those of the new trees that lead to something.
    fn leading(&self, new: &[NewTree], known: &Trees) -> BitSet {
        let leading = BitSet::new(self.store.numbers());
        let mut holders: HashMap<u32, Vec<u32>> = HashMap::new();
        let mut queue = Vec::new();
        for (number, entries) in new {
            let mut holds = false;
            for (entry, named) in entries {
                holds |= *named;
                if entry.is_tree && entry.number != NONE {
                    holds |= known.nodes.contains_key(&entry.number);
                    holders.entry(entry.number).or_default().push(*number);
                }
                holds |= entry.number != NONE && self.interesting.contains(entry.number);
            }
            if holds && leading.insert(*number) {
                queue.push(*number);
            }
        }
        while let Some(held) = queue.pop() {
            for holder in holders.get(&held).into_iter().flatten() {
                if leading.insert(*holder) {
                    queue.push(*holder);
                }
            }
        }
        leading
    }
}
