//! The second look, at places where a literal may stand: which ones do?
//!
//! Windows lie in a hash table by three of their bytes, in no particular case; those few whose first
//! byte is not known (literals of three or four bytes) in one of their own.

use super::pairs::{Known, WINDOW, Window};

/// A window, as it is compared.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// What the bytes must be, as a little-endian number, where `mask` has ones.
    bytes: u64,
    mask: u64,
    literal: u32,
    offset: i8,
}

/// Windows by three bytes.
#[derive(Debug)]
struct Table {
    /// For each hash, where its entries begin; one more for the end of the last.
    begins: Vec<u32>,
    entries: Vec<Entry>,
    /// Bits of the hash that are not used.
    shift: u32,
}

/// A bit for each hash: whether something with this hash is among what was put in.
#[derive(Debug)]
struct Bits<const WORDS: usize> {
    words: Box<[u32; WORDS]>,
}

impl<const WORDS: usize> Bits<WORDS> {
    fn new() -> Bits<WORDS> {
        Bits { words: Box::new([0; WORDS]) }
    }

    /// Where the bit for `bytes` is: its word, and its place in it. The
    /// upper bytes of `bytes` are those that are in use.
    #[inline]
    #[allow(clippy::cast_possible_truncation, reason = "a few bits remain")]
    fn place(bytes: u64) -> (usize, u32) {
        // 2^64 over the golden ratio; the upper bits of the product are the best mixed ones.
        let product = bytes.wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let hash = (product >> (u64::BITS - 5 - WORDS.trailing_zeros())) as u32;
        ((hash >> 5) as usize & (WORDS - 1), hash & 31)
    }

    fn insert(&mut self, bytes: u64) {
        let (word, bit) = Self::place(bytes);
        self.words[word] |= 1 << bit;
    }

    /// 1 if `bytes` may have been put in, 0 if they were not.
    #[inline]
    fn has(&self, bytes: u64) -> u32 {
        let (word, bit) = Self::place(bytes);
        self.words[word] >> bit & 1
    }
}

/// Letters in lower case; other bytes as something that some others become too.
const FOLD: u64 = 0x2020_2020_2020_2020;

/// All windows.
#[derive(Debug)]
pub struct Confirm {
    /// The first six bytes of windows of which so many are known, folded.
    six: Bits<1024>,
    /// The first four bytes of windows of which so many are known, and not six, folded.
    four: Bits<1024>,
    /// The first three bytes of those of which the fourth is not known.
    head: Bits<256>,
    /// The last three bytes of those of which the first is not known.
    tail: Bits<256>,
    /// By their first three bytes.
    heads: Table,
    /// Those whose first byte is not known, by their last three bytes.
    tails: Table,
}

impl Confirm {
    /// Puts `windows` into tables.
    pub fn new(windows: &[Window]) -> Confirm {
        let (tails, heads): (Vec<Window>, Vec<Window>) =
            windows.iter().partition(|window| window.bytes[0] == Known::Any);
        let (mut six, mut four) = (Bits::new(), Bits::new());
        let (mut head, mut tail) = (Bits::new(), Bits::new());
        for window in windows {
            let bytes = Entry::new(window).bytes;
            match window.bytes {
                [Known::Any, a, b, c, ..] => each_way([a, b, c], |bytes| tail.insert(bytes)),
                [a, b, c, Known::Any, ..] => each_way([a, b, c], |bytes| head.insert(bytes)),
                [_, _, _, _, _, Known::Any, ..] => four.insert((bytes | FOLD) << 32),
                _ => six.insert((bytes | FOLD) << 16),
            }
        }
        let (heads, tails) = (Table::new(&heads, 0), Table::new(&tails, 1));
        Confirm { six, four, head, tail, heads, tails }
    }

    /// 1 if a window may be `bytes`, 0 if none is. Takes the same time for both.
    #[inline]
    pub fn may_be(&self, bytes: [u8; WINDOW]) -> u32 {
        let read = u64::from_le_bytes(bytes);
        let folded = read | FOLD;
        self.six.has(folded << 16)
            | self.four.has(folded << 32)
            | self.head.has(read << 40)
            | self.tail.has(read >> 8 << 40)
    }

    /// Calls `each` for every window that `bytes` are, with its literal and its offset in it.
    #[inline]
    pub fn look(&self, bytes: [u8; WINDOW], mut each: impl FnMut(u32, i8)) {
        let read = u64::from_le_bytes(bytes);
        let both = [self.heads.with_hash_of(read), self.tails.with_hash_of(read >> 8)];
        for entry in both.into_iter().flatten() {
            if (read ^ entry.bytes) & entry.mask == 0 {
                each(entry.literal, entry.offset);
            }
        }
    }

    /// Memory in use, bytes.
    pub fn memory(&self) -> usize {
        let of = |table: &Table| size_of_val(&*table.begins) + size_of_val(&*table.entries);
        of(&self.heads) + of(&self.tails)
    }
}

impl Table {
    /// A table of windows by the three bytes after `skip` bytes.
    fn new(windows: &[Window], skip: u32) -> Table {
        let bits = (windows.len() * 2).next_power_of_two().trailing_zeros().clamp(8, 20);
        let shift = u32::BITS - bits;
        let mut entries: Vec<(u32, Entry)> = windows
            .iter()
            .map(|window| {
                let entry = Entry::new(window);
                (hash(entry.bytes >> (8 * skip), shift), entry)
            })
            .collect();
        entries.sort_by_key(|(hash, entry)| (*hash, entry.literal, entry.offset));
        let mut begins = Vec::with_capacity((1 << bits) + 1);
        let mut begin = 0;
        for slot in 0..=1_u32 << bits {
            begin += entries[begin..].iter().take_while(|(hash, _)| *hash < slot).count();
            begins.push(u32::try_from(begin).expect("literals are bounded by 256 KiB"));
        }
        Table { begins, entries: entries.into_iter().map(|(_, entry)| entry).collect(), shift }
    }

    fn with_hash_of(&self, read: u64) -> &[Entry] {
        let slot = hash(read, self.shift) as usize;
        match self.begins.get(slot..slot + 2) {
            Some(&[begin, end]) => {
                self.entries.get(begin as usize..end as usize).unwrap_or_default()
            }
            _ => &[],
        }
    }
}

impl Entry {
    fn new(window: &Window) -> Entry {
        let byte = |known: Known| match known {
            Known::Any => (0, 0),
            Known::Byte(byte) => (byte, 0xFF),
            // Capital letters differ from small ones in this bit only.
            Known::Letter(lower) => (lower & !0x20, !0x20),
        };
        let both = window.bytes.map(byte);
        Entry {
            bytes: u64::from_le_bytes(both.map(|(byte, _)| byte)),
            mask: u64::from_le_bytes(both.map(|(_, mask)| mask)),
            literal: window.literal,
            offset: window.offset,
        }
    }
}

/// Three bytes in each case that they may have, as a number with nothing in its lowest byte.
fn each_way([a, b, c]: [Known; 3], mut each: impl FnMut(u64)) {
    for a in a.bytes() {
        for b in b.bytes() {
            c.bytes().for_each(|c| each(u64::from_le_bytes([0, 0, 0, 0, 0, a, b, c])));
        }
    }
}

/// A hash of the three lower bytes, whatever their case.
fn hash(read: u64, shift: u32) -> u32 {
    // The multiplier is 2^32 over the golden ratio; shifting drops the fourth byte and all after it.
    #[allow(clippy::cast_possible_truncation, reason = "three bytes are wanted")]
    let three = ((read | FOLD) << 8) as u32;
    three.wrapping_mul(0x9E37_79B1) >> shift
}
