//! What a target turns out to be.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Error, Options, Scope, Subject};
use crate::model::text::escape;
use crate::output::Target;
use crate::source;
use crate::source::repository::Repository;

/// A target, opened.
pub struct Opened {
    /// As the user named it, escaped.
    pub name: String,
    /// What it is.
    pub what: What,
}

/// What a target is.
pub enum What {
    /// A git repository.
    Repository(Box<Repository>),
    /// A directory without a repository of its own.
    Directory(PathBuf),
    /// One file.
    File(PathBuf),
    /// Standard input.
    Stdin,
}

impl Opened {
    /// The repository, if it is one.
    pub fn repository(&self) -> Option<&Repository> {
        match &self.what {
            What::Repository(repository) => Some(repository),
            _ => None,
        }
    }

    /// The directory that configuration and ignore files are looked for in.
    pub fn root(&self) -> Option<&Path> {
        match &self.what {
            What::Repository(repository) => repository.worktree.as_deref(),
            What::Directory(path) => Some(path),
            What::File(_) | What::Stdin => None,
        }
    }

    /// What outputs show of it.
    pub fn shown(&self) -> Target {
        let repository = self.repository();
        Target {
            name: self.name.clone(),
            kind: match self.what {
                What::Repository(_) => "repository",
                What::Directory(_) => "directory",
                What::File(_) => "file",
                What::Stdin => "stdin",
            },
            remote: repository.and_then(Repository::remote),
            head: repository.and_then(Repository::head).map(|id| id.to_string()),
            branch: repository.and_then(Repository::branch),
        }
    }
}

/// Opens what `subject` names.
pub fn open(subject: &Subject, options: &Options) -> Result<Opened, Error> {
    let (name, what) = match subject {
        Subject::Stdin => ("-".to_owned(), What::Stdin),
        Subject::Here(path) => {
            let absolute = path.canonicalize().map_err(|source| unreadable(path, source))?;
            let what = match Repository::discover(&absolute)? {
                Some(repository) => What::Repository(Box::new(repository)),
                None => What::Directory(path.clone()),
            };
            (shown(path), what)
        }
        Subject::Path(path) => (shown(path), open_path(path)?),
    };
    let mut opened = Opened { name, what };
    if let (What::Repository(repository), Some(index)) = (&mut opened.what, &options.git_index) {
        repository.use_index(index);
    }
    if let (What::Repository(repository), Some(incoming)) = (&mut opened.what, &options.quarantine)
    {
        repository.use_quarantine(incoming)?;
    }
    let option = match options.scope {
        Scope::NoHistory if opened.repository().is_some_and(|repo| repo.worktree.is_none()) => {
            return Err(Error::Bare { option: "--no-history", target: opened.name });
        }
        Scope::Everything | Scope::NoHistory => return Ok(opened),
        Scope::HistoryOnly | Scope::HistoryOf(..) => "--history-only",
        Scope::Staged => "--staged",
        Scope::Range(_) | Scope::Between(_) => "--range",
        Scope::Since(_) => "--since",
        Scope::Branch(_) => "--branch",
        Scope::Pushed(_) | Scope::Pushing { .. } => "a push",
        Scope::Message(_) => "a message",
    };
    match &opened.what {
        What::Repository(repository)
            if repository.worktree.is_none() && options.scope == Scope::Staged =>
        {
            Err(Error::Bare { option, target: opened.name })
        }
        What::Repository(_) => Ok(opened),
        _ => Err(Error::NotARepository { option, target: opened.name }),
    }
}

fn open_path(path: &Path) -> Result<What, Error> {
    let text = path.as_os_str().as_encoded_bytes();
    if memchr::memmem::find(text, b"://").is_some() && fs::symlink_metadata(path).is_err() {
        return Err(source::Error::Url.into());
    }
    let meta = fs::metadata(path).map_err(|source| unreadable(path, source))?;
    if meta.is_file() {
        return Ok(What::File(path.to_owned()));
    }
    if !meta.is_dir() {
        let reason = io::Error::other("neither a file nor a directory; for a pipe use `-`");
        return Err(unreadable(path, reason));
    }
    Ok(match Repository::open(path)? {
        Some(repository) => What::Repository(Box::new(repository)),
        None => What::Directory(path.to_owned()),
    })
}

fn unreadable(path: &Path, source: io::Error) -> Error {
    Error::Source(source::Error::Target { path: shown(path), source })
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}
