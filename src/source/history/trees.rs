//! What trees say of paths, at the cost of what they changed.
//!
//! One walk over the tree objects notes what each tree has that the tree it is made from has not,
//! and the other way round ([`record`]): most versions of a folder differ from the one before in a
//! single entry. From these changes alone follows which trees can lead to an object of interest at
//! all ([`lead`]) and, of those, what they hold that does ([`prune`]). Trees that hold the same
//! of that are one list, however many commits there are between them.

mod extend;
mod lead;
mod lists;
mod prune;
mod record;

use gix::{ObjectId, oid};

use super::store::Store;
use super::walk::{Walk, walk};
use crate::model::parallel::BitSet;
use crate::model::{IncompleteKind, IncompleteLog};
pub use extend::{NewEntry, NewTree, Part};
use lists::Lists;
use record::Recorder;

/// What a list of entries says of one file or folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Entry {
    /// Number of its name: see [`Trees::name`]. Ascending in the byte order of the names.
    pub name: u32,
    /// Whether it is a folder.
    pub is_tree: bool,
    /// The list of what a folder holds, or the object number of a file;
    /// [`NONE`](super::forest::NONE) when only the name is of interest.
    pub target: u32,
}

/// The trees that lead to objects of interest, with just the entries that do.
#[derive(Debug, Default)]
pub struct Trees {
    /// Objects that trees name and the store does not have, sorted; recorded already.
    pub missing: Vec<ObjectId>,
    names: Vec<Vec<u8>>,
    lists: Lists,
    /// Numbers of trees and their lists, by tree.
    listed: Vec<(u32, u32)>,
}

impl Trees {
    /// The list of a tree, by its object number; none when it leads to nothing. Trees that hold the
    /// same of interest have the same list.
    pub fn list(&self, tree: u32) -> Option<u32> {
        let at = self.listed.binary_search_by_key(&tree, |(tree, _)| *tree).ok()?;
        self.listed.get(at).map(|(_, list)| *list)
    }

    /// How many lists there are: they are numbered from 0.
    pub fn len(&self) -> usize {
        self.lists.len()
    }

    /// Whether nothing leads to anything of interest.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The entries of a list, by name. Folders have lists with lower numbers than the list they
    /// are in.
    pub fn entries(&self, list: u32) -> &[Entry] {
        self.lists.get(list)
    }

    /// The trees that lead to something, by their object numbers, each with its list.
    pub fn trees(&self) -> &[(u32, u32)] {
        &self.listed
    }

    /// How many names there are: they are numbered from 0.
    pub fn name_count(&self) -> usize {
        self.names.len()
    }

    /// A file or folder name.
    pub fn name(&self, number: u32) -> &[u8] {
        self.names.get(number as usize).map_or(&[], Vec::as_slice)
    }

    /// The number of a name, if any entry has it.
    pub fn name_number(&self, name: &[u8]) -> Option<u32> {
        let at = self.names.binary_search_by(|known| known.as_slice().cmp(name)).ok()?;
        u32::try_from(at).ok()
    }
}

/// Decides whether a file or folder name is of interest by itself. Asked from all threads, at
/// least once a name: must always answer the same.
pub type NameCheck<'a> = &'a (dyn Fn(&[u8]) -> bool + Sync);

/// Finds the trees that lead to `interesting` objects or names.
pub fn find(
    store: &Store,
    log: &IncompleteLog,
    max_size: u64,
    interesting: &BitSet,
    name_check: NameCheck<'_>,
) -> Trees {
    let recorder = Recorder::new(store, log, interesting, name_check);
    walk(Walk::new(store, log, max_size), &recorder);
    let missing = recorder.missing();
    for id in &missing {
        log.add(IncompleteKind::MissingObject, format!("object {id}"));
    }
    let Some(changes) = recorder.finish() else {
        return Trees { missing, ..Trees::default() };
    };
    let leading = lead::leading(&changes);
    Trees { missing, ..prune::prune(changes, &leading) }
}

/// One raw entry of a tree object.
pub struct RawEntry<'a> {
    /// Name.
    pub name: &'a [u8],
    /// Object.
    pub id: &'a oid,
    /// Whether it is a folder.
    pub is_tree: bool,
    /// Whether it is a submodule's commit.
    pub is_link: bool,
    /// Whether it is a symbolic link.
    pub is_symlink: bool,
}

/// Reads a tree object (gitformat-pack: mode, space, name, NUL, raw id) entry by entry.
pub fn entries<'a>(
    mut data: &'a [u8],
    hash: gix::hash::Kind,
    mut each: impl FnMut(RawEntry<'a>),
) -> Result<(), &'static str> {
    while !data.is_empty() {
        let (entry, rest) = entry(data, hash)?;
        each(entry);
        data = rest;
    }
    Ok(())
}

/// Reads the first entry of `data`; gives what follows it, too.
fn entry(data: &[u8], hash: gix::hash::Kind) -> Result<(RawEntry<'_>, &[u8]), &'static str> {
    let id_len = hash.len_in_bytes();
    let space =
        memchr::memchr(b' ', data.get(..8).unwrap_or(data)).ok_or("an entry has no mode")?;
    let mode = &data[..space];
    let rest = &data[space + 1..];
    let nul = memchr::memchr(0, rest).ok_or("an entry has no end of name")?;
    let id = rest.get(nul + 1..nul + 1 + id_len).ok_or("an entry ends inside its id")?;
    let entry = RawEntry {
        name: &rest[..nul],
        id: oid::try_from_bytes(id).map_err(|_| "an entry's id has another length")?,
        is_tree: mode == b"40000" || mode == b"040000",
        is_link: mode == b"160000",
        is_symlink: mode == b"120000",
    };
    Ok((entry, &rest[nul + 1 + id_len..]))
}

/// Git knows the empty tree and blob without storing them.
pub fn is_empty_object(id: &oid) -> bool {
    id == ObjectId::empty_tree(id.kind()) || id == ObjectId::empty_blob(id.kind())
}
