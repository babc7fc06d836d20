//! From a key to where its value begins: the operators, brackets and attributes that join the two
//! in code, configuration, markup, shells and tables.

use std::ops::Range;

use super::key::{self, Key};
use super::value::{self, Slot};
use super::words::{ends_with, is_one_of, longest_prefix, starts_with, words};
use super::{Window, header};

/// Most blanks between a key and its operator: aligned columns are narrower.
const MAX_BLANKS: usize = 64;

/// How key and value are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// `key = v`, `key := v`, `key => v`.
    Assign,
    /// `key=v` without blanks: shells, dotenv, properties, queries, connection strings.
    Tight,
    /// `key: v`.
    Colon,
    /// `key == "v"`.
    Compare,
    /// `put("key", "v")`, `{"key", "v"}`.
    Pair,
    /// `setKey("v")`.
    Call,
    /// `<key>v</key>`, `<add key="key" value="v"/>`, `name: key` above `value: v`.
    Element,
    /// `--key v`.
    Option,
    /// `| key | v |`.
    Table,
    /// `machine h login l password v`.
    Word,
}

/// What stands directly around the key.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around {
    /// The quote that encloses the key, with the number of backslashes before it.
    pub quote: Option<(u8, usize)>,
    /// First byte after the key and what closes it.
    pub after: usize,
}

/// Whether an operator, a bracket or a blank that may lead to one follows the key: the cheap
/// question that most words in prose and code fail. Gives what stands around the key.
pub(super) fn around(window: &Window<'_>, extent: &Range<usize>) -> Option<Around> {
    let mut at = extent.end;
    let mut quote = None;
    let escapes = window.run(at, |b| b == b'\\');
    if let Some(mark @ (b'"' | b'\'' | b'`')) = window.at(at + escapes) {
        if escapes > 3 || !opened_by(window, extent.start, mark, escapes) {
            return None;
        }
        quote = Some((mark, escapes));
        at += escapes + 1;
    } else if escapes > 0 {
        return None;
    }
    if quote.is_some() && window.at(at) == Some(b']') {
        at += 1;
    } else if quote.is_none() && window.at(at) == Some(b'[') {
        // `char password[64] = "v"`, `PASSWORDS[0]=v`.
        let inside = window.run(at + 1, |b| b.is_ascii_alphanumeric() || b == b'_');
        if window.at(at + 1 + inside) == Some(b']') {
            at += inside + 2;
        }
    }
    // `**Password**: v` and TypeScript's `password?: string`.
    at += window.run(at, |b| b == b'*').min(2);
    if matches!(window.at(at), Some(b'?' | b'!')) && window.at(at + 1) == Some(b':') {
        at += 1;
    }
    let found = matches!(
        window.at(at)?,
        b'=' | b':'
            | b' '
            | b'\t'
            | b','
            | b'('
            | b'>'
            | b'<'
            | b'|'
            | b'?'
            | b'+'
            | b'!'
            | b'\n'
            | b'\r'
            | b')'
    );
    found.then_some(Around { quote, after: at })
}

/// Whether the byte before `start`, or before the dashes and dots there, is the given quote.
fn opened_by(window: &Window<'_>, start: usize, mark: u8, escapes: usize) -> bool {
    let before = window.bytes.get(..start).unwrap_or_default();
    let joined = before.iter().rev().take_while(|b| matches!(b, b'-' | b'.' | b'$' | b':')).count();
    let before = before.get(..before.len() - joined).unwrap_or_default();
    let Some((last, rest)) = before.split_last() else { return false };
    *last == mark && rest.iter().rev().take_while(|b| **b == b'\\').count() == escapes
}

/// Where the value of `key` stands, if anything is assigned to it.
pub(super) fn locate(window: &Window<'_>, key: &Key, around: Around) -> Option<Slot> {
    let blanks = window.blanks(around.after);
    if blanks > MAX_BLANKS {
        return None;
    }
    let at = around.after + blanks;
    match window.at(at)? {
        b'=' => equals(window, around, at),
        b':' if expands(window, key) => expansion(window, at + 1),
        b':' => colon(window, at),
        b'!' if window.has(at, b"!=") => {
            compared(window, at + 2 + window.run(at + 2, |b| b == b'='))
        }
        b'+' if window.has(at, b"+=") => value::read(window, at + 2, Form::Assign),
        b'?' if window.has(at, b"?=") => value::read(window, at + 2, Form::Assign),
        b'|' if window.has(at, b"||=") => value::read(window, at + 3, Form::Assign),
        b'|' => table(window, key, around, at + 1),
        b'<' if window.has(at, b"<-") => value::read(window, at + 2, Form::Assign),
        b'<' if window.has(at, b"</") => next_element(window, key, at),
        b'>' => element(window, key, around, at + 1),
        b',' if around.quote.is_some() => pair(window, around, at + 1),
        b',' if names_key(window, key) => {
            value::read(window, value_key(window, at + 1 + window.space(at + 1))?, Form::Element)
        }
        b'(' if around.quote.is_none() => call(window, key, at + 1),
        b'v' | b'V' | b'd' | b'D' | b'c' if around.quote.is_some() && blanks > 0 => {
            attribute(window, around, at)
        }
        b'\n' | b'\r' => value_line(window, key, at),
        _ if blanks > 0 && around.quote.is_none() => bare(window, key, at, blanks),
        _ => None,
    }
}

/// `=`, `==`, `===`, `=>`, `=~` at `at`.
fn equals(window: &Window<'_>, around: Around, at: usize) -> Option<Slot> {
    match window.at(at + 1)? {
        b'=' => compared(window, at + 1 + window.run(at + 1, |b| b == b'=')),
        b'>' => value::read(window, at + 2, Form::Assign),
        b'~' => None,
        next => {
            let tight = at == around.after && !next.is_ascii_whitespace();
            value::read(window, at + 1, if tight { Form::Tight } else { Form::Assign })
        }
    }
}

/// Whether the key is the name of a variable that a shell expands: `${KEY:-v}`.
fn expands(window: &Window<'_>, key: &Key) -> bool {
    window.line_before(key.span.start).ends_with(b"${")
}

/// The value that a shell takes for a variable without one, after `:-` or `:=` at `at`; what follows
/// `:+` and `:?` is no value of the variable.
fn expansion(window: &Window<'_>, at: usize) -> Option<Slot> {
    matches!(window.at(at), Some(b'-' | b'='))
        .then(|| value::read(window, at + 1, Form::Tight))
        .flatten()
}

/// A comparison counts only with a quoted literal.
fn compared(window: &Window<'_>, at: usize) -> Option<Slot> {
    value::read(window, at, Form::Compare).filter(|slot| slot.quoted)
}

/// `:`, `:=`, `::=` and type annotations at `at`.
fn colon(window: &Window<'_>, at: usize) -> Option<Slot> {
    match window.at(at + 1)? {
        b'=' => return value::read(window, at + 2, Form::Assign),
        b':' if window.has(at, b"::=") => return value::read(window, at + 3, Form::Assign),
        b':' => return None,
        _ => {}
    }
    if let Some(after) = annotated(window, at + 1) {
        return value::read(window, after, Form::Assign).filter(|slot| slot.quoted);
    }
    // `**Password:** v`.
    let bold = window.run(at + 1, |b| b == b'*').min(2);
    value::read(window, at + 1 + bold, Form::Colon)
}

/// The byte after the `=` of `: Option<&'static str> = `, when a type annotation stands at `at`.
fn annotated(window: &Window<'_>, at: usize) -> Option<usize> {
    let start = at + window.blanks(at);
    let is_type = |b: u8| {
        b.is_ascii_alphanumeric()
            || matches!(
                b,
                b'_' | b'&' | b'\'' | b'<' | b'>' | b'[' | b']' | b'.' | b' ' | b'|' | b'?' | b':'
            )
    };
    let length = window.run(start, is_type);
    let equals = start + length;
    let starts = window.at(start).is_some_and(|b| b.is_ascii_alphabetic() || b == b'&');
    let spaced = window.at(equals.checked_sub(1)?) == Some(b' ')
        && matches!(window.at(equals + 1), Some(b' ' | b'\n' | b'"' | b'\''));
    (starts && (2..60).contains(&length) && window.at(equals) == Some(b'=') && spaced)
        .then_some(equals + 1)
}

/// `"key", "v"`, as arguments or as a pair in braces. Also `"name": "KEY", "value": "v"`.
fn pair(window: &Window<'_>, around: Around, at: usize) -> Option<Slot> {
    let start = at + window.space(at);
    if let Some(after) = value_key(window, start) {
        return value::read(window, after, Form::Element).filter(|slot| slot.quoted);
    }
    let (mark, escapes) = around.quote?;
    let opener = start + window.run(start, |b| b == b'\\');
    (opener - start == escapes && matches!(window.at(opener), Some(b'"' | b'\'')))
        .then_some(())
        .and_then(|()| value::read(window, start, Form::Pair))
        .filter(|slot| mark != b'`' && slot.quoted)
}

/// `setPassword("v")`.
fn call(window: &Window<'_>, key: &Key, at: usize) -> Option<Slot> {
    // `password.encode("latin1")` calls a method of the value.
    let method = window.get(&(window.literal.end..key.span.end)).contains(&b'.');
    let name = window.get(&key.span);
    // `credentials('id')` looks up what has that name.
    if method || key.asks || !key::is_setter(name) || ends_with(name, "credentials") {
        return None;
    }
    let slot = value::read(window, at, Form::Call).filter(|slot| slot.quoted)?;
    matches!(window.at(slot.after + window.space(slot.after)), Some(b')')).then_some(slot)
}

/// ` value="v"` after `key="Password"`.
fn attribute(window: &Window<'_>, around: Around, at: usize) -> Option<Slot> {
    let names = ["value", "defaultvalue", "default", "content"];
    let length = longest_prefix(window.rest(at), &names);
    let after = at + length + window.blanks(at + length);
    (length > 0 && window.at(after) == Some(b'=') && around.quote.is_some())
        .then(|| value::read(window, after + 1, Form::Element))
        .flatten()
        .filter(|slot| slot.quoted)
}

/// `<key>v</key>` and `<string name="key">v</string>`, perhaps with `<value>` inside.
fn element(window: &Window<'_>, key: &Key, around: Around, at: usize) -> Option<Slot> {
    let before = key.span.start.checked_sub(1).and_then(|b| window.at(b));
    let opens = if around.quote.is_some() {
        // `<label for="password">` and `<option value="password">` hold labels.
        let line = window.line_before(key.span.start);
        let attribute = line.get(..line.len().saturating_sub(1)).unwrap_or_default();
        ends_with(attribute, "name=") || ends_with(attribute, "key=")
    } else {
        matches!(before, Some(b'<' | b':'))
    };
    if !opens {
        return None;
    }
    let start = at + window.space(at);
    let inner = ["<value>", "<string>"].iter().find(|tag| starts_with(window.rest(start), tag));
    value::read_text(window, inner.map_or(at, |tag| start + tag.len()))
}

/// `<key>password</key><string>v</string>` as property lists have it.
fn next_element(window: &Window<'_>, key: &Key, at: usize) -> Option<Slot> {
    if key.span.start.checked_sub(1).and_then(|b| window.at(b)) != Some(b'>') {
        return None;
    }
    let close = at + window.run(at, |b| b != b'>' && b != b'\n') + 1;
    let open = close + window.space(close);
    let tag = ["<string>", "<value>"].iter().find(|t| starts_with(window.rest(open), t))?;
    value::read_text(window, open + tag.len())
}

/// `value: v`, `"value": "v"` on the line after `- name: KEY`, and `default = "v"` within the
/// block that `variable "key" {` opens.
fn value_line(window: &Window<'_>, key: &Key, at: usize) -> Option<Slot> {
    let start = at + window.space(at);
    if !names_key(window, key) || window.space(at) > MAX_BLANKS {
        return None;
    }
    value::read(window, value_key(window, start)?, Form::Element)
}

/// Whether `name:`, `key =` or the like stands before the key: the key is itself a value.
fn names_key(window: &Window<'_>, key: &Key) -> bool {
    let line = window.line_before(key.span.start);
    words(line).last().is_some_and(|word| is_one_of(word, &["name", "key"]))
}

/// The byte after `value:`, `"value" =` and the like at `at`.
fn value_key(window: &Window<'_>, at: usize) -> Option<usize> {
    let start = at + window.run(at, |b| matches!(b, b'"' | b'\'' | b'\\' | b':'));
    if !starts_with(window.rest(start), "value") {
        return None;
    }
    let mut after = start + 5;
    after += window.run(after, |b| matches!(b, b'"' | b'\'' | b'\\'));
    after += window.blanks(after);
    matches!(window.at(after), Some(b':' | b'=')).then(|| {
        let arrow = usize::from(window.at(after + 1) == Some(b'>'));
        after + 1 + arrow
    })
}

/// `| key | v |`.
fn table(window: &Window<'_>, key: &Key, around: Around, at: usize) -> Option<Slot> {
    let line = window.line_before(key.span.start);
    if !line.trim_ascii_start().starts_with(b"|") && line.ends_with(b"|") {
        // `…|decrypt|password|…`: alternatives of a regular expression.
        return None;
    }
    let before = line.trim_ascii_end();
    let before = if around.quote.is_some() { before.get(..before.len() - 1)? } else { before };
    let before = before.iter().rposition(|b| !matches!(b, b'*' | b' ')).map(|at| before[at]);
    if before != Some(b'|') {
        return None;
    }
    let slot = value::read(window, at, Form::Table)?;
    let slot = header::credential(window, &slot).unwrap_or(slot);
    let after = slot.after + window.blanks(slot.after);
    (window.at(after) == Some(b'|')).then_some(slot)
}

/// Keys and values with nothing but blanks between them, or a word: options, `.netrc`, `ENV K v`,
/// SQL and `the password is v`.
fn bare(window: &Window<'_>, key: &Key, at: usize, blanks: usize) -> Option<Slot> {
    if key::is_option(window, &key.span) {
        return value::read(window, at, Form::Option);
    }
    let line = window.line_before(key.span.start);
    let lead = line.trim_ascii();
    if is_one_of(lead, &["env", "setx"]) {
        return value::read(window, at, Form::Option);
    }
    let above = line.len() < key.span.start
        && lead.is_empty()
        && starts_with(window.line_before(key.span.start - line.len() - 1).trim_ascii(), "login ");
    if blanks == 1 && (above || starts_with(lead, "machine ") || starts_with(lead, "login ")) {
        return value::read(window, at, Form::Word);
    }
    if starts_with(window.rest(at), "is ") {
        return value::read(window, at + 3, Form::Word);
    }
    // `"Bearer v"` and `Authorization: Bearer v`.
    let name = window.get(&key.span);
    if name.eq_ignore_ascii_case(b"bearer") {
        let header =
            matches!(lead.last(), Some(b'"' | b'\'' | b'`' | b':' | b'=' | b'[')) || lead == b"-";
        let slot =
            (blanks == 1 && header).then(|| value::read(window, at, Form::Word)).flatten()?;
        return Some(Slot { scheme: true, ..slot });
    }
    // `CREATE USER x WITH PASSWORD 'v'`, `IDENTIFIED BY 'v'`, `… mysql_native_password BY 'v'`.
    let sql = ends_with(name, "password") || ends_with(name, "by");
    let by = if starts_with(window.rest(at), "by ") { 3 } else { 0 };
    let quoted = matches!(window.at(at + by), Some(b'\'' | b'"' | b'\\'));
    (sql && quoted).then(|| value::read(window, at + by, Form::Word)).flatten()
}

/// Where the `default = "v"` of a Terraform variable block has its value: `variable "key" {` with
/// the brace at `at`, the default before the block's end.
pub(super) fn block_default(window: &Window<'_>, key: &Key, around: Around) -> Option<Slot> {
    let line = window.line_before(key.span.start);
    if !starts_with(line.trim_ascii_start(), "variable ") || around.quote.is_none() {
        return None;
    }
    let open = around.after + window.blanks(around.after);
    if window.at(open) != Some(b'{') {
        return None;
    }
    let mut at = open + 1;
    loop {
        at += window.space(at);
        let rest = window.rest(at);
        if rest.is_empty() || rest.starts_with(b"}") {
            return None;
        }
        if starts_with(rest, "default") {
            let equals = at + 7 + window.blanks(at + 7);
            return (window.at(equals) == Some(b'='))
                .then(|| value::read(window, equals + 1, Form::Assign))
                .flatten();
        }
        at += memchr::memchr(b'\n', rest)?;
    }
}
