//! What a case needs besides the people: the credential, the change, the repository, the push, and
//! what came before and after.

use std::collections::BTreeSet;
use std::path::Path;

use gix::ObjectId;

use super::People;
use super::commit::Subject;
use super::guards;
use super::history::folder_of;
use super::incidents::Incidents;
use crate::identity::actor::{Actor, ActorRole};
use crate::identity::codeowners::{CodeOwners, CodeOwnersKind, Owner};
use crate::identity::email::{Address, ForgeKind};
use crate::identity::event::{Origin, ReviewState};
use crate::identity::{Directory as _, Error, Holder, Moment, Role, Status, Visibility};
use crate::model::IncompleteLog;
use crate::model::text::escape;
use crate::output::Reported;
use crate::provenance::Place;
use crate::risk::baseline::History;
use crate::risk::case::{
    AfterFacts, Case, ChangeFacts, Past, PushFacts, RepositoryFacts, SecretFacts, VERSION,
};
use crate::source::changes;
use crate::source::history::store::Reader;
use crate::source::repository::Repository;
use crate::source::snapshot::Snapshot;

const DAY: i64 = 86_400;

/// Largest file that is read to see what a change did to it, bytes.
const LARGEST: u64 = 3 << 20;

/// Folders of a change that are kept.
const FOLDERS: usize = 100;

/// Makes cases.
pub struct Gathering<'a> {
    /// The repository.
    pub repo: &'a Repository,
    /// The cross-check's settings.
    pub people: &'a People,
    /// What people did before.
    pub past: &'a History,
    /// Who brought in findings when.
    pub incidents: &'a Incidents,
}

impl Gathering<'_> {
    /// The case of one finding.
    pub fn case(&self, subject: &Subject, reported: &Reported) -> Result<Case, Error> {
        let place = reported
            .places
            .iter()
            .find(|place| place.commit == Some(subject.commit.id))
            .or(reported.places.first());
        let path = place.and_then(|place| place.path.as_deref());
        let change = self.change(subject, place);
        let mut signature = subject.signature.clone();
        signature.key_first_seen =
            signature.fingerprint.as_deref().and_then(|key| self.past.key_first_seen(key));
        let finding = reported.finding.fingerprint.to_string();
        let known = self.people.afterwards.findings.get(&finding).cloned().unwrap_or_default();
        let trace = reported.trace.as_ref();
        let removed = trace.and_then(|trace| trace.removed.as_ref());
        let by_same = removed.map(|removed| {
            let address = crate::identity::email::normal(&removed.author.email);
            subject.addresses().contains(&address)
        });
        let mut case = Case {
            version: VERSION,
            finding,
            commit: subject.commit.id.to_string(),
            time: subject.time,
            time_from_server: subject.time_from_server,
            actors: subject.actors.clone(),
            signature,
            secret: self.secret(subject, reported, place, known.live),
            change,
            repository: self.repository(subject, path)?,
            push: self.push(subject, trace.is_some_and(|trace| trace.tips.is_empty())),
            past: None,
            after: AfterFacts {
                removed: removed.map(|removed| removed.committer.seconds),
                removed_by_same: by_same,
                reported: known.reported,
                revoked_by_person: known.revoked_by_person,
            },
            missing: Vec::new(),
        };
        case.past = self.past(subject, path)?;
        self.missing(&mut case)?;
        Ok(case)
    }

    fn past(&self, subject: &Subject, path: Option<&[u8]>) -> Result<Option<Past>, Error> {
        let Some(person) = subject.accountable() else { return Ok(None) };
        let names: Vec<String> = subject.addresses().into_iter().collect();
        let folder = path.map(folder_of);
        let mut past = self.past.past(&names, subject.time, folder.as_deref());
        self.incidents.fill(&mut past, subject, self.past.len());
        let spread = self.people.store.spread(&person.pseudonym, subject.time)?;
        if spread.pushes > 0 {
            past.repositories = Some(spread.week);
            past.new_repositories = Some(spread.new);
            past.usual_repositories = Some(spread.usual);
        }
        past.pushes = spread.pushes;
        past.last_push = spread.last;
        past.leave_between = self.leave_between(subject, person, past.last.max(past.last_push))?;
        past.author_signed_of_20 = self.author_signed(subject, person);
        past.right_before = self.right_before(subject, person)?;
        let hex = subject.commit.id.to_string();
        past.admin_last_used =
            self.people.afterwards.commits.get(&hex).and_then(|one| one.admin_last_used);
        past.private_address = private_address(subject, person);
        Ok(Some(past))
    }

    /// Of the author's last 20 commits here, how many were signed, where somebody else pushed.
    fn author_signed(&self, subject: &Subject, person: &Actor) -> Option<u32> {
        let author = subject.actors.iter().find(|actor| actor.role == ActorRole::Author)?;
        if person.same_person(author) != Some(false) {
            return None;
        }
        let mut names = author.standing.as_ref()?.emails.clone();
        names.push(subject.author_email.clone());
        self.past.past(&names, subject.time, None).signed_of_20
    }

    /// Whether the directory had the person on leave at some time since they were last seen: asked
    /// week by week over at most two years.
    fn leave_between(
        &self,
        subject: &Subject,
        person: &Actor,
        last: Option<i64>,
    ) -> Result<Option<bool>, Error> {
        const WEEK: i64 = 7 * DAY;
        let (Some(standing), Some(last)) = (&person.standing, last) else { return Ok(None) };
        if subject.time - last < 30 * DAY {
            return Ok(None);
        }
        let mut told = None;
        let since = last.max(subject.time - 104 * WEEK);
        for key in &standing.persons {
            let mut at = subject.time;
            while at > since {
                at -= WEEK;
                let then = self.people.store.person(&key.source, &key.id, Moment::at(at))?;
                let Some(then) = then.filter(|then| then.covers(at)) else { continue };
                if then.value.status == Status::Leave {
                    return Ok(Some(true));
                }
                told = Some(false);
            }
        }
        Ok(told)
    }

    /// The right that the person had 72 hours before, where snapshots cover that time.
    fn right_before(&self, subject: &Subject, person: &Actor) -> Result<Option<Role>, Error> {
        let (Some(standing), Some(repository)) = (&person.standing, &subject.repository) else {
            return Ok(None);
        };
        let at = subject.time - 72 * 3_600;
        let store = &self.people.store;
        let resources = crate::identity::resolve::resources_of(repository);
        let mut best = None;
        for key in &standing.persons {
            let Some(before) = store.person(&key.source, &key.id, Moment::at(at))? else {
                continue;
            };
            if !before.covers(at) && before.known_since > at {
                continue;
            }
            let teams = before.value.teams.iter().cloned().map(Holder::Team);
            let holders: Vec<_> = std::iter::once(Holder::Person(key.id.clone()))
                .chain(teams)
                .map(|holder| (key.source.clone(), holder))
                .collect();
            let grants = store.grants(&holders, &resources, Moment::at(at))?;
            let rights = grants.iter().map(|grant| grant.value.role);
            best = best.max(Some(rights.max().unwrap_or_default()));
        }
        Ok(best)
    }

    fn secret(
        &self,
        subject: &Subject,
        reported: &Reported,
        place: Option<&Place>,
        live: Option<bool>,
    ) -> SecretFacts {
        let finding = &reported.finding;
        let path = place.and_then(|place| place.path.as_deref());
        let owners = finding
            .facts
            .iter()
            .find_map(|fact| self.people.settings.credential_owners.get(&fact.value));
        let standing = subject.accountable().and_then(|actor| actor.standing.as_ref());
        let owned = owners.zip(standing).map(|(owners, standing)| {
            owners.iter().any(|owner| {
                standing.teams.contains(owner)
                    || standing.persons.iter().any(|person| person.id == *owner)
            })
        });
        let canaries = &self.people.settings.canaries;
        let fingerprint = finding.fingerprint.to_string();
        let trace = reported.trace.as_ref();
        let layers = place.map(|place| place.layers.iter()).into_iter().flatten();
        SecretFacts {
            rule: finding.rule.id.clone(),
            provider: finding.rule.provider.clone(),
            severity: finding.rule.severity,
            live,
            layers: layers.map(ToString::to_string).collect(),
            encoded_by_format: self.encoded_by_format(finding.rule.id.as_str(), place),
            path: path.map(escape),
            test_path: path.is_some_and(guards::is_test_path),
            configuration_path: path.is_some_and(guards::is_configuration_path),
            owned_by_person: owned,
            canary: (!canaries.is_empty()).then(|| canaries.contains(&fingerprint)),
            exposed_seconds: trace.and_then(|trace| trace.exposed_seconds),
            reachable: trace.is_none_or(|trace| !trace.unreachable && !trace.tips.is_empty()),
            findings_in_commit: self
                .incidents
                .by_commit
                .get(&subject.commit.id)
                .copied()
                .unwrap_or_default(),
        }
    }

    /// Whether the file's format asks for the encoding: Kubernetes Secrets, registry logins, data
    /// addresses of pages.
    fn encoded_by_format(&self, rule: &str, place: Option<&Place>) -> bool {
        if rule.starts_with("kubernetes") || rule.contains("docker") || rule.contains("basic-auth")
        {
            return true;
        }
        let Some(place) = place.filter(|place| !place.layers.is_empty()) else { return false };
        let lower = place.path.as_deref().unwrap_or_default().to_ascii_lowercase();
        if !(lower.ends_with(b".yml") || lower.ends_with(b".yaml") || lower.ends_with(b".json")) {
            return false;
        }
        let mut data = Vec::new();
        let read = place.object.and_then(|id| Reader::of(&self.repo.git).read(&id, &mut data).ok());
        read.is_some()
            && [&b"kind: Secret"[..], b"\"kind\": \"Secret\"", b"\"kind\":\"Secret\"", b"\"auths\""]
                .iter()
                .any(|mark| memchr::memmem::find(&data, mark).is_some())
    }

    fn change(&self, subject: &Subject, place: Option<&Place>) -> ChangeFacts {
        let commits = std::slice::from_ref(&subject.commit);
        let log = IncompleteLog::default();
        let change = changes::of_commits(&self.repo.git, commits, &self.repo.shallow(), &log).pop();
        let change = change.unwrap_or_default();
        let folders: BTreeSet<String> =
            change.added.iter().map(|added| folder_of(&added.path)).collect();
        let path = place.and_then(|place| place.path.as_deref()).unwrap_or_default();
        let mut guards = guards::switched_off(self.repo, &change, &subject.message);
        if place.is_some_and(|place| place.allow.is_some()) {
            guards.push("an allowing comment beside the credential".to_owned());
        }
        if let Some(event) = subject.event_of(self.people) {
            let skips = |option: &&String| {
                ["ci.skip", "secret_push_protection.skip_all", "secret_detection.skip_all"]
                    .contains(&option.as_str())
            };
            guards.extend(
                event
                    .push_options
                    .iter()
                    .filter(skips)
                    .map(|option| format!("push option {option}")),
            );
        }
        ChangeFacts {
            author_time: subject.author_time,
            committer_time: subject.committer_time,
            author_zone: subject.author_zone,
            parents: subject.commit.parents.len(),
            by_web: subject.by_web,
            files: u32::try_from(change.added.len()).ok(),
            folders: folders.into_iter().take(FOLDERS).collect(),
            guards_off: guards,
            message_mismatch: guards::mismatch(&subject.message, path),
        }
    }

    fn repository(&self, subject: &Subject, path: Option<&[u8]>) -> Result<RepositoryFacts, Error> {
        let store = &self.people.store;
        let event = subject.event_of(self.people);
        let mut facts = RepositoryFacts { id: subject.repository.clone(), ..Default::default() };
        if let Some(event) = event {
            facts.visibility = event.visibility;
            facts.protected = event.ref_protected;
            facts.default_branch = event.head_is_default_branch;
            let pull = event.pull_request.as_ref();
            facts.personal_fork = pull.and_then(|pull| pull.from_fork).or(event.personal_fork);
        }
        if let Some(id) = &subject.repository {
            let then = store.resource(id, Moment::at(subject.time))?;
            for found in &then {
                let known = &found.value;
                if facts.visibility == Visibility::Unknown {
                    facts.visibility = known.visibility;
                }
                let branch = event.and_then(|event| event.ref_name.as_deref());
                let branch = branch.and_then(|name| name.strip_prefix("refs/heads/"));
                if let Some(branch) = branch {
                    let protected = known.protected.iter().any(|glob| fits(glob, branch));
                    facts.protected = Some(facts.protected.unwrap_or(false) || protected);
                    facts.default_branch = facts
                        .default_branch
                        .or(known.default_branch.as_ref().map(|default| default == branch));
                }
                facts.review_required = facts.review_required.or(known.review_required);
                facts.signatures_required = facts.signatures_required.or(known.signatures_required);
                if known.fork_of.is_some() {
                    facts.personal_fork = Some(true);
                }
            }
            let later = store.resource(id, Moment::at(subject.time + 7 * DAY))?;
            let public = later.iter().find(|found| found.value.visibility == Visibility::Public);
            if facts.visibility != Visibility::Public && facts.visibility != Visibility::Unknown {
                facts.public_since = public.map(|found| found.from).filter(|at| *at > subject.time);
            }
            let own = &self.people.settings.own;
            if !own.is_empty() {
                let inside = |owner: &String| {
                    id.strip_prefix(owner.as_str()).is_some_and(|rest| rest.starts_with('/'))
                };
                facts.outside = Some(!own.iter().any(inside));
            }
        }
        facts.person_owns_path = path.and_then(|path| self.owns(subject, path));
        Ok(facts)
    }

    /// Whether the accountable person is among the owners of a path, by the base revision.
    fn owns(&self, subject: &Subject, path: &[u8]) -> Option<bool> {
        let snapshot = Snapshot::of(self.repo, subject.base?).ok()?;
        let host = subject.repository.as_deref().and_then(|id| id.split('/').next());
        let forge = self.people.forges.iter().find(|forge| Some(forge.host.as_str()) == host);
        let kind = match forge.map(|forge| forge.kind) {
            Some(ForgeKind::Gitlab) => CodeOwnersKind::Gitlab,
            _ => CodeOwnersKind::Github,
        };
        let text = kind
            .places()
            .iter()
            .find_map(|place| snapshot.read(place.as_bytes(), LARGEST).ok().flatten())?;
        let owned = CodeOwners::parse(kind, &text).owners(path);
        let owners: Vec<&Owner> = owned.iter().flat_map(|one| &one.owners).collect();
        if owners.is_empty() {
            return None;
        }
        let standing = subject.accountable()?.standing.as_ref()?;
        let host = host.unwrap_or_default();
        let is_them = |owner: &&Owner| match owner {
            Owner::Account(login) => standing.logins.contains(&format!("{host}/{login}")),
            Owner::Team(team) => standing.teams.contains(&format!("{host}/{team}")),
            Owner::Email(address) => {
                standing.emails.contains(&crate::identity::email::normal(address))
            }
            Owner::Role(role) => standing
                .then
                .as_ref()
                .and_then(|right| right.role_name.as_ref())
                .is_some_and(|name| name.eq_ignore_ascii_case(role.trim_end_matches('s'))),
        };
        Some(owners.iter().any(is_them))
    }

    fn push(&self, subject: &Subject, gone: bool) -> PushFacts {
        let hex = subject.commit.id.to_string();
        let stated = self.people.afterwards.commits.get(&hex).cloned().unwrap_or_default();
        let mut facts = PushFacts {
            impossible_travel: stated.impossible_travel,
            bypass: stated.bypass.map(|how| escape(how.as_bytes())),
            hook_attested: stated.hook_attested,
            ..PushFacts::default()
        };
        let Some(event) = subject.event_of(self.people) else {
            // A forced push takes away what it does not bring.
            let forced = self.people.events.iter().any(|event| event.forced == Some(true));
            facts.took_away = forced && gone;
            facts.forced = facts.took_away.then_some(true);
            return facts;
        };
        facts.origin = Some(origin(event.origin).to_owned());
        facts.certificate = subject.certificate;
        facts.ref_name = event.ref_name.as_ref().map(|name| escape(name.as_bytes()));
        facts.forced = event.forced;
        let pull = event.pull_request.as_ref();
        // A push of a merge is how pull requests end, and its payload does not say which.
        facts.pull_request = Some(pull.is_some() || self.is_merge(event.after.as_deref()));
        facts.review_asked =
            pull.is_some_and(|pull| pull.draft != Some(true) && pull.merged != Some(true));
        if let (Some(pull), Some(merger)) = (pull, &event.merged_by) {
            let same = |one: &crate::identity::event::Actor| {
                merger.account.is_some() && one.account == merger.account
                    || merger.login.is_some() && one.login == merger.login
            };
            let by_author = pull.author.as_ref().is_some_and(same);
            let approved: Vec<_> = event
                .approvals
                .iter()
                .filter(|one| one.state == ReviewState::Approved && !same(&one.actor))
                .collect();
            let current = approved.iter().any(|one| one.commit_id == pull.head);
            facts.self_merged = Some(by_author && !current);
            facts.stale_approval = Some(!approved.is_empty() && !current);
        }
        let pusher = subject.actors.iter().find(|actor| actor.role == ActorRole::Pusher);
        let may = pusher
            .and_then(|pusher| pusher.standing.as_ref())
            .is_some_and(|standing| standing.bypass);
        if may && event.ref_protected == Some(true) && pull.is_none() && facts.bypass.is_none() {
            facts.bypass = Some("pushed past the rules of a protected branch".to_owned());
        }
        let reason = event.push_options.iter().find(|option| option.contains("reason"));
        facts.bypass_reason = reason.map(|option| escape(option.as_bytes()));
        facts
    }

    /// Whether a commit has several parents.
    fn is_merge(&self, id: Option<&str>) -> bool {
        let id = id.and_then(|id| ObjectId::from_hex(id.as_bytes()).ok());
        let commit = id.and_then(|id| self.repo.git.find_commit(id).ok());
        commit.is_some_and(|commit| commit.parent_ids().count() > 1)
    }

    /// What was missing, and how it could be learnt.
    fn missing(&self, case: &mut Case) -> Result<(), Error> {
        let mut add = |text: String| case.missing.push(text);
        if self.people.events.is_empty() {
            add("who pushed: run it where the push is known (a CI job, a hook on the server), or \
                 name the event with --event"
                .to_owned());
        }
        let sources = self.people.store.sources()?;
        if sources.is_empty() {
            add("a directory of people: leaktrace identity import, or leaktrace identity sync"
                .to_owned());
        }
        for source in &sources {
            for what in &source.missing {
                add(format!("{}: {what}", source.name));
            }
        }
        Ok(())
    }
}

/// Where a push is known from, in a few words.
/// How cases name pushes that a forge recorded earlier.
pub const RECORD: &str = "the forge's record of activity";

fn origin(origin: Origin) -> &'static str {
    match origin {
        Origin::GithubEvent => "GitHub's event",
        Origin::GithubActions => "GitHub Actions",
        Origin::GitlabCi => "GitLab CI",
        Origin::GitlabWebhook => "GitLab's webhook",
        Origin::GiteaActions => "Gitea Actions",
        Origin::ForgejoActions => "Forgejo Actions",
        Origin::GiteaWebhook => "Gitea's webhook",
        Origin::Bitbucket => "Bitbucket Pipelines",
        Origin::BitbucketWebhook => "Bitbucket's webhook",
        Origin::AzurePipelines => "Azure Pipelines",
        Origin::PreReceive => "the server's pre-receive hook",
        Origin::PostReceive => "the server's post-receive hook",
        Origin::Update => "the server's update hook",
        Origin::SignedPush => "a signed push",
        Origin::ActivityApi => RECORD,
    }
}

/// Whether somebody with an address of the organisation's used one of a consumer's provider.
fn private_address(subject: &Subject, person: &Actor) -> Option<bool> {
    let standing = person.standing.as_ref()?;
    let used = Address::parse(&subject.author_email)?;
    let company = standing.emails.iter().filter_map(|one| Address::parse(one));
    let has_company = company.into_iter().any(|one| !one.is_consumer());
    Some(used.is_consumer() && has_company)
}

/// Whether a branch fits a pattern of protected branches: `*` stands for anything.
fn fits(pattern: &str, branch: &str) -> bool {
    let pattern = pattern.strip_prefix("refs/heads/").unwrap_or(pattern);
    if matches!(pattern, "~ALL" | "*" | "**") {
        return true;
    }
    globset::Glob::new(pattern).is_ok_and(|glob| glob.compile_matcher().is_match(Path::new(branch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn protected_branches_are_patterns() {
        assert!(fits("main", "main") && fits("release/*", "release/1") && fits("~ALL", "x"));
        assert!(!fits("main", "maintenance") && !fits("[", "["));
    }
}
