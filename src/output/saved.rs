//! Saved scans: what `--output json` or `jsonl` wrote becomes the report again that it was made of,
//! so that any format can be written of it later.
//!
//! The bytes come from anywhere, so nothing in them is believed: every text is escaped again, every
//! id and number is checked, and the counts of the summary must be those of the findings. A value
//! that was masked stays masked, because it is not there ([`Secret::masked`]).
//!
//! [`Secret::masked`]: crate::model::Secret::masked

mod card;
mod changes;
mod chart;
mod compare;
mod convert;
mod kind;
mod lines;
mod paint;
mod place;
mod stats;
#[cfg(test)]
mod tests;

use serde::Deserialize;

use super::json::v1;
use super::{Report, Stats, VERSION};
use crate::model::text::escape;
use crate::model::{IncompleteLog, Severity};
use convert::Reader;

pub use chart::ChartStyle;
pub use compare::{Change, Changed, Comparison};
pub use stats::{Count, Figures, Month};

/// Largest file that is read, in bytes.
pub const MAX_FILE: usize = 256 << 20;
/// Longest word of a file that a message repeats, in bytes.
const SHOWN: usize = 20;

/// Why a saved scan cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SavedError {
    /// It is not what it should be.
    #[error("{file}{}: {why}", .line.map(|line| format!(":{line}")).unwrap_or_default())]
    Fault {
        /// The file's name, escaped.
        file: String,
        /// The line that is wrong, counted from 1, where one is.
        line: Option<usize>,
        /// What is wrong, and the way out; no value of the file in it.
        why: String,
    },
    /// It ends too early.
    #[error(
        "{file}: ends in the middle: the scan or a copy was cut off; scan again, or copy it again"
    )]
    Cut {
        /// The file's name, escaped.
        file: String,
    },
    /// Two files cannot be compared.
    #[error(
        "{one} and {other} were made with different fingerprint keys ({one_key} and {other_key}), \
         so that their fingerprints have nothing to do with each other; scan both again with the \
         same LEAKTRACE_FINGERPRINT_KEY"
    )]
    Keys {
        /// A file's name, escaped.
        one: String,
        /// Its key's name.
        one_key: String,
        /// The other's name, escaped.
        other: String,
        /// Its key's name.
        other_key: String,
    },
}

impl SavedError {
    /// Whether the person who named the file has to name another; a file that was cut off failed.
    pub fn is_usage(&self) -> bool {
        !matches!(self, SavedError::Cut { .. })
    }
}

/// A saved scan.
#[derive(Debug)]
pub struct Saved {
    /// The file's name, escaped.
    pub name: String,
    /// What it says.
    pub report: Report,
}

/// The document as it is read: what [`v1::Document`] writes.
#[derive(Deserialize)]
struct Document {
    version: u32,
    tool: v1::Tool,
    scanned_at: Option<String>,
    key_id: String,
    revealed: bool,
    targets: Vec<v1::Target>,
    findings: Vec<v1::Finding>,
    suppressed: Vec<v1::Finding>,
    incomplete: Vec<v1::Incomplete>,
    summary: v1::Summary,
}

impl Saved {
    /// Reads a scan that was saved as JSON or JSONL; which of them, the content says. `name` is the
    /// file's name for messages. A JSONL file that ends before its summary becomes a report with a
    /// gap, so that it never looks clean.
    pub fn read(bytes: &[u8], name: &str) -> Result<Saved, SavedError> {
        let file = escape(name.as_bytes());
        let content = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
        let report = match kind::of(content, &file)? {
            kind::Kind::Document => document(content, &file)?,
            kind::Kind::Lines => lines::read(content, &file)?,
        };
        Ok(Saved { name: file, report })
    }

    /// The same without values, also where another text repeats one. To be done before anything is
    /// left out: what repeats a value is known by the finding of it.
    #[must_use]
    pub fn masked(mut self) -> Saved {
        self.report.reveal = false;
        Saved { report: self.report.into_printable().into_report(), ..self }
    }

    /// One report of several, which must have been made with the same fingerprint key. Findings
    /// stay in the order of the files.
    pub fn merge(all: Vec<Saved>) -> Result<Option<Saved>, SavedError> {
        let mut all = all.into_iter();
        let Some(mut merged) = all.next() else { return Ok(None) };
        let gaps = IncompleteLog::default();
        let mut several = false;
        for next in all {
            merged.same_key(&next)?;
            if !several {
                gaps.merge(&merged.report.incomplete);
                several = true;
            }
            gaps.merge(&next.report.incomplete);
            merged.add(next);
        }
        if several {
            merged.report.incomplete = gaps.entries();
        }
        Ok(Some(merged))
    }

    /// Fails unless the fingerprints of both were made with the same key.
    pub fn same_key(&self, other: &Saved) -> Result<(), SavedError> {
        if self.report.key_id == other.report.key_id {
            return Ok(());
        }
        Err(SavedError::Keys {
            one: self.name.clone(),
            one_key: self.report.key_id.clone(),
            other: other.name.clone(),
            other_key: other.report.key_id.clone(),
        })
    }

    fn add(&mut self, next: Saved) {
        let Saved { name, report: mut more } = next;
        let report = &mut self.report;
        let known = |target: &super::Target| {
            let remote = target.remote.is_some();
            remote && report.targets.iter().any(|one| one.remote == target.remote)
        };
        for target in more.targets.iter().filter(|target| known(target)) {
            report.notes.push(format!(
                "{} is in more than one of the results, also in {name}: what is in both is listed \
                 twice; `leaktrace diff` compares two scans of one target",
                target.name
            ));
        }
        let before = report.targets.len();
        for one in more.findings.iter_mut().chain(&mut more.suppressed) {
            one.target += before;
        }
        report.targets.append(&mut more.targets);
        report.findings.append(&mut more.findings);
        report.suppressed.append(&mut more.suppressed);
        report.notes.append(&mut more.notes);
        report.stats = sum(&report.stats, &more.stats);
        report.as_of = report.as_of.max(more.as_of);
        report.reveal &= more.reveal;
        report.identity_in_sarif &= more.identity_in_sarif;
    }
}

fn sum(one: &Stats, other: &Stats) -> Stats {
    Stats {
        commits: one.commits.saturating_add(other.commits),
        blobs: one.blobs.saturating_add(other.blobs),
        files: one.files.saturating_add(other.files),
        texts: one.texts.saturating_add(other.texts),
        bytes: one.bytes.saturating_add(other.bytes),
    }
}

fn document(content: &[u8], file: &str) -> Result<Report, SavedError> {
    let document: Document =
        serde_json::from_slice(content).map_err(|error| unread(&error, file, None))?;
    let fault = |why| SavedError::Fault { file: file.to_owned(), line: None, why };
    let scan = v1::Scan {
        version: document.version,
        tool: document.tool,
        scanned_at: document.scanned_at,
        key_id: document.key_id,
        revealed: document.revealed,
        targets: document.targets,
    };
    let mut reader = Reader::new(scan, file).map_err(fault)?;
    for (at, one) in document.findings.into_iter().enumerate() {
        reader.finding(one, false).map_err(|why| fault(format!("findings[{at}]: {why}")))?;
    }
    for (at, one) in document.suppressed.into_iter().enumerate() {
        reader.finding(one, true).map_err(|why| fault(format!("suppressed[{at}]: {why}")))?;
    }
    document.incomplete.into_iter().for_each(|gap| reader.gap(gap));
    reader.summary(document.summary).map_err(fault)?;
    Ok(reader.finish())
}

/// Checks that a summary counts what is there.
fn check(summary: &v1::Summary, report: &Report) -> Result<(), String> {
    let counts = |what: &str, said: u64, there: u64| {
        if said == there {
            return Ok(());
        }
        Err(format!(
            "the summary counts {said} {what}, and the file has {there}: it was changed or cut \
             after it was written; use what the scan wrote (`leaktrace report` has --severity, \
             --rule and --since to show less)"
        ))
    };
    let number = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
    counts("findings", number(summary.findings), number(report.findings.len()))?;
    counts("suppressed findings", number(summary.suppressed), number(report.suppressed.len()))?;
    counts("things that were not read", summary.not_read, report.not_read())?;
    for severity in Severity::ALL {
        let said = summary.by_severity.get(severity.as_str());
        let said = said.and_then(serde_json::Value::as_u64).unwrap_or(0);
        counts(&format!("{severity} findings"), said, number(report.count(severity)))?;
    }
    if summary.complete != report.is_complete() {
        let said = if summary.complete { "complete" } else { "incomplete" };
        return Err(format!("the summary calls the scan {said}, and `incomplete` says otherwise"));
    }
    Ok(())
}

/// What the reader of JSON says, without anything of the file's content. `line` is the number of
/// the only line that was read, where it was one.
fn unread(error: &serde_json::Error, file: &str, line: Option<usize>) -> SavedError {
    if error.is_eof() {
        return SavedError::Cut { file: file.to_owned() };
    }
    let at = match error.column() {
        0 => String::new(),
        column => format!("column {column}: "),
    };
    let line = line.or((error.line() > 0).then(|| error.line()));
    SavedError::Fault { file: file.to_owned(), line, why: format!("{at}{}", reason(error)) }
}

/// The part of a reader's message that repeats nothing of what it read.
fn reason(error: &serde_json::Error) -> String {
    if error.is_syntax() {
        return "is not JSON; give what `leaktrace scan --output json=FILE` wrote".to_owned();
    }
    let text = error.to_string();
    let newer = "; if a newer leaktrace wrote it, read it with that one";
    let text = text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text);
    if text.starts_with("missing field") || text.starts_with("duplicate field") {
        text.to_owned()
    } else if let Some((_, expected)) = text.rsplit_once(", expected ") {
        let expected = match expected {
            "u8" | "u32" | "u64" | "usize" | "i32" | "i64" => "a whole number within its bounds",
            other => other,
        };
        format!("expected {expected} here{newer}")
    } else {
        format!("this value cannot be what stands here{newer}")
    }
}

/// A word of the file, as messages repeat it. Anything that is not as short and plain as our own
/// words are is not repeated: it may be a value of somebody else's file.
fn quoted(text: &str) -> String {
    let plain =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-+_".contains(&byte);
    let short = !text.is_empty() && text.len() <= SHOWN;
    if short && text.bytes().all(plain) { format!("`{text}`") } else { "(no word)".to_owned() }
}

/// That another version of the program wrote the file, where one did.
fn version_note(tool: &v1::Tool, file: &str) -> Option<String> {
    (tool.version != VERSION).then(|| {
        let version = quoted(&tool.version);
        format!("{file} was written by leaktrace {version}; this is {VERSION}")
    })
}
