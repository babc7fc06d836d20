//! Tells stand-ins from values: masks, patterns, templates, the words people write where a secret
//! goes, and the samples that providers print in their documentation.
//!
//! The guiding bound is that a random value of 16 characters or more is wrongly taken for a
//! stand-in less than once in a hundred thousand times; the tests hold the code to that.

use sha2::{Digest, Sha256};

use super::words::{self, PHRASES};

/// Longest value that is searched for phrases and words, in bytes; longer ones are keys and blobs,
/// in which any short word turns up by chance.
const MAX_WORDED: usize = 256;

/// Shortest run that counts towards a counting or keyboard pattern, in bytes.
const MIN_RUN: usize = 3;

/// First eight bytes of the SHA-256 of values that providers publish: Azure's storage and Cosmos
/// DB emulator keys, Stripe's two documentation keys, the bot token of Slack's API reference, the
/// global key of Cloudflare's; and the MD5 and SHA-1 of nothing.
const SAMPLES: [[u8; 8]; 8] = [
    [0x5e, 0x6a, 0x82, 0x35, 0xe1, 0x21, 0xde, 0x87],
    [0xf2, 0x15, 0xfa, 0xf9, 0xd8, 0x8b, 0x7f, 0x0a],
    [0x07, 0xe2, 0x3e, 0xde, 0x27, 0x56, 0xaa, 0x3f],
    [0x00, 0x11, 0xcc, 0x25, 0xeb, 0x43, 0x20, 0x71],
    [0xaa, 0x65, 0x47, 0x43, 0x95, 0x83, 0xc3, 0xa2],
    [0x2c, 0xaf, 0xc0, 0x97, 0x01, 0x49, 0xa8, 0x4f],
    [0xf2, 0xd6, 0xca, 0x16, 0x51, 0x50, 0x33, 0xe5],
    [0x2d, 0xdc, 0x14, 0x7f, 0x3a, 0x3b, 0x5a, 0x17],
];

/// Whether `value` stands in for a secret rather than being one.
pub fn is_placeholder(value: &[u8]) -> bool {
    let value = trim(value);
    if value.is_empty() || is_template(value) || is_masked(value) || is_patterned(value) {
        return true;
    }
    // `sk_live_` and the like: what follows the prefix decides when it is most of the value.
    let tail_start = value
        .iter()
        .rposition(|byte| matches!(byte, b'_' | b'-' | b'.' | b':' | b'='))
        .map_or(0, |at| at + 1);
    let tail = value.get(tail_start..).unwrap_or_default();
    if tail.len() >= 8 && tail.len() * 2 >= value.len() && is_patterned(tail) {
        return true;
    }
    if value.len() <= MAX_WORDED {
        let lower = value.to_ascii_lowercase();
        if PHRASES.iter().any(|phrase| memchr::memmem::find(&lower, phrase).is_some())
            || words::is_only_words(value)
        {
            return true;
        }
    }
    is_published_sample(value)
}

/// Without the space and quotes around it.
fn trim(value: &[u8]) -> &[u8] {
    let framing = |byte: &u8| byte.is_ascii_whitespace() || b"\"'`".contains(byte);
    let start = value.iter().position(|byte| !framing(byte)).unwrap_or(value.len());
    let end = value.iter().rposition(|byte| !framing(byte)).map_or(start, |at| at + 1);
    value.get(start..end).unwrap_or_default()
}

/// Whether a provider prints exactly this value in its documentation.
fn is_published_sample(value: &[u8]) -> bool {
    // The shortest of them has 32 bytes, the longest 88.
    (32..=88).contains(&value.len())
        && Sha256::digest(value).first_chunk::<8>().is_some_and(|head| SAMPLES.contains(head))
}

/// Whether `value` is filled in later: a variable, a format directive, a reference to where the
/// value is kept, or a piece of code that reads it.
pub fn is_template(value: &[u8]) -> bool {
    let value = trim(value);
    let between = |open: &[u8], close: u8| {
        memchr::memmem::find(value, open).is_some_and(|at| {
            let inside = value.get(at + open.len()..).unwrap_or_default();
            memchr::memchr(close, inside).is_some_and(|length| length <= MAX_WORDED)
        })
    };
    if [&b"${"[..], b"{{", b"#{", b"%{", b"@{", b"$[", b"<%"].iter().any(|open| {
        between(
            open,
            if open.ends_with(b"[") {
                b']'
            } else if open.ends_with(b"%") {
                b'>'
            } else {
                b'}'
            },
        )
    }) || between(b"$(", b')')
    {
        return true;
    }
    is_variable(value) || is_directive(value) || is_named_hole(value) || is_code(value)
}

/// `$NAME`, `$name`, `%NAME%`, `@name@`, `__NAME__` and `:name` as the whole value.
fn is_variable(value: &[u8]) -> bool {
    let name = |text: &[u8]| {
        let upper = text.iter().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || *b == b'_');
        let letters = text.iter().all(|b| b.is_ascii_alphabetic() || *b == b'_');
        text.len() >= 2 && text.first().is_some_and(|b| !b.is_ascii_digit()) && (upper || letters)
    };
    let wrapped = |mark: &[u8]| {
        value.strip_prefix(mark).and_then(|rest| rest.strip_suffix(mark)).is_some_and(name)
    };
    wrapped(b"%")
        || wrapped(b"@")
        || wrapped(b"__")
        || wrapped(b"%%")
        || value.strip_prefix(b"$").is_some_and(|rest| name(rest) || rest.starts_with(b"this->"))
        || value.strip_prefix(b":").is_some_and(|rest| rest.iter().all(u8::is_ascii_lowercase))
}

/// printf and format directives: the whole value, or `%(name)s` anywhere.
fn is_directive(value: &[u8]) -> bool {
    let printf = value.strip_prefix(b"%").is_some_and(|rest| {
        let digits = rest.iter().take_while(|b| b.is_ascii_digit() || **b == b'$').count();
        matches!(rest.get(digits..), Some([b's' | b'd' | b'v' | b'q' | b'@']))
    });
    printf
        || value == b"?"
        || memchr::memmem::find(value, b"%(").is_some_and(|at| {
            memchr::memmem::find(value.get(at..).unwrap_or_default(), b")s").is_some()
        })
}

/// `<<base62:32>>`, as rule files write their examples: a name, perhaps with arguments, in double
/// angle brackets.
fn is_double_hole(value: &[u8]) -> bool {
    /// Longest inside, bytes.
    const MOST: usize = 200;
    memchr::memmem::find_iter(value, b"<<").take(8).any(|at| {
        let rest = value.get(at + 2..).unwrap_or_default();
        let rest = rest.get(..MOST).unwrap_or(rest);
        rest.first().is_some_and(u8::is_ascii_alphabetic)
            && memchr::memmem::find(rest, b">>").is_some()
    })
}

/// `<your key>`, `{name}` and `[token]`: words in brackets, anywhere for the first two and as the
/// whole value for the third.
fn is_named_hole(value: &[u8]) -> bool {
    /// Shortest name inside a longer value: passwords may have brackets of their own.
    const LEAST: usize = 4;
    let is_name = |inside: &[u8]| {
        let letters = inside.iter().filter(|b| b.is_ascii_alphabetic()).count();
        letters >= 3.min(inside.len())
            && inside.iter().all(|b| b.is_ascii_alphanumeric() || b"_-. :/'()".contains(b))
            && letters * 2 >= inside.len()
    };
    let hole = |open: u8, close: u8| {
        memchr::memchr_iter(open, value).take(8).any(|at| {
            let rest = value.get(at + 1..).unwrap_or_default();
            memchr::memchr(close, rest).is_some_and(|length| {
                let inside = rest.get(..length).unwrap_or_default();
                if at == 0 && length + 2 == value.len() {
                    inside.iter().all(u8::is_ascii_digit) || is_name(inside)
                } else {
                    length >= LEAST && is_name(inside)
                }
            })
        })
    };
    let bracketed = value.strip_prefix(b"[").and_then(|rest| rest.strip_suffix(b"]"));
    is_double_hole(value) || hole(b'<', b'>') || hole(b'{', b'}') || bracketed.is_some_and(is_name)
}

/// Source code that fetches the value.
fn is_code(value: &[u8]) -> bool {
    const ANYWHERE: [&[u8]; 14] = [
        b"process.env",
        b"os.environ",
        b"os.getenv",
        b"getenv(",
        b"env[",
        b"import.meta.env",
        b"env.fetch",
        b"environment.get",
        b"configuration[",
        b"secretsmanager",
        b"std::env",
        b"resourcestring",
        b"parameter store",
        b"keyvault",
    ];
    /// A path into some settings.
    const START: [&[u8]; 16] = [
        b"var.",
        b"local.",
        b"data.",
        b"module.",
        b"secrets.",
        b"env.",
        b"config.",
        b"settings.",
        b"params.",
        b"props.",
        b"self.",
        b"this.",
        b"args.",
        b"options.",
        b"vars.",
        b"inputs.",
    ];
    /// A secret manager's reference.
    const REFERENCE: [&[u8]; 6] = [b"ref+", b"vault:", b"op://", b"ssm:", b"sops:", b"!ref "];
    if value.len() > MAX_WORDED {
        return false;
    }
    let lower = value.to_ascii_lowercase();
    if ANYWHERE.iter().any(|text| memchr::memmem::find(&lower, text).is_some()) {
        return true;
    }
    if REFERENCE.iter().any(|start| lower.starts_with(start)) {
        return true;
    }
    START.iter().any(|start| {
        lower.strip_prefix(*start).is_some_and(|rest| {
            let path =
                rest.iter().all(|b| b.is_ascii_alphanumeric() || b"_.-/:#[]\"'()".contains(b));
            let words = rest.iter().filter(|b| b.is_ascii_alphabetic() || **b == b'_').count();
            path && words * 10 >= rest.len() * 8
        })
    })
}

/// Characters that hide others: `****`, `xxxx`, `••••`, and `...` where something was cut.
fn is_masked(value: &[u8]) -> bool {
    if memchr::memmem::find(value, b"...").is_some()
        || ["…", "••", "●●", "××", "＊＊"]
            .iter()
            .any(|mask| memchr::memmem::find(value, mask.as_bytes()).is_some())
    {
        return true;
    }
    let (mut run, mut longest) = (0usize, 0usize);
    let mut last = 0;
    for byte in value.to_ascii_lowercase() {
        run = if byte == last { run + 1 } else { 1 };
        last = byte;
        // A run of any character is a mask when long enough; these are masks sooner.
        let weight = if matches!(byte, b'*' | b'x' | b'#' | b'?' | b'_') { run * 2 } else { run };
        longest = longest.max(if byte == b'*' && run >= 3 { usize::MAX } else { weight });
    }
    longest >= 8.max(value.len() / 4)
}

/// One repeated character or short text, hardly any different characters, or mostly characters
/// that follow each other in the alphabet, in the digits or on the keyboard.
pub(super) fn is_patterned(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"0x").unwrap_or(value);
    let lower = value.to_ascii_lowercase();
    let mut seen = [false; 256];
    for byte in &lower {
        seen[usize::from(*byte)] = true;
    }
    let distinct = seen.iter().filter(|seen| **seen).count();
    if distinct <= 1 || distinct <= 2 && lower.len() >= 6 || distinct <= 3 && lower.len() >= 12 {
        return true;
    }
    let period = period(&lower);
    if period * 2 <= lower.len() && lower.len() - period >= 3 {
        return true;
    }
    in_runs(&lower) * 10 >= lower.len() * 6
}

/// The least p with `text[i] == text[i + p]` everywhere, by the failure function of Knuth, Morris
/// and Pratt: linear time.
fn period(text: &[u8]) -> usize {
    let mut failure = vec![0usize; text.len()];
    let mut matched = 0;
    for at in 1..text.len() {
        while matched > 0 && text[at] != text[matched] {
            matched = failure[matched - 1];
        }
        if text[at] == text[matched] {
            matched += 1;
        }
        failure[at] = matched;
    }
    text.len() - failure.last().copied().unwrap_or(0)
}

/// How many bytes of lower-case `text` stand in runs of consecutive characters.
fn in_runs(text: &[u8]) -> usize {
    let (mut covered, mut run, mut direction) = (0, 1usize, 0i8);
    let close = |run: usize| if run >= MIN_RUN { run } else { 0 };
    for pair in text.windows(2) {
        let step = match pair {
            [a, b] if follows(*a, *b) => 1,
            [a, b] if follows(*b, *a) => -1,
            _ => 0,
        };
        if step != 0 && (run == 1 || step == direction) {
            run += 1;
        } else {
            covered += close(run);
            run = if step == 0 { 1 } else { 2 };
        }
        direction = step;
    }
    covered + close(run)
}

/// Whether `b` comes right after `a`.
fn follows(a: u8, b: u8) -> bool {
    const ROWS: [&[u8]; 3] = [b"qwertyuiop", b"asdfghjkl", b"zxcvbnm"];
    match (a, b) {
        (b'9' | b'z', b'0' | b'a') | (b'f', b'0') => true,
        (b'0'..=b'8' | b'a'..=b'y', _) if b == a + 1 => true,
        _ => ROWS.iter().any(|row| row.windows(2).any(|pair| pair == [a, b])),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::validate::tests::{BASE62, random};

    #[test]
    #[allow(clippy::too_many_lines, reason = "a list")]
    fn stand_ins() {
        for value in [
            "",
            "  ",
            "\"\"",
            "****",
            "********",
            "abc****",
            "xxxx",
            "XXXXXXXXXXXXXXXX",
            "....",
            "sk_live_xxxxxxxxxxxxxxxxxxxxxxxx",
            "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
            "sk-abc...",
            "AKIA................",
            "aaaaaaaa",
            "0000000000000000",
            "ffffffffffffffff",
            "0x0000000000",
            "00000000-0000-0000-0000-000000000000",
            "1212121212",
            "abcabcabc",
            "deadbeefdeadbeef",
            "1234567890",
            "0123456789abcdef0123456789ABCDEF",
            "abcdefghijklmnop",
            "9876543210",
            "sk_test_1234567890abcdef",
            "qwertyuiop",
            "asdfghjkl",
            "AIzaSyAbcdefghijklmnopqrstuvwxyz",
            "changeme",
            "CHANGE_ME",
            "ChangeMe123",
            "your-api-key-here",
            "YOUR_TOKEN",
            "<your token>",
            "<<base62:24>>",
            "key-<<hex:32>>-end",
            "<token>",
            "<API_KEY>",
            "sk-<your key>",
            "placeholder",
            "my-example-key",
            "dummy",
            "dummy_secret",
            "sample-token",
            "test",
            "test-key",
            "test_password",
            "testtoken",
            "password",
            "secret",
            "mysecretpassword",
            "REDACTED",
            "[redacted]",
            "[secret]",
            "fake-token",
            "${TOKEN}",
            "prefix-${TOKEN}",
            "{{ token }}",
            "$(cat key)",
            "#{ENV['X']}",
            "%{token}",
            "$TOKEN",
            "$password",
            "%TOKEN%",
            "@token@",
            "__TOKEN__",
            ":password",
            "%s",
            "%1$s",
            "%v",
            "%(password)s",
            "{}",
            "{0}",
            "{password}",
            "Bearer {token}",
            "process.env.API_KEY",
            "os.environ['KEY']",
            "os.getenv(\"KEY\")",
            "ENV[\"KEY\"]",
            "System.getenv(KEY)",
            "var.db_password",
            "secrets.GITHUB_TOKEN",
            "op://vault/item/field",
            "ref+vault://path",
            "null",
            "None",
            "undefined",
            "<%= token %>",
            "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
            "foobar",
            "foo",
            "insert-token-here",
            "TODO",
            "todo-set-this",
            "••••••••",
            "token…",
        ] {
            assert!(is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn values() {
        for parts in [
            ["Tr0ub4dor", "&3"],
            ["correct horse", " battery staple"],
            ["hunter2", ""],
            ["aaab9Qz", "kkk2Lm0"],
            ["s3cr3t", "-Pa55w0rd"],
            ["p@$$w", "0rd!X"],
            ["$2b$12$", "K3jwZrPqv8nXbU"],
            ["zq9$", "vT{x2}m"],
            ["letmein", "-2019!"],
            ["Winter", "2024!"],
            ["admin", "@42kk"],
            ["sk_test_", "51HqLyjWDbrjtT1zd9"],
            ["7b5e", "0000c1d9aa31"],
            ["a1<b2>", "c3-d4"],
        ] {
            let value = parts.concat();
            assert!(!is_placeholder(value.as_bytes()), "{value}");
        }
    }

    #[test]
    fn random_values_are_values() {
        for (alphabet, least) in [
            (&b"0123456789abcdef"[..], 16),
            (BASE62, 16),
            (b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            (b"abcdefghijklmnopqrstuvwxyz0123456789", 16),
            (b"abcdefghijklmnopqrstuvwxyz", 20),
            (b"0123456789", 20),
        ] {
            for seed in 0..4000 {
                let length = least + usize::try_from(seed % 80).expect("small");
                let value = random(seed, length, alphabet);
                assert!(!is_placeholder(&value), "{}", String::from_utf8_lossy(&value));
            }
        }
    }

    #[test]
    fn documentation_samples_are_known_by_their_hash() {
        // Slack's API reference prints this token; it is split so that it is found nowhere here.
        let sample = ["xoxb", "17653672481", "19874698323", "pdFZKVeTuE8sk7oOcBrzbqgy"].join("-");
        assert!(is_placeholder(sample.as_bytes()));
        assert!(!is_placeholder(sample.replace("pdF", "pdG").as_bytes()));
    }

    #[test]
    fn ten_megabytes_take_linear_time() {
        for pattern in ["ab", "a", "{<", "$(", "abcdefgh", "aab"] {
            is_placeholder(pattern.repeat(10_000_000 / pattern.len()).as_bytes());
        }
    }
}
