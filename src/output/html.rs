//! One page for a browser: everything in one file, nothing loaded, nothing run but a small filter of
//! our own.
//!
//! The page is written piece by piece, so that a large report is not held twice, and every text goes
//! through [`escape`] and the templates' own escaping. A Content-Security-Policy names the style and
//! the script by their hashes, so that even a text that got past both could not run; markup made of
//! text by a script is refused too. Charts are SVG without styles, drawn by the same templates.

mod facets;
mod finding;
mod frame;
mod hours;
mod overview;
mod people;
mod timeline;
mod windows;

use std::io;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Printable;
use super::forge::{Forge, web_page};
use super::people::Shown;
use super::wording::{Group, groups};
use crate::model::text::escape;
use facets::Facets;
use hours::Hours;
use overview::{Filter, Overview};
use timeline::Timeline;
use windows::{Axis, Windows};

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// Fewer findings than this are seen at a glance, without sums, charts and a filter.
const FEWEST_CHARTED: usize = 3;

/// What all findings of a report share.
struct Context<'a> {
    report: &'a Printable,
    /// Where the pages of commits and files are, for each target.
    forges: Vec<Option<Forge>>,
    /// The axis of the exposure windows.
    axis: Option<Axis>,
}

/// Writes `report` as one page.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    let groups = groups(report);
    let forges = report
        .targets
        .iter()
        .map(|target| target.remote.as_deref().and_then(Forge::of_remote))
        .collect();
    let context = Context { report, forges, axis: Axis::new(report) };
    before(&context, &groups, out)?;
    let mut shown = Shown::default();
    let mut number = 0;
    for (at, group) in groups.iter().enumerate() {
        let Some(first) = group.first() else { continue };
        put(out, &frame::Group::new(at, &first.finding.rule, group.len()))?;
        for reported in group {
            number += 1;
            let before = shown.before(reported, number);
            put(out, &finding::Finding::new(&context, reported, at, number, before))?;
        }
        out.write_all(b"</section>\n")?;
    }
    if !groups.is_empty() {
        out.write_all(b"</section>\n")?;
    }
    put(out, &frame::Tail::new(report))
}

/// Everything up to the first finding.
fn before(context: &Context<'_>, groups: &[Group<'_>], out: &mut dyn io::Write) -> io::Result<()> {
    let report = context.report;
    let facets = Facets::new(report);
    let is_charted = report.findings.len() >= FEWEST_CHARTED;
    let axis = context.axis.as_ref().filter(|_| is_charted);
    let overview = is_charted.then(|| Overview::new(&facets));
    let timeline = if is_charted { Timeline::new(report) } else { None };
    let windows = axis.and_then(|axis| Windows::new(report, groups, axis));
    let hours = if is_charted { Hours::new(report) } else { None };
    let charts = [
        overview.as_ref().map(|_| ("overview", "Overview")),
        timeline.as_ref().map(|_| ("timeline", "Timeline")),
        windows.as_ref().map(|_| ("windows", "Exposure")),
        hours.as_ref().map(|_| ("hours", "Hours")),
    ];
    put(out, &frame::Head::new(report, groups, &facets, charts.into_iter().flatten().collect()))?;
    maybe(out, overview.as_ref())?;
    maybe(out, timeline.as_ref())?;
    maybe(out, windows.as_ref())?;
    maybe(out, hours.as_ref())?;
    if groups.is_empty() {
        return Ok(());
    }
    out.write_all(
        b"<section id=\"findings\" tabindex=\"-1\" aria-labelledby=\"findings-name\">\n",
    )?;
    out.write_all(b"<h2 id=\"findings-name\">Findings</h2>\n")?;
    maybe(out, is_charted.then(|| Filter::new(&facets, groups)).as_ref())
}

fn maybe<T: askama::DynTemplate>(out: &mut dyn io::Write, template: Option<&T>) -> io::Result<()> {
    template.map_or(Ok(()), |template| put(out, template))
}

fn put(out: &mut dyn io::Write, template: &dyn askama::DynTemplate) -> io::Result<()> {
    let text = template.dyn_render().map_err(io::Error::other)?;
    out.write_all(text.as_bytes())?;
    out.write_all(b"\n")
}

/// What the page may load and run: its own style and script, by their hashes (CSP level 2).
fn policy() -> String {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; base-uri 'none'; \
         form-action 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
        hash(STYLE),
        hash(SCRIPT)
    )
}

/// A text that may lead somewhere on the web.
#[derive(Template)]
#[template(path = "piece.html", config = "src/output/html/askama.toml")]
struct Piece {
    text: String,
    href: Option<String>,
    class: &'static str,
}

impl Piece {
    fn new(text: &str) -> Piece {
        Piece { text: escape(text.as_bytes()), href: None, class: "" }
    }

    /// On a line of its own.
    fn block(text: &str) -> Piece {
        Piece { class: "block", ..Piece::new(text) }
    }

    fn faint(text: &str) -> Piece {
        Piece { class: "faint block", ..Piece::new(text) }
    }

    /// Leads to `href` if that is a page on the web.
    fn linked(text: &str, href: Option<&str>) -> Piece {
        Piece { href: href.and_then(web_page), ..Piece::new(text) }
    }
}

#[cfg(test)]
mod tests;
