//! Bech32 (BIP-173), which age writes its identities in.

const DIGITS: &[u8; 32] = b"qpzry9x8gf2tvdw0s3jn54khce6mua7l";
/// Generator of the checksum's BCH code.
const GENERATOR: [u32; 5] = [0x3b6a_57b2, 0x2650_8e6d, 0x1ea1_19fa, 0x3d42_33dd, 0x2a14_62b3];

/// `prefix` (lower case), `1`, the bytes in groups of five bits, and six digits of checksum.
pub fn encode(prefix: &str, bytes: &[u8]) -> String {
    let groups = five_bits(bytes);
    let high = prefix.bytes().map(|byte| byte >> 5);
    let low = prefix.bytes().map(|byte| byte & 31);
    let expanded = high.chain([0]).chain(low).chain(groups.iter().copied()).chain([0; 6]);
    let checksum = polymod(expanded) ^ 1;
    let tail = (0..6).rev().map(|place| (checksum >> (5 * place)) as usize & 31);
    let digits = groups.iter().map(|group| usize::from(*group)).chain(tail);
    let digits: String = digits.map(|digit| char::from(DIGITS[digit])).collect();
    format!("{prefix}1{digits}")
}

/// The bits of `bytes` five at a time, zeros after the last.
fn five_bits(bytes: &[u8]) -> Vec<u8> {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let groups = (bytes.len() * 8).div_ceil(5);
    (0..groups)
        .map(|group| (0..5).fold(0, |value, at| value << 1 | u8::from(bit(group * 5 + at))))
        .collect()
}

fn polymod(values: impl Iterator<Item = u8>) -> u32 {
    values.fold(1, |sum, value| {
        let top = sum >> 25;
        let next = (sum & 0x01ff_ffff) << 5 ^ u32::from(value);
        GENERATOR
            .iter()
            .enumerate()
            .filter(|(place, _)| top >> place & 1 == 1)
            .fold(next, |next, (_, generator)| next ^ generator)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Valid strings of BIP-173's own list: no data, and all 32 digits in order.
    #[test]
    fn the_standards_examples() {
        assert_eq!(encode("a", &[]), "a12uel5l");
        let bytes: Vec<u8> = {
            let digits: Vec<u8> = (0..32u8).collect();
            let bits: Vec<u8> =
                digits.iter().flat_map(|d| (0..5).rev().map(move |at| d >> at & 1)).collect();
            bits.chunks(8).map(|byte| byte.iter().fold(0, |value, bit| value << 1 | bit)).collect()
        };
        let expected = "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw";
        assert_eq!(encode("abcdef", &bytes), expected);
    }
}
