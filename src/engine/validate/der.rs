//! As much of ASN.1 DER (X.690) as tells the kind and size of a private key: PKCS#1 (RFC 8017),
//! SEC 1 (RFC 5915), PKCS#8 plain and encrypted (RFC 5958, RFC 8018) and OpenSSL's DSA form.

use std::fmt::Write as _;

use crate::model::Fact;

/// INTEGER, OCTET STRING, OBJECT IDENTIFIER and SEQUENCE.
const INTEGER: u8 = 0x02;
const OCTETS: u8 = 0x04;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// Longest object identifier that is told, in bytes.
const MAX_OID: usize = 32;

/// Tag and contents of the first element, and what follows it. Lengths are definite, tags one byte.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
        if digits.is_empty() || digits.len() > 4 || tag & 0x1f == 0x1f {
            return None;
        }
        (digits.iter().fold(0usize, |n, digit| n << 8 | usize::from(*digit)), rest)
    };
    let (contents, rest) = rest.split_at_checked(length)?;
    Some((tag, contents, rest))
}

/// The contents of the SEQUENCE that `bytes` are, when nothing follows it.
pub(crate) fn whole_sequence(bytes: &[u8]) -> Option<&[u8]> {
    match element(bytes) {
        Some((SEQUENCE, contents, [])) if !contents.is_empty() => Some(contents),
        _ => None,
    }
}

/// The next element if it has this tag.
fn take<'a>(bytes: &mut &'a [u8], tag: u8) -> Option<&'a [u8]> {
    let (found, contents, rest) = element(bytes)?;
    if found != tag {
        return None;
    }
    *bytes = rest;
    Some(contents)
}

/// Kind and size of an unencrypted key, from the contents of its outer SEQUENCE; nothing where the
/// structure is none of those above.
pub(super) fn key_facts(contents: &[u8]) -> Vec<Fact> {
    pkcs8(contents).or_else(|| sec1(contents)).or_else(|| integers(contents)).unwrap_or_default()
}

/// Whether the first element is a SEQUENCE, as in certificates, public keys and encrypted keys.
pub(super) fn begins_with_sequence(contents: &[u8]) -> bool {
    contents.first() == Some(&SEQUENCE)
}

/// What is told of a private key, plain or encrypted, from the contents of its outer SEQUENCE;
/// nothing where it is none of the kinds known here.
pub(crate) fn private_key_facts(contents: &[u8]) -> Option<Vec<Fact>> {
    if contents.first() == Some(&SEQUENCE) {
        let cipher = pkcs8_cipher(contents)?;
        return Some(vec![Fact::new("encrypted", format!("yes ({cipher})"))]);
    }
    let mut facts = pkcs8(contents)
        .or_else(|| sec1(contents).filter(|facts| facts.len() > 1))
        .or_else(|| integers(contents))?;
    // An algorithm without a name here is something else of the same build.
    let known = facts.iter().any(|fact| {
        fact.name == "key_type" && fact.value.bytes().any(|byte| byte.is_ascii_alphabetic())
    });
    facts.push(Fact::new("encrypted", "no"));
    known.then_some(facts)
}

/// PKCS#8: version, algorithm, the key in its own form.
fn pkcs8(mut contents: &[u8]) -> Option<Vec<Fact>> {
    take(&mut contents, INTEGER)?;
    let mut algorithm = take(&mut contents, SEQUENCE)?;
    let key = take(&mut contents, OCTETS)?;
    let name = oid(take(&mut algorithm, OID)?)?;
    let mut facts = vec![Fact::new("key_type", key_name(&name))];
    match name.as_str() {
        "1.2.840.113549.1.1.1" => {
            facts = whole_sequence(key).and_then(integers).unwrap_or(facts);
        }
        "1.2.840.10045.2.1" => {
            let curve = take(&mut algorithm, OID).and_then(oid);
            facts.extend(curve.map(|curve| Fact::new("curve", curve_name(&curve))));
        }
        "1.2.840.10040.4.1" => {
            let prime = take(&mut algorithm, SEQUENCE)
                .and_then(|mut numbers| take(&mut numbers, INTEGER))
                .map(bits);
            facts.extend(prime.map(|bits| Fact::new("key_bits", bits.to_string())));
        }
        _ => {}
    }
    Some(facts)
}

/// SEC 1: version, the number, and the curve under context tag 0.
fn sec1(mut contents: &[u8]) -> Option<Vec<Fact>> {
    take(&mut contents, INTEGER)?;
    take(&mut contents, OCTETS)?;
    let mut facts = vec![Fact::new("key_type", "EC")];
    let curve = take(&mut contents, 0xa0)
        .and_then(|mut parameters| take(&mut parameters, OID))
        .and_then(oid);
    facts.extend(curve.map(|curve| Fact::new("curve", curve_name(&curve))));
    Some(facts)
}

/// A row of integers: nine in PKCS#1, whose second is the modulus; six in OpenSSL's DSA form,
/// whose second is the prime.
fn integers(mut contents: &[u8]) -> Option<Vec<Fact>> {
    let mut numbers = Vec::new();
    while numbers.len() < 10
        && let Some(number) = take(&mut contents, INTEGER)
    {
        numbers.push(number);
    }
    let kind = match numbers.len() {
        6 => "DSA",
        9 => "RSA",
        _ => return None,
    };
    let size = bits(numbers.get(1)?);
    Some(vec![Fact::new("key_type", kind), Fact::new("key_bits", size.to_string())])
}

/// Bits of a non-negative big-endian number.
pub(super) fn bits(number: &[u8]) -> usize {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    let significant = number.get(zeros..).unwrap_or_default();
    significant.first().map_or(0, |top| significant.len() * 8 - top.leading_zeros() as usize)
}

/// The cipher of an encrypted PKCS#8 key, from the contents of its outer SEQUENCE; `None` where
/// that is none.
pub(super) fn pkcs8_cipher(mut contents: &[u8]) -> Option<String> {
    let mut algorithm = take(&mut contents, SEQUENCE)?;
    take(&mut contents, OCTETS)?;
    let scheme = oid(take(&mut algorithm, OID)?)?;
    if scheme != "1.2.840.113549.1.5.13" {
        return Some(cipher_name(&scheme));
    }
    let mut parameters = take(&mut algorithm, SEQUENCE)?;
    take(&mut parameters, SEQUENCE)?;
    let mut cipher = take(&mut parameters, SEQUENCE)?;
    Some(cipher_name(&oid(take(&mut cipher, OID)?)?))
}

/// Dotted decimal form (X.690 section 8.19).
fn oid(bytes: &[u8]) -> Option<String> {
    if bytes.len() > MAX_OID || bytes.last()? & 0x80 != 0 {
        return None;
    }
    let (mut dotted, mut arc) = (String::new(), 0u64);
    for byte in bytes {
        arc = arc.checked_mul(128)? + u64::from(byte & 0x7f);
        if byte & 0x80 != 0 {
            continue;
        }
        // Writing to a String cannot fail.
        let _ = if dotted.is_empty() {
            let root = (arc / 40).min(2);
            write!(dotted, "{root}.{}", arc - root * 40)
        } else {
            write!(dotted, ".{arc}")
        };
        arc = 0;
    }
    Some(dotted)
}

fn key_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.1" => "RSA",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.3.1" => "DH",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.10045.2.1" => "EC",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        "2.16.840.1.101.3.4.3.17" => "ML-DSA-44",
        "2.16.840.1.101.3.4.3.18" => "ML-DSA-65",
        "2.16.840.1.101.3.4.3.19" => "ML-DSA-87",
        "2.16.840.1.101.3.4.4.1" => "ML-KEM-512",
        "2.16.840.1.101.3.4.4.2" => "ML-KEM-768",
        "2.16.840.1.101.3.4.4.3" => "ML-KEM-1024",
        other => other,
    };
    name.to_owned()
}

fn curve_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.10045.3.1.1" => "P-192",
        "1.2.840.10045.3.1.7" => "P-256",
        "1.3.132.0.33" => "P-224",
        "1.3.132.0.34" => "P-384",
        "1.3.132.0.35" => "P-521",
        "1.3.132.0.10" => "secp256k1",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        "1.2.156.10197.1.301" => "SM2",
        other => other,
    };
    name.to_owned()
}

fn cipher_name(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.5.3" => "PBES1 MD5 DES",
        "1.2.840.113549.1.5.10" => "PBES1 SHA-1 DES",
        "1.2.840.113549.1.5.11" => "PBES1 SHA-1 RC2",
        "1.2.840.113549.1.12.1.3" => "PKCS#12 triple DES",
        "1.2.840.113549.1.12.1.6" => "PKCS#12 RC2-40",
        "1.2.840.113549.3.2" => "RC2-CBC",
        "1.2.840.113549.3.7" => "DES-EDE3-CBC",
        "1.3.14.3.2.7" => "DES-CBC",
        "2.16.840.1.101.3.4.1.2" => "AES-128-CBC",
        "2.16.840.1.101.3.4.1.6" => "AES-128-GCM",
        "2.16.840.1.101.3.4.1.22" => "AES-192-CBC",
        "2.16.840.1.101.3.4.1.26" => "AES-192-GCM",
        "2.16.840.1.101.3.4.1.42" => "AES-256-CBC",
        "2.16.840.1.101.3.4.1.46" => "AES-256-GCM",
        other => other,
    };
    name.to_owned()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// One element with its length in the shortest form.
    pub(in super::super) fn der(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = contents.len().to_be_bytes();
        let digits: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
        let mut bytes = vec![tag];
        if contents.len() < 0x80 {
            bytes.push(u8::try_from(contents.len()).expect("below 128"));
        } else {
            bytes.push(0x80 | u8::try_from(digits.len()).expect("at most eight"));
            bytes.extend(digits);
        }
        bytes.extend(contents);
        bytes
    }

    #[test]
    fn numbers_have_the_size_of_their_first_bit() {
        assert_eq!(bits(&[]), 0);
        assert_eq!(bits(&[0, 0]), 0);
        assert_eq!(bits(&[0, 0x80, 0]), 16);
        assert_eq!(bits(&[1]), 1);
    }

    #[test]
    fn object_identifiers_are_dotted() {
        assert_eq!(
            oid(&[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01]).as_deref(),
            Some("1.2.840.10045.2.1")
        );
        assert_eq!(oid(&[0x88, 0x37]).as_deref(), Some("2.999"));
        assert_eq!(oid(&[0x2a, 0x86]), None);
        assert_eq!(oid(&[0xff; 32]), None);
        assert_eq!(oid(&[]), None);
    }

    #[test]
    fn a_sequence_must_be_whole() {
        let whole = der(SEQUENCE, &[7; 300]);
        assert_eq!(whole_sequence(&whole), Some(&[7; 300][..]));
        for end in 0..whole.len() {
            assert_eq!(whole_sequence(&whole[..end]), None);
        }
        assert_eq!(whole_sequence(&[&whole[..], &[0]].concat()), None);
        assert_eq!(whole_sequence(&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(whole_sequence(&[0x30, 0x80, 0, 0]), None);
    }
}
