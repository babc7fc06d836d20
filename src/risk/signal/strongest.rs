//! The most that each signal can say, so that what is missing can be put in order: what it could
//! change stands first. A test holds it against what signals say of cases.

use super::all;
use crate::risk::weigh::{Family, Weights};

/// Decibans for a mistake, a compromised account and intent, by signal. Those that are not here
/// decide nothing.
const STRONGEST: [(&str, [f64; 3]); 54] = [
    ("S01", [0.0, 15.0, 12.0]),
    ("S02", [0.0, 0.0, 5.0]),
    ("S03", [0.0, 1.0, 1.0]),
    ("S04", [0.0, 10.0, 4.0]),
    ("S05", [0.0, 4.0, 2.0]),
    ("S06", [0.0, 3.0, 0.0]),
    ("S07", [2.0, 3.0, 2.0]),
    ("S08", [0.0, 8.0, 5.0]),
    ("S09", [0.0, 8.0, 10.0]),
    ("S10", [2.0, 0.0, 1.0]),
    ("S13", [0.0, 6.0, 0.0]),
    ("S14", [0.0, 7.0, 2.0]),
    ("S15", [2.0, 12.0, 6.0]),
    ("S16", [0.0, 8.0, 0.0]),
    ("S17", [2.0, 3.0, 0.0]),
    ("S18", [0.0, 2.0, 2.0]),
    ("S19", [1.0, 2.0, 2.0]),
    ("S20", [0.0, 3.0, 3.0]),
    ("S21", [1.0, 0.0, 3.0]),
    ("S22", [0.0, 3.0, 5.0]),
    ("S23", [6.0, 0.0, 4.0]),
    ("S24", [0.0, 10.0, 0.0]),
    ("S25", [0.0, 0.0, 8.0]),
    ("S26", [6.0, -2.0, -2.0]),
    ("S27", [8.0, 0.0, 0.0]),
    ("S28", [4.0, 4.0, 5.0]),
    ("S29", [0.0, 4.0, 6.0]),
    ("S32", [3.0, 0.0, 6.0]),
    ("S33", [4.0, 0.0, 3.0]),
    ("S34", [2.0, 0.0, 7.0]),
    ("S35", [1.0, 0.0, 1.0]),
    ("S36", [0.0, 4.0, 3.0]),
    ("S37", [0.0, 5.0, 0.0]),
    ("S38", [0.0, 8.0, 0.0]),
    ("S39", [0.0, 3.0, 3.0]),
    ("S40", [0.0, 5.0, 0.0]),
    ("S41", [0.0, 6.0, 3.0]),
    ("S42", [0.0, 15.0, 15.0]),
    ("S43", [0.0, 0.0, 2.0]),
    ("S44", [0.0, -5.0, -10.0]),
    ("S45", [0.0, -5.0, 0.0]),
    ("S46", [1.0, -1.0, -2.0]),
    ("S47", [0.0, -1.0, -5.0]),
    ("S48", [3.0, -2.0, -4.0]),
    ("S49", [2.0, 0.0, 0.0]),
    ("S50", [0.0, 8.0, 8.0]),
    ("S51", [0.0, 0.0, 2.0]),
    ("S52", [0.0, 2.0, 0.0]),
    ("S53", [0.0, -2.0, 0.0]),
    ("S54", [0.0, -1.0, 0.0]),
    ("S55", [0.0, -4.0, -3.0]),
    ("S56", [0.0, 0.0, 6.0]),
    ("S57", [0.0, 4.0, 1.0]),
    ("S58", [0.0, 6.0, 6.0]),
];

/// The family of a signal and the most that it can say; none for a signal that is not known.
pub fn strongest(id: &str) -> Option<(Family, Weights)> {
    let signal = all().find(|signal| signal.id == id)?;
    let found = STRONGEST.iter().find(|(own, _)| *own == id);
    let weights =
        found.map_or_else(Weights::default, |(_, [negligent, compromised, malicious])| {
            Weights::new(*negligent, *compromised, *malicious)
        });
    Some((signal.family, weights))
}
