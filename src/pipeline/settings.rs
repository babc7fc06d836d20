//! What applies to a target: its configuration, rules, ignore file and engine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::files::Files;
use super::target::{self, Opened};
use super::{Error, Options, RuleInfos, Scope};
use crate::config::{Config, ConfigError, place_in_target, read_named};
use crate::engine::{Effort, Engine, Limits};
use crate::finding::RuleInfo;
use crate::finding::baseline::{self, Baseline};
use crate::finding::ignore::{self, Ignores};
use crate::model::text::escape;
use crate::model::{Confidence, IncompleteLog};
use crate::rule::{Rule, Ruleset};
use crate::source::history::store::Reader;
use crate::source::selection::{self, Selection};

/// Rules that one note names.
const NAMED: usize = 10;

/// Everything that applies to a target.
pub struct Settings {
    /// Configuration after environment and command line.
    pub config: Config,
    /// The rules, ready to search with.
    pub engine: Engine,
    /// For each rule of the engine's set, what findings show of it.
    pub infos: RuleInfos,
    /// What does not count.
    pub ignores: Ignores,
    /// Baseline file.
    pub baseline: Option<BaselineText>,
    /// For `--range`, `--since` and `--branch`: the commits.
    pub selection: Option<Selection>,
    /// Largest file or object read, bytes.
    pub max_size: u64,
}

/// A baseline as it was read.
pub struct BaselineText {
    /// The file, for messages.
    pub name: String,
    /// What is in it.
    pub content: Vec<u8>,
    /// Whether the target itself brings it along.
    pub of_target: bool,
}

impl BaselineText {
    /// The baseline, if it was made under the key that `key_id` names.
    pub fn parse(&self, key_id: &str) -> Result<Baseline, Error> {
        let parsed = Baseline::parse(&self.content, &self.name, key_id);
        parsed.map_err(|error| if self.of_target { of_target(error) } else { error.into() })
    }
}

/// Finds out what applies to `target`.
pub fn of(target: &Opened, options: &Options, log: &IncompleteLog) -> Result<Settings, Error> {
    let selection = selection(target, options, log)?;
    let files = Files::of(target, options, selection.as_ref());
    let mut config = config(&files, options)?;
    if let (Files::None, Scope::Range(_) | Scope::Pushed(_) | Scope::Between(_), None, false) =
        (&files, &options.scope, &options.config, options.isolated)
    {
        config.notes.push(
            "no commit comes before this range, so no settings of the target were used".to_owned(),
        );
    }
    if let Some(confidence) = options.confidence {
        config.confidence = confidence;
    } else if config.confidence_open && options.scope.is_local_hook() {
        // A hook stands in the way of a person's work: it stops that for what is sure.
        config.confidence = Confidence::High;
    }
    config.scan.include_ignored |= options.include_ignored;
    let ruleset = ruleset(&files, &config, options)?;
    let effort = match options.scope {
        Scope::Everything | Scope::HistoryOnly | Scope::HistoryOf(..) | Scope::Branch(_)
            if target.repository().is_some() =>
        {
            Effort::Large
        }
        _ => Effort::Small,
    };
    let decode = config.scan.decode;
    let limits = Limits { depth: decode.depth, bytes: decode.bytes, items: decode.items };
    let infos = ruleset.rules().iter().map(|rule| Arc::new(info(rule, &config))).collect();
    let engine = Engine::new(Arc::new(ruleset), effort, limits);
    Ok(Settings {
        baseline: baseline(target, &files, &config, options)?,
        max_size: options.max_file_size.unwrap_or(config.scan.max_file_size),
        ignores: ignores(&files, &config, options)?,
        config,
        engine,
        infos,
        selection,
    })
}

/// What is said of a target's own file that makes less count without listing what.
fn own_decisions(config: &Config) -> Option<String> {
    let file = config.file.as_ref().filter(|_| config.is_restricted())?;
    let (default, rules) = (Config::default(), &config.rules);
    let mut decisions = Vec::new();
    let mut changed = |key: &str, ids: Vec<&String>| {
        if !ids.is_empty() {
            let named: Vec<&str> = ids.iter().take(NAMED).map(|id| id.as_str()).collect();
            let more = if ids.len() > NAMED { ", ..." } else { "" };
            decisions.push(format!("{key} of {} ({}{more})", ids.len(), named.join(", ")));
        }
    };
    changed("rules.disable", rules.disable.iter().collect());
    changed("rules.severity", rules.severity.keys().collect());
    changed("rules.confidence", rules.confidence.keys().collect());
    if config.fail_on != default.fail_on {
        decisions.push(format!("fail_on {}", config.fail_on));
    }
    if config.confidence > default.confidence {
        decisions.push(format!("confidence {}", config.confidence));
    }
    let all = decisions.join("; ");
    (!all.is_empty()).then(|| format!("{file}, which is the target's own, decides: {all}"))
}

/// The configuration with what the environment says on top.
fn config(files: &Files<'_>, options: &Options) -> Result<Config, Error> {
    let mut config = match &options.config {
        Some(config) => config.clone(),
        None if options.isolated => Config::default(),
        None => files.config().map_err(of_target)?,
    };
    config.notes.extend(own_decisions(&config));
    config.apply(&options.environment);
    Ok(config)
}

fn ignores(files: &Files<'_>, config: &Config, options: &Options) -> Result<Ignores, Error> {
    let mut ignores = Ignores::default();
    ignores.add_config(config);
    if !options.isolated
        && let Some(content) =
            files.read(Path::new(ignore::FILE_NAME), ignore::MAX_FILE).map_err(of_target)?
    {
        ignores.add_file(&content, ignore::FILE_NAME).map_err(of_target)?;
    }
    Ok(ignores)
}

/// Marks an error as one of the target's own files.
fn of_target(error: impl Into<Error>) -> Error {
    Error::OfTarget(Box::new(error.into()))
}

/// Marks an error of what `config` says as one of the target's own files, if it is one.
fn of_config<E: Into<Error>>(config: &Config) -> impl Fn(E) -> Error {
    let restricted = config.is_restricted();
    move |error| if restricted { of_target(error) } else { error.into() }
}

fn selection(
    target: &Opened,
    options: &Options,
    log: &IncompleteLog,
) -> Result<Option<Selection>, Error> {
    let Some(repo) = target.repository() else { return Ok(None) };
    let reader = Reader::of(&repo.git);
    Ok(match &options.scope {
        Scope::Range(range) => {
            Some(selection::range(repo, &reader, &repo.tips(&reader, log), range, log)?)
        }
        Scope::Since(seconds) => {
            Some(selection::since(repo, &reader, &repo.tips(&reader, log), *seconds, log)?)
        }
        Scope::Branch(name) => Some(selection::branch(repo, &reader, name, log)?),
        Scope::Between(between) => Some(selection::between(repo, &reader, between, log)?),
        Scope::Pushed(refs) => {
            let before = repo.references(log);
            Some(selection::pushed(repo, &reader, &before, refs, log)?)
        }
        Scope::Pushing { changes, remote } => {
            let mut there = repo.references(log);
            let folder = match remote {
                Some(remote) => format!("refs/remotes/{remote}/"),
                None => "refs/remotes/".to_owned(),
            };
            there.retain(|tip| tip.name.starts_with(&folder));
            Some(selection::pushed(repo, &reader, &there, changes, log)?)
        }
        _ => None,
    })
}

fn ruleset(files: &Files<'_>, config: &Config, options: &Options) -> Result<Ruleset, Error> {
    let mut ruleset = Ruleset::builtin();
    for path in &config.rules.paths {
        ruleset = if config.is_restricted() {
            let texts = files.rules(config, path).map_err(of_target)?;
            ruleset.overlay(Ruleset::from_texts(&texts).map_err(of_target)?).map_err(of_target)?
        } else {
            ruleset.load_on_top(&config.resolve(Path::new(""), path)?)?
        };
    }
    for path in &options.rules {
        ruleset = ruleset.load_on_top(path)?;
    }
    let known: Vec<&str> = ruleset.rules().iter().map(|rule| rule.id.as_str()).collect();
    config.check_rule_ids(&known).map_err(of_config(config))?;
    if let Some(unknown) = options.only.iter().find(|id| ruleset.get(id).is_none()) {
        return Err(Error::NoSuchRule(escape(unknown.as_bytes())));
    }
    Ok(ruleset.filter(|rule| {
        !config.rules.disable.contains(&rule.id)
            && (options.only.is_empty() || options.only.contains(&rule.id))
    }))
}

fn info(rule: &Rule, config: &Config) -> RuleInfo {
    RuleInfo {
        id: rule.id.clone(),
        title: rule.title.clone(),
        provider: rule.provider.clone(),
        severity: config.rules.severity.get(&rule.id).copied().unwrap_or(rule.severity),
        advice: rule.rotation.advice.clone(),
        page: rule.rotation.page.clone(),
        tags: rule.tags.clone(),
    }
}

fn baseline(
    target: &Opened,
    files: &Files<'_>,
    config: &Config,
    options: &Options,
) -> Result<Option<BaselineText>, Error> {
    if options.no_baseline || options.baseline.is_none() && config.baseline.is_none() {
        return Ok(None);
    }
    let of_target = options.baseline.is_none() && config.is_restricted();
    let (name, content) = match (&options.baseline, &config.baseline) {
        (None, Some(path)) if of_target => {
            let content = files.read(&path.value, baseline::MAX_FILE).map_err(self::of_target)?;
            (shown(&path.value), content)
        }
        _ => {
            let place = baseline_place(target, config, options)?;
            let content = match place.path.symlink_metadata() {
                Err(error) if error.kind() == io::ErrorKind::NotFound => None,
                _ => Some(read_named(&place.path, baseline::MAX_FILE)?),
            };
            (place.name, content)
        }
    };
    let Some(content) = content else {
        let why = "there is no such baseline; `leaktrace baseline create` makes one".to_owned();
        let error = ConfigError::Refused { file: name, why };
        return Err(if of_target { self::of_target(error) } else { error.into() });
    };
    Ok(Some(BaselineText { name, content, of_target }))
}

/// Where a baseline lies, or would.
struct Place {
    path: PathBuf,
    name: String,
}

/// The baseline that the command line names, else the configuration, else the one at the root of
/// the target.
fn baseline_place(target: &Opened, config: &Config, options: &Options) -> Result<Place, Error> {
    if let Some(path) = &options.baseline {
        return Ok(Place { path: path.clone(), name: shown(path) });
    }
    let no_root = || Error::NoBaseline(format!("`{}` has no folder for one", target.name));
    if let Some(path) = &config.baseline {
        let place = if config.is_restricted() {
            config.resolve(target.root().ok_or_else(no_root)?, path).map_err(of_target)?
        } else {
            config.resolve(Path::new(""), path)?
        };
        return Ok(Place { path: place, name: shown(&path.value) });
    }
    let root = target.root().ok_or_else(no_root)?;
    let path = place_in_target(root, Path::new(baseline::FILE_NAME)).map_err(of_target)?;
    Ok(Place { path, name: baseline::FILE_NAME.to_owned() })
}

/// A baseline file that is to be written, and the key for it.
#[derive(Debug)]
pub struct BaselineFile {
    /// Where it lies, or will.
    pub path: PathBuf,
    /// What messages call it, escaped.
    pub name: String,
    /// The target's folder, where it has one.
    pub root: Option<PathBuf>,
    /// Whether nothing names it, so that scans do not read it either.
    pub by_default: bool,
    /// Identifies the fingerprint key.
    pub key_id: String,
    /// Whether the next run has the same key.
    pub lasting_key: bool,
    /// The file that holds the key, when only this machine has it.
    pub key_file: Option<PathBuf>,
}

/// The one baseline of everything that `options` name, before anything is scanned.
pub fn baseline_file(options: &Options) -> Result<BaselineFile, Error> {
    if options.subjects.len() > 1 && options.baseline.is_none() {
        return Err(Error::NoBaseline("several targets have no folder in common".to_owned()));
    }
    let mut common: Option<BaselineFile> = None;
    for subject in &options.subjects {
        let target = target::open(subject, options)?;
        let selection = selection(&target, options, &IncompleteLog::default())?;
        let config = config(&Files::of(&target, options, selection.as_ref()), options)?;
        let Place { path, name } = baseline_place(&target, &config, options)?;
        let key = super::key(&target, &config, options)?;
        let file = BaselineFile {
            path,
            name,
            root: target.root().map(Path::to_owned),
            by_default: options.baseline.is_none() && config.baseline.is_none(),
            key_id: key.key.key_id(),
            lasting_key: key.lasting,
            key_file: key.file,
        };
        if common.as_ref().is_some_and(|common| common.key_id != file.key_id) {
            return Err(Error::KeysDiffer);
        }
        common.get_or_insert(file);
    }
    common.ok_or_else(|| Error::NoBaseline("there is no target".to_owned()))
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
