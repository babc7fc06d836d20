//! The command line: the only part that reads arguments and the environment, and the only one that
//! prints.

mod access;
mod alerts;
mod baseline;
mod bundle;
mod ci;
mod condition;
mod config;
mod diff;
mod exit;
mod explain;
mod fix;
mod hook;
mod identity;
mod manual;
mod migrate;
mod network;
mod notify;
mod people;
mod progress;
mod report;
mod rules;
mod scan;
mod stats;
mod terminal;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use exit::Exit;

/// Finds leaked credentials in git history and working trees, and traces each to the commit and
/// the person.
#[derive(Debug, Parser)]
#[command(name = "leaktrace", version, propagate_version = true, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Scan repositories, directories, files or standard input
    Scan(Box<scan::Arguments>),
    /// Make any report from a scan that was saved as JSON
    Report(report::Arguments),
    /// Say what is new, gone and changed between two saved scans
    Diff(diff::Arguments),
    /// Draw small charts of a saved scan
    Stats(stats::Arguments),
    /// Scan what a CI job is about, and tell the CI service what was found
    Ci(Box<ci::Arguments>),
    /// Walk through what was found: move it into the environment, excuse it, or rewrite what is not
    /// pushed
    Fix(fix::Arguments),
    /// Check commits, messages and pushes as a hook of git, and put such hooks in place
    Hook(hook::Arguments),
    /// List, show, check and try the rules
    Rules(rules::Arguments),
    /// Keep what is known already out of the exit code
    Baseline(baseline::Arguments),
    /// Take over what was decided with gitleaks, trufflehog, detect-secrets or in SARIF
    Migrate(Box<migrate::Arguments>),
    /// The directory of people: fill it, ask it, and the policy for it
    Identity(identity::Arguments),
    /// Make the judgement of a finding again out of an evidence bundle, and tell each step
    Explain(explain::Arguments),
    /// Review who may do what, and who did what alone
    Access(access::Arguments),
    /// Check a configuration, or print its schema
    Config(config::Arguments),
    /// Try the channels that alerts go to
    Alerts(alerts::Arguments),
    /// Print a completion script for a shell
    Completions(manual::Completions),
    /// Write the manual pages
    Man(manual::Man),
}

/// Parses the arguments, runs the command, and says how the process should end.
pub fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Clean };
            return match error.print() {
                Ok(()) => exit.into(),
                Err(_) => Exit::Failed.into(),
            };
        }
    };
    let result = match cli.command {
        Command::Scan(arguments) => scan::run(&arguments),
        Command::Report(arguments) => report::run(&arguments),
        Command::Diff(arguments) => diff::run(&arguments),
        Command::Stats(arguments) => stats::run(&arguments),
        Command::Ci(arguments) => ci::run(&arguments),
        Command::Fix(arguments) => fix::run(&arguments),
        Command::Hook(arguments) => hook::run(&arguments),
        Command::Rules(arguments) => rules::run(arguments),
        Command::Baseline(arguments) => baseline::run(arguments),
        Command::Migrate(arguments) => migrate::run(&arguments),
        Command::Identity(arguments) => identity::run(arguments),
        Command::Explain(arguments) => explain::run(&arguments),
        Command::Access(arguments) => access::run(&arguments),
        Command::Config(arguments) => config::run(arguments),
        Command::Alerts(arguments) => alerts::run(arguments),
        Command::Completions(arguments) => manual::completions(&arguments),
        Command::Man(arguments) => manual::pages(&arguments),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(error) => {
            terminal::complain(&error);
            Exit::of(&error).into()
        }
    }
}
