//! File and folder names as texts to search: each once, wherever it comes from.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::collect::Search;
use super::state::Key;
use crate::source::worktree::WorkFile;

/// Parts that threads rarely meet in.
const SHARDS: usize = 64;

/// Where a name comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// A tree in the object store.
    Tree,
    /// A reference.
    Reference,
    /// A file outside the object store.
    File,
}

/// The names searched so far, by hash, and what is known of them.
pub struct Names {
    shards: Vec<Mutex<HashMap<u64, Seen>>>,
    /// Its keys are random: names that are made to have the same hash would be taken for one.
    hasher: RandomState,
    /// What an earlier scan found nothing in.
    remembered: OnceLock<Remembered>,
    /// What the next scan is to know.
    noted: Option<(Key, Mutex<Noted>)>,
}

#[derive(Clone, Copy)]
struct Seen {
    found: bool,
    /// Whether it is known to be a name that trees have.
    in_trees: bool,
}

/// Keyed hashes of names that nothing was found in, each list sorted.
#[derive(Default)]
pub struct Remembered {
    /// Names that trees have, which are counted elsewhere.
    pub trees: Vec<u64>,
    /// Names of references.
    pub refs: Vec<u64>,
}

/// Keyed hashes of names that nothing was found in and that were not remembered; for references, of
/// all.
#[derive(Default)]
pub struct Noted {
    /// Names that trees have.
    pub trees: Vec<u64>,
    /// Names of references.
    pub refs: Vec<u64>,
}

impl Names {
    /// None yet; for the next scan they are noted under `key`.
    pub fn new(key: Option<Key>) -> Names {
        Names {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            hasher: RandomState::new(),
            remembered: OnceLock::new(),
            noted: key.map(|key| (key, Mutex::default())),
        }
    }

    /// Takes over what an earlier scan noted, before any name is asked for.
    pub fn remember(&self, remembered: Remembered) {
        // Whoever comes second does so in the same scan, which cannot be.
        let _ = self.remembered.set(remembered);
    }

    /// Whether there is something in `name`: known, or found out by `search`, which is called once
    /// a name however many threads ask. `count` is called once for each name that no earlier scan
    /// has counted.
    pub fn check(
        &self,
        name: &[u8],
        origin: Origin,
        count: impl FnOnce(),
        search: impl FnOnce() -> bool,
    ) -> bool {
        let hash = self.hasher.hash_one(name);
        let shard = &self.shards[usize::try_from(hash >> 58).unwrap_or(0) % SHARDS];
        // Held while searching: otherwise a second thread would search, and count, it again.
        let mut known = shard.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keyed = None;
        let seen = known.entry(hash).or_insert_with(|| match self.recall(name, &mut keyed) {
            Some(Origin::Tree) => Seen { found: false, in_trees: true },
            Some(_) => {
                count();
                Seen { found: false, in_trees: false }
            }
            None => {
                count();
                Seen { found: search(), in_trees: false }
            }
        });
        let found = seen.found;
        if origin == Origin::Tree && !seen.in_trees {
            seen.in_trees = true;
            self.note(name, keyed, found, |noted| &mut noted.trees);
        } else if origin == Origin::Reference {
            self.note(name, keyed, found, |noted| &mut noted.refs);
        }
        found
    }

    /// Where an earlier scan met a name that it found nothing in; gives the name's keyed hash, too,
    /// if that was made.
    fn recall(&self, name: &[u8], keyed: &mut Option<u64>) -> Option<Origin> {
        let (key, _) = self.noted.as_ref()?;
        let remembered = self.remembered.get()?;
        let hash = key.name(name);
        *keyed = Some(hash);
        if remembered.trees.binary_search(&hash).is_ok() {
            return Some(Origin::Tree);
        }
        remembered.refs.binary_search(&hash).is_ok().then_some(Origin::Reference)
    }

    fn note(
        &self,
        name: &[u8],
        keyed: Option<u64>,
        found: bool,
        list: impl FnOnce(&mut Noted) -> &mut Vec<u64>,
    ) {
        if let Some((key, noted)) = self.noted.as_ref().filter(|_| !found) {
            let hash = keyed.unwrap_or_else(|| key.name(name));
            list(&mut noted.lock().unwrap_or_else(PoisonError::into_inner)).push(hash);
        }
    }

    /// What the next scan is to know.
    pub fn into_noted(self) -> Noted {
        let noted = self.noted.map(|(_, noted)| noted.into_inner());
        noted.map_or_else(Noted::default, |noted| noted.unwrap_or_else(PoisonError::into_inner))
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
            if search.name(part, Origin::File) {
                named.entry(part.to_vec()).or_default().insert(file.path[..end].to_vec());
            }
            start = end + 1;
        }
    }
    named
}
