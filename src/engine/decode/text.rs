//! Cheap answers to "could this be text?", asked of decoded bytes before anyone works on them.

use super::container;
use crate::engine::detect::key_file;

/// Bytes that a decision about a decoding looks at.
pub(super) const HEAD: usize = 48;

/// Which bytes may stand in text, as far as one byte can tell: not the control characters, and not
/// what never occurs in UTF-8.
pub(super) const MAYBE: [bool; 256] = {
    let mut maybe = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        maybe[byte] = !matches!(
            byte,
            1..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f | 0xc0 | 0xc1 | 0xf5..
        );
        byte += 1;
    }
    maybe
};

/// A table of the bytes that are among `bytes`.
pub(super) const fn table(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut at = 0;
    while at < bytes.len() {
        table[bytes[at] as usize] = true;
        at += 1;
    }
    table
}

/// Whether `head`, the first bytes of a decoding, begins text, UTF-16 text, or a container that can
/// be opened. Random bytes pass once in millions.
pub(super) fn plausible_head(head: &[u8]) -> bool {
    is_text(head, true) || is_opened(head) || looks_utf16(head)
}

/// Whether all of a decoding is worth handing on.
pub(super) fn plausible(bytes: &[u8]) -> bool {
    is_text(bytes, false) || is_opened(bytes) || looks_utf16(bytes)
}

/// Whether `bytes` begin a container, or a file that is itself a key.
fn is_opened(bytes: &[u8]) -> bool {
    container::sniff(bytes).is_some() || key_file::is_plausible(bytes)
}

/// Text in UTF-8: at most two NULs (they part the fields of SASL PLAIN), hardly any other control
/// character. With `cut`, a character may be unfinished at the end.
pub(super) fn is_text(bytes: &[u8], cut: bool) -> bool {
    let (mut nuls, mut odd) = (0usize, 0usize);
    for &byte in bytes {
        match byte {
            0 => nuls += 1,
            1..=8 | 0x0b | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f => odd += 1,
            _ => {}
        }
    }
    if nuls > 2 || odd > bytes.len() / 64 {
        return false;
    }
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => cut && error.error_len().is_none(),
    }
}

/// Whether every other byte is a NUL and the rest is ASCII: UTF-16 without a byte order mark.
fn looks_utf16(bytes: &[u8]) -> bool {
    let head = bytes.get(..HEAD).unwrap_or(bytes);
    let pairs = head.as_chunks::<2>().0;
    pairs.len() >= 6
        && (pairs.iter().all(|[low, high]| *high == 0 && is_ascii_text(*low))
            || pairs.iter().all(|[high, low]| *high == 0 && is_ascii_text(*low)))
}

/// Printable ASCII, tab and line breaks.
pub(super) fn is_ascii_text(byte: u8) -> bool {
    matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r')
}

/// Whether stored bytes are a binary rather than text with a stray NUL.
pub(super) fn is_binary(bytes: &[u8]) -> bool {
    let head = bytes.get(..8192).unwrap_or(bytes);
    memchr::memchr_iter(0, head).count() > head.len() / 64
}

#[cfg(test)]
#[allow(clippy::cast_possible_truncation, reason = "sizes of small samples")]
mod tests {
    use super::*;

    #[test]
    fn text_passes_and_random_bytes_do_not() {
        assert!(plausible_head(b"\0user\0correct horse"));
        assert!(plausible_head("schl\u{fc}ssel: wei\u{df}".as_bytes()));
        assert!(plausible_head(b"p\0a\0s\0s\0w\0o\0r\0d\0"));
        assert!(plausible_head(b"\x1f\x8b\x08\0\0\0\0\0"));
        let mut state = 7u64;
        let mut passed = 0;
        for _ in 0..20_000 {
            let head: Vec<u8> = (0..16)
                .map(|_| {
                    state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    (state >> 56) as u8
                })
                .collect();
            passed += usize::from(plausible_head(&head));
        }
        assert!(passed <= 2, "{passed}");
    }

    #[test]
    fn a_character_cut_at_the_end_is_text_only_where_cuts_may_be() {
        let cut = &"abc\u{fc}".as_bytes()[..4];
        assert!(is_text(cut, true));
        assert!(!is_text(cut, false));
    }
}
