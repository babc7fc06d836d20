//! Signatures of commits, tags and pushes, checked without the tools that made them.
//!
//! `payload` takes an object apart the way git does; `ssh`, `openpgp` and `x509` check one format
//! each; `keyring` says whose a key is. A verdict speaks of the key, never of a person: who holds
//! it is for `identity` to say, from the organisation's directory. Every part is hostile input:
//! sizes are bounded, nothing panics, and what merely cannot be checked here is never called bad.
//! `docs/signatures.md` compares the verdicts with git's letters.

mod allowed;
mod ber;
mod certificate;
mod crypto;
pub mod keyring;
mod openpgp;
mod openpgp_key;
mod payload;
mod push;
mod ssh;
mod wire;
mod x509;
mod x509_certificate;

pub use keyring::{Fault, Keyring, Memory, TrustedKey};
pub use push::{PushCertificate, RefUpdate};

use super::Signed;
use crypto::Problem;

/// Most bytes of an object whose signature is checked.
pub const LARGEST_PAYLOAD: usize = 64 * 1024 * 1024;

/// Most bytes of a signature that is checked.
pub const LARGEST_SIGNATURE: usize = 1024 * 1024;

/// Most bytes of what a signature says of itself that are passed on.
const LONGEST_CLAIM: usize = 512;

/// What a check of a signature came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Verdict {
    /// There is none.
    Unsigned,
    /// It fits, and its key is in the keyring and held at that time.
    Good,
    /// Nobody the keyring knows has its key. It fits what is signed when
    /// [`SignatureCheck::checked_cryptographically`]; an `OpenPGP` signature cannot be checked
    /// without its key.
    UnknownKey,
    /// It fits, but it or its key had expired at that time.
    Expired,
    /// It fits, but its key had been revoked, or is not to be trusted at any time.
    Revoked,
    /// It does not fit what is signed, or was tampered with.
    Bad,
    /// It is recognised, but cannot be checked here: an unknown or too weak algorithm, a missing
    /// key, a chain of certificates. Says nothing about who made it.
    Unchecked,
}

/// A signature, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureCheck {
    /// What kind of signature it is.
    pub kind: Signed,
    /// What the check came to.
    pub verdict: Verdict,
    /// The key that made it: `SHA256:…` of the SSH public key (also of one in a certificate) or of
    /// the X.509 certificate; lower-case hexadecimal of the `OpenPGP` key or subkey, or its key id
    /// when that is all the signature says. By the signature's own word when it was not checked.
    pub fingerprint: Option<String>,
    /// Whether the arithmetic was done and fits, whoever holds the key.
    pub checked_cryptographically: bool,
    /// Who holds the key, as the keyring says: a [`TrustedKey::holder`], or the matching principal
    /// of an SSH certificate. None, too, when the keyring names more than one.
    pub holder: Option<String>,
    /// Whom the signature itself names, escaped and at most 512 bytes: addresses of an X.509
    /// certificate, principals of an SSH certificate, the user id in an `OpenPGP` signature.
    pub claims: Option<String>,
    /// Who vouches for that, escaped and at most 512 bytes: the `OpenID` Connect issuer of a
    /// certificate by Fulcio, the issuer's name of another, the fingerprint of an SSH authority.
    pub issuer: Option<String>,
    /// When it says it was made; seconds since 1970-01-01 UTC. SSH signatures do not say.
    pub made_at: Option<i64>,
    /// How the verdict was reached, in one sentence without a full stop.
    pub why: String,
}

impl SignatureCheck {
    fn new(kind: Signed, verdict: Verdict, why: impl Into<String>) -> SignatureCheck {
        SignatureCheck {
            kind,
            verdict,
            fingerprint: None,
            checked_cryptographically: false,
            holder: None,
            claims: None,
            issuer: None,
            made_at: None,
            why: why.into(),
        }
    }

    fn of_problem(kind: Signed, problem: Problem) -> SignatureCheck {
        match problem {
            Problem::Beyond(why) => SignatureCheck::new(kind, Verdict::Unchecked, why),
            Problem::Wrong(why) => SignatureCheck::new(kind, Verdict::Bad, why),
        }
    }
}

/// Checks the signature of a commit object (its content, without git's `commit SIZE` header). `at`
/// is when it counts, in seconds since 1970-01-01 UTC: the time of the push where that is known,
/// because all dates in a commit are its author's own claim.
pub fn check_commit(data: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    check(data, payload::of_commit, at, keyring)
}

/// Checks the signature that a tag object ends with; see [`check_commit`].
pub fn check_tag(data: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    check(data, payload::of_tag, at, keyring)
}

/// Checks the certificate of a signed push, as git keeps it in the blob that `GIT_PUSH_CERT` names;
/// see [`check_commit`]. Whether its nonce is the server's own is for the server to say.
pub fn check_push_certificate(data: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let result = check(data, payload::of_tag, at, keyring);
    if result.verdict == Verdict::Good && PushCertificate::parse(data).is_none() {
        let why = "the signature is good, but what it signs is no certificate of a push";
        return SignatureCheck { verdict: Verdict::Unchecked, why: why.to_owned(), ..result };
    }
    result
}

fn check(
    data: &[u8],
    parts: impl Fn(&[u8]) -> Option<payload::Parts>,
    at: i64,
    keyring: &dyn Keyring,
) -> SignatureCheck {
    let too_large = |what| {
        let why = format!("the {what} is too large to be checked");
        SignatureCheck::new(Signed::Other, Verdict::Unchecked, why)
    };
    if data.len() > LARGEST_PAYLOAD {
        return too_large("object");
    }
    let Some(payload::Parts { payload, signature }) = parts(data) else {
        return SignatureCheck::new(Signed::No, Verdict::Unsigned, "it carries no signature");
    };
    let kind = payload::kind(&signature);
    if signature.len() > LARGEST_SIGNATURE {
        return SignatureCheck { kind, ..too_large("signature") };
    }
    match kind {
        Signed::Ssh => ssh::check(&signature, &payload, at, keyring),
        Signed::OpenPgp => openpgp::check(&signature, &payload, at, keyring),
        Signed::X509 => x509::check(&signature, &payload, at, keyring),
        Signed::No | Signed::Other => {
            let why = "the signature is of a kind that is unknown";
            SignatureCheck::new(Signed::Other, Verdict::Unchecked, why)
        }
    }
}

/// The beginning of an escaped text, at most [`LONGEST_CLAIM`] bytes.
fn bounded(text: &str) -> String {
    let mut end = text.len().min(LONGEST_CLAIM);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text[..end].to_owned()
}
