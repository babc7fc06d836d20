//! Judges a synthetic organisation, whose truth is known, by the real code, and holds the outcome
//! against its targets and against what the documentation says of it.
//!
//! Weights were tuned on seeds 1 to 30; what is reported are sixty others, 101 to 120, 201 to 220 and
//! 301 to 320. `LEAKTRACE_BLESS=1` writes the tables and the catalogue into the documentation, and
//! otherwise they are compared. `LEAKTRACE_SEEDS=1-10` prints the tables of other seeds instead.

#![allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
#![allow(clippy::struct_excessive_bools, clippy::assigning_clones, clippy::similar_names)]
#![allow(clippy::needless_for_each, clippy::needless_range_loop, clippy::type_complexity)]

use std::fmt::Write as _;
use std::ops::RangeInclusive;
use std::thread;

use leaktrace::{identity, model, pipeline, risk};
use organisation::Organisation;
use organisation::event::Truth;
use organisation::judged::{Judged, judged};
use organisation::report::{Report, documented};

#[allow(dead_code, reason = "tests/pushes uses the rest")]
#[path = "../testdata/organisation/mod.rs"]
mod organisation;

/// Seeds that no weight was fitted to. The first two sets were each reported on once and fell short,
/// after which weights were changed on the tuning seeds: they stay in, so that no set is picked.
const REPORTED: [RangeInclusive<u64>; 3] = [101..=120, 201..=220, 301..=320];

/// Everyday events that are judged of each seed, spread evenly over all of them.
const EVERYDAY: usize = 700;

/// What stands in the marks of the documentation.
const NAME: &str = "tests/organisation.rs";

fn all(seeds: &RangeInclusive<u64>) -> Vec<Judged> {
    let middle = u64::midpoint(*seeds.start(), *seeds.end());
    let run = |seeds: RangeInclusive<u64>| -> Vec<Judged> {
        seeds.flat_map(|seed| judged(seed, EVERYDAY)).collect()
    };
    thread::scope(|scope| {
        let first = scope.spawn(|| run(*seeds.start()..=middle));
        let second = run(middle + 1..=*seeds.end());
        let mut all = first.join().expect("judged");
        all.extend(second);
        all
    })
}

#[test]
fn judgements_meet_their_targets_and_the_page_says_what_they_are() {
    if let Ok(seeds) = std::env::var("LEAKTRACE_SEEDS") {
        let (first, last) = seeds.split_once('-').expect("as in 1-10");
        let seeds = first.parse().expect("a number")..=last.parse().expect("a number");
        println!("{}", Report::new(&all(&seeds)).tables());
        return;
    }
    let judged: Vec<Judged> = REPORTED.iter().flat_map(all).collect();
    let report = Report::new(&judged);
    let headline = report.headline();
    let (alarms, everyday) = headline.false_alarms;
    assert!(everyday >= 20_000, "{everyday} everyday events are too few");
    assert!(alarms * 1_000 < everyday, "{alarms} of {everyday} everyday events were raised");
    let (raised, stories) = headline.stories;
    assert!(raised * 10 >= stories * 9, "{raised} of {stories} planted stories were raised");
    let mistakes = judged.iter().filter(|one| one.truth == Truth::Negligent);
    let raised = mistakes.clone().filter(|one| one.judgement.concern.band >= risk::Band::Review);
    assert!(raised.count() * 100 <= mistakes.count(), "planted mistakes are raised");
    documented("identity.md", NAME, &page(&report));
}

#[test]
fn the_same_seed_is_the_same_organisation() {
    let events = |seed| format!("{:?}", Organisation::new(seed).events);
    let (one, again, other) = (events(7), events(7), events(8));
    assert!(one == again && one != other);
}

#[test]
fn everyday_work_has_all_that_looks_odd_and_is_not() {
    let organisation = Organisation::new(3);
    let everyday: Vec<_> =
        organisation.events.iter().filter(|one| one.truth == Truth::Innocent).collect();
    assert!(everyday.len() > 2_000, "{}", everyday.len());
    for kind in ["edit on the site", "merge", "rebase by a colleague", "pair programming", "bot"] {
        assert!(everyday.iter().any(|one| one.kind == kind), "{kind}");
    }
    for truth in Truth::ALL {
        assert!(organisation.events.iter().any(|one| one.truth == truth), "{truth:?}");
    }
}

#[test]
fn the_catalogue_of_signals_is_documented() {
    let mut text = String::from(
        "| signal | family | observes | needs | refuted by | seen for harmless reasons | on |\n\
         |---|---|---|---|---|---|---|\n",
    );
    for signal in risk::signal::all() {
        let _ = writeln!(
            text,
            "| {} {} | {} | {} | {} | {} | {} | {} |",
            signal.id,
            signal.name,
            signal.family.as_str(),
            signal.definition,
            signal.needs,
            signal.refuted_by,
            if signal.false_alarms.is_empty() { "–" } else { signal.false_alarms },
            if signal.off_by_default { "when switched on" } else { "yes" }
        );
    }
    documented("signals.md", NAME, &text);
}

fn page(report: &Report<'_>) -> String {
    let headline = report.headline();
    let (alarms, everyday) = headline.false_alarms;
    let share = |(part, all): (usize, usize)| format!("{:.1} %", 100.0 * part as f64 / all as f64);
    format!(
        "{INTRODUCTION}\n\
         - Everyday work raised to review or above: {alarms} of {everyday} events, {:.2} in 1,000 \
         (target: under 1).\n\
         - Planted takeovers and intents raised: {} of {} stories, {} (target: at least 90 %); by \
         event {}.\n\n{}\n{CLOSING}",
        1_000.0 * alarms as f64 / everyday as f64,
        headline.stories.0,
        headline.stories.1,
        share(headline.stories),
        share(headline.events),
        report.tables()
    )
}

const INTRODUCTION: &str = include_str!("../testdata/organisation/introduction.md");
const CLOSING: &str = include_str!("../testdata/organisation/closing.md");
