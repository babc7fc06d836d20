//! `OpenPGP` signatures (RFC 9580), as `gpg.format = openpgp` makes them.
//!
//! The packets and the sums are the crate `pgp`'s. What a verdict needs beyond them stands here and
//! in [`super::openpgp_key`]: exactly one signature, made with a hash that still counts, by a key
//! that might sign, had not expired and was not revoked.

use std::collections::BTreeSet;

use pgp::composed::{ArmorOptions, Deserializable as _, SignedPublicKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{Packet, PacketParser, Signature, SignatureType, SubpacketData};
use pgp::types::KeyDetails as _;

use super::crypto::{Problem, beyond, hex};
use super::keyring::{Fault, TrustedKey, judge};
use super::openpgp_key::Signer;
use super::payload::{another, armour};
use super::{Keyring, LARGEST_SIGNATURE, SignatureCheck, Verdict, bounded};
use crate::model::text::escape;
use crate::provenance::Signed;

/// The first line of public keys.
const KEY_BLOCK: &str = "-----BEGIN PGP PUBLIC KEY BLOCK-----";

/// Most keys of one fingerprint that a signature is tried with.
const MOST_KEYS: usize = 64;

/// Most packets of a signature that are looked at.
const MOST_PACKETS: usize = 16;

/// Checks an armoured signature over `payload`; `at` is when it counts, in seconds.
pub fn check(signature: &[u8], payload: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let signature = match read(signature) {
        Ok(signature) => signature,
        Err(problem) => return SignatureCheck::of_problem(Signed::OpenPgp, problem),
    };
    let named = names(&signature);
    let claims = signature.signers_userid().map(|id| bounded(&escape(id.get(..512).unwrap_or(id))));
    let mut result = if let Err(problem) = usable(&signature) {
        SignatureCheck::of_problem(Signed::OpenPgp, problem)
    } else {
        let mut keys: Vec<TrustedKey> = Vec::new();
        for name in &named {
            if keys.is_empty() {
                keys = keyring.find(name);
            }
        }
        judge_by(&signature, payload, at, &keys)
    };
    if result.fingerprint.is_none() {
        result.fingerprint = named.into_iter().next();
    }
    let made_at = signature.created().map(|time| i64::from(time.as_secs()));
    SignatureCheck { claims: claims.filter(|claims| !claims.is_empty()), made_at, ..result }
}

/// The one signature in an armour.
fn read(text: &[u8]) -> Result<Signature, Problem> {
    const SEVERAL: Problem = Problem::Wrong("it carries several signatures, which git refuses");
    let unreadable = || beyond("the OpenPGP signature cannot be read");
    let armour = armour(text, true).ok_or_else(unreadable)?;
    let mut found = None;
    for packet in PacketParser::new(armour.body.as_slice()).take(MOST_PACKETS) {
        match packet.map_err(|_| unreadable())? {
            Packet::Signature(signature) if found.is_none() => found = Some(signature),
            Packet::Signature(_) => return Err(SEVERAL),
            Packet::Marker(_) | Packet::Padding(_) => {}
            _ => return Err(beyond("the OpenPGP signature holds more than a signature")),
        }
    }
    if another(armour.rest) {
        return Err(SEVERAL);
    }
    found.ok_or_else(unreadable)
}

/// What the signature calls its key, the most exact first.
fn names(signature: &Signature) -> Vec<String> {
    let fingerprints = signature.issuer_fingerprint().into_iter().map(|name| hex(name.as_bytes()));
    let ids = signature.issuer_key_id().into_iter().map(|name| hex(name.as_ref()));
    fingerprints.take(1).chain(ids.take(1)).collect()
}

/// Whether a signature is of a kind that can speak for a commit.
fn usable(signature: &Signature) -> Result<(), Problem> {
    if !matches!(signature.typ(), Some(SignatureType::Binary | SignatureType::Text)) {
        return Err(beyond("the OpenPGP signature is none over a text"));
    }
    match signature.hash_alg() {
        Some(
            HashAlgorithm::Sha224
            | HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512,
        ) => {}
        Some(HashAlgorithm::Sha1) => return Err(beyond("the OpenPGP signature rests on SHA-1")),
        Some(HashAlgorithm::Md5 | HashAlgorithm::Ripemd160) => {
            return Err(beyond("the OpenPGP signature rests on a hash function that is broken"));
        }
        _ => return Err(beyond("the OpenPGP signature uses a hash function that is unknown")),
    }
    // RFC 9580, section 5.2.3.7: what is critical and unknown makes a signature unusable.
    let critical = signature.config().is_some_and(|config| {
        config.hashed_subpackets().any(|part| {
            let unknown = matches!(
                part.data,
                SubpacketData::Other(..)
                    | SubpacketData::Experimental(..)
                    | SubpacketData::Notation(..)
            );
            part.is_critical && unknown
        })
    });
    if critical {
        return Err(beyond("the OpenPGP signature has a condition that is unknown"));
    }
    Ok(())
}

/// The result by the keys that the keyring has under the signature's name for its own.
///
/// There may be several: copies from several sources, of which one may be out of date, and keys that
/// somebody has put another's subkey into. The latter count for nothing, good or bad, as long as
/// one key is left that the signature is really by.
fn judge_by(signature: &Signature, payload: &[u8], at: i64, keys: &[TrustedKey]) -> SignatureCheck {
    let say = |verdict, why: &str| SignatureCheck::new(Signed::OpenPgp, verdict, why);
    if keys.is_empty() {
        return say(
            Verdict::UnknownKey,
            "the keyring does not have its key, so nothing was checked",
        );
    }
    let mut last = say(
        Verdict::Unchecked,
        "the keyring knows its fingerprint but does not have the key, so nothing was checked",
    );
    let read: Vec<(&TrustedKey, SignedPublicKey)> = keys
        .iter()
        .take(MOST_KEYS)
        .filter_map(|known| Some((known, known.key.as_deref().and_then(parse)?)))
        .collect();
    let mut copies: Vec<(TrustedKey, Signer<'_>)> = Vec::new();
    for (known, key) in &read {
        let Some(signer) = Signer::find(key, signature) else {
            last = say(Verdict::Unchecked, "the key that the keyring has is not the one it names");
            continue;
        };
        let fits = signer.verify(signature, payload);
        let checked_cryptographically = fits.is_ok();
        let fingerprint = Some(signer.fingerprint());
        let problem = match fits.map(|()| signer.may_sign()) {
            Ok(Ok(()))
                if copies.iter().all(|(_, copy)| Some(copy.fingerprint()) == fingerprint) =>
            {
                copies.push(((*known).clone(), signer));
                continue;
            }
            Ok(Ok(())) => beyond("two keys in the keyring have the name it gives its key"),
            Ok(Err(why)) => beyond(why),
            Err(problem) => problem,
        };
        let result = SignatureCheck::of_problem(Signed::OpenPgp, problem);
        last = SignatureCheck { fingerprint, checked_cryptographically, ..result };
    }
    let one = |key: &TrustedKey| Some(&key.fingerprint) == keys.first().map(|key| &key.fingerprint);
    if read.is_empty() && !keys.iter().all(one) {
        return say(
            Verdict::Unchecked,
            "the keyring knows several keys with the id that it names, and cannot tell which",
        );
    }
    if copies.is_empty() { last } else { good(signature, at, copies) }
}

/// The result for a signature that fits all these copies of one key.
fn good(signature: &Signature, at: i64, copies: Vec<(TrustedKey, Signer<'_>)>) -> SignatureCheck {
    let (keys, signers): (Vec<TrustedKey>, Vec<Signer<'_>>) = copies.into_iter().unzip();
    let (verdict, holder, why) = judge(&keys, at);
    let say = |verdict, why: &str| SignatureCheck {
        fingerprint: signers.first().map(Signer::fingerprint),
        checked_cryptographically: true,
        holder: holder.clone(),
        ..SignatureCheck::new(Signed::OpenPgp, verdict, why)
    };
    if let Some(why) = signers.iter().find_map(|signer| signer.revoked(at)) {
        return say(Verdict::Revoked, why);
    }
    if verdict == Verdict::Revoked {
        return say(verdict, &why);
    }
    let made = signature.created().map(|time| i64::from(time.as_secs()));
    if made.is_some_and(|made| signers.iter().any(|signer| made < signer.created())) {
        return say(Verdict::Unchecked, "the signature is dated before its key was made");
    }
    let ends = made.zip(signature.signature_expiration_time());
    let ends = ends.filter(|(_, span)| span.as_secs() > 0);
    if ends.is_some_and(|(made, span)| made + i64::from(span.as_secs()) <= at) {
        return say(Verdict::Expired, "the signature is good, but was to count no longer");
    }
    // A date that the signer may choose makes nothing younger than the event it belongs to. Of
    // several copies the one counts in which the holder has put the end off.
    let latest = made.map_or(at, |made| made.max(at));
    let over = |signer: &Signer<'_>| signer.expires().is_some_and(|expires| expires <= latest);
    if signers.iter().all(over) {
        return say(Verdict::Expired, "the signature is good, but its key had expired");
    }
    say(verdict, &why)
}

/// Reads one armoured public key.
fn parse(text: &str) -> Option<SignedPublicKey> {
    if text.len() > LARGEST_SIGNATURE {
        return None;
    }
    let start = text.find(KEY_BLOCK)?;
    let armour = armour(text.get(start..)?.as_bytes(), true)?;
    SignedPublicKey::from_bytes(armour.body.as_slice()).ok()
}

/// The public keys of a text, each with all names that signatures may give it, and the blocks that
/// hold none.
pub(super) fn keys(text: &str) -> (Vec<(BTreeSet<String>, TrustedKey)>, Vec<Fault>) {
    let (mut keys, mut faults) = (Vec::new(), Vec::new());
    let mut offset = 0;
    for (at, line) in text.split_inclusive('\n').enumerate() {
        let start = offset;
        offset += line.len();
        if line.trim_end() != KEY_BLOCK {
            continue;
        }
        let block = text.get(start..).unwrap_or_default().as_bytes();
        let mut fault = |why: &str| faults.push(Fault { line: at + 1, why: why.to_owned() });
        let Some(armour) = armour(block, true) else {
            fault("the armour of an OpenPGP key is broken");
            continue;
        };
        let Ok(read) = SignedPublicKey::from_bytes_many(armour.body.as_slice()) else {
            fault("it holds no OpenPGP public key");
            continue;
        };
        for key in read {
            match key.ok().and_then(|key| entry(&key)) {
                Some(entry) => keys.push(entry),
                None => fault("it holds an OpenPGP public key that cannot be read"),
            }
        }
    }
    (keys, faults)
}

fn entry(key: &SignedPublicKey) -> Option<(BTreeSet<String>, TrustedKey)> {
    let fingerprint = hex(key.fingerprint().as_bytes());
    let mut names = BTreeSet::from([fingerprint.clone(), hex(key.legacy_key_id().as_ref())]);
    for subkey in &key.public_subkeys {
        names.insert(hex(subkey.fingerprint().as_bytes()));
        names.insert(hex(subkey.legacy_key_id().as_ref()));
    }
    let holder = key.details.users.first().map(|user| bounded(&escape(user.id.id())));
    let armoured = key.to_armored_string(ArmorOptions::default()).ok()?;
    let key = TrustedKey {
        holder: holder.unwrap_or_else(|| fingerprint.clone()),
        fingerprint,
        key: Some(armoured),
        ..TrustedKey::default()
    };
    Some((names, key))
}
