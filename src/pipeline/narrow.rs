//! A few commits, or the index: what they brought in, and nothing that was there before.
//!
//! A secret counts when a changed file has it and neither the file before the change nor any file
//! that the same change took away had it: moving a secret is not bringing it in.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;

use super::assemble::{self, Context, Seen};
use super::collect::{Hit, Search};
use super::names::Origin;
use crate::finding::Finding;
use crate::finding::key_file::ObtainedKey;
use crate::model::{ContentId, ContentKind, IncompleteKind, IncompleteLog, Secret};
use crate::provenance::{self, Place, Trace};
use crate::source::changes::{self, Change};
use crate::source::history::store::Reader;
use crate::source::repository::{Repository, Tip};
use crate::source::selection::Selection;
use crate::source::staged;

/// Most places of one secret in one content: nobody reads more paths of the same thing.
const MAX_PLACES: u32 = 1_000;

/// Most heads of a push that are looked at for whether a secret still stands there.
const MAX_HEADS: usize = 100;

/// What a narrow scan found out besides matches.
pub struct Narrow {
    /// What was changed, commits parents first.
    pub changes: Vec<Change>,
    /// The secrets of every blob that was there before a change.
    pub before: BTreeMap<ObjectId, BTreeSet<Secret>>,
    /// What the selection leads to.
    pub heads: Vec<Tip>,
    /// Annotated tags that lead there.
    pub tags: Vec<ObjectId>,
    /// Names of references that are new or moved.
    names: Vec<Arc<str>>,
    /// Whether it is about the index.
    staged: bool,
    /// Commits at a shallow boundary.
    pub shallow: BTreeSet<ObjectId>,
}

/// Searches what `selection` (without one: the index) changed.
pub fn run(
    search: &Search<'_>,
    repo: &Repository,
    selection: Option<&Selection>,
    log: &IncompleteLog,
) -> Narrow {
    let shallow = repo.shallow();
    let changes = if let Some(selection) = selection {
        let cut = selection.commits.iter().filter(|commit| shallow.contains(&commit.id));
        for commit in cut {
            log.add(IncompleteKind::Shallow, format!("history before commit {}", commit.id));
        }
        let mut changes = changes::of_commits(&repo.git, &selection.commits, &shallow, log);
        let reader = Reader::of(&repo.git);
        let contents = selection.contents.iter();
        changes.extend(contents.map(|tip| changes::of_content(&reader, tip, log)));
        changes
    } else {
        let reader = Reader::of(&repo.git);
        let (index, trees) = repo.index_with_trees(log);
        vec![staged::staged(repo, &reader, (&index, trees.as_ref()), log)]
    };
    let added: BTreeSet<ObjectId> =
        changes.iter().flat_map(|change| &change.added).map(|added| added.blob).collect();
    let found = search_blobs(search, repo, &added, log);
    let tags = selection.map(|selection| selection.tags.clone()).unwrap_or_default();
    search_messages(search, repo, &changes, &tags, log);
    for path in changes.iter().flat_map(|change| &change.new_paths) {
        search.name(last_part(path), Origin::Tree);
    }
    let names = selection.map(|selection| selection.names.clone()).unwrap_or_default();
    for name in &names {
        search.name(name.as_bytes(), Origin::Reference);
    }
    let before = before(search, repo, &changes, &found, log);
    let heads = selection.map(|selection| selection.heads.clone()).unwrap_or_default();
    Narrow { changes, before, heads, tags, names, staged: selection.is_none(), shallow }
}

/// The name at a path's end.
fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

/// Searches blobs; returns those with secrets.
fn search_blobs(
    search: &Search<'_>,
    repo: &Repository,
    blobs: &BTreeSet<ObjectId>,
    log: &IncompleteLog,
) -> BTreeSet<ObjectId> {
    let shared = repo.git.objects.store();
    let blobs: Vec<ObjectId> = blobs.iter().copied().collect();
    blobs
        .par_iter()
        .map_init(
            || (Reader::new(&shared), Vec::new()),
            |(reader, buffer), id| {
                if let Some((_, size)) = reader.header(id)
                    && size > search.max_size()
                {
                    log.add(IncompleteKind::OverSize, format!("object {id} ({size} bytes)"));
                    return None;
                }
                match reader.read(id, buffer) {
                    Ok(Kind::Blob) => {
                        search.count_blob(buffer.len() as u64);
                        let content = ContentId::Object { kind: ContentKind::Blob, id: *id };
                        search.content(content, buffer).then_some(*id)
                    }
                    Ok(_) => None,
                    Err(reason) => {
                        log.add(IncompleteKind::MissingObject, format!("object {id}: {reason}"));
                        None
                    }
                }
            },
        )
        .flatten()
        .collect()
}

fn search_messages(
    search: &Search<'_>,
    repo: &Repository,
    changes: &[Change],
    tags: &[ObjectId],
    log: &IncompleteLog,
) {
    let reader = Reader::of(&repo.git);
    let mut buffer = Vec::new();
    for id in tags {
        match reader.read(id, &mut buffer) {
            Ok(_) => {
                search.message(ContentKind::Tag, *id, &buffer);
            }
            Err(reason) => log.add(IncompleteKind::MissingObject, format!("tag {id}: {reason}")),
        }
    }
    for id in changes.iter().filter_map(|change| change.commit.as_ref()).map(|commit| commit.id) {
        search.count_commit();
        match reader.read(&id, &mut buffer) {
            Ok(_) => {
                search.message(ContentKind::Commit, id, &buffer);
            }
            Err(reason) => log.add(IncompleteKind::MissingObject, format!("commit {id}: {reason}")),
        }
    }
}

/// The secrets that stood there before, for the changes that have any to compare with.
fn before(
    search: &Search<'_>,
    repo: &Repository,
    changes: &[Change],
    found: &BTreeSet<ObjectId>,
    log: &IncompleteLog,
) -> BTreeMap<ObjectId, BTreeSet<Secret>> {
    let mut wanted: BTreeSet<ObjectId> = BTreeSet::new();
    for change in changes {
        let hits: Vec<_> =
            change.added.iter().filter(|added| found.contains(&added.blob)).collect();
        if !hits.is_empty() {
            wanted.extend(hits.iter().flat_map(|added| &added.before));
            wanted.extend(&change.gone);
        }
    }
    let wanted: Vec<ObjectId> = wanted.into_iter().collect();
    let shared = repo.git.objects.store();
    wanted
        .par_iter()
        .map_init(
            || (Reader::new(&shared), Vec::new()),
            |(reader, buffer), id| {
                let secrets = match reader.read(id, buffer) {
                    Ok(_) => search.peek(buffer).into_iter().map(|found| found.secret).collect(),
                    Err(reason) => {
                        log.add(IncompleteKind::MissingObject, format!("object {id}: {reason}"));
                        BTreeSet::new()
                    }
                };
                (*id, secrets)
            },
        )
        .collect()
}

/// What the changes brought in, as findings.
pub fn seen(
    context: Context<'_>,
    repo: &Repository,
    narrow: &Narrow,
    hits: &[(ContentId, Vec<Hit>)],
    key: &ObtainedKey,
    notes: &mut Vec<String>,
) -> Vec<Seen> {
    let by_object: BTreeMap<ObjectId, &Vec<Hit>> = hits
        .iter()
        .filter_map(|(content, hits)| match content {
            ContentId::Object { id, .. } => Some((*id, hits)),
            _ => None,
        })
        .collect();
    let by_name: BTreeMap<&[u8], &Vec<Hit>> = hits
        .iter()
        .filter_map(|(content, hits)| match content {
            ContentId::Name(name) => Some((name.as_slice(), hits)),
            _ => None,
        })
        .collect();
    let mut gathered = Gathered {
        context,
        key,
        found: BTreeMap::new(),
        counts: BTreeMap::new(),
        known: BTreeSet::new(),
        cut: false,
    };
    for change in &narrow.changes {
        let commit = change.commit.as_ref().map(|commit| commit.id);
        for added in &change.added {
            let Some(hits) = by_object.get(&added.blob) else { continue };
            let before: BTreeSet<&Secret> = added
                .before
                .iter()
                .chain(&change.gone)
                .filter_map(|id| narrow.before.get(id))
                .flatten()
                .collect();
            gathered.blob(&added.path, added.blob, commit, hits, &before);
        }
        for path in &change.new_paths {
            let name = last_part(path);
            if let Some(hits) = by_name.get(name) {
                gathered.name(path, name, commit, hits, change.gone_names.contains(name));
            }
        }
        if let Some(id) = commit
            && let Some(hits) = by_object.get(&id)
        {
            gathered.message(ContentKind::Commit, id, hits);
        }
    }
    for name in &narrow.names {
        for hit in by_name.get(name.as_bytes()).copied().into_iter().flatten() {
            gathered.add(ContentId::Name(name.as_bytes().to_vec()), hit, None, None);
        }
    }
    for tag in &narrow.tags {
        if let Some(hits) = by_object.get(tag) {
            gathered.message(ContentKind::Tag, *tag, hits);
        }
    }
    let known = gathered.known.len();
    if known > 0 {
        notes.push(format!(
            "{known} secret(s) in the changed files stood there before and are not shown"
        ));
    }
    if gathered.cut || narrow.changes.iter().any(|change| change.cut) {
        notes.push(assemble::TOO_MANY_PATHS.to_owned());
    }
    let shown = |tip: &Tip| Tip { name: context.conceal(&tip.name).into(), id: tip.id };
    let heads: Vec<Tip> = narrow.heads.iter().map(shown).collect();
    let heads = Heads::of(repo, &heads, &by_object);
    let reader = Reader::of(&repo.git);
    let found = gathered.found.into_iter();
    found
        .map(|((rule, secret), (finding, mut places))| {
            heads.mark(&secret, &mut places);
            let trace = trace(context, narrow, &places, &reader);
            Seen { rule, finding, places, trace: Some(trace) }
        })
        .collect()
}

/// Findings as they come together.
struct Gathered<'a> {
    context: Context<'a>,
    key: &'a ObtainedKey,
    found: BTreeMap<(u32, Secret), (Finding, Vec<Place>)>,
    /// How many places each secret has in each content.
    counts: BTreeMap<(ContentId, Secret), u32>,
    known: BTreeSet<Secret>,
    /// Whether places were left out.
    cut: bool,
}

impl Gathered<'_> {
    fn blob(
        &mut self,
        path: &[u8],
        blob: ObjectId,
        commit: Option<ObjectId>,
        hits: &[Hit],
        before: &BTreeSet<&Secret>,
    ) {
        for hit in hits {
            if before.contains(&hit.found.secret) {
                self.known.insert(hit.found.secret.clone());
            } else {
                let content = ContentId::Object { kind: ContentKind::Blob, id: blob };
                self.add(content, hit, Some(path).filter(|path| !path.is_empty()), commit);
            }
        }
    }

    fn name(
        &mut self,
        path: &[u8],
        name: &[u8],
        commit: Option<ObjectId>,
        hits: &[Hit],
        moved: bool,
    ) {
        for hit in hits {
            if moved {
                self.known.insert(hit.found.secret.clone());
            } else {
                self.add(ContentId::Name(name.to_vec()), hit, Some(path), commit);
            }
        }
    }

    fn message(&mut self, kind: ContentKind, id: ObjectId, hits: &[Hit]) {
        let commit = (kind == ContentKind::Commit).then_some(id);
        for hit in hits {
            self.add(ContentId::Object { kind, id }, hit, None, commit);
        }
    }

    fn add(
        &mut self,
        content: ContentId,
        hit: &Hit,
        path: Option<&[u8]>,
        commit: Option<ObjectId>,
    ) {
        let (rule, secret) = (hit.found.rule, hit.found.secret.clone());
        let count = self.counts.entry((content.clone(), secret.clone())).or_default();
        *count += 1;
        if *count > MAX_PLACES {
            self.cut = true;
            return;
        }
        let (finding, places) = match self.found.entry((rule, secret)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match self.context.finding(rule, &hit.found.secret, self.key) {
                Some(finding) => new.insert((finding, Vec::new())),
                None => return,
            },
        };
        assemble::add(finding, content, hit);
        if let Some(occurrence) = finding.occurrences.last() {
            places.push(Place { commit, ..assemble::place(occurrence, path) });
        }
    }
}

/// What the selection leads to.
struct Heads<'a> {
    trees: Vec<(Arc<str>, gix::Tree<'a>)>,
    by_object: &'a BTreeMap<ObjectId, &'a Vec<Hit>>,
}

impl<'a> Heads<'a> {
    fn of(
        repo: &'a Repository,
        tips: &[Tip],
        by_object: &'a BTreeMap<ObjectId, &'a Vec<Hit>>,
    ) -> Heads<'a> {
        let tree = |tip: &Tip| {
            let tree = repo.git.find_commit(tip.id).ok()?.tree().ok()?;
            Some((Arc::clone(&tip.name), tree))
        };
        Heads { trees: tips.iter().take(MAX_HEADS).filter_map(tree).collect(), by_object }
    }

    /// Notes at which places the secret still stands.
    fn mark(&self, secret: &Secret, places: &mut [Place]) {
        for place in places {
            let stands = self.trees.iter().filter(|(_, tree)| self.has(tree, secret, place));
            place.refs = stands.map(|(name, _)| Arc::clone(name)).collect();
        }
    }

    fn has(&self, tree: &gix::Tree<'_>, secret: &Secret, place: &Place) -> bool {
        let entry = |path: &[u8]| {
            tree.lookup_entry(path.split(|b| *b == b'/')).ok().flatten().map(|e| e.object_id())
        };
        match &place.path {
            Some(path) if place.kind == ContentKind::FileName => entry(path).is_some(),
            Some(path) => entry(path)
                .and_then(|blob| self.by_object.get(&blob))
                .is_some_and(|hits| hits.iter().any(|hit| hit.found.secret == *secret)),
            // A message of the selection stays while its commit does.
            None => true,
        }
    }
}

fn trace(context: Context<'_>, narrow: &Narrow, places: &[Place], reader: &Reader) -> Trace {
    let mut commits: Vec<ObjectId> = Vec::new();
    for commit in places.iter().filter_map(|place| place.commit) {
        if !commits.contains(&commit) {
            commits.push(commit);
        }
    }
    let introduced = commits.first().and_then(|id| provenance::commit_info(reader, *id));
    let tips: BTreeSet<Arc<str>> =
        places.iter().flat_map(|place| place.refs.iter().cloned()).collect();
    let exposed_seconds = introduced
        .as_ref()
        .filter(|_| !tips.is_empty())
        .map(|commit| context.options.as_of.saturating_sub(commit.committer.seconds));
    Trace {
        at_boundary: commits.first().is_some_and(|id| narrow.shallow.contains(id)),
        introduced,
        reintroduced: commits.into_iter().skip(1).collect(),
        tips: tips.into_iter().collect(),
        removed: None,
        exposed_seconds,
        in_worktree: narrow.staged && places.iter().any(|place| place.commit.is_none()),
        unreachable: false,
    }
}
