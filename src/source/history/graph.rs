//! The history as a graph: which commit comes from which, in an order where parents come first.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};

use gix::ObjectId;

use super::commits::{Commit, Commits, Linked};
use super::forest::NONE;

/// `commits`, each once, in the order that [`Graph`] has them in.
pub fn in_order(mut commits: Vec<Commit>) -> Vec<Commit> {
    commits.sort_by_key(|commit| (commit.time, commit.id));
    commits.dedup_by(|later, first| later.id == first.id);
    let places: HashMap<ObjectId, u32> =
        commits.iter().map(|commit| commit.id).zip(0u32..).collect();
    let mut parents = Links::new(commits.len());
    for commit in &commits {
        parents.add(commit.parents.iter().filter_map(|parent| places.get(parent).copied()));
    }
    let order = order(&parents);
    order.into_iter().map(|place| commits[place as usize].clone()).collect()
}

/// Commits numbered so that each has a higher number than its parents; among those that could
/// come next, the one with the earlier time, then the smaller id. Clock skew therefore never puts a
/// child before its parent.
pub struct Graph<'a> {
    commits: &'a Commits,
    /// Places in `commits` by number.
    order: Vec<u32>,
    /// Numbers by object number.
    numbers: Vec<u32>,
    parents: Links,
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

/// Places in an order where parents come before their children, and otherwise lower places before
/// higher ones; `parents` has each place's.
fn order(parents: &Links) -> Vec<u32> {
    let all = 0..parents.count();
    if all.clone().all(|place| parents.of(place).iter().all(|parent| *parent < place)) {
        return all.collect();
    }
    let children = parents.reversed();
    let mut waiting: Vec<u32> = all
        .clone()
        .map(|place| u32::try_from(parents.of(place).len()).unwrap_or(u32::MAX))
        .collect();
    let mut ready: BinaryHeap<Reverse<u32>> =
        all.filter(|place| waiting[*place as usize] == 0).map(Reverse).collect();
    // A cycle of parents cannot exist under a sound hash; such commits are left out here.
    let mut order = Vec::with_capacity(waiting.len());
    while let Some(Reverse(place)) = ready.pop() {
        order.push(place);
        for child in children.of(place) {
            waiting[*child as usize] -= 1;
            if waiting[*child as usize] == 0 {
                ready.push(Reverse(*child));
            }
        }
    }
    order
}

impl<'a> Graph<'a> {
    /// Orders `commits` of a store with `objects` numbers.
    pub fn new(commits: &'a Commits, objects: usize) -> Graph<'a> {
        // Places by object number; numbers later.
        let mut numbers = vec![NONE; objects];
        for (place, commit) in (0u32..).zip(commits.iter()) {
            if let Some(slot) = numbers.get_mut(commit.object as usize) {
                *slot = place;
            }
        }
        let mut by_place = Links::new(commits.len());
        for commit in commits.iter() {
            let places = commit.parents.iter().filter_map(|parent| numbers.get(*parent as usize));
            by_place.add(places.copied().filter(|place| *place != NONE));
        }
        let order = order(&by_place);
        let mut number_of = vec![NONE; commits.len()];
        for (number, place) in (0u32..).zip(&order) {
            number_of[*place as usize] = number;
        }
        let mut parents = Links::new(order.len());
        for place in &order {
            parents.add(by_place.of(*place).iter().map(|parent| number_of[*parent as usize]));
        }
        for place in numbers.iter_mut().filter(|place| **place != NONE) {
            *place = number_of[*place as usize];
        }
        Graph { commits, order, numbers, parents }
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
    pub fn commits(&self) -> impl Iterator<Item = Linked<'a>> {
        self.order.iter().filter_map(|place| self.commits.get(*place))
    }

    /// The numbers of a commit's parents that are in the store, in the commit's order.
    pub fn parents(&self, number: u32) -> &[u32] {
        self.parents.of(number)
    }

    /// The object number of a commit.
    pub fn object(&self, number: u32) -> Option<u32> {
        let place = *self.order.get(number as usize)?;
        self.commits.get(place).map(|commit| commit.object)
    }

    /// The number of the commit that has an object number.
    pub fn number(&self, object: u32) -> Option<u32> {
        self.numbers.get(object as usize).copied().filter(|number| *number != NONE)
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

    /// Commits as a store would have them: object number, time, parents.
    fn commits(all: &[(u32, i64, &[u32])]) -> Commits {
        let mut commits = Commits::default();
        for (object, time, parents) in all {
            commits.push(Linked { object: *object, tree: NONE, time: *time, parents });
        }
        commits
    }

    #[test]
    fn parents_come_first_whatever_the_clocks_say() {
        let ordered = in_order(vec![
            commit(4, 1, &[2, 3]),
            commit(2, 500, &[1]),
            commit(3, 2, &[1]),
            commit(1, 900, &[]),
            commit(3, 2, &[1]),
        ]);
        let order: Vec<ObjectId> = ordered.iter().map(|commit| commit.id).collect();
        assert_eq!(order, [id(1), id(3), id(2), id(4)]);
        let commits = commits(&[(4, 1, &[2, 3]), (3, 2, &[1]), (2, 500, &[1]), (1, 900, &[])]);
        let graph = Graph::new(&commits, 5);
        let order: Vec<u32> = graph.commits().map(|commit| commit.object).collect();
        assert_eq!(order, [1, 3, 2, 4]);
        assert_eq!(graph.parents(3), [2, 1]);
        assert_eq!((graph.object(1), graph.number(3), graph.number(0)), (Some(3), Some(1), None));
    }

    #[test]
    fn a_missing_parent_is_left_out() {
        let commits = commits(&[(2, 1, &[NONE])]);
        let graph = Graph::new(&commits, 3);
        assert_eq!(graph.len(), 1);
        assert_eq!(graph.parents(0), [0; 0]);
    }

    #[test]
    fn reachable_and_descendants() {
        let commits = commits(&[(0, 1, &[]), (1, 2, &[0]), (2, 3, &[0])]);
        let graph = Graph::new(&commits, 3);
        let two = graph.number(1).expect("is there");
        assert_eq!(graph.reachable([two]), [true, true, false]);
        assert_eq!(graph.descendants(&[0, two]), [0b01, 0b11, 0b01]);
    }
}
