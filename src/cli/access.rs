//! `leaktrace access`: who may do what, and who did what alone, for people to decide on.

use std::fs::File;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, Subcommand};

use super::exit::UsageError;
use super::{Exit, people, scan, terminal};
use crate::access::audit::{self, Audit};
use crate::access::duties::Span;
use crate::access::review::Given;
use crate::access::{Duties, Format, Report, Review};
use crate::config::Config;
use crate::config::people::IdentitySettings;
use crate::identity::event::{self, MAX_PAYLOAD, activity};
use crate::identity::pseudonym::PseudonymKey;
use crate::model::text::escape;
use crate::pipeline::people::{People, repository_of};
use crate::source::repository::Repository;
use crate::store::Store;

/// Arguments of `leaktrace access`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Rights that nobody should have any more: leavers who may push, dormant accounts, rights
    /// without an end, shared accounts, code owners who are nobody
    Review(ReviewArguments),
    /// Who did what alone: pushes to protected branches, changes merged by their author, approvals
    /// of older states, rules passed by, forced pushes
    Duties(DutiesArguments),
}

/// What both reviews are told.
#[derive(Debug, Args)]
struct Common {
    /// How the report is written: table, csv, html, json
    #[arg(long, value_name = "FORMAT", default_value_t = Format::Table)]
    format: Format,
    /// The folder of the directory of people [default: `identity.store` of the configuration, else
    /// leaktrace/identity in the user's state folder]
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,
    /// The organisation's configuration file
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Show names in place of pseudonyms; the audit log says so
    #[arg(long)]
    reveal_identities: bool,
    /// Exit with 1 when there is anything to decide on
    #[arg(long)]
    fail_on_findings: bool,
}

#[derive(Debug, Args)]
struct ReviewArguments {
    /// Repositories whose history says who is active and whose CODEOWNERS are checked: PATH, or
    /// PATH=HOST/OWNER/NAME where no remote tells
    #[arg(value_name = "REPO")]
    repositories: Vec<String>,
    /// After how many days without a sign of use a right is dormant
    #[arg(long, value_name = "DAYS", default_value_t = 90, value_parser = clap::value_parser!(u32).range(1..=3650))]
    dormant_days: u32,
    /// Audit log of a GitHub organisation, as saved from its API or site, which tells of the use of
    /// rights to administer: FILE, or FILE=HOST where it is not github.com
    #[arg(long = "audit", value_name = "FILE")]
    audit: Vec<String>,
    #[command(flatten)]
    common: Common,
}

#[derive(Debug, Args)]
struct DutiesArguments {
    /// The repository: PATH, or PATH=HOST/OWNER/NAME where no remote tells [default: the current
    /// directory, unless --event is given]
    #[arg(value_name = "REPO")]
    repository: Option<String>,
    /// Only what commits A..B brought in
    #[arg(long, value_name = "A..B", conflicts_with = "since")]
    range: Option<String>,
    /// Only the default branch since a date: 2026-01-31, 2026-01-31T12:00:00Z, or 14d [default: 90d]
    #[arg(long, value_name = "DATE")]
    since: Option<String>,
    /// Payload of an event as the forge sent it: a push, a closed pull request, a review
    #[arg(long = "event", value_name = "FILE")]
    events: Vec<PathBuf>,
    /// What the forge recorded of the repository, as saved from its API: GitHub's lists of activity
    /// or of rule suites, GitLab's events
    #[arg(long = "activity", value_name = "FILE")]
    activity: Vec<PathBuf>,
    #[command(flatten)]
    common: Common,
}

/// Does what `arguments` say.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Review(arguments) => review(arguments),
        Command::Duties(arguments) => duties(arguments),
    }
}

/// What a review works with.
struct Desk {
    settings: IdentitySettings,
    store: Store,
    folder: PathBuf,
    pseudonyms: PseudonymKey,
    now: i64,
}

impl Desk {
    fn open(common: &Common) -> anyhow::Result<Desk> {
        let environment = scan::environment()?;
        let config = match common.config.as_ref().or(environment.config.as_ref()) {
            Some(path) => Some(Config::load(path)?),
            None => None,
        };
        for note in config.iter().flat_map(|config| &config.notes) {
            terminal::warn(note);
        }
        let folder = people::folder(common.store.as_deref(), config.as_ref())?;
        let Some(store) = Store::open_existing(&folder)? else {
            anyhow::bail!(
                "there is no directory of people in {}; fill it first (`leaktrace identity sync` or \
                 `leaktrace identity import`), or name its folder with --store",
                shown(&folder)
            );
        };
        let (pseudonyms, _) = people::pseudonyms(&environment, config.as_ref(), &store)?;
        let settings = config.map(|config| config.identity).unwrap_or_default();
        Ok(Desk { settings, store, folder, pseudonyms, now: scan::now()? })
    }

    /// Writes into the audit log that names are shown, before any is; refuses while the policy has
    /// gaps.
    fn revealed(&self, common: &Common, what: &str) -> anyhow::Result<()> {
        if !common.reveal_identities {
            return Ok(());
        }
        let detail = format!("access {what}, as {}", common.format);
        people::reveal(&self.settings, &self.folder, self.now, &detail)
    }

    /// A repository that the command line names.
    fn given(&self, argument: &str) -> anyhow::Result<Given> {
        let (path, id) = named(argument);
        let name = shown(Path::new(path));
        let Some(repo) = Repository::open(Path::new(path))? else {
            return Err(UsageError(format!("{name}: this is no git repository")).into());
        };
        let id = id.map(str::to_lowercase);
        let own = || self.settings.repository.clone().filter(|_| path == ".");
        let remote = || repo.remote().and_then(|remote| repository_of(&remote));
        let resource = id.or_else(own).or_else(remote);
        Ok(Given { repo, name, resource })
    }
}

/// `PATH` or `PATH=HOST/OWNER/NAME`.
fn named(argument: &str) -> (&str, Option<&str>) {
    let id =
        |id: &str| id.split('/').next().is_some_and(|host| host.trim_matches('.').contains('.'));
    match argument.rsplit_once('=') {
        Some((path, name)) if id(name) && name.matches('/').count() >= 2 && !path.is_empty() => {
            (path, Some(name))
        }
        _ => (argument, None),
    }
}

fn shown(path: &Path) -> String {
    escape(path.as_os_str().as_encoded_bytes())
}

fn review(arguments: &ReviewArguments) -> anyhow::Result<Exit> {
    let common = &arguments.common;
    let desk = Desk::open(common)?;
    let given = arguments.repositories.iter().map(|one| desk.given(one));
    let repositories = given.collect::<anyhow::Result<Vec<Given>>>()?;
    let mut audit = Audit::default();
    for argument in &arguments.audit {
        let (path, host) = match argument.rsplit_once('=') {
            Some((path, host)) if host.contains('.') && !host.contains('/') => (path, host),
            _ => (argument.as_str(), "github.com"),
        };
        let path = Path::new(path);
        audit.read(&shown(path), &host.to_lowercase(), &bounded(path, audit::MAX_BYTES)?)?;
    }
    let forges = People::forges_of(&desk.settings.forges);
    let review = Review {
        store: &desk.store,
        repositories: &repositories,
        forges: &forges,
        pseudonyms: &desk.pseudonyms,
        reveal: common.reveal_identities,
        audit: (!arguments.audit.is_empty()).then_some(&audit),
        now: desk.now,
        stale_after: desk.settings.stale_after,
        dormant_days: arguments.dormant_days,
    };
    let report = review.run()?;
    desk.revealed(common, "review")?;
    print(&report, common)
}

fn duties(arguments: &DutiesArguments) -> anyhow::Result<Exit> {
    let common = &arguments.common;
    let desk = Desk::open(common)?;
    let here = arguments.events.is_empty().then_some(".");
    let given = arguments.repository.as_deref().or(here).map(|one| desk.given(one)).transpose()?;
    if given.is_none() && !arguments.activity.is_empty() {
        return Err(UsageError("--activity is of a repository: name it, too".to_owned()).into());
    }
    let span = match (&arguments.range, &arguments.since) {
        (Some(range), _) => Span::Range(range.clone()),
        (None, since) => {
            let text = since.as_deref().unwrap_or("90d");
            let time = scan::since(text, desk.now).ok_or_else(|| {
                UsageError(format!(
                    "--since: `{}` is no date; write 2026-01-31, 2026-01-31T12:00:00Z or 14d",
                    text.escape_debug()
                ))
            })?;
            Span::Since(time)
        }
    };
    let mut events = Vec::new();
    for path in &arguments.events {
        let bytes = bounded(path, MAX_PAYLOAD)?;
        events.extend(event::payload(&path.to_string_lossy(), &bytes, None, false)?);
    }
    let mut records = Vec::new();
    for path in &arguments.activity {
        records.extend(activity::read(&shown(path), &bounded(path, activity::MAX_BYTES)?)?);
    }
    let forges = People::forges_of(&desk.settings.forges);
    let duties = Duties {
        store: &desk.store,
        repository: given.as_ref(),
        span,
        events: &events,
        records: &records,
        forges: &forges,
        pseudonyms: &desk.pseudonyms,
        reveal: common.reveal_identities,
        now: desk.now,
        stale_after: desk.settings.stale_after,
    };
    let report = duties.run()?;
    desk.revealed(common, "duties")?;
    print(&report, common)
}

/// Reads a file of at most `most` bytes and one more, by which the reader sees that it is larger.
fn bounded(path: &Path, most: u64) -> anyhow::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let file = File::open(path).with_context(|| format!("cannot read {}", shown(path)))?;
    file.take(most + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Prints the report, and says on standard error what is not whole about it.
fn print(report: &Report, common: &Common) -> anyhow::Result<Exit> {
    for doubt in report.doubts() {
        terminal::warn(&format!("source {doubt}"));
    }
    if !report.missing.is_empty() {
        let count = report.missing.len();
        terminal::warn(&format!("not everything could be told: {count} notes in the report"));
    }
    let width = terminal::style(terminal::Colour::Never).width;
    let mut text = Vec::new();
    common.format.write(report, width, &mut text)?;
    let mut out = io::stdout().lock();
    match out.write_all(&text).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
        result => result.context("cannot write to standard output")?,
    }
    let found = common.fail_on_findings && !report.lines.is_empty();
    Ok(if found { Exit::Findings } else { Exit::Clean })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_may_be_named() {
        assert_eq!(named("."), (".", None));
        assert_eq!(named("a=b"), ("a=b", None));
        assert_eq!(named("x=git.example/acme/app"), ("x", Some("git.example/acme/app")));
        assert_eq!(named("a=b=git.example/a/b"), ("a=b", Some("git.example/a/b")));
        assert_eq!(named("a=./b/c/d"), ("a=./b/c/d", None));
    }
}
