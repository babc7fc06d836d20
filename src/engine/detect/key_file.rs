//! Files that are keys by their form, without any text to search for: Java's key stores, PKCS #12
//! files, private keys in DER and `OpenPGP` keys without armour. They are told by their first bytes
//! and then read as far as says that a private key is in them: a store of certificates that are
//! trusted is none.

use std::ops::Range;

use crate::engine::validate::{der, pgp};
use crate::model::Fact;

/// Largest file that is looked into, in bytes: stores with hundreds of keys are smaller.
pub const MAX_FILE: usize = (256 << 10) - 1;

/// Smallest: an Ed25519 key in PKCS #8 has 48.
const MIN_FILE: usize = 46;

/// Entries of a Java key store that are looked through for one that holds a key.
const MAX_ENTRIES: u32 = 256;

/// First bytes of Java's own store and of the one that JCE brought
/// (`sun.security.provider.JavaKeyStore`, `com.sun.crypto.provider.JceKeyStore`).
const JKS: [u8; 4] = [0xfe, 0xed, 0xfe, 0xed];
const JCEKS: [u8; 4] = [0xce, 0xce, 0xce, 0xce];

/// Kinds of entries of a Java key store.
const PRIVATE_KEY: u32 = 1;
const CERTIFICATE: u32 = 2;
const SECRET_KEY: u32 = 3;

/// `pkcs8ShroudedKeyBag`, 1.2.840.113549.1.12.10.1.2, and `keyBag`, ….1 (RFC 7292 appendix D), as
/// elements of DER.
const KEY_BAGS: [&[u8]; 2] = [
    &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x02],
    &[0x06, 0x0b, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x0c, 0x0a, 0x01, 0x01],
];

/// A key in a file of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyFile {
    /// The bytes of the key, encrypted or not.
    pub key: Range<usize>,
    /// `key_kind`, `encrypted` and, for plain keys, what they are.
    pub facts: Vec<Fact>,
}

/// Whether `head` may begin a file that [`store`] or [`der`] knows. Four bytes decide nearly always;
/// random ones pass once in millions.
pub fn is_plausible(head: &[u8]) -> bool {
    match head.first() {
        Some(0xfe) => head.starts_with(&JKS),
        Some(0xce) => head.starts_with(&JCEKS),
        Some(0x30) => begins_der(head),
        Some(0x94 | 0x95 | 0xc5) => begins_pgp(head),
        _ => false,
    }
}

/// A Secret-Key packet of version 4 that was made between 1990 and 2060 (RFC 9580 sections 4.2 and
/// 5.5): what `gpg --export-secret-keys` writes without armour.
fn begins_pgp(head: &[u8]) -> bool {
    let ([0x94, _, body @ ..]
    | [0x95, _, _, body @ ..]
    | [0xc5, 0..=0xbf, body @ ..]
    | [0xc5, 0xc0..=0xdf, _, body @ ..]) = head
    else {
        return false;
    };
    matches!(body, [4, 0x26..=0xa9, _, _, _, algorithm, ..] if matches!(algorithm, 1..=3 | 16..=19 | 22 | 25..=28))
}

/// A SEQUENCE of some length whose first element is a version number from 0 to 3, or the SEQUENCE
/// that names how an encrypted key is encrypted.
fn begins_der(head: &[u8]) -> bool {
    let length = match head.get(1) {
        Some(0x2e..=0x80) => 0,
        Some(digits @ 0x81..=0x83) => usize::from(digits & 0x7f),
        _ => return false,
    };
    match head.get(2 + length..) {
        Some([0x02, 0x01, 0..=3, next, ..]) => matches!(next, 0x02 | 0x04 | 0x30),
        Some([0x30, scheme, 0x06, oid, rest @ ..]) => {
            // Password-based encryption: 1.2.840.113549.1.5.* and 1.2.840.113549.1.12.1.*.
            *scheme < 0x80
                && matches!(oid, 9 | 10)
                && rest.starts_with(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01])
                && matches!(rest.get(7), Some(0x05 | 0x0c))
        }
        _ => false,
    }
}

/// The first private or secret key of a Java key store or PKCS #12 file.
pub fn store(file: &[u8]) -> Option<KeyFile> {
    if !(MIN_FILE..=MAX_FILE).contains(&file.len()) {
        return None;
    }
    let (key, kind) = if let Some(rest) = file.strip_prefix(&JKS) {
        (java(rest, file.len())?, "Java key store (JKS)")
    } else if let Some(rest) = file.strip_prefix(&JCEKS) {
        (java(rest, file.len())?, "Java key store (JCEKS)")
    } else {
        (pkcs12(file)?, "PKCS #12")
    };
    let facts = vec![Fact::new("encrypted", "yes"), Fact::new("key_kind", kind)];
    Some(KeyFile { key, facts })
}

/// Where the first key of a Java key store stands, `rest` being what follows the magic number of a
/// file of `length` bytes.
fn java(mut rest: &[u8], length: usize) -> Option<Range<usize>> {
    let version = number(&mut rest)?;
    let entries = number(&mut rest)?;
    if !(1..=2).contains(&version) || entries == 0 {
        return None;
    }
    for _ in 0..entries.min(MAX_ENTRIES) {
        let kind = number(&mut rest)?;
        text(&mut rest)?;
        // When it was made, in milliseconds since 1970.
        take(&mut rest, 8)?;
        let start = length - rest.len();
        match kind {
            PRIVATE_KEY => {
                let size = usize::try_from(number(&mut rest)?).ok()?;
                take(&mut rest, size).filter(|key| der::whole_sequence(key).is_some())?;
                return Some(start + 4..start + 4 + size);
            }
            CERTIFICATE => {
                if version == 2 {
                    text(&mut rest)?;
                }
                let size = usize::try_from(number(&mut rest)?).ok()?;
                take(&mut rest, size)?;
            }
            // A sealed object that Java serialised; only the digest of the store follows the last.
            SECRET_KEY => return (!rest.is_empty()).then_some(start..length),
            _ => return None,
        }
    }
    None
}

/// The next number of four bytes.
fn number(rest: &mut &[u8]) -> Option<u32> {
    take(rest, 4)?.try_into().ok().map(u32::from_be_bytes)
}

/// The next text, whose length stands in two bytes before it.
fn text<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = u16::from_be_bytes(take(rest, 2)?.try_into().ok()?);
    take(rest, usize::from(length))
}

/// The next `count` bytes.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(count)?;
    *rest = after;
    Some(taken)
}

/// Where the first bag with a key stands in a PKCS #12 file: a SEQUENCE that begins with version 3.
fn pkcs12(file: &[u8]) -> Option<Range<usize>> {
    if file.first() != Some(&0x30) || !begins_der(file) {
        return None;
    }
    let digits = match file.get(1)? {
        digits @ 0x81..=0x83 => usize::from(digits & 0x7f),
        _ => 0,
    };
    if file.get(2 + digits..5 + digits) != Some(&[0x02, 0x01, 0x03]) {
        return None;
    }
    let bag = KEY_BAGS.iter().filter_map(|bag| memchr::memmem::find(file, bag)).min()?;
    Some(bag..file.len())
}

/// A private key that is all of `file`: PKCS #1, PKCS #8 plain or encrypted, or SEC 1 in DER, or the
/// packets of an `OpenPGP` key.
pub fn private_key(file: &[u8]) -> Option<KeyFile> {
    if !(MIN_FILE..=MAX_FILE).contains(&file.len()) || !is_plausible(file) {
        return None;
    }
    if file.first() != Some(&0x30) {
        let mut facts = pgp::packets(file).ok()?;
        facts.push(Fact::new("key_kind", "OpenPGP secret key"));
        facts.sort();
        return Some(KeyFile { key: 0..file.len(), facts });
    }
    let contents = der::whole_sequence(file)?;
    let mut facts = der::private_key_facts(contents)?;
    facts.push(Fact::new("key_kind", "private key in DER"));
    facts.sort();
    Some(KeyFile { key: 0..file.len(), facts })
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::rule::example::Template;

    /// A file that a template of examples makes.
    fn made(template: &str, seed: &str) -> Vec<u8> {
        let text = Template::parse(template).expect(template).render(seed);
        BASE64_STANDARD.decode(text).expect("base64")
    }

    #[test]
    fn stores_with_keys_are_known_and_no_cut_or_changed_one_is_read_past_its_end() {
        for kind in ["jks", "jceks", "pkcs12"] {
            let file = made(&format!("<<key-store:{kind}>>"), "seed");
            assert!(is_plausible(&file[..16]), "{kind}");
            let found = store(&file).expect(kind);
            assert!(found.key.end <= file.len() && found.key.len() > 100, "{kind}");
            for end in 0..file.len() {
                if let Some(found) = store(&file[..end]) {
                    assert!(found.key.end <= end, "{kind} {end}");
                }
            }
            for at in 0..file.len() {
                let mut bad = file.clone();
                bad[at] ^= 0xff;
                if let Some(found) = store(&bad) {
                    assert!(found.key.end <= bad.len(), "{kind} {at}");
                }
            }
        }
    }

    #[test]
    fn a_store_of_trusted_certificates_holds_no_secret() {
        assert_eq!(store(&made("<<key-store:trust>>", "seed")), None);
    }

    #[test]
    fn private_keys_in_der_are_told_from_public_ones_and_certificates() {
        for label in ["RSA PRIVATE KEY", "EC PRIVATE KEY", "PRIVATE KEY"] {
            let file = made(&format!("<<der:{label}>>"), "seed");
            let found = private_key(&file).expect(label);
            assert_eq!(found.key, 0..file.len());
            assert!(found.facts.contains(&Fact::new("encrypted", "no")), "{label}");
            assert!(private_key(&file[..file.len() - 1]).is_none(), "{label}");
        }
        let encrypted = made("<<der:ENCRYPTED PRIVATE KEY>>", "seed");
        let facts = private_key(&encrypted).expect("encrypted").facts;
        let told =
            facts.iter().any(|fact| fact.name == "encrypted" && fact.value.starts_with("yes"));
        assert!(told, "{facts:?}");
        for label in ["CERTIFICATE", "PUBLIC KEY"] {
            assert!(private_key(&made(&format!("<<der:{label}>>"), "seed")).is_none(), "{label}");
        }
    }
}
