//! The object directories of a repository: its own, its alternates', their packs and loose objects.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use gix::objs::Kind;
use gix::odb::pack::Find as _;
use gix::odb::{loose, pack};
use gix::{ObjectId, oid};

use super::forest::Forest;
use super::near::Near;
use crate::model::text::escape;
use crate::model::{IncompleteKind, IncompleteLog};

/// A pack file with its index.
pub struct Pack {
    /// Ids to offsets, sorted by id.
    pub index: pack::index::File,
    /// The entries.
    pub data: pack::data::File,
    /// File name, escaped, for messages.
    pub name: String,
    /// Number of the pack's first object in the store's numbering.
    pub first: u32,
    forest: Mutex<Option<Arc<Forest>>>,
    /// Made with the forest: whoever reads all of a pack asks for most of its objects.
    near: OnceLock<Option<Near>>,
}

impl Pack {
    /// Which entry is made from which; found out, on all cores, when it is first asked for. Do not
    /// ask from within parallel work: that could come to wait for itself.
    pub fn forest(&self) -> Arc<Forest> {
        // A poisoned lock belongs to a thread whose panic is about to end the scan anyway.
        let mut forest = self.forest.lock().unwrap_or_else(PoisonError::into_inner);
        let forest = forest.get_or_insert_with(|| {
            self.near.get_or_init(|| {
                Near::of(self.index.num_objects(), |at| self.index.oid_at_index(at))
            });
            Arc::new(Forest::of(&self.index, &self.data))
        });
        Arc::clone(forest)
    }

    /// The place of an object in the index.
    pub fn lookup(&self, id: &oid) -> Option<u32> {
        match self.near.get() {
            Some(Some(near)) if id.kind() == self.index.object_hash() => {
                near.find(id, |at| self.index.oid_at_index(at))
            }
            _ => self.index.lookup(id),
        }
    }
}

/// Every object directory of one repository.
///
/// Objects are numbered: those of the packs by their place in each index, then the loose ones by
/// id. An object that is stored more than once has the number of its first copy.
pub struct Store {
    /// Largest first, so that most look-ups end at the first.
    pub packs: Vec<Pack>,
    /// Loose objects, sorted by id, each with the directory that holds it.
    pub loose: Vec<(ObjectId, usize)>,
    loose_stores: Vec<loose::Store>,
    first_loose: u32,
    shared: Arc<gix::odb::Store>,
    hash: gix::hash::Kind,
    /// Whether objects may be missing on purpose (a partial clone).
    pub promisor: bool,
}

impl Store {
    /// Opens the object directories of `repo`. Packs that cannot be opened are recorded and left
    /// out.
    pub fn open(repo: &gix::Repository, log: &IncompleteLog) -> Store {
        let hash = repo.object_hash();
        let own = repo.objects.store_ref().path().to_owned();
        let mut directories = vec![own.clone()];
        match gix::odb::alternate::resolve(own.clone(), &own) {
            Ok(more) => directories.extend(more),
            Err(error) => log.add(
                IncompleteKind::MissingObject,
                format!("alternate object directory: {}", escape(error.to_string().as_bytes())),
            ),
        }
        let mut store = Store {
            packs: Vec::new(),
            loose: Vec::new(),
            loose_stores: Vec::new(),
            first_loose: 0,
            shared: repo.objects.store(),
            hash,
            promisor: false,
        };
        for directory in &directories {
            store.open_packs(&directory.join("pack"), log);
            store.list_loose(directory, log);
        }
        store.number();
        store
    }

    fn open_packs(&mut self, directory: &Path, log: &IncompleteLog) {
        let Ok(entries) = fs::read_dir(directory) else {
            // A store without a pack directory holds loose objects only.
            return;
        };
        let mut packs: Vec<PathBuf> = Vec::new();
        for path in entries.flatten().map(|entry| entry.path()) {
            match path.extension().and_then(|e| e.to_str()) {
                Some("pack") if !temporary(&path) => packs.push(path),
                Some("promisor") => self.promisor = true,
                _ => {}
            }
        }
        packs.sort();
        for path in packs {
            match self.open_pack(&path) {
                Ok(pack) => {
                    if let Some(reason) = disagreement(&pack) {
                        log.add(IncompleteKind::CorruptPack, format!("{}: {reason}", pack.name));
                    }
                    self.packs.push(pack);
                }
                Err(reason) => log.add(
                    IncompleteKind::CorruptPack,
                    format!("{}: {}", file_name(&path), escape(reason.as_bytes())),
                ),
            }
        }
    }

    fn open_pack(&self, path: &Path) -> Result<Pack, String> {
        let index_path = path.with_extension("idx");
        if !index_path.exists() {
            return Err("its index is missing; run `git index-pack` on it".to_owned());
        }
        let index = pack::index::File::at(&index_path, self.hash).map_err(|e| e.to_string())?;
        let data = pack::data::File::at(path, self.hash).map_err(|e| e.to_string())?;
        Ok(Pack {
            index,
            data,
            name: file_name(path),
            first: 0,
            forest: Mutex::default(),
            near: OnceLock::new(),
        })
    }

    fn list_loose(&mut self, directory: &Path, log: &IncompleteLog) {
        let store = loose::Store::at(directory, self.hash);
        let number = self.loose_stores.len();
        for id in store.iter() {
            match id {
                Ok(id) => self.loose.push((id, number)),
                Err(error) => log.add(
                    IncompleteKind::Unreadable,
                    format!("loose objects: {}", escape(error.to_string().as_bytes())),
                ),
            }
        }
        self.loose_stores.push(store);
    }

    fn number(&mut self) {
        self.packs.sort_by(|a, b| {
            b.index.num_objects().cmp(&a.index.num_objects()).then_with(|| a.name.cmp(&b.name))
        });
        let mut next = 0u32;
        for pack in &mut self.packs {
            pack.first = next;
            next = next.saturating_add(pack.index.num_objects());
        }
        self.first_loose = next;
        self.loose.sort();
        self.loose.dedup_by(|a, b| a.0 == b.0);
        // What a pack holds too is read from the pack.
        let packs = &self.packs;
        self.loose.retain(|(id, _)| packs.iter().all(|pack| pack.index.lookup(id).is_none()));
    }

    /// Gives up what walks over the packs share, twenty bytes an object, when no walk is to come.
    pub fn forget_forests(&self) {
        for pack in &self.packs {
            *pack.forest.lock().unwrap_or_else(PoisonError::into_inner) = None;
        }
    }

    /// One more than the largest object number.
    pub fn numbers(&self) -> usize {
        self.first_loose as usize + self.loose.len()
    }

    /// The number of an object, if it is here.
    pub fn number_of(&self, id: &oid) -> Option<u32> {
        for pack in &self.packs {
            if let Some(at) = pack.lookup(id) {
                return Some(pack.first + at);
            }
        }
        let at = self.loose.binary_search_by(|(loose, _)| loose.as_ref().cmp(id)).ok()?;
        Some(self.first_loose + u32::try_from(at).ok()?)
    }

    /// The number of the first loose object; those of packs are smaller.
    pub fn first_loose(&self) -> u32 {
        self.first_loose
    }

    /// Whether `pack` (an index into [`Store::packs`]) holds the copy of `id` that counts.
    pub fn is_first_copy(&self, pack: usize, id: &oid) -> bool {
        self.packs[..pack].iter().all(|earlier| earlier.lookup(id).is_none())
    }

    /// The id of an object number.
    pub fn id_of(&self, number: u32) -> Option<ObjectId> {
        if number >= self.first_loose {
            return self.loose.get((number - self.first_loose) as usize).map(|(id, _)| *id);
        }
        let after = self.packs.partition_point(|pack| pack.first <= number);
        let pack = self.packs.get(after.checked_sub(1)?)?;
        Some(pack.index.oid_at_index(number - pack.first).to_owned())
    }

    /// Kind and size in bytes of a loose object, without reading it whole.
    pub fn loose_header(&self, at: usize) -> Result<(u64, Kind), String> {
        let (id, store) = self.loose.get(at).ok_or("no such object")?;
        self.loose_stores[*store]
            .try_header(id)
            .map_err(|e| e.to_string())?
            .ok_or_else(|| "vanished".to_owned())
    }

    /// Reads a loose object into `buffer`, headers not included.
    pub fn read_loose(&self, at: usize, buffer: &mut Vec<u8>) -> Result<Kind, String> {
        let (id, store) = self.loose.get(at).ok_or("no such object")?;
        let found = self.loose_stores[*store].try_find(id, buffer).map_err(|e| e.to_string())?;
        let (kind, len) = found.map(|data| (data.kind, data.data.len())).ok_or("vanished")?;
        // The object's bytes stand at the end of the buffer, after its header.
        buffer.drain(..buffer.len() - len);
        Ok(kind)
    }

    /// Random access to objects, for one thread.
    pub fn reader(&self) -> Reader {
        Reader::new(&self.shared)
    }

    /// Which hash names objects here.
    pub fn hash(&self) -> gix::hash::Kind {
        self.hash
    }
}

/// Reads objects by id, wherever they are stored; keeps recently used delta bases.
pub struct Reader {
    handle: gix::odb::HandleArc,
}

impl Reader {
    /// A reader of the objects of `repo`.
    pub fn of(repo: &gix::Repository) -> Reader {
        Reader::new(&repo.objects.store())
    }

    /// A reader of a store that other threads read too.
    pub fn new(shared: &Arc<gix::odb::Store>) -> Reader {
        let mut handle = shared.to_cache_arc();
        // A replaced object is as public as any other.
        handle.ignore_replacements = true;
        handle.set_pack_cache(|| Box::new(pack::cache::lru::StaticLinkedList::<64>::new(32 << 20)));
        Reader { handle }
    }

    /// Reads an object into `buffer`, headers not included. The error is escaped.
    pub fn read(&self, id: &oid, buffer: &mut Vec<u8>) -> Result<Kind, String> {
        match self.handle.try_find(id, buffer) {
            Ok(Some((data, _))) => Ok(data.kind),
            Ok(None) => Err("not in the store".to_owned()),
            Err(error) => Err(escape(error.to_string().as_bytes())),
        }
    }

    /// Kind and size of an object, without reading it whole; `None` when it is not here.
    pub fn header(&self, id: &oid) -> Option<(Kind, u64)> {
        use gix::odb::HeaderExt as _;
        self.handle.header(id).ok().map(|header| (header.kind(), header.size()))
    }
}

/// How a pack and its index disagree, if they do: what the index does not list is not read.
fn disagreement(pack: &Pack) -> Option<String> {
    let (has, lists) = (pack.data.num_objects(), pack.index.num_objects());
    if has != lists {
        return Some(format!(
            "it has {has} objects and its index lists {lists}; run `git index-pack` on it"
        ));
    }
    (pack.index.pack_checksum() != pack.data.checksum()).then(|| {
        "its index was made for a pack with another checksum; run `git index-pack` on it".to_owned()
    })
}

/// Packs that git is still writing.
fn temporary(path: &Path) -> bool {
    path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"tmp_"))
}

fn file_name(path: &Path) -> String {
    escape(path.file_name().unwrap_or_default().as_encoded_bytes())
}
