//! `leaktrace baseline`: keeps what is known already out of the exit code.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::exit::UsageError;
use super::scan::{self, What};
use super::{Exit, terminal};
use crate::config::read_named;
use crate::finding::baseline::{Baseline, MAX_FILE, Seen};
use crate::model::text::escape;
use crate::model::{Confidence, IncompleteKind};
use crate::output::Printable;
use crate::pipeline::{self, BaselineFile, Options, Scope};

/// Arguments of `leaktrace baseline`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan, and write a new baseline of what is found
    Create {
        /// Replace a baseline that is there already
        #[arg(long)]
        force: bool,
        #[command(flatten)]
        common: Common,
    },
    /// Scan, and add what is found and not in the baseline yet
    Update {
        #[command(flatten)]
        common: Common,
    },
    /// Scan everything, and drop what is no longer found from the baseline
    Prune {
        #[command(flatten)]
        common: Common,
    },
}

/// What all three take. The baseline is the one that `--baseline` names, else the configuration,
/// else .leaktrace-baseline at the root of the target.
#[derive(Debug, Args)]
struct Common {
    #[command(flatten)]
    what: What,
    /// Gaps of this kind do not count as an incomplete scan
    #[arg(long, value_name = "KIND", value_delimiter = ',', value_parser = scan::parse_kind)]
    accept_incomplete: Vec<IncompleteKind>,
}

/// Does what `arguments` say.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Create { force, common } => create(&common, force),
        Command::Update { common } => update(&common),
        Command::Prune { common } => prune(&common),
    }
}

fn create(common: &Common, force: bool) -> anyhow::Result<Exit> {
    let run = Run::prepare(options(common)?)?;
    // Also what is no file, or a link that leads nowhere: something is there.
    if !force && run.file.path.symlink_metadata().is_ok() {
        return Err(UsageError(format!(
            "{} is there already: `leaktrace baseline update` adds to it, --force replaces it",
            run.file.name
        ))
        .into());
    }
    let scanned = run.scan(common)?;
    let mut baseline = Baseline::new(&run.file.name, &run.file.key_id);
    baseline.update(scanned.findings());
    run.write(&baseline)?;
    let count = findings(baseline.entries().len());
    terminal::say(&format!("wrote {}: {count}", run.file.name))?;
    if run.file.by_default {
        terminal::warn(&format!(
            "no configuration names it yet: put `baseline: {}` into leaktrace.yml for scans to use it",
            run.file.name
        ));
    }
    run.advise(baseline.entries().len());
    Ok(scanned.exit())
}

fn update(common: &Common) -> anyhow::Result<Exit> {
    let run = Run::prepare(options(common)?)?;
    let mut baseline = run.read()?;
    let scanned = run.scan(common)?;
    let added = baseline.update(scanned.findings());
    let (name, all) = (&run.file.name, findings(baseline.entries().len()));
    if added == 0 {
        terminal::say(&format!("nothing to add to {name}, which has {all}"))?;
    } else {
        run.write(&baseline)?;
        terminal::say(&format!("added {} to {name}, which now has {all}", findings(added)))?;
        run.advise(added);
    }
    Ok(scanned.exit())
}

fn prune(common: &Common) -> anyhow::Result<Exit> {
    let options = options(common)?;
    if let Some(why) = narrowed(&options) {
        return Err(UsageError(format!(
            "{why}, so what is not found may still be there: prune without it"
        ))
        .into());
    }
    let run = Run::prepare(options)?;
    let mut baseline = run.read()?;
    let scanned = run.scan(common)?;
    if !scanned.gaps.is_empty() {
        return Err(anyhow::anyhow!(
            "{} was left as it is, because what is not found may be where the scan could not look",
            run.file.name
        ));
    }
    // What something else suppresses by now is still there.
    let report = &scanned.report;
    let there = report.findings.iter().chain(&report.suppressed);
    let gone = baseline.prune(there.map(|one| one.finding.fingerprint)).len();
    let (name, all) = (&run.file.name, findings(baseline.entries().len()));
    if gone == 0 {
        terminal::say(&format!("nothing to drop from {name}, which has {all}"))?;
    } else {
        run.write(&baseline)?;
        terminal::say(&format!("dropped {} from {name}, which now has {all}", findings(gone)))?;
    }
    Ok(scanned.exit())
}

fn options(common: &Common) -> anyhow::Result<Options> {
    let options = scan::options(&common.what, &scan::environment()?)?;
    if options.no_baseline {
        let hint = "--no-baseline says nothing here; --baseline PATH names the file";
        return Err(UsageError(hint.to_owned()).into());
    }
    Ok(options)
}

/// What makes the scan one of less than everything, if something does.
fn narrowed(options: &Options) -> Option<&'static str> {
    match options.scope {
        Scope::Everything => {}
        Scope::NoHistory => return Some("--no-history leaves commits out"),
        Scope::HistoryOnly | Scope::HistoryOf(..) => {
            return Some("--history-only leaves the working tree out");
        }
        Scope::Staged => return Some("--staged looks at the index only"),
        Scope::Range(_) | Scope::Between(_) => return Some("--range looks at some commits only"),
        Scope::Since(_) => return Some("--since looks at some commits only"),
        Scope::Branch(_) => return Some("--branch looks at some commits only"),
        Scope::Pushed(_) | Scope::Pushing { .. } | Scope::Message(_) => {
            return Some("a push brings some commits only");
        }
    }
    if !options.only.is_empty() {
        return Some("--rule leaves other rules out");
    }
    if options.isolated {
        return Some("--isolated leaves the target's own rules out");
    }
    if options.confidence.is_some_and(|confidence| confidence != Confidence::Low) {
        return Some("--confidence leaves less sure findings out");
    }
    None
}

/// A baseline that is about to be changed.
struct Run {
    options: Options,
    file: BaselineFile,
}

impl Run {
    fn prepare(mut options: Options) -> anyhow::Result<Run> {
        let file = pipeline::baseline_file(&options)?;
        if !file.lasting_key {
            return Err(anyhow::anyhow!(
                "a baseline needs a fingerprint key that lasts, and none can be kept here; set \
                 LEAKTRACE_FINGERPRINT_KEY, for instance to what `openssl rand -hex 32` prints"
            ));
        }
        // What is known is to be seen, too.
        options.no_baseline = true;
        Ok(Run { options, file })
    }

    fn read(&self) -> anyhow::Result<Baseline> {
        let BaselineFile { path, name, key_id, .. } = &self.file;
        match path.symlink_metadata() {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Err(UsageError(format!(
                "there is no {name}: `leaktrace baseline create` makes one"
            ))
            .into()),
            _ => Ok(Baseline::parse(&read_named(path, MAX_FILE)?, name, key_id)?),
        }
    }

    fn scan(&self, common: &Common) -> anyhow::Result<Scanned> {
        let scan = scan::execute(&self.options, common.what.settings.threads, true)?;
        let gaps = scan::gaps(&scan, &common.accept_incomplete);
        if !gaps.is_empty() {
            let kinds: Vec<String> =
                gaps.iter().map(|(kind, count)| format!("{} {count}", kind.as_str())).collect();
            terminal::warn(&format!(
                "not everything was read ({}); `leaktrace scan` says what and why",
                kinds.join(", ")
            ));
        }
        Ok(Scanned { report: scan.report, gaps })
    }

    fn write(&self, baseline: &Baseline) -> anyhow::Result<()> {
        replace(&self.file.path, baseline.render().as_bytes())
            .with_context(|| format!("cannot write {}", self.file.name))
    }

    /// Says how others get the key, when something new depends on it.
    fn advise(&self, new: usize) {
        if let Some(file) = self.file.key_file.as_deref().filter(|_| new > 0) {
            let file = escape(file.as_os_str().as_encoded_bytes());
            terminal::warn(&format!(
                "these fingerprints are keyed with {file}, which only this machine has; for CI and \
                 other clones, store the 64 digits in it as the secret LEAKTRACE_FINGERPRINT_KEY"
            ));
        }
    }
}

/// What a scan gave.
struct Scanned {
    report: Printable,
    /// Gaps that nobody accepted.
    gaps: Vec<(IncompleteKind, u64)>,
}

impl Scanned {
    fn findings(&self) -> impl Iterator<Item = Seen<'_>> {
        self.report.findings.iter().map(|one| Seen {
            fingerprint: one.finding.fingerprint,
            rule: &one.finding.rule.id,
            path: one.places.first().and_then(|place| place.path.as_deref()),
        })
    }

    fn exit(&self) -> Exit {
        if self.gaps.is_empty() { Exit::Clean } else { Exit::Failed }
    }
}

fn findings(count: usize) -> String {
    match count {
        0 => "no findings".to_owned(),
        1 => "1 finding".to_owned(),
        count => format!("{count} findings"),
    }
}

/// Puts `content` into the place of a file in one step, so that nobody ever reads half of it. A link
/// stays a link.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    let path = path.canonicalize().unwrap_or_else(|_| path.to_owned());
    let before = fs::metadata(&path).ok();
    if before.as_ref().is_some_and(|before| !before.is_file()) {
        return Err(io::Error::other("is not a regular file"));
    }
    let (folder, name) = match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => (folder, name.to_owned()),
        _ => return Err(io::Error::other("is no name of a file")),
    };
    let mut unique = [0; 8];
    getrandom::fill(&mut unique)?;
    let mut draft = name;
    draft.push(format!(".{:016x}.tmp", u64::from_be_bytes(unique)));
    let draft: PathBuf = folder.join(draft);
    let write = || {
        let mut file = OpenOptions::new().write(true).create_new(true).open(&draft)?;
        if let Some(before) = &before {
            file.set_permissions(before.permissions())?;
        }
        file.write_all(content)?;
        file.sync_all()?;
        fs::rename(&draft, &path)
    };
    write().inspect_err(|_| {
        // It may not even be there.
        let _ = fs::remove_file(&draft);
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    #[test]
    fn a_file_is_replaced_where_it_is_and_as_it_was() {
        use std::os::unix::fs::{PermissionsExt as _, symlink};
        let folder = tempfile::tempdir().expect("a folder");
        let (file, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&file, "old").expect("written");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).expect("set");
        symlink("file", &link).expect("linked");
        replace(&link, b"new").expect("replaced");
        assert_eq!(fs::read(&file).expect("there"), b"new");
        assert!(link.symlink_metadata().expect("there").is_symlink());
        assert_eq!(file.metadata().expect("there").permissions().mode() & 0o777, 0o640);
        replace(&folder.path().join("fresh"), b"x").expect("made");
        assert!(replace(folder.path(), b"x").is_err());
        assert!(replace(&folder.path().join("none/x"), b"x").is_err());
        let names = fs::read_dir(folder.path()).expect("readable").count();
        assert_eq!(names, 3, "no drafts stay behind");
    }
}
