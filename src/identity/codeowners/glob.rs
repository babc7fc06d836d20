//! Matches a path with a pattern of a CODEOWNERS file, one component at a time.
//!
//! A pattern becomes a list of parts: any number of components, or one component made of bytes and
//! wildcards. The list is run over the path as a machine with one state a part, and a component is
//! matched greedily from star to star, so that no pattern takes more time than its length by that of
//! the path. [`Steps`] bounds the work of many patterns together.

use std::cell::Cell;

/// Longer patterns are not used.
pub(super) const LONGEST: usize = 1024;

/// Longer paths match nothing; `PATH_MAX` is this long.
const LONGEST_PATH: usize = 4096;

/// How much work may still be done.
#[derive(Debug)]
pub(super) struct Steps(Cell<u64>);

impl Steps {
    pub fn new(most: u64) -> Steps {
        Steps(Cell::new(most))
    }

    pub fn are_spent(&self) -> bool {
        self.0.get() == 0
    }

    fn take(&self, steps: usize) {
        let steps = u64::try_from(steps).unwrap_or(u64::MAX);
        self.0.set(self.0.get().saturating_sub(steps));
    }
}

/// What stands for a part of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// This byte.
    Byte(u8),
    /// Any one character.
    One,
    /// Any number of characters.
    Star,
    /// One character in these ranges, or in none of them.
    Class { ranges: Vec<(char, char)>, negated: bool },
}

/// A part of a pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// Any number of components, none included.
    Deep,
    /// One component.
    Component(Vec<Token>),
}

/// What may follow what a pattern matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tail {
    /// Nothing: it has to match the file itself.
    Nothing,
    /// Anything: all that is in a folder that it matches.
    Anything,
    /// Something: it matches folders only.
    Something,
}

/// A pattern.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Glob {
    pub parts: Vec<Part>,
    pub tail: Tail,
}

impl Glob {
    /// Whether the pattern matches the path of these components.
    pub fn matches(&self, path: &[&[u8]], steps: &Steps) -> bool {
        let length: usize = path.iter().map(|component| component.len() + 1).sum();
        if length > LONGEST_PATH + 1 || steps.are_spent() {
            return false;
        }
        // States are indices of the part that comes next.
        let mut states = vec![false; self.parts.len() + 1];
        let mut next = states.clone();
        self.enter(&mut states, 0);
        for (index, component) in path.iter().enumerate() {
            let is_done = states.last() == Some(&true);
            if is_done && self.tail != Tail::Nothing && index > 0 {
                return true;
            }
            next.fill(false);
            let mut is_alive = false;
            for (state, part) in self.parts.iter().enumerate() {
                steps.take(1);
                if !states.get(state).copied().unwrap_or(false) {
                    continue;
                }
                let goes_on = match part {
                    Part::Deep => true,
                    Part::Component(tokens) => component_matches(tokens, component, steps),
                };
                if goes_on {
                    is_alive = true;
                    let to = if *part == Part::Deep { state } else { state + 1 };
                    self.enter(&mut next, to);
                }
            }
            if !is_alive || steps.are_spent() {
                return false;
            }
            std::mem::swap(&mut states, &mut next);
        }
        states.last() == Some(&true) && self.tail != Tail::Something
    }

    /// Enters a state and those behind it that need no component.
    fn enter(&self, states: &mut [bool], from: usize) {
        for state in from..states.len() {
            if let Some(entered) = states.get_mut(state) {
                if *entered {
                    return;
                }
                *entered = true;
            }
            if self.parts.get(state) != Some(&Part::Deep) {
                return;
            }
        }
    }
}

/// Whether a component matches: each star takes as little as it can, and only the last one is ever
/// asked to take more.
fn component_matches(tokens: &[Token], component: &[u8], steps: &Steps) -> bool {
    let (mut token, mut at) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    let mut work = 1;
    let matched = loop {
        work += 1;
        let here = tokens.get(token);
        if here == Some(&Token::Star) {
            token += 1;
            if token == tokens.len() {
                break true;
            }
            star = Some((token, at));
            continue;
        }
        if at == component.len() {
            break here.is_none();
        }
        match here.and_then(|here| one_matches(here, component.get(at..).unwrap_or_default())) {
            Some(length) => {
                token += 1;
                at += length;
            }
            None => match &mut star {
                Some((after, from)) => {
                    *from += char_at(component.get(*from..).unwrap_or_default()).1;
                    (token, at) = (*after, *from);
                }
                None => break false,
            },
        }
    };
    steps.take(work);
    matched
}

/// How many bytes one token takes from the beginning of some that are left.
fn one_matches(token: &Token, rest: &[u8]) -> Option<usize> {
    match token {
        Token::Byte(byte) => (rest.first() == Some(byte)).then_some(1),
        Token::One => Some(char_at(rest).1),
        Token::Star => None,
        Token::Class { ranges, negated } => {
            let (c, length) = char_at(rest);
            let within = c.is_some_and(|c| ranges.iter().any(|&(from, to)| from <= c && c <= to));
            (within != *negated).then_some(length)
        }
    }
}

/// The character at the beginning, and its bytes; a byte that begins none counts as one of its own.
fn char_at(rest: &[u8]) -> (Option<char>, usize) {
    let head = rest.get(..4).unwrap_or(rest);
    match head.utf8_chunks().next().and_then(|chunk| chunk.valid().chars().next()) {
        Some(c) => (Some(c), c.len_utf8()),
        None => (None, 1),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn glob(pattern: &str, tail: Tail) -> Glob {
        let tokens = |part: &str| {
            part.bytes()
                .map(|b| match b {
                    b'*' => Token::Star,
                    b'?' => Token::One,
                    b => Token::Byte(b),
                })
                .collect()
        };
        let part = |part| if part == "**" { Part::Deep } else { Part::Component(tokens(part)) };
        Glob { parts: pattern.split('/').map(part).collect(), tail }
    }

    fn matches(glob: &Glob, path: &str) -> bool {
        let components: Vec<&[u8]> = path.as_bytes().split(|&b| b == b'/').collect();
        glob.matches(&components, &Steps::new(u64::MAX))
    }

    /// The same by trying everything.
    fn naive(parts: &[Part], tail: Tail, path: &[&str], is_first: bool) -> bool {
        match parts.split_first() {
            None => match tail {
                Tail::Nothing => path.is_empty(),
                Tail::Anything => path.is_empty() || !is_first,
                Tail::Something => !path.is_empty() && !is_first,
            },
            Some((Part::Deep, rest)) => {
                (0..=path.len()).any(|n| naive(rest, tail, &path[n..], is_first && n == 0))
            }
            Some((Part::Component(tokens), rest)) => {
                path.split_first().is_some_and(|(one, others)| {
                    naive_component(tokens, one.as_bytes()) && naive(rest, tail, others, false)
                })
            }
        }
    }

    fn naive_component(tokens: &[Token], text: &[u8]) -> bool {
        match tokens.split_first() {
            None => text.is_empty(),
            Some((Token::Star, rest)) => {
                (0..=text.len()).any(|n| naive_component(rest, &text[n..]))
            }
            Some((Token::Byte(byte), rest)) => {
                text.first() == Some(byte) && naive_component(rest, &text[1..])
            }
            Some((_, rest)) => !text.is_empty() && naive_component(rest, &text[1..]),
        }
    }

    #[test]
    fn wildcards_count_characters_not_bytes() {
        assert!(matches(&glob("?.md", Tail::Nothing), "\u{fc}.md"));
        assert!(!matches(&glob("??.md", Tail::Nothing), "\u{fc}.md"));
        let components: [&[u8]; 1] = [b"\xff.md"];
        assert!(glob("?.md", Tail::Nothing).matches(&components, &Steps::new(u64::MAX)));
    }

    #[test]
    fn work_that_is_spent_matches_nothing() {
        let steps = Steps::new(3);
        let components: [&[u8]; 2] = [b"abcdef", b"x"];
        assert!(!glob("*e*/x", Tail::Nothing).matches(&components, &steps));
        assert!(steps.are_spent());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn it_matches_what_trying_everything_matches(
            pattern in "([ab*?]{1,4}|\\*\\*)(/([ab*?]{1,4}|\\*\\*)){0,4}",
            path in "[ab]{1,4}(/[ab]{1,3}){0,4}",
            tail in prop_oneof![Just(Tail::Nothing), Just(Tail::Anything), Just(Tail::Something)],
        ) {
            let glob = glob(&pattern, tail);
            let components: Vec<&str> = path.split('/').collect();
            prop_assert_eq!(matches(&glob, &path), naive(&glob.parts, tail, &components, true));
        }
    }
}
