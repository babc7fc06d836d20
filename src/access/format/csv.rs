//! CSV (RFC 4180) for spreadsheets: a header row and a row for each line, with columns for the
//! decision that reviewers fill in. What is missing stands in rows of its own.
//!
//! Spreadsheets run cells that begin like a formula. Texts that do get a `'` in front, which
//! spreadsheets read as "this is text".

use std::io;

use super::super::report::{Line, Report};
use super::super::when::utc;

const COLUMNS: [&str; 16] = [
    "record",
    "id",
    "severity",
    "check",
    "title",
    "subject",
    "resource",
    "evidence",
    "sources",
    "as_of",
    "doubtful",
    "iso27001",
    "nist_csf",
    "action",
    "decision",
    "decided_by",
];

/// Writes `report` as CSV with lines that end in CR LF.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    writer.write_record(COLUMNS)?;
    for line in &report.lines {
        writer.write_record(row(line).iter().map(|cell| harmless(cell)))?;
    }
    let as_of = utc(report.as_of);
    for (record, text) in report
        .doubts()
        .into_iter()
        .map(|text| ("source", text))
        .chain(report.missing.iter().map(|text| ("missing", text.clone())))
    {
        let mut cells = [const { String::new() }; COLUMNS.len()];
        record.clone_into(&mut cells[0]);
        cells[7] = harmless(&text);
        cells[9].clone_from(&as_of);
        writer.write_record(&cells)?;
    }
    writer.flush()
}

fn row(line: &Line) -> [String; COLUMNS.len()] {
    [
        "line".to_owned(),
        line.id.clone(),
        line.severity.as_str().to_owned(),
        line.check.id.to_owned(),
        line.check.title.to_owned(),
        line.subject.clone(),
        line.resource.clone(),
        line.evidence.clone(),
        line.sources.join("; "),
        line.as_of.map(utc).unwrap_or_default(),
        line.doubtful.join("; "),
        line.check.iso27001.join("; "),
        line.check.nist_csf.join("; "),
        line.check.action.to_owned(),
        String::new(),
        String::new(),
    ]
}

/// `text` with a `'` before whatever a spreadsheet could take for a formula.
fn harmless(text: &str) -> String {
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    format!("{quote}{text}")
}
