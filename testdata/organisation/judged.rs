//! Judges events by the real code: who they were by the directory as it stood, what they did before
//! by the repository's history frozen at the event, and the signals over all of it.

use std::collections::BTreeMap;

use super::Organisation;
use super::event::{Event, Face, Pusher, Truth};
use super::people::{DAY, END, FORGE, Worker};
use super::random::Random;
use crate::identity::actor::{Actor, ActorRole, Evidence, Standing};
use crate::identity::codeowners::{CodeOwners, CodeOwnersKind, Owner};
use crate::identity::memory::Memory;
use crate::identity::pseudonym::PseudonymKey;
use crate::identity::resolve::{Claim, Name, Resolver, resources_of};
use crate::identity::{Directory, HandleKind, Holder, Moment, PersonType, Role, Status};
use crate::model::Secret;
use crate::pipeline::people::{is_configuration_path, is_test_path};
use crate::risk::baseline::{Activity, History};
use crate::risk::case::{
    AfterFacts, Case, ChangeFacts, Past, PushFacts, RepositoryFacts, SecretFacts, SignatureFacts,
    SignatureState, VERSION,
};
use crate::risk::{Band, Judgement, Settings, judge, signal};

/// The key of pseudonyms.
pub const PSEUDONYMS: [u8; 32] = *b"people of an organisation, 32 by";

/// An event with what was made of it.
pub struct Judged {
    /// What is true.
    pub truth: Truth,
    /// What kind of work or story.
    pub kind: &'static str,
    /// Seed and number of the story.
    pub story: Option<(u64, usize)>,
    /// The accountable person's type and home zone, minutes; none for people unknown.
    pub person: Option<(PersonType, i32)>,
    /// What was made of it.
    pub judgement: Judgement,
    /// Bands under each of [`switched_on`].
    pub switched: Vec<Band>,
}

/// Signals that are off by default, switched on one by one and together.
pub fn switched_on() -> Vec<Settings> {
    let off: Vec<String> = signal::all()
        .filter(|signal| signal.off_by_default)
        .map(|signal| signal.id.to_owned())
        .collect();
    let mut all: Vec<Vec<String>> = off.iter().map(|one| vec![one.clone()]).collect();
    all.push(off);
    all.into_iter().map(|on| Settings { on, ..Settings::default() }).collect()
}

/// Makes cases of events.
pub struct Court<'a> {
    organisation: &'a Organisation,
    directory: Memory,
    histories: Vec<History>,
    owners: Vec<CodeOwners>,
    /// Pushes of each worker: when and where.
    pushes: Vec<Vec<(i64, usize)>>,
    pseudonyms: PseudonymKey,
    /// Incidents for a hundred commits.
    rate: f64,
}

/// Every planted event of a seed, and so many of the everyday ones, spread evenly.
pub fn judged(seed: u64, everyday: usize) -> Vec<Judged> {
    let settings = (Settings::default(), switched_on());
    let organisation = Organisation::new(seed);
    let court = Court::new(&organisation);
    let innocent = organisation.events.iter().filter(|one| one.truth == Truth::Innocent).count();
    let share = everyday as f64 / innocent.max(1) as f64;
    let mut random = Random::new(seed ^ 0x5eed);
    let chosen = organisation
        .events
        .iter()
        .filter(|event| event.truth != Truth::Innocent || random.chance(share));
    chosen.map(|event| court.judged(event, &settings)).collect()
}

impl<'a> Court<'a> {
    /// For the events of an organisation.
    pub fn new(organisation: &'a Organisation) -> Court<'a> {
        let staff = &organisation.staff;
        let mut histories: Vec<History> =
            staff.repositories.iter().map(|_| History::default()).collect();
        let mut pushes = vec![Vec::new(); staff.workers.len()];
        for event in &organisation.events {
            record(organisation, &mut histories[event.repository], event);
            if let Pusher::Worker(at) = event.pusher {
                pushes[at].push((event.time, event.repository));
            }
        }
        histories.iter_mut().for_each(History::finish);
        let owners = staff.repositories.iter().map(|repository| {
            CodeOwners::parse(CodeOwnersKind::Github, repository.codeowners().as_bytes())
        });
        Court {
            organisation,
            directory: staff.directory(),
            histories,
            owners: owners.collect(),
            pushes,
            pseudonyms: PseudonymKey::new(Secret::new(PSEUDONYMS.to_vec())).expect("long"),
            rate: 0.6,
        }
    }

    /// Judges an event.
    fn judged(&self, event: &Event, (settings, others): &(Settings, Vec<Settings>)) -> Judged {
        let case = self.case(event);
        let worker = event.behind().map(|at| &self.organisation.staff.workers[at]);
        Judged {
            truth: event.truth,
            kind: event.kind,
            story: event.story.map(|story| (self.organisation.seed, story)),
            person: worker.map(|worker| (worker.kind, worker.zone.0)),
            judgement: judge(&case, settings),
            switched: others.iter().map(|other| judge(&case, other).concern.band).collect(),
        }
    }

    /// The case of an event, as the scan of a repository makes it.
    pub fn case(&self, event: &Event) -> Case {
        let repository = &self.organisation.staff.repositories[event.repository];
        let place = event.place(&self.organisation.staff);
        // What the directory says of the organisation's repository, it does not say of a copy.
        let home = place == repository.id;
        let (actors, signature) = self.actors(event);
        let path = format!("{}/{}", event.folder, event.leak.file);
        let leak = &event.leak;
        let pushed = event.pusher != Pusher::Unknown;
        let removed = leak.removed.map(|(after, _)| event.time + after);
        let mut case = Case {
            version: VERSION,
            finding: format!("{:016x}", event.time),
            commit: format!("{:040x}", event.time),
            time: event.time,
            time_from_server: pushed,
            actors,
            signature,
            secret: SecretFacts {
                rule: "example-api-key".to_owned(),
                provider: "example".to_owned(),
                severity: leak.severity,
                live: leak.live,
                layers: leak.layers.clone(),
                encoded_by_format: leak.by_format && !leak.layers.is_empty(),
                test_path: is_test_path(path.as_bytes()),
                configuration_path: is_configuration_path(path.as_bytes()),
                path: Some(path.clone()),
                owned_by_person: leak.owned,
                canary: Some(leak.canary),
                exposed_seconds: leak.removed.map(|removed| removed.0),
                reachable: true,
                findings_in_commit: leak.day.0.div_ceil(leak.day.2),
            },
            change: ChangeFacts {
                author_time: event.time,
                committer_time: event.time,
                author_zone: event.zone,
                parents: 1 + usize::from(event.merge),
                by_web: event.by_web(),
                files: Some(event.files),
                folders: vec![event.folder.clone()],
                guards_off: leak.guards.clone(),
                message_mismatch: leak.mismatch,
            },
            repository: RepositoryFacts {
                id: Some(place),
                visibility: repository.visibility,
                personal_fork: pushed.then_some(event.fork),
                outside: Some(!home),
                public_since: None,
                default_branch: pushed.then_some(event.default_branch),
                protected: (pushed && home).then_some(repository.protected && event.default_branch),
                review_required: home.then_some(repository.protected),
                signatures_required: repository.signatures_required.filter(|_| home),
                person_owns_path: None,
            },
            push: PushFacts {
                origin: pushed.then(|| "webhook".to_owned()),
                ref_name: None,
                forced: pushed.then_some(false),
                took_away: false,
                pull_request: pushed.then_some(event.pull_request),
                review_asked: pushed && leak.review,
                self_merged: (pushed && event.pull_request).then_some(leak.self_merged),
                stale_approval: (pushed && event.pull_request).then_some(false),
                bypass: (pushed && event.bypass)
                    .then(|| "pushed past the rules of a protected branch".to_owned()),
                impossible_travel: leak.travel,
                bypass_reason: leak.reason.then(|| "reason".to_owned()),
                hook_attested: repository.attests.then_some(leak.attested),
                certificate: None,
            },
            past: None,
            after: AfterFacts {
                removed,
                removed_by_same: leak.removed.map(|removed| removed.1),
                reported: leak.reported.map(|after| event.time + after),
                revoked_by_person: leak.revoked,
            },
            missing: Vec::new(),
        };
        case.repository.person_owns_path = self.owns(&case, event, &path);
        case.past = Some(self.past(&case, event));
        case
    }

    /// Whoever pushed, as the push event names them.
    pub fn pusher(&self, event: &Event) -> Option<Actor> {
        let (actors, _) = self.actors(event);
        actors.into_iter().find(|actor| actor.role == ActorRole::Pusher)
    }

    fn actors(&self, event: &Event) -> (Vec<Actor>, SignatureFacts) {
        let repository = event.place(&self.organisation.staff);
        let resolver = Resolver {
            directory: &self.directory,
            at: Moment::at(event.time),
            now: END,
            resources: resources_of(&repository),
            stale_after: 2 * DAY,
            pseudonyms: &self.pseudonyms,
        };
        let resolve = |claim| resolver.resolve(claim).expect("a directory in memory");
        let author = resolve(self.written(ActorRole::Author, &event.author));
        let mut committing = self.written(ActorRole::Committer, &event.committer);
        let by_address = resolve(committing.clone());
        let key = event.key.as_ref();
        let known = key.is_some_and(|key| {
            let at = Moment::at(event.time);
            let found = self.directory.by_handle(HandleKind::SigningKey, "", key, at);
            found.is_ok_and(|found| !found.is_empty())
        });
        if let Some(key) = key.filter(|_| known) {
            let name = (Evidence::Signature, HandleKind::SigningKey, "", key.clone());
            committing.names.push(named(name, "the commit's signature"));
        }
        let committer = resolve(committing);
        let by_key = known && !event.by_web();
        let facts = SignatureFacts {
            state: match (key, known) {
                (None, _) => SignatureState::None,
                (_, true) => SignatureState::Good,
                _ => SignatureState::UnknownKey,
            },
            kind: key.map(|_| "ssh".to_owned()),
            fingerprint: key.cloned(),
            key_in_directory: known,
            belongs_to_other: by_key
                .then(|| committer.same_person(&by_address).map(|same| !same))
                .flatten(),
            key_first_seen: key
                .and_then(|key| self.histories[event.repository].key_first_seen(key)),
            why: String::new(),
        };
        let mut actors = vec![author, committer];
        actors.extend(self.pushing(event).map(resolve));
        (actors, facts)
    }

    fn worker(&self, at: usize) -> &Worker {
        &self.organisation.staff.workers[at]
    }

    /// Somebody as a line of the commit names them.
    fn written(&self, role: ActorRole, face: &Face) -> Claim {
        let address = address(self.organisation, face);
        let mut names = Vec::new();
        let mut bot = *face == Face::Site;
        if let Face::Worker(at) = face {
            let worker = self.worker(*at);
            bot |= worker.kind == PersonType::Bot;
            if address.contains("noreply") {
                let number =
                    (Evidence::ForgeLink, HandleKind::Account, FORGE, worker.account.clone());
                names.push(named(number, "the account's number in the address"));
                let login = (Evidence::Login, HandleKind::Login, FORGE, worker.login.clone());
                names.push(named(login, "the login in the address"));
            }
        }
        let own = (Evidence::Email, HandleKind::Email, "", address.clone());
        names.push(named(own, "the address"));
        Claim { role, name: "name".to_owned(), email: address, login: None, bot, names }
    }

    fn pushing(&self, event: &Event) -> Option<Claim> {
        let (login, account, bot) = match &event.pusher {
            Pusher::Unknown => return None,
            Pusher::Stranger(login) => (login.clone(), "9".to_owned(), false),
            Pusher::Worker(at) => {
                let worker = self.worker(*at);
                let bot = worker.kind == PersonType::Bot;
                (worker.login.clone(), worker.account.clone(), bot)
            }
        };
        let via = "the push event";
        let number = (Evidence::Server, HandleKind::Account, FORGE, account);
        let name = (Evidence::Server, HandleKind::Login, FORGE, login.to_lowercase());
        let names = vec![named(number, via), named(name, via)];
        let (name, email) = (String::new(), String::new());
        let login = Some(format!("{FORGE}/{login}"));
        Some(Claim { role: ActorRole::Pusher, name, email, login, bot, names })
    }

    fn owns(&self, case: &Case, event: &Event, path: &str) -> Option<bool> {
        let owned = self.owners[event.repository].owners(path.as_bytes());
        let owners: Vec<&Owner> = owned.iter().flat_map(|one| &one.owners).collect();
        let standing = case.accountable()?.standing.as_ref()?;
        let theirs = |owner: &&Owner| match owner {
            Owner::Team(team) => standing.teams.contains(&format!("{FORGE}/{team}")),
            _ => false,
        };
        (!owners.is_empty()).then(|| owners.iter().any(theirs))
    }

    fn past(&self, case: &Case, event: &Event) -> Past {
        let person = case.accountable();
        let standing = person.and_then(|person| person.standing.as_ref());
        let mut names: Vec<String> = standing.map(|one| one.emails.clone()).unwrap_or_default();
        if person.is_none_or(|one| one.role != ActorRole::Pusher) || names.is_empty() {
            names.push(address(self.organisation, &event.author));
        }
        let history = &self.histories[event.repository];
        let mut past = history.past(&names, event.time, Some(&event.folder));
        if let Some(at) = event.behind() {
            self.spread(&mut past, at, event.time);
            let earlier = self.worker(at).incidents.iter().map(|when| event.time - when);
            let recent = earlier.filter(|age| (1..180 * DAY).contains(age));
            let sum: f64 = recent.map(|age| 0.5f64.powf(age as f64 / (90 * DAY) as f64)).sum();
            past.incidents = Some((sum * 1e4).round() / 1e4);
            past.incident_rate = Some(self.rate);
            past.incident_commits = past.commits;
        }
        (past.secrets_in_day, past.providers_in_day, past.commits_in_day) = event.leak.day;
        past.right_before = standing.map(|standing| self.right(standing, event));
        self.away(&mut past, standing, event.time);
        if person.is_some_and(|one| one.role == ActorRole::Pusher) {
            let author = vec![address(self.organisation, &event.author)];
            past.author_signed_of_20 = history.past(&author, event.time, None).signed_of_20;
        }
        past.private_address = standing.map(|_| false);
        past
    }

    /// The highest right 72 hours before.
    fn right(&self, standing: &Standing, event: &Event) -> Role {
        let at = Moment::at(event.time - 3 * DAY);
        let repository = event.place(&self.organisation.staff);
        let mut best = Role::None;
        for key in &standing.persons {
            let teams = standing.teams.iter().cloned().map(Holder::Team);
            let all = std::iter::once(Holder::Person(key.id.clone())).chain(teams);
            let holders: Vec<_> = all.map(|holder| (key.source.clone(), holder)).collect();
            let grants = self.directory.grants(&holders, &resources_of(&repository), at);
            let roles = grants.expect("in memory").into_iter().map(|grant| grant.value.role);
            best = best.max(roles.max().unwrap_or_default());
        }
        best
    }

    /// Whether they were on leave since they were last seen.
    fn away(&self, past: &mut Past, standing: Option<&Standing>, time: i64) {
        let (Some(standing), Some(last)) = (standing, past.last.max(past.last_push)) else {
            return;
        };
        let mut at = last;
        let mut on_leave = false;
        while at < time && !on_leave {
            on_leave = standing.persons.iter().any(|key| {
                let person = self.directory.person(&key.source, &key.id, Moment::at(at));
                let person = person.expect("in memory");
                person.is_some_and(|found| found.value.status == Status::Leave)
            });
            at += 14 * DAY;
        }
        past.leave_between = Some(on_leave);
    }

    /// Repositories pushed to, as recorded pushes tell them.
    fn spread(&self, past: &mut Past, at: usize, time: i64) {
        let pushes = self.pushes[at].iter().filter(|(when, _)| *when <= time);
        let (mut week, mut before) = (Vec::new(), Vec::new());
        let mut weeks: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        let mut count = 0;
        for (when, place) in pushes {
            count += 1;
            if *when < time {
                past.last_push = past.last_push.max(Some(*when));
                past.pushes += 1;
            }
            if *when > time - 7 * DAY {
                week.push(*place);
            } else {
                before.push(*place);
                weeks.entry((time - when) / (7 * DAY)).or_default().push(*place);
            }
        }
        if count < 2 {
            return;
        }
        let different = |list: &mut Vec<usize>| {
            list.sort_unstable();
            list.dedup();
            list.len()
        };
        past.repositories = Some(different(&mut week));
        past.new_repositories = Some(week.iter().filter(|one| !before.contains(one)).count());
        past.usual_repositories = Some(weeks.values_mut().map(different).max().unwrap_or(0));
    }
}

type Parts<'a> = (Evidence, HandleKind, &'a str, String);

fn named((evidence, kind, realm, value): Parts<'_>, via: &'static str) -> Name {
    Name { evidence, kind, realm: realm.to_owned(), value, via }
}

/// The address that stands in commits, in its normal form.
pub fn address(organisation: &Organisation, face: &Face) -> String {
    match face {
        Face::Worker(at) => organisation.staff.workers[*at].address(),
        Face::Stranger(address) => address.clone(),
        Face::Site => "noreply@github.com".to_owned(),
    }
}

/// Remembers an event as scans read it from a history.
fn record(organisation: &Organisation, history: &mut History, event: &Event) {
    let person = history.person(&address(organisation, &event.author));
    if let Face::Worker(at) = event.author
        && organisation.staff.workers[at].kind.is_machine()
    {
        history.machine(person);
    }
    let key = event.key.as_ref().map(|key| history.key(key));
    let folder = history.folder(&event.folder);
    history.add(Activity {
        person,
        time: event.time,
        zone: event.zone,
        key,
        signed: key.is_some(),
        files: Some(event.files),
        folders: vec![folder],
        merge: event.merge,
        by_web: event.by_web(),
    });
}
