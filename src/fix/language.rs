//! Source in which a value is replaced by what reads it from the environment.
//!
//! Only a literal that is the value and nothing else is replaced, and only where the language takes
//! an expression in its stead; everything else is left, with the reason.

use super::name;
use super::spot::{self, Swap};
use super::{line_end, line_of};

/// Languages in which an environment variable can take a value's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// For Node.js and bundlers.
    JavaScript,
    /// The same with types.
    TypeScript,
    /// Python.
    Python,
    /// Ruby.
    Ruby,
    /// Go.
    Go,
    /// Java.
    Java,
    /// Kotlin.
    Kotlin,
    /// Rust.
    Rust,
    /// PHP.
    Php,
    /// C#.
    CSharp,
    /// Shells in the style of Bourne's.
    Shell,
    /// Files of Docker Compose.
    Compose,
}

/// A text after the change.
#[derive(Debug, PartialEq, Eq)]
pub struct Edited {
    /// The whole text.
    pub content: Vec<u8>,
    /// How many literals were replaced.
    pub replaced: usize,
    /// Lines (of the text as it was) on which the value stays, and why.
    pub left: Vec<(u32, &'static str)>,
    /// What else there is to know of the change.
    pub said: Option<&'static str>,
}

impl Language {
    /// The language of a file, by its name or else its first line.
    pub fn of(path: &[u8], content: &[u8]) -> Option<Language> {
        let file = path.rsplit(|byte| *byte == b'/').next()?.to_ascii_lowercase();
        let mut parts = file.rsplit(|byte| *byte == b'.');
        let last = parts.next()?;
        let named = match last {
            b"js" | b"mjs" | b"cjs" | b"jsx" => Language::JavaScript,
            b"ts" | b"mts" | b"cts" | b"tsx" => Language::TypeScript,
            b"py" => Language::Python,
            b"rb" | b"rake" => Language::Ruby,
            b"go" => Language::Go,
            b"java" => Language::Java,
            b"kt" | b"kts" => Language::Kotlin,
            b"rs" => Language::Rust,
            b"php" => Language::Php,
            b"cs" => Language::CSharp,
            b"sh" | b"bash" | b"zsh" | b"ksh" => Language::Shell,
            b"yml" | b"yaml" => {
                let compose = file.starts_with(b"docker-compose.") || file.starts_with(b"compose.");
                return compose.then_some(Language::Compose);
            }
            _ => return Language::of_first_line(content),
        };
        Some(named)
    }

    fn of_first_line(content: &[u8]) -> Option<Language> {
        let line = content.split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
        let mut words = line.split(|byte| byte.is_ascii_whitespace() || *byte == b'/');
        words.find_map(|word| match word {
            b"sh" | b"bash" | b"zsh" | b"ksh" | b"dash" => Some(Language::Shell),
            b"python" | b"python3" => Some(Language::Python),
            b"ruby" => Some(Language::Ruby),
            b"node" => Some(Language::JavaScript),
            b"php" => Some(Language::Php),
            _ => None,
        })
    }

    /// Replaces `value` in `content` by what reads the variable `name`.
    pub fn replace(self, content: &[u8], value: &[u8], name: &str) -> Edited {
        let mut edited = Edited { content: Vec::new(), replaced: 0, left: Vec::new(), said: None };
        let mut done = 0;
        let found = if value.is_empty() { Vec::new() } else { occurrences(content, value) };
        for start in found {
            match spot::swap(self, content, (start, start + value.len()), name) {
                Ok(Swap { range, text }) if range.start >= done => {
                    edited.content.extend(content.get(done..range.start).unwrap_or_default());
                    edited.content.extend(text.as_bytes());
                    done = range.end;
                    edited.replaced += 1;
                }
                Ok(_) => edited.left.push((line_of(content, start), "it overlaps another")),
                Err(why) => edited.left.push((line_of(content, start), why)),
            }
        }
        edited.content.extend(content.get(done..).unwrap_or_default());
        if edited.replaced > 0 {
            edited.content = self.with_import(edited.content);
            edited.said = self.note();
        }
        edited
    }

    /// The name for the variable, from the first place where the value is a whole literal.
    pub fn name_for(
        self,
        content: &[u8],
        value: &[u8],
        provider: &str,
        rule: &str,
    ) -> Option<String> {
        let starts = if value.is_empty() { Vec::new() } else { occurrences(content, value) };
        starts.into_iter().find_map(|start| {
            let swap = spot::swap(self, content, (start, start + value.len()), "NAME").ok()?;
            let before = content.get(..swap.range.start)?;
            let line = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
            Some(name::of(before.get(line..)?, provider, rule))
        })
    }

    /// What is to be known of the change.
    fn note(self) -> Option<&'static str> {
        match self {
            Language::JavaScript | Language::TypeScript => Some(
                "process.env is for code on a server: a bundler would write the value into what a \
                 browser loads",
            ),
            Language::Php => Some("getenv gives false where the variable is not set"),
            Language::Go | Language::Java | Language::Kotlin | Language::CSharp => {
                Some("nothing fails by itself where the variable is not set")
            }
            _ => None,
        }
    }

    /// Adds the import that the expression needs, where the file has none.
    fn with_import(self, content: Vec<u8>) -> Vec<u8> {
        let lines = || content.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        match self {
            Language::Python => {
                let imports = |line: &[u8]| {
                    line.strip_prefix(b"import ").is_some_and(|names| {
                        names.split(|byte| *byte == b',').any(|name| name.trim_ascii() == b"os")
                    })
                };
                if lines().any(imports) {
                    return content;
                }
                let at = python_start(&content);
                insert(&content, at, b"import os")
            }
            Language::Go => {
                if lines().any(|line| {
                    let line = line.trim_ascii_start();
                    line == b"\"os\"" || line == b"import \"os\""
                }) {
                    return content;
                }
                go_import(&content)
            }
            _ => content,
        }
    }
}

/// Where `value` stands in `content`, first byte after first byte, without overlaps.
fn occurrences(content: &[u8], value: &[u8]) -> Vec<usize> {
    memchr::memmem::find_iter(content, value).collect()
}

/// Puts a line in front of the line that begins at `at`.
fn insert(content: &[u8], at: usize, line: &[u8]) -> Vec<u8> {
    let (before, after) = content.split_at(at.min(content.len()));
    let end = line_end(content);
    let begun = before.is_empty() || before.ends_with(b"\n") || before == b"\xef\xbb\xbf";
    let gap: &[u8] = if begun { b"" } else { end };
    [before, gap, line, end, after].concat()
}

/// Where the first import of a Python file may stand: behind the comments at its beginning, its
/// documentation, and imports from the future.
fn python_start(content: &[u8]) -> usize {
    let mut at = if content.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let mut place = at;
    let mut open: Option<&[u8]> = None;
    let mut documented = false;
    for line in content.get(at..).unwrap_or_default().split_inclusive(|byte| *byte == b'\n') {
        let next = at + line.len();
        let text = line.trim_ascii();
        if let Some(quotes) = open {
            if memchr::memmem::find(text, quotes).is_some() {
                open = None;
                place = next;
            }
        } else if text.starts_with(b"#") || text.starts_with(b"from __future__") {
            place = next;
        } else if !documented && (text.starts_with(b"\"\"\"") || text.starts_with(b"'''")) {
            documented = true;
            let quotes: &[u8] = if text.starts_with(b"'") { b"'''" } else { b"\"\"\"" };
            if memchr::memmem::find(text.get(3..).unwrap_or_default(), quotes).is_some() {
                place = next;
            } else {
                open = Some(quotes);
            }
        } else if !text.is_empty() {
            // In front of other imports, where there are any, not of the comment above them.
            if text.starts_with(b"import ") || text.starts_with(b"from ") {
                place = at;
            }
            break;
        }
        at = next;
    }
    place
}

/// Adds `"os"` to the imports of a Go file.
fn go_import(content: &[u8]) -> Vec<u8> {
    let mut at = 0;
    let mut behind_package = 0;
    for line in content.split_inclusive(|byte| *byte == b'\n') {
        let text = line.trim_ascii();
        let next = at + line.len();
        if text == b"import (" {
            return insert(content, next, b"\t\"os\"");
        }
        if text.starts_with(b"import ") {
            return insert(content, at, b"import \"os\"");
        }
        if text.starts_with(b"package ") {
            behind_package = next;
        }
        at = next;
    }
    let end = line_end(content);
    let (before, after) = content.split_at(behind_package);
    [before, end, b"import \"os\"", end, after].concat()
}

#[cfg(test)]
#[path = "language_tests.rs"]
mod tests;
