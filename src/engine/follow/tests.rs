//! Following changes gives what scanning every version whole gives: over random edit histories of
//! texts that are full of literals, secrets, encodings and the beginnings of each.

use std::fmt::Write as _;
use std::sync::{Arc, OnceLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use proptest::prelude::*;

use crate::engine::{Base, Effort, Engine, Limits, Scratch};
use crate::model::Copied;
use crate::rule::Ruleset;
use crate::rule::checksum;
use crate::rule::example::Template;

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
    let mut digits = String::new();
    for byte in text.bytes() {
        let _ = write!(digits, "{byte:02x}");
    }
    digits
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

/// A place, how many bytes go there, and what comes.
fn small_edit() -> impl Strategy<Value = (prop::sample::Index, usize, String)> {
    let new = prop_oneof![
        4 => Just(String::new()),
        3 => r#"[a-z"'\\%&;+\n .=:/A-F0-9]{1,3}"#,
        1 => piece(),
    ];
    (any::<prop::sample::Index>(), 0usize..4, new)
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
fn follows<E>(
    first: &[String],
    versions: &[E],
    apply: impl Fn(&[u8], &E) -> (Vec<u8>, Vec<Copied>),
) -> Result<(), TestCaseError> {
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
        follows(&first, &versions, |text, edits| apply(text, edits))?;
    }

    /// A few bytes put into or taken out of the middle, where something stands that is found: what
    /// splits it, joins it again, or changes what stands around it.
    #[test]
    fn what_is_split_and_joined_again_is_followed(
        middle in prop::collection::vec(piece(), 1..4),
        edits in prop::collection::vec(small_edit(), 1..12),
        apart in prop::sample::select(vec![100usize, 230, 600]),
    ) {
        let margin: String = "nothing to see\n".repeat(apart / 15 + 1);
        let first = [margin.clone(), middle.concat(), margin.clone()];
        follows(&first, &edits, |text, edit| {
            let (at, gone, new) = edit;
            let room = text.len().saturating_sub(2 * margin.len());
            let start = margin.len().min(text.len()) + at.index(room + 1);
            let start = start.min(text.len());
            let end = (start + gone).min(text.len());
            let made = [&text[..start], new.as_bytes(), &text[end..]].concat();
            let copies = [
                Copied { from: 0, to: 0, len: start },
                Copied { from: end, to: start + new.len(), len: text.len() - end },
            ];
            (made, copies.into_iter().filter(|copy| copy.len > 0).collect())
        })?;
    }
}

/// Scans `before + apart + after`, then the same without what stands apart, and gives how many
/// matches each has. Far from both ends, so that nothing but the seam can tell.
fn joined(before: &str, apart: &str, after: &str) -> (usize, usize) {
    let engine = engine();
    let mut scratch = Scratch::default();
    let margin = "nothing to see\n".repeat(30);
    let (start, end) = (margin.clone() + before, after.to_owned() + "\n" + &margin);
    let first = format!("{start}{apart}{end}");
    let (outcome, known) = engine.scan_next(first.as_bytes(), None, &mut scratch);
    let second = format!("{start}{end}");
    let copies = [
        Copied { from: 0, to: 0, len: start.len() },
        Copied { from: start.len() + apart.len(), to: start.len(), len: end.len() },
    ];
    let base = Base { known: &known, copies: &copies };
    let (followed, _) = engine.scan_next(second.as_bytes(), Some(base), &mut scratch);
    assert_eq!(followed, engine.scan(second.as_bytes()));
    (outcome.matches.len(), followed.matches.len())
}

#[test]
fn what_a_deletion_joins_is_found() {
    let token = token(5);
    let (head, tail) = token.split_at(20);
    assert_eq!(joined(&format!("t = {head}"), " ", &format!("{tail} x")), (0, 1), "a token");

    let encoded = token.replacen('p', "%70", 1);
    let (head, tail) = encoded.split_at(3);
    assert_eq!(joined(&format!("t = {head}"), "x", &format!("{tail} x")), (0, 1), "an escape");

    // Two runs that are too short to be anything, and together are base64.
    let encoded = STANDARD.encode(format!("password={}", random(3, 24)));
    let (head, tail) = encoded.split_at(22);
    assert_eq!(joined(&format!("t: {head}"), " ", &format!("{tail} x")), (0, 1), "base64");

    let (head, tail) = token.split_at(20);
    let gap = " ".repeat(70);
    let (head, tail) = (format!("t = \"{head}\"{gap}"), format!("+{gap}\"{tail}\""));
    assert_eq!(joined(&head, ",", &tail), (0, 1), "literals");
}

#[test]
fn a_block_that_is_completed_later_is_found() {
    // Under a passphrase: the body of an open key is one even without the lines around it.
    let template = Template::parse("<<pem-encrypted:RSA PRIVATE KEY>>").expect("a template");
    let block = template.render("one");
    for at in [30, block.len() / 2, block.len() - 10] {
        let (head, tail) = block.split_at(at);
        assert_eq!(joined(head, "?\n", tail), (0, 1), "{at}");
    }
    let end = block.rfind("-----END").expect("it ends");
    let again = block.lines().next().expect("it begins");
    assert_eq!(joined(&block[..end], again, &block[end..]), (0, 1), "another block's beginning");
}

/// A line of megabytes, changed in thousands of places that each may begin an encoding: measured
/// once, not once a change, or this would take minutes.
#[test]
fn many_changes_in_one_long_line_take_linear_time() {
    let engine = engine();
    let mut scratch = Scratch::default();
    let part = format!("{}\\u0041 ", "word ".repeat(40));
    let first = part.repeat(20_000);
    let known = engine.scan_next(first.as_bytes(), None, &mut scratch).1;
    let (mut next, mut copies) = (Vec::new(), Vec::new());
    for at in 0..20_000 {
        copies.push(Copied { from: at * part.len(), to: next.len(), len: part.len() });
        next.extend_from_slice(part.as_bytes());
        next.extend_from_slice(b"\\u0042");
    }
    let base = Base { known: &known, copies: &copies };
    let (followed, _) = engine.scan_next(&next, Some(base), &mut scratch);
    assert_eq!(followed, engine.scan(&next));
}

/// A text of little but literals is not remembered, and loses nothing by that.
#[test]
fn what_is_full_of_literals_is_searched_without_keeping_them() {
    let engine = engine();
    let mut scratch = Scratch::default();
    let dense = "token ".repeat(3_000);
    let text = format!("{dense}\nt = {}\n{dense}", token(4));
    let (outcome, known) = engine.scan_next(text.as_bytes(), None, &mut scratch);
    assert_eq!(outcome.matches.len(), 1);
    assert!(known.0.is_none(), "its literals are too many to keep");

    // A few literals that a delta copies over and over become many.
    let first = format!("{}{}", "token ".repeat(300), "nothing to see\n".repeat(20));
    let known = engine.scan_next(first.as_bytes(), None, &mut scratch).1;
    assert!(known.0.is_some());
    let copy = |at| Copied { from: 0, to: at * first.len(), len: first.len() };
    let copies: Vec<Copied> = (0..12).map(copy).collect();
    let base = Base { known: &known, copies: &copies };
    let next = first.repeat(12);
    let (followed, known) = engine.scan_next(next.as_bytes(), Some(base), &mut scratch);
    assert_eq!(followed, engine.scan(next.as_bytes()));
    assert!(known.0.is_none());
}
