//! What a scan remembers for the next one: which objects of a repository were searched under which
//! rules, and what was found in them.
//!
//! The next scan reads what is new and has the rest from here; its report is the one that a scan of
//! everything would give. A state that does not fit (another key, another build, other limits) is
//! put aside and everything is read. No secret is kept: where one stands is, and its bytes are read
//! again from the repository.
//!
//! [`file`] is the file as a whole, [`memory`] its main part, [`places`] finds the objects of then
//! among those of now, [`matches`] what was found in them, [`history`] makes a scan out of both,
//! and [`save`] writes the state for the next.

mod codec;
mod commits;
mod file;
mod fresh;
mod history;
mod layers;
mod matches;
mod memory;
mod needles;
mod places;
mod recording;
mod rules;
mod save;
mod trees;

use std::path::{Path, PathBuf};

pub use file::Key;
pub use history::history;
pub use memory::Conditions;
pub use recording::{Recorded, Recording, Tally, Totals};
pub use save::Draft;

use super::target::Opened;
use super::{Error, Options, Scope};
use crate::finding::key_file::ObtainedKey;

/// A state file that the user named, and the key that authenticates it.
pub struct Keeper {
    /// Where it lies, or will.
    path: PathBuf,
    key: Key,
}

impl Keeper {
    /// What authenticates the file.
    pub fn key(&self) -> &Key {
        &self.key
    }

    /// What `options` ask to be kept of `target`; none when they do not, or when there will be no
    /// key to read it with, which a note says.
    pub fn of(
        target: &Opened,
        options: &Options,
        key: &ObtainedKey,
        notes: &mut Vec<String>,
    ) -> Result<Option<Keeper>, Error> {
        let Some(path) = &options.state else { return Ok(None) };
        if options.subjects.len() > 1 {
            return Err(Error::State("it is for one target"));
        }
        let Some(repository) = target.repository() else {
            return Err(Error::State("it needs a git repository"));
        };
        if !matches!(options.scope, Scope::Everything | Scope::HistoryOnly) {
            return Err(Error::State("it is for scans of the whole history"));
        }
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(Error::State(
                "it names something that is no file, which would be replaced; name a file",
            ));
        }
        let theirs = [
            repository.worktree.as_deref(),
            Some(repository.git.git_dir()),
            Some(&repository.common_dir),
        ];
        if theirs.into_iter().flatten().any(|folder| is_inside(path, folder)) {
            return Err(Error::State(
                "it lies inside the target, which could bring one along that says whatever it likes; name a file elsewhere",
            ));
        }
        if !key.lasting {
            notes.push(
                "no state was kept: the next run could not read it without a lasting fingerprint key"
                    .to_owned(),
            );
            return Ok(None);
        }
        Ok(Some(Keeper { path: path.clone(), key: Key::of(&key.key) }))
    }
}

/// Whether `path` lies below `folder`, links followed.
fn is_inside(path: &Path, folder: &Path) -> bool {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let parent = parent.unwrap_or(Path::new(".")).canonicalize();
    let whole = path.canonicalize().ok();
    let folder = folder.canonicalize();
    let Ok(folder) = folder else { return false };
    parent.is_ok_and(|parent| parent.starts_with(&folder))
        || whole.is_some_and(|whole| whole.starts_with(&folder))
}
