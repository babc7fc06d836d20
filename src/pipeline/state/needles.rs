//! Keeps values out of the state: texts that repeat a secret are not written.

use std::collections::BTreeMap;

use super::file::Key;
use super::matches::mac;
use crate::model::{Confidence, ContentId, Secret};
use crate::output::redact::Finder;
use crate::pipeline::collect::Hit;

/// The secrets of a repository.
pub struct Needles {
    finder: Finder,
    /// Stands for them.
    pub name: u64,
}

impl Needles {
    /// Everything in `hits` that reports would mask: not what is of low confidence, which are words
    /// that any text may have.
    pub fn of(hits: &[(ContentId, Vec<Hit>)], key: &Key) -> Needles {
        let mut best: BTreeMap<&Secret, Confidence> = BTreeMap::new();
        for hit in hits.iter().flat_map(|(_, hits)| hits) {
            let known = best.entry(&hit.found.secret).or_insert(Confidence::Low);
            *known = (*known).max(hit.found.confidence);
        }
        let sure = best.into_iter().filter(|(_, confidence)| *confidence > Confidence::Low);
        let sure: Vec<&Secret> = sure.map(|(secret, _)| secret).collect();
        let macs: Vec<[u8; 16]> = sure.iter().map(|secret| mac(key, secret)).collect();
        let name = key.short(&[b"needles\0", macs.as_flattened()]);
        Needles { finder: Finder::of(sure.into_iter()), name }
    }

    /// Whether `text` repeats one of them, encoded or not.
    pub fn are_in(&self, text: &[u8]) -> bool {
        self.finder.is_in(text)
    }
}
