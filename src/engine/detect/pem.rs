//! Private keys in PEM and PEM-like armour, from the BEGIN line to the END line that belongs to
//! it, however the lines between are written; and the private part of `PuTTY` key files.

use std::ops::Range;

use crate::engine::validate::{armor, putty};
use crate::rule::schema::Reach;

/// The block whose first line holds the literal at `literal` (`-----BEGIN RSA PRIVATE KEY`), or
/// the private lines of the `PuTTY` file whose header it is. Looks at most `reach` bytes to either
/// side; a block without its end in there is none.
pub fn detect(text: &[u8], literal: Range<usize>, reach: Reach) -> Option<Range<usize>> {
    let window = window(text, &literal, reach)?;
    let shown = text.get(literal.clone())?;
    if let Some(at) = memchr::memmem::find(shown, putty::HEADER) {
        return putty::private_lines(text, literal.start + at..window.end)
            .filter(|span| !is_cut(span.end, &literal, reach));
    }
    let begin = begin(text, &literal, &window)?;
    let after_begin = begin + armor::BEGIN.len();
    let label = armor::label(text.get(after_begin..window.end)?)?;
    let body = after_begin + label.len() + armor::DASHES.len();
    if literal.end > body {
        return None;
    }
    let end = end(text.get(body..window.end)?, label)?;
    Some(begin..body + end)
}

/// The bytes that the rule lets us look at.
pub(super) fn window(text: &[u8], literal: &Range<usize>, reach: Reach) -> Option<Range<usize>> {
    if literal.start > literal.end || literal.end > text.len() {
        return None;
    }
    let start = literal.start.saturating_sub(usize::try_from(reach.before).ok()?);
    let end = literal.end.saturating_add(usize::try_from(reach.after).ok()?).min(text.len());
    Some(start..end)
}

/// Whether what ends at `end` may go on outside the reach. Whether the text ends there makes no
/// difference, so that a verdict hangs on the bytes within reach only.
pub(super) fn is_cut(end: usize, literal: &Range<usize>, reach: Reach) -> bool {
    end >= literal.end.saturating_add(usize::try_from(reach.after).unwrap_or(usize::MAX))
}

/// Where the BEGIN marker stands: at the start of the literal, or before it when the literal is
/// only the end of the line.
fn begin(text: &[u8], literal: &Range<usize>, window: &Range<usize>) -> Option<usize> {
    let longest = armor::BEGIN.len() + armor::MAX_LABEL;
    let from = literal.start.saturating_sub(longest).max(window.start);
    let until = literal.start.saturating_add(armor::BEGIN.len()).min(window.end);
    memchr::memmem::rfind(text.get(from..until)?, armor::BEGIN).map(|at| from + at)
}

/// The offset after the END line for `label`, unless another block begins first. Each call reads
/// up to the next marker only, so that a text full of BEGIN lines costs linear time.
fn end(body: &[u8], label: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memmem::find(body.get(at..)?, armor::DASHES)?;
        let rest = body.get(at..)?;
        if rest.starts_with(armor::BEGIN) {
            return None;
        }
        if let Some(last) = rest.strip_prefix(armor::END) {
            last.strip_prefix(label)?.strip_prefix(armor::DASHES)?;
            return Some(at + armor::END.len() + label.len() + armor::DASHES.len());
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAR: Reach = Reach { before: 64, after: 16_384 };
    const LITERAL: &str = concat!("-----BEGIN", " RSA PRIVATE KEY");

    fn found<'a>(text: &'a str, literal: &str, reach: Reach) -> Option<&'a str> {
        let start = text.find(literal).expect("the literal is there");
        detect(text.as_bytes(), start..start + literal.len(), reach).map(|span| &text[span])
    }

    fn block(label: &str, lines: &str) -> String {
        format!("-----BEGIN {label}-----{lines}-----END {label}-----")
    }

    #[test]
    fn blocks_in_every_form_are_found_whole() {
        for lines in [
            "\nQUJD\nQUJD\n",
            "\r\nQUJD\r\n",
            "\\nQUJD\\nQUJD\\n",
            "\\n\" +\n    \"QUJD\\n\" +\n    \"",
            "\n# QUJD\n# ",
            "\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00--11\n\nQUJD\n",
        ] {
            for label in ["RSA PRIVATE KEY", "PGP PRIVATE KEY BLOCK", "OPENSSH PRIVATE KEY"] {
                let block = block(label, lines);
                let text = format!("key = \"{block}\"; -----END X-----");
                let literal = format!("-----BEGIN {label}");
                assert_eq!(found(&text, &literal, FAR), Some(block.as_str()), "{text}");
                assert_eq!(found(&text, &literal[4..], FAR), Some(block.as_str()));
                assert_eq!(found(&text, &format!("{}-----\"", &label[4..]), FAR), None);
            }
        }
    }

    #[test]
    fn half_blocks_and_other_ends_are_none() {
        let whole = block("RSA PRIVATE KEY", "\nQUJD\n");
        for end in LITERAL.len()..whole.len() {
            assert_eq!(found(&whole[..end], LITERAL, FAR), None, "{end}");
        }
        assert_eq!(found(&whole.replace("END RSA", "END DSA"), LITERAL, FAR), None);
        assert_eq!(found(&format!("{LITERAL}-----\nQUJD\n{whole}"), LITERAL, FAR), None);
        assert_eq!(found(&whole.replace("KEY-----\n", "KEY----\n"), LITERAL, FAR), None);
    }

    #[test]
    fn nothing_outside_the_reach_is_looked_at() {
        let whole = block("RSA PRIVATE KEY", "\nQUJD\n");
        let after = u32::try_from(whole.len() - LITERAL.len()).expect("short");
        let literal = LITERAL;
        assert!(found(&whole, literal, Reach { before: 0, after }).is_some());
        assert!(found(&whole, literal, Reach { before: 0, after: after - 1 }).is_none());
        let late = "PRIVATE KEY-----";
        let before = u32::try_from(whole.find(late).expect("there")).expect("short");
        assert!(found(&whole, late, Reach { before, after: 100 }).is_some());
        assert!(found(&whole, late, Reach { before: before - 1, after: 100 }).is_none());
    }

    #[test]
    fn putty_files_give_their_private_lines() {
        let text = "x\nPuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: c\nPublic-Lines: 1\nQUJD\nPrivate-Lines: 2\nREVG\nR0hJ\nPrivate-MAC: 0\n";
        let header = "PuTTY-User-Key-File-";
        assert_eq!(found(text, header, FAR), Some("REVG\nR0hJ"));
        assert_eq!(found(&text.replace(": 2\nR", ": 9\nR"), header, FAR), None);
        assert_eq!(found(&text.replace("Private-Lines", header), header, FAR), None);
        let end = text.find("\nPrivate-MAC").expect("there") - "x\n".len() - header.len();
        let reach = |after| Reach { before: 0, after: u32::try_from(after).expect("short") };
        assert!(found(text, header, reach(end + 1)).is_some());
        assert_eq!(found(text, header, reach(end)), None);
    }

    #[test]
    fn ten_megabytes_of_begin_lines_take_linear_time() {
        let literals = ["-----BEGIN RSA PRIVATE KEY", "PuTTY-User-Key-File-"];
        for filler in ["", "-----\n", "-----\\nQUJD\n", ": ssh-rsa\nA: b\n"] {
            for literal in literals {
                let unit = format!("{literal}{filler}");
                let text = unit.repeat(10_000_000 / unit.len()).into_bytes();
                let reach = Reach { before: 65_536, after: 65_536 };
                for start in (0..text.len() - literal.len()).step_by(unit.len()) {
                    let span = detect(&text, start..start + literal.len(), reach);
                    assert_eq!(span, None);
                }
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_and_literal_give_a_span_within_reach(
            parts in prop::collection::vec(prop::sample::select(vec![
                "-----BEGIN ", "-----END ", "RSA PRIVATE KEY", "-----", "\n", "\\n", "QUJD", "\"",
                "PuTTY-User-Key-File-", "Private-Lines: 1\n", "é",
            ]), 0..30),
            start in any::<prop::sample::Index>(),
            length in 0usize..40,
            before in 0u32..80,
            after in 0u32..200,
        ) {
            let text = parts.concat().into_bytes();
            let start = start.index(text.len() + 1);
            let reach = Reach { before, after };
            if let Some(span) = detect(&text, start..start + length, reach) {
                prop_assert!(span.start < span.end);
                prop_assert!(span.start + before as usize >= start);
                prop_assert!(span.end <= start + length + after as usize);
            }
        }
    }
}
