//! A credential's bytes, held so that they cannot be printed by accident.
//!
//! `Debug`, `Display` and `Serialize` all give the redacted preview; the bytes themselves are only
//! reachable through [`Secret::expose`], which is easy to find in a review.

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Longest non-secret prefix that a preview may show, in bytes.
const MAX_SHOWN_PREFIX: usize = 12;

/// A secret value. Cloning is cheap: occurrences of one value share its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    bytes: Arc<[u8]>,
    /// How many leading bytes are the public part of the format (`ghp_`, `AKIA`), not the secret.
    public_prefix: usize,
}

impl Secret {
    /// Wraps `bytes`, none of which may be shown.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Secret { bytes: bytes.into(), public_prefix: 0 }
    }

    /// Wraps `bytes`, the first `public_prefix` of which are a format's fixed literal and may be
    /// shown. The prefix is cut so that at least eight bytes and three quarters stay hidden.
    pub fn with_public_prefix(bytes: impl Into<Arc<[u8]>>, public_prefix: usize) -> Self {
        let bytes = bytes.into();
        let most = bytes.len().saturating_sub(8).min(bytes.len() / 4).min(MAX_SHOWN_PREFIX);
        let printable = bytes.iter().take_while(|b| b.is_ascii_graphic()).count();
        Secret { public_prefix: public_prefix.min(most).min(printable), bytes }
    }

    /// The value itself. Only matching, hashing, masking and `--reveal` may call this.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether the value has no bytes.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// What may be shown in place of the value, such as `ghp_***`.
    pub fn preview(&self) -> String {
        let shown = String::from_utf8_lossy(&self.bytes[..self.public_prefix]);
        format!("{shown}***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, {} bytes)", self.preview(), self.bytes.len())
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.preview())
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.preview())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_formatting_shows_the_value() {
        let value: String = ('a'..='z').chain('A'..='Z').collect();
        let secret = Secret::with_public_prefix(value.clone().into_bytes(), 4);
        for shown in [
            format!("{secret}"),
            format!("{secret:?}"),
            format!("{secret:#?}"),
            serde_json::to_string(&secret).expect("serializes"),
        ] {
            assert!(shown.contains("abcd***"), "{shown}");
            assert!(!shown.contains("abcde"), "{shown}");
        }
    }

    #[test]
    fn a_short_value_shows_nothing() {
        let secret = Secret::with_public_prefix(b"hunter2!".to_vec(), 4);
        assert_eq!(secret.preview(), "***");
    }
}
