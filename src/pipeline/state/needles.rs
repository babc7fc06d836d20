//! Keeps values out of the state: where a text repeats a secret, the secret is named instead.

use std::collections::BTreeMap;

use aho_corasick::{AhoCorasick, MatchKind};

use super::file::Key;
use super::matches::mac;
use crate::model::{Confidence, ContentId, Secret};
use crate::output::redact::Finder;
use crate::pipeline::collect::Hit;

/// A part of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Something that is no secret.
    Plain(&'a [u8]),
    /// A secret.
    Secret(&'a Secret),
}

/// The secrets of a repository.
pub struct Needles {
    finder: Finder,
    /// The values as they are, in the order of `secrets`.
    plain: Option<AhoCorasick>,
    secrets: Vec<Secret>,
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
        let secrets: Vec<Secret> = sure.map(|(secret, _)| secret.clone()).collect();
        let macs: Vec<[u8; 16]> = secrets.iter().map(|secret| mac(key, secret)).collect();
        let name = key.short(&[b"needles\0", macs.as_flattened()]);
        // Without it texts that repeat a secret are not written at all.
        let plain = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(secrets.iter().map(Secret::expose))
            .ok();
        Needles { finder: Finder::of(secrets.iter()), plain, secrets, name }
    }

    /// Takes `text` apart into what may be written and secrets; none when a part repeats a secret
    /// in another form.
    pub fn take_out<'a>(&'a self, text: &'a [u8]) -> Option<Vec<Piece<'a>>> {
        if !self.are_in(text) {
            return Some(vec![Piece::Plain(text)]);
        }
        let mut pieces = Vec::new();
        let mut from = 0;
        for found in self.plain.as_ref()?.find_iter(text) {
            pieces.push(Piece::Plain(text.get(from..found.start())?));
            pieces.push(Piece::Secret(self.secrets.get(found.pattern().as_usize())?));
            from = found.end();
        }
        pieces.push(Piece::Plain(text.get(from..)?));
        let sound = pieces.iter().all(|piece| match piece {
            Piece::Plain(text) => !self.are_in(text),
            Piece::Secret(_) => true,
        });
        sound.then_some(pieces)
    }

    /// Whether `text` repeats one of them, encoded or not.
    pub fn are_in(&self, text: &[u8]) -> bool {
        self.finder.is_in(text)
    }
}
