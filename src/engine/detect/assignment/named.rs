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
use super::words::{contains, words};

/// Numbers that a model can ask for, in the order of [`NAMES`]; none where one says nothing.
pub(super) type Numbers = [Option<i32>; NAMES.len()];

/// Kinds of keys that numbers are told apart by.
const KINDS: usize = 3;

/// Numbers that are told apart by the kind of key, in the order in which they are measured.
const BY_KIND: usize = 13;

/// Further numbers that need nothing but the value and its name.
const OF_VALUE: usize = 13;

/// Numbers about what stands around.
const AROUND: usize = 5;

/// Names of the numbers. First those by kind, three each: `password.` for what people make up,
/// `secret.` for keys that name a credential, `vague.` for words like `key` and `auth`.
#[rustfmt::skip]
pub const NAMES: [&str; KINDS * BY_KIND + OF_VALUE + AROUND] = [
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
    "foreign", "blend", "scheme", "words-per-byte",
    "key-words", "user-nearby", "host-nearby", "test-nearby", "comment",
];

/// The numbers of a candidate.
pub(super) fn numbers(window: &Window<'_>, key: &Key, slot: &Slot, f: &Features) -> Numbers {
    let mut numbers = of_value(window.get(&slot.value), f);
    let near = Near::around(window, key, slot);
    let around: [i32; AROUND] = [
        number(words(window.get(&key.span)).count()),
        i32::from(near.user),
        i32::from(near.host),
        i32::from(near.test),
        i32::from(near.comment),
    ];
    for (place, number) in numbers.iter_mut().skip(KINDS * BY_KIND + OF_VALUE).zip(around) {
        *place = Some(number);
    }
    numbers
}

/// The numbers of a value of which nothing is known but itself and its name.
pub(super) fn of_value(value: &[u8], f: &Features) -> Numbers {
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
    let (kind, group) = match f.kind {
        Kind::Password => (0, 0),
        Kind::Secret => (1, 1),
        Kind::Token => (2, 1),
        Kind::ApiKey => (3, 1),
        Kind::Vague => (4, 2),
    };
    let others: [i32; OF_VALUE] = [
        kind,
        i32::from(f.unknown_tail),
        i32::from(f.plural),
        i32::from(f.asks),
        i32::from(f.weakened),
        i32::from(f.wrapped),
        i32::from(f.hashed),
        i32::from(f.uuid),
        i32::from(f.title),
        i32::from(f.foreign > 0),
        i32::from(is_blend(f)),
        i32::from(f.scheme),
        f.words / number(f.length.max(1)),
    ];
    let mut numbers = [None; NAMES.len()];
    for (place, number) in numbers.iter_mut().skip(group).step_by(KINDS).zip(by_kind) {
        *place = Some(number);
    }
    for (place, number) in numbers.iter_mut().skip(KINDS * BY_KIND).zip(others) {
        *place = Some(number);
    }
    numbers
}

/// A word with digits or symbols, as people make passwords (and rarely anything else that is
/// assigned to a password).
fn is_blend(f: &Features) -> bool {
    f.kind == Kind::Password
        && f.letters > 2
        && f.digits + f.symbols > 0
        && f.residue >= 5
        && (f.joiners == 0 || f.breaks > 2 || (f.digits > 0 && f.symbols > 0))
        && !f.constant
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
        let line = window.line_before(key.span.start).trim_ascii_start();
        let mut near = Near {
            user: false,
            host: false,
            test: contains(before, "assert"),
            comment: line.starts_with(b"#") || line.starts_with(b"//") || line.starts_with(b"*"),
        };
        words(before).chain(words(after)).for_each(|word| near.meet(word));
        near
    }

    fn meet(&mut self, word: &[u8]) {
        let mut lower = [0; 8];
        let Some(lower) = lower.get_mut(..word.len()) else { return };
        lower.copy_from_slice(word);
        lower.make_ascii_lowercase();
        match &*lower {
            b"user" | b"username" | b"login" | b"email" | b"usr" | b"account" => self.user = true,
            b"host" | b"hostname" | b"server" | b"url" | b"endpoint" | b"port" | b"database"
            | b"db" => self.host = true,
            b"test" | b"tests" | b"testing" | b"assert" | b"expect" | b"describe" | b"should"
            | b"mock" | b"fake" | b"dummy" | b"sample" | b"example" | b"spec" | b"fixture"
            | b"invalid" | b"wrong" => self.test = true,
            _ => {}
        }
    }
}
