//! Examples: templates that become texts with generated secrets, so that rule files hold none.
//!
//! The language is described in `docs/writing-rules.md`. The same template and seed give the same
//! text in every run and on every machine.

mod asn1;
mod bech32;
mod container;
mod key_store;
mod random;
mod wallet;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use random::Random;

use super::checksum::base62_crc32;

/// Most characters that one `<<base62:N>>` may ask for.
pub const MAX_RUN: usize = 64 << 10;
/// Most bytes of one template.
pub const MAX_TEMPLATE: usize = 64 << 10;
/// Most placeholders in one template.
const MAX_PARTS: usize = 1000;

/// What is wrong with a template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TemplateError {
    /// A name that is none of the language's.
    #[error("`<<{0}>>` is no template; docs/writing-rules.md lists them")]
    Unknown(String),
    /// A number that is missing, malformed or too large.
    #[error("`<<{0}:{1}>>` needs a number from 1 to {MAX_RUN} after the colon")]
    Number(String, String),
    /// A PEM label that cannot be made this way.
    #[error("`<<{0}:{1}>>`: {2}")]
    Label(String, String, &'static str),
    /// No `>>`.
    #[error("`<<{0}` is not closed by `>>`")]
    Unclosed(String),
    /// `b64` inside `b64`.
    #[error("`<<b64:…>>` inside `<<b64:…>>`")]
    Nested,
    /// Beyond [`MAX_TEMPLATE`] or [`MAX_PARTS`].
    #[error("longer than {MAX_TEMPLATE} bytes or {MAX_PARTS} templates")]
    TooLarge,
}

/// A template, ready to become text.
#[derive(Debug)]
pub struct Template {
    parts: Vec<Part>,
}

#[derive(Debug)]
enum Part {
    Text(String),
    Run(&'static [u8], usize),
    Uuid,
    Base64(Vec<Part>),
    Github(String),
    Jwt,
    Pem(String),
    EncryptedPem(String),
    Password,
    Putty(bool),
    Age,
    Nkey(String),
    SeedPhrase(usize),
    Bitcoin(String),
    KeyStore(String),
    Der(String),
}

/// Names of runs and their characters.
const ALPHABETS: [(&str, &[u8]); 12] = [
    ("digits", b"0123456789"),
    ("hex", b"0123456789abcdef"),
    ("HEX", b"0123456789ABCDEF"),
    ("lower", b"abcdefghijklmnopqrstuvwxyz"),
    ("upper", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ"),
    ("base32", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"),
    ("base36", b"abcdefghijklmnopqrstuvwxyz0123456789"),
    ("base36up", b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"),
    ("base58", b"123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"),
    ("base62", BASE62),
    ("base64", b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
    ("base64url", b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-"),
];
const BASE62: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

impl Template {
    /// Reads a template.
    pub fn parse(text: &str) -> Result<Template, TemplateError> {
        if text.len() > MAX_TEMPLATE || text.matches("<<").count() > MAX_PARTS {
            return Err(TemplateError::TooLarge);
        }
        let mut rest = text;
        let parts = parse_parts(&mut rest, false)?;
        Ok(Template { parts })
    }

    /// The text, its random characters chosen by `seed`.
    pub fn render(&self, seed: &str) -> String {
        render_parts(&self.parts, &mut Random::new(seed))
    }
}

/// Reads parts up to the end, or inside `b64` up to the `>>` that closes it.
fn parse_parts(rest: &mut &str, nested: bool) -> Result<Vec<Part>, TemplateError> {
    let mut parts = Vec::new();
    let mut text = String::new();
    while !rest.is_empty() {
        if nested && rest.starts_with(">>") {
            break;
        }
        let Some(after) = rest.strip_prefix("<<") else {
            let next = rest.char_indices().skip(1).map(|(at, _)| at).find(|at| {
                let here = &rest[*at..];
                here.starts_with("<<") || (nested && here.starts_with(">>"))
            });
            let (plain, tail) = rest.split_at(next.unwrap_or(rest.len()));
            text.push_str(plain);
            *rest = tail;
            continue;
        };
        let name_end = after.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
        let (name, tail) = after.split_at(name_end.unwrap_or(after.len()));
        if let Some(tail) = tail.strip_prefix(">>") {
            *rest = tail;
            if !name.is_empty() {
                flush(&mut text, &mut parts);
                parts.push(simple(name)?);
            }
        } else if let Some(argument) = tail.strip_prefix(':').filter(|_| !name.is_empty()) {
            *rest = argument;
            flush(&mut text, &mut parts);
            parts.push(with_argument(name, rest, nested)?);
        } else {
            // `cat <<EOF`, `1 << 4`: not a template.
            text.push_str("<<");
            *rest = after;
        }
    }
    flush(&mut text, &mut parts);
    Ok(parts)
}

fn flush(text: &mut String, parts: &mut Vec<Part>) {
    if !text.is_empty() {
        parts.push(Part::Text(std::mem::take(text)));
    }
}

fn simple(name: &str) -> Result<Part, TemplateError> {
    match name {
        "uuid" => Ok(Part::Uuid),
        "jwt" => Ok(Part::Jwt),
        "password" => Ok(Part::Password),
        "putty" => Ok(Part::Putty(false)),
        "putty-encrypted" => Ok(Part::Putty(true)),
        "age" => Ok(Part::Age),
        _ => Err(TemplateError::Unknown(name.to_owned())),
    }
}

/// Reads what follows `<<name:`, including the closing `>>`.
fn with_argument(name: &str, rest: &mut &str, nested: bool) -> Result<Part, TemplateError> {
    let unclosed = || TemplateError::Unclosed(name.to_owned());
    if name == "b64" {
        if nested {
            return Err(TemplateError::Nested);
        }
        let inner = parse_parts(rest, true)?;
        *rest = rest.strip_prefix(">>").ok_or_else(unclosed)?;
        return Ok(Part::Base64(inner));
    }
    let (argument, tail) = rest.split_once(">>").ok_or_else(unclosed)?;
    *rest = tail;
    let bad_label = |why| TemplateError::Label(name.to_owned(), argument.to_owned(), why);
    match name {
        "github" => Ok(Part::Github(argument.to_owned())),
        "nkey" => wallet::check_nkey(argument)
            .map(|()| Part::Nkey(argument.to_owned()))
            .map_err(bad_label),
        "bitcoin" => wallet::check_bitcoin(argument)
            .map(|()| Part::Bitcoin(argument.to_owned()))
            .map_err(bad_label),
        "seed-phrase" => match argument.parse() {
            Ok(words @ (12 | 15 | 18 | 21 | 24)) => Ok(Part::SeedPhrase(words)),
            _ => Err(bad_label("a seed phrase has 12, 15, 18, 21 or 24 words")),
        },
        "key-store" => key_store::check_kind(argument)
            .map(|()| Part::KeyStore(argument.to_owned()))
            .map_err(bad_label),
        "der" => container::check_label(argument, false)
            .map(|()| Part::Der(argument.to_owned()))
            .map_err(bad_label),
        "pem" => container::check_label(argument, false)
            .map(|()| Part::Pem(argument.to_owned()))
            .map_err(bad_label),
        "pem-encrypted" => container::check_label(argument, true)
            .map(|()| Part::EncryptedPem(argument.to_owned()))
            .map_err(bad_label),
        _ => {
            let (_, alphabet) = ALPHABETS
                .iter()
                .find(|(known, _)| *known == name)
                .ok_or_else(|| TemplateError::Unknown(format!("{name}:{argument}")))?;
            let count = argument.parse().ok().filter(|count| (1..=MAX_RUN).contains(count));
            let count =
                count.ok_or_else(|| TemplateError::Number(name.to_owned(), argument.to_owned()))?;
            Ok(Part::Run(alphabet, count))
        }
    }
}

fn render_parts(parts: &[Part], random: &mut Random) -> String {
    let mut text = String::new();
    for part in parts {
        match part {
            Part::Text(plain) => text.push_str(plain),
            Part::Run(alphabet, count) => text.push_str(&random.run(alphabet, *count)),
            Part::Uuid => text.push_str(&random.uuid()),
            Part::Base64(inner) => {
                let inner = render_parts(inner, random);
                text.push_str(&BASE64_STANDARD.encode(inner));
            }
            Part::Github(prefix) => {
                let body = random.run(BASE62, 30);
                text.push_str(prefix);
                text.push_str(&body);
                text.extend(base62_crc32(body.as_bytes()).map(char::from));
            }
            Part::Jwt => text.push_str(&container::jwt(random)),
            Part::Pem(label) => text.push_str(&container::pem(label, random)),
            Part::EncryptedPem(label) => text.push_str(&container::encrypted_pem(label, random)),
            Part::Password => text.push_str(&random.password()),
            Part::Putty(encrypted) => text.push_str(&container::putty(random, *encrypted)),
            Part::Age => text.push_str(&container::age(random)),
            Part::Nkey(kind) => text.push_str(&wallet::nkey(kind, random)),
            Part::SeedPhrase(words) => text.push_str(&wallet::seed_phrase(*words, random)),
            Part::Bitcoin(kind) => text.push_str(&wallet::bitcoin(kind, random)),
            Part::KeyStore(kind) => {
                text.push_str(&BASE64_STANDARD.encode(key_store::file(kind, random)));
            }
            Part::Der(label) => {
                text.push_str(&BASE64_STANDARD.encode(container::der(label, random)));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rule::checksum::has_base62_crc32;

    fn expand(text: &str) -> String {
        Template::parse(text).expect(text).render("a-rule/example/1")
    }

    fn error(text: &str) -> String {
        Template::parse(text).expect_err(text).to_string()
    }

    #[test]
    fn the_same_seed_gives_the_same_text() {
        let template = Template::parse("<<base62:32>> <<password>> <<uuid>>").expect("valid");
        assert_eq!(template.render("a/1"), template.render("a/1"));
        assert_ne!(template.render("a/1"), template.render("a/2"));
    }

    #[test]
    fn runs_have_their_length_and_alphabet() {
        for (name, alphabet) in ALPHABETS {
            for count in [1, 2, 15, 16, 40, 500] {
                let text = expand(&format!("<<{name}:{count}>>"));
                assert_eq!(text.len(), count, "{name}");
                assert!(text.bytes().all(|byte| alphabet.contains(&byte)), "{name}");
            }
        }
    }

    #[test]
    fn nothing_becomes_nothing_and_shifts_stay() {
        assert_eq!(expand("-----BEGIN<<>> X"), concat!("-----BEGIN", " X"));
        for text in
            ["cat <<EOF\nx\nEOF", "cat <<'EOF'", "1 << 4 >> 2", "a<<b<c", "x>>y", "<<", "<<<"]
        {
            assert_eq!(expand(text), text);
        }
    }

    #[test]
    fn base64_holds_other_templates() {
        let text = expand("Basic <<b64:user:<<password>>>>.");
        let encoded =
            text.strip_prefix("Basic ").and_then(|t| t.strip_suffix('.')).expect("framed");
        let decoded = BASE64_STANDARD.decode(encoded).expect("base64");
        assert!(decoded.starts_with(b"user:") && decoded.len() > 15);
    }

    #[test]
    fn github_tokens_carry_their_checksum() {
        let token = expand("<<github:abc_>>");
        assert_eq!(token.len(), 40);
        assert!(has_base62_crc32(&token.as_bytes()[4..]));
    }

    #[test]
    fn uuids_are_of_version_4() {
        let uuid = expand("<<uuid>>");
        let lengths: Vec<_> = uuid.split('-').map(str::len).collect();
        assert_eq!(lengths, [8, 4, 4, 4, 12]);
        assert_eq!(uuid.as_bytes()[14], b'4');
        assert!(b"89ab".contains(&uuid.as_bytes()[19]));
    }

    #[test]
    fn faults_say_what_is_wrong() {
        assert!(error("<<bas62:3>>").contains("bas62:3"));
        assert!(error("<<secret>>").contains("no template"));
        assert!(error("<<hex:0>>").contains("number from 1"));
        assert!(error("<<hex:99999999999999999999>>").contains("number from 1"));
        assert!(error("<<hex>>").contains("no template"));
        assert!(error("<<hex:3").contains("not closed"));
        assert!(error("<<b64:<<hex:3>>").contains("not closed"));
        assert!(error("<<b64:<<b64:x>>>>").contains("inside"));
        assert!(error(&"<<>>".repeat(2000)).contains("longer"));
    }
}
