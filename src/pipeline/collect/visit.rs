//! What a walk over the object store shows to a [`Search`].

use std::io;

use gix::objs::Kind;
use gix::{ObjectId, oid};

use super::Search;
use crate::engine::{self, Known};
use crate::model::text::escape;
use crate::model::{ContentId, ContentKind, IncompleteKind};
use crate::pipeline::state::Tally;
use crate::source::history::commits::Commit;
use crate::source::history::walk::{Base, Object, Visitor};

impl Search<'_> {
    /// Records what is wrong with a commit, if anything is.
    pub(super) fn commit_gap(&self, id: ObjectId, wrong: Option<String>) {
        if let Some(reason) = wrong {
            let what = format!("commit {id}: {}", escape(reason.as_bytes()));
            let content = ContentId::Object { kind: ContentKind::Commit, id };
            self.gaps.add(&content, IncompleteKind::CorruptObject, what);
        }
    }
}

impl Visitor for Search<'_> {
    type Known = Known;

    fn wants(&self, kind: Kind) -> bool {
        kind != Kind::Tree
    }

    fn visit(&self, object: Object<'_>, base: Option<Base<'_, Known>>) -> Known {
        let base = base.map(|base| engine::Base { known: base.known, copies: base.copies });
        if !object.counts {
            // Another copy was searched or will be; here only what is made from it matters.
            let wanted = object.is_base && object.kind == Kind::Blob;
            return if wanted {
                self.engine.scan_next(object.data, base, &mut self.scratch.get()).1
            } else {
                Known::default()
            };
        }
        let id = object.id.to_owned();
        let (tally, known) = match object.kind {
            Kind::Blob => {
                let content = ContentId::Object { kind: ContentKind::Blob, id };
                let known = self.version(content, object.data, base).1;
                self.count_blob(object.data.len() as u64);
                (Tally::Blob(object.data.len() as u64), known)
            }
            Kind::Commit => {
                self.count_commit();
                let message = self.message(ContentKind::Commit, id, object.data);
                match Commit::parse(id, object.data) {
                    Ok(commit) => self.commits.get().add(object.number, &commit, object.store),
                    Err(reason) => self.commit_gap(id, Some(reason)),
                }
                (Tally::Commit(message), Known::default())
            }
            Kind::Tag => {
                let message = self.message(ContentKind::Tag, id, object.data);
                (Tally::Tag(message), Known::default())
            }
            Kind::Tree => return Known::default(),
        };
        if let Some(recording) = &self.recording {
            recording.searched(object.number, tally);
        }
        known
    }

    fn visit_stream(&self, id: &oid, size: u64, content: &mut dyn io::Read) {
        let content_id = ContentId::Object { kind: ContentKind::Blob, id: id.to_owned() };
        match self.engine.scan_stream(content) {
            Ok(outcome) => self.keep(content_id, outcome, |_| None),
            Err(error) => {
                self.log.add(IncompleteKind::CorruptObject, format!("object {id}: {error}"));
                if let Some(recording) = &self.recording {
                    recording.trouble();
                }
            }
        }
        if let Some(recording) = &self.recording {
            recording.streamed(id.to_owned(), size);
        }
        self.count_blob(size);
    }
}
