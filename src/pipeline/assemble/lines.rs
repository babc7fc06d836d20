//! What code scanning knows a finding's line by: a hash of the line and what follows it, read once more
//! from the first place of each finding.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use gix::ObjectId;
use rayon::prelude::*;

use super::Context;
use crate::model::ContentKind;
use crate::output::{Reported, line_hashes};
use crate::pipeline::collect::Searched;
use crate::pipeline::target::What;
use crate::source::history::store::Reader;

/// Bytes of a file whose line is hashed for code scanning.
const LINE_HASH_BYTES: u64 = 32 << 20;

/// A content whose lines are hashed.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Source {
    Blob(ObjectId),
    File(Vec<u8>),
}

impl Source {
    /// The content that a finding's first place is in, where that is no part of a container.
    fn of(one: &Reported) -> Option<Source> {
        let place = one.places.first().filter(|place| place.layers.is_empty())?;
        match place.kind {
            ContentKind::Blob => place.object.map(Source::Blob),
            ContentKind::File => place.path.clone().map(Source::File),
            _ => None,
        }
    }
}

impl Context<'_> {
    /// Adds what code scanning knows the first line of each by. Each content is read once, however
    /// many findings are in it.
    pub(super) fn hash_lines(&self, reported: &mut [Reported], searched: Option<&Searched>) {
        let mut wanted: BTreeMap<Source, BTreeSet<u32>> = BTreeMap::new();
        for one in reported.iter() {
            if let (Some(source), Some(place)) = (Source::of(one), one.places.first()) {
                wanted.entry(source).or_default().insert(place.position.line);
            }
        }
        let wanted: Vec<(Source, BTreeSet<u32>)> = wanted.into_iter().collect();
        let (root, file) = match &self.target.what {
            What::File(file) => (None, Some(file.as_path())),
            _ => (self.target.root(), None),
        };
        let hash = |reader: Option<&Reader>, source: &Source, lines: &BTreeSet<u32>| {
            let content = match source {
                Source::Blob(id) => blob(reader?, id),
                Source::File(path) => read_file(root, file, path),
            };
            Some(line_hashes(&content?, lines))
        };
        let hashes: Vec<Option<BTreeMap<u32, String>>> = if let Some(searched) = searched {
            wanted
                .par_iter()
                .map_init(
                    || searched.store.reader(),
                    |reader, (source, lines)| hash(Some(reader), source, lines),
                )
                .collect()
        } else {
            let reader = self.target.repository().map(|repo| Reader::of(&repo.git));
            wanted.iter().map(|(source, lines)| hash(reader.as_ref(), source, lines)).collect()
        };
        let hashes: BTreeMap<Source, Option<BTreeMap<u32, String>>> =
            wanted.into_iter().map(|(source, _)| source).zip(hashes).collect();
        for one in reported {
            let line = one.places.first().map_or(0, |place| place.position.line);
            let known = Source::of(one).and_then(|source| hashes.get(&source)?.as_ref());
            one.line_hash = known.and_then(|lines| lines.get(&line).cloned());
        }
    }
}

/// The bytes of the file at `path` below `root`, or of the one file that is the target.
fn read_file(root: Option<&Path>, target: Option<&Path>, path: &[u8]) -> Option<Vec<u8>> {
    let file = match target {
        Some(file) => file.to_owned(),
        None => root?.join(bstr::ByteSlice::to_path(path).ok()?),
    };
    let meta = fs::symlink_metadata(&file).ok()?;
    (meta.is_file() && meta.len() <= LINE_HASH_BYTES).then(|| fs::read(&file).ok())?
}

/// The bytes of a blob.
fn blob(reader: &Reader, id: &ObjectId) -> Option<Vec<u8>> {
    let (_, size) = reader.header(id)?;
    let mut content = Vec::new();
    (size <= LINE_HASH_BYTES).then(|| reader.read(id, &mut content).ok())??;
    Some(content)
}
