//! Keys of NATS: base32 of a kind, 32 bytes and a CRC-16 (the nkeys project's README). A seed begins
//! with `S` and a letter for the kind of key it makes; the public key begins with that letter alone.

use super::Checked;
use super::base::base32_digit;
use crate::model::Fact;
use crate::rule::checksum::crc16_xmodem;

/// Characters of a seed: two bytes of kind, 32 of seed, two of checksum.
const SEED: usize = 58;
/// Characters of a public key: one byte of kind, 32 of key, two of checksum.
const PUBLIC: usize = 56;
/// What a seed's first byte says besides the kind.
const IS_SEED: u8 = 18 << 3;

/// Kinds of keys: the letter, which is five bits, and what it is for.
const KINDS: [(u8, &str); 6] = [
    (b'O', "operator"),
    (b'A', "account"),
    (b'U', "user"),
    (b'N', "server"),
    (b'C', "cluster"),
    (b'X', "curve"),
];

/// A seed: its kind and checksum.
pub(super) fn check(secret: &[u8]) -> Checked {
    if secret.len() != SEED {
        return Err("not the length of a seed");
    }
    let bytes = decode(secret).ok_or("not base32")?;
    let (first, second) = match bytes.as_slice() {
        [first, second, ..] => (*first, *second),
        _ => return Err("not the length of a seed"),
    };
    if first & 0xf8 != IS_SEED {
        return Err("not a seed");
    }
    let kind = (first & 7) << 5 | second >> 3;
    let name = name(kind >> 3).ok_or("no known kind of key")?;
    if holds(&bytes) {
        Ok(vec![Fact::new("key_kind", name)])
    } else {
        Err("checksum does not hold")
    }
}

/// Whether `value` is a public key, which anyone may see.
pub(crate) fn is_public(value: &[u8]) -> bool {
    value.len() == PUBLIC
        && value.first().is_some_and(|first| KINDS.iter().any(|(letter, _)| letter == first))
        && decode(value).is_some_and(|bytes| holds(&bytes))
}

/// What the kind of key with these five bits is for.
fn name(bits: u8) -> Option<&'static str> {
    let known = KINDS.iter().find(|(letter, _)| base32_digit(*letter) == Some(bits));
    known.map(|(_, name)| *name)
}

/// Whether the last two bytes, the lower first, are the checksum of the others.
fn holds(bytes: &[u8]) -> bool {
    bytes
        .split_last_chunk::<2>()
        .is_some_and(|(body, checksum)| crc16_xmodem(body) == u16::from_le_bytes(*checksum))
}

/// The bytes of base32 without padding, whose spare bits are 0.
fn decode(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len() * 5 / 8);
    let (mut bits, mut held) = (0u32, 0u32);
    for byte in text {
        bits = (bits << 5 | u32::from(base32_digit(*byte)?)) & 0xffff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held & 0xff) as u8);
        }
    }
    (bits & ((1 << held) - 1) == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::example::Template;

    fn seed(kind: &str, number: u32) -> String {
        let template = Template::parse(&format!("<<nkey:{kind}>>")).expect("valid");
        template.render(&number.to_string())
    }

    #[test]
    fn seeds_of_every_kind_hold_and_no_near_miss_does() {
        for (letter, name) in KINDS {
            let good = seed(&format!("S{}", char::from(letter)), 7).into_bytes();
            assert_eq!(check(&good), Ok(vec![Fact::new("key_kind", name)]));
            for at in 0..good.len() {
                assert!(check(&good[..at]).is_err());
                let mut bad = good.clone();
                bad[at] = if bad[at] == b'Q' { b'R' } else { b'Q' };
                assert!(check(&bad).is_err(), "{at}");
            }
        }
    }

    #[test]
    fn public_keys_are_told_from_everything_else() {
        for kind in ["U", "A", "O"] {
            let key = seed(kind, 3);
            assert!(is_public(key.as_bytes()), "{kind}");
            assert!(check(key.as_bytes()).is_err());
        }
        assert!(!is_public(seed("SU", 3).as_bytes()));
        assert!(!is_public(&[b'U'; PUBLIC]));
    }
}
