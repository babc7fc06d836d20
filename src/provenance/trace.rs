//! One pass over the commits, parents first: for each secret its first commit, its paths, the refs
//! that still have it and the commit that took it out.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use gix::ObjectId;
use rayon::prelude::*;

use super::commit;
use super::paths::{ByNumber, Pair, Paths, Secrets, last_part};
use super::sets::{Side, Unions, gone};
use super::tips::{Reach, Tips};
use super::{CommitInfo, Place, Refs, Trace};
use crate::finding::{Finding, Occurrence};
use crate::model::{ContentId, ContentKind};
use crate::source::history::forest::NONE;
use crate::source::history::graph::Graph;
use crate::source::history::store::{Reader, Store};
use crate::source::history::trees::Trees;
use crate::source::repository::{IndexEntry, Tip};

/// What is known of a repository's history.
pub struct History<'a> {
    /// The objects.
    pub store: &'a Store,
    /// All commits.
    pub graph: &'a Graph<'a>,
    /// The trees that lead to findings.
    pub trees: &'a Trees,
    /// References, sorted by name, `HEAD` among them, each with the number of its commit, if it is
    /// one.
    pub tips: &'a [(Tip, Option<u32>)],
    /// Commits that reflogs remember.
    pub reflog: &'a BTreeSet<ObjectId>,
    /// Commits at a shallow boundary.
    pub shallow: &'a BTreeSet<ObjectId>,
    /// The indexes of all working trees.
    pub index: &'a [IndexEntry],
    /// Names of files outside the object store that matter, with the paths that end in them.
    pub named: &'a BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>,
    /// Now: seconds since 1970-01-01 UTC.
    pub as_of: i64,
}

/// What was found out.
pub struct Traced {
    /// For each finding its places, the one to look at first in front, and its life.
    pub findings: Vec<(Vec<Place>, Trace)>,
    /// Whether paths were left out because the repository has too many.
    pub cut: bool,
}

/// Numbers of the secrets that each object has.
type SecretsOfObject = ByNumber<u32, Vec<u32>>;
/// Numbers of the secrets that each name has.
type SecretsOfName = HashMap<Vec<u8>, Vec<u32>>;

/// What the pass over the commits collects for one secret.
#[derive(Default, Clone)]
struct Life {
    introduced: Vec<u32>,
    removed: Vec<u32>,
    reach: Reach,
    tags: Vec<ObjectId>,
}

impl History<'_> {
    /// Traces each of `findings`.
    pub fn trace(&self, findings: &[Finding]) -> Traced {
        let numbers = self.numbers(findings);
        let (of_object, of_name) = subjects(findings, &numbers);
        let mut paths = Paths::new(self.trees, &of_object, &of_name);
        let mut lives = vec![Life::default(); findings.len()];
        let roots = self.pass(&mut paths, &mut lives);
        let tips = self.note_tips(&mut paths, &roots, &mut lives);
        self.note_index(&mut paths);
        self.note_messages(findings, &mut lives);
        let tips_of = tips.of_each(lives.iter().map(|life| &life.reach));
        let refs_of = tips.first_of_each(&paths.pairs);
        let seen = Seen::new(self);
        let groups = Groups::of(&paths.pairs);
        let pairs: Vec<(&Pair, Refs)> = paths.pairs.iter().zip(refs_of).collect();
        let traced = findings
            .par_iter()
            .zip(numbers)
            .zip(lives.par_iter().zip(tips_of))
            .map_init(
                || self.store.reader(),
                |reader, ((finding, numbers), (life, tips))| {
                    let places = self.places(finding, &numbers, &pairs, &groups);
                    (places, self.life(finding, life, tips, reader, &seen))
                },
            )
            .collect();
        Traced { findings: traced, cut: paths.cut }
    }

    /// For each occurrence of each finding the number of the blob that it is in, or [`NONE`].
    fn numbers(&self, findings: &[Finding]) -> Vec<Vec<u32>> {
        let of = |finding: &Finding| {
            // Those in one blob stand together.
            let mut last = None;
            let numbers = finding.occurrences.iter().map(|occurrence| match &occurrence.content {
                ContentId::Object { kind: ContentKind::Blob, id } => match last {
                    Some((known, number)) if known == id => number,
                    _ => {
                        let number = self.store.number_of(id).unwrap_or(NONE);
                        last = Some((id, number));
                        number
                    }
                },
                _ => NONE,
            });
            numbers.collect()
        };
        findings.par_iter().map(of).collect()
    }

    /// Goes over all commits; returns what their root trees lead to, as lists of [`Trees`].
    fn pass(&self, paths: &mut Paths<'_>, lives: &mut [Life]) -> Vec<u32> {
        let mut lists = vec![NONE; self.store.numbers()];
        for (tree, list) in self.trees.trees() {
            if let Some(slot) = lists.get_mut(*tree as usize) {
                *slot = *list;
            }
        }
        let mut roots: Vec<u32> = Vec::with_capacity(self.graph.len());
        // What each commit or any before it had.
        let mut ever: Vec<Secrets> = Vec::with_capacity(self.graph.len());
        let mut unions = Unions::default();
        for (number, commit) in (0u32..).zip(self.graph.commits()) {
            let root = lists.get(commit.tree as usize).copied().unwrap_or(NONE);
            let parents = self.graph.parents(number);
            roots.push(root);
            if let [parent] = parents
                && roots[*parent as usize] == root
            {
                ever.push(Secrets::clone(&ever[*parent as usize]));
                continue;
            }
            let before: Vec<u32> = parents.iter().map(|parent| roots[*parent as usize]).collect();
            let set = Secrets::clone(paths.secrets(root));
            let had = parents.iter().map(|parent| &ever[*parent as usize]);
            ever.push(had.fold(Secrets::clone(&set), |all, had| unions.of(all, had)));
            if !before.is_empty() && before.iter().all(|list| *list == root) {
                continue;
            }
            let sets: Vec<&Secrets> = before.iter().map(|list| paths.secrets(*list)).collect();
            let as_before = !sets.is_empty() && sets.iter().all(|had| Arc::ptr_eq(had, &set));
            if !as_before {
                self.note_changes(number, &set, &sets, &ever, lives);
            }
            if !set.is_empty() {
                paths.note_added(root, &before, number);
            }
        }
        roots
    }

    /// Notes which secrets the commit `number`, which has `set`, brought in and took out; its
    /// parents have `sets`.
    fn note_changes(
        &self,
        number: u32,
        set: &Secrets,
        sets: &[&Secrets],
        ever: &[Secrets],
        lives: &mut [Life],
    ) {
        let parents = self.graph.parents(number);
        let in_parent = |secret: &u32| sets.iter().any(|set| set.binary_search(secret).is_ok());
        for secret in set.iter().filter(|secret| !in_parent(secret)) {
            lives[*secret as usize].introduced.push(number);
        }
        // What a stash keeps of untracked files is a root commit beside the stash itself: that its
        // files are not in the stash's own tree does not mean that anybody took them out.
        let own = |parent: u32| parents.len() == 1 || !self.graph.parents(parent).is_empty();
        let from: Vec<Side<'_>> = parents
            .iter()
            .zip(sets)
            .filter(|(parent, _)| own(**parent))
            .map(|(parent, has)| Side { has, had: &ever[*parent as usize] })
            .collect();
        for secret in gone(set, &from) {
            lives[secret as usize].removed.push(number);
        }
    }

    /// What a tree leads to, as a list of [`Trees`]; [`NONE`] when it leads to nothing.
    fn list_of(&self, tree: &ObjectId) -> u32 {
        self.store.number_of(tree).and_then(|number| self.trees.list(number)).unwrap_or(NONE)
    }

    /// The number of a commit.
    fn commit(&self, id: &ObjectId) -> Option<u32> {
        self.graph.number(self.store.number_of(id)?)
    }

    /// The id of the commit with a number.
    fn id(&self, number: u32) -> Option<ObjectId> {
        self.store.id_of(self.graph.object(number)?)
    }

    fn note_tips(&self, paths: &mut Paths<'_>, roots: &[u32], lives: &mut [Life]) -> Tips {
        let names = self.tips.iter().map(|(tip, _)| Arc::clone(&tip.name)).collect();
        let mut tips = Tips { names, groups: Vec::new() };
        let mut groups: HashMap<u32, u32> = HashMap::new();
        let mut lists = Vec::new();
        let mut head = None;
        for (at, (tip, commit)) in (0u32..).zip(self.tips) {
            let root = match commit {
                Some(commit) => roots[*commit as usize],
                // A tag may stand for a tree.
                None => self.list_of(&tip.id),
            };
            let new = tips.groups.len();
            let group = *groups.entry(root).or_insert_with(|| u32::try_from(new).unwrap_or(NONE));
            if group as usize == new {
                tips.groups.push(Vec::new());
                lists.push(root);
            }
            tips.groups[group as usize].push(at);
            if *tip.name == *"HEAD" {
                head = Some(group);
            }
        }
        for (group, list) in (0u32..).zip(lists) {
            for secret in paths.secrets(list).iter() {
                lives[*secret as usize].reach.groups.push(group);
            }
            let count = tips.groups.get(group as usize).map_or(0, Vec::len);
            paths.note_tips(list, group, count, head == Some(group));
        }
        tips
    }

    /// Staged blobs and names of files that no commit has yet.
    fn note_index(&self, paths: &mut Paths<'_>) {
        for entry in self.index.iter().filter(|entry| !entry.is_link) {
            if let Some(number) = self.store.number_of(&entry.id)
                && paths.is_of_interest(number)
            {
                paths.note(&entry.path, number);
            }
        }
        for path in self.named.values().flatten() {
            paths.note(path, NONE);
        }
    }

    /// Secrets in commit messages are brought in by that commit and stay while a ref leads to it;
    /// those in tag messages by the tag.
    fn note_messages(&self, findings: &[Finding], lives: &mut [Life]) {
        let mut messages: Vec<(u32, usize)> = Vec::new();
        for (at, finding) in findings.iter().enumerate() {
            for occurrence in &finding.occurrences {
                match &occurrence.content {
                    ContentId::Object { kind: ContentKind::Commit, id } => {
                        messages.extend(self.commit(id).map(|number| (number, at)));
                    }
                    ContentId::Object { kind: ContentKind::Tag, id } => lives[at].tags.push(*id),
                    _ => {}
                }
            }
        }
        for chunk in messages.chunks(64) {
            let starts: Vec<u32> = chunk.iter().map(|(number, _)| *number).collect();
            let below = self.graph.descendants(&starts);
            for (bit, (number, at)) in chunk.iter().enumerate() {
                let has = |commit: &Option<u32>| {
                    commit.is_some_and(|commit| below[commit as usize] & (1 << bit) != 0)
                };
                let those = (0u32..).zip(self.tips).filter(|(_, (_, commit))| has(commit));
                lives[*at].reach.tips.extend(those.map(|(tip, _)| tip));
                lives[*at].introduced.push(*number);
            }
        }
        for life in lives {
            life.introduced.sort_unstable();
            life.introduced.dedup();
        }
    }

    fn life(
        &self,
        finding: &Finding,
        life: &Life,
        tips: Refs,
        reader: &Reader,
        seen: &Seen,
    ) -> Trace {
        let mut introduced = life.introduced.clone();
        // A commit that only this clone still has says less than one that everybody can see.
        introduced.sort_by_key(|n| (seen.reachable.get(*n as usize) != Some(&true), *n));
        let info = |number: &u32| self.id(*number).and_then(|id| commit::info(reader, id));
        let tagged = || life.tags.iter().min().and_then(|id| commit::info(reader, *id));
        let reintroduced = introduced.iter().skip(1).filter_map(|n| self.id(*n)).collect();
        let introduced: Option<CommitInfo> = introduced.first().and_then(info).or_else(tagged);
        let in_worktree = finding.occurrences.iter().any(|o| seen.is_live(o));
        let removed = if tips.has("HEAD") { None } else { seen.removal(life) };
        let removed = removed.as_ref().and_then(info);
        let until = match &removed {
            Some(removed) if tips.is_empty() => Some(removed.committer.seconds),
            _ if !tips.is_empty() => Some(self.as_of),
            _ => None,
        };
        let exposed_seconds = introduced
            .as_ref()
            .zip(until)
            .map(|(from, until)| until.saturating_sub(from.committer.seconds));
        let reached =
            life.introduced.iter().any(|n| seen.reachable.get(*n as usize) == Some(&true));
        Trace {
            at_boundary: introduced
                .as_ref()
                .is_some_and(|commit| self.shallow.contains(&commit.id)),
            introduced,
            reintroduced,
            unreachable: !reached && tips.is_empty() && !in_worktree && life.tags.is_empty(),
            tips,
            removed,
            exposed_seconds,
            in_worktree,
        }
    }

    fn places(
        &self,
        finding: &Finding,
        numbers: &[u32],
        pairs: &[(&Pair, Refs)],
        groups: &Groups<'_>,
    ) -> Vec<Place> {
        let mut places: Vec<(bool, bool, u32, Place)> = Vec::new();
        for (occurrence, number) in finding.occurrences.iter().zip(numbers) {
            let found = match &occurrence.content {
                ContentId::Name(name) => groups.by_name.get(name.as_slice()),
                _ => groups.by_object.get(number),
            };
            let matching = found.into_iter().flatten().filter_map(|pair| pairs.get(*pair as usize));
            let before = places.len();
            for (pair, refs) in matching {
                let order = pair.first.unwrap_or(u32::MAX);
                let place = self.place(occurrence, Some((pair, refs)));
                places.push((!pair.at_head, pair.tips == 0, order, place));
            }
            if places.len() == before {
                let file = matches!(occurrence.content, ContentId::File(_));
                places.push((!file, !file, u32::MAX, self.place(occurrence, None)));
            }
        }
        merge_worktree(&mut places);
        places.sort_by(|a, b| {
            (a.0, a.1, a.3.layers.len(), a.2, &a.3.path, &a.3.position, &a.3.layers, &a.3.object)
                .cmp(&(
                    b.0,
                    b.1,
                    b.3.layers.len(),
                    b.2,
                    &b.3.path,
                    &b.3.position,
                    &b.3.layers,
                    &b.3.object,
                ))
        });
        places.into_iter().map(|(.., place)| place).collect()
    }

    fn place(&self, occurrence: &Occurrence, pair: Option<(&Pair, &Refs)>) -> Place {
        let (object, own_path) = match &occurrence.content {
            ContentId::Object { id, .. } => (Some(*id), None),
            ContentId::File(path) => (None, Some(path.clone())),
            ContentId::Name(_) | ContentId::Stdin => (None, None),
        };
        let commit = match &occurrence.content {
            ContentId::Object { kind: ContentKind::Commit, id } => Some(*id),
            _ => pair.and_then(|(pair, _)| pair.first).and_then(|number| self.id(number)),
        };
        Place {
            kind: occurrence.content.kind(),
            path: pair.map(|(pair, _)| pair.path.clone()).or(own_path),
            position: occurrence.position,
            layers: occurrence.layers.clone(),
            object,
            commit,
            refs: pair.map_or_else(Refs::default, |(_, refs)| refs.clone()),
            more_refs: pair.map_or(0, |(pair, refs)| pair.tips.saturating_sub(refs.len())),
            excerpt: occurrence.excerpt.clone(),
            allow: occurrence.allow.clone(),
        }
    }
}

/// Which secrets each blob and each name has.
fn subjects(findings: &[Finding], numbers: &[Vec<u32>]) -> (SecretsOfObject, SecretsOfName) {
    let mut of_object = SecretsOfObject::default();
    let mut of_name = SecretsOfName::new();
    for (secret, (finding, numbers)) in (0u32..).zip(findings.iter().zip(numbers)) {
        for (occurrence, number) in finding.occurrences.iter().zip(numbers) {
            let secrets = match &occurrence.content {
                ContentId::Name(name) => of_name.entry(name.clone()).or_default(),
                _ if *number != NONE => of_object.entry(*number).or_default(),
                _ => continue,
            };
            if secrets.last() != Some(&secret) {
                secrets.push(secret);
            }
        }
    }
    (of_object, of_name)
}

/// What is asked for each finding and the same for all.
struct Seen {
    /// Commits that a reference or reflog leads to.
    reachable: Vec<bool>,
    /// Commits that HEAD leads to; none without a HEAD.
    by_head: Option<Vec<bool>>,
    /// Blobs in the index.
    staged: HashSet<ObjectId>,
}

impl Seen {
    fn new(history: &History<'_>) -> Seen {
        let graph = history.graph;
        let reflog = history.reflog.iter().filter_map(|id| history.commit(id));
        let known = history.tips.iter().filter_map(|(_, commit)| *commit).chain(reflog);
        let head = history
            .tips
            .iter()
            .find(|(tip, _)| *tip.name == *"HEAD")
            .and_then(|(_, commit)| *commit);
        Seen {
            reachable: graph.reachable(known),
            by_head: head.map(|head| graph.reachable([head])),
            staged: history.index.iter().map(|entry| entry.id).collect(),
        }
    }

    /// The last removal that HEAD has seen, or without one the last of all.
    fn removal(&self, life: &Life) -> Option<u32> {
        let by_head = |number: &&u32| {
            self.by_head.as_ref().is_some_and(|seen| seen.get(**number as usize) == Some(&true))
        };
        life.removed.iter().rev().find(by_head).or_else(|| life.removed.last()).copied()
    }

    /// Whether an occurrence is in the working tree or the index.
    fn is_live(&self, occurrence: &Occurrence) -> bool {
        match &occurrence.content {
            ContentId::File(_) => true,
            ContentId::Object { kind: ContentKind::Blob, id } => self.staged.contains(id),
            _ => false,
        }
    }
}

/// Pairs (their numbers) by what they are pairs of.
struct Groups<'a> {
    by_object: ByNumber<u32, Vec<u32>>,
    /// By the path's end.
    by_name: HashMap<&'a [u8], Vec<u32>>,
}

impl<'a> Groups<'a> {
    fn of(pairs: &'a [Pair]) -> Groups<'a> {
        let mut groups = Groups { by_object: ByNumber::default(), by_name: HashMap::new() };
        for (at, pair) in (0u32..).zip(pairs) {
            if pair.number == NONE {
                groups.by_name.entry(last_part(&pair.path)).or_default().push(at);
            } else {
                groups.by_object.entry(pair.number).or_default().push(at);
            }
        }
        groups
    }
}

/// A file of the working tree that is as HEAD has it is one place, not two.
fn merge_worktree(places: &mut Vec<(bool, bool, u32, Place)>) {
    type Key = (Option<Vec<u8>>, crate::model::Position, crate::model::LayerPath);
    if places.iter().all(|(.., place)| place.kind != ContentKind::File) {
        return;
    }
    let at_head: BTreeSet<Key> = places
        .iter()
        .filter(|(not_head, ..)| !not_head)
        .filter(|(.., place)| place.kind == ContentKind::Blob)
        .map(|(.., place)| (place.path.clone(), place.position, place.layers.clone()))
        .collect();
    places.retain(|(.., place)| {
        place.kind != ContentKind::File
            || !at_head.contains(&(place.path.clone(), place.position, place.layers.clone()))
    });
}
