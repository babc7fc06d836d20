//! When secrets came in and when they were taken out: bars by month, by quarter or by year, and the
//! same numbers as a table.

use std::collections::BTreeMap;

use askama::Template;

use super::windows::plausible;
use crate::output::wording::{number, thousands};
use crate::output::{Printable, when};

/// Steps of time that fit: longer stretches are drawn in longer steps.
const STEPS: i64 = 48;
/// Labels that fit under the chart on a phone.
const LABELS: usize = 4;
/// Where the bars begin and how much room they have, in tenths of a percent of the chart's height.
const TOP: u64 = 40;
const ROOM: u64 = 820;

/// The chart and its table.
#[derive(Template)]
#[template(path = "timeline.html", config = "src/output/html/askama.toml")]
pub(super) struct Timeline {
    unit: &'static str,
    first: String,
    last: String,
    introduced: String,
    removed: String,
    /// Where the line between introductions and removals is.
    base: Percent,
    bars: Vec<Bar>,
    labels: Vec<Label>,
    rows: Vec<Row>,
    undated: Option<String>,
}

/// Tenths of a percent.
#[derive(Clone, Copy)]
struct Percent(u64);

impl std::fmt::Display for Percent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}%", self.0 / 10, self.0 % 10)
    }
}

struct Bar {
    class: &'static str,
    x: Percent,
    width: Percent,
    y: Percent,
    height: Percent,
    title: String,
}

struct Label {
    x: Percent,
    anchor: &'static str,
    text: String,
}

struct Row {
    name: String,
    introduced: String,
    removed: String,
}

/// Introductions and removals of one step.
#[derive(Default, Clone, Copy)]
struct Step {
    introduced: u64,
    removed: u64,
}

impl Timeline {
    /// None where nothing has a date.
    pub(super) fn new(report: &Printable) -> Option<Timeline> {
        let mut months: BTreeMap<i64, Step> = BTreeMap::new();
        let (mut all, mut undated) = (Step::default(), 0_u64);
        for trace in report.findings.iter().filter_map(|one| one.trace.as_ref()) {
            for (commit, is_removal) in [(&trace.introduced, false), (&trace.removed, true)] {
                let Some(commit) = commit else { continue };
                let seconds = commit.committer.seconds;
                let month = Some(seconds).filter(|at| plausible(*at, report.as_of));
                let Some(month) = month.and_then(when::months) else {
                    undated += 1;
                    continue;
                };
                for step in [months.entry(month).or_default(), &mut all] {
                    *(if is_removal { &mut step.removed } else { &mut step.introduced }) += 1;
                }
            }
        }
        let (first, _) = months.first_key_value()?;
        let (last, _) = months.last_key_value()?;
        // Up to the day of the scan, so that a quiet end can be seen.
        let last = when::months(report.as_of).map_or(*last, |now| now.max(*last));
        let unit = [1, 3].into_iter().find(|unit| last / unit - first / unit < STEPS).unwrap_or(12);
        let mut steps: BTreeMap<i64, Step> =
            (first / unit..=last / unit).map(|at| (at, Step::default())).collect();
        for (month, more) in &months {
            let step = steps.entry(month / unit).or_default();
            step.introduced += more.introduced;
            step.removed += more.removed;
        }
        Some(Timeline::draw(&steps, unit, all, undated))
    }

    fn draw(steps: &BTreeMap<i64, Step>, unit: i64, all: Step, undated: u64) -> Timeline {
        let most_in = steps.values().map(|step| step.introduced).max().unwrap_or(0);
        let most_out = steps.values().map(|step| step.removed).max().unwrap_or(0);
        let height = |count: u64| (count * ROOM / (most_in + most_out).max(1)).max(4);
        let base = TOP + most_in * ROOM / (most_in + most_out).max(1);
        let count = number(steps.len()).max(1);
        let at = |place: usize| number(place) * 1000 / count;
        let width = (1000 / count * 4 / 5).clamp(3, 60);
        let mut bars = Vec::new();
        for (place, (step, counts)) in steps.iter().enumerate() {
            let x = Percent(at(place) + (1000 / count).saturating_sub(width) / 2);
            let sides =
                [("in", counts.introduced, "introduced"), ("out", counts.removed, "removed")];
            for (class, count, what) in sides {
                if count > 0 {
                    let height = height(count);
                    let y = if class == "in" { base.saturating_sub(height) } else { base };
                    bars.push(Bar {
                        class,
                        x,
                        width: Percent(width),
                        y: Percent(y),
                        height: Percent(height),
                        title: format!("{}: {} {what}", name(*step, unit), thousands(count)),
                    });
                }
            }
        }
        let filled = steps.iter().filter(|(_, step)| step.introduced + step.removed > 0);
        Timeline {
            unit: match unit {
                1 => "month",
                3 => "quarter",
                _ => "year",
            },
            first: steps.first_key_value().map_or_else(String::new, |(at, _)| name(*at, unit)),
            last: steps.last_key_value().map_or_else(String::new, |(at, _)| name(*at, unit)),
            introduced: thousands(all.introduced),
            removed: thousands(all.removed),
            base: Percent(base),
            bars,
            labels: labels(steps, unit, &at, 1000 / count),
            rows: filled
                .map(|(at, step)| Row {
                    name: name(*at, unit),
                    introduced: thousands(step.introduced),
                    removed: thousands(step.removed),
                })
                .collect(),
            undated: (undated > 0).then(|| thousands(undated)),
        }
    }
}

/// Under the middle of every so many steps, from the first one on.
fn labels(
    steps: &BTreeMap<i64, Step>,
    unit: i64,
    at: &dyn Fn(usize) -> u64,
    wide: u64,
) -> Vec<Label> {
    let every = steps.len().div_ceil(LABELS).max(1);
    let chosen = steps.keys().enumerate().step_by(every);
    let labels = chosen.map(|(place, step)| {
        let middle = at(place) + wide / 2;
        let (x, anchor) = match place {
            0 if steps.len() > LABELS => (at(place), "start"),
            _ if middle > 930 => (999, "end"),
            _ => (middle, "middle"),
        };
        Label { x: Percent(x), anchor, text: name(*step, unit) }
    });
    labels.collect()
}

/// A step as people call it.
fn name(step: i64, unit: i64) -> String {
    let (year, month) = (step * unit / 12, step * unit % 12);
    match unit {
        1 => format!("{year:04}-{:02}", month + 1),
        3 => format!("{year:04} Q{}", month / 3 + 1),
        _ => format!("{year:04}"),
    }
}
