//! Lines for a terminal: tones as the text report has them, and nothing of a file unescaped.

use crate::model::Severity;
use crate::model::text::escape;

/// Puts tones around texts, or leaves them plain.
#[derive(Debug, Clone, Copy)]
pub(super) struct Paint {
    /// Whether colours are wanted.
    pub(super) colour: bool,
}

impl Paint {
    pub(super) fn strong(self, text: &str) -> String {
        self.put("1", text)
    }

    pub(super) fn faint(self, text: &str) -> String {
        self.put("2", text)
    }

    pub(super) fn alarm(self, text: &str) -> String {
        self.put("1;33", text)
    }

    pub(super) fn good(self, text: &str) -> String {
        self.put("32", text)
    }

    pub(super) fn severity(self, severity: Severity, text: &str) -> String {
        self.put(
            match severity {
                Severity::Critical => "1;31",
                Severity::High => "31",
                Severity::Medium => "33",
                Severity::Low => "34",
            },
            text,
        )
    }

    /// Text in a tone, given by the SGR parameters of ECMA-48.
    fn put(self, tone: &str, text: &str) -> String {
        let text = escape(text.as_bytes());
        if self.colour && !text.is_empty() {
            format!("\u{1b}[{tone}m{text}\u{1b}[0m")
        } else {
            text
        }
    }
}

/// `text` in columns: as wide as `width`, cut with `…` where it is longer. Widths are in characters.
pub(super) fn fitted(text: &str, width: usize) -> String {
    let text = escape(text.as_bytes());
    let length = text.chars().count();
    if length <= width {
        return format!("{text}{}", " ".repeat(width - length));
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}…")
}
