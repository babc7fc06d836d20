//! Encodings and containers, opened within a budget. Each decoder turns a stretch of bytes into
//! other bytes and says where they came from; the engine scans those again, one layer deeper.
//!
//! [`decode`] looks through one layer: the bytes of a stored file, or those that a decoder gave. It
//! hands every piece it finds to the caller's sink, which scans it and may call [`decode_again`]
//! with one less depth. A container is known by its first bytes and only opened; text goes through
//! the text decoders, each of which skips what the layer above has seen already. They work on
//! [`cells`], groups of lines that do not depend on each other, so that a text that changes in one
//! place need be decoded again only there.

mod base64;
mod budget;
pub mod cells;
mod compress;
mod concat;
mod container;
mod escape;
mod hex;
mod html;
mod image;
mod map;
mod notebook;
mod out;
mod pdf;
mod pdf_text;
mod percent;
mod region;
mod runs;
mod sqlite;
mod tar;
mod text;
mod utf16;
mod zip;

#[cfg(test)]
mod testing;

pub use budget::{Budget, Problem, Trouble};
pub use map::{OffsetMap, Run};

use std::ops::Range;

use crate::model::Layer;
use out::Out;

/// The shortest text worth looking at: two dozen base64 characters are the shortest encoding.
const SHORTEST: usize = 12;

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

/// Receives what was decoded, and the budget to decode further with.
pub type Sink<'a> = dyn FnMut(Decoded, &mut Budget) + 'a;

/// Finds everything encoded in `text`, stored bytes as they are, and hands it to `sink` piece by
/// piece in the order of decoders and offsets. `budget.depth` counts the layers that may be opened
/// below `text`: with 0, nothing is decoded and `budget.exceeded` says so if there was something.
pub fn decode(text: &[u8], budget: &mut Budget, sink: &mut Sink<'_>) {
    layer(text, None, budget, sink);
}

/// The same for a piece that a sink was given. What its own source already showed is left out.
/// The caller lowers `budget.depth` by one before and raises it again after.
pub fn decode_again(piece: &Decoded, budget: &mut Budget, sink: &mut Sink<'_>) {
    layer(&piece.bytes, Some(piece), budget, sink);
}

fn layer(text: &[u8], via: Option<&Decoded>, budget: &mut Budget, sink: &mut Sink<'_>) {
    if text.len() < SHORTEST {
        return;
    }
    let mut out = Out::new(text, via, budget, sink);
    if is_plain(text) {
        let mut found = Vec::new();
        cells::find(text, 0..text.len(), &mut found);
        for cell in cells::sorted(&mut found) {
            plain(&mut out.part(cell.clone()));
        }
        return;
    }
    if let Some(kind) = container::sniff(text)
        && container::open(kind, &mut out)
    {
        return;
    }
    if notebook::is_notebook(text) && out.budget.deeper() && notebook::open(&mut out) {
        return;
    }
    if memchr::memchr(0, text).is_some() {
        utf16::runs(&mut out);
    }
    if text::is_binary(text) {
        runs::decode(&mut out);
    } else {
        plain(&mut out);
    }
}

/// The encodings that stand in the lines of a text.
fn plain(out: &mut Out<'_, '_>) {
    runs::decode(out);
    region::decode(out);
    concat::decode(out);
}

/// Whether `text` is nothing but text by its bytes: no container, no notebook, no NUL. Such a text
/// is decoded cell by cell.
pub fn is_plain(text: &[u8]) -> bool {
    memchr::memchr(0, text).is_none() && begins_plain(text)
}

/// The same for a text that is known to hold no NUL.
pub fn begins_plain(text: &[u8]) -> bool {
    container::sniff(text).is_none() && !notebook::is_notebook(text)
}

/// Decodes one cell of a plain text (see [`cells`]) just as [`decode`] decodes all of them.
pub fn decode_cell(text: &[u8], cell: Range<usize>, budget: &mut Budget, sink: &mut Sink<'_>) {
    if text.len() >= SHORTEST {
        plain(&mut Out::new(text, None, budget, sink).part(cell));
    }
}

#[cfg(test)]
mod tests {
    use super::testing::{flip_everywhere, pieces, walk};
    use super::*;
    use ::base64::Engine;
    use ::base64::engine::general_purpose::STANDARD;
    use proptest::prelude::*;
    use std::io::Write;

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn layers_inside_layers_are_opened_and_named() {
        let secret = "password = correct-horse-battery-staple";
        let file = format!("data: {}\n", STANDARD.encode(gzipped(secret.as_bytes())));
        let mut header = ::tar::Header::new_gnu();
        header.set_size(file.len() as u64);
        header.set_cksum();
        let mut tar = ::tar::Builder::new(Vec::new());
        tar.append_data(&mut header, "app.yml", file.as_bytes()).unwrap();
        let mut zip = ::zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        zip.start_file("x.tgz", ::zip::write::SimpleFileOptions::default()).unwrap();
        zip.write_all(&gzipped(&tar.into_inner().unwrap())).unwrap();
        let bytes = zip.finish().unwrap().into_inner();

        let (found, budget) = walk(&bytes, Budget::default());
        let (layers, _) = found.iter().find(|(_, bytes)| bytes == secret.as_bytes()).unwrap();
        let expected = [
            Layer::Zip(b"x.tgz".to_vec()),
            Layer::Gzip,
            Layer::Tar(b"app.yml".to_vec()),
            Layer::Base64,
            Layer::Gzip,
        ];
        assert_eq!(layers, &expected);
        assert_eq!(budget.exceeded, None);

        let (found, budget) = walk(&bytes, Budget { depth: 4, ..Budget::default() });
        assert!(!found.iter().any(|(_, bytes)| bytes == secret.as_bytes()));
        assert!(budget.exceeded.is_some(), "the fifth layer was left unread");
    }

    #[test]
    fn plain_text_costs_nothing() {
        let (found, budget) =
            walk(b"fn main() { println!(\"hello\"); } // 100%", Budget::default());
        assert!(found.is_empty());
        assert_eq!(budget.bytes, Budget::default().bytes);
        assert_eq!(budget.items, Budget::default().items);
    }

    #[test]
    fn ten_megabytes_in_one_line_are_decoded_once() {
        let text = "password is hunter2 and so on; ".repeat((10 << 20) / 31);
        let encoded = STANDARD.encode(&text);
        let found = pieces(encoded.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes, text.as_bytes());
    }

    #[test]
    fn the_item_budget_ends_decoding() {
        let line = STANDARD.encode("a text that is long enough to count") + "\n\n";
        let (found, budget) =
            walk(line.repeat(50).as_bytes(), Budget { items: 10, ..Budget::default() });
        assert_eq!(found.len(), 10);
        assert!(budget.exceeded.is_some());
    }

    #[test]
    fn damaged_nests_are_survived() {
        flip_everywhere(&gzipped(STANDARD.encode(gzipped(b"inner text here")).as_bytes()));
    }

    proptest! {
        #[test]
        fn any_bytes_are_survived_and_maps_stay_inside(
            magic in prop::sample::select(MAGICS),
            bytes in prop::collection::vec(any::<u8>(), 0..600),
        ) {
            let text = [magic, &bytes].concat();
            let mut budget = Budget { bytes: 1 << 20, ..Budget::default() };
            decode(&text, &mut budget, &mut |piece, _| {
                let source = piece.map.source(0, piece.bytes.len());
                assert!(source.start <= source.end && source.end <= text.len());
            });
        }

        #[test]
        fn any_text_is_survived(text in r#"[a-zA-F0-9+/=\\%&;#"'.\n ]{0,400}"#) {
            walk(text.as_bytes(), Budget::default());
        }
    }

    const MAGICS: &[&[u8]] = &[
        b"",
        b"\x1f\x8b\x08\0",
        b"x\x9c",
        b"BZh91AY&SY",
        b"\xfd7zXZ\0\0\x01",
        b"\x28\xb5\x2f\xfd",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xff\xfe",
        b"\xfe\xff",
        b"SQLite format 3\0\x02\0\x01\x01\0",
        b"%PDF-1.4\n1 0 obj <</Filter/FlateDecode>> stream\nx\x9c",
        b"\x89PNG\r\n\x1a\n\0\0\0\x10iTXt",
        b"\xff\xd8\xff\xe1",
        b"GIF89a",
        b"RIFF\0\0\0\0WEBPXMP ",
        b"{\"nbformat\": 4, \"cells\": [{\"cell_type\": \"source\": [\"",
    ];
}
