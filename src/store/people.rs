//! The directory of people in the store: runs that fill it from a source (`merge` lays what they read
//! over what held; `whole` undoes runs of files), and questions (`ask`, `names`).
//!
//! A run collects what its source states; when it ends, that is compared with what held so far.
//! What is unchanged stays; what changed holds from the snapshot's time on, and what it was before is
//! kept as it was known; what is new holds since the snapshot before, because it may have begun at
//! any time since; what is gone ends.

mod ask;
mod merge;
mod names;
mod whole;

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;
use sqlx::sqlite::SqliteRow;
use sqlx::{Acquire as _, Executor as _, Row as _};

pub use ask::Answers;

use super::{Error, Store};
use crate::identity::{
    self, Authority, Cursor, Directory as _, Found, HandleKind, Holder, Record, Sink, Status,
};

/// Records that are written at once.
const BATCH: usize = 500;

/// Things that a run could not read, at most, by name.
const MISSING: usize = 100;

/// Ends of time in the store.
const ALWAYS: i64 = i64::MIN;
const OPEN: i64 = i64::MAX;

/// Fills the directory from one source.
pub struct Run<'a> {
    store: &'a Store,
    source: i64,
    name: String,
    as_of: i64,
    resume: Option<Cursor>,
    batch: Vec<Row>,
    missing: Vec<String>,
    /// What the store said of the source before; none when it did not know it.
    before: Option<Before>,
}

/// A source before a run of it began.
struct Before {
    authority: String,
    /// The time of a run that had broken off.
    running: Option<i64>,
}

/// A statement as it goes into the store: kind, key, name, belongs, body, skeleton, effective and
/// started of the table `incoming`.
#[derive(Serialize)]
struct Row(&'static str, String, String, String, String, Option<String>, Option<i64>, Option<i64>);

/// What a run changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changes {
    /// Records that were not there before.
    pub new: u64,
    /// Records with other content than before.
    pub changed: u64,
    /// Records that are there no more.
    pub gone: u64,
    /// Records that stayed.
    pub same: u64,
}

fn row(record: &Record) -> Result<Row, identity::Error> {
    let (kind, name, belongs) = match record {
        Record::Person(person) => ("person", person.id.clone(), String::new()),
        Record::Handle(handle) => (
            "handle",
            handle_name(handle.kind, &handle.realm, &handle.value),
            handle.person.clone(),
        ),
        Record::Grant(grant) => {
            let belongs = match &grant.holder {
                Holder::Person(id) => id.clone(),
                Holder::Team(_) => String::new(),
            };
            ("grant", grant.holder.to_string(), belongs)
        }
        Record::Resource(resource) => ("resource", resource.id.clone(), String::new()),
    };
    let skeleton = match record {
        Record::Handle(handle) => handle.skeleton(),
        _ => None,
    };
    // Personnel records say themselves since when somebody is gone, however late they say it.
    let effective = match record {
        Record::Person(person) => person.end.filter(|_| person.status == Status::Departed),
        _ => None,
    };
    let started = match record {
        Record::Person(person) => person.start,
        _ => None,
    };
    let body = serde_json::to_string(record).map_err(|error| store_error(&error))?;
    Ok(Row(kind, record.key(), name, belongs, body, skeleton, effective, started))
}

fn handle_name(kind: HandleKind, realm: &str, value: &str) -> String {
    format!("{kind}\n{realm}\n{value}")
}

fn store_error(error: &dyn std::fmt::Display) -> identity::Error {
    identity::Error::Store(error.to_string())
}

impl Store {
    /// Begins a run of the source `name`, or goes on with the one that broke off, whose time is then
    /// kept. A snapshot that is older than what is known of the source is refused.
    pub fn begin(
        &self,
        name: &str,
        authority: Authority,
        as_of: i64,
        restart: bool,
    ) -> Result<Run<'_>, identity::Error> {
        let word = authority_word(authority);
        let begun = self.with(async |connection| {
            let mut transaction = connection.begin().await?;
            let before = sqlx::query("SELECT authority, running_as_of FROM source WHERE name = $1")
                .bind(name)
                .fetch_optional(&mut *transaction)
                .await?;
            let before = match before {
                Some(row) => Some(Before { authority: row.try_get(0)?, running: row.try_get(1)? }),
                None => None,
            };
            sqlx::query("INSERT INTO source (name, authority) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET authority = excluded.authority")
                .bind(name)
                .bind(word)
                .execute(&mut *transaction)
                .await?;
            let row = sqlx::query("SELECT id, as_of, running_as_of, cursor FROM source WHERE name = $1")
                .bind(name)
                .fetch_one(&mut *transaction)
                .await?;
            let id: i64 = row.try_get(0)?;
            let known: Option<i64> = row.try_get(1)?;
            let running: Option<i64> = row.try_get(2)?;
            let cursor: Option<String> = row.try_get(3)?;
            let goes_on = !restart && running.is_some() && cursor.is_some();
            let time = if goes_on { running.unwrap_or(as_of) } else { as_of };
            if known.is_some_and(|known| known > time) {
                return Ok(None);
            }
            if !goes_on {
                sqlx::query("DELETE FROM incoming WHERE source = $1")
                    .bind(id)
                    .execute(&mut *transaction)
                    .await?;
                sqlx::query("UPDATE source SET running_as_of = $2, cursor = NULL WHERE id = $1")
                    .bind(id)
                    .bind(as_of)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok::<_, Error>(Some((id, time, cursor.filter(|_| goes_on), before)))
        });
        self.forget_answers();
        let Some((source, as_of, cursor, before)) = begun? else {
            return Err(identity::Error::Question(format!(
                "`{name}`: this snapshot is older than what is known of the source; import snapshots \
                 in the order of their dates"
            )));
        };
        Ok(Run {
            store: self,
            source,
            name: name.to_owned(),
            as_of,
            resume: cursor.map(Cursor),
            batch: Vec::new(),
            missing: Vec::new(),
            before,
        })
    }

    /// Puts statements of an export back, with the times for which they held. The sources must be
    /// new to the store: see [`Store::knows`].
    pub fn restore(&self, all: &[Found<Record>]) -> Result<(), identity::Error> {
        let mut sources: BTreeMap<&str, (Authority, i64)> = BTreeMap::new();
        for found in all {
            let known = sources.entry(&found.source).or_insert((found.authority, found.as_of));
            known.1 = known.1.max(found.as_of);
        }
        let mut batches = Vec::new();
        for chunk in all.chunks(BATCH) {
            let rows: Vec<_> = chunk
                .iter()
                .map(|found| {
                    let times = (found.from, found.until, found.known_since, found.as_of);
                    Ok((&found.source, row(&found.value)?, times))
                })
                .collect::<Result<_, identity::Error>>()?;
            batches.push(serde_json::to_string(&rows).map_err(|error| store_error(&error))?);
        }
        let done = self.with(async |connection| {
            let mut transaction = connection.begin().await?;
            for (source, (authority, as_of)) in sources {
                sqlx::query(
                    "INSERT INTO source (name, authority, as_of) VALUES ($1, $2, $3)
                     ON CONFLICT (name) DO UPDATE SET as_of = max(as_of, excluded.as_of)",
                )
                .bind(source)
                .bind(authority_word(authority))
                .bind(as_of)
                .execute(&mut *transaction)
                .await?;
            }
            for batch in batches {
                sqlx::query(
                    "INSERT INTO statement (source, kind, key, name, belongs, body, skeleton, valid_from, valid_to, recorded_from, recorded_to, known_since, as_of)
                     SELECT s.id, r.value ->> '$[1][0]', r.value ->> '$[1][1]', r.value ->> '$[1][2]', r.value ->> '$[1][3]', r.value ->> '$[1][4]', r.value ->> '$[1][5]',
                       r.value ->> '$[2][0]', r.value ->> '$[2][1]', r.value ->> '$[2][2]', $2, r.value ->> '$[2][2]', r.value ->> '$[2][3]'
                     FROM json_each($1) r JOIN source s ON s.name = r.value ->> 0",
                )
                .bind(batch)
                .bind(OPEN)
                .execute(&mut *transaction)
                .await?;
            }
            transaction.commit().await?;
            Ok::<_, Error>(())
        });
        self.forget_answers();
        Ok(done?)
    }

    /// Whether a source has stated anything.
    pub fn knows(&self, source: &str) -> Result<bool, identity::Error> {
        Ok(self.sources()?.iter().any(|state| state.name == source && state.as_of != ALWAYS))
    }

    /// Forgets a source and everything it stated; whether there was such a source.
    pub fn forget(&self, name: &str) -> Result<bool, identity::Error> {
        self.forget_answers();
        let gone = self.with(async |connection| {
            let done = sqlx::query("DELETE FROM source WHERE name = $1")
                .bind(name)
                .execute(connection)
                .await?;
            Ok::<_, Error>(done.rows_affected() > 0)
        });
        Ok(gone?)
    }

    /// Gives every statement that is known today to `each`, by source, kind and key: what holds now,
    /// or with `history` everything that held at any time.
    pub fn export(
        &self,
        history: bool,
        mut each: impl FnMut(Found<Record>) -> Result<(), identity::Error>,
    ) -> Result<(), identity::Error> {
        if history {
            return self.export_all(&mut each);
        }
        // One source after the other and without bound parameters, so that the index of what holds
        // now serves for each page.
        for (id, name, authority) in self.source_ids()? {
            let mut after = (String::new(), String::new(), -1i64);
            loop {
                let page = self.with(async |connection| {
                    let rows = sqlx::query(
                        "SELECT t.body, $4, $5, t.valid_from, t.valid_to, t.known_since, t.as_of, t.kind, t.key, t.id
                         FROM statement t
                         WHERE t.source = $1 AND t.recorded_to = 9223372036854775807 AND t.valid_to = 9223372036854775807
                           AND (t.kind, t.key, t.id) > ($2, $3, $6)
                         ORDER BY t.kind, t.key, t.id LIMIT 1000",
                    )
                    .bind(id)
                    .bind(&after.0)
                    .bind(&after.1)
                    .bind(&name)
                    .bind(&authority)
                    .bind(after.2)
                    .fetch_all(connection)
                    .await?;
                    Ok::<_, Error>(rows)
                })?;
                for row in &page {
                    each(ask::found::<Record>(row)?)?;
                }
                let Some(row) = page.last() else { break };
                let text = |at: usize| row.try_get::<String, _>(at).map_err(Error::from);
                after = (text(7)?, text(8)?, row.try_get(9).map_err(Error::from)?);
            }
        }
        Ok(())
    }

    fn source_ids(&self) -> Result<Vec<(i64, String, String)>, Error> {
        self.with(async |connection| {
            let rows = connection.fetch_all("SELECT id, name, authority FROM source ORDER BY name");
            let read = |row: &SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?, row.try_get(2)?));
            rows.await?.iter().map(read).collect()
        })
    }

    fn export_all(
        &self,
        each: &mut dyn FnMut(Found<Record>) -> Result<(), identity::Error>,
    ) -> Result<(), identity::Error> {
        let mut last: i64 = -1;
        let mut after = (String::new(), String::new(), String::new());
        loop {
            let page = self.with(async |connection| {
                let rows = sqlx::query(
                    "SELECT t.body, s.name, s.authority, t.valid_from, t.valid_to, t.known_since, t.as_of, t.id, t.kind, t.key
                     FROM statement t JOIN source s ON s.id = t.source
                     WHERE t.recorded_to = $1 AND (s.name, t.kind, t.key, t.id) > ($2, $3, $4, $5)
                     ORDER BY s.name, t.kind, t.key, t.id LIMIT 1000",
                )
                .bind(OPEN)
                .bind(&after.0)
                .bind(&after.1)
                .bind(&after.2)
                .bind(last)
                .fetch_all(connection)
                .await?;
                Ok::<_, Error>(rows)
            })?;
            if page.is_empty() {
                return Ok(());
            }
            for row in &page {
                each(ask::found::<Record>(row)?)?;
            }
            if let Some(row) = page.last() {
                let text = |at: usize| row.try_get::<String, _>(at).map_err(Error::from);
                after = (text(1)?, text(8)?, text(9)?);
                last = row.try_get(7).map_err(Error::from)?;
            }
        }
    }

    /// Removes what ended before `before` and is of no more use; gives how many statements.
    pub fn purge(&self, before: i64) -> Result<u64, identity::Error> {
        self.forget_answers();
        let gone = self.with(async |connection| {
            let done = sqlx::query("DELETE FROM statement WHERE valid_to < $1 OR recorded_to < $1")
                .bind(before)
                .execute(&mut *connection)
                .await?;
            sqlx::query("DELETE FROM push WHERE time < $1")
                .bind(before)
                .execute(connection)
                .await?;
            Ok::<_, Error>(done.rows_affected())
        });
        Ok(gone?)
    }
}

impl Run<'_> {
    /// Where the source stopped the last time, if it did.
    pub fn resume(&self) -> Option<Cursor> {
        self.resume.clone()
    }

    /// The time of the snapshot, seconds since 1970-01-01 UTC: of a run that goes on, that of its
    /// beginning.
    pub fn as_of(&self) -> i64 {
        self.as_of
    }

    /// What could not be read so far.
    pub fn not_read(&self) -> &[String] {
        &self.missing
    }

    fn flush_if_full(&mut self) -> Result<(), identity::Error> {
        if self.batch.len() >= BATCH { self.flush(None) } else { Ok(()) }
    }

    fn flush(&mut self, cursor: Option<&Cursor>) -> Result<(), identity::Error> {
        let batch = std::mem::take(&mut self.batch);
        let rows = serde_json::to_string(&batch).map_err(|error| store_error(&error))?;
        let source = self.source;
        let done = self.store.with(async |connection| {
            let mut transaction = connection.begin().await?;
            // All at once: each statement on its own costs a journey to the database's thread.
            sqlx::query(
                "INSERT INTO incoming (source, kind, key, name, belongs, body, skeleton, effective, started)
                 SELECT $1, value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5, value ->> 6, value ->> 7
                 FROM json_each($2) WHERE true
                 ON CONFLICT (source, kind, key) DO UPDATE SET
                   name = excluded.name, belongs = excluded.belongs, skeleton = excluded.skeleton, effective = excluded.effective, started = excluded.started, body = excluded.body",
            )
            .bind(source)
            .bind(rows)
            .execute(&mut *transaction)
            .await?;
            if let Some(cursor) = cursor {
                sqlx::query("UPDATE source SET cursor = $2 WHERE id = $1")
                    .bind(source)
                    .bind(&cursor.0)
                    .execute(&mut *transaction)
                    .await?;
            }
            transaction.commit().await?;
            Ok::<_, Error>(())
        });
        Ok(done?)
    }

    /// Ends the run: what it read is what holds from now on. A run that read nobody where there were
    /// people is refused, because it is likelier that something is wrong than that all have left.
    pub fn finish(mut self) -> Result<Changes, identity::Error> {
        self.settle()
    }

    fn settle(&mut self) -> Result<Changes, identity::Error> {
        self.flush(None)?;
        let (source, as_of, name) = (self.source, self.as_of, self.name.clone());
        let missing = serde_json::to_string(&self.missing).map_err(|error| store_error(&error))?;
        let partial = !self.missing.is_empty();
        let changes = self.store.with(async |connection| {
            let mut transaction = connection.begin().await?;
            let before: Option<i64> = sqlx::query("SELECT as_of FROM source WHERE id = $1")
                .bind(source)
                .fetch_one(&mut *transaction)
                .await?
                .try_get(0)?;
            if before.is_some() && merge::lost_everybody(&mut transaction, source).await? {
                return Ok(None);
            }
            let changes = merge::merge(&mut transaction, source, as_of, before, partial).await?;
            sqlx::query(
                "UPDATE source SET as_of = $2, running_as_of = NULL, cursor = NULL, missing = $3 WHERE id = $1",
            )
            .bind(source)
            .bind(as_of)
            .bind(&missing)
            .execute(&mut *transaction)
            .await?;
            sqlx::query("DELETE FROM incoming WHERE source = $1")
                .bind(source)
                .execute(&mut *transaction)
                .await?;
            transaction.commit().await?;
            Ok::<_, Error>(Some(changes))
        });
        self.store.forget_answers();
        changes?.ok_or_else(|| {
            identity::Error::Question(format!(
                "`{name}` named nobody, where it named people before; nothing was changed. If they \
                 are really gone, forget the source first: leaktrace identity forget {name}"
            ))
        })
    }
}

impl Sink for Run<'_> {
    fn put(&mut self, record: Record) -> Result<(), identity::Error> {
        self.batch.push(row(&record)?);
        self.flush_if_full()
    }

    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), identity::Error> {
        self.flush(Some(cursor))
    }

    fn missing(&mut self, what: &str) -> Result<(), identity::Error> {
        if self.missing.len() < MISSING {
            let mut text: String = what.chars().take(300).collect();
            if text.len() < what.len() {
                let _ = write!(text, "...");
            }
            self.missing.push(text);
        }
        Ok(())
    }
}

fn authority_word(authority: Authority) -> &'static str {
    match authority {
        Authority::Forge => "forge",
        Authority::Directory => "directory",
        Authority::Personnel => "personnel",
    }
}

fn authority_of(word: &str) -> Authority {
    match word {
        "personnel" => Authority::Personnel,
        "directory" => Authority::Directory,
        _ => Authority::Forge,
    }
}

#[cfg(test)]
mod tests;
