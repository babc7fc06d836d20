//! As much of TOML 1.0 as an allowlist needs: tables, and their keys with texts and lists of texts.
//! Every other value is passed over. Nothing is entered recursively, so depth costs nothing.

use super::{File, ForeignError};

/// A table, or one of a list of tables.
#[derive(Debug, Default)]
pub(super) struct Table {
    /// Its name, dots between the parts.
    pub(super) name: String,
    /// The line of its header, counted from 1.
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

/// All tables of a document; the first has no name.
pub(super) fn tables(content: &[u8], file: &File) -> Result<Vec<Table>, ForeignError> {
    let text = std::str::from_utf8(content).map_err(|_| file.fault(None, "is not UTF-8"))?;
    let mut reader = Reader { rest: text, line: 1 };
    let mut tables = vec![Table { line: 1, ..Table::default() }];
    reader
        .document(&mut tables)
        .map_err(|why| file.fault(Some(reader.line), format!("is not TOML: {why}")))?;
    Ok(tables)
}

struct Reader<'a> {
    rest: &'a str,
    line: usize,
}

type Step<T> = Result<T, &'static str>;

impl Reader<'_> {
    fn document(&mut self, tables: &mut Vec<Table>) -> Step<()> {
        let mut current = 0;
        loop {
            self.blank();
            let line = self.line;
            match self.peek() {
                None => return Ok(()),
                Some('[') => {
                    self.bump();
                    let list = self.eat('[');
                    let name = self.dotted()?;
                    let closed = self.eat(']') && (!list || self.eat(']'));
                    if !closed {
                        return Err("a table's name is not closed by `]`");
                    }
                    current = tables.len();
                    tables.push(Table { name, line, keys: Vec::new() });
                }
                Some(_) => {
                    let name = self.dotted()?;
                    if !self.eat('=') {
                        return Err("a key without `=`");
                    }
                    let texts = self.value()?;
                    let Some(table) = tables.get_mut(current) else { return Ok(()) };
                    // `a.b = …` is the key `b` of the table `a`.
                    match name.rsplit_once('.') {
                        None => table.keys.push(Key { name, line, texts }),
                        Some((inner, key)) => {
                            let inner = match table.name.as_str() {
                                "" => inner.to_owned(),
                                outer => format!("{outer}.{inner}"),
                            };
                            let key = Key { name: key.to_owned(), line, texts };
                            tables.push(Table { name: inner, line, keys: vec![key] });
                        }
                    }
                }
            }
            self.spaces();
            if !matches!(self.peek(), None | Some('\n' | '\r' | '#')) {
                return Err("something follows where the line should end");
            }
        }
    }

    /// A name of parts with dots between them.
    fn dotted(&mut self) -> Step<String> {
        let mut name = String::new();
        loop {
            self.spaces();
            if let Some('"' | '\'') = self.peek() {
                name.push_str(&self.text()?);
            } else {
                let bare = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
                let end = self.rest.find(|c| !bare(c)).unwrap_or(self.rest.len());
                if end == 0 {
                    return Err("a name is missing");
                }
                let (part, rest) = self.rest.split_at(end);
                name.push_str(part);
                self.rest = rest;
            }
            self.spaces();
            if !self.eat('.') {
                return Ok(name);
            }
            name.push('.');
        }
    }

    /// A value: its texts if it is a text or a list of texts.
    fn value(&mut self) -> Step<Vec<(usize, String)>> {
        self.spaces();
        let line = self.line;
        match self.peek() {
            Some('"' | '\'') => Ok(vec![(line, self.text()?)]),
            Some('[' | '{') => self.list(),
            Some(_) => {
                let end = self.rest.find(['\n', '#']).unwrap_or(self.rest.len());
                self.rest = &self.rest[end..];
                Ok(Vec::new())
            }
            None => Err("a value is missing"),
        }
    }

    /// A list or an inline table: texts directly in a list count, what lies deeper does not.
    fn list(&mut self) -> Step<Vec<(usize, String)>> {
        let mut texts = Vec::new();
        let wanted = self.peek() == Some('[');
        let mut depth = 0_usize;
        loop {
            self.blank();
            let line = self.line;
            match self.peek() {
                None => return Err("a list is not closed"),
                Some('[' | '{') => {
                    self.bump();
                    depth += 1;
                }
                Some(']' | '}') => {
                    self.bump();
                    depth -= 1;
                    if depth == 0 {
                        return Ok(texts);
                    }
                }
                Some('"' | '\'') => {
                    let text = self.text()?;
                    if wanted && depth == 1 {
                        texts.push((line, text));
                    }
                }
                Some(_) => self.bump(),
            }
        }
    }

    /// A text of any of the four kinds.
    fn text(&mut self) -> Step<String> {
        for (mark, escapes) in [("'''", false), ("\"\"\"", true)] {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                // A line end directly after the mark does not belong to the text.
                let first = self.rest.strip_prefix("\r\n").or(self.rest.strip_prefix('\n'));
                if let Some(rest) = first {
                    self.rest = rest;
                    self.line += 1;
                }
                return self.until(mark, escapes, true);
            }
        }
        if self.eat('\'') { self.until("'", false, false) } else { self.bump_text() }
    }

    fn bump_text(&mut self) -> Step<String> {
        self.bump();
        self.until("\"", true, false)
    }

    /// The text up to `mark`.
    fn until(&mut self, mark: &str, escapes: bool, lines: bool) -> Step<String> {
        let mut text = String::new();
        loop {
            if let Some(rest) = self.rest.strip_prefix(mark) {
                self.rest = rest;
                // Up to two more marks at the end belong to the text.
                let one = mark.get(..1).unwrap_or(mark);
                while mark.len() == 3 && self.rest.starts_with(one) {
                    text.push_str(one);
                    self.rest = self.rest.get(1..).unwrap_or_default();
                }
                return Ok(text);
            }
            match self.peek() {
                None => return Err("a text is not closed"),
                Some('\n') if !lines => return Err("a text is not closed on its line"),
                Some('\\') if escapes => {
                    self.bump();
                    self.escape(&mut text)?;
                }
                Some(c) => {
                    text.push(c);
                    self.bump();
                }
            }
        }
    }

    fn escape(&mut self, text: &mut String) -> Step<()> {
        let c = self.peek().ok_or("a text is not closed")?;
        let plain = match c {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            '"' | '\\' => c,
            'u' | 'U' => {
                self.bump();
                let digits = if c == 'u' { 4 } else { 8 };
                let code = self.rest.get(..digits).ok_or("an escape is cut")?;
                let code = u32::from_str_radix(code, 16).map_err(|_| "an escape is no number")?;
                text.push(char::from_u32(code).ok_or("an escape is no character")?);
                self.rest = self.rest.get(digits..).unwrap_or_default();
                return Ok(());
            }
            // A line continued on the next one.
            '\n' | '\r' | ' ' | '\t' => {
                while self.peek().is_some_and(char::is_whitespace) {
                    self.bump();
                }
                return Ok(());
            }
            _ => return Err("an escape that there is not"),
        };
        text.push(plain);
        self.bump();
        Ok(())
    }

    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn bump(&mut self) {
        let mut chars = self.rest.chars();
        if chars.next() == Some('\n') {
            self.line += 1;
        }
        self.rest = chars.as_str();
    }

    fn eat(&mut self, wanted: char) -> bool {
        let found = self.peek() == Some(wanted);
        if found {
            self.bump();
        }
        found
    }

    fn spaces(&mut self) {
        self.rest = self.rest.trim_start_matches([' ', '\t']);
    }

    /// Passes over white space and comments.
    fn blank(&mut self) {
        loop {
            match self.peek() {
                Some('#') => {
                    let end = self.rest.find('\n').unwrap_or(self.rest.len());
                    self.rest = &self.rest[end..];
                }
                Some(c) if c.is_whitespace() => self.bump(),
                _ => return,
            }
        }
    }
}
