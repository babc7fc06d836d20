//! Content too large to hold: searched window by window as it is read.
//!
//! Windows overlap by more than any rule's reach, so that a secret on a seam is seen whole. What
//! needs the whole content (archives, text in UTF-16) is left to [`Engine::scan`]; of a stream that
//! begins like one only the first window is read, and that is said.

use std::io::{self, Read};

use super::{Engine, Outcome, decode};

/// Bytes of a window, overlap included.
const WINDOW: usize = 16 << 20;
/// Bytes that a window repeats of the one before: twice the largest reach and the longest secret.
const OVERLAP: usize = 256 << 10;

impl Engine {
    /// Finds every credential in what `content` gives.
    pub fn scan_stream(&self, content: &mut dyn Read) -> io::Result<Outcome> {
        let mut all = Outcome::default();
        let mut buffer: Vec<u8> = Vec::new();
        // Newlines and bytes before the buffer, and up to where matches were given already.
        let (mut lines, mut before, mut given) = (0u32, 0usize, 0usize);
        loop {
            let room = WINDOW.saturating_sub(buffer.len());
            let read = content.take(room as u64).read_to_end(&mut buffer)?;
            let last = read < room;
            let outcome = self.scan(&buffer);
            if before == 0 && !last && !decode::begins_plain(&buffer) {
                all.unread.push(format!(
                    "it is packed, a notebook or in UTF-16, and too large to be held whole: of its bytes only the first {} MiB were looked into",
                    WINDOW >> 20
                ));
            }
            if last && before == 0 {
                return Ok(outcome);
            }
            // A match that starts in the repeated tail is the next window's, which sees all of it.
            let until = before + if last { buffer.len() } else { buffer.len() - OVERLAP / 2 };
            for mut found in outcome.matches {
                let Some(span) = found.span.clone() else {
                    // Inside something packed, of which the window has the start.
                    all.matches.push(found);
                    continue;
                };
                if !(given..until).contains(&(span.start + before)) {
                    continue;
                }
                found.position.line = found.position.line.saturating_add(lines);
                found.position.end_line = found.position.end_line.saturating_add(lines);
                found.span = Some(span.start + before..span.end + before);
                all.matches.push(found);
            }
            all.unread.extend(outcome.unread);
            if last {
                break;
            }
            given = until;
            let cut = window_start(&buffer);
            let newlines = memchr::memchr_iter(b'\n', &buffer[..cut]).count();
            lines = lines.saturating_add(u32::try_from(newlines).unwrap_or(u32::MAX));
            before += cut;
            buffer.drain(..cut);
        }
        all.unread.sort();
        all.unread.dedup();
        Ok(all)
    }
}

/// Where the next window starts: at a line's start if one is near, so that columns hold.
fn window_start(buffer: &[u8]) -> usize {
    let latest = buffer.len() - OVERLAP;
    let earliest = latest.saturating_sub(OVERLAP);
    memchr::memrchr(b'\n', &buffer[earliest..latest]).map_or(latest, |at| earliest + at + 1)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::engine::{Effort, Limits};
    use crate::rule::Ruleset;

    #[test]
    fn what_only_a_whole_content_would_show_is_said() {
        let engine = Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default());
        let text = "nothing to see on this line\n".repeat(700_000);
        let outcome = engine.scan_stream(&mut text.as_bytes()).expect("memory");
        assert_eq!(outcome, Outcome::default());
        let wide: Vec<u8> =
            std::iter::once(0xfeff).chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        let outcome = engine.scan_stream(&mut wide.as_slice()).expect("memory");
        assert!(outcome.unread.iter().any(|why| why.contains("UTF-16")), "{:?}", outcome.unread);
    }
}
