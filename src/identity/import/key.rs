//! Public keys of files: an OpenSSH line, OpenPGP armour, or only a fingerprint.

use super::super::sync::keys;
use super::super::{Handle, HandleKind};

/// Handles for an OpenSSH public key (`ssh-ed25519 AAAA… comment`) or its fingerprint
/// (`SHA256:…`); what is wrong otherwise.
pub(super) fn ssh(person: &str, text: &str) -> Result<Vec<Handle>, &'static str> {
    const WRONG: &str =
        "no OpenSSH public key (`ssh-ed25519 AAAA…`) and no fingerprint (`SHA256:…`)";
    if text.contains("PRIVATE KEY") {
        return Err(
            "a private key: take it out, replace it everywhere, and put the public one here",
        );
    }
    if let Some(digest) = text.strip_prefix("SHA256:") {
        let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
        return if digest.len() == 43 && digest.bytes().all(base64) {
            Ok(vec![Handle::new(person, HandleKind::SigningKey, "", text)])
        } else {
            Err(WRONG)
        };
    }
    keys::ssh(person, text).map(|handle| vec![handle]).ok_or(WRONG)
}

/// Handles for an OpenPGP key in armour, one for it and one for each subkey
/// that it vouches for, or for a fingerprint
/// of 40 or 64 hexadecimal digits; what is wrong otherwise.
pub(super) fn gpg(person: &str, text: &str) -> Result<Vec<Handle>, &'static str> {
    const WRONG: &str = "no OpenPGP public key in armour and no fingerprint of 40 or 64 digits \
                         (`gpg --fingerprint`; a key id is too short to tell keys apart)";
    if text.contains("PRIVATE KEY") {
        return Err(
            "a private key: take it out, replace it everywhere, and put the public one here",
        );
    }
    if !text.contains("-----BEGIN PGP PUBLIC KEY BLOCK-----") {
        let digits: String = text.chars().filter(|c| *c != ' ').collect();
        let digits = digits.strip_prefix("0x").unwrap_or(&digits).to_ascii_lowercase();
        let whole =
            matches!(digits.len(), 40 | 64) && digits.bytes().all(|b| b.is_ascii_hexdigit());
        return if whole {
            Ok(vec![Handle::new(person, HandleKind::SigningKey, "", &digits)])
        } else {
            Err(WRONG)
        };
    }
    let handles = keys::pgp(person, text);
    if handles.is_empty() { Err(WRONG) } else { Ok(handles) }
}
