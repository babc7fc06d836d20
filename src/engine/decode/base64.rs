//! Base64 in both alphabets, padded or not, in one piece or wrapped over lines. Most long words of
//! a source file are made of base64 characters, so the first bytes decide before anything else is
//! decoded.

use std::ops::Range;

use ::base64::Engine;
use ::base64::alphabet::{STANDARD, URL_SAFE};
use ::base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::map::OffsetMap;
use super::out::Out;
use super::runs::{self, LEAST, Stop};
use super::{container, hex, text};
use crate::model::Layer;

/// Characters that the first look decodes: 24 bytes.
const HEAD: usize = 32;

/// How far into a run base64 may start, where a path or a prefix such as `token-` runs into it.
const LATEST_START: usize = 96;

/// How many promising starts of one run are decoded, should they turn out to be none.
const MOST_STARTS: usize = 4;

const CONFIG: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const STANDARD_ENGINE: GeneralPurpose = GeneralPurpose::new(&STANDARD, CONFIG);
const URL_ENGINE: GeneralPurpose = GeneralPurpose::new(&URL_SAFE, CONFIG);

/// Decodes what is base64 in a run. Gives where it ended, if something was.
pub(super) fn run(out: &mut Out<'_, '_>, run: &Range<usize>) -> Result<Option<usize>, Stop> {
    let mut from = run.start;
    for _ in 0..MOST_STARTS {
        let Some(start) = start(out.text, from..run.end, run.start) else { break };
        let first = stretch(out.text, start..run.end);
        if first.len() >= LEAST
            && let Some(end) = emit(out, first, run.end)?
        {
            return Ok(Some(end));
        }
        from = start + 1;
    }
    Ok(None)
}

/// Whether anything in a run is worth decoding.
pub(super) fn promises(text: &[u8], run: &Range<usize>) -> bool {
    start(text, run.clone(), run.start).is_some()
}

/// Where in `range` base64 that is worth decoding starts: where the run starts, or after a
/// character that is not in both alphabets, as paths and prefixes end with one.
fn start(text: &[u8], range: Range<usize>, run_start: usize) -> Option<usize> {
    let latest = range.end.checked_sub(LEAST)?.min(run_start + LATEST_START);
    let candidates = range.start..=latest;
    candidates
        .filter(|at| *at == run_start || text.get(at - 1).is_some_and(|byte| is_special(*byte)))
        .find(|at| text.get(*at..range.end).is_some_and(plausible_head))
}

fn is_special(byte: u8) -> bool {
    matches!(byte, b'+' | b'/' | b'-' | b'_')
}

/// The longest part at the start of `range` that keeps to one alphabet.
fn stretch(text: &[u8], range: Range<usize>) -> Range<usize> {
    let run = text.get(range.clone()).unwrap_or_default();
    let standard = memchr::memchr2(b'+', b'/', run).unwrap_or(run.len());
    let url = memchr::memchr2(b'-', b'_', run).unwrap_or(run.len());
    range.start..range.start + standard.max(url)
}

/// Whether the first characters decode to the start of a text or container. Most runs are names,
/// which their first or second byte betrays.
fn plausible_head(run: &[u8]) -> bool {
    let mut bytes = [0; HEAD / 4 * 3];
    let mut len = 0;
    let (mut text, mut maybe_magic) = (true, None);
    let quads = run.get(..HEAD).unwrap_or(run).as_chunks::<4>().0;
    for (quad, three) in quads.iter().zip(bytes.as_chunks_mut::<3>().0) {
        let [a, b, c, d] = quad.map(|byte| VALUES[usize::from(byte)]);
        *three = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
        len += 3;
        text = text && three.iter().all(|byte| text::MAYBE[usize::from(*byte)]);
        let magic = *maybe_magic.get_or_insert(container::MAYBE[usize::from(three[0])]);
        if !text && !magic {
            return false;
        }
    }
    text::plausible_head(bytes.get(..len).unwrap_or_default())
}

/// The value of each character in either alphabet.
const VALUES: [u8; 256] = {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut values = [0; 256];
    let mut value: u8 = 0;
    while value < 64 {
        values[ALPHABET[value as usize] as usize] = value;
        value += 1;
    }
    values[b'-' as usize] = 62;
    values[b'_' as usize] = 63;
    values
};

/// Decodes the run that starts with `first`, with the lines that follow where it goes on to the end
/// of its run. Gives the end of what was looked at for good.
fn emit(out: &mut Out<'_, '_>, first: Range<usize>, run_end: usize) -> Result<Option<usize>, Stop> {
    let lines = if first.end == run_end {
        runs::wrapped(out.text, first.clone(), 4)
    } else {
        vec![first.clone()]
    };
    let end = lines.last().map(|line| line.end);
    // What looked like a last line may be the next word of the file, so it is tried without, too.
    let without_last = lines.split_last().map_or(&[][..], |(_, rest)| rest);
    for lines in [lines.as_slice(), without_last] {
        if !lines.is_empty() && emit_lines(out, lines)? {
            return Ok(lines.last().map(|line| line.end));
        }
    }
    if lines.len() < 2 {
        return Ok(None);
    }
    // Not one text over all lines. Each line is looked at once more on its own, never joined again:
    // that keeps the work linear.
    for line in &lines {
        if let Some(start) = start(out.text, line.clone(), line.start) {
            emit_lines(out, std::slice::from_ref(&stretch(out.text, start..line.end)))?;
        }
    }
    Ok(end)
}

/// Decodes the characters of `lines`; true when that was text and was handed on.
fn emit_lines(out: &mut Out<'_, '_>, lines: &[Range<usize>]) -> Result<bool, Stop> {
    let mut lines = lines.to_vec();
    let len: usize = lines.iter().map(Range::len).sum();
    if len % 4 == 1
        && let Some(last) = lines.last_mut()
    {
        // No number of bytes has that many characters: the last one is not part of it.
        last.end -= 1;
    }
    if !out.budget.take(len / 4 * 3 + 2) {
        return Err(Stop);
    }
    let Some(bytes) = bytes(out.text, &lines) else { return Ok(false) };
    if !text::plausible(&bytes) {
        return Ok(false);
    }
    let special = |range: &Range<usize>| {
        out.text.get(range.clone()).is_some_and(|line| memchr::memchr2(b'-', b'_', line).is_some())
    };
    let layer = if lines.iter().any(special) { Layer::Base64Url } else { Layer::Base64 };
    let map = OffsetMap::Runs { runs: hex::unit_runs(&lines), ratio: (4, 3) };
    if out.emit(layer, bytes, map) { Ok(true) } else { Err(Stop) }
}

fn bytes(text: &[u8], lines: &[Range<usize>]) -> Option<Vec<u8>> {
    let joined: Vec<u8>;
    let characters = if let [line] = lines {
        text.get(line.clone())?
    } else {
        let parts: Vec<_> = lines.iter().filter_map(|line| text.get(line.clone())).collect();
        joined = parts.concat();
        &joined
    };
    let url = memchr::memchr2(b'-', b'_', characters).is_some();
    if url { URL_ENGINE.decode(characters).ok() } else { STANDARD_ENGINE.decode(characters).ok() }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use super::*;
    use ::base64::engine::general_purpose;
    use proptest::prelude::*;

    const SECRET: &str = "user=admin&password=correct-horse?battery>staple~~";

    #[test]
    fn both_alphabets_with_and_without_padding_give_text_and_exact_offsets() {
        let engines = [
            (general_purpose::STANDARD, Layer::Base64),
            (general_purpose::STANDARD_NO_PAD, Layer::Base64),
            (general_purpose::URL_SAFE, Layer::Base64Url),
            (general_purpose::URL_SAFE_NO_PAD, Layer::Base64Url),
        ];
        for (engine, layer) in engines {
            let encoded = engine.encode(SECRET.repeat(2) + "\u{ff}\u{3ff}");
            let text = format!("auth: \"{encoded}\"");
            let found = pieces(text.as_bytes());
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].layer, layer);
            assert!(found[0].bytes.starts_with(SECRET.as_bytes()));
            let source = found[0].map.source(0, 12);
            assert_eq!(&text[source], &encoded[..16]);
        }
    }

    #[test]
    fn the_shortest_run_is_24_characters() {
        let shortest = general_purpose::STANDARD.encode("eighteen bytes !!!");
        assert_eq!(shortest.len(), 24);
        assert_eq!(pieces(shortest.as_bytes()).len(), 1);
        let shorter = general_purpose::STANDARD.encode("seventeen bytes!!");
        assert!(pieces(shorter.trim_end_matches('=').as_bytes()).is_empty());
    }

    #[test]
    fn wrapped_lines_are_joined_however_they_are_written() {
        let encoded = general_purpose::STANDARD.encode(SECRET.repeat(3));
        let lines: Vec<&str> =
            encoded.as_bytes().chunks(60).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let separators =
            ["\n", "\r\n", "\n    ", "\\n", "\" +\n  \"", "\\n\" +\n\"", "\"\n\"", "\n# ", " \\\n"];
        for separator in separators {
            let text = format!("key: \"{}\"\n", lines.join(separator));
            let found = texts(text.as_bytes(), &Layer::Base64);
            assert_eq!(found, [SECRET.repeat(3)], "{separator:?}");
        }
    }

    #[test]
    fn a_word_on_the_next_line_does_not_run_into_the_text() {
        let encoded = general_purpose::STANDARD.encode(SECRET.repeat(2).get(..99).unwrap());
        for after in ["end", "kind: Secret", "token"] {
            let text = format!("data:\n  {encoded}\n{after}\n");
            assert_eq!(texts(text.as_bytes(), &Layer::Base64), [&SECRET.repeat(2)[..99]]);
        }
    }

    #[test]
    fn a_path_or_prefix_in_front_does_not_hide_it() {
        let encoded = general_purpose::STANDARD_NO_PAD.encode("server=alpha-7; port=8443");
        for text in [format!("/secrets/{encoded}"), format!("basic-{encoded}")] {
            assert_eq!(texts(text.as_bytes(), &Layer::Base64).len(), 1, "{text}");
        }
        let escaped = general_purpose::STANDARD.encode("what??????server=alpha-7;port=8443");
        assert!(escaped.contains('/'));
        let text = format!("\"{}\"", escaped.replace('/', "\\/"));
        assert_eq!(texts(text.as_bytes(), &Layer::Base64).len(), 1);
    }

    #[test]
    fn names_paths_and_digests_are_no_base64() {
        let text = b"org/springframework/boot/autoconfigure/SpringBootApplication
            someVeryLongCamelCaseIdentifierOfTheUsualKind
            a_snake_case_name_that_goes_on_and_on_for_long
            sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==
            123e4567-e89b-12d3-a456-426614174000";
        assert!(pieces(text).is_empty());
    }

    proptest! {
        #[test]
        fn whatever_text_goes_in_comes_out(secret in "[ -~]{18,200}", url: bool, wrap in 56usize..80) {
            let engine = if url { general_purpose::URL_SAFE } else { general_purpose::STANDARD };
            let encoded = engine.encode(&secret);
            let lines: Vec<_> = encoded.as_bytes().chunks(wrap / 4 * 4).collect();
            let text = lines.join(&b'\n');
            let found = pieces(&text);
            prop_assert!(found.iter().any(|piece| piece.bytes == secret.as_bytes()));
        }
    }
}
