//! What code scanning knows a finding's line by: a hash of the line and what follows it, read once more
//! from the first place of each finding.

use std::fs;

use rayon::prelude::*;

use super::Context;
use crate::model::ContentKind;
use crate::output::{Reported, line_hash};
use crate::pipeline::collect::Searched;
use crate::pipeline::target::What;
use crate::provenance::Place;
use crate::source::history::store::Reader;

/// Bytes of a file whose line is hashed for code scanning.
const LINE_HASH_BYTES: u64 = 32 << 20;

impl Context<'_> {
    /// Adds what code scanning knows the first line of each by.
    pub(super) fn hash_lines(&self, reported: &mut [Reported], searched: Option<&Searched>) {
        let of_blob = |reader: &Reader, one: &Reported| {
            let place = one.places.first().filter(|place| place.layers.is_empty())?;
            let id = place.object.filter(|_| place.kind == ContentKind::Blob)?;
            let (_, size) = reader.header(&id)?;
            let mut content = Vec::new();
            (size <= LINE_HASH_BYTES).then(|| reader.read(&id, &mut content).ok())??;
            line_hash(&content, place.position.line)
        };
        if let Some(searched) = searched {
            reported.par_iter_mut().for_each_init(
                || searched.store.reader(),
                |reader, one| one.line_hash = of_blob(reader, one),
            );
        } else if let Some(repo) = self.target.repository() {
            let reader = Reader::of(&repo.git);
            for one in reported.iter_mut() {
                one.line_hash = of_blob(&reader, one);
            }
        }
        for one in reported.iter_mut().filter(|one| one.line_hash.is_none()) {
            one.line_hash = one.places.first().and_then(|place| self.file_line_hash(place));
        }
    }

    fn file_line_hash(&self, place: &Place) -> Option<String> {
        let is_file = place.layers.is_empty() && place.kind == ContentKind::File;
        let path = place.path.as_ref().filter(|_| is_file)?;
        let file = match &self.target.what {
            What::File(file) => file.clone(),
            _ => self.target.root()?.join(bstr::ByteSlice::to_path(path.as_slice()).ok()?),
        };
        let meta = fs::symlink_metadata(&file).ok()?;
        let content =
            (meta.is_file() && meta.len() <= LINE_HASH_BYTES).then(|| fs::read(&file).ok())??;
        line_hash(&content, place.position.line)
    }
}
