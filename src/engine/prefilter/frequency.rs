//! How often two bytes stand beside each other in source text, so that literals are looked for by
//! their rarest bytes.
//!
//! `frequency.txt` has a line for each printable ASCII byte in order, and a last one for all other
//! bytes; in a line, a letter for each second byte in the same order. Letters are powers of two,
//! `a` for one pair in ten million or less: counted over 60 MB of whole files out of the histories
//! of rails/rails and git/git. They decide how fast a search is and nothing else.

/// One line for each first byte.
const PAIRS: &[u8] = include_bytes!("frequency.txt");
/// Kinds of bytes: the printable ASCII ones, and all others.
pub const KINDS: usize = 96;
const LINE: usize = KINDS + 1;

/// The counts, ready to use.
pub struct Frequency {
    /// By kind of the first byte, then of the second.
    pairs: Vec<f32>,
    /// By kind of byte.
    bytes: [f32; KINDS],
    /// As `pairs`, for [`Frequency::link`].
    links: Vec<f32>,
}

impl Frequency {
    /// Reads the counts.
    pub fn new() -> Frequency {
        let mut pairs = Vec::with_capacity(KINDS * KINDS);
        let mut bytes = [0.0; KINDS];
        for (line, sum) in PAIRS.chunks(LINE).zip(&mut bytes) {
            for letter in line.iter().take(KINDS) {
                // A power of two, made of its exponent.
                let share =
                    f32::from_bits(u32::from(letter.saturating_sub(b'a') + 127) << 23) * 1e-7;
                pairs.push(share);
                *sum += share;
            }
        }
        let links = pairs
            .chunks(KINDS)
            .zip(bytes)
            .flat_map(|(line, first)| {
                line.iter().zip(bytes).map(move |(pair, second)| pair / (first * second))
            })
            .collect();
        Frequency { pairs, bytes, links }
    }

    /// The share of places in source text at which `first` and then `second` stand.
    pub fn pair(&self, first: u8, second: u8) -> f32 {
        self.pairs.get(kind(first) * KINDS + kind(second)).copied().unwrap_or(0.0)
    }

    /// How many times more often than by chance a byte of the kind `second` follows one of the kind
    /// `first`.
    pub fn link(&self, first: usize, second: usize) -> f32 {
        self.links.get(first * KINDS + second).copied().unwrap_or(0.0)
    }

    /// The share of places at which `bytes` stand, as far as pairs can tell: each byte by the one
    /// before it.
    pub fn run(&self, bytes: &[u8]) -> f32 {
        let mut share = 1.0;
        for (at, two) in bytes.windows(2).enumerate() {
            let &[first, second] = two else { continue };
            share *= self.pair(first, second);
            if at > 0 {
                share /= self.bytes[kind(first)];
            }
        }
        share
    }
}

/// The kind that a byte is counted as.
pub fn kind(byte: u8) -> usize {
    match byte {
        b' '..=b'~' => usize::from(byte - b' '),
        _ => KINDS - 1,
    }
}

/// Whether the byte is the only one of its kind, or stands for all of its kind.
pub fn is_sample(byte: u8) -> bool {
    matches!(byte, b'\n' | b' '..=b'~')
}
