//! PEM private keys (RFC 7468, and RFC 1421's headers for OpenSSL's older encryption).

use super::armor::{self, Block};
use super::{Checked, base, der, fact_from_content, openssh, pgp};
use crate::model::Fact;

/// Checks the framing and the outer structure of one private key.
pub(super) fn check(secret: &[u8]) -> Checked {
    let block = armor::parse(secret)?;
    match block.label {
        b"OPENSSH PRIVATE KEY" => return openssh::check_block(&block),
        b"PGP PRIVATE KEY BLOCK" => return pgp::check_block(&block),
        label if !label.ends_with(b"PRIVATE KEY") => return Err("not a private key"),
        _ => {}
    }
    let (cipher, body) = headers_and_body(&block)?;
    let bytes = base::base64(&body).ok_or("body is not base64")?;
    if let Some(cipher) = cipher {
        // The ciphers of RFC 1423 and their successors work on blocks of 8 or 16 bytes.
        if bytes.len() < 16 || bytes.len() % 8 != 0 {
            return Err("not a length of encrypted data");
        }
        return Ok(vec![fact_from_content("encrypted", &format!("yes ({cipher})"))]);
    }
    let contents = der::whole_sequence(&bytes).ok_or("outer ASN.1 length does not fit")?;
    if block.label == b"ENCRYPTED PRIVATE KEY" {
        let shown = match der::pkcs8_cipher(contents) {
            Some(cipher) => format!("yes ({cipher})"),
            None => "yes".to_owned(),
        };
        return Ok(vec![Fact::new("encrypted", shown)]);
    }
    if der::begins_with_sequence(contents) {
        // Private keys begin with their version.
        return Err("a certificate or public key under the wrong label");
    }
    let mut facts = vec![Fact::new("encrypted", "no")];
    facts.extend(der::key_facts(contents));
    Ok(facts)
}

/// The cipher that the headers name, and the base64 text. Headers may stand on the body's line,
/// because line breaks often become spaces in environment variables.
fn headers_and_body(block: &Block<'_>) -> Result<(Option<String>, Vec<u8>), &'static str> {
    let mut words = block
        .lines
        .iter()
        .flat_map(|line| line.split(u8::is_ascii_whitespace))
        .filter(|word| !word.is_empty())
        .peekable();
    let (mut encrypted, mut cipher) = (false, None);
    while let Some(word) = words.next_if(|word| word.contains(&b':')) {
        let split = memchr::memchr(b':', word).unwrap_or(word.len());
        let (name, value) = word.split_at(split);
        let value = match value.get(1..) {
            Some(value) if !value.is_empty() => value,
            _ => words.next().ok_or("a header without a value")?,
        };
        if name.eq_ignore_ascii_case(b"Proc-Type") {
            encrypted |= value.ends_with(b"ENCRYPTED");
        } else if name.eq_ignore_ascii_case(b"DEK-Info") {
            let comma = memchr::memchr(b',', value).unwrap_or(value.len());
            let (named, _) = value.split_at(comma);
            cipher = Some(String::from_utf8_lossy(named).into_owned());
        }
    }
    if encrypted && cipher.is_none() {
        cipher = Some("unnamed cipher".to_owned());
    }
    Ok((cipher, words.flatten().copied().collect()))
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::engine::validate::der::tests::der;
    use crate::engine::validate::tests::{facts, random_bytes};

    fn pem(label: &str, headers: &str, bytes: &[u8]) -> String {
        let text = BASE64_STANDARD.encode(bytes);
        let lines: Vec<&str> = text
            .as_bytes()
            .chunks(64)
            .map(|line| std::str::from_utf8(line).expect("base64 is ASCII"))
            .collect();
        format!("-----BEGIN {label}-----\n{headers}{}\n-----END {label}-----\n", lines.join("\n"))
    }

    fn number(seed: u64, length: usize) -> Vec<u8> {
        let mut bytes = random_bytes(seed, length);
        bytes[0] |= 0x80;
        der(2, &[&[0], &bytes[..]].concat())
    }

    fn rsa(bits: usize) -> Vec<u8> {
        let half = |seed| number(seed, bits / 16);
        let numbers = [der(2, &[0]), number(1, bits / 8), der(2, &[1, 0, 1]), number(2, bits / 8)];
        der(0x30, &[numbers.concat(), half(3), half(4), half(5), half(6), half(7)].concat())
    }

    const RSA_OID: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
    const EC_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
    const P256_OID: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

    fn pkcs8(algorithm: &[u8], key: &[u8]) -> Vec<u8> {
        der(0x30, &[der(2, &[0]), der(0x30, algorithm), der(4, key)].concat())
    }

    fn told(text: &str) -> String {
        facts(check(text.as_bytes()))
    }

    #[test]
    fn kinds_and_sizes_are_told() {
        let rsa_told = "encrypted=no key_type=RSA key_bits=2048";
        assert_eq!(told(&pem("RSA PRIVATE KEY", "", &rsa(2048))), rsa_told);
        let algorithm = [der(6, RSA_OID), der(5, &[])].concat();
        assert_eq!(told(&pem("PRIVATE KEY", "", &pkcs8(&algorithm, &rsa(2048)))), rsa_told);

        let curve = der(6, P256_OID);
        let ec = [der(2, &[1]), der(4, &random_bytes(8, 32)), der(0xa0, &curve)].concat();
        let ec_told = "encrypted=no key_type=EC curve=P-256";
        assert_eq!(told(&pem("EC PRIVATE KEY", "", &der(0x30, &ec))), ec_told);
        let algorithm = [der(6, EC_OID), curve].concat();
        assert_eq!(told(&pem("PRIVATE KEY", "", &pkcs8(&algorithm, &der(0x30, &ec)))), ec_told);

        let ed25519 = pkcs8(&der(6, &[0x2b, 0x65, 0x70]), &der(4, &random_bytes(9, 32)));
        assert_eq!(told(&pem("PRIVATE KEY", "", &ed25519)), "encrypted=no key_type=Ed25519");

        let rest = [number(1, 20), number(2, 128), number(3, 128), number(4, 20)].concat();
        let dsa = der(0x30, &[der(2, &[0]), number(5, 128), rest].concat());
        assert_eq!(
            told(&pem("DSA PRIVATE KEY", "", &dsa)),
            "encrypted=no key_type=DSA key_bits=1024"
        );
    }

    #[test]
    fn a_key_of_unknown_structure_still_counts() {
        let bytes = der(0x30, &random_bytes(1, 600));
        assert!(told(&pem("PRIVATE KEY", "", &bytes)).starts_with("encrypted=no"));
    }

    #[test]
    fn a_certificate_under_the_label_of_a_key_is_none() {
        let signed = der(0x30, &[der(0x30, &random_bytes(1, 300)), der(3, &[0; 65])].concat());
        assert!(told(&pem("PRIVATE KEY", "", &signed)).contains("wrong label"));
    }

    #[test]
    fn encrypted_keys_are_told_apart() {
        let aes = der(6, &[0x60, 0x86, 0x48, 1, 0x65, 3, 4, 1, 0x2a]);
        let kdf = der(0x30, &der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0c]));
        let pbes2 = der(6, &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 5, 0x0d]);
        let scheme = [pbes2, der(0x30, &[kdf, der(0x30, &aes)].concat())].concat();
        let key = der(0x30, &[der(0x30, &scheme), der(4, &random_bytes(2, 1232))].concat());
        assert_eq!(told(&pem("ENCRYPTED PRIVATE KEY", "", &key)), "encrypted=yes (AES-256-CBC)");

        let headers =
            "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00112233445566778899AABBCCDDEEFF\n\n";
        let old = pem("RSA PRIVATE KEY", headers, &random_bytes(3, 1200));
        assert_eq!(told(&old), "encrypted=yes (AES-128-CBC)");
        assert_eq!(told(&old.replace('\n', " ")), "encrypted=yes (AES-128-CBC)");
        assert_eq!(
            told(&old.replace('\n', "\\n").replace("-----\\n", "-----")),
            "encrypted=yes (AES-128-CBC)"
        );
        assert!(check(pem("RSA PRIVATE KEY", headers, &random_bytes(3, 1201)).as_bytes()).is_err());
    }

    #[test]
    fn truncated_public_and_made_up_blocks_do_not_count() {
        let whole = pem("RSA PRIVATE KEY", "", &rsa(512));
        for end in 0..whole.trim_end().len() {
            assert!(check(&whole.as_bytes()[..end]).is_err(), "{end}");
        }
        for cut in 30..whole.len() - 32 {
            let mut cut_out = whole.clone();
            cut_out.replace_range(cut..cut + 4, "");
            assert!(check(cut_out.as_bytes()).is_err(), "{cut}");
        }
        for label in ["PUBLIC KEY", "RSA PUBLIC KEY", "CERTIFICATE", "CERTIFICATE REQUEST"] {
            assert_eq!(check(pem(label, "", &rsa(512)).as_bytes()), Err("not a private key"));
        }
        for body in ["MIIE...", "", "\" and \"", "<your key here>", "QUJD", "XXXXXXXXXXXXXXXX"] {
            let text = format!("-----BEGIN PRIVATE KEY-----\n{body}\n-----END PRIVATE KEY-----");
            assert!(check(text.as_bytes()).is_err(), "{body}");
        }
    }
}
