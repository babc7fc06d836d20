//! What commits, or the index, changed: new blobs at their paths, and what stood there before.
//!
//! This is the source for narrow scans (`--range`, `--since`, `--branch`, `--staged`), which name a
//! few commits rather than the whole store.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use gix::ObjectId;
use gix::objs::Kind;
use rayon::prelude::*;

use super::Error;
use super::history::commits::Commit;
use super::history::store::Reader;
use super::history::trees::entries;
use super::repository::{IndexEntry, Repository, Tip};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// Deepest folder that is entered; git itself stops at 2048 (`core.maxTreeDepth`).
const MAX_DEPTH: usize = 2048;
/// Entries of folders that are looked at again at another path, for one commit. Repositories can
/// be built that have more paths than atoms in the universe ("git bombs"); past this, of folders
/// that are alike only the first path is listed.
const REPEATS_A_COMMIT: u64 = 100_000;
/// The same for all commits together.
const REPEATS: u64 = 2_000_000;
/// Commits after which the budget for all is looked at. Fixed, so that the result is the same for
/// any number of threads.
const CHUNK: usize = 256;

/// A blob that is new at its path.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Added {
    /// Full path.
    pub path: Vec<u8>,
    /// The new blob.
    pub blob: ObjectId,
    /// What the parents have at this path.
    pub before: Vec<ObjectId>,
}

/// What one commit (or the index) changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// The commit; none for the index.
    pub commit: Option<Commit>,
    /// By path.
    pub added: Vec<Added>,
    /// Blobs that a parent has at a path that is gone: where a renamed file came from.
    pub gone: Vec<ObjectId>,
    /// Paths of files and folders that were not there before.
    pub new_paths: Vec<Vec<u8>>,
    /// Names (the ends of paths) of files and folders that are gone: where a moved one came from.
    pub gone_names: BTreeSet<Vec<u8>>,
    /// Whether some paths are not listed because there are too many. All blobs are, somewhere.
    pub cut: bool,
}

/// Which commits a narrow scan is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// The commits, parents first.
    pub commits: Vec<Commit>,
    /// The commit that the selection leads to, if it is one, with the name to show for it.
    pub head: Option<Tip>,
    /// The commit before the range, for configuration that the range must not change.
    pub base: Option<ObjectId>,
}

/// `A..B`: commits that B leads to and A does not. `A...B` means the same here: what is only on A's
/// side is not part of either. With A all zeros (a new branch), what no other branch or tag has;
/// with B all zeros (a deleted branch), nothing.
pub fn range(
    repo: &Repository,
    reader: &Reader,
    tips: &[Tip],
    range: &str,
    log: &IncompleteLog,
) -> Result<Selection, Error> {
    let (from, to) = range
        .split_once("...")
        .or_else(|| range.split_once(".."))
        .ok_or_else(|| Error::Range(escape(range.as_bytes())))?;
    let or_head = |text: &str| if text.is_empty() { "HEAD".to_owned() } else { text.to_owned() };
    let (from, to) = (or_head(from), or_head(to));
    if is_zero(&to) {
        return Ok(Selection { commits: Vec::new(), head: None, base: None });
    }
    let to_id = resolve(repo, &to)?;
    let (hidden, base) = if is_zero(&from) {
        let hidden = known_elsewhere(repo, tips, to_id);
        let base = default_branch(tips).filter(|id| *id != to_id);
        (hidden, base)
    } else {
        let from_id = resolve(repo, &from)?;
        (vec![from_id], Some(from_id))
    };
    let commits = walk(repo, reader, &[to_id], &hidden, log)?;
    let name = if is_hex(&to) { to_id.to_string() } else { escape(to.as_bytes()) };
    Ok(Selection { commits, head: Some(Tip { name: name.into(), id: to_id }), base })
}

/// Every commit that `name` leads to.
pub fn branch(
    repo: &Repository,
    reader: &Reader,
    name: &str,
    log: &IncompleteLog,
) -> Result<Selection, Error> {
    let id = resolve(repo, name)?;
    let commits = walk(repo, reader, &[id], &[], log)?;
    Ok(Selection {
        commits,
        head: Some(Tip { name: escape(name.as_bytes()).into(), id }),
        base: None,
    })
}

/// Every commit of any reference whose committer's time is `seconds` (since 1970-01-01 UTC) or later.
pub fn since(
    repo: &Repository,
    reader: &Reader,
    tips: &[Tip],
    seconds: i64,
    log: &IncompleteLog,
) -> Result<Selection, Error> {
    let ids: BTreeSet<ObjectId> = tips
        .iter()
        .map(|tip| tip.id)
        .filter(|id| matches!(reader.header(id), Some((Kind::Commit, _))))
        .collect();
    let ids: Vec<ObjectId> = ids.into_iter().collect();
    let mut commits = walk(repo, reader, &ids, &[], log)?;
    commits.retain(|commit| commit.time >= seconds);
    let head = repo.head().map(|id| Tip { name: "HEAD".into(), id });
    Ok(Selection { commits, head, base: None })
}

fn is_zero(text: &str) -> bool {
    text.len() >= 4 && text.bytes().all(|b| b == b'0')
}

fn is_hex(text: &str) -> bool {
    text.len() >= 40 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn resolve(repo: &Repository, revision: &str) -> Result<ObjectId, Error> {
    let fail = |reason: String| Error::Revision {
        revision: escape(revision.as_bytes()),
        reason: escape(reason.as_bytes()),
    };
    let id = repo.git.rev_parse_single(revision).map_err(|e| fail(e.to_string()))?;
    let commit =
        id.object().and_then(|o| o.peel_to_kind(Kind::Commit)).map_err(|e| fail(e.to_string()))?;
    Ok(commit.id)
}

/// Tips that were there before a new branch at `to`: the default branch whatever it holds, and
/// others unless they hold `to` themselves (several branches may be new in the same push, and each
/// must not hide the others' commits).
fn known_elsewhere(repo: &Repository, tips: &[Tip], to: ObjectId) -> Vec<ObjectId> {
    let default = default_branch(tips).filter(|id| *id != to);
    let mut hidden: BTreeSet<ObjectId> = BTreeSet::new();
    for tip in tips.iter().filter(|tip| tip.id != to && *tip.name != *"HEAD") {
        let holds = repo
            .git
            .merge_base(tip.id, to)
            .is_ok_and(|base| base.is_some_and(|base| base.detach() == to));
        if !holds {
            hidden.insert(tip.id);
        }
    }
    hidden.extend(default);
    hidden.into_iter().collect()
}

fn default_branch(tips: &[Tip]) -> Option<ObjectId> {
    [
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/main",
        "refs/remotes/origin/master",
        "refs/heads/main",
        "refs/heads/master",
    ]
    .iter()
    .find_map(|name| tips.iter().find(|tip| *tip.name == **name))
    .map(|tip| tip.id)
}

/// Commits from `tips` that `hidden` does not lead to, parents first.
fn walk(
    repo: &Repository,
    reader: &Reader,
    tips: &[ObjectId],
    hidden: &[ObjectId],
    log: &IncompleteLog,
) -> Result<Vec<Commit>, Error> {
    let fail = |reason: String| Error::Revision {
        revision: tips.first().map(ToString::to_string).unwrap_or_default(),
        reason: escape(reason.as_bytes()),
    };
    let known = |id: &&ObjectId| matches!(reader.header(id), Some((Kind::Commit, _)));
    let hidden: Vec<ObjectId> = hidden.iter().filter(known).copied().collect();
    let walk = repo
        .git
        .rev_walk(tips.iter().copied())
        .with_hidden(hidden.iter().copied())
        .all()
        .map_err(|error| fail(error.to_string()))?;
    let mut ids = Vec::new();
    for step in walk {
        match step {
            Ok(step) => ids.push(step.id),
            Err(error) => {
                log.add(
                    IncompleteKind::MissingObject,
                    format!(
                        "history of the selected commits: {}",
                        escape(error.to_string().as_bytes())
                    ),
                );
                break;
            }
        }
    }
    subtract(repo, &mut ids, &hidden);
    let mut buffer = Vec::new();
    let mut commits = Vec::with_capacity(ids.len());
    for id in ids {
        match reader.read(&id, &mut buffer).and_then(|_| Commit::parse(id, &buffer)) {
            Ok(commit) => commits.push(commit),
            Err(reason) => log.add(IncompleteKind::CorruptObject, format!("commit {id}: {reason}")),
        }
    }
    // The walk gives children first; the graph's order is the same for any walk.
    Ok(super::history::graph::in_order(commits))
}

/// Takes out of `ids` what `hidden` leads to. The walk above goes by date and stops looking at hidden
/// history once that is older than everything shown, so that dates which are equal or out of order
/// let commits through. For a few commits the merge base tells; for many the whole hidden history.
fn subtract(repo: &Repository, ids: &mut Vec<ObjectId>, hidden: &[ObjectId]) {
    /// Most questions to the merge base, which costs about as much as a short walk.
    const QUESTIONS: usize = 64;
    if hidden.is_empty() || ids.is_empty() {
        return;
    }
    if ids.len().saturating_mul(hidden.len()) <= QUESTIONS {
        ids.retain(|id| {
            !hidden.iter().any(|tip| {
                let base = repo.git.merge_base(*tip, *id);
                base.is_ok_and(|base| base.is_some_and(|base| base.detach() == *id))
            })
        });
        return;
    }
    if let Ok(walk) = repo.git.rev_walk(hidden.iter().copied()).all() {
        let known: HashSet<ObjectId> = walk.flatten().map(|step| step.id).collect();
        ids.retain(|id| !known.contains(id));
    }
}

/// What each of `commits` changed against all its parents, in the same order. Content that only a
/// merge brought in is part of the merge's change.
pub fn of_commits(
    repo: &gix::Repository,
    commits: &[Commit],
    shallow: &BTreeSet<ObjectId>,
    log: &IncompleteLog,
) -> Vec<Change> {
    let shared = repo.objects.store();
    let mut changes = Vec::with_capacity(commits.len());
    let mut repeats = REPEATS;
    for chunk in commits.chunks(CHUNK) {
        let part: Vec<(Change, u64)> = chunk
            .par_iter()
            .map_init(
                || Reader::new(&shared),
                |reader, commit| {
                    of_commit(reader, commit, shallow, repeats.min(REPEATS_A_COMMIT), log)
                },
            )
            .collect();
        for (change, repeated) in part {
            repeats = repeats.saturating_sub(repeated);
            changes.push(change);
        }
    }
    changes
}

/// What a commit changed, and how many of `repeats` that took.
fn of_commit(
    reader: &Reader,
    commit: &Commit,
    shallow: &BTreeSet<ObjectId>,
    repeats: u64,
    log: &IncompleteLog,
) -> (Change, u64) {
    let mut change = Change { commit: Some(commit.clone()), ..Change::default() };
    let mut parents = Vec::new();
    let mut buffer = Vec::new();
    for parent in commit.parents.iter().filter(|_| !shallow.contains(&commit.id)) {
        match reader.read(parent, &mut buffer).and_then(|_| Commit::parse(*parent, &buffer)) {
            Ok(parent) => parents.push(parent.tree),
            Err(reason) => {
                log.add(IncompleteKind::MissingObject, format!("commit {parent}: {reason}"));
            }
        }
    }
    let mut differ = Differ::new(reader, log, &mut change, repeats);
    differ.trees(Some(commit.tree), &parents, &mut Vec::new(), 0);
    let left = differ.repeats;
    change.added.sort();
    (change, repeats - left)
}

/// What the index changes against HEAD.
pub fn staged(
    repo: &Repository,
    reader: &Reader,
    index: &[IndexEntry],
    log: &IncompleteLog,
) -> Change {
    let mut head = BTreeMap::new();
    let head_object = repo.head_object().unwrap_or_else(|reason| {
        log.add(IncompleteKind::Reference, format!("HEAD: {}", escape(reason.as_bytes())));
        None
    });
    if let Some(id) = head_object {
        let mut buffer = Vec::new();
        match reader.read(&id, &mut buffer).and_then(|_| Commit::parse(id, &buffer)) {
            Ok(commit) => {
                let mut change = Change::default();
                let mut differ = Differ::new(reader, log, &mut change, REPEATS_A_COMMIT);
                differ.trees(Some(commit.tree), &[], &mut Vec::new(), 0);
                head.extend(change.added.into_iter().map(|added| (added.path, added.blob)));
            }
            Err(reason) => log.add(IncompleteKind::MissingObject, format!("commit {id}: {reason}")),
        }
    }
    let staged: BTreeSet<&[u8]> = index.iter().map(|entry| entry.path.as_slice()).collect();
    let gone =
        head.iter().filter(|(path, _)| !staged.contains(path.as_slice())).map(|(_, blob)| *blob);
    let gone = gone.collect();
    let (before, now) = (with_folders(head.keys()), with_folders(index.iter().map(|e| &e.path)));
    let new_paths = now.difference(&before).map(|path| path.to_vec()).collect();
    let gone_names = before.difference(&now).map(|path| last_part(path).to_vec()).collect();
    let added = index
        .iter()
        .filter(|entry| !entry.is_link && head.get(&entry.path) != Some(&entry.id))
        .map(|entry| Added {
            path: entry.path.clone(),
            blob: entry.id,
            before: head.get(&entry.path).copied().into_iter().collect(),
        })
        .collect();
    Change { commit: None, added, gone, new_paths, gone_names, cut: false }
}

/// The paths, and those of all folders that lead to them.
fn with_folders<'a>(paths: impl Iterator<Item = &'a Vec<u8>>) -> BTreeSet<&'a [u8]> {
    let mut all = BTreeSet::new();
    for path in paths {
        // Folders that are in already have theirs in too.
        let mut end = path.len();
        while all.insert(&path[..end]) {
            match memchr::memrchr(b'/', &path[..end]) {
                Some(slash) => end = slash,
                None => break,
            }
        }
    }
    all
}

/// The name at a path's end.
fn last_part(path: &[u8]) -> &[u8] {
    path.rsplit(|b| *b == b'/').next().unwrap_or_default()
}

struct Differ<'a> {
    reader: &'a Reader,
    log: &'a IncompleteLog,
    change: &'a mut Change,
    /// Folders compared so far, each with what it was compared with.
    seen: HashSet<(Option<ObjectId>, Vec<ObjectId>)>,
    /// Entries of such folders that may still be looked at again.
    repeats: u64,
}

/// An entry's kind and object.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Item {
    Tree(ObjectId),
    Blob(ObjectId),
}

impl<'a> Differ<'a> {
    fn new(
        reader: &'a Reader,
        log: &'a IncompleteLog,
        change: &'a mut Change,
        repeats: u64,
    ) -> Differ<'a> {
        Differ { reader, log, change, seen: HashSet::new(), repeats }
    }

    /// Compares `tree` (none: nothing is there any more) with the same folder in each parent.
    fn trees(
        &mut self,
        tree: Option<ObjectId>,
        parents: &[ObjectId],
        path: &mut Vec<u8>,
        depth: usize,
    ) {
        if tree.is_some_and(|tree| parents.contains(&tree)) || depth > MAX_DEPTH {
            return;
        }
        let again = !self.seen.insert((tree, parents.to_vec()));
        if again && self.repeats == 0 {
            self.change.cut = true;
            return;
        }
        let now = tree.map(|tree| self.read(tree)).unwrap_or_default();
        let before: Vec<BTreeMap<Vec<u8>, Item>> =
            parents.iter().map(|tree| self.read(*tree)).collect();
        let names: BTreeSet<&Vec<u8>> =
            now.keys().chain(before.iter().flat_map(BTreeMap::keys)).collect();
        if again {
            self.repeats = self.repeats.saturating_sub(names.len().max(1) as u64);
        }
        for name in names {
            let length = path.len();
            if !path.is_empty() {
                path.push(b'/');
            }
            path.extend_from_slice(name);
            self.entry(now.get(name).copied(), &before, name, path, depth);
            path.truncate(length);
        }
    }

    fn entry(
        &mut self,
        now: Option<Item>,
        before: &[BTreeMap<Vec<u8>, Item>],
        name: &[u8],
        path: &mut Vec<u8>,
        depth: usize,
    ) {
        let earlier: Vec<Item> =
            before.iter().filter_map(|parent| parent.get(name)).copied().collect();
        if now.is_some_and(|now| earlier.contains(&now)) {
            return;
        }
        let trees: Vec<ObjectId> = earlier
            .iter()
            .filter_map(|item| if let Item::Tree(id) = item { Some(*id) } else { None })
            .collect();
        let blobs: Vec<ObjectId> = earlier
            .iter()
            .filter_map(|item| if let Item::Blob(id) = item { Some(*id) } else { None })
            .collect();
        match (now, earlier.is_empty()) {
            (Some(_), true) => self.change.new_paths.push(path.clone()),
            (None, false) => {
                self.change.gone_names.insert(name.to_vec());
            }
            _ => {}
        }
        match now {
            Some(Item::Tree(tree)) => {
                self.trees(Some(tree), &trees, path, depth + 1);
                self.change.gone.extend(blobs);
            }
            Some(Item::Blob(blob)) => {
                self.change.added.push(Added { path: path.clone(), blob, before: blobs });
                if !trees.is_empty() {
                    self.trees(None, &trees, path, depth + 1);
                }
            }
            None => {
                self.change.gone.extend(blobs);
                if !trees.is_empty() {
                    self.trees(None, &trees, path, depth + 1);
                }
            }
        }
    }

    fn read(&mut self, tree: ObjectId) -> BTreeMap<Vec<u8>, Item> {
        let mut items = BTreeMap::new();
        if tree == ObjectId::empty_tree(tree.kind()) {
            return items;
        }
        let mut buffer = Vec::new();
        if let Err(reason) = self.reader.read(&tree, &mut buffer) {
            self.log.add(IncompleteKind::MissingObject, format!("tree {tree}: {reason}"));
            return items;
        }
        let read = entries(&buffer, tree.kind(), |entry| {
            if !entry.is_link {
                let id = entry.id.to_owned();
                items.insert(
                    entry.name.to_owned(),
                    if entry.is_tree { Item::Tree(id) } else { Item::Blob(id) },
                );
            }
        });
        if let Err(reason) = read {
            self.log.add(IncompleteKind::CorruptObject, format!("tree {tree}: {reason}"));
        }
        items
    }
}
