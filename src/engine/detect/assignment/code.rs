//! Values that are code: calls, expressions, variables, members, and arguments that only look like a
//! name and its value.

use super::Window;
use super::bigrams::word_evidence;
use super::key::{Key, Kind};
use super::syntax::Form;
use super::value::Slot;
use super::words::contains;

/// Whether the value is code and therefore no credential.
pub(super) fn is_none(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    let value = window.get(&slot.value);
    is_call(value)
        || is_argument(window, key, slot)
        || (!slot.quoted
            && (is_expression(value, slot)
                || is_variable(window, key, slot)
                || is_derived_name(window, key, slot)))
}

/// `f("set", "key", "v")`, `f("user", "password", "NTLM", "realm")`: one of several arguments, the
/// name not the first of a pair. An odd number of texts stands before it, and either more follow or
/// the name says little.
fn is_argument(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    if slot.form != Form::Pair {
        return false;
    }
    let line = window.line_before(key.span.start);
    let open = line.iter().rposition(|b| matches!(b, b'(' | b'[' | b'{'));
    let before = line.get(open.map_or(0, |at| at + 1)..).unwrap_or_default();
    // The last quote opens the name itself.
    let quotes = before.iter().filter(|b| matches!(b, b'"' | b'\'')).count();
    let texts = quotes.saturating_sub(1) / 2;
    let more = window.at(slot.after) == Some(b',')
        && matches!(window.at(slot.after + 1 + window.space(slot.after + 1)), Some(b'"' | b'\''));
    texts % 2 == 1 && (more || key.kind == Kind::Vague)
}

/// `varchar(64)`, `getToken('x')`: a name and what is in parentheses up to the end.
fn is_call(value: &[u8]) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    name > 1 && value.get(name) == Some(&b'(') && value.last() == Some(&b')')
}

/// Bare values in code: calls, members, variables with sigils, and schema words.
fn is_expression(value: &[u8], slot: &Slot) -> bool {
    let first = value.first().copied().unwrap_or_default();
    let sigil = b"$@&*!%<>:(){}[]=,;|?`\"'\\~".contains(&first)
        && !(slot.form == Form::Tight && matches!(first, b'!' | b'@' | b'*' | b'%' | b'~'));
    let call = value.iter().any(|b| match b {
        b'(' | b'{' | b'[' | b'`' => true,
        b'"' | b'\'' => !slot.own_line || slot.form == Form::Assign,
        // `Option<String>`.
        b'<' | b'>' => slot.form != Form::Tight,
        _ => false,
    });
    // `KEY+"#"`.
    let sum = contains(value, "+\"") || contains(value, "\"+");
    // `password: String?`, `a?x.b:x.c=y`: a type that may be null, and code without blanks.
    let name = |part: &[u8]| {
        part.first().is_none_or(|b| b.is_ascii_alphabetic() || *b == b'_')
            && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
    };
    let optional = value
        .strip_suffix(b"?")
        .is_some_and(|rest| rest.first().is_some_and(u8::is_ascii_uppercase) && name(rest));
    let joined = value.iter().filter(|b| matches!(b, b'.' | b':' | b'=' | b'?')).count() > 2
        && value.contains(&b'.')
        && value.split(|b| matches!(b, b'.' | b':' | b'=' | b'?')).all(name)
        && word_evidence(value) > 0;
    let arrow = contains(value, "->") || contains(value, "::") || contains(value, "?.");
    // `password= username= …`: the next name, of an empty value's neighbour.
    let next = value
        .strip_suffix(b"=")
        .is_some_and(|name| name.iter().all(u8::is_ascii_alphabetic) && word_evidence(name) > 0);
    optional
        || joined
        || sigil
        || call
        || sum
        || arrow
        || next
        || is_pair(value, slot)
        || is_member(value)
}

/// `password= name=value`, `password: path=/x`: the value is empty and the next pair follows.
fn is_pair(value: &[u8], slot: &Slot) -> bool {
    let name = value.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    slot.form != Form::Tight
        && name > 2
        && value.get(name) == Some(&b'=')
        && value.len() > name + 1
        && value.get(name + 1) != Some(&b'=')
        && word_evidence(value.get(..name).unwrap_or_default()) > 0
}

/// A variable assigned to an element whose key is quoted, as only code has it:
/// `data["auth-pwd"] = user_auth_pwd`.
fn is_variable(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    let value = window.get(&slot.value);
    let subscript = matches!(window.at(key.span.end), Some(b'"' | b'\''))
        && window.at(key.span.end + 1) == Some(b']');
    subscript
        && slot.form == Form::Assign
        && value.first().is_some_and(u8::is_ascii_alphabetic)
        && value.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
}

/// `password = passwordFromFlag`: a variable in code that is called after what it is given to.
fn is_derived_name(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    let value = window.get(&slot.value);
    let own = window.get(&window.literal);
    let joined = value.get(own.len()).is_some_and(|b| b.is_ascii_uppercase() || *b == b'_');
    slot.form != Form::Tight
        && key.kind != Kind::Vague
        && value.get(..own.len()).is_some_and(|start| start.eq_ignore_ascii_case(own))
        && joined
        && value.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_')
}

/// `request.token`, `self.password`: identifiers joined by dots, each beginning with a letter.
fn is_member(value: &[u8]) -> bool {
    value.contains(&b'.')
        && value.split(|b| *b == b'.').all(|part| {
            part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_')
                && part.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
                && word_evidence(part) > -24
        })
}
