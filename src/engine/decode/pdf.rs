//! PDF documents (ISO 32000): the streams inside, their filters undone. Of a page's stream the
//! text that it shows is given, its strings joined; of others what is text. Streams are found by
//! their keyword rather than through the cross-reference table, so that damage costs one stream.

use std::borrow::Cow;
use std::ops::Range;

use super::budget::{Budget, Trouble};
use super::compress::{self, End};
use super::map::OffsetMap;
use super::out::Out;
use super::{pdf_text, text};
use crate::model::Layer;

/// How far before its stream a dictionary is looked for.
const MOST_DICTIONARY: usize = 4096;

/// The most filters undone one after the other.
const MOST_FILTERS: usize = 4;

/// Whether `text` begins a document. Readers allow for some bytes in front; signatures at the start
/// keep the test cheap.
pub(super) fn is_pdf(text: &[u8]) -> bool {
    text.starts_with(b"%PDF-") || text.starts_with(b"\xef\xbb\xbf%PDF-")
}

/// Gives the text of every stream.
pub(super) fn open(out: &mut Out<'_, '_>) {
    let text = out.text;
    if memchr::memmem::find(text, b"/Encrypt").is_some() {
        out.budget.problem(Layer::Pdf(0), Trouble::Encrypted);
        return;
    }
    let (start_of, end_of) =
        (memchr::memmem::Finder::new("stream"), memchr::memmem::Finder::new("endstream"));
    let mut from = 0;
    while let Some(found) = start_of.find(text.get(from..).unwrap_or_default()) {
        let keyword = from + found;
        from = keyword + 6;
        let Some(dictionary) = dictionary(text, keyword) else { continue };
        // Streams may be empty and cost time all the same.
        if !out.budget.take_item() {
            return;
        }
        let mut start = from;
        start += usize::from(text.get(start) == Some(&b'\r'));
        start += usize::from(text.get(start) == Some(&b'\n'));
        let layer = Layer::Pdf(keyword as u64);
        let end = end_of.find(text.get(start..).unwrap_or_default());
        if end.is_none() {
            out.budget.problem(layer.clone(), Trouble::Damaged);
        }
        let data = start..end.map_or(text.len(), |end| start + end);
        from = data.end;
        if !stream(out, layer, dictionary, data) {
            return;
        }
    }
}

/// The dictionary that ends where the keyword `stream` stands.
fn dictionary(text: &[u8], keyword: usize) -> Option<&[u8]> {
    let before = text.get(keyword.saturating_sub(MOST_DICTIONARY)..keyword)?.trim_ascii_end();
    if !before.ends_with(b">>") {
        return None;
    }
    let start = memchr::memmem::rfind(before, b" obj").unwrap_or(0);
    before.get(start..)
}

/// Undoes the filters of one stream and gives its text. False when the budget is at an end.
fn stream(out: &mut Out<'_, '_>, layer: Layer, dictionary: &[u8], data: Range<usize>) -> bool {
    let has = |name: &[u8]| memchr::memmem::find(dictionary, name).is_some();
    // Pixels and cross-reference tables hold no text.
    if has(b"/Image") && has(b"/Width") || has(b"/XRef") {
        return true;
    }
    let map = OffsetMap::Whole { start: data.start, end: data.end };
    let stored = out.text.get(data).unwrap_or_default();
    let mut bytes = Cow::Borrowed(stored);
    for filter in filters(dictionary) {
        match undo(filter, &bytes, out.budget) {
            Ok((undone, end)) => {
                if end == End::Damaged {
                    out.budget.problem(layer.clone(), Trouble::Damaged);
                }
                bytes = Cow::Owned(undone);
            }
            Err(trouble) => {
                if let Some(trouble) = trouble {
                    out.budget.problem(layer, trouble);
                }
                return true;
            }
        }
    }
    if let Some(shown) = pdf_text::shown(&bytes) {
        return out.budget.take(shown.len()) && out.emit(layer, shown, map);
    }
    // What no filter hid was there to be seen in the file itself.
    let hidden = matches!(bytes, Cow::Owned(_));
    if hidden && (has(b"/ObjStm") || text::is_text(&bytes, false)) {
        return out.emit(layer, bytes.into_owned(), map);
    }
    true
}

/// The names of the filters in a stream's dictionary, in the order to undo them.
fn filters(dictionary: &[u8]) -> impl Iterator<Item = &[u8]> {
    let found = memchr::memmem::rfind(dictionary, b"/Filter");
    let rest = found.and_then(|at| dictionary.get(at + 7..)).unwrap_or_default().trim_ascii_start();
    let listed = rest.first() == Some(&b'[');
    let end = if listed { memchr::memchr(b']', rest).unwrap_or(rest.len()) } else { rest.len() };
    let names = rest.get(..end).unwrap_or_default().split(|byte| *byte == b'/').skip(1);
    let names = names.map(|name| {
        let len = name.iter().position(|byte| !byte.is_ascii_alphanumeric()).unwrap_or(name.len());
        name.get(..len).unwrap_or_default()
    });
    names.take(if listed { MOST_FILTERS } else { usize::from(rest.first() == Some(&b'/')) })
}

/// Undoes one filter; an error says why it cannot be, or nothing where pixels are all it hides.
fn undo(
    filter: &[u8],
    data: &[u8],
    budget: &mut Budget,
) -> Result<(Vec<u8>, End), Option<Trouble>> {
    let simple: fn(&[u8]) -> Vec<u8> = match filter {
        b"FlateDecode" | b"Fl" => return Ok(compress::read_zlib(data, budget)),
        b"ASCIIHexDecode" | b"AHx" => from_hex,
        b"ASCII85Decode" | b"A85" => from_base85,
        b"LZWDecode" | b"LZW" | b"RunLengthDecode" | b"RL" => {
            return Err(Some(Trouble::Unsupported));
        }
        b"Crypt" => return Err(Some(Trouble::Encrypted)),
        _ => return Err(None),
    };
    // Neither gives more than four bytes for one ("z" in base 85).
    let undone = if budget.take(data.len()) { simple(data) } else { return Err(None) };
    let more = undone.len().saturating_sub(data.len());
    if budget.take(more) { Ok((undone, End::Complete)) } else { Err(None) }
}

/// Hexadecimal digits up to `>`, white space between them; a last single digit counts as its first.
pub(super) fn from_hex(data: &[u8]) -> Vec<u8> {
    let end = memchr::memchr(b'>', data).unwrap_or(data.len());
    let digits = data.get(..end).unwrap_or_default().iter().filter(|byte| byte.is_ascii_hexdigit());
    let digits: Vec<u8> = digits.map(|digit| super::hex::value(*digit)).collect();
    let pairs = digits.chunks(2);
    pairs.map(|pair| pair[0] << 4 | pair.get(1).copied().unwrap_or(0)).collect()
}

/// Groups of five characters from `!` to `u` up to `~>`; `z` is four zeros.
fn from_base85(data: &[u8]) -> Vec<u8> {
    let data = data.trim_ascii_start();
    let data = data.strip_prefix(b"<~").unwrap_or(data);
    let mut bytes = Vec::with_capacity(data.len() / 5 * 4);
    let (mut group, mut count) = (0u32, 0);
    for &byte in data.iter().take_while(|byte| **byte != b'~') {
        match byte {
            b'z' if count == 0 => bytes.extend([0; 4]),
            b'!'..=b'u' => {
                group = group.wrapping_mul(85).wrapping_add(u32::from(byte - b'!'));
                count += 1;
                if count == 5 {
                    bytes.extend(group.to_be_bytes());
                    (group, count) = (0, 0);
                }
            }
            _ => {}
        }
    }
    if count > 1 {
        for _ in count..5 {
            group = group.wrapping_mul(85).wrapping_add(84);
        }
        bytes.extend(group.to_be_bytes().iter().take(count - 1));
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces, to_hex, walk};
    use super::*;
    use std::io::Write;

    fn zlib(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn document(streams: &[(&str, &[u8])]) -> Vec<u8> {
        let mut bytes = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n".to_vec();
        for (index, (dictionary, data)) in streams.iter().enumerate() {
            let len = data.len();
            write!(bytes, "{index} 0 obj\n<</Length {len} {dictionary}>>\nstream\n").unwrap();
            bytes.extend_from_slice(data);
            bytes.extend_from_slice(b"\nendstream\nendobj\n");
        }
        bytes.extend_from_slice(b"trailer <</Root 1 0 R>>\n%%EOF\n");
        bytes
    }

    const PAGE: &[u8] = b"BT /F1 12 Tf 72 720 Td (token = ) Tj [(ab) -20 (cd)] TJ ET";

    #[test]
    fn the_text_of_a_page_is_given_whatever_its_filters() {
        let twice = to_hex(&zlib(PAGE)) + ">";
        for (dictionary, data) in [
            ("", PAGE.to_vec()),
            ("/Filter /FlateDecode", zlib(PAGE)),
            ("/Filter/FlateDecode/Type/X", zlib(PAGE)),
            ("/Filter [ /ASCIIHexDecode /FlateDecode ]", twice.into_bytes()),
        ] {
            let bytes = document(&[(dictionary, &data)]);
            let found = pieces(&bytes);
            assert_eq!(found.len(), 1, "{dictionary}");
            assert_eq!(found[0].bytes, b"token = abcd\n");
            let keyword = memchr::memmem::find(&bytes, b"stream").unwrap();
            assert_eq!(found[0].layer, Layer::Pdf(keyword as u64));
        }
    }

    #[test]
    fn base_85_is_read_as_its_specification_says() {
        assert_eq!(from_base85(b"<~87cURD]i,\"Ebo80~>"), b"Hello World!");
        assert_eq!(from_base85(b"z87cUR~>"), b"\0\0\0\0Hell");
        assert_eq!(from_base85(b"87cURDZ"), b"Hello");
        assert_eq!(from_hex(b"48 65\n6C6c 6>rest"), b"Hell`");
    }

    #[test]
    fn other_compressed_text_is_given_and_pictures_are_not() {
        let objects = zlib(b"1 0 2 20 <</V (form value)>>");
        let bytes = document(&[
            ("/Type/ObjStm /Filter/FlateDecode", &objects),
            ("/Subtype/Image /Width 5 /Filter/FlateDecode", &objects),
            ("/Filter/DCTDecode", b"\xff\xd8\xff\xe0"),
        ]);
        let found = pieces(&bytes);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes, b"1 0 2 20 <</V (form value)>>");
    }

    #[test]
    fn encrypted_and_unsupported_documents_are_reported() {
        let mut bytes = document(&[("/Filter/FlateDecode", &zlib(PAGE))]);
        bytes.extend_from_slice(b"trailer <</Encrypt 5 0 R>>");
        assert_eq!(walk(&bytes, Budget::default()).1.problems[0].trouble, Trouble::Encrypted);
        let bytes = document(&[("/Filter/LZWDecode", b"abc")]);
        assert_eq!(walk(&bytes, Budget::default()).1.problems[0].trouble, Trouble::Unsupported);
    }

    #[test]
    fn cuts_damage_and_bombs_are_survived() {
        let bytes = document(&[("/Filter/FlateDecode", &zlib(PAGE)), ("", PAGE)]);
        cut_everywhere(&bytes, |_, _| {});
        flip_everywhere(&bytes);
        let bomb = document(&[("/Filter/FlateDecode", &zlib(&vec![b' '; 8 << 20]))]);
        let (_, budget) = walk(&bomb, Budget { bytes: 1 << 20, ..Budget::default() });
        assert!(budget.exceeded.is_some());
    }
}
