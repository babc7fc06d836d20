//! Which findings of a push go to which target.

use super::{Item, Mask, Message, Push};
use crate::config::expression::{Condition, Field, Value};
use crate::config::people::Target;
use crate::identity::actor::{ActorRole, Class};

/// The rank of [`Evidence::None`](crate::identity::actor::Evidence::None): nobody was found.
const NOTHING: u8 = 7;

/// One message for each target that has findings to hear of, in the order of the configuration.
pub fn route<'a>(
    targets: &'a [Target],
    push: &Push,
    items: &[Item],
    mask: Mask<'_>,
) -> Vec<(&'a Target, Message)> {
    let message = |target: &'a Target| {
        let chosen: Vec<&Item> = items.iter().filter(|item| wants(target, item)).collect();
        (!chosen.is_empty())
            .then(|| (target, Message::new(&target.name, detailed(target), push, &chosen, mask)))
    };
    targets.iter().filter_map(message).collect()
}

/// Whether a target hears of a finding.
fn wants(target: &Target, item: &Item) -> bool {
    match &target.when {
        Some(condition) => condition.holds(&|field| value(item, field)),
        None => is_about_insider(item),
    }
}

/// Whether a target's readers handle cases, which its condition says by asking about concern.
pub(super) fn detailed(target: &Target) -> bool {
    let asks = |condition: &Condition| condition.asks(&[Field::Concern]);
    target.when.as_ref().is_some_and(asks)
}

/// Whether somebody brought it in who belongs to the organisation or did. A verified signature makes
/// its signer the committer.
fn is_about_insider(item: &Item) -> bool {
    item.card.iter().flat_map(|card| &card.actors).any(|actor| {
        matches!(actor.role, ActorRole::Pusher | ActorRole::Committer)
            && matches!(actor.class, Class::Insider | Class::FormerInsider)
            && actor.rank < NOTHING
    })
}

/// What a condition sees of a finding.
fn value(item: &Item, field: Field) -> Value {
    let word = |word: &str| Value::Word(word.to_owned());
    let card = item.card.as_ref();
    match field {
        Field::Severity => word(item.severity.as_str()),
        Field::Confidence => word(item.confidence.as_str()),
        Field::Exposure => word(item.exposure.level.as_str()),
        Field::Concern => card.map_or(Value::Unknown, |card| word(card.concern.as_str())),
        Field::Actor => card.map_or(Value::Unknown, |card| {
            word(card.person().map_or("nobody", |person| class(person.class)))
        }),
        Field::Live => word(item.live.map_or("unknown", yes_no)),
        Field::Reachable => word(yes_no(item.reachable)),
        Field::Visibility => word(item.visibility.as_str()),
        Field::Rule => word(&item.rule),
        Field::Provider => word(&item.provider),
        Field::AgeDays => item.age_days.map_or(Value::Unknown, Value::Number),
    }
}

fn yes_no(is: bool) -> &'static str {
    if is { "yes" } else { "no" }
}

/// The word that conditions and the webhook have for a class.
pub(super) fn class(class: Class) -> &'static str {
    match class {
        Class::Insider => "insider",
        Class::FormerInsider => "former-insider",
        Class::OutsideCollaborator => "outside-collaborator",
        Class::Machine => "machine",
        Class::Outsider => "outsider",
        Class::Unknown => "unknown",
    }
}
