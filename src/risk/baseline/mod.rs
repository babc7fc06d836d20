//! What a person usually does, out of the history of a repository: hours, time zones, folders, keys,
//! volume and gaps. Everything is frozen at the time of the event, so that nobody is compared with
//! what they are judged for, and merges, bots and jobs do not count.

pub mod hours;

use std::collections::{BTreeMap, BTreeSet};

use super::case::Past;
use hours::{WEEK, hour_of_week};

const DAY: i64 = 86_400;

/// Commits closer together than this are one working session: a rebase of forty commits is one act.
const SESSION: i64 = 1_800;

/// After so many days a session counts half.
const HALF_LIFE: f64 = 60.0;

/// Commits of 90 days below which the last ones before count, however old.
const FEW_ZONES: u32 = 10;

/// How many of those.
const LAST_ZONES: usize = 20;

/// Folders of one commit that are kept.
pub const FOLDERS: usize = 100;

/// One commit as far as baselines need it.
#[derive(Debug, Clone, Default)]
pub struct Activity {
    /// Whose, by number: see [`History::person`].
    pub person: u32,
    /// Committer's clock, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// Author's time zone, minutes east of UTC.
    pub zone: i32,
    /// Fingerprint of the key that signed it, by number.
    pub key: Option<u32>,
    /// Signed at all.
    pub signed: bool,
    /// Files changed, where that was computed.
    pub files: Option<u32>,
    /// Folders changed, two levels deep, by number, sorted.
    pub folders: Vec<u32>,
    /// Has several parents.
    pub merge: bool,
    /// Made on the forge's site, whose key and time zone are not the person's.
    pub by_web: bool,
}

/// The commits of a repository, by person.
#[derive(Debug, Default)]
pub struct History {
    names: BTreeMap<String, u32>,
    keys: BTreeMap<String, u32>,
    key_names: Vec<String>,
    folders: BTreeMap<String, u32>,
    machines: BTreeSet<u32>,
    /// By time, once [`History::finish`] was called.
    commits: Vec<Activity>,
    by_person: BTreeMap<u32, Vec<u32>>,
    key_first: BTreeMap<u32, i64>,
}

fn number(map: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    if let Some(number) = map.get(name) {
        return *number;
    }
    let next = u32::try_from(map.len()).unwrap_or(u32::MAX);
    map.insert(name.to_owned(), next);
    next
}

impl History {
    /// The number of whoever `name` (an address in its normal form) stands for.
    pub fn person(&mut self, name: &str) -> u32 {
        number(&mut self.names, name)
    }

    /// Says that a person is a bot or job, which counts for nobody's baseline.
    pub fn machine(&mut self, person: u32) {
        self.machines.insert(person);
    }

    /// The number of a key.
    pub fn key(&mut self, fingerprint: &str) -> u32 {
        let number = number(&mut self.keys, fingerprint);
        if self.key_names.len() <= number as usize {
            self.key_names.push(fingerprint.to_owned());
        }
        number
    }

    /// The number of a folder.
    pub fn folder(&mut self, name: &str) -> u32 {
        number(&mut self.folders, name)
    }

    /// Adds a commit, in any order.
    pub fn add(&mut self, commit: Activity) {
        self.commits.push(commit);
    }

    /// Puts everything in order, after the last commit was added.
    pub fn finish(&mut self) {
        self.commits.sort_by_key(|commit| commit.time);
        self.by_person.clear();
        self.key_first.clear();
        for (at, commit) in self.commits.iter().enumerate() {
            let at = u32::try_from(at).unwrap_or(u32::MAX);
            self.by_person.entry(commit.person).or_default().push(at);
            if let Some(key) = commit.key {
                self.key_first.entry(key).or_insert(commit.time);
            }
        }
    }

    /// How many commits there are.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// When commits signed by a key were first seen.
    pub fn key_first_seen(&self, fingerprint: &str) -> Option<i64> {
        self.key_first.get(self.keys.get(fingerprint)?).copied()
    }

    /// The commits of everybody whose address is one of `names`, before `before`, oldest first.
    fn of<'a>(&'a self, names: &[String], before: i64) -> Vec<&'a Activity> {
        let numbers: BTreeSet<u32> =
            names.iter().filter_map(|name| self.names.get(name)).copied().collect();
        let lists = numbers.iter().filter_map(|number| self.by_person.get(number));
        let places: BTreeSet<u32> = lists.flatten().copied().collect();
        let all = places.into_iter().filter_map(|place| self.commits.get(place as usize));
        all.take_while(|commit| commit.time < before).collect()
    }

    /// What the person with these addresses did before `before`; `folder` is that of the secret.
    pub fn past(&self, names: &[String], before: i64, folder: Option<&str>) -> Past {
        let own = self.of(names, before);
        let mut past = Past { commits: own.len(), ..Past::default() };
        let working: Vec<&Activity> = own.iter().copied().filter(|one| !one.merge).collect();
        past.last = own.last().map(|one| one.time);
        Self::sessions(&mut past, &working, before);
        self.peers(&mut past, names, before);
        let recent =
            |days: i64| working.iter().copied().filter(move |one| one.time >= before - days * DAY);
        for commit in recent(90).filter(|one| !one.by_web) {
            *past.zones.entry(commit.zone).or_default() += 1;
        }
        if past.zones.values().sum::<u32>() < FEW_ZONES {
            // Whoever comes back after a long time is compared with how they were before it.
            let own = working.iter().rev().filter(|one| !one.by_web);
            past.zones.clear();
            for commit in own.take(LAST_ZONES) {
                *past.zones.entry(commit.zone).or_default() += 1;
            }
        }
        let signable: Vec<&&Activity> = working.iter().filter(|one| !one.by_web).collect();
        if signable.len() >= 20 {
            let last = &signable[signable.len() - 20..];
            let signed = last.iter().filter(|one| one.signed).count();
            past.signed_of_20 = u32::try_from(signed).ok();
        }
        let keys = signable.iter().filter_map(|one| one.key);
        let keys: BTreeSet<u32> = keys.collect();
        past.keys =
            keys.iter().filter_map(|key| self.key_names.get(*key as usize)).cloned().collect();
        past.keys.sort();
        let month: Vec<&Activity> = recent(30).filter(|one| !one.by_web).collect();
        let different = |get: &dyn Fn(&Activity) -> Option<i64>| {
            month.iter().filter_map(|one| get(one)).collect::<BTreeSet<_>>().len()
        };
        past.keys_in_30_days = different(&|one| one.key.map(i64::from));
        past.zones_in_30_days = different(&|one| Some(i64::from(one.zone)));
        let sizes: Vec<f64> = recent(90).filter_map(|one| one.files).map(f64::from).collect();
        if sizes.len() >= 10 {
            let middle = median(sizes.clone());
            past.files_mad = middle
                .and_then(|middle| median(sizes.iter().map(|x| (x - middle).abs()).collect()));
            past.files_median = middle;
        }
        if let Some(folder) = folder.and_then(|folder| self.folders.get(folder)) {
            self.in_folder(&mut past, *folder, names, before);
        }
        past
    }

    fn in_folder(&self, past: &mut Past, folder: u32, names: &[String], before: i64) {
        let numbers: BTreeSet<u32> =
            names.iter().filter_map(|name| self.names.get(name)).copied().collect();
        let since = before - 180 * DAY;
        let start = self.commits.partition_point(|one| one.time < since);
        let end = self.commits.partition_point(|one| one.time < before);
        let window = self.commits.get(start..end).unwrap_or_default();
        let here = window.iter().filter(|one| one.folders.binary_search(&folder).is_ok());
        let (mut own, mut others) = (0, 0);
        for commit in here {
            if numbers.contains(&commit.person) {
                own += 1;
            } else if !self.machines.contains(&commit.person) {
                others += 1;
            }
        }
        past.folder_commits = Some(own);
        past.folder_others = Some(others);
    }

    fn sessions(past: &mut Past, commits: &[&Activity], before: i64) {
        let mut starts: Vec<&Activity> = Vec::new();
        let mut last = i64::MIN;
        for commit in commits {
            if commit.time.saturating_sub(last) > SESSION {
                starts.push(commit);
            }
            last = commit.time;
        }
        past.sessions = starts.len();
        let local = |one: &Activity| one.time + i64::from(one.zone) * 60;
        let days: BTreeSet<i64> = starts.iter().map(|one| local(one).div_euclid(DAY)).collect();
        past.days = days.len();
        if let (Some(first), Some(last)) = (starts.first(), starts.last()) {
            past.span = last.time - first.time;
        }
        past.hours = week(starts.iter().copied(), before);
        let mut gaps: Vec<i64> =
            starts.windows(2).map(|pair| pair[1].time - pair[0].time).collect();
        gaps.sort_unstable();
        past.usual_gap = gaps.get(gaps.len() * 95 / 100).or(gaps.last()).copied();
    }

    /// The hours of everybody else who worked here in the last half year.
    fn peers(&self, past: &mut Past, names: &[String], before: i64) {
        let numbers: BTreeSet<u32> =
            names.iter().filter_map(|name| self.names.get(name)).copied().collect();
        let start = self.commits.partition_point(|one| one.time < before - 180 * DAY);
        let end = self.commits.partition_point(|one| one.time < before);
        let window = self.commits.get(start..end).unwrap_or_default();
        let counts = |one: &&Activity| {
            !one.merge && !numbers.contains(&one.person) && !self.machines.contains(&one.person)
        };
        let mut seen: BTreeMap<u32, i64> = BTreeMap::new();
        let mut starts = Vec::new();
        for commit in window.iter().filter(counts) {
            let last = seen.insert(commit.person, commit.time);
            if last.is_none_or(|last| commit.time - last > SESSION) {
                starts.push(commit);
            }
        }
        past.peers = seen.len();
        past.peer_hours = week(starts.into_iter(), before);
    }
}

/// Sessions by hour of the week in local time, older ones counting less.
fn week<'a>(starts: impl Iterator<Item = &'a Activity>, before: i64) -> Vec<f64> {
    let mut hours = vec![0.0; WEEK];
    for start in starts {
        let age = (before - start.time) as f64 / DAY as f64;
        let place = hour_of_week(start.time + i64::from(start.zone) * 60);
        if let Some(hour) = hours.get_mut(place) {
            *hour += 0.5f64.powf(age / HALF_LIFE);
        }
    }
    // Four digits are more than a histogram of sessions has to say, and the same on every machine.
    for hour in &mut hours {
        *hour = (*hour * 1e4).round() / 1e4;
    }
    hours
}

fn median(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    let upper = values.get(middle)?;
    if values.len() % 2 == 1 {
        return Some(*upper);
    }
    Some(f64::midpoint(*values.get(middle.checked_sub(1)?)?, *upper))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_794_787_200;

    fn history(build: impl Fn(&mut History, u32)) -> History {
        let mut history = History::default();
        let ana = history.person("ana@corp.example");
        build(&mut history, ana);
        history.finish();
        history
    }

    fn names() -> Vec<String> {
        vec!["ana@corp.example".to_owned()]
    }

    #[test]
    fn a_baseline_does_not_know_the_event_or_what_follows() {
        let history = history(|history, ana| {
            for day in 0..40 {
                history.add(Activity { person: ana, time: NOW - day * DAY, ..Activity::default() });
            }
            history.add(Activity {
                person: ana,
                time: NOW + DAY,
                zone: 540,
                ..Activity::default()
            });
        });
        let past = history.past(&names(), NOW, None);
        assert_eq!(past.commits, 39);
        assert_eq!(past.last, Some(NOW - DAY));
        assert!(!past.zones.contains_key(&540));
        assert_eq!(history.past(&names(), NOW + 2 * DAY, None).commits, 41);
    }

    #[test]
    fn a_rebase_of_many_commits_is_one_session() {
        let history = history(|history, ana| {
            for second in 0..40 {
                let time = NOW - DAY + second * 60;
                history.add(Activity { person: ana, time, ..Activity::default() });
            }
        });
        let past = history.past(&names(), NOW, None);
        assert_eq!((past.commits, past.sessions, past.days), (40, 1, 1));
    }

    #[test]
    fn merges_and_edits_on_the_site_do_not_make_habits() {
        let history = history(|history, ana| {
            for day in 1..=30 {
                let time = NOW - day * DAY;
                let commit =
                    Activity { person: ana, time, zone: 60, signed: true, ..Activity::default() };
                history.add(commit.clone());
                history.add(Activity { merge: true, zone: 0, signed: false, ..commit.clone() });
                history.add(Activity { by_web: true, zone: 0, signed: false, ..commit });
            }
        });
        let past = history.past(&names(), NOW, None);
        assert_eq!(past.signed_of_20, Some(20));
        assert_eq!(past.zones.into_iter().collect::<Vec<_>>(), [(60, 30)]);
    }

    #[test]
    fn folders_tell_own_work_from_that_of_others() {
        let history = history(|history, ana| {
            let folder = history.folder("deploy/prod");
            let (bob, bot) = (history.person("bob@corp.example"), history.person("bot"));
            history.machine(bot);
            for (person, count) in [(ana, 2), (bob, 12), (bot, 50)] {
                for day in 1..=count {
                    let time = NOW - day * DAY;
                    let folders = vec![folder];
                    history.add(Activity { person, time, folders, ..Activity::default() });
                }
            }
        });
        let past = history.past(&names(), NOW, Some("deploy/prod"));
        assert_eq!((past.folder_commits, past.folder_others), (Some(2), Some(12)));
        assert_eq!(history.past(&names(), NOW, Some("elsewhere")).folder_commits, None);
    }

    #[test]
    fn volume_is_measured_by_median_and_deviation() {
        let history = history(|history, ana| {
            for (day, files) in [1, 2, 2, 3, 3, 3, 4, 4, 5, 900].into_iter().enumerate() {
                let time = NOW - DAY * (i64::try_from(day).expect("small") + 1);
                history.add(Activity {
                    person: ana,
                    time,
                    files: Some(files),
                    ..Activity::default()
                });
            }
        });
        let past = history.past(&names(), NOW, None);
        assert_eq!((past.files_median, past.files_mad), (Some(3.0), Some(1.0)));
    }
}
