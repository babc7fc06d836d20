//! The forest of deltas in one pack: which entry is made from which.
//!
//! Built once a pack from entry headers alone and kept for every walk, so it is kept small. Entries
//! are ordered by offset; an offset delta names its base by distance, a reference delta by id.
//! Nodes whose base is damaged, missing or part of a cycle belong to no tree and are reported one by
//! one.

use gix::objs::Kind;
use gix::odb::pack;
use gix::odb::pack::data::entry::Header;
use rayon::prelude::*;

/// No node.
pub const NONE: u32 = u32::MAX;

/// What [`base_of`] says instead of a node: values from here on stand for no entry.
const FIRST_CODE: u32 = u32::MAX - 8;
const COMMIT: u32 = FIRST_CODE;
const TREE: u32 = FIRST_CODE + 1;
const BLOB: u32 = FIRST_CODE + 2;
const TAG: u32 = FIRST_CODE + 3;
const EXTERNAL: u32 = FIRST_CODE + 4;
const NO_HEADER: u32 = FIRST_CODE + 5;
const NO_BASE: u32 = FIRST_CODE + 6;

/// One entry of a pack.
#[derive(Debug, Clone, Copy)]
pub struct Node {
    /// Little-endian; no file is longer than 256 TiB.
    offset: [u8; 6],
    weight: u16,
    /// Place of the entry in the pack's index.
    pub index: u32,
    /// First entry made from this one, or [`NONE`].
    pub child: u32,
    /// Next entry made from the same base, or [`NONE`].
    pub sibling: u32,
}

impl Node {
    fn new(offset: u64, index: u32) -> Node {
        // What lies further out than that lies beyond the end of any pack, whatever exactly it is.
        let bytes = offset.min((1 << 48) - 1).to_le_bytes();
        Node {
            offset: *bytes.first_chunk().expect("eight bytes have six"),
            weight: 1,
            index,
            child: NONE,
            sibling: NONE,
        }
    }

    /// Offset of the entry's header in the pack file.
    pub fn offset(&self) -> u64 {
        let mut bytes = [0; 8];
        bytes[..6].copy_from_slice(&self.offset);
        u64::from_le_bytes(bytes)
    }

    /// How many nodes stand at and below this one; not counted past 65535.
    pub fn weight(&self) -> u32 {
        u32::from(self.weight)
    }
}

/// What a tree of deltas grows from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// An entry stored whole, with its kind.
    Whole(u32, Kind),
    /// An entry whose base is in another pack or loose.
    External(u32),
}

impl Root {
    /// The entry.
    pub fn node(self) -> u32 {
        match self {
            Root::Whole(at, _) | Root::External(at) => at,
        }
    }
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
}

impl Forest {
    /// Reads all entry headers of the pack `data` that `index` belongs to.
    pub fn of(index: &pack::index::File, data: &pack::data::File) -> Forest {
        // Places that stand for something else name no entry; git's limit lies below them.
        let count = index.num_objects().min(FIRST_CODE);
        let mut nodes: Vec<Node> =
            (0..count).map(|at| Node::new(index.pack_offset_at_index(at), at)).collect();
        nodes.par_sort_unstable_by_key(|node| (node.offset(), node.index));
        let mut forest = Forest { nodes, roots: Vec::new(), lost: Vec::new() };
        let bases: Vec<u32> = (0..count)
            .into_par_iter()
            .with_min_len(4096)
            .map(|at| base_of(&forest.nodes, index, data, at))
            .collect();
        let mut later = false;
        // From back to front, so that each list of children ends up ascending, and what is made
        // from an entry is counted before the entry.
        for (at, base) in (0..count).zip(&bases).rev() {
            later |= *base < FIRST_CODE && *base >= at;
            forest.link(at, *base);
        }
        forest.roots.reverse();
        if later {
            forest.measure();
        }
        forest.lose_descendants();
        if later {
            forest.lose_cycles();
        }
        forest
    }

    fn link(&mut self, at: u32, base: u32) {
        match base {
            COMMIT => self.roots.push(Root::Whole(at, Kind::Commit)),
            TREE => self.roots.push(Root::Whole(at, Kind::Tree)),
            BLOB => self.roots.push(Root::Whole(at, Kind::Blob)),
            TAG => self.roots.push(Root::Whole(at, Kind::Tag)),
            EXTERNAL => self.roots.push(Root::External(at)),
            NO_HEADER => self.lost.push((at, Lost::Header)),
            base if base >= FIRST_CODE || base == at => self.lost.push((at, Lost::Base)),
            base => {
                let weight = self.nodes[at as usize].weight;
                let base = &mut self.nodes[base as usize];
                base.weight = base.weight.saturating_add(weight);
                let sibling = std::mem::replace(&mut base.child, at);
                self.nodes[at as usize].sibling = sibling;
            }
        }
    }

    /// Counts again, where a base comes after what is made from it.
    fn measure(&mut self) {
        let mut order = Vec::with_capacity(self.nodes.len());
        let mut stack: Vec<u32> = self.tops().collect();
        while let Some(at) = stack.pop() {
            order.push(at);
            stack.extend(self.children(at));
        }
        for at in order.into_iter().rev() {
            let below = self
                .children(at)
                .fold(1, |all: u16, child| all.saturating_add(self.nodes[child as usize].weight));
            self.nodes[at as usize].weight = below;
        }
    }

    fn tops(&self) -> impl Iterator<Item = u32> + '_ {
        self.roots.iter().map(|root| root.node()).chain(self.lost.iter().map(|(at, _)| *at))
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

    /// Loses what neither a root nor a lost entry leads to.
    fn lose_cycles(&mut self) {
        let mut reached = vec![false; self.nodes.len()];
        let mut stack: Vec<u32> = self.roots.iter().map(|root| root.node()).collect();
        while let Some(at) = stack.pop() {
            reached[at as usize] = true;
            stack.extend(self.children(at));
        }
        for (at, _) in &self.lost {
            reached[*at as usize] = true;
        }
        let in_cycles = (0u32..).zip(&reached).filter(|(_, reached)| !**reached);
        self.lost.extend(in_cycles.map(|(at, _)| (at, Lost::Cycle)));
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

/// The node that node `at` is made from, or what else its header says.
fn base_of(nodes: &[Node], index: &pack::index::File, data: &pack::data::File, at: u32) -> u32 {
    let node = nodes[at as usize];
    let offset = node.offset();
    // An offset past the file would make gix slice out of bounds.
    if offset >= data.pack_end() as u64 {
        return NO_HEADER;
    }
    let Ok(entry) = data.entry(offset) else { return NO_HEADER };
    let base = match entry.header {
        Header::Commit => return COMMIT,
        Header::Tree => return TREE,
        Header::Blob => return BLOB,
        Header::Tag => return TAG,
        Header::OfsDelta { base_distance } => {
            offset.checked_sub(base_distance).filter(|base| *base < offset)
        }
        Header::RefDelta { base_id } => match index.lookup(base_id) {
            Some(place) => Some(index.pack_offset_at_index(place)),
            None => return EXTERNAL,
        },
    };
    let place = base.and_then(|base| nodes.binary_search_by_key(&base, Node::offset).ok());
    place.and_then(|place| u32::try_from(place).ok()).unwrap_or(NO_BASE)
}
