//! Reading the beginning of a line as its language would: whether a place lies inside a comment or
//! a text.

use super::language::Language;

/// Where the end of a line's beginning is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Inside {
    /// In code.
    Code,
    /// In a comment.
    Comment,
    /// In a text that began with this quote.
    Text(u8),
}

impl Language {
    /// What begins and ends a text.
    pub fn quotes(self) -> &'static [u8] {
        match self {
            Language::JavaScript | Language::TypeScript => b"\"'`",
            // A single quote is a character or a lifetime.
            Language::Rust | Language::Java | Language::Kotlin | Language::CSharp => b"\"",
            Language::Go => b"\"`",
            _ => b"\"'",
        }
    }

    /// Whether a comment begins with a number sign; else with two slashes.
    fn hash_comments(self) -> bool {
        matches!(self, Language::Python | Language::Ruby | Language::Shell | Language::Compose)
    }
}

/// Where the end of `before`, the beginning of a line, lies.
pub fn inside(before: &[u8], language: Language) -> Inside {
    let begin = before.trim_ascii_start();
    // Further lines of a comment in the style of C.
    if !language.hash_comments() && begin.starts_with(b"*") {
        return Inside::Comment;
    }
    let mut state = Inside::Code;
    let mut at = 0;
    while let Some(byte) = before.get(at).copied() {
        let rest = before.get(at..).unwrap_or_default();
        match state {
            Inside::Comment => match memchr::memmem::find(rest, b"*/") {
                Some(end) => {
                    state = Inside::Code;
                    at += end + 1;
                }
                None => return Inside::Comment,
            },
            Inside::Text(_) if byte == b'\\' => at += 1,
            Inside::Text(quote) if byte == quote => state = Inside::Code,
            Inside::Code if language.quotes().contains(&byte) => state = Inside::Text(byte),
            Inside::Code if language.hash_comments() => {
                let glued = at > 0 && !before.get(at - 1).is_some_and(u8::is_ascii_whitespace);
                if byte == b'#' && !glued {
                    return Inside::Comment;
                }
            }
            Inside::Code if rest.starts_with(b"//") => return Inside::Comment,
            Inside::Code if rest.starts_with(b"/*") => {
                state = Inside::Comment;
                at += 1;
            }
            Inside::Code if byte == b'#' && language == Language::Php => return Inside::Comment,
            Inside::Text(_) | Inside::Code => {}
        }
        at += 1;
    }
    state
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_texts_are_told_from_code() {
        use Language::{Go, JavaScript, Php, Python, Rust, Shell};
        for (before, language, wanted) in [
            ("const a = ", JavaScript, Inside::Code),
            ("const a = \"b", JavaScript, Inside::Text(b'"')),
            ("const a = \"b\\\"c\" + ", JavaScript, Inside::Code),
            ("const a = 'http://", JavaScript, Inside::Text(b'\'')),
            ("x(); // ", JavaScript, Inside::Comment),
            ("/* x */ y(", JavaScript, Inside::Code),
            ("/* x ", JavaScript, Inside::Comment),
            (" * @key ", JavaScript, Inside::Comment),
            ("a = 1 # ", Python, Inside::Comment),
            ("a = '#", Python, Inside::Text(b'\'')),
            ("curl a#b ", Shell, Inside::Code),
            ("fn a<'b>(c: ", Rust, Inside::Code),
            ("a := `", Go, Inside::Text(b'`')),
            ("$a = 1; # ", Php, Inside::Comment),
        ] {
            assert_eq!(inside(before.as_bytes(), language), wanted, "{before}");
        }
    }
}
