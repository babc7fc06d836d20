//! Commits, by what they name.

use gix::ObjectId;

use super::codec::{Damaged, Reader, Writer};
use super::places::Places;
use crate::source::history::graph::Commit;
use crate::source::history::store::Store;

/// Objects in packs have their numbers, counted from 1; after 0 follows the id of any other. So the
/// bytes stay right when loose objects come and go.
fn write_object(id: &ObjectId, store: &Store, to: &mut Writer) {
    if let Some(number) = store.number_of(id).filter(|number| *number < store.first_loose()) {
        to.number(u64::from(number) + 1);
    } else {
        to.number(0);
        to.raw(id.as_bytes());
    }
}

fn read_object(from: &mut Reader<'_>, store: &Store, places: &Places) -> Result<ObjectId, Damaged> {
    match from.number()?.checked_sub(1) {
        None => from.id(store.hash()),
        Some(number) => {
            let number = u32::try_from(number).map_err(|_| Damaged)?;
            places.now(number, store).and_then(|now| store.id_of(now)).ok_or(Damaged)
        }
    }
}

/// Writes `commits` of `store`, in any order, as something to stand behind other such bytes.
pub fn write(commits: &[Commit], store: &Store) -> Writer {
    let mut to = Writer::default();
    let mut sorted: Vec<&Commit> = commits.iter().collect();
    sorted.sort_unstable_by_key(|commit| commit.id);
    sorted.dedup_by_key(|commit| commit.id);
    to.count(sorted.len());
    let mut time = 0i64;
    for commit in sorted {
        write_object(&commit.id, store, &mut to);
        write_object(&commit.tree, store, &mut to);
        to.count(commit.parents.len());
        commit.parents.iter().for_each(|parent| write_object(parent, store, &mut to));
        to.signed(commit.time.wrapping_sub(time));
        time = commit.time;
    }
    to
}

/// Reads what [`write`] wrote, once or several times, the objects of then being where `places`
/// says. For that, they must all be there.
pub fn read(mut from: Reader<'_>, store: &Store, places: &Places) -> Result<Vec<Commit>, Damaged> {
    let mut commits = Vec::new();
    while !from.is_at_end() {
        let count = from.count()?;
        commits.reserve(count);
        let mut time = 0i64;
        for _ in 0..count {
            let id = read_object(&mut from, store, places)?;
            let tree = read_object(&mut from, store, places)?;
            let parents = from.count()?;
            let parents = (0..parents)
                .map(|_| read_object(&mut from, store, places))
                .collect::<Result<_, _>>()?;
            time = time.wrapping_add(from.signed()?);
            commits.push(Commit { id, tree, parents, time });
        }
    }
    Ok(commits)
}
