//! One page for a browser: everything in one file, nothing loaded, nothing run but a small filter of
//! our own.
//!
//! The page is written piece by piece, so that a large report is not held twice, and every text goes
//! through [`escape`] and the templates' own escaping. A Content-Security-Policy names the style and
//! the script by their hashes, so that even a text that got past both could not run. Charts and
//! timelines belong between the header and the findings, drawn by the same templates.

mod finding;
mod frame;
mod people;

use std::io;

use askama::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::Printable;
use super::forge::{Forge, web_page};
use super::people::Shown;
use super::wording::groups;
use crate::model::text::escape;

const STYLE: &str = include_str!("html/report.css");
const SCRIPT: &str = include_str!("html/report.js");

/// Writes `report` as one page.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    let groups = groups(report);
    let forges: Vec<Option<Forge>> = report
        .targets
        .iter()
        .map(|target| target.remote.as_deref().and_then(Forge::of_remote))
        .collect();
    put(out, &frame::Head::new(report, &groups))?;
    let mut shown = Shown::default();
    let mut number = 0;
    for (at, group) in groups.iter().enumerate() {
        let Some(first) = group.first() else { continue };
        put(out, &frame::Group::new(at, &first.finding.rule, group.len()))?;
        for reported in group {
            number += 1;
            let before = shown.before(reported, number);
            let forge = forges.get(reported.target).and_then(Option::as_ref);
            put(out, &finding::Finding::new(report, reported, number, forge, before))?;
        }
        out.write_all(b"</section>\n")?;
    }
    put(out, &frame::Tail::new(report))
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
         form-action 'none'",
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
