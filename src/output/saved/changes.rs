//! A comparison as text, JSON and Markdown.

use std::fmt::Write as _;
use std::io;

use serde::Serialize;

use super::Saved;
use super::compare::{Change, Changed, Comparison, counts};
use super::paint::Paint;
use crate::output::wording::place_name;
use crate::output::{Reported, TextStyle, when};

/// Digits of a fingerprint that tell findings apart.
const DIGITS: usize = 12;
/// Findings of each list that the formats for people show.
const LISTED: usize = 200;

/// The comparison as JSON: version 1 of a public format, described in `docs/reports.md`.
#[derive(Serialize)]
struct Document<'a> {
    version: u32,
    old: Side<'a>,
    new: Side<'a>,
    caveats: Vec<String>,
    summary: Summary,
    added: Vec<Entry<'a>>,
    gone: Vec<Entry<'a>>,
    not_scanned: Vec<Entry<'a>>,
    changed: Vec<ChangedEntry<'a>>,
}

#[derive(Serialize)]
struct Side<'a> {
    file: &'a str,
    scanned_at: Option<String>,
    complete: bool,
}

#[derive(Serialize)]
struct Summary {
    added: usize,
    counting: usize,
    gone: usize,
    gone_is_certain: bool,
    not_scanned: usize,
    changed: usize,
    same: usize,
}

#[derive(Serialize)]
struct Entry<'a> {
    fingerprint: String,
    target: &'a str,
    rule: &'a str,
    title: &'a str,
    severity: crate::model::Severity,
    confidence: crate::model::Confidence,
    counts: bool,
    place: Option<String>,
    introduced: Option<String>,
}

#[derive(Serialize)]
struct ChangedEntry<'a> {
    #[serde(flatten)]
    finding: Entry<'a>,
    changes: Vec<Difference<'a>>,
}

#[derive(Serialize)]
struct Difference<'a> {
    what: &'a str,
    from: &'a str,
    to: &'a str,
}

fn side(saved: &Saved) -> Side<'_> {
    Side {
        file: &saved.name,
        scanned_at: when::utc(saved.report.as_of),
        complete: saved.report.is_complete(),
    }
}

fn entry<'a>(saved: &'a Saved, one: &'a Reported) -> Entry<'a> {
    let rule = &one.finding.rule;
    let introduced = one.trace.as_ref().and_then(|trace| trace.introduced.as_ref());
    Entry {
        fingerprint: one.finding.fingerprint.to_string(),
        target: saved.report.targets.get(one.target).map_or("", |target| &target.name),
        rule: &rule.id,
        title: &rule.title,
        severity: rule.severity,
        confidence: one.finding.confidence,
        counts: counts(one),
        place: one.places.first().map(place_name),
        introduced: introduced.map(|commit| commit.id.to_string()),
    }
}

impl Comparison<'_> {
    /// Writes it as one JSON document.
    pub fn write_json(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let document = Document {
            version: 1,
            old: side(self.old),
            new: side(self.new),
            caveats: self.caveats(),
            summary: Summary {
                added: self.added.len(),
                counting: self.counting().count(),
                gone: self.gone.len(),
                gone_is_certain: !self.gone_is_uncertain(),
                not_scanned: self.not_scanned.len(),
                changed: self.changed.len(),
                same: self.same,
            },
            added: self.added.iter().map(|one| entry(self.new, one)).collect(),
            gone: self.gone.iter().map(|one| entry(self.old, one)).collect(),
            not_scanned: self.not_scanned.iter().map(|one| entry(self.old, one)).collect(),
            changed: self.changed.iter().map(|one| self.difference(one)).collect(),
        };
        serde_json::to_writer_pretty(&mut *out, &document)?;
        out.write_all(b"\n")
    }

    fn difference<'b>(&'b self, one: &'b Changed<'_>) -> ChangedEntry<'b> {
        let difference = |change: &'b Change| Difference {
            what: change.what,
            from: &change.from,
            to: &change.to,
        };
        ChangedEntry {
            finding: entry(self.new, one.new),
            changes: one.changes.iter().map(difference).collect(),
        }
    }

    /// What the list of findings that are no longer found is called.
    fn gone_title(&self) -> &'static str {
        if self.gone_is_uncertain() { "Not found in what was read" } else { "No longer found" }
    }

    /// One sentence on all of it.
    fn summary(&self) -> String {
        let suppressed = self.added.iter().filter(|one| !counts(one)).count();
        let mut parts = vec![format!("{} new", self.added.len())];
        if suppressed > 0 {
            parts.push(format!("{suppressed} of them suppressed"));
        }
        let gone =
            if self.gone_is_uncertain() { "not found in what was read" } else { "no longer found" };
        parts.push(format!("{} {gone}", self.gone.len()));
        parts.push(format!("{} changed", self.changed.len()));
        parts.push(format!("{} the same", self.same));
        if !self.not_scanned.is_empty() {
            parts.push(format!("{} in targets that were not scanned", self.not_scanned.len()));
        }
        format!("{}.", parts.join(", "))
    }

    /// Writes it for a person at a terminal.
    pub fn write_text(&self, style: TextStyle, out: &mut dyn io::Write) -> io::Result<()> {
        let paint = Paint { colour: style.colour };
        let name = |saved: &Saved| {
            format!("{} ({})", saved.name, when::utc_for_people(saved.report.as_of))
        };
        writeln!(out, " {}  from {}", paint.strong("leaktrace diff"), name(self.old))?;
        writeln!(out, "                 to {}", name(self.new))?;
        for caveat in self.caveats() {
            writeln!(out, " {} {}", paint.alarm("mind"), caveat)?;
        }
        let lists = [
            ("New", &self.added, self.new),
            (self.gone_title(), &self.gone, self.old),
            ("In targets that were not scanned", &self.not_scanned, self.old),
        ];
        for (title, list, saved) in lists.into_iter().filter(|(_, list, _)| !list.is_empty()) {
            writeln!(out, "\n {}  {}", paint.strong(title), list.len())?;
            for one in list.iter().take(LISTED) {
                line(paint, saved, one, out)?;
            }
            rest(paint, list.len(), out)?;
        }
        if !self.changed.is_empty() {
            writeln!(out, "\n {}  {}", paint.strong("Changed"), self.changed.len())?;
        }
        for one in self.changed.iter().take(LISTED) {
            line(paint, self.new, one.new, out)?;
            for change in &one.changes {
                writeln!(out, "             {} {}", paint.faint(change.what), sentence(change))?;
            }
        }
        rest(paint, self.changed.len(), out)?;
        let summary = self.summary();
        let clean = self.added.is_empty() && self.changed.is_empty() && !self.gone_is_uncertain();
        writeln!(out, "\n {}", if clean { paint.good(&summary) } else { paint.strong(&summary) })
    }

    /// Writes it as GitHub Flavored Markdown. What comes from files stands as code, so that it
    /// cannot make links, mentions or markup.
    pub fn write_markdown(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let at = |saved: &Saved| when::utc_for_people(saved.report.as_of);
        writeln!(
            out,
            "### leaktrace: {}\n\nFrom {} ({}) to {} ({}).",
            self.summary(),
            code(&self.old.name),
            at(self.old),
            code(&self.new.name),
            at(self.new)
        )?;
        for caveat in self.caveats() {
            writeln!(out, "\n> **Mind:** {}", code(&caveat))?;
        }
        table("New", &self.added, self.new, out)?;
        table(self.gone_title(), &self.gone, self.old, out)?;
        table("In targets that were not scanned", &self.not_scanned, self.old, out)?;
        if self.changed.is_empty() {
            return Ok(());
        }
        writeln!(
            out,
            "\n#### Changed ({})\n\n| rule | place | what |\n|---|---|---|",
            self.changed.len()
        )?;
        for one in self.changed.iter().take(LISTED) {
            let changes: Vec<String> = one
                .changes
                .iter()
                .map(|change| format!("{}: {}", change.what, code(&sentence(change))))
                .collect();
            let finding = entry(self.new, one.new);
            let place = finding.place.as_deref().unwrap_or("-");
            writeln!(
                out,
                "| {} | {} | {} |",
                code(finding.rule),
                code(place),
                changes.join("<br>")
            )?;
        }
        more(self.changed.len(), out)
    }
}

fn table(
    title: &str,
    list: &[&Reported],
    saved: &Saved,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if list.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n#### {title} ({})\n", list.len())?;
    writeln!(out, "| severity | rule | place | fingerprint |\n|---|---|---|---|")?;
    for one in list.iter().take(LISTED) {
        let finding = entry(saved, one);
        let place = finding.place.as_deref().unwrap_or("-");
        let suppressed = if finding.counts { "" } else { " (suppressed)" };
        writeln!(
            out,
            "| {}{suppressed} | {} | {} | {} |",
            finding.severity,
            code(finding.rule),
            code(place),
            code(digits(&finding.fingerprint))
        )?;
    }
    more(list.len(), out)
}

fn more(count: usize, out: &mut dyn io::Write) -> io::Result<()> {
    match count.saturating_sub(LISTED) {
        0 => Ok(()),
        rest => writeln!(out, "\n{rest} more: `--output json` lists them."),
    }
}

fn rest(paint: Paint, count: usize, out: &mut dyn io::Write) -> io::Result<()> {
    match count.saturating_sub(LISTED) {
        0 => Ok(()),
        rest => {
            let text = format!("{rest} more: --output json lists them");
            writeln!(out, "   {}", paint.faint(&text))
        }
    }
}

fn digits(fingerprint: &str) -> &str {
    fingerprint.get(..DIGITS).unwrap_or(fingerprint)
}

fn line(paint: Paint, saved: &Saved, one: &Reported, out: &mut dyn io::Write) -> io::Result<()> {
    let finding = entry(saved, one);
    let severity = paint.severity(finding.severity, &format!("{:<8}", finding.severity.as_str()));
    let place = finding.place.as_deref().unwrap_or("-");
    let target = match saved.report.targets.len() {
        1 => String::new(),
        _ => format!("{}: ", finding.target),
    };
    let suppressed = if finding.counts { "" } else { "  suppressed" };
    let fingerprint = paint.faint(digits(&finding.fingerprint));
    let suppressed = paint.faint(suppressed);
    writeln!(out, "   {severity}  {}  {target}{place}  {fingerprint}{suppressed}", finding.rule)
}

/// `a -> b`, or what is only on one side.
fn sentence(change: &Change) -> String {
    match (change.from.as_str(), change.to.as_str()) {
        ("", to) => format!("now {to}"),
        (from, "") => format!("no longer {from}"),
        (from, to) => format!("{from} -> {to}"),
    }
}

/// Text that Markdown and GitHub leave as it is: inside `code`, with every mark as a reference.
fn code(text: &str) -> String {
    let mut safe = String::from("<code>");
    for c in crate::model::text::escape(text.as_bytes()).chars() {
        if c.is_ascii_punctuation() && !matches!(c, '.' | ',' | '/' | '-' | ' ' | ';') {
            // Writing to a String cannot fail.
            let _ = write!(safe, "&#{};", u32::from(c));
        } else {
            safe.push(c);
        }
    }
    safe.push_str("</code>");
    safe
}
