//! Well-formed containers of example keys and tokens: PEM (RFC 7468, RFC 1421), OpenSSH's
//! `openssh-key-v1`, ASCII-armoured `OpenPGP` (RFC 9580), JWT (RFC 7519). The framing is valid; the
//! numbers inside are random and open nothing.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::random::Random;
use super::{asn1, bech32};

const OPENSSH: &str = "OPENSSH PRIVATE KEY";
const PGP: &str = "PGP PRIVATE KEY BLOCK";
const PKCS8: &str = "PRIVATE KEY";
const ENCRYPTED_PKCS8: &str = "ENCRYPTED PRIVATE KEY";

/// Whether a block with this label can be made, encrypted or not.
pub fn check_label(label: &str, encrypted: bool) -> Result<(), &'static str> {
    let printable =
        label.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b' ');
    if label.is_empty() || label.len() > 64 || !printable {
        return Err("a label has capital letters, digits and spaces, at most 64");
    }
    match label {
        PKCS8 if encrypted => Err("a PKCS #8 key under a passphrase is an ENCRYPTED PRIVATE KEY"),
        _ if encrypted && !label.contains("PRIVATE KEY") => Err("only private keys are encrypted"),
        _ => Ok(()),
    }
}

/// A block with `label`, not encrypted (except that an `ENCRYPTED PRIVATE KEY` always is).
pub fn pem(label: &str, random: &mut Random) -> String {
    match label {
        PGP => armour(&openpgp(random, false)),
        OPENSSH => frame(label, "", &openssh(random, false), 70),
        _ => frame(label, "", &der(label, random), 64),
    }
}

/// What a block with `label` holds, in DER.
pub fn der(label: &str, random: &mut Random) -> Vec<u8> {
    match label {
        "RSA PRIVATE KEY" => asn1::rsa(random),
        "EC PRIVATE KEY" => asn1::ec(random),
        "DSA PRIVATE KEY" => asn1::dsa(random),
        PKCS8 => asn1::pkcs8(random),
        ENCRYPTED_PKCS8 => asn1::encrypted_pkcs8(random),
        _ => asn1::signed(random),
    }
}

/// The same under a passphrase.
pub fn encrypted_pem(label: &str, random: &mut Random) -> String {
    match label {
        PGP => armour(&openpgp(random, true)),
        OPENSSH => frame(label, "", &openssh(random, true), 70),
        ENCRYPTED_PKCS8 => pem(label, random),
        _ => {
            let salt = random.run(b"0123456789ABCDEF", 32);
            let headers = format!("Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,{salt}\n\n");
            frame(label, &headers, &random.bytes(1200), 64)
        }
    }
}

/// BEGIN line, headers, base64 lines of `width`, END line; no newline at the end.
fn frame(label: &str, headers: &str, body: &[u8], width: usize) -> String {
    let lines = lines(&BASE64_STANDARD.encode(body), width);
    format!("-----BEGIN {label}-----\n{headers}{lines}-----END {label}-----")
}

fn lines(text: &str, width: usize) -> String {
    let mut wrapped = String::with_capacity(text.len() + text.len() / width + 1);
    let mut rest = text;
    while !rest.is_empty() {
        // Base64 is ASCII: any offset is a boundary.
        let (line, tail) = rest.split_at(width.min(rest.len()));
        wrapped.push_str(line);
        wrapped.push('\n');
        rest = tail;
    }
    wrapped
}

/// A string of the SSH protocol: length in four bytes, then the bytes (RFC 4251, section 5).
fn ssh_string(bytes: &[u8]) -> Vec<u8> {
    // Example fields have a few hundred bytes.
    let length = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    [&length.to_be_bytes(), bytes].concat()
}

/// An Ed25519 key in OpenSSH's container (PROTOCOL.key in its sources).
fn openssh(random: &mut Random, encrypted: bool) -> Vec<u8> {
    let public = random.bytes(32);
    let public_blob = [ssh_string(b"ssh-ed25519"), ssh_string(&public)].concat();
    let (cipher, kdf, options): (&[u8], &[u8], Vec<u8>) = if encrypted {
        let options = [ssh_string(&random.bytes(16)), 16u32.to_be_bytes().to_vec()].concat();
        (b"aes256-ctr", b"bcrypt", options)
    } else {
        (b"none", b"none", Vec::new())
    };
    let secret = if encrypted {
        random.bytes(160)
    } else {
        let check = random.bytes(4);
        let key = [random.bytes(32), public.clone()].concat();
        let mut secret = [check.clone(), check, public_blob.clone(), ssh_string(&key)].concat();
        secret.extend(ssh_string(b"deploy@build"));
        // Padding counts up from 1 to the block size.
        secret.extend((1..=8u8).take((8 - secret.len() % 8) % 8));
        secret
    };
    let mut container = b"openssh-key-v1\0".to_vec();
    for field in [cipher, kdf, &options] {
        container.extend(ssh_string(field));
    }
    container.extend(1u32.to_be_bytes());
    container.extend(ssh_string(&public_blob));
    container.extend(ssh_string(&secret));
    container
}

/// A secret-key packet of version 4 for `EdDSA` and a user id packet (RFC 9580, sections 5.5.3, 5.11).
fn openpgp(random: &mut Random, encrypted: bool) -> Vec<u8> {
    /// Ed25519's object identifier, 1.3.6.1.4.1.11591.15.1.
    const ED25519: &[u8] = &[0x2b, 0x06, 0x01, 0x04, 0x01, 0xda, 0x47, 0x0f, 0x01];
    let mut key = vec![4];
    key.extend(1_600_000_000u32.to_be_bytes());
    key.extend([22, 9]);
    key.extend(ED25519);
    // A compressed point: 263 bits, the first byte 0x40.
    key.extend([0x01, 0x07, 0x40]);
    key.extend(random.bytes(32));
    if encrypted {
        // Usage 254 (SHA-1 check), AES-256, iterated and salted S2K with SHA-256, IV, data.
        key.extend([254, 9, 3, 8]);
        key.extend(random.bytes(8));
        key.push(0xff);
        key.extend(random.bytes(16 + 34 + 20));
    } else {
        let mut secret = vec![0x00, 0xff];
        secret.extend(random.bytes(32));
        if let Some(first) = secret.get_mut(2) {
            *first = *first & 0x7f | 0x40;
        }
        let sum = secret.iter().fold(0u16, |sum, byte| sum.wrapping_add(u16::from(*byte)));
        key.push(0);
        key.extend(secret);
        key.extend(sum.to_be_bytes());
    }
    let user = b"Build <build@example.com>";
    [packet(5, &key), packet(13, user)].concat()
}

/// An `OpenPGP` packet with a header of the newer form and a one-byte length.
fn packet(tag: u8, body: &[u8]) -> Vec<u8> {
    // Both packets made here stay below the 192 bytes that one byte can say.
    let length = u8::try_from(body.len()).unwrap_or(191);
    [&[0xc0 | tag, length], body].concat()
}

/// ASCII armour with its CRC-24 (RFC 9580, section 6).
fn armour(packets: &[u8]) -> String {
    let body = lines(&BASE64_STANDARD.encode(packets), 64);
    let crc = BASE64_STANDARD.encode(&crc24(packets).to_be_bytes()[1..]);
    format!("-----BEGIN {PGP}-----\n\n{body}={crc}\n-----END {PGP}-----")
}

fn crc24(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0x00b7_04ce, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte) << 16, |crc, _| {
            let shifted = crc << 1;
            if shifted & 0x0100_0000 == 0 { shifted } else { shifted ^ 0x0186_4cfb }
        })
    })
}

/// A `PuTTY` private key file of version 3 (appendix C of its manual), an Ed25519 key.
pub fn putty(random: &mut Random, encrypted: bool) -> String {
    let public = [ssh_string(b"ssh-ed25519"), ssh_string(&random.bytes(32))].concat();
    let (cipher, derivation, private) = if encrypted {
        let salt = random.run(b"0123456789abcdef", 32);
        let derivation = format!(
            "Key-Derivation: Argon2id\nArgon2-Memory: 8192\nArgon2-Passes: 13\n\
             Argon2-Parallelism: 1\nArgon2-Salt: {salt}\n"
        );
        ("aes256-cbc", derivation, random.bytes(48))
    } else {
        ("none", String::new(), ssh_string(&random.bytes(32)))
    };
    let mac = random.run(b"0123456789abcdef", 64);
    let (public, public_lines) = counted_lines(&public);
    let (private, private_lines) = counted_lines(&private);
    format!(
        "PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: {cipher}\nComment: deploy@build\n\
         Public-Lines: {public_lines}\n{public}{derivation}Private-Lines: {private_lines}\n\
         {private}Private-MAC: {mac}"
    )
}

/// Base64 in lines of 64 characters, and how many.
fn counted_lines(bytes: &[u8]) -> (String, usize) {
    let text = lines(&BASE64_STANDARD.encode(bytes), 64);
    let count = text.lines().count();
    (text, count)
}

/// An age identity: 32 bytes in Bech32, in capitals.
pub fn age(random: &mut Random) -> String {
    bech32::encode("age-secret-key-", &random.bytes(32)).to_ascii_uppercase()
}

/// A token signed with HS256 that has an issuer, a subject and an end.
pub fn jwt(random: &mut Random) -> String {
    let header = r#"{"alg":"HS256","typ":"JWT"}"#;
    let payload = format!(
        r#"{{"iss":"https://login.example.com","sub":"{}","iat":1600000000,"exp":1600003600}}"#,
        random.uuid()
    );
    let parts = [header.as_bytes().to_vec(), payload.into_bytes(), random.bytes(32)];
    parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(block: &str) -> Vec<u8> {
        let inner: String =
            block.lines().filter(|line| !line.contains('-') && !line.contains(':')).collect();
        BASE64_STANDARD.decode(inner).expect("base64")
    }

    #[test]
    fn blocks_are_framed_over_several_lines() {
        for label in ["RSA PRIVATE KEY", PKCS8, "EC PRIVATE KEY", "CERTIFICATE", ENCRYPTED_PKCS8] {
            let block = pem(label, &mut Random::new(label));
            assert!(block.starts_with(&format!("-----BEGIN {label}-----\n")));
            assert!(block.ends_with(&format!("\n-----END {label}-----")));
            assert!(block.lines().count() >= 4 && block.lines().all(|line| line.len() <= 64));
            let der = body(&block);
            assert_eq!(der[0], 0x30);
        }
    }

    #[test]
    fn encrypted_blocks_say_so() {
        let rsa = encrypted_pem("RSA PRIVATE KEY", &mut Random::new("x"));
        assert!(rsa.contains("\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,"));
        let ssh = body(&encrypted_pem(OPENSSH, &mut Random::new("x")));
        assert!(ssh.windows(6).any(|six| six == b"bcrypt"));
        assert!(check_label(PKCS8, true).is_err());
        assert!(check_label("CERTIFICATE", true).is_err());
        assert!(check_label("private key", false).is_err());
    }

    #[test]
    fn openssh_fields_fill_the_container() {
        for encrypted in [false, true] {
            let container = openssh(&mut Random::new("ssh"), encrypted);
            let mut rest = container.strip_prefix(b"openssh-key-v1\0").expect("magic");
            let mut fields = Vec::new();
            for index in 0..6 {
                let (head, tail) = rest.split_first_chunk::<4>().expect("a number");
                let value = u32::from_be_bytes(*head);
                let length = if index == 3 { 0 } else { value as usize };
                fields.push(&tail[..length]);
                rest = &tail[length..];
            }
            assert!(rest.is_empty());
            assert_eq!(fields[0] == b"none", !encrypted);
            let secret = fields[5];
            assert_eq!(secret.len() % 8, 0);
            assert_eq!(secret[..4] == secret[4..8], !encrypted);
        }
    }

    /// "123456789" has the CRC-24 0x21CF02: the check value catalogued for `OpenPGP`'s polynomial.
    #[test]
    fn crc24_has_its_check_value() {
        assert_eq!(crc24(b"123456789"), 0x0021_cf02);
    }

    #[test]
    fn pgp_packets_fill_the_armour() {
        for encrypted in [false, true] {
            let block = if encrypted { encrypted_pem } else { pem }(PGP, &mut Random::new("pgp"));
            let encoded: String = block
                .lines()
                .filter(|line| !line.contains('-') && !line.starts_with('='))
                .collect();
            let packets = BASE64_STANDARD.decode(encoded).expect("base64");
            let first = usize::from(packets[1]);
            assert_eq!(packets[0], 0xc5);
            assert_eq!(packets[2 + first], 0xcd);
            assert_eq!(packets.len(), 4 + first + usize::from(packets[3 + first]));
        }
    }

    #[test]
    fn putty_files_count_their_lines() {
        for encrypted in [false, true] {
            let file = putty(&mut Random::new("putty"), encrypted);
            let mut lines = file.lines().skip_while(|line| !line.starts_with("Private-Lines: "));
            let count: usize =
                lines.next().and_then(|l| l.split(' ').nth(1)?.parse().ok()).unwrap();
            let body: String = lines.by_ref().take(count).collect();
            assert!(BASE64_STANDARD.decode(body).expect("base64").len() >= 32);
            assert!(lines.next().expect("a MAC").starts_with("Private-MAC: "));
            assert_eq!(file.contains("Argon2id"), encrypted);
        }
    }

    #[test]
    fn age_identities_have_58_digits() {
        let identity = age(&mut Random::new("age"));
        let digits = identity.strip_prefix(concat!("AGE-SECRET-", "KEY-1")).expect("prefix");
        assert_eq!(digits.len(), 58);
    }

    #[test]
    fn tokens_have_three_parts() {
        let token = jwt(&mut Random::new("jwt"));
        let parts: Vec<_> = token.split('.').collect();
        assert_eq!(parts.len(), 3);
        let header = BASE64_URL_SAFE_NO_PAD.decode(parts[0]).expect("base64url");
        let header: serde_json::Value = serde_json::from_slice(&header).expect("JSON");
        assert_eq!(header["alg"], "HS256");
        let payload = BASE64_URL_SAFE_NO_PAD.decode(parts[1]).expect("base64url");
        assert!(
            serde_json::from_slice::<serde_json::Value>(&payload).expect("JSON")["exp"].is_u64()
        );
    }
}
