//! Patterns: checked when rules load, compiled when they are first needed.
//!
//! Loading only parses a pattern and looks at its syntax tree, which takes microseconds; compiling
//! is left to whoever runs it, because most rules never meet their literal in a small scan. What is
//! checked here (syntax, size, shortest and longest match) makes compiling certain to succeed.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::schema::Reach;

/// Longest pattern, in bytes of source.
pub const MAX_SOURCE: usize = 8 << 10;
/// Most a pattern may grow to, in bytes to match one after another (roughly its automaton's states).
const MAX_SIZE: u64 = 10_000;
/// Deepest nesting of groups, repetitions and classes.
const MAX_NESTING: u32 = 50;
/// What a compiled pattern of [`MAX_SIZE`] stays far below, in bytes.
const COMPILED_LIMIT: usize = 256 << 20;
/// Bytes beside a match that a look-around such as `\b` or `$` may read.
const LOOK_AROUND: usize = 4;

/// A regular expression that is known to compile. Classes such as `\d`, `\w` and `(?i)` are ASCII
/// unless the pattern says `(?u)`; it is matched on bytes.
#[derive(Debug, Clone)]
pub struct Pattern {
    source: String,
    secret: usize,
    longest: Option<usize>,
    look_around: usize,
}

impl Pattern {
    /// Checks `source`, which is to be searched for in a stretch of a longer text; the error says
    /// in one line what is wrong.
    pub fn parse(source: &str) -> Result<Pattern, String> {
        Pattern::parse_tree(source).map(|(pattern, _)| pattern)
    }

    /// As [`Pattern::parse`], with the syntax tree for further questions.
    pub(super) fn parse_tree(source: &str) -> Result<(Pattern, Hir), String> {
        let hir = parse(source)?;
        let looks = hir.properties().look_set();
        if looks.contains(Look::Start) || looks.contains(Look::End) {
            return Err("`^`, `$`, `\\A` and `\\z` stand for the ends of the whole text, which a \
                        bounded search does not see; write `(?m)` for the ends of lines"
                .to_owned());
        }
        Ok((Pattern::new(source, &hir), hir))
    }

    /// Checks `source`, which is to be searched for in a value that is there as a whole, so that
    /// `^` and `$` mean its ends.
    pub fn parse_whole(source: &str) -> Result<Pattern, String> {
        parse(source).map(|hir| Pattern::new(source, &hir))
    }

    fn new(source: &str, hir: &Hir) -> Pattern {
        Pattern {
            source: source.to_owned(),
            secret: secret_group(hir),
            longest: hir.properties().maximum_len(),
            look_around: if hir.properties().look_set().is_empty() { 0 } else { LOOK_AROUND },
        }
    }

    /// The regular expression as written.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The capture group that holds the secret; 0 is the whole match.
    pub fn secret_group(&self) -> usize {
        self.secret
    }

    /// The longest match in bytes, if there is a longest.
    pub fn longest(&self) -> Option<usize> {
        self.longest
    }

    /// Compiles it: each call does the whole work again (microseconds to milliseconds).
    pub fn compile(&self) -> regex::bytes::Regex {
        regex::bytes::RegexBuilder::new(&self.source)
            .unicode(false)
            .nest_limit(MAX_NESTING)
            .size_limit(COMPILED_LIMIT)
            .build()
            .expect("its syntax and size were checked when it was parsed")
    }

    /// The bytes around a literal of at least `shortest` bytes that a match containing it can
    /// take, or none when matches have no bound. `prefixes` says that every match starts with one
    /// of the literals: nothing before the literal matters then, because each match is found from
    /// the literal at its start.
    pub(super) fn reach(&self, shortest: usize, prefixes: bool) -> Option<(usize, usize)> {
        let around = self.longest?.saturating_sub(shortest) + self.look_around;
        Some((if prefixes { self.look_around } else { around }, around))
    }
}

/// Parses in the mode that [`Pattern::compile`] uses, and bounds the size.
fn parse(source: &str) -> Result<Hir, String> {
    if source.len() > MAX_SOURCE {
        return Err(format!("it has {} bytes; {MAX_SOURCE} are allowed", source.len()));
    }
    let mut parser =
        ParserBuilder::new().unicode(false).utf8(false).nest_limit(MAX_NESTING).build();
    let hir = parser.parse(source).map_err(|error| explain(&error))?;
    if size(&hir) > MAX_SIZE {
        return Err("it is too large once its repetitions are written out".to_owned());
    }
    match hir.properties().minimum_len() {
        None => Err("it can match nothing".to_owned()),
        Some(0) => Err("it matches the empty text".to_owned()),
        Some(_) => Ok(hir),
    }
}

/// A syntax error in one line: the library's own message draws the pattern over several.
fn explain(error: &regex_syntax::Error) -> String {
    let (what, at) = match error {
        regex_syntax::Error::Parse(error) => (error.kind().to_string(), error.span().start),
        regex_syntax::Error::Translate(error) => (error.kind().to_string(), error.span().start),
        other => return other.to_string(),
    };
    format!("{what}, at character {}", at.column)
}

/// About how many states an automaton for `hir` has: repetitions multiply. The recursion is as
/// deep as the parser's nesting limit lets it be.
fn size(hir: &Hir) -> u64 {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) | HirKind::Class(Class::Bytes(_)) => 1,
        HirKind::Literal(literal) => literal.0.len() as u64,
        // A range of code points is up to a handful of byte sequences.
        HirKind::Class(Class::Unicode(class)) => class.ranges().len() as u64 * 8,
        HirKind::Repetition(repetition) => {
            let times = u64::from(repetition.max.unwrap_or(repetition.min.saturating_add(1)));
            size(&repetition.sub).saturating_mul(times.max(1))
        }
        HirKind::Capture(capture) => size(&capture.sub).saturating_add(2),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().fold(1, |sum: u64, part| sum.saturating_add(size(part)))
        }
    }
}

/// The group named `secret`, else the first, else the whole match.
fn secret_group(hir: &Hir) -> usize {
    fn named(hir: &Hir) -> Option<usize> {
        match hir.kind() {
            HirKind::Capture(capture) if capture.name.as_deref() == Some("secret") => {
                usize::try_from(capture.index).ok()
            }
            HirKind::Capture(capture) => named(&capture.sub),
            HirKind::Repetition(repetition) => named(&repetition.sub),
            HirKind::Concat(parts) | HirKind::Alternation(parts) => parts.iter().find_map(named),
            _ => None,
        }
    }
    named(hir).unwrap_or_else(|| usize::from(hir.properties().explicit_captures_len() > 0))
}

/// Whether every match starts with one of `literals`, as far as that is cheap to see.
pub(super) fn starts_with_any(hir: &Hir, literals: &[Vec<u8>], ignore_case: bool) -> bool {
    let starts = Extractor::new().limit_literal_len(64).extract(hir);
    let Some(starts) = starts.literals() else { return false };
    starts.iter().all(|start| {
        literals.iter().any(|literal| match start.as_bytes().get(..literal.len()) {
            Some(head) if ignore_case => head.eq_ignore_ascii_case(literal),
            Some(head) => head == literal.as_slice(),
            None => false,
        })
    })
}

/// Whether no match can contain `literal`: a byte of it is none that the pattern takes, or it is
/// longer than the longest match. `false` does not promise that one can.
pub(super) fn never_contains(hir: &Hir, literal: &[u8], ignore_case: bool) -> bool {
    if hir.properties().maximum_len().is_some_and(|longest| longest < literal.len()) {
        return true;
    }
    let mut taken = [false; 256];
    collect_bytes(hir, &mut taken);
    let has = |byte: u8| taken[usize::from(byte)];
    !literal.iter().all(|byte| {
        has(*byte)
            || (ignore_case && (has(byte.to_ascii_lowercase()) || has(byte.to_ascii_uppercase())))
    })
}

/// Marks every byte that some match of `hir` may take.
fn collect_bytes(hir: &Hir, taken: &mut [bool; 256]) {
    match hir.kind() {
        HirKind::Empty | HirKind::Look(_) => {}
        HirKind::Literal(literal) => {
            literal.0.iter().for_each(|byte| taken[usize::from(*byte)] = true);
        }
        HirKind::Class(Class::Bytes(class)) => {
            for range in class.ranges() {
                taken[usize::from(range.start())..=usize::from(range.end())].fill(true);
            }
        }
        HirKind::Class(Class::Unicode(class)) => {
            for range in class.ranges() {
                let ascii = |c: char| usize::try_from(u32::from(c)).unwrap_or(255).min(127);
                if range.start().is_ascii() {
                    taken[ascii(range.start())..=ascii(range.end())].fill(true);
                }
                if !range.end().is_ascii() {
                    taken[128..].fill(true);
                }
            }
        }
        HirKind::Repetition(repetition) => collect_bytes(&repetition.sub, taken),
        HirKind::Capture(capture) => collect_bytes(&capture.sub, taken),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            for part in parts {
                collect_bytes(part, taken);
            }
        }
    }
}

/// The reach in the form that rules carry; what does not fit is beyond any allowed reach anyway.
pub(super) fn to_reach((before, after): (usize, usize)) -> Reach {
    let bytes = |count| u32::try_from(count).unwrap_or(u32::MAX);
    Reach { before: bytes(before), after: bytes(after) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(source: &str) -> String {
        Pattern::parse(source).expect_err("refused")
    }

    #[test]
    fn the_secret_is_the_named_group_or_the_first_or_everything() {
        let group = |source| Pattern::parse(source).expect("valid").secret_group();
        assert_eq!(group("exk_[a-z]{3}"), 0);
        assert_eq!(group("(?:exk)_([a-z]{3})(x)?"), 1);
        assert_eq!(group("(a)(?:(b)|x(?P<secret>c){2})"), 3);
        assert_eq!(group("(a)(?<secret>b)"), 2);
    }

    #[test]
    fn bad_patterns_are_refused_in_one_line() {
        assert!(error("exk_[a-z").contains("unclosed character class, at character 5"));
        assert!(error("(?:abc)*").contains("empty text"));
        assert!(error("abc[^\\x00-\\xff]").contains("match nothing"));
        assert!(error("^abc").contains("(?m)"));
        assert!(error("abc(?=d)").contains("look-around"));
        assert!(error(&"a".repeat(MAX_SOURCE + 1)).contains("8192"));
        assert!(error(&format!("{}a{}", "(".repeat(90), ")".repeat(90))).contains("nest"));
        assert!(!error("a\n(").contains('\n'));
    }

    #[test]
    fn repetitions_of_repetitions_are_bounded() {
        assert!(error("(?:(?:a{100}){100}){100}").contains("too large"));
        assert!(error("(?:a{4294967295}){4294967295}").contains("too large"));
        assert!(error(r"(?u)\w{20}").contains("too large"));
        assert!(Pattern::parse("[a-f0-9]{9000}").is_ok());
    }

    #[test]
    fn the_largest_allowed_patterns_compile() {
        for source in ["[a-z]{9999}", "a[^x]{0,9990}", r"(?u)\w[^ä]{20}", "(?i:[k-s]ab|é){1000}"]
        {
            Pattern::parse(source).expect(source).compile();
        }
    }

    #[test]
    fn classes_are_ascii_and_bytes_may_be_anything() {
        let digits = Pattern::parse(r"id=\d+").expect("valid").compile();
        assert!(!digits.is_match("id=٣".as_bytes()));
        let any = Pattern::parse("id=[^;]{2};").expect("valid").compile();
        assert!(any.is_match(b"id=\xff\xfe;"));
    }

    #[test]
    fn reach_is_what_the_longest_match_leaves_beside_the_literal() {
        let (pattern, hir) = Pattern::parse_tree("(?:my)?exk_[a-z]{10,20}").expect("valid");
        assert_eq!(pattern.longest(), Some(26));
        assert!(!starts_with_any(&hir, &[b"exk_".to_vec()], false));
        assert_eq!(pattern.reach(4, false), Some((22, 22)));
        assert_eq!(pattern.reach(4, true), Some((0, 22)));
        let (lines, _) = Pattern::parse_tree("(?m)^exk_[a-z]{3}$").expect("valid");
        assert_eq!(lines.reach(4, true), Some((4, 7)));
        let (endless, _) = Pattern::parse_tree("exk_[a-z]+").expect("valid");
        assert_eq!(endless.reach(4, true), None);
    }

    #[test]
    fn prefixes_are_seen_through_groups_and_case() {
        let starts = |source: &str, literals: &[&str], ignore_case| {
            let literals: Vec<_> = literals.iter().map(|l| l.as_bytes().to_vec()).collect();
            starts_with_any(&parse(source).expect("valid"), &literals, ignore_case)
        };
        assert!(starts("(exk_(?:live|test)_[a-z]{8})", &["exk_"], false));
        assert!(starts("(?:abc|xyz)[0-9]{9}", &["abc", "xyz"], false));
        assert!(!starts("(?:abc|xyz)[0-9]{9}", &["abc"], false));
        assert!(starts("(?i)abc[0-9]{9}", &["abc"], true));
        assert!(!starts("(?i)abc[0-9]{9}", &["abc"], false));
        assert!(!starts("[a-z]{30}abc", &["abc"], false));
    }

    #[test]
    fn a_literal_outside_the_pattern_is_noticed() {
        let never = |source: &str, literal: &str, ignore_case| {
            never_contains(&parse(source).expect("valid"), literal.as_bytes(), ignore_case)
        };
        assert!(never("exk_[a-z]{8}", "EXK_", false));
        assert!(!never("exk_[a-z]{8}", "EXK_", true));
        assert!(never("ab[0-9]", "ab01", false));
        assert!(!never("(?u)[a-zñ]{3}", "añb", false));
    }
}
