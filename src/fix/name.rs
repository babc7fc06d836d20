//! The name of an environment variable, made from what the value is called where it stands.

/// Longest name, bytes.
const LONGEST: usize = 64;

/// Names that say nothing about which service a value is for.
const GENERAL: [&str; 17] = [
    "API_KEY",
    "APIKEY",
    "AUTH",
    "AUTH_TOKEN",
    "CLIENT_SECRET",
    "CREDENTIAL",
    "CREDENTIALS",
    "KEY",
    "PASS",
    "PASSWORD",
    "PASSWD",
    "PWD",
    "SECRET",
    "SECRET_KEY",
    "TOKEN",
    "URL",
    "VALUE",
];

/// Words in front of a name that are none of it.
const TYPED: [&[u8]; 4] = [b"var ", b"const ", b"let ", b"local "];

/// The name for a value before which the line reads `before`. `provider` is the service, which
/// stands in front of names that could be anybody's; `fallback` is used where nothing is named.
pub fn of(before: &[u8], provider: &str, fallback: &str) -> String {
    let found = called(before).map(|word| snake(&word)).filter(|name| name.len() > 1);
    let name = match found {
        Some(name) if GENERAL.contains(&name.as_str()) => {
            let provider = snake(provider.as_bytes());
            if provider.is_empty() || provider == "GENERIC" {
                name
            } else {
                format!("{provider}_{name}")
            }
        }
        Some(name) => name,
        None => snake(fallback.as_bytes()),
    };
    let name: String = name.chars().take(LONGEST).collect();
    let name = name.trim_end_matches('_').to_owned();
    if is_name(&name) { name } else { "SECRET".to_owned() }
}

/// Whether a shell takes it for a variable's name.
pub fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=LONGEST).contains(&name.len())
        && name.bytes().all(plain)
        && !name.starts_with(|first: char| first.is_ascii_digit())
}

/// What stands left of the value: of `config["apiKey"] = `, `apiKey: string = `, `.apiKey(` the word.
fn called(before: &[u8]) -> Option<Vec<u8>> {
    let before = before.trim_ascii_end();
    let cut = memchr::memrchr(b'=', before).or_else(|| {
        // A key of an object, or what is called.
        before.iter().rposition(|byte| matches!(byte, b':' | b'(' | b','))
    })?;
    let mut left = before.get(..cut)?.trim_ascii_end();
    while let Some((b':' | b'=' | b'?' | b'+' | b'|' | b'(', rest)) =
        left.split_last().map(|(l, r)| (*l, r))
    {
        left = rest.trim_ascii_end();
    }
    // A type behind the name: `key: &str`, and in Go `var key string`.
    if before.get(cut) == Some(&b'=')
        && let Some(colon) = left.iter().position(|byte| *byte == b':')
        && left.get(colon + 1) != Some(&b':')
    {
        left = left.get(..colon)?;
    }
    let trimmed = left.trim_ascii_start();
    if let Some(rest) = TYPED.iter().find_map(|word| trimmed.strip_prefix(*word)) {
        let first = rest.split(|byte| matches!(byte, b' ' | b'\t' | b',')).next()?;
        return word(first);
    }
    word(left)
}

/// The last word of a text, its quotes and brackets aside.
fn word(text: &[u8]) -> Option<Vec<u8>> {
    let of_word = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-');
    let end = text.iter().rposition(of_word)? + 1;
    let begin = text.get(..end)?.iter().rposition(|byte| !of_word(byte)).map_or(0, |at| at + 1);
    let word = text.get(begin..end)?;
    word.iter().any(u8::is_ascii_alphabetic).then(|| word.to_vec())
}

/// `apiKey`, `api-key` and `API key` as `API_KEY`.
fn snake(word: &[u8]) -> String {
    let mut name = String::new();
    let mut before = b'_';
    for (at, byte) in word.iter().copied().enumerate() {
        if byte.is_ascii_alphanumeric() {
            let next_is_lower = word.get(at + 1).is_some_and(u8::is_ascii_lowercase);
            let begins = byte.is_ascii_uppercase()
                && (before.is_ascii_lowercase()
                    || before.is_ascii_digit()
                    || (before.is_ascii_uppercase() && next_is_lower));
            if begins && !name.ends_with('_') {
                name.push('_');
            }
            name.push(char::from(byte.to_ascii_uppercase()));
        } else if !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        before = byte;
    }
    name.trim_matches('_').trim_start_matches(|first: char| first.is_ascii_digit()).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_what_the_value_is_called() {
        for (before, wanted) in [
            ("const stripeKey = ", "STRIPE_KEY"),
            ("const stripeKey: string = ", "STRIPE_KEY"),
            ("  apiKey: ", "ACME_API_KEY"),
            ("  \"mailToken\": ", "MAIL_TOKEN"),
            ("config['db-password'] = ", "DB_PASSWORD"),
            ("self.gitHubToken = ", "GIT_HUB_TOKEN"),
            ("let key: &'static str = ", "ACME_KEY"),
            ("var deployToken string = ", "DEPLOY_TOKEN"),
            ("deployToken := ", "DEPLOY_TOKEN"),
            ("HTTPProxyToken=", "HTTP_PROXY_TOKEN"),
            ("export AWS_SECRET_ACCESS_KEY=", "AWS_SECRET_ACCESS_KEY"),
            ("client.setSigningKey(", "SET_SIGNING_KEY"),
            ("define('MAIL_KEY', ", "MAIL_KEY"),
            ("    - SLACK_TOKEN=", "SLACK_TOKEN"),
            ("", "ACME_LIVE_KEY"),
            ("= ", "ACME_LIVE_KEY"),
            ("1 = ", "ACME_LIVE_KEY"),
        ] {
            assert_eq!(of(before.as_bytes(), "acme", "acme-live-key"), wanted, "{before}");
        }
        assert_eq!(of(b"password = ", "generic", "generic-password"), "PASSWORD");
        let long = format!("{} = ", "a".repeat(500));
        assert!(is_name(&of(long.as_bytes(), "acme", "x")));
        assert_eq!(of("\u{fc} = ".as_bytes(), "", ""), "SECRET");
    }

    #[test]
    fn a_name_is_what_a_shell_takes() {
        for wrong in ["", "1A", "a", "A B", "A=B", "A;B", "A$", &"A".repeat(65)] {
            assert!(!is_name(wrong), "{wrong}");
        }
        assert!(is_name("A1_B"));
    }
}
