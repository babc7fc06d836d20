//! Text inside pictures: PNG text chunks, JPEG comments, EXIF and XMP, GIF comments, and the EXIF
//! and XMP of WebP. Only what the file holds beside its pixels is looked at.

use std::ops::Range;

use super::budget::Trouble;
use super::compress;
use super::map::{Builder, OffsetMap};
use super::out::Out;
use crate::model::Layer;

/// Which picture a file begins like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Image {
    Png,
    Jpeg,
    Gif,
    WebP,
}

/// The kind of picture that begins at the start of `text`, if one does.
pub(super) fn sniff(text: &[u8]) -> Option<Image> {
    match text.first()? {
        0x89 if text.starts_with(b"\x89PNG\r\n\x1a\n") => Some(Image::Png),
        0xff if text.starts_with(b"\xff\xd8\xff") => Some(Image::Jpeg),
        b'G' if text.starts_with(b"GIF87a") || text.starts_with(b"GIF89a") => Some(Image::Gif),
        b'R' if text.starts_with(b"RIFF") && text.get(8..12) == Some(b"WEBP") => Some(Image::WebP),
        _ => None,
    }
}

/// Gives the texts of a picture: the plain ones as one piece, compressed ones one by one.
pub(super) fn open(out: &mut Out<'_, '_>, image: Image) {
    let mut texts = Builder::default();
    let read = match image {
        Image::Png => png(out, &mut texts),
        Image::Jpeg => jpeg(out.text, &mut texts),
        Image::Gif => gif(out.text, &mut texts),
        Image::WebP => webp(out.text, &mut texts),
    };
    if read.is_none() {
        out.budget.problem(Layer::ImageText, Trouble::Damaged);
    }
    let (bytes, map) = texts.finish();
    if out.budget.take(bytes.len()) {
        out.emit(Layer::ImageText, bytes, map);
    }
}

fn line(texts: &mut Builder, text: &[u8], range: Range<usize>) {
    let end = range.end;
    texts.copy(text, range);
    texts.replace(b"\n", end..end);
}

/// Chunks of length, type, data and checksum (PNG, third edition, section 5.3).
fn png(out: &mut Out<'_, '_>, texts: &mut Builder) -> Option<()> {
    let text = out.text;
    let mut at = 8;
    loop {
        let len = u32::from_be_bytes(*text.get(at..)?.first_chunk()?);
        let kind = text.get(at + 4..at + 8)?;
        let start = at + 8;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        let data = text.get(start..end)?;
        match kind {
            b"tEXt" => {
                let key = memchr::memchr(0, data)?;
                texts.copy(text, start..start + key);
                texts.replace(b": ", start + key..start + key + 1);
                line(texts, text, start + key + 1..end);
            }
            b"zTXt" => {
                let key = memchr::memchr(0, data)?;
                deflated(out, start..start + key, (start + key + 2).min(end)..end);
            }
            b"iTXt" => international(out, texts, start..end)?,
            b"eXIf" => line(texts, text, start..end),
            b"IEND" => return Some(()),
            _ => {}
        }
        at = end + 4;
    }
}

/// Keyword, NUL, compression flag and method, language, NUL, translated keyword, NUL, text.
fn international(out: &mut Out<'_, '_>, texts: &mut Builder, chunk: Range<usize>) -> Option<()> {
    let text = out.text;
    let nul = |from: usize| {
        memchr::memchr(0, text.get(from..chunk.end).unwrap_or_default()).map(|found| from + found)
    };
    let key = nul(chunk.start)?;
    let compressed = *text.get(key + 1)? == 1;
    let language = nul((key + 3).min(chunk.end))?;
    let translated = nul(language + 1)?;
    if compressed {
        deflated(out, chunk.start..key, translated + 1..chunk.end);
    } else {
        texts.copy(text, chunk.start..key);
        texts.replace(b": ", key..translated + 1);
        line(texts, text, translated + 1..chunk.end);
    }
    Some(())
}

/// Gives a zlib stream as a piece of its own, its keyword in front.
fn deflated(out: &mut Out<'_, '_>, key: Range<usize>, data: Range<usize>) {
    let compressed = out.text.get(data.clone()).unwrap_or_default();
    let (value, end) = match compress::read_zlib(compressed, out.budget) {
        // draw.io leaves out the header that zlib puts before deflate.
        (value, compress::End::Damaged) if value.is_empty() => {
            compress::read_deflate(compressed, out.budget)
        }
        read => read,
    };
    if end == compress::End::Damaged {
        out.budget.problem(Layer::ImageText, Trouble::Damaged);
    }
    let key = out.text.get(key).unwrap_or_default();
    let bytes = [key, b": ", &value].concat();
    out.emit(Layer::ImageText, bytes, OffsetMap::Whole { start: data.start, end: data.end });
}

/// Marker segments up to the first scan (ITU-T T.81, annex B).
fn jpeg(text: &[u8], texts: &mut Builder) -> Option<()> {
    let mut at = 2;
    loop {
        let [0xff, marker] = *text.get(at..)?.first_chunk::<2>()? else { return None };
        match marker {
            0xff => {
                // Fill byte.
                at += 1;
                continue;
            }
            0x01 | 0xd0..=0xd8 => {
                at += 2;
                continue;
            }
            // Start of scan, end of image: pixels follow, or nothing.
            0xda | 0xd9 => return Some(()),
            _ => {}
        }
        let len = usize::from(u16::from_be_bytes(*text.get(at + 2..)?.first_chunk()?));
        let (start, end) = (at + 4, at + 2 + len.max(2));
        let data = text.get(start..end)?;
        // Comment; EXIF or XMP; IPTC.
        if marker == 0xfe || marker == 0xe1 || marker == 0xed && data.starts_with(b"Photoshop") {
            line(texts, text, start..end);
        }
        at = end;
    }
}

/// Blocks after the screen descriptor (the specification of `GIF89a`, sections 17 to 27).
fn gif(text: &[u8], texts: &mut Builder) -> Option<()> {
    let mut at = 13 + colours(*text.get(10)?);
    loop {
        match text.get(at)? {
            0x21 => {
                let label = *text.get(at + 1)?;
                let first = at + 2;
                let xmp = label == 0xff && text.get(first + 1..first + 9) == Some(b"XMP Data");
                if xmp {
                    // Not cut into blocks: plain XML, then bytes that lead readers of blocks out.
                    let start = first + 12;
                    let rest = text.get(start..)?;
                    let end = memchr::memchr2(0x01, 0, rest)?;
                    line(texts, text, start..start + end);
                }
                at = blocks(text, first, (label == 0xfe).then_some(texts))?;
            }
            0x2c => {
                let local = colours(*text.get(at + 9)?);
                at = blocks(text, at + 11 + local, None)?;
            }
            0x3b => return Some(()),
            _ => return None,
        }
    }
}

/// Bytes of a colour table that its flags announce.
fn colours(flags: u8) -> usize {
    if flags & 0x80 == 0 { 0 } else { 3 << ((flags & 7) + 1) }
}

/// Walks over sub-blocks to the empty one, appending their data to `texts` where it is given.
fn blocks(text: &[u8], mut at: usize, mut texts: Option<&mut Builder>) -> Option<usize> {
    loop {
        let len = usize::from(*text.get(at)?);
        if len == 0 {
            if let Some(texts) = texts {
                texts.replace(b"\n", at..at);
            }
            return Some(at + 1);
        }
        if let Some(texts) = texts.as_deref_mut() {
            texts.copy(text, at + 1..(at + 1 + len).min(text.len()));
        }
        at += 1 + len;
    }
}

/// RIFF chunks: four letters, length, data, padding to an even length.
fn webp(text: &[u8], texts: &mut Builder) -> Option<()> {
    let mut at = 12;
    while at + 8 <= text.len() {
        let kind = text.get(at..at + 4)?;
        let len = u32::from_le_bytes(*text.get(at + 4..)?.first_chunk()?);
        let start = at + 8;
        let end = start.checked_add(usize::try_from(len).ok()?)?;
        text.get(start..end)?;
        if kind == b"EXIF" || kind == b"XMP " {
            line(texts, text, start..end);
        }
        at = end.next_multiple_of(2);
    }
    Some(())
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "sizes of small samples")]
mod tests {
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces, walk};
    use super::super::{Budget, Decoded};
    use super::*;
    use std::io::Write;

    fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
        [&(data.len() as u32).to_be_bytes(), kind, data, &[0; 4]].concat()
    }

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn sample_png() -> Vec<u8> {
        [
            b"\x89PNG\r\n\x1a\n".to_vec(),
            chunk(b"IHDR", &[0; 13]),
            chunk(b"tEXt", b"Comment\0in the clear"),
            chunk(b"zTXt", &[b"Key\0\0".to_vec(), zlib(b"compressed once")].concat()),
            chunk(b"iTXt", b"Note\0\0\0en\0Notiz\0international"),
            chunk(b"iTXt", &[b"XML\0\x01\0\0\0".to_vec(), zlib(b"compressed twice")].concat()),
            chunk(b"IDAT", &[7; 40]),
            chunk(b"IEND", b""),
        ]
        .concat()
    }

    fn sample_jpeg() -> Vec<u8> {
        let segment = |marker: u8, data: &[u8]| {
            [&[0xff, marker][..], &(data.len() as u16 + 2).to_be_bytes(), data].concat()
        };
        [
            vec![0xff, 0xd8],
            segment(0xe0, b"JFIF\0"),
            segment(0xfe, b"a JPEG comment"),
            segment(0xe1, b"Exif\0\0II*\0p\0a\0s\0s\0=\0w\0o\0r\0d\0"),
            segment(0xda, b"scan"),
            vec![1; 50],
        ]
        .concat()
    }

    fn sample_gif() -> Vec<u8> {
        [
            &b"GIF89a\x01\0\x01\0\x80\0\0"[..],
            &[0; 6],
            b"\x21\xf9\x04\0\0\0\0\0",
            b"\x21\xfe\x05split\x08 comment\0",
            b"\x2c\0\0\0\0\x01\0\x01\0\0\x02\x02\x44\x01\0",
            b"\x3b",
        ]
        .concat()
    }

    fn sample_webp() -> Vec<u8> {
        let chunks: &[u8] = b"VP8 \x03\0\0\0abc\0XMP \x0b\0\0\0<x>text</x>\0";
        [b"RIFF", &(chunks.len() as u32 + 4).to_le_bytes()[..], b"WEBP", chunks].concat()
    }

    fn text(pieces: &[Decoded]) -> String {
        let bytes: Vec<u8> = pieces.iter().flat_map(|piece| piece.bytes.clone()).collect();
        assert!(pieces.iter().all(|piece| piece.layer == Layer::ImageText));
        String::from_utf8_lossy(&bytes).into_owned()
    }

    #[test]
    fn every_text_chunk_of_a_png_is_given() {
        let found = text(&pieces(&sample_png()));
        assert_eq!(
            found,
            "Key: compressed onceXML: compressed twice\
             Comment: in the clear\nNote: international\n"
        );
    }

    #[test]
    fn deflate_without_the_header_of_zlib_is_read_too() {
        let mut encoder =
            flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(b"<mxfile>as draw.io writes it</mxfile>").unwrap();
        let data = [b"mxGraphModel\0\0".to_vec(), encoder.finish().unwrap()].concat();
        let png = [b"\x89PNG\r\n\x1a\n".to_vec(), chunk(b"zTXt", &data), chunk(b"IEND", b"")];
        let (found, budget) = walk(&png.concat(), Budget::default());
        let given: Vec<u8> = found.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
        assert!(given.ends_with(b"<mxfile>as draw.io writes it</mxfile>"));
        assert_eq!(budget.problem_count, 0);
    }

    #[test]
    fn comments_and_metadata_of_the_others_are_given() {
        let jpeg = sample_jpeg();
        let found = pieces(&jpeg);
        assert!(text(&found).starts_with("a JPEG comment\nExif"));
        assert_eq!(&jpeg[found[0].map.source(2, 6)], b"JPEG");
        let (deeper, _) = walk(&jpeg, Budget::default());
        assert!(deeper.iter().any(|(_, bytes)| bytes.ends_with(b"pass=word\n")), "EXIF in UTF-16");
        assert_eq!(text(&pieces(&sample_gif())), "split comment\n");
        assert_eq!(text(&pieces(&sample_webp())), "<x>text</x>\n");
    }

    #[test]
    fn whole_pictures_are_no_problem_and_cut_ones_are() {
        for sample in [sample_png(), sample_jpeg(), sample_gif(), sample_webp()] {
            assert_eq!(walk(&sample, Budget::default()).1.problem_count, 0);
            cut_everywhere(&sample, |_, _| {});
            flip_everywhere(&sample);
        }
        let png = sample_png();
        assert_eq!(walk(&png[..png.len() - 30], Budget::default()).1.problem_count, 1);
    }
}
