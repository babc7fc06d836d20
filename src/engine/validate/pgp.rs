//! ASCII-armoured `OpenPGP` secret keys (RFC 9580, and RFC 4880 before it): armour with its CRC-24,
//! packets that fill the body, and how each secret key packet is protected.

use super::armor::{self, Block};
use super::{Checked, base};
use crate::model::Fact;

/// Packets looked at: keys with many user ids and signatures have some hundreds.
const MAX_PACKETS: usize = 10_000;

/// How the secret part of a key packet is held.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Held {
    /// Not there: `GnuPG`'s stub for a key that is kept offline or on a card.
    Elsewhere,
    /// Behind a passphrase.
    Encrypted,
    /// A packet version or algorithm that is not known here.
    Unknown,
    /// As it is.
    Plain,
}

/// Checks a whole armoured key.
pub(super) fn check(secret: &[u8]) -> Checked {
    check_block(&armor::parse(secret)?)
}

/// Checks a block whose framing is known to be right.
pub(super) fn check_block(block: &Block<'_>) -> Checked {
    if block.label != b"PGP PRIVATE KEY BLOCK" {
        return Err("not an OpenPGP private key");
    }
    packets(&dearmour(&block.lines)?)
}

/// Checks the packets of a key, as they stand in armour and, without it, in files of their own.
pub(crate) fn packets(bytes: &[u8]) -> Checked {
    let mut rest = bytes;
    let (mut held, mut algorithm) = (None, None);
    for count in 0..=MAX_PACKETS {
        if rest.is_empty() {
            break;
        }
        let (tag, body, after) = packet(rest).ok_or("packets do not fit")?;
        match tag {
            6 | 14 if count == 0 => return Err("a public key"),
            // Secret-Key and Secret-Subkey.
            5 | 7 => {
                let (found, name) = secret_key(body).ok_or("a secret key packet is cut")?;
                held = held.max(Some(found));
                algorithm = algorithm.or(Some(name));
            }
            _ => {}
        }
        rest = after;
    }
    let encrypted = match held {
        None => return Err("no secret key in it"),
        Some(Held::Elsewhere) => return Err("the secret part is kept elsewhere"),
        Some(Held::Encrypted) => "yes",
        Some(Held::Unknown) => "unknown",
        Some(Held::Plain) => "no",
    };
    let mut facts = vec![Fact::new("encrypted", encrypted)];
    facts.extend(algorithm.map(|name| Fact::new("key_type", name)));
    Ok(facts)
}

/// The body without armour headers and checksum, which has to hold when it is there: RFC 9580
/// section 6.1 makes it optional.
fn dearmour(lines: &[Vec<u8>]) -> Result<Vec<u8>, &'static str> {
    let mut text = Vec::new();
    let mut checksum = None;
    for line in lines.iter().filter(|line| !line.is_empty() && !line.contains(&b':')) {
        for word in line.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()) {
            match word.strip_prefix(b"=") {
                Some(sum) if sum.len() == 4 => checksum = Some(sum),
                _ if checksum.is_none() => text.extend_from_slice(word),
                _ => return Err("text after the checksum"),
            }
        }
    }
    let bytes = base::base64(&text).ok_or("body is not base64")?;
    if let Some(checksum) = checksum {
        let stated = base::base64(checksum).ok_or("checksum is not base64")?;
        if stated != crc24(&bytes).to_be_bytes()[1..] {
            return Err("armour checksum does not hold");
        }
    }
    if bytes.is_empty() { Err("empty") } else { Ok(bytes) }
}

/// CRC-24 of RFC 9580 section 6.1.1.
fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    })
}

/// Tag, body and what follows (RFC 9580 section 4.2). Partial and indeterminate lengths are for
/// data packets only and are refused.
fn packet(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&header, rest) = bytes.split_first()?;
    if header & 0x80 == 0 {
        return None;
    }
    let number =
        |digits: &[u8]| digits.iter().fold(0usize, |n, digit| n << 8 | usize::from(*digit));
    let (tag, length, rest) = if header & 0x40 == 0 {
        let width = *[1usize, 2, 4].get(usize::from(header & 3))?;
        let (digits, rest) = rest.split_at_checked(width)?;
        (header >> 2 & 0x0f, number(digits), rest)
    } else {
        let (&first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            0..=191 => (usize::from(first), rest),
            192..=223 => {
                let (&second, rest) = rest.split_first()?;
                ((usize::from(first) - 192) * 256 + usize::from(second) + 192, rest)
            }
            255 => {
                let (digits, rest) = rest.split_at_checked(4)?;
                (number(digits), rest)
            }
            224..=254 => return None,
        };
        (header & 0x3f, length, rest)
    };
    let (body, after) = rest.split_at_checked(length)?;
    Some((tag, body, after))
}

/// How a secret key packet is held, and its algorithm (RFC 9580 section 5.5.3).
fn secret_key(body: &[u8]) -> Option<(Held, &'static str)> {
    let (&version, rest) = body.split_first()?;
    // Creation time; in versions 2 and 3 days of validity too.
    let rest = rest.get(if version < 4 { 6 } else { 4 }..)?;
    let (&algorithm, rest) = rest.split_first()?;
    let name = algorithm_name(algorithm);
    let after_public = match version {
        2..=4 => match public_length(algorithm, rest) {
            Public::Length(length) => rest.get(length..)?,
            Public::Cut => return None,
            Public::Unknown => return Some((Held::Unknown, name)),
        },
        5 | 6 => {
            let (length, rest) = rest.split_first_chunk::<4>()?;
            rest.get(usize::try_from(u32::from_be_bytes(*length)).ok()?..)?
        }
        _ => return Some((Held::Unknown, name)),
    };
    let (&usage, rest) = after_public.split_first()?;
    let held = match usage {
        0 => Held::Plain,
        253..=255 if version <= 4 && is_stub(rest) => Held::Elsewhere,
        _ => Held::Encrypted,
    };
    // Something must follow: the secret numbers, in the clear or not.
    if held != Held::Elsewhere && rest.len() < 8 { None } else { Some((held, name)) }
}

/// `GnuPG`'s own string-to-key number 101 with "GNU" and 1 (no secret) or 2 (on a card), after the
/// cipher and before and after the hash (`GnuPG`'s doc/DETAILS).
fn is_stub(protection: &[u8]) -> bool {
    matches!(protection, [_cipher, 101, _hash, b'G', b'N', b'U', 1 | 2, ..])
}

/// How long the public numbers of a key are.
enum Public {
    Length(usize),
    Cut,
    Unknown,
}

/// The length of the algorithm's public part (RFC 9580 section 5.5.5).
fn public_length(algorithm: u8, rest: &[u8]) -> Public {
    // Octets in an object identifier's or a parameter field's one-octet length, and numbers.
    let fields: &[Field] = match algorithm {
        1..=3 => &[Field::Number, Field::Number],
        16 => &[Field::Number; 3],
        17 => &[Field::Number; 4],
        18 => &[Field::Short, Field::Number, Field::Short],
        19 | 22 => &[Field::Short, Field::Number],
        25 | 27 => &[Field::Octets(32)],
        26 => &[Field::Octets(56)],
        28 => &[Field::Octets(57)],
        _ => return Public::Unknown,
    };
    let mut at = 0;
    for field in fields {
        let length = match field {
            Field::Octets(length) => Some(*length),
            Field::Short => rest.get(at).map(|length| 1 + usize::from(*length)),
            Field::Number => rest.get(at..at + 2).map(|bits| {
                let bits = bits.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
                2 + bits.div_ceil(8)
            }),
        };
        match length {
            Some(length) if at + length <= rest.len() => at += length,
            _ => return Public::Cut,
        }
    }
    Public::Length(at)
}

/// One part of a public key.
#[derive(Clone, Copy)]
enum Field {
    /// Two octets of bit count, then the number.
    Number,
    /// One octet of length, then that many.
    Short,
    /// A fixed count.
    Octets(usize),
}

fn algorithm_name(algorithm: u8) -> &'static str {
    match algorithm {
        1..=3 => "RSA",
        16 => "ElGamal",
        17 => "DSA",
        18 => "ECDH",
        19 => "ECDSA",
        22 => "EdDSA",
        25 => "X25519",
        26 => "X448",
        27 => "Ed25519",
        28 => "Ed448",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::validate::tests::{facts, random_bytes};

    fn rsa_packet(tag: u8, protection: &[u8]) -> Vec<u8> {
        let mut body = vec![4, 0x60, 0, 0, 0, 1];
        body.extend([&[8, 0][..], &random_bytes(1, 256), &[0, 17, 1, 0, 1]].concat());
        body.extend_from_slice(protection);
        let length = u16::try_from(body.len()).expect("short").to_be_bytes();
        [&[0x80 | tag << 2 | 1], &length[..], &body].concat()
    }

    fn armoured(bytes: &[u8], checksum: bool) -> String {
        let label = "PGP PRIVATE KEY BLOCK";
        let sum = BASE64_STANDARD.encode(&crc24(bytes).to_be_bytes()[1..]);
        let sum = if checksum { format!("\n={sum}") } else { String::new() };
        let body = BASE64_STANDARD.encode(bytes);
        format!(
            "-----BEGIN {label}-----\nComment: Ada's key\n\n{body}{sum}\n-----END {label}-----\n"
        )
    }

    fn plain() -> Vec<u8> {
        rsa_packet(5, &[&[0][..], &random_bytes(2, 600)].concat())
    }

    #[test]
    fn protection_is_told() {
        let told = |bytes: &[u8]| facts(check(armoured(bytes, true).as_bytes()));
        assert_eq!(told(&plain()), "encrypted=no key_type=RSA");
        let encrypted = rsa_packet(5, &[&[254, 7, 3, 2][..], &random_bytes(3, 60)].concat());
        assert_eq!(told(&encrypted), "encrypted=yes key_type=RSA");
        let user_id = [&[0xcd, 3][..], b"Ada"].concat();
        let stub = rsa_packet(5, &[255, 0, 101, 0, b'G', b'N', b'U', 1]);
        assert_eq!(told(&[&stub[..], &user_id].concat()), "the secret part is kept elsewhere");
        let subkey = rsa_packet(7, &[&[0][..], &random_bytes(2, 600)].concat());
        assert_eq!(told(&[&stub[..], &user_id, &subkey].concat()), "encrypted=no key_type=RSA");
        assert_eq!(told(&rsa_packet(6, &[])), "a public key");
        assert_eq!(told(&user_id), "no secret key in it");
    }

    #[test]
    fn the_checksum_is_optional_but_must_hold() {
        // RFC 9580 section 6.1.1 gives the polynomial; the check value of CRC-24/OPENPGP is known.
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
        let bytes = plain();
        assert!(check(armoured(&bytes, false).as_bytes()).is_ok());
        let mut changed = bytes.clone();
        changed[40] ^= 1;
        let sum = BASE64_STANDARD.encode(&crc24(&bytes).to_be_bytes()[1..]);
        let wrong = armoured(&changed, true)
            .replace(&BASE64_STANDARD.encode(&crc24(&changed).to_be_bytes()[1..]), &sum);
        assert_eq!(check(wrong.as_bytes()), Err("armour checksum does not hold"));
    }

    #[test]
    fn lines_may_be_escaped() {
        let escaped = armoured(&plain(), true).trim_end().replace('\n', "\\n");
        assert_eq!(facts(check(escaped.as_bytes())), "encrypted=no key_type=RSA");
    }

    #[test]
    fn packets_must_be_whole() {
        let bytes = plain();
        for end in 0..bytes.len() {
            assert!(check(armoured(&bytes[..end], true).as_bytes()).is_err(), "{end}");
        }
        let new_format = |length: usize| {
            let first = u8::try_from(192 + ((length - 192) >> 8)).expect("two-octet length");
            let second = u8::try_from((length - 192) & 0xff).expect("a byte");
            [&[0xcd, first, second][..], &vec![b'a'; length]].concat()
        };
        for length in [192, 193, 500, 8383] {
            let long = new_format(length);
            assert_eq!(packet(&long).map(|(tag, body, _)| (tag, body.len())), Some((13, length)));
            assert!(packet(&long[..long.len() - 1]).is_none());
        }
        assert!(packet(&[0xcd, 224, 0]).is_none());
        assert!(packet(&[0xcd, 255, 0xff, 0xff, 0xff, 0xff, 0]).is_none());
    }
}
