//! Values that are certainly no credential: templates, placeholders, masks, the key's own words,
//! expressions, paths, hashes of files, types, versions. Each question is one function; what is
//! only unlikely is left to the score.

use super::Window;
use super::bigrams::word_evidence;
use super::key::{Key, Kind};
use super::lists::{
    CHECKSUMS, ENDINGS, FORMATS, MARKS, NOTHING, PLACEHOLDER, STARTS, TEMPLATES, VOCABULARY,
};
use super::syntax::Form;
use super::value::{MAX_VALUE, Slot};
use super::words::{contains, ends_with, is_one_of, starts_with, words};
use super::{Confidence, code, password_confidence};
use crate::engine::validate::base::base64;
use crate::engine::validate::nkey;

/// Shortest value that is worth showing to anyone.
const MIN_VALUE: usize = 4;

/// Whether the value is certainly no credential.
pub(super) fn is_no_credential(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    let value = window.get(&slot.value);
    if value.len() < MIN_VALUE || value.len() > MAX_VALUE || is_one_of(value, NOTHING) {
        return true;
    }
    is_unprintable(value)
        || is_userinfo(window, key, slot)
        || is_badge(window, key)
        || is_test_report(window, key)
        || is_prose(window, key, slot)
        || is_outcome(window, key)
        || is_listed_name(value, slot)
        || is_bare_punctuation(value)
        || is_working_directory(window.get(&key.span), value)
        || is_template(value)
        // Messages of protocols have long runs of one letter where a field is empty.
        || (is_mask(value) && !(slot.scheme && value.len() > 64))
        || is_sequence(value)
        || is_placeholder(value)
        || is_number_or_date(value, key, slot)
        || is_vocabulary(window.get(&key.span), value)
        || is_reference(value)
        || is_pattern_or_markup(value)
        || is_sentence(value)
        || is_choice(value)
        || is_encoded_words(value)
        || is_encoded_name(key, value)
        || is_protocol_bytes(key, value)
        || code::is_none(window, key, slot)
}

/// `scheme://user-token:v@host`: the password of a URL, which another detector knows.
fn is_userinfo(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    slot.form == Form::Colon && !slot.quoted && window.line_before(key.span.start).ends_with(b"://")
}

/// The token in the address of a build badge, which is meant to be seen.
fn is_badge(window: &Window<'_>, key: &Key) -> bool {
    let line = window.line_before(key.span.start);
    let start = line.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
    let address = line.get(start..).unwrap_or_default();
    address.contains(&b'?')
        && (contains(address, ".svg")
            || contains(address, "/badge")
            || contains(address, "shields.io"))
}

/// `--- PASS: TestName (1.2s)`, as Go prints the outcome of a test.
fn is_test_report(window: &Window<'_>, key: &Key) -> bool {
    window.line_before(key.span.start).trim_ascii_end().ends_with(b"---")
        && window.get(&key.span) == b"PASS"
}

/// `fail: 'a', pass: 'b'`: what shall pass a check, beside what shall not.
fn is_outcome(window: &Window<'_>, key: &Key) -> bool {
    let name = window.get(&key.span);
    let before = window.bytes.get(..key.span.start).unwrap_or_default();
    let near = before.get(before.len().saturating_sub(96)..).unwrap_or_default();
    let after = window.rest(key.span.end);
    let after = after.get(..after.len().min(96)).unwrap_or_default();
    name.eq_ignore_ascii_case(b"pass")
        && words(near).chain(words(after)).any(|word| word.eq_ignore_ascii_case(b"fail"))
}

/// `the tree, which is identified by 'x'`: the words of SQL outside SQL, which names a user before
/// them or shouts.
fn is_prose(window: &Window<'_>, key: &Key, slot: &Slot) -> bool {
    let literal = window.get(&window.literal);
    let words_of_sql = slot.form == Form::Word && starts_with(literal, "identified");
    let line = window.line_before(key.span.start);
    let quiet = literal.first().is_some_and(u8::is_ascii_lowercase);
    let sql = ["user", "grant", "create", "alter", "role"];
    words_of_sql
        && quiet
        && !line.trim_ascii().is_empty()
        && !words(line).any(|w| is_one_of(w, &sql))
}

/// `('v3AuthPass', 'v3PrivPass', 'hostname')`: the next of several names.
fn is_listed_name(value: &[u8], slot: &Slot) -> bool {
    slot.form == Form::Pair
        && value.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'_')
        && value.iter().filter(|b| b.is_ascii_digit()).count() <= 1
        && words(value).count() > 1
        && word_evidence(value) > 0
}

/// Neither a letter nor a digit, as in tests of what is escaped.
fn is_bare_punctuation(value: &[u8]) -> bool {
    !value.iter().any(|b| b.is_ascii_alphanumeric() || !b.is_ascii())
}

/// `PWD=/home/me`, which shells set.
fn is_working_directory(key: &[u8], value: &[u8]) -> bool {
    (key == b"PWD" || key == b"OLDPWD") && value.starts_with(b"/")
}

/// Control characters, or too much beyond ASCII: text in another language, or binary data.
fn is_unprintable(value: &[u8]) -> bool {
    let foreign = value.iter().filter(|b| !b.is_ascii()).count();
    value.iter().any(u8::is_ascii_control) || foreign * 4 > value.len()
}

/// Something that a program will fill in.
fn is_template(value: &[u8]) -> bool {
    // A format stands among words; between other signs it is a password's own.
    let simple = |b: &u8| b.is_ascii_alphanumeric() || b"%-_.:/=@ ,<>'\"".contains(b);
    let format = FORMATS.iter().any(|mark| contains(value, mark)) && value.iter().all(simple);
    if format || TEMPLATES.iter().any(|mark| contains(value, mark)) {
        return true;
    }
    let first = value.first().copied().unwrap_or_default();
    let last = value.last().copied().unwrap_or_default();
    let rest = value.get(1..).unwrap_or_default();
    let identifier = |bytes: &[u8]| {
        bytes.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-' | b' '))
    };
    let inner = rest.get(..rest.len().saturating_sub(1)).unwrap_or_default();
    if contains(value, "%random%") || is_interpolated(value) {
        return true;
    }
    match (first, last) {
        (b'<', b'>') | (b'{', b'}') | (b'[', b']') | (b'(', b')') => true,
        (b'%', b'%') | (b'@', b'@') | (b'_', b'_') => identifier(inner),
        // A variable, several, or an element; a `$` with other symbols is a password's own.
        (b'$', _) => is_variables(value),
        (b':', _) => identifier(rest) && !rest.first().is_some_and(u8::is_ascii_digit),
        _ => false,
    }
}

/// `secret$KEYSIZE`: plain text with variables in capitals, as shells put them in.
fn is_interpolated(value: &[u8]) -> bool {
    let plain = |b: &u8| b.is_ascii_alphanumeric() || b"_-.$".contains(b);
    let variable = |part: &[u8]| {
        part.iter().take_while(|b| b.is_ascii_uppercase() || **b == b'_').count() >= 4
    };
    value.contains(&b'$')
        && value.iter().all(plain)
        && value.split(|b| *b == b'$').skip(1).all(variable)
}

/// `$name`, `$first$second`, `$_[1]`, `$row['pass']`, `$cfg->pass`: nothing but variables.
fn is_variables(value: &[u8]) -> bool {
    let name = |b: &u8| {
        b.is_ascii_alphanumeric()
            || matches!(b, b'_' | b'.' | b'-' | b' ' | b'[' | b']' | b'\'' | b'>')
    };
    value.split(|b| *b == b'$').skip(1).all(|part| {
        part.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_') && part.iter().all(name)
    })
}

/// Stars, dots, `xxxx` and other fillers.
fn is_mask(value: &[u8]) -> bool {
    let mut seen = [false; 256];
    let mut distinct = 0;
    let mut run = 0_usize;
    let mut longest = 0;
    let mut before = None;
    for byte in value {
        let place = seen.get_mut(usize::from(*byte));
        distinct += usize::from(place.is_some_and(|seen| !std::mem::replace(seen, true)));
        run = if before == Some(byte.to_ascii_lowercase()) { run + 1 } else { 1 };
        longest = longest.max(run);
        before = Some(byte.to_ascii_lowercase());
    }
    distinct < 3
        || (value.len() > 7 && distinct < 4)
        || longest >= 6
        || (longest >= 4 && longest * 3 >= value.len())
        || contains(value, "xxxx")
        || contains(value, "***")
        || contains(value, "...")
}

/// Alphabets and counting: most neighbours are one apart, or eight in a row follow each other.
fn is_sequence(value: &[u8]) -> bool {
    let steps = value.windows(2).filter(|pair| match pair {
        [a, b] => a.abs_diff(*b) <= 1,
        _ => false,
    });
    let ascending =
        |part: &[u8]| part.windows(2).all(|pair| matches!(pair, [a, b] if *b == a.wrapping_add(1)));
    steps.count() * 3 >= value.len() * 2 || value.windows(8).any(ascending)
}

/// `your_password`, `changeme`, `INSERT-TOKEN-HERE`.
fn is_placeholder(value: &[u8]) -> bool {
    words(value).any(|word| is_one_of(word, PLACEHOLDER))
        || starts_with(value, "your")
        || starts_with(value, "example")
        || starts_with(value, "changeme")
        || ends_with(value, "example")
        || ends_with(value, "placeholder")
        || starts_with(value, "xxx")
}

/// Numbers, versions, dates, times and address literals; short digits are codes and counts.
fn is_number_or_date(value: &[u8], key: &Key, slot: &Slot) -> bool {
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    let number = value.iter().all(|b| {
        b.is_ascii_digit()
            || matches!(b, b'.' | b'-' | b'+' | b':' | b'/' | b',' | b'_' | b'T' | b'Z')
    });
    let unsigned = value.strip_prefix(b"-").unwrap_or(value);
    let hexadecimal = starts_with(unsigned, "0x")
        && unsigned.iter().skip(2).all(|b| b.is_ascii_hexdigit() || b"uUlL".contains(b))
        && unsigned.len() <= 20;
    // `password: 739104` on a line of its own is what somebody types at a door.
    let typed = key.kind == Kind::Password
        && !key.unknown_tail
        && (slot.own_line || slot.form == Form::Tight)
        && digits == value.len()
        && (6..=12).contains(&digits);
    let measured = !slot.quoted
        && !typed
        && value.first().is_some_and(u8::is_ascii_digit)
        && value.len() - digits <= 2
        && value.iter().rev().take(value.len() - digits).all(u8::is_ascii_alphabetic);
    let short = digits == value.len() && digits < 6;
    short || (number && digits < value.len()) || hexadecimal || measured
}

/// The key's own name, or nothing but words that credentials are called by.
fn is_vocabulary(key: &[u8], value: &[u8]) -> bool {
    let mut letters = 0;
    let all = words(value).all(|word| {
        letters += word.len();
        is_one_of(word, VOCABULARY) || words(key).any(|own| own.eq_ignore_ascii_case(word))
    });
    let plain = value.iter().all(|b| b.is_ascii_alphanumeric() || b" _-.:/[]#*?!,'()".contains(b));
    let digits = value.iter().filter(|b| b.is_ascii_digit()).count();
    (all && letters > 0 && plain && digits <= 1)
        || (value.len() <= key.len() && contains(key, std::str::from_utf8(value).unwrap_or("\0")))
}

/// Paths, addresses, public keys, checksums, names of types and packages.
fn is_reference(value: &[u8]) -> bool {
    contains(value, "://")
        || contains(value, "aws4_request")
        || nkey::is_public(value)
        || CHECKSUMS.iter().chain(STARTS).any(|start| starts_with(value, start))
        || ENDINGS.iter().any(|end| ends_with(value, end))
        || is_path(value)
        || is_address(value)
}

/// Two or more separators between words: `a/b/c`, `com.acme.Token`, `Acme::Auth::Token`.
fn is_path(value: &[u8]) -> bool {
    let separators = value.iter().filter(|b| matches!(b, b'/' | b'\\' | b'.' | b':')).count();
    let plain = value.iter().all(|b| {
        b.is_ascii_alphanumeric() || matches!(b, b'/' | b'\\' | b'.' | b'_' | b'-' | b':' | b'*')
    });
    let rooted = matches!(value.first(), Some(b'/' | b'\\'));
    // `Auth\PasswordController`.
    let class = |part: &[u8]| part.len() > 2 && part.first().is_some_and(u8::is_ascii_uppercase);
    let classes =
        value.contains(&b'\\') && value.split(|b| *b == b'\\').all(|p| p.is_empty() || class(p));
    plain && (separators >= 2 || rooted || classes) && word_evidence(value) > 0
}

/// A mail address.
fn is_address(value: &[u8]) -> bool {
    let Some(at) = value.iter().position(|b| *b == b'@') else { return false };
    let (name, host) = value.split_at(at);
    let host = host.get(1..).unwrap_or_default();
    let plain = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+');
    !name.is_empty()
        && name.iter().all(plain)
        && host.iter().all(plain)
        && host.iter().rposition(|b| *b == b'.').is_some_and(|dot| dot > 0 && host.len() - dot >= 3)
}

/// Regular expressions, markup and selectors.
fn is_pattern_or_markup(value: &[u8]) -> bool {
    let trimmed_padding = value.strip_suffix(b"==").unwrap_or(value);
    let selector = matches!(value.first(), Some(b'#' | b'.' | b'['))
        && value.iter().skip(1).all(|b| {
            b.is_ascii_alphabetic() || matches!(b, b'-' | b'_' | b'#' | b'.' | b' ' | b'=')
        });
    let colour = value.strip_prefix(b"#").is_some_and(|digits| {
        matches!(digits.len(), 3 | 4 | 6 | 8) && digits.iter().all(u8::is_ascii_hexdigit)
    });
    selector
        || colour
        || MARKS.iter().any(|mark| contains(trimmed_padding, mark))
        || (value.first() == Some(&b'^') && value.last() == Some(&b'$'))
}

/// Words with blanks between them.
fn is_sentence(value: &[u8]) -> bool {
    let blanks = memchr::memchr_iter(b' ', value).count();
    let ends = value.first() == Some(&b' ') || value.last() == Some(&b' ');
    blanks > 0 && (ends || blanks * 12 >= value.len() || word_evidence(value) > 0)
}

/// `one|other`, `first;second`: words that are alternatives or a list.
fn is_choice(value: &[u8]) -> bool {
    value.iter().any(|b| matches!(b, b'|' | b';'))
        && value.split(|b| matches!(b, b'|' | b';')).all(|word| {
            word.len() > 2 && word.iter().all(u8::is_ascii_alphabetic) && word_evidence(word) > 0
        })
}

/// Base64 or hexadecimal digits of plain text whose last part is a stand-in or made of words, as in samples of HTTP
/// headers (`user:password`). Random bytes are hardly ever plain text.
fn is_encoded_words(value: &[u8]) -> bool {
    let decoded = if value.len() >= 16 && value.iter().all(u8::is_ascii_hexdigit) {
        hexadecimal(value)
    } else {
        base64(value)
    };
    let Some(plain) = decoded.filter(|plain| plain.len() >= 3) else { return false };
    // `user:` of a user without a password.
    let empty = plain.ends_with(b":") && plain.iter().all(u8::is_ascii_graphic);
    if plain.len() < 6 || empty {
        return empty;
    }
    let plain = plain.trim_ascii_end();
    let secret = plain.rsplit(|b| *b == b':').next().unwrap_or_default();
    plain.iter().all(|b| b.is_ascii_graphic() || *b == b' ')
        && password_confidence(secret, b"") == Confidence::Low
}

/// Base64 of a few letters or digits under a name that says little, as stores of keys and values
/// print them (`"key": "a2V5MQ=="`).
fn is_encoded_name(key: &Key, value: &[u8]) -> bool {
    key.kind == Kind::Vague
        && value.len() <= 12
        && base64(value).is_some_and(|plain| {
            plain.len() > 2
                && plain.iter().all(|b| b.is_ascii_alphanumeric() || b"_-./".contains(b))
        })
}

/// Nothing but `\xNN` escapes under a token's name: a message of a protocol, spelt out. Keys are
/// written so as well, but under the name of a secret or key.
fn is_protocol_bytes(key: &Key, value: &[u8]) -> bool {
    let escape = |chunk: &[u8]| matches!(chunk, [b'\\', b'x', high, low] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit());
    key.kind == Kind::Token && value.chunks(4).all(escape)
}

/// The bytes that pairs of hexadecimal digits stand for.
fn hexadecimal(value: &[u8]) -> Option<Vec<u8>> {
    let digit = |b: u8| char::from(b).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let (pairs, rest) = value.as_chunks::<2>();
    rest.is_empty().then_some(())?;
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

/// Whether a password, wherever it stands, is a stand-in.
pub(super) fn is_no_password(value: &[u8]) -> bool {
    value.len() < MIN_VALUE
        || is_one_of(value, NOTHING)
        || is_mask(value)
        || is_sequence(value)
        || is_placeholder(value)
        || is_vocabulary(b"", value)
        || is_unprintable(value)
        || is_bare_punctuation(value)
        || is_constant(value)
}

/// `MY_BITBUCKET_TOKEN`: the name of what is to stand there.
fn is_constant(value: &[u8]) -> bool {
    value.contains(&b'_')
        && value.iter().all(|b| b.is_ascii_uppercase() || *b == b'_')
        && words(value).filter(|word| word.len() > 2).count() > 1
}
