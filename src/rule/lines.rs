//! Lines of fields in a rule file. serde keeps no positions, so a fault in a value that parsed
//! well is placed by walking the text again: block mappings and block sequences by indentation.
//!
//! This reads YAML as people write it, not all of YAML: inside a flow collection or a value that
//! spans lines, the answer is the line of the nearest key above, which is where a person looks.
//! The build script includes this file too, so it stands on its own.

/// One step from a value to a part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step<'a> {
    /// The value of a key of a mapping.
    Key(&'a str),
    /// An entry of a sequence, counted from 0.
    Item(usize),
}

/// A file's lines, ready to be asked.
#[derive(Debug)]
pub struct Lines<'a> {
    lines: Vec<&'a str>,
}

/// A value: it starts on line `first` at byte `column`, and goes on to before line `end`.
#[derive(Debug, Clone, Copy)]
struct Block {
    first: usize,
    column: usize,
    end: usize,
}

impl<'a> Lines<'a> {
    /// Splits `text`.
    pub fn new(text: &'a str) -> Self {
        Lines { lines: text.lines().collect() }
    }

    /// The line, counted from 1, on which the value at `path` is written; where the path cannot be
    /// followed to its end, that of the last part found.
    pub fn of(&self, path: &[Step<'_>]) -> u32 {
        let mut block = Block { first: 0, column: 0, end: self.lines.len() };
        for step in path {
            let next = match step {
                Step::Key(key) => self.key(block, key),
                Step::Item(index) => self.item(block, *index),
            };
            match next {
                Some(inner) => block = inner,
                None => break,
            }
        }
        u32::try_from(block.first + 1).unwrap_or(u32::MAX)
    }

    /// The value of `key` in a block mapping.
    fn key(&self, block: Block, key: &str) -> Option<Block> {
        let indent = self.starts(block).next()?.1;
        let (line, rest) = self.starts(block).filter(|(_, column)| *column == indent).find_map(
            |(line, column)| Some((line, after_key(self.lines.get(line)?.get(column..)?, key)?)),
        )?;
        let text = self.lines.get(line)?;
        // A sequence may stand at its key's own indentation.
        let end = self.end(line + 1, block.end, |column, content| {
            column < indent || (column == indent && !is_item(content))
        });
        Some(Block { first: line, column: text.len() - rest.len(), end })
    }

    /// An entry of a block sequence below the line where its key stands, or at the block's start.
    fn item(&self, block: Block, index: usize) -> Option<Block> {
        let (_, indent) = self.starts(block).find(|(line, column)| self.item_at(*line, *column))?;
        let (line, column) = self
            .starts(block)
            .filter(|(line, column)| *column == indent && self.item_at(*line, *column))
            .nth(index)?;
        let end = self.end(line + 1, block.end, |next, _| next <= indent);
        Some(Block { first: line, column: column + 1, end })
    }

    fn item_at(&self, line: usize, column: usize) -> bool {
        self.lines.get(line).and_then(|text| text.get(column..)).is_some_and(is_item)
    }

    /// The first line from `from` to before `end` whose content `ends` the block.
    fn end(&self, from: usize, end: usize, ends: impl Fn(usize, &str) -> bool) -> usize {
        (from..end)
            .find(|line| {
                content(self.lines.get(*line).copied().unwrap_or_default(), 0)
                    .is_some_and(|(column, text)| ends(column, text))
            })
            .unwrap_or(end)
    }

    /// Lines of `block` that have content, each with the column where it starts.
    fn starts(&self, block: Block) -> impl Iterator<Item = (usize, usize)> + '_ {
        (block.first..block.end).filter_map(move |line| {
            let from = if line == block.first { block.column } else { 0 };
            content(self.lines.get(line)?, from).map(|(column, _)| (line, column))
        })
    }
}

/// Where content starts in a line from byte `from` on, if there is any but a comment.
fn content(line: &str, from: usize) -> Option<(usize, &str)> {
    let text = line.get(from..)?;
    let trimmed = text.trim_start_matches(' ');
    let nothing = trimmed.trim_end().is_empty() || trimmed.starts_with('#') || trimmed == "---";
    (!nothing).then(|| (line.len() - trimmed.len(), trimmed))
}

/// Whether a line's content is an entry of a block sequence.
fn is_item(content: &str) -> bool {
    content == "-" || content.starts_with("- ")
}

/// What follows `key:`, written plainly or in quotes.
fn after_key<'t>(content: &'t str, key: &str) -> Option<&'t str> {
    let rest = match content.as_bytes().first()? {
        quote @ (b'"' | b'\'') => {
            content.get(1..)?.strip_prefix(key)?.strip_prefix(char::from(*quote))?
        }
        _ => content.strip_prefix(key)?,
    };
    let value = rest.trim_start_matches(' ').strip_prefix(':')?;
    (value.is_empty() || value.starts_with([' ', '\t', '\r'])).then_some(value)
}

#[cfg(test)]
mod tests {
    use super::Step::{Item, Key};
    use super::*;

    const FILE: &str = "\
# a comment
provider: example
title: 'rules: no'
rules:
  - id: one
    title: One
    examples:
      - |
        id: not-an-id
        - title: nor this
      - second
    rotation:
      page: https://example.com
      advice: >
        page: no

  # between
  - title: Two
    \"id\": two
    literals: [\"a\",
      \"b\"]
    examples:
    - x
    - y
    id2: other
";

    fn line(path: &[Step<'_>]) -> u32 {
        Lines::new(FILE).of(path)
    }

    #[test]
    fn fields_are_found_in_their_own_rule() {
        assert_eq!(line(&[Key("provider")]), 2);
        assert_eq!(line(&[Key("rules")]), 4);
        assert_eq!(line(&[Key("rules"), Item(0), Key("id")]), 5);
        assert_eq!(line(&[Key("rules"), Item(0), Key("title")]), 6);
        assert_eq!(line(&[Key("rules"), Item(1), Key("title")]), 18);
        assert_eq!(line(&[Key("rules"), Item(1), Key("id")]), 19);
        assert_eq!(line(&[Key("rules"), Item(0), Key("rotation"), Key("page")]), 13);
    }

    #[test]
    fn sequences_are_found_at_either_indentation() {
        assert_eq!(line(&[Key("rules"), Item(0), Key("examples"), Item(0)]), 8);
        assert_eq!(line(&[Key("rules"), Item(0), Key("examples"), Item(1)]), 11);
        assert_eq!(line(&[Key("rules"), Item(1), Key("examples"), Item(0)]), 23);
        assert_eq!(line(&[Key("rules"), Item(1), Key("examples"), Item(1)]), 24);
        assert_eq!(line(&[Key("rules"), Item(1), Key("id2")]), 25);
        let flush = "rules:\n- id: a\n\n- id: b\n  title: B\n";
        assert_eq!(Lines::new(flush).of(&[Key("rules"), Item(1), Key("title")]), 5);
    }

    #[test]
    fn what_cannot_be_followed_gives_the_nearest_line_above() {
        assert_eq!(line(&[Key("rules"), Item(1), Key("literals"), Item(1)]), 20);
        assert_eq!(line(&[Key("rules"), Item(1), Key("rotation"), Key("page")]), 18);
        assert_eq!(line(&[Key("rules"), Item(7), Key("id")]), 4);
        assert_eq!(line(&[Key("nothing")]), 1);
        let flow = "provider: x\nrules: [{id: a}, {id: b}]\n";
        assert_eq!(Lines::new(flow).of(&[Key("rules"), Item(1), Key("id")]), 2);
        assert_eq!(Lines::new("").of(&[Key("rules")]), 1);
    }

    #[test]
    fn odd_text_is_survived() {
        for text in
            ["-", "- - -", "\u{feff}rules:\n -\n  id: ä", "rules:\r\n  - id: a\r\n", "\t- x:"]
        {
            Lines::new(text).of(&[Key("rules"), Item(0), Key("id"), Item(3), Key("x")]);
        }
        let crlf = "rules:\r\n  - id: a\r\n    title: b\r\n";
        assert_eq!(Lines::new(crlf).of(&[Key("rules"), Item(0), Key("title")]), 3);
    }
}
