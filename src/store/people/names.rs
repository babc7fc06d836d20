//! Questions for names alone, of the command line: teams that nobody is in, forges that have a login.

use sqlx::Row as _;

use super::{Error, OPEN, Store};
use crate::identity;

impl Store {
    /// The teams that hold rights by what a source states now, and that nobody of any source is in;
    /// sorted.
    pub fn empty_teams(&self, source: &str) -> Result<Vec<String>, identity::Error> {
        let names = self.with(async |connection| {
            let rows = sqlx::query(
                "SELECT DISTINCT substr(t.name, 6) FROM statement t JOIN source s ON s.id = t.source
                 WHERE s.name = $1 AND t.kind = 'grant' AND t.name LIKE 'team:%' AND t.recorded_to = $2 AND t.valid_to = $2
                   AND substr(t.name, 6) NOT IN (
                     SELECT team.value FROM statement p, json_each(p.body, '$.teams') team
                     WHERE p.kind = 'person' AND p.recorded_to = $2 AND p.valid_to = $2)
                 ORDER BY 1",
            )
            .bind(source)
            .bind(OPEN)
            .fetch_all(connection)
            .await?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>, Error>>()
        });
        Ok(names?)
    }

    /// The forges at which somebody goes by a login, which is lower case, by what is known today;
    /// sorted.
    pub fn forges_of_login(&self, login: &str) -> Result<Vec<String>, identity::Error> {
        // Realm and login stand in lines of their own.
        if login.contains('\n') {
            return Ok(Vec::new());
        }
        let names = self.with(async |connection| {
            let rows = sqlx::query(
                "SELECT DISTINCT substr(name, 7, length(name) - 7 - length($1)) FROM statement
                 WHERE kind = 'handle' AND name >= 'login' || char(10) AND name < 'login' || char(11)
                   AND substr(name, -length($1) - 1) = char(10) || $1 AND recorded_to = $2
                 ORDER BY 1",
            )
            .bind(login)
            .bind(OPEN)
            .fetch_all(connection)
            .await?;
            rows.iter().map(|row| Ok(row.try_get(0)?)).collect::<Result<Vec<String>, Error>>()
        });
        Ok(names?)
    }
}
