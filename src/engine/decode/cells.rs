//! Groups of lines that are decoded together, and alone: what stands in one cell is decoded the same
//! whatever stands in the others. That is what lets a scan follow changes.
//!
//! Lines belong together where an encoding may go on over the line break between them: base64 or
//! hexadecimal wrapped over lines, string literals joined over lines. Whether they do is decided by
//! at most [`CONTEXT`] bytes on either side of the break. A cell is decoded only where one of the
//! text decoders may begin: at a long run of base64 characters, at an escape, at the seam of two
//! literals.

use std::ops::Range;

use super::concat::MOST_GAP;
use super::runs::{CLASS, LEAST};
use super::{concat, region, runs};

/// Bytes on either side of a line break that decide whether lines belong together.
pub const CONTEXT: usize = MOST_GAP;

/// The most quotes, operators and the like at a line's end, after a run that goes on.
const MOST_TAIL: usize = 12;

/// The most bytes of an escape, less one: eight backslashes and a code, twice over.
const ESCAPE: usize = 40;

/// Adds the cells of `text` in which an encoding begins within `range`. A cell may be added more
/// than once.
pub fn find(text: &[u8], range: Range<usize>, cells: &mut Vec<Range<usize>>) {
    runs_in(text, range.clone(), cells);
    escapes_in(text, range.clone(), cells);
    seams_in(text, range, cells);
}

/// Adds the cells in which an encoding may begin because `gap` came between what stands on its two
/// sides, or because what stood between them is gone: those that begin in the gap, and those that
/// begin before and reach it.
pub fn find_near(text: &[u8], gap: Range<usize>, cells: &mut Vec<Range<usize>>) {
    // So wide that runs which only touch the gap are looked at, too: they may have ended elsewhere.
    let wide = gap.start.saturating_sub(LEAST)..(gap.end + LEAST).min(text.len());
    runs_in(text, wide, cells);
    escapes_in(text, gap.start.saturating_sub(ESCAPE)..gap.end, cells);
    // No quote stands inside a seam, so of those before the gap only the last one's can reach it.
    // Whether the first quote after it is escaped depends on the byte before.
    let from = gap.start.saturating_sub(MOST_GAP);
    let before = text.get(from..gap.start).unwrap_or_default();
    if let Some(last) = memchr::memrchr3(b'"', b'\'', b'`', before) {
        seams_in(text, from + last..from + last + 1, cells);
    }
    seams_in(text, gap.start..(gap.end + 1).min(text.len()), cells);
}

fn runs_in(text: &[u8], range: Range<usize>, cells: &mut Vec<Range<usize>>) {
    let within = text.get(..range.end).unwrap_or(text);
    let mut from = range.start;
    while let Some(run) = runs::next(within, from) {
        from = if runs::promises(text, &run) { add(text, run.start, cells) } else { run.end };
    }
}

fn escapes_in(text: &[u8], range: Range<usize>, cells: &mut Vec<Range<usize>>) {
    let mut from = range.start;
    while let Some(at) = region::next(text, from..range.end) {
        from = add(text, at, cells).min(range.end);
    }
}

fn seams_in(text: &[u8], range: Range<usize>, cells: &mut Vec<Range<usize>>) {
    let mut from = range.start;
    while let Some(at) = concat::next(text, from..range.end) {
        from = add(text, at, cells).min(range.end);
    }
}

/// Adds the cell that holds the byte at `at`; gives its end. Places come mostly in order, so the cell
/// that was added last is asked first: a long cell with many changes in it is measured once.
fn add(text: &[u8], at: usize, cells: &mut Vec<Range<usize>>) -> usize {
    if let Some(last) = cells.last().filter(|cell| cell.contains(&at)) {
        return last.end;
    }
    let cell = around(text, at);
    let end = cell.end.max(at + 1);
    cells.push(cell);
    end
}

/// Each cell once, in order.
pub fn sorted(cells: &mut Vec<Range<usize>>) -> &[Range<usize>] {
    cells.sort_unstable_by_key(|cell| cell.start);
    cells.dedup();
    cells
}

/// The cell that holds the byte at `at`.
pub fn around(text: &[u8], at: usize) -> Range<usize> {
    let at = at.min(text.len());
    start(text, at)..end(text, at)
}

fn start(text: &[u8], mut at: usize) -> usize {
    while let Some(line) = memchr::memrchr(b'\n', text.get(..at).unwrap_or_default()) {
        if parts(text, line) {
            return line + 1;
        }
        at = line;
    }
    0
}

fn end(text: &[u8], mut at: usize) -> usize {
    while let Some(line) = memchr::memchr(b'\n', text.get(at..).unwrap_or_default()) {
        at += line + 1;
        if parts(text, at - 1) {
            return at;
        }
    }
    text.len()
}

/// Whether the line break at `line` parts two cells.
fn parts(text: &[u8], line: usize) -> bool {
    let before = text.get(line.saturating_sub(CONTEXT)..line).unwrap_or_default();
    let after = text.get(line + 1..).unwrap_or_default();
    let after = after.get(..CONTEXT).unwrap_or(after);
    let (before, after) = (before.trim_ascii_end(), after.trim_ascii_start());
    let (Some(last), Some(first)) = (before.last(), after.first()) else { return true };
    !(joins_literals(before, *last, after, *first) || wraps_run(before, after))
}

/// Whether a literal may end above and be joined to one that begins below.
fn joins_literals(before: &[u8], last: u8, after: &[u8], first: u8) -> bool {
    let comment_below = after.starts_with(b"//") || after.starts_with(b"# ");
    let begins = is_quote(first) || comment_below || is_prefixed(after);
    let goes_on = begins || is_operator(first) || first == b'\\';
    if is_quote(last) {
        return goes_on;
    }
    if is_operator(last) || matches!(last, b'\\' | b'_') {
        return begins;
    }
    // `"a" + // why`, with the literal that goes on below.
    begins && ends_in_comment(before)
}

/// Whether the last line ends with a comment that stands after a literal or an operator.
fn ends_in_comment(before: &[u8]) -> bool {
    let start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
    let line = before.get(start..).unwrap_or_default();
    let follows = |at: usize| {
        let above = before.get(..start + at).unwrap_or_default().trim_ascii_end();
        above.last().is_none_or(|byte| is_quote(*byte) || is_operator(*byte))
    };
    memchr::memmem::find_iter(line, b"//").any(follows)
        || memchr::memmem::find_iter(line, b"# ").any(follows)
}

/// Whether a run of base64 characters that is long enough to be wrapped may go on below.
fn wraps_run(before: &[u8], after: &[u8]) -> bool {
    let decoration = |byte: &u8| {
        is_quote(*byte) || matches!(byte, b' ' | b'\t' | b'.' | b'&' | b'|' | b'+' | b'\\' | b'=')
    };
    let mut run = before;
    for _ in 0..MOST_TAIL {
        run = match run {
            [rest @ .., b'\\', b'n' | b'r'] => rest,
            [rest @ .., last] if decoration(last) => rest,
            _ => break,
        };
    }
    let run = run.get(run.len().saturating_sub(LEAST)..).unwrap_or_default();
    let long = run.len() == LEAST && run.iter().rev().all(|byte| CLASS[usize::from(*byte)]);
    let lead = |byte: &u8| decoration(byte) || matches!(byte, b'#' | b'*' | b'>');
    long && after.iter().find(|byte| !lead(byte)).is_some_and(|byte| CLASS[usize::from(*byte)])
}

/// Whether a literal with a prefix such as `f` or `rb` begins here.
fn is_prefixed(after: &[u8]) -> bool {
    let prefix = |byte: &&u8| {
        matches!(byte, b'b' | b'B' | b'r' | b'R' | b'f' | b'F' | b'u' | b'U' | b'L' | b'@' | b'$')
    };
    let length = after.iter().take(2).take_while(prefix).count();
    length > 0 && after.get(length).is_some_and(|byte| is_quote(*byte))
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// First and last bytes of the operators that join literals.
fn is_operator(byte: u8) -> bool {
    matches!(byte, b'.' | b'+' | b'<' | b'>' | b'|' | b'&' | b'~' | b'^')
}
