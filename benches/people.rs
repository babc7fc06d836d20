//! What a directory of people costs: filling it, and resolving the people of a commit, by its size.
//!
//! `cargo bench --bench people` prints, for a thousand, ten thousand and a hundred thousand people:
//! seconds to import a snapshot and to import the same again, the file's size, and microseconds for
//! one resolution of an author by address, with two sources that are joined, teams and grants.

use std::time::Instant;

use leaktrace::identity::actor::{ActorRole, Evidence};
use leaktrace::identity::pseudonym::PseudonymKey;
use leaktrace::identity::resolve::{Claim, Name, Resolver, resources_of};
use leaktrace::identity::{
    Authority, Directory as _, Grant, GrantOrigin, Handle, HandleKind, Holder, Moment, Person,
    PersonType, Record, Role, Sink as _,
};
use leaktrace::store::{Changes, Store};

const NOW: i64 = 1_794_787_200;
const RESOLUTIONS: usize = 2_000;

fn main() {
    for people in [1_000, 10_000, 100_000] {
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
