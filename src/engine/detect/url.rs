//! Passwords in URLs: `scheme://user:password@host` (RFC 3986 section 3.2.1), in the forms that
//! connection strings have, too.

use std::ops::Range;

use crate::engine::validate::{is_placeholder, is_template};
use crate::model::{Confidence, Fact};
use crate::rule::schema::Reach;

use super::assignment::{is_stand_in, password_confidence};
use super::pem::{is_cut, window};

/// Longest scheme, user, password and host, in bytes.
const MAX_SCHEME: usize = 32;
const MAX_USER: usize = 256;
const MAX_PASSWORD: usize = 256;
const MAX_HOST: usize = 512;

/// Shortest password: `x` and `pw` stand in for one.
const MIN_PASSWORD: usize = 3;

/// Shortest user name that is taken for a token where the password only says so.
const MIN_TOKEN: usize = 20;

/// A secret in a URL's userinfo part.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserInfo {
    /// Where the password stands; the user name where that is the token (`TOKEN:x-oauth-basic@`).
    pub password: Range<usize>,
    /// `url_scheme`, `url_user` and `url_host`, as far as they are there.
    pub facts: Vec<Fact>,
    /// The password is a word or little else, and the host is nobody's: a sample, most likely.
    pub doubtful: bool,
}

/// The password of the URL whose `://` is in the literal at `literal`, or right after it, within
/// `reach` bytes to either side. Templates and stand-ins are none.
pub fn detect(text: &[u8], literal: Range<usize>, reach: Reach) -> Option<UserInfo> {
    let window = window(text, &literal, reach)?;
    let near = text.get(literal.start..window.end.min(literal.end + 3))?;
    let colon = literal.start + memchr::memmem::find(near, b"://")?;
    let scheme = scheme(text.get(window.start..colon)?)?;
    let start = colon + 3;
    let rest = text.get(start..window.end)?;
    let (authority, at) = authority(rest)?;
    if is_cut(start + authority, &literal, reach) {
        return None;
    }
    let (userinfo, host) = (rest.get(..at)?, host(rest.get(at + 1..authority)?)?);
    let split = memchr::memchr(b':', userinfo)?;
    let (user, password) = (userinfo.get(..split)?, userinfo.get(split + 1..)?);
    if user.len() > MAX_USER || !is_user(user) {
        return None;
    }
    let secret = if is_token_marker(password) {
        if user.len() < MIN_TOKEN || is_placeholder(&percent_decoded(user)) {
            return None;
        }
        start..start + split
    } else {
        if !is_password(user, password, host) {
            return None;
        }
        start + split + 1..start + at
    };
    let mut facts = vec![Fact::new("url_scheme", scheme.to_ascii_lowercase())];
    if secret.start != start && !user.is_empty() {
        // A long one with digits may be a token of its own.
        let digits = user.iter().filter(|byte| byte.is_ascii_digit()).count();
        let token = user.len() >= MIN_TOKEN && digits > 2 && !user.contains(&b'@');
        facts.push(Fact::new("url_user", if token { b"***" } else { user }));
    }
    facts.push(Fact::new("url_host", host));
    let doubtful = secret.start != start && is_doubtful(user, password, host, scheme);
    Some(UserInfo { password: secret, facts, doubtful })
}

/// The scheme at the end of `before` (RFC 3986 section 3.1).
fn scheme(before: &[u8]) -> Option<&[u8]> {
    let is_scheme = |byte: &u8| byte.is_ascii_alphanumeric() || b"+.-".contains(byte);
    let length = before.iter().rev().take(MAX_SCHEME).take_while(|byte| is_scheme(byte)).count();
    let found = before.get(before.len() - length..)?;
    // Something may be glued to it, as in `jdbc:` or `\nhttps`: letters count from the last digit.
    let first = found.iter().position(u8::is_ascii_alphabetic)?;
    found.get(first..).filter(|scheme| scheme.len() >= 2)
}

/// Where the authority ends, and the `@` that ends its userinfo: the last one, because passwords
/// are often not encoded as they should be.
fn authority(rest: &[u8]) -> Option<(usize, usize)> {
    let most = MAX_USER + MAX_PASSWORD + MAX_HOST + 2;
    let mut at = None;
    for (offset, byte) in rest.iter().enumerate().take(most) {
        match byte {
            b'@' => at = Some(offset),
            b'/' | b'?' | b'#' | b'"' | b'\'' | b'`' | b'<' | b'>' | b'\\' => {
                return Some((offset, at?));
            }
            byte if byte.is_ascii_whitespace() || byte.is_ascii_control() => {
                return Some((offset, at?));
            }
            _ => {}
        }
    }
    (rest.len() <= most).then_some((rest.len(), at?))
}

/// The host or hosts at the start of `text`: names, addresses, ports, commas between them as in
/// connection strings of clusters; or a template, since what it stands for is no secret.
fn host(text: &[u8]) -> Option<&[u8]> {
    if text.len() > MAX_HOST {
        return None;
    }
    if is_template(text) || text.first().is_some_and(|byte| matches!(byte, b'$' | b'{' | b'%')) {
        return Some(text);
    }
    let is_host =
        |byte: &u8| byte.is_ascii_alphanumeric() || b"-._:,[]".contains(byte) || !byte.is_ascii();
    let length = text.iter().take_while(|byte| is_host(byte)).count();
    // Punctuation at the end belongs to the sentence or the list around the URL.
    let host = text.get(..length)?;
    let last = host.iter().rposition(|byte| !b"-._:,[".contains(byte))?;
    let host = host.get(..=last)?;
    let first = host.first()?;
    let opens = first.is_ascii_alphanumeric() || *first == b'[' || !first.is_ascii();
    (opens && host.iter().any(u8::is_ascii_alphanumeric)).then_some(host)
}

/// A user name: what RFC 3986 allows, without brackets, and nothing that is filled in later.
fn is_user(user: &[u8]) -> bool {
    let plain = |byte: &u8| {
        byte.is_ascii_alphanumeric() || b"-._~%!$&*+,;=@".contains(byte) || !byte.is_ascii()
    };
    user.iter().all(plain) && (user.is_empty() || !is_template(user))
}

/// Passwords that say that the user name is the token.
fn is_token_marker(password: &[u8]) -> bool {
    matches!(password, b"x-oauth-basic" | b"X-OAUTH-BASIC" | b"x-oauth-token")
}

fn is_password(user: &[u8], password: &[u8], host: &[u8]) -> bool {
    if !(MIN_PASSWORD..=MAX_PASSWORD).contains(&password.len()) {
        return false;
    }
    // A second colon is usually a stray one: `user::name@` is `:name`, a bound parameter.
    let bare = password.strip_prefix(b":").unwrap_or(password);
    if is_placeholder(bare) || is_placeholder(&percent_decoded(bare)) || is_pattern(bare) {
        return false;
    }
    // Addresses and versions with an `@` after them by accident, in data.
    if bare.iter().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b':'))
        && bare.iter().any(|byte| !byte.is_ascii_digit())
    {
        return false;
    }
    // `host:8080@` is a host with a port in a list or a sentence.
    let port = password.len() <= 5 && password.iter().all(u8::is_ascii_digit);
    if port && (user.contains(&b'.') || user.eq_ignore_ascii_case(b"localhost")) {
        return false;
    }
    let name = host.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
    if is_documentation(&name) && is_weak(password) {
        return false;
    }
    // `postgres:postgres@db`: what a container on the same machine starts with.
    !(password.eq_ignore_ascii_case(user) && is_local(&name))
}

/// Whether the password is guessable and nothing about the host says that anybody runs it. A word
/// before a host of the public internet stays a finding: people do choose words.
fn is_doubtful(user: &[u8], password: &[u8], host: &[u8], scheme: &[u8]) -> bool {
    let decoded = percent_decoded(password);
    // IMAP, POP3 and SMTP add `;AUTH=PLAIN` and the like (RFC 5092, RFC 2384).
    let mail = [&b"imap"[..], b"pop3", b"smtp"].iter().any(|name| scheme.starts_with(name));
    let end = memchr::memchr(b';', &decoded).filter(|_| mail).unwrap_or(decoded.len());
    let word = decoded.get(..end).unwrap_or_default();
    let guessable = password_confidence(word, user) == Confidence::Low;
    let first = decoded.split(|byte| *byte == b';').next().unwrap_or_default();
    is_stand_in(word, user) || is_stand_in(first, user) || guessable && !is_public(host)
}

/// A name under a domain that may exist, and no more than a name: no template, address or alias
/// of this machine.
fn is_public(host: &[u8]) -> bool {
    let name = host.split(|byte| *byte == b':').next().unwrap_or_default().to_ascii_lowercase();
    let labels: Vec<&[u8]> = name.split(|byte| *byte == b'.').collect();
    let plain = |label: &&[u8]| {
        !label.is_empty() && label.iter().all(|b| b.is_ascii_alphanumeric() || *b == b'-')
    };
    let private = [&b"local"[..], b"localhost", b"localdomain", b"internal", b"lan", b"host"];
    labels.len() > 1
        && labels.iter().all(plain)
        && labels.last().is_some_and(|top| {
            top.len() > 1 && top.iter().all(u8::is_ascii_alphabetic) && !private.contains(top)
        })
        && !is_documentation(&name)
        && !labels.iter().any(|label| [&b"host"[..], b"proxy", b"server"].contains(label))
}

/// Source of a regular expression that matches URLs.
fn is_pattern(password: &[u8]) -> bool {
    [&b"[^"[..], b".*", b".+", b")+", b"]+", b"]*", b"(?", b")?"]
        .iter()
        .any(|sign| memchr::memmem::find(password, sign).is_some())
}

/// Names that RFC 2606 and RFC 6761 keep for documentation.
fn is_documentation(host: &[u8]) -> bool {
    ["example.com", "example.org", "example.net", "example", "test", "invalid"].iter().any(|name| {
        host.strip_suffix(name.as_bytes())
            .is_some_and(|before| before.is_empty() || before.ends_with(b"."))
    })
}

/// The same machine, or a name without dots as containers have.
fn is_local(host: &[u8]) -> bool {
    !host.contains(&b'.') || host.starts_with(b"127.") || host == b"0.0.0.0"
}

/// Short, or made of at most two kinds of characters: a word, a word and a number.
fn is_weak(password: &[u8]) -> bool {
    let has = |class: fn(&u8) -> bool| usize::from(password.iter().any(class));
    let classes = has(u8::is_ascii_lowercase)
        + has(u8::is_ascii_uppercase)
        + has(u8::is_ascii_digit)
        + has(|byte| !byte.is_ascii_alphanumeric());
    password.len() < 8 || classes <= 2 && password.len() < 20
}

/// RFC 3986 section 2.1, whatever is no encoded byte kept as it is.
fn percent_decoded(text: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&byte, after)) = rest.split_first() {
        let pair = after.split_first_chunk::<2>().filter(|_| byte == b'%');
        let value = pair.and_then(|(digits, after)| {
            let high = char::from(digits[0]).to_digit(16)?;
            let low = char::from(digits[1]).to_digit(16)?;
            Some((u8::try_from(high * 16 + low).ok()?, after))
        });
        let (plain, after) = value.unwrap_or((byte, after));
        decoded.push(plain);
        rest = after;
    }
    decoded
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FAR: Reach = Reach { before: 40, after: 2048 };

    /// A password as a person makes one; parts so that no scanner finds it here.
    fn password() -> String {
        ["Kx7", "-vQp", "92mZ"].concat()
    }

    fn found(text: &str) -> Option<(&str, String)> {
        let start = text.find("://").expect("a URL");
        let info = detect(text.as_bytes(), start..start + 3, FAR)?;
        let facts: Vec<&str> = info.facts.iter().map(|fact| fact.value.as_str()).collect();
        Some((&text[info.password], facts.join(" ")))
    }

    #[test]
    fn passwords_in_the_forms_of_connection_strings() {
        let pw = password();
        for (url, facts) in [
            (format!("postgres://app:{pw}@db.blue.io:5432/main"), "postgres app db.blue.io:5432"),
            (format!("mongodb+srv://app:{pw}@c0.mongo.io"), "mongodb+srv app c0.mongo.io"),
            (format!("mongodb://app:{pw}@a:27017,b:27017/x"), "mongodb app a:27017,b:27017"),
            (format!("redis://:{pw}@cache:6379"), "redis cache:6379"),
            (format!("https://bot%40x:{pw}@git.blue.io/a.git"), "https bot%40x git.blue.io"),
            (format!("ftp://a:{pw}@[2001:db8::1]:21/"), "ftp a [2001:db8::1]:21"),
            (format!("jdbc:mysql://root:{pw}@localhost/x"), "mysql root localhost"),
            (format!("(see amqp://a:{pw}@mq.blue.io)."), "amqp a mq.blue.io"),
            (format!("'http://a:{pw}@10.0.0.1', x@y"), "http a 10.0.0.1"),
            (format!("postgres://app:{pw}@${{DB_HOST}}/x"), "postgres app ${DB_HOST}"),
            (format!("https://a:{pw}@www.example.com/"), "https a www.example.com"),
        ] {
            assert_eq!(found(&url), Some((pw.as_str(), facts.to_owned())), "{url}");
        }
    }

    #[test]
    fn the_last_at_sign_counts_and_encoding_is_kept() {
        for pw in
            [["p@ss", "W0rd9"].concat(), ["q%2Fz", "%40K9"].concat(), ["a:b", ":Q9z"].concat()]
        {
            let url = format!("mysql://u:{pw}@db.blue.io/x?y=a@b");
            assert_eq!(found(&url).map(|(password, _)| password), Some(pw.as_str()), "{url}");
        }
    }

    #[test]
    fn guessable_passwords_are_doubtful_unless_somebody_runs_the_host() {
        for (url, doubtful) in [
            ("https://u:einstein@db.blue.io/", false),
            ("https://u:einstein@%HOST:8080/", true),
            ("https://u:einstein@proxy:8080/", true),
            ("https://u:einstein@db.internal/", true),
            ("https://u:p%40ssword1@db.blue.io/", true),
            ("imap://u:pass;AUTH=PLAIN@db.blue.io/", true),
            ("http://proxuser:proxpass@localhost/", true),
        ] {
            let start = url.find("://").expect("a URL");
            let info = detect(url.as_bytes(), start..start + 3, FAR).expect("a password");
            assert_eq!(info.doubtful, doubtful, "{url}");
        }
        let url = format!("https://u:{}@%HOST/", password());
        assert!(!detect(url.as_bytes(), 5..8, FAR).expect("a password").doubtful);
    }

    #[test]
    fn a_token_in_the_user_name() {
        let made = ["3f9c0b7e", "51d2a846", "9be07c1d"].concat();
        let url = format!("https://{made}:x-oauth-basic@github.com/a/b");
        assert_eq!(found(&url), Some((made.as_str(), "https github.com".to_owned())));
        assert_eq!(found("https://token:x-oauth-basic@github.com/a/b"), None);
    }

    #[test]
    fn stand_ins_and_things_that_only_look_like_one() {
        let pw = password();
        for url in [
            "https://user:pass@host/".to_owned(),
            "https://user:password@db.blue.io/".to_owned(),
            "https://user:****@db.blue.io/".to_owned(),
            "https://u:${PASS}@db.blue.io/".to_owned(),
            "https://u:{password}@db.blue.io/".to_owned(),
            "https://u:<pw>@db.blue.io/".to_owned(),
            "https://u:%3Cpassword%3E@db.blue.io/".to_owned(),
            "https://u:%s@db.blue.io/".to_owned(),
            "https://%s:%s@%s/".to_owned(),
            "https://u:$PASS@db.blue.io/".to_owned(),
            "https://u::password@db.blue.io/".to_owned(),
            format!("https://{{user}}:{pw}@db.blue.io/"),
            format!("https://${{USER}}:{pw}@db.blue.io/"),
            "https://u:@db.blue.io/".to_owned(),
            "https://u:x@db.blue.io/".to_owned(),
            format!("https://u:{}@db.blue.io/", pw.repeat(26)),
            "ssh://git@github.com/a/b".to_owned(),
            "http://db.blue.io:8080@".to_owned(),
            "http://db.blue.io:8080@home".to_owned(),
            format!("http://u:{pw}"),
            format!("http://u:{pw}/@host"),
            format!("http://u:{pw} @host"),
            format!("http://u:{pw}@"),
            format!("http://u:{pw}@/path"),
            format!("://u:{pw}@db.blue.io"),
            "postgres://postgres:postgres@localhost/x".to_owned(),
            "postgres://ada:lovelace@example.com/x".to_owned(),
            "(https?://)([^:@]+):([^:@]+)@(.*)".to_owned(),
            "https://medium.com/@ada:x9".to_owned(),
        ] {
            assert_eq!(found(&url), None, "{url}");
        }
    }

    #[test]
    fn nothing_outside_the_reach_is_looked_at() {
        let url = format!("https://u:{}@db.blue.io/", password());
        let after = u32::try_from(url.len() - 8).expect("short");
        let find = |reach| detect(url.as_bytes(), 5..8, reach);
        assert!(find(Reach { before: 5, after }).is_some());
        assert!(find(Reach { before: 1, after }).is_none());
        assert!(find(Reach { before: 5, after: after - 1 }).is_none());
        let literal = detect(url.as_bytes(), 0..5, Reach { before: 0, after: after + 3 });
        assert!(literal.is_some());
        // Where the literal is a scheme, the `://` may follow it.
        assert_eq!(literal, detect(url.as_bytes(), 0..8, FAR));
    }

    #[test]
    fn ten_megabytes_of_starts_take_linear_time() {
        for unit in ["a://", "a://u:", "a://u:p@", "aa://u:pQ9x-77@b"] {
            let text = unit.repeat(10_000_000 / unit.len() / 8).into_bytes();
            for start in memchr::memmem::find_iter(&text, b"://") {
                detect(&text, start..start + 3, Reach { before: 65_536, after: 65_536 });
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_gives_a_span_within_reach_and_facts_without_it(
            parts in prop::collection::vec(prop::sample::select(vec![
                "://", "a", "@", ":", "/", "$", "{", "}", "%", "4", "[", "]", "é", "Qz9-x", "\n",
                "x-oauth-basic", "<", ",", ".", "token8s7d6f5g4h3j2k1l",
            ]), 0..30),
            start in any::<prop::sample::Index>(),
            length in 0usize..6,
            before in 0u32..9,
            after in 0u32..90,
        ) {
            let text = parts.concat().into_bytes();
            let start = start.index(text.len() + 1);
            if let Some(found) = detect(&text, start..start + length, Reach { before, after }) {
                let span = found.password;
                prop_assert!(span.start >= start && span.end <= start + length + after as usize);
                let secret = String::from_utf8_lossy(&text[span]).into_owned();
                prop_assert!(!secret.is_empty() && !secret.contains('\n'));
                prop_assert!(found.facts.iter().all(|fact| !fact.value.chars().any(char::is_control)));
            }
        }
    }
}
