//! Commits: what one says in its headers, and what all of a store say of each other, by object
//! numbers.

use std::collections::BTreeMap;

use gix::ObjectId;

use super::forest::NONE;
use super::store::Store;

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

/// The commits of a store, each once, by time and then by id: about as they came to be, so that
/// whoever goes from parents to children finds most of them close by.
#[derive(Default)]
pub struct Commits {
    nodes: Vec<Node>,
    /// Object numbers of all parents; each commit's stand together.
    parents: Vec<u32>,
    /// What commits name and the store does not have: by the commit's object number and the place
    /// of the name, 0 for its tree and from 1 on for its parents.
    missing: BTreeMap<(u32, u32), ObjectId>,
}

#[derive(Clone, Copy)]
struct Node {
    object: u32,
    tree: u32,
    time: i64,
    /// Where its parents stand.
    start: u32,
    end: u32,
}

/// One of [`Commits`].
#[derive(Clone, Copy)]
pub struct Linked<'a> {
    /// Its object number.
    pub object: u32,
    /// The object number of its tree; [`NONE`] when that is not in the store.
    pub tree: u32,
    /// See [`Commit::time`].
    pub time: i64,
    /// The object numbers of its parents, in order; [`NONE`] for those that are not in the store.
    pub parents: &'a [u32],
}

impl Commits {
    /// Adds `commit` of `store`, which has the number `object` there. For [`Commits::join`] to put
    /// in order.
    pub fn add(&mut self, object: u32, commit: &Commit, store: &Store) {
        let mut find = |place: usize, id: &ObjectId| {
            store.number_of(id).unwrap_or_else(|| {
                let place = u32::try_from(place).unwrap_or(u32::MAX);
                self.missing.insert((object, place), *id);
                NONE
            })
        };
        let tree = find(0, &commit.tree);
        let parents = commit.parents.iter().enumerate();
        let parents: Vec<u32> = parents.map(|(at, parent)| find(at + 1, parent)).collect();
        self.push(Linked { object, tree, time: commit.time, parents: &parents });
    }

    /// Adds a commit of which all names that are missing are known or will be.
    pub fn push(&mut self, commit: Linked<'_>) {
        let end = |all: &[u32]| u32::try_from(all.len()).expect("as many parents fill any memory");
        let start = end(&self.parents);
        self.parents.extend_from_slice(commit.parents);
        let Linked { object, tree, time, .. } = commit;
        self.nodes.push(Node { object, tree, time, start, end: end(&self.parents) });
    }

    /// Notes what the commit `object` names at `place` (see [`Commits::missing`]) and the store does
    /// not have.
    pub fn miss(&mut self, object: u32, place: u32, id: ObjectId) {
        self.missing.insert((object, place), id);
    }

    /// The commits of all `parts`, in order.
    pub fn join(parts: impl IntoIterator<Item = Commits>, store: &Store) -> Commits {
        let mut all = Commits::default();
        for part in parts {
            if all.nodes.is_empty() {
                all = part;
                continue;
            }
            part.iter().for_each(|commit| all.push(commit));
            all.missing.extend(part.missing);
        }
        let mut seen = vec![false; store.numbers()];
        let is_new = |node: &Node| {
            seen.get_mut(node.object as usize).is_some_and(|seen| !std::mem::replace(seen, true))
        };
        all.nodes.retain(is_new);
        let id = |node: &Node| store.id_of(node.object);
        all.nodes.sort_by(|a, b| a.time.cmp(&b.time).then_with(|| id(a).cmp(&id(b))));
        all
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// All commits, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Linked<'_>> {
        self.nodes.iter().map(|node| self.linked(node))
    }

    /// The commit at a place in the order.
    pub fn get(&self, place: u32) -> Option<Linked<'_>> {
        self.nodes.get(place as usize).map(|node| self.linked(node))
    }

    fn linked(&self, node: &Node) -> Linked<'_> {
        let Node { object, tree, time, start, end } = *node;
        let parents = self.parents.get(start as usize..end as usize).unwrap_or_default();
        Linked { object, tree, time, parents }
    }

    /// What commits name and the store does not have, by the commit's object number and the place
    /// of the name: 0 for its tree, from 1 on for its parents.
    pub fn missing(&self) -> &BTreeMap<(u32, u32), ObjectId> {
        &self.missing
    }
}
