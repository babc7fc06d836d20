//! OpenSSH certificates (PROTOCOL.certkeys): a public key with names and dates, signed by an
//! authority. A signature may carry one in place of a plain key.

use super::crypto::{Problem, beyond};
use super::wire::{Wire, put_string};
use super::{bounded, ssh};
use crate::model::text::escape;

/// What ends the type of a certificate.
const SUFFIX: &str = "-cert-v01@openssh.com";

/// Most names a certificate may carry; OpenSSH stops at as many.
const MOST_PRINCIPALS: usize = 256;

/// A certificate, read but not yet checked.
#[derive(Debug, Clone)]
pub struct Certificate<'a> {
    /// The public key that it is about, as SSH writes keys.
    pub key: Vec<u8>,
    /// Whether it is a user's, rather than a host's.
    pub is_user: bool,
    /// The names it vouches for.
    pub principals: Vec<&'a str>,
    /// Whether it carries critical options.
    pub has_critical_options: bool,
    /// The authority's public key.
    pub authority: &'a [u8],
    after: u64,
    before: u64,
    signed: &'a [u8],
    signature: &'a [u8],
}

/// The plain key of a signature, and the certificate when it is not plain.
pub fn split(blob: &[u8]) -> Result<(Vec<u8>, Option<Certificate<'_>>), Problem> {
    let damaged = || Problem::Wrong("the SSH signature's key is damaged");
    let key_type = Wire(blob).text().ok_or_else(damaged)?;
    let Some(plain) = key_type.strip_suffix(SUFFIX) else { return Ok((blob.to_vec(), None)) };
    // How many strings the key itself has, and what its type is called without certificate.
    let (plain, fields) = match plain {
        "ssh-ed25519" => (plain.to_owned(), 1),
        "ssh-rsa" | "ecdsa-sha2-nistp256" | "ecdsa-sha2-nistp384" | "ecdsa-sha2-nistp521" => {
            (plain.to_owned(), 2)
        }
        "sk-ssh-ed25519" => (format!("{plain}@openssh.com"), 2),
        "sk-ecdsa-sha2-nistp256" => (format!("{plain}@openssh.com"), 3),
        _ => return Err(beyond("the SSH signature is by a type of certificate that is unknown")),
    };
    let certificate = Certificate::read(blob, &plain, fields).ok_or_else(damaged)?;
    Ok((certificate.key.clone(), Some(certificate)))
}

impl<'a> Certificate<'a> {
    fn read(blob: &'a [u8], plain: &str, fields: usize) -> Option<Certificate<'a>> {
        let mut wire = Wire(blob);
        wire.string()?;
        wire.string()?;
        let mut key = Vec::new();
        put_string(&mut key, plain.as_bytes());
        for _ in 0..fields {
            put_string(&mut key, wire.string()?);
        }
        wire.u64()?;
        let kind = wire.u32()?;
        wire.string()?;
        let mut names = Wire(wire.string()?);
        let mut principals = Vec::new();
        while !names.is_empty() {
            if principals.len() == MOST_PRINCIPALS {
                return None;
            }
            principals.push(names.text()?);
        }
        let (after, before) = (wire.u64()?, wire.u64()?);
        let has_critical_options = !wire.string()?.is_empty();
        wire.string()?;
        wire.string()?;
        let authority = wire.string()?;
        let signed = blob.get(..blob.len().checked_sub(wire.0.len())?)?;
        let signature = wire.string()?;
        let is_user = kind == 1;
        wire.is_empty().then_some(Certificate {
            key,
            is_user,
            principals,
            has_critical_options,
            authority,
            after,
            before,
            signed,
            signature,
        })
    }

    /// Checks that the authority signed it. An authority is never a certificate itself.
    pub fn verify(&self) -> Result<(), Problem> {
        ssh::verify(self.authority, self.signature, self.signed)
    }

    /// Whether it holds at a time, in seconds since 1970-01-01 UTC.
    pub fn holds_at(&self, at: i64) -> bool {
        u64::try_from(at).is_ok_and(|at| self.after <= at && at < self.before)
    }

    /// The names it vouches for, escaped.
    pub fn claims(&self) -> Option<String> {
        let names = bounded(&escape(self.principals.join(",").as_bytes()));
        (!names.is_empty()).then_some(names)
    }
}
