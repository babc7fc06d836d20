//! Identifiers and values cut into words, and short lists of words looked up without regard to
//! case. Nothing here allocates.

/// The words of an identifier or value: runs of letters cut at case changes (`clientSecret`,
/// `HTTPToken`), digits and anything else left out.
pub(super) fn words(bytes: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + bytes.get(at..)?.iter().position(u8::is_ascii_alphabetic)?;
        at = start + word_length(bytes.get(start..)?);
        bytes.get(start..at)
    })
}

/// Length of the word that `bytes`, beginning with a letter, begins with.
fn word_length(bytes: &[u8]) -> usize {
    let upper = bytes.iter().take_while(|b| b.is_ascii_uppercase()).count();
    let lower = bytes.iter().skip(upper).take_while(|b| b.is_ascii_lowercase()).count();
    // In `HTTPToken` the last capital begins the next word.
    if upper > 1 && lower > 1 { upper - 1 } else { upper + lower }
}

/// Whether `word` is in `list`, in any ASCII case. Lists are in lower case.
pub(super) fn is_one_of(word: &[u8], list: &[&str]) -> bool {
    list.iter().any(|other| word.eq_ignore_ascii_case(other.as_bytes()))
}

/// Whether `text` begins with `prefix` (lower case), in any ASCII case.
pub(super) fn starts_with(text: &[u8], prefix: &str) -> bool {
    text.get(..prefix.len()).is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}

/// Whether `text` ends with `suffix` (lower case), in any ASCII case.
pub(super) fn ends_with(text: &[u8], suffix: &str) -> bool {
    text.len()
        .checked_sub(suffix.len())
        .and_then(|from| text.get(from..))
        .is_some_and(|tail| tail.eq_ignore_ascii_case(suffix.as_bytes()))
}

/// Whether `text` contains `part` (lower case), in any ASCII case.
pub(super) fn contains(text: &[u8], part: &str) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part.as_bytes()))
}

/// Length of the longest entry of `list` that `text` begins with, 0 for none.
pub(super) fn longest_prefix(text: &[u8], list: &[&str]) -> usize {
    list.iter().filter(|word| starts_with(text, word)).map(|word| word.len()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_are_cut_into_words() {
        let cut = |text: &'static str| {
            words(text.as_bytes())
                .map(|w| String::from_utf8_lossy(w).into_owned())
                .collect::<Vec<_>>()
                .join(" ")
        };
        assert_eq!(cut("dbPassword2_OLD"), "db Password OLD");
        assert_eq!(cut("HTTPToken.x-api"), "HTTP Token x api");
        assert_eq!(cut("__12__"), "");
        assert_eq!(cut("DB_PASS"), "DB PASS");
    }

    #[test]
    fn lookups_ignore_case_and_bounds() {
        assert!(starts_with(b"YourKey", "your") && !starts_with(b"yo", "your"));
        assert!(ends_with(b"DbKEY", "key") && !ends_with(b"y", "key"));
        assert!(contains(b"aXbC", "xb") && !contains(b"", "x"));
        assert_eq!(longest_prefix(b"passwords", &["pass", "password"]), 8);
    }
}
