//! Something learnt about a credential without using it.

use std::borrow::Cow;

use serde::Serialize;

/// A named fact, such as the account number inside an access key id. Never part of the secret
/// itself; safe to show.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Fact {
    /// Lower-case name, words separated by `_`.
    pub name: Cow<'static, str>,
    /// Printable value: whoever makes a fact escapes untrusted bytes (see [`super::text::escape`]).
    pub value: String,
}

/// The fact that says how likely something is a credential, and what decided.
pub const LIKELIHOOD: &str = "likelihood";

/// The names that facts have. A name that is missing here costs time when a scan remembers an
/// earlier one, nothing else.
const NAMES: [&str; 31] = [
    "alg",
    "aud",
    "aws_account",
    "comment_length",
    "curve",
    "encrypted",
    "expires",
    "file_kind",
    "gcp_account",
    "gcp_project",
    "http_user",
    "index",
    "iss",
    "issued",
    "key_bits",
    "key_id",
    "key_kind",
    "key_type",
    "keys",
    "likelihood",
    "network",
    "public_key",
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

    /// Sorts facts that were learnt at several places and drops those that say the same. Of several
    /// likelihoods the greatest stays.
    pub fn settle(facts: &mut Vec<Fact>) {
        facts.sort();
        facts.dedup();
        let greatest = facts.iter().rfind(|fact| fact.name == LIKELIHOOD).cloned();
        facts.retain(|fact| fact.name != LIKELIHOOD || Some(fact) == greatest.as_ref());
    }

    /// A fact with an escaped value.
    pub fn new(name: impl Into<Cow<'static, str>>, value: impl AsRef<[u8]>) -> Fact {
        Fact { name: name.into(), value: super::text::escape(value.as_ref()) }
    }
}
