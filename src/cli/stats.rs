//! `leaktrace stats`: small charts of a saved scan.

use std::env;
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::Exit;
use super::diff::print;
use super::report::{Narrow, load_all};
use super::terminal::{self, Colour};
use crate::output::saved::{ChartStyle, Figures};

/// Arguments of `leaktrace stats`.
#[derive(Debug, Args)]
pub struct Arguments {
    /// A scan that was saved with `--output json=FILE` or `jsonl=FILE`, `-` for standard input.
    /// Several are put together
    #[arg(value_name = "RESULTS", required = true)]
    results: Vec<PathBuf>,
    /// In which form
    #[arg(short, long, value_enum, value_name = "FORMAT", default_value_t)]
    output: Form,
    #[command(flatten)]
    narrow: Narrow,
    /// Draw with ASCII only, as it is done anyway where the locale is not one of UTF-8
    #[arg(long)]
    ascii: bool,
    /// Colours in text
    #[arg(long, value_enum, value_name = "WHEN", default_value_t)]
    color: Colour,
}

/// The forms of figures.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum Form {
    /// Charts
    #[default]
    Text,
    /// One versioned document
    Json,
}

/// Runs `leaktrace stats`. Findings do not make it fail: they are what it is about. A saved scan
/// that was incomplete does.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let mut saved = load_all(&arguments.results)?.masked();
    arguments.narrow.apply(&mut saved.report)?;
    if let [_, more @ ..] = arguments.results.as_slice()
        && !more.is_empty()
    {
        saved.name = format!("{} results", arguments.results.len());
    }
    let figures = Figures::new(&saved);
    let style = ChartStyle {
        text: terminal::style(arguments.color),
        ascii: arguments.ascii || !speaks_utf8(),
    };
    print(|out| match arguments.output {
        Form::Text => figures.write_text(style, out),
        Form::Json => figures.write_json(out),
    })?;
    Ok(if figures.complete { Exit::Clean } else { Exit::Failed })
}

/// Whether the locale's characters are those of Unicode: the first of these variables that is not
/// empty decides (POSIX, "Environment Variables", 8.2). Consoles of Windows always do.
fn speaks_utf8() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
        .into_iter()
        .filter_map(env::var_os)
        .find(|value| !value.is_empty());
    let utf8 = |value: &str| {
        let value = value.to_ascii_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    };
    cfg!(windows) || locale.is_some_and(|locale| locale.to_str().is_some_and(utf8))
}
