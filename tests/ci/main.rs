//! `leaktrace ci` as jobs run it: a server's repository, a checkout as actions/checkout makes it,
//! payloads as forges send them, and an API that answers as scripted.

// Helpers are tests, too, though clippy does not know.
#![allow(clippy::panic, clippy::new_without_default, clippy::return_self_not_must_use)]

#[path = "../common/mod.rs"]
mod common;
#[path = "../common/mock.rs"]
mod mock;

mod bad;
mod events;
mod platforms;
mod told;

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use common::{Repo, Run, Scratch, leaktrace};

/// An id that stands for nothing.
pub const ZERO: &str = "0000000000000000000000000000000000000000";

/// A server's repository, jobs of it, and what they write.
pub struct World {
    /// Where all of it lies.
    pub scratch: Scratch,
}

/// What a job did.
pub struct Job {
    /// How it ended.
    pub run: Run,
    /// What it wrote to its summary.
    pub summary: String,
    /// What it gave to later steps.
    pub outputs: BTreeMap<String, String>,
}

impl World {
    /// A server with one commit.
    pub fn new() -> World {
        let scratch = Scratch::new();
        let origin = scratch.init("origin", &[]);
        // As forges do: any commit can be asked for by its id.
        origin.git(&["config", "uploadpack.allowAnySHA1InWant", "true"]);
        origin.commit_file("README", "hello\n", "Begin");
        World { scratch }
    }

    /// The server's repository. It has a working tree only to make commits in.
    pub fn origin(&self) -> Repo<'_> {
        let repo = self.scratch.existing("origin");
        let last = repo.git(&["log", "-1", "--all", "--format=%ct"]);
        repo.set_clock(last.parse().expect("a date"));
        repo
    }

    /// A checkout as actions/checkout makes it: one commit, detached, so deep (0: all branches and
    /// all of their history).
    pub fn checkout(&self, name: &str, commit: &str, depth: u32) -> Repo<'_> {
        let repo = self.scratch.init(name, &[]);
        let url = format!("file://{}", self.scratch.path("origin").display());
        repo.git(&["remote", "add", "origin", &url]);
        if depth == 0 {
            repo.git(&["fetch", "-q", "origin", "+refs/heads/*:refs/remotes/origin/*", "--tags"]);
        } else {
            let depth = format!("--depth={depth}");
            repo.git(&["fetch", "-q", "--no-tags", &depth, "origin", commit]);
        }
        repo.git(&["checkout", "-q", "--detach", commit]);
        repo
    }

    /// A path outside the checkouts.
    pub fn file(&self, name: &str) -> PathBuf {
        self.scratch.path(name)
    }

    /// Runs a job of GitHub Actions in `checkout`.
    pub fn github(
        &self,
        checkout: &Repo<'_>,
        event: &str,
        payload: &Value,
        arguments: &[&str],
    ) -> Job {
        self.github_with(checkout, event, &payload.to_string(), arguments, &[])
    }

    /// The same with more variables.
    pub fn github_with(
        &self,
        checkout: &Repo<'_>,
        event: &str,
        payload: &str,
        arguments: &[&str],
        more: &[(&str, &str)],
    ) -> Job {
        let path = self.scratch.write("event.json", payload);
        let (summary, outputs) = (self.file("summary.md"), self.file("outputs"));
        let _ = (fs::remove_file(&summary), fs::remove_file(&outputs));
        let text = |path: &PathBuf| path.to_str().expect("UTF-8").to_owned();
        let (path, summary_name, outputs_name) = (text(&path), text(&summary), text(&outputs));
        let mut environment = vec![
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", event),
            ("GITHUB_EVENT_PATH", path.as_str()),
            ("GITHUB_REPOSITORY", "Codertocat/Hello-World"),
            ("GITHUB_SERVER_URL", "https://github.com"),
            ("GITHUB_STEP_SUMMARY", summary_name.as_str()),
            ("GITHUB_OUTPUT", outputs_name.as_str()),
        ];
        environment.extend_from_slice(more);
        let run = run(checkout, arguments, &environment);
        let outputs = fs::read_to_string(outputs).unwrap_or_default();
        let pair = |line: &str| {
            let (name, value) = line.split_once('=').expect("name=value");
            (name.to_owned(), value.to_owned())
        };
        Job {
            run,
            summary: fs::read_to_string(summary).unwrap_or_default(),
            outputs: outputs.lines().map(pair).collect(),
        }
    }
}

/// `leaktrace ci` in a checkout.
pub fn run(checkout: &Repo<'_>, arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let path = std::env::var("PATH").expect("a path");
    let environment = [&[("PATH", path.as_str())], environment].concat();
    let arguments = [&["ci", "--no-progress"], arguments].concat();
    leaktrace(&checkout.path, &arguments, &environment, b"")
}

impl Job {
    /// What it gave to later steps under this name.
    pub fn output(&self, name: &str) -> &str {
        self.outputs.get(name).unwrap_or_else(|| panic!("no {name}: {:?}", self.outputs))
    }

    /// What is printed while commands are switched on.
    pub fn commands(&self) -> Vec<&str> {
        let text = self.run.text();
        let (before, rest) = text.split_once("::stop-commands::").expect("a log of GitHub's");
        let (token, rest) = rest.split_once('\n').expect("a line");
        let (_, after) = rest.split_once(&format!("::{token}::\n")).expect("it ends");
        assert_eq!(before, "");
        assert!(token.len() >= 32, "a word that nobody guesses");
        after.lines().collect()
    }

    /// What is printed while commands are switched off.
    pub fn log(&self) -> &str {
        let text = self.run.text();
        let (first, rest) = text.split_once('\n').expect("a line");
        let token = first.strip_prefix("::stop-commands::").expect("a log of GitHub's");
        rest.split_once(&format!("::{token}::\n")).expect("it ends").0
    }

    /// Checks how it ended.
    #[track_caller]
    pub fn expect(self, code: i32) -> Job {
        let (text, stderr) = (String::from_utf8_lossy(&self.run.stdout), &self.run.stderr);
        assert_eq!(self.run.code, Some(code), "{text}\n{stderr}");
        assert_eq!(self.output("exit-code"), code.to_string());
        self
    }
}

/// A captured payload of GitHub.
pub fn captured(name: &str) -> Value {
    let path = format!("{}/testdata/payloads/github-{name}.json", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&fs::read(path).expect("a payload")).expect("JSON")
}

/// A captured push, of this branch from here to there.
pub fn push(name: &str, before: &str, after: &str) -> Value {
    let mut payload = captured("push-new-branch-unlinked");
    payload["ref"] = json!(format!("refs/heads/{name}"));
    payload["before"] = json!(before);
    payload["after"] = json!(after);
    payload["created"] = json!(before == ZERO);
    payload["repository"]["default_branch"] = json!("main");
    payload["repository"]["master_branch"] = json!("main");
    payload
}

/// A captured pull request, between these commits.
pub fn pull_request(base: &str, head: &str) -> Value {
    let mut payload = captured("pull-request-opened");
    payload["pull_request"]["base"]["sha"] = json!(base);
    payload["pull_request"]["base"]["ref"] = json!("main");
    payload["pull_request"]["head"]["sha"] = json!(head);
    payload["repository"]["default_branch"] = json!("main");
    payload
}
