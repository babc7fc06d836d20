//! Hexadecimal: at least 32 digits in a row, or wrapped over lines, that decode to text.

use std::ops::Range;

use super::map::{OffsetMap, Run};
use super::out::Out;
use super::runs::{self, Stop};
use super::text;
use crate::model::Layer;

/// The fewest digits: 16 bytes.
const LEAST: usize = 32;

/// Decodes the hexadecimal stretches of a run. Gives where the last one ended, if there was one.
pub(super) fn run(out: &mut Out<'_, '_>, run: &Range<usize>) -> Result<Option<usize>, Stop> {
    let mut from = run.start;
    let mut decoded = None;
    let text = out.text;
    let within = text.get(..run.end).unwrap_or_default();
    while let Some(digits) = runs::stretch(within, from, LEAST, |byte| byte.is_ascii_hexdigit()) {
        from = digits.end;
        let head = digits.start..digits.end.min(digits.start + 2 * text::HEAD);
        if !text::plausible_head(&bytes(text, &[head])) {
            continue;
        }
        let mut lines =
            if digits.end == run.end { runs::wrapped(text, digits, 2) } else { vec![digits] };
        let alien = |line: &Range<usize>| {
            !text.get(line.clone()).is_some_and(|line| line.iter().all(u8::is_ascii_hexdigit))
        };
        let whole = lines.iter().position(alien).unwrap_or(lines.len());
        lines.truncate(whole);
        let Some(end) = lines.last().map(|line| line.end) else { continue };
        if emit(out, &lines)? {
            decoded = Some(end);
            from = from.max(end);
        } else if lines.len() > 1 {
            // Not one text over all lines: each is tried once more on its own, never joined again.
            for line in &lines {
                let head = line.start..line.end.min(line.start + 2 * text::HEAD);
                if text::plausible_head(&bytes(text, &[head])) {
                    emit(out, std::slice::from_ref(line))?;
                }
            }
            decoded = Some(end);
            from = from.max(end);
        }
    }
    Ok(decoded)
}

/// Whether digits in a run begin something.
pub(super) fn promises(text: &[u8], run: &Range<usize>) -> bool {
    let mut from = run.start;
    let within = text.get(..run.end).unwrap_or_default();
    while let Some(digits) = runs::stretch(within, from, LEAST, |byte| byte.is_ascii_hexdigit()) {
        from = digits.end;
        let head = digits.start..digits.end.min(digits.start + 2 * text::HEAD);
        if text::plausible_head(&bytes(text, &[head])) {
            return true;
        }
    }
    false
}

fn emit(out: &mut Out<'_, '_>, lines: &[Range<usize>]) -> Result<bool, Stop> {
    let digits: usize = lines.iter().map(Range::len).sum();
    if !out.budget.take(digits / 2) {
        return Err(Stop);
    }
    let bytes = bytes(out.text, lines);
    if !text::plausible(&bytes) {
        return Ok(false);
    }
    let map = OffsetMap::Runs { runs: unit_runs(lines), ratio: (2, 1) };
    if out.emit(Layer::Hex, bytes, map) { Ok(true) } else { Err(Stop) }
}

/// The runs of a map whose units are the characters of `lines`.
pub(super) fn unit_runs(lines: &[Range<usize>]) -> Vec<Run> {
    let mut unit = 0;
    let mut runs = Vec::with_capacity(lines.len());
    for line in lines {
        runs.push(Run { unit, units: line.len(), source: line.start, len: line.len() });
        unit += line.len();
    }
    runs
}

/// The bytes that the digits of all lines stand for; a last odd digit is left out.
fn bytes(text: &[u8], lines: &[Range<usize>]) -> Vec<u8> {
    let digits = lines.iter().filter_map(|line| text.get(line.clone())).flatten();
    let mut bytes = Vec::with_capacity(lines.iter().map(Range::len).sum::<usize>() / 2);
    let mut high = None;
    for digit in digits {
        let value = value(*digit);
        match high.take() {
            None => high = Some(value),
            Some(high) => bytes.push(high << 4 | value),
        }
    }
    bytes
}

/// The value of a hexadecimal digit, 0 for anything else.
pub(super) fn value(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        b'a'..=b'f' => digit - b'a' + 10,
        b'A'..=b'F' => digit - b'A' + 10,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use super::*;

    fn encode(text: &str) -> String {
        super::super::testing::to_hex(text.as_bytes())
    }

    #[test]
    fn digits_become_text_with_exact_offsets() {
        let secret = "password=correct-horse-battery";
        for digits in [encode(secret), encode(secret).to_uppercase()] {
            let text = format!("blob = 0x{digits};");
            let found = pieces(text.as_bytes());
            assert_eq!(found.len(), 1);
            assert_eq!(found[0].layer, Layer::Hex);
            assert_eq!(found[0].bytes, secret.as_bytes());
            let source = found[0].map.source(9, 16);
            assert!(text[source].eq_ignore_ascii_case(&encode("correct")));
        }
    }

    #[test]
    fn lines_of_a_dump_are_joined() {
        let secret = "a text that is long enough to go over several lines of digits, token=0123";
        let digits = encode(secret);
        let (first, rest) = digits.split_at(60);
        let (second, third) = rest.split_at(60);
        let text = format!("{first}\n{second}\n{third}\n");
        assert_eq!(texts(text.as_bytes(), &Layer::Hex), [secret]);
    }

    #[test]
    fn fifteen_bytes_and_digests_are_left_alone() {
        assert!(pieces(encode("fifteen bytes!!").as_bytes()).is_empty());
        assert_eq!(pieces(encode("sixteen bytes!!!").as_bytes()).len(), 1);
        assert!(pieces(b"da39a3ee5e6b4b0d3255bfef95601890afd80709").is_empty());
    }
}
