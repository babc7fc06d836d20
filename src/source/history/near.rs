//! Where in a sorted list of ids to look for one: ids are hashes, so their first bytes tell.

use std::cmp::Ordering;
use std::ops::Range;

use gix::oid;

/// Bits of an id that are told apart at most.
const MOST_BITS: u32 = 16;

/// For each beginning of an id, where the ids that begin so stand.
pub struct Near {
    bits: u32,
    starts: Vec<u32>,
}

impl Near {
    /// Looks at the ids of a list of `count`; none when they are not in order.
    pub fn of<'a>(count: u32, id_at: impl Fn(u32) -> &'a oid) -> Option<Near> {
        // About eight ids for each beginning.
        let bits = (count / 8).checked_ilog2().unwrap_or(0).min(MOST_BITS);
        let mut starts = Vec::with_capacity((1 << bits) + 1);
        for at in 0..count {
            let begins = beginning(id_at(at), bits);
            if begins + 1 < starts.len() {
                return None;
            }
            while starts.len() <= begins {
                starts.push(at);
            }
        }
        starts.resize((1 << bits) + 1, count);
        Some(Near { bits, starts })
    }

    /// The place of `id` in the list.
    pub fn find<'a>(&self, id: &oid, id_at: impl Fn(u32) -> &'a oid) -> Option<u32> {
        let begins = beginning(id, self.bits);
        let Range { mut start, mut end } =
            *self.starts.get(begins)?..*self.starts.get(begins + 1)?;
        let wanted = number(id);
        while start < end {
            let middle = start + (end - start) / 2;
            let found = id_at(middle);
            match number(found).cmp(&wanted).then_with(|| found.cmp(id)) {
                Ordering::Less => start = middle + 1,
                Ordering::Greater => end = middle,
                Ordering::Equal => return Some(middle),
            }
        }
        None
    }
}

/// The first `bits` bits.
fn beginning(id: &oid, bits: u32) -> usize {
    let [first, second, ..] = id.as_bytes() else { return 0 };
    usize::from(u16::from_be_bytes([*first, *second])) >> (MOST_BITS - bits)
}

/// The first eight bytes, in the same order as ids.
fn number(id: &oid) -> u64 {
    id.as_bytes().first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    use gix::ObjectId;

    use super::*;

    fn ids(count: u32) -> Vec<ObjectId> {
        let mut ids: Vec<ObjectId> = (0..count)
            .map(|n| {
                gix::objs::compute_hash(
                    gix::hash::Kind::Sha1,
                    gix::objs::Kind::Blob,
                    &n.to_be_bytes(),
                )
            })
            .map(|id| id.expect("no collision"))
            .collect();
        ids.sort();
        ids
    }

    #[test]
    fn every_id_is_found_and_no_other() {
        for count in [0, 1, 7, 8, 9, 1000] {
            let (all, more) = (ids(count), ids(count + 200));
            let at = |place: u32| all[place as usize].as_ref();
            let near = Near::of(count, at).expect("in order");
            for id in &more {
                let wanted = all.binary_search(id).ok();
                assert_eq!(near.find(id, at).map(|place| place as usize), wanted, "{count}");
            }
            assert_eq!(near.find(&ObjectId::from_bytes_or_panic(&[0xff; 20]), at), None);
        }
    }

    #[test]
    fn a_list_out_of_order_is_none() {
        let mut all = ids(1000);
        all.swap(1, 900);
        assert!(Near::of(1000, |place| all[place as usize].as_ref()).is_none());
    }
}
