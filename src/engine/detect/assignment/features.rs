//! What is measured of a candidate before it is judged: each feature has a name, a unit and a
//! reason, so that a verdict can be explained.

use super::Window;
use super::bigrams::word_evidence;
use super::key::{Key, Kind};
use super::lists::{HASHES, WEAK};
use super::syntax::Form;
use super::value::Slot;
use super::words::{longest_prefix, words};
use crate::engine::entropy;

/// A candidate's measurements.
#[allow(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
#[derive(Debug, Clone)]
pub(super) struct Features {
    /// Bytes of the value.
    pub length: usize,
    /// What the key promises.
    pub kind: Kind,
    /// How key and value are joined.
    pub form: Form,
    /// The value is quoted.
    pub quoted: bool,
    /// The value is the argument of a call or the fallback of a look-up.
    pub wrapped: bool,
    /// A bare value whose key begins its line.
    pub own_line: bool,
    /// A bare value with more after it on its line, or with the punctuation of code.
    pub continued: bool,
    /// The key has words after the key word that say nothing either way.
    pub unknown_tail: bool,
    /// The key names several values.
    pub plural: bool,
    /// The key says that the value is hashed, encrypted or a sample.
    pub weakened: bool,
    /// The key is a function that fetches or checks.
    pub asks: bool,
    /// The name of an authorization scheme stands before the value: nothing but a credential does
    /// there.
    pub scheme: bool,
    /// Evidence for words against random letters, eighths of a bit; negative is random.
    pub words: i32,
    /// Changes between letters, digits and cases that words do not have.
    pub breaks: usize,
    /// Digits.
    pub digits: usize,
    /// Letters.
    pub letters: usize,
    /// Bytes beyond ASCII, as in words of many languages and few credentials.
    pub foreign: usize,
    /// The value is one capitalised word, as labels are.
    pub title: bool,
    /// ASCII, neither letters nor digits nor what joins identifiers.
    pub symbols: usize,
    /// `_`, `-`, `.`, `/`, `:` and blanks.
    pub joiners: usize,
    /// Both cases occur, and not as one capital at a word's start.
    pub mixed_case: bool,
    /// The value is a password hash.
    pub hashed: bool,
    /// The value has the form of a UUID.
    pub uuid: bool,
    /// It is a UUID of version 1, made of the time.
    pub clock_uuid: bool,
    /// Only what identifiers have, the first a letter or `_`.
    pub identifier: bool,
    /// Capitals, digits and underscores only, as constants and environment variables are named.
    pub constant: bool,
    /// Characters that weak words, the key's own words, digit runs and joiners do not account for.
    pub residue: usize,
    /// Shannon entropy, tenths of a bit a byte.
    pub entropy: i32,
}

impl Features {
    /// Measures the value of `slot`, assigned to `key`.
    pub(super) fn of(window: &Window<'_>, key: &Key, slot: &Slot) -> Features {
        Features {
            kind: key.kind,
            form: slot.form,
            quoted: slot.quoted,
            wrapped: slot.wrapped,
            own_line: slot.own_line,
            continued: slot.continued,
            unknown_tail: key.unknown_tail,
            plural: key.plural,
            weakened: key.weakened,
            asks: key.asks,
            scheme: slot.scheme,
            ..Features::of_password(window.get(&slot.value), window.get(&key.span))
        }
    }

    /// Measures a password that stands where only passwords do; `name` is what it may repeat.
    pub(super) fn of_password(value: &[u8], name: &[u8]) -> Features {
        let count = |wanted: fn(&u8) -> bool| value.iter().filter(|b| wanted(b)).count();
        let digits = count(u8::is_ascii_digit);
        let letters = count(u8::is_ascii_alphabetic);
        let joiners = count(|b| is_joiner(*b));
        let identifier = value.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
            && !value.first().is_some_and(u8::is_ascii_digit);
        #[allow(clippy::cast_possible_truncation, reason = "entropy is at most 8 bits")]
        let entropy = (entropy::shannon(value) * 10.0).round() as i32;
        let foreign = count(|b| !b.is_ascii());
        let hexadecimal = has_hexadecimal(value);
        Features {
            length: value.len(),
            kind: Kind::Password,
            form: Form::Assign,
            quoted: true,
            wrapped: false,
            own_line: false,
            continued: false,
            unknown_tail: false,
            plural: false,
            weakened: false,
            asks: false,
            scheme: false,
            words: if hexadecimal { 0 } else { word_evidence(value) },
            breaks: breaks(value),
            digits,
            letters,
            foreign,
            title: is_title(value),
            symbols: value.len() - digits - letters - joiners - foreign,
            joiners,
            mixed_case: has_mixed_case(value),
            hashed: longest_prefix(value, HASHES) > 0 || is_database_hash(value),

            uuid: is_uuid(value),
            clock_uuid: is_uuid(value) && value.get(14) == Some(&b'1'),
            identifier,
            constant: identifier && letters > 0 && !value.iter().any(u8::is_ascii_lowercase),
            residue: residue(value, name),
            entropy,
        }
    }
}

/// What joins the words of identifiers, paths and phrases.
fn is_joiner(byte: u8) -> bool {
    matches!(byte, b'_' | b'-' | b'.' | b'/' | b':' | b' ')
}

/// Changes of character class inside the value beyond those of words: letters to digits and back,
/// and capitals after small letters that do not begin a word.
fn breaks(value: &[u8]) -> usize {
    let class = |b: u8| match b {
        b'0'..=b'9' => 1,
        b'a'..=b'z' => 2,
        b'A'..=b'Z' => 3,
        _ => 0,
    };
    let at = |index: usize| value.get(index).map_or(0, |b| class(*b));
    (1..value.len())
        .filter(|index| match (at(index - 1), at(*index)) {
            (1, 2 | 3) | (2 | 3, 1) => true,
            // `aB` before a capital, a digit or the end: no word begins so.
            (2, 3) => at(index + 1) != 2,
            _ => false,
        })
        .count()
}

/// Whether sixteen hexadecimal digits or more stand in a row, digits and letters of one case among
/// them, and make up most of the value.
fn has_hexadecimal(value: &[u8]) -> bool {
    value.split(|b| !b.is_ascii_hexdigit()).any(|run| {
        let digits = run.iter().filter(|b| b.is_ascii_digit()).count();
        let upper = run.iter().filter(|b| b.is_ascii_uppercase()).count();
        let lower = run.len() - digits - upper;
        run.len() >= 16
            && run.len() * 3 > value.len() * 2
            && digits > 0
            && (upper > 0) != (lower > 0)
    })
}

/// Whether the value is a capital and small letters (or letters beyond ASCII).
fn is_title(value: &[u8]) -> bool {
    value.split_first().is_some_and(|(first, rest)| {
        (first.is_ascii_uppercase() || !first.is_ascii())
            && rest.iter().all(|b| b.is_ascii_lowercase() || !b.is_ascii())
    })
}

/// Whether the value is a hash as databases keep it: `*` and 40 capital hexadecimal digits in
/// `MySQL`, `md5` and 32 in `PostgreSQL`.
fn is_database_hash(value: &[u8]) -> bool {
    let digits = |prefix: &[u8], length: usize| {
        value.strip_prefix(prefix).is_some_and(|digits| {
            digits.len() == length && digits.iter().all(u8::is_ascii_hexdigit)
        })
    };
    digits(b"*", 40) || digits(b"md5", 32)
}

/// Whether the value is written as a UUID: 8-4-4-4-12 hexadecimal digits.
fn is_uuid(value: &[u8]) -> bool {
    let dash = |index: usize| matches!(index, 8 | 13 | 18 | 23);
    value.len() == 36
        && value
            .iter()
            .enumerate()
            .all(|(index, b)| if dash(index) { *b == b'-' } else { b.is_ascii_hexdigit() })
}

/// Whether capitals stand elsewhere than at the start of words.
fn has_mixed_case(value: &[u8]) -> bool {
    let upper = value.iter().any(u8::is_ascii_uppercase);
    let lower = value.iter().any(u8::is_ascii_lowercase);
    let short = words(value).filter(|word| word.len() < 3).count();
    upper && lower && short * 2 >= words(value).count()
}

/// Characters left after weak words, the key's words, runs of digits that count or repeat, and
/// joiners are taken away.
fn residue(value: &[u8], key: &[u8]) -> usize {
    let mut at = 0;
    let mut left = 0;
    while let Some(rest) = value.get(at..).filter(|rest| !rest.is_empty()) {
        let own = words(key)
            .filter(|word| word.len() > 2)
            .filter(|word| rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word)))
            .map(<[u8]>::len)
            .max();
        let known = weak_prefix(rest).max(own.unwrap_or(0)).max(counting(rest));
        if known > 0 {
            at += known;
        } else {
            left += usize::from(rest.first().is_some_and(|b| !is_joiner(*b) && *b != b'='));
            at += 1;
        }
    }
    left
}

/// Length of the longest weak word at the start, the digits and signs that people write for letters
/// (`p@ssw0rd`) read as letters.
fn weak_prefix(rest: &[u8]) -> usize {
    let letter = |b: u8| match b {
        b'0' => b'o',
        b'1' | b'!' => b'i',
        b'3' => b'e',
        b'4' | b'@' => b'a',
        b'5' | b'$' => b's',
        b'7' => b't',
        other => other.to_ascii_lowercase(),
    };
    let matches = |word: &&&str| {
        rest.len() >= word.len() && word.bytes().zip(rest).all(|(a, b)| a == letter(*b))
    };
    WEAK.iter().filter(matches).map(|word| word.len()).max().unwrap_or(0)
}

/// Length of the run of digits at the start that counts up or down or repeats (`123`, `000`),
/// is a year, or is a single digit at the value's end.
fn counting(rest: &[u8]) -> usize {
    let run = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    let digits = rest.get(..run).unwrap_or_default();
    let step = |pair: &[u8]| match pair {
        [a, b] => i32::from(*b) - i32::from(*a),
        _ => 0,
    };
    let steady = |wanted: i32| {
        digits.windows(2).all(|pair| {
            let step = step(pair);
            step == wanted || (wanted == 1 && pair == b"90")
        })
    };
    let inside = run == 1 && rest.len() > 1;
    let year = run == 4 && (digits.starts_with(b"19") || digits.starts_with(b"20"));
    if year || !inside && (steady(1) || steady(0) || steady(-1)) { run } else { 0 }
}
