//! Annotations: findings as the log commands that put them on the lines of a change, for GitHub
//! Actions (its "Workflow commands") and Azure Pipelines (its "Logging commands").
//!
//! A log command is a line of text, so whoever can put a line break or a marker into a log can give
//! commands. Every text here is escaped for its place in a command, and [`neutral`] takes the
//! markers out of texts that are printed beside them.

use std::fmt::Write as _;
use std::io;

use super::wording::{counted, number, place_name, short, shortened};
use super::{Printable, Reported};
use crate::model::text::escape;
use crate::model::{ContentKind, Severity};
use crate::provenance::Place;

/// Annotations of one level that GitHub shows of a step; it drops the rest.
const SHOWN: usize = 10;

/// Characters of a rule's title and advice.
const TITLE: usize = 120;
const ADVICE: usize = 400;

/// Things that were not read that are named.
const NAMED: usize = 5;

/// Whose commands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Github,
    Azure,
}

/// Writes one command a finding, worst first, at most [`SHOWN`] errors and as many warnings; the last
/// of each counts what there is no room for. What was not read comes first.
pub(super) fn write(
    report: &Printable,
    dialect: Dialect,
    out: &mut dyn io::Write,
) -> io::Result<()> {
    if !report.is_complete() {
        let kinds: Vec<&str> = report.incomplete.iter().map(|gap| gap.kind.as_str()).collect();
        let ways: Vec<&str> = report.incomplete.iter().map(|gap| gap.kind.way_out()).collect();
        let named = report.incomplete.iter().flat_map(|gap| &gap.named).take(NAMED);
        let named: Vec<String> = named.map(|name| shortened(name, TITLE)).collect();
        let text = format!(
            "{} not read ({}), so there may be secrets in it: {}. Way out: {}",
            counted(report.not_read(), "thing was", "things were"),
            kinds.join(", "),
            named.join(", "),
            ways.join("; ")
        );
        let what =
            Annotation { level: Level::Error, title: "Not everything was read", place: None };
        dialect.write(&what, &text, out)?;
    }
    let mut found: Vec<&Reported> = report.findings.iter().collect();
    found.sort_by_key(|one| std::cmp::Reverse(one.finding.rule.severity));
    for level in [Level::Error, Level::Warning] {
        let of: Vec<&&Reported> =
            found.iter().filter(|one| Level::of(one.finding.rule.severity) == level).collect();
        let taken = usize::from(level == Level::Error && !report.is_complete());
        let room = SHOWN - taken;
        let shown = if of.len() > room { room - 1 } else { of.len() };
        for one in of.iter().take(shown) {
            let title = clean(&one.finding.rule.title, TITLE);
            let what = Annotation { level, title: &title, place: place(one) };
            dialect.write(&what, &message(one, report.reveal), out)?;
        }
        if of.len() > shown {
            let more = number(of.len() - shown);
            let text = format!(
                "{} of this kind: the summary and the reports name all of them",
                counted(more, "more finding", "more findings")
            );
            let what = Annotation { level, title: "And more", place: None };
            dialect.write(&what, &text, out)?;
        }
    }
    Ok(())
}

/// `text` without what GitHub Actions, Azure Pipelines or `TeamCity` take for a command: two colons at
/// the start of a line, and `##` before `[`, `vso[` or `teamcity[`, wherever they stand.
pub fn neutral(text: &str) -> String {
    let mut clean = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let start = line.len() - line.trim_start().len();
        let (blank, rest) = line.split_at(start);
        clean.push_str(blank);
        if rest.starts_with("::") {
            clean.push('.');
        }
        let mut left = rest;
        while let Some(at) = left.find("##") {
            let (before, marks) = left.split_at(at + 1);
            clean.push_str(before);
            if is_marker(marks.get(1..).unwrap_or_default()) {
                clean.push(' ');
            }
            left = marks;
        }
        clean.push_str(left);
    }
    clean
}

/// Whether what follows `##` makes a command of it.
fn is_marker(rest: &str) -> bool {
    let begins = |word: &str| rest.get(..word.len()).is_some_and(|r| r.eq_ignore_ascii_case(word));
    ["[", "vso[", "teamcity["].into_iter().any(begins)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Error,
    Warning,
}

impl Level {
    fn of(severity: Severity) -> Level {
        if severity >= Severity::High { Level::Error } else { Level::Warning }
    }

    fn as_str(self) -> &'static str {
        match self {
            Level::Error => "error",
            Level::Warning => "warning",
        }
    }
}

struct Annotation<'a> {
    level: Level,
    title: &'a str,
    place: Option<&'a Place>,
}

/// Where the finding stands in what the change leads to; none for what is only in the history, where
/// a line number would point at something else.
fn place(one: &Reported) -> Option<&Place> {
    one.places.iter().find(|place| {
        let is_line = matches!(place.kind, ContentKind::Blob | ContentKind::File);
        let stands = place.kind == ContentKind::File || !place.refs.is_empty();
        // No line can be shown of a path that a log should not have in it.
        let plain =
            |path: &Vec<u8>| std::str::from_utf8(path).is_ok_and(|text| escape(path) == text);
        is_line && stands && place.path.as_ref().is_some_and(plain)
    })
}

/// A text of a rule, which may be somebody's own, as a log can show it.
fn clean(text: &str, most: usize) -> String {
    escape(shortened(text, most).as_bytes())
}

fn message(one: &Reported, reveal: bool) -> String {
    let finding = &one.finding;
    let secret = if reveal { escape(finding.secret.expose()) } else { finding.secret.preview() };
    let mut text = format!("{secret} ({} confidence)", finding.confidence);
    if let Some(first) = one.places.first() {
        let _ = write!(text, " in {}", place_name(first));
    }
    let trace = one.trace.as_ref();
    if let Some(commit) = trace.and_then(|trace| trace.introduced.as_ref()) {
        let _ = write!(text, ", brought in by {}", short(&commit.id.to_string()));
    }
    if trace.is_some_and(|trace| trace.tips.is_empty() && !trace.in_worktree) {
        text.push_str("; gone from the files, but the history has it");
    }
    let rule = &finding.rule;
    let _ = write!(text, ".\n{}", clean(&rule.advice, ADVICE));
    if !rule.page.is_empty() {
        let _ = write!(text, "\n{}", clean(&rule.page, ADVICE));
    }
    let _ = write!(
        text,
        "\nNo credential? Say why in a comment on the line: leaktrace:allow {} REASON",
        clean(&rule.id, TITLE)
    );
    text
}

impl Dialect {
    fn write(self, what: &Annotation<'_>, text: &str, out: &mut dyn io::Write) -> io::Result<()> {
        let position = what.place.map(|place| &place.position);
        let path = what.place.and_then(|place| place.path.as_deref()).unwrap_or_default();
        let path = std::str::from_utf8(path).unwrap_or_default();
        let level = what.level.as_str();
        match self {
            Dialect::Github => {
                let (data, property) = (github_data(text), |text: &str| github_property(text));
                write!(out, "::{level} ")?;
                if let Some(at) = position {
                    write!(out, "file={},line={}", property(path), at.line)?;
                    // Columns only count where it is one line.
                    if at.end_line == at.line && at.end_column > at.column {
                        write!(out, ",col={},endColumn={}", at.column, at.end_column)?;
                    } else {
                        write!(out, ",endLine={}", at.end_line)?;
                    }
                    write!(out, ",")?;
                }
                writeln!(out, "title={}::{data}", property(&format!("leaktrace: {}", what.title)))
            }
            Dialect::Azure => {
                write!(out, "##vso[task.logissue type={level}")?;
                if let Some(at) = position {
                    write!(
                        out,
                        ";sourcepath={};linenumber={};columnnumber={}",
                        azure_property(path),
                        at.line,
                        at.column
                    )?;
                }
                // One line only: the message ends where the line does.
                let text = text.replace(['\r', '\n'], " ");
                writeln!(out, "]leaktrace: {}: {}", what.title, azure_data(&text))
            }
        }
    }
}

/// As `@actions/core` escapes the data of a command.
fn github_data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// As `@actions/core` escapes a property.
fn github_property(text: &str) -> String {
    github_data(text).replace(':', "%3A").replace(',', "%2C")
}

/// As Azure's agent takes a message: `%` is written `%AZP25`.
fn azure_data(text: &str) -> String {
    neutral(&text.replace('%', "%AZP25"))
}

fn azure_property(text: &str) -> String {
    text.replace('%', "%AZP25")
        .replace(';', "%3B")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
        .replace(']', "%5D")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::Format;
    use crate::output::testing::{self, rendered};

    /// GitHub's runner as its source describes it: a command is a line that starts with two colons.
    fn commands(text: &str) -> Vec<&str> {
        text.lines().filter(|line| line.trim_start().starts_with("::")).collect()
    }

    #[test]
    fn each_finding_is_one_command_on_its_line() {
        let report = testing::hostile().into_printable();
        let count = report.findings.len();
        let text = rendered(Format::Github, &report);
        let commands = commands(&text);
        assert_eq!(text.lines().count(), commands.len(), "{text}");
        assert_eq!(commands.len(), count + usize::from(!report.is_complete()), "{text}");
        for command in commands {
            assert!(!command.contains(['\u{1b}', '\u{202e}']), "{command}");
            assert!(command.starts_with("::error ") || command.starts_with("::warning "));
            let (properties, _) = command[2..].split_once("::").expect("properties and a message");
            for property in properties.split_once(' ').expect("a name").1.split(',') {
                let (name, _) = property.split_once('=').expect("name=value");
                let known = ["file", "line", "endLine", "col", "endColumn", "title"];
                assert!(known.contains(&name), "{property}");
            }
        }
    }

    #[test]
    fn of_many_findings_ten_of_a_level_are_shown_and_the_rest_counted() {
        let mut report = testing::empty();
        let rule = testing::rule("r", "A key", Severity::Critical);
        report.findings = (0..25)
            .map(|at| {
                let place = testing::place(ContentKind::File, Some("a.env"), at, "x");
                testing::reported(&rule, u8::try_from(at).expect("small"), vec![place])
            })
            .collect();
        let text = rendered(Format::Github, &report.into_printable());
        assert_eq!(text.lines().count(), SHOWN);
        assert!(
            text.ends_with(
                "::16 more findings of this kind: the summary and the reports name all of them\n"
            ),
            "{text}"
        );
    }

    #[test]
    fn nothing_that_is_printed_beside_commands_is_one() {
        for text in [
            "::add-path::x",
            "  ::error::x",
            "a ##vso[task.x]",
            "##[group]",
            "###VSO[x]",
            "a####[x]",
        ] {
            let clean = neutral(text);
            assert!(!clean.trim_start().starts_with("::"), "{clean}");
            for marker in ["##[", "##vso[", "##teamcity["] {
                assert!(!clean.to_lowercase().contains(marker), "{clean}");
            }
        }
        let harmless = "a::b # c\n ## d [x]\n#### e\n";
        assert_eq!(neutral(harmless), harmless);
    }

    #[test]
    fn azure_gets_one_line_a_finding() {
        let report = testing::hostile().into_printable();
        let text = rendered(Format::Azure, &report);
        for line in text.lines() {
            assert!(!line.contains(['\u{1b}', '\u{202e}']), "{line}");
            assert!(line.starts_with("##vso[task.logissue type="), "{line}");
            let (head, rest) = line.split_once(']').expect("an end");
            assert!(!rest.contains("##vso["), "{line}");
            for property in head.split_once(' ').expect("a name").1.split(';') {
                assert!(property.contains('='), "{property}");
            }
        }
    }
}
