//! `leaktrace hook`: the hooks of git that it can be, on a developer's machine and on a server, and
//! how they are put in place.
//!
//! `local` checks what is about to be committed or pushed, `server` what a push brings before it is
//! taken; `blocked` says what was found and the ways on, `bypass` keeps the reason of whoever goes on
//! all the same, `install` puts hooks beside those that are there.

mod blocked;
mod bypass;
mod install;
mod local;
mod server;

use std::ffi::OsString;

use clap::{Args, Subcommand, ValueEnum};

use super::{Exit, people, scan};

/// Arguments of `leaktrace hook`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Put hooks into a repository, beside those that are there
    Install(install::Install),
    /// Take them out again, and leave the others as they were
    Uninstall(install::Uninstall),
    /// Say which hooks are in place
    Status(install::Status),
    /// Be the hook of that name (githooks(5)); this is what an installed hook calls
    Run(Box<Run>),
}

/// What a hook is given.
#[derive(Debug, Args)]
struct Run {
    /// Which hook this is
    #[arg(value_enum)]
    hook: Kind,
    /// What git gives the hook
    #[arg(value_name = "ARGUMENT")]
    given: Vec<OsString>,
    /// On a server: host of the forge, where the server's variables do not name it
    #[arg(long, value_name = "HOST", help_heading = "People")]
    host: Option<String>,
    /// On a server: let pass what comes with the push option leaktrace.bypass=REASON, and keep the
    /// reason in this file
    #[arg(long, value_name = "PATH", help_heading = "Settings")]
    allow_bypass: Option<std::path::PathBuf>,
    #[command(flatten)]
    settings: scan::SettingsArguments,
    #[command(flatten)]
    report: scan::ReportArguments,
    #[command(flatten)]
    people: people::PeopleArguments,
}

/// Hooks of git.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
enum Kind {
    /// Before a commit: what is staged
    PreCommit,
    /// Before a commit: its message
    CommitMsg,
    /// Before a push: the commits that the remote does not have yet
    PrePush,
    /// On a server before anything is taken: exit codes other than 0 refuse the whole push
    PreReceive,
    /// On a server before each reference is moved: exit codes other than 0 refuse that one
    Update,
    /// On a server after all was taken: it can refuse nothing any more, and tell
    PostReceive,
}

impl Kind {
    const ALL: [Kind; 6] = [
        Kind::PreCommit,
        Kind::CommitMsg,
        Kind::PrePush,
        Kind::PreReceive,
        Kind::Update,
        Kind::PostReceive,
    ];

    /// Its name in git.
    fn name(self) -> &'static str {
        match self {
            Kind::PreCommit => "pre-commit",
            Kind::CommitMsg => "commit-msg",
            Kind::PrePush => "pre-push",
            Kind::PreReceive => "pre-receive",
            Kind::Update => "update",
            Kind::PostReceive => "post-receive",
        }
    }

    /// Whether it runs on the machine of whoever commits.
    fn is_local(self) -> bool {
        matches!(self, Kind::PreCommit | Kind::CommitMsg | Kind::PrePush)
    }

    /// Whether git hands it something on standard input.
    fn reads_input(self) -> bool {
        matches!(self, Kind::PrePush | Kind::PreReceive | Kind::PostReceive)
    }
}

/// Runs `leaktrace hook`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    match &arguments.command {
        Command::Install(arguments) => arguments.run(),
        Command::Uninstall(arguments) => arguments.run(),
        Command::Status(arguments) => arguments.run(),
        Command::Run(run) if run.hook.is_local() => local::run(run),
        Command::Run(run) => server::run(run),
    }
}

/// Largest input of a hook that is read, bytes: 50,000 references.
const INPUT: u64 = 64 << 20;

/// What git hands a hook on standard input.
fn input() -> anyhow::Result<Vec<u8>> {
    use std::io::Read as _;

    use anyhow::Context as _;
    let mut input = Vec::new();
    let read = std::io::stdin().lock().take(INPUT + 1).read_to_end(&mut input);
    read.context("cannot read what is pushed from standard input")?;
    if input.len() as u64 > INPUT {
        anyhow::bail!("standard input has more than {INPUT} bytes");
    }
    Ok(input)
}
