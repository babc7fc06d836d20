//! `leaktrace diff`: what changed between two saved scans.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::Exit;
use super::exit::UsageError;
use super::report::{Counts, is_stdin, load, told};
use super::terminal::{self, Colour};
use crate::output::saved::Comparison;

/// Arguments of `leaktrace diff`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// The earlier scan, saved with `--output json=FILE` or `jsonl=FILE`; `-` for standard input
    #[arg(value_name = "OLD")]
    old: PathBuf,
    /// The later one
    #[arg(value_name = "NEW")]
    new: PathBuf,
    /// In which form
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Form,
    #[command(flatten)]
    counts: Counts,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

/// The forms of a comparison.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    /// For a person, at a terminal or in a log
    #[default]
    Text,
    /// One versioned document
    Json,
    /// For a pull request or an issue
    Markdown,
}

/// Runs `leaktrace diff`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    if is_stdin(&arguments.old) && is_stdin(&arguments.new) {
        return Err(UsageError("standard input can be read once only".to_owned()).into());
    }
    let fail_on = arguments.counts.fail_on()?;
    let old = load(&arguments.old)?.masked();
    let new = load(&arguments.new)?.masked();
    let comparison = Comparison::new(&old, &new).map_err(told)?;
    let style = terminal::style(arguments.color);
    print(|out| match arguments.output {
        Form::Text => comparison.write_text(style, out),
        Form::Json => comparison.write_json(out),
        Form::Markdown => comparison.write_markdown(out),
    })?;
    Ok(if arguments.counts.gaps(&new.report) > 0 {
        Exit::Failed
    } else if comparison.counting().any(|one| fail_on.counts(one.finding.rule.severity)) {
        Exit::Findings
    } else {
        Exit::Clean
    })
}

/// Writes a result on standard output, all of it.
pub fn print(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> anyhow::Result<()> {
    let mut out = BufWriter::new(io::stdout().lock());
    write(&mut out).and_then(|()| out.flush()).context("cannot write to standard output")
}
