//! Trees that come to those that are known to lead somewhere, and those read back from a state.

use std::collections::HashMap;

use super::super::forest::NONE;
use super::{Entry, Trees};

/// A tree that may lead somewhere.
pub struct NewTree {
    /// Object number.
    pub number: u32,
    /// Entries that may lead somewhere.
    pub entries: Vec<NewEntry>,
}

/// An entry that may lead somewhere.
pub struct NewEntry {
    /// File or folder name.
    pub name: Vec<u8>,
    /// The object's number, [`NONE`] when it is not in the store.
    pub number: u32,
    /// Whether it is a folder.
    pub is_tree: bool,
    /// Whether the name is of interest by itself.
    pub is_named: bool,
    /// Whether it is a file with something in it.
    pub is_found: bool,
}

impl Trees {
    /// Adds those of `new` that lead somewhere; gives their numbers. Lists keep their numbers,
    /// names do not.
    pub fn extend(&mut self, new: &[NewTree]) -> Vec<u32> {
        let places: HashMap<u32, usize> =
            new.iter().enumerate().map(|(at, tree)| (tree.number, at)).collect();
        let mut adding = Adding {
            names: (0u32..).zip(&self.names).map(|(at, name)| (name.clone(), at)).collect(),
            leads: self.leading(new, &places),
            lists: vec![None; new.len()],
            opened: vec![false; new.len()],
            known: self,
            new,
            places,
        };
        let mut numbers = Vec::new();
        for (at, tree) in new.iter().enumerate() {
            if adding.leads[at] {
                adding.add(at);
                numbers.push(tree.number);
            }
        }
        let Adding { names, lists, .. } = adding;
        let listed = new.iter().zip(lists).filter_map(|(tree, list)| Some((tree.number, list?)));
        self.listed.extend(listed);
        self.listed.sort_unstable();
        self.listed.dedup_by_key(|(tree, _)| *tree);
        self.sort_names(names);
        numbers
    }

    /// Which of the new trees lead somewhere.
    fn leading(&self, new: &[NewTree], places: &HashMap<u32, usize>) -> Vec<bool> {
        let mut leads = vec![false; new.len()];
        let mut holders: HashMap<usize, Vec<usize>> = HashMap::new();
        let mut queue = Vec::new();
        for (at, tree) in new.iter().enumerate() {
            for entry in &tree.entries {
                leads[at] |= entry.is_named || entry.is_found && !entry.is_tree;
                leads[at] |= entry.is_tree && self.list(entry.number).is_some();
                if let Some(held) = places.get(&entry.number).filter(|_| entry.is_tree) {
                    holders.entry(*held).or_default().push(at);
                }
            }
            if leads[at] {
                queue.push(at);
            }
        }
        while let Some(held) = queue.pop() {
            for holder in holders.get(&held).into_iter().flatten() {
                if !std::mem::replace(&mut leads[*holder], true) {
                    queue.push(*holder);
                }
            }
        }
        leads
    }

    /// Takes over `names`, numbered in their order.
    fn sort_names(&mut self, names: HashMap<Vec<u8>, u32>) {
        let mut sorted: Vec<(Vec<u8>, u32)> = names.into_iter().collect();
        sorted.sort_unstable();
        let mut places = vec![0; sorted.len()];
        for (new, (_, old)) in (0u32..).zip(&sorted) {
            places[*old as usize] = new;
        }
        if places.iter().zip(0u32..).any(|(new, old)| *new != old) {
            self.lists = self.lists.renamed(&places);
        }
        self.names = sorted.into_iter().map(|(name, _)| name).collect();
    }

    /// The lists and trees that another time gave, in parts of which each adds to those before. None
    /// when one refers to what is not there.
    pub fn restored(parts: &[Part]) -> Option<Trees> {
        let mut names: Vec<&[u8]> =
            parts.iter().flat_map(|part| &part.names).map(Vec::as_slice).collect();
        names.sort_unstable();
        names.dedup();
        let mut trees = Trees::default();
        for part in parts {
            let places: Vec<u32> = part
                .names
                .iter()
                .map(|name| names.binary_search(&name.as_slice()).ok())
                .map(|place| u32::try_from(place?).ok())
                .collect::<Option<_>>()?;
            let mut start = 0;
            for end in &part.ends {
                let before = trees.lists.len();
                let mut list = part.entries.get(start..*end)?.to_vec();
                for entry in &mut list {
                    entry.name = *places.get(entry.name as usize)?;
                    let is_known = !entry.is_tree || (entry.target as usize) < before;
                    if !is_known && entry.target != NONE {
                        return None;
                    }
                }
                list.sort_unstable();
                trees.lists.push(list);
                start = *end;
            }
            if part.trees.iter().any(|(_, list)| *list as usize >= trees.lists.len()) {
                return None;
            }
            trees.listed.extend_from_slice(&part.trees);
        }
        trees.listed.sort_unstable();
        trees.listed.dedup_by_key(|(tree, _)| *tree);
        trees.names = names.into_iter().map(<[u8]>::to_vec).collect();
        Some(trees)
    }
}

/// Lists and trees as they were kept.
#[derive(Default)]
pub struct Part {
    /// Names.
    pub names: Vec<Vec<u8>>,
    /// Entries of all lists, one after the other; their names are places in `names`, their lists
    /// those of all parts so far.
    pub entries: Vec<Entry>,
    /// Where in `entries` each list ends.
    pub ends: Vec<usize>,
    /// Trees with their lists.
    pub trees: Vec<(u32, u32)>,
}

/// Makes lists of new trees.
struct Adding<'a> {
    known: &'a mut Trees,
    new: &'a [NewTree],
    /// By object number.
    places: HashMap<u32, usize>,
    leads: Vec<bool>,
    /// By place; none before it is made, or when it leads nowhere.
    lists: Vec<Option<u32>>,
    /// By place; those that are being made, too.
    opened: Vec<bool>,
    names: HashMap<Vec<u8>, u32>,
}

impl Adding<'_> {
    /// Makes the lists of the tree at a place and of those below it.
    fn add(&mut self, at: usize) {
        let mut stack = vec![at];
        while let Some(at) = stack.last().copied() {
            if self.lists[at].is_some() {
                stack.pop();
            } else if std::mem::replace(&mut self.opened[at], true) {
                let list = self.list(at);
                self.lists[at] = Some(self.known.lists.add(list));
                stack.pop();
            } else {
                let below = self.new[at].entries.iter().filter(|entry| entry.is_tree);
                let below = below.filter_map(|entry| self.places.get(&entry.number).copied());
                stack.extend(below.filter(|at| self.leads[*at] && !self.opened[*at]));
            }
        }
    }

    /// The entries of a tree below which all lists are made.
    fn list(&mut self, at: usize) -> Vec<Entry> {
        let mut list = Vec::new();
        for entry in &self.new[at].entries {
            let below = if entry.is_tree {
                let new = self.places.get(&entry.number).and_then(|at| self.lists[*at]);
                new.or_else(|| self.known.list(entry.number))
            } else {
                entry.is_found.then_some(entry.number)
            };
            if below.is_some() || entry.is_named {
                let next = u32::try_from(self.names.len()).unwrap_or(NONE);
                let name = *self.names.entry(entry.name.clone()).or_insert(next);
                let target = below.unwrap_or(NONE);
                list.push(Entry { name, is_tree: entry.is_tree, target });
            }
        }
        list
    }
}
