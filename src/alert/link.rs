//! Addresses that messages link to: of `http` and `https` only, and with nothing in them that ends a
//! link in one of the formats.

use std::fmt::Write as _;

use url::Url;

/// Longest address that is linked, bytes.
const LONGEST: usize = 300;

/// The address, written so that it cannot end a link early; `None` where it is not to be linked.
pub(super) fn checked(address: &str) -> Option<String> {
    let url = Url::parse(address.trim()).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.username().is_empty()
        && url.password().is_none();
    if !plain || url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    let mut text = String::with_capacity(url.as_str().len());
    for byte in url.as_str().bytes() {
        let kept = byte.is_ascii_alphanumeric() || b"-._:/?#=&%+,;@".contains(&byte);
        if kept {
            text.push(char::from(byte));
        } else {
            // Writing to a String cannot fail.
            let _ = write!(text, "%{byte:02X}");
        }
    }
    // A host in brackets (IPv6) would be torn by the above; nobody links to one.
    let same_host = Url::parse(&text).is_ok_and(|again| again.host() == url.host());
    (same_host && text.len() <= LONGEST).then_some(text)
}

/// The page of a commit, when its id is one.
pub(super) fn of_commit(base: &str, id: &str) -> Option<String> {
    let id_like = (7..=64).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_hexdigit());
    if id_like { checked(&format!("{base}{id}")) } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_addresses_are_linked() {
        for (given, linked) in [
            ("https://a.example/x", Some("https://a.example/x")),
            ("http://a.example", Some("http://a.example/")),
            (
                "https://a.example/x|y>z<!channel>",
                Some("https://a.example/x%7Cy%3Ez%3C%21channel%3E"),
            ),
            ("https://a.example/(x)[y]*_~`", Some("https://a.example/%28x%29%5By%5D%2A_%7E%60")),
            ("javascript:alert(1)", None),
            ("data:text/html,x", None),
            ("https://user@a.example/", None),
            ("https://user:word@a.example/", None),
            ("https://[::1]/", None),
            ("", None),
            ("a.example", None),
        ] {
            assert_eq!(checked(given).as_deref(), linked, "{given}");
        }
        assert_eq!(checked(&format!("https://a.example/{}", "x".repeat(LONGEST))), None);
    }

    #[test]
    fn a_commit_is_an_id_and_nothing_else() {
        let base = "https://a.example/o/n/commit/";
        assert_eq!(
            of_commit(base, &"0a".repeat(20)),
            checked(&(base.to_owned() + &"0a".repeat(20)))
        );
        for odd in ["", "abc", "../../../evil", "0123456/../x"] {
            assert_eq!(of_commit(base, odd), None, "{odd}");
        }
    }
}
