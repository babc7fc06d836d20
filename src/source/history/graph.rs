//! What commits say of each other: parents, trees and times, in an order where parents come first.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};

use gix::ObjectId;

use super::near::{self, Near};

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
pub struct Graph<'a> {
    commits: &'a [Commit],
    /// Places in `commits` by the order of the ids there.
    by_id: Vec<u32>,
    near: Option<Near>,
    /// Numbers of commits by the order of their ids.
    numbers: Vec<u32>,
    /// Places in `by_id` by number.
    order: Vec<u32>,
    parents: Links,
    /// Parents that are not in the store, with a commit that names them.
    pub missing: BTreeSet<ObjectId>,
}

/// Some numbers for each number, all in one list.
struct Links {
    /// Where in `all` each number's end.
    ends: Vec<u32>,
    all: Vec<u32>,
}

impl Links {
    fn new(count: usize) -> Links {
        Links { ends: Vec::with_capacity(count), all: Vec::new() }
    }

    fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("numbers have 32 bits")
    }

    /// Adds the next number's.
    fn add(&mut self, links: impl Iterator<Item = u32>) {
        self.all.extend(links);
        self.ends.push(u32::try_from(self.all.len()).expect("as many parents fill any memory"));
    }

    fn of(&self, number: u32) -> &[u32] {
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let start = (number as usize).checked_sub(1).map_or(Some(0), end);
        let range = start.zip(end(number as usize));
        range.and_then(|(start, end)| self.all.get(start..end)).unwrap_or_default()
    }

    /// The same the other way round, each list ascending.
    fn reversed(&self) -> Links {
        let mut ends = vec![0u32; self.ends.len()];
        for link in &self.all {
            ends[*link as usize] += 1;
        }
        let mut end = 0;
        for slot in &mut ends {
            end += *slot;
            *slot = end;
        }
        let mut all = vec![0; self.all.len()];
        let mut next = ends.clone();
        for from in (0..self.count()).rev() {
            for link in self.of(from) {
                let place = &mut next[*link as usize];
                *place -= 1;
                all[*place as usize] = from;
            }
        }
        Links { ends, all }
    }
}

impl<'a> Graph<'a> {
    /// Orders `commits`; of duplicates the first counts.
    pub fn new(commits: &'a [Commit]) -> Graph<'a> {
        let mut keys: Vec<(u64, u32)> =
            (0u32..).zip(commits).map(|(at, commit)| (near::number(&commit.id), at)).collect();
        let id = |at: u32| &commits[at as usize].id;
        keys.sort_unstable_by(|a, b| {
            a.0.cmp(&b.0).then_with(|| id(a.1).cmp(id(b.1))).then_with(|| a.1.cmp(&b.1))
        });
        keys.dedup_by(|later, first| id(later.1) == id(first.1));
        let by_id: Vec<u32> = keys.into_iter().map(|(_, at)| at).collect();
        let count = u32::try_from(by_id.len()).expect("as many commits fill any memory");
        let mut graph = Graph {
            near: Near::of(count, |place| id(by_id[place as usize])),
            commits,
            by_id,
            numbers: Vec::new(),
            order: Vec::new(),
            parents: Links::new(commits.len()),
            missing: BTreeSet::new(),
        };
        graph.put_in_order();
        graph
    }

    fn put_in_order(&mut self) {
        let by_place = self.links_by_place();
        let children = by_place.reversed();
        let count = u32::try_from(self.by_id.len()).expect("counted before");
        let mut waiting: Vec<u32> = (0..count)
            .map(|place| u32::try_from(by_place.of(place).len()).unwrap_or(u32::MAX))
            .collect();
        let time = |place: u32| self.at(place).map_or(0, |commit| commit.time);
        // Places are in the order of ids.
        let mut ready: BinaryHeap<Reverse<(i64, u32)>> = (0..count)
            .filter(|place| waiting[*place as usize] == 0)
            .map(|place| Reverse((time(place), place)))
            .collect();
        let mut order = Vec::with_capacity(self.by_id.len());
        while let Some(Reverse((_, place))) = ready.pop() {
            order.push(place);
            for child in children.of(place) {
                waiting[*child as usize] -= 1;
                if waiting[*child as usize] == 0 {
                    ready.push(Reverse((time(*child), *child)));
                }
            }
        }
        // A cycle of parents cannot exist under a sound hash; such commits are left out here.
        let mut numbers = vec![u32::MAX; self.by_id.len()];
        for (number, place) in (0u32..).zip(&order) {
            numbers[*place as usize] = number;
        }
        for place in &order {
            let parents = by_place.of(*place).iter().map(|parent| numbers[*parent as usize]);
            self.parents.add(parents);
        }
        self.order = order;
        self.numbers = numbers;
    }

    /// The parents of the commit at each place of `by_id`; notes those that are missing.
    fn links_by_place(&mut self) -> Links {
        let mut links = Links::new(self.by_id.len());
        let mut missing = BTreeSet::new();
        for at in &self.by_id {
            let parents = self.commits[*at as usize].parents.iter();
            links.add(parents.filter_map(|parent| {
                let place = self.place(parent);
                if place.is_none() {
                    missing.insert(*parent);
                }
                place
            }));
        }
        self.missing = missing;
        links
    }

    fn at(&self, place: u32) -> Option<&'a Commit> {
        self.commits.get(*self.by_id.get(place as usize)? as usize)
    }

    fn place(&self, id: &ObjectId) -> Option<u32> {
        let near = self.near.as_ref()?;
        near.find(id, |place| &self.commits[self.by_id[place as usize] as usize].id)
    }

    /// How many commits there are.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// All commits, parents first.
    pub fn commits(&self) -> impl Iterator<Item = &'a Commit> {
        self.order.iter().filter_map(|place| self.at(*place))
    }

    /// The numbers of a commit's parents that are in the store, in the commit's order.
    pub fn parents(&self, number: u32) -> &[u32] {
        self.parents.of(number)
    }

    /// A commit by its number.
    pub fn commit(&self, number: u32) -> Option<&'a Commit> {
        self.at(*self.order.get(number as usize)?)
    }

    /// A commit's number.
    pub fn number(&self, id: &ObjectId) -> Option<u32> {
        let number = *self.numbers.get(self.place(id)? as usize)?;
        (number != u32::MAX).then_some(number)
    }

    /// For each commit, whether it is one of `tips` or an ancestor of one.
    pub fn reachable(&self, tips: impl IntoIterator<Item = u32>) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        for tip in tips {
            if let Some(slot) = reached.get_mut(tip as usize) {
                *slot = true;
            }
        }
        for number in (0..self.parents.count()).rev() {
            if reached[number as usize] {
                for parent in self.parents(number) {
                    reached[*parent as usize] = true;
                }
            }
        }
        reached
    }

    /// For each commit, bit `n` says whether it is the commit `starts[n]` or a descendant of it. At
    /// most 64 starts; more are left out.
    pub fn descendants(&self, starts: &[u32]) -> Vec<u64> {
        let mut below = vec![0u64; self.len()];
        for (bit, start) in starts.iter().take(64).enumerate() {
            if let Some(slot) = below.get_mut(*start as usize) {
                *slot |= 1 << bit;
            }
        }
        for number in (0u32..).take(self.len()) {
            let parents = self.parents(number).iter();
            let inherited = parents.fold(0, |all, parent| all | below[*parent as usize]);
            below[number as usize] |= inherited;
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
        let commits = [
            commit(4, 1, &[2, 3]),
            commit(2, 500, &[1]),
            commit(3, 2, &[1]),
            commit(1, 900, &[]),
            commit(3, 2, &[1]),
        ];
        let graph = Graph::new(&commits);
        let order: Vec<ObjectId> = graph.commits().map(|c| c.id).collect();
        assert_eq!(order, [id(1), id(3), id(2), id(4)]);
        assert_eq!(graph.parents(3), [2, 1]);
        assert!(graph.missing.is_empty());
    }

    #[test]
    fn a_missing_parent_is_told() {
        let commits = [commit(2, 1, &[1])];
        let graph = Graph::new(&commits);
        assert_eq!(graph.len(), 1);
        assert!(graph.missing.contains(&id(1)));
    }

    #[test]
    fn reachable_and_descendants() {
        let commits = [commit(1, 1, &[]), commit(2, 2, &[1]), commit(3, 3, &[1])];
        let graph = Graph::new(&commits);
        let two = graph.number(&id(2)).expect("is there");
        assert_eq!(graph.reachable([two]), [true, true, false]);
        assert_eq!(graph.descendants(&[0, two]), [0b01, 0b11, 0b01]);
    }
}
