//! Alerts of a scan: when a push brought a secret in, the configured targets are told, each once for
//! the whole push. An alert that could not be sent makes the command fail.

use std::collections::BTreeSet;
use std::sync::Arc;

use clap::ValueEnum;

use super::{alerts, network, terminal};
use crate::alert::{self, Endpoint, Item, Preview, Push};
use crate::config::people::Target;
use crate::http::{Clock, SystemClock};
use crate::identity::event::{Origin, PushEvent};
use crate::model::text::escape;
use crate::output::Reported;
use crate::output::redact::Finder;
use crate::pipeline::Scan;
use crate::pipeline::people::{Judged, People, RECORD};

/// What happens with alerts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum When {
    /// They are sent.
    #[default]
    Send,
    /// What would be sent is printed on standard error as JSON.
    DryRun,
    /// Nothing is sent.
    Off,
}

/// Tells the targets about what the push brought in; gives what became of it, a line for each target,
/// and whether all that were to be told were.
pub fn run(scan: &Scan, people: &People, when: When) -> anyhow::Result<(Vec<String>, bool)> {
    let targets: &[Target] = &people.settings.alerts;
    if when == When::Off || targets.is_empty() {
        return Ok((Vec::new(), true));
    }
    let finder = finder(scan);
    let items: Vec<Item> = scan.report.findings.iter().filter_map(|one| item(scan, one)).collect();
    let Some(push) = push_of(scan, people) else { return Ok((Vec::new(), true)) };
    let mask = |text: &str| finder.masked(text);
    if when == When::DryRun {
        let drafts = alert::dry_run(targets, &push, &items, &mask);
        terminal::warn(&format!("alerts that would be sent:\n{}", alert::render(&drafts)));
        return Ok((Vec::new(), true));
    }
    if items.is_empty() {
        return Ok((Vec::new(), true));
    }
    let endpoints = Endpoint::all(targets, &alerts::lookup);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let outcomes = alert::send(&endpoints, &push, &items, &mask, &network::settings()?, &clock);
    let told = outcomes.iter().map(ToString::to_string).collect();
    Ok((told, outcomes.iter().all(|outcome| outcome.ok)))
}

/// Finds every secret of a scan in texts.
pub fn finder(scan: &Scan) -> Finder {
    let all = scan.report.findings.iter().chain(&scan.report.suppressed);
    Finder::of(all.map(|one| &one.finding.secret))
}

/// The finding as alerts need it; none when the push did not bring it in.
fn item(scan: &Scan, one: &Reported) -> Option<Item> {
    let fingerprint = one.finding.fingerprint.to_string();
    // What a forge recorded happened earlier: it says who pushed, and is no news.
    let news = |judged: &&Judged| judged.case.push.origin.as_deref().is_some_and(|o| o != RECORD);
    let judged = judged(scan, &fingerprint).filter(news)?;
    let case = &judged.case;
    let place = one.places.first();
    let trace = one.trace.as_ref();
    let introduced = trace.and_then(|trace| trace.introduced.as_ref());
    let rule = &one.finding.rule;
    Some(Item {
        rule: rule.id.clone(),
        title: rule.title.clone(),
        provider: rule.provider.clone(),
        severity: rule.severity,
        confidence: one.finding.confidence,
        exposure: judged.judgement.exposure.clone(),
        preview: Preview::of(&one.finding.secret),
        fingerprint: one.finding.fingerprint,
        commit: Some(case.commit.clone()),
        path: case.secret.path.clone(),
        line: place.map(|place| place.position.line),
        advice: rule.advice.clone(),
        page: rule.page.clone(),
        live: case.secret.live,
        reachable: case.secret.reachable,
        visibility: case.repository.visibility,
        age_days: introduced
            .map(|commit| (scan.report.as_of - commit.committer.seconds).max(0) / 86_400),
        card: one.card.as_deref().cloned(),
    })
}

/// What was made of the people behind a finding.
pub fn judged<'a>(scan: &'a Scan, fingerprint: &str) -> Option<&'a Judged> {
    let cases = scan.evidence.as_ref().map(|bundle| bundle.cases.as_slice())?;
    let at = cases.binary_search_by(|one| one.case.finding.as_str().cmp(fingerprint)).ok()?;
    cases.get(at)
}

/// The push as messages show it: of several references the first that brought a finding.
fn push_of(scan: &Scan, people: &People) -> Option<Push> {
    let cases = scan.evidence.as_ref().map(|bundle| bundle.cases.as_slice()).unwrap_or_default();
    let pushes = cases.iter().map(|one| &one.case.push);
    let pushes = pushes.filter(|push| push.origin.as_deref() != Some(RECORD));
    let brought: BTreeSet<&str> = pushes.filter_map(|push| push.ref_name.as_deref()).collect();
    let brings = |event: &&PushEvent| {
        let name = event.ref_name.as_ref().map(|name| escape(name.as_bytes()));
        name.is_some_and(|name| brought.contains(name.as_str()))
    };
    let mut news = people.events.iter().filter(|event| event.origin != Origin::ActivityApi);
    let event = news.clone().find(brings).or_else(|| news.next())?;
    let ref_name = event.ref_name.as_ref().map(|name| match brought.len() {
        0 | 1 => name.clone(),
        more => format!("{name} and {} more", more - 1),
    });
    let named = people.settings.repository.clone().or_else(|| event.repository.clone());
    let repository = named.unwrap_or_default();
    let path = match event.origin {
        Origin::GitlabCi | Origin::GitlabWebhook => "/-/commit/",
        Origin::Bitbucket | Origin::BitbucketWebhook => "/commits/",
        _ => "/commit/",
    };
    Some(Push {
        commit_page: (repository.split('/').count() >= 3)
            .then(|| format!("https://{repository}{path}")),
        repository,
        ref_name,
        before: event.before.clone(),
        after: event.after.clone().unwrap_or_default(),
        run_page: None,
        origin: Some(said(event).to_owned()),
        sample: false,
    })
}

/// Where it is known from who pushed.
fn said(event: &PushEvent) -> &'static str {
    if event.attested { "the server's own word" } else { "the variables of the job" }
}
