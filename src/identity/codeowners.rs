//! Who owns a path, by a CODEOWNERS file.
//!
//! Such a file lies in the repository, so it is read from the base revision, never from the change
//! that is judged: a pusher could otherwise make themselves the owner. `github` and `gitlab` read the
//! two dialects as their documentation describes them ("About code owners"; "Syntax of `CODEOWNERS`
//! file" and "Advanced `CODEOWNERS` configuration"); `glob` matches their patterns in bounded time.

mod github;
mod gitlab;
mod glob;

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::model::text::escape;
use glob::{Glob, Steps};

/// A longer file counts as none; GitHub's limit, used for both.
pub const MAX_BYTES: usize = 3 * 1024 * 1024;

/// A file with more lines counts as none.
pub const MAX_LINES: usize = 100_000;

/// More faults are not listed.
const MAX_FAULTS: usize = 1000;

/// More owners of one line are not read.
const MAX_OWNERS: usize = 200;

/// What looking up one path may cost, in bytes compared; it takes some tens of milliseconds.
const MAX_STEPS: u64 = 20_000_000;

/// Whose rules a file follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CodeOwnersKind {
    /// GitHub's.
    Github,
    /// GitLab's.
    Gitlab,
}

impl CodeOwnersKind {
    /// Where the forge looks for the file; the first that is there counts.
    pub fn places(self) -> &'static [&'static str] {
        match self {
            CodeOwnersKind::Github => &[".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS"],
            CodeOwnersKind::Gitlab => &["CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS"],
        }
    }
}

/// Somebody whom a file names as owner. Names are in lower case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Owner {
    /// `@name`: a user; at GitLab it may be a group, too.
    Account(String),
    /// `@org/team`, or `@group/subgroup` at GitLab; without the `@`.
    Team(String),
    /// `@@role`: all direct members of a GitLab project with this role, and no higher one.
    Role(String),
    /// The account with this address, escaped.
    Email(String),
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Account(name) | Owner::Team(name) => write!(f, "@{name}"),
            Owner::Role(name) => write!(f, "@@{name}"),
            Owner::Email(address) => f.write_str(address),
        }
    }
}

/// Who owns a path, by one section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owned {
    /// Name of the section, escaped; none outside of sections.
    pub section: Option<String>,
    /// The owners; empty where the line that decides names nobody.
    pub owners: Vec<Owner>,
    /// The line that decides, from 1.
    pub line: usize,
    /// Whether the section asks for nobody's approval.
    pub optional: bool,
    /// How many of the owners are to approve.
    pub approvals: u32,
}

/// A line that gives a pattern its owners, for a review of who owns what.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// The line, from 1.
    pub line: usize,
    /// Name of the section, escaped; none outside of sections.
    pub section: Option<String>,
    /// The pattern as written, escaped.
    pub pattern: String,
    /// Its owners, or those of its section where it names none.
    pub owners: Vec<Owner>,
    /// Whether it takes its paths out of the section instead (GitLab's `!`).
    pub excludes: bool,
}

/// A line that the forge skips or reads otherwise than it looks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fault {
    /// The line, from 1; 0 for the whole file.
    pub line: usize,
    /// What is wrong with it.
    pub why: String,
}

/// A part of a file that decides by itself.
#[derive(Debug, Clone, Default)]
struct Section {
    name: Option<String>,
    is_optional: bool,
    approvals: u32,
    defaults: Vec<Owner>,
    rules: Vec<Rule>,
}

#[derive(Debug, Clone)]
struct Rule {
    line: usize,
    pattern: String,
    glob: Glob,
    owners: Vec<Owner>,
    excludes: bool,
}

/// A CODEOWNERS file.
#[derive(Debug, Clone)]
pub struct CodeOwners {
    kind: CodeOwnersKind,
    sections: Vec<Section>,
    faults: Vec<Fault>,
}

impl CodeOwners {
    /// Reads a file by the rules of its forge. Nothing in it is an error: what the forge skips is
    /// skipped and listed in [`CodeOwners::faults`].
    pub fn parse(kind: CodeOwnersKind, bytes: &[u8]) -> CodeOwners {
        let mut read = CodeOwners { kind, sections: vec![Section::default()], faults: Vec::new() };
        let newlines = memchr::memchr_iter(b'\n', bytes).take(MAX_LINES + 1).count();
        if bytes.len() >= MAX_BYTES {
            read.fault(0, "the file has 3 MB or more, so it is not used; make it shorter");
        } else if newlines > MAX_LINES {
            read.fault(
                0,
                "the file has more than 100,000 lines, so it is not used; make it shorter",
            );
        } else {
            match kind {
                CodeOwnersKind::Github => github::read(&mut read, bytes),
                CodeOwnersKind::Gitlab => gitlab::read(&mut read, bytes),
            }
        }
        read
    }

    /// What the forge skips, by line; the first 1,000.
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// Who owns a file, by its path from the root of the repository without a leading slash: the last
    /// line that matches, in each section. Empty where no line matches. A path that would take more
    /// than some tens of milliseconds to look up, which only a file made for that can cause, has no
    /// known owner.
    pub fn owners(&self, path: &[u8]) -> Vec<Owned> {
        let steps = Steps::new(MAX_STEPS);
        let components: Vec<&[u8]> = path.split(|&b| b == b'/').collect();
        let found = self.sections.iter().filter_map(|section| section.owned(&components, &steps));
        let found: Vec<Owned> = found.collect();
        if steps.are_spent() { Vec::new() } else { found }
    }

    /// All lines that give a pattern its owners, by line.
    pub fn entries(&self) -> Vec<Entry> {
        let mut entries: Vec<Entry> = Vec::new();
        for section in &self.sections {
            entries.extend(section.rules.iter().map(|rule| Entry {
                line: rule.line,
                section: section.name.clone(),
                pattern: rule.pattern.clone(),
                owners: rule.owners.clone(),
                excludes: rule.excludes,
            }));
        }
        entries.sort_by_key(|entry| entry.line);
        entries
    }

    /// Whose rules it follows.
    pub fn kind(&self) -> CodeOwnersKind {
        self.kind
    }

    fn fault(&mut self, line: usize, why: &str) {
        if self.faults.len() < MAX_FAULTS {
            self.faults.push(Fault { line, why: why.to_owned() });
        }
    }
}

impl Section {
    fn owned(&self, path: &[&[u8]], steps: &Steps) -> Option<Owned> {
        let excluded = |rule: &Rule| rule.excludes && rule.glob.matches(path, steps);
        if self.rules.iter().any(excluded) {
            return None;
        }
        let decides = |rule: &&Rule| !rule.excludes && rule.glob.matches(path, steps);
        let rule = self.rules.iter().rev().find(decides)?;
        Some(Owned {
            section: self.name.clone(),
            owners: rule.owners.clone(),
            line: rule.line,
            optional: self.is_optional,
            approvals: self.approvals.max(1),
        })
    }
}

/// Splits a line at space that no backslash precedes: the pattern, and all that follows it.
fn split_pattern(line: &[u8]) -> (&[u8], &[u8]) {
    let mut at = 0;
    while let Some(&byte) = line.get(at) {
        match byte {
            b'\\' => at += 1,
            b' ' | b'\t' => return line.split_at(at),
            _ => {}
        }
        at += 1;
    }
    (line, &[])
}

/// The words of a line's end.
fn words(rest: &[u8]) -> impl Iterator<Item = &[u8]> {
    rest.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// An address as owner: something on both sides of its only `@`, and a dot in the domain.
fn email(word: &str) -> Option<Owner> {
    let (local, domain) = word.split_once('@')?;
    let good = !local.is_empty()
        && !domain.contains('@')
        && domain.len() > 2
        && domain.contains('.')
        && !domain.starts_with('.')
        && !domain.ends_with('.')
        && word.len() <= 320;
    good.then(|| Owner::Email(escape(word.to_lowercase().as_bytes())))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_file_past_the_bounds_counts_as_none() {
        for kind in [CodeOwnersKind::Github, CodeOwnersKind::Gitlab] {
            let mut file = b"* @ana\n".to_vec();
            file.resize(MAX_BYTES, b'#');
            let read = CodeOwners::parse(kind, &file);
            assert_eq!(read.owners(b"a"), []);
            assert_eq!(read.faults()[0].line, 0);
            file.truncate(MAX_BYTES - 1);
            let read = CodeOwners::parse(kind, &file);
            assert_eq!(read.owners(b"a").len(), 1);

            let lines = "* @ana\n".repeat(MAX_LINES);
            assert_eq!(CodeOwners::parse(kind, lines.as_bytes()).owners(b"a")[0].line, MAX_LINES);
            let lines = "* @ana\n".repeat(MAX_LINES + 1);
            assert!(CodeOwners::parse(kind, lines.as_bytes()).owners(b"a").is_empty());
        }
    }

    #[test]
    fn hostile_patterns_end_in_bounded_time() {
        let deep = "**/*a*a*a*b/".repeat(30);
        let stars = "*a".repeat(400) + "b";
        let path = vec!["a".repeat(200); 20].join("/");
        for kind in [CodeOwnersKind::Github, CodeOwnersKind::Gitlab] {
            for pattern in [&deep, &stars, &"**/".repeat(300), &"*/".repeat(400)] {
                let lines = MAX_BYTES / (pattern.len() + 9);
                let file = format!("/{pattern}c @ana\n").repeat(lines);
                let read = CodeOwners::parse(kind, file.as_bytes());
                let started = std::time::Instant::now();
                let _ = read.owners(path.as_bytes());
                assert!(started.elapsed().as_secs() < 10, "{kind:?} {pattern:.20}");
            }
        }
    }

    #[test]
    fn what_is_shown_is_escaped() {
        let file = "[A\u{202e}b]\nx\x1b[2Jy @ana\x07 ana\x1b@corp.example\n";
        let read = CodeOwners::parse(CodeOwnersKind::Gitlab, file.as_bytes());
        let shown = format!("{:?}", read.entries());
        assert!(
            !shown.contains(['\x1b', '\x07', '\u{202e}']) && shown.contains("u{202e}"),
            "{shown}"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read(
            file in "([\\[\\]\\^!#@*?\\\\ /a-c.\\PC]{0,16}\n?){0,12}",
            bytes in any::<Vec<u8>>(),
            path in "[a-c./ ]{0,12}",
        ) {
            for kind in [CodeOwnersKind::Github, CodeOwnersKind::Gitlab] {
                for file in [file.as_bytes(), &bytes] {
                    let read = CodeOwners::parse(kind, file);
                    let _ = (read.owners(path.as_bytes()), read.owners(&bytes), read.entries());
                }
            }
        }
    }
}
