//! `leaktrace fix`: walks through what a commit was stopped for. A value goes into the environment, a
//! comment says why it is none, or it is rotated; commits that no remote has are made again without
//! it, after a question.
//!
//! `ask` puts the questions, `change` knows what becomes of files, `commits` what becomes of commits.

mod ask;
mod change;
mod commits;

use std::collections::BTreeSet;
use std::env;
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::Args;
use gix::ObjectId;

use self::ask::{Decider, Way};
use self::change::{Changes, Value};
use self::commits::State;
use super::exit::UsageError;
use super::{Exit, notify, scan, terminal};
use crate::fix::files::Tree;
use crate::fix::git::{Entry, Git};
use crate::fix::{comment, is_name};
use crate::model::ContentKind;
use crate::model::text::escape;
use crate::output::Reported;
use crate::output::redact::Finder;
use crate::pipeline::{Options, Scan, Scope, Subject};
use crate::source::repository::Repository;
use crate::source::selection::RefChange;

/// Arguments of `leaktrace fix`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Only the finding with this fingerprint, or this beginning of it. Without it: what is staged,
    /// else what is not pushed yet, else the working tree
    #[arg(value_name = "FINGERPRINT")]
    fingerprint: Option<String>,
    /// Show what would be done, and do nothing
    #[arg(long)]
    dry_run: bool,
    /// Ask nothing: move into the environment what can be moved, and rewrite no commit
    #[arg(long, conflicts_with_all = ["dry_run", "interactive"])]
    yes: bool,
    /// Ask although standard input is no terminal, and read the answers from it, a line each
    #[arg(long, conflicts_with = "dry_run")]
    interactive: bool,
    #[command(flatten)]
    settings: scan::SettingsArguments,
}

/// What everything here works with.
pub struct Desk<'a> {
    repository: &'a Repository,
    tree: Tree,
    git: Git,
    /// Every value of the scan, to be masked.
    finder: Finder,
    /// Whether what is staged is what this is about.
    staged: bool,
    /// Files of the findings.
    touched: BTreeSet<Vec<u8>>,
}

impl Desk<'_> {
    /// What is staged of a file.
    fn blob(&self, entry: &Entry) -> Option<Vec<u8>> {
        self.repository.git.find_object(entry.id).ok().map(|object| object.detach().data)
    }
}

/// Where findings were looked for.
struct Found {
    scan: Scan,
    staged: bool,
}

/// Runs `leaktrace fix`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let here = std::path::absolute(".")?;
    let repository = Repository::discover(&here)?;
    let Some((repository, root)) =
        repository.and_then(|one| one.worktree.clone().map(|root| (one, root)))
    else {
        let hint = "leaktrace fix works in a repository with a working tree: go into one";
        return Err(UsageError(hint.to_owned()).into());
    };
    let decider = if arguments.yes {
        Decider::Yes
    } else if !arguments.dry_run && (arguments.interactive || io::stdin().is_terminal()) {
        Decider::Person
    } else {
        Decider::Nobody
    };
    let found = arguments.find(&root)?;
    for gap in &found.scan.report.incomplete {
        terminal::warn(&format!("not all was read: {} ({})", gap.kind.as_str(), gap.count));
    }
    let mut all: Vec<&Reported> = found.scan.report.findings.iter().collect();
    if let Some(wanted) = &arguments.fingerprint {
        all.retain(|one| one.finding.fingerprint.to_string().starts_with(wanted.as_str()));
        if all.is_empty() {
            return Err(UsageError(format!(
                "there is no finding {}; leaktrace scan lists fingerprints",
                escape(wanted.as_bytes())
            ))
            .into());
        }
    }
    if all.is_empty() {
        say("There is nothing to fix.")?;
        return Ok(if found.scan.report.incomplete.is_empty() {
            Exit::Clean
        } else {
            Exit::Failed
        });
    }
    let paths = all.iter().flat_map(|one| files_of(one));
    let desk = Desk {
        repository: &repository,
        tree: Tree::at(&root),
        git: Git::at(&root),
        finder: notify::finder(&found.scan),
        staged: found.staged,
        touched: paths.collect(),
    };
    let history = arguments.history(&root, &all)?;
    walk(&desk, &all, history.as_ref(), decider)
}

impl Arguments {
    /// The findings: of what is staged, else of what is not pushed, else of the working tree; with a
    /// fingerprint, of the first that has it, and of the whole history last.
    fn find(&self, root: &std::path::Path) -> anyhow::Result<Found> {
        let pushing = Scope::Pushing {
            changes: vec![RefChange { name: "HEAD".into(), before: None, after: None }],
            remote: None,
        };
        let mut scopes = vec![Scope::Staged, pushing, Scope::NoHistory];
        if self.fingerprint.is_some() {
            scopes.push(Scope::HistoryOnly);
        }
        let mut last = None;
        for scope in scopes {
            let staged = scope == Scope::Staged;
            let Some(scan) = self.scan(root, scope, Vec::new())? else { continue };
            let wanted = |one: &Reported| {
                let fingerprint = one.finding.fingerprint.to_string();
                self.fingerprint.as_ref().is_none_or(|text| fingerprint.starts_with(text.as_str()))
            };
            let has = scan.report.findings.iter().any(wanted);
            last = Some(Found { scan, staged });
            if has {
                break;
            }
        }
        last.context("nothing could be scanned")
    }

    /// A scan; none where there is nothing of this kind.
    fn scan(
        &self,
        root: &std::path::Path,
        mut scope: Scope,
        only: Vec<String>,
    ) -> anyhow::Result<Option<Scan>> {
        if let Scope::Pushing { changes, .. } = &mut scope {
            let head =
                Git::at(root).line(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?;
            let head = head.and_then(|hex| ObjectId::from_hex(hex.as_bytes()).ok());
            if head.is_none() {
                return Ok(None);
            }
            for change in changes {
                change.after = head;
            }
        }
        let environment = scan::environment()?;
        let mut options = Options {
            subjects: vec![Subject::Path(root.to_owned())],
            scope,
            git_index: env::var_os("GIT_INDEX_FILE").map(PathBuf::from),
            ..self.settings.options(&environment)?
        };
        if !only.is_empty() {
            options.only = only;
        }
        Ok(Some(scan::execute(&options, self.settings.threads, false)?))
    }

    /// The same secrets in the whole history; none where there is no commit yet.
    fn history(&self, root: &std::path::Path, all: &[&Reported]) -> anyhow::Result<Option<Scan>> {
        let head = Git::at(root).line(&["rev-parse", "--verify", "--quiet", "HEAD"])?;
        if head.is_none() {
            return Ok(None);
        }
        let rules: BTreeSet<String> = all.iter().map(|one| one.finding.rule.id.clone()).collect();
        self.scan(root, Scope::HistoryOnly, rules.into_iter().collect())
    }
}

/// Goes from one finding to the next; findings for what stays as it is.
fn walk(
    desk: &Desk<'_>,
    all: &[&Reported],
    history: Option<&Scan>,
    decider: Decider,
) -> anyhow::Result<Exit> {
    let mut open = all.len();
    for (at, one) in all.iter().enumerate() {
        let before = history.and_then(|scan| {
            let mut known = scan.report.findings.iter().chain(&scan.report.suppressed);
            known.find(|other| other.finding.fingerprint == one.finding.fingerprint)
        });
        show(one, at + 1, all.len())?;
        match deal(desk, one, before, decider)? {
            Outcome::Done => open -= 1,
            Outcome::Open => {}
            Outcome::Quit => break,
        }
        say("")?;
    }
    if decider == Decider::Nobody {
        say(
            "Nothing was changed. At a terminal leaktrace fix asks; --yes does what needs no question.",
        )?;
    } else if open == 0 {
        say("All is dealt with. Commit what changed.")?;
    } else {
        let many =
            if open == 1 { "1 finding is".to_owned() } else { format!("{open} findings are") };
        say(&format!("{many} as before."))?;
    }
    Ok(if open == 0 { Exit::Clean } else { Exit::Findings })
}

/// How it went with a finding.
enum Outcome {
    Done,
    Open,
    Quit,
}

/// What it is, where it stands, and the steps that are right whatever becomes of the file.
fn show(one: &Reported, number: usize, count: usize) -> anyhow::Result<()> {
    let rule = &one.finding.rule;
    say(&format!("{number} of {count}  {}: {}", rule.title, one.finding.secret.preview()))?;
    for place in one.places.iter().take(5) {
        let path = place.path.as_deref().map_or_else(|| "a message".to_owned(), escape);
        say(&format!(
            "  {path}:{}  {}",
            place.position.line,
            escape(place.excerpt.trim().as_bytes())
        ))?;
    }
    if one.places.len() > 5 {
        say(&format!("  and {} more places", one.places.len() - 5))?;
    }
    say("")?;
    say("If anybody else can have seen it (a push, a log, a chat), it is leaked; then:")?;
    for line in terminal::wrapped(&rule.advice, 76) {
        say(&format!("  {line}"))?;
    }
    if !rule.page.is_empty() {
        say(&format!("  {}", rule.page))?;
    }
    say("")
}

/// Files in which a finding stands, each once.
fn files_of(one: &Reported) -> Vec<Vec<u8>> {
    let files = one
        .places
        .iter()
        .filter(|place| matches!(place.kind, ContentKind::Blob | ContentKind::File))
        .filter_map(|place| place.path.clone());
    let unique: BTreeSet<Vec<u8>> = files.collect();
    unique.into_iter().collect()
}

/// Finds out what can be done, asks, and does it.
fn deal(
    desk: &Desk<'_>,
    one: &Reported,
    history: Option<&Reported>,
    decider: Decider,
) -> anyhow::Result<Outcome> {
    let value = Value {
        bytes: one.finding.secret.expose(),
        provider: &one.finding.rule.provider,
        rule: &one.finding.rule.id,
        fingerprint: one.finding.fingerprint.to_string(),
    };
    let paths = files_of(one);
    let local: Vec<Vec<u8>> =
        paths.iter().filter(|path| change::is_dotenv(path)).cloned().collect();
    let first = if local.is_empty() || local.len() < paths.len() {
        First::of(desk, &value, &paths)?
    } else {
        First::Local(local)
    };
    let way = match decider {
        Decider::Person => {
            first.offer()?;
            ask::way(!matches!(first, First::Closed(_)))?
        }
        Decider::Yes | Decider::Nobody if matches!(first, First::Closed(_)) => Way::Rotate,
        Decider::Yes | Decider::Nobody => Way::Out,
    };
    let outcome = match way {
        Way::Out => first.go(desk, &value, &paths, decider)?,
        Way::Excuse => return excuse(desk, &value, &paths),
        Way::Quit => return Ok(Outcome::Quit),
        Way::Skip => return Ok(Outcome::Open),
        Way::Rotate => {
            if let (First::Closed(why), true) = (&first, decider != Decider::Person) {
                say(&format!("It cannot be moved into the environment: {why}."))?;
            }
            (Outcome::Open, None)
        }
    };
    let (mut outcome, name) = outcome;
    let state = commits::look(desk, &value, history, decider != Decider::Nobody)?;
    commits::tell(&state)?;
    // As long as commits that are not pushed have it, the push will be stopped.
    match (&state, decider) {
        (State::Here(plan), Decider::Person) => {
            let rewritten = commits::rewrite(desk, &value, plan, name.as_deref())?;
            outcome = if rewritten { Outcome::Done } else { Outcome::Open };
        }
        (State::Here(_), _) => {
            say("At a terminal leaktrace fix offers to rewrite them.")?;
            outcome = Outcome::Open;
        }
        (State::Refused(_), _) => outcome = Outcome::Open,
        (State::None | State::Pushed(_), _) => {}
    }
    Ok(outcome)
}

/// What the first way is.
enum First {
    /// Into the environment, under this name.
    Environment(String),
    /// These files of settings stay on this machine.
    Local(Vec<Vec<u8>>),
    /// There is none, for this reason.
    Closed(String),
}

impl First {
    fn of(desk: &Desk<'_>, value: &Value<'_>, paths: &[Vec<u8>]) -> anyhow::Result<First> {
        Ok(match change::name(desk, value, paths)? {
            Ok(name) => First::Environment(name),
            Err(why) => First::Closed(why),
        })
    }

    fn offer(&self) -> anyhow::Result<()> {
        match self {
            First::Environment(name) => say(&format!(
                "  1  read it from the environment, as {name}; the value goes to {}, which git ignores",
                change::DOTENV
            ))?,
            First::Local(paths) => {
                let names: Vec<String> = paths.iter().map(|path| escape(path)).collect();
                say(&format!(
                    "  1  keep {} on this machine: out of git's index, and ignored from now on",
                    names.join(", ")
                ))?;
            }
            First::Closed(why) => say(&format!("  1  (not here: {why})"))?,
        }
        say("  2  it is none, or made up for tests: say why in the file")?;
        say("  3  leave the file; rotate it by the steps above")?;
        say("  s  skip   q  quit")
    }

    /// Goes this way; how it went, and the name of the variable.
    fn go(
        &self,
        desk: &Desk<'_>,
        value: &Value<'_>,
        paths: &[Vec<u8>],
        decider: Decider,
    ) -> anyhow::Result<(Outcome, Option<String>)> {
        let (changes, name) = match self {
            First::Environment(wanted) => {
                let Some(name) = named(wanted, decider)? else { return Ok((Outcome::Quit, None)) };
                match change::out(desk, value, paths, &name)? {
                    Ok(changes) => (changes, Some(name)),
                    Err(why) => {
                        say(&format!("Left as it is: {why}."))?;
                        return Ok((Outcome::Open, None));
                    }
                }
            }
            First::Local(local) => (change::keep_local(desk, local)?, None),
            First::Closed(_) => return Ok((Outcome::Open, None)),
        };
        let made = carry_out(desk, &changes, decider)?;
        let gone = name.is_none() || !change::remains(desk, value, paths);
        Ok((if made && gone { Outcome::Done } else { Outcome::Open }, name))
    }
}

/// The name of the variable, as it is wanted or as somebody says.
fn named(wanted: &str, decider: Decider) -> anyhow::Result<Option<String>> {
    if decider != Decider::Person {
        return Ok(Some(wanted.to_owned()));
    }
    for _ in 0..3 {
        let Some(answer) = ask::line(&format!("Name of the variable? [{wanted}]"))? else { break };
        match answer.as_str() {
            "" => return Ok(Some(wanted.to_owned())),
            name if is_name(name) => return Ok(Some(name.to_owned())),
            _ => say("Capital letters, digits and underscores, and no digit first.")?,
        }
    }
    Ok(None)
}

/// Shows the changes and makes them, unless nobody is there to want it; whether they were made.
fn carry_out(desk: &Desk<'_>, changes: &Changes, decider: Decider) -> anyhow::Result<bool> {
    if changes.is_empty() {
        say("There is nothing to change: it is out of the index and ignored already.")?;
        return Ok(true);
    }
    if decider == Decider::Nobody {
        say("This would change:")?;
    } else {
        change::make(desk, changes)?;
        say("Changed:")?;
    }
    say(change::shown(desk, changes).trim_end())?;
    for line in &changes.said {
        say(&format!("  note: {line}"))?;
    }
    Ok(decider != Decider::Nobody)
}

/// Asks why it is none, and writes that down.
fn excuse(desk: &Desk<'_>, value: &Value<'_>, paths: &[Vec<u8>]) -> anyhow::Result<Outcome> {
    let Some(answer) = ask::line("Why is it none?")? else { return Ok(Outcome::Quit) };
    let Some(reason) = comment::reason(&answer) else {
        say("Without a reason nothing is excused.")?;
        return Ok(Outcome::Open);
    };
    let changes = change::excuse(desk, value, paths, &reason)?;
    carry_out(desk, &changes, Decider::Person)?;
    Ok(Outcome::Done)
}

/// Prints a line; the text is escaped.
fn say(line: &str) -> anyhow::Result<()> {
    terminal::say(line)
}
