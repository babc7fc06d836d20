//! Something learnt about a credential without using it.

use serde::Serialize;

/// A named fact, such as the account number inside an access key id. Never part of the secret
/// itself; safe to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fact {
    /// Lower-case name, words separated by `_`.
    pub name: &'static str,
    /// Printable value: whoever makes a fact escapes untrusted bytes (see [`super::text::escape`]).
    pub value: String,
}

/// The names that facts have. A name that is missing here costs time when a scan remembers an
/// earlier one, nothing else.
const NAMES: [&str; 27] = [
    "alg",
    "aud",
    "aws_account",
    "comment_length",
    "curve",
    "encrypted",
    "expires",
    "gcp_account",
    "gcp_project",
    "http_user",
    "index",
    "iss",
    "issued",
    "key_bits",
    "key_kind",
    "key_type",
    "keys",
    "network",
    "slack_team",
    "sub",
    "subject",
    "token_kind",
    "url_host",
    "url_scheme",
    "url_user",
    "version",
    "words",
];

impl Fact {
    /// The name that is written like `name`, if facts have it.
    pub fn known_name(name: &str) -> Option<&'static str> {
        NAMES.into_iter().find(|known| *known == name)
    }

    /// A fact with an escaped value.
    pub fn new(name: &'static str, value: impl AsRef<[u8]>) -> Fact {
        Fact { name, value: super::text::escape(value.as_ref()) }
    }
}
