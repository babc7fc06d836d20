//! GitHub's checksum for tokens, which npm uses too: the CRC-32 of the random part, written in
//! base 62 with leading zeros. Examples are made with it, and validators check with it.
//!
//! Source: "Behind GitHub's new authentication token formats", The GitHub Blog, 2021-04-05.

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

#[cfg(test)]
mod tests {
    use super::*;

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
