//! `leaktrace scan`.

mod outputs;

use std::env;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Context as _;
use clap::{ArgGroup, Args};

use super::Exit;
use super::exit::UsageError;
use super::progress::Bar;
use super::terminal::{self, Colour};
use super::{bundle, notify, people};
use crate::config::expression::Field;
use crate::config::{Config, Environment, FailOn, parse_size};
use crate::model::{Confidence, IncompleteKind};
use crate::output::{Format, Printable};
use crate::pipeline::{self, Options, Progress, Scan, Scope, Subject};

pub use outputs::{Output, create, outputs, parse_output, write};

/// Stack of a worker, bytes: deep folders are entered recursively.
const STACK: usize = 16 << 20;

/// Arguments of `leaktrace scan`, and of every command that scans.
#[derive(Debug, Args, Clone)]
pub struct Arguments {
    #[command(flatten)]
    pub what: What,
    /// Remember in this file what was searched, and read only what is new the next time. It must
    /// not lie inside the target
    #[arg(long, value_name = "PATH", conflicts_with_all = ["staged", "range", "since", "branch", "no_history"], help_heading = "Scope")]
    state: Option<PathBuf>,
    #[command(flatten)]
    report: ReportArguments,
    #[command(flatten)]
    people: people::PeopleArguments,
}

/// What is shown, where, and what counts.
#[derive(Debug, Args, Clone)]
pub struct ReportArguments {
    /// Write a report: FORMAT or FORMAT=PATH, several times if wanted; `-` is standard output
    /// [default: text] [formats: text, json, jsonl, sarif, csv, html, gitlab, markdown, github, azure]
    #[arg(short, long = "output", value_name = "FORMAT[=PATH]", value_parser = parse_output, help_heading = "Report")]
    outputs: Vec<Output>,
    /// Exit with 1 only for findings of this severity or worse: low, medium, high, critical, never
    /// [default: low]
    #[arg(long, value_name = "SEVERITY", help_heading = "Report")]
    fail_on: Option<FailOn>,
    /// Do not exit with 2 for this kind of gap; gaps are listed all the same
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = parse_kind, help_heading = "Report")]
    accept_incomplete: Vec<IncompleteKind>,
    /// Show secret values in every report. Mind where the output goes
    #[arg(long, help_heading = "Report")]
    reveal: bool,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Report")]
    color: Colour,
    /// Show no progress bar
    #[arg(long, help_heading = "Report")]
    no_progress: bool,
}

/// What to scan and how.
#[derive(Debug, Args, Clone)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option")]
#[command(group(ArgGroup::new("scope").multiple(false)))]
pub struct What {
    /// Repositories, directories, files, or `-` for standard input [default: the repository around
    /// the current directory]
    #[arg(value_name = "TARGET")]
    targets: Vec<PathBuf>,
    /// Only what the index changes against HEAD (for a pre-commit hook)
    #[arg(long, group = "scope", help_heading = "Scope")]
    staged: bool,
    /// Only what commits A..B brought in; A may be all zeros for a new branch
    #[arg(long, group = "scope", value_name = "A..B", help_heading = "Scope")]
    range: Option<String>,
    /// Only what commits since a date brought in: 2026-01-31, 2026-01-31T12:00:00Z, or 14d
    #[arg(long, group = "scope", value_name = "DATE", help_heading = "Scope")]
    since: Option<String>,
    /// Only what the commits of a branch, tag or other revision brought in
    #[arg(long, group = "scope", value_name = "NAME", help_heading = "Scope")]
    branch: Option<String>,
    /// Only the working tree
    #[arg(long, group = "scope", help_heading = "Scope")]
    no_history: bool,
    /// Only the object store
    #[arg(long, group = "scope", help_heading = "Scope")]
    history_only: bool,
    /// Read files that git ignores, too
    #[arg(long, help_heading = "Scope")]
    include_ignored: bool,
    #[command(flatten)]
    pub settings: SettingsArguments,
}

/// By what rules and settings.
#[derive(Debug, Args, Clone)]
pub struct SettingsArguments {
    /// Largest file or object that is read, such as 500MiB [default: 1GiB]
    #[arg(long, value_name = "SIZE", value_parser = size, help_heading = "Scope")]
    max_file_size: Option<u64>,
    /// Configuration file to use in place of the target's own leaktrace.yml
    #[arg(long, value_name = "PATH", help_heading = "Settings")]
    config: Option<PathBuf>,
    /// Take no configuration, ignore file, allow comment or baseline from the target
    #[arg(long, help_heading = "Settings")]
    isolated: bool,
    /// Rule file or folder, on top of the built-in rules
    #[arg(long, value_name = "PATH", help_heading = "Settings")]
    rules: Vec<PathBuf>,
    /// Only this rule
    #[arg(long = "rule", value_name = "ID", help_heading = "Settings")]
    only: Vec<String>,
    /// Baseline file, in place of the configuration's
    #[arg(long, value_name = "PATH", help_heading = "Settings")]
    baseline: Option<PathBuf>,
    /// Use no baseline
    #[arg(long, conflicts_with = "baseline", help_heading = "Settings")]
    no_baseline: bool,
    /// Least confidence shown: low, medium, high [default: medium; high with --staged]
    #[arg(long, value_name = "LEVEL", help_heading = "Settings")]
    confidence: Option<Confidence>,
    /// Threads, at most 1024 [default: one for each core]
    #[arg(long, value_name = "N", value_parser = threads, help_heading = "Settings")]
    pub threads: Option<NonZeroUsize>,
}

/// The kind of gap that a word names.
pub fn parse_kind(text: &str) -> Result<IncompleteKind, String> {
    IncompleteKind::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| {
        let all = IncompleteKind::ALL.map(IncompleteKind::as_str).join(", ");
        format!("one of {all}")
    })
}

fn threads(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse().ok().filter(|number: &NonZeroUsize| number.get() <= 1024);
    number.ok_or_else(|| "write a number from 1 to 1024".to_owned())
}

fn size(text: &str) -> Result<u64, String> {
    parse_size(text).ok_or_else(|| "write a size such as 500MiB or 2GiB".to_owned())
}

/// Runs `leaktrace scan`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let environment = environment()?;
    let mut options = options(&arguments.what, &environment)?;
    options.state.clone_from(&arguments.state);
    let people =
        people::prepare(&arguments.people, &environment, options.config.as_ref(), options.as_of)?;
    options.people = people.map(Arc::new);
    let how = How { report: &arguments.report, people: &arguments.people, to: To::User };
    let (exit, scan) = how.run(options, arguments.what.settings.threads)?;
    // The process is about to end: giving back piece by piece what a large report holds takes time
    // for nothing.
    std::mem::forget(scan);
    Ok(exit)
}

/// Who reads standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum To {
    /// Whoever scans.
    User,
    /// Whoever pushed to a server: nothing of people, and as text nothing when there is nothing to
    /// say.
    Pusher,
    /// Whoever commits: only what was asked for.
    Developer,
    /// Whoever reads the log of a job, and the service, which takes some texts for commands: text
    /// without those, and nothing of people where everybody can read it.
    Log,
}

/// What becomes of a scan.
pub struct How<'a> {
    /// Reports and what counts.
    pub report: &'a ReportArguments,
    /// Evidence and alerts.
    pub people: &'a people::PeopleArguments,
    /// Who reads standard output.
    pub to: To,
}

impl How<'_> {
    /// Scans, writes all reports and sends what is to be sent.
    pub fn run(
        &self,
        mut options: Options,
        threads: Option<NonZeroUsize>,
    ) -> anyhow::Result<(Exit, Scan)> {
        let mut outputs = outputs(&self.report.outputs)?;
        if self.to == To::Developer && self.report.outputs.is_empty() {
            outputs.clear();
        }
        options.reveal = self.report.reveal;
        let bar = self.to == To::User && !self.report.no_progress;
        let mut scan = execute(&options, threads, bar)?;
        let mut exit = judge(&scan, self.report, &options.environment);
        let (files, shown): (Vec<_>, Vec<_>) =
            outputs.into_iter().partition(|output| output.path.is_some());
        for output in files {
            write(&scan.report, &output, self.report.color)?;
        }
        for output in shown {
            let show = |report: &Printable| match (self.to, output.format) {
                (To::Log, Format::Text) => outputs::log(report, self.report.color),
                _ => write(report, &output, self.report.color),
            };
            if self.to == To::Log && !scan.report.identity_in_sarif {
                scan.report.without_cards(show)?;
            } else if self.to != To::Pusher {
                show(&scan.report)?;
            } else if exit != Exit::Clean || output.format != Format::Text {
                scan.report.without_cards(show)?;
            }
        }
        if let (Some(path), Some(bundle), Some(people)) =
            (&self.people.evidence, &scan.evidence, &options.people)
        {
            bundle::write(path, bundle, &notify::finder(&scan), &people.pseudonyms)?;
        }
        if let Some(people) = &options.people {
            let (told, sent) = notify::run(&scan, people, self.people.alerts)?;
            if self.to != To::Pusher {
                for line in &told {
                    terminal::warn(line);
                }
                exit = if sent { exit } else { Exit::Failed };
            } else if !sent {
                // Which targets hear of a push says what is thought of whoever pushes it: that is for
                // whoever runs the server.
                let folder = people::folder(None, options.config.as_ref())?;
                people::record(&folder, options.as_of, "alert-failed", &told.join("; "))?;
                terminal::warn("a notification could not be sent; the server's log says why");
            }
        }
        Ok((exit, scan))
    }
}

/// What the environment says.
pub fn environment() -> anyhow::Result<Environment> {
    Ok(Environment::read(|name| env::var_os(name))?)
}

/// What the arguments say, for [`pipeline::scan`].
pub fn options(what: &What, environment: &Environment) -> anyhow::Result<Options> {
    let options = what.settings.options(environment)?;
    Ok(Options {
        subjects: subjects(&what.targets)?,
        scope: scope(what, options.as_of)?,
        include_ignored: what.include_ignored,
        git_index: env::var_os("GIT_INDEX_FILE").map(PathBuf::from),
        ..options
    })
}

impl SettingsArguments {
    /// What the arguments say, without what is to be scanned.
    pub fn options(&self, environment: &Environment) -> anyhow::Result<Options> {
        check_rules(&self.rules)?;
        let config = match self.config.as_ref().or(environment.config.as_ref()) {
            Some(path) => Some(Config::load(path)?),
            None => None,
        };
        Ok(Options {
            config,
            isolated: self.isolated,
            environment: environment.clone(),
            rules: self.rules.clone(),
            only: self.only.clone(),
            max_file_size: self.max_file_size,
            confidence: self.confidence,
            baseline: self.baseline.clone(),
            no_baseline: self.no_baseline,
            state_dir: state_dir(),
            as_of: now()?,
            ..Options::default()
        })
    }
}

/// Rules that the user named must hold: loaded, and with their examples. A rule that misses its own
/// example would miss the secret too, without a word.
fn check_rules(paths: &[PathBuf]) -> anyhow::Result<()> {
    let mut faults = Vec::new();
    if paths.is_empty() || super::rules::lint(paths, &mut faults)? {
        return Ok(());
    }
    Err(UsageError(String::from_utf8_lossy(&faults).trim_end().to_owned()).into())
}

fn subjects(targets: &[PathBuf]) -> anyhow::Result<Vec<Subject>> {
    if targets.is_empty() {
        return Ok(vec![Subject::Here(PathBuf::from("."))]);
    }
    let stdin = targets.iter().filter(|target| target.as_os_str() == "-").count();
    if stdin > 1 {
        return Err(UsageError("standard input can be read once only".to_owned()).into());
    }
    Ok(targets
        .iter()
        .map(|target| match target.to_str() {
            Some("-") => Subject::Stdin,
            Some(".") => Subject::Here(target.clone()),
            _ => Subject::Path(target.clone()),
        })
        .collect())
}

fn scope(what: &What, as_of: i64) -> anyhow::Result<Scope> {
    Ok(if what.staged {
        Scope::Staged
    } else if let Some(range) = &what.range {
        Scope::Range(range.clone())
    } else if let Some(date) = &what.since {
        let seconds = since(date, as_of).ok_or_else(|| {
            UsageError(format!(
                "--since: `{}` is no date; write 2026-01-31, 2026-01-31T12:00:00Z or 14d",
                date.escape_debug()
            ))
        })?;
        Scope::Since(seconds)
    } else if let Some(name) = &what.branch {
        Scope::Branch(name.clone())
    } else if what.no_history {
        Scope::NoHistory
    } else if what.history_only {
        Scope::HistoryOnly
    } else {
        Scope::Everything
    })
}

/// A date (midnight UTC), a time, or so many days (`d`), hours (`h`) or weeks (`w`) before now.
pub fn since(text: &str, as_of: i64) -> Option<i64> {
    for (unit, seconds) in [("h", 3_600), ("d", 86_400), ("w", 604_800)] {
        if let Some(count) = text.strip_suffix(unit).and_then(|count| count.parse::<u32>().ok()) {
            return as_of.checked_sub(i64::from(count) * seconds);
        }
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time.as_second());
    }
    let date = text.parse::<jiff::civil::Date>().ok()?;
    Some(date.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second())
}

/// Now, or the time that `SOURCE_DATE_EPOCH` sets for builds that are to be repeatable
/// (reproducible-builds.org's specification): seconds since 1970-01-01 UTC.
pub fn now() -> anyhow::Result<i64> {
    match env::var("SOURCE_DATE_EPOCH") {
        Ok(text) if !text.is_empty() => text
            .parse()
            .context("SOURCE_DATE_EPOCH is not a number of seconds since 1970-01-01 UTC"),
        _ => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            let since = since.context("the system's clock stands before 1970")?;
            Ok(i64::try_from(since.as_secs())?)
        }
    }
}

/// The user's state folder by the XDG base directory specification: relative paths do not count.
pub fn state_dir() -> Option<PathBuf> {
    let absolute =
        |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    absolute("XDG_STATE_HOME")
        .or_else(|| absolute("HOME").map(|home| home.join(".local").join("state")))
}

/// Scans on a pool of threads of its own, with a progress bar.
pub fn execute(
    options: &Options,
    threads: Option<NonZeroUsize>,
    bar: bool,
) -> anyhow::Result<Scan> {
    let threads = threads
        .or(options.environment.threads)
        .or(options.config.as_ref().and_then(|config| config.scan.threads))
        .map_or(0, NonZeroUsize::get);
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(threads)
        .stack_size(STACK)
        .build()
        .context("cannot start threads; try --threads 1")?;
    let progress = Arc::new(Progress::default());
    let bar = Bar::follow(&progress, bar);
    let scan = pool.install(|| pipeline::scan(options, &progress));
    drop(bar);
    Ok(scan?)
}

/// What was not read and is accepted neither by `accepted` nor by the configuration of every
/// target, each kind with its count.
pub fn gaps(scan: &Scan, accepted: &[IncompleteKind]) -> Vec<(IncompleteKind, u64)> {
    let accepted = |kind: &IncompleteKind| {
        accepted.contains(kind)
            || !scan.configs.is_empty()
                && scan.configs.iter().all(|config| config.scan.accept_incomplete.contains(kind))
    };
    let gaps = scan.report.incomplete.iter().filter(|gap| !accepted(&gap.kind));
    gaps.map(|gap| (gap.kind, gap.count)).collect()
}

/// The exit code: a scan that is incomplete never looks clean, whatever it found.
fn judge(scan: &Scan, arguments: &ReportArguments, environment: &Environment) -> Exit {
    if !gaps(scan, &arguments.accept_incomplete).is_empty() {
        return Exit::Failed;
    }
    let judged =
        |one: &crate::output::Reported| notify::judged(scan, &one.finding.fingerprint.to_string());
    let counts = |one: &crate::output::Reported| {
        let config = scan.configs.get(one.target);
        let when = config.and_then(|config| config.fail_when.as_ref());
        if let (None, Some(when)) = (arguments.fail_on.or(environment.fail_on), when) {
            // Who brought it in could not be found out: that is no reason to let it pass.
            let unjudged = scan.evidence.is_some() && introduced(one) && judged(one).is_none();
            if unjudged && when.asks(&[Field::Concern, Field::Actor]) {
                return true;
            }
            return when.holds(&|field| {
                super::condition::value(field, one, judged(one), scan.report.as_of)
            });
        }
        let fail_on = arguments
            .fail_on
            .or(environment.fail_on)
            .or(scan.configs.get(one.target).map(|config| config.fail_on));
        fail_on.is_some_and(|fail_on| fail_on.counts(one.finding.rule.severity))
    };
    if scan.report.findings.iter().any(counts) { Exit::Findings } else { Exit::Clean }
}

/// Whether a commit brought it in.
fn introduced(one: &crate::output::Reported) -> bool {
    one.trace.as_ref().is_some_and(|trace| trace.introduced.is_some())
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum as _;

    use super::*;

    #[test]
    fn dates_may_be_written_in_several_ways() {
        assert_eq!(since("1970-01-02", 0), Some(86_400));
        assert_eq!(since("1970-01-01T00:01:00Z", 0), Some(60));
        assert_eq!(since("2d", 1_000_000), Some(1_000_000 - 172_800));
        assert_eq!(since("yesterday", 0), None);
    }

    #[test]
    fn colours_have_the_words_that_tools_share() {
        let words: Vec<_> = Colour::value_variants()
            .iter()
            .filter_map(Colour::to_possible_value)
            .map(|value| value.get_name().to_owned())
            .collect();
        assert_eq!(words, ["auto", "always", "never"]);
    }
}
