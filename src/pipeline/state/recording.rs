//! What a scan notes while it runs, so that the next one can go on from there.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use gix::ObjectId;

use crate::model::parallel::PerThread;
use crate::model::{ContentId, ContentKind, IncompleteKind};

/// Gaps that a state remembers; a repository with more is read anew each time.
const MAX_GAPS: usize = 100_000;

/// What an object adds to the counts of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tally {
    /// A blob of so many bytes.
    Blob(u64),
    /// A commit, and how long its message is if it has one.
    Commit(Option<u64>),
    /// A tag, and how long its message is if it has one.
    Tag(Option<u64>),
}

impl Tally {
    /// As a number other than 0.
    pub fn code(self) -> u64 {
        let with = |bytes: Option<u64>| bytes.map_or(0, |bytes| bytes.saturating_add(1)) << 2;
        match self {
            Tally::Blob(bytes) => bytes << 2 | 1,
            Tally::Commit(message) => with(message) | 2,
            Tally::Tag(message) => with(message) | 3,
        }
    }

    /// The tally of a code; none for 0, which is an object that is not counted.
    pub fn of_code(code: u64) -> Option<Tally> {
        let with = (code >> 2).checked_sub(1);
        match code & 3 {
            1 => Some(Tally::Blob(code >> 2)),
            2 => Some(Tally::Commit(with)),
            3 => Some(Tally::Tag(with)),
            _ => None,
        }
    }
}

/// Something in a content that was not read.
pub type Gap = (ContentId, IncompleteKind, String);

/// Notes from all threads.
pub struct Recording {
    tallies: PerThread<Vec<(u32, u64)>>,
    streamed: Mutex<Vec<(ObjectId, u64)>>,
    again: Mutex<Vec<ObjectId>>,
    gaps: Mutex<Vec<Gap>>,
    trouble: AtomicBool,
}

/// All notes of a scan.
pub struct Recorded {
    /// Objects searched, by their numbers in the store, and the codes of their tallies.
    pub tallies: Vec<(u32, u64)>,
    /// Blobs too large to be held, and their sizes.
    pub streamed: Vec<(ObjectId, u64)>,
    /// Blobs that stand for something outside the store, which may be another the next time.
    pub again: Vec<ObjectId>,
    /// What was not read in objects.
    pub gaps: Vec<Gap>,
    /// Whether something went wrong that the state has no words for.
    pub trouble: bool,
}

impl Recording {
    /// Nothing yet.
    pub fn new() -> Recording {
        Recording {
            tallies: PerThread::new(Vec::new),
            streamed: Mutex::default(),
            again: Mutex::default(),
            gaps: Mutex::default(),
            trouble: AtomicBool::new(false),
        }
    }

    /// An object was searched.
    pub fn searched(&self, number: u32, tally: Tally) {
        self.tallies.get().push((number, tally.code()));
    }

    /// A blob of so many bytes was searched as a stream.
    pub fn streamed(&self, id: ObjectId, size: u64) {
        lock(&self.streamed).push((id, size));
    }

    /// A blob is to be looked at again the next time.
    pub fn again(&self, id: ObjectId) {
        lock(&self.again).push(id);
    }

    /// Something in a content was not read. Only objects are remembered.
    pub fn gap(&self, content: &ContentId, kind: IncompleteKind, what: &str) {
        match content {
            ContentId::Object { .. } => {
                let mut gaps = lock(&self.gaps);
                if gaps.len() < MAX_GAPS {
                    gaps.push((content.clone(), kind, what.to_owned()));
                } else {
                    self.trouble();
                }
            }
            ContentId::Name(_) => self.trouble(),
            ContentId::File(_) | ContentId::Stdin => {}
        }
    }

    /// Something went wrong that the state has no words for.
    pub fn trouble(&self) {
        self.trouble.store(true, Ordering::Relaxed);
    }

    /// Everything noted, sorted.
    pub fn into_inner(self) -> Recorded {
        let inner = |list: Mutex<Vec<_>>| list.into_inner().unwrap_or_else(PoisonError::into_inner);
        let mut tallies: Vec<(u32, u64)> = self.tallies.into_inner().flatten().collect();
        tallies.sort_unstable();
        let mut gaps = self.gaps.into_inner().unwrap_or_else(PoisonError::into_inner);
        gaps.sort();
        let mut streamed = inner(self.streamed);
        streamed.sort_unstable();
        let mut again = self.again.into_inner().unwrap_or_else(PoisonError::into_inner);
        again.sort_unstable();
        again.dedup();
        Recorded { tallies, streamed, again, gaps, trouble: self.trouble.into_inner() }
    }
}

fn lock<T>(list: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    // A poisoned lock belongs to a thread whose panic is about to end the scan anyway.
    list.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What objects add to the counts of a report, together.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Commits.
    pub commits: u64,
    /// Blobs.
    pub blobs: u64,
    /// Messages of commits and tags.
    pub texts: u64,
    /// Bytes of blobs and messages.
    pub bytes: u64,
}

impl Totals {
    /// Adds one object.
    pub fn add(&mut self, code: u64) {
        let message = match Tally::of_code(code) {
            Some(Tally::Blob(bytes)) => {
                self.blobs = self.blobs.saturating_add(1);
                self.bytes = self.bytes.saturating_add(bytes);
                None
            }
            Some(Tally::Commit(message)) => {
                self.commits = self.commits.saturating_add(1);
                message
            }
            Some(Tally::Tag(message)) => message,
            None => None,
        };
        if let Some(bytes) = message {
            self.texts = self.texts.saturating_add(1);
            self.bytes = self.bytes.saturating_add(bytes);
        }
    }
}

/// The numbers that kinds of content have in a state.
pub const KINDS: [ContentKind; 3] = [ContentKind::Blob, ContentKind::Commit, ContentKind::Tag];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_say_what_was_counted() {
        let messages = [None, Some(0), Some(1), Some(1 << 40)];
        let tallies = messages
            .into_iter()
            .flat_map(|message| [Tally::Commit(message), Tally::Tag(message)])
            .chain([Tally::Blob(0), Tally::Blob(1 << 40)]);
        for tally in tallies {
            assert_ne!(tally.code(), 0);
            assert_eq!(Tally::of_code(tally.code()), Some(tally));
        }
        assert_eq!(Tally::of_code(0), None);
    }

    #[test]
    fn totals_count_each_kind_in_its_place() {
        let mut totals = Totals::default();
        for tally in
            [Tally::Blob(7), Tally::Commit(Some(0)), Tally::Commit(None), Tally::Tag(Some(5))]
        {
            totals.add(tally.code());
        }
        assert_eq!(totals, Totals { commits: 2, blobs: 1, texts: 2, bytes: 12 });
    }
}
