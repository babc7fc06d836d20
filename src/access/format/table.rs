//! For a person at a terminal: what was looked at, then the lines by check, each check with its
//! controls and what to do.

use std::io;

use super::super::report::{Line, Report};
use super::super::when::utc;
use crate::model::Severity;
use crate::model::text::escape;

/// Column at which text stands beside severity.
const TEXT_AT: usize = 11;

/// Writes `report` in lines of at most `width` columns, where words allow.
pub(super) fn write(report: &Report, width: usize, out: &mut dyn io::Write) -> io::Result<()> {
    let width = width.clamp(60, 120);
    writeln!(out, "{} as of {}", report.kind.title(), utc(report.as_of))?;
    writeln!(out)?;
    for source in &report.sources {
        let as_of = source.as_of.map_or_else(|| "never".to_owned(), utc);
        let text = match source.trouble() {
            Some(trouble) => format!("{} ({}, {as_of}): {trouble}", source.name, source.authority),
            None => format!("{} ({}, {as_of})", source.name, source.authority),
        };
        wrapped(out, "source", &text, width)?;
    }
    for text in &report.scope {
        wrapped(out, "looked at", text, width)?;
    }
    for text in &report.missing {
        wrapped(out, "missing", text, width)?;
    }
    for group in report.lines.chunk_by(|a, b| a.check.id == b.check.id) {
        let Some(first) = group.first() else { continue };
        writeln!(out)?;
        let heading = format!("{} · {} · {}", first.check.title, first.check.id, group.len());
        for line in wrap(&heading, width) {
            writeln!(out, "{line}")?;
        }
        let controls = format!(
            "ISO/IEC 27001:2022 {}; NIST CSF 2.0 {}",
            first.check.iso27001.join(", "),
            first.check.nist_csf.join(", ")
        );
        wrapped(out, "", &controls, width)?;
        wrapped(out, "", &format!("To do: {}", first.check.action), width)?;
        for line in group {
            self::line(out, line, width)?;
        }
    }
    writeln!(out)?;
    closing(report, out)
}

fn line(out: &mut dyn io::Write, line: &Line, width: usize) -> io::Result<()> {
    let head = if line.resource.is_empty() {
        line.subject.clone()
    } else {
        format!("{} on {}", line.subject, line.resource)
    };
    wrapped(out, line.severity.as_str(), &head, width)?;
    wrapped(out, "", &line.evidence, width)?;
    if !line.doubtful.is_empty() {
        wrapped(
            out,
            "",
            &format!("Rests on data that are stale or not whole: {}.", line.doubtful.join(", ")),
            width,
        )?;
    }
    Ok(())
}

fn closing(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    if report.lines.is_empty() {
        writeln!(out, "Nothing to decide on.")?;
    } else {
        let severities = [Severity::Critical, Severity::High, Severity::Medium, Severity::Low];
        let counts: Vec<String> = severities
            .into_iter()
            .filter(|severity| report.count(*severity) > 0)
            .map(|severity| {
                format!("{} {severity}", report.count(severity), severity = severity.as_str())
            })
            .collect();
        let word = if report.lines.len() == 1 { "line" } else { "lines" };
        writeln!(out, "{} {word} to decide on: {}.", report.lines.len(), counts.join(", "))?;
    }
    if !report.missing.is_empty() || !report.doubts().is_empty() {
        writeln!(out, "Not everything could be told: see above.")?;
    }
    Ok(())
}

/// A label, and text beside it that breaks between words.
fn wrapped(out: &mut dyn io::Write, label: &str, text: &str, width: usize) -> io::Result<()> {
    let mut label = label;
    for line in wrap(text, width - TEXT_AT) {
        writeln!(out, "{label:<TEXT_AT$}{line}")?;
        label = "";
    }
    Ok(())
}

/// Breaks text between words; a word that is longer than a line stands alone. What comes in is
/// escaped again, so that nothing gets to the terminal as it came.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let text = escape(text.as_bytes());
    let mut lines = Vec::new();
    let mut line = String::new();
    let mut columns = 0;
    for word in text.split(' ').filter(|word| !word.is_empty()) {
        let length = word.chars().count();
        if columns > 0 && columns + 1 + length > width {
            lines.push(std::mem::take(&mut line));
            columns = 0;
        }
        if columns > 0 {
            line.push(' ');
            columns += 1;
        }
        line.push_str(word);
        columns += length;
    }
    lines.push(line);
    lines
}
