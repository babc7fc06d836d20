//! Lists of paths in the syntax of `.gitignore`
//! (<https://git-scm.com/docs/gitignore#_pattern_format>), which people know: `*.pem` anywhere,
//! `/build` at the root, `testdata/` with all below it, `!keep` to take back.

use bstr::ByteSlice;
use ignore::Match;
use ignore::gitignore::{Gitignore, GitignoreBuilder};

/// Patterns one list may have.
const MAX_PATTERNS: usize = 5_000;
/// Bytes of one pattern.
const MAX_PATTERN: usize = 1_024;

/// A compiled list of patterns.
#[derive(Debug, Clone)]
pub struct PathPatterns {
    compiled: Gitignore,
    patterns: Vec<String>,
}

/// A pattern that cannot be used: which, counted from 0, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PatternError {
    /// Index of the pattern.
    pub index: usize,
    /// Why.
    pub message: String,
}

impl PathPatterns {
    /// Compiles `patterns`, the last one that matches deciding. All that are wrong are told.
    pub fn new<S: AsRef<str>>(patterns: &[S]) -> Result<PathPatterns, Vec<PatternError>> {
        let mut faults = Vec::new();
        let mut fault = |index, message: &str| {
            faults.push(PatternError { index, message: message.to_owned() });
        };
        // Rooted nowhere: paths are those inside the target, whatever machine it is on.
        let mut builder = GitignoreBuilder::new("");
        for (index, pattern) in patterns.iter().enumerate().take(MAX_PATTERNS) {
            let pattern = pattern.as_ref();
            if pattern.trim().is_empty() || pattern.starts_with('#') {
                fault(index, "a path pattern may not be empty or start with `#`");
            } else if pattern.len() > MAX_PATTERN {
                fault(index, "a path pattern may have 1024 bytes at most");
            } else if let Err(error) = builder.add_line(None, pattern) {
                fault(index, &format!("this is no path pattern: {}", why(&error)));
            }
        }
        if patterns.len() > MAX_PATTERNS {
            fault(MAX_PATTERNS, "there may be 5000 path patterns at most");
        }
        match builder.build() {
            Ok(compiled) if faults.is_empty() => {
                let patterns = patterns.iter().map(|p| p.as_ref().to_owned()).collect();
                Ok(PathPatterns { compiled, patterns })
            }
            Ok(_) => Err(faults),
            // Each by itself is fine, but not all together.
            Err(_) => {
                faults.push(PatternError {
                    index: 0,
                    message: "the path patterns are too complicated together; use simpler ones"
                        .to_owned(),
                });
                Err(faults)
            }
        }
    }

    /// The index of the pattern by which `path` (of a file, relative to the target, `/` between the
    /// parts) is in the list.
    pub fn matched(&self, path: &[u8]) -> Option<usize> {
        // A path from a hostile tree may start with `/`, which the matcher does not take.
        let path = path.trim_start_with(|c| c == '/').to_path_lossy();
        if path.has_root() {
            return None;
        }
        match self.compiled.matched_path_or_any_parents(&path, false) {
            Match::Ignore(glob) => {
                let original = glob.original();
                Some(
                    self.patterns
                        .iter()
                        .rposition(|p| p.trim_end() == original.trim_end())
                        .unwrap_or(0),
                )
            }
            Match::None | Match::Whitelist(_) => None,
        }
    }
}

/// What is wrong with a pattern, without the pattern.
fn why(error: &ignore::Error) -> String {
    match error {
        ignore::Error::WithLineNumber { err, .. }
        | ignore::Error::WithPath { err, .. }
        | ignore::Error::WithDepth { err, .. } => why(err),
        ignore::Error::Glob { err, .. } => err.clone(),
        other => crate::model::text::escape(other.to_string().as_bytes()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_syntax_of_gitignore() {
        let list =
            PathPatterns::new(&["*.pem", "/build", "testdata/", "!testdata/real.txt", "a/**/z"])
                .expect("compiles");
        for (path, expected) in [
            ("x.pem", Some(0)),
            ("deep/er/x.pem", Some(0)),
            ("build/out.js", Some(1)),
            ("src/build/out.js", None),
            ("testdata/a/b", Some(2)),
            ("lib/testdata/a", Some(2)),
            ("testdata/real.txt", None),
            ("testdata", None),
            ("a/b/c/z", Some(4)),
            ("/build", Some(1)),
            ("", None),
        ] {
            assert_eq!(list.matched(path.as_bytes()), expected, "{path}");
        }
        assert_eq!(list.matched(b"\xff\xfe/..//\n.pem"), Some(0));
    }

    #[test]
    fn faults_name_the_pattern() {
        let long = "x".repeat(1025);
        let faults = PathPatterns::new(&["ok", "", "a[z-a]", "#x", &long]).expect_err("refused");
        let shown: Vec<_> =
            faults.iter().map(|fault| format!("{}: {}", fault.index, fault.message)).collect();
        insta::assert_snapshot!(shown.join("\n"), @"
        1: a path pattern may not be empty or start with `#`
        2: this is no path pattern: invalid range; 'z' > 'a'
        3: a path pattern may not be empty or start with `#`
        4: a path pattern may have 1024 bytes at most
        ");
        let wild: Vec<_> = (0..900).map(|i| format!("{}{i}", "*a".repeat(500))).collect();
        let faults = PathPatterns::new(&wild).expect_err("refused");
        assert!(faults[0].message.starts_with("the path patterns are too complicated"));
        let many = vec!["x"; 5_001];
        assert_eq!(PathPatterns::new(&many).expect_err("refused").len(), 1);
    }
}
