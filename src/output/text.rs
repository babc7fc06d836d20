//! The report for a person: findings grouped by severity and rule, worst first; then what does not
//! count, what was not read, totals and what to do next.
//!
//! The layout is made for 80 columns. Everything that comes from a repository is escaped where it
//! is put on a [`canvas`], not where it is collected, so nothing gets past it.

mod canvas;
mod closing;
mod finding;
mod people;

use std::io;

use super::Printable;
use super::forge::Forge;
use super::people::Shown;
use super::wording::groups;
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
    let mut shown = Shown::default();
    for group in groups(report) {
        finding::write_group(&mut canvas, report, &forges, &group, &mut shown)?;
        canvas.blank()?;
    }
    closing::write(&mut canvas, report)
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
    fn a_report_with_people() {
        let style = TextStyle { width: 60, ..TextStyle::default() };
        let text = shown(testing::with_people(), style);
        let long = text.lines().find(|line| line.chars().count() > 60 && !line.contains('/'));
        assert_eq!(long, None);
        insta::assert_snapshot!(text);
        let mentioned = text.matches("person-d2a9a143e75a8037").count();
        assert_eq!(mentioned, 1, "people of one commit are shown once");
    }

    #[test]
    fn no_number_stands_beside_a_name() {
        let confidences: Vec<String> = [70, 97, 99].map(|sure| sure.to_string()).to_vec();
        let text = shown(testing::with_people(), TextStyle::default());
        let (_, card) = text.split_once("people  ").expect("a card");
        let (card, _) = card.split_once("what to do").expect("its end");
        for word in card.split(|c: char| !c.is_alphanumeric()) {
            assert!(!confidences.contains(&word.to_owned()) && word != "dB", "{card}");
        }
        assert!(card.contains("certain") && card.contains("likely"));
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
}
