//! A TOML document as tables and their keys with texts and lists of texts, each with its line: what
//! an allowlist needs. Every other value is passed over.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};

use super::{File, ForeignError};

/// A table, or one of a list of tables.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Its name, dots between the parts.
    pub(super) name: String,
    /// The line it begins on, counted from 1.
    pub(super) line: usize,
    /// Its keys in their order.
    pub(super) keys: Vec<Key>,
}

/// A key with its value.
#[derive(Debug)]
pub(super) struct Key {
    /// Its name.
    pub(super) name: String,
    /// The line it stands on.
    pub(super) line: usize,
    /// The texts of its value, each with its line; none where the value is something else.
    pub(super) texts: Vec<(usize, String)>,
}

impl Table {
    /// The texts of the key `name`.
    pub(super) fn texts(&self, name: &str) -> impl Iterator<Item = &(usize, String)> {
        self.keys.iter().filter(move |key| key.name == name).flat_map(|key| &key.texts)
    }
}

/// All tables of a document in their order; the first has no name.
pub(super) fn tables(content: &[u8], file: &File) -> Result<Vec<Table>, ForeignError> {
    let text = std::str::from_utf8(content).map_err(|_| file.fault(None, "is not UTF-8"))?;
    let lines = Lines::of(text);
    let root = DeTable::parse(text).map_err(|error| {
        let line = error.span().map(|span| lines.at(span.start));
        // The parser's messages name what it expected, and no value of the file.
        file.fault(line, format!("is not TOML: {}", error.message().lines().next().unwrap_or("")))
    })?;
    let mut found = Vec::new();
    // The parser bounds how deep tables lie in each other.
    walk(String::new(), 0, root.get_ref(), &lines, &mut found);
    found.sort_by_key(|(at, _)| *at);
    Ok(found.into_iter().map(|(_, table)| table).collect())
}

fn walk(
    name: String,
    at: usize,
    table: &DeTable<'_>,
    lines: &Lines,
    found: &mut Vec<(usize, Table)>,
) {
    let mut keys = Vec::new();
    for (key, value) in table {
        let below = || match name.as_str() {
            "" => key.get_ref().to_string(),
            name => format!("{name}.{}", key.get_ref()),
        };
        match value.get_ref() {
            DeValue::Table(table) => walk(below(), value.span().start, table, lines, found),
            DeValue::Array(list) if list.iter().any(|one| one.get_ref().is_table()) => {
                for one in list {
                    if let Some(table) = one.get_ref().as_table() {
                        walk(below(), one.span().start, table, lines, found);
                    }
                }
            }
            _ => {
                let mut texts = Vec::new();
                gather(value, lines, &mut texts);
                keys.push((key.span().start, key.get_ref().to_string(), texts));
            }
        }
    }
    keys.sort_by_key(|(at, ..)| *at);
    let keys = keys.into_iter();
    let keys = keys.map(|(at, name, texts)| Key { name, line: lines.at(at), texts }).collect();
    found.push((at, Table { name, line: lines.at(at), keys }));
}

/// The texts in a value, in lists in it too.
fn gather(value: &Spanned<DeValue<'_>>, lines: &Lines, texts: &mut Vec<(usize, String)>) {
    match value.get_ref() {
        DeValue::String(text) => texts.push((lines.at(value.span().start), text.to_string())),
        DeValue::Array(list) => list.iter().for_each(|one| gather(one, lines, texts)),
        _ => {}
    }
}

/// Where lines begin.
struct Lines(Vec<usize>);

impl Lines {
    fn of(text: &str) -> Lines {
        Lines(memchr::memchr_iter(b'\n', text.as_bytes()).collect())
    }

    /// The line of a byte, counted from 1.
    fn at(&self, byte: usize) -> usize {
        self.0.partition_point(|end| *end < byte) + 1
    }
}
