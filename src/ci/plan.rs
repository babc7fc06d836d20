//! From what a run is about to the commits to scan.
//!
//! A range is taken from its two ends, never from the list in a payload, which is cut, and never from
//! a guess: whether a push rewrote history is asked of the commits themselves. Where the checkout is
//! shallow it is deepened until no commit of the range stands where the history ends; where that
//! cannot be done the scan records the gap.

use std::path::Path;

use gix::ObjectId;
use gix::objs::Kind;

use super::fetch::{Fetcher, Want, is_gone};
use super::{Before, Change, Error, Job, Platform, Push, Trigger};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};
use crate::pipeline::Scope;
use crate::source::history::store::Reader;
use crate::source::repository::{Repository, Tip};
use crate::source::selection::{self, Between};

/// Fewest commits that a shallow checkout is deepened by: merges bring in more than a payload lists.
const DEEPEN: u32 = 50;

/// Other branches that are compared with a new one. Where there are more, only the default branch is:
/// more is scanned then, never less.
const BRANCHES: usize = 500;

/// What to scan.
#[derive(Debug, Clone)]
pub struct Plan {
    /// None when there is nothing to scan.
    pub scope: Option<Scope>,
    /// What that is, in a sentence without its full stop; escaped.
    pub about: String,
    /// For a pushed branch or tag: its commit, and the commit whose settings count. Code scanning is
    /// told of all its history, because it takes for mended what a newer report no longer has.
    pub history: Option<(ObjectId, Option<ObjectId>)>,
    /// What could not be had; escaped.
    pub notes: Vec<String>,
    /// What should have been scanned and could not be had.
    pub gaps: Vec<(IncompleteKind, String)>,
}

/// Works out what `job` is about in the repository at `folder`. With a `fetcher`, what a shallow
/// checkout lacks is fetched; `all` asks for all history of what was pushed.
pub fn plan(
    job: &Job,
    folder: &Path,
    fetcher: Option<&Fetcher<'_>>,
    all: bool,
) -> Result<Plan, Error> {
    let repo = open(folder)?;
    let mut planning = Planning { folder, repo, fetcher, notes: Vec::new(), gaps: Vec::new() };
    let (scope, about, history) = match &job.trigger {
        Trigger::Push(push) => planning.push(job, push, all)?,
        Trigger::Change(change) => planning.change(job, change)?,
        Trigger::Deleted(name) => {
            (None, format!("{} is gone: there is nothing to scan", short_name(name)), None)
        }
        Trigger::Whole(why) => {
            planning.everything();
            (Some(Scope::Everything), format!("The whole repository, because {why}"), None)
        }
    };
    Ok(Plan { scope, about, history, notes: planning.notes, gaps: planning.gaps })
}

type Planned = (Option<Scope>, String, Option<(ObjectId, Option<ObjectId>)>);

fn open(folder: &Path) -> Result<Repository, Error> {
    let nothing = || Error::NoRepository { path: escape(folder.as_os_str().as_encoded_bytes()) };
    Repository::open(&Repository::checkout(folder).ok_or_else(nothing)?)?.ok_or_else(nothing)
}

struct Planning<'a> {
    folder: &'a Path,
    repo: Repository,
    fetcher: Option<&'a Fetcher<'a>>,
    notes: Vec<String>,
    gaps: Vec<(IncompleteKind, String)>,
}

impl Planning<'_> {
    fn push(&mut self, job: &Job, push: &Push, all: bool) -> Result<Planned, Error> {
        let what = format!("the push of {}", short_name(&push.name));
        let after = self.commit(push.after, &what)?;
        let default_name = job.default_branch.clone().or_else(|| self.default_branch());
        let default = default_name.as_deref().and_then(|name| self.branch(name));
        let is_default = default_name.is_some()
            && default_name.as_deref() == push.name.strip_prefix("refs/heads/");
        let head = Tip { name: push.name.as_str().into(), id: after };
        let mut before = push.before;
        if let Before::Commit(id) = before {
            let build = |planning: &Planning<'_>| {
                planning.since(&head, id, default.filter(|_| !is_default))
            };
            let fault = self.settle(after, &[id], push.listed, build).unwrap_or_default();
            if !self.is_commit(id) {
                let name = short_name(&push.name);
                // A server that has dropped it cannot be asked again; one that did not answer can.
                if is_gone(&fault) {
                    self.notes.push(format!(
                        "what {name} was before, {id}, is gone from the server: what it may have had \
                         alone is not scanned"
                    ));
                } else {
                    let what = format!("commit {id}, which {name} was before{}", because(&fault));
                    self.gaps.push((IncompleteKind::MissingObject, what));
                }
                before = Before::New;
            }
        }
        let name = short_name(&push.name);
        let (between, about) = match before {
            Before::Commit(id) => {
                let between = self.since(&head, id, default.filter(|_| !is_default));
                let about = self.count(&between, &|count| match between.heads.len() {
                    1 => format!("Push to {name}: {count} since {}", brief(id)),
                    _ => format!(
                        "Forced push to {name}: {count}, those that it took away among them, since \
                         {}",
                        brief(id)
                    ),
                });
                (between, about)
            }
            // Where the default branch has it all, nothing would be left, and nobody says that it
            // was looked at.
            Before::Unknown
                if is_default || default.is_none_or(|default| self.leads_to(default, after)) =>
            {
                self.everything();
                let about = format!(
                    "The whole repository, because the service does not say what {name} was before"
                );
                return Ok((Some(Scope::Everything), about, None));
            }
            Before::New | Before::Unknown => {
                let of =
                    |planning: &Planning<'_>| planning.new_to(&head, before, default, is_default);
                self.settle(after, &[], push.listed, of);
                let between = of(self);
                let about = self.count(&between, &|count| match before {
                    Before::New if push.before == Before::New => {
                        format!("New: {name}: {count} that {} not have", known(&head, default))
                    }
                    Before::New => {
                        format!("Push to {name}: {count} that {} not have", known(&head, default))
                    }
                    _ => format!("{name}: {count} that the default branch does not have"),
                });
                (between, about)
            }
        };
        if all && self.is_shallow() {
            self.unshallow(after);
        }
        let history = Some((after, between.base));
        Ok((Some(Scope::Between(between)), about, history))
    }

    fn change(&mut self, job: &Job, change: &Change) -> Result<Planned, Error> {
        let name = change.name();
        let head = self.commit(change.head, &name)?;
        let tip_name = match (change.number, job.platform) {
            (Some(number), Some(Platform::Gitlab)) => format!("refs/merge-requests/{number}/head"),
            (Some(number), _) => format!("refs/pull/{number}/head"),
            (None, _) => "HEAD".to_owned(),
        };
        let tip = Tip { name: tip_name.into(), id: head };
        let mut why = String::new();
        if let Some(branch) = &change.base_branch
            && (change.base.is_none() || self.is_shallow())
            && self.branch(branch).is_none()
        {
            why = self.fetch_quietly(&Want::Branch(branch)).err().unwrap_or_default();
        }
        let branch = change.base_branch.as_deref().and_then(|name| self.branch(name));
        let wanted = change.base.or(branch);
        let Some(wanted) = wanted else {
            return Err(Error::NoBase { what: name, why: because(&why) });
        };
        let build = |_: &Planning<'_>| Planning::on_top(&tip, wanted);
        let fault = self.settle(head, &[wanted], 0, build);
        let base = match (self.is_commit(wanted), branch) {
            (true, _) => wanted,
            (false, Some(branch)) => {
                self.notes.push(format!(
                    "the base that the service names, {wanted}, is not to be had; the branch that \
                     the change is to go to is taken in its place"
                ));
                branch
            }
            (false, None) => {
                return Err(Error::NoBase { what: name, why: because(&fault.unwrap_or(why)) });
            }
        };
        let between = Planning::on_top(&tip, base);
        let about = self.count(&between, &|count| {
            format!("{}: {count} on top of {}", upper(&name), brief(base))
        });
        Ok((Some(Scope::Between(between)), about, None))
    }

    /// What a push brought to a reference that was there: what it leads to and did not before; and
    /// when it rewrote history, what it led to and does not any more.
    fn since(&self, head: &Tip, before: ObjectId, default: Option<ObjectId>) -> Between {
        let mut heads = vec![head.clone()];
        let mut hidden = vec![before];
        if !self.leads_to(head.id, before) {
            let name = format!("{} before the push", head.name);
            heads.push(Tip { name: name.into(), id: before });
            let base = self.repo.git.merge_base(head.id, before);
            hidden = base.ok().flatten().into_iter().map(gix::Id::detach).collect();
        }
        hidden.extend(default.filter(|id| !self.leads_to(*id, head.id)));
        Between { heads, hidden, base: Some(before) }
    }

    /// What a new reference, or one of which nothing is known, has that the default branch does not.
    /// Other branches hide nothing of a branch: one that came with the same push could, and then
    /// nobody would scan what they share. Of a tag they do, because their own runs are for that.
    fn new_to(
        &self,
        head: &Tip,
        before: Before,
        default: Option<ObjectId>,
        is_default: bool,
    ) -> Between {
        let default = default.filter(|_| !is_default);
        let mut hidden: Vec<ObjectId> = default.into_iter().collect();
        if before == Before::New && head.name.starts_with("refs/tags/") {
            let references = self.repo.references(&IncompleteLog::default());
            let short = short_name(&head.name);
            let mut others: Vec<ObjectId> = references
                .iter()
                .filter(|tip| {
                    let name = tip.name.strip_prefix("refs/remotes/origin/");
                    name.is_some_and(|name| name != "HEAD" && name != short)
                })
                .map(|tip| tip.id)
                .collect();
            others.sort();
            others.dedup();
            if others.len() <= BRANCHES {
                hidden.extend(others.into_iter().filter(|id| !self.leads_to(*id, head.id)));
            }
        }
        Between { heads: vec![head.clone()], hidden, base: default }
    }

    /// What a change has on top of the commit that it is compared with. The branch of that name is
    /// not asked: `origin` may be the repository of whoever made the change.
    fn on_top(tip: &Tip, base: ObjectId) -> Between {
        Between { heads: vec![tip.clone()], hidden: vec![base], base: Some(base) }
    }

    /// Whether the history of `from` has `to`.
    fn leads_to(&self, from: ObjectId, to: ObjectId) -> bool {
        let base = self.repo.git.merge_base(from, to);
        base.is_ok_and(|base| base.is_some_and(|base| base.detach() == to))
    }

    fn is_commit(&self, id: ObjectId) -> bool {
        matches!(Reader::of(&self.repo.git).header(&id), Some((Kind::Commit, _)))
    }

    fn has(&self, id: ObjectId) -> bool {
        Reader::of(&self.repo.git).header(&id).is_some()
    }

    fn is_shallow(&self) -> bool {
        !self.repo.shallow().is_empty()
    }

    /// The tip of the server's branch of this short name, as far as it is known here.
    fn branch(&self, name: &str) -> Option<ObjectId> {
        let full = format!("refs/remotes/origin/{name}");
        let mut reference = self.repo.git.try_find_reference(full.as_str()).ok().flatten()?;
        reference.peel_to_id().ok().map(gix::Id::detach)
    }

    /// The short name of the default branch, where the checkout was made by a clone.
    fn default_branch(&self) -> Option<String> {
        let head = self.repo.git.try_find_reference("refs/remotes/origin/HEAD").ok().flatten()?;
        let name = escape(head.target().try_name()?.as_bstr());
        name.strip_prefix("refs/remotes/origin/").map(str::to_owned)
    }

    /// The commit that the run is about, fetched if need be; what is checked out where nobody names
    /// one.
    fn commit(&mut self, named: Option<ObjectId>, what: &str) -> Result<ObjectId, Error> {
        let Some(id) = named else {
            let why = String::new();
            let nothing = ObjectId::null(self.repo.git.object_hash());
            return self.repo.head().ok_or(Error::NoCommit {
                id: nothing,
                what: what.to_owned(),
                why,
            });
        };
        if !self.has(id) {
            let ids = [id];
            let shallow = self.is_shallow();
            let want = if shallow { Want::Depth(DEEPEN, &ids) } else { Want::Objects(&ids) };
            let fault = self.fetch_quietly(&want).err();
            if !self.has(id) {
                let why = because(&fault.unwrap_or_default());
                return Err(Error::NoCommit { id, what: what.to_owned(), why });
            }
        }
        Ok(id)
    }

    /// Fetches until all of `needed` is there and no commit of what `build` gives stands where the
    /// history ends, as far as that can be done; gives why it cannot.
    fn settle(
        &mut self,
        tip: ObjectId,
        needed: &[ObjectId],
        listed: usize,
        build: impl Fn(&Planning<'_>) -> Between,
    ) -> Option<String> {
        let mut fault = None;
        let open = |planning: &Planning<'_>| {
            needed.iter().any(|id| !planning.has(*id))
                || planning.is_shallow() && planning.is_cut(&build(planning))
        };
        let count = u32::try_from(listed).unwrap_or(u32::MAX).clamp(DEEPEN, 10_000);
        let ends: Vec<ObjectId> = std::iter::once(tip).chain(needed.iter().copied()).collect();
        // An end that the server does not have any more must not keep the other from being fetched.
        let ways: Vec<&[ObjectId]> = vec![&ends, &ends[..1]];
        for count in [count + 1, count.saturating_mul(20)] {
            for ids in &ways {
                if open(self) && self.is_shallow() {
                    fault = self.fetch_quietly(&Want::Depth(count, ids)).err();
                }
            }
        }
        let missing: Vec<ObjectId> = needed.iter().copied().filter(|id| !self.has(*id)).collect();
        if !missing.is_empty() && !self.is_shallow() {
            fault = self.fetch_quietly(&Want::Objects(&missing)).err().or(fault);
        }
        // Some servers give no commit by its id; they give their branches.
        for ids in ways.into_iter().chain([&ends[..0]]) {
            if open(self) && self.is_shallow() {
                fault = self.fetch_quietly(&Want::Unshallow(ids)).err().or(fault);
            }
        }
        if let Some(fault) = &fault
            && open(self)
        {
            self.note_fault(fault);
        }
        fault
    }

    /// Whether a commit of `between` stands where the history ends.
    fn is_cut(&self, between: &Between) -> bool {
        let reader = Reader::of(&self.repo.git);
        let shallow = self.repo.shallow();
        selection::between(&self.repo, &reader, between, &IncompleteLog::default())
            .is_ok_and(|selected| selected.commits.iter().any(|one| shallow.contains(&one.id)))
    }

    fn count(&self, between: &Between, sentence: &dyn Fn(&str) -> String) -> String {
        let reader = Reader::of(&self.repo.git);
        let selected = selection::between(&self.repo, &reader, between, &IncompleteLog::default());
        let count = selected.map_or(0, |selected| selected.commits.len());
        sentence(&match count {
            0 => "no commits".to_owned(),
            1 => "1 commit".to_owned(),
            count => format!("{count} commits"),
        })
    }

    fn unshallow(&mut self, tip: ObjectId) {
        if self.is_shallow()
            && let Err(fault) = self
                .fetch_quietly(&Want::Unshallow(&[tip]))
                .or_else(|_| self.fetch_quietly(&Want::Unshallow(&[])))
        {
            self.note_fault(&fault);
        }
    }

    fn note_fault(&mut self, fault: &str) {
        let note = format!("could not fetch what this checkout lacks: {fault}");
        if !self.notes.contains(&note) {
            self.notes.push(note);
        }
    }

    /// Fetches every branch and tag: a checkout may have one only. Without `--fetch` or a server what
    /// is there is all there is.
    fn everything(&mut self) {
        let origin = self.repo.git.find_remote("origin").is_ok();
        if self.fetcher.is_none() || !origin {
            return;
        }
        if let Err(fault) = self.fetch_quietly(&Want::Everything(self.is_shallow())) {
            let what = format!(
                "branches and tags of the server that are not in this checkout{}",
                because(&fault)
            );
            self.gaps.push((IncompleteKind::Reference, what));
        }
    }

    fn fetch_quietly(&mut self, want: &Want<'_>) -> Result<(), String> {
        let Some(fetcher) = self.fetcher else { return Err("--fetch never".to_owned()) };
        fetcher.fetch(want)?;
        // What was fetched lies in packs that the open repository does not know.
        self.repo = open(self.folder).map_err(|error| error.to_string())?;
        Ok(())
    }
}

fn because(why: &str) -> String {
    if why.is_empty() { String::new() } else { format!(" and cannot be fetched ({why})") }
}

/// What a new reference is compared with, for people.
fn known(head: &Tip, default: Option<ObjectId>) -> &'static str {
    match (head.name.starts_with("refs/tags/"), default) {
        (true, _) => "branches do",
        (false, Some(_)) => "the default branch does",
        (false, None) => "anything else known does",
    }
}

fn short_name(full: &str) -> &str {
    ["refs/heads/", "refs/tags/", "refs/"]
        .into_iter()
        .find_map(|prefix| full.strip_prefix(prefix))
        .unwrap_or(full)
}

fn brief(id: ObjectId) -> String {
    id.to_hex_with_len(10).to_string()
}

fn upper(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
