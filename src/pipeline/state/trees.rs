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
use crate::source::history::trees::{self, Entry, Part, Trees};

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

/// Writes `listed` trees and the lists from number `first` on, as something to stand behind other
/// such bytes. Names in `found`, and those that repeat one of `needles`, are not kept. None when a
/// name cannot be found again.
pub fn write(
    trees: &Trees,
    listed: &[(u32, u32)],
    first: usize,
    store: &Store,
    found: &BTreeSet<&[u8]>,
    needles: &Needles,
) -> Option<Writer> {
    let holders: HashMap<u32, u32> = listed.iter().map(|(tree, list)| (*list, *tree)).collect();
    let mut names: HashMap<u32, (usize, u32)> = HashMap::new();
    let mut ordered: Vec<u32> = Vec::new();
    let mut body = Writer::default();
    body.count(trees.len().saturating_sub(first));
    for list in (0u32..).take(trees.len()).skip(first) {
        let entries = trees.entries(list);
        body.count(entries.len());
        for entry in entries {
            let next = ordered.len();
            let (name, _) = *names.entry(entry.name).or_insert_with(|| {
                ordered.push(entry.name);
                (next, list)
            });
            body.number((name as u64) << 1 | u64::from(entry.is_tree));
            match entry.target {
                target if !entry.is_tree => write_object(target, store, &mut body),
                NONE => body.number(0),
                list => body.number(u64::from(list) + 1),
            }
        }
    }
    body.count(listed.len());
    for (tree, list) in listed {
        write_object(*tree, store, &mut body);
        body.number(u64::from(*list));
    }
    let mut to = Writer::default();
    let reader = store.reader();
    to.count(ordered.len());
    for number in ordered {
        let name = trees.name(number);
        if found.contains(name) || needles.are_in(name) {
            let tree = *holders.get(&names.get(&number)?.1)?;
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
    let (mut parts, mut hidden) = (Vec::new(), Vec::new());
    let reader = store.reader();
    while !from.is_at_end() {
        parts.push(read_part(&mut from, store, places, &reader, &mut hidden)?);
    }
    let trees = Trees::restored(&parts).ok_or(Damaged)?;
    Ok(Read { trees, hidden })
}

fn read_part(
    from: &mut Reader<'_>,
    store: &Store,
    places: &Places,
    reader: &store::Reader,
    hidden: &mut Vec<Vec<u8>>,
) -> Result<Part, Damaged> {
    let mut part = Part::default();
    for _ in 0..from.count()? {
        part.names.push(match from.number()? {
            0 => from.text()?.to_vec(),
            1 => {
                let (tree, at) = (read_object(from, store, places)?, from.number()?);
                let name = name_at(at, tree, store, reader).ok_or(Damaged)?;
                hidden.push(name.clone());
                name
            }
            _ => return Err(Damaged),
        });
    }
    for _ in 0..from.count()? {
        for _ in 0..from.count()? {
            let name = from.number()?;
            let is_tree = name & 1 == 1;
            let name = u32::try_from(name >> 1).map_err(|_| Damaged)?;
            let target = if is_tree {
                let list = from.number()?.checked_sub(1);
                list.map_or(Ok(NONE), u32::try_from).map_err(|_| Damaged)?
            } else {
                read_object(from, store, places)?
            };
            part.entries.push(Entry { name, is_tree, target });
        }
        part.ends.push(part.entries.len());
    }
    for _ in 0..from.count()? {
        let number = read_object(from, store, places)?;
        part.trees.push((number, u32::try_from(from.number()?).map_err(|_| Damaged)?));
    }
    Ok(part)
}
