//! What a scan could not read. An incomplete scan never looks clean: each gap is counted, a bounded
//! number of each kind is named, and any of them decides the exit code.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Names kept for each kind; the count goes on.
const NAMED_PER_KIND: usize = 50;

/// Why something was not read.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum IncompleteKind {
    /// An object that is referred to is not in the store (partial clone, pruned).
    MissingObject,
    /// History ends at a shallow boundary.
    Shallow,
    /// A pack or its index is damaged.
    CorruptPack,
    /// One object is damaged.
    CorruptObject,
    /// A file or directory could not be opened or read.
    Unreadable,
    /// A Git LFS pointer whose file is not in the local LFS store.
    LfsPointer,
    /// Larger than the size limit.
    OverSize,
    /// An archive or encoding was left part-way, because its budget of bytes, depth or members
    /// ran out or because it is damaged or encrypted.
    Decoding,
    /// A reference or reflog that could not be read.
    Reference,
}

impl IncompleteKind {
    /// All values.
    pub const ALL: [IncompleteKind; 9] = [
        IncompleteKind::MissingObject,
        IncompleteKind::Shallow,
        IncompleteKind::CorruptPack,
        IncompleteKind::CorruptObject,
        IncompleteKind::Unreadable,
        IncompleteKind::LfsPointer,
        IncompleteKind::OverSize,
        IncompleteKind::Decoding,
        IncompleteKind::Reference,
    ];

    /// The word used in options and outputs.
    pub fn as_str(self) -> &'static str {
        match self {
            IncompleteKind::MissingObject => "missing-object",
            IncompleteKind::Shallow => "shallow",
            IncompleteKind::CorruptPack => "corrupt-pack",
            IncompleteKind::CorruptObject => "corrupt-object",
            IncompleteKind::Unreadable => "unreadable",
            IncompleteKind::LfsPointer => "lfs-pointer",
            IncompleteKind::OverSize => "over-size",
            IncompleteKind::Decoding => "decoding",
            IncompleteKind::Reference => "reference",
        }
    }

    /// What the user can do about it.
    pub fn way_out(self) -> &'static str {
        match self {
            IncompleteKind::MissingObject => {
                "fetch the missing objects, for instance with `git fetch --refetch --no-filter`"
            }
            IncompleteKind::Shallow => {
                "fetch the whole history with `git fetch --unshallow`, or in CI check out with fetch-depth: 0"
            }
            IncompleteKind::CorruptPack | IncompleteKind::CorruptObject => {
                "run `git fsck --full` and restore the objects from another clone"
            }
            IncompleteKind::Unreadable => "check that the file exists and that you may read it",
            IncompleteKind::LfsPointer => "run `git lfs fetch --all` and scan again",
            IncompleteKind::OverSize => {
                "raise --max-file-size; for a file that is in no commit, ignore.paths in leaktrace.yml does too"
            }
            IncompleteKind::Decoding => {
                "look into the file by hand, or raise the decoding limits in leaktrace.yml"
            }
            IncompleteKind::Reference => "run `git fsck` and repair or delete the reference",
        }
    }
}

/// All gaps of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Incomplete {
    /// Why they were not read.
    pub kind: IncompleteKind,
    /// How many.
    pub count: u64,
    /// The first of them in byte order, each with what went wrong; repository bytes escaped.
    pub named: Vec<String>,
}

/// Collects gaps from all threads; what it gives does not depend on the order they came in.
#[derive(Debug, Default)]
pub struct IncompleteLog {
    kinds: Mutex<BTreeMap<IncompleteKind, (u64, BTreeSet<String>)>>,
}

impl IncompleteLog {
    /// Records that `what` was not read. `what` must already be escaped (see [`super::text`]).
    pub fn add(&self, kind: IncompleteKind, what: impl Into<String>) {
        // A poisoned lock means another thread panicked while counting; the count is still usable.
        let mut kinds = self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (count, named) = kinds.entry(kind).or_default();
        *count += 1;
        named.insert(what.into());
        if named.len() > NAMED_PER_KIND {
            named.pop_last();
        }
    }

    /// Adds what another log has recorded.
    pub fn merge(&self, entries: &[Incomplete]) {
        let mut kinds = self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        for entry in entries {
            let (count, named) = kinds.entry(entry.kind).or_default();
            *count = count.saturating_add(entry.count);
            named.extend(entry.named.iter().cloned());
            while named.len() > NAMED_PER_KIND {
                named.pop_last();
            }
        }
    }

    /// Everything recorded so far, one entry a kind.
    pub fn entries(&self) -> Vec<Incomplete> {
        let kinds = self.kinds.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        kinds
            .iter()
            .map(|(kind, (count, named))| Incomplete {
                kind: *kind,
                count: *count,
                named: named.iter().cloned().collect(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_independent_of_order() {
        let (up, down) = (IncompleteLog::default(), IncompleteLog::default());
        for i in 0..200 {
            up.add(IncompleteKind::OverSize, format!("f{i:03}"));
            down.add(IncompleteKind::OverSize, format!("f{:03}", 199 - i));
        }
        assert_eq!(up.entries(), down.entries());
        assert_eq!(up.entries()[0].count, 200);
        assert_eq!(up.entries()[0].named.len(), NAMED_PER_KIND);
    }

    #[test]
    fn two_logs_together_are_as_one() {
        let (one, two, all) =
            (IncompleteLog::default(), IncompleteLog::default(), IncompleteLog::default());
        for i in 0..150 {
            let log = if i % 3 == 0 { &one } else { &two };
            log.add(IncompleteKind::OverSize, format!("f{i:03}"));
            all.add(IncompleteKind::OverSize, format!("f{i:03}"));
        }
        one.merge(&two.entries());
        assert_eq!(one.entries(), all.entries());
    }
}
