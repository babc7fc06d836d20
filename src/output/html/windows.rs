//! How long secrets were exposed, as bars on one axis that all findings of a report share: from the
//! oldest introduction to the day of the scan.

use askama::Template;

use super::Piece;
use crate::model::text::escape;
use crate::output::wording::{Group, place_name, shortened};
use crate::output::{Printable, Reported, when};
use crate::provenance::Trace;

const DAY: i64 = 86_400;
/// Steps that the axis is divided into: tenths of a percent.
const STEPS: i64 = 1000;
/// The narrowest bar, in steps, so that an hour can be seen on an axis of years.
const NARROWEST: i64 = 6;
/// Longest exposures that are listed together.
const LONGEST: usize = 10;

/// Whether a commit may be of this date. Commits claim any: those from before 1980 and from after
/// the scan are in no chart.
pub(super) fn plausible(seconds: i64, as_of: i64) -> bool {
    (315_532_800..=as_of.saturating_add(DAY)).contains(&seconds)
}

/// The axis.
pub(super) struct Axis {
    from: i64,
    until: i64,
    /// The month that it begins with.
    label: String,
}

/// A stretch of the axis.
pub(super) struct Bar {
    /// Where it begins, and how long it is, in steps of which the axis has 1000.
    pub(super) start: i64,
    pub(super) length: i64,
    /// Whether it goes on.
    pub(super) open: bool,
    /// The month that the axis begins with.
    pub(super) label: String,
}

impl Axis {
    /// None where no finding has a date.
    pub(super) fn new(report: &Printable) -> Option<Axis> {
        let dates =
            report.findings.iter().filter_map(|one| span(one.trace.as_ref()?, report.as_of));
        let from = dates.map(|(from, _)| from).min()?;
        let label = when::day(from)?.get(..7)?.to_owned();
        Some(Axis { from, until: report.as_of.max(from.saturating_add(1)), label })
    }

    /// The bar of one secret; none where its dates are not known or make no sense.
    pub(super) fn bar(&self, trace: Option<&Trace>) -> Option<Bar> {
        let trace = trace?;
        let (from, until) = span(trace, self.until)?;
        let place = |moment: i64| {
            let (part, whole) = (moment.saturating_sub(self.from), self.until - self.from);
            i64::try_from(i128::from(part) * i128::from(STEPS) / i128::from(whole)).unwrap_or(STEPS)
        };
        let start = place(from).clamp(0, STEPS - NARROWEST);
        let length = (place(until).min(STEPS) - start).max(NARROWEST);
        Some(Bar { start, length, open: !trace.tips.is_empty(), label: self.label.clone() })
    }
}

/// From when to when.
fn span(trace: &Trace, as_of: i64) -> Option<(i64, i64)> {
    let from = trace.introduced.as_ref()?.committer.seconds;
    let length = trace.exposed_seconds.filter(|seconds| *seconds >= 0)?;
    plausible(from, as_of).then(|| (from, from.saturating_add(length)))
}

/// The longest exposures of the report.
#[derive(Template)]
#[template(path = "windows.html", config = "src/output/html/askama.toml")]
pub(super) struct Windows {
    rows: Vec<Row>,
    axis_from: String,
    axis_until: String,
    /// How many findings have a window.
    count: usize,
}

struct Row {
    number: usize,
    severity: &'static str,
    title: String,
    place: Piece,
    length: String,
    from: String,
    until: String,
    bar: Bar,
}

impl Windows {
    /// None where no finding has dates.
    pub(super) fn new(report: &Printable, groups: &[Group<'_>], axis: &Axis) -> Option<Windows> {
        let numbered = groups.iter().flatten().zip(1..);
        let mut all: Vec<(i64, i64, usize, &Reported)> = numbered
            .filter_map(|(reported, number)| {
                let (from, until) = span(reported.trace.as_ref()?, report.as_of)?;
                Some((from, until, number, *reported))
            })
            .collect();
        let count = all.len();
        all.sort_by_key(|(from, until, number, _)| (from.saturating_sub(*until), *number));
        all.truncate(LONGEST);
        let rows = all.into_iter().filter_map(|(from, until, number, reported)| {
            let bar = axis.bar(reported.trace.as_ref())?;
            let rule = &reported.finding.rule;
            Some(Row {
                number,
                severity: rule.severity.as_str(),
                title: escape(shortened(&rule.title, 80).as_bytes()),
                place: Piece::new(&shortened(
                    &reported.places.first().map(place_name).unwrap_or_default(),
                    120,
                )),
                length: when::span(until.saturating_sub(from)),
                from: when::day(from)?,
                until: if bar.open { "now".to_owned() } else { when::day(until)? },
                bar,
            })
        });
        let rows: Vec<Row> = rows.collect();
        (!rows.is_empty()).then(|| Windows {
            rows,
            axis_from: axis.label.clone(),
            axis_until: when::day(axis.until).unwrap_or_default(),
            count,
        })
    }
}
