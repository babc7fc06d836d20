//! Checksums that are part of keys. Examples are made with them, and validators check with them.
//!
//! - GitHub's for tokens, which npm uses too: the CRC-32 of the random part, written in base 62 with
//!   leading zeros ("Behind GitHub's new authentication token formats", The GitHub Blog, 2021-04-05).
//! - CRC-16 as in XMODEM, which ends NATS keys (nkeys' README, "CRC-16/XMODEM").
//! - `Base58Check`, in which Bitcoin writes keys: four bytes of a double SHA-256 at the end (Bitcoin
//!   wiki, "`Base58Check` encoding").

use sha2::{Digest as _, Sha256};

/// Digits in order of value.
const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Characters of a checksum: the fewest that hold 32 bits.
pub const CHECKSUM_LEN: usize = 6;

/// The CRC-32 (as in ISO 3309 and zlib) of `random` in base 62, most significant digit first.
pub fn base62_crc32(random: &[u8]) -> [u8; CHECKSUM_LEN] {
    let mut rest = crc32fast::hash(random);
    let mut digits = [b'0'; CHECKSUM_LEN];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(rest % 62) as usize];
        rest /= 62;
    }
    digits
}

/// Whether `body`, a token after its prefix, ends with the checksum of what stands before it.
pub fn has_base62_crc32(body: &[u8]) -> bool {
    body.split_last_chunk::<CHECKSUM_LEN>()
        .is_some_and(|(random, checksum)| base62_crc32(random) == *checksum)
}

/// CRC-16/XMODEM: polynomial 0x1021, initial value 0.
pub fn crc16_xmodem(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc: u16, byte| {
        (0..8).fold(crc ^ u16::from(*byte) << 8, |crc, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { crc << 1 ^ 0x1021 }
        })
    })
}

/// The first four bytes of SHA-256 over SHA-256.
fn double_sha256(payload: &[u8]) -> [u8; 4] {
    let hash = Sha256::digest(Sha256::digest(payload));
    std::array::from_fn(|at| hash[at])
}

/// `payload` and its checksum in base 58.
pub fn base58check(payload: &[u8]) -> String {
    bs58::encode([payload, &double_sha256(payload)].concat()).into_string()
}

/// The payload of a `Base58Check` text of at most 128 characters whose checksum holds.
pub fn base58check_payload(text: &[u8]) -> Option<Vec<u8>> {
    if text.len() > 128 {
        return None;
    }
    let bytes = bs58::decode(text).into_vec().ok()?;
    let (payload, checksum) = bytes.split_last_chunk::<4>()?;
    (double_sha256(payload) == *checksum).then(|| payload.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 0x31C3 is the check value of CRC-16/XMODEM for these nine digits.
    #[test]
    fn the_published_check_value_of_crc_16() {
        assert_eq!(crc16_xmodem(b"123456789"), 0x31c3);
        assert_eq!(crc16_xmodem(b""), 0);
    }

    #[test]
    fn base58check_holds_until_a_character_changes() {
        let text = base58check(&[0x80; 33]);
        assert_eq!(base58check_payload(text.as_bytes()).as_deref(), Some(&[0x80; 33][..]));
        for at in 0..text.len() {
            let mut bad = text.clone().into_bytes();
            bad[at] = if bad[at] == b'x' { b'y' } else { b'x' };
            assert_eq!(base58check_payload(&bad), None, "{at}");
        }
        assert_eq!(base58check_payload(b"0OIl"), None);
        assert_eq!(base58check_payload(&[b'2'; 200]), None);
    }

    /// 0xCBF43926 is the check value that descriptions of CRC-32 give for these nine digits; its
    /// digits in base 62 are 3, 45, 35, 27, 22, 14.
    #[test]
    fn the_published_check_value() {
        assert_eq!(&base62_crc32(b"123456789"), b"3jZRME");
    }

    #[test]
    fn small_values_are_padded() {
        assert_eq!(&base62_crc32(b""), b"000000");
    }

    #[test]
    fn one_changed_character_is_noticed() {
        let mut body = b"0123456789abcdefghijABCDEFGHIJ".to_vec();
        body.extend(base62_crc32(&body.clone()));
        assert!(has_base62_crc32(&body));
        body[3] = b'4';
        assert!(!has_base62_crc32(&body));
        assert!(!has_base62_crc32(b"12345"));
    }
}
