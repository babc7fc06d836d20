//! From a case to a judgement: every signal looks, what it saw is weighed, and the result is a band
//! with its reasons, what speaks for the person, what is missing, and the cheapest questions that
//! would tell the explanations apart. Never a verdict, and no number beside a name.

use serde::{Deserialize, Serialize};

use super::case::Case;
use super::exposure::{self, Exposure};
use super::signal::{self, Look, Seen};
use super::weigh::{self, Family, Hypothesis, Priors, Weights};

/// The version of signals, weights and bands, which every judgement names.
pub const MODEL: &str = "leaktrace-concern-2";

/// Reasons that a judgement puts first.
const FIRST: usize = 5;

/// Decibans that a family must speak for an explanation to count as one of two: the weakest signal
/// that counts has 2, of which an identity that a server or a good signature vouches for leaves 1.9.
const SPEAKS: f64 = 1.9;

/// Who should look, and how carefully it is to be handled.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default,
)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// Nothing beyond the leak itself.
    #[default]
    None,
    /// Worth a line to whoever handles the leak.
    Note,
    /// Two people should look at it, under a pseudonym.
    Review,
    /// The same, today.
    UrgentReview,
}

impl Band {
    /// All of them, least first.
    pub const ALL: [Band; 4] = [Band::None, Band::Note, Band::Review, Band::UrgentReview];

    /// The lower-case word.
    pub fn as_str(self) -> &'static str {
        match self {
            Band::None => "none",
            Band::Note => "note",
            Band::Review => "review",
            Band::UrgentReview => "urgent-review",
        }
    }
}

/// What decides about bands and signals: the organisation's, never the repository's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// Signals that are off by default and on here, by number.
    pub on: Vec<String>,
    /// Signals that are off.
    pub off: Vec<String>,
    /// Shares of the explanations among past incidents.
    pub priors: Priors,
    /// From how many decibans, relative to a mistake, on: `note`, `review`, `urgent-review`.
    pub bands: [f64; 3],
}

impl Default for Settings {
    fn default() -> Self {
        Settings {
            on: Vec::new(),
            off: Vec::new(),
            priors: Priors::default(),
            bands: [-10.0, -7.0, 6.0],
        }
    }
}

impl Settings {
    fn looks(&self, signal: &signal::Signal) -> bool {
        let named = |list: &[String]| list.iter().any(|one| one == signal.id || one == signal.name);
        if signal.off_by_default { named(&self.on) } else { !named(&self.off) }
    }
}

/// One line of a judgement.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Observation {
    /// The signal's number.
    pub signal: String,
    /// Its name.
    pub name: String,
    /// Its family.
    pub family: Family,
    /// What was seen.
    #[serde(flatten)]
    pub seen: Seen,
    /// What it weighs after the identity's confidence is taken into account, decibans.
    pub counted: Weights,
    /// What would refute it.
    pub refuted_by: String,
}

impl Observation {
    /// Whether it speaks for the person.
    pub fn exculpates(&self) -> bool {
        self.counted.exculpates()
    }

    /// The most that it says for anything but a mistake.
    fn force(&self) -> f64 {
        self.counted.compromised.max(self.counted.malicious) - self.counted.negligent.max(0.0)
    }
}

/// Something a signal needed and did not have.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Missing {
    /// The signal's number.
    pub signal: String,
    /// Its name.
    pub name: String,
    /// What is missing.
    pub what: String,
}

/// How well the explanations fit, without numbers beside a name.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Concern {
    /// Who should look.
    pub band: Band,
    /// The best supported explanation; none when two are about as good.
    pub best: Option<Hypothesis>,
    /// How many observations speak for it, of how many.
    pub supporting: usize,
    /// See above.
    pub observations: usize,
    /// For each explanation its share, in order: for calibration, not for display.
    pub shares: [f64; 3],
    /// Decibans of each explanation: for calibration, not for display.
    pub scores: Weights,
    /// Numbers of the signals that speak most for looking, strongest first, at most five.
    pub first: Vec<String>,
    /// The number of the signal that speaks most for the person.
    pub exculpating: Option<String>,
}

/// What is made of a case.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judgement {
    /// Signals, weights and bands.
    pub model: String,
    /// How bad the leak is.
    pub exposure: Exposure,
    /// Who should look at it.
    pub concern: Concern,
    /// What was seen, by signal.
    pub observations: Vec<Observation>,
    /// What could not be seen.
    pub missing: Vec<Missing>,
    /// What to ask first, cheapest first.
    pub questions: Vec<String>,
}

/// Judges a case.
pub fn judge(case: &Case, settings: &Settings) -> Judgement {
    let mut observations = Vec::new();
    let mut missing = Vec::new();
    for signal in signal::all().filter(|signal| settings.looks(signal)) {
        match (signal.look)(case) {
            Look::Quiet => {}
            Look::Missing(what) => missing.push(Missing {
                signal: signal.id.to_owned(),
                name: signal.name.to_owned(),
                what: what.to_owned(),
            }),
            Look::Seen(seen) => observations.push(Observation {
                signal: signal.id.to_owned(),
                name: signal.name.to_owned(),
                family: signal.family,
                counted: seen.weights.discounted(seen.confidence),
                seen,
                refuted_by: signal.refuted_by.to_owned(),
            }),
        }
    }
    let concern = concern(&observations, settings);
    let questions = questions(case, &observations, &missing, &concern);
    Judgement {
        model: MODEL.to_owned(),
        exposure: exposure::of(case),
        concern,
        observations,
        missing,
        questions,
    }
}

fn concern(observations: &[Observation], settings: &Settings) -> Concern {
    let counted: Vec<(Family, Weights)> =
        observations.iter().map(|one| (one.family, one.counted)).collect();
    let (scores, band) = weighed(&counted, settings);
    let shares = weigh::shares(&scores);
    let best = best(&scores);
    let supports = |one: &&Observation| {
        best.is_some_and(|best| {
            let other = Hypothesis::ALL.into_iter().filter(|one| *one != best);
            let most = other.map(|other| one.counted.of(other)).fold(f64::MIN, f64::max);
            one.counted.of(best) > most
        })
    };
    let mut forceful: Vec<&Observation> =
        observations.iter().filter(|one| one.force() > 0.0).collect();
    forceful.sort_by(|a, b| b.force().total_cmp(&a.force()).then_with(|| a.signal.cmp(&b.signal)));
    let exculpating = observations.iter().filter(|one| one.exculpates());
    let exculpating = exculpating.min_by(|a, b| {
        let sum = |one: &Observation| {
            one.counted.compromised + one.counted.malicious - one.counted.negligent
        };
        sum(a).total_cmp(&sum(b)).then_with(|| a.signal.cmp(&b.signal))
    });
    Concern {
        band,
        best,
        supporting: observations.iter().filter(supports).count(),
        observations: observations.len(),
        shares,
        scores,
        first: forceful.iter().take(FIRST).map(|one| one.signal.clone()).collect(),
        exculpating: exculpating.map(|one| one.signal.clone()),
    }
}

/// Who should look, by what counts of each observation.
pub fn band_of(counted: &[(Family, Weights)], settings: &Settings) -> Band {
    weighed(counted, settings).1
}

fn weighed(counted: &[(Family, Weights)], settings: &Settings) -> (Weights, Band) {
    let mut scores = settings.priors.weights();
    let mut families = Vec::new();
    for family in Family::ALL {
        let weights: Vec<Weights> =
            counted.iter().filter(|(own, _)| *own == family).map(|(_, one)| *one).collect();
        let sum = weigh::family(&weights);
        scores.negligent += sum.negligent;
        scores.compromised += sum.compromised;
        scores.malicious += sum.malicious;
        families.push(sum);
    }
    let band = |grave| band(&scores, &families, grave, settings.bands);
    (scores, band(Hypothesis::Compromised).max(band(Hypothesis::Malicious)))
}

/// Who should look, by one explanation that is graver than a mistake.
fn band(scores: &Weights, families: &[Weights], grave: Hypothesis, bands: [f64; 3]) -> Band {
    let odds = scores.of(grave) - scores.negligent;
    let speaking = families.iter().filter(|sum| sum.of(grave) >= SPEAKS).count();
    let [note, review, urgent] = bands;
    // One family is one story, however long: it takes a second one before people look at a person.
    match speaking {
        2.. if odds >= urgent => Band::UrgentReview,
        2.. if odds >= review => Band::Review,
        1.. if odds >= note => Band::Note,
        _ => Band::None,
    }
}

/// The explanation with the best score, if the next one is at least twice as unlikely.
fn best(scores: &Weights) -> Option<Hypothesis> {
    let mut all = Hypothesis::ALL;
    all.sort_by(|a, b| scores.of(*b).total_cmp(&scores.of(*a)));
    (scores.of(all[0]) - scores.of(all[1]) >= 3.0).then_some(all[0])
}

/// What to ask first: what would refute what was seen most clearly, then what was missing.
fn questions(
    case: &Case,
    observations: &[Observation],
    missing: &[Missing],
    concern: &Concern,
) -> Vec<String> {
    let mut questions = Vec::new();
    if case.secret.live.is_none() {
        questions
            .push("Does the credential still work, and what was it used for since?".to_owned());
    }
    for id in &concern.first {
        let asked = observations.iter().find(|one| one.signal == *id);
        if let Some(one) = asked.filter(|one| !one.refuted_by.starts_with("nothing")) {
            questions.push(format!("Is there {}? ({})", one.refuted_by, one.name));
        }
    }
    if concern.band >= Band::Note {
        let needed = |signal: &str| missing.iter().any(|one| one.signal == signal);
        if needed("S08") {
            questions.push("Who pushed it, by the forge's audit log?".to_owned());
        }
        if needed("S24") {
            questions.push(
                "Does the audit log show the usual token and country for the push?".to_owned(),
            );
        }
        if needed("S29") {
            questions.push("Whose credential is it?".to_owned());
        }
    }
    questions.truncate(6);
    questions
}

#[cfg(test)]
mod tests;
