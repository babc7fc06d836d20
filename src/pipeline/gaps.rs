//! What was not read: a gap that makes the scan incomplete, or, in a file that does not count
//! anyway, something to be noted.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::state::Recording;
use crate::finding::ignore::Ignores;
use crate::model::text::escape;
use crate::model::{ContentId, IncompleteKind, IncompleteLog};

/// Files that one note names.
const NAMED: usize = 10;

/// Records gaps from all threads.
pub struct Gaps<'a> {
    log: &'a IncompleteLog,
    ignores: &'a Ignores,
    /// Files that do not count and were not read completely.
    passed_over: Mutex<BTreeSet<Vec<u8>>>,
    /// What the next scan is to know.
    recording: Option<Arc<Recording>>,
}

impl<'a> Gaps<'a> {
    /// Gaps go to `log`, except those in files that `ignores` covers.
    pub fn new(
        log: &'a IncompleteLog,
        ignores: &'a Ignores,
        recording: Option<Arc<Recording>>,
    ) -> Gaps<'a> {
        Gaps { log, ignores, passed_over: Mutex::default(), recording }
    }

    /// Records that `what` (escaped) in a content was not read. Only files have a path by
    /// themselves; an object may stand at paths that count.
    pub fn add(&self, content: &ContentId, kind: IncompleteKind, what: String) {
        if let Some(recording) = &self.recording {
            recording.gap(content, kind, &what);
        }
        if let ContentId::File(path) = content
            && self.ignores.covers(path)
        {
            // A poisoned lock means that another thread panicked; the names are still usable.
            let mut paths = self.passed_over.lock().unwrap_or_else(PoisonError::into_inner);
            paths.insert(path.clone());
        } else {
            self.log.add(kind, what);
        }
    }

    /// What is to be said of files that do not count.
    pub fn note(self) -> Option<String> {
        let paths = self.passed_over.into_inner().unwrap_or_else(PoisonError::into_inner);
        let names: Vec<String> = paths.iter().take(NAMED).map(|path| escape(path)).collect();
        let more = if paths.len() > names.len() { ", ..." } else { "" };
        let (count, names) = (paths.len(), names.join(", "));
        match count {
            0 => None,
            1 => Some(format!("1 file under ignored paths was not read completely: {names}")),
            _ => Some(format!(
                "{count} files under ignored paths were not read completely: {names}{more}"
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_do_not_count_are_noted_once_each() {
        let mut ignores = Ignores::default();
        ignores.add_file(b"data/\nrule:jwt docs/\n", "x").expect("valid");
        let log = IncompleteLog::default();
        let gaps = Gaps::new(&log, &ignores, None);
        let file = |path: &str| ContentId::File(path.as_bytes().to_vec());
        for n in 0..12 {
            for kind in [IncompleteKind::OverSize, IncompleteKind::Decoding] {
                gaps.add(&file(&format!("data/{n:02}\x1b")), kind, "x".to_owned());
            }
        }
        assert!(log.entries().is_empty());
        for content in [file("docs/a"), file("database"), ContentId::Stdin] {
            gaps.add(&content, IncompleteKind::Decoding, "y".to_owned());
        }
        assert_eq!(log.entries()[0].count, 3);
        let note = gaps.note().expect("there are some");
        assert!(note.starts_with("12 files under ignored paths "), "{note}");
        assert!(note.ends_with(r"data/08\x1b, data/09\x1b, ..."), "{note}");
    }
}
