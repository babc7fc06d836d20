//! Every object of the store, decoded once, on all cores.
//!
//! Trees of deltas are walked depth first: a node's bytes are kept only while entries made from it
//! are still to come. Large trees are split at a node whose children then become tasks of their
//! own, sharing its bytes. What is damaged is recorded with everything made from it, and the walk
//! goes on.

mod entry;

use std::io::Read;
use std::sync::Arc;

use gix::objs::Kind;
use gix::odb::pack::data::entry::Header;
use gix::oid;

use entry::Fault;

use super::forest::{Forest, Lost, NONE, Root};
use super::inflate::Inflater;
use super::store::{Pack, Reader, Store};
use crate::model::parallel::BitSet;
use crate::model::{Copied, IncompleteKind, IncompleteLog};

/// Nodes a task should have at least, to be worth its own scheduling.
const TASK_WEIGHT: u32 = 512;
/// Trees of more nodes than this are split.
const SPLIT_WEIGHT: u32 = 4096;
/// Bytes a worker may hold for nodes that others are still to be made from; past that the oldest
/// are dropped and decoded again when their turn comes.
const LIVE_BYTES: usize = 24 << 20;
/// Largest base that is decoded although it is itself larger than what is to be read, bytes.
const LARGEST_BASE: u64 = 256 << 20;
/// Whole entries larger than this are streamed, bytes.
pub const STREAM_FROM: u64 = 256 << 20;

/// One object with its bytes.
#[derive(Clone, Copy)]
pub struct Object<'a> {
    /// The store it is in.
    pub store: &'a Store,
    /// Its id.
    pub id: &'a oid,
    /// Its number in the store.
    pub number: u32,
    /// Its kind.
    pub kind: Kind,
    /// Its bytes, headers not included.
    pub data: &'a [u8],
    /// Whether this is the copy that counts; others are shown only because objects are made from
    /// them.
    pub counts: bool,
    /// Whether objects are made from it, so that what is learnt of it will be asked for.
    pub is_base: bool,
}

/// What an object was made from.
pub struct Base<'a, K> {
    /// The base's bytes.
    pub data: &'a [u8],
    /// What the visitor learnt of the base.
    pub known: &'a K,
    /// What the object has from the base, in order of its own bytes.
    pub copies: &'a [Copied],
}

/// What looks at the objects. Called from all threads at once, each object once, bases before what
/// is made from them, otherwise in no order.
pub trait Visitor: Sync {
    /// What is learnt of an object and of use for those that are made from it.
    type Known: Send + Sync;
    /// Whether objects of this kind are to be decoded at all.
    fn wants(&self, kind: Kind) -> bool;
    /// One object. Where no base is given all of it is new.
    fn visit(&self, object: Object<'_>, base: Option<Base<'_, Self::Known>>) -> Self::Known;
    /// A blob too large to hold: its bytes as they are inflated. An error while reading is to be
    /// recorded by the visitor.
    fn visit_stream(&self, id: &oid, size: u64, content: &mut dyn Read);
}

/// What a walk needs besides the visitor.
#[derive(Clone, Copy)]
pub struct Walk<'a> {
    /// The objects.
    pub store: &'a Store,
    /// Where gaps are recorded.
    pub log: &'a IncompleteLog,
    /// Objects larger than this many bytes are recorded and left out.
    pub max_size: u64,
    /// Objects, by their numbers, that are left out without a word because they were looked at
    /// before. A pack of nothing else is not read at all.
    pub done: Option<&'a BitSet>,
}

impl<'a> Walk<'a> {
    /// A walk over everything.
    pub fn new(store: &'a Store, log: &'a IncompleteLog, max_size: u64) -> Walk<'a> {
        Walk { store, log, max_size, done: None }
    }

    fn is_done(&self, number: u32) -> bool {
        self.done.is_some_and(|done| done.contains(number))
    }

    fn is_pack_done(&self, pack: &Pack) -> bool {
        let numbers = pack.first..pack.first.saturating_add(pack.index.num_objects());
        self.done.is_some_and(|done| done.contains_all(numbers))
    }
}

/// Visits every object of the kinds that `visitor` wants.
pub fn walk<V: Visitor>(walk: Walk<'_>, visitor: &V) {
    for (number, pack) in walk.store.packs.iter().enumerate() {
        if walk.is_pack_done(pack) {
            continue;
        }
        let forest = pack.forest();
        let task = Task { walk, visitor, pack, number, forest: &forest };
        task.report_lost();
        rayon::scope(|scope| task.start(scope));
    }
    walk_loose(walk, visitor);
}

fn walk_loose<V: Visitor>(walk: Walk<'_>, visitor: &V) {
    use rayon::prelude::*;
    (0..walk.store.loose.len()).into_par_iter().for_each_init(Vec::new, |buffer, at| {
        let id = walk.store.loose[at].0;
        let number = walk.store.number_of(&id).unwrap_or(NONE);
        if walk.is_done(number) {
            return;
        }
        let result = walk.store.loose_header(at).and_then(|(size, kind)| {
            if !visitor.wants(kind) {
                return Ok(());
            }
            if size > walk.max_size {
                walk.log.add(IncompleteKind::OverSize, format!("object {id} ({size} bytes)"));
                return Ok(());
            }
            let kind = walk.store.read_loose(at, buffer)?;
            // Unlike packs, loose objects have no checksum but their name.
            let named = gix::objs::compute_hash(walk.store.hash(), kind, buffer);
            if named.map_err(|error| error.to_string())? != id {
                walk.log.add(
                    IncompleteKind::CorruptObject,
                    format!("loose object {id}: its content belongs to another name"),
                );
            }
            let object = Object {
                store: walk.store,
                id: &id,
                number,
                kind,
                data: buffer,
                counts: true,
                is_base: false,
            };
            visitor.visit(object, None);
            Ok(())
        });
        if let Err(reason) = result {
            walk.log.add(IncompleteKind::CorruptObject, format!("loose object {id}: {reason}"));
        }
    });
}

struct Task<'a, V> {
    walk: Walk<'a>,
    visitor: &'a V,
    pack: &'a Pack,
    number: usize,
    forest: &'a Forest,
}

impl<V> Clone for Task<'_, V> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<V> Copy for Task<'_, V> {}

/// Buffers and decoders that a worker uses over and over.
struct Worker {
    inflate: Inflater,
    delta: Vec<u8>,
    copies: Vec<Copied>,
    spare: Vec<Vec<u8>>,
    reader: Option<Reader>,
}

/// A node whose children are still to be visited.
struct Frame<K> {
    at: u32,
    next: u32,
    /// `None` when dropped to save memory.
    data: Option<Vec<u8>>,
    known: K,
}

impl Worker {
    fn new() -> Worker {
        Worker {
            inflate: Inflater::default(),
            delta: Vec::new(),
            copies: Vec::new(),
            spare: Vec::new(),
            reader: None,
        }
    }

    fn buffer(&mut self) -> Vec<u8> {
        self.spare.pop().unwrap_or_default()
    }

    fn recycle(&mut self, mut buffer: Vec<u8>) {
        // Large buffers are given back, lest one large blob cost its size for ever.
        if buffer.capacity() <= 4 << 20 && self.spare.len() < 64 {
            buffer.clear();
            self.spare.push(buffer);
        }
    }

    fn reader(&mut self, store: &Store) -> &Reader {
        self.reader.get_or_insert_with(|| store.reader())
    }
}

impl<'a, V: Visitor> Task<'a, V> {
    fn start<'s>(self, scope: &rayon::Scope<'s>)
    where
        'a: 's,
    {
        let mut batch: Vec<Root> = Vec::new();
        let mut weight = 0;
        for root in &self.forest.roots {
            if let Root::Whole(_, kind) = root
                && !self.visitor.wants(*kind)
            {
                continue;
            }
            batch.push(*root);
            weight += self.forest.nodes[root.node() as usize].weight();
            if weight >= TASK_WEIGHT {
                self.spawn_roots(scope, std::mem::take(&mut batch));
                weight = 0;
            }
        }
        self.spawn_roots(scope, batch);
    }

    fn spawn_roots<'s>(self, scope: &rayon::Scope<'s>, roots: Vec<Root>)
    where
        'a: 's,
    {
        scope.spawn(move |scope| {
            let mut worker = Worker::new();
            for root in roots {
                match root {
                    Root::Whole(at, kind) => self.whole(scope, &mut worker, at, kind),
                    Root::External(at) => self.external(scope, &mut worker, at),
                }
            }
        });
    }

    /// A tree that grows from an entry stored whole.
    fn whole<'s>(self, scope: &rayon::Scope<'s>, worker: &mut Worker, at: u32, kind: Kind)
    where
        'a: 's,
    {
        let weight = self.forest.nodes[at as usize].weight();
        let mut data = worker.buffer();
        let decoded = self.entry(at).and_then(|entry| {
            if entry.decompressed_size > self.walk.max_size
                && !self.is_worth_it(at, entry.decompressed_size)
            {
                return Err(Fault::OverSize(entry.decompressed_size));
            }
            if entry.decompressed_size > STREAM_FROM && weight == 1 && kind == Kind::Blob {
                return Ok(Some(entry));
            }
            self.inflate(at, &entry, &mut worker.inflate, &mut data).map(|()| None)
        });
        match decoded {
            Ok(Some(entry)) => self.stream(at, &entry),
            Ok(None) => {
                let known = self.visit(at, kind, &data, None);
                self.descend(scope, worker, at, kind, (data, known));
            }
            Err(fault) => self.lose(at, &fault),
        }
    }

    /// A tree whose base stands in another pack or directory.
    fn external<'s>(self, scope: &rayon::Scope<'s>, worker: &mut Worker, at: u32)
    where
        'a: 's,
    {
        let base = match self.entry(at).map(|entry| entry.header) {
            Ok(Header::RefDelta { base_id }) => base_id,
            Ok(_) => {
                let changed = "it reads as something else the second time".to_owned();
                return self.lose(at, &Fault::Damaged(changed));
            }
            Err(fault) => return self.lose(at, &fault),
        };
        let mut bytes = worker.buffer();
        match worker.reader(self.walk.store).read(&base, &mut bytes) {
            Ok(kind) if !self.visitor.wants(kind) => {}
            Ok(kind) => match self.apply(worker, at, &bytes) {
                Ok(data) => {
                    // Nobody has looked at the base, so nothing of it is known.
                    let known = self.visit(at, kind, &data, None);
                    self.descend(scope, worker, at, kind, (data, known));
                }
                Err(fault) => self.lose(at, &fault),
            },
            Err(reason) => self.lose(at, &Fault::Damaged(format!("its base {base}: {reason}"))),
        }
        worker.recycle(bytes);
    }

    /// Visits what is made from node `at`, whose bytes are `node.0` and known to be `node.1`.
    fn descend<'s>(
        self,
        scope: &rayon::Scope<'s>,
        worker: &mut Worker,
        at: u32,
        kind: Kind,
        node: (Vec<u8>, V::Known),
    ) where
        'a: 's,
    {
        if self.forest.nodes[at as usize].weight() <= SPLIT_WEIGHT {
            return self.depth_first(worker, at, kind, node);
        }
        let base = Arc::new(node);
        let mut batch = Vec::new();
        let mut weight = 0;
        for child in self.forest.children(at) {
            batch.push(child);
            weight += self.forest.nodes[child as usize].weight();
            if weight >= TASK_WEIGHT {
                self.spawn_children(scope, kind, Arc::clone(&base), std::mem::take(&mut batch));
                weight = 0;
            }
        }
        self.spawn_children(scope, kind, base, batch);
    }

    fn spawn_children<'s>(
        self,
        scope: &rayon::Scope<'s>,
        kind: Kind,
        base: Arc<(Vec<u8>, V::Known)>,
        children: Vec<u32>,
    ) where
        'a: 's,
    {
        if children.is_empty() {
            return;
        }
        scope.spawn(move |scope| {
            let mut worker = Worker::new();
            for child in children {
                match self.apply(&mut worker, child, &base.0) {
                    Ok(data) => {
                        let copies = &worker.copies;
                        let from = Base { data: &base.0, known: &base.1, copies };
                        let known = self.visit(child, kind, &data, Some(from));
                        self.descend(scope, &mut worker, child, kind, (data, known));
                    }
                    Err(fault) => self.lose(child, &fault),
                }
            }
        });
    }

    fn depth_first(self, worker: &mut Worker, at: u32, kind: Kind, node: (Vec<u8>, V::Known)) {
        let mut live = node.0.len();
        let mut stack = vec![self.frame(at, node)];
        while let Some(top) = stack.last_mut() {
            let child = top.next;
            if child == NONE {
                live -= drop_top(worker, &mut stack);
                continue;
            }
            top.next = self.forest.nodes[child as usize].sibling;
            let base = match top.data.take() {
                Some(data) => data,
                None => match self.again(worker, top.at) {
                    Ok(data) => {
                        live += data.len();
                        data
                    }
                    Err(fault) => {
                        self.lose(child, &fault);
                        top.data = Some(Vec::new());
                        continue;
                    }
                },
            };
            let made = self.apply(worker, child, &base).map(|data| {
                let from = Base { data: &base, known: &top.known, copies: &worker.copies };
                let known = self.visit(child, kind, &data, Some(from));
                (data, known)
            });
            top.data = Some(base);
            if top.next == NONE {
                live -= drop_top(worker, &mut stack);
            }
            match made {
                Ok(node) => {
                    live += node.0.len();
                    stack.push(self.frame(child, node));
                    live -= shed(&mut stack, live);
                }
                Err(fault) => self.lose(child, &fault),
            }
        }
    }

    /// Whether a node of so many bytes, more than are to be read, is decoded nonetheless, because
    /// smaller objects may be made from it.
    fn is_worth_it(&self, at: u32, size: u64) -> bool {
        self.forest.nodes[at as usize].child != NONE && size <= LARGEST_BASE
    }

    fn frame(&self, at: u32, (data, known): (Vec<u8>, V::Known)) -> Frame<V::Known> {
        Frame { at, next: self.forest.nodes[at as usize].child, data: Some(data), known }
    }

    /// Decodes a node once more, after its bytes were dropped.
    fn again(&self, worker: &mut Worker, at: u32) -> Result<Vec<u8>, Fault> {
        let id = self.id(at).to_owned();
        let mut data = worker.buffer();
        worker.reader(self.walk.store).read(&id, &mut data).map_err(Fault::Damaged)?;
        Ok(data)
    }

    fn id(&self, at: u32) -> &'a oid {
        self.pack.index.oid_at_index(self.forest.nodes[at as usize].index)
    }

    fn visit(
        &self,
        at: u32,
        kind: Kind,
        data: &[u8],
        base: Option<Base<'_, V::Known>>,
    ) -> V::Known {
        let id = self.id(at);
        let node = &self.forest.nodes[at as usize];
        let number = self.pack.first + node.index;
        let over = data.len() as u64 > self.walk.max_size;
        let first = !self.walk.is_done(number) && self.walk.store.is_first_copy(self.number, id);
        if over && first {
            let what = format!("object {id} ({} bytes)", data.len());
            self.walk.log.add(IncompleteKind::OverSize, what);
        }
        let object = Object {
            store: self.walk.store,
            id,
            number,
            kind,
            data,
            counts: first && !over,
            is_base: node.child != NONE,
        };
        self.visitor.visit(object, base)
    }

    fn report_lost(&self) {
        for (at, why) in &self.forest.lost {
            let why = match why {
                Lost::Header => "its header cannot be read",
                Lost::Base => "its base is no entry of the pack",
                Lost::Cycle => "its bases lead back to itself",
            };
            self.walk.log.add(
                IncompleteKind::CorruptObject,
                format!("object {} in {}: {why}", self.id(*at), self.pack.name),
            );
        }
    }
}

/// Drops the bytes of the oldest nodes while more than [`LIVE_BYTES`] are held; returns how many
/// were dropped. The newest node keeps its bytes.
fn shed<K>(stack: &mut [Frame<K>], live: usize) -> usize {
    let mut dropped = 0;
    let newest = stack.len().saturating_sub(1);
    for frame in &mut stack[..newest] {
        if live - dropped <= LIVE_BYTES {
            break;
        }
        dropped += frame.data.take().map_or(0, |data| data.len());
    }
    dropped
}

/// Pops the top and gives its bytes back; returns how many those were.
fn drop_top<K>(worker: &mut Worker, stack: &mut Vec<Frame<K>>) -> usize {
    let data = stack.pop().and_then(|frame| frame.data).unwrap_or_default();
    let len = data.len();
    worker.recycle(data);
    len
}
