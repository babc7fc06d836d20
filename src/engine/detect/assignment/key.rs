//! The name that a value is assigned to: its extent around the key word, what kind of credential
//! it names, and whether its other words turn the meaning (`password_field`, `max_tokens`).

use std::ops::Range;

use super::Window;
use super::lists::{
    ASKING, GLUED, JOINED, NEUTRAL, OTHER_THING, PASSES, SURER, TELLING, TURNING, WEAKENING,
};
use super::words::{contains, ends_with, is_one_of, starts_with, words};

/// Longest key that is looked at, in bytes; longer runs are data.
const MAX_KEY: usize = 96;

/// What a key's word promises.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Made up by a person more often than not.
    Password,
    /// A shared secret, mostly made by a machine.
    Secret,
    /// A bearer token.
    Token,
    /// An API, access or encryption key whose name says so.
    ApiKey,
    /// A word that names many other things too (`key`, `auth`, `salt`).
    Vague,
}

/// A key that may hold a credential.
#[allow(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
#[derive(Debug, Clone)]
pub(super) struct Key {
    /// The whole dotted or dashed name, without leading dashes and dots.
    pub span: Range<usize>,
    /// What it promises.
    pub kind: Kind,
    /// Words after the key word that neither belong there nor turn the meaning.
    pub unknown_tail: bool,
    /// More than one value is meant (`passwords`).
    pub plural: bool,
    /// The name says that the value is hashed, encrypted or a sample.
    pub weakened: bool,
    /// The name says what is done (`getPassword`), not what is held.
    pub asks: bool,
}

impl Key {
    /// The key around the word at `window.literal`, or nothing when the word is part of another
    /// word or the name is that of another thing.
    pub(super) fn around(window: &Window<'_>, extent: &Range<usize>) -> Option<Key> {
        let literal = window.get(&window.literal);
        let head = window.get(&(extent.start..window.literal.start));
        let tail = window.get(&(window.literal.end..extent.end));
        let kind = kind(literal, head)?;
        let rest = glued_tail(literal, tail)?;
        if !stands_alone(literal, head) {
            return None;
        }
        // `authToken` is a token, and its other word finds it.
        if literal.eq_ignore_ascii_case(b"auth") && words(rest).any(|word| is_one_of(word, SURER)) {
            return None;
        }
        // Keys that pages show to everyone.
        if literal.eq_ignore_ascii_case(b"key")
            && words(head).last().is_some_and(|w| is_one_of(w, &["publishable", "site"]))
        {
            return None;
        }
        // `withCredentials` says whether a browser sends cookies along.
        if kind == Kind::Secret && contains(literal, "cred") && ends_with(head, "with") {
            return None;
        }
        if literal.eq_ignore_ascii_case(b"pass")
            && words(head).last().is_some_and(|w| is_one_of(w, PASSES))
        {
            return None;
        }
        let own = head.iter().rposition(|b| matches!(b, b'.' | b'/')).map_or(0, |at| at + 1);
        let own_head = head.get(own..).unwrap_or_default();
        let joined = words(own_head).any(|word| is_one_of(word, OTHER_THING));
        if joined || words(rest).any(|word| is_one_of(word, TURNING)) {
            return None;
        }
        let weakened = words(own_head).chain(words(rest)).any(|word| is_one_of(word, WEAKENING));
        Some(Key {
            span: extent.clone(),
            kind,
            unknown_tail: words(rest).any(|word| !is_one_of(word, NEUTRAL)),
            plural: tail.first().is_some_and(|b| b.eq_ignore_ascii_case(&b's')),
            weakened,
            asks: words(own_head).next().is_some_and(|word| is_one_of(word, ASKING)),
        })
    }
}

/// The run of name characters around the literal, or nothing when it is too long to be a name.
/// Leading dashes and dots and trailing punctuation are left out.
pub(super) fn extent(window: &Window<'_>) -> Option<Range<usize>> {
    let bytes = window.bytes;
    let before = bytes.get(..window.literal.start)?;
    let head = before.iter().rev().take(MAX_KEY).take_while(|b| is_name(**b)).count();
    let after = bytes.get(window.literal.end..)?;
    let mut tail = after.iter().take(MAX_KEY).take_while(|b| is_name(**b)).count();
    if head == MAX_KEY || tail == MAX_KEY || (window.cut_front && head == before.len()) {
        return None;
    }
    while tail > 0 && after.get(tail - 1).is_some_and(|b| matches!(b, b'.' | b'-')) {
        tail -= 1;
    }
    let mut start = window.literal.start - head;
    while start < window.literal.start && matches!(bytes.get(start), Some(b'.' | b'-')) {
        start += 1;
    }
    Some(start..window.literal.end + tail)
}

/// Characters of names: identifiers, and the dots and dashes that join them.
fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
}

/// What the key word promises, looking at the word before where it is vague by itself.
fn kind(literal: &[u8], head: &[u8]) -> Option<Kind> {
    let is = |part| contains(literal, part);
    let abroad = ["kennwort", "contras", "senha", "passe", "wachtwoord", "haslo"];
    let abroad = abroad.iter().any(|word| is(word)) || literal.iter().any(|b| !b.is_ascii());
    Some(if is("pass") || is("pwd") || is("pw") || is("identified") || abroad {
        Kind::Password
    } else if is("secret") || is("cred") {
        Kind::Secret
    } else if is("token") || is("bearer") {
        Kind::Token
    } else if literal.len() > 4 && is("key") {
        Kind::ApiKey
    } else if is("key") {
        let named = TELLING.iter().any(|word| ends_with(head.trim_ascii_end(), word))
            || TELLING.iter().any(|word| {
                head.split_last().is_some_and(|(last, rest)| {
                    matches!(last, b'_' | b'-') && ends_with(rest, word)
                })
            });
        if named { Kind::ApiKey } else { Kind::Vague }
    } else if literal.is_empty() {
        return None;
    } else {
        Kind::Vague
    })
}

/// What follows the key word, past what may be glued to it; nothing when the word goes on to be
/// another word (`tokenizer`, `secretary`).
fn glued_tail<'a>(literal: &[u8], tail: &'a [u8]) -> Option<&'a [u8]> {
    let last = *literal.last()?;
    let same = |b: &u8| {
        if last.is_ascii_uppercase() { b.is_ascii_uppercase() } else { b.is_ascii_lowercase() }
    };
    let glued = tail.iter().take_while(|b| same(b)).count();
    // After a capital, `Passwords` and `PASSWORDs` alike; `PASSWORDField` breaks before `Field`.
    let (run, rest) = tail.split_at(glued);
    let singular = run.strip_suffix(b"s").or_else(|| run.strip_suffix(b"S")).unwrap_or(run);
    if is_one_of(singular, GLUED) || (last.is_ascii_uppercase() && is_one_of(run, GLUED)) {
        Some(rest)
    } else {
        None
    }
}

/// Whether the key word is not the end of another word: short ones are (`compass`, `monkey`),
/// unless what stands before is a name that people join to them (`dbpass`, `userpwd`).
fn stands_alone(literal: &[u8], head: &[u8]) -> bool {
    let (Some(first), Some(last)) = (literal.first(), head.last()) else { return true };
    let breaks = !last.is_ascii_alphabetic()
        || (first.is_ascii_uppercase() && last.is_ascii_lowercase())
        || (first.is_ascii_uppercase() && literal.get(1).is_some_and(u8::is_ascii_lowercase));
    let long = literal.len() >= 5;
    breaks || long || JOINED.iter().any(|word| ends_with(head, word))
}

/// Whether the name is written as a command-line option.
pub(super) fn is_option(window: &Window<'_>, key: &Range<usize>) -> bool {
    key.start.checked_sub(1).and_then(|at| window.bytes.get(at)) == Some(&b'-')
}

/// Whether a method's name sets what it names (`setPassword`, `withToken`), or is the bare noun.
pub(super) fn is_setter(name: &[u8]) -> bool {
    let verbs = ["set", "with", "add", "use", "and", "put", "update", "change", "new"];
    let own = name.iter().rposition(|b| *b == b'.').map_or(0, |at| at + 1);
    let own = name.get(own..).unwrap_or_default();
    verbs.iter().any(|verb| starts_with(own, verb))
        || words(own).count() <= 2 && !words(own).any(|word| is_one_of(word, ASKING))
}
