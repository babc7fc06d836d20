//! Checks of a secret's structure that need no network. A rule names them; a failed check means
//! that the match is no finding.
//!
//! Each family of formats is a file of its own. Two checks look at more than the secret's bytes:
//! `putty` back to the header whose detection gave the secret, and `gcp-service-account` at most
//! [`CONTEXT`] bytes to either side.

mod age;
pub(crate) mod armor;
pub(crate) mod base;
mod basic;
mod checksum;
mod cloud;
pub(crate) mod der;
mod encoding;
mod jwt;
pub(crate) mod nkey;
mod openssh;
mod pem;
pub(crate) mod pgp;
pub mod placeholder;
pub(crate) mod putty;
#[cfg(test)]
mod tests;
mod token;
mod wallet;
mod words;

use std::ops::Range;

use crate::model::Fact;
use crate::rule::schema::Validator;

pub use placeholder::{is_placeholder, is_template};

/// How far from the secret `gcp-service-account` looks, in bytes on each side: a key file without
/// its key has a few hundred. A rule that uses it reaches that far around its secret, so that its
/// verdict hangs on nothing outside its reach.
pub const CONTEXT: usize = 2048;

/// Longest secret that is looked into, in bytes: more than any rule's reach lets through.
const MAX_SECRET: usize = 256 * 1024;

/// Longest value of a fact that comes from the content, in bytes.
const MAX_FACT: usize = 120;

/// A value to check, with the text it stands in.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// The content (or decoded layer) that holds the secret.
    pub text: &'a [u8],
    /// Where in `text` the secret starts.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
}

impl<'a> Candidate<'a> {
    /// The secret's bytes.
    pub fn secret(&self) -> &'a [u8] {
        self.text.get(self.span()).unwrap_or_default()
    }

    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.start..self.end
    }
}

/// What a check says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// The structure holds; what was learnt on the way.
    Valid(Vec<Fact>),
    /// Not such a credential (or one that is of no use to a finder, such as an encrypted key where
    /// the rule wants none): why, in a few words.
    Invalid(&'static str),
}

/// What a check finds out: facts, or why the value is none of its kind.
type Checked = Result<Vec<Fact>, &'static str>;

/// Carries out one check.
pub fn validate(validator: Validator, candidate: Candidate<'_>) -> Verdict {
    let secret = candidate.secret();
    if secret.is_empty() {
        return Verdict::Invalid("empty");
    }
    if secret.len() > MAX_SECRET {
        return Verdict::Invalid("too long");
    }
    let checked = match validator {
        Validator::GithubCrc32 => checksum::github(secret),
        Validator::NpmCrc32 => checksum::npm(secret),
        Validator::Jwt => jwt::check(secret),
        Validator::Pem => pem::check(secret),
        Validator::Openssh => openssh::check(secret),
        Validator::AwsKeyId => cloud::aws_key_id(secret),
        Validator::GcpServiceAccount => cloud::gcp_service_account(candidate),
        Validator::Luhn => checksum::luhn(secret),
        Validator::Base32 => encoding::base32(secret),
        Validator::Base62 => encoding::base62(secret),
        Validator::Base64 => encoding::base64(secret),
        Validator::Uuid => encoding::uuid(secret),
        Validator::Hex => encoding::hex(secret),
        Validator::Putty => putty::check(candidate),
        Validator::Pgp => pgp::check(secret),
        Validator::Age => age::check(secret),
        Validator::Nkey => nkey::check(secret),
        Validator::SeedPhrase => wallet::seed_phrase(secret),
        Validator::BitcoinKey => wallet::bitcoin_key(secret),
        Validator::EthereumKeystore => wallet::ethereum_keystore(secret),
        Validator::Slack => token::slack(secret),
        Validator::PypiMacaroon => token::pypi(secret),
        Validator::AzureStorageKey => cloud::azure_storage_key(secret),
        Validator::JsonObject => encoding::json_object(secret),
        Validator::NotPlaceholder | Validator::Password => {
            if is_placeholder(secret) {
                Err("a stand-in, not a value")
            } else {
                Ok(Vec::new())
            }
        }
        Validator::BasicCredentials => basic::check(secret),
    };
    match checked {
        Ok(facts) => Verdict::Valid(facts),
        Err(why) => Verdict::Invalid(why),
    }
}

/// The user, if known, and the password in what a check of passwords passed; nothing for others.
pub fn password(validator: Validator, secret: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    match validator {
        Validator::Password => Some((Vec::new(), secret.to_vec())),
        Validator::BasicCredentials => basic::read(secret),
        _ => None,
    }
}

/// What a check does, in one sentence, for `leaktrace rules show`.
pub fn describe(validator: Validator) -> &'static str {
    match validator {
        Validator::GithubCrc32 => {
            "The last six characters are the CRC-32 of the characters after the prefix, in base 62; tokens of GitHub's formats without that checksum pass."
        }
        Validator::NpmCrc32 => {
            "The last six characters are the CRC-32 of the thirty before them, in base 62."
        }
        Validator::Jwt => {
            "A signed JSON Web Token: header and payload are JSON objects and the signature has the length that its algorithm gives; tells algorithm, issuer, audience, issue and expiry time."
        }
        Validator::Pem => {
            "A whole PEM private key: labels agree, the body decodes and its outer ASN.1 length fits; tells the kind and size of key and whether it is encrypted."
        }
        Validator::Openssh => {
            "An OpenSSH private key file whose fields have the lengths they state; tells the kind of key and whether it is encrypted."
        }
        Validator::AwsKeyId => {
            "An AWS access key id, no documentation sample; tells the account number that newer ids hold."
        }
        Validator::GcpServiceAccount => {
            "Part of a JSON object with the fields of a Google service account key; tells the project and the account."
        }
        Validator::Luhn => "Digits whose Luhn checksum holds.",
        Validator::Base32 => "Base32 without stray characters or impossible lengths.",
        Validator::Base62 => {
            "Only letters and digits, with a capital, a small letter and a digit among them."
        }
        Validator::Base64 => "Base64 that decodes, in the standard or the URL alphabet.",
        Validator::Uuid => "A UUID that is neither nil nor a made-up pattern.",
        Validator::Hex => "Hexadecimal digits that are no repeated or counting pattern.",
        Validator::Putty => {
            "The private part of a whole PuTTY key file; tells the kind of key and whether it is encrypted."
        }
        Validator::Pgp => {
            "An ASCII-armoured OpenPGP secret key whose packets are whole; tells the algorithm and whether it is encrypted."
        }
        Validator::Age => "An age identity whose Bech32 checksum holds.",
        Validator::Nkey => {
            "A NATS seed whose kind is known and whose CRC-16 holds; tells whose key it is."
        }
        Validator::SeedPhrase => {
            "12 to 24 words of the English BIP-39 list whose checksum holds, none of the phrases of its test vectors; tells how many."
        }
        Validator::BitcoinKey => {
            "A Bitcoin private key (WIF) or extended private key (BIP-32) whose Base58Check checksum holds; tells which, and the network."
        }
        Validator::EthereumKeystore => {
            "A JSON object with the fields of an Ethereum key file: cipher, text and derivation; tells how the key is derived."
        }
        Validator::Slack => {
            "A Slack token or webhook with the fields of its kind; tells that kind."
        }
        Validator::PypiMacaroon => {
            "A version 2 macaroon after the `pypi-` prefix; tells the index it is for."
        }
        Validator::AzureStorageKey => {
            "Base64 of exactly 64 bytes that is not an emulator's published key; Azure storage account keys have that form."
        }
        Validator::JsonObject => "A JSON object that parses.",
        Validator::NotPlaceholder => {
            "No documentation sample, mask, repeated or counting pattern, template or stand-in word."
        }
        Validator::Password => {
            "No stand-in; a password made of words, or of little else, is of low confidence."
        }
        Validator::BasicCredentials => {
            "Base64 of a user, a colon and a password that is no stand-in; words are of low confidence."
        }
    }
}

/// An address without the user and password in it; nothing where it has none.
fn without_userinfo(value: &str) -> Option<String> {
    let start = value.find("://")? + 3;
    let rest = value.get(start..)?;
    let authority = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let at = rest.get(..authority)?.rfind('@')?;
    Some(format!("{}***{}", value.get(..start)?, rest.get(at..)?))
}

/// A fact from content bytes, cut to a length that fits a line.
fn fact_from_content(name: &'static str, value: &str) -> Fact {
    let masked = without_userinfo(value);
    let value = masked.as_deref().unwrap_or(value);
    let end = (0..=value.len().min(MAX_FACT)).rev().find(|at| value.is_char_boundary(*at));
    Fact::new(name, &value[..end.unwrap_or(0)])
}

#[cfg(test)]
mod facts_tests {
    use super::fact_from_content;

    #[test]
    fn an_address_is_shown_without_whoever_may_use_it() {
        let shown = |value| fact_from_content("iss", value).value;
        assert_eq!(shown("https://u:pw@id.test/a@b"), "https://***@id.test/a@b");
        assert_eq!(shown("https://id.test/a@b"), "https://id.test/a@b");
        assert_eq!(shown("accounts@id.test"), "accounts@id.test");
    }
}
