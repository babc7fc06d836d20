//! Where the configuration file comes from, and what one from the target may not do.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::document::shown;
use super::people::IdentitySettings;
use super::{
    Config, ConfigError, DecodeLimits, FILE_NAMES, Fault, Located, MAX_FILE, Origin, ScanSettings,
    show_size,
};
use crate::model::text::escape;

impl Config {
    /// Reads the file that the user named. It is trusted; relative paths in it start at its folder.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let name = escape(path.as_os_str().as_encoded_bytes());
        let mut config = Config::parse_bytes(&read(path, &name, MAX_FILE)?, &name)?;
        config.origin = Origin::Trusted(path.parent().unwrap_or(Path::new("")).to_owned());
        Ok(config)
    }

    /// Reads `leaktrace.yml` or `.leaktrace.yml` at the root of a target, never further up, and
    /// restricts it. None when the target has neither. A symbolic link is followed only inside the
    /// target.
    pub fn discover(root: &Path) -> Result<Option<Config>, ConfigError> {
        let present: Vec<&str> = FILE_NAMES
            .into_iter()
            .filter(|name| root.join(name).symlink_metadata().is_ok())
            .collect();
        match present[..] {
            [] => Ok(None),
            [name] => match read_in_target(root, Path::new(name), MAX_FILE)? {
                Some(bytes) => Config::parse_bytes(&bytes, name)?.restrict().map(Some),
                None => Ok(None),
            },
            _ => Err(ConfigError::Refused {
                file: FILE_NAMES[0].to_owned(),
                why: format!("there is {} too; keep one of them", FILE_NAMES[1]),
            }),
        }
    }

    /// Takes from a file that lies in the target what only the user may decide: reaching outside
    /// the target is refused, and spending more than the defaults allow is cut, with a note. It may
    /// still suppress findings and accept gaps, because those stay listed.
    pub fn restrict(mut self) -> Result<Config, ConfigError> {
        self.origin = Origin::Target;
        let paths = self.rules.paths.iter().chain(&self.baseline);
        let faults: Vec<Fault> = paths
            .filter(|path| !stays(&path.value))
            .map(|path| Fault { line: Some(path.line), message: outside(&path.value) })
            .collect();
        if !faults.is_empty() {
            let file = self.file.unwrap_or_default();
            return Err(ConfigError::Faults { file, faults });
        }
        self.cut_limits();
        self.drop_people();
        Ok(self)
    }

    /// Who is told about whom, and what fails a check, is not for the one who is checked to say.
    fn drop_people(&mut self) {
        let file = self.file.clone().unwrap_or_default();
        let identity = std::mem::take(&mut self.identity);
        let mut dropped = Vec::new();
        let none = IdentitySettings { alerts: identity.alerts.clone(), ..Default::default() };
        if identity != none {
            dropped.push("identity");
        }
        if !identity.alerts.is_empty() {
            dropped.push("alerts");
        }
        if self.fail_when.take().is_some() {
            dropped.push("fail_when");
        }
        for key in dropped {
            self.notes.push(format!(
                "{file}: {key} is not used: a target's own file has no say in it; name it with \
                 --config to trust it"
            ));
        }
    }

    fn cut_limits(&mut self) {
        let most = ScanSettings { threads: None, ..ScanSettings::default() };
        let file = self.file.clone().unwrap_or_default();
        let scan = &mut self.scan;
        let mut cut = |key: &str, value: String| {
            self.notes.push(format!(
                "{file}: {key} stays at {value}: a target's own file may lower limits only; \
                 name it with --config to trust it"
            ));
        };
        if scan.threads.take().is_some() {
            cut("scan.threads", "one for each core".to_owned());
        }
        if scan.max_file_size > most.max_file_size {
            scan.max_file_size = most.max_file_size;
            cut("scan.max_file_size", show_size(most.max_file_size));
        }
        let DecodeLimits { depth, bytes, items } = most.decode;
        if scan.decode.depth > depth {
            scan.decode.depth = depth;
            cut("scan.decode.depth", depth.to_string());
        }
        if scan.decode.bytes > bytes {
            scan.decode.bytes = bytes;
            cut("scan.decode.bytes", show_size(bytes));
        }
        if scan.decode.items > items {
            scan.decode.items = items;
            cut("scan.decode.items", items.to_string());
        }
    }

    /// Whether the settings come out of the target.
    pub fn is_restricted(&self) -> bool {
        self.origin == Origin::Target
    }

    /// The place of a path that the file gives. Paths of a target's own file start at `root` and
    /// are refused where a symbolic link leads them out of it; those of other files start at the
    /// folder of the file.
    pub fn resolve(&self, root: &Path, path: &Located<PathBuf>) -> Result<PathBuf, ConfigError> {
        match &self.origin {
            Origin::Trusted(folder) => Ok(folder.join(&path.value)),
            Origin::Target => inside(root, &path.value).map_err(|message| {
                let file = self.file.clone().unwrap_or_default();
                ConfigError::Faults { file, faults: vec![Fault { line: Some(path.line), message }] }
            }),
        }
    }
}

/// What is said of a path that is not followed.
fn outside(path: &Path) -> String {
    let path = shown(&path.to_string_lossy());
    format!("`{path}` leads out of the target; name it on the command line instead")
}

/// Whether a path, as written, stays below where it starts.
fn stays(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir))
}

/// `root/path` with links resolved, if that is still below `root`. Where the last part does not
/// exist, its folder decides.
fn inside(root: &Path, path: &Path) -> Result<PathBuf, String> {
    if !stays(path) {
        return Err(outside(path));
    }
    let failed = |error: io::Error| format!("cannot be read: {error}");
    let root = root.canonicalize().map_err(failed)?;
    let whole = root.join(path);
    let real = match whole.canonicalize() {
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && whole.symlink_metadata().is_err() =>
        {
            match (whole.parent(), whole.file_name()) {
                (Some(folder), Some(name)) => folder.canonicalize().map(|folder| folder.join(name)),
                _ => Err(error),
            }
        }
        result => result,
    }
    .map_err(failed)?;
    if real.starts_with(&root) { Ok(real) } else { Err(outside(path)) }
}

/// The bytes of a regular file of a target, `name` being its path below `root`; none when it does
/// not exist. Links are followed inside the target only. A file of more than `limit` bytes is
/// refused.
pub fn read_in_target(
    root: &Path,
    name: &Path,
    limit: usize,
) -> Result<Option<Vec<u8>>, ConfigError> {
    let file = escape(name.as_os_str().as_encoded_bytes());
    if stays(name) && root.join(name).symlink_metadata().is_err_and(|e| absent(&e)) {
        return Ok(None);
    }
    match inside(root, name) {
        Ok(path) => read(&path, &file, limit).map(Some),
        Err(why) => Err(ConfigError::Refused { file, why }),
    }
}

/// The place of `name` below the root of a target, with links resolved; refused where they lead out
/// of it. The file itself need not exist.
pub fn place_in_target(root: &Path, name: &Path) -> Result<PathBuf, ConfigError> {
    let file = escape(name.as_os_str().as_encoded_bytes());
    inside(root, name).map_err(|why| ConfigError::Refused { file, why })
}

/// The bytes of a regular file that the user named; one of more than `limit` bytes is refused.
pub fn read_named(path: &Path, limit: usize) -> Result<Vec<u8>, ConfigError> {
    read(path, &escape(path.as_os_str().as_encoded_bytes()), limit)
}

fn absent(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// A regular file's bytes, if they are few enough.
fn read(path: &Path, name: &str, limit: usize) -> Result<Vec<u8>, ConfigError> {
    let failed = |source| ConfigError::Read { file: name.to_owned(), source };
    let refused = |why: String| ConfigError::Refused { file: name.to_owned(), why };
    // Asked before opening: opening a pipe would wait for its writer.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(refused("is not a regular file".to_owned()));
    }
    let mut bytes = Vec::new();
    let most = u64::try_from(limit).unwrap_or(u64::MAX);
    let file = File::open(path).map_err(failed)?;
    file.take(most.saturating_add(1)).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > limit {
        return Err(refused(format!("larger than {}", show_size(most))));
    }
    Ok(bytes)
}
