//! File and folder names as texts to search: each once, wherever it comes from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::{Mutex, PoisonError};

use super::collect::Search;
use crate::source::worktree::WorkFile;

/// Parts that threads rarely meet in.
const SHARDS: usize = 64;

/// The names searched so far, by hash, and whether there was something in them.
pub struct Names {
    shards: Vec<Mutex<HashMap<u64, bool>>>,
}

impl Names {
    /// None yet.
    pub fn new() -> Names {
        Names { shards: (0..SHARDS).map(|_| Mutex::default()).collect() }
    }

    /// Whether there is something in `name`: known, or found out by `search`, which is called once
    /// a name however many threads ask.
    pub fn check(&self, name: &[u8], search: impl FnOnce() -> bool) -> bool {
        let mut hasher = DefaultHasher::new();
        name.hash(&mut hasher);
        let hash = hasher.finish();
        let shard = &self.shards[usize::try_from(hash >> 58).unwrap_or(0) % SHARDS];
        // Held while searching: otherwise a second thread would search, and count, it again.
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(hash).or_insert_with(search)
    }
}

/// Where files outside the object store have names with something in them: name to paths.
pub type Named = BTreeMap<Vec<u8>, BTreeSet<Vec<u8>>>;

/// Searches the names of `files` and of the folders that lead to them.
pub fn of_files(search: &Search<'_>, files: &[WorkFile]) -> Named {
    let mut named = Named::new();
    for file in files {
        let mut start = 0;
        for part in file.path.split(|byte| *byte == b'/') {
            let end = start + part.len();
            if search.name(part) {
                named.entry(part.to_vec()).or_default().insert(file.path[..end].to_vec());
            }
            start = end + 1;
        }
    }
    named
}
