//! Escapes inside lines: percent encoding, escapes of string literals, character references. The
//! lines around what is escaped are given with the escapes replaced, because the words next to a
//! value decide what it is. Text without escapes costs one search for three bytes.

use std::ops::Range;

use super::map::Builder;
use super::out::{Out, TextKind};
use super::{escape, html, percent};
use crate::model::Layer;

/// The most bytes of a line given before an escape, and after it.
const AROUND: usize = 2048;

/// Regions closer than this become one: what stands near a value tells what it is for.
const NEAR: usize = 128;

/// One escape in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Escape {
    /// Its length in the text.
    pub len: usize,
    /// What it stands for, in UTF-8.
    pub bytes: [u8; 4],
    /// How many of `bytes`.
    pub bytes_len: u8,
}

impl Escape {
    /// An escape of `len` bytes that stands for `character`.
    pub fn new(len: usize, character: char) -> Escape {
        let mut bytes = [0; 4];
        let bytes_len = u8::try_from(character.encode_utf8(&mut bytes).len()).unwrap_or(0);
        Escape { len, bytes, bytes_len }
    }

    /// What it stands for.
    pub fn value(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.bytes_len)).unwrap_or_default()
    }

    /// Whether it hides a character that credentials and what surrounds them are made of. Others
    /// are replaced where there is such a one near, but are no reason to decode a line.
    fn matters(&self) -> bool {
        self.bytes_len == 1 && super::text::is_ascii_text(self.bytes[0])
    }
}

/// One kind of escape.
struct Kind {
    order: TextKind,
    layer: Layer,
    /// The byte that every escape begins with.
    first: u8,
    /// The escape at an offset that holds `first`, if there is one.
    at: fn(&[u8], usize) -> Option<Escape>,
}

const KINDS: [Kind; 3] = [
    Kind { order: TextKind::Escape, layer: Layer::UnicodeEscape, first: b'\\', at: escape::at },
    Kind { order: TextKind::Percent, layer: Layer::Percent, first: b'%', at: percent::at },
    Kind { order: TextKind::Html, layer: Layer::HtmlEntity, first: b'&', at: html::at },
];

/// Decodes the escapes of all three kinds.
pub(super) fn decode(out: &mut Out<'_, '_>) {
    let mut regions: [Regions; 3] = Default::default();
    let text = out.text;
    let mut after = [0; 3];
    for at in memchr::memchr3_iter(b'\\', b'%', b'&', text) {
        let Some(byte) = text.get(at) else { return };
        let Some(index) = KINDS.iter().position(|kind| kind.first == *byte) else { continue };
        if at < after[index] {
            continue;
        }
        let kind = &KINDS[index];
        if let Some(escape) = (kind.at)(text, at) {
            after[index] = at + escape.len;
            if escape.matters() && out.fresh_for(kind.order, &(at..at + escape.len)) {
                regions[index].add(text, at..at + escape.len);
            }
        }
    }
    for (kind, regions) in KINDS.iter().zip(regions) {
        for region in regions.found {
            if !give(out, kind, region.range) {
                return;
            }
        }
    }
}

/// The first place in `range` where an escape that matters begins.
pub(super) fn next(text: &[u8], range: Range<usize>) -> Option<usize> {
    let within = text.get(range.clone())?;
    memchr::memchr3_iter(b'\\', b'%', b'&', within).map(|at| range.start + at).find(|at| {
        KINDS.iter().any(|kind| {
            text.get(*at) == Some(&kind.first)
                && (kind.at)(text, *at).is_some_and(|escape| escape.matters())
        })
    })
}

/// Hands on one region, its escapes replaced. False when the budget is at an end.
fn give(out: &mut Out<'_, '_>, kind: &Kind, region: Range<usize>) -> bool {
    if !out.budget.take(region.len()) {
        return false;
    }
    let mut builder = Builder::default();
    let (mut copied, mut at) = (region.start, region.start);
    let text = out.text.get(..region.end).unwrap_or_default();
    while let Some(found) = memchr::memchr(kind.first, text.get(at..).unwrap_or_default()) {
        at += found;
        let Some(escape) = (kind.at)(text, at) else {
            at += 1;
            continue;
        };
        builder.copy(text, copied..at);
        builder.replace(escape.value(), at..at + escape.len);
        at += escape.len;
        copied = at;
    }
    builder.copy(text, copied..region.end);
    let (bytes, map) = builder.finish();
    out.emit(kind.layer.clone(), bytes, map)
}

/// The stretches of a text to decode, in order, without overlap.
#[derive(Debug, Default)]
pub(super) struct Regions {
    pub found: Vec<Region>,
}

/// A stretch of a text.
#[derive(Debug)]
pub(super) struct Region {
    pub range: Range<usize>,
    /// Whether it ends with its line rather than in the middle of a long one.
    whole_line: bool,
}

impl Regions {
    /// Adds the line around `range`, at most 2 KiB before it and after it. Ranges come in order.
    pub fn add(&mut self, text: &[u8], range: Range<usize>) {
        let limit = range.end.saturating_add(AROUND).min(text.len());
        let last = self.found.last_mut();
        let known = last.as_ref().map_or(0, |last| last.range.end);
        if let Some(last) = last
            && range.start < known
        {
            if (!last.whole_line || range.end > known) && limit > known {
                (last.range.end, last.whole_line) = line_end(text, range.end.max(known), limit);
            }
            return;
        }
        let start = range.start.saturating_sub(AROUND).max(known);
        let before = text.get(start..range.start).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(start, |at| start + at + 1);
        let (end, whole_line) = line_end(text, range.end, limit);
        match self.found.last_mut() {
            Some(last) if start - known <= NEAR => {
                last.range.end = end;
                last.whole_line = whole_line;
            }
            _ => self.found.push(Region { range: start..end, whole_line }),
        }
    }
}

/// The end of the line that `from` is in, or `limit` where that comes first.
fn line_end(text: &[u8], from: usize, limit: usize) -> (usize, bool) {
    let rest = text.get(from..limit).unwrap_or_default();
    memchr::memchr(b'\n', rest).map_or((limit, limit == text.len()), |at| (from + at, true))
}

#[cfg(test)]
mod tests {
    use super::super::Budget;
    use super::super::testing::{pieces, texts, walk};
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_long_line_is_given_around_its_escapes_only() {
        let text = format!("{}%41{}", "x".repeat(10_000), "y".repeat(10_000));
        let found = pieces(text.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes.len(), 2 * AROUND + 1);
        assert_eq!(found[0].map.source(AROUND, AROUND + 1), 10_000..10_003);
    }

    #[test]
    fn each_line_comes_apart_so_that_a_change_in_one_leaves_the_others_alone() {
        let found = texts(b"a%3Db\nplain\nc%3Dd x\n", &Layer::Percent);
        assert_eq!(found, ["a=b", "c=d x"]);
    }

    #[test]
    fn a_line_with_several_encodings_goes_through_each_set_of_them_once() {
        let text = br"key = \u0041&#66;%43 and some more text";
        let (found, _) = walk(text, Budget::default());
        let full = found.iter().filter(|(_, bytes)| bytes.starts_with(b"key = ABC"));
        assert_eq!(full.count(), 1);
        assert_eq!(found.len(), 7);
    }

    #[test]
    fn what_a_decoder_uncovers_is_decoded_whatever_the_order() {
        for text in ["token%3D%26quot%3Babc%26quot%3B", "token&#61;&#37;22abc&#37;22"] {
            let (found, _) = walk(text.as_bytes(), Budget::default());
            assert!(found.iter().any(|(_, bytes)| bytes == b"token=\"abc\""), "{text}");
        }
    }

    #[test]
    fn ten_megabytes_of_escapes_in_one_line_are_one_piece() {
        let text = "%41".repeat(10 << 20 >> 1);
        let found = pieces(text.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes.len(), text.len() / 3);
    }

    proptest! {
        #[test]
        fn every_copied_byte_maps_to_itself(text in r"[a-e\n\\u04%1&#;x]{0,200}") {
            for piece in pieces(text.as_bytes()) {
                for at in 0..piece.bytes.len() {
                    let source = piece.map.source(at, at + 1);
                    prop_assert!(source.end <= text.len());
                    if source.len() == 1 {
                        prop_assert_eq!(piece.bytes[at], text.as_bytes()[source.start]);
                    }
                }
            }
        }
    }
}
