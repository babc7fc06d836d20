//! One JSON document, version 1: structs of its own, so that what programs read does not change when
//! the inside does.

use std::collections::BTreeMap;
use std::io;

use serde::Serialize;

use super::super::check;
use super::super::report::{self, Report};
use super::super::when::utc;

/// Version of the format: grows when something is taken away or changes its meaning.
pub const VERSION: u32 = 1;

/// The document.
#[derive(Debug, Serialize)]
pub struct Document<'a> {
    /// [`VERSION`].
    pub version: u32,
    /// `access-review` or `access-duties`.
    pub kind: &'static str,
    /// When it was made, RFC 3339 in UTC.
    pub as_of: String,
    /// Whether names stand in it.
    pub revealed: bool,
    /// Sources of the directory.
    pub sources: Vec<Source<'a>>,
    /// What was looked at.
    pub scope: &'a [String],
    /// What could not be told.
    pub missing: &'a [String],
    /// Lines by severity.
    pub count: BTreeMap<&'static str, usize>,
    /// The lines.
    pub lines: Vec<Line<'a>>,
    /// Titles of the controls that lines name.
    pub controls: BTreeMap<&'static str, &'static str>,
}

/// A source.
#[derive(Debug, Serialize)]
pub struct Source<'a> {
    /// Its name.
    pub name: &'a str,
    /// `forge`, `directory` or `personnel`.
    pub authority: &'static str,
    /// When its newest complete snapshot was made, RFC 3339 in UTC.
    pub as_of: Option<String>,
    /// Whether that is too long ago.
    pub stale: bool,
    /// Whether a newer run broke off.
    pub interrupted: bool,
    /// What could not be read.
    pub missing: &'a [String],
}

/// A line.
#[derive(Debug, Serialize)]
pub struct Line<'a> {
    /// The same from review to review.
    pub id: &'a str,
    /// The check's id.
    pub check: &'static str,
    /// What it looks for.
    pub title: &'static str,
    /// `low`, `medium`, `high` or `critical`.
    pub severity: &'static str,
    /// Whom it is about.
    pub subject: &'a str,
    /// On what.
    pub resource: &'a str,
    /// Why.
    pub evidence: &'a str,
    /// Sources that it rests on.
    pub sources: &'a [String],
    /// The oldest of their snapshots, RFC 3339 in UTC.
    pub as_of: Option<String>,
    /// Those of the sources that are stale or not whole.
    pub doubtful: &'a [String],
    /// Controls of ISO/IEC 27001:2022, Annex A.
    pub iso27001: &'static [&'static str],
    /// Outcomes of NIST CSF 2.0.
    pub nist_csf: &'static [&'static str],
    /// What a reviewer is to do.
    pub action: &'static str,
}

/// Writes `report` as JSON.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let mut count = BTreeMap::new();
    let mut controls = BTreeMap::new();
    for line in &report.lines {
        *count.entry(line.severity.as_str()).or_default() += 1;
        for control in line.check.iso27001.iter().chain(line.check.nist_csf) {
            controls.insert(*control, check::title_of(control).unwrap_or_default());
        }
    }
    let document = Document {
        version: VERSION,
        kind: report.kind.as_str(),
        as_of: utc(report.as_of),
        revealed: report.revealed,
        sources: report.sources.iter().map(source).collect(),
        scope: &report.scope,
        missing: &report.missing,
        count,
        lines: report.lines.iter().map(line).collect(),
        controls,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    out.write_all(b"\n")
}

fn source(one: &report::SourceLine) -> Source<'_> {
    Source {
        name: &one.name,
        authority: one.authority,
        as_of: one.as_of.map(utc),
        stale: one.stale,
        interrupted: one.interrupted,
        missing: &one.missing,
    }
}

fn line(one: &report::Line) -> Line<'_> {
    Line {
        id: &one.id,
        check: one.check.id,
        title: one.check.title,
        severity: one.severity.as_str(),
        subject: &one.subject,
        resource: &one.resource,
        evidence: &one.evidence,
        sources: &one.sources,
        as_of: one.as_of.map(utc),
        doubtful: &one.doubtful,
        iso27001: one.check.iso27001,
        nist_csf: one.check.nist_csf,
        action: one.check.action,
    }
}
