//! Is there a credential around this literal? One rule's detector, then its conditions.

use std::ops::Range;
use std::sync::OnceLock;

use regex::bytes::Regex;

use super::detect;
use super::entropy::shannon;
use super::prefilter::Hit;
use super::validate::{Candidate, Verdict, password, validate};
use crate::model::{Confidence, Fact};
use crate::rule::schema::{Boundary, Classes, DetectorKind};
use crate::rule::{Rule, Ruleset};

/// A credential in one text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Raw {
    /// Place of the rule in the rule set.
    pub rule: u32,
    /// The secret's first byte.
    pub start: usize,
    /// After its last byte.
    pub end: usize,
    /// How sure.
    pub confidence: Confidence,
    /// What the checks learnt.
    pub facts: Vec<Fact>,
    /// How many of the secret's first bytes are the rule's own literal.
    pub public_prefix: usize,
}

/// The regular expressions of a rule set, compiled when first needed.
#[derive(Debug)]
pub struct Patterns {
    compiled: Vec<OnceLock<Regex>>,
}

impl Patterns {
    /// One slot a rule.
    pub fn new(ruleset: &Ruleset) -> Patterns {
        Patterns { compiled: ruleset.rules().iter().map(|_| OnceLock::new()).collect() }
    }

    /// The pattern of the rule at `number`, if it has one, compiled.
    pub fn get(&self, number: u32, rule: &Rule) -> Option<&Regex> {
        let pattern = rule.pattern.as_ref()?;
        Some(self.compiled.get(number as usize)?.get_or_init(|| pattern.compile()))
    }
}

/// Bytes beyond its reach that decide a hit: `boundary` and `\b` look at the neighbours of what was
/// matched, and an escape in front of those is two bytes.
pub const MARGIN: usize = 4;

/// The stretch of `text` that a rule's reach covers around a hit.
pub fn window(rule: &Rule, hit: Hit, text: &[u8]) -> Range<usize> {
    let start = hit.start.saturating_sub(rule.reach.before as usize);
    let end = hit.end.saturating_add(rule.reach.after as usize).min(text.len());
    start..end
}

/// The credential that `rule` sees around `hit`, if there is one. Sees no more of the text than the
/// rule's reach and [`MARGIN`]: where those bytes are the same, so is the verdict.
pub fn verify(rule: &Rule, patterns: &Patterns, hit: Hit, text: &[u8]) -> Option<Raw> {
    let window = window(rule, hit, text);
    let offset = window.start.saturating_sub(MARGIN);
    let seen = text.get(offset..window.end.saturating_add(MARGIN).min(text.len()))?;
    let hit = Hit { start: hit.start - offset, end: hit.end - offset, ..hit };
    let mut raw = judge(rule, patterns, hit, seen)?;
    raw.start += offset;
    raw.end += offset;
    Some(raw)
}

/// The credential that `rule`, the `number`th, which is for whole files, sees `file` to be.
pub fn verify_file(number: u32, rule: &Rule, patterns: &Patterns, file: &[u8]) -> Option<Raw> {
    let found = match rule.detector {
        DetectorKind::KeyStore => detect::key_file::store(file).map(Found::key_file),
        DetectorKind::DerKey => detect::key_file::private_key(file).map(Found::key_file),
        DetectorKind::WholeFile => {
            let body = file.trim_ascii();
            let longest = rule.pattern.as_ref().and_then(crate::rule::Pattern::longest)?;
            let start = file.len() - file.trim_ascii_start().len();
            let regex = patterns.get(number, rule).filter(|_| body.len() <= longest)?;
            let all = regex.find(body).filter(|found| found.range() == (0..body.len()))?;
            Some(Found::at(start..start + all.end()))
        }
        _ => None,
    }?;
    conclude(number, rule, file, found, 0)
}

fn judge(rule: &Rule, patterns: &Patterns, hit: Hit, text: &[u8]) -> Option<Raw> {
    if begins_secret(rule) && joined(rule.boundary, text, hit.start) {
        return None;
    }
    let found = find(rule, patterns, hit, text)?;
    let bounded = bounded(rule.boundary, text, &found.span);
    let company = rule.requires.is_empty() || has_company(rule, &text[window(rule, hit, text)]);
    if !(bounded && company) {
        return None;
    }
    let public = hit.start == found.span.start && rule.detector == DetectorKind::Pattern;
    conclude(hit.rule, rule, text, found, if public { hit.end - hit.start } else { 0 })
}

/// What was found, when it meets the conditions and checks of its rule.
fn conclude(
    number: u32,
    rule: &Rule,
    text: &[u8],
    found: Found,
    public_prefix: usize,
) -> Option<Raw> {
    let secret = text.get(found.span.clone()).filter(|secret| !secret.is_empty())?;
    let dense = rule.entropy.is_none_or(|least| shannon(secret) >= least);
    if !(dense && has_classes(rule.classes, secret)) || allowed(rule, secret) {
        return None;
    }
    let mut facts = found.facts;
    let candidate = Candidate { text, start: found.span.start, end: found.span.end };
    for validator in &rule.validators {
        match validate(*validator, candidate) {
            Verdict::Valid(learnt) => facts.extend(learnt),
            Verdict::Invalid(_) => return None,
        }
    }
    facts.sort();
    facts.dedup();
    Some(Raw {
        rule: number,
        start: found.span.start,
        end: found.span.end,
        confidence: found.confidence.unwrap_or(rule.confidence).min(password_cap(rule, secret)),
        facts,
        public_prefix,
    })
}

/// The most that may be thought of a match whose rule has its password judged.
fn password_cap(rule: &Rule, secret: &[u8]) -> Confidence {
    let judged = rule.validators.iter().filter_map(|validator| {
        let (user, password) = password(*validator, secret)?;
        Some(detect::assignment::password_confidence(&password, &user))
    });
    judged.min().filter(|judged| *judged == Confidence::Low).unwrap_or(Confidence::High)
}

struct Found {
    span: Range<usize>,
    facts: Vec<Fact>,
    /// When the detector knows better than the rule.
    confidence: Option<Confidence>,
}

impl Found {
    fn at(span: Range<usize>) -> Found {
        Found { span, facts: Vec::new(), confidence: None }
    }

    fn key_file(file: detect::key_file::KeyFile) -> Found {
        Found { span: file.key, facts: file.facts, confidence: None }
    }
}

fn find(rule: &Rule, patterns: &Patterns, hit: Hit, text: &[u8]) -> Option<Found> {
    let literal = hit.start..hit.end;
    match rule.detector {
        DetectorKind::Pattern => find_pattern(rule, patterns, hit, text).map(Found::at),
        DetectorKind::Assignment => {
            detect::assignment::detect(text, literal, rule.reach).map(|found| Found {
                span: found.value,
                facts: vec![found.likelihood],
                confidence: Some(found.confidence),
            })
        }
        DetectorKind::Pem => detect::pem::detect(text, literal, rule.reach).map(Found::at),
        DetectorKind::Jwt => detect::jwt::detect(text, literal, rule.reach).map(Found::at),
        // They have no literals that could lead here.
        DetectorKind::KeyStore | DetectorKind::DerKey | DetectorKind::WholeFile => None,
        DetectorKind::UrlUserinfo => {
            detect::url::detect(text, literal, rule.reach).map(|found| Found {
                span: found.password,
                facts: found.facts,
                confidence: found.doubtful.then_some(Confidence::Low),
            })
        }
    }
}

/// The first match within reach that holds the literal, and its secret group. The text after the
/// window is cut off; what stands before it is seen by `\b` and the like.
fn find_pattern(rule: &Rule, patterns: &Patterns, hit: Hit, text: &[u8]) -> Option<Range<usize>> {
    let regex = patterns.get(hit.rule, rule)?;
    let window = window(rule, hit, text);
    let text = &text[..window.end];
    let mut from = window.start;
    loop {
        let found = regex.find_at(text, from)?;
        if found.start() > hit.start {
            return None;
        }
        if found.end() >= hit.end {
            let group = rule.pattern.as_ref().map_or(0, crate::rule::Pattern::secret_group);
            let captures = regex.captures_at(text, found.start())?;
            // Where alternatives have a group each, the one that took part.
            let secret = captures
                .get(group)
                .or_else(|| captures.iter().skip(1).flatten().next())
                .map(|secret| secret.range());
            return secret;
        }
        from = found.end().max(found.start() + 1);
    }
}

/// Whether nothing stands beside the secret that would make it part of something longer.
fn bounded(boundary: Boundary, text: &[u8], span: &Range<usize>) -> bool {
    let secret = &text[span.clone()];
    let (slash, plus) = (secret.contains(&b'/'), secret.contains(&b'+'));
    let after = text.get(span.end).copied();
    let more = |byte: u8| {
        continues(boundary, byte)
            || boundary == Boundary::Token && (slash && byte == b'/' || plus && byte == b'+')
    };
    !byte_before(text, span.start).is_some_and(more) && !after.is_some_and(more)
}

/// Whether `byte` beside a secret makes it part of something longer, whatever the secret.
fn continues(boundary: Boundary, byte: u8) -> bool {
    match boundary {
        Boundary::None => false,
        Boundary::Word => byte.is_ascii_alphanumeric() || byte == b'_',
        Boundary::Token => byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'),
    }
}

/// The byte before `start`, unless it belongs to an escape: the `n` in `"\nghp_…"` is no part of
/// the value.
fn byte_before(text: &[u8], start: usize) -> Option<u8> {
    let before = text.get(..start)?;
    match before {
        [.., b'\\', b'n' | b't' | b'r'] => None,
        _ => before.last().copied(),
    }
}

/// Whether a secret of `rule` always begins with the literal that led to it: it is all of a match
/// that nothing before the literal can be part of.
fn begins_secret(rule: &Rule) -> bool {
    rule.detector == DetectorKind::Pattern
        && rule.reach.before == 0
        && rule.pattern.as_ref().is_some_and(|pattern| pattern.secret_group() == 0)
}

/// Whether what begins at `start` is the rest of something longer, in which case no pattern needs
/// to be tried: most short literals stand inside of words.
fn joined(boundary: Boundary, text: &[u8], start: usize) -> bool {
    byte_before(text, start).is_some_and(|byte| continues(boundary, byte))
}

fn has_company(rule: &Rule, window: &[u8]) -> bool {
    let window = window.to_ascii_lowercase();
    rule.requires.iter().any(|text| memchr::memmem::find(&window, text).is_some())
}

fn has_classes(least: Classes, secret: &[u8]) -> bool {
    if least == Classes::default() {
        return true;
    }
    let count = |class: fn(&u8) -> bool| secret.iter().filter(|byte| class(byte)).count();
    let mut seen = [false; 256];
    for byte in secret {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    count(u8::is_ascii_digit) >= least.digits as usize
        && count(u8::is_ascii_uppercase) >= least.upper as usize
        && count(u8::is_ascii_lowercase) >= least.lower as usize
        && count(|byte| !byte.is_ascii_alphanumeric()) >= least.symbols as usize
        && distinct >= least.distinct as usize
}

fn allowed(rule: &Rule, secret: &[u8]) -> bool {
    let stopped = !rule.allow.stop_words.is_empty() && {
        let folded = secret.to_ascii_lowercase();
        rule.allow.stop_words.iter().any(|word| memchr::memmem::find(&folded, word).is_some())
    };
    stopped || rule.allow.values.is_match(secret)
}
