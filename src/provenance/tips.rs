//! References by what they lead to: thousands that stand for nearly the same are looked at once.

use std::collections::{HashMap, HashSet};

use rayon::prelude::*;

use super::paths::{GROUPS_A_PAIR, Pair};
use super::{Refs, Table};

/// Refs listed at one place; the trace lists all.
const REFS_A_PLACE: usize = GROUPS_A_PAIR;

/// What a secret is reached by.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Reach {
    /// Groups of tips, see [`Tips`].
    pub groups: Vec<u32>,
    /// Further tips.
    pub tips: Vec<u32>,
}

/// References by what they lead to.
pub struct Tips {
    /// The names of all.
    pub names: Table,
    /// Those that have the same of interest, ascending: many stand for nearly the same. The groups
    /// are in the order of their first.
    pub groups: Vec<Vec<u32>>,
}

impl Tips {
    /// The names of what each of some secrets is reached by.
    pub fn of_each<'a>(&self, reach: impl Iterator<Item = &'a Reach> + Clone) -> Vec<Refs> {
        let distinct: HashSet<&Reach> = reach.clone().collect();
        let known: HashMap<&Reach, Refs> = distinct
            .into_par_iter()
            .map(|reach| {
                let mut has = vec![false; self.names.len()];
                for tip in self.members(&reach.groups).flatten().chain(&reach.tips) {
                    has[*tip as usize] = true;
                }
                let all = (0u32..).zip(has).filter(|(_, has)| *has).map(|(tip, _)| tip);
                (reach, Refs::of(&self.names, all))
            })
            .collect();
        reach.map(|reach| known.get(reach).cloned().unwrap_or_default()).collect()
    }

    /// For each pair the first that have it.
    pub fn first_of_each(&self, pairs: &[Pair]) -> Vec<Refs> {
        let mut known: HashMap<&[u32], Refs> = HashMap::new();
        let each = pairs.iter().map(|pair| {
            let refs = known.entry(&pair.groups).or_insert_with(|| {
                let first = self.members(&pair.groups).map(|group| group.iter().take(REFS_A_PLACE));
                let mut first: Vec<u32> = first.flatten().copied().collect();
                first.sort_unstable();
                first.truncate(REFS_A_PLACE);
                Refs::of(&self.names, first)
            });
            refs.clone()
        });
        each.collect()
    }

    fn members(&self, groups: &[u32]) -> impl Iterator<Item = &Vec<u32>> {
        groups.iter().filter_map(|group| self.groups.get(*group as usize))
    }
}
