//! What is read from captured payloads, from the variables of each CI and from hooks; and what
//! happens with input that is wrong.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;

const PUSH: &[u8] =
    include_bytes!("../../../testdata/payloads/github-push-new-branch-unlinked.json");
const TAG: &[u8] = include_bytes!("../../../testdata/payloads/github-push-tag-deleted.json");
const PULL: &[u8] = include_bytes!("../../../testdata/payloads/github-pull-request-opened.json");
const REVIEW: &[u8] = include_bytes!("../../../testdata/payloads/github-pull-request-review.json");

const OLD: &str = "6113728f27ae82c7b1a177c8d03f9e96e0adf246";
const NEW: &str = "ec26c3e57ca3a959ca5aad62de7213c562f8c821";
const ZERO: &str = "0000000000000000000000000000000000000000";

fn env_of(vars: &[(&str, &str)]) -> BTreeMap<String, OsString> {
    vars.iter().map(|(name, value)| ((*name).to_owned(), OsString::from(value))).collect()
}

fn detect_in(vars: &[(&str, &str)], file: &[u8], pinned: bool) -> Result<PushEvent, Error> {
    let vars = env_of(vars);
    let env = |name: &str| vars.get(name).cloned();
    let read_file = |path: &Path, limit: u64| {
        assert_eq!(limit, MAX_PAYLOAD + 1);
        if path == Path::new("/event.json") {
            Ok(file.to_vec())
        } else {
            Err(io::ErrorKind::NotFound.into())
        }
    };
    let found = detect(&Surroundings { env: &env, read_file: &read_file, pinned })?;
    // What goes into evidence comes out of it unchanged.
    let kept = serde_json::to_string(&found).expect("serialises");
    assert_eq!(serde_json::from_str::<Option<PushEvent>>(&kept).expect("reads"), found);
    Ok(found.expect("a known CI"))
}

fn one(bytes: &[u8]) -> PushEvent {
    let mut events = payload("event.json", bytes, None, true).expect("reads");
    assert_eq!(events.len(), 1);
    events.remove(0)
}

fn codertocat() -> Actor {
    Actor {
        realm: "github.com".to_owned(),
        account: Some("21031067".to_owned()),
        login: Some("codertocat".to_owned()),
        name: None,
        email: Some("21031067+Codertocat@users.noreply.github.com".to_owned()),
        kind: ActorKind::User,
    }
}

#[test]
fn a_github_push_names_its_pusher_by_number() {
    let event = one(PUSH);
    assert_eq!(event.origin, Origin::GithubEvent);
    assert_eq!(event.pusher, Some(codertocat()));
    assert_eq!(
        event.sender.as_ref().and_then(|sender| sender.account.as_deref()),
        Some("21031067")
    );
    assert_eq!(event.repository.as_deref(), Some("github.com/codertocat/hello-world"));
    assert_eq!((event.visibility, event.forge.as_str()), (Visibility::Public, "github.com"));
    assert_eq!((event.before, event.after.as_deref()), (None, Some(OLD)));
    assert_eq!((event.created, event.deleted, event.forced), (true, false, Some(false)));
    assert_eq!(event.received_at, Some(1_557_933_657));
    assert_eq!(event.head_is_default_branch, Some(true));
    let commit = EventCommit {
        id: OLD.to_owned(),
        author_username: Some("codertocat".to_owned()),
        committer_username: None,
        distinct: Some(true),
    };
    assert_eq!(event.commits, [commit]);
    assert!(event.attested && event.notes.is_empty());
}

#[test]
fn a_ref_that_is_gone_has_no_after() {
    let event = one(TAG);
    assert_eq!((event.after, event.before.as_deref()), (None, Some(OLD)));
    assert_eq!((event.created, event.deleted), (false, true));
    assert_eq!(event.ref_name.as_deref(), Some("refs/tags/simple-tag"));
    assert_eq!(event.head_is_default_branch, Some(false));
}

#[test]
fn a_pull_request_that_is_opened_names_no_pusher() {
    let event = one(PULL);
    assert_eq!(event.pusher, None, "who opens it need not be who pushed");
    let pull = event.pull_request.expect("a pull request");
    assert_eq!((pull.number, pull.head.as_deref()), (Some(2), Some(NEW)));
    assert_eq!((pull.from_fork, pull.draft, pull.merged), (Some(false), Some(false), Some(false)));
    assert_eq!(pull.author_association.as_deref(), Some("OWNER"));
    assert_eq!(pull.author.and_then(|author| author.login).as_deref(), Some("codertocat"));
    assert_eq!(event.ref_name.as_deref(), Some("refs/pull/2/head"));

    let text = std::str::from_utf8(PULL).expect("text");
    let synchronize = text.replacen("\"opened\"", "\"synchronize\"", 1);
    let event = one(synchronize.as_bytes());
    assert_eq!(event.pusher.and_then(|pusher| pusher.account).as_deref(), Some("21031067"));
}

#[test]
fn forks_are_told_by_their_repository_even_when_it_is_gone() {
    let mut value: serde_json::Value = serde_json::from_slice(PULL).expect("JSON");
    let from_fork = |value: &serde_json::Value| {
        one(value.to_string().as_bytes()).pull_request.and_then(|pull| pull.from_fork)
    };
    value["pull_request"]["head"]["repo"]["id"] = 1.into();
    assert_eq!(from_fork(&value), Some(true));
    value["pull_request"]["head"]["repo"] = serde_json::Value::Null;
    assert_eq!(from_fork(&value), Some(true));
}

#[test]
fn a_review_says_what_was_looked_at_and_a_merge_by_whom() {
    let event = one(REVIEW);
    let review = event.approvals.first().expect("a review");
    assert_eq!(review.commit_id.as_deref(), Some(NEW));
    assert_eq!(review.state, ReviewState::Commented);
    assert_eq!(review.submitted_at, Some(1_557_933_638));

    let mut value: serde_json::Value = serde_json::from_slice(PULL).expect("JSON");
    value["action"] = "closed".into();
    value["pull_request"]["merged"] = true.into();
    value["pull_request"]["merged_by"] =
        serde_json::json!({"login": "Ben", "id": 7, "type": "User"});
    value["pull_request"]["merge_commit_sha"] = OLD.into();
    value["pull_request"]["merged_at"] = "2019-05-15T15:30:00Z".into();
    let event = one(value.to_string().as_bytes());
    assert_eq!(event.merged_by.and_then(|who| who.login).as_deref(), Some("ben"));
    assert_eq!((event.after.as_deref(), event.pusher), (Some(OLD), None));
    assert_eq!(event.ref_name.as_deref(), Some("refs/heads/master"));
    assert_eq!(event.received_at, Some(1_557_934_200));
}

const ACTIONS: [(&str, &str); 11] = [
    ("GITHUB_ACTIONS", "true"),
    ("GITHUB_SERVER_URL", "https://GitHub.com"),
    ("GITHUB_EVENT_NAME", "push"),
    ("GITHUB_EVENT_PATH", "/event.json"),
    ("GITHUB_ACTOR", "Codertocat"),
    ("GITHUB_ACTOR_ID", "21031067"),
    ("GITHUB_TRIGGERING_ACTOR", "Ben"),
    ("GITHUB_REF", "refs/heads/master"),
    ("GITHUB_REF_PROTECTED", "true"),
    ("GITHUB_REPOSITORY", "Codertocat/Hello-World"),
    ("GITHUB_SHA", OLD),
];

fn without<'a>(vars: &[(&'a str, &'a str)], name: &str) -> Vec<(&'a str, &'a str)> {
    vars.iter().copied().filter(|(one, _)| *one != name).collect()
}

#[test]
fn actions_add_to_the_payload_and_are_attested_only_when_pinned() {
    let event = detect_in(&ACTIONS, PUSH, false).expect("reads");
    assert_eq!(event.origin, Origin::GithubEvent);
    assert_eq!((event.pusher.clone(), event.ref_protected), (Some(codertocat()), Some(true)));
    assert_eq!(event.triggering_actor.and_then(|who| who.login).as_deref(), Some("ben"));
    assert!(!event.attested && event.notes.len() == 1, "{:?}", event.notes);
    let pinned = detect_in(&ACTIONS, PUSH, true).expect("reads");
    assert!(pinned.attested && pinned.notes.is_empty());

    let alone = detect_in(&without(&ACTIONS, "GITHUB_EVENT_PATH"), b"", false).expect("reads");
    assert_eq!(alone.origin, Origin::GithubActions);
    assert_eq!(alone.pusher.and_then(|pusher| pusher.account).as_deref(), Some("21031067"));
    assert_eq!(alone.repository.as_deref(), Some("github.com/codertocat/hello-world"));
    assert_eq!(alone.after.as_deref(), Some(OLD));
}

#[test]
fn a_payload_of_another_repository_is_noted() {
    let mut vars = without(&ACTIONS, "GITHUB_REPOSITORY");
    vars.push(("GITHUB_REPOSITORY", "corp/shop"));
    let event = detect_in(&vars, PUSH, true).expect("reads");
    assert!(event.notes[0].contains("another repository") && !event.attested);
}

#[test]
fn runs_that_no_push_started_name_no_pusher() {
    for name in ["schedule", "workflow_dispatch"] {
        let mut vars = without(&ACTIONS, "GITHUB_EVENT_NAME");
        vars.push(("GITHUB_EVENT_NAME", name));
        let body = br#"{"ref": "refs/heads/master", "repository": {"full_name": "Codertocat/Hello-World"}}"#;
        let event = detect_in(&vars, body, false).expect("reads");
        assert_eq!((event.pusher, event.after.as_deref()), (None, Some(OLD)), "{name}");
        assert_eq!(event.sender.and_then(|who| who.login).as_deref(), Some("codertocat"));
    }
    let group = format!(
        r#"{{"action": "checks_requested", "sender": {{"login": "b[bot]", "id": 3}}, "merge_group":
        {{"head_sha": "{NEW}", "base_sha": "{OLD}", "base_ref": "refs/heads/main"}}}}"#
    );
    let event = one(group.as_bytes());
    assert_eq!((event.before.as_deref(), event.after.as_deref()), (Some(OLD), Some(NEW)));
    assert_eq!(event.sender.map(|sender| sender.kind), Some(ActorKind::Bot));
}

fn gitea_push() -> String {
    let user = r#"{"id": 7, "login": "Ana", "full_name": "Ana T.", "email": "ana@corp.example", "username": "Ana"}"#;
    format!(
        r#"{{"ref": "refs/heads/main", "before": "{OLD}", "after": "{NEW}", "compare_url": "https://git.corp.example/x",
        "commits": [{{"id": "{NEW}", "message": "m", "author": {{"name": "A", "email": "a@b.c", "username": ""}}}}],
        "repository": {{"id": 1, "full_name": "Corp/Shop", "html_url": "https://git.corp.example/Corp/Shop",
        "private": true, "internal": false, "default_branch": "main"}}, "pusher": {user}, "sender": {user}}}"#
    )
}

#[test]
fn gitea_and_forgejo_name_the_pusher_by_number() {
    let event = one(gitea_push().as_bytes());
    assert_eq!(event.origin, Origin::GiteaWebhook);
    let pusher = event.pusher.expect("a pusher");
    assert_eq!((pusher.account.as_deref(), pusher.login.as_deref()), (Some("7"), Some("ana")));
    assert_eq!(pusher.realm, "git.corp.example");
    assert_eq!((event.visibility, event.head_is_default_branch), (Visibility::Private, Some(true)));
    assert_eq!(event.commits[0].author_username, None, "an address that is linked to nobody");

    for (variable, origin) in
        [("GITEA_ACTIONS", Origin::GiteaActions), ("FORGEJO_ACTIONS", Origin::ForgejoActions)]
    {
        let mut vars = ACTIONS.to_vec();
        vars.push((variable, "true"));
        let event = detect_in(&vars, gitea_push().as_bytes(), false).expect("reads");
        assert_eq!(event.origin, origin);
        assert_eq!(event.pusher.and_then(|pusher| pusher.account).as_deref(), Some("7"));
    }
}

#[test]
fn gitlab_tells_in_jobs_and_in_webhooks_who_pushed() {
    let mut vars = vec![
        ("GITLAB_CI", "true"),
        ("CI_SERVER_HOST", "GitLab.corp.example"),
        ("CI_PIPELINE_SOURCE", "push"),
        ("GITLAB_USER_ID", "42"),
        ("GITLAB_USER_LOGIN", "Ana.T"),
        ("GITLAB_USER_EMAIL", "ana@corp.example"),
        ("CI_PROJECT_PATH", "Corp/Sub/Shop"),
        ("CI_PROJECT_VISIBILITY", "internal"),
        ("CI_DEFAULT_BRANCH", "main"),
        ("CI_COMMIT_BRANCH", "main"),
        ("CI_COMMIT_SHA", NEW),
        ("CI_COMMIT_BEFORE_SHA", ZERO),
        ("CI_COMMIT_REF_PROTECTED", "true"),
    ];
    let event = detect_in(&vars, b"", false).expect("reads");
    let pusher = event.pusher.expect("a pusher");
    assert_eq!((pusher.account.as_deref(), pusher.login.as_deref()), (Some("42"), Some("ana.t")));
    assert_eq!(event.repository.as_deref(), Some("gitlab.corp.example/corp/sub/shop"));
    assert_eq!((event.visibility, event.ref_protected), (Visibility::Internal, Some(true)));
    assert_eq!((event.created, event.head_is_default_branch), (true, Some(true)));

    vars.retain(|(name, _)| *name != "CI_PIPELINE_SOURCE" && *name != "CI_COMMIT_BRANCH");
    vars.extend([
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_IID", "9"),
        ("CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", "Mallory/Shop"),
        ("CI_MERGE_REQUEST_PROJECT_PATH", "Corp/Sub/Shop"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", OLD),
    ]);
    let event = detect_in(&vars, b"", false).expect("reads");
    assert_eq!((event.pusher, event.created), (None, false));
    let pull = event.pull_request.expect("a merge request");
    assert_eq!((pull.number, pull.from_fork), (Some(9), Some(true)));
    assert_eq!((pull.head.as_deref(), pull.base.as_deref()), (Some(NEW), Some(OLD)));

    let body = format!(
        r#"{{"object_kind": "push", "before": "{OLD}", "after": "{ZERO}", "ref": "refs/heads/x", "ref_protected": false,
        "user_id": 42, "user_username": "ana.t", "user_email": "[REDACTED]", "total_commits_count": 30,
        "project": {{"web_url": "https://gitlab.com/corp/shop", "path_with_namespace": "corp/shop", "visibility_level": 20,
        "default_branch": "main"}}, "commits": [{{"id": "{OLD}"}}]}}"#
    );
    let event = one(body.as_bytes());
    assert_eq!((event.origin, event.visibility), (Origin::GitlabWebhook, Visibility::Public));
    assert_eq!((event.deleted, event.after.as_deref()), (true, None));
    assert_eq!(
        event.pusher.map(|pusher| (pusher.account, pusher.email)),
        Some((Some("42".into()), None))
    );
    assert!(event.notes.iter().any(|note| note.contains("newest commits")));
}

#[test]
fn bitbucket_tells_each_ref_by_itself() {
    let body = format!(
        r#"{{"actor": {{"type": "user", "uuid": "{{a-b}}", "nickname": "ana", "display_name": "Ana T."}},
        "repository": {{"full_name": "Corp/Shop", "is_private": true}}, "push": {{"changes": [
        {{"new": {{"type": "branch", "name": "main", "target": {{"hash": "{NEW}"}}}},
          "old": {{"type": "branch", "name": "main", "target": {{"hash": "{OLD}"}}}}, "created": false, "closed": false,
          "forced": true, "truncated": true, "commits": [{{"hash": "{NEW}"}}]}},
        {{"new": null, "old": {{"type": "tag", "name": "v1", "target": {{"hash": "{OLD}"}}}}}}]}}}}"#
    );
    let events = payload("event.json", body.as_bytes(), None, true).expect("reads");
    let [branch, tag] = events.as_slice() else { panic!("two refs") };
    assert_eq!((branch.forced, branch.before.as_deref()), (Some(true), Some(OLD)));
    assert_eq!(branch.repository.as_deref(), Some("bitbucket.org/corp/shop"));
    let pusher = branch.pusher.as_ref().expect("a pusher");
    assert_eq!((pusher.account.as_deref(), pusher.login.as_deref()), (Some("{a-b}"), None));
    assert_eq!((tag.deleted, tag.ref_name.as_deref()), (true, Some("refs/tags/v1")));

    let body = format!(
        r#"{{"eventKey": "repo:refs_changed", "date": "2026-01-02T03:04:05+0100", "actor": {{"name": "ana", "id": 7,
        "slug": "Ana", "emailAddress": "ana@corp.example", "type": "NORMAL"}}, "repository": {{"slug": "shop",
        "project": {{"key": "CORP"}}, "public": false}}, "changes": [{{"ref": {{"id": "refs/heads/main"}},
        "fromHash": "{ZERO}", "toHash": "{NEW}", "type": "ADD"}}]}}"#
    );
    let events =
        payload("event.json", body.as_bytes(), Some("bb.corp.example"), true).expect("reads");
    assert_eq!(events[0].repository.as_deref(), Some("bb.corp.example/corp/shop"));
    assert_eq!(events[0].received_at, Some(1_767_319_445));
    assert!(events[0].created);
    assert_eq!(events[0].pusher.as_ref().and_then(|who| who.login.as_deref()), Some("ana"));

    let vars = [
        ("BITBUCKET_BUILD_NUMBER", "3"),
        ("BITBUCKET_STEP_TRIGGERER_UUID", "{a-b}"),
        ("BITBUCKET_REPO_FULL_NAME", "Corp/Shop"),
        ("BITBUCKET_COMMIT", NEW),
        ("BITBUCKET_BRANCH", "topic"),
        ("BITBUCKET_PR_ID", "5"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
    ];
    let event = detect_in(&vars, b"", false).expect("reads");
    assert_eq!((event.pusher, event.pull_request.and_then(|pull| pull.number)), (None, Some(5)));
    assert_eq!(event.triggering_actor.and_then(|who| who.account).as_deref(), Some("{a-b}"));
}

#[test]
fn azure_names_the_pusher_only_of_continuous_integration() {
    let mut vars = vec![
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILD_REQUESTEDFORID", "d6245f20-2af8-44f4-9451-8107cb2767db"),
        ("BUILD_REQUESTEDFOREMAIL", "ana@corp.example"),
        ("BUILD_REPOSITORY_URI", "https://corp:pw@dev.azure.com/Corp/Pay/_git/Shop"),
        ("BUILD_SOURCEBRANCH", "refs/heads/main"),
        ("BUILD_SOURCEVERSION", NEW),
        ("SYSTEM_COLLECTIONURI", "https://dev.azure.com/corp/"),
    ];
    let event = detect_in(&vars, b"", true).expect("reads");
    assert_eq!(event.repository.as_deref(), Some("dev.azure.com/corp/pay/_git/shop"));
    assert!(event.attested);
    assert_eq!(event.pusher.map(|who| who.realm).as_deref(), Some("dev.azure.com"));
    vars[1].1 = "PullRequest";
    vars.extend([
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", "17"),
        ("SYSTEM_PULLREQUEST_ISFORK", "True"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ("SYSTEM_PULLREQUEST_SOURCECOMMITID", OLD),
    ]);
    let event = detect_in(&vars, b"", true).expect("reads");
    let pull = event.pull_request.expect("a pull request");
    assert_eq!((event.pusher, pull.number, pull.from_fork), (None, Some(17), Some(true)));
    assert_eq!((pull.base_ref.as_deref(), pull.head.as_deref()), (Some("main"), Some(OLD)));
}

#[test]
fn wrong_input_is_told_without_what_is_in_it() {
    let hush = ["hu", "sh-hu", "sh"].concat();
    let bodies = [
        format!("{{\"ref\": \"{hush}"),
        hush.clone(),
        format!("{{\"sender\": {{}}, \"pusher\": \"{hush}\"}}"),
        format!("{{\"{hush}\": 1}}"),
        format!("{{\"sender\": {{}}, \"pusher\": {{}}, \"before\": \"{hush}\"}}"),
        format!("{{\"object_kind\": \"{hush}\"}}"),
        format!("{{\"sender\": {{}}, \"sender\": \"{hush}\"}}"),
        "[".repeat(100_000),
        String::new(),
    ];
    for body in bodies {
        let error = payload("ev\x1bent.json", body.as_bytes(), None, true).expect_err("is wrong");
        let message = error.to_string();
        assert!(message.starts_with("ev\\x1bent.json") && !message.contains(&hush), "{message}");
    }
    let error = detect_in(
        &ACTIONS
            .map(|(name, value)| (name, if name == "GITHUB_EVENT_PATH" { "/gone" } else { value })),
        b"",
        false,
    );
    assert!(error.expect_err("is gone").to_string().contains("unset GITHUB_EVENT_PATH"));
    let large = vec![b' '; usize::try_from(MAX_PAYLOAD).expect("fits") + 1];
    assert!(payload("x", &large, None, true).expect_err("is large").to_string().contains("25 MB"));
}

#[test]
fn what_is_shown_is_escaped_and_bounded() {
    let mut value: serde_json::Value = serde_json::from_slice(PUSH).expect("JSON");
    value["ref"] = "refs/heads/\u{1b}[2J\u{202e}".into();
    value["pusher"]["email"] = "\u{fc}".repeat(5000).into();
    let commit = value["commits"][0].clone();
    value["commits"] = vec![commit; MAX_COMMITS + 5].into();
    let event = one(value.to_string().as_bytes());
    assert_eq!(event.ref_name.as_deref(), Some("refs/heads/\\x1b[2J\\u{202e}"));
    assert_eq!(event.pusher.and_then(|who| who.email).map(|email| email.len()), Some(1024));
    assert_eq!(event.commits.len(), MAX_COMMITS);
    assert!(event.notes[0].contains("more commits"));
}

#[test]
fn outside_of_ci_nothing_is_said() {
    let env = |_: &str| None;
    let read_file = |_: &Path, _: u64| Err(io::ErrorKind::NotFound.into());
    let around = Surroundings { env: &env, read_file: &read_file, pinned: true };
    assert_eq!(detect(&around).expect("reads"), None);
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let key = prop::sample::select(vec![
        "ref",
        "before",
        "after",
        "pusher",
        "sender",
        "repository",
        "commits",
        "pull_request",
        "head",
        "base",
        "repo",
        "id",
        "login",
        "push",
        "changes",
        "new",
        "old",
        "target",
        "hash",
        "object_kind",
        "project",
        "eventKey",
        "review",
        "merge_group",
        "user",
        "author",
        "pushed_at",
        "merged",
    ]);
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        Just(OLD.into()),
        Just("push".into()),
        "\\PC{0,8}".prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Into::into),
            prop::collection::btree_map(key.clone(), inner, 0..8).prop_map(|map| {
                map.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()
            }),
        ]
    })
}

proptest! {
    #[test]
    fn any_payload_is_read_or_refused(value in json(), bytes in any::<Vec<u8>>()) {
        for body in [value.to_string().as_bytes(), &bytes] {
            let _ = payload("event.json", body, None, true);
            let vars = env_of(&ACTIONS);
            let env = |name: &str| vars.get(name).cloned();
            let read_file = |_: &Path, _: u64| Ok(body.to_vec());
            let _ = detect(&Surroundings { env: &env, read_file: &read_file, pinned: true });
        }
    }

    #[test]
    fn any_environment_is_read_or_refused(value in "\\PC{0,12}") {
        for ci in ["GITHUB_ACTIONS", "GITLAB_CI", "TF_BUILD", "BITBUCKET_BUILD_NUMBER"] {
            let env = |name: &str| match name {
                "GITEA_ACTIONS" | "FORGEJO_ACTIONS" | "GITHUB_ACTIONS" | "GITLAB_CI" | "TF_BUILD" if name != ci => None,
                name if name.ends_with("SHA") || name.ends_with("COMMIT") => Some(OLD.into()),
                _ => Some(OsString::from(&value)),
            };
            let read_file = |_: &Path, _: u64| Ok(PUSH.to_vec());
            let _ = detect(&Surroundings { env: &env, read_file: &read_file, pinned: false });
        }
    }
}
