//! What the directory says of somebody at a time: the records of all sources about one person, taken
//! together, and what that person may do.

use std::collections::BTreeSet;

use super::Resolver;
use crate::identity::actor::{Permission, PersonKey, Standing};
use crate::identity::{
    Authority, Error, Found, Grant, GrantOrigin, Handle, HandleKind, Holder, Moment, Person,
    PersonType, Role, Status,
};
use crate::model::text::escape;

/// Records of other sources that are taken together with one person's, at most.
const LINKED: usize = 32;

/// Handles of one person that are followed, at most.
const FOLLOWED: usize = 64;

impl Resolver<'_> {
    /// What the directory says of whoever goes by one of these handles.
    pub(super) fn standing(&self, found: &[Found<Handle>]) -> Result<Standing, Error> {
        let linked = self.linked(found)?;
        let mut standing = merge(&linked.persons, self.at.valid);
        standing.shared = linked.shared;
        standing.emails = linked.values(HandleKind::Email);
        standing.keys = linked.values(HandleKind::SigningKey);
        standing.logins = linked.in_realm(HandleKind::Login);
        standing.accounts = linked.in_realm(HandleKind::Account);
        standing.linked = linked.is_linked();
        let (then, ended, bypass) = self.permission(&linked, self.at)?;
        let today = Moment { valid: self.now, known: self.at.known };
        let (now, ..) = self.permission(&linked, today)?;
        standing.then = then;
        standing.now = now;
        standing.bypass = bypass;
        let ended_at = ended.as_ref().and_then(|right| right.expires);
        if standing.then.as_ref().is_none_or(|one| one.role < Role::Write) {
            let expired = linked.persons.iter().filter_map(|one| one.value.access_expires);
            let expired = expired.chain(ended_at).filter(|end| *end <= self.at.valid);
            standing.access_ended = standing.access_ended.or(expired.max());
            standing.expired = ended;
        }
        let states = self.directory.sources()?;
        let old = |name: &str| {
            let state = states.iter().find(|state| state.name == name);
            state.is_some_and(|state| self.now.saturating_sub(state.as_of) > self.stale_after)
        };
        let named: BTreeSet<&str> =
            linked.persons.iter().map(|person| person.source.as_str()).collect();
        standing.stale = named.into_iter().filter(|name| old(name)).map(str::to_owned).collect();
        Ok(standing)
    }

    /// The records of all sources about one person.
    fn linked(&self, found: &[Found<Handle>]) -> Result<Linked, Error> {
        let mut linked = Linked::default();
        let mut open: Vec<PersonKey> = Vec::new();
        let found = if found.len() > 1 { self.present(found)? } else { found.to_vec() };
        for one in &found {
            let key = key_of(one);
            linked.shared |= open.iter().any(|other| other.source == key.source && *other != key);
            if !open.contains(&key) {
                open.push(key);
            }
        }
        let mut known: BTreeSet<PersonKey> = open.iter().cloned().collect();
        // One ring around the person after the other: each is one question for people and one for
        // who shares their names.
        while !open.is_empty() {
            let mut names = BTreeSet::new();
            for one in self.directory.people(&open, self.at)? {
                let person = one.person.filter(|person| !is_ahead(&person.value, self.at.valid));
                let Some(person) = person else { continue };
                linked.persons.push(person);
                let handles = one.handles.into_iter().take(FOLLOWED);
                linked.handles.extend(handles.inspect(|one| names.extend(joining(&one.value))));
            }
            open.clear();
            if names.is_empty() {
                break;
            }
            let names: Vec<_> = names.into_iter().collect();
            for other in self.directory.by_handles(&names, self.at)? {
                let key = key_of(&other);
                // One source never has one person twice: the second is somebody else.
                let taken = known.iter().any(|one| one.source == key.source);
                if !taken && known.len() < LINKED && known.insert(key.clone()) {
                    open.push(key);
                }
            }
        }
        linked
            .persons
            .sort_by(|a, b| b.authority.cmp(&a.authority).then_with(|| a.source.cmp(&b.source)));
        Ok(linked)
    }

    /// Of several people of one source who share a name, those who belonged to it at the time:
    /// whoever comes back under a new number, or inherits an address, is not who left. Those whose
    /// first day is still to come are nobody yet.
    fn present(&self, found: &[Found<Handle>]) -> Result<Vec<Found<Handle>>, Error> {
        let mut here = Vec::new();
        let keys: Vec<PersonKey> = found.iter().map(key_of).collect();
        let people = self.directory.people(&keys, self.at)?;
        for (one, described) in found.iter().zip(people) {
            let person = described.person;
            let Some(person) = person.filter(|person| !is_ahead(&person.value, self.at.valid))
            else {
                continue;
            };
            let (status, ..) = status_at(&person, self.at.valid);
            here.push((status != Status::Departed, one.clone()));
        }
        let mut kept = Vec::new();
        for (active, one) in &here {
            let others = || {
                here.iter().any(|(active, other)| {
                    *active && other.source == one.source && other.value.person != one.value.person
                })
            };
            if *active || !others() {
                kept.push(one.clone());
            }
        }
        Ok(kept)
    }

    /// The highest right that holds at `at`; of those that would let push and had ended, the last; and
    /// whether rules may be passed by.
    fn permission(
        &self,
        linked: &Linked,
        at: Moment,
    ) -> Result<(Option<Permission>, Option<Permission>, bool), Error> {
        let (mut best, mut ended): (Option<Permission>, Option<Permission>) = (None, None);
        let mut bypass = false;
        let mut holders = Vec::new();
        for person in &linked.persons {
            let holds = |holder| (person.source.clone(), holder);
            holders.push(holds(Holder::Person(person.value.id.clone())));
            holders.extend(person.value.teams.iter().cloned().map(Holder::Team).map(holds));
        }
        let mut grants = self.directory.grants(&holders, &self.resources, at)?;
        // Of two that say the same, that of the source with the most say counts.
        let rank = |source: &str| linked.persons.iter().position(|one| one.source == source);
        grants.sort_by_key(|grant| rank(&grant.source));
        for grant in &grants {
            let right = &grant.value;
            if right.since.is_some_and(|since| since > at.valid) {
                continue;
            }
            if right.expires.is_some_and(|expires| expires <= at.valid) {
                let later = ended.as_ref().is_none_or(|known| right.expires > known.expires);
                if right.role >= Role::Write && later {
                    ended = Some(permission_of(grant, at));
                }
                continue;
            }
            if right.origin == GrantOrigin::Bypass {
                bypass = true;
                continue;
            }
            let better = best.as_ref().is_none_or(|best| {
                (right.role, narrow(right.origin)) > (best.role, narrow(best.origin))
            });
            if better {
                best = Some(permission_of(grant, at));
            }
        }
        Ok((best, ended, bypass))
    }
}

/// Under which names somebody's records in other sources are looked up: addresses and sign-in names
/// as both.
fn joining(handle: &Handle) -> Vec<(HandleKind, String, String)> {
    let as_kind = |kind, realm: &str| (kind, realm.to_owned(), handle.value.clone());
    match handle.kind {
        HandleKind::Email | HandleKind::Saml => {
            vec![as_kind(HandleKind::Email, ""), as_kind(HandleKind::Saml, "")]
        }
        HandleKind::Account | HandleKind::Login => vec![as_kind(handle.kind, &handle.realm)],
        HandleKind::SigningKey => Vec::new(),
    }
}

fn key_of(handle: &Found<Handle>) -> PersonKey {
    PersonKey { source: handle.source.clone(), id: handle.value.person.clone() }
}

/// Whether a person's first day is more than a day ahead.
fn is_ahead(person: &Person, time: i64) -> bool {
    person.start.is_some_and(|start| start > time.saturating_add(86_400))
}

/// Of two grants of the same right, the one that says more about why.
fn narrow(origin: GrantOrigin) -> u8 {
    match origin {
        GrantOrigin::Direct | GrantOrigin::Outside => 4,
        GrantOrigin::Team => 3,
        GrantOrigin::Group => 2,
        GrantOrigin::Organisation => 1,
        GrantOrigin::Effective | GrantOrigin::Bypass => 0,
    }
}

fn permission_of(grant: &Found<Grant>, at: Moment) -> Permission {
    let team = match &grant.value.holder {
        Holder::Team(team) => Some(escape(team.as_bytes())),
        Holder::Person(_) => None,
    };
    Permission {
        role: grant.value.role,
        role_name: grant.value.role_name.as_ref().map(|name| escape(name.as_bytes())),
        origin: grant.value.origin,
        team,
        resource: escape(grant.value.resource.as_bytes()),
        source: grant.source.clone(),
        expires: grant.value.expires,
        certain: grant.covers(at.valid) || grant.value.since.is_some(),
    }
}

/// The records of all sources about one person.
#[derive(Default)]
struct Linked {
    /// The one with the most say first.
    persons: Vec<Found<Person>>,
    handles: Vec<Found<Handle>>,
    shared: bool,
}

impl Linked {
    fn values(&self, kind: HandleKind) -> Vec<String> {
        let all = self.handles.iter().filter(|one| one.value.kind == kind);
        all.map(|one| one.value.value.clone()).collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// Whether the account at the forge is joined with a person of another source, for people who
    /// have an account there.
    fn is_linked(&self) -> Option<bool> {
        let forge = self.persons.iter().any(|one| one.authority == Authority::Forge);
        let other = self.persons.iter().any(|one| one.authority == Authority::Directory);
        let saml = self.handles.iter().any(|one| one.value.kind == HandleKind::Saml);
        (forge && (other || saml)).then_some(true)
    }

    fn in_realm(&self, kind: HandleKind) -> Vec<String> {
        let all = self.handles.iter().filter(|one| one.value.kind == kind);
        let all = all.map(|one| format!("{}/{}", one.value.realm, one.value.value));
        all.collect::<BTreeSet<_>>().into_iter().collect()
    }
}

/// Takes the records of several sources together, as they stood at `time`; `persons` has the one
/// with the most say first.
fn merge(persons: &[Found<Person>], time: i64) -> Standing {
    let mut standing = Standing::default();
    let key =
        |one: &Found<Person>| PersonKey { source: one.source.clone(), id: one.value.id.clone() };
    standing.persons = persons.iter().map(key).collect();
    let first =
        |get: &dyn Fn(&Person) -> Option<i64>| persons.iter().find_map(|one| get(&one.value));
    let text = |get: &dyn Fn(&Person) -> Option<String>| {
        persons.iter().find_map(|one| get(&one.value)).map(|text| escape(text.as_bytes()))
    };
    standing.listed = persons.iter().any(|one| one.authority > Authority::Forge);
    standing.name = text(&|person| person.name.clone());
    standing.owner = text(&|person| person.owner.clone());
    standing.manager = text(&|person| person.manager.clone());
    standing.start = first(&|person| person.start);
    standing.end = first(&|person| person.end);
    standing.account_created = first(&|person| person.created);
    let kinds = persons.iter().map(|one| one.value.kind);
    standing.kind = kinds.clone().find(|kind| *kind != PersonType::Unknown).unwrap_or_default();
    if let Some(machine) = kinds.into_iter().find(|kind| kind.is_machine()) {
        standing.kind = machine;
    }
    standing.access_over_at = access_over(persons, time);
    standing.access_over = standing.access_over_at.is_some();
    standing.privileged = persons.iter().any(|one| one.value.privileged);
    let factors = persons.iter().filter_map(|one| one.value.two_factor);
    standing.two_factor = factors.reduce(|one, other| one && other);
    let teams = persons.iter().flat_map(|one| one.value.teams.iter().cloned());
    standing.teams = teams.collect::<BTreeSet<_>>().into_iter().collect();
    for person in persons {
        let (status, since, perhaps) = status_at(person, time);
        standing.perhaps_departed |= perhaps;
        if status > standing.status {
            (standing.status, standing.inactive_since) = (status, since);
        }
    }
    if matches!(standing.status, Status::Active | Status::Leave) {
        standing.inactive_since = None;
    }
    standing
}

/// When access had ended at `time`, where the sources with the most say all state an end that lies
/// behind it: what a forge lets end is a membership, where somebody else knows the person.
fn access_over(persons: &[Found<Person>], time: i64) -> Option<i64> {
    let listed = persons.iter().any(|one| one.authority > Authority::Forge);
    let weighty = persons.iter().filter(|one| !listed || one.authority > Authority::Forge);
    let ends: Option<Vec<i64>> =
        weighty.map(|one| one.value.access_expires.filter(|end| *end <= time)).collect();
    ends?.into_iter().max()
}

/// Where a person stood at `time` by one source, since when, and whether they had perhaps left.
fn status_at(person: &Found<Person>, time: i64) -> (Status, Option<i64>, bool) {
    let value = &person.value;
    if let Some(end) = value.end {
        // A date decides, whatever the snapshot's word was: both before and after it.
        if end <= time {
            return (Status::Departed.max(value.status), Some(end), false);
        }
        let still = if value.status == Status::Departed { Status::Active } else { value.status };
        return (still, None, false);
    }
    match value.status {
        Status::Departed | Status::Suspended if !person.covers(time) => {
            (Status::Active, None, true)
        }
        Status::Departed | Status::Suspended => {
            let since = if person.from == i64::MIN { person.known_since } else { person.from };
            (value.status, Some(since), false)
        }
        status => (status, None, false),
    }
}
