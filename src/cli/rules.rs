//! `leaktrace rules`: what the rules are, whether they hold what they promise, and what they say
//! about one file.

mod evaluate;
mod lint;
mod list;
mod markdown;
mod new;
mod profile;
mod show;
mod try_out;

use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::Context as _;
use clap::{Subcommand, ValueEnum};

pub use lint::lint;

use super::Exit;
use super::exit::UsageError;
use crate::engine::{Effort, Engine, Limits};
use crate::model::text::escape;
use crate::rule::{Ruleset, left_out};

/// Arguments of `leaktrace rules`.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List all rules
    List {
        /// How to print them
        #[arg(long, value_enum, default_value_t)]
        format: Format,
        #[command(flatten)]
        own: OwnRules,
    },
    /// Show everything about one rule
    Show {
        /// The rule's id, as `rules list` gives it
        id: String,
        #[command(flatten)]
        own: OwnRules,
    },
    /// Begin a rule file for a provider, with every field explained and blanks to fill in
    New {
        /// The service's name: lower-case letters, digits and hyphens
        provider: String,
        /// Write this file, rather than PROVIDER.yaml in the folder `rules`; it must not exist
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Check rule files and run every example in them
    Lint {
        /// Rule files, or folders of them; the built-in rules when none is given
        paths: Vec<PathBuf>,
    },
    /// Measure what each rule costs on files: how often it looks, and for how long
    Profile {
        /// A file, a directory, or a repository, of which the working tree is read without what
        /// git ignores
        path: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t)]
        format: ProfileFormat,
        #[command(flatten)]
        own: OwnRules,
    },
    /// Run the rules over one file and print what they find, redacted
    Test {
        /// The file; `-` is standard input
        file: PathBuf,
        /// Run this rule only; may be given several times
        #[arg(long = "rule", value_name = "ID")]
        only: Vec<String>,
        #[command(flatten)]
        own: OwnRules,
    },
    /// Precision and recall on labelled lines
    Evaluate {
        #[command(flatten)]
        what: evaluate::Arguments,
        #[command(flatten)]
        own: OwnRules,
    },
}

/// How `rules profile` prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum ProfileFormat {
    /// A table for people
    #[default]
    Text,
    /// One JSON document for programs
    Json,
}

/// Rules beside the built-in ones
#[derive(Debug, clap::Args)]
struct OwnRules {
    /// Add the rules of this file or folder; they replace built-in ones with the same id
    #[arg(long = "rules", value_name = "PATH")]
    paths: Vec<PathBuf>,
}

impl OwnRules {
    fn load(&self) -> anyhow::Result<Ruleset> {
        Ok(Ruleset::load(&self.paths)?)
    }
}

/// How `rules list` prints.
#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Format {
    /// A table for people
    #[default]
    Text,
    /// One JSON document for programs
    Json,
    /// A page with a table for each provider, and the services that have no rules
    Markdown,
}

/// Does what `arguments` say.
pub fn run(arguments: Arguments) -> anyhow::Result<Exit> {
    let mut text = Vec::new();
    let exit = print(arguments, &mut text)?;
    let mut out = io::stdout().lock();
    match out.write_all(&text).and_then(|()| out.flush()) {
        // The reader has seen enough, as `head` does.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(exit),
        result => result.map(|()| exit).context("cannot write to standard output"),
    }
}

fn print(arguments: Arguments, out: &mut Vec<u8>) -> anyhow::Result<Exit> {
    match arguments.command {
        Command::List { format, own } => {
            let rules = own.load()?;
            match format {
                Format::Text => list::text(&rules, out)?,
                Format::Json => list::json(&rules, out)?,
                Format::Markdown => markdown::page(&rules, &left_out(), out)?,
            }
        }
        Command::Show { id, own } => {
            let rules = own.load()?;
            show::text(rules.get(&id).ok_or_else(|| unknown(&rules, &id))?, out)?;
        }
        Command::New { provider, output } => new::new(&provider, output, out)?,
        Command::Lint { paths } => {
            if !lint(&paths, out)? {
                return Ok(Exit::Findings);
            }
        }
        Command::Profile { path, format, own } => {
            let measured = profile::measure(own.load()?, &path)?;
            match format {
                ProfileFormat::Text => profile::text(&measured, out)?,
                ProfileFormat::Json => profile::json(&measured, out)?,
            }
            return Ok(if measured.unread.is_empty() { Exit::Clean } else { Exit::Failed });
        }
        Command::Test { file, only, own } => {
            let rules = own.load()?;
            if let Some(id) = only.iter().find(|id| rules.get(id).is_none()) {
                return Err(unknown(&rules, id).into());
            }
            let rules = rules.filter(|rule| only.is_empty() || only.contains(&rule.id));
            try_out::try_out(rules, &file, out)?;
        }
        Command::Evaluate { what, own } => {
            if !evaluate::evaluate(own.load()?, &what, out)? {
                return Ok(Exit::Findings);
            }
        }
    }
    Ok(Exit::Clean)
}

/// Rules made ready to search one small text.
fn engine(rules: Ruleset) -> Engine {
    Engine::new(Arc::new(rules), Effort::Small, Limits::default())
}

/// What to say about an id that no rule has: the ids that are alike, if any are.
fn unknown(rules: &Ruleset, id: &str) -> UsageError {
    let alike: Vec<&str> = rules
        .rules()
        .iter()
        .map(|rule| rule.id.as_str())
        .filter(|known| !id.is_empty() && (known.contains(id) || id.contains(known)))
        .take(5)
        .collect();
    let hint = if alike.is_empty() {
        "`leaktrace rules list` names them all".to_owned()
    } else {
        format!("there is {}", alike.join(", "))
    };
    UsageError(format!("no rule has the id `{}`; {hint}", escape(id.as_bytes())))
}
