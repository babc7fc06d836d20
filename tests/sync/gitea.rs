//! Gitea and Forgejo.

use std::collections::BTreeSet;

use leaktrace::http::Token;
use leaktrace::identity::Status;
use leaktrace::identity::sync::{Gitea, Repositories, Source as _, gitea};
use serde_json::json;

use crate::kept::{Kept, breaking, client, list, secret, ssh_key};
use crate::mock::{Mock, Reply};

fn forge() -> Vec<(&'static str, Vec<Reply>)> {
    let named = |id: u64, login: &str| {
        json!({"id": id, "login": login, "full_name": "", "email": format!("{login}@acme.example"),
               "created": "2024-01-01T00:00:00Z", "last_login": "0001-01-01T00:00:00Z",
               "is_admin": false, "prohibit_login": login == "old"})
    };
    vec![
        ("GET /api/v1/orgs/Acme", list(&json!({"id": 5, "visibility": "limited"}))),
        (
            "GET /api/v1/orgs/Acme/teams?limit=50",
            list(&json!([
                {"id": 1, "name": "Owners", "permission": "owner"},
                {"id": 2, "name": "Dev", "permission": "read",
                 "units_map": {"repo.code": "write", "repo.issues": "read"}}
            ])),
        ),
        ("GET /api/v1/teams/1/members?limit=50", list(&json!([named(1, "Ana")]))),
        ("GET /api/v1/teams/2/members?limit=50", list(&json!([named(2, "bo"), named(3, "old")]))),
        ("GET /api/v1/teams/1/repos?limit=50", list(&json!([{"full_name": "Acme/API"}]))),
        ("GET /api/v1/teams/2/repos?limit=50", list(&json!([{"full_name": "Acme/API"}, {}]))),
        (
            "GET /api/v1/orgs/Acme/members?limit=50",
            vec![
                Reply::json(&json!([named(1, "Ana"), named(2, "bo")]))
                    .next("/api/v1/orgs/Acme/members?limit=50&page=2"),
            ],
        ),
        ("GET /api/v1/orgs/Acme/members?limit=50&page=2", list(&json!([named(3, "old")]))),
        ("GET /api/v1/users/Ana/keys?limit=50", list(&json!([{"key": ssh_key(3).0}]))),
        ("GET /api/v1/users/bo/keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/old/keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/guest/keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/Ana/gpg_keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/bo/gpg_keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/old/gpg_keys?limit=50", list(&json!([]))),
        ("GET /api/v1/users/guest/gpg_keys?limit=50", list(&json!([]))),
        (
            "GET /api/v1/orgs/Acme/repos?limit=50",
            list(&json!([{"id": 9, "full_name": "Acme/API", "private": true, "internal": false,
                "default_branch": "main", "parent": {"full_name": "up/API"}}])),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators?limit=50",
            list(&json!([named(2, "bo"), named(8, "guest")])),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators/bo/permission",
            list(&json!({"permission": "admin", "role_name": "admin"})),
        ),
        (
            "GET /api/v1/repos/Acme/API/collaborators/guest/permission",
            list(&json!({"permission": "write", "role_name": "write"})),
        ),
        (
            "GET /api/v1/repos/Acme/API/branch_protections?limit=50",
            list(&json!([
                {"rule_name": "main", "enable_push": true, "enable_push_whitelist": true,
                 "push_whitelist_usernames": ["BO", "nobody"], "push_whitelist_teams": ["Owners"],
                 "required_approvals": 1, "require_signed_commits": true},
                {"rule_name": "old/*", "enable_push": false, "push_whitelist_usernames": ["guest"]}
            ])),
        ),
    ]
}

fn source(mock: &Mock) -> Gitea {
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
    source(&mock).run(None, &mut kept).expect("a run");
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
        source(&breaking(forge(), Some(at))).run(None, &mut parts).expect_err("broken off");
        let cursor = parts.cursors.last().cloned();
        source(&breaking(forge(), None)).run(cursor, &mut parts).expect("the rest");
        assert_eq!(parts.set(), kept.set(), "broken off at call {at}");
    }
}
