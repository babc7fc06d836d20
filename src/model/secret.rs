//! A credential's bytes, held so that they cannot be printed by accident.
//!
//! `Debug`, `Display` and `Serialize` all give the redacted preview; the bytes themselves are only
//! reachable through [`Secret::expose`], which is easy to find in a review. A secret out of a saved
//! report may have nothing but its preview left: [`Secret::masked`].

use std::fmt;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// Longest non-secret prefix that a preview may show, in bytes.
const MAX_SHOWN_PREFIX: usize = 12;
/// What stands in a preview for what is hidden.
const MASK: &str = "***";

/// A secret value. Cloning is cheap: occurrences of one value share its bytes.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Secret {
    /// The value; of a masked one its public part, which is all there is.
    bytes: Arc<[u8]>,
    /// How many leading bytes are the public part of the format (`ghp_`, `AKIA`), not the secret.
    public_prefix: u8,
    /// Whether the value itself is not here.
    masked: bool,
}

impl Secret {
    /// Wraps `bytes`, none of which may be shown.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Secret { bytes: bytes.into(), public_prefix: 0, masked: false }
    }

    /// Wraps `bytes`, the first `public_prefix` of which are a format's fixed literal and may be
    /// shown. The prefix is cut so that at least eight bytes and three quarters stay hidden.
    pub fn with_public_prefix(bytes: impl Into<Arc<[u8]>>, public_prefix: usize) -> Self {
        let bytes = bytes.into();
        let most = bytes.len().saturating_sub(8).min(bytes.len() / 4).min(MAX_SHOWN_PREFIX);
        let printable = bytes.iter().take_while(|b| b.is_ascii_graphic()).count();
        let public_prefix = public_prefix.min(most).min(printable);
        // At most `MAX_SHOWN_PREFIX`.
        let public_prefix = u8::try_from(public_prefix).unwrap_or(0);
        Secret { bytes, public_prefix, masked: false }
    }

    /// A secret of which only what [`Secret::preview`] gave is known; none when `preview` has not
    /// that shape, so that no value can pass for one. Its value has no bytes: it cannot be hashed,
    /// searched for or revealed.
    pub fn masked(preview: &str) -> Option<Self> {
        let shown = preview.strip_suffix(MASK)?.as_bytes();
        let public_prefix = u8::try_from(shown.len()).ok()?;
        let fits = shown.len() <= MAX_SHOWN_PREFIX && shown.iter().all(u8::is_ascii_graphic);
        fits.then(|| Secret { bytes: shown.into(), public_prefix, masked: true })
    }

    /// The value itself, no bytes of a masked one. Only matching, hashing, masking and `--reveal`
    /// may call this.
    pub fn expose(&self) -> &[u8] {
        if self.masked { &[] } else { &self.bytes }
    }

    /// Length in bytes; 0 of a masked one.
    pub fn len(&self) -> usize {
        self.expose().len()
    }

    /// Whether the value has no bytes.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// What may be shown in place of the value, such as `ghp_***`.
    pub fn preview(&self) -> String {
        let shown = self.bytes.get(..usize::from(self.public_prefix)).unwrap_or_default();
        format!("{}{MASK}", String::from_utf8_lossy(shown))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({}, {} bytes)", self.preview(), self.len())
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
    fn a_masked_secret_has_a_preview_and_nothing_else() {
        let value: String = ('a'..='z').chain('A'..='Z').collect();
        for prefix in [0, 4, 12] {
            let preview = Secret::with_public_prefix(value.clone().into_bytes(), prefix).preview();
            let masked = Secret::masked(&preview).expect("a preview");
            assert_eq!(masked.preview(), preview);
            assert_eq!((masked.expose(), masked.len()), (&b""[..], 0));
            assert!(masked.is_empty());
        }
        for other in ["", "**", "abc", &format!("{value}***"), "a b***", "a\u{1b}***", "***x"] {
            assert_eq!(Secret::masked(other), None, "{other:?}");
        }
    }

    #[test]
    fn a_short_value_shows_nothing() {
        let secret = Secret::with_public_prefix(b"hunter2!".to_vec(), 4);
        assert_eq!(secret.preview(), "***");
    }
}
