//! SARIF 2.1.0, within what GitHub code scanning takes: `docs/output-sarif.md`.
//!
//! The limits come from GitHub's page "SARIF support for code scanning". Where a report exceeds
//! them, places beside the first are left out first and then the mildest results, and the run says
//! so. Results are made one by one while they are written, because the SARIF types are large.

mod people;
mod results;
mod rules;
mod run;
mod taxonomies;

use std::cell::Cell;
use std::io::{self, Write};

use flate2::Compression;
use flate2::write::GzEncoder;
use serde::Serialize;

use super::{Printable, Reported};
use crate::risk::Card;
use results::Results;

/// The schema that the output names and follows.
const SCHEMA: &str = "https://json.schemastore.org/sarif-2.1.0.json";

/// What one file may hold.
#[derive(Debug, Clone, Copy)]
struct Limits {
    /// Runs in a file.
    runs: usize,
    /// Results in a run.
    results: usize,
    /// Locations of a result, the first included.
    locations: usize,
    /// Bytes of the file after gzip.
    gzip: u64,
}

/// GitHub's limits. Uploads over 10 MB are refused; the margin is for other implementations of gzip.
const GITHUB: Limits = Limits { runs: 20, results: 25_000, locations: 1_000, gzip: 9_500_000 };

/// Writes `report` as one SARIF log and a newline.
pub(super) fn write(report: &Printable, out: &mut dyn Write) -> io::Result<()> {
    write_within(report, GITHUB, out)
}

fn write_within(report: &Printable, limits: Limits, out: &mut dyn Write) -> io::Result<()> {
    let plan = plan(report, limits);
    let written = Cell::new(0);
    serde_json::to_writer(&mut *out, &log(report, limits, plan, &written))?;
    out.write_all(b"\n")
}

/// How much of a report is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Plan {
    /// Results over all runs, worst first.
    results: usize,
    /// Locations of a result beside its first.
    related: usize,
}

/// The largest plan that fits into `limits`.
fn plan(report: &Printable, limits: Limits) -> Plan {
    let all = report.findings.len() + report.suppressed.len();
    let beside = |reported: &Reported| reported.places.len().saturating_sub(1);
    let most = report.findings.iter().chain(&report.suppressed).map(beside).max().unwrap_or(0);
    let related = most.min(limits.locations.saturating_sub(1));
    let mut plan = Plan { results: all, related };
    let mut written = match measure(report, limits, plan) {
        Measure::Fits => return plan,
        Measure::Over { results } => results,
    };
    for fewer in [99, 9, 0].into_iter().filter(|fewer| *fewer < related) {
        plan.related = fewer;
        match measure(report, limits, plan) {
            Measure::Fits => return plan,
            Measure::Over { results } => written = results,
        }
    }
    // About as many results fit as were written when the file became too large.
    plan.results = written.min(plan.results);
    while plan.results > 0 {
        plan.results -= plan.results / 20 + 1;
        if matches!(measure(report, limits, plan), Measure::Fits) {
            break;
        }
    }
    plan
}

/// The card of a finding as far as the report may show people in SARIF.
fn card<'a>(report: &Printable, reported: &'a Reported) -> Option<&'a Card> {
    reported.card.as_deref().filter(|_| report.identity_in_sarif)
}

enum Measure {
    Fits,
    /// Too large once this many results were written.
    Over {
        results: usize,
    },
}

fn measure(report: &Printable, limits: Limits, plan: Plan) -> Measure {
    let written = Cell::new(0);
    let log = log(report, limits, plan, &written);
    // Most reports are below the limit before they are compressed.
    if serde_json::to_writer(Counter { left: limits.gzip }, &log).is_ok() {
        return Measure::Fits;
    }
    written.set(0);
    let mut encoder = GzEncoder::new(Counter { left: limits.gzip }, Compression::default());
    let fits = serde_json::to_writer(&mut encoder, &log).is_ok() && encoder.finish().is_ok();
    if fits { Measure::Fits } else { Measure::Over { results: written.get() } }
}

/// Takes as many bytes as are left and then fails.
struct Counter {
    left: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        let full = || io::Error::other("the file is larger than code scanning takes");
        self.left = self.left.checked_sub(length).ok_or_else(full)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The file: like `sarif::Sarif`, with runs whose results are made as they are written.
#[derive(Serialize)]
struct Log<'a> {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: Vec<Run<'a>>,
}

#[derive(Serialize)]
struct Run<'a> {
    #[serde(flatten)]
    run: ::sarif::sarif::Run,
    results: Results<'a>,
}

fn log<'a>(report: &'a Printable, limits: Limits, plan: Plan, written: &'a Cell<usize>) -> Log<'a> {
    let shares = shares(report, limits);
    let mut items: Vec<Vec<&Reported>> = vec![Vec::new(); shares.len()];
    let mut left_out = vec![0_usize; shares.len()];
    for (at, reported) in report.findings.iter().chain(&report.suppressed).enumerate() {
        let share = shares.iter().position(|share| share.contains(&reported.target)).unwrap_or(0);
        if at < plan.results && items[share].len() < limits.results {
            items[share].push(reported);
        } else {
            left_out[share] += 1;
        }
    }
    let alone = shares.len() == 1;
    let runs = shares
        .into_iter()
        .zip(items)
        .zip(left_out)
        .map(|((targets, items), left_out)| {
            run::build(&run::Parts {
                report,
                targets,
                alone,
                items,
                left_out,
                related: plan.related,
                written,
            })
        })
        .collect();
    Log { schema: SCHEMA, version: "2.1.0", runs }
}

/// The targets of each run: one a run, and what is too much for that in the last one.
fn shares(report: &Printable, limits: Limits) -> Vec<Vec<usize>> {
    let mut shares: Vec<Vec<usize>> = Vec::new();
    for target in 0..report.targets.len().max(1) {
        match shares.last_mut() {
            Some(last) if target >= limits.runs => last.push(target),
            _ => shares.push(vec![target]),
        }
    }
    shares
}

#[cfg(test)]
mod tests;
