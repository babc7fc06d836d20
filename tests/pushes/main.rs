//! One organisation as real repositories: its commits, signatures, snapshots of its directory and
//! payloads of its pushes are written out, the program judges each planted push and a sample of the
//! everyday ones, and what it says is held against the truth and against what the same code says of
//! facts that are made up in memory.
#![allow(clippy::panic)]
#![allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
#![allow(clippy::struct_excessive_bools, clippy::assigning_clones, clippy::similar_names)]
#![allow(clippy::needless_for_each, clippy::needless_range_loop, clippy::type_complexity)]

mod carried;
mod commits;
#[path = "../common/mod.rs"]
mod common;
mod directory;
mod keys;
#[allow(dead_code, reason = "tests/organisation.rs uses the rest")]
#[path = "../../testdata/organisation/mod.rs"]
mod organisation;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use carried::{Credentials, Guards};
use common::{Scratch, hex, leaktrace};
use keys::Keys;
use leaktrace::identity::pseudonym::PseudonymKey;
use leaktrace::model::Secret;
use leaktrace::pipeline::people::{Bundle, Judged};
use leaktrace::risk::case::Case;
use leaktrace::risk::{Band, Judgement, Settings, judge};
use leaktrace::store::{Push, Store};
use leaktrace::{identity, model, pipeline, risk};
use organisation::Organisation;
use organisation::event::{Event, Pusher, Truth};
use organisation::judged::{Court, PSEUDONYMS};
use organisation::people::{DAY, END, FORGE, Key, START};
use organisation::random::Random;
use organisation::report::documented;

/// The organisation: the smallest of those that `docs/identity.md` reports on.
const SEED: u64 = 308;

/// Everyday pushes that are judged, about.
const EVERYDAY: usize = 70;

/// Threads that make repositories and run the program.
const THREADS: usize = 2;

/// An organisation on disk.
struct World {
    scratch: Scratch,
    organisation: Organisation,
    /// Which events are judged, by number.
    chosen: BTreeSet<usize>,
    credentials: BTreeMap<usize, Credentials>,
    /// The commit of each event and the one before it.
    ids: BTreeMap<usize, (String, String)>,
    /// Snapshots of its directory.
    snapshots: usize,
    environment: Vec<(&'static str, String)>,
}

/// An event as the program judged it and as the code judged made-up facts.
struct Compared {
    number: usize,
    program: Judged,
    library: Case,
    judgement: Judgement,
}

impl World {
    fn new() -> World {
        let scratch = Scratch::new();
        let mut organisation = Organisation::new(SEED);
        carried::carriable(&mut organisation);
        let keys = Keys::make(&scratch.path("keys"), &mut organisation);
        let everyday = |event: &&Event| event.truth == Truth::Innocent;
        let share = EVERYDAY as f64 / organisation.events.iter().filter(everyday).count() as f64;
        let mut random = Random::new(SEED ^ 0x7075_7368);
        let events = organisation.events.iter().enumerate();
        let chosen: BTreeSet<usize> = events
            .filter(|(_, event)| event.truth != Truth::Innocent || random.chance(share))
            .map(|(number, _)| number)
            .collect();
        let credentials = chosen
            .iter()
            .map(|number| (*number, carried::credentials(*number, &organisation.events[*number])))
            .collect();
        let environment = vec![
            ("SOURCE_DATE_EPOCH", END.to_string()),
            ("LEAKTRACE_PSEUDONYM_KEY", hex(&PSEUDONYMS)),
        ];
        let ids = BTreeMap::new();
        let mut world =
            World { scratch, organisation, chosen, credentials, ids, snapshots: 0, environment };
        world.repositories(&keys);
        world.scratch.write("org.yml", world.config());
        world.snapshots =
            directory::import(&world.scratch, &world.organisation, &world.environment());
        world.earlier_pushes();
        world
    }

    fn environment(&self) -> Vec<(&str, &str)> {
        self.environment.iter().map(|(name, value)| (*name, value.as_str())).collect()
    }

    fn name_of(&self, repository: usize) -> String {
        let id = &self.organisation.staff.repositories[repository].id;
        id.rsplit('/').next().unwrap_or_default().to_owned()
    }

    /// Makes the repositories.
    fn repositories(&mut self, keys: &Keys) {
        let count = self.organisation.staff.repositories.len();
        let made = Mutex::new(BTreeMap::new());
        let one = |place: usize| {
            let repository = &self.organisation.staff.repositories[place];
            let (mut guards, mut planned) = Guards::begin(repository, START - 30 * DAY);
            let mut numbers = Vec::new();
            for (number, event) in self.organisation.events.iter().enumerate() {
                if event.repository == place {
                    let leak = self.credentials.get(&number);
                    planned.push(carried::commit(
                        &self.organisation,
                        event,
                        number,
                        leak,
                        &mut guards,
                    ));
                    numbers.push(number);
                }
            }
            let ids = commits::repository(&self.scratch, &self.name_of(place), &planned, keys);
            let first = ids.len() - numbers.len();
            let pairs = numbers.iter().enumerate().map(|(at, number)| {
                (*number, (ids[first + at - 1].clone(), ids[first + at].clone()))
            });
            made.lock().expect("nobody panicked").extend(pairs);
        };
        in_parallel(count, one);
        self.ids = made.into_inner().expect("nobody panicked");
    }

    /// What the organisation's configuration says, with whose credentials are whose.
    fn config(&self) -> String {
        let (mut owners, mut canaries) = (String::new(), String::new());
        for (number, credentials) in &self.credentials {
            let event = &self.organisation.events[*number];
            if let Some(host) = &credentials.host {
                let own = event.leak.owned == Some(true);
                let person = event.behind().filter(|_| own);
                let owner = person.map_or_else(
                    || "github.com/acme/somebody-else".to_owned(),
                    |at| format!("github.com:{}", self.organisation.staff.workers[at].account),
                );
                let _ = writeln!(owners, "    \"{host}\": [\"{owner}\"]");
            }
            if event.leak.canary {
                let _ = writeln!(canaries, "    - {}", credentials.fingerprint);
            }
        }
        // There is at least one that nobody found yet.
        let _ = writeln!(canaries, "    - {}", "0".repeat(32));
        format!(
            "version: 1\ninline_allow: report\nidentity:\n  enabled: true\n  store: store\n  \
             own: [github.com/acme]\n  canaries:\n{canaries}  credential_owners:\n{owners}"
        )
    }

    /// Puts the pushes into the store that scans of fourteen months would have left there.
    fn earlier_pushes(&self) {
        let store = Store::open(&self.scratch.path("store")).expect("a store");
        let court = Court::new(&self.organisation);
        for (number, event) in self.organisation.events.iter().enumerate() {
            let Some(actor) = court.pusher(event) else { continue };
            let (before, after) = &self.ids[&number];
            let payload = carried::payload(&self.organisation, event, number, (before, after));
            let payload = payload.expect("somebody pushed");
            let place = payload["repository"]["full_name"].as_str().expect("a name");
            let ref_name = match payload["ref"].as_str() {
                Some(name) => name.to_owned(),
                None => format!("refs/pull/{number}/head"),
            };
            let repository = format!("github.com/{place}");
            let push = Push {
                time: event.time,
                actor: actor.pseudonym,
                repository,
                ref_name,
                tip: after.clone(),
            };
            store.record_push(&push).expect("recorded");
        }
    }

    /// Runs the program on the push of an event.
    fn scan(&self, number: usize) -> Judged {
        let event = &self.organisation.events[number];
        let credentials = &self.credentials[&number];
        let (before, after) = &self.ids[&number];
        let repository = self.name_of(event.repository);
        let range = format!("{before}..{after}");
        let facts = carried::facts(&self.organisation, event, &credentials.fingerprint, after);
        let facts = self.scratch.write(format!("facts-{number}.json"), facts.to_string());
        let evidence = self.scratch.path(format!("evidence-{number}.json"));
        let (facts, bundle) = (facts.to_string_lossy(), evidence.to_string_lossy());
        let payload = carried::payload(&self.organisation, event, number, (before, after));
        let payload = payload.map(|payload| {
            let path = self.scratch.write(format!("event-{number}.json"), payload.to_string());
            path.to_string_lossy().into_owned()
        });
        let mut config = "org.yml".to_owned();
        if payload.is_none() {
            // Whoever scans without an event says which repository it is.
            config = format!("org-{number}.yml");
            let place = event.place(&self.organisation.staff);
            let text = format!("{}  repository: {place}\n", self.config());
            self.scratch.write(&config, text);
        }
        let mut arguments = vec![
            "scan",
            &repository,
            "--range",
            &range,
            "--config",
            &config,
            "--facts",
            &facts,
            "--evidence",
            &bundle,
        ];
        if let Some(path) = &payload {
            arguments.extend(["--event", path]);
        }
        let run = leaktrace(self.scratch.root(), &arguments, &self.environment(), b"");
        assert_eq!(run.code, Some(1), "{} ({number}): {} {}", event.kind, run.stderr, run.text());
        let bundle: Bundle =
            serde_json::from_slice(&fs::read(&evidence).expect("evidence")).expect("a bundle");
        let found =
            bundle.cases.into_iter().find(|one| one.case.finding == credentials.fingerprint);
        found.unwrap_or_else(|| panic!("{} ({number}) was not judged: {}", event.kind, run.text()))
    }

    /// Every chosen event, judged both ways.
    fn compare(&self) -> Vec<Compared> {
        let settings = Settings::default();
        let chosen: Vec<usize> = self.chosen.iter().copied().collect();
        let scanned = Mutex::new(BTreeMap::new());
        in_parallel(chosen.len(), |at| {
            let judged = self.scan(chosen[at]);
            scanned.lock().expect("nobody panicked").insert(chosen[at], judged);
        });
        let court = Court::new(&self.organisation);
        let scanned = scanned.into_inner().expect("nobody panicked");
        let both = scanned.into_iter().map(|(number, program)| {
            let library = court.case(&self.organisation.events[number]);
            let judgement = judge(&library, &settings);
            Compared { number, program, library, judgement }
        });
        both.collect()
    }
}

/// Does something for every number below `count`.
fn in_parallel(count: usize, act: impl Fn(usize) + Sync) {
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= count {
                        return;
                    }
                    act(at);
                }
            });
        }
    });
}

#[test]
fn the_program_judges_real_pushes_as_the_code_judges_their_facts() {
    let world = World::new();
    let compared = world.compare();
    for one in &compared {
        let event = &world.organisation.events[one.number];
        let what = format!("{} ({})", event.kind, one.number);
        let (program, library) = (&one.program.judgement, &one.judgement);
        assert_eq!(signals(program), signals(library), "{what}: signals");
        assert_eq!(program.concern.band, library.concern.band, "{what}: bands");
        let person = |case: &Case| case.accountable().map(|actor| actor.pseudonym.clone());
        assert_eq!(person(&one.program.case), person(&one.library), "{what}: the person");
        assert!(world.is_behind(event, &one.program.case), "{what}: not the person behind it");
    }
    let table = Table::of(&world, &compared);
    let grave = [Truth::Compromised, Truth::Malicious].map(|truth| &table.rows[&truth]);
    let raised: usize = grave.iter().map(|row| row.raised()).sum();
    let stories: usize = grave.iter().map(|row| row.stories.len()).sum();
    assert!(raised * 10 >= stories * 9, "{raised} of {stories} planted stories were raised");
    let innocent = &table.rows[&Truth::Innocent];
    assert!(innocent.raised() <= 1, "{} of {} were raised", innocent.raised(), innocent.pushes);
    documented("identity.md", "tests/pushes", &table.page(&world));
}

fn signals(judgement: &Judgement) -> Vec<&str> {
    judgement.observations.iter().map(|one| one.signal.as_str()).collect()
}

impl World {
    /// Whether the accountable person of a case is who really stands behind the event: whose account
    /// pushed, else whose announced key signed, else who is named.
    fn is_behind(&self, event: &Event, case: &Case) -> bool {
        let workers = &self.organisation.staff.workers;
        let holds = |one: &Key| {
            one.announced
                && Some(&one.fingerprint) == event.key.as_ref()
                && one.from - DAY <= event.time
        };
        let signer = workers.iter().position(|one| one.keys.iter().any(holds));
        let signer = signer.filter(|_| event.pusher == Pusher::Unknown);
        let Some(at) = signer.or(event.behind()) else {
            return case.accountable().is_none_or(|actor| actor.standing.is_none());
        };
        let key = PseudonymKey::new(Secret::new(PSEUDONYMS.to_vec())).expect("long enough");
        let ids = [workers[at].id.clone(), format!("{FORGE}:{}", workers[at].account)];
        let ids = ids.map(|id| key.of(&id));
        let standing = case.accountable().and_then(|actor| actor.standing.as_ref());
        standing.is_some_and(|one| one.persons.iter().any(|person| ids.contains(&person.id)))
    }
}

/// What came out, by what is true.
struct Table {
    rows: BTreeMap<Truth, Row>,
}

#[derive(Default)]
struct Row {
    pushes: usize,
    /// By story, or push where there is none: whether the program raised it.
    stories: BTreeMap<usize, bool>,
    bands: [usize; 4],
}

impl Row {
    fn raised(&self) -> usize {
        self.stories.values().filter(|raised| **raised).count()
    }
}

impl Table {
    fn of(world: &World, compared: &[Compared]) -> Table {
        let mut rows: BTreeMap<Truth, Row> = BTreeMap::new();
        for one in compared {
            let event = &world.organisation.events[one.number];
            let band = one.program.judgement.concern.band;
            let row = rows.entry(event.truth).or_default();
            row.pushes += 1;
            row.bands[Band::ALL.iter().position(|one| *one == band).expect("a band")] += 1;
            let story = event.story.unwrap_or(usize::MAX - one.number);
            *row.stories.entry(story).or_default() |= band >= Band::Review;
        }
        Table { rows }
    }

    fn page(&self, world: &World) -> String {
        let organisation = &world.organisation;
        let signed = organisation.events.iter().filter(|event| event.key.is_some()).count();
        let mut text = format!(
            "{INTRODUCTION}\nSeed {SEED}: {} repositories, {} commits of which {signed} are signed, \
             {} imported snapshots.\n\n\
             | what is true | pushes | none | note | review | urgent-review | stories or pushes | \
             raised |\n|---|---:|---:|---:|---:|---:|---:|---:|\n",
            organisation.staff.repositories.len(),
            organisation.events.len(),
            world.snapshots
        );
        for (truth, row) in &self.rows {
            let [none, note, review, urgent] = row.bands;
            let _ = writeln!(
                text,
                "| {} | {} | {none} | {note} | {review} | {urgent} | {} | {} |",
                truth.as_str(),
                row.pushes,
                row.stories.len(),
                row.raised()
            );
        }
        text + "\n" + CLOSING
    }
}

const INTRODUCTION: &str = include_str!("introduction.md");
const CLOSING: &str = include_str!("closing.md");
