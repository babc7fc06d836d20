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

    /// Whether all of `numbers` are in the set.
    pub fn contains_all(&self, numbers: std::ops::Range<u32>) -> bool {
        let mut at = numbers.start;
        while at < numbers.end {
            let whole_word = at.is_multiple_of(64) && numbers.end - at >= 64;
            let word = self.words.get(at as usize / 64);
            let word = word.map_or(0, |word| word.load(std::sync::atomic::Ordering::Relaxed));
            if whole_word && word == u64::MAX {
                at += 64;
            } else if word & (1 << (at % 64)) != 0 {
                at += 1;
            } else {
                return false;
            }
        }
        true
    }

    /// Adds all of `numbers`, those past the room left out.
    pub fn insert_all(&self, numbers: std::ops::Range<u32>) {
        let mut at = numbers.start;
        while at < numbers.end {
            let last = numbers.end.min((at / 64 + 1).saturating_mul(64));
            let bits = (u64::MAX >> (64 - (last - at))) << (at % 64);
            if let Some(word) = self.words.get(at as usize / 64) {
                word.fetch_or(bits, std::sync::atomic::Ordering::Relaxed);
            }
            at = last;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_what_they_hold() {
        for (start, end) in [(0, 0), (0, 64), (3, 5), (60, 70), (1, 200), (63, 64), (64, 129)] {
            let set = BitSet::new(201);
            set.insert_all(start..end);
            let held: Vec<u32> = (0..201).filter(|number| set.contains(*number)).collect();
            assert_eq!(held, (start..end).collect::<Vec<u32>>());
            assert!(set.contains_all(start..end));
            assert!(!set.contains_all(start..end + 1), "{start} {end}");
            assert!(start == 0 || !set.contains_all(start - 1..end), "{start} {end}");
        }
    }
}
