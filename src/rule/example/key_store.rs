//! Key stores as files: Java's JKS and JCEKS, and as much of PKCS #12 as tells that a key is in it.

use super::asn1;
use super::random::Random;

/// Whether this can be made.
pub fn check_kind(kind: &str) -> Result<(), &'static str> {
    match kind {
        "jks" | "jceks" | "pkcs12" | "trust" => Ok(()),
        _ => Err("jks, jceks, pkcs12 or trust (a JKS of trusted certificates)"),
    }
}

/// The bytes of such a file.
pub fn file(kind: &str, random: &mut Random) -> Vec<u8> {
    match kind {
        "pkcs12" => asn1::pkcs12(random),
        "jceks" => {
            java([0xce; 4], &[&certificate(random)[..], &private_key(random)].concat(), random)
        }
        "trust" => java(JKS, &[certificate(random), certificate(random)].concat(), random),
        _ => java(JKS, &[certificate(random), private_key(random)].concat(), random),
    }
}

const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];

/// A store of version 2 with two entries and the digest at its end.
fn java(magic: [u8; 4], entries: &[u8], random: &mut Random) -> Vec<u8> {
    [&magic[..], &[0, 0, 0, 2, 0, 0, 0, 2], entries, &random.bytes(20)].concat()
}

fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(0);
    [&length.to_be_bytes()[..], text.as_bytes()].concat()
}

fn sized(bytes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(bytes.len()).unwrap_or(0);
    [&length.to_be_bytes()[..], bytes].concat()
}

fn certificate(random: &mut Random) -> Vec<u8> {
    let certificate = sized(&asn1::signed(random));
    [&[0, 0, 0, 2][..], &text("root"), &[0; 8], &text("X.509"), &certificate].concat()
}

fn private_key(random: &mut Random) -> Vec<u8> {
    let key = sized(&asn1::encrypted_pkcs8(random));
    let chain = [&[0, 0, 0, 1][..], &text("X.509"), &sized(&asn1::signed(random))].concat();
    [&[0, 0, 0, 1][..], &text("server"), &[0; 8], &key, &chain].concat()
}
