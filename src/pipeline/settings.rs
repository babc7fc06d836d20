//! What applies to a target: its configuration, rules, ignore file and engine.

use std::fs;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use gix::ObjectId;

use super::target::Opened;
use super::{Error, Options, RuleInfos, Scope};
use crate::config::{Config, ConfigError, FILE_NAMES};
use crate::engine::{Effort, Engine, Limits};
use crate::finding::RuleInfo;
use crate::finding::ignore::{FILE_NAME as IGNORE_FILE_NAME, Ignores};
use crate::model::IncompleteLog;
use crate::model::text::escape;
use crate::rule::{Rule, Ruleset};
use crate::source::changes::{self, Selection};
use crate::source::history::store::Reader;
use crate::source::repository::Repository;

/// Bytes of an ignore or baseline file that are read: more than either accepts.
const MAX_SETTINGS_FILE: u64 = 65 << 20;

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
    /// Baseline file: name for messages, and content.
    pub baseline: Option<(String, Vec<u8>)>,
    /// For `--range`, `--since` and `--branch`: the commits.
    pub selection: Option<Selection>,
    /// Largest file or object read, bytes.
    pub max_size: u64,
}

/// Finds out what applies to `target`.
pub fn of(target: &Opened, options: &Options, log: &IncompleteLog) -> Result<Settings, Error> {
    let selection = selection(target, options, log)?;
    let files = Files::new(target, selection.as_ref());
    let mut config = match &options.config {
        Some(config) => config.clone(),
        None if options.isolated => Config::default(),
        None => files.config()?,
    };
    config.apply(&options.environment);
    if let Some(confidence) = options.confidence {
        config.confidence = confidence;
    }
    config.scan.include_ignored |= options.include_ignored;
    let ruleset = ruleset(target, &config, options)?;
    let effort = match options.scope {
        Scope::Everything | Scope::HistoryOnly | Scope::Branch(_)
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
    let mut ignores = Ignores::default();
    ignores.add_config(&config);
    if !options.isolated
        && let Some(content) = files.read(IGNORE_FILE_NAME)?
    {
        ignores.add_file(&content, IGNORE_FILE_NAME)?;
    }
    Ok(Settings {
        baseline: baseline(&files, &config, options)?,
        max_size: options.max_file_size.unwrap_or(config.scan.max_file_size),
        config,
        engine,
        infos,
        ignores,
        selection,
    })
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
            Some(changes::range(repo, &reader, &repo.tips(&reader, log), range, log)?)
        }
        Scope::Since(seconds) => {
            Some(changes::since(repo, &reader, &repo.tips(&reader, log), *seconds, log)?)
        }
        Scope::Branch(name) => Some(changes::branch(repo, &reader, name, log)?),
        _ => None,
    })
}

/// Files at a target's root that settings come from. A range is judged by the files of the commit
/// before it, so that no change can relax its own check.
struct Files<'a> {
    target: &'a Opened,
    base: Option<(&'a Repository, ObjectId)>,
}

impl<'a> Files<'a> {
    fn new(target: &'a Opened, selection: Option<&Selection>) -> Files<'a> {
        let base = selection.and_then(|selection| selection.base);
        Files { target, base: target.repository().zip(base) }
    }

    fn config(&self) -> Result<Config, Error> {
        let Some((repo, base)) = self.base else {
            let found = self.target.root().map(Config::discover).transpose()?.flatten();
            return Ok(found.unwrap_or_default());
        };
        for name in FILE_NAMES {
            if let Some(content) = file_at(repo, base, name) {
                return Ok(Config::parse_bytes(&content, name)?.restrict()?);
            }
        }
        Ok(Config::default())
    }

    fn read(&self, name: &str) -> Result<Option<Vec<u8>>, Error> {
        if let Some((repo, base)) = self.base {
            return Ok(file_at(repo, base, name));
        }
        let Some(path) = self.target.root().map(|root| root.join(name)) else { return Ok(None) };
        if !fs::symlink_metadata(&path).is_ok_and(|meta| meta.is_file()) {
            return Ok(None);
        }
        read_bounded(&path, name).map(Some)
    }
}

fn read_bounded(path: &Path, name: &str) -> Result<Vec<u8>, Error> {
    let mut content = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(MAX_SETTINGS_FILE).read_to_end(&mut content))
        .map_err(|source| ConfigError::Read { file: name.to_owned(), source })?;
    Ok(content)
}

fn file_at(repo: &Repository, commit: ObjectId, name: &str) -> Option<Vec<u8>> {
    let tree = repo.git.find_commit(commit).ok()?.tree().ok()?;
    let entry = tree.lookup_entry_by_path(name).ok()??;
    let object = entry.mode().is_blob().then(|| entry.object())?.ok()?;
    Some(object.data.clone())
}

fn ruleset(target: &Opened, config: &Config, options: &Options) -> Result<Ruleset, Error> {
    let root = target.root().unwrap_or(Path::new(""));
    let mut paths = Vec::new();
    for path in &config.rules.paths {
        paths.push(config.resolve(root, path)?);
    }
    paths.extend(options.rules.iter().cloned());
    let ruleset = Ruleset::load(&paths)?;
    let known: Vec<&str> = ruleset.rules().iter().map(|rule| rule.id.as_str()).collect();
    config.check_rule_ids(&known)?;
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
    files: &Files<'_>,
    config: &Config,
    options: &Options,
) -> Result<Option<(String, Vec<u8>)>, Error> {
    if options.no_baseline {
        return Ok(None);
    }
    if let Some(path) = &options.baseline {
        let name = escape(path.as_os_str().as_encoded_bytes());
        return Ok(Some((name.clone(), read_bounded(path, &name)?)));
    }
    let Some(path) = &config.baseline else { return Ok(None) };
    let name = escape(path.value.as_os_str().as_encoded_bytes());
    if let (true, Some((repo, base)), Some(relative)) =
        (config.is_restricted(), files.base, path.value.to_str())
    {
        return Ok(file_at(repo, base, relative).map(|content| (name, content)));
    }
    let place = config.resolve(files.target.root().unwrap_or(Path::new("")), path)?;
    Ok(Some((name.clone(), read_bounded(&place, &name)?)))
}
