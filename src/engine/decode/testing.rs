//! The small driver that the decoders' tests share: what the engine does, without the scanning.

use super::{Budget, Decoded, decode, decode_again};
use crate::model::Layer;

/// A piece and the layers it came through.
pub(super) type Seen = (Vec<Layer>, Vec<u8>);

/// Two lower-case digits a byte.
pub(super) fn to_hex(bytes: &[u8]) -> String {
    let digit = |value: u8| char::from(b"0123456789abcdef"[usize::from(value)]);
    bytes.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// The pieces of one layer.
pub(super) fn pieces(text: &[u8]) -> Vec<Decoded> {
    let mut found = Vec::new();
    decode(text, &mut Budget::default(), &mut |piece, _| found.push(piece));
    found
}

/// The pieces that came through `layer`, as text.
pub(super) fn texts(text: &[u8], layer: &Layer) -> Vec<String> {
    let pieces = pieces(text).into_iter().filter(|piece| piece.layer == *layer);
    pieces.map(|piece| String::from_utf8_lossy(&piece.bytes).into_owned()).collect()
}

/// Every piece of every layer, with the layers it came through.
pub(super) fn walk(text: &[u8], mut budget: Budget) -> (Vec<Seen>, Budget) {
    let mut found = Vec::new();
    decode(text, &mut budget, &mut |piece, budget| follow(piece, &[], budget, &mut found));
    (found, budget)
}

fn follow(piece: Decoded, above: &[Layer], budget: &mut Budget, found: &mut Vec<Seen>) {
    let path: Vec<Layer> = above.iter().chain([&piece.layer]).cloned().collect();
    budget.depth -= 1;
    decode_again(&piece, budget, &mut |inner, budget| follow(inner, &path, budget, found));
    budget.depth += 1;
    found.push((path, piece.bytes));
}

/// Decodes `sample` cut at every byte, and shows each outcome to `check`, except those cut so short
/// that nothing tells the format any more.
pub(super) fn cut_everywhere(sample: &[u8], check: impl Fn(&[Seen], &Budget)) {
    for len in 0..sample.len() {
        let (found, budget) = walk(&sample[..len], Budget::default());
        if len >= 64 {
            check(&found, &budget);
        }
    }
}

/// Decodes `sample` with each byte in turn set to values that upset length and count fields.
pub(super) fn flip_everywhere(sample: &[u8]) {
    let mut bytes = sample.to_vec();
    for at in 0..bytes.len() {
        for value in [0, 0x7f, 0xff, bytes[at] ^ 1] {
            let old = std::mem::replace(&mut bytes[at], value);
            walk(&bytes, Budget { bytes: 4 << 20, ..Budget::default() });
            bytes[at] = old;
        }
    }
}
