//! Writes the state for the next scan.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::codec::Writer;
use super::file::{self, List, Place, shown};
use super::matches::{Copy, Gathering};
use super::memory::{self, Head, Memory, PackName, Section};
use super::needles::Needles;
use super::places::{Places, write_list};
use super::recording::{KINDS, Recorded, Tally};
use super::rules::Known;
use super::{Keeper, commits, trees};
use crate::model::{ContentId, ContentKind, IncompleteKind};
use crate::pipeline::collect::{Hit, Searched};
use crate::pipeline::names::Noted;
use crate::source::history::store::Store;

/// The state that a scan began with.
pub struct Prior {
    /// What it says.
    pub memory: Memory,
    /// Where its objects are.
    pub places: Places,
    /// Where each secret was read, by its keyed hash; numbers are those of now.
    pub copies: BTreeMap<[u8; 16], Copy>,
    /// Whether its trees were taken over.
    pub has_trees: bool,
    /// Whether all rules are as they were.
    pub same_rules: bool,
}

/// The state for the next scan, while it is being made.
pub struct Draft {
    /// See [`memory::Conditions::digest`].
    pub conditions: [u8; 32],
    /// The rules that everything was searched with.
    pub rules: Vec<Known>,
    /// The state before.
    pub prior: Option<Prior>,
    /// Whether something went wrong that a state has no words for.
    pub trouble: bool,
    /// Objects that trees name and the store does not have.
    pub missing: BTreeSet<ObjectId>,
    /// Trees that do not.
    pub new_trees: Vec<u32>,
    /// How many of the trees' lists are from then.
    pub old_lists: usize,
    /// Things worth knowing, escaped.
    pub notes: Vec<String>,
}

impl Draft {
    /// Nothing yet.
    pub fn new(conditions: [u8; 32], rules: Vec<Known>) -> Draft {
        Draft {
            conditions,
            rules,
            prior: None,
            trouble: false,
            missing: BTreeSet::new(),
            new_trees: Vec::new(),
            old_lists: 0,
            notes: Vec::new(),
        }
    }

    /// Writes the state; gives what is worth knowing, escaped.
    pub fn save(
        mut self,
        keeper: &Keeper,
        searched: &Searched,
        hits: &[(ContentId, Vec<Hit>)],
        recorded: Recorded,
        noted: Noted,
    ) -> Vec<String> {
        let mut told = std::mem::take(&mut self.notes);
        if self.trouble || recorded.trouble {
            told.push(
                "the state was not written, because parts of the object store could not be read"
                    .to_owned(),
            );
            return told;
        }
        let unchanged = self.prior.as_ref().is_some_and(|prior| {
            prior.has_trees && prior.same_rules && prior.memory.head.is_of(&searched.store)
        });
        if unchanged {
            return told;
        }
        let saving = Saving { draft: self, keeper, searched, recorded };
        if let Err(reason) = saving.write(hits, noted) {
            let path = shown(&keeper.path);
            told.push(format!("the state could not be written to {path}: {reason}"));
        }
        told
    }
}

struct Saving<'a> {
    draft: Draft,
    keeper: &'a Keeper,
    searched: &'a Searched,
    recorded: Recorded,
}

impl Saving<'_> {
    fn store(&self) -> &Store {
        &self.searched.store
    }

    fn write(&self, hits: &[(ContentId, Vec<Hit>)], noted: Noted) -> Result<(), String> {
        let store = self.store();
        let needles = Needles::of(hits, &self.keeper.key);
        let codes = self.codes();
        let lists: Vec<List> = (0..store.packs.len()).map(|at| self.list(at, &codes)).collect();
        let sections = [
            self.matches(hits, &needles),
            self.gaps(&needles),
            self.commits().ok_or("a commit names something unknown")?,
            self.trees(hits, &needles).ok_or("a name could not be found again")?,
        ];
        let head = self.head(&codes, &lists, noted, needles.name);
        let main = memory::write(&head, &sections);
        let before = self.draft.prior.as_ref().map(|prior| &prior.memory.file);
        file::write(&self.keeper.path, &self.keeper.key, &main, &lists, before)
            .map_err(|error| error.to_string())
    }

    /// The codes of all objects, or of those that stand in no pack of then.
    fn codes(&self) -> Vec<(u32, u64)> {
        let mut codes = self.recorded.tallies.clone();
        let store = self.store();
        let streamed = self.recorded.streamed.iter();
        codes.extend(
            streamed
                .filter_map(|(id, size)| Some((store.number_of(id)?, Tally::Blob(*size).code()))),
        );
        codes.extend(self.draft.prior.iter().flat_map(|prior| &prior.places.codes));
        codes.sort_unstable();
        codes.dedup_by_key(|(number, _)| *number);
        codes
    }

    fn list(&self, at: usize, codes: &[(u32, u64)]) -> List {
        if let Some(prior) = &self.draft.prior
            && prior.places.intact
            && let Some(then) = prior.places.packs.get(at).copied().flatten()
            && let Some((_, place)) = prior.memory.head.packs.get(then)
        {
            return List::Old(*place);
        }
        let Some(pack) = self.store().packs.get(at) else { return List::New(Vec::new()) };
        let from = codes.partition_point(|(number, _)| *number < pack.first);
        let end = pack.first.saturating_add(pack.index.num_objects());
        let own = codes.get(from..).unwrap_or_default().iter();
        let own = own.take_while(|(number, _)| *number < end).map(|(number, code)| {
            let within = number - pack.first;
            (within, *code, pack.index.oid_at_index(within))
        });
        List::New(write_list(own))
    }

    fn head(&self, codes: &[(u32, u64)], lists: &[List], noted: Noted, needles: u64) -> Head {
        let store = self.store();
        let mut start = 0;
        let packs = store.packs.iter().zip(lists).map(|(pack, list)| {
            let (len, mac) = list.measure(&self.keeper.key);
            let place = Place { start, len, mac };
            start += len;
            (PackName::of(pack), place)
        });
        let packs = packs.collect();
        let first_loose = store.first_loose();
        let code_of = |number: u32| {
            let at = codes.binary_search_by_key(&number, |(number, _)| *number);
            at.ok().and_then(|at| codes.get(at)).map_or(0, |(_, code)| *code)
        };
        let loose = (first_loose..).zip(&store.loose);
        let loose = loose.map(|(number, (id, _))| (*id, code_of(number))).collect();
        let prior = self.draft.prior.as_ref();
        let mut totals = prior.map(|prior| prior.places.totals).unwrap_or_default();
        self.recorded.tallies.iter().for_each(|(_, code)| totals.add(*code));
        self.recorded.streamed.iter().for_each(|(_, size)| totals.add(Tally::Blob(*size).code()));
        let sorted = |mut hashes: Vec<u64>| {
            hashes.sort_unstable();
            hashes.dedup();
            hashes
        };
        let mut names = noted.trees;
        let with_trees = prior.filter(|prior| prior.has_trees);
        names.extend(with_trees.iter().flat_map(|prior| &prior.memory.head.names));
        let mut streamed: Vec<u32> = self.numbers(self.recorded.streamed.iter().map(|one| &one.0));
        if let Some(prior) = prior {
            let then = prior.memory.head.streamed.iter();
            streamed.extend(then.filter_map(|number| prior.places.now(*number, store)));
        }
        Head {
            conditions: self.draft.conditions,
            rules: self.draft.rules.clone(),
            packs,
            loose,
            missing: self.draft.missing.iter().copied().collect(),
            totals,
            names: sorted(names),
            refs: sorted(noted.refs),
            again: self.numbers(self.recorded.again.iter()),
            streamed,
            needles,
        }
    }

    fn numbers<'b>(&self, ids: impl Iterator<Item = &'b ObjectId>) -> Vec<u32> {
        ids.filter_map(|id| self.store().number_of(id)).collect()
    }

    /// Whether an object is searched each time anyway.
    fn is_passing(&self, id: &ObjectId) -> bool {
        self.recorded.again.binary_search(id).is_ok()
    }

    fn matches(&self, hits: &[(ContentId, Vec<Hit>)], needles: &Needles) -> Writer {
        let copies = self.draft.prior.as_ref().map(|prior| prior.copies.clone());
        let copies = copies.unwrap_or_default();
        let mut gathering = Gathering::new(&self.keeper.key, needles, copies);
        let unspoken: BTreeSet<&ContentId> = self.unspoken(needles).collect();
        let without = unspoken.iter().map(|content| (*content, &[][..]));
        let with = hits.iter().filter(|(content, _)| !unspoken.contains(content));
        let all = with.map(|(content, hits)| (content, hits.as_slice())).chain(without);
        let numbered: Vec<(ContentKind, u32, &[Hit])> = all
            .filter_map(|(content, hits)| {
                let (kind, id) = object(content).filter(|(_, id)| !self.is_passing(id))?;
                Some((kind, self.store().number_of(&id)?, hits))
            })
            .collect();
        for (kind, number, hits) in &numbered {
            gathering.meet(*kind, *number, hits);
        }
        for (kind, number, hits) in &numbered {
            gathering.add(*kind, *number, hits);
        }
        gathering.finish()
    }

    /// Contents of which may not be said what was not read in them: they are searched each time.
    fn unspoken<'b>(&'b self, needles: &'b Needles) -> impl Iterator<Item = &'b ContentId> {
        let gaps = self.recorded.gaps.iter();
        gaps.filter(|(.., what)| needles.are_in(what.as_bytes())).map(|(content, ..)| content)
    }

    fn gaps(&self, needles: &Needles) -> Writer {
        let spoken = |what: &String| !needles.are_in(what.as_bytes());
        let gaps = self.recorded.gaps.iter().filter(|(.., what)| spoken(what));
        let gaps = gaps.filter_map(|(content, gap, what)| {
            let (kind, id) = object(content).filter(|(_, id)| !self.is_passing(id))?;
            let kind = KINDS.iter().position(|known| *known == kind)?;
            let gap = IncompleteKind::ALL.iter().position(|known| known == gap)?;
            Some((kind, self.store().number_of(&id)?, gap, what))
        });
        let gaps: Vec<_> = gaps.collect();
        let mut to = Writer::default();
        to.count(gaps.len());
        for (kind, number, gap, what) in gaps {
            to.count(kind);
            to.number(number.into());
            to.count(gap);
            to.text(what.as_bytes());
        }
        to
    }

    /// The state before, when what it says of objects in packs still holds.
    fn still_right(&self) -> Option<&Prior> {
        let prior = self.draft.prior.as_ref()?;
        (prior.places.intact && prior.memory.head.is_prefix_of(self.store())).then_some(prior)
    }

    fn commits(&self) -> Option<Writer> {
        let commits = &self.searched.commits;
        let Some(prior) = self.still_right() else {
            return commits::write(commits, self.store(), |_| true);
        };
        let mut to = Writer::default();
        to.raw(prior.memory.section(Section::Commits));
        let new = |commit: u32| !prior.places.done.contains(commit);
        to.raw(&commits::write(commits, self.store(), new)?.bytes);
        Some(to)
    }

    fn trees(&self, hits: &[(ContentId, Vec<Hit>)], needles: &Needles) -> Option<Writer> {
        let found: BTreeSet<&[u8]> = hits
            .iter()
            .filter_map(|(content, _)| match content {
                ContentId::Name(name) => Some(name.as_slice()),
                _ => None,
            })
            .collect();
        let trees = &self.searched.trees;
        let prior = self
            .still_right()
            .filter(|prior| prior.has_trees && prior.memory.head.needles == needles.name);
        let Some(prior) = prior else {
            return trees::write(trees, trees.trees(), 0, self.store(), &found, needles);
        };
        let mut to = Writer::default();
        to.raw(prior.memory.section(Section::Trees));
        let mut new: Vec<(u32, u32)> = Vec::new();
        for number in &self.draft.new_trees {
            new.extend(trees.list(*number).map(|list| (*number, list)));
        }
        new.sort_unstable();
        let old = self.draft.old_lists;
        to.raw(&trees::write(trees, &new, old, self.store(), &found, needles)?.bytes);
        Some(to)
    }
}

/// Kind and id of the object that a content is.
fn object(content: &ContentId) -> Option<(ContentKind, ObjectId)> {
    match content {
        ContentId::Object { kind, id } => Some((*kind, *id)),
        ContentId::Name(_) | ContentId::File(_) | ContentId::Stdin => None,
    }
}
