//! Commits, by what they name.

use super::codec::{Damaged, Reader, Writer};
use super::places::Places;
use crate::source::history::commits::{Commits, Linked};
use crate::source::history::forest::NONE;
use crate::source::history::store::Store;

/// The place of a commit's own name among those that it says; see [`Commits::missing`].
const ITSELF: u32 = NONE;

/// Writes those of `commits` whose object numbers are `wanted`, as something to stand behind other
/// such bytes. None when one names something of which nobody knows the id.
pub fn write(commits: &Commits, store: &Store, wanted: impl Fn(u32) -> bool) -> Option<Writer> {
    let mut to = Writer::default();
    to.count(commits.iter().filter(|commit| wanted(commit.object)).count());
    let mut time = 0i64;
    for commit in commits.iter().filter(|commit| wanted(commit.object)) {
        let write = |number: u32, place: u32, to: &mut Writer| {
            // Objects in packs have their numbers, counted from 1; after 0 follows the id of any
            // other. So the bytes stay right when loose objects come and go.
            if number < store.first_loose() {
                to.number(u64::from(number) + 1);
            } else {
                let missing = || commits.missing().get(&(commit.object, place)).copied();
                to.number(0);
                to.raw(store.id_of(number).or_else(missing)?.as_bytes());
            }
            Some(())
        };
        write(commit.object, ITSELF, &mut to)?;
        write(commit.tree, 0, &mut to)?;
        to.count(commit.parents.len());
        for (place, parent) in (1u32..).zip(commit.parents) {
            write(*parent, place, &mut to)?;
        }
        to.signed(commit.time.wrapping_sub(time));
        time = commit.time;
    }
    Some(to)
}

/// Reads what [`write`] wrote, once or several times, the objects of then being where `places`
/// says. For that, they must all be there.
pub fn read(mut from: Reader<'_>, store: &Store, places: &Places) -> Result<Commits, Damaged> {
    let mut commits = Commits::default();
    let mut parents = Vec::new();
    while !from.is_at_end() {
        let mut time = 0i64;
        for _ in 0..from.count()? {
            let mut found = Found { commits: &mut commits, store, places };
            let object = found.read(&mut from, (NONE, ITSELF))?;
            if object == NONE {
                return Err(Damaged);
            }
            let tree = found.read(&mut from, (object, 0))?;
            parents.clear();
            for place in (1u32..).take(from.count()?) {
                parents.push(found.read(&mut from, (object, place))?);
            }
            time = time.wrapping_add(from.signed()?);
            commits.push(Linked { object, tree, time, parents: &parents });
        }
    }
    Ok(commits)
}

/// Finds the objects that commits name.
struct Found<'a> {
    commits: &'a mut Commits,
    store: &'a Store,
    places: &'a Places,
}

impl Found<'_> {
    /// The number of the object that stands next; [`NONE`], noted as missing at `place`, when the
    /// store does not have it.
    fn read(&mut self, from: &mut Reader<'_>, place: (u32, u32)) -> Result<u32, Damaged> {
        if let Some(number) = from.number()?.checked_sub(1) {
            let number = u32::try_from(number).map_err(|_| Damaged)?;
            return self.places.now(number, self.store).ok_or(Damaged);
        }
        let id = from.id(self.store.hash())?;
        let number = self.store.number_of(&id);
        if number.is_none() {
            self.commits.miss(place.0, place.1, id);
        }
        Ok(number.unwrap_or(NONE))
    }
}
