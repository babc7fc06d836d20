//! The line around a match as a person may see it: secrets masked, control characters escaped, cut
//! to a bounded length.

use std::ops::Range;

use crate::model::text::escape;

/// Characters of an excerpt.
const LENGTH: usize = 200;
/// Bytes of the line that are looked at before and after the match.
const AROUND: usize = 90;

/// The line that holds `start`, with each of `masks` (byte range, what to show in its place;
/// sorted, not overlapping) replaced.
pub fn excerpt(text: &[u8], start: usize, masks: &[(Range<usize>, String)]) -> String {
    let earliest = start.saturating_sub(AROUND);
    let from =
        memchr::memrchr(b'\n', &text[earliest..start]).map_or(earliest, |at| earliest + at + 1);
    // A cut inside a masked value would show its tail.
    let first = masks.partition_point(|(range, _)| range.end <= from);
    let masks = masks.get(first..).unwrap_or_default();
    let from = masks.first().map_or(from, |(range, _)| range.start.min(from));
    let mut shown = String::new();
    let mut at = from;
    // Where the line ends after `from`, or `last` if that comes before.
    let line_end = |from: usize, last: usize| {
        let last = last.min(text.len());
        memchr::memchr(b'\n', text.get(from..last).unwrap_or_default())
            .map_or(last, |length| from + length)
    };
    let mut end = line_end(at, start.saturating_add(AROUND));
    for (range, mask) in masks {
        if range.start >= end {
            break;
        }
        shown.push_str(&escape(&text[at..range.start.max(at)]));
        shown.push_str(mask);
        at = range.end.max(at);
        end = end.max(line_end(at.min(text.len()), at.saturating_add(AROUND)));
        // More than is shown of the line, whatever is trimmed from its front.
        if end < at || shown.len() > 4 * (LENGTH + AROUND) {
            break;
        }
    }
    if at < end {
        shown.push_str(&escape(&text[at..end]));
    }
    let trimmed = shown.trim();
    match trimmed.char_indices().nth(LENGTH) {
        Some((cut, _)) => trimmed[..cut].to_owned(),
        None => trimmed.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_secret_on_the_line_is_masked() {
        let text = b"x\n  a = 'one' b = 'two'\ny";
        let masks = [(9..12, "***".to_owned()), (19..22, "t***".to_owned())];
        assert_eq!(excerpt(text, 9, &masks), "a = '***' b = 't***'");
        assert_eq!(excerpt(text, 19, &masks), "a = '***' b = 't***'");
    }

    #[test]
    fn a_value_over_lines_is_one_mask() {
        let text = b"key: BEGIN\nbody\nEND # c\nnext";
        assert_eq!(excerpt(text, 5, &[(5..19, "B***".to_owned())]), "key: B*** # c");
    }

    #[test]
    fn long_lines_are_cut_around_the_match() {
        let mut text = vec![b'.'; 10_000];
        text[5_000..5_010].copy_from_slice(b"SECRETSECR");
        let shown = excerpt(&text, 5_000, &[(5_000..5_010, "***".to_owned())]);
        assert!(shown.contains("***") && !shown.contains('S') && shown.len() <= 200, "{shown}");
    }

    #[test]
    fn a_cut_never_shows_part_of_another_secret() {
        let mut text = vec![b'.'; 600];
        text[100..300].fill(b'S');
        text[310..320].fill(b'T');
        let masks = [(100..300, "***".to_owned()), (310..320, "***".to_owned())];
        let shown = excerpt(&text, 310, &masks);
        assert!(!shown.contains('S') && !shown.contains('T'), "{shown}");
    }
}
