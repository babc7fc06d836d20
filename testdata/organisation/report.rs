//! What comes out of many judged events, as tables: who was raised, how well shares fit what was
//! true, what each signal lifts, and whom false alarms fall on.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use super::event::Truth;
use super::judged::{Judged, switched_on};
use crate::identity::PersonType;
use crate::risk::weigh::Hypothesis;
use crate::risk::{Band, signal};

/// Shares of the explanations that events are weighted to: the default priors. Everyday work and
/// planted mistakes are the mistakes.
const MIX: [f64; 3] = [0.94, 0.04, 0.02];

/// Ends of the bins of the reliability table.
const BINS: [f64; 7] = [0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 1.0];

/// Compares what is generated with a page of the documentation, between the marks with this name, or
/// writes it there.
pub fn documented(page: &str, name: &str, generated: &str) {
    let [first, second] = ["begin", "end"].map(|word| format!("<!-- {word}: {name} -->\n"));
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("docs").join(page);
    let text = fs::read_to_string(&path).expect("a page");
    let (before, rest) = text.split_once(&first).expect("the page has the first mark");
    let (found, after) = rest.split_once(&second).expect("the page has the second mark");
    if std::env::var_os("LEAKTRACE_BLESS").is_some() {
        let text = format!("{before}{first}{generated}{second}{after}");
        fs::write(&path, text).expect("the page is written");
        return;
    }
    let line = found.lines().zip(generated.lines()).find(|(one, other)| one != other);
    assert!(
        found == generated,
        "docs/{page} is not what the test makes (LEAKTRACE_BLESS=1 writes it); first: {line:?}"
    );
}

/// Judged events with their weights.
pub struct Report<'a> {
    judged: &'a [Judged],
    /// Of each class.
    weights: [f64; 3],
}

/// What a test holds against the targets.
#[derive(Debug, Clone, Copy)]
pub struct Headline {
    /// Everyday events raised to review or above, of all.
    pub false_alarms: (usize, usize),
    /// Planted takeovers and intents of which an event was raised, of all.
    pub stories: (usize, usize),
    /// Their events that were raised, of all.
    pub events: (usize, usize),
}

fn class(truth: Truth) -> usize {
    match truth {
        Truth::Innocent | Truth::Negligent => 0,
        Truth::Compromised => 1,
        Truth::Malicious => 2,
    }
}

fn raised(one: &Judged) -> bool {
    one.judgement.concern.band >= Band::Review
}

fn percent(part: f64, whole: f64) -> String {
    if whole > 0.0 { format!("{:.1} %", 100.0 * part / whole) } else { "–".to_owned() }
}

fn count(number: usize) -> f64 {
    number as f64
}

impl<'a> Report<'a> {
    /// Of these events.
    pub fn new(judged: &'a [Judged]) -> Report<'a> {
        let mut counts = [0usize; 3];
        judged.iter().for_each(|one| counts[class(one.truth)] += 1);
        let mut weights = [0.0; 3];
        for (at, weight) in weights.iter_mut().enumerate() {
            *weight = MIX[at] / count(counts[at].max(1));
        }
        Report { judged, weights }
    }

    fn weight(&self, one: &Judged) -> f64 {
        self.weights[class(one.truth)]
    }

    /// The figures that have targets.
    pub fn headline(&self) -> Headline {
        let of = |fits: &dyn Fn(&Judged) -> bool| {
            let all: Vec<&Judged> = self.judged.iter().filter(|one| fits(one)).collect();
            (all.iter().filter(|one| raised(one)).count(), all.len())
        };
        let grave = self.judged.iter().filter(|one| one.truth.is_grave());
        let stories: BTreeSet<_> = grave.clone().filter_map(|one| one.story).collect();
        let found: BTreeSet<_> =
            grave.filter(|one| raised(one)).filter_map(|one| one.story).collect();
        Headline {
            false_alarms: of(&|one| one.truth == Truth::Innocent),
            stories: (found.len(), stories.len()),
            events: of(&|one| one.truth.is_grave()),
        }
    }

    /// All tables.
    pub fn tables(&self) -> String {
        let mut text = String::new();
        self.bands(&mut text);
        self.variants(&mut text);
        self.precision(&mut text);
        self.explanations(&mut text);
        self.reliability(&mut text);
        self.lift(&mut text);
        self.fairness(&mut text);
        self.switched_on(&mut text);
        text
    }

    fn switched_on(&self, text: &mut String) {
        text.push_str("\n### With the signals switched on that are off by default\n\nWorking hours, personnel dates and leave are looked at only where the policy says so. This is what that brings, and what it costs those who work late.\n\n| switched on | planted takeovers and intents raised | everyday work raised | in 1,000 | of it late or on call, in 1,000 |\n|---|---:|---:|---:|---:|\n");
        let mut rows = vec![("nothing (the tables above)".to_owned(), None)];
        for (at, settings) in switched_on().iter().enumerate() {
            let named = signal::all().filter(|one| settings.on.iter().any(|on| on == one.id));
            let names: Vec<String> = named.map(|one| format!("{} {}", one.id, one.name)).collect();
            rows.push((names.join(", "), Some(at)));
        }
        for (name, at) in rows {
            let up = |one: &Judged| {
                at.map_or(one.judgement.concern.band, |at| one.switched[at]) >= Band::Review
            };
            let of = |fits: &dyn Fn(&Judged) -> bool| {
                let all: Vec<&Judged> = self.judged.iter().filter(|one| fits(one)).collect();
                (all.iter().filter(|one| up(one)).count(), all.len())
            };
            let (alarms, all) = of(&|one| one.truth == Truth::Innocent);
            let (late, late_all) = of(&|one| matches!(one.kind, "late" | "on call"));
            let grave = || self.judged.iter().filter(|one| one.truth.is_grave());
            let stories: BTreeSet<_> = grave().filter_map(|one| one.story).collect();
            let found: BTreeSet<_> =
                grave().filter(|one| up(one)).filter_map(|one| one.story).collect();
            let _ = writeln!(
                text,
                "| {name} | {} of {}, {} | {alarms} of {all} | {:.2} | {:.2} |",
                found.len(),
                stories.len(),
                percent(count(found.len()), count(stories.len())),
                1_000.0 * count(alarms) / count(all.max(1)),
                1_000.0 * count(late) / count(late_all.max(1))
            );
        }
    }

    fn bands(&self, text: &mut String) {
        text.push_str("### Events by band\n\n| what is true | events | none | note | review | urgent-review | review or above |\n|---|---:|---:|---:|---:|---:|---:|\n");
        for truth in Truth::ALL {
            let of: Vec<&Judged> = self.judged.iter().filter(|one| one.truth == truth).collect();
            let bands = Band::ALL
                .map(|band| of.iter().filter(|one| one.judgement.concern.band == band).count());
            let up = bands[2] + bands[3];
            let share = format!("{:.2} %", 100.0 * count(up) / count(of.len().max(1)));
            let [none, note, review, urgent] = bands;
            let _ = writeln!(
                text,
                "| {} | {} | {none} | {note} | {review} | {urgent} | {share} |",
                truth.as_str(),
                of.len()
            );
        }
        text.push('\n');
    }

    fn variants(&self, text: &mut String) {
        text.push_str("### Stories and kinds of work\n\nA story counts as raised when one of its events is.\n\n| what is true | kind | stories or events | raised |\n|---|---|---:|---:|\n");
        let mut stories: BTreeMap<(Truth, &str), BTreeMap<(u64, usize), bool>> = BTreeMap::new();
        for (at, one) in self.judged.iter().enumerate() {
            let key = one.story.unwrap_or((0, at));
            let entry = stories.entry((one.truth, one.kind)).or_default().entry(key).or_default();
            *entry |= raised(one);
        }
        for ((truth, kind), all) in &stories {
            let up = all.values().filter(|raised| **raised).count();
            let share = format!("{:.1} %", 100.0 * count(up) / count(all.len()));
            let _ = writeln!(text, "| {} | {kind} | {} | {share} |", truth.as_str(), all.len());
        }
        text.push('\n');
    }

    fn precision(&self, text: &mut String) {
        text.push_str("### Precision and recall of bands\n\nOf takeovers and intents together, by event. The second precision weights events to 94 mistakes, 4 takeovers and 2 intents in 100 findings, which is the default prior.\n\n| band or above | recall | precision in this mix of events | precision at the default prior |\n|---|---:|---:|---:|\n");
        for band in [Band::Note, Band::Review, Band::UrgentReview] {
            let mut sums = [[0.0; 2]; 2];
            let mut grave = 0.0;
            for one in self.judged {
                grave += f64::from(u8::from(one.truth.is_grave()));
                if one.judgement.concern.band >= band {
                    let at = usize::from(one.truth.is_grave());
                    sums[at][0] += 1.0;
                    sums[at][1] += self.weight(one);
                }
            }
            let [other, own] = sums;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                band.as_str(),
                percent(own[0], grave),
                percent(own[0], own[0] + other[0]),
                percent(own[1], own[1] + other[1])
            );
        }
        text.push('\n');
    }

    fn explanations(&self, text: &mut String) {
        text.push_str("### Best supported explanation\n\nAn explanation is named when the next one is at least twice as unlikely. Events are weighted as above for the precision.\n\n| explanation | recall | precision at the default prior |\n|---|---:|---:|\n");
        for (at, hypothesis) in Hypothesis::ALL.into_iter().enumerate() {
            let (mut own, mut named, mut right) = (0.0, 0.0, 0.0);
            for one in self.judged {
                let is = class(one.truth) == at;
                let says = one.judgement.concern.best == Some(hypothesis);
                let weight = self.weight(one);
                own += if is { weight } else { 0.0 };
                named += if says { weight } else { 0.0 };
                right += if is && says { weight } else { 0.0 };
            }
            let _ = writeln!(
                text,
                "| {} | {} | {} |",
                hypothesis.as_str(),
                percent(right, own),
                percent(right, named)
            );
        }
        text.push('\n');
    }

    fn reliability(&self, text: &mut String) {
        text.push_str("### How well the shares fit\n\nThe share that a judgement gives to takeover and intent together, against how often that was true, weighted to the default prior.\n\n| share given | events | mean share | true |\n|---|---:|---:|---:|\n");
        let mut least = 0.0;
        for most in BINS {
            let (mut events, mut weight, mut given, mut truly) = (0, 0.0, 0.0, 0.0);
            for one in self.judged {
                let share = 1.0 - one.judgement.concern.shares[0];
                if share >= least && (share < most || most >= 1.0) {
                    let own = self.weight(one);
                    events += 1;
                    weight += own;
                    given += own * share;
                    truly += if one.truth.is_grave() { own } else { 0.0 };
                }
            }
            let _ = writeln!(
                text,
                "| {least:.2} to {most:.2} | {events} | {} | {} |",
                percent(given, weight),
                percent(truly, weight)
            );
            least = most;
        }
        let (score, base) = self.brier();
        let _ = writeln!(
            text,
            "\nBrier score over the three explanations (0 is best): {score:.3}; always giving the prior would score {base:.3}.\n"
        );
    }

    fn brier(&self) -> (f64, f64) {
        let (mut score, mut base) = (0.0, 0.0);
        for one in self.judged {
            for at in 0..3 {
                let is = f64::from(u8::from(class(one.truth) == at));
                let weight = self.weight(one);
                score += weight * (one.judgement.concern.shares[at] - is).powi(2);
                base += weight * (MIX[at] - is).powi(2);
            }
        }
        (score, base)
    }

    fn lift(&self, text: &mut String) {
        text.push_str("### What each signal lifts\n\nHow many times as often a signal is seen in planted takeovers and intents as in everyday work and planted mistakes (half an event added to each count). Signals that were never seen here are left out.\n\n| signal | seen in mistakes | in takeovers | in intents | lift for takeovers | for intents |\n|---|---:|---:|---:|---:|---:|\n");
        let mut totals = [0usize; 3];
        let mut seen: BTreeMap<&str, [usize; 3]> = BTreeMap::new();
        for one in self.judged {
            let at = class(one.truth);
            totals[at] += 1;
            for observation in &one.judgement.observations {
                seen.entry(&observation.signal).or_default()[at] += 1;
            }
        }
        for signal in signal::all() {
            let Some(counts) = seen.get(signal.id) else { continue };
            let rate = |at: usize| (count(counts[at]) + 0.5) / (count(totals[at]) + 1.0);
            let share = |at: usize| percent(count(counts[at]), count(totals[at]));
            let _ = writeln!(
                text,
                "| {} {} | {} | {} | {} | {:.1} | {:.1} |",
                signal.id,
                signal.name,
                share(0),
                share(1),
                share(2),
                rate(1) / rate(0),
                rate(2) / rate(0)
            );
        }
        text.push('\n');
    }

    fn fairness(&self, text: &mut String) {
        text.push_str("### Whom false alarms fall on\n\nEveryday events raised to review or above. Time zones are those of people's homes in winter.\n\n| group | events | raised | in 1,000 |\n|---|---:|---:|---:|\n");
        for (name, up, all) in self.groups() {
            let rate = 1_000.0 * count(up) / count(all.max(1));
            let _ = writeln!(text, "| {name} | {all} | {up} | {rate:.2} |");
        }
    }

    /// False alarms by type of person and by home zone: name, raised, all.
    pub fn groups(&self) -> Vec<(String, usize, usize)> {
        let mut groups: BTreeMap<(u8, i32, String), (usize, usize)> = BTreeMap::new();
        for one in self.judged.iter().filter(|one| one.truth == Truth::Innocent) {
            let (kind, zone) = one.person.unwrap_or((PersonType::Unknown, 0));
            let mut keys = vec![(0, 0, kind.as_str().to_owned())];
            if !kind.is_machine() && one.person.is_some() {
                keys.push((1, zone, format!("UTC{:+03}:{:02}", zone / 60, zone.abs() % 60)));
            }
            for key in keys {
                let entry = groups.entry(key).or_default();
                entry.0 += usize::from(raised(one));
                entry.1 += 1;
            }
        }
        groups.into_iter().map(|((.., name), (up, all))| (name, up, all)).collect()
    }
}
