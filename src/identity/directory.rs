//! How a directory of people is asked.
//!
//! It is bitemporal: each statement has the time for which it holds (valid) and the time since which
//! it is known (recorded), so that a commit is judged against the directory as it stood at the time
//! of the push, and an old judgement can be made again with what was known then.

use serde::{Deserialize, Serialize};

use super::actor::PersonKey;
use super::record::key_id_skeleton;
use super::{Error, Grant, Handle, HandleKind, Holder, Person, Resource};

/// A point in both times, seconds since 1970-01-01 UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Moment {
    /// What held then.
    pub valid: i64,
    /// As far as it was known then.
    pub known: i64,
}

impl Moment {
    /// What held at `valid`, by all that is known today.
    pub fn at(valid: i64) -> Moment {
        Moment { valid, known: i64::MAX }
    }
}

/// How much a source has to say about who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Authority {
    /// A forge: accounts and rights, not employment.
    Forge,
    /// A directory or identity provider: accounts of people and their state.
    Directory,
    /// Personnel records: type, dates and managers.
    Personnel,
}

/// A statement with where it comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Found<T> {
    /// What is stated.
    pub value: T,
    /// Name of the source, such as `github:acme`.
    pub source: String,
    /// How much it has to say.
    pub authority: Authority,
    /// From when on it holds; `i64::MIN` when it is not known since when.
    pub from: i64,
    /// Until when; `i64::MAX` while it still does.
    pub until: i64,
    /// When it was first stated: before that it is an assumption.
    pub known_since: i64,
    /// The newest snapshot of the source that states it.
    pub as_of: i64,
}

impl<T> Found<T> {
    /// Whether somebody stated it for `time`, rather than that the first snapshot is taken to have
    /// held before as well.
    pub fn covers(&self, time: i64) -> bool {
        self.from != i64::MIN || time >= self.known_since
    }
}

/// A source and how fresh it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceState {
    /// Its name.
    pub name: String,
    /// How much it has to say.
    pub authority: Authority,
    /// When its newest complete snapshot was made.
    pub as_of: i64,
    /// Whether a newer run has begun and not ended.
    pub interrupted: bool,
    /// What the newest run could not read.
    pub missing: Vec<String>,
}

/// A record of a person with the names it goes by.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Described {
    /// The person; none when the source knew nobody by that id at that time.
    pub person: Option<Found<Person>>,
    /// All names.
    pub handles: Vec<Found<Handle>>,
}

/// A directory of people. Answers are sorted by source and key, so that the same directory always
/// gives the same answer. Questions come in sets, because each may cost a store a journey.
pub trait Directory {
    /// Who goes by any of these names: kind, the forge's host for accounts and logins (empty
    /// otherwise), and the name in the normal form of its kind.
    fn by_handles(
        &self,
        names: &[(HandleKind, String, String)],
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error>;

    /// Who goes by one name; see [`Directory::by_handles`].
    fn by_handle(
        &self,
        kind: HandleKind,
        realm: &str,
        value: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error> {
        self.by_handles(&[(kind, realm.to_owned(), value.to_owned())], at)
    }

    /// Of a name that nobody goes by at a time, who went by it last before; empty when nobody did.
    fn held_before(
        &self,
        name: &(HandleKind, String, String),
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, Error>;

    /// Handles with this skeleton (see [`Handle::skeleton`]): addresses that look alike, and keys by
    /// their id.
    fn resembling(&self, skeleton: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error>;

    /// Signing keys whose fingerprints end in this `OpenPGP` key id, 16 lower-case hexadecimal digits.
    fn by_key_id(&self, key_id: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error> {
        self.resembling(&key_id_skeleton(key_id), at)
    }

    /// People of sources with all their names, in the order of `keys`.
    fn people(&self, keys: &[PersonKey], at: Moment) -> Result<Vec<Described>, Error>;

    /// A person of one source.
    fn person(&self, source: &str, id: &str, at: Moment) -> Result<Option<Found<Person>>, Error> {
        let key = PersonKey { source: source.to_owned(), id: id.to_owned() };
        Ok(self.people(&[key], at)?.pop().and_then(|one| one.person))
    }

    /// All names of a person of one source.
    fn handles(&self, source: &str, person: &str, at: Moment) -> Result<Vec<Found<Handle>>, Error> {
        let key = PersonKey { source: source.to_owned(), id: person.to_owned() };
        Ok(self.people(&[key], at)?.pop().map(|one| one.handles).unwrap_or_default())
    }

    /// What one of these holders, each with its source, may do on one of these resources.
    fn grants(
        &self,
        holders: &[(String, Holder)],
        resources: &[String],
        at: Moment,
    ) -> Result<Vec<Found<Grant>>, Error>;

    /// A resource, as each source knows it.
    fn resource(&self, id: &str, at: Moment) -> Result<Vec<Found<Resource>>, Error>;

    /// All sources by name.
    fn sources(&self) -> Result<Vec<SourceState>, Error>;
}
