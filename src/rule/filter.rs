//! Path globs and value patterns of a rule: checked when rules load, compiled at first use, because
//! most rules find nothing and never ask.

use std::sync::OnceLock;

use bstr::ByteSlice;
use globset::{Glob, GlobBuilder, GlobSet, GlobSetBuilder};

use super::{pattern, syntax};

/// Most globs or value patterns in one list.
pub const MAX_ENTRIES: usize = 256;
/// Longest glob, in bytes.
pub const MAX_GLOB: usize = 1024;
/// Lists of globs up to this many bytes certainly compile, and wait for their first use.
const LAZY_BYTES: usize = 1024;

/// Globs on paths with `/` between the parts. `*` and `?` stay inside one part, `**` crosses parts;
/// a glob without `/` is tried on the file name alone.
#[derive(Debug, Clone, Default)]
pub struct Globs {
    sources: Vec<String>,
    compiled: OnceLock<GlobSet>,
}

impl Globs {
    /// Checks `sources`; each error comes with the index of the entry that is at fault.
    pub fn parse(sources: &[String]) -> Result<Globs, Vec<(usize, String)>> {
        if sources.len() > MAX_ENTRIES {
            return Err(vec![(MAX_ENTRIES, format!("more than {MAX_ENTRIES} globs"))]);
        }
        let faults: Vec<_> = sources
            .iter()
            .enumerate()
            .filter_map(|(index, source)| {
                glob(source).err().map(|why| (index, format!("bad glob: {why}")))
            })
            .collect();
        if !faults.is_empty() {
            return Err(faults);
        }
        let globs = Globs { sources: sources.to_vec(), compiled: OnceLock::new() };
        if sources.iter().map(String::len).sum::<usize>() > LAZY_BYTES {
            let set = globs.compile().map_err(|error| vec![(0, format!("bad globs: {error}"))])?;
            let _ = globs.compiled.set(set);
        }
        Ok(globs)
    }

    /// The globs as written.
    pub fn sources(&self) -> &[String] {
        &self.sources
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.sources.is_empty()
    }

    /// Whether one of them matches `path`.
    pub fn is_match(&self, path: &[u8]) -> bool {
        !self.is_empty()
            && self
                .compiled
                .get_or_init(|| self.compile().expect("short lists of checked globs compile"))
                .is_match(path.to_path_lossy())
    }

    fn compile(&self) -> Result<GlobSet, globset::Error> {
        let mut set = GlobSetBuilder::new();
        for source in &self.sources {
            set.add(build(source)?);
        }
        set.build()
    }
}

/// Checks one glob without compiling it.
fn glob(source: &str) -> Result<(), String> {
    if source.is_empty() {
        return Err("it is empty".to_owned());
    }
    if source.len() > MAX_GLOB {
        return Err(format!("it has more than {MAX_GLOB} bytes"));
    }
    build(source).map(drop).map_err(|error| error.kind().to_string())
}

fn build(source: &str) -> Result<Glob, globset::Error> {
    let anywhere = format!("**/{source}");
    let anchored = source.strip_prefix('/').unwrap_or(source);
    let text = if source.contains('/') { anchored } else { &anywhere };
    GlobBuilder::new(text).literal_separator(true).backslash_escape(true).build()
}

/// Regular expressions, any of which may match somewhere in a value.
#[derive(Debug, Clone, Default)]
pub struct Values {
    sources: Vec<String>,
    compiled: OnceLock<Vec<regex::bytes::Regex>>,
}

impl Values {
    /// Checks `sources`; each error comes with the index of the entry that is at fault.
    pub fn parse(sources: &[String]) -> Result<Values, Vec<(usize, String)>> {
        if sources.len() > MAX_ENTRIES {
            return Err(vec![(MAX_ENTRIES, format!("more than {MAX_ENTRIES} patterns"))]);
        }
        let faults: Vec<_> = sources
            .iter()
            .enumerate()
            .filter_map(|(index, source)| {
                syntax::check(source).err().map(|why| (index, format!("bad pattern: {why}")))
            })
            .collect();
        if faults.is_empty() { Ok(Values::known(sources)) } else { Err(faults) }
    }

    /// Patterns that were checked before.
    pub(super) fn known(sources: &[String]) -> Values {
        Values { sources: sources.to_vec(), compiled: OnceLock::new() }
    }

    /// The patterns as written.
    pub fn sources(&self) -> impl Iterator<Item = &str> {
        self.sources.iter().map(String::as_str)
    }

    /// Whether one of them matches somewhere in `value`.
    pub fn is_match(&self, value: &[u8]) -> bool {
        self.compiled
            .get_or_init(|| self.sources.iter().map(|s| pattern::compile(s)).collect())
            .iter()
            .any(|regex| regex.is_match(value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn globs(sources: &[&str]) -> Globs {
        let sources: Vec<String> = sources.iter().map(|&s| s.to_owned()).collect();
        Globs::parse(&sources).expect("valid")
    }

    #[test]
    fn a_glob_without_a_slash_is_for_file_names() {
        let env = globs(&["*.env", ".npmrc"]);
        assert!(env.is_match(b"prod.env"));
        assert!(env.is_match(b"a/b/prod.env"));
        assert!(env.is_match(b"home/.npmrc"));
        assert!(!env.is_match(b"prod.env/x"));
    }

    #[test]
    fn a_glob_with_a_slash_is_for_whole_paths() {
        let docs = globs(&["docs/*.md", "/top", "**/fixtures/**"]);
        assert!(docs.is_match(b"docs/a.md"));
        assert!(!docs.is_match(b"docs/a/b.md"));
        assert!(!docs.is_match(b"x/docs/a.md"));
        assert!(docs.is_match(b"top"));
        assert!(docs.is_match(b"a/fixtures/b/c"));
        assert!(docs.is_match("fixtures/\u{fffd}".as_bytes()));
    }

    #[test]
    fn bad_globs_are_all_named() {
        let sources = ["a[".to_owned(), "ok".to_owned(), "{a".to_owned(), String::new()];
        let faults = Globs::parse(&sources).expect_err("refused");
        assert_eq!(faults.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [0, 2, 3]);
    }

    #[test]
    fn the_largest_lazy_list_compiles() {
        assert!(globs(&[&"?".repeat(LAZY_BYTES)]).is_match(&vec![b'a'; LAZY_BYTES]));
        let negated = "[!a]".repeat(LAZY_BYTES / 4);
        assert!(globs(&[&negated]).is_match(&vec![b'b'; LAZY_BYTES / 4]));
        let many: Vec<String> = (0..MAX_ENTRIES).map(|_| "?".repeat(MAX_GLOB)).collect();
        // Either answer is fine; a list that does not compile must be refused here, not later.
        if let Ok(globs) = Globs::parse(&many) {
            globs.is_match(b"x");
        }
    }

    #[test]
    fn values_are_searched_and_may_be_anchored() {
        let values = Values::parse(&["^exk_demo".to_owned(), "(?i)fake".to_owned()]).expect("ok");
        assert!(values.is_match(b"exk_demo1"));
        assert!(!values.is_match(b"xexk_demo1"));
        assert!(values.is_match(b"xFAKEx"));
        assert!(!Values::default().is_match(b"x"));
    }

    #[test]
    fn a_value_pattern_that_matches_everything_is_refused() {
        let faults = Values::parse(&["(".to_owned(), "x*".to_owned()]).expect_err("refused");
        assert_eq!(faults.len(), 2);
        assert!(faults[1].1.contains("empty"), "{faults:?}");
    }
}
