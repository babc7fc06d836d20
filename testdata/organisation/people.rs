//! Who works there, in which teams, on which repositories, from where and at what hours; and what
//! the personnel records and the forge say of it over time.

use super::random::Random;
use crate::identity::memory::Memory;
use crate::identity::{
    Authority, Found, Grant, GrantOrigin, Handle, HandleKind, Holder, Person, PersonType, Record,
    Resource, Role, Status, Visibility,
};

/// Seconds of a day.
pub const DAY: i64 = 86_400;
/// The last moment, Monday 2026-11-16, seconds since 1970-01-01 UTC.
pub const END: i64 = 1_794_787_200;
/// The first moment, Monday 2025-09-08.
pub const START: i64 = END - 62 * 7 * DAY;
/// Host and owner of the forge.
pub const FORGE: &str = "github.com";
/// See above.
pub const OWNER: &str = "github.com/acme";

/// Time zones that people live in: minutes east of UTC in winter, whether clocks change.
const ZONES: &[(i32, bool)] =
    &[(0, true), (60, true), (60, true), (120, true), (-300, true), (-480, true), (330, false)];
/// Where people travel to.
const ABROAD: &[i32] = &[-480, -420, -300, -240, 60, 120, 330, 480, 540];
/// Teams, each with a folder of its name.
const TEAMS: &[&str] =
    &["payments", "identity", "search", "mobile", "data", "platform", "web", "billing"];
/// Syllables of names that nobody has.
const SYLLABLES: &[&str] =
    &["ba", "do", "fe", "gi", "ka", "lu", "mi", "no", "pe", "ra", "so", "ta", "vu", "we", "zi"];

/// A key that signs.
#[derive(Debug, Clone)]
pub struct Key {
    /// Its fingerprint.
    pub fingerprint: String,
    /// From when on it is used.
    pub from: i64,
    /// Whether it was entered at the forge before it was used.
    pub announced: bool,
}

/// Somebody who works there, or a machine.
#[derive(Debug, Clone)]
pub struct Worker {
    /// Personnel number.
    pub id: String,
    /// What kind.
    pub kind: PersonType,
    /// Name.
    pub name: String,
    /// Address in the house.
    pub email: String,
    /// Login at the forge.
    pub login: String,
    /// Number of the account there.
    pub account: String,
    /// Whether the forge's private address is used in commits.
    pub private_address: bool,
    /// Teams: from when on which.
    pub teams: Vec<(i64, usize)>,
    /// First day.
    pub start: i64,
    /// End of the last day.
    pub end: Option<i64>,
    /// Seconds that they really work on after that day: personnel records can be wrong.
    pub stays: i64,
    /// When access ends that was given for a time.
    pub access_expires: Option<i64>,
    /// Minutes east of UTC in winter, and whether clocks change.
    pub zone: (i32, bool),
    /// Works in containers, which run in UTC, with this probability.
    pub containers: f64,
    /// Hour of the day that work begins at, and hours that it lasts.
    pub rhythm: (f64, f64),
    /// Probability of working on a day of the weekend, or late in the evening.
    pub odd_hours: f64,
    /// Working sessions a day.
    pub rate: f64,
    /// Keys by time; none for people who never sign.
    pub keys: Vec<Key>,
    /// Days on which a new machine did not sign yet.
    pub laptop: Option<(i64, i64)>,
    /// Absences: from, until, whether personnel records have it as a leave.
    pub absences: Vec<(i64, i64, bool)>,
    /// Journeys: from, until, zone.
    pub journeys: Vec<(i64, i64, i32)>,
    /// Whether a second factor is on.
    pub two_factor: Option<bool>,
    /// Administers the team's repositories, from when on.
    pub admin_since: Option<i64>,
    /// Commits with findings before: when.
    pub incidents: Vec<i64>,
}

impl Worker {
    /// Whether there at `time`.
    pub fn works(&self, time: i64) -> bool {
        self.start <= time
            && self.end.is_none_or(|end| time < end + self.stays)
            && !self.absences.iter().any(|(from, until, _)| (*from..*until).contains(&time))
    }

    /// The team at `time`.
    pub fn team(&self, time: i64) -> usize {
        self.teams.iter().rev().find(|(from, _)| *from <= time).unwrap_or(&self.teams[0]).1
    }

    /// The zone at `time`, minutes.
    pub fn zone_at(&self, time: i64) -> i32 {
        let away = self.journeys.iter().find(|(from, until, _)| (*from..*until).contains(&time));
        away.map_or_else(|| self.home_at(time), |journey| journey.2)
    }

    /// The zone at home at `time`, minutes. Summer time as in Europe, for everybody.
    pub fn home_at(&self, time: i64) -> i32 {
        // 2025-10-26, 2026-03-29 and 2026-10-25, 1 o'clock UTC.
        let summer = time < 1_761_440_400 || (1_774_746_000..1_792_890_000).contains(&time);
        self.zone.0 + if self.zone.1 && summer { 60 } else { 0 }
    }

    /// The key in use at `time`.
    pub fn key(&self, time: i64) -> Option<&Key> {
        if self.laptop.is_some_and(|(from, until)| (from..until).contains(&time)) {
            return None;
        }
        self.keys.iter().rev().find(|key| key.from <= time)
    }

    /// The address in commits.
    pub fn address(&self) -> String {
        if self.private_address {
            format!("{}+{}@users.noreply.github.com", self.account, self.login)
        } else {
            self.email.clone()
        }
    }
}

/// A repository.
#[derive(Debug, Clone)]
pub struct Repository {
    /// `host/owner/name`.
    pub id: String,
    /// Who may read it.
    pub visibility: Visibility,
    /// Folders two levels deep, with the team that owns each.
    pub folders: Vec<(String, Option<usize>)>,
    /// Teams that work on it, the main one first.
    pub teams: Vec<usize>,
    /// Whether changes come by pull requests: with this probability.
    pub pull_requests: f64,
    /// Whether the default branch is protected.
    pub protected: bool,
    /// Whether its rules ask for signatures.
    pub signatures_required: Option<bool>,
    /// Whether hooks attest commits.
    pub attests: bool,
}

impl Repository {
    /// Its list of code owners.
    pub fn codeowners(&self) -> String {
        let owned = self.folders.iter().filter_map(|(folder, team)| Some((folder, (*team)?)));
        let lines = owned.map(|(folder, team)| {
            let name = team_name(team);
            format!("/{folder}/ @{}\n", name.trim_start_matches("github.com/"))
        });
        lines.collect()
    }
}

/// The whole organisation.
#[derive(Debug, Clone)]
pub struct Staff {
    /// Everybody, people first, machines last.
    pub workers: Vec<Worker>,
    /// All repositories.
    pub repositories: Vec<Repository>,
    /// Administrators' rights that were given for a story: worker, repository, from, until.
    pub given: Vec<(usize, usize, i64, i64)>,
}

/// How teams are called at the forge.
pub fn team_name(team: usize) -> String {
    format!("{OWNER}/{}", TEAMS[team])
}

impl Staff {
    /// Makes up an organisation.
    pub fn new(random: &mut Random) -> Staff {
        let people = 60 + random.below(60);
        let mut workers: Vec<Worker> = (0..people).map(|at| worker(random, at)).collect();
        for (at, name) in ["release", "updates", "ci"].into_iter().enumerate() {
            workers.push(machine(random, people + at, name));
        }
        Staff { workers, repositories: repositories(random), given: Vec::new() }
    }

    /// What personnel records and forge say, over the whole time.
    pub fn directory(&self) -> Memory {
        let mut memory = Memory::new();
        memory.source("hr", Authority::Personnel, END);
        memory.source("github:acme", Authority::Forge, END);
        for statement in self.statements() {
            memory.add(statement);
        }
        memory
    }

    /// The same, statement by statement, each with the time for which it holds.
    pub fn statements(&self) -> Vec<Found<Record>> {
        let mut all: Vec<_> = self.workers.iter().flat_map(|worker| self.records(worker)).collect();
        for (worker, repository, from, until) in &self.given {
            let holder = Holder::Person(format!("{FORGE}:{}", self.workers[*worker].account));
            let admin = grant(holder, &self.repositories[*repository].id, Role::Admin);
            all.push(forge(Record::Grant(admin), *from, *until));
        }
        for repository in &self.repositories {
            all.push(forge(Record::Resource(resource(repository)), START, i64::MAX));
            for team in &repository.teams {
                let grant = grant(Holder::Team(team_name(*team)), &repository.id, Role::Write);
                all.push(forge(Record::Grant(grant), START, i64::MAX));
            }
        }
        all
    }

    fn records(&self, worker: &Worker) -> Vec<Found<Record>> {
        let mut all = Vec::new();
        let machine = worker.kind.is_machine();
        let account = format!("{FORGE}:{}", worker.account);
        if worker.kind != PersonType::Partner && !machine {
            let email = Handle::new(&worker.id, HandleKind::Email, "", &worker.email);
            all.push(personnel(Record::Handle(email), START, i64::MAX));
            all.extend(Self::states(worker));
        }
        for (at, (from, team)) in worker.teams.iter().enumerate() {
            let until = worker.teams.get(at + 1).map_or(i64::MAX, |next| next.0);
            let from = if at == 0 { worker.start.min(START) } else { *from };
            let bot = worker.kind == PersonType::Bot;
            let person = Person {
                id: account.clone(),
                kind: if bot { PersonType::Bot } else { PersonType::Unknown },
                name: Some(worker.name.clone()),
                teams: if machine { Vec::new() } else { vec![team_name(*team)] },
                two_factor: worker.two_factor,
                created: Some(worker.start - 40 * DAY),
                ..Person::default()
            };
            all.push(forge(Record::Person(person), from, until));
        }
        let mut handle = |kind, realm: &str, value: &str| {
            let handle = Handle::new(&account, kind, realm, value);
            all.push(forge(Record::Handle(handle), START - 999 * DAY, i64::MAX));
        };
        handle(HandleKind::Account, FORGE, &worker.account);
        handle(HandleKind::Login, FORGE, &worker.login);
        handle(HandleKind::Email, "", &worker.email);
        for key in worker.keys.iter().filter(|key| key.announced) {
            let handle = Handle::new(&account, HandleKind::SigningKey, "", &key.fingerprint);
            all.push(forge(Record::Handle(handle), key.from - DAY, i64::MAX));
        }
        all.extend(self.rights(worker, &account));
        all
    }

    /// Personnel records of somebody over time: leaves, and the end once it is known.
    fn states(worker: &Worker) -> Vec<Found<Record>> {
        let mut changes = vec![START.min(worker.start)];
        let leaves = worker.absences.iter().filter(|(.., known)| *known);
        for (from, until, _) in leaves.clone() {
            changes.extend([*from, *until]);
        }
        let told = worker
            .end
            .map(|end| if worker.access_expires.is_some() { START } else { end - 30 * DAY });
        changes.extend(told);
        changes.sort_unstable();
        changes.dedup();
        let span = |(at, from): (usize, &i64)| {
            let on_leave = leaves.clone().any(|leave| (leave.0..leave.1).contains(from));
            let person = Person {
                id: worker.id.clone(),
                kind: worker.kind,
                status: if on_leave { Status::Leave } else { Status::Active },
                name: Some(worker.name.clone()),
                start: Some(worker.start),
                end: worker.end.filter(|_| told.is_some_and(|told| told <= *from)),
                access_expires: worker.access_expires,
                ..Person::default()
            };
            let until = changes.get(at + 1).copied().unwrap_or(i64::MAX);
            personnel(Record::Person(person), *from, until)
        };
        changes.iter().enumerate().map(span).collect()
    }

    fn rights(&self, worker: &Worker, account: &str) -> Vec<Found<Record>> {
        let mut all = Vec::new();
        let holder = || Holder::Person(account.to_owned());
        let team = worker.teams[worker.teams.len() - 1].1;
        for repository in self.repositories.iter().filter(|one| one.teams.contains(&team)) {
            if let Some(since) = worker.admin_since {
                let admin = grant(holder(), &repository.id, Role::Admin);
                all.push(forge(Record::Grant(admin), since, i64::MAX));
            }
            if worker.kind == PersonType::Partner {
                let mut outside = grant(holder(), &repository.id, Role::Write);
                outside.origin = GrantOrigin::Outside;
                outside.expires = worker.access_expires;
                all.push(forge(Record::Grant(outside), START, i64::MAX));
            }
        }
        if worker.kind.is_machine() {
            let write = grant(holder(), OWNER, Role::Write);
            all.push(forge(Record::Grant(write), START, i64::MAX));
        }
        all
    }
}

fn personnel(value: Record, from: i64, until: i64) -> Found<Record> {
    found(value, "hr", Authority::Personnel, from, until)
}

fn forge(value: Record, from: i64, until: i64) -> Found<Record> {
    found(value, "github:acme", Authority::Forge, from, until)
}

fn found(
    value: Record,
    source: &str,
    authority: Authority,
    from: i64,
    until: i64,
) -> Found<Record> {
    let source = source.to_owned();
    Found { value, source, authority, from, until, known_since: from, as_of: END }
}

fn grant(holder: Holder, resource: &str, role: Role) -> Grant {
    let origin = match holder {
        Holder::Person(_) => GrantOrigin::Direct,
        Holder::Team(_) => GrantOrigin::Team,
    };
    let resource = resource.to_owned();
    Grant {
        holder,
        resource,
        role,
        role_name: None,
        origin,
        since: None,
        expires: None,
        last_used: None,
    }
}

fn resource(repository: &Repository) -> Resource {
    Resource {
        id: repository.id.clone(),
        visibility: repository.visibility,
        default_branch: Some("main".to_owned()),
        protected: if repository.protected { vec!["main".to_owned()] } else { Vec::new() },
        signatures_required: repository.signatures_required,
        review_required: Some(repository.protected),
        ..Resource::default()
    }
}

fn name(random: &mut Random, at: usize) -> String {
    let mut part = |count: usize| (0..count).map(|_| *random.pick(SYLLABLES)).collect::<String>();
    let (first, last) = (part(2), part(3));
    format!("{first}.{last}{at}")
}

fn worker(random: &mut Random, at: usize) -> Worker {
    let kind = match random.below(100) {
        0..72 => PersonType::Employee,
        72..92 => PersonType::Contractor,
        _ => PersonType::Partner,
    };
    let inside = kind == PersonType::Employee;
    let start = if random.chance(0.75) {
        START - random.between(100, 2_000) * DAY
    } else {
        START + random.between(5, 380) * DAY
    };
    let leaves = random.chance(if inside { 0.1 } else { 0.45 });
    let end =
        leaves.then(|| (start.max(START) + random.between(120, 360) * DAY).min(END - 20 * DAY));
    let login = name(random, at).replace('.', "-");
    let domain = if kind == PersonType::Partner { "partner.example" } else { "acme.example" };
    let mut teams = vec![(i64::MIN, random.below(TEAMS.len()))];
    if random.chance(0.08) {
        teams.push((START + random.between(60, 380) * DAY, random.below(TEAMS.len())));
    }
    let keys = if random.chance(0.7) { keys(random) } else { Vec::new() };
    let from = START + random.between(20, 400) * DAY;
    let laptop = random.chance(0.5).then(|| (from, from + random.between(1, 5) * DAY));
    Worker {
        id: format!("p{at:04}"),
        kind,
        name: login.replace('-', " "),
        email: format!("{}@{domain}", login.replace('-', ".")),
        account: (700_000 + at * 37).to_string(),
        login,
        private_address: random.chance(0.2),
        teams,
        start,
        end: end.filter(|end| *end > start + 60 * DAY),
        stays: if random.chance(0.1) { random.between(0, 3) * DAY } else { 0 },
        access_expires: (!inside).then(|| end.unwrap_or(END + 200 * DAY)),
        zone: *random.pick(ZONES),
        containers: if random.chance(0.1) { random.unit() } else { 0.0 },
        rhythm: (random.normal(9.2, 1.3).clamp(5.0, 14.0), random.normal(8.5, 1.0)),
        odd_hours: if random.chance(0.15) { 0.25 } else { 0.03 },
        rate: 0.12 + 0.6 * random.unit() * random.unit(),
        keys,
        laptop,
        absences: absences(random, inside),
        journeys: journeys(random),
        two_factor: random.chance(0.8).then(|| random.chance(if inside { 0.99 } else { 0.97 })),
        admin_since: random
            .chance(0.12)
            .then(|| START - 10 * DAY + 400 * DAY * random.between(0, 1)),
        incidents: incidents(random),
    }
}

fn keys(random: &mut Random) -> Vec<Key> {
    let mut key = |from, announced| Key { fingerprint: random.fingerprint(), from, announced };
    let mut all = vec![key(i64::MIN / 2, true)];
    // A key that nobody ever entered at the forge is still one that a person has long used.
    if random.chance(0.15) {
        all[0].announced = false;
    }
    for _ in 0..2 {
        if random.chance(0.2) {
            let (from, told) = (START + random.between(10, 420) * DAY, random.chance(0.7));
            all.push(Key { fingerprint: random.fingerprint(), from, announced: told });
        }
    }
    all.sort_by_key(|key| key.from);
    all
}

fn absences(random: &mut Random, inside: bool) -> Vec<(i64, i64, bool)> {
    let mut all = Vec::new();
    for _ in 0..random.between(1, 4) {
        let from = START + random.between(0, 420) * DAY;
        all.push((from, from + random.between(4, 21) * DAY, false));
    }
    if inside && random.chance(0.06) {
        let from = START + random.between(40, 240) * DAY;
        all.push((from, from + random.between(80, 180) * DAY, random.chance(0.85)));
    }
    all
}

fn journeys(random: &mut Random) -> Vec<(i64, i64, i32)> {
    let count = if random.chance(0.5) { random.between(1, 3) } else { 0 };
    let mut journey = || {
        let from = START + random.between(10, 420) * DAY;
        (from, from + random.between(3, 14) * DAY, *random.pick(ABROAD))
    };
    (0..count).map(|_| journey()).collect()
}

fn incidents(random: &mut Random) -> Vec<i64> {
    let most = if random.chance(0.04) { 6 } else { i64::from(random.chance(0.15)) };
    let mut all: Vec<i64> = (0..most).map(|_| random.between(START, END)).collect();
    all.sort_unstable();
    all
}

fn machine(random: &mut Random, at: usize, name: &str) -> Worker {
    let mut machine = worker(random, at);
    let release = name == "release";
    machine.kind = PersonType::Bot;
    machine.login = format!("acme-{name}[bot]");
    machine.name = machine.login.clone();
    machine.email = format!("{}+{}@users.noreply.github.com", machine.account, machine.login);
    machine.private_address = false;
    machine.zone = (0, false);
    machine.start = START - 900 * DAY;
    machine.rhythm = (0.0, 24.0);
    (machine.end, machine.access_expires, machine.laptop) = (None, None, None);
    (machine.absences, machine.journeys, machine.incidents) = (Vec::new(), Vec::new(), Vec::new());
    machine.keys.truncate(usize::from(release));
    machine
}

fn repositories(random: &mut Random) -> Vec<Repository> {
    let mut all = Vec::new();
    for (team, name) in TEAMS.iter().enumerate() {
        for second in 0..=usize::from(random.chance(0.5)) {
            let helpers = [random.below(TEAMS.len()), random.below(TEAMS.len())];
            let mut teams = vec![team];
            teams.extend(helpers);
            let folders = ["services", "deploy", "lib"]
                .map(|folder| (format!("{folder}/{name}"), Some(team).filter(|_| folder != "lib")));
            let mut folders = folders.to_vec();
            for helper in helpers {
                folders.push((format!("services/{}", TEAMS[helper]), Some(helper)));
            }
            folders.push(("tools".to_owned(), None));
            folders.sort();
            folders.dedup();
            let visibility = match random.below(10) {
                0..5 => Visibility::Private,
                5..9 => Visibility::Internal,
                _ => Visibility::Public,
            };
            let suffix = if second == 1 { "-tools" } else { "" };
            teams.dedup();
            let reviews = random.chance(0.7);
            all.push(Repository {
                id: format!("{OWNER}/{name}{suffix}"),
                visibility,
                folders,
                teams,
                pull_requests: if reviews { 0.9 } else { 0.3 },
                // Hardly anybody can push directly where branches are protected.
                protected: random.chance(if reviews { 0.9 } else { 0.15 }),
                signatures_required: random.chance(0.7).then(|| random.chance(0.15)),
                attests: random.chance(0.25),
            });
        }
    }
    all
}
