//! Two saved scans beside one another: what is new, what is no longer found, what changed.
//!
//! Findings are the same when their fingerprints are, in the same target: lines move and files are
//! renamed. Targets are the same when their remotes are, or their names; where each scan has only
//! one, it is that one.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::{Saved, SavedError};
use crate::finding::Fingerprint;
use crate::output::wording::place_name;
use crate::output::{Report, Reported, Target};
use crate::provenance::{Place, Trace};

/// Places that are named of those that came or went.
const PLACES: usize = 3;
/// Findings of one secret in one target that are looked through for the one of the same rule.
const RULES: usize = 16;

/// Two scans of the same.
#[derive(Debug)]
pub struct Comparison<'a> {
    /// The earlier one.
    pub old: &'a Saved,
    /// The later one.
    pub new: &'a Saved,
    /// In the later one only, those that count in front.
    pub added: Vec<&'a Reported>,
    /// In the earlier one only, although the later one looked at the target.
    pub gone: Vec<&'a Reported>,
    /// In the earlier one only, and the later one did not look at the target.
    pub not_scanned: Vec<&'a Reported>,
    /// In both, with a difference.
    pub changed: Vec<Changed<'a>>,
    /// How many are in both without one.
    pub same: usize,
}

/// A finding that is in both scans and is not quite the same.
#[derive(Debug)]
pub struct Changed<'a> {
    /// As it was.
    pub old: &'a Reported,
    /// As it is.
    pub new: &'a Reported,
    /// What changed.
    pub changes: Vec<Change>,
}

/// One difference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What: a word in lower case.
    pub what: &'static str,
    /// What it was; empty where it was nothing. Escaped.
    pub from: String,
    /// What it is; empty where it is nothing. Escaped.
    pub to: String,
}

impl<'a> Comparison<'a> {
    /// Compares two scans, which must have been made with the same fingerprint key. Time is that of
    /// sorting both.
    pub fn new(old: &'a Saved, new: &'a Saved) -> Result<Comparison<'a>, SavedError> {
        old.same_key(new)?;
        let names = Names::new(&old.report.targets, &new.report.targets);
        let mut before: BTreeMap<(usize, Fingerprint), VecDeque<&Reported>> = BTreeMap::new();
        let mut not_scanned = Vec::new();
        for one in all(&old.report) {
            match names.of_old.get(one.target).copied().flatten() {
                Some(target) => {
                    before.entry((target, one.finding.fingerprint)).or_default().push_back(one);
                }
                None => not_scanned.push(one),
            }
        }
        let mut comparison = Comparison {
            old,
            new,
            added: Vec::new(),
            gone: Vec::new(),
            not_scanned,
            changed: Vec::new(),
            same: 0,
        };
        let mut left = Vec::new();
        for one in all(&new.report) {
            let known = before.get_mut(&(one.target, one.finding.fingerprint));
            let same_rule = |known: &mut VecDeque<&'a Reported>| {
                let rule = &one.finding.rule.id;
                let mut known_rules = known.iter().take(RULES);
                let at = known_rules.position(|other| other.finding.rule.id == *rule)?;
                known.remove(at)
            };
            match known.and_then(same_rule) {
                Some(known) => comparison.pair(known, one),
                None => left.push(one),
            }
        }
        for one in left {
            let known = before.get_mut(&(one.target, one.finding.fingerprint));
            match known.and_then(VecDeque::pop_front) {
                Some(known) => comparison.pair(known, one),
                None => comparison.added.push(one),
            }
        }
        let gone: BTreeSet<*const Reported> =
            before.into_values().flatten().map(std::ptr::from_ref).collect();
        comparison.gone =
            all(&old.report).filter(|one| gone.contains(&std::ptr::from_ref(*one))).collect();
        Ok(comparison)
    }

    fn pair(&mut self, old: &'a Reported, new: &'a Reported) {
        let changes = changes(old, new);
        if changes.is_empty() {
            self.same += 1;
        } else {
            self.changed.push(Changed { old, new, changes });
        }
    }

    /// What counts now and did not before: it was not there, or it was suppressed.
    pub fn counting(&self) -> impl Iterator<Item = &'a Reported> {
        let added = self.added.iter().copied().filter(|one| counts(one));
        let again = self.changed.iter().filter(|one| counts(one.new) && !counts(one.old));
        added.chain(again.map(|one| one.new))
    }

    /// Whether what is not in the later scan may be there all the same.
    pub fn gone_is_uncertain(&self) -> bool {
        !self.new.report.is_complete()
    }

    /// What a reader has to know before believing the comparison; escaped.
    pub fn caveats(&self) -> Vec<String> {
        let mut caveats = Vec::new();
        if !self.old.report.is_complete() {
            caveats.push(format!(
                "{} is incomplete: what is new may have been there before",
                self.old.name
            ));
        }
        if self.gone_is_uncertain() {
            caveats.push(format!(
                "{} is incomplete: what is no longer found may only not have been read",
                self.new.name
            ));
        }
        let (old, new) = (&self.old.report.stats, &self.new.report.stats);
        if !self.gone.is_empty() && new.commits < old.commits {
            caveats.push(format!(
                "{} looked at fewer commits ({} instead of {}): if the scan was a narrower one, \
                 what is no longer found was only not looked at",
                self.new.name, new.commits, old.commits
            ));
        }
        if self.new.report.as_of < self.old.report.as_of {
            caveats.push(format!("{} is older than {}", self.new.name, self.old.name));
        }
        let theirs = [self.old, self.new].into_iter().flat_map(|saved| &saved.report.notes);
        caveats.extend(theirs.filter(|note| note.contains("was written by leaktrace")).cloned());
        caveats
    }
}

/// Which target of the later scan one of the earlier scan is.
struct Names {
    of_old: Vec<Option<usize>>,
}

impl Names {
    fn new(old: &[Target], new: &[Target]) -> Names {
        if let ([_], [_]) = (old, new) {
            return Names { of_old: vec![Some(0)] };
        }
        let mut remotes: BTreeMap<&str, usize> = BTreeMap::new();
        let mut names: BTreeMap<(&str, &str), usize> = BTreeMap::new();
        for (at, target) in new.iter().enumerate() {
            if let Some(remote) = &target.remote {
                remotes.entry(remote).or_insert(at);
            }
            names.entry((target.kind, &target.name)).or_insert(at);
        }
        let known = |target: &Target| {
            let remote = target.remote.as_deref().and_then(|remote| remotes.get(remote));
            remote.or_else(|| names.get(&(target.kind, &*target.name))).copied()
        };
        Names { of_old: old.iter().map(known).collect() }
    }
}

fn all(report: &Report) -> impl Iterator<Item = &Reported> {
    report.findings.iter().chain(&report.suppressed)
}

/// Whether a finding counts.
pub fn counts(one: &Reported) -> bool {
    one.finding.suppression.is_none()
}

fn changes(old: &Reported, new: &Reported) -> Vec<Change> {
    let mut changes = Vec::new();
    let mut compare = |what, from: String, to: String| {
        if from != to {
            changes.push(Change { what, from, to });
        }
    };
    let (was, is) = (&old.finding, &new.finding);
    compare("severity", was.rule.severity.to_string(), is.rule.severity.to_string());
    compare("confidence", was.confidence.to_string(), is.confidence.to_string());
    compare("rule", was.rule.id.clone(), is.rule.id.clone());
    compare("state", state(old), state(new));
    compare("in HEAD", head(old.trace.as_ref()), head(new.trace.as_ref()));
    compare("on refs", tips(old.trace.as_ref()), tips(new.trace.as_ref()));
    let level = |one: &Reported| one.card.as_ref().map(|card| card.exposure.level.to_string());
    let concern = |one: &Reported| one.card.as_ref().map(|card| card.concern.as_str().to_owned());
    // Where one of the scans did not look at people, nothing changed about them.
    if let (Some(from), Some(to)) = (level(old), level(new)) {
        compare("exposure", from, to);
    }
    if let (Some(from), Some(to)) = (concern(old), concern(new)) {
        compare("concern", from, to);
    }
    changes.extend(moved(&old.places, &new.places));
    changes
}

fn state(one: &Reported) -> String {
    match &one.finding.suppression {
        None => "counts".to_owned(),
        Some(by) if by.reason.is_empty() => "suppressed".to_owned(),
        Some(by) => format!("suppressed: {}", by.reason),
    }
}

/// Whether HEAD has it, or which commit took it out.
fn head(trace: Option<&Trace>) -> String {
    match trace.map(|trace| &trace.removed) {
        None => String::new(),
        Some(None) => "still there".to_owned(),
        Some(Some(commit)) => {
            let id = commit.id.to_string();
            format!("taken out in {}", crate::output::wording::short(&id))
        }
    }
}

fn tips(trace: Option<&Trace>) -> String {
    match trace.map(|trace| trace.tips.is_empty()) {
        None => String::new(),
        Some(true) => "on none".to_owned(),
        Some(false) => "on some".to_owned(),
    }
}

/// Places that are in only one of both lists, by path and line.
fn moved(old: &[Place], new: &[Place]) -> Option<Change> {
    let names = |places: &[Place]| places.iter().map(place_name).collect::<BTreeSet<String>>();
    let (old, new) = (names(old), names(new));
    let only = |one: &BTreeSet<String>, other: &BTreeSet<String>| {
        let only: Vec<&str> = one.difference(other).map(String::as_str).collect();
        let more = only.len().saturating_sub(PLACES);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        format!("{}{more}", only.get(..PLACES).unwrap_or(&only).join(", "))
    };
    (old != new).then(|| Change { what: "places", from: only(&old, &new), to: only(&new, &old) })
}
