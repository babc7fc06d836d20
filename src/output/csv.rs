//! CSV (RFC 4180) for spreadsheets: a header row, then a row for each place of each finding, for
//! suppressed ones too, and a row for each kind of thing that was not read.
//!
//! Spreadsheets run cells that begin like a formula. Texts that do get a `'` in front, which
//! spreadsheets read as "this is text".

use std::io;

use super::{Printable, Reported, people, when};
use crate::finding::SuppressionKind;
use crate::model::text::escape;
use crate::model::{ContentKind, Incomplete};
use crate::provenance::{CommitInfo, Place, Signed};
use crate::risk::Card;

/// Lists in one cell are cut after this many, with the rest counted: a spreadsheet's cell holds
/// 32,767 characters.
const LISTED: usize = 50;

const COLUMNS: [&str; 43] = [
    "record",
    "severity",
    "confidence",
    "rule",
    "title",
    "secret",
    "fingerprint",
    "target",
    "kind",
    "path",
    "line",
    "column",
    "end_line",
    "end_column",
    "layers",
    "excerpt",
    "object",
    "commit",
    "refs",
    "introduced",
    "introduced_at",
    "introduced_by_name",
    "introduced_by_email",
    "introduced_signature",
    "committed_by_name",
    "committed_by_email",
    "tips",
    "in_worktree",
    "unreachable",
    "removed",
    "removed_at",
    "exposed_seconds",
    "facts",
    "suppressed_by",
    "suppression_source",
    "suppression_reason",
    "page",
    "accountable",
    "actor_class",
    "evidence",
    "permission",
    "exposure",
    "concern",
];

/// Writes `report` as CSV with lines that end in CR LF.
pub(super) fn write(report: &Printable, out: &mut dyn io::Write) -> io::Result<()> {
    let mut writer =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(out);
    writer.write_record(COLUMNS)?;
    for (record, items) in [("finding", &report.findings), ("suppressed", &report.suppressed)] {
        for reported in items {
            for place in &reported.places {
                Row::of(report, record, reported, Some(place)).write(&mut writer)?;
            }
            if reported.places.is_empty() {
                Row::of(report, record, reported, None).write(&mut writer)?;
            }
        }
    }
    for gap in &report.incomplete {
        Row::of_gap(gap).write(&mut writer)?;
    }
    writer.flush()
}

/// Cells by column.
struct Row {
    cells: [String; COLUMNS.len()],
}

impl Row {
    fn new(record: &'static str) -> Row {
        let mut row = Row { cells: [const { String::new() }; COLUMNS.len()] };
        row.set("record", record);
        row
    }

    fn of(
        report: &Printable,
        record: &'static str,
        reported: &Reported,
        place: Option<&Place>,
    ) -> Row {
        let finding = &reported.finding;
        let mut row = Row::new(record);
        row.set("severity", finding.rule.severity.as_str());
        row.set("confidence", finding.confidence.as_str());
        row.set("rule", &finding.rule.id);
        row.set("title", &finding.rule.title);
        row.set("page", &finding.rule.page);
        row.set("fingerprint", &finding.fingerprint.to_string());
        if report.reveal {
            row.set("secret", &escape(finding.secret.expose()));
        } else {
            row.set("secret", &finding.secret.preview());
        }
        if let Some(target) = report.targets.get(reported.target) {
            row.set("target", &target.name);
        }
        let facts = finding.facts.iter().map(|fact| format!("{}={}", fact.name, fact.value));
        row.set("facts", &listed(facts));
        if let Some(by) = &finding.suppression {
            row.set("suppressed_by", suppressed_by(by.kind));
            row.set("suppression_source", &by.source);
            row.set("suppression_reason", &by.reason);
        }
        if let Some(place) = place {
            row.place(place);
        }
        row.life(reported);
        if let Some(card) = &reported.card {
            row.people(card);
        }
        row
    }

    fn of_gap(gap: &Incomplete) -> Row {
        let mut row = Row::new("not-read");
        row.set("kind", gap.kind.as_str());
        row.set("title", &format!("{} not read: {}", gap.count, gap.kind.way_out()));
        row.set("excerpt", &listed(gap.named.iter().cloned()));
        row
    }

    fn place(&mut self, place: &Place) {
        self.set("kind", kind(place.kind));
        if let Some(path) = &place.path {
            self.set("path", &escape(path));
        }
        self.number("line", place.position.line.into());
        self.number("column", place.position.column.into());
        self.number("end_line", place.position.end_line.into());
        self.number("end_column", place.position.end_column.into());
        let layers: Vec<String> = place.layers.iter().map(ToString::to_string).collect();
        self.set("layers", &layers.join(" > "));
        self.set("excerpt", &place.excerpt);
        self.set("object", &place.object.map(|id| id.to_string()).unwrap_or_default());
        self.set("commit", &place.commit.map(|id| id.to_string()).unwrap_or_default());
        self.set("refs", &listed(place.refs.iter().map(ToString::to_string)));
    }

    fn life(&mut self, reported: &Reported) {
        let Some(trace) = &reported.trace else { return };
        if let Some(commit) = &trace.introduced {
            self.introduced(commit);
        }
        self.set("tips", &listed(trace.tips.iter().map(ToString::to_string)));
        self.set("in_worktree", if trace.in_worktree { "yes" } else { "no" });
        self.set("unreachable", if trace.unreachable { "yes" } else { "no" });
        if let Some(commit) = &trace.removed {
            self.set("removed", &commit.id.to_string());
            self.set("removed_at", &when::rfc3339(&commit.author).unwrap_or_default());
        }
        if let Some(seconds) = trace.exposed_seconds {
            self.number("exposed_seconds", seconds);
        }
    }

    fn introduced(&mut self, commit: &CommitInfo) {
        self.set("introduced", &commit.id.to_string());
        self.set("introduced_at", &when::rfc3339(&commit.author).unwrap_or_default());
        self.set("introduced_by_name", &commit.author.name);
        self.set("introduced_by_email", &commit.author.email);
        self.set("introduced_signature", signature(commit.signed));
        self.set("committed_by_name", &commit.committer.name);
        self.set("committed_by_email", &commit.committer.email);
    }

    fn people(&mut self, card: &Card) {
        self.set("exposure", card.exposure.level.as_str());
        self.set("concern", card.concern.as_str());
        let Some(person) = card.person() else { return };
        self.set("accountable", &person.who);
        self.set("actor_class", &person.standing());
        let evidence = format!("{}: {}", people::sure(person.confidence), person.evidence);
        self.set("evidence", &evidence);
        self.set("permission", &people::permission(person));
    }

    /// Sets a text, made harmless for spreadsheets.
    fn set(&mut self, column: &str, text: &str) {
        self.cell(column, harmless(text));
    }

    fn number(&mut self, column: &str, number: i64) {
        self.cell(column, number.to_string());
    }

    fn cell(&mut self, column: &str, text: String) {
        let at = COLUMNS.iter().position(|name| *name == column);
        let at = at.expect("every column that is set is in COLUMNS");
        self.cells[at] = text;
    }

    fn write(&self, writer: &mut ::csv::Writer<&mut dyn io::Write>) -> io::Result<()> {
        Ok(writer.write_record(&self.cells)?)
    }
}

/// `text` with a `'` before whatever a spreadsheet could take for a formula.
fn harmless(text: &str) -> String {
    let quote = if text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) { "'" } else { "" };
    format!("{quote}{text}")
}

fn listed(items: impl ExactSizeIterator<Item = String>) -> String {
    let count = items.len();
    let mut shown: Vec<String> = items.take(LISTED).collect();
    if count > LISTED {
        shown.push(format!("{} more", count - LISTED));
    }
    shown.join("; ")
}

fn kind(kind: ContentKind) -> &'static str {
    match kind {
        ContentKind::Blob => "blob",
        ContentKind::Commit => "commit",
        ContentKind::Tag => "tag",
        ContentKind::FileName => "file-name",
        ContentKind::File => "file",
        ContentKind::Stdin => "stdin",
    }
}

fn signature(signed: Signed) -> &'static str {
    match signed {
        Signed::No => "none",
        Signed::OpenPgp => "openpgp",
        Signed::Ssh => "ssh",
        Signed::X509 => "x509",
        Signed::Other => "other",
    }
}

fn suppressed_by(kind: SuppressionKind) -> &'static str {
    match kind {
        SuppressionKind::Inline => "inline",
        SuppressionKind::IgnoreFile => "ignore-file",
        SuppressionKind::Config => "config",
        SuppressionKind::Baseline => "baseline",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::testing::{self, rendered};

    #[test]
    fn a_rich_report() {
        insta::assert_snapshot!(rendered(Format::Csv, &testing::rich().into_printable()));
    }

    #[test]
    fn no_cell_is_a_formula() {
        for report in [testing::rich(), testing::hostile(), testing::revealed()] {
            let text = rendered(Format::Csv, &report.into_printable());
            let mut reader = ::csv::Reader::from_reader(text.as_bytes());
            let headers = reader.headers().expect("a header").clone();
            for record in reader.records() {
                for (cell, column) in record.expect("a row").iter().zip(&headers) {
                    let formula = cell.starts_with(['=', '+', '@', '\t', '\r', '\n'])
                        || (cell.starts_with('-') && cell.parse::<i64>().is_err());
                    assert!(!formula, "{column}: {cell}");
                }
            }
        }
        assert_eq!(harmless("=1+1"), "'=1+1");
        assert_eq!(harmless("1=1"), "1=1");
    }

    #[test]
    fn people_stand_in_the_last_columns() {
        let text = rendered(Format::Csv, &testing::with_people().into_printable());
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let headers = reader.headers().expect("a header").clone();
        assert_eq!(headers.get(36), Some("page"), "columns keep their place");
        let first = reader.records().next().expect("a row").expect("CSV");
        let cells: Vec<&str> = first.iter().skip(37).collect();
        let expected = [
            "person-d2a9a143e75a8037",
            "insider (contractor)",
            "certain: said by the server",
            "then write on github.com/acme/pay, by team payments; now none known",
            "critical",
            "review",
        ];
        assert_eq!(cells, expected);
    }

    #[test]
    fn every_place_has_its_row() {
        let report = testing::rich();
        let places: usize =
            report.findings.iter().chain(&report.suppressed).map(|r| r.places.len()).sum();
        let gaps = report.incomplete.len();
        let text = rendered(Format::Csv, &report.into_printable());
        let rows = ::csv::Reader::from_reader(text.as_bytes()).into_records().count();
        assert_eq!(rows, places + gaps);
    }
}
