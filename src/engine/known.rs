//! What the scan of a text leaves for the texts that are made from it: where literals stand, what
//! was decided about each and by which bytes, and what the decoded cells gave.
//!
//! Places are kept as short numbers, verdicts and cells are shared, so that a version of a file that
//! differs in one line costs little more than the line.

use std::ops::Range;
use std::sync::Arc;

use super::Match;
use super::prefilter::{Hit, Spot};
use super::verify::Raw;
use crate::model::{Layer, Secret};

/// What was learnt of one text. Empty where nothing of it helps with other texts: for containers
/// and binaries, and where a limit was met.
#[derive(Debug, Default)]
pub struct Known(pub(super) Option<Box<Text>>);

/// What was learnt of a plain text.
#[derive(Debug, Default)]
pub(super) struct Text {
    /// Its length in bytes.
    pub len: usize,
    /// Every literal in it, by place, then by literal.
    pub literals: Vec<Literal>,
    /// What [`Literal::verdict`] refers to.
    pub found: Vec<Arc<Found>>,
    /// The cells that were decoded, in order.
    pub cells: Vec<Cell>,
    /// No less than what decoding the cells cost.
    pub spent: Spent,
}

/// A literal in a text and what was decided about it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Literal {
    /// Where and which.
    pub spot: Spot,
    /// Bytes before and after the whole literal that decided; [`u16::MAX`] for any number.
    pub before: u16,
    pub after: u16,
    pub verdict: Verdict,
}

/// What is known about a literal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Nothing: it lies within a secret that was found, or has not been looked at yet.
    Open,
    /// Only its searched part stands there, not all of it.
    Absent,
    /// There is no credential around it.
    None,
    /// There is: its place in [`Text::found`].
    Found(u32),
}

/// A credential, told from the place of the literal that led to it.
#[derive(Debug)]
pub(super) struct Found {
    /// From the literal's first byte to the secret's.
    pub start: isize,
    /// From the literal's first byte to the end of the secret.
    pub end: isize,
    /// Its value and what the checks said, with places that are to be taken from above.
    pub raw: Arc<Raw>,
    /// Its value.
    pub secret: Secret,
}

impl Found {
    /// What `raw`, found around `hit`, is from there.
    pub fn new(hit: Hit, raw: Raw, text: &[u8]) -> Found {
        let bytes = text.get(raw.start..raw.end).unwrap_or_default();
        Found {
            start: raw.start.cast_signed() - hit.start.cast_signed(),
            end: raw.end.cast_signed() - hit.start.cast_signed(),
            secret: Secret::with_public_prefix(bytes, raw.public_prefix),
            raw: Arc::new(raw),
        }
    }

    /// Where the secret stands when the literal stands at `start`.
    pub fn span(&self, start: usize) -> Range<usize> {
        start.saturating_add_signed(self.start)..start.saturating_add_signed(self.end)
    }
}

/// One decoded cell.
#[derive(Debug, Clone)]
pub(super) struct Cell {
    pub range: Range<usize>,
    /// What was in it, if anything.
    pub given: Option<Arc<Given>>,
}

/// What decoding a cell gave.
#[derive(Debug, Default)]
pub(super) struct Given {
    /// Credentials whose bytes or encoded bytes stand in the cell.
    pub found: Vec<Decoded>,
    /// Those inside containers in it.
    pub inner: Vec<Match>,
}

/// A credential seen through encodings inside a domain.
#[derive(Debug, Clone)]
pub(super) struct Decoded {
    pub raw: Arc<Raw>,
    pub secret: Secret,
    /// Stretch of the domain's text; in [`Given`], of the cell's.
    pub span: Range<usize>,
    /// Layers below the domain's own, outermost first.
    pub layers: Vec<Layer>,
}

/// What decoding cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Spent {
    pub bytes: u64,
    pub items: u32,
}

impl Spent {
    pub fn add(&mut self, more: Spent) {
        self.bytes = self.bytes.saturating_add(more.bytes);
        self.items = self.items.saturating_add(more.items);
    }
}
