//! The first look at every byte: two bytes at a time, which buckets of literals may stand here?
//!
//! Every literal is known by four bytes of it, its *window*, as two pairs of bytes; one window for
//! occurrences at an even distance from where a search begins, and one for odd distances, so that
//! it is enough to look at every second place. Windows are dealt out to sixteen buckets. A table
//! with a word for each of the 65,536 pairs says in its lower half in which buckets a window begins
//! with the pair, in its upper half in which one ends with it: where the lower half of one pair and
//! the upper half of the next have a bit in common, a literal may stand. That takes a load, a
//! shift and two more instructions for two bytes, and text uses so few pairs that the words it
//! needs stay in the innermost cache. (The scheme is a stride of two in the "FDR" filter of Wang
//! and others, "Hyperscan: a fast multi-pattern regex matcher for modern CPUs", NSDI 2019.)
//!
//! How many places are taken for candidates depends on how the windows are chosen and dealt out:
//! greedily, by how often pairs stand in source text.

use super::frequency::{Frequency, KINDS, is_sample, kind};

/// Buckets: half of the bits of a word of the table.
const BUCKETS: usize = 16;
/// What a place costs that has a window's bytes without being its literal, as a multiple of what a
/// false alarm costs.
const CONFIRM: f32 = 2.0;
/// Bytes looked at together.
pub const BLOCK: usize = 16;
/// Bytes of a window that are compared before the literal is.
pub const WINDOW: usize = 8;
/// Bytes that a block's windows take.
pub const BLOCK_READ: usize = BLOCK - 2 + WINDOW;

/// What is known of one byte of a window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// Nothing: it is beyond the literal.
    Any,
    /// This byte.
    Byte(u8),
    /// This letter, given in lower case, in either case.
    Letter(u8),
}

impl Known {
    /// The byte at `at` of `literal`.
    pub fn of(literal: &[u8], at: isize, exact: bool) -> Known {
        match usize::try_from(at).ok().and_then(|at| literal.get(at)) {
            None => Known::Any,
            Some(byte) if !exact && byte.is_ascii_alphabetic() => {
                Known::Letter(byte.to_ascii_lowercase())
            }
            Some(byte) => Known::Byte(*byte),
        }
    }

    /// The bytes that it may be, one for each kind.
    fn samples(self) -> impl Iterator<Item = u8> + Clone {
        self.bytes().filter(move |byte| self != Known::Any || is_sample(*byte))
    }

    /// The bytes that it may be.
    pub fn bytes(self) -> impl Iterator<Item = u8> + Clone {
        let (from, to, other) = match self {
            Known::Any => (0, 255, None),
            Known::Byte(byte) => (byte, byte, None),
            Known::Letter(lower) => (lower, lower, Some(lower.to_ascii_uppercase())),
        };
        (from..=to).chain(other)
    }
}

/// Bytes by which a literal is known: the first four make the two pairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// The literal's number.
    pub literal: u32,
    /// Where the window begins, counted from the literal's first byte; -1 or more.
    pub offset: i8,
    /// Its bytes.
    pub bytes: [Known; WINDOW],
}

impl Window {
    /// How often it stands in source text, about.
    fn share(&self, frequency: &Frequency) -> f32 {
        let mut run = [0; 6];
        let mut length = 0;
        for known in self.bytes.into_iter().take(6) {
            if let Known::Byte(byte) | Known::Letter(byte) = known
                && let Some(slot) = run.get_mut(length)
            {
                *slot = byte;
                length += 1;
            }
        }
        frequency.run(run.get(..length).unwrap_or_default())
    }
}

/// The table.
pub struct Pairs {
    words: Box<[u32; 1 << 16]>,
}

impl std::fmt::Debug for Pairs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Pairs")
    }
}

impl Pairs {
    /// Chooses windows for `literals` (bytes, and whether their case counts) among the rarest
    /// `weighed` ones of each, deals them out and builds the table. Gives the windows too, two for
    /// each literal.
    pub fn new<'a>(
        literals: impl Iterator<Item = (&'a [u8], bool)>,
        weighed: usize,
    ) -> (Pairs, Vec<Window>) {
        let mut dealer = Dealer::new();
        let mut choices: Vec<Vec<(f32, Window)>> = Vec::new();
        for (number, (bytes, exact)) in (0_u32..).zip(literals) {
            for parity in 0..2 {
                let mut windows = windows(number, bytes, exact, parity, &dealer.frequency);
                windows.truncate(weighed);
                choices.push(windows);
            }
        }
        // The most frequent ones first: what is rare finds a place beside anything.
        let least = |of: &[(f32, Window)]| of.first().map_or(0.0, |(share, _)| *share);
        choices.sort_by(|a, b| least(b).total_cmp(&least(a)));
        let windows: Vec<Window> =
            choices.iter().filter_map(|choice| dealer.deal(choice)).collect();
        (Pairs { words: dealer.words }, windows)
    }

    /// Whether a window may begin at an even place of `block`.
    #[inline]
    pub fn any(&self, block: &[u8; BLOCK_READ]) -> bool {
        let mut word = self.word(block, 0);
        let mut seen = 0;
        let mut at = 0;
        while at < BLOCK {
            let next = self.word(block, at + 2);
            seen |= word & (next >> BUCKETS);
            word = next;
            at += 2;
        }
        seen != 0
    }

    /// The even places of `block` at which a window may begin: bit 0 is place 0, bit 1 place 2.
    #[inline]
    pub fn places(&self, block: &[u8; BLOCK_READ]) -> u8 {
        let mut word = self.word(block, 0);
        let mut places = 0;
        for bit in 0..BLOCK / 2 {
            let next = self.word(block, bit * 2 + 2);
            places |= u8::from(word & (next >> BUCKETS) != 0) << bit;
            word = next;
        }
        places
    }

    /// Memory in use, bytes.
    pub fn memory(&self) -> usize {
        size_of_val(&*self.words)
    }

    #[inline]
    fn word(&self, block: &[u8; BLOCK_READ], at: usize) -> u32 {
        self.words[usize::from(u16::from_le_bytes([block[at], block[at + 1]]))]
    }
}

/// The windows by which an occurrence at a distance of this parity can be known, the rarest first.
fn windows(
    literal: u32,
    bytes: &[u8],
    exact: bool,
    parity: i8,
    frequency: &Frequency,
) -> Vec<(f32, Window)> {
    let length = i8::try_from(bytes.len()).unwrap_or(i8::MAX);
    // With five bytes there is a whole window at either parity; shorter ones do with three bytes.
    let (first, last) = if length >= 5 { (0, length - 4) } else { (-1, length - 3) };
    let mut windows: Vec<(f32, Window)> = (first..=last)
        .filter(|offset| offset & 1 == parity)
        .map(|offset| {
            let mut at = isize::from(offset);
            let known = [(); WINDOW].map(|()| {
                at += 1;
                Known::of(bytes, at - 1, exact)
            });
            let window = Window { literal, offset, bytes: known };
            (window.share(frequency), window)
        })
        .collect();
    windows.sort_by(|a, b| a.0.total_cmp(&b.0));
    windows
}

/// The table while windows are dealt out to buckets.
struct Dealer {
    words: Box<[u32; 1 << 16]>,
    /// For each kind of byte and bucket, how often one of the bucket's second pairs comes after
    /// such a byte, as a share of the places where such a byte stands.
    after: Vec<[f32; BUCKETS]>,
    /// The same for its first pairs, before such a byte.
    before: Vec<[f32; BUCKETS]>,
    frequency: Frequency,
}

impl Dealer {
    fn new() -> Dealer {
        let words = vec![0; 1 << 16].into_boxed_slice();
        Dealer {
            words: words.try_into().expect("it has as many words as there are pairs"),
            after: vec![[0.0; BUCKETS]; KINDS],
            before: vec![[0.0; BUCKETS]; KINDS],
            frequency: Frequency::new(),
        }
    }

    /// Puts one of `choices` where it causes the fewest false alarms: a bucket raises one wherever
    /// any of its first pairs is followed by any of its second pairs.
    fn deal(&mut self, choices: &[(f32, Window)]) -> Option<Window> {
        let mut best: Option<(f32, usize, &Window)> = None;
        for (share, window) in choices {
            for (bucket, alarms) in self.alarms(window).into_iter().enumerate() {
                let cost = alarms + share * CONFIRM;
                if best.is_none_or(|(least, _, _)| cost < least) {
                    best = Some((cost, bucket, window));
                }
            }
        }
        let (_, bucket, window) = best?;
        self.put(window, bucket);
        Some(*window)
    }

    /// For each bucket, the share of places at which `window` would bring new alarms.
    fn alarms(&self, window: &Window) -> [f32; BUCKETS] {
        let mut alarms = [0.0; BUCKETS];
        let [a, b, c, d, ..] = window.bytes;
        for second in b.samples() {
            let after = &self.after[kind(second)];
            for first in a.samples() {
                let share = self.frequency.pair(first, second);
                add(&mut alarms, after, share, self.words[place(first, second)]);
            }
        }
        for first in c.samples() {
            let before = &self.before[kind(first)];
            for second in d.samples() {
                let share = self.frequency.pair(first, second);
                add(&mut alarms, before, share, self.words[place(first, second)] >> BUCKETS);
            }
        }
        alarms
    }

    fn put(&mut self, window: &Window, bucket: usize) {
        let [a, b, c, d, ..] = window.bytes;
        for second in b.bytes() {
            let share = a.bytes().map(|first| self.mark(first, second, bucket)).sum::<f32>();
            for (next, before) in self.before.iter_mut().enumerate() {
                before[bucket] += share * self.frequency.link(kind(second), next);
            }
        }
        for first in c.bytes() {
            let share =
                d.bytes().map(|second| self.mark(first, second, BUCKETS + bucket)).sum::<f32>();
            for (last, after) in self.after.iter_mut().enumerate() {
                after[bucket] += share * self.frequency.link(last, kind(first));
            }
        }
    }

    /// Sets a bit in a pair's word; gives the share of places that it is new for.
    fn mark(&mut self, first: u8, second: u8, bit: usize) -> f32 {
        let word = &mut self.words[place(first, second)];
        let new = *word >> bit & 1 == 0;
        *word |= 1 << bit;
        // One of the bytes that are counted together stands for all of them.
        let counts = new && is_sample(first) && is_sample(second);
        if counts { self.frequency.pair(first, second) } else { 0.0 }
    }
}

/// Adds to each bucket what a pair with this share brings, unless its word has the pair already.
fn add(alarms: &mut [f32; BUCKETS], beside: &[f32; BUCKETS], share: f32, word: u32) {
    for (bucket, (sum, beside)) in alarms.iter_mut().zip(beside).enumerate() {
        *sum += if word >> bucket & 1 == 0 { share * beside } else { 0.0 };
    }
}

/// Where a pair's word is.
fn place(first: u8, second: u8) -> usize {
    usize::from(u16::from_le_bytes([first, second]))
}
