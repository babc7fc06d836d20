//! Where the objects of then are in the store of now.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::codec::{Damaged, Reader, Writer};
use super::file::Key;
use super::memory::{Memory, PackName};
use super::recording::Totals;
use crate::model::parallel::BitSet;
use crate::source::history::forest::NONE;
use crate::source::history::store::Store;

/// The objects of then among those of now.
pub struct Places {
    /// Packs of then, by the number of their first object.
    spans: Vec<Span>,
    /// For each loose object of then its number, [`NONE`] when it is gone.
    loose: Vec<u32>,
    first_loose: u32,
    /// Everything that was searched, by the numbers of now.
    pub done: BitSet,
    /// Whether all that is remembered is still there and nothing that was missing came back.
    pub intact: bool,
    /// Numbers of now and codes of tallies, sorted: of all objects when not intact, of loose ones
    /// otherwise.
    pub codes: Vec<(u32, u64)>,
    /// The counts of everything that is still there.
    pub totals: Totals,
    /// For each pack of now its place among those of then.
    pub packs: Vec<Option<usize>>,
}

struct Span {
    first: u32,
    count: u32,
    now: Now,
}

enum Now {
    /// The pack's place in the store, and the number of its first object.
    Here { pack: usize, first: u32, moved: bool },
    /// Objects that other packs have now: number within the pack, number in the store.
    Gone(BTreeMap<u32, u32>),
}

/// An entry of a pack's list: number within the pack, code of its tally, id.
type Listed = (u32, u64, ObjectId);

impl Places {
    /// Finds what `memory` tells of in `store`. The error says why that cannot be done, escaped.
    pub fn of(memory: &Memory, store: &Store, key: &Key) -> Result<Places, String> {
        let names: BTreeMap<PackName, usize> =
            store.packs.iter().enumerate().map(|(at, pack)| (PackName::of(pack), at)).collect();
        let here: Vec<Option<usize>> =
            memory.head.packs.iter().map(|(name, _)| names.get(name).copied()).collect();
        let mut packs = vec![None; store.packs.len()];
        for (then, now) in here.iter().enumerate() {
            if let Some(slot) = now.and_then(|now| packs.get_mut(now)) {
                *slot = Some(then);
            }
        }
        let mut places = Places {
            spans: Vec::new(),
            loose: Vec::new(),
            first_loose: 0,
            done: BitSet::new(store.numbers()),
            intact: true,
            codes: Vec::new(),
            totals: memory.head.totals,
            packs,
        };
        places.loose(memory, store);
        places.intact &= here.iter().all(Option::is_some)
            && memory.head.missing.iter().all(|id| store.number_of(id).is_none());
        // Objects that have their first copies elsewhere now have other numbers, which the lists of
        // then do not know.
        places.intact &= !here.iter().flatten().any(|now| places.has_new_copies(*now, store));
        for (at, now) in here.iter().enumerate() {
            places.pack(memory, at, *now, store, key).ok_or("it is damaged")?;
        }
        if !places.intact {
            places.totals = Totals::default();
            places.codes.sort_unstable();
            places.codes.dedup_by_key(|(number, _)| *number);
            places.codes.iter().for_each(|(_, code)| places.totals.add(*code));
        }
        Ok(places)
    }

    /// Whether a pack that is new stands in front of the pack `at` and has one of its objects, too.
    fn has_new_copies(&self, at: usize, store: &Store) -> bool {
        let Some(pack) = store.packs.get(at) else { return false };
        let new = (0..at).filter(|at| self.packs.get(*at) == Some(&None));
        let newer: Vec<usize> = new.collect();
        !newer.is_empty()
            && (0..pack.index.num_objects()).any(|number| {
                let id = pack.index.oid_at_index(number);
                let mut others = newer.iter().filter_map(|at| store.packs.get(*at));
                others.any(|other| other.index.lookup(id).is_some())
            })
    }

    fn loose(&mut self, memory: &Memory, store: &Store) {
        for (id, code) in &memory.head.loose {
            let number = store.number_of(id);
            self.loose.push(number.unwrap_or(NONE));
            match number {
                Some(number) => {
                    self.done.insert(number);
                    self.codes.push((number, *code));
                }
                None => self.intact = false,
            }
        }
    }

    fn pack(
        &mut self,
        memory: &Memory,
        at: usize,
        now: Option<usize>,
        store: &Store,
        key: &Key,
    ) -> Option<()> {
        let (name, place) = memory.head.packs.get(at)?;
        let first = self.first_loose;
        self.first_loose = first.checked_add(name.count)?;
        let mut known = BTreeMap::new();
        if let Some(at) = now {
            let pack = store.packs.get(at)?;
            self.done.insert_all(pack.first..pack.first.checked_add(name.count)?);
            // A pack that is new may stand in front and then has the copies that count.
            let newer: Vec<usize> =
                (0..at).filter(|at| self.packs.get(*at) == Some(&None)).collect();
            for number in (0..name.count).filter(|_| !newer.is_empty()) {
                let id = pack.index.oid_at_index(number);
                for other in newer.iter().filter_map(|at| store.packs.get(*at)) {
                    if let Some(at) = other.index.lookup(id) {
                        self.done.insert(other.first + at);
                    }
                }
            }
            let moved = !newer.is_empty();
            let now = Now::Here { pack: at, first: pack.first, moved };
            self.spans.push(Span { first, count: name.count, now });
        }
        if !self.intact {
            let list = memory.file.list(*place, key)?;
            let list = read_list(&list, store.hash(), name.count).ok()?;
            for (number, code, id) in list {
                if let Some(now) = store.number_of(&id) {
                    self.done.insert(now);
                    self.codes.push((now, code));
                    known.insert(number, now);
                }
            }
        }
        if now.is_none() {
            self.spans.push(Span { first, count: name.count, now: Now::Gone(known) });
        }
        Some(())
    }

    /// The number of now of the object that had `number` then; none when it is gone.
    pub fn now(&self, number: u32, store: &Store) -> Option<u32> {
        if number >= self.first_loose {
            let now = self.loose.get((number - self.first_loose) as usize)?;
            return (*now != NONE).then_some(*now);
        }
        let after = self.spans.partition_point(|span| span.first <= number);
        let span = self.spans.get(after.checked_sub(1)?)?;
        let within = (number - span.first < span.count).then_some(number - span.first)?;
        match &span.now {
            Now::Here { first, moved: false, .. } => Some(first + within),
            Now::Here { pack, .. } => {
                store.number_of(store.packs.get(*pack)?.index.oid_at_index(within))
            }
            Now::Gone(known) => known.get(&within).copied(),
        }
    }
}

/// Writes the list of a pack's objects that were counted: number within the pack, code, id.
pub fn write_list<'a>(objects: impl Iterator<Item = (u32, u64, &'a gix::oid)>) -> Vec<u8> {
    let mut to = Writer::default();
    let mut last = 0;
    for (number, code, id) in objects {
        to.number((number - last).into());
        to.number(code);
        to.raw(id.as_bytes());
        last = number;
    }
    to.bytes
}

fn read_list(bytes: &[u8], hash: gix::hash::Kind, count: u32) -> Result<Vec<Listed>, Damaged> {
    let mut from = Reader::new(bytes);
    let mut listed = Vec::new();
    let mut last = 0u32;
    while !from.is_at_end() {
        last = last.checked_add(from.small()?).filter(|number| *number < count).ok_or(Damaged)?;
        listed.push((last, from.number()?, from.id(hash)?));
    }
    Ok(listed)
}
