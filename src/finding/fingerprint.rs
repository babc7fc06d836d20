//! Fingerprints: names for secrets that say nothing about them.
//!
//! A fingerprint depends on the secret and on a key, on nothing else: not on the path, the line,
//! the commit or the rule. So it survives moved lines, renamed files and rewritten history, and a
//! short password cannot be guessed from it by whoever has no key.
//!
//! It is the first 16 bytes of HMAC-SHA-256 (RFC 2104, FIPS 180-4) over a fixed prefix and the
//! secret's normal form. The normal form of text with a PEM-like frame (`-----BEGIN`) leaves out
//! white space and the escapes that string literals put in its place (`\n`, `\r`, `\t`, `\/`, a
//! trailing `\`), at any depth of escaping: one private key has one fingerprint whether it stands
//! in a file of its own, indented in YAML, or on one line of JSON. Every other secret is its own
//! normal form.

use std::fmt;
use std::str::FromStr;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::Fingerprint;
use crate::config::parse_fingerprint_key;
use crate::model::Secret;

/// What fingerprints are hashed with in front, so that no other use of the key gives the same.
const FINGERPRINT: &[u8] = b"leaktrace/fingerprint/v1\0";
/// What the key is named by.
const KEY_ID: &[u8] = b"leaktrace/fingerprint-key-id/v1\0";
/// What other keys are derived with.
const DERIVED: &[u8] = b"leaktrace/derived-key/v1\0";

/// The key of fingerprints: 32 bytes that no output shows.
#[derive(Clone, PartialEq, Eq)]
pub struct FingerprintKey([u8; 32]);

/// Text that is no fingerprint.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a fingerprint has exactly 32 hexadecimal digits, as outputs show it")]
pub struct ParseFingerprintError;

impl FingerprintKey {
    /// A key of these bytes, which should be random.
    pub fn from_bytes(bytes: [u8; 32]) -> FingerprintKey {
        FingerprintKey(bytes)
    }

    /// A key of 64 hexadecimal digits, or why they are none. Neither is shown in the reason.
    pub fn from_hex(digits: &[u8]) -> Result<FingerprintKey, &'static str> {
        FingerprintKey::from_secret(&parse_fingerprint_key(digits)?)
    }

    /// The key that the configuration gives.
    pub fn from_secret(bytes: &Secret) -> Result<FingerprintKey, &'static str> {
        let bytes = bytes.expose().try_into().map_err(|_| "a fingerprint key has 32 bytes")?;
        Ok(FingerprintKey(bytes))
    }

    /// A new key from the system's random source.
    pub fn random() -> Result<FingerprintKey, getrandom::Error> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes)?;
        Ok(FingerprintKey(bytes))
    }

    /// The key's name, the same for the same key and of no use for finding it: 16 hexadecimal
    /// digits.
    pub fn key_id(&self) -> String {
        let digest = self.digest(KEY_ID, [].into_iter());
        let first: [u8; 8] = std::array::from_fn(|i| digest[i]);
        format!("{:016x}", u64::from_be_bytes(first))
    }

    /// A key for another use, which says nothing of this one nor of keys for other `purpose`s.
    pub fn derive(&self, purpose: &str) -> [u8; 32] {
        self.digest(DERIVED, std::iter::once(purpose.as_bytes()))
    }

    /// The key as 64 hexadecimal digits, for the key file only.
    pub(super) fn to_hex(&self) -> Secret {
        let digit = |value: u8| char::from_digit(value.into(), 16).unwrap_or('0');
        let digits: String =
            self.0.iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect();
        Secret::new(digits.into_bytes())
    }

    fn digest<'a>(&self, prefix: &[u8], parts: impl Iterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut mac =
            Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(prefix);
        parts.for_each(|part| mac.update(part));
        mac.finalize().into_bytes().into()
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintKey({})", self.key_id())
    }
}

impl Fingerprint {
    /// The fingerprint of `secret` under `key`. Linear in the secret's length.
    pub fn of(key: &FingerprintKey, secret: &Secret) -> Fingerprint {
        let bytes = secret.expose();
        let digest = if is_framed(bytes) {
            key.digest(FINGERPRINT, unframed(bytes))
        } else {
            key.digest(FINGERPRINT, std::iter::once(bytes))
        };
        Fingerprint(std::array::from_fn(|i| digest[i]))
    }
}

impl FromStr for Fingerprint {
    type Err = ParseFingerprintError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.len() != 32 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseFingerprintError);
        }
        let bits = u128::from_str_radix(text, 16).map_err(|_| ParseFingerprintError)?;
        Ok(Fingerprint(bits.to_be_bytes()))
    }
}

/// Whether the text has a PEM-like frame (RFC 7468 and its relatives).
fn is_framed(bytes: &[u8]) -> bool {
    memchr::memmem::find(bytes, b"-----BEGIN").is_some()
}

/// The runs of `bytes` that its normal form keeps: everything but white space and escapes of it.
fn unframed(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = bytes;
    std::iter::from_fn(move || {
        loop {
            let dropped = dropped(rest);
            rest = rest.get(dropped..)?;
            if dropped == 0 {
                break;
            }
        }
        let next = rest.iter().position(|byte| byte.is_ascii_whitespace() || *byte == b'\\');
        let (run, after) = rest.split_at(next.unwrap_or(rest.len()));
        rest = after;
        (!run.is_empty()).then_some(run)
    })
}

/// How many bytes at the start stand for white space or escape what follows: white space, or
/// backslashes with the letter that makes them an escape of white space.
fn dropped(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(byte) if byte.is_ascii_whitespace() => 1,
        Some(b'\\') => {
            let slashes = bytes.iter().take_while(|byte| **byte == b'\\').count();
            slashes + usize::from(matches!(bytes.get(slashes), Some(b'n' | b'r' | b't')))
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn key(seed: u8) -> FingerprintKey {
        FingerprintKey::from_bytes(std::array::from_fn(|i| {
            u8::try_from(i).unwrap_or(0).wrapping_mul(seed | 1) ^ seed
        }))
    }

    fn of(text: &str) -> String {
        Fingerprint::of(&key(3), &Secret::new(text.as_bytes())).to_string()
    }

    /// A key block whose body is made of counting letters.
    fn pem(newline: &str) -> String {
        let body: String = ('A'..='Z').chain('a'..='z').chain("0123456789+/".chars()).collect();
        let frame = |word| format!("-----{word} {}-----", concat!("PRIVATE", " KEY"));
        [frame("BEGIN"), body.clone(), body, frame("END")].join(newline)
    }

    #[test]
    fn one_private_key_has_one_fingerprint() {
        let plain = of(&pem("\n"));
        for newline in ["\r\n", "\n    ", "\\n", "\\r\\n", "\\\\n", "\\\n", "\n\t", ""] {
            assert_eq!(of(&pem(newline)), plain, "{newline:?}");
        }
        assert_eq!(of(&format!("{}\n", pem("\n"))), plain);
        assert_eq!(of(&pem("\\n").replace('/', "\\/")), plain);
        assert_ne!(of(&pem("\n").replace('Q', "R")), plain);
    }

    #[test]
    fn other_secrets_are_taken_as_they_are() {
        assert_ne!(of("correct horse"), of("correcthorse"));
        assert_ne!(of("a\\nb"), of("ab"));
        assert_ne!(of(""), of(" "));
    }

    #[test]
    fn the_scheme_stays_what_it_is() {
        // HMAC-SHA-256 with the key 00 01 … 1f over the prefix and `password`; changing it would
        // make every baseline worthless.
        let key = FingerprintKey::from_bytes(std::array::from_fn(|i| u8::try_from(i).unwrap_or(0)));
        let fingerprint = Fingerprint::of(&key, &Secret::new(*b"password"));
        insta::assert_snapshot!(fingerprint, @"381ece88c668423a63e9655ef10505e1");
        insta::assert_snapshot!(key.key_id(), @"8dc49a1404054f21");
        assert_eq!(fingerprint.to_string().parse(), Ok(fingerprint));
        for wrong in ["", "+0112233445566778899aabbccddeeff", &"0".repeat(33), "ä"] {
            assert_eq!(wrong.parse::<Fingerprint>(), Err(ParseFingerprintError));
        }
    }

    #[test]
    fn no_formatting_shows_the_key() {
        let key = FingerprintKey::random().expect("the system has randomness");
        let hex = key.to_hex();
        let digits = String::from_utf8_lossy(hex.expose()).into_owned();
        for shown in [format!("{key:?}"), format!("{key:#?}"), format!("{hex:?}"), key.key_id()] {
            assert!(!shown.contains(&digits[..8]), "{}", key.key_id());
            assert!(!shown.contains(&format!("{}, {}", key.0[0], key.0[1])), "{}", key.key_id());
        }
        assert_eq!(FingerprintKey::from_hex(hex.expose()), Ok(key));
    }

    proptest! {
        #[test]
        fn fingerprints_depend_on_secret_and_key_alone(
            a in prop::collection::vec(any::<u8>(), 0..80),
            b in prop::collection::vec(any::<u8>(), 0..80),
        ) {
            let of = |seed, bytes: &[u8]| Fingerprint::of(&key(seed), &Secret::new(bytes));
            prop_assert_eq!(of(3, &a), of(3, &a));
            prop_assert_eq!(of(3, &a) == of(3, &b), a == b);
            prop_assert_ne!(of(3, &a), of(5, &a));
        }

        #[test]
        fn white_space_in_frames_is_of_no_matter(
            text in "[A-Za-z \\\\\n\r\t/]{0,60}",
            at in 0_usize..60,
            space in "[ \n\r\t]{0,5}",
        ) {
            let framed = |body: &str| of(&format!("-----BEGIN {body}"));
            let at = at.min(text.len());
            // White space put inside an escape would change what the escape is.
            if !text[..at].ends_with('\\') {
                let spaced = format!("{}{space}{}", &text[..at], &text[at..]);
                prop_assert_eq!(framed(&spaced), framed(&text));
            }
        }
    }
}
