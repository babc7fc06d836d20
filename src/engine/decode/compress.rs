//! gzip, zlib, bzip2, xz and Zstandard: streams read through a limited reader, so that a bomb costs
//! its budget and no more, and a damaged stream still gives what came before the damage.

use std::io::Read;

use bzip2::bufread::BzDecoder;
use flate2::bufread::{DeflateDecoder, GzDecoder, ZlibDecoder};
use lzma_rust2::XzReader;
use ruzstd::decoding::{FrameDecoder, StreamingDecoder};

use super::budget::{Budget, Trouble};
use super::out::Out;
use crate::model::Layer;

/// Bytes read from a decompressor at a time.
const STEP: usize = 64 << 10;

/// The most memory an xz stream may ask for its dictionary, in KiB: `xz -9` needs 65 MiB.
const XZ_MEMORY_KIB: u32 = 100 << 10;

/// How reading a stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// As it should.
    Complete,
    /// With an error of the decompressor.
    Damaged,
    /// The budget did not cover it.
    Budget,
}

/// What was read so far.
struct Reading<'a> {
    bytes: Vec<u8>,
    step: Vec<u8>,
    budget: &'a mut Budget,
}

impl<'a> Reading<'a> {
    fn new(budget: &'a mut Budget) -> Self {
        Reading { bytes: Vec::new(), step: vec![0; STEP], budget }
    }

    /// Reads all of `stream` that the budget covers, charging as it goes.
    fn read(&mut self, mut stream: impl Read) -> End {
        loop {
            match stream.read(&mut self.step) {
                Ok(0) => return End::Complete,
                Ok(n) if !self.budget.take(n) => return End::Budget,
                Ok(n) => self.bytes.extend_from_slice(self.step.get(..n).unwrap_or_default()),
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(_) => return End::Damaged,
            }
        }
    }
}

/// Reads one stream.
pub(super) fn read(stream: impl Read, budget: &mut Budget) -> (Vec<u8>, End) {
    let mut reading = Reading::new(budget);
    let end = reading.read(stream);
    (reading.bytes, end)
}

/// Reads stream after stream for as long as `magic` stands at the start of what is left. What
/// follows the last is ignored, as the tools do: it is padding, or plain bytes that are scanned
/// where they stand.
fn read_all<'a>(
    mut data: &'a [u8],
    magic: &[u8],
    budget: &mut Budget,
    mut one: impl FnMut(&mut Reading<'_>, &mut &'a [u8]) -> End,
) -> (Vec<u8>, End) {
    let mut reading = Reading::new(budget);
    loop {
        let before = data.len();
        let end = one(&mut reading, &mut data);
        let more = data.starts_with(magic) && data.len() < before;
        if end != End::Complete || !more {
            return (reading.bytes, end);
        }
        // Streams may be empty and cost time all the same.
        if !reading.budget.take_item() {
            return (reading.bytes, End::Budget);
        }
    }
}

/// RFC 1952, all members of the file.
pub(super) fn gzip(out: &mut Out<'_, '_>) {
    let read = read_all(out.text, b"\x1f\x8b\x08", out.budget, |reading, data| {
        reading.read(GzDecoder::new(data))
    });
    give(out, Layer::Gzip, read);
}

/// RFC 1950. Its two magic bytes are a weak sign: false when nothing came out.
pub(super) fn zlib(out: &mut Out<'_, '_>) -> bool {
    let read = read_zlib(out.text, out.budget);
    if read.0.len() < STEP && read.1 == End::Damaged {
        let (bytes, _) = read;
        return bytes.len() >= super::SHORTEST && super::text::plausible(&bytes) && {
            give(out, Layer::Gzip, (bytes, End::Damaged));
            true
        };
    }
    give(out, Layer::Gzip, read);
    true
}

/// bzip2, all streams of the file.
pub(super) fn bzip2(out: &mut Out<'_, '_>) {
    let read = read_bzip2(out.text, out.budget);
    give(out, Layer::Bzip2, read);
}

/// xz, all streams of the file.
pub(super) fn xz(out: &mut Out<'_, '_>) {
    let read = read(xz_reader(out.text), out.budget);
    give(out, Layer::Xz, read);
}

/// Zstandard, all frames of the file, skippable ones skipped.
pub(super) fn zstd(out: &mut Out<'_, '_>) {
    let read = read_zstd(out.text, out.budget);
    give(out, Layer::Zstd, read);
}

/// Bare deflate, as zip members have it.
pub(super) fn read_deflate(data: &[u8], budget: &mut Budget) -> (Vec<u8>, End) {
    read(DeflateDecoder::new(data), budget)
}

/// A zlib stream inside something else.
pub(super) fn read_zlib(data: &[u8], budget: &mut Budget) -> (Vec<u8>, End) {
    read(ZlibDecoder::new(data), budget)
}

/// bzip2 streams, of a file or a zip member.
pub(super) fn read_bzip2(data: &[u8], budget: &mut Budget) -> (Vec<u8>, End) {
    read_all(data, b"BZh", budget, |reading, data| reading.read(BzDecoder::new(data)))
}

/// xz as a zip member.
pub(super) fn read_xz(data: &[u8], budget: &mut Budget) -> (Vec<u8>, End) {
    read(xz_reader(data), budget)
}

fn xz_reader(data: &[u8]) -> XzReader<&[u8]> {
    XzReader::new_mem_limit(data, true, XZ_MEMORY_KIB)
}

/// RFC 8878: frame after frame, of a file or a zip member.
pub(super) fn read_zstd(data: &[u8], budget: &mut Budget) -> (Vec<u8>, End) {
    let mut decoder = FrameDecoder::new();
    read_all(data, b"", budget, |reading, data| {
        if data.is_empty() {
            return End::Complete;
        }
        if let Some(rest) = skippable(data) {
            *data = rest;
            return End::Complete;
        }
        match StreamingDecoder::new_with_decoder(data, &mut decoder) {
            Ok(stream) => reading.read(stream),
            Err(_) => End::Damaged,
        }
    })
}

/// What follows the skippable frame that `data` begins with, if it does (RFC 8878, 3.1.2).
fn skippable(data: &[u8]) -> Option<&[u8]> {
    let (magic, rest) = data.split_first_chunk::<4>()?;
    if u32::from_le_bytes(*magic) & !0xf != 0x184d_2a50 {
        return None;
    }
    let (len, rest) = rest.split_first_chunk::<4>()?;
    let len = usize::try_from(u32::from_le_bytes(*len)).unwrap_or(usize::MAX);
    Some(rest.get(len..).unwrap_or_default())
}

fn give(out: &mut Out<'_, '_>, layer: Layer, (bytes, end): (Vec<u8>, End)) {
    if end == End::Damaged {
        out.budget.problem(layer.clone(), Trouble::Damaged);
    }
    let map = out.whole();
    out.emit(layer, bytes, map);
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces, walk};
    use super::*;
    use std::io::Write;

    const TEXT: &[u8] = b"a line of text in xz, and another one\n";

    /// [`TEXT`] as `xz` writes it.
    const XZ: &[u8] =
        b"\xfd\x37\x7a\x58\x5a\x00\x00\x01\x69\x22\xde\x36\x02\x00\x21\x01\x16\x00\x00\x00\x74\
          \x2f\xe5\xa3\x01\x00\x25\x61\x20\x6c\x69\x6e\x65\x20\x6f\x66\x20\x74\x65\x78\x74\x20\
          \x69\x6e\x20\x78\x7a\x2c\x20\x61\x6e\x64\x20\x61\x6e\x6f\x74\x68\x65\x72\x20\x6f\x6e\
          \x65\x0a\x00\x00\x00\x32\x23\xf9\x09\x00\x01\x3a\x26\xaf\xee\x22\xd7\x90\x42\x99\x0d\
          \x01\x00\x00\x00\x00\x01\x59\x5a";

    /// A MiB of zeros as `xz` writes it.
    const XZ_ZEROS: &[u8] =
        b"\xfd\x37\x7a\x58\x5a\x00\x00\x01\x69\x22\xde\x36\x02\x00\x21\x01\x16\x00\x00\x00\x74\
          \x2f\xe5\xa3\xef\xff\xff\x00\xd9\x5d\x00\x00\x6f\xfd\xff\xff\xa3\xb7\xff\x47\x3e\x48\
          \x15\x72\x39\x61\x51\xb8\x92\x28\xe6\xa3\x86\x07\xf9\xee\xe4\x1e\x82\xd3\x2f\xc5\x3a\
          \x3c\x01\x4b\xb1\x7e\xc9\x8a\x8a\x4d\x2f\xa3\x0d\xd9\x7f\xa6\xe3\x8c\x23\x11\x53\xe0\
          \x59\x18\xc5\x75\x8a\xe2\x77\xf8\xb6\x94\x7f\x0c\x6a\xc0\xde\x74\x49\x64\xe2\xe9\x5c\
          \x53\xb2\x04\xd8\xf7\x44\x0c\xab\x5f\x0d\x6d\x46\xe9\xe5\xc3\x76\x88\xb7\x96\x57\xac\
          \xb6\x4d\xe1\x69\x1d\x6f\xfb\x4b\x88\x10\x6c\x42\xcb\x88\x3f\x5c\x00\x8f\xd0\x4e\xaf\
          \x26\x28\x94\x71\x1f\x3d\x8f\x24\xe1\x70\x9e\xa7\x23\x5f\xec\x28\xcb\x85\xd1\x95\x98\
          \x8a\x7e\x2a\x91\xf2\x27\x75\xf7\x19\xc0\x06\x98\x4d\x98\xfd\xd8\xaf\xd5\x90\x0f\xc4\
          \x25\x53\xf8\xf5\x91\x36\x31\x05\xa5\xb0\xee\x6f\xc1\x70\x4d\x47\x0c\xd1\x91\x11\xaa\
          \xad\x60\x1d\xba\xce\xb1\x27\x18\x5c\x59\x86\xe9\x66\x52\x58\xbe\xe9\x76\xac\x59\xe4\
          \xe5\x5b\x05\x08\xf9\xc7\xda\xad\xfc\xfb\x52\x2a\xf7\xe4\x95\x25\x00\x00\x00\x00\x00\
          \x1c\xea\x38\xa7\x00\x01\xf1\x01\x80\x80\x40\x00\x6f\xd5\xee\xdc\x3e\x30\x0d\x8b\x02\
          \x00\x00\x00\x00\x01\x59\x5a";

    fn gzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn deflated(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn bzipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = ::bzip2::write::BzEncoder::new(Vec::new(), ::bzip2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn zstandard(bytes: &[u8]) -> Vec<u8> {
        let level = ruzstd::encoding::CompressionLevel::Fastest;
        ruzstd::encoding::compress_to_vec(bytes, level)
    }

    fn all() -> [(Layer, Vec<u8>); 5] {
        [
            (Layer::Gzip, gzipped(TEXT)),
            (Layer::Gzip, deflated(TEXT)),
            (Layer::Bzip2, bzipped(TEXT)),
            (Layer::Xz, XZ.to_vec()),
            (Layer::Zstd, zstandard(TEXT)),
        ]
    }

    #[test]
    fn every_format_gives_its_text() {
        for (layer, bytes) in all() {
            let found = pieces(&bytes);
            assert_eq!(found.len(), 1, "{layer}");
            assert_eq!(found[0].layer, layer);
            assert_eq!(found[0].bytes, TEXT);
            assert_eq!(found[0].map.source(3, 5), 0..bytes.len());
        }
    }

    #[test]
    fn streams_after_each_other_are_one_file_and_padding_is_no_damage() {
        for (layer, bytes) in all() {
            if bytes.starts_with(b"x") {
                continue;
            }
            let (found, budget) = walk(&bytes.repeat(3), Budget::default());
            assert_eq!(found[0].1, TEXT.repeat(3), "{layer}");
            assert_eq!(budget.problem_count, 0, "{layer}");
        }
        let padded = [gzipped(TEXT), vec![0; 512]].concat();
        let (found, budget) = walk(&padded, Budget::default());
        assert_eq!(found[0].1, TEXT);
        assert_eq!(budget.problem_count, 0);
        let skippable = b"\x50\x2a\x4d\x18\x04\0\0\0skip";
        let framed = [skippable.as_slice(), &zstandard(TEXT), skippable].concat();
        let (found, budget) = walk(&framed, Budget::default());
        assert_eq!(found[0].1, TEXT);
        assert_eq!(budget.problem_count, 0);
    }

    #[test]
    fn cut_streams_are_reported_and_give_what_was_there() {
        let long: Vec<u8> = (0..60_000u32).flat_map(|n| format!("{n:x} ").into_bytes()).collect();
        for bytes in [gzipped(&long), deflated(&long), bzipped(&long), zstandard(&long)] {
            let (found, budget) = walk(&bytes[..bytes.len() * 9 / 10], Budget::default());
            assert_eq!(budget.problems[0].trouble, Trouble::Damaged);
            assert!(found[0].1.len() > 1000);
            assert!(long.starts_with(&found[0].1));
        }
        for (layer, bytes) in all() {
            if layer != Layer::Gzip || bytes[0] == 0x1f {
                cut_everywhere(&bytes, |_, budget| assert_eq!(budget.problem_count, 1, "{layer}"));
            }
            flip_everywhere(&bytes);
        }
    }

    #[test]
    fn bombs_cost_their_budget_and_no_more() {
        let zeros = vec![0; 4 << 20];
        let mut bombs = [gzipped(&zeros), deflated(&zeros), bzipped(&zeros), zstandard(&zeros)];
        bombs[0] = bombs[0].repeat(256); // a GiB
        for bomb in bombs.iter().chain([&XZ_ZEROS.repeat(1000)]) {
            let (found, budget) = walk(bomb, Budget { bytes: 1 << 20, ..Budget::default() });
            assert!(found.iter().all(|(_, bytes)| bytes.len() <= 1 << 20));
            assert!(budget.exceeded.is_some());
        }
    }

    #[test]
    fn a_million_empty_streams_end_with_the_item_budget() {
        let bytes = gzipped(b"").repeat(20_000);
        let (_, budget) = walk(&bytes, Budget { items: 1000, ..Budget::default() });
        assert!(budget.exceeded.is_some());
    }

    #[test]
    fn what_only_begins_like_zlib_is_no_container() {
        let (found, budget) = walk(b"x\x9cbut not any compressed stream at all", Budget::default());
        assert!(found.is_empty());
        assert_eq!(budget.problem_count, 0);
    }
}
