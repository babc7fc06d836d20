//! GitHub.

use std::collections::BTreeSet;

use leaktrace::http::Token;
use leaktrace::identity::sync::{GitHub, Repositories, Source, github as client};
use leaktrace::identity::{Cursor, PersonType, Visibility};
use serde_json::{Value, json};

use crate::acme::{acme, github, user};
use crate::kept::{Kept, NOW, breaking, list, secret, ssh_key};
use crate::mock::{Mock, Reply, Seen};

#[test]
fn an_organisation_of_github_is_read_whole() {
    let mock = Mock::scripted(acme());
    let (mut source, _) = github(&mock, true);
    assert_eq!(source.name(), "github:127.0.0.1/acme");
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, Vec::<String>::new());

    let ana = kept.person("127.0.0.1:1");
    assert_eq!(ana.name.as_deref(), Some("Ana Torres"));
    assert_eq!(ana.created, Some(1_577_934_245));
    assert_eq!(ana.teams, ["127.0.0.1/acme/payments"]);
    assert!(ana.privileged);
    assert_eq!(ana.two_factor, Some(true));
    assert_eq!(kept.person("127.0.0.1:2").two_factor, Some(false));
    assert_eq!(kept.person("127.0.0.1:3").kind, PersonType::Bot);
    assert_eq!(kept.person("127.0.0.1:8").two_factor, Some(true));
    let (_, print) = ssh_key(7);
    let expected: BTreeSet<String> = [
        "account 127.0.0.11".to_owned(),
        "login 127.0.0.1ana".to_owned(),
        "email ana@acme.example".to_owned(),
        "email ana.t@acme.example".to_owned(),
        "saml ana@acme.example".to_owned(),
        format!("signing_key {print}"),
    ]
    .into();
    assert_eq!(kept.handles("127.0.0.1:1"), expected);
    assert!(kept.handles("127.0.0.1:identity:g2").contains("saml new@acme.example"));

    let api = kept.resource("127.0.0.1/acme/api");
    assert_eq!(api.visibility, Visibility::Private);
    assert_eq!(api.fork_of.as_deref(), Some("127.0.0.1/upstream/api"));
    assert_eq!(api.protected, ["main", "rel/*"]);
    assert_eq!((api.signatures_required, api.review_required), (Some(true), Some(true)));
    let site = kept.resource("127.0.0.1/acme/site");
    assert_eq!(site.visibility, Visibility::Public);
    assert_eq!((site.signatures_required, site.review_required), (Some(false), Some(false)));

    let expected: BTreeSet<String> = [
        "person:127.0.0.1:1 admin 127.0.0.1/acme organisation",
        "person:127.0.0.1:2 read 127.0.0.1/acme organisation",
        "person:127.0.0.1:3 read 127.0.0.1/acme organisation",
        "team:127.0.0.1/acme/payments maintain 127.0.0.1/acme/api team",
        "person:127.0.0.1:8 admin 127.0.0.1/acme/api outside",
        "person:127.0.0.1:2 write 127.0.0.1/acme/api direct",
        // A ruleset lets a team and administrators pass; protection lets one person and owners.
        "team:127.0.0.1/acme/payments write 127.0.0.1/acme/api bypass",
        "person:127.0.0.1:8 write 127.0.0.1/acme/api bypass",
        "person:127.0.0.1:2 write 127.0.0.1/acme/api bypass",
        "person:127.0.0.1:1 write 127.0.0.1/acme/api bypass",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(kept.grants(), expected);
}

#[test]
fn every_call_to_github_carries_the_token_and_the_version_and_no_cursor_does() {
    let mock = Mock::scripted(acme());
    let (mut source, _) = github(&mock, true);
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    for seen in mock.seen() {
        let sent = |name: &str| seen.headers.get(name).map(String::as_str);
        assert_eq!(sent("authorization"), Some(format!("Bearer {}", secret("github")).as_str()));
        assert_eq!(sent("x-github-api-version"), Some("2022-11-28"), "{}", seen.line);
        assert_eq!(sent("accept"), Some("application/vnd.github+json"));
    }
    let questions: Vec<Value> =
        mock.seen().iter().filter(|seen| seen.line.starts_with("POST")).map(Seen::json).collect();
    assert_eq!(questions[0]["variables"]["ids"], json!(["U_1", "U_2"]));
    assert_eq!(questions[2]["variables"], json!({"org": "Acme", "after": null}));
    assert_eq!(questions[3]["variables"]["after"], "c1");
    for cursor in &kept.cursors {
        assert!(cursor.0.len() < 300 && !cursor.0.contains(&secret("github")), "{cursor:?}");
    }
}

#[test]
fn what_a_token_may_not_see_is_told_and_passed_over() {
    let refused = [
        ("members?filter=2fa_disabled", 422, "Only owners can use this filter."),
        ("outside_collaborators", 403, "Must be an owner"),
        ("API/collaborators", 403, "Must have push access"),
        ("branches/main/protection", 404, "Not Found"),
        ("gpg_keys", 404, "Not Found"),
    ];
    let routes = acme().into_iter().map(|(line, replies)| {
        let refusal = refused.iter().find(|(part, ..)| line.contains(part));
        (line, refusal.map_or(replies, |(_, status, why)| vec![Reply::refused(*status, why)]))
    });
    let mut routes: Vec<_> = routes.collect();
    for (line, replies) in &mut routes {
        if *line == "POST /api/graphql" {
            let none = json!({"data": null, "errors": [{"type": "FORBIDDEN", "message": "no"}]});
            *replies = vec![Reply::json(&none)];
        }
    }
    let mock = Mock::scripted(routes);
    let (mut source, _) = github(&mock, true);
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    let all = kept.missing.join("\n");
    for part in [
        "second factor",
        "outside collaborators",
        "right on a repository of their own",
        "protection of branches",
        "signing keys",
        "verified addresses",
        "SAML",
        "Only owners can use this filter.",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    assert_eq!(kept.missing.iter().collect::<BTreeSet<_>>().len(), kept.missing.len(), "{all}");
    assert_eq!(kept.person("127.0.0.1:2").two_factor, None, "unknown is neither on nor off");
    assert_eq!(kept.resource("127.0.0.1/acme/api").review_required, None);
    assert_eq!(kept.people().len(), 3);
}

#[test]
fn a_refused_token_and_an_organisation_not_shown_end_the_run() {
    for (status, words) in [(401, "the token was refused"), (404, "not shown to this token")] {
        let mock = Mock::scripted(vec![(
            "GET /api/v3/orgs/Acme",
            vec![Reply::refused(status, "Bad credentials")],
        )]);
        let (mut source, _) = github(&mock, true);
        let mut kept = Kept::default();
        let error = source.run(None, &mut kept).expect_err("refused");
        let shown = format!("{error} {error:?}");
        assert!(shown.contains(words) && !shown.contains(&secret("github")), "{shown}");
        assert!(kept.records.is_empty() && kept.cursors.is_empty());
    }
}

#[test]
fn a_run_that_breaks_off_anywhere_goes_on_to_the_same_end() {
    let whole = {
        let mock = Mock::scripted(acme());
        let mut kept = Kept::default();
        github(&mock, true).0.run(None, &mut kept).expect("a run");
        (kept.set(), mock.lines().len())
    };
    // Break off at each call in turn, and go on at the last checkpoint.
    for at in 1..whole.1 {
        let mut kept = Kept::default();
        let mock = breaking(acme(), Some(at));
        let error = github(&mock, true).0.run(None, &mut kept).expect_err("broken off");
        assert!(error.to_string().contains("500"), "{error}");
        let cursor = kept.cursors.last().cloned();
        let again = breaking(acme(), None);
        github(&again, true).0.run(cursor, &mut kept).expect("the rest");
        assert_eq!(kept.set(), whole.0, "broken off at call {at}");
        assert_eq!(kept.missing, Vec::<String>::new());
    }
}

#[test]
fn what_was_missing_before_a_break_is_still_missing_after_it() {
    let mut routes = acme();
    routes.retain(|(line, _)| !line.contains("2fa_disabled"));
    let mut kept = Kept::default();
    let calls = 14;
    github(&breaking(routes.clone(), Some(calls)), true)
        .0
        .run(None, &mut kept)
        .expect_err("broken off");
    let cursor = kept.cursors.last().cloned().expect("a checkpoint");
    let mut rest = Kept::default();
    github(&breaking(routes, None), true).0.run(Some(cursor), &mut rest).expect("the rest");
    assert!(!rest.missing.is_empty(), "or everything unread would be taken as gone");
}

#[test]
fn limits_of_github_are_waited_out_in_the_middle_of_a_run() {
    let reset = (NOW + 120).to_string();
    let mut routes = acme();
    for (line, replies) in &mut routes {
        let first = match *line {
            "GET /api/v3/orgs/Acme/teams?per_page=100" => {
                Reply::refused(429, "slow down").header("retry-after", "3")
            }
            "GET /api/v3/users/bo/gpg_keys?per_page=100" => {
                Reply::refused(403, "You have exceeded a secondary rate limit")
            }
            "GET /api/v3/organizations/900/members?filter=all&per_page=100&page=2" => {
                Reply::refused(403, "API rate limit exceeded")
                    .header("x-ratelimit-remaining", "0")
                    .header("x-ratelimit-reset", &reset)
            }
            "GET /api/v3/repos/Acme/API" => Reply::json(&json!({})).cut_after(1),
            "POST /api/graphql" => {
                Reply::json(&json!({"errors": [{"type": "RATE_LIMITED", "message": "spent"}]}))
                    .header("x-ratelimit-remaining", "0")
                    .header("x-ratelimit-reset", &(NOW + 10).to_string())
            }
            _ => continue,
        };
        replies.insert(0, first);
    }
    let mock = Mock::scripted(routes);
    let (mut source, clock) = github(&mock, true);
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, Vec::<String>::new());
    // Teams, GraphQL (7 s left of 10, and one), keys, the second page (of 121, 71 are over), the cut.
    assert_eq!(clock.slept(), [3, 8, 60, 50, 1]);
    assert_eq!(kept.people().len(), 5);
}

#[test]
fn answers_that_are_not_what_they_should_be_are_skipped_and_counted() {
    let mut routes = acme();
    for (line, replies) in &mut routes {
        let odd = match *line {
            "GET /api/v3/orgs/Acme/teams?per_page=100" => json!({"teams": []}),
            "GET /api/v3/orgs/Acme/members?filter=all&role=all&per_page=100" => json!([
                null, 7, "ana", [], {"login": "x"}, {"id": {}, "login": "y"},
                {"id": "12", "login": "Text"}, {"id": 13, "login": ["a"]},
                {"id": 14, "login": "x".repeat(5000)}, user(1, "Ana")
            ]),
            "GET /api/v3/users/Ana/ssh_signing_keys?per_page=100" => {
                json!([{"key": 7}, {"key": "ssh-ed25519 AAAA"}, {}, {"key": "x".repeat(100_000)}])
            }
            "GET /api/v3/users/Ana/gpg_keys?per_page=100" => {
                json!([{"raw_key": null}, {"raw_key": "-----BEGIN PGP PUBLIC KEY BLOCK-----"}])
            }
            "GET /api/v3/repos/Acme/API/collaborators?affiliation=direct&per_page=100" => {
                json!("none")
            }
            "GET /api/v3/repos/Acme/API/rulesets/21?includes_parents=true" => {
                json!({"conditions": [], "bypass_actors": {"actor_type": 7}})
            }
            _ => continue,
        };
        *replies = list(&odd);
    }
    let mock = Mock::scripted(routes);
    let (mut source, _) = github(&mock, true);
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    let all = kept.missing.join("\n");
    for part in [
        "not the list it should be",
        "6 members without a number were skipped",
        "4 SSH signing keys could not be read",
        "2 OpenPGP keys could not be read",
    ] {
        assert!(all.contains(part), "{part}: {all}");
    }
    let people = kept.people();
    for id in ["127.0.0.1:1", "127.0.0.1:12", "127.0.0.1:13", "127.0.0.1:14"] {
        assert!(people.contains(id), "{id}");
    }
}

#[test]
fn an_answer_that_is_no_json_ends_the_run_without_showing_it() {
    let mock = Mock::scripted(vec![(
        "GET /api/v3/orgs/Acme",
        vec![Reply::new(200, format!("<html>{}", secret("page")))],
    )]);
    let (mut source, _) = github(&mock, true);
    let error = source.run(None, &mut Kept::default()).expect_err("no JSON").to_string();
    assert!(error.contains("no JSON") && !error.contains(&secret("page")), "{error}");
}

#[test]
fn no_page_is_asked_of_another_host() {
    let other = Mock::scripted(vec![]);
    let mut routes = acme();
    let away = format!("<{}>; rel=\"next\"", other.url("/page"));
    for (line, replies) in &mut routes {
        if line.contains("/members?filter=all") {
            *replies = vec![Reply::json(&json!([user(1, "Ana")])).header("link", &away)];
        }
    }
    let mock = Mock::scripted(routes);
    let (mut source, _) = github(&mock, false);
    source.run(None, &mut Kept::default()).expect("a run");
    for cursor in [other.url("/page"), format!("//127.0.0.1:{}/x", other.port())] {
        let cursor = Cursor(format!("members\t{cursor}\t"));
        let error = source.run(Some(cursor), &mut Kept::default()).expect_err("refused");
        assert!(error.to_string().contains("another host"), "{error}");
    }
    assert!(other.lines().is_empty());
}

#[test]
fn asking_for_some_repositories_leaves_the_others_as_they_were() {
    let mock = Mock::scripted(acme());
    let (http, _) = crate::kept::client();
    let settings = client::Settings {
        api: mock.url("/api/v3/"),
        organisation: "Acme".to_owned(),
        token: Token::new(&secret("github")),
        repositories: Repositories::Only(vec!["acme/SITE".to_owned()]),
        keys: false,
    };
    let mut kept = Kept::default();
    let mut source = GitHub::new(settings, http).expect("an address");
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, ["repositories other than those asked for"]);
    assert!(!mock.lines().iter().any(|line| line.contains("repos/Acme/API")));
    kept.resource("127.0.0.1/acme/site");
}

#[test]
fn sources_and_their_settings_show_no_token() {
    let settings = client::Settings {
        api: "https://api.github.com".to_owned(),
        organisation: "acme".to_owned(),
        token: Token::new(&secret("shown")),
        repositories: Repositories::None,
        keys: false,
    };
    assert!(!format!("{settings:?}").contains(&secret("shown")));
    let source = GitHub::new(settings.clone(), crate::kept::client().0).expect("an address");
    assert_eq!(source.name(), "github:acme");
    let bad = client::Settings { api: "no address".to_owned(), ..settings };
    let error = GitHub::new(bad, crate::kept::client().0).err().expect("no address").to_string();
    assert_eq!(error, "github:/acme: the address of its API is no URL");
}
