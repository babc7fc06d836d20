//! `leaktrace hook`: what git runs on a server before or after it takes a push.
//!
//! A hook reads what the push brings that no reference had before, out of the quarantine where it
//! still lies there, and judges it by the settings of before the push. Whoever pushed reads what it
//! prints: what was made of people goes to files and alerts only. It never lets pass what it could
//! not read.

use std::env;
use std::ffi::{OsStr, OsString};
use std::io::{self, Read as _};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, Subcommand, ValueEnum};
use gix::ObjectId;

use super::exit::UsageError;
use super::{Exit, people, scan, terminal};
use crate::identity::event::{self, Hook, PushEvent};
use crate::pipeline::{Options, Scope, Subject};
use crate::source::selection::RefChange;

/// Largest input of a hook that is read, bytes: 50,000 references.
const INPUT: u64 = 64 << 20;

/// Arguments of `leaktrace hook`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check a push on the server, run as git's hook of that name (githooks(5))
    Run(Box<Run>),
}

#[derive(Debug, Args)]
struct Run {
    /// Which hook this is
    #[arg(value_enum)]
    hook: Kind,
    /// What git gives the hook: nothing, or for `update` the reference, its old and its new value
    #[arg(value_name = "ARGUMENT")]
    given: Vec<OsString>,
    /// Host of the forge, where the server's variables do not name it
    #[arg(long, value_name = "HOST", help_heading = "People")]
    host: Option<String>,
    #[command(flatten)]
    settings: scan::SettingsArguments,
    #[command(flatten)]
    report: scan::ReportArguments,
    #[command(flatten)]
    people: people::PeopleArguments,
}

/// Hooks that `leaktrace hook run` can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Before anything is taken: exit codes other than 0 refuse the whole push
    PreReceive,
    /// Before each reference is moved: exit codes other than 0 refuse that one
    Update,
    /// After all was taken: it can refuse nothing any more, and tell
    PostReceive,
}

/// Runs `leaktrace hook`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let Command::Run(run) = &arguments.command;
    run.run()
}

impl Run {
    fn run(&self) -> anyhow::Result<Exit> {
        if self.people.event.is_some() {
            let hint = "--event: a hook learns of the push from git and the server's variables";
            return Err(UsageError(hint.to_owned()).into());
        }
        let events = self.events()?;
        let environment = scan::environment()?;
        let mut options = Options {
            subjects: vec![Subject::Path(
                env::var_os("GIT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from),
            )],
            scope: Scope::Pushed(changes(&events)?),
            quarantine: env::var_os("GIT_QUARANTINE_PATH").map(PathBuf::from),
            ..self.settings.options(&environment)?
        };
        let config = options.config.as_ref();
        let people = people::prepare(&self.people, &environment, config, options.as_of)?;
        options.people = people.map(|mut people| {
            people.taken = self.hook == Kind::PostReceive;
            people.events = events;
            std::sync::Arc::new(people)
        });
        let how = scan::How { report: &self.report, people: &self.people, to_pusher: true };
        let exit = how.run(options, self.settings.threads)?;
        if let Some(message) = self.message(exit) {
            terminal::warn(message);
        }
        Ok(exit)
    }

    /// What git and the server's variables say of the push.
    fn events(&self) -> anyhow::Result<Vec<PushEvent>> {
        let (env, host) = (&|name: &str| env::var_os(name), self.host.as_deref());
        let hook = match self.hook {
            Kind::Update => {
                let [name, old, new] = self.given.as_slice() else {
                    let hint = "an update hook is given three arguments: call it with \"$@\"";
                    return Err(UsageError(hint.to_owned()).into());
                };
                let bytes = OsStr::as_encoded_bytes;
                return Ok(vec![event::update(bytes(name), bytes(old), bytes(new), env, host)?]);
            }
            Kind::PreReceive => Hook::PreReceive,
            Kind::PostReceive => Hook::PostReceive,
        };
        if !self.given.is_empty() {
            return Err(UsageError("this hook is given no arguments".to_owned()).into());
        }
        let mut input = Vec::new();
        let read = io::stdin().lock().take(INPUT + 1).read_to_end(&mut input);
        read.context("cannot read what the push changes from standard input")?;
        if input.len() as u64 > INPUT {
            anyhow::bail!("standard input has more than {INPUT} bytes");
        }
        let events = event::received(hook, &input, env, host)?;
        if events.is_empty() {
            let hint = "standard input names no reference: git hands `<old> <new> <reference>` to \
                        this hook, a line for each that the push changes";
            return Err(UsageError(hint.to_owned()).into());
        }
        Ok(events)
    }

    fn message(&self, exit: Exit) -> Option<&'static str> {
        match (exit, self.hook) {
            (Exit::Clean, _) => None,
            (Exit::Findings, Kind::PostReceive) => Some(
                "what was pushed holds credentials, and the server has it: rotate them now. Taking \
                 them out of the history comes after that",
            ),
            (Exit::Findings, _) => Some(
                "refused: what is pushed holds credentials. Rotate those that work, because they \
                 have left the machine; take them out of the commits (`git commit --amend`, or \
                 `git rebase -i` where they lie further back), and push again. Where one is none, \
                 leaktrace:allow with a reason in a comment on its line says so",
            ),
            (_, Kind::PostReceive) => {
                Some("what was pushed could not be checked: the server has it all the same")
            }
            _ => Some("refused, because not all that is pushed could be checked; see above"),
        }
    }
}

/// The references that a push changes.
fn changes(events: &[PushEvent]) -> anyhow::Result<Vec<RefChange>> {
    let id = |text: &Option<String>| {
        let id = text.as_ref().map(|text| ObjectId::from_hex(text.as_bytes()));
        id.transpose().context("an id that names no object")
    };
    events
        .iter()
        .map(|event| {
            Ok(RefChange {
                name: event.ref_name.clone().unwrap_or_default().into(),
                before: id(&event.before)?,
                after: id(&event.after)?,
            })
        })
        .collect()
}
