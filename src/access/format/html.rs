//! A page that needs nothing else: styles inside, no script, and a policy that lets nothing be
//! loaded. Everything from the report is escaped by the template.

use std::io;

use askama::Template as _;

use super::super::check::title_of;
use super::super::report::{Line, Report};
use super::super::when::utc;

#[derive(askama::Template)]
#[template(path = "access.html", config = "src/access/format/askama.toml")]
struct Page<'a> {
    report: &'a Report,
    as_of: String,
    groups: Vec<&'a [Line]>,
    doubts: Vec<String>,
}

impl Page<'_> {
    fn when(time: Option<&i64>) -> String {
        time.map_or_else(|| "never".to_owned(), |time| utc(*time))
    }

    fn title(control: &str) -> &'static str {
        title_of(control).unwrap_or_default()
    }
}

/// Writes `report` as HTML.
pub(super) fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let page = Page {
        report,
        as_of: utc(report.as_of),
        groups: report.lines.chunk_by(|a, b| a.check.id == b.check.id).collect(),
        doubts: report.doubts(),
    };
    let text = page.render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())
}
