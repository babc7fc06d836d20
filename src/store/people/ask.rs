//! The questions of [`Directory`], answered from the store.
//!
//! The database lives in a thread of its own, and each question costs a journey there and back, which
//! is more than its answer takes. So questions go in sets, and what was answered is kept for the run
//! with all the times for which it holds: the next commit of the same person asks nothing.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;
use std::sync::{Arc, MutexGuard, PoisonError};

use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor as _, Row as _};

use super::{ALWAYS, OPEN, authority_of, handle_name, store_error};
use crate::identity::actor::PersonKey;
use crate::identity::memory::last_before;
use crate::identity::{
    self, Described, Directory, Found, Grant, Handle, HandleKind, Holder, Moment, Person, Record,
    Resource, SourceState,
};
use crate::store::{Error, FILE, Store};

/// Statements that are kept, at most; beyond that all are forgotten and asked for again.
const KEPT: usize = 100_000;

/// What can be asked of the statements.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Question {
    /// Handles, by their name in the store.
    Handle { name: String },
    /// A person of a source.
    Person { source: String, id: String },
    /// Handles of a person of a source.
    Belonging { source: String, id: String },
    /// Grants of a holder of a source on a resource.
    Grant { source: String, holder: String, resource: String },
    /// A resource.
    Resource { id: String },
    /// Addresses that look like this.
    Skeleton { skeleton: String },
}

/// Ways of asking, by [`Question::way`]: what selects from `statement t` for a question `q`, a JSON
/// list of the texts of [`Question::texts`].
const WAYS: [&str; 6] = [
    "t.kind = 'handle' AND t.name = q.value ->> 0",
    "t.kind = 'person' AND t.name = q.value ->> 1 AND s.name = q.value ->> 0",
    "t.kind = 'handle' AND t.belongs = q.value ->> 1 AND s.name = q.value ->> 0",
    // Keys begin with holder and resource, each ending in a line feed: the vertical tab is next.
    "t.kind = 'grant' AND t.name = q.value ->> 1 AND s.name = q.value ->> 0
       AND t.key >= (q.value ->> 1) || char(10) || (q.value ->> 2) || char(10)
       AND t.key < (q.value ->> 1) || char(10) || (q.value ->> 2) || char(11)",
    "t.kind = 'resource' AND t.name = q.value ->> 0",
    "t.skeleton = q.value ->> 0",
];

impl Question {
    fn way(&self) -> usize {
        match self {
            Question::Handle { .. } => 0,
            Question::Person { .. } => 1,
            Question::Belonging { .. } => 2,
            Question::Grant { .. } => 3,
            Question::Resource { .. } => 4,
            Question::Skeleton { .. } => 5,
        }
    }

    fn texts(&self) -> [&str; 3] {
        match self {
            Question::Handle { name: one }
            | Question::Resource { id: one }
            | Question::Skeleton { skeleton: one } => [one, "", ""],
            Question::Person { source, id } | Question::Belonging { source, id } => {
                [source, id, ""]
            }
            Question::Grant { source, holder, resource } => [source, holder, resource],
        }
    }
}

/// A statement with all its times.
#[derive(Debug)]
struct Version {
    found: Found<Record>,
    recorded_from: i64,
    recorded_to: i64,
    /// Key and number: within a source their order is that of answers.
    order: (String, i64),
}

impl Version {
    fn is_known(&self, at: Moment) -> bool {
        self.recorded_from <= at.known && (at.known < self.recorded_to || self.recorded_to == OPEN)
    }

    fn holds(&self, at: Moment) -> bool {
        self.is_known(at) && self.found.from <= at.valid && at.valid < self.found.until
    }

    fn as_found<T>(&self, pick: impl Fn(&Record) -> Option<T>) -> Option<Found<T>> {
        let Found { value, source, authority, from, until, known_since, as_of } = &self.found;
        Some(Found {
            value: pick(value)?,
            source: source.clone(),
            authority: *authority,
            from: *from,
            until: *until,
            known_since: *known_since,
            as_of: *as_of,
        })
    }
}

/// What was answered before.
#[derive(Debug, Default)]
pub struct Answers {
    known: HashMap<Question, Arc<[Version]>>,
    versions: usize,
    sources: Option<Vec<SourceState>>,
}

/// Reads body, source, authority, `valid_from`, `valid_to`, `known_since`, `as_of`.
pub fn found<T: DeserializeOwned>(row: &SqliteRow) -> Result<Found<T>, Error> {
    let body: String = row.try_get(0)?;
    let value = serde_json::from_str(&body).map_err(|_| Error::Refused {
        path: FILE.to_owned(),
        why: "holds a record that cannot be read; export what can be, and begin anew".to_owned(),
    })?;
    Ok(Found {
        value,
        source: row.try_get(1)?,
        authority: authority_of(&row.try_get::<String, _>(2)?),
        from: row.try_get(3)?,
        until: row.try_get(4)?,
        known_since: row.try_get(5)?,
        as_of: row.try_get(6)?,
    })
}

/// Reads what [`found`] does, then recorded from and to, key, number, way and place of the question.
fn version(row: &SqliteRow) -> Result<((usize, usize), Version), Error> {
    let number = |at: usize| -> Result<usize, Error> {
        Ok(usize::try_from(row.try_get::<i64, _>(at)?).unwrap_or(usize::MAX))
    };
    let version = Version {
        found: found(row)?,
        recorded_from: row.try_get(7)?,
        recorded_to: row.try_get(8)?,
        order: (row.try_get(9)?, row.try_get(10)?),
    };
    Ok(((number(11)?, number(12)?), version))
}

impl Store {
    fn kept(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets what was answered, because the directory changes.
    pub(super) fn forget_answers(&self) {
        *self.kept() = Answers::default();
    }

    /// Answers questions from what is kept, and asks the database the rest at once.
    fn ask(&self, questions: &[Question]) -> Result<Vec<Arc<[Version]>>, identity::Error> {
        let mut kept = self.kept();
        if kept.versions > KEPT {
            *kept = Answers { sources: kept.sources.take(), ..Answers::default() };
        }
        let mut open: BTreeMap<usize, Vec<&Question>> = BTreeMap::new();
        for question in questions.iter().filter(|one| !kept.known.contains_key(*one)) {
            open.entry(question.way()).or_default().push(question);
        }
        if !open.is_empty() {
            let mut answered: BTreeMap<(usize, usize), Vec<Version>> = BTreeMap::new();
            for row in self.rows(&open)? {
                let (place, version) = version(&row)?;
                answered.entry(place).or_default().push(version);
            }
            for (way, asked) in open {
                for (place, question) in asked.into_iter().enumerate() {
                    let mut all = answered.remove(&(way, place)).unwrap_or_default();
                    all.sort_by(|a, b| {
                        (&a.found.source, &a.order).cmp(&(&b.found.source, &b.order))
                    });
                    kept.versions += all.len() + 1;
                    kept.known.insert(question.clone(), all.into());
                }
            }
        }
        let answer = |one| kept.known.get(one).cloned().unwrap_or_default();
        Ok(questions.iter().map(answer).collect())
    }

    fn rows(
        &self,
        open: &BTreeMap<usize, Vec<&Question>>,
    ) -> Result<Vec<SqliteRow>, identity::Error> {
        let mut sql = String::new();
        let mut lists = Vec::new();
        for (way, asked) in open {
            let texts: Vec<[&str; 3]> = asked.iter().map(|one| one.texts()).collect();
            lists.push(serde_json::to_string(&texts).map_err(|error| store_error(&error))?);
            let (union, list) = (if lists.len() > 1 { " UNION ALL " } else { "" }, lists.len());
            let _ = write!(
                sql,
                "{union}SELECT t.body, s.name, s.authority, t.valid_from, t.valid_to, t.known_since, t.as_of,
                   t.recorded_from, t.recorded_to, t.key, t.id, {way}, q.key
                 FROM json_each(${list}) q CROSS JOIN statement t JOIN source s ON s.id = t.source
                 WHERE {}",
                WAYS[*way]
            );
        }
        let rows = self.with(async |connection| {
            // Of constants only: what is asked for is bound.
            let mut query = sqlx::query(sqlx::AssertSqlSafe(sql));
            for list in lists {
                query = query.bind(list);
            }
            Ok::<_, Error>(query.fetch_all(connection).await?)
        })?;
        Ok(rows)
    }
}

/// Those of `versions` that held at `at`, as what `pick` takes them for.
fn holding<T>(
    versions: &[Version],
    at: Moment,
    pick: impl Fn(&Record) -> Option<T>,
) -> Vec<Found<T>> {
    let all = versions.iter().filter(|one| one.holds(at));
    all.filter_map(|one| one.as_found(&pick)).collect()
}

fn handle(record: &Record) -> Option<Handle> {
    if let Record::Handle(handle) = record { Some(handle.clone()) } else { None }
}

fn person(record: &Record) -> Option<Person> {
    if let Record::Person(person) = record { Some(person.clone()) } else { None }
}

fn grant(record: &Record) -> Option<Grant> {
    if let Record::Grant(grant) = record { Some(grant.clone()) } else { None }
}

fn resource(record: &Record) -> Option<Resource> {
    if let Record::Resource(resource) = record { Some(resource.clone()) } else { None }
}

impl Directory for Store {
    fn by_handles(
        &self,
        names: &[(HandleKind, String, String)],
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        let mut asked: Vec<Question> = names
            .iter()
            .map(|(kind, realm, value)| Question::Handle { name: handle_name(*kind, realm, value) })
            .collect();
        asked.sort();
        asked.dedup();
        let mut all = Vec::new();
        for answer in self.ask(&asked)? {
            all.extend(holding(&answer, at, handle));
        }
        all.sort_by_cached_key(|one| (one.source.clone(), Record::Handle(one.value.clone()).key()));
        Ok(all)
    }

    fn held_before(
        &self,
        name: &(HandleKind, String, String),
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        let name = handle_name(name.0, &name.1, &name.2);
        let answers = self.ask(&[Question::Handle { name }])?;
        let known = answers.iter().flat_map(|one| one.iter()).filter(|one| one.is_known(at));
        let handles = known.filter_map(|one| one.as_found(handle));
        Ok(last_before(handles, at))
    }

    fn resembling(
        &self,
        skeleton: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        let answers = self.ask(&[Question::Skeleton { skeleton: skeleton.to_owned() }])?;
        Ok(answers.iter().flat_map(|one| holding(one, at, handle)).collect())
    }

    fn people(&self, keys: &[PersonKey], at: Moment) -> Result<Vec<Described>, identity::Error> {
        let questions: Vec<Question> = keys
            .iter()
            .flat_map(|PersonKey { source, id }| {
                let (source, id) = (source.clone(), id.clone());
                let person = Question::Person { source: source.clone(), id: id.clone() };
                [person, Question::Belonging { source, id }]
            })
            .collect();
        let answers = self.ask(&questions)?;
        let described = |pair: &[Arc<[Version]>]| Described {
            person: pair.first().and_then(|one| holding(one, at, person).pop()),
            handles: pair.get(1).map(|one| holding(one, at, handle)).unwrap_or_default(),
        };
        Ok(answers.chunks(2).map(described).collect())
    }

    fn grants(
        &self,
        holders: &[(String, Holder)],
        resources: &[String],
        at: Moment,
    ) -> Result<Vec<Found<Grant>>, identity::Error> {
        let mut asked = Vec::new();
        for (source, holder) in holders {
            for resource in resources {
                let (source, holder) = (source.clone(), holder.to_string());
                asked.push(Question::Grant { source, holder, resource: resource.clone() });
            }
        }
        asked.sort();
        asked.dedup();
        let answers = self.ask(&asked)?;
        Ok(answers.iter().flat_map(|one| holding(one, at, grant)).collect())
    }

    fn resource(&self, id: &str, at: Moment) -> Result<Vec<Found<Resource>>, identity::Error> {
        let answers = self.ask(&[Question::Resource { id: id.to_owned() }])?;
        Ok(answers.iter().flat_map(|one| holding(one, at, resource)).collect())
    }

    fn sources(&self) -> Result<Vec<SourceState>, identity::Error> {
        if let Some(sources) = &self.kept().sources {
            return Ok(sources.clone());
        }
        let rows = self.with(async |connection| {
            let rows = connection
                .fetch_all(
                    "SELECT name, authority, as_of, running_as_of, missing FROM source ORDER BY name",
                )
                .await?;
            Ok::<_, Error>(rows)
        })?;
        let state = |row: &SqliteRow| {
            let missing: String = row.try_get(4)?;
            Ok::<_, Error>(SourceState {
                name: row.try_get(0)?,
                authority: authority_of(&row.try_get::<String, _>(1)?),
                as_of: row.try_get::<Option<i64>, _>(2)?.unwrap_or(ALWAYS),
                interrupted: row.try_get::<Option<i64>, _>(3)?.is_some(),
                missing: serde_json::from_str(&missing).unwrap_or_default(),
            })
        };
        let sources = rows.iter().map(state).collect::<Result<Vec<_>, Error>>()?;
        self.kept().sources = Some(sources.clone());
        Ok(sources)
    }
}
