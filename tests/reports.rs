//! Saved scans as a user has them: written by one run of the program, read by another.

mod common;

use std::fs;
use std::path::Path;

use common::{Run, Scratch, leaktrace, token};

/// Every format that a report can be written in.
const FORMATS: [&str; 10] =
    ["text", "json", "jsonl", "sarif", "csv", "html", "gitlab", "markdown", "github", "azure"];

/// A repository with a live token, a removed one and an accepted one; its scan saved as `name`.
fn saved(scratch: &Scratch, name: &str) {
    let repo = scratch.init("pay", &[]);
    repo.git(&["remote", "add", "origin", "https://github.com/acme/pay.git"]);
    repo.commit_file("a.env", format!("GITHUB_TOKEN={}\n", token("live")), "Add a");
    repo.commit_file("b.env", format!("GITHUB_TOKEN={}\n", token("gone")), "Add b");
    repo.commit_file("test/c.env", format!("GITHUB_TOKEN={}\n", token("known")), "Add c");
    repo.commit_file("b.env", "GITHUB_TOKEN=\n", "Take it out");
    repo.commit_file(".leaktraceignore", "test/  # made up\n", "Ignore tests");
    let output = format!("{}={name}", if name.ends_with("jsonl") { "jsonl" } else { "json" });
    let run = scratch.scan(&["--output", &output, "pay"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
}

fn run(scratch: &Scratch, arguments: &[&str]) -> Run {
    leaktrace(scratch.root(), arguments, &[], b"")
}

fn read(path: impl AsRef<Path>) -> String {
    fs::read_to_string(path).expect("a text")
}

#[test]
fn every_format_is_the_same_from_a_saved_scan() {
    let scratch = Scratch::new();
    saved(&scratch, "results.json");
    saved_again(&scratch);
    for format in FORMATS {
        let live = scratch.scan(&["--output", format, "pay"]);
        for from in ["results.json", "results.jsonl"] {
            let report = run(&scratch, &["report", "--from", from, "--output", format]);
            assert_eq!(report.code, live.code, "{format} from {from}: {}", report.stderr);
            assert!(report.text() == live.text(), "{format} from {from} differs");
        }
    }
}

fn saved_again(scratch: &Scratch) {
    let run = scratch.scan(&["--output", "jsonl=results.jsonl", "pay"]);
    assert_eq!(run.code, Some(1), "{}", run.stderr);
}

#[test]
fn several_formats_are_written_at_once_and_standard_input_is_read() {
    let scratch = Scratch::new();
    saved(&scratch, "results.json");
    let input = fs::read(scratch.path("results.json")).expect("saved");
    let arguments = ["report", "--from", "-", "-o", "sarif=out.sarif", "-o", "csv=out.csv"];
    let run = leaktrace(scratch.root(), &arguments, &[], &input);
    assert_eq!((run.code, run.text()), (Some(1), ""), "{}", run.stderr);
    assert!(read(scratch.path("out.sarif")).contains("\"2.1.0\""));
    assert!(read(scratch.path("out.csv")).contains("a.env"));
}

#[test]
fn the_exit_code_is_that_of_a_scan() {
    let scratch = Scratch::new();
    saved(&scratch, "results.json");
    let code =
        |more: &[&str]| run(&scratch, &[&["report", "--from", "results.json"], more].concat()).code;
    assert_eq!(code(&[]), Some(1));
    assert_eq!(code(&["--fail-on", "never"]), Some(0));
    assert_eq!(code(&["--rule", "no-such-rule"]), Some(0));
    let whole = read(scratch.path("results.json"));
    let incomplete = whole.replace(
        "\"incomplete\": []",
        "\"incomplete\": [{\"kind\": \"shallow\", \"count\": 1, \"named\": [\"x\"], \"way_out\": \"\"}]",
    );
    let incomplete = incomplete.replace("\"complete\": true", "\"complete\": false");
    scratch.write("results.json", incomplete.replace("\"not_read\": 0", "\"not_read\": 1"));
    assert_eq!(code(&["--fail-on", "never"]), Some(2));
    assert_eq!(code(&["--fail-on", "never", "--accept-incomplete", "shallow"]), Some(0));
}

#[test]
fn findings_can_be_left_out_and_that_is_said() {
    let scratch = Scratch::new();
    saved(&scratch, "results.json");
    let report = |more: &[&str]| {
        let base = ["report", "--from", "results.json", "-o", "json"];
        run(&scratch, &[&base, more].concat()).report()
    };
    assert_eq!(report(&[]).findings().len(), 2);
    let recent = report(&["--since", "2023-11-16"]);
    assert_eq!(recent.findings().len(), 0);
    assert!(
        recent.notes().contains("2 findings of the saved scan not shown: --since"),
        "{}",
        recent.notes()
    );
    let first = report(&["--since", "2023-11-15"]);
    first.assert_only(&[&token("gone")]);
    let run = run(&scratch, &["report", "--from", "results.json", "--since", "soon"]);
    assert_eq!(run.code, Some(64));
}

#[test]
fn values_are_shown_only_when_they_were_saved_and_are_asked_for() {
    let scratch = Scratch::new();
    saved(&scratch, "results.json");
    let hidden = run(&scratch, &["report", "--from", "results.json", "--reveal"]);
    assert_eq!(hidden.code, Some(64));
    assert!(hidden.stderr.contains("the saved scan has no values"), "{}", hidden.stderr);
    // A name of a file that repeats a value.
    scratch.write(format!("pay/{}.txt", token("live")), "x");
    scratch.scan(&["--reveal", "--output", "json=open.json", "pay"]);
    assert!(read(scratch.path("open.json")).contains(&token("live")));
    for format in FORMATS {
        let report = |more: &[&str]| {
            let base = ["report", "--from", "open.json", "-o", format];
            run(&scratch, &[&base, more].concat())
        };
        // What goes to pull requests and logs shows no value, whatever is asked for.
        let live = scratch.scan(&["--reveal", "--output", format, "pay"]);
        assert!(report(&["--reveal"]).text() == live.text(), "{format}");
        for more in [&[][..], &["--rule", "none"], &["--since", "2030-01-01"]] {
            assert!(!report(more).text().contains(&token("live")), "{format} {more:?}");
        }
    }
}

#[test]
fn results_of_several_repositories_become_one_report() {
    let scratch = Scratch::new();
    saved(&scratch, "one.json");
    let repo = scratch.init("web", &[]);
    repo.commit_file("w.env", format!("GITHUB_TOKEN={}\n", token("web")), "Add w");
    scratch.scan(&["--output", "jsonl=two.jsonl", "web"]);
    let both = ["report", "--from", "one.json", "--from", "two.jsonl", "-o", "json"];
    let report = run(&scratch, &both).report();
    report.assert_only(&[&token("live"), &token("gone"), &token("web")]);
    assert_eq!(report.json["targets"].as_array().map(Vec::len), Some(2));
    assert_eq!(report.finding(&token("web"))["target"], 1);
    let together = scratch.scan(&["--output", "json", "pay", "web"]).report();
    assert_eq!(report.json["findings"], together.json["findings"]);
    let key = common::hex(&common::key_bytes().map(|byte| byte ^ 0x5a));
    let key = [("LEAKTRACE_FINGERPRINT_KEY", key.as_str())];
    leaktrace(scratch.root(), &["scan", "--output", "jsonl=two.jsonl", "web"], &key, b"");
    let refused = run(&scratch, &both);
    assert_eq!(refused.code, Some(64));
    assert!(refused.stderr.contains("different fingerprint keys"), "{}", refused.stderr);
}

#[test]
fn what_cannot_be_read_ends_with_a_message_and_never_looks_clean() {
    let scratch = Scratch::new();
    saved(&scratch, "results.jsonl");
    let text = read(scratch.path("results.jsonl"));
    let (whole, _) = text.trim_end().rsplit_once('\n').expect("lines");
    scratch.write("cut.jsonl", whole);
    let cut = run(&scratch, &["report", "--from", "cut.jsonl", "--fail-on", "never"]);
    assert_eq!(cut.code, Some(2), "{}", cut.stderr);
    assert!(
        cut.text().contains("INCOMPLETE") && cut.text().contains("cut.jsonl: ends"),
        "{}",
        cut.text()
    );
    scratch.write("half.json", "{\"version\": 1, \"tool\": {\"name\": ");
    scratch.write("list.json", "[{\"RuleID\": \"x\", \"Secret\": \"y\"}]");
    for (file, code, words) in [
        ("half.json", 2, "half.json: ends in the middle"),
        ("list.json", 64, "is a report of gitleaks"),
        ("none.json", 64, "none.json: cannot be read"),
        (".", 64, "is not a regular file"),
    ] {
        let run = run(&scratch, &["report", "--from", file]);
        assert_eq!((run.code, run.text()), (Some(code), ""), "{}", run.stderr);
        assert!(run.stderr.contains(words), "{}", run.stderr);
    }
}

/// Two scans of one repository, between which something happened to each of its secrets.
fn two_scans(scratch: &Scratch) {
    let repo = scratch.init("pay", &[]);
    for name in ["stays", "leaves", "moves", "accepted"] {
        let line = format!("GITHUB_TOKEN={}\n", token(name));
        repo.commit_file(&format!("{name}.env"), line, &format!("Add {name}"));
    }
    repo.git(&["branch", "old"]);
    // Nothing leads to it once the branch is gone.
    repo.git(&["checkout", "--quiet", "-b", "side"]);
    repo.commit_file("side.env", format!("GITHUB_TOKEN={}\n", token("dropped")), "Try it");
    repo.git(&["checkout", "--quiet", "main"]);
    let scan = |name: &str| {
        let output = format!("json={name}");
        let run = scratch.scan(&["--output", &output, "pay"]);
        assert_eq!(run.code, Some(1), "{}", run.stderr);
    };
    scan("old.json");
    repo.git(&["branch", "-D", "--quiet", "side"]);
    repo.git(&["reflog", "expire", "--expire=now", "--all"]);
    repo.git(&["gc", "--quiet", "--prune=now"]);
    repo.write("leaves.env", "GITHUB_TOKEN=\n");
    repo.write("moves.env", format!("# moved\nGITHUB_TOKEN={}\n", token("moves")));
    repo.write("new.env", format!("GITHUB_TOKEN={}\n", token("new")));
    let accepted = common::fingerprint(&token("accepted"));
    repo.write(".leaktraceignore", format!("fingerprint:{accepted}  # revoked\n"));
    repo.commit("Change things");
    scan("new.json");
}

#[test]
fn a_diff_says_what_is_new_gone_and_changed() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    let diff = run(&scratch, &["diff", "old.json", "new.json"]);
    assert_eq!(diff.code, Some(1), "{}", diff.stderr);
    insta::assert_snapshot!("diff", diff.text());
    let markdown = run(&scratch, &["diff", "old.json", "new.json", "-o", "markdown"]);
    insta::assert_snapshot!("diff_markdown", markdown.text());
    let json = run(&scratch, &["diff", "old.json", "new.json", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["added"][0]["fingerprint"], common::fingerprint(&token("new")));
    assert_eq!(json["gone"][0]["fingerprint"], common::fingerprint(&token("dropped")));
    let summary = serde_json::json!({
        "added": 1, "counting": 1, "gone": 1, "gone_is_certain": true, "not_scanned": 0,
        "changed": 3, "same": 1,
    });
    assert_eq!(json["summary"], summary);
}

#[test]
fn a_diff_counts_what_is_new_only() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    let code = |arguments: &[&str]| run(&scratch, &[&["diff"], arguments].concat()).code;
    assert_eq!(code(&["new.json", "new.json"]), Some(0));
    assert_eq!(code(&["old.json", "new.json"]), Some(1));
    assert_eq!(code(&["old.json", "new.json", "--fail-on", "never"]), Some(0));
    // What was accepted counts again, and what was dropped is back.
    assert_eq!(code(&["new.json", "old.json"]), Some(1));
    let same = run(&scratch, &["diff", "new.json", "new.json"]);
    assert!(
        same.text().contains("0 new, 0 no longer found, 0 changed, 5 the same"),
        "{}",
        same.text()
    );
}

#[test]
fn a_diff_with_less_than_everything_claims_nothing_for_certain() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    let text = read(scratch.path("new.json"))
        .replace(
            "\"incomplete\": []",
            "\"incomplete\": [{\"kind\": \"shallow\", \"count\": 1, \"named\": [], \"way_out\": \"\"}]",
        )
        .replace("\"complete\": true", "\"complete\": false")
        .replace("\"not_read\": 0", "\"not_read\": 1");
    scratch.write("cut.json", text);
    let diff = run(&scratch, &["diff", "old.json", "cut.json", "--fail-on", "never"]);
    assert_eq!(diff.code, Some(2));
    assert!(!diff.text().contains("o longer found  "), "{}", diff.text());
    assert!(diff.text().contains("Not found in what was read"), "{}", diff.text());
    assert!(diff.text().contains("may only not have been read"), "{}", diff.text());
    let diff = run(&scratch, &["diff", "cut.json", "new.json", "--fail-on", "never"]);
    assert_eq!(diff.code, Some(0), "what counts is the later one");
    assert!(diff.text().contains("what is new may have been there before"), "{}", diff.text());
}

#[test]
fn targets_that_only_one_scan_has_are_not_called_gone() {
    let scratch = Scratch::new();
    for name in ["one", "two"] {
        let repo = scratch.init(name, &[]);
        repo.commit_file("a.env", format!("GITHUB_TOKEN={}\n", token(name)), "Add a");
    }
    scratch.scan(&["--output", "json=both.json", "one", "two"]);
    scratch.scan(&["--output", "json=some.json", "two", "one/a.env"]);
    let diff = run(&scratch, &["diff", "both.json", "some.json", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&diff.stdout).expect("JSON");
    assert_eq!(json["summary"]["gone"], 0, "{json:#}");
    assert_eq!(json["not_scanned"][0]["target"], "one");
    assert_eq!(json["summary"]["added"], 1);
}

#[test]
fn different_keys_are_not_compared() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    let key = common::hex(&common::key_bytes().map(|byte| byte ^ 0x5a));
    let key = [("LEAKTRACE_FINGERPRINT_KEY", key.as_str())];
    leaktrace(scratch.root(), &["scan", "--output", "json=other.json", "pay"], &key, b"");
    let diff = run(&scratch, &["diff", "old.json", "other.json"]);
    assert_eq!((diff.code, diff.text()), (Some(64), ""));
    assert!(diff.stderr.contains("LEAKTRACE_FINGERPRINT_KEY"), "{}", diff.stderr);
    let twice = run(&scratch, &["diff", "-", "-"]);
    assert_eq!(twice.code, Some(64));
}

#[test]
fn figures_are_drawn_for_the_terminal_at_hand() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    let utf8 = [("LC_ALL", "C.UTF-8")];
    let drawn = leaktrace(scratch.root(), &["stats", "new.json"], &utf8, b"");
    assert_eq!(drawn.code, Some(0), "{}", drawn.stderr);
    insta::assert_snapshot!("stats", drawn.text());
    assert!(run(&scratch, &["stats", "new.json"]).text().is_ascii());
    let ascii = leaktrace(scratch.root(), &["stats", "--ascii", "new.json"], &utf8, b"");
    assert!(ascii.text().is_ascii());
    let colour = leaktrace(scratch.root(), &["stats", "--color", "always", "new.json"], &utf8, b"");
    assert!(colour.text().contains("\u{1b}["));
}

#[test]
fn figures_name_nobody() {
    let scratch = Scratch::new();
    two_scans(&scratch);
    for form in ["text", "json"] {
        let figures = run(&scratch, &["stats", "old.json", "new.json", "-o", form]);
        for name in ["Ada", "Carl", "author.test", "committer.test"] {
            assert!(!figures.text().contains(name), "{form}: {}", figures.text());
        }
    }
    let figures = run(&scratch, &["stats", "new.json", "-o", "json"]);
    let json: serde_json::Value = serde_json::from_slice(&figures.stdout).expect("JSON");
    assert_eq!((&json["version"], &json["findings"]), (&1.into(), &4.into()));
    assert_eq!(json["months"][0]["introduced"], 4);
}
