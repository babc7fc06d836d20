//! What a directory of people costs: filling it, and resolving the people of a commit, by its size.
//!
//! `cargo bench --bench people` prints, for a thousand, ten thousand and a hundred thousand people:
//! seconds to import a snapshot and to import the same again, the file's size, and microseconds for
//! one resolution of an author by address, with two sources that are joined, teams and grants.
//!
//! `cargo bench --bench people -- REPO` looks at a real history: as its organisation's directory it
//! takes everybody with at least ten commits under their most used address, and says what share of
//! commits resolves by which evidence, how many are signed, and for how many people there is enough
//! past for baselines. It prints no names.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Instant;

use leaktrace::config::people::IdentitySettings;
use leaktrace::identity::actor::{ActorRole, Evidence};
use leaktrace::identity::email;
use leaktrace::identity::pseudonym::PseudonymKey;
use leaktrace::identity::resolve::{Claim, Name, Resolver, resources_of};
use leaktrace::identity::{
    Authority, Directory as _, Grant, GrantOrigin, Handle, HandleKind, Holder, Moment, Person,
    PersonType, Record, Role, Sink as _,
};
use leaktrace::pipeline::people::{Afterwards, People, resolve_commit};
use leaktrace::risk::baseline::{Activity, History};
use leaktrace::source::repository::Repository;
use leaktrace::store::{Changes, Store};

const NOW: i64 = 1_794_787_200;
const RESOLUTIONS: usize = 2_000;

fn main() {
    let path = std::env::args().skip(1).find(|one| !one.starts_with('-'));
    if let Some(path) = path {
        real(&path);
        return;
    }
    // `cargo test --benches` runs it once without optimisation, to see that it works.
    let sizes: &[usize] = if cfg!(debug_assertions) { &[100] } else { &[1_000, 10_000, 100_000] };
    for people in sizes.iter().copied() {
        measure(people);
    }
}

fn measure(people: usize) {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Store::open(folder.path()).expect("a store");
    let start = Instant::now();
    let first = fill(&store, people, NOW - 86_400);
    let filled = start.elapsed();
    let start = Instant::now();
    let second = fill(&store, people, NOW);
    let again = start.elapsed();
    assert_eq!(first.new, second.same, "nothing changed between the snapshots");
    let size = std::fs::metadata(folder.path().join(leaktrace::store::FILE)).expect("a file").len();
    let key = PseudonymKey::derived(&[7; 32]);
    let resolver = Resolver {
        directory: &store,
        at: Moment::at(NOW),
        now: NOW,
        resources: resources_of("github.com/acme/web"),
        stale_after: 48 * 3_600,
        pseudonyms: &key,
    };
    let start = Instant::now();
    for step in 0..RESOLUTIONS {
        let number = step * 7_919 % people;
        let actor = resolver.resolve(claim(number)).expect("resolved");
        assert_eq!(actor.confidence, 70);
    }
    let each = start.elapsed() / u32::try_from(RESOLUTIONS).expect("small");
    println!(
        "{people:>7} people, {} sources: import {:.2} s, again {:.2} s, {} MB, {} us a resolution, \
         peak memory {} MB",
        store.sources().expect("asked").len(),
        filled.as_secs_f64(),
        again.as_secs_f64(),
        size >> 20,
        each.as_micros(),
        peak_memory()
    );
}

/// Commits of a real history that are resolved, at most.
const SAMPLE: usize = 3_000;

fn real(path: &str) {
    let format = "--format=%H%x09%ae%x09%at%x09%ad%x09%an";
    let log = std::process::Command::new("git")
        .args(["-C", path, "log", "--all", "--no-mailmap", "--date=format:%z", format])
        .output()
        .expect("git");
    let log = String::from_utf8_lossy(&log.stdout).into_owned();
    let commits: Vec<Vec<&str>> = log.lines().map(|line| line.split('\t').collect()).collect();
    let mut by_name: BTreeMap<&str, BTreeMap<String, usize>> = BTreeMap::new();
    for commit in commits.iter().filter(|commit| commit.len() >= 5) {
        let address = email::normal(commit[1]);
        *by_name.entry(commit[4]).or_default().entry(address).or_default() += 1;
    }
    let store = Store::in_memory().expect("a store");
    let mut run = store.begin("made-up", Authority::Directory, NOW, true).expect("begun");
    let mut known = BTreeSet::new();
    for (number, addresses) in by_name.values().enumerate() {
        if addresses.values().sum::<usize>() < 10 {
            continue;
        }
        let main = addresses.iter().max_by_key(|(_, count)| **count).expect("one").0;
        if known.insert(main.clone()) {
            let id = format!("p{number}");
            let person = Person { id: id.clone(), ..Person::default() };
            run.put(Record::Person(person)).expect("put");
            run.put(Record::Handle(Handle::new(&id, HandleKind::Email, "", main))).expect("put");
        }
    }
    run.finish().expect("finished");
    let people = People {
        settings: IdentitySettings::default(),
        store,
        events: Vec::new(),
        taken: true,
        aliases: None,
        signers: leaktrace::provenance::signature::Memory::new(),
        pseudonyms: PseudonymKey::derived(&[7; 32]),
        forges: People::forges_of(&["github.com".to_owned()]),
        reveal: false,
        afterwards: Afterwards::default(),
    };
    let repo = Repository::open(Path::new(path)).expect("readable").expect("a repository");
    let mut evidence: BTreeMap<&str, usize> = BTreeMap::new();
    let mut signatures: BTreeMap<String, usize> = BTreeMap::new();
    let step = commits.len().div_ceil(SAMPLE).max(1);
    let (mut looked, start) = (0, Instant::now());
    for commit in commits.iter().step_by(step) {
        let found = resolve_commit(&repo, &people, commit[0], NOW).expect("asked");
        let Some(subject) = found else { continue };
        looked += 1;
        *evidence.entry(subject.actors[0].evidence.as_str()).or_default() += 1;
        let state = subject.signature.state.as_str();
        let kind = subject.signature.kind.as_deref().unwrap_or("");
        *signatures.entry(format!("{state} {kind}")).or_default() += 1;
    }
    let each = start.elapsed().as_micros() / looked.max(1);
    println!(
        "{} commits, {looked} looked at, {each} us each; {} people known",
        commits.len(),
        known.len()
    );
    println!("author by: {evidence:?}");
    println!("signatures: {signatures:?}");
    baselines(&commits, &known);
}

fn baselines(commits: &[Vec<&str>], known: &BTreeSet<String>) {
    let mut history = History::default();
    let mut last = 0;
    for commit in commits.iter().filter(|commit| commit.len() >= 5) {
        let zone: i32 = commit[3].parse().unwrap_or(0);
        let time = commit[2].parse().unwrap_or(0);
        last = last.max(time);
        let person = history.person(&email::normal(commit[1]));
        history.add(Activity {
            person,
            time,
            zone: zone / 100 * 60 + zone % 100,
            ..Activity::default()
        });
    }
    history.finish();
    let (mut enough, mut one_zone, mut night) = (0, 0, Vec::new());
    for address in known {
        let past = history.past(std::slice::from_ref(address), i64::MAX / 2, None);
        let at = past.last.unwrap_or(last);
        let past = history.past(std::slice::from_ref(address), at, None);
        enough += usize::from(past.sessions >= 30 && past.days >= 15 && past.span >= 28 * 86_400);
        let all: u32 = past.zones.values().sum();
        let most = past.zones.values().max().copied().unwrap_or(0);
        one_zone += usize::from(all >= 10 && most * 10 >= all * 9);
        if let Some(tail) = leaktrace::risk::baseline::hours::tail(&past, at) {
            night.push(tail);
        }
    }
    night.sort_by(f64::total_cmp);
    let rare = night.iter().filter(|tail| **tail < 0.05).count();
    println!(
        "baselines: {enough} of {} people have enough sessions for hours of their own; {one_zone} \
         made nine in ten commits of their last 90 days (ten or more) in one time zone; of {} last \
         commits {rare} fall into the rarest 5 % of hours",
        known.len(),
        night.len()
    );
}

/// Peak resident memory of the process, MB; 0 where the system does not say.
fn peak_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) >> 10
}

fn claim(number: usize) -> Claim {
    let email = format!("p{number}@corp.example");
    let name = Name {
        evidence: Evidence::Email,
        kind: HandleKind::Email,
        realm: String::new(),
        value: email.clone(),
        via: "the address",
    };
    Claim {
        role: ActorRole::Author,
        name: String::new(),
        email,
        login: None,
        bot: false,
        names: vec![name],
    }
}

/// Personnel records and a forge's accounts, joined by the address.
fn fill(store: &Store, people: usize, as_of: i64) -> Changes {
    let mut all = Changes::default();
    for (source, authority) in [("hr", Authority::Personnel), ("github:acme", Authority::Forge)] {
        let mut run = store.begin(source, authority, as_of, true).expect("begun");
        for number in 0..people {
            let id = format!("{source}-{number}");
            let team = format!("github.com/acme/team-{}", number % 50);
            let mut put = |record| run.put(record).expect("put");
            put(Record::Person(Person {
                id: id.clone(),
                kind: PersonType::Employee,
                teams: vec![team],
                ..Person::default()
            }));
            let email = format!("p{number}@corp.example");
            put(Record::Handle(Handle::new(&id, HandleKind::Email, "", &email)));
            if authority == Authority::Forge {
                let login = format!("login{number}");
                put(Record::Handle(Handle::new(&id, HandleKind::Login, "github.com", &login)));
                put(Record::Grant(Grant {
                    holder: Holder::Person(id),
                    resource: "github.com/acme/web".to_owned(),
                    role: Role::Write,
                    role_name: None,
                    origin: GrantOrigin::Direct,
                    since: None,
                    expires: None,
                    last_used: None,
                }));
            }
        }
        let changes = run.finish().expect("finished");
        all.new += changes.new;
        all.same += changes.same;
    }
    all
}
