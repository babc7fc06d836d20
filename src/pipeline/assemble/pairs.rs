//! Key ids and the secrets that belong to them: one finding, not two.
//!
//! A rule for secrets names the rules that find their ids. Where ids and secrets take turns in a
//! content, each close to the next, it is plain which belong together; anywhere else nothing is
//! joined, so that no id is ever put beside a secret that is not its own. An id that also stands
//! somewhere without its secret stays a finding of its own.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

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
    for (number, secret) in joined {
        let Some(Some(own)) = slots.get(number) else { continue };
        let covered = slots.get(secret).and_then(Option::as_ref);
        if !covered.is_some_and(|secret| covers(secret, own)) {
            // Somewhere the secret is not reported beside it, so the id has to be.
            continue;
        }
        let Some(id) = slots.get_mut(number).and_then(Option::take) else { continue };
        let Some(Some(secret)) = slots.get_mut(secret) else { continue };
        let ids = by_spot(&id.places);
        secret.places.iter_mut().for_each(|place| widen(place, &ids));
        // Its id beside it says as much for a secret as for itself.
        secret.finding.confidence = secret.finding.confidence.max(id.finding.confidence);
        let facts = &mut secret.finding.facts;
        facts.push(Fact::new("key_id", id.finding.secret.preview()));
        facts.extend(id.finding.facts);
        Fact::settle(facts);
    }
    slots.into_iter().flatten().collect()
}

/// A content at a path.
type Spot<'a> = (Option<&'a [u8]>, Option<ObjectId>, Option<ObjectId>, &'a LayerPath);

fn spot(place: &Place) -> Spot<'_> {
    (place.path.as_deref(), place.object, place.commit, &place.layers)
}

/// Where things stand, by content.
fn by_spot(places: &[Place]) -> BTreeMap<Spot<'_>, Vec<Position>> {
    let mut spots: BTreeMap<Spot<'_>, Vec<Position>> = BTreeMap::new();
    for place in places {
        spots.entry(spot(place)).or_default().push(place.position);
    }
    spots
}

/// What of `spots` stands closest to `place` in the same content, if anything is near.
fn beside(place: &Place, spots: &BTreeMap<Spot<'_>, Vec<Position>>) -> Option<Position> {
    let own = place.position;
    let lines = |other: &Position| {
        other.line.saturating_sub(own.end_line).max(own.line.saturating_sub(other.end_line))
    };
    let near = spots.get(&spot(place))?.iter().filter(|other| lines(other) <= NEAR);
    near.min_by_key(|other| lines(other)).copied()
}

/// Whether the secret is reported beside each place of the id.
fn covers(secret: &Seen, id: &Seen) -> bool {
    let secrets = by_spot(&secret.places);
    id.places.iter().all(|place| beside(place, &secrets).is_some())
}

/// Widens the place of a secret to cover that of the id beside it.
fn widen(place: &mut Place, ids: &BTreeMap<Spot<'_>, Vec<Position>>) {
    let Some(id) = beside(place, ids) else { return };
    let own = place.position;
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
