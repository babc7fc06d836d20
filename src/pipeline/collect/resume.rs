//! What a scan that goes on from an earlier one asks of a [`Search`] besides.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gix::ObjectId;

use super::{Counts, Hit, Search, message, said_in_headers};
use crate::engine::{Engine, Match, Scratch};
use crate::model::parallel::PerThread;
use crate::model::{ContentId, ContentKind, IncompleteKind, IncompleteLog};
use crate::pipeline::gaps::Gaps;
use crate::pipeline::names::{Names, Remembered};
use crate::pipeline::state::{Conditions, Recording, Totals};
use crate::source::history::commits::{Commit, Commits};

impl Search<'_> {
    /// The engine in use.
    pub fn engine(&self) -> &Engine {
        self.engine
    }

    /// Where gaps are recorded.
    pub fn log(&self) -> &IncompleteLog {
        self.log
    }

    /// What decides what is found, besides the rules.
    pub fn conditions(&self) -> Conditions {
        Conditions {
            limits: self.engine.limits(),
            max_size: self.settings.max_size,
            honour_inline: self.honour_inline,
        }
    }

    /// The same search with another engine, which counts and records nothing.
    pub fn probe<'b>(&'b self, engine: &'b Engine, log: &'b IncompleteLog) -> Search<'b> {
        let recording = Some(Arc::new(Recording::new()));
        Search {
            engine,
            settings: self.settings,
            progress: self.progress,
            log,
            honour_inline: false,
            names: Names::new(None),
            lfs: None,
            hits: PerThread::new(Vec::new),
            scratch: PerThread::new(Scratch::default),
            commits: PerThread::new(Commits::default),
            counts: Counts::default(),
            gaps: Gaps::new(log, &self.settings.ignores, recording.clone()),
            keeper: None,
            recording,
        }
    }

    /// Contents that something was found in or that were not read completely.
    pub fn into_touched(self) -> Vec<ContentId> {
        drop(self.gaps);
        let recorded = self.recording.and_then(Arc::into_inner).map(Recording::into_inner);
        let gaps = recorded.into_iter().flat_map(|recorded| recorded.gaps);
        let hits = self.hits.into_inner().flatten().map(|(content, _)| content);
        hits.chain(gaps.map(|(content, ..)| content)).collect()
    }

    /// Takes over what an earlier scan found.
    pub fn restore(&self, hits: impl Iterator<Item = (ContentId, Vec<Hit>)>) {
        self.hits.get().extend(hits);
    }

    /// Takes over what an earlier scan did not read.
    pub fn gap(&self, content: &ContentId, kind: IncompleteKind, what: String) {
        self.gaps.add(content, kind, what);
    }

    /// Takes over what an earlier scan counted.
    pub fn count_known(&self, known: Totals) {
        let add = |counter: &AtomicU64, more| counter.fetch_add(more, Ordering::Relaxed);
        add(&self.counts.commits, known.commits);
        add(&self.counts.blobs, known.blobs);
        add(&self.counts.texts, known.texts);
        add(&self.counts.bytes, known.bytes);
    }

    /// Takes over which names an earlier scan found nothing in, and their count.
    pub fn remember_names(&self, names: Remembered) {
        self.counts.texts.fetch_add(names.trees.len() as u64, Ordering::Relaxed);
        self.names.remember(names);
    }

    /// Searches an object that is counted already.
    pub fn again(&self, kind: ContentKind, id: ObjectId, object: &[u8], as_stream: bool) {
        let content = ContentId::Object { kind, id };
        if kind == ContentKind::Blob && !as_stream {
            self.content(content, object);
        } else if kind == ContentKind::Blob {
            match self.engine.scan_stream(&mut &object[..]) {
                Ok(outcome) => self.keep(content, outcome, |_| None),
                Err(error) => {
                    let what = format!("object {id}: {error}");
                    self.log.add(IncompleteKind::CorruptObject, what);
                }
            }
        } else {
            self.keep(content.clone(), self.text(&said_in_headers(object)), |_| None);
            if kind == ContentKind::Commit {
                // What cannot be read in it is as missing as it was.
                self.commit_gap(id, Commit::parse(id, object).err());
            }
            if let Some(message) = message(object) {
                let outcome = self.text(message);
                self.keep(content, outcome, |found| self.allow(message, found));
            }
        }
    }

    /// What is in an object, without keeping it.
    pub fn look_into(&self, kind: ContentKind, object: &[u8]) -> Vec<Match> {
        if kind == ContentKind::Blob {
            return self.peek(object);
        }
        let mut found = self.peek(&said_in_headers(object));
        found.extend(message(object).into_iter().flat_map(|message| self.peek(message)));
        found
    }
}
