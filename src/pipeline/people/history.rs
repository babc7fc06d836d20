//! What people did before, out of a repository's commits: read once for all cases of a scan.
//!
//! Author, time, zone and signature are read of every commit. What a commit changed and which key
//! signed it takes more, so that is found out for the commits of half a year before each event only,
//! those of the people concerned first, and for so many at most; keys also for as many older commits
//! of these people. What was not found out is missing from cases, and signals that need it say so.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;
use rayon::prelude::*;

use super::People;
use crate::identity::email::{self, Forge, Kind};
use crate::model::IncompleteLog;
use crate::model::text::escape;
use crate::provenance::signature::{Memory, check_commit};
use crate::risk::baseline::{Activity, FOLDERS, History};
use crate::source::changes;
use crate::source::history::commits::{Commit, headers};
use crate::source::history::store::Reader;
use crate::source::repository::Repository;

const DAY: i64 = 86_400;

/// How far back folders and volume are looked at, seconds.
const WINDOW: i64 = 180 * DAY;

/// Commits whose changes are looked at, at most.
const DETAILED: usize = 5_000;

/// Commits that are read, at most: newer ones first.
const COMMITS: usize = 2_000_000;

/// A commit as far as every baseline needs it.
struct Light {
    commit: Commit,
    author: String,
    zone: i32,
    signed: bool,
    by_web: bool,
    machine: bool,
}

/// An event that people are judged for.
pub struct Event {
    /// When, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Addresses of the people concerned, in their normal form.
    pub addresses: BTreeSet<String>,
}

/// Reads the history of `repo` for these events.
pub fn read(repo: &Repository, people: &People, events: &[Event]) -> History {
    let reader = Reader::of(&repo.git);
    let tips = repo.tips(&reader, &IncompleteLog::default());
    let tips: BTreeSet<ObjectId> = tips.iter().map(|tip| tip.id).collect();
    let mut ids: Vec<ObjectId> = Vec::new();
    if let Ok(walk) = repo.git.rev_walk(tips).all() {
        ids.extend(walk.take(COMMITS).flatten().map(|step| step.id));
    }
    let forges = &people.forges;
    let shared = repo.git.objects.store();
    let mut all: Vec<Light> = ids
        .par_iter()
        .map_init(
            || (Reader::new(&shared), Vec::new()),
            |(reader, buffer), id| {
                reader.read(id, buffer).ok()?;
                light(*id, buffer, forges)
            },
        )
        .flatten()
        .collect();
    all.sort_by_key(|one| (one.commit.time, one.commit.id));
    let detailed = detailed(&all, events);
    let older = older(&all, &detailed, events);
    let commits: Vec<Commit> = detailed.iter().map(|at| all[*at].commit.clone()).collect();
    // Gaps in old history were told by the scan already, or concern nothing that was scanned.
    let changes =
        changes::of_commits(&repo.git, &commits, &repo.shallow(), &IncompleteLog::default());
    let nobody = Memory::new();
    let signed: Vec<usize> = detailed.iter().chain(&older).copied().collect();
    let mut keys: BTreeMap<usize, String> = signed
        .par_iter()
        .map_init(
            || (Reader::new(&shared), Vec::new()),
            |(reader, buffer), at| {
                let one = &all[*at];
                reader.read(&one.commit.id, buffer).ok().filter(|_| one.signed)?;
                Some((*at, check_commit(buffer, one.commit.time, &nobody).fingerprint?))
            },
        )
        .flatten()
        .collect();
    let mut history = History::default();
    let mut details = detailed.iter().zip(changes).peekable();
    for (at, one) in all.iter().enumerate() {
        let person = history.person(&one.author);
        if one.machine {
            history.machine(person);
        }
        let mut activity = Activity {
            person,
            time: one.commit.time,
            zone: one.zone,
            signed: one.signed,
            merge: one.commit.parents.len() > 1,
            by_web: one.by_web,
            ..Activity::default()
        };
        activity.key = keys.remove(&at).map(|key| history.key(&key));
        if let Some((_, change)) = details.next_if(|(place, _)| **place == at) {
            activity.files = u32::try_from(change.added.len()).ok();
            let folders: BTreeSet<String> =
                change.added.iter().map(|added| folder_of(&added.path)).collect();
            activity.folders =
                folders.iter().take(FOLDERS).map(|name| history.folder(name)).collect();
            activity.folders.sort_unstable();
        }
        history.add(activity);
    }
    history.finish();
    history
}

/// Places of the commits to look at closely, in order: those of the people concerned before others,
/// newer ones before older ones.
fn detailed(all: &[Light], events: &[Event]) -> Vec<usize> {
    let mut chosen = BTreeSet::new();
    for own in [true, false] {
        for event in events {
            let start = all.partition_point(|one| one.commit.time < event.time - WINDOW);
            let end = all.partition_point(|one| one.commit.time < event.time);
            for at in (start..end).rev() {
                if chosen.len() >= DETAILED {
                    return chosen.into_iter().collect();
                }
                if event.addresses.contains(&all[at].author) == own {
                    chosen.insert(at);
                }
            }
        }
    }
    chosen.into_iter().collect()
}

/// Places of older signed commits of the people concerned, newer ones first: whoever comes back with
/// a key of a year ago has used it for long.
fn older(all: &[Light], detailed: &[usize], events: &[Event]) -> Vec<usize> {
    let mut until: BTreeMap<&str, i64> = BTreeMap::new();
    for event in events {
        for address in &event.addresses {
            let last = until.entry(address).or_insert(event.time);
            *last = event.time.max(*last);
        }
    }
    let theirs = |at: &usize| {
        let one = &all[*at];
        one.signed
            && until.get(one.author.as_str()).is_some_and(|last| one.commit.time < *last)
            && detailed.binary_search(at).is_err()
    };
    (0..all.len()).rev().filter(theirs).take(DETAILED).collect()
}

fn light(id: ObjectId, data: &[u8], forges: &[Forge]) -> Option<Light> {
    let commit = Commit::parse(id, data).ok()?;
    let find = |wanted: &[u8]| headers(data).find(|(name, _)| *name == wanted).map(|found| found.1);
    let author = gix::actor::SignatureRef::from_bytes(find(b"author")?).ok()?;
    let address = String::from_utf8_lossy(author.email);
    let committer = find(b"committer").and_then(|line| {
        Some(String::from_utf8_lossy(gix::actor::SignatureRef::from_bytes(line).ok()?.email))
    });
    let by_web = committer
        .is_some_and(|address| matches!(email::classify(&address, forges), Kind::WebFlow { .. }));
    let machine = matches!(email::classify(&address, forges), Kind::NoReply { bot: true, .. })
        || author.name.ends_with(b"[bot]");
    Some(Light {
        author: email::normal(&address),
        zone: author.time().map_or(0, |time| time.offset / 60),
        signed: headers(data).any(|(name, _)| name.starts_with(b"gpgsig")),
        commit,
        by_web,
        machine,
    })
}

/// The folder of a path, two levels deep, escaped; empty for files at the root.
pub fn folder_of(path: &[u8]) -> String {
    let parts: Vec<&[u8]> = path.split(|byte| *byte == b'/').collect();
    let folders = parts.len().saturating_sub(1).min(2);
    escape(&parts[..folders].join(&b'/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_two_levels_deep() {
        for (path, folder) in [("a", ""), ("a/b", "a"), ("a/b/c", "a/b"), ("a/b/c/d", "a/b")] {
            assert_eq!(folder_of(path.as_bytes()), folder);
        }
    }
}
