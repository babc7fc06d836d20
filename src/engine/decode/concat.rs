//! Adjacent string literals joined as their language joins them: `"a" + "b"`, `'a' . 'b'`,
//! `"a" "b"` and their kin, over line breaks, too. The lines around are given with the seams taken
//! out, because the name in front of the first literal decides what the value is.

use std::ops::Range;

use super::map::Builder;
use super::out::{Out, TextKind};
use super::region::Regions;
use crate::model::Layer;

/// The most bytes between two literals: operator, line break, indentation, a comment.
pub(super) const MOST_GAP: usize = 200;

/// How far back a line is read to tell opening quotes from closing ones.
const MOST_LINE: usize = 4096;

/// The fewest characters of a word that seams divide.
const LEAST_WORD: usize = 8;

/// How much of a literal is looked at to measure the word at its edge.
const EDGE: usize = 32;

/// Operators that join strings, longest first.
const OPERATORS: [&[u8]; 10] = [b"..", b"++", b"<<", b"<>", b"||", b"+", b".", b"&", b"~", b"^"];

/// The end of one literal, what joins it to the next, and that one's opening quote.
#[derive(Debug, Clone, Copy)]
struct Seam {
    start: usize,
    end: usize,
    /// The opening quote of the next literal.
    quote: u8,
    /// Whether the quotes are escaped, as in code inside a string.
    escaped: bool,
}

/// Literals joined by seams, one after the other.
#[derive(Debug)]
struct Chain {
    seams: Range<usize>,
    /// The quote that the first literal opened with.
    quote: u8,
    /// Characters of the words that the seams divide.
    word: usize,
    /// Whether a word goes on over a seam, or a name and its value stand on two sides of one.
    tight: bool,
}

/// Joins the literals of the text.
pub(super) fn decode(out: &mut Out<'_, '_>) {
    let text = out.text;
    let mut seams: Vec<Seam> = Vec::new();
    let mut regions = Regions::default();
    let mut edits: Vec<(Range<usize>, Option<u8>)> = Vec::new();
    let mut chain: Option<Chain> = None;
    let mut lexer = Lexer::default();
    let mut after = 0;
    for at in memchr::memchr3_iter(b'"', b'\'', b'`', text) {
        if at < after {
            continue;
        }
        let Some(seam) = seam(text, at) else { continue };
        if !out.fresh_for(TextKind::Concat, &(seam.start..seam.end)) {
            continue;
        }
        let opened = if seam.escaped { Some(at) } else { lexer.closes(text, at) };
        let Some(opened) = opened else { continue };
        after = seam.end;
        let follows = seams.last().is_some_and(|last| {
            last.end <= opened + 1 && (seam.escaped || last.end == opened + 1) && {
                let between = text.get(last.end..seam.start).unwrap_or_default();
                memchr::memchr2(b'\n', last.quote, between).is_none()
            }
        });
        if !follows && let Some(chain) = chain.take() {
            close(text, &seams, &chain, &mut regions, &mut edits);
        }
        let quote = text.get(at).copied().unwrap_or_default();
        let chain = chain.get_or_insert(Chain {
            seams: seams.len()..seams.len(),
            quote,
            word: 0,
            tight: false,
        });
        seams.push(seam);
        chain.seams.end = seams.len();
        let (word, tight) = measure(text, &seam);
        chain.word += word;
        chain.tight |= tight;
        if !seam.escaped {
            lexer.open(seam.end, seam.quote);
        }
    }
    if let Some(chain) = chain {
        close(text, &seams, &chain, &mut regions, &mut edits);
    }
    let mut edits = edits.as_slice();
    for region in regions.found {
        if !give(out, region.range, &mut edits) {
            return;
        }
    }
}

/// The first quote in `range` that may be joined to another literal.
pub(super) fn next(text: &[u8], range: Range<usize>) -> Option<usize> {
    let within = text.get(range.clone())?;
    let mut quotes = memchr::memchr3_iter(b'"', b'\'', b'`', within).map(|at| range.start + at);
    quotes.find(|at| {
        text.get(at + 1).is_some_and(|next| may_join(*next)) && seam(text, *at).is_some()
    })
}

/// Ends a chain: where its words are worth it, its lines are a region and its seams are taken out.
fn close(
    text: &[u8],
    seams: &[Seam],
    chain: &Chain,
    regions: &mut Regions,
    edits: &mut Vec<(Range<usize>, Option<u8>)>,
) {
    let seams = seams.get(chain.seams.clone()).unwrap_or_default();
    let (Some(first), Some(last)) = (seams.first(), seams.last()) else { return };
    if !chain.tight || chain.word < LEAST_WORD {
        return;
    }
    regions.add(text, first.start..last.end);
    edits.extend(seams.iter().map(|seam| (seam.start..seam.end, None)));
    if last.quote != chain.quote {
        // The joined literal ends as it began, or it would not be one.
        let rest = text.get(last.end..).unwrap_or_default();
        let rest = rest.get(..MOST_LINE).unwrap_or(rest);
        if let Some(found) = memchr::memchr2(last.quote, b'\n', rest)
            && rest.get(found) == Some(&last.quote)
        {
            let at = last.end + found;
            regions.add(text, at..at + 1);
            edits.push((at..at + 1, Some(chain.quote)));
        }
    }
}

/// How many characters of a word stand at both sides of a seam, and whether they belong together.
fn measure(text: &[u8], seam: &Seam) -> (usize, bool) {
    let before = text.get(seam.start.saturating_sub(EDGE)..seam.start).unwrap_or_default();
    let rest = text.get(seam.end..).unwrap_or_default();
    let after = rest.get(..EDGE).unwrap_or(rest);
    let inside = |byte: &&u8| !byte.is_ascii_whitespace() && !matches!(byte, b'"' | b'\'' | b'`');
    let left = before.iter().rev().take_while(inside).count();
    let right = after.iter().take_while(inside).count();
    let named = before.trim_ascii_end().last().is_some_and(|byte| matches!(byte, b'=' | b':'));
    (left + right, right > 0 && (left > 0 || named))
}

/// Hands on one region with its edits made. False when the budget is at an end.
fn give(
    out: &mut Out<'_, '_>,
    region: Range<usize>,
    edits: &mut &[(Range<usize>, Option<u8>)],
) -> bool {
    if !out.budget.take(region.len()) {
        return false;
    }
    let mut builder = Builder::default();
    let mut at = region.start;
    while let Some(((range, put), rest)) = edits.split_first()
        && range.end <= region.end
    {
        *edits = rest;
        builder.copy(out.text, at..range.start);
        if let Some(byte) = put {
            builder.replace(&[*byte], range.clone());
        }
        at = range.end;
    }
    builder.copy(out.text, at..region.end);
    let (bytes, map) = builder.finish();
    out.emit(Layer::Concatenation, bytes, map)
}

/// The seam that begins with the quote at `at`, if what follows joins it to another literal.
fn seam(text: &[u8], at: usize) -> Option<Seam> {
    let quote = *text.get(at)?;
    if !may_join(*text.get(at + 1)?) {
        return None;
    }
    let rest = text.get(..text.len().min(at + MOST_GAP))?;
    let escaped = at.checked_sub(1).and_then(|before| text.get(before)) == Some(&b'\\');
    let mut cursor = blanks(rest, at + 1, escaped);
    let after = rest.get(cursor..)?;
    let operator = OPERATORS.iter().find(|operator| after.starts_with(operator));
    if let Some(operator) = operator {
        cursor = blanks(rest, cursor + operator.len(), escaped);
    }
    let (cursor, opening) = opening(rest, cursor, escaped)?;
    // A doubled quote stands for itself or for an empty string; code spans are no literals.
    let touching = cursor == at + 2 + usize::from(escaped);
    let adjacent = operator.is_none() && (touching && opening == quote || quote == b'`');
    let start = if escaped { at - 1 } else { at };
    (!adjacent).then_some(Seam { start, end: cursor, quote: opening, escaped })
}

/// Whether a byte after a closing quote may lead to another literal.
fn may_join(byte: u8) -> bool {
    const MAY: [bool; 256] = super::text::table(b" \t\r\n+.&<~|^\\\"'`");
    MAY[usize::from(byte)]
}

/// The end of the opening quote at `at` or after a prefix such as `f` or `rb`, and which it is.
fn opening(text: &[u8], mut at: usize, escaped: bool) -> Option<(usize, u8)> {
    for _ in 0..2 {
        if matches!(
            text.get(at)?,
            b'b' | b'B' | b'r' | b'R' | b'f' | b'F' | b'u' | b'U' | b'L' | b'@' | b'$'
        ) {
            at += 1;
        }
    }
    if escaped {
        at += usize::from(text.get(at) == Some(&b'\\'));
        return match text.get(at)? {
            quote @ (b'"' | b'\'') if text.get(at - 1) == Some(&b'\\') => Some((at + 1, *quote)),
            _ => None,
        };
    }
    match text.get(at)? {
        quote @ (b'"' | b'\'' | b'`') => Some((at + 1, *quote)),
        _ => None,
    }
}

/// The end of white space, continued lines and comments from `at` on.
fn blanks(text: &[u8], mut at: usize, escaped: bool) -> usize {
    loop {
        let rest = text.get(at..).unwrap_or_default();
        let len = match rest {
            [b' ' | b'\t' | b'\r' | b'\n', ..] => 1,
            [b'\\', b'n', ..] if escaped => 2,
            [b'\\' | b'_', b'\n', ..] => 2,
            [b'\\' | b'_', b'\r', b'\n', ..] => 3,
            // A comment with a quote in it ends here, so that a seam never holds one.
            [b'/', b'/', ..] | [b'#', b' ', ..] => {
                let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
                let quotes = memchr::memchr3(b'"', b'\'', b'`', rest.get(..len).unwrap_or(rest));
                if quotes.is_some() {
                    return at;
                }
                len
            }
            _ => return at,
        };
        at += len;
    }
}

/// Reads lines far enough to tell opening quotes from closing ones. Goes forward only, so that a
/// text is read once at most.
#[derive(Debug, Default)]
struct Lexer {
    at: usize,
    open: Option<(usize, u8)>,
}

impl Lexer {
    /// Where the literal opened that the quote at `at` closes; `None` when it closes none.
    fn closes(&mut self, text: &[u8], at: usize) -> Option<usize> {
        let from = at.saturating_sub(MOST_LINE).max(self.at.min(at));
        let before = text.get(from..at).unwrap_or_default();
        match memchr::memrchr(b'\n', before) {
            Some(line) => (self.at, self.open) = (from + line + 1, None),
            None if from > self.at => (self.at, self.open) = (from, None),
            None => {}
        }
        while self.at < at {
            self.step(text);
        }
        let quote = *text.get(at)?;
        self.open.filter(|(_, opened)| *opened == quote && self.at == at).map(|(start, _)| start)
    }

    /// Goes on inside a literal whose opening quote ends at `at`.
    fn open(&mut self, at: usize, quote: u8) {
        self.at = at;
        self.open = Some((at - 1, quote));
    }

    fn step(&mut self, text: &[u8]) {
        let Some(byte) = text.get(self.at) else {
            self.at += 1;
            return;
        };
        match (byte, self.open) {
            (b'\\', Some(_)) => self.at += 1,
            (quote, Some((_, opened))) if *quote == opened => self.open = None,
            (b'"' | b'`', None) => self.open = Some((self.at, *byte)),
            (b'\'', None) if !is_apostrophe(text, self.at) => self.open = Some((self.at, b'\'')),
            _ => {}
        }
        self.at += 1;
    }
}

/// Whether the single quote at `at` stands inside a word, as in "don't".
fn is_apostrophe(text: &[u8], at: usize) -> bool {
    let letter =
        |at: Option<usize>| at.and_then(|at| text.get(at)).is_some_and(u8::is_ascii_alphanumeric);
    letter(at.checked_sub(1)) && letter(at.checked_sub(2)) && letter(Some(at + 1))
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use super::*;
    use proptest::prelude::*;

    fn joined(text: &str) -> Vec<String> {
        texts(text.as_bytes(), &Layer::Concatenation)
    }

    #[test]
    fn every_language_s_way_of_joining_is_read() {
        for (text, expected) in [
            (r#"key = "abcd" + "efgh";"#, r#"key = "abcdefgh";"#),
            (r#"$key = "abcd" . "efgh";"#, r#"$key = "abcdefgh";"#),
            (r#"key = "abcd" .. "efgh""#, r#"key = "abcdefgh""#),
            (r#"key = "abcd" ++ "efgh""#, r#"key = "abcdefgh""#),
            (r#"key = "abcd" & "efgh""#, r#"key = "abcdefgh""#),
            (r#"key << "abcd" << "efgh""#, r#"key << "abcdefgh""#),
            (r#"key = "abcd" <> "efgh""#, r#"key = "abcdefgh""#),
            ("key = 'abcd' || 'efgh'", "key = 'abcdefgh'"),
            ("key = 'abcd' 'efgh'", "key = 'abcdefgh'"),
            (r#"key="abcd"'efgh'"#, r#"key="abcdefgh""#),
            (r#"key = f"abcd" rb'efgh'"#, r#"key = f"abcdefgh""#),
            ("key = \"abcd\" \\\n    \"efgh\"", "key = \"abcdefgh\""),
            ("key = (\"abcd\"  # part one\n    \"efgh\")", "key = (\"abcdefgh\")"),
            ("key = \"abcd\" +  // part one\r\n    \"efgh\";", "key = \"abcdefgh\";"),
            ("key = \"abcd\" & _\r\n    \"efgh\"", "key = \"abcdefgh\""),
            ("key = \"abcd\"\n  + \"efgh\";", "key = \"abcdefgh\";"),
            ("`abcd` + `efgh`", "`abcdefgh`"),
            (r#"run("key = \"abcd\" + \"efgh\"")"#, r#"run("key = \"abcdefgh\"")"#),
            ("s = \"password=\" + \"abcdefgh\"", "s = \"password=abcdefgh\""),
            ("s = \"password: \" + \"abcdefgh\"", "s = \"password: abcdefgh\""),
        ] {
            assert_eq!(joined(text), [expected], "{text}");
        }
    }

    #[test]
    fn long_chains_and_single_letters_are_one_value() {
        let text = "let t = 'A' + 'K' + 'I' + \"A\" + 'b' + 'c' + 'd' + 'e' + 'f';";
        assert_eq!(joined(text), ["let t = 'AKIAbcdef';"]);
        let lines = ["\"line-of-text-1\"", "\"line-of-text-2\"", "\"line-of-text-3\""];
        let text = format!("k = {};\nnext", lines.join(" +\n    "));
        assert_eq!(joined(&text), ["k = \"line-of-text-1line-of-text-2line-of-text-3\";"]);
    }

    #[test]
    fn offsets_are_exact_on_both_sides_of_a_seam() {
        let text = b"x\nkey = \"abcd\" + \"efgh\"\n";
        let found = pieces(text);
        let at = memchr::memmem::find(&found[0].bytes, b"abcdefgh").unwrap();
        assert_eq!(&text[found[0].map.source(at, at + 4)], b"abcd");
        assert_eq!(&text[found[0].map.source(at + 4, at + 8)], b"efgh");
        assert_eq!(&text[found[0].map.source(at, at + 8)], b"abcd\" + \"efgh");
    }

    #[test]
    fn what_joins_nothing_is_left_alone() {
        for text in [
            r#"f("abcdefgh", "ijklmnop")"#,
            r#"a + " + " + b + " . " + c"#,
            r#"x = "" + ""; y = "it""s fine""#,
            r#"say "one two " + "three four words""#,
            r#"a = "abcdefgh" + name + "ijklmnop""#,
            r#"{"abcdefgh": "ijklmnop"}"#,
            "use `abcdefgh` `ijklmnop` in Markdown",
            r#"if a == "x" { b } else { "y" }"#,
        ] {
            assert!(joined(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn an_apostrophe_in_a_comment_hides_nothing() {
        let text = "/* don't */ key = \"abcd\" + \"efgh\"";
        assert_eq!(joined(text), ["/* don't */ key = \"abcdefgh\""]);
    }

    #[test]
    fn a_line_of_ten_megabytes_takes_linear_time() {
        let text = "'abcde' + ".repeat(1 << 20) + "'x'";
        let found = pieces(text.as_bytes());
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].bytes.len(), 5 * (1 << 20) + 3);
        assert!(pieces("\"x\" . y ".repeat(1 << 20).as_bytes()).is_empty());
    }

    proptest! {
        #[test]
        fn copied_bytes_map_to_themselves(text in "[\"'`+.& a\\\\b\n]{0,200}") {
            for piece in pieces(text.as_bytes()) {
                for at in 0..piece.bytes.len() {
                    let source = piece.map.source(at, at + 1);
                    let there = text.as_bytes()[source.start];
                    prop_assert!(there == piece.bytes[at] || b"\"'`".contains(&there));
                }
            }
        }
    }
}
