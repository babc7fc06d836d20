//! Where do the rules' literals stand?
//!
//! Every byte is looked at here, so this is what a scan's time depends on most. [`pairs`] names the
//! few places at which a literal may stand, [`confirm`] the literals that may stand there, and then
//! they are compared. Nothing is built that grows with more than the number of literals, and nothing
//! has to be warmed up, so that searching a hundred bytes at a time costs no more a byte.
//!
//! Of a long literal only the first [`LONGEST`] bytes are searched, so that what was searched in one
//! version of a text can be carried over to the next one wherever that many bytes were copied;
//! [`Prefilter::whole`] compares the rest.

mod confirm;
mod frequency;
mod pairs;

use std::collections::BTreeMap;
use std::ops::Range;

use crate::rule::Ruleset;
use confirm::Confirm;
use pairs::{BLOCK, BLOCK_READ, Pairs};

/// How much there is to search, which decides how much work to put into preparing for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// A few files: what counts is to begin soon.
    Small,
    /// Whole histories: what counts is bytes a second.
    Large,
}

/// Most bytes of a literal that are searched for: whether there is a [`Spot`] depends on no more
/// bytes than these.
pub const LONGEST: usize = 24;

/// Blocks that are looked at before candidates among them are looked at closely: a power of two.
const BLOCKS: usize = 64;
/// Places that are gathered before they are looked at: a power of two.
const QUEUE: usize = 32;

/// Where the searched part of a literal stands: its first [`LONGEST`] bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// First byte of the literal, in the text that was searched.
    pub start: u32,
    /// Which literal, and for which rule: place in [`Prefilter::uses`].
    pub literal: u32,
}

/// A literal that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hit {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// First byte of the literal.
    pub start: usize,
    /// After its last byte.
    pub end: usize,
}

/// A literal's use in one rule.
#[derive(Debug, Clone)]
pub struct Use {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// The whole literal.
    pub literal: Vec<u8>,
    /// Whether the exact bytes must match; otherwise in any ASCII case.
    pub exact: bool,
}

impl Use {
    /// The bytes that are searched for.
    pub fn searched(&self) -> &[u8] {
        self.literal.get(..LONGEST).unwrap_or(&self.literal)
    }
}

/// Bytes that are searched for.
#[derive(Debug)]
struct Searched {
    /// What the bytes must be where `mask` has ones.
    bytes: [u8; LONGEST],
    mask: [u8; LONGEST],
    length: usize,
    /// What they are the searched part of: places in [`Prefilter::uses`].
    uses: Vec<u32>,
}

/// The literals of a rule set, ready to search.
#[derive(Debug)]
pub struct Prefilter {
    /// By rule, then as the rule lists them.
    uses: Vec<Use>,
    /// Each once.
    searched: Vec<Searched>,
    pairs: Pairs,
    confirm: Confirm,
    longest: usize,
}

impl Prefilter {
    /// Makes the literals of `ruleset` ready.
    pub fn new(ruleset: &Ruleset, effort: Effort) -> Prefilter {
        let mut uses = Vec::new();
        let mut distinct: BTreeMap<(Vec<u8>, bool), Vec<u32>> = BTreeMap::new();
        for (number, rule) in (0_u32..).zip(ruleset.rules()) {
            for literal in &rule.literals {
                let place = u32::try_from(uses.len()).expect("literals are bounded by 256 KiB");
                let one = Use { rule: number, literal: literal.clone(), exact: !rule.ignore_case };
                let mut bytes = one.searched().to_vec();
                if !one.exact {
                    bytes.make_ascii_lowercase();
                }
                distinct.entry((bytes, one.exact)).or_default().push(place);
                uses.push(one);
            }
        }
        let choices = match effort {
            Effort::Small => 2,
            Effort::Large => 8,
        };
        let literals = distinct.keys().map(|(bytes, exact)| (bytes.as_slice(), *exact));
        let (pairs, windows) = Pairs::new(literals, choices);
        let longest = distinct.keys().map(|(bytes, _)| bytes.len()).max().unwrap_or(0);
        let searched = distinct
            .into_iter()
            .map(|((bytes, exact), uses)| Searched::new(&bytes, exact, uses))
            .collect();
        Prefilter { uses, searched, pairs, confirm: Confirm::new(&windows), longest }
    }

    /// Every literal with the rule that it is for; [`Spot::literal`] counts them.
    pub fn uses(&self) -> &[Use] {
        &self.uses
    }

    /// Length of the longest searched part, at most [`LONGEST`]. To find what a change at one place
    /// brought, search that place widened by this less one on either side.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Calls `each` for every literal of every rule whose searched part lies wholly inside `range`
    /// of `text`, once each, in no particular order. Depends on no byte outside of `range`. Places
    /// beyond 4 GiB are not searched.
    pub fn search_in(&self, text: &[u8], range: Range<usize>, each: &mut impl FnMut(Spot)) {
        let end = range.end.min(text.len()).min(u32::MAX as usize);
        let search = Search { text, inside: range.start.min(end)..end };
        // Windows begin before the last two bytes.
        let stop = end.saturating_sub(2);
        let mut at = search.inside.start;
        while at < stop {
            let first = at;
            // Written down without a branch: nobody can guess which way it would go.
            let mut candidates = [0_u8; BLOCKS];
            let mut count = 0;
            for number in (0_u8..).take(BLOCKS) {
                let Some(block) = block_at(text, at).filter(|_| at < stop) else { break };
                candidates[count & (BLOCKS - 1)] = number;
                count += usize::from(self.pairs.any(block));
                at += BLOCK;
            }
            let mut queue = Queue::default();
            for number in candidates.iter().take(count) {
                let at = first + usize::from(*number) * BLOCK;
                let Some(block) = block_at(text, at) else { continue };
                self.choose(block, at, &mut queue);
                if queue.is_full() {
                    self.report(&search, &mut queue, each);
                }
            }
            if at < stop && block_at(text, at).is_none() {
                // What lies beyond the text is no part of any literal, whatever it is.
                self.choose(&padded(text, at), at, &mut queue);
                at += BLOCK;
            }
            self.report(&search, &mut queue, each);
        }
    }

    /// Puts the places of `block`, which begins at `at`, where a window most likely begins into
    /// the queue, which is not full.
    #[inline]
    fn choose(&self, block: &[u8; BLOCK_READ], at: usize, queue: &mut Queue) {
        let mut places = self.pairs.places(block);
        while places != 0 {
            let place = places.trailing_zeros() as usize * 2;
            places &= places - 1;
            let Some(window) = block.get(place..).and_then(<[u8]>::first_chunk) else { continue };
            queue.push_if(self.confirm.may_be(*window), at + place);
        }
    }

    /// Empties the queue: reports the literals that do stand there.
    #[inline]
    fn report(&self, search: &Search<'_>, queue: &mut Queue, each: &mut impl FnMut(Spot)) {
        for at in queue.places.iter().take(queue.count) {
            let at = *at as usize;
            self.confirm.look(padded(search.text, at), |number, offset| {
                let Some(one) = self.searched.get(number as usize) else { return };
                let start = at.checked_add_signed(-isize::from(offset));
                let Some(start) = start.filter(|start| search.may_hold(*start, one)) else {
                    return;
                };
                if one.stands_at(search.text, start) {
                    let start = u32::try_from(start).unwrap_or(u32::MAX);
                    one.uses.iter().for_each(|literal| each(Spot { start, literal: *literal }));
                }
            });
        }
        queue.count = 0;
    }

    /// The literal at `spot`, if all of it stands in `text`.
    pub fn whole(&self, spot: Spot, text: &[u8]) -> Option<Hit> {
        let used = self.uses.get(spot.literal as usize)?;
        let start = spot.start as usize;
        let end = start.checked_add(used.literal.len())?;
        let there = text.get(start..end)?;
        let same = there == used.literal.as_slice()
            || !used.exact && there.eq_ignore_ascii_case(&used.literal);
        same.then_some(Hit { rule: used.rule, start, end })
    }

    /// Memory that searching takes, bytes.
    pub fn memory(&self) -> usize {
        self.pairs.memory() + self.confirm.memory() + size_of_val(&*self.searched)
    }
}

/// The block of `text` that begins at `at`, if there is enough text.
#[inline]
fn block_at(text: &[u8], at: usize) -> Option<&[u8; BLOCK_READ]> {
    text.get(at..)?.first_chunk()
}

/// The bytes of `text` from `at` on, and zeros where there is no text.
#[inline]
fn padded<const N: usize>(text: &[u8], at: usize) -> [u8; N] {
    let rest = text.get(at..).unwrap_or_default();
    rest.first_chunk().copied().unwrap_or_else(|| {
        let mut bytes = [0; N];
        for (to, from) in bytes.iter_mut().zip(rest) {
            *to = *from;
        }
        bytes
    })
}

/// A text and where to search in it.
struct Search<'a> {
    text: &'a [u8],
    inside: Range<usize>,
}

impl Search<'_> {
    fn may_hold(&self, start: usize, one: &Searched) -> bool {
        start >= self.inside.start && start + one.length <= self.inside.end
    }
}

/// Places where a window most likely begins.
struct Queue {
    places: [u32; QUEUE],
    count: usize,
}

impl Default for Queue {
    fn default() -> Queue {
        Queue { places: [0; QUEUE], count: 0 }
    }
}

impl Queue {
    /// Whether there is no room for all places of a block.
    #[inline]
    fn is_full(&self) -> bool {
        self.count + BLOCK / 2 >= QUEUE
    }

    /// Adds a place if `wanted` is 1, and takes the same time if it is 0.
    #[inline]
    fn push_if(&mut self, wanted: u32, at: usize) {
        // Places are below 4 GiB.
        #[allow(clippy::cast_possible_truncation, reason = "places are below 4 GiB")]
        let place = at as u32;
        self.places[self.count & (QUEUE - 1)] = place;
        self.count += wanted as usize;
    }
}

impl Searched {
    fn new(bytes: &[u8], exact: bool, uses: Vec<u32>) -> Searched {
        let mut one =
            Searched { bytes: [0; LONGEST], mask: [0; LONGEST], length: bytes.len(), uses };
        for ((to, mask), byte) in one.bytes.iter_mut().zip(&mut one.mask).zip(bytes) {
            // Capital letters differ from small ones in this bit only.
            *mask = if exact || !byte.is_ascii_alphabetic() { 0xFF } else { !0x20 };
            *to = *byte & *mask;
        }
        one
    }

    #[inline]
    fn stands_at(&self, text: &[u8], start: usize) -> bool {
        let there: [u8; LONGEST] = padded(text, start);
        let pairs = there.iter().zip(&self.bytes).zip(&self.mask);
        let different = pairs.fold(0, |all, ((there, byte), mask)| all | (there ^ byte) & mask);
        different == 0
    }
}

#[cfg(test)]
mod tests;
