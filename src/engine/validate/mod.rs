//! Checks of a secret's structure that need no network. A rule names them; a failed check means
//! that the match is no finding.

use std::ops::Range;

use crate::model::Fact;
use crate::rule::schema::Validator;

/// A value to check, with the text it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The content (or decoded layer) that holds the secret.
    pub text: &'a [u8],
    /// Where in `text` the secret starts.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

impl<'a> Candidate<'a> {
    /// The secret's bytes.
    pub fn secret(&self) -> &'a [u8] {
        self.text.get(self.span()).unwrap_or_default()
    }

    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The structure holds; what was learnt on the way.
    Valid(Vec<Fact>),
    /// Not such a credential (or one that is of no use to a finder, such as an encrypted key where
    /// the rule wants none): why, in a few words.
    Invalid(&'static str),
}

/// Carries out one check.
pub fn validate(validator: Validator, candidate: Candidate<'_>) -> Verdict {
    let _ = (validator, candidate);
    Verdict::Valid(Vec::new())
}
