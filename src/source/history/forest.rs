//! The forest of deltas in one pack: which entry is made from which.
//!
//! Built from entry headers alone. Entries are ordered by offset; an offset delta names its base
//! by distance, a reference delta by id. Nodes whose base is damaged, missing or part of a cycle
//! belong to no tree and are reported one by one.

use gix::ObjectId;
use gix::objs::Kind;
use gix::odb::pack::data::entry::Header;

use super::store::Pack;

/// No node.
pub const NONE: u32 = u32::MAX;

/// One entry of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Offset of the entry's header in the pack file.
    pub offset: u64,
    /// Place of the entry in the pack's index.
    pub index: u32,
    /// First entry made from this one, or [`NONE`].
    pub child: u32,
    /// Next entry made from the same base, or [`NONE`].
    pub sibling: u32,
}

/// What a tree of deltas grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// An entry stored whole, with its kind.
    Whole(u32, Kind),
    /// An entry whose base is in another pack or loose.
    External(u32, ObjectId),
}

/// Why an entry belongs to no tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lost {
    /// Its header cannot be read.
    Header,
    /// Its base offset is no entry.
    Base,
    /// Its bases lead back to itself.
    Cycle,
}

/// The forest of one pack.
pub struct Forest {
    /// Entries by offset.
    pub nodes: Vec<Node>,
    /// Trees, by the offset of their root.
    pub roots: Vec<Root>,
    /// Entries in no tree.
    pub lost: Vec<(u32, Lost)>,
    /// How many nodes stand at and below each node.
    pub weight: Vec<u32>,
}

impl Forest {
    /// Reads all entry headers of `pack`.
    pub fn of(pack: &Pack) -> Forest {
        let count = pack.index.num_objects();
        let mut nodes: Vec<Node> = (0..count)
            .map(|index| Node {
                offset: pack.index.pack_offset_at_index(index),
                index,
                child: NONE,
                sibling: NONE,
            })
            .collect();
        nodes.sort_unstable_by_key(|node| node.offset);
        let mut forest =
            Forest { weight: vec![1; nodes.len()], nodes, roots: Vec::new(), lost: Vec::new() };
        let by_index = forest.by_index();
        // From back to front, so that each list of children ends up ascending.
        for at in (0..count).rev() {
            forest.link(pack, at, &by_index);
        }
        forest.roots.reverse();
        forest.measure();
        forest
    }

    /// Place in `nodes` for each place in the index.
    fn by_index(&self) -> Vec<u32> {
        let mut by_index = vec![NONE; self.nodes.len()];
        for (at, node) in (0u32..).zip(&self.nodes) {
            by_index[node.index as usize] = at;
        }
        by_index
    }

    fn link(&mut self, pack: &Pack, at: u32, by_index: &[u32]) {
        let offset = self.nodes[at as usize].offset;
        // An offset past the file would make gix slice out of bounds.
        if offset >= pack.data.pack_end() as u64 {
            self.lost.push((at, Lost::Header));
            return;
        }
        let Ok(entry) = pack.data.entry(offset) else {
            self.lost.push((at, Lost::Header));
            return;
        };
        let base = match entry.header {
            Header::Commit => return self.roots.push(Root::Whole(at, Kind::Commit)),
            Header::Tree => return self.roots.push(Root::Whole(at, Kind::Tree)),
            Header::Blob => return self.roots.push(Root::Whole(at, Kind::Blob)),
            Header::Tag => return self.roots.push(Root::Whole(at, Kind::Tag)),
            Header::OfsDelta { base_distance } => offset
                .checked_sub(base_distance)
                .filter(|base| *base < offset)
                .and_then(|base| self.nodes.binary_search_by_key(&base, |node| node.offset).ok())
                .and_then(|base| u32::try_from(base).ok()),
            Header::RefDelta { base_id } => match pack.index.lookup(base_id) {
                Some(index) => by_index.get(index as usize).copied(),
                None => return self.roots.push(Root::External(at, base_id)),
            },
        };
        match base.filter(|base| *base != at) {
            Some(base) => {
                self.nodes[at as usize].sibling = self.nodes[base as usize].child;
                self.nodes[base as usize].child = at;
            }
            None => self.lost.push((at, Lost::Base)),
        }
    }

    /// Fills in `weight` and finds nodes that no root leads to.
    fn measure(&mut self) {
        let mut reached = vec![false; self.nodes.len()];
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<u32> = Vec::new();
        let tops = self.roots.iter().map(|root| match root {
            Root::Whole(at, _) | Root::External(at, _) => *at,
        });
        for top in tops.chain(self.lost.iter().map(|(at, _)| *at)) {
            stack.push(top);
            while let Some(at) = stack.pop() {
                reached[at as usize] = true;
                order.push(at);
                let mut child = self.nodes[at as usize].child;
                while child != NONE {
                    stack.push(child);
                    child = self.nodes[child as usize].sibling;
                }
            }
        }
        for at in order.iter().rev() {
            let mut child = self.nodes[*at as usize].child;
            while child != NONE {
                let below = self.weight[child as usize];
                self.weight[*at as usize] = self.weight[*at as usize].saturating_add(below);
                child = self.nodes[child as usize].sibling;
            }
        }
        self.lose_descendants();
        for at in (0u32..).zip(&reached).filter(|(_, reached)| !**reached).map(|(at, _)| at) {
            self.lost.push((at, Lost::Cycle));
        }
    }

    /// What is made from a lost entry is lost with it.
    fn lose_descendants(&mut self) {
        let mut next = 0;
        while let Some((at, why)) = self.lost.get(next).copied() {
            let mut child = self.nodes[at as usize].child;
            while child != NONE {
                self.lost.push((child, why));
                child = self.nodes[child as usize].sibling;
            }
            next += 1;
        }
    }

    /// The children of a node, by offset.
    pub fn children(&self, at: u32) -> impl Iterator<Item = u32> + '_ {
        let first = self.nodes[at as usize].child;
        std::iter::successors((first != NONE).then_some(first), move |child| {
            let next = self.nodes[*child as usize].sibling;
            (next != NONE).then_some(next)
        })
    }
}
