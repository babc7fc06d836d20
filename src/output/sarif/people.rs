//! What a result's properties say of people.

use serde_json::{Value, json};

use crate::output::people;
use crate::risk::card::{Card, CardActor};

/// The most telling words of a card for a result's properties: who acted, how bad it is, who should
/// look and what was seen. No weight of anything.
pub(super) fn properties(card: &Card) -> Vec<(String, Value)> {
    let actor = |actor: &CardActor| {
        let mut value = json!({
            "role": actor.role,
            "pseudonym": actor.pseudonym,
            "class": actor.standing(),
            "claimed": actor.claimed,
            "evidence": actor.evidence,
            "confidence": actor.confidence,
            "permission": people::permission(actor),
        });
        if card.revealed {
            value["name"] = json!(actor.who);
        }
        value
    };
    let signals: Vec<_> = card
        .observations
        .iter()
        .map(|line| {
            let text = people::sentence(line);
            json!({ "id": line.signal, "name": line.name, "text": text })
        })
        .collect();
    let identity = json!({
        "pseudonymous": !card.revealed,
        "accountable": card.accountable,
        "actors": card.actors.iter().map(actor).collect::<Vec<_>>(),
        "signature": card.signature,
    });
    vec![
        ("identity".to_owned(), identity),
        ("concernBand".to_owned(), json!(card.concern.as_str())),
        ("signals".to_owned(), json!(signals)),
    ]
}
