//! The main part of a state file: what stands in front, and where the rest begins.
//!
//! Objects are named by their numbers in the store of then: packs in order, then loose objects.

use std::ops::Range;

use gix::ObjectId;
use sha2::{Digest as _, Sha256};

use super::Keeper;
use super::codec::{Damaged, Reader, Writer};
use super::file::{Place, StateFile};
use super::recording::Totals;
use super::rules::{self, Known};
use crate::engine::Limits;
use crate::source::history::store::{Pack, Store};

/// What makes a pack the same pack.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PackName {
    /// The checksum at the pack's end.
    pub pack: Vec<u8>,
    /// The checksum at the index's end.
    pub index: Vec<u8>,
    /// How long the pack is, bytes.
    pub len: u64,
    /// How many objects it has.
    pub count: u32,
}

impl PackName {
    /// The name of `pack`.
    pub fn of(pack: &Pack) -> PackName {
        PackName {
            pack: pack.data.checksum().as_bytes().to_vec(),
            index: pack.index.index_checksum().as_bytes().to_vec(),
            len: pack.data.data_len() as u64,
            count: pack.index.num_objects(),
        }
    }
}

/// Settings that decide what is found, besides the rules.
pub struct Conditions {
    /// What an engine may do.
    pub limits: Limits,
    /// Largest object that is read, bytes.
    pub max_size: u64,
    /// Whether comments beside a secret count.
    pub honour_inline: bool,
}

impl Conditions {
    /// What stands for these conditions, this build and this store's hash.
    pub fn digest(&self, hash: gix::hash::Kind) -> [u8; 32] {
        let Limits { depth, bytes, items } = self.limits;
        let text = format!(
            "{} {} {depth} {bytes} {items} {} {} {hash}",
            env!("CARGO_PKG_VERSION"),
            env!("LEAKTRACE_ENGINE"),
            self.max_size,
            self.honour_inline,
        );
        Sha256::digest(text.as_bytes()).into()
    }
}

/// The sections that are read when their turn comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Section {
    /// What was found.
    Matches,
    /// What was not read.
    Gaps,
    /// Commits.
    Commits,
    /// Trees that lead to what was found.
    Trees,
}

const SECTIONS: usize = 4;

/// What the state says in front.
#[derive(Default)]
pub struct Head {
    /// See [`Conditions::digest`].
    pub conditions: [u8; 32],
    /// The rules that everything was searched with.
    pub rules: Vec<Known>,
    /// Packs, in the store's order, and where the lists of their objects stand.
    pub packs: Vec<(PackName, Place)>,
    /// Loose objects, by id, with the codes of their tallies.
    pub loose: Vec<(ObjectId, u64)>,
    /// Objects that trees name and the store did not have.
    pub missing: Vec<ObjectId>,
    /// The counts of everything.
    pub totals: Totals,
    /// Keyed hashes of names that trees have, sorted.
    pub names: Vec<u64>,
    /// Keyed hashes of the names of references, sorted.
    pub refs: Vec<u64>,
    /// Numbers of blobs to be searched each time.
    pub again: Vec<u32>,
    /// Numbers of blobs that were searched as streams.
    pub streamed: Vec<u32>,
    /// Stands for the secrets that texts were looked through for.
    pub needles: u64,
}

/// A state that fits this build, key and settings.
pub struct Memory {
    /// The file it came from.
    pub file: StateFile,
    /// What it says in front.
    pub head: Head,
    sections: [Range<usize>; SECTIONS],
}

impl Memory {
    /// Reads the state; none when there is none or it is of another build or other settings. The
    /// error says why it cannot be used, escaped.
    pub fn open(
        keeper: &Keeper,
        conditions: [u8; 32],
        hash: gix::hash::Kind,
    ) -> Result<Option<Memory>, String> {
        let Some(file) = StateFile::open(&keeper.path, &keeper.key)? else { return Ok(None) };
        let mut reader = Reader::new(&file.main);
        if reader.array() != Ok(conditions) {
            return Ok(None);
        }
        let (head, sections) = read(&mut reader, conditions, hash, file.main.len())
            .map_err(|Damaged| "it is damaged".to_owned())?;
        Ok(Some(Memory { file, head, sections }))
    }

    /// A section's bytes.
    pub fn section(&self, section: Section) -> &[u8] {
        let range = self.sections.get(section as usize).cloned().unwrap_or_default();
        self.file.main.get(range).unwrap_or_default()
    }
}

type Sections = [Range<usize>; SECTIONS];

fn read(
    from: &mut Reader<'_>,
    conditions: [u8; 32],
    hash: gix::hash::Kind,
    end: usize,
) -> Result<(Head, Sections), Damaged> {
    let rules = rules::read(from)?;
    let packs = (0..from.count()?).map(|_| read_pack(from)).collect::<Result<_, _>>()?;
    let loose = (0..from.count()?)
        .map(|_| Ok((from.id(hash)?, from.number()?)))
        .collect::<Result<_, _>>()?;
    let missing = (0..from.count()?).map(|_| from.id(hash)).collect::<Result<_, _>>()?;
    let totals = Totals {
        commits: from.number()?,
        blobs: from.number()?,
        texts: from.number()?,
        bytes: from.number()?,
    };
    let names = read_hashes(from)?;
    let refs = read_hashes(from)?;
    let again = read_numbers(from)?;
    let streamed = read_numbers(from)?;
    let needles = u64::from_le_bytes(from.array()?);
    let mut lens = [0usize; SECTIONS];
    for len in &mut lens {
        *len = usize::try_from(from.number()?).map_err(|_| Damaged)?;
    }
    let total = lens.iter().try_fold(0usize, |sum, len| sum.checked_add(*len)).ok_or(Damaged)?;
    // The sections are all that follows.
    from.raw(total)?;
    if !from.is_at_end() {
        return Err(Damaged);
    }
    let mut start = end - total;
    let sections = lens.map(|len| {
        let range = start..start + len;
        start += len;
        range
    });
    let head = Head {
        conditions,
        rules,
        packs,
        loose,
        missing,
        totals,
        names,
        refs,
        again,
        streamed,
        needles,
    };
    Ok((head, sections))
}

fn read_pack(from: &mut Reader<'_>) -> Result<(PackName, Place), Damaged> {
    let name = PackName {
        pack: from.text()?.to_vec(),
        index: from.text()?.to_vec(),
        len: from.number()?,
        count: from.small()?,
    };
    Ok((name, Place { start: from.number()?, len: from.number()?, mac: from.array()? }))
}

fn read_hashes(from: &mut Reader<'_>) -> Result<Vec<u64>, Damaged> {
    (0..from.count()?).map(|_| Ok(u64::from_le_bytes(from.array()?))).collect()
}

fn read_numbers(from: &mut Reader<'_>) -> Result<Vec<u32>, Damaged> {
    (0..from.count()?).map(|_| from.small()).collect()
}

/// The main part that says `head` and has `sections`, in their order.
pub fn write(head: &Head, sections: &[Writer; SECTIONS]) -> Vec<u8> {
    let mut to = Writer::default();
    to.raw(&head.conditions);
    rules::write(&head.rules, &mut to);
    to.count(head.packs.len());
    for (name, place) in &head.packs {
        to.text(&name.pack);
        to.text(&name.index);
        to.number(name.len);
        to.number(name.count.into());
        to.number(place.start);
        to.number(place.len);
        to.raw(&place.mac);
    }
    to.count(head.loose.len());
    for (id, code) in &head.loose {
        to.raw(id.as_bytes());
        to.number(*code);
    }
    to.count(head.missing.len());
    head.missing.iter().for_each(|id| to.raw(id.as_bytes()));
    let Totals { commits, blobs, texts, bytes } = head.totals;
    for count in [commits, blobs, texts, bytes] {
        to.number(count);
    }
    for hashes in [&head.names, &head.refs] {
        to.count(hashes.len());
        for hash in hashes {
            to.raw(&hash.to_le_bytes());
        }
    }
    for numbers in [&head.again, &head.streamed] {
        to.count(numbers.len());
        for number in numbers {
            to.number((*number).into());
        }
    }
    to.raw(&head.needles.to_le_bytes());
    for section in sections {
        to.count(section.bytes.len());
    }
    for section in sections {
        to.raw(&section.bytes);
    }
    to.bytes
}

impl Head {
    /// Whether the packs of then stand in front of all others in `store`, so that their objects
    /// have the numbers that they had.
    pub fn is_prefix_of(&self, store: &Store) -> bool {
        self.packs.len() <= store.packs.len()
            && self.packs.iter().zip(&store.packs).all(|(then, now)| then.0 == PackName::of(now))
    }

    /// Whether the store has just the packs and loose objects that are remembered.
    pub fn is_of(&self, store: &Store) -> bool {
        self.packs.len() == store.packs.len()
            && self.is_prefix_of(store)
            && self.loose.len() == store.loose.len()
            && self.loose.iter().zip(&store.loose).all(|(then, now)| then.0 == now.0)
    }
}
