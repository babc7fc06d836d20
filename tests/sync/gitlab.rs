//! GitLab.

use std::collections::BTreeSet;

use leaktrace::http::Token;
use leaktrace::identity::sync::{GitLab, Repositories, Source as _, gitlab};
use leaktrace::identity::{PersonType, Record, Role, Status};
use serde_json::{Value, json};

use crate::kept::{Kept, breaking, client, list, secret, ssh_key};
use crate::mock::{Mock, Reply};

fn source(mock: &Mock) -> GitLab {
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
            list(&json!({"id": 10, "full_path": "Acme/Core", "visibility": "internal"})),
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
            list(&json!([temporary])),
        ),
        (
            "GET /api/v4/groups/Acme%2FCore/descendant_groups?per_page=100",
            list(&json!([{"id": 11, "full_path": "Acme/Core/Pay", "visibility": "private",
                "shared_with_groups": [{"group_id": 77, "group_full_path": "Partners",
                    "group_access_level": 20, "expires_at": "2025-06-15"}]}])),
        ),
        (
            "GET /api/v4/groups/11/members?per_page=100",
            list(&json!([member(1, "Ana", 40), member(3, "project_5_bot_ab12", 40)])),
        ),
        (
            "GET /api/v4/users/1/keys?per_page=100",
            list(&json!([
                {"key": key, "usage_type": "signing", "expires_at": "2025-06-15T15:06:40Z"},
                {"key": ssh_key(10).0, "usage_type": "auth"}
            ])),
        ),
        ("GET /api/v4/users/1/gpg_keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/2/keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/2/gpg_keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/3/keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/3/gpg_keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/4/keys?per_page=100", list(&json!([]))),
        ("GET /api/v4/users/4/gpg_keys?per_page=100", list(&json!([]))),
        (
            "GET /api/v4/groups/Acme%2FCore/projects?include_subgroups=true&with_shared=false\
             &order_by=id&sort=asc&per_page=100",
            list(
                &json!([{"id": 5, "path_with_namespace": "Acme/Core/API", "visibility": "private",
                "default_branch": "trunk",
                "forked_from_project": {"path_with_namespace": "Up/API"}}]),
            ),
        ),
        (
            "GET /api/v4/projects/5/protected_branches?per_page=100",
            list(&json!([{"name": "trunk", "push_access_levels": [
                    {"access_level": 40}, {"user_id": 2}, {"group_id": 11}, {"group_id": 999}]},
                {"name": "rel-*", "push_access_levels": []}])),
        ),
        ("GET /api/v4/projects/5/push_rule", list(&Value::Null)),
        (
            "GET /api/v4/projects/5/approval_rules?per_page=100",
            list(&json!([{"name": "All", "approvals_required": 1}])),
        ),
        ("GET /api/v4/projects/5/members?per_page=100", list(&json!([member(4, "guest", 20)]))),
        (
            "GET /api/v4/projects/5/members/all?per_page=100",
            list(&json!([member(4, "guest", 20), member(1, "Ana", 50), member(2, "bo", 40)])),
        ),
    ]
}

#[test]
fn a_group_of_gitlab_is_read_whole() {
    let mock = Mock::scripted(core());
    let mut source = source(&mock);
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
    source(&mock).run(None, &mut whole).expect("a run");
    for at in 1..mock.lines().len() {
        let mut kept = Kept::default();
        source(&breaking(core(), Some(at))).run(None, &mut kept).expect_err("broken off");
        let cursor = kept.cursors.last().cloned();
        source(&breaking(core(), None)).run(cursor, &mut kept).expect("the rest");
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
    source(&mock).run(None, &mut kept).expect("a run");
    assert_eq!(kept.missing.len(), 1, "{:?}", kept.missing);
    assert!(
        kept.missing[0].starts_with("protected branches; takes") && kept.missing[0].contains("403")
    );
    assert_eq!(kept.resource("127.0.0.1/acme/core/api").signatures_required, None);
}
