//! A directory in memory, for small organisations and evidence bundles.

use std::collections::{BTreeMap, BTreeSet};

use super::actor::PersonKey;
use super::{
    Authority, Described, Directory, Error, Found, Grant, Handle, HandleKind, Holder, Moment,
    Person, Record, Resource, SourceState,
};

/// A directory in memory. Everything in it counts as known since ever.
#[derive(Debug, Clone, Default)]
pub struct Memory {
    handles: BTreeMap<(HandleKind, String, String), Vec<Found<Handle>>>,
    skeletons: BTreeMap<String, Vec<Found<Handle>>>,
    by_person: BTreeMap<(String, String), Vec<Found<Handle>>>,
    persons: BTreeMap<(String, String), Vec<Found<Person>>>,
    grants: BTreeMap<(String, Holder), Vec<Found<Grant>>>,
    resources: BTreeMap<String, Vec<Found<Resource>>>,
    sources: BTreeMap<String, SourceState>,
}

impl Memory {
    /// An empty directory.
    pub fn new() -> Memory {
        Memory::default()
    }

    /// Adds a source, or a newer snapshot of it.
    pub fn source(&mut self, name: &str, authority: Authority, as_of: i64) {
        let state = SourceState {
            name: name.to_owned(),
            authority,
            as_of,
            interrupted: false,
            missing: Vec::new(),
        };
        self.sources.insert(name.to_owned(), state);
    }

    /// Adds a statement of a source that [`Memory::source`] named.
    pub fn add(&mut self, found: Found<Record>) {
        let Found { value, source, authority, from, until, known_since, as_of } = found;
        macro_rules! keep {
            ($list:expr, $value:expr) => {{
                let source = source.clone();
                $list.push(Found {
                    value: $value,
                    source,
                    authority,
                    from,
                    until,
                    known_since,
                    as_of,
                });
            }};
        }
        match value {
            Record::Person(person) => {
                let key = (source.clone(), person.id.clone());
                keep!(self.persons.entry(key).or_default(), person);
            }
            Record::Handle(handle) => {
                let key = (handle.kind, handle.realm.clone(), handle.value.clone());
                keep!(self.handles.entry(key).or_default(), handle.clone());
                if let Some(skeleton) = handle.skeleton() {
                    keep!(self.skeletons.entry(skeleton).or_default(), handle.clone());
                }
                let key = (source.clone(), handle.person.clone());
                keep!(self.by_person.entry(key).or_default(), handle);
            }
            Record::Grant(grant) => {
                let key = (source.clone(), grant.holder.clone());
                keep!(self.grants.entry(key).or_default(), grant);
            }
            Record::Resource(resource) => {
                let key = resource.id.clone();
                keep!(self.resources.entry(key).or_default(), resource);
            }
        }
    }
}

fn holding<T: Clone>(list: Option<&Vec<Found<T>>>, at: Moment) -> Vec<Found<T>> {
    let all = list.map(Vec::as_slice).unwrap_or_default();
    all.iter().filter(|one| one.from <= at.valid && at.valid < one.until).cloned().collect()
}

/// Of statements that ended before `at`, those that ended last.
pub fn last_before<T>(all: impl Iterator<Item = Found<T>>, at: Moment) -> Vec<Found<T>> {
    let mut past: Vec<Found<T>> = all.filter(|one| one.until <= at.valid).collect();
    let last = past.iter().map(|one| one.until).max();
    past.retain(|one| Some(one.until) == last);
    past
}

impl Directory for Memory {
    fn by_handles(
        &self,
        names: &[(HandleKind, String, String)],
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error> {
        let names: BTreeSet<_> = names.iter().collect();
        let mut found: Vec<_> =
            names.iter().flat_map(|name| holding(self.handles.get(*name), at)).collect();
        found.sort_by_cached_key(|one| {
            let Handle { kind, realm, value, person, .. } = &one.value;
            (one.source.clone(), format!("{kind}\n{realm}\n{value}\n{person}"))
        });
        Ok(found)
    }

    fn held_before(
        &self,
        name: &(HandleKind, String, String),
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error> {
        let all = self.handles.get(name).map(Vec::as_slice).unwrap_or_default();
        Ok(last_before(all.iter().cloned(), at))
    }

    fn resembling(&self, skeleton: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error> {
        Ok(holding(self.skeletons.get(skeleton), at))
    }

    fn people(&self, keys: &[PersonKey], at: Moment) -> Result<Vec<Described>, Error> {
        let described = |key: &PersonKey| {
            let key = (key.source.clone(), key.id.clone());
            Described {
                person: holding(self.persons.get(&key), at).pop(),
                handles: holding(self.by_person.get(&key), at),
            }
        };
        Ok(keys.iter().map(described).collect())
    }

    fn grants(
        &self,
        holders: &[(String, Holder)],
        resources: &[String],
        at: Moment,
    ) -> Result<Vec<Found<Grant>>, Error> {
        let mut found = Vec::new();
        for holder in holders {
            let all = holding(self.grants.get(holder), at);
            found.extend(all.into_iter().filter(|one| resources.contains(&one.value.resource)));
        }
        found.sort_by_cached_key(|one| {
            let Grant { holder, resource, origin, .. } = &one.value;
            (one.source.clone(), format!("{holder}\n{resource}\n{origin}"))
        });
        Ok(found)
    }

    fn resource(&self, id: &str, at: Moment) -> Result<Vec<Found<Resource>>, Error> {
        Ok(holding(self.resources.get(id), at))
    }

    fn sources(&self) -> Result<Vec<SourceState>, Error> {
        Ok(self.sources.values().cloned().collect())
    }
}
