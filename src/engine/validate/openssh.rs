//! OpenSSH's private key container (PROTOCOL.key in OpenSSH's sources): `openssh-key-v1`, cipher,
//! key derivation, public keys, and the private part, each with its length.

use ::base64::Engine as _;
use ::base64::prelude::BASE64_STANDARD_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::armor::{self, Block};
use super::{Checked, base, der, fact_from_content};
use crate::model::Fact;

const MAGIC: &[u8] = b"openssh-key-v1\0";

/// Checks a whole armoured key.
pub(super) fn check(secret: &[u8]) -> Checked {
    check_block(&armor::parse(secret)?)
}

/// Checks a block whose framing is known to be right.
pub(super) fn check_block(block: &Block<'_>) -> Checked {
    if block.label != b"OPENSSH PRIVATE KEY" {
        return Err("not an OpenSSH private key");
    }
    let text: Vec<u8> =
        block.lines.concat().into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let bytes = base::base64(&text).ok_or("body is not base64")?;
    container(&bytes).ok_or("not OpenSSH's key format")
}

fn container(bytes: &[u8]) -> Option<Vec<Fact>> {
    let mut rest = bytes.strip_prefix(MAGIC)?;
    let cipher = name(string(&mut rest)?)?;
    let derivation = name(string(&mut rest)?)?;
    let options = string(&mut rest)?;
    // OpenSSH writes one key and reads no other number; the format allows for more.
    let keys = number(&mut rest)?;
    if !(1..=16).contains(&keys) {
        return None;
    }
    let public = string(&mut rest)?;
    for _ in 1..keys {
        string(&mut rest)?;
    }
    let mut private = string(&mut rest)?;
    let tag = if cipher.ends_with("-gcm@openssh.com") || cipher.starts_with("chacha20-") {
        16
    } else {
        0
    };
    let plain = cipher == "none";
    if rest.len() != tag || private.is_empty() || private.len() % 8 != 0 {
        return None;
    }
    if plain != (derivation == "none") || plain && !options.is_empty() {
        return None;
    }
    // Two equal numbers start the private part, to tell a wrong passphrase.
    if plain && number(&mut private)? != number(&mut private)? {
        return None;
    }
    let encrypted = if plain { "no".to_owned() } else { format!("yes ({cipher})") };
    let mut facts = vec![fact_from_content("encrypted", &encrypted)];
    facts.extend(key_facts(public)?);
    // As `ssh-keygen -lf` prints it: by this the key is found in `authorized_keys` and at forges, even
    // where the private part is encrypted.
    let digest = BASE64_STANDARD_NO_PAD.encode(Sha256::digest(public));
    facts.push(Fact::new("public_key", format!("SHA256:{digest}")));
    if keys > 1 {
        facts.push(Fact::new("keys", keys.to_string()));
    }
    Some(facts)
}

/// Kind and size from the public key (RFC 4253 section 6.6).
fn key_facts(mut public: &[u8]) -> Option<Vec<Fact>> {
    let kind = name(string(&mut public)?)?;
    let mut facts = vec![fact_from_content("key_type", kind)];
    if kind == "ssh-rsa" {
        let _exponent = string(&mut public)?;
        facts.push(Fact::new("key_bits", der::bits(string(&mut public)?).to_string()));
    }
    Some(facts)
}

fn number(rest: &mut &[u8]) -> Option<u32> {
    let (digits, after) = rest.split_first_chunk::<4>()?;
    *rest = after;
    Some(u32::from_be_bytes(*digits))
}

fn string<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(number(rest)?).ok()?;
    let (contents, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(contents)
}

/// A name as SSH has them: printable ASCII (RFC 4251 section 6).
fn name(bytes: &[u8]) -> Option<&str> {
    let printable =
        !bytes.is_empty() && bytes.len() <= 64 && bytes.iter().all(u8::is_ascii_graphic);
    std::str::from_utf8(bytes).ok().filter(|_| printable)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::validate::tests::{facts, random_bytes};

    fn field(bytes: &[u8]) -> Vec<u8> {
        let length = u32::try_from(bytes.len()).expect("short");
        [&length.to_be_bytes(), bytes].concat()
    }

    fn key(cipher: &str, tag: usize) -> Vec<u8> {
        let plain = cipher == "none";
        let (derivation, options): (&[u8], &[u8]) =
            if plain { (b"none", b"") } else { (b"bcrypt", &[1; 24]) };
        let public = [field(b"ssh-ed25519"), field(&random_bytes(1, 32))].concat();
        let private = [[7; 8].as_slice(), &random_bytes(2, 136)].concat();
        [
            MAGIC.to_vec(),
            field(cipher.as_bytes()),
            field(derivation),
            field(options),
            1u32.to_be_bytes().to_vec(),
            field(&public),
            field(&private),
            random_bytes(3, tag),
        ]
        .concat()
    }

    fn armoured(bytes: &[u8]) -> String {
        let body = BASE64_STANDARD.encode(bytes);
        format!("-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----")
    }

    #[test]
    fn encryption_and_kind_are_told() {
        // What the public half is called, tests/keys.rs holds against ssh-keygen.
        let told = |cipher, tag| {
            let told = facts(check(armoured(&key(cipher, tag)).as_bytes()));
            told.split(" public_key=").next().unwrap_or_default().to_owned()
        };
        assert_eq!(told("none", 0), "encrypted=no key_type=ssh-ed25519");
        assert_eq!(told("aes256-ctr", 0), "encrypted=yes (aes256-ctr) key_type=ssh-ed25519");
        let chacha = "chacha20-poly1305@openssh.com";
        assert_eq!(told(chacha, 16), format!("encrypted=yes ({chacha}) key_type=ssh-ed25519"));
        assert_eq!(told(chacha, 0), "not OpenSSH's key format");
    }

    #[test]
    fn every_truncation_and_a_changed_length_is_seen() {
        let whole = key("none", 0);
        assert!(container(&whole).is_some());
        for end in 0..whole.len() {
            assert_eq!(container(&whole[..end]), None, "{end}");
        }
        assert_eq!(container(&[&whole[..], &[0]].concat()), None);
        let mut unequal = whole.clone();
        let start = whole.len() - 144;
        unequal[start] ^= 1;
        assert_eq!(container(&unequal), None);
        let mut many = whole;
        let count = MAGIC.len() + 8 + 8 + 4;
        many[count..count + 4].fill(0xff);
        assert_eq!(container(&many), None);
    }
}
