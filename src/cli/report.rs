//! `leaktrace report`: any format from a scan that was saved, without scanning again.

use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::Exit;
use super::exit::UsageError;
use super::scan::{self, Output};
use super::terminal::Colour;
use crate::config::{FailOn, read_named};
use crate::model::text::escape;
use crate::model::{IncompleteKind, Severity};
use crate::output::saved::{MAX_FILE, Saved, SavedError};
use crate::output::{Report, Reported};
use crate::pipeline;

/// Arguments of `leaktrace report`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A scan that was saved with `--output json=FILE` or `jsonl=FILE`, `-` for standard input.
    /// Several are put together into one report
    #[arg(long = "from", value_name = "FILE", required = true)]
    from: Vec<PathBuf>,
    /// Write a report: FORMAT or FORMAT=PATH, several times if wanted; `-` is standard output; the
    /// formats are those of `leaktrace scan` [default: text]
    #[arg(short, long = "output", value_name = "FORMAT[=PATH]", value_parser = scan::parse_output)]
    outputs: Vec<Output>,
    /// Show the values that the saved scan shows; without this they are masked
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    narrow: Narrow,
    #[command(flatten)]
    counts: Counts,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

/// Which findings of a saved scan are shown.
#[derive(Debug, Args, Clone)]
pub struct Narrow {
    /// Only findings of this severity or worse: low, medium, high, critical
    #[arg(long, value_name = "SEVERITY", help_heading = "What is shown")]
    severity: Option<Severity>,
    /// Only findings of this rule; several times if wanted
    #[arg(long = "rule", value_name = "ID", help_heading = "What is shown")]
    rules: Vec<String>,
    /// Only what came in since a date, by the commit that brought it in: 2026-01-31,
    /// 2026-01-31T12:00:00Z, or 14d before the scan. What no commit has is shown, too
    #[arg(long, value_name = "DATE", help_heading = "What is shown")]
    since: Option<String>,
}

/// What makes the exit code 1 or 2.
#[derive(Debug, Args, Clone)]
pub struct Counts {
    /// Exit with 1 only for findings of this severity or worse: low, medium, high, critical, never
    /// [default: low]
    #[arg(long, value_name = "SEVERITY", help_heading = "Exit code")]
    fail_on: Option<FailOn>,
    /// Do not exit with 2 for this kind of gap; gaps are listed all the same
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = scan::parse_kind, help_heading = "Exit code")]
    accept_incomplete: Vec<IncompleteKind>,
}

/// Runs `leaktrace report`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let outputs = scan::outputs(&arguments.outputs)?;
    let fail_on = arguments.counts.fail_on()?;
    let saved = load_all(&arguments.from)?;
    if arguments.reveal && !saved.report.reveal {
        let hint = "--reveal: the saved scan has no values, because it was written without \
                    --reveal";
        return Err(UsageError(hint.to_owned()).into());
    }
    let mut report = if arguments.reveal { saved.report } else { saved.masked().report };
    arguments.narrow.apply(&mut report)?;
    let report = report.into_printable();
    let exit = if arguments.counts.gaps(&report) > 0 {
        Exit::Failed
    } else if report.findings.iter().any(|one| fail_on.counts(one.finding.rule.severity)) {
        Exit::Findings
    } else {
        Exit::Clean
    };
    let (files, shown): (Vec<_>, Vec<_>) =
        outputs.into_iter().partition(|output| output.path.is_some());
    for output in files.iter().chain(&shown) {
        scan::write(&report, output, arguments.color)?;
    }
    Ok(exit)
}

/// Reads saved scans and makes one report of them.
pub fn load_all(paths: &[PathBuf]) -> anyhow::Result<Saved> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        return Err(UsageError("standard input can be read once only".to_owned()).into());
    }
    let all = paths.iter().map(|path| load(path)).collect::<anyhow::Result<Vec<_>>>()?;
    let several = all.len() > 1;
    let merged = Saved::merge(all).map_err(told)?;
    let mut merged = merged.ok_or_else(|| UsageError("no saved scan is named".to_owned()))?;
    if several {
        pipeline::sort(&mut merged.report.findings);
        pipeline::sort(&mut merged.report.suppressed);
    }
    Ok(merged)
}

/// Reads a saved scan.
pub fn load(path: &Path) -> anyhow::Result<Saved> {
    let (bytes, name) = if is_stdin(path) {
        (standard_input(MAX_FILE)?, "standard input".to_owned())
    } else {
        (read_named(path, MAX_FILE)?, escape(path.as_os_str().as_encoded_bytes()))
    };
    Saved::read(&bytes, &name).map_err(told)
}

/// Whether a path stands for standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Everything on standard input, at most `limit` bytes.
pub fn standard_input(limit: usize) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    io::stdin().take(most).read_to_end(&mut bytes).context("cannot read standard input")?;
    if bytes.len() > limit {
        let limit = limit >> 20;
        return Err(UsageError(format!("standard input: larger than {limit}MiB")).into());
    }
    Ok(bytes)
}

/// As the exit code wants it.
pub fn told(error: SavedError) -> anyhow::Error {
    if error.is_usage() { UsageError(error.to_string()).into() } else { error.into() }
}

impl Counts {
    /// Which severities make the exit code 1.
    pub fn fail_on(&self) -> anyhow::Result<FailOn> {
        let environment = scan::environment()?;
        Ok(self.fail_on.or(environment.fail_on).unwrap_or(FailOn::At(Severity::Low)))
    }

    /// How many things were not read and are not accepted.
    pub fn gaps(&self, report: &Report) -> u64 {
        let gaps =
            report.incomplete.iter().filter(|gap| !self.accept_incomplete.contains(&gap.kind));
        gaps.fold(0, |sum, gap| sum.saturating_add(gap.count.max(1)))
    }
}

impl Narrow {
    /// Leaves out of a report what is not asked for, and notes how much that is.
    pub fn apply(&self, report: &mut Report) -> anyhow::Result<()> {
        let since = self.since(report.as_of)?;
        let shown = |one: &Reported| {
            let rule = &one.finding.rule;
            let introduced = one.trace.as_ref().and_then(|trace| trace.introduced.as_ref());
            let old = |since| introduced.is_some_and(|commit| commit.committer.seconds < since);
            self.severity.is_none_or(|least| rule.severity >= least)
                && (self.rules.is_empty() || self.rules.contains(&rule.id))
                && !since.is_some_and(old)
        };
        let before = report.findings.len() + report.suppressed.len();
        report.findings.retain(shown);
        report.suppressed.retain(shown);
        let left_out = before - report.findings.len() - report.suppressed.len();
        if left_out > 0 {
            let findings = if left_out == 1 { "finding" } else { "findings" };
            report.notes.push(format!(
                "{left_out} {findings} of the saved scan not shown: {} left them out",
                self.given()
            ));
        }
        Ok(())
    }

    fn since(&self, as_of: i64) -> anyhow::Result<Option<i64>> {
        let Some(text) = &self.since else { return Ok(None) };
        let since = scan::since(text, as_of).ok_or_else(|| {
            UsageError(format!(
                "--since: `{}` is no date; write 2026-01-31, 2026-01-31T12:00:00Z or 14d",
                escape(text.as_bytes())
            ))
        })?;
        Ok(Some(since))
    }

    fn given(&self) -> String {
        let options = [
            ("--severity", self.severity.is_some()),
            ("--rule", !self.rules.is_empty()),
            ("--since", self.since.is_some()),
        ];
        let given: Vec<&str> =
            options.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect();
        given.join(", ")
    }
}
