//! What a pattern's syntax tree tells without compiling it: whether it is valid and small enough,
//! where its secret is, how long its matches can be, and whether they begin with a literal.
//!
//! The build script includes this file too and writes the answers for the built-in rules into the
//! binary, because parsing hundreds of patterns takes longer than everything else at start.

use regex_syntax::ParserBuilder;
use regex_syntax::hir::literal::Extractor;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// Longest pattern, in bytes of source.
pub const MAX_SOURCE: usize = 8 << 10;
/// Deepest nesting of groups, repetitions and classes.
pub const MAX_NESTING: u32 = 50;
/// Most a pattern may grow to, in bytes to match one after another (roughly its automaton's states).
const MAX_SIZE: u64 = 10_000;
/// Bytes beside a match that a look-around such as `\b` or `$` may read.
const LOOK_AROUND: usize = 4;

/// What a rule's checks need of its pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shape {
    /// The capture group that holds the secret; 0 is the whole match.
    pub secret: usize,
    /// The longest match in bytes, if there is a longest.
    pub longest: Option<usize>,
    /// Bytes beside a match that decide whether it is one.
    pub look_around: usize,
    /// Whether every match is known to start with one of the rule's literals.
    pub starts: bool,
}

/// Checks `source`, which is to be searched for around one of `literals` in a longer text. Gives
/// its shape and the indices of literals that no match can contain; the error says in one line
/// what is wrong.
pub fn examine(
    source: &str,
    literals: &[Vec<u8>],
    ignore_case: bool,
) -> Result<(Shape, Vec<usize>), String> {
    let hir = parse(source)?;
    let looks = hir.properties().look_set();
    if looks.contains(Look::Start) || looks.contains(Look::End) {
        return Err(
            "`^`, `$`, `\\A` and `\\z` stand for the ends of the whole text, which a bounded \
                    search does not see; write `(?m)` for the ends of lines"
                .to_owned(),
        );
    }
    let shape = Shape {
        secret: secret_group(&hir),
        longest: hir.properties().maximum_len(),
        look_around: if looks.is_empty() { 0 } else { LOOK_AROUND },
        starts: starts_with_any(&hir, literals, ignore_case),
    };
    let absent = literals
        .iter()
        .enumerate()
        .filter(|(_, literal)| never_contains(&hir, literal, ignore_case))
        .map(|(index, _)| index)
        .collect();
    Ok((shape, absent))
}

/// Checks `source`, which is to be searched for in a value that is there as a whole, so that `^`
/// and `$` mean its ends.
pub fn check(source: &str) -> Result<(), String> {
    parse(source).map(drop)
}

/// Parses without Unicode classes, for matching on bytes, and bounds the size.
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

/// Whether every secret of the valid pattern `source` contains one of `literals`, as far as that is
/// cheap to see: otherwise a literal may also stand beside the secret.
pub fn secret_holds_any(source: &str, literals: &[Vec<u8>], ignore_case: bool) -> bool {
    let Ok(hir) = parse(source) else { return false };
    let holds = |secret: &Hir| contains_any(secret, literals, ignore_case);
    match secret_group(&hir) {
        0 => true,
        group => part(&hir, group).is_some_and(holds),
    }
}

/// The inside of a capture group.
fn part(hir: &Hir, group: usize) -> Option<&Hir> {
    match hir.kind() {
        HirKind::Capture(capture) if usize::try_from(capture.index) == Ok(group) => {
            Some(&capture.sub)
        }
        HirKind::Capture(capture) => part(&capture.sub, group),
        HirKind::Repetition(repetition) => part(&repetition.sub, group),
        HirKind::Concat(parts) | HirKind::Alternation(parts) => {
            parts.iter().find_map(|inner| part(inner, group))
        }
        _ => None,
    }
}

/// Whether every match has one of `literals` at the start of some part of it.
fn contains_any(hir: &Hir, literals: &[Vec<u8>], ignore_case: bool) -> bool {
    let starts = |hir: &Hir| starts_with_any(hir, literals, ignore_case);
    starts(hir)
        || match hir.kind() {
            HirKind::Capture(capture) => contains_any(&capture.sub, literals, ignore_case),
            HirKind::Repetition(repetition) if repetition.min > 0 => {
                contains_any(&repetition.sub, literals, ignore_case)
            }
            HirKind::Alternation(parts) => {
                parts.iter().all(|part| contains_any(part, literals, ignore_case))
            }
            HirKind::Concat(parts) => (0..parts.len()).any(|first| {
                let rest = parts.get(first..).unwrap_or_default();
                let inside = rest.first().is_some_and(|part| {
                    !matches!(part.kind(), HirKind::Concat(_))
                        && contains_any(part, literals, ignore_case)
                });
                inside || starts(&Hir::concat(rest.to_vec()))
            }),
            _ => false,
        }
}

/// About how many states an automaton for `source` has; none for one that does not parse.
pub fn states(source: &str) -> u64 {
    parse(source).map_or(0, |hir| size(&hir))
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
fn starts_with_any(hir: &Hir, literals: &[Vec<u8>], ignore_case: bool) -> bool {
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
fn never_contains(hir: &Hir, literal: &[u8], ignore_case: bool) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_literal_in_the_secret_is_told_from_one_beside_it() {
        let holds = |source: &str, literals: &[&str], ignore_case| {
            let literals: Vec<Vec<u8>> = literals.iter().map(|l| l.as_bytes().to_vec()).collect();
            secret_holds_any(source, &literals, ignore_case)
        };
        for source in [
            "exk_[a-z]{20}",
            "key=(exk_[a-z]{20})",
            "key=(?P<secret>[a-z]{14}exk_[a-z]{20})",
            "key=(?:(?P<secret>(?:exk_|exl_)[a-z]{20})|x)",
            "key=([a-z]{3}(?:exk_|x+exl_){1,2})",
        ] {
            assert!(holds(source, &["exk_", "exl_"], false), "{source}");
        }
        assert!(holds("(?i:key=(exk_[a-z]{20}))", &["EXK_"], true));
        for source in [
            "exk_([a-z]{20})",
            "exk_=(?P<secret>(?:exk_)?[a-z]{20})",
            "exk_=((?:exk_|[0-9])[a-z]{20})",
            "exk_=(ex[a-z]{20})",
        ] {
            assert!(!holds(source, &["exk_"], false), "{source}");
        }
    }

    fn error(source: &str) -> String {
        examine(source, &[], false).expect_err("refused")
    }

    #[test]
    fn the_secret_is_the_named_group_or_the_first_or_everything() {
        let group = |source| examine(source, &[], false).expect("valid").0.secret;
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
        assert!(check("^abc$").is_ok());
    }

    #[test]
    fn repetitions_of_repetitions_are_bounded() {
        assert!(error("(?:(?:a{100}){100}){100}").contains("too large"));
        assert!(error("(?:a{4294967295}){4294967295}").contains("too large"));
        assert!(error(r"(?u)\w{20}").contains("too large"));
        assert!(check("[a-f0-9]{9000}").is_ok());
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
