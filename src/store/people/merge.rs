//! What a run read is laid over what held before it.

use sqlx::{Executor as _, Row as _, SqliteConnection};

use super::{ALWAYS, Changes, OPEN};
use crate::store::Error;

/// Whether a run read no person where there were some.
pub async fn lost_everybody(connection: &mut SqliteConnection, source: i64) -> Result<bool, Error> {
    let row = sqlx::query(
        "SELECT EXISTS (SELECT 1 FROM statement WHERE source = $1 AND kind = 'person' AND recorded_to = $2 AND valid_to = $2)
            AND NOT EXISTS (SELECT 1 FROM incoming WHERE source = $1 AND kind = 'person')",
    )
    .bind(source)
    .bind(OPEN)
    .fetch_one(connection)
    .await?;
    Ok(row.try_get::<i64, _>(0)? != 0)
}

/// Lays what came in over what held. `before` is the time of the snapshot before this one, `as_of`
/// that of this one; `partial` says that not all of it could be read.
pub async fn merge(
    connection: &mut SqliteConnection,
    source: i64,
    as_of: i64,
    before: Option<i64>,
    partial: bool,
) -> Result<Changes, Error> {
    let current = "recorded_to = 9223372036854775807 AND valid_to = 9223372036854775807";
    let run = async |connection: &mut SqliteConnection, sql: String| {
        let query = sqlx::query(sqlx::AssertSqlSafe(sql))
            .bind(source)
            .bind(as_of)
            .bind(before.unwrap_or(ALWAYS))
            .bind(OPEN);
        Ok::<_, Error>(query.execute(connection).await?.rows_affected())
    };
    let mut changes = Changes::default();
    // The order matters: what is gone and changed is told by what is current before anything is new.
    let gone_too = if partial {
        // What could not be read is not gone, but a person who is listed no more is, with all theirs.
        " AND (kind = 'person' OR belongs <> '' AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.source = $1 AND i.kind = 'person' AND i.key = statement.belongs))"
    } else {
        ""
    };
    let gone = format!(
        "{current} AND source = $1 AND NOT EXISTS (SELECT 1 FROM incoming i WHERE i.source = $1 AND i.kind = statement.kind AND i.key = statement.key){gone_too}"
    );
    let other = format!(
        "{current} AND source = $1 AND EXISTS (SELECT 1 FROM incoming i WHERE i.source = $1 AND i.kind = statement.kind AND i.key = statement.key AND i.body <> statement.body)"
    );
    let same = format!(
        "UPDATE statement SET as_of = $2 WHERE {current} AND source = $1 AND EXISTS (SELECT 1 FROM incoming i WHERE i.source = $1 AND i.kind = statement.kind AND i.key = statement.key AND i.body = statement.body)"
    );
    changes.same = run(connection, same).await?;
    // A person may have come at any time since the snapshot before, or on their first day; a name
    // that was nobody's before was theirs all along.
    let begin = "CASE WHEN i.kind = 'handle' AND NOT EXISTS (SELECT 1 FROM statement o WHERE o.source = $1 AND o.kind = 'handle' AND o.name = i.name) THEN -9223372036854775808 ELSE min($3, coalesce(i.started, $3)) END";
    let new = format!(
        "INSERT INTO statement (source, kind, key, name, belongs, skeleton, body, valid_from, valid_to, recorded_from, recorded_to, known_since, as_of)
         SELECT $1, i.kind, i.key, i.name, i.belongs, i.skeleton, i.body, {begin}, $4, $2, $4, $2, $2
         FROM incoming i WHERE i.source = $1 AND NOT EXISTS (SELECT 1 FROM statement WHERE {current} AND statement.source = $1 AND statement.kind = i.kind AND statement.key = i.key)"
    );
    changes.new = run(connection, new).await?;
    // Since when the new content holds: by its own word, else since the snapshot; never before the
    // old content began.
    let since = "max(statement.valid_from, min($2, coalesce((SELECT i.effective FROM incoming i WHERE i.source = $1 AND i.kind = statement.kind AND i.key = statement.key), $2)))";
    for (what, counted) in [(&gone, true), (&other, false)] {
        // What held until then, as it is known from now on.
        let kept = format!(
            "INSERT INTO statement (source, kind, key, name, belongs, skeleton, body, valid_from, valid_to, recorded_from, recorded_to, known_since, as_of)
             SELECT source, kind, key, name, belongs, skeleton, body, valid_from, {since}, $2, $4, known_since, as_of FROM statement WHERE {what}"
        );
        let number = run(connection, kept).await?;
        if counted {
            changes.gone = number;
        } else {
            changes.changed = number;
            let now = format!(
                "INSERT INTO statement (source, kind, key, name, belongs, skeleton, body, valid_from, valid_to, recorded_from, recorded_to, known_since, as_of)
                 SELECT n.source, n.kind, n.key, n.name, n.belongs, n.skeleton, n.body, {since}, $4, $2, $4, $2, $2
                 FROM statement JOIN incoming n ON n.source = $1 AND n.kind = statement.kind AND n.key = statement.key
                 WHERE {current} AND statement.source = $1 AND n.body <> statement.body"
            );
            // The new content goes in beside the old, which the next statement ends.
            run(connection, now).await?;
        }
        // Of what is current only the old content differs from what came in, or came in no more.
        let end = format!("UPDATE statement SET recorded_to = $2 WHERE {what}");
        run(connection, end).await?;
    }
    // What was replaced at the very time at which it began never held.
    let empty = "DELETE FROM statement WHERE source = $1 AND (valid_from >= valid_to OR recorded_from >= recorded_to)";
    run(connection, empty.to_owned()).await?;
    let _ = connection.execute("PRAGMA optimize").await?;
    Ok(changes)
}
