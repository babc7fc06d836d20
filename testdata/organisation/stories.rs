//! Planted stories for each explanation, several variants each. No sign of a story is always there:
//! each has a probability, written beside it.

use super::event::{Event, Face, Leak, Pusher, Truth};
use super::people::{DAY, END, START, Staff};
use super::random::Random;
use crate::identity::PersonType;

/// Stories of each kind in an organisation.
const EACH: usize = 20;

/// What a story is told with.
struct Telling<'a> {
    staff: &'a Staff,
    everyday: &'a [Event],
    random: Random,
    /// Rights that the story gives: worker, repository, from, until.
    given: Vec<(usize, usize, i64, i64)>,
    /// Times in which somebody commits nothing: worker, from, until.
    sleeps: Vec<(usize, i64, i64)>,
}

type Story = fn(&mut Telling<'_>) -> Vec<Event>;

const MISTAKES: &[(&str, Story)] = &[
    ("dotfile, taken out at once", |telling| telling.dotfile()),
    ("backup with many keys", |telling| telling.backup()),
    ("first settings of somebody new", |telling| telling.newcomer()),
    ("key in a test", |telling| telling.fixture()),
    ("maintainer who reports it", |telling| telling.reports()),
    ("habit of leaving settings in", |telling| telling.habit()),
];

const TAKEOVERS: &[(&str, Story)] = &[
    ("account taken over", |telling| telling.takeover()),
    ("sleeping account wakes up", |telling| telling.awakening()),
    ("through many repositories", |telling| telling.spree()),
    ("somebody else's account pushes", |telling| telling.foreign_push()),
    ("rights raised, then used", |telling| telling.raised()),
    ("account of somebody who left", |telling| telling.left_behind()),
];

const INTENTS: &[(&str, Story)] = &[
    ("access had ended", |telling| telling.ended()),
    ("encoded, to a fork, guard off", |telling| telling.fork()),
    ("another team's, copied outside", |telling| telling.copied()),
    ("spread over many commits", |telling| telling.spread()),
    ("borrowed name", |telling| telling.borrowed()),
];

/// Plants stories of every kind among everyday events.
pub fn plant(staff: &mut Staff, events: &mut Vec<Event>, random: &mut Random) {
    let everyday = std::mem::take(events);
    let mut planted = Vec::new();
    let (mut story, mut sleeps) = (0, Vec::new());
    for (truth, variants) in
        [(Truth::Negligent, MISTAKES), (Truth::Compromised, TAKEOVERS), (Truth::Malicious, INTENTS)]
    {
        for turn in 0..EACH {
            let (kind, tell) = variants[turn % variants.len()];
            let random = Random::new(random.next());
            let mut telling = Telling {
                staff,
                everyday: &everyday,
                random,
                given: Vec::new(),
                sleeps: Vec::new(),
            };
            let mut told = tell(&mut telling);
            let Telling { given, sleeps: quiet, .. } = telling;
            for event in &mut told {
                (event.truth, event.kind, event.story) = (truth, kind, Some(story));
            }
            planted.extend(told);
            staff.given.extend(given);
            sleeps.extend(quiet);
            story += 1;
        }
    }
    let asleep = |event: &Event| {
        sleeps.iter().any(|(at, from, until)| {
            let theirs = event.author == Face::Worker(*at) || event.pusher == Pusher::Worker(*at);
            theirs && (*from..*until).contains(&event.time)
        })
    };
    *events = everyday.into_iter().filter(|event| !asleep(event)).collect();
    events.extend(planted);
}

impl Telling<'_> {
    /// An everyday event of a person who was there for a while, to be made into a story: the story
    /// takes place in the same repository soon after.
    fn scene(&mut self, fits: impl Fn(&Staff, usize, &Event) -> bool) -> Event {
        for _ in 0..4_000 {
            let event = self.random.pick(self.everyday).clone();
            let Face::Worker(at) = event.author else { continue };
            let worker = &self.staff.workers[at];
            let plain = matches!(event.kind, "work" | "late") && event.committer == event.author;
            let long = event.time > START + 60 * DAY && event.time < END - 20 * DAY;
            if plain && long && !worker.kind.is_machine() && fits(self.staff, at, &event) {
                return self.begin(event);
            }
        }
        unreachable!("an organisation without a person who fits")
    }

    /// Takes an everyday event over.
    fn begin(&mut self, mut event: Event) -> Event {
        event.time += self.random.between(1_000, 9_000);
        event.files = u32::try_from(self.random.between(1, 4)).expect("small");
        event.leak = Leak::plain(&mut self.random, 0.45);
        (event.merge, event.fork, event.bypass) = (false, false, false);
        (event.pull_request, event.default_branch) = (self.random.chance(0.3), false);
        if let Face::Worker(at) = event.author {
            let known = self.random.chance(0.9);
            event.pusher = if known { Pusher::Worker(at) } else { Pusher::Unknown };
        }
        event
    }

    fn chance(&mut self, probability: f64) -> bool {
        self.random.chance(probability)
    }

    /// Takes the scene to a folder that is not the person's, with this probability in another
    /// repository.
    fn elsewhere(&mut self, event: &mut Event, far: f64) {
        let Face::Worker(at) = event.author else { return };
        let team = self.staff.workers[at].team(event.time);
        if self.chance(far) {
            event.repository = self.random.below(self.staff.repositories.len());
        }
        let folders = &self.staff.repositories[event.repository].folders;
        let others: Vec<&String> = folders
            .iter()
            .filter(|(_, owner)| owner.is_some_and(|owner| owner != team))
            .map(|(folder, _)| folder)
            .collect();
        let folder = if others.is_empty() { &folders[0].0 } else { *self.random.pick(&others) };
        event.folder.clone_from(folder);
    }

    /// Where a list of owners says whose a credential is, it is not the person's.
    fn not_theirs(&mut self, event: &mut Event, listed: f64) {
        event.leak.owned = self.chance(listed).then_some(false);
    }

    /// A guard is switched off.
    fn guard(&mut self, event: &mut Event, probability: f64) {
        if self.chance(probability) {
            let guards = [
                "an allowing comment beside the credential",
                "an entry added to what is ignored",
                "the scan taken out of a workflow",
            ];
            event.leak.guards = vec![(*self.random.pick(&guards)).to_owned()];
        }
    }

    /// The credential is wrapped.
    fn encode(&mut self, event: &mut Event, probability: f64) {
        if self.chance(probability) {
            let layers = ["base64", "hex", "percent", "concatenation"];
            event.leak.layers = vec![(*self.random.pick(&layers)).to_owned()];
        }
    }

    // Mistakes.

    fn dotfile(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.file = ".env".to_owned();
        event.leak.removed = Some((self.random.between(90, 1_700), true));
        vec![event]
    }

    fn backup(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.file = "backup/dump.sql".to_owned();
        event.leak.day = (14, 6, 1);
        event.files = 60;
        event.leak.reported = self.chance(0.3).then_some(1_800);
        vec![event]
    }

    fn newcomer(&mut self) -> Vec<Event> {
        let young = |staff: &Staff, at: usize, event: &Event| {
            (0..21 * DAY).contains(&(event.time - staff.workers[at].start))
        };
        let exists = self.everyday.iter().any(|event| match event.author {
            Face::Worker(at) => {
                young(self.staff, at, event)
                    && event.kind == "work"
                    && event.committer == event.author
                    && event.time > START + 60 * DAY
                    && event.time < END - 20 * DAY
            }
            _ => false,
        });
        let mut event = self.scene(|staff, at, event| !exists || young(staff, at, event));
        event.leak.file = "config.json".to_owned();
        vec![event]
    }

    fn fixture(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.file = "tests/fixtures/token.json".to_owned();
        event.leak.layers = if self.chance(0.3) { vec!["base64".to_owned()] } else { Vec::new() };
        if self.chance(0.3) {
            event.leak.guards = vec!["an allowing comment beside the credential".to_owned()];
        }
        vec![event]
    }

    fn reports(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.reported = Some(self.random.between(120, 3_500));
        event.leak.revoked = self.chance(0.6).then_some(true);
        event.bypass = self.chance(0.15);
        vec![event]
    }

    fn habit(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.file = "values.yaml".to_owned();
        if self.chance(0.4) {
            event.leak.guards = vec!["an allowing comment beside the credential".to_owned()];
            event.leak.reason = self.chance(0.5);
        }
        vec![event]
    }

    // Takeovers.

    /// Somebody else sits at the keyboard: their key or none, their zone, their interests. At least
    /// two of these show, for a takeover without any sign is one that nobody can see.
    fn stranger_at(&mut self, event: &mut Event) {
        let Face::Worker(at) = event.author else { return };
        let worker = &self.staff.workers[at];
        let home = worker.home_at(event.time);
        let (own, before) = (self.chance(0.5), event.clone());
        for _ in 0..100 {
            event.clone_from(&before);
            event.key = own.then(|| self.random.fingerprint());
            let zones = [180, 330, 420, 480, 540, -300, -180];
            let zone = if self.chance(0.8) { *self.random.pick(&zones) } else { home };
            event.zone = zone;
            let away = self.chance(0.5);
            if away {
                self.elsewhere(event, 0.25);
            }
            // Owners are on a list for a part of all credentials only.
            self.not_theirs(event, if away { 0.6 } else { 0.3 });
            let signs = [
                !worker.keys.is_empty(),
                (zone - home).abs() >= 180 && zone != 0,
                away,
                event.leak.owned == Some(false),
            ];
            if signs.into_iter().filter(|sign| *sign).count() >= 2 {
                break;
            }
        }
        event.leak.travel = self.chance(0.4).then(|| self.random.chance(0.8));
        event.leak.attested = false;
        event.pull_request = self.chance(0.15);
        event.default_branch = !event.pull_request && self.chance(0.4);
        event.bypass = event.default_branch && self.chance(0.25);
        event.leak.canary = self.chance(0.05);
        self.guard(event, 0.2);
        self.encode(event, 0.2);
    }

    fn takeover(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, _| !staff.workers[at].keys.is_empty());
        self.stranger_at(&mut event);
        vec![event]
    }

    fn awakening(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, event| {
            let worker = &staff.workers[at];
            let room = event.time + 230 * DAY < END && event.time > START + 90 * DAY;
            room && worker.end.is_none() && worker.rate > 0.25
        });
        let Face::Worker(at) = event.author else { return Vec::new() };
        let asleep = event.time;
        event.time += self.random.between(90, 210) * DAY;
        // They were elsewhere, on work that leaves no commits.
        self.sleeps.push((at, asleep, event.time + 10 * DAY));
        self.stranger_at(&mut event);
        vec![event]
    }

    fn spree(&mut self) -> Vec<Event> {
        let mut first = self.scene(|_, _, _| true);
        self.stranger_at(&mut first);
        let mut all = Vec::new();
        let count = self.staff.repositories.len();
        for step in 0..7 {
            let mut event = first.clone();
            event.repository = (first.repository + step) % count;
            event.folder = self.staff.repositories[event.repository].folders[0].0.clone();
            event.time += i64::try_from(step).expect("small") * self.random.between(600, 20_000);
            event.leak.day = (7, 3, 7);
            all.push(event);
        }
        all
    }

    fn foreign_push(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, _| !staff.workers[at].keys.is_empty());
        let Face::Worker(author) = event.author else { return Vec::new() };
        let time = event.time;
        let works = |at: &usize| {
            let worker = &self.staff.workers[*at];
            *at != author && !worker.kind.is_machine() && worker.works(time)
        };
        let others: Vec<usize> = (0..self.staff.workers.len()).filter(works).collect();
        self.stranger_at(&mut event);
        event.pusher = Pusher::Worker(*self.random.pick(&others));
        event.pull_request = false;
        vec![event]
    }

    fn raised(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, _| {
            let worker = &staff.workers[at];
            worker.admin_since.is_none() && worker.kind == PersonType::Employee
        });
        self.stranger_at(&mut event);
        let given = event.time - self.random.between(3_000, 2 * DAY);
        if let Face::Worker(at) = event.author {
            self.given.push((at, event.repository, given, event.time + DAY));
        }
        event.bypass = event.default_branch;
        vec![event]
    }

    fn left_behind(&mut self) -> Vec<Event> {
        let mut event = self
            .scene(|staff, at, _| staff.workers[at].end.is_some_and(|end| end < END - 30 * DAY));
        let Face::Worker(at) = event.author else { return Vec::new() };
        let end = self.staff.workers[at].end.unwrap_or(event.time);
        event.time = (end + self.random.between(3, 120) * DAY).min(END - DAY);
        self.stranger_at(&mut event);
        event.pusher = Pusher::Worker(at);
        vec![event]
    }

    // Intent.

    fn ended(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, _| {
            let worker = &staff.workers[at];
            worker.kind != PersonType::Employee
                && worker.end.is_some_and(|end| end < END - 30 * DAY)
        });
        let Face::Worker(at) = event.author else { return Vec::new() };
        let end = self.staff.workers[at].end.unwrap_or(event.time);
        event.time = end + self.random.between(2, 25) * DAY;
        event.pusher = Pusher::Worker(at);
        if self.chance(0.5) {
            self.elsewhere(&mut event, 0.5);
        }
        let listed = if self.chance(0.6) { 0.7 } else { 0.0 };
        self.not_theirs(&mut event, listed);
        event.outside = self.chance(0.4);
        self.guard(&mut event, 0.5);
        self.encode(&mut event, 0.4);
        vec![event]
    }

    fn fork(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        if let Face::Worker(at) = event.author {
            // Where a push went is known with the push.
            event.pusher = Pusher::Worker(at);
        }
        event.fork = self.chance(0.9);
        event.outside = !event.fork;
        event.pull_request = false;
        self.encode(&mut event, 0.85);
        self.guard(&mut event, 0.8);
        if self.chance(0.5) {
            self.elsewhere(&mut event, 0.5);
        }
        let listed = if self.chance(0.6) { 0.6 } else { 0.0 };
        self.not_theirs(&mut event, listed);
        event.leak.mismatch = self.chance(0.3);
        vec![event]
    }

    fn copied(&mut self) -> Vec<Event> {
        let mut event = self.scene(|_, _, _| true);
        event.leak.severity = crate::model::Severity::Critical;
        event.pull_request = false;
        self.elsewhere(&mut event, 0.5);
        self.not_theirs(&mut event, 0.8);
        event.outside = self.chance(0.8);
        event.fork = !event.outside;
        self.guard(&mut event, 0.5);
        self.encode(&mut event, 0.5);
        event.leak.mismatch = self.chance(0.4);
        vec![event]
    }

    fn spread(&mut self) -> Vec<Event> {
        let first = self.scene(|staff, at, event| {
            staff.workers[at].end.is_some_and(|end| (0..30 * DAY).contains(&(end - event.time)))
        });
        let mut all = Vec::new();
        for step in 0..5 {
            let mut event = first.clone();
            event.time += step * self.random.between(600, 10_000);
            self.elsewhere(&mut event, 0.5);
            event.leak.day = (9, 4, 5);
            self.not_theirs(&mut event, 0.6);
            self.guard(&mut event, 0.85);
            self.encode(&mut event, 0.4);
            event.leak.mismatch = self.chance(0.4);
            event.outside = self.chance(0.4);
            all.push(event);
        }
        all
    }

    fn borrowed(&mut self) -> Vec<Event> {
        let mut event = self.scene(|staff, at, event| {
            staff.workers[at].key(event.time).is_some_and(|key| key.announced)
        });
        let Face::Worker(signer) = event.author else { return Vec::new() };
        let time = event.time;
        let works = |at: &usize| {
            let worker = &self.staff.workers[*at];
            *at != signer && !worker.kind.is_machine() && worker.works(time)
        };
        let others: Vec<usize> = (0..self.staff.workers.len()).filter(works).collect();
        let name = *self.random.pick(&others);
        event.author = Face::Worker(name);
        event.committer = Face::Worker(name);
        event.pull_request = false;
        if self.chance(0.3) {
            event.key = None;
        }
        self.not_theirs(&mut event, 0.6);
        self.guard(&mut event, 0.5);
        self.encode(&mut event, 0.4);
        event.outside = self.chance(0.4);
        event.default_branch = self.chance(0.5);
        vec![event]
    }
}
