//! Puts hooks into a repository beside those that are there: a hook that is in the way is kept under
//! another name and called first, husky's own files get a line, and where lefthook writes the hooks
//! it is told what to add there. Hooks that several repositories share are left alone.

use std::env;
use std::fmt::Write as _;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Context as _;
use clap::Args;

use super::super::exit::UsageError;
use super::super::people::shown;
use super::super::{Exit, terminal};
use super::Kind;
use crate::model::text::escape;

/// By what a hook of ours is known.
const MARK: &str = "# leaktrace: put here by `leaktrace hook install`";

/// Around our lines in a file that is somebody else's.
const BEGIN: &str = "# leaktrace hook: begin";
const END: &str = "# leaktrace hook: end";

/// What a hook that was there before is called.
const KEPT: &str = ".before-leaktrace";

/// Largest hook that is read, bytes.
const LARGEST: u64 = 1 << 20;

const LEFTHOOK: [&str; 8] = [
    "lefthook.yml",
    ".lefthook.yml",
    "lefthook.yaml",
    ".lefthook.yaml",
    "lefthook.toml",
    ".lefthook.toml",
    "lefthook.json",
    ".lefthook.json",
];

/// Which repository and which hooks.
#[derive(Debug, Args)]
pub struct Which {
    /// The repository
    #[arg(long, value_name = "PATH", default_value = ".")]
    repository: PathBuf,
    /// Only this hook; several times if wanted [default: pre-commit and pre-push, in a bare
    /// repository pre-receive]
    #[arg(long = "hook", value_enum, value_name = "NAME")]
    hooks: Vec<Kind>,
}

#[derive(Debug, Args)]
pub struct Install {
    #[command(flatten)]
    which: Which,
    /// Install where core.hooksPath leads although it lies outside of this repository
    #[arg(long)]
    shared: bool,
    /// Options for `leaktrace hook run`, such as --config PATH
    #[arg(last = true, value_name = "OPTION")]
    options: Vec<String>,
}

#[derive(Debug, Args)]
pub struct Uninstall {
    #[command(flatten)]
    which: Which,
}

#[derive(Debug, Args)]
pub struct Status {
    #[command(flatten)]
    which: Which,
}

/// Where a repository has its hooks.
struct Place {
    folder: PathBuf,
    manager: Manager,
    bare: bool,
}

/// Who writes the hooks.
enum Manager {
    /// Nobody, or something that leaves those of others alone.
    None,
    /// husky: its files lie in this folder.
    Husky(PathBuf),
    /// lefthook, by this file.
    Lefthook(PathBuf),
    /// Whoever set `core.hooksPath` to a folder outside of the repository.
    Shared,
}

/// What stands where a hook would.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Missing,
    Ours,
    /// Ours, and the one before is called first.
    Chained,
    Other,
}

impl Which {
    fn place(&self) -> anyhow::Result<Place> {
        let ask = |arguments: &[&str]| -> anyhow::Result<PathBuf> {
            let out = Command::new("git")
                .arg("-C")
                .arg(&self.repository)
                .args(arguments)
                .output()
                .context("cannot run git")?;
            if !out.status.success() {
                let why = format!("{} is no git repository", shown(&self.repository));
                return Err(UsageError(why).into());
            }
            let text = String::from_utf8(out.stdout).context("a path that is no UTF-8")?;
            Ok(self.repository.join(text.trim_end_matches(['\n', '\r'])))
        };
        let folder = ask(&["rev-parse", "--git-path", "hooks"])?;
        let common = ask(&["rev-parse", "--git-common-dir"])?;
        let bare = ask(&["rev-parse", "--is-bare-repository"])?.ends_with("true");
        let top = if bare { None } else { Some(ask(&["rev-parse", "--show-toplevel"])?) };
        let (inside, real_folder) = (real(&common), real(&folder));
        let husky = top.as_ref().map(|top| top.join(".husky"));
        let lefthook = top.as_ref().and_then(|top| {
            LEFTHOOK.map(|name| top.join(name)).into_iter().find(|file| file.is_file())
        });
        let manager = match (husky, lefthook, &top) {
            (Some(husky), ..) if real_folder.starts_with(real(&husky)) => Manager::Husky(husky),
            (_, Some(file), _) => Manager::Lefthook(file),
            (.., Some(top)) if real_folder.starts_with(real(top)) => Manager::None,
            _ if real_folder.starts_with(&inside) => Manager::None,
            _ => Manager::Shared,
        };
        Ok(Place { folder, manager, bare })
    }

    fn kinds(&self, place: &Place) -> Vec<Kind> {
        if !self.hooks.is_empty() {
            let mut hooks = self.hooks.clone();
            hooks.sort();
            hooks.dedup();
            return hooks;
        }
        if place.bare { vec![Kind::PreReceive] } else { vec![Kind::PreCommit, Kind::PrePush] }
    }
}

impl Place {
    /// The file of a hook.
    fn file(&self, kind: Kind) -> PathBuf {
        match &self.manager {
            Manager::Husky(folder) => folder.join(kind.name()),
            _ => self.folder.join(kind.name()),
        }
    }

    fn kept(&self, kind: Kind) -> PathBuf {
        self.folder.join(format!("{}{KEPT}", kind.name()))
    }

    fn state(&self, kind: Kind) -> anyhow::Result<State> {
        let Some(text) = read(&self.file(kind))? else { return Ok(State::Missing) };
        let own = if matches!(self.manager, Manager::Husky(_)) { BEGIN } else { MARK };
        Ok(match (text.contains(own), self.kept(kind).exists()) {
            (true, false) => State::Ours,
            (true, true) => State::Chained,
            (false, _) => State::Other,
        })
    }
}

impl Install {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let place = self.which.place()?;
        if let Manager::Lefthook(file) = &place.manager {
            let mut text = format!(
                "lefthook writes the hooks of this repository. Add this to {}, and run `lefthook \
                 install`:\n",
                shown(file)
            );
            for kind in self.which.kinds(&place) {
                let stdin = if kind.reads_input() { "\n      use_stdin: true" } else { "" };
                let arguments = if kind == Kind::PreCommit { "" } else { " {0}" };
                let _ = write!(
                    text,
                    "\n{name}:\n  commands:\n    leaktrace:\n      run: leaktrace hook run \
                     {name}{arguments}{stdin}\n",
                    name = kind.name()
                );
            }
            return Err(UsageError(text).into());
        }
        if matches!(place.manager, Manager::Shared) && !self.shared {
            return Err(UsageError(format!(
                "core.hooksPath is {}, which is outside of this repository: other repositories use \
                 those hooks, too. --shared installs there all the same",
                shown(&place.folder)
            ))
            .into());
        }
        for kind in self.which.kinds(&place) {
            let done = self.put(&place, kind)?;
            terminal::say(&format!("{}: {done}", kind.name()))?;
        }
        Ok(Exit::Clean)
    }

    fn put(&self, place: &Place, kind: Kind) -> anyhow::Result<&'static str> {
        let (file, kept) = (place.file(kind), place.kept(kind));
        let mut options = String::new();
        for option in &self.options {
            let _ = write!(options, " {}", quoted(option));
        }
        if let Manager::Husky(_) = place.manager {
            let before = without_ours(&read(&file)?.unwrap_or_default());
            let gap = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
            let ours = format!(
                "{before}{gap}{BEGIN}\nleaktrace hook run {} \"$@\"{options} || exit $?\n{END}\n",
                kind.name()
            );
            write_hook(&file, &ours)?;
            return Ok("added to husky's file");
        }
        let state = place.state(kind)?;
        if state == State::Other {
            if kept.exists() {
                anyhow::bail!("{} is there already; move it away first", shown(&kept));
            }
            let rename = fs::rename(&file, &kept);
            rename.with_context(|| format!("cannot rename {}", shown(&file)))?;
        }
        write_hook(&file, &script(kind, &options)?)?;
        Ok(match state {
            State::Missing => "installed",
            State::Ours | State::Chained => "installed anew",
            State::Other => "installed; the hook that was there is called first",
        })
    }
}

impl Uninstall {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let place = self.which.place()?;
        let all = Kind::ALL;
        let kinds =
            if self.which.hooks.is_empty() { all.to_vec() } else { self.which.kinds(&place) };
        for kind in kinds {
            let (file, kept) = (place.file(kind), place.kept(kind));
            let gone = |path: &Path| {
                fs::remove_file(path).with_context(|| format!("cannot remove {}", shown(path)))
            };
            match (place.state(kind)?, &place.manager) {
                (State::Missing | State::Other, _) => continue,
                (_, Manager::Husky(_)) => {
                    let left = without_ours(&read(&file)?.unwrap_or_default());
                    if left.trim().is_empty() { gone(&file)? } else { write_hook(&file, &left)? }
                }
                (State::Chained, _) => fs::rename(&kept, &file)
                    .with_context(|| format!("cannot rename {}", shown(&kept)))?,
                (State::Ours, _) => gone(&file)?,
            }
            terminal::say(&format!("{}: taken out", kind.name()))?;
        }
        Ok(Exit::Clean)
    }
}

impl Status {
    pub fn run(&self) -> anyhow::Result<Exit> {
        let place = self.which.place()?;
        terminal::say(&format!("hooks are in {}", shown(&place.folder)))?;
        match &place.manager {
            Manager::None => {}
            Manager::Husky(folder) => {
                terminal::say(&format!("husky runs those in {}", shown(folder)))?;
            }
            Manager::Lefthook(file) => {
                terminal::say(&format!("lefthook writes them by {}", shown(file)))?;
            }
            Manager::Shared => terminal::say("other repositories use them, too")?,
        }
        let mut all = true;
        let mut kinds = self.which.kinds(&place);
        for kind in Kind::ALL {
            if matches!(place.state(kind)?, State::Ours | State::Chained) && !kinds.contains(&kind)
            {
                kinds.push(kind);
            }
        }
        for kind in kinds {
            let state = place.state(kind)?;
            let word = match state {
                State::Missing => "not installed",
                State::Ours => "installed",
                State::Chained => "installed; calls the hook that was there first",
                State::Other => "another hook, which does not call leaktrace as far as can be told",
            };
            all &= matches!(state, State::Ours | State::Chained);
            terminal::say(&format!("{}: {word}", kind.name()))?;
        }
        Ok(if all { Exit::Clean } else { Exit::Findings })
    }
}

/// The hook itself, for any shell of POSIX.
fn script(kind: Kind, options: &str) -> anyhow::Result<String> {
    let name = kind.name();
    let program = env::current_exe().context("where is this program?")?;
    let program = program.to_str().context("the path of this program is no UTF-8")?;
    // Git hands some hooks their work on standard input, which can be read once only.
    let (input, pipe) = if kind.reads_input() {
        ("input=$(cat; echo .)\ninput=${input%.}\n", "printf '%s' \"$input\" | ")
    } else {
        ("", "")
    };
    Ok(format!(
        "#!/bin/sh\n{MARK}, taken out by `leaktrace hook uninstall`.\n{input}\
         before=\"$(dirname -- \"$0\")/{name}{KEPT}\"\n\
         if [ -x \"$before\" ]; then\n  {pipe}\"$before\" \"$@\" || exit $?\nfi\n\
         leaktrace=$(command -v leaktrace) || leaktrace={program}\n\
         if [ ! -x \"$leaktrace\" ]; then\n  \
           echo \"leaktrace is not there any more: install it, or remove $0\" >&2\n  exit 1\nfi\n\
         {pipe}\"$leaktrace\" hook run {name} \"$@\"{options}\n",
        program = quoted(program),
    ))
}

/// A path without links in it, as far as it exists.
fn real(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let existing = path.ancestors().find_map(|one| Some((one, one.canonicalize().ok()?)));
    match existing {
        Some((one, real)) => match path.strip_prefix(one) {
            Ok(rest) if !rest.as_os_str().is_empty() => real.join(rest),
            _ => real,
        },
        None => path,
    }
}

/// As a shell takes it.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "'\\''"))
}

/// A file's text without our lines.
fn without_ours(text: &str) -> String {
    let (Some(begin), Some(end)) = (text.find(BEGIN), text.find(END)) else {
        return text.to_owned();
    };
    let after = text.get(end + END.len()..).unwrap_or_default();
    let after = after.strip_prefix('\n').unwrap_or(after);
    format!("{}{after}", text.get(..begin).unwrap_or_default())
}

/// A hook's text; none when there is none.
fn read(path: &Path) -> anyhow::Result<Option<String>> {
    use io::Read as _;
    let file = match fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", shown(path))),
    };
    let mut bytes = Vec::new();
    let read = file.take(LARGEST).read_to_end(&mut bytes);
    read.with_context(|| format!("cannot read {}", escape(path.as_os_str().as_encoded_bytes())))?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// Writes a hook beside its place and moves it there, so that nobody runs half of one.
fn write_hook(path: &Path, text: &str) -> anyhow::Result<()> {
    let write = || {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            file.as_file().set_permissions(fs::Permissions::from_mode(0o755))?;
        }
        file.persist(path).map_err(|error| error.error)?;
        io::Result::Ok(())
    };
    write().with_context(|| format!("cannot write {}", shown(path)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_lines_come_out_of_a_file_and_nothing_else_does() {
        let others = "#!/bin/sh\nnpm test\n";
        assert_eq!(without_ours(others), others);
        assert_eq!(
            without_ours(&format!("{others}{BEGIN}\nx\n{END}\nmore\n")),
            format!("{others}more\n")
        );
    }

    #[test]
    fn options_reach_the_shell_as_they_are() {
        assert_eq!(quoted("a b'c$(x)"), "'a b'\\''c$(x)'");
    }
}
