//! One entry of a pack: its header and packed bytes held against the index, inflated, made from its
//! base, or given as a stream; and what is said when that fails.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;
use gix::odb::pack::data::entry::Header;

use super::super::delta::Delta;
use super::super::forest::Node;
use super::super::inflate::{Inflater, OTHER_SIZE_SAID};
use super::{Task, Visitor, Worker};
use crate::model::IncompleteKind;

/// Deltas that make more than this are asked what they are made from, bytes.
const BOMB_FROM: u64 = 32 << 20;
/// Bytes that one stored byte may become: four times what deflate can at best (1,032). Deltas that
/// copy the same again and again have no bound of their own.
const BOMB_RATIO: u64 = 4 * 1032;
/// What is said of entries past the end of their pack.
const BEYOND: &str = "it lies beyond the end of the pack";

/// Counts what is read through it.
struct Counted<R> {
    inner: io::Take<R>,
    read: u64,
    failed: bool,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer);
        match &read {
            Ok(read) => self.read += *read as u64,
            Err(error) => self.failed |= error.kind() != io::ErrorKind::Interrupted,
        }
        read
    }
}

/// Why an entry could not be decoded.
pub(super) enum Fault {
    /// It has so many bytes, more than are to be read.
    OverSize(u64),
    /// For this reason.
    Damaged(String),
}

impl<'a, V: Visitor> Task<'a, V> {
    /// Reads an entry's header and compares its packed bytes with the index's checksum.
    pub(super) fn entry(&self, at: u32) -> Result<gix::odb::pack::data::Entry, Fault> {
        let node = self.forest.nodes[at as usize];
        let packed = self.packed(at).ok_or_else(|| Fault::Damaged(BEYOND.to_owned()))?;
        if let Some(expected) = self.pack.index.crc32_at_index(node.index)
            && crc32fast::hash(packed) != expected
        {
            return Err(Fault::Damaged("its checksum differs from the index's".to_owned()));
        }
        self.pack.data.entry(node.offset()).map_err(|e| Fault::Damaged(e.to_string()))
    }

    pub(super) fn inflate(
        &self,
        at: u32,
        entry: &gix::odb::pack::data::Entry,
        inflate: &mut Inflater,
        out: &mut Vec<u8>,
    ) -> Result<(), Fault> {
        let size = usize::try_from(entry.decompressed_size)
            .map_err(|_| Fault::OverSize(entry.decompressed_size))?;
        let packed = self.packed(at).and_then(|packed| {
            let header = entry.data_offset - self.forest.nodes[at as usize].offset();
            packed.get(usize::try_from(header).ok()?..)
        });
        let packed = packed.ok_or_else(|| Fault::Damaged(BEYOND.to_owned()))?;
        inflate.inflate(packed, size, out).map_err(|e| Fault::Damaged(e.to_string()))
    }

    /// The bytes of an entry, header included.
    pub(super) fn packed(&self, at: u32) -> Option<&'a [u8]> {
        let offset = self.forest.nodes[at as usize].offset();
        let next = self.forest.nodes.get(at as usize + 1);
        let end = next.map_or(self.pack.data.pack_end() as u64, Node::offset);
        self.pack.data.entry_slice(offset..end.max(offset))
    }

    /// Makes node `at` from its base.
    pub(super) fn apply(
        &self,
        worker: &mut Worker,
        at: u32,
        base: &[u8],
    ) -> Result<Vec<u8>, Fault> {
        let entry = self.entry(at)?;
        if entry.decompressed_size > self.walk.max_size {
            return Err(Fault::OverSize(entry.decompressed_size));
        }
        let Worker { inflate, delta, .. } = worker;
        self.inflate(at, &entry, inflate, delta)?;
        let mut out = worker.buffer();
        let delta = Delta::parse(&worker.delta).map_err(|e| Fault::Damaged(e.to_string()))?;
        if delta.result_size > self.walk.max_size && !self.is_worth_it(at, delta.result_size) {
            return Err(Fault::OverSize(delta.result_size));
        }
        if delta.result_size > BOMB_FROM {
            let stored = self.stored(at);
            if delta.result_size / BOMB_RATIO > stored {
                return Err(Fault::Damaged(format!(
                    "it grows to {} bytes out of {stored} stored ones",
                    delta.result_size
                )));
            }
        }
        delta
            .apply(base, &mut out, &mut worker.copies)
            .map_err(|e| Fault::Damaged(e.to_string()))?;
        Ok(out)
    }

    /// How many bytes an entry and all that it is made from take in the pack; a base that stands
    /// elsewhere counts with all its bytes.
    fn stored(&self, at: u32) -> u64 {
        let mut stored = 0u64;
        let mut next = Some(at);
        // Longer chains than any git makes; cycles are not walked at all.
        for _ in 0..=u16::MAX {
            let Some(at) = next else { break };
            stored += self.packed(at).map_or(0, |packed| packed.len() as u64);
            let Some(node) = self.forest.nodes.get(at as usize) else { break };
            let base = match self.pack.data.entry(node.offset()).map(|entry| entry.header) {
                Ok(Header::OfsDelta { base_distance }) => node.offset().checked_sub(base_distance),
                Ok(Header::RefDelta { base_id }) => {
                    let index = self.pack.index.lookup(base_id);
                    if index.is_none() {
                        let base = self.walk.store.reader().header(&base_id);
                        stored = stored.saturating_add(base.map_or(0, |(_, size)| size));
                    }
                    index.map(|index| self.pack.index.pack_offset_at_index(index))
                }
                _ => None,
            };
            next = base.and_then(|offset| {
                let found = self.forest.nodes.binary_search_by_key(&offset, Node::offset);
                found.ok().and_then(|at| u32::try_from(at).ok())
            });
        }
        stored
    }

    pub(super) fn stream(&self, at: u32, entry: &gix::odb::pack::data::Entry) {
        let id = self.id(at);
        let number = self.pack.first + self.forest.nodes[at as usize].index;
        if self.walk.is_done(number) || !self.walk.store.is_first_copy(self.number, id) {
            return;
        }
        let end = self.pack.data.pack_end() as u64;
        let Some(packed) = self.pack.data.entry_slice(entry.data_offset..end) else {
            return self.lose(at, &Fault::Damaged(BEYOND.to_owned()));
        };
        // What unpacks to more than its header says, and what a limit was compared with, is cut off.
        let size = entry.decompressed_size;
        let inner = ZlibDecoder::new(packed).take(size);
        let mut content = Counted { inner, read: 0, failed: false };
        self.visitor.visit_stream(id, size, &mut content);
        // A visitor that met an error has said so.
        let whole = content.read == size && matches!(content.inner.get_mut().read(&mut [0]), Ok(0));
        if !(whole || content.failed) {
            self.lose(at, &Fault::Damaged(OTHER_SIZE_SAID.to_owned()));
        }
    }

    /// Records a node that cannot be decoded and everything made from it.
    pub(super) fn lose(&self, at: u32, fault: &Fault) {
        let mut stack = vec![at];
        while let Some(next) = stack.pop() {
            let (id, pack) = (self.id(next), &self.pack.name);
            match fault {
                Fault::OverSize(size) if next == at => {
                    let what = format!("object {id} ({size} bytes)");
                    self.walk.log.add(IncompleteKind::OverSize, what);
                }
                Fault::OverSize(size) => {
                    let base = self.id(at);
                    self.walk.log.add(
                        IncompleteKind::OverSize,
                        format!("object {id}: it is made from {base}, which has {size} bytes"),
                    );
                }
                Fault::Damaged(reason) if next == at => {
                    self.walk.log.add(
                        IncompleteKind::CorruptObject,
                        format!("object {id} in {pack}: {reason}"),
                    );
                }
                Fault::Damaged(_) => {
                    let base = self.id(at);
                    self.walk.log.add(
                        IncompleteKind::CorruptObject,
                        format!("object {id} in {pack}: it is made from {base}, which is damaged"),
                    );
                }
            }
            stack.extend(self.forest.children(next));
        }
    }
}
