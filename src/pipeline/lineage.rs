//! Of everything in an object store, what the history of one commit brought in: what code scanning
//! is to know of a branch, while the store holds other branches, too.

use std::collections::HashSet;

use gix::ObjectId;

use super::assemble::Assembled;
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};
use crate::output::Reported;
use crate::source::repository::Repository;

impl Assembled {
    /// Drops what no commit that `tip` leads to brought in. Where that history cannot be walked
    /// everything stays, and the gap is recorded.
    pub fn keep_history_of(&mut self, repo: &Repository, tip: ObjectId, log: &IncompleteLog) {
        let commits = match history(repo, tip) {
            Ok(commits) => commits,
            Err(reason) => {
                let reason = escape(reason.as_bytes());
                log.add(IncompleteKind::MissingObject, format!("history of {tip}: {reason}"));
                return;
            }
        };
        self.findings.retain(|one| belongs(one, &commits));
        self.suppressed.retain(|one| belongs(one, &commits));
    }
}

fn history(repo: &Repository, tip: ObjectId) -> Result<HashSet<ObjectId>, String> {
    let walk = repo.git.rev_walk([tip]).all().map_err(|error| error.to_string())?;
    walk.map(|step| step.map(|step| step.id).map_err(|error| error.to_string())).collect()
}

fn belongs(one: &Reported, commits: &HashSet<ObjectId>) -> bool {
    let trace = one.trace.iter();
    let brought = trace.flat_map(|trace| {
        trace.introduced.iter().map(|commit| &commit.id).chain(&trace.reintroduced)
    });
    brought
        .chain(one.places.iter().filter_map(|place| place.commit.as_ref()))
        .any(|id| commits.contains(id))
}
