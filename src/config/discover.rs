//! Where the configuration file comes from, and what one from the target may not do.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::document::shown;
use super::{
    Config, ConfigError, DecodeLimits, FILE_NAMES, Fault, Located, MAX_FILE, Origin, ScanSettings,
    show_size,
};
use crate::model::text::escape;

impl Config {
    /// Reads the file that the user named. It is trusted; relative paths in it start at its folder.
    pub fn load(path: &Path) -> Result<Config, ConfigError> {
        let name = escape(path.as_os_str().as_encoded_bytes());
        let mut config = Config::parse_bytes(&read(path, &name)?, &name)?;
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
            [name] => {
                let path = inside(root, Path::new(name))
                    .map_err(|why| ConfigError::Refused { file: name.to_owned(), why })?;
                Config::parse_bytes(&read(&path, name)?, name)?.restrict().map(Some)
            }
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
        Ok(self)
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

/// A regular file's bytes, if they are few enough.
fn read(path: &Path, name: &str) -> Result<Vec<u8>, ConfigError> {
    let failed = |source| ConfigError::Read { file: name.to_owned(), source };
    let refused = |why: &str| ConfigError::Refused { file: name.to_owned(), why: why.to_owned() };
    // Asked before opening: opening a pipe would wait for its writer.
    if !path.metadata().map_err(failed)?.is_file() {
        return Err(refused("is not a regular file"));
    }
    let mut bytes = Vec::new();
    let limit = u64::try_from(MAX_FILE).unwrap_or(u64::MAX) + 1;
    File::open(path).map_err(failed)?.take(limit).read_to_end(&mut bytes).map_err(failed)?;
    if bytes.len() > MAX_FILE {
        return Err(refused("larger than 1 MiB"));
    }
    Ok(bytes)
}
