//! The engine over the built-in rules: what a user's content gives, whatever surrounds it.

use std::sync::Arc;

use super::{Effort, Engine, Limits, Match};
use crate::model::Layer;
use crate::rule::Ruleset;
use crate::rule::checksum;

fn engine() -> Engine {
    Engine::new(Arc::new(Ruleset::builtin()), Effort::Small, Limits::default())
}

/// A GitHub token with the right checksum, made from a seed.
fn token(seed: u32) -> String {
    let alphabet: Vec<char> = ('0'..='9').chain('A'..='Z').chain('a'..='z').collect();
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(97);
    let body: String = (0..30)
        .map(|_| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            alphabet[(state >> 16) as usize % alphabet.len()]
        })
        .collect();
    let sum = checksum::base62_crc32(body.as_bytes());
    format!("{}{body}{}", ["gh", "p_"].concat(), String::from_utf8(sum.to_vec()).expect("ASCII"))
}

fn secrets(matches: &[Match]) -> Vec<&[u8]> {
    matches.iter().map(|found| found.secret.expose()).collect()
}

#[test]
fn a_token_is_found_with_its_place_and_nothing_of_it_is_shown() {
    let token = token(1);
    let text = format!("# settings\n  export TOKEN={token} # mine\n");
    let outcome = engine().scan(text.as_bytes());
    assert_eq!(secrets(&outcome.matches), [token.as_bytes()]);
    let found = &outcome.matches[0];
    assert_eq!((found.position.line, found.position.column), (2, 16));
    assert_eq!(found.excerpt, "export TOKEN=ghp_*** # mine");
    assert!(!format!("{outcome:?}").contains(&token[4..]));
}

#[test]
fn a_distinctive_format_wins_over_the_key_beside_it() {
    let engine = engine();
    let text = format!("password = \"{}\"", token(2));
    let outcome = engine.scan(text.as_bytes());
    assert_eq!(outcome.matches.len(), 1);
    let rule = &engine.ruleset().rules()[outcome.matches[0].rule as usize];
    assert_eq!(rule.provider, "github");
}

#[test]
fn a_failed_checksum_is_no_finding() {
    let mut wrong = token(3).into_bytes();
    let last = wrong.len() - 1;
    wrong[last] = if wrong[last] == b'0' { b'1' } else { b'0' };
    let engine = engine();
    let found = engine.scan(&[b"x ", wrong.as_slice()].concat()).matches;
    let github =
        found.iter().filter(|m| engine.ruleset().rules()[m.rule as usize].provider == "github");
    assert_eq!(github.count(), 0);
}

#[test]
fn layers_are_told_and_the_same_value_counts_once() {
    use base64::Engine as _;
    let token = token(4);
    let inner = format!("GITHUB_TOKEN={token}\nother=1\n");
    let coded = base64::engine::general_purpose::STANDARD.encode(&inner);
    let text = format!(
        "plain: {token}\ncoded: {coded}\nsplit: \"{}\" + \"{}\"\n",
        &token[..9],
        &token[9..]
    );
    let outcome = engine().scan(text.as_bytes());
    let seen: Vec<(u32, Vec<Layer>)> =
        outcome.matches.iter().map(|found| (found.position.line, found.layers.clone())).collect();
    assert_eq!(
        seen,
        [(1, vec![]), (2, vec![Layer::Base64]), (3, vec![Layer::Concatenation])],
        "{outcome:?}"
    );
    assert!(outcome.matches.iter().all(|found| found.secret.expose() == token.as_bytes()));
}

#[test]
fn a_secret_depends_on_its_neighbourhood_only() {
    let engine = engine();
    let token = token(5);
    let core = format!("\nkey: {token}\n");
    let alone = engine.scan(core.as_bytes()).matches;
    let filler = "lorem ipsum dolor sit amet\n".repeat(50_000);
    let around = engine.scan(format!("{filler}{core}{filler}").as_bytes()).matches;
    assert_eq!(secrets(&alone), secrets(&around));
    assert_eq!(around[0].position.line, alone[0].position.line + 50_000);
}

#[test]
fn windows_of_a_stream_give_what_the_whole_gives() {
    let engine = engine();
    // Two seams of 16 MiB, a secret on each and some elsewhere, one line without an end among them.
    let mut text = Vec::new();
    let mut planted = Vec::new();
    for (seed, until) in [(6, 900), (7, (16 << 20) - 20), (8, 17 << 20), (9, (32 << 20) - 300_000)]
    {
        while text.len() < until {
            text.extend_from_slice(b"some plain text of no interest whatever to anyone\n");
        }
        let token = token(seed);
        text.extend_from_slice(format!("t: {token}\n").as_bytes());
        planted.push(token);
    }
    let whole = engine.scan(&text);
    let streamed = engine.scan_stream(&mut text.as_slice()).expect("memory is readable");
    assert_eq!(secrets(&whole.matches), planted.iter().map(String::as_bytes).collect::<Vec<_>>());
    assert_eq!(whole, streamed);
}

#[test]
fn text_made_of_literals_costs_a_bounded_amount_and_says_so() {
    // Long enough that verifying every hit would take reach times length.
    let text = ["-----BEGIN ", "RSA PRIVATE KEY", "-----"].concat().repeat(60_000);
    let outcome = engine().scan(text.as_bytes());
    assert!(outcome.matches.is_empty());
    assert!(
        outcome.unread.iter().all(|what| what.contains("too many candidates")),
        "{:?}",
        outcome.unread
    );
}

#[test]
fn many_secrets_in_one_text_are_all_found() {
    let tokens: Vec<String> = (100..1_100).map(token).collect();
    let outcome = engine().scan(tokens.join("\n").as_bytes());
    assert_eq!(secrets(&outcome.matches), tokens.iter().map(String::as_bytes).collect::<Vec<_>>());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]
    #[test]
    fn any_bytes_can_be_scanned(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..4_096)) {
        let _ = engine_once().scan(&bytes);
    }
}

fn engine_once() -> &'static Engine {
    static ENGINE: std::sync::OnceLock<Engine> = std::sync::OnceLock::new();
    ENGINE.get_or_init(engine)
}

#[test]
fn more_findings_than_are_listed_are_named_and_take_no_longer() {
    let rules = Ruleset::builtin().filter(|rule| rule.id == "age-secret-key");
    let engine = Engine::new(Arc::new(rules), Effort::Small, Limits::default());
    let key = crate::rule::example::Template::parse("<<age>> ").expect("valid").render("one");
    // All on one line, where a place that is counted from the line's start each time takes minutes.
    let text = key.repeat(10_050);
    let outcome = engine.scan(text.as_bytes());
    assert_eq!(outcome.matches.len(), 10_000);
    let all = outcome.unread.join("\n");
    assert!(all.contains("50 findings more than the 10000"), "{all}");
    assert!(outcome.matches.iter().all(|found| !found.excerpt.contains(&key[20..40])));
}
