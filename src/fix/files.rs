//! Files of a working tree: read and replaced whole, never through a link and never outside of it.

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use super::Error;
use crate::model::text::escape;

/// Largest file that is changed, bytes.
const LARGEST: u64 = 64 << 20;

/// A working tree.
pub struct Tree {
    root: PathBuf,
}

impl Tree {
    /// The tree at `root`.
    pub fn at(root: &Path) -> Tree {
        Tree { root: root.to_owned() }
    }

    /// Its root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A file's content; none where there is no such file. `path` has `/` between its parts.
    pub fn read(&self, path: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        let place = self.place(path)?;
        let failed = |source| Error::Io { act: "read", path: escape(path), source };
        let meta = match fs::symlink_metadata(&place) {
            Ok(meta) => meta,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        if !meta.is_file() {
            return Err(refuse(path, "it is a link or no file"));
        }
        if meta.len() > LARGEST {
            return Err(refuse(path, "it is larger than 64 MiB"));
        }
        let mut content = Vec::new();
        let file = fs::File::open(&place).map_err(failed)?;
        file.take(LARGEST).read_to_end(&mut content).map_err(failed)?;
        Ok(Some(content))
    }

    /// Puts `content` in the place of a file, whole or not at all. It keeps its permissions, or with
    /// `private` is for the owner's eyes only, as a new one with `private` is from the first byte.
    pub fn write(&self, path: &[u8], content: &[u8], private: bool) -> Result<(), Error> {
        let place = self.place(path)?;
        let failed = |source| Error::Io { act: "write", path: escape(path), source };
        let before = match fs::symlink_metadata(&place) {
            Ok(meta) if meta.is_file() => Some(meta.permissions()),
            Ok(_) => return Err(refuse(path, "it is a link or no file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => None,
            Err(error) => return Err(failed(error)),
        };
        let folder = place.parent().unwrap_or(&self.root);
        let mut file =
            tempfile::Builder::new().prefix(".leaktrace-").tempfile_in(folder).map_err(failed)?;
        file.write_all(content).map_err(failed)?;
        match before {
            _ if private => {}
            Some(permissions) => file.as_file().set_permissions(permissions).map_err(failed)?,
            None => default_permissions(file.as_file()).map_err(failed)?,
        }
        file.as_file().sync_all().map_err(failed)?;
        file.persist(&place).map_err(|error| failed(error.error))?;
        Ok(())
    }

    /// Where a path leads, if all folders on the way are folders of this tree.
    fn place(&self, path: &[u8]) -> Result<PathBuf, Error> {
        let text = gix::path::from_byte_slice(path)
            .map_err(|_| refuse(path, "its name is none on this system"))?;
        let mut place = self.root.clone();
        let mut parts = text.components().peekable();
        if parts.peek().is_none() {
            return Err(refuse(path, "it is no file"));
        }
        while let Some(part) = parts.next() {
            let std::path::Component::Normal(name) = part else {
                return Err(refuse(path, "it leads outside of the working tree"));
            };
            if name.eq_ignore_ascii_case(".git") {
                return Err(refuse(path, "it leads into git's own folder"));
            }
            place.push(name);
            let is_folder =
                fs::symlink_metadata(&place).is_ok_and(|meta| meta.is_dir() && !meta.is_symlink());
            if parts.peek().is_some() && !is_folder {
                return Err(refuse(path, "a folder on the way to it is a link or is not there"));
            }
        }
        Ok(place)
    }
}

fn refuse(path: &[u8], why: &'static str) -> Error {
    Error::Place { path: escape(path), why }
}

/// Gives a new file that holds nothing secret the usual permissions: temporary ones are private.
#[cfg(unix)]
fn default_permissions(file: &fs::File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    file.set_permissions(fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn default_permissions(_: &fs::File) -> io::Result<()> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("a file").permissions().mode() & 0o777
    }

    #[test]
    fn files_keep_their_permissions_and_private_ones_are_private() {
        let dir = tempfile::tempdir().expect("a folder");
        let tree = Tree::at(dir.path());
        let script = dir.path().join("run.sh");
        fs::write(&script, "a").expect("written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("set");
        tree.write(b"run.sh", b"b", false).expect("written");
        assert_eq!(
            (tree.read(b"run.sh").expect("read"), mode(&script)),
            (Some(b"b".to_vec()), 0o755)
        );
        for _ in 0..2 {
            tree.write(b".env", b"A=1\n", true).expect("written");
            assert_eq!(mode(&dir.path().join(".env")), 0o600);
        }
        tree.write(b"new", b"", false).expect("written");
        assert_eq!(mode(&dir.path().join("new")), 0o644);
        assert_eq!(tree.read(b"none").expect("no error"), None);
        // Nothing is left beside them.
        assert_eq!(fs::read_dir(dir.path()).expect("a folder").count(), 3);
    }

    #[test]
    fn links_and_ways_outside_are_not_followed() {
        let dir = tempfile::tempdir().expect("a folder");
        let outside = dir.path().join("outside");
        fs::create_dir_all(dir.path().join("tree/.git")).expect("a folder");
        fs::create_dir(&outside).expect("a folder");
        fs::write(outside.join("a"), "a").expect("written");
        symlink(outside.join("a"), dir.path().join("tree/file")).expect("a link");
        symlink(&outside, dir.path().join("tree/folder")).expect("a link");
        let tree = Tree::at(&dir.path().join("tree"));
        let absolute = outside.join("a").into_os_string().into_encoded_bytes();
        for path in [
            &b"file"[..],
            b"folder/a",
            b"../outside/a",
            b"x/../../outside/a",
            b".git/config",
            b".GIT/config",
            b"",
            b".",
            b"nowhere/a",
            &absolute,
        ] {
            let shown = escape(path);
            assert!(tree.read(path).is_err(), "{shown}");
            assert!(tree.write(path, b"b", false).is_err(), "{shown}");
        }
        assert_eq!(fs::read(outside.join("a")).expect("there"), b"a");
    }
}
