//! Keys of NATS and of wallets, with the checksums that belong to them; the numbers are random.

use bip39::{Language, Mnemonic};

use super::random::Random;
use crate::rule::checksum::{base58check, crc16_xmodem};

/// Letters of the kinds of NATS keys.
const KINDS: &[u8] = b"OAUNCX";

/// Whether a NATS key of this kind can be made: a letter for the kind, after an `S` for seeds.
pub fn check_nkey(kind: &str) -> Result<(), &'static str> {
    match kind.strip_prefix('S').unwrap_or(kind).as_bytes() {
        [letter] if KINDS.contains(letter) => Ok(()),
        _ => Err("a letter of OAUNCX, for seeds after an S"),
    }
}

/// A NATS key.
pub fn nkey(kind: &str, random: &mut Random) -> String {
    let letter = |text: &str| text.bytes().last().map_or(0, |byte| byte - b'A');
    let mut bytes = match kind.strip_prefix('S') {
        Some(kind) => vec![(b'S' - b'A') << 3 | letter(kind) >> 2, (letter(kind) & 3) << 6],
        None => vec![letter(kind) << 3],
    };
    bytes.extend(random.bytes(32));
    bytes.extend(crc16_xmodem(&bytes).to_le_bytes());
    base32(&bytes)
}

/// RFC 4648 base32 without padding.
fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let bit = |at: usize| bytes.get(at / 8).map_or(0, |byte| byte >> (7 - at % 8) & 1);
    (0..bytes.len() * 8)
        .step_by(5)
        .map(|start| (start..start + 5).fold(0, |digit, at| digit << 1 | bit(at)))
        .map(|digit| char::from(DIGITS[usize::from(digit & 31)]))
        .collect()
}

/// A BIP-39 phrase of 12, 15, 18, 21 or 24 words.
pub fn seed_phrase(words: usize, random: &mut Random) -> String {
    let entropy = random.bytes(words / 3 * 4);
    let phrase = Mnemonic::from_entropy_in(Language::English, &entropy);
    phrase.map(|phrase| phrase.to_string()).unwrap_or_default()
}

/// Whether this can be made.
pub fn check_bitcoin(kind: &str) -> Result<(), &'static str> {
    match kind {
        "wif" | "wif-uncompressed" | "xprv" | "xpub" | "address" => Ok(()),
        _ => Err("wif, wif-uncompressed, xprv, xpub or address"),
    }
}

/// A Bitcoin private key, extended key or address in `Base58Check`.
pub fn bitcoin(kind: &str, random: &mut Random) -> String {
    let payload = match kind {
        "wif" => [&[0x80][..], &random.bytes(32), &[1]].concat(),
        "wif-uncompressed" => [&[0x80][..], &random.bytes(32)].concat(),
        "address" => [&[0][..], &random.bytes(20)].concat(),
        _ => {
            let version =
                if kind == "xprv" { [0x04, 0x88, 0xad, 0xe4] } else { [0x04, 0x88, 0xb2, 0x1e] };
            let mark = u8::from(kind != "xprv") * 2;
            [&version[..], &random.bytes(9 + 32), &[mark], &random.bytes(32)].concat()
        }
    };
    base58check(&payload)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_begin_as_they_do_in_life() {
        let mut random = Random::new("wallet");
        for (kind, start, length) in [("SU", "SU", 58), ("U", "U", 56), ("SO", "SO", 58)] {
            let key = nkey(kind, &mut random);
            assert!(key.starts_with(start) && key.len() == length, "{kind}");
        }
        assert!(bitcoin("xprv", &mut random).starts_with("xprv"));
        assert!(bitcoin("xpub", &mut random).starts_with("xpub"));
        assert!(bitcoin("wif-uncompressed", &mut random).starts_with('5'));
        assert!(bitcoin("address", &mut random).starts_with('1'));
        assert_eq!(seed_phrase(24, &mut random).split(' ').count(), 24);
    }
}
