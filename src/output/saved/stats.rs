//! Figures of a saved scan: how many findings of what, how old, and since when. Of people there is
//! nothing in them.

use std::collections::BTreeMap;
use std::io;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::Saved;
use crate::finding::SuppressionKind;
use crate::model::Severity;
use crate::model::text::escape;
use crate::output::{Reported, when};

const DAY: i64 = 86_400;
/// Names that are listed of those with the most findings.
const TOP: usize = 10;
/// Upper bounds of spans of time, days, with what they are called.
const SPANS: [(i64, &str); 6] = [
    (1, "under a day"),
    (7, "under a week"),
    (31, "under a month"),
    (92, "under 3 months"),
    (366, "under a year"),
    (1096, "under 3 years"),
];

/// How many findings have something in common.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// What, escaped.
    pub name: String,
    /// How many.
    pub count: usize,
}

/// What came in and what was taken out within a month.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Month {
    /// `2026-03`.
    pub month: String,
    /// Secrets that a commit of this month first brought in.
    pub introduced: usize,
    /// Secrets that a commit of this month took out of HEAD last.
    pub removed: usize,
    /// Months since the year 0, for placing it.
    #[serde(skip)]
    pub number: i32,
}

/// Figures of a saved scan: version 1 of a public format, described in `docs/reports.md`.
#[derive(Debug, Clone, Serialize)]
pub struct Figures {
    /// 1.
    pub version: u32,
    /// The file's name, escaped.
    pub file: String,
    /// When the scan ran, RFC 3339 in UTC; null where no calendar has the date.
    pub scanned_at: Option<String>,
    /// Whether everything was read: figures of less are too low.
    pub complete: bool,
    /// Findings that count.
    pub findings: usize,
    /// What became of them.
    pub state: Vec<Count>,
    /// Findings that do not count, by what says so.
    pub suppressed: Vec<Count>,
    /// By severity, worst first; all four.
    pub severity: Vec<Count>,
    /// By provider, the most first.
    pub provider: Vec<Count>,
    /// By rule, the most first.
    pub rule: Vec<Count>,
    /// By the time since the commit that brought them in.
    pub age: Vec<Count>,
    /// By the time that they were, or are, on a ref.
    pub exposure: Vec<Count>,
    /// By month, without the months in which nothing happened.
    pub months: Vec<Month>,
    /// By target, the most first; empty when there is only one.
    pub target: Vec<Count>,
    /// By path, the most first.
    pub path: Vec<Count>,
}

impl Figures {
    /// The figures of `saved`.
    pub fn new(saved: &Saved) -> Figures {
        let report = &saved.report;
        let findings = &report.findings;
        let severity = Severity::ALL
            .into_iter()
            .rev()
            .map(|severity| Count { name: severity.to_string(), count: report.count(severity) });
        let target = |one: &Reported| {
            report.targets.get(one.target).map(|target| target.name.clone()).unwrap_or_default()
        };
        let several = report.targets.len() > 1;
        Figures {
            version: 1,
            file: saved.name.clone(),
            scanned_at: when::utc(report.as_of),
            complete: report.is_complete(),
            findings: findings.len(),
            state: in_order(
                &["still on a ref", "taken out", "reachable from nothing", "not in a commit"],
                findings.iter().map(state),
            ),
            suppressed: in_order(
                &["comment", "ignore file", "configuration", "baseline"],
                report.suppressed.iter().filter_map(suppressed),
            ),
            severity: severity.collect(),
            provider: top(findings.iter().map(|one| escape(one.finding.rule.provider.as_bytes()))),
            rule: top(findings.iter().map(|one| one.finding.rule.id.clone())),
            age: spans(findings.iter().map(|one| age(one, report.as_of))),
            exposure: spans(findings.iter().map(exposure)),
            months: months(findings),
            target: if several { top(findings.iter().map(target)) } else { Vec::new() },
            path: top(findings.iter().flat_map(paths)),
        }
    }

    /// Writes them as one JSON document.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}

fn state(one: &Reported) -> &'static str {
    match &one.trace {
        Some(trace) if !trace.tips.is_empty() => "still on a ref",
        Some(trace) if trace.unreachable => "reachable from nothing",
        Some(trace) if trace.introduced.is_some() => "taken out",
        _ => "not in a commit",
    }
}

fn suppressed(one: &Reported) -> Option<&'static str> {
    one.finding.suppression.as_ref().map(|by| match by.kind {
        SuppressionKind::Inline => "comment",
        SuppressionKind::IgnoreFile => "ignore file",
        SuppressionKind::Config => "configuration",
        SuppressionKind::Baseline => "baseline",
    })
}

/// Counts of those of `names` that there are, in their order.
fn in_order(names: &[&'static str], seen: impl Iterator<Item = &'static str>) -> Vec<Count> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for name in seen {
        *counts.entry(name).or_default() += 1;
    }
    let count = |name: &&'static str| {
        counts.get(name).map(|count| Count { name: (*name).to_owned(), count: *count })
    };
    names.iter().filter_map(count).collect()
}

/// The names that occur most.
fn top(seen: impl Iterator<Item = String>) -> Vec<Count> {
    let mut counts: BTreeMap<String, usize> = BTreeMap::new();
    for name in seen {
        *counts.entry(name).or_default() += 1;
    }
    let mut counts: Vec<Count> =
        counts.into_iter().map(|(name, count)| Count { name, count }).collect();
    // Stable: names of one count stay in their order.
    counts.sort_by_key(|one| std::cmp::Reverse(one.count));
    counts.truncate(TOP);
    counts
}

/// Seconds since the commit that brought it in.
fn age(one: &Reported, as_of: i64) -> Option<i64> {
    let commit = one.trace.as_ref()?.introduced.as_ref()?;
    Some(as_of.saturating_sub(commit.committer.seconds))
}

fn exposure(one: &Reported) -> Option<i64> {
    one.trace.as_ref()?.exposed_seconds
}

/// Counts of spans of time given in seconds; what is not known comes last.
fn spans(seen: impl Iterator<Item = Option<i64>>) -> Vec<Count> {
    const LONGER: &str = "3 years and more";
    const UNKNOWN: &str = "not known";
    let names: Vec<&'static str> =
        SPANS.iter().map(|(_, name)| *name).chain([LONGER, UNKNOWN]).collect();
    let name = |seconds: Option<i64>| match seconds {
        // The clocks of two commits ran against each other.
        Some(seconds) if seconds < 0 => UNKNOWN,
        Some(seconds) => SPANS
            .iter()
            .find(|(days, _)| seconds < days.saturating_mul(DAY))
            .map_or(LONGER, |(_, name)| *name),
        None => UNKNOWN,
    };
    in_order(&names, seen.map(name))
}

fn months(findings: &[Reported]) -> Vec<Month> {
    let mut months: BTreeMap<i32, Month> = BTreeMap::new();
    let mut add = |seconds: i64, count: fn(&mut Month) -> &mut usize| {
        let Ok(moment) = Timestamp::from_second(seconds) else { return };
        let date = moment.to_zoned(TimeZone::UTC).date();
        let number = i32::from(date.year()) * 12 + i32::from(date.month()) - 1;
        let month = months.entry(number).or_insert_with(|| Month {
            month: date.strftime("%Y-%m").to_string(),
            introduced: 0,
            removed: 0,
            number,
        });
        *count(month) += 1;
    };
    for trace in findings.iter().filter_map(|one| one.trace.as_ref()) {
        if let Some(commit) = &trace.introduced {
            add(commit.committer.seconds, |month| &mut month.introduced);
        }
        if let Some(commit) = &trace.removed {
            add(commit.committer.seconds, |month| &mut month.removed);
        }
    }
    months.into_values().collect()
}

/// The paths of a finding, each once.
fn paths(one: &Reported) -> Vec<String> {
    let mut paths: Vec<String> =
        one.places.iter().filter_map(|place| place.path.as_deref()).map(escape).collect();
    paths.sort();
    paths.dedup();
    paths
}
