//! State that each worker thread keeps for itself while a rayon pool runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

/// One value a thread of the current rayon pool, and one for the thread that started it.
///
/// Values are merged after the parallel part in no particular order: what is kept in them must not
/// depend on which thread saw what.
pub struct PerThread<T> {
    slots: Vec<Mutex<T>>,
}

impl<T> PerThread<T> {
    /// Makes a value for each thread of the current pool.
    pub fn new(make: impl FnMut() -> T) -> PerThread<T> {
        let slots = rayon::current_num_threads() + 1;
        PerThread { slots: std::iter::repeat_with(make).take(slots).map(Mutex::new).collect() }
    }

    /// The calling thread's value. Do not call rayon while holding it: work that is stolen
    /// meanwhile would find it locked.
    pub fn get(&self) -> MutexGuard<'_, T> {
        let own = rayon::current_thread_index()
            .map_or(self.slots.len() - 1, |index| index.min(self.slots.len() - 1));
        // A poisoned value belongs to a thread whose panic is about to end the scan anyway.
        self.slots[own].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at all values, one after the other, while no other thread works.
    pub fn each(&self, mut look: impl FnMut(&T)) {
        for slot in &self.slots {
            look(&slot.lock().unwrap_or_else(PoisonError::into_inner));
        }
    }

    /// All values.
    pub fn into_inner(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A set of small numbers that many threads can add to at once.
pub struct BitSet {
    words: Vec<std::sync::atomic::AtomicU64>,
}

impl BitSet {
    /// Room for `0..numbers`.
    pub fn new(numbers: usize) -> BitSet {
        let words = numbers.div_ceil(64);
        BitSet { words: std::iter::repeat_with(Default::default).take(words).collect() }
    }

    /// Adds a number; numbers past the room are ignored. Returns whether it was new.
    pub fn insert(&self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1u64 << (number % 64));
        self.words
            .get(word)
            .is_some_and(|word| word.fetch_or(bit, std::sync::atomic::Ordering::Relaxed) & bit == 0)
    }

    /// Whether a number is in the set.
    pub fn contains(&self, number: u32) -> bool {
        let (word, bit) = (number as usize / 64, 1u64 << (number % 64));
        self.words
            .get(word)
            .is_some_and(|word| word.load(std::sync::atomic::Ordering::Relaxed) & bit != 0)
    }
}
