//! `leaktrace alerts`: whether alerts reach those who are to hear of leaks.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::exit::UsageError;
use super::{Exit, network, scan, terminal};
use crate::alert::send::send_all;
use crate::alert::{Draft, Endpoint, Outcome, render, sample};
use crate::config::Config;
use crate::config::people::Target;
use crate::http::{Clock, SystemClock};
use crate::model::Secret;
use crate::model::text::escape;

/// Arguments of `leaktrace alerts`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Send a message about a made-up finding to the targets of a configuration
    ///
    /// Every target gets it, whatever its condition. Addresses and signing secrets come from the
    /// variables that the configuration names.
    Test(Test),
}

#[derive(Debug, Args)]
struct Test {
    /// Configuration file with the targets [default: the one `LEAKTRACE_CONFIG`
    /// names]
    #[arg(long, value_name = "PATH")]
    config: Option<PathBuf>,
    /// Only this target; several times if wanted
    #[arg(long = "target", value_name = "NAME")]
    targets: Vec<String>,
    /// Print what would be sent, as JSON, and send nothing
    #[arg(long)]
    dry_run: bool,
}

/// Does what `arguments` say.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Test(arguments) => test(&arguments),
    }
}

fn test(arguments: &Test) -> anyhow::Result<Exit> {
    let targets = targets(arguments)?;
    let messages = sample::messages(&targets, scan::now()?);
    if arguments.dry_run {
        let drafts: Vec<Draft> =
            messages.iter().map(|(target, message)| Draft::new(target, message)).collect();
        return terminal::say(&render(&drafts)).map(|()| Exit::Clean);
    }
    let settings = network::settings()?;
    let endpoints = Endpoint::all(&targets, &lookup);
    let messages = endpoints.iter().zip(messages.into_iter().map(|(_, message)| message));
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let outcomes = send_all(messages, &settings, &clock);
    tell(&outcomes)
}

/// The value of a variable that a target names.
pub fn lookup(name: &str) -> Option<Secret> {
    env::var_os(name).map(|value| Secret::new(value.into_encoded_bytes()))
}

fn targets(arguments: &Test) -> anyhow::Result<Vec<Target>> {
    let file = match &arguments.config {
        Some(file) => Some(file.clone()),
        None => scan::environment()?.config,
    };
    let Some(file) = file else {
        let hint = "targets are the organisation's to set: name its configuration with --config or \
                    LEAKTRACE_CONFIG";
        return Err(UsageError(hint.to_owned()).into());
    };
    let config = Config::load(&file)?;
    let mut targets = config.identity.alerts;
    if targets.is_empty() {
        let file = config.file.unwrap_or_default();
        return Err(UsageError(format!("{file}: there is no target under `alerts`")).into());
    }
    for name in &arguments.targets {
        if !targets.iter().any(|target| target.name == escape(name.as_bytes())) {
            let known: Vec<&str> = targets.iter().map(|target| target.name.as_str()).collect();
            let (name, known) = (escape(name.as_bytes()), known.join(", "));
            return Err(UsageError(format!("there is no target `{name}`; there is {known}")).into());
        }
    }
    let wanted = |target: &Target| {
        arguments.targets.is_empty()
            || arguments.targets.iter().any(|name| escape(name.as_bytes()) == target.name)
    };
    targets.retain(wanted);
    Ok(targets)
}

/// Tells what became of alerts: what failed on standard error.
fn tell(outcomes: &[Outcome]) -> anyhow::Result<Exit> {
    for outcome in outcomes {
        if outcome.ok {
            terminal::say(&outcome.to_string())?;
        } else {
            terminal::warn(&outcome.to_string());
        }
    }
    let all = outcomes.iter().all(|outcome| outcome.ok);
    Ok(if all { Exit::Clean } else { Exit::Failed })
}
