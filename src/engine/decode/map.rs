//! From decoded bytes back to the bytes they came from, so that a finding deep inside an encoding
//! still points at the right line and column of the stored file.

use std::ops::Range;

/// Where decoded bytes came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OffsetMap {
    /// All of `start..end`, without a finer answer (compressed data).
    Whole {
        /// First source byte.
        start: usize,
        /// After the last source byte.
        end: usize,
    },
    /// Runs in order, without gaps on the decoded side.
    Runs {
        /// The runs, ascending on both sides, the first at unit 0. Sources may have gaps.
        runs: Vec<Run>,
        /// Units a decoded byte, as a fraction: 1/1 where units are decoded bytes, 4/3 where they
        /// are base64 characters, 2/1 where they are hexadecimal digits.
        ratio: (usize, usize),
    },
}

/// Consecutive units that came from consecutive source bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// First unit.
    pub unit: usize,
    /// How many units; at least 1.
    pub units: usize,
    /// First source byte.
    pub source: usize,
    /// How many source bytes: as many as units for a copy, another number for something replaced
    /// as a whole (an escape, a UTF-16 unit), 0 for something inserted.
    pub len: usize,
}

impl Run {
    fn is_copy(&self) -> bool {
        self.units == self.len
    }
}

impl OffsetMap {
    /// The source stretch that decoded bytes `start..end` came from.
    pub fn source(&self, start: usize, end: usize) -> Range<usize> {
        match self {
            OffsetMap::Whole { start, end } => *start..*end,
            OffsetMap::Runs { runs, ratio } => {
                let (up, down) = (ratio.0.max(1), ratio.1.max(1));
                let Some(first) = run_at(runs, start * up / down) else { return 0..0 };
                let unit = start * up / down;
                let from = first.source
                    + (unit.saturating_sub(first.unit) * first.len / first.units.max(1))
                        .min(first.len);
                let after = (end * up).div_ceil(down);
                let Some(last) = run_at(runs, after.saturating_sub(1)) else { return from..from };
                let within = after.saturating_sub(last.unit).min(last.units);
                let to = last.source + (within * last.len).div_ceil(last.units.max(1));
                from..if end > start { to.max(from) } else { from }
            }
        }
    }

    /// The same map for a source that begins `offset` bytes later.
    pub(super) fn shifted(self, offset: usize) -> OffsetMap {
        match self {
            OffsetMap::Whole { start, end } => {
                OffsetMap::Whole { start: start + offset, end: end + offset }
            }
            OffsetMap::Runs { mut runs, ratio } => {
                for run in runs.iter_mut().filter(|_| offset > 0) {
                    run.source += offset;
                }
                OffsetMap::Runs { runs, ratio }
            }
        }
    }

    /// Whether decoded bytes `range` stand in the source just as they do here.
    pub(super) fn copied(&self, range: &Range<usize>) -> bool {
        let OffsetMap::Runs { runs, ratio: (1, 1) } = self else { return false };
        run_at(runs, range.start)
            .is_some_and(|run| run.is_copy() && range.end <= run.unit + run.units)
    }

    /// Whether, on top of that, their neighbours on both sides do, so that a run of characters that
    /// ends there ended there in the source, too.
    pub(super) fn copied_with_neighbours(&self, range: &Range<usize>) -> bool {
        let OffsetMap::Runs { runs, .. } = self else { return false };
        let end = runs.last().map_or(0, |last| last.unit + last.units);
        let wider = range.start.saturating_sub(1)..(range.end + 1).min(end);
        self.copied(&wider)
    }
}

/// The run that holds `unit`, or the last one before it.
fn run_at(runs: &[Run], unit: usize) -> Option<&Run> {
    let after = runs.partition_point(|run| run.unit <= unit);
    runs.get(after.saturating_sub(1))
}

/// Builds decoded bytes together with their map.
#[derive(Debug, Default)]
pub(super) struct Builder {
    pub bytes: Vec<u8>,
    runs: Vec<Run>,
}

impl Builder {
    /// Appends `range` of `text` as it is.
    pub fn copy(&mut self, text: &[u8], range: Range<usize>) {
        let Some(part) = text.get(range.clone()) else { return };
        let (unit, len) = (self.bytes.len(), part.len());
        self.bytes.extend_from_slice(part);
        if len == 0 {
            return;
        }
        if let Some(run) = self.runs.last_mut()
            && run.is_copy()
            && run.source + run.len == range.start
        {
            run.units += len;
            run.len += len;
            return;
        }
        self.runs.push(Run { unit, units: len, source: range.start, len });
    }

    /// Appends `bytes` in place of source bytes `range`.
    pub fn replace(&mut self, bytes: &[u8], range: Range<usize>) {
        if bytes.is_empty() {
            return;
        }
        let unit = self.bytes.len();
        self.bytes.extend_from_slice(bytes);
        self.runs.push(Run { unit, units: bytes.len(), source: range.start, len: range.len() });
    }

    /// Appends two source bytes as one ASCII character, as UTF-16 has it.
    pub fn halve(&mut self, byte: u8, source: usize) {
        let unit = self.bytes.len();
        self.bytes.push(byte);
        if let Some(run) = self.runs.last_mut()
            && run.units * 2 == run.len
            && run.source + run.len == source
        {
            run.units += 1;
            run.len += 2;
            return;
        }
        self.runs.push(Run { unit, units: 1, source, len: 2 });
    }

    /// The bytes and where they came from.
    pub fn finish(self) -> (Vec<u8>, OffsetMap) {
        (self.bytes, OffsetMap::Runs { runs: self.runs, ratio: (1, 1) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replaced_stretches_map_as_a_whole_and_copies_byte_by_byte() {
        let text = b"ab%41cd";
        let mut builder = Builder::default();
        builder.copy(text, 0..2);
        builder.replace(b"A", 2..5);
        builder.copy(text, 5..7);
        let (bytes, map) = builder.finish();
        assert_eq!(bytes, b"abAcd");
        assert_eq!(map.source(0, 5), 0..7);
        assert_eq!(map.source(2, 3), 2..5);
        assert_eq!(map.source(1, 2), 1..2);
        assert_eq!(map.source(3, 4), 5..6);
        assert_eq!(map.source(3, 3), 5..5);
    }

    #[test]
    fn only_stretches_inside_a_copy_count_as_seen() {
        let text = b"abcdef%41ghijkl";
        let mut builder = Builder::default();
        builder.copy(text, 0..6);
        builder.replace(b"A", 6..9);
        builder.copy(text, 9..15);
        let (_, map) = builder.finish();
        assert!(map.copied_with_neighbours(&(0..5)));
        assert!(!map.copied_with_neighbours(&(0..6)), "its right neighbour is new");
        assert!(map.copied(&(0..6)));
        assert!(!map.copied_with_neighbours(&(7..9)), "its left neighbour is new");
        assert!(map.copied_with_neighbours(&(8..13)));
        assert!(!map.copied(&(5..8)));
    }

    #[test]
    fn base64_characters_of_a_wrapped_run_map_exactly() {
        // Two lines of 4 characters, 2 bytes of line break between them: 6 decoded bytes.
        let runs = vec![
            Run { unit: 0, units: 4, source: 10, len: 4 },
            Run { unit: 4, units: 4, source: 16, len: 4 },
        ];
        let map = OffsetMap::Runs { runs, ratio: (4, 3) };
        assert_eq!(map.source(0, 3), 10..14);
        assert_eq!(map.source(3, 6), 16..20);
        assert_eq!(map.source(0, 6), 10..20);
        assert_eq!(map.source(1, 2), 11..13);
    }
}
