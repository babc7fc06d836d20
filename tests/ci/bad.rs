//! What a job is told when its check could not be made. It never passes.

use serde_json::{Value, json};

use crate::{World, pull_request, push, run};

#[test]
fn a_check_that_cannot_run_does_not_pass() {
    let world = World::new();
    let head = world.origin().head();
    let checkout = world.checkout("work", &head, 1);
    let absent = "2".repeat(40);
    let without = |payload: Value, field: &str| {
        let mut payload = payload;
        payload.as_object_mut().expect("an object").remove(field);
        payload.to_string()
    };
    let mut no_head = pull_request(&head, &head);
    no_head["pull_request"]["head"]["sha"] = Value::Null;
    // Where only the commit is not there, the branch that it stands for is taken.
    let mut no_base = pull_request(&absent, &head);
    no_base["pull_request"]["base"]["ref"] = json!("no-such-branch");
    let group = json!({ "merge_group": { "head_sha": head } }).to_string();
    for (event, payload, message) in [
        ("push", "{\"ref\":".to_owned(), "line 1, column 7"),
        ("push", "[]".to_owned(), "the push's payload has no `ref`"),
        ("push", "{}".to_owned(), "the push's payload has no `ref`"),
        ("push", without(push("main", &head, &head), "after"), "has no `after`"),
        ("push", without(without_created(&head), "before"), "has no `before`"),
        ("push", push("main", "HEAD", &head).to_string(), "before is no object id"),
        ("push", push("main", &head, &absent).to_string(), "is not in this checkout"),
        ("pull_request", "{}".to_owned(), "has no `pull_request`"),
        ("pull_request", no_head.to_string(), "has no `pull_request.head.sha`"),
        ("pull_request", no_base.to_string(), "is to go on is not in this"),
        ("merge_group", group, "`merge_group.base_sha` and `head_sha`"),
    ] {
        let job = world.github_with(&checkout, event, &payload, &[], &[]).expect(2);
        assert!(job.run.stderr.contains(message), "{message}: {}", job.run.stderr);
        assert!(job.summary.starts_with("## leaktrace could not run"), "{}", job.summary);
        let commands = job.commands();
        let begins = "::error title=leaktrace could not run::";
        assert!(commands.len() == 1 && commands[0].starts_with(begins), "{commands:?}");
        assert_eq!(job.output("incomplete"), "true");
    }
}

fn without_created(head: &str) -> Value {
    let mut payload = push("main", head, head);
    payload["created"] = json!(false);
    payload
}

#[test]
fn nowhere_and_nothing_are_no_clean_checks() {
    let world = World::new();
    let head = world.origin().head();
    let checkout = world.checkout("work", &head, 0);
    let nowhere = run(&checkout, &[], &[]);
    assert_eq!(nowhere.code, Some(2));
    assert!(nowhere.stderr.contains("no CI service is recognised"), "{}", nowhere.stderr);
    assert_eq!(run(&checkout, &["--range", "whole"], &[]).code, Some(0));
    assert_eq!(run(&checkout, &["--range", "HEAD..HEAD"], &[]).code, Some(0));
    let zeros = format!("{head}..{}", crate::ZERO);
    for range in ["everything", "..", "..HEAD", "HEAD..", "HEAD...", &zeros] {
        let wrong = run(&checkout, &["--range", range], &[]);
        assert_eq!(wrong.code, Some(64), "{range}: {}", wrong.stderr);
    }
    let wrong = run(&checkout, &["--range", "everything"], &[]);
    assert_eq!(wrong.code, Some(64), "{}", wrong.stderr);
    let empty = world.scratch.existing("empty");
    std::fs::create_dir(&empty.path).expect("a folder");
    let none = run(&empty, &[], &[("CI", "true"), ("BUILDKITE", "true")]);
    assert_eq!(none.code, Some(2));
    assert!(none.stderr.contains("is no git repository"), "{}", none.stderr);
    let no_payload =
        run(&checkout, &[], &[("GITHUB_ACTIONS", "true"), ("GITHUB_EVENT_NAME", "push")]);
    assert_eq!(no_payload.code, Some(2));
    assert!(no_payload.stderr.contains("GITHUB_EVENT_PATH"), "{}", no_payload.stderr);
}

#[test]
fn a_payload_of_another_repository_is_found_out_by_its_commits() {
    let world = World::new();
    let head = world.origin().head();
    let checkout = world.checkout("work", &head, 0);
    let payload = crate::captured("push-new-branch-unlinked");
    let job = world.github(&checkout, "push", &payload, &[]).expect(2);
    assert!(job.run.stderr.contains("see that the payload is of this repository"));
}

#[test]
fn a_payload_of_several_changes_or_of_two_minds_is_refused() {
    let world = World::new();
    let head = world.origin().head();
    let checkout = world.checkout("work", &head, 0);
    let end = |id: &str| json!({ "type": "branch", "name": "main", "target": { "hash": id } });
    let change = json!({ "new": end(&head), "old": end(&head), "forced": false, "created": false });
    let several = json!({ "push": { "changes": [change, change] }, "repository": {}, "actor": {} });
    let file = world.scratch.write("several.json", several.to_string());
    let run = run(&checkout, &["--event", file.to_str().expect("UTF-8")], &[]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("the payload is of 2 changes"), "{}", run.stderr);
    let mut gone = push("main", &head, &head);
    gone["deleted"] = json!(true);
    let job = world.github(&checkout, "push", &gone, &[]).expect(2);
    assert!(job.run.stderr.contains("says that the reference is gone"), "{}", job.run.stderr);
}

#[test]
fn a_range_given_by_hand_is_fetched() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let secret = crate::common::token("in a range");
    origin.commit_file("a.env", format!("KEY={secret}\n"), "Add");
    let head = origin.commit_file("a.env", "\n", "Take out");
    let checkout = world.checkout("work", &head, 1);
    let found = run(&checkout, &["--range", &format!("{base}..{head}")], &[]);
    assert_eq!(found.code, Some(1), "{}", found.stderr);
    assert!(found.text().contains(&crate::common::fingerprint(&secret)));
}
