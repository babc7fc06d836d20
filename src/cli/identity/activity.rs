//! `leaktrace identity activity`: saves what a forge recorded of a repository, for `--activity`.

use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::{Args, ValueEnum};

use super::super::people::shown;
use super::super::{Exit, terminal};
use super::sync::{client, token};
use crate::identity::Error;
use crate::identity::sync::activity::{Forge, Settings, fetch};

#[derive(Debug, Args)]
#[allow(clippy::doc_markdown, reason = "this is the text of --help")]
pub struct Arguments {
    /// Whose API; the token is in LEAKTRACE_GITHUB_TOKEN or GITHUB_TOKEN, LEAKTRACE_GITLAB_TOKEN or
    /// GITLAB_TOKEN
    #[arg(value_enum)]
    forge: Which,
    /// OWNER/NAME, or the path of a project
    repository: String,
    /// Address of the interface [default: https://api.github.com, https://gitlab.com/api/v4]
    #[arg(long, value_name = "URL")]
    api: Option<String>,
    /// Read who passed GitHub's rulesets by, too, which takes the right to administer
    #[arg(long)]
    rule_suites: bool,
    /// Where it goes [default: standard output]
    #[arg(short, long, value_name = "PATH")]
    output: Option<PathBuf>,
    /// Certificates to trust in place of the built-in ones, PEM
    #[arg(long, value_name = "PATH")]
    ca_file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Which {
    Github,
    Gitlab,
}

pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let (forge, api, names) = match arguments.forge {
        Which::Github => {
            (Forge::GitHub, "https://api.github.com", ["LEAKTRACE_GITHUB_TOKEN", "GITHUB_TOKEN"])
        }
        Which::Gitlab => {
            (Forge::GitLab, "https://gitlab.com/api/v4", ["LEAKTRACE_GITLAB_TOKEN", "GITLAB_TOKEN"])
        }
    };
    let settings = Settings {
        forge,
        api: arguments.api.clone().unwrap_or_else(|| api.to_owned()),
        repository: arguments.repository.clone(),
        token: token(&names)?,
        suites: arguments.rule_suites,
    };
    let client = client(arguments.ca_file.as_deref())?;
    // Beside its place first: half a record would be taken for a whole one.
    let beside = |path: &Path| {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        tempfile::NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))
            .with_context(|| format!("cannot write {}", shown(path)))
    };
    let mut file = arguments.output.as_deref().map(beside).transpose()?;
    let mut standard = io::stdout();
    let target: &mut dyn Write = match &mut file {
        Some(file) => file,
        None => &mut standard,
    };
    let mut out = BufWriter::new(target);
    let mut failed = None;
    let count = fetch(&settings, client, &mut |page| {
        let written = serde_json::to_writer(&mut out, page).map_err(io::Error::from);
        written.and_then(|()| out.write_all(b"\n")).map_err(|error| {
            failed = Some(error);
            Error::Question("cannot write what was read".to_owned())
        })
    });
    if let Some(error) = failed {
        return Err(error).context("cannot write what was read");
    }
    let count = count?;
    out.flush().context("cannot write what was read")?;
    drop(out);
    if let (Some(file), Some(path)) = (file, &arguments.output) {
        file.persist(path).with_context(|| format!("cannot write {}", shown(path)))?;
    }
    terminal::warn(&format!("{count} entries"));
    Ok(Exit::Clean)
}
