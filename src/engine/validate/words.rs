//! The words that people write where a secret goes, and whether a value is made of nothing else.

/// Texts that give a stand-in away wherever they are in a lower-case value. Each is long enough,
/// or has separators enough, not to turn up in random letters.
pub(super) const PHRASES: [&[u8]; 52] = [
    b"example",
    b"changeme",
    b"change_me",
    b"change-me",
    b"change me",
    b"changethis",
    b"change_this",
    b"change-this",
    b"placeholder",
    b"redacted",
    b"replaceme",
    b"replace_me",
    b"replace-me",
    b"replace_with",
    b"replace-with",
    b"replacewith",
    b"your_",
    b"your-",
    b"your ",
    b"yourpass",
    b"yourtoken",
    b"yoursecret",
    b"yourkey",
    b"yourapi",
    b"youraccess",
    b"youraccount",
    b"insert_",
    b"insert-",
    b"insert ",
    b"dummy",
    b"sample",
    b"not_a_real",
    b"not-a-real",
    b"notareal",
    b"not_real",
    b"not-real",
    b"foobar",
    b"fake_",
    b"fake-",
    b"_fake",
    b"-fake",
    b"do_not_use",
    b"do-not-use",
    b"donotuse",
    b"_here",
    b"-here",
    b"censored",
    b"deadbeef",
    b"cafebabe",
    b"lorem",
    b"1q2w3e",
    b"[hidden]",
];

/// Words that name a secret or stand in for one, in lower case, sorted.
const WORDS: [&str; 141] = [
    "abc",
    "access",
    "account",
    "acme",
    "add",
    "admin",
    "administrator",
    "alice",
    "and",
    "any",
    "api",
    "apikey",
    "app",
    "are",
    "auth",
    "authentication",
    "authorization",
    "bad",
    "bar",
    "base",
    "baz",
    "bearer",
    "bob",
    "bot",
    "change",
    "client",
    "code",
    "config",
    "consumer",
    "cookie",
    "cred",
    "credential",
    "credentials",
    "database",
    "db",
    "default",
    "demo",
    "dev",
    "development",
    "dummy",
    "empty",
    "enter",
    "env",
    "fake",
    "false",
    "field",
    "file",
    "fill",
    "foo",
    "for",
    "from",
    "get",
    "goes",
    "good",
    "guest",
    "hash",
    "here",
    "id",
    "in",
    "insert",
    "invalid",
    "is",
    "it",
    "jwt",
    "key",
    "keys",
    "local",
    "localhost",
    "login",
    "machine",
    "master",
    "me",
    "mock",
    "my",
    "name",
    "nil",
    "no",
    "none",
    "not",
    "null",
    "of",
    "or",
    "param",
    "parameter",
    "pass",
    "passphrase",
    "passwd",
    "password",
    "passwords",
    "paste",
    "personal",
    "private",
    "prod",
    "production",
    "protected",
    "proxy",
    "public",
    "put",
    "pw",
    "pwd",
    "random",
    "real",
    "refresh",
    "removed",
    "replace",
    "required",
    "root",
    "sample",
    "secret",
    "secrets",
    "service",
    "session",
    "set",
    "some",
    "string",
    "super",
    "temp",
    "temporary",
    "test",
    "tester",
    "testing",
    "tests",
    "text",
    "that",
    "the",
    "this",
    "to",
    "todo",
    "token",
    "tokens",
    "top",
    "true",
    "undefined",
    "unused",
    "use",
    "user",
    "username",
    "value",
    "with",
    "wrong",
    "your",
];

/// Longest word.
const MAX_WORD: usize = 14;

/// Longest run of letters that is taken apart.
const MAX_LETTERS: usize = 64;

/// Whether `value` has words of that kind and, apart from separators and a short number, nothing
/// else: `test_password`, `mySecretToken1`.
pub(super) fn is_only_words(value: &[u8]) -> bool {
    let (mut words, mut digits) = (0, 0);
    for run in value.chunk_by(|a, b| class(*a) == class(*b)) {
        match run.first().map(|byte| class(*byte)) {
            Some(Class::Letter)
                if run.len() <= MAX_LETTERS && is_words(&run.to_ascii_lowercase()) =>
            {
                words += 1;
            }
            Some(Class::Digit) => digits += run.len(),
            Some(Class::Separator) => {}
            _ => return false,
        }
    }
    words > 0 && digits <= 3
}

#[derive(PartialEq, Eq)]
enum Class {
    Letter,
    Digit,
    Separator,
    Other,
}

fn class(byte: u8) -> Class {
    match byte {
        b'a'..=b'z' | b'A'..=b'Z' => Class::Letter,
        b'0'..=b'9' => Class::Digit,
        b'-' | b'_' | b' ' | b'.' | b':' | b'/' => Class::Separator,
        _ => Class::Other,
    }
}

/// Whether lower-case `letters` are words written together.
fn is_words(letters: &[u8]) -> bool {
    // reached[n]: the first n letters are words.
    let mut reached = vec![false; letters.len() + 1];
    reached[0] = true;
    for end in 1..=letters.len() {
        reached[end] = (end.saturating_sub(MAX_WORD)..end).any(|start| {
            reached[start] && {
                let word = letters.get(start..end).unwrap_or_default();
                WORDS.binary_search_by(|known| known.as_bytes().cmp(word)).is_ok()
            }
        });
    }
    reached[letters.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_can_be_searched() {
        assert!(WORDS.is_sorted());
        assert_eq!(WORDS.iter().map(|word| word.len()).max(), Some(MAX_WORD));
    }

    #[test]
    fn words_alone_and_words_with_something_else() {
        for value in ["test", "TestPassword", "my_secret.token-1", "apikey123", "the password"] {
            assert!(is_only_words(value.as_bytes()), "{value}");
        }
        for value in ["testx", "secret1234", "pass!word", "tokené", "123", "", "--", "k3y"] {
            assert!(!is_only_words(value.as_bytes()), "{value}");
        }
    }
}
