//! Patterns: checked when rules load, compiled when they are first needed.
//!
//! Loading only parses a pattern and looks at its syntax tree, which takes microseconds; compiling
//! is left to whoever runs it, because most rules never meet their literal in a small scan. What
//! [`syntax`] checks makes compiling certain to succeed.

use super::schema::Reach;
use super::syntax::{self, MAX_NESTING, Shape};

/// What a compiled pattern of the largest allowed size stays far below, in bytes.
const COMPILED_LIMIT: usize = 256 << 20;

/// A regular expression that is known to compile. Classes such as `\d`, `\w` and `(?i)` are ASCII
/// unless the pattern says `(?u)`; it is matched on bytes.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    shape: Shape,
}

impl Pattern {
    /// Checks `source` and gives the indices of `literals` that no match can contain. The error
    /// says in one line what is wrong.
    pub(super) fn parse(
        source: &str,
        literals: &[Vec<u8>],
        ignore_case: bool,
    ) -> Result<(Pattern, Vec<usize>), String> {
        let (shape, absent) = syntax::examine(source, literals, ignore_case)?;
        Ok((Pattern::known(source, shape), absent))
    }

    /// A pattern that was checked before.
    pub(super) fn known(source: &str, shape: Shape) -> Pattern {
        Pattern { source: source.to_owned(), shape }
    }

    /// The regular expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The capture group that holds the secret; 0 is the whole match.
    pub fn secret_group(&self) -> usize {
        self.shape.secret
    }

    /// The longest match in bytes, if there is a longest.
    pub fn longest(&self) -> Option<usize> {
        self.shape.longest
    }

    /// Whether every match is known to start with one of the rule's literals.
    pub fn starts_with_literal(&self) -> bool {
        self.shape.starts
    }

    /// Whether the secret is known to contain one of the rule's `literals`; otherwise a rule goes by
    /// what stands beside its secret. Reads the pattern anew.
    pub fn secret_holds_any(&self, literals: &[Vec<u8>], ignore_case: bool) -> bool {
        syntax::secret_holds_any(&self.source, literals, ignore_case)
    }

    /// Compiles it: each call does the whole work again (microseconds to milliseconds).
    pub fn compile(&self) -> regex::bytes::Regex {
        compile(&self.source)
    }

    /// The bytes around a literal of at least `shortest` bytes that a match containing it can
    /// take, or none when matches have no bound. Where every match starts with a literal, nothing
    /// before the literal matters: each match is found from the literal at its start.
    pub(super) fn reach(&self, shortest: usize) -> Option<Reach> {
        let look_around = self.shape.look_around;
        let around = self.shape.longest?.saturating_sub(shortest) + look_around;
        // What does not fit is beyond any allowed reach anyway.
        let bytes = |count| u32::try_from(count).unwrap_or(u32::MAX);
        let before = if self.shape.starts { look_around } else { around };
        Some(Reach { before: bytes(before), after: bytes(around) })
    }
}

/// Compiles what [`syntax`] has checked, in the mode it was checked in.
pub(super) fn compile(source: &str) -> regex::bytes::Regex {
    regex::bytes::RegexBuilder::new(source)
        .unicode(false)
        .nest_limit(MAX_NESTING)
        .size_limit(COMPILED_LIMIT)
        .build()
        .expect("its syntax and size were checked when it was parsed")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(source: &str, literals: &[&str]) -> Pattern {
        let literals: Vec<_> = literals.iter().map(|l| l.as_bytes().to_vec()).collect();
        Pattern::parse(source, &literals, false).expect(source).0
    }

    #[test]
    fn the_largest_allowed_patterns_compile() {
        for source in ["[a-z]{9999}", "a[^x]{0,9990}", r"(?u)\w[^ä]{20}", "(?i:[k-s]ab|é){1000}"]
        {
            pattern(source, &[]).compile();
        }
    }

    #[test]
    fn classes_are_ascii_and_bytes_may_be_anything() {
        let digits = pattern(r"id=\d+", &[]).compile();
        assert!(!digits.is_match("id=٣".as_bytes()));
        let any = pattern("id=[^;]{2};", &[]).compile();
        assert!(any.is_match(b"id=\xff\xfe;"));
    }

    #[test]
    fn reach_is_what_the_longest_match_leaves_beside_the_literal() {
        let inner = pattern("(?:my)?exk_[a-z]{10,20}", &["exk_"]);
        assert_eq!(inner.longest(), Some(26));
        assert_eq!(inner.reach(4), Some(Reach { before: 22, after: 22 }));
        let first = pattern("exk_[a-z]{10,20}", &["exk_"]);
        assert_eq!(first.reach(4), Some(Reach { before: 0, after: 20 }));
        let lines = pattern("(?m)^exk_[a-z]{3}$", &["exk_"]);
        assert_eq!(lines.reach(4), Some(Reach { before: 4, after: 7 }));
        assert_eq!(pattern("exk_[a-z]+", &["exk_"]).reach(4), None);
    }
}
