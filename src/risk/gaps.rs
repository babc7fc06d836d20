//! What is not known of a case, put in order: what could change who should look stands first.
//!
//! Each missing datum is supposed to be there and to say the most that the signals which lack it can
//! say; where that would give another band it is decisive. That is no forecast: mostly what is
//! missing would turn out to say nothing.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use super::case::Case;
use super::judge::{Judgement, Settings, band_of};
use super::signal;
use super::weigh::{Family, Weights};

/// Something that is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gap {
    /// What, and by the names of which signals.
    pub text: String,
    /// Whether it could change who should look.
    pub decisive: bool,
}

/// What is not known, decisive first; what several signals lack stands there once.
pub fn gaps(case: &Case, judgement: &Judgement, settings: &Settings) -> Vec<Gap> {
    type Lacking<'a> = (usize, Vec<&'a str>, Vec<(Family, Weights)>);
    let mut lacking: BTreeMap<&str, Lacking<'_>> = BTreeMap::new();
    let sure = case.accountable().map_or(100, |actor| actor.confidence);
    for (place, missing) in judgement.missing.iter().enumerate() {
        let (_, names, supposed) =
            lacking.entry(&missing.what).or_insert_with(|| (place, Vec::new(), Vec::new()));
        names.push(&missing.name);
        let most = signal::strongest(&missing.signal);
        supposed.extend(most.map(|(family, weights)| (family, weights.discounted(sure))));
    }
    let seen: Vec<(Family, Weights)> =
        judgement.observations.iter().map(|one| (one.family, one.counted)).collect();
    let now = band_of(&seen, settings);
    let mut general: Vec<&String> = case.missing.iter().collect();
    let mut ordered = Vec::new();
    for (what, (place, names, supposed)) in lacking {
        let with: Vec<_> = seen.iter().chain(&supposed).copied().collect();
        let decisive = band_of(&with, settings) != now;
        // What the case says of the same, it says with the way to it.
        let begins =
            |text: &&String| text.strip_prefix(what).is_some_and(|rest| rest.starts_with(':'));
        let said = general.iter().position(begins).map(|at| general.remove(at));
        let text = format!("{} ({})", said.map_or(what, String::as_str), names.join(", "));
        // In tenths, to be compared.
        let most = supposed.iter().map(|(_, weights)| tenths(weights)).max().unwrap_or_default();
        ordered.push((Reverse((decisive, said.is_some(), most)), place, Gap { text, decisive }));
    }
    ordered.sort_by(|(one, at, _), (other, place, _)| (one, at).cmp(&(other, place)));
    let mut gaps: Vec<Gap> = ordered.into_iter().map(|(_, _, gap)| gap).collect();
    let decisive = gaps.partition_point(|gap| gap.decisive);
    let general = general.into_iter().map(|text| Gap { text: text.clone(), decisive: false });
    gaps.splice(decisive..decisive, general);
    gaps
}

#[allow(clippy::cast_possible_truncation, reason = "weights are a few decibans")]
fn tenths(weights: &Weights) -> i64 {
    let Weights { negligent, compromised, malicious } = weights;
    let most = negligent.abs().max(compromised.abs()).max(malicious.abs());
    (most * 10.0) as i64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::risk::judge::judge;
    use crate::risk::testing::quiet;

    #[test]
    fn what_could_change_the_band_stands_first_and_each_gap_once() {
        let mut case = quiet();
        case.past = None;
        case.push.impossible_travel = None;
        case.missing = vec!["hr: page 3".to_owned(), "who pushed: name the event".to_owned()];
        let settings = Settings::default();
        let judgement = judge(&case, &settings);
        let gaps = gaps(&case, &judgement, &settings);
        let texts: Vec<&str> = gaps.iter().map(|gap| gap.text.as_str()).collect();
        let at = |begin: &str| texts.iter().position(|text| text.starts_with(begin));
        // A sleeping account that wakes up or a new key would be something to look at.
        let past = at("commits of the person from before (").expect("named");
        assert!(gaps[past].decisive && texts[past].contains("awakening"), "{texts:?}");
        let travel = at("countries from the forge's audit log").expect("named");
        assert!(gaps[travel].decisive, "{texts:?}");
        assert!(gaps.is_sorted_by_key(|gap| !gap.decisive), "{texts:?}");
        let first = gaps.iter().filter(|gap| gap.decisive).count();
        assert_eq!(texts.get(first), Some(&"hr: page 3"));
        for missing in &judgement.missing {
            let names =
                |text: &str| text.split(['(', ',', ')']).any(|one| one.trim() == missing.name);
            let told = texts.iter().filter(|text| names(text));
            assert_eq!(told.count(), 1, "{}: {texts:?}", missing.name);
        }
    }

    #[test]
    fn what_the_case_says_of_a_gap_is_said_with_it() {
        let mut case = quiet();
        case.actors.retain(|one| one.role != crate::identity::actor::ActorRole::Pusher);
        case.missing = vec!["who pushed: name the event".to_owned()];
        let settings = Settings::default();
        let judgement = judge(&case, &settings);
        let gaps = gaps(&case, &judgement, &settings);
        let told: Vec<&Gap> = gaps.iter().filter(|gap| gap.text.contains("who pushed")).collect();
        assert_eq!(told.len(), 1, "{gaps:?}");
        assert_eq!(told[0].text, "who pushed: name the event (author-is-not-pusher)");
    }
}
