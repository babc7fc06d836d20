//! The extent of a value: quoted, wrapped in a call, a fallback after a look-up, a block scalar,
//! the text of an element, or a bare run of characters.

use std::ops::Range;

use super::lists::{LOOKUPS, SCHEMES};
use super::syntax::Form;
use super::words::{is_one_of, longest_prefix, words};
use super::{Window, header};

/// Longest value, in bytes, where the reach allows as much: most rules see 512. Longer ones are data, or
/// formats with detectors of their own.
pub(super) const MAX_VALUE: usize = 4096;

/// Most `=` and `:` inside a bare value.
const MAX_JOINS: usize = 4;

/// Longest expression before the literal of a wrapped value or a fallback.
const MAX_EXPRESSION: usize = 96;

/// A value and how it is written.
#[allow(clippy::struct_excessive_bools, reason = "each is an observation of its own")]
#[derive(Debug, Clone)]
pub(super) struct Slot {
    /// The value, without its quotes.
    pub value: Range<usize>,
    /// First byte after the value and its quotes.
    pub after: usize,
    /// How it is joined to the key.
    pub form: Form,
    /// Whether quotes enclose it.
    pub quoted: bool,
    /// Whether it stands inside a call or after a look-up (`env("K", "v")`).
    pub wrapped: bool,
    /// Whether the key begins its line, as in configuration files; known for bare values.
    pub own_line: bool,
    /// A bare value followed by more on its line, or by the punctuation of code.
    pub continued: bool,
    /// The name of an authorization scheme (`Bearer`) stood before it.
    pub scheme: bool,
}

impl Slot {
    /// The same value without `Bearer` and the like before it, and without quotes inside quotes.
    pub(super) fn without_scheme(self, window: &Window<'_>) -> Slot {
        if let Some(slot) = header::credential(window, &self) {
            return slot;
        }
        let scheme = longest_prefix(window.get(&self.value), SCHEMES);
        let inner = self.value.start + scheme..self.value.end;
        // `"'v'"`: quotes for two readers, one after the other.
        let value = match window.get(&inner) {
            [b'\'', .., b'\''] | [b'"', .., b'"'] if inner.len() > 2 => {
                inner.start + 1..inner.end - 1
            }
            _ => inner,
        };
        Slot { value, scheme: self.scheme || scheme > 0, ..self }
    }
}

/// The value that begins at or after `at`, past blanks and, before a quote, one line break.
pub(super) fn read(window: &Window<'_>, at: usize, form: Form) -> Option<Slot> {
    let start = at + window.blanks(at);
    match window.at(start)? {
        b'\n' | b'\r' => {
            let next = start + window.space(start);
            if window.has(next, b"- ") && header::is_one(window) && form == Form::Colon {
                let item = next + 2;
                return literal(window, item, form).or_else(|| bare(window, item, form));
            }
            let quoted = next - start < 80 && matches!(window.at(next)?, b'"' | b'\'');
            (quoted && form != Form::Tight).then(|| literal(window, next, form)).flatten()
        }
        b'|' | b'>' if form == Form::Colon => block(window, start),
        b'[' | b'(' if form != Form::Tight && starts_list(window, start) => {
            literal(window, start + 1 + window.space(start + 1), form)
        }
        b'[' if header::is_one(window) => bare(window, start + 1, form),
        _ => literal(window, start, form).or_else(|| {
            if opener(window, start).is_some() {
                return None;
            }
            wrapped(window, start, form).or_else(|| bare(window, start, form))
        }),
    }
}

/// Whether a quote follows the bracket at `at`.
fn starts_list(window: &Window<'_>, at: usize) -> bool {
    matches!(window.at(at + 1 + window.space(at + 1)), Some(b'"' | b'\''))
}

/// Position of the quote at `at`, past a string prefix (`b"`, `@"`, `$"`) and backslashes, and
/// the number of those.
fn opener(window: &Window<'_>, at: usize) -> Option<(usize, usize)> {
    let prefix = window.run(at, |b| b"bBrRfFuULN@$&".contains(&b)).min(3);
    let prefixed = at + prefix;
    let escapes = window.run(prefixed, |b| b == b'\\');
    (escapes <= 3 && matches!(window.at(prefixed + escapes), Some(b'"' | b'\'' | b'`')))
        .then_some((prefixed + escapes, escapes))
}

/// A quoted literal at `at`, perhaps with a string prefix, triple quotes or escaped quotes.
fn literal(window: &Window<'_>, at: usize, form: Form) -> Option<Slot> {
    let (open, escapes) = opener(window, at)?;
    let mark = window.at(open)?;
    let triple = window.has(open, &[mark, mark, mark]);
    let width = if triple { 3 } else { 1 };
    let start = open + width;
    let mut end = start;
    loop {
        let step = memchr::memchr3(mark, b'\n', b'\\', window.bounded(end, MAX_VALUE)?)?;
        end += step;
        if end - start > MAX_VALUE {
            return None;
        }
        match window.at(end)? {
            b'\n' => return None,
            b'\\' => {
                let run = window.run(end, |b| b == b'\\');
                let closes = window.at(end + run) == Some(mark);
                if closes && escapes > 0 && run <= escapes {
                    return Some(quoted(start..end, end + run + 1, form));
                }
                end += if closes && run % 2 == 1 { run + 1 } else { run };
            }
            _ if triple && !window.has(end, &[mark, mark, mark]) => end += 1,
            // The outer string ended before the escaped one.
            _ if escapes > 0 => return None,
            _ => return Some(quoted(start..end, end + width, form)),
        }
    }
}

/// A slot for a quoted value.
fn quoted(value: Range<usize>, after: usize, form: Form) -> Slot {
    Slot {
        value,
        after,
        form,
        quoted: true,
        wrapped: false,
        own_line: false,
        continued: false,
        scheme: false,
    }
}

/// `b64decode(b"v")`, `pulumi.String("v")`, `env("KEY", "v")`, `process.env.KEY || "v"`.
fn wrapped(window: &Window<'_>, at: usize, form: Form) -> Option<Slot> {
    let is_path = |b: u8| {
        b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b':' | b'[' | b']' | b'$' | b'?')
    };
    let new = if window.has(at, b"new ") { 4 } else { 0 };
    let name = at + new..at + new + window.run(at + new, is_path).min(MAX_EXPRESSION);
    if name.is_empty() {
        return None;
    }
    let slot = if window.at(name.end) == Some(b'(') {
        argument(window, &name, form)
    } else {
        fallback(window, subscript(window, name.end).unwrap_or(name.end), form)
    };
    slot.map(|slot| Slot { wrapped: true, ..slot })
}

/// The byte after `"KEY"]` at `at`, the rest of `ENV["KEY"]`.
fn subscript(window: &Window<'_>, at: usize) -> Option<usize> {
    let key = literal(window, at, Form::Assign)?;
    (window.at(key.after) == Some(b']')).then_some(key.after + 1)
}

/// The literal inside the call whose name is `name`.
fn argument(window: &Window<'_>, name: &Range<usize>, form: Form) -> Option<Slot> {
    let inside = name.end + 1 + window.space(name.end + 1);
    let first = literal(window, inside, form)?;
    let looks_up = words(window.get(name)).any(|word| is_one_of(word, LOOKUPS));
    let next = first.after + window.space(first.after);
    match window.at(next)? {
        b')' if looks_up => fallback(window, next + 1, form),
        b')' => Some(first),
        b',' if looks_up => {
            let second = literal(window, next + 1 + window.space(next + 1), form)?;
            (window.at(second.after + window.space(second.after)) == Some(b')')).then_some(second)
        }
        _ => None,
    }
}

/// The literal after `||`, `??`, `?:`, `or` or `{` on the same line, within reach of a look-up.
fn fallback(window: &Window<'_>, at: usize, form: Form) -> Option<Slot> {
    let start = at + window.blanks(at);
    let operators: [&[u8]; 5] = [b"||", b"??", b"?:", b"or ", b"{ "];
    let operator = operators.iter().find(|operator| window.has(start, operator))?;
    let after = start + operator.len();
    literal(window, after + window.blanks(after), form)
}

/// The first line of a YAML block scalar whose indicator stands at `at`; it must be the only one.
fn block(window: &Window<'_>, at: usize) -> Option<Slot> {
    let header = window.run(at, |b| matches!(b, b'|' | b'>' | b'-' | b'+' | b'0'..=b'9'));
    let end_of_header = at + header + window.blanks(at + header);
    if !matches!(window.at(end_of_header)?, b'\n' | b'\r') {
        return None;
    }
    let start = end_of_header + window.space(end_of_header);
    let length = window.run(start, |b| !b.is_ascii_whitespace());
    if window.cuts(start + length) {
        return None;
    }
    let end = start + length;
    let blank = window.at(end + window.blanks(end)).is_none_or(|b| matches!(b, b'\n' | b'\r'));
    (blank && length <= MAX_VALUE).then_some(Slot {
        value: start..end,
        after: end,
        form: Form::Colon,
        quoted: false,
        wrapped: false,
        own_line: false,
        continued: false,
        scheme: false,
    })
}

/// The text of an element from `at` to the next tag, without the blanks around it.
pub(super) fn read_text(window: &Window<'_>, at: usize) -> Option<Slot> {
    let start = at + window.space(at);
    let cdata = window.has(start, b"<![CDATA[");
    let start = if cdata { start + 9 } else { start };
    let stop: &[u8] = if cdata { b"]]>" } else { b"</" };
    let text = window.bounded(start, MAX_VALUE)?;
    let length = memchr::memmem::find(text, stop)?;
    let value = text.get(..length)?.trim_ascii_end();
    if value.contains(&b'\n') || value.contains(&b'<') {
        return None;
    }
    let end = start + value.len();
    Some(Slot {
        value: start..end,
        after: start + length,
        form: Form::Element,
        quoted: true,
        wrapped: false,
        own_line: false,
        continued: false,
        scheme: false,
    })
}

/// A bare value at `at`. On a line of its own (`KEY=v`, `key: v`) it goes to the next blank;
/// elsewhere the punctuation around it ends it too.
fn bare(window: &Window<'_>, at: usize, form: Form) -> Option<Slot> {
    if matches!(form, Form::Compare | Form::Pair | Form::Call) {
        return None;
    }
    let own_line = matches!(form, Form::Tight | Form::Colon | Form::Assign) && window.own_line();
    let ends = |b: u8| {
        b.is_ascii_whitespace()
            || b == 0
            || (!own_line && b"\"'`<>,;&)}]|\\".contains(&b))
            || (form == Form::Table && b == b'|')
    };
    let length = window.run(at, |b| !ends(b));
    if length == 0 || length > MAX_VALUE || window.cuts(at + length) {
        return None;
    }
    // A run of pairs is data, and each of its keys would be judged on all that follows it.
    let joins = memchr::memchr2_iter(b'=', b':', window.get(&(at..at + length))).count();
    if joins > MAX_JOINS {
        return None;
    }
    let mut end = at + length;
    let mut continued = false;
    while end > at && matches!(window.at(end - 1), Some(b',' | b';' | b')')) {
        end -= 1;
        continued = true;
    }
    // `/api_key: v/, text`: the end of a regular expression around the pair.
    let in_pattern = (continued || matches!(window.at(end), Some(b',' | b')')))
        && window.at(end.wrapping_sub(1)) == Some(b'/')
        && window.line_before(at).contains(&b'/');
    end -= usize::from(in_pattern && end > at + 1);
    // The end of the documentation text around it.
    if ["\'\'\'", "\"\"\""].iter().any(|mark| window.get(&(at..end)).ends_with(mark.as_bytes())) {
        end -= 3;
    }
    // `Key=v;Path=x`, `token=v&user=x`: the rest of a connection string or query.
    if form == Form::Tight
        && let Some(next) = next_pair(window.get(&(at..end)))
    {
        end = at + next;
    }
    let rest = at + length + window.blanks(at + length);
    let alone = match window.at(rest) {
        None | Some(b'\n' | b'\r' | b'\\' | 0) => true,
        Some(b'#' | b'/') => rest > at + length,
        Some(_) => !own_line && form != Form::Assign && form != Form::Colon,
    };
    let closed =
        !own_line && matches!(window.at(end), Some(b'"' | b'\'' | b'`' | b'&' | b'}' | b']'));
    Some(Slot {
        value: at..end,
        after: at + length,
        form,
        quoted: false,
        wrapped: false,
        own_line,
        continued: continued || !(alone || closed),
        scheme: false,
    })
}

/// Where the `;` or `&` stands in `value` after which a name and `=` follow.
fn next_pair(value: &[u8]) -> Option<usize> {
    memchr::memchr2_iter(b';', b'&', value).find(|at| {
        let rest = value.get(at + 1..).unwrap_or_default();
        let name = rest.iter().take_while(|b| b.is_ascii_alphabetic() || **b == b'_').count();
        *at > 3 && name > 2 && rest.get(name) == Some(&b'=')
    })
}
