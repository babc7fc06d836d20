//! Everyday work: thousands of commits over fourteen months, with all that looks odd and is not.
//! Leave, travel, new machines and keys, rebases of colleagues' work, edits on the site, bots,
//! renames of everything, nights on call, people from outside in public repositories.

use super::event::{Event, Face, Leak, Pusher, Truth};
use super::people::{DAY, END, START, Staff};
use super::random::Random;
use crate::identity::Visibility;

/// All everyday events of an organisation, by time.
pub fn everyday(staff: &Staff, random: &mut Random) -> Vec<Event> {
    let mut events = Vec::new();
    for at in 0..staff.workers.len() {
        let mut own = Random::new(random.next());
        if staff.workers[at].kind.is_machine() {
            machine(staff, at, &mut own, &mut events);
        } else {
            person(staff, at, &mut own, &mut events);
        }
    }
    strangers(staff, random, &mut events);
    events.sort_by_key(|event| event.time);
    events
}

/// The time zero o'clock of a local day, and how many days since Monday.
fn weekday(day: i64) -> i64 {
    (day - START).div_euclid(DAY).rem_euclid(7)
}

fn person(staff: &Staff, at: usize, random: &mut Random, events: &mut Vec<Event>) {
    let worker = &staff.workers[at];
    let on_call = random.chance(0.25).then(|| random.between(0, 7));
    let mut day = START;
    while day < END {
        let weekend = weekday(day) >= 5;
        let duty = on_call.is_some_and(|turn| (day - START) / (7 * DAY) % 8 == turn);
        let rate = if weekend { worker.odd_hours * 0.5 } else { worker.rate };
        if worker.works(day + DAY / 2) && random.chance(rate) {
            let mut hour = worker.rhythm.0 + worker.rhythm.1 * random.unit();
            let kind = if random.chance(worker.odd_hours) {
                hour = random.normal(21.5, 1.5);
                "late"
            } else {
                "work"
            };
            session(staff, at, local(staff, at, day, hour), kind, random, events);
        }
        if duty && worker.works(day + DAY / 2) && random.chance(0.08) {
            let time = local(staff, at, day, random.normal(2.0, 1.5));
            session(staff, at, time, "on call", random, events);
        }
        day += DAY;
    }
}

/// The moment of an hour of a local day.
fn local(staff: &Staff, at: usize, day: i64, hour: f64) -> i64 {
    let zone = i64::from(staff.workers[at].zone_at(day + DAY / 2));
    day + (hour * 3_600.0) as i64 - zone * 60
}

/// One sitting: one to three commits in one repository.
fn session(
    staff: &Staff,
    at: usize,
    start: i64,
    kind: &'static str,
    random: &mut Random,
    events: &mut Vec<Event>,
) {
    let repository = repository_of(staff, at, start, random);
    let mut time = start;
    for _ in 0..random.between(1, 2) {
        if staff.workers[at].works(time) {
            let mut event = commit(staff, at, time, repository, random);
            event.kind = kind;
            oddities(staff, at, &mut event, random);
            events.push(event);
        }
        time += random.between(120, 1_500);
    }
}

/// Where somebody works: mostly in their team's repositories.
fn repository_of(staff: &Staff, at: usize, time: i64, random: &mut Random) -> usize {
    let team = staff.workers[at].team(time);
    let repositories = || staff.repositories.iter().enumerate();
    let own: Vec<usize> =
        repositories().filter(|(_, one)| one.teams[0] == team).map(|(at, _)| at).collect();
    let near: Vec<usize> =
        repositories().filter(|(_, one)| one.teams.contains(&team)).map(|(at, _)| at).collect();
    match random.below(100) {
        0..78 => own[(at + usize::from(random.chance(0.15))) % own.len()],
        78..98 => *random.pick(&near),
        _ => random.below(staff.repositories.len()),
    }
}

/// A commit as somebody usually makes it.
pub fn commit(
    staff: &Staff,
    at: usize,
    time: i64,
    repository: usize,
    random: &mut Random,
) -> Event {
    let worker = &staff.workers[at];
    let place = &staff.repositories[repository];
    let team = worker.team(time);
    let own: Vec<&str> = place
        .folders
        .iter()
        .filter(|(_, owner)| owner.is_none_or(|owner| owner == team))
        .map(|(folder, _)| folder.as_str())
        .collect();
    let folder = if !own.is_empty() && random.chance(0.93) {
        (*random.pick(&own)).to_owned()
    } else {
        random.pick(&place.folders).0.clone()
    };
    let pull_request = random.chance(place.pull_requests);
    let mut leak = Leak::typical(random);
    leak.review = pull_request && random.chance(0.7);
    leak.self_merged &= pull_request;
    Event {
        truth: Truth::Innocent,
        kind: "work",
        story: None,
        time,
        repository,
        author: Face::Worker(at),
        committer: Face::Worker(at),
        pusher: if random.chance(0.85) { Pusher::Worker(at) } else { Pusher::Unknown },
        zone: if random.chance(worker.containers) { 0 } else { worker.zone_at(time) },
        key: worker.key(time).map(|key| key.fingerprint.clone()),
        files: (1.0 + random.unit().powi(-1).min(40.0) * 1.2) as u32,
        folder,
        merge: false,
        pull_request,
        fork: place.visibility == Visibility::Public && pull_request && random.chance(0.4),
        outside: false,
        bypass: false,
        default_branch: !pull_request && random.chance(if place.protected { 0.12 } else { 0.6 }),
        leak,
    }
}

/// What looks odd about everyday work.
fn oddities(staff: &Staff, at: usize, event: &mut Event, random: &mut Random) {
    let worker = &staff.workers[at];
    match random.below(1_000) {
        0..45 => {
            event.kind = "edit on the site";
            event.committer = Face::Site;
            event.key = Some("SHA256:forge".to_owned());
            event.zone = worker.zone_at(event.time);
        }
        45..115 => {
            event.kind = "merge";
            event.merge = true;
        }
        115..135 => borrow(staff, at, event, "rebase by a colleague", random),
        135..147 => borrow(staff, at, event, "pair programming", random),
        147..150 => {
            event.kind = "everything renamed";
            event.files = u32::try_from(random.between(80, 900)).expect("small");
        }
        150..156 => {
            event.kind = "other machine";
            event.key = None;
        }
        156..160 => {
            event.kind = "private fork";
            event.fork = true;
        }
        _ => {}
    }
    let admin = worker.admin_since.is_some_and(|since| since <= event.time);
    if admin && !event.pull_request && event.default_branch && random.chance(0.15) {
        event.bypass = true;
    }
}

/// A commit of one person's that somebody else of the team brings.
fn borrow(staff: &Staff, at: usize, event: &mut Event, kind: &'static str, random: &mut Random) {
    let team = staff.workers[at].team(event.time);
    let fits = |other: &usize| {
        let worker = &staff.workers[*other];
        *other != at
            && !worker.kind.is_machine()
            && worker.team(event.time) == team
            && worker.works(event.time)
    };
    let others: Vec<usize> = (0..staff.workers.len()).filter(fits).collect();
    if others.is_empty() {
        return;
    }
    let other = *random.pick(&others);
    event.kind = kind;
    event.pusher = Pusher::Worker(other);
    if random.chance(0.4) {
        // A branch that both work on: the commit stays as it is.
        return;
    }
    event.committer = Face::Worker(other);
    event.key = staff.workers[other].key(event.time).map(|key| key.fingerprint.clone());
}

/// Bots and jobs.
fn machine(staff: &Staff, at: usize, random: &mut Random, events: &mut Vec<Event>) {
    let mut day = START;
    while day < END {
        if random.chance(0.5) {
            let time = day + random.between(0, DAY - 1);
            let repository = random.below(staff.repositories.len());
            let mut event = commit(staff, at, time, repository, random);
            event.kind = "bot";
            event.zone = 0;
            event.leak.reported = None;
            event.pusher = Pusher::Worker(at);
            events.push(event);
        }
        day += DAY;
    }
}

/// People from outside in public repositories: their pull requests come from forks.
fn strangers(staff: &Staff, random: &mut Random, events: &mut Vec<Event>) {
    for (place, repository) in staff.repositories.iter().enumerate() {
        if repository.visibility != Visibility::Public {
            continue;
        }
        for _ in 0..40 {
            let time = random.between(START, END - DAY);
            let mut event = commit(staff, 0, time, place, random);
            let who = random.between(1, 20);
            let address = format!("friend{who}@elsewhere.example");
            event.kind = "contribution from outside";
            event.author = Face::Stranger(address.clone());
            event.committer = Face::Stranger(address);
            event.pusher = Pusher::Stranger(format!("friend{who}"));
            event.key = None;
            event.zone = i32::try_from(random.between(-8, 9) * 60).expect("small");
            (event.pull_request, event.fork, event.leak.review) = (true, true, true);
            event.default_branch = false;
            events.push(event);
        }
    }
}
