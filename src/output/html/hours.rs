//! At which hours of the week secrets were committed, by the committers' own clocks: only where the
//! organisation's policy allows it, of all people together, and only where they are so many that the
//! picture is nobody's working day.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;

use crate::output::wording::{counted, number, thousands};
use crate::output::{Printable, when};

/// Commits that it takes.
const COMMITS: u64 = 50;
/// Committers that it takes.
const PEOPLE: usize = 5;
/// Fewer commits than this in an hour are not told apart: a lone one is somebody's.
const FEW: u64 = 3;
/// Shades that tell more from less.
const SHADES: u64 = 5;

/// The map, or why there is none.
#[derive(Template)]
#[template(path = "hours.html", config = "src/output/html/askama.toml")]
pub(super) struct Hours {
    /// What it is made of; none where that is too little.
    sample: Option<String>,
    columns: Vec<String>,
    days: Vec<Day>,
    commits: u64,
    people: usize,
}

struct Day {
    name: &'static str,
    cells: Vec<Cell>,
}

struct Cell {
    shade: u64,
    text: String,
}

impl Hours {
    /// None where the policy does not allow it or nothing was committed.
    pub(super) fn new(report: &Printable) -> Option<Hours> {
        if !report.hour_heat_map {
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut people: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        let mut counts = [[0_u64; 24]; 7];
        for reported in &report.findings {
            let trace = reported.trace.as_ref();
            let Some(commit) = trace.and_then(|trace| trace.introduced.as_ref()) else { continue };
            let who = &commit.committer;
            let hour = when::hour_of_week(who);
            let Some((day, hour)) = hour.filter(|_| seen.insert((reported.target, commit.id)))
            else {
                continue;
            };
            if let Some(cell) = counts.get_mut(day).and_then(|day| day.get_mut(hour)) {
                *cell += 1;
                *people.entry((&who.name, &who.email)).or_default() += 1;
            }
        }
        let commits: u64 = people.values().sum();
        let most = people.values().copied().max()?;
        let enough = commits >= COMMITS && people.len() >= PEOPLE && most * 3 <= commits;
        Some(Hours {
            sample: enough.then(|| {
                let commits = counted(commits, "commit", "commits");
                format!("{commits} by {}", counted(number(people.len()), "person", "people"))
            }),
            columns: (0..24).map(|hour| format!("{hour:02}")).collect(),
            days: if enough { days(&counts) } else { Vec::new() },
            commits: COMMITS,
            people: PEOPLE,
        })
    }
}

fn days(counts: &[[u64; 24]; 7]) -> Vec<Day> {
    let most = counts.iter().flatten().copied().max().unwrap_or(0).max(1);
    let cell = |count: u64| Cell {
        shade: match count {
            0 => 0,
            few if few < FEW => 1,
            more => (more * SHADES).div_ceil(most).max(1),
        },
        text: match count {
            0 => "0".to_owned(),
            few if few < FEW => format!("<{FEW}"),
            more => thousands(more),
        },
    };
    let names = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let days = names.into_iter().zip(counts);
    days.map(|(name, hours)| Day { name, cells: hours.iter().map(|count| cell(*count)).collect() })
        .collect()
}
