//! Pipes, sockets and devices in a git directory: whoever opens one may wait for ever. Git has none
//! among what is read here, so a repository with one is refused before anything there is opened.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

/// Deepest folder below `refs` and `objects` that is entered.
const MAX_DEPTH: usize = 32;
/// Longest `.git` or `commondir` file that is read, bytes.
const MAX_POINTER: u64 = 4096;

/// What git reads at the top of a git directory.
const FILES: [&str; 8] =
    ["HEAD", "config", "config.worktree", "commondir", "gitdir", "packed-refs", "shallow", "index"];
/// Folders of which it reads everything.
const FOLDERS: [&str; 4] = ["refs", "logs", "objects", "worktrees"];

/// The first thing that is neither file nor folder among what git would read of the repository whose
/// working tree or git directory is `path`.
pub fn in_repository(path: &Path) -> Option<PathBuf> {
    let dot_git = path.join(".git");
    let git_dir = match dot_git.metadata() {
        Ok(found) if found.is_dir() => dot_git,
        Ok(found) if found.is_file() => path.join(pointer(&dot_git, "gitdir:")?),
        Ok(_) => return Some(dot_git),
        Err(_) => path.to_owned(),
    };
    in_git_dir(&git_dir).or_else(|| {
        let common = git_dir.join(pointer(&git_dir.join("commondir"), "")?);
        in_git_dir(&common)
    })
}

fn in_git_dir(git_dir: &Path) -> Option<PathBuf> {
    let files = FILES.iter().map(|name| git_dir.join(name));
    files
        .filter(|file| is_special(file))
        .chain(FOLDERS.iter().filter_map(|name| in_folder(&git_dir.join(name), 0)))
        .next()
}

/// The same below a folder, such as an object directory.
pub fn in_folder(folder: &Path, depth: usize) -> Option<PathBuf> {
    if depth > MAX_DEPTH {
        return None;
    }
    // What is not there or may not be read is for whoever reads it to say.
    let entries = fs::read_dir(folder).ok()?;
    entries.flatten().find_map(|entry| {
        let kind = entry.file_type().ok()?;
        let path = entry.path();
        if kind.is_dir() {
            in_folder(&path, depth + 1)
        } else if kind.is_file() {
            None
        } else if path.is_dir() {
            // A link leads anywhere, also back: of its folder only what stands directly in it.
            in_folder(&path, MAX_DEPTH)
        } else {
            is_special(&path).then_some(path)
        }
    })
}

/// Whether something that is neither file nor folder is there, links followed.
fn is_special(path: &Path) -> bool {
    path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// The path that a file of one line names after `prefix`.
fn pointer(file: &Path, prefix: &str) -> Option<PathBuf> {
    if !file.metadata().is_ok_and(|found| found.is_file()) {
        return None;
    }
    let mut text = Vec::new();
    fs::File::open(file).ok()?.take(MAX_POINTER).read_to_end(&mut text).ok()?;
    let text = text.strip_prefix(prefix.as_bytes())?;
    Some(bstr::ByteSlice::to_path(text.trim_ascii()).ok()?.to_owned())
}
