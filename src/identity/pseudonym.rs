//! Stable names for people without their names in them: HMAC-SHA256 of an id under a key of the
//! organisation, the first 64 bits in hexadecimal.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::model::Secret;

/// The organisation's key for pseudonyms.
#[derive(Debug, Clone)]
pub struct PseudonymKey(Secret);

impl PseudonymKey {
    /// A key of the organisation's own, at least 16 bytes; `None` for a shorter one.
    pub fn new(key: Secret) -> Option<PseudonymKey> {
        (key.expose().len() >= 16).then_some(PseudonymKey(key))
    }

    /// A key for a machine without one, out of the 32 bytes that fingerprints are keyed with.
    pub fn derived(fingerprint_key: &[u8]) -> PseudonymKey {
        let key = mac(fingerprint_key, b"leaktrace pseudonyms, version 1");
        PseudonymKey(Secret::new(key.to_vec()))
    }

    /// Says that whoever has this key made `text`: 64 lower-case hexadecimal digits.
    pub fn seal(&self, text: &[u8]) -> String {
        hex(&mac(&self.sealing(), text))
    }

    /// Whether `seal` is that of `text`, in a time that does not depend on where it is wrong.
    pub fn seals(&self, text: &[u8], seal: &str) -> bool {
        let (own, given) = (self.seal(text), seal.as_bytes());
        // What differs is compared by its HMAC, whose bytes nobody can choose.
        own.len() == given.len()
            && mac(&self.sealing(), own.as_bytes()) == mac(&self.sealing(), given)
    }

    /// A key for this alone: no id holds a zero byte, so that no pseudonym is a part of it.
    fn sealing(&self) -> [u8; 32] {
        mac(self.0.expose(), b"leaktrace evidence bundle\0version 1")
    }

    /// The pseudonym of an id: 16 lower-case hexadecimal digits.
    pub fn of(&self, id: &str) -> String {
        hex(mac(self.0.expose(), id.as_bytes()).get(..8).unwrap_or_default())
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        use std::fmt::Write as _;
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn mac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seal_is_of_the_key_and_of_every_byte() {
        let key = |byte| PseudonymKey::new(Secret::new(vec![byte; 32])).expect("long enough");
        let seal = key(b'k').seal(b"text");
        assert_eq!(seal.len(), 64);
        assert!(key(b'k').seals(b"text", &seal));
        assert!(!key(b'k').seals(b"Text", &seal) && !key(b'l').seals(b"text", &seal));
        assert!(!key(b'k').seals(b"text", &seal.to_uppercase()) && !key(b'k').seals(b"text", ""));
        // A pseudonym is no part of it.
        assert!(!seal.starts_with(&key(b'k').of("text")));
    }

    #[test]
    fn the_pseudonym_is_the_start_of_the_hmac() {
        let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
        assert_eq!(key.of("ana@corp.example"), "d2a9a143e75a8037");
        assert!(PseudonymKey::new(Secret::new(vec![b'k'; 15])).is_none());
        let derived = PseudonymKey::derived(&[7; 32]);
        assert_ne!(derived.of("a"), derived.of("b"));
        assert!(!format!("{key:?}").contains("kkk"));
    }
}
