//! Where a source's records go while it is being read, page by page, so that a directory of any
//! size takes the memory of a page, and a run that breaks off can go on where it stopped.

use super::{Error, Record};

/// Where a source stopped: its own words, at most a few hundred bytes, without credentials.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Cursor(pub String);

/// Takes what a source states.
pub trait Sink {
    /// Takes one record. The same record twice in one run counts once; the later one wins.
    fn put(&mut self, record: Record) -> Result<(), Error>;

    /// Keeps everything put so far, and `cursor` as the place where a later run goes on.
    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), Error>;

    /// Says of something that it could not be read and is left as it was known before (a call that
    /// the token has no right to): what is missing and what right it would take. Sources go on after
    /// it; what they did not read is not taken as gone.
    fn missing(&mut self, what: &str) -> Result<(), Error>;
}

impl Sink for Vec<Record> {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        self.push(record);
        Ok(())
    }

    fn checkpoint(&mut self, _cursor: &Cursor) -> Result<(), Error> {
        Ok(())
    }

    fn missing(&mut self, _what: &str) -> Result<(), Error> {
        Ok(())
    }
}
