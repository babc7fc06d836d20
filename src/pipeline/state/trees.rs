//! The trees that lead to what was found.
//!
//! Names of files are kept as they are unless one holds a secret: then the tree that has it is
//! named, and the name is read again from there.

use std::collections::{BTreeSet, HashMap};

use super::codec::{Damaged, Reader, Writer};
use super::needles::Needles;
use super::places::Places;
use crate::source::history::forest::NONE;
use crate::source::history::store::{self, Store};
use crate::source::history::trees::{self, Entry, Trees};

/// The entry of a tree that has `name`, counted from 0.
fn place_of(name: &[u8], tree: u32, store: &Store, reader: &store::Reader) -> Option<u64> {
    let mut buffer = Vec::new();
    reader.read(&store.id_of(tree)?, &mut buffer).ok()?;
    let (mut at, mut found) = (0u64, None);
    // A damaged tree is read up to its damage.
    let _ = trees::entries(&buffer, store.hash(), |entry| {
        if entry.name == name && found.is_none() {
            found = Some(at);
        }
        at += 1;
    });
    found
}

/// The name of an entry of a tree.
fn name_at(at: u64, tree: u32, store: &Store, reader: &store::Reader) -> Option<Vec<u8>> {
    let mut buffer = Vec::new();
    reader.read(&store.id_of(tree)?, &mut buffer).ok()?;
    let (mut next, mut found) = (0u64, None);
    // A damaged tree is read up to its damage.
    let _ = trees::entries(&buffer, store.hash(), |entry| {
        if next == at {
            found = Some(entry.name.to_vec());
        }
        next += 1;
    });
    found
}

/// An entry's object: none, a number in a pack, or an id.
fn write_object(number: u32, store: &Store, to: &mut Writer) {
    match store.id_of(number) {
        _ if number < store.first_loose() => to.number(u64::from(number) + 2),
        Some(id) => {
            to.number(1);
            to.raw(id.as_bytes());
        }
        None => to.number(0),
    }
}

fn read_object(from: &mut Reader<'_>, store: &Store, places: &Places) -> Result<u32, Damaged> {
    match from.number()? {
        0 => Ok(NONE),
        1 => store.number_of(&from.id(store.hash())?).ok_or(Damaged),
        number => {
            let number = u32::try_from(number - 2).map_err(|_| Damaged)?;
            places.now(number, store).ok_or(Damaged)
        }
    }
}

/// Writes those of `trees` that have `numbers`, as something to stand behind other such bytes.
/// Names in `found`, and those that repeat one of `needles`, are not kept. None when a name cannot
/// be found again.
pub fn write(
    trees: &Trees,
    mut numbers: Vec<u32>,
    store: &Store,
    found: &BTreeSet<&[u8]>,
    needles: &Needles,
) -> Option<Writer> {
    numbers.sort_unstable();
    let mut names: HashMap<&[u8], (usize, u32)> = HashMap::new();
    let mut ordered: Vec<&[u8]> = Vec::new();
    let mut body = Writer::default();
    body.count(numbers.len());
    for number in numbers {
        let entries = trees.nodes.get(&number)?;
        write_object(number, store, &mut body);
        body.count(entries.len());
        for entry in entries {
            let next = ordered.len();
            let (name, _) = *names.entry(&entry.name).or_insert_with(|| {
                ordered.push(&entry.name);
                (next, number)
            });
            body.number((name as u64) << 1 | u64::from(entry.is_tree));
            write_object(entry.number, store, &mut body);
        }
    }
    let mut to = Writer::default();
    let reader = store.reader();
    to.count(ordered.len());
    for name in ordered {
        if found.contains(name) || needles.are_in(name) {
            let tree = names.get(name)?.1;
            to.number(1);
            write_object(tree, store, &mut to);
            to.number(place_of(name, tree, store, &reader)?);
        } else {
            to.number(0);
            to.text(name);
        }
    }
    to.raw(&body.bytes);
    Some(to)
}

/// Trees of then, with the numbers of now.
pub struct Read {
    /// The trees.
    pub trees: Trees,
    /// Names that were not kept.
    pub hidden: Vec<Vec<u8>>,
}

/// Reads what [`write`] wrote, once or several times, the objects of then being where `places`
/// says.
pub fn read(mut from: Reader<'_>, store: &Store, places: &Places) -> Result<Read, Damaged> {
    let mut read = Read { trees: Trees::default(), hidden: Vec::new() };
    while !from.is_at_end() {
        read_part(&mut from, store, places, &mut read)?;
    }
    Ok(read)
}

fn read_part(
    from: &mut Reader<'_>,
    store: &Store,
    places: &Places,
    to: &mut Read,
) -> Result<(), Damaged> {
    let reader = store.reader();
    let mut names: Vec<Vec<u8>> = Vec::new();
    for _ in 0..from.count()? {
        names.push(match from.number()? {
            0 => from.text()?.to_vec(),
            1 => {
                let (tree, at) = (read_object(from, store, places)?, from.number()?);
                let name = name_at(at, tree, store, &reader).ok_or(Damaged)?;
                to.hidden.push(name.clone());
                name
            }
            _ => return Err(Damaged),
        });
    }
    let count = from.count()?;
    to.trees.nodes.reserve(count);
    for _ in 0..count {
        let number = read_object(from, store, places)?;
        let entries = (0..from.count()?).map(|_| {
            let name = from.number()?;
            let is_tree = name & 1 == 1;
            let name = usize::try_from(name >> 1).ok().and_then(|at| names.get(at));
            let name = name.ok_or(Damaged)?.clone();
            Ok(Entry { name, number: read_object(from, store, places)?, is_tree })
        });
        let entries = entries.collect::<Result<_, _>>()?;
        to.trees.nodes.insert(number, entries);
    }
    Ok(())
}
