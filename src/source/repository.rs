//! A git repository as a whole: how it is opened, what its references point to, its index, its
//! shallow boundary and where it came from.
//!
//! Repositories are untrusted. They are opened without the user's and the system's git
//! configuration and without environment overrides other than the index that git names to its own
//! hooks; nothing of their configuration is run.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use gix::ObjectId;
use gix::objs::Kind;

pub use gix::index::extension::Tree as CacheTree;

use super::history::store::{Reader, Store};
use super::{Error, special};
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// Bytes of one reflog that are read.
const REFLOG_BYTES: u64 = 64 << 20;
/// Deepest chain of tags that is followed.
const TAG_DEPTH: usize = 16;

/// A reference and what it stands for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Tip {
    /// Full name, such as `refs/heads/main`, escaped.
    pub name: Arc<str>,
    /// The commit (or other object) that it leads to.
    pub id: ObjectId,
}

/// A file in the index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexEntry {
    /// Path below the working tree's root.
    pub path: Vec<u8>,
    /// The staged blob.
    pub id: ObjectId,
    /// Whether it is a submodule's commit.
    pub is_link: bool,
}

/// An opened repository.
pub struct Repository {
    /// gix's own view of it.
    pub git: gix::Repository,
    /// The working tree's root; none when bare.
    pub worktree: Option<PathBuf>,
    /// The git directory that linked working trees share.
    pub common_dir: PathBuf,
    /// Index in place of the git directory's own.
    index_file: Option<PathBuf>,
    /// For a push in quarantine: a folder that joins it with the repository's own objects, and those
    /// alone.
    joined: Option<(tempfile::TempDir, gix::OdbHandle)>,
}

impl Repository {
    /// Opens the repository whose working tree or git directory is `path`. `Ok(None)` when it is
    /// neither.
    pub fn open(path: &Path) -> Result<Option<Repository>, Error> {
        let looks_like_one = path.join(".git").exists() || is_git_dir(path);
        if !looks_like_one {
            return Ok(None);
        }
        let refuse = |what: &Path| Error::Repository {
            path: escape(path.as_os_str().as_encoded_bytes()),
            reason: format!(
                "`{}` is neither a file nor a folder; remove it",
                escape(what.as_os_str().as_encoded_bytes())
            ),
        };
        if let Some(what) = special::in_repository(path) {
            return Err(refuse(&what));
        }
        let bare = !path.join(".git").exists();
        let options = gix::open::Options::isolated().open_path_as_is(bare);
        let mut git = gix::ThreadSafeRepository::open_opts(path, options)
            .map_err(|error| Error::Repository {
                path: escape(path.as_os_str().as_encoded_bytes()),
                reason: escape(error.to_string().as_bytes()),
            })?
            .to_thread_local();
        // `refs/replace/` may say that a commit has other parents: what is stored counts.
        git.objects.ignore_replacements = true;
        let worktree = git.workdir().map(Path::to_owned);
        let common_dir = git.common_dir().to_owned();
        let objects = git.objects.store_ref().path().to_owned();
        let alternates = gix::odb::alternate::resolve(objects.clone(), &objects);
        let mut alternates = alternates.unwrap_or_default().into_iter();
        if let Some(what) = alternates.find_map(|folder| special::in_folder(&folder, 0)) {
            return Err(refuse(&what));
        }
        Ok(Some(Repository { git, worktree, common_dir, index_file: None, joined: None }))
    }

    /// Finds the repository that `path` is inside of, looking upwards.
    pub fn discover(path: &Path) -> Result<Option<Repository>, Error> {
        for directory in path.ancestors() {
            if let Some(repository) = Repository::open(directory)? {
                return Ok(Some(repository));
            }
        }
        Ok(None)
    }

    /// The folder of the repository whose checkout `path` lies in, looking upwards: the nearest one
    /// with a `.git`, or else `path` itself where that is a git directory. A bare repository among
    /// the files of a checkout is part of what is checked out and never taken for the repository:
    /// its configuration could run programs (git-config(1), `safe.bareRepository`).
    pub fn checkout(path: &Path) -> Option<PathBuf> {
        let path = path.canonicalize().ok()?;
        let around = path.ancestors().find(|folder| folder.join(".git").exists());
        around.map(Path::to_owned).or_else(|| is_git_dir(&path).then_some(path))
    }

    /// Uses the index at `path`, the value of `GIT_INDEX_FILE`: `git commit -a` and `git commit
    /// PATH` make one for the time of the commit and name it to the pre-commit hook. Leaves things
    /// as they are unless it lies in this repository's git directory, as git's own do.
    pub fn use_index(&mut self, path: &Path) {
        let folder = path.parent().and_then(|folder| folder.canonicalize().ok());
        if folder.is_some() && folder == self.git.git_dir().canonicalize().ok() {
            self.index_file = Some(path.to_owned());
        }
    }

    /// Reads what a push has brought and the server has not taken yet, too: the folder that git
    /// names to its pre-receive and update hooks (`GIT_QUARANTINE_PATH`, git-receive-pack(1),
    /// "Quarantine Environment"). It must lie among the repository's objects, where git makes it.
    ///
    /// # Errors
    ///
    /// When the folder lies elsewhere, holds something else than files and folders, or cannot be
    /// read.
    pub fn use_quarantine(&mut self, incoming: &Path) -> Result<(), Error> {
        let shown = |path: &Path| escape(path.as_os_str().as_encoded_bytes());
        let fail = |reason: String| Error::Repository { path: shown(incoming), reason };
        let own = self.common_dir.join("objects").canonicalize();
        let own = own.map_err(|error| fail(error.to_string()))?;
        let folder = incoming.canonicalize().map_err(|error| fail(error.to_string()))?;
        if folder == own || !folder.starts_with(&own) {
            let reason = "GIT_QUARANTINE_PATH is no folder among the objects of this repository";
            return Err(fail(reason.to_owned()));
        }
        if let Some(what) = special::in_folder(&folder, 0) {
            return Err(fail(format!("`{}` is neither a file nor a folder", shown(&what))));
        }
        // A folder without objects of its own, which has both as alternates. The quarantine itself
        // cannot name the rest: git would move that file among the repository's objects.
        let mut list = Vec::new();
        for folder in [&folder, &own] {
            let bytes = folder.as_os_str().as_encoded_bytes();
            if bytes.contains(&b'\n') {
                return Err(fail("line feeds in its path cannot be read; move it".to_owned()));
            }
            list.extend_from_slice(bytes);
            list.push(b'\n');
        }
        let joined = tempfile::Builder::new().prefix("leaktrace-").tempdir();
        let joined = joined.map_err(|error| fail(format!("no temporary folder: {error}")))?;
        let objects = joined.path();
        let made = fs::create_dir(objects.join("info"))
            .and_then(|()| fs::write(objects.join("info").join("alternates"), &list));
        made.map_err(|error| fail(format!("no temporary folder: {error}")))?;
        let options = gix::odb::store::init::Options::default();
        let hash = self.git.object_hash();
        let none = &mut std::iter::empty();
        let store = gix::odb::Store::at_opts(objects.to_owned(), hash, none, options)
            .map_err(|error| fail(escape(error.to_string().as_bytes())))?;
        let both = Arc::new(store).to_cache_arc().into();
        let mut own = std::mem::replace(&mut self.git.objects, both);
        // It is asked for what is not there: that is no reason to look for new packs each time.
        own.refresh_never();
        self.git.objects.ignore_replacements = true;
        self.joined = Some((joined, own));
        Ok(())
    }

    /// Whether an object comes with a push that is in quarantine, and the server did not have it:
    /// then none of its references leads there.
    pub fn is_incoming(&self, id: &gix::oid) -> bool {
        use gix::objs::Exists as _;
        self.joined.as_ref().is_some_and(|(_, own)| !own.exists(id))
    }

    /// All references, peeled through tags, sorted by name; `HEAD` among them.
    pub fn tips(&self, reader: &Reader, log: &IncompleteLog) -> Vec<Tip> {
        let mut tips = self.references(log);
        for tip in &mut tips {
            tip.id = peel(reader, tip.id, |_| false);
        }
        tips.sort();
        tips.dedup();
        tips
    }

    /// All references as they stand, not peeled, sorted by name; `HEAD` among them.
    pub fn references(&self, log: &IncompleteLog) -> Vec<Tip> {
        let mut tips = BTreeSet::new();
        let broken = |what: &str, reason: &dyn std::fmt::Display| {
            log.add(
                IncompleteKind::Reference,
                format!("{what}: {}", escape(reason.to_string().as_bytes())),
            );
        };
        // gix reads references that are files; the store's objects are all read nonetheless.
        let storage = self.git.config_snapshot().string("extensions.refStorage");
        if storage.is_some_and(|format| format.eq_ignore_ascii_case(b"reftable")) {
            let way_out = "cannot be read; move it with `git refs migrate --ref-format=files`";
            broken("the reftable that holds the references", &way_out);
            return Vec::new();
        }
        let platform = self.git.references();
        match platform
            .as_ref()
            .map_err(ToString::to_string)
            .and_then(|platform| platform.all().map_err(|error| error.to_string()))
        {
            Ok(all) => {
                for reference in all {
                    match reference {
                        Ok(reference) => {
                            let name = escape(reference.name().as_bstr());
                            match reference.target().try_id() {
                                Some(id) => {
                                    tips.insert(Tip { name: name.into(), id: id.to_owned() });
                                }
                                None => insert_symbolic(&name, reference, &mut tips),
                            }
                        }
                        Err(error) => broken("a reference", &error),
                    }
                }
            }
            Err(error) => broken("references", &error),
        }
        match self.head_object() {
            Ok(Some(id)) => {
                tips.insert(Tip { name: "HEAD".into(), id });
            }
            Ok(None) => {}
            Err(reason) => broken("HEAD", &reason),
        }
        for (name, git) in self.siblings() {
            if let Some(id) = git.head().ok().filter(gix::Head::is_detached).and_then(|h| h.id()) {
                tips.insert(Tip { name: format!("{name}/HEAD").into(), id: id.detach() });
            }
        }
        tips.into_iter().collect()
    }

    /// The other working trees of the same object store, with git's names for them
    /// (`main-worktree`, `worktrees/NAME`), escaped.
    fn siblings(&self) -> Vec<(String, gix::Repository)> {
        let mut siblings = Vec::new();
        if self.git.git_dir() != self.common_dir
            && let Ok(main) = self.git.main_repo()
        {
            siblings.push(("main-worktree".to_owned(), main));
        }
        for proxy in self.git.worktrees().unwrap_or_default() {
            if proxy.git_dir() == self.git.git_dir() {
                continue;
            }
            let name = proxy.id().map(|id| escape(id)).unwrap_or_default();
            if let Ok(repository) = proxy.into_repo_with_possibly_inaccessible_worktree() {
                siblings.push((format!("worktrees/{name}"), repository));
            }
        }
        siblings
    }

    /// What HEAD leads to, whether or not that is in the store; none when unborn.
    pub fn head_object(&self) -> Result<Option<ObjectId>, String> {
        let head = self.git.head().map_err(|error| error.to_string())?;
        Ok(head.id().map(gix::Id::detach))
    }

    /// The commit that HEAD leads to; none when unborn or broken.
    pub fn head(&self) -> Option<ObjectId> {
        self.git.head().ok()?.try_peel_to_id().ok()?.map(gix::Id::detach)
    }

    /// The full name of the branch that HEAD names, whether or not it exists, escaped.
    pub fn branch_of_head(&self) -> Option<String> {
        self.git.head_name().ok()?.map(|name| escape(name.as_bstr()))
    }

    /// The branch that HEAD names, short, escaped.
    pub fn branch(&self) -> Option<String> {
        self.git.head_name().ok()?.map(|name| escape(name.shorten()))
    }

    /// Every commit that a reflog remembers.
    pub fn reflog_commits(&self, log: &IncompleteLog) -> BTreeSet<ObjectId> {
        let mut ids = BTreeSet::new();
        let mut roots = vec![self.common_dir.join("logs"), self.git.git_dir().join("logs")];
        roots.extend(self.siblings().iter().map(|(_, git)| git.git_dir().join("logs")));
        roots.sort();
        roots.dedup();
        let mut depth_left = 10_000usize;
        while let Some(path) = roots.pop() {
            let Ok(meta) = fs::symlink_metadata(&path) else { continue };
            if meta.is_dir() && depth_left > 0 {
                depth_left -= 1;
                roots.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|e| e.path()));
            } else if meta.is_file()
                && let Err(error) = read_reflog(&path, &mut ids)
            {
                log.add(
                    IncompleteKind::Reference,
                    format!("reflog {}: {error}", escape(path.as_os_str().as_encoded_bytes())),
                );
            }
        }
        ids.retain(|id| !id.is_null());
        ids
    }

    /// Commits whose parents were cut off by a shallow fetch.
    pub fn shallow(&self) -> BTreeSet<ObjectId> {
        self.git
            .shallow_commits()
            .ok()
            .flatten()
            .map(|commits| commits.iter().copied().collect())
            .unwrap_or_default()
    }

    /// The index, sorted by path; empty when there is none.
    pub fn index(&self, log: &IncompleteLog) -> Vec<IndexEntry> {
        self.index_with_trees(log).0
    }

    /// The index with the trees that git has written for folders of it, where they still hold
    /// (gitformat-index(5), "Cache tree"): what `git commit` takes for those folders.
    pub fn index_with_trees(&self, log: &IncompleteLog) -> (Vec<IndexEntry>, Option<CacheTree>) {
        index_of(&self.git, self.index_file.as_deref(), log)
    }

    /// The indexes of all working trees of this object store, one after the other.
    pub fn all_indexes(&self, log: &IncompleteLog) -> Vec<IndexEntry> {
        let mut entries = self.index(log);
        entries.extend(self.siblings().iter().flat_map(|(_, git)| index_of(git, None, log).0));
        entries
    }

    /// The address of the `origin` remote (or the only one), credentials removed, escaped; none
    /// when there is none or it is a local path.
    pub fn remote(&self) -> Option<String> {
        let names = self.git.remote_names();
        let name = names.iter().find(|name| *name == "origin").or_else(|| names.iter().next())?;
        let config = self.git.config_snapshot();
        let url = config.string(format!("remote.{name}.url").as_str())?;
        web_address(&url)
    }

    /// Opens the object store.
    pub fn store(&self, log: &IncompleteLog) -> Store {
        Store::open(&self.git, log)
    }
}

fn index_of(
    git: &gix::Repository,
    instead: Option<&Path>,
    log: &IncompleteLog,
) -> (Vec<IndexEntry>, Option<CacheTree>) {
    let read = |index: &gix::index::State| (index_entries(index), index.tree().cloned());
    let listed = match instead {
        Some(path) => {
            let options = gix::index::decode::Options::default();
            gix::index::File::at(path, git.object_hash(), false, options).map(|index| read(&index))
        }
        None => git.try_index().map(|index| index.map(|index| read(&index)).unwrap_or_default()),
    };
    listed.unwrap_or_else(|error| {
        let reason = escape(error.to_string().as_bytes());
        log.add(IncompleteKind::Unreadable, format!("the index: {reason}"));
        Default::default()
    })
}

fn index_entries(index: &gix::index::State) -> Vec<IndexEntry> {
    let entries = index.entries().iter();
    entries
        .map(|entry| IndexEntry {
            path: entry.path(index).to_vec(),
            id: entry.id,
            is_link: entry.mode == gix::index::entry::Mode::COMMIT,
        })
        .collect()
}

/// Whether `path` has what every git directory has.
fn is_git_dir(path: &Path) -> bool {
    path.join("HEAD").exists() && path.join("objects").is_dir() && path.join("refs").is_dir()
}

/// Adds what a symbolic reference leads to. One to a branch that does not exist yet is no fault
/// (`origin/HEAD`).
fn insert_symbolic(name: &str, mut reference: gix::Reference<'_>, tips: &mut BTreeSet<Tip>) {
    if let Ok(id) = reference.follow_to_object() {
        tips.insert(Tip { name: name.into(), id: id.detach() });
    }
}

/// Follows annotated tags to what they stand for; `is_commit` may know what is none.
pub fn peel(reader: &Reader, mut id: ObjectId, is_commit: impl Fn(&ObjectId) -> bool) -> ObjectId {
    for _ in 0..TAG_DEPTH {
        if is_commit(&id) || !matches!(reader.header(&id), Some((Kind::Tag, _))) {
            break;
        }
        let next = step(reader, id);
        if next == id {
            break;
        }
        id = next;
    }
    id
}

/// What an annotated tag names; the tag itself when it cannot be read.
pub fn step(reader: &Reader, tag: ObjectId) -> ObjectId {
    let mut buffer = Vec::new();
    if reader.read(&tag, &mut buffer).is_err() {
        return tag;
    }
    gix::objs::TagRef::from_bytes(&buffer, tag.kind()).map_or(tag, |tag| tag.target())
}

fn read_reflog(path: &Path, ids: &mut BTreeSet<ObjectId>) -> std::io::Result<()> {
    let mut lines = BufReader::new(fs::File::open(path)?.take(REFLOG_BYTES));
    let mut line = Vec::new();
    loop {
        line.clear();
        if lines.read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        ids.extend(
            line.split(|b| *b == b' ').take(2).filter_map(|hex| ObjectId::from_hex(hex).ok()),
        );
    }
}

/// Turns a remote's URL into `https://host/path` without credentials. Local paths give none.
pub fn web_address(url: &[u8]) -> Option<String> {
    let url = gix::url::parse(bstr::BStr::new(url)).ok()?;
    let host = url.host().map(|host| escape(host.as_bytes()))?;
    // Queries and fragments carry tokens and say nothing of where the pages are; an `@` in what is
    // taken for host or path means that the user part was not understood.
    let path = url.path.split(|b| matches!(b, b'?' | b'#')).next().unwrap_or_default();
    let path = escape(path);
    let path = path.trim_start_matches('/').trim_end_matches('/');
    if host.contains(['@', ':']) || path.contains('@') {
        return None;
    }
    let path = path.strip_suffix(".git").unwrap_or(path);
    match url.scheme {
        gix::url::Scheme::File => None,
        gix::url::Scheme::Http => {
            let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("http://{host}{port}/{path}"))
        }
        gix::url::Scheme::Https => {
            let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
            Some(format!("https://{host}{port}/{path}"))
        }
        // An ssh port says nothing of where the pages are.
        _ => Some(format!("https://{host}/{path}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn remote_addresses_lose_their_credentials() {
        let credential = ["gh", "p_", "x"].concat();
        let with = |url: &str| web_address(url.replace("CRED", &credential).as_bytes());
        let plain = Some("https://github.com/o/r".to_owned());
        assert_eq!(with("https://user:CRED@github.com/o/r.git"), plain);
        assert_eq!(with("https://CRED@github.com/o/r"), plain);
        assert_eq!(with("git@github.com:o/r.git"), plain);
        assert_eq!(with("ssh://git@github.com:22/o/r.git"), plain);
        assert_eq!(with("/srv/git/r.git"), None);
        assert_eq!(with("https://github.com/o/r?private_token=CRED"), plain);
        assert_eq!(with("https://github.com/o/r#CRED"), plain);
        for odd in ["oauth2:CRED@gitlab.com/o/r", "u:CRED@h:o/r"] {
            assert!(!with(odd).is_some_and(|shown| shown.contains(&credential)), "{odd}");
        }
        assert_eq!(with("https://h:8443/r.git/"), Some("https://h:8443/r".to_owned()));
    }
}
