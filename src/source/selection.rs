//! Which commits a narrow scan is about: those of a range, a branch, a time or a push.

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;

use super::Error;
use super::history::commits::Commit;
use super::history::store::Reader;
use super::repository::{Repository, Tip, peel, step};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// Which commits a narrow scan is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Selection {
    /// The commits, parents first.
    pub commits: Vec<Commit>,
    /// The commits that the selection leads to, with the names to show for them.
    pub heads: Vec<Tip>,
    /// The commit before the range, for configuration that the range must not change.
    pub base: Option<ObjectId>,
    /// Annotated tags that lead to the heads: their messages are part of it.
    pub tags: Vec<ObjectId>,
    /// Files and folders that references lead to without a commit, with their names.
    pub contents: Vec<Tip>,
    /// Names of references that are new or moved.
    pub names: Vec<Arc<str>>,
}

/// Commits that somebody has worked out: those that some lead to and others do not.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Between {
    /// Commits or annotated tags, with the names to show for them.
    pub heads: Vec<Tip>,
    /// What these lead to is not part of it. Ids that are not in the store do not count.
    pub hidden: Vec<ObjectId>,
    /// The commit before the change, for configuration that it must not change.
    pub base: Option<ObjectId>,
}

/// A reference that a push changes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RefChange {
    /// Full name, escaped.
    pub name: Arc<str>,
    /// What it was; none when it is new.
    pub before: Option<ObjectId>,
    /// What it will be; none when it goes.
    pub after: Option<ObjectId>,
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
        return Ok(Selection::default());
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
    let heads = vec![Tip { name: name.into(), id: to_id }];
    Ok(Selection { commits, heads, base, tags: tags_to(repo, reader, &to), ..Selection::default() })
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
    let heads = vec![Tip { name: escape(name.as_bytes()).into(), id }];
    Ok(Selection { commits, heads, tags: tags_to(repo, reader, name), ..Selection::default() })
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
    let heads = repo.head().map(|id| Tip { name: "HEAD".into(), id }).into_iter().collect();
    Ok(Selection { commits, heads, ..Selection::default() })
}

/// What `changes` bring that none of `references` (as they stand in the repository, some of which
/// the push may have moved already) had before.
pub fn pushed(
    repo: &Repository,
    reader: &Reader,
    references: &[Tip],
    changes: &[RefChange],
    log: &IncompleteLog,
) -> Result<Selection, Error> {
    let moved: HashSet<&str> = changes.iter().map(|change| &*change.name).collect();
    // HEAD is a reference under another name; what a push moves is what it was before.
    let others =
        references.iter().filter(|tip| !moved.contains(&*tip.name) && *tip.name != *"HEAD");
    let before = changes.iter().filter_map(|change| change.before);
    let mut hidden: BTreeSet<ObjectId> = BTreeSet::new();
    for id in others.map(|tip| tip.id).chain(before) {
        hidden.insert(peel(reader, id, |_| false));
    }
    let mut selection = Selection::default();
    let mut tags = BTreeSet::new();
    for change in changes {
        let Some(after) = change.after else { continue };
        selection.names.push(Arc::clone(&change.name));
        let id = follow(reader, after, &mut tags);
        let tip = Tip { name: Arc::clone(&change.name), id };
        match reader.header(&id) {
            Some((Kind::Commit, _)) => selection.heads.push(tip),
            Some((Kind::Blob | Kind::Tree, _)) if !hidden.contains(&id) => {
                selection.contents.push(tip);
            }
            Some(_) => {}
            None => log.add(
                IncompleteKind::MissingObject,
                format!("{id}, which the push wants {} to be", change.name),
            ),
        }
    }
    let known: BTreeSet<ObjectId> =
        references.iter().filter(|tip| !moved.contains(&*tip.name)).map(|tip| tip.id).collect();
    selection.tags = tags.into_iter().filter(|tag| !known.contains(tag)).collect();
    let hidden: Vec<ObjectId> = hidden.into_iter().collect();
    let heads: Vec<ObjectId> = selection.heads.iter().map(|tip| tip.id).collect();
    selection.commits = walk(repo, reader, &heads, &hidden, log)?;
    let head = repo.branch_of_head();
    let head = head.and_then(|head| match changes.iter().find(|change| *change.name == *head) {
        Some(change) => change.before,
        None => references.iter().find(|tip| *tip.name == *head).map(|tip| tip.id),
    });
    let first = changes.iter().find_map(|change| change.before);
    let commit = |id: &ObjectId| matches!(reader.header(id), Some((Kind::Commit, _)));
    selection.base = head.into_iter().chain(first).find(commit);
    Ok(selection)
}

/// The commits of `between`.
pub fn between(
    repo: &Repository,
    reader: &Reader,
    between: &Between,
    log: &IncompleteLog,
) -> Result<Selection, Error> {
    let mut selection = Selection::default();
    let mut tags = BTreeSet::new();
    for head in &between.heads {
        let id = follow(reader, head.id, &mut tags);
        let tip = Tip { name: Arc::clone(&head.name), id };
        selection.names.push(Arc::clone(&head.name));
        match reader.header(&id) {
            Some((Kind::Commit, _)) => selection.heads.push(tip),
            Some(_) => selection.contents.push(tip),
            None => {
                log.add(IncompleteKind::MissingObject, format!("{id}, which is {}", head.name));
            }
        }
    }
    selection.tags = tags.into_iter().collect();
    let mut hidden: Vec<ObjectId> =
        between.hidden.iter().map(|id| peel(reader, *id, |_| false)).collect();
    hidden.sort();
    hidden.dedup();
    let heads: Vec<ObjectId> = selection.heads.iter().map(|tip| tip.id).collect();
    selection.commits = walk(repo, reader, &heads, &hidden, log)?;
    let commit = |id: &ObjectId| matches!(reader.header(id), Some((Kind::Commit, _)));
    selection.base = between.base.filter(commit);
    Ok(selection)
}

/// The annotated tags that `revision` names, one tag of a tag after the other.
fn tags_to(repo: &Repository, reader: &Reader, revision: &str) -> Vec<ObjectId> {
    let mut tags = BTreeSet::new();
    if let Ok(id) = repo.git.rev_parse_single(revision) {
        follow(reader, id.detach(), &mut tags);
    }
    tags.into_iter().collect()
}

/// Follows tags to what they stand for, and puts them into `tags`.
fn follow(reader: &Reader, id: ObjectId, tags: &mut BTreeSet<ObjectId>) -> ObjectId {
    let mut at = id;
    while matches!(reader.header(&at), Some((Kind::Tag, _))) && tags.insert(at) {
        let next = step(reader, at);
        if next == at {
            break;
        }
        at = next;
    }
    at
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
    // Most of what a push brings is new to the server, which spares looking through its history.
    let (new, mut old): (Vec<_>, Vec<_>) = ids.into_iter().partition(|id| repo.is_incoming(id));
    subtract(repo, &mut old, &hidden);
    let mut ids = new;
    ids.append(&mut old);
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
