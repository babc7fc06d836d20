//! Rights that nobody should have any more: the lines of `access review`.
//!
//! `person` goes through the accounts with rights one by one, `shared` looks for names and keys of
//! several people, `owners` at who is to approve changes by CODEOWNERS.

mod owners;
mod person;
mod shared;

use std::collections::{BTreeMap, HashMap};

use super::audit::Audit;
use super::directory::{NameHash, People};
use super::report::{Draft, Kind, Report, SourceLine};
use super::rights::Facet;
use super::subject::Names;
use super::when::day;
use super::{Error, check, seen};
use crate::identity::Directory as _;
use crate::identity::email::Forge;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::resolve::resources_of;
use crate::model::IncompleteLog;
use crate::model::text::escape;
use crate::source::repository::Repository;
use crate::store::Store;

/// A repository that is looked at.
pub struct Given {
    /// The repository, open.
    pub repo: Repository,
    /// How messages name it, escaped.
    pub name: String,
    /// `host/owner/name`, if it is known.
    pub resource: Option<String>,
}

/// What a review looks at, and by which measure.
pub struct Review<'a> {
    /// The directory of people and the pushes that were recorded.
    pub store: &'a Store,
    /// Repositories whose history says who is active and whose CODEOWNERS are checked.
    pub repositories: &'a [Given],
    /// The organisation's forges.
    pub forges: &'a [Forge],
    /// Makes pseudonyms.
    pub pseudonyms: &'a PseudonymKey,
    /// Whether names are shown.
    pub reveal: bool,
    /// Audit logs that tell of the use of accounts and of rights to administer.
    pub audit: Option<&'a Audit>,
    /// Now, seconds since 1970-01-01 UTC.
    pub now: i64,
    /// How old a source's newest snapshot may be, seconds.
    pub stale_after: i64,
    /// After how many days without a sign of life a right is dormant.
    pub dormant_days: u32,
}

/// A review in the making.
struct Work<'a> {
    review: &'a Review<'a>,
    people: People,
    names: Names<'a>,
    seen: HashMap<NameHash, i64>,
    pushes: BTreeMap<String, i64>,
    report: Report,
    gaps: Gaps,
}

/// What could not be told, counted by source.
#[derive(Default)]
struct Gaps {
    no_use: BTreeMap<String, u64>,
    no_admin_use: BTreeMap<String, u64>,
    no_factor: BTreeMap<String, u64>,
    on_leave: u64,
    back: u64,
}

impl Review<'_> {
    /// Makes the review.
    pub fn run(&self) -> Result<Report, Error> {
        let states = self.store.sources()?;
        if states.is_empty() {
            return Err(nobody());
        }
        let sources =
            states.iter().map(|state| SourceLine::of(state, self.now, self.stale_after)).collect();
        let inside: Vec<Vec<String>> = self.repositories.iter().map(Given::inside).collect();
        let store = self.store;
        let people = People::read(|each| store.export(false, each), &inside, self.audit, self.now)?;
        if people.entries.is_empty() {
            return Err(nobody());
        }
        let log = IncompleteLog::default();
        let mut all: HashMap<NameHash, i64> = HashMap::new();
        for given in self.repositories {
            for (name, time) in seen::last(&given.repo, self.forges, self.now, &log) {
                let known = all.entry(name).or_insert(time);
                *known = time.max(*known);
            }
        }
        let names = Names {
            directory: self.store,
            key: self.pseudonyms,
            reveal: self.reveal,
            now: self.now,
        };
        let mut work = Work {
            review: self,
            people,
            names,
            seen: all,
            pushes: self.store.last_pushes()?,
            report: Report::new(Kind::Review, self.now, sources, self.reveal),
            gaps: Gaps::default(),
        };
        work.scope();
        for at in 0..u32::try_from(work.people.entries.len()).unwrap_or(u32::MAX) {
            work.person(at)?;
        }
        work.shared()?;
        work.teams();
        for given in self.repositories {
            work.owners(given, &log)?;
        }
        work.missing(&log);
        work.report.settle();
        Ok(work.report)
    }
}

fn nobody() -> Error {
    Error::Nothing(
        "the directory of people is empty, so there is nothing to review; fill it first: `leaktrace \
         identity sync` or `leaktrace identity import`"
            .to_owned(),
    )
}

impl Given {
    fn inside(&self) -> Vec<String> {
        self.resource.as_deref().map(resources_of).unwrap_or_default()
    }
}

impl Work<'_> {
    fn scope(&mut self) {
        let (people, sources) = (self.people.entries.len(), self.people.sources.len());
        self.report.scope.push(format!("{people} records of people in {sources} sources"));
        for (name, (from, to)) in self.review.audit.iter().flat_map(|audit| &audit.files) {
            let (from, to) = (day(*from), day(*to));
            self.report.scope.push(format!("audit log {name}, from {from} to {to}"));
        }
        for given in self.review.repositories {
            let id = match &given.resource {
                Some(id) if *id != given.name => format!(" ({})", escape(id.as_bytes())),
                _ => String::new(),
            };
            self.report.scope.push(format!("repository {}{id}", given.name));
            if given.resource.is_none() {
                self.report.missing.push(format!(
                    "{}: it has no remote at a forge, so nobody's rights on it are known; set \
                     `identity.repository`, or name it as PATH=HOST/OWNER/NAME",
                    given.name
                ));
            }
        }
    }

    fn add(&mut self, draft: Draft) {
        self.report.add(draft, self.review.pseudonyms);
    }

    fn resource(&self, number: u32) -> String {
        escape(self.people.resource(number).as_bytes())
    }

    /// Teams that may pass rules; their members are not listed one by one.
    fn teams(&mut self) {
        let mut drafts = Vec::new();
        for (source, team, rights, members) in self.people.teams() {
            let Some(sum) = rights.get(Facet::Bypass) else { continue };
            let team = escape(team.as_bytes());
            let many = if members == 1 { "person" } else { "people" };
            drafts.push(Draft {
                check: &check::BYPASS_ACTOR,
                severity: check::BYPASS_ACTOR.severity,
                subject: format!("team {team}"),
                key_of_subject: team,
                resource: sum.resources(|number| self.resource(number)),
                evidence: format!(
                    "The team, with {members} {many} in it, is on the list of those who may pass the \
                     rules of branches, as {source} states."
                ),
                sources: vec![source.to_owned()],
            });
        }
        for draft in drafts {
            self.add(draft);
        }
    }

    fn missing(&mut self, log: &IncompleteLog) {
        let missing = &mut self.report.missing;
        let days = self.review.dormant_days;
        for (source, count) in &self.gaps.no_use {
            missing.push(format!(
                "dormant-access: {source} does not state when {count} of its accounts with rights \
                 to push were last used, and no repository that was given tells; give the \
                 repositories, or import `last_used`"
            ));
        }
        for (source, count) in &self.gaps.no_admin_use {
            missing.push(format!(
                "unused-admin: {source} does not state when the rights of {count} of its \
                 administrators were last used; give the audit log with --audit, or import grants with `last_used`"
            ));
        }
        for (source, count) in &self.gaps.no_factor {
            missing.push(format!(
                "no-second-factor: {source} does not state it for {count} of its accounts with \
                 rights to push; forges tell it to owners of the organisation alone"
            ));
        }
        for (source, count) in &self.people.orphans {
            missing.push(format!(
                "{source} states rights of {count} people whom it does not name; they are not \
                 reviewed"
            ));
        }
        if self.gaps.on_leave > 0 {
            missing.push(format!(
                "dormant-access: {} people on leave are not listed, however long they were not seen",
                self.gaps.on_leave
            ));
        }
        if self.gaps.back > 0 {
            missing.push(format!(
                "former-access: {} people with an ended and a current record in one source are \
                 taken as having come back",
                self.gaps.back
            ));
        }
        for gap in log.entries() {
            missing.push(format!(
                "{} of the repositories not read ({}): people may have been seen there in the last \
                 {days} days",
                gap.count,
                gap.kind.as_str()
            ));
        }
    }
}

#[cfg(test)]
mod tests;
