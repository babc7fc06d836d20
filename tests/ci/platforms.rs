//! Other services, by their variables.

use crate::common::{Repo, Run, fingerprint, token};
use crate::{World, ZERO, push, run};

/// A repository with a secret on `main`, then one on `feature`; what is checked out is `feature`.
struct Two {
    world: World,
    base: String,
    head: String,
    old: String,
    new: String,
}

impl Two {
    fn new() -> Two {
        let world = World::new();
        let (old, new) = (token("on main"), token("on feature"));
        let origin = world.origin();
        let base = origin.commit_file("old.env", format!("KEY={old}\n"), "Old");
        origin.git(&["checkout", "-q", "-b", "feature"]);
        let head = origin.commit_file("new.env", format!("KEY={new}\n"), "New");
        Two { world, base, head, old, new }
    }

    fn checkout(&self, depth: u32) -> Repo<'_> {
        self.world.checkout("work", &self.head, depth)
    }

    /// A clone as git makes it, of the server's HEAD.
    fn checkout_of(&self, name: &str, url: &str) {
        self.world.origin().git(&["clone", "-q", url, &format!("../{name}")]);
    }

    /// Just the new secret, or both.
    #[track_caller]
    fn assert_found(&self, run: &Run, old: bool) {
        let text = run.text();
        assert_eq!(run.code, Some(1), "{text}\n{}", run.stderr);
        assert!(text.contains(&fingerprint(&self.new)), "{text}\n{}", run.stderr);
        assert_eq!(text.contains(&fingerprint(&self.old)), old, "{text}\n{}", run.stderr);
    }
}

#[test]
fn gitlab_pushes_merge_requests_and_schedules() {
    let two = Two::new();
    let common = [("GITLAB_CI", "true"), ("CI_DEFAULT_BRANCH", "main")];
    let branch = [("CI_COMMIT_BRANCH", "feature"), ("CI_COMMIT_SHA", two.head.as_str())];
    let (base, head) = (two.base.as_str(), two.head.as_str());
    let push = ("CI_PIPELINE_SOURCE", "push");
    let checkout = two.checkout(0);
    for before in [base, ZERO] {
        let more = [push, ("CI_COMMIT_BEFORE_SHA", before)];
        two.assert_found(&run(&checkout, &[], &[&common[..], &branch, &more].concat()), false);
    }
    let request = [
        ("CI_PIPELINE_SOURCE", "merge_request_event"),
        ("CI_MERGE_REQUEST_IID", "7"),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", base),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
        ("CI_COMMIT_SHA", head),
        ("CI_COMMIT_BEFORE_SHA", ZERO),
    ];
    let report = two.world.file("gl.json");
    let output = format!("gitlab={}", report.display());
    let requested = run(&checkout, &["-o", &output], &[&common[..], &request].concat());
    two.assert_found(&requested, false);
    assert!(requested.stderr.contains("Change #7: 1 commit on top of"), "{}", requested.stderr);
    let written: serde_json::Value =
        serde_json::from_slice(&std::fs::read(report).expect("a report")).expect("JSON");
    assert_eq!(written["scan"]["type"], "secret_detection");
    let more = [("CI_PIPELINE_SOURCE", "schedule"), ("CI_COMMIT_BEFORE_SHA", ZERO)];
    two.assert_found(&run(&checkout, &[], &[&common[..], &branch, &more].concat()), true);
}

#[test]
fn azure_annotates_and_takes_no_commands_from_a_repository() {
    let two = Two::new();
    let origin = two.world.origin();
    let secret = token("behind a command");
    let name = "##vso[task.setvariable variable=x]y.env";
    let head = origin.commit_file(name, format!("KEY={secret}\n"), "##vso[task.complete]");
    let checkout = two.world.checkout("azure", &head, 0);
    let environment = [
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "PullRequest"),
        ("BUILD_SOURCEBRANCH", "refs/pull/3/merge"),
        ("SYSTEM_PULLREQUEST_PULLREQUESTID", "3"),
        ("SYSTEM_PULLREQUEST_SOURCECOMMITID", head.as_str()),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
    ];
    let found = run(&checkout, &[], &environment);
    two.assert_found(&found, false);
    let text = found.text();
    let commands: Vec<&str> = text.lines().filter(|line| line.contains("##vso[")).collect();
    assert_eq!(commands.len(), 2, "{text}");
    for command in commands {
        assert!(command.starts_with("##vso[task.logissue type=error;sourcepath="), "{command}");
        assert_eq!(
            command.matches("##vso[").count(),
            if command.contains("y.env") { 2 } else { 1 }
        );
    }
    let pushed = [
        ("TF_BUILD", "True"),
        ("BUILD_REASON", "IndividualCI"),
        ("BUILD_SOURCEBRANCH", "refs/heads/feature"),
        ("BUILD_SOURCEVERSION", head.as_str()),
    ];
    // Nobody says what the branch was, nor which one is the default.
    let whole = run(&checkout, &[], &pushed);
    two.assert_found(&whole, true);
    assert!(whole.stderr.contains("does not say what feature was before"), "{}", whole.stderr);
    checkout.git(&["symbolic-ref", "refs/remotes/origin/HEAD", "refs/remotes/origin/main"]);
    two.assert_found(&run(&checkout, &[], &pushed), false);
}

#[test]
fn bitbucket_pull_requests_have_their_base() {
    let two = Two::new();
    let checkout = two.checkout(1);
    let environment = [
        ("BITBUCKET_BUILD_NUMBER", "9"),
        ("BITBUCKET_COMMIT", two.head.as_str()),
        ("BITBUCKET_BRANCH", "feature"),
        ("BITBUCKET_REPO_FULL_NAME", "acme/pay"),
    ];
    let change = [
        ("BITBUCKET_PR_ID", "4"),
        ("BITBUCKET_PR_DESTINATION_BRANCH", "main"),
        ("BITBUCKET_PR_DESTINATION_COMMIT", two.base.as_str()),
    ];
    two.assert_found(&run(&checkout, &[], &[&environment[..], &change].concat()), false);
    // In its short form, as older runners give it.
    let short = [change[0], change[1], ("BITBUCKET_PR_DESTINATION_COMMIT", &two.base[..12])];
    two.assert_found(&run(&checkout, &[], &[&environment[..], &short].concat()), false);
    two.assert_found(&run(&checkout, &[], &environment), true);
    // Of a tag nobody says which branch is the default one either: others hide what they have.
    let full = two.world.checkout("tagged", &two.head, 0);
    full.git(&["update-ref", "-d", "refs/remotes/origin/feature"]);
    let tag = [environment[0], environment[1], environment[3], ("BITBUCKET_TAG", "v1")];
    two.assert_found(&run(&full, &[], &tag), false);
}

#[test]
fn jenkins_goes_on_from_the_last_build_that_passed() {
    let two = Two::new();
    let checkout = two.checkout(0);
    let common = [("JENKINS_URL", "https://ci.example/"), ("GIT_COMMIT", two.head.as_str())];
    let branch =
        [("BRANCH_NAME", "feature"), ("GIT_PREVIOUS_SUCCESSFUL_COMMIT", two.base.as_str())];
    two.assert_found(&run(&checkout, &[], &[&common[..], &branch].concat()), false);
    two.assert_found(&run(&checkout, &[], &[&common[..], &branch[..1]].concat()), true);
    let change = [("CHANGE_ID", "12"), ("CHANGE_TARGET", "main"), ("BRANCH_NAME", "PR-12")];
    two.assert_found(&run(&checkout, &[], &[&common[..], &change].concat()), false);
    // A stage that does not know its branch, on the default branch.
    let main = two.world.scratch.existing("jenkins-main");
    let url = format!("file://{}", two.world.file("origin").display());
    two.checkout_of("jenkins-main", &url);
    for more in
        [&[][..], &[("GIT_COMMIT", two.head.as_str())], &[("GIT_BRANCH", "upstream/feature")]]
    {
        two.assert_found(&run(&main, &[], &[&common[..1], more].concat()), true);
    }
    let wrong = [("JENKINS_URL", "https://ci.example/"), ("GIT_COMMIT", "abc")];
    let wrong = run(&checkout, &[], &wrong);
    assert_eq!(wrong.code, Some(2));
    assert!(wrong.stderr.contains("GIT_COMMIT is no object id"), "{}", wrong.stderr);
}

#[test]
fn buildkite_compares_with_the_branch_a_change_is_to_go_to() {
    let two = Two::new();
    let checkout = two.checkout(1);
    let common = [
        ("BUILDKITE", "true"),
        ("BUILDKITE_COMMIT", two.head.as_str()),
        ("BUILDKITE_BRANCH", "feature"),
        ("BUILDKITE_PIPELINE_DEFAULT_BRANCH", "main"),
    ];
    let change = [("BUILDKITE_PULL_REQUEST", "5"), ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "main")];
    let of_change = run(&checkout, &[], &[&common[..], &change].concat());
    two.assert_found(&of_change, false);
    let push = [("BUILDKITE_PULL_REQUEST", "false"), ("BUILDKITE_SOURCE", "webhook")];
    two.assert_found(&run(&checkout, &[], &[&common[..], &push].concat()), false);
    let by_hand = [("BUILDKITE_PULL_REQUEST", "false"), ("BUILDKITE_SOURCE", "ui")];
    two.assert_found(&run(&checkout, &[], &[&common[..], &by_hand].concat()), true);
    let absent = [change[0], ("BUILDKITE_PULL_REQUEST_BASE_BRANCH", "no-such-branch")];
    let absent = run(&checkout, &[], &[&common[..], &absent].concat());
    assert_eq!(absent.code, Some(2), "{}", absent.stderr);
}

#[test]
fn gitea_and_forgejo_are_told_what_github_is() {
    let two = Two::new();
    let (base, head) = (two.base.as_str(), two.head.as_str());
    for variable in ["GITEA_ACTIONS", "FORGEJO_ACTIONS"] {
        let checkout = two.world.checkout(variable, head, 1);
        let payload = push("feature", base, head).to_string();
        let more = [(variable, "true"), ("GITHUB_SERVER_URL", "https://git.corp.example")];
        let job = two.world.github_with(&checkout, "push", &payload, &[], &more).expect(1);
        two.assert_found(&job.run, false);
        assert_eq!(job.commands().len(), 1);
        assert!(job.summary.starts_with("## leaktrace: 1 secret found"));
    }
}

#[test]
fn a_payload_can_be_given_by_hand_anywhere() {
    let two = Two::new();
    let checkout = two.checkout(0);
    let file =
        two.world.scratch.write("by-hand.json", push("feature", &two.base, &two.head).to_string());
    let arguments = ["--event", file.to_str().expect("UTF-8")];
    // Without the directory of people an event says what to scan, and nothing more.
    let found = run(&checkout, &arguments, &[]);
    two.assert_found(&found, false);
    assert!(!found.text().contains("::"), "{}", found.text());
}
