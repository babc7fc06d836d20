//! The files of a target that its own settings come from. A range is judged by those of the commit
//! before it, so that no change can relax its own check.

use std::fs;
use std::path::{Path, PathBuf};

use bstr::ByteSlice as _;
use gix::ObjectId;

use super::target::Opened;
use super::{Error, Options, Scope};
use crate::config::{Config, ConfigError, FILE_NAMES, Fault, Located, MAX_FILE, read_in_target};
use crate::model::text::escape;
use crate::rule::{self, RuleError, RuleText};
use crate::source::repository::Repository;
use crate::source::selection::Selection;
use crate::source::snapshot::Snapshot;

/// Where a target's own settings come from.
pub enum Files<'a> {
    /// A folder of this machine.
    Folder(&'a Path),
    /// A commit.
    Commit(&'a Repository, ObjectId),
    /// The target has none that count.
    None,
}

impl<'a> Files<'a> {
    /// Those of `target`, when `selection` is scanned.
    pub fn of(target: &'a Opened, options: &Options, selection: Option<&Selection>) -> Files<'a> {
        let base = match options.scope {
            Scope::Range(_) | Scope::Pushed(_) | Scope::Between(_) => {
                Some(selection.and_then(|selection| selection.base))
            }
            Scope::HistoryOf(_, base) => Some(base),
            _ => None,
        };
        if let Some(base) = base {
            return match target.repository().zip(base) {
                Some((repo, base)) => Files::Commit(repo, base),
                None => Files::None,
            };
        }
        target.root().map_or(Files::None, Files::Folder)
    }

    /// The configuration, restricted to what a target may say.
    pub fn config(&self) -> Result<Config, ConfigError> {
        if let Files::Folder(root) = self {
            return Ok(Config::discover(root)?.unwrap_or_default());
        }
        let mut found = None;
        for name in FILE_NAMES {
            let Some(content) = self.read(Path::new(name), MAX_FILE)? else { continue };
            if let Some((first, _)) = found {
                let why = format!("there is {name} too; keep one of them");
                return Err(ConfigError::Refused { file: str::to_owned(first), why });
            }
            found = Some((name, content));
        }
        match found {
            Some((name, content)) => Config::parse_bytes(&content, name)?.restrict(),
            None => Ok(Config::default()),
        }
    }

    /// A file's bytes; none when it does not exist. More than `limit` bytes are refused.
    pub fn read(&self, path: &Path, limit: usize) -> Result<Option<Vec<u8>>, ConfigError> {
        match self {
            Files::Folder(root) => read_in_target(root, path, limit),
            Files::Commit(repo, commit) => Snapshot::of(repo, *commit)
                .and_then(|snapshot| snapshot.read(bytes(path), limit as u64))
                .map_err(|source| ConfigError::Read { file: shown(path), source }),
            Files::None => Ok(None),
        }
    }

    /// The rule files that a target's own `config` names with `path`: a file, or those of a folder.
    pub fn rules(&self, config: &Config, path: &Located<PathBuf>) -> Result<Vec<RuleText>, Error> {
        let mut texts = Vec::new();
        for file in self.rule_files(config, path)? {
            let Some(content) = self.read(&file, rule_limit())? else {
                let message = format!("there is no `{}`{}", shown(&file), self.place());
                let fault = Fault { line: Some(path.line), message };
                let file = config.file.clone().unwrap_or_default();
                return Err(ConfigError::Faults { file, faults: vec![fault] }.into());
            };
            texts.push(RuleText::from_bytes(shown(&file), content)?);
        }
        if texts.is_empty() {
            return Err(RuleError::NoFiles { path: shown(&path.value) }.into());
        }
        Ok(texts)
    }

    /// `path` itself, or when it is a folder the rule files in it.
    fn rule_files(&self, config: &Config, path: &Located<PathBuf>) -> Result<Vec<PathBuf>, Error> {
        let located = path;
        let path = path.value.as_path();
        let fail = |source| RuleError::Read { path: shown(path), source };
        let mut names = match self {
            Files::Folder(root) => {
                let place = config.resolve(root, located)?;
                if !place.is_dir() {
                    return Ok(vec![path.to_owned()]);
                }
                let entries = fs::read_dir(place).map_err(fail)?;
                let names = entries.map(|entry| entry.map(|entry| entry.file_name().into()));
                names.collect::<Result<Vec<PathBuf>, _>>().map_err(fail)?
            }
            Files::Commit(repo, commit) => {
                let snapshot = Snapshot::of(repo, *commit).map_err(fail)?;
                match snapshot.list(bytes(path)).map_err(fail)? {
                    Some(names) => names
                        .iter()
                        .filter_map(|name| name.to_path().ok())
                        .map(Path::to_owned)
                        .collect(),
                    None => return Ok(vec![path.to_owned()]),
                }
            }
            Files::None => return Ok(vec![path.to_owned()]),
        };
        names.retain(|name| rule::load::is_rule_file(name));
        if names.len() > rule::MAX_RULES {
            return Err(RuleError::TooManyRules.into());
        }
        names.sort();
        Ok(names.into_iter().map(|name| path.join(name)).collect())
    }

    /// Where that is, for messages.
    fn place(&self) -> String {
        match self {
            Files::Commit(_, commit) => format!(" in commit {commit}, before the range"),
            Files::Folder(_) | Files::None => String::new(),
        }
    }
}

fn rule_limit() -> usize {
    usize::try_from(rule::MAX_FILE).unwrap_or(usize::MAX)
}

fn bytes(path: &Path) -> &[u8] {
    path.as_os_str().as_encoded_bytes()
}

fn shown(path: &Path) -> String {
    escape(bytes(path))
}
