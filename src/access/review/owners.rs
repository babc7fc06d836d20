//! CODEOWNERS entries that point at nobody: who they name, and whether these are there and may push.
//!
//! The file is that of HEAD. It says nothing of who people are; the directory does.

use std::collections::BTreeMap;

use super::super::Error;
use super::super::check::{self, Check};
use super::super::directory::hash;
use super::super::report::Draft;
use super::super::rights::{Facet, Sum};
use super::super::when::{day, last_day};
use super::{Given, Work};
use crate::identity::codeowners::{CodeOwners, CodeOwnersKind, Entry, MAX_BYTES, Owner};
use crate::identity::email::{self, ForgeKind};
use crate::identity::{Authority, HandleKind, Status};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog, Severity};
use crate::source::snapshot::Snapshot;

/// Lines that are named for one owner; the rest is counted.
const NAMED: usize = 5;

/// A repository's file.
struct File<'a> {
    given: &'a Given,
    path: &'static str,
    host: String,
}

impl Work<'_> {
    /// Looks at the CODEOWNERS of a repository's HEAD.
    pub(super) fn owners(&mut self, given: &Given, log: &IncompleteLog) -> Result<(), Error> {
        let host = given.resource.as_deref().and_then(|id| id.split('/').next());
        let host = host.unwrap_or_default().to_owned();
        let kind = match self.review.forges.iter().find(|forge| forge.host == host) {
            Some(forge) if forge.kind == ForgeKind::Gitlab => CodeOwnersKind::Gitlab,
            _ => CodeOwnersKind::Github,
        };
        let Some((path, owners)) = read(given, kind, log) else { return Ok(()) };
        self.report.scope.push(format!("{path} of {}", given.name));
        let file = File { given, path, host };
        for fault in owners.faults() {
            let draft = Draft {
                check: &check::CODEOWNERS_FAULT,
                severity: check::CODEOWNERS_FAULT.severity,
                subject: format!("{path}:{}", fault.line),
                key_of_subject: fault.line.to_string(),
                resource: given.name.clone(),
                evidence: format!(
                    "Line {} is skipped or read otherwise: {}.",
                    fault.line, fault.why
                ),
                sources: Vec::new(),
            };
            self.add(draft);
        }
        if !self.people.realms.contains(&file.host) {
            self.report.missing.push(format!(
                "codeowners: no source states accounts of `{}`, so owners in {} were not looked up",
                escape(file.host.as_bytes()),
                given.name
            ));
            return Ok(());
        }
        let mut by_owner: BTreeMap<Owner, Vec<Entry>> = BTreeMap::new();
        for entry in owners.entries() {
            for owner in &entry.owners {
                by_owner.entry(owner.clone()).or_default().push(entry.clone());
            }
        }
        for (owner, entries) in by_owner {
            self.owner(&file, &owner, &entries)?;
        }
        Ok(())
    }

    fn owner(&mut self, file: &File<'_>, owner: &Owner, entries: &[Entry]) -> Result<(), Error> {
        match owner {
            Owner::Role(_) => Ok(()),
            Owner::Team(name) => {
                self.team_owner(file, name, entries, true);
                Ok(())
            }
            Owner::Account(name) => {
                let found = self.find(HandleKind::Login, &file.host, name);
                if found.is_empty() && self.team_owner(file, name, entries, false) {
                    return Ok(());
                }
                self.person_owner(file, name, &found, entries)
            }
            Owner::Email(address) => {
                let found = self.find(HandleKind::Email, "", &email::normal(address));
                self.person_owner(file, address, &found, entries)
            }
        }
    }

    fn find(&self, kind: HandleKind, realm: &str, value: &str) -> Vec<u32> {
        self.people.by_name(hash(kind, realm, value)).collect()
    }

    fn person_owner(
        &mut self,
        file: &File<'_>,
        called: &str,
        found: &[u32],
        entries: &[Entry],
    ) -> Result<(), Error> {
        let Some(at) = found.first().copied() else {
            let subject = self.names.unknown(called).shown;
            let sources = self.forges();
            let why = "nobody in the directory goes by this name".to_owned();
            self.owner_line(&check::CODEOWNERS_NOBODY, file, (subject, entries), &why, sources);
            return Ok(());
        };
        let (mut linked, mut others) = self.people.linked(at);
        let subject = self.names.of(&self.people, at, &linked)?.shown;
        linked.append(&mut others);
        let sources: Vec<String> =
            linked.iter().map(|at| self.people.source_of(*at).0.clone()).collect();
        let now = self.review.now;
        let gone =
            linked.iter().find(|at| self.people.entry(**at).standing(now).0 == Status::Departed);
        let back = linked.iter().any(|at| {
            let entry = self.people.entry(*at);
            gone.is_some_and(|gone| self.people.entry(*gone).source == entry.source)
                && entry.standing(now).0 < Status::Departed
        });
        if let Some(at) = gone.filter(|_| !back) {
            let entry = self.people.entry(*at);
            let since = entry.standing(now).1;
            let when = match entry.end {
                Some(_) => format!("last day {}", last_day(since)),
                None => format!("known since {}", day(since)),
            };
            let why = format!("departed, {when} by {}", self.people.source_of(*at).0);
            self.owner_line(&check::CODEOWNERS_FORMER, file, (subject, entries), &why, sources);
            return Ok(());
        }
        // Rights on this repository count; where it is not known, none can be missed.
        let bit = self.bit(file.given);
        let covers = |sum: &Sum| sum.covers & bit != 0;
        let may =
            linked.iter().any(|at| self.people.rights(*at).get(Facet::Write).is_some_and(covers));
        if !may && bit != 0 {
            let why = "no source states a right to push here".to_owned();
            self.owner_line(&check::CODEOWNERS_NO_WRITE, file, (subject, entries), &why, sources);
        }
        Ok(())
    }

    /// Whether there is such a team, or, where it must be one, what is wrong with it.
    fn team_owner(&mut self, file: &File<'_>, name: &str, entries: &[Entry], must: bool) -> bool {
        let full = format!("{}/{name}", file.host);
        let subject = format!("team {}", escape(name.as_bytes()));
        if !self.people.team_realms.contains(&file.host) {
            if must {
                self.report.missing.push(format!(
                    "codeowners: no source states teams of `{}`, so teams in {} were not looked up",
                    escape(file.host.as_bytes()),
                    file.given.name
                ));
            }
            return must;
        }
        let bit = self.bit(file.given);
        let Some((source, rights, members)) = self.people.team(&full) else {
            if must {
                let sources = self.forges();
                let why = "the directory knows no such team".to_owned();
                self.owner_line(&check::CODEOWNERS_NOBODY, file, (subject, entries), &why, sources);
            }
            return must;
        };
        let sources = vec![source.to_owned()];
        let covers = |sum: &Sum| sum.covers & bit != 0;
        let may = rights.and_then(|rights| rights.get(Facet::Write)).is_some_and(covers);
        let gitlab = self
            .review
            .forges
            .iter()
            .any(|forge| forge.host == file.host && forge.kind == ForgeKind::Gitlab);
        if members == 0 {
            let why = format!("nobody is in the team by {source}");
            self.owner_line(&check::CODEOWNERS_EMPTY_TEAM, file, (subject, entries), &why, sources);
        } else if !may && bit != 0 && !gitlab {
            // GitLab's groups have no right of their own: their members have.
            let why = format!("{source} states no right of the team to push here");
            self.owner_line(&check::CODEOWNERS_NO_WRITE, file, (subject, entries), &why, sources);
        }
        true
    }

    /// The bit of a repository whose id is known; 0 otherwise.
    fn bit(&self, given: &Given) -> u64 {
        let all = self.review.repositories;
        let at = all.iter().position(|one| std::ptr::eq(one, given));
        at.filter(|_| given.resource.is_some()).map_or(0, |at| 1 << at.min(63))
    }

    fn forges(&self) -> Vec<String> {
        let forge = self.people.sources.iter().filter(|one| one.1 == Authority::Forge);
        forge.map(|one| one.0.clone()).collect()
    }

    fn owner_line(
        &mut self,
        check: &'static Check,
        file: &File<'_>,
        (subject, entries): (String, &[Entry]),
        why: &str,
        sources: Vec<String>,
    ) {
        let shown: Vec<String> = entries
            .iter()
            .take(NAMED)
            .map(|entry| format!("line {} ({})", entry.line, entry.pattern))
            .collect();
        let more = match entries.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        let everything = entries.iter().any(|entry| matches!(entry.pattern.as_str(), "*" | "/**"));
        let severity = if everything { Severity::High } else { check.severity };
        let draft = Draft {
            check,
            severity,
            key_of_subject: subject.clone(),
            subject,
            resource: file.given.name.clone(),
            evidence: format!(
                "{} names it as owner in {}{more}, and {why}.",
                file.path,
                shown.join(", ")
            ),
            sources,
        };
        self.add(draft);
    }
}

/// The file that the forge would use, and where it lies.
fn read(
    given: &Given,
    kind: CodeOwnersKind,
    log: &IncompleteLog,
) -> Option<(&'static str, CodeOwners)> {
    let head = given.repo.head()?;
    let snapshot = match Snapshot::of(&given.repo, head) {
        Ok(snapshot) => snapshot,
        Err(error) => {
            log.add(IncompleteKind::MissingObject, format!("{}: {error}", given.name));
            return None;
        }
    };
    for path in kind.places() {
        match snapshot.read(path.as_bytes(), MAX_BYTES as u64) {
            Ok(Some(bytes)) => return Some((path, CodeOwners::parse(kind, &bytes))),
            Ok(None) => {}
            Err(error) => {
                let error = escape(error.to_string().as_bytes());
                log.add(IncompleteKind::MissingObject, format!("{}: {path}: {error}", given.name));
            }
        }
    }
    None
}
