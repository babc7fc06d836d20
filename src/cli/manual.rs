//! Completions and manual pages, made from the definition of the command line itself.

use std::fs;
use std::io;
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, CommandFactory as _};
use clap_complete::Shell;

use super::{Cli, Exit};

/// Arguments of `leaktrace completions`.
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    shell: Shell,
}

/// Arguments of `leaktrace man`.
#[derive(Debug, Args)]
pub struct Man {
    /// Directory to write leaktrace.1, leaktrace-scan.1 and so on to; without it leaktrace.1 goes to
    /// standard output
    directory: Option<PathBuf>,
}

/// Prints a completion script.
pub fn completions(arguments: &Completions) -> anyhow::Result<Exit> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, &mut Cli::command(), "leaktrace", &mut script);
    io::Write::write_all(&mut io::stdout(), &script).context("cannot write to standard output")?;
    Ok(Exit::Clean)
}

/// Writes the manual pages.
pub fn pages(arguments: &Man) -> anyhow::Result<Exit> {
    let command = Cli::command();
    if let Some(directory) = &arguments.directory {
        fs::create_dir_all(directory)
            .and_then(|()| clap_mangen::generate_to(command, directory))
            .with_context(|| format!("cannot write to {}", directory.display()))?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command).render(&mut page).context("cannot render the page")?;
        io::Write::write_all(&mut io::stdout(), &page)
            .context("cannot write to standard output")?;
    }
    Ok(Exit::Clean)
}
