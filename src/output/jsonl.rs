//! The JSON output's content as one object a line, for tools that read streams: first what was
//! scanned, then findings, suppressed findings and gaps, last the summary. A reader that does not
//! see the summary line knows that it has not seen everything.

use std::io;

use super::Printable;
use super::json::v1::{Finding, Incomplete, Line, Scan, Summary};

/// Writes `report`, one JSON object a line.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    line(out, &Line::Scan(Scan::new(report)))?;
    for reported in &report.findings {
        line(out, &Line::Finding(Box::new(Finding::new(report, reported))))?;
    }
    for reported in &report.suppressed {
        line(out, &Line::Suppressed(Box::new(Finding::new(report, reported))))?;
    }
    for gap in &report.incomplete {
        line(out, &Line::Incomplete(Incomplete::new(gap)))?;
    }
    line(out, &Line::Summary(Summary::new(report)))
}

fn line(out: &mut dyn io::Write, line: &Line) -> io::Result<()> {
    serde_json::to_writer(&mut *out, line)?;
    out.write_all(b"\n")
}

#[cfg(test)]
mod tests {
    use crate::output::Format;
    use crate::output::testing::{self, rendered, unversioned};

    #[test]
    fn a_rich_report() {
        let report = testing::rich().into_printable();
        insta::assert_snapshot!(unversioned(&rendered(Format::Jsonl, &report)));
    }

    #[test]
    fn the_first_line_says_what_and_the_last_that_all_was_said() {
        for report in [testing::rich(), testing::empty()] {
            let text = rendered(Format::Jsonl, &report.into_printable());
            let lines: Vec<&str> = text.lines().collect();
            assert!(lines[0].starts_with(r#"{"type":"scan","version":1,"#), "{}", lines[0]);
            assert!(lines[lines.len() - 1].starts_with(r#"{"type":"summary","#));
        }
    }
}
