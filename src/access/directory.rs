//! The directory of people, brought into a form in which everybody can be gone through: one record a
//! person and source, names as hashes, rights summed up.
//!
//! Statements are read as a stream, so that 100,000 people cost some tens of megabytes. Records of
//! several sources are taken together by the rules of [`crate::identity::resolve`]: by address,
//! sign-in name, account or login, and never two of one source.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sha2::{Digest as _, Sha256};

use super::audit::Audit;
use super::rights::Rights;
use crate::identity::{
    Authority, Error, Found, Handle, HandleKind, Holder, Person, PersonType, Record, Status,
};

/// Records of other sources that are taken together with one person's, at most.
const LINKED: usize = 32;

/// Handles of one person that are followed, at most.
const FOLLOWED: usize = 64;

/// A hash of a name; 128 bits of SHA-256, so that nobody can make two names meet.
pub(super) type NameHash = u128;

/// A person as one source states it, as far as reviews need it.
#[derive(Debug)]
pub(super) struct Entry {
    pub source: u16,
    pub id: Box<str>,
    pub kind: PersonType,
    pub status: Status,
    pub end: Option<i64>,
    pub access_expires: Option<i64>,
    pub two_factor: Option<bool>,
    pub created: Option<i64>,
    pub last_used: Option<i64>,
    pub owned: bool,
    /// When what is said of them began to hold, or was first stated.
    pub since: i64,
    pub teams: Box<[u32]>,
}

impl Entry {
    /// Where the person stands at `now`, and since when: a date decides, whatever the word is.
    pub fn standing(&self, now: i64) -> (Status, i64) {
        match self.end {
            Some(end) if end <= now => (Status::Departed.max(self.status), end),
            Some(end) if self.status == Status::Departed => (Status::Active, end),
            _ => (self.status, self.since),
        }
    }
}

/// Several persons of one source who go by one name, or one key of several people.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shared {
    pub kind: HandleKind,
    pub people: Vec<u32>,
}

/// Texts by number.
#[derive(Debug, Default)]
struct Texts {
    numbers: HashMap<Box<str>, u32>,
    texts: Vec<Box<str>>,
}

impl Texts {
    fn number(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text) {
            return *number;
        }
        let number = u32::try_from(self.texts.len()).unwrap_or(u32::MAX);
        self.texts.push(text.into());
        self.numbers.insert(text.into(), number);
        number
    }

    fn get(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", |text| text)
    }
}

/// Everybody.
#[derive(Debug, Default)]
pub(super) struct People {
    /// Names and authority of the sources that people are of.
    pub sources: Vec<(String, Authority)>,
    /// By source and id.
    pub entries: Vec<Entry>,
    teams: Texts,
    resources: Texts,
    /// Rights of people, by place in `entries`.
    own: Vec<Rights>,
    /// Rights of teams, by source and team.
    of_teams: BTreeMap<(u16, u32), Rights>,
    /// Members of teams, by source and team.
    members: BTreeMap<(u16, u32), u32>,
    /// By name: whose it is.
    names: Vec<(NameHash, u32)>,
    /// The same by person.
    by_person: Vec<(u32, NameHash)>,
    keys: Vec<(NameHash, u32)>,
    /// Hosts of forges at which accounts are known.
    pub realms: BTreeSet<String>,
    /// Hosts of forges of which teams are known.
    pub team_realms: BTreeSet<String>,
    /// Grants of which the source states no holder.
    pub orphans: BTreeMap<String, u64>,
}

/// The hash of a name. Addresses and sign-in names are compared with each other, as resolution does.
pub(super) fn hash(kind: HandleKind, realm: &str, value: &str) -> NameHash {
    let tag: &[u8] = match kind {
        HandleKind::Email | HandleKind::Saml => b"n",
        HandleKind::Account => b"a",
        HandleKind::Login => b"l",
        HandleKind::SigningKey => b"k",
    };
    let digest = Sha256::new()
        .chain_update(tag)
        .chain_update(realm.as_bytes())
        .chain_update([0])
        .chain_update(value.as_bytes())
        .finalize();
    digest.iter().take(16).fold(0, |number, byte| number << 8 | u128::from(*byte))
}

/// What is known only once all of a source is read.
#[derive(Default)]
struct Pending {
    rights: HashMap<(u16, Box<str>), Rights>,
    /// Kind, name and whose by source and id.
    handles: Vec<(HandleKind, NameHash, u16, Box<str>)>,
}

impl People {
    /// Reads statements as `stream` gives them; what holds at `now` counts. `repositories` are those
    /// that are given to be looked at: each with what it is in, as `identity::resolve::resources_of`
    /// gives them. `audit` tells of the use of rights.
    pub fn read(
        stream: impl FnOnce(&mut dyn FnMut(Found<Record>) -> Result<(), Error>) -> Result<(), Error>,
        repositories: &[Vec<String>],
        audit: Option<&Audit>,
        now: i64,
    ) -> Result<People, Error> {
        let mut people = People::default();
        let mut pending = Pending::default();
        stream(&mut |found| {
            if found.from <= now && now < found.until {
                people.take(found, &mut pending, (repositories, audit), now);
            }
            Ok(())
        })?;
        people.settle(pending);
        Ok(people)
    }

    fn take(
        &mut self,
        found: Found<Record>,
        pending: &mut Pending,
        (repositories, audit): (&[Vec<String>], Option<&Audit>),
        now: i64,
    ) {
        let source = self.source(&found.source, found.authority);
        let since = if found.from == i64::MIN { found.known_since } else { found.from };
        match found.value {
            Record::Person(person) => self.person(person, source, since),
            Record::Handle(handle) => {
                if !handle.realm.is_empty() && !self.realms.contains(&handle.realm) {
                    self.realms.insert(handle.realm.clone());
                }
                let Handle { person, kind, realm, value, revoked, .. } = handle;
                if revoked.is_none_or(|revoked| revoked > now) {
                    let name = hash(kind, &realm, &value);
                    pending.handles.push((kind, name, source, person.into()));
                }
            }
            Record::Grant(grant) => {
                if grant.since.is_some_and(|since| since > now)
                    || grant.expires.is_some_and(|expires| expires <= now)
                {
                    return;
                }
                let mut covers = 0u64;
                for (at, one) in repositories.iter().enumerate() {
                    if one.contains(&grant.resource) {
                        covers |= 1 << at.min(63);
                    }
                }
                let audited = audit.is_some_and(|audit| audit.covers(&grant.resource));
                let resource = self.resources.number(&grant.resource);
                match &grant.holder {
                    Holder::Person(id) => {
                        let mut rights = Rights::default();
                        rights.add(&grant, resource, (covers, audited));
                        if !rights.is_empty() {
                            let key = (source, id.as_str().into());
                            pending.rights.entry(key).or_default().merge(&rights);
                        }
                    }
                    Holder::Team(name) => {
                        self.team_realm(name);
                        let team = self.teams.number(name);
                        let rights = self.of_teams.entry((source, team)).or_default();
                        rights.add(&grant, resource, (covers, audited));
                    }
                }
            }
            Record::Resource(_) => {}
        }
    }

    fn source(&mut self, name: &str, authority: Authority) -> u16 {
        let at = self.sources.iter().rposition(|one| one.0 == name).unwrap_or_else(|| {
            self.sources.push((name.to_owned(), authority));
            self.sources.len() - 1
        });
        u16::try_from(at).unwrap_or(u16::MAX)
    }

    fn team_realm(&mut self, team: &str) {
        let realm = team.split('/').next().unwrap_or_default();
        if !self.team_realms.contains(realm) {
            self.team_realms.insert(realm.to_owned());
        }
    }

    fn person(&mut self, person: Person, source: u16, since: i64) {
        let teams: Vec<u32> = person
            .teams
            .iter()
            .map(|team| {
                self.team_realm(team);
                self.teams.number(team)
            })
            .collect();
        for team in &teams {
            // Whoever has left does not make a team one of somebody.
            if person.status < Status::Suspended {
                *self.members.entry((source, *team)).or_default() += 1;
            }
        }
        self.entries.push(Entry {
            source,
            id: person.id.into(),
            kind: person.kind,
            status: person.status,
            end: person.end,
            access_expires: person.access_expires,
            two_factor: person.two_factor,
            created: person.created,
            last_used: person.last_used,
            owned: person.owner.is_some(),
            since,
            teams: teams.into(),
        });
    }

    fn settle(&mut self, pending: Pending) {
        self.entries.sort_by(|a, b| (a.source, &a.id).cmp(&(b.source, &b.id)));
        self.own.resize_with(self.entries.len(), Rights::default);
        for ((source, id), rights) in pending.rights {
            if let Some(at) = self.place(source, &id) {
                self.own[at as usize] = rights;
            } else {
                let name = self.sources[usize::from(source)].0.clone();
                *self.orphans.entry(name).or_default() += 1;
            }
        }
        for (kind, name, source, id) in pending.handles {
            let Some(at) = self.place(source, &id) else { continue };
            if kind == HandleKind::SigningKey {
                self.keys.push((name, at));
            } else {
                self.names.push((name, at));
            }
        }
        self.names.sort_unstable();
        self.names.dedup();
        self.keys.sort_unstable();
        self.keys.dedup();
        self.by_person = self.names.iter().map(|(name, at)| (*at, *name)).collect();
        self.by_person.sort_unstable();
    }

    fn place(&self, source: u16, id: &str) -> Option<u32> {
        let found =
            self.entries.binary_search_by(|one| (one.source, &*one.id).cmp(&(source, id))).ok()?;
        u32::try_from(found).ok()
    }

    /// The person at a place.
    pub fn entry(&self, at: u32) -> &Entry {
        &self.entries[at as usize]
    }

    /// Name and authority of a person's source.
    pub fn source_of(&self, at: u32) -> &(String, Authority) {
        &self.sources[usize::from(self.entry(at).source)]
    }

    /// A resource's id.
    pub fn resource(&self, number: u32) -> &str {
        self.resources.get(number)
    }

    /// What a person may do, by grants of their own and of their teams.
    pub fn rights(&self, at: u32) -> Rights {
        let mut rights = self.own[at as usize].clone();
        let entry = self.entry(at);
        for team in &entry.teams {
            if let Some(of_team) = self.of_teams.get(&(entry.source, *team)) {
                rights.merge(of_team);
            }
        }
        rights
    }

    /// A person's own rights, without those of teams.
    pub fn own_rights(&self, at: u32) -> &Rights {
        &self.own[at as usize]
    }

    /// All teams with rights: source, name, rights and how many are in it.
    pub fn teams(&self) -> impl Iterator<Item = (&str, &str, &Rights, u32)> {
        self.of_teams.iter().map(|((source, team), rights)| {
            let members = self.members.get(&(*source, *team)).copied().unwrap_or(0);
            let name = self.teams.get(*team);
            (self.sources[usize::from(*source)].0.as_str(), name, rights, members)
        })
    }

    /// A team by name: the source that knows it, its rights and how many are in it.
    pub fn team(&self, name: &str) -> Option<(&str, Option<&Rights>, u32)> {
        let team = *self.teams.numbers.get(name)?;
        let count = u16::try_from(self.sources.len()).unwrap_or(u16::MAX);
        (0..count).find_map(|source| {
            let rights = self.of_teams.get(&(source, team));
            let members = self.members.get(&(source, team)).copied();
            (rights.is_some() || members.is_some()).then(|| {
                let name = self.sources[usize::from(source)].0.as_str();
                (name, rights, members.unwrap_or(0))
            })
        })
    }

    /// Whose a name is.
    pub fn by_name(&self, name: NameHash) -> impl Iterator<Item = u32> + '_ {
        let start = self.names.partition_point(|one| one.0 < name);
        let rest = self.names.get(start..).unwrap_or_default();
        rest.iter().take_while(move |one| one.0 == name).map(|one| one.1)
    }

    /// The names of a person.
    pub fn names_of(&self, at: u32) -> impl Iterator<Item = NameHash> + '_ {
        let start = self.by_person.partition_point(|one| one.0 < at);
        let rest = self.by_person.get(start..).unwrap_or_default();
        rest.iter().take_while(move |one| one.0 == at).map(|one| one.1)
    }

    /// The records of all sources about one person, the one with the most say first; and those that
    /// a name leads to as well, of sources that had one already.
    pub fn linked(&self, at: u32) -> (Vec<u32>, Vec<u32>) {
        let mut found = vec![at];
        let mut others = Vec::new();
        let mut sources = vec![self.entry(at).source];
        let mut next = 0;
        while let Some(one) = found.get(next).copied() {
            next += 1;
            for name in self.names_of(one).take(FOLLOWED) {
                for other in self.by_name(name).take(LINKED) {
                    let source = self.entry(other).source;
                    if found.contains(&other) || others.contains(&other) {
                        continue;
                    }
                    if sources.contains(&source) {
                        others.push(other);
                    } else if found.len() < LINKED {
                        found.push(other);
                        sources.push(source);
                    }
                }
            }
        }
        found.sort_by(|a, b| {
            let (a, b) = (self.source_of(*a), self.source_of(*b));
            b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0))
        });
        (found, others)
    }

    /// Names that several people of one source go by, and keys of several people.
    pub fn shared(&self) -> Vec<Shared> {
        let mut all = Vec::new();
        for group in self.names.chunk_by(|a, b| a.0 == b.0) {
            let mut people: Vec<u32> = group.iter().map(|one| one.1).collect();
            people.sort_unstable();
            for of_source in people.chunk_by(|a, b| self.entry(*a).source == self.entry(*b).source)
            {
                if of_source.len() > 1 {
                    all.push(Shared { kind: HandleKind::Email, people: of_source.to_vec() });
                }
            }
        }
        for group in self.keys.chunk_by(|a, b| a.0 == b.0) {
            let mut people: Vec<u32> = Vec::new();
            for (_, at) in group {
                let known = |one: &u32| self.linked(*one).0.contains(at);
                if !people.iter().any(known) {
                    people.push(*at);
                }
            }
            if people.len() > 1 {
                all.push(Shared { kind: HandleKind::SigningKey, people });
            }
        }
        all.sort_by(|a, b| (a.kind, &a.people).cmp(&(b.kind, &b.people)));
        all.dedup();
        all
    }
}

#[cfg(test)]
#[path = "directory/tests.rs"]
mod tests;
