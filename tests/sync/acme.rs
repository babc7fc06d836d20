//! An organisation of GitHub as its interface shows it.

use std::sync::Arc;

use leaktrace::http::Token;
use leaktrace::identity::sync::{GitHub, Repositories, github};
use serde_json::{Value, json};

use crate::kept::{client, list, secret, ssh_key};
use crate::mock::{Mock, Reply, StillClock};

pub fn github(mock: &Mock, keys: bool) -> (GitHub, Arc<StillClock>) {
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

pub fn user(id: u64, login: &str) -> Value {
    json!({"login": login, "id": id, "node_id": format!("U_{id}"), "type": "User",
           "site_admin": false})
}

/// An organisation of three members, an outside collaborator, a team and a repository.
pub fn acme() -> Vec<(&'static str, Vec<Reply>)> {
    let (key, _) = ssh_key(7);
    let mut routes = vec![
        (
            "GET /api/v3/orgs/Acme",
            list(&json!({"id": 900, "login": "Acme", "default_repository_permission": "read"})),
        ),
        (
            "GET /api/v3/orgs/Acme/teams?per_page=100",
            list(&json!([{"id": 50, "slug": "Payments", "name": "Payments"}])),
        ),
        (
            "GET /api/v3/orgs/Acme/teams/Payments/members?per_page=100",
            list(&json!([user(1, "ana"), user(2, "bo")])),
        ),
        (
            "GET /api/v3/orgs/Acme/teams/Payments/repos?per_page=100",
            list(&json!([{"full_name": "Acme/API", "role_name": "maintain",
                "permissions": {"admin": false, "maintain": true, "push": true, "pull": true}}])),
        ),
        ("GET /api/v3/orgs/Acme/members?role=admin&per_page=100", list(&json!([user(1, "ana")]))),
        (
            "GET /api/v3/orgs/Acme/members?filter=2fa_disabled&per_page=100",
            list(&json!([user(2, "bo")])),
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
            list(&json!([{"login": "deploy[bot]", "id": 3, "node_id": "BOT_3", "type": "Bot"}])),
        ),
        (
            "GET /api/v3/users/Ana/ssh_signing_keys?per_page=100",
            list(&json!([{"id": 1, "key": key}])),
        ),
        ("GET /api/v3/users/Ana/gpg_keys?per_page=100", list(&json!([]))),
        ("GET /api/v3/users/bo/ssh_signing_keys?per_page=100", list(&json!([]))),
        ("GET /api/v3/users/bo/gpg_keys?per_page=100", list(&json!([]))),
        ("GET /api/v3/users/deploy%5Bbot%5D/ssh_signing_keys?per_page=100", list(&json!([]))),
        ("GET /api/v3/users/deploy%5Bbot%5D/gpg_keys?per_page=100", list(&json!([]))),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=2fa_disabled&per_page=100",
            list(&json!([])),
        ),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=all&per_page=100",
            list(&json!([user(8, "guest")])),
        ),
        (
            "GET /api/v3/orgs/Acme/outside_collaborators?filter=all&per_page=1",
            list(&json!([user(8, "guest")])),
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
    ];
    routes.extend(repositories());
    routes
}

/// Its two repositories, one a fork with rules of both kinds.
fn repositories() -> Vec<(&'static str, Vec<Reply>)> {
    vec![
        (
            "GET /api/v3/orgs/Acme/repos?type=all&sort=full_name&direction=asc&per_page=100",
            list(&json!([
                {"id": 70, "full_name": "Acme/API", "visibility": "private", "fork": true,
                 "default_branch": "main"},
                {"id": 71, "full_name": "Acme/site", "private": false, "fork": false,
                 "default_branch": "main"}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/API",
            list(&json!({"full_name": "Acme/API", "parent": {"full_name": "Upstream/API"}})),
        ),
        (
            "GET /api/v3/repos/Acme/API/rulesets?includes_parents=true&per_page=100",
            list(&json!([
                {"id": 21, "target": "branch", "enforcement": "active", "source_type": "Repository"},
                {"id": 22, "target": "tag", "enforcement": "active"},
                {"id": 23, "target": "branch", "enforcement": "disabled"}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/API/rulesets/21?includes_parents=true",
            list(&json!({"id": 21,
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
            list(&json!([{"type": "required_signatures"}, {"type": "pull_request",
                "parameters": {"required_approving_review_count": 0}}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/branches?protected=true&per_page=100",
            list(&json!([{"name": "main", "protected": true}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/branches/main/protection",
            list(&json!({"enforce_admins": {"enabled": false},
                "required_signatures": {"enabled": false},
                "required_pull_request_reviews": {"required_approving_review_count": 2,
                    "bypass_pull_request_allowances": {"users": [user(2, "bo")], "teams": []}}})),
        ),
        (
            "GET /api/v3/repos/Acme/API/collaborators?affiliation=outside&per_page=100",
            list(&json!([{"login": "guest", "id": 8, "role_name": "admin",
                "permissions": {"admin": true, "push": true, "pull": true}}])),
        ),
        (
            "GET /api/v3/repos/Acme/API/collaborators?affiliation=direct&per_page=100",
            list(&json!([
                {"login": "guest", "id": 8, "role_name": "admin", "permissions": {"admin": true}},
                {"login": "bo", "id": 2, "role_name": "release manager",
                 "permissions": {"admin": false, "push": true, "pull": true}}
            ])),
        ),
        (
            "GET /api/v3/repos/Acme/site/rulesets?includes_parents=true&per_page=100",
            vec![Reply::refused(403, "Upgrade to GitHub Pro or make this repository public.")],
        ),
        ("GET /api/v3/repos/Acme/site/branches?protected=true&per_page=100", list(&json!([]))),
        (
            "GET /api/v3/repos/Acme/site/collaborators?affiliation=outside&per_page=100",
            list(&json!([])),
        ),
        (
            "GET /api/v3/repos/Acme/site/collaborators?affiliation=direct&per_page=100",
            list(&json!([])),
        ),
    ]
}

pub fn identities(nodes: &Value, next: Option<&str>) -> Value {
    json!({"data": {"organization": {"samlIdentityProvider": {"externalIdentities": {
        "pageInfo": {"hasNextPage": next.is_some(), "endCursor": next}, "nodes": nodes}}}}})
}
