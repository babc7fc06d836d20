//! Puts pseudonyms in the place of names in what reports show of a finding's history.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use gix::ObjectId;

use super::commit::Reading;
use crate::identity::Error;
use crate::identity::actor::{Actor, ActorRole};
use crate::output::Reported;
use crate::provenance::{CommitInfo, Signature};

/// Replaces authors and committers by pseudonyms, in every finding.
pub fn names(reading: &Reading<'_>, findings: &mut [Reported]) -> Result<(), Error> {
    let mut known: BTreeMap<ObjectId, Vec<Actor>> = BTreeMap::new();
    for reported in findings {
        let Some(trace) = &mut reported.trace else { continue };
        for commit in [&mut trace.introduced, &mut trace.removed].into_iter().flatten() {
            let actors = match known.entry(commit.id) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    // A tag has nobody but its tagger, whom its own line names.
                    let subject = reading.subject(commit.id)?;
                    entry.insert(subject.map(|subject| subject.actors).unwrap_or_default())
                }
            };
            hide(commit, actors);
        }
    }
    Ok(())
}

fn hide(commit: &mut CommitInfo, actors: &[Actor]) {
    let of = |role: ActorRole| actors.iter().find(|actor| actor.role == role);
    let CommitInfo { author, committer, .. } = commit;
    for (who, role) in [(author, ActorRole::Author), (committer, ActorRole::Committer)] {
        *who = Signature {
            name: of(role)
                .map_or_else(|| "***".to_owned(), |actor| format!("person-{}", actor.pseudonym)),
            email: String::new(),
            ..*who
        };
    }
}
