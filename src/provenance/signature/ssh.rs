//! SSH signatures (PROTOCOL.sshsig of OpenSSH), as `gpg.format = ssh` makes them.
//!
//! Such a signature carries its own public key, so it can be checked, and its key told from another,
//! without knowing anyone. The frame is read here, strictly; the sums on elliptic curves are those
//! of the crate `ssh-key`, RSA has its own bounds in [`super::crypto`].

use p256::ecdsa::signature::Verifier as _;
use ssh_key::{PublicKey, Signature};

use super::certificate::{self, Certificate};
use super::crypto::{self, Hash, Problem, beyond, fingerprint};
use super::keyring::{judge, matches};
use super::payload::{another, armour};
use super::wire::{Wire, put_string};
use super::{Keyring, SignatureCheck, Verdict};
use crate::provenance::Signed;

const MAGIC: &[u8] = b"SSHSIG";

/// The namespace that git signs in.
const NAMESPACE: &str = "git";

/// What stands in the armour.
struct Frame<'a> {
    key: &'a [u8],
    namespace: &'a [u8],
    reserved: &'a [u8],
    hash: &'a [u8],
    signature: &'a [u8],
}

/// Checks an armoured signature over `payload`; `at` is when it counts, in seconds.
pub fn check(signature: &[u8], payload: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let broken = || SignatureCheck::new(Signed::Ssh, Verdict::Bad, "the SSH signature is damaged");
    let Some(armour) = armour(signature, false) else { return broken() };
    if another(armour.rest) {
        let why = "it carries several signatures, of which git would look at one";
        return SignatureCheck::new(Signed::Ssh, Verdict::Bad, why);
    }
    let frame = match Frame::read(&armour.body) {
        Ok(frame) => frame,
        Err(problem) => return problem_of(None, problem),
    };
    let (key, certificate) = match certificate::split(frame.key) {
        Ok(split) => split,
        Err(problem) => return problem_of(None, problem),
    };
    let mut result = match frame.verify(&key, payload) {
        Err(problem) => problem_of(Some(&key), problem),
        Ok(()) => match certificate {
            None => known(&fingerprint(&key), at, keyring),
            Some(certificate) => certified(&certificate, at, keyring),
        },
    };
    result.fingerprint = Some(fingerprint(&key));
    result
}

impl<'a> Frame<'a> {
    fn read(body: &'a [u8]) -> Result<Frame<'a>, Problem> {
        let damaged = || Problem::Wrong("the SSH signature is damaged");
        let mut wire = Wire(body);
        if wire.bytes(MAGIC.len()) != Some(MAGIC) {
            return Err(damaged());
        }
        match wire.u32() {
            Some(1) => {}
            Some(_) => return Err(beyond("the SSH signature is of a version that is unknown")),
            None => return Err(damaged()),
        }
        let mut string = || wire.string().ok_or_else(damaged);
        let frame = Frame {
            key: string()?,
            namespace: string()?,
            reserved: string()?,
            hash: string()?,
            signature: string()?,
        };
        if wire.is_empty() { Ok(frame) } else { Err(damaged()) }
    }

    /// Checks the signature with the plain public key `key` of it.
    fn verify(&self, key: &[u8], payload: &[u8]) -> Result<(), Problem> {
        if self.namespace != NAMESPACE.as_bytes() {
            return Err(Problem::Wrong("the SSH signature was made for something else than git"));
        }
        let hash = match self.hash {
            b"sha256" => Hash::Sha256,
            b"sha512" => Hash::Sha512,
            _ => return Err(beyond("the SSH signature uses a hash function that is unknown")),
        };
        let mut signed = MAGIC.to_vec();
        put_string(&mut signed, self.namespace);
        put_string(&mut signed, self.reserved);
        put_string(&mut signed, self.hash);
        put_string(&mut signed, &hash.digest(payload));
        verify(key, self.signature, &signed)
    }
}

/// Checks a signature over `signed` as SSH writes both; `key` is no certificate.
pub(super) fn verify(key: &[u8], signature: &[u8], signed: &[u8]) -> Result<(), Problem> {
    let damaged = || Problem::Wrong("the SSH signature is damaged");
    let key_type = Wire(key).text().ok_or_else(damaged)?;
    let mut wire = Wire(signature);
    let algorithm = wire.text().ok_or_else(damaged)?;
    let value = wire.string().ok_or_else(damaged)?;
    match (key_type, algorithm) {
        ("ssh-rsa", "rsa-sha2-256") => rsa(key, Hash::Sha256, signed, value),
        ("ssh-rsa", "rsa-sha2-512") => rsa(key, Hash::Sha512, signed, value),
        ("ssh-rsa", "ssh-rsa") => Err(beyond("the SSH signature rests on SHA-1")),
        ("ssh-dss", _) => Err(beyond("the SSH signature is by a DSA key, which proves nothing")),
        (
            "ssh-ed25519"
            | "ecdsa-sha2-nistp256"
            | "ecdsa-sha2-nistp384"
            | "ecdsa-sha2-nistp521"
            | "sk-ssh-ed25519@openssh.com"
            | "sk-ecdsa-sha2-nistp256@openssh.com",
            _,
        ) => {
            if key_type != algorithm {
                return Err(Problem::Wrong("the SSH signature is of another type than its key"));
            }
            // A security key adds one byte of flags and a counter.
            if wire.0.len() != if key_type.starts_with("sk-") { 5 } else { 0 } {
                return Err(damaged());
            }
            let key = PublicKey::from_bytes(key).map_err(|_| damaged())?;
            let signature = Signature::try_from(signature).map_err(|_| damaged())?;
            key.key_data()
                .verify(signed, &signature)
                .map_err(|_| Problem::Wrong("the signature does not fit what is signed"))
        }
        _ => Err(beyond("the SSH signature is by a type of key that is unknown")),
    }
}

fn rsa(key: &[u8], hash: Hash, signed: &[u8], value: &[u8]) -> Result<(), Problem> {
    let damaged = || Problem::Wrong("the SSH signature's key is damaged");
    let mut wire = Wire(key);
    let (Some(_), Some(exponent), Some(modulus)) = (wire.string(), wire.string(), wire.string())
    else {
        return Err(damaged());
    };
    if !wire.is_empty() {
        return Err(damaged());
    }
    crypto::rsa(modulus, exponent, hash, signed, value)
}

/// The result for a good signature by the plain key with this fingerprint.
fn known(fingerprint: &str, at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let mut keys = keyring.find(fingerprint);
    let listed = !keys.is_empty();
    keys.retain(|key| !key.cert_authority && may_sign(&key.namespaces));
    let (verdict, holder, mut why) = judge(&keys, at);
    if keys.is_empty() && listed {
        "the signature is good, but its key is in the keyring for another use than git"
            .clone_into(&mut why);
    }
    SignatureCheck {
        checked_cryptographically: true,
        holder,
        ..SignatureCheck::new(Signed::Ssh, verdict, why)
    }
}

fn may_sign(namespaces: &[String]) -> bool {
    namespaces.is_empty() || matches(namespaces, NAMESPACE)
}

/// The result for a good signature by the key of a certificate.
fn certified(certificate: &Certificate<'_>, at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let issuer = fingerprint(certificate.authority);
    let mut result = SignatureCheck {
        checked_cryptographically: true,
        claims: certificate.claims(),
        issuer: Some(issuer.clone()),
        ..SignatureCheck::new(Signed::Ssh, Verdict::UnknownKey, String::new())
    };
    let mut say = |verdict, holder, why: &str| {
        result.verdict = verdict;
        result.holder = holder;
        why.clone_into(&mut result.why);
    };
    let mut authorities = keyring.find(&issuer);
    authorities.retain(|key| key.cert_authority && may_sign(&key.namespaces));
    // Without an authority that is known, the certificate is worth what its key is worth.
    if authorities.is_empty() {
        let plain = known(&fingerprint(&certificate.key), at, keyring);
        return SignatureCheck { claims: result.claims, issuer: result.issuer, ..plain };
    }
    match certificate.verify() {
        Err(Problem::Wrong(_)) => {
            say(Verdict::Bad, None, "its SSH certificate was not made by the authority it names");
            return result;
        }
        Err(Problem::Beyond(why)) => {
            say(Verdict::Unchecked, None, &format!("its SSH certificate cannot be checked: {why}"));
            return result;
        }
        Ok(()) => {}
    }
    if !certificate.is_user || certificate.has_critical_options {
        let why = "its SSH certificate is a host's, or limited by options that mean nothing for \
                   commits";
        say(Verdict::Unchecked, None, why);
        return result;
    }
    let named = |patterns: &[String]| {
        certificate.principals.iter().find(|name| matches(patterns, name)).copied()
    };
    authorities.retain(|key| named(&key.principals).is_some());
    let Some(first) = authorities.first() else {
        say(
            Verdict::UnknownKey,
            None,
            "the signature is good, but its SSH certificate names nobody its authority may vouch for",
        );
        return result;
    };
    let holder = named(&first.principals)
        .map(|name| super::bounded(&crate::model::text::escape(name.as_bytes())));
    let (verdict, _, why) = judge(&authorities, at);
    match (verdict, certificate.holds_at(at)) {
        (Verdict::Good, true) => {
            say(
                Verdict::Good,
                holder,
                "the signature is good and a known authority vouches for it",
            );
        }
        (Verdict::Good, false) => {
            say(
                Verdict::Expired,
                holder,
                "the signature is good, but its SSH certificate did not hold at that time",
            );
        }
        _ => say(verdict, holder, &format!("of its certificate's authority: {why}")),
    }
    result
}

fn problem_of(key: Option<&[u8]>, problem: Problem) -> SignatureCheck {
    let mut result = SignatureCheck::of_problem(Signed::Ssh, problem);
    result.fingerprint = key.map(fingerprint);
    result
}
