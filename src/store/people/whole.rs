//! Runs of sources that are read as a whole, such as files: one that is refused is undone.

use sqlx::Acquire as _;

use super::{Changes, Error, Run};
use crate::identity;

impl Run<'_> {
    /// Ends the run of a source that is read as a whole, such as a file: as [`Run::finish`] does, and
    /// where that is refused, the run leaves no mark.
    pub fn finish_whole(mut self) -> Result<Changes, identity::Error> {
        match self.settle() {
            Ok(changes) => Ok(changes),
            Err(error) => {
                self.abandon()?;
                Err(error)
            }
        }
    }

    /// Leaves the source as it was before the run began; one that was new is gone. A run that had
    /// broken off before, which this one replaced, begins anew the next time.
    pub fn abandon(self) -> Result<(), identity::Error> {
        let (source, before) = (self.source, &self.before);
        let done = self.store.with(async |connection| {
            let mut transaction = connection.begin().await?;
            sqlx::query("DELETE FROM incoming WHERE source = $1")
                .bind(source)
                .execute(&mut *transaction)
                .await?;
            let undo = match before {
                None => sqlx::query("DELETE FROM source WHERE id = $1").bind(source),
                Some(before) => sqlx::query(
                    "UPDATE source SET authority = $2, running_as_of = $3, cursor = NULL WHERE id = $1",
                )
                .bind(source)
                .bind(&before.authority)
                .bind(before.running),
            };
            undo.execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok::<_, Error>(())
        });
        self.store.forget_answers();
        Ok(done?)
    }
}
