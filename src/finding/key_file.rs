//! Where the fingerprint key comes from: the environment, the configuration, or a file that is
//! generated once and kept where git does not publish it.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use super::fingerprint::FingerprintKey;
use crate::model::Secret;
use crate::model::text::escape;

/// Where in git's folder or the user's state folder the key file lies.
const KEY_PATH: [&str; 2] = ["leaktrace", "fingerprint.key"];
/// Bytes that a key file may have.
const MAX_KEY_FILE: u64 = 4096;

/// Where a key may come from, the first that is given counting.
#[derive(Debug, Clone, Copy, Default)]
pub struct KeySources<'a> {
    /// The 32 bytes that the environment or, where that has none, the configuration gives; see
    /// [`crate::config::Config::apply`].
    pub given: Option<&'a Secret>,
    /// Git's folder of the repository, common to its worktrees.
    pub common_git_dir: Option<&'a Path>,
    /// The user's state folder: `$XDG_STATE_HOME`, else `~/.local/state` (XDG Base Directory
    /// Specification).
    pub state_dir: Option<&'a Path>,
}

/// A key, and what the user should know about it.
#[derive(Debug)]
pub struct ObtainedKey {
    /// The key.
    pub key: FingerprintKey,
    /// Whether the next run has the same key.
    pub lasting: bool,
    /// The file that holds it, when nobody gave it: one that only this machine has.
    pub file: Option<PathBuf>,
    /// What to know, escaped.
    pub note: Option<String>,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The given key is none.
    #[error("{0}")]
    Given(&'static str),
    /// The file is there, but holds no key.
    #[error(
        "{path}: {why}; restore the file from a backup, or delete it to get a new key, with which baselines and ignored fingerprints made under the old one no longer match"
    )]
    Corrupt {
        /// The file, escaped.
        path: String,
        /// Why.
        why: String,
    },
    /// The system gives no random bytes.
    #[error("the system gives no random bytes for a fingerprint key: {0}")]
    Random(getrandom::Error),
}

/// Finds or makes the key. Only a damaged key is an error: where no file can be written the key is
/// of this run only, and a note says so.
pub fn obtain(sources: KeySources<'_>) -> Result<ObtainedKey, KeyError> {
    if let Some(given) = sources.given {
        let key = FingerprintKey::from_secret(given).map_err(KeyError::Given)?;
        return Ok(ObtainedKey { key, lasting: true, file: None, note: None });
    }
    let mut failures = Vec::new();
    for folder in [sources.common_git_dir, sources.state_dir].into_iter().flatten() {
        let path = folder.join(KEY_PATH[0]).join(KEY_PATH[1]);
        match read_or_create(folder, &path) {
            Ok(key) => {
                let used = shown(&path);
                let note = failures.pop().map(|failed: String| {
                    format!("{failed}; fingerprints are keyed with {used}, which is yours alone")
                });
                return Ok(ObtainedKey { key, lasting: true, file: Some(path), note });
            }
            Err(FileError::Corrupt(why)) => {
                return Err(KeyError::Corrupt { path: shown(&path), why });
            }
            Err(FileError::Random(error)) => return Err(KeyError::Random(error)),
            Err(FileError::Io(error)) => {
                failures.push(format!("{} cannot be read or written: {error}", shown(&path)));
            }
        }
    }
    failures.push(
        "fingerprints are of this run only; set LEAKTRACE_FINGERPRINT_KEY to keep them".to_owned(),
    );
    let key = FingerprintKey::random().map_err(KeyError::Random)?;
    Ok(ObtainedKey { key, lasting: false, file: None, note: Some(failures.join("; ")) })
}

/// Why a key file gives no key.
enum FileError {
    /// It is there and is no key.
    Corrupt(String),
    /// It cannot be read or written.
    Io(io::Error),
    Random(getrandom::Error),
}

impl From<io::Error> for FileError {
    fn from(error: io::Error) -> Self {
        FileError::Io(error)
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn read_or_create(folder: &Path, path: &Path) -> Result<FingerprintKey, FileError> {
    let parent = folder.join(KEY_PATH[0]);
    // A link here would make us read, or create files, wherever its author likes.
    match parent.symlink_metadata() {
        Ok(found) if !found.is_dir() => {
            return Err(FileError::Corrupt(
                "its folder is no folder, or a symbolic link".to_owned(),
            ));
        }
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => make_folder(&parent)?,
        Err(error) => return Err(error.into()),
    }
    if let Some(key) = read(path)? {
        return Ok(key);
    }
    let key = FingerprintKey::random().map_err(FileError::Random)?;
    match create(&parent, path, &key) {
        Ok(()) => Ok(key),
        // Another run was faster: its key counts.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            read(path)?.ok_or_else(|| error.into())
        }
        Err(error) => Err(error.into()),
    }
}

/// The key in the file, or none when there is no file.
fn read(path: &Path) -> Result<Option<FingerprintKey>, FileError> {
    let corrupt = |why: &str| FileError::Corrupt(why.to_owned());
    let before = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    if !before.is_file() {
        return Err(corrupt("is no regular file, or a symbolic link"));
    }
    let file = File::open(path)?;
    if !same_file(&before, &file.metadata()?) {
        return Err(corrupt("was replaced while it was being read"));
    }
    let mut text = Vec::new();
    file.take(MAX_KEY_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_KEY_FILE {
        return Err(corrupt("is too large for a key"));
    }
    let is_key = |line: &&[u8]| !line.trim_ascii().is_empty() && !line.starts_with(b"#");
    let mut lines = text.split(|byte| *byte == b'\n').filter(is_key);
    match (lines.next(), lines.next()) {
        (Some(line), None) => FingerprintKey::from_hex(line).map(Some).map_err(corrupt),
        (None, _) => Err(corrupt("holds no key")),
        (Some(_), Some(_)) => Err(corrupt("holds more than a key")),
    }
}

#[cfg(unix)]
fn same_file(before: &fs::Metadata, opened: &fs::Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    before.dev() == opened.dev() && before.ino() == opened.ino()
}

#[cfg(not(unix))]
fn same_file(_: &fs::Metadata, opened: &fs::Metadata) -> bool {
    opened.is_file()
}

/// Writes the key so that nobody ever sees half of it: into a file of its own, which then gets the
/// name if nothing has it yet.
fn create(parent: &Path, path: &Path, key: &FingerprintKey) -> io::Result<()> {
    let mut unique = [0; 8];
    getrandom::fill(&mut unique)?;
    let draft = parent.join(format!("fingerprint.{:016x}.tmp", u64::from_be_bytes(unique)));
    let written = write_new(&draft, key).and_then(|()| fs::hard_link(&draft, path));
    let result = match written {
        // Some file systems have no hard links; there the name itself is claimed and then filled.
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists && draft.exists() => {
            write_new(path, key)
        }
        result => result,
    };
    // A draft left behind does no harm, and the key is in place.
    let _ = fs::remove_file(&draft);
    result
}

fn write_new(path: &Path, key: &FingerprintKey) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(
        b"# The key of leaktrace's fingerprints in this repository. Keep it secret: whoever has it\n\
          # can test guesses against published fingerprints. Without it baselines do not match.\n",
    )?;
    file.write_all(key.to_hex().expose())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(path)
}

/// Where the key file of a folder lies, for messages and `leaktrace config`.
pub fn key_path(folder: &Path) -> PathBuf {
    folder.join(KEY_PATH[0]).join(KEY_PATH[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn obtain_in(folder: &Path) -> Result<ObtainedKey, KeyError> {
        obtain(KeySources { common_git_dir: Some(folder), ..KeySources::default() })
    }

    #[test]
    fn a_key_is_made_once_and_kept_private() {
        let git = tempfile::tempdir().expect("a folder");
        let first = obtain_in(git.path()).expect("made");
        let second = obtain_in(git.path()).expect("read");
        assert_eq!(first.key, second.key);
        assert!(first.lasting && first.note.is_none());
        let other = tempfile::tempdir().expect("a folder");
        assert_ne!(obtain_in(other.path()).expect("made").key, first.key);
        let names: Vec<_> = fs::read_dir(git.path().join("leaktrace"))
            .expect("readable")
            .map(|entry| entry.expect("readable").file_name())
            .collect();
        assert_eq!(names, ["fingerprint.key"], "no drafts stay behind");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| path.metadata().expect("exists").permissions().mode() & 0o777;
            assert_eq!(mode(&key_path(git.path())), 0o600);
            assert_eq!(mode(&git.path().join("leaktrace")), 0o700);
        }
    }

    #[test]
    fn runs_at_the_same_time_agree() {
        let git = tempfile::tempdir().expect("a folder");
        let keys: Vec<FingerprintKey> = std::thread::scope(|scope| {
            let runs: Vec<_> = (0..8).map(|_| scope.spawn(|| obtain_in(git.path()))).collect();
            runs.into_iter().map(|run| run.join().expect("ends").expect("has a key").key).collect()
        });
        assert!(keys.iter().all(|key| *key == keys[0]));
    }

    #[test]
    fn what_is_given_comes_first() {
        let git = tempfile::tempdir().expect("a folder");
        let given = Secret::new([7_u8; 32]);
        let sources =
            KeySources { given: Some(&given), common_git_dir: Some(git.path()), state_dir: None };
        assert_eq!(obtain(sources).expect("given").key, FingerprintKey::from_bytes([7; 32]));
        assert!(!key_path(git.path()).exists());
        let short = Secret::new([7_u8; 31]);
        let error = obtain(KeySources { given: Some(&short), ..sources }).expect_err("too short");
        insta::assert_snapshot!(error, @"a fingerprint key has 32 bytes");
    }

    #[test]
    fn damaged_keys_are_errors_with_a_way_out() {
        let git = tempfile::tempdir().expect("a folder");
        let path = key_path(git.path());
        fs::create_dir_all(path.parent().expect("has one")).expect("made");
        let message = |content: &[u8]| {
            fs::write(&path, content).expect("written");
            let error = obtain_in(git.path()).expect_err("damaged").to_string();
            error.replace(&shown(git.path()), "GIT")
        };
        insta::assert_snapshot!(message(b""), @"GIT/leaktrace/fingerprint.key: holds no key; restore the file from a backup, or delete it to get a new key, with which baselines and ignored fingerprints made under the old one no longer match");
        let wrong: String = ('a'..='p').cycle().take(64).collect();
        let told = message(wrong.as_bytes());
        assert!(!told.contains(&wrong[..8]), "the content is not shown");
        insta::assert_snapshot!(told, @"GIT/leaktrace/fingerprint.key: a fingerprint key has exactly 64 hexadecimal digits; `openssl rand -hex 32` makes one; restore the file from a backup, or delete it to get a new key, with which baselines and ignored fingerprints made under the old one no longer match");
        insta::assert_snapshot!(message(&vec![b'a'; 1 << 20]), @"GIT/leaktrace/fingerprint.key: is too large for a key; restore the file from a backup, or delete it to get a new key, with which baselines and ignored fingerprints made under the old one no longer match");
        insta::assert_snapshot!(message(b"x\ny\n"), @"GIT/leaktrace/fingerprint.key: holds more than a key; restore the file from a backup, or delete it to get a new key, with which baselines and ignored fingerprints made under the old one no longer match");
    }

    #[cfg(unix)]
    #[test]
    fn links_are_refused() {
        let git = tempfile::tempdir().expect("a folder");
        let elsewhere = tempfile::tempdir().expect("a folder");
        let theirs = obtain_in(elsewhere.path()).expect("made");
        assert!(theirs.lasting);
        let link = |from: &Path, to: &Path| std::os::unix::fs::symlink(to, from).expect("linked");
        link(&git.path().join("leaktrace"), &elsewhere.path().join("leaktrace"));
        let error = obtain_in(git.path()).expect_err("the folder is a link").to_string();
        assert!(error.contains("its folder is no folder, or a symbolic link"), "{error}");
        fs::remove_file(git.path().join("leaktrace")).expect("removed");
        fs::create_dir(git.path().join("leaktrace")).expect("made");
        link(&key_path(git.path()), &key_path(elsewhere.path()));
        let error = obtain_in(git.path()).expect_err("the file is a link").to_string();
        assert!(error.contains("is no regular file, or a symbolic link"), "{error}");
    }

    #[test]
    fn where_nothing_can_be_written_the_key_is_of_this_run() {
        let key = obtain(KeySources::default()).expect("made");
        assert!(!key.lasting);
        insta::assert_snapshot!(key.note.expect("says so"), @"fingerprints are of this run only; set LEAKTRACE_FINGERPRINT_KEY to keep them");
        // A file where a folder is needed cannot be written into by anyone.
        let folder = tempfile::tempdir().expect("a folder");
        let blocked = folder.path().join("file");
        fs::write(&blocked, "").expect("written");
        let sources = KeySources {
            given: None,
            common_git_dir: Some(&blocked),
            state_dir: Some(folder.path()),
        };
        let fallen_back = obtain(sources).expect("made");
        assert!(fallen_back.lasting);
        let note = fallen_back.note.expect("says so").replace(&shown(folder.path()), "HOME");
        assert!(note.starts_with("HOME/file/leaktrace/fingerprint.key cannot be read"), "{note}");
        assert!(note.ends_with("keyed with HOME/leaktrace/fingerprint.key, which is yours alone"));
    }
}
