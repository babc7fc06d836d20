//! How far a scan is, for whoever wants to look while it runs.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

/// What a scan is busy with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Reading lists of objects and files.
    Prepare,
    /// Searching the object store.
    History,
    /// Searching files.
    Files,
    /// Following findings through the history.
    Assemble,
    /// People are looked up.
    People,
}

/// Counters that the scan moves on and anyone may read.
#[derive(Debug, Default)]
pub struct Progress {
    phase: AtomicU8,
    bytes: AtomicU64,
    items: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    /// Says what the scan does from now on.
    pub fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::Prepare => 0,
            Phase::History => 1,
            Phase::Files => 2,
            Phase::Assemble => 3,
            Phase::People => 4,
        };
        self.phase.store(number, Ordering::Relaxed);
    }

    /// What the scan does.
    pub fn phase(&self) -> Phase {
        match self.phase.load(Ordering::Relaxed) {
            0 => Phase::Prepare,
            1 => Phase::History,
            2 => Phase::Files,
            3 => Phase::Assemble,
            _ => Phase::People,
        }
    }

    /// Adds objects or files to what there is to do.
    pub fn expect(&self, items: u64) {
        self.total.fetch_add(items, Ordering::Relaxed);
    }

    /// One more object or file is done.
    pub fn done(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.items.fetch_add(1, Ordering::Relaxed);
    }

    /// Bytes searched so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Objects and files done, and those known of.
    pub fn items(&self) -> (u64, u64) {
        (self.items.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}
