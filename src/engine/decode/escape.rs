//! Escapes of string literals: `\uXXXX` with surrogate pairs, `\u{X}`, `\UXXXXXXXX`, `\xXX` and
//! three octal digits. A literal inside a literal doubles the backslashes; all of them belong to
//! the escape.

use super::hex::value;
use super::region::Escape;

/// Backslashes that may stand in front of one escape: three literals inside each other.
const MOST_BACKSLASHES: usize = 8;

/// The escape whose first backslash is at `at`.
pub(super) fn at(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at..)?;
    let head = rest.get(..MOST_BACKSLASHES).unwrap_or(rest);
    let slashes = head.iter().take_while(|byte| **byte == b'\\').count();
    let (len, code) = code(rest.get(slashes..)?)?;
    let len = slashes + len;
    let character = match code {
        0xd800..0xdc00 => {
            let rest = rest.get(len..)?;
            let again = rest.iter().take(MOST_BACKSLASHES).take_while(|byte| **byte == b'\\');
            let again = again.count();
            let (low_len, low) = code_of_u(rest.get(again..)?)?;
            let low = low.checked_sub(0xdc00).filter(|low| *low < 0x400)?;
            let character = char::from_u32(0x1_0000 + ((code - 0xd800) << 10) + low)?;
            return Some(Escape::new(len + again + low_len, character));
        }
        code => char::from_u32(code)?,
    };
    Some(Escape::new(len, character))
}

/// Length and value of an escape without its backslash.
fn code(rest: &[u8]) -> Option<(usize, u32)> {
    match rest.first()? {
        b'u' => code_of_u(rest),
        b'U' => Some((9, digits(rest.get(1..9)?, 16)?)),
        // Above ASCII it is a byte of whatever encoding; that is no text by itself.
        b'x' => Some((3, digits(rest.get(1..3)?, 16)?)).filter(|(_, code)| *code < 0x80),
        b'0'..=b'3' => Some((3, digits(rest.get(..3)?, 8)?)).filter(|(_, code)| *code < 0x80),
        _ => None,
    }
}

fn code_of_u(rest: &[u8]) -> Option<(usize, u32)> {
    let rest = rest.strip_prefix(b"u")?;
    let Some(braced) = rest.strip_prefix(b"{") else {
        return Some((5, digits(rest.get(..4)?, 16)?));
    };
    let len = memchr::memchr(b'}', braced.get(..7).unwrap_or(braced))?;
    Some((len + 3, digits(braced.get(..len)?, 16)?))
}

/// The number that all of `digits` write; `None` when one is none of the base or there are none.
fn digits(digits: &[u8], base: u32) -> Option<u32> {
    let fits = |digit: &u8| char::from(*digit).is_digit(base);
    (!digits.is_empty() && digits.iter().all(fits))
        .then(|| digits.iter().fold(0, |number, digit| number * base + u32::from(value(*digit))))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use crate::model::Layer;

    #[test]
    fn every_way_to_write_a_character_is_read() {
        for written in [
            r"\u0041",
            r"\u{41}",
            r"\U00000041",
            r"\x41",
            r"\101",
            r"\\u0041",
            r"\\\\u0041",
            r"\\x41",
        ] {
            let text = format!("key = \"{written}KIA-and-more\"");
            let found = texts(text.as_bytes(), &Layer::UnicodeEscape);
            assert_eq!(found, ["key = \"AKIA-and-more\""], "{written}");
        }
    }

    #[test]
    fn surrogate_pairs_are_one_character_with_exact_offsets() {
        let text = r#"{"a": "\u0070\ud83d\udd11\u00fc"}"#;
        let found = pieces(text.as_bytes());
        assert_eq!(found[0].bytes, "{\"a\": \"p\u{1f511}\u{fc}\"}".as_bytes());
        let source = found[0].map.source(8, 12);
        assert_eq!(&text[source], r"\ud83d\udd11");
    }

    #[test]
    fn other_escapes_colours_and_foreign_scripts_alone_are_no_reason_to_decode() {
        for text in [
            r"a\n\t\\b\d+ C:\users\x and \u00e4\u4e2d",
            r"\033[31mred\033[0m \x1b[1mbold",
            r"\ud83d alone, \u12 short, \u{} empty, \u{1234567} long",
            r"at the end \u004",
        ] {
            assert!(pieces(text.as_bytes()).is_empty(), "{text}");
        }
    }
}
