//! From measurements to a confidence: points for and against, added up, against two thresholds.

use super::features::Features;
use super::key::Kind;
use super::syntax::Form;
use crate::model::Confidence;

/// Points from which a candidate counts as high, medium and low.
const HIGH: i32 = 40;
/// See [`HIGH`].
const MEDIUM: i32 = 5;
/// See [`HIGH`].
const LOW: i32 = -50;

/// How much the value looks like a credential; nothing when it is not worth listing.
pub(super) fn confidence(features: &Features) -> Option<Confidence> {
    let points = points(features);
    let indirect = features.weakened || features.hashed;
    if indirect {
        (points >= MEDIUM).then_some(Confidence::Low)
    } else if points >= HIGH && is_random(features) {
        Some(Confidence::High)
    } else if points >= MEDIUM {
        Some(Confidence::Medium)
    } else if points >= LOW && features.kind == Kind::Password {
        Some(Confidence::Low)
    } else {
        None
    }
}

/// Whether no person made this up: long, and its letters, breaks or digits are those of a machine.
fn is_random(f: &Features) -> bool {
    !f.uuid && f.length >= 12 && (f.words < -32 || f.breaks > 4 || f.hexadecimal)
}

/// The sum of all points.
fn points(f: &Features) -> i32 {
    key_points(f) + form_points(f) + randomness_points(f) + strength_points(f)
}

/// What the name promises.
fn key_points(f: &Features) -> i32 {
    let kind = match f.kind {
        Kind::Password => 10,
        Kind::Secret => 5,
        Kind::Token | Kind::ApiKey => 0,
        Kind::Vague => -30,
    };
    // A UUID under a vague name is an identifier.
    let identifier = if f.uuid { 80 } else { 0 } * i32::from(f.kind == Kind::Vague);
    kind - identifier
        - 15 * i32::from(f.unknown_tail)
        - 10 * i32::from(f.plural)
        - 20 * i32::from(f.asks)
}

/// How sure the syntax is that this is a value.
fn form_points(f: &Features) -> i32 {
    let form = match f.form {
        _ if f.scheme => 10,
        Form::Assign | Form::Colon | Form::Element => 0,
        Form::Tight => 5,
        Form::Option | Form::Call => -5,
        Form::Compare | Form::Pair | Form::Word => -10,
        Form::Table => -20,
    };
    let bare = match f.form {
        _ if f.quoted || !f.identifier => 0,
        Form::Tight => 0,
        Form::Colon if f.own_line && !f.continued => 8,
        _ => 20,
    };
    form - 5 * i32::from(f.wrapped) - 20 * i32::from(f.continued) - bare
}

/// Random characters against words.
fn randomness_points(f: &Features) -> i32 {
    // Half a point per eighth of a bit; words beyond twelve bits are as wordy as can be.
    let letters = (-f.words / 2).clamp(if is_blend(f) { -16 } else { -48 }, 60);
    let breaks = i32::try_from(f.breaks).unwrap_or(i32::MAX).min(8) * 6;
    // Sixteen hexadecimal digits are as often an identifier.
    let hexadecimal = if f.length < 20 { 25 } else { 40 } * i32::from(f.hexadecimal);
    let mixed = 8 * i32::from(f.mixed_case);
    letters + breaks + hexadecimal + mixed
}

/// What is taken off for being only digits: numbers are mostly other things than credentials, but
/// for quoted ones of a PIN's or a key's length.
fn digits_only(f: &Features) -> i32 {
    let configured = f.quoted || (f.form == Form::Colon && f.own_line && !f.continued);
    let pin = f.kind == Kind::Password && f.length >= 6;
    if configured && (pin || f.length >= 16) { 0 } else { 40 }
}

/// A word with digits or symbols, as people make passwords (and rarely anything else that is
/// assigned to a password).
pub(super) fn is_blend(f: &Features) -> bool {
    f.kind == Kind::Password
        && f.letters > 2
        && f.digits + f.symbols > 0
        && f.residue >= 5
        && (f.joiners == 0 || f.breaks > 2 || (f.digits > 0 && f.symbols > 0))
        && !f.constant
}

/// Length and make-up.
fn strength_points(f: &Features) -> i32 {
    // Machines make longer tokens; so short a value is an id, a sample or a fragment, unless it can
    // be nothing else.
    let short = f.kind != Kind::Password && !f.scheme;
    let length = match f.length {
        ..=4 => -20,
        5..=7 if short => -25,
        5..=7 => -5,
        8..=9 if short => -10,
        8..=15 => 5,
        16..=19 => 10,
        _ => 15,
    };
    let make_up = -i32::from(f.letters == 0 && f.symbols == 0) * digits_only(f)
        + 12 * i32::from(f.letters > 0 && f.digits > 0)
        + 12 * i32::from(f.letters > 0 && f.symbols > 0);
    let blend = 18 * i32::from(is_blend(f));
    let weak = match f.residue {
        ..=2 => -60,
        3 => -30,
        _ => 0,
    };
    let named =
        -25 * i32::from(f.constant && f.words > 0) - 20 * i32::from(f.joiners > 0 && f.words > 0);
    let label = -15 * i32::from(f.title) - 20 * i32::from(f.foreign > 0);
    let dull = -30 * i32::from(f.length >= 16 && f.entropy < 28);
    length + make_up + blend + weak + named + label + dull
}
