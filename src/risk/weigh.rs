//! Weights of evidence in decibans, and how they are taken together.
//!
//! A deciban is ten times the decimal logarithm of a likelihood ratio (Good, "Probability and the
//! Weighing of Evidence", 1950): +10 makes an explanation ten times likelier than it was. Log-odds
//! let evidence speak for somebody as well as against, which noisy-or cannot.

use serde::{Deserialize, Serialize};

/// What one signal of a family can add when another of the family says more: they correlate.
const SECOND: f64 = 0.3;

/// The most that one family may add or take, decibans.
pub const FAMILY_CAP: f64 = 15.0;

/// Three explanations of a leak.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Hypothesis {
    /// A mistake.
    Negligent,
    /// Somebody else used the account.
    Compromised,
    /// On purpose.
    Malicious,
}

impl Hypothesis {
    /// All of them.
    pub const ALL: [Hypothesis; 3] =
        [Hypothesis::Negligent, Hypothesis::Compromised, Hypothesis::Malicious];

    /// The words for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Hypothesis::Negligent => "a mistake",
            Hypothesis::Compromised => "a compromised account",
            Hypothesis::Malicious => "intent",
        }
    }
}

/// Signals that tell one story.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Family {
    /// What the directory says of the person.
    State,
    /// Where the commit comes from: signatures, keys, roles, areas.
    Provenance,
    /// Rules and guards of the platform.
    Control,
    /// When and how much.
    Time,
    /// The credential and where it went.
    Content,
}

impl Family {
    /// All of them.
    pub const ALL: [Family; 5] =
        [Family::State, Family::Provenance, Family::Control, Family::Time, Family::Content];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Family::State => "state",
            Family::Provenance => "provenance",
            Family::Control => "control",
            Family::Time => "time",
            Family::Content => "content",
        }
    }
}

/// Decibans for each explanation.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
pub struct Weights {
    /// For a mistake.
    pub negligent: f64,
    /// For a compromised account.
    pub compromised: f64,
    /// For intent.
    pub malicious: f64,
}

impl Weights {
    /// Decibans for a mistake, a compromised account and intent.
    pub const fn new(negligent: f64, compromised: f64, malicious: f64) -> Weights {
        Weights { negligent, compromised, malicious }
    }

    /// Those of one explanation.
    pub fn of(&self, hypothesis: Hypothesis) -> f64 {
        match hypothesis {
            Hypothesis::Negligent => self.negligent,
            Hypothesis::Compromised => self.compromised,
            Hypothesis::Malicious => self.malicious,
        }
    }

    fn of_mut(&mut self, hypothesis: Hypothesis) -> &mut f64 {
        match hypothesis {
            Hypothesis::Negligent => &mut self.negligent,
            Hypothesis::Compromised => &mut self.compromised,
            Hypothesis::Malicious => &mut self.malicious,
        }
    }

    /// The weights of something that rests on an identity that is only `hundredths` sure:
    /// 10 log10(c LR + (1 - c)).
    #[must_use]
    pub fn discounted(self, hundredths: u8) -> Weights {
        let sure = f64::from(hundredths.min(100)) / 100.0;
        let one = |weight: f64| {
            let ratio = 10f64.powf(weight / 10.0);
            10.0 * (sure * ratio + (1.0 - sure)).log10()
        };
        Weights::new(one(self.negligent), one(self.compromised), one(self.malicious))
    }

    /// Whether it speaks for the person: less for a compromised account or intent, or more for a
    /// mistake alone.
    pub fn exculpates(&self) -> bool {
        self.compromised <= 0.0
            && self.malicious <= 0.0
            && (self.compromised < 0.0 || self.malicious < 0.0 || self.negligent > 0.0)
    }
}

/// Takes the weights of one family together: of those that speak for an explanation the largest
/// counts fully and the rest at three tenths, likewise of those against it, and the sum is bounded.
pub fn family(weights: &[Weights]) -> Weights {
    let mut sum = Weights::default();
    for hypothesis in Hypothesis::ALL {
        let values = weights.iter().map(|weights| weights.of(hypothesis));
        let side = |positive: bool| {
            let values = values.clone().filter(|value| (*value > 0.0) == positive);
            let sizes = values.map(f64::abs);
            let (all, largest) =
                sizes.fold((0.0, 0.0f64), |(all, largest), size| (all + size, largest.max(size)));
            largest + SECOND * (all - largest)
        };
        *sum.of_mut(hypothesis) = (side(true) - side(false)).clamp(-FAMILY_CAP, FAMILY_CAP);
    }
    sum
}

/// Before anything is seen: shares of the explanations among past incidents, in hundredths. The
/// defaults are a proposal, to be replaced by the organisation's own counts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Priors {
    /// Mistakes.
    pub negligent: f64,
    /// Compromised accounts.
    pub compromised: f64,
    /// Intent.
    pub malicious: f64,
}

impl Default for Priors {
    fn default() -> Self {
        Priors { negligent: 94.0, compromised: 4.0, malicious: 2.0 }
    }
}

impl Priors {
    /// In decibans, relative to a mistake. Each share counts as at least a thousandth, so that no
    /// count of past incidents rules an explanation out.
    pub fn weights(&self) -> Weights {
        let share = |share: f64| share.max(0.001);
        let relative = |one: f64| 10.0 * (share(one) / share(self.negligent)).log10();
        Weights::new(0.0, relative(self.compromised), relative(self.malicious))
    }
}

/// How much each explanation is supported, out of scores in decibans: shares that sum to one.
pub fn shares(scores: &Weights) -> [f64; 3] {
    let best = Hypothesis::ALL.map(|one| scores.of(one)).into_iter().fold(f64::MIN, f64::max);
    let sizes = Hypothesis::ALL.map(|one| 10f64.powf((scores.of(one) - best) / 10.0));
    let sum: f64 = sizes.iter().sum();
    sizes.map(|size| size / sum)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(one: f64, other: f64) -> bool {
        (one - other).abs() < 1e-3
    }

    #[test]
    fn uncertain_identity_weighs_less() {
        let weights = Weights::new(0.0, 10.0, -10.0);
        let sure = weights.discounted(100);
        assert!(near(sure.compromised, 10.0) && near(sure.malicious, -10.0));
        let guess = weights.discounted(35);
        // 10 log10(0.35 * 10 + 0.65) and 10 log10(0.35 * 0.1 + 0.65)
        assert!(near(guess.compromised, 6.1805) && near(guess.malicious, -1.6431), "{guess:?}");
        assert_eq!(weights.discounted(0), Weights::default());
    }

    #[test]
    fn one_story_told_three_times_is_one_story() {
        let one = Weights::new(0.0, 8.0, 0.0);
        assert!(near(family(&[one]).compromised, 8.0));
        assert!(near(family(&[one, one, one]).compromised, 12.8));
        assert!(near(family(&[one; 10]).compromised, FAMILY_CAP));
        let against = Weights::new(0.0, -5.0, 0.0);
        assert!(near(family(&[one, against]).compromised, 3.0));
        assert_eq!(family(&[]), Weights::default());
    }

    #[test]
    fn shares_follow_the_log_odds() {
        // Prior 2 in 100, then 1.6 and 1.1 nats for it: 0.2329 (1 nat is 4.343 decibans).
        let priors = Priors { negligent: 98.0, compromised: 2.0, malicious: 0.0 };
        let mut scores = priors.weights();
        scores.compromised += (1.6 + 1.1) * 4.342_944_819;
        scores.malicious = f64::MIN;
        let shares = shares(&scores);
        assert!(near(shares[1], 0.2329), "{shares:?}");
        assert!(near(shares.iter().sum(), 1.0));
    }

    #[test]
    fn no_past_rules_an_explanation_out() {
        let none = Priors { negligent: 100.0, compromised: 0.0, malicious: 0.0 };
        assert!(none.weights().malicious > -60.0);
    }
}
