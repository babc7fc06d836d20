//! UTF-16: whole files with a byte order mark or without, and the strings inside binaries (the
//! resources of a Windows executable, a registry export, the string heap of a .NET assembly).

use std::ops::Range;

use super::map::Builder;
use super::out::Out;
use super::text::is_ascii_text;
use crate::model::Layer;

/// The fewest characters of a string inside a binary.
const LEAST: usize = 6;

/// How much of the strings of a binary is handed on at a time.
const PIECE: usize = 1 << 20;

/// Decodes all of the text, a byte order mark left out. What is no UTF-16 becomes U+FFFD.
pub(super) fn whole(out: &mut Out<'_, '_>, layer: Layer) {
    let text = out.text;
    // ASCII halves; other characters may take half as much again.
    if !out.budget.take(text.len() / 2) {
        return;
    }
    let marked = text.starts_with(b"\xff\xfe") || text.starts_with(b"\xfe\xff");
    let start = if marked { 2 } else { 0 };
    let mut builder = Builder::default();
    append(&mut builder, text, start..text.len(), layer == Layer::Utf16Le);
    let (bytes, map) = builder.finish();
    if out.budget.take(bytes.len().saturating_sub(text.len() / 2)) {
        out.emit(layer, bytes, map);
    }
}

/// Appends the text of `range`.
pub(super) fn append(builder: &mut Builder, text: &[u8], range: Range<usize>, little: bool) {
    let text = text.get(..range.end).unwrap_or(text);
    let unit = |at: usize| {
        let pair = text.get(at..)?.first_chunk::<2>()?;
        Some(if little { u16::from_le_bytes(*pair) } else { u16::from_be_bytes(*pair) })
    };
    let mut at = range.start;
    while let Some(first) = unit(at) {
        if let Ok(byte @ 0..=0x7f) = u8::try_from(first) {
            builder.halve(byte, at);
            at += 2;
            continue;
        }
        let pair = [first, unit(at + 2).unwrap_or(0)];
        let decoded = char::decode_utf16(pair).next().and_then(Result::ok);
        let character = decoded.unwrap_or(char::REPLACEMENT_CHARACTER);
        let len = if decoded.is_some() { 2 * character.len_utf16() } else { 2 };
        builder.replace(character.encode_utf8(&mut [0; 4]).as_bytes(), at..at + len);
        at += len;
    }
}

/// Decodes a file that is UTF-16 without a mark, or else the UTF-16 strings that stand in it, each
/// as a line of one piece.
pub(super) fn runs(out: &mut Out<'_, '_>) {
    if let Some(layer) = unmarked(out.text) {
        whole(out, layer);
        return;
    }
    let text = out.text;
    let (mut little, mut big) = (Builder::default(), Builder::default());
    let mut from = 0;
    while let Some(found) = memchr::memchr(0, text.get(from..).unwrap_or_default()) {
        let nul = from + found;
        from = nul + 1;
        let Some(start) = nul.checked_sub(1) else { continue };
        let chars = pairs(text, start);
        if chars == 0 {
            continue;
        }
        // The same bytes shifted by one are big endian: when a NUL comes first and none ends them,
        // or, where NULs are on both sides, when that puts them on an even offset.
        let end = start + 2 * chars;
        let starts = start.checked_sub(1).filter(|before| text.get(*before) == Some(&0));
        let ends = text.get(end).is_some_and(|byte| is_ascii_text(*byte));
        let (builder, chars, zero) = match (starts, ends) {
            (Some(_), true) => (&mut big, chars + 1, 0),
            (Some(before), false) if before % 2 == 0 => (&mut big, chars, 0),
            _ => (&mut little, chars, 1),
        };
        from = end;
        if chars < LEAST {
            continue;
        }
        for index in 0..chars {
            let at = start + 2 * index;
            let source = if zero == 0 { at - 1 } else { at };
            builder.halve(text.get(at).copied().unwrap_or_default(), source);
        }
        builder.replace(b"\n", end..end);
        if builder.bytes.len() >= PIECE {
            let layer = if zero == 0 { Layer::Utf16Be } else { Layer::Utf16Le };
            let full = std::mem::take(builder);
            if !give(out, layer, full) {
                return;
            }
        }
    }
    if give(out, Layer::Utf16Le, little) {
        give(out, Layer::Utf16Be, big);
    }
}

/// How many ASCII characters stand in `text` from `start` on, each followed by a NUL.
fn pairs(text: &[u8], start: usize) -> usize {
    let pairs = text.get(start..).unwrap_or_default().as_chunks::<2>().0;
    pairs.iter().take_while(|[low, high]| *high == 0 && is_ascii_text(*low)).count()
}

/// Which UTF-16 a file without a mark is: three of four of its first characters are ASCII.
fn unmarked(text: &[u8]) -> Option<Layer> {
    let head = text.get(..4096).unwrap_or(text);
    let pairs = head.as_chunks::<2>().0;
    let ascii = |zero: usize, other: usize| {
        pairs.iter().filter(|pair| pair[zero] == 0 && is_ascii_text(pair[other])).count()
    };
    let enough = |count: usize| pairs.len() >= LEAST && count * 4 >= pairs.len() * 3;
    if enough(ascii(1, 0)) {
        Some(Layer::Utf16Le)
    } else if enough(ascii(0, 1)) {
        Some(Layer::Utf16Be)
    } else {
        None
    }
}

fn give(out: &mut Out<'_, '_>, layer: Layer, builder: Builder) -> bool {
    let (bytes, map) = builder.finish();
    out.budget.take(bytes.len()) && out.emit(layer, bytes, map)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use super::*;
    use proptest::prelude::*;

    fn encode(text: &str, little: bool) -> Vec<u8> {
        let units = text.encode_utf16();
        units
            .flat_map(|unit| if little { unit.to_le_bytes() } else { unit.to_be_bytes() })
            .collect()
    }

    #[test]
    fn files_with_and_without_a_mark_are_text() {
        let text = "password = \"Gr\u{fc}\u{df}e \u{1f511} 12345\"\r\n";
        for (little, layer) in [(true, Layer::Utf16Le), (false, Layer::Utf16Be)] {
            for mark in ["\u{feff}", ""] {
                let bytes = encode(&format!("{mark}{text}"), little);
                assert_eq!(texts(&bytes, &layer), [text], "{little} {mark:?}");
            }
        }
    }

    #[test]
    fn strings_inside_a_binary_are_lines_with_exact_offsets() {
        for little in [true, false] {
            let mut bytes = vec![0xc3; 301];
            bytes.extend([0, 0, 0]);
            bytes.extend(encode("first string", little));
            bytes.extend([0, 0, 1, 2, 3, 0xff]);
            bytes.extend(encode("secret=abcdef", little));
            bytes.extend([0xff, 0xfe, 9, 9]);
            let found = pieces(&bytes);
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].bytes, b"first string\nsecret=abcdef\n");
            let source = found[0].map.source(20, 26);
            assert_eq!(bytes[source], encode("abcdef", little));
        }
    }

    #[test]
    fn zeros_and_short_strings_are_nothing() {
        assert!(pieces(&[0; 4096]).is_empty());
        let mut bytes = vec![0xee; 100];
        bytes.extend(encode("short", true));
        bytes.extend([0xee; 100]);
        assert!(pieces(&bytes).is_empty());
    }

    proptest! {
        #[test]
        fn offsets_point_at_the_units(text in "[a-z\u{e4}\u{1f511}]{12,60}", little: bool) {
            let bytes = encode(&format!("\u{feff}{text}"), little);
            let found = pieces(&bytes);
            prop_assert_eq!(&found[0].bytes, text.as_bytes());
            for (at, character) in text.char_indices() {
                let source = found[0].map.source(at, at + character.len_utf8());
                prop_assert_eq!(&bytes[source], encode(&character.to_string(), little));
            }
        }
    }
}
