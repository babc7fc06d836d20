//! The measurements of a candidate as named whole numbers, which the model weighs and which say
//! why a candidate was believed.
//!
//! What a number means can depend on what the name promises: eight letters under `password` and
//! under `key` are different things. Such numbers have a name for each of three kinds of key.

use super::Window;
use super::features::Features;
use super::key::{Key, Kind};
use super::syntax::Form;
use super::value::Slot;
use super::words::{contains, is_one_of, words};

/// Numbers that a model can ask for, in the order of [`NAMES`]; none where one says nothing.
pub(super) type Numbers = [Option<i32>; NAMES.len()];

/// Kinds of keys that numbers are told apart by.
const KINDS: usize = 3;

/// Numbers that are told apart by the kind of key, in the order in which they are measured.
const BY_KIND: usize = 13;

/// Names of the numbers. First those by kind, three each: `password.` for what people make up,
/// `secret.` for keys that name a credential, `vague.` for words like `key` and `auth`.
#[rustfmt::skip]
pub const NAMES: [&str; KINDS * BY_KIND + 17] = [
    "password.length", "secret.length", "vague.length",
    "password.words", "secret.words", "vague.words",
    "password.breaks", "secret.breaks", "vague.breaks",
    "password.residue", "secret.residue", "vague.residue",
    "password.entropy", "secret.entropy", "vague.entropy",
    "password.digits", "secret.digits", "vague.digits",
    "password.symbols", "secret.symbols", "vague.symbols",
    "password.joiners", "secret.joiners", "vague.joiners",
    "password.hexadecimal", "secret.hexadecimal", "vague.hexadecimal",
    "password.identifier", "secret.identifier", "vague.identifier",
    "password.mixed", "secret.mixed", "vague.mixed",
    "password.form", "secret.form", "vague.form",
    "password.bare", "secret.bare", "vague.bare",
    "kind", "unknown-tail", "plural", "asks", "weakened", "wrapped", "hashed", "uuid", "title",
    "foreign", "blend", "key-words", "user-nearby", "host-nearby", "test-nearby", "comment",
    "words-per-byte",
];

/// The numbers of a candidate.
pub(super) fn numbers(window: &Window<'_>, key: &Key, slot: &Slot, f: &Features) -> Numbers {
    let value = window.get(&slot.value);
    let by_kind: [i32; BY_KIND] = [
        number(f.length),
        f.words.clamp(-200, 200),
        number(f.breaks),
        number(f.residue),
        f.entropy,
        number(f.digits * 10 / f.length.max(1)),
        number(f.symbols),
        number(f.joiners),
        hexadecimal(value),
        i32::from(f.identifier) + i32::from(f.constant),
        i32::from(f.mixed_case) + 2 * i32::from(f.letters == 0),
        form(f),
        bare(f),
    ];
    let near = Near::around(window, key, slot);
    let others: [i32; 17] = [
        match f.kind {
            Kind::Password => 0,
            Kind::Secret => 1,
            Kind::Token => 2,
            Kind::ApiKey => 3,
            Kind::Vague => 4,
        },
        i32::from(f.unknown_tail),
        i32::from(f.plural),
        i32::from(f.asks),
        i32::from(f.weakened),
        i32::from(f.wrapped),
        i32::from(f.hashed),
        i32::from(f.uuid),
        i32::from(f.title),
        i32::from(f.foreign > 0),
        i32::from(super::score::is_blend(f)),
        number(words(window.get(&key.span)).count()),
        i32::from(near.user),
        i32::from(near.host),
        i32::from(near.test),
        i32::from(near.comment),
        f.words / number(f.length.max(1)),
    ];
    let kind = match f.kind {
        Kind::Password => 0,
        Kind::Secret | Kind::Token | Kind::ApiKey => 1,
        Kind::Vague => 2,
    };
    let mut numbers = [None; NAMES.len()];
    for (at, number) in by_kind.into_iter().enumerate() {
        numbers[at * KINDS + kind] = Some(number);
    }
    for (at, number) in others.into_iter().enumerate() {
        numbers[BY_KIND * KINDS + at] = Some(number);
    }
    numbers
}

fn number(size: usize) -> i32 {
    i32::try_from(size).unwrap_or(i32::MAX)
}

/// How key and value are joined, and whether quotes stand around the value.
fn form(f: &Features) -> i32 {
    let form = match f.form {
        Form::Assign => 0,
        Form::Tight => 1,
        Form::Colon => 2,
        Form::Compare => 3,
        Form::Pair => 4,
        Form::Call => 5,
        Form::Element => 6,
        Form::Option => 7,
        Form::Table => 8,
        Form::Word => 9,
    };
    2 * form + i32::from(f.quoted)
}

/// 0 for quoted values; for others what speaks for configuration or for code.
fn bare(f: &Features) -> i32 {
    if f.quoted {
        return 0;
    }
    1 + 2 * i32::from(f.continued) + i32::from(!f.own_line) + 4 * i32::from(f.identifier)
}

/// How many hexadecimal digits the value is made of when it is of one case; 0 when it is not.
fn hexadecimal(value: &[u8]) -> i32 {
    let digits = value.iter().all(u8::is_ascii_hexdigit);
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    if digits && value.len() >= 8 && upper != lower { number(value.len()) } else { 0 }
}

/// What stands on the same line and the lines beside it.
#[allow(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
struct Near {
    user: bool,
    host: bool,
    test: bool,
    comment: bool,
}

/// Most bytes before and after that are looked at.
const NEAR: usize = 160;

impl Near {
    fn around(window: &Window<'_>, key: &Key, slot: &Slot) -> Near {
        let before = &window.bytes[key.span.start.saturating_sub(NEAR)..key.span.start];
        let after = window.bytes.get(slot.after..).unwrap_or_default();
        let after = &after[..after.len().min(NEAR)];
        let has =
            |list: &[&str]| words(before).chain(words(after)).any(|word| is_one_of(word, list));
        let line = window.line_before(key.span.start).trim_ascii_start();
        Near {
            user: has(&["user", "username", "login", "email", "usr", "account"]),
            host: has(&["host", "hostname", "server", "url", "endpoint", "port", "database", "db"]),
            test: has(&[
                "test", "tests", "testing", "assert", "expect", "describe", "should", "mock",
                "fake", "dummy", "sample", "example", "spec", "fixture", "invalid", "wrong",
            ]) || contains(before, "assert"),
            comment: line.starts_with(b"#") || line.starts_with(b"//") || line.starts_with(b"*"),
        }
    }
}
