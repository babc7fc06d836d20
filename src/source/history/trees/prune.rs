//! What leading trees hold that leads somewhere. Trees that hold the same of that get the same
//! list, however much else is different between them.

use super::super::forest::NONE;
use super::lead::Leading;
use super::lists::Lists;
use super::record::{Lead, Recorded};
use super::{Entry, Trees};

/// Lists of leads, by tree; trees without a change that leads somewhere share their base's.
struct Raw {
    leads: Vec<Lead>,
    /// Where in `leads` each list begins, and where the last one ends.
    starts: Vec<u32>,
    /// List of the tree at each place of the order.
    lists: Vec<u32>,
}

impl Raw {
    fn list(&self, list: u32) -> &[Lead] {
        let (start, end) = (self.starts[list as usize], self.starts[list as usize + 1]);
        &self.leads[start as usize..end as usize]
    }
}

/// Makes the lists of all trees that lead somewhere.
pub fn prune(mut recorded: Recorded<'_>, leading: &Leading) -> Trees {
    let mut raw = raw(&recorded, leading);
    let trees: Vec<(u32, u32)> = leading
        .order
        .iter()
        .zip(&raw.lists)
        .filter(|(_, list)| **list != 0)
        .map(|(placed, list)| (recorded.records[placed.record as usize].number, *list))
        .collect();
    recorded.records = Vec::new();
    recorded.changes = Vec::new();
    let names = sort_names(&mut raw, &mut recorded.names);
    let mut joiner = Joiner {
        recorded: &recorded,
        leading,
        raw: &raw,
        joined: vec![State::New; raw.starts.len()],
        lists: Lists::default(),
    };
    let mut listed: Vec<(u32, u32)> =
        trees.into_iter().map(|(tree, list)| (tree, joiner.join(list))).collect();
    listed.sort_unstable();
    Trees { names, lists: joiner.lists, listed, ..Trees::default() }
}

/// The lists as the order of trees gives them. List 0 is empty.
fn raw(recorded: &Recorded<'_>, leading: &Leading) -> Raw {
    let mut raw =
        Raw { leads: Vec::new(), starts: vec![0, 0], lists: vec![0; leading.order.len()] };
    let (mut added, mut removed) = (Vec::new(), Vec::new());
    for (at, placed) in leading.order.iter().enumerate() {
        let record = &recorded.records[placed.record as usize];
        let collect = |leads: &[Lead], into: &mut Vec<Lead>| {
            into.clear();
            into.extend(leads.iter().filter(|lead| leading.leads(recorded, **lead)));
            into.sort_unstable();
        };
        collect(recorded.added(record), &mut added);
        collect(recorded.removed(record), &mut removed);
        let base = raw.lists.get(placed.base as usize).copied().unwrap_or(0);
        raw.lists[at] = if added.is_empty() && removed.is_empty() {
            base
        } else {
            raw.push(base, &added, &removed)
        };
    }
    raw
}

impl Raw {
    /// Adds a list made of the list `base`; all are sorted.
    fn push(&mut self, base: u32, added: &[Lead], removed: &[Lead]) -> u32 {
        let start = self.leads.len();
        let from = self.starts[base as usize] as usize..self.starts[base as usize + 1] as usize;
        let (mut added, mut removed) = (added.iter().peekable(), removed.iter().peekable());
        for at in from {
            let lead = self.leads[at];
            while let Some(new) = added.next_if(|new| **new < lead) {
                self.leads.push(*new);
            }
            while removed.next_if(|gone| **gone < lead).is_some() {}
            if removed.next_if(|gone| **gone == lead).is_none() {
                self.leads.push(lead);
            }
        }
        self.leads.extend(added);
        if self.leads.len() == start {
            return 0;
        }
        let end = u32::try_from(self.leads.len());
        self.starts.push(end.expect("four thousand million entries of eight bytes do not fit"));
        u32::try_from(self.starts.len() - 2).expect("each list has an entry")
    }
}

/// Numbers the names that are in use by their order; gives them.
fn sort_names(raw: &mut Raw, names: &mut [Vec<u8>]) -> Vec<Vec<u8>> {
    let mut used = vec![false; names.len()];
    for lead in &raw.leads {
        used[lead.name.place()] = true;
    }
    let mut sorted: Vec<(Vec<u8>, usize)> = names
        .iter_mut()
        .enumerate()
        .filter(|(place, _)| used[*place])
        .map(|(place, name)| (std::mem::take(name), place))
        .collect();
    sorted.sort_unstable();
    let mut places = vec![0u32; names.len()];
    for (new, (_, old)) in (0u32..).zip(&sorted) {
        places[*old] = new;
    }
    for lead in &mut raw.leads {
        lead.name = lead.name.moved(places[lead.name.place()]);
    }
    sorted.into_iter().map(|(name, _)| name).collect()
}

/// How far a list is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    New,
    /// Folders in it are being looked at. Met again only where an index lies about its pack.
    Open,
    Done(u32),
}

/// Gives lists that are the same all the way down the same number.
struct Joiner<'a> {
    recorded: &'a Recorded<'a>,
    leading: &'a Leading,
    raw: &'a Raw,
    /// By raw list.
    joined: Vec<State>,
    lists: Lists,
}

impl Joiner<'_> {
    /// The list of what a folder's entry leads to.
    fn below(&self, lead: Lead) -> Option<u32> {
        let place = self.leading.place(lead.number).filter(|_| lead.name.is_tree())?;
        self.raw.lists.get(place as usize).copied()
    }

    fn join(&mut self, list: u32) -> u32 {
        let mut stack = vec![list];
        while let Some(list) = stack.last().copied() {
            let state = self.joined[list as usize];
            if state == State::New {
                self.joined[list as usize] = State::Open;
                let below = self.raw.list(list).iter().filter_map(|lead| self.below(*lead));
                stack.extend(below.filter(|list| self.joined[*list as usize] == State::New));
                continue;
            }
            if state == State::Open {
                self.joined[list as usize] = State::Done(self.number(list));
            }
            stack.pop();
        }
        match self.joined[list as usize] {
            State::Done(number) => number,
            State::New | State::Open => NONE,
        }
    }

    /// The number of a list whose folders are done.
    fn number(&mut self, list: u32) -> u32 {
        let entries: Vec<Entry> = self
            .raw
            .list(list)
            .iter()
            .map(|lead| {
                let is_tree = lead.name.is_tree();
                let target = match self.below(*lead).map(|list| self.joined[list as usize]) {
                    Some(State::Done(list)) => list,
                    None if !is_tree && self.recorded.interesting.contains(lead.number) => {
                        lead.number
                    }
                    _ => NONE,
                };
                let name = u32::try_from(lead.name.place()).expect("names have 30 bits");
                Entry { name, is_tree, target }
            })
            .collect();
        self.lists.add(entries)
    }
}
