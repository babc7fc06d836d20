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

impl Fact {
    /// A fact with an escaped value.
    pub fn new(name: &'static str, value: impl AsRef<[u8]>) -> Fact {
        Fact { name, value: super::text::escape(value.as_ref()) }
    }
}
