//! The report for a person: findings grouped by severity and rule, worst first; then what does not
//! count, what was not read, totals and what to do next.
//!
//! The layout is made for 80 columns. Everything that comes from a repository is escaped where it
//! is put on a [`canvas`], not where it is collected, so nothing gets past it.

mod canvas;
mod closing;
mod finding;

use std::io;

use super::Printable;
use super::forge::Forge;
use canvas::{Canvas, Tone};

/// How text output may look. The caller decides from `NO_COLOR`, `TERM` and the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextStyle {
    /// Use the terminal's sixteen colours.
    pub colour: bool,
    /// Use OSC 8 links for commits, files and providers' pages.
    pub hyperlinks: bool,
    /// Columns of the terminal; 80 where there is none.
    pub width: usize,
}

impl Default for TextStyle {
    /// Plain text for 80 columns.
    fn default() -> TextStyle {
        TextStyle { colour: false, hyperlinks: false, width: 80 }
    }
}

/// Writes `report` for a person to read.
pub(super) fn write(
    report: &Printable,
    style: TextStyle,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    let mut canvas = Canvas::new(style, out);
    let forges: Vec<Option<Forge>> = report
        .targets
        .iter()
        .map(|target| target.remote.as_deref().and_then(Forge::of_remote))
        .collect();
    for group in finding::groups(report) {
        finding::write_group(&mut canvas, report, &forges, &group)?;
        canvas.blank()?;
    }
    closing::write(&mut canvas, report)
}

/// `1 secret`, `1,204 secrets`.
fn counted(count: u64, singular: &str, plural: &str) -> String {
    format!("{} {}", thousands(count), if count == 1 { singular } else { plural })
}

/// The number with a comma after each three digits.
fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// `count` of a collection, for [`counted`].
fn number(count: usize) -> u64 {
    u64::try_from(count).unwrap_or(u64::MAX)
}

/// How a severity is coloured.
fn tone(severity: crate::model::Severity) -> Tone {
    use crate::model::Severity;
    match severity {
        Severity::Critical => Tone::Critical,
        Severity::High => Tone::High,
        Severity::Medium => Tone::Medium,
        Severity::Low => Tone::Low,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::testing;

    fn shown(report: crate::output::Report, style: TextStyle) -> String {
        let mut out = Vec::new();
        Format::Text.write(&report.into_printable(), style, &mut out).expect("writes");
        String::from_utf8(out).expect("UTF-8")
    }

    const COLOUR: TextStyle = TextStyle { colour: true, hyperlinks: true, width: 80 };

    #[test]
    fn a_rich_report() {
        insta::assert_snapshot!(shown(testing::rich(), TextStyle::default()));
    }

    #[test]
    fn a_rich_report_in_colour() {
        let text = shown(testing::rich(), COLOUR);
        insta::assert_snapshot!(text.replace('\x1b', "␛"));
    }

    #[test]
    fn nothing_found() {
        insta::assert_snapshot!(shown(testing::empty(), TextStyle::default()));
    }

    #[test]
    fn nothing_found_but_not_everything_read_is_no_clean_result() {
        let mut report = testing::empty();
        report.incomplete = testing::rich().incomplete;
        let text = shown(report, TextStyle::default());
        assert!(text.contains("INCOMPLETE"), "{text}");
        assert!(text.contains("No secrets found in what was read"), "{text}");
        assert!(text.contains("git fetch --unshallow"), "{text}");
    }

    #[test]
    fn hostile_names_reach_no_terminal() {
        for style in [TextStyle::default(), COLOUR] {
            let text = shown(testing::hostile(), style);
            // Take out what colours and links are made of; nothing else may control the terminal.
            let plain = text.replace("\x1b\\", "").replace("\x1b]8;;", "").replace("\x1b[", "");
            let raw = plain.chars().find(|c| (c.is_control() && *c != '\n') || *c == '\u{202e}');
            assert_eq!(raw, None, "{text}");
            assert!(text.contains("a\\n\\u{202e}b\\xff.env"), "{text}");
        }
    }

    #[test]
    fn prose_stays_within_the_width() {
        for width in [60, 80, 100] {
            let style = TextStyle { width, ..TextStyle::default() };
            let text = shown(testing::rich(), style);
            let long = text.lines().find(|line| {
                line.chars().count() > width && !line.contains("https://") && !line.contains('/')
            });
            assert_eq!(long, None);
        }
    }

    #[test]
    fn only_reveal_shows_values() {
        let report = testing::revealed();
        let value = report.findings[0].finding.secret.expose().to_vec();
        let value = String::from_utf8(value).expect("generated as text");
        assert!(shown(report, TextStyle::default()).contains(&value));
        assert!(!shown(testing::rich(), TextStyle::default()).contains(&value));
    }

    #[test]
    fn numbers_have_separators() {
        assert_eq!([0, 999, 1000, 1_234_567].map(thousands), ["0", "999", "1,000", "1,234,567"]);
    }
}
