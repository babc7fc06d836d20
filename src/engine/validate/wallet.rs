//! Keys of wallets: seed phrases (BIP-39), Bitcoin's private keys (WIF) and extended private keys
//! (BIP-32), and the key files of Ethereum (Web3 Secret Storage Definition).

use bip39::{Language, Mnemonic};

use super::{Checked, fact_from_content};
use crate::model::Fact;
use crate::rule::checksum::base58check_payload;

/// Longest phrase, in bytes: 24 words of eight letters and what stands between them.
const MAX_PHRASE: usize = 24 * 12;

/// A phrase of 12, 15, 18, 21 or 24 words of the English list, apart by white space, commas or quotes,
/// whose checksum holds.
pub(super) fn seed_phrase(secret: &[u8]) -> Checked {
    if secret.len() > MAX_PHRASE {
        return Err("too long");
    }
    let words: Vec<String> = secret
        .split(|byte| !byte.is_ascii_alphabetic())
        .filter(|word| !word.is_empty())
        .map(|word| String::from_utf8_lossy(word).to_ascii_lowercase())
        .collect();
    let phrase = Mnemonic::parse_in_normalized(Language::English, &words.join(" "))
        .map_err(|_| "not words of the list with their checksum")?;
    let (entropy, length) = phrase.to_entropy_array();
    let entropy = entropy.get(..length).unwrap_or_default();
    let mut distinct = words.clone();
    distinct.sort_unstable();
    distinct.dedup();
    // The phrases of BIP-39's vectors repeat one byte, those of development networks one word.
    if entropy.iter().all(|byte| Some(byte) == entropy.first()) || distinct.len() * 2 <= words.len()
    {
        return Err("a phrase of test vectors");
    }
    Ok(vec![Fact::new("words", words.len().to_string())])
}

/// A private key or an extended private key.
pub(super) fn bitcoin_key(secret: &[u8]) -> Checked {
    let payload = base58check_payload(secret).ok_or("checksum does not hold")?;
    let (kind, network) = match payload.as_slice() {
        [0x80, key @ ..] if is_key(key) => ("private key (WIF)", "main"),
        [0xef, key @ ..] if is_key(key) => ("private key (WIF)", "test"),
        // Serialised keys have 78 bytes, the version the first four: xprv, yprv, zprv, then theirs
        // on test networks (SLIP-132).
        [0x04, 0x88, 0xad, 0xe4, ..]
        | [0x04, 0x9d, 0x78, 0x78, ..]
        | [0x04, 0xb2, 0x43, 0x0c, ..]
            if payload.len() == 78 =>
        {
            ("extended private key", "main")
        }
        [0x04, 0x35, 0x83, 0x94, ..]
        | [0x04, 0x4a, 0x4e, 0x28, ..]
        | [0x04, 0x5f, 0x18, 0xbc, ..]
            if payload.len() == 78 =>
        {
            ("extended private key", "test")
        }
        _ => return Err("not a private key"),
    };
    Ok(vec![Fact::new("key_kind", kind), Fact::new("network", network)])
}

/// 32 bytes, perhaps with the mark that the public key is compressed; no counting pattern.
fn is_key(key: &[u8]) -> bool {
    let number = match key {
        [number @ .., 1] if key.len() == 33 => number,
        _ => key,
    };
    number.len() == 32 && number.iter().skip(1).any(|byte| *byte != 0)
}

/// The object with `cipher`, `ciphertext` and `kdf` inside a key file.
pub(super) fn ethereum_keystore(secret: &[u8]) -> Checked {
    let value: serde_json::Value = serde_json::from_slice(secret).map_err(|_| "not JSON")?;
    let text = |name: &str| value.get(name).and_then(serde_json::Value::as_str);
    let hexadecimal = |text: &str| text.len() >= 64 && text.bytes().all(|b| b.is_ascii_hexdigit());
    if !text("ciphertext").is_some_and(hexadecimal) || text("cipher").is_none() {
        return Err("not the fields of a key file");
    }
    let derived = text("kdf").ok_or("not the fields of a key file")?;
    Ok(vec![fact_from_content("encrypted", &format!("yes ({derived})"))])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::example::Template;

    fn made(template: &str) -> String {
        Template::parse(template).expect(template).render("wallet")
    }

    #[test]
    fn phrases_hold_until_two_words_change_places() {
        for count in [12, 15, 18, 21, 24] {
            let phrase = made(&format!("<<seed-phrase:{count}>>"));
            let facts = vec![Fact::new("words", count.to_string())];
            assert_eq!(seed_phrase(phrase.as_bytes()), Ok(facts), "{count}");
            let listed = phrase.replace(' ', "\", \"");
            assert!(seed_phrase(listed.as_bytes()).is_ok());
            let fewer: Vec<&str> = phrase.split(' ').skip(1).collect();
            assert!(seed_phrase(fewer.join(" ").as_bytes()).is_err());
        }
        assert!(seed_phrase(format!("{}about", "abandon ".repeat(11)).as_bytes()).is_err());
        assert!(seed_phrase(format!("{}junk", "test ".repeat(11)).as_bytes()).is_err());
        let vector = "legal winner thank year wave sausage worth useful legal winner thank yellow";
        assert!(seed_phrase(vector.as_bytes()).is_err());
        assert!(seed_phrase(b"the quick brown fox jumps over the lazy dog and runs away").is_err());
    }

    #[test]
    fn keys_are_told_from_addresses_and_public_keys() {
        for (template, kind) in [
            ("<<bitcoin:wif>>", "private key (WIF)"),
            ("<<bitcoin:wif-uncompressed>>", "private key (WIF)"),
            ("<<bitcoin:xprv>>", "extended private key"),
        ] {
            let key = made(template);
            let facts = bitcoin_key(key.as_bytes()).expect(template);
            assert!(facts.contains(&Fact::new("key_kind", kind)), "{template}");
            assert!(bitcoin_key(&key.as_bytes()[..key.len() - 1]).is_err());
        }
        assert!(bitcoin_key(made("<<bitcoin:address>>").as_bytes()).is_err());
        assert!(bitcoin_key(made("<<bitcoin:xpub>>").as_bytes()).is_err());
    }

    #[test]
    fn a_key_file_has_its_fields() {
        let text =
            "{\"cipher\": \"aes-128-ctr\", \"ciphertext\": \"<<hex:64>>\", \"kdf\": \"scrypt\"}";
        let facts = ethereum_keystore(made(text).as_bytes());
        assert_eq!(facts, Ok(vec![Fact::new("encrypted", "yes (scrypt)")]));
        assert!(ethereum_keystore(b"{\"cipher\": \"aes\"}").is_err());
        assert!(ethereum_keystore(b"{").is_err());
    }
}
