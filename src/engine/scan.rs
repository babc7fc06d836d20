//! One content from end to end: its own text, then everything encoded in it.
//!
//! A *domain* is a text that has places of its own: the content itself, or a member of a container
//! inside it. Encodings inside a domain (base64, escapes, joined literals) map back to it, so that
//! a value seen both plainly and through an encoding is one match.
//!
//! A content made from another is scanned by what it has that the other had not ([`super::follow`]);
//! a content by itself is the same with everything new.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::decode::{self, Budget, OffsetMap, Trouble};
use super::detect::key_file;
use super::excerpt::excerpt;
use super::known::{Cell, Decoded, Given, Known, Spent};
use super::literals::{Past, Scratch};
use super::verify::{Raw, verify_file};
use super::{Engine, Match, Outcome, known};
use crate::model::{Copied, Layer, LayerPath, Lines, Secret};
use crate::rule::Rule;
use crate::rule::schema::DetectorKind;

/// Findings that are listed of one content: more than a file that people wrote has, and few enough to
/// hold.
const MAX_FOUND: usize = 10_000;
/// Findings beyond those whose values are masked in the lines of the last of them.
const HIDDEN: usize = 1000;

/// What scanning one content may cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Layers opened below the stored bytes.
    pub depth: u8,
    /// Bytes decoded out of one content.
    pub bytes: u64,
    /// Container members and encoded runs opened in one content.
    pub items: u32,
}

impl Default for Limits {
    fn default() -> Limits {
        let budget = Budget::default();
        Limits { depth: budget.depth, bytes: budget.bytes, items: budget.items }
    }
}

impl Limits {
    fn budget(self) -> Budget {
        Budget { bytes: self.bytes, items: self.items, depth: self.depth, ..Budget::default() }
    }

    /// How much decoding may cost for what is known to be inherited: so little that no limit can
    /// have been met, whatever part of it the next version drops.
    pub(super) fn inherited(self) -> Spent {
        Spent { bytes: self.bytes / 4, items: self.items / 4 }
    }
}

/// What a content is made from.
#[derive(Clone, Copy)]
pub struct Base<'a> {
    /// What its scan left.
    pub known: &'a Known,
    /// What the content has from it, in order of the content's bytes.
    pub copies: &'a [Copied],
}

/// A text on the way down from its domain.
struct Inner<'a> {
    bytes: &'a [u8],
    /// From this text to the domain's, innermost last.
    maps: Vec<&'a OffsetMap>,
    layers: Vec<Layer>,
}

/// Where what is found goes.
struct Sinks<'a> {
    found: &'a mut Vec<Decoded>,
    outcome: &'a mut Outcome,
    scratch: &'a mut Scratch,
}

impl Engine {
    /// Finds every credential in `content`.
    pub fn scan(&self, content: &[u8]) -> Outcome {
        self.scan_next(content, None, &mut Scratch::default()).0
    }

    /// The same for a content made from another, and what this scan leaves for those that are made
    /// from it. Gives what [`Engine::scan`] gives; only what the content has not from its base is
    /// looked at.
    pub fn scan_next(
        &self,
        content: &[u8],
        base: Option<Base<'_>>,
        scratch: &mut Scratch,
    ) -> (Outcome, Known) {
        if u32::try_from(content.len()).is_err() {
            // Places are short numbers. Reading from memory cannot fail.
            let outcome = self.scan_stream(&mut &content[..]).unwrap_or_default();
            return (outcome, Known::default());
        }
        if let Some(base) = base
            && let Some(past) = Past::of(content, base, scratch)
        {
            let done = self.follow(content, &past, scratch);
            scratch.put_copies(past.copies);
            if let Some(done) = done {
                return done;
            }
        }
        if decode::is_plain(content) {
            return self.begin(content, scratch);
        }
        let mut budget = self.limits.budget();
        let mut outcome = Outcome::default();
        self.scan_domain(content, None, &Vec::new(), &mut budget, &mut outcome, scratch);
        budget.report(&mut outcome.unread);
        (outcome, Known::default())
    }

    /// A plain text by itself.
    fn begin(&self, content: &[u8], scratch: &mut Scratch) -> (Outcome, Known) {
        let mut outcome = Outcome::default();
        let (literals, found, all) = self.literals(content, scratch, &mut outcome.unread);
        let mut budget = self.limits.budget();
        let mut cells = scratch.take_cells();
        decode::cells::find(content, 0..content.len(), &mut cells);
        let decoded: Vec<Cell> = decode::cells::sorted(&mut cells)
            .iter()
            .map(|cell| self.cell(content, cell.clone(), &mut budget, &mut outcome, scratch))
            .collect();
        scratch.put_cells(cells);
        let spent = self.spent(&budget);
        budget.report(&mut outcome.unread);
        let most = self.limits.inherited();
        let whole = outcome.unread.is_empty();
        let known = known::Text { len: content.len(), literals, found, cells: decoded, spent };
        self.matches(content, &known, &mut outcome);
        let lasts = all && whole && spent.bytes <= most.bytes && spent.items <= most.items;
        (outcome, Known(lasts.then(|| Box::new(known))))
    }

    /// What of the whole budget is gone.
    pub(super) fn spent(&self, budget: &Budget) -> Spent {
        Spent {
            bytes: self.limits.bytes.saturating_sub(budget.bytes),
            items: self.limits.items.saturating_sub(budget.items),
        }
    }

    pub(super) fn budget(&self) -> Budget {
        self.limits.budget()
    }

    /// Decodes one cell of a plain text.
    pub(super) fn cell(
        &self,
        content: &[u8],
        range: Range<usize>,
        budget: &mut Budget,
        outcome: &mut Outcome,
        scratch: &mut Scratch,
    ) -> Cell {
        let mut given = Given::default();
        let mut inner = Outcome::default();
        let whole = Inner { bytes: content, maps: Vec::new(), layers: Vec::new() };
        let mut sinks =
            Sinks { found: &mut given.found, outcome: &mut inner, scratch: &mut *scratch };
        decode::decode_cell(content, range.clone(), budget, &mut |piece, budget| {
            self.piece(&whole, &piece, &Vec::new(), budget, &mut sinks);
        });
        outcome.unread.append(&mut inner.unread);
        given.inner = inner.matches;
        for found in &mut given.found {
            // What a decoder joined may reach outside of the cell only if it is broken.
            found.span.start = found.span.start.saturating_sub(range.start);
            found.span.end = found.span.end.saturating_sub(range.start);
        }
        let empty = given.found.is_empty() && given.inner.is_empty();
        Cell { range, given: (!empty).then(|| Arc::new(given)) }
    }

    /// Turns what is known of a plain text into matches.
    pub(super) fn matches(&self, content: &[u8], known: &known::Text, outcome: &mut Outcome) {
        let mut found = Vec::new();
        for literal in &known.literals {
            if let known::Verdict::Found(at) = literal.verdict
                && let Some(one) = known.found.get(at as usize)
            {
                found.push(Decoded {
                    raw: Arc::clone(&one.raw),
                    secret: one.secret.clone(),
                    span: one.span(literal.spot.start as usize),
                    layers: Vec::new(),
                });
            }
        }
        for cell in &known.cells {
            let Some(given) = &cell.given else { continue };
            outcome.matches.extend(given.inner.iter().cloned());
            found.extend(given.found.iter().cloned().map(|mut one| {
                one.span = one.span.start + cell.range.start..one.span.end + cell.range.start;
                one
            }));
        }
        self.file(content, |raw, secret, span| {
            found.push(Decoded { raw, secret, span, layers: Vec::new() });
        });
        self.conclude(content, found, &Vec::new(), outcome);
    }

    /// What the rules for whole files see `bytes` to be, all of a file or of what was encoded.
    fn file(&self, bytes: &[u8], mut sink: impl FnMut(Arc<Raw>, Secret, Range<usize>)) {
        if bytes.len() > key_file::MAX_FILE {
            return;
        }
        for number in &self.file_rules {
            let Some(rule) = self.ruleset.rules().get(*number as usize) else { continue };
            let Some(raw) = verify_file(*number, rule, &self.patterns, bytes) else { continue };
            let span = raw.start..raw.end;
            let Some(value) = bytes.get(span.clone()) else { continue };
            sink(Arc::new(raw), Secret::new(value), span);
        }
    }

    /// Settles what was found in a domain.
    fn conclude(&self, bytes: &[u8], found: Vec<Decoded>, path: &LayerPath, outcome: &mut Outcome) {
        if found.is_empty() {
            return;
        }
        let mut found = settle(found, self.ruleset.rules());
        if found.len() > MAX_FOUND {
            let more = found.len() - MAX_FOUND;
            outcome.unread.push(format!(
                "{more} findings more than the {MAX_FOUND} that are listed of one content"
            ));
            // Their values are masked in what is shown of the others all the same.
            found.truncate(MAX_FOUND + HIDDEN);
        }
        let masks: Vec<(Range<usize>, String)> =
            merge_masks(found.iter().map(|f| (f.span.clone(), f.secret.preview())));
        let mut lines = Lines::new(bytes);
        for one in found.into_iter().take(MAX_FOUND) {
            let mut layers = path.clone();
            layers.extend(one.layers);
            outcome.matches.push(Match {
                rule: one.raw.rule,
                secret: one.secret,
                confidence: one.raw.confidence,
                facts: one.raw.facts.clone(),
                layers,
                position: lines.position(one.span.start, one.span.end),
                span: path.is_empty().then(|| one.span.clone()),
                excerpt: excerpt(bytes, one.span.start, &masks),
            });
        }
    }

    fn scan_domain(
        &self,
        bytes: &[u8],
        via: Option<&decode::Decoded>,
        path: &LayerPath,
        budget: &mut Budget,
        outcome: &mut Outcome,
        scratch: &mut Scratch,
    ) {
        let mut found = Vec::new();
        let text = Inner { bytes, maps: Vec::new(), layers: Vec::new() };
        let mut sinks = Sinks { found: &mut found, outcome: &mut *outcome, scratch };
        self.scan_text(&text, via, path, budget, &mut sinks);
        self.conclude(bytes, found, path, outcome);
    }

    fn scan_text(
        &self,
        text: &Inner<'_>,
        via: Option<&decode::Decoded>,
        path: &LayerPath,
        budget: &mut Budget,
        sinks: &mut Sinks<'_>,
    ) {
        let unread = &mut sinks.outcome.unread;
        let (literals, found, _) = self.literals(text.bytes, sinks.scratch, unread);
        for literal in literals {
            let known::Verdict::Found(at) = literal.verdict else { continue };
            let Some(one) = found.get(at as usize) else { continue };
            let span = one.span(literal.spot.start as usize);
            sinks.found.push(Decoded {
                raw: Arc::clone(&one.raw),
                secret: one.secret.clone(),
                span: text.in_domain(span.start, span.end),
                layers: text.layers.clone(),
            });
        }
        self.file(text.bytes, |raw, secret, span| {
            let span = text.in_domain(span.start, span.end);
            sinks.found.push(Decoded { raw, secret, span, layers: text.layers.clone() });
        });
        let mut sink = |piece: decode::Decoded, budget: &mut Budget| {
            self.piece(text, &piece, path, budget, sinks);
        };
        match via {
            None => decode::decode(text.bytes, budget, &mut sink),
            Some(piece) => decode::decode_again(piece, budget, &mut sink),
        }
    }

    /// Scans what was decoded out of `text`.
    fn piece(
        &self,
        text: &Inner<'_>,
        piece: &decode::Decoded,
        path: &LayerPath,
        budget: &mut Budget,
        sinks: &mut Sinks<'_>,
    ) {
        budget.depth -= 1;
        if piece.layer.is_container() {
            let mut inner = path.clone();
            inner.extend(text.layers.iter().cloned());
            inner.push(piece.layer.clone());
            let Sinks { outcome, scratch, .. } = sinks;
            self.scan_domain(&piece.bytes, Some(piece), &inner, budget, outcome, scratch);
        } else {
            let mut maps = text.maps.clone();
            maps.push(&piece.map);
            let mut layers = text.layers.clone();
            layers.push(piece.layer.clone());
            let inner = Inner { bytes: &piece.bytes, maps, layers };
            let known = budget.problems.len();
            self.scan_text(&inner, Some(piece), path, budget, sinks);
            forget_broken_samples(budget, known);
        }
        budget.depth += 1;
    }
}

impl Inner<'_> {
    fn in_domain(&self, start: usize, end: usize) -> Range<usize> {
        self.maps.iter().rev().fold(start..end, |range, map| map.source(range.start, range.end))
    }
}

/// Source code holds many first bytes of archives, as test data, in base64 or hex: what is cut
/// short there is no archive that somebody could open.
fn forget_broken_samples(budget: &mut Budget, known: usize) {
    let mut at = 0;
    let before = budget.problems.len();
    budget.problems.retain(|problem| {
        at += 1;
        at <= known || problem.trouble != Trouble::Damaged
    });
    let forgotten = u32::try_from(before - budget.problems.len()).unwrap_or(u32::MAX);
    budget.problem_count = budget.problem_count.saturating_sub(forgotten);
}

/// How much a match is worth when two overlap: distinctive formats before structures before
/// guesses, then what is surer, graver, seen with less decoding, and last by id.
fn rank(found: &Decoded, rules: &[Rule]) -> impl Ord + use<> {
    let rule = rules.get(found.raw.rule as usize);
    // A pattern whose secret does not begin with its literal goes by company, and a private key inside
    // something that says whose it is (a service account) is that thing.
    let own = |rule: &Rule| rule.detector == DetectorKind::Pattern && found.raw.public_prefix > 0;
    let tier = rule.map_or(0, |rule| rule.detector.tier() + u8::from(own(rule)));
    let severity = rule.map(|rule| rule.severity);
    (
        tier,
        std::cmp::Reverse(found.layers.len()),
        found.raw.confidence,
        severity,
        std::cmp::Reverse(found.raw.rule),
    )
}

/// Keeps the best of matches that overlap; sorts by place.
fn settle(mut found: Vec<Decoded>, rules: &[Rule]) -> Vec<Decoded> {
    found.sort_by(|a, b| {
        rank(b, rules)
            .cmp(&rank(a, rules))
            .then_with(|| (a.span.start, a.span.end).cmp(&(b.span.start, b.span.end)))
    });
    // Kept spans by start; they do not overlap, so the neighbours on either side decide.
    let mut kept: BTreeMap<usize, usize> = BTreeMap::new();
    let mut best = Vec::with_capacity(found.len());
    for one in found {
        let (start, end) = (one.span.start, one.span.end.max(one.span.start + 1));
        let before =
            kept.range(..=start).next_back().is_some_and(|(_, kept_end)| *kept_end > start);
        let after = kept.range(start..).next().is_some_and(|(kept_start, _)| *kept_start < end);
        if !(before || after) {
            kept.insert(start, end);
            best.push(one);
        }
    }
    best.sort_by(|a, b| {
        (a.span.start, a.span.end, &a.layers, a.raw.start).cmp(&(
            b.span.start,
            b.span.end,
            &b.layers,
            b.raw.start,
        ))
    });
    best
}

/// Sorted masks without overlaps.
fn merge_masks(masks: impl Iterator<Item = (Range<usize>, String)>) -> Vec<(Range<usize>, String)> {
    let mut merged: Vec<(Range<usize>, String)> = Vec::new();
    for (range, mask) in masks {
        match merged.last_mut() {
            Some((last, _)) if range.start < last.end => last.end = last.end.max(range.end),
            _ => merged.push((range, mask)),
        }
    }
    merged
}
