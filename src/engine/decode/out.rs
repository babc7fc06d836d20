//! What every decoder works with: the text of one layer, the budget, and the way to the sink.

use std::ops::Range;

use super::budget::Budget;
use super::map::OffsetMap;
use super::{Decoded, Sink};
use crate::model::Layer;

/// One layer's text on its way through the decoders.
pub(super) struct Out<'a, 'b> {
    /// The bytes to decode: a text, or one cell of it.
    pub text: &'a [u8],
    /// Where they start in the text that the sink knows.
    offset: usize,
    /// What that may cost.
    pub budget: &'a mut Budget,
    sink: &'a mut Sink<'b>,
    /// The map of `text`, where it is another layer's text with some of it replaced.
    from: Option<&'a OffsetMap>,
    /// The text decoder that made `text`, if one did.
    kind: Option<TextKind>,
}

/// The decoders that replace parts of a line and leave the rest. A text that has several of these
/// encodings goes through them in this order, so that no two orders give the same text twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TextKind {
    Escape,
    Percent,
    Html,
    Concat,
}

impl TextKind {
    fn of(layer: &Layer) -> Option<TextKind> {
        match layer {
            Layer::UnicodeEscape => Some(TextKind::Escape),
            Layer::Percent => Some(TextKind::Percent),
            Layer::HtmlEntity => Some(TextKind::Html),
            Layer::Concatenation => Some(TextKind::Concat),
            _ => None,
        }
    }
}

impl<'a, 'b> Out<'a, 'b> {
    pub fn new(
        text: &'a [u8],
        via: Option<&'a Decoded>,
        budget: &'a mut Budget,
        sink: &'a mut Sink<'b>,
    ) -> Self {
        let kind = via.and_then(|piece| TextKind::of(&piece.layer));
        let from = via.filter(|_| kind.is_some()).map(|piece| &piece.map);
        Out { text, offset: 0, budget, sink, from, kind }
    }

    /// The same for a part of the text.
    pub fn part(&mut self, range: Range<usize>) -> Out<'_, 'b> {
        Out {
            text: self.text.get(range.clone()).unwrap_or_default(),
            offset: self.offset + range.start,
            budget: self.budget,
            sink: self.sink,
            from: self.from,
            kind: self.kind,
        }
    }

    fn in_text(&self, range: &Range<usize>) -> Range<usize> {
        range.start + self.offset..range.end + self.offset
    }

    /// Whether an encoded run at `range` is not just what the layer above had there.
    pub fn fresh(&self, range: &Range<usize>) -> bool {
        self.from.is_none_or(|map| !map.copied_with_neighbours(&self.in_text(range)))
    }

    /// The same for an escape that `kind` decodes: later kinds have not run on the layer above.
    pub fn fresh_for(&self, kind: TextKind, range: &Range<usize>) -> bool {
        self.kind.is_none_or(|made_by| kind > made_by)
            || self.from.is_none_or(|map| !map.copied(&self.in_text(range)))
    }

    /// Hands a piece on. False when the budget is at an end and decoding should stop.
    pub fn emit(&mut self, layer: Layer, bytes: Vec<u8>, map: OffsetMap) -> bool {
        if bytes.is_empty() || bytes == self.text {
            return true;
        }
        if !self.budget.deeper() || !self.budget.take_item() {
            return false;
        }
        let map = map.shifted(self.offset);
        (self.sink)(Decoded { layer, bytes, map }, self.budget);
        true
    }

    /// The whole text as a source, for decodings without a finer answer.
    pub fn whole(&self) -> OffsetMap {
        OffsetMap::Whole { start: 0, end: self.text.len() }
    }
}
