//! Files outside the object store: working trees and plain directories.
//!
//! Symbolic links are not followed: what git stores of one is its target's name, and that is what
//! is read here. Devices, pipes and sockets are passed over. A directory with a repository of its
//! own (a submodule, a nested clone) is left to a scan of its own and named in the notes.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ignore::{DirEntry, WalkBuilder};

use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct WorkFile {
    /// Path below the root, `/` between the parts.
    pub path: Vec<u8>,
    /// Where it is.
    pub full: PathBuf,
    /// Size when listed, bytes.
    pub size: u64,
    /// Whether it is a symbolic link.
    pub is_link: bool,
}

/// What a walk found.
#[derive(Debug, Default)]
pub struct Listing {
    /// By path.
    pub files: Vec<WorkFile>,
    /// Directories with a repository of their own, relative to the root, escaped.
    pub nested: Vec<String>,
}

/// Lists the files of a working tree: tracked ones, untracked ones, and with `include_ignored`
/// those that git ignores.
pub fn list_worktree(
    root: &Path,
    tracked: &BTreeSet<Vec<u8>>,
    include_ignored: bool,
    log: &IncompleteLog,
) -> Listing {
    let mut builder = WalkBuilder::new(root);
    builder.standard_filters(false);
    if !include_ignored {
        builder.git_ignore(true).git_exclude(true).git_global(true);
    }
    let mut listing = walk(&mut builder, root, log);
    // What is tracked counts although a pattern ignores it.
    let listed: BTreeSet<&[u8]> = listing.files.iter().map(|file| file.path.as_slice()).collect();
    let forced: Vec<WorkFile> = tracked
        .iter()
        .filter(|path| !listed.contains(path.as_slice()))
        .filter_map(|path| tracked_file(root, path))
        .collect();
    listing.files.extend(forced);
    listing.files.sort();
    listing
}

/// Lists every file below `root`.
pub fn list_directory(root: &Path, log: &IncompleteLog) -> Listing {
    let mut builder = WalkBuilder::new(root);
    builder.standard_filters(false);
    let mut listing = walk(&mut builder, root, log);
    listing.files.sort();
    listing
}

fn walk(builder: &mut WalkBuilder, root: &Path, log: &IncompleteLog) -> Listing {
    let mut listing = Listing::default();
    let nested = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let (found, base) = (std::sync::Arc::clone(&nested), root.to_owned());
    builder.follow_links(false).filter_entry(move |entry| enter(entry, &base, &found));
    for entry in builder.build() {
        match entry {
            Ok(entry) => {
                if let Some(file) = work_file(&entry, root, log) {
                    listing.files.push(file);
                }
            }
            Err(error) => log.add(IncompleteKind::Unreadable, relative_message(&error, root)),
        }
    }
    listing.nested = nested.lock().map(|names| names.clone()).unwrap_or_default();
    listing.nested.sort();
    listing
}

/// Whether to go into (or read) an entry; notes repositories inside the root.
fn enter(entry: &DirEntry, root: &Path, nested: &std::sync::Mutex<Vec<String>>) -> bool {
    if entry.depth() == 0 {
        return true;
    }
    if entry.file_name() == ".git" {
        return false;
    }
    if entry.file_type().is_some_and(|kind| kind.is_dir()) && entry.path().join(".git").exists() {
        if let (Some(path), Ok(mut nested)) = (relative(entry.path(), root), nested.lock()) {
            nested.push(escape(&path));
        }
        return false;
    }
    true
}

fn work_file(entry: &DirEntry, root: &Path, log: &IncompleteLog) -> Option<WorkFile> {
    let kind = entry.file_type()?;
    if !kind.is_file() && !kind.is_symlink() {
        return None;
    }
    let path = relative(entry.path(), root)?;
    match entry.metadata() {
        Ok(meta) => Some(WorkFile {
            path,
            full: entry.path().to_owned(),
            size: meta.len(),
            is_link: kind.is_symlink(),
        }),
        Err(error) => {
            log.add(IncompleteKind::Unreadable, format!("{}: {error}", escape(&path)));
            None
        }
    }
}

fn tracked_file(root: &Path, path: &[u8]) -> Option<WorkFile> {
    let full = root.join(gix_path(path)?);
    let meta = fs::symlink_metadata(&full).ok()?;
    let is_link = meta.file_type().is_symlink();
    (meta.is_file() || is_link).then(|| WorkFile {
        path: path.to_owned(),
        full,
        size: meta.len(),
        is_link,
    })
}

/// A path from the index as the system writes it. Index entries of a hostile repository may try to
/// leave the working tree: those give none.
fn gix_path(path: &[u8]) -> Option<PathBuf> {
    let path = bstr::ByteSlice::to_path(path).ok()?;
    let inside = path.components().all(|part| matches!(part, std::path::Component::Normal(_)));
    inside.then(|| path.to_owned())
}

fn relative(path: &Path, root: &Path) -> Option<Vec<u8>> {
    let path = path.strip_prefix(root).ok()?;
    let parts: Vec<&[u8]> =
        path.components().map(|part| part.as_os_str().as_encoded_bytes()).collect();
    Some(parts.join(&b'/'))
}

/// ignore's error, without the place where the root is on this machine.
fn relative_message(error: &ignore::Error, root: &Path) -> String {
    let root = format!("{}/", root.display());
    escape(error.to_string().replace(&root, "").as_bytes())
}

/// What reading a file gave.
pub enum Content {
    /// All of it.
    Whole(Vec<u8>),
    /// Too large to hold.
    Stream(File),
}

/// Opens a file: up to `whole` bytes it is read at once. A file that grows while it is read is
/// streamed.
pub fn open(file: &WorkFile, whole: u64) -> io::Result<Content> {
    if file.is_link {
        let target = fs::read_link(&file.full)?;
        return Ok(Content::Whole(target.into_os_string().into_encoded_bytes()));
    }
    let mut opened = File::open(&file.full)?;
    // Between listing and opening a file may have become something that never ends.
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("is no longer a plain file"));
    }
    if file.size > whole {
        return Ok(Content::Stream(opened));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(file.size).unwrap_or(0) + 1);
    (&mut opened).take(whole + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > whole {
        return File::open(&file.full).map(Content::Stream);
    }
    Ok(Content::Whole(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(listing: &Listing) -> Vec<String> {
        listing.files.iter().map(|file| escape(&file.path)).collect()
    }

    #[test]
    fn ignored_files_count_when_tracked_or_asked_for() {
        let dir = tempfile::tempdir().expect("temp dir");
        let root = dir.path();
        for name in [".gitignore", "a.txt", "b.log", "c.log", "sub/d.txt", ".hidden"] {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("has parent")).expect("made");
            fs::write(path, "*.log\n").expect("written");
        }
        fs::create_dir_all(root.join(".git")).expect("made");
        fs::create_dir_all(root.join("nested/.git")).expect("made");
        fs::write(root.join("nested/x"), "x").expect("written");
        let log = IncompleteLog::default();
        let tracked = BTreeSet::from([b"c.log".to_vec(), b"../outside".to_vec()]);
        let listing = list_worktree(root, &tracked, false, &log);
        assert_eq!(names(&listing), [".gitignore", ".hidden", "a.txt", "c.log", "sub/d.txt"]);
        assert_eq!(listing.nested, ["nested"]);
        let all = list_worktree(root, &tracked, true, &log);
        assert_eq!(names(&all), [".gitignore", ".hidden", "a.txt", "b.log", "c.log", "sub/d.txt"]);
        assert!(log.entries().is_empty());
    }

    #[cfg(unix)]
    #[test]
    fn links_are_read_not_followed() {
        let dir = tempfile::tempdir().expect("temp dir");
        std::os::unix::fs::symlink("loop", dir.path().join("loop")).expect("linked");
        let listing = list_directory(dir.path(), &IncompleteLog::default());
        assert_eq!(names(&listing), ["loop"]);
        let Content::Whole(bytes) = open(&listing.files[0], 100).expect("readable") else {
            panic!("a link is short");
        };
        assert_eq!(bytes, b"loop");
    }
}
