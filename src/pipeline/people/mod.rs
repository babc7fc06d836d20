//! From findings to people: who brought each one in, what that person may do, and what is to be
//! made of it.
//!
//! `commit` reads what a commit says of who acted and `push` what the event does, `history` what
//! people did before, `facts` what else a case needs; `risk` judges, and each finding gets its card.
//! `hide` puts pseudonyms in the place of names.

mod commit;
mod facts;
mod guards;
mod hide;
mod history;
mod incidents;
mod keys;
mod push;

use std::collections::BTreeMap;

use gix::ObjectId;
use serde::{Deserialize, Serialize};

use super::settings::Settings;
use super::target::Opened;
use crate::config::people::IdentitySettings;
use crate::identity::email::{Forge, ForgeKind};
use crate::identity::event::PushEvent;
use crate::identity::mailmap::Mailmap;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::{self, Directory as _};
use crate::model::{IncompleteKind, IncompleteLog};
use crate::output::Reported;
use crate::provenance::signature;
use crate::risk::weigh::Priors;
use crate::risk::{self, Card, Case, Judgement};
use crate::source::repository::Repository;
use crate::store::{Push, Store};

pub use commit::Subject;
pub use facts::RECORD;
pub use guards::{is_configuration_path, is_test_path};
pub use push::repository_of;

/// Findings that are traced to people, at most; the rest is counted as not looked at.
const CASES: usize = 20_000;

/// Pushes that are older than this, seconds, are no habit any more.
const REMEMBERED: i64 = 400 * 86_400;

/// What the identity cross-check needs, made once for a scan.
#[derive(Debug)]
pub struct People {
    /// What the configuration says.
    pub settings: IdentitySettings,
    /// The directory and what is kept of pushes.
    pub store: Store,
    /// The push that the scan is about, if any: one event for each reference that it changes.
    pub events: Vec<PushEvent>,
    /// Whether the server has taken the push, or may still refuse it.
    pub taken: bool,
    /// The organisation's own aliases.
    pub aliases: Option<Mailmap>,
    /// Keys of the organisation's own list.
    pub signers: signature::Memory,
    /// Makes pseudonyms.
    pub pseudonyms: PseudonymKey,
    /// The organisation's forges.
    pub forges: Vec<Forge>,
    /// Whether names are shown.
    pub reveal: bool,
    /// What happened afterwards, by fingerprint: see [`Afterwards`].
    pub afterwards: Afterwards,
}

/// What other systems know of findings and pushes: reports, revocations, audit logs. Read from the
/// file that `--facts` names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Afterwards {
    /// Version of this format: 1.
    pub version: u32,
    /// What is known of findings, by fingerprint.
    pub findings: BTreeMap<String, OfFinding>,
    /// What is known of commits and their pushes, by commit.
    pub commits: BTreeMap<String, OfCommit>,
}

/// What other systems know of a finding.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfFinding {
    /// Whether the credential still works.
    pub live: Option<bool>,
    /// When the person reported it, seconds since 1970-01-01 UTC.
    pub reported: Option<i64>,
    /// Whether the person revoked it.
    pub revoked_by_person: Option<bool>,
}

/// What other systems know of a commit's push.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfCommit {
    /// When the server took it, seconds since 1970-01-01 UTC.
    pub pushed: Option<i64>,
    /// Whether pushes of the person came from countries too far apart.
    pub impossible_travel: Option<bool>,
    /// A rule that was passed by, in a few words.
    pub bypass: Option<String>,
    /// Whether the local hook attested the commit.
    pub hook_attested: Option<bool>,
    /// When rights to administer were last used, seconds since 1970-01-01 UTC.
    pub admin_last_used: Option<i64>,
}

impl People {
    /// The organisation's forges as the configuration has them: hosts, or `gitlab:host` where the
    /// host does not tell which software it runs.
    pub fn forges_of(names: &[String]) -> Vec<Forge> {
        let forge = |name: &String| {
            let (kind, host) = match name.split_once(':') {
                Some(("gitlab", host)) => (ForgeKind::Gitlab, host),
                Some(("gitea" | "forgejo", host)) => (ForgeKind::Gitea, host),
                Some(("github", host)) => (ForgeKind::Github, host),
                _ if name.contains("gitlab") => (ForgeKind::Gitlab, name.as_str()),
                _ if ["gitea", "forgejo", "codeberg"].iter().any(|one| name.contains(one)) => {
                    (ForgeKind::Gitea, name.as_str())
                }
                _ => (ForgeKind::Github, name.as_str()),
            };
            Forge { kind, host: host.to_owned() }
        };
        names.iter().map(forge).collect()
    }

    /// What the configuration says of signals, priors and bands.
    pub fn judging(&self) -> risk::Settings {
        let defaults = risk::Settings::default();
        let settings = &self.settings;
        risk::Settings {
            on: settings.signals_on.clone(),
            off: settings.signals_off.clone(),
            priors: settings.priors.map_or(
                defaults.priors,
                |[negligent, compromised, malicious]| Priors { negligent, compromised, malicious },
            ),
            bands: settings.bands.unwrap_or(defaults.bands),
        }
    }
}

impl People {
    /// The evidence bundle of judged cases.
    pub fn bundle(
        &self,
        mut cases: Vec<Judged>,
        as_of: i64,
        key_id: &str,
    ) -> Result<Bundle, identity::Error> {
        cases.sort_by(|a, b| a.case.finding.cmp(&b.case.finding));
        Ok(Bundle {
            version: 1,
            as_of,
            key_id: key_id.to_owned(),
            settings: self.judging(),
            sources: self.store.sources()?,
            revealed: self.reveal,
            cases,
        })
    }
}

/// A case with what was made of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Judged {
    /// The case; without names where people stand under pseudonyms.
    pub case: Case,
    /// What was made of it.
    pub judgement: Judgement,
}

/// An evidence bundle: the cases of a scan with all that judging them took, so that each judgement
/// can be made again offline.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bundle {
    /// Version of this format: 1.
    pub version: u32,
    /// When the scan ran, seconds since 1970-01-01 UTC.
    pub as_of: i64,
    /// Identifies the key of the fingerprints.
    pub key_id: String,
    /// Signals, priors and bands.
    pub settings: risk::Settings,
    /// Sources of the directory with the time of their snapshots.
    pub sources: Vec<identity::SourceState>,
    /// Whether names are in it.
    pub revealed: bool,
    /// The cases, by finding.
    pub cases: Vec<Judged>,
}

/// Judges every finding of `target` that a commit brought in, and puts the cards to them.
pub fn run(
    target: &Opened,
    settings: &Settings,
    people: &People,
    findings: &mut [Reported],
    as_of: i64,
    (log, notes): (&IncompleteLog, &mut Vec<String>),
) -> Result<Vec<Judged>, identity::Error> {
    let Some(repo) = target.repository() else { return Ok(Vec::new()) };
    let base = settings.selection.as_ref().and_then(|selection| selection.base);
    let mut subjects: BTreeMap<ObjectId, Subject> = BTreeMap::new();
    let mut wanted: Vec<(usize, ObjectId)> = Vec::new();
    let mut cut = 0;
    let reader = commit::Reading::new(repo, people, base, as_of);
    notes.extend(reader.doubts());
    for (at, one) in findings.iter().enumerate() {
        let Some(trace) = &one.trace else { continue };
        let Some(introduced) = &trace.introduced else { continue };
        // The push that the scan is about comes first: an older commit, or one with an older date,
        // may have the same credential, and that takes nothing off who brings it in now.
        let brought = std::iter::once(&introduced.id).chain(&trace.reintroduced);
        if let Some(id) = brought.into_iter().find(|id| reader.is_pushed(id)) {
            wanted.push((at, *id));
        } else if trace.at_boundary {
            // Where a shallow history begins everything seems to come from one commit.
            cut += 1;
        } else {
            wanted.push((at, introduced.id));
        }
    }
    if cut > 0 {
        notes.push(format!(
            "nobody is named for {cut} findings at the commit where this shallow history begins: \
             fetch the whole history"
        ));
    }
    if wanted.len() > CASES {
        notes.push(format!(
            "people were looked up for the first {CASES} findings, and not for {} more",
            wanted.len() - CASES
        ));
        wanted.truncate(CASES);
    }
    record_push(&reader, people, as_of)?;
    for (_, id) in &wanted {
        if subjects.contains_key(id) {
            continue;
        }
        match reader.subject(*id)? {
            Some(subject) => {
                subjects.insert(*id, subject);
            }
            None => log.add(IncompleteKind::MissingObject, format!("commit {id}, for its people")),
        }
    }
    if subjects.is_empty() {
        return Ok(Vec::new());
    }
    let events: Vec<history::Event> = subjects.values().map(Subject::event).collect();
    let past = history::read(repo, people, &events);
    let incidents = incidents::Incidents::of(&wanted, &subjects, findings);
    let mut judged = Vec::new();
    let judging = people.judging();
    for (at, id) in wanted {
        let (Some(subject), Some(reported)) = (subjects.get(&id), findings.get(at)) else {
            continue;
        };
        let gathering = facts::Gathering { repo, people, past: &past, incidents: &incidents };
        let case = gathering.case(subject, reported)?;
        let judgement = risk::judge(&case, &judging);
        let card = Card::new(&case, &judgement, &judging, people.reveal);
        let case =
            if people.reveal { case } else { case.pseudonymous(&|id| people.pseudonyms.of(id)) };
        if let Some(reported) = findings.get_mut(at) {
            reported.card = Some(Box::new(card));
        }
        judged.push(Judged { case, judgement });
    }
    Ok(judged)
}

/// Puts pseudonyms in the place of the people in the histories of `findings`, judged or not, unless
/// names are to be shown.
pub fn hide(
    target: &Opened,
    people: &People,
    findings: &mut [Reported],
    as_of: i64,
) -> Result<(), identity::Error> {
    match target.repository() {
        Some(repo) if !people.reveal => {
            hide::names(&commit::Reading::new(repo, people, None, as_of), findings)
        }
        _ => Ok(()),
    }
}

/// Who acted in the commit that `name` means; `None` when there is none of that name.
pub fn resolve_commit(
    repo: &Repository,
    people: &People,
    name: &str,
    now: i64,
) -> Result<Option<Subject>, identity::Error> {
    let id = match repo.git.rev_parse_single(name) {
        Ok(id) => id.detach(),
        Err(_) => return Ok(None),
    };
    commit::Reading::new(repo, people, None, now).subject(id)
}

/// Remembers the push for later baselines, whether or not it brought a secret.
fn record_push(
    reading: &commit::Reading<'_>,
    people: &People,
    now: i64,
) -> Result<(), identity::Error> {
    if !people.taken {
        return Ok(());
    }
    for event in &people.events {
        let (Some(repository), Some(tip)) = (reading.repository(), &event.after) else { continue };
        let time = event.received_at.unwrap_or(now);
        if now.saturating_sub(time) > REMEMBERED {
            continue;
        }
        let Some(pusher) = reading.pusher(event)? else { continue };
        let push = Push {
            time,
            actor: pusher.pseudonym,
            repository: repository.to_owned(),
            ref_name: event.ref_name.clone().unwrap_or_default(),
            tip: tip.clone(),
        };
        people.store.record_push(&push)?;
    }
    Ok(())
}
