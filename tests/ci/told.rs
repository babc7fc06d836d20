//! What people and the service are told.

use serde_json::{Value, json};

use crate::common::{fingerprint, token};
use crate::mock::{Mock, Reply};
use crate::{Job, World, pull_request, push};

const COMMENTS: &str = "GET /repos/Codertocat/Hello-World/issues/2/comments?per_page=100";
const POST: &str = "POST /repos/Codertocat/Hello-World/issues/2/comments";
const PATCH: &str = "PATCH /repos/Codertocat/Hello-World/issues/comments/77";

/// A change that brings a secret, checked out.
fn change() -> (World, String, String, String) {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let secret = token("in a change");
    let head = origin.commit_file("a.env", format!("KEY={secret}\n"), "Add");
    (world, base, head, secret)
}

fn commented(world: &World, base: &str, head: &str, mock: &Mock) -> Job {
    let name = format!("work-{}", mock.port());
    let checkout = world.checkout(&name, head, 1);
    let api = mock.url("");
    let environment = [("GITHUB_TOKEN", "a token"), ("GITHUB_API_URL", api.as_str())];
    let payload = pull_request(base, head).to_string();
    world.github_with(&checkout, "pull_request", &payload, &[], &environment)
}

fn by(id: u64, body: &str, login: &str, kind: &str) -> Value {
    json!({ "id": id, "body": body, "user": { "login": login, "type": kind } })
}

#[test]
fn one_comment_is_made_and_kept_up_to_date() {
    let (world, base, head, secret) = change();
    let none = Reply::json(&json!([by(1, "Looks good", "octocat", "User")]));
    let mock = Mock::scripted(vec![(COMMENTS, vec![none]), (POST, vec![Reply::new(201, "{}")])]);
    commented(&world, &base, &head, &mock).expect(1);
    assert_eq!(mock.count(POST), 1);
    let seen = mock.seen();
    assert!(seen.iter().all(|seen| seen.headers["authorization"] == "Bearer a token"));
    let body = seen.last().expect("a post").json()["body"].as_str().expect("text").to_owned();
    assert!(body.starts_with("<!-- leaktrace: comment 1 -->\n## leaktrace: 1 secret found"));
    assert!(body.contains(&fingerprint(&secret)) && !body.contains(&secret));

    // The same again changes nothing; something else changes the same comment, found on page two.
    let bot = |body: &str| by(77, body, "github-actions[bot]", "Bot");
    for (known, patched) in [(body.as_str(), 0), ("<!-- leaktrace: comment 1 -->\nold", 1)] {
        let next = "/repos/Codertocat/Hello-World/issues/2/comments?per_page=100&page=2";
        let first = Reply::json(&json!([by(1, "x", "octocat", "User")])).next(next);
        let mock = Mock::scripted(vec![
            (COMMENTS, vec![first]),
            (&format!("GET {next}"), vec![Reply::json(&json!([bot(known)]))]),
            (PATCH, vec![Reply::json(&json!({}))]),
        ]);
        commented(&world, &base, &head, &mock).expect(1);
        assert_eq!((mock.count(PATCH), mock.count(POST)), (patched, 0));
    }
}

#[test]
fn a_clean_change_gets_no_comment_but_an_old_one_is_mended() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let head = origin.commit_file("a", "fine\n", "Fine");
    let mock = Mock::scripted(vec![(COMMENTS, vec![Reply::json(&json!([]))])]);
    commented(&world, &base, &head, &mock).expect(0);
    assert_eq!(mock.lines(), [COMMENTS]);
    let old = by(77, "<!-- leaktrace: comment 1 -->\n## leaktrace: 1 secret found", "x", "Bot");
    let mock = Mock::scripted(vec![
        (COMMENTS, vec![Reply::json(&json!([old]))]),
        (PATCH, vec![Reply::json(&json!({}))]),
    ]);
    commented(&world, &base, &head, &mock).expect(0);
    let body = mock.seen().last().expect("a change").json()["body"].to_string();
    assert!(body.contains("no secrets found"), "{body}");
}

#[test]
fn nobody_elses_comment_is_changed() {
    let (world, base, head, _) = change();
    let planted = by(5, "<!-- leaktrace: comment 1 -->\nall is well", "mallory", "User");
    let mock = Mock::scripted(vec![
        (COMMENTS, vec![Reply::json(&json!([planted]))]),
        ("GET /user", vec![Reply::refused(403, "Resource not accessible by integration")]),
        (POST, vec![Reply::new(201, "{}")]),
    ]);
    commented(&world, &base, &head, &mock).expect(1);
    assert_eq!(mock.count(POST), 1);
    assert!(mock.lines().iter().all(|line| !line.starts_with("PATCH")));
    // A person's token knows its own comment by its login.
    let own = by(77, "<!-- leaktrace: comment 1 -->\nold", "Ops", "User");
    let mock = Mock::scripted(vec![
        (COMMENTS, vec![Reply::json(&json!([own]))]),
        ("GET /user", vec![Reply::json(&json!({ "login": "ops" }))]),
        (PATCH, vec![Reply::json(&json!({}))]),
    ]);
    commented(&world, &base, &head, &mock).expect(1);
    assert_eq!(mock.count(PATCH), 1);
}

#[test]
fn a_comment_that_is_not_allowed_is_no_failure_and_is_said() {
    let (world, base, head, _) = change();
    let refused = Reply::refused(403, "Resource not accessible\nby ::error::integration");
    let mock = Mock::scripted(vec![(COMMENTS, vec![refused])]);
    let job = commented(&world, &base, &head, &mock).expect(1);
    assert!(job.run.stderr.contains("the token may not write one (403 of"), "{}", job.run.stderr);
    assert!(job.summary.contains("no comment"), "{}", job.summary);
    let checkout = world.checkout("fork", &head, 1);
    let mut payload = pull_request(&base, &head);
    payload["pull_request"]["head"]["repo"]["id"] = json!(1);
    let job = world.github(&checkout, "pull_request", &payload, &[]).expect(1);
    assert!(job.summary.contains("comes from a fork"), "{}", job.summary);
    assert_eq!(job.commands().len(), 1);
}

#[test]
fn names_of_files_and_people_give_no_commands() {
    let world = World::new();
    let origin = world.origin();
    let before = origin.head();
    let secret = token("in a hostile place");
    let name = "a::error::x,line=9::y:z%0A##[add-mask]<b>@all|.env";
    let broken = "b\n::error::x\u{1b}[31m\u{202e}.env";
    origin.write(broken, format!("KEY={}\n", token("behind a line break")));
    origin.git(&["config", "user.name", "x"]);
    let after = origin.commit_file(
        name,
        format!("KEY={secret}\n::add-mask::KEY\n"),
        "::warning::subject\n\n::stop-commands::x",
    );
    let checkout = world.checkout("work", &after, 1);
    let job = world.github(&checkout, "push", &push("main", &before, &after), &[]).expect(1);
    let commands = job.commands();
    assert_eq!(commands.len(), 2, "{commands:?}");
    let file = "::error file=a%3A%3Aerror%3A%3Ax%2Cline=9%3A%3Ay%3Az%250A##[add-mask]<b>@all|.env,";
    assert!(commands.iter().any(|command| command.starts_with(file)), "{commands:?}");
    // A name that a log should not show has no line to stand on.
    assert!(commands.iter().any(|command| command.starts_with("::error title=")), "{commands:?}");
    assert!(commands.iter().all(|command| !command.contains(['\u{1b}', '\u{202e}'])));
    for line in job.log().lines() {
        assert!(!line.trim_start().starts_with("::") && !line.contains("##["), "{line}");
    }
    assert!(!job.summary.contains("<b>") && !job.summary.contains("@all"), "{}", job.summary);
    for text in [job.run.text(), &job.summary, &job.run.stderr] {
        assert!(!text.contains(&secret));
    }
}

#[test]
fn code_scanning_keeps_what_the_history_has_after_the_line_is_gone() {
    let world = World::new();
    let origin = world.origin();
    let secret = token("alerted");
    let start = origin.head();
    let with = origin.commit_file("a.env", format!("X=1\nKEY={secret}\n"), "Add");
    let gone = origin.commit_file("a.env", "X=1\n", "Take out");
    origin.git(&["checkout", "-q", "-b", "other"]);
    origin.commit_file("b.env", format!("KEY={}\n", token("elsewhere")), "Another branch");
    origin.git(&["checkout", "-q", "main"]);
    let later = origin.commit_file("c", "fine\n", "Fine");
    let sarif = |name: &str, before: &str, after: &str, code: i32, depth: u32| {
        let checkout = world.checkout(name, after, depth);
        let path = world.file(&format!("{name}.sarif"));
        let output = format!("sarif={}", path.display());
        let job = world.github(&checkout, "push", &push("main", before, after), &["-o", &output]);
        let job = job.expect(code);
        assert_eq!(job.output("sarif"), path.to_str().expect("UTF-8"));
        let text = std::fs::read(path).expect("a report");
        let document: Value = serde_json::from_slice(&text).expect("JSON");
        document["runs"][0]["results"].clone()
    };
    let first = sarif("first", &start, &with, 1, 1);
    assert_eq!(first.as_array().expect("results").len(), 1);
    for (name, before, depth) in [("removed", &with, 1), ("all", &with, 0), ("later", &gone, 1)] {
        let after = if name == "later" { &later } else { &gone };
        let results = sarif(name, before, after, 0, depth);
        assert_eq!(results.as_array().expect("results").len(), 1, "{name}: {results:#}");
        for key in ["ruleId", "partialFingerprints"] {
            assert_eq!(results[0][key], first[0][key], "{name}: {key}");
        }
    }
    // Without all of the history there is nothing to hand on.
    let checkout = world.checkout("cut", &later, 1);
    let output = format!("sarif={}", world.file("cut.sarif").display());
    let arguments = ["-o", &output, "--fetch", "never"];
    let job = world.github(&checkout, "push", &push("main", &gone, &later), &arguments).expect(2);
    assert_eq!(job.output("sarif"), "");
    assert!(job.summary.contains("code scanning would close"), "{}", job.summary);
}

#[test]
fn reports_and_thresholds_are_those_of_a_scan() {
    let (world, base, head, secret) = change();
    let checkout = world.checkout("work", &head, 1);
    let path = world.file("r.json");
    let output = format!("json={}", path.display());
    let arguments = ["-o", &output, "--fail-on", "never"];
    let payload = pull_request(&base, &head);
    let job = world.github(&checkout, "pull_request", &payload, &arguments).expect(0);
    assert_eq!(job.output("json"), path.to_str().expect("UTF-8"));
    assert_eq!(job.output("findings"), "1");
    let text = std::fs::read_to_string(path).expect("a report");
    assert!(text.contains(&fingerprint(&secret)) && !text.contains(&secret));
    let quiet = ["--annotations", "never", "--summary", "never"];
    let job = world.github(&checkout, "pull_request", &payload, &quiet).expect(1);
    assert!(job.commands().is_empty() && job.summary.is_empty());
}

#[test]
fn a_change_does_not_excuse_itself() {
    let world = World::new();
    let origin = world.origin();
    let base = origin.head();
    let secret = token("excused by its own change");
    origin.write(".leaktraceignore", format!("fingerprint:{}  # fine\n", fingerprint(&secret)));
    origin.write("leaktrace.yml", "version: 1\nfail_on: never\n");
    let head = origin.commit_file("a.env", format!("KEY={secret}\n"), "Add");
    let checkout = world.checkout("work", &head, 1);
    world.github(&checkout, "pull_request", &pull_request(&base, &head), &[]).expect(1);
    world.github(&checkout, "push", &push("main", &base, &head), &[]).expect(1);
}

#[test]
fn whose_key_it_is_stands_where_few_can_read_it() {
    let world = World::new();
    let origin = world.origin();
    let before = origin.head();
    let after = origin.commit_file("a.env", format!("KEY={}\n", token("judged")), "Add");
    let checkout = world.checkout("work", &after, 1);
    world.scratch.write("org.yml", "version: 1\nidentity:\n  enabled: true\n  store: store\n");
    let people = "\
person_id,email,login:github.com,account:github.com,display_name,type,status
p-1,ada@author.test,codertocat,21031067,Cody Tocat,contractor,active
";
    world.scratch.write("hr.csv", people);
    let import = ["identity", "import", "hr.csv", "--config", "org.yml"];
    let imported = crate::common::leaktrace(world.scratch.root(), &import, &[], b"");
    assert_eq!(imported.code, Some(0), "{}", imported.stderr);
    let config = world.file("org.yml");
    let arguments = ["--config", config.to_str().expect("UTF-8")];
    let mut payload = push("main", &before, &after);
    let public = world.github(&checkout, "push", &payload, &arguments).expect(1);
    payload["repository"]["visibility"] = json!("private");
    payload["repository"]["private"] = json!(true);
    let private = world.github(&checkout, "push", &payload, &arguments).expect(1);
    for (job, shown) in [(public, false), (private, true)] {
        assert_eq!(
            job.summary.contains("insider &#40;contractor&#41;")
                || job.summary.contains("insider (contractor)"),
            shown,
            "{}",
            job.summary
        );
        assert_eq!(job.log().contains("insider (contractor)"), shown, "{}", job.log());
        for text in [job.log(), &job.summary, &job.run.stderr] {
            // Under pseudonyms, whoever may read it.
            assert!(!text.contains("Cody") && !text.contains("codertocat"), "{text}");
        }
    }
}

#[test]
fn a_server_that_answers_oddly_gets_no_second_comment() {
    let (world, base, head, _) = change();
    for (reply, said) in [
        (Reply::json(&json!({ "a": 1 })), "gave no list of comments"),
        (Reply::refused(410, "Issues are disabled"), "410 of"),
    ] {
        let mock =
            Mock::scripted(vec![(COMMENTS, vec![reply]), (POST, vec![Reply::new(201, "{}")])]);
        let job = commented(&world, &base, &head, &mock).expect(1);
        assert_eq!(mock.count(POST), 0);
        assert!(
            job.summary.contains("no comment") && job.run.stderr.contains(said),
            "{}",
            job.run.stderr
        );
        assert!(!job.run.stderr.contains("pull-requests"), "{}", job.run.stderr);
    }
    // Another program's comment with our mark is not in the way.
    let planted = by(5, "<!-- leaktrace: comment 1 -->\nx", "other[bot]", "Bot");
    let mock = Mock::scripted(vec![
        (COMMENTS, vec![Reply::json(&json!([planted]))]),
        ("GET /user", vec![Reply::refused(403, "Resource not accessible by integration")]),
        ("PATCH /repos/Codertocat/Hello-World/issues/comments/5", vec![Reply::refused(403, "no")]),
        (POST, vec![Reply::new(201, "{}")]),
    ]);
    commented(&world, &base, &head, &mock).expect(1);
    assert_eq!(mock.count(POST), 1);
}
