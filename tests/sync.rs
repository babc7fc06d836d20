//! The clients of forges and SCIM against a server that replays what they answer: pages, refusals,
//! limits, runs that break off, and answers that are not what they should be.
#![allow(clippy::panic)]

#[path = "common/mock.rs"]
mod mock;

use std::collections::BTreeSet;
use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use leaktrace::http::{Client, Settings, Token};
use leaktrace::identity::sync::{
    GitHub, GitLab, Gitea, Repositories, Scim, Source, gitea, github, gitlab, scim,
};
use leaktrace::identity::{
    Cursor, Error, Grant, HandleKind, Person, PersonType, Record, Resource, Role, Sink, Status,
    Visibility,
};
use mock::{Mock, Reply, Seen, StillClock};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

/// 2025-06-15T15:06:40Z.
const NOW: i64 = 1_750_000_000;

/// A credential that occurs nowhere else.
fn secret(label: &str) -> String {
    label
        .bytes()
        .chain(*b"9876543210")
        .map(|byte| format!("{:x}", u32::from(byte) * 7919))
        .collect()
}

/// Keeps everything, as the store does.
#[derive(Default)]
struct Kept {
    records: Vec<Record>,
    missing: Vec<String>,
    cursors: Vec<Cursor>,
}

impl Sink for Kept {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        self.records.push(record);
        Ok(())
    }

    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), Error> {
        self.cursors.push(cursor.clone());
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        self.missing.push(what.to_owned());
        Ok(())
    }
}

impl Kept {
    /// The last state of a person.
    fn person(&self, id: &str) -> &Person {
        let mut all = self.records.iter().rev().filter_map(|record| match record {
            Record::Person(person) if person.id == id => Some(person),
            _ => None,
        });
        all.next().unwrap_or_else(|| panic!("{id} was not told"))
    }

    fn people(&self) -> BTreeSet<&str> {
        let all = self.records.iter().filter_map(|record| match record {
            Record::Person(person) => Some(person.id.as_str()),
            _ => None,
        });
        all.collect()
    }

    fn handles(&self, person: &str) -> BTreeSet<String> {
        let all = self.records.iter().filter_map(|record| match record {
            Record::Handle(one) if one.person == person => {
                Some(format!("{} {}{}", one.kind, one.realm, one.value))
            }
            _ => None,
        });
        all.collect()
    }

    fn grants(&self) -> BTreeSet<String> {
        let shown = |grant: &Grant| {
            let (holder, resource) = (&grant.holder, &grant.resource);
            format!("{holder} {} {resource} {}", grant.role, grant.origin)
        };
        let all = self.records.iter().filter_map(|record| match record {
            Record::Grant(grant) => Some(shown(grant)),
            _ => None,
        });
        all.collect()
    }

    fn resource(&self, id: &str) -> &Resource {
        let mut all = self.records.iter().filter_map(|record| match record {
            Record::Resource(resource) if resource.id == id => Some(resource),
            _ => None,
        });
        all.next().unwrap_or_else(|| panic!("{id} was not told"))
    }

    /// Records without regard to order and repetition.
    fn set(&self) -> BTreeSet<String> {
        self.records.iter().map(|record| format!("{record:?}")).collect()
    }
}

fn client() -> (Client, Arc<StillClock>) {
    let clock = StillClock::at(NOW);
    let client = Client::with_clock(Settings::default(), clock.clone()).expect("settings");
    (client, clock)
}

fn list(entries: Value) -> Vec<Reply> {
    vec![Reply::json(&entries)]
}

/// An SSH key's line and fingerprint, made here.
fn ssh_key(seed: u8) -> (String, String) {
    let mut blob = Vec::new();
    for part in [&b"ssh-ed25519"[..], &[seed; 32]] {
        blob.extend(u32::try_from(part.len()).expect("short").to_be_bytes());
        blob.extend(part);
    }
    let print = STANDARD_NO_PAD.encode(Sha256::digest(&blob));
    (format!("ssh-ed25519 {} ana@laptop", STANDARD.encode(&blob)), format!("SHA256:{print}"))
}

fn github(mock: &Mock, keys: bool) -> (GitHub, Arc<StillClock>) {
    let (client, clock) = client();
    let settings = github::Settings {
        api: mock.url("/api/v3"),
        organisation: "Acme".to_owned(),
        token: Token::new(&secret("github")),
        repositories: Repositories::All,
        keys,
    };
    (GitHub::new(settings, client).expect("an address"), clock)
}

fn user(id: u64, login: &str) -> Value {
    json!({"login": login, "id": id, "node_id": format!("U_{id}"), "type": "User",
           "site_admin": false})
}

/// An organisation of three members, an outside collaborator, a team and a repository.
fn acme() -> Vec<(&'static str, Vec<Reply>)> {
    let (key, _) = ssh_key(7);
    vec![
        (
            "GET /api/v3/orgs/Acme",
            list(json!({"id": 900, "login": "Acme", "default_repository_permission": "read"})),
        ),
        (
            "GET /api/v3/orgs/Acme/teams?per_page=100",
            list(json!([{"id": 50, "slug": "Payments", "name": "Payments"}])),
        ),
        (
            "GET /api/v3/orgs/Acme/teams/Payments/members?per_page=100",
            list(json!([user(1, "ana"), user(2, "bo")])),
        ),
        (
            "GET /api/v3/orgs/Acme/teams/Payments/repos?per_page=100",
            list(json!([{"full_name": "Acme/API", "role_name": "maintain",
                "permissions": {"admin": false, "maintain": true, "push": true, "pull": true}}])),
        ),
        ("GET /api/v3/orgs/Acme/members?role=admin&per_page=100", list(json!([user(1, "ana")]))),
        (
            "GET /api/v3/orgs/Acme/members?filter=2fa_disabled&per_page=100",
            list(json!([user(2, "bo")])),
        ),
        (
            "GET /api/v3/orgs/Acme/members?filter=all&role=all&per_page=100",
            vec![
                Reply::json(&json!([user(1, "Ana"), user(2, "bo")]))
                    .next("/api/v3/organizations/900/members?filter=all&per_page=100&page=2"),
            ],
        ),
        (
            "GET /api/v3/organizations/900/members?filter=all&per_page=100&page=2",
            list(json!([{"login": "deploy[bot]", "id": 3, "node_id": "BOT_3", "type": "Bot"}])),
        ),
        (
            "GET /api/v3/users/Ana/ssh_signing_keys?per_page=100",
            list(json!([{"id": 1, "key": key}])),
        ),
        ("GET /api/v3/users/Ana/gpg_keys?per_page=100", list(json!([]))),
        ("GET /api/v3/users/bo/ssh_signing_keys?per_page=100", list(json!([]))),
        ("GET /api/v3/users/bo/gpg_keys?per_page=100", list(json!([]))),
        ("GET /api/v3/users/deploy%5Bbot%5D/ssh_signing_keys?per_page=100", list(json!([]))),
        ("GET /api/v3/users/deploy%5Bbot%5D/gpg_keys?per_page=100", list(json!([]))),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=2fa_disabled&per_page=100",
            list(json!([])),
        ),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=all&per_page=100",
            list(json!([user(8, "guest")])),
        ),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=all&per_page=1",
            list(json!([user(8, "guest")])),
        ),
        (
            "POST /api/graphql",
            vec![
                Reply::json(&json!({"data": {"nodes": [
                    {"databaseId": 1, "name": "Ana Torres", "email": "",
                     "createdAt": "2020-01-02T03:04:05Z",
                     "organizationVerifiedDomainEmails": ["Ana@acme.example"]},
                    null
                ]}})),
                Reply::json(&json!({"data": {"nodes": []}})),
                Reply::json(&identities(
                    &json!([{"guid": "g1", "user": {"login": "ana", "databaseId": 1},
                        "samlIdentity": {"nameId": "ANA@acme.example", "username": null,
                            "emails": [{"value": "ana.t@acme.example"}]},
                        "scimIdentity": null}]),
                    Some("c1"),
                )),
                Reply::json(&identities(
                    &json!([{"guid": "g2", "user": null,
                        "samlIdentity": {"nameId": "new@acme.example"}}]),
                    None,
                )),
            ],
        ),
        (
            "GET /api/v3/orgs/Acme/repos?type=all&sort=full_name&direction=asc&per_page=100",
            list(json!([
                {"id": 70, "full_name": "Acme/API", "visibility": "private", "fork": true,
                 "default_branch": "main"},
                {"id": 71, "full_name": "Acme/site", "private": false, "fork": false,
                 "default_branch": "main"}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/API",
            list(json!({"full_name": "Acme/API", "parent": {"full_name": "Upstream/API"}})),
        ),
        (
            "GET /api/v3/repos/Acme/API/rulesets?includes_parents=true&per_page=100",
            list(json!([
                {"id": 21, "target": "branch", "enforcement": "active", "source_type": "Repository"},
                {"id": 22, "target": "tag", "enforcement": "active"},
                {"id": 23, "target": "branch", "enforcement": "disabled"}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/API/rulesets/21?includes_parents=true",
            list(json!({"id": 21,
            "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH", "refs/heads/rel/*"]}},
            "bypass_actors": [
                {"actor_id": 50, "actor_type": "Team", "bypass_mode": "always"},
                {"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"},
                {"actor_id": 1, "actor_type": "OrganizationAdmin", "bypass_mode": "pull_request"},
                {"actor_id": null, "actor_type": "DeployKey", "bypass_mode": "always"}
            ]})),
        ),
        (
            "GET /api/v3/repos/Acme/API/rules/branches/main?per_page=100",
            list(json!([{"type": "required_signatures"}, {"type": "pull_request",
                "parameters": {"required_approving_review_count": 0}}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/branches?protected=true&per_page=100",
            list(json!([{"name": "main", "protected": true}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/branches/main/protection",
            list(json!({"enforce_admins": {"enabled": false},
                "required_signatures": {"enabled": false},
                "required_pull_request_reviews": {"required_approving_review_count": 2,
                    "bypass_pull_request_allowances": {"users": [user(2, "bo")], "teams": []}}})),
        ),
        (
            "GET /api/v3/repos/Acme/API/collaborators?affiliation=outside&per_page=100",
            list(json!([{"login": "guest", "id": 8, "role_name": "admin",
                "permissions": {"admin": true, "push": true, "pull": true}}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/collaborators?affiliation=direct&per_page=100",
            list(json!([
                {"login": "guest", "id": 8, "role_name": "admin", "permissions": {"admin": true}},
                {"login": "bo", "id": 2, "role_name": "release manager",
                 "permissions": {"admin": false, "push": true, "pull": true}}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/site/rulesets?includes_parents=true&per_page=100",
            vec![Reply::refused(403, "Upgrade to GitHub Pro or make this repository public.")],
        ),
        ("GET /api/v3/repos/Acme/site/branches?protected=true&per_page=100", list(json!([]))),
        (
            "GET /api/v3/repos/Acme/site/collaborators?affiliation=outside&per_page=100",
            list(json!([])),
        ),
        (
            "GET /api/v3/repos/Acme/site/collaborators?affiliation=direct&per_page=100",
            list(json!([])),
        ),
    ]
}

fn identities(nodes: &Value, next: Option<&str>) -> Value {
    json!({"data": {"organization": {"samlIdentityProvider": {"externalIdentities": {
        "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes}}}}})
}

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

/// The scripted organisation, but GraphQL answers by the question, and call number `at` fails.
fn breaking(routes: Vec<(&'static str, Vec<Reply>)>, at: Option<usize>) -> Mock {
    let mut calls = 0;
    Mock::with(move |seen| {
        calls += 1;
        // All attempts at it fail.
        if at.is_some_and(|at| calls > at) {
            return Reply::new(500, "");
        }
        let route = routes.iter().find(|(line, _)| *line == seen.line);
        let Some((_, replies)) = route else { return Reply::refused(404, "Not Found") };
        if seen.line != "POST /api/graphql" {
            return replies[0].clone();
        }
        let variables = &seen.json()["variables"];
        let ids = variables["ids"].as_array();
        match (ids, variables["after"].as_str()) {
            (Some(ids), _) if ids.contains(&json!("U_1")) => replies[0].clone(),
            (Some(_), _) => replies[1].clone(),
            (None, None) => replies[2].clone(),
            (None, Some(_)) => replies[3].clone(),
        }
    })
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
        *replies = list(odd);
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
    let (client, _) = client();
    let settings = github::Settings {
        api: mock.url("/api/v3/"),
        organisation: "Acme".to_owned(),
        token: Token::new(&secret("github")),
        repositories: Repositories::Only(vec!["acme/SITE".to_owned()]),
        keys: false,
    };
    let mut kept = Kept::default();
    let mut source = GitHub::new(settings, client).expect("an address");
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, ["repositories other than those asked for"]);
    assert!(!mock.lines().iter().any(|line| line.contains("repos/Acme/API")));
    kept.resource("127.0.0.1/acme/site");
}

/// Runs gpg with a home of its own.
fn gpg(home: &std::path::Path, arguments: &[&str]) -> Vec<u8> {
    let mut command = std::process::Command::new("gpg");
    command.env_clear().env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command.arg("--homedir").arg(home).args(["--batch", "--quiet", "--pinentry-mode", "loopback"]);
    let output = command.args(["--passphrase", ""]).args(arguments).output().expect("gpg runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// An OpenPGP key with a subkey, its fingerprints and the second it ends in, by gpg's own words.
fn pgp_key() -> (String, Vec<String>, i64) {
    let home = tempfile::tempdir().expect("a folder");
    let at = home.path();
    gpg(at, &["--quick-generate-key", "Ana <ana@acme.example>", "ed25519", "sign", "2y"]);
    let told = |prefix: &str, column: usize| -> Vec<String> {
        let listing = String::from_utf8(gpg(at, &["--with-colons", "--list-keys"])).expect("text");
        let lines = listing.lines().filter(|line| line.starts_with(prefix));
        lines.filter_map(|line| line.split(':').nth(column).map(str::to_lowercase)).collect()
    };
    gpg(at, &["--quick-add-key", &told("fpr", 9)[0], "ed25519", "sign", "1y"]);
    let armour = String::from_utf8(gpg(at, &["--armor", "--export"])).expect("text");
    let ends = told("pub", 6)[0].parse().expect("seconds");
    (armour, told("fpr", 9), ends)
}

#[test]
fn fingerprints_of_openpgp_keys_are_those_that_gpg_tells() {
    let (armour, prints, ends) = pgp_key();
    assert_eq!(prints.len(), 2);
    let mut routes = acme();
    for (line, replies) in &mut routes {
        if *line == "GET /api/v3/users/Ana/gpg_keys?per_page=100" {
            *replies = list(json!([{"key_id": "AB", "raw_key": armour, "revoked": true,
                "emails": [{"email": "Ana@home.example", "verified": true},
                           {"email": "other@home.example", "verified": false}]}]));
        }
    }
    let mock = Mock::scripted(routes);
    let mut kept = Kept::default();
    github(&mock, true).0.run(None, &mut kept).expect("a run");
    let keys: Vec<_> = kept
        .records
        .iter()
        .filter_map(|record| match record {
            Record::Handle(one) if one.key.as_deref() == Some(armour.trim()) => Some(one),
            _ => None,
        })
        .collect();
    assert_eq!(keys.iter().map(|one| one.value.clone()).collect::<Vec<_>>(), prints);
    assert_eq!(keys[0].expires, Some(ends));
    assert!(keys[1].expires < Some(ends) && keys[1].expires > keys[1].since, "a year earlier");
    assert!(keys.iter().all(|one| one.kind == HandleKind::SigningKey && one.revoked == one.since));
    let handles = kept.handles("127.0.0.1:1");
    assert!(handles.contains("email ana@home.example"));
    assert!(!handles.contains("email other@home.example"), "an unverified address is no name");
}

fn gitlab(mock: &Mock) -> GitLab {
    let settings = gitlab::Settings {
        api: mock.url("/api/v4"),
        group: "Acme/Core".to_owned(),
        token: Token::new(&secret("gitlab")),
        repositories: Repositories::All,
        keys: true,
    };
    GitLab::new(settings, client().0).expect("an address")
}

fn member(id: u64, login: &str, level: u64) -> Value {
    json!({"id": id, "username": login, "name": login, "state": "active", "access_level": level,
           "created_at": "2025-01-01T00:00:00.000Z", "expires_at": null})
}

fn core() -> Vec<(&'static str, Vec<Reply>)> {
    let (key, _) = ssh_key(9);
    let owner = json!({"id": 1, "username": "Ana", "name": "Ana", "state": "active",
        "access_level": 50, "email": "ana@acme.example", "two_factor_enabled": true,
        "group_saml_identity": {"extern_uid": "ANA-7", "provider": "group_saml"}});
    let temporary = json!({"id": 2, "username": "bo", "name": "Bo", "state": "blocked",
        "access_level": 30, "created_at": "2025-01-01T00:00:00Z", "expires_at": "2025-06-15",
        "member_role": {"id": 4, "name": "releaser", "base_access_level": 30}});
    vec![
        (
            "GET /api/v4/groups/Acme%2FCore?with_projects=false",
            list(json!({"id": 10, "full_path": "Acme/Core", "visibility": "internal"})),
        ),
        (
            "GET /api/v4/groups/Acme%2FCore/members/all?per_page=100",
            vec![
                Reply::json(&json!([owner]))
                    .next("/api/v4/groups/Acme%2FCore/members/all?per_page=100&page=2"),
            ],
        ),
        (
            "GET /api/v4/groups/Acme%2FCore/members/all?per_page=100&page=2",
            list(json!([temporary])),
        ),
        (
            "GET /api/v4/groups/Acme%2FCore/descendant_groups?per_page=100",
            list(json!([{"id": 11, "full_path": "Acme/Core/Pay", "visibility": "private",
                "shared_with_groups": [{"group_id": 77, "group_full_path": "Partners",
                    "group_access_level": 20, "expires_at": "2025-06-15"}]}])),
        ),
        (
            "GET /api/v4/groups/11/members?per_page=100",
            list(json!([member(1, "Ana", 40), member(3, "project_5_bot_ab12", 40)])),
        ),
        (
            "GET /api/v4/users/1/keys?per_page=100",
            list(json!([
                {"key": key, "usage_type": "signing", "expires_at": "2025-06-15T15:06:40Z"},
                {"key": ssh_key(10).0, "usage_type": "auth"}
            ])),
        ),
        ("GET /api/v4/users/1/gpg_keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/2/keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/2/gpg_keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/3/keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/3/gpg_keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/4/keys?per_page=100", list(json!([]))),
        ("GET /api/v4/users/4/gpg_keys?per_page=100", list(json!([]))),
        (
            "GET /api/v4/groups/Acme%2FCore/projects?include_subgroups=true&with_shared=false\
             &order_by=id&sort=asc&per_page=100",
            list(json!([{"id": 5, "path_with_namespace": "Acme/Core/API", "visibility": "private",
                "default_branch": "trunk",
                "forked_from_project": {"path_with_namespace": "Up/API"}}])),
        ),
        (
            "GET /api/v4/projects/5/protected_branches?per_page=100",
            list(json!([{"name": "trunk", "push_access_levels": [
                    {"access_level": 40}, {"user_id": 2}, {"group_id": 11}, {"group_id": 999}]},
                {"name": "rel-*", "push_access_levels": []}])),
        ),
        ("GET /api/v4/projects/5/push_rule", list(Value::Null)),
        (
            "GET /api/v4/projects/5/approval_rules?per_page=100",
            list(json!([{"name": "All", "approvals_required": 1}])),
        ),
        ("GET /api/v4/projects/5/members?per_page=100", list(json!([member(4, "guest", 20)]))),
        (
            "GET /api/v4/projects/5/members/all?per_page=100",
            list(json!([member(4, "guest", 20), member(1, "Ana", 50), member(2, "bo", 40)])),
        ),
    ]
}

#[test]
fn a_group_of_gitlab_is_read_whole() {
    let mock = Mock::scripted(core());
    let mut source = gitlab(&mock);
    assert_eq!(source.name(), "gitlab:127.0.0.1/acme/core");
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, Vec::<String>::new());
    let (ana, bo) = (kept.person("127.0.0.1:1"), kept.person("127.0.0.1:2"));
    assert!(ana.privileged && ana.two_factor == Some(true));
    assert_eq!(ana.teams, ["127.0.0.1/acme/core/pay"]);
    assert_eq!(bo.status, Status::Suspended);
    assert_eq!(bo.access_expires, Some(1_749_945_600), "the beginning of the day");
    assert_eq!(kept.person("127.0.0.1:3").kind, PersonType::Bot);
    let expected: BTreeSet<String> = [
        "account 127.0.0.11".to_owned(),
        "login 127.0.0.1ana".to_owned(),
        "email ana@acme.example".to_owned(),
        "saml ana-7".to_owned(),
        format!("signing_key {}", ssh_key(9).1),
    ]
    .into();
    assert_eq!(kept.handles("127.0.0.1:1"), expected, "a key for connections only signs nothing");
    let expected: BTreeSet<String> = [
        "person:127.0.0.1:1 admin 127.0.0.1/acme/core organisation",
        "person:127.0.0.1:2 write 127.0.0.1/acme/core organisation",
        "person:127.0.0.1:1 maintain 127.0.0.1/acme/core/pay organisation",
        "person:127.0.0.1:3 maintain 127.0.0.1/acme/core/pay organisation",
        "team:127.0.0.1/partners read 127.0.0.1/acme/core/pay team",
        "person:127.0.0.1:4 read 127.0.0.1/acme/core/api direct",
        "person:127.0.0.1:2 maintain 127.0.0.1/acme/core/api effective",
        "person:127.0.0.1:2 write 127.0.0.1/acme/core/api bypass",
        "team:127.0.0.1/acme/core/pay write 127.0.0.1/acme/core/api bypass",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(kept.grants(), expected);
    let api = kept.resource("127.0.0.1/acme/core/api");
    assert_eq!(api.protected, ["rel-*", "trunk"]);
    assert_eq!((api.signatures_required, api.review_required), (Some(false), Some(true)));
    assert_eq!(api.fork_of.as_deref(), Some("127.0.0.1/up/api"));
    let custom = kept.records.iter().any(|record| {
        matches!(record, Record::Grant(grant) if grant.role_name.as_deref() == Some("releaser")
            && grant.role == Role::Write && grant.expires == Some(1_749_945_600))
    });
    assert!(custom, "custom roles keep their name, grants their end");
    for seen in mock.seen() {
        assert_eq!(seen.headers.get("private-token"), Some(&secret("gitlab")));
    }
}

#[test]
fn a_run_over_gitlab_goes_on_where_it_broke_off() {
    let mut whole = Kept::default();
    let mock = Mock::scripted(core());
    gitlab(&mock).run(None, &mut whole).expect("a run");
    for at in 1..mock.lines().len() {
        let mut kept = Kept::default();
        gitlab(&breaking(core(), Some(at))).run(None, &mut kept).expect_err("broken off");
        let cursor = kept.cursors.last().cloned();
        gitlab(&breaking(core(), None)).run(cursor, &mut kept).expect("the rest");
        assert_eq!(kept.set(), whole.set(), "broken off at call {at}");
    }
}

#[test]
fn what_gitlab_does_not_have_is_not_missing_and_what_it_refuses_is() {
    let routes = core().into_iter().map(|(line, replies)| match line {
        "GET /api/v4/projects/5/push_rule" => (line, vec![Reply::refused(404, "404 Not Found")]),
        "GET /api/v4/projects/5/protected_branches?per_page=100" => {
            (line, vec![Reply::refused(403, "403 Forbidden")])
        }
        _ => (line, replies),
    });
    let mock = Mock::scripted(routes.collect());
    let mut kept = Kept::default();
    gitlab(&mock).run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing.len(), 1, "{:?}", kept.missing);
    assert!(
        kept.missing[0].starts_with("protected branches; takes") && kept.missing[0].contains("403")
    );
    assert_eq!(kept.resource("127.0.0.1/acme/core/api").signatures_required, None);
}

fn forge() -> Vec<(&'static str, Vec<Reply>)> {
    let named = |id: u64, login: &str| {
        json!({"id": id, "login": login, "full_name": "", "email": format!("{login}@acme.example"),
               "created": "2024-01-01T00:00:00Z", "last_login": "0001-01-01T00:00:00Z",
               "is_admin": false, "prohibit_login": login == "old"})
    };
    vec![
        ("GET /api/v1/orgs/Acme", list(json!({"id": 5, "visibility": "limited"}))),
        (
            "GET /api/v1/orgs/Acme/teams?limit=50",
            list(json!([
                {"id": 1, "name": "Owners", "permission": "owner"},
                {"id": 2, "name": "Dev", "permission": "read",
                 "units_map": {"repo.code": "write", "repo.issues": "read"}}
            ])),
        ),
        ("GET /api/v1/teams/1/members?limit=50", list(json!([named(1, "Ana")]))),
        ("GET /api/v1/teams/2/members?limit=50", list(json!([named(2, "bo"), named(3, "old")]))),
        ("GET /api/v1/teams/1/repos?limit=50", list(json!([{"full_name": "Acme/API"}]))),
        ("GET /api/v1/teams/2/repos?limit=50", list(json!([{"full_name": "Acme/API"}, {}]))),
        (
            "GET /api/v1/orgs/Acme/members?limit=50",
            vec![
                Reply::json(&json!([named(1, "Ana"), named(2, "bo")]))
                    .next("/api/v1/orgs/Acme/members?limit=50&page=2"),
            ],
        ),
        ("GET /api/v1/orgs/Acme/members?limit=50&page=2", list(json!([named(3, "old")]))),
        ("GET /api/v1/users/Ana/keys?limit=50", list(json!([{"key": ssh_key(3).0}]))),
        ("GET /api/v1/users/bo/keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/old/keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/guest/keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/Ana/gpg_keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/bo/gpg_keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/old/gpg_keys?limit=50", list(json!([]))),
        ("GET /api/v1/users/guest/gpg_keys?limit=50", list(json!([]))),
        (
            "GET /api/v1/orgs/Acme/repos?limit=50",
            list(json!([{"id": 9, "full_name": "Acme/API", "private": true, "internal": false,
                "default_branch": "main", "parent": {"full_name": "up/API"}}])),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators?limit=50",
            list(json!([named(2, "bo"), named(8, "guest")])),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators/bo/permission",
            list(json!({"permission": "admin", "role_name": "admin"})),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators/guest/permission",
            list(json!({"permission": "write", "role_name": "write"})),
        ),
        (
            "GET /api/v1/repos/Acme/API/branch_protections?limit=50",
            list(json!([
                {"rule_name": "main", "enable_push": true, "enable_push_whitelist": true,
                 "push_whitelist_usernames": ["BO", "nobody"], "push_whitelist_teams": ["Owners"],
                 "required_approvals": 1, "require_signed_commits": true},
                {"rule_name": "old/*", "enable_push": false, "push_whitelist_usernames": ["guest"]}
            ])),
        ),
    ]
}

fn gitea(mock: &Mock) -> Gitea {
    let settings = gitea::Settings {
        api: mock.url("/api/v1"),
        organisation: "Acme".to_owned(),
        token: Token::new(&secret("gitea")),
        repositories: Repositories::All,
        keys: true,
    };
    Gitea::new(settings, client().0).expect("an address")
}

#[test]
fn an_organisation_of_gitea_is_read_whole_and_gone_on_with() {
    let mock = Mock::scripted(forge());
    let mut kept = Kept::default();
    gitea(&mock).run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing, ["1 repositories of teams without a name were skipped"]);
    let ana = kept.person("127.0.0.1:1");
    assert!(ana.privileged && ana.last_used.is_none() && ana.created.is_some());
    assert_eq!(ana.teams, ["127.0.0.1/acme/owners"]);
    assert_eq!(kept.person("127.0.0.1:3").status, Status::Suspended);
    assert!(kept.handles("127.0.0.1:1").contains(&format!("signing_key {}", ssh_key(3).1)));
    let expected: BTreeSet<String> = [
        "person:127.0.0.1:1 admin 127.0.0.1/acme organisation",
        "person:127.0.0.1:2 none 127.0.0.1/acme organisation",
        "person:127.0.0.1:3 none 127.0.0.1/acme organisation",
        "team:127.0.0.1/acme/owners admin 127.0.0.1/acme/api team",
        "team:127.0.0.1/acme/dev write 127.0.0.1/acme/api team",
        "person:127.0.0.1:2 admin 127.0.0.1/acme/api direct",
        "person:127.0.0.1:8 write 127.0.0.1/acme/api outside",
        "person:127.0.0.1:2 write 127.0.0.1/acme/api bypass",
        "team:127.0.0.1/acme/owners write 127.0.0.1/acme/api bypass",
    ]
    .map(str::to_owned)
    .into();
    assert_eq!(kept.grants(), expected);
    let api = kept.resource("127.0.0.1/acme/api");
    assert_eq!(api.protected, ["main", "old/*"]);
    assert_eq!((api.signatures_required, api.review_required), (Some(true), Some(true)));
    for at in 1..mock.lines().len() {
        let mut parts = Kept::default();
        gitea(&breaking(forge(), Some(at))).run(None, &mut parts).expect_err("broken off");
        let cursor = parts.cursors.last().cloned();
        gitea(&breaking(forge(), None)).run(cursor, &mut parts).expect("the rest");
        assert_eq!(parts.set(), kept.set(), "broken off at call {at}");
    }
}

fn scim(mock: &Mock) -> Scim {
    let settings = scim::Settings {
        name: "idp".to_owned(),
        base: mock.url("/scim/v2/"),
        token: Token::new(&secret("scim")),
    };
    Scim::new(settings, client().0).expect("an address")
}

/// The page of a listing of `total` users that a request asks for, at most `most` at once.
fn users(seen: &Seen, total: u64, most: u64) -> Reply {
    let asked = |name: &str| -> u64 {
        let (_, query) = seen.line.split_once('?').expect("a query");
        let value = query.split('&').find_map(|pair| pair.strip_prefix(name)).expect(name);
        value.parse().expect("a number")
    };
    let (start, count) = (asked("startIndex="), asked("count=").min(most));
    let users: Vec<Value> = (start..(start + count).min(total + 1))
        .map(|id| {
            json!({"id": format!("u{id}"), "userName": format!("user{id}@acme.example"),
                "active": id % 10 != 0, "displayName": format!("User {id}"),
                "emails": [{"value": format!("user{id}@acme.example"), "primary": true}]})
        })
        .collect();
    Reply::json(&json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:ListResponse"],
        "totalResults": total, "startIndex": start, "itemsPerPage": users.len(),
        "Resources": users}))
}

fn groups(members: &Value) -> Reply {
    Reply::json(&json!({"totalResults": 1, "Resources": [
        {"id": "g1", "displayName": "Payments", "members": members}]}))
}

#[test]
fn users_and_groups_of_scim_are_read_page_by_page() {
    let mock = Mock::with(|seen| {
        if seen.line.starts_with("GET /scim/v2/Users?") {
            // This server gives fewer than asked for.
            users(seen, 95, 40)
        } else {
            groups(&json!([{"value": "u1"}, {"value": "g2", "type": "Group"}, {"display": "x"}]))
        }
    });
    let mut source = scim(&mock);
    assert_eq!(source.name(), "scim:idp");
    let mut kept = Kept::default();
    source.run(None, &mut kept).expect("a run");
    assert_eq!(kept.people().len(), 95);
    assert_eq!(kept.person("u10").status, Status::Departed);
    assert_eq!(kept.person("u10").end, None);
    assert_eq!(
        kept.grants().into_iter().collect::<Vec<_>>(),
        ["person:u1 none scim:idp/payments group"]
    );
    assert_eq!(
        kept.missing,
        [
            "members of groups by way of other groups",
            "1 members of groups without an id were skipped"
        ]
    );
    let starts: Vec<String> = mock.lines().into_iter().take(3).collect();
    assert_eq!(starts[2], "GET /scim/v2/Users?startIndex=81&count=100");
    // A run that stopped after the first page goes on with the second.
    let asked = mock.lines().len();
    source.run(Some(kept.cursors[0].clone()), &mut Kept::default()).expect("the rest");
    assert_eq!(mock.lines()[asked], "GET /scim/v2/Users?startIndex=41&count=100");
}

#[test]
fn endpoints_of_scim_that_refuse_or_say_nonsense() {
    let announced = json!({"totalResults": 500, "Resources": []});
    for (users, groups, expected) in [
        (Reply::refused(403, ""), Reply::refused(404, ""), vec!["users; takes", "groups and"]),
        (Reply::json(&json!([])), Reply::json(&json!({"Resources": 7})), vec!["list", "list"]),
        (Reply::json(&announced), Reply::json(&json!({})), vec!["fewer came than announced"]),
        (
            Reply::json(
                &json!({"totalResults": "2", "resources": [{"ID": 4, "active": "False"}, 3]}),
            ),
            Reply::new(204, ""),
            vec!["users without an id", "list"],
        ),
    ] {
        let mut pages = 0;
        let mock = Mock::with(move |seen| {
            pages += 1;
            assert!(pages < 10, "endless");
            match (seen.line.contains("/Users"), seen.line.contains("startIndex=1&")) {
                (true, true) => users.clone(),
                (true, false) => Reply::json(&json!({"totalResults": 5, "Resources": []})),
                _ => groups.clone(),
            }
        });
        let mut kept = Kept::default();
        scim(&mock).run(None, &mut kept).expect("a run");
        let all = kept.missing.join("\n");
        for part in expected {
            assert!(all.contains(part), "{part}: {all}");
        }
    }
}

/// Counts, and notes the most records between two checkpoints.
#[derive(Default)]
struct Counting {
    people: usize,
    handles: usize,
    page: usize,
    largest_page: usize,
    longest_cursor: usize,
}

impl Sink for Counting {
    fn put(&mut self, record: Record) -> Result<(), Error> {
        match record {
            Record::Person(_) => self.people += 1,
            Record::Handle(_) => self.handles += 1,
            _ => {}
        }
        self.page += 1;
        self.largest_page = self.largest_page.max(self.page);
        Ok(())
    }

    fn checkpoint(&mut self, cursor: &Cursor) -> Result<(), Error> {
        self.page = 0;
        self.longest_cursor = self.longest_cursor.max(cursor.0.len());
        Ok(())
    }

    fn missing(&mut self, what: &str) -> Result<(), Error> {
        panic!("{what}")
    }
}

/// Most memory that this process has had, in KiB.
fn peak() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse().ok()
}

#[test]
fn twenty_thousand_people_take_the_memory_of_a_page() {
    let server = |total: u64| {
        Mock::with(move |seen| {
            let is_users = seen.line.contains("/Users");
            if is_users {
                users(seen, total, 100)
            } else {
                Reply::json(&json!({"totalResults": 0}))
            }
        })
    };
    // What a short run takes is there already when the long one begins; the server keeps its log of
    // 200 requests.
    scim(&server(1000)).run(None, &mut Counting::default()).expect("a run");
    let before = peak();
    let mut sink = Counting::default();
    scim(&server(20_000)).run(None, &mut sink).expect("a run");
    assert_eq!((sink.people, sink.handles), (20_000, 40_000));
    assert!(sink.largest_page <= 300, "{}", sink.largest_page);
    assert!(sink.longest_cursor < 100);
    if let (Some(before), Some(after)) = (before, peak()) {
        // Other tests of this program run meanwhile; all people at once would take tens of MiB.
        assert!(after - before < 16 << 10, "{} KiB more", after - before);
    }
}

#[test]
fn sources_and_their_settings_show_no_token() {
    let settings = github::Settings {
        api: "https://api.github.com".to_owned(),
        organisation: "acme".to_owned(),
        token: Token::new(&secret("shown")),
        repositories: Repositories::None,
        keys: false,
    };
    assert!(!format!("{settings:?}").contains(&secret("shown")));
    let source = GitHub::new(settings.clone(), client().0).expect("an address");
    assert_eq!(source.name(), "github:acme");
    let bad = github::Settings { api: "no address".to_owned(), ..settings };
    let error = GitHub::new(bad, client().0).err().expect("no address").to_string();
    assert_eq!(error, "github:/acme: the address of its API is no URL");
}
