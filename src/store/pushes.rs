//! Pushes that were seen, so that a later one can be compared with what its pusher usually does.
//! People stand in it by pseudonym.

use std::collections::BTreeMap;

use sqlx::Row as _;

use super::{Error, Store};

const DAY: i64 = 86_400;

/// A push.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Push {
    /// When, seconds since 1970-01-01 UTC.
    pub time: i64,
    /// The pusher's pseudonym.
    pub actor: String,
    /// `host/owner/name`.
    pub repository: String,
    /// Ref, escaped.
    pub ref_name: String,
    /// The new tip, in hexadecimal.
    pub tip: String,
}

/// Over how many repositories somebody's pushes spread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Spread {
    /// Repositories in the seven days before.
    pub week: usize,
    /// Of those, how many never before.
    pub new: usize,
    /// The most in any week before, over the year before.
    pub usual: usize,
    /// Pushes before.
    pub pushes: usize,
    /// The last one before, seconds since 1970-01-01 UTC.
    pub last: Option<i64>,
}

impl Store {
    /// Records a push; one that is known already counts once.
    pub fn record_push(&self, push: &Push) -> Result<(), Error> {
        self.with(async |connection| {
            sqlx::query(
                "INSERT INTO push (time, actor, repository, ref, tip) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            )
            .bind(push.time)
            .bind(&push.actor)
            .bind(&push.repository)
            .bind(&push.ref_name)
            .bind(&push.tip)
            .execute(connection)
            .await?;
            Ok(())
        })
    }

    /// When each actor pushed last, by pseudonym.
    pub fn last_pushes(&self) -> Result<BTreeMap<String, i64>, Error> {
        self.with(async |connection| {
            let rows = sqlx::query("SELECT actor, max(time) FROM push GROUP BY actor")
                .fetch_all(connection)
                .await?;
            let read = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
            rows.iter().map(read).collect()
        })
    }

    /// How far the pushes of `actor` up to and with `time` spread.
    pub fn spread(&self, actor: &str, time: i64) -> Result<Spread, Error> {
        let pushes = self.with(async |connection| {
            let rows = sqlx::query(
                "SELECT time, repository FROM push WHERE actor = $1 AND time <= $2 AND time > $3 ORDER BY time, id LIMIT 100000",
            )
            .bind(actor)
            .bind(time)
            .bind(time.saturating_sub(365 * DAY))
            .fetch_all(connection)
            .await?;
            let read = |row: &sqlx::sqlite::SqliteRow| Ok((row.try_get(0)?, row.try_get(1)?));
            rows.iter().map(read).collect::<Result<Vec<(i64, String)>, Error>>()
        })?;
        Ok(spread(&pushes, time))
    }
}

fn spread(pushes: &[(i64, String)], time: i64) -> Spread {
    use std::collections::BTreeSet;
    let start = time - 7 * DAY;
    let mut before = BTreeSet::new();
    let mut weeks: BTreeMap<i64, BTreeSet<&str>> = BTreeMap::new();
    let mut week = BTreeSet::new();
    for (at, repository) in pushes {
        if *at > start {
            week.insert(repository.as_str());
        } else {
            before.insert(repository.as_str());
            weeks.entry((time - at) / (7 * DAY)).or_default().insert(repository);
        }
    }
    Spread {
        new: week.difference(&before).count(),
        week: week.len(),
        usual: weeks.values().map(BTreeSet::len).max().unwrap_or(0),
        pushes: pushes.iter().filter(|(at, _)| *at < time).count(),
        last: pushes.iter().rev().map(|(at, _)| *at).find(|at| *at < time),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_push_counts_once_and_for_its_actor_only() {
        let store = Store::in_memory().expect("store");
        let now = 1_794_787_200;
        let push = |days: i64, name: &str, actor: &str| Push {
            time: now - days * DAY,
            actor: actor.to_owned(),
            repository: format!("git.example/acme/{name}"),
            ref_name: "refs/heads/main".to_owned(),
            tip: format!("{days}"),
        };
        for (days, name) in [(1, "a"), (2, "b"), (2, "b"), (30, "a"), (31, "c")] {
            store.record_push(&push(days, name, "ana")).expect("recorded");
        }
        store.record_push(&push(1, "z", "bob")).expect("recorded");
        let spread = store.spread("ana", now).expect("asked");
        assert_eq!(spread, Spread { week: 2, new: 1, usual: 2, pushes: 4, last: Some(now - DAY) });
        assert_eq!(store.spread("eve", now).expect("asked"), Spread::default());
        let last = store.last_pushes().expect("asked");
        assert_eq!(last.get("ana"), Some(&(now - DAY)));
    }
}
