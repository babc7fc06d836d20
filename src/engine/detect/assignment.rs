//! Credentials assigned to a telling name (`password`, `api_key`, `client_secret`) in any of the
//! syntaxes that people write: code, YAML, JSON, TOML, properties, XML, dotenv, shells, options,
//! Terraform, Markdown, `.netrc`, queries and connection strings.
//!
//! The work goes from cheap to dear. First the bytes after the key word: most words in prose and
//! code are not followed by anything that assigns. Then the name around the word ([`key`]), where
//! the value stands ([`syntax`], [`value`]), whether it is a placeholder or an expression
//! ([`reject`]), and last how much it looks like a credential ([`features`], [`score`]). Nothing
//! but the look into base64 allocates, and nothing looks outside the reach that the rule states.

mod bigrams;
mod code;
mod explain;
mod features;
mod header;
mod key;
mod lists;
mod model;
mod named;
mod reject;
mod score;
mod syntax;
mod value;
mod words;

use std::ops::Range;

use crate::model::{Confidence, Fact, LIKELIHOOD};
use crate::rule::schema::Reach;

/// A value assigned to a telling name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignment {
    /// Where the value stands in the text, without its quotes.
    pub value: Range<usize>,
    /// Where the whole name stands.
    pub key: Range<usize>,
    /// How much the value looks like a credential.
    pub confidence: Confidence,
    /// How likely it is one, and what decided.
    pub likelihood: Fact,
}

/// Finds what is assigned to the name that holds the key word at `literal` (a byte range of
/// `text`), looking at most `reach` bytes to either side of it. Gives nothing when nothing is
/// assigned there, or nothing that could be a credential.
pub fn detect(text: &[u8], literal: Range<usize>, reach: Reach) -> Option<Assignment> {
    let window = Window::new(text, &literal, reach)?;
    let (key, slot) = candidate(&window)?;
    let features = features::Features::of(&window, &key, &slot);
    let numbers = named::numbers(&window, &key, &slot, &features);
    let confidence = score::confidence(&features, &numbers)?;
    let offset = window.offset;
    Some(Assignment {
        value: offset + slot.value.start..offset + slot.value.end,
        key: offset + key.span.start..offset + key.span.end,
        confidence,
        likelihood: Fact::new(LIKELIHOOD, explain::likelihood(&numbers)),
    })
}

/// A candidate's measurements, for training the model and for showing what decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Measured {
    /// Where the value stands in the text, without its quotes.
    pub value: Range<usize>,
    /// The numbers that say something of it, by name.
    pub numbers: Vec<(&'static str, i32)>,
}

/// What is measured of the value assigned to the name that holds the key word at `literal`; nothing
/// when there is none, or none that could be a credential.
pub fn measure(text: &[u8], literal: Range<usize>, reach: Reach) -> Option<Measured> {
    let window = Window::new(text, &literal, reach)?;
    let (key, slot) = candidate(&window)?;
    let features = features::Features::of(&window, &key, &slot);
    let numbers = named::numbers(&window, &key, &slot, &features);
    let numbers = named::NAMES.iter().zip(numbers);
    Some(Measured {
        value: window.offset + slot.value.start..window.offset + slot.value.end,
        numbers: numbers.filter_map(|(name, number)| Some((*name, number?))).collect(),
    })
}

/// The key around the window's key word and the value assigned to it, unless that is certainly no
/// credential.
fn candidate(window: &Window<'_>) -> Option<(key::Key, value::Slot)> {
    let extent = key::extent(window)?;
    let around = syntax::around(window, &extent)?;
    let key = key::Key::around(window, &extent)?;
    let slot = syntax::locate(window, &key, around)
        .or_else(|| syntax::block_default(window, &key, around))?;
    let slot = slot.without_scheme(window);
    let mut key = key;
    if slot.scheme && key.kind == key::Kind::Vague {
        // Whatever `authorization` may mean elsewhere, here it carries a credential.
        key.kind = key::Kind::Token;
    }
    let none = slot.value.is_empty() || reject::is_no_credential(window, &key, &slot);
    (!none).then_some((key, slot))
}

/// How much a password looks like one that opens something, where a URL, a header or a file of
/// logins says by its form that it is a password: low for words, stand-ins and what repeats `user`.
pub fn password_confidence(value: &[u8], user: &[u8]) -> Confidence {
    if reject::is_no_password(value) {
        return Confidence::Low;
    }
    let features = features::Features::of_password(value, user);
    let numbers = named::of_value(value, &features);
    score::of_password(&features, &numbers)
}

/// Whether a password is nothing but what passwords are called and `user`: a stand-in anywhere.
pub fn is_stand_in(value: &[u8], user: &[u8]) -> bool {
    reject::is_no_password(value) || features::Features::of_password(value, user).residue <= 2
}

/// The part of a text that may decide a verdict. Offsets inside it are its own.
struct Window<'a> {
    /// The bytes in reach.
    bytes: &'a [u8],
    /// Offset of the first of them in the text.
    offset: usize,
    /// The key word.
    literal: Range<usize>,
    /// The text may go on before the window.
    cut_front: bool,
    /// The text may go on after the window.
    cut_back: bool,
}

impl<'a> Window<'a> {
    /// The window around `literal`; nothing when that is no range of `text`.
    fn new(text: &'a [u8], literal: &Range<usize>, reach: Reach) -> Option<Self> {
        let before = usize::try_from(reach.before).unwrap_or(usize::MAX);
        let after = usize::try_from(reach.after).unwrap_or(usize::MAX);
        let start = literal.start.saturating_sub(before);
        let furthest = literal.end.saturating_add(after);
        let end = furthest.min(text.len());
        text.get(literal.clone())?;
        Some(Window {
            bytes: text.get(start..end)?,
            offset: start,
            literal: literal.start - start..literal.end - start,
            // A text that ends exactly where the reach does could go on without our seeing it.
            cut_front: before <= literal.start,
            cut_back: furthest <= text.len(),
        })
    }

    /// The byte at `at`.
    fn at(&self, at: usize) -> Option<u8> {
        self.bytes.get(at).copied()
    }

    /// The bytes of `range`, nothing when it is out of bounds.
    fn get(&self, range: &Range<usize>) -> &'a [u8] {
        self.bytes.get(range.clone()).unwrap_or_default()
    }

    /// Everything from `at` on.
    fn rest(&self, at: usize) -> &'a [u8] {
        self.bytes.get(at..).unwrap_or_default()
    }

    /// At most `length` bytes and one more from `at` on; nothing past the end.
    fn bounded(&self, at: usize, length: usize) -> Option<&'a [u8]> {
        let rest = self.bytes.get(at..)?;
        rest.get(..length + 1).or(Some(rest))
    }

    /// Whether `bytes` stand at `at`.
    fn has(&self, at: usize, bytes: &[u8]) -> bool {
        self.rest(at).starts_with(bytes)
    }

    /// How many bytes from `at` on are `wanted`.
    fn run(&self, at: usize, wanted: impl Fn(u8) -> bool) -> usize {
        self.rest(at).iter().take_while(|b| wanted(**b)).count()
    }

    /// Spaces and tabs at `at`.
    fn blanks(&self, at: usize) -> usize {
        self.run(at, |b| matches!(b, b' ' | b'\t'))
    }

    /// Spaces, tabs and line breaks at `at`.
    fn space(&self, at: usize) -> usize {
        self.run(at, |b| b.is_ascii_whitespace())
    }

    /// Whether a run that ends at `at` may be cut short by the window's end.
    fn cuts(&self, at: usize) -> bool {
        self.cut_back && at >= self.bytes.len()
    }

    /// What stands before `at` on its line.
    fn line_before(&self, at: usize) -> &'a [u8] {
        let before = self.bytes.get(..at).unwrap_or_default();
        let start = memchr::memrchr(b'\n', before).map_or(0, |line| line + 1);
        before.get(start..).unwrap_or_default()
    }

    /// Whether the key begins its line, but for what lists, exports and comments put before it.
    fn own_line(&self) -> bool {
        let line = self.line_before(self.literal.start);
        let name = line
            .iter()
            .rev()
            .take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'))
            .count();
        let lead = line.get(..line.len() - name).unwrap_or_default().trim_ascii();
        words::is_one_of(lead, lists::LEADS)
    }
}

#[cfg(test)]
mod tests;
