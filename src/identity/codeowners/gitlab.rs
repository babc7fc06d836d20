//! GitLab's CODEOWNERS: sections that decide by themselves, with default owners, a number of
//! approvals or none needed; `!` takes paths out of a section; roles as owners; patterns of Ruby's
//! `File.fnmatch` with `FNM_PATHNAME` and `FNM_DOTMATCH`.

use std::collections::BTreeMap;

use super::glob::{Glob, LONGEST, Part, Tail, Token};
use super::{CodeOwners, MAX_OWNERS, Owner, Rule, Section, email, split_pattern, words};
use crate::model::text::escape;

/// Longer names are no sections.
const LONGEST_NAME: usize = 255;

/// Reads the lines of a file.
pub(super) fn read(file: &mut CodeOwners, bytes: &[u8]) {
    let mut sections = vec![Section::default()];
    let mut by_name = BTreeMap::new();
    let mut current = 0;
    for (index, line) in bytes.split(|&b| b == b'\n').enumerate() {
        let (number, line) = (index + 1, line.trim_ascii());
        if line.is_empty() || line.starts_with(b"#") {
            continue;
        }
        if let Some(heading) = Heading::parse(line) {
            let defaults = owners(file, number, heading.rest);
            current = *by_name.entry(heading.name.to_lowercase()).or_insert(sections.len());
            if current == sections.len() {
                let name = Some(escape(heading.name.as_bytes()));
                sections.push(Section { name, is_optional: true, ..Section::default() });
            }
            if let Some(section) = sections.get_mut(current) {
                section.is_optional &= heading.is_optional;
                section.approvals = section.approvals.max(heading.approvals);
                section.defaults = defaults;
            }
            continue;
        }
        if line.starts_with(b"[") || line.starts_with(b"^[") {
            file.fault(number, "this is no heading of a section, so it is read as a pattern");
        }
        if let Some(section) = sections.get_mut(current)
            && let Some(rule) = rule(file, number, line, section)
        {
            section.rules.push(rule);
        }
    }
    file.sections = sections;
}

/// `^[Name][2] @default`.
struct Heading<'a> {
    name: &'a str,
    is_optional: bool,
    approvals: u32,
    rest: &'a [u8],
}

impl<'a> Heading<'a> {
    fn parse(line: &'a [u8]) -> Option<Heading<'a>> {
        let (line, is_optional) = match line.strip_prefix(b"^") {
            Some(line) => (line, true),
            None => (line, false),
        };
        let (name, mut rest) = bracketed(line)?;
        let name = std::str::from_utf8(name).ok()?.trim();
        if name.is_empty() || name.len() > LONGEST_NAME {
            return None;
        }
        let mut approvals = 1;
        if let Some((number, after)) = bracketed(rest) {
            let number = std::str::from_utf8(number).ok();
            approvals = number.and_then(|number| number.parse().ok()).unwrap_or(1);
            rest = after;
        }
        let ends = rest.first().is_none_or(u8::is_ascii_whitespace);
        ends.then_some(Heading { name, is_optional, approvals, rest })
    }
}

fn bracketed(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let inner = line.strip_prefix(b"[")?;
    let end = memchr::memchr(b']', inner)?;
    Some((inner.get(..end)?, inner.get(end + 1..)?))
}

fn rule(file: &mut CodeOwners, number: usize, line: &[u8], section: &Section) -> Option<Rule> {
    let (pattern, rest) = split_pattern(line);
    let (bare, excludes) = match pattern.strip_prefix(b"!") {
        Some(bare) => (bare, true),
        None => (pattern, false),
    };
    if bare.is_empty() || bare.len() > LONGEST {
        file.fault(number, "the pattern is empty or has more than 1,024 bytes, so it is skipped");
        return None;
    }
    let mut owners = if excludes { Vec::new() } else { owners(file, number, rest) };
    if owners.is_empty() && !excludes {
        owners.clone_from(&section.defaults);
        if owners.is_empty() {
            file.fault(
                number,
                "neither the line nor its section names an owner, so GitLab approves it by itself",
            );
        }
    }
    Some(Rule { line: number, pattern: escape(pattern), glob: glob(bare), owners, excludes })
}

/// The owners among the words after a pattern or heading, also those in a comment there, as GitLab
/// reads them.
fn owners(file: &mut CodeOwners, number: usize, rest: &[u8]) -> Vec<Owner> {
    let mut owners = Vec::new();
    let (mut is_comment, mut is_ignored, mut is_late) = (false, false, false);
    for word in words(rest) {
        is_comment |= word.starts_with(b"#");
        match owner(word) {
            Some(_) if owners.len() == MAX_OWNERS => {
                file.fault(number, "it has more than 200 owners; the others are not read");
                break;
            }
            Some(owner) => {
                is_late |= is_comment;
                owners.push(owner);
            }
            None => is_ignored |= !is_comment,
        }
    }
    if is_ignored {
        file.fault(
            number,
            "what is neither @user, @group, @@role nor an e-mail address is ignored",
        );
    }
    if is_late {
        file.fault(number, "there are no comments after a pattern: the owners in it count");
    }
    owners
}

fn owner(word: &[u8]) -> Option<Owner> {
    let word = std::str::from_utf8(word).ok()?;
    if let Some(role) = word.strip_prefix("@@") {
        let role = role.to_lowercase();
        let one = role.strip_suffix('s').unwrap_or(&role);
        return matches!(one, "developer" | "maintainer" | "owner")
            .then(|| Owner::Role(one.to_owned()));
    }
    let Some(name) = word.strip_prefix('@') else { return email(word) };
    let part = |part: &str| {
        (1..=255).contains(&part.len())
            && !part.starts_with('-')
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
    };
    if word.len() > 1024 || !name.split('/').all(part) {
        return None;
    }
    let name = name.to_lowercase();
    Some(if name.contains('/') { Owner::Team(name) } else { Owner::Account(name) })
}

/// A relative pattern may begin at any depth; a folder stands for all below it.
fn glob(pattern: &[u8]) -> Glob {
    let mut parts = Vec::new();
    let rooted = pattern.strip_prefix(b"/");
    if rooted.is_none() {
        parts.push(Part::Deep);
    }
    let pattern = rooted.unwrap_or(pattern);
    // `\#` at the beginning and `\ ` need no care of their own: a backslash makes any byte literal.
    let mut components = pattern.split(|&b| b == b'/').peekable();
    while let Some(component) = components.next() {
        let is_last = components.peek().is_none();
        if component.is_empty() && is_last {
            parts.push(Part::Deep);
            parts.push(Part::Component(vec![Token::Star]));
        } else if component == b"**" && !is_last {
            parts.push(Part::Deep);
        } else {
            parts.push(Part::Component(tokens(component)));
        }
    }
    Glob { parts, tail: Tail::Nothing }
}

fn tokens(component: &[u8]) -> Vec<Token> {
    let mut tokens = Vec::with_capacity(component.len());
    let mut rest = component;
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        match byte {
            b'*' if tokens.last() == Some(&Token::Star) => {}
            b'*' => tokens.push(Token::Star),
            b'?' => tokens.push(Token::One),
            b'[' => {
                let (class, after) = class(after);
                tokens.push(class);
                rest = after;
            }
            b'\\' => {
                if let Some((&literal, after)) = after.split_first() {
                    tokens.push(Token::Byte(literal));
                    rest = after;
                }
            }
            byte => tokens.push(Token::Byte(byte)),
        }
    }
    tokens
}

/// The set after a `[`; one that is never closed has nothing in it.
fn class(rest: &[u8]) -> (Token, &[u8]) {
    let nothing = (Token::Class { ranges: Vec::new(), negated: false }, &[][..]);
    let Ok(text) = std::str::from_utf8(rest) else { return nothing };
    let negated = text.starts_with(['!', '^']);
    let mut chars = text.char_indices().skip(usize::from(negated)).peekable();
    let mut ranges = Vec::new();
    while let Some((at, c)) = chars.next() {
        let from = match c {
            ']' => {
                return (Token::Class { ranges, negated }, rest.get(at + 1..).unwrap_or_default());
            }
            '\\' => match chars.next() {
                Some((_, literal)) => literal,
                None => return nothing,
            },
            c => c,
        };
        let mut ahead = chars.clone();
        let to = match (ahead.next(), ahead.next()) {
            (Some((_, '-')), Some((_, to))) if to != ']' => {
                chars = ahead;
                if to == '\\' { chars.next().map_or(from, |(_, literal)| literal) } else { to }
            }
            _ => from,
        };
        ranges.push((from, to));
    }
    nothing
}

#[cfg(test)]
mod tests;
