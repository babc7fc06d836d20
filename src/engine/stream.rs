//! Content too large to hold: searched window by window as it is read.
//!
//! Windows overlap by more than any rule's reach, so that a secret on a seam is seen whole. What
//! needs the whole content (archives) is left to [`Engine::scan`]; a stream that looks like one is
//! reported as unread.

use std::io::{self, Read};

use super::{Engine, Outcome};

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
            if last && before == 0 {
                return Ok(outcome);
            }
            // A match that starts in the repeated tail is the next window's, which sees all of it.
            let until = before + if last { buffer.len() } else { buffer.len() - OVERLAP / 2 };
            for mut found in outcome.matches {
                let Some(span) = found.span.clone() else {
                    // Inside an archive, which only the first window can have the start of.
                    if before == 0 {
                        all.matches.push(found);
                    }
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
