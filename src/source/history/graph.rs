//! What commits say of each other: parents, trees and times, in an order where parents come first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashMap};

use gix::ObjectId;

/// A commit as it stands in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Commit {
    /// Its id.
    pub id: ObjectId,
    /// Its root tree.
    pub tree: ObjectId,
    /// Its parents, in order.
    pub parents: Vec<ObjectId>,
    /// The committer's time, seconds since 1970-01-01 UTC; 0 when it cannot be read.
    pub time: i64,
}

impl Commit {
    /// Reads a commit object's headers. Like git, minds neither broken names and dates nor headers
    /// it does not know: a commit that git walks is walked here, too.
    pub fn parse(id: ObjectId, data: &[u8]) -> Result<Commit, String> {
        let object = |value: &[u8]| {
            ObjectId::from_hex(value)
                .ok()
                .filter(|named| named.kind() == id.kind())
                .ok_or("a header names no object")
        };
        let mut commit = Commit { id, tree: id, parents: Vec::new(), time: 0 };
        let mut has_tree = false;
        for (name, value) in headers(data) {
            match name {
                b"tree" if !has_tree => {
                    commit.tree = object(value)?;
                    has_tree = true;
                }
                b"parent" => commit.parents.push(object(value)?),
                b"committer" => {
                    commit.time = seconds(value).unwrap_or(0);
                    break;
                }
                _ => {}
            }
        }
        if has_tree { Ok(commit) } else { Err("it names no tree".to_owned()) }
    }
}

/// The headers of a commit or tag: names and values, of those over several lines the first.
pub fn headers(data: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    data.split(|byte| *byte == b'\n').take_while(|line| !line.is_empty()).filter_map(|line| {
        let space = memchr::memchr(b' ', line).filter(|at| *at > 0)?;
        Some((&line[..space], &line[space + 1..]))
    })
}

/// The message of a commit or tag: what follows the first empty line.
pub fn message(data: &[u8]) -> &[u8] {
    memchr::memmem::find(data, b"\n\n").map_or(&[], |at| &data[at + 2..])
}

/// The seconds in `Name <address> seconds zone`.
fn seconds(line: &[u8]) -> Option<i64> {
    let after = memchr::memrchr(b'>', line)? + 1;
    let date = std::str::from_utf8(&line[after..]).ok()?;
    date.split_ascii_whitespace().next()?.parse().ok()
}

/// Commits numbered so that each has a higher number than its parents; among those that could
/// come next, the one with the earlier time, then the smaller id. Clock skew therefore never puts a
/// child before its parent.
#[derive(Default)]
pub struct Graph {
    commits: Vec<Commit>,
    parents: Vec<Vec<u32>>,
    numbers: HashMap<ObjectId, u32>,
    /// Parents that are not in the store, with a commit that names them.
    pub missing: BTreeSet<ObjectId>,
}

impl Graph {
    /// Orders `commits`; duplicates are dropped.
    pub fn new(mut commits: Vec<Commit>) -> Graph {
        commits.sort_unstable_by_key(|commit| commit.id);
        commits.dedup_by_key(|commit| commit.id);
        let place: HashMap<ObjectId, usize> =
            commits.iter().enumerate().map(|(at, commit)| (commit.id, at)).collect();
        let mut missing = BTreeSet::new();
        let mut waiting = vec![0usize; commits.len()];
        let mut children: Vec<Vec<usize>> = vec![Vec::new(); commits.len()];
        for (at, commit) in commits.iter().enumerate() {
            for parent in &commit.parents {
                match place.get(parent) {
                    Some(parent) => {
                        children[*parent].push(at);
                        waiting[at] += 1;
                    }
                    None => {
                        missing.insert(*parent);
                    }
                }
            }
        }
        let mut ready: BinaryHeap<Reverse<(i64, ObjectId, usize)>> = (0..commits.len())
            .filter(|at| waiting[*at] == 0)
            .map(|at| Reverse((commits[at].time, commits[at].id, at)))
            .collect();
        let mut order = Vec::with_capacity(commits.len());
        while let Some(Reverse((_, _, at))) = ready.pop() {
            order.push(at);
            for child in &children[at] {
                waiting[*child] -= 1;
                if waiting[*child] == 0 {
                    ready.push(Reverse((commits[*child].time, commits[*child].id, *child)));
                }
            }
        }
        Graph::numbered(commits, &order, missing)
    }

    fn numbered(commits: Vec<Commit>, order: &[usize], missing: BTreeSet<ObjectId>) -> Graph {
        let mut slots: Vec<Option<Commit>> = commits.into_iter().map(Some).collect();
        // A cycle of parents cannot exist under a sound hash; such commits would be left out here.
        let commits: Vec<Commit> = order.iter().filter_map(|at| slots[*at].take()).collect();
        let numbers: HashMap<ObjectId, u32> =
            (0u32..).zip(&commits).map(|(number, commit)| (commit.id, number)).collect();
        let parents = commits
            .iter()
            .map(|c| c.parents.iter().filter_map(|id| numbers.get(id).copied()).collect())
            .collect();
        Graph { commits, parents, numbers, missing }
    }

    /// How many commits there are.
    pub fn len(&self) -> usize {
        self.commits.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.commits.is_empty()
    }

    /// All commits, parents first.
    pub fn commits(&self) -> &[Commit] {
        &self.commits
    }

    /// The numbers of a commit's parents that are in the store, in the commit's order.
    pub fn parents(&self, number: u32) -> &[u32] {
        self.parents.get(number as usize).map_or(&[], Vec::as_slice)
    }

    /// A commit by its number.
    pub fn commit(&self, number: u32) -> Option<&Commit> {
        self.commits.get(number as usize)
    }

    /// A commit's number.
    pub fn number(&self, id: &ObjectId) -> Option<u32> {
        self.numbers.get(id).copied()
    }

    /// For each commit, whether it is one of `tips` or an ancestor of one.
    pub fn reachable(&self, tips: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut reached = vec![false; self.commits.len()];
        for tip in tips {
            if let Some(slot) = reached.get_mut(tip as usize) {
                *slot = true;
            }
        }
        for number in (0..self.commits.len()).rev().filter(|n| self.parents[*n].iter().len() > 0) {
            if reached[number] {
                for parent in &self.parents[number] {
                    reached[*parent as usize] = true;
                }
            }
        }
        reached
    }

    /// For each commit, bit `n` says whether it is the commit `starts[n]` or a descendant of it. At
    /// most 64 starts; more are left out.
    pub fn descendants(&self, starts: &[u32]) -> Vec<u64> {
        let mut below = vec![0u64; self.commits.len()];
        for (bit, start) in starts.iter().take(64).enumerate() {
            if let Some(slot) = below.get_mut(*start as usize) {
                *slot |= 1 << bit;
            }
        }
        for number in 0..self.commits.len() {
            let inherited =
                self.parents[number].iter().fold(0, |all, parent| all | below[*parent as usize]);
            below[number] |= inherited;
        }
        below
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes_or_panic(&[n; 20])
    }

    fn commit(n: u8, time: i64, parents: &[u8]) -> Commit {
        Commit { id: id(n), tree: id(99), parents: parents.iter().map(|p| id(*p)).collect(), time }
    }

    #[test]
    fn parents_come_first_whatever_the_clocks_say() {
        let graph = Graph::new(vec![
            commit(4, 1, &[2, 3]),
            commit(2, 500, &[1]),
            commit(3, 2, &[1]),
            commit(1, 900, &[]),
        ]);
        let order: Vec<ObjectId> = graph.commits().iter().map(|c| c.id).collect();
        assert_eq!(order, [id(1), id(3), id(2), id(4)]);
        assert_eq!(graph.parents(3), [2, 1]);
        assert!(graph.missing.is_empty());
    }

    #[test]
    fn a_missing_parent_is_told() {
        let graph = Graph::new(vec![commit(2, 1, &[1])]);
        assert_eq!(graph.len(), 1);
        assert!(graph.missing.contains(&id(1)));
    }

    #[test]
    fn reachable_and_descendants() {
        let graph = Graph::new(vec![commit(1, 1, &[]), commit(2, 2, &[1]), commit(3, 3, &[1])]);
        let two = graph.number(&id(2)).expect("is there");
        assert_eq!(graph.reachable([two]), [true, true, false]);
        assert_eq!(graph.descendants(&[0, two]), [0b01, 0b11, 0b01]);
    }
}
