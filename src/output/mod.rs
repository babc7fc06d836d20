//! Reporters: a report in, bytes out, one file a format.
//!
//! A reporter takes a [`Printable`], which a [`Report`] becomes only by having every secret in its
//! texts replaced, so no reporter can show a value by accident. Reporters read no clock, no
//! environment and no file: the same report always gives the same bytes.

mod annotations;
mod csv;
mod forge;
mod gitlab;
mod html;
pub mod json;
mod jsonl;
mod line_hash;
pub mod markdown;
mod people;
pub mod redact;
mod sarif;
pub mod saved;
#[cfg(test)]
mod testing;
mod text;
mod when;
mod wording;

use std::fmt;
use std::io;
use std::str::FromStr;

use crate::finding::Finding;
use crate::model::{ContentKind, Incomplete, Severity};
use crate::provenance::{Place, Trace};

use annotations::Dialect;
pub use annotations::neutral;
pub use line_hash::line_hashes;
pub use redact::Printable;
pub use text::TextStyle;

/// The program's version, as outputs state it.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// The formats a report can be written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Format {
    /// For a person, at a terminal or in a log.
    Text,
    /// One versioned JSON document: `docs/output-json.md`.
    Json,
    /// The same as one JSON object a line.
    Jsonl,
    /// SARIF 2.1.0 within the limits of GitHub code scanning: `docs/output-sarif.md`.
    Sarif,
    /// A header row, then one row for each place of each finding.
    Csv,
    /// One page for a browser, complete in itself: `docs/output-html.md`.
    Html,
    /// GitLab's secret detection report.
    Gitlab,
    /// A page in GitHub's Markdown, for a job's summary or a comment.
    Markdown,
    /// Annotations as commands to GitHub Actions: `docs/ci.md`.
    Github,
    /// The same for Azure Pipelines.
    Azure,
}

impl Format {
    /// All formats.
    pub const ALL: [Format; 10] = [
        Format::Text,
        Format::Json,
        Format::Jsonl,
        Format::Sarif,
        Format::Csv,
        Format::Html,
        Format::Gitlab,
        Format::Markdown,
        Format::Github,
        Format::Azure,
    ];

    /// The lower-case word used in options.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Jsonl => "jsonl",
            Format::Sarif => "sarif",
            Format::Csv => "csv",
            Format::Html => "html",
            Format::Gitlab => "gitlab",
            Format::Markdown => "markdown",
            Format::Github => "github",
            Format::Azure => "azure",
        }
    }

    /// Writes `report` to `out` in this format. `style` concerns [`Format::Text`] only. Fails when
    /// `out` does; a closed pipe is an error of kind [`io::ErrorKind::BrokenPipe`].
    pub fn write(
        self,
        report: &Printable,
        style: TextStyle,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self {
            Format::Text => text::write(report, style, out),
            Format::Json => json::write(report, out),
            Format::Jsonl => jsonl::write(report, out),
            Format::Sarif => sarif::write(report, out),
            Format::Csv => csv::write(report, out),
            Format::Html => html::write(report, out),
            Format::Gitlab => gitlab::write(report, out),
            Format::Markdown => markdown::write(report, &markdown::Page::default(), out),
            Format::Github => annotations::write(report, Dialect::Github, out),
            Format::Azure => annotations::write(report, Dialect::Azure, out),
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A word that names no format.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{given}` is no output format; use one of text, json, jsonl, sarif, csv, html, gitlab, markdown, \
     github, azure"
)]
pub struct ParseFormatError {
    given: String,
}

impl FromStr for Format {
    type Err = ParseFormatError;

    fn from_str(given: &str) -> Result<Self, Self::Err> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == given)
            .ok_or_else(|| ParseFormatError { given: given.to_owned() })
    }
}

/// Everything a scan has to say.
#[derive(Debug)]
pub struct Report {
    /// What was scanned, in the order given.
    pub targets: Vec<Target>,
    /// What counts, worst first: severity, confidence, rule id, first place.
    pub findings: Vec<Reported>,
    /// What does not count, and why, in the same order.
    pub suppressed: Vec<Reported>,
    /// What was not read.
    pub incomplete: Vec<Incomplete>,
    /// Things worth knowing that are not gaps, escaped (a submodule that is a target of its own).
    pub notes: Vec<String>,
    /// How much was read.
    pub stats: Stats,
    /// When the scan ran: seconds since 1970-01-01 UTC.
    pub as_of: i64,
    /// Identifies the fingerprint key without revealing it: 16 hexadecimal digits.
    pub key_id: String,
    /// Show values. Only `--reveal` sets this.
    pub reveal: bool,
    /// Put what person cards say of people into SARIF, which everybody can fetch who sees the alerts
    /// of a repository. To be false where a repository is known to be public.
    pub identity_in_sarif: bool,
    /// Let the page show at which hours of the week secrets were committed, all people together.
    /// Only `identity.hour_heat_map` sets this.
    pub hour_heat_map: bool,
}

/// A finding with its history.
#[derive(Debug)]
pub struct Reported {
    /// Index into [`Report::targets`].
    pub target: usize,
    /// The finding.
    pub finding: Finding,
    /// Every place, the one to look at first in front.
    pub places: Vec<Place>,
    /// Its life in the history; none outside repositories.
    pub trace: Option<Trace>,
    /// Code scanning's line hash for the first place (`hex:occurrence`), where there is a line.
    pub line_hash: Option<String>,
    /// Who brought it in and what is to be made of it; where the identity cross-check is on.
    pub card: Option<Box<crate::risk::Card>>,
}

/// One thing that was scanned.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// As the user named it, credentials removed, escaped.
    pub name: String,
    /// `repository`, `directory`, `file` or `stdin`.
    pub kind: &'static str,
    /// Web address of the origin remote, credentials removed, escaped.
    pub remote: Option<String>,
    /// Commit that HEAD points to, in hexadecimal.
    pub head: Option<String>,
    /// Branch that HEAD points to, short name, escaped.
    pub branch: Option<String>,
}

/// How much was read.
#[derive(Debug, Clone, Default)]
pub struct Stats {
    /// Commits seen.
    pub commits: u64,
    /// Blobs searched.
    pub blobs: u64,
    /// Files searched outside the object store.
    pub files: u64,
    /// Commit and tag messages and file names searched.
    pub texts: u64,
    /// Bytes searched, decoded layers not counted.
    pub bytes: u64,
}

impl Target {
    /// How soon to look at `place`, 0 first: what HEAD's branch has, what the working tree has,
    /// what the tip of another ref has, the rest. Code scanning shows a finding only where the
    /// analysed commit has its first place, so places are best sorted by this before anything else.
    pub fn place_rank(&self, place: &Place) -> u8 {
        let on_branch = place.refs.iter().any(|name| {
            **name == *"HEAD"
                || self.branch.is_some()
                    && name.strip_prefix("refs/heads/") == self.branch.as_deref()
        });
        match place.kind {
            _ if place.path.is_none() => 3,
            _ if on_branch => 0,
            ContentKind::File => 1,
            _ if !place.refs.is_empty() => 2,
            _ => 3,
        }
    }
}

impl Report {
    /// Makes the report fit to be shown: unless it is to be revealed, every secret in its texts
    /// (paths, subjects, names, refs, excerpts, facts, notes) is replaced by `***`.
    pub fn into_printable(self) -> Printable {
        Printable::new(self)
    }

    /// Whether everything was read.
    pub fn is_complete(&self) -> bool {
        self.incomplete.is_empty()
    }

    /// How many findings of this severity count.
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|r| r.finding.rule.severity == severity).count()
    }

    /// How many things were not read.
    pub fn not_read(&self) -> u64 {
        self.incomplete.iter().fold(0, |sum, gap| sum.saturating_add(gap.count))
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

    use super::*;
    use crate::model::Secret;
    use testing::{rendered, repeating};

    /// What people turn a value into, and what turns it into text.
    fn forms(value: &str) -> Vec<String> {
        let hex: Vec<String> = value.bytes().map(|byte| format!("{byte:02x}")).collect();
        let hex = hex.concat();
        let quoted = serde_json::to_string(value).expect("a string");
        vec![
            value.to_owned(),
            STANDARD.encode(value),
            URL_SAFE_NO_PAD.encode(value),
            hex.to_uppercase(),
            hex,
            forge::path_to_uri(value.as_bytes()),
            quoted[1..quoted.len() - 1].to_owned(),
        ]
    }

    /// The text as whoever reads it sees it: character references are what they stand for.
    fn plain(format: Format, text: &str) -> String {
        if format != Format::Markdown {
            return text.to_owned();
        }
        let mut out = String::new();
        let mut parts = text.split("&#");
        out.extend(parts.next());
        for part in parts {
            let (code, rest) = part.split_once(';').expect("a reference ends");
            out.push(char::from(code.parse::<u8>().expect("an ASCII character")));
            out.push_str(rest);
        }
        out
    }

    #[test]
    fn no_format_shows_a_value_that_the_repository_repeats() {
        let odd = format!("{}/+\"\\ {}", testing::value("", 7, 12), testing::value("", 8, 12));
        for value in [testing::value("exk_", 0x5f, 32), odd] {
            for repeated in forms(&value) {
                for format in Format::ALL {
                    let mut report = repeating(&repeated);
                    report.findings[0].finding.secret = Secret::new(value.clone().into_bytes());
                    let text = plain(format, &rendered(format, &report.into_printable()));
                    for form in forms(&value) {
                        assert_eq!(text.find(&form), None, "{format} repeats it at this byte");
                    }
                    assert!(text.contains("***"));
                }
            }
        }
    }

    #[test]
    fn every_format_shows_a_value_that_is_to_be_revealed() {
        for format in Format::ALL {
            let report = testing::revealed();
            let value = report.findings[0].finding.secret.expose().to_vec();
            let value = String::from_utf8(value).expect("made as text");
            let text = plain(format, &rendered(format, &report.into_printable()));
            assert!(text.contains(&value), "{format}");
        }
    }

    #[test]
    fn every_format_says_what_was_not_read() {
        for format in Format::ALL {
            let text = plain(format, &rendered(format, &testing::rich().into_printable()));
            assert!(text.contains("dump-1.sql"), "{format}");
            assert!(text.contains("unshallow"), "{format}");
        }
    }

    #[test]
    fn a_closed_pipe_is_an_error_and_no_panic() {
        struct Closed;
        impl io::Write for Closed {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        for format in Format::ALL {
            let report = testing::rich().into_printable();
            let error = format.write(&report, TextStyle::default(), &mut Closed);
            assert_eq!(error.expect_err("closed").kind(), io::ErrorKind::BrokenPipe, "{format}");
        }
    }

    #[test]
    fn formats_are_named_by_their_words() {
        for format in Format::ALL {
            assert_eq!(format.as_str().parse(), Ok(format));
        }
        let error = "yaml".parse::<Format>().expect_err("no format");
        assert!(error.to_string().contains("use one of text, json"));
    }
}
