//! What a PDF page shows: the strings of its text operators, one after the other, a line break
//! where the page goes to another line (ISO 32000, 9.4). Strings are taken as they stand, which is
//! right for the fonts with a standard encoding; glyph numbers of others are no text.

/// A gap of this many thousandths of the font size between two strings is a space.
const SPACE: f32 = -200.0;

/// The most operands kept for one operator.
const MOST_OPERANDS: usize = 6;

/// The deepest nesting of parentheses in a string.
const MOST_NESTED: u32 = 100;

/// One token of a content stream.
enum Token<'a> {
    Text(Vec<u8>),
    Number(f32),
    /// An operator, or the brackets of an array.
    Word(&'a [u8]),
    Other,
}

/// The text that a content stream shows; `None` when it shows none or is no content stream.
pub(super) fn shown(stream: &[u8]) -> Option<Vec<u8>> {
    memchr::memmem::find(stream, b"BT")?;
    memchr::memmem::find(stream, b"T")?;
    let mut reader = Reader { stream, at: 0 };
    let mut page = Vec::new();
    let mut strings = Vec::new();
    let mut numbers: Vec<f32> = Vec::new();
    let mut in_array = false;
    while let Some(token) = reader.next() {
        match token {
            Token::Text(text) => strings.extend_from_slice(&text),
            Token::Number(number) if in_array => {
                if number < SPACE && !strings.ends_with(b" ") {
                    strings.push(b' ');
                }
            }
            Token::Number(number) => {
                if numbers.len() == MOST_OPERANDS {
                    numbers.remove(0);
                }
                numbers.push(number);
            }
            Token::Word(b"[") => in_array = true,
            Token::Word(b"]") => in_array = false,
            Token::Word(operator) => {
                match operator {
                    b"Tj" | b"TJ" => page.append(&mut strings),
                    b"'" | b"\"" => {
                        break_line(&mut page);
                        page.append(&mut strings);
                    }
                    b"Td" | b"TD" if numbers.last().is_some_and(|y| *y == 0.0) => space(&mut page),
                    b"Td" | b"TD" | b"Tm" | b"T*" | b"ET" => break_line(&mut page),
                    _ => {}
                }
                strings.clear();
                numbers.clear();
            }
            Token::Other => {}
        }
    }
    let text = super::text::is_text(&page, false);
    (text && !page.trim_ascii().is_empty()).then_some(page)
}

fn break_line(page: &mut Vec<u8>) {
    while page.last() == Some(&b' ') {
        page.pop();
    }
    if !page.is_empty() && !page.ends_with(b"\n") {
        page.push(b'\n');
    }
}

fn space(page: &mut Vec<u8>) {
    if !page.ends_with(b" ") && !page.ends_with(b"\n") && !page.is_empty() {
        page.push(b' ');
    }
}

struct Reader<'a> {
    stream: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn next(&mut self) -> Option<Token<'a>> {
        let rest = self.stream.get(self.at..)?;
        let blank = rest.iter().position(|byte| !is_blank(*byte))?;
        self.at += blank;
        let rest = rest.get(blank..)?;
        Some(match rest.first()? {
            b'(' => Token::Text(self.string()),
            b'<' if rest.get(1) != Some(&b'<') => {
                let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
                self.at += end + 1;
                Token::Text(super::pdf::from_hex(rest.get(1..end).unwrap_or_default()))
            }
            b'%' => {
                self.at += memchr::memchr2(b'\n', b'\r', rest).unwrap_or(rest.len());
                Token::Other
            }
            b'[' | b']' => {
                self.at += 1;
                Token::Word(rest.get(..1)?)
            }
            b'<' | b'>' | b'{' | b'}' | b')' => {
                self.at += 1;
                Token::Other
            }
            first => {
                let name = usize::from(*first == b'/');
                let word = rest.get(name..)?;
                let ends = |byte: &u8| is_blank(*byte) || b"()<>[]{}/%".contains(byte);
                let len = name + word.iter().position(ends).unwrap_or(word.len());
                self.at += len.max(1);
                let word = rest.get(..len)?;
                match number(word) {
                    Some(number) => Token::Number(number),
                    None if name == 1 => Token::Other,
                    None => Token::Word(word),
                }
            }
        })
    }

    /// The literal string here: nested parentheses, and escapes (7.3.4.2).
    fn string(&mut self) -> Vec<u8> {
        let mut text = Vec::new();
        let mut depth = 0u32;
        while let Some(&byte) = self.stream.get(self.at) {
            self.at += 1;
            match byte {
                b'(' => {
                    depth += 1;
                    if depth > MOST_NESTED {
                        break;
                    }
                    if depth > 1 {
                        text.push(byte);
                    }
                }
                b')' => {
                    depth -= 1;
                    if depth == 0 {
                        break;
                    }
                    text.push(byte);
                }
                b'\\' => self.escape(&mut text),
                _ => text.push(byte),
            }
        }
        text
    }

    fn escape(&mut self, text: &mut Vec<u8>) {
        let rest = self.stream.get(self.at..).unwrap_or_default();
        let octal = rest.iter().take(3).take_while(|byte| (b'0'..=b'7').contains(*byte)).count();
        if octal > 0 {
            let digits = rest.get(..octal).unwrap_or_default();
            let code = digits.iter().fold(0u16, |code, digit| code * 8 + u16::from(digit - b'0'));
            text.push(u8::try_from(code & 0xff).unwrap_or_default());
            self.at += octal;
            return;
        }
        match rest.first() {
            Some(b'n') => text.push(b'\n'),
            Some(b'r') => text.push(b'\r'),
            Some(b't') => text.push(b'\t'),
            Some(b'b' | b'f' | b'\n') | None => {}
            Some(b'\r') => self.at += usize::from(rest.get(1) == Some(&b'\n')),
            Some(other) => text.push(*other),
        }
        self.at += 1;
    }
}

fn is_blank(byte: u8) -> bool {
    byte == 0 || byte == 0x0c || byte.is_ascii_whitespace()
}

fn number(word: &[u8]) -> Option<f32> {
    let first = word.first()?;
    let numeric = first.is_ascii_digit() || matches!(first, b'-' | b'+' | b'.');
    if !numeric || word.len() > 20 {
        return None;
    }
    std::str::from_utf8(word).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(stream: &str) -> Option<String> {
        shown(stream.as_bytes()).map(|text| String::from_utf8(text).unwrap())
    }

    #[test]
    fn strings_are_joined_and_lines_broken_where_the_page_does() {
        let stream =
            "BT /F1 9 Tf 1 0 0 1 50 700 Tm (first) Tj 0 -12 Td [(sec) 15 (ond) -300 (x)] TJ
            T* (third) Tj 30 0 Td (same) Tj (next) ' ET";
        assert_eq!(text(stream).unwrap(), "first\nsecond x\nthird same\nnext\n");
    }

    #[test]
    fn escapes_nesting_and_hexadecimal_strings_are_read() {
        let stream = r"BT (a\(b\) (c) \101\n\\) Tj <64 65> Tj % (comment) Tj
            ET";
        assert_eq!(text(stream).unwrap(), "a(b) (c) A\n\\de\n");
    }

    #[test]
    fn glyph_numbers_and_other_streams_are_no_text() {
        assert_eq!(text("BT <0003001500170001000200040005> Tj ET"), None);
        assert_eq!(text("0 0 m 10 10 l S"), None);
        assert_eq!(text("BT ET"), None);
        assert_eq!(text(&format!("BT {}", "(".repeat(100_000))), None);
    }
}
