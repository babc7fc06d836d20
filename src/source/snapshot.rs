//! The files of one commit, by path: for settings that must come from before the change that they
//! judge.
//!
//! Symbolic links are followed as a checkout would follow them, but never out of the commit.

use std::collections::VecDeque;
use std::io;

use gix::ObjectId;
use gix::objs::tree::EntryKind;

use super::history::store::Reader;
use super::repository::Repository;
use crate::model::text::escape;

/// Links that are followed for one path, as many as Linux follows.
const MAX_LINKS: usize = 40;
/// Bytes of a link's target, and of a path while links are put into it.
const MAX_PATH: usize = 4096;
/// Folders that are looked into for one path.
const MAX_STEPS: usize = 500;

/// A commit's files.
pub struct Snapshot<'a> {
    repo: &'a gix::Repository,
    tree: ObjectId,
}

/// What stands at a path.
enum Found {
    File(ObjectId),
    Folder(ObjectId),
}

impl<'a> Snapshot<'a> {
    /// The files of `commit`.
    pub fn of(repo: &'a Repository, commit: ObjectId) -> io::Result<Snapshot<'a>> {
        let commit = repo.git.find_commit(commit).map_err(broken)?;
        let tree = commit.tree_id().map_err(broken)?.detach();
        Ok(Snapshot { repo: &repo.git, tree })
    }

    /// The bytes of the file at `path` (`/` between its parts); none when nothing is there. A file
    /// of more than `limit` bytes, a folder, and a link out of the commit are errors.
    pub fn read(&self, path: &[u8], limit: u64) -> io::Result<Option<Vec<u8>>> {
        let id = match self.find(path)? {
            Some(Found::File(id)) => id,
            Some(Found::Folder(_)) => return Err(io::Error::other("is a folder")),
            None => return Ok(None),
        };
        self.blob(id, limit).map(Some)
    }

    /// The names in the folder at `path`, sorted; none when it is no folder.
    pub fn list(&self, path: &[u8]) -> io::Result<Option<Vec<Vec<u8>>>> {
        let Some(Found::Folder(id)) = self.find(path)? else { return Ok(None) };
        let tree = self.repo.find_tree(id).map_err(broken)?;
        let mut names = Vec::new();
        for entry in tree.iter() {
            names.push(entry.map_err(broken)?.filename().to_vec());
        }
        names.sort();
        Ok(Some(names))
    }

    fn find(&self, path: &[u8]) -> io::Result<Option<Found>> {
        let mut parts: VecDeque<Vec<u8>> = split(path).collect();
        let mut folders = vec![self.tree];
        let (mut links, mut steps) = (0, 0);
        while let Some(part) = parts.pop_front() {
            if part.is_empty() || part == b"." {
                continue;
            }
            if part == b".." {
                folders.pop();
            }
            let Some(folder) = folders.last() else { return Err(outside()) };
            if part == b".." {
                continue;
            }
            steps += 1;
            if steps > MAX_STEPS {
                return Err(io::Error::other("leads through too many folders"));
            }
            let tree = self.repo.find_tree(*folder).map_err(broken)?;
            let Some(entry) = tree.find_entry(part.as_slice()) else { return Ok(None) };
            let id = entry.object_id();
            match entry.mode().kind() {
                EntryKind::Tree => folders.push(id),
                EntryKind::Blob | EntryKind::BlobExecutable => {
                    return Ok(parts.is_empty().then_some(Found::File(id)));
                }
                EntryKind::Link => {
                    let target = self.blob(id, MAX_PATH as u64)?;
                    links += 1;
                    let length: usize = parts.iter().map(Vec::len).sum();
                    if links > MAX_LINKS || length + target.len() > MAX_PATH {
                        return Err(io::Error::other("leads through too many symbolic links"));
                    }
                    if target.first() == Some(&b'/') {
                        return Err(outside());
                    }
                    split(&target).rev().for_each(|part| parts.push_front(part));
                }
                EntryKind::Commit => return Ok(None),
            }
        }
        Ok(folders.pop().map(Found::Folder))
    }

    fn blob(&self, id: ObjectId, limit: u64) -> io::Result<Vec<u8>> {
        let reader = Reader::of(self.repo);
        if reader.header(&id).is_some_and(|(_, size)| size > limit) {
            return Err(io::Error::other(format!("larger than {limit} bytes")));
        }
        let mut content = Vec::new();
        reader.read(&id, &mut content).map_err(broken)?;
        Ok(content)
    }
}

fn split(path: &[u8]) -> impl DoubleEndedIterator<Item = Vec<u8>> {
    path.split(|byte| *byte == b'/').map(<[u8]>::to_vec)
}

fn outside() -> io::Error {
    io::Error::other("leads out of the target")
}

fn broken(error: impl std::fmt::Display) -> io::Error {
    io::Error::other(escape(error.to_string().as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use gix::objs::tree::{Entry, EntryMode};
    use gix::objs::{Commit, Tree};

    use super::*;

    fn tree(git: &gix::Repository, entries: &[(EntryKind, &str, ObjectId)]) -> ObjectId {
        let mut entries: Vec<Entry> = entries
            .iter()
            .map(|(kind, name, oid)| Entry {
                mode: EntryMode::from(*kind),
                filename: (*name).into(),
                oid: *oid,
            })
            .collect();
        entries.sort();
        git.write_object(Tree { entries }).expect("written").detach()
    }

    /// A commit with `conf/l.yml`, links of all kinds to it, and one that leads out.
    fn commit(git: &gix::Repository) -> ObjectId {
        let blob = |text: &str| git.write_blob(text).expect("written").detach();
        let conf = tree(
            git,
            &[
                (EntryKind::Blob, "l.yml", blob("here")),
                (EntryKind::Link, "up", blob("../conf/./l.yml")),
                (EntryKind::Link, "self", blob("self")),
            ],
        );
        let root = tree(
            git,
            &[
                (EntryKind::Tree, "conf", conf),
                (EntryKind::Link, "file", blob("folder/up")),
                (EntryKind::Link, "folder", blob("conf")),
                (EntryKind::Link, "out", blob("conf/../../conf/l.yml")),
                (EntryKind::Link, "root", blob("/etc/hostname")),
                (EntryKind::Link, "far", blob(&"conf/../".repeat(500))),
            ],
        );
        let who = gix::actor::Signature {
            name: "A".into(),
            email: "a@b.test".into(),
            time: gix::date::Time::new(1_700_000_000, 0),
        };
        let commit = Commit {
            tree: root,
            parents: Vec::new().into(),
            author: who.clone(),
            committer: who,
            encoding: None,
            message: "m".into(),
            extra_headers: Vec::new(),
        };
        git.write_object(commit).expect("written").detach()
    }

    fn with(check: impl Fn(&Snapshot<'_>)) {
        let folder = tempfile::tempdir().expect("a folder");
        gix::init_bare(folder.path()).expect("a repository");
        let repo = Repository::open(Path::new(folder.path())).expect("readable").expect("is one");
        check(&Snapshot::of(&repo, commit(&repo.git)).expect("a commit"));
    }

    #[test]
    fn files_are_read_through_links_inside_the_commit() {
        with(|snapshot| {
            for path in ["conf/l.yml", "./conf//l.yml", "file", "folder/up", "folder/l.yml"] {
                let read = snapshot.read(path.as_bytes(), 4).expect("readable");
                assert_eq!(read.as_deref(), Some(&b"here"[..]), "{path}");
            }
            for path in ["none", "conf/none", "conf/l.yml/x", "file/x"] {
                assert!(snapshot.read(path.as_bytes(), 4).expect("nothing there").is_none());
            }
            let names = snapshot.list(b"folder").expect("readable").expect("a folder");
            assert_eq!(names, [&b"l.yml"[..], b"self", b"up"]);
            assert!(snapshot.list(b"file").expect("readable").is_none());
        });
    }

    #[test]
    fn what_leads_out_or_is_no_file_is_refused() {
        with(|snapshot| {
            let why = |path: &str, limit| match snapshot.read(path.as_bytes(), limit) {
                Err(error) => error.to_string(),
                Ok(_) => panic!("{path} is read"),
            };
            assert_eq!(why("out", 9), "leads out of the target");
            assert_eq!(why("root", 9), "leads out of the target");
            assert_eq!(why("conf/self", 9), "leads through too many symbolic links");
            assert_eq!(why("far", 9), "leads through too many folders");
            assert_eq!(why("conf", 9), "is a folder");
            assert_eq!(why("file", 3), "larger than 3 bytes");
        });
    }
}
