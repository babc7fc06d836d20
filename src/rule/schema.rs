//! A rule file as it is written. Nothing is checked here beyond shape; see [`super::validate`].

use serde::{Deserialize, Serialize};

use crate::model::{Confidence, Severity};

/// One YAML file: a provider and its rules.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RuleFile {
    /// Lower-case name of the service.
    pub provider: String,
    /// The service's name as it writes it.
    pub title: String,
    /// The provider's page that documents the credentials.
    #[serde(default)]
    pub docs: Option<String>,
    /// The rules, at least one.
    pub rules: Vec<RawRule>,
}

/// One rule as written.
#[derive(Debug, Clone, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[allow(missing_docs, reason = "docs/writing-rules.md describes each field for its readers")]
pub struct RawRule {
    pub id: String,
    pub title: String,
    pub severity: Severity,
    pub confidence: Confidence,
    #[serde(default)]
    pub detector: DetectorKind,
    #[serde(default)]
    pub literals: Vec<String>,
    #[serde(default)]
    pub ignore_case: bool,
    #[serde(default)]
    pub pattern: Option<String>,
    #[serde(default)]
    pub reach: Option<RawReach>,
    #[serde(default)]
    pub boundary: Boundary,
    #[serde(default)]
    pub requires: Vec<String>,
    #[serde(default)]
    pub entropy: Option<f64>,
    #[serde(default)]
    pub classes: Option<Classes>,
    #[serde(default)]
    pub validators: Vec<Validator>,
    #[serde(default)]
    pub pairs_with: Vec<String>,
    #[serde(default)]
    pub paths: Vec<String>,
    #[serde(default)]
    pub allow: RawAllow,
    pub rotation: Rotation,
    #[serde(default)]
    pub examples: Vec<String>,
    #[serde(default)]
    pub counter_examples: Vec<String>,
    #[serde(default)]
    pub tags: Vec<String>,
}

/// How a rule finds its secret once a literal was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum DetectorKind {
    /// A regular expression around the literal.
    #[default]
    Pattern,
    /// A key name (the literal), an operator and a value, in any syntax.
    Assignment,
    /// A PEM or PEM-like block from its BEGIN line to its END line.
    Pem,
    /// A JSON Web Token in compact form.
    Jwt,
    /// A password in the userinfo part of a URL.
    UrlUserinfo,
    /// A file that is a key store with a key in it, by its form; needs no literal.
    KeyStore,
    /// A file that is a private key in DER or of `OpenPGP`; needs no literal.
    DerKey,
    /// A file of which the pattern is all; needs no literal.
    WholeFile,
}

impl DetectorKind {
    /// Whether it looks at contents as a whole and not around a literal.
    pub fn is_of_files(self) -> bool {
        matches!(self, DetectorKind::KeyStore | DetectorKind::DerKey | DetectorKind::WholeFile)
    }

    /// How much a match says of itself, against others of the same value: what goes by a name least,
    /// then structures (a file that is a key says less than the text around it does), then formats
    /// and blocks.
    pub fn tier(self) -> u8 {
        match self {
            DetectorKind::Assignment => 0,
            DetectorKind::UrlUserinfo
            | DetectorKind::Jwt
            | DetectorKind::KeyStore
            | DetectorKind::DerKey
            | DetectorKind::WholeFile => 1,
            DetectorKind::Pattern | DetectorKind::Pem => 2,
        }
    }

    /// Whether a pattern belongs to it.
    pub fn has_pattern(self) -> bool {
        matches!(self, DetectorKind::Pattern | DetectorKind::WholeFile)
    }
}

/// Bytes around the literal: one number for both sides, or each side.
#[derive(Debug, Clone, Copy, Deserialize, Serialize)]
#[serde(untagged)]
pub enum RawReach {
    /// The same on both sides.
    Both(u32),
    /// Each side by itself.
    Sides(Reach),
}

/// The most bytes around a literal that can decide a match.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Reach {
    /// Bytes before the literal's first byte.
    pub before: u32,
    /// Bytes after the literal's last byte.
    pub after: u32,
}

/// What may not stand directly beside a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Letters, digits, `_`, `-`, and those of `/` `+` that the secret itself has.
    #[default]
    Token,
    /// Letters, digits and `_`.
    Word,
    /// Anything may.
    None,
}

/// Least counts of characters in a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct Classes {
    /// ASCII digits.
    pub digits: u32,
    /// ASCII upper-case letters.
    pub upper: u32,
    /// ASCII lower-case letters.
    pub lower: u32,
    /// Everything that is not an ASCII letter or digit.
    pub symbols: u32,
    /// Different byte values.
    pub distinct: u32,
}

/// Checks of a secret's structure that need no network. `engine::validate` carries them out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Validator {
    /// GitHub's scheme: the last six characters are the base-62 CRC-32 of the random part.
    #[serde(rename = "github-crc32")]
    GithubCrc32,
    /// The same scheme as npm uses it.
    #[serde(rename = "npm-crc32")]
    NpmCrc32,
    /// Three base64url parts, the first a JSON object with `alg`; tells issuer, subject and expiry.
    Jwt,
    /// PEM framing: labels agree, body decodes, outer ASN.1 length fits; tells encrypted keys.
    Pem,
    /// OpenSSH's private key container; tells cipher and key type.
    Openssh,
    /// AWS access key ids: alphabet; tells the account number.
    AwsKeyId,
    /// Google service-account JSON: the fields that belong together; tells the account.
    GcpServiceAccount,
    /// Luhn checksum over the digits.
    Luhn,
    /// Base32 without stray characters or impossible lengths.
    Base32,
    /// Only letters and digits, all three classes present.
    Base62,
    /// Base64 that decodes, standard or URL alphabet.
    Base64,
    /// A UUID that is neither nil nor all one digit.
    Uuid,
    /// Hexadecimal digits that are not one repeated or counting pattern.
    Hex,
    /// `PuTTY` private key files; tells encryption.
    Putty,
    /// An ASCII-armoured `OpenPGP` secret key; tells encryption.
    Pgp,
    /// An age secret key: Bech32 checksum.
    Age,
    /// A NATS seed: CRC-16 and the kind of key.
    Nkey,
    /// A BIP-39 seed phrase: words of the list, and their checksum.
    SeedPhrase,
    /// A Bitcoin private key or extended private key: `Base58Check`.
    BitcoinKey,
    /// A JSON object that an Ethereum wallet keeps a key in, encrypted.
    EthereumKeystore,
    /// Slack token field structure.
    Slack,
    /// `PyPI` tokens: a version 2 macaroon for `PyPI`'s location.
    PypiMacaroon,
    /// Azure storage keys: 64 bytes in base64.
    AzureStorageKey,
    /// A JSON object that parses.
    JsonObject,
    /// Not a documentation sample, mask, repeated character, keyboard run or template.
    NotPlaceholder,
    /// A password that a person may have made; words and stand-ins are of low confidence.
    Password,
    /// Base64 of `user:password`, as in HTTP's Basic scheme; words are of low confidence.
    BasicCredentials,
}

/// What is never a finding, as written.
#[derive(Debug, Clone, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RawAllow {
    /// Globs of paths.
    pub paths: Vec<String>,
    /// Regular expressions tried on the secret.
    pub values: Vec<String>,
    /// Texts inside the secret, in any case.
    pub stop_words: Vec<String>,
}

/// What to do with a leaked credential of this kind.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// One or two sentences.
    pub advice: String,
    /// The provider's own page.
    pub page: String,
}
