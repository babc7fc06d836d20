//! Jupyter notebooks (nbformat 3 and 4): JSON whose cells hold their lines as arrays of strings.
//! Each cell's source and text outputs are given as the person saw them, pictures left out.
//! The strings are read in place, so that offsets stay exact and a damaged file gives its start.

use super::escape;
use super::map::Builder;
use super::out::Out;
use crate::model::Layer;

/// How deep the values of an output may be nested.
const MOST_NESTED: u32 = 32;

/// Whether `text` looks like a notebook.
pub(super) fn is_notebook(text: &[u8]) -> bool {
    text.trim_ascii_start().starts_with(b"{")
        && memchr::memmem::find(text, b"\"nbformat\"").is_some()
        && memchr::memmem::find(text, b"\"cell_type\"").is_some()
}

/// Gives every cell. False when the JSON ends too early or is none.
pub(super) fn open(out: &mut Out<'_, '_>) -> bool {
    let mut json = Json { text: out.text, at: 0 };
    let mut cells = 0;
    notebook(&mut json, out, &mut cells).is_some()
}

fn notebook(json: &mut Json<'_>, out: &mut Out<'_, '_>, cells: &mut u32) -> Option<()> {
    json.members(|json, key| match key {
        b"cells" => json.elements(|json| cell(json, out, cells)),
        b"worksheets" => json.elements(|json| {
            json.members(|json, key| match key {
                b"cells" => json.elements(|json| cell(json, out, cells)),
                _ => json.skip(),
            })
        }),
        _ => json.skip(),
    })
}

fn cell(json: &mut Json<'_>, out: &mut Out<'_, '_>, cells: &mut u32) -> Option<()> {
    let mut builder = Builder::default();
    let read = json.members(|json, key| match key {
        b"source" | b"input" => value(json, &mut builder, MOST_NESTED),
        b"outputs" => json.elements(|json| {
            json.members(|json, key| match key {
                b"text" | b"traceback" | b"ename" | b"evalue" | b"data" | b"html" | b"json" => {
                    value(json, &mut builder, MOST_NESTED)
                }
                _ => json.skip(),
            })
        }),
        _ => json.skip(),
    });
    let (bytes, map) = builder.finish();
    let go_on = out.budget.take(bytes.len()) && out.emit(Layer::Notebook(*cells), bytes, map);
    *cells += 1;
    read.filter(|()| go_on)
}

/// Appends the strings of a value: those of an array one after the other, as notebooks split
/// lines; those of an object each with its name.
fn value(json: &mut Json<'_>, builder: &mut Builder, nested: u32) -> Option<()> {
    let nested = nested.checked_sub(1)?;
    match json.peek()? {
        b'"' => json.string(builder)?,
        b'[' => json.elements(|json| match json.peek()? {
            b'"' => json.string(builder),
            _ => value(json, builder, nested),
        })?,
        b'{' => json.members(|json, key| {
            if key.starts_with(b"image/") && key != b"image/svg+xml" {
                return json.skip();
            }
            // The key ends two or more bytes before its value, its quote and the colon between.
            let key_end = json.text.get(..json.at)?.iter().rposition(|byte| *byte == b'"')?;
            builder.copy(json.text, key_end.checked_sub(key.len())?..key_end);
            builder.replace(b": ", key_end..json.at);
            value(json, builder, nested)
        })?,
        _ => {
            let start = json.at;
            json.skip()?;
            builder.copy(json.text, start..json.at);
        }
    }
    if !builder.bytes.ends_with(b"\n") {
        builder.replace(b"\n", json.at..json.at);
    }
    Some(())
}

/// A place in a JSON text. Reads just enough to find strings; `None` means the text broke off.
struct Json<'a> {
    text: &'a [u8],
    at: usize,
}

impl<'a> Json<'a> {
    fn peek(&mut self) -> Option<u8> {
        let rest = self.text.get(self.at..)?;
        let blank = rest.iter().position(|byte| !byte.is_ascii_whitespace())?;
        self.at += blank;
        self.text.get(self.at).copied()
    }

    /// Reads `byte`; false when something else stands there.
    fn take(&mut self, byte: u8) -> Option<bool> {
        let there = self.peek()? == byte;
        self.at += usize::from(there);
        Some(there)
    }

    /// Calls `each` at every member's value, with its key as written; what is no object is skipped.
    fn members(&mut self, mut each: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        if !self.take(b'{')? {
            return self.skip();
        }
        while !self.take(b'}')? {
            let start = self.at + 1;
            self.skip_string()?;
            let key = self.text.get(start..self.at - 1)?;
            self.take(b':')?.then_some(())?;
            self.peek()?;
            each(self, key)?;
            self.take(b',')?;
        }
        Some(())
    }

    /// Calls `each` at every element; what is no array is skipped.
    fn elements(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        if !self.take(b'[')? {
            return self.skip();
        }
        while !self.take(b']')? {
            each(self)?;
            self.take(b',')?;
        }
        Some(())
    }

    /// Skips a value of any kind and depth.
    fn skip(&mut self) -> Option<()> {
        let mut depth = 0u32;
        loop {
            match self.peek()? {
                b'"' => self.skip_string()?,
                b'{' | b'[' => {
                    depth += 1;
                    self.at += 1;
                }
                b'}' | b']' => {
                    depth = depth.checked_sub(1)?;
                    self.at += 1;
                }
                b',' | b':' if depth == 0 => return None,
                b',' | b':' => self.at += 1,
                _ => {
                    let rest = self.text.get(self.at..)?;
                    let ends = |byte: &u8| {
                        matches!(byte, b',' | b':' | b'}' | b']' | b'{' | b'[' | b'"')
                            || byte.is_ascii_whitespace()
                    };
                    self.at += rest.iter().position(ends).unwrap_or(rest.len()).max(1);
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }

    fn skip_string(&mut self) -> Option<()> {
        self.take(b'"')?.then_some(())?;
        loop {
            let rest = self.text.get(self.at..)?;
            let found = memchr::memchr2(b'"', b'\\', rest)?;
            self.at += found + 1;
            if rest.get(found) == Some(&b'"') {
                return Some(());
            }
            self.at += 1;
        }
    }

    /// Appends the string here, its escapes replaced. A string cut off still gives its start.
    fn string(&mut self, builder: &mut Builder) -> Option<()> {
        self.take(b'"')?.then_some(())?;
        loop {
            let rest = self.text.get(self.at..)?;
            let found = memchr::memchr2(b'"', b'\\', rest).unwrap_or(rest.len());
            builder.copy(self.text, self.at..self.at + found);
            self.at += found;
            if *self.text.get(self.at)? == b'"' {
                self.at += 1;
                return Some(());
            }
            let (len, put) = match self.text.get(self.at + 1)? {
                b'n' => (2, b'\n'),
                b't' => (2, b'\t'),
                b'r' => (2, b'\r'),
                b'u' => {
                    let escape = escape::at(self.text, self.at);
                    let len = escape.as_ref().map_or(2, |escape| escape.len);
                    let value = escape.as_ref().map_or(&b"?"[..], |escape| escape.value());
                    builder.replace(value, self.at..self.at + len);
                    self.at += len;
                    continue;
                }
                other => (2, *other),
            };
            builder.replace(&[put], self.at..self.at + len);
            self.at += len;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{cut_everywhere, flip_everywhere, pieces};
    use super::*;

    const NOTEBOOK: &str = r#"{"cells": [
        {"cell_type": "markdown", "metadata": {"a": [1, {}]}, "source": "Some \"words\""},
        {"cell_type": "code", "outputs": [
            {"output_type": "stream", "name": "stdout", "text": ["printed\n", "lines\n"]},
            {"data": {"image/png": "iVBORw0KGgo=", "text/plain": ["shown"],
             "application/json": {"api_key": "xyz", "n": 12}}},
            {"ename": "Error", "evalue": "bad \u0041\ud83d\ude00", "traceback": ["one", "two"]}],
         "source": ["key = 'ab", "cd'\n", "print(key)"]}],
        "metadata": {"x": "y"}, "nbformat": 4, "nbformat_minor": 5}"#;

    #[test]
    fn cells_are_given_with_source_and_text_outputs() {
        let found = pieces(NOTEBOOK.as_bytes());
        assert_eq!(found.len(), 2);
        assert_eq!(found[0].layer, Layer::Notebook(0));
        assert_eq!(found[0].bytes, b"Some \"words\"\n");
        assert_eq!(found[1].layer, Layer::Notebook(1));
        let cell = String::from_utf8(found[1].bytes.clone()).unwrap();
        assert_eq!(
            cell,
            "printed\nlines\ntext/plain: shown\napplication/json: api_key: xyz\nn: 12\nError\n\
             bad A\u{1f600}\nonetwo\nkey = 'abcd'\nprint(key)\n"
        );
        let at = cell.find("abcd").unwrap();
        assert_eq!(&NOTEBOOK[found[1].map.source(at, at + 4)], "ab\", \"cd");
    }

    #[test]
    fn the_third_format_keeps_cells_in_worksheets() {
        let text = r#"{"nbformat": 3, "worksheets": [{"cells": [
            {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "outputs": []}]}]}"#;
        assert_eq!(pieces(text.as_bytes())[0].bytes, b"a = 1\nb = 2\n");
    }

    #[test]
    fn damaged_notebooks_give_what_is_there() {
        let cut = &NOTEBOOK[..NOTEBOOK.find("print(").unwrap() + 5];
        let text = cut.replacen('{', "{\"nbformat\": 4, ", 1);
        let found = pieces(text.as_bytes());
        assert!(found[1].bytes.ends_with(b"key = 'abcd'\nprint"));
        cut_everywhere(NOTEBOOK.as_bytes(), |_, _| {});
        flip_everywhere(NOTEBOOK.as_bytes());
    }

    #[test]
    fn deep_nesting_is_no_stack_overflow() {
        let deep = "[".repeat(200_000);
        for key in ["metadata", "source"] {
            let text =
                format!("{{\"nbformat\": 4, \"cells\": [{{\"cell_type\": 1, \"{key}\": {deep}");
            pieces(text.as_bytes());
        }
    }
}
