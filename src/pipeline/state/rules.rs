//! Which rules are as they were.

use crate::engine::{Effort, Engine, Limits};
use crate::rule::Ruleset;

use super::codec::{Damaged, Reader, Writer};

/// A rule's id and digest.
pub type Known = (String, [u8; 32]);

/// The rules of now.
pub fn of(ruleset: &Ruleset) -> Vec<Known> {
    ruleset.rules().iter().map(|rule| (rule.id.clone(), rule.digest())).collect()
}

/// Writes the rules.
pub fn write(rules: &[Known], to: &mut Writer) {
    to.count(rules.len());
    for (id, digest) in rules {
        to.text(id.as_bytes());
        to.raw(digest);
    }
}

/// Reads what [`write`] wrote.
pub fn read(from: &mut Reader<'_>) -> Result<Vec<Known>, Damaged> {
    let count = from.count()?;
    (0..count).map(|_| Ok((from.string()?, from.array()?))).collect()
}

/// What became of the rules.
pub struct Change {
    /// For each rule of then its place among those of now; none when it is gone or another.
    pub now: Vec<Option<u32>>,
    /// Places of the rules of now that are new or others than then.
    pub new: Vec<usize>,
}

impl Change {
    /// What became of `then`.
    pub fn of(then: &[Known], now: &[Known]) -> Change {
        let place = |known: &Known| {
            let at = now.binary_search_by(|one| one.0.cmp(&known.0)).ok()?;
            (now.get(at)?.1 == known.1).then_some(at)
        };
        let mut is_new = vec![true; now.len()];
        let mut places = Vec::with_capacity(then.len());
        for known in then {
            let at = place(known);
            if let Some(slot) = at.and_then(|at| is_new.get_mut(at)) {
                *slot = false;
            }
            places.push(at.and_then(|at| u32::try_from(at).ok()));
        }
        let new = (0..now.len()).filter(|at| is_new.get(*at) == Some(&true)).collect();
        Change { now: places, new }
    }

    /// Whether every rule is as it was.
    pub fn is_none(&self) -> bool {
        self.new.is_empty() && self.now.iter().all(Option::is_some)
    }

    /// An engine for the new rules alone; none when there are none.
    pub fn engine(&self, ruleset: &Ruleset, limits: Limits) -> Option<Engine> {
        if self.new.is_empty() {
            return None;
        }
        let wanted: std::collections::BTreeSet<&str> = self
            .new
            .iter()
            .filter_map(|at| ruleset.rules().get(*at))
            .map(|rule| rule.id.as_str())
            .collect();
        let subset = ruleset.clone().filter(|rule| wanted.contains(rule.id.as_str()));
        Some(Engine::new(std::sync::Arc::new(subset), Effort::Large, limits))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_told_apart() {
        let rule = |id: &str, digest: u8| (id.to_owned(), [digest; 32]);
        let then = [rule("a", 1), rule("b", 1), rule("c", 1)];
        let now = [rule("a", 1), rule("aa", 1), rule("c", 2)];
        let change = Change::of(&then, &now);
        assert_eq!(change.now, [Some(0), None, None]);
        assert_eq!(change.new, [1, 2]);
        assert!(!change.is_none());
        assert!(Change::of(&then, &then).is_none());
        assert!(!Change::of(&then, &then[1..]).is_none());
        assert!(Change::of(&[], &[]).is_none());
    }
}
