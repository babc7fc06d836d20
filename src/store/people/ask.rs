//! The questions of [`Directory`], answered from the store.

use serde::de::DeserializeOwned;
use sqlx::sqlite::SqliteRow;
use sqlx::{Executor as _, Row as _};

use super::{ALWAYS, authority_of, handle_name, store_error};
use crate::identity::{
    self, Directory, Found, Grant, Handle, HandleKind, Holder, Moment, Person, Resource,
    SourceState,
};
use crate::store::{Error, FILE, Store};

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

impl Store {
    /// Statements of one kind by what `clause` asks for, with `$1` the kind, `$2` and `$3` the
    /// moment and `$4` on the given texts.
    fn ask<T: DeserializeOwned>(
        &self,
        clause: &'static str,
        kind: &'static str,
        texts: &[&str],
        at: Moment,
    ) -> Result<Vec<Found<T>>, identity::Error> {
        let rows = self.with(async |connection| {
            let mut query = sqlx::query(clause).bind(kind).bind(at.valid).bind(at.known);
            for text in texts {
                query = query.bind((*text).to_owned());
            }
            Ok::<_, Error>(query.fetch_all(connection).await?)
        })?;
        rows.iter().map(|row| Ok(found(row)?)).collect()
    }
}

macro_rules! statements {
    ($clause:literal) => {
        concat!(
            "SELECT t.body, s.name, s.authority, t.valid_from, t.valid_to, t.known_since, t.as_of
             FROM statement t JOIN source s ON s.id = t.source
             WHERE t.kind = $1 AND t.valid_from <= $2 AND $2 < t.valid_to
               AND t.recorded_from <= $3 AND ($3 < t.recorded_to OR t.recorded_to = 9223372036854775807) AND ",
            $clause,
            " ORDER BY s.name, t.key, t.id"
        )
    };
}

impl Directory for Store {
    fn by_handle(
        &self,
        kind: HandleKind,
        realm: &str,
        value: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        let name = handle_name(kind, realm, value);
        self.ask(statements!("t.name = $4"), "handle", &[&name], at)
    }

    fn by_handles(
        &self,
        names: &[(HandleKind, String, String)],
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        let names: Vec<String> =
            names.iter().map(|(kind, realm, value)| handle_name(*kind, realm, value)).collect();
        let names = serde_json::to_string(&names).map_err(|error| store_error(&error))?;
        self.ask(
            statements!("t.name IN (SELECT value FROM json_each($4))"),
            "handle",
            &[&names],
            at,
        )
    }

    fn resembling(
        &self,
        skeleton: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        self.ask(statements!("t.skeleton = $4"), "handle", &[skeleton], at)
    }

    fn handles(
        &self,
        source: &str,
        person: &str,
        at: Moment,
    ) -> Result<Vec<Found<Handle>>, identity::Error> {
        self.ask(statements!("t.belongs = $4 AND s.name = $5"), "handle", &[person, source], at)
    }

    fn person(
        &self,
        source: &str,
        id: &str,
        at: Moment,
    ) -> Result<Option<Found<Person>>, identity::Error> {
        let mut all: Vec<Found<Person>> =
            self.ask(statements!("t.name = $4 AND s.name = $5"), "person", &[id, source], at)?;
        Ok(all.pop())
    }

    fn grants(
        &self,
        source: &str,
        holders: &[Holder],
        resources: &[String],
        at: Moment,
    ) -> Result<Vec<Found<Grant>>, identity::Error> {
        let names: Vec<String> = holders.iter().map(Holder::to_string).collect();
        let names = serde_json::to_string(&names).map_err(|error| store_error(&error))?;
        let mut all: Vec<Found<Grant>> = self.ask(
            statements!("t.name IN (SELECT value FROM json_each($4)) AND s.name = $5"),
            "grant",
            &[&names, source],
            at,
        )?;
        all.retain(|one| resources.contains(&one.value.resource));
        Ok(all)
    }

    fn resource(&self, id: &str, at: Moment) -> Result<Vec<Found<Resource>>, identity::Error> {
        self.ask(statements!("t.name = $4"), "resource", &[id], at)
    }

    fn sources(&self) -> Result<Vec<SourceState>, identity::Error> {
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
        rows.iter().map(|row| Ok(state(row)?)).collect()
    }
}
