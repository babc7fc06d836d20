//! From bytes to matches, without a path and without knowing where the bytes came from.
//!
//! [`prefilter`] finds the rules' literals, [`verify`] decides around each, [`decode`] opens what
//! is encoded and the same is done again one layer deeper. Matches that overlap are settled, and
//! each gets its position and a masked excerpt while the text is at hand.
//!
//! Whatever a match depends on lies within its rule's reach of a literal; a source that knows which
//! bytes changed can therefore tell which matches may have changed.

pub mod decode;
pub mod detect;
pub mod entropy;
mod excerpt;
mod follow;
mod known;
mod literals;
pub mod prefilter;
mod profile;
mod scan;
mod stream;
pub mod validate;
mod verify;

use std::ops::Range;
use std::sync::Arc;

pub use known::Known;
pub use literals::Scratch;
pub use prefilter::Effort;
pub use profile::{Profile, Profiler, RuleCost};
pub use scan::{Base, Limits};

use crate::model::{Confidence, Fact, LayerPath, Position, Secret};
use crate::rule::Ruleset;
use literals::Extent;
use prefilter::Prefilter;
use verify::Patterns;

/// A rule set made ready to search with. Shared by all threads.
#[derive(Debug)]
pub struct Engine {
    ruleset: Arc<Ruleset>,
    prefilter: Prefilter,
    /// By literal.
    extents: Vec<Extent>,
    patterns: Patterns,
    /// Places of the rules that are for whole files.
    file_rules: Vec<u32>,
    limits: Limits,
}

/// One credential in one content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// The value.
    pub secret: Secret,
    /// How sure.
    pub confidence: Confidence,
    /// What was learnt without using it.
    pub facts: Vec<Fact>,
    /// Through which layers it was seen, outermost first.
    pub layers: LayerPath,
    /// Where it stands: in the content, or inside the innermost container of `layers`.
    pub position: Position,
    /// Byte range in the content of the value or of the encoded run that holds it; none inside
    /// containers.
    pub span: Option<Range<usize>>,
    /// The line around it, every secret masked, escaped, at most 200 characters.
    pub excerpt: String,
}

/// What a scan of one content gave.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// By layers and place.
    pub matches: Vec<Match>,
    /// What was left unread inside it and why, in a few words each, escaped.
    pub unread: Vec<String>,
}

impl Engine {
    /// Makes `ruleset` ready.
    pub fn new(ruleset: Arc<Ruleset>, effort: Effort, limits: Limits) -> Engine {
        let prefilter = Prefilter::new(&ruleset, effort);
        Engine {
            extents: Extent::all(&prefilter),
            prefilter,
            patterns: Patterns::new(&ruleset),
            file_rules: (0..)
                .zip(ruleset.rules())
                .filter_map(|(number, rule)| rule.detector.is_of_files().then_some(number))
                .collect(),
            ruleset,
            limits,
        }
    }

    /// The rules in use.
    pub fn ruleset(&self) -> &Ruleset {
        &self.ruleset
    }

    /// What scanning one content may cost.
    pub fn limits(&self) -> Limits {
        self.limits
    }

    /// The prefilter, for benches.
    pub fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }
}

#[cfg(test)]
mod tests;
