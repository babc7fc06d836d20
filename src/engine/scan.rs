//! One content from end to end: its own text, then everything encoded in it.
//!
//! A *domain* is a text that has places of its own: the content itself, or a member of a container
//! inside it. Encodings inside a domain (base64, escapes, joined literals) map back to it, so that
//! a value seen both plainly and through an encoding is one match.

use std::collections::BTreeMap;
use std::ops::Range;

use super::decode::{self, Budget, Decoded, OffsetMap, Trouble};
use super::excerpt::excerpt;
use super::verify::{Raw, verify, window};
use super::{Engine, Match, Outcome};
use crate::model::text::escape;
use crate::model::{Layer, LayerPath, Position, Secret};
use crate::rule::Rule;
use crate::rule::schema::DetectorKind;

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

/// Window bytes that one rule may verify in one text: so many times the text's length, and so many
/// more. Real text stays far below; text made of nothing but literals would cost reach times length.
const VERIFY_TIMES: usize = 64;
const VERIFY_MORE: usize = 16 << 20;

/// A match within a domain, before overlaps are settled.
struct Found {
    raw: Raw,
    secret: Secret,
    /// Stretch of the domain's text.
    span: Range<usize>,
    /// Layers below the domain's own.
    layers: Vec<Layer>,
}

/// A text on the way down from its domain.
struct Text<'a> {
    bytes: &'a [u8],
    /// From this text to the domain's, innermost last.
    maps: Vec<&'a OffsetMap>,
    layers: Vec<Layer>,
}

impl Engine {
    /// Finds every credential in `content`.
    pub fn scan(&self, content: &[u8]) -> Outcome {
        let mut budget = Budget {
            bytes: self.limits.bytes,
            items: self.limits.items,
            depth: self.limits.depth,
            ..Budget::default()
        };
        let mut outcome = Outcome::default();
        self.scan_domain(content, None, &Vec::new(), &mut budget, &mut outcome);
        if let Some(reason) = budget.exceeded {
            outcome.unread.push(reason.to_owned());
        }
        let named = budget.problems.iter().map(|p| format!("{}: {}", p.layer, p.trouble.as_str()));
        outcome.unread.extend(named);
        let unnamed = (budget.problem_count as usize).saturating_sub(budget.problems.len());
        if unnamed > 0 {
            outcome.unread.push(format!("{unnamed} more members"));
        }
        outcome
    }

    fn scan_domain(
        &self,
        bytes: &[u8],
        via: Option<&Decoded>,
        path: &LayerPath,
        budget: &mut Budget,
        outcome: &mut Outcome,
    ) {
        let mut found = Vec::new();
        let text = Text { bytes, maps: Vec::new(), layers: Vec::new() };
        self.scan_text(&text, via, path, budget, &mut found, outcome);
        let found = settle(found, self.ruleset.rules());
        let masks: Vec<(Range<usize>, String)> =
            merge_masks(found.iter().map(|f| (f.span.clone(), f.secret.preview())));
        for one in found {
            let mut layers = path.clone();
            layers.extend(one.layers);
            outcome.matches.push(Match {
                rule: one.raw.rule,
                secret: one.secret,
                confidence: one.raw.confidence,
                facts: one.raw.facts,
                layers,
                position: Position::of(bytes, one.span.start, one.span.end),
                span: path.is_empty().then(|| one.span.clone()),
                excerpt: excerpt(bytes, one.span.start, &masks),
            });
        }
    }

    fn scan_text(
        &self,
        text: &Text<'_>,
        via: Option<&Decoded>,
        path: &LayerPath,
        budget: &mut Budget,
        found: &mut Vec<Found>,
        outcome: &mut Outcome,
    ) {
        for raw in self.matches_in(text.bytes, outcome) {
            let bytes = text.bytes.get(raw.start..raw.end).unwrap_or_default();
            found.push(Found {
                secret: Secret::with_public_prefix(bytes, raw.public_prefix),
                span: text.in_domain(raw.start, raw.end),
                layers: text.layers.clone(),
                raw,
            });
        }
        let mut sink = |piece: Decoded, budget: &mut Budget| {
            budget.depth -= 1;
            if piece.layer.is_container() {
                let mut inner = path.clone();
                inner.extend(text.layers.iter().cloned());
                inner.push(piece.layer.clone());
                self.scan_domain(&piece.bytes, Some(&piece), &inner, budget, outcome);
            } else {
                let mut maps = text.maps.clone();
                maps.push(&piece.map);
                let mut layers = text.layers.clone();
                layers.push(piece.layer.clone());
                let inner = Text { bytes: &piece.bytes, maps, layers };
                let known = budget.problems.len();
                self.scan_text(&inner, Some(&piece), path, budget, found, outcome);
                forget_broken_samples(budget, known);
            }
            budget.depth += 1;
        };
        match via {
            None => decode::decode(text.bytes, budget, &mut sink),
            Some(piece) => decode::decode_again(piece, budget, &mut sink),
        }
    }

    /// The matches in one text, nothing decoded.
    fn matches_in(&self, text: &[u8], outcome: &mut Outcome) -> Vec<Raw> {
        let rules = self.ruleset.rules();
        let mut found: Vec<Raw> = Vec::new();
        let allowance = text.len().saturating_mul(VERIFY_TIMES).saturating_add(VERIFY_MORE);
        let mut spent: BTreeMap<u32, Spent> = BTreeMap::new();
        self.prefilter.search(text, |hit| {
            let Some(rule) = rules.get(hit.rule as usize) else { return };
            let spent = spent.entry(hit.rule).or_default();
            // A literal inside a secret that the same rule has just found is part of it.
            if hit.start < spent.found_until || spent.window_bytes > allowance {
                return;
            }
            spent.window_bytes += window(rule, hit, text).len();
            if spent.window_bytes > allowance {
                outcome
                    .unread
                    .push(format!("rule {}: too many candidates", escape(rule.id.as_bytes())));
                return;
            }
            if let Some(raw) = verify(rule, &self.patterns, hit, text) {
                spent.found_until = raw.end;
                found.push(raw);
            }
        });
        found
    }
}

/// What one rule has cost in one text so far.
#[derive(Default)]
struct Spent {
    window_bytes: usize,
    found_until: usize,
}

impl Text<'_> {
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
fn rank(found: &Found, rules: &[Rule]) -> impl Ord + use<> {
    let rule = rules.get(found.raw.rule as usize);
    let tier = rule.map_or(0, |rule| match rule.detector {
        DetectorKind::Assignment => 0,
        DetectorKind::UrlUserinfo | DetectorKind::Jwt => 1,
        // A pattern whose secret does not begin with its literal goes by company.
        DetectorKind::Pattern if found.raw.public_prefix == 0 => 2,
        // A private key inside something that says whose it is (a service account) is that thing.
        DetectorKind::Pem => 2,
        DetectorKind::Pattern => 3,
    });
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
fn settle(mut found: Vec<Found>, rules: &[Rule]) -> Vec<Found> {
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
