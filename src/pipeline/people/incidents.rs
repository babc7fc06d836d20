//! Who brought in findings when: for rates, which are fairer than counts, and for bursts.
#![allow(clippy::cast_precision_loss, reason = "counts and spans of time are far below 2^52")]

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::commit::Subject;
use crate::output::Reported;
use crate::risk::case::Past;

const DAY: i64 = 86_400;

/// A finding: its time, commit, provider and fingerprint.
type Incident = (i64, ObjectId, String, String);

/// Who brought in findings when, for rates and bursts.
pub struct Incidents {
    /// By the accountable person's pseudonym: time, commit, provider, fingerprint; sorted.
    by_person: BTreeMap<String, Vec<Incident>>,
    /// Findings that each commit brought in.
    pub by_commit: BTreeMap<ObjectId, usize>,
    /// Commits with findings.
    commits: usize,
}

impl Incidents {
    /// Out of all findings with their commits.
    pub fn of(
        wanted: &[(usize, ObjectId)],
        subjects: &BTreeMap<ObjectId, Subject>,
        findings: &[Reported],
    ) -> Incidents {
        let mut by_person: BTreeMap<String, Vec<_>> = BTreeMap::new();
        let mut by_commit: BTreeMap<ObjectId, usize> = BTreeMap::new();
        for (at, id) in wanted {
            *by_commit.entry(*id).or_default() += 1;
            let (Some(subject), Some(found)) = (subjects.get(id), findings.get(*at)) else {
                continue;
            };
            let Some(person) = subject.accountable() else { continue };
            by_person.entry(person.pseudonym.clone()).or_default().push((
                subject.time,
                *id,
                found.finding.rule.provider.clone(),
                found.finding.fingerprint.to_string(),
            ));
        }
        for all in by_person.values_mut() {
            all.sort();
        }
        let commits = by_commit.len();
        Incidents { by_person, by_commit, commits }
    }

    /// Adds what is known of the person's other findings around `subject`.
    pub fn fill(&self, past: &mut Past, subject: &Subject, all_commits: usize) {
        let Some(person) = subject.accountable() else { return };
        let own = self.by_person.get(&person.pseudonym).map(Vec::as_slice).unwrap_or_default();
        let time = subject.time;
        let before = own.iter().filter(|one| one.0 < time && one.0 >= time - 180 * DAY);
        let earlier: BTreeMap<ObjectId, i64> = before.map(|one| (one.1, one.0)).collect();
        let weight = |at: &i64| 0.5f64.powf((time - at) as f64 / (90 * DAY) as f64);
        // Nothing adds up to -0.0, which would be printed so.
        let sum: f64 = earlier.values().map(weight).sum::<f64>() + 0.0;
        past.incidents = Some((sum * 1e4).round() / 1e4);
        past.incident_commits = past.commits;
        let rate = 100.0 * self.commits as f64 / all_commits.max(1) as f64;
        past.incident_rate = Some((rate * 1e4).round() / 1e4);
        let near = own.iter().filter(|one| (one.0 - time).abs() <= DAY);
        let near: Vec<_> = near.collect();
        let different = |get: &dyn Fn(&Incident) -> String| {
            near.iter().map(|one| get(one)).collect::<BTreeSet<_>>().len()
        };
        past.secrets_in_day = different(&|one| one.3.clone());
        past.providers_in_day = different(&|one| one.2.clone());
        past.commits_in_day = different(&|one| one.1.to_string());
    }
}
