//! Percent encoding (RFC 3986, section 2.1), as in URLs and form bodies.

use super::hex::value;
use super::region::Escape;

/// The percent-encoded character at `at`: ASCII, or a whole character in UTF-8. Other bytes are no
/// text and stay as they are.
pub(super) fn at(text: &[u8], at: usize) -> Option<Escape> {
    let first = byte(text, at)?;
    let len = match first {
        0..0x80 => return Some(Escape::new(3, char::from(first))),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let mut bytes = [first, 0, 0, 0];
    for (index, slot) in bytes.iter_mut().enumerate().take(len).skip(1) {
        *slot = byte(text, at + 3 * index)?;
    }
    let character = std::str::from_utf8(bytes.get(..len)?).ok()?.chars().next()?;
    Some(Escape::new(3 * len, character))
}

/// The byte that `%XX` at `at` stands for.
fn byte(text: &[u8], at: usize) -> Option<u8> {
    let [b'%', high, low] = text.get(at..)?.first_chunk::<3>()? else { return None };
    let digits = high.is_ascii_hexdigit() && low.is_ascii_hexdigit();
    digits.then(|| value(*high) << 4 | value(*low))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use crate::model::Layer;

    #[test]
    fn the_whole_line_is_given_decoded_with_exact_offsets() {
        let text = b"one\nurl = https://user:p%40ss%2Fw%C3%BCrd@host/\nthree";
        let found = pieces(text);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].layer, Layer::Percent);
        assert_eq!(found[0].bytes, "url = https://user:p@ss/w\u{fc}rd@host/".as_bytes());
        let source = found[0].map.source(19, 27);
        assert_eq!(&text[source], b"p%40ss%2Fw%C3%BC");
    }

    #[test]
    fn formats_and_stray_signs_are_left_alone() {
        assert!(pieces(b"printf(\"%d of %s, 100%% %ad %zz\"); a % b; x = 50%").is_empty());
        assert!(texts(b"cut at the end of the text %4", &Layer::Percent).is_empty());
    }
}
