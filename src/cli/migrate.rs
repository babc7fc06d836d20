//! `leaktrace migrate`: takes over what was decided with another scanner. Its files know secrets by
//! path and line, by commit or by a hash, so the target is scanned, and what is found there says
//! which secret a decision is about.

mod join;
mod plan;
mod table;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Args;

use super::exit::UsageError;
use super::report::{is_stdin, standard_input};
use super::scan::{self, SettingsArguments};
use super::terminal::{self, Colour};
use super::{Exit, baseline};
use crate::config::read_named;
use crate::finding::baseline::{Baseline, MAX_FILE as MAX_BASELINE};
use crate::finding::foreign::{Foreign, ForeignError, MAX_FILE, path_rules};
use crate::finding::ignore::{self, Ignores};
use crate::model::text::escape;
use crate::model::{Confidence, Secret};
use crate::output::redact::Finder;
use crate::pipeline::{self, BaselineFile, Subject};
use plan::Plan;

/// Files that lie at the root of a target, taken when none is named.
const USUAL: [&str; 4] =
    [".gitleaksignore", ".gitleaks.toml", ".secrets.baseline", "gitleaks-baseline.json"];
/// Bytes of values in files that are looked for in everything that is shown.
const MAX_VALUES: usize = 1 << 20;
/// Files of a target whose paths are looked at, to see whether patterns mean the same.
const MAX_PATHS: usize = 200_000;

/// Arguments of `leaktrace migrate`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Files to take over: reports and baselines of gitleaks (JSON, CSV), .gitleaksignore,
    /// .gitleaks.toml, results of trufflehog (JSON), .secrets.baseline and audit reports of
    /// detect-secrets, SARIF with suppressions; `-` for standard input
    /// [default: those at the root of the target that have their usual names]
    #[arg(value_name = "FILE")]
    files: Vec<PathBuf>,
    /// A file of expressions, as trufflehog takes it with --exclude-paths
    #[arg(long, value_name = "FILE")]
    exclude_paths: Vec<PathBuf>,
    /// The repository or folder that the files are about [default: the repository around the
    /// current directory]
    #[arg(long, value_name = "PATH")]
    target: Option<PathBuf>,
    /// Do not take over comments beside secrets: gitleaks:allow, trufflehog:ignore,
    /// pragma: allowlist secret
    #[arg(long)]
    no_comments: bool,
    /// Say what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Begin the baseline anew if there is one; what else is there is only ever added to
    #[arg(long)]
    force: bool,
    #[command(flatten)]
    settings: SettingsArguments,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

/// Runs `leaktrace migrate`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut options = arguments.settings.options(&scan::environment()?)?;
    options.subjects = vec![match &arguments.target {
        Some(path) if path.as_os_str() != "." => Subject::Path(path.clone()),
        _ => Subject::Here(PathBuf::from(".")),
    }];
    // What is only perhaps a secret may have been decided about, too.
    options.confidence.get_or_insert(Confidence::Low);
    let place = pipeline::baseline_file(&options)?;
    if !place.lasting_key {
        return Err(anyhow::anyhow!(
            "what is taken over needs a fingerprint key that lasts, and none can be kept here; set \
             LEAKTRACE_FINGERPRINT_KEY, for instance to what `openssl rand -hex 32` prints"
        ));
    }
    let root = place.root.clone().ok_or_else(|| {
        UsageError("the target has no folder that an ignore file could lie in".to_owned())
    })?;
    let foreign = read(arguments, &root)?;
    let files = Files::open(&root, &place, arguments.force)?;
    options.no_baseline = true;
    let scan = scan::execute(&options, arguments.settings.threads, true)?;
    let report = &scan.report;
    let all = || report.findings.iter().chain(&report.suppressed);
    let secrets = all().map(|one| &one.finding.secret);
    let finder = Finder::of(secrets.chain(values(&foreign)));
    let paths = paths(&root);
    let plan = Plan::new(&foreign, report, &paths, !arguments.no_comments, &files.known());
    let style = terminal::style(arguments.color);
    for line in table::lines(&plan, &place.name, style.colour) {
        terminal::say(&finder.masked(&line))?;
    }
    for file in &foreign {
        let own = |place: &crate::provenance::Place| {
            place.path.as_deref().is_some_and(|path| path == file.file.as_bytes())
        };
        let count = all().filter(|one| one.places.iter().any(own)).count();
        if count > 0 {
            let secrets = plan::counted(count, "secret", "secrets");
            terminal::warn(&finder.masked(&format!(
                "{} holds {secrets} in plain text and lies in the target; once it is taken over, \
                 delete it, and do not commit it",
                file.file
            )));
        }
    }
    if plan.is_empty() && foreign.is_empty() {
        let usual = USUAL.join(", ");
        let hint = format!(
            "there is nothing to take over: name a file (none of {usual} lies in {}), and no \
             comment beside a secret says anything",
            escape(root.as_os_str().as_encoded_bytes())
        );
        return Err(UsageError(hint).into());
    }
    if arguments.dry_run {
        terminal::say("Nothing was written (--dry-run).")?;
    } else {
        files.write(&plan, &finder)?;
    }
    let gaps = scan::gaps(&scan, &[]);
    if gaps.is_empty() {
        return Ok(Exit::Clean);
    }
    terminal::warn(
        "not everything was read, so what was not found may be there; `leaktrace scan` says what \
         was not read, and this command can be run again",
    );
    Ok(Exit::Failed)
}

/// Everything that is to be taken over.
fn read(arguments: &Arguments, root: &Path) -> anyhow::Result<Vec<Foreign>> {
    let mut all = Vec::new();
    let usual = USUAL.iter().map(|name| root.join(name)).filter(|path| path.is_file());
    let none = arguments.files.is_empty() && arguments.exclude_paths.is_empty();
    let files: Vec<PathBuf> = if none { usual.collect() } else { arguments.files.clone() };
    for path in files {
        let (bytes, name) = if is_stdin(&path) {
            (standard_input(MAX_FILE)?, "standard input".to_owned())
        } else {
            (read_named(&path, MAX_FILE)?, name_of(&path, root))
        };
        all.push(Foreign::read(&bytes, &name).map_err(|error| told(&error))?);
    }
    for path in &arguments.exclude_paths {
        let bytes = read_named(path, MAX_FILE)?;
        all.push(path_rules(&bytes, &name_of(path, root)).map_err(|error| told(&error))?);
    }
    Ok(all)
}

fn told(error: &ForeignError) -> anyhow::Error {
    UsageError(error.to_string()).into()
}

/// Values of the files for masking, as many as take little room: each decision's own value is masked
/// in what is said of it anyway.
fn values(foreign: &[Foreign]) -> impl Iterator<Item = &Secret> {
    let mut room = MAX_VALUES;
    foreign.iter().flat_map(Foreign::values).take_while(move |value| {
        let fits = value.len() <= room;
        room = room.saturating_sub(value.len());
        fits
    })
}

/// What reasons call a file: below the target as it is there, else by its last part, so that they
/// say nothing of this machine.
fn name_of(path: &Path, root: &Path) -> String {
    let inside = path.canonicalize().ok().zip(root.canonicalize().ok());
    let inside = inside.and_then(|(path, root)| path.strip_prefix(root).ok().map(Path::to_owned));
    let name = inside.unwrap_or_else(|| PathBuf::from(path.file_name().unwrap_or_default()));
    name.to_string_lossy().into_owned()
}

/// The files of a target, relative to it, `/` between the parts.
fn paths(root: &Path) -> Vec<Vec<u8>> {
    let mut walk = ::ignore::WalkBuilder::new(root);
    walk.standard_filters(false).filter_entry(|entry| entry.file_name() != ".git");
    let files =
        walk.build().flatten().filter(|entry| entry.file_type().is_some_and(|kind| kind.is_file()));
    let relative = |path: &Path| {
        let path = path.strip_prefix(root).ok()?;
        let parts: Vec<&[u8]> = path.iter().map(OsStr::as_encoded_bytes).collect();
        Some(parts.join(&b'/'))
    };
    files.filter_map(|entry| relative(entry.path())).take(MAX_PATHS).collect()
}

/// The files that are written, as they are.
struct Files {
    ignore: PathBuf,
    before: Vec<u8>,
    baseline: Baseline,
    place: PathBuf,
    name: String,
    by_default: bool,
}

impl Files {
    fn open(root: &Path, place: &BaselineFile, force: bool) -> anyhow::Result<Files> {
        let ignore = root.join(ignore::FILE_NAME);
        let before = match ignore.symlink_metadata() {
            Err(_) => Vec::new(),
            Ok(about) if about.is_file() => read_named(&ignore, ignore::MAX_FILE)?,
            Ok(_) => {
                let why = "is no regular file here, so nothing is added to it";
                return Err(UsageError(format!("{} {why}", ignore::FILE_NAME)).into());
            }
        };
        Ignores::default().add_file(&before, ignore::FILE_NAME)?;
        let there = place.path.symlink_metadata().is_ok() && !force;
        let baseline = if there {
            Baseline::parse(&read_named(&place.path, MAX_BASELINE)?, &place.name, &place.key_id)?
        } else {
            Baseline::new(&place.name, &place.key_id)
        };
        Ok(Files {
            ignore,
            before,
            baseline,
            place: place.path.clone(),
            name: place.name.clone(),
            by_default: place.by_default,
        })
    }

    /// What is there already and is not to be added again.
    fn known(&self) -> plan::Known {
        let text = String::from_utf8_lossy(&self.before);
        plan::Known {
            entries: text.lines().map(plan::entry_of).map(str::to_owned).collect(),
            fingerprints: self.baseline.entries().iter().map(|entry| entry.fingerprint).collect(),
        }
    }

    fn write(mut self, plan: &Plan<'_>, finder: &Finder) -> anyhow::Result<()> {
        if !plan.ignores.is_empty() {
            let mut content = self.before;
            if !content.is_empty() && !content.ends_with(b"\n") {
                content.push(b'\n');
            }
            for (entry, reason) in &plan.ignores {
                let line = format!("{entry}  # {}\n", finder.masked(reason));
                content.extend_from_slice(line.as_bytes());
            }
            // What is written has to be read again.
            Ignores::default().add_file(&content, ignore::FILE_NAME)?;
            baseline::replace(&self.ignore, &content)
                .with_context(|| format!("cannot write {}", ignore::FILE_NAME))?;
            let count = plan::counted(plan.ignores.len(), "entry", "entries");
            terminal::say(&format!("Added {count} to {}.", ignore::FILE_NAME))?;
        }
        if !plan.baseline.is_empty() {
            let masked = |(seen, reason): &(_, String)| (*seen, finder.masked(reason));
            let accepted: Vec<_> = plan.baseline.iter().map(masked).collect();
            self.baseline.accept(&accepted);
            baseline::replace(&self.place, self.baseline.render().as_bytes())
                .with_context(|| format!("cannot write {}", self.name))?;
            let count = plan::counted(plan.baseline.len(), "entry", "entries");
            terminal::say(&format!("Added {count} to {}.", self.name))?;
            if self.by_default {
                terminal::warn(&format!(
                    "no configuration names it yet: put `baseline: {}` into leaktrace.yml for \
                     scans to use it",
                    self.name
                ));
            }
        }
        if plan.ignores.is_empty() && plan.baseline.is_empty() {
            terminal::say("Nothing had to be written.")?;
        }
        Ok(())
    }
}
