//! Commits that no remote has, made again without a value.
//!
//! Only files and messages that hold the value change; authors, dates, other headers, merges and
//! everything else stay byte for byte. What was there before is kept under a reference of its own.
//! Pushed commits are never touched: others may have them already.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use gix::objs::Write as _;

use super::git::{Entry as Staged, Git};
use super::objects::{self, Commit};
use super::{Error, holds};
use crate::model::text::escape;
use crate::source::repository::Repository;

/// Most commits that are looked at.
const COMMITS: usize = 10_000;
/// Largest file that is looked into, bytes.
const LARGEST: u64 = 64 << 20;
/// Shortest value that is replaced wherever it stands, bytes: a shorter one could be a part of other
/// text.
const SHORTEST: usize = 8;
/// Deepest folder.
const DEPTH: usize = 256;
/// Where the commits as they were are kept.
pub const BACKUP: &str = "refs/leaktrace/backup";

/// How the content of a file at a path becomes one without the value. What still has the value
/// afterwards loses it.
pub type Edit<'a> = &'a dyn Fn(&[u8], &[u8]) -> Vec<u8>;

/// What is to be rewritten.
#[derive(Debug)]
pub struct Plan {
    /// Full name of the branch.
    pub branch: String,
    /// Its commit now.
    pub old: ObjectId,
    /// Commits to rewrite, parents before children.
    pub commits: Vec<ObjectId>,
    /// How many of them have the value; the others come after one that has.
    pub holding: usize,
    /// Files that have it.
    blobs: BTreeSet<ObjectId>,
    /// Trees that no remote has.
    trees: BTreeSet<ObjectId>,
}

/// What was done.
#[derive(Debug)]
pub struct Done {
    /// The branch's commit now.
    pub new: ObjectId,
    /// The reference that keeps the commits as they were.
    pub backup: String,
}

/// The repository with git beside it.
pub struct Rewriter<'a> {
    /// The repository.
    pub repository: &'a Repository,
    /// git in its working tree.
    pub git: &'a Git,
    /// What must go.
    pub value: &'a [u8],
}

impl Plan {
    /// Whether a staged file is one that has the value.
    pub fn changes(&self, file: &ObjectId) -> bool {
        self.blobs.contains(file)
    }
}

impl Rewriter<'_> {
    /// What to rewrite; none where no commit that only this machine has holds the value.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] with what to do instead, where a rewrite would lose something or could not
    /// be whole.
    pub fn plan(&self) -> Result<Option<Plan>, Error> {
        if self.value.len() < SHORTEST {
            return refused("it is so short that other text may have it, too: git rebase -i");
        }
        let Some(branch) = self.git.line(&["symbolic-ref", "--quiet", "HEAD"])? else {
            return refused("HEAD is on no branch: git switch -c NAME, then again");
        };
        let head = self.git.line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
        let Some(old) = head.and_then(|hex| ObjectId::from_hex(hex.as_bytes()).ok()) else {
            return Ok(None);
        };
        if !self.git.run(&["remote"], b"")?.is_empty()
            && self.git.run(&["for-each-ref", "--count=1", "refs/remotes"], b"")?.is_empty()
        {
            return refused("nothing is known of what the remote has: git fetch, then again");
        }
        let all =
            self.ids(&["rev-list", "--topo-order", "--reverse", "HEAD", "--not", "--remotes"])?;
        if all.len() > COMMITS {
            return refused("no remote has more than 10,000 of the commits: push or rebase first");
        }
        let (blobs, trees) = self.holding_blobs()?;
        let mut memo = BTreeMap::new();
        let mut rewritten = BTreeSet::new();
        let mut plan = Plan { branch, old, commits: Vec::new(), holding: 0, blobs, trees };
        let mut first = Vec::new();
        for id in all {
            let raw = self.object(id)?;
            let commit = Commit::parse(&raw).ok_or_else(|| damaged(id))?;
            let holds =
                commit.says(self.value) || self.tree_holds(commit.tree, &plan, &mut memo, 0)?;
            let after = commit.parents.iter().any(|parent| rewritten.contains(parent));
            if commit.names(self.value) {
                return refused(&format!("it stands in a name or signature of commit {id}"));
            }
            if !holds && !after {
                continue;
            }
            if commit.signed {
                return refused(&format!(
                    "commit {} is signed, and another would not be: git rebase -i --gpg-sign, and \
                     take it out there",
                    id.to_hex_with_len(10)
                ));
            }
            if !after {
                first.push(id);
            }
            plan.holding += usize::from(holds);
            rewritten.insert(id);
            plan.commits.push(id);
        }
        if plan.commits.is_empty() {
            return Ok(None);
        }
        self.nothing_in_progress()?;
        self.nobody_else(&plan, &first)?;
        Ok(Some(plan))
    }

    /// Makes the commits, points the branch to the last one, and brings the index along. The files
    /// of the working tree are left as they are.
    pub fn carry_out(&self, plan: &Plan, edit: Edit<'_>) -> Result<Done, Error> {
        let mut blobs = BTreeMap::new();
        let mut trees = BTreeMap::new();
        let mut commits: BTreeMap<ObjectId, ObjectId> = BTreeMap::new();
        for id in &plan.commits {
            let raw = self.object(*id)?;
            let commit = Commit::parse(&raw).ok_or_else(|| damaged(*id))?;
            let mut made = Made { plan, edit, blobs: &mut blobs, trees: &mut trees };
            let tree = self.tree(commit.tree, &mut made, &mut Vec::new())?;
            let parent = |id: &ObjectId| commits.get(id).copied().unwrap_or(*id);
            let new =
                self.store(gix::objs::Kind::Commit, &commit.with(tree, parent, self.value))?;
            commits.insert(*id, new);
        }
        let new = commits.get(&plan.old).copied().ok_or_else(|| damaged(plan.old))?;
        // The index first: until the branch follows, it only stages that the value goes.
        let entries = self.git.index()?.into_iter().filter_map(|entry| {
            let id = *blobs.get(&entry.id)?;
            Some(Staged { id, ..entry })
        });
        self.git.stage(&entries.collect::<Vec<_>>())?;
        let backup = format!("{BACKUP}/{}", plan.old.to_hex_with_len(16));
        let lines = format!(
            "start\nupdate {backup} {}\nupdate {} {new} {}\ncommit\n",
            plan.old, plan.branch, plan.old
        );
        let why = "leaktrace fix: take a credential out";
        self.git.run(&["update-ref", "--create-reflog", "-m", why, "--stdin"], lines.as_bytes())?;
        Ok(Done { new, backup })
    }

    /// Of the objects that no remote has, files with the value, and all folders.
    fn holding_blobs(&self) -> Result<(BTreeSet<ObjectId>, BTreeSet<ObjectId>), Error> {
        let mut blobs = BTreeSet::new();
        let mut trees = BTreeSet::new();
        for id in self.ids(&["rev-list", "--objects", "HEAD", "--not", "--remotes"])? {
            let header = self.repository.git.find_header(id).map_err(|_| damaged(id))?;
            match header.kind() {
                gix::objs::Kind::Tree => {
                    trees.insert(id);
                }
                gix::objs::Kind::Blob if header.size() > LARGEST => {
                    return refused(&format!("file {id} in it is larger than 64 MiB"));
                }
                gix::objs::Kind::Blob if holds(&self.object(id)?, self.value) => {
                    blobs.insert(id);
                }
                _ => {}
            }
        }
        Ok((blobs, trees))
    }

    /// Whether a file in a tree has the value.
    fn tree_holds(
        &self,
        id: ObjectId,
        plan: &Plan,
        memo: &mut BTreeMap<ObjectId, bool>,
        depth: usize,
    ) -> Result<bool, Error> {
        if !plan.trees.contains(&id) {
            return Ok(false);
        }
        if let Some(known) = memo.get(&id) {
            return Ok(*known);
        }
        if depth > DEPTH {
            return refused("folders lie deeper than 256 in each other");
        }
        let raw = self.object(id)?;
        let mut found = false;
        for entry in objects::entries(&raw, id.kind()).ok_or_else(|| damaged(id))? {
            if holds(entry.name, self.value) {
                return refused("it stands in the name of a file: git filter-repo --path-rename");
            }
            if plan.blobs.contains(&entry.id) {
                if !entry.is_file() {
                    return refused("it stands in what a symbolic link leads to");
                }
                found = true;
            } else if entry.is_tree() {
                found |= self.tree_holds(entry.id, plan, memo, depth + 1)?;
            }
        }
        memo.insert(id, found);
        Ok(found)
    }

    /// Stores a tree without the value; the same id where nothing in it has it.
    fn tree(
        &self,
        id: ObjectId,
        made: &mut Made<'_>,
        path: &mut Vec<u8>,
    ) -> Result<ObjectId, Error> {
        if !made.plan.trees.contains(&id) {
            return Ok(id);
        }
        if let Some(known) = made.trees.get(&id) {
            return Ok(*known);
        }
        let raw = self.object(id)?;
        let mut new = Vec::with_capacity(raw.len());
        for entry in objects::entries(&raw, id.kind()).ok_or_else(|| damaged(id))? {
            let length = path.len();
            if length > 0 {
                path.push(b'/');
            }
            path.extend(entry.name);
            let target = if made.plan.blobs.contains(&entry.id) {
                self.blob(entry.id, made, path)?
            } else if entry.is_tree() {
                self.tree(entry.id, made, path)?
            } else {
                entry.id
            };
            path.truncate(length);
            objects::push(&mut new, &entry, &target);
        }
        let stored = if new == *raw { id } else { self.store(gix::objs::Kind::Tree, &new)? };
        made.trees.insert(id, stored);
        Ok(stored)
    }

    fn blob(&self, id: ObjectId, made: &mut Made<'_>, path: &[u8]) -> Result<ObjectId, Error> {
        if let Some(known) = made.blobs.get(&id) {
            return Ok(*known);
        }
        let edited = (made.edit)(path, &self.object(id)?);
        let clean = objects::without(&edited, self.value);
        let stored = self.store(gix::objs::Kind::Blob, &clean)?;
        made.blobs.insert(id, stored);
        Ok(stored)
    }

    /// Refuses while git is in the middle of something.
    fn nothing_in_progress(&self) -> Result<(), Error> {
        let folder = self.repository.git.git_dir();
        let begun = [
            ("MERGE_HEAD", "a merge"),
            ("rebase-merge", "a rebase"),
            ("rebase-apply", "a rebase"),
            ("CHERRY_PICK_HEAD", "a cherry-pick"),
            ("REVERT_HEAD", "a revert"),
            ("BISECT_LOG", "a bisection"),
        ];
        match begun.into_iter().find(|(name, _)| folder.join(name).exists()) {
            Some((_, what)) => refused(&format!("{what} has begun: finish it, then again")),
            None => Ok(()),
        }
    }

    /// Refuses where other references would keep the commits as they were.
    fn nobody_else(&self, plan: &Plan, first: &[ObjectId]) -> Result<(), Error> {
        for id in first.iter().take(100) {
            let others = self.git.with(*id, None)?;
            let mut others =
                others.iter().filter(|name| **name != plan.branch && !name.starts_with(BACKUP));
            if let Some(name) = others.next() {
                return refused(&format!(
                    "{} has these commits, too: delete it or rebase it afterwards, else it brings \
                     them back. Then again",
                    escape(name.as_bytes())
                ));
            }
        }
        Ok(())
    }

    fn ids(&self, arguments: &[&str]) -> Result<Vec<ObjectId>, Error> {
        let listed = self.git.run(arguments, b"")?;
        let id = |line: &[u8]| {
            // `--objects` puts paths behind ids.
            let hex = line.split(|byte| *byte == b' ').next()?;
            ObjectId::from_hex(hex).ok()
        };
        Ok(listed.split(|byte| *byte == b'\n').filter_map(id).collect())
    }

    fn object(&self, id: ObjectId) -> Result<Vec<u8>, Error> {
        let found = self.repository.git.find_object(id).map_err(|_| damaged(id))?;
        Ok(found.detach().data)
    }

    fn store(&self, kind: gix::objs::Kind, content: &[u8]) -> Result<ObjectId, Error> {
        self.repository.git.objects.write_buf(kind, content).map_err(|error| Error::Git {
            command: "hash-object".to_owned(),
            message: escape(error.to_string().as_bytes()),
        })
    }
}

/// What was stored so far.
struct Made<'a> {
    plan: &'a Plan,
    edit: Edit<'a>,
    blobs: &'a mut BTreeMap<ObjectId, ObjectId>,
    trees: &'a mut BTreeMap<ObjectId, ObjectId>,
}

fn refused<T>(why: &str) -> Result<T, Error> {
    Err(Error::Refused(why.to_owned()))
}

fn damaged(id: ObjectId) -> Error {
    Error::Git { command: "cat-file".to_owned(), message: format!("{id} cannot be read") }
}
