//! A scan of the whole history that goes on from where the last one ended.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use gix::objs::Kind;
use gix::oid;
use rayon::prelude::*;

use super::codec::{Damaged, Reader};
use super::file::shown;
use super::fresh::{Added, Fresh};
use super::matches::{Copy, Matches, Named, content_id, mac};
use super::memory::{Memory, Section};
use super::places::Places;
use super::recording::KINDS;
use super::rules::{self, Change, Known};
use super::save::{Draft, Prior};
use super::{Keeper, commits, trees as kept_trees};
use crate::model::parallel::{BitSet, PerThread};
use crate::model::{ContentId, ContentKind, IncompleteKind, IncompleteLog, Secret};
use crate::pipeline::collect::{Hit, Search, Searched};
use crate::pipeline::names::{Origin, Remembered};
use crate::source::history::commits::{Commit, Commits};
use crate::source::history::store::{self, Store};
use crate::source::history::trees::{self, Trees};
use crate::source::history::walk::{Base, Object, Visitor, Walk, walk};
use crate::source::repository::Repository;

/// Searches the object store of `repo`, as far as the state does not tell of it.
pub fn history(
    search: &Search<'_>,
    keeper: &Keeper,
    repo: &Repository,
    store: Store,
) -> (Searched, Draft) {
    let conditions = search.conditions().digest(store.hash());
    let rules = rules::of(search.engine().ruleset());
    let mut draft = Draft::new(conditions, rules);
    let mut opened = Ok(None);
    let tips = rayon::in_place_scope(|scope| {
        scope.spawn(|_| {
            opened = Memory::open(keeper, conditions, store.hash()).and_then(|memory| {
                let resumed = |memory| Resumed::of(search, keeper, memory, &draft.rules, &store);
                memory.map(resumed).transpose()
            });
        });
        repo.references(search.log())
    });
    let resumed = opened.unwrap_or_else(|why| {
        let path = shown(&keeper.path);
        draft.notes.push(format!("the state file {path} was not used: {why}; everything was read"));
        None
    });
    let found = BitSet::new(store.numbers());
    let (commits, old_trees) = if let Some(resumed) = resumed {
        resumed.go_on(search, &store, &found, &mut draft)
    } else {
        walk_new(search, &store, None, &mut draft);
        (Commits::default(), None)
    };
    search.found_blobs(&store, &found);
    search.tip_names(&tips);
    let trees = match old_trees {
        Some(trees) => add_trees(search, &store, trees, &found, &mut draft),
        None => all_trees(search, &store, &found, &mut draft),
    };
    (Searched { store, commits, trees, tips }, draft)
}

/// Searches what is not `done`.
fn walk_new(search: &Search<'_>, store: &Store, done: Option<&BitSet>, draft: &mut Draft) {
    let log = IncompleteLog::default();
    walk(Walk { done, ..Walk::new(store, &log, search.max_size()) }, search);
    let gaps = log.entries();
    draft.trouble |= !gaps.is_empty();
    search.log().merge(&gaps);
}

fn all_trees(search: &Search<'_>, store: &Store, found: &BitSet, draft: &mut Draft) -> Trees {
    let log = IncompleteLog::default();
    let name_check = |name: &[u8]| search.name(name, Origin::Tree);
    let trees = trees::find(store, &log, search.max_size(), found, &name_check);
    let gaps = log.entries();
    // What is missing is asked for the next time; anything else the state has no words for.
    draft.trouble |= gaps.iter().any(|gap| gap.kind != IncompleteKind::MissingObject);
    search.log().merge(&gaps);
    draft.missing = trees.missing.iter().copied().collect();
    draft.new_trees = trees.trees().iter().map(|(tree, _)| *tree).collect();
    trees
}

fn add_trees(
    search: &Search<'_>,
    store: &Store,
    old: OldTrees,
    found: &BitSet,
    draft: &mut Draft,
) -> Trees {
    let log = IncompleteLog::default();
    let name_check = |name: &[u8]| search.name(name, Origin::Tree);
    for name in &old.hidden {
        search.name(name, Origin::Tree);
    }
    let mut trees = old.trees;
    draft.old_lists = trees.len();
    let done = draft.prior.as_ref().map(|prior| &prior.places.done);
    let Added { numbers, missing } = match done {
        Some(done) => {
            let max_size = search.max_size();
            let fresh = Fresh {
                store,
                done,
                log: &log,
                max_size,
                interesting: found,
                name_check: &name_check,
            };
            fresh.extend(&mut trees)
        }
        None => Added::default(),
    };
    let gaps = log.entries();
    draft.trouble |= !gaps.is_empty();
    search.log().merge(&gaps);
    draft.missing.extend(missing);
    for id in &draft.missing {
        search.log().add(IncompleteKind::MissingObject, format!("object {id}"));
    }
    draft.new_trees = numbers;
    trees
}

/// Trees of then.
struct OldTrees {
    trees: Trees,
    hidden: Vec<Vec<u8>>,
}

/// A gap of then: kind and number of the object, and what was not read in it.
type OldGap = (ContentKind, u32, IncompleteKind, String);

/// A state, found to be of use.
struct Resumed {
    memory: Memory,
    places: Places,
    change: Change,
    matches: Matches,
    secrets: BTreeMap<u32, Secret>,
    gaps: Vec<OldGap>,
    /// None when they must be read again.
    commits: Option<Commits>,
    trees: Option<OldTrees>,
}

impl Resumed {
    fn of(
        search: &Search<'_>,
        keeper: &Keeper,
        memory: Memory,
        rules: &[Known],
        store: &Store,
    ) -> Result<Resumed, String> {
        let places = Places::of(&memory, store, &keeper.key)?;
        let change = Change::of(&memory.head.rules, rules);
        let section = |section| Reader::new(memory.section(section));
        let has_trees = places.intact && change.is_none();
        let commits = || {
            let read = || commits::read(section(Section::Commits), store, &places);
            places.intact.then(read).transpose()
        };
        let trees = || {
            let read = || kept_trees::read(section(Section::Trees), store, &places);
            has_trees.then(read).transpose()
        };
        let found = || {
            let matches = Matches::read(section(Section::Matches))?;
            let secrets = read_secrets(search, keeper, store, &places, &matches.secrets);
            Ok((matches, secrets, read_gaps(section(Section::Gaps))?))
        };
        let (commits, (trees, found)) = rayon::join(commits, || rayon::join(trees, found));
        let damaged = |Damaged| "it is damaged".to_owned();
        let (matches, secrets, gaps) = found.map_err(damaged)?;
        let (commits, trees) = (commits.map_err(damaged)?, trees.map_err(damaged)?);
        let trees = trees.map(|read| OldTrees { trees: read.trees, hidden: read.hidden });
        Ok(Resumed { memory, places, change, matches, secrets, gaps, commits, trees })
    }

    /// Takes over what is known and searches the rest; gives commits and trees of then.
    fn go_on(
        self,
        search: &Search<'_>,
        store: &Store,
        found: &BitSet,
        draft: &mut Draft,
    ) -> (Commits, Option<OldTrees>) {
        let Resumed { memory, places, change, matches, secrets, gaps, commits, trees } = self;
        let mut again = Again::new(&memory, &places, store);
        if let Some(engine) = change.engine(search.engine().ruleset(), search.engine().limits()) {
            again.by_rules(search, &engine, store, &places);
        }
        let changed = !change.is_none();
        for (kind, number, ..) in gaps.iter().filter(|_| changed) {
            again.then(*kind, *number, &places, store);
        }
        let mut known = Vec::new();
        for content in &matches.contents {
            let Some(now) = places.now(content.number, store) else { continue };
            let hits = matches.hits(content, &secrets, &change.now);
            match hits.filter(|hits| !hits.is_empty() && !again.has(content.kind, now)) {
                Some(hits) => known.push((content.kind, now, hits)),
                None => again.now(content.kind, now),
            }
        }
        search.restore(known.into_iter().filter_map(|(kind, now, hits): (_, _, Vec<Hit>)| {
            Some((content_id(kind, store.id_of(now)?), hits))
        }));
        for (kind, number, gap, what) in gaps {
            let now = places.now(number, store).filter(|now| !again.has(kind, *now));
            if let Some(id) = now.and_then(|now| store.id_of(now)) {
                search.gap(&content_id(kind, id), gap, what);
            }
        }
        search.count_known(places.totals);
        walk_new(search, store, Some(&places.done), draft);
        again.search(search, store, draft);
        again.lfs.iter().for_each(|number| {
            found.insert(*number);
        });
        let commits = commits.unwrap_or_else(|| all_commits(store, search.max_size()));
        let names = if trees.is_some() { memory.head.names.clone() } else { Vec::new() };
        let refs = if changed { Vec::new() } else { memory.head.refs.clone() };
        search.remember_names(Remembered { trees: names, refs });
        if trees.is_some() {
            draft.missing = memory.head.missing.iter().copied().collect();
        }
        let copies = matches.secrets.iter().zip(0u32..).filter(|(_, at)| secrets.contains_key(at));
        let copies = copies.filter_map(|(named, _)| {
            let number = places.now(named.copy.number, store)?;
            Some((named.mac, Copy { number, ..named.copy }))
        });
        draft.prior = Some(Prior {
            copies: copies.collect(),
            has_trees: trees.is_some(),
            same_rules: !changed,
            memory,
            places,
        });
        (commits, trees)
    }
}

/// Objects that are to be searched again although they are known.
struct Again {
    objects: BTreeSet<(ContentKind, u32)>,
    streamed: BTreeSet<u32>,
    /// Blobs that stand for something outside the store.
    lfs: Vec<u32>,
}

impl Again {
    fn new(memory: &Memory, places: &Places, store: &Store) -> Again {
        let now = |numbers: &[u32]| {
            numbers.iter().filter_map(|number| places.now(*number, store)).collect::<Vec<u32>>()
        };
        let lfs = now(&memory.head.again);
        Again {
            objects: lfs.iter().map(|number| (ContentKind::Blob, *number)).collect(),
            streamed: now(&memory.head.streamed).into_iter().collect(),
            lfs,
        }
    }

    fn has(&self, kind: ContentKind, now: u32) -> bool {
        self.objects.contains(&(kind, now))
    }

    fn now(&mut self, kind: ContentKind, now: u32) {
        self.objects.insert((kind, now));
    }

    fn then(&mut self, kind: ContentKind, number: u32, places: &Places, store: &Store) {
        if let Some(now) = places.now(number, store) {
            self.now(kind, now);
        }
    }

    /// Adds the known objects that new rules find something in. What such a match hides, and what
    /// hides it, is found when the whole object is searched with all rules.
    fn by_rules(
        &mut self,
        search: &Search<'_>,
        engine: &crate::engine::Engine,
        store: &Store,
        places: &Places,
    ) {
        let unknown = BitSet::new(store.numbers());
        let numbers = u32::try_from(store.numbers()).unwrap_or(u32::MAX);
        for number in (0..numbers).filter(|number| !places.done.contains(*number)) {
            unknown.insert(number);
        }
        let silent = IncompleteLog::default();
        let probe = search.probe(engine, &silent);
        let context = Walk { done: Some(&unknown), ..Walk::new(store, &silent, search.max_size()) };
        walk(context, &probe);
        for content in probe.into_touched() {
            if let ContentId::Object { kind, id } = content
                && let Some(number) = store.number_of(&id)
            {
                self.now(kind, number);
            }
        }
    }

    fn search(&self, search: &Search<'_>, store: &Store, draft: &mut Draft) {
        let objects: Vec<(ContentKind, u32)> = self.objects.iter().copied().collect();
        let failed: Vec<String> = objects
            .par_iter()
            .map_init(
                || (store.reader(), Vec::new()),
                |(reader, buffer), (kind, number)| {
                    let id = store.id_of(*number)?;
                    match reader.read(&id, buffer) {
                        Ok(_) => {
                            let streamed = self.streamed.contains(number);
                            search.again(*kind, id, buffer, streamed);
                            None
                        }
                        Err(reason) => Some(format!("object {id}: {reason}")),
                    }
                },
            )
            .flatten()
            .collect();
        draft.trouble |= !failed.is_empty();
        for what in failed {
            search.log().add(IncompleteKind::MissingObject, what);
        }
    }
}

/// Reads one copy of each of the secrets. Those that cannot be found where they were are left out.
fn read_secrets(
    search: &Search<'_>,
    keeper: &Keeper,
    store: &Store,
    places: &Places,
    secrets: &[Named],
) -> BTreeMap<u32, Secret> {
    let read = |reader: &store::Reader, buffer: &mut Vec<u8>, at: usize, named: &Named| {
        let id = places.now(named.copy.number, store).and_then(|now| store.id_of(now))?;
        reader.read(&id, buffer).ok()?;
        let is_it = |secret: &Secret| mac(&keeper.key, secret) == named.mac;
        let plain = named.copy.plain.and_then(|(start, end)| buffer.get(start..end));
        let plain = plain.map(|bytes| Secret::with_public_prefix(bytes, named.public_prefix));
        let secret = plain.filter(is_it).or_else(|| {
            let found = search.look_into(named.copy.kind, buffer);
            let secrets = found.into_iter().map(|found| found.secret);
            secrets.into_iter().find(|secret| {
                let prefix = secret.preview().len().saturating_sub("***".len());
                prefix == named.public_prefix && is_it(secret)
            })
        })?;
        Some((u32::try_from(at).ok()?, secret))
    };
    secrets
        .par_iter()
        .enumerate()
        .map_init(
            || (store.reader(), Vec::new()),
            |(reader, buffer), (at, named)| read(reader, buffer, at, named),
        )
        .flatten()
        .collect()
}

/// Reads what [`super::save`] writes of gaps.
fn read_gaps(mut from: Reader<'_>) -> Result<Vec<OldGap>, Damaged> {
    let mut gaps = Vec::new();
    for _ in 0..from.count()? {
        let kind = usize::try_from(from.number()?).map_err(|_| Damaged)?;
        let kind = KINDS.get(kind).copied().ok_or(Damaged)?;
        let number = from.small()?;
        let gap = usize::try_from(from.number()?).map_err(|_| Damaged)?;
        let gap = IncompleteKind::ALL.get(gap).copied().ok_or(Damaged)?;
        gaps.push((kind, number, gap, from.string()?));
    }
    if from.is_at_end() { Ok(gaps) } else { Err(Damaged) }
}

/// All commits, only parsed. What cannot be read was recorded when it was searched.
fn all_commits(store: &Store, max_size: u64) -> Commits {
    struct Parsing(PerThread<Commits>);
    impl Visitor for Parsing {
        type Known = ();
        fn wants(&self, kind: Kind) -> bool {
            kind == Kind::Commit
        }
        fn visit(&self, object: Object<'_>, _base: Option<Base<'_, ()>>) {
            if object.counts
                && let Ok(commit) = Commit::parse(object.id.to_owned(), object.data)
            {
                self.0.get().add(object.number, &commit, object.store);
            }
        }
        fn visit_stream(&self, _id: &oid, _size: u64, _content: &mut dyn io::Read) {}
    }
    let parsing = Parsing(PerThread::new(Commits::default));
    walk(Walk::new(store, &IncompleteLog::default(), max_size), &parsing);
    Commits::join(parsing.0.into_inner(), store)
}
