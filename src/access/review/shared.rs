//! Names and keys that several people have.

use super::super::Error;
use super::super::check;
use super::super::report::Draft;
use super::super::rights::Facet;
use super::Work;
use crate::identity::{HandleKind, Status};
use crate::model::Severity;

/// People of one line that are named; the rest is counted.
const NAMED: usize = 5;

impl Work<'_> {
    /// Looks for names of several people of one source, and for keys of several people.
    pub(super) fn shared(&mut self) -> Result<(), Error> {
        let now = self.review.now;
        for shared in self.people.shared() {
            // Somebody who came back under a new number has an old record beside the new one.
            let here = |at: &u32| self.people.entry(*at).standing(now).0 < Status::Departed;
            let people: Vec<u32> = shared.people.iter().copied().filter(here).collect();
            if people.len() < 2 {
                continue;
            }
            let mut shown = Vec::new();
            let mut keys = Vec::new();
            let mut push = false;
            for at in &people {
                let (linked, _) = self.people.linked(*at);
                push |= linked.iter().any(|at| self.people.rights(*at).get(Facet::Write).is_some());
                // The record itself: the linked ones may be the same for all of them.
                let subject = self.names.of(&self.people, *at, &[*at])?;
                shown.push(subject.shown);
                keys.push(subject.pseudonym);
            }
            let mut sources: Vec<String> =
                people.iter().map(|at| self.people.source_of(*at).0.clone()).collect();
            sources.sort();
            sources.dedup();
            let by = sources.join(" and ");
            let count = people.len();
            let more =
                if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
            shown.truncate(NAMED);
            let key = shared.kind == HandleKind::SigningKey;
            let (check, what) = if key {
                (&check::SHARED_KEY, "One signing key stands for")
            } else {
                (&check::SHARED_ACCOUNT, "One address, login or account stands for")
            };
            let rights =
                if push { "at least one of them may push" } else { "none of them may push" };
            let evidence = format!(
                "{what} {count} people, by {by}; {rights}. What is done under it can be put down to \
                 none of them."
            );
            let draft = Draft {
                check,
                severity: if push { check.severity } else { Severity::Low },
                subject: format!("{}{more}", shown.join(", ")),
                key_of_subject: keys.join(" "),
                resource: by,
                evidence,
                sources,
            };
            self.add(draft);
        }
        Ok(())
    }
}
