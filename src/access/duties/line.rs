//! A branch's own history: what came in without a merge, and what was merged by whoever wrote it.
//!
//! Along the first parents of the branch stand the states that it had. A commit there that is no
//! merge, and that the forge's site did not make, came in by a push, or by a rebase or fast-forward,
//! which look the same. Reviews leave no trace in a history, so what it says of merges is weak.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::super::check;
use super::super::review::Given;
use super::super::seen::Who as Written;
use super::super::{Error, when::day};
use super::{Heap, Protection, Span, Work, short};
use crate::identity::email::{self, Kind};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog, Severity};
use crate::source::history::commits::{Commit, headers, message};
use crate::source::history::store::Reader;
use crate::source::selection;

/// Commits of one merge that are looked at, at most.
const MERGED: usize = 10_000;

/// Bytes of a message that are looked at.
const MESSAGE: usize = 64 << 10;

/// Trailers that name somebody else who had a part in a change.
const OTHERS: [&str; 6] =
    ["reviewed-by", "approved-by", "acked-by", "co-authored-by", "tested-by", "merged-by"];

/// What of a commit matters here.
struct Facts {
    author: Written,
    committer: Written,
    /// The forge's site says that it made the commit.
    by_web: bool,
    signed: bool,
    /// Addresses of others that the message names.
    others: Vec<String>,
}

/// The newest commit of a range, and all of it.
type Selected = (ObjectId, BTreeMap<ObjectId, Commit>);

/// A branch as it is looked at.
struct Branch {
    name: String,
    resource: String,
    protection: Protection,
    sources: Vec<String>,
}

impl Work<'_> {
    /// Looks at the history of the given repository.
    pub(super) fn line(&mut self, log: &IncompleteLog) -> Result<(), Error> {
        let Some(given) = self.duties.repository else { return Ok(()) };
        let reader = Reader::of(&given.repo.git);
        let Some(name) = self.default_branch(given)? else {
            let text = format!("{}: HEAD is on no branch, so none was looked at", given.name);
            self.report.missing.push(text);
            return Ok(());
        };
        let Some((tip, commits)) = self.selected(given, &reader, &name, log)? else {
            let text = format!("{}: it has no branch `{}`", given.name, escape(name.as_bytes()));
            self.report.missing.push(text);
            return Ok(());
        };
        let repository = given.resource.clone().unwrap_or_default();
        let protection = self.protection(&repository, &name)?;
        let sources = self.sources(&repository)?;
        let shown = escape(name.as_bytes());
        let resource = format!("{}@{shown}", given.name);
        let branch = Branch { name: shown, resource, protection, sources };
        self.walk(given, &reader, &branch, (tip, &commits), log)
    }

    /// The commits of the range, and the one that it leads to.
    fn selected(
        &mut self,
        given: &Given,
        reader: &Reader,
        branch: &str,
        log: &IncompleteLog,
    ) -> Result<Option<Selected>, Error> {
        let repo = &given.repo;
        let selection = match &self.duties.span {
            Span::Range(range) => {
                selection::range(repo, reader, &repo.tips(reader, log), range, log)?
            }
            Span::Since(time) => {
                let tips = repo.tips(reader, log);
                let named =
                    [format!("refs/heads/{branch}"), format!("refs/remotes/origin/{branch}")];
                let tip = named
                    .iter()
                    .find_map(|name| tips.iter().find(|tip| *tip.name == **name).map(|tip| tip.id));
                let Some(tip) = tip else { return Ok(None) };
                match before(reader, tip, *time) {
                    Some(base) => {
                        let range = format!("{base}..{tip}");
                        selection::range(repo, reader, &tips, &range, log)?
                    }
                    None => selection::branch(repo, reader, &tip.to_string(), log)?,
                }
            }
        };
        let what = match &self.duties.span {
            Span::Range(range) => escape(range.as_bytes()),
            Span::Since(time) => format!("since {}", day(*time)),
        };
        let count = selection.commits.len();
        self.report.scope.push(format!("{} {what}: {count} commits", given.name));
        let Some(head) = selection.heads.into_iter().next() else { return Ok(None) };
        let commits = selection.commits.into_iter().map(|commit| (commit.id, commit)).collect();
        Ok(Some((head.id, commits)))
    }

    fn walk(
        &mut self,
        given: &Given,
        reader: &Reader,
        branch: &Branch,
        (tip, commits): (ObjectId, &BTreeMap<ObjectId, Commit>),
        log: &IncompleteLog,
    ) -> Result<(), Error> {
        let mut line = Vec::new();
        let mut next = Some(tip);
        while let Some(commit) = next.and_then(|id| commits.get(&id)) {
            line.push(commit);
            next = commit.parents.first().copied();
        }
        // From old to new, so that what a merge brought is what none before it had.
        let mut brought: BTreeSet<ObjectId> = line.iter().map(|commit| commit.id).collect();
        let mut unknown = 0u64;
        for commit in line.iter().rev() {
            let Some(facts) = self.facts(reader, commit.id) else {
                log.add(IncompleteKind::MissingObject, format!("commit {}", commit.id));
                continue;
            };
            let id = commit.id.to_string();
            match commit.parents.as_slice() {
                [] => {}
                [_] => {
                    // What the site makes it signs, too; anybody can write its name.
                    if facts.by_web && facts.signed || self.explained.contains(&id) {
                        continue;
                    }
                    match branch.protection {
                        Protection::Yes(..) => self.direct(branch, &id, &facts)?,
                        Protection::No => {}
                        Protection::Unknown => unknown += 1,
                    }
                }
                [_, others @ ..] => {
                    let merged = merged(others, commits, &mut brought);
                    if !self.reviewed.contains(&id) && !self.explained.contains(&id) {
                        self.merge(reader, branch, (&id, &facts), &merged)?;
                    }
                }
            }
        }
        if unknown > 0 {
            self.report.missing.push(format!(
                "direct-push: no source states whether `{}` of {} is protected, so {unknown} commits \
                 that came in without a merge are not listed; let a source read the rules of branches",
                branch.name, given.name
            ));
        }
        if self.duties.records.is_empty() {
            self.report.missing.push(format!(
                "{}: pushes, forced pushes and rules passed by leave no trace in a history; give the \
                 forge's record with --activity",
                given.name
            ));
        }
        Ok(())
    }

    fn direct(&mut self, branch: &Branch, id: &str, facts: &Facts) -> Result<(), Error> {
        let Protection::Yes(by, _) = &branch.protection else { return Ok(()) };
        let who = self.who.written(
            &facts.committer.name,
            &facts.committer.email,
            facts.committer.time,
        )?;
        let mut sources = branch.sources.clone();
        sources.extend(who.sources.iter().cloned());
        let why = format!(
            "`{}` is protected by {by}. By the history alone, in which a rebase or fast-forward looks \
             the same; the forge's record of activity tells them apart.",
            branch.name
        );
        self.heap(Heap {
            check: &check::DIRECT_PUSH,
            severity: check::DIRECT_PUSH.severity,
            who,
            resource: branch.resource.clone(),
            changes: [(facts.committer.time, short(id))].into(),
            what: "committed and came in without a merge",
            why,
            sources,
        });
        Ok(())
    }

    /// A merge by the only person who wrote what it brought.
    fn merge(
        &mut self,
        reader: &Reader,
        branch: &Branch,
        (id, facts): (&str, &Facts),
        merged: &[ObjectId],
    ) -> Result<(), Error> {
        // On the forge's site the author of the merge is whoever pressed the button.
        let actor = if facts.by_web { &facts.author } else { &facts.committer };
        let who = self.who.written(&actor.name, &actor.email, actor.time)?;
        let mut alone = !merged.is_empty() && merged.len() < MERGED;
        let mut named: Vec<String> = facts.others.clone();
        for commit in merged {
            if !alone {
                break;
            }
            let Some(facts) = self.facts(reader, *commit) else { return Ok(()) };
            let author = &facts.author;
            let by = self.who.written(&author.name, &author.email, actor.time)?;
            alone &= by.pseudonym == who.pseudonym;
            named.extend(facts.others);
        }
        for address in named {
            let other = self.who.written(b"", &address, actor.time)?;
            alone &= other.pseudonym == who.pseudonym;
        }
        if !alone {
            return Ok(());
        }
        let rule = match &branch.protection {
            Protection::Yes(by, true) => {
                format!(" A rule asks for a review by {by}, so there may well have been one.")
            }
            _ => String::new(),
        };
        let mut sources = branch.sources.clone();
        sources.extend(who.sources.iter().cloned());
        self.heap(Heap {
            check: &check::SELF_MERGE,
            severity: Severity::Low,
            who,
            resource: branch.resource.clone(),
            changes: [(actor.time, short(id))].into(),
            what: "merged with nothing but the merger's own commits",
            why: format!("No review data: the history names nobody else.{rule}"),
            sources,
        });
        Ok(())
    }

    fn facts(&self, reader: &Reader, id: ObjectId) -> Option<Facts> {
        let mut data = Vec::new();
        reader.read(&id, &mut data).ok()?;
        let committer = Written::of(&data, b"committer");
        let kind = email::classify(&committer.email, self.duties.forges);
        let signed = headers(&data).any(|(name, _)| name.starts_with(b"gpgsig"));
        let text = message(&data);
        let text = text.get(..MESSAGE).unwrap_or(text);
        Some(Facts {
            author: Written::of(&data, b"author"),
            by_web: matches!(kind, Kind::WebFlow { .. }),
            others: others(&String::from_utf8_lossy(text)),
            committer,
            signed,
        })
    }
}

/// The newest commit along the first parents that is older than `time`.
fn before(reader: &Reader, tip: ObjectId, time: i64) -> Option<ObjectId> {
    let mut next = Some(tip);
    let mut data = Vec::new();
    while let Some(id) = next {
        reader.read(&id, &mut data).ok()?;
        let commit = Commit::parse(id, &data).ok()?;
        if commit.time < time {
            return Some(id);
        }
        next = commit.parents.first().copied();
    }
    None
}

/// What a merge brought that nothing before it had: the first [`MERGED`] of it.
fn merged(
    tips: &[ObjectId],
    commits: &BTreeMap<ObjectId, Commit>,
    brought: &mut BTreeSet<ObjectId>,
) -> Vec<ObjectId> {
    let mut open: Vec<ObjectId> = tips.to_vec();
    let mut found = Vec::new();
    while let Some(id) = open.pop() {
        let Some(commit) = commits.get(&id) else { continue };
        if brought.insert(id) {
            // A merge on the way brings nothing of its own.
            if commit.parents.len() < 2 && found.len() < MERGED {
                found.push(id);
            }
            open.extend(&commit.parents);
        }
    }
    found
}

/// Addresses in trailers that name others.
fn others(message: &str) -> Vec<String> {
    let mut found = Vec::new();
    for line in message.lines().rev().take(100) {
        let Some((key, value)) = line.split_once(':') else { continue };
        if !OTHERS.contains(&key.trim().to_lowercase().as_str()) {
            continue;
        }
        let address = value.rsplit_once('<').and_then(|(_, rest)| rest.split_once('>'));
        found.extend(address.map(|(address, _)| address.trim().to_owned()));
    }
    found
}
