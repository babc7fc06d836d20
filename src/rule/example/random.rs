//! A generator of characters that look like those of real credentials: SHA-256 in counter mode,
//! seeded by a text, so that examples are the same in every run.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};

/// Words that make a value look like documentation rather than a credential.
const PLACEHOLDERS: [&str; 14] = [
    "xxx", "example", "sample", "test", "fake", "dummy", "demo", "todo", "your", "null", "1234",
    "abcd", "pass", "none",
];
/// Tries before a run is taken as it is: short alphabets cannot meet every wish.
const TRIES: usize = 64;
/// Symbols of generated passwords: those that need no quoting in URLs, shells or configuration.
const SYMBOLS: &[u8] = b"!._-~+";

/// The generator.
#[derive(Debug)]
pub struct Random {
    seed: [u8; 32],
    counter: u64,
    block: [u8; 32],
    used: usize,
}

impl Random {
    /// A generator whose bytes depend on `seed` alone.
    pub fn new(seed: &str) -> Random {
        Random { seed: Sha256::digest(seed).into(), counter: 0, block: [0; 32], used: 32 }
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        if self.used == self.block.len() {
            let hash =
                Sha256::new().chain_update(self.seed).chain_update(self.counter.to_le_bytes());
            self.block = hash.finalize().into();
            self.counter += 1;
            self.used = 0;
        }
        let byte = self.block[self.used];
        self.used += 1;
        byte
    }

    /// The next `count` bytes.
    pub fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.byte()).collect()
    }

    /// One of `choices` (1 to 256 of them), each as likely as the others.
    fn pick(&mut self, choices: &[u8]) -> u8 {
        let fair = 256 - 256 % choices.len();
        loop {
            let byte = usize::from(self.byte());
            if byte < fair {
                return choices[byte % choices.len()];
            }
        }
    }

    /// `count` characters of `alphabet` that no one takes for a placeholder.
    pub fn run(&mut self, alphabet: &[u8], count: usize) -> String {
        let mut text = String::new();
        for _ in 0..TRIES {
            text = (0..count).map(|_| char::from(self.pick(alphabet))).collect();
            // Long runs hold some short word sooner or later; nobody reads them as one.
            if count > 256 || (is_mixed(&text, alphabet) && !looks_like_placeholder(&text)) {
                break;
            }
        }
        text
    }

    /// A UUID of version 4.
    pub fn uuid(&mut self) -> String {
        let mut uuid = String::with_capacity(36);
        for index in 0..16 {
            let byte = match index {
                6 => self.byte() & 0x0f | 0x40,
                8 => self.byte() & 0x3f | 0x80,
                _ => self.byte(),
            };
            if [4, 6, 8, 10].contains(&index) {
                uuid.push('-');
            }
            // Writing to a String cannot fail.
            let _ = write!(uuid, "{byte:02x}");
        }
        uuid
    }

    /// A password as a manager or a careful person makes it: 16 to 20 characters of four classes,
    /// a letter first and a letter or digit last, so that it stands in any syntax unquoted.
    pub fn password(&mut self) -> String {
        const LETTERS: &[u8] = b"abcdefghijkmnopqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ";
        const DIGITS: &[u8] = b"23456789";
        let length = 16 + usize::from(self.byte() % 5);
        let inner: Vec<u8> = [LETTERS, LETTERS, DIGITS, SYMBOLS].concat();
        loop {
            let text: String = (0..length)
                .map(|index| match index {
                    0 => self.pick(LETTERS),
                    last if last + 1 == length => self.pick(DIGITS),
                    _ => self.pick(&inner),
                })
                .map(char::from)
                .collect();
            let symbols = text.bytes().filter(|byte| SYMBOLS.contains(byte)).count();
            let upper = text.bytes().any(|byte| byte.is_ascii_uppercase());
            let lower = text.bytes().any(|byte| byte.is_ascii_lowercase());
            if upper && lower && (1..=3).contains(&symbols) && !looks_like_placeholder(&text) {
                return text;
            }
        }
    }
}

/// Whether a run of 8 characters or more has each class that its alphabet has, as real ones nearly
/// always do, and is not mostly one character.
fn is_mixed(text: &str, alphabet: &[u8]) -> bool {
    if text.len() < 8 {
        return true;
    }
    let classes: [fn(&u8) -> bool; 3] =
        [u8::is_ascii_digit, u8::is_ascii_uppercase, u8::is_ascii_lowercase];
    let has_all = classes
        .iter()
        .filter(|class| alphabet.iter().any(class))
        .all(|class| text.as_bytes().iter().any(class));
    let mut distinct: Vec<u8> = text.bytes().collect();
    distinct.sort_unstable();
    distinct.dedup();
    has_all && distinct.len() * 5 >= text.len().min(alphabet.len()) * 2
}

/// Whether a word of placeholders, or four of one character in a row, stands in `text`.
fn looks_like_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    PLACEHOLDERS.iter().any(|word| lower.contains(word))
        || lower.as_bytes().windows(4).any(|four| four.iter().all(|byte| *byte == four[0]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_never_look_like_placeholders() {
        let mut random = Random::new("many");
        for _ in 0..2000 {
            let run = random.run(b"abcx0123", 24);
            assert!(!looks_like_placeholder(&run) && run.bytes().any(|b| b.is_ascii_digit()));
        }
        assert!(looks_like_placeholder("0aXxX1"));
        assert!(looks_like_placeholder("7aaaa8"));
    }

    #[test]
    fn an_alphabet_that_cannot_please_still_ends() {
        assert_eq!(Random::new("x").run(b"x", 20), "x".repeat(20));
    }

    #[test]
    fn passwords_have_four_classes_and_plain_ends() {
        let mut random = Random::new("passwords");
        for _ in 0..500 {
            let password = random.password();
            assert!((16..=20).contains(&password.len()));
            assert!(password.bytes().any(|b| b.is_ascii_digit()));
            assert!(password.bytes().any(|b| SYMBOLS.contains(&b)));
            assert!(password.starts_with(|c: char| c.is_ascii_alphabetic()));
            assert!(password.ends_with(|c: char| c.is_ascii_alphanumeric()));
        }
    }

    #[test]
    fn picks_are_even() {
        let mut random = Random::new("even");
        let mut counts = [0u32; 10];
        for _ in 0..10_000 {
            counts[usize::from(random.pick(b"\0\x01\x02\x03\x04\x05\x06\x07\x08\x09"))] += 1;
        }
        assert!(counts.iter().all(|count| (850..1150).contains(count)), "{counts:?}");
    }
}
