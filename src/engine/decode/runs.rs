//! Long runs of the characters that base64 and hexadecimal are made of. They are found by looking
//! at every 24th byte or so, and put together again where they were wrapped over lines.

use std::ops::Range;

use super::out::Out;
use super::{base64, hex};

/// The fewest characters of a run: 24 base64 characters are 18 bytes.
pub(super) const LEAST: usize = 24;

/// The narrowest lines that count as wrapped text when nothing but a line break joins them.
const LEAST_WIDTH: usize = 56;

/// The widest line that one shorter line may follow as its only other line.
const MOST_WIDTH: usize = 80;

/// The most bytes between two lines of a wrapped run: line break, indentation, quotes, operator.
const MOST_GAP: usize = 64;

/// Both base64 alphabets, without padding.
pub(super) const CLASS: [bool; 256] = {
    let mut class = [false; 256];
    let mut byte: u8 = 0;
    while byte < 128 {
        class[byte as usize] =
            byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'-' | b'_');
        byte += 1;
    }
    class
};

/// Decodes every run of the text.
pub(super) fn decode(out: &mut Out<'_, '_>) {
    let mut from = 0;
    while let Some(mut run) = next(out.text, from) {
        from = run.end;
        if !out.fresh(&run) {
            continue;
        }
        run.start += after_escape(out.text, &run);
        let decoded = hex::run(out, &run)
            .and_then(|end| if end.is_some() { Ok(end) } else { base64::run(out, &run) });
        match decoded {
            Ok(end) => from = end.unwrap_or(from).max(from),
            Err(Stop) => return,
        }
    }
}

/// The budget is at an end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop;

/// Runs longer than this are always worth a look.
const LONG: usize = 256;

/// Whether the run that `part` belongs to could be base64 or hexadecimal of something: whether the
/// decoders would look any further than where it starts. Depends on the run and the bytes beside it
/// alone.
pub(super) fn promises(text: &[u8], part: &Range<usize>) -> bool {
    let class = |byte: &&u8| CLASS[usize::from(**byte)];
    let before = text.get(..part.start).unwrap_or_default();
    let after = text.get(part.end..).unwrap_or_default();
    let start = part.start - before.iter().rev().take(LONG).take_while(class).count();
    let end = part.end + after.iter().take(LONG).take_while(class).count();
    let run = start..end;
    if run.len() > LONG {
        return true;
    }
    // An escape may end with the run's first letter.
    let inner = start + after_escape(text, &run)..end;
    base64::promises(text, &run)
        || inner.start > start && base64::promises(text, &inner)
        || hex::promises(text, &run)
}

/// The next run of at least [`LEAST`] characters that begins at `from` or later.
pub(super) fn next(text: &[u8], from: usize) -> Option<Range<usize>> {
    stretch(text, from, LEAST, |byte| CLASS[usize::from(byte)])
}

/// The next stretch of at least `least` bytes of a class that begins at `from` or later, to its
/// end. Only every `least`-th byte is looked at where the class is rare.
pub(super) fn stretch(
    text: &[u8],
    mut from: usize,
    least: usize,
    class: impl Fn(u8) -> bool,
) -> Option<Range<usize>> {
    loop {
        let window = text.get(from..from + least)?;
        if let Some(outside) = window.iter().rposition(|byte| !class(*byte)) {
            from += outside + 1;
            continue;
        }
        let rest = text.get(from + least..).unwrap_or_default();
        let more = rest.iter().position(|byte| !class(*byte)).unwrap_or(rest.len());
        return Some(from..from + least + more);
    }
}

/// 1 where the run's first character belongs to an escape such as `\n` in front of it.
fn after_escape(text: &[u8], run: &Range<usize>) -> usize {
    let before = run.start.checked_sub(1).and_then(|at| text.get(at));
    let letter = matches!(text.get(run.start), Some(b'n' | b'r' | b't'));
    usize::from(before == Some(&b'\\') && letter)
}

/// The lines of a run that begins with `first`: what follows it in the same width, and a shorter
/// last line. Lines may be indented, quoted, joined by operators, or parted by a written `\n`.
/// `whole` characters make whole bytes.
pub(super) fn wrapped(text: &[u8], first: Range<usize>, whole: usize) -> Vec<Range<usize>> {
    let (mut width, mut end) = (first.len(), first.end);
    let mut lines = vec![first];
    while let Some(gap) = gap(text, end) {
        let rest = text.get(gap.to..).unwrap_or_default();
        let len = rest.iter().position(|byte| !CLASS[usize::from(*byte)]).unwrap_or(rest.len());
        let line = gap.to..gap.to + len;
        if gap.joined {
            end = line.end;
            lines.push(line);
            continue;
        }
        if lines.len() == 1 {
            // The first line may begin further right, after a key.
            width = width.max(len);
        }
        if width < LEAST_WIDTH || len > width {
            break;
        }
        if len < width {
            if is_last(text, &lines, &line, whole) {
                lines.push(line);
            }
            break;
        }
        end = line.end;
        lines.push(line);
    }
    lines
}

/// What stands between two lines of a run.
struct Gap {
    /// Where the next line begins.
    to: usize,
    /// Whether more than the layout says that the two belong together.
    joined: bool,
}

fn gap(text: &[u8], from: usize) -> Option<Gap> {
    if text.get(from..from + 2) == Some(b"\\/") {
        // JSON writers may escape the slash.
        return Some(Gap { to: from + 1, joined: true });
    }
    let (mut at, mut broken, mut quotes) = (from, false, 0);
    while at < from + MOST_GAP {
        let next = text.get(at + 1);
        match text.get(at)? {
            b'\n' => broken = true,
            b'"' | b'\'' | b'`' => quotes += 1,
            b' ' | b'\t' | b'\r' | b'.' | b'&' | b'|' | b'#' | b'*' | b'>' => {}
            b'\\' => match next {
                Some(b'n' | b'r') => {
                    broken = true;
                    at += 1;
                }
                Some(b'\\' | b'\r' | b'\n' | b'"' | b'\'') => {}
                _ => return None,
            },
            b'+' if !next.is_some_and(|byte| CLASS[usize::from(*byte)]) => {}
            byte if CLASS[usize::from(*byte)] && (broken || quotes == 2) => {
                return Some(Gap { to: at, joined: quotes == 2 });
            }
            _ => return None,
        }
        at += 1;
    }
    None
}

/// Whether a shorter line ends the run rather than being the next word of the file: nothing but
/// padding and quotes follows it on its line, and as wrapping writers pad, it makes the run whole.
fn is_last(text: &[u8], lines: &[Range<usize>], line: &Range<usize>, whole: usize) -> bool {
    let rest = text.get(line.end..).unwrap_or_default();
    let rest = rest.get(..8).unwrap_or(rest);
    let padding = rest.iter().take_while(|byte| **byte == b'=').count();
    let after = rest.iter().find(|byte| !matches!(byte, b'=' | b'"' | b'\'' | b' ' | b';' | b','));
    let total = lines.iter().map(Range::len).sum::<usize>() + line.len() + padding;
    let narrow = lines.len() > 1 || lines.iter().all(|line| line.len() <= MOST_WIDTH);
    narrow
        && total.is_multiple_of(whole)
        && matches!(after, None | Some(b'\n' | b'\r' | b'\\' | b'<'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn finds_the_runs_that_a_plain_loop_finds(text in "[a-c+/_-]{0,40}([a-zA-Z0-9+/_-]{0,40}[ .,:@`{\\[^\n\x00\x7f\u{e4}]{0,2}){0,9}") {
            let text = text.as_bytes();
            let mut expected = Vec::new();
            let mut start = 0;
            for at in 0..=text.len() {
                if at == text.len() || !CLASS[usize::from(text[at])] {
                    if at - start >= LEAST {
                        expected.push(start..at);
                    }
                    start = at + 1;
                }
            }
            let mut found = Vec::new();
            let mut from = 0;
            while let Some(run) = next(text, from) {
                from = run.end;
                found.push(run);
            }
            prop_assert_eq!(found, expected);
        }
    }
}
