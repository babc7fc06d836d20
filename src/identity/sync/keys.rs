//! Public keys that forges list, as handles: the fingerprint that a signature is looked up by, the
//! key itself, and when it begins and ends.

use std::io::Cursor;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use pgp::composed::{Deserializable, SignedPublicKey};
use pgp::packet::{Packet, PacketParser, Signature, SignatureType};
use pgp::types::KeyDetails;
use ssh_key::{HashAlg, PublicKey};

use super::super::{Handle, HandleKind};

/// Most bytes of one key's text.
const MAX_KEY: usize = 64 << 10;
/// Most keys and subkeys of one certificate.
const MAX_SUBKEYS: usize = 50;

/// An SSH key from its OpenSSH line, or nothing when it is none.
pub(in super::super) fn ssh(person: &str, line: &str) -> Option<Handle> {
    let line = line.trim();
    if line.len() > MAX_KEY || line.lines().count() != 1 {
        return None;
    }
    let key = PublicKey::from_openssh(line).ok()?;
    let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
    let mut handle = Handle::new(person, HandleKind::SigningKey, "", &fingerprint);
    // The comment is free text, often a name and host, and says nothing about the key.
    handle.key = Some(line.split_whitespace().take(2).collect::<Vec<_>>().join(" "));
    Some(handle)
}

/// The keys of an OpenPGP certificate, armoured or in base64: the primary key and the subkeys that it
/// vouches for. Nothing for what cannot be read.
pub(in super::super) fn pgp(person: &str, text: &str) -> Vec<Handle> {
    let text = text.trim();
    if text.len() > MAX_KEY {
        return Vec::new();
    }
    let packets: String = text.split_whitespace().collect();
    let certificate = match SignedPublicKey::from_string(text) {
        Ok((certificate, _)) => Some(certificate),
        Err(_) => STANDARD
            .decode(&packets)
            .ok()
            .and_then(|bytes| SignedPublicKey::from_bytes(Cursor::new(bytes)).ok()),
    };
    match certificate {
        Some(certificate) => of_certificate(person, text, &certificate),
        None => bare(person, text, &packets).into_iter().collect(),
    }
}

fn of_certificate(person: &str, text: &str, certificate: &SignedPublicKey) -> Vec<Handle> {
    let primary = &certificate.primary_key;
    let details = &certificate.details;
    let own = details.direct_signatures.iter().filter(|one| one.verify_key(primary).is_ok());
    let named = details.users.iter().flat_map(|user| {
        user.signatures.iter().filter(|one| {
            one.typ() != Some(SignatureType::CertRevocation)
                && one.verify_certification(primary, pgp::types::Tag::UserId, &user.id).is_ok()
        })
    });
    let revoked = details.revocation_signatures.iter();
    let revoked = revoked.filter(|one| one.verify_key(primary).is_ok()).filter_map(created).min();
    let created_at = i64::from(primary.created_at().as_secs());
    let mut first = handle(person, text, &hex(primary.fingerprint().as_bytes()), created_at);
    first.expires = expiry(created_at, own.chain(named));
    first.revoked = revoked;
    let mut handles = vec![first];
    for subkey in certificate.public_subkeys.iter().take(MAX_SUBKEYS) {
        // Without a binding that verifies, anybody's key could be attached to this certificate.
        if subkey.verify_bindings(primary).is_err() {
            continue;
        }
        let made = i64::from(subkey.key.created_at().as_secs());
        let mut one = handle(person, text, &hex(subkey.key.fingerprint().as_bytes()), made);
        let of = |kind| subkey.signatures.iter().filter(move |one| one.typ() == Some(kind));
        one.expires = earlier(
            expiry(made, of(SignatureType::SubkeyBinding)),
            handles.first().and_then(|first| first.expires),
        );
        let gone = of(SignatureType::SubkeyRevocation).filter_map(created).min();
        one.revoked = earlier(gone, revoked);
        handles.push(one);
    }
    handles
}

/// A key without names and signatures, as Gitea lists them.
fn bare(person: &str, text: &str, packets: &str) -> Option<Handle> {
    let bytes = STANDARD.decode(packets).ok()?;
    let (fingerprint, created) = match PacketParser::new(Cursor::new(bytes)).next()?.ok()? {
        Packet::PublicKey(key) => (key.fingerprint(), key.created_at()),
        Packet::PublicSubkey(key) => (key.fingerprint(), key.created_at()),
        _ => return None,
    };
    Some(handle(person, text, &hex(fingerprint.as_bytes()), i64::from(created.as_secs())))
}

fn handle(person: &str, text: &str, fingerprint: &str, since: i64) -> Handle {
    let mut handle = Handle::new(person, HandleKind::SigningKey, "", fingerprint);
    handle.key = Some(text.to_owned());
    handle.since = Some(since);
    handle
}

fn created(signature: &Signature) -> Option<i64> {
    signature.created().map(|at| i64::from(at.as_secs()))
}

/// When a key ends by the newest of its signatures.
fn expiry<'s>(made: i64, signatures: impl Iterator<Item = &'s Signature>) -> Option<i64> {
    let newest = signatures.max_by_key(|one| created(one))?;
    let lives = i64::from(newest.key_expiration_time()?.as_secs());
    (lives > 0).then(|| made.saturating_add(lives))
}

fn earlier(one: Option<i64>, other: Option<i64>) -> Option<i64> {
    match (one, other) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    }
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
