//! The text around armoured keys: BEGIN and END lines, and the ways a key's lines are written
//! inside other files: indented, commented out, in a diff, with `\n` escapes on one line, or as
//! string literals that the language joins.

/// Bytes between two string literals that are joined, such as `" +` and the next line's indent.
const MAX_GAP: usize = 96;

/// Longest label, in bytes.
pub(crate) const MAX_LABEL: usize = 64;

/// Start of the first line.
pub(crate) const BEGIN: &[u8] = b"-----BEGIN ";

/// Start of the last line.
pub(crate) const END: &[u8] = b"-----END ";

/// What closes both.
pub(crate) const DASHES: &[u8] = b"-----";

/// An armoured block, its framing gone.
#[derive(Debug)]
pub(super) struct Block<'a> {
    /// What BEGIN and END both say.
    pub label: &'a [u8],
    /// The lines between them without indent, comment marks, quotes and escapes.
    pub lines: Vec<Vec<u8>>,
}

/// Takes one whole block apart.
pub(super) fn parse(text: &[u8]) -> Result<Block<'_>, &'static str> {
    let text = text.trim_ascii();
    let rest = text.strip_prefix(BEGIN).ok_or("no BEGIN line")?;
    let label = label(rest).ok_or("no BEGIN line")?;
    let body = rest.get(label.len() + DASHES.len()..).unwrap_or_default();
    let end = memchr::memmem::rfind(body, END).ok_or("no END line")?;
    let (body, last) = body.split_at(end);
    let closing = last.strip_prefix(END).and_then(|last| last.strip_prefix(label));
    if closing != Some(DASHES) {
        return Err("BEGIN and END disagree");
    }
    Ok(Block { label, lines: lines(body)? })
}

/// The label at the start of `text`, up to the dashes that close it.
pub(crate) fn label(text: &[u8]) -> Option<&[u8]> {
    let length = text
        .iter()
        .take(MAX_LABEL)
        .take_while(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || **b == b' ')
        .count();
    let (label, rest) = text.split_at(length);
    (length > 0 && rest.starts_with(DASHES)).then_some(label)
}

/// The logical lines of a block's body, trimmed, without the framing of the file around it.
fn lines(body: &[u8]) -> Result<Vec<Vec<u8>>, &'static str> {
    let mark = line_mark(body);
    let mut reader = Reader { lines: vec![Vec::new()], outside: false, gap: 0 };
    for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
        let mut line = line.trim_ascii();
        if at > 0 {
            line = line.strip_prefix(mark).unwrap_or(line).trim_ascii_start();
        }
        reader.feed(line)?;
        reader.end_line();
    }
    for line in &mut reader.lines {
        *line = line.trim_ascii().to_vec();
    }
    Ok(reader.lines)
}

/// What stands before the END line, when that is the mark of a comment, quotation or diff rather
/// than indentation or a string literal.
fn line_mark(body: &[u8]) -> &[u8] {
    let start = memchr::memrchr(b'\n', body).map_or(body.len(), |at| at + 1);
    let mark = body.get(start..).unwrap_or_default().trim_ascii();
    let is_mark = |byte: &u8| b"#/*>+-;%|!: ".contains(byte);
    if mark.len() <= 8 && mark.iter().all(is_mark) { mark } else { b"" }
}

/// Reads text that may consist of several string literals, starting inside the first.
struct Reader {
    lines: Vec<Vec<u8>>,
    /// Between two literals.
    outside: bool,
    /// Bytes seen since the last literal closed.
    gap: usize,
}

impl Reader {
    fn end_line(&mut self) {
        if !self.outside {
            self.lines.push(Vec::new());
        }
    }

    fn push(&mut self, byte: u8) {
        if let Some(line) = self.lines.last_mut() {
            line.push(byte);
        }
    }

    fn feed(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let mut at = 0;
        while let Some(&byte) = line.get(at) {
            let next = line.get(at + 1).copied();
            if self.outside {
                self.gap += 1;
                if self.gap > MAX_GAP {
                    return Err("text inside the block");
                }
                if is_quote(byte) {
                    (self.outside, self.gap) = (false, 0);
                }
            } else if is_quote(byte) && !inside_word(line, at) {
                self.outside = true;
                self.lines.push(Vec::new());
            } else if byte == b'\\' {
                at += self.escape(next, line.get(at + 2..).unwrap_or_default())?;
            } else {
                self.push(byte);
            }
            at += 1;
        }
        Ok(())
    }

    /// Reads what follows a backslash; how many bytes of it are dealt with.
    fn escape(&mut self, next: Option<u8>, after: &[u8]) -> Result<usize, &'static str> {
        match next {
            // A continued line, a doubled backslash and an escaped quote are dealt with as the
            // character that follows.
            None | Some(b'\\' | b'"' | b'\'' | b'`') => Ok(0),
            Some(b'n') => {
                self.lines.push(Vec::new());
                Ok(1)
            }
            Some(b'r' | b't') => {
                self.push(b' ');
                Ok(1)
            }
            Some(b'/') => {
                self.push(b'/');
                Ok(1)
            }
            Some(b'u') => {
                let byte = after
                    .get(..4)
                    .and_then(|digits| std::str::from_utf8(digits).ok())
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok())
                    .ok_or("an escape that is no text")?;
                if byte == b'\n' {
                    self.lines.push(Vec::new());
                } else {
                    self.push(byte);
                }
                Ok(5)
            }
            Some(_) => Err("a stray backslash"),
        }
    }
}

fn is_quote(byte: u8) -> bool {
    matches!(byte, b'"' | b'\'' | b'`')
}

/// Whether the quote at `at` is an apostrophe between two letters, as in a header's comment.
fn inside_word(line: &[u8], at: usize) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| line.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    letter(at.checked_sub(1)) && letter(Some(at + 1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(text: &str) -> Result<String, &'static str> {
        let block = format!("-----BEGIN X KEY-----{text}-----END X KEY-----");
        let lines = parse(block.as_bytes())?.lines;
        Ok(String::from_utf8(lines.concat()).expect("ASCII"))
    }

    #[test]
    fn every_way_of_writing_lines_gives_the_same_body() {
        for text in [
            "\nab+/\ncd==\n",
            "\r\nab+/\r\ncd==\r\n",
            "\n    ab+/\n    cd==\n    ",
            "\n# ab+/\n# cd==\n# ",
            "\n+ab+/\n+cd==\n+",
            "\n > ab+/\n > cd==\n > ",
            r"\nab+/\ncd==\n",
            r"\r\nab+/\r\ncd==\r\n",
            r"\\nab+\/\\ncd==\\n",
            r"\nab\u002b/\ncd\u003d=\u000a",
            " ab+/ cd== ",
            "\\n\" +\n  \"ab+/\\n\" +\n  \"cd==\\n\" +\n  \"",
            "\\n'\n  'ab+/\\n'\n  'cd==\\n'\n  '",
            "\\n\");\nsb.append(\"ab+/\\n\");\nsb.append(\"cd==\\n\");\nsb.append(\"",
            "\",\n\"ab+/\",\n\"cd==\",\n\"",
            "\\n\\\nab+/\\n\\\ncd==\\n\\\n",
            "\\n\\\"+\\\"ab+/\\n\\\"+\\\"cd==\\n\\\"+\\\"",
        ] {
            let joined = body(text).expect(text).replace(' ', "");
            assert_eq!(joined, "ab+/cd==", "{text}");
        }
    }

    #[test]
    fn prose_between_the_lines_is_no_body() {
        let prose = "a word ".repeat(20);
        assert!(body(&format!("\" and then {prose} and \"")).is_err());
        assert!(body(r"\q").is_err());
        assert!(body(r"\u00zz").is_err());
    }

    #[test]
    fn framing_must_be_whole_and_agree() {
        let whole = "-----BEGIN X KEY-----\nQUJD\n-----END X KEY-----";
        assert!(parse(whole.as_bytes()).is_ok());
        for end in 0..whole.len() {
            assert!(parse(&whole.as_bytes()[..end]).is_err(), "{end}");
        }
        assert!(parse(whole.replace("END X", "END Y").as_bytes()).is_err());
        assert!(parse(whole.replace("BEGIN X", "BEGIN x").as_bytes()).is_err());
    }
}
