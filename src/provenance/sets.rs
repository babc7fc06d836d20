//! Sets of secrets that commits have: what comes together, and what is taken out.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::paths::Secrets;

/// A parent: what it has, and what it or any commit before it had.
pub struct Side<'a> {
    /// What it has.
    pub has: &'a Secrets,
    /// What it or any commit before it had.
    pub had: &'a Secrets,
}

/// What a commit with the secrets `set` took out. A merge takes out what one side has unless the other
/// side had it before and took it out itself.
pub fn gone(set: &Secrets, from: &[Side<'_>]) -> Vec<u32> {
    let has = |of: &Secrets, secret: &u32| of.binary_search(secret).is_ok();
    let mut gone: Vec<u32> = from
        .iter()
        .flat_map(|side| side.has.iter())
        .filter(|secret| !has(set, secret))
        .filter(|secret| from.iter().all(|side| has(side.has, secret) || !has(side.had, secret)))
        .copied()
        .collect();
    gone.sort_unstable();
    gone.dedup();
    gone
}

/// Unions of sets, each made once: most commits have the same sets as those before them.
#[derive(Default)]
pub struct Unions {
    /// By the addresses of the two sets.
    known: HashMap<(usize, usize), Secrets>,
    /// Sets whose addresses are in use, so that no other comes to stand there.
    held: Vec<Secrets>,
    /// All unions, so that equal ones have the same address.
    sets: HashSet<Secrets>,
}

impl Unions {
    /// What `one` and `other` have together.
    pub fn of(&mut self, one: Secrets, other: &Secrets) -> Secrets {
        if Arc::ptr_eq(&one, other) || other.is_empty() {
            return one;
        }
        let address = |set: &Secrets| Arc::as_ptr(set).cast::<u32>() as usize;
        let key = (address(&one), address(other));
        if let Some(known) = self.known.get(&key) {
            return Secrets::clone(known);
        }
        let mut all: Vec<u32> = one.iter().chain(&**other).copied().collect();
        all.sort_unstable();
        all.dedup();
        let all = self.own(all.into());
        self.known.insert(key, Secrets::clone(&all));
        self.held.extend([one, Secrets::clone(other)]);
        all
    }

    /// The set that stands for all that are equal to `set`.
    fn own(&mut self, set: Secrets) -> Secrets {
        if let Some(known) = self.sets.get(&set) {
            return Secrets::clone(known);
        }
        self.sets.insert(Secrets::clone(&set));
        set
    }
}
