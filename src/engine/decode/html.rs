//! HTML and XML character references: numbers, the five names of XML, and the HTML names of the
//! ASCII characters that values and their surroundings are made of
//! (<https://html.spec.whatwg.org/multipage/named-characters.html>).

use super::region::Escape;

/// The longest reference read, with `&` and `;`.
const MOST: usize = 12;

/// Names of ASCII characters, and the space that pages are full of.
const NAMES: [(&[u8], char); 46] = [
    (b"amp", '&'),
    (b"lt", '<'),
    (b"gt", '>'),
    (b"quot", '"'),
    (b"apos", '\''),
    (b"nbsp", '\u{a0}'),
    (b"AMP", '&'),
    (b"LT", '<'),
    (b"GT", '>'),
    (b"QUOT", '"'),
    (b"Tab", '\t'),
    (b"NewLine", '\n'),
    (b"excl", '!'),
    (b"num", '#'),
    (b"dollar", '$'),
    (b"percnt", '%'),
    (b"lpar", '('),
    (b"rpar", ')'),
    (b"ast", '*'),
    (b"midast", '*'),
    (b"plus", '+'),
    (b"comma", ','),
    (b"period", '.'),
    (b"sol", '/'),
    (b"colon", ':'),
    (b"semi", ';'),
    (b"equals", '='),
    (b"quest", '?'),
    (b"commat", '@'),
    (b"lsqb", '['),
    (b"lbrack", '['),
    (b"bsol", '\\'),
    (b"rsqb", ']'),
    (b"rbrack", ']'),
    (b"Hat", '^'),
    (b"lowbar", '_'),
    (b"UnderBar", '_'),
    (b"grave", '`'),
    (b"lcub", '{'),
    (b"lbrace", '{'),
    (b"verbar", '|'),
    (b"vert", '|'),
    (b"VerticalLine", '|'),
    (b"rcub", '}'),
    (b"rbrace", '}'),
    (b"hyphen", '-'),
];

/// The character reference at `at`.
pub(super) fn at(text: &[u8], at: usize) -> Option<Escape> {
    let rest = text.get(at + 1..)?;
    if !rest.first()?.is_ascii_alphabetic() && rest.first() != Some(&b'#') {
        return None;
    }
    let len = memchr::memchr(b';', rest.get(..MOST + 1).unwrap_or(rest))?;
    let name = rest.get(..len)?;
    let character = match name {
        [b'#', b'x' | b'X', digits @ ..] => number(digits, 16)?,
        [b'#', digits @ ..] => number(digits, 10)?,
        name => NAMES.iter().find(|(known, _)| *known == name).map(|(_, character)| *character)?,
    };
    // Text that was escaped again and again, `&amp;amp;amp;lt;`, is one layer up to the last.
    let again = if name == b"amp" { repeated(rest.get(len + 1..).unwrap_or_default()) } else { 0 };
    Some(Escape::new(len + 2 + again, character))
}

/// How many bytes at the start of `rest` are `amp;` over and over, without the last three.
fn repeated(rest: &[u8]) -> usize {
    /// Times that an escape of an escape is opened as a layer of its own.
    const KEPT: usize = 3;
    let times = rest.chunks(4).take_while(|chunk| *chunk == b"amp;").count();
    times.saturating_sub(KEPT) * 4
}

fn number(digits: &[u8], base: u32) -> Option<char> {
    let fits = |digit: &u8| char::from(*digit).is_digit(base);
    if digits.is_empty() || !digits.iter().all(fits) {
        return None;
    }
    let number = digits.iter().try_fold(0u32, |number, digit| {
        number.checked_mul(base)?.checked_add(u32::from(super::hex::value(*digit)))
    })?;
    char::from_u32(number)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{pieces, texts};
    use crate::model::Layer;

    #[test]
    fn numbers_and_names_are_read_with_exact_offsets() {
        let text =
            b"<add key=\"x\" value=\"pass&#119;ord&#x3D;a&amp;b&lt;c&quot;&nbsp;&equals;\"/>";
        let found = pieces(text);
        assert_eq!(found[0].layer, Layer::HtmlEntity);
        let expected = "<add key=\"x\" value=\"password=a&b<c\"\u{a0}=\"/>";
        assert_eq!(found[0].bytes, expected.as_bytes());
        let source = found[0].map.source(20, 28);
        assert_eq!(&text[source], b"pass&#119;ord");
    }

    #[test]
    fn double_encoding_takes_two_layers() {
        let (found, _) = super::super::testing::walk(
            b"token=&amp;quot;abc&amp;quot;",
            super::super::Budget::default(),
        );
        assert!(found.iter().any(|(layers, bytes)| {
            layers == &[Layer::HtmlEntity, Layer::HtmlEntity] && bytes == b"token=\"abc\""
        }));
    }

    #[test]
    fn escapes_of_escapes_do_not_use_up_the_depth() {
        let text = format!("password=&{}quot;abc", "amp;".repeat(40));
        let (found, budget) =
            super::super::testing::walk(text.as_bytes(), super::super::Budget::default());
        assert!(found.iter().any(|(_, bytes)| bytes == b"password=\"abc"));
        assert_eq!(budget.exceeded, None);
    }

    #[test]
    fn code_and_unknown_names_are_left_alone() {
        let text =
            b"if (a && b) f(&x); g(&y, 1); &unknown; &#; &#x; &#1114112; &#99999999999; &amp";
        assert!(texts(text, &Layer::HtmlEntity).is_empty());
    }
}
