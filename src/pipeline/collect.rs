//! Everything in a target, searched once, on all cores.

mod resume;
mod visit;

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use gix::ObjectId;
use rayon::prelude::*;

use super::gaps::Gaps;
use super::names::{self, Named, Names, Origin};
use super::settings::Settings;
use super::state::{self, Keeper, Recording};
use super::target::{Opened, What};
use super::{Options, Phase, Progress, Scope, narrow};
use crate::engine::{self, Engine, Known, Match, Outcome, Scratch};
use crate::finding::inline::{InlineAllow, inline_allow};
use crate::model::parallel::{BitSet, PerThread};
use crate::model::text::escape;
use crate::model::{ContentId, ContentKind, IncompleteKind, IncompleteLog, Layer};
use crate::output::Stats;
use crate::source::history::commits::Commits;
use crate::source::history::store::Store;
use crate::source::history::trees::{self, Trees};
use crate::source::history::walk::{STREAM_FROM, Walk, walk};
use crate::source::repository::{Repository, Tip};
use crate::source::worktree::{self, Content, Listing, WorkFile};

/// Contents up to this many bytes are searched whole, wherever they are stored; archives can only be
/// opened whole.
const WHOLE_FILE: u64 = STREAM_FROM;
/// What every Git LFS pointer starts with (the LFS specification fixes the first key).
const LFS_START: &[u8] = b"version https://git-lfs.github.com/spec/v1\n";
/// Largest Git LFS pointer, by the specification.
const LFS_BYTES: usize = 1024;

/// Headers of commits and tags whose values are ids.
const IDS: [&[u8]; 3] = [b"tree ", b"parent ", b"object "];

/// A match and the comment beside it.
#[derive(Debug, Clone)]
pub struct Hit {
    /// The match.
    pub found: Match,
    /// A `leaktrace:allow` comment about it.
    pub allow: Option<InlineAllow>,
}

/// A repository's object store, searched.
pub struct Searched {
    /// The objects.
    pub store: Store,
    /// Every commit.
    pub commits: Commits,
    /// The trees that lead to findings.
    pub trees: Trees,
    /// References, not peeled.
    pub tips: Vec<Tip>,
}

/// What a target gave.
pub struct Collected {
    /// Matches by content; sorted, each content once.
    pub hits: Vec<(ContentId, Vec<Hit>)>,
    /// The object store, when all of it was searched.
    pub searched: Option<Searched>,
    /// What the selected commits or the index changed, when only that was searched.
    pub narrow: Option<narrow::Narrow>,
    /// Names of files outside the object store with something in them.
    pub named: Named,
    /// Things worth knowing, escaped.
    pub notes: Vec<String>,
    /// How much was read.
    pub stats: Stats,
}

/// What a scan learnt for the next one, to be kept once everything was searched.
pub struct Learnt {
    draft: state::Draft,
    recorded: state::Recorded,
    noted: names::Noted,
}

impl Learnt {
    /// Writes what was learnt of `collected`; gives what is worth knowing, escaped.
    pub fn keep(self, keeper: &Keeper, collected: &Collected) -> Vec<String> {
        let Some(searched) = &collected.searched else { return Vec::new() };
        self.draft.save(keeper, searched, &collected.hits, self.recorded, self.noted)
    }
}

/// Searches `target`; what `keeper` has of earlier scans is not searched again.
pub fn run(
    target: &Opened,
    settings: &Settings,
    options: &Options,
    progress: &Progress,
    log: &IncompleteLog,
    keeper: Option<&Keeper>,
) -> (Collected, Option<Learnt>) {
    let search = Search::new(settings, options, progress, log, (target.repository(), keeper));
    let mut collected = Collected {
        hits: Vec::new(),
        searched: None,
        narrow: None,
        named: Named::new(),
        notes: Vec::new(),
        stats: Stats::default(),
    };
    let mut draft = None;
    match &target.what {
        What::Repository(repo) => {
            draft = search.repository(repo, &options.scope, &mut collected);
        }
        What::Directory(root) => {
            let listing = worktree::list_directory(root, log);
            search.files(listing, &mut collected);
        }
        What::File(path) => search.file(path),
        What::Stdin => search.stdin(),
    }
    let learnt = search.finish(&mut collected).zip(draft);
    let learnt = learnt.map(|((recorded, noted), draft)| Learnt { draft, recorded, noted });
    (collected, learnt)
}

/// The engine with all it needs to search contents from any thread.
pub struct Search<'a> {
    engine: &'a Engine,
    settings: &'a Settings,
    progress: &'a Progress,
    log: &'a IncompleteLog,
    honour_inline: bool,
    names: Names,
    /// Where Git LFS keeps files.
    lfs: Option<PathBuf>,
    hits: PerThread<Vec<(ContentId, Vec<Hit>)>>,
    scratch: PerThread<Scratch>,
    commits: PerThread<Commits>,
    counts: Counts,
    gaps: Gaps<'a>,
    /// Where the state of earlier scans lies.
    keeper: Option<&'a Keeper>,
    /// What the next scan is to know.
    recording: Option<Arc<Recording>>,
}

#[derive(Default)]
struct Counts {
    commits: AtomicU64,
    blobs: AtomicU64,
    files: AtomicU64,
    texts: AtomicU64,
    bytes: AtomicU64,
}

impl<'a> Search<'a> {
    fn new(
        settings: &'a Settings,
        options: &Options,
        progress: &'a Progress,
        log: &'a IncompleteLog,
        (repo, keeper): (Option<&Repository>, Option<&'a Keeper>),
    ) -> Search<'a> {
        let recording = keeper.map(|_| Arc::new(Recording::new()));
        Search {
            engine: &settings.engine,
            settings,
            progress,
            log,
            honour_inline: !options.isolated,
            names: Names::new(keeper.map(|keeper| keeper.key().clone())),
            lfs: repo.map(|repo| repo.common_dir.join("lfs").join("objects")),
            hits: PerThread::new(Vec::new),
            scratch: PerThread::new(Scratch::default),
            commits: PerThread::new(Commits::default),
            counts: Counts::default(),
            gaps: Gaps::new(log, &settings.ignores, recording.clone()),
            keeper,
            recording,
        }
    }

    fn repository(
        &self,
        repo: &Repository,
        scope: &Scope,
        collected: &mut Collected,
    ) -> Option<state::Draft> {
        let mut draft = None;
        match scope {
            Scope::Message(text) => {
                self.progress.enter(Phase::Files);
                self.content(ContentId::Stdin, text);
                self.count(&self.counts.texts, text.len() as u64);
            }
            Scope::Everything | Scope::HistoryOnly | Scope::HistoryOf(..) | Scope::NoHistory => {
                if *scope != Scope::NoHistory {
                    let (searched, next) = self.history(repo);
                    collected.searched = Some(searched);
                    draft = next;
                }
                if !matches!(scope, Scope::HistoryOnly | Scope::HistoryOf(..))
                    && let Some(root) = &repo.worktree
                {
                    let tracked = repo.index(self.log);
                    let links = tracked.iter().filter(|entry| entry.is_link);
                    collected.notes.extend(links.map(|entry| {
                        format!(
                            "submodule {} is not scanned with this repository",
                            escape(&entry.path)
                        )
                    }));
                    let tracked =
                        tracked.into_iter().filter(|e| !e.is_link).map(|e| e.path).collect();
                    let ignored = self.settings.config.scan.include_ignored;
                    self.files(
                        worktree::list_worktree(root, &tracked, ignored, self.log),
                        collected,
                    );
                }
            }
            Scope::Staged
            | Scope::Range(_)
            | Scope::Since(_)
            | Scope::Branch(_)
            | Scope::Between(_)
            | Scope::Pushed(_)
            | Scope::Pushing { .. } => {
                self.progress.enter(Phase::History);
                collected.narrow =
                    Some(narrow::run(self, repo, self.settings.selection.as_ref(), self.log));
            }
        }
        draft
    }

    /// The whole object store but for trees, whose names are searched when paths are traced.
    fn history(&self, repo: &Repository) -> (Searched, Option<state::Draft>) {
        let store = repo.store(self.log);
        self.progress.expect(store.numbers() as u64);
        self.progress.enter(Phase::History);
        if let Some(keeper) = self.keeper {
            let (searched, draft) = state::history(self, keeper, repo, store);
            return (searched, Some(draft));
        }
        walk(Walk::new(&store, self.log, self.settings.max_size), self);
        let found = BitSet::new(store.numbers());
        self.found_blobs(&store, &found);
        let tips = repo.references(self.log);
        self.tip_names(&tips);
        let name_check = |name: &[u8]| self.name(name, Origin::Tree);
        let trees = trees::find(&store, self.log, self.settings.max_size, &found, &name_check);
        store.forget_forests();
        (Searched { store, commits: Commits::default(), trees, tips }, None)
    }

    /// Searches the names of references: they are shown with findings, so they are looked at like
    /// file names.
    pub fn tip_names(&self, tips: &[Tip]) {
        tips.par_iter().for_each(|tip| {
            self.name(tip.name.as_bytes(), Origin::Reference);
        });
    }

    /// Adds the blobs that something was found in to `found`.
    pub fn found_blobs(&self, store: &Store, found: &BitSet) {
        self.hits.each(|hits| {
            for (content, _) in hits {
                if let ContentId::Object { kind: ContentKind::Blob, id } = content
                    && let Some(number) = store.number_of(id)
                {
                    found.insert(number);
                }
            }
        });
    }

    fn files(&self, listing: Listing, collected: &mut Collected) {
        let nested = listing.nested.iter();
        collected.notes.extend(nested.map(|path| {
            format!("{path} is a repository of its own and was not scanned: give it as a target")
        }));
        self.progress.expect(listing.files.len() as u64);
        self.progress.enter(Phase::Files);
        collected.named = names::of_files(self, &listing.files);
        listing.files.into_par_iter().for_each(|file| self.work_file(&file));
    }

    fn file(&self, path: &Path) {
        self.progress.enter(Phase::Files);
        self.progress.expect(1);
        let name = path.file_name().unwrap_or(path.as_os_str()).as_encoded_bytes().to_owned();
        let size = fs::metadata(path).map_or(0, |meta| meta.len());
        self.work_file(&WorkFile { path: name, full: path.to_owned(), size, is_link: false });
    }

    fn stdin(&self) {
        self.progress.enter(Phase::Files);
        let mut counted = Counted { inner: io::stdin().lock(), bytes: 0 };
        match self.engine.scan_stream(&mut counted) {
            Ok(outcome) => self.keep(ContentId::Stdin, outcome, |_| None),
            Err(error) => {
                self.log.add(IncompleteKind::Unreadable, format!("standard input: {error}"));
            }
        }
        self.count(&self.counts.files, counted.bytes);
    }

    fn work_file(&self, file: &WorkFile) {
        let name = || escape(&file.path);
        let id = ContentId::File(file.path.clone());
        if file.size > self.settings.max_size {
            let what = format!("{} ({} bytes)", name(), file.size);
            self.gaps.add(&id, IncompleteKind::OverSize, what);
            return self.progress.done(0);
        }
        let mut bytes = file.size;
        let searched = worktree::open(file, WHOLE_FILE).and_then(|content| match content {
            Content::Whole(content) => {
                bytes = content.len() as u64;
                self.content(id.clone(), &content);
                Ok(())
            }
            Content::Stream(mut opened) => {
                let outcome = self.engine.scan_stream(&mut opened)?;
                self.keep(id.clone(), outcome, |_| None);
                Ok(())
            }
        });
        if let Err(error) = searched {
            let what = format!("{}: {error}", name());
            self.gaps.add(&id, IncompleteKind::Unreadable, what);
        }
        self.count(&self.counts.files, bytes);
    }

    /// Largest object that is read, bytes.
    pub fn max_size(&self) -> u64 {
        self.settings.max_size
    }

    /// Searches one content that is held whole, and what it stands for if it is an LFS pointer;
    /// tells whether there was something in the content itself.
    pub fn content(&self, id: ContentId, content: &[u8]) -> bool {
        self.version(id, content, None).0
    }

    /// The same for a content made from another; gives, too, what is known of it for those that are
    /// made from it.
    fn version(
        &self,
        id: ContentId,
        content: &[u8],
        base: Option<engine::Base<'_>>,
    ) -> (bool, Known) {
        if let Some(pointer) = lfs_pointer(content) {
            if let (Some(recording), ContentId::Object { id, .. }) = (&self.recording, &id) {
                recording.again(*id);
            }
            self.lfs_file(&id, &pointer);
        }
        if content.len() as u64 > WHOLE_FILE {
            // As when it is read as a stream, so that it does not matter how it is stored. Reading
            // from memory cannot fail.
            let outcome = self.engine.scan_stream(&mut &content[..]).unwrap_or_default();
            let found = !outcome.matches.is_empty();
            self.keep(id, outcome, |_| None);
            return (found, Known::default());
        }
        let (outcome, known) = self.engine.scan_next(content, base, &mut self.scratch.get());
        let found = !outcome.matches.is_empty();
        self.keep(id, outcome, |found| self.allow(content, found));
        (found, known)
    }

    /// Searches a short text.
    fn text(&self, text: &[u8]) -> Outcome {
        self.engine.scan_next(text, None, &mut self.scratch.get()).0
    }

    /// Searches one content without keeping what it gives.
    pub fn peek(&self, content: &[u8]) -> Vec<Match> {
        self.engine.scan(content).matches
    }

    fn allow(&self, content: &[u8], found: &Match) -> Option<InlineAllow> {
        let span = found.span.clone().filter(|_| self.honour_inline)?;
        let rule = self.settings.infos.get(found.rule as usize)?;
        inline_allow(content, span.start, span.end, &rule.id)
    }

    fn keep(&self, id: ContentId, outcome: Outcome, allow: impl Fn(&Match) -> Option<InlineAllow>) {
        for unread in outcome.unread {
            let what = format!("{}: {unread}", shown(&id));
            self.gaps.add(&id, IncompleteKind::Decoding, what);
        }
        if outcome.matches.is_empty() {
            return;
        }
        let hits =
            outcome.matches.into_iter().map(|found| Hit { allow: allow(&found), found }).collect();
        self.hits.get().push((id, hits));
    }

    /// Searches the file that an LFS pointer stands for, if it is in the local LFS store.
    fn lfs_file(&self, id: &ContentId, pointer: &str) {
        let Some(store) = &self.lfs else { return };
        let place = store.join(&pointer[..2]).join(&pointer[2..4]).join(pointer);
        let size = match fs::symlink_metadata(&place) {
            Ok(meta) if meta.is_file() => meta.len(),
            _ => {
                let what = format!("{} stands for LFS object {pointer}", shown(id));
                return self.gaps.add(id, IncompleteKind::LfsPointer, what);
            }
        };
        if size > self.settings.max_size {
            let what = format!("LFS object {pointer} ({size} bytes)");
            return self.gaps.add(id, IncompleteKind::OverSize, what);
        }
        let file =
            WorkFile { path: pointer.as_bytes().to_vec(), full: place, size, is_link: false };
        let searched = worktree::open(&file, WHOLE_FILE).and_then(|content| match content {
            Content::Whole(content) => Ok(self.engine.scan(&content)),
            Content::Stream(mut opened) => self.engine.scan_stream(&mut opened),
        });
        match searched {
            Ok(mut outcome) => {
                for found in &mut outcome.matches {
                    found.layers.insert(0, Layer::Lfs);
                    found.span = None;
                }
                self.count(&self.counts.files, size);
                self.keep(id.clone(), outcome, |_| None);
            }
            Err(error) => {
                let what = format!("LFS object {pointer}: {error}");
                self.gaps.add(id, IncompleteKind::Unreadable, what);
            }
        }
    }

    /// Searches a commit's or tag's message, and the names and addresses in its headers; gives the
    /// length of the message, if there is one.
    pub fn message(&self, kind: ContentKind, id: ObjectId, object: &[u8]) -> Option<u64> {
        self.keep(ContentId::Object { kind, id }, self.text(&said_in_headers(object)), |_| None);
        let message = message(object)?;
        self.count(&self.counts.texts, message.len() as u64);
        let outcome = self.text(message);
        self.keep(ContentId::Object { kind, id }, outcome, |found| self.allow(message, found));
        Some(message.len() as u64)
    }

    /// Searches a name; tells whether there is something in it.
    pub fn name(&self, name: &[u8], origin: Origin) -> bool {
        let count = || {
            self.counts.texts.fetch_add(1, Ordering::Relaxed);
        };
        self.names.check(name, origin, count, || {
            let outcome = self.text(name);
            let found = !outcome.matches.is_empty();
            self.keep(ContentId::Name(name.to_owned()), outcome, |_| None);
            found
        })
    }

    /// Counts a blob.
    pub fn count_blob(&self, bytes: u64) {
        self.count(&self.counts.blobs, bytes);
    }

    /// Counts a commit.
    pub fn count_commit(&self) {
        self.counts.commits.fetch_add(1, Ordering::Relaxed);
    }

    fn count(&self, counter: &AtomicU64, bytes: u64) {
        counter.fetch_add(1, Ordering::Relaxed);
        self.counts.bytes.fetch_add(bytes, Ordering::Relaxed);
        self.progress.done(bytes);
    }

    /// Hands over what was found; gives what the next scan is to know.
    fn finish(self, collected: &mut Collected) -> Option<(state::Recorded, names::Noted)> {
        let counts = &self.counts;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        collected.stats = Stats {
            commits: read(&counts.commits),
            blobs: read(&counts.blobs),
            files: read(&counts.files),
            texts: read(&counts.texts),
            bytes: read(&counts.bytes),
        };
        collected.notes.extend(self.gaps.note());
        collected.hits = self.hits.into_inner().flatten().collect();
        collected.hits.sort_by(|a, b| a.0.cmp(&b.0));
        // A content that was seen twice (an LFS pointer and what it stands for) is one.
        collected.hits.dedup_by(|later, first| {
            let same = later.0 == first.0;
            if same {
                let new =
                    later.1.iter().filter(|hit| !first.1.iter().any(|old| old.found == hit.found));
                let new: Vec<Hit> = new.cloned().collect();
                first.1.extend(new);
                first.1.sort_by(|a, b| {
                    let key =
                        |hit: &Hit| (hit.found.layers.clone(), hit.found.position, hit.found.rule);
                    key(a).cmp(&key(b))
                });
            }
            same
        });
        if let Some(searched) = &mut collected.searched {
            let known = std::mem::take(&mut searched.commits);
            let parts = std::iter::once(known).chain(self.commits.into_inner());
            searched.commits = Commits::join(parts, &searched.store);
        }
        // The gaps' own share was given up with them.
        let recording = self.recording.and_then(Arc::into_inner)?;
        Some((recording.into_inner(), self.names.into_noted()))
    }
}

/// The headers of a commit or tag but for ids and signatures: names of people and of the tag, and
/// whatever else somebody wrote there, which git keeps and every clone has.
fn said_in_headers(object: &[u8]) -> Vec<u8> {
    let end = memchr::memmem::find(object, b"\n\n").unwrap_or(object.len());
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut signature = false;
    for line in object[..end].split(|b| *b == b'\n') {
        let value = line.splitn(2, |b| *b == b' ').nth(1).unwrap_or_default();
        if signature {
            // Lines of a signature are base64; a line that is none ends it, whatever it claims.
            signature = line.starts_with(b" ") && !value.starts_with(b"-----END");
            if signature || value.starts_with(b"-----END") {
                continue;
            }
        }
        let armour = value.ends_with(b"SIGNATURE-----") || value.ends_with(b" MESSAGE-----");
        if value.starts_with(b"-----BEGIN ") && armour {
            signature = true;
            continue;
        }
        let is_id = IDS.iter().any(|header| line.starts_with(header))
            && value.iter().all(u8::is_ascii_hexdigit);
        if !is_id {
            kept.push(line);
        }
    }
    kept.join(&b'\n')
}

/// The message of a commit or tag, if it has one.
fn message(object: &[u8]) -> Option<&[u8]> {
    let start = memchr::memmem::find(object, b"\n\n")?;
    object.get(start + 2..)
}

/// What a content is called in messages.
pub fn shown(id: &ContentId) -> String {
    match id {
        ContentId::Object { id, .. } => format!("object {id}"),
        ContentId::Name(name) => format!("the name {}", escape(name)),
        ContentId::File(path) => escape(path),
        ContentId::Stdin => "standard input".to_owned(),
    }
}

/// The SHA-256 that an LFS pointer names, in hexadecimal.
fn lfs_pointer(content: &[u8]) -> Option<String> {
    if content.len() > LFS_BYTES || !content.starts_with(LFS_START) {
        return None;
    }
    let line = content.split(|b| *b == b'\n').find_map(|line| line.strip_prefix(b"oid sha256:"))?;
    let hex = std::str::from_utf8(line.trim_ascii_end()).ok()?;
    (hex.len() == 64 && hex.bytes().all(|b| b.is_ascii_hexdigit())).then(|| hex.to_owned())
}

struct Counted<R> {
    inner: R,
    bytes: u64,
}

impl<R: io::Read> io::Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.inner.read(buffer)?;
        self.bytes += read as u64;
        Ok(read)
    }
}
