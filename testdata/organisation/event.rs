//! One commit with the push that brought it, the finding that it carries, and what is true of it.

use super::people::{DAY, FORGE, Staff};
use super::random::Random;
use crate::model::Severity;

/// What is true of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Truth {
    /// Everyday work, judged as though it had carried a finding.
    Innocent,
    /// A planted mistake.
    Negligent,
    /// A planted takeover.
    Compromised,
    /// A planted intent.
    Malicious,
}

impl Truth {
    /// All of them.
    pub const ALL: [Truth; 4] =
        [Truth::Innocent, Truth::Negligent, Truth::Compromised, Truth::Malicious];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Truth::Innocent => "everyday work",
            Truth::Negligent => "planted mistake",
            Truth::Compromised => "planted takeover",
            Truth::Malicious => "planted intent",
        }
    }

    /// Whether people should look.
    pub fn is_grave(self) -> bool {
        matches!(self, Truth::Compromised | Truth::Malicious)
    }
}

/// Who stands in a commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Face {
    /// A worker by number.
    Worker(usize),
    /// Somebody whom the directory does not know, by their address.
    Stranger(String),
    /// The forge's own site.
    Site,
}

/// Who pushed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Pusher {
    /// Nobody knows.
    Unknown,
    /// The account of a worker.
    Worker(usize),
    /// An account that the directory does not know, by its login.
    Stranger(String),
}

/// One commit with its push.
#[derive(Debug, Clone)]
pub struct Event {
    /// What is true of it.
    pub truth: Truth,
    /// What kind of work or story.
    pub kind: &'static str,
    /// The story it is part of, if it is planted.
    pub story: Option<usize>,
    /// When, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// The repository, by number.
    pub repository: usize,
    /// Author.
    pub author: Face,
    /// Committer.
    pub committer: Face,
    /// Pusher.
    pub pusher: Pusher,
    /// Author's zone, minutes.
    pub zone: i32,
    /// Fingerprint of the key that signed it.
    pub key: Option<String>,
    /// Files changed.
    pub files: u32,
    /// The folder, two levels deep.
    pub folder: String,
    /// Two parents.
    pub merge: bool,
    /// Whether a pull request carried it.
    pub pull_request: bool,
    /// Pushed from or to somebody's own fork.
    pub fork: bool,
    /// Pushed to a place outside the organisation.
    pub outside: bool,
    /// A rule of the branch was passed by.
    pub bypass: bool,
    /// Whether the ref is the default branch.
    pub default_branch: bool,
    /// The finding.
    pub leak: Leak,
}

impl Event {
    /// Whose account pushed, or else who stands in it as the author.
    pub fn behind(&self) -> Option<usize> {
        match (&self.pusher, &self.author) {
            (Pusher::Worker(at), _) | (Pusher::Unknown, Face::Worker(at)) => Some(*at),
            _ => None,
        }
    }

    /// Where the push went: `host/owner/name`.
    pub fn place(&self, staff: &Staff) -> String {
        let home = &staff.repositories[self.repository].id;
        let name = home.rsplit('/').next().unwrap_or_default();
        match self.behind().map(|at| &staff.workers[at].login) {
            _ if self.outside => format!("{FORGE}/elsewhere/{name}"),
            Some(login) if self.fork && !self.pull_request => format!("{FORGE}/{login}/{name}"),
            _ => home.clone(),
        }
    }

    /// Whether it was made on the forge's site.
    pub fn by_web(&self) -> bool {
        self.committer == Face::Site
    }
}

/// A finding, with what other systems know of it.
#[derive(Debug, Clone)]
pub struct Leak {
    /// Its path within the folder.
    pub file: String,
    /// What it opens.
    pub severity: Severity,
    /// Layers it is wrapped in.
    pub layers: Vec<String>,
    /// Encoded as its file's format asks.
    pub by_format: bool,
    /// Whether it belongs to the person or their team; none where no list says.
    pub owned: Option<bool>,
    /// Whether it is planted to be found.
    pub canary: bool,
    /// Whether it works.
    pub live: Option<bool>,
    /// Guards switched off.
    pub guards: Vec<String>,
    /// A reason given for that.
    pub reason: bool,
    /// Different secrets, providers and commits within a day.
    pub day: (usize, usize, usize),
    /// Seconds until it was taken out, and whether by the same person.
    pub removed: Option<(i64, bool)>,
    /// Seconds until it was reported by the person.
    pub reported: Option<i64>,
    /// Revoked by the person.
    pub revoked: Option<bool>,
    /// The message speaks of something else.
    pub mismatch: bool,
    /// What the audit log says of countries.
    pub travel: Option<bool>,
    /// Whether the local hook attested it.
    pub attested: bool,
    /// A review was asked for.
    pub review: bool,
    /// Merged by its own author without another approval.
    pub self_merged: bool,
}

/// Files of code.
const CODE: &[&str] = &["main.go", "client.py", "app/server.ts", "handlers.go", "util.rs"];
/// Files of settings.
const SETTINGS: &[&str] =
    &[".env", "values.yaml", "config.json", "settings.toml", "app.properties"];
/// Files of tests.
const TESTS: &[&str] = &["tests/client_test.go", "test/fixtures/token.json", "examples/demo.py"];

impl Leak {
    /// A finding as everyday mistakes and tests leave them, at a plausible path of a change.
    pub fn typical(random: &mut Random) -> Leak {
        let file = match random.below(100) {
            0..28 => TESTS,
            28..66 => SETTINGS,
            _ => CODE,
        };
        let severity = match random.below(10) {
            0..2 => Severity::Critical,
            2..6 => Severity::High,
            _ => Severity::Medium,
        };
        let encoded = random.chance(0.025);
        let many = random.chance(0.04);
        Leak {
            file: (*random.pick(file)).to_owned(),
            severity,
            layers: if encoded { vec!["base64".to_owned()] } else { Vec::new() },
            by_format: random.chance(0.6),
            owned: random.chance(0.35).then(|| random.chance(0.88)),
            canary: false,
            live: random.chance(0.15).then(|| random.chance(0.4)),
            guards: innocent_guards(random),
            reason: random.chance(0.3),
            day: match (many, random.chance(0.15)) {
                (true, true) => (9, 3, 3),
                (true, false) => (10, 5, 1),
                _ => (1, 1, 1),
            },
            removed: removal(random),
            reported: random.chance(0.12).then(|| random.between(60, 3_000)),
            revoked: random.chance(0.1).then_some(true),
            mismatch: random.chance(0.03),
            travel: random.chance(0.3).then(|| random.chance(0.002)),
            attested: random.chance(0.92),
            review: false,
            self_merged: random.chance(0.06),
        }
    }

    /// A finding without anything that speaks for or against somebody.
    pub fn plain(random: &mut Random, settings: f64) -> Leak {
        let list = if random.chance(settings) { SETTINGS } else { CODE };
        Leak {
            file: (*random.pick(list)).to_owned(),
            severity: if random.chance(0.4) { Severity::Critical } else { Severity::High },
            layers: Vec::new(),
            by_format: false,
            owned: random.chance(0.35).then_some(true),
            canary: false,
            live: random.chance(0.2).then_some(true),
            guards: Vec::new(),
            reason: false,
            day: (1, 1, 1),
            removed: None,
            reported: None,
            revoked: None,
            mismatch: random.chance(0.05),
            travel: random.chance(0.3).then_some(false),
            attested: random.chance(0.6),
            review: false,
            self_merged: false,
        }
    }
}

/// How often people silence a finding that they take for a false one, or leave the jobs out.
fn innocent_guards(random: &mut Random) -> Vec<String> {
    let guard = match random.below(1_000) {
        0..14 => "[skip ci] in the message",
        14..30 => "an allowing comment beside the credential",
        30..36 => "an entry added to what is ignored",
        _ => return Vec::new(),
    };
    vec![guard.to_owned()]
}

fn removal(random: &mut Random) -> Option<(i64, bool)> {
    match random.below(10) {
        0 => Some((random.between(120, 1_700), true)),
        1..3 => Some((random.between(1, 90) * DAY, random.chance(0.5))),
        _ => None,
    }
}
