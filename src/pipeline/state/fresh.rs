//! Trees that are new, added to those that are known to lead to something.
//!
//! An old tree holds nothing new: what it names was there, or missing, when it was looked at.

use std::collections::BTreeSet;
use std::io;

use gix::objs::Kind;
use gix::{ObjectId, oid};

use crate::model::parallel::{BitSet, PerThread};
use crate::model::{IncompleteKind, IncompleteLog};
use crate::source::history::forest::NONE;
use crate::source::history::store::Store;
use crate::source::history::trees::{self, NameCheck, NewEntry, NewTree, Trees, is_empty_object};
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
            let found = number != NONE && self.fresh.interesting.contains(number);
            if named || found || entry.is_tree && number != NONE {
                listed.push(NewEntry {
                    name: entry.name.to_owned(),
                    number,
                    is_tree: entry.is_tree,
                    is_named: named,
                    is_found: found,
                });
            }
        });
        if let Err(reason) = result {
            let what = format!("tree {}: {reason}", tree.id);
            self.fresh.log.add(IncompleteKind::CorruptObject, what);
        }
        let mut local = self.local.get();
        local.trees.push(NewTree { number: tree.number, entries: listed });
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
        Added { numbers: known.extend(&new), missing }
    }
}
