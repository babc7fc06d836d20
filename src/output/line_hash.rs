//! GitHub code scanning's `primaryLocationLineHash`, by which an alert keeps its identity when lines
//! move.
//!
//! A line's hash covers the first 100 UTF-16 code units from its start that are neither space nor
//! tab, on into the following lines. Uploads to code scanning only add it for files of the checkout,
//! so findings from the history have to bring their own. The algorithm is that of
//! `src/fingerprints.ts` in github/codeql-action.

use std::collections::{BTreeMap, BTreeSet};

/// Code units that a hash covers.
const BLOCK: usize = 100;
/// The polynomial's base.
const BASE: u64 = 37;
/// Stands for the end of the file.
const END: u16 = u16::MAX;

/// The hashes of `lines` (counted from 1) of `content` by line, each as `hex:occurrence`, where the
/// occurrence counts the lines up to this one that have the same hash. Lines that are not there have
/// none. Bytes that are no UTF-8 count as U+FFFD. Reads the content twice, however many lines.
pub fn line_hashes(content: &[u8], lines: &BTreeSet<u32>) -> BTreeMap<u32, String> {
    let Some(last) = lines.last() else { return BTreeMap::new() };
    let wanted: BTreeMap<u32, u64> = hashes(content)
        .take_while(|(number, _)| number <= last)
        .filter(|(number, _)| lines.contains(number))
        .collect();
    // A second pass takes time in place of memory for every line's hash.
    let mut seen: BTreeMap<u64, u32> = wanted.values().map(|hash| (*hash, 0)).collect();
    let mut shown = BTreeMap::new();
    for (number, hash) in hashes(content).take_while(|(number, _)| number <= last) {
        let Some(count) = seen.get_mut(&hash) else { continue };
        *count += 1;
        if wanted.contains_key(&number) {
            shown.insert(number, format!("{hash:x}:{count}"));
        }
    }
    shown
}

/// The number and hash of each line in turn.
fn hashes(content: &[u8]) -> impl Iterator<Item = (u32, u64)> {
    let padding = std::iter::once(Step::Unit(END)).chain(std::iter::repeat_n(Step::Flush, BLOCK));
    let mut window = Window::new();
    units(content).map(Step::Unit).chain(padding).filter_map(move |step| match step {
        Step::Unit(unit) => window.unit(unit),
        Step::Flush => window.push(0),
    })
}

#[derive(Clone)]
enum Step {
    /// The next code unit of the file.
    Unit(u16),
    /// A zero after the end, which pushes the last lines out.
    Flush,
}

/// UTF-16 code units of lossily decoded bytes.
fn units(content: &[u8]) -> impl Iterator<Item = u16> {
    content.utf8_chunks().flat_map(|chunk| {
        let bad = (!chunk.invalid().is_empty()).then_some(0xfffd);
        chunk.valid().encode_utf16().chain(bad)
    })
}

/// The last [`BLOCK`] code units and the hash over them.
struct Window {
    units: [u16; BLOCK],
    /// The line that starts at the unit beside it.
    starts: [Option<u32>; BLOCK],
    next: usize,
    hash: u64,
    line: u32,
    at_line_start: bool,
    after_cr: bool,
    /// What leaving the window takes out of the hash: the base to the power of its length.
    outgoing: u64,
}

impl Window {
    fn new() -> Window {
        Window {
            units: [0; BLOCK],
            starts: [None; BLOCK],
            next: 0,
            hash: 0,
            line: 0,
            at_line_start: true,
            after_cr: false,
            outgoing: (0..BLOCK).fold(1_u64, |power, _| power.wrapping_mul(BASE)),
        }
    }

    /// Takes in a code unit of the file; gives the line whose hash became complete, if one did.
    fn unit(&mut self, unit: u16) -> Option<(u32, u64)> {
        let [space, tab, lf, cr] = [b' ', b'\t', b'\n', b'\r'].map(u16::from);
        let second_half = self.after_cr && unit == lf;
        self.after_cr = unit == cr;
        if unit == space || unit == tab || second_half {
            return None;
        }
        let unit = if unit == cr { lf } else { unit };
        let start = self.at_line_start.then(|| {
            self.line = self.line.saturating_add(1);
            self.line
        });
        self.at_line_start = unit == lf;
        let slot = self.next;
        let complete = self.push(unit);
        if let Some(place) = self.starts.get_mut(slot) {
            *place = start;
        }
        complete
    }

    fn push(&mut self, unit: u16) -> Option<(u32, u64)> {
        let hash = self.hash;
        let left = std::mem::replace(&mut self.units[self.next], unit);
        let complete = self.starts[self.next].take();
        self.hash = BASE
            .wrapping_mul(hash)
            .wrapping_add(u64::from(unit))
            .wrapping_sub(self.outgoing.wrapping_mul(u64::from(left)));
        self.next = (self.next + 1) % BLOCK;
        complete.map(|line| (line, hash))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line_hash(content: &[u8], line: u32) -> Option<String> {
        line_hashes(content, &BTreeSet::from([line])).remove(&line)
    }

    fn all(content: &str) -> Vec<String> {
        (1..).map_while(|line| line_hash(content.as_bytes(), line)).collect()
    }

    #[test]
    fn the_published_vectors_hold() {
        assert_eq!(all(""), ["c129715d7a2bc9a3:1"]);
        let four =
            ["271789c17abda88f:1", "54703d4cd895b18:1", "180aee12dab6264:1", "a23a3dc5e078b07b:1"];
        assert_eq!(all(" a\nb\n  \t\tc\n d"), four);
        let six = [
            "8b7cf3e952e7aeb2:1",
            "b1ae1287ec4718d9:1",
            "bff680108adb0fcc:1",
            "c6805c5e1288b612:1",
            "b86d3392aea1be30:1",
            "e6ceba753e1a442:1",
        ];
        assert_eq!(all(" hello; \t\nworld!!!\n\n\n  \t\tGreetings\n End"), six);
        assert_eq!(all(" hello; \t\rworld!!!\r\n\r\n\r  \t\tGreetings\r End"), six);
    }

    #[test]
    fn equal_lines_are_counted() {
        let content = "x".repeat(200) + "\n";
        let hashes = all(&content.repeat(3));
        let first = hashes[0].split(':').next().expect("a hash");
        let third: Vec<&str> = hashes[2].split(':').collect();
        assert_eq!(third, [first, "3"]);
        // Asked for together as well.
        let together = line_hashes(content.repeat(3).as_bytes(), &BTreeSet::from([1, 3]));
        assert_eq!(together, BTreeMap::from([(1, hashes[0].clone()), (3, hashes[2].clone())]));
    }

    #[test]
    fn lines_that_are_not_there_have_no_hash() {
        assert_eq!(line_hash(b"a\nb", 0), None);
        assert_eq!(line_hash(b"a\nb", 3), None);
        assert!(line_hash(b"a\nb\n", 3).is_some(), "the end of the file counts as a line");
    }

    #[test]
    fn what_is_no_utf8_counts_as_replacement_characters() {
        assert_eq!(line_hash(b"a\xff\xfe", 1), line_hash("a\u{fffd}\u{fffd}".as_bytes(), 1));
        assert_ne!(line_hash("\u{1f600}".as_bytes(), 1), line_hash("\u{fffd}".as_bytes(), 1));
    }
}
