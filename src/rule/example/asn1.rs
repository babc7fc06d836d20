//! As much DER (ITU-T X.690) as well-formed example keys need: definite lengths, a few tags.

use super::random::Random;

/// `rsaEncryption`, 1.2.840.113549.1.1.1.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// `prime256v1`, 1.2.840.10045.3.1.7.
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
/// PBES2, 1.2.840.113549.1.5.13.
const PBES2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0d];
/// PBKDF2, 1.2.840.113549.1.5.12.
const PBKDF2: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x05, 0x0c];
/// `hmacWithSHA256`, 1.2.840.113549.2.9.
const HMAC_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x02, 0x09];
/// `aes256-CBC-PAD`, 2.16.840.1.101.3.4.1.42.
const AES256_CBC: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2a];

/// `pkcs8ShroudedKeyBag`, 1.2.840.113549.1.12.10.1.2.
const SHROUDED_KEY_BAG: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02];
/// `data` of PKCS #7, 1.2.840.113549.1.7.1.
const DATA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x07, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const NULL: u8 = 0x05;
const OID: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

/// One element: tag, length, contents.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut der = vec![tag];
    let length = contents.len().to_be_bytes();
    let significant = &length[length.iter().take_while(|byte| **byte == 0).count()..];
    match significant {
        [] => der.push(0),
        [short @ 0..=0x7f] => der.push(*short),
        long => {
            // At most eight bytes: the count fits the low bits.
            der.push(0x80 | u8::try_from(long.len()).unwrap_or(8));
            der.extend(long);
        }
    }
    der.extend(contents);
    der
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(SEQUENCE, &parts.concat())
}

fn oid(value: &[u8]) -> Vec<u8> {
    element(OID, value)
}

/// A positive integer of exactly `bytes` bytes.
fn integer(random: &mut Random, bytes: usize) -> Vec<u8> {
    let mut value = random.bytes(bytes);
    if let Some(first) = value.first_mut() {
        *first = *first & 0x7f | 0x40;
    }
    if let Some(last) = value.last_mut() {
        *last |= 1;
    }
    element(INTEGER, &value)
}

fn small_integer(value: u8) -> Vec<u8> {
    element(INTEGER, &[value])
}

/// `RSAPrivateKey` (RFC 8017, A.1.2) of 2048 bits.
pub fn rsa(random: &mut Random) -> Vec<u8> {
    let mut parts = vec![small_integer(0), integer(random, 256), element(INTEGER, &[1, 0, 1])];
    parts.push(integer(random, 256));
    parts.extend((0..5).map(|_| integer(random, 128)));
    sequence(&parts)
}

/// `ECPrivateKey` (RFC 5915) on P-256.
pub fn ec(random: &mut Random) -> Vec<u8> {
    let mut point = vec![0, 4];
    point.extend(random.bytes(64));
    sequence(&[
        small_integer(1),
        element(OCTET_STRING, &random.bytes(32)),
        element(0xa0, &oid(P256)),
        element(0xa1, &element(BIT_STRING, &point)),
    ])
}

/// A DSA key as OpenSSL writes it: version, p, q, g, y, x.
pub fn dsa(random: &mut Random) -> Vec<u8> {
    let mut parts = vec![small_integer(0), integer(random, 256), integer(random, 32)];
    parts.extend([integer(random, 256), integer(random, 256), integer(random, 32)]);
    sequence(&parts)
}

/// `PrivateKeyInfo` (RFC 5208) around an RSA key.
pub fn pkcs8(random: &mut Random) -> Vec<u8> {
    let algorithm = sequence(&[oid(RSA), element(NULL, &[])]);
    sequence(&[small_integer(0), algorithm, element(OCTET_STRING, &rsa(random))])
}

/// `EncryptedPrivateKeyInfo` (RFC 5208) under PBES2 (RFC 8018).
pub fn encrypted_pkcs8(random: &mut Random) -> Vec<u8> {
    let derivation = sequence(&[
        oid(PBKDF2),
        sequence(&[
            element(OCTET_STRING, &random.bytes(16)),
            element(INTEGER, &[0x08, 0x00]),
            sequence(&[oid(HMAC_SHA256), element(NULL, &[])]),
        ]),
    ]);
    let cipher = sequence(&[oid(AES256_CBC), element(OCTET_STRING, &random.bytes(16))]);
    let algorithm = sequence(&[oid(PBES2), sequence(&[derivation, cipher])]);
    sequence(&[algorithm, element(OCTET_STRING, &random.bytes(1232))])
}

/// As much of a PKCS #12 file (RFC 7292) as tells that a key is in it: version, a bag with an
/// encrypted key, and what authenticates it.
pub fn pkcs12(random: &mut Random) -> Vec<u8> {
    let key = element(0xa0, &encrypted_pkcs8(random));
    let bags = sequence(&[sequence(&[sequence(&[oid(SHROUDED_KEY_BAG), key])])]);
    let content = element(0xa0, &element(OCTET_STRING, &bags));
    let digest = sequence(&[
        sequence(&[oid(HMAC_SHA256), element(NULL, &[])]),
        element(OCTET_STRING, &random.bytes(32)),
    ]);
    let mac = sequence(&[digest, element(OCTET_STRING, &random.bytes(8))]);
    sequence(&[small_integer(3), sequence(&[oid(DATA), content]), mac])
}

/// Something of the shape of certificates and public keys: a body, an algorithm, a bit string.
pub fn signed(random: &mut Random) -> Vec<u8> {
    let mut bits = vec![0];
    bits.extend(random.bytes(256));
    sequence(&[
        sequence(&[integer(random, 16), element(OCTET_STRING, &random.bytes(300))]),
        sequence(&[oid(RSA), element(NULL, &[])]),
        element(BIT_STRING, &bits),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Walks elements as a reader would: every length fits its parent exactly.
    fn walk(mut der: &[u8]) -> usize {
        let mut count = 0;
        while let [tag, length, rest @ ..] = der {
            let (length, rest) = if *length < 0x80 {
                (usize::from(*length), rest)
            } else {
                let (bytes, rest) = rest.split_at(usize::from(length & 0x7f));
                (bytes.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte)), rest)
            };
            let (contents, next) = rest.split_at(length);
            count += 1;
            if tag & 0x20 != 0 {
                count += walk(contents);
            }
            der = next;
        }
        assert!(der.is_empty());
        count
    }

    #[test]
    fn every_length_fits() {
        let random = &mut Random::new("der");
        assert_eq!(walk(&rsa(random)), 10);
        assert_eq!(walk(&dsa(random)), 7);
        assert_eq!(walk(&ec(random)), 7);
        assert_eq!(walk(&pkcs8(random)), 6);
        assert_eq!(walk(&encrypted_pkcs8(random)), 16);
        assert_eq!(walk(&signed(random)), 8);
    }

    #[test]
    fn lengths_change_form_at_128() {
        assert_eq!(element(4, &[7; 127])[..2], [4, 127]);
        assert_eq!(element(4, &[7; 128])[..3], [4, 0x81, 128]);
        assert_eq!(element(4, &[7; 256])[..4], [4, 0x82, 1, 0]);
    }
}
