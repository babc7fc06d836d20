//! Checksums inside tokens: the base-62 CRC-32 of GitHub and npm, and Luhn's.

use super::Checked;
use crate::rule::checksum::{CHECKSUM_LEN, has_base62_crc32};

/// Characters before the checksum in the shortest tokens of this scheme.
const RANDOM: usize = 30;

/// GitHub's tokens: `ghp_`, `gho_`, `ghu_`, `ghs_`, `ghr_` and what follows. The checksum covers
/// the random part only, not the prefix ("Behind GitHub's new authentication token formats", the
/// GitHub blog, April 2021). Two formats carry no documented checksum and pass by their shape:
/// fine-grained tokens (`github_pat_`, 22 and 59 characters) and the stateless installation tokens
/// of 2026 (`ghs_APPID_JWT`), which GitHub asks to treat as opaque.
pub(super) fn github(secret: &[u8]) -> Checked {
    if let Some(rest) = secret.strip_prefix(b"github_pat_") {
        return fine_grained(rest);
    }
    let Some(rest) = secret.strip_prefix(b"ghs_").filter(|rest| rest.contains(&b'.')) else {
        return crc(secret);
    };
    let dots = memchr::memchr_iter(b'.', rest).count();
    let plain = rest.iter().all(|byte| super::base::is_base64url(*byte) || *byte == b'.');
    if dots == 2 && plain && rest.len() >= RANDOM + CHECKSUM_LEN {
        Ok(Vec::new())
    } else {
        Err("not GitHub's token format")
    }
}

/// npm's tokens, in the scheme that GitHub's have ("Announcing npm's new access token format", the
/// GitHub blog, September 2021).
pub(super) fn npm(secret: &[u8]) -> Checked {
    crc(secret)
}

fn fine_grained(rest: &[u8]) -> Checked {
    let mut parts = rest.split(|byte| *byte == b'_');
    let lengths = (parts.next().map(<[u8]>::len), parts.next().map(<[u8]>::len), parts.next());
    if lengths != (Some(22), Some(59), None)
        || !rest.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return Err("not GitHub's fine-grained token format");
    }
    Ok(Vec::new())
}

fn crc(secret: &[u8]) -> Checked {
    let body = match memchr::memrchr(b'_', secret) {
        Some(at) => secret.get(at + 1..).unwrap_or_default(),
        None => secret,
    };
    if body.len() < RANDOM + CHECKSUM_LEN || !body.iter().all(u8::is_ascii_alphanumeric) {
        return Err("not a prefix, random part and checksum");
    }
    if has_base62_crc32(body) { Ok(Vec::new()) } else { Err("checksum does not hold") }
}

/// Luhn's checksum (ISO/IEC 7812-1 annex B) over two or more digits; spaces and hyphens between
/// them do not count, and one repeated digit is no number.
pub(super) fn luhn(secret: &[u8]) -> Checked {
    let mut digits = Vec::with_capacity(secret.len());
    for byte in secret {
        match byte {
            b'0'..=b'9' => digits.push(u32::from(byte - b'0')),
            b' ' | b'-' => {}
            _ => return Err("not a number"),
        }
    }
    if digits.len() < 2 || digits.iter().all(|digit| Some(digit) == digits.first()) {
        return Err("not a number");
    }
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(at, digit)| if at % 2 == 1 { digit * 2 / 10 + digit * 2 % 10 } else { *digit })
        .fold(0, |sum, digit| (sum + digit) % 10);
    if sum == 0 { Ok(Vec::new()) } else { Err("Luhn checksum does not hold") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::validate::tests::{BASE62, random};
    use crate::rule::checksum::base62_crc32;

    fn token(prefix: &str, random: &[u8]) -> Vec<u8> {
        [prefix.as_bytes(), random, &base62_crc32(random)].concat()
    }

    #[test]
    fn github_and_npm_tokens_hold_and_any_changed_character_does_not() {
        for (seed, prefix) in (0..).zip(["ghp_", "gho_", "ghu_", "ghs_", "npm_"]) {
            let good = token(prefix, &random(seed, 30, BASE62));
            assert_eq!(crc(&good), Ok(Vec::new()));
            for at in 4..good.len() {
                let mut bad = good.clone();
                bad[at] = if bad[at] == b'a' { b'b' } else { b'a' };
                assert!(crc(&bad).is_err(), "{at}");
            }
            for end in 0..good.len() {
                assert!(crc(&good[..end]).is_err(), "{end}");
            }
        }
        assert_eq!(github(&token("ghr_", &random(9, 70, BASE62))), Ok(Vec::new()));
    }

    #[test]
    fn formats_without_a_documented_checksum_pass_by_shape() {
        let shape = |a: usize, b: usize| {
            [b"github_pat_", &random(1, a, BASE62)[..], b"_", &random(2, b, BASE62)].concat()
        };
        assert!(github(&shape(22, 59)).is_ok());
        assert!(github(&shape(22, 58)).is_err());
        assert!(github(&shape(21, 59)).is_err());
        let part = |seed| random(seed, 90, BASE62);
        let stateless = [b"ghs_12345_", &part(1)[..], b".", &part(2), b".", &part(3)].concat();
        assert!(github(&stateless).is_ok());
        assert!(github(&stateless[..150]).is_err());
    }

    #[test]
    fn luhn_accepts_the_standard_example_and_rejects_a_slip() {
        assert!(luhn(b"7992 7398-713").is_ok());
        assert!(luhn(b"79927398710").is_err());
        assert!(luhn(b"7992739871x").is_err());
        assert!(luhn(b"0000000000").is_err());
        assert!(luhn(b"0").is_err());
    }
}
