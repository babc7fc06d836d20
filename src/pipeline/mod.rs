//! One scan from end to end: targets in, a report out.
//!
//! `settings` decides what applies to a target, `collect` scans its contents on all cores, `narrow`
//! does so for a few commits or the index, and `assemble` turns matches into findings with their
//! history, sorted so that any number of threads gives the same report.

mod assemble;
mod collect;
mod files;
mod gaps;
mod lineage;
mod names;
mod narrow;
pub mod people;
mod progress;
mod settings;
mod state;
mod target;

use std::path::PathBuf;
use std::sync::Arc;

pub use assemble::sort;
pub use progress::{Phase, Progress};
pub use settings::{BaselineFile, baseline_file};

use gix::ObjectId;

use crate::config::{Config, ConfigError, Environment};
use crate::finding::RuleInfo;
use crate::finding::key_file::{self, KeyError, KeySources, ObtainedKey};
use crate::identity::{self, Visibility};
use crate::model::{Confidence, IncompleteKind, IncompleteLog};
use crate::output::{Printable, Report, Stats};
use crate::rule::RuleError;
use crate::source;
use crate::source::selection::{Between, RefChange};

/// What part of a repository is scanned.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    /// The whole object store and the working tree.
    #[default]
    Everything,
    /// The working tree only.
    NoHistory,
    /// The object store only.
    HistoryOnly,
    /// What the index changes against HEAD.
    Staged,
    /// `A..B`: what those commits brought in.
    Range(String),
    /// What commits since then brought in: seconds since 1970-01-01 UTC.
    Since(i64),
    /// What the commits of a branch (or other revision) brought in.
    Branch(String),
    /// What commits brought in that somebody has worked out.
    Between(Between),
    /// The object store, and of what is in it only what the history of this commit brought in; with
    /// the commit whose settings count.
    HistoryOf(ObjectId, Option<ObjectId>),
    /// What a push brings in that no reference had before.
    Pushed(Vec<RefChange>),
    /// What a push is about to bring to a remote that does not have it yet, as far as is known here.
    Pushing {
        /// What the push is to change there.
        changes: Vec<RefChange>,
        /// The remote's name; none when it is an address without one.
        remote: Option<String>,
    },
    /// The message of a commit that is being made, and nothing else.
    Message(Arc<[u8]>),
}

impl Scope {
    /// Whether it is that of a hook on the machine of whoever works.
    pub fn is_local_hook(&self) -> bool {
        matches!(self, Scope::Staged | Scope::Pushing { .. } | Scope::Message(_))
    }
}

/// What to scan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// A repository, directory or file.
    Path(PathBuf),
    /// The repository around a directory, or the directory when there is none.
    Here(PathBuf),
    /// Standard input.
    Stdin,
}

/// How to scan: what the command line and the environment say.
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub struct Options {
    /// What to scan, in order.
    pub subjects: Vec<Subject>,
    /// What part of repositories.
    pub scope: Scope,
    /// Settings that the user named; targets are then not asked for theirs.
    pub config: Option<Config>,
    /// Take no settings, ignore files, comments or baselines from targets.
    pub isolated: bool,
    /// What the environment says; stronger than configuration files.
    pub environment: Environment,
    /// Rule files and folders on top of the built-in ones.
    pub rules: Vec<PathBuf>,
    /// Only these rules, when not empty.
    pub only: Vec<String>,
    /// Read files that git ignores.
    pub include_ignored: bool,
    /// Largest file or object that is read, bytes.
    pub max_file_size: Option<u64>,
    /// Least confidence shown.
    pub confidence: Option<Confidence>,
    /// Baseline to use in place of the configuration's.
    pub baseline: Option<PathBuf>,
    /// Leave baselines out altogether.
    pub no_baseline: bool,
    /// A file that remembers what was searched, for the next scan.
    pub state: Option<PathBuf>,
    /// Where the user's own state lies.
    pub state_dir: Option<PathBuf>,
    /// The index that git names to its hooks (`GIT_INDEX_FILE`).
    pub git_index: Option<PathBuf>,
    /// Objects that a server has not taken yet, which git names to its hooks
    /// (`GIT_QUARANTINE_PATH`).
    pub quarantine: Option<PathBuf>,
    /// The identity cross-check, where it is switched on.
    pub people: Option<Arc<people::People>>,
    /// What is known beforehand to be out of reach, each escaped.
    pub gaps: Vec<(IncompleteKind, String)>,
    /// Now: seconds since 1970-01-01 UTC.
    pub as_of: i64,
    /// Show values.
    pub reveal: bool,
}

/// What a scan gave.
#[derive(Debug)]
pub struct Scan {
    /// What to show.
    pub report: Printable,
    /// The settings that decide the exit code, one a target.
    pub configs: Vec<Config>,
    /// Whether the fingerprint keys are there again next time.
    pub lasting_key: bool,
    /// What was made of the people behind findings; none when nobody asked.
    pub evidence: Option<people::Bundle>,
}

/// Why a scan could not be made at all.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A target.
    #[error(transparent)]
    Source(#[from] source::Error),
    /// Settings that the user named.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Rules that the user named.
    #[error(transparent)]
    Rule(#[from] RuleError),
    /// Settings or rules that the target brings along.
    #[error("{0}\nthat file belongs to the target; --isolated scans without it")]
    OfTarget(Box<Error>),
    /// No place for a baseline is known.
    #[error("say where the baseline is with --baseline PATH: {0}")]
    NoBaseline(String),
    /// Targets that cannot have one baseline.
    #[error(
        "these targets have fingerprint keys of their own, so one baseline cannot serve them: set LEAKTRACE_FINGERPRINT_KEY, or make a baseline for each"
    )]
    KeysDiffer,
    /// The directory of people.
    #[error(transparent)]
    Identity(#[from] identity::Error),
    /// The fingerprint key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A state file that cannot be used.
    #[error("--state: {0}")]
    State(&'static str),
    /// A rule that `--rule` names and nothing defines.
    #[error("there is no rule `{0}`; `leaktrace rules list` shows all")]
    NoSuchRule(String),
    /// A scope that is about a working tree, on a repository without one.
    #[error("{option} needs a working tree, and `{target}` is a bare repository")]
    Bare {
        /// The option.
        option: &'static str,
        /// The target, escaped.
        target: String,
    },
    /// A narrow scope on something without commits.
    #[error("{option} needs a git repository, and `{target}` is none")]
    NotARepository {
        /// The option.
        option: &'static str,
        /// The target, escaped.
        target: String,
    },
}

impl Error {
    /// Whether the user named something that cannot be used, rather than that something failed.
    pub fn is_usage(&self) -> bool {
        match self {
            Error::Config(_)
            | Error::Rule(_)
            | Error::NoSuchRule(_)
            | Error::NotARepository { .. }
            | Error::Bare { .. }
            | Error::NoBaseline(_)
            | Error::State(_)
            | Error::KeysDiffer
            | Error::Source(source::Error::Range(_)) => true,
            Error::OfTarget(_) | Error::Source(_) | Error::Key(_) | Error::Identity(_) => false,
        }
    }

    /// Whether settings or rules are at fault, whoever wrote them.
    pub fn is_settings(&self) -> bool {
        matches!(self, Error::Config(_) | Error::Rule(_) | Error::OfTarget(_))
    }
}

/// Finds out what applies to everything that `options` name, as a scan does at first; gives the
/// configurations, one a target.
pub fn check(options: &Options) -> Result<Vec<Config>, Error> {
    let configs = options.subjects.iter().map(|subject| {
        let target = target::open(subject, options)?;
        Ok(settings::of(&target, options, &IncompleteLog::default())?.config)
    });
    configs.collect()
}

/// Scans everything that `options` names, in the current rayon pool.
pub fn scan(options: &Options, progress: &Progress) -> Result<Scan, Error> {
    let mut parts = Vec::new();
    let mut configs = Vec::new();
    let mut lasting_key = true;
    let log = IncompleteLog::default();
    for (kind, what) in &options.gaps {
        log.add(*kind, what.clone());
    }
    let mut cases = Vec::new();
    for (number, subject) in options.subjects.iter().enumerate() {
        progress.enter(Phase::Prepare);
        let target = target::open(subject, options)?;
        let settings = settings::of(&target, options, &log)?;
        let key = key(&target, &settings.config, options)?;
        lasting_key &= key.lasting;
        let mut notes = Vec::new();
        let keeper = state::Keeper::of(&target, options, &key, &mut notes)?;
        let keeper = keeper.as_ref();
        let (mut collected, learnt) =
            collect::run(&target, &settings, options, progress, &log, keeper);
        collected.notes.append(&mut notes);
        progress.enter(Phase::Assemble);
        let context =
            assemble::Context { number, target: &target, settings: &settings, options, log: &log };
        // What is kept for the next scan goes by what was found, not by what is reported of it.
        let mut told = Vec::new();
        let assembled = rayon::in_place_scope(|scope| {
            if let Some((learnt, keeper)) = learnt.zip(keeper) {
                scope.spawn(|_| told = learnt.keep(keeper, &collected));
            }
            context.assemble(&collected, &key)
        });
        let mut assembled = assembled?;
        if let (Scope::HistoryOf(tip, _), Some(repo)) = (&options.scope, target.repository()) {
            assembled.keep_history_of(repo, *tip, &log);
        }
        assembled.note(told);
        if let Some(people) = &options.people {
            progress.enter(Phase::People);
            let (as_of, found) = (options.as_of, &mut assembled.findings);
            let mut told = Vec::new();
            cases.extend(people::run(&target, &settings, people, found, as_of, (&log, &mut told))?);
            for all in [&mut assembled.findings, &mut assembled.suppressed] {
                people::hide(&target, people, all, as_of)?;
            }
            assembled.note(told);
        }
        parts.push(assembled);
        configs.push(settings.config);
    }
    let mut report = merge(parts, options, &log);
    // Whoever can see the alerts of a public repository can download the file.
    let public = |one: &people::Judged| one.case.repository.visibility == Visibility::Public;
    report.identity_in_sarif = !cases.iter().any(public);
    let evidence = match &options.people {
        Some(people) => Some(people.bundle(cases, options.as_of, &report.key_id)?),
        None => None,
    };
    Ok(Scan { report: report.into_printable(), configs, lasting_key, evidence })
}

fn key(target: &target::Opened, config: &Config, options: &Options) -> Result<ObtainedKey, Error> {
    let sources = KeySources {
        given: config.fingerprint_key.as_ref(),
        common_git_dir: target.repository().map(|repo| repo.common_dir.as_path()),
        state_dir: options.state_dir.as_deref(),
    };
    Ok(key_file::obtain(sources)?)
}

/// One report out of one a target.
fn merge(parts: Vec<assemble::Assembled>, options: &Options, log: &IncompleteLog) -> Report {
    let mut report = Report {
        targets: Vec::new(),
        findings: Vec::new(),
        suppressed: Vec::new(),
        incomplete: log.entries(),
        notes: Vec::new(),
        stats: Stats::default(),
        as_of: options.as_of,
        key_id: String::new(),
        reveal: options.reveal,
        identity_in_sarif: true,
        hour_heat_map: options.people.as_ref().is_some_and(|all| all.settings.hour_heat_map),
    };
    for part in parts {
        report.targets.push(part.target);
        report.findings.extend(part.findings);
        report.suppressed.extend(part.suppressed);
        report.notes.extend(part.notes);
        report.stats.commits += part.stats.commits;
        report.stats.blobs += part.stats.blobs;
        report.stats.files += part.stats.files;
        report.stats.texts += part.stats.texts;
        report.stats.bytes += part.stats.bytes;
        report.key_id = part.key_id;
    }
    sort(&mut report.findings);
    sort(&mut report.suppressed);
    report
}

/// What findings show of each rule, by its place in the rule set.
type RuleInfos = Vec<Arc<RuleInfo>>;
