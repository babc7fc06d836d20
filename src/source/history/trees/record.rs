//! What each tree has that its delta base has not, and the other way round.
//!
//! An entry that lies within bytes copied from the base, where the base has an entry too, is the
//! base's: it is not even read. Only folders, objects of interest and names of interest are noted,
//! because nothing else can lead anywhere.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::io;
use std::sync::{Mutex, PoisonError};

use gix::objs::Kind;
use gix::{ObjectId, oid};

use super::super::forest::NONE;
use super::super::store::Store;
use super::super::walk::{Base, Object, Visitor};
use super::{NameCheck, RawEntry, is_empty_object};
use crate::model::Copied;
use crate::model::parallel::{BitSet, PerThread};
use crate::model::{IncompleteKind, IncompleteLog};

/// Slots of a thread's cache of names that are of no interest.
const DULL_SLOTS: usize = 1 << 12;

/// An entry that may lead somewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lead {
    /// Number of the name in [`Recorded::names`].
    pub name: Name,
    /// The object's number in the store, [`NONE`] when it is not there.
    pub number: u32,
}

/// The number of a name, whether it is of interest by itself, and whether it is a folder's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Name(u32);

impl Name {
    const TREE: u32 = 1 << 31;
    const NAMED: u32 = 1 << 30;
    /// The name of an entry that leads nowhere.
    const DULL: Name = Name(Name::NAMED - 1);

    fn new(number: u32, is_named: bool, is_tree: bool) -> Name {
        let bit = |is: bool, bit: u32| if is { bit } else { 0 };
        Name(number | bit(is_named, Name::NAMED) | bit(is_tree, Name::TREE))
    }

    /// Place in [`Recorded::names`].
    pub fn place(self) -> usize {
        (self.0 & (Name::NAMED - 1)) as usize
    }

    /// The same name at another place.
    #[must_use]
    pub fn moved(self, place: u32) -> Name {
        Name(self.0 & !(Name::NAMED - 1) | place)
    }

    /// Whether it is of interest by itself.
    pub fn is_named(self) -> bool {
        self.0 & Name::NAMED != 0
    }

    fn of_tree(self, is_tree: bool) -> Name {
        Name::new(self.0 & (Name::NAMED - 1), self.is_named(), is_tree)
    }

    /// Whether it is a folder's.
    pub fn is_tree(self) -> bool {
        self.0 & Name::TREE != 0
    }
}

/// A tree and where its changes stand.
#[derive(Debug, Clone, Copy)]
pub struct Record {
    /// Object number.
    pub number: u32,
    /// Object number of the tree it is made from, [`NONE`] when it stands for itself.
    pub base: u32,
    /// Place of its first change.
    pub start: u32,
    /// How many entries it has that its base has not.
    pub added: u32,
    /// How many entries its base has and it has not; they follow those added.
    pub removed: u32,
}

/// What all trees changed.
pub struct Recorded<'a> {
    /// One a tree, in no order.
    pub records: Vec<Record>,
    /// The records' changes.
    pub changes: Vec<Lead>,
    /// Every name that a lead has.
    pub names: Vec<Vec<u8>>,
    /// Objects of interest.
    pub interesting: &'a BitSet,
    /// One more than the largest object number.
    pub numbers: usize,
}

impl Recorded<'_> {
    /// What a tree has that its base has not.
    pub fn added(&self, record: &Record) -> &[Lead] {
        let start = record.start as usize;
        &self.changes[start..start + record.added as usize]
    }

    /// What a tree's base has that it has not.
    pub fn removed(&self, record: &Record) -> &[Lead] {
        let start = record.start as usize + record.added as usize;
        &self.changes[start..start + record.removed as usize]
    }

    /// Whether an entry is of interest by itself.
    pub fn holds(&self, lead: Lead) -> bool {
        lead.name.is_named() || !lead.name.is_tree() && self.interesting.contains(lead.number)
    }
}

/// An entry of a tree whose entries may be asked for again.
#[derive(Clone, Copy)]
struct Known {
    /// First byte in the tree.
    start: u32,
    name: Name,
    number: u32,
}

/// A tree, for those that are made from it.
#[derive(Default)]
pub struct KnownTree {
    number: u32,
    entries: Vec<Known>,
    /// End of the last entry, bytes.
    end: u32,
}

impl KnownTree {
    /// The entries that stand at `from` of this tree's bytes and end at `to` at the latest; with
    /// the byte that the last of them ends before.
    fn inside(&self, from: usize, to: usize) -> Option<(std::ops::Range<usize>, usize)> {
        let from = u32::try_from(from).ok()?;
        let first = self.entries.binary_search_by_key(&from, |entry| entry.start).ok()?;
        let end = |at: usize| self.entries.get(at).map_or(self.end, |entry| entry.start) as usize;
        // One less than the entries that begin at `to` or before, unless the last ends there, too.
        let begun = self.entries.partition_point(|entry| entry.start as usize <= to);
        let last = if end(begun) <= to { begun } else { begun.checked_sub(1)? };
        (last > first).then(|| (first..last, end(last)))
    }
}

/// Numbers of the ids asked for last. Trees that are no deltas of each other name the same objects,
/// too, and each look-up in an index waits for memory.
struct Ids {
    slots: Vec<Slot>,
}

#[derive(Clone, Copy)]
struct Slot {
    id: [u8; 20],
    number: u32,
}

impl Ids {
    const SLOTS: usize = 1 << 13;

    fn new() -> Ids {
        Ids { slots: vec![Slot { id: [0; 20], number: NONE }; Ids::SLOTS] }
    }

    fn number(&mut self, store: &Store, id: &oid) -> u32 {
        let (Ok(bytes), [.., a, b]) = (<[u8; 20]>::try_from(id.as_bytes()), id.as_bytes()) else {
            return store.number_of(id).unwrap_or(NONE);
        };
        let slot = &mut self.slots[usize::from(u16::from_be_bytes([*a, *b])) % Ids::SLOTS];
        if slot.id != bytes || slot.number == NONE {
            *slot = Slot { id: bytes, number: store.number_of(id).unwrap_or(NONE) };
        }
        slot.number
    }
}

struct Local {
    ids: Ids,
    /// Hashes of names.
    dull: Vec<u64>,
    hasher: RandomState,
    /// Those of the names of leads that this thread has met.
    names: HashMap<Vec<u8>, Name>,
    missing: BTreeSet<ObjectId>,
    records: Vec<Record>,
    changes: Vec<Lead>,
    /// Used for each tree anew.
    added: Vec<Lead>,
    removed: Vec<Lead>,
    copied: Vec<std::ops::Range<usize>>,
}

impl Local {
    fn new() -> Local {
        Local {
            ids: Ids::new(),
            dull: vec![0; DULL_SLOTS],
            hasher: RandomState::new(),
            names: HashMap::new(),
            missing: BTreeSet::new(),
            records: Vec::new(),
            changes: Vec::new(),
            added: Vec::new(),
            removed: Vec::new(),
            copied: Vec::new(),
        }
    }
}

/// Visits trees and notes what they changed.
pub struct Recorder<'a> {
    store: &'a Store,
    log: &'a IncompleteLog,
    interesting: &'a BitSet,
    name_check: NameCheck<'a>,
    /// Names of leads and their numbers.
    names: Mutex<HashMap<Vec<u8>, u32>>,
    local: PerThread<Local>,
}

impl<'a> Recorder<'a> {
    /// Nothing noted yet.
    pub fn new(
        store: &'a Store,
        log: &'a IncompleteLog,
        interesting: &'a BitSet,
        name_check: NameCheck<'a>,
    ) -> Recorder<'a> {
        Recorder {
            store,
            log,
            interesting,
            name_check,
            names: Mutex::default(),
            local: PerThread::new(Local::new),
        }
    }

    /// Objects that trees name and the store does not have, sorted.
    pub fn missing(&self) -> Vec<ObjectId> {
        let mut missing = BTreeSet::new();
        self.local.each(|local| missing.extend(local.missing.iter().copied()));
        missing.into_iter().collect()
    }

    /// What was noted; none when no tree holds anything of interest.
    pub fn finish(self) -> Option<Recorded<'a>> {
        let (mut records, mut changes) = (Vec::new(), Vec::new());
        for local in self.local.into_inner() {
            let shift = place(changes.len());
            let moved = |record: Record| Record { start: record.start + shift, ..record };
            records.extend(local.records.into_iter().map(moved));
            changes.extend(local.changes);
        }
        let numbers = self.names.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut names = vec![Vec::new(); numbers.len()];
        for (name, number) in numbers {
            names[number as usize] = name;
        }
        let recorded = Recorded {
            records,
            changes,
            names,
            interesting: self.interesting,
            numbers: self.store.numbers(),
        };
        recorded.changes.iter().any(|lead| recorded.holds(*lead)).then_some(recorded)
    }

    /// Whether an entry may lead somewhere, by its name's number; `alike` is an entry of the base
    /// that has the same name.
    fn name(
        &self,
        local: &mut Local,
        entry: &RawEntry<'_>,
        number: u32,
        alike: Option<Name>,
    ) -> Name {
        let leads = number != NONE && (entry.is_tree || self.interesting.contains(number));
        match alike {
            Some(name) if name != Name::DULL && (leads || name.is_named()) => {
                return name.of_tree(entry.is_tree);
            }
            Some(name) if !leads && !name.is_named() => return Name::DULL,
            // A name that is dull for one entry leads somewhere for the other.
            _ => {}
        }
        let hash = local.hasher.hash_one(entry.name) | 1;
        let slot = usize::try_from(hash >> 32).unwrap_or(0) % DULL_SLOTS;
        if !leads && local.dull[slot] == hash {
            return Name::DULL;
        }
        let known = if let Some(known) = local.names.get(entry.name) {
            *known
        } else {
            let named = (self.name_check)(entry.name);
            if !leads && !named {
                local.dull[slot] = hash;
                return Name::DULL;
            }
            let known = Name::new(self.intern(entry.name), named, false);
            local.names.insert(entry.name.to_vec(), known);
            known
        };
        if leads || known.is_named() { known.of_tree(entry.is_tree) } else { Name::DULL }
    }

    fn intern(&self, name: &[u8]) -> u32 {
        let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = names.get(name) {
            return *known;
        }
        // Names that many would fill any memory first.
        let new = u32::try_from(names.len()).unwrap_or(u32::MAX).min(Name::DULL.0 - 1);
        names.insert(name.to_vec(), new);
        new
    }

    /// Reads the entry at the start of `data`. `alike` is the base's entry that may have the same
    /// name, with the bytes from its start on.
    fn read<'d>(
        &self,
        local: &mut Local,
        data: &'d [u8],
        alike: Option<(Name, &[u8])>,
    ) -> Result<(Lead, &'d [u8]), &'static str> {
        let hash = self.store.hash();
        let (entry, rest) = super::entry(data, hash)?;
        let number = local.ids.number(self.store, entry.id);
        if number == NONE && !entry.is_link && !is_empty_object(entry.id) {
            local.missing.insert(entry.id.to_owned());
        }
        let alike = alike.filter(|(_, bytes)| {
            super::entry(bytes, hash).is_ok_and(|(other, _)| other.name == entry.name)
        });
        let name = self.name(local, &entry, number, alike.map(|(name, _)| name));
        Ok((Lead { name, number }, rest))
    }

    fn tree(&self, tree: Object<'_>, base: Option<&Base<'_, KnownTree>>) -> KnownTree {
        let mut local = self.local.get();
        let local = &mut *local;
        local.added.clear();
        local.removed.clear();
        local.copied.clear();
        let mut known = KnownTree { number: tree.number, entries: Vec::new(), end: 0 };
        let mut copies: &[Copied] = base.map_or(&[], |base| base.copies);
        let mut at = 0;
        while at < tree.data.len() {
            while copies.first().is_some_and(|copy| copy.to + copy.len <= at) {
                copies = &copies[1..];
            }
            if let Some((base, copy)) = base.zip(copies.first().filter(|copy| copy.to <= at)) {
                let from = copy.from + (at - copy.to);
                if let Some((same, end)) = base.known.inside(from, copy.from + copy.len) {
                    known.copy(base.known, &same, at, from, tree.is_base);
                    local.copied.push(same);
                    at += end - from;
                    continue;
                }
            }
            let next = local.copied.last().map_or(0, |same| same.end);
            let alike = base.and_then(|base| {
                let entry = base.known.entries.get(next)?;
                Some((entry.name, base.data.get(entry.start as usize..)?))
            });
            match self.read(local, &tree.data[at..], alike) {
                Ok((lead, rest)) => {
                    known.add(lead, at, tree.is_base);
                    if lead.name != Name::DULL {
                        local.added.push(lead);
                    }
                    at = tree.data.len() - rest.len();
                }
                Err(reason) => {
                    if tree.counts {
                        let what = format!("tree {}: {reason}", tree.id);
                        self.log.add(IncompleteKind::CorruptObject, what);
                    }
                    break;
                }
            }
        }
        known.end = u32::try_from(at).unwrap_or(u32::MAX);
        if let Some(base) = base {
            local.compare(base.known);
        }
        local.note(tree.number, base.map_or(NONE, |base| base.known.number));
        known
    }
}

impl KnownTree {
    fn add(&mut self, lead: Lead, at: usize, keep: bool) {
        if keep {
            let start = u32::try_from(at).unwrap_or(u32::MAX);
            self.entries.push(Known { start, name: lead.name, number: lead.number });
        }
    }

    /// Takes over entries of `base`, of which the first stands at byte `from` there and `at` here.
    fn copy(
        &mut self,
        base: &KnownTree,
        same: &std::ops::Range<usize>,
        at: usize,
        from: usize,
        keep: bool,
    ) {
        if keep {
            let shift = |start: u32| u32::try_from(start as usize - from + at).unwrap_or(u32::MAX);
            let entries = &base.entries[same.clone()];
            self.entries.extend(entries.iter().map(|e| Known { start: shift(e.start), ..*e }));
        }
    }
}

impl Local {
    /// Fills in what was removed: what of `base` was not copied. What was copied twice is added.
    fn compare(&mut self, base: &KnownTree) {
        let Local { added, removed, copied, .. } = self;
        let lead = |entry: &Known| Lead { name: entry.name, number: entry.number };
        copied.sort_unstable_by_key(|same| (same.start, same.end));
        let mut end = 0;
        for same in copied.iter() {
            if same.start < end {
                let twice = &base.entries[same.start..same.end.min(end)];
                added.extend(twice.iter().map(lead).filter(|lead| lead.name != Name::DULL));
            } else {
                let gone = &base.entries[end..same.start];
                removed.extend(gone.iter().map(lead).filter(|lead| lead.name != Name::DULL));
            }
            end = end.max(same.end);
        }
        let gone = base.entries[end..].iter().map(lead);
        removed.extend(gone.filter(|lead| lead.name != Name::DULL));
    }

    fn note(&mut self, number: u32, base: u32) {
        if base == NONE && self.added.is_empty() {
            // Leads nowhere; what is made from it can as well stand for itself.
            return;
        }
        self.records.push(Record {
            number,
            base,
            start: place(self.changes.len()),
            added: place(self.added.len()),
            removed: place(self.removed.len()),
        });
        self.changes.extend(&self.added);
        self.changes.extend(&self.removed);
    }
}

impl Visitor for Recorder<'_> {
    type Known = KnownTree;

    fn wants(&self, kind: Kind) -> bool {
        kind == Kind::Tree
    }

    fn visit(&self, tree: Object<'_>, base: Option<Base<'_, KnownTree>>) -> KnownTree {
        if u32::try_from(tree.data.len()).is_err() {
            self.log.add(IncompleteKind::OverSize, format!("tree {}", tree.id));
            return KnownTree { number: tree.number, ..KnownTree::default() };
        }
        self.tree(tree, base.as_ref())
    }

    fn visit_stream(&self, id: &oid, _size: u64, _content: &mut dyn io::Read) {
        // Only blobs are streamed.
        self.log.add(IncompleteKind::OverSize, format!("tree {id}"));
    }
}

/// A place in a list that memory ends before `u32` does.
fn place(at: usize) -> u32 {
    u32::try_from(at).expect("four thousand million changes of eight bytes each do not fit")
}
