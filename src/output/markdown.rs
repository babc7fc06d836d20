//! GitHub's Markdown: a job's summary and the comment on a pull request.
//!
//! Everything that comes from a repository stands in `<code>` with each character of punctuation as a
//! character reference, so that it is neither Markdown nor HTML nor a mention of somebody, or in a
//! fenced block with a fence longer than any run of backticks in it. Places that take Markdown take
//! only so much of it, so a page has a limit and says what it leaves out.

mod finding;

use std::fmt::Write as _;
use std::io;

use super::forge::Forge;
use super::people::Shown;
use super::wording::{self, counted, groups, number, shortened};
use super::{Printable, when};
use crate::model::Severity;
use crate::model::text::escape;

/// What GitHub takes as the summary of a step, in bytes: 1 MiB ("Workflow commands").
pub const SUMMARY: usize = 1 << 20;

/// What GitHub takes as a comment: 65,536 characters. A byte is at least as much.
pub const COMMENT: usize = 65_536;

/// Rows of the table of findings.
const ROWS: usize = 100;

/// Names of unread things that are shown for each kind, and notes.
const NAMED: usize = 5;

/// Room that is kept for what stands at the end, bytes.
const CLOSING: usize = 8_192;

/// A page.
#[derive(Debug, Clone)]
pub struct Page<'a> {
    /// What was scanned, in a sentence; escaped.
    pub about: Option<&'a str>,
    /// What could not be had for the scan; escaped.
    pub notes: &'a [String],
    /// Most bytes of it.
    pub limit: usize,
    /// An HTML comment at its top by which it is found again.
    pub marker: Option<&'a str>,
}

impl Default for Page<'_> {
    fn default() -> Self {
        Page { about: None, notes: &[], limit: SUMMARY, marker: None }
    }
}

/// Writes `report` as `page`.
pub fn write(report: &Printable, page: &Page<'_>, out: &mut dyn io::Write) -> io::Result<()> {
    out.write_all(render(report, page).as_bytes())
}

/// `report` as `page`.
pub fn render(report: &Printable, page: &Page<'_>) -> String {
    let mut text = String::new();
    head(&mut text, report, page);
    let room = page.limit.saturating_sub(CLOSING);
    let groups = groups(report);
    let forges: Vec<Option<Forge>> = report
        .targets
        .iter()
        .map(|target| target.remote.as_deref().and_then(Forge::of_remote))
        .collect();
    let all: Vec<_> = groups.iter().flatten().copied().collect();
    if !all.is_empty() {
        text.push_str(
            "| Severity | What | Where | Brought in by | Still there |\n|---|---|---|---|---|\n",
        );
        let mut listed = 0;
        for one in all.iter().take(ROWS) {
            let forge = forges.get(one.target).and_then(Option::as_ref);
            let row = finding::row(report, one, forge);
            if text.len() + row.len() > room * 2 / 3 {
                break;
            }
            text.push_str(&row);
            listed += 1;
        }
        left_out(&mut text, all.len() - listed, "finding", "findings");
    }
    let mut shown = Shown::default();
    let mut described = 0;
    'groups: for group in &groups {
        let Some(first) = group.first() else { continue };
        let heading = finding::heading(&first.finding.rule, group.len());
        if text.len() + heading.len() > room {
            break;
        }
        text.push_str(&heading);
        for one in group {
            let forge = forges.get(one.target).and_then(Option::as_ref);
            let before = shown.before(one, described + 1);
            let block = finding::block(one, described + 1, forge, before);
            if text.len() + block.len() > room {
                break 'groups;
            }
            text.push_str(&block);
            described += 1;
        }
    }
    left_out(&mut text, all.len() - described, "finding in full", "findings in full");
    closing(&mut text, report);
    fit(text, page.limit)
}

fn left_out(text: &mut String, count: usize, singular: &str, plural: &str) {
    if count > 0 {
        let count = counted(number(count), singular, plural);
        let _ = writeln!(
            text,
            "\n{count} left out here for want of room; the JSON and HTML reports have all."
        );
    }
}

fn head(text: &mut String, report: &Printable, page: &Page<'_>) {
    if let Some(marker) = page.marker {
        let _ = writeln!(text, "<!-- {marker} -->");
    }
    let found = report.findings.len();
    let verdict = match (found, report.is_complete()) {
        (0, true) => "no secrets found".to_owned(),
        (0, false) => "no secrets found in what was read".to_owned(),
        _ => {
            let by: Vec<String> = Severity::ALL
                .into_iter()
                .rev()
                .map(|severity| (report.count(severity), severity))
                .filter(|(count, _)| *count > 0)
                .map(|(count, severity)| format!("{count} {severity}"))
                .collect();
            format!("{} found ({})", counted(number(found), "secret", "secrets"), by.join(", "))
        }
    };
    let _ = writeln!(text, "## leaktrace: {verdict}\n");
    if let Some(about) = page.about {
        let _ = writeln!(text, "{}.\n", prose(about));
    }
    for note in page.notes {
        let _ = writeln!(text, "> [!NOTE]\n> {}.\n", prose(note));
    }
    if report.reveal {
        text.push_str("> [!CAUTION]\n> This page shows secret values.\n\n");
    }
    if !report.is_complete() {
        let count = counted(report.not_read(), "thing was", "things were");
        let _ = writeln!(
            text,
            "> [!WARNING]\n> **Not everything was read**: {count} left out, and there may be secrets in it."
        );
        for gap in &report.incomplete {
            let named: Vec<String> =
                gap.named.iter().take(NAMED).map(|name| code(&shortened(name, 200))).collect();
            let _ = writeln!(
                text,
                ">\n> - {}: {}; {}",
                gap.kind.as_str().replace('-', " "),
                named.join(", "),
                prose(gap.kind.way_out())
            );
        }
        text.push('\n');
    }
}

fn closing(text: &mut String, report: &Printable) {
    text.push('\n');
    if !report.findings.is_empty() {
        text.push_str(
            "<details><summary>If one of these is no credential</summary>\n\nSay why on its line, \
             <code>leaktrace:allow RULE REASON</code> in a comment, or in \
             <code>.leaktraceignore</code>; it stays listed with the reason. A change is judged by \
             the settings from before it, so an ignore file counts once it is merged.\n\n\
             </details>\n\n",
        );
    }
    let suppressed = report.suppressed.len();
    if suppressed > 0 {
        let count = counted(number(suppressed), "secret does", "secrets do");
        let _ = writeln!(text, "{count} not count, each with a reason that the reports give.\n");
    }
    for note in report.notes.iter().take(NAMED) {
        let _ = writeln!(text, "- {}", prose(&shortened(note, 300)));
    }
    if report.notes.len() > NAMED {
        let _ = writeln!(text, "- {} more notes in the reports", report.notes.len() - NAMED);
    }
    let _ = writeln!(
        text,
        "\n<sub>Read {}. leaktrace {}, {}.</sub>",
        wording::read(&report.stats),
        super::VERSION,
        when::utc_for_people(report.as_of)
    );
}

/// Cuts what is too long in spite of all, at the end of a line.
fn fit(mut text: String, limit: usize) -> String {
    if text.len() > limit {
        let mut end = limit;
        while end > 0 && !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        let end = text.rfind('\n').map_or(0, |at| at + 1);
        text.truncate(end);
    }
    text
}

/// Text of a repository: shown as it is, whatever is in it.
fn code(text: &str) -> String {
    if text.is_empty() {
        return String::new();
    }
    let text = referenced(text, |c| "-/.".contains(c)).replace("www.", "www&#46;");
    format!("<code>{text}</code>")
}

/// Sentences of ours or of a rule as Markdown that reads as they do.
pub fn prose(text: &str) -> String {
    let plain = |c: char| ".,;:?'\"()/-+=%".contains(c);
    let text = referenced(text, plain);
    // An address that stands in a sentence becomes a link by itself, and so does what looks like one.
    text.replace("://", "&#58;//").replace("www.", "www&#46;")
}

/// Control characters made visible, and every character of punctuation as a reference but those that
/// are `kept`.
fn referenced(text: &str, kept: impl Fn(char) -> bool) -> String {
    let mut out = String::with_capacity(text.len() * 2);
    for c in escape(text.as_bytes()).chars() {
        if c.is_ascii_punctuation() && !kept(c) {
            let _ = write!(out, "&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out
}

/// `[text](page)`, or the text alone; `text` is Markdown.
fn link(text: &str, page: Option<&str>) -> String {
    match page.and_then(super::forge::web_page) {
        Some(page) => {
            let page = page.replace('(', "%28").replace(')', "%29").replace('|', "%7C");
            format!("[{text}](<{page}>)")
        }
        None => text.to_owned(),
    }
}

/// A block in a fence that nothing in it closes.
fn fenced(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}text\n{text}\n{fence}\n")
}

#[cfg(test)]
mod tests;
