//! Key ids and the secrets that belong to them: one finding, not two.
//!
//! A rule for secrets names the rules that find their ids. Where ids and secrets take turns in a
//! content, each close to the next, it is plain which belong together; anywhere else nothing is
//! joined, so that no id is ever put beside a secret that is not its own. An id that also stands
//! somewhere without its secret stays a finding of its own.

use std::collections::{BTreeMap, BTreeSet};

use super::Seen;
use crate::model::{ContentId, Fact, LayerPath, Position};
use crate::provenance::Place;
use crate::rule::Rule;

/// Lines from an id to its secret at most: the next one. Whatever could part the two (the head of a
/// section, a closing brace, another value) has a line of its own.
const NEAR: u32 = 1;

/// Where something of a pair stands, and what it is.
struct Mark<'a> {
    position: Position,
    /// The masked line.
    excerpt: &'a str,
    is_id: bool,
    /// Its place among all that was seen.
    seen: usize,
}

/// Joins ids into the findings of their secrets.
pub(super) fn join(seen: Vec<Seen>, rules: &[Rule]) -> Vec<Seen> {
    let mut joined: BTreeMap<usize, usize> = BTreeMap::new();
    for (number, rule) in (0..).zip(rules) {
        for id_rule in &rule.pairs_with {
            if let Some(ids) = rules.iter().position(|other| other.id == *id_rule) {
                pairs(&seen, number, ids, &mut joined);
            }
        }
    }
    let mut slots: Vec<Option<Seen>> = seen.into_iter().map(Some).collect();
    for (id, secret) in joined {
        let Some(id) = slots.get_mut(id).and_then(Option::take) else { continue };
        let Some(Some(secret)) = slots.get_mut(secret) else { continue };
        secret.places.iter_mut().for_each(|place| cover(place, &id.places));
        // Its id beside it says as much for a secret as for itself.
        secret.finding.confidence = secret.finding.confidence.max(id.finding.confidence);
        let facts = &mut secret.finding.facts;
        facts.push(Fact::new("key_id", id.finding.secret.preview()));
        facts.extend(id.finding.facts);
        Fact::settle(facts);
    }
    slots.into_iter().flatten().collect()
}

/// Widens the place of a secret to cover that of the id beside it.
fn cover(place: &mut Place, ids: &[Place]) {
    let lines = |id: &Place| {
        let (a, b) = (place.position, id.position);
        b.line.saturating_sub(a.end_line).max(a.line.saturating_sub(b.end_line))
    };
    let beside = |id: &&Place| {
        id.path == place.path
            && id.object == place.object
            && id.commit == place.commit
            && id.layers == place.layers
            && lines(id) <= NEAR
    };
    let Some(id) = ids.iter().filter(beside).min_by_key(|id| lines(id)) else { return };
    let (own, id) = (place.position, id.position);
    if (id.line, id.column) < (own.line, own.column) {
        (place.position.line, place.position.column) = (id.line, id.column);
    }
    if (id.end_line, id.end_column) > (own.end_line, own.end_column) {
        (place.position.end_line, place.position.end_column) = (id.end_line, id.end_column);
    }
}

/// Adds to `joined`, by place, the ids of the rule at `ids` that belong to one secret of the rule at
/// `secrets` wherever they stand, and to which that secret belongs wherever it does.
fn pairs(seen: &[Seen], secrets: u32, ids: usize, joined: &mut BTreeMap<usize, usize>) {
    let mut marks: BTreeMap<(&ContentId, &LayerPath), Vec<Mark<'_>>> = BTreeMap::new();
    for (place, one) in seen.iter().enumerate() {
        let is_id = one.rule as usize == ids;
        if is_id || one.rule == secrets {
            for at in &one.finding.occurrences {
                let mark = Mark { position: at.position, excerpt: &at.excerpt, is_id, seen: place };
                marks.entry((&at.content, &at.layers)).or_default().push(mark);
            }
        }
    }
    // For each id every secret it stands with, none where it stands alone; and the other way round.
    let mut of_id: BTreeMap<usize, BTreeSet<Option<usize>>> = BTreeMap::new();
    let mut of_secret: BTreeMap<usize, BTreeSet<Option<usize>>> = BTreeMap::new();
    for mut group in marks.into_values() {
        group.sort_by_key(|mark| (mark.position.line, mark.position.column, mark.seen));
        for run in group.chunk_by(is_together) {
            let plain =
                run.len() % 2 == 0 && run.windows(2).all(|two| two[0].is_id != two[1].is_id);
            for two in run.chunks(2) {
                let [a, b] = two else {
                    alone(two, &mut of_id, &mut of_secret);
                    continue;
                };
                if !plain {
                    alone(two, &mut of_id, &mut of_secret);
                    continue;
                }
                let (id, secret) = if a.is_id { (a.seen, b.seen) } else { (b.seen, a.seen) };
                of_id.entry(id).or_default().insert(Some(secret));
                of_secret.entry(secret).or_default().insert(Some(id));
            }
        }
    }
    for (id, secrets) in of_id {
        let [Some(secret)] = secrets.into_iter().collect::<Vec<_>>()[..] else { continue };
        if of_secret.get(&secret).is_some_and(|ids| ids.iter().flatten().count() == 1) {
            joined.entry(id).or_insert(secret);
        }
    }
}

/// Whether `b` comes so soon after `a` that nothing stands between them which could part them: on the
/// next line, both in a comment or neither, or on the same one with no braces but those around both.
fn is_together(a: &Mark<'_>, b: &Mark<'_>) -> bool {
    let lines = b.position.line.saturating_sub(a.position.end_line);
    let comment = |mark: &Mark<'_>| {
        let line = mark.excerpt.trim_start();
        line.starts_with('#') || line.starts_with("//") || line.starts_with("--")
    };
    let braces = |mark: &Mark<'_>| mark.excerpt.matches(['{', '}']).count();
    if lines == 0 {
        braces(a) <= 2 && braces(b) <= 2
    } else {
        lines <= NEAR && comment(a) == comment(b)
    }
}

/// Notes that these stand somewhere without the other half.
fn alone(
    marks: &[Mark<'_>],
    of_id: &mut BTreeMap<usize, BTreeSet<Option<usize>>>,
    of_secret: &mut BTreeMap<usize, BTreeSet<Option<usize>>>,
) {
    for mark in marks {
        let side = if mark.is_id { &mut *of_id } else { &mut *of_secret };
        side.entry(mark.seen).or_default().insert(None);
    }
}
