//! age identities: Bech32 (BIP-173, without its length limit) with the human-readable part
//! `AGE-SECRET-KEY-`, or `AGE-SECRET-KEY-PQ-` since age 1.3, over 32 bytes (C2SP's age.md).

use super::Checked;
use crate::model::Fact;

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";

/// Longest identity: the longer human-readable part, `1`, 52 digits and 6 of checksum.
const MAX: usize = 18 + 1 + 52 + 6;

/// Checks the checksum, the human-readable part and the length of the key.
pub(super) fn check(secret: &[u8]) -> Checked {
    if secret.len() > MAX || !secret.iter().all(u8::is_ascii) {
        return Err("not an age identity");
    }
    if secret.iter().any(u8::is_ascii_lowercase) && secret.iter().any(u8::is_ascii_uppercase) {
        return Err("mixed case");
    }
    let lower = secret.to_ascii_lowercase();
    let (hrp, data) = decode(&lower).ok_or("Bech32 checksum does not hold")?;
    let kind = match hrp {
        b"age-secret-key-" => "X25519",
        b"age-secret-key-pq-" => "ML-KEM-768 with X25519",
        _ => return Err("not an age identity"),
    };
    // 32 bytes are 51.2 digits; the spare bits are 0.
    if data.len() != 52 || data.last().is_none_or(|digit| digit & 0x0f != 0) {
        return Err("not 32 bytes");
    }
    Ok(vec![Fact::new("key_type", kind)])
}

/// The human-readable part and the data digits without the checksum, of a lower-case string whose
/// checksum holds.
fn decode(text: &[u8]) -> Option<(&[u8], Vec<u8>)> {
    let split = memchr::memrchr(b'1', text)?;
    let (hrp, digits) = (text.get(..split)?, text.get(split + 1..)?);
    if hrp.is_empty() || digits.len() < 6 || !hrp.iter().all(u8::is_ascii_graphic) {
        return None;
    }
    let mut data: Vec<u8> = Vec::with_capacity(digits.len());
    for digit in digits {
        let value = DIGITS.iter().position(|d| d == digit)?;
        data.push(u8::try_from(value).ok()?);
    }
    if polymod(hrp, &data) != 1 {
        return None;
    }
    data.truncate(data.len() - 6);
    Some((hrp, data))
}

/// BIP-173's BCH code over the expanded human-readable part and the data.
fn polymod(hrp: &[u8], data: &[u8]) -> u32 {
    const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];
    let expanded = hrp
        .iter()
        .map(|byte| byte >> 5)
        .chain([0])
        .chain(hrp.iter().map(|byte| byte & 31))
        .chain(data.iter().copied());
    expanded.fold(1, |checksum, value| {
        let top = checksum >> 25;
        let shifted = (checksum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(bit, _)| top >> bit & 1 == 1)
            .fold(shifted, |checksum, (_, generator)| checksum ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::validate::tests::random;

    fn identity(hrp: &str, seed: u64) -> Vec<u8> {
        let values: Vec<u8> = (0..32).collect();
        let mut data = random(seed, 52, &values);
        data[51] &= 0x10;
        let padded = [&data[..], &[0; 6]].concat();
        let checksum = polymod(hrp.as_bytes(), &padded) ^ 1;
        data.extend(
            (0..6).map(|at| u8::try_from(checksum >> (5 * (5 - at)) & 31).expect("5 bits")),
        );
        let digits = data.iter().map(|value| DIGITS[usize::from(*value)]);
        hrp.bytes().chain([b'1']).chain(digits).collect::<Vec<u8>>().to_ascii_uppercase()
    }

    #[test]
    fn the_vectors_of_bip_173() {
        for good in ["a12uel5l", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw"] {
            assert!(decode(good.as_bytes()).is_some(), "{good}");
        }
        for bad in ["a12uel5m", "pzry9x0s0muk", "1pzry9x0s0muk", "x1b4n0q5v", "li1dgmt3"] {
            assert!(decode(bad.as_bytes()).is_none(), "{bad}");
        }
    }

    #[test]
    fn identities_hold_and_no_near_miss_does() {
        for hrp in ["age-secret-key-", "age-secret-key-pq-"] {
            let good = identity(hrp, 7);
            assert!(check(&good).is_ok());
            for at in 0..good.len() {
                assert!(check(&good[..at]).is_err());
                let mut bad = good.clone();
                bad[at] = if bad[at] == b'Q' { b'P' } else { b'Q' };
                assert!(check(&bad).is_err(), "{at}");
            }
        }
        assert!(check(&identity("age-plugin-some-", 7)).is_err());
    }
}
