//! Repository bytes made safe to show: no control characters, no terminal escapes, no text
//! direction tricks, and no invalid UTF-8.

use std::fmt::Write as _;

/// Turns untrusted bytes into one line of printable text. Control characters, line and paragraph
/// separators, bidirectional overrides, zero-width characters, tag characters and invalid bytes become visible
/// escapes (`\n`, `\x1b`, `\u{202e}`); a backslash stays as it is, so paths on any system read
/// naturally.
pub fn escape(bytes: &[u8]) -> String {
    let mut shown = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            push_escaped(&mut shown, c);
        }
        for byte in chunk.invalid() {
            // Writing to a String cannot fail.
            let _ = write!(shown, "\\x{byte:02x}");
        }
    }
    shown
}

fn push_escaped(shown: &mut String, c: char) {
    match c {
        '\n' => shown.push_str("\\n"),
        '\r' => shown.push_str("\\r"),
        '\t' => shown.push_str("\\t"),
        c if c.is_control() || is_invisible(c) => {
            let _ = if u32::from(c) < 0x100 {
                write!(shown, "\\x{:02x}", u32::from(c))
            } else {
                write!(shown, "\\u{{{:x}}}", u32::from(c))
            };
        }
        c => shown.push(c),
    }
}

/// Characters that change how their neighbours are shown without being seen themselves.
fn is_invisible(c: char) -> bool {
    matches!(
        c,
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_reaches_the_terminal_raw() {
        assert_eq!(escape(b"a\x1b[31mb\x07\n\xff"), "a\\x1b[31mb\\x07\\n\\xff");
        assert_eq!(escape("x\u{202e}y\u{9b}z".as_bytes()), "x\\u{202e}y\\x9bz");
        assert_eq!(escape("grün/ß.txt".as_bytes()), "grün/ß.txt");
    }
}
