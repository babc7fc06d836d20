//! Which trees lead to something of interest: those that hold it, and those that hold such trees.
//!
//! Trees are ordered so that all that is made from a tree, directly or not, follows it without a
//! gap. An entry that a tree adds therefore stands in a run of trees, less the runs of those that
//! take it out again; nowhere is there a list of who holds what, and the work follows the changes.

use super::super::forest::NONE;
use super::record::{Lead, Record, Recorded};

/// A tree at its place in the order.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    /// Which of [`Recorded::records`].
    pub record: u32,
    /// Place of the tree it is made from, [`NONE`] without one; always a lower one.
    pub base: u32,
    /// Place after the last tree that is made from it.
    pub end: u32,
}

/// The trees in order, and which of them lead somewhere.
pub struct Leading {
    /// By place.
    pub order: Vec<Placed>,
    /// By place.
    leads: Vec<bool>,
    /// Place of the tree with an object number, [`NONE`] without one.
    places: Vec<u32>,
}

impl Leading {
    /// The place of a tree that leads somewhere, by its object number.
    pub fn place(&self, number: u32) -> Option<u32> {
        let place = self.places.get(number as usize)?;
        self.leads.get(*place as usize)?.then_some(*place)
    }

    /// Whether an entry of `recorded` leads somewhere.
    pub fn leads(&self, recorded: &Recorded<'_>, lead: Lead) -> bool {
        recorded.holds(lead) || lead.name.is_tree() && self.place(lead.number).is_some()
    }
}

/// Finds the trees that lead somewhere.
pub fn leading(recorded: &Recorded<'_>) -> Leading {
    let (order, places) = order(recorded);
    let mut spread = Spread::new(&order);
    let mut held = vec![0u32; order.len()];
    for (at, placed) in order.iter().enumerate() {
        let record = &recorded.records[placed.record as usize];
        let count = |leads: &[Lead]| leads.iter().filter(|lead| recorded.holds(**lead)).count();
        let base = held.get(placed.base as usize).copied().unwrap_or(0);
        let all = base as usize + count(recorded.added(record));
        let left = all.saturating_sub(count(recorded.removed(record)));
        held[at] = u32::try_from(left).unwrap_or(u32::MAX);
        if left > 0 {
            spread.mark(at..at + 1);
        }
    }
    drop(held);
    let events = Events::of(recorded, &order, &places);
    while let Some(tree) = spread.queue.pop() {
        events.runs_of(tree, &order, |run| spread.mark(run));
    }
    Leading { leads: spread.leads, order, places }
}

/// Orders the trees; gives the places by object number, too.
fn order(recorded: &Recorded<'_>) -> (Vec<Placed>, Vec<u32>) {
    let records = &recorded.records;
    let mut by_number = vec![NONE; recorded.numbers];
    for (at, record) in (0u32..).zip(records) {
        if let Some(slot) = by_number.get_mut(record.number as usize) {
            *slot = at;
        }
    }
    let base_of = |record: &Record| by_number.get(record.base as usize).copied().unwrap_or(NONE);
    let (mut child, mut sibling) = (vec![NONE; records.len()], vec![NONE; records.len()]);
    let mut stack: Vec<(u32, u32)> = Vec::new();
    for (at, record) in (0u32..).zip(records) {
        match base_of(record) {
            NONE => stack.push((at, NONE)),
            base => sibling[at as usize] = std::mem::replace(&mut child[base as usize], at),
        }
    }
    let mut order: Vec<Placed> = Vec::with_capacity(records.len());
    while let Some((record, base)) = stack.pop() {
        let place = u32::try_from(order.len()).expect("there are less than 2^32 records");
        order.push(Placed { record, base, end: place + 1 });
        let mut next = child[record as usize];
        while next != NONE {
            stack.push((next, place));
            next = sibling[next as usize];
        }
    }
    for at in (0..order.len()).rev() {
        let Placed { base, end, .. } = order[at];
        if let Some(base) = order.get_mut(base as usize) {
            base.end = base.end.max(end);
        }
    }
    let mut places = by_number;
    places.fill(NONE);
    for (place, placed) in (0u32..).zip(&order) {
        let number = records[placed.record as usize].number;
        if let Some(slot) = places.get_mut(number as usize) {
            *slot = place;
        }
    }
    (order, places)
}

/// Marks trees, each once.
struct Spread {
    leads: Vec<bool>,
    /// For each place one at or after it, before which all are marked.
    next: Vec<u32>,
    /// Marked, and those that hold them are still to be.
    queue: Vec<u32>,
}

impl Spread {
    fn new(order: &[Placed]) -> Spread {
        let past = u32::try_from(order.len()).expect("there are less than 2^32 records");
        Spread { leads: vec![false; order.len()], next: (0..=past).collect(), queue: Vec::new() }
    }

    /// The first place at or after `at` that is not marked.
    fn free(&mut self, mut at: usize) -> usize {
        while self.next[at] as usize != at {
            let next = self.next[at] as usize;
            self.next[at] = self.next[next];
            at = self.next[at] as usize;
        }
        at
    }

    fn mark(&mut self, run: std::ops::Range<usize>) {
        let mut at = self.free(run.start);
        while at < run.end {
            self.leads[at] = true;
            self.queue.push(u32::try_from(at).expect("places fit into u32"));
            self.next[at] += 1;
            at = self.free(at);
        }
    }
}

/// Where each tree is added to others and taken out of them.
struct Events {
    /// Where the events of the tree at each place begin, and the last one's end.
    starts: Vec<u32>,
    /// Places of the holding trees, ascending, doubled; one more where it is taken out.
    events: Vec<u32>,
}

impl Events {
    fn of(recorded: &Recorded<'_>, order: &[Placed], places: &[u32]) -> Events {
        let mut starts = vec![0u32; order.len() + 1];
        each(recorded, order, places, |tree, _| starts[tree as usize] += 1);
        let mut end = 0;
        for start in &mut starts {
            end += *start;
            *start = end;
        }
        let mut events = vec![0; end as usize];
        // Each start is its events' end first; filled from back to front it comes to its place.
        for at in (0..order.len()).rev() {
            let holder = u32::try_from(at).expect("places fit into u32") << 1;
            each(recorded, &order[at..=at], places, |tree, is_removed| {
                let start = &mut starts[tree as usize];
                *start -= 1;
                events[*start as usize] = holder | u32::from(is_removed);
            });
        }
        Events { starts, events }
    }

    /// Calls `run` for each run of trees that hold the tree at place `tree`.
    fn runs_of(&self, tree: u32, order: &[Placed], mut run: impl FnMut(std::ops::Range<usize>)) {
        let range = self.starts[tree as usize] as usize..self.starts[tree as usize + 1] as usize;
        // Runs that the place `at` lies in: their ends and what they add.
        let mut open: Vec<(usize, i64)> = Vec::new();
        let (mut at, mut held) = (0, 0i64);
        let mut go = |to: usize, at: &mut usize, held: i64| {
            if held > 0 && *at < to {
                run(*at..to);
            }
            *at = to;
        };
        for event in &self.events[range] {
            let place = (event >> 1) as usize;
            let change = if event & 1 == 0 { 1 } else { -1 };
            while let Some((end, added)) = open.pop_if(|(end, _)| *end <= place) {
                go(end, &mut at, held);
                held -= added;
            }
            go(place, &mut at, held);
            held += change;
            open.push((order[place].end as usize, change));
        }
        while let Some((end, added)) = open.pop() {
            go(end, &mut at, held);
            held -= added;
        }
    }
}

/// Calls `call` with the place of each tree that one of `order` adds or removes, and which.
fn each(
    recorded: &Recorded<'_>,
    order: &[Placed],
    places: &[u32],
    mut call: impl FnMut(u32, bool),
) {
    let place = |lead: &Lead| {
        let place = places.get(lead.number as usize).copied().unwrap_or(NONE);
        (lead.name.is_tree() && place != NONE).then_some(place)
    };
    for placed in order {
        let record = &recorded.records[placed.record as usize];
        recorded.added(record).iter().filter_map(place).for_each(|tree| call(tree, false));
        recorded.removed(record).iter().filter_map(place).for_each(|tree| call(tree, true));
    }
}
