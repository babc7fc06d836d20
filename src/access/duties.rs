//! Who did what alone: changes that came in without a second person, over a range of history.
//!
//! `line` reads the branch's own history, which says who wrote and who merged, and knows nothing of
//! reviews; `recorded` reads what a forge recorded (payloads of events, its list of activity, its rule
//! suites), which does; `record` has the form of those, `who` names people. Where both say something
//! of a change, the forge's word counts.

mod line;
mod recorded;
#[cfg(test)]
mod tests;
mod who;

use std::collections::{BTreeMap, BTreeSet};

use super::Error;
use super::check::Check;
use super::report::{Draft, Kind, Report, SourceLine};
use super::review::Given;
use super::when::day;
use crate::identity::email::Forge;
use crate::identity::event::PushEvent;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{Directory as _, Found, Moment, Resource};
use crate::model::text::escape;
use crate::model::{IncompleteLog, Severity};
use crate::store::Store;

use crate::identity::event::activity::Record;
use who::{Somebody, Who};

/// Changes that one line names; the rest is counted.
const NAMED: usize = 5;

/// Over which part of a history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Span {
    /// `A..B`.
    Range(String),
    /// Since a time, seconds since 1970-01-01 UTC, on the default branch.
    Since(i64),
}

/// What is looked at, and by which measure.
pub struct Duties<'a> {
    /// The directory of people.
    pub store: &'a Store,
    /// The repository whose history is looked at.
    pub repository: Option<&'a Given>,
    /// Over which part of it.
    pub span: Span,
    /// Events that a forge sent.
    pub events: &'a [PushEvent],
    /// What a forge recorded of the repository.
    pub records: &'a [Record],
    /// The organisation's forges.
    pub forges: &'a [Forge],
    /// Makes pseudonyms.
    pub pseudonyms: &'a PseudonymKey,
    /// Whether names are shown.
    pub reveal: bool,
    /// Now, seconds since 1970-01-01 UTC.
    pub now: i64,
    /// How old a source's newest snapshot may be, seconds.
    pub stale_after: i64,
}

/// Whether rules protect a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Protection {
    /// So says this source, in words; and whether a review is asked for.
    Yes(String, bool),
    /// A source knows the repository and no rule for the branch.
    No,
    /// No source says.
    Unknown,
}

/// Changes of one kind by one person, that become one line.
#[derive(Debug)]
struct Heap {
    check: &'static Check,
    severity: Severity,
    who: Somebody,
    resource: String,
    /// Time and name of each change.
    changes: BTreeSet<(i64, String)>,
    /// What there is to say about them, after their number.
    what: &'static str,
    /// What it rests on.
    why: String,
    sources: Vec<String>,
}

/// The work on one report.
struct Work<'a> {
    duties: &'a Duties<'a>,
    who: Who<'a>,
    report: Report,
    heaps: BTreeMap<(&'static str, String, String, String), Heap>,
    /// Commits of which the forge said how they came in.
    explained: BTreeSet<String>,
    /// Merge commits of which the forge said who reviewed.
    reviewed: BTreeSet<String>,
    resources: BTreeMap<String, Vec<Found<Resource>>>,
}

impl Duties<'_> {
    /// Makes the report.
    pub fn run(&self) -> Result<Report, Error> {
        if self.repository.is_none() && self.events.is_empty() && self.records.is_empty() {
            return Err(Error::Nothing(
                "there is neither a repository nor a record to look at".to_owned(),
            ));
        }
        let states = self.store.sources()?;
        let sources =
            states.iter().map(|state| SourceLine::of(state, self.now, self.stale_after)).collect();
        let mut work = Work {
            duties: self,
            who: Who::new(self),
            report: Report::new(Kind::Duties, self.now, sources, self.reveal),
            heaps: BTreeMap::new(),
            explained: BTreeSet::new(),
            reviewed: BTreeSet::new(),
            resources: BTreeMap::new(),
        };
        if states.is_empty() {
            work.report.missing.push(
                "the directory of people is empty: nobody is known, nor which branches are protected"
                    .to_owned(),
            );
        }
        let log = IncompleteLog::default();
        work.records()?;
        work.events()?;
        work.line(&log)?;
        for gap in log.entries() {
            let text = format!("{} not read ({})", gap.count, gap.kind.as_str());
            work.report.missing.push(text);
        }
        work.pour();
        work.report.settle();
        Ok(work.report)
    }
}

impl Work<'_> {
    /// What the directory says of a branch of a repository.
    fn protection(&mut self, repository: &str, branch: &str) -> Result<Protection, Error> {
        let mut answer = Protection::Unknown;
        for found in self.resource(repository)? {
            let rules = &found.value;
            let is_default = rules.default_branch.as_deref() == Some(branch);
            let named = rules.protected.iter().any(|pattern| matches(pattern, branch, is_default));
            let review = rules.review_required == Some(true) && is_default;
            if named || review {
                let by = format!("{} as of {}", escape(found.source.as_bytes()), day(found.as_of));
                return Ok(Protection::Yes(by, review));
            }
            // Where rules could not be read in full, none is no answer.
            if rules.review_required.is_some() || !rules.protected.is_empty() {
                answer = Protection::No;
            }
        }
        Ok(answer)
    }

    /// The sources that state something of a repository.
    fn sources(&mut self, repository: &str) -> Result<Vec<String>, Error> {
        Ok(self.resource(repository)?.iter().map(|found| found.source.clone()).collect())
    }

    fn resource(&mut self, repository: &str) -> Result<Vec<Found<Resource>>, Error> {
        if let Some(known) = self.resources.get(repository) {
            return Ok(known.clone());
        }
        let found = self.duties.store.resource(repository, Moment::at(self.duties.now))?;
        self.resources.insert(repository.to_owned(), found.clone());
        Ok(found)
    }

    /// The default branch, as the directory or else HEAD has it.
    fn default_branch(&mut self, given: &Given) -> Result<Option<String>, Error> {
        if let Some(id) = &given.resource {
            let stated = self.resource(id)?;
            if let Some(name) = stated.iter().find_map(|found| found.value.default_branch.clone()) {
                return Ok(Some(name));
            }
        }
        Ok(given.repo.branch())
    }

    /// Puts a change to those of the same kind by the same person.
    fn heap(&mut self, heap: Heap) {
        let key =
            (heap.check.id, heap.who.pseudonym.clone(), heap.resource.clone(), heap.why.clone());
        match self.heaps.get_mut(&key) {
            Some(known) => {
                known.severity = known.severity.max(heap.severity);
                known.changes.extend(heap.changes);
            }
            None => {
                self.heaps.insert(key, heap);
            }
        }
    }

    /// Makes the lines.
    fn pour(&mut self) {
        for (_, heap) in std::mem::take(&mut self.heaps) {
            let count = heap.changes.len();
            let newest: Vec<String> = heap
                .changes
                .iter()
                .rev()
                .take(NAMED)
                .map(|(time, name)| format!("{name} on {}", day(*time)))
                .collect();
            let more = if count > NAMED {
                format!(" and {} before", count - NAMED)
            } else {
                String::new()
            };
            let evidence =
                format!("{count} {}: {}{more}. {}", heap.what, newest.join(", "), heap.why);
            let mut severity = heap.severity;
            if heap.who.machine {
                // Programs do what they are set up to do; who set them up is for the review.
                severity = Severity::Low;
            }
            let draft = Draft {
                check: heap.check,
                severity,
                subject: heap.who.shown,
                key_of_subject: format!("{}\n{}", heap.who.pseudonym, heap.why),
                resource: heap.resource,
                evidence,
                sources: heap.sources,
            };
            self.report.add(draft, self.duties.pseudonyms);
        }
    }
}

/// Whether a pattern of protected branches is for `branch`. `*` stays between slashes, unless it
/// stands alone.
fn matches(pattern: &str, branch: &str, is_default: bool) -> bool {
    let pattern = pattern.strip_prefix("refs/heads/").unwrap_or(pattern);
    if pattern == branch || pattern == "*" || pattern == "~DEFAULT_BRANCH" && is_default {
        return true;
    }
    let glob = globset::GlobBuilder::new(pattern).literal_separator(true).build();
    glob.is_ok_and(|glob| glob.compile_matcher().is_match(branch))
}

/// The short name of a branch; none of what is no branch.
fn branch_of(reference: &str) -> Option<&str> {
    match reference.strip_prefix("refs/") {
        Some(rest) => rest.strip_prefix("heads/"),
        None => Some(reference),
    }
}

/// The first digits of an object's id.
fn short(id: &str) -> String {
    escape(id.get(..12).unwrap_or(id).as_bytes())
}
