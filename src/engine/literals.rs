//! Where literals stand in a text, and what each leads to.
//!
//! In a text made from another, literals are searched for only in what is new and across the seams
//! between copies; the others are where they were, moved with the bytes around them. A literal is
//! looked at again only where one of the bytes that decided is not what it was.

use std::ops::Range;
use std::sync::Arc;

use super::Engine;
use super::decode;
use super::known::{self, Found, Literal, Verdict};
use super::prefilter::{Hit, Spot};
use super::scan::Base;
use super::verify::{MARGIN, verify, window};
use crate::model::Copied;
use crate::model::text::escape;
use crate::rule::Rule;

/// Window bytes that one rule may verify in one text: so many times the text's length, and so many
/// more. Real text stays far below; text made of nothing but literals would cost reach times length.
const VERIFY_TIMES: usize = 64;
const VERIFY_MORE: usize = 16 << 20;

/// Copies shorter than this are taken for new bytes: the seams on both sides would be searched
/// nearly as far.
const LEAST_COPY: usize = 96;

/// Literals that are kept of one text. Real ones have one in a thousand bytes; a text made of nothing
/// else would take many times its size.
const MOST_KEPT: usize = if cfg!(test) { 2_000 } else { 1 << 20 };

/// Bytes that are searched before what was found in them is decided; few in tests, so that their
/// texts have several such steps.
pub(super) const STEP: usize = if cfg!(test) { 200 } else { 64 << 10 };

/// The shortest text that is worth following.
const LEAST_TEXT: usize = 96;

/// Buffers that a worker uses for one text after the other.
#[derive(Debug, Default)]
pub struct Scratch {
    fresh: Vec<Spot>,
    /// By rule.
    spent: Vec<Spent>,
    epoch: u32,
    copies: Vec<Copied>,
    cells: Vec<Range<usize>>,
}

impl Scratch {
    /// An empty list of cells.
    pub(super) fn take_cells(&mut self) -> Vec<Range<usize>> {
        let mut cells = std::mem::take(&mut self.cells);
        cells.clear();
        cells
    }

    /// Gives a list back to be used again.
    pub(super) fn put_cells(&mut self, cells: Vec<Range<usize>>) {
        self.cells = cells;
    }

    /// Begins the books of another text.
    fn next_text(&mut self, rules: usize) {
        self.epoch = self.epoch.wrapping_add(1);
        if self.spent.len() < rules || self.epoch == 0 {
            self.spent = vec![Spent::default(); rules];
            self.epoch = 1;
        }
    }

    pub(super) fn put_copies(&mut self, copies: Vec<Copied>) {
        self.copies = copies;
    }
}

/// What one rule has cost in one text so far.
#[derive(Debug, Clone, Copy, Default)]
struct Spent {
    /// In which text: others count for nothing.
    epoch: u32,
    window_bytes: usize,
    found_until: usize,
}

/// What a text has from another that is known.
pub(super) struct Past<'a> {
    pub known: &'a known::Text,
    /// Copies that are long enough, in order of the text's bytes.
    pub copies: Vec<Copied>,
    /// Length of the text.
    len: usize,
}

impl<'a> Past<'a> {
    /// The past of `text`, if anything is known of it and `text` is plain, as its base was.
    pub fn of(text: &[u8], base: Base<'a>, scratch: &mut Scratch) -> Option<Past<'a>> {
        let known = base.known.0.as_deref()?;
        if text.len() < LEAST_TEXT || known.len < LEAST_TEXT {
            return None;
        }
        let mut copies = std::mem::take(&mut scratch.copies);
        copies.clear();
        copies.extend(base.copies.iter().filter(|copy| copy.len >= LEAST_COPY));
        let past = Past { known, copies, len: text.len() };
        let new_nul = past
            .gaps()
            .any(|gap| text.get(gap).is_some_and(|new| memchr::memchr(0, new).is_some()));
        if new_nul || past.copies.is_empty() || !decode::begins_plain(text) {
            scratch.copies = past.copies;
            return None;
        }
        Some(past)
    }

    /// What stands between the copies, before the first and after the last: new bytes, or nothing
    /// where two copies meet that were apart. Where text and base begin or end alike there is none.
    pub fn gaps(&self) -> impl Iterator<Item = Range<usize>> + '_ {
        let starts = std::iter::once(0).chain(self.copies.iter().map(Copied::to_end));
        let ends = self.copies.iter().map(|copy| copy.to).chain(std::iter::once(self.len));
        let same_start = self.copies.first().is_some_and(|copy| copy.to == 0 && copy.from == 0);
        let same_end = self
            .copies
            .last()
            .is_some_and(|copy| copy.to_end() == self.len && copy.from_end() == self.known.len);
        let last = self.copies.len();
        starts.zip(ends).enumerate().filter_map(move |(at, (start, end))| {
            let edge = at == 0 && same_start || at == last && same_end;
            (!edge).then_some(start..end)
        })
    }

    /// Whether `range` of the text, which may reach past its ends, lies within `copy`, so that its
    /// bytes and whether the text ends there are as in the base.
    pub fn holds(&self, copy: &Copied, start: isize, end: usize) -> bool {
        let starts = start >= copy.to.cast_signed() || copy.to == 0 && copy.from == 0;
        let ends =
            end <= copy.to_end() || copy.to_end() == self.len && copy.from_end() == self.known.len;
        starts && ends
    }

    /// The copy that holds the byte at `at`.
    fn copy_at(&self, at: usize) -> Option<&Copied> {
        let after = self.copies.partition_point(|copy| copy.to <= at);
        self.copies.get(after.checked_sub(1)?).filter(|copy| at < copy.to_end())
    }
}

/// What is needed of a literal's use by a rule to move it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Extent {
    /// Bytes that are searched for.
    searched: u8,
    /// Bytes of the whole literal.
    whole: u8,
}

impl Extent {
    /// Those of a prefilter's literals.
    pub fn all(prefilter: &super::prefilter::Prefilter) -> Vec<Extent> {
        let short = |len: usize| u8::try_from(len).expect("literals have at most 255 bytes");
        let uses = prefilter.uses().iter();
        uses.map(|used| Extent {
            searched: short(used.searched().len()),
            whole: short(used.literal.len()),
        })
        .collect()
    }
}

impl Engine {
    /// Every literal of `text` with what it leads to, the credentials found, and whether all are
    /// there: of a text with more than [`MOST_KEPT`] only those that led to something are kept.
    /// `unread` is told of rules that were given up.
    pub(super) fn literals(
        &self,
        text: &[u8],
        scratch: &mut Scratch,
        unread: &mut Vec<String>,
    ) -> (Vec<Literal>, Vec<Arc<Found>>, bool) {
        let (mut literals, mut found, mut all) = (Vec::new(), Vec::new(), true);
        scratch.next_text(self.ruleset.rules().len());
        let beyond = self.prefilter.longest().saturating_sub(1);
        let mut start = 0;
        while start < text.len() {
            let end = (start + STEP).min(text.len());
            let mut fresh = std::mem::take(&mut scratch.fresh);
            fresh.clear();
            self.prefilter.search_in(text, start..(end + beyond).min(text.len()), &mut |spot| {
                if (spot.start as usize) < end {
                    fresh.push(spot);
                }
            });
            fresh.sort_unstable();
            let mut here: Vec<Literal> = fresh.iter().map(|spot| open(*spot)).collect();
            scratch.fresh = fresh;
            self.decide(text, &mut here, &[], &mut found, scratch, unread);
            let led = |literal: &Literal| matches!(literal.verdict, Verdict::Found(_));
            if all && literals.len() + here.len() > MOST_KEPT {
                literals.retain(led);
                all = false;
            }
            literals.extend(here.into_iter().filter(|literal| all || led(literal)));
            start = end;
        }
        (literals, found, all)
    }

    /// The same for a text with a past. `None` where there are more than [`MOST_KEPT`].
    pub(super) fn literals_after(
        &self,
        text: &[u8],
        past: &Past<'_>,
        scratch: &mut Scratch,
        unread: &mut Vec<String>,
    ) -> Option<(Vec<Literal>, Vec<Arc<Found>>)> {
        scratch.fresh.clear();
        self.search_new(text, past, &mut scratch.fresh);
        scratch.fresh.sort_unstable();
        let mut literals = self.inherit(past, &scratch.fresh)?;
        let mut found = Vec::new();
        scratch.next_text(self.ruleset.rules().len());
        self.decide(text, &mut literals, &past.known.found, &mut found, scratch, unread);
        Some((literals, found))
    }

    /// Searches what is new and the seams.
    fn search_new(&self, text: &[u8], past: &Past<'_>, fresh: &mut Vec<Spot>) {
        let widen = self.prefilter.longest().saturating_sub(1);
        let mut search = |range: Range<usize>| {
            self.prefilter.search_in(text, range, &mut |spot| {
                let start = spot.start as usize;
                let end =
                    start + self.extent(spot).map_or(0, |extent| usize::from(extent.searched));
                // What lies within one copy is inherited.
                let new = past.copy_at(start).is_none_or(|copy| end > copy.to_end());
                // One too many is enough to know.
                if new && fresh.len() <= MOST_KEPT {
                    fresh.push(spot);
                }
            });
        };
        let mut pending: Option<Range<usize>> = None;
        for gap in past.gaps() {
            let wide = gap.start.saturating_sub(widen)..(gap.end + widen).min(text.len());
            match &mut pending {
                Some(range) if wide.start <= range.end => range.end = wide.end,
                _ => {
                    if let Some(range) = pending.replace(wide) {
                        search(range);
                    }
                }
            }
        }
        if let Some(range) = pending {
            search(range);
        }
    }

    fn extent(&self, spot: Spot) -> Option<&Extent> {
        self.extents.get(spot.literal as usize)
    }

    /// The literals of the copies, moved, and the new ones among them; `None` when they are more
    /// than [`MOST_KEPT`].
    fn inherit(&self, past: &Past<'_>, fresh: &[Spot]) -> Option<Vec<Literal>> {
        let known = past.known.literals.as_slice();
        let mut literals = Vec::with_capacity(known.len() + fresh.len());
        let mut fresh = fresh.iter().copied().peekable();
        for copy in &past.copies {
            if literals.len() > MOST_KEPT {
                return None;
            }
            let first = known.partition_point(|literal| (literal.spot.start as usize) < copy.from);
            let rest = known.get(first..).unwrap_or_default();
            for literal in rest {
                let start = literal.spot.start as usize;
                if start >= copy.from_end() {
                    break;
                }
                let Some(extent) = self.extent(literal.spot) else { continue };
                if start + usize::from(extent.searched) > copy.from_end() {
                    continue;
                }
                let start = start - copy.from + copy.to;
                let spot = Spot {
                    start: u32::try_from(start).unwrap_or(u32::MAX),
                    literal: literal.spot.literal,
                };
                while let Some(new) = fresh.next_if(|new| *new < spot) {
                    literals.push(open(new));
                }
                let mut moved = Literal { spot, ..*literal };
                if moved.verdict != Verdict::Open && !sees_same(past, copy, &moved, *extent) {
                    moved.verdict = Verdict::Open;
                }
                literals.push(moved);
            }
        }
        literals.extend(fresh.map(open));
        (literals.len() <= MOST_KEPT).then_some(literals)
    }

    /// Decides what is open, in order of the text; adds to `found` what was found.
    fn decide(
        &self,
        text: &[u8],
        literals: &mut [Literal],
        before: &[Arc<Found>],
        found: &mut Vec<Arc<Found>>,
        scratch: &mut Scratch,
        unread: &mut Vec<String>,
    ) {
        let rules = self.ruleset.rules();
        let allowance = allowance(text);
        let epoch = scratch.epoch;
        for literal in literals {
            let Some(used) = self.prefilter.uses().get(literal.spot.literal as usize) else {
                continue;
            };
            let Some(rule) = rules.get(used.rule as usize) else { continue };
            let Some(spent) = scratch.spent.get_mut(used.rule as usize) else { continue };
            if spent.epoch != epoch {
                *spent = Spent { epoch, ..Spent::default() };
            }
            let start = literal.spot.start as usize;
            let verdict = std::mem::replace(&mut literal.verdict, Verdict::Open);
            if verdict == Verdict::Absent {
                literal.verdict = verdict;
                continue;
            }
            // A literal inside a secret that the same rule has just found is part of it.
            if start < spent.found_until || spent.window_bytes > allowance {
                continue;
            }
            let hit = Hit { rule: used.rule, start, end: start + used.literal.len() };
            let long =
                self.extent(literal.spot).is_some_and(|extent| extent.whole > extent.searched);
            if long
                && verdict == Verdict::Open
                && self.prefilter.whole(literal.spot, text).is_none()
            {
                (literal.before, literal.after) = (0, 0);
                literal.verdict = Verdict::Absent;
                continue;
            }
            spent.window_bytes += window(rule, hit, text).len();
            if spent.window_bytes > allowance {
                unread.push(format!("rule {}: too many candidates", escape(rule.id.as_bytes())));
                continue;
            }
            let one = match verdict {
                Verdict::None => None,
                Verdict::Found(at) => before.get(at as usize).map(Arc::clone),
                _ => {
                    (literal.before, literal.after) = sight(rule);
                    verify(rule, &self.patterns, hit, text)
                        .map(|raw| Arc::new(Found::new(hit, raw, text)))
                }
            };
            literal.verdict = match one {
                None => Verdict::None,
                Some(one) => {
                    spent.found_until = one.span(start).end;
                    found.push(one);
                    Verdict::Found(u32::try_from(found.len() - 1).unwrap_or(u32::MAX))
                }
            };
        }
    }
}

/// Window bytes that one rule may verify in `text`.
pub(super) fn allowance(text: &[u8]) -> usize {
    text.len().saturating_mul(VERIFY_TIMES).saturating_add(VERIFY_MORE)
}

fn open(spot: Spot) -> Literal {
    Literal { spot, before: 0, after: 0, verdict: Verdict::Open }
}

/// Whether the bytes that decided about a literal are in the copy with it.
fn sees_same(past: &Past<'_>, copy: &Copied, literal: &Literal, extent: Extent) -> bool {
    let start = literal.spot.start as usize;
    let end = start + usize::from(extent.whole);
    let far = |bytes: u16| if bytes == u16::MAX { usize::MAX / 4 } else { usize::from(bytes) };
    let from = start.cast_signed() - far(literal.before).cast_signed();
    past.holds(copy, from, end + far(literal.after))
}

/// Bytes before and after a literal that may decide for `rule`.
fn sight(rule: &Rule) -> (u16, u16) {
    let short = |reach: u32| u16::try_from(reach as usize + MARGIN).unwrap_or(u16::MAX);
    (short(rule.reach.before), short(rule.reach.after))
}
