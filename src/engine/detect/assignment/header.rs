//! Credentials in HTTP's authorization headers: whatever scheme stands before them, and in the lists
//! in which recorded requests keep the values of a header.
//!
//! A header's value is a scheme, a blank and a token68 (RFC 9110 section 11.2). Schemes are not only
//! the registered ones: services make up their own (`SSWS`, `GenieKey`, `sso-key`), so any one
//! word is taken for one when a single token follows it.

use super::Window;
use super::value::Slot;

/// Longest name of a scheme, in bytes.
const MAX_SCHEME: usize = 32;

/// Shortest credential, in bytes; what is shorter is a word of the sentence.
const MIN_CREDENTIAL: usize = 8;

/// How messages of NTLM begin that ask for a proof or state the challenge, in base64: they hold
/// nothing secret (MS-NLMP section 2.2.1). The third, which answers, does.
const NTLM_QUESTIONS: [&[u8]; 2] = [b"TlRMTVNTUAAB", b"TlRMTVNTUAAC"];

/// Whether the name around the key word is that of a header: it ends in the word for one, or dashes
/// join it.
pub(super) fn is_one(window: &Window<'_>) -> bool {
    let before = window.literal.start.checked_sub(1).and_then(|at| window.at(at));
    is_authorization(window) || before == Some(b'-') || window.at(window.literal.end) == Some(b'-')
}

/// Whether the key word is the header that carries credentials and nothing else.
fn is_authorization(window: &Window<'_>) -> bool {
    window.get(&window.literal).eq_ignore_ascii_case(b"authorization")
}

/// The credential of `slot`'s value without the scheme before it, where the key is an authorization
/// header; nothing when there is no scheme, or no credential after it.
pub(super) fn credential(window: &Window<'_>, slot: &Slot) -> Option<Slot> {
    if !is_authorization(window) {
        return None;
    }
    let start = slot.value.start;
    let scheme = window.run(start, |b| b.is_ascii_alphanumeric() || b == b'-');
    let blanks = window.run(start + scheme, |b| b == b' ');
    let named = window.at(start).is_some_and(|b| b.is_ascii_alphabetic());
    if !named || scheme > MAX_SCHEME || blanks == 0 {
        return None;
    }
    let from = start + scheme + blanks;
    // A bare value ended at the scheme; the one in quotes has the end that the quotes give it.
    let end = if slot.quoted { slot.value.end } else { from + window.run(from, is_token) };
    let token = window.get(&(from..end));
    let rest = end + window.run(end, |b| matches!(b, b' ' | b'\t'));
    let ends = slot.quoted
        || matches!(window.at(rest), None | Some(b'\n' | b'\r' | b'|' | b'#'))
        || matches!(window.at(end), Some(b'"' | b'\'' | b'`' | b'\\' | b']' | b'}' | b',' | b')'));
    let mut credential = token.len() >= MIN_CREDENTIAL && token.iter().all(|b| is_token(*b));
    credential &= !token.iter().all(u8::is_ascii_lowercase);
    credential &= !NTLM_QUESTIONS.iter().any(|question| token.starts_with(question));
    (credential && ends && !window.cuts(end)).then(|| Slot {
        value: from..end,
        after: slot.after.max(end),
        scheme: true,
        ..slot.clone()
    })
}

/// A byte of a token68, or of the pairs of id and signature that services make of two.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~+/=:!|%".contains(&byte)
}
