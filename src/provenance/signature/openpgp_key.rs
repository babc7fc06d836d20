//! An `OpenPGP` key as far as a signature depends on it: which of its keys made the signature, and
//! whether that one was bound to the whole, allowed to sign, still valid and not revoked.
//!
//! Every statement about a key is itself a signature by its primary key and counts only when it
//! fits; of several, the youngest counts (RFC 9580, section 5.2.3.10).

use std::cell::OnceCell;

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::errors::Error;
use pgp::packet::{RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::types::{
    Duration, EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams, Tag, Timestamp,
};
use rsa::traits::PublicKeyParts as _;

use super::crypto::{Problem, RSA_LEAST_BITS, beyond, hex};

/// DSA keys below this many bits prove nothing: all that are older than FIPS 186-3, and short.
const DSA_LEAST_BITS: usize = 2048;

/// Most statements of one sort that are tried; more have been piled up to make checks slow.
const MOST_STATEMENTS: usize = 256;

/// The primary key or subkey that a signature names.
pub struct Signer<'a> {
    key: &'a SignedPublicKey,
    subkey: Option<&'a SignedPublicSubKey>,
    /// What the primary key says of itself: directly, and along with its user ids. Asked for more
    /// than once, and as dear as the signature itself.
    own: OnceCell<[Option<&'a Signature>; 2]>,
    binding: OnceCell<Option<&'a Signature>>,
}

impl<'a> Signer<'a> {
    /// Finds it in `key`, by fingerprint when the signature has one, else by key id.
    pub fn find(key: &'a SignedPublicKey, signature: &Signature) -> Option<Signer<'a>> {
        let fingerprints = signature.issuer_fingerprint();
        let ids = signature.issuer_key_id();
        let is_it = |candidate: &dyn KeyDetails| {
            if fingerprints.is_empty() {
                ids.contains(&&candidate.legacy_key_id())
            } else {
                fingerprints.contains(&&candidate.fingerprint())
            }
        };
        if is_it(&key.primary_key) {
            return Some(Signer::new(key, None));
        }
        let subkey = key.public_subkeys.iter().find(|subkey| is_it(&subkey.key))?;
        Some(Signer::new(key, Some(subkey)))
    }

    fn new(key: &'a SignedPublicKey, subkey: Option<&'a SignedPublicSubKey>) -> Signer<'a> {
        Signer { key, subkey, own: OnceCell::new(), binding: OnceCell::new() }
    }

    fn details(&self) -> &dyn KeyDetails {
        match self.subkey {
            Some(subkey) => &subkey.key,
            None => &self.key.primary_key,
        }
    }

    /// Its fingerprint, in lower-case hexadecimal.
    pub fn fingerprint(&self) -> String {
        hex(self.details().fingerprint().as_bytes())
    }

    /// When it was made; seconds since 1970-01-01 UTC.
    pub fn created(&self) -> i64 {
        i64::from(self.details().created_at().as_secs())
    }

    /// Does the sum.
    pub fn verify(&self, signature: &Signature, payload: &[u8]) -> Result<(), Problem> {
        let bits = signature.hash_alg().and_then(HashAlgorithm::digest_size).unwrap_or(0) * 8;
        strong_enough(self.details().public_params(), bits)?;
        let done = match self.subkey {
            Some(subkey) => signature.verify(&subkey.key, payload),
            None => signature.verify(&self.key.primary_key, payload),
        };
        done.map_err(|error| match error {
            Error::Unsupported { .. } | Error::Unimplemented { .. } => {
                beyond("the OpenPGP signature uses something that is unknown")
            }
            _ => Problem::Wrong("the signature does not fit what is signed"),
        })
    }

    /// Whether the key says of itself that this one may sign.
    pub fn may_sign(&self) -> Result<(), &'static str> {
        let Some(subkey) = self.subkey else {
            let flags = |own: &Signature| has_flags(own).then(|| own.key_flags().sign());
            return match self.own_word(flags) {
                Some(false) => Err("its OpenPGP key is not for signing"),
                _ => Ok(()),
            };
        };
        let binding = self.binding().ok_or("its OpenPGP subkey is not bound to its key")?;
        if !binding.key_flags().sign() {
            return Err("its OpenPGP subkey is not for signing");
        }
        // Without the subkey's own word, anyone could claim somebody else's subkey.
        let back = binding.embedded_signature();
        let is_mutual = back.is_some_and(|back| {
            back.verify_primary_key_binding(&subkey.key, &self.key.primary_key).is_ok()
        });
        if is_mutual { Ok(()) } else { Err("its OpenPGP subkey does not own to its key") }
    }

    /// When it or the key it belongs to expires; seconds since 1970-01-01 UTC.
    pub fn expires(&self) -> Option<i64> {
        let span = |own: &Signature| own.key_expiration_time().map(Duration::as_secs);
        let end = |created: i64, span: u32| (span > 0).then_some(created + i64::from(span));
        let made = i64::from(self.key.primary_key.created_at().as_secs());
        let primary = self.own_word(span).and_then(|span| end(made, span));
        let own = self.binding().and_then(span).and_then(|span| end(self.created(), span));
        match (primary, own) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        }
    }

    /// Why it was revoked as of `at`, in seconds since 1970-01-01 UTC, if it was. A key that was
    /// superseded or retired leaves what it signed before as it was; any other reason, or none,
    /// means that the key may have been in other hands all along (RFC 9580, section 5.2.3.31).
    pub fn revoked(&self, at: i64) -> Option<&'static str> {
        let primary = &self.key.primary_key;
        let whole = self.key.details.revocation_signatures.iter();
        let whole = whole.take(MOST_STATEMENTS).filter(|statement| {
            statement.typ() == Some(SignatureType::KeyRevocation)
                && statement.verify_key(primary).is_ok()
        });
        let part = self.subkey.iter().flat_map(|subkey| {
            subkey.signatures.iter().take(MOST_STATEMENTS).filter(|statement| {
                statement.typ() == Some(SignatureType::SubkeyRevocation)
                    && statement.verify_subkey_binding(primary, &subkey.key).is_ok()
            })
        });
        let mut found = None;
        for statement in whole.chain(part) {
            let soft = matches!(
                statement.revocation_reason_code(),
                Some(
                    RevocationCode::KeySuperseded
                        | RevocationCode::KeyRetired
                        | RevocationCode::CertUserIdInvalid
                )
            );
            if !soft {
                return Some("the signature fits, but its key was revoked as not to be trusted");
            }
            if statement.created().is_none_or(|since| i64::from(since.as_secs()) <= at) {
                found = Some("the signature fits, but its key had been given up");
            }
        }
        found
    }

    /// What the primary key says of itself: directly, or else along with its user ids.
    fn own_word<T>(&self, word: impl Fn(&Signature) -> Option<T>) -> Option<T> {
        let own = self.own.get_or_init(|| [self.direct(), self.with_user_id()]);
        own.iter().flatten().find_map(|own| word(own))
    }

    fn direct(&self) -> Option<&'a Signature> {
        let all = self.key.details.direct_signatures.iter().map(|own| (own, ()));
        youngest(all, |own, ()| own.verify_key(&self.key.primary_key).is_ok())
    }

    fn with_user_id(&self) -> Option<&'a Signature> {
        let primary = &self.key.primary_key;
        let users = self.key.details.users.iter().flat_map(|user| {
            let own = user.signatures.iter().filter(|own| {
                let by = own.issuer_key_id();
                let by_itself = by.is_empty() || by.contains(&&primary.legacy_key_id());
                by_itself && own.typ() != Some(SignatureType::CertRevocation)
            });
            own.map(move |own| (own, &user.id))
        });
        youngest(users, |own, id| own.verify_certification(primary, Tag::UserId, id).is_ok())
    }

    /// The youngest statement that binds the subkey.
    fn binding(&self) -> Option<&'a Signature> {
        let subkey = self.subkey?;
        let all = subkey.signatures.iter().map(|own| (own, ()));
        let all = all.filter(|(own, ())| own.typ() == Some(SignatureType::SubkeyBinding));
        *self.binding.get_or_init(|| {
            youngest(all, |own, ()| {
                own.verify_subkey_binding(&self.key.primary_key, &subkey.key).is_ok()
            })
        })
    }
}

/// The youngest of some statements that fits.
fn youngest<'a, T: Copy>(
    all: impl Iterator<Item = (&'a Signature, T)>,
    fits: impl Fn(&Signature, T) -> bool,
) -> Option<&'a Signature> {
    let mut all: Vec<(&Signature, T)> = all.collect();
    all.sort_by_key(|(own, _)| std::cmp::Reverse(own.created().map(Timestamp::as_secs)));
    let mut all = all.into_iter().take(MOST_STATEMENTS);
    all.find(|(own, about)| fits(own, *about)).map(|(own, _)| own)
}

/// Whether a statement says what the key is for.
fn has_flags(statement: &Signature) -> bool {
    statement.config().is_some_and(|config| {
        config.hashed_subpackets().any(|part| matches!(part.data, SubpacketData::KeyFlags(_)))
    })
}

/// Whether a key can be checked here and proves something, with a hash of `bits`.
fn strong_enough(params: &PublicParams, bits: usize) -> Result<(), Problem> {
    let least = match params {
        PublicParams::RSA(rsa) if rsa.key.n().bits() < RSA_LEAST_BITS => {
            return Err(beyond("its RSA key has fewer than 2048 bits, which proves nothing"));
        }
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::Secp256k1 { .. },
        )
        | PublicParams::Ed25519(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => 256,
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => 384,
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) | PublicParams::Ed448(_) => 512,
        PublicParams::DSA(dsa) if dsa.key.components().p().bits() < DSA_LEAST_BITS => {
            return Err(beyond("its DSA key has fewer than 2048 bits, which proves nothing"));
        }
        PublicParams::RSA(_) | PublicParams::DSA(_) => 224,
        _ => return Err(beyond("the OpenPGP signature is by a type of key that is unknown")),
    };
    if bits < least {
        return Err(beyond("the OpenPGP signature's hash is too short for its key"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weak_keys_are_not_checked() {
        let data = Vec::new().into();
        assert!(matches!(
            strong_enough(&PublicParams::Unknown { data }, 512),
            Err(Problem::Beyond(_))
        ));
    }
}
