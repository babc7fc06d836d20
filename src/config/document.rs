//! A YAML document as a tree whose every value knows its line, read within a budget.
//!
//! The YAML crate gives positions with errors only. So scalars are taken by a visitor that keeps
//! the value and then fails on purpose: the error carries the line, the deserializer stands after
//! the scalar, and reading goes on. The budget counts every value visited, also those that aliases
//! repeat, so that a small file cannot unfold into a large tree.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, EnumAccess, MapAccess, SeqAccess, Visitor};

use crate::model::text::escape;

/// Values one document may hold, repeated aliases counted each time.
const MAX_VALUES: usize = 100_000;
/// Bytes of text all values may hold together, repeated aliases counted each time.
const MAX_TEXT: usize = 4 << 20;
/// Levels of lists and mappings.
const MAX_DEPTH: usize = 16;
/// Bytes of one key.
const MAX_KEY: usize = 200;
/// `[` and `{` in the whole text: the parser underneath takes time for each that is open at every
/// word that follows.
const MAX_OPENERS: usize = 2_000;
/// What the visitor fails with once it has kept a scalar.
const KEPT: &str = "kept";

/// A value and where it stands.
#[derive(Clone, PartialEq)]
pub(super) struct Node {
    /// Line, counted from 1; of a list or mapping, the line of what is first in it or, where it is
    /// empty, of its key.
    pub line: u32,
    /// The value.
    pub value: NodeValue,
}

/// What a value is.
#[derive(Clone, PartialEq)]
pub(super) enum NodeValue {
    Null,
    Bool(bool),
    Integer(i64),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    /// In the order written; no key twice.
    Map(Vec<Entry>),
}

/// A key with its value.
#[derive(Clone, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    /// Line of the key.
    pub line: u32,
    pub value: Node,
}

/// What is wrong with a document, and on which line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SyntaxError {
    pub line: u32,
    pub message: String,
}

/// Reads one document. An empty text is a null.
pub(super) fn read(text: &str) -> Result<Node, SyntaxError> {
    if let Some((at, _)) = text.match_indices(['[', '{']).nth(MAX_OPENERS) {
        let line = text[..at].matches('\n').count() + 1;
        return Err(SyntaxError {
            line: u32::try_from(line).unwrap_or(u32::MAX),
            message: "too many `[` and `{`; write long lists one item a line with `-`".to_owned(),
        });
    }
    let budget = Budget::default();
    let seed = NodeSeed { budget: &budget, depth: 0 };
    let mut node = match seed.deserialize(serde_yaml::Deserializer::from_str(text)) {
        Ok(node) => node,
        Err(error) => match budget.kept(&error) {
            // A scalar at the root, or nothing at all: what follows it has not been looked at.
            Some(node) => serde_yaml::from_str::<de::IgnoredAny>(text).map(|_| node),
            None => Err(error),
        }
        .map_err(|error| describe(&error, text))?,
    };
    if let Some((line, key)) = budget.twice.take() {
        let message = format!("the key `{}` stands here a second time", shown(&key));
        return Err(SyntaxError { line, message });
    }
    node.fill_lines(1);
    Ok(node)
}

/// Text of the document as a message may show it: escaped and not too long.
pub(super) fn shown(text: &str) -> String {
    const MOST: usize = 60;
    let escaped = escape(text.as_bytes());
    match escaped.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", &escaped[..at]),
        None => escaped,
    }
}

impl Node {
    /// The value of `key`, where this is a mapping that has it.
    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::Map(entries) => entries.iter().find(|e| e.key == key).map(|e| &e.value),
            _ => None,
        }
    }

    /// The element at `index`, where this is a list that long.
    pub fn at(&self, index: usize) -> Option<&Node> {
        match &self.value {
            NodeValue::List(nodes) => nodes.get(index),
            _ => None,
        }
    }

    /// Gives what is empty, and so has no line of its own, the line of what it stands in.
    fn fill_lines(&mut self, outer: u32) {
        if self.line == 0 {
            self.line = outer;
        }
        match &mut self.value {
            NodeValue::List(nodes) => {
                for node in nodes {
                    node.fill_lines(self.line);
                }
            }
            NodeValue::Map(entries) => {
                for entry in entries {
                    entry.value.fill_lines(entry.line);
                }
            }
            _ => {}
        }
    }

    /// The same value without lines. Keys without a value are left out: they stand for defaults.
    pub fn to_json(&self) -> serde_json::Value {
        match &self.value {
            NodeValue::Null => serde_json::Value::Null,
            NodeValue::Bool(value) => (*value).into(),
            NodeValue::Integer(value) => (*value).into(),
            NodeValue::Float(value) => (*value).into(),
            NodeValue::Text(value) => value.as_str().into(),
            NodeValue::List(nodes) => nodes.iter().map(Node::to_json).collect(),
            NodeValue::Map(entries) => entries
                .iter()
                .filter(|entry| entry.value.value != NodeValue::Null)
                .map(|entry| (entry.key.clone(), entry.value.to_json()))
                .collect(),
        }
    }
}

/// What reading may still cost, and the scalar that was read last.
#[derive(Default)]
struct Budget {
    values: Cell<usize>,
    text: Cell<usize>,
    kept: RefCell<Option<NodeValue>>,
    /// The first key that its mapping has twice, and the line of its second place.
    twice: RefCell<Option<(u32, String)>>,
}

impl Budget {
    /// Counts one value with `text` bytes.
    fn spend<E: de::Error>(&self, text: usize) -> Result<(), E> {
        self.values.set(self.values.get() + 1);
        self.text.set(self.text.get().saturating_add(text));
        if self.values.get() > MAX_VALUES || self.text.get() > MAX_TEXT {
            return Err(E::custom(TOO_MANY));
        }
        Ok(())
    }

    /// Keeps a scalar and fails, so that the caller learns the line.
    fn keep<E: de::Error>(&self, value: NodeValue) -> Result<Node, E> {
        let text = if let NodeValue::Text(text) = &value { text.len() } else { 0 };
        self.spend(text)?;
        self.kept.replace(Some(value));
        Err(E::custom(KEPT))
    }

    /// The scalar that `error` was made for, if it was made for one.
    fn kept<E: de::Error>(&self, error: &E) -> Option<Node> {
        let value = self.kept.take()?;
        Some(Node { line: line_of(error), value })
    }
}

/// The line in an error's text. The crate leaves the position out for the very first character.
fn line_of(error: &impl fmt::Display) -> u32 {
    let text = error.to_string();
    text.rsplit_once(" at line ")
        .and_then(|(_, rest)| rest.split(' ').next())
        .and_then(|line| line.parse().ok())
        .unwrap_or(1)
}

/// The crate's message without values of the document.
fn describe(error: &serde_yaml::Error, document: &str) -> SyntaxError {
    let text = error.to_string();
    let line = line_of(error);
    // Our own messages come with the path of keys in front, which the line makes superfluous.
    for own in [TAGGED, KEY_KIND, KEY_LENGTH, DEPTH, NUMBER, TOO_MANY] {
        if text.contains(own) {
            return SyntaxError { line, message: own.to_owned() };
        }
    }
    let known = [
        ("invalid type", "a value does not fit its YAML tag"),
        ("invalid value", "a value does not fit its YAML tag"),
        ("repetition limit", TOO_MANY),
        ("more than one document", "the file holds more than one YAML document (`---`)"),
        ("EOF while parsing", "the file ends in the middle of a value"),
    ];
    if let Some((_, said)) = known.iter().find(|(part, _)| text.contains(part)) {
        return SyntaxError { line, message: (*said).to_owned() };
    }
    // Characters that YAML does not know are told by their offset.
    if let Some((what, offset)) = text.split_once(" at position ") {
        let offset = offset.parse().unwrap_or(0).min(document.len());
        let before = memchr::memchr_iter(b'\n', &document.as_bytes()[..offset]).count();
        let message = format!("this is not valid YAML: {}", shown(what));
        return SyntaxError { line: u32::try_from(before + 1).unwrap_or(u32::MAX), message };
    }
    // A fault of the syntax: first what is wrong and where, then what it was part of.
    let (what, place) = text.split_once(" at line ").unwrap_or((&text, ""));
    let number: String = place.chars().take_while(char::is_ascii_digit).collect();
    SyntaxError {
        line: number.parse().unwrap_or(line),
        message: format!("this is not valid YAML: {}", shown(what)),
    }
}

const TAGGED: &str = "YAML tags (`!name`) are not used here";
const KEY_KIND: &str = "a key must be plain text";
const KEY_LENGTH: &str = "a key is longer than 200 bytes";
const DEPTH: &str = "lists and mappings are nested too deeply";
const TOO_MANY: &str = "too many values; aliases count each time they are used";
const NUMBER: &str = "a number is too large";

#[derive(Clone, Copy)]
struct NodeSeed<'b> {
    budget: &'b Budget,
    depth: usize,
}

impl NodeSeed<'_> {
    fn deeper<E: de::Error>(self) -> Result<Self, E> {
        self.budget.spend(0)?;
        if self.depth >= MAX_DEPTH {
            return Err(E::custom(DEPTH));
        }
        Ok(NodeSeed { depth: self.depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for NodeSeed<'_> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for NodeSeed<'_> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Node, E> {
        self.budget.keep(NodeValue::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Node, E> {
        self.budget.keep(NodeValue::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Node, E> {
        self.budget.keep(NodeValue::Bool(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Node, E> {
        self.budget.keep(NodeValue::Integer(value))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Node, E> {
        let value = i64::try_from(value).map_err(|_| E::custom(NUMBER))?;
        self.budget.keep(NodeValue::Integer(value))
    }

    fn visit_i128<E: de::Error>(self, _: i128) -> Result<Node, E> {
        Err(E::custom(NUMBER))
    }

    fn visit_u128<E: de::Error>(self, _: u128) -> Result<Node, E> {
        Err(E::custom(NUMBER))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Node, E> {
        self.budget.keep(NodeValue::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Node, E> {
        self.budget.keep(NodeValue::Text(value.to_owned()))
    }

    fn visit_enum<A: EnumAccess<'de>>(self, _: A) -> Result<Node, A::Error> {
        Err(de::Error::custom(TAGGED))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Node, A::Error> {
        let seed = self.deeper()?;
        let mut nodes = Vec::new();
        loop {
            match seq.next_element_seed(seed) {
                Ok(Some(node)) => nodes.push(node),
                Ok(None) => break,
                Err(error) => nodes.push(self.budget.kept(&error).ok_or(error)?),
            }
        }
        let line = nodes.first().map_or(0, |node| node.line);
        Ok(Node { line, value: NodeValue::List(nodes) })
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Node, A::Error> {
        let seed = self.deeper()?;
        let mut entries: Vec<Entry> = Vec::new();
        let mut keys = BTreeSet::new();
        loop {
            let key = match map.next_key_seed(seed) {
                Ok(Some(_)) => return Err(de::Error::custom(KEY_KIND)),
                Ok(None) => break,
                Err(error) => self.budget.kept(&error).ok_or(error)?,
            };
            let line = key.line;
            let NodeValue::Text(key) = key.value else { return Err(de::Error::custom(KEY_KIND)) };
            if key.len() > MAX_KEY {
                return Err(de::Error::custom(KEY_LENGTH));
            }
            if !keys.insert(key.clone()) {
                let first = self.budget.twice.take();
                self.budget.twice.replace(first.or_else(|| Some((line, key.clone()))));
            }
            let value = match map.next_value_seed(seed) {
                Ok(node) => node,
                Err(error) => self.budget.kept(&error).ok_or(error)?,
            };
            entries.push(Entry { key, line, value });
        }
        let line = entries.first().map_or(0, |entry| entry.line);
        Ok(Node { line, value: NodeValue::Map(entries) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The tree as text, each value with its line.
    fn outline(node: &Node) -> String {
        let value = match &node.value {
            NodeValue::List(nodes) => {
                format!("[{}]", nodes.iter().map(outline).collect::<Vec<_>>().join(" "))
            }
            NodeValue::Map(entries) => {
                let entries = entries.iter();
                let shown = entries.map(|e| format!("{}@{}: {}", e.key, e.line, outline(&e.value)));
                format!("{{{}}}", shown.collect::<Vec<_>>().join(", "))
            }
            _ => node.to_json().to_string(),
        };
        format!("{value}@{}", node.line)
    }

    fn lines(text: &str) -> String {
        read(text).map_or_else(|e| format!("{}: {}", e.line, e.message), |node| outline(&node))
    }

    #[test]
    fn every_value_knows_its_line() {
        let text = "a: 1\n\nb:\n  - x\n  - y: [true, ~,\n         'z']\nc: {}\nd:\n  - []\n";
        insta::assert_snapshot!(
            lines(text),
            @r#"{a@1: 1@1, b@3: ["x"@4 {y@5: [true@5 null@5 "z"@6]@5}@5]@4, c@7: {}@7, d@8: [[]@8]@8}@1"#
        );
    }

    #[test]
    fn a_document_may_be_empty_or_one_scalar() {
        insta::assert_snapshot!(lines(""), @"null@1");
        insta::assert_snapshot!(lines("# nothing\n\n"), @"null@3");
        insta::assert_snapshot!(lines("\n\nword"), @r#""word"@3"#);
    }

    #[test]
    fn faults_have_lines_and_show_no_values() {
        insta::assert_snapshot!(lines("a: 1\nb: 2\na: 3\n"), @"3: the key `a` stands here a second time");
        insta::assert_snapshot!(lines("a: 1\nb: !x 2\n"), @"2: YAML tags (`!name`) are not used here");
        insta::assert_snapshot!(lines("a: 1\nb: !!int hidden\n"), @"2: a value does not fit its YAML tag");
        insta::assert_snapshot!(lines("a: 1\n? [b]\n: 2\n"), @"1: a key must be plain text");
        insta::assert_snapshot!(lines("a: 1\n---\nb: 2\n"), @"1: the file holds more than one YAML document (`---`)");
        insta::assert_snapshot!(lines("a: 1\nb: 99999999999999999999\n"), @"2: a number is too large");
        insta::assert_snapshot!(lines("a: *b\n"), @"1: this is not valid YAML: unknown anchor");
        insta::assert_snapshot!(lines("a: 1\nb: [1,\nc: 2\n"), @"4: this is not valid YAML: did not find expected ',' or ']'");
        insta::assert_snapshot!(lines("a: 1\n\tb: 2\n"), @"2: this is not valid YAML: found a tab character that violates indentation");
    }

    #[test]
    fn control_characters_have_a_line() {
        insta::assert_snapshot!(lines("a: 1\nb: \x1b[31m\n"), @"2: this is not valid YAML: control characters are not allowed");
    }

    #[test]
    fn aliases_work_but_do_not_multiply() {
        insta::assert_snapshot!(lines("a: &x [1]\nb: *x\n"), @"{a@1: [1@1]@1, b@2: [1@1]@1}@1");
        let level = |i: usize| {
            let one = if i == 0 { "x,".to_owned() } else { format!("*a{},", i - 1) };
            format!("a{i}: &a{i} [{}]\n", one.repeat(10))
        };
        let laughs: Vec<String> = (0..20).map(level).collect();
        let laughs = laughs.concat();
        let fault = lines(&laughs);
        assert!(
            fault.ends_with("too many values; aliases count each time they are used"),
            "{fault}"
        );
        // One long list used many times grows quadratically without nesting.
        let wide = format!("a: &a [{}]\nb: [{}]\n", "1,".repeat(20_000), "*a,".repeat(20_000));
        assert!(lines(&wide).contains("too many values"));
        // A value that holds itself.
        assert!(lines("a: &a [*a, *a]\n").contains("nested too deeply"));
    }

    #[test]
    fn deep_and_long_documents_end_soon() {
        let started = std::time::Instant::now();
        let fault = |text: String| read(&text).map(|_| ()).map_err(|e| e.message);
        for deep in ["[".repeat(1 << 20), "{a: ".repeat(1 << 18)] {
            assert!(fault(deep).expect_err("refused").starts_with("too many `[`"));
        }
        for deep in
            ["[".repeat(2_000) + &"a,".repeat(1 << 19), "- ".repeat(1 << 19), "? ".repeat(1 << 19)]
        {
            assert_eq!(fault(deep), Err(DEPTH.to_owned()));
        }
        assert_eq!(fault("- 1\n".repeat(1 << 18)), Err(TOO_MANY.to_owned()));
        assert!(fault(format!("{}: 1", "k".repeat(1 << 20))).is_err());
        assert_eq!(fault(format!("{}: 1", "k".repeat(201))), Err(KEY_LENGTH.to_owned()));
        assert_eq!(fault("a: |\n".to_owned() + &" x\n".repeat(1 << 18)), Ok(()));
        assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
    }
}
