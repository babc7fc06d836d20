//! Lists of entries, each kept once.

use std::collections::HashMap;

use super::Entry;

/// Lists of entries, numbered in the order in which they were added.
#[derive(Debug, Default)]
pub struct Lists {
    entries: Vec<Entry>,
    /// Where in `entries` each list ends.
    ends: Vec<u32>,
    /// Lists by the hash of their entries; of the first so many lists.
    known: HashMap<u64, Vec<u32>>,
    hashed: u32,
    hasher: std::hash::RandomState,
}

impl Lists {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// A list's entries, sorted; none when there is no such list.
    pub fn get(&self, list: u32) -> &[Entry] {
        let end = |at: usize| self.ends.get(at).map(|end| *end as usize);
        let start = (list as usize).checked_sub(1).map_or(Some(0), end);
        let range = start.zip(end(list as usize));
        range.and_then(|(start, end)| self.entries.get(start..end)).unwrap_or_default()
    }

    /// The number of the list that has `entries`, which may be in any order.
    pub fn add(&mut self, mut entries: Vec<Entry>) -> u32 {
        use std::hash::BuildHasher as _;
        entries.sort_unstable();
        entries.dedup();
        for list in self.hashed..self.count() {
            let hash = self.hasher.hash_one(self.get(list));
            self.known.entry(hash).or_default().push(list);
        }
        self.hashed = self.count();
        let hash = self.hasher.hash_one(entries.as_slice());
        let alike = self.known.get(&hash).into_iter().flatten();
        if let Some(known) = alike.copied().find(|list| self.get(*list) == entries) {
            return known;
        }
        let new = self.push(entries);
        self.known.entry(hash).or_default().push(new);
        self.hashed = self.count();
        new
    }

    /// Adds a list that is known to be another than all before; its entries are in order.
    pub fn push(&mut self, entries: impl IntoIterator<Item = Entry>) -> u32 {
        let new = self.count();
        self.entries.extend(entries);
        let end = u32::try_from(self.entries.len());
        self.ends.push(end.expect("as many entries fill any memory first"));
        new
    }

    fn count(&self) -> u32 {
        u32::try_from(self.ends.len()).expect("as many lists fill any memory first")
    }

    /// The same lists with other names: `names` has the new number of each.
    #[must_use]
    pub fn renamed(&self, names: &[u32]) -> Lists {
        let mut renamed = Lists::default();
        for list in (0u32..).take(self.len()) {
            let name =
                |entry: &Entry| names.get(entry.name as usize).copied().unwrap_or(entry.name);
            let entries = self.get(list).iter();
            let mut entries: Vec<Entry> =
                entries.map(|entry| Entry { name: name(entry), ..*entry }).collect();
            entries.sort_unstable();
            renamed.push(entries);
        }
        renamed
    }
}
