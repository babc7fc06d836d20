//! When people were last seen in repositories: the newest commit by each name.

use std::collections::{BTreeSet, HashMap};

use gix::ObjectId;
use rayon::prelude::*;

use super::directory::{NameHash, hash};
use crate::identity::HandleKind;
use crate::identity::email::{self, Forge, Kind};
use crate::model::{IncompleteKind, IncompleteLog};
use crate::source::history::commits::headers;
use crate::source::history::store::Reader;
use crate::source::repository::Repository;

/// Commits of one repository that are read, at most: newer ones first.
const COMMITS: usize = 2_000_000;

/// A line that says who wrote or committed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Who {
    /// Name as written.
    pub name: Vec<u8>,
    /// Address as written.
    pub email: String,
    /// Seconds since 1970-01-01 UTC; 0 when it cannot be read.
    pub time: i64,
}

impl Who {
    /// Reads a header of a commit.
    pub fn of(data: &[u8], header: &[u8]) -> Who {
        let line = headers(data).find(|(name, _)| *name == header).map(|(_, line)| line);
        let Some(who) = line.and_then(|line| gix::actor::SignatureRef::from_bytes(line).ok())
        else {
            return Who::default();
        };
        Who {
            name: who.name.trim_ascii().to_vec(),
            email: String::from_utf8_lossy(who.email.trim_ascii()).into_owned(),
            time: who.seconds(),
        }
    }
}

/// The names that an address stands for.
pub(super) fn names(address: &str, forges: &[Forge]) -> Vec<(HandleKind, String, String)> {
    match email::classify(address, forges) {
        Kind::NoReply { host, id, login, .. } => {
            let id = id.map(|id| (HandleKind::Account, host.clone(), id));
            id.into_iter().chain([(HandleKind::Login, host, login)]).collect()
        }
        Kind::WebFlow { .. } => Vec::new(),
        _ => vec![(HandleKind::Email, String::new(), email::normal(address))],
    }
}

/// When each name was last seen in a repository, no later than `now`.
pub(super) fn last(
    repo: &Repository,
    forges: &[Forge],
    now: i64,
    log: &IncompleteLog,
) -> HashMap<NameHash, i64> {
    let reader = Reader::of(&repo.git);
    let tips: BTreeSet<ObjectId> = repo.tips(&reader, log).iter().map(|tip| tip.id).collect();
    let mut ids: Vec<ObjectId> = Vec::new();
    match repo.git.rev_walk(tips).all() {
        Ok(walk) => {
            for step in walk.take(COMMITS) {
                match step {
                    Ok(step) => ids.push(step.id),
                    Err(_) => log.add(IncompleteKind::MissingObject, "a commit of the history"),
                }
            }
        }
        Err(_) => log.add(IncompleteKind::MissingObject, "the history"),
    }
    let shared = repo.git.objects.store();
    let found: Vec<[(String, i64); 2]> = ids
        .par_iter()
        .map_init(
            || (Reader::new(&shared), Vec::new()),
            |(reader, buffer), id| {
                reader.read(id, buffer).ok()?;
                let who = |header: &[u8]| {
                    let who = Who::of(buffer, header);
                    (who.email, who.time)
                };
                Some([who(b"author"), who(b"committer")])
            },
        )
        .flatten()
        .collect();
    // An address is classified once, however many commits it has.
    let mut newest: HashMap<String, i64> = HashMap::new();
    for (address, time) in found.into_iter().flatten() {
        // A clock that is wrong makes nobody seen tomorrow.
        let time = time.min(now);
        let known = newest.entry(address).or_insert(time);
        *known = time.max(*known);
    }
    let mut seen = HashMap::new();
    for (address, time) in newest {
        for (kind, realm, value) in names(&address, forges) {
            let known = seen.entry(hash(kind, &realm, &value)).or_insert(time);
            *known = time.max(*known);
        }
    }
    seen
}
