//! A directory in memory, for small organisations and evidence bundles.

use std::collections::BTreeMap;

use super::email::lookalike;
use super::{
    Authority, Directory, Error, Found, Grant, Handle, HandleKind, Holder, Moment, Person, Record,
    Resource, SourceState,
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
                if handle.kind == HandleKind::Email {
                    let skeleton = lookalike::skeleton(&handle.value);
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

impl Directory for Memory {
    fn by_handle(
        &self,
        kind: HandleKind,
        realm: &str,
        value: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error> {
        let key = (kind, realm.to_owned(), value.to_owned());
        Ok(holding(self.handles.get(&key), at))
    }

    fn resembling(&self, skeleton: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error> {
        Ok(holding(self.skeletons.get(skeleton), at))
    }

    fn handles(&self, source: &str, person: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error> {
        Ok(holding(self.by_person.get(&(source.to_owned(), person.to_owned())), at))
    }

    fn person(&self, source: &str, id: &str, at: Moment) -> Result<Option<Found<Person>>, Error> {
        Ok(holding(self.persons.get(&(source.to_owned(), id.to_owned())), at).pop())
    }

    fn grants(
        &self,
        source: &str,
        holders: &[Holder],
        resources: &[String],
        at: Moment,
    ) -> Result<Vec<Found<Grant>>, Error> {
        let mut found = Vec::new();
        for holder in holders {
            let all = holding(self.grants.get(&(source.to_owned(), holder.clone())), at);
            found.extend(all.into_iter().filter(|one| resources.contains(&one.value.resource)));
        }
        Ok(found)
    }

    fn resource(&self, id: &str, at: Moment) -> Result<Vec<Found<Resource>>, Error> {
        Ok(holding(self.resources.get(id), at))
    }

    fn sources(&self) -> Result<Vec<SourceState>, Error> {
        Ok(self.sources.values().cloned().collect())
    }
}
