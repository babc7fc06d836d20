//! The few sums that several signature formats share: digests, RSA and elliptic-curve checks, and
//! fingerprints.
//!
//! SSH and CMS come down to the same arithmetic once their wrapping is off. What a check cannot do
//! is kept apart from what it found wrong, because only the latter speaks against anyone.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use p256::ecdsa::signature::hazmat::PrehashVerifier as _;
use rsa::{BigUint, Pkcs1v15Sign, RsaPublicKey};
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// RSA keys below this many bits are within reach of whoever wants one badly enough (NIST SP
/// 800-131A).
pub const RSA_LEAST_BITS: usize = 2048;

/// RSA keys above this many bits cost more to check than a hostile repository shall make us spend.
pub const RSA_MOST_BITS: usize = 16_384;

/// Why a signature did not pass.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Problem {
    /// It cannot be checked here: an algorithm, size or version that is unknown or too weak. Says
    /// nothing about who made it.
    Beyond(String),
    /// It was checked and is wrong.
    Wrong(&'static str),
}

/// A signature that could not be checked, and why.
pub fn beyond(why: impl Into<String>) -> Problem {
    Problem::Beyond(why.into())
}

/// A digest that signatures may use. SHA-1 and MD5 are left out: both can be made to collide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hash {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
}

impl Hash {
    /// The digest of `data`.
    pub fn digest(self, data: &[u8]) -> Vec<u8> {
        match self {
            Hash::Sha256 => Sha256::digest(data).to_vec(),
            Hash::Sha384 => Sha384::digest(data).to_vec(),
            Hash::Sha512 => Sha512::digest(data).to_vec(),
        }
    }

    /// The last byte of its object identifier 2.16.840.1.101.3.4.2.x, and its size in bytes.
    fn marks(self) -> (u8, u8) {
        match self {
            Hash::Sha256 => (1, 32),
            Hash::Sha384 => (2, 48),
            Hash::Sha512 => (3, 64),
        }
    }

    /// What stands before the digest in an RSA signature (RFC 8017, section 9.2, note 1).
    fn prefix(self) -> Box<[u8]> {
        let (id, size) = self.marks();
        let mut prefix = vec![0x30, 0x11 + size, 0x30, 0x0d, 0x06, 0x09];
        prefix.extend([0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, id]);
        prefix.extend([0x05, 0x00, 0x04, size]);
        prefix.into_boxed_slice()
    }
}

/// Checks an RSASSA-PKCS1-v1_5 signature over `message`. `modulus` and `exponent` are big-endian,
/// with or without leading zeros.
pub fn rsa(
    modulus: &[u8],
    exponent: &[u8],
    hash: Hash,
    message: &[u8],
    signature: &[u8],
) -> Result<(), Problem> {
    let modulus = strip(modulus);
    let exponent = strip(exponent);
    let bits = modulus.len().saturating_mul(8);
    if bits > RSA_MOST_BITS {
        return Err(beyond("its RSA key has more bits than are checked here"));
    }
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros() as usize);
    if bits.saturating_sub(leading) < RSA_LEAST_BITS {
        return Err(beyond("its RSA key has fewer than 2048 bits, which proves nothing"));
    }
    // An even number is no product of two large primes; the crate looks at sizes only.
    if modulus.last().is_none_or(|byte| byte % 2 == 0) || exponent.len() > 8 {
        return Err(beyond("its RSA key is no usable one"));
    }
    let key = RsaPublicKey::new_with_max_size(
        BigUint::from_bytes_be(modulus),
        BigUint::from_bytes_be(exponent),
        RSA_MOST_BITS,
    )
    .map_err(|_| beyond("its RSA key is no usable one"))?;
    // A signature is a number; some writers leave its leading zeros out.
    let signature = strip(signature);
    let Some(missing) = modulus.len().checked_sub(signature.len()) else {
        return Err(Problem::Wrong("the signature is longer than its key"));
    };
    let padded = [vec![0; missing], signature.to_vec()].concat();
    let digest = hash.digest(message);
    let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: hash.prefix() };
    key.verify(scheme, &digest, &padded)
        .map_err(|_| Problem::Wrong("the signature does not fit what is signed"))
}

/// Elliptic curves of CMS signatures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    /// NIST P-256.
    P256,
    /// NIST P-384.
    P384,
}

/// Checks an ECDSA signature, given as its two numbers in big-endian, over `message`. `point` is
/// the public key as SEC 1 writes it.
pub fn ecdsa(
    curve: Curve,
    point: &[u8],
    hash: Hash,
    message: &[u8],
    (r, s): (&[u8], &[u8]),
) -> Result<(), Problem> {
    let digest = hash.digest(message);
    let wrong = |_| Problem::Wrong("the signature does not fit what is signed");
    let no_key = |_| beyond("its key is no point of its curve");
    match curve {
        Curve::P256 => {
            let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(no_key)?;
            let both: [[u8; 32]; 2] = [number(r)?, number(s)?];
            let signature = p256::ecdsa::Signature::from_scalars(both[0], both[1]);
            key.verify_prehash(&digest, &signature.map_err(wrong)?).map_err(wrong)
        }
        Curve::P384 => {
            let key = p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(no_key)?;
            let both: [[u8; 48]; 2] = [number(r)?, number(s)?];
            let signature = p384::ecdsa::Signature::from_scalars(both[0], both[1]);
            key.verify_prehash(&digest, &signature.map_err(wrong)?).map_err(wrong)
        }
    }
}

/// A number of a signature in exactly `N` bytes.
fn number<const N: usize>(bytes: &[u8]) -> Result<[u8; N], Problem> {
    let bytes = strip(bytes);
    let mut all = [0; N];
    let start = N.checked_sub(bytes.len());
    let start = start.ok_or(Problem::Wrong("a number of the signature is too long"))?;
    all[start..].copy_from_slice(bytes);
    Ok(all)
}

/// A big-endian number without leading zeros.
fn strip(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    &number[zeros..]
}

/// `SHA256:` and the digest of `data` in base64 without padding, as OpenSSH writes fingerprints.
pub fn fingerprint(data: &[u8]) -> String {
    format!("SHA256:{}", BASE64_STANDARD_NO_PAD.encode(Sha256::digest(data)))
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
