//! Reasons of those who go on although something was found. Each is kept with what it was about,
//! under the keyed hashes of the credentials.

use std::env;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde::Serialize;

use super::super::exit::UsageError;
use super::super::people::shown;
use crate::engine::{Effort, Engine, Limits};
use crate::model::text::escape;
use crate::pipeline::Scan;
use crate::rule::Ruleset;

/// The variable that a developer sets to the reason.
pub const VARIABLE: &str = "LEAKTRACE_BYPASS";

/// The push option that carries the reason to a server.
const OPTION: &str = "leaktrace.bypass=";

/// Longest reason that is kept, bytes.
const LONGEST: usize = 1024;

/// Push options that are looked at, at most.
const OPTIONS: usize = 100;

/// A line of the record.
#[derive(Serialize)]
struct Entry<'a> {
    /// Version of this format.
    v: u32,
    /// Seconds since 1970-01-01 UTC.
    time: i64,
    hook: &'a str,
    reason: &'a str,
    findings: Vec<About<'a>>,
}

/// What was let pass.
#[derive(Serialize)]
struct About<'a> {
    rule: &'a str,
    fingerprint: String,
    path: Option<String>,
    line: Option<u32>,
}

/// The reason that the environment gives.
pub fn of_environment() -> anyhow::Result<Option<String>> {
    let Some(reason) = env::var_os(VARIABLE).filter(|reason| !reason.is_empty()) else {
        return Ok(None);
    };
    checked(&reason.to_string_lossy(), VARIABLE).map(Some)
}

/// The reason among the push options, which git names to hooks on the server.
pub fn of_push_options() -> anyhow::Result<Option<String>> {
    let count = env::var("GIT_PUSH_OPTION_COUNT").ok().and_then(|count| count.parse().ok());
    for at in 0..count.unwrap_or(0usize).min(OPTIONS) {
        let option = env::var_os(format!("GIT_PUSH_OPTION_{at}")).unwrap_or_default();
        if let Some(reason) = option.to_string_lossy().strip_prefix(OPTION) {
            return checked(reason, "leaktrace.bypass").map(Some);
        }
    }
    Ok(None)
}

fn checked(reason: &str, name: &str) -> anyhow::Result<String> {
    let reason = reason.trim();
    if reason.chars().filter(|one| one.is_alphanumeric()).count() < 8 || reason.len() > LONGEST {
        return Err(UsageError(format!(
            "{name} takes the reason, in words that somebody else understands later (8 letters at \
             least)"
        ))
        .into());
    }
    // Records are read by many, and kept.
    let rules = Arc::new(Ruleset::builtin());
    let engine = Engine::new(rules, Effort::Small, Limits::default());
    if !engine.scan(reason.as_bytes()).matches.is_empty() {
        return Err(
            UsageError(format!("{name} itself holds a credential: write it without")).into()
        );
    }
    Ok(escape(reason.as_bytes()))
}

/// Adds a line to the record at `file`.
pub fn record(file: &Path, time: i64, hook: &str, reason: &str, scan: &Scan) -> anyhow::Result<()> {
    let findings = scan.report.findings.iter().map(|one| {
        let place = one.places.first();
        About {
            rule: &one.finding.rule.id,
            fingerprint: one.finding.fingerprint.to_string(),
            path: place.and_then(|place| place.path.as_deref()).map(escape),
            line: place.map(|place| place.position.line),
        }
    });
    // A reason may quote what it excuses.
    let reason = super::super::notify::finder(scan).masked(reason);
    let entry = Entry { v: 1, time, hook, reason: &reason, findings: findings.collect() };
    let write = || {
        if let Some(folder) = file.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut options = fs::File::options();
        options.append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let mut out = options.open(file)?;
        out.lock()?;
        out.write_all(&line)?;
        out.sync_data()
    };
    write().with_context(|| format!("cannot keep the reason in {}", shown(file)))
}
