//! Paths that other scanners leave out by regular expressions, as patterns in the syntax of
//! `.gitignore`. Only what means the same becomes a pattern; for the rest there is the expression
//! itself, to be tried at paths that are there.

use regex::bytes::Regex;
use regex_syntax::ParserBuilder;
use regex_syntax::hir::{Class, Hir, HirKind, Look};

use super::allowlist::pattern;
use super::{About, Decision, File, Foreign, ForeignError, Verdict};
use crate::config::PathPatterns;

/// Patterns that one expression may become.
const MOST: usize = 32;
/// Pieces that a pattern may have.
const PIECES: usize = 256;
/// Longest expression, in bytes.
const LONGEST: usize = 1_024;

/// Paths that are left out.
#[derive(Debug)]
pub struct PathRule {
    expression: Regex,
    /// Patterns of `.gitignore`; none where there are none that mean the same.
    globs: Option<(Vec<String>, PathPatterns)>,
}

impl PathRule {
    /// The patterns, if they agree with the expression about each of `paths`.
    pub fn patterns<'p>(&self, paths: impl IntoIterator<Item = &'p [u8]>) -> Option<&[String]> {
        let (globs, compiled) = self.globs.as_ref()?;
        let agree = |path: &[u8]| compiled.matched(path).is_some() == self.is_match(path);
        paths.into_iter().all(agree).then_some(globs.as_slice())
    }

    /// Whether a path is left out.
    pub fn is_match(&self, path: &[u8]) -> bool {
        self.expression.is_match(path)
    }
}

/// What an expression, tried anywhere in a path, leaves out; none where it is of a kind that this
/// program's engine does not take.
pub(super) fn path_rule(text: &str) -> Option<PathRule> {
    if text.is_empty() || text.len() > LONGEST {
        return None;
    }
    let expression = pattern(text)?;
    let globs = globs(text).and_then(|globs| {
        let compiled = PathPatterns::new(&globs).ok()?;
        Some((globs, compiled))
    });
    Some(PathRule { expression, globs })
}

/// A file of expressions, one a line, as `TruffleHog` takes it with `--exclude-paths`. `name` is
/// for messages.
pub fn path_rules(content: &[u8], name: &str) -> Result<Foreign, ForeignError> {
    let file = File { name: crate::model::text::escape(name.as_bytes()) };
    let mut decisions = Vec::new();
    for (at, line) in (1..).zip(content.split(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(line)
            .map_err(|_| file.fault(Some(at), "this line is not UTF-8"))?;
        let text = text.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let about = path_rule(text).map_or(
            About::ByHand("a regular expression of a kind that is not known here"),
            About::Paths,
        );
        let reason = "excluded for TruffleHog".to_owned();
        decisions.push(Decision { at, about, verdict: Verdict::Ignored, reason });
    }
    super::few(&decisions, &file)?;
    Ok(Foreign { kind: super::Kind::TruffleHogPaths, file: file.name, decisions, undecided: 0 })
}

/// A piece of a path's pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Char(char),
    /// One character other than `/`.
    One,
    /// One character of any kind: most often a dot that nobody escaped.
    Dot,
    /// One character of a class, written as a pattern.
    Class(String),
    /// Any number of characters other than `/`.
    Within,
    /// Any number of characters.
    Across,
    /// The start of the path.
    Start,
    /// Its end.
    End,
}

fn globs(text: &str) -> Option<Vec<String>> {
    let hir = ParserBuilder::new().nest_limit(32).build().parse(text).ok()?;
    let mut globs: Vec<String> = Vec::new();
    for pieces in alternatives(&hir)? {
        for glob in written(pieces)? {
            if globs.len() >= MOST {
                return None;
            }
            if !globs.contains(&glob) {
                globs.push(glob);
            }
        }
    }
    Some(globs)
}

/// Every sequence of pieces that an expression stands for.
fn alternatives(hir: &Hir) -> Option<Vec<Vec<Piece>>> {
    let one = |pieces: Vec<Piece>| Some(vec![pieces]);
    match hir.kind() {
        HirKind::Empty => one(Vec::new()),
        HirKind::Literal(literal) => {
            let text = std::str::from_utf8(&literal.0).ok()?;
            one(text.chars().map(Piece::Char).collect())
        }
        HirKind::Class(class) => one(vec![class_piece(class)?]),
        HirKind::Look(Look::Start) => one(vec![Piece::Start]),
        HirKind::Look(Look::End) => one(vec![Piece::End]),
        HirKind::Look(_) => None,
        HirKind::Capture(capture) => alternatives(&capture.sub),
        HirKind::Alternation(all) => {
            let mut several = Vec::new();
            for hir in all {
                several.extend(alternatives(hir)?);
                if several.len() > MOST {
                    return None;
                }
            }
            Some(several)
        }
        HirKind::Concat(all) => {
            let mut sequences = vec![Vec::new()];
            for hir in all {
                sequences = joined(&sequences, &alternatives(hir)?)?;
            }
            Some(sequences)
        }
        HirKind::Repetition(repetition) => {
            let inner = alternatives(&repetition.sub)?;
            match (repetition.min, repetition.max) {
                (0, Some(1)) => Some([vec![Vec::new()], inner].concat()),
                (min @ (0 | 1), None) => {
                    let [pieces] = inner.as_slice() else { return None };
                    let [piece] = pieces.as_slice() else { return None };
                    let many = match piece {
                        Piece::One => Piece::Within,
                        Piece::Dot => Piece::Across,
                        _ => return None,
                    };
                    let first = (min == 1).then(|| piece.clone());
                    one(first.into_iter().chain([many]).collect())
                }
                _ => None,
            }
        }
    }
}

fn joined(left: &[Vec<Piece>], right: &[Vec<Piece>]) -> Option<Vec<Vec<Piece>>> {
    if left.len() * right.len() > MOST {
        return None;
    }
    let both = left.iter().flat_map(|one| right.iter().map(|other| [&one[..], other].concat()));
    let both: Vec<Vec<Piece>> = both.collect();
    both.iter().all(|pieces| pieces.len() <= PIECES).then_some(both)
}

/// What `.`, `[^/]` and small classes are.
fn class_piece(class: &Class) -> Option<Piece> {
    let ranges: Vec<(char, char)> = match class {
        Class::Unicode(class) => {
            class.ranges().iter().map(|one| (one.start(), one.end())).collect()
        }
        Class::Bytes(_) => return None,
    };
    let has = |c: char| ranges.iter().any(|(start, end)| (*start..=*end).contains(&c));
    let all_but = |excluded: &[char]| {
        ['\0', '.', '0', 'A', 'a', '~', '\u{10ffff}'].into_iter().all(has)
            && excluded.iter().all(|c| !has(*c))
            && ranges.len() <= excluded.len() + 1
    };
    if all_but(&['\n']) || all_but(&[]) {
        return Some(Piece::Dot);
    }
    if all_but(&['/']) || all_but(&['/', '\n']) {
        return Some(Piece::One);
    }
    let plain = |c: char| c.is_ascii_alphanumeric();
    let small = ranges.len() <= 8 && ranges.iter().all(|(start, end)| plain(*start) && plain(*end));
    // A range from a digit to a letter has other characters in it.
    let even = ranges.iter().all(|(start, end)| {
        start.is_ascii_digit() == end.is_ascii_digit()
            && start.is_ascii_lowercase() == end.is_ascii_lowercase()
    });
    (small && even && !ranges.is_empty()).then(|| {
        let ranges = ranges.iter().map(|(start, end)| format!("{start}-{end}"));
        Piece::Class(format!("[{}]", ranges.collect::<String>()))
    })
}

/// Patterns for a sequence of pieces that may begin and end anywhere in a path.
fn written(mut pieces: Vec<Piece>) -> Option<Vec<String>> {
    let anchored = pieces.first() == Some(&Piece::Start);
    if anchored {
        pieces.remove(0);
    }
    let ended = pieces.last() == Some(&Piece::End);
    if ended {
        pieces.pop();
    }
    let inner = |piece: &Piece| matches!(piece, Piece::Start | Piece::End);
    if pieces.iter().any(inner) {
        return None;
    }
    let mut pieces = merged(pieces);
    // What may be anything at either end says nothing there.
    if !anchored && matches!(pieces.first(), Some(Piece::Across | Piece::Within)) {
        pieces.remove(0);
    }
    let open = match pieces.last() {
        Some(Piece::Across) => pieces.pop().is_some(),
        Some(Piece::Within) if !ended => pieces.pop().is_some(),
        _ => false,
    };
    if pieces.is_empty() || pieces.iter().all(|piece| *piece == Piece::Within) {
        // Everything would be left out, which nobody means.
        return None;
    }
    let starts: &[&str] = match (anchored, pieces.first()) {
        (true, Some(Piece::Char('/'))) => return None,
        (true, _) => &["/"],
        (false, Some(Piece::Char('/'))) => &["*/**"],
        (false, _) => &["**/*"],
    };
    let mut globs: Vec<String> = starts.iter().map(|start| (*start).to_owned()).collect();
    for piece in &pieces {
        let add: &[&str] = match piece {
            Piece::Char(c) => &[&literal(*c)?],
            Piece::Class(class) => &[class],
            // A pattern has nothing for one character that may be `/`.
            Piece::One | Piece::Dot => &["?"],
            Piece::Within => &["*"],
            Piece::Across => &["*", "*/**/*"],
            Piece::Start | Piece::End => return None,
        };
        globs = globs
            .iter()
            .flat_map(|glob| add.iter().map(move |piece| format!("{glob}{piece}")))
            .collect();
        if globs.len() > MOST {
            return None;
        }
    }
    for glob in &mut globs {
        if glob.ends_with('/') {
            // Everything below; a pattern that ends in `/` is about folders alone.
            glob.push_str("**");
        } else if !ended || open {
            glob.push('*');
        }
        if let Some(short) = glob.strip_prefix("**/")
            && !short.contains('/')
        {
            *glob = short.to_owned();
        }
    }
    Some(globs)
}

/// Neighbours that may both be any number of characters, as one.
fn merged(pieces: Vec<Piece>) -> Vec<Piece> {
    let mut merged: Vec<Piece> = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let many = |piece: &Piece| matches!(piece, Piece::Within | Piece::Across);
        match merged.last_mut() {
            Some(last) if many(last) && many(&piece) => {
                if piece == Piece::Across {
                    *last = piece;
                }
            }
            _ => merged.push(piece),
        }
    }
    merged
}

/// A character as patterns and ignore files have it; none where they have no way to write it.
fn literal(c: char) -> Option<String> {
    match c {
        '*' | '?' | '[' | ']' | '\\' | '{' | '}' | '!' | '#' => Some(format!("\\{c}")),
        c if c.is_control() || c == ' ' => None,
        c => Some(c.to_string()),
    }
}
