//! What findings are counted and filtered by: severity, provider, repository, age, and whether the
//! secret is still there.

use std::collections::BTreeMap;

use super::windows::plausible;
use crate::model::Severity;
use crate::output::{Printable, Reported};

const DAY: i64 = 86_400;

/// How long ago a secret was brought in: a word for the address of a view, a label, and the number
/// of seconds that it ends below.
const AGES: [(&str, &str, i64); 7] = [
    ("week", "under a week", 7 * DAY),
    ("month", "a week to a month", 30 * DAY),
    ("quarter", "1 to 3 months", 91 * DAY),
    ("year", "3 months to a year", 365 * DAY),
    ("years", "1 to 3 years", 3 * 365 * DAY),
    ("older", "over 3 years", i64::MAX),
    ("unknown", "not known", i64::MAX),
];

/// Something to choose in a filter, with its findings.
pub(super) struct Choice {
    /// The word in the address of a view.
    pub(super) value: String,
    /// What people read.
    pub(super) label: String,
    /// Its findings.
    pub(super) tally: Tally,
}

/// Findings by whether the secret is still there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// In the tip of a branch or tag, in the working tree, or in files without a history.
    pub(super) there: u64,
    /// Only in the history.
    pub(super) gone: u64,
}

impl Tally {
    fn add(&mut self, there: bool) {
        *(if there { &mut self.there } else { &mut self.gone }) += 1;
    }

    pub(super) fn all(self) -> u64 {
        self.there.saturating_add(self.gone)
    }
}

/// Whether a branch, a tag or a file still has it.
pub(super) fn is_there(reported: &Reported) -> bool {
    reported.trace.as_ref().is_none_or(|trace| !trace.tips.is_empty() || trace.in_worktree)
}

/// The word for the age of a finding.
pub(super) fn age(reported: &Reported, as_of: i64) -> &'static str {
    AGES.get(age_index(reported, as_of)).map_or("unknown", |(word, ..)| *word)
}

fn age_index(reported: &Reported, as_of: i64) -> usize {
    let introduced = reported.trace.as_ref().and_then(|trace| trace.introduced.as_ref());
    let seconds = introduced.map(|commit| commit.committer.seconds);
    match seconds.filter(|seconds| plausible(*seconds, as_of)) {
        Some(seconds) => {
            let age = as_of.saturating_sub(seconds);
            AGES.iter().position(|(.., below)| age < *below).unwrap_or(AGES.len() - 1)
        }
        None => AGES.len() - 1,
    }
}

/// All findings that count, by everything they are counted by. What has no finding is left out of
/// all lists but the severities.
pub(super) struct Facets {
    /// Worst first.
    pub(super) severities: Vec<Choice>,
    /// Most findings first.
    pub(super) providers: Vec<Choice>,
    /// Most findings first; the value is the target's place in the report.
    pub(super) targets: Vec<Choice>,
    /// Youngest first.
    pub(super) ages: Vec<Choice>,
    /// All together.
    pub(super) all: Tally,
}

impl Facets {
    pub(super) fn new(report: &Printable) -> Facets {
        let mut severities: BTreeMap<Severity, Tally> = BTreeMap::new();
        let mut providers: BTreeMap<&str, Tally> = BTreeMap::new();
        let mut targets: BTreeMap<usize, Tally> = BTreeMap::new();
        let mut ages: BTreeMap<usize, Tally> = BTreeMap::new();
        let mut all = Tally::default();
        for reported in &report.findings {
            let there = is_there(reported);
            let rule = &reported.finding.rule;
            all.add(there);
            severities.entry(rule.severity).or_default().add(there);
            providers.entry(&rule.provider).or_default().add(there);
            targets.entry(reported.target).or_default().add(there);
            ages.entry(age_index(reported, report.as_of)).or_default().add(there);
        }
        let severities = Severity::ALL
            .into_iter()
            .rev()
            .map(|one| Choice::new(one.as_str(), one.as_str(), severities.get(&one).copied()));
        let providers =
            providers.into_iter().map(|(one, tally)| Choice::new(one, one, Some(tally)));
        let targets = targets.into_iter().map(|(at, tally)| {
            let name = report.targets.get(at).map(|target| target.name.as_str());
            Choice::new(&at.to_string(), name.unwrap_or_default(), Some(tally))
        });
        let ages = ages.into_iter().filter_map(|(at, tally)| {
            AGES.get(at).map(|(word, label, _)| Choice::new(word, label, Some(tally)))
        });
        Facets {
            severities: severities.collect(),
            providers: most_first(providers.collect()),
            targets: most_first(targets.collect()),
            ages: ages.collect(),
            all,
        }
    }
}

impl Choice {
    fn new(value: &str, label: &str, tally: Option<Tally>) -> Choice {
        let clean = |text: &str| crate::model::text::escape(text.as_bytes());
        Choice { value: clean(value), label: clean(label), tally: tally.unwrap_or_default() }
    }
}

/// Stable, so that what has as many findings stays in order.
fn most_first(mut choices: Vec<Choice>) -> Vec<Choice> {
    choices.sort_by_key(|choice| std::cmp::Reverse(choice.tally.all()));
    choices
}
