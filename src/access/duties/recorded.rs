//! What a forge recorded: pushes, forced pushes and rules passed by, and pull requests with their
//! reviews.

use std::collections::{BTreeMap, BTreeSet};

use gix::ObjectId;

use super::super::Error;
use super::super::check::{self, Check};
use super::{Heap, Protection, Work, branch_of, short};
use crate::identity::event::activity::{Act, Record};
use crate::identity::event::{Actor, Approval, Origin, PushEvent, ReviewState};
use crate::model::Severity;
use crate::model::text::escape;
use crate::source::history::commits::Commit;
use crate::source::history::store::Reader;

/// Commits of one push that are explained, at most.
const PUSHED: usize = 100_000;

/// A pull request, put together from all events about it.
#[derive(Default)]
struct Change {
    author: Option<Actor>,
    merged_by: Option<Actor>,
    merged_at: i64,
    head: Option<String>,
    merge: Option<String>,
    base: String,
    /// The last word of each reviewer.
    reviews: BTreeMap<String, Approval>,
    /// How its events name their origin.
    by: &'static str,
}

impl Work<'_> {
    /// The forge's lists of activity and rule suites.
    pub(super) fn records(&mut self) -> Result<(), Error> {
        let Some(given) = self.duties.repository else { return Ok(()) };
        let Some(repository) = given.resource.clone() else {
            if !self.duties.records.is_empty() {
                self.report.missing.push(format!(
                    "{}: whose record it is cannot be told without its name at the forge; give it as \
                     PATH=HOST/OWNER/NAME",
                    given.name
                ));
            }
            return Ok(());
        };
        let host = repository.split('/').next().unwrap_or_default().to_owned();
        let count = self.duties.records.len();
        if count > 0 {
            self.report.scope.push(format!("{count} entries of what {host} recorded"));
        }
        for record in self.duties.records {
            self.record(record, &repository, &given.name, &host)?;
        }
        Ok(())
    }

    fn record(
        &mut self,
        record: &Record,
        repository: &str,
        name: &str,
        host: &str,
    ) -> Result<(), Error> {
        let Some(branch) = branch_of(&record.reference) else { return Ok(()) };
        if matches!(record.act, Act::Merge | Act::Push | Act::Creation | Act::ForcePush) {
            self.explain(record);
        }
        let protection = self.protection(repository, branch)?;
        let (check, what) = match record.act {
            Act::Bypass => (&check::RULE_BYPASS, "passed the rules of the branch by"),
            Act::ForcePush => (&check::FORCED_PUSH, "rewrote the branch by a forced push"),
            Act::Deletion => (&check::FORCED_PUSH, "deleted the branch"),
            Act::Push => (&check::DIRECT_PUSH, "pushed to the branch"),
            Act::Merge | Act::Creation | Act::Other => return Ok(()),
        };
        let Some((severity, rule)) = weight(check, &protection, branch) else { return Ok(()) };
        let actor = Actor { realm: host.to_owned(), ..record.actor.clone() };
        let who = self.who.account(&actor, record.time)?;
        let mut sources = self.sources(repository)?;
        sources.extend(who.sources.iter().cloned());
        let list = if record.act == Act::Bypass { "rule suites" } else { "list of activity" };
        let after = record.after.as_deref().or(record.before.as_deref());
        self.heap(Heap {
            check,
            severity,
            who,
            resource: format!("{name}@{}", escape(branch.as_bytes())),
            changes: [(record.time, after.map_or_else(|| "a ref".to_owned(), short))].into(),
            what,
            why: format!("Recorded in the {list} of {}.{rule}", escape(host.as_bytes())),
            sources,
        });
        Ok(())
    }

    /// Notes of which commits the record says how they came to stand on their branch.
    fn explain(&mut self, record: &Record) {
        let Some(given) = self.duties.repository else { return };
        let id = |text: &Option<String>| ObjectId::from_hex(text.as_deref()?.as_bytes()).ok();
        let (before, mut next) = (id(&record.before), id(&record.after));
        let reader = Reader::of(&given.repo.git);
        let mut data = Vec::new();
        for _ in 0..PUSHED {
            let Some(one) = next.filter(|one| Some(*one) != before) else { return };
            if !self.explained.insert(one.to_string()) {
                return;
            }
            // Without what was there before, only the newest commit is explained for certain.
            if before.is_none() || reader.read(&one, &mut data).is_err() {
                return;
            }
            let commit = Commit::parse(one, &data).ok();
            next = commit.and_then(|commit| commit.parents.first().copied());
        }
    }

    /// Payloads of events.
    pub(super) fn events(&mut self) -> Result<(), Error> {
        let mut changes: BTreeMap<(String, u64), Change> = BTreeMap::new();
        let reviews_given = self.duties.events.iter().any(|event| !event.approvals.is_empty());
        for event in self.duties.events {
            let Some(repository) = event.repository.clone() else {
                self.report.missing.push(
                    "an event that does not name its repository was not looked at".to_owned(),
                );
                continue;
            };
            match event.pull_request.as_ref().and_then(|pull| pull.number) {
                Some(number) => collect(changes.entry((repository, number)).or_default(), event),
                None => self.push(event, &repository)?,
            }
        }
        let merges: BTreeSet<String> =
            changes.values().filter_map(|change| change.merge.clone()).collect();
        self.reviewed.extend(merges.iter().cloned());
        self.explained.extend(merges);
        let count = self.duties.events.len();
        if count > 0 {
            let pulls = changes.len();
            self.report.scope.push(format!("{count} events, of {pulls} pull requests"));
        }
        for ((repository, number), change) in changes {
            self.change(&repository, number, &change, reviews_given)?;
        }
        Ok(())
    }

    /// A push to a branch.
    fn push(&mut self, event: &PushEvent, repository: &str) -> Result<(), Error> {
        let branch = event.ref_name.as_deref().and_then(|name| name.strip_prefix("refs/heads/"));
        let (Some(branch), Some(after)) = (branch, &event.after) else { return Ok(()) };
        let forced = event.forced == Some(true);
        let mut protection = self.protection(repository, branch)?;
        if event.ref_protected == Some(true) && !matches!(protection, Protection::Yes(..)) {
            protection = Protection::Yes("the event".to_owned(), false);
        }
        let came_by_merge = self
            .duties
            .events
            .iter()
            .any(|other| other.merged_by.is_some() && other.after.as_ref() == Some(after));
        if came_by_merge && !forced {
            return Ok(());
        }
        let (check, what) = if forced {
            (&check::FORCED_PUSH, "rewrote the branch by a forced push")
        } else {
            (&check::DIRECT_PUSH, "pushed to the branch")
        };
        let Some((mut severity, mut rule)) = weight(check, &protection, branch) else {
            return Ok(());
        };
        if !forced && !self.duties.events.iter().any(|other| other.merged_by.is_some()) {
            // Merges on the forge's site push, too.
            severity = Severity::Low;
            rule.push_str(" No event of a merge was given, and one would look the same.");
        }
        let Some(actor) = event.pusher.as_ref().or(event.sender.as_ref()) else { return Ok(()) };
        let time = event.received_at.unwrap_or(self.duties.now);
        let who = self.who.account(actor, time)?;
        let mut sources = self.sources(repository)?;
        sources.extend(who.sources.iter().cloned());
        self.explained.insert(after.clone());
        self.heap(Heap {
            check,
            severity,
            who,
            resource: format!("{}@{}", escape(repository.as_bytes()), escape(branch.as_bytes())),
            changes: [(time, short(after))].into(),
            what,
            why: format!("By {}.{rule}", origin(event.origin)),
            sources,
        });
        Ok(())
    }

    fn change(
        &mut self,
        repository: &str,
        number: u64,
        change: &Change,
        reviews_given: bool,
    ) -> Result<(), Error> {
        let (Some(author), Some(merger)) = (&change.author, &change.merged_by) else {
            return Ok(());
        };
        let time = change.merged_at;
        let (author, merger) = (self.who.account(author, time)?, self.who.account(merger, time)?);
        let mut approved = false;
        let mut current = false;
        for review in change.reviews.values() {
            let by = self.who.account(&review.actor, time)?;
            if review.state == ReviewState::Approved && by.pseudonym != author.pseudonym {
                approved = true;
                current |= change.head.is_none() || review.commit_id == change.head;
            }
        }
        let protection = self.protection(repository, &change.base)?;
        let mut sources = self.sources(repository)?;
        sources.extend(merger.sources.iter().cloned());
        let by = change.by;
        let (check, severity, what, why) = if approved && !current {
            let why = format!("By {by}: no approval is of the commit that was merged.");
            let what = "merged on an approval of an older state";
            (&check::STALE_APPROVAL, check::STALE_APPROVAL.severity, what, why)
        } else if approved || author.pseudonym != merger.pseudonym {
            return Ok(());
        } else {
            let severity = match (&protection, reviews_given) {
                (_, false) => Severity::Low,
                (Protection::Yes(_, true), true) => Severity::High,
                _ => check::SELF_MERGE.severity,
            };
            let why = if reviews_given {
                format!("By {by}: nobody else's approval is among the reviews that were given.")
            } else {
                format!("By {by}. No review data: no review was given to be looked at.")
            };
            (&check::SELF_MERGE, severity, "merged by whoever had opened it", why)
        };
        self.heap(Heap {
            check,
            severity,
            who: merger,
            resource: format!("{}@{}", escape(repository.as_bytes()), change.base),
            changes: [(time, format!("#{number}"))].into(),
            what,
            why,
            sources,
        });
        Ok(())
    }
}

/// How severe a push is by what protects the branch, and a sentence on that; none where it is
/// nothing to decide on.
fn weight(check: &Check, protection: &Protection, branch: &str) -> Option<(Severity, String)> {
    let bypass = check.id == check::RULE_BYPASS.id;
    match protection {
        Protection::Yes(by, _) => {
            let branch = escape(branch.as_bytes());
            Some((Severity::High, format!(" `{branch}` is protected by {by}.")))
        }
        // The forge itself says that there was a rule.
        Protection::No | Protection::Unknown if bypass => Some((Severity::High, String::new())),
        Protection::Unknown if matches!(branch, "main" | "master") => {
            Some((Severity::Low, " No source states whether the branch is protected.".to_owned()))
        }
        Protection::No | Protection::Unknown => None,
    }
}

fn collect(change: &mut Change, event: &PushEvent) {
    let Some(pull) = &event.pull_request else { return };
    change.by = origin(event.origin);
    change.author = change.author.take().or_else(|| pull.author.clone());
    if pull.merged == Some(true) {
        change.merged_by = event.merged_by.clone().or_else(|| event.sender.clone());
        change.merged_at = event.received_at.unwrap_or_default();
        change.merge.clone_from(&event.after);
        change.head.clone_from(&pull.head);
        change.base = pull.base_ref.clone().unwrap_or_default();
    }
    for review in &event.approvals {
        if review.state == ReviewState::Commented {
            continue;
        }
        let account = review.actor.account.clone().or_else(|| review.actor.login.clone());
        let key = account.unwrap_or_default();
        let newer =
            change.reviews.get(&key).is_none_or(|known| known.submitted_at <= review.submitted_at);
        if newer {
            change.reviews.insert(key, review.clone());
        }
    }
}

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::GithubEvent => "a GitHub event",
        Origin::GitlabWebhook => "a GitLab webhook",
        Origin::GiteaWebhook => "a Gitea or Forgejo webhook",
        Origin::BitbucketWebhook => "a Bitbucket webhook",
        _ => "an event",
    }
}
