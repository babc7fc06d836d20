//! What each event of GitHub scans.

use std::fmt::Write as _;

use serde_json::json;

use crate::common::{fingerprint, token};
use crate::{World, ZERO, captured, pull_request, push};

#[test]
fn a_push_is_scanned_from_its_two_ends_in_a_shallow_checkout() {
    let world = World::new();
    let origin = world.origin();
    let before = origin.head();
    let secret = token("pushed and taken out");
    origin.commit_file("a.env", format!("KEY={secret}\n"), "Add");
    let after = origin.commit_file("a.env", "KEY=\n", "Take out");
    let checkout = world.checkout("work", &after, 1);
    let job = world.github(&checkout, "push", &push("main", &before, &after), &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
    assert!(job.run.stderr.contains("Push to main: 2 commits since"), "{}", job.run.stderr);
    assert_eq!((job.output("findings"), job.output("incomplete")), ("1", "false"));
    assert!(job.summary.contains("## leaktrace: 1 secret found (1 "), "{}", job.summary);
    // The line is gone: an annotation on it would point at something else.
    let commands = job.commands();
    assert_eq!(commands.len(), 1, "{commands:?}");
    assert!(commands[0].starts_with("::error title=leaktrace%3A GitHub"), "{}", commands[0]);
}

#[test]
fn what_is_not_fetched_is_not_clean() {
    let world = World::new();
    let origin = world.origin();
    let before = origin.head();
    origin.commit_file("a", "1\n", "One");
    let after = origin.commit_file("a", "2\n", "Two");
    let checkout = world.checkout("work", &after, 1);
    let payload = push("main", &before, &after);
    let never = world.github(&checkout, "push", &payload, &["--fetch", "never"]).expect(2);
    assert_eq!(never.output("incomplete"), "true");
    assert!(never.summary.contains("Not everything was read"), "{}", never.summary);
    assert!(never.commands()[0].contains("Not everything was read"));
    checkout.git(&["remote", "set-url", "origin", "file:///nowhere/at/all"]);
    let gone = world.github(&checkout, "push", &payload, &[]).expect(2);
    assert!(gone.run.stderr.contains("could not fetch what this checkout lacks"));
    checkout.git(&["remote", "set-url", "origin", "../origin"]);
    world.github(&checkout, "push", &payload, &[]).expect(0);
}

#[test]
fn a_new_branch_is_what_the_default_branch_does_not_have() {
    let world = World::new();
    let origin = world.origin();
    let (old, new) = (token("on main"), token("on the branch"));
    origin.commit_file("old.env", format!("KEY={old}\n"), "Old");
    origin.git(&["checkout", "-q", "-b", "feature"]);
    let after = origin.commit_file("new.env", format!("KEY={new}\n"), "New");
    for depth in [0, 1] {
        let checkout = world.checkout(&format!("work{depth}"), &after, depth);
        if depth == 1 {
            checkout.git(&["fetch", "-q", "origin", "main:refs/remotes/origin/main"]);
        }
        let job = world.github(&checkout, "push", &push("feature", ZERO, &after), &[]).expect(1);
        assert!(job.log().contains(&fingerprint(&new)));
        assert!(!job.log().contains(&fingerprint(&old)), "{}", job.log());
        assert!(job.run.stderr.contains("New: feature: 1 commit"), "{}", job.run.stderr);
    }
}

#[test]
fn a_forced_push_is_scanned_with_what_it_took_away() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let (gone, kept) = (token("rewritten away"), token("still there"));
    let before = origin.commit_file("a.env", format!("KEY={gone}\n"), "Oops");
    origin.git(&["reset", "-q", "--hard", &base]);
    let after = origin.commit_file("b.env", format!("KEY={kept}\n"), "Other");
    for (name, depth) in [("full", 0), ("shallow", 1)] {
        let checkout = world.checkout(name, &after, depth);
        // Whether it was forced is asked of the commits, not of the payload.
        let mut payload = push("main", &before, &after);
        payload["forced"] = json!(false);
        let job = world.github(&checkout, "push", &payload, &[]).expect(1);
        assert!(job.log().contains(&fingerprint(&gone)), "{name}: {}", job.log());
        assert!(job.log().contains(&fingerprint(&kept)), "{name}");
        assert!(job.run.stderr.contains("Forced push to main: 2 commits"), "{}", job.run.stderr);
        assert!(job.log().contains("main before the push"), "{}", job.log());
    }
}

#[test]
fn what_a_forced_push_took_away_for_good_is_said() {
    let world = World::new();
    let after = world.origin().head();
    let checkout = world.checkout("work", &after, 0);
    let gone = "1".repeat(40);
    let job = world.github(&checkout, "push", &push("main", &gone, &after), &[]).expect(0);
    assert!(job.run.stderr.contains("is gone from the server"), "{}", job.run.stderr);
    assert!(job.summary.contains("is gone from the server"), "{}", job.summary);
}

#[test]
fn a_tag_is_its_message_and_what_no_branch_has() {
    let world = World::new();
    let origin = world.origin();
    let secret = token("in the message of a tag");
    origin.git(&["tag", "-a", "v1", "-m", &format!("Release with {secret}")]);
    let tag = origin.git(&["rev-parse", "v1"]);
    let commit = origin.head();
    let checkout = world.checkout("work", &commit, 0);
    let mut payload = push("main", ZERO, &tag);
    payload["ref"] = json!("refs/tags/v1");
    let job = world.github(&checkout, "push", &payload, &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
}

#[test]
fn what_is_deleted_needs_no_scan() {
    let world = World::new();
    let checkout = world.checkout("work", &world.origin().head(), 1);
    let job = world.github(&checkout, "push", &captured("push-tag-deleted"), &[]).expect(0);
    assert!(job.summary.contains("nothing to scan"), "{}", job.summary);
    assert_eq!(job.output("findings"), "0");
}

#[test]
fn a_pull_request_is_what_it_has_on_top_of_its_base() {
    let world = World::new();
    let origin = world.origin();
    let (old, new) = (token("was there"), token("comes with the change"));
    let base = origin.commit_file("old.env", format!("KEY={old}\n"), "Old");
    origin.git(&["checkout", "-q", "-b", "change"]);
    let head = origin.commit_file("dir/new.env", format!("A=1\nKEY={new}\n"), "New");
    origin.git(&["checkout", "-q", "main"]);
    let moved = origin.commit_file("other", "x\n", "The base moves on");
    // What GitHub checks out is a merge of both.
    origin.git(&["merge", "-q", "--no-ff", "-m", "Merge", "change"]);
    let merge = origin.head();
    origin.git(&["reset", "-q", "--hard", &moved]);
    origin.git(&["update-ref", "refs/pull/2/merge", &merge]);
    let checkout = world.checkout("work", &merge, 1);
    for event in ["pull_request", "pull_request_target", "pull_request_review"] {
        let job = world.github(&checkout, event, &pull_request(&base, &head), &[]).expect(1);
        assert!(job.log().contains(&fingerprint(&new)), "{}", job.log());
        assert!(!job.log().contains(&fingerprint(&old)), "{}", job.log());
        let commands = job.commands();
        let place = "::error file=dir/new.env,line=2,col=5,endColumn=";
        assert!(commands.len() == 1 && commands[0].starts_with(place), "{commands:?}");
        assert!(job.run.stderr.contains("Change #2: 1 commit on top of"), "{}", job.run.stderr);
    }
}

#[test]
fn a_merge_group_is_its_range() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let secret = token("in the queue");
    let head = origin.commit_file("a.env", format!("KEY={secret}\n"), "Queued");
    let checkout = world.checkout("work", &head, 1);
    let payload = json!({
        "action": "checks_requested",
        "merge_group": { "head_sha": head, "base_sha": base, "base_ref": "refs/heads/main" },
        "repository": captured("push-tag-deleted")["repository"],
    });
    let job = world.github(&checkout, "merge_group", &payload, &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)));
}

#[test]
fn a_schedule_and_a_button_scan_everything() {
    let world = World::new();
    let origin = world.origin();
    let (old, other) = (token("long ago"), token("on another branch"));
    origin.commit_file("a.env", format!("KEY={old}\n"), "Add");
    origin.commit_file("a.env", "\n", "Take out");
    origin.git(&["checkout", "-q", "-b", "other"]);
    origin.commit_file("b.env", format!("KEY={other}\n"), "Elsewhere");
    origin.git(&["checkout", "-q", "main"]);
    let head = origin.head();
    for (event, payload) in [
        ("schedule", json!({ "schedule": "0 3 * * *" })),
        ("workflow_dispatch", json!({ "inputs": null, "ref": "refs/heads/main" })),
    ] {
        let checkout = world.checkout(event, &head, 1);
        let job = world.github(&checkout, event, &payload, &[]).expect(1);
        assert_eq!(job.output("findings"), "2", "{}", job.log());
        assert!(
            job.summary.contains(&format!("because the event is {event}").replace('_', "&#95;"))
        );
    }
}

#[test]
fn a_branch_that_takes_over_the_default_branch_is_only_itself() {
    let world = World::new();
    let origin = world.origin();
    origin.git(&["checkout", "-q", "-b", "feature"]);
    let before = origin.commit_file("f", "1\n", "Feature");
    origin.git(&["checkout", "-q", "main"]);
    let old = token("on main meanwhile");
    origin.commit_file("m.env", format!("KEY={old}\n"), "Main");
    origin.git(&["checkout", "-q", "feature"]);
    let new = token("in the merge itself");
    origin.git(&["merge", "-q", "--no-ff", "--no-commit", "main"]);
    let after = origin.commit_file("evil.env", format!("KEY={new}\n"), "Merge main");
    let checkout = world.checkout("work", &after, 0);
    let job = world.github(&checkout, "push", &push("feature", &before, &after), &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&new)), "{}", job.log());
    assert!(!job.log().contains(&fingerprint(&old)), "{}", job.log());
}

#[test]
fn more_commits_than_a_payload_lists_are_all_scanned() {
    let world = World::new();
    let origin = world.origin();
    let before = origin.head();
    let secret = token("in the first of many");
    let mut stream = format!("reset refs/heads/main\nfrom {before}\n\n");
    for at in 0..2100 {
        let file = if at == 0 { format!("KEY={secret}\n") } else { format!("{at}\n") };
        let (size, date) = (file.len(), crate::common::START + at);
        let message = if at % 2 == 0 { "ab" } else { "ba" };
        write!(
            stream,
            "commit refs/heads/main\ncommitter A <a@a.test> {date} +0000\ndata 2\n{message}\n\
             M 644 inline a.env\ndata {size}\n{file}\n"
        )
        .expect("strings can grow");
    }
    origin.git_with(&["fast-import", "--quiet"], stream.as_bytes());
    let after = origin.head();
    let checkout = world.checkout("work", &after, 1);
    let mut payload = push("main", &before, &after);
    payload["commits"] =
        payload["commits"].as_array().expect("a list").iter().cycle().take(2048).cloned().collect();
    let job = world.github(&checkout, "push", &payload, &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)));
    assert!(job.run.stderr.contains("2100 commits"), "{}", job.run.stderr);
}

#[test]
fn two_branches_of_one_push_do_not_hide_each_other() {
    let world = World::new();
    let origin = world.origin();
    let secret = token("below both");
    origin.git(&["checkout", "-q", "-b", "a"]);
    let shared = origin.commit_file("s.env", format!("KEY={secret}\n"), "Shared");
    let a = origin.commit_file("a", "a\n", "A");
    origin.git(&["checkout", "-q", "-b", "b", &shared]);
    let b = origin.commit_file("b", "b\n", "B");
    for (name, head) in [("a", &a), ("b", &b)] {
        let checkout = world.checkout(name, head, 0);
        let job = world.github(&checkout, "push", &push(name, ZERO, head), &[]).expect(1);
        assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
    }
}

#[test]
fn everything_is_every_branch_of_the_server() {
    let world = World::new();
    let origin = world.origin();
    let secret = token("on a branch that was not cloned");
    origin.git(&["branch", "clean"]);
    origin.commit_file("a.env", format!("KEY={secret}\n"), "Add");
    let url = format!("file://{}", world.file("origin").display());
    let work = world.scratch.existing("single");
    origin.git(&["clone", "-q", "--single-branch", "-b", "clean", &url, "../single"]);
    let schedule = json!({ "schedule": "0 3 * * *" });
    let job = world.github(&work, "schedule", &schedule, &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
    // Where the server cannot be asked, nobody knows what there is.
    work.git(&["update-ref", "-d", "refs/remotes/origin/main"]);
    work.git(&["remote", "set-url", "origin", "file:///nowhere/at/all"]);
    let job = world.github(&work, "schedule", &schedule, &[]).expect(2);
    assert!(job.log().contains("branches and tags of the server"), "{}", job.log());
}

#[test]
fn what_a_forced_push_took_away_is_a_gap_when_the_server_cannot_be_asked() {
    let world = World::new();
    let after = world.origin().head();
    let checkout = world.checkout("work", &after, 0);
    let payload = push("main", &"1".repeat(40), &after);
    checkout.git(&["remote", "set-url", "origin", "file:///nowhere/at/all"]);
    let job = world.github(&checkout, "push", &payload, &[]).expect(2);
    assert!(job.summary.contains("which main was before"), "{}", job.summary);
    world.github(&checkout, "push", &payload, &["--fetch", "never"]).expect(2);
}

#[test]
fn the_author_of_a_change_cannot_hide_commits_in_a_branch_of_their_fork() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let secret = token("put on the base of the fork");
    let hidden = origin.commit_file("a.env", format!("KEY={secret}\n"), "Hidden");
    let head = origin.commit_file("b", "b\n", "Shown");
    // The fork is what is checked out, and its main is where its owner wants it.
    origin.git(&["reset", "-q", "--hard", &hidden]);
    origin.git(&["update-ref", "refs/heads/change", &head]);
    let checkout = world.checkout("fork", &head, 0);
    let job = world.github(&checkout, "pull_request", &pull_request(&base, &head), &[]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
}

#[test]
fn a_repository_among_the_files_runs_nothing_and_hides_nothing() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let ran = world.file("ran");
    // What git takes for a bare repository, with a program in its settings.
    origin.write("sub/HEAD", "ref: refs/heads/main\n");
    origin.write("sub/objects/info/keep", "");
    origin.write("sub/refs/heads/keep", "");
    let program = format!("touch {}", ran.display());
    origin.write(
        "sub/config",
        format!("[core]\n\tbare = true\n[remote \"origin\"]\n\turl = file:///tmp\n\tuploadpack = {program}\n"),
    );
    let secret = token("beside it");
    let head = origin.commit_file("sub/a.env", format!("KEY={secret}\n"), "Embed");
    let checkout = world.checkout("work", &head, 1);
    let payload = pull_request(&base, &head);
    let job = world.github(&checkout, "pull_request", &payload, &["sub"]).expect(1);
    assert!(job.log().contains(&fingerprint(&secret)), "{}", job.log());
    let whole = world.github(&checkout, "schedule", &json!({}), &["sub"]).expect(1);
    assert!(whole.log().contains(&fingerprint(&secret)), "{}", whole.log());
    assert!(!ran.exists());
}
