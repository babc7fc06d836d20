//! `leaktrace config`: the schema of `leaktrace.yml`, and whether one is right.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{Exit, scan, terminal};
use crate::config::{Config, json_schema};
use crate::pipeline::{self, Options, Subject};

/// Arguments of `leaktrace config`.
#[derive(Debug, Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print the JSON Schema of leaktrace.yml
    Schema,
    /// Check a configuration with all that it names: rules, ignore file, baseline
    Check {
        /// A file, which is then checked as if named with --config; or a target, whose own
        /// leaktrace.yml is checked [default: the repository around the current directory]
        path: Option<PathBuf>,
    },
}

/// Does what `arguments` say.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::Schema => terminal::say(json_schema().trim_end()).map(|()| Exit::Clean),
        Command::Check { path } => check(path),
    }
}

fn check(path: Option<PathBuf>) -> anyhow::Result<Exit> {
    let environment = scan::environment()?;
    let here = Subject::Here(PathBuf::from("."));
    let (subject, file) = match path {
        // A file has no target of its own; what it says is the same for all.
        Some(path) if !path.is_dir() => (Subject::Stdin, Some(path)),
        Some(path) if path.as_os_str() == "." => (here, environment.config.clone()),
        Some(path) => (Subject::Path(path), environment.config.clone()),
        None => (here, environment.config.clone()),
    };
    let config = file.map(|file| Config::load(&file)).transpose()?;
    let options = Options { subjects: vec![subject], config, environment, ..Options::default() };
    let configs = match pipeline::check(&options) {
        Ok(configs) => configs,
        Err(error) if error.is_settings() => {
            terminal::complain(&error.into());
            return Ok(Exit::Usage);
        }
        Err(error) => return Err(error.into()),
    };
    for config in configs {
        for note in &config.notes {
            terminal::warn(note);
        }
        match config.file {
            Some(file) => terminal::say(&format!("{file}: ok"))?,
            None => terminal::say("no leaktrace.yml here: the defaults apply")?,
        }
    }
    Ok(Exit::Clean)
}
