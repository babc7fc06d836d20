//! What a CI service is told: commands in the log, the files it names in variables, and a comment.

use std::env;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

use super::super::{Exit, network, terminal};
use crate::ci::comment::{self, Outcome};
use crate::ci::{Change, Platform};
use crate::http::{Client, Token};
use crate::model::{Secret, Severity};
use crate::output::markdown::{self, COMMENT, Page, SUMMARY};
use crate::output::{Format, Printable, TextStyle};
use crate::pipeline::Scan;

/// Least room in a summary that is worth a page, bytes.
const ROOM: usize = 16_384;

/// The service that this runs in.
pub struct Service {
    platform: Option<Platform>,
}

/// The token for the API; the job gives it.
pub fn token() -> Option<Secret> {
    super::people::variable(&["GITHUB_TOKEN", "GH_TOKEN"])
}

/// While it is there, the service takes nothing in the log for a command.
pub struct Quiet(Option<String>);

impl Drop for Quiet {
    fn drop(&mut self) {
        if let Some(token) = &self.0 {
            let _ = terminal::say(&format!("::{token}::"));
        }
    }
}

impl Service {
    /// The service of this platform; none is told nothing.
    pub fn new(platform: Option<Platform>) -> Service {
        Service { platform }
    }

    fn is_like_github(&self) -> bool {
        self.platform.is_some_and(Platform::is_like_github)
    }

    /// Switches commands off, with a word that nobody can guess ("Stopping and starting workflow
    /// commands").
    pub fn silence(&self) -> anyhow::Result<Quiet> {
        if !self.is_like_github() {
            return Ok(Quiet(None));
        }
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).context("the system gives no random bytes")?;
        let token = bytes.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        terminal::say(&format!("::stop-commands::{token}"))?;
        Ok(Quiet(Some(token)))
    }

    /// Annotations, as commands on standard output.
    pub fn annotate(&self, scan: &Scan) -> anyhow::Result<()> {
        let format = match self.platform {
            Some(Platform::Azure) => Format::Azure,
            Some(platform) if platform.is_like_github() => Format::Github,
            _ => return Ok(()),
        };
        let mut text = Vec::new();
        format.write(&scan.report, TextStyle::default(), &mut text)?;
        if text.is_empty() {
            return Ok(());
        }
        terminal::say(String::from_utf8_lossy(&text).trim_end())
    }

    /// Appends a page to the job's summary.
    pub fn summarise(&self, scan: &mut Scan, about: &str, notes: &[String]) -> anyhow::Result<()> {
        let Some(path) = self.file("GITHUB_STEP_SUMMARY") else { return Ok(()) };
        let there =
            path.metadata().map_or(0, |meta| usize::try_from(meta.len()).unwrap_or(SUMMARY));
        let limit = SUMMARY.saturating_sub(there).saturating_sub(1_024);
        if limit < ROOM {
            terminal::warn("the job's summary is full, so there is none of this scan");
            return Ok(());
        }
        let page = Page { about: Some(about), notes, limit, marker: None };
        let render = |report: &Printable| markdown::render(report, &page);
        // Everybody can read the summary who can read the repository.
        let text = if scan.report.identity_in_sarif {
            render(&scan.report)
        } else {
            scan.report.without_cards(render)
        };
        append(&path, &format!("{text}\n"))
    }

    /// That there was nothing to scan.
    pub fn nothing(&self, about: &str) -> anyhow::Result<()> {
        match self.file("GITHUB_STEP_SUMMARY") {
            Some(path) => {
                let about = markdown::prose(about);
                append(&path, &format!("## leaktrace: nothing to scan\n\n{about}.\n"))
            }
            None => Ok(()),
        }
    }

    /// That the check could not be made.
    pub fn could_not_run(&self, why: &str, exit: Exit) -> anyhow::Result<()> {
        if !self.is_like_github() {
            return Ok(());
        }
        let escaped = why.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
        terminal::say(&format!("::error title=leaktrace could not run::{escaped}"))?;
        if let Some(path) = self.file("GITHUB_STEP_SUMMARY") {
            let why = markdown::prose(&why.replace('\n', " "));
            append(&path, &format!("## leaktrace could not run\n\nNothing was checked: {why}\n"))?;
        }
        self.outputs(None, exit, true, None, None)
    }

    /// Counts and paths, for later steps.
    pub fn outputs(
        &self,
        scan: Option<&Scan>,
        exit: Exit,
        incomplete: bool,
        sarif: Option<&Path>,
        json: Option<&Path>,
    ) -> anyhow::Result<()> {
        let Some(file) = self.file("GITHUB_OUTPUT") else { return Ok(()) };
        let report = scan.map(|scan| &scan.report);
        let mut text = String::new();
        let findings = report.map_or(0, |report| report.findings.len());
        let _ = writeln!(text, "findings={findings}");
        for severity in Severity::ALL.into_iter().rev() {
            let count = report.map_or(0, |report| report.count(severity));
            let _ = writeln!(text, "{severity}={count}");
        }
        let suppressed = report.map_or(0, |report| report.suppressed.len());
        let _ = writeln!(text, "suppressed={suppressed}\nincomplete={incomplete}");
        let _ = writeln!(text, "exit-code={}", exit.code());
        for (name, path) in [("sarif", sarif), ("json", json)] {
            let path = path.and_then(Path::to_str).unwrap_or_default();
            // A line break would begin another output.
            let path = if path.contains(['\n', '\r']) { "" } else { path };
            let _ = writeln!(text, "{name}={path}");
        }
        append(&file, &text)
    }

    /// Keeps the comment up to date; gives what is worth saying about it.
    pub fn comment(
        &self,
        scan: &mut Scan,
        about: &str,
        change: &Change,
        repository: Option<&str>,
    ) -> Option<String> {
        let (true, Some(number), Some(repository)) =
            (self.is_like_github(), change.number, repository)
        else {
            return None;
        };
        let Some(token) = token() else {
            return change.from_fork.then(|| {
                "no comment: the change comes from a fork, which gets no token; what would stand in \
                 it is here and in the annotations"
                    .to_owned()
            });
        };
        let page = Page {
            about: Some(about),
            notes: &[],
            limit: COMMENT - 1_024,
            marker: Some(comment::MARK),
        };
        // Whoever made the change reads it, and so does everybody else.
        let text = scan.report.without_cards(|report| markdown::render(report, &page));
        let needed = !scan.report.findings.is_empty() || !scan.report.is_complete();
        let put = || -> anyhow::Result<Outcome> {
            let client = Client::new(network::settings()?)?;
            let api = env::var("GITHUB_API_URL").ok().filter(|api| !api.is_empty());
            let api = api.unwrap_or_else(|| "https://api.github.com".to_owned());
            let token = Token::from(token);
            let place =
                comment::Place { client: &client, api: &api, repository, number, token: &token };
            Ok(comment::put(&place, &text, needed)?)
        };
        match put() {
            Ok(Outcome::Refused(why)) => Some(format!(
                "no comment: the token may not write one ({why}); give the job `pull-requests: \
                 write`, or --comment never"
            )),
            Ok(Outcome::Failed(why)) => Some(format!("no comment: {why}")),
            Ok(_) => None,
            Err(error) => Some(format!("no comment: {error:#}")),
        }
    }

    /// A file that the service names.
    fn file(&self, variable: &str) -> Option<PathBuf> {
        let path = env::var_os(variable).filter(|_| self.is_like_github())?;
        (!path.is_empty()).then(|| PathBuf::from(path))
    }
}

fn append(path: &Path, text: &str) -> anyhow::Result<()> {
    let name = || format!("cannot write {}", super::people::shown(path));
    let mut file = File::options().append(true).create(true).open(path).with_context(name)?;
    file.write_all(text.as_bytes()).with_context(name)
}
