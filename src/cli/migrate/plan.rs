//! What of another scanner's decisions is taken over, and as what.

use std::collections::BTreeSet;

use super::join::{Found, Index};
use crate::finding::Fingerprint;
use crate::finding::baseline::Seen;
use crate::finding::foreign::{About, Criteria, Decision, Foreign, PathRule, Verdict};
use crate::model::text::escape;
use crate::output::{Report, Reported};

/// Comments by which other scanners' users excuse a line, as their documentation has them.
const COMMENTS: [&str; 4] =
    ["gitleaks:allow", "trufflehog:ignore", "pragma: allowlist secret", "pragma: whitelist secret"];

/// Shorter values are left in texts, where they would tear holes into harmless words.
const SHORTEST: usize = 6;

/// What is to be written, and what is said about it.
#[derive(Debug, Default)]
pub struct Plan<'a> {
    /// Entries of the ignore file with their reasons.
    pub ignores: Vec<(String, String)>,
    /// Entries of the baseline with their reasons.
    pub baseline: Vec<(Seen<'a>, String)>,
    /// Every decision of each file, with what became of it.
    pub parts: Vec<Part>,
}

/// What became of one file's decisions.
#[derive(Debug)]
pub struct Part {
    /// The file and what it is.
    pub title: String,
    /// Its decisions.
    pub rows: Vec<Row>,
    /// How many of its entries decide nothing.
    pub undecided: usize,
}

/// What became of one decision.
#[derive(Debug)]
pub struct Row {
    /// Its line or number in the file; none for a comment.
    pub at: Option<usize>,
    /// What became of it.
    pub outcome: Outcome,
    /// What it is about; escaped.
    pub what: String,
    /// As what it was taken over, or why not; escaped.
    pub how: String,
}

/// What became of a decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// Taken over.
    Carried,
    /// It was there already.
    There,
    /// leaktrace finds nothing there any more.
    NotFound,
    /// It cannot be said what it is about.
    Ambiguous,
    /// Only a person can take it over.
    ByHand,
}

/// What is there before anything is written.
pub struct Known {
    /// Entries of the ignore file, without their reasons.
    pub entries: BTreeSet<String>,
    /// Secrets that the baseline has.
    pub fingerprints: BTreeSet<Fingerprint>,
}

/// An entry of an ignore file without its reason.
pub fn entry_of(line: &str) -> &str {
    let entry = line.split_once(" #").map_or(line, |(entry, _)| entry);
    if entry.starts_with('#') { "" } else { entry.trim() }
}

/// `1 entry`, `2 entries`.
pub fn counted(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

impl<'a> Plan<'a> {
    /// What becomes of `files`, given what is found and the `paths` that there are.
    pub fn new(
        files: &[Foreign],
        report: &'a Report,
        paths: &[Vec<u8>],
        comments: bool,
        known: &Known,
    ) -> Plan<'a> {
        let findings: Vec<&Reported> = report.findings.iter().chain(&report.suppressed).collect();
        let named = files.iter().map(|file| file.file.clone().into_bytes()).collect();
        let index = Index::new(&findings, &named);
        let mut maker = Maker {
            plan: Plan::default(),
            findings: &findings,
            entries: known.entries.clone(),
            fingerprints: known.fingerprints.clone(),
            paths,
        };
        for file in files {
            let mut rows = Vec::new();
            for decision in &file.decisions {
                maker.decision(file, decision, &index, &mut rows);
            }
            maker.plan.parts.push(Part {
                title: format!("{}, {}", file.file, file.kind.as_str()),
                rows,
                undecided: file.undecided,
            });
        }
        if comments {
            maker.comments();
        }
        maker.plan
    }

    /// Whether there was nothing to decide about.
    pub fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.rows.is_empty())
    }

    /// How many decisions came out like this.
    pub fn count(&self, outcome: Outcome) -> usize {
        let rows = self.parts.iter().flat_map(|part| &part.rows);
        rows.filter(|row| row.outcome == outcome).count()
    }
}

struct Maker<'a, 'f> {
    plan: Plan<'a>,
    findings: &'f [&'a Reported],
    /// Entries of the ignore file, those to be written too.
    entries: BTreeSet<String>,
    /// Secrets of the baseline, those to be written too.
    fingerprints: BTreeSet<Fingerprint>,
    paths: &'f [Vec<u8>],
}

impl Maker<'_, '_> {
    fn decision(
        &mut self,
        file: &Foreign,
        decision: &Decision,
        index: &Index<'_>,
        rows: &mut Vec<Row>,
    ) {
        let at = Some(decision.at);
        let reason = masked(&decision.reason, decision);
        let reason = format!("{reason} ({}:{})", file.file, decision.at);
        let mut row =
            |outcome, what: String, how: String| rows.push(Row { at, outcome, what, how });
        match &decision.about {
            About::ByHand(why) => row(Outcome::ByHand, String::new(), (*why).to_owned()),
            About::Finding(spot) => {
                let what = spot_name(spot.path.as_deref(), spot.lines);
                let what = masked(&what, decision);
                match index.find(spot) {
                    Found::None => {
                        let how = "leaktrace finds nothing there".to_owned();
                        row(Outcome::NotFound, what, how);
                    }
                    Found::Unsure(why) => row(Outcome::Ambiguous, what, why.to_owned()),
                    Found::One(found) => {
                        let (outcome, how) = self.take(found, decision.verdict, &reason);
                        row(outcome, what, how);
                    }
                }
            }
            About::Paths(rule) => self.paths(rule, &reason, &mut row),
            About::Fitting(criteria) => {
                let found = self.fitting(criteria);
                self.take_all(&found, &reason, "", &mut row);
            }
        }
    }

    /// Takes over that a finding is known or does not count.
    fn take(&mut self, at: usize, verdict: Verdict, reason: &str) -> (Outcome, String) {
        let Some(one) = self.findings.get(at).copied() else {
            return (Outcome::NotFound, String::new());
        };
        let fingerprint = one.finding.fingerprint;
        let rule = &one.finding.rule.id;
        if let Some(by) = &one.finding.suppression {
            return (Outcome::There, format!("{rule}: {} says so already", by.source));
        }
        let entry = format!("fingerprint:{fingerprint}");
        if self.entries.contains(&entry) || self.fingerprints.contains(&fingerprint) {
            return (Outcome::There, format!("{}  {rule}", short(fingerprint)));
        }
        let others = match one.places.len() {
            0 | 1 => String::new(),
            count => format!(", {count} places"),
        };
        let how = format!("{}  {rule}{others}", short(fingerprint));
        match verdict {
            Verdict::Ignored => {
                self.entries.insert(entry.clone());
                self.plan.ignores.push((entry, reason.to_owned()));
                (Outcome::Carried, format!("{how}, ignored"))
            }
            Verdict::Known => {
                self.fingerprints.insert(fingerprint);
                let seen = Seen {
                    fingerprint,
                    rule,
                    path: one.places.first().and_then(|place| place.path.as_deref()),
                };
                self.plan.baseline.push((seen, reason.to_owned()));
                (Outcome::Carried, format!("{how}, in the baseline"))
            }
        }
    }

    fn paths(
        &mut self,
        rule: &PathRule,
        reason: &str,
        row: &mut impl FnMut(Outcome, String, String),
    ) {
        let of_findings = self.findings.iter().flat_map(|one| &one.places);
        let of_findings = of_findings.filter_map(|place| place.path.as_deref());
        let all = self.paths.iter().map(Vec::as_slice).chain(of_findings);
        if let Some(patterns) = rule.patterns(all) {
            for pattern in patterns {
                let known = !self.entries.insert(pattern.clone());
                let outcome = if known { Outcome::There } else { Outcome::Carried };
                if !known {
                    self.plan.ignores.push((pattern.clone(), reason.to_owned()));
                }
                row(outcome, "paths".to_owned(), escape(pattern.as_bytes()));
            }
            return;
        }
        let fits = |one: &Reported| {
            !one.places.is_empty()
                && one
                    .places
                    .iter()
                    .all(|place| place.path.as_deref().is_some_and(|path| rule.is_match(path)))
        };
        let found: Vec<usize> =
            (0..).zip(self.findings).filter(|(_, one)| fits(one)).map(|(at, _)| at).collect();
        let note = "no pattern of an ignore file means the same as this expression, so only what \
                    is there now is taken over";
        self.take_all(&found, reason, note, row);
    }

    fn fitting(&self, criteria: &Criteria) -> Vec<usize> {
        let fits = |one: &Reported| {
            let places = one.places.iter().map(|place| {
                (place.path.as_deref(), place.commit.map(|commit| commit.to_string()))
            });
            criteria.fit(&one.finding.secret, places)
        };
        let all = (0..).zip(self.findings);
        all.filter(|(_, one)| fits(one)).map(|(at, _)| at).collect()
    }

    /// Takes over that some findings do not count.
    fn take_all(
        &mut self,
        found: &[usize],
        reason: &str,
        note: &str,
        row: &mut impl FnMut(Outcome, String, String),
    ) {
        if !note.is_empty() {
            row(Outcome::ByHand, "paths".to_owned(), note.to_owned());
        }
        if found.is_empty() && note.is_empty() {
            let how = "leaktrace finds nothing that it fits".to_owned();
            row(Outcome::NotFound, "all that fits".to_owned(), how);
        }
        for at in found {
            let what = self.findings.get(*at).map(|one| first_place(one)).unwrap_or_default();
            let (outcome, how) = self.take(*at, Verdict::Ignored, reason);
            row(outcome, what, how);
        }
    }

    /// Findings of which every place has a comment of another scanner on its line.
    fn comments(&mut self) {
        let mut rows = Vec::new();
        for at in 0..self.findings.len() {
            let Some(one) = self.findings.get(at).copied() else { continue };
            let comment = |excerpt: &str| COMMENTS.into_iter().find(|one| excerpt.contains(one));
            let said: Vec<Option<&str>> =
                one.places.iter().map(|place| comment(&place.excerpt)).collect();
            let Some(first) = said.iter().flatten().next() else { continue };
            let what = first_place(one);
            let mut row =
                |outcome, how| rows.push(Row { at: None, outcome, what: what.clone(), how });
            if said.contains(&None) {
                let why = "it stands in other places without such a comment, too";
                row(Outcome::Ambiguous, why.to_owned());
                continue;
            }
            let reason = format!("`{first}` comment at {what}");
            let (outcome, how) = self.take(at, Verdict::Ignored, &reason);
            row(outcome, how);
        }
        if !rows.is_empty() {
            let title = "comments beside secrets".to_owned();
            self.plan.parts.push(Part { title, rows, undecided: 0 });
        }
    }
}

/// `text` without the value that the decision is about.
fn masked(text: &str, decision: &Decision) -> String {
    let About::Finding(spot) = &decision.about else { return text.to_owned() };
    let value = spot.value.as_ref().map(|value| escape(value.expose()));
    match value {
        Some(value) if value.len() >= SHORTEST => text.replace(&value, "***"),
        _ => text.to_owned(),
    }
}

fn short(fingerprint: Fingerprint) -> String {
    let mut digits = fingerprint.to_string();
    digits.truncate(12);
    digits
}

fn spot_name(path: Option<&str>, lines: Option<(u32, u32)>) -> String {
    let path = path.map_or("(no path)".to_owned(), |path| escape(path.as_bytes()));
    match lines {
        Some((line, _)) => format!("{path}:{line}"),
        None => path,
    }
}

fn first_place(one: &Reported) -> String {
    let place = one.places.first();
    let path = place.and_then(|place| place.path.as_deref());
    match (path, place) {
        (Some(path), Some(place)) => format!("{}:{}", escape(path), place.position.line),
        _ => "a message".to_owned(),
    }
}
