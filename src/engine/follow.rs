//! A plain text made from another that was scanned: what the two share is known already.
//!
//! Literals are inherited as [`super::literals`] says. Of the decoded cells those stay that no
//! change has come near; what else could be encoded begins near a change, or stood in a cell that
//! changed. Equal to scanning the whole text, which a property test holds against it.

use std::ops::Range;

use super::decode::cells;
use super::known::{Cell, Known, Text};
use super::literals::{Past, Scratch};
use super::{Engine, Outcome};

impl Engine {
    /// Scans `content` by its past. `None` where that cannot be sure to give what a scan of all of
    /// it gives, because a limit may be met.
    pub(super) fn follow(
        &self,
        content: &[u8],
        past: &Past<'_>,
        scratch: &mut Scratch,
    ) -> Option<(Outcome, Known)> {
        let mut outcome = Outcome::default();
        let (literals, found) = self.literals_after(content, past, scratch, &mut outcome.unread)?;
        let mut new = scratch.take_cells();
        let mut kept = inherit(content, past, &mut new);
        let mut spent = past.known.spent;
        for cell in cells::sorted(&mut new) {
            let mut budget = self.budget();
            kept.push(self.cell(content, cell.clone(), &mut budget, &mut outcome, scratch));
            spent.add(self.spent(&budget));
            budget.report(&mut outcome.unread);
        }
        scratch.put_cells(new);
        let most = self.limits.inherited();
        if !outcome.unread.is_empty() || spent.bytes > most.bytes || spent.items > most.items {
            return None;
        }
        kept.sort_unstable_by_key(|cell| cell.range.start);
        let known = Text { len: content.len(), literals, found, cells: kept, spent };
        self.matches(content, &known, &mut outcome);
        Some((outcome, Known(Some(Box::new(known)))))
    }
}

/// The cells that are as they were; adds to `new` those in which an encoding may begin otherwise.
fn inherit(content: &[u8], past: &Past<'_>, new: &mut Vec<Range<usize>>) -> Vec<Cell> {
    let known = past.known.cells.as_slice();
    let mut kept = Vec::new();
    for copy in &past.copies {
        let first = known.partition_point(|cell| cell.range.end <= copy.from);
        for cell in known.get(first..).unwrap_or_default() {
            if cell.range.start >= copy.from_end() {
                break;
            }
            let start = cell.range.start.max(copy.from) - copy.from + copy.to;
            let end = cell.range.end.min(copy.from_end()) - copy.from + copy.to;
            let around = cells::CONTEXT;
            let whole = end - start == cell.range.len();
            if whole && past.holds(copy, start.cast_signed() - around.cast_signed(), end + around) {
                kept.push(Cell { range: start..end, given: cell.given.clone() });
            } else {
                cells::find(content, start..end, new);
            }
        }
    }
    for gap in past.gaps() {
        cells::find_near(content, gap, new);
    }
    kept
}

#[cfg(test)]
mod tests;
