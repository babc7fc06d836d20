//! Hooks on a server: what a push brings, judged before it is taken.
//!
//! A hook reads what the push brings that no reference had before, out of the quarantine where it
//! still lies there, and judges it by the settings of before the push. Whoever pushed reads what it
//! prints: what was made of people goes to files and alerts only. It never lets pass what it could
//! not read.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use gix::ObjectId;

use super::super::exit::UsageError;
use super::super::notify::When;
use super::super::{Exit, people, scan, terminal};
use super::{Kind, Run, bypass};
use crate::identity::event::{self, Hook, PushEvent};
use crate::pipeline::{Options, Scope, Subject};
use crate::source::selection::RefChange;

/// Runs a hook on a server.
pub fn run(run: &Run) -> anyhow::Result<Exit> {
    run.on_server()
}

impl Run {
    fn on_server(&self) -> anyhow::Result<Exit> {
        if self.people.event.is_some() {
            let hint = "--event: a hook learns of the push from git and the server's variables";
            return Err(UsageError(hint.to_owned()).into());
        }
        if self.people.alerts == When::DryRun {
            let hint = "--alerts dry-run: whoever pushes would read the alerts; try them with \
                        `leaktrace alerts test` or in a scan";
            return Err(UsageError(hint.to_owned()).into());
        }
        let events = self.events()?;
        let environment = scan::environment()?;
        let mut options = Options {
            subjects: vec![Subject::Path(git_folder()?)],
            scope: Scope::Pushed(changes(&events)?),
            quarantine: env::var_os("GIT_QUARANTINE_PATH").map(PathBuf::from),
            ..self.settings.options(&environment)?
        };
        let config = options.config.as_ref();
        let people = people::prepare(&self.people, &environment, config, options.as_of)?;
        options.people = people.map(|mut people| {
            people.taken = self.hook == Kind::PostReceive;
            people.events = events;
            Arc::new(people)
        });
        let as_of = options.as_of;
        let how = scan::How { report: &self.report, people: &self.people, to: scan::To::Pusher };
        let (exit, scan) = how.run(options, self.settings.threads)?;
        if exit == Exit::Findings
            && self.hook != Kind::PostReceive
            && let (Some(file), Some(reason)) = (&self.allow_bypass, bypass::of_push_options()?)
        {
            bypass::record(file, as_of, self.hook.name(), &reason, &scan)?;
            terminal::warn("let pass for the reason that came with the push, which is kept");
            return Ok(Exit::Clean);
        }
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
            _ => Hook::PostReceive,
        };
        if !self.given.is_empty() {
            return Err(UsageError("this hook is given no arguments".to_owned()).into());
        }
        let events = event::received(hook, &super::input()?, env, host)?;
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

/// The repository's git folder, in which git runs hooks; of a linked working tree the one that all
/// share, which has the objects and references.
fn git_folder() -> anyhow::Result<PathBuf> {
    let named = env::var_os("GIT_DIR").map_or_else(|| PathBuf::from("."), PathBuf::from);
    let folder = std::path::absolute(named)?;
    match fs::read_to_string(folder.join("commondir")) {
        Ok(common) => Ok(folder.join(common.trim_end()).canonicalize()?),
        Err(_) => Ok(folder),
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
