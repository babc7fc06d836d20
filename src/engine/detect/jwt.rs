//! JSON Web Tokens in compact form: three base64url parts, the first of which encodes `{"`.

use std::ops::Range;

use crate::engine::validate::base::is_base64url;
use crate::rule::schema::Reach;

use super::pem::{is_cut, window};

/// Least characters of header and payload: `{"alg":""}` has 14, `{}` has 3.
const LEAST: [usize; 2] = [14, 3];

/// The token that starts with the literal at `literal` (`eyJ`), within `reach` bytes after it. The
/// byte before must not belong to the same word: that keeps a payload from starting a token of its
/// own, and the time linear.
pub fn detect(text: &[u8], literal: Range<usize>, reach: Reach) -> Option<Range<usize>> {
    let window = window(text, &literal, reach)?;
    let start = literal.start;
    // In `"\neyJ…"` the letter before belongs to an escape.
    let before = text.get(window.start..start)?;
    let escaped = matches!(before, [.., b'\\', b'n' | b'r' | b't']);
    if !escaped && before.last().is_some_and(|byte| is_base64url(*byte) || *byte == b'.') {
        return None;
    }
    let rest = text.get(start..window.end)?;
    let mut end = 0;
    for least in LEAST {
        let length = part(rest.get(end..)?);
        if length < least || rest.get(end + length) != Some(&b'.') {
            return None;
        }
        end += length + 1;
    }
    let signature = part(rest.get(end..)?);
    let end = start + end + signature;
    if signature == 0 || end < literal.end || is_cut(end, &literal, reach) {
        return None;
    }
    Some(start..end)
}

fn part(text: &[u8]) -> usize {
    text.iter().take_while(|byte| is_base64url(**byte)).count()
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    const FAR: Reach = Reach { before: 8, after: 8192 };

    fn token() -> String {
        let parts = [r#"{"alg":"HS256"}"#, r#"{"sub":"x"}"#, "a signature of any bytes"];
        parts.map(|part| BASE64_URL_SAFE_NO_PAD.encode(part)).join(".")
    }

    fn found(text: &str, reach: Reach) -> Option<&str> {
        let start = text.find("eyJ").expect("the literal is there");
        detect(text.as_bytes(), start..start + 3, reach).map(|span| &text[span])
    }

    #[test]
    fn tokens_are_found_whole() {
        let token = token();
        for text in [
            token.clone(),
            format!("Authorization: Bearer {token}\r\n"),
            format!("a=\"{token}\""),
            format!("\"\\n{token}\\n\""),
            format!("See {token}. Then"),
            format!("{token}.more.parts"),
        ] {
            assert_eq!(found(&text, FAR), Some(token.as_str()), "{text}");
        }
    }

    #[test]
    fn anything_less_is_none() {
        let token = token();
        let last_dot = token.rfind('.').expect("there");
        for end in 3..=last_dot + 1 {
            assert_eq!(found(&token[..end], FAR), None, "{end}");
        }
        assert_eq!(found(&format!("x{token}"), FAR), None);
        assert_eq!(found(&format!("x.{token}"), FAR), None);
        assert_eq!(found(&token.replacen('.', "..", 1), FAR), None);
    }

    #[test]
    fn a_token_that_the_reach_cuts_is_none() {
        let token = token();
        let after = u32::try_from(token.len() - 3).expect("short");
        for text in [&token, &format!("{token}\"")] {
            assert!(found(text, Reach { before: 0, after: after + 1 }).is_some());
            assert!(found(text, Reach { before: 0, after }).is_none());
            assert!(found(text, Reach { before: 0, after: after - 1 }).is_none());
        }
    }

    #[test]
    fn ten_megabytes_of_starts_take_linear_time() {
        for unit in ["eyJ", "eyJ.", "eyJhbGciOiJIUzI1NiJ9.", "eyJ "] {
            let text = unit.repeat(10_000_000 / unit.len()).into_bytes();
            let reach = Reach { before: 65_536, after: 65_536 };
            for start in (0..text.len()).step_by(unit.len()).skip(1) {
                assert_eq!(detect(&text, start..start + 3, reach), None);
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_span_within_reach(
            text in "(eyJ|\\.|[A-Za-z0-9_-]{14}|[ \"\\\\n]){0,30}",
            start in any::<prop::sample::Index>(),
            length in 0usize..20,
            after in 0u32..200,
        ) {
            let start = start.index(text.len() + 1);
            let reach = Reach { before: 1, after };
            if let Some(span) = detect(text.as_bytes(), start..start + length, reach) {
                prop_assert!(span.start == start && span.end <= start + length + after as usize);
                prop_assert_eq!(text[span].matches('.').count(), 2);
            }
        }
    }
}
