//! From the public format to the program's own types: the person card. It shows what the saved
//! scan shows: pseudonyms stay pseudonyms, whatever a policy says by now.

use super::convert::{text, texts};
use crate::output::json::v1;
use crate::risk::Card;
use crate::risk::card::{CardActor, Line};
use crate::risk::exposure::Exposure;
use crate::risk::weigh::Weights;

pub(super) fn card(people: v1::People) -> Card {
    Card {
        actors: people.actors.into_iter().map(actor).collect(),
        accountable: people.accountable.map(v1::Role::own),
        signature: text(people.signature),
        exposure: Exposure {
            level: people.exposure.level,
            rotate_within: people.exposure.rotate_within_hours,
            reasons: texts(people.exposure.reasons),
        },
        concern: people.concern.own(),
        best: people.best_supported.map(v1::Explanation::own),
        supporting: people.supporting,
        observations: people.observations.into_iter().map(line).collect(),
        decisive: people.decisive.min(people.missing.len()),
        missing: texts(people.missing),
        questions: texts(people.questions),
        push: people.push.map(text),
        model: text(people.model),
        revealed: !people.pseudonymous,
    }
}

fn actor(actor: v1::Actor) -> CardActor {
    CardActor {
        role: actor.role.own(),
        who: text(actor.who),
        pseudonym: text(actor.pseudonym),
        class: actor.class.own(),
        kind: actor.kind.own(),
        status: actor.standing.own(),
        claimed: actor.claimed,
        evidence: text(actor.evidence),
        rank: actor.rank,
        confidence: actor.confidence,
        permission_then: actor.permission_then.map(text),
        permission_now: actor.permission_now.map(text),
        access_ended: actor.access_ended.map(text),
        permission_expired: actor.permission_expired.map(text),
    }
}

fn line(seen: v1::Observation) -> Line {
    let v1::Decibans { negligent, compromised, malicious } = seen.decibans;
    Line {
        signal: text(seen.signal),
        name: text(seen.name),
        value: text(seen.value),
        baseline: text(seen.baseline),
        source: text(seen.source),
        weights: Weights::new(negligent, compromised, malicious),
        confidence: seen.confidence,
        refuted_by: text(seen.refuted_by),
        speaks_for: seen.speaks_for,
    }
}
