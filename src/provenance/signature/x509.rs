//! X.509 signatures (CMS, RFC 5652), as gpgsm, smimesign and gitsign make them.
//!
//! The signature is checked against the certificate it carries, and whom that names is read; who
//! issued it is not followed up, because that needs roots, revocation lists and, for certificates
//! by Fulcio that live ten minutes, a transparency log. So the best verdict is
//! [`Verdict::Unchecked`], unless the keyring itself has the certificate.

use const_oid::ObjectIdentifier;

use super::ber::{BIT_STRING, INTEGER, OCTET_STRING, OID, SEQUENCE, SET, Value, Values};
use super::crypto::{self, Curve, Hash, Problem, beyond, fingerprint};
use super::keyring::judge;
use super::payload::{another, armour};
use super::x509_certificate::{Certificate, time};
use super::{Keyring, SignatureCheck, Verdict};
use crate::provenance::Signed;

/// Most attributes of a signature, and most certificates with it, that are looked at.
const MOST: usize = 64;

const SIGNED_DATA: &str = "1.2.840.113549.1.7.2";
const MESSAGE_DIGEST: &str = "1.2.840.113549.1.9.4";
const SIGNING_TIME: &str = "1.2.840.113549.1.9.5";

/// Whether a value is the object identifier `dotted`.
pub(super) fn is(value: Option<Value<'_>>, dotted: &str) -> bool {
    let wanted = ObjectIdentifier::new(dotted).expect("written out in this module");
    value.is_some_and(|value| value.tag == OID && value.content == wanted.as_bytes())
}

/// Checks an armoured signature over `payload`; `at` is when it counts, in seconds.
pub fn check(signature: &[u8], payload: &[u8], at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let problem = |problem| SignatureCheck::of_problem(Signed::X509, problem);
    let unreadable = || beyond("the X.509 signature cannot be read");
    let Some(armour) = armour(signature, false) else { return problem(unreadable()) };
    if another(armour.rest) {
        return problem(Problem::Wrong("it carries several signatures, which git refuses"));
    }
    let message = match Message::read(&armour.body) {
        Ok(Some(message)) => message,
        Ok(None) => return problem(unreadable()),
        Err(error) => return problem(error),
    };
    let Some(certificate) = message.signer() else {
        return problem(beyond("the X.509 signature does not carry its certificate"));
    };
    let result = match message.verify(&certificate, payload) {
        Ok(()) => judged(&certificate, at, keyring),
        Err(error) => problem(error),
    };
    SignatureCheck {
        fingerprint: Some(fingerprint(certificate.whole)),
        claims: certificate.names(),
        issuer: certificate.issuer(),
        made_at: message.made_at(),
        ..result
    }
}

/// The result for a signature that fits its certificate.
fn judged(certificate: &Certificate<'_>, at: i64, keyring: &dyn Keyring) -> SignatureCheck {
    let keys = keyring.find(&fingerprint(certificate.whole));
    let checked = |verdict, holder, why: &str| SignatureCheck {
        checked_cryptographically: true,
        holder,
        ..SignatureCheck::new(Signed::X509, verdict, why)
    };
    if keys.is_empty() {
        let why = "the signature fits its certificate, but neither the certificate's chain nor a \
                   transparency log was checked";
        return checked(Verdict::Unchecked, None, why);
    }
    let (verdict, holder, why) = judge(&keys, at);
    if verdict == Verdict::Good && !certificate.holds_at(at) {
        let why = "the signature is good, but its certificate did not hold at that time";
        return checked(Verdict::Expired, holder, why);
    }
    checked(verdict, holder, &why)
}

/// A CMS message with one signature and no content.
struct Message<'a> {
    certificates: Values<'a>,
    /// The signer: issuer and serial number, or `[0]` and a key identifier.
    signer: Value<'a>,
    hash: Values<'a>,
    /// Signed attributes.
    attributes: Option<Value<'a>>,
    algorithm: Values<'a>,
    signature: &'a [u8],
}

impl<'a> Message<'a> {
    /// Ok(None) for what is no such message.
    fn read(body: &'a [u8]) -> Result<Option<Message<'a>>, Problem> {
        let Some((content, infos, certificates)) = Message::open(body) else { return Ok(None) };
        if content {
            return Err(beyond("the X.509 signature carries a content of its own"));
        }
        let mut infos = infos;
        let info = infos.want(SEQUENCE);
        if infos.next().is_some() {
            return Err(beyond("the X.509 signature is by several signers"));
        }
        Ok(info.and_then(|info| Message::info(info.inside(), certificates)))
    }

    /// Whether there is a content, the signatures, and the certificates.
    fn open(body: &'a [u8]) -> Option<(bool, Values<'a>, Values<'a>)> {
        let mut outer = Values(body).want(SEQUENCE)?.inside();
        if !is(outer.next(), SIGNED_DATA) {
            return None;
        }
        let mut data = outer.want(0xa0)?.inside().want(SEQUENCE)?.inside();
        data.want(INTEGER)?;
        data.want(SET)?;
        let mut content = data.want(SEQUENCE)?.inside();
        content.want(OID)?;
        let has_content = content.next().is_some();
        let certificates = data.want(0xa0).map_or(Values(&[]), |all| all.inside());
        let _ = data.want(0xa1);
        Some((has_content, data.want(SET)?.inside(), certificates))
    }

    fn info(mut info: Values<'a>, certificates: Values<'a>) -> Option<Message<'a>> {
        info.want(INTEGER)?;
        Some(Message {
            certificates,
            signer: info.next()?,
            hash: info.want(SEQUENCE)?.inside(),
            attributes: info.want(0xa0),
            algorithm: info.want(SEQUENCE)?.inside(),
            signature: info.want(OCTET_STRING)?.content,
        })
    }

    /// The certificate of the signer.
    fn signer(&self) -> Option<Certificate<'a>> {
        let all = self.certificates.clone().take_while(|value| value.tag == SEQUENCE).take(MOST);
        let mut all = all.filter_map(Certificate::read);
        match self.signer.tag {
            SEQUENCE => {
                let mut by = self.signer.inside();
                let (issuer, serial) = (by.next()?, by.next()?);
                all.find(|found| found.is_called(issuer.whole, serial.content))
            }
            0x80 => all.find(|found| found.key_identifier() == Some(self.signer.content)),
            _ => None,
        }
    }

    /// The values of the signed attribute `dotted`.
    fn attribute(&self, dotted: &str) -> Option<Values<'a>> {
        let mut all = self.attributes?.inside().take(MOST);
        all.find_map(|attribute| {
            let mut parts = attribute.inside();
            is(parts.next(), dotted).then(|| parts.want(SET).map(|values| values.inside()))?
        })
    }

    /// When it says it was made.
    fn made_at(&self) -> Option<i64> {
        self.attribute(SIGNING_TIME)?.next().and_then(time)
    }

    fn verify(&self, certificate: &Certificate<'_>, payload: &[u8]) -> Result<(), Problem> {
        let unknown = || beyond("the X.509 signature uses a hash function that is unknown or weak");
        let hash = hash_of(self.hash.clone().next()).ok_or_else(unknown)?;
        // RFC 5652, section 5.4: what is signed are the attributes as a set, of which one is the
        // digest of the content; or, without attributes, the content.
        let Some(attributes) = self.attributes else {
            return self.verify_key(certificate, hash, payload);
        };
        let missing = Problem::Wrong("the X.509 signature does not say what it is over");
        let digest = self.attribute(MESSAGE_DIGEST).and_then(|mut all| all.want(OCTET_STRING));
        if digest.ok_or(missing)?.content != hash.digest(payload) {
            return Err(Problem::Wrong("the signature does not fit what is signed"));
        }
        let mut signed = attributes.whole.to_vec();
        if let Some(tag) = signed.first_mut() {
            *tag = SET;
        }
        self.verify_key(certificate, hash, &signed)
    }

    fn verify_key(
        &self,
        certificate: &Certificate<'_>,
        hash: Hash,
        signed: &[u8],
    ) -> Result<(), Problem> {
        let unknown = || beyond("the X.509 signature uses an algorithm that is not checked here");
        let algorithm = self.algorithm.clone().next();
        let hash = signature_hash(algorithm, hash).ok_or_else(unknown)?;
        let mut key = certificate.key.clone();
        let mut about = key.want(SEQUENCE).ok_or_else(unknown)?.inside();
        let (kind, curve) = (about.next(), about.next());
        // The first byte of a bit string counts the bits that are not used.
        let bits = key.want(BIT_STRING).and_then(|bits| bits.content.strip_prefix(&[0]));
        let bits = bits.ok_or_else(unknown)?;
        if is(kind, "1.2.840.113549.1.1.1") && is_rsa(algorithm) {
            let mut numbers = Values(bits).want(SEQUENCE).ok_or_else(unknown)?.inside();
            let modulus = numbers.want(INTEGER).ok_or_else(unknown)?.content;
            let exponent = numbers.want(INTEGER).ok_or_else(unknown)?.content;
            return crypto::rsa(modulus, exponent, hash, signed, self.signature);
        }
        if !is(kind, "1.2.840.10045.2.1") || is_rsa(algorithm) {
            return Err(unknown());
        }
        let curve = match curve {
            found if is(found, "1.2.840.10045.3.1.7") => Curve::P256,
            found if is(found, "1.3.132.0.34") => Curve::P384,
            _ => return Err(unknown()),
        };
        let damaged = || Problem::Wrong("the X.509 signature is damaged");
        let mut both = Values(self.signature).want(SEQUENCE).ok_or_else(damaged)?.inside();
        let r = both.want(INTEGER).ok_or_else(damaged)?.content;
        let s = both.want(INTEGER).ok_or_else(damaged)?.content;
        crypto::ecdsa(curve, bits, hash, signed, (r, s))
    }
}

/// A digest by its object identifier.
fn hash_of(id: Option<Value<'_>>) -> Option<Hash> {
    match id {
        id if is(id, "2.16.840.1.101.3.4.2.1") => Some(Hash::Sha256),
        id if is(id, "2.16.840.1.101.3.4.2.2") => Some(Hash::Sha384),
        id if is(id, "2.16.840.1.101.3.4.2.3") => Some(Hash::Sha512),
        _ => None,
    }
}

/// Object identifiers of RSA with PKCS #1 v1.5, alone and with a digest.
const RSA: [(&str, Option<Hash>); 4] = [
    ("1.2.840.113549.1.1.1", None),
    ("1.2.840.113549.1.1.11", Some(Hash::Sha256)),
    ("1.2.840.113549.1.1.12", Some(Hash::Sha384)),
    ("1.2.840.113549.1.1.13", Some(Hash::Sha512)),
];

/// The same of ECDSA. gpgsm names the kind of key instead, which leaves the digest to the message.
const ECDSA: [(&str, Option<Hash>); 4] = [
    ("1.2.840.10045.2.1", None),
    ("1.2.840.10045.4.3.2", Some(Hash::Sha256)),
    ("1.2.840.10045.4.3.3", Some(Hash::Sha384)),
    ("1.2.840.10045.4.3.4", Some(Hash::Sha512)),
];

fn is_rsa(algorithm: Option<Value<'_>>) -> bool {
    RSA.iter().any(|(dotted, _)| is(algorithm, dotted))
}

/// The digest that a signature algorithm is over, given the message's own.
fn signature_hash(algorithm: Option<Value<'_>>, message: Hash) -> Option<Hash> {
    let known = RSA.iter().chain(&ECDSA).find(|(dotted, _)| is(algorithm, dotted));
    known.map(|(_, hash)| hash.unwrap_or(message))
}
