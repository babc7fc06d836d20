//! Following changes gives what scanning every version whole gives: over random edit histories of
//! texts that are full of literals, secrets, encodings and the beginnings of each.

use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use crate::engine::{Base, Effort, Engine, Limits, Scratch};
use crate::model::Copied;
use crate::rule::Ruleset;
use crate::rule::checksum;

fn engine() -> &'static Engine {
    static ENGINE: OnceLock<Engine> = OnceLock::new();
    ENGINE
        .get_or_init(|| Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default()))
}

/// Letters and digits that look drawn at random.
fn random(seed: u32, length: usize) -> String {
    let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(97);
    std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        alphabet[(state >> 16) as usize % alphabet.len()]
    })
    .take(length)
    .collect()
}

/// A GitHub token with the right checksum.
fn token(seed: u32) -> String {
    let body = random(seed, 30);
    let sum = checksum::base62_crc32(body.as_bytes());
    format!("{}{body}{}", ["gh", "p_"].concat(), String::from_utf8(sum.to_vec()).expect("ASCII"))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("{byte:02x}")).collect()
}

/// A line break every 60 characters.
fn wrapped(text: &str, separator: &str) -> String {
    let parts: Vec<_> =
        text.as_bytes().chunks(60).map(|part| std::str::from_utf8(part).expect("ASCII")).collect();
    parts.join(separator)
}

/// Something that texts are made of.
fn piece() -> impl Strategy<Value = String> {
    let key = format!("-----BEGIN{} PRIVATE KEY-----", " RSA");
    let fixed: Vec<String> = [
        "\n",
        "\n\n",
        "    ",
        " = ",
        ": ",
        "\"",
        "'",
        "`",
        "\" + \"",
        "' .\n  '",
        "\\",
        "\\n",
        "\" // why\n + \"",
        "password",
        "PASSWORD",
        "api_key",
        "secret",
        "token",
        "key",
        "://",
        "user:",
        "@host/",
        "AKIA",
        "eyJ",
        "-----BEGIN",
        "-----END RSA PRIVATE KEY-----",
        "%3D",
        "%22",
        "&quot;",
        "&#61;",
        "\\u0041",
        "\\x3d",
        "# leaktrace:allow",
        "the quick brown fox jumps over the lazy dog, ",
        "if (a && b) { return c; }\n",
        "changeme",
        "${X}",
        "import org.example.something.very.long.Indeed;\n",
        "\u{e4}\u{df}\u{4e16}",
        "GOOG",
        "SK",
        "xox",
        "b-",
        "==",
        "+",
        ".",
        "\t",
        "\r\n",
        "{\"a\": 1}",
        "<key>",
        "</key>",
    ]
    .map(str::to_owned)
    .into_iter()
    .chain([key])
    .collect();
    prop_oneof![
        12 => prop::sample::select(fixed),
        3 => (0u32..9).prop_map(token),
        2 => (0u32..9).prop_map(|seed| token(seed)[..20].to_owned()),
        2 => (0u32..9).prop_map(|seed| token(seed)[20..].to_owned()),
        2 => (0u32..9, 8usize..60).prop_map(|(seed, length)| random(seed, length)),
        1 => (0u32..9).prop_map(|seed| format!("db_password = \"{}\"\n", random(seed, 24))),
        2 => (0u32..9).prop_map(|seed| STANDARD.encode(format!("the token is {} and so on", token(seed)))),
        1 => (0u32..9).prop_map(|seed| {
            wrapped(&STANDARD.encode(format!("{}\ntoken={}\n", "filler ".repeat(20), token(seed))), "\n")
        }),
        1 => (0u32..9).prop_map(|seed| {
            let encoded = STANDARD.encode(format!("{}token={}", "filler ".repeat(12), token(seed)));
            format!("\"{}\"", wrapped(&encoded, "\" +\n    \""))
        }),
        1 => (0u32..9).prop_map(|seed| hex(&format!("token={}", token(seed)))),
        1 => (0u32..9).prop_map(|seed| format!("https://bob:{}@db.internal.corp/x\n", random(seed, 16))),
        1 => (0u32..9).prop_map(|seed| format!("token%3D{}\n", token(seed))),
        1 => (0u32..9).prop_map(|seed| {
            let token = token(seed);
            format!("t = \"{}\" + \"{}\"\n", &token[..15], &token[15..])
        }),
        1 => (20usize..400).prop_map(|length| "lorem ipsum dolor sit amet\n".repeat(length / 27 + 1)),
    ]
}

/// One change: where, how many bytes go, and what comes.
type Edit = (prop::sample::Index, prop::sample::Index, usize, String, u8);

fn edit() -> impl Strategy<Value = Edit> {
    (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..120, piece(), 0u8..8)
}

/// Applies edits; gives the new text and what it has from the old.
fn apply(text: &[u8], edits: &[Edit]) -> (Vec<u8>, Vec<Copied>) {
    // As ranges of the old text or new bytes.
    let mut parts: Vec<Result<(usize, usize), Vec<u8>>> = Vec::new();
    let mut cuts: Vec<_> = edits.iter().map(|edit| (edit.0.index(text.len() + 1), edit)).collect();
    cuts.sort_by_key(|(at, _)| *at);
    let mut from = 0;
    for (at, (_, other, gone, new, kind)) in cuts {
        let at = at.max(from);
        parts.push(Ok((from, at)));
        match kind {
            // A deletion, a copy of something else, one split in two, else an insertion.
            0 | 1 => from = (at + gone).min(text.len()),
            2 => {
                let start = other.index(text.len() + 1);
                parts.push(Ok((start, (start + gone).min(text.len()))));
                from = at;
            }
            3 => {
                parts.push(Err(new.as_bytes().to_vec()));
                from = (at + gone).min(text.len());
            }
            _ => {
                parts.push(Err(new.as_bytes().to_vec()));
                from = at;
            }
        }
    }
    parts.push(Ok((from, text.len())));
    let (mut made, mut copies): (Vec<u8>, Vec<Copied>) = (Vec::new(), Vec::new());
    for part in parts {
        match part {
            Ok((start, end)) if end > start => {
                let copy = Copied { from: start, to: made.len(), len: end - start };
                match copies.last_mut() {
                    Some(last) if last.from_end() == copy.from && last.to_end() == copy.to => {
                        last.len += copy.len;
                    }
                    _ => copies.push(copy),
                }
                made.extend_from_slice(&text[start..end]);
            }
            Ok(_) => {}
            Err(new) => made.extend_from_slice(&new),
        }
    }
    (made, copies)
}

/// Scans a history version by version and compares with scanning each whole.
fn follows(first: &[String], versions: &[Vec<Edit>]) -> Result<(), TestCaseError> {
    let engine = engine();
    let mut scratch = Scratch::default();
    let mut text = first.concat().into_bytes();
    let mut known = engine.scan_next(&text, None, &mut scratch).1;
    for edits in versions {
        let (next, copies) = apply(&text, edits);
        let base = Base { known: &known, copies: &copies };
        let (outcome, learnt) = engine.scan_next(&next, Some(base), &mut scratch);
        let whole = engine.scan(&next);
        if outcome != whole {
            let shown = String::from_utf8_lossy(&next).into_owned();
            prop_assert_eq!(outcome, whole, "{}\ncopies {:?}", shown, copies);
        }
        (text, known) = (next, learnt);
    }
    Ok(())
}

/// More than the default in a long run: `LEAKTRACE_CASES=20000 cargo test follow`.
fn cases() -> ProptestConfig {
    let cases = std::env::var("LEAKTRACE_CASES").ok().and_then(|cases| cases.parse().ok());
    ProptestConfig { cases: cases.unwrap_or(300), max_shrink_iters: 4000, ..Default::default() }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn any_history_gives_what_whole_scans_give(
        first in prop::collection::vec(piece(), 0..60),
        versions in prop::collection::vec(prop::collection::vec(edit(), 1..5), 1..6),
    ) {
        follows(&first, &versions)?;
    }
}
