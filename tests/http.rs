//! The HTTP client against a server of its own: what it waits for, what it tries again, what it
//! refuses, and what its errors show.
#![allow(clippy::panic)]

#[path = "common/mock.rs"]
mod mock;

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use flate2::Compression;
use flate2::write::GzEncoder;
use leaktrace::http::{Client, Error, Request, Settings, Token};
use mock::{Mock, Reply, StillClock};

/// 2025-06-15T15:06:40Z.
const NOW: i64 = 1_750_000_000;

/// A credential that occurs nowhere else.
fn secret(label: &str) -> String {
    let bytes = label.bytes().chain(*b"0123456789");
    bytes
        .flat_map(|byte| (u32::from(byte) * 7919).to_string().into_bytes())
        .map(char::from)
        .collect()
}

fn client(settings: Settings) -> (Client, Arc<StillClock>) {
    let clock = StillClock::at(NOW);
    let client = Client::with_clock(settings, clock.clone()).expect("settings");
    (client, clock)
}

fn plain() -> (Client, Arc<StillClock>) {
    client(Settings::default())
}

#[test]
fn too_many_requests_are_waited_out_for_any_method() {
    let mock = Mock::scripted(vec![
        ("GET /a", vec![Reply::new(429, "").header("retry-after", "7"), Reply::new(200, "got")]),
        (
            "POST /b",
            vec![
                Reply::new(429, "").header("retry-after", "Sun, 15 Jun 2025 15:07:00 GMT"),
                Reply::new(202, "taken"),
            ],
        ),
    ]);
    let (client, clock) = plain();
    assert_eq!(client.send(&Request::get(&mock.url("/a"))).expect("an answer").body, b"got");
    let request = Request::post(&mock.url("/b"), "text/plain", b"x".to_vec());
    assert_eq!(client.send(&request).expect("an answer").status, 202);
    // 20 seconds to the date, of which 7 had passed.
    assert_eq!(clock.slept(), [7, 13]);
}

#[test]
fn a_spent_limit_is_waited_out_until_its_reset() {
    let reset = (NOW + 300).to_string();
    let limited = Reply::refused(403, "API rate limit exceeded")
        .header("x-ratelimit-remaining", "0")
        .header("x-ratelimit-reset", &reset);
    let secondary = Reply::refused(403, "You have exceeded a secondary rate limit.");
    let mock = Mock::scripted(vec![("GET /a", vec![limited, secondary, Reply::new(200, "")])]);
    let (client, clock) = plain();
    assert_eq!(client.send(&Request::get(&mock.url("/a"))).expect("an answer").status, 200);
    assert_eq!(clock.slept(), [301, 60]);
}

#[test]
fn a_wait_beyond_the_budget_is_an_error_that_says_until_when() {
    let late = Reply::new(429, "").header("retry-after", "3600");
    let mock = Mock::scripted(vec![("GET /a", vec![late.clone()]), ("POST /b", vec![late])]);
    let (client, clock) = plain();
    let error = client.send(&Request::get(&mock.url("/a"))).expect_err("too long");
    assert_eq!(
        error.to_string(),
        format!("127.0.0.1:{}/a: asks to wait until 2025-06-15T16:06:40Z", mock.port())
    );
    assert_eq!(error, Error::Limited { place: error_place(&error), until: NOW + 3600 });
    assert!(clock.slept().is_empty());
    // Who keeps messages of its own until later takes the answer as it is.
    let (client, _) = self::client(Settings { attempts: 1, ..Settings::default() });
    let request = Request::post(&mock.url("/b"), "application/json", b"{}".to_vec());
    let response = client.send(&request).expect("an answer");
    assert_eq!(response.status, 429);
    assert_eq!(response.retry_after(NOW), Some(Duration::from_hours(1)));
}

fn error_place(error: &Error) -> leaktrace::http::Place {
    match error {
        Error::Limited { place, .. } => place.clone(),
        other => panic!("{other}"),
    }
}

#[test]
fn the_budget_holds_for_all_requests_together() {
    let limited = Reply::new(429, "").header("retry-after", "400");
    let mock = Mock::scripted(vec![("GET /a", vec![limited])]);
    let (client, clock) = plain();
    client.send(&Request::get(&mock.url("/a"))).expect_err("limited for ever");
    assert_eq!(clock.slept(), [400, 400], "900 seconds have room for two waits");
}

#[test]
fn faults_of_the_server_are_tried_again_with_growing_pauses() {
    let mock = Mock::scripted(vec![
        ("GET /a", vec![Reply::new(502, ""), Reply::new(503, ""), Reply::new(200, "got")]),
        ("GET /b", vec![Reply::new(500, "still")]),
        ("POST /c", vec![Reply::new(502, "")]),
        ("GET /d", vec![Reply::new(404, "")]),
    ]);
    let (client, clock) = plain();
    assert_eq!(client.send(&Request::get(&mock.url("/a"))).expect("an answer").body, b"got");
    assert_eq!(clock.slept(), [1, 2]);
    assert_eq!(client.send(&Request::get(&mock.url("/b"))).expect("an answer").status, 500);
    assert_eq!(mock.count("GET /b"), 5);
    let post = Request::post(&mock.url("/c"), "text/plain", vec![]);
    assert_eq!(client.send(&post).expect("an answer").status, 502);
    assert_eq!(mock.count("POST /c"), 1, "what may arrive once only is sent once");
    client.send(&post.idempotent()).expect("an answer");
    assert_eq!(mock.count("POST /c"), 6);
    client.send(&Request::get(&mock.url("/d"))).expect("an answer");
    assert_eq!(mock.count("GET /d"), 1);
}

#[test]
fn a_connection_that_breaks_off_in_a_body_is_tried_again() {
    let cut = || Reply::new(200, "a whole answer").cut_after(5);
    let mock = Mock::scripted(vec![
        ("GET /a", vec![cut(), cut(), Reply::new(200, "a whole answer")]),
        ("GET /b", vec![cut()]),
        ("POST /c", vec![cut()]),
    ]);
    let (client, clock) = plain();
    let response = client.send(&Request::get(&mock.url("/a"))).expect("an answer");
    assert_eq!(response.body, b"a whole answer");
    assert_eq!(clock.slept(), [1, 2]);
    let error = client.send(&Request::get(&mock.url("/b"))).expect_err("cut");
    assert!(matches!(error, Error::Connection { .. }), "{error}");
    client.send(&Request::post(&mock.url("/c"), "text/plain", vec![])).expect_err("cut");
    assert_eq!(mock.count("POST /c"), 1);
}

#[test]
fn bodies_are_bounded_also_when_they_are_packed() {
    let mut packer = GzEncoder::new(Vec::new(), Compression::best());
    packer.write_all(&vec![0; 4 << 20]).expect("memory");
    let bomb = Reply::new(200, packer.finish().expect("packed")).header("content-encoding", "gzip");
    let mock = Mock::scripted(vec![
        ("GET /plain", vec![Reply::new(200, vec![b'x'; 1001])]),
        ("GET /fits", vec![Reply::new(200, vec![b'x'; 1000])]),
        ("GET /bomb", vec![bomb]),
    ]);
    let (client, _) = client(Settings { body_limit: 1000, ..Settings::default() });
    for path in ["/plain", "/bomb"] {
        let error = client.send(&Request::get(&mock.url(path))).expect_err("too large");
        assert!(matches!(error, Error::TooLarge { limit: 1000, .. }), "{error}");
    }
    assert_eq!(client.send(&Request::get(&mock.url("/fits"))).expect("fits").body.len(), 1000);
}

#[test]
fn credentials_follow_redirects_within_a_host_only() {
    let other = Mock::scripted(vec![("GET /there", vec![Reply::new(200, "there")])]);
    let away = other.url("/there");
    let mock = Mock::scripted(vec![
        ("GET /moved", vec![Reply::new(301, "").header("location", "/new?x=1")]),
        ("GET /new?x=1", vec![Reply::new(200, "new")]),
        ("GET /away", vec![Reply::new(302, "").header("location", &away)]),
        ("GET /round", vec![Reply::new(302, "").header("location", "/round")]),
        ("POST /moved", vec![Reply::new(307, "").header("location", "/new?x=1")]),
    ]);
    let (client, _) = plain();
    let token = Token::new(&secret("redirect"));
    let asks = |path: &str| Request::get(&mock.url(path)).bearer(&token);
    assert_eq!(client.send(&asks("/moved")).expect("an answer").body, b"new");
    let error = client.send(&asks("/away")).expect_err("refused").to_string();
    assert!(error.contains("another host") && !error.contains("there"), "{error}");
    assert!(other.lines().is_empty(), "nothing was sent there");
    let open = client.send(&Request::get(&mock.url("/away"))).expect("an answer");
    assert_eq!(open.body, b"there");
    assert!(client.send(&asks("/round")).expect_err("endless").to_string().contains("too often"));
    let post = Request::post(&mock.url("/moved"), "text/plain", vec![]);
    assert_eq!(client.send(&post).expect("an answer").status, 307);
}

#[test]
fn no_error_shows_a_token_a_query_or_a_secret_path() {
    let (word, hook) = (secret("token"), secret("hook"));
    let mock = Mock::with(|_| Reply::new(200, "no JSON"));
    let unused = mock.url("/").replace(&mock.port().to_string(), "1");
    let urls = [
        format!("{unused}{hook}?key={word}"),
        format!("http://example.invalid/{hook}?key={word}"),
        format!("https://user:{word}@example.invalid/{hook}"),
        format!("https://example.invalid:bad/{hook}"),
        mock.url(&format!("/x?key={word}#{hook}")),
    ];
    let quick = Settings { backoff: Duration::ZERO, secret_url: true, ..Settings::default() };
    let (client, _) = client(quick);
    for url in urls {
        for request in [
            Request::get(&url).bearer(&Token::new(&word)),
            Request::get(&url).bearer(&Token::new(&format!("{word}\n{word}"))),
            Request::get(&url).header(&format!("bad name {word}"), &word),
        ] {
            let shown = match client.send(&request) {
                Err(error) => format!("{error} {error:?}"),
                Ok(response) => {
                    let error = response.json().expect_err("no JSON");
                    format!("{response:?} {error} {error:?}")
                }
            };
            assert!(!shown.contains(&word) && !shown.contains(&hook), "{shown}");
        }
    }
}

#[test]
fn a_proxy_is_asked_unless_the_host_is_excepted() {
    let mock = Mock::with(|_| Reply::new(403, ""));
    let word = secret("proxy");
    let proxy = format!("http://user:{word}@127.0.0.1:{}", mock.port());
    let settings = Settings {
        https_proxy: Some(Token::new(&proxy)),
        no_proxy: "direct.invalid".to_owned(),
        attempts: 1,
        ..Settings::default()
    };
    let (client, _) = client(settings);
    let error = client.send(&Request::get("https://api.invalid/x")).expect_err("refused");
    assert_eq!(mock.lines(), ["CONNECT api.invalid:443"]);
    assert!(!format!("{error} {error:?} {client:?}").contains(&word));
    client.send(&Request::get("https://direct.invalid/x")).expect_err("no such host");
    assert_eq!(mock.lines().len(), 1);
    let bad =
        Settings { https_proxy: Some(Token::new(&format!("::{word}"))), ..Settings::default() };
    let error = Client::new(bad).expect_err("no proxy").to_string();
    assert!(!error.contains(&word), "{error}");
}
