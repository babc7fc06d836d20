//! `leaktrace identity`: the directory of people.

mod activity;
mod diff;
mod import;
mod policy;
mod resolve;
mod sync;

use std::io::{self, Write as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::exit::UsageError;
use super::people::{self, folder, shown};
use super::{Exit, scan, terminal};
use crate::config::{Config, Environment};
use crate::identity::{Directory as _, SourceState};
use crate::model::text::escape;
use crate::store::{Store, audit};

/// Arguments of `leaktrace identity`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
#[allow(clippy::doc_markdown, reason = "this is the text of --help")]
enum Command {
    /// Read people from a file: CSV, YAML, JSON, or an export of an identity provider
    Import(import::Arguments),
    /// Read people from a forge, an identity provider or LDAP
    Sync(sync::Arguments),
    /// Save what a forge recorded of a repository: who pushed what when, for `--activity`
    Activity(activity::Arguments),
    /// Explain step by step who is behind a commit, an address or a login
    Resolve(resolve::Arguments),
    /// Write what the directory holds as JSON Lines
    Export {
        #[command(flatten)]
        common: Common,
        /// Everything that held at any time, rather than what holds now
        #[arg(long)]
        history: bool,
    },
    /// Say what changed in the directory since a date
    Diff {
        #[command(flatten)]
        common: Common,
        /// 2026-01-31, 2026-01-31T12:00:00Z, or 14d
        #[arg(value_name = "DATE")]
        since: String,
    },
    /// List the sources with the age of what they say
    Sources {
        #[command(flatten)]
        common: Common,
    },
    /// Forget a source and everything that it stated
    Forget {
        #[command(flatten)]
        common: Common,
        /// Its name, as `leaktrace identity sources` shows it
        source: String,
    },
    /// Remove what ended longer ago than the policy keeps it
    Purge {
        #[command(flatten)]
        common: Common,
        /// Days to keep [default: identity.policy.retention_days]
        #[arg(long, value_name = "DAYS")]
        days: Option<u32>,
    },
    /// Check the audit log and show it
    Audit {
        #[command(flatten)]
        common: Common,
    },
    /// The policy under which people are looked at
    Policy(policy::Arguments),
}

/// What all of them take.
#[derive(Debug, Args, Clone, Default)]
#[allow(clippy::doc_markdown, reason = "this is the text of --help")]
pub struct Common {
    /// Configuration file with the identity settings [default: LEAKTRACE_CONFIG]
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Folder of the store of people [default: identity.store, else leaktrace/identity in the
    /// user's state folder]
    #[arg(long, value_name = "FOLDER")]
    store: Option<PathBuf>,
}

/// The settings and the store's folder.
pub struct Place {
    /// The configuration that was named.
    pub config: Config,
    /// The folder.
    pub folder: PathBuf,
    /// What the environment says.
    pub environment: Environment,
    /// Now, seconds since 1970-01-01 UTC.
    pub now: i64,
}

impl Common {
    /// Reads the settings.
    pub fn place(&self) -> anyhow::Result<Place> {
        let environment = scan::environment()?;
        let config = match self.config.as_ref().or(environment.config.as_ref()) {
            Some(path) => Config::load(path)?,
            None => Config::default(),
        };
        let folder = folder(self.store.as_deref(), Some(&config))?;
        Ok(Place { config, folder, environment, now: scan::now()? })
    }
}

impl Place {
    /// The store, made if it is not there.
    pub fn open(&self) -> anyhow::Result<Store> {
        Ok(Store::open(&self.folder)?)
    }

    /// The store that is there.
    pub fn existing(&self) -> anyhow::Result<Store> {
        Store::open_existing(&self.folder)?.ok_or_else(|| {
            UsageError(format!(
                "there is no store of people in {}: `leaktrace identity import FILE` makes one",
                shown(&self.folder)
            ))
            .into()
        })
    }

    /// Adds a line to the audit log.
    pub fn record(&self, act: &str, what: &str) -> anyhow::Result<()> {
        people::record(&self.folder, self.now, act, what)
    }
}

/// Does what `arguments` say.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Import(arguments) => import::run(&arguments),
        Command::Sync(arguments) => sync::run(&arguments),
        Command::Activity(arguments) => activity::run(&arguments),
        Command::Resolve(arguments) => resolve::run(&arguments),
        Command::Export { common, history } => export(&common, history),
        Command::Diff { common, since } => diff::run(&common, &since),
        Command::Sources { common } => sources(&common),
        Command::Forget { common, source } => forget(&common, &source),
        Command::Purge { common, days } => purge(&common, days),
        Command::Audit { common } => audit_log(&common),
        Command::Policy(arguments) => policy::run(&arguments),
    }
}

fn export(common: &Common, history: bool) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let store = place.existing()?;
    place.record("export", if history { "with history" } else { "what holds now" })?;
    let mut out = io::BufWriter::new(io::stdout().lock());
    let mut failed: Option<io::Error> = None;
    let done = store.export(history, |found| {
        let line = serde_json::to_string(&found)
            .map_err(|error| crate::identity::Error::Store(error.to_string()))?;
        writeln!(out, "{line}").map_err(|error| {
            let why = error.to_string();
            failed = Some(error);
            crate::identity::Error::Store(why)
        })
    });
    match failed {
        Some(error) if error.kind() == io::ErrorKind::BrokenPipe => return Ok(Exit::Clean),
        Some(error) => return Err(error).context("cannot write to standard output"),
        None => done?,
    }
    out.flush().context("cannot write to standard output")?;
    Ok(Exit::Clean)
}

/// The day of a time, as tables show it.
pub fn day(seconds: i64) -> String {
    match jiff::Timestamp::from_second(seconds) {
        Ok(time) if seconds != i64::MIN => time.strftime("%Y-%m-%d").to_string(),
        _ => "-".to_owned(),
    }
}

fn sources(common: &Common) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let store = place.existing()?;
    let all = store.sources()?;
    if all.is_empty() {
        terminal::say(
            "no sources yet: `leaktrace identity import FILE` or `leaktrace identity sync`",
        )?;
    }
    let mut stale = false;
    for source in &all {
        let age = place.now.saturating_sub(source.as_of);
        let old = age > place.config.identity.stale_after;
        stale |= old || source.interrupted;
        terminal::say(&line(source, old))?;
        for what in &source.missing {
            terminal::say(&format!("    not read: {}", escape(what.as_bytes())))?;
        }
    }
    if stale {
        terminal::warn("what old or interrupted sources say counts less; read them again");
    }
    Ok(Exit::Clean)
}

fn line(source: &SourceState, old: bool) -> String {
    let mut notes = Vec::new();
    if source.as_of == i64::MIN {
        notes.push("never read to its end");
    } else if old {
        notes.push("stale");
    }
    if source.interrupted {
        notes.push("a run broke off; the next one goes on");
    }
    let notes = if notes.is_empty() { String::new() } else { format!("  ({})", notes.join("; ")) };
    let authority = match source.authority {
        crate::identity::Authority::Forge => "forge",
        crate::identity::Authority::Directory => "directory",
        crate::identity::Authority::Personnel => "personnel",
    };
    format!(
        "{:<32} {authority:<10} as of {}{notes}",
        escape(source.name.as_bytes()),
        day(source.as_of)
    )
}

fn forget(common: &Common, source: &str) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let store = place.existing()?;
    if !store.forget(source)? {
        let name = escape(source.as_bytes());
        return Err(UsageError(format!(
            "there is no source `{name}`; `leaktrace identity sources` lists them"
        ))
        .into());
    }
    place.record("forget", &escape(source.as_bytes()))?;
    Ok(Exit::Clean)
}

fn purge(common: &Common, days: Option<u32>) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let store = place.existing()?;
    let days = days.or(place.config.identity.policy.retention_days).ok_or_else(|| {
        UsageError("say how long with --days, or in identity.policy.retention_days".to_owned())
    })?;
    let gone = store.purge(place.now - i64::from(days) * 86_400)?;
    place.record("purge", &format!("{gone} statements that ended over {days} days ago"))?;
    terminal::say(&format!("removed {gone} statements"))?;
    Ok(Exit::Clean)
}

fn audit_log(common: &Common) -> anyhow::Result<Exit> {
    let place = common.place()?;
    let log = audit::Log::beside(&place.folder);
    let mut lines = Vec::new();
    let checked = log.check(|entry| {
        let time = jiff::Timestamp::from_second(entry.time);
        let time = time.map_or_else(|_| "-".to_owned(), |time| time.to_string());
        let text = |text: &str| escape(text.as_bytes());
        lines.push(format!(
            "{:>5}  {time}  {:<8} {}  {}",
            entry.seq,
            text(&entry.act),
            text(&entry.user),
            text(&entry.detail)
        ));
    })?;
    for line in lines {
        terminal::say(&line)?;
    }
    terminal::say(&format!("{} lines; the last has the hash {}", checked.lines, checked.last))?;
    if let Some((line, why)) = checked.broken {
        terminal::warn(&format!("line {line} was changed or something before it is gone: {why}"));
        return Ok(Exit::Failed);
    }
    Ok(Exit::Clean)
}
