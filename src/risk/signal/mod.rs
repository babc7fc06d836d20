//! The catalogue of signals, each a unit of its own: what it observes, what it needs, what it weighs
//! for each explanation, what would refute it and when it is a false alarm.
//!
//! A signal states an observation. It has three answers: seen, not seen, and "cannot tell", which
//! says what is missing and weighs nothing. Signals that are off by default look at working hours or
//! personnel dates; an organisation switches them on, if it may, in its policy.

/// What a person did before, or what a signal says where there is none: nothing of machines.
macro_rules! past {
    ($case:expr) => {
        match $crate::risk::signal::past($case) {
            Ok(found) => found,
            Err(look) => return look,
        }
    };
}

mod content;
mod control;
mod provenance;
mod speaks_for;
mod state;
mod strongest;
mod time;

pub use strongest::strongest;

use serde::{Deserialize, Serialize};

use super::case::{Case, Past};
use super::weigh::{Family, Weights};
use crate::identity::actor::Actor;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// One signal.
pub struct Signal {
    /// Its number, which never changes: `S14`.
    pub id: &'static str,
    /// Its name: lower case, words separated by hyphens.
    pub name: &'static str,
    /// What story it belongs to.
    pub family: Family,
    /// What it observes, in a sentence.
    pub definition: &'static str,
    /// The data it needs.
    pub needs: &'static str,
    /// What would refute what it suggests.
    pub refuted_by: &'static str,
    /// When it is seen for harmless reasons.
    pub false_alarms: &'static str,
    /// Whether it looks only where the policy says so.
    pub off_by_default: bool,
    /// Looks at a case.
    pub look: fn(&Case) -> Look,
}

/// What a signal says of a case.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// There is nothing to see.
    Quiet,
    /// It cannot tell: what is missing.
    Missing(&'static str),
    /// There is something.
    Seen(Seen),
}

/// What was seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// What was observed, in a sentence without names.
    pub value: String,
    /// What it is compared with; empty when with nothing.
    pub baseline: String,
    /// What it weighs, before it is discounted for an uncertain identity.
    pub weights: Weights,
    /// How sure the identity is that it rests on, in hundredths; 100 when it rests on none.
    pub confidence: u8,
    /// Where the data comes from.
    pub source: String,
}

impl Seen {
    /// An observation that rests on nobody's identity.
    fn fact(value: impl Into<String>, weights: Weights, source: &str) -> Look {
        Look::Seen(Seen {
            value: value.into(),
            baseline: String::new(),
            weights,
            confidence: 100,
            source: source.to_owned(),
        })
    }

    /// An observation about the accountable person.
    fn person(case: &Case, value: impl Into<String>, weights: Weights, source: &str) -> Look {
        let confidence = case.accountable().map_or(0, |actor| actor.confidence);
        Look::Seen(Seen {
            value: value.into(),
            baseline: String::new(),
            weights,
            confidence,
            source: source.to_owned(),
        })
    }
}

impl Look {
    /// The same with what it is compared with.
    fn against(self, baseline: impl Into<String>) -> Look {
        match self {
            Look::Seen(seen) => Look::Seen(Seen { baseline: baseline.into(), ..seen }),
            other => other,
        }
    }
}

/// Every signal, by number.
pub fn all() -> impl Iterator<Item = &'static Signal> {
    let lists: [&'static [Signal]; 6] = [
        state::SIGNALS,
        provenance::SIGNALS,
        control::SIGNALS,
        time::SIGNALS,
        content::SIGNALS,
        speaks_for::SIGNALS,
    ];
    let mut all: Vec<&Signal> = lists.into_iter().flatten().collect();
    all.sort_by_key(|signal| signal.id);
    all.into_iter()
}

/// So many of something, with the word in the right number.
fn count(number: usize, word: &str) -> String {
    if number == 1 { format!("1 {word}") } else { format!("{number} {word}s") }
}

fn past(case: &Case) -> Result<&Past, Look> {
    if case.accountable().is_some_and(Actor::is_machine) {
        return Err(Look::Quiet);
    }
    case.past.as_ref().ok_or(Look::Missing("commits of the person from before"))
}

/// Whole days of a span of seconds.
fn days(seconds: i64) -> i64 {
    seconds / DAY
}

#[cfg(test)]
mod tests;
