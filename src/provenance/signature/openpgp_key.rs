//! An `OpenPGP` key as far as a signature depends on it: which of its keys made the signature, and
//! whether that one was bound to the whole, allowed to sign, still valid and not revoked.
//!
//! Every statement about a key is itself a signature by its primary key and counts only when it
//! fits; of several, the youngest counts (RFC 9580, section 5.2.3.10).

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::errors::Error;
use pgp::packet::{RevocationCode, Signature, SignatureType, SubpacketData};
use pgp::types::{
    EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, PublicParams, Tag, Timestamp,
};
use rsa::traits::PublicKeyParts as _;

use super::crypto::{Problem, RSA_LEAST_BITS, beyond, hex};

/// Most statements of one sort that are tried; more have been piled up to make checks slow.
const MOST_STATEMENTS: usize = 256;

/// The primary key or subkey that a signature names.
pub struct Signer<'a> {
    key: &'a SignedPublicKey,
    subkey: Option<&'a SignedPublicSubKey>,
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
            return Some(Signer { key, subkey: None });
        }
        let subkey = key.public_subkeys.iter().find(|subkey| is_it(&subkey.key))?;
        Some(Signer { key, subkey: Some(subkey) })
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
            let own = self.own_statement();
            return match own.filter(|own| has_flags(own)) {
                Some(own) if !own.key_flags().sign() => Err("its OpenPGP key is not for signing"),
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
        let ends = |created: i64, statement: Option<&Signature>| {
            let span = statement?.key_expiration_time()?.as_secs();
            (span > 0).then_some(created + i64::from(span))
        };
        let primary = i64::from(self.key.primary_key.created_at().as_secs());
        let primary = ends(primary, self.own_statement());
        let own = self.subkey.and_then(|_| ends(self.created(), self.binding()));
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

    /// The youngest statement of the primary key about itself.
    fn own_statement(&self) -> Option<&'a Signature> {
        let primary = &self.key.primary_key;
        let direct = self.key.details.direct_signatures.iter().map(|own| (own, None));
        let users = self.key.details.users.iter().flat_map(|user| {
            user.signatures.iter().map(move |statement| (statement, Some(&user.id)))
        });
        let about_itself = |statement: &Signature| {
            let by = statement.issuer_key_id();
            by.is_empty() || by.contains(&&primary.legacy_key_id())
        };
        let mut all: Vec<_> = direct.chain(users).filter(|(own, _)| about_itself(own)).collect();
        all.sort_by_key(|(own, _)| std::cmp::Reverse(own.created().map(Timestamp::as_secs)));
        let youngest = all.into_iter().take(MOST_STATEMENTS).find(|(own, user)| match user {
            Some(_) if own.typ() == Some(SignatureType::CertRevocation) => false,
            Some(user) => own.verify_certification(primary, Tag::UserId, *user).is_ok(),
            None => own.verify_key(primary).is_ok(),
        });
        youngest.map(|(own, _)| own)
    }

    /// The youngest statement that binds the subkey.
    fn binding(&self) -> Option<&'a Signature> {
        let subkey = self.subkey?;
        let mut all: Vec<&Signature> = subkey.signatures.iter().collect();
        all.retain(|statement| statement.typ() == Some(SignatureType::SubkeyBinding));
        all.sort_by_key(|statement| std::cmp::Reverse(statement.created().map(Timestamp::as_secs)));
        all.into_iter().take(MOST_STATEMENTS).find(|statement| {
            statement.verify_subkey_binding(&self.key.primary_key, &subkey.key).is_ok()
        })
    }
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
        PublicParams::RSA(_) => 224,
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. } | EcdsaPublicParams::Secp256k1 { .. },
        )
        | PublicParams::Ed25519(_)
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. }) => 256,
        PublicParams::ECDSA(EcdsaPublicParams::P384 { .. }) => 384,
        PublicParams::ECDSA(EcdsaPublicParams::P521 { .. }) | PublicParams::Ed448(_) => 512,
        PublicParams::DSA(_) => {
            return Err(beyond("the OpenPGP signature is by a DSA key, which proves nothing"));
        }
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
        assert!(matches!(
            strong_enough(&PublicParams::Unknown { data: Default::default() }, 512),
            Err(Problem::Beyond(_))
        ));
    }
}
