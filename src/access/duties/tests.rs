use super::*;
use crate::access::check;
use crate::access::report::Line;
use crate::identity::event;
use crate::identity::{
    Authority, Handle, HandleKind, Person, PersonType, Record as Stated, Sink as _,
};
use crate::model::Secret;

const NOW: i64 = 1_794_787_200;

fn store(protected: &[&str], review: Option<bool>) -> Store {
    let store = Store::in_memory().expect("a store");
    let mut run = store.begin("forge", Authority::Forge, NOW, false).expect("begun");
    for (id, login) in [("1", "ana"), ("2", "ben"), ("9", "robot")] {
        let kind = if login == "robot" { PersonType::Bot } else { PersonType::Unknown };
        let person = Person { id: id.to_owned(), kind, ..Person::default() };
        run.put(Stated::Person(person)).expect("put");
        run.put(Stated::Handle(Handle::new(id, HandleKind::Login, "github.com", login)))
            .expect("put");
        run.put(Stated::Handle(Handle::new(id, HandleKind::Account, "github.com", id)))
            .expect("put");
    }
    let resource = Resource {
        id: "github.com/acme/app".to_owned(),
        default_branch: Some("main".to_owned()),
        protected: protected.iter().map(|&name| name.to_owned()).collect(),
        review_required: review,
        ..Resource::default()
    };
    run.put(Stated::Resource(resource)).expect("put");
    run.finish().expect("finished");
    store
}

fn report(store: &Store, events: &[PushEvent]) -> Report {
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    let duties = Duties {
        store,
        repository: None,
        span: Span::Since(0),
        events,
        records: &[],
        forges: &[],
        pseudonyms: &key,
        reveal: false,
        now: NOW,
        stale_after: 86_400,
    };
    duties.run().expect("a report")
}

fn user(id: u64, login: &str) -> serde_json::Value {
    serde_json::json!({ "id": id, "login": login, "type": "User" })
}

const HEAD: &str = "1111111111111111111111111111111111111111";
const OLDER: &str = "2222222222222222222222222222222222222222";

fn payload(body: serde_json::Value) -> PushEvent {
    let mut body = body;
    body["repository"] = serde_json::json!({
        "id": 7, "full_name": "acme/app", "html_url": "https://github.com/acme/app",
        "default_branch": "main",
    });
    let bytes = body.to_string();
    event::payload("x.json", bytes.as_bytes(), None, false).expect("an event").remove(0)
}

fn closed(author: (u64, &str), merger: (u64, &str)) -> PushEvent {
    payload(serde_json::json!({
        "action": "closed", "sender": user(merger.0, merger.1),
        "pull_request": pull(author, Some(merger)),
    }))
}

fn pull(author: (u64, &str), merger: Option<(u64, &str)>) -> serde_json::Value {
    serde_json::json!({
        "number": 5, "user": user(author.0, author.1), "merged": merger.is_some(),
        "merged_by": merger.map(|one| user(one.0, one.1)), "merged_at": "2026-11-01T00:00:00Z",
        "merge_commit_sha": "3333333333333333333333333333333333333333",
        "head": { "ref": "topic", "sha": HEAD }, "base": { "ref": "main", "sha": OLDER },
    })
}

fn review(by: (u64, &str), state: &str, commit: &str) -> PushEvent {
    payload(serde_json::json!({
        "action": "submitted", "sender": user(by.0, by.1), "pull_request": pull((1, "ana"), None),
        "review": {
            "user": user(by.0, by.1), "state": state, "commit_id": commit,
            "submitted_at": "2026-10-31T00:00:00Z",
        },
    }))
}

fn push(forced: bool) -> PushEvent {
    payload(serde_json::json!({
        "ref": "refs/heads/main", "before": OLDER, "after": HEAD, "forced": forced,
        "pusher": { "name": "ana" }, "sender": user(1, "ana"), "commits": [],
    }))
}

fn only(report: &Report) -> &Line {
    assert_eq!(report.lines.len(), 1, "{:?}", report.lines);
    &report.lines[0]
}

#[test]
fn whoever_merges_their_own_change_is_told_by_what_is_known_of_reviews() {
    let store = store(&["main"], Some(true));
    let own = closed((1, "ana"), (1, "ana"));
    let line = report(&store, std::slice::from_ref(&own));
    assert_eq!((only(&line).check.id, only(&line).severity), ("self-merge", Severity::Low));
    assert!(only(&line).evidence.contains("No review data"), "{}", only(&line).evidence);
    // Her own word is no review.
    let hers = review((1, "ana"), "approved", HEAD);
    let line = report(&store, &[own.clone(), hers]);
    assert_eq!((only(&line).check.id, only(&line).severity), ("self-merge", Severity::High));
    let his = review((2, "ben"), "approved", HEAD);
    assert!(report(&store, &[own.clone(), his]).lines.is_empty());
    let asked = review((2, "ben"), "changes_requested", HEAD);
    assert_eq!(only(&report(&store, &[own, asked])).check.id, "self-merge");
    assert!(report(&store, &[closed((1, "ana"), (2, "ben"))]).lines.is_empty());
}

#[test]
fn an_approval_of_another_state_is_stale() {
    let store = store(&["main"], Some(true));
    let events = [closed((1, "ana"), (2, "ben")), review((2, "ben"), "approved", OLDER)];
    assert_eq!(only(&report(&store, &events)).check.id, "stale-approval");
}

#[test]
fn pushes_count_where_the_branch_is_protected() {
    let protected = store(&["main"], None);
    let line = report(&protected, &[push(true)]);
    assert_eq!((only(&line).check.id, only(&line).severity), ("forced-push", Severity::High));
    let line = report(&protected, &[push(false), closed((1, "ana"), (2, "ben"))]);
    assert_eq!((only(&line).check.id, only(&line).severity), ("direct-push", Severity::High));
    let line = report(&protected, &[push(false)]);
    assert_eq!(only(&line).severity, Severity::Low);
    let open = store(&["release/*"], Some(false));
    assert!(report(&open, &[push(true), push(false)]).lines.is_empty());
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    assert_eq!(only(&line).subject, key.of("1"));
}

#[test]
fn patterns_of_branches_match_as_forges_have_them() {
    for (pattern, branch, wanted) in [
        ("main", "main", true),
        ("refs/heads/main", "main", true),
        ("*", "a/b", true),
        ("release/*", "release/1", true),
        ("release/*", "release/1/2", false),
        ("release/**", "release/1/2", true),
        ("~DEFAULT_BRANCH", "main", true),
        ("[", "main", false),
    ] {
        assert_eq!(matches(pattern, branch, true), wanted, "{pattern} {branch}");
    }
}

#[test]
fn nothing_to_look_at_is_an_error() {
    let store = store(&[], None);
    let key = PseudonymKey::new(Secret::new(vec![b'k'; 32])).expect("long enough");
    let duties = Duties {
        store: &store,
        repository: None,
        span: Span::Since(0),
        events: &[],
        records: &[],
        forges: &[],
        pseudonyms: &key,
        reveal: false,
        now: NOW,
        stale_after: 86_400,
    };
    assert!(matches!(duties.run(), Err(Error::Nothing(_))));
    assert_eq!(check::ALL.iter().filter(|one| one.id == "rule-bypass").count(), 1);
}
