//! From odds to a confidence.

use super::features::Features;
use super::key::Kind;
use super::model::{self, Points};
use super::named::Numbers;
use crate::model::Confidence;

/// How much a password looks like one that opens something, where nothing else is known of it: then
/// the odds must be seven to three for medium.
pub(super) fn of_password(features: &Features, numbers: &Numbers) -> Confidence {
    let sure = model::points(numbers) >= Points::SEVEN_TO_THREE;
    confidence(features, numbers).filter(|_| sure).unwrap_or(Confidence::Low)
}

/// How much the value looks like a credential; nothing when it is not worth listing. High is nine in
/// ten or better, medium three in ten (one in two under names such as `key`), low one in ten.
pub(super) fn confidence(features: &Features, numbers: &Numbers) -> Option<Confidence> {
    if features.uuid && features.kind == Kind::Vague {
        // An identifier, however random.
        return None;
    }
    let points = model::points(numbers);
    // A name that says little is worth a look at better odds only.
    let vague = features.kind == Kind::Vague;
    let medium = if vague { Points::ONE_TO_ONE } else { Points::THREE_TO_SEVEN };
    if features.clock_uuid {
        // Made of the time and a network address, so nothing that nobody could guess.
        return Some(Confidence::Low);
    }
    if features.hashed {
        // Not what opens anything, but worth a look by those who ask for it.
        return Some(Confidence::Low);
    }
    if features.kind == Kind::Password && features.residue <= 2 {
        // Nothing but words that stand for a password.
        return (points >= Points::ONE_TO_NINE).then_some(Confidence::Low);
    }
    if features.weakened {
        // The name says that this is not what opens anything.
        (points >= Points::THREE_TO_SEVEN).then_some(Confidence::Low)
    } else if points >= Points::NINE_TO_ONE {
        Some(Confidence::High)
    } else if points >= medium {
        Some(Confidence::Medium)
    } else if points >= Points::ONE_TO_NINE && features.kind != Kind::Vague {
        Some(Confidence::Low)
    } else {
        None
    }
}
