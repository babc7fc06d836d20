//! The identity cross-check as an organisation uses it: a directory of people, a push, a scan, and
//! what every output then says of whom.
#![allow(clippy::panic)]

mod common;
#[path = "common/mock.rs"]
mod mock;

use std::path::Path;

use common::{NOW, POLICY, Repo, Run, Scratch, leaktrace, token};
use mock::{Mock, Reply};
use serde_json::{Value, json};

const DAY: i64 = 86_400;

const PEOPLE: &str = "\
person_id,email,aliases,login:github,account:github.com,display_name,type,status,start,end,team,privileged,access_expires
p-1,ana@corp.example,,anat,1001,Ana Tester,employee,active,2020-01-01,,payments,0,
p-2,bob@corp.example,bob.b@corp.example,bobby,1002,Bob Builder,contractor,active,2020-01-01,,web,0,
p-3,eva@corp.example,,evam,1003,Eva Manager,employee,active,2019-01-01,,lead,1,
";

fn config(more: &str) -> String {
    format!(
        "version: 1\nidentity:\n  enabled: true\n  store: store\n  \
         repository: github.com/acme/web\n  own: [github.com/acme]\n{more}"
    )
}

/// An organisation with its directory and one repository.
struct Organisation {
    scratch: Scratch,
}

impl Organisation {
    fn new(more: &str) -> Organisation {
        let scratch = Scratch::new();
        scratch.write("org.yml", config(more));
        scratch.write("hr.csv", PEOPLE);
        let organisation = Organisation { scratch };
        let run = organisation.run(&["identity", "import", "hr.csv", "--config", "org.yml"]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        organisation.scratch.init("web", &[]);
        organisation
    }

    fn run(&self, arguments: &[&str]) -> Run {
        leaktrace(self.scratch.root(), arguments, &[], b"")
    }

    fn repo(&self) -> Repo<'_> {
        self.scratch.existing("web")
    }

    /// A commit of `path` by whom it says, at a time.
    fn commit(&self, who: &str, time: i64, path: &str, content: &str, message: &str) -> String {
        let repo = self.repo();
        repo.write(path, content);
        repo.git(&["add", "--all"]);
        let tree = repo.git(&["write-tree"]);
        let (has_head, parent, _) = repo.try_git(&["rev-parse", "--verify", "-q", "HEAD"], b"");
        let parent = if has_head { format!("parent {parent}\n") } else { String::new() };
        let object = format!(
            "tree {tree}\n{parent}author {who} {time} +0100\ncommitter {who} {time} +0100\n\n{message}\n"
        );
        self.adopt(object.as_bytes())
    }

    fn adopt(&self, object: &[u8]) -> String {
        let repo = self.repo();
        let id = repo.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], object);
        repo.git(&["update-ref", "HEAD", &id]);
        id
    }

    /// The payload of a push of `login` from `before` to `after`.
    fn pushed(&self, login: &str, account: u64, before: &str, after: &str, time: i64) -> String {
        let payload = json!({
            "ref": "refs/heads/main",
            "before": before,
            "after": after,
            "created": false, "deleted": false, "forced": false, "base_ref": null,
            "compare": "https://github.com/acme/web/compare/a...b",
            "commits": [], "head_commit": null,
            "repository": {
                "id": 7, "name": "web", "full_name": "acme/web", "private": true,
                "owner": {"login": "acme", "id": 8}, "html_url": "https://github.com/acme/web",
                "default_branch": "main", "pushed_at": time, "visibility": "private",
            },
            "pusher": {"name": login, "email": null},
            "sender": {"login": login, "id": account, "type": "User"},
        });
        let path = self.scratch.write("event.json", payload.to_string());
        path.to_string_lossy().into_owned()
    }

    /// The evidence of a scan of the repository.
    fn evidence(&self, arguments: &[&str]) -> (Run, Value) {
        let base = ["scan", "web", "--config", "org.yml", "--evidence", "evidence.json"];
        let run = self.run(&[&base, arguments].concat());
        assert!(matches!(run.code, Some(0..=2)), "{:?} {}", run.code, run.stderr);
        let text = std::fs::read_to_string(self.scratch.path("evidence.json"));
        let evidence = text.unwrap_or_else(|_| panic!("no evidence: {}", run.stderr));
        (run, serde_json::from_str(&evidence).expect("JSON"))
    }
}

fn actor<'a>(evidence: &'a Value, role: &str) -> &'a Value {
    let actors = evidence["cases"][0]["case"]["actors"].as_array().expect("actors");
    actors.iter().find(|actor| actor["role"] == role).unwrap_or_else(|| panic!("no {role}"))
}

fn signals(evidence: &Value) -> Vec<&str> {
    let seen = evidence["cases"][0]["judgement"]["observations"].as_array().expect("a list");
    seen.iter().map(|one| one["signal"].as_str().expect("an id")).collect()
}

fn dotenv(label: &str) -> String {
    format!("GITHUB_TOKEN={}\n", token(label))
}

const ANA: &str = "Ana Tester <ana@corp.example>";
const BOB: &str = "Bob Builder <bob@corp.example>";

#[test]
fn no_output_names_anybody_until_names_are_revealed_and_that_is_recorded() {
    let organisation = Organisation::new(POLICY);
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    organisation.commit(ANA, NOW - 30 * DAY, "prod.env", &dotenv("x"), "Add settings");
    for format in ["text", "json", "jsonl", "sarif", "csv", "html"] {
        let run = organisation.run(&["scan", "web", "--config", "org.yml", "-o", format]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
        for name in ["Ana Tester", "ana@corp", "anat"] {
            assert!(!run.text().contains(name), "{format} names {name}");
        }
        assert!(run.text().contains("insider"), "{format} shows no card");
    }
    let (_, evidence) = organisation.evidence(&[]);
    assert!(!evidence.to_string().contains("corp.example"), "{evidence}");
    let log = |organisation: &Organisation| {
        organisation.run(&["identity", "audit", "--config", "org.yml"]).text().to_owned()
    };
    assert!(!log(&organisation).contains("reveal"));
    let reveal = ["scan", "web", "--config", "org.yml", "--reveal-identities"];
    assert!(organisation.run(&reveal).text().contains("Ana Tester"));
    assert!(log(&organisation).contains("reveal"));
}

#[test]
fn names_are_not_revealed_without_a_policy_and_nothing_is_looked_at_unless_asked() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let run = organisation.run(&["scan", "web", "--config", "org.yml", "--reveal-identities"]);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("identity.policy.purpose"), "{}", run.stderr);
    let check = organisation.run(&["identity", "policy", "check", "--config", "org.yml"]);
    assert_eq!(check.code, Some(1));
    assert!(check.text().contains("identity.policy.reviewers"));
    let run = organisation.run(&["scan", "web", "--evidence", "evidence.json"]);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("identity.enabled"), "{}", run.stderr);
}

#[test]
fn a_spoofed_author_is_told_from_whoever_pushed() {
    let organisation = Organisation::new("");
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let event = organisation.pushed("bobby", 1002, &before, &after, NOW - DAY + 60);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    let (author, pusher) = (actor(&evidence, "author"), actor(&evidence, "pusher"));
    assert_eq!(author["evidence"], "email");
    assert_eq!((&pusher["evidence"], &pusher["confidence"]), (&json!("server"), &json!(99)));
    assert_eq!(pusher["standing"]["kind"], "contractor");
    assert_ne!(author["pseudonym"], pusher["pseudonym"]);
    assert!(signals(&evidence).contains(&"S08"), "{:?}", signals(&evidence));
    // What came before the push is not the pusher's.
    organisation.commit(ANA, NOW - DAY / 2, "b", "2", "Later");
    let event = organisation.pushed("evam", 1003, &after, &organisation.repo().head(), NOW);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    let actors = evidence["cases"][0]["case"]["actors"].as_array().expect("actors");
    assert!(actors.iter().all(|actor| actor["role"] != "pusher"), "{actors:?}");
}

#[test]
fn a_forges_record_says_who_pushed_each_commit_of_a_history() {
    let organisation = Organisation::new("");
    let commit = |time: i64, label: &str| {
        let path = format!("{label}.env");
        organisation.commit(ANA, time, &path, &dotenv(label), "Add settings")
    };
    let old = commit(NOW - 90 * DAY, "old");
    let first = commit(NOW - 40 * DAY, "first");
    let second = commit(NOW - 30 * DAY, "second");
    // On a branch, pushed by Eva, and merged by Bob.
    organisation.repo().git(&["checkout", "--quiet", "-b", "topic"]);
    let topic = commit(NOW - 20 * DAY, "topic");
    organisation.repo().git(&["checkout", "--quiet", "main"]);
    let entry = |days: i64, kind: &str, login: (&str, u64), name: &str, ends: [&str; 2]| {
        let time = jiff::Timestamp::from_second(NOW - days * DAY).expect("a time").to_string();
        json!({
            "activity_type": kind, "ref": format!("refs/heads/{name}"), "timestamp": time,
            "before": ends[0], "after": ends[1],
            "actor": {"login": login.0, "id": login.1, "type": "User"},
        })
    };
    let zeros = "0".repeat(40);
    let (bob, eva) = (("bobby", 1002), ("evam", 1003));
    let pages = format!(
        "{}\n{}",
        json!([
            entry(10, "push", bob, "main", [&second, &topic]),
            entry(19, "branch_creation", eva, "topic", [&zeros, &topic]),
            entry(8, "branch_deletion", bob, "topic", [&topic, &zeros]),
            entry(30, "force_push", eva, "main", [&first, &second]),
        ]),
        json!([entry(40, "push", bob, "main", [&old, &first])]),
    );
    let path = organisation.scratch.write("activity.json", pages);
    let (run, evidence) = organisation.evidence(&["--activity", &path.to_string_lossy()]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    let cases = evidence["cases"].as_array().expect("cases");
    let pusher_of = |id: &str| {
        let case = cases.iter().find(|case| case["case"]["commit"] == id).expect("a case");
        let actors = case["case"]["actors"].as_array().expect("actors");
        let pusher = actors.iter().find(|actor| actor["role"] == "pusher");
        pusher.map(|one| (one["standing"]["kind"].clone(), one["standing"]["teams"][0].clone()))
    };
    let contractor = Some((json!("contractor"), json!("web")));
    let employee = Some((json!("employee"), json!("lead")));
    assert_eq!(pusher_of(&old), None, "the record does not reach back to it");
    assert_eq!(pusher_of(&first), contractor);
    assert_eq!(pusher_of(&second), employee);
    assert_eq!(pusher_of(&topic), employee, "what a branch had before is not the next one's");
    let origin = &cases[0]["case"]["push"]["origin"];
    assert!(origin.is_null() || origin == "the forge's record of activity", "{origin}");
    // What was pushed long ago is no news: nobody is alerted of it.
    let alerts = "alerts:\n- {name: all, channel: slack, url_variable: HOOK}\n";
    organisation.scratch.write("alerts.yml", config(alerts));
    let all = ["scan", "web", "--config", "alerts.yml", "--activity", "activity.json"];
    let run = organisation.run(&[&all[..], &["--alerts", "dry-run"]].concat());
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert!(!run.stderr.contains("would be sent"), "{}", run.stderr);
    // What is no record is refused, with the place and without its content.
    organisation.scratch.write("activity.json", "[{\"actor\": 5}]");
    let base = ["scan", "web", "--config", "org.yml", "--activity", "activity.json"];
    let run = organisation.run(&base);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("activity.json: line 1"), "{}", run.stderr);
}

#[test]
fn a_forges_record_is_fetched_page_by_page_and_without_what_does_not_count() {
    let organisation = Organisation::new("");
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let entry = |kind: &str, ends: [&str; 2]| {
        json!({
            "id": 1, "node_id": "PSH_1", "activity_type": kind, "ref": "refs/heads/main",
            "timestamp": "2026-01-02T03:04:05Z", "before": ends[0], "after": ends[1],
            "actor": {
                "login": "bobby", "id": 1002, "type": "User", "site_admin": false,
                "avatar_url": "https://avatars.example/u/1002",
            },
        })
    };
    let first = json!([entry("push", [&before, &after])]);
    let second = json!([entry("branch_creation", [&"0".repeat(40), &before])]);
    let list = "GET /repos/acme/web/activity?per_page=100";
    let next = "/repos/acme/web/activity?per_page=100&after=x";
    let mock = Mock::scripted(vec![
        (
            list,
            vec![Reply::json(&first).next(next), Reply::refused(403, "Resource not accessible")],
        ),
        ("GET /repos/acme/web/activity?per_page=100&after=x", vec![Reply::json(&second)]),
    ]);
    let secret = token("api");
    let environment = [("GITHUB_TOKEN", secret.as_str())];
    let api = mock.url("");
    let arguments =
        ["identity", "activity", "github", "acme/web", "--api", &api, "-o", "activity.json"];
    let run = leaktrace(organisation.scratch.root(), &arguments, &environment, b"");
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.stderr.contains("2 entries"), "{}", run.stderr);
    let saved = std::fs::read_to_string(organisation.scratch.path("activity.json")).expect("saved");
    assert!(!saved.contains("avatar") && !saved.contains("node_id"), "{saved}");
    let (_, evidence) = organisation.evidence(&["--activity", "activity.json"]);
    assert_eq!(actor(&evidence, "pusher")["standing"]["kind"], "contractor");
    // Refused, it says what is missing, and never the token.
    let run = leaktrace(organisation.scratch.root(), &arguments, &environment, b"");
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("may not read its activity"), "{}", run.stderr);
    assert!(!run.stderr.contains(&secret));
}

#[test]
fn a_signature_that_does_not_fit_says_nothing_of_whom_the_commit_claims() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let repo = organisation.repo();
    repo.write("prod.env", dotenv("x"));
    repo.git(&["add", "--all"]);
    let (tree, parent) = (repo.git(&["write-tree"]), repo.head());
    let block = "-----BEGIN SSH SIGNATURE-----\n AAAA\n -----END SSH SIGNATURE-----";
    let object = format!(
        "tree {tree}\nparent {parent}\nauthor {ANA} {at} +0100\ncommitter {ANA} {at} +0100\n\
         gpgsig {block}\n\nAdd settings\n",
        at = NOW - DAY
    );
    let after = organisation.adopt(object.as_bytes());
    let concern = |evidence: &Value, id: &str| {
        let seen = evidence["cases"][0]["judgement"]["observations"].as_array().expect("a list");
        let one = seen.iter().find(|one| one["signal"] == id).expect("seen");
        one["weights"]["compromised"].as_f64().expect("a number")
    };
    let (_, evidence) = organisation.evidence(&[]);
    assert!(signals(&evidence).contains(&"S15"), "{:?}", signals(&evidence));
    assert!(concern(&evidence, "S15").abs() < f64::EPSILON);
    let event = organisation.pushed("anat", 1001, &parent, &after, NOW - DAY + 60);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    assert!(concern(&evidence, "S15") > 0.0, "the account that pushed it answers for it");
}

#[test]
fn files_of_the_repository_have_no_say_in_who_wrote_it() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let repo = organisation.repo();
    repo.write(".mailmap", "Ana Tester <ana@corp.example> <mallory@evil.example>\n");
    repo.write("allowed_signers", "ana@corp.example namespaces=\"git\" ssh-ed25519 AAAA\n");
    repo.write(
        "leaktrace.yml",
        "version: 1\nfail_when: severity == low and severity == high\nidentity: {enabled: true}\n\
         alerts: [{name: x, channel: slack, url_variable: HOME}]\n",
    );
    let who = "Mallory <mallory@evil.example>";
    organisation.commit(who, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let (run, evidence) = organisation.evidence(&[]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
    assert_eq!(actor(&evidence, "author")["class"], "unknown");
    // By itself it may not even decide what makes the exit code.
    let own = organisation.run(&["scan", "web", "-o", "json"]);
    assert_eq!(own.code, Some(1), "{}", own.stderr);
    for key in ["identity", "alerts", "fail_when"] {
        assert!(own.text().contains(&format!("{key} is not used")), "{}", own.text());
    }
    // Once the mailmap was there before the change, it counts, and less than the address itself.
    organisation.commit(who, NOW - DAY / 2, "more.env", &dotenv("y"), "More");
    let (_, evidence) = organisation.evidence(&["--range", "HEAD~1..HEAD"]);
    assert_eq!(actor(&evidence, "author")["evidence"], "alias");
    assert_eq!(actor(&evidence, "author")["confidence"], 60);
}

#[test]
fn an_address_that_looks_like_somebodys_is_told() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let who = "Ana Tester <\u{430}na@corp.example>";
    organisation.commit(who, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let (_, evidence) = organisation.evidence(&[]);
    let author = actor(&evidence, "author");
    assert_eq!(author["class"], "unknown");
    assert!(author["resembles"].as_str().expect("told").contains("looks like"));
    assert!(signals(&evidence).contains(&"S50"));
}

#[test]
fn a_leavers_old_commits_stay_innocent() {
    let organisation = Organisation::new("");
    let day = |days: i64| {
        jiff::Timestamp::from_second(NOW - days * DAY)
            .expect("a time")
            .strftime("%Y-%m-%d")
            .to_string()
    };
    let left = PEOPLE.replace(
        "contractor,active,2020-01-01,,",
        &format!("contractor,departed,2020-01-01,{},", day(20)),
    );
    organisation.scratch.write("hr.csv", left);
    let import = ["identity", "import", "hr.csv", "--config", "org.yml"];
    assert_eq!(organisation.run(&import).code, Some(0));
    let old = organisation.commit(BOB, NOW - 60 * DAY, "old.env", &dotenv("old"), "Old");
    let new = organisation.commit(BOB, NOW - 2 * DAY, "new.env", &dotenv("new"), "New");
    let event = organisation.pushed("bobby", 1002, &old, &new, NOW - 2 * DAY);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    let of = |commit: &str| {
        let cases = evidence["cases"].as_array().expect("cases");
        cases.iter().find(|one| one["case"]["commit"] == commit).expect("judged").clone()
    };
    let seen = |case: &Value| case["judgement"]["observations"].to_string();
    assert_eq!(of(&old)["case"]["actors"][0]["class"], "insider");
    assert!(!seen(&of(&old)).contains("S01"));
    let late = of(&new);
    assert_eq!(late["case"]["actors"][0]["class"], "former_insider");
    assert!(seen(&late).contains("S01"), "{late}");
}

#[test]
fn a_judgement_is_made_again_offline_and_a_changed_bundle_is_noticed() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "docs: fix typo");
    let (_, evidence) = organisation.evidence(&[]);
    let finding = evidence["cases"][0]["case"]["finding"].as_str().expect("a fingerprint");
    let explain = ["explain", &finding[..8], "--evidence", "evidence.json"];
    // The repository and the directory are not needed for it.
    std::fs::remove_dir_all(organisation.scratch.path("web")).expect("removed");
    std::fs::remove_dir_all(organisation.scratch.path("store")).expect("removed");
    let run = organisation.run(&explain);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    assert!(run.text().contains("the same judgement"), "{}", run.text());
    assert!(run.text().contains("message-says-otherwise"), "{}", run.text());
    assert!(run.text().contains("Ask first"), "{}", run.text());
    let path = organisation.scratch.path("evidence.json");
    let text = std::fs::read_to_string(&path).expect("readable");
    let changed = text.replace("\"message_mismatch\": true", "\"message_mismatch\": false");
    assert_ne!(text, changed);
    std::fs::write(&path, changed).expect("written");
    let run = organisation.run(&explain);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("the bundle was changed"), "{}", run.stderr);
}

#[test]
fn stale_data_counts_less_and_says_so() {
    let organisation = Organisation::new("  stale_after: 24h\n");
    organisation.scratch.write("old.csv", PEOPLE);
    let date = jiff::Timestamp::from_second(NOW - 10 * DAY).expect("a time").to_string();
    let forget = ["identity", "forget", "hr", "--config", "org.yml"];
    assert_eq!(organisation.run(&forget).code, Some(0));
    let import = ["identity", "import", "old.csv", "--config", "org.yml", "--as-of", &date];
    assert_eq!(organisation.run(&import).code, Some(0));
    let sources = organisation.run(&["identity", "sources", "--config", "org.yml"]);
    assert!(sources.text().contains("stale"), "{}", sources.text());
    organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let (_, evidence) = organisation.evidence(&[]);
    assert_eq!(actor(&evidence, "author")["confidence"], 56);
}

#[test]
fn a_condition_decides_about_the_exit_code() {
    for (condition, code) in [
        ("concern >= review", 0),
        ("live", 1),
        ("live == yes", 0),
        ("actor == insider and severity >= high", 1),
        ("actor == former-insider", 0),
        ("age_days < 2 and reachable", 1),
    ] {
        let organisation = Organisation::new(&format!("fail_when: {condition}\n"));
        organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
        let run = organisation.run(&["scan", "web", "--config", "org.yml"]);
        assert_eq!(run.code, Some(code), "{condition}: {}", run.stderr);
        // The command line is stronger than the file.
        let run = organisation.run(&["scan", "web", "--config", "org.yml", "--fail-on", "low"]);
        assert_eq!(run.code, Some(1), "{condition}: {}", run.stderr);
    }
}

#[test]
fn an_insiders_push_alerts_and_a_failed_alert_is_loud() {
    let slack = Mock::scripted(vec![("POST /hook", vec![Reply::new(200, "ok")])]);
    let broken = Mock::scripted(vec![("POST /hook", vec![Reply::new(404, "no_service")])]);
    let more = "alerts:\n  - {name: dev, channel: slack, url_variable: DEV_URL}\n";
    let organisation = Organisation::new(more);
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let secret = token("x");
    let hostile = "<!channel> ](javascript:alert(1)).env";
    let after =
        organisation.commit(ANA, NOW - DAY, hostile, &format!("GITHUB_TOKEN={secret}\n"), "Add");
    let event = organisation.pushed("anat", 1001, &before, &after, NOW - DAY);
    let scan = ["scan", "web", "--config", "org.yml", "--event", &event];
    let run = |url: &str, more: &[&str]| {
        let arguments = [&scan[..], more].concat();
        leaktrace(organisation.scratch.root(), &arguments, &[("DEV_URL", url)], b"")
    };
    let told = run(&slack.url("/hook"), &[]);
    assert_eq!(told.code, Some(1), "{}", told.stderr);
    assert!(told.stderr.contains("alert to dev: sent"), "{}", told.stderr);
    let seen = slack.seen();
    assert_eq!(seen.len(), 1, "one message for one push");
    let body = seen[0].json().to_string();
    assert!(!body.contains(&secret) && !body.contains("<!channel>"), "{body}");
    assert!(!body.contains("Ana") && !body.contains("corp.example"), "{body}");
    let failed = run(&broken.url("/hook"), &[]);
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert!(failed.stderr.contains("alert to dev: failed"), "{}", failed.stderr);
    assert!(!failed.stderr.contains("/hook"), "{}", failed.stderr);
    let dry = run("http://127.0.0.1:9/hook", &["--alerts", "dry-run"]);
    assert_eq!(dry.code, Some(1), "{}", dry.stderr);
    assert!(dry.stderr.contains("alerts that would be sent"), "{}", dry.stderr);
    // Without a push there is nobody to be told about.
    let quiet = organisation.run(&["scan", "web", "--config", "org.yml"]);
    assert_eq!(quiet.code, Some(1), "{}", quiet.stderr);
}

#[test]
fn a_signed_commit_names_its_signer_and_a_changed_one_is_bad() {
    let organisation = Organisation::new("");
    let keys = organisation.scratch.path("keys");
    std::fs::create_dir_all(&keys).expect("a folder");
    let key = ssh_key(&keys);
    let public = std::fs::read_to_string(key.with_extension("pub")).expect("a key");
    let with_key = PEOPLE
        .lines()
        .enumerate()
        .map(|(at, line)| match at {
            0 => format!("{line},ssh_key"),
            1 => format!("{line},{}", public.trim()),
            _ => format!("{line},"),
        })
        .collect::<Vec<_>>()
        .join("\n");
    organisation.scratch.write("hr.csv", with_key);
    let import = ["identity", "import", "hr.csv", "--config", "org.yml"];
    let run = organisation.run(&import);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let repo = organisation.repo();
    repo.write("prod.env", dotenv("x"));
    repo.git(&["add", "--all"]);
    repo.set_clock(NOW - DAY);
    let signing = format!("user.signingkey={}", key.display());
    // Ana's key on a commit that git's environment gives to somebody else.
    repo.git(&["-c", "gpg.format=ssh", "-c", &signing, "commit", "-q", "-S", "-m", "Add settings"]);
    let (_, evidence) = organisation.evidence(&[]);
    let committer = actor(&evidence, "committer");
    assert_eq!(
        (&committer["evidence"], &committer["confidence"]),
        (&json!("signature"), &json!(97))
    );
    assert_eq!(evidence["cases"][0]["case"]["signature"]["state"], "good");
    // The same with one letter of the message changed.
    let object = repo.git(&["cat-file", "commit", "HEAD"]);
    let parent = repo.git(&["rev-parse", "HEAD~1"]);
    repo.git(&["update-ref", "HEAD", &parent]);
    let changed = format!("{}\n", object.replace("Add settings", "Add Settings"));
    organisation.adopt(changed.as_bytes());
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "-q", "--prune=now"]);
    let (_, evidence) = organisation.evidence(&[]);
    assert_eq!(evidence["cases"][0]["case"]["signature"]["state"], "bad");
    assert!(signals(&evidence).contains(&"S15"));
    assert_ne!(actor(&evidence, "committer")["evidence"], "signature");
}

#[test]
fn a_key_of_long_ago_is_not_new() {
    let organisation = Organisation::new("");
    let key = |name: &str| {
        let folder = organisation.scratch.path(name);
        std::fs::create_dir_all(&folder).expect("a folder");
        ssh_key(&folder)
    };
    let (first, second) = (key("first"), key("second"));
    let repo = organisation.repo();
    let signed = |key: &Path, days: i64, content: &str| {
        repo.write("prod.env", content);
        repo.git(&["add", "--all"]);
        repo.set_clock(NOW - days * DAY);
        let signing = format!("user.signingkey={}", key.display());
        let who = ["-c", "gpg.format=ssh", "-c", &signing, "commit", "-q", "-S", "-m", "Change"];
        repo.git(&who);
    };
    // The middle one makes the first key one that has not been seen for half a year.
    signed(&first, 400, "A=1\n");
    signed(&second, 20, "A=2\n");
    signed(&first, 1, &dotenv("x"));
    let (_, evidence) = organisation.evidence(&["--range", "HEAD~1..HEAD"]);
    assert!(!signals(&evidence).contains(&"S16"), "{:?}", signals(&evidence));
    let third = key("third");
    signed(&third, 0, &dotenv("y"));
    let (_, evidence) = organisation.evidence(&["--range", "HEAD~1..HEAD"]);
    assert!(signals(&evidence).contains(&"S16"), "{:?}", signals(&evidence));
}

#[test]
fn a_push_to_somebodys_own_fork_is_told() {
    let organisation = Organisation::new("");
    let own = config("").replace("  repository: github.com/acme/web\n", "");
    organisation.scratch.write("org.yml", own.replace("  own: [github.com/acme]\n", ""));
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    let event = organisation.pushed("anat", 1001, &before, &after, NOW - DAY);
    let payload = std::fs::read_to_string(&event).expect("readable");
    for (kind, fork) in [("User", true), ("Organization", false)] {
        let mut payload: Value = serde_json::from_str(&payload).expect("JSON");
        payload["repository"]["full_name"] = json!("anat/web");
        payload["repository"]["fork"] = json!(true);
        payload["repository"]["owner"] = json!({"login": "anat", "id": 1001, "type": kind});
        std::fs::write(&event, payload.to_string()).expect("written");
        let (_, evidence) = organisation.evidence(&["--event", &event]);
        let said = &evidence["cases"][0]["case"]["repository"]["personal_fork"];
        assert_eq!((said, signals(&evidence).contains(&"S32")), (&json!(fork), fork));
    }
}

fn ssh_key(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("id");
    let made = common::scrubbed("ssh-keygen", folder)
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ana", "-f"])
        .arg(&path)
        .status()
        .expect("ssh-keygen is installed");
    assert!(made.success());
    path
}

#[test]
fn an_export_puts_everything_back_elsewhere() {
    let organisation = Organisation::new("");
    let export = ["identity", "export", "--history", "--config", "org.yml"];
    let all = organisation.run(&export);
    assert_eq!(all.code, Some(0), "{}", all.stderr);
    organisation.scratch.write("all.jsonl", all.text());
    let restore = ["identity", "import", "all.jsonl", "--history", "--store", "other"];
    let run = organisation.run(&restore);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let again = organisation.run(&["identity", "export", "--history", "--store", "other"]);
    assert_eq!(all.text(), again.text());
    // A second time it would mix with what is there.
    assert_ne!(organisation.run(&restore).code, Some(0));
}

#[test]
fn resolution_is_explained_for_addresses_logins_and_commits() {
    let organisation = Organisation::new("");
    let commit = organisation.commit(ANA, NOW - DAY, "a", "1", "Begin");
    let resolve = |what: &str| {
        let run = organisation.run(&[
            "identity",
            "resolve",
            what,
            "--config",
            "org.yml",
            "--repository",
            "web",
        ]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        run.text().to_owned()
    };
    assert!(resolve("bob.b@corp.example").contains("active contractor"));
    assert!(resolve("github.com/evam").contains("active employee"));
    assert!(resolve("1002+renamed@users.noreply.github.com").contains("active contractor"));
    assert!(resolve("nobody@elsewhere.example").contains("nobody in the directory"));
    let text = resolve(&commit);
    assert!(text.contains("70 in 100 sure") && !text.contains("ana@corp"), "{text}");
    assert!(text.contains("pusher     not known"), "{text}");
    let wrong = organisation.run(&["identity", "resolve", "nonsense", "--config", "org.yml"]);
    assert_eq!(wrong.code, Some(64), "{}", wrong.stderr);
}

#[test]
fn bad_files_are_told_and_change_nothing() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    for (name, text) in [
        ("bad.json", "no JSON"),
        ("bad.json", "[]"),
        ("bad.json", "{\"ref\": 1}"),
        ("bad.json", ""),
    ] {
        organisation.scratch.write(name, text);
        for option in ["--event", "--facts"] {
            let run = organisation.run(&["scan", "web", "--config", "org.yml", option, name]);
            assert!(matches!(run.code, Some(2 | 64)), "{option} {text}: {:?}", run.code);
            assert!(run.stderr.contains("bad.json"), "{option} {text}: {}", run.stderr);
        }
    }
    organisation.scratch.write("hr.csv", "person_id,email\np-1\n\u{0}");
    let before = organisation.run(&["identity", "export", "--config", "org.yml"]);
    let run = organisation.run(&["identity", "import", "hr.csv", "--config", "org.yml"]);
    assert_ne!(run.code, Some(0));
    let after = organisation.run(&["identity", "export", "--config", "org.yml"]);
    assert_eq!(before.text(), after.text());
    // What SQLite has not moved into the database yet would bring it back to life.
    for beside in ["store/people.sqlite-wal", "store/people.sqlite-shm"] {
        let _ = std::fs::remove_file(organisation.scratch.path(beside));
    }
    organisation.scratch.write("store/people.sqlite", "no database at all, just text");
    let run = organisation.run(&["identity", "sources", "--config", "org.yml"]);
    assert_eq!(run.code, Some(2), "{}", run.stderr);
    assert!(run.stderr.contains("no leaktrace store"), "{}", run.stderr);
}

#[test]
fn whoever_makes_a_tag_or_branch_did_not_push_what_was_there() {
    let organisation = Organisation::new("");
    let old = organisation.commit(BOB, NOW - 60 * DAY, "old.env", &dotenv("old"), "Old");
    let repo = organisation.repo();
    let zeros = "0".repeat(40);
    let payload = |name: &str, before: &str, after: &str| {
        let path = organisation.pushed("evam", 1003, before, after, NOW - DAY);
        let text = std::fs::read_to_string(&path).expect("readable");
        std::fs::write(&path, text.replace("refs/heads/main", name)).expect("written");
        path
    };
    let pusher = |event: &str| {
        let (_, evidence) = organisation.evidence(&["--event", event]);
        let cases = evidence["cases"].as_array().expect("cases").clone();
        let actors = |case: &Value| case["case"]["actors"].as_array().expect("a list").clone();
        cases.iter().flat_map(actors).any(|actor| actor["role"] == "pusher")
    };
    repo.git(&["update-ref", "refs/tags/v1", &old]);
    assert!(!pusher(&payload("refs/tags/v1", &zeros, &old)), "a tag");
    repo.git(&["update-ref", "refs/heads/new", &old]);
    assert!(!pusher(&payload("refs/heads/new", &zeros, &old)), "a branch");
    // A forced push of which the old tip is gone says nothing either.
    assert!(!pusher(&payload("refs/heads/main", &"a".repeat(40), &old)), "a forced push");
    let new = organisation.commit(BOB, NOW - DAY, "new.env", &dotenv("new"), "New");
    assert!(pusher(&payload("refs/heads/main", &old, &new)), "a push");
}

#[test]
fn nobody_is_named_where_a_shallow_history_begins() {
    let organisation = Organisation::new("");
    organisation.commit(BOB, NOW - 60 * DAY, "old.env", &dotenv("old"), "Old");
    let tip = organisation.commit(ANA, NOW - DAY, "b", "2", "Other work");
    let from = format!("file://{}", organisation.repo().path.display());
    let clone = organisation.scratch.existing("clone");
    organisation.repo().git(&["clone", "-q", "--depth", "1", &from, "../clone"]);
    assert_eq!(clone.head(), tip);
    let run = organisation.run(&["scan", "clone", "--config", "org.yml", "-o", "json"]);
    assert!(run.text().contains("nobody is named for 1 findings"), "{}", run.text());
    assert!(!run.text().contains("\"people\": {"), "{}", run.text());
}

#[test]
fn logins_numbers_and_first_days_lead_to_the_right_person() {
    let organisation = Organisation::new("");
    let people = format!(
        "{PEOPLE}p-8,tom@corp.example,,tomo,1008,Tom Old,employee,departed,2019-01-01,2025-01-31,web,0,\n\
         p-9,tom@corp.example,,tomn,1009,Tom New,employee,active,2025-03-01,,web,0,\n\
         p-10,zoe@corp.example,,zoe,1010,Zoe Later,employee,active,2027-01-01,,web,0,\n"
    );
    organisation.scratch.write("hr.csv", people);
    let import = ["identity", "import", "hr.csv", "--config", "org.yml"];
    let run = organisation.run(&import);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let resolve = |what: &str| {
        let run = organisation.run(&["identity", "resolve", what, "--config", "org.yml"]);
        run.text().to_owned()
    };
    assert!(resolve("tom@corp.example").contains("insider, active employee"));
    assert!(resolve("zoe@corp.example").contains("unknown"), "{}", resolve("zoe@corp.example"));
    // No name without the option, also where somebody asks for an address.
    assert!(!resolve("ana@corp.example").contains("Ana Tester"));
    // Ana gave her login up, and somebody else has it now.
    let before = organisation.commit(BOB, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(BOB, NOW - DAY, "prod.env", &dotenv("x"), "Add");
    let event = organisation.pushed("anat", 9999, &before, &after, NOW - DAY);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    assert_eq!(actor(&evidence, "pusher")["class"], "unknown");
}

#[test]
fn names_that_were_somebodys_and_access_that_is_over_are_told() {
    let organisation = Organisation::new("");
    let import = |people: &str, ago: i64| {
        let date = jiff::Timestamp::from_second(NOW - ago * DAY).expect("a time").to_string();
        organisation.scratch.write("hr.csv", people);
        let run = organisation
            .run(&["identity", "import", "hr.csv", "--config", "org.yml", "--as-of", &date]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    };
    organisation.run(&["identity", "forget", "hr", "--config", "org.yml"]);
    import(PEOPLE, 50);
    // Ana has another address now, and what Bob was given for a time is over.
    let ended = jiff::Timestamp::from_second(NOW - 5 * DAY).expect("a time").to_string();
    let now = PEOPLE.replace("ana@corp.example,,", "ana.newname@corp.example,,").replace(
        "bobby,1002,Bob Builder,contractor,active,2020-01-01,,web,0,",
        &format!("bobby,1002,Bob Builder,contractor,active,2020-01-01,,web,0,{ended}"),
    );
    import(&now, 20);
    import(&now, 1);
    let author = |who: &str, ago: i64, label: &str| {
        organisation.commit(who, NOW - ago * DAY, &format!("{label}.env"), &dotenv(label), "Add");
        let (_, evidence) = organisation.evidence(&["--range", "HEAD~1..HEAD"]);
        actor(&evidence, "author").clone()
    };
    organisation.commit(ANA, NOW - 45 * DAY, "a", "1", "Begin");
    let then = author(ANA, 30, "one");
    assert_eq!((&then["evidence"], &then["confidence"]), (&json!("email"), &json!(70)));
    let since = author(ANA, 10, "two");
    assert_eq!((&since["evidence"], &since["confidence"]), (&json!("former"), &json!(25)));
    assert_eq!(since["pseudonym"], then["pseudonym"]);
    assert_eq!(author(BOB, 9, "three")["class"], "insider");
    assert_eq!(author(BOB, 2, "four")["class"], "former_insider");
}

#[test]
fn what_is_old_accuses_nobody_and_what_is_not_there_is_said() {
    let organisation = Organisation::new("");
    let left = PEOPLE
        .replace("contractor,active,2020-01-01,,", "contractor,departed,2020-01-01,2025-01-31,");
    organisation.scratch.write("old.csv", left);
    let date = jiff::Timestamp::from_second(NOW - 10 * DAY).expect("a time").to_string();
    for arguments in [
        &["identity", "forget", "hr", "--config", "org.yml"][..],
        &["identity", "import", "old.csv", "--config", "org.yml", "--as-of", &date],
    ] {
        let run = organisation.run(arguments);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
    }
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(BOB, NOW - DAY, "prod.env", &dotenv("x"), "Add");
    let event = organisation.pushed("bobby", 1002, &before, &after, NOW - DAY);
    let (_, evidence) = organisation.evidence(&["--event", &event]);
    assert!(!signals(&evidence).contains(&"S01"), "{:?}", signals(&evidence));
    let missing = evidence["cases"][0]["judgement"]["missing"].to_string();
    assert!(missing.contains("a newer snapshot"), "{missing}");
    let ahead = ["identity", "import", "old.csv", "--config", "org.yml", "--as-of", "2030-01-01"];
    assert_eq!(organisation.run(&ahead).code, Some(64));
    std::fs::rename(organisation.scratch.path("store"), organisation.scratch.path("elsewhere"))
        .expect("moved");
    let run = organisation.run(&["scan", "web", "--config", "org.yml"]);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("no store of people"), "{}", run.stderr);
}

#[test]
fn a_bundle_holds_no_secret_that_stands_in_a_name() {
    let organisation = Organisation::new("");
    let secret = token("in-a-path");
    let path = format!("keys/{secret}.env");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    organisation.commit(ANA, NOW - DAY, &path, &dotenv("x"), "Add");
    let (_, evidence) = organisation.evidence(&[]);
    assert!(!evidence.to_string().contains(&secret));
    assert!(evidence.to_string().contains("keys/***.env"), "{evidence}");
}

#[test]
fn names_are_hidden_in_what_does_not_count_and_what_was_not_judged() {
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    organisation.commit(ANA, NOW - 30 * DAY, "prod.env", &dotenv("x"), "Add settings");
    organisation.commit(ANA, NOW - 20 * DAY, ".leaktraceignore", "prod.env  # made up\n", "Ignore");
    organisation.commit(BOB, NOW - DAY, "prod.env", "NOTHING=1\n", "Take it out");
    for format in ["text", "json", "csv", "sarif", "html"] {
        let run = organisation.run(&["scan", "web", "--config", "org.yml", "-o", format]);
        assert_eq!(run.code, Some(0), "{}", run.stderr);
        for name in ["Ana Tester", "ana@corp", "Bob Builder", "bob@corp"] {
            assert!(!run.text().contains(name), "{format} names {name}");
        }
    }
    let run = organisation.run(&["scan", "web", "--config", "org.yml", "-o", "json"]);
    let report: Value = serde_json::from_str(run.text()).expect("JSON");
    let trace = &report["suppressed"][0]["trace"];
    for commit in ["introduced", "removed"] {
        let name = trace[commit]["author"]["name"].as_str().expect("a name");
        assert!(name.starts_with("person-"), "{commit}: {name}");
    }
}

#[test]
fn every_push_is_remembered() {
    let organisation = Organisation::new("");
    let before = organisation.commit(ANA, NOW - 40 * DAY, "a", "1", "Begin");
    let after = organisation.commit(ANA, NOW - DAY, "b", "2", "Nothing secret");
    let event = organisation.pushed("anat", 1001, &before, &after, NOW - DAY);
    let run = organisation.run(&["scan", "web", "--config", "org.yml", "--event", &event]);
    assert_eq!(run.code, Some(0), "{}", run.stderr);
    let store =
        leaktrace::store::Store::open(&organisation.scratch.path("store")).expect("a store");
    assert_eq!(store.last_pushes().expect("asked").len(), 1);
}

#[test]
fn settings_that_would_change_nothing_are_refused() {
    for (more, part) in [
        ("  signals: {on: [unusual-houR]}\n", "no signal `unusual-houR`"),
        ("  signals: {off: [S99]}\n", "no signal `S99`"),
    ] {
        let organisation = Organisation::new(more);
        let run = organisation.run(&["scan", "web", "--config", "org.yml"]);
        assert_eq!(run.code, Some(64), "{}", run.stderr);
        assert!(run.stderr.contains(part), "{}", run.stderr);
    }
    let organisation = Organisation::new("");
    organisation.commit(ANA, NOW - DAY, "prod.env", &dotenv("x"), "Add settings");
    organisation.scratch.write("off.yml", "version: 1\nfail_when: concern >= review\n");
    let run = organisation.run(&["scan", "web", "--config", "off.yml"]);
    assert_eq!(run.code, Some(64), "{}", run.stderr);
    assert!(run.stderr.contains("identity.enabled"), "{}", run.stderr);
    // Where nobody can be named, a condition about people holds.
    organisation.commit(BOB, NOW - DAY / 2, "more.env", &dotenv("y"), "More");
    let from = format!("file://{}", organisation.repo().path.display());
    organisation.repo().git(&["clone", "-q", "--depth", "1", &from, "../clone"]);
    organisation.scratch.write("org.yml", config("fail_when: concern >= review\n"));
    let accepted = ["scan", "clone", "--config", "org.yml", "--accept-incomplete", "shallow"];
    let run = organisation.run(&accepted);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
}
