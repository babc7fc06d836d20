//! `leaktrace ci`: the check of a CI job, from the event to what is seen of it.
//!
//! A job's log is read by the service, which takes some lines for commands, and may be read by
//! everybody. So what is printed of a repository is neutralised, on GitHub commands are switched off
//! while it is printed, and nothing of people is printed where the repository is known to be public.
//! Whatever goes wrong, the check does not pass.

mod service;

use std::cell::Cell;
use std::env;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, ValueEnum};
use gix::ObjectId;

use super::exit::UsageError;
use super::{Exit, people, scan, terminal};
use crate::ci::fetch::{Fetcher, LONGEST};
use crate::ci::{self, Before, Change, Job, Plan, Push, Trigger};
use crate::http::SystemClock;
use crate::identity::event::{self, Surroundings};
use crate::output::Format;
use crate::pipeline::{Options, Scan, Scope, Subject};
use crate::source::repository::Repository;
use service::Service;

/// Arguments of `leaktrace ci`.
#[derive(Debug, Args, Clone)]
pub struct Arguments {
    /// The checkout
    #[arg(value_name = "PATH", default_value = ".")]
    path: PathBuf,
    /// What to scan: auto (what the event is about), whole, or A..B
    #[arg(long, value_name = "RANGE", default_value = "auto", help_heading = "Scope")]
    range: String,
    /// Fetch from `origin` what a shallow checkout lacks
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Scope")]
    fetch: Auto,
    /// Put annotations on the lines of the change (GitHub, Gitea, Forgejo, Azure)
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Report")]
    annotations: Auto,
    /// Write the job's summary (GitHub, Gitea, Forgejo)
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Report")]
    summary: Auto,
    /// Keep one comment on the pull request, with the token in `GITHUB_TOKEN` where it is set
    #[arg(long, value_enum, value_name = "WHEN", default_value_t, help_heading = "Report")]
    comment: Auto,
    #[command(flatten)]
    settings: scan::SettingsArguments,
    #[command(flatten)]
    report: scan::ReportArguments,
    #[command(flatten)]
    people: people::PeopleArguments,
}

/// Whether something is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Auto {
    /// Where it makes sense and can be done.
    #[default]
    Auto,
    /// Not at all.
    Never,
}

/// What a job came to.
struct Done {
    exit: Exit,
    about: String,
    notes: Vec<String>,
    /// None when there was nothing to scan.
    scan: Option<Scan>,
    /// The change that it was about.
    change: Option<Change>,
    repository: Option<String>,
    /// The report for code scanning, if it may be published.
    sarif: Option<PathBuf>,
}

/// Runs `leaktrace ci`.
pub fn run(arguments: &Arguments) -> anyhow::Result<Exit> {
    let env = |name: &str| env::var_os(name);
    let read_file = |path: &Path, limit: u64| {
        let mut bytes = Vec::new();
        File::open(path)?.take(limit).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let around = Surroundings { env: &env, read_file: &read_file, pinned: false };
    let service = Service::new(ci::recognised(&around));
    let quiet = service.silence()?;
    let done = arguments.check(&around);
    match &done {
        Ok(done) => {
            let mut told: Vec<&str> = vec![&done.about];
            told.extend(done.notes.iter().map(String::as_str));
            for line in told {
                terminal::warn(&crate::output::neutral(line));
            }
        }
        Err(error) => terminal::complain(error),
    }
    drop(quiet);
    match done {
        Ok(mut done) => {
            arguments.tell(&service, &mut done)?;
            let exit = done.exit;
            // As in `scan`: the process is about to end.
            std::mem::forget(done);
            Ok(exit)
        }
        Err(error) => {
            let exit = Exit::of(&error);
            service.could_not_run(&format!("{error:#}"), exit)?;
            Ok(exit)
        }
    }
}

impl Arguments {
    /// Finds out what to scan, and scans it.
    fn check(&self, around: &Surroundings<'_>) -> anyhow::Result<Done> {
        let environment = scan::environment()?;
        let job = self.job(around)?;
        let plan = self.plan(&job)?;
        let mut done = Done {
            exit: Exit::Clean,
            about: plan.about,
            notes: plan.notes,
            scan: None,
            change: match &job.trigger {
                Trigger::Change(change) => Some(change.clone()),
                _ => None,
            },
            repository: job.repository,
            sarif: None,
        };
        let Some(scope) = plan.scope else { return Ok(done) };
        let mut options = Options {
            subjects: vec![self.subject()],
            scope,
            gaps: plan.gaps,
            ..self.settings.options(&environment)?
        };
        let mut report = self.report.clone();
        report.show_text();
        let later = plan.history.map(|history| (history, report.split_off(Format::Sarif)));
        let config = options.config.as_ref();
        let mut asked = self.people.clone();
        if !config.is_some_and(|config| config.identity.enabled) {
            // Here an event says what to scan, whether or not people are looked at.
            asked.event = None;
        }
        let people = people::prepare(&asked, &environment, config, options.as_of)?;
        options.people = people.map(Arc::new);
        let sarif = report.path_of(Format::Sarif).map(Path::to_owned);
        let how = scan::How { report: &report, people: &self.people, to: scan::To::Log };
        let (exit, scanned) = how.run(options.clone(), self.settings.threads)?;
        let accepted = report.accepted();
        if scan::gaps(&scanned, accepted).is_empty() {
            done.sarif = sarif;
        }
        if let Some(((tip, base), report)) = later.filter(|(_, report)| report.has(Format::Sarif)) {
            options.scope = Scope::HistoryOf(tip, base);
            options.people = None;
            done.sarif = self.whole_sarif(&options, &report)?;
        }
        if done.sarif.is_none() && self.report.path_of(Format::Sarif).is_some() {
            done.notes.push(
                "the SARIF report is not complete and not handed on: code scanning would close the \
                 alerts that are not in it"
                    .to_owned(),
            );
        }
        (done.exit, done.scan) = (exit, Some(scanned));
        Ok(done)
    }

    /// Writes the SARIF report of all the history that was pushed; gives its path if nothing is
    /// missing in it.
    fn whole_sarif(
        &self,
        options: &Options,
        report: &scan::ReportArguments,
    ) -> anyhow::Result<Option<PathBuf>> {
        let people = people::PeopleArguments::default();
        let how = scan::How { report, people: &people, to: scan::To::Log };
        let (_, scanned) = how.run(options.clone(), self.settings.threads)?;
        let complete = scan::gaps(&scanned, report.accepted()).is_empty();
        std::mem::forget(scanned);
        Ok(report.path_of(Format::Sarif).filter(|_| complete).map(Path::to_owned))
    }

    /// The repository of the checkout, and no other that lies among its files.
    fn subject(&self) -> Subject {
        let here = self.path.canonicalize().ok();
        match Repository::checkout(&self.path) {
            Some(root) if Some(&root) != here.as_ref() => Subject::Path(root),
            _ => Subject::Here(self.path.clone()),
        }
    }

    fn job(&self, around: &Surroundings<'_>) -> anyhow::Result<Job> {
        let detected = match &self.people.event {
            Some(path) => {
                let bytes = people::read(path, event::MAX_PAYLOAD)?;
                let events = event::payload(&path.to_string_lossy(), &bytes, None, false)?;
                ci::of_events(&events, around)
            }
            None => ci::detect(around),
        };
        if self.range == "auto" {
            return Ok(detected?);
        }
        // Where the range is given, the event only says where to put what is found.
        let nowhere = Job {
            platform: ci::recognised(around),
            trigger: Trigger::Whole(String::new()),
            repository: None,
            default_branch: None,
        };
        Ok(detected.unwrap_or(nowhere))
    }

    fn plan(&self, job: &Job) -> anyhow::Result<Plan> {
        let clock = SystemClock;
        let fetcher = Fetcher {
            folder: Repository::checkout(&self.path).unwrap_or_else(|| self.path.clone()),
            clock: &clock,
            left: Cell::new(LONGEST),
            token: service::token()
                .zip(env::var("GITHUB_SERVER_URL").ok())
                .map(|(t, url)| (url, t)),
        };
        let fetcher = (self.fetch == Auto::Auto).then_some(&fetcher);
        match self.range.as_str() {
            "auto" => {
                let all = self.report.has(Format::Sarif);
                Ok(ci::plan(job, &self.path, fetcher, all)?)
            }
            "whole" => {
                let trigger = Trigger::Whole("--range whole says so".to_owned());
                let job = Job { trigger, ..job.clone() };
                Ok(ci::plan(&job, &self.path, fetcher, false)?)
            }
            range => self.range(range, job, fetcher),
        }
    }

    /// `A..B`. Ends that are whole ids are fetched where they are missing.
    fn range(&self, range: &str, job: &Job, fetcher: Option<&Fetcher<'_>>) -> anyhow::Result<Plan> {
        let ends = range.split_once("...").or_else(|| range.split_once(".."));
        let nothing = |end: &str| end.bytes().all(|byte| byte == b'0');
        let (from, to) = match ends {
            Some((from, to)) if !from.is_empty() && !nothing(to) => (from, to),
            Some(_) => {
                let hint = "--range: both ends of A..B have to be there, and B has to be a commit; an \
                            empty one often comes of an event without that field";
                return Err(UsageError(hint.to_owned()).into());
            }
            None => return Err(UsageError("--range: write auto, whole or A..B".to_owned()).into()),
        };
        let id = |end: &str| ObjectId::from_hex(end.as_bytes()).ok();
        if let (Some(from), Some(to)) = (id(from), id(to)) {
            let before = if from.is_null() { Before::New } else { Before::Commit(from) };
            let push = Push { name: "HEAD".to_owned(), before, after: Some(to), listed: 0 };
            let job = Job { trigger: Trigger::Push(push), ..job.clone() };
            return Ok(Plan { history: None, ..ci::plan(&job, &self.path, fetcher, false)? });
        }
        Ok(Plan {
            scope: Some(Scope::Range(range.to_owned())),
            about: format!("Range {}", crate::model::text::escape(range.as_bytes())),
            history: None,
            notes: Vec::new(),
            gaps: Vec::new(),
        })
    }

    /// Tells the service.
    fn tell(&self, service: &Service, done: &mut Done) -> anyhow::Result<()> {
        let gaps = done.scan.as_ref().map(|scan| scan::gaps(scan, self.report.accepted()));
        let incomplete = gaps.is_some_and(|gaps| !gaps.is_empty());
        let json = self.report.path_of(Format::Json);
        service.outputs(done.scan.as_ref(), done.exit, incomplete, done.sarif.as_deref(), json)?;
        let Some(scan) = &mut done.scan else {
            if self.summary == Auto::Auto {
                service.nothing(&done.about)?;
            }
            return Ok(());
        };
        if self.annotations == Auto::Auto {
            service.annotate(scan)?;
        }
        if let (Auto::Auto, Some(change)) = (self.comment, &done.change)
            && let Some(note) =
                service.comment(scan, &done.about, change, done.repository.as_deref())
        {
            terminal::warn(&crate::output::neutral(&note));
            done.notes.push(note);
        }
        if self.summary == Auto::Auto {
            service.summarise(scan, &done.about, &done.notes)?;
        }
        Ok(())
    }
}
