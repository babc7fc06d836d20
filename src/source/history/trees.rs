//! What trees say of paths, without decoding any tree of any commit twice.
//!
//! A first walk over the tree objects notes which tree holds which (as object numbers), which hold
//! an object of interest, which names are worth a look, and which objects are missing. From that
//! follows which trees can lead to an object of interest at all; a second walk keeps just their
//! entries that do.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::io;
use std::sync::{Mutex, PoisonError};

use gix::objs::Kind;
use gix::{ObjectId, oid};

use super::forest::NONE;
use super::store::Store;
use super::walk::{Base, Object, Visitor, Walk, walk};
use crate::model::parallel::{BitSet, PerThread};
use crate::model::{IncompleteKind, IncompleteLog};

/// Slots of a thread's cache from ids to object numbers. Neighbouring versions of a tree name
/// mostly the same objects, so even a small one answers nearly every question.
const CACHE_SLOTS: usize = 1 << 13;

/// An entry of a tree, by object number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// File or folder name.
    pub name: Vec<u8>,
    /// The object's number in the store, [`NONE`] when it is not there.
    pub number: u32,
    /// Whether it is a folder.
    pub is_tree: bool,
}

/// The trees that lead to objects of interest, with just the entries that do.
#[derive(Default)]
pub struct Trees {
    /// By object number.
    pub nodes: HashMap<u32, Vec<Entry>>,
    /// Objects that trees name and the store does not have, sorted; recorded already.
    pub missing: Vec<ObjectId>,
}

/// Decides whether a file or folder name is of interest by itself. Asked for each entry of each
/// tree, from all threads: must be quick about names it knows and always answer the same.
pub type NameCheck<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// Finds the trees that lead to `interesting` objects or names.
pub fn find(
    store: &Store,
    log: &IncompleteLog,
    max_size: u64,
    interesting: &BitSet,
    name_check: NameCheck<'_>,
) -> Trees {
    let first = FirstPass {
        store,
        log,
        interesting,
        name_check,
        missing: Mutex::default(),
        local: PerThread::new(Local::new),
    };
    walk(Walk::new(store, log, max_size), &first);
    let missing = first.report_missing();
    let leading = first.leading();
    let Some((leading, names)) = leading else {
        return Trees { missing, ..Trees::default() };
    };
    // What the first walk could not read it has recorded; the second must not count it again.
    let silent = IncompleteLog::default();
    let second =
        SecondPass { store, interesting, leading, names, local: PerThread::new(SecondLocal::new) };
    walk(Walk::new(store, &silent, max_size), &second);
    let nodes = second.local.into_inner().flat_map(|local| local.nodes).collect();
    Trees { nodes, missing }
}

/// Direct-mapped cache from ids to numbers.
struct NumberCache {
    slots: Vec<Option<(ObjectId, u32)>>,
}

impl NumberCache {
    fn new() -> NumberCache {
        NumberCache { slots: vec![None; CACHE_SLOTS] }
    }

    fn number(&mut self, store: &Store, id: &oid) -> u32 {
        let bytes = id.as_bytes();
        let slot = (usize::from(bytes[1]) << 8 | usize::from(bytes[2])) % CACHE_SLOTS;
        match &self.slots[slot] {
            Some((cached, number)) if cached.as_bytes() == bytes => *number,
            _ => {
                let number = store.number_of(id).unwrap_or(NONE);
                self.slots[slot] = Some((id.to_owned(), number));
                number
            }
        }
    }
}

struct Local {
    cache: NumberCache,
    /// (held tree, holding tree)
    edges: Vec<(u32, u32)>,
    /// Trees that hold an object or name of interest themselves.
    holders: Vec<u32>,
    names_of_interest: HashSet<Vec<u8>>,
}

impl Local {
    fn new() -> Local {
        Local {
            cache: NumberCache::new(),
            edges: Vec::new(),
            holders: Vec::new(),
            names_of_interest: HashSet::new(),
        }
    }
}

struct FirstPass<'a> {
    store: &'a Store,
    log: &'a IncompleteLog,
    interesting: &'a BitSet,
    name_check: NameCheck<'a>,
    missing: Mutex<BTreeSet<ObjectId>>,
    local: PerThread<Local>,
}

impl Visitor for FirstPass<'_> {
    type Known = ();

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Tree
    }

    fn visit(&self, tree: Object<'_>, _base: Option<Base<'_, ()>>) {
        if !tree.counts {
            return;
        }
        let mut local = self.local.get();
        let mut holds = false;
        let result = entries(tree.data, self.store.hash(), |entry| {
            let number = local.cache.number(self.store, entry.id);
            if number == NONE && !entry.is_link && !is_empty_object(entry.id) {
                self.missing
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .insert(entry.id.to_owned());
            }
            if entry.is_tree && number != NONE {
                local.edges.push((number, tree.number));
            }
            holds |= number != NONE && self.interesting.contains(number);
            if (self.name_check)(entry.name) {
                local.names_of_interest.insert(entry.name.to_owned());
                holds = true;
            }
        });
        if let Err(reason) = result {
            self.log.add(IncompleteKind::CorruptObject, format!("tree {}: {reason}", tree.id));
        }
        if holds {
            local.holders.push(tree.number);
        }
    }

    fn visit_stream(&self, id: &oid, _size: u64, _content: &mut dyn io::Read) {
        // Only blobs are streamed.
        self.log.add(IncompleteKind::OverSize, format!("tree {id}"));
    }
}

impl FirstPass<'_> {
    fn report_missing(&self) -> Vec<ObjectId> {
        let missing = self.missing.lock().unwrap_or_else(PoisonError::into_inner);
        for id in missing.iter() {
            self.log.add(IncompleteKind::MissingObject, format!("object {id}"));
        }
        missing.iter().copied().collect()
    }

    /// The trees that lead to something of interest, and the names of interest; none if there are
    /// none.
    fn leading(self) -> Option<(BitSet, HashSet<Vec<u8>>)> {
        let leading = BitSet::new(self.store.numbers());
        let (mut edges, mut queue, mut names) = (Vec::new(), Vec::new(), HashSet::new());
        for local in self.local.into_inner() {
            edges.extend(local.edges);
            names.extend(local.names_of_interest);
            queue.extend(local.holders.into_iter().filter(|tree| leading.insert(*tree)));
        }
        if queue.is_empty() {
            return None;
        }
        edges.sort_unstable();
        while let Some(held) = queue.pop() {
            let start = edges.partition_point(|(tree, _)| *tree < held);
            for (_, holder) in edges[start..].iter().take_while(|(tree, _)| *tree == held) {
                if leading.insert(*holder) {
                    queue.push(*holder);
                }
            }
        }
        Some((leading, names))
    }
}

struct SecondLocal {
    cache: NumberCache,
    nodes: Vec<(u32, Vec<Entry>)>,
}

impl SecondLocal {
    fn new() -> SecondLocal {
        SecondLocal { cache: NumberCache::new(), nodes: Vec::new() }
    }
}

struct SecondPass<'a> {
    store: &'a Store,
    interesting: &'a BitSet,
    leading: BitSet,
    names: HashSet<Vec<u8>>,
    local: PerThread<SecondLocal>,
}

impl Visitor for SecondPass<'_> {
    type Known = ();

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Tree
    }

    fn visit(&self, tree: Object<'_>, _base: Option<Base<'_, ()>>) {
        if !tree.counts {
            return;
        }
        if !self.leading.contains(tree.number) {
            return;
        }
        let mut local = self.local.get();
        let mut kept = Vec::new();
        // A damaged tree was recorded by the first walk; what stands before the damage counts.
        let _ = entries(tree.data, self.store.hash(), |entry| {
            let number = local.cache.number(self.store, entry.id);
            let leads = if entry.is_tree {
                self.leading.contains(number)
            } else {
                number != NONE && self.interesting.contains(number)
            };
            if leads || self.names.contains(entry.name) {
                kept.push(Entry { name: entry.name.to_owned(), number, is_tree: entry.is_tree });
            }
        });
        local.nodes.push((tree.number, kept));
    }

    fn visit_stream(&self, _id: &oid, _size: u64, _content: &mut dyn io::Read) {}
}

/// One raw entry of a tree object.
pub struct RawEntry<'a> {
    /// Name.
    pub name: &'a [u8],
    /// Object.
    pub id: &'a oid,
    /// Whether it is a folder.
    pub is_tree: bool,
    /// Whether it is a submodule's commit.
    pub is_link: bool,
    /// Whether it is a symbolic link.
    pub is_symlink: bool,
}

/// Reads a tree object (gitformat-pack: mode, space, name, NUL, raw id) entry by entry.
pub fn entries<'a>(
    mut data: &'a [u8],
    hash: gix::hash::Kind,
    mut each: impl FnMut(RawEntry<'a>),
) -> Result<(), &'static str> {
    let id_len = hash.len_in_bytes();
    while !data.is_empty() {
        let space =
            memchr::memchr(b' ', data.get(..8).unwrap_or(data)).ok_or("an entry has no mode")?;
        let mode = &data[..space];
        let rest = &data[space + 1..];
        let nul = memchr::memchr(0, rest).ok_or("an entry has no end of name")?;
        let id = rest.get(nul + 1..nul + 1 + id_len).ok_or("an entry ends inside its id")?;
        each(RawEntry {
            name: &rest[..nul],
            id: oid::try_from_bytes(id).map_err(|_| "an entry's id has another length")?,
            is_tree: mode == b"40000" || mode == b"040000",
            is_link: mode == b"160000",
            is_symlink: mode == b"120000",
        });
        data = &rest[nul + 1 + id_len..];
    }
    Ok(())
}

/// Git knows the empty tree and blob without storing them.
pub fn is_empty_object(id: &oid) -> bool {
    id == ObjectId::empty_tree(id.kind()) || id == ObjectId::empty_blob(id.kind())
}
