//! Encodings and containers, opened within a budget. Each decoder turns a stretch of bytes into
//! other bytes and says where they came from; the engine scans those again, one layer deeper.

use crate::model::Layer;

/// Bytes that were inside other bytes.
#[derive(Debug)]
pub struct Decoded {
    /// How they were inside.
    pub layer: Layer,
    /// The decoded bytes.
    pub bytes: Vec<u8>,
    /// From decoded offsets to offsets in the text they came from.
    pub map: OffsetMap,
}

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
    /// Runs copied or decoded in order: (decoded offset, source offset), both ascending, the first
    /// entry at decoded offset 0; `end` is the source offset after the last run. Inside a run
    /// offsets grow by `numerator / denominator` source bytes a decoded byte.
    Runs {
        /// Where runs start.
        starts: Vec<(usize, usize)>,
        /// Source offset after the last.
        end: usize,
        /// Source bytes a decoded byte: 1/1 for copies, 4/3 for base64, 2/1 for hex.
        ratio: (usize, usize),
    },
}

impl OffsetMap {
    /// The source stretch that decoded bytes `start..end` came from.
    pub fn source(&self, start: usize, end: usize) -> std::ops::Range<usize> {
        match self {
            OffsetMap::Whole { start, end } => *start..*end,
            OffsetMap::Runs { starts, end: last, ratio } => {
                let at = |offset: usize| {
                    let run = starts.partition_point(|(decoded, _)| *decoded <= offset);
                    let (decoded, source) = starts[run.saturating_sub(1)];
                    let next = starts.get(run).map_or(*last, |(_, source)| *source);
                    (source + (offset - decoded) * ratio.0 / ratio.1).min(next)
                };
                let first = at(start);
                let end = if end > start { at(end - 1) + ratio.0.div_ceil(ratio.1) } else { first };
                first..end.min(*last).max(first)
            }
        }
    }
}

/// What decoding one content may still cost. Budgets count bytes, members and depth rather than
/// time, so that a scan gives the same result on any machine.
#[derive(Debug, Clone)]
pub struct Budget {
    /// Bytes that may still be decoded out of this content, all layers together.
    pub bytes: u64,
    /// Container members and encoded runs that may still be opened.
    pub items: u32,
    /// Layers that may still be opened below this one.
    pub depth: u8,
    /// Why something was left unread, if anything was.
    pub exceeded: Option<&'static str>,
}

impl Default for Budget {
    fn default() -> Self {
        Budget { bytes: 256 << 20, items: 100_000, depth: 6, exceeded: None }
    }
}
