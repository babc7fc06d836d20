//! Lists of references, which in a large repository are long, many, and mostly the same.

use std::fmt;
use std::sync::Arc;

/// Names of refs, full, sorted, escaped: some of a table that many lists share.
#[derive(Clone, Default)]
pub struct Refs {
    table: Table,
    /// Places in the table.
    picked: Arc<[u32]>,
}

/// Names that lists pick from.
pub type Table = Arc<[Arc<str>]>;

impl Refs {
    /// The names at the places `picked` of `table`.
    pub fn of(table: &Table, picked: impl IntoIterator<Item = u32>) -> Refs {
        let len = table.len();
        let picked = picked.into_iter().filter(|place| (*place as usize) < len).collect();
        Refs { table: Arc::clone(table), picked }
    }

    /// The names.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Arc<str>> {
        self.picked.iter().map(|place| &self.table[*place as usize])
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.picked.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.picked.is_empty()
    }

    /// Whether `name` is one of them.
    pub fn has(&self, name: &str) -> bool {
        self.iter().any(|known| **known == *name)
    }

    /// What it picks from.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// The same places of another table, which is as long.
    #[must_use]
    pub fn with_table(&self, table: &Table) -> Refs {
        Refs::of(table, self.picked.iter().copied())
    }

    /// All of both, each once.
    #[must_use]
    pub fn join(&self, other: &Refs) -> Refs {
        if Arc::ptr_eq(&self.picked, &other.picked) && Arc::ptr_eq(&self.table, &other.table) {
            return self.clone();
        }
        let mut names: Vec<Arc<str>> = self.iter().chain(other.iter()).cloned().collect();
        names.sort();
        names.dedup();
        names.into_iter().collect()
    }
}

impl FromIterator<Arc<str>> for Refs {
    fn from_iter<T: IntoIterator<Item = Arc<str>>>(names: T) -> Refs {
        let table: Table = names.into_iter().collect();
        let all = (0u32..).take(table.len());
        Refs::of(&table, all)
    }
}

impl PartialEq for Refs {
    fn eq(&self, other: &Refs) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Refs {}

impl fmt::Debug for Refs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refs(names: &[&str]) -> Refs {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    #[test]
    fn lists_are_what_they_name() {
        let table: Table = refs(&["a", "b", "c"]).table().clone();
        let some = Refs::of(&table, [0, 2, 7]);
        assert_eq!(some, refs(&["a", "c"]));
        assert!(some.has("c") && !some.has("b"));
        assert_eq!(some.join(&refs(&["b", "c"])), refs(&["a", "b", "c"]));
        assert_eq!(some.join(&some.clone()), some);
        let other = refs(&["x", "y", "z"]).table().clone();
        assert_eq!(some.with_table(&other), refs(&["x", "z"]));
        assert_eq!(format!("{some:?}"), r#"["a", "c"]"#);
        assert!(Refs::default().is_empty());
    }
}
