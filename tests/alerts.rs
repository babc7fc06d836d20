//! Alerts from end to end: the program against servers of this machine, and signatures checked by
//! code of the test's own.
#![allow(clippy::panic)]

#[path = "common/mock.rs"]
mod mock;

mod common;

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use common::{Run, Scratch, leaktrace};
use leaktrace::alert::{self, Endpoint, Outcome, sample};
use leaktrace::config::people::{Channel, Target};
use leaktrace::http::{Clock, Settings, Token};
use leaktrace::model::Secret;
use mock::{Mock, Reply, Seen, StillClock};
use serde_json::Value;
use sha2::{Digest as _, Sha256};

/// The part of an address that is secret.
const TOKEN: &str = "T000-B000-tokentokentoken";

const NOW: i64 = 1_750_000_000;

fn path() -> String {
    format!("/hook/{TOKEN}")
}

fn posted() -> String {
    format!("POST {}", path())
}

fn signing_key(seed: u8) -> Vec<u8> {
    (0..32).map(|at| at * 3 + seed).collect()
}

/// HMAC-SHA256 by its definition (RFC 2104).
fn hmac(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |with: u8| -> Vec<u8> {
        (0..64).map(|at| key.get(at).copied().unwrap_or(0) ^ with).collect()
    };
    let inner = Sha256::digest([&pad(0x36), message].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

const CONFIG: &str = "\
version: 1
alerts:
  - name: dev
    channel: slack
    url_variable: DEV_URL
  - name: security
    channel: teams
    url_variable: SECURITY_URL
    when: concern >= review
  - name: siem
    channel: webhook
    url_variable: SIEM_URL
    secret_variable: SIEM_SECRET
    when: severity >= critical
";

fn test_with(arguments: &[&str], environment: &[(&str, &str)]) -> Run {
    let scratch = Scratch::new();
    scratch.write("alerts.yml", CONFIG);
    let all = [&["alerts", "test", "--config", "alerts.yml"], arguments].concat();
    leaktrace(scratch.root(), &all, environment, b"")
}

#[test]
fn each_target_is_told_in_its_own_way() {
    let slack = Mock::scripted(vec![(&posted(), vec![Reply::new(200, "ok")])]);
    let teams = Mock::scripted(vec![(&posted(), vec![Reply::new(202, "")])]);
    let hook = Mock::scripted(vec![(&posted(), vec![Reply::new(204, "")])]);
    let (old, new) = (signing_key(1), signing_key(2));
    let secrets = format!("whsec_{} {}", STANDARD.encode(&new), STANDARD.encode(&old));
    let run = test_with(
        &[],
        &[
            ("DEV_URL", &slack.url(&path())),
            ("SECURITY_URL", &teams.url(&path())),
            ("SIEM_URL", &hook.url(&path())),
            ("SIEM_SECRET", &secrets),
        ],
    );
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let told = "alert to dev: sent (1 attempt)\nalert to security: sent (1 attempt)\nalert to \
                siem: sent (1 attempt)\n";
    assert_eq!(run.text(), told);
    assert_eq!(run.stderr, "");
    let [slack, teams, hook] = [slack, teams, hook].map(|mock| one(&mock));

    assert_eq!(slack.headers["content-type"], "application/json");
    assert!(slack.json()["text"].as_str().expect("a text").starts_with("TEST, nothing happened"));
    let key = &slack.headers["idempotency-key"];
    let footer = slack.json()["blocks"].as_array().expect("blocks").last().expect("one").clone();
    assert!(footer.to_string().contains(key.as_str()), "{footer}");

    let card = &teams.json()["attachments"][0];
    assert_eq!(card["contentType"], "application/vnd.microsoft.card.adaptive");
    assert_eq!(card["content"]["version"], "1.4");
    assert!(teams.body.len() < 28 << 10);
    // This target's condition asks about concern.
    assert!(card.to_string().contains("a made-up observation"), "{card}");
    assert!(!slack.json().to_string().contains("a made-up observation"));

    let body = hook.json();
    assert_eq!((&body["version"], &body["test"]), (&Value::from(1), &Value::from(true)));
    assert_eq!(body["type"], "leaktrace.push.findings");
    assert_eq!(body["id"], hook.headers["webhook-id"].as_str());
    let signed = format!("{}.{}.", hook.headers["webhook-id"], hook.headers["webhook-timestamp"]);
    let signed = [signed.as_bytes(), &hook.body].concat();
    let signatures =
        [new, old].map(|key| format!("v1,{}", STANDARD.encode(hmac(&key, &signed)))).join(" ");
    assert_eq!(hook.headers["webhook-signature"], signatures);
}

fn one(mock: &Mock) -> Seen {
    let seen = mock.seen();
    assert_eq!(seen.len(), 1, "{:?}", mock.lines());
    seen.into_iter().next().expect("one")
}

#[test]
fn one_that_fails_is_loud_and_keeps_nobody_from_being_told() {
    let slack = Mock::scripted(vec![(&posted(), vec![Reply::new(404, "no_service")])]);
    let teams = Mock::scripted(vec![(&posted(), vec![Reply::new(202, "")])]);
    let run =
        test_with(&[], &[("DEV_URL", &slack.url(&path())), ("SECURITY_URL", &teams.url(&path()))]);
    assert_eq!(run.code, Some(2));
    assert_eq!(run.text(), "alert to security: sent (1 attempt)\n");
    let said = "leaktrace: alert to dev: failed after 1 attempt: Slack refused it: no_service \
                (404)\nleaktrace: alert to siem: failed after 0 attempts: the variable SIEM_URL is \
                not set\n";
    assert_eq!(run.stderr, said);
}

#[test]
fn a_rate_limit_is_waited_out() {
    let limited = Reply::new(429, "rate_limited").header("retry-after", "1");
    let slack = Mock::scripted(vec![(&posted(), vec![limited, Reply::new(200, "ok")])]);
    let run = test_with(&["--target", "dev"], &[("DEV_URL", &slack.url(&path()))]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert_eq!(run.text(), "alert to dev: sent (2 attempts)\n");
    let keys: Vec<_> =
        slack.seen().iter().map(|seen| seen.headers["idempotency-key"].clone()).collect();
    assert_eq!(keys.len(), 2);
    assert_eq!(keys[0], keys[1], "the second is known to be the same");
}

#[test]
fn a_dry_run_prints_what_a_real_one_sends() {
    let slack = Mock::scripted(vec![(&posted(), vec![Reply::new(200, "ok")])]);
    let sent = test_with(&["--target", "dev"], &[("DEV_URL", &slack.url(&path()))]);
    assert_eq!(sent.code, Some(0), "{}", sent.stderr);
    let dry = test_with(&["--dry-run"], &[("DEV_URL", &slack.url(&path()))]);
    assert_eq!(dry.code, Some(0), "{}", dry.stderr);
    let drafts: Value = serde_json::from_slice(&dry.stdout).expect("JSON");
    let channels: Vec<&str> = drafts
        .as_array()
        .expect("drafts")
        .iter()
        .filter_map(|one| one["channel"].as_str())
        .collect();
    assert_eq!(channels, ["slack", "teams", "webhook"]);
    assert_eq!(one(&slack).body, drafts[0]["payload"].to_string().as_bytes());
}

#[test]
fn what_is_set_up_wrongly_is_usage() {
    let run = test_with(&["--target", "nobody"], &[]);
    assert_eq!(run.code, Some(64));
    assert!(run.stderr.contains("there is no target `nobody`; there is dev, security, siem"));
    let scratch = Scratch::new();
    let run = leaktrace(scratch.root(), &["alerts", "test"], &[], b"");
    assert_eq!(run.code, Some(64));
    assert!(run.stderr.contains("--config"), "{}", run.stderr);
    scratch.write("none.yml", "version: 1\n");
    let named = [("LEAKTRACE_CONFIG", "none.yml")];
    let run = leaktrace(scratch.root(), &["alerts", "test"], &named, b"");
    assert_eq!(run.code, Some(64));
    assert!(run.stderr.contains("no target under `alerts`"), "{}", run.stderr);
}

#[test]
fn no_message_shows_an_address_or_a_key() {
    let gone = Mock::scripted(vec![(&posted(), vec![Reply::new(410, TOKEN)])]);
    let key = STANDARD.encode(signing_key(9));
    for (url, secret, why) in [
        (gone.url(&path()), key.clone(), "it was shut down (410)"),
        (format!("http://hooks.example{}", path()), key.clone(), "http:// would send"),
        (format!("ftp://hooks.example{}", path()), key.clone(), "only https://"),
        (format!("https://user@hooks.example{}", path()), key.clone(), "belong in a header"),
        (TOKEN.to_owned(), key.clone(), "not a valid URL"),
        (gone.url(&path()), format!("whsec_{}", &key[..12]), "fewer than 24 bytes"),
        (gone.url(&path()), format!("{key}~"), "is no `whsec_` and base64"),
    ] {
        let run = test_with(
            &["--target", "siem"],
            &[("SIEM_URL", &url), ("SIEM_SECRET", &secret), ("https_proxy", "http://127.0.0.1:9")],
        );
        assert_eq!(run.code, Some(2), "{}", run.stderr);
        let all = format!("{}{}", run.text(), run.stderr);
        assert!(all.contains(why), "{why}: {all}");
        for secret in [TOKEN, "hooks.example", &key[..12], "127.0.0.1"] {
            assert!(!all.contains(secret), "{all}");
        }
    }
    assert_eq!(gone.seen().len(), 1, "no address is asked with a key that is none");
}

fn send(channel: Channel, url: &str, clock: &Arc<StillClock>) -> Outcome {
    let target = Target {
        name: "x".to_owned(),
        channel,
        url_variable: "URL".to_owned(),
        secret_variable: Some("KEY".to_owned()),
        when: None,
    };
    let endpoint = Endpoint::new(&target, &|name| {
        let value = if name == "URL" { url.to_owned() } else { STANDARD.encode(signing_key(0)) };
        Some(Secret::new(value.into_bytes()))
    });
    let shown = format!("{endpoint:?}");
    assert!(!shown.contains(TOKEN) && !shown.contains("127.0.0.1"), "{shown}");
    let clock = Arc::clone(clock) as Arc<dyn Clock>;
    let (push, items) = (sample::push(NOW), [sample::item()]);
    let outcomes =
        alert::send(&[endpoint], &push, &items, &str::to_owned, &Settings::default(), &clock);
    assert_eq!(outcomes.len(), 1);
    outcomes.into_iter().next().expect("one")
}

#[test]
fn faults_are_tried_again_and_then_told() {
    let clock = StillClock::at(NOW);
    let mock = Mock::scripted(vec![(&posted(), vec![Reply::new(500, "")])]);
    let outcome = send(Channel::Slack, &mock.url(&path()), &clock);
    assert_eq!((outcome.ok, outcome.attempts, outcome.why.as_str()), (false, 5, "it answered 500"));
    assert_eq!(clock.slept(), [1, 2, 4, 8]);
    assert_eq!(mock.seen().len(), 5);

    let clock = StillClock::at(NOW);
    let broken = Reply::new(200, "ok").cut_after(1);
    let mock = Mock::scripted(vec![(&posted(), vec![broken, Reply::new(200, "ok")])]);
    let outcome = send(Channel::Slack, &mock.url(&path()), &clock);
    assert_eq!((outcome.ok, outcome.attempts), (true, 2), "{}", outcome.why);

    let closed = mock.url(&path());
    drop(mock);
    let outcome = send(Channel::Slack, &closed, &StillClock::at(NOW));
    let refused = (false, 5, "the connection was refused");
    assert_eq!((outcome.ok, outcome.attempts, outcome.why.as_str()), refused);
}

#[test]
fn all_together_have_five_minutes() {
    let mock =
        Mock::scripted(vec![(&posted(), vec![Reply::new(503, "").header("retry-after", "80")])]);
    let targets: Vec<Target> = (0..6)
        .map(|number| Target {
            name: format!("t{number}"),
            channel: Channel::Teams,
            url_variable: "URL".to_owned(),
            secret_variable: None,
            when: None,
        })
        .collect();
    let endpoints = Endpoint::all(&targets, &|_| Some(Secret::new(mock.url(&path()).into_bytes())));
    let clock = StillClock::at(NOW);
    let shared = Arc::clone(&clock) as Arc<dyn Clock>;
    let (push, items) = (sample::push(NOW), [sample::item()]);
    let outcomes =
        alert::send(&endpoints, &push, &items, &str::to_owned, &Settings::default(), &shared);
    assert_eq!(clock.slept(), [80, 80, 80]);
    let attempts: Vec<u32> = outcomes.iter().map(|outcome| outcome.attempts).collect();
    assert_eq!(attempts, [2, 2, 2, 1, 1, 1], "each is tried at least once");
}

#[test]
fn a_proxy_that_refuses_is_told_without_the_address() {
    let proxy = Mock::with(|_| Reply::new(403, TOKEN));
    let target = Target {
        name: "x".to_owned(),
        channel: Channel::Teams,
        url_variable: "URL".to_owned(),
        secret_variable: None,
        when: None,
    };
    let url = format!("https://hooks.example{}", path());
    let endpoint = Endpoint::new(&target, &|_| Some(Secret::new(url.as_bytes())));
    let settings =
        Settings { https_proxy: Some(Token::new(&proxy.url(""))), ..Settings::default() };
    let clock = StillClock::at(NOW) as Arc<dyn Clock>;
    let (push, items) = (sample::push(NOW), [sample::item()]);
    let outcomes = alert::send(&[endpoint], &push, &items, &str::to_owned, &settings, &clock);
    let shown = format!("{outcomes:?}");
    assert!(!outcomes[0].ok && shown.contains("the proxy refused to connect"), "{shown}");
    assert!(!shown.contains(TOKEN) && !shown.contains("127.0.0.1"), "{shown}");
    assert!(proxy.lines().iter().all(|line| line == "CONNECT hooks.example:443"));
    assert!(!proxy.seen().is_empty());
}

#[test]
fn certificates_that_cannot_be_read_are_told() {
    let run = test_with(&[], &[("SSL_CERT_FILE", "missing.pem")]);
    assert_eq!(run.code, Some(2));
    assert!(run.stderr.contains("SSL_CERT_FILE: cannot read missing.pem"), "{}", run.stderr);
}

#[test]
fn answers_that_are_no_success_are_failures() {
    let clock = StillClock::at(NOW);
    for (channel, reply, why) in [
        (Channel::Slack, Reply::new(200, "<html>"), "Slack did not answer `ok` (200)"),
        (
            Channel::Slack,
            Reply::new(400, "invalid_blocks"),
            "Slack refused it: invalid_blocks (400)",
        ),
        (Channel::Slack, Reply::new(400, "secret text"), "it answered 400"),
        (Channel::Teams, Reply::new(413, ""), "the message is too large for it (413)"),
        (Channel::Webhook, Reply::new(403, ""), "it refuses us (403)"),
        (
            Channel::Webhook,
            Reply::new(429, "").header("retry-after", "86400"),
            "it asks to wait for longer than an alert may",
        ),
    ] {
        let mock = Mock::scripted(vec![(&posted(), vec![reply])]);
        let outcome = send(channel, &mock.url(&path()), &clock);
        assert!(!outcome.ok && outcome.why.starts_with(why), "{outcome:?}");
        assert_eq!(outcome.attempts, 1);
    }
    assert_eq!(clock.slept(), [0_u64; 0]);
}

#[test]
fn redirects_are_not_followed() {
    let other = Mock::scripted(vec![(&posted(), vec![Reply::new(200, "ok")])]);
    for status in [301, 302, 303, 307, 308] {
        let there = other.url(&path());
        let reply = Reply::new(status, "").header("location", &there);
        let mock = Mock::scripted(vec![(&posted(), vec![reply])]);
        let outcome = send(Channel::Webhook, &mock.url(&path()), &StillClock::at(NOW));
        assert!(outcome.why.starts_with("it redirects"), "{outcome:?}");
    }
    assert!(other.seen().is_empty());
}
